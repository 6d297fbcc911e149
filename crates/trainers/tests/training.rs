//! Gradients are those of the function that the compiler runs, training finds what it should, and the same arguments give the same
//! bits.

use averment_compiler::{
    network::{Network, NetworkInput, Node, Op, ValueId},
    onnx::{ModelProto, NodeProto},
    ops::{Concat, Conv, Dense, Function, Pad, Pool, Reduce, Scale, Slice, Window},
    tensor::Tensor,
};
use averment_trainers::{
    Fit, FitError, Graph, GraphError, ParameterError, Parameters, Participant, Settings, Trainer,
    data::{Dataset, idx, table},
    models,
    network::Pass,
    random::{normal, seed_of, stream},
};
use prost::Message;
use std::{ops::ControlFlow, path::Path};

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/");

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(EXAMPLES).join(name)).unwrap()
}

fn digits(part: &str) -> Dataset {
    let table = table::read(&bytes(&format!("digits/data/{part}.csv")), "digit", &["row"]).unwrap();
    assert_eq!(table.classes, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    table.data.changed(|_, pixels| pixels.iter_mut().for_each(|pixel| *pixel /= 16.0)).unwrap()
}

fn run(graph: &Graph, model: &Parameters, inputs: &[f32]) -> Vec<f32> {
    graph.forward(model.cells(), inputs, &mut Pass::default()).to_vec()
}

/// The scores by the compiler's own run, item by item.
fn by_definition(network: &Network, inputs: &[f32], features: usize) -> Vec<f64> {
    let items = inputs.chunks(features).flat_map(|item| {
        let cells: Vec<f64> = item.iter().map(|&cell| f64::from(cell)).collect();
        network.run(&[&cells])[network.output.0].clone().unwrap().cells
    });
    items.collect()
}

/// A network with every operator, two branches that meet again, padding, groups, strides and dilation.
fn menagerie() -> Network {
    let mut random = stream([7; 32], 0);
    let mut tensor = |dims: &[usize]| {
        let cells = (0..dims.iter().product()).map(|_| 0.5 * normal(&mut random)).collect();
        Tensor { dims: dims.to_vec(), cells }
    };
    let window =
        |taps, stride, dilation, begin, end| Window { taps, stride, dilation, begin, end, ceil: false };
    let mut network = Network {
        inputs: vec![NetworkInput { name: "x".into(), value: ValueId(0) }],
        nodes: Vec::new(),
        dims: vec![vec![1, 2, 6, 5]],
        output: ValueId(0),
        decides: true,
        labels: Vec::new(),
        notes: Vec::new(),
        statistics: Vec::new(),
    };
    let mut add = |op: Op, inputs: &[ValueId]| {
        let from: Vec<&[usize]> = inputs.iter().map(|input| network.dims[input.0].as_slice()).collect();
        let dims = op.dims(&from).unwrap();
        let output = ValueId(network.dims.len());
        network.dims.push(dims);
        network.nodes.push(Node { name: format!("n{}", output.0), op, inputs: inputs.to_vec(), output });
        network.output = output;
        output
    };
    let x = ValueId(0);
    let conv = |weight, bias, windows, groups| Op::Conv(Conv { weight, bias, windows, groups });
    let bias = vec![0.1, -0.2, 0.3, 0.05];
    let a =
        add(conv(tensor(&[4, 1, 3, 2]), bias, vec![window(3, 1, 1, 1, 1), window(2, 2, 1, 1, 0)], 2), &[x]);
    let a = add(Op::Map(Function::Tanh), &[a]);
    let factor = tensor(&[4, 1, 1]);
    let a = add(Op::Scale(Scale { factor, offset: tensor(&[3]) }), &[a]);
    let b = add(
        conv(tensor(&[4, 4, 2, 2]), Vec::new(), vec![window(2, 1, 2, 1, 1), window(2, 1, 1, 1, 0)], 1),
        &[a],
    );
    let b = add(Op::Map(Function::LeakyRelu(0.1)), &[b]);
    let sum = add(Op::Sum(vec![1.0, -0.5]), &[a, b]);
    let padded = add(Op::Pad(Pad { axes: vec![(0, 0), (0, 0), (1, 0), (0, 2)] }), &[sum]);
    let pool =
        |count_padding| Pool { windows: vec![window(3, 2, 1, 1, 0), window(2, 2, 1, 0, 1)], count_padding };
    let largest = add(Op::MaxPool(pool(false)), &[padded]);
    let mean = add(Op::AveragePool(pool(true)), &[padded]);
    let narrow = add(Op::AveragePool(pool(false)), &[padded]);
    let both = add(Op::Concat(Concat { axis: 1 }), &[largest, mean, narrow]);
    let turned = add(Op::Transpose(vec![0, 2, 1, 3]), &[both]);
    let some = add(Op::Slice(Slice { axes: vec![(0, 1, 1), (2, -1, 2), (1, 2, 5), (0, 1, 2)] }), &[turned]);
    let rows = add(Op::Reduce(Reduce { axes: vec![3], mean: true }), &[some]);
    let flat = add(Op::Reshape(vec![1, 10]), &[rows]);
    let hidden = add(Op::Dense(Dense { weight: tensor(&[10, 6]), bias: vec![0.1; 6] }), &[flat]);
    let hidden = add(Op::Map(Function::Sigmoid), &[hidden]);
    let clipped = add(Op::Map(Function::Clip(0.2, 0.7)), &[hidden]);
    add(Op::Dense(Dense { weight: tensor(&[6, 3]), bias: Vec::new() }), &[clipped]);
    network
}

#[test]
fn every_operator_is_what_the_compiler_runs() {
    let graph = Graph::new(menagerie()).unwrap();
    let mut random = stream([1; 32], 0);
    let inputs: Vec<f32> = (0..5 * 60).map(|_| normal(&mut random) as f32).collect();
    let found = run(&graph, &graph.parameters().unwrap(), &inputs);
    let expected = by_definition(&menagerie(), &inputs, 60);
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((f64::from(*found) - expected).abs() < 1e-5, "{found} {expected}");
    }
}

