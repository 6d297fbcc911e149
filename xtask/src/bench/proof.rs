//! Proofs: what the four models of `examples/` cost to make ready, prove and verify, and where the time goes.
//!
//! What is measured is `aver prove`, from the start of the process to the proof on disk: it reads plan, weights, the kept
//! setup and the input, commits to the input, and proves with zero knowledge. The phases, batches and decisions come from
//! `proof_bench`, an example of the prover that takes the same steps and times them.

use super::{Cost, best_of, best_said, built};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const RUNS: u32 = 5;
const DATA: &str = "target/bench/proof";
/// Items of the batch.
const BATCH: &str = "128";

/// A model and what is asked of its proofs.
pub struct Model {
    pub name: &'static str,
    /// Its folder among the bench's data.
    folder: &'static str,
    pub network: &'static str,
    /// Inputs that scales are chosen with.
    calibration: &'static str,
    /// Columns of the files that are no inputs.
    except: Option<&'static str>,
    /// Held-out inputs; the first is proved.
    inputs: &'static str,
    /// The proof vector of the same plan, whose gas the contracts' tests pin.
    vector: &'static str,
    /// CPU seconds, megabytes, kilobytes, thousands of gas.
    asked: (f64, f64, f64, f64),
}

/// The models of the tables.
pub const MODELS: [Model; 4] = [
    Model {
        name: "MLP 30-64-32-2",
        folder: "breast_cancer",
        network: "examples/breast_cancer/model-v2.onnx",
        calibration: "examples/breast_cancer/data/training.csv",
        except: Some("row,diagnosis"),
        inputs: "examples/breast_cancer/data/wdbc.csv",
        vector: "mlp_zk",
        asked: (0.10, 60.0, 7.0, 460.0),
    },
    Model {
        name: "MLP 784-256-128-10",
        folder: "perceptron",
        network: "examples/mnist/perceptron.onnx",
        calibration: "examples/mnist/data/calibration.npz",
        except: None,
        inputs: "examples/mnist/data/evaluation.npz",
        vector: "perceptron_zk",
        asked: (0.4, 150.0, 8.0, 540.0),
    },
    LENET,
    Model {
        name: "CNN 3×32×32, 282,250 parameters",
        folder: "colour_digits",
        network: "examples/colour_digits/model.onnx",
        calibration: "examples/colour_digits/data/calibration.npz",
        except: None,
        inputs: "examples/colour_digits/data/evaluation.npz",
        vector: "cnn_zk",
        asked: (1.2, 400.0, 10.0, 750.0),
    },
];

const LENET: Model = Model {
    name: "LeNet-5, max pooling, 28×28",
    folder: "lenet",
    network: "examples/mnist/model.onnx",
    calibration: "examples/mnist/data/calibration.npz",
    except: None,
    inputs: "examples/mnist/data/evaluation.npz",
    vector: "lenet_zk",
    asked: (0.5, 200.0, 9.0, 600.0),
};

/// More rows that decisions are compared on, beside those of [`MODELS`].
const DIGITS: [&str; 4] = [
    "MLP 64-32-10",
    "examples/digits/model.onnx",
    "examples/digits/data/training.csv",
    "examples/digits/data/evaluation.csv",
];

/// What a model took to make ready and to prove.
struct Measured {
    /// CPU seconds to compile and to commit.
    ready: f64,
    /// Of `aver prove`.
    cost: Cost,
    /// Bytes of what it wrote: the proof, its statement, the input's commitment.
    file: u64,
    /// What `proof_bench` says of the model, and of proving.
    sizes: Value,
    proved: (Cost, Value),
    /// Milliseconds to verify.
    verify: f64,
    /// Of the transaction that verifies it on chain.
    gas: f64,
}

