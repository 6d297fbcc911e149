//! Vectors of federated tasks: what their cells mean, and packages.

use crate::plan::perceptron;
use averment_plan::vector::{Package, Vector, VectorKind, VectorLayout};
use averment_primitives::Salt;

/// The layout of a small plan's weights.
fn layout() -> VectorLayout {
    let plan = perceptron();
    let count = plan.weights().len();
    let scales: Vec<i8> = (0..count).map(|place| 8 - place as i8).collect();
    let widths: Vec<u8> = plan.weights().iter().map(|spec| spec.bits.min(7)).collect();
    VectorLayout::new(&plan, &scales, &widths).expect("the layout of a plan")
}

pub(crate) fn vector_layout(data: &[u8]) -> bool {
    let Ok(layout) = VectorLayout::decode(data) else { return false };
    assert!(layout.encode() == data, "two encodings of one layout");
    assert_eq!(layout.exponents().count(), layout.blocks().len());
    if layout.coordinates() < 1 << 12 {
        let zero = Vector::zero(&layout);
        let package = Package { vector: zero, salt: Salt::from_random([0; 32]) };
        assert_eq!(Package::decode(&layout, &package.encode(&layout)), Ok(package));
    }
    true
}

pub(crate) fn vector(data: &[u8]) -> bool {
    let layout = layout();
    let Ok(package) = Package::decode(&layout, data) else { return false };
    assert!(package.encode(&layout) == data, "two encodings of one package");
    let own = &package.vector;
    let padded: Vec<Vec<i32>> = own.padded(&layout).collect();
    let square: i128 = padded
        .iter()
        .zip(layout.exponents())
        .map(|(cells, exponent)| {
            cells.iter().map(|cell| i128::from(*cell).pow(2)).sum::<i128>() << (2 * u32::from(exponent))
        })
        .sum();
    assert_eq!(own.norm_squared(&layout), square.unsigned_abs(), "padding is zero");
    match own.kind() {
        VectorKind::Model => {
            let none = Vector::between(&layout, own, own);
            assert_eq!(none.as_ref(), Ok(&Vector::zero(&layout)));
        }
        VectorKind::Update => {
            let zero = layout.blocks().iter().map(|block| vec![0; block.shape.cells()]).collect();
            let zero = Vector::new(&layout, VectorKind::Model, zero).expect("zero fits");
            let new = Vector::new(&layout, VectorKind::Model, own.tensors().to_vec())
                .expect("updates are narrower");
            assert_eq!(Vector::between(&layout, &zero, &new).as_ref(), Ok(own));
        }
    }
    true
}

pub(crate) fn vector_layout_seeds() -> Vec<Vec<u8>> {
    vec![layout().encode()]
}

pub(crate) fn vector_seeds() -> Vec<Vec<u8>> {
    let layout = layout();
    let package = |kind| {
        let cells = layout
            .blocks()
            .iter()
            .map(|block| (0..block.shape.cells() as i32).map(|cell| cell % 5 - 2).collect());
        let vector = Vector::new(&layout, kind, cells.collect()).expect("small cells");
        Package { vector, salt: Salt::from_random([9; 32]) }.encode(&layout)
    };
    [VectorKind::Model, VectorKind::Update].map(package).into()
}
