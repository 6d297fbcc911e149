//! The embedded chain with and without state roots, anvil beside it.

use anyhow::{Result, ensure};
use std::{path::Path, process::Command};

/// The table of section "Embedded chain".
pub fn table(anvil: &Path) -> Result<String> {
    let output = Command::new("target/release/examples/throughput").env("AVERMENT_ANVIL", anvil).output()?;
    ensure!(output.status.success(), "throughput: {}", String::from_utf8_lossy(&output.stderr));
    Ok(format!("## Embedded chain\n\n{}\n", String::from_utf8_lossy(&output.stdout)))
}
