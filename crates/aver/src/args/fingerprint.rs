//! What `aver fingerprint` takes.

use averment_primitives::B256;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Clone, Copy, ValueEnum, PartialEq, Eq)]
pub enum SymlinksArg {
    /// A symbolic link is an error
    Refuse,
    /// A symbolic link counts as its target's text, which is not followed
    Record,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  aver fingerprint weights/ --json")]
pub struct FingerprintArgs {
    /// The file or folder
    pub path: PathBuf,
    /// Remember what was read in this file, and read only what changed the next time
    #[arg(long, value_name = "FILE")]
    pub cache: Option<PathBuf>,
    /// Read everything again, whatever the cache says
    #[arg(long)]
    pub trust_nothing: bool,
    /// What to do with symbolic links
    #[arg(long, value_enum, default_value = "refuse")]
    pub symlinks: SymlinksArg,
    /// Fail unless the root is this one
    #[arg(long, value_name = "ROOT")]
    pub expect: Option<B256>,
    /// List every file with its two roots
    #[arg(long)]
    pub list: bool,
}
