//! What `aver log` takes.

use averment_primitives::VersionId;
use averment_registry::log::VerifierKey;
use clap::{Args, Subcommand, ValueEnum};
use std::{num::NonZeroU64, path::PathBuf};

#[derive(Debug, Subcommand)]
pub enum LogCommand {
    /// Makes the log, and opens it on the contract that anchors it
    Open(OpenArgs),
    /// Appends records, all or none, from a file of JSON lines
    Append(AppendArgs),
    /// Writes the proof that a record is in the log
    Prove(ProveArgs),
    /// Checks the whole log and its anchors on chain, or the proof in a file
    Verify(VerifyLogArgs),
    /// Pads the log and anchors it, once an epoch, also when nothing happened
    #[command(after_help = "Example:\n  aver log anchor --account poster\n  aver log anchor --follow --yes")]
    Anchor {
        /// Go on for ever: one anchor at the beginning of each epoch
        #[arg(long)]
        follow: bool,
    },
    /// Forgets a record: overwrites its salt and its text; every proof stays valid
    #[command(after_help = "Example:\n  aver log erase 41")]
    Erase {
        /// The record's index
        index: u64,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  aver keys new log --kind log\n  \
                  aver log open clinic.example/decisions --cadence 3600 --account poster")]
pub struct OpenArgs {
    /// The log's name in its checkpoints: a URL without scheme, such as example.org/decisions
    pub origin: String,
    /// Seconds an epoch, which has one anchor
    #[arg(long, value_name = "SECONDS", default_value_t = 3600, value_parser = clap::value_parser!(u64).range(60..=31_536_000))]
    pub cadence: u64,
    /// The key that signs checkpoints
    #[arg(long, value_name = "KEY", default_value = "log")]
    pub key: String,
    /// Every anchor pads the log to a multiple of this many records, at least one
    #[arg(long, value_name = "RECORDS", default_value = "1")]
    pub padding: NonZeroU64,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  aver log append --about 0x… decisions.jsonl\n  \
                  echo '{\"input\":\"0x…\",\"output\":{\"malignant\":0.93}}' | aver log append --about 0x… -\n\n\
                  Each line is one JSON object with whatever there is to record. Its fields `kind`, `version` and `at` \
                  (second of Unix time) go before the options. Nothing of a record is published but a salted hash.")]
pub struct AppendArgs {
    /// JSON, one record a line; `-` is standard input
    pub file: PathBuf,
    /// What the records are
    #[arg(long, value_enum, default_value = "decision")]
    pub kind: RecordKindArg,
    /// The version they are about; a decision needs one
    #[arg(long = "about", value_name = "VERSION")]
    pub version: Option<VersionId>,
    /// What moved the decision, as `aver explain -o` wrote it; for a single record
    #[arg(long, value_name = "FILE")]
    pub explanation: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  aver log prove 41 -o decision-41.proof\n  aver log prove 41 --withhold -o decision-41.proof"
)]
pub struct ProveArgs {
    /// The record's index
    pub index: u64,
    /// Where to write it [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Prove the leaf only: leave out the record and its salt
    #[arg(long)]
    pub withhold: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  aver log verify\n  aver log verify decision-41.proof --key example.org/decisions+…"
)]
pub struct VerifyLogArgs {
    /// A proof that `aver log prove` wrote; without it the log here is checked
    pub proof: Option<PathBuf>,
    /// The log's verifier key, NAME+HASH+BASE64, as its operator publishes it [default: those in
    /// averment.toml (trust.log_keys), and that of the log here]
    #[arg(long, value_name = "KEY", requires = "proof")]
    pub key: Option<VerifierKey>,
    /// Do not ask the chain
    #[arg(long, conflicts_with = "proof")]
    pub offline: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum, PartialEq, Eq)]
pub enum RecordKindArg {
    /// A training or evaluation run
    Run,
    /// A decision about somebody or something
    Decision,
    /// Anything else worth keeping, such as an incident
    Event,
}
