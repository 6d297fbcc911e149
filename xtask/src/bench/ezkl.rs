//! EZKL on the ONNX files that our proofs are measured on.
//!
//! A step a process (`xtask/bench/ezkl_steps.py`), each run once: the best of several would take an hour and say the same.

use super::{
    Cost, best_said,
    proof::{self, MODELS, Model, number},
};
use crate::tools;
use anyhow::{Context, Result};
use serde_json::Value;
use std::{fmt::Write, fs, path::Path, process::Command};

const REQUIREMENTS: &str = "xtask/bench/requirements.txt";
const STEPS: &str = "xtask/bench/ezkl_steps.py";
/// Gigabytes that each of [`MODELS`] takes, as measured on larger machines; of the last the proving key alone.
const GIGABYTES: [f64; 4] = [1.0, 4.0, 13.0, 74.0];

/// Measures model after model, and publishes the section "EZKL" after each.
pub fn measure(publish: impl Fn(&str) -> Result<()>) -> Result<()> {
    let python = tools::python("target/venv/ezkl", Path::new(REQUIREMENTS))?.join("python");
    let version = fs::read_to_string(REQUIREMENTS)?;
    let version = version.lines().find_map(|line| line.strip_prefix("ezkl==")).context("its version")?;
    let date = String::from_utf8(Command::new("date").args(["-u", "+%F"]).output()?.stdout)?;
    let mut page = format!(
        "## EZKL\n\nEZKL {version} on the same ONNX files, {}; one run of each step, by `cargo xtask bench ezkl`. Inputs private \
         without a commitment, weights constants of the circuit: the cheapest that it has for a private input. *Ready* \
         is settings, calibration, circuit and keys, without its powers of tau.\n\n\
         | model | prove, CPU s | wall s | memory, MB | proof, KB | verify, ms | ready, CPU s | proving key, MB |\n\
         |---|---|---|---|---|---|---|---|\n",
        date.trim()
    );
    for (model, gigabytes) in MODELS.iter().zip(GIGABYTES) {
        let row = if gigabytes * 1e6 > available()? {
            format!("not run: takes about {gigabytes} GB of memory | | | | | | |")
        } else {
            row(&python, model)?
        };
        writeln!(page, "| {} | {row}", model.name)?;
        publish(&page)?;
    }
    Ok(())
}

fn row(python: &Path, model: &Model) -> Result<String> {
    let items = proof::prepare(model)?.0.join("items.json");
    let folder = Path::new("target/bench/ezkl");
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    let step = |name: &str| -> Result<(Cost, Value)> {
        let (cost, said) = best_said(1, || {
            let mut command = Command::new(python);
            command.args([STEPS, name]).arg(folder).arg(model.network).arg(&items);
            command
        })?;
        // It prints tables of its own before.
        let last = said.lines().last().unwrap_or_default();
        Ok((cost, serde_json::from_str(last).with_context(|| format!("{name} printed {last:?}"))?))
    };
    let (prepare, _) = step("prepare")?;
    step("powers")?;
    let (setup, keys) = step("setup")?;
    let (prove, proof) = step("prove")?;
    let (_, verified) = step("verify")?;
    Ok(format!(
        "{:.1} | {:.1} | {:.0} | {:.1} | {:.1} | {:.1} | {:.0} |",
        prove.cpu,
        prove.wall,
        prove.peak_mib * 1.048_576,
        number(&proof, "bytes")? / 1e3,
        number(&verified, "verify")? * 1e3,
        prepare.cpu + setup.cpu,
        number(&keys, "key")? / 1e6,
    ))
}

/// Kilobytes of memory that are free.
fn available() -> Result<f64> {
    let text = fs::read_to_string("/proc/meminfo")?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:")).context("free memory")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse()?)
}
