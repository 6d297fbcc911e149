//! `aver compile`: from an ONNX network and samples to a plan's folder.

use crate::{
    args::proofs::{ColumnArgs, CommitmentsArg, CompileArgs},
    exit, inputs,
    plans::{CalibratedInput, Calibration, PlanFolder},
    predict::Prediction,
    table::table,
    ui::Ui,
};
use anyhow::{Context as _, Result, ensure};
use averment_compiler::{
    self as compiler, Compiled, Disagreement, FILE_BYTES, ImportError, Options, Report, samples::Samples,
};
use averment_plan::{Input, Model};
use averment_primitives::B256;
use averment_storage::atomic;
use averment_verifier::{
    descriptor::{self, Descriptor},
    statement::Mode,
};
use serde_json::{Value, json};
use std::{fmt::Write, path::Path};

pub fn run(args: &CompileArgs, ui: Ui) -> Result<()> {
    let made = compile(args, ui)?;
    let value = json!({
        "plan": args.output,
        "planDigest": made.compiled.model.plan().digest(),
        "report": made.compiled.report,
        "proof": made.size.json(),
    });
    ui.result(&value, words(args, &made.compiled, &made.size)?)
}

/// A plan that was made.
pub struct Made {
    /// Its folder.
    pub folder: PlanFolder,
    /// The model, and how it compares with the float run.
    pub compiled: Compiled,
    size: Size,
}

/// Makes a plan's folder.
pub fn compile(args: &CompileArgs, ui: Ui) -> Result<Made> {
    PlanFolder::vacant(&args.output)?;
    let source = read(&args.model, &args.calibrate, &args.columns, &args.labels)?;
    let options = Options { reveal: args.reveal, ..Options::default() };
    let shown = args.model.display();
    let compiled = ui.waiting(&format!("compiling {shown}"), || {
        compiler::compile(&source.network, &source.samples, &options)
    });
    let compiled = compiled.map_err(|error| exit::usage(format!("{shown}: {error}")))?;
    let size = Size::of(&compiled.model, args.batch.options())
        .map_err(|error| exit::usage(format!("{shown}: {error:#}")))?;

    let folder = source.keep(&args.output, &compiled.model)?;
    Ok(Made { folder, compiled, size })
}

/// What is compiled.
pub struct Source {
    /// The bytes of the network's file.
    pub file: Vec<u8>,
    /// The network, with the names of classes that were given.
    pub network: compiler::network::Network,
    /// Samples of its inputs.
    pub samples: Samples,
    samples_digest: B256,
    columns: Vec<Vec<String>>,
    labels: usize,
}

/// Reads a network and samples of its inputs.
pub fn read(model: &Path, calibrate: &Path, columns: &ColumnArgs, labels: &[String]) -> Result<Source> {
    let (file, mut network) = import(model)?;
    if !labels.is_empty() {
        network.labels = labels.to_vec();
    }
    let (arrays, samples_digest) = inputs::read(calibrate, &columns.or(&[]))?;
    let columns = arrays.iter().map(|named| named.columns.clone()).collect();
    let samples = Samples::named(&network, arrays).map_err(|error| {
        exit::usage(format!(
            "{}: {error} (--columns or --except say which columns of a CSV file are inputs)",
            calibrate.display()
        ))
    })?;
    Ok(Source { file, network, samples, samples_digest, columns, labels: labels.len() })
}

impl Source {
    /// Makes the folder of a plan that was compiled from this.
    pub fn keep(&self, output: &Path, model: &Model) -> Result<PlanFolder> {
        let plan = model.plan();
        if plan.output().labels.len() < self.labels {
            let cells = plan.step_of(plan.output().tensor).map_or(0, |step| step.shape.cells());
            let got = self.labels;
            return Err(
                exit::usage(format!("--labels: the output has {cells} cells, names given: {got}")).into()
            );
        }
        let inputs = plan.inputs().iter().enumerate().map(|(position, input)| CalibratedInput {
            name: input.name.clone(),
            features: self
                .columns
                .get(position)
                .filter(|names| names.len() == input.shape.cells())
                .cloned()
                .unwrap_or_default(),
            mean: mean(input, &self.samples, position),
        });
        let calibration = Calibration::new(self.samples_digest, self.samples.len(), inputs.collect());
        PlanFolder::create(output, model, &calibration)
    }
}

