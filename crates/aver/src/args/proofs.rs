//! What the commands of the proof engine take: `compile`, `commit`, `prove`, `verify`.

use averment_compiler::{Reveal, samples::Columns};
use averment_primitives::{Address, B256};
use averment_verifier::descriptor::{Commitments, Options};
use clap::{Args, ValueEnum};
use std::{
    num::{NonZeroU32, NonZeroUsize},
    path::PathBuf,
};

/// Which columns of a CSV file are inputs.
#[derive(Debug, Clone, Default, Args)]
pub struct ColumnArgs {
    /// The columns of a CSV file that are inputs, in this order, separated by commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',', conflicts_with = "except")]
    pub columns: Vec<String>,
    /// Columns of a CSV file that are no inputs (an id, what came out), separated by commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub except: Vec<String>,
}

impl ColumnArgs {
    /// As the reader takes it; `known` are the columns that the model was calibrated with.
    pub fn or(&self, known: &[String]) -> Columns {
        match (self.columns.is_empty(), self.except.is_empty()) {
            (false, _) => Columns::Only(self.columns.clone()),
            (_, false) => Columns::Except(self.except.clone()),
            _ if known.is_empty() => Columns::All,
            _ => Columns::Like(known.to_vec()),
        }
    }
}

/// Where the powers of τ come from.
#[derive(Debug, Clone, Default, Args)]
pub struct SetupArgs {
    /// A ceremony's .ptau file, or `development`, whose secret is public [default: proof.setup in averment.toml]
    #[arg(long, env = "AVERMENT_SETUP", value_name = "FILE.ptau")]
    pub setup: Option<PathBuf>,
}

/// What is made known of the output, as one types it.
pub fn reveal(text: &str) -> Result<Reveal, String> {
    match text {
        "automatic" => Ok(Reveal::Automatic),
        "values" => Ok(Reveal::Values),
        "argmax" => Ok(Reveal::Decision),
        _ => {
            let number = text.strip_prefix("threshold=").and_then(|number| number.parse::<f64>().ok());
            let finite = number.filter(|number| number.is_finite()).map(Reveal::Threshold);
            finite.ok_or_else(|| "automatic, values, argmax or threshold=NUMBER is expected".to_owned())
        }
    }
}

/// How the inputs of a batch are committed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CommitmentsArg {
    /// All of them together: the cheapest to verify
    Joint,
    /// Each by itself, as if there were no batch: what was committed to before, input by input, is proved like this
    Each,
}

impl From<CommitmentsArg> for Commitments {
    fn from(own: CommitmentsArg) -> Self {
        match own {
            CommitmentsArg::Joint => Self::Joint,
            CommitmentsArg::Each => Self::Each,
        }
    }
}

/// The batches that a plan's proofs are meant for.
#[derive(Debug, Clone, Copy, Args)]
pub struct BatchArgs {
    /// Choose what suits proofs of so many inputs at once, up to 65,536
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub for_batch: u32,
    /// How the inputs of these batches are committed to
    #[arg(long, value_enum, default_value = "joint")]
    pub commitments: CommitmentsArg,
}

impl Default for BatchArgs {
    /// One input.
    fn default() -> Self {
        Self { for_batch: 1, commitments: CommitmentsArg::Joint }
    }
}

impl BatchArgs {
    /// What descriptors of such proofs are derived with.
    pub fn options(&self) -> Options {
        let batch_bits = self.for_batch.next_power_of_two().trailing_zeros() as u8;
        Options { batch_bits, commitments: self.commitments.into(), ..Options::default() }
    }
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aver compile model.onnx --calibrate training.csv --except id,label -o triage.plan\n  \
                  aver compile lenet.onnx --calibrate images.npz -o lenet.plan\n  \
                  aver compile risk.onnx --calibrate past.csv --reveal threshold=0.5 -o risk.plan\n\n\
                  Nothing is proved yet: the report says how the plan decides beside the float run of the same file, \
                  and what a proof will take. Calibration chooses scales, so samples should be like what comes later; \
                  every input in the range that they span can be proved, whatever it is."
)]
pub struct CompileArgs {
    /// The network, ONNX
    #[arg(value_name = "MODEL.onnx")]
    pub model: PathBuf,
    /// Sample inputs: .csv, .npy, .npz, .json ({"input_data": [[…]]}) or ONNX tensors (.pb)
    #[arg(long, value_name = "SAMPLES")]
    pub calibrate: PathBuf,
    #[command(flatten)]
    pub columns: ColumnArgs,
    /// What a proof makes known of the output: `argmax`, the index of the largest score; `threshold=NUMBER`, of each
    /// score whether it is at least that; `values`, all scores; `automatic`, argmax if the model decides between classes,
    /// else values
    #[arg(long, value_name = "WHAT", value_parser = reveal, default_value = "automatic")]
    pub reveal: Reveal,
    #[command(flatten)]
    pub batch: BatchArgs,
    /// Names of the classes, in the order of the scores, if the network does not name them
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub labels: Vec<String>,
    /// The folder to make
    #[arg(long, short, value_name = "PLAN")]
    pub output: PathBuf,
}

