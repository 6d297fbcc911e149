//! A score that stays hidden, and the proof that it is large enough: `--reveal threshold=…` from ONNX to the contract.

mod sandbox;

use averment_compiler::onnx::{
    AttributeProto, DimensionProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorShapeProto,
    TensorTypeProto, TypeProto, ValueInfoProto,
};
use averment_verifier::file::ProofFile;
use prost::Message;
use sandbox::{OWNER, Run, Sandbox};
use serde_json::{Value, json};
use std::{fmt::Write, fs, sync::OnceLock};

const PLAN: &str = "risk.plan";

/// A risk between 0 and 1 for each of two things, from three numbers.
fn risk() -> Vec<u8> {
    let dims = |dims: &[i64]| {
        let dim = dims.iter().map(|&dim_value| DimensionProto { dim_value, ..DimensionProto::default() });
        let shape = Some(TensorShapeProto { dim: dim.collect() });
        Some(TypeProto { tensor_type: Some(TensorTypeProto { elem_type: 1, shape }) })
    };
    let numbers = |name: &str, floats: &[f32]| AttributeProto {
        name: name.into(),
        floats: floats.to_vec(),
        ..AttributeProto::default()
    };
    let targets = AttributeProto { name: "targets".into(), i: 2, ..AttributeProto::default() };
    let linear = NodeProto {
        op_type: "LinearRegressor".into(),
        domain: "ai.onnx.ml".into(),
        input: vec!["x".into()],
        output: vec!["score".into()],
        attribute: vec![
            numbers("coefficients", &[1.5, -0.5, 0.25, -1.0, 0.75, 0.5]),
            numbers("intercepts", &[0.1, -0.2]),
            targets,
        ],
        ..NodeProto::default()
    };
    let sigmoid = NodeProto {
        op_type: "Sigmoid".into(),
        input: vec!["score".into()],
        output: vec!["risk".into()],
        ..NodeProto::default()
    };
    let value = |name: &str, of: &[i64]| ValueInfoProto { name: name.into(), r#type: dims(of) };
    let graph = GraphProto {
        node: vec![linear, sigmoid],
        input: vec![value("x", &[0, 3])],
        output: vec![value("risk", &[0, 2])],
        ..GraphProto::default()
    };
    let domain = |domain: &str, version| OperatorSetIdProto { domain: domain.into(), version };
    let opset_import = vec![domain("", 17), domain("ai.onnx.ml", 3)];
    ModelProto { ir_version: 8, graph: Some(graph), opset_import, ..ModelProto::default() }.encode_to_vec()
}

/// What the network says of a row.
fn float(row: [f64; 3]) -> [f64; 2] {
    let score = |weights: [f64; 3], bias: f64| bias + (0..3).map(|at| weights[at] * row[at]).sum::<f64>();
    let scores = [score([1.5, -0.5, 0.25], 0.1), score([-1.0, 0.75, 0.5], -0.2)];
    scores.map(|score| 1.0 / (1.0 + (-score).exp()))
}

fn row(place: i32) -> [f64; 3] {
    let at = |step: i32| f64::from(place * step % 41 - 20) / 10.0;
    [at(7), at(11), at(23)]
}

fn compile(sandbox: &Sandbox, reveal: &str, more: &[&str]) -> Run {
    let command = ["compile", "risk.onnx", "--calibrate", "rows.csv", "--reveal", reveal];
    sandbox.run(&[&command[..], more].concat())
}

/// A plan of it, committed, and `case.proof` about row 3.
fn proved() -> Sandbox {
    static TEMPLATE: OnceLock<Sandbox> = OnceLock::new();
    let template = TEMPLATE.get_or_init(|| {
        let sandbox = Sandbox::deployed();
        fs::write(sandbox.path().join("risk.onnx"), risk()).unwrap();
        let mut rows = "a,b,c\n".to_owned();
        for [a, b, c] in (0..200).map(row) {
            writeln!(rows, "{a},{b},{c}").unwrap();
        }
        fs::write(sandbox.path().join("rows.csv"), rows).unwrap();
        let said = compile(&sandbox, "threshold=0.7", &["--labels", "fire,flood", "-o", PLAN]).done().stdout;
        assert!(said.contains("at least 0.7, else 0: exactly, if"), "{said}");
        sandbox.run(&["commit", PLAN]).done();
        prove(&sandbox, &["--row", "3", "-o", "case.proof"]);
        sandbox
    });
    template.copy()
}

fn prove(sandbox: &Sandbox, more: &[&str]) -> Value {
    sandbox.run(&[&["prove", PLAN, "--input", "rows.csv", "--json"], more].concat()).done().json()
}

#[test]
fn a_score_is_proved_to_be_large_enough() {
    let sandbox = proved();
    let found = sandbox.run(&["verify", PLAN, "case.proof", "--json"]).done().json();
    let answer = &found["answers"][0];
    let bits = float(row(2)).map(|risk| risk >= 0.7);
    assert_eq!((&answer["reached"], &answer["values"]), (&json!(bits), &json!([])));
    assert_eq!((&answer["decision"], &answer["label"]), (&Value::Null, &Value::Null));
    assert!((answer["threshold"].as_f64().unwrap() - 0.7).abs() < 1e-6, "{answer}");
    assert_eq!(found["statement"]["public"], json!(bits.map(i32::from)));
    let words = sandbox.run(&["verify", PLAN, "case.proof"]).done().stdout;
    let said =
        |label: &str, reached: bool| format!("{label} {} 0.7", if reached { "at least" } else { "below" });
    assert!(words.contains(&said("fire", bits[0])) && words.contains(&said("flood", bits[1])), "{words}");

    // Each bit counts.
    let path = sandbox.path().join("case.proof");
    let honest = ProofFile::decode(&fs::read(&path).unwrap()).unwrap();
    for (place, to) in [(0, 1 - i64::from(bits[0])), (1, 1 - i64::from(bits[1])), (0, 2), (1, -1)] {
        let mut changed = honest.clone();
        changed.statement.public[place] = to;
        fs::write(sandbox.path().join("changed.proof"), changed.encode()).unwrap();
        sandbox.run(&["verify", PLAN, "changed.proof", "--json"]).refused(1, "proves nothing");
    }
    let on_chain = sandbox.by(OWNER, &["verify", PLAN, "case.proof", "--on-chain", "--transaction"]);
    assert!(on_chain.done().json()["onChain"]["verified"]["gas"].as_u64().unwrap() < 500_000);
}

#[test]
fn every_item_of_a_batch_has_its_bits() {
    let sandbox = proved();
    let lines = fs::read_to_string(sandbox.path().join("rows.csv")).unwrap();
    let few: Vec<&str> = lines.lines().take(6).collect();
    fs::write(sandbox.path().join("five.csv"), few.join("\n")).unwrap();
    let batch = ["prove", PLAN, "--input", "five.csv", "--batch", "-o", "five.proof", "--json"];
    sandbox.run(&batch).done();
    let found = sandbox.run(&["verify", PLAN, "five.proof", "--json"]).done().json();
    let said: Vec<Value> =
        found["answers"].as_array().unwrap().iter().map(|answer| answer["reached"].clone()).collect();
    let expected: Vec<Value> = (0..5).map(|place| json!(float(row(place)).map(|risk| risk >= 0.7))).collect();
    assert_eq!(said, expected);
    assert!(expected.iter().any(|bits| bits != &expected[0]), "both are there");
}

/// The report is about the float run, its rule is exact, and explanations are about the distance to the threshold.
#[test]
fn report_and_explanation_speak_of_the_threshold() {
    let sandbox = proved();
    let report =
        compile(&sandbox, "threshold=0.7", &["-o", "again.plan", "--json"]).done().json()["report"].clone();
    let rule = &report["rule"];
    let unit = (-rule["exponent"].as_f64().unwrap()).exp2();
    assert_eq!(rule["least"].as_f64().unwrap() * unit, rule["real"].as_f64().unwrap());
    assert!(rule["real"].as_f64().unwrap() >= 0.7 && rule["real"].as_f64().unwrap() - unit < 0.7, "{rule}");
    let apart = report["disagreements"].as_array().unwrap();
    let samples: std::collections::BTreeSet<u64> =
        apart.iter().map(|case| case["sample"].as_u64().unwrap()).collect();
    assert_eq!(report["agreeing"].as_u64().unwrap(), 200 - samples.len() as u64);
    for case in apart {
        let risk =
            float(row(case["sample"].as_i64().unwrap() as i32))[case["cell"].as_u64().unwrap() as usize];
        assert_eq!(case["float"], u8::from(risk >= 0.7));
        assert!(((risk - 0.7).abs() - case["margin"].as_f64().unwrap()).abs() < 1e-5, "{case}");
    }
    let explain = ["explain", PLAN, "--input", "rows.csv", "--row", "3", "--json"];
    let why = sandbox.run(&explain).done().json();
    assert_eq!(why["target"]["kind"], "threshold");
    let output = why["target"]["output"].as_u64().unwrap() as usize;
    let distance = why["score"].as_f64().unwrap() * (-why["exponent"].as_f64().unwrap()).exp2();
    assert!((distance - (float(row(2))[output] - 0.7)).abs() < 0.02, "{why}");
}

#[test]
fn thresholds_that_are_none_are_refused() {
    let sandbox = proved();
    for reveal in ["threshold", "threshold=", "threshold=high", "threshold=nan", "threshold=inf", "all"] {
        compile(&sandbox, reveal, &["-o", "x.plan", "--json"]).refused(2, "threshold=NUMBER");
    }
    for reveal in ["threshold=1.5", "threshold=-1"] {
        compile(&sandbox, reveal, &["-o", "x.plan", "--json"]).refused(2, "always be the same");
    }
    assert!(!sandbox.path().join("x.plan").exists());
    sandbox.example("breast_cancer");
    let model = ["compile", "breast_cancer/model-v2.onnx", "--calibrate", "breast_cancer/data/training.csv"];
    let more = ["--except", "row,diagnosis", "--reveal", "threshold=0.5", "-o", "x.plan", "--json"];
    sandbox.run(&[&model[..], &more].concat()).refused(2, "softmax");
}
