//! Files that are no networks, or none that can be compiled: refused with a reason, never a panic.

#[allow(dead_code, reason = "not every part of a case is looked at here")]
mod cases;

use averment_compiler::{
    CompileError, ImportError, Options, Reveal, compile, import,
    onnx::{
        AttributeProto, DimensionProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
        TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto,
    },
    samples::{Samples, SamplesError},
    tensor::Tensor,
};
use cases::{base64, cases};
use prost::Message;

fn value(name: &str, dims: &[i64]) -> ValueInfoProto {
    let dim = dims.iter().map(|&dim_value| DimensionProto { dim_value, dim_param: "n".into() }).collect();
    let tensor_type = Some(TensorTypeProto { elem_type: 1, shape: Some(TensorShapeProto { dim }) });
    ValueInfoProto { name: name.into(), r#type: Some(TypeProto { tensor_type }) }
}

fn node(op: &str, domain: &str, input: &[&str], output: &str) -> NodeProto {
    NodeProto {
        op_type: op.into(),
        domain: domain.into(),
        input: input.iter().map(ToString::to_string).collect(),
        output: vec![output.into()],
        ..Default::default()
    }
}

fn model(nodes: Vec<NodeProto>, output: &str) -> ModelProto {
    ModelProto {
        ir_version: 8,
        graph: Some(GraphProto {
            node: nodes,
            input: vec![value("x", &[0, 4])],
            output: vec![ValueInfoProto { name: output.into(), r#type: None }],
            ..Default::default()
        }),
        opset_import: vec![OperatorSetIdProto { domain: String::new(), version: 17 }],
        ..Default::default()
    }
}

fn read(model: &ModelProto) -> Result<averment_compiler::network::Network, ImportError> {
    import(&model.encode_to_vec())
}

#[test]
fn all_unsupported_nodes_are_named_at_once() {
    let nodes = vec![
        node("Relu", "", &["x"], "a"),
        node("Einsum", "", &["a", "a"], "b"),
        node("TreeEnsembleClassifier", "ai.onnx.ml", &["a"], "c"),
        node("Mul", "", &["a", "x"], "d"),
        node("Relu", "com.example", &["a"], "e"),
        // What reads the result of an unsupported node is not blamed for it.
        node("Relu", "", &["b"], "f"),
    ];
    let Err(ImportError::Unsupported { nodes }) = read(&model(nodes, "f")) else { panic!("it was imported") };
    let named: Vec<(&str, &str)> =
        nodes.iter().map(|node| (node.operator.as_str(), node.node.as_str())).collect();
    assert_eq!(
        named,
        [
            ("Einsum", "b"),
            ("ai.onnx.ml.TreeEnsembleClassifier", "c"),
            ("Mul", "d"),
            ("com.example.Relu", "e")
        ]
    );
    assert!(nodes[2].reason.contains("product of two computed values"), "{}", nodes[2].reason);
}

#[test]
fn names_mean_nothing() {
    // An operator named like another is still what its type says.
    let mut nodes = vec![node("Relu", "", &["x"], "Sigmoid")];
    nodes[0].name = "Softmax".into();
    let network = read(&model(nodes, "Sigmoid")).unwrap();
    let values = network.run(&[&[-1.0, 0.0, 1.0, 2.0]]);
    assert_eq!(values[network.output.0].as_ref().unwrap().cells, [0.0, 0.0, 1.0, 2.0]);
}

#[test]
fn softmax_in_the_middle_is_refused() {
    let nodes = vec![node("Softmax", "", &["x"], "a"), node("Relu", "", &["a"], "b")];
    let Err(ImportError::Unsupported { nodes }) = read(&model(nodes, "b")) else { panic!("it was imported") };
    assert!(nodes[0].reason.contains("only supported at the end"));
}

#[test]
fn files_that_are_no_models_are_refused() {
    assert!(matches!(import(b"\xff\xff\xff"), Err(ImportError::Decode(_))));
    let malformed = |change: fn(&mut ModelProto)| {
        let mut model = model(vec![node("Relu", "", &["x"], "y")], "y");
        change(&mut model);
        read(&model).unwrap_err()
    };
    assert!(matches!(malformed(|model| drop(model.graph.take())), ImportError::Malformed { .. }));
    assert!(matches!(
        malformed(|model| model.opset_import[0].version = 99),
        ImportError::Opset { version: 99 }
    ));
    assert!(matches!(malformed(|model| model.functions.push(vec![])), ImportError::Malformed { .. }));
    for dims in [&[1, -4][..], &[1, 0], &[1 << 40, 4], &[1 << 20, 1 << 20]] {
        let mut model = model(vec![node("Relu", "", &["x"], "y")], "y");
        model.graph.as_mut().unwrap().input = vec![value("x", dims)];
        assert!(matches!(read(&model), Err(ImportError::Malformed { .. })), "{dims:?}");
    }
    let mut twice = model(vec![node("Relu", "", &["x"], "y"), node("Relu", "", &["x"], "y")], "y");
    assert!(matches!(read(&twice), Err(ImportError::Unsupported { .. })));
    let constant = TensorProto { name: "c".into(), dims: vec![1 << 50], data_type: 1, ..Default::default() };
    twice.graph.as_mut().unwrap().initializer.push(constant);
    assert!(matches!(read(&twice), Err(ImportError::Constant { .. })));
    // A cycle: nothing that it reads is there yet, so nothing of it is.
    let cycle = model(vec![node("Relu", "", &["b"], "a"), node("Relu", "", &["a"], "b")], "b");
    assert!(matches!(read(&cycle), Err(ImportError::Malformed { .. })));
}

#[test]
fn attributes_that_would_overflow_are_refused() {
    let ints = |name: &str, ints: &[i64]| AttributeProto {
        name: name.into(),
        ints: ints.to_vec(),
        ..Default::default()
    };
    let int = |name: &str, i: i64| AttributeProto { name: name.into(), i, ..Default::default() };
    let cases: Vec<(&str, Vec<AttributeProto>)> = vec![
        ("MaxPool", vec![ints("kernel_shape", &[2]), ints("strides", &[0])]),
        ("MaxPool", vec![ints("kernel_shape", &[-1])]),
        ("MaxPool", vec![ints("kernel_shape", &[2]), ints("pads", &[i64::MAX, 1])]),
        ("MaxPool", vec![ints("kernel_shape", &[i64::MAX])]),
        ("Transpose", vec![ints("perm", &[0, 0])]),
        ("Transpose", vec![ints("perm", &[0, i64::MIN])]),
        ("Flatten", vec![int("axis", i64::MIN)]),
        ("ReduceMean", vec![ints("axes", &[7])]),
        ("Squeeze", vec![ints("axes", &[1])]),
        ("Unsqueeze", vec![ints("axes", &[9])]),
        ("Concat", vec![int("axis", 5)]),
        ("Slice", vec![ints("starts", &[0]), ints("ends", &[i64::MIN])]),
        ("Pad", vec![ints("pads", &[0, i64::MAX, 0, 0])]),
        ("Reshape", vec![ints("shape", &[-1, -1])]),
        ("Reshape", vec![ints("shape", &[i64::MAX, 4])]),
        ("ArgMax", vec![int("axis", 3)]),
        ("Softmax", vec![int("axis", -3)]),
    ];
    for (op, attributes) in cases {
        let mut one = node(op, "", &["x"], "y");
        one.attribute = attributes;
        assert!(
            matches!(read(&model(vec![one.clone()], "y")), Err(ImportError::Unsupported { .. })),
            "{one:?}"
        );
    }
}

#[test]
fn networks_that_would_never_end_are_refused() {
    let ints = |name: &str, ints: &[i64]| AttributeProto {
        name: name.into(),
        ints: ints.to_vec(),
        ..Default::default()
    };
    // Each value is allowed, all together are not; each pool is allowed, its work is not.
    let mut pad = node("Pad", "", &["x"], "a");
    pad.attribute = vec![ints("pads", &[1 << 12, 1 << 12, 0, 0])];
    let mut nodes = vec![pad];
    nodes.extend((0..12).map(|n| node("Relu", "", &["a"], &format!("d{n}"))));
    let mut large = model(nodes, "d0");
    large.graph.as_mut().unwrap().input = vec![value("x", &[1, 1 << 12])];
    let Err(ImportError::Unsupported { nodes }) = read(&large) else { panic!("it was imported") };
    assert!(nodes[0].reason.contains("too large"), "{}", nodes[0].reason);
    let mut pool = node("MaxPool", "", &["x"], "y");
    pool.attribute = vec![ints("kernel_shape", &[1000, 1000]), ints("pads", &[500, 500, 500, 500])];
    let mut slow = model(vec![pool], "y");
    slow.graph.as_mut().unwrap().input = vec![value("x", &[1, 1, 2000, 2000])];
    let Err(ImportError::Unsupported { nodes }) = read(&slow) else { panic!("it was imported") };
    assert!(nodes[0].reason.contains("too large"), "{}", nodes[0].reason);
}

#[test]
fn samples_that_do_not_fit_are_refused() {
    let network = read(&model(vec![node("Relu", "", &["x"], "y")], "y")).unwrap();
    let array = |cells: &[f64]| Tensor::new(vec![cells.len()], cells.to_vec()).unwrap();
    assert_eq!(Samples::new(&network, vec![]), Err(SamplesError::Inputs { expected: 1, got: 0 }));
    let error = Samples::new(&network, vec![array(&[0.0; 7])]).unwrap_err();
    assert_eq!(error, SamplesError::Cells { name: "x".into(), cells: 4, got: 7 });
    let error = Samples::new(&network, vec![array(&[0.0, f64::NAN, 0.0, 0.0])]).unwrap_err();
    assert_eq!(error, SamplesError::NotFinite { name: "x".into(), cell: 1 });
    let none = Samples::new(&network, vec![array(&[])]).unwrap();
    assert!(matches!(compile(&network, &none, &Options::default()), Err(CompileError::NoSamples)));
}

#[test]
fn a_decision_needs_scores() {
    let mut sum = node("ReduceSum", "", &["x"], "y");
    sum.attribute = vec![AttributeProto { name: "axes".into(), ints: vec![1], ..Default::default() }];
    let network = read(&model(vec![sum], "y")).unwrap();
    let samples =
        Samples::new(&network, vec![Tensor::new(vec![4], vec![1.0, 2.0, 3.0, 4.0]).unwrap()]).unwrap();
    let options = Options { reveal: Reveal::Decision, ..Options::default() };
    assert!(matches!(compile(&network, &samples, &options), Err(CompileError::NoDecision { .. })));
}

/// Files with bytes changed or cut off: whatever is still accepted can be run and compiled.
#[test]
fn changed_files_do_not_panic() {
    let mut seed = 7u64;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (seed >> 33) as usize % below.max(1)
    };
    let mut accepted = 0;
    for case in cases().iter().filter(|case| case.model.len() < 4000) {
        let bytes = base64(&case.model);
        for _ in 0..60 {
            let mut changed = bytes.clone();
            for _ in 0..=next(3) {
                let place = next(changed.len());
                changed[place] =
                    if next(2) == 0 { next(256) as u8 } else { [0, 1, 2, 127, 128, 255][next(6)] };
            }
            if next(10) == 0 {
                changed.truncate(next(changed.len()));
            }
            let Ok(network) = import(&changed) else { continue };
            accepted += 1;
            if network.dims.iter().map(|dims| dims.iter().product::<usize>()).sum::<usize>() > 1 << 14 {
                continue;
            }
            let arrays = network.inputs.iter().map(|input| {
                let cells = network.dims[input.value.0].iter().product();
                Tensor::new(vec![cells], (0..cells).map(|cell| cell as f64 / 8.0 - 1.0).collect()).unwrap()
            });
            let samples = Samples::new(&network, arrays.collect()).unwrap();
            let _ = compile(&network, &samples, &Options::default());
        }
    }
    assert!(accepted > 500, "only {accepted} were accepted");
}
