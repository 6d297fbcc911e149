//! What the engine says of itself: how far a proof is, and how much memory it takes.

use averment_compiler::{
    Options as Compile, compile, import,
    samples::{Columns, Format, Samples, read},
};
use averment_plan::Model;
use averment_prover::{Engine, Phase, Progress, Setup, model::Committed, random};
use averment_verifier::{
    descriptor::{Descriptor, Options},
    statement::Statement,
};
use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

/// The LeNet and its first image.
fn lenet() -> (Model, Vec<i32>) {
    let file = |path: &str| {
        std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/mnist").join(path)).unwrap()
    };
    let network = import(&file("model.onnx")).unwrap();
    let images = read(Format::Npz, &file("data/calibration.npz"), &Columns::All).unwrap();
    let samples = Samples::named(&network, images).unwrap().first(16);
    let model = compile(&network, &samples, &Compile::default()).unwrap().model;
    let image = model.plan().inputs()[0].quantise(samples.items().next().unwrap()[0]).0;
    (model, image)
}

/// The most memory this process has had since it was last asked to forget; none where it does not say.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kibibytes| kibibytes << 10)
}

#[test]
fn progress_grows_to_one_and_memory_is_what_was_said() {
    let (model, image) = lenet();
    let trace = model.run(&[&image], 1).unwrap();
    let options = Options::default();
    let descriptor = Descriptor::derive(model.plan(), options).unwrap().descriptor;
    let said = Engine::memory(&descriptor);
    let bits = descriptor.layout.chunk_bits;

    // Forget what compiling took.
    let forgets = std::fs::write("/proc/self/clear_refs", "5").is_ok();
    let setup = Setup::development(bits);
    let seen: Arc<Mutex<Vec<Progress>>> = Arc::default();
    let observer = Arc::clone(&seen);
    let engine = Engine::new(&setup, bits).unwrap().observed(Arc::new(move |progress| {
        observer.lock().unwrap_or_else(PoisonError::into_inner).push(progress);
    }));
    let mut random = random::secret().unwrap();
    let committed = Committed::new(&setup, &model, options, &mut random).unwrap();
    let inputs = committed.inputs(&trace, 1, Default::default(), &mut random).unwrap();
    let registered = committed.registered(&inputs).unwrap();
    let public = committed.public_values(model.plan(), &trace);
    let statement = Statement { public, ..registered.statement() };
    committed.prove(&engine, &trace, &inputs, &registered, &statement, &mut random).unwrap();

    let seen = seen.lock().unwrap();
    let mut phases: Vec<Phase> = seen.iter().map(|progress| progress.phase).collect();
    phases.dedup();
    assert_eq!(phases, Phase::ALL);
    assert!(seen.is_sorted_by(|a, b| a.fraction <= b.fraction));
    assert_eq!((seen[0].fraction, seen.last().unwrap().fraction), (0.0, 1.0));
    assert!(seen.len() > 30, "rounds are told of");

    if let Some(took) = peak().filter(|_| forgets) {
        assert!((said / 2..said * 3 / 2).contains(&took), "{} MiB said, {} taken", said >> 20, took >> 20);
    }
}
