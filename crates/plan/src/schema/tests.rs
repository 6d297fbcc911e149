use super::*;
use crate::{Scales, Shape};
use averment_primitives::{DecodeError, hex};

fn input(name: &str, dims: &[u32]) -> Input {
    Input {
        name: name.into(),
        shape: Shape::new(dims).unwrap(),
        first: -8,
        bits: 4,
        scales: Scales::uniform(3),
    }
}

fn schema() -> Schema {
    Schema::new(vec![input("x", &[3, 5]), input("y", &[2])], 6, B256::repeat_byte(7)).unwrap()
}

#[test]
fn bytes_and_digest_are_pinned() {
    let bytes = schema().encode();
    let expected = [
        hex::encode("averment-input-schema/1\n"),
        "02000000".into(),
        "0100000078".into(),               // "x"
        "020000000300000005000000".into(), // 3 × 5
        "f8ffffff04".into(),               // -8, 4 bits
        "0100000003".into(),               // one exponent
        "010000000000000000000000".into(), // one offset
        "0100000079".into(),
        "0100000002000000".into(),
        "f8ffffff04".into(),
        "0100000003".into(),
        "010000000000000000000000".into(),
        "00".into(), // row-major
        "06".into(),
        "07".repeat(32),
    ]
    .concat();
    assert_eq!(hex::encode(&bytes), expected);
    assert_eq!(schema().digest(), keccak256(&bytes));
    assert_eq!(Schema::decode(&bytes), Ok(schema()));
}

#[test]
fn every_field_is_in_the_digest() {
    let with = |change: fn(&mut Schema)| {
        let mut schema = schema();
        change(&mut schema);
        schema.digest()
    };
    let changes: [fn(&mut Schema); 9] = [
        |schema| schema.inputs[0].name.push('z'),
        |schema| schema.inputs[0].shape = Shape::new([5, 3]).unwrap(),
        |schema| schema.inputs[1].first = -7,
        |schema| schema.inputs[1].bits = 5,
        |schema| schema.inputs[0].scales.exponents = vec![2],
        |schema| schema.inputs[0].scales.offsets = vec![1],
        |schema| schema.inputs.swap(0, 1),
        |schema| schema.chunk_bits = 7,
        |schema| schema.code = B256::ZERO,
    ];
    let mut digests: Vec<B256> = changes.map(with).into();
    digests.push(schema().digest());
    digests.sort_unstable();
    assert!(digests.windows(2).all(|pair| pair[0] != pair[1]));
}

#[test]
fn other_bytes_are_refused() {
    let bytes = schema().encode();
    for length in 0..bytes.len() {
        assert!(matches!(Schema::decode(&bytes[..length]), Err(SchemaError::Bytes(_))), "{length}");
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    let trailing = PlanDecodeError::Bytes(DecodeError::Trailing { left: 1 });
    assert_eq!(Schema::decode(&longer), Err(trailing.into()));
    let end = bytes.len() - 34;
    let with = |at: usize, byte: u8| {
        let mut bytes = bytes.clone();
        bytes[at] = byte;
        Schema::decode(&bytes).unwrap_err()
    };
    assert_eq!(with(end, 1), PlanDecodeError::Unknown { field: "order of cells", got: 1 }.into());
    for got in [0, 3, 29, 255] {
        assert_eq!(with(end + 1, got), SchemaError::ChunkBits { got });
    }
    let same = SchemaError::SameName { first: 0, second: 1, name: "x".into() };
    assert_eq!(Schema::new(vec![input("x", &[1]), input("x", &[2])], 6, B256::ZERO), Err(same));
    let none = PlanError::Count { what: "inputs", limit: limits::INPUTS, got: 0 };
    assert_eq!(Schema::new(vec![], 6, B256::ZERO), Err(none.into()));
    let mut wrong = input("x", &[3]);
    wrong.first = 1;
    let range = PlanError::InputRange { input: 0, first: 1, bits: 4 };
    assert_eq!(Schema::new(vec![wrong], 6, B256::ZERO), Err(range.into()), "0 is not in the range");
}

#[test]
fn values_are_checked_and_not_named() {
    let schema = schema();
    let (x, y) = (vec![1; 30], vec![-8, 7, 0, 3]);
    assert_eq!(schema.check(&[x.clone(), y.clone()], 2), Ok(()));
    assert_eq!(schema.check(std::slice::from_ref(&x), 2), Err(SchemaError::Tensors { expected: 2, got: 1 }));
    for items in [0, limits::BATCH + 1] {
        assert_eq!(schema.check(&[x.clone(), y.clone()], items), Err(SchemaError::Items { got: items }));
        assert_eq!(schema.blocks(items), Err(SchemaError::Items { got: items }));
    }
    let cells = SchemaError::Cells { input: 0, name: "x".into(), expected: 15, got: 30 };
    assert_eq!(schema.check(&[x.clone(), y.clone()], 1), Err(cells));
    for wrong in [-9, 8, i32::MIN, i32::MAX] {
        let error = schema.check(&[x.clone(), vec![0, 0, wrong, 0]], 2).unwrap_err();
        assert!(matches!(error, SchemaError::OutOfRange { input: 1, cell: 2, low: -8, high: 7, .. }));
        let text = error.to_string().replace("-8 to 7", "");
        assert!(!text.contains(&wrong.to_string()), "{text}");
    }
    // Three items of 3 × 5, padded to four of 4 × 8.
    assert_eq!(schema.blocks(3), Ok(vec![7, 3]));
    assert_eq!(schema.padded(1, &y), y);
    assert_eq!(schema.padded(0, &x).len(), 64);
    assert_eq!(schema.padded(2, &x), []);
}
