//! The append-only log: a million leaves, and proofs from it.

use anyhow::{Result, ensure};
use std::process::Command;

/// The table of section "Log".
pub fn table() -> Result<String> {
    let folder = std::path::Path::new("target/bench/log");
    std::fs::remove_dir_all(folder).ok();
    let output = Command::new(super::built("examples/log_throughput"))
        .arg(folder)
        .args(["1000000", "1000"])
        .output()?;
    ensure!(output.status.success(), "log_throughput: {}", String::from_utf8_lossy(&output.stderr));
    Ok(format!("## Log\n\n{}\n", String::from_utf8_lossy(&output.stdout)))
}
