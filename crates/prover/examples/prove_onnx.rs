//! Compiles an ONNX file, proves the first of its samples, verifies the proof, and says what each step took.
//!
//! `cargo run --release -p averment-prover --example prove_onnx -- MODEL.onnx SAMPLES [OPTION…]`
//!
//! Samples are in any format that the compiler reads. Options: `transparent`, `portable` (no AVX-512 IFMA), `alone` (one
//! thread), `batch=N` for
//! the first 2^N samples, `bits=K` for chunks of 2^K cells, `except=NAME,…` for columns of a CSV file that are no inputs.

#![allow(clippy::print_stdout, reason = "a measurement says what it measured")]

use averment_compiler::{
    Options as Compile, Reveal, compile, import,
    samples::{Columns, Format, Samples, read},
};
use averment_kernels::Backend;
use averment_prover::{
    Engine, Observer, Phase, Progress, Setup, certify::Certifier, model::Committed, random,
};
use averment_verifier::{
    Key,
    descriptor::{Descriptor, Options},
    proof::Proof,
    statement::{Mode, Statement},
    verify,
};
use std::{
    error::Error,
    num::NonZeroUsize,
    sync::{Arc, Mutex},
    time::Instant,
};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, samples, rest @ ..] = arguments.as_slice() else {
        return Err(
            "expected MODEL.onnx SAMPLES [transparent] [portable] [batch=N] [bits=K] [except=NAME,…]".into(),
        );
    };
    let flag = |name: &str| rest.iter().any(|option| option == name);
    let option = |name: &str| rest.iter().find_map(|option| option.strip_prefix(name)?.strip_prefix('='));
    let mode = if flag("transparent") { Mode::Transparent } else { Mode::ZeroKnowledge };
    let backend = if flag("portable") { Backend::Portable } else { Backend::best() };
    let batch_bits = option("batch").map_or(Ok(0), str::parse)?;
    let chunk_bits = option("bits").map(str::parse).transpose()?;
    let columns = option("except")
        .map_or(Columns::All, |names| Columns::Except(names.split(',').map(Into::into).collect()));

    let mut last = (cpu(), Instant::now());
    let mut step = |what: &str| {
        let now = (cpu(), Instant::now());
        let (spent, wall) = ((now.0 - last.0) * 1e3, (now.1 - last.1).as_secs_f64() * 1e3);
        println!("{what:<24} {spent:>9.1} ms of processors, {wall:>9.1} ms");
        last = now;
    };
    let network = import(&std::fs::read(model)?)?;
    let rows = Samples::named(&network, read(Format::of(samples)?, &std::fs::read(samples)?, &columns)?)?;
    let compiled = compile(&network, &rows, &Compile { reveal: Reveal::Values, ..Compile::default() })?;
    step("compile");
    let plan = compiled.model.plan();
    let options = Options { chunk_bits, batch_bits, mode, ..Options::default() };
    let derived = Descriptor::derive(plan, options)?;
    let layout = &derived.descriptor.layout;
    step("derive");
    let setup = Setup::development(layout.chunk_bits);
    step("development setup");
    // What a phase took is known when the next one begins.
    let last_phase = Mutex::new((None::<Phase>, cpu()));
    let observer: Observer = Arc::new(move |Progress { phase, fraction }| {
        let Ok(mut last) = last_phase.lock() else { return };
        let (now, done) = (cpu(), fraction >= 1.0);
        if last.0 != Some(phase) || done {
            if let Some(before) = last.0 {
                println!("    {before:?}: {:.1} ms, now at {:.0} %", (now - last.1) * 1e3, fraction * 1e2);
            }
            *last = ((!done).then_some(phase), now);
        }
    });
    let mut engine = Engine::on(backend, &setup, layout.chunk_bits)?.observed(observer);
    if flag("alone") {
        engine = engine.with_threads(NonZeroUsize::MIN);
    }
    step("engine");
    let mut random = random::secret()?;
    let committed = Committed::new(&setup, &compiled.model, options, &mut random)?;
    step("commit the model");
    let certifier = Certifier::new(&committed, &compiled.model)?;
    let certificate = certifier.descriptor();
    let registered = certifier.registered()?;
    let statement = Statement { mode, ..registered.statement() };
    let proof = certifier.prove(&engine, &registered, &statement, &mut random)?;
    step("certify the weights");
    let key = Key { setup: setup.digest(), tau: setup.tau() };
    verify(certificate, &key, &registered, &statement, &proof)?;
    step("verify the certificate");
    println!(
        "certificate: {} bytes, descriptor {}; {} chunks; slots of 2^{}, tables of 2^{}; {} lookups, {} relations",
        proof.encode().len(),
        certificate.encode()?.len(),
        certificate.layout.chunks().count(),
        certificate.layout.slot_bits,
        certificate.layout.table_bits,
        certificate.lookups.len(),
        certificate.relations.len(),
    );

    let batch = 1_usize << batch_bits;
    let items: Vec<Vec<&[f64]>> = rows.items().collect();
    let quantised: Vec<Vec<i32>> = (0..plan.inputs().len())
        .map(|input| {
            let cells = |item: &Vec<&[f64]>| plan.inputs()[input].quantise(item[input]).0;
            items.iter().cycle().take(batch).flat_map(cells).collect()
        })
        .collect();
    let trace = compiled.model.run(&quantised.iter().map(Vec::as_slice).collect::<Vec<_>>(), batch)?;
    step("run");
    let inputs = committed.inputs(&trace, batch, Default::default(), &mut random)?;
    let registered = committed.registered(&inputs)?;
    step("commit the input");
    let public = committed.public_values(plan, &trace);
    let statement = Statement { plan: plan.digest(), mode, public, ..registered.statement() };
    let proof = committed.prove(&engine, &trace, &inputs, &registered, &statement, &mut random)?;
    step("prove");
    let bytes = proof.encode();
    let proof = Proof::decode(&bytes, committed.descriptor(), mode)?;
    verify(committed.descriptor(), &key, &registered, &statement, &proof)?;
    step("verify");
    println!("{:?}; relative error {:.5}", compiled.precision, compiled.report.relative_error());
    for step in plan.steps() {
        let table = plan.table(step.rescale.table).ok_or("a table")?;
        println!(
            "  {:<32} {:?}, shift {}, table {} of {} bits",
            step.name,
            step.shape.dims(),
            step.rescale.shift,
            step.rescale.table.index(),
            table.bits()
        );
    }
    println!(
        "{mode:?} on {backend:?}: {} bytes; 2^{} cells a chunk: {} of weights, {} of tables, {} of inputs, {} and {} of \
         witness; slots of 2^{}, tables of 2^{}, {} variables",
        bytes.len(),
        layout.chunk_bits,
        layout.weights.len(),
        layout.tables.len(),
        layout.inputs.len(),
        layout.witness1.len(),
        layout.witness2.len(),
        layout.slot_bits,
        layout.table_bits,
        committed.descriptor().variables(),
    );
    let peak = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = peak.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("unknown");
    println!(
        "memory for the proof: {} MiB estimated; {peak} with compiling",
        Engine::memory(committed.descriptor()) >> 20
    );
    Ok(())
}

/// Seconds of processors that this process took.
fn cpu() -> f64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 * 1e-9
}
