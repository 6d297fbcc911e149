use super::*;
use ark_ec::{AffineRepr, CurveGroup};

fn points(count: usize) -> Vec<G1Affine> {
    let generator = G1Affine::generator();
    std::iter::successors(Some(generator), |point| Some((*point + generator).into_affine()))
        .take(count)
        .collect()
}

/// Blocks of 64, 8 and 16 cells in chunks of 16: six chunks.
fn chunked() -> Chunked {
    let blocks = Blocks::new(4, vec![3, 6, 4]).unwrap();
    Chunked::new(B256::repeat_byte(1), blocks, points(6)).unwrap()
}

fn weights() -> WeightsCommitment {
    WeightsCommitment::new(chunked())
}

fn input() -> InputCommitment {
    InputCommitment::new(B256::repeat_byte(2), 3, chunked()).unwrap()
}

fn with(bytes: &[u8], at: usize, new: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at..at + new.len()].copy_from_slice(new);
    bytes
}

#[test]
fn bytes_are_laid_out_as_the_contract_hashes_them() {
    let mut body = vec![1; 32];
    body.extend([4, 0, 0, 0, 3, 3, 6, 4]);
    for point in points(6) {
        body.extend(point::to_words(&point).concat());
    }
    let expected = [b"averment-commitment/1\n\x01".as_slice(), &body].concat();
    assert_eq!(weights().encode(), expected);
    assert_eq!(weights().identity(), keccak256(&expected));
    let head = [b"averment-input-commitment/1\n".as_slice(), &[2; 32], &[0, 0, 0, 3]].concat();
    let expected = [head, body].concat();
    assert_eq!(input().encode(), expected);
    assert_eq!(input().identity(), keccak256(&expected));
    for (meaning, bytes) in [
        (WeightsCommitment::meaning(B256::repeat_byte(1), chunked().blocks()), weights().encode()),
        (
            InputCommitment::meaning(B256::repeat_byte(2), 3, B256::repeat_byte(1), chunked().blocks()),
            input().encode(),
        ),
    ] {
        assert_eq!(meaning, bytes[..bytes.len() - 6 * 64]);
    }
    assert_eq!(WeightsCommitment::decode(&weights().encode()), Ok(weights()));
    assert_eq!(InputCommitment::decode(&input().encode()), Ok(input()));
}

#[test]
fn the_identity_covers_setup_k_layout_and_points() {
    let new = |setup: u8, chunk_bits: u8, sizes: &[u8], points: Vec<G1Affine>| {
        let blocks = Blocks::new(chunk_bits, sizes.to_vec()).unwrap();
        let chunked = Chunked::new(B256::repeat_byte(setup), blocks, points).unwrap();
        WeightsCommitment::new(chunked).identity()
    };
    let mut swapped = points(6);
    swapped.swap(0, 5);
    let mut identities = vec![
        weights().identity(),
        input().identity(),
        new(2, 4, &[3, 6, 4], points(6)),
        new(1, 5, &[3, 7, 4], points(5)),
        new(1, 4, &[6, 3, 4], points(6)),
        new(1, 4, &[3, 6, 2], points(5)),
        new(1, 4, &[2, 6, 4], points(6)),
        new(1, 4, &[3, 6, 4], swapped),
        InputCommitment::new(B256::ZERO, 3, chunked()).unwrap().identity(),
        InputCommitment::new(B256::repeat_byte(2), 4, chunked()).unwrap().identity(),
    ];
    identities.sort_unstable();
    assert!(identities.windows(2).all(|pair| pair[0] != pair[1]));
}

