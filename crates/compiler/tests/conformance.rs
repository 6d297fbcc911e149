//! The ONNX node conformance tests, and small whole networks, against what ONNX Runtime computes.
//!
//! `conformance.json` is written by `xtask/interop/onnx_cases.py`. Every case is run over reals, which has to agree with
//! ONNX Runtime to single precision, and over integers, which has to agree within the stated quantisation error; what
//! cannot be compiled is listed here, and is refused rather than computed wrongly.

use averment_compiler::{
    CompileError, Compiled, ImportError, LowerError, Options, Precision, Reveal, compile, import,
    samples::Samples, tensor::Tensor,
};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Case {
    name: String,
    model: String,
    inputs: Vec<Packed>,
    output: Packed,
}

#[derive(Deserialize)]
struct Packed {
    dims: Vec<usize>,
    cells: String,
}

impl Packed {
    fn tensor(&self) -> Tensor {
        let bytes = base64(&self.cells);
        let cells = bytes.chunks(4).map(|word| f32::from_le_bytes(word.try_into().unwrap()).into()).collect();
        Tensor::new(self.dims.clone(), cells).unwrap()
    }
}

fn base64(text: &str) -> Vec<u8> {
    let digit = |c: u8| match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let mut bytes = Vec::new();
    for four in text.as_bytes().chunks(4) {
        let word = four.iter().filter(|&&c| c != b'=').fold(0u32, |word, &c| word << 6 | u32::from(digit(c)));
        let kept = four.iter().filter(|&&c| c != b'=').count() * 6 / 8;
        bytes.extend(
            (word << (6 * (4 - four.iter().filter(|&&c| c != b'=').count()))).to_be_bytes()[1..1 + kept]
                .to_vec(),
        );
    }
    bytes
}

/// Wide tables and shifts; five bits of the index are room for what interval analysis cannot exclude.
const PRECISION: Precision = Precision { input_bits: 16, activation_bits: 12, index_bits: 18, shift: 16 };
/// The integer run's error, relative to the largest output: what the compiler states for these widths.
const QUANTISATION: f64 = 1.0 / 512.0;

/// What is refused, by the beginning of the case's name, and with which reason.
const REFUSED: &[(&str, &str)] = &[
    ("test_argmax_", "over the scores of one decision"),
    ("test_softmax_", "over the scores of one decision"),
    ("test_gather_", "several cells of a computed value are gathered"),
    ("test_reshape_allowzero_reordered", "is no shape"),
    ("test_reshape_", "splits an axis"),
    ("test_slice_neg_steps", "backwards"),
    ("test_slice_start_out_of_bounds", "is empty"),
    // A matrix of matrices.
    ("test_matmul_", "a matrix is expected"),
    // A tensor without cells.
    ("test_reduce_sum_empty_set", "a length that is not fixed"),
    // The shape of the input, a constant.
    ("test_shape", "is not computed from the inputs"),
];

enum Outcome {
    Right,
    Refused(String),
    Wrong(String),
}

fn run(case: &Case) -> Outcome {
    let expected = case.output.tensor();
    let network = match import(&base64(&case.model)) {
        Ok(network) => network,
        Err(error @ (ImportError::Unsupported { .. } | ImportError::Malformed { .. })) => {
            return Outcome::Refused(error.to_string());
        }
        Err(error) => return Outcome::Wrong(error.to_string()),
    };
    let arrays: Vec<Tensor> = case.inputs.iter().map(Packed::tensor).collect();
    let slices: Vec<&[f64]> = arrays.iter().map(|array| array.cells.as_slice()).collect();
    let values = network.run(&slices);
    let float = values[network.output.0].as_ref().unwrap();
    let largest = expected.cells.iter().fold(0f64, |largest, cell| largest.max(cell.abs()));
    let decision = network.decides;
    if !decision {
        if float.cells.len() != expected.cells.len() {
            return Outcome::Wrong(format!("{} cells, not {}", float.cells.len(), expected.cells.len()));
        }
        for (float, expected) in float.cells.iter().zip(&expected.cells) {
            // Also catches what is not a number.
            let error = (float - expected).abs();
            if error.is_nan() || error > 1e-5 * largest.max(1.0) {
                return Outcome::Wrong(format!("over reals {float}, not {expected}"));
            }
        }
    }
    let samples = Samples::new(&network, arrays.clone()).unwrap();
    let options = Options { precision: Some(PRECISION), reveal: Reveal::Automatic };
    let Compiled { model, report, .. } = match compile(&network, &samples, &options) {
        Ok(compiled) => compiled,
        Err(CompileError::Lower(error @ LowerError::Unsupported { .. })) => {
            return Outcome::Refused(error.to_string());
        }
        Err(error) => return Outcome::Wrong(error.to_string()),
    };
    assert_eq!(report.clamped, 0, "{}", case.name);
    let integers: Vec<Vec<i32>> =
        model.plan().inputs().iter().zip(&slices).map(|(input, cells)| input.quantise(cells).0).collect();
    let integers: Vec<&[i32]> = integers.iter().map(Vec::as_slice).collect();
    let trace = model.run(&integers, 1).unwrap();
    if decision {
        let float = report.agreeing;
        assert_eq!(float, Some(1), "{}", case.name);
        return Outcome::Right;
    }
    let last = model.plan().steps().last().unwrap();
    let out = last.dequantise(&last.shape.unpad(&trace.steps.last().unwrap().out));
    for (cell, (out, expected)) in out.iter().zip(&expected.cells).enumerate() {
        let error = (out - expected).abs();
        if error.is_nan() || error > QUANTISATION * largest.max(1e-9) {
            return Outcome::Wrong(format!("cell {cell} is {out}, not {expected}"));
        }
    }
    Outcome::Right
}

#[test]
fn every_case_is_right_or_refused_for_a_known_reason() {
    let text =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conformance.json")).unwrap();
    let cases: Vec<Case> = serde_json::from_str(&text).unwrap();
    let mut refused = BTreeMap::new();
    let (mut right, mut wrong) = (Vec::new(), Vec::new());
    for case in &cases {
        match run(case) {
            Outcome::Right => right.push(case.name.as_str()),
            Outcome::Refused(reason) => {
                refused.insert(case.name.as_str(), reason);
            }
            Outcome::Wrong(reason) => wrong.push(format!("{}: {reason}", case.name)),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    for (name, reason) in &refused {
        let known = REFUSED.iter().find(|(beginning, _)| name.starts_with(beginning));
        assert!(known.is_some_and(|(_, known)| reason.contains(known)), "{name}: {reason}");
    }
    for (beginning, _) in REFUSED {
        assert!(
            refused.keys().any(|name| name.starts_with(beginning)),
            "nothing {beginning} is refused any more"
        );
    }
    // A fixture that lost its cases, or a compiler that refuses everything, would otherwise pass.
    assert!(right.len() >= 160, "{} of {} cases are right", right.len(), cases.len());
}
