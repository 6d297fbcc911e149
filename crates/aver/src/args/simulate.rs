//! What `aver simulate` takes.

use clap::{Args, Subcommand};

const AFTER_HELP: &str = "\
Examples:
  aver simulate oracle
  aver simulate oracle --requests 1000 --seed 7 --json

Everything follows from the seed. The contracts are the real ones, on a chain inside this process that is gone afterwards;
amounts are of their token. Ends with 1 if an attack pays, or if one does not pay without the defence against it.";

#[derive(Debug, Subcommand)]
pub enum SimulateCommand {
    /// Answers by operators who are honest, lazy, bribed, colluding or griefing: what each costs, and what it brings
    Oracle(OracleArgs),
}

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct OracleArgs {
    /// Requests, of all cases together
    #[arg(long, value_name = "COUNT", default_value_t = 10_000)]
    pub requests: u32,
    /// Of everything that is random
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub seed: u64,
}
