//! What `cargo xtask bench proof` and `cargo xtask bench scaling` measure. Not a test: times are reported, never asserted.
//!
//! ```text
//! proof_bench prepare FOLDER NETWORK CALIBRATION INPUT   a model ready to be proved: plan, weights, commitment, setup
//! proof_bench prove FOLDER [ITEMS]                       from those files and INPUT to FOLDER/proof
//! proof_bench verify FOLDER [ITEMS]                      proves again, and checks that proof a hundred times
//! proof_bench accuracy NETWORK CALIBRATION INPUTS         the float run's decisions beside the plan's
//! proof_bench yardstick                                  2^16 points times full scalars, summed
//! ```
//!
//! NETWORK is an ONNX file, or the name of a generated network ([`networks`]), whose CALIBRATION and INPUT are `-`. Each
//! prints one line of JSON: the parts with their CPU seconds (user and system, all threads), and sizes. Proofs are what
//! `aver compile` and `aver prove` make when nothing else is asked: zero-knowledge, and of a network that decides they
//! reveal the decision alone.

#![allow(clippy::print_stdout, reason = "a measurement says what it measured")]

mod networks;

use alloy_primitives::{B256, Bytes};
use ark_bn254::{Fr, G1Projective};
use ark_ff::Field;
use averment_compiler::{
    Compiled, Options as Compile, compile, import, measure,
    network::Network,
    samples::{Columns, Format, Named, Samples, read},
};
use averment_kernels::{Backend, Bases};
use averment_plan::{Model, Plan, Trace, Weights};
use averment_primitives::Salt;
use averment_prover::{
    Engine, Observer, Phase, Progress, Setup,
    model::Committed,
    random,
    registered::WeightsSecret,
    setup::{Origin, Store},
};
use averment_verifier::{
    commitment::WeightsCommitment,
    descriptor::{Descriptor, Options},
    proof::Proof,
    statement::{Mode, Statement},
    verify,
};
use serde_json::{Map, Value, json};
use std::{
    error::Error,
    fs,
    hint::black_box,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const MODE: Mode = Mode::ZeroKnowledge;
/// Proofs are verified this often; the least time counts.
const VERIFICATIONS: u32 = 100;
/// So many items are kept for batches.
const ITEMS: usize = 128;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut clock = Clock::new();
    let items = |words: &[&str]| words.first().map_or(Ok(1), |items| items.parse::<usize>());
    match words.as_slice() {
        ["prepare", folder, network, calibration, input] => {
            prepare(&mut clock, Path::new(folder), network, calibration, input)?;
        }
        ["prove", folder, rest @ ..] => prove(&mut clock, Path::new(folder), items(rest)?, 0)?,
        ["verify", folder, rest @ ..] => prove(&mut clock, Path::new(folder), items(rest)?, VERIFICATIONS)?,
        ["accuracy", network, calibration, inputs] => accuracy(&mut clock, network, calibration, inputs)?,
        ["yardstick"] => yardstick(&mut clock),
        _ => {
            return Err(
                "expected prepare, prove, verify, accuracy or yardstick; see the head of this program".into(),
            );
        }
    }
    clock.said.insert("parts".into(), Value::Array(clock.parts));
    println!("{}", Value::Object(clock.said));
    Ok(())
}

/// CPU time of this process, part by part in order, and what else there is to say.
struct Clock {
    last: Duration,
    parts: Vec<Value>,
    said: Map<String, Value>,
}

impl Clock {
    fn new() -> Self {
        Self { last: Duration::ZERO, parts: Vec::new(), said: Map::new() }
    }

    /// The part that ends here.
    fn part(&mut self, name: &str) {
        self.part_until(name, cpu());
    }

    /// The part that ended at that time.
    fn part_until(&mut self, name: &str, end: Duration) {
        self.parts.push(json!([name, (end - self.last).as_secs_f64()]));
        self.last = end;
    }

    fn say(&mut self, name: &str, value: Value) {
        self.said.insert(name.into(), value);
    }
}

/// CPU time of this process since it started.
fn cpu() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs() as u32)
}

/// The files of a model.
struct Files {
    plan: PathBuf,
    weights: PathBuf,
    commitment: PathBuf,
    salt: PathBuf,
    /// The item that is proved: `{"input_data": [[…]]}`.
    item: PathBuf,
    /// Items for batches, and for the peer: `[[…], …]`.
    items: PathBuf,
    proof: PathBuf,
}

impl Files {
    fn of(folder: &Path) -> Self {
        let file = |name: &str| folder.join(name);
        Self {
            plan: file("plan"),
            weights: file("weights"),
            commitment: file("commitment"),
            salt: file("salt"),
            item: file("item.json"),
            items: file("items.json"),
            proof: file("proof"),
        }
    }
}

