//! `cargo xtask fuzz`: every target of `fuzz/` under cargo-fuzz, one after another. Not a part of CI, which runs the
//! same targets on their seeds and changed ones; this looks for what nobody thought of.

use crate::run::{say, step};
use anyhow::{Context, Result, bail, ensure};
use std::process::Command;

/// Seconds a target runs unless told otherwise.
const SECONDS: u64 = 60;

/// Runs the targets named, or all, for `words[0]` seconds each.
pub fn fuzz(words: &[&str]) -> Result<()> {
    let (seconds, wanted) = match words.split_first() {
        None => (SECONDS, words),
        Some((first, rest)) => match first.parse() {
            Ok(seconds) => (seconds, rest),
            Err(_) => (SECONDS, words),
        },
    };
    let tool = Command::new("cargo").args(["+nightly", "fuzz", "--version"]).output();
    if !tool.is_ok_and(|output| output.status.success()) {
        bail!(
            "cargo-fuzz or the nightly toolchain is missing: `rustup toolchain install nightly --profile minimal`, \
             then `cargo install cargo-fuzz --locked`"
        );
    }
    // Seeds and what grows from them; below it what was found.
    let corpus = "target/fuzz/corpus";
    let listed = Command::new("cargo")
        .args(["run", "--quiet", "--locked", "--package", "averment-fuzz", "--bin", "seeds", "--", corpus])
        .output()?;
    ensure!(listed.status.success(), "writing seeds: {}", String::from_utf8_lossy(&listed.stderr));
    let names = String::from_utf8(listed.stdout).context("targets have plain names")?;
    let names: Vec<&str> = names.lines().collect();
    if let Some(unknown) = wanted.iter().find(|name| !names.contains(name)) {
        bail!("there is no fuzz target {unknown}; there are {}", names.join(", "));
    }
    for name in names.iter().filter(|name| wanted.is_empty() || wanted.contains(name)) {
        step(
            &format!("fuzzing {name}"),
            Command::new("cargo")
                .args(["+nightly", "fuzz", "run", "--features", "libfuzzer", "decoders"])
                .arg(format!("{corpus}/{name}"))
                .args(["--", &format!("-max_total_time={seconds}"), "-timeout=10", "-print_final_stats=1"])
                .arg(format!("-artifact_prefix=target/fuzz/found-{name}-"))
                .env("AVERMENT_FUZZ", name),
        )?;
    }
    say("fuzz: nothing found\n");
    Ok(())
}
