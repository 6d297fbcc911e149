//! What `aver audit` takes.

use super::proofs::SetupArgs;
use averment_primitives::{Address, B256};
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  aver audit triage@2.0.0 -o triage.audit.json\n  \
                  aver audit 0x… -o triage.audit.json --disclose \"training rows\" --record 41\n  \
                  aver audit decision 0x… --plan triage.plan -o decision.json\n  \
                  aver audit verify triage.audit.json --block-hash 0x…\n\n\
                  The page lies beside the file, with .html at its end."
)]
pub struct AuditArgs {
    #[command(subcommand)]
    pub command: Option<AuditCommand>,
    /// The version: its id, or NAME@NUMBER of one that was registered from here
    #[arg(required = true)]
    pub version: Option<String>,
    /// Where to write the file
    #[arg(long, short, value_name = "FILE", required = true)]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub with: WithArgs,
}

/// What goes into the file beside what the chain holds.
#[derive(Debug, Args)]
pub struct WithArgs {
    /// A folder with the manifests of ancestors that others registered; once for each
    #[arg(long = "releases", value_name = "FOLDER")]
    pub releases: Vec<PathBuf>,
    /// A private dataset of this version whose fingerprint this reader may see; once for each
    #[arg(long, value_name = "DATASET")]
    pub disclose: Vec<String>,
    /// The plan that a task of federated learning in the lineage started from, or its public half, where the version's folder does
    /// not have it: with it the rounds' proofs go into the file; once for each
    #[arg(long = "task-plan", value_name = "PLAN")]
    pub task_plans: Vec<PathBuf>,
    /// A record of the log about this version or an ancestor that this reader may see; once for each
    #[arg(long = "record", value_name = "INDEX")]
    pub records: Vec<u64>,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  aver audit decision 0x… --plan triage.plan -o decision.json\n  \
                  aver audit decision 0x… -o decision.json --disclose-inputs case.input\n  \
                  aver audit verify decision.json --block-hash 0x… --router 0x… --setup ceremony.ptau\n\n\
                  The file runs from the version's data to the payout. Steps that are older than what the chain's state \
                  remembers (8,191 blocks) are told, not proved, and marked so. Private inputs are never in it unless you \
                  disclose them.")]
pub struct DecisionArgs {
    /// The request's id, or a claim's: the identity of the commitment to its evidence
    #[arg(value_name = "REQUEST|CLAIM")]
    pub id: B256,
    /// Where to write the file
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
    /// The version's plan, or the public half of it: needed to put the proof of a proved answer into the file
    #[arg(long, value_name = "PLAN")]
    pub plan: Option<PathBuf>,
    /// A commitment to an input, with its opening beside it, that this reader may see; once for each
    #[arg(long, value_name = "FILE")]
    pub disclose_inputs: Vec<PathBuf>,
    /// The claims pool of a claim [default: the one that is recorded here]
    #[arg(long, value_name = "ADDRESS")]
    pub pool: Option<Address>,
    #[command(flatten)]
    pub with: WithArgs,
    #[command(flatten)]
    pub setup: SetupArgs,
}

#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Makes the file about one final decision, from its data to the payout
    Decision(DecisionArgs),
    /// Checks an audit file offline, with nothing but a block hash you trust
    Verify(VerifyArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  aver audit verify triage.audit.json --block-hash 0x… --registry 0x…\n\n\
                  What you trust each time can stand in averment.toml, under [trust].")]
pub struct VerifyArgs {
    /// The audit file
    pub file: PathBuf,
    /// The hash of a block you trust: from your own node or a block explorer, not from the file's author
    #[arg(long, value_name = "HASH")]
    pub block_hash: B256,
    /// The registry's address, as its operator publishes it
    #[arg(long, value_name = "ADDRESS")]
    pub registry: Option<Address>,
    /// The address of the contract that anchors logs, as its operator publishes it
    #[arg(long, value_name = "ADDRESS")]
    pub anchors: Option<Address>,
    /// The address of the router that settles requests, as its operator publishes it
    #[arg(long, value_name = "ADDRESS")]
    pub router: Option<Address>,
    /// The address of the claims pool, as its insurer publishes it
    #[arg(long, value_name = "ADDRESS")]
    pub pool: Option<Address>,
    /// The address of the factory of federated tasks, as its operator publishes it
    #[arg(long, value_name = "ADDRESS")]
    pub tasks: Option<Address>,
    #[command(flatten)]
    pub setup: SetupArgs,
    /// A hash of code you trust behind the proxies of registry, router, pool and factory, or that a task runs; once for each
    #[arg(long = "code", value_name = "HASH")]
    pub code: Vec<B256>,
    /// A log's verifier key you trust, NAME+HASH+BASE64; once for each
    #[arg(long = "log-key", value_name = "KEY")]
    pub log_keys: Vec<String>,
    /// Refuse evidence made on an embedded chain instead of marking it
    #[arg(long)]
    pub refuse_embedded: bool,
    /// Write the page made from what was verified
    #[arg(long, value_name = "FILE")]
    pub page: Option<PathBuf>,
}
