//! The embedded chain with and without state roots, anvil beside it.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::{fmt::Write, path::Path, process::Command};

const TRANSACTIONS: &str = "5000";

/// The table of section "Embedded chain".
pub fn table(anvil: &Path) -> Result<String> {
    let output = Command::new(super::built("examples/throughput")).arg(TRANSACTIONS).arg(anvil).output()?;
    ensure!(output.status.success(), "throughput: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).context("what throughput printed")?;
    let mut page = String::from(
        "## Embedded chain\n\nTransactions that write to storage, one a block, each through the whole of alloy's path; \
         anvil's over HTTP, so that its row says what a client of it sees.\n\n\
         | chain | transactions | wall s | a second |\n|---|---|---|---|\n",
    );
    let mut after = String::new();
    for line in text.lines() {
        let row: Value =
            serde_json::from_str(line).with_context(|| format!("throughput printed {line:?}"))?;
        match row["replay"].as_str() {
            Some(what) => writeln!(
                after,
                "\n{} blocks ({} bytes), {what}: {:.2} s.",
                row["blocks"],
                row["bytes"],
                row["seconds"].as_f64().unwrap_or_default()
            )?,
            None => writeln!(
                page,
                "| {} | {} | {:.2} | {} |",
                row["chain"].as_str().unwrap_or_default(),
                row["transactions"],
                row["seconds"].as_f64().unwrap_or_default(),
                row["per_second"]
            )?,
        }
    }
    Ok(format!("{page}{after}\n"))
}
