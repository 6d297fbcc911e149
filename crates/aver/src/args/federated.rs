//! What `aver federated` takes.

use super::{
    proofs::{ColumnArgs, SetupArgs, reveal},
    request::word,
};
use averment_compiler::Reveal;
use averment_ledger::federated::Contested;
use averment_primitives::{B256, Bytes};
use clap::{Args, Subcommand, ValueEnum};
use std::{net::SocketAddr, path::PathBuf};

/// Training of one model by participants who do not trust each other.
#[derive(Debug, Subcommand)]
pub enum FederatedCommand {
    /// Makes the plan that a task starts from: weights of one width and scale, which training then moves
    Start(StartArgs),
    /// Makes the plan of a task's trained model, whose points are the task's
    Finish(FinishArgs),
    /// Deploys the contracts of tasks beside those that are deployed
    #[command(after_help = "Examples:\n  aver federated deploy --account owner\n  \
                            aver federated deploy --sequencer-feed 0x… --account owner")]
    Deploy {
        /// On a rollup: the feed that says whether its sequencer works; while it does not, no phase ends
        #[arg(long, value_name = "ADDRESS")]
        sequencer_feed: Option<String>,
    },
    /// Creates a task with these terms, and puts its pool there
    Create(CreateArgs),
    /// Lists the tasks
    List,
    /// Shows where a task stands: members, phase, deadline, money, and what an account can do next
    Status(StatusArgs),
    /// Joins a task with its stake, once its proofs' descriptors and the room for its rounds are checked
    Join(JoinArgs),
    /// Takes part, until it is stopped: trains on rows of one's own, aggregates when it is its turn, challenges, scores
    Participate(Box<ParticipateArgs>),
    /// Leaves a task, with the stake
    #[command(after_help = "Example:\n  aver federated leave 0x… --account clinic\n\n\
                            The stake is bound from a commit to the end of that round. It is then taken out with\n\
                            `aver federated withdraw`.")]
    Leave {
        /// The task
        #[arg(value_name = "TASK")]
        task: String,
    },
    /// Takes out what an account has in a task: pay, and the stake of who left
    Withdraw(TakeArgs),
    /// Takes the one step that a task needs now: opens a round, draws, begins the next phase, ends a round that nobody goes on with
    #[command(
        after_help = "Example:\n  aver federated advance 0x… --account clinic\n\nAnybody may. Members' programs do it by themselves."
    )]
    Advance {
        /// The task
        #[arg(value_name = "TASK")]
        task: String,
    },
    /// Challenges an update's proof, an update, or the new model, with a bond; or ends the challenges that nobody answered in time
    Challenge(ContestArgs),
    /// Strikes the members of the present round who were silent
    #[command(after_help = "Example:\n  aver federated strike 0x… --account clinic\n\nAnybody may.")]
    Strike {
        /// The task
        #[arg(value_name = "TASK")]
        task: String,
    },
    /// Has qualities computed and the round paid, once nobody can challenge its model any more
    #[command(after_help = "Example:\n  aver federated settle 0x… --account clinic\n\nAnybody may.")]
    Settle {
        /// The task
        #[arg(value_name = "TASK")]
        task: String,
    },
    /// Says on the chain which registered version the final model is (the sponsor)
    Conclude(ConcludeArgs),
}

const CREATE_HELP: &str = "\
Examples:
  aver federated create --template > terms.toml
  aver federated create triage@1.0.0 --plan task.plan --terms terms.toml --account sponsor

The version has to be registered with this very plan (`aver federated start`, `aver commit`, `aver register --plan`). What the chain
lacks is sent first, and said: the descriptors of the proofs about updates and rounds. The initial model with its salt, which members
need, is left in PLAN/private/model-0: it goes to those who train and to nobody else.";

#[derive(Debug, Args)]
#[command(after_help = CREATE_HELP)]
pub struct CreateArgs {
    /// The version that the task starts from: its id, or NAME@NUMBER
    #[arg(required_unless_present = "template")]
    pub version: Option<String>,
    /// Its plan, by `aver federated start`, with its weights
    #[arg(long, value_name = "PLAN", required_unless_present = "template")]
    pub plan: Option<PathBuf>,
    /// The terms
    #[arg(long, value_name = "FILE", required_unless_present = "template")]
    pub terms: Option<PathBuf>,
    /// What tells this task from others of the same account with the same terms [default: random]
    #[arg(long, value_name = "WORD", value_parser = word)]
    pub salt: Option<B256>,
    /// Print terms to begin with
    #[arg(long, conflicts_with_all = ["version", "plan", "terms", "salt"])]
    pub template: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aver federated status 0x…\n  aver federated status 0x… --of clinic --json"
)]
pub struct StatusArgs {
    /// The task
    #[arg(value_name = "TASK")]
    pub task: String,
    /// Whose next steps and balance: an address or the name of a key [default: the account that signs, if one is configured]
    #[arg(long, value_name = "ACCOUNT")]
    pub of: Option<String>,
}

