//! Networks that a task trains: parameters to cells and back, and a plan of the trained cells as they are.

#[allow(dead_code, reason = "of a case the model and its inputs are used")]
mod cases;

use averment_compiler::{
    CompileError, ExportError, LowerError, Options, Parameter, ParameterError, export, import, measure,
    network::{Network, NetworkInput, Node, Op, ValueId},
    ops::{Conv, Dense, Function, Scale, Window},
    samples::{Columns, Format, Samples, read},
    task::{Start, TaskError, Template, Widths, finish, finish_rescaled, start},
    tensor::Tensor,
};
use averment_plan::vector::{DENOMINATOR, Vector, VectorError, VectorKind};
use std::path::Path;

fn file(path: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(path)).unwrap()
}

/// Columns of a CSV file from one on, and its second column.
fn table(path: &str, columns: usize) -> (Tensor, Vec<usize>) {
    let text = String::from_utf8(file(path)).unwrap();
    let rows: Vec<Vec<&str>> = text.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let cells =
        rows.iter().flat_map(|row| row[2..2 + columns].iter().map(|cell| cell.parse().unwrap())).collect();
    let label = |row: &Vec<&str>| row[1].parse().unwrap_or(usize::from(row[1] == "malignant"));
    (Tensor::new(vec![rows.len(), columns], cells).unwrap(), rows.iter().map(label).collect())
}

fn breast_cancer(model: &str, columns: usize) -> (Network, Samples, Vec<usize>) {
    let network = import(&file(&format!("breast_cancer/{model}.onnx"))).unwrap();
    let (cells, labels) = table("breast_cancer/data/training.csv", columns);
    let samples = Samples::new(&network, vec![cells]).unwrap();
    (network, samples, labels)
}

fn zeroed(network: &Network) -> Network {
    let mut parameters = network.parameters();
    parameters.iter_mut().for_each(|own| own.tensor.cells.fill(0.0));
    network.with_parameters(&parameters).unwrap()
}

/// Gradient descent on the cross entropy of a network that ends in one matrix product, which alone is trained.
fn descend(network: &Network, samples: &Samples, labels: &[usize], steps: usize) -> Vec<Parameter> {
    let mut parameters = network.parameters();
    let place = network.nodes.iter().position(|node| matches!(node.op, Op::Dense(_))).unwrap();
    let input = network.nodes[place].inputs[0];
    let features: Vec<Vec<f64>> =
        samples.items().map(|item| network.run(&item)[input.0].clone().unwrap().cells).collect();
    let [from, to] = parameters[0].tensor.dims[..] else { panic!("a matrix") };
    for _ in 0..steps {
        let (mut weight, mut bias) = (vec![0.0; from * to], vec![0.0; to]);
        for (x, label) in features.iter().zip(labels) {
            let mut scores = parameters[1].tensor.cells.clone();
            for (x, row) in x.iter().zip(parameters[0].tensor.cells.chunks(to)) {
                scores.iter_mut().zip(row).for_each(|(score, weight)| *score += x * weight);
            }
            let largest = scores.iter().fold(f64::MIN, |largest, score| largest.max(*score));
            let sum: f64 = scores.iter().map(|score| (score - largest).exp()).sum();
            for class in 0..to {
                let error = (scores[class] - largest).exp() / sum - f64::from(u8::from(class == *label));
                bias[class] -= error / features.len() as f64;
                for (feature, x) in x.iter().enumerate() {
                    weight[feature * to + class] -= error * x / features.len() as f64;
                }
            }
        }
        for (own, change) in parameters.iter_mut().zip([weight, bias]) {
            own.tensor.cells.iter_mut().zip(change).for_each(|(own, change)| *own += 0.5 * change);
        }
    }
    parameters
}

fn template(network: &Network, start: &Start) -> Template {
    Template::new(network, start.compiled.model.plan(), &start.layout).unwrap()
}

