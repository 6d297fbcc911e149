//! The command line as a person types it. What it means is settled in [`crate::config`] and the commands.

use averment_primitives::{Address, B256};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

const AFTER_HELP: &str = "\
Exit codes:
  0  done
  1  refused: evidence does not verify, or the chain would refuse the transaction
  2  the command line or the configuration is wrong
  3  something outside failed: a file, the chain, a password

Begin with `aver demo`, or in a folder of your own with `aver init`.";

/// Makes AI decisions into statements one can prove.
#[derive(Debug, Parser)]
#[command(name = "aver", version, after_help = AFTER_HELP, propagate_version = true)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// Options every command takes. A flag goes before the environment, the environment before `averment.toml`.
#[derive(Debug, Args)]
pub struct Global {
    /// The configuration file [default: averment.toml here or in a folder above]
    #[arg(
        long,
        global = true,
        env = "AVERMENT_CONFIG",
        value_name = "FILE",
        help_heading = "Global options"
    )]
    pub config: Option<PathBuf>,
    /// Print one JSON object instead of words
    #[arg(long, global = true, help_heading = "Global options")]
    pub json: bool,
    /// Do not ask before signing or sending
    #[arg(long, short = 'y', global = true, help_heading = "Global options")]
    pub yes: bool,
    /// `embedded`, or the URL of a chain's JSON-RPC
    #[arg(
        long,
        global = true,
        env = "AVERMENT_CHAIN",
        value_name = "CHAIN",
        help_heading = "Global options"
    )]
    pub chain: Option<String>,
    /// The chain id that a remote chain must have
    #[arg(
        long,
        global = true,
        env = "AVERMENT_CHAIN_ID",
        value_name = "ID",
        help_heading = "Global options"
    )]
    pub chain_id: Option<u64>,
    /// The key that signs, by its name in the key folder
    #[arg(
        long,
        global = true,
        env = "AVERMENT_ACCOUNT",
        value_name = "KEY",
        help_heading = "Global options"
    )]
    pub account: Option<String>,
    /// A file whose first line is the keys' password (otherwise the terminal asks)
    #[arg(
        long,
        global = true,
        env = "AVERMENT_PASSWORD_FILE",
        value_name = "FILE",
        help_heading = "Global options"
    )]
    pub password_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Shows the whole story on a fresh chain inside this process
    Demo(DemoArgs),
    /// Makes an averment.toml and the folders it names
    Init(InitArgs),
    /// Makes, imports and lists encrypted keys
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Deploys the contracts
    #[command(subcommand)]
    Contracts(ContractsCommand),
    /// Fingerprints a file or folder: one root that binds names, sizes and bytes
    Fingerprint(FingerprintArgs),
    /// Verifies an audit file offline
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Prints a shell's completion script
    #[command(
        after_help = "Example:\n  aver completions bash > ~/.local/share/bash-completion/completions/aver"
    )]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  aver demo\n  aver demo --folder story")]
pub struct DemoArgs {
    /// Where to leave the audit file, its page and the chain [default: a new folder averment-demo]
    #[arg(long, value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  aver init\n  aver init --chain https://rpc.example --chain-id 1")]
pub struct InitArgs {
    /// The folder to make it in
    #[arg(default_value = ".")]
    pub folder: PathBuf,
}

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
    Import {
        /// The name it gets here
        name: String,
        /// The keystore file (V3)
        file: PathBuf,
    },
    /// Lists the keys, without their passwords
    List,
}

#[derive(Debug, Clone, Copy, ValueEnum, PartialEq, Eq)]
pub enum ProfileArg {
    /// Upgrades and parameters wait two days; the deployer keeps nothing
    Production,
    /// No delays; refused on any chain but a development chain
    Development,
}

#[derive(Debug, Subcommand)]
pub enum ContractsCommand {
    /// Deploys the registry, the anchors and their access manager
    #[command(after_help = "Example:\n  aver contracts deploy --profile development\n  \
                      aver contracts deploy --profile production --proposer 0x… --canceller 0x… --pauser 0x…")]
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
    },
    /// Shows the deployment and checks it against the chain
    Show,
}

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
