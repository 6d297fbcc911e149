//! What `aver keys` takes.

use clap::{Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Clone, Copy, ValueEnum, PartialEq, Eq)]
pub enum KeyKind {
    /// An Ethereum account (secp256k1): signs transactions, manifests and approvals
    Account,
    /// An Ed25519 key: signs a log's checkpoints
    Log,
}

#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Makes a key and writes it encrypted
    #[command(after_help = "Example:\n  aver keys new risk-officer\n  aver keys new log --kind log")]
    New {
        /// Its name: letters, digits, '-' and '_'
        name: String,
        /// What it is for
        #[arg(long, value_enum, default_value = "account")]
        kind: KeyKind,
    },
    /// Takes over a standard Ethereum keystore file (its password opens it)
    #[command(
        after_help = "Example:\n  aver keys import owner ~/.ethereum/keystore/UTC--2026-11-21T10-00-00Z--0a1b…"
    )]
    Import {
        /// The name it gets here
        name: String,
        /// The keystore file (V3)
        file: PathBuf,
    },
    /// Lists the keys, without their passwords
    List,
}
