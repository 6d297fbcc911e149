//! What the commands about one registered version take, and `aver history`.

use clap::{Args, Subcommand, value_parser};
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  aver approve 0x… --role medical --account dr-lee\n  \
                  aver approve 0x… --role legal --account counsel -o legal.json   # only sign\n  \
                  aver approve submit legal.json risk.json                        # anyone may send them"
)]
pub struct ApproveArgs {
    #[command(subcommand)]
    pub command: Option<ApproveCommand>,
    /// The version: its id, or NAME@NUMBER of one that was registered from here
    #[arg(required = true)]
    pub version: Option<String>,
    /// The role whose key signs
    #[arg(long, required = true)]
    pub role: Option<String>,
    /// Reject instead of approve
    #[arg(long)]
    pub reject: bool,
    /// Days for which the signature may be submitted, 1 to 365
    #[arg(long, value_name = "DAYS", default_value_t = 7, value_parser = value_parser!(u32).range(1..=365))]
    pub valid_days: u32,
    /// Only sign, and write the signed decision to this file
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum ApproveCommand {
    /// Submits signed decisions in one transaction, by anyone
    #[command(after_help = "Example:\n  aver approve submit legal.json risk.json --account owner\n\n\
                            Each is checked first; if one would be refused, nothing is sent.")]
    Submit {
        /// The files that `aver approve -o` wrote
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  aver deploy triage@2.0.0 --environment clinic-north")]
pub struct DeployArgs {
    /// The version: its id, or NAME@NUMBER of one that was registered from here
    pub version: String,
    /// Where it runs, 1 to 64 bytes, public
    #[arg(long)]
    pub environment: String,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  aver retire triage@1.0.0 --reason \"replaced by 2.0.0\"")]
pub struct RetireArgs {
    /// The version: its id, or NAME@NUMBER of one that was registered from here
    pub version: String,
    /// Why, 1 to 280 bytes, public: nothing about people
    #[arg(long)]
    pub reason: String,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  aver revoke triage@1.0.0 --reason \"trained on mislabelled data\"")]
pub struct RevokeArgs {
    /// The version: its id, or NAME@NUMBER of one that was registered from here
    pub version: String,
    /// Why, 1 to 280 bytes, public: nothing about people
    #[arg(long)]
    pub reason: String,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  aver history triage")]
pub struct HistoryArgs {
    /// The model: its id, its name if you created it, or CREATOR/NAME
    pub model: String,
}