const JOIN_HELP: &str = "\
Examples:
  aver federated join 0x… --plan task.plan --account clinic
  aver federated join 0x… --plan task.plan --model model-0 --account clinic
  aver federated join 0x… --validator --plan task.plan --account auditor

PLAN is the public half of the plan that the task started from. It is held against the registered version and the task's terms: a
task with descriptors of another plan would take proofs of something else. With --model, the initial model as the sponsor hands it
out, its points are computed and the room for all rounds is checked.";

#[derive(Debug, Args)]
#[command(after_help = JOIN_HELP)]
pub struct JoinArgs {
    /// The task
    #[arg(value_name = "TASK")]
    pub task: String,
    /// The plan that the task started from: its public half is enough
    #[arg(long, value_name = "PLAN")]
    pub plan: PathBuf,
    /// The initial model with its salt (averment-vector/1)
    #[arg(long, value_name = "FILE")]
    pub model: Option<PathBuf>,
    /// Join as validator, who scores on data of its own and does not train
    #[arg(long)]
    pub validator: bool,
    /// What the task's gate asks for, in hexadecimal
    #[arg(long, value_name = "HEX", default_value = "0x")]
    pub evidence: Bytes,
    #[command(flatten)]
    pub setup: SetupArgs,
}

const PARTICIPATE_HELP: &str = "\
Examples:
  aver federated participate 0x… --plan task.plan --network triage.onnx --model model-0 --data rows.csv --class diagnosis \\
    --except row --standardise --folder member --listen 0.0.0.0:7700 --endpoint https://north.example --account north
  aver federated participate 0x… --plan task.plan --network triage.onnx --folder member --account university

Without --data it aggregates and checks. What it saw and decided is in the folder's journal: stopped at any moment it goes on where it
was, and never commits twice. Back up the folder; what is in it is docs/federated-services.md.";

/// How updates are scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ScoringArg {
    /// What the others miss without it
    LeaveOneOut,
    /// Shapley's value, over twenty drawn orders
    Shapley,
}