/// Reads a network; what cannot be proved is all named at once.
fn import(path: &Path) -> Result<(Vec<u8>, compiler::network::Network)> {
    let bytes =
        atomic::read(path, FILE_BYTES as u64).with_context(|| format!("reading {}", path.display()))?;
    let network = compiler::import(&bytes).map_err(|error| {
        let hint = match error {
            ImportError::Unsupported { .. } => "\nnothing was compiled",
            _ => "",
        };
        exit::usage(format!("{}: {error}{hint}", path.display()))
    })?;
    Ok((bytes, network))
}

/// The mean of each cell of an input over the samples, as an integer.
fn mean(input: &Input, samples: &Samples, position: usize) -> Vec<i32> {
    let mut sums = vec![0.0; input.shape.cells()];
    for item in samples.items() {
        for (sum, cell) in sums.iter_mut().zip(item.get(position).copied().unwrap_or_default()) {
            *sum += cell / samples.len() as f64;
        }
    }
    input.quantise(&sums).0
}

/// What a proof takes of so many inputs as were asked for.
struct Size {
    chunk_bits: u8,
    slots: usize,
    slot_bits: u8,
    chunks: usize,
    lookups: u64,
    zero_knowledge: Prediction,
    transparent: Prediction,
}

impl Size {
    fn of(model: &Model, options: descriptor::Options) -> Result<Self> {
        let derive = |chunk_bits, mode| {
            let options = descriptor::Options { chunk_bits, mode, ..options };
            Ok::<_, descriptor::DeriveError>(Descriptor::derive(model.plan(), options)?.descriptor)
        };
        let masked = derive(None, Mode::ZeroKnowledge)?;
        ensure!(masked.public_count() > 0, "a proof of this output would say nothing: pass --reveal values");
        let plain = derive(Some(masked.layout.chunk_bits), Mode::Transparent)?;
        Ok(Self {
            chunk_bits: masked.layout.chunk_bits,
            slots: masked.layout.slots.len(),
            slot_bits: masked.layout.slot_bits,
            chunks: masked.layout.chunks().count(),
            lookups: masked.lookups.iter().map(|block| 1 << block.bits).sum(),
            zero_knowledge: Prediction::new(&masked, Mode::ZeroKnowledge),
            transparent: Prediction::new(&plain, Mode::Transparent),
        })
    }

    fn json(&self) -> Value {
        json!({
            "chunkBits": self.chunk_bits,
            "slots": self.slots,
            "slotBits": self.slot_bits,
            "chunks": self.chunks,
            "lookups": self.lookups,
            "zeroKnowledge": self.zero_knowledge.json(),
            "transparent": self.transparent.json(),
        })
    }
}

