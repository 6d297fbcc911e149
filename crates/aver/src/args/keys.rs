//! What `aver keys` takes.

use clap::{Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Clone, Copy, ValueEnum, PartialEq, Eq)]
pub enum KeyKind {
    /// An Ethereum account (secp256k1): signs transactions, manifests and approvals
    Account,
    /// An Ed25519 key: signs a log's checkpoints
    Log,
    /// A P-256 key: signs models for other tools (`aver export oms`)
    ModelSigning,
}

#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Makes a key and writes it encrypted
    #[command(after_help = "Example:\n  aver keys new risk-officer\n  aver keys new log --kind log\n  \
                      aver keys new signing --kind model-signing")]
    New {
        /// Its name: letters, digits, '-' and '_'
        name: String,
        /// What it is for
        #[arg(long, value_enum, default_value = "account")]
        kind: KeyKind,
    },
    /// Takes over a standard Ethereum keystore file (its password opens it), or a P-256 key's PEM file
    #[command(
        after_help = "Example:\n  aver keys import owner ~/.ethereum/keystore/UTC--2026-11-21T10-00-00Z--0a1b…\n  \
                      aver keys import signing signing.pem"
    )]
    Import {
        /// The name it gets here
        name: String,
        /// The keystore file (V3), or a PEM file without a password (its name ends in .pem)
        file: PathBuf,
    },
    /// Lists the keys, without their passwords
    #[command(after_help = "Example:\n  aver keys list")]
    List,
    /// Prints a key's public part: an address, a log's key, or the PEM of a key that signs models
    #[command(after_help = "Example:\n  aver keys public signing -o signing.pub.pem")]
    Public {
        /// Its name
        name: String,
        /// Write it to this new file instead
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}
