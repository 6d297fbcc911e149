//! What `aver audit` takes.

use averment_primitives::{Address, B256};
use clap::Subcommand;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Checks an audit file offline, with nothing but a block hash you trust
    #[command(after_help = "Example:\n  aver audit verify triage.audit.json --block-hash 0x… --registry 0x…")]
    Verify {
        /// The audit file
        file: PathBuf,
        /// The hash of a block you trust: from your own node or a block explorer, not from the file's author
        #[arg(long, value_name = "HASH")]
        block_hash: B256,
        /// The registry's address, as its operator publishes it
        #[arg(long, value_name = "ADDRESS")]
        registry: Option<Address>,
        /// The address of the contract that anchors logs, as its operator publishes it
        #[arg(long, value_name = "ADDRESS")]
        anchors: Option<Address>,
        /// A hash of code you trust behind the registry's proxy; once for each
        #[arg(long = "code", value_name = "HASH")]
        code: Vec<B256>,
        /// A log's verifier key you trust, NAME+HASH+BASE64; once for each
        #[arg(long = "log-key", value_name = "KEY")]
        log_keys: Vec<String>,
        /// Refuse evidence made on an embedded chain instead of marking it
        #[arg(long)]
        refuse_embedded: bool,
        /// Write the page made from what was verified
        #[arg(long, value_name = "FILE")]
        page: Option<PathBuf>,
    },
}
