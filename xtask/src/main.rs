//! The project's chores. `cargo xtask help` lists them.

mod arrows;
mod bench;
mod checks;
mod contracts;
mod dependencies;
mod figures;
mod fuzz;
mod interop;
mod run;
mod security;
mod test;
mod tools;

use anyhow::{Result, bail};
use std::process::ExitCode;

const HELP: &str = "\
The project's chores.

  cargo xtask test       everything CI runs: formatting, lints, tests, contracts, artifacts, arrows
  cargo xtask test fast  the Rust part alone, without Node and Python
  cargo xtask test contracts    the contracts' part alone
  cargo xtask contracts write   artifacts and storage layouts from the sources; `check` compares
  cargo xtask figures    writes code sizes and gas into the documents that say them; `check` compares
  cargo xtask arrows     checks that dependencies between crates go one way
  cargo xtask security   checks that the tests that SECURITY.md names are there
  cargo xtask dependencies   checks that no library comes twice but where others force it
  cargo xtask interop [PEER…]   our files and chain under other people's tools, and theirs under ours
  cargo xtask bench      the numbers of docs/benchmarks.md, peers in the same run
  cargo xtask bench proof     proofs alone
  cargo xtask bench scaling   proofs of generated models from small to large, with plots
  cargo xtask bench ezkl      EZKL on the same ONNX files; a quarter of an hour, 12 GB of memory
  cargo xtask bench federated   aggregation beside ByzFL and Flower, proofs and gas of a task, accuracy under attack
  cargo xtask fuzz [SECONDS] [TARGET…]   the fuzz targets under cargo-fuzz, 60 seconds each
  cargo xtask checks [rust|solidity] [--only WORDS]   leaves out each check of the verifiers: a bad vector must then pass
  cargo xtask fuzz check   checks that every decoder has a target
";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One message with its causes; where in this program it arose helps nobody.
            run::complain(&format!("xtask: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    std::env::set_current_dir(tools::root())?;
    match words.as_slice() {
        ["test"] => test::everything(),
        ["test", "fast"] => test::rust(None),
        ["test", "contracts"] => test::contracts_alone(),
        ["arrows"] => arrows::check(),
        ["security"] => security::check(),
        ["dependencies"] => dependencies::check(),
        ["figures"] => figures::write(),
        ["figures", "check"] => figures::check(),
        ["contracts", "write"] => contracts::artifacts_write(),
        ["contracts", "check"] => contracts::artifacts_check(),
        ["interop", peers @ ..] => interop::with(peers),
        ["bench"] => bench::all(),
        ["bench", "proof"] => bench::proofs(),
        ["bench", "scaling"] => bench::scaling(),
        ["bench", "ezkl"] => bench::ezkl(),
        ["bench", "federated"] => bench::federated(),
        ["checks", words @ ..] => checks::checks(words),
        ["fuzz", "check"] => fuzz::check(),
        ["fuzz", words @ ..] => fuzz::fuzz(words),
        [] | ["help" | "--help" | "-h"] => {
            run::say(HELP);
            Ok(())
        }
        other => bail!("no such chore: {}\n\n{HELP}", other.join(" ")),
    }
}
