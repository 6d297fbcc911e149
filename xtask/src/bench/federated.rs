//! Federated learning: aggregation with ByzFL's and Flower's beside it, what a participant and an aggregator prove, gas, and how good
//! the model stays under attack.

use super::{Cost, best_said, built, proof::number};
use crate::tools;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::{collections::BTreeMap, fmt::Write, fs, process::Command};

const RUNS: u32 = 3;
/// Updates, and how long they are.
const SIZE: [&str; 2] = ["100", "1000000"];
/// How long they are where ByzFL mixes: it holds a copy of the rows for each row.
const SHORT: &str = "20000";
const PEERS: &str = "xtask/bench/federated_peers.py";

/// Rules: as they are called, in words, seconds and MB that are asked, and the peers that have them.
const RULES: [(&str, &str, &str, &[&str]); 3] = [
    ("multi-krum", "Multi-Krum", "0.3 s", &["byzfl", "flower"]),
    ("mixing and geometric-median", "nearest-neighbour mixing, geometric median", "1 s, 600 MB", &[]),
    ("geometric-median", "geometric median", "0.3 s", &["byzfl"]),
];

/// The section "Federated learning": what has to do with time and gas.
pub fn section() -> Result<String> {
    let mut page = format!(
        "## Federated learning\n\nBy `cargo xtask bench federated` on {}. Aggregating {} updates of {} cells, processor seconds on \
         one thread, rows in memory: ours from integers to the new integers (Gram matrix, weights, weighted sum), exact; ByzFL in \
         64-bit floats, Flower in 32-bit ones. Memory is the process's, rows included; in brackets, how many times ours of 16 bits.\n\n\
         | rule (asked) | 16-bit cells, s | MB | 32-bit cells, s | MB | ByzFL, s | MB | Flower, s | MB |\n\
         |---|---|---|---|---|---|---|---|---|\n",
        super::processor(),
        SIZE[0],
        grouped(SIZE[1]),
    );
    for (rule, words, asked, peers) in RULES {
        write!(page, "| {words} ({asked}) |")?;
        let own = ours(rule, SIZE[1], "i16")?;
        for (seconds, cost) in [own, ours(rule, SIZE[1], "i32")?] {
            write!(page, " {seconds:.3} | {:.0} |", megabytes(&cost))?;
        }
        for peer in ["byzfl", "flower"] {
            if peers.contains(&peer) {
                let (seconds, cost) = theirs(peer, rule, SIZE[1])?;
                write!(page, " {seconds:.2} ({:.0}×) | {:.0} |", seconds / own.0, megabytes(&cost))?;
            } else {
                page.push_str(" | |");
            }
        }
        page.push('\n');
    }
    let rule = RULES[1].0;
    let (own, other) = (ours(rule, SHORT, "i16")?, theirs("byzfl", rule, SHORT)?);
    write!(
        page,
        "\nByzFL's mixing has a copy of all rows for each row, so at {} cells it is not run. At {}: {:.3} s and {:.0} MB here, {:.2} s \
         and {:.0} MB there ({:.0}×). Flower has neither.\n",
        grouped(SIZE[1]),
        grouped(SHORT),
        own.0,
        megabytes(&own.1),
        other.0,
        megabytes(&other.1),
        other.0 / own.0,
    )?;
    page.push_str(&proofs()?);
    page.push_str(&gas()?);
    Ok(page)
}

fn megabytes(cost: &Cost) -> f64 {
    cost.peak_mib * 1.048_576
}

/// Seconds of the rule alone, best of its runs, and what the process took.
fn ours(rule: &str, cells: &str, width: &str) -> Result<(f64, Cost)> {
    let (cost, said) = best_said(1, || {
        let mut command = Command::new(built("examples/rules_bench"));
        command.args([SIZE[0], cells, rule, width]);
        command
    })?;
    let said: Value = serde_json::from_str(&said).with_context(|| format!("rules_bench printed {said:?}"))?;
    Ok((number(&said, "seconds")?, cost))
}

fn theirs(peer: &str, rule: &str, cells: &str) -> Result<(f64, Cost)> {
    let python = tools::learning()?;
    let (cost, said) = best_said(RUNS, || {
        let mut command = Command::new(&python);
        command.args([PEERS, peer, rule, SIZE[0], cells]);
        // One thread, as ours.
        for name in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"] {
            command.env(name, "1");
        }
        command
    })?;
    let said: Value = serde_json::from_str(&said).with_context(|| format!("{peer} printed {said:?}"))?;
    Ok((number(&said, "seconds")?, cost))
}

