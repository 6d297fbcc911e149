//! What `aver simulate` takes.

use clap::{Args, Subcommand};
use std::path::PathBuf;

const AFTER_HELP: &str = "\
Examples:
  aver simulate oracle
  aver simulate oracle --requests 1000 --seed 7 --json

Everything follows from the seed. The contracts are the real ones, on a chain inside this process that is gone afterwards;
amounts are of their token. Ends with 1 if an attack pays, or if one does not pay without the defence against it.";

#[derive(Debug, Subcommand)]
pub enum SimulateCommand {
    /// Answers by operators who are honest, lazy, bribed, colluding or griefing: what each costs, and what it brings
    Oracle(OracleArgs),
    /// Federated learning with attackers: how good the model becomes under each rule, and what everyone earns
    Federated(Box<FederatedArgs>),
}

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct OracleArgs {
    /// Requests, of all cases together
    #[arg(long, value_name = "COUNT", default_value_t = 10_000)]
    pub requests: u32,
    /// Of everything that is random
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub seed: u64,
}

const AFTER_FEDERATED: &str = "\
Examples:
  aver simulate federated --dataset digits --participants 20 --attackers 4 --attack sign-flip --rule multi-krum --seed 1
  aver simulate federated --attack all --rule all --seeds 5 --page attacks.html
  aver simulate federated --attack alie --rule multi-krum --mix --split dirichlet --alpha 0.3 --json
  aver simulate federated --attack sybil --without history --without quality
  aver simulate federated --attack all --seeds 5 --alpha 0.3 --pay
  aver simulate federated --attack foe,alie,min-max --rule multi-krum,trimmed-mean --seeds 3
  aver simulate federated --dataset mnist --folder mnist --participants 10000 --attackers 1000 --selected 100

Everything follows from the seed, however many threads there are. Updates become integers as in a task, and rules and pay are the task's own code; the chain is
left out. Attackers know everything: all honest updates of the round, and the rule. docs/simulation.md says what each does.";

/// What is learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum DatasetName {
    /// 1,797 images of digits, 8 by 8 pixels
    Digits,
    /// 569 rows of 30 measurements
    BreastCancer,
    /// The IDX files in --folder, as MNIST's
    #[value(alias = "mnist")]
    Idx,
}

/// How data is spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum SplitName {
    /// At random
    Even,
    /// Each class by parts drawn from a Dirichlet distribution
    Dirichlet,
}

/// What is switched off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum DefenceName {
    /// Numbers that are none die at decoding
    Decoding,
    /// The bound of an update's norm
    Bound,
    /// Cumulative updates
    History,
    /// Pay by quality
    Quality,
    /// Pay by validators' scores
    Validators,
}

#[derive(Debug, Args)]
#[command(after_help = AFTER_FEDERATED)]
pub struct FederatedArgs {
    /// What is learned
    #[arg(long, value_enum, default_value_t = DatasetName::Digits)]
    pub dataset: DatasetName,
    /// With --dataset idx: a folder with …images-idx3-ubyte and …labels-idx1-ubyte, as they are or with .gz
    #[arg(long, value_name = "FOLDER", required_if_eq("dataset", "idx"))]
    pub folder: Option<PathBuf>,
    /// Participants in all, attackers among them
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    pub participants: usize,
    /// How many of them attack; the rule expects as many
    #[arg(long, value_name = "COUNT", default_value_t = 4)]
    pub attackers: usize,
    /// The most that train in one round
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    pub selected: usize,
    /// Rounds
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    pub rounds: usize,
    /// What attackers do, several with commas between: none, all (and none), model (those after the model, and none), or of sign-flip, scaling, gaussian, label-flip, alie, foe, min-max, min-sum, mimic,
    /// backdoor, free-rider, copycat, sybil, replay, every-other, rerun, thief, stew, slow, nan
    #[arg(long, value_name = "NAME", default_value = "none")]
    pub attack: String,
    /// What makes one update of many, several with commas between: all, verified (those of tasks), or of average,
    /// centered-clipping, krum, multi-krum, geometric-median, fl-trust; for comparison minimum-diameter, fools-gold, bucketing,
    /// coordinate-median, trimmed-mean
    #[arg(long, value_name = "NAME", default_value = "multi-krum")]
    pub rule: String,
    /// Nearest-neighbour mixing before the rule; with several rules, each with and without
    #[arg(long)]
    pub mix: bool,
    /// Clipping to the median norm before the rule; with several rules, each with and without
    #[arg(long)]
    pub clip: bool,
    /// A defence that is switched off; may be given several times
    #[arg(long, value_name = "DEFENCE", value_enum)]
    pub without: Vec<DefenceName>,
    /// With so many strikes (an update that is no number, or that validators say does harm) a member is out; 0 if nobody ever is
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    pub strikes: u32,
    /// Also say what attackers and honest members earn, with validators' scores and without; of one simulation, member by member
    #[arg(long)]
    pub pay: bool,
    /// How the data is spread
    #[arg(long, value_enum, default_value_t = SplitName::Dirichlet)]
    pub split: SplitName,
    /// The Dirichlet distribution's concentration: the smaller, the more participants differ
    #[arg(long, value_name = "NUMBER", default_value_t = 10.0)]
    pub alpha: f64,
    /// Cells of the hidden layer; 0 for logistic regression
    #[arg(long, value_name = "COUNT", default_value_t = 32)]
    pub hidden: usize,
    /// Step length
    #[arg(long, value_name = "NUMBER", default_value_t = 0.5)]
    pub rate: f32,
    /// What stays of a participant's last step, from round to round
    #[arg(long, value_name = "NUMBER", default_value_t = 0.9)]
    pub momentum: f32,
    /// Examples of one step
    #[arg(long, value_name = "COUNT", default_value_t = 16)]
    pub batch: usize,
    /// Passes over one's data in each round
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    pub epochs: usize,
    /// Of everything that is random
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub seed: u64,
    /// How many seeds: this one and those after it; what is said is the mean, beside it the least and the largest
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    pub seeds: usize,
    /// How many simulations run at a time; none for as many as there are processors. The result is the same
    #[arg(long, value_name = "COUNT")]
    pub threads: Option<std::num::NonZeroUsize>,
    /// Also write a page with plots of accuracy per round and maps of rules and attacks
    #[arg(long, value_name = "FILE")]
    pub page: Option<PathBuf>,
}
