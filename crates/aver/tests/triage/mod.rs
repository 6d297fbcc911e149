//! A project with the example's plan, and the commands that are typed in it.

#![allow(dead_code, reason = "each test file uses some of these")]

use crate::sandbox::{Run, Sandbox};
use averment_verifier::file::ProofFile;
use std::{fs, os::unix::fs::PermissionsExt, path::Path, sync::OnceLock};

pub const MODEL: &str = "breast_cancer/model-v2.onnx";
pub const TRAINING: &str = "breast_cancer/data/training.csv";
pub const EVALUATION: &str = "breast_cancer/data/evaluation.csv";
pub const PLAN: &str = "triage.plan";

pub fn json(sandbox: &Sandbox, arguments: &[&str]) -> Run {
    sandbox.run(&[arguments, &["--json"]].concat())
}

pub fn compile(sandbox: &Sandbox, more: &[&str]) -> Run {
    let command = ["compile", MODEL, "--calibrate", TRAINING, "--except", "row,diagnosis"];
    json(sandbox, &[&command, more].concat())
}

pub fn prove(sandbox: &Sandbox, more: &[&str]) -> Run {
    json(sandbox, &[&["prove", PLAN, "--input", EVALUATION], more].concat())
}

pub fn verify(sandbox: &Sandbox, proof: &str) -> Run {
    json(sandbox, &["verify", PLAN, proof])
}

/// A project with a plan of the example, committed, and the proof `case.proof` about one of its rows.
pub fn proved() -> Sandbox {
    static TEMPLATE: OnceLock<Sandbox> = OnceLock::new();
    let template = TEMPLATE.get_or_init(|| {
        let sandbox = Sandbox::configured();
        sandbox.example("breast_cancer");
        compile(&sandbox, &["-o", PLAN]).done();
        json(&sandbox, &["commit", PLAN]).done();
        prove(&sandbox, &["--row", "3", "-o", "case.proof"]).done();
        sandbox
    });
    template.copy()
}

pub fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

pub fn change(sandbox: &Sandbox, from: &str, to: &str, change: impl FnOnce(&mut ProofFile)) {
    let mut file = ProofFile::decode(&fs::read(sandbox.path().join(from)).unwrap()).unwrap();
    change(&mut file);
    fs::write(sandbox.path().join(to), file.encode()).unwrap();
}

/// The first three of the example's rows in a file of their own.
pub fn first_three(sandbox: &Sandbox) -> &'static str {
    let text = fs::read_to_string(sandbox.path().join(EVALUATION)).unwrap();
    let rows: Vec<&str> = text.lines().take(4).collect();
    fs::write(sandbox.path().join("three.csv"), rows.join("\n")).unwrap();
    "three.csv"
}
