//! `aver bench`: what proofs of one plan take on this machine, and where the time goes.
//!
//! Every run does what `aver prove` does, from reading the plan to a proof that was verified, with the setup kept from
//! before. Processor time and memory are what Linux says of this process; elsewhere they are left out.

use super::{
    Context,
    prove::{Source, Stage, Watch, prove_watched},
};
use crate::{args::proofs::BenchArgs, exit, plans::PlanFolder, predict::Prediction, proofs, table::table};
use anyhow::{Context as _, Result};
use averment_prover::Phase;
use averment_verifier::{
    descriptor::Descriptor,
    file::ProofFile,
    statement::{Mode, Statement},
};
use serde_json::{Value, json};
use std::{
    fmt::Write,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

/// Ticks of processor time a second, on every Linux that programs see.
const TICKS: f64 = 100.0;

/// One run.
struct Run {
    wall: Duration,
    /// What took how long, in order.
    stages: Vec<(&'static str, Duration)>,
    file: ProofFile,
}

pub fn run(args: &BenchArgs, context: &Context) -> Result<()> {
    let folder = PlanFolder::open(&args.plan)?;
    let path = args.input.one.input.as_ref().ok_or_else(|| exit::usage("which input? Pass --input FILE"))?;
    let source = Source::File(path, &args.input, args.commitments.into());
    let mode = if args.transparent { Mode::Transparent } else { Mode::ZeroKnowledge };
    let bar = context.ui.count_bar("proofs", args.runs.into());
    let (mut best, mut spent) = (None::<Run>, Vec::new());
    for done in 1..=args.runs {
        let before = processor_time();
        let run = once(&folder, &source, mode, context)?;
        spent.extend(processor_time().zip(before).map(|(after, before)| after - before));
        if best.as_ref().is_none_or(|best| run.wall < best.wall) {
            best = Some(run);
        }
        bar.set_position(done.into());
    }
    bar.finish_and_clear();
    let best = best.context("at least one run")?;
    // Ticks are coarse: the mean says more than the least.
    let processor = (!spent.is_empty()).then(|| spent.iter().sum::<f64>() / spent.len() as f64);
    let chunk_bits = folder.commitment()?.chunked().blocks().chunk_bits();
    let plan = folder.plan()?;
    let descriptor = Descriptor::derive(&plan, best.file.options(&plan, chunk_bits))?.descriptor;
    let predicted = Prediction::new(&descriptor, mode);
    let memory = peak_memory();
    let value = json!({
        "plan": folder.path(),
        "mode": proofs::mode(mode),
        "items": best.file.input.items(),
        "runs": args.runs,
        "seconds": best.wall.as_secs_f64(),
        "processorSeconds": processor,
        "peakMemory": memory,
        "bytes": best.file.proof.len(),
        "stages": best.stages.iter().map(|(name, time)| json!([name, time.as_secs_f64()])).collect::<Vec<Value>>(),
        "predicted": predicted.json(),
    });
    let mut words = stages(&best);
    writeln!(words, "\n\nfastest of {} proofs of {}", args.runs, items(best.file.input.items()))?;
    writeln!(words, "  clock      {:.3} s", best.wall.as_secs_f64())?;
    if let Some(seconds) = processor {
        writeln!(
            words,
            "  processor  {seconds:.3} s on average; {:.3} s predicted",
            predicted.time.as_secs_f64()
        )?;
    }
    if let Some(bytes) = memory {
        let [got, expected] = [bytes, predicted.memory].map(|bytes| bytes.div_ceil(1_000_000));
        writeln!(words, "  memory     {got} MB at most; {expected} MB predicted")?;
    }
    write!(words, "  proof      {} bytes, {}", best.file.proof.len(), proofs::mode(mode))?;
    context.ui.result(&value, words)
}

fn items(count: u32) -> String {
    if count == 1 { "one input".to_owned() } else { format!("{count} inputs together") }
}

fn once(folder: &PlanFolder, source: &Source<'_>, mode: Mode, context: &Context) -> Result<Run> {
    let marks = Arc::new(Mutex::new(Vec::new()));
    let seen = marks.clone();
    let watch: Watch = Arc::new(move |stage| {
        if let Ok(mut marks) = seen.lock() {
            marks.push((name(stage), Instant::now()));
        }
    });
    let statement = Statement { mode, chain_id: context.config.statement_chain(), ..Statement::default() };
    let file = prove_watched(folder, source, false, statement, watch, context)?;
    let marks = marks.lock().map(|marks| marks.clone()).unwrap_or_default();
    let mut stages: Vec<(&'static str, Duration)> = Vec::new();
    for pair in marks.windows(2) {
        let [(name, begin), (_, end)] = pair else { continue };
        let time = end.duration_since(*begin);
        match stages.last_mut().filter(|(last, _)| last == name) {
            Some((_, sum)) => *sum += time,
            None => stages.push((name, time)),
        }
    }
    Ok(Run { wall: stages.iter().map(|(_, time)| *time).sum(), stages, file })
}

/// What a stage is called.
fn name(stage: Stage) -> &'static str {
    match stage {
        Stage::Reading => "plan and weights read",
        Stage::Setup => "setup read",
        Stage::Input => "input read and committed to",
        Stage::Running => "plan run",
        Stage::Preparing => "chunks laid out",
        Stage::Proving(progress) => match progress.phase {
            Phase::Witness => "rows and multiplicities",
            Phase::Commitments => "commitments",
            Phase::Fractions => "fractions",
            Phase::Relations => "main sumcheck",
            Phase::Evaluation => "batch evaluation",
            Phase::Opening => "opening",
        },
        Stage::Verifying => "verified",
        Stage::Done => "done",
    }
}

fn stages(run: &Run) -> String {
    let rows: Vec<[String; 3]> = run
        .stages
        .iter()
        .map(|(name, time)| {
            let share = 100.0 * time.as_secs_f64() / run.wall.as_secs_f64().max(f64::MIN_POSITIVE);
            [(*name).to_owned(), format!("{:>9.2} ms", time.as_secs_f64() * 1e3), format!("{share:>3.0} %")]
        })
        .collect();
    table(["STAGE", "CLOCK", "SHARE"], &rows)
}

/// Seconds of processor time of this process so far, all threads, user and system together.
fn processor_time() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The second field, the program's name, may hold spaces; it ends with the last parenthesis.
    let mut fields = text.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let (user, system): (f64, f64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some((user + system) / TICKS)
}

/// The most bytes of memory that this process has had.
fn peak_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
}
