//! Outputs that say whether scores reach a threshold: of every kind of last operator, and near the threshold.

#[allow(dead_code, reason = "not every part of a case is looked at here")]
mod cases;

use averment_compiler::{
    CompileError, Compiled, LowerError, Options, Precision, Reveal, compile, import,
    network::{Network, NetworkInput, Node, Op, ValueId},
    ops::{Dense, Function},
    samples::Samples,
    tensor::Tensor,
};
use averment_plan::{OutputKind, Threshold};
use cases::{Packed, base64, cases};

/// As fine as the conformance cases are compiled.
const PRECISION: Precision = Precision { input_bits: 16, activation_bits: 12, index_bits: 19, shift: 16 };

fn at_least(threshold: f64) -> Options {
    Options { reveal: Reveal::Threshold(threshold), ..Options::default() }
}

/// `y = function(x · weights + bias)` over 4 features, through these reshapes.
fn network(function: Option<Function>, weights: &[f64], bias: f64, reshape: bool) -> Network {
    let outputs = weights.len() / 4;
    let dense = Op::Dense(Dense {
        weight: Tensor::new(vec![4, outputs], weights.to_vec()).unwrap(),
        bias: vec![bias; outputs],
    });
    let mut network = Network {
        inputs: vec![NetworkInput { name: "x".into(), value: ValueId(0) }],
        nodes: vec![Node { name: "dense".into(), op: dense, inputs: vec![ValueId(0)], output: ValueId(1) }],
        dims: vec![vec![1, 4], vec![1, outputs]],
        output: ValueId(1),
        decides: false,
        labels: Vec::new(),
        notes: Vec::new(),
        statistics: Vec::new(),
    };
    let mut then = |name: &str, op: Op, dims: Vec<usize>| {
        let output = ValueId(network.dims.len());
        network.dims.push(dims);
        network.nodes.push(Node { name: name.into(), op, inputs: vec![network.output], output });
        network.output = output;
    };
    if let Some(function) = function {
        then("function", Op::Map(function), vec![1, outputs]);
    }
    if reshape {
        then("reshape", Op::Reshape(vec![outputs]), vec![outputs]);
    }
    network
}

/// Rows between -1 and 1.
fn rows(count: usize) -> Tensor {
    let mut seed = 11u64;
    let mut next = || {
        seed = seed.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (seed >> 40) as f64 / f64::from(1 << 23) - 1.0
    };
    Tensor::new(vec![count, 4], (0..4 * count).map(|_| next()).collect()).unwrap()
}

fn compiled(network: &Network, threshold: f64) -> Result<Compiled, CompileError> {
    compile(network, &Samples::new(network, vec![rows(2000)]).unwrap(), &at_least(threshold))
}

fn rule(compiled: &Compiled) -> Threshold {
    match &compiled.model.plan().output().kind {
        OutputKind::Threshold(threshold) => threshold.clone(),
        other => panic!("{other:?}"),
    }
}

/// Whatever the last operator is: halfway between two outputs that are not close, every cell is decided as by the float
/// run.
#[test]
fn every_case_of_conformance_can_be_compared() {
    let (mut compared, mut steps_added) = (0, 0);
    for case in cases() {
        let Ok(network) = import(&base64(&case.model)) else { continue };
        let arrays: Vec<Tensor> = case.inputs.iter().map(Packed::tensor).collect();
        let samples = Samples::new(&network, arrays.clone()).unwrap();
        let options = |reveal| Options { precision: Some(PRECISION), reveal };
        let Ok(values) = compile(&network, &samples, &options(Reveal::Values)) else { continue };
        if network.decides {
            let refused = compile(&network, &samples, &options(Reveal::Threshold(0.5)));
            assert!(matches!(refused, Err(CompileError::ThresholdOfScores)), "{}", case.name);
            continue;
        }
        let mut cells = case.output.tensor().cells;
        cells.sort_by(f64::total_cmp);
        let gap = |pair: &[f64]| pair[1] - pair[0];
        let Some(pair) = cells.windows(2).max_by(|a, b| gap(a).total_cmp(&gap(b))) else { continue };
        let largest = cells.iter().fold(0f64, |largest, cell| largest.max(cell.abs()));
        if gap(pair) < largest / 64.0 {
            continue;
        }
        let threshold = (pair[0] + pair[1]) / 2.0;
        let compiled = compile(&network, &samples, &options(Reveal::Threshold(threshold))).unwrap();
        let report = &compiled.report;
        assert_eq!((report.agreeing, report.disagreements.len()), (Some(1), 0), "{}: {report:?}", case.name);
        let rule = rule(&compiled);
        assert!(rule.real() >= threshold && rule.real() - rule.unit() < threshold, "{}", case.name);
        assert_eq!(report.rule.unwrap().least, rule.least);
        compared += 1;
        steps_added += compiled.model.plan().steps().len() - values.model.plan().steps().len();
    }
    assert!(compared > 100, "{compared}");
    // Where the last step is a sum, its own table says it.
    assert!(steps_added * 10 < compared, "{steps_added} of {compared}");
}