#[derive(Debug, Args)]
#[command(after_help = PARTICIPATE_HELP)]
pub struct ParticipateArgs {
    /// The task
    #[arg(value_name = "TASK")]
    pub task: String,
    /// The plan that the task started from: its public half is enough
    #[arg(long, value_name = "PLAN")]
    pub plan: PathBuf,
    /// The network that the plan was made of, ONNX
    #[arg(long, value_name = "MODEL.onnx")]
    pub network: PathBuf,
    /// The initial model with its salt (averment-vector/1), the first time
    #[arg(long, value_name = "FILE")]
    pub model: Option<PathBuf>,
    /// The rows to learn from: CSV with a head
    #[arg(long, value_name = "FILE", requires = "class")]
    pub data: Option<PathBuf>,
    /// The column with the class
    #[arg(long, value_name = "COLUMN", default_value = "")]
    pub class: String,
    /// Columns that are neither
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    pub except: Vec<String>,
    /// Rows to judge by [default: those to learn from]
    #[arg(long, value_name = "FILE", requires = "data")]
    pub held_out: Option<PathBuf>,
    /// Step as if the numbers were standardised, by the rows to learn from
    #[arg(long)]
    pub standardise: bool,
    /// Length of a step
    #[arg(long, default_value_t = 0.1)]
    pub rate: f32,
    /// What stays of the last step
    #[arg(long, default_value_t = 0.0)]
    pub momentum: f32,
    /// Rows of a step
    #[arg(long, value_name = "ROWS", default_value_t = 16)]
    pub batch: usize,
    /// Passes over the rows in a round
    #[arg(long, value_name = "PASSES", default_value_t = 4)]
    pub epochs: usize,
    /// Do not train: for a validator
    #[arg(long)]
    pub no_training: bool,
    /// Do not aggregate, also if it is named or its turn
    #[arg(long)]
    pub no_aggregating: bool,
    /// Challenge nobody
    #[arg(long)]
    pub no_challenges: bool,
    /// Let the named aggregator send commits and reveals, signed, with others' in one transaction; send them oneself if it does not in
    /// half of the time.
    #[arg(long)]
    pub carried: bool,
    /// Risk at most this many bonds in the whole task: those of open challenges, and those lost to answers.
    #[arg(long, value_name = "COUNT", default_value_t = 16)]
    pub bonds: u16,
    /// Score others' updates, as validator
    #[arg(long, value_enum)]
    pub score: Option<ScoringArg>,
    /// Where journal, models and updates are kept
    #[arg(long, value_name = "FOLDER")]
    pub folder: PathBuf,
    /// Where it takes and gives packages; HTTP, which a proxy may put behind HTTPS
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// How others reach that [default: http:// and where it listens]
    #[arg(long, value_name = "URL", default_value = "")]
    pub endpoint: String,
    /// Where /metrics and /health are: a loopback address
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:9465")]
    pub pages: SocketAddr,
    /// Wait while a transaction would cost more than this many ether
    #[arg(long, value_name = "ETHER", default_value = "0.1")]
    pub max_fee: String,
    /// Seconds between looking at the chain
    #[arg(long, value_name = "SECONDS", default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub pause: u64,
    /// Seconds that the chain takes to settle at the most [default: as for `aver oracle run`]
    #[arg(long, value_name = "SECONDS")]
    pub settling: Option<u64>,
    #[command(flatten)]
    pub setup: SetupArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  aver federated withdraw 0x… all --account clinic\n  \
                        aver federated withdraw 0x… 12.5 --to treasury --account clinic")]
pub struct TakeArgs {
    /// The task
    #[arg(value_name = "TASK")]
    pub task: String,
    /// How much, in tokens, or `all`
    #[arg(value_name = "AMOUNT")]
    pub amount: String,
    /// To whom: an address or the name of a key [default: the account]
    #[arg(long, value_name = "ACCOUNT")]
    pub to: Option<String>,
}

/// What is challenged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ContestedArg {
    /// The proof about a member's update, which was not handed over or does not hold
    Proof,
    /// A member's update, which was not handed over
    Update,
    /// The new model, which the aggregator keeps back
    Model,
    /// The sum of all that a member revealed, without which nobody else can aggregate
    Cumulative,
}