/// Setups are kept beside the models' folders.
fn store(folder: &Path) -> Store {
    Store::new(folder.with_file_name("setup"))
}

fn options(items: usize) -> Options {
    let batch_bits = items.next_power_of_two().trailing_zeros() as u8;
    Options { chunk_bits: None, batch_bits, mode: MODE, ..Options::default() }
}

fn prepare(clock: &mut Clock, folder: &Path, network: &str, calibration: &str, input: &str) -> Result<()> {
    let Compiled { model, network, report, .. } = compiled(network, calibration)?;
    clock.part("compile");
    let (plan, files) = (model.plan(), Files::of(folder));
    let descriptor = Descriptor::derive(plan, options(1))?.descriptor;
    clock.part("descriptor");
    let bits = descriptor.layout.chunk_bits;
    let mut random = random::secret()?;
    let setup = store(folder).open(&Origin::Development, bits, &mut random)?;
    // Cached, and no part of what a model costs.
    clock.part("setup");
    let (commitment, secret) =
        Committed::register(&setup, &model, options(1), Some(&Salt::from_random([7; 32])))?;
    clock.part("commit");
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    fs::write(&files.plan, plan.encode())?;
    fs::write(&files.weights, model.weights().encode(plan))?;
    fs::write(&files.commitment, commitment.encode())?;
    secret.ok_or("a salt gives a secret")?.write(&files.salt)?;
    clock.part("write");
    let cells = match input {
        "-" => networks::inputs(&network, 1),
        path => arrays(&network, path)?.remove(0).array.cells,
    };
    let items: Vec<&[f64]> = cells.chunks(plan.inputs()[0].shape.cells()).take(ITEMS).collect();
    fs::write(&files.items, serde_json::to_vec(&items)?)?;
    fs::write(&files.item, serde_json::to_vec(&json!({ "input_data": items[..1] }))?)?;
    let layout = &descriptor.layout;
    let lookups: u64 = descriptor.lookups.iter().map(|block| 1 << block.bits).sum();
    for (name, value) in [
        ("multiplications", report.work),
        ("lookups", lookups),
        ("weights", report.weight_cells),
        ("chunk_bits", bits.into()),
        ("chunks", layout.chunks().count() as u64),
        ("slots", layout.slots.len() as u64),
        ("slot_bits", layout.slot_bits.into()),
        ("table_bits", layout.table_bits.into()),
    ] {
        clock.say(name, json!(value));
    }
    // One that is too large for a contract has no encoding.
    clock.say("descriptor", json!(descriptor.encode().ok().map(Bytes::from)));
    Ok(())
}

fn compiled(network: &str, calibration: &str) -> Result<Compiled> {
    let mut options = Compile::default();
    let (network, samples) = if calibration == "-" {
        let network = networks::generated(network)?;
        let samples = Samples::new(&network, vec![networks::samples(&network)?])?;
        options.precision = Some(networks::PRECISION);
        (network, samples)
    } else {
        let network = import(&fs::read(network)?)?;
        let samples = Samples::named(&network, arrays(&network, calibration)?)?;
        (network, samples)
    };
    Ok(compile(&network, &samples, &options)?)
}

/// The arrays of a file; of a CSV file the last columns, as many as the network has inputs.
fn arrays(network: &Network, path: &str) -> Result<Vec<Named>> {
    let (format, bytes) = (Format::of(path)?, fs::read(path)?);
    let mut columns = Columns::All;
    if format == Format::Csv {
        let text = String::from_utf8_lossy(&bytes);
        let names: Vec<String> =
            text.lines().next().unwrap_or_default().split(',').map(str::to_owned).collect();
        let cells: usize = network.dims[network.inputs[0].value.0].iter().product();
        columns = Columns::Only(names[names.len().saturating_sub(cells)..].to_vec());
    }
    Ok(read(format, &bytes, &columns)?)
}