#[test]
fn other_bytes_are_refused() {
    let bytes = weights().encode();
    let name = WEIGHTS_NAME.len();
    let refusal = |bytes: &[u8]| WeightsCommitment::decode(bytes).unwrap_err();
    for length in 0..bytes.len() {
        assert!(matches!(refusal(&bytes[..length]), CommitmentError::Bytes(_)), "{length}");
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert_eq!(refusal(&longer), DecodeError::Trailing { left: 1 }.into());
    for got in [0, 2, 255] {
        assert_eq!(refusal(&with(&bytes, name, &[got])), CommitmentError::Role { got });
    }
    for got in [3, 29] {
        let expected = LayoutError::ChunkBits { got }.into();
        assert_eq!(refusal(&with(&bytes, name + 33, &[got])), expected);
    }
    let blocks = |count: u32| refusal(&with(&bytes, name + 34, &count.to_be_bytes()));
    assert!(matches!(blocks(0), CommitmentError::Bytes(DecodeError::Trailing { .. })));
    assert_eq!(blocks(u32::MAX), CommitmentError::Blocks { got: u32::MAX.into() });
    // A block of 2^31 cells in chunks of 16 would need 2^27 points: refused before any is read.
    let large = refusal(&with(&bytes, name + 38, &[3, 31, 4]));
    assert_eq!(large, CommitmentError::TooManyChunks { got: (1 << 27) + 2 });
    let wide = refusal(&with(&bytes, name + 38, &[200]));
    assert_eq!(wide, LayoutError::TooLarge { limit: 32 }.into());
    let first = bytes.len() - 6 * 64;
    let off = refusal(&with(&bytes, first + 3 * 64 + 63, &[bytes[first + 3 * 64 + 63] ^ 1]));
    assert_eq!(off, CommitmentError::Point { chunk: 3 });
    assert_eq!(refusal(&with(&bytes, first, &[0xff; 32])), CommitmentError::Point { chunk: 0 });

    let bytes = input().encode();
    let refusal = |bytes: &[u8]| InputCommitment::decode(bytes).unwrap_err();
    for items in [0, ITEMS + 1, u32::MAX] {
        let at = INPUT_NAME.len() + 32;
        assert_eq!(refusal(&with(&bytes, at, &items.to_be_bytes())), CommitmentError::Items { got: items });
    }
    for length in 0..bytes.len() {
        assert!(matches!(refusal(&bytes[..length]), CommitmentError::Bytes(_)), "{length}");
    }
    // Weights are no input.
    let found = refusal(&weights().encode());
    assert!(matches!(found, CommitmentError::Bytes(DecodeError::UnknownFormat { expected: INPUT_NAME, .. })));
}

#[test]
fn points_are_as_many_as_chunks() {
    for got in [0, 5, 7] {
        let blocks = chunked().blocks().clone();
        let made = Chunked::new(B256::ZERO, blocks, points(got));
        assert_eq!(made, Err(CommitmentError::Points { expected: 6, got }));
    }
    let none = Blocks::new(4, vec![]).unwrap();
    // A plan may have no weights; an input is something.
    let nothing = Chunked::new(B256::ZERO, none, vec![]).unwrap();
    let weightless = WeightsCommitment::new(nothing.clone());
    assert_eq!(WeightsCommitment::decode(&weightless.encode()), Ok(weightless));
    assert_eq!(InputCommitment::new(B256::ZERO, 1, nothing), Err(CommitmentError::Blocks { got: 0 }));
}

fn single(schema: u8, first: usize) -> InputCommitment {
    let blocks = Blocks::new(4, vec![3]).unwrap();
    let chunked = Chunked::new(B256::repeat_byte(1), blocks, points(first + 1).split_off(first)).unwrap();
    InputCommitment::new(B256::repeat_byte(schema), 1, chunked).unwrap()
}

#[test]
fn a_batch_of_commitments_is_named_by_a_hash_of_their_identities() {
    let (a, b) = (single(2, 0), single(2, 1));
    let batch = Inputs::new(vec![a.clone(), b.clone(), a.clone()]).unwrap();
    let head = [b"averment-input-batch/1\n".as_slice(), &[0, 0, 0, 3]].concat();
    let list = [head, a.identity().to_vec(), b.identity().to_vec(), a.identity().to_vec()].concat();
    assert_eq!((batch.identity(), batch.items(), batch.separate()), (keccak256(&list), 3, true));
    let (a_bytes, b_bytes) = (a.encode(), b.encode());
    let part = |bytes: &[u8]| [(bytes.len() as u32).to_be_bytes().as_slice(), bytes].concat();
    let expected = [
        b"averment-input-commitments/1\n".to_vec(),
        vec![0, 0, 0, 3],
        part(&a_bytes),
        part(&b_bytes),
        part(&a_bytes),
    ];
    assert_eq!(batch.encode(), expected.concat());
    assert_eq!(Inputs::decode(&batch.encode()), Ok(batch.clone()));
    for length in 0..batch.encode().len() {
        assert!(Inputs::decode(&batch.encode()[..length]).is_err(), "{length} bytes");
    }
    // Of one commitment there is one form, whether it is to one item or to several together.
    assert_eq!(Inputs::new(vec![a.clone()]), Ok(Inputs::joint(a.clone())));
    assert_eq!(Inputs::new(vec![input()]), Ok(Inputs::joint(input())));
    assert_eq!(Inputs::decode(&input().encode()), Ok(Inputs::joint(input())));
    let one = with(&batch.encode(), 29, &[0, 0, 0, 1]);
    assert_eq!(Inputs::decode(&one), Err(CommitmentError::Items { got: 1 }));
    let many = with(&batch.encode(), 29, &[0, 1, 0, 1]);
    assert_eq!(Inputs::decode(&many), Err(CommitmentError::Items { got: 65_537 }));
}

#[test]
fn a_batch_is_of_single_items_under_one_schema() {
    assert_eq!(Inputs::new(vec![]), Err(CommitmentError::Items { got: 0 }));
    let other = B256::repeat_byte(3);
    let refused = CommitmentError::Schema { place: 1, expected: B256::repeat_byte(2), got: other };
    assert_eq!(Inputs::new(vec![single(2, 0), single(3, 0)]), Err(refused));
    for (place, batch) in [(0, vec![input(), single(2, 0)]), (1, vec![single(2, 0), input()])] {
        assert_eq!(Inputs::new(batch), Err(CommitmentError::NotSingle { place, got: 3 }));
    }
}
