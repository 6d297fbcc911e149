//! The models of `examples/`, compiled and compared with their float run on rows that they were not trained on: at
//! least 995 of 1,000 are decided alike, and those that are not are named with the margin of the float run.

#![allow(clippy::print_stdout, reason = "which rows are decided otherwise is to be seen")]

use averment_compiler::{
    Compiled, Disagreement, Options, compile, import, measure,
    samples::{Columns, Format, Samples, read},
    tensor::Tensor,
};
use averment_plan::Operator;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The columns of a CSV file from one on, up to a number of them.
fn rows(path: &str, from: usize, columns: usize) -> Tensor {
    let text = std::fs::read_to_string(root().join(path)).unwrap();
    let cells: Vec<f64> = text
        .lines()
        .skip(1)
        .flat_map(|line| line.split(',').skip(from).take(columns).map(|cell| cell.parse::<f64>().unwrap()))
        .collect();
    Tensor::new(vec![cells.len() / columns, columns], cells).unwrap()
}

fn compiled(model: &str, training: Tensor) -> Compiled {
    let network = import(&std::fs::read(root().join(model)).unwrap()).unwrap();
    let samples = Samples::new(&network, vec![training]).unwrap();
    compile(&network, &samples, &Options::default()).unwrap()
}

/// How many rows there have to be, of which 995 in 1,000 have to be decided as in the float run.
fn check(compiled: &Compiled, held_out: Tensor, rows: usize) {
    let samples = Samples::new(&compiled.network, vec![held_out]).unwrap();
    let report = measure(&compiled.network, &compiled.model, &compiled.values, &samples, compiled.threshold);
    for Disagreement { sample, float, plan, margin, .. } in &report.disagreements {
        println!("row {sample}: {float} in the float run, {plan} in the plan; margin {margin:.4}");
    }
    let agreeing = report.agreeing.unwrap();
    println!("{agreeing} of {} rows are decided alike", report.samples);
    assert_eq!(report.samples, rows);
    assert!(agreeing * 1000 >= rows * 995);
    assert_eq!(report.disagreements.len(), rows - agreeing);
}

/// All rows, those it was trained on too.
#[test]
fn breast_cancer_perceptron() {
    let compiled = compiled(
        "examples/breast_cancer/model-v2.onnx",
        rows("examples/breast_cancer/data/training.csv", 2, 30),
    );
    check(&compiled, rows("examples/breast_cancer/data/wdbc.csv", 2, 30), 569);
}

#[test]
fn breast_cancer_logistic_regression() {
    let compiled = compiled(
        "examples/breast_cancer/model-v1.onnx",
        rows("examples/breast_cancer/data/training.csv", 2, 10),
    );
    check(&compiled, rows("examples/breast_cancer/data/wdbc.csv", 2, 10), 569);
}

#[test]
fn digits() {
    let compiled = compiled("examples/digits/model.onnx", rows("examples/digits/data/training.csv", 2, 64));
    check(&compiled, rows("examples/digits/data/evaluation.csv", 2, 64), 540);
}

/// The arrays of an `.npz` file of an example.
fn images(path: &str) -> Tensor {
    let bytes = std::fs::read(root().join("examples").join(path)).unwrap();
    read(Format::Npz, &bytes, &Columns::All).unwrap().remove(0).array
}

/// A network whose inputs are images of bytes: they are kept as they are.
fn of_images(model: &str, calibration: &str) -> Compiled {
    let compiled = compiled(model, images(calibration));
    let input = &compiled.model.plan().inputs()[0];
    assert_eq!((input.first, input.bits), (0, 8));
    assert!(input.scales.exponents.iter().all(|&exponent| exponent == 0));
    compiled
}

#[test]
fn mnist_lenet() {
    let compiled = of_images("examples/mnist/model.onnx", "mnist/data/calibration.npz");
    // The largest of two are several tensors: who sums over them reads them as one.
    let operators = compiled.model.plan().steps().iter().map(|step| &step.operator);
    let products = operators.flat_map(|operator| match operator {
        Operator::Affine { products, .. } => products.as_slice(),
        Operator::Maximum { .. } => &[],
    });
    assert_eq!(products.map(|product| product.form.len()).collect::<Vec<_>>(), [1; 5]);
    check(&compiled, images("mnist/data/evaluation.npz"), 2000);
}

#[test]
fn mnist_perceptron() {
    let compiled = of_images("examples/mnist/perceptron.onnx", "mnist/data/calibration.npz");
    check(&compiled, images("mnist/data/evaluation.npz"), 2000);
}

#[test]
fn colour_digits() {
    let compiled = of_images("examples/colour_digits/model.onnx", "colour_digits/data/calibration.npz");
    check(&compiled, images("colour_digits/data/evaluation.npz"), 500);
}