/// Parameters come back from their cells to half a unit, and the cells exactly.
fn check_way_back(template: &Template, parameters: &[Parameter]) {
    let model = template.model(parameters).unwrap();
    let back = template.parameters(&model).unwrap();
    assert_eq!(template.model(&back).unwrap(), model);
    let largest =
        parameters.iter().flat_map(|own| &own.tensor.cells).fold(0f64, |most, cell| most.max(cell.abs()));
    for (back, own) in back.iter().zip(parameters) {
        assert_eq!(back.name, own.name);
        for (back, own) in back.tensor.cells.iter().zip(&own.tensor.cells) {
            assert!((back - own).abs() < 0.01 * largest.max(1.0), "{back} {own}");
        }
    }
}

#[test]
fn a_model_trained_from_nothing_has_the_blocks_it_started_with() {
    let (network, samples, labels) = breast_cancer("model-v1", 10);
    let network = zeroed(&network);
    let started = start(&network, &samples, &Options::default(), Widths::default()).unwrap();
    let plan = started.compiled.model.plan();
    assert!(plan.weights().iter().all(|spec| spec.bits == 20));
    let initial = Vector::of_weights(&started.layout, started.compiled.model.weights()).unwrap();
    let template = template(&network, &started);
    assert_eq!(template.model(&network.parameters()).unwrap(), initial);

    // Three rounds, each a step with a bound on its norm.
    let mut model = initial.clone();
    let layout = started.layout.with_room(&initial, 3, DENOMINATOR, 18).unwrap();
    let template = Template::new(&network, plan, &layout).unwrap();
    for _ in 0..3 {
        let wanted = descend(&template.network_of(&model).unwrap(), &samples, &labels, 40);
        let update = template.update(&model, &wanted, 1 << 20).unwrap();
        assert!(update.norm_squared(&layout) <= 1 << 40);
        let sum = |(old, step): (&Vec<i32>, &Vec<i32>)| {
            old.iter().zip(step).map(|(old, step)| old + step).collect()
        };
        let cells = model.tensors().iter().zip(update.tensors()).map(sum).collect();
        model = Vector::new(&layout, VectorKind::Model, cells).unwrap();
    }
    assert_ne!(model, initial);
    check_way_back(&template, &template.parameters(&model).unwrap());

    let finished = finish(&template, &model, &samples, &Options::default()).unwrap();
    // The integers are the plan's, and the blocks those of the plan that the task started from.
    assert_eq!(Vector::of_weights(&layout, finished.model.weights()).unwrap(), model);
    assert_eq!(finished.model.plan().weights(), plan.weights());
    assert_ne!(finished.model.plan().digest(), plan.digest());
    // It decides as its float run does, and well.
    let (held_out, truth) = table("breast_cancer/data/wdbc.csv", 10);
    let held_out = Samples::new(&network, vec![held_out]).unwrap();
    let report = measure(&finished.network, &finished.model, &finished.values, &held_out, None);
    assert!(report.agreeing.unwrap() * 1000 >= report.samples * 990, "{:?}", report.agreeing);
    let network = template.network_of(&model).unwrap();
    let right = held_out.items().zip(&truth).filter(|(item, truth)| {
        let scores = network.run(item)[network.output.0].clone().unwrap().cells;
        usize::from(scores[1] > scores[0]) == **truth
    });
    assert!(right.count() * 100 >= 92 * truth.len());
}

