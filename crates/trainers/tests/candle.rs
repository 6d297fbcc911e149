//! Our gradients and training against candle's, on the networks that tasks begin with. `cargo test --features candle`.
#![cfg(feature = "candle")]

use averment_trainers::{
    Fit, FitError, Graph, GraphError, Parameters, Participant, Settings, Trainer,
    candle::CandleTrainer,
    data::{Dataset, table},
    models,
    network::Pass,
    random::{stream, uniform},
};
use std::ops::ControlFlow;

fn digits() -> Dataset {
    let bytes = include_bytes!("../../../examples/digits/data/evaluation.csv");
    let data = table::read(bytes, "digit", &["row"]).unwrap().data;
    data.changed(|_, image| image.iter_mut().for_each(|pixel| *pixel /= 16.0)).unwrap()
}

fn graphs() -> [(&'static str, Graph); 4] {
    let seed = [3; 32];
    [
        ("logistic regression", models::logistic(64, 10)),
        ("perceptron", models::perceptron(64, &[32, 16], 10, seed)),
        ("small convolution", models::small_convolution(8, 8, 10, seed)),
        ("LeNet", models::lenet(12, 12, 10, seed)),
    ]
    .map(|(name, network)| (name, Graph::new(network).unwrap()))
}

/// Images as large as the network reads, in the middle of noise: where numbers are equal, or 0 before a ReLU, there is more than
/// one gradient, and candle takes another than we do.
fn fitting(data: &Dataset, features: usize) -> Dataset {
    let side = features.isqrt();
    let mut noise = stream([5; 32], 0);
    let mut inputs = Vec::new();
    for image in data.inputs().chunks_exact(64) {
        let mut large: Vec<f32> = (0..features).map(|_| 0.1 * uniform(&mut noise) as f32).collect();
        for (row, pixels) in image.chunks_exact(8).enumerate() {
            let from = (row + (side - 8) / 2) * side + (side - 8) / 2;
            large[from..from + 8].iter_mut().zip(pixels).for_each(|(cell, pixel)| *cell += pixel);
        }
        inputs.extend(large);
    }
    Dataset::new(vec![features], inputs, data.labels().to_vec(), 10).unwrap()
}

/// The largest distance of two cells, in parts of the largest cell.
fn apart(a: &[Vec<f32>], b: &[Vec<f32>]) -> f32 {
    let largest = a.iter().flatten().fold(0.0f32, |most, cell| most.max(cell.abs()));
    let cells = a.iter().flatten().zip(b.iter().flatten());
    cells.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / largest
}

#[test]
fn gradients_are_candles() {
    let data = digits();
    for (name, graph) in graphs() {
        let data = fitting(&data, graph.features());
        let candle = CandleTrainer::new(&graph, &data, &data, Settings::default()).unwrap();
        let model = graph.parameters().unwrap();
        for batch in [1, 7, 32] {
            let (mut inputs, mut labels) = (Vec::new(), Vec::new());
            data.pick(&(0..batch).collect::<Vec<_>>(), &mut inputs, &mut labels);
            let mut ours = Parameters::zeros(graph.schema()).into_cells();
            let loss = graph.gradient(model.cells(), &inputs, &labels, &mut ours, &mut Pass::default());
            let (candles, theirs) = candle.gradient(&model, &inputs, &labels).unwrap();
            assert!((loss - candles).abs() < 1e-5 * loss, "{name}, {batch}: {loss} here, {candles} there");
            assert_eq!(
                ours.iter().map(Vec::len).collect::<Vec<_>>(),
                theirs.iter().map(Vec::len).collect::<Vec<_>>()
            );
            assert!(apart(&ours, &theirs) < 1e-5, "{name}, {batch}: {}", apart(&ours, &theirs));
        }
    }
}

#[test]
fn both_learn_the_same() {
    let data = digits();
    for (name, graph) in graphs() {
        let data = fitting(&data, graph.features());
        let settings = Settings { decay: 0.001, epochs: 2, ..Settings::default() };
        let model = graph.parameters().unwrap();
        let fit = Fit { model: &model, memory: None, seed: [1; 32] };
        let go_on = &mut |_: averment_trainers::Progress| ControlFlow::Continue(());
        let ours = Trainer::new(&graph, &data, &data, settings).unwrap();
        let theirs = CandleTrainer::new(&graph, &data, &data, settings).unwrap();
        let (here, there) = (ours.fit(&fit, go_on).unwrap(), theirs.fit(&fit, go_on).unwrap());
        assert_eq!(here.examples, there.examples);
        let far = apart(here.model.cells(), there.model.cells());
        assert!(
            far < 1e-3 && (here.loss - there.loss).abs() < 1e-3,
            "{name}: {far}, {} {}",
            here.loss,
            there.loss
        );
        // From that on, with the memory of the other.
        let fit = Fit { model: &here.model, memory: there.memory.as_ref(), seed: [2; 32] };
        let (here, there) = (ours.fit(&fit, go_on).unwrap(), theirs.fit(&fit, go_on).unwrap());
        assert!(apart(here.model.cells(), there.model.cells()) < 1e-3, "{name}");
        assert_eq!(ours.evaluate(&here.model).unwrap(), theirs.evaluate(&here.model).unwrap());
    }
}

#[test]
fn what_it_does_not_read_is_refused() {
    let data = digits();
    let mut network = models::perceptron(64, &[8], 10, [0; 32]);
    network.nodes[1].op = averment_compiler::network::Op::Map(averment_compiler::ops::Function::Tanh);
    let graph = Graph::new(network).unwrap();
    let refused = CandleTrainer::new(&graph, &data, &data, Settings::default());
    assert!(matches!(refused, Err(FitError::Graph(GraphError::Node { .. }))), "{refused:?}");
}
