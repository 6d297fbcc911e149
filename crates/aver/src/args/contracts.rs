//! What `aver contracts` takes.

use super::proofs::SetupArgs;
use averment_primitives::Address;
use clap::{Subcommand, ValueEnum};

#[derive(Debug, Clone, Copy, ValueEnum, PartialEq, Eq)]
pub enum ProfileArg {
    /// Upgrades and parameters wait two days; the deployer keeps nothing
    Production,
    /// No delays; refused on any chain but a development chain
    Development,
}

#[derive(Debug, Subcommand)]
pub enum ContractsCommand {
    /// Deploys the registry, the anchors, their access manager, the verifier of proofs, and what settles requests
    #[command(after_help = "Example:\n  aver contracts deploy --profile development\n  \
                      aver contracts deploy --profile production --proposer 0x… --canceller 0x… --pauser 0x… \\\n    \
                      --setup ceremony.ptau --token 0x… --seat-bond 1000000000")]
    Deploy {
        /// How upgrades are governed
        #[arg(long, value_enum)]
        profile: ProfileArg,
        /// Who may propose upgrades (production)
        #[arg(long, value_name = "ADDRESS", required_if_eq("profile", "production"))]
        proposer: Option<Address>,
        /// Who may cancel a proposed upgrade (production)
        #[arg(long, value_name = "ADDRESS", required_if_eq("profile", "production"))]
        canceller: Option<Address>,
        /// Who may pause registration for a while (production)
        #[arg(long, value_name = "ADDRESS", required_if_eq("profile", "production"))]
        pauser: Option<Address>,
        /// What stakes, fees and bonds are paid in; without it nothing that settles requests is deployed (production). A
        /// development chain gets a token of its own
        #[arg(long, value_name = "ADDRESS", requires = "seat_bond")]
        token: Option<Address>,
        /// What a seat of an oracle operator is worth, in the token's smallest units
        #[arg(long, value_name = "AMOUNT", requires = "token")]
        seat_bond: Option<u128>,
        /// On a rollup of the OP stack or Arbitrum: what says whether its sequencer works
        #[arg(long, value_name = "ADDRESS", requires = "token")]
        sequencer_feed: Option<Address>,
        /// Of the setup whose proofs are verified
        #[command(flatten)]
        setup: SetupArgs,
    },
    /// Shows the deployment and checks it against the chain
    Show,
}