/// Weights that a version adopts: each the task's times a power of two, rounded to the nearest, halves up.
#[test]
fn trained_weights_are_kept_coarser_or_finer() {
    let (network, samples, _) = breast_cancer("model-v2", 30);
    let started = start(&network, &samples, &Options::default(), Widths::default()).unwrap();
    let template = template(&network, &started);
    let model = Vector::of_weights(&started.layout, started.compiled.model.weights()).unwrap();
    let options = Options::default();
    for (by, bits) in [(-4_i8, 16), (0, 20), (2, 22)] {
        let made = finish_rescaled(&template, &model, by, bits, &samples, &options).unwrap();
        assert!(made.model.plan().weights().iter().all(|weight| weight.bits == bits));
        let pairs = model.tensors().iter().flatten().zip(made.model.weights().tensors().iter().flatten());
        for (old, new) in pairs {
            assert_eq!(f64::from(*new), (f64::from(*old) * f64::from(by).exp2() + 0.5).floor(), "{by}");
        }
        assert!(
            made.report.agreeing.unwrap() * 100 >= made.report.samples * 99,
            "{by}: {:?}",
            made.report.agreeing
        );
    }
    let refused = |by, bits| finish_rescaled(&template, &model, by, bits, &samples, &options).unwrap_err();
    assert!(matches!(refused(0, 3), TaskError::TooWide { bits: 3, .. }));
    assert!(matches!(refused(-25, 16), TaskError::Rescaled { by: -25, .. }));
    assert!(matches!(refused(0, 1), TaskError::Rescaled { bits: 1, .. }));
}

#[test]
fn perceptrons_and_convolutions_come_back() {
    let (network, samples, _) = breast_cancer("model-v2", 30);
    let started = start(&network, &samples, &Options::default(), Widths::default()).unwrap();
    check_way_back(&template(&network, &started), &network.parameters());

    let network = import(&file("mnist/model.onnx")).unwrap();
    let images =
        read(Format::Npz, &file("mnist/data/calibration.npz"), &Columns::All).unwrap().remove(0).array;
    let samples = Samples::new(&network, vec![images]).unwrap().first(20);
    let started = start(&network, &samples, &Options::default(), Widths::default()).unwrap();
    let template = template(&network, &started);
    check_way_back(&template, &network.parameters());
    let own = template.model(&network.parameters()).unwrap();
    assert_eq!(Vector::of_weights(&started.layout, started.compiled.model.weights()).unwrap(), own);
    let finished = finish(&template, &own, &samples, &Options::default()).unwrap();
    assert_eq!(finished.model.plan().weights(), started.compiled.model.plan().weights());
    assert_eq!(finished.report.agreeing, Some(20));
}

