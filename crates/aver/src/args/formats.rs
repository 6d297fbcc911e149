//! What `aver export` and `aver import` take.

use averment_storage::formats::oms::Hash;
use clap::{Args, Subcommand, ValueEnum};
use std::{num::NonZero, path::PathBuf};

#[derive(Debug, Subcommand)]
pub enum ExportCommand {
    /// Signs a model for the tools of OpenSSF Model Signing 1.0 (a Sigstore bundle with a key)
    #[command(after_help = "Example:\n  aver keys new signing --kind model-signing\n  \
                      aver export oms weights/ --key signing -o weights.sig\n\n\
                      Anybody checks it with the public key alone:\n  \
                      aver keys public signing -o signing.pub.pem\n  \
                      aver import oms weights/ --signature weights.sig --key signing.pub.pem\n  \
                      model_signing verify key weights/ --signature weights.sig --public_key signing.pub.pem")]
    Oms(ExportOmsArgs),
}

#[derive(Debug, Args)]
pub struct ExportOmsArgs {
    /// The model's folder or file
    pub path: PathBuf,
    /// The key that signs: its name in the key folder, or a PEM file (with a `/` in it, or .pem at its end)
    #[arg(long, value_name = "KEY")]
    pub key: PathBuf,
    /// Where to write the bundle; an older bundle there is replaced, no other file is
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
    /// The hash of the files; other tools verify all but sha256 and blake3 only when told so
    #[arg(long, value_enum, default_value = "sha256")]
    pub hash: HashArg,
    /// Give every piece of so many bytes a digest, instead of every file
    #[arg(long, value_name = "BYTES")]
    pub shard_size: Option<NonZero<u64>>,
    /// A path relative to the model that is not signed, with all below it; can be given more than once
    #[arg(long, value_name = "PATH")]
    pub ignore: Vec<String>,
    /// Sign also what git keeps there (.git, .gitattributes, .github, .gitignore)
    #[arg(long)]
    pub sign_git_paths: bool,
    /// Sign the files that symbolic links lead to; without it, a link is an error
    #[arg(long)]
    pub follow_symlinks: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum, PartialEq, Eq)]
pub enum HashArg {
    Sha256,
    Blake2b,
    Blake3,
}

impl From<HashArg> for Hash {
    fn from(arg: HashArg) -> Self {
        match arg {
            HashArg::Sha256 => Self::Sha256,
            HashArg::Blake2b => Self::Blake2b,
            HashArg::Blake3 => Self::Blake3,
        }
    }
}

#[derive(Debug, Subcommand)]
pub enum ImportCommand {
    /// Checks a model against an OpenSSF Model Signing 1.0 bundle and its signer's public key
    #[command(
        after_help = "Example:\n  aver import oms weights/ --signature weights.sig --key signer.pub.pem"
    )]
    Oms(ImportOmsArgs),
}

#[derive(Debug, Args)]
pub struct ImportOmsArgs {
    /// The model's folder or file
    pub path: PathBuf,
    /// The bundle
    #[arg(long, value_name = "FILE")]
    pub signature: PathBuf,
    /// The signer's P-256 public key, PEM
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// A path relative to the model that need not be signed, with all below it; can be given more than once
    #[arg(long, value_name = "PATH")]
    pub ignore: Vec<String>,
}
