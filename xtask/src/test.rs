//! `cargo xtask test`: what CI runs, fast things first.

use crate::{arrows, run::step, tools};
use anyhow::Result;
use std::{path::Path, process::Command};

fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(args);
    command
}

/// Formatting, arrows, lints, documentation and tests of the Rust crates.
pub fn rust(anvil: Option<&Path>) -> Result<()> {
    step("formatting", &mut cargo(&["fmt", "--all", "--check"]))?;
    arrows::check()?;
    step(
        "clippy",
        &mut cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "--deny", "warnings"]),
    )?;
    step(
        "documentation",
        cargo(&["doc", "--workspace", "--no-deps", "--locked"]).env("RUSTDOCFLAGS", "--deny warnings"),
    )?;
    let mut tests = cargo(&["test", "--workspace", "--locked"]);
    if let Some(anvil) = anvil {
        tests.env("AVERMENT_ANVIL", anvil);
    }
    step("Rust tests", &mut tests)
}

/// Formatting, lints, tests, gas, layout and analysis of the contracts.
fn solidity(tools: &tools::Tools) -> Result<()> {
    let forge = |args: &[&str]| {
        let mut command = Command::new(&tools.forge);
        command.args(args).current_dir("contracts");
        command
    };
    step("forge fmt", &mut forge(&["fmt", "--check"]))?;
    step("forge lint", &mut forge(&["lint", "--deny", "warnings"]))?;
    step("contract tests", &mut forge(&["test"]))?;
    step("slither", Command::new(tools.python_bin.join("slither")).arg(".").current_dir("contracts"))?;
    step("gas", &mut forge(&["snapshot", "--check"]))
}

/// Everything CI runs.
pub fn everything() -> Result<()> {
    let tools = tools::set_up()?;
    solidity(&tools)?;
    rust(Some(&tools.anvil))
}
