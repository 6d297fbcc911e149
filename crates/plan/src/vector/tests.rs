use super::*;
use crate::{
    Bias, Draft, Function, Input, Operator, Output, OutputKind, Product, Read, Rescale, Scales, Shape, Step,
    Table, TableId, TensorId, Term, View, WeightId, WeightSpec,
};
use averment_primitives::{Salt, hex, keccak256};
use proptest::prelude::*;

/// A dense layer of 3 features and 5 outputs: a matrix of 20 bits, a bias of 20 bits.
fn plan() -> Plan {
    let shape = |dims: &[u32]| Shape::new(dims).unwrap();
    let spec = |name: &str, dims: &[u32]| WeightSpec { name: name.into(), shape: shape(dims), bits: 20 };
    let form =
        vec![Term { coefficient: 1, view: View { tensor: TensorId(0), reads: vec![Read::summed(0, 3)] } }];
    Plan::new(Draft {
        inputs: vec![Input {
            name: "x".into(),
            shape: shape(&[3]),
            first: -8,
            bits: 4,
            scales: Scales::uniform(3),
        }],
        weights: vec![spec("weight", &[5, 3]), spec("bias", &[5])],
        tables: vec![Table::new(12, Function::Clamp { low: -100, high: 100 }).unwrap()],
        steps: vec![Step {
            name: "dense".into(),
            shape: shape(&[5]),
            operator: Operator::Affine {
                products: vec![Product { sums: vec![3], form, weight: WeightId(0), weight_axes: vec![0] }],
                linear: Vec::new(),
                bias: Some(Bias { weight: WeightId(1), axes: vec![0], coefficient: 1 }),
            },
            rescale: Rescale { shift: 12, table: TableId(0) },
            exponent: 0,
        }],
        output: Output { tensor: TensorId(1), kind: OutputKind::Values, labels: Vec::new() },
    })
    .unwrap()
}

fn layout() -> VectorLayout {
    VectorLayout::new(&plan(), &[14, 11], &[12, 10]).unwrap()
}

fn vector(kind: VectorKind, first: i32) -> Vector {
    let cells = |count: i32| (0..count).map(|cell| (cell - 3) * first).collect();
    Vector::new(&layout(), kind, vec![cells(15), cells(5)]).unwrap()
}

#[test]
fn the_layout_is_pinned() {
    let bytes = layout().encode();
    let expected = [
        hex::encode("averment-vector-layout/1\n"),
        hex::encode(plan().digest()),
        "02000000".into(),
        format!("06000000{}", hex::encode("weight")),
        "020500000003000000".into(),
        "0e140c".into(),
        format!("04000000{}", hex::encode("bias")),
        "0105000000".into(),
        "0b140a".into(),
    ];
    assert_eq!(hex::encode(&bytes), expected.concat());
    assert_eq!(layout().identity(), keccak256(&bytes));
    assert_eq!(VectorLayout::decode(&bytes), Ok(layout()));
    assert_eq!(layout().exponents().collect::<Vec<_>>(), [0, 3]);
    assert_eq!((layout().coordinates(), layout().sizes()), (20, vec![5, 3]));
    assert!(layout().fits(&plan()) && layout().check_plan(&plan()).is_ok());
    for end in 0..bytes.len() {
        assert!(VectorLayout::decode(&bytes[..end]).is_err());
    }
}

#[test]
fn what_is_no_layout_is_refused() {
    let plan = plan();
    let new = |scales: &[i8], bits: &[u8]| VectorLayout::new(&plan, scales, bits).unwrap_err();
    assert_eq!(new(&[14], &[12, 12]), VectorError::Count { expected: 2, got: 1 });
    assert_eq!(new(&[14, 14], &[12]), VectorError::Count { expected: 2, got: 1 });
    assert!(matches!(new(&[14, 14], &[21, 12]), VectorError::Block { block: 0, .. }));
    assert!(matches!(new(&[14, 14], &[12, 1]), VectorError::Block { block: 1, .. }));
    assert!(matches!(new(&[14, 61], &[12, 12]), VectorError::Block { block: 1, .. }));
    assert_eq!(new(&[14, -11], &[12, 12]), VectorError::Scales { got: 25 });
    // Bytes that say so.
    let bytes = layout().encode();
    let with = |at: usize, byte: u8| {
        let mut bytes = bytes.clone();
        bytes[at] = byte;
        VectorLayout::decode(&bytes).unwrap_err()
    };
    let last = bytes.len() - 1;
    assert!(matches!(with(last, 21), VectorError::Block { block: 1, .. }));
    assert!(matches!(with(last - 1, 25), VectorError::Block { block: 1, .. }));
    assert!(matches!(with(25 + 32, 0), VectorError::Bytes(DecodeError::Trailing { .. })));
    assert!(matches!(with(25 + 32 + 8, 0xff), VectorError::Block { block: 0, .. }));
    assert!(matches!(with(25 + 32 + 8, b'\n'), VectorError::Block { block: 0, .. }));
    assert!(matches!(with(25 + 32 + 2, 1), VectorError::Blocks { .. }));
}

