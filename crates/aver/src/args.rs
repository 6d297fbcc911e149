//! The command line as a person types it. What it means is settled in [`crate::config`] and the commands.

mod audit;
mod chain;
pub mod claims;
mod contracts;
pub mod federated;
mod fees;
mod fingerprint;
mod formats;
mod keys;
mod log;
mod model;
mod oracle;
pub mod proofs;
mod register;
pub mod request;
mod simulate;
mod steward;
mod version;
pub mod weights;

pub use audit::{AuditArgs, AuditCommand, DecisionArgs, VerifyArgs, WithArgs};
pub use chain::{ChainCommand, ServeArgs};
pub use contracts::{ContractsCommand, ProfileArg};
pub use fees::FeesArgs;
pub use fingerprint::{FingerprintArgs, SymlinksArg};
pub use formats::{ExportCommand, ExportOmsArgs, ImportCommand, ImportOmsArgs};
pub use keys::{KeyKind, KeysCommand};
pub use log::{AppendArgs, LogCommand, OpenArgs, ProveArgs, RecordKindArg};
pub use model::ModelCommand;
pub use oracle::{JoinArgs, OracleCommand, RunArgs, SignerArgs};
pub use register::RegisterArgs;
pub use request::{
    AnswerArgs, BalanceCommand, ChallengeArgs, ComputeArgs, InputsCommand, ModeArg, OfferArgs, OfferCommand,
    RequestArgs, RequestCommand, SealArgs,
};
pub use simulate::{DatasetName, DefenceName, FederatedArgs, OracleArgs, SimulateCommand, SplitName};
pub use steward::{AnnounceArgs, LimitArgs, MeasureArgs, StewardCommand};
pub use version::{ApproveArgs, ApproveCommand, DeployArgs, HistoryArgs, RetireArgs, RevokeArgs};

use clap::{Args, Parser, Subcommand};
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
#[command(name = "aver", version, after_help = AFTER_HELP)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// Options every command takes. A flag goes before the environment, the environment before `averment.toml`.
#[derive(Debug, Default, Args)]
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
    /// Offers the embedded chain to other programs
    #[command(subcommand)]
    Chain(ChainCommand),
    /// Joins the oracle operators, answers requests, leaves
    #[command(subcommand)]
    Oracle(OracleCommand),
    /// Insures: policies, claims that a registered version decides, and payouts
    #[command(subcommand)]
    Claims(claims::ClaimsCommand),
    /// Offers a version's answers to whoever asks, shows offers, withdraws them
    Offer(OfferArgs),
    /// Asks a deployed version, shows where requests stand, and moves them on
    Request(RequestArgs),
    /// Answers a request: computes, and stakes the bond or proves
    Answer(AnswerArgs),
    /// Challenges a wrong answer, and has its bond slashed if it is not proved in time
    Challenge(ChallengeArgs),
    /// Shows what an account has with the router; deposits and withdraws
    #[command(subcommand)]
    Balance(BalanceCommand),
    /// Hands inputs to those who answer, sealed to their keys
    #[command(subcommand)]
    Inputs(InputsCommand),
    /// Hands a model's secret weights to operators, sealed to their keys
    #[command(subcommand)]
    Weights(weights::WeightsCommand),
    /// Deploys the contracts
    #[command(subcommand)]
    Contracts(ContractsCommand),
    /// Registers a version: weights, data, code and what a person wrote about them, signed and bound on chain
    Register(RegisterArgs),
    /// Creates models, sets their policies and keys, and shows them
    #[command(subcommand)]
    Model(ModelCommand),
    /// Has versions retired by rule: when a successor's hour has come, or a limit is broken by what a log records
    #[command(subcommand)]
    Steward(StewardCommand),
    /// Signs a role's decision about a version, after showing in words what is signed
    Approve(ApproveArgs),
    /// States that an approved version runs in an environment
    Deploy(DeployArgs),
    /// Ends a version's ordinary life
    Retire(RetireArgs),
    /// Withdraws a version for cause
    Revoke(RevokeArgs),
    /// Shows everything that happened to a model, in order
    History(HistoryArgs),
    /// Trains one model with participants who do not trust each other: what a task starts from, and what comes of it
    #[command(subcommand)]
    Federated(federated::FederatedCommand),
    /// Makes a provable plan of an ONNX network, and reports what a proof of it will take
    Compile(proofs::CompileArgs),
    /// Commits to a plan's weights, or to an input, before anything is proved
    Commit(proofs::CommitArgs),
    /// Proves what a committed plan says about an input
    Prove(proofs::ProveArgs),
    /// Says which parts of an input moved a decision
    Explain(proofs::ExplainArgs),
    /// Measures what proofs of a plan take on this machine
    Bench(proofs::BenchArgs),
    /// Verifies a proof
    Verify(proofs::VerifyArgs),
    /// Fingerprints a file or folder: one root that binds names, sizes and bytes
    Fingerprint(FingerprintArgs),
    /// Keeps the append-only log of runs and decisions: proves, verifies, anchors, erases
    #[command(subcommand)]
    Log(LogCommand),
    /// Signs a model in another tool's format
    #[command(subcommand)]
    Export(ExportCommand),
    /// Checks a model against a signature in another tool's format
    #[command(subcommand)]
    Import(ImportCommand),
    /// Says what a transaction costs on each chain, and where and how to put a record
    Fees(FeesArgs),
    /// Lets agents with money attack the contracts that settle, and says whether that pays
    #[command(subcommand)]
    Simulate(SimulateCommand),
    /// Writes an audit file about a version, or verifies one offline
    Audit(AuditArgs),
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

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_holds_together_and_what_takes_arguments_has_an_example() {
        Cli::command().debug_assert();
        let mut open: Vec<clap::Command> = Cli::command().get_subcommands().cloned().collect();
        while let Some(command) = open.pop() {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let plain = command.get_arguments().next().is_none();
            assert!(plain || help.contains("Example"), "{} has no example in its help", command.get_name());
            open.extend(command.get_subcommands().cloned());
        }
    }
}