fn words(args: &CompileArgs, compiled: &Compiled, size: &Size) -> Result<String> {
    let report = &compiled.report;
    let mut words = steps(report);
    writeln!(words, "\n\nbeside the float run of the same file, on {} samples", report.samples)?;
    if let Some(agreeing) = report.agreeing {
        writeln!(words, "  decided alike    {agreeing} of {}", report.samples)?;
    }
    writeln!(words, "  largest error    {:.3} % of the largest output", 100.0 * report.relative_error())?;
    if let Some(rule) = &report.rule {
        let (least, exponent) = (rule.least, rule.exponent);
        writeln!(
            words,
            "  says 1           if the score is at least {}, else 0: exactly, if its integer is at least {least} in units of \
             2^{}, which is {}",
            rule.threshold,
            -i16::from(exponent),
            rule.real
        )?;
    }
    for case in report.disagreements.iter().take(5) {
        writeln!(words, "  {}", disagreement(case, &compiled.model.plan().output().labels))?;
    }
    if report.disagreements.len() > 5 {
        writeln!(words, "  (--json lists {} of those decided otherwise)", report.disagreements.len())?;
    }
    for note in &report.notes {
        writeln!(words, "  note: {note}")?;
    }
    match args.batch.for_batch {
        1 => writeln!(words, "\na proof of one input, beforehand")?,
        batch => writeln!(words, "\na proof of {batch} inputs, beforehand")?,
    }
    let slots = if size.slots == 1 { "slot" } else { "slots" };
    writeln!(words, "  lookups          {} in {} {slots} of 2^{}", size.lookups, size.slots, size.slot_bits)?;
    writeln!(words, "  chunks           {} of 2^{} cells", size.chunks, size.chunk_bits)?;
    words += &costs(size);
    let shown = args.output.display();
    let batch = match (args.batch.for_batch, args.batch.commitments) {
        (1, _) => String::new(),
        (batch, CommitmentsArg::Joint) => format!(" --for-batch {batch}"),
        (batch, CommitmentsArg::Each) => format!(" --for-batch {batch} --commitments each"),
    };
    write!(
        words,
        "\n{shown}: plan {:?}\n{shown}/private holds the weights: keep it to yourself\nnext: aver commit {shown}{batch}",
        compiled.model.plan().digest()
    )?;
    Ok(words)
}

/// A sample that is decided otherwise than by the float run.
fn disagreement(case: &Disagreement, labels: &[String]) -> String {
    let name = |cell: usize| labels.get(cell).cloned().unwrap_or_else(|| cell.to_string());
    let sample = case.sample + 1;
    match case.cell {
        None => format!(
            "sample {sample}: float says {}, the plan {}, {:.4} apart",
            name(case.float),
            name(case.plan),
            case.margin
        ),
        Some(cell) => format!(
            "sample {sample}, {}: float says {}, the plan {}, {:.2e} from the threshold",
            name(cell),
            case.float,
            case.plan,
            case.margin
        ),
    }
}

/// What a proof takes in both modes, before there is one.
fn costs(size: &Size) -> String {
    let (hidden, open) = (&size.zero_knowledge, &size.transparent);
    let row = |what: &str, tell: &dyn Fn(&Prediction) -> String| [what.to_owned(), tell(hidden), tell(open)];
    let rows = [
        row("proof, bytes", &|own| own.bytes.to_string()),
        row("prover, about", &|own| format!("{:.2} s", own.time.as_secs_f64())),
        row("memory, at most about", &|own| format!("{} MB", own.memory.div_ceil(1_000_000))),
        row("gas to verify, about", &|own| own.gas.to_string()),
        row("  on Ethereum", &|own| own.fees.ethereum.to_string()),
        row("  on OP Mainnet", &|own| own.fees.op_mainnet.to_string()),
        row("  on Arbitrum", &|own| own.fees.arbitrum.to_string()),
        row("gas to register, once", &|own| own.register.to_string()),
    ];
    let table = table(["", "ZERO-KNOWLEDGE", "TRANSPARENT"], &rows).replace('\n', "\n  ");
    format!(
        "\n  {table}\n  seconds of a processor with AVX-512 IFMA, up to four times as many without; fees at the prices that the \
         demo states\n"
    )
}

/// A line for each step: what it computes, and how far it is from the float run.
fn steps(report: &Report) -> String {
    let rows: Vec<[String; 7]> = report
        .steps
        .iter()
        .map(|step| {
            let error = match step.largest {
                0.0 => "-".to_owned(),
                largest => format!("{:.3} %", 100.0 * step.max_error / largest),
            };
            [
                step.name.clone(),
                step.kind.to_owned(),
                step.cells.to_string(),
                step.shift.to_string(),
                format!("{:.1}", step.used_bits),
                format!("{:.1} of {}", step.spare_bits, step.index_bits),
                error,
            ]
        })
        .collect();
    table(["STEP", "KIND", "CELLS", "BITS DROPPED", "BITS USED", "BITS SPARE", "LARGEST ERROR"], &rows)
}