#[test]
fn a_package_is_pinned_and_nothing_else_is_read() {
    let salt = || Salt::from_random([7; 32]);
    let package = Package { vector: vector(VectorKind::Update, -1), salt: salt() };
    let bytes = package.encode(&layout());
    let expected = [
        hex::encode("averment-vector/1\n"),
        hex::encode(layout().identity()),
        "01".into(),
        "07".repeat(32),
        // 3, 2, 1, 0, -1, …, -11 in 12 bits each; the last has half a byte to itself.
        "032000010000ffefff".into(),
        "fdcffffbaffff98ffff76ffff50f".into(),
        // 3, 2, 1, 0, -1 in 10 bits each.
        "0308100000ff03".into(),
    ];
    assert_eq!(hex::encode(&bytes), expected.concat());
    assert_eq!(bytes.len(), Package::length(&layout(), VectorKind::Update));
    assert_eq!(bytes.len(), 18 + 32 + 1 + 32 + 23 + 7);
    assert_eq!(Package::decode(&layout(), &bytes), Ok(package.clone()));
    assert_eq!(format!("{package:?}"), "Package { vector: Vector(Update, 2 blocks), salt: Salt(…) }");

    let with = |at: usize, byte: u8| {
        let mut bytes = bytes.clone();
        bytes[at] = byte;
        Package::decode(&layout(), &bytes).unwrap_err()
    };
    assert!(matches!(with(0, b'x'), VectorError::Bytes(DecodeError::UnknownFormat { .. })));
    assert!(matches!(with(20, 0), VectorError::OtherLayout { .. }));
    assert_eq!(with(50, 2), VectorError::Kind { got: 2 });
    // As a model it is too short.
    assert!(matches!(with(50, 0), VectorError::Bytes(DecodeError::Truncated { .. })));
    assert_eq!(with(bytes.len() - 1, 0xff), VectorError::Unused { block: 1 });
    assert_eq!(with(bytes.len() - 8, 0x1f), VectorError::Unused { block: 0 });
    for end in 0..bytes.len() {
        assert!(Package::decode(&layout(), &bytes[..end]).is_err());
    }
    // More than the widest kind has is not looked at; the rest is left over.
    let long = [bytes.clone(), vec![0; 64]].concat();
    assert!(matches!(
        Package::decode(&layout(), &long),
        Err(VectorError::Bytes(DecodeError::TooLong { .. }))
    ));
    let long = [bytes.clone(), vec![0]].concat();
    assert!(matches!(
        Package::decode(&layout(), &long),
        Err(VectorError::Bytes(DecodeError::Trailing { left: 1 }))
    ));
    let other = Package::decode_as(&layout(), VectorKind::Model, &bytes);
    assert_eq!(other, Err(VectorError::OtherKind { expected: VectorKind::Model, got: VectorKind::Update }));
}

#[test]
fn cells_beyond_their_width_are_no_vector() {
    let cells = |at: usize, value: i32| {
        let mut tensors = vec![vec![0; 15], vec![0; 5]];
        tensors[1][at] = value;
        tensors
    };
    for (kind, bits) in [(VectorKind::Model, 20u8), (VectorKind::Update, 10)] {
        let half = 1 << (bits - 1);
        for value in [-half, half - 1] {
            assert!(Vector::new(&layout(), kind, cells(4, value)).is_ok());
        }
        for value in [-half - 1, half, i32::MIN, i32::MAX] {
            let expected = VectorError::OutOfRange { name: "bias".into(), cell: 4, got: value.into(), bits };
            assert_eq!(Vector::new(&layout(), kind, cells(4, value)), Err(expected));
        }
    }
    let few = Vector::new(&layout(), VectorKind::Model, vec![vec![0; 15]]);
    assert_eq!(few, Err(VectorError::Count { expected: 2, got: 1 }));
    let short = Vector::new(&layout(), VectorKind::Model, vec![vec![0; 15], vec![0; 8]]);
    assert_eq!(short, Err(VectorError::Cells { name: "bias".into(), expected: 5, got: 8 }));
}

