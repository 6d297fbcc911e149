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
    /// Deploys the registry, the anchors, their access manager, and the verifier of proofs
    #[command(after_help = "Example:\n  aver contracts deploy --profile development\n  \
                      aver contracts deploy --profile production --proposer 0x… --canceller 0x… --pauser 0x… \\\n    \
                      --setup ceremony.ptau")]
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
        /// Of the setup whose proofs are verified
        #[command(flatten)]
        setup: SetupArgs,
    },
    /// Shows the deployment and checks it against the chain
    Show,
}
