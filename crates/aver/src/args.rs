//! The command line as a person types it. What it means is settled in [`crate::config`] and the commands.

use averment_primitives::{Address, B256, VersionId};
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
    /// Creates models and governs who may decide about them
    #[command(subcommand)]
    Model(ModelCommand),
    /// Registers a version from its manifest and weight files
    Register(RegisterArgs),
    /// Signs a decision about a version, and submits signed ones
    Approve(ApproveArgs),
    /// States that an approved version runs somewhere from now on
    Deploy(DeployArgs),
    /// Ends a version's ordinary life
    Retire(EndArgs),
    /// Withdraws a version for cause
    Revoke(EndArgs),
    /// Shows a model's history, checked against the chain
    History(HistoryArgs),
    /// Keeps the append-only log of runs and decisions
    #[command(subcommand)]
    Log(LogCommand),
    /// Writes a version's audit file, or verifies one offline
    Audit(AuditArgs),
    /// Writes evidence in another tool's format
    #[command(subcommand)]
    Export(ExportCommand),
    /// Reads and verifies evidence in another tool's format
    #[command(subcommand)]
    Import(ImportCommand),
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
    /// A P-256 key in PEM: signs OpenSSF model signatures
    ModelSigning,
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
pub enum ModelCommand {
    /// Creates a model with its approval policy
    #[command(
        after_help = "Example:\n  aver model create triage --role risk=0xA… --role medical=0xB… --role legal=0xC… --threshold 2"
    )]
    Create {
        /// Its public name, 1 to 64 bytes
        name: String,
        /// A role and the address of its key, NAME=ADDRESS or NAME=KEY; once for each role
        #[arg(long = "role", value_name = "NAME=KEY", required = true)]
        roles: Vec<String>,
        /// How many of the roles must agree
        #[arg(long, value_name = "M")]
        threshold: u8,
    },
    /// Sets the policy for versions registered from now on
    Policy {
        /// The model: its id, or its name if you own it
        model: String,
        /// A role, NAME=KEY for a new one, NAME for one that has a key
        #[arg(long = "role", value_name = "NAME[=KEY]", required = true)]
        roles: Vec<String>,
        /// How many of the roles must agree
        #[arg(long, value_name = "M")]
        threshold: u8,
    },
    /// Hands a role from its present key (--account) to another
    RotateKey {
        /// The model
        model: String,
        /// The role's name
        #[arg(long)]
        role: String,
        /// The new key: an address or the name of a key
        #[arg(long = "to", value_name = "KEY")]
        to: String,
    },
    /// Appoints a role's key anew, for versions registered from now on (by the owner)
    ReplaceKey {
        /// The model
        model: String,
        /// The role's name
        #[arg(long)]
        role: String,
        /// The new key: an address or the name of a key
        #[arg(long = "to", value_name = "KEY")]
        to: String,
    },
    /// Declares a key compromised: its decisions from an entry of the history on no longer count
    Compromised {
        /// The model
        model: String,
        /// The role's name
        #[arg(long)]
        role: String,
        /// The key: an address or the name of a key
        #[arg(long)]
        key: String,
        /// The first history entry that is in doubt [default: from now on]
        #[arg(long, value_name = "ENTRY")]
        from: Option<u64>,
    },
    /// Allows or forbids another account to register versions
    Registrar {
        /// The model
        model: String,
        /// The account: an address or the name of a key
        account: String,
        /// Forbid instead of allow
        #[arg(long)]
        forbid: bool,
    },
    /// Offers the model to another owner, who accepts with `aver model accept`
    Transfer {
        /// The model
        model: String,
        /// The next owner: an address or the name of a key
        #[arg(long = "to", value_name = "KEY")]
        to: String,
    },
    /// Accepts a model that was offered
    Accept {
        /// The model
        model: String,
    },
    /// Shows a model's policy, keys and versions
    Show {
        /// The model
        model: String,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  aver register triage --manifest model.toml --weights weights/\n\n\
                  The manifest is written by hand (`aver register --template` prints one to begin with); the\n\
                  fingerprint, git's state and the environment are added to it.")]
pub struct RegisterArgs {
    /// The model: its id, or its name if you own it
    #[arg(required_unless_present = "template")]
    pub model: Option<String>,
    /// The manifest, TOML
    #[arg(long, value_name = "FILE", required_unless_present = "template")]
    pub manifest: Option<PathBuf>,
    /// The weight file or folder
    #[arg(long, value_name = "PATH", required_unless_present = "template")]
    pub weights: Option<PathBuf>,
    /// A version this one was made from; once for each
    #[arg(long = "parent", value_name = "VERSION")]
    pub parents: Vec<VersionId>,
    /// The code's git checkout [default: where the manifest lies, if git knows it]
    #[arg(long, value_name = "FOLDER")]
    pub code: Option<PathBuf>,
    /// Print a manifest to begin with
    #[arg(long, exclusive = true)]
    pub template: bool,
}

#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Example:\n  aver approve 0x… --role medical --account dr-lee\n  \
                  aver approve 0x… --role legal --account counsel -o legal.json   # sign only\n  \
                  aver approve submit legal.json risk.json                        # anyone may send them"
)]
pub struct ApproveArgs {
    #[command(subcommand)]
    pub submit: Option<ApproveCommand>,
    /// The version
    #[arg(required = true)]
    pub version: Option<VersionId>,
    /// The role whose key signs
    #[arg(long, required = true)]
    pub role: Option<String>,
    /// Reject instead of approve
    #[arg(long)]
    pub reject: bool,
    /// Days for which the signature may be submitted
    #[arg(long, value_name = "DAYS", default_value_t = 7)]
    pub valid_days: u32,
    /// Only sign, and write the signed decision to this file
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum ApproveCommand {
    /// Submits signed decisions in one transaction, by anyone
    Submit {
        /// The files
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  aver deploy 0x… --environment clinic-north")]
pub struct DeployArgs {
    /// The version
    pub version: VersionId,
    /// Where it runs, 1 to 64 bytes, public
    #[arg(long)]
    pub environment: String,
}

#[derive(Debug, Args)]
pub struct EndArgs {
    /// The version
    pub version: VersionId,
    /// Why, 1 to 280 bytes, public: nothing about people
    #[arg(long)]
    pub reason: String,
}

#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// The model: its id, or its name if you own it
    pub model: String,
}

#[derive(Debug, Subcommand)]
pub enum LogCommand {
    /// Makes the log and opens it on the Anchors contract
    Open {
        /// The log's name in its checkpoints, such as example.org/decisions
        origin: String,
        /// Seconds between two anchors
        #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
        cadence: u64,
        /// The Ed25519 key that signs checkpoints
        #[arg(long, value_name = "KEY", default_value = "log")]
        key: String,
    },
    /// Appends records from a file of JSON lines, or `-` for standard input
    #[command(after_help = "Example:\n  aver log append --kind decision --version 0x… decisions.jsonl")]
    Append {
        /// JSON, one record a line
        file: PathBuf,
        /// What the records are
        #[arg(long, value_enum, default_value = "decision")]
        kind: RecordKindArg,
        /// The version they are about
        #[arg(long = "about", value_name = "VERSION")]
        version: VersionId,
    },
    /// Writes the proof that a record is in the log
    Prove {
        /// The record's index
        index: u64,
        /// Where to write it
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Checks the whole log: every tile, every record, the checkpoint, the anchors
    Verify,
    /// Pads the log and anchors its root, once an epoch, also when nothing happened
    Anchor {
        /// Go on for ever, one anchor an epoch
        #[arg(long)]
        follow: bool,
    },
    /// Forgets a record: wipes its salt and its text; every proof stays valid
    Erase {
        /// The record's index
        index: u64,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum, PartialEq, Eq)]
pub enum RecordKindArg {
    /// A training or evaluation run
    Run,
    /// A decision about somebody or something
    Decision,
}

#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Example:\n  aver audit 0x… -o triage.audit.json\n  \
                  aver audit verify triage.audit.json --block 0x…"
)]
pub struct AuditArgs {
    #[command(subcommand)]
    pub verify: Option<AuditCommand>,
    /// The version
    #[arg(required = true)]
    pub version: Option<VersionId>,
    /// Where to write the audit file; its page goes beside it as .html
    #[arg(long, short, value_name = "FILE", required = true)]
    pub output: Option<PathBuf>,
    /// Records of the log to include, by index [default: none]
    #[arg(long = "record", value_name = "INDEX")]
    pub records: Vec<u64>,
}

#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Checks an audit file offline, with nothing but a block hash you trust
    Verify {
        /// The audit file
        file: PathBuf,
        /// The hash of a block you trust: from your own node or a block explorer, not from the file's author
        #[arg(long, value_name = "HASH")]
        block: B256,
        /// Write the page made from what was verified
        #[arg(long, value_name = "FILE")]
        page: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub enum ExportCommand {
    /// An OpenSSF Model Signing 1.0 signature (Sigstore bundle with a key)
    #[command(after_help = "Example:\n  aver keys new signing --kind model-signing\n  \
                      aver export oms weights/ --key .averment/keys/signing.pem -o weights.sig")]
    Oms {
        /// The model's folder or file
        path: PathBuf,
        /// The P-256 private key, PEM
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// Where to write the bundle
        #[arg(long, short, value_name = "FILE")]
        output: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub enum ImportCommand {
    /// Verifies an OpenSSF Model Signing bundle against files and a public key
    #[command(after_help = "Example:\n  aver import oms weights/ --signature model.sig --key signer.pub.pem")]
    Oms {
        /// The model's folder or file
        path: PathBuf,
        /// The bundle
        #[arg(long, value_name = "FILE")]
        signature: PathBuf,
        /// The signer's public key, PEM
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
}