#[test]
fn gradients_are_slopes() {
    let graph = Graph::new(menagerie()).unwrap();
    let model = graph.parameters().unwrap();
    let mut random = stream([2; 32], 0);
    let inputs: Vec<f32> = (0..4 * 60).map(|_| normal(&mut random) as f32).collect();
    let labels = [0, 2, 1, 2];
    // The loss over reals, so that differences mean something.
    let loss = |model: &Parameters| {
        let network = graph.with(model).unwrap();
        let scores = by_definition(&network, &inputs, 60);
        let each = scores.chunks(3).zip(labels).map(|(scores, label)| {
            scores.iter().map(|score| score.exp()).sum::<f64>().ln() - scores[label as usize]
        });
        each.sum::<f64>() / 4.0
    };
    let mut sums = Parameters::zeros(graph.schema()).into_cells();
    let said = graph.gradient(model.cells(), &inputs, &labels, &mut sums, &mut Pass::default());
    assert!((said - loss(&model)).abs() < 1e-5);
    let mut moved = 0;
    for (tensor, sums) in sums.iter().enumerate() {
        for (cell, sum) in sums.iter().enumerate() {
            let step = 1e-4f32;
            let at = |by: f32| {
                let mut cells = model.cells().to_vec();
                cells[tensor][cell] += by;
                let by = f64::from(cells[tensor][cell]);
                (loss(&Parameters::new(graph.schema(), cells).unwrap()), by)
            };
            let ((up, above), (down, below)) = (at(step), at(-step));
            let slope = (up - down) / (above - below);
            assert!(
                (slope - f64::from(*sum)).abs() < 1e-4,
                "{} cell {cell}: {slope} {sum}",
                graph.schema()[tensor].name
            );
            moved += usize::from(slope.abs() > 1e-4);
        }
    }
    assert!(moved > 100, "only {moved} parameters matter, so little was tested");
}

#[test]
fn the_examples_can_be_trained() {
    for (name, features, tensors, cells) in [
        ("digits/model.onnx", 64, 4, 2_410),
        ("breast_cancer/model-v2.onnx", 30, 6, 4_130),
        ("mnist/perceptron.onnx", 784, 6, 235_146),
        ("mnist/model.onnx", 784, 10, 61_706),
    ] {
        let graph = Graph::read(&bytes(name)).unwrap();
        let model = graph.parameters().unwrap();
        assert_eq!(
            (graph.features(), model.schema().len(), model.count()),
            (features, tensors, cells),
            "{name}"
        );
        let mut random = stream([1; 32], 0);
        let inputs: Vec<f32> =
            (0..2 * features).map(|_| (100.0 * normal(&mut random).abs()) as f32).collect();
        let expected = by_definition(&graph.with(&model).unwrap(), &inputs, features);
        for (found, expected) in run(&graph, &model, &inputs).iter().zip(expected) {
            let allowed = 1e-4 * expected.abs().max(10.0);
            assert!((f64::from(*found) - expected).abs() < allowed, "{name}: {found} {expected}");
        }
    }
}

