//! What `aver federated` takes.

use super::proofs::{ColumnArgs, SetupArgs, reveal};
use averment_compiler::Reveal;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Training of one model by participants who do not trust each other.
#[derive(Debug, Subcommand)]
pub enum FederatedCommand {
    /// Makes the plan that a task starts from: weights of one width and scale, which training then moves
    Start(StartArgs),
    /// Makes the plan of a task's trained model, whose points are the task's
    Finish(FinishArgs),
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
  aver register model.toml --plan trained.plan

The package is the task's last model with its salt, as its members have it (averment-vector/1). The new plan has the weights as
they are, in the same blocks and chunks, and shifts and tables of its own; it is committed with the package's salt, so its points
are the points that the task's contract has. --onnx writes the trained numbers into a copy of the network's file.";

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