impl From<ContestedArg> for Contested {
    fn from(own: ContestedArg) -> Self {
        match own {
            ContestedArg::Proof => Self::Proof,
            ContestedArg::Update => Self::Update,
            ContestedArg::Model => Self::Model,
            ContestedArg::Cumulative => Self::Cumulative,
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  aver federated challenge 0x… proof clinic-b --account clinic-a\n  \
                        aver federated challenge 0x… model --account clinic-a\n  \
                        aver federated challenge 0x… --lapse --account clinic-a\n\n\
                        Who answers takes the bond; what nobody answers does not stand, without slash. A challenge of an update, \
                        a cumulative update or a model is answered by publishing its integers.")]
pub struct ContestArgs {
    /// The task
    #[arg(value_name = "TASK")]
    pub task: String,
    /// What
    #[arg(value_enum, required_unless_present = "lapse")]
    pub what: Option<ContestedArg>,
    /// Whose, but of the model: an address or the name of a key
    pub whose: Option<String>,
    /// End the challenges that nobody answered in time
    #[arg(long, conflicts_with_all = ["what", "whose"])]
    pub lapse: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  aver federated conclude 0x… triage@2.0.0 --plan trained.plan --account sponsor\n\n\
                        The version's points have to be the task's, byte for byte (`aver federated finish` makes such a plan), and \
                        the version that the task started from one of its parents. For a version that adopts the task's weights, \
                        shifted and rounded, the proof that its manifest names is checked, and nothing is sent."
)]
pub struct ConcludeArgs {
    /// The task
    #[arg(value_name = "TASK")]
    pub task: String,
    /// The version: its id, or NAME@NUMBER
    pub version: String,
    /// Its plan, committed: the public half is enough
    #[arg(long, value_name = "PLAN")]
    pub plan: PathBuf,
}

const START_HELP: &str = "\
Examples:
  aver federated start triage.onnx --calibrate samples.csv -o task.plan
  aver federated start triage.onnx --calibrate samples.csv --bits 22 --fraction 16 -o task.plan
  aver commit task.plan

Every weight and bias is kept with the same width and scale, wider than a plan needs, so that training can move it. Constants
beside layers (a scaling of the inputs) are folded into the weights; layers with statistics of the data (BatchNormalization) are
refused. task.plan/public/layout says what the cells of updates mean; it goes to all participants with task.plan/public/plan and
the network.";

#[derive(Debug, Args)]
#[command(after_help = START_HELP)]
pub struct StartArgs {
    /// The network with its initial weights, ONNX
    #[arg(value_name = "MODEL.onnx")]
    pub model: PathBuf,
    #[command(flatten)]
    pub samples: SampleArgs,
    /// Bits of a weight, with its sign
    #[arg(long, value_name = "BITS", default_value_t = 20)]
    pub bits: u8,
    /// How many of them are behind the point
    #[arg(long, value_name = "BITS", default_value_t = 14)]
    pub fraction: u8,
    /// Bits of what a round adds to a weight
    #[arg(long, value_name = "BITS", default_value_t = 14)]
    pub update_bits: u8,
    /// How many powers of two activations may grow in training
    #[arg(long, value_name = "BITS", default_value_t = 6)]
    pub headroom: u8,
    /// The folder to make
    #[arg(long, short, value_name = "PLAN")]
    pub output: PathBuf,
}

const FINISH_HELP: &str = "\
Examples:
  aver federated finish triage.onnx --plan task.plan --package final.vector --calibrate samples.csv -o trained.plan
  aver federated finish triage.onnx --plan task.plan --package final.vector --calibrate samples.csv -o trained.plan \\
    --onnx trained.onnx
  aver register model.toml --plan trained.plan --task 0x… --task-plan task.plan
  aver federated conclude 0x… triage@2.0.0 --plan trained.plan

  aver federated finish triage.onnx --plan task.plan --package final.vector --calibrate samples.csv --rescale -4 -o small.plan
  aver register model.toml --plan small.plan --task 0x… --task-plan task.plan --package final.vector

The package is the task's last model with its salt, as its members have it (averment-vector/1). The new plan has the weights as
they are, in the same blocks and chunks, and shifts and tables of its own; it is committed with the package's salt, so its points
are the points that the task's contract has. --onnx writes the trained numbers into a copy of the network's file. With --rescale
the weights are shifted and rounded and get a salt of their own; registering proves that they are the task's (an adoption).";

#[derive(Debug, Args)]
#[command(after_help = FINISH_HELP)]
pub struct FinishArgs {
    /// The network that the task started from, ONNX
    #[arg(value_name = "MODEL.onnx")]
    pub model: PathBuf,
    /// The plan that the task started from, committed: its public half is enough
    #[arg(long, value_name = "PLAN")]
    pub plan: PathBuf,
    /// The task's last model
    #[arg(long, value_name = "FILE")]
    pub package: PathBuf,
    #[command(flatten)]
    pub samples: SampleArgs,
    #[command(flatten)]
    pub setup: SetupArgs,
    /// Times 2 to this power, rounded to the nearest: weights coarser or finer than the task's, which a version adopts with a proof
    #[arg(long, value_name = "POWER", allow_hyphen_values = true)]
    pub rescale: Option<i8>,
    /// Bits of a weight then, with its sign [default: the task's and as many as were added or taken away]
    #[arg(long, value_name = "BITS", requires = "rescale")]
    pub bits: Option<u8>,
    /// Where to write the network with the trained numbers
    #[arg(long, value_name = "FILE")]
    pub onnx: Option<PathBuf>,
    /// The folder to make
    #[arg(long, short, value_name = "PLAN")]
    pub output: PathBuf,
}

/// What scales are chosen with, and what is made known.
#[derive(Debug, Args)]
pub struct SampleArgs {
    /// Sample inputs: .csv, .npy, .npz, .json ({"input_data": [[…]]}) or ONNX tensors (.pb)
    #[arg(long, value_name = "SAMPLES")]
    pub calibrate: PathBuf,
    #[command(flatten)]
    pub columns: ColumnArgs,
    /// What a proof makes known of the output, as with `aver compile`
    #[arg(long, value_name = "WHAT", value_parser = reveal, default_value = "automatic")]
    pub reveal: Reveal,
    /// Names of the classes, in the order of the scores, if the network does not name them
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub labels: Vec<String>,
}
