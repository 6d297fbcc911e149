//! Numbers of documents that are pinned elsewhere: code sizes in the contracts' artifacts, gas in their snapshots. Checked
//! in every test run, written anew by `cargo xtask figures`, so that no table says what was true once.

use crate::run;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::{collections::BTreeMap, fs};

const CONTRACTS: &str = "contracts/README.md";
const BENCHMARKS: &str = "docs/benchmarks.md";

/// A number's place: the row's first cell, the cell that it is in, and which of the numbers there it is, both from 0.
type Place = (String, usize, usize);

/// A table: its document, how its heading begins, and the numbers that it must have.
struct Table {
    document: &'static str,
    heading: &'static str,
    numbers: Vec<(Place, u64)>,
}

/// Models of the tables, by their rows and their names in snapshots.
const MODELS: [(&str, &str); 6] = [
    ("dense 3-5-2", "dense"),
    ("convolution, maximum, sum (4×4)", "windows"),
    ("MLP 30-64-32-2", "mlp"),
    ("MLP 784-256-128-10", "perceptron"),
    ("LeNet-5, 28×28", "lenet"),
    ("CNN 3×32×32, 282,250 parameters", "cnn"),
];
const CERTIFICATES: [(&str, &str); 2] = [("MLP 784-256-128-10", "perceptron"), ("LeNet-5, 28×28", "lenet")];
/// What certificates cost, by the table's columns.
const CERTIFYING: [&str; 3] = ["certify", "cover", "register"];
/// Rows of the table with phases.
const PHASED: [(&str, &str); 6] = [
    ("MLP 30-64-32-2", "mlp_zk"),
    ("MLP 784-256-128-10", "perceptron_zk"),
    ("LeNet-5, max pooling, 28×28", "lenet_zk"),
    ("CNN 3×32×32, 282,250 parameters", "cnn_zk"),
    ("LeNet-5, 128 images, one joint input commitment", "lenet128_joint_zk"),
    ("LeNet-5, 128 images, an input commitment for each", "lenet128_each_zk"),
];
const PHASES: [&str; 5] = [
    "until 1, messages",
    "until 2, main sumcheck and its end",
    "until 3, batch evaluation's rounds",
    "until 4, functionals",
    "until 5, opening in the field",
];