/// The section "Proofs".
pub fn section() -> Result<String> {
    let yardstick = number(&asked(RUNS, &["yardstick"])?.1, "msm")?;
    let measured = MODELS.iter().map(measure).collect::<Result<Vec<_>>>()?;
    let mut page = format!(
        "## Proofs\n\nZero-knowledge, the decision alone revealed: what the commands do when nothing else is asked. *Prove* \
         is `aver prove`, from the start of the process to the proof on disk: model, kept setup and input are read, the \
         input is committed to. *Ready* is `aver compile` and `aver commit`. *Gas* is that of the whole transaction, as \
         the contracts' tests pin it for the same plan. In brackets, what is asked. The yardstick is a multi-scalar \
         multiplication of 2^16 points, {:.0} ms.\n\n| model | prove, CPU s | in yardsticks | wall s | memory, MB | proof, \
         KB | with statement, KB | verify, ms (5) | ready, CPU s (1) | gas, thousands |\n\
         |---|---|---|---|---|---|---|---|---|---|\n",
        yardstick * 1e3
    );
    for (model, own) in MODELS.iter().zip(&measured) {
        let (cpu, megabytes, kilobytes, gas) = model.asked;
        writeln!(
            page,
            "| {} | {:.2} ({cpu}) | {:.1} | {:.2} | {:.0} ({megabytes}) | {:.1} ({kilobytes}) | {:.1} | {:.1} | {:.2} | {:.1} ({gas}) |",
            model.name,
            own.cost.cpu,
            own.cost.cpu / yardstick,
            own.cost.wall,
            own.cost.peak_mib * 1.048_576,
            number(&own.proved.1, "bytes")? / 1e3,
            own.file as f64 / 1e3,
            own.verify,
            own.ready,
            own.gas / 1e3,
        )?;
    }
    page.push_str(&phases(&measured)?);
    page.push_str(&sizes(&measured)?);
    page.push_str(&batch()?);
    page.push_str(&accuracy()?);
    Ok(page)
}

fn measure(model: &Model) -> Result<Measured> {
    let (folder, sizes) = prepare(model)?;
    let gas = gas(model, &sizes)?;
    let (plan, proof) = (folder.join("aver.plan"), folder.join("aver.proof"));
    let mut ready = f64::INFINITY;
    for _ in 0..RUNS {
        if plan.exists() {
            fs::remove_dir_all(&plan)?;
        }
        let compile = best_of(1, || {
            let mut command = aver("compile");
            command.arg(model.network).arg("--calibrate").arg(model.calibration);
            command.arg("-o").arg(&plan);
            if let Some(columns) = model.except {
                command.args(["--except", columns]);
            }
            command
        })?;
        let commit = best_of(1, || {
            let mut command = aver("commit");
            command.arg(&plan);
            command
        })?;
        ready = ready.min(compile.cpu + commit.cpu);
    }
    let cost = best_of(RUNS, || {
        fs::remove_file(&proof).ok();
        let mut command = aver("prove");
        command.arg(&plan).arg("--input").arg(folder.join("item.json")).arg("-o").arg(&proof);
        command
    })?;
    let file = fs::metadata(&proof)?.len();
    let folder = folder.to_str().context("a path")?;
    let proved = asked(RUNS, &["prove", folder])?;
    let verify = number(&asked(1, &["verify", folder])?.1, "verify")? * 1e3;
    Ok(Measured { ready, cost, file, sizes, proved, verify, gas })
}

/// What the contracts' tests pin for the model's vector, which must be of the plan that is measured here.
fn gas(model: &Model, sizes: &Value) -> Result<f64> {
    let read = |path: &str| -> Result<Value> {
        let text = fs::read_to_string(path).with_context(|| format!("reading {path}"))?;
        serde_json::from_str(&text).with_context(|| format!("{path} is no JSON"))
    };
    let vector = read(&format!("vectors/proof/ok_{}.json", model.vector))?;
    ensure!(
        vector["descriptor"] == sizes["descriptor"],
        "{} compiles to another plan than that of the vector {}: vectors and gas have to be made anew",
        model.network,
        model.vector
    );
    let pinned = read("contracts/snapshots/proofs.json")?;
    let gas = pinned[model.vector].as_str().and_then(|gas| gas.parse().ok());
    gas.with_context(|| format!("no gas of {} is pinned", model.vector))
}

/// A command of our program, with the development setup, which it keeps among the bench's data.
fn aver(name: &str) -> Command {
    let mut command = Command::new(built("aver"));
    command
        .env_remove("AVERMENT_CONFIG")
        .args(["--json", "--config"])
        .arg(Path::new(DATA).join("averment.toml"));
    command.arg(name);
    command
}

/// Makes a model ready for `proof_bench`; the setup is kept from now on. Gives its folder, and what there is to prove.
pub fn prepare(model: &Model) -> Result<(PathBuf, Value)> {
    fs::create_dir_all(DATA)?;
    fs::write(Path::new(DATA).join("averment.toml"), "[proof]\nsetup = \"development\"\n")?;
    let folder = Path::new(DATA).join(model.folder);
    let path = folder.to_str().context("a path")?;
    let (_, sizes) = asked(1, &["prepare", path, model.network, model.calibration, model.inputs])?;
    Ok((folder, sizes))
}

/// Runs `proof_bench`: the best of some runs, and what that run said.
pub fn asked(runs: u32, arguments: &[&str]) -> Result<(Cost, Value)> {
    let (cost, said) = best_said(runs, || {
        let mut command = Command::new(built("examples/proof_bench"));
        command.args(arguments);
        command
    })?;
    Ok((cost, serde_json::from_str(&said).with_context(|| format!("proof_bench printed {said:?}"))?))
}