/// Every disagreement is listed, each is near the threshold, and the bits are what the rule says of the trace.
#[test]
fn samples_near_the_threshold_are_listed() {
    let weights = [0.7, -0.3, 0.2, 0.9, -0.5, 0.4, 0.6, -0.8];
    let functions = [
        (None, 0.1),
        (Some(Function::Relu), 0.2),
        (Some(Function::LeakyRelu(0.1)), -0.02),
        (Some(Function::LeakyRelu(-0.5)), 0.3),
        (Some(Function::Clip(-0.5, 0.5)), 0.25),
        (Some(Function::Sigmoid), 0.6),
        (Some(Function::Tanh), -0.3),
    ];
    for (function, threshold) in functions {
        for reshape in [false, true] {
            let network = network(function, &weights, 0.05, reshape);
            let compiled = compiled(&network, threshold).unwrap();
            let (plan, rule) = (compiled.model.plan(), rule(&compiled));
            assert_eq!((plan.steps().len(), plan.step_of(plan.output().tensor).unwrap().exponent), (1, 0));
            let rows = rows(2000);
            let (mut agreeing, mut found, mut ones) = (0, Vec::new(), 0);
            for (sample, row) in rows.cells.chunks(4).enumerate() {
                let float = network.run(&[row]).pop().flatten().unwrap().cells;
                let trace = compiled.model.run(&[&plan.inputs()[0].quantise(row).0], 1).unwrap();
                let apart: Vec<_> = (0..2)
                    .filter(|cell| {
                        let said = trace.steps[0].out[*cell];
                        let score = rule.score.at(trace.steps[0].hi[*cell].into()).unwrap();
                        assert_eq!(said, i32::from(score >= rule.least));
                        ones += said;
                        (float[*cell] >= threshold) != (said == 1)
                    })
                    .map(|cell| (sample, cell, float[cell]))
                    .collect();
                agreeing += usize::from(apart.is_empty());
                found.extend(apart);
            }
            assert!((200..3800).contains(&ones), "{function:?}: {ones} of 4000");
            let report = &compiled.report;
            assert_eq!((report.samples, report.agreeing), (2000, Some(agreeing)), "{function:?}");
            assert!(agreeing >= 1960, "{function:?}: {agreeing}");
            let listed: Vec<_> = report
                .disagreements
                .iter()
                .map(|case| {
                    assert!(case.margin < 0.04, "{function:?}: {case:?}");
                    assert_eq!((case.float, case.plan), (1 - case.plan, 1 - case.float));
                    (case.sample, case.cell.unwrap())
                })
                .collect();
            let expected: Vec<_> = found.iter().map(|(sample, cell, _)| (*sample, *cell)).collect();
            assert_eq!(listed, expected, "{function:?}");
        }
    }
}

/// A sigmoid's last bits count where it is flat.
#[test]
fn a_probability_near_one_is_told_from_its_neighbours() {
    let compiled = compiled(&network(Some(Function::Sigmoid), &[4.0, 3.0, 2.0, 1.0], 0.0, false), 0.999);
    let compiled = compiled.unwrap();
    assert!(compiled.report.agreeing.unwrap() >= 1990, "{:?}", compiled.report.agreeing);
    let rule = rule(&compiled);
    assert!(rule.real() - 0.999 < 1e-6, "{rule:?}");
}

#[test]
fn thresholds_that_decide_nothing_are_refused() {
    let weights = [0.7, -0.3, 0.2, 0.9];
    let relu = network(Some(Function::Relu), &weights, 0.0, false);
    for (threshold, side) in [(0.0, "reach"), (-1.0, "reach"), (1e30, "not reach"), (f64::MAX, "not reach")] {
        let error = compiled(&relu, threshold).unwrap_err();
        assert!(matches!(error, CompileError::Lower(LowerError::Threshold { .. })), "{side}: {error}");
        assert!(error.to_string().contains("always be the same"), "{error}");
    }
    let sigmoid = network(Some(Function::Sigmoid), &weights, 0.0, false);
    for threshold in [0.0, 1.1, -3.0] {
        let error = compiled(&sigmoid, threshold).unwrap_err();
        assert!(matches!(error, CompileError::Lower(LowerError::Threshold { .. })), "{error}");
    }
    for got in [f64::NAN, f64::INFINITY] {
        let error = compiled(&sigmoid, got).unwrap_err();
        assert!(matches!(error, CompileError::ThresholdNotFinite { .. }), "{error}");
    }
    let mut scores = network(None, &weights, 0.0, false);
    scores.decides = true;
    assert!(matches!(compiled(&scores, 0.5).unwrap_err(), CompileError::ThresholdOfScores));
}
