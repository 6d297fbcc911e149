//! Networks from ONNX files, as the compiler makes plans of them if nobody says otherwise: they decide between classes, and
//! proofs tell the class and no scores. What they cost on chain is pinned by the contracts' gas tests.

use averment_compiler::{
    Options, compile, import,
    samples::{Columns, Format, Samples, read},
    tensor::Tensor,
};
use averment_plan::{Model, OutputKind};
use std::path::{Path, PathBuf};

/// The networks with their names. They take a while.
pub fn all() -> Vec<(&'static str, &'static str, Model)> {
    let cancer = || columns("examples/breast_cancer/data/training.csv", 2, 30);
    let digits = || images("examples/mnist/data/calibration.npz");
    let coloured = || images("examples/colour_digits/data/calibration.npz");
    vec![
        (
            "mlp",
            "The perceptron 30-64-32-2 of examples/breast_cancer.",
            model("breast_cancer/model-v2.onnx", cancer()),
        ),
        (
            "perceptron",
            "The perceptron 784-256-128-10 of examples/mnist.",
            model("mnist/perceptron.onnx", digits()),
        ),
        ("lenet", "LeNet-5 with max pooling of examples/mnist, 28x28.", model("mnist/model.onnx", digits())),
        (
            "cnn",
            "The convolutional network of examples/colour_digits, 3x32x32.",
            model("colour_digits/model.onnx", coloured()),
        ),
    ]
}

/// LeNet-5, which says what it decides.
pub fn lenet() -> Model {
    model("mnist/model.onnx", images("examples/mnist/data/calibration.npz"))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn model(path: &str, samples: Tensor) -> Model {
    let network = import(&std::fs::read(root().join("examples").join(path)).unwrap()).unwrap();
    let samples = Samples::new(&network, vec![samples]).unwrap();
    let model = compile(&network, &samples, &Options::default()).unwrap().model;
    assert_eq!(model.plan().output().kind, OutputKind::Argmax);
    model
}

/// The columns of a CSV file from one on.
fn columns(path: &str, from: usize, count: usize) -> Tensor {
    let text = std::fs::read_to_string(root().join(path)).unwrap();
    let row = |line: &str| -> Vec<f64> {
        line.split(',').skip(from).take(count).map(|cell| cell.parse().unwrap()).collect()
    };
    let cells: Vec<f64> = text.lines().skip(1).flat_map(row).collect();
    Tensor::new(vec![cells.len() / count, count], cells).unwrap()
}

/// The arrays of an `.npz` file.
fn images(path: &str) -> Tensor {
    let bytes = std::fs::read(root().join(path)).unwrap();
    read(Format::Npz, &bytes, &Columns::All).unwrap().remove(0).array
}