/// A number that `proof_bench` said.
pub fn number(said: &Value, name: &str) -> Result<f64> {
    said[name].as_f64().with_context(|| format!("{said} has no number {name:?}"))
}

/// The parts that a process timed, in order, with their CPU seconds.
fn parts(said: &Value) -> Vec<(&str, f64)> {
    let all = said["parts"].as_array().into_iter().flatten();
    all.filter_map(|part| Some((part[0].as_str()?, part[1].as_f64()?))).collect()
}

/// Where the time of proving goes: a row a part.
fn phases(measured: &[Measured]) -> Result<String> {
    let mut page = String::from("\nWhere the time goes, CPU ms, by the example `proof_bench`:\n\n| part |");
    MODELS.iter().for_each(|model| page.push_str(&format!(" {} |", model.name)));
    page.push_str("\n|---|---|---|---|---|\n");
    let mut row = |name: &str, of: &dyn Fn(&Measured) -> f64| -> Result<()> {
        write!(page, "| {name} |")?;
        measured.iter().try_for_each(|own| write!(page, " {:.1} |", of(own) * 1e3))?;
        page.push('\n');
        Ok(())
    };
    for (place, (name, _)) in parts(&measured[0].proved.1).iter().enumerate() {
        row(name, &|own| parts(&own.proved.1).get(place).map_or(0.0, |part| part.1))?;
    }
    let rest =
        |own: &Measured| own.proved.0.cpu - parts(&own.proved.1).iter().map(|part| part.1).sum::<f64>();
    row("start and end of the process", &|own| rest(own).max(0.0))?;
    Ok(page)
}

/// What is proved: a row a size.
fn sizes(measured: &[Measured]) -> Result<String> {
    let mut page = String::from("\nWhat is proved, padding included:\n\n| size |");
    MODELS.iter().for_each(|model| page.push_str(&format!(" {} |", model.name)));
    page.push_str("\n|---|---|---|---|---|\n");
    for (name, key, power) in [
        ("multiplications", "multiplications", false),
        ("weights", "weights", false),
        ("lookups", "lookups", false),
        ("lookup slots", "slots", false),
        ("rows of a slot", "slot_bits", true),
        ("rows of tables", "table_bits", true),
        ("cells of a chunk, K", "chunk_bits", true),
        ("chunks", "chunks", false),
    ] {
        write!(page, "| {name} |")?;
        for own in measured {
            write!(page, " {}{} |", if power { "2^" } else { "" }, number(&own.sizes, key)?)?;
        }
        page.push('\n');
    }
    Ok(page)
}

/// Many images in one proof.
fn batch() -> Result<String> {
    let (folder, _) = prepare(&LENET)?;
    let folder = folder.to_str().context("a path")?;
    // The first run derives the larger setup that the second finds.
    let (cost, said) = asked(2, &["prove", folder, BATCH])?;
    let items: f64 = BATCH.parse()?;
    Ok(format!(
        "\nA batch of {BATCH} images through LeNet, one proof, one joint commitment to the inputs: {:.1} CPU s, {:.3} an \
         image (0.15), {:.0} MB, {:.1} KB.\n",
        cost.cpu,
        cost.cpu / items,
        cost.peak_mib * 1.048_576,
        number(&said, "bytes")? / 1e3,
    ))
}

/// Decisions beside the float run's.
fn accuracy() -> Result<String> {
    let mut page = String::from(
        "\nDecisions as in the float run, on rows that took no part in training (breast cancer: on all 569):\n\n\
         | model | rows | decided alike | otherwise: row, float run, plan, margin of the float run |\n|---|---|---|---|\n",
    );
    let models = MODELS.iter().map(|model| [model.name, model.network, model.calibration, model.inputs]);
    for [name, network, calibration, inputs] in models.chain([DIGITS]) {
        let said = asked(1, &["accuracy", network, calibration, inputs])?.1;
        let different: Vec<String> = said["disagreements"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|one| {
                let margin = one["margin"].as_f64().unwrap_or_default();
                format!("{}: {}, {}, {margin:.4}", one["sample"], one["float"], one["plan"])
            })
            .collect();
        let (rows, agreeing) = (number(&said, "rows")?, number(&said, "agreeing")?);
        let share = 100.0 * agreeing / rows;
        writeln!(page, "| {name} | {rows} | {agreeing} ({share:.2} %) | {} |", different.join("; "))?;
    }
    Ok(page)
}