#[test]
fn batch_normalization_is_refused() {
    let mut model = ModelProto::decode(bytes("digits/model.onnx").as_slice()).unwrap();
    let graph = model.graph.as_mut().unwrap();
    let mut constant = |name: &str, value: f32| {
        let tensor = averment_compiler::onnx::TensorProto {
            name: name.into(),
            dims: vec![10],
            data_type: 1,
            float_data: vec![value; 10],
            ..Default::default()
        };
        graph.initializer.push(tensor);
    };
    for (name, value) in [("s", 2.0), ("b", 0.0), ("m", 1.0), ("v", 1.0)] {
        constant(name, value);
    }
    let at = graph.node.iter().position(|node| node.op_type == "Softmax").unwrap();
    let scores = std::mem::replace(&mut graph.node[at].input[0], "normal".into());
    let node = NodeProto {
        name: "norm".into(),
        op_type: "BatchNormalization".into(),
        input: [scores.as_str(), "s", "b", "m", "v"].map(Into::into).to_vec(),
        output: vec!["normal".into()],
        ..Default::default()
    };
    graph.node.insert(at, node);
    let refused = Graph::read(&model.encode_to_vec());
    assert_eq!(refused.err(), Some(GraphError::Normalised { node: "norm".into() }));
}

#[test]
fn digits_are_learned_and_the_same_arguments_give_the_same_bits() {
    let (training, evaluation) = (digits("training"), digits("evaluation"));
    let small = training.changed(|_, _| ()).unwrap();
    let image = Dataset::new(vec![1, 8, 8], small.inputs().to_vec(), small.labels().to_vec(), 10).unwrap();
    for (network, data, epochs, least) in [
        (models::logistic(64, 10), &training, 20, 0.94),
        (models::perceptron(64, &[32], 10, [1; 32]), &training, 20, 0.95),
        (models::small_convolution(8, 8, 10, [1; 32]), &image, 10, 0.95),
    ] {
        let graph = Graph::new(network).unwrap();
        let settings = Settings { epochs, rate: 0.3, ..Settings::default() };
        let trainer = Trainer::new(&graph, data, &evaluation, settings).unwrap();
        let start = graph.parameters().unwrap();
        assert!(trainer.evaluate(&start).unwrap().accuracy() < 0.3);
        let fit = Fit { model: &start, memory: None, seed: seed_of(1, 0) };
        let mut passes = 0;
        let fitted = trainer
            .fit(&fit, &mut |_| {
                passes += 1;
                ControlFlow::Continue(())
            })
            .unwrap();
        assert_eq!(passes, epochs);
        let found = trainer.evaluate(&fitted.model).unwrap();
        assert!(found.accuracy() >= least, "{found:?}");
        assert_eq!(fitted, trainer.fit(&fit, &mut |_| ControlFlow::Continue(())).unwrap());
        let other = Fit { seed: seed_of(2, 0), ..fit };
        assert_ne!(fitted, trainer.fit(&other, &mut |_| ControlFlow::Continue(())).unwrap());
    }
}

#[test]
fn a_lenet_learns_images_of_an_idx_folder() {
    let images = idx::folder(&Path::new(EXAMPLES).join("mnist/data"), 255.0).unwrap();
    assert_eq!((images.len(), images.dims(), images.classes()), (10_000, &[1, 28, 28][..], 10));
    let (training, evaluation) =
        (images.choose(&(0..600).collect::<Vec<_>>()), images.choose(&(9_000..9_200).collect::<Vec<_>>()));
    let graph = Graph::new(models::lenet(28, 28, 10, [1; 32])).unwrap();
    let settings = Settings { epochs: 4, batch: 16, rate: 0.1, ..Settings::default() };
    let trainer = Trainer::new(&graph, &training, &evaluation, settings).unwrap();
    let start = graph.parameters().unwrap();
    let fit = Fit { model: &start, memory: None, seed: [1; 32] };
    let fitted = trainer.fit(&fit, &mut |_| ControlFlow::Continue(())).unwrap();
    let accuracy = trainer.evaluate(&fitted.model).unwrap().accuracy();
    assert!(accuracy > 0.8, "{accuracy}");
}