#[test]
fn every_fold_is_undone() {
    // A scale before a convolution, one after it, a matrix product between two scales.
    let mut network = Network {
        inputs: vec![NetworkInput { name: "x".into(), value: ValueId(0) }],
        nodes: Vec::new(),
        dims: vec![vec![1, 2, 4, 4]],
        output: ValueId(0),
        decides: false,
        labels: Vec::new(),
        notes: Vec::new(),
        statistics: Vec::new(),
    };
    let tensor = |dims: &[usize], cells: Vec<f64>| Tensor { dims: dims.to_vec(), cells };
    let ramp =
        |count: usize, unit: f64| (0..count).map(|cell| (cell as f64 - 3.0) * unit).collect::<Vec<_>>();
    let window = Window { taps: 2, stride: 1, dilation: 1, begin: 0, end: 1, ceil: false };
    let ops = [
        Op::Scale(Scale { factor: Tensor::number(0.25), offset: Tensor::number(0.0) }),
        Op::Conv(Conv {
            weight: tensor(&[3, 2, 2, 2], ramp(24, 0.05)),
            bias: Vec::new(),
            windows: vec![window; 2],
            groups: 1,
        }),
        Op::Scale(Scale {
            factor: tensor(&[3, 1, 1], vec![2.0, -1.0, 0.5]),
            offset: tensor(&[3, 1, 1], vec![1.0, 0.0, -1.0]),
        }),
        Op::Map(Function::Relu),
        Op::Reshape(vec![1, 48]),
        Op::Scale(Scale { factor: tensor(&[48], ramp(48, 0.0371)), offset: tensor(&[48], ramp(48, 0.01)) }),
        Op::Dense(Dense { weight: tensor(&[48, 5], ramp(240, 0.003)), bias: ramp(5, 0.1) }),
        Op::Scale(Scale {
            factor: tensor(&[5], vec![1.0, -3.0, 0.5, 2.0, 1.5]),
            offset: tensor(&[5], ramp(5, 1.0)),
        }),
    ];
    for (place, op) in ops.into_iter().enumerate() {
        let dims = op.dims(&[&network.dims[network.output.0]]).unwrap();
        network.dims.push(dims);
        let (input, output) = (network.output, ValueId(network.dims.len() - 1));
        network.nodes.push(Node { name: format!("n{place}"), op, inputs: vec![input], output });
        network.output = output;
    }
    let cells = (0..32 * 20).map(|at| f64::from(at * at % 97) / 7.0).collect();
    let samples = Samples::new(&network, vec![tensor(&[20, 2, 4, 4], cells)]).unwrap();
    let started = start(&network, &samples, &Options::default(), Widths::default()).unwrap();
    let names: Vec<String> = network.parameters().into_iter().map(|own| own.name).collect();
    assert_eq!(names, ["n1.weight", "n1.bias", "n6.weight", "n6.bias"]);
    let template = template(&network, &started);
    // A factor of the ramp is 0: that feature's weights cannot be told from cells, and are left as they are.
    check_way_back(&template, &network.parameters());
    let model = template.model(&network.parameters()).unwrap();
    let finished = finish(&template, &model, &samples, &Options::default()).unwrap();
    assert_eq!(Vector::of_weights(&started.layout, finished.model.weights()).unwrap(), model);
    // One parameter moves one cell of its own; a weight's cell, and what the folds add to a bias.
    let mut parameters = template.parameters(&model).unwrap();
    parameters[1].tensor.cells[2] += 0.125;
    let update = template.update(&model, &parameters, u32::MAX.into()).unwrap();
    let moved: Vec<_> =
        update.tensors().iter().map(|cells| cells.iter().filter(|&&cell| cell != 0).count()).collect();
    assert_eq!(moved, [0, 1, 0, 0]);
    // Half of it, for the scale after it; a bias has 14 bits of fraction.
    assert_eq!(update.tensors()[1][2], 1 << 10);

    // Statistics, wherever they are folded to, are refused.
    network.statistics.push("bn".into());
    let refused = start(&network, &samples, &Options::default(), Widths::default());
    assert!(matches!(refused, Err(TaskError::Statistics { nodes }) if nodes == ["bn"]));
    network.statistics.clear();
    // So are constants that no layer takes up: an offset before a convolution with padding.
    network.nodes[0].op = Op::Scale(Scale { factor: Tensor::number(0.25), offset: Tensor::number(0.5) });
    let refused = start(&network, &samples, &Options::default(), Widths::default());
    assert!(
        matches!(refused, Err(TaskError::Compile(CompileError::Lower(LowerError::Constants { node }))) if node == "n0")
    );
    // A template of this network is none of that plan.
    let other = Template::new(&network, started.compiled.model.plan(), &started.layout);
    assert!(matches!(other, Err(TaskError::Lower(LowerError::Constants { .. }))));
}

