//! `cargo xtask test`: what CI runs, fast things first.

use crate::{arrows, contracts, dependencies, figures, fuzz, run::step, security, tools};
use anyhow::Result;
use std::{ffi::OsString, path::Path, process::Command};

fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(args);
    command
}

/// Formatting, arrows, lints, documentation and tests of the Rust crates.
pub fn rust(anvil: Option<&Path>) -> Result<()> {
    step("formatting", &mut cargo(&["fmt", "--all", "--check"]))?;
    arrows::check()?;
    security::check()?;
    figures::check()?;
    fuzz::check()?;
    dependencies::check()?;
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
    step("Rust tests", &mut tests)?;
    // Our gradients and training held to candle's: its build takes minutes, and nothing else needs it.
    step(
        "candle",
        &mut cargo(&[
            "test",
            "--locked",
            "--package",
            "averment-trainers",
            "--features",
            "candle",
            "--test",
            "candle",
        ]),
    )
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
    // One build with everything in it and nothing older, which the check of upgrades reads.
    step("forge clean", &mut forge(&["clean"]))?;
    // Gas, vectors and invariants are tests too.
    step("contract tests", &mut forge(&["test"]))?;
    step(
        "upgrades",
        Command::new("node")
            .args(["node_modules/@openzeppelin/upgrades-core/dist/cli/cli.js", "validate", "out/build-info"])
            .current_dir("contracts"),
    )?;
    step(
        "slither",
        Command::new(tools.python_bin.join("slither"))
            .arg(".")
            .env("PATH", with_folder_of(&tools.forge)?)
            // It builds without tests; in forge's own folders that would leave `forge test` with none to run.
            .env("FOUNDRY_OUT", "../target/contracts/slither/out")
            .env("FOUNDRY_CACHE_PATH", "../target/contracts/slither/cache")
            .current_dir("contracts"),
    )?;
    contracts::artifacts_check()
}

/// The search path with `program`'s folder before everything else: slither calls `forge` by name.
fn with_folder_of(program: &Path) -> Result<OsString> {
    let own = program.parent().map(Path::to_path_buf);
    let path = std::env::var_os("PATH").unwrap_or_default();
    Ok(std::env::join_paths(own.into_iter().chain(std::env::split_paths(&path)))?)
}

/// The contracts' part alone, without the Rust crates.
pub fn contracts_alone() -> Result<()> {
    solidity(&tools::set_up()?)
}

/// Everything CI runs.
pub fn everything() -> Result<()> {
    let tools = tools::set_up()?;
    solidity(&tools)?;
    rust(Some(&tools.anvil))
}
