//! The models of `examples/`, compiled and compared with their float run on rows that they were not trained on.

use averment_compiler::{
    Compiled, Options, compile, import, measure,
    samples::{Columns, Format, Samples, read},
    tensor::Tensor,
};
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

fn check(compiled: &Compiled, held_out: Tensor, agreement: f64) {
    let samples = Samples::new(&compiled.network, vec![held_out]).unwrap();
    let report = measure(&compiled.network, &compiled.model, &compiled.values, &samples);
    assert!(report.agreeing.unwrap() as f64 >= agreement * report.samples as f64);
}

#[test]
fn breast_cancer_perceptron() {
    let compiled = compiled(
        "examples/breast_cancer/model-v2.onnx",
        rows("examples/breast_cancer/data/training.csv", 2, 30),
    );
    check(&compiled, rows("examples/breast_cancer/data/wdbc.csv", 2, 30), 0.995);
}

#[test]
fn breast_cancer_logistic_regression() {
    let compiled = compiled(
        "examples/breast_cancer/model-v1.onnx",
        rows("examples/breast_cancer/data/training.csv", 2, 10),
    );
    check(&compiled, rows("examples/breast_cancer/data/wdbc.csv", 2, 10), 0.995);
}

#[test]
fn digits() {
    let compiled = compiled("examples/digits/model.onnx", rows("examples/digits/data/training.csv", 2, 64));
    check(&compiled, rows("examples/digits/data/evaluation.csv", 2, 64), 0.995);
}

/// The arrays of an `.npz` file beside the MNIST example.
fn images(file: &str) -> Tensor {
    let bytes = std::fs::read(root().join("examples/mnist/data").join(file)).unwrap();
    read(Format::Npz, &bytes, &Columns::All).unwrap().remove(0).array
}

#[test]
fn mnist_lenet() {
    let compiled = compiled("examples/mnist/model.onnx", images("calibration.npz"));
    // Pixels are kept as they are.
    let input = &compiled.model.plan().inputs()[0];
    assert_eq!((input.first, input.bits, &input.scales.exponents[..]), (0, 8, &[0][..]));
    check(&compiled, images("evaluation.npz"), 0.995);
}