/// Proves from the files in `folder`, and checks the proof so many times.
fn prove(clock: &mut Clock, folder: &Path, items: usize, verifications: u32) -> Result<()> {
    let files = Files::of(folder);
    let plan = Plan::decode(&fs::read(&files.plan)?)?;
    let weights = Weights::decode(&plan, &fs::read(&files.weights)?)?;
    let model = Model::new(plan, weights)?;
    let commitment = WeightsCommitment::decode(&fs::read(&files.commitment)?)?;
    let secret = WeightsSecret::read(&files.salt, &commitment)?;
    clock.part("read model");
    let mut random = random::secret()?;
    let bits = Descriptor::derive(model.plan(), options(items))?.descriptor.layout.chunk_bits;
    let setup = store(folder).open(&Origin::Development, bits, &mut random)?;
    clock.part("read setup");
    let committed = if items == 1 {
        Committed::open(&setup, &model, options(1), &commitment, Some(secret.salt()))?
    } else {
        // Laid out for other chunks than those that were committed to for single items.
        Committed::new(&setup, &model, options(items), &mut random)?
    };
    clock.part("weights and tables");
    let trace = run(&model, &files, items)?;
    clock.part("run");
    let inputs = committed.inputs(&trace, items, B256::ZERO, &mut random)?;
    clock.part("commit inputs");
    let phases = Arc::new(Mutex::new(Vec::new()));
    let begun = phases.clone();
    let observer: Observer = Arc::new(move |Progress { phase, .. }: Progress| {
        let Ok(mut begun) = begun.lock() else { return };
        if begun.last().is_none_or(|(last, _)| *last != phase) {
            begun.push((phase, cpu()));
        }
    });
    let engine = Engine::new(&setup, bits)?.observed(observer);
    clock.part("engine");
    let registered = committed.registered(&inputs)?;
    let public = committed.public_values(model.plan(), &trace);
    let statement = Statement { plan: model.plan().digest(), mode: MODE, public, ..registered.statement() };
    let proof = committed.prove(&engine, &trace, &inputs, &registered, &statement, &mut random)?;
    let begun = phases.lock().map_err(|_| "the prover panicked")?.clone();
    let names = ["place lookups"].into_iter().chain(begun.iter().map(|(phase, _)| name(*phase)));
    for (name, end) in names.zip(begun.iter().map(|(_, at)| *at).chain([cpu()])) {
        clock.part_until(name, end);
    }
    let bytes = proof.encode();
    fs::write(&files.proof, &bytes)?;
    clock.part("write");
    clock.say("bytes", json!(bytes.len()));
    let mut best = None;
    for _ in 0..verifications {
        let start = cpu();
        let proof = Proof::decode(&bytes, committed.descriptor(), MODE)?;
        verify(committed.descriptor(), &setup.key(), &registered, &statement, &proof)?;
        best = best.into_iter().chain([cpu() - start]).min();
    }
    if let Some(best) = best {
        clock.say("verify", json!(best.as_secs_f64()));
    }
    Ok(())
}

/// What the prover is at, for people.
fn name(phase: Phase) -> &'static str {
    match phase {
        Phase::Witness => "count lookups",
        Phase::Commitments => "commit to the witness",
        Phase::Fractions => "lookups' fractions, commit to them",
        Phase::Relations => "main sumcheck, R beside it",
        Phase::Evaluation => "batch evaluation",
        Phase::Opening => "opening",
    }
}

/// Runs the model on the kept inputs, again from the first when there are too few.
fn run(model: &Model, files: &Files, items: usize) -> Result<Trace> {
    let input = &model.plan().inputs()[0];
    let mut cells = Vec::new();
    if items == 1 {
        let item = read(Format::Json, &fs::read(&files.item)?, &Columns::All)?;
        cells.extend(input.quantise(&item[0].array.cells).0);
    } else {
        let kept: Vec<Vec<f64>> = serde_json::from_slice(&fs::read(&files.items)?)?;
        cells.extend(kept.iter().cycle().take(items).flat_map(|item| input.quantise(item).0));
    }
    Ok(model.run(&[&cells], items)?)
}

fn accuracy(clock: &mut Clock, network: &str, calibration: &str, inputs: &str) -> Result<()> {
    let compiled = compiled(network, calibration)?;
    let samples = Samples::named(&compiled.network, arrays(&compiled.network, inputs)?)?;
    let report = measure(&compiled.network, &compiled.model, &compiled.values, &samples, compiled.threshold);
    clock.say("rows", json!(report.samples));
    clock.say("agreeing", json!(report.agreeing));
    clock.say("disagreements", json!(report.disagreements));
    Ok(())
}

fn yardstick(clock: &mut Clock) {
    let count = 1 << 16;
    let setup = Setup::development(16);
    let bases = Bases::new(Backend::best(), &setup.powers()[..count]);
    let base = Fr::from(0x9e37_79b9_7f4a_7c15_u64).pow([7]);
    let scalars: Vec<Fr> = averment_verifier::field::powers(base).take(count).collect();
    clock.part("setup");
    let best = (0..5).map(|_| timed(|| bases.msm(&scalars))).min().unwrap_or_default();
    clock.say("msm", json!(best.as_secs_f64()));
}

/// CPU time of a kernel.
fn timed(kernel: impl FnOnce() -> G1Projective) -> Duration {
    let start = cpu();
    let _ = black_box(kernel());
    cpu() - start
}