#[derive(Debug, Args)]
#[command(
    mut_arg("for_batch", |own| own.conflicts_with("input")),
    mut_arg("commitments", |own| own.conflicts_with("input")),
    after_help = "Examples:\n  aver commit triage.plan\n  aver commit triage.plan --setup ceremony.ptau\n  \
                  aver commit triage.plan --for-batch 128 --commitments each\n  \
                  aver commit triage.plan --input case.csv -o case.input --sign --account nurse\n\n\
                  The first makes the plan provable: a version registers the commitment (aver register --plan). The last \
                  commits to an input, which can be signed by whoever saw it before anybody asks or proves anything; \
                  case.input may be given away, case.input.opening opens it and stays private."
)]
pub struct CommitArgs {
    /// The plan's folder
    pub plan: PathBuf,
    #[command(flatten)]
    pub setup: SetupArgs,
    #[command(flatten)]
    pub proofs: BatchArgs,
    /// Use the salt of this other committed plan of the same model: what did not change gets the same points
    #[arg(long, value_name = "PLAN", conflicts_with = "input")]
    pub salt_of: Option<PathBuf>,
    #[command(flatten, next_help_heading = "To commit to an input")]
    pub input: InputsArgs,
    /// Where to write the commitment to the input
    #[arg(long, short, value_name = "FILE", requires = "input")]
    pub output: Option<PathBuf>,
    /// Sign the commitment to the input with --account: whoever saw the input says so, before anybody asks
    #[arg(long, requires = "input")]
    pub sign: bool,
}

/// An input from a file.
#[derive(Debug, Clone, Default, Args)]
pub struct InputArgs {
    /// The input: .csv, .npy, .npz, .json or .pb; a CSV file's columns are found by their names if it has a header
    #[arg(long, value_name = "FILE")]
    pub input: Option<PathBuf>,
    #[command(flatten)]
    pub columns: ColumnArgs,
    /// Which of the inputs in the file, from 1
    #[arg(long, value_name = "N", value_parser = row, requires = "input")]
    pub row: Option<NonZeroUsize>,
    /// Take values outside the declared range as the nearest inside
    #[arg(long, requires = "input")]
    pub clamp: bool,
}

/// An input from a file, or all of them.
#[derive(Debug, Clone, Default, Args)]
pub struct InputsArgs {
    #[command(flatten)]
    pub one: InputArgs,
    /// All inputs in the file together
    #[arg(long, requires = "input", conflicts_with = "row")]
    pub batch: bool,
}

fn row(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "the first row is 1".to_owned())
}

fn address(text: &str) -> Result<Address, String> {
    text.parse().map_err(|_| "an address is expected: 0x and 40 hexadecimal digits".to_owned())
}

fn word(text: &str) -> Result<B256, String> {
    text.parse().map_err(|_| "32 bytes are expected: 0x and 64 hexadecimal digits".to_owned())
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  aver prove triage.plan --input case.csv -o case.proof\n  \
                  aver prove triage.plan --input cases.csv --row 17 --about triage@2.0.0 -o case.proof\n  \
                  aver prove triage.plan --committed case.input -o case.proof\n  \
                  aver prove triage.plan --committed a.input --committed b.input -o cases.proof\n\n\
                  The proof tells nobody the weights, the input or what lies between; --transparent hides nothing and is \
                  cheaper. It is for the configured chain, and for whom and what the options say.")]
pub struct ProveArgs {
    /// The plan's folder
    pub plan: PathBuf,
    #[command(flatten)]
    pub input: InputsArgs,
    /// An input that was committed to before, by `aver commit --input`; once for each input of a batch
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["input", "columns", "except", "row", "batch", "clamp"]
    )]
    pub committed: Vec<PathBuf>,
    /// How the inputs of a batch are committed to
    #[arg(long, value_enum, default_value = "joint", requires = "batch")]
    pub commitments: CommitmentsArg,
    /// Where to write the proof
    #[arg(long, short, value_name = "PROOF")]
    pub output: PathBuf,
    /// Hide nothing: for public weights and inputs
    #[arg(long)]
    pub transparent: bool,
    /// Let the proof say what the input is: whoever verifies it sees every value, and weights stay hidden
    #[arg(long)]
    pub public_inputs: bool,
    #[command(flatten)]
    pub setup: SetupArgs,
    /// The version that decides: its id, or NAME@NUMBER; it must have registered this plan
    #[arg(long, value_name = "VERSION")]
    pub about: Option<String>,
    /// The contract that the proof is for
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    pub contract: Option<Address>,
    /// The request that it answers
    #[arg(long, value_name = "ID", value_parser = word)]
    pub request: Option<B256>,
    /// Who may use it
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    pub beneficiary: Option<Address>,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  aver bench triage.plan --input case.csv\n  \
                  aver bench lenet.plan --input digits.npz --batch --runs 3 --json")]
