//! What `aver oracle` takes.

use super::proofs::SetupArgs;
use alloy::primitives::FixedBytes;
use clap::{Args, Subcommand};
use std::{net::SocketAddr, path::PathBuf, str::FromStr};

#[derive(Debug, Subcommand)]
pub enum OracleCommand {
    /// Answers requests that --account was drawn for, and challenges wrong answers, until Ctrl-C
    #[command(
        after_help = "Example:\n  aver oracle run --serve VERSION=triage.plan --inputs inbox --account oracle-1\n  \
                      curl http://127.0.0.1:9464/health\n\nIt acts on settled blocks only (chain.finality in averment.toml), \
                      and may be stopped at any moment: what it saw and decided is in its journal, which one process at a time \
                      has open. With --peers and --listen it signs together with the other members of its committees. If a settled block is replaced it stops with an alarm and signs nothing more."
    )]
    Run(Box<RunArgs>),
    /// Stakes seats: --account pays and owns them (on a development chain the money is made), another key signs
    #[command(after_help = "Example:\n  aver oracle join --signer oracle-1 --seats 4 --account treasury")]
    Join(JoinArgs),
    /// Gives up all seats that are in no committee; once their time has passed, withdraws their bonds to --account
    #[command(after_help = "Example:\n  aver oracle leave --signer oracle-1 --account treasury")]
    Leave(SignerArgs),
    /// Brings a round of drand that committees are drawn with, where blocks have no randomness (by anybody)
    #[command(after_help = "Example:\n  aver oracle round 28151440 a5d07c0071b4…  # as \
                      https://api.drand.sh/v2/beacons/quicknet/rounds/28151440 gives its signature")]
    Round {
        /// Its number, as the router's drawOf says it
        number: u64,
        /// Its signature: 48 bytes in hexadecimal
        signature: FixedBytes<48>,
    },
    /// Shows how an operator stands
    #[command(after_help = "Example:\n  aver oracle status --signer oracle-1")]
    Status(SignerArgs),
}

#[derive(Debug, Args)]
pub struct RunArgs {
    /// A version that is answered, and the folder of its committed plan, or with --sealed-weights the public half (repeat it for
    /// more)
    #[arg(long, value_name = "VERSION=PLAN", required = true)]
    pub serve: Vec<ServedArg>,
    /// The folder where those who ask put their inputs
    #[arg(long, value_name = "FOLDER")]
    pub inputs: PathBuf,
    /// The folder with weights that are sealed to --account, for plans of which only the public half is here: they are opened
    /// in memory and written nowhere
    #[arg(long, value_name = "FOLDER")]
    pub sealed_weights: Option<PathBuf>,
    /// The journal [default: oracle/KEY.journal beside the deployment's record]
    #[arg(long, value_name = "FILE")]
    pub journal: Option<PathBuf>,
    /// Where /metrics and /health are: a loopback address
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:9464")]
    pub pages: SocketAddr,
    /// Where other operators listen (peers.toml): members of a committee then sign together and post one transaction
    #[arg(long, value_name = "FILE", requires = "listen")]
    pub peers: Option<PathBuf>,
    /// Where this operator listens for them; HTTP, which a proxy may put behind HTTPS
    #[arg(long, value_name = "ADDRESS:PORT", requires = "peers")]
    pub listen: Option<SocketAddr>,
    /// A relay of drand, from which the rounds are fetched that draw committees where blocks have no randomness (repeat it for
    /// more; they are tried in turn)
    #[arg(long, value_name = "URL")]
    pub drand: Vec<String>,
    /// Answer optimistic requests with a bond, and prove those answers when they are challenged: at most this many tokens at
    /// stake at a time, from the account's balance with the router
    #[arg(long, value_name = "TOKENS")]
    pub answer: Option<String>,
    /// Prove what is asked for by proof
    #[arg(long)]
    pub prove: bool,
    /// Neither answer nor prove for a fee of less than so many tokens
    #[arg(long, value_name = "TOKENS", default_value = "0")]
    pub least_fee: String,
    /// Only answer: challenge nobody
    #[arg(long)]
    pub no_challenges: bool,
    /// Wait while a transaction would cost more than this many ether
    #[arg(long, value_name = "ETHER", default_value = "0.1")]
    pub max_fee: String,
    /// Seconds between looking at the chain
    #[arg(long, value_name = "SECONDS", default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub pause: u64,
    /// Seconds before commitments end at which an input that is not there counts as not to be had
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub margin: u64,
    /// Seconds that the chain takes to settle at the most: requests whose windows are shorter are not served
    /// [default: 1200 for the chain's own finality, 15 for each block of depth]
    #[arg(long, value_name = "SECONDS")]
    pub settling: Option<u64>,
    #[command(flatten)]
    pub setup: SetupArgs,
}

/// A version and where its plan is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServedArg {
    /// The version: its id, or NAME@NUMBER.
    pub version: String,
    /// The plan's folder.
    pub plan: PathBuf,
}

impl FromStr for ServedArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((version, plan)) if !version.is_empty() && !plan.is_empty() => {
                Ok(Self { version: version.to_owned(), plan: plan.into() })
            }
            _ => Err("expected VERSION=PLAN, a version and the folder of its committed plan".to_owned()),
        }
    }
}

#[derive(Debug, Args)]
pub struct JoinArgs {
    /// The key that will sign, by its name in the key folder; not --account's
    #[arg(long, value_name = "KEY")]
    pub signer: String,
    /// How many seats
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub seats: u16,
}

#[derive(Debug, Args)]
pub struct SignerArgs {
    /// The operator's signing key: its name in the key folder, or its address
    #[arg(long, value_name = "KEY")]
    pub signer: String,
}
