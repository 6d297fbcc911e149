//! Compiles an ONNX file, proves one row of a CSV file, verifies the proof, and says what each step took.
//!
//! `cargo run --release -p averment-prover --example prove_onnx -- MODEL.onnx SAMPLES.csv FIRST_COLUMN [transparent]`

#![allow(clippy::print_stdout, reason = "a measurement says what it measured")]

use averment_compiler::{Options as Compile, Reveal, compile, import, samples::Samples, tensor::Tensor};
use averment_prover::{Engine, Setup, model::Committed, random};
use averment_verifier::{
    Key,
    descriptor::{Descriptor, Options},
    proof::Proof,
    statement::{Mode, Statement},
    verify,
};
use std::{error::Error, time::Instant};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, samples, first, rest @ ..] = arguments.as_slice() else {
        return Err("expected MODEL.onnx SAMPLES.csv FIRST_COLUMN [transparent]".into());
    };
    let mode = if rest.is_empty() { Mode::ZeroKnowledge } else { Mode::Transparent };
    let clock = Instant::now();
    let mut last = 0.0;
    let mut step = |what: &str| {
        let now = clock.elapsed().as_secs_f64() * 1e3;
        println!("{what:<28} {:>9.2} ms", now - last);
        last = now;
    };
    let network = import(&std::fs::read(model)?)?;
    let cells = network.dims[network.inputs[0].value.0].iter().product::<usize>();
    let text = std::fs::read_to_string(samples)?;
    let values: Vec<f64> = text
        .lines()
        .skip(1)
        .flat_map(|line| line.split(',').skip(first.parse().unwrap_or(0)).take(cells))
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    let rows = Samples::new(&network, vec![Tensor::new(vec![values.len() / cells, cells], values.clone())?])?;
    let compiled = compile(&network, &rows, &Compile { reveal: Reveal::Values, ..Compile::default() })?;
    step("compile");
    let plan = compiled.model.plan();
    let options = Options { chunk_bits: None, batch_bits: 0, mode };
    let layout = Descriptor::derive(plan, options)?.descriptor.layout;
    step("derive");
    let setup = Setup::development(layout.chunk_bits);
    step("development setup");
    let engine = Engine::new(&setup, layout.chunk_bits)?;
    step("engine");
    let mut random = random::secret()?;
    let committed = Committed::new(&setup, &compiled.model, options, &mut random)?;
    step("commit the model");

    let (input, _) = plan.inputs()[0].quantise(&values[..cells]);
    let trace = compiled.model.run(&[&input], 1)?;
    step("run");
    let inputs = committed.inputs(&trace, &mut random);
    let registered = committed.registered(Default::default(), &inputs);
    step("commit the input");
    let public = trace.steps.last().map(|step| step.out.iter().map(|cell| i64::from(*cell)).collect());
    let public = public.unwrap_or_default();
    let statement = Statement { setup: setup.digest(), mode, public, ..Statement::default() };
    let proof = committed.prove(&engine, &trace, &inputs, &registered, &statement, &mut random)?;
    step("prove");
    let bytes = proof.encode();
    let proof = Proof::decode(&bytes, committed.descriptor(), mode)?;
    let key = Key { setup: setup.digest(), tau: setup.tau() };
    verify(committed.descriptor(), &key, &registered, &statement, &proof)?;
    step("verify");
    println!(
        "{mode:?}: {} bytes; chunks of 2^{}, {} in all; slots of 2^{}, tables of 2^{}; output {:?}",
        bytes.len(),
        layout.chunk_bits,
        layout.chunks().count(),
        layout.slot_bits,
        layout.table_bits,
        statement.public
    );
    Ok(())
}