pub struct BenchArgs {
    /// The plan's folder, committed
    pub plan: PathBuf,
    #[command(flatten)]
    pub input: InputsArgs,
    /// How the inputs of a batch are committed to
    #[arg(long, value_enum, default_value = "joint", requires = "batch")]
    pub commitments: CommitmentsArg,
    /// How many proofs are made; the fastest counts
    #[arg(long, value_name = "N", default_value = "5", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub runs: u16,
    /// Measure transparent proofs
    #[arg(long)]
    pub transparent: bool,
    #[command(flatten)]
    pub setup: SetupArgs,
}

/// What a feature is replaced by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BaselineArg {
    /// The mean of the samples that the plan was calibrated with
    Mean,
    /// Zero, or what is nearest to it in the declared range
    Zero,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  aver explain triage.plan --input case.csv\n  \
                  aver explain lenet.plan --committed digit.input --patch 4 -o digit.explanation\n  \
                  aver log append --about VERSION --explanation case.explanation decision.json\n\n\
                  Each feature in turn is set to the baseline; its effect is how much the decision's margin (or the value) \
                  shrinks. Exact over the integer plan and the same every time; no proof is made of it.")]
pub struct ExplainArgs {
    /// The plan's folder
    pub plan: PathBuf,
    #[command(flatten)]
    pub input: InputArgs,
    /// An input that was committed to before, by `aver commit --input`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["input", "columns", "except", "row", "clamp"])]
    pub committed: Option<PathBuf>,
    /// What a feature is replaced by
    #[arg(long, value_enum, default_value = "mean")]
    pub baseline: BaselineArg,
    /// Of an image: replace squares of so many cells, in all channels together
    #[arg(long, value_name = "CELLS")]
    pub patch: Option<NonZeroU32>,
    /// How many features are listed, the largest effects first
    #[arg(long, value_name = "N", default_value = "32", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub top: u16,
    /// Where to write the explanation
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  aver verify triage.plan case.proof\n  \
                  aver verify public/ case.proof --setup ceremony.ptau\n  \
                  aver verify triage.plan case.proof --on-chain --account owner\n  \
                  aver verify triage.plan case.proof --signed-input case.input.signed --signed-by 0x…\n\n\
                  Whoever verifies needs the public half of the plan's folder and the setup, nothing else.")]
pub struct VerifyArgs {
    /// The plan's folder, or the public half of it
    pub plan: PathBuf,
    /// The proof
    pub proof: PathBuf,
    #[command(flatten)]
    pub setup: SetupArgs,
    /// The signed commitment to the input, as `aver commit --sign` wrote it; once for each file. Of a batch whose inputs were
    /// committed to one by one, every commitment has to be signed
    #[arg(long, value_name = "FILE")]
    pub signed_input: Vec<PathBuf>,
    /// Who must have signed every commitment to an input: an address, or a key's name; once for each
    #[arg(long, value_name = "ACCOUNT", requires = "signed_input")]
    pub signed_by: Vec<String>,
    /// Ask the verifying contract of the configured chain too; registers the plan's descriptor there if it is not yet
    #[arg(long)]
    pub on_chain: bool,
    /// Have the contract verify in a transaction, which says what that costs
    #[arg(long, requires = "on_chain")]
    pub transaction: bool,
    /// Have the chain remember that the weights are certified, if it does not yet: once, and much cheaper for every other mode
    /// and batch
    #[arg(long, requires = "on_chain")]
    pub certify: bool,
}
