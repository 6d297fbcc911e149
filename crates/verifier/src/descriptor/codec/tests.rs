use super::*;

/// A descriptor with everything in it that the format can say; it need not make sense.
fn everything() -> Descriptor {
    let sizes = Sizes {
        chunk_bits: 6,
        weights: vec![3, 7, 3],
        inputs: vec![4],
        item_bits: 0,
        function_bits: Some(5),
        table_bits: 6,
        slot_bits: 4,
        areas: vec![Area::Functions, Area::Ranges, Area::Inputs],
        mask_bits: Some(7),
        vectors: false,
    };
    let layout = Layout::new(&sizes).unwrap();
    let window = Window {
        point: 1,
        point_bits: 3,
        count: 5,
        sum: Some((2, 2)),
        taps: 3,
        stride: 2,
        dilation: 3,
        pad: -2,
        length: 13,
    };
    let term = |axes| Term { coefficient: Coefficient { mantissa: -3, shift: 7 }, base: 64, axes };
    let product = Product {
        vars: 5,
        grouped: 2,
        group_point: 1,
        a: vec![term(vec![Axis::Sum { at: 0, bits: 4 }]), term(vec![])],
        b: vec![term(vec![Axis::Window { bits: 4, window }, Axis::Ones { bits: 2 }])],
    };
    let public = Constant::Public { first: 1, count: 6 };
    let plain = Window { sum: None, ..window };
    Descriptor {
        kind: Kind::Decision,
        weight_bits: vec![8, 12, 16],
        row_bits: vec![],
        tables: vec![
            Table { tag: 1, row: 0, bits: 5, first: -16, function: true, out_bits: 9 },
            Table { tag: 7, row: 32, bits: 3, first: 0, function: false, out_bits: 0 },
        ],
        lookups: vec![
            LookupBlock { slot: 0, row: 0, bits: 3, tag: 1, input: None },
            LookupBlock { slot: 2, row: 8, bits: 2, tag: 7, input: Some(layout.input_blocks[0]) },
        ],
        relations: vec![
            Relation {
                point_bits: 3,
                products: vec![product.clone(), product],
                terms: vec![term(vec![Axis::Point { at: 0, bits: 3 }, Axis::Fixed { value: 2, bits: 2 }])],
                constant: Constant::Number(Coefficient { mantissa: 1, shift: 4 }),
            },
            Relation {
                point_bits: 2,
                products: vec![],
                terms: vec![term(vec![Axis::Window { bits: 4, window: plain }]), term(vec![])],
                constant: public,
            },
        ],
        layout,
    }
}

#[test]
fn a_descriptor_is_read_back() {
    let descriptor = everything();
    let bytes = descriptor.encode().unwrap();
    assert_eq!(Descriptor::decode(&bytes).unwrap(), descriptor);
    assert_eq!(descriptor.public_count(), 7);
    assert_eq!(&bytes[32..36], u32::try_from(bytes.len()).unwrap().to_be_bytes());
}

#[test]
fn every_byte_means_something_or_is_fixed() {
    let descriptor = everything();
    let bytes = descriptor.encode().unwrap();
    for at in 0..bytes.len() {
        for flip in [1, 0x80, 0xff] {
            let mut changed = bytes.clone();
            changed[at] ^= flip;
            if let Ok(other) = Descriptor::decode(&changed) {
                assert_ne!(other, descriptor, "byte {at}");
                assert_eq!(other.encode().unwrap(), changed, "byte {at}");
            }
        }
        assert!(Descriptor::decode(&bytes[..at]).is_err());
    }
}

#[test]
fn what_follows_from_the_rest_is_not_believed() {
    let bytes = everything().encode().unwrap();
    // The length, bits of a chunk's number, variables, public values, a role's chunks, a block's place.
    for at in [35, 37, 42, 43, 63, 65, 87, 135] {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let got = Descriptor::decode(&changed);
        assert!(
            matches!(got, Err(DescriptorError::NotCanonical { at: found }) if found == at),
            "{at}: {got:?}"
        );
    }
    // A product that no relation has.
    let mut descriptor = everything();
    descriptor.relations[0].products.pop();
    let mut fewer = descriptor.encode().unwrap();
    fewer[59] += 1;
    assert!(Descriptor::decode(&fewer).is_err());
}

#[test]
fn other_bytes_are_refused() {
    let bytes = everything().encode().unwrap();
    let mut longer = bytes.clone();
    longer.push(0);
    assert_eq!(Descriptor::decode(&longer), Err(DecodeError::Trailing { left: 1 }.into()));
    let mut name = bytes.clone();
    name[20] = b'2';
    assert!(matches!(
        Descriptor::decode(&name),
        Err(DescriptorError::Bytes(DecodeError::UnknownFormat { .. }))
    ));
    let huge = vec![0; LIMIT + 1];
    let limit = DecodeError::TooLong { field: "descriptor", limit: LIMIT as u64, got: LIMIT as u64 + 1 };
    assert_eq!(Descriptor::decode(&huge), Err(limit.into()));
    for (at, field) in [(44, "area"), (136 + 17, "function")] {
        let mut changed = bytes.clone();
        changed[at] = 9;
        assert_eq!(Descriptor::decode(&changed), Err(DescriptorError::Kind { field, got: 9 }));
    }
}

#[test]
fn what_has_no_room_is_not_written() {
    let mut descriptor = everything();
    descriptor.lookups[0].row = 1 << 32;
    let wide = EncodeError::Wide { field: "first row", bits: 32, got: 1 << 32 };
    assert_eq!(descriptor.encode(), Err(wide));
    let mut descriptor = everything();
    descriptor.lookups[1].input = Some(u32::MAX.into());
    assert!(descriptor.encode().is_err(), "the mark for no block at all");
    let mut descriptor = everything();
    descriptor.tables = vec![descriptor.tables[0]; 2000];
    assert!(matches!(descriptor.encode(), Err(EncodeError::TooLong { .. })));
    // The points of function tables are stored with it, and need room too.
    let mut descriptor = everything();
    let points = point::BYTES * descriptor.layout.tables.len();
    assert!(points > 0);
    let other = descriptor.encode().unwrap().len() - 19 * descriptor.tables.len();
    descriptor.tables = vec![descriptor.tables[0]; (LIMIT - other) / 19];
    assert_eq!(
        descriptor.encode(),
        Err(EncodeError::TooLong { got: other + 19 * descriptor.tables.len() + points })
    );
    while descriptor.encode().is_err() {
        descriptor.tables.pop();
    }
    assert!((LIMIT - 19..=LIMIT).contains(&(descriptor.encode().unwrap().len() + points)));
}
