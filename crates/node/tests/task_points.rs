//! The points of a finished task are the points of the version that is registered, byte for byte ([F1.4] of
//! docs/federated.md).

use averment_compiler::{
    Options, import,
    samples::Samples,
    task::{self, Template, Widths},
    tensor::Tensor,
};
use averment_plan::vector::{DENOMINATOR, Package, Vector, VectorKind, VectorLayout};
use averment_primitives::Salt;
use averment_prover::{Setup, federated, model::Committed, registered::WeightsSecret};
use averment_verifier::{
    commitment::WeightsCommitment,
    descriptor::{self, Blocks, Descriptor},
    point,
};

fn points(setup: &Setup, bits: u8, layout: &VectorLayout, package: &Package) -> WeightsCommitment {
    let blocks = Blocks::new(bits, layout.sizes()).unwrap();
    let cells = package.vector.padded(layout);
    WeightsSecret::commit(setup, &blocks, cells, Some(&package.salt)).unwrap().0
}

#[test]
fn the_points_of_a_finished_task_are_the_points_of_the_version() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/breast_cancer/");
    let network = import(&std::fs::read(format!("{file}model-v2.onnx")).unwrap()).unwrap();
    let text = std::fs::read_to_string(format!("{file}data/training.csv")).unwrap();
    let cells = text
        .lines()
        .skip(1)
        .flat_map(|line| line.split(',').skip(2).take(30).map(|cell| cell.parse().unwrap()));
    let cells: Vec<f64> = cells.collect();
    let samples = Samples::new(&network, vec![Tensor { dims: vec![cells.len() / 30, 30], cells }]).unwrap();
    let started = task::start(&network, &samples, &Options::default(), Widths::default()).unwrap();
    let template = Template::new(&network, started.compiled.model.plan(), &started.layout).unwrap();
    let layout = template.layout();
    let plan = started.compiled.model.plan();
    let options = descriptor::Options::default();
    let bits = Descriptor::derive(plan, options).unwrap().descriptor.layout.chunk_bits;
    let options = descriptor::Options { chunk_bits: Some(bits), ..options };
    let setup = Setup::development(bits);

    // What the sponsor registers to begin with.
    let salt = Salt::from_random([3; 32]);
    let initial = Vector::of_weights(layout, started.compiled.model.weights()).unwrap();
    let first = Committed::register(&setup, &started.compiled.model, options, Some(&salt)).unwrap().0;
    assert_eq!(
        first.encode(),
        points(&setup, bits, layout, &Package { vector: initial.clone(), salt }).encode()
    );

    // Two rounds, whose updates the participants trained.
    let mut model = initial;
    for round in 1..=2 {
        let mut parameters = template.parameters(&model).unwrap();
        let moved = parameters.iter_mut().flat_map(|own| &mut own.tensor.cells).enumerate();
        moved.for_each(|(at, cell)| *cell += f64::from((at as u32 * round) % 11) / 500.0 - 0.01);
        let update = template.update(&model, &parameters, 1 << 30).unwrap();
        let other = Vector::zero(layout);
        let committed = |vector: &Vector| {
            let package = Package { vector: vector.clone(), salt: Salt::from_random([round as u8; 32]) };
            federated::Vector::of(&setup, layout, bits, &package).unwrap()
        };
        let [old, update, other] = [&model, &update, &other].map(committed);
        let rows = [(DENOMINATOR / 3, &update), (DENOMINATOR / 2, &other)];
        let (new, _) = federated::aggregate(&setup, &old, &rows, None).unwrap();
        model = new.plain(layout, VectorKind::Model).unwrap();
    }
    let package = Package { vector: model.clone(), salt: Salt::from_random([4; 32]) };
    let task = points(&setup, bits, layout, &package);

    // Whoever has the package and the network registers it.
    let bytes = package.encode(layout);
    let package = Package::decode_as(layout, VectorKind::Model, &bytes).unwrap();
    let finished = task::finish(&template, &package.vector, &samples, &Options::default()).unwrap();
    let version = Committed::register(&setup, &finished.model, options, Some(&package.salt)).unwrap().0;
    assert_eq!(point::to_bytes(version.chunked().points()), point::to_bytes(task.chunked().points()));
    assert_eq!(version.encode(), task.encode());
    assert_ne!(version.encode(), first.encode());
    assert_ne!(finished.model.plan().digest(), plan.digest());
    // Compiled as any other network, the same float weights have other blocks' cells, and so other points.
    let trained = template.network_of(&package.vector).unwrap();
    let plain = averment_compiler::compile(&trained, &samples, &Options::default()).unwrap();
    let plain = Committed::register(&setup, &plain.model, options, Some(&package.salt)).unwrap().0;
    assert_ne!(point::to_bytes(plain.chunked().points()), point::to_bytes(task.chunked().points()));
}
