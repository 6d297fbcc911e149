//! From a network to the plan that a task starts from, and from the task's last model to the plan of a version.

mod sandbox;
mod triage;

use averment_compiler::{import, task::Template};
use averment_plan::{
    Plan, Weights,
    vector::{DENOMINATOR, Package, Vector, VectorKind, VectorLayout},
};
use averment_primitives::{Salt, hex, keccak256};
use averment_prover::{Setup, federated, registered::WeightsSecret};
use averment_verifier::{commitment::WeightsCommitment, point};
use sandbox::Sandbox;
use std::fs;
use triage::*;

const TASK: &str = "task.plan";
const SAMPLES: [&str; 4] = ["--calibrate", TRAINING, "--except", "row,diagnosis"];

fn start(sandbox: &Sandbox, more: &[&str]) -> sandbox::Run {
    json(sandbox, &[&["federated", "start", MODEL], &SAMPLES[..], more].concat())
}

fn finish(sandbox: &Sandbox, package: &str, more: &[&str]) -> sandbox::Run {
    let command = ["federated", "finish", MODEL, "--plan", TASK, "--package", package];
    json(sandbox, &[&command, &SAMPLES[..], more].concat())
}

#[test]
fn a_task_begins_and_ends_with_plans_whose_points_are_its_own() {
    let sandbox = Sandbox::configured();
    sandbox.example("breast_cancer");
    let started = start(&sandbox, &["-o", TASK]).done().json();
    assert_eq!(started["report"]["agreeing"], started["report"]["samples"]);
    assert!(
        started["blocks"]
            .as_array()
            .unwrap()
            .iter()
            .all(|block| block["bits"] == 20 && block["updateBits"] == 14)
    );
    let committed = json(&sandbox, &["commit", TASK]).done().json();
    assert_eq!(committed["planDigest"], started["planDigest"]);

    // A round: what somebody with the folder and the network trained, added with half its weight.
    let public = |name: &str| fs::read(sandbox.path().join(TASK).join("public").join(name)).unwrap();
    let (plan, layout) =
        (Plan::decode(&public("plan")).unwrap(), VectorLayout::decode(&public("layout")).unwrap());
    assert_eq!(started["layout"], serde_json::json!(layout.identity()));
    let private = fs::read(sandbox.path().join(TASK).join("private/weights")).unwrap();
    let initial = Vector::of_weights(&layout, &Weights::decode(&plan, &private).unwrap()).unwrap();
    let network = import(&fs::read(sandbox.path().join(MODEL)).unwrap()).unwrap();
    let template = Template::new(&network, &plan, &layout).unwrap();
    let mut parameters = template.parameters(&initial).unwrap();
    let cells = parameters.iter_mut().flat_map(|own| &mut own.tensor.cells).enumerate();
    cells.for_each(|(at, cell)| *cell += (at % 5) as f64 / 400.0 - 0.005);
    let update = template.update(&initial, &parameters, 1 << 30).unwrap();
    let salt = || Salt::from_random([5; 32]);
    let first = WeightsCommitment::decode(&public("commitment")).unwrap();
    let blocks = first.chunked().blocks();
    let bits = blocks.chunk_bits();
    let setup = Setup::development(bits);
    let committed = |vector: &Vector| {
        let package = Package { vector: vector.clone(), salt: salt() };
        federated::Vector::of(&setup, &layout, bits, &package).unwrap()
    };
    let rows = [(DENOMINATOR / 2, &committed(&update))];
    let (trained, _) = federated::aggregate(&setup, &committed(&initial), &rows, None).unwrap();
    let trained = trained.plain(&layout, VectorKind::Model).unwrap();
    let write = |name: &str, vector: &Vector| {
        let package = Package { vector: vector.clone(), salt: salt() };
        fs::write(sandbox.path().join(name), package.encode(&layout)).unwrap();
    };
    write("final.vector", &trained);
    write("update.vector", &update);

    // The version's points are those that the contract would have.
    let made =
        finish(&sandbox, "final.vector", &["-o", "trained.plan", "--onnx", "trained.onnx"]).done().json();
    let (task, _) = WeightsSecret::commit(&setup, blocks, trained.padded(&layout), Some(&salt())).unwrap();
    let version = fs::read(sandbox.path().join("trained.plan/public/commitment")).unwrap();
    assert_eq!(hex::encode(&version), hex::encode(task.encode()));
    assert_eq!(made["weightsCommitment"], serde_json::json!(task.identity()));
    assert_eq!(made["points"], serde_json::json!(keccak256(point::to_bytes(task.chunked().points()))));
    assert_ne!(made["planDigest"], started["planDigest"]);

    // The new plan proves, and the new network holds what was trained.
    json(&sandbox, &["prove", "trained.plan", "--input", EVALUATION, "--row", "3", "-o", "case.proof"])
        .done();
    let found = json(&sandbox, &["verify", "trained.plan", "case.proof"]).done().json();
    assert_eq!(found["statement"]["weightsCommitment"], made["weightsCommitment"]);
    let exported = import(&fs::read(sandbox.path().join("trained.onnx")).unwrap()).unwrap();
    assert_eq!(template.model(&exported.parameters()).unwrap(), trained);

    // What is no last model of this task makes no plan.
    finish(&sandbox, "update.vector", &["-o", "no.plan"])
        .refused(2, "a vector of the kind Model is expected");
    fs::write(
        sandbox.path().join("cut.vector"),
        &fs::read(sandbox.path().join("final.vector")).unwrap()[..99],
    )
    .unwrap();
    finish(&sandbox, "cut.vector", &["-o", "no.plan"]).refused(2, "cells");
    compile(&sandbox, &["-o", PLAN]).done();
    let command =
        ["federated", "finish", MODEL, "--plan", PLAN, "--package", "final.vector", "-o", "no.plan"];
    json(&sandbox, &[&command, &SAMPLES[..]].concat()).refused(2, "not a plan that a task starts from");
    assert!(!sandbox.path().join("no.plan").exists());
}

#[test]
fn widths_without_room_for_the_weights_are_refused() {
    let sandbox = Sandbox::configured();
    sandbox.example("breast_cancer");
    start(&sandbox, &["-o", TASK, "--bits", "10", "--update-bits", "8"]).refused(2, "does not fit 10 bits");
    start(&sandbox, &["-o", TASK, "--bits", "25"]).refused(2, "weights of 2 to 24 bits");
    assert!(!sandbox.path().join(TASK).exists());
}