#[test]
fn padding_is_zero_and_inner_products_know_the_scales() {
    let (layout, update) = (layout(), vector(VectorKind::Update, 1));
    let blocks: Vec<_> = update.padded(&layout).collect();
    assert_eq!(blocks[0].len(), 32);
    assert_eq!(blocks[0][..5], [-3, -2, -1, 0, 0]);
    assert_eq!(blocks[1], [-3, -2, -1, 0, 1, 0, 0, 0]);
    // Σ (i - 3)² for 15 cells, and 64 times that for 5 cells, whose unit is 8 times as large.
    assert_eq!(update.norm_squared(&layout), (14 + 506) + 64 * (14 + 1));
    assert_eq!(update.inner(&layout, &vector(VectorKind::Update, -2)), -2 * (520 + 960));
}

#[test]
fn a_task_that_could_overflow_is_none() {
    let layout = layout();
    let initial = vector(VectorKind::Model, 10);
    // 2^11 · rounds, beside 110 of the initial model, below 2^19.
    assert!(layout.check_room(&initial, 255, DENOMINATOR).is_ok());
    let expected =
        VectorError::NoRoom { name: "weight".into(), initial: 110, rounds: 256, update_bits: 12, bits: 20 };
    assert_eq!(layout.check_room(&initial, 256, DENOMINATOR), Err(expected.clone()));
    // 256 rounds reach the half of the range exactly: that is beyond it.
    let zero = Vector::new(&layout, VectorKind::Model, vec![vec![0; 15], vec![0; 5]]).unwrap();
    assert!(layout.check_room(&zero, 256, DENOMINATOR).is_err());
    assert!(layout.check_room(&zero, 255, DENOMINATOR).is_ok());
    assert!(layout.check_room(&initial, 64, 4 * DENOMINATOR).is_err());
    let wider = layout.with_room(&initial, 40, DENOMINATOR, 16).unwrap();
    assert_eq!(wider.blocks().iter().map(|block| block.update_bits).collect::<Vec<_>>(), [14, 14]);
    assert!(wider.check_room(&initial, 40, DENOMINATOR).is_ok());
    assert!(layout.with_room(&initial, u32::MAX, DENOMINATOR, 16).is_err());
    assert!(matches!(layout.check_room(&Vector::zero(&layout), 1, 1), Err(VectorError::OtherKind { .. })));
}

proptest! {
    #[test]
    fn packages_come_back(cells in prop::collection::vec(-(1i32 << 19)..1 << 19, 20), salt: [u8; 32], update: bool) {
        let kind = if update { VectorKind::Update } else { VectorKind::Model };
        let layout = layout();
        let widths = layout.blocks().iter().map(|block| 20 - block.width(kind));
        let tensors: Vec<Vec<i32>> = [&cells[..15], &cells[15..]]
            .into_iter().zip(widths).map(|(cells, drop)| cells.iter().map(|cell| cell >> drop).collect()).collect();
        let vector = Vector::new(&layout, kind, tensors).unwrap();
        let package = Package { vector, salt: Salt::from_random(salt) };
        let bytes = package.encode(&layout);
        prop_assert_eq!(bytes.len(), Package::length(&layout, kind));
        prop_assert_eq!(Package::decode(&layout, &bytes), Ok(package));
    }

    #[test]
    fn what_is_shortened_is_an_update(cells in prop::collection::vec(any::<i32>(), 20), bound in 1u64..10_000, drop in 0u32..32) {
        let layout = layout();
        let tensors: Vec<Vec<i64>> =
            [&cells[..15], &cells[15..]].map(|cells| cells.iter().map(|cell| i64::from(cell >> drop)).collect()).into();
        let update = Vector::shortened(&layout, &tensors, bound).unwrap();
        prop_assert!(update.norm_squared(&layout) <= u128::from(bound) * u128::from(bound));
        for (short, long) in update.tensors().iter().flatten().zip(tensors.iter().flatten()) {
            prop_assert!(i64::from(*short).abs() <= long.abs() && i64::from(*short) * long >= 0);
        }
        // What fits stays as it is.
        let same: Vec<Vec<i64>> =
            update.tensors().iter().map(|cells| cells.iter().map(|cell| i64::from(*cell)).collect()).collect();
        prop_assert_eq!(Vector::shortened(&layout, &same, bound).unwrap(), update);
    }
}
