//! How the example models are laid out: a change here changes every proof's length, time and gas.

use averment_compiler::{
    Options as Compile, compile, import,
    samples::{Columns, Format, Samples, read},
};
use averment_verifier::descriptor::{Descriptor, Options};
use std::path::Path;

/// How many slots; bits of slots, tables and chunks; chunks of weights, tables, inputs, both witnesses.
type Sizes = (usize, [u8; 3], [usize; 5]);

fn sizes(model: &str, samples: &str, batch_bits: u8) -> Sizes {
    let file = |path: &str| {
        std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(path)).unwrap()
    };
    let network = import(&file(model)).unwrap();
    let columns = match Format::of(samples).unwrap() {
        Format::Csv => Columns::Except(vec!["row".into(), "diagnosis".into()]),
        _ => Columns::All,
    };
    let arrays = read(Format::of(samples).unwrap(), &file(samples), &columns).unwrap();
    let samples = Samples::named(&network, arrays).unwrap();
    let compiled = compile(&network, &samples, &Compile::default()).unwrap();
    let options = Options { batch_bits, ..Options::default() };
    let descriptor = Descriptor::derive(compiled.model.plan(), options).unwrap().descriptor;
    let layout = &descriptor.layout;
    let chunks = [&layout.weights, &layout.tables, &layout.inputs, &layout.witness1, &layout.witness2];
    (
        layout.slots.len(),
        [layout.slot_bits, layout.table_bits, layout.chunk_bits],
        chunks.map(|chunks| chunks.len()),
    )
}

#[test]
fn models_are_laid_out_in_few_rows_and_chunks() {
    let cancer = ("breast_cancer/model-v2.onnx", "breast_cancer/data/training.csv");
    let mnist = "mnist/data/calibration.npz";
    let chosen = [
        sizes(cancer.0, cancer.1, 0),
        sizes("mnist/perceptron.onnx", mnist, 0),
        sizes("mnist/model.onnx", mnist, 0),
        sizes("mnist/model.onnx", mnist, 7),
    ];
    let expected = [
        (1, [9, 12, 13], [1, 1, 1, 1, 1]),
        (1, [12, 13, 16], [5, 1, 1, 1, 1]),
        (2, [15, 14, 16], [3, 1, 1, 2, 1]),
        (3, [21, 14, 20], [1, 1, 1, 11, 3]),
    ];
    assert_eq!(chosen, expected);
}