#[test]
fn training_goes_on_with_its_momentum_and_raw_pixels_are_as_good_as_scaled_ones() {
    let scaled = digits("training");
    let raw = scaled.changed(|_, pixels| pixels.iter_mut().for_each(|pixel| *pixel *= 16.0)).unwrap();
    let fitted = |data: &Dataset, unit: f32| {
        let graph = Graph::new(models::logistic(64, 10)).unwrap();
        let settings = Settings { batch: 64, steps: 3, unit, ..Settings::default() };
        let trainer = Trainer::new(&graph, data, data, settings).unwrap();
        let start = graph.parameters().unwrap();
        let fit = Fit { model: &start, memory: None, seed: [5; 32] };
        let first = trainer.fit(&fit, &mut |_| ControlFlow::Continue(())).unwrap();
        let with = Fit { model: &first.model, memory: first.memory.as_ref(), seed: [6; 32] };
        let second = trainer.fit(&with, &mut |_| ControlFlow::Continue(())).unwrap();
        let forgetful =
            trainer.fit(&Fit { memory: None, ..with }, &mut |_| ControlFlow::Continue(())).unwrap();
        let step = |fitted: &averment_trainers::Fitted| fitted.model.minus(&first.model).unwrap().norm();
        assert!(step(&second) > 1.2 * step(&forgetful), "momentum goes on");
        second.loss
    };
    let (scaled, raw) = (fitted(&scaled, 1.0), fitted(&raw, 16.0));
    assert!((scaled - raw).abs() < 1e-4, "{scaled} {raw}");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let data = digits("evaluation");
    let graph = Graph::new(models::logistic(64, 10)).unwrap();
    let refused = |settings| Trainer::new(&graph, &data, &data, settings).map(drop);
    for settings in [
        Settings { rate: 0.0, ..Settings::default() },
        Settings { rate: f32::NAN, ..Settings::default() },
        Settings { momentum: 1.0, ..Settings::default() },
        Settings { decay: -1.0, ..Settings::default() },
        Settings { batch: 0, ..Settings::default() },
        Settings { epochs: 0, ..Settings::default() },
        Settings { unit: f32::INFINITY, ..Settings::default() },
    ] {
        assert!(matches!(refused(settings), Err(FitError::Setting { .. })), "{settings:?}");
    }
    let other = Graph::new(models::logistic(63, 10)).unwrap();
    assert!(matches!(
        Trainer::new(&other, &data, &data, Settings::default()),
        Err(FitError::Graph(GraphError::Data { expected: 63, got: 64, .. }))
    ));
    let trainer =
        Trainer::new(&graph, &data, &data, Settings { rate: f32::MAX, epochs: 3, ..Settings::default() })
            .unwrap();
    let start = graph.parameters().unwrap();
    let fit = Fit { model: &start, memory: None, seed: [0; 32] };
    let mut watch = |_| ControlFlow::Continue(());
    assert!(matches!(trainer.fit(&fit, &mut watch), Err(FitError::Diverged { .. })));
    let stopped = trainer.fit(&fit, &mut |_| ControlFlow::Break(()));
    assert_eq!(stopped, Err(FitError::Stopped { done: 17, of: 51 }));
    let foreign = other.parameters().unwrap();
    let fit = Fit { model: &foreign, ..fit };
    assert!(matches!(
        trainer.fit(&fit, &mut watch),
        Err(FitError::Parameters(ParameterError::Schema { .. }))
    ));
    // What no sender can send: other lengths, and numbers that are none.
    let schema = graph.schema();
    let mut cells = start.clone().into_cells();
    cells[0][3] = f32::NAN;
    assert_eq!(
        Parameters::new(schema, cells.clone()),
        Err(ParameterError::NotFinite { name: "scores.weight".into(), cell: 3 })
    );
    cells[0].pop();
    assert!(matches!(
        Parameters::new(schema, cells.clone()),
        Err(ParameterError::Cells { expected: 640, got: 639, .. })
    ));
    cells.pop();
    assert_eq!(Parameters::new(schema, cells), Err(ParameterError::Tensors { expected: 2, got: 1 }));
}