/// Rows of the registry's actions: row, which of the numbers, name in the snapshot.
const ACTIONS: [(&str, usize, &str); 18] = [
    ("create a model with 3 roles", 0, "createModel, 3 roles"),
    ("set a policy for 3 roles that have keys", 0, "setPolicy, 3 roles that have keys"),
    ("appoint another key for a role", 0, "replaceRoleKey"),
    ("a key hands its role on", 0, "rotateRoleKey"),
    ("declare a key compromised", 0, "declareCompromised"),
    ("allow a registrar", 0, "setRegistrar"),
    ("offer a model, accept it", 0, "transferOwnership"),
    ("offer a model, accept it", 1, "acceptOwnership"),
    ("register a version; with one parent", 0, "registerVersion, no parent"),
    ("register a version; with one parent", 1, "registerVersion, 1 parent"),
    ("submit one approval; the one that is enough", 0, "submitApprovals, 1 that is not enough"),
    ("submit one approval; the one that is enough", 1, "submitApprovals, 1 that approves"),
    ("submit three approvals at once", 0, "submitApprovals, 3 of which 2 approve"),
    ("deploy", 0, "deploy"),
    ("retire; revoke", 0, "retire"),
    ("retire; revoke", 1, "revoke"),
    ("open a log", 0, "open"),
    ("anchor a root", 0, "anchor"),
];
/// Rules of federated tasks: row, and the name in snapshots.
const RULES: [(&str, &str); 4] = [
    ("average", "average"),
    ("centered clipping", "centered clipping"),
    ("Multi-Krum", "Multi-Krum"),
    ("geometric median of clipped updates", "geometric median of clipped"),
];
/// A federated round of twenty, each step: row, and the name in the snapshot.
const TWENTY: [(&str, &str); 5] = [
    (
        "a participant's round where each sends its own: commit, reveal, its part of the pay",
        "a participant's round, each alone",
    ),
    ("the same where one transaction carries 20", "a participant's round, carried"),
    ("aggregate 20 by the average, without the proof", "aggregate 20, without the proof"),
    ("compute the qualities of 20", "rate 20"),
    ("pay 20", "settle 20"),
];
/// The same of a hundred: row, which of the numbers, name in the snapshot.
const HUNDRED: [(&str, usize, &str); 6] = [
    ("aggregate by the average", 0, "aggregate 100 by average, without the proof"),
    ("aggregate by Multi-Krum", 0, "aggregate 100 by Multi-Krum, without the proof"),
    (
        "aggregate by Multi-Krum with histories",
        0,
        "aggregate 100 by Multi-Krum with histories, without the proof",
    ),
    ("compute their qualities; with histories", 0, "rate 100"),
    ("compute their qualities; with histories", 1, "rate 100 with histories"),
    ("pay", 0, "settle 100"),
];
/// What `docs/benchmarks.md` says of them, under the names in the snapshot.
const MEASURED: [&str; 7] = [
    "a participant's round, carried",
    "a participant's round, each alone",
    "aggregate 20 by average, proof and all, one chunk",
    "aggregate 20 by Multi-Krum, proof and all, one chunk",
    "aggregate 20 by Multi-Krum, proof and all, two chunks",
    "aggregate 100 by average, without the proof",
    "aggregate 100 by Multi-Krum, without the proof",
];
/// Settlement's steps: row, cell (asking or settling), and the names in the snapshot whose gas it is, each with how many
/// share it.
type Step = (&'static str, usize, &'static [(&'static str, u64)]);
const SETTLEMENT: &[Step] = &[
    ("an optimistic answer", 1, &[("optimistic: request", 1)]),
    ("an optimistic answer", 2, &[("optimistic: answer", 1), ("optimistic: finalise", 1)]),
    (
        "the last one ended by its requester, with the next request",
        1,
        &[("optimistic: the last finalised, the next requested", 1)],
    ),
    ("the last one ended by its requester, with the next request", 2, &[("optimistic: answer", 1)]),
    ("the last one ended by its answerer, with the next answer", 1, &[("optimistic: request", 1)]),
    (
        "the last one ended by its answerer, with the next answer",
        2,
        &[("optimistic: the last finalised, the next answered", 1)],
    ),
    ("an optimistic answer, eight at a time", 1, &[("8 requests", 8)]),
    ("an optimistic answer, eight at a time", 2, &[("optimistic: 8 answers", 8), ("optimistic: 8 ends", 8)]),
    ("three of five members", 1, &[("quorum: request", 1), ("quorum: draw", 1)]),
    ("three of five members", 2, &[("quorum: agree, three voices", 1)]),
    ("all five of them", 1, &[("quorum: request", 1), ("quorum: draw", 1)]),
    ("all five of them", 2, &[("quorum: agree, five voices", 1)]),
    ("five members on the chain", 1, &[("quorum: request", 1), ("quorum: draw", 1)]),
    (
        "five members on the chain",
        2,
        &[("quorum: five commitments", 1), ("quorum: five reveals", 1), ("quorum: close", 1)],
    ),
    ("a proof, without its verification", 1, &[("proof: request", 1)]),
    ("a proof, without its verification", 2, &[("proof: prove, the router's part", 1)]),
    ("the same, asked eight at a time", 1, &[("8 requests", 8)]),
    ("the same, asked eight at a time", 2, &[("proof: prove, the router's part", 1)]),
];
/// Rows of the claims of a batch: row, and which transactions of the snapshot it adds up.
const CLAIMS: [(&str, &[&str]); 6] = [
    ("file", &["file, 128 claims"]),
    ("ask the router", &["proof: ask"]),
    ("prove the answer", &["proof: prove"]),
    ("decide", &["proof: decide"]),
    ("**settle: ask, prove and decide**", &["proof: ask", "proof: prove", "proof: decide"]),
    ("pay the accepted ones, to accounts without tokens", &["pay, those that are accepted"]),
];
/// Rows of what is done otherwise: row, and its numbers' names in the snapshot.
const CLAIMS_OTHERWISE: [(&str, &[&str]); 7] = [
    (
        "optimistic: ask, answer, finalise, decide",
        &["optimistic: ask", "optimistic: answer", "optimistic: finalise", "optimistic: decide"],
    ),
    ("buy a policy", &["buy"]),
    ("file one claim", &["file, 1 claim"]),
    ("give one to the reviewer that nobody asked about", &["unasked"]),
    ("review", &["review"]),
    ("withdraw, to an account without tokens", &["withdraw, to an account without tokens"]),
    ("lapse a policy", &["lapse"]),
];
/// Images, and claims, of the batches in the snapshots.
const BATCH: u64 = 128;

/// Fails naming each line with a number that is not what is pinned.
pub fn check() -> Result<()> {
    let mut wrong = Vec::new();
    for (document, (got, expected)) in documents()? {
        let lines = got.lines().zip(expected.lines()).filter(|(got, expected)| got != expected);
        wrong.extend(lines.map(|(got, expected)| format!("{document}: {got}\n  is now: {expected}")));
    }
    let benchmarks = fs::read_to_string(BENCHMARKS).context(BENCHMARKS)?;
    for (what, number) in sentences()? {
        if !benchmarks.contains(&grouped(number)) {
            wrong.push(format!("{BENCHMARKS}: nothing says {}, {what}: write it", grouped(number)));
        }
    }
    ensure!(
        wrong.is_empty(),
        "numbers that are pinned elsewhere; run `cargo xtask figures`:\n  {}",
        wrong.join("\n  ")
    );
    run::say("figures: code sizes and gas in documents are those that are pinned\n");
    Ok(())
}

/// Writes the documents with the numbers that are pinned.
pub fn write() -> Result<()> {
    for (document, (got, expected)) in documents()? {
        if got != expected {
            fs::write(document, expected).context(document)?;
            run::say(&format!("wrote {document}\n"));
        }
    }
    Ok(())
}

/// Each document as it is, and as it must be.
fn documents() -> Result<BTreeMap<&'static str, (String, String)>> {
    let mut documents = BTreeMap::new();
    for Table { document, heading, numbers } in tables()? {
        let (_, expected) = match documents.entry(document) {
            std::collections::btree_map::Entry::Occupied(own) => own.into_mut(),
            std::collections::btree_map::Entry::Vacant(own) => {
                let text = fs::read_to_string(document).context(document)?;
                own.insert((text.clone(), text))
            }
        };
        for (place, number) in &numbers {
            *expected = with(expected, heading, place, *number).with_context(|| {
                format!("{document}: no number {place:?} in the table that begins with {heading:?}")
            })?;
        }
    }
    Ok(documents)
}

/// What the text beside the tables says.
fn sentences() -> Result<Vec<(String, u64)>> {
    let pinned = pinned("contracts/snapshots/proofs.json")?;
    let mut found = Vec::new();
    for name in ["lenet128_joint_zk", "lenet128_each_zk"] {
        found.push((format!("gas of an image in {name}"), (gas(&pinned, name)? + BATCH / 2) / BATCH));
    }
    for (_, name) in CERTIFICATES {
        for what in CERTIFYING {
            let name = format!("certificate_{name}_zk, {what}");
            found.push((format!("gas of {name:?}"), gas(&pinned, &name)?));
        }
    }
    Ok(found)
}

fn gas(pinned: &Value, name: &str) -> Result<u64> {
    let number = pinned[name].as_str().with_context(|| format!("no gas of {name:?}"))?;
    Ok(number.parse()?)
}

fn tables() -> Result<Vec<Table>> {
    let (snapshot, actions) =
        (pinned("contracts/snapshots/proofs.json")?, pinned("contracts/snapshots/actions.json")?);
    let gas_of = |name: &str| gas(&snapshot, name);
    let place = |row: &str, cell, number| (row.to_owned(), cell, number);
    let mut sizes = Vec::new();
    for (row, number, name) in [
        ("`ModelRegistry`", 0, "ModelRegistry"),
        ("`Anchors`", 0, "Anchors"),
        ("`Stewardship`", 0, "Stewardship"),
        ("`ProofVerifier`", 0, "ProofVerifier"),
        ("`Descriptors`", 0, "Descriptors"),
        ("`WeightsCertificates`", 0, "WeightsCertificates"),
        ("`InferenceRouter`", 0, "InferenceRouter"),
        ("`OracleStaking`", 0, "OracleStaking"),
        ("`BlockRandomness`", 0, "BlockRandomness"),
        ("`DrandRandomness`", 0, "DrandRandomness"),
        ("`ClaimsPool`", 0, "ClaimsPool"),
        ("`RobustWeights`", 0, "RobustWeights"),
        ("`FederatedTasks`", 0, "FederatedTasks"),
        ("`FederatedTask`", 0, "FederatedTask"),
        ("`FederatedRounds`, `FederatedFaults`", 0, "FederatedRounds"),
        ("`FederatedRounds`, `FederatedFaults`", 1, "FederatedFaults"),
        ("`AttestedIdentities`", 0, "AttestedIdentities"),
        ("`AccessManager`, `ERC1967Proxy`", 0, "AccessManager"),
        ("`AccessManager`, `ERC1967Proxy`", 1, "ERC1967Proxy"),
    ] {
        let artifact = pinned(&format!("contracts/artifacts/{name}.json"))?;
        let code = artifact["deployedBytecode"].as_str().context("an artifact without code")?;
        sizes.push((place(row, 2, number), (code.trim_start_matches("0x").len() / 2) as u64));
    }
    let mut registry = Vec::new();
    for (row, number, name) in ACTIONS {
        registry.push((place(row, 1, number), gas(&actions, name)?));
    }
    let snapshots = pinned("contracts/snapshots/settlement.json")?;
    let mut settlement = Vec::new();
    let mut together = 0;
    for (row, cell, names) in SETTLEMENT {
        let mut sum = 0;
        for (name, share) in *names {
            sum += gas(&snapshots, name)?.div_ceil(*share);
        }
        settlement.push((place(row, *cell, 0), sum));
        // Asking comes first in each row.
        together = if *cell == 1 { sum } else { together + sum };
        if *cell == 2 {
            settlement.push((place(row, 3, 0), together));
        }
    }
    let mut proofs = Vec::new();
    for (row, name) in MODELS {
        proofs.push((place(row, 1, 0), gas_of(&format!("{name}_transparent"))?));
        proofs.push((place(row, 2, 0), gas_of(&format!("{name}_zk"))?));
        proofs.push((place(row, 3, 0), gas_of(&format!("{name}_zk, register"))?));
    }
    let mut certificates = Vec::new();
    for (row, name) in CERTIFICATES {
        for (cell, what) in CERTIFYING.iter().enumerate() {
            certificates.push((place(row, 1 + cell, 0), gas_of(&format!("certificate_{name}_zk, {what}"))?));
        }
    }
    let mut phases = Vec::new();
    for (row, name) in PHASED {
        let mut before = 0;
        for (cell, phase) in PHASES.iter().enumerate() {
            let until = gas_of(&format!("{name}, {phase}"))?;
            phases.push((place(row, 2 + cell, 0), until - before));
            before = until;
        }
        phases.push((place(row, 8, 0), gas_of(name)?));
    }
    let claims_pinned = pinned("contracts/snapshots/claims.json")?;
    let (mut claims, mut otherwise) = (Vec::new(), Vec::new());
    for (row, names) in CLAIMS {
        let total = names.iter().map(|name| gas(&claims_pinned, name)).sum::<Result<u64>>()?;
        claims.push((place(row, 1, 0), total));
        if !row.starts_with("pay") {
            claims.push((place(row, 2, 0), (total + BATCH / 2) / BATCH));
        }
    }
    for (row, names) in CLAIMS_OTHERWISE {
        for (number, name) in names.iter().enumerate() {
            otherwise.push((place(row, 1, number), gas(&claims_pinned, name)?));
        }
    }
    let rounds = pinned("contracts/snapshots/federated.json")?;
    let (mut rules, mut twenty, mut hundred, mut measured) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (row, name) in RULES {
        for (cell, chunks) in ["one chunk", "two chunks"].iter().enumerate() {
            let name = format!("aggregate 20 by {name}, proof and all, {chunks}");
            rules.push((place(row, 1 + cell, 0), gas(&rounds, &name)?));
        }
    }
    for (row, name) in TWENTY {
        twenty.push((place(row, 1, 0), gas(&rounds, name)?));
    }
    for (row, number, name) in HUNDRED {
        hundred.push((place(row, 1, number), gas(&rounds, name)?));
    }
    for name in MEASURED {
        measured.push((place(name, 1, 0), gas(&rounds, name)?));
    }
    Ok(vec![
        Table { document: CONTRACTS, heading: "| contract | what |", numbers: sizes },
        Table { document: CONTRACTS, heading: "| action |", numbers: registry },
        Table { document: CONTRACTS, heading: "| settled by |", numbers: settlement },
        Table { document: CONTRACTS, heading: "| proof, private input |", numbers: proofs },
        Table { document: CONTRACTS, heading: "| certificate of |", numbers: certificates },
        Table { document: CONTRACTS, heading: "| claims, 128 at once |", numbers: claims },
        Table { document: CONTRACTS, heading: "| claims, otherwise |", numbers: otherwise },
        Table { document: CONTRACTS, heading: "| federated learning |", numbers: twenty },
        Table { document: CONTRACTS, heading: "| aggregate 20, proof and all |", numbers: rules },
        Table { document: CONTRACTS, heading: "| 100 participants |", numbers: hundred },
        Table { document: BENCHMARKS, heading: "| model | transaction, calldata |", numbers: phases },
        Table { document: BENCHMARKS, heading: "| what | gas |", numbers: measured },
    ])
}

fn pinned(path: &str) -> Result<Value> {
    let text = fs::read_to_string(path).with_context(|| path.to_owned())?;
    serde_json::from_str(&text).with_context(|| path.to_owned())
}

/// `text` with another number at a place of the table below `heading`; none if there is no such place.
fn with(text: &str, heading: &str, (row, cell, place): &Place, number: u64) -> Option<String> {
    let table = text.find(heading)?;
    let label = format!("| {row} |");
    let begin = table + text[table..].split("\n\n").next()?.find(&format!("\n{label}"))? + 1;
    let line = text[begin..].lines().next()?;
    let mut cells: Vec<String> = line.split('|').map(str::to_owned).collect();
    let own = cells.get_mut(cell + 1)?;
    let (start, end) = *numbers(own).get(*place)?;
    own.replace_range(start..end, &grouped(number));
    Some([&text[..begin], &cells.join("|"), &text[begin + line.len()..]].concat())
}

/// Where the numbers of a cell are; thousands are told apart by commas.
fn numbers(cell: &str) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (at, byte) in cell.bytes().enumerate() {
        match found.last_mut() {
            Some((_, end)) if *end == at && (byte.is_ascii_digit() || byte == b',') => *end += 1,
            _ if byte.is_ascii_digit() => found.push((at, at + 1)),
            _ => {}
        }
    }
    found
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let parts: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|part| std::str::from_utf8(part).unwrap_or_default())
        .collect();
    parts.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "| a | b |\n|---|---|\n| x | 1 |\n\n| c | d |\n|---|---|\n| x | 1,234 and 56 (78k) |\n| y | 9 |\n";

    #[test]
    fn a_number_is_written_in_its_own_place_and_nowhere_else() {
        let written =
            |row: &str, cell, number, value| with(TEXT, "| c |", &(row.to_owned(), cell, number), value);
        assert_eq!(written("x", 1, 0, 1_000_000), Some(TEXT.replace("1,234", "1,000,000")));
        assert_eq!(written("x", 1, 1, 7), Some(TEXT.replace(" 56 ", " 7 ")));
        assert_eq!(written("x", 1, 2, 1234), Some(TEXT.replace("78k", "1,234k")));
        for (row, cell, number) in [("z", 1, 0), ("x", 2, 0), ("x", 1, 3), ("x", 0, 0)] {
            assert_eq!(written(row, cell, number, 1), None, "{row} {cell} {number}");
        }
        assert_eq!(with(TEXT, "| a |", &("y".to_owned(), 1, 0), 1), None, "a row of the next table");
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
