//! The ONNX node conformance tests, and small whole networks, against what ONNX Runtime computes.
//!
//! `conformance.json` is written by `xtask/interop/onnx_cases.py`. Every case is run over reals, which has to agree with
//! ONNX Runtime to single precision, and over integers, which has to agree within the stated quantisation error; what
//! cannot be compiled is listed here, and is refused rather than computed wrongly.

mod cases;

use averment_compiler::{
    CompileError, Compiled, ImportError, LowerError, Options, Precision, Reveal, compile, import,
    samples::Samples, tensor::Tensor,
};
use averment_plan::Model;
use cases::{Case, Packed, base64, cases};
use std::collections::BTreeMap;

/// Wide tables and shifts; five bits of the index are room for what interval analysis cannot exclude.
const PRECISION: Precision = Precision { input_bits: 16, activation_bits: 12, index_bits: 19, shift: 16 };
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
    ("test_training_dropout", "drops at random"),
    // Whatever the input is, the upper bound.
    ("test_clip_min_greater_than_max", "is above the upper bound"),
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
    if decision {
        // An index, or what is largest where the scores are.
        let decided = largest_of(&float.cells);
        let right = match &expected.cells[..] {
            [index] => *index == decided as f64,
            scores => largest_of(scores) == decided,
        };
        if !right {
            return Outcome::Wrong(format!("{decided} is decided over {:?}", expected.cells));
        }
    } else {
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
    every_input_has_an_answer(&model);
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

/// The index of the first of the largest cells.
fn largest_of(cells: &[f64]) -> usize {
    cells.iter().enumerate().fold(0, |best, (index, cell)| if *cell > cells[best] { index } else { best })
}

/// Whatever an input in the declared range is, no index leaves its table.
fn every_input_has_an_answer(model: &Model) {
    let mut seed = 1u64;
    let mut pick = |low: i128, high: i128, choice: u8| match choice {
        0 => low,
        1 => high,
        _ => {
            seed = seed.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            if seed >> 63 == 0 { low } else { high }
        }
    };
    for choice in 0..6 {
        let inputs = model.plan().inputs().iter().map(|input| {
            let range = input.range();
            let cells = (0..input.shape.cells()).map(|_| pick(range.low, range.high, choice) as i32);
            cells.collect::<Vec<i32>>()
        });
        let inputs: Vec<Vec<i32>> = inputs.collect();
        let slices: Vec<&[i32]> = inputs.iter().map(Vec::as_slice).collect();
        model.run(&slices, 1).unwrap();
    }
}

#[test]
fn every_case_is_right_or_refused_for_a_known_reason() {
    let cases = cases();
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
