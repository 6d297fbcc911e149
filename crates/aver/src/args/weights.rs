//! What `aver weights` takes.

use super::{proofs::SetupArgs, request::word};
use averment_primitives::B256;
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum WeightsCommand {
    /// Puts a committed plan's weights and salt into a folder, sealed to each key by itself
    #[command(after_help = "Examples:\n  aver weights seal triage.plan --to oracle-1 --to 0x… -o sealed\n  \
                            aver weights seal triage.plan --request 0x… -o sealed\n\n\
                            With --request they are sealed to the members of the committee that was drawn for it; --to takes a key \
                            as `aver inputs key` shows it, or an operator's signing key. Give the operators PLAN/public too.")]
    Seal(SealWeightsArgs),
    /// Opens what was sealed to --account, checks it against the plan's public half, and writes the whole plan
    #[command(
        after_help = "Example:\n  aver weights open sealed --public triage.plan/public -o triage.plan --account oracle-1"
    )]
    Open(OpenWeightsArgs),
}

#[derive(Debug, Args)]
pub struct SealWeightsArgs {
    /// The folder of a committed plan
    pub plan: PathBuf,
    /// Seal to this key, or to this operator's: 32 bytes, a signing key's address or its name; once for each
    #[arg(long, value_name = "KEY")]
    pub to: Vec<String>,
    /// Seal to the members of this request's committee
    #[arg(long, value_name = "ID", value_parser = word)]
    pub request: Option<B256>,
    /// The folder for sealed files, one for each key
    #[arg(short, long, value_name = "FOLDER")]
    pub output: PathBuf,
}

#[derive(Debug, Args)]
pub struct OpenWeightsArgs {
    /// The folder with what was sealed
    pub folder: PathBuf,
    /// The public half of the plan that it has to be
    #[arg(long, value_name = "PLAN/public")]
    pub public: PathBuf,
    /// The plan's folder that is made
    #[arg(short, long, value_name = "PLAN")]
    pub output: PathBuf,
    #[command(flatten)]
    pub setup: SetupArgs,
}