/// A trained model goes back into the file that its network came from: other tools read it as they read the first one.
#[test]
fn trained_parameters_go_back_into_the_file() {
    for (path, layers) in
        [("breast_cancer/model-v2.onnx", 2), ("mnist/model.onnx", 5), ("mnist/perceptron.onnx", 2)]
    {
        let bytes = file(path);
        let network = import(&bytes).unwrap();
        let mut parameters = network.parameters();
        assert!(parameters.len() >= 2 * layers, "{path}: {} tensors", parameters.len());
        assert_eq!(export(&bytes, &parameters).unwrap(), bytes, "{path}: nothing changed");
        let cells = parameters.iter_mut().flat_map(|own| &mut own.tensor.cells).enumerate();
        cells.for_each(|(at, cell)| *cell = *cell * 0.75 + (at % 7) as f64 / 64.0);
        let exported = export(&bytes, &parameters).unwrap();
        assert_eq!(exported.len(), bytes.len());
        let read = import(&exported).unwrap();
        for (read, own) in read.parameters().iter().zip(&parameters) {
            for (read, own) in read.tensor.cells.iter().zip(&own.tensor.cells) {
                assert!((read - own).abs() <= 1e-6 * own.abs().max(1e-30), "{path}: {read} {own}");
            }
        }
        // All but the parameters is as it was.
        assert_eq!(zeroed(&read), zeroed(&network));
        // What is no number, or of another network, is not written.
        parameters[0].tensor.cells[1] = f64::NAN;
        assert!(matches!(export(&bytes, &parameters), Err(ExportError::Parameters(_))));
        assert!(matches!(export(&bytes, &parameters[1..]), Err(ExportError::Parameters(_))));
    }
    // Constants of a classifier's attributes.
    let bytes = file("breast_cancer/model-v1.onnx");
    let mut parameters = import(&bytes).unwrap().parameters();
    assert_eq!(export(&bytes, &parameters).unwrap(), bytes);
    parameters[1].tensor.cells[0] += 1.0;
    let exported = export(&bytes, &parameters).unwrap();
    // One float of the file is another one, and no byte beside it.
    assert_eq!(exported.len(), bytes.len());
    let changed = exported.iter().zip(&bytes).filter(|(new, old)| new != old).count();
    assert!((1..=4).contains(&changed), "{changed} bytes changed");
    // Files that are cut or changed anywhere are refused, or read; nothing else.
    for end in (0..bytes.len()).step_by(97) {
        assert!(export(&bytes[..end], &parameters).is_err());
    }
    for at in (0..bytes.len()).step_by(31) {
        let mut changed = bytes.clone();
        changed[at] ^= 0x5a;
        let _ = export(&changed, &parameters);
    }
}