/// What the prover's example says: blocks of a heading and of lines `step: SECONDS s of CPU, …`.
fn steps(arguments: &[&str]) -> Result<Vec<(String, BTreeMap<String, f64>)>> {
    let mut blocks: Vec<(String, BTreeMap<String, f64>)> = Vec::new();
    let mut merge: Vec<(String, BTreeMap<String, f64>)> = Vec::new();
    for run in 0..RUNS {
        let (cost, said) = best_said(1, || {
            let mut command = Command::new(built("examples/federated_bench"));
            command.args(arguments);
            command
        })?;
        for line in said.lines() {
            match line.strip_prefix("  ") {
                None => merge.push((line.to_owned(), BTreeMap::from([("MB".to_owned(), megabytes(&cost))]))),
                Some(step) => {
                    let timed = step
                        .split_once(": ")
                        .and_then(|(name, rest)| Some((name, rest.split_once(" s of CPU")?.0)));
                    if let (Some((_, block)), Some((name, seconds))) = (merge.last_mut(), timed) {
                        block.insert(
                            name.to_owned(),
                            seconds.parse().with_context(|| format!("no number in {line:?}"))?,
                        );
                    }
                }
            }
        }
        if run == 0 {
            blocks = std::mem::take(&mut merge);
        } else {
            for ((_, best), (_, own)) in blocks.iter_mut().zip(merge.drain(..)) {
                for (name, seconds) in own {
                    best.entry(name).and_modify(|least| *least = least.min(seconds)).or_insert(seconds);
                }
            }
        }
    }
    Ok(blocks)
}

fn proofs() -> Result<String> {
    let mut page = String::from(
        "\nWhat participants and aggregators prove, zero-knowledge, by the prover's example `federated_bench`: two dense layers, \
         weights of 16 bits, updates of 12. Asked at 100,000 parameters: 0.03 s to commit, 0.6 s to prove; at a million 0.3 s and \
         3 s. Short chunks are proved sooner, and each more costs a round gas for every row.\n\n\
         | what | commit, CPU s | prove, CPU s | verify, ms |\n|---|---|---|---|\n",
    );
    for (kind, arguments) in [("update", &[] as &[&str]), ("round", &["round"]), ("round", &["round", "100"])]
    {
        for (heading, steps) in steps(arguments)? {
            let of =
                |name: &str| steps.get(name).copied().with_context(|| format!("{heading}: no step {name:?}"));
            let commit = match kind {
                "update" => format!("{:.3}", of("commit")?),
                _ => String::new(),
            };
            writeln!(
                page,
                "| {kind}: {heading} | {commit} | {:.2} | {:.0} |",
                of("prove")?,
                of("verify")? * 1e3
            )?;
        }
    }
    Ok(page)
}

/// Gas that the contracts' tests pin.
fn gas() -> Result<String> {
    let mut page = String::from(
        "\nGas, as `forge test` pins it; in brackets, what is asked.\n\n| what | gas |\n|---|---:|\n",
    );
    let path = "contracts/snapshots/federated.json";
    let pinned: Value = serde_json::from_str(&fs::read_to_string(path)?).context(path)?;
    for (name, asked) in [
        ("a participant's round, carried", "60,000"),
        ("a participant's round, each alone", "110,000"),
        ("aggregate 20 by average, proof and all, one chunk", "1,500,000"),
        ("aggregate 20 by Multi-Krum, proof and all, one chunk", "1,500,000"),
        ("aggregate 20 by Multi-Krum, proof and all, two chunks", ""),
        ("aggregate 100 by average, without the proof", ""),
        ("aggregate 100 by Multi-Krum, without the proof", ""),
    ] {
        let Some(gas) = pinned[name].as_str() else { bail!("{path} pins no gas of {name:?}") };
        let asked = if asked.is_empty() { String::new() } else { format!(" ({asked})") };
        writeln!(page, "| {name} | {}{asked} |", grouped(gas))?;
    }
    Ok(page)
}

/// Digits in groups of three.
fn grouped(digits: &str) -> String {
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// The section "Federated learning under attack": of the attacks the worst for each rule, on digits.
pub fn accuracy() -> Result<String> {
    let mut page = String::from(
        "## Federated learning under attack\n\nBy `cargo xtask bench federated`. Worst accuracy over the attacks on the model, digits, 20 participants, 4 of them attackers, 40 rounds of two passes, means of five \
         seeds; the same on every run on one machine. In brackets, what is asked of the best rule, and what ByzFL's best were \
         measured to reach, a given number. Rules marked ~ no contract computes, those marked ! a matrix cannot decide.\n\n\
         | rule | alpha 10 (0.94; 0.944) | under | alpha 0.3 (0.88; 0.869) | under |\n|---|---|---|---|---|\n",
    );
    let mut rows: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for alpha in ["10", "0.3"] {
        let said = Command::new(super::target().join("debug/aver"))
            .args([
                "simulate",
                "federated",
                "--rule",
                "all",
                "--attack",
                "model",
                "--rounds",
                "40",
                "--epochs",
                "2",
            ])
            // Validators look at pay alone, and take as long as all training.
            .args(["--seeds", "5", "--alpha", alpha, "--without", "validators", "--json"])
            .output()?;
        if !said.status.success() {
            bail!("aver simulate federated: {}", String::from_utf8_lossy(&said.stderr));
        }
        let said: Value = serde_json::from_slice(&said.stdout).context("what aver simulate said")?;
        for (place, rule) in said["rules"].as_array().into_iter().flatten().enumerate() {
            let word = |name: &str| rule[name].as_str().unwrap_or_default().to_owned();
            let mark = match word("standing").as_str() {
                "comparison" => " ~",
                "unverifiable" => " !",
                _ => "",
            };
            let row = rows.entry(place).or_insert_with(|| vec![format!("{}{mark}", word("rule"))]);
            row.extend([format!("{:.3}", number(rule, "worst_accuracy")?), word("worst_attack")]);
        }
    }
    for row in rows.values() {
        writeln!(page, "| {} |", row.join(" | "))?;
    }
    Ok(page)
}