/// A layer without a bias, and one matrix for two layers, have no floats of their own for what training made of them.
#[test]
fn what_a_file_has_no_place_for_is_named() {
    use averment_compiler::onnx::{
        GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, TensorShapeProto,
        TensorTypeProto, TypeProto, ValueInfoProto,
    };
    use prost::Message;
    let dim = |dim_value| averment_compiler::onnx::DimensionProto { dim_value, dim_param: String::new() };
    let shape = Some(TensorShapeProto { dim: vec![dim(1), dim(2)] });
    let kind = Some(TypeProto { tensor_type: Some(TensorTypeProto { elem_type: 1, shape }) });
    let matmul = |input: &str, output: &str| NodeProto {
        op_type: "MatMul".into(),
        input: vec![input.into(), "w".into()],
        output: vec![output.into()],
        ..Default::default()
    };
    let relu = NodeProto {
        op_type: "Relu".into(),
        input: vec!["a".into()],
        output: vec!["b".into()],
        ..Default::default()
    };
    let matrix = TensorProto {
        dims: vec![2, 2],
        data_type: 1,
        float_data: vec![1.0, 2.0, 3.0, 4.0],
        name: "w".into(),
        ..Default::default()
    };
    let model = ModelProto {
        ir_version: 8,
        graph: Some(GraphProto {
            node: vec![matmul("x", "a"), relu, matmul("b", "y")],
            initializer: vec![matrix],
            input: vec![ValueInfoProto { name: "x".into(), r#type: kind }],
            output: vec![ValueInfoProto { name: "y".into(), r#type: None }],
            ..Default::default()
        }),
        opset_import: vec![OperatorSetIdProto { domain: String::new(), version: 17 }],
        ..Default::default()
    };
    let bytes = model.encode_to_vec();
    let parameters = import(&bytes).unwrap().parameters();
    assert_eq!(export(&bytes, &parameters).unwrap(), bytes);
    let with = |changes: &[(usize, f64)]| {
        let mut parameters = parameters.clone();
        changes.iter().for_each(|&(tensor, value)| parameters[tensor].tensor.cells[1] = value);
        export(&bytes, &parameters)
    };
    // Both layers alike are one matrix again.
    let both = import(&with(&[(0, 7.0), (2, 7.0)]).unwrap()).unwrap().parameters();
    assert_eq!((both[0].tensor.cells[1], both[2].tensor.cells[1]), (7.0, 7.0));
    let one = with(&[(0, 7.0)]);
    assert!(matches!(one, Err(ExportError::NoPlace { cell: 1, .. })), "{one:?}");
    let bias = with(&[(3, 0.5)]);
    assert!(
        matches!(&bias, Err(ExportError::NoPlace { name, cell: 1, .. }) if name.ends_with(".bias")),
        "{bias:?}"
    );
}

#[test]
fn batch_normalization_is_refused() {
    let case = cases::cases().into_iter().find(|case| case.name == "test_batchnorm_epsilon").unwrap();
    let network = import(&cases::base64(&case.model)).unwrap();
    let samples = Samples::new(&network, vec![case.inputs[0].tensor()]).unwrap();
    let refused = start(&network, &samples, &Options::default(), Widths::default());
    assert!(matches!(refused, Err(TaskError::Statistics { nodes }) if nodes.len() == 1));
}

#[test]
fn what_is_no_model_of_the_task_is_refused() {
    let (network, samples, _) = breast_cancer("model-v2", 30);
    let started = start(&network, &samples, &Options::default(), Widths::default()).unwrap();
    let template = template(&network, &started);
    let with = |place: usize, change: &dyn Fn(&mut Parameter)| {
        let mut parameters = network.parameters();
        change(&mut parameters[place]);
        template.model(&parameters).unwrap_err()
    };
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = with(2, &|own| own.tensor.cells[3] = value);
        assert!(matches!(error, TaskError::Parameters(ParameterError::NotFinite { cell: 3, .. })), "{error}");
        let mut parameters = network.parameters();
        parameters[0].tensor.cells[0] = value;
        let model = template.model(&network.parameters()).unwrap();
        assert!(matches!(template.update(&model, &parameters, 1000), Err(TaskError::Parameters(_))));
    }
    let error = with(0, &|own| own.tensor.dims.reverse());
    assert!(matches!(error, TaskError::Parameters(ParameterError::Shape { .. })));
    let error = with(1, &|own| own.tensor.cells.truncate(1));
    assert!(matches!(error, TaskError::Parameters(ParameterError::Shape { .. })));
    let error = with(1, &|own| own.name.push('x'));
    assert!(matches!(error, TaskError::Parameters(ParameterError::Name { place: 1, .. })));
    let few = template.model(&network.parameters()[1..]);
    assert!(matches!(few, Err(TaskError::Parameters(ParameterError::Count { .. }))));
    // Beyond the widths, a little and by far.
    for value in [33.0, 1e300] {
        let error = with(2, &|own| own.tensor.cells[0] = value);
        assert!(matches!(error, TaskError::Vector(VectorError::OutOfRange { bits: 20, .. })), "{error}");
    }
    // An update is no model.
    let update = Vector::zero(&started.layout);
    assert!(matches!(template.parameters(&update), Err(TaskError::Vector(VectorError::OtherKind { .. }))));
    // Widths in which the initial model has no room.
    let narrow = Widths { bits: 8, update_bits: 8, ..Widths::default() };
    let refused = start(&network, &samples, &Options::default(), narrow);
    assert!(matches!(
        refused,
        Err(TaskError::Compile(CompileError::Lower(LowerError::Width { bits: 8, .. })))
    ));
    for (bits, update_bits) in [(25, 14), (1, 1), (20, 21), (20, 0)] {
        let refused =
            start(&network, &samples, &Options::default(), Widths { bits, update_bits, ..Widths::default() });
        assert!(matches!(refused, Err(TaskError::Widths { .. })));
    }
    // The layout of one plan with another.
    let other = start(&zeroed(&network), &samples, &Options::default(), Widths::default()).unwrap();
    let error = Template::new(&network, other.compiled.model.plan(), &started.layout).unwrap_err();
    assert!(matches!(error, TaskError::Vector(VectorError::OtherPlan { .. })));
    let (other, ..) = breast_cancer("model-v1", 10);
    let error = Template::new(&other, started.compiled.model.plan(), &started.layout).unwrap_err();
    assert!(matches!(error, TaskError::Lower(LowerError::OtherNetwork { .. })), "{error}");
    assert_eq!(template.model(&network.parameters()).unwrap().kind(), VectorKind::Model);
}
