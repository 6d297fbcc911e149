//! Points come back from what is kept, and from nothing else.

use super::*;
use crate::Setup;
use alloy_primitives::B256;
use ark_ff::BigInteger;
use averment_plan::{Input, Scales, Schema, Shape};
use averment_primitives::DecodeError;
use std::os::unix::fs::PermissionsExt;

const BITS: u8 = 5;

fn salt(byte: u8) -> Salt {
    Salt::from_random([byte; 32])
}

fn blocks() -> Blocks {
    Blocks::new(BITS, vec![3, 6, 4]).unwrap()
}

fn weights() -> Vec<Vec<i32>> {
    vec![vec![1, -2, 3], (0..64).map(|i| i * 37 % 19 - 9).collect(), vec![5; 16]]
}

fn schema() -> Schema {
    let input = |name: &str, dims: &[u32]| Input {
        name: name.into(),
        shape: Shape::new(dims).unwrap(),
        first: -8,
        bits: 4,
        scales: Scales::uniform(3),
    };
    Schema::new(vec![input("x", &[3, 3]), input("y", &[2])], BITS, B256::repeat_byte(7)).unwrap()
}

fn tensors() -> Vec<Vec<i32>> {
    vec![(0..27).map(|i| i % 16 - 8).collect(), vec![1, 2, 3, 4, 5, 6]]
}

#[test]
fn points_are_the_sum_that_the_protocol_says() {
    let setup = Setup::development(BITS);
    let salt = salt(1);
    let (commitment, _) = super::WeightsSecret::commit(&setup, &blocks(), weights(), Some(&salt)).unwrap();
    // The block of 64 comes first and fills two chunks; then 16 and 8 in the third.
    assert_eq!(blocks().bases(), [80, 0, 64]);
    let mut cells = weights()[1].clone();
    cells.extend(&weights()[2]);
    cells.extend([1, -2, 3]);
    cells.resize(96, 0);
    let chunks = WeightsSecret::chunks(&commitment, &setup, &blocks(), weights(), Some(&salt)).unwrap();
    assert_eq!(chunks.len(), 3);
    for ((chunk, cells), point) in chunks.iter().zip(cells.chunks(32)).zip(commitment.chunked().points()) {
        let elements: Vec<Fr> = cells.iter().map(|cell| Fr::from(*cell)).collect();
        assert!(elements.starts_with(&chunk.cells));
        assert!(elements[chunk.cells.len()..].iter().all(|cell| *cell == Fr::ZERO));
        assert!(chunk.blind != Fr::ZERO);
        assert_eq!(setup.chunk(elements, chunk.blind).point, *point);
        assert_eq!(chunk.point, *point);
    }
    let (bare, secret) = WeightsSecret::commit(&setup, &blocks(), weights(), None).unwrap();
    assert_eq!(secret, None);
    let chunks = WeightsSecret::chunks(&bare, &setup, &blocks(), weights(), None).unwrap();
    assert!(chunks.iter().all(|chunk| chunk.blind == Fr::ZERO));
}

#[test]
fn blinds_are_pinned_and_depend_on_everything() {
    let key = blake3::derive_key("averment-commitment/1 blinds", &[1; 32]);
    let pinned = blind(&key, b"meaning", 2, &[1, -1]);
    let mut input = 7_u64.to_le_bytes().to_vec();
    input.extend(b"meaning\x02\0\0\0\x01\0\0\0\xff\xff\xff\xff");
    let mut wide = [0; 64];
    blake3::Hasher::new_keyed(&key).update(&input).finalize_xof().fill(&mut wide);
    assert_eq!(pinned, Fr::from_le_bytes_mod_order(&wide));
    // Longer than the buffer.
    let long: Vec<i32> = (0..2500).collect();
    let bytes: Vec<u8> = long.iter().flat_map(|cell| cell.to_le_bytes()).collect();
    let mut input = 0_u64.to_le_bytes().to_vec();
    input.extend([0; 4]);
    input.extend(bytes);
    blake3::Hasher::new_keyed(&key).update(&input).finalize_xof().fill(&mut wide);
    assert_eq!(blind(&key, b"", 0, &long), Fr::from_le_bytes_mod_order(&wide));

    let other = blake3::derive_key("averment-commitment/1 blinds", &[2; 32]);
    let mut all = vec![
        pinned,
        blind(&other, b"meaning", 2, &[1, -1]),
        blind(&key, b"meaninh", 2, &[1, -1]),
        blind(&key, b"meaning", 3, &[1, -1]),
        blind(&key, b"meaning", 2, &[1, 1]),
        blind(&key, b"meaning", 2, &[1, -1, 0]),
        blind(&key, b"meaning\x02\0\0\0", 1, &[-1]),
    ];
    all.sort_unstable();
    assert!(all.windows(2).all(|pair| pair[0] != pair[1]));
    assert!(all.iter().all(|blind| blind.into_bigint().num_bits() > 200), "{all:?}");
}

#[test]
fn equal_chunks_share_points_and_changed_ones_share_no_blind() {
    let setup = Setup::development(BITS);
    let salt = salt(1);
    let (first, _) = WeightsSecret::commit(&setup, &blocks(), weights(), Some(&salt)).unwrap();
    let (again, _) = WeightsSecret::commit(&setup, &blocks(), weights(), Some(&salt)).unwrap();
    assert_eq!(first, again);
    let mut trained = weights();
    trained[2][3] += 1;
    let (next, _) = WeightsSecret::commit(&setup, &blocks(), trained.clone(), Some(&salt)).unwrap();
    assert_ne!(next.identity(), first.identity());
    let (old, new) = (first.chunked().points(), next.chunked().points());
    assert_eq!(old[..2], new[..2]);
    // With one blind for both, the difference of the points would be this: the change, for everybody to guess.
    assert_ne!((new[2] - old[2]).into_affine(), setup.powers()[3]);
    let blinds = |weights: Vec<Vec<i32>>, commitment| {
        let chunks = WeightsSecret::chunks(commitment, &setup, &blocks(), weights, Some(&salt)).unwrap();
        chunks.iter().map(|chunk| chunk.blind).collect::<Vec<Fr>>()
    };
    let (old, new) = (blinds(weights(), &first), blinds(trained, &next));
    assert!(old[0] == new[0] && old[1] == new[1] && old[2] != new[2]);
    let other = super::WeightsSecret::commit(&setup, &blocks(), weights(), Some(&self::salt(2))).unwrap().0;
    let pairs = first.chunked().points().iter().zip(other.chunked().points());
    assert!(pairs.clone().count() == 3 && pairs.into_iter().all(|(a, b)| a != b));
}

#[test]
fn other_weights_salts_layouts_and_setups_do_not_open() {
    let setup = Setup::development(BITS);
    let salt = salt(1);
    let (commitment, secret) = WeightsSecret::commit(&setup, &blocks(), weights(), Some(&salt)).unwrap();
    assert_eq!(secret.as_ref().map(WeightsSecret::commitment), Some(commitment.identity()));
    let opens =
        |weights, salt: Option<&Salt>| WeightsSecret::opens(&commitment, &setup, weights, salt).unwrap();
    assert!(opens(weights(), Some(&salt)));
    assert!(!opens(weights(), Some(&self::salt(2))) && !opens(weights(), None));
    let mut wrong = weights();
    wrong[0][0] += 1;
    assert!(!opens(wrong, Some(&salt)));

    let chunks = |setup: &Setup, blocks: &Blocks| {
        WeightsSecret::chunks(&commitment, setup, blocks, weights(), Some(&salt)).map(drop)
    };
    let smaller = Blocks::new(4, vec![3, 6, 4]).unwrap();
    assert_eq!(chunks(&setup, &smaller), Err(CommitError::Other { what: "a chunk size" }));
    let swapped = Blocks::new(BITS, vec![6, 3, 4]).unwrap();
    assert_eq!(chunks(&setup, &swapped), Err(CommitError::Other { what: "blocks" }));
    let random = &mut || Fr::from(7_u64);
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/ptau/pot8.ptau");
    let ceremony = crate::setup::ptau::import(&mut std::fs::File::open(file).unwrap(), BITS, random).unwrap();
    assert_eq!(chunks(&ceremony, &blocks()), Err(CommitError::Other { what: "a setup" }));

    let small = Setup::development(4);
    let too_small = SetupError::TooSmall { bits: BITS, got: 17 };
    assert_eq!(WeightsSecret::commit(&small, &blocks(), weights(), None), Err(too_small.into()));
    let long = vec![vec![0; 9], vec![], vec![]];
    let cells = CommitError::Cells { block: 0, limit: 8, got: 9 };
    assert_eq!(WeightsSecret::commit(&setup, &blocks(), long, None), Err(cells));
}

#[test]
fn a_salt_is_kept_apart_for_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.salt");
    let setup = Setup::development(BITS);
    let (commitment, secret) =
        WeightsSecret::commit(&setup, &blocks(), weights(), Some(&salt(0xab))).unwrap();
    let secret = secret.unwrap();
    secret.write(&path).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(secret.write(&path).unwrap_err().is_taken(), "a salt is never overwritten");
    assert_eq!(WeightsSecret::read(&path, &commitment).unwrap(), secret);
    assert!(!format!("{secret:?}").contains("ab, "), "{secret:?}");

    let (other, _) = WeightsSecret::commit(&setup, &blocks(), weights(), None).unwrap();
    let refused = WeightsSecret::read(&path, &other);
    assert!(matches!(refused, Err(SecretError::Other { expected, got })
        if expected == other.identity() && got == commitment.identity()));
    let bytes = secret.encode();
    for length in 0..bytes.len() {
        assert!(WeightsSecret::decode(&bytes[..length]).is_err());
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert_eq!(WeightsSecret::decode(&longer), Err(DecodeError::Trailing { left: 1 }));
    std::fs::write(&path, longer).unwrap();
    assert!(matches!(WeightsSecret::read(&path, &commitment), Err(SecretError::Read(_))));
    assert!(bytes.starts_with(b"averment-commitment-salt/1\n") && bytes.ends_with(&[0xab; 32]));
}

#[test]
fn an_input_is_committed_to_and_opened() {
    let setup = Setup::development(BITS);
    let schema = schema();
    let (commitment, opening) = InputOpening::commit(&setup, &schema, 3, tensors(), Some(salt(9))).unwrap();
    assert_eq!((commitment.schema(), commitment.items()), (schema.digest(), 3));
    // 3 of 4 items of 4 × 4 and of 2 cells: 64 and 8.
    assert_eq!(commitment.chunked().blocks().sizes(), [6, 3]);
    assert_eq!(opening.commitment(), commitment.identity());
    assert!(opening.opens(&commitment, &setup, &schema).unwrap());
    let chunks = opening.chunks(&commitment, &setup, &schema).unwrap();
    assert_eq!(chunks.len(), 3);
    for (chunk, point) in chunks.iter().zip(commitment.chunked().points()) {
        let mut cells = chunk.cells.clone();
        cells.resize(1 << BITS, Fr::ZERO);
        assert_eq!(setup.chunk(cells, chunk.blind).point, *point);
    }
    // Item 1, row 2, column 1 of x; the padding beside it is zero.
    assert_eq!(chunks[0].cells[16 + 2 * 4 + 1], Fr::from(tensors()[0][9 + 2 * 3 + 1]));
    let padding = chunks[0].cells.get(16 + 2 * 4 + 3);
    assert!(padding.is_none_or(|cell| *cell == Fr::ZERO));

    for (salt, tensors) in [
        (Some(salt(8)), tensors()),
        (None, tensors()),
        (Some(salt(9)), vec![tensors()[0].clone(), vec![1, 2, 3, 4, 5, 7]]),
    ] {
        let (other, wrong) = InputOpening::commit(&setup, &schema, 3, tensors, salt).unwrap();
        assert_ne!(other.identity(), commitment.identity());
        assert!(!wrong.opens(&commitment, &setup, &schema).unwrap());
        assert!(!opening.opens(&other, &setup, &schema).unwrap());
    }
    let mut wrong = tensors();
    wrong[1][0] = 8;
    let refused = InputOpening::commit(&setup, &schema, 3, wrong, None);
    assert!(matches!(refused, Err(CommitError::Schema(SchemaError::OutOfRange { input: 1, cell: 0, .. }))));
}

/// One schema, two codes: the same cells, but what they mean is another thing.
#[test]
fn a_commitment_is_under_one_schema() {
    let setup = Setup::development(BITS);
    let other = Schema::new(schema().inputs().to_vec(), BITS, B256::ZERO).unwrap();
    let (commitment, opening) = InputOpening::commit(&setup, &schema(), 3, tensors(), Some(salt(9))).unwrap();
    assert!(!opening.opens(&commitment, &setup, &other).unwrap());
    let read = InputOpening::decode(&opening.encode(), &commitment, &other);
    assert!(matches!(read, Err(OpeningError::OtherSchema { expected, got })
        if expected == other.digest() && got == schema().digest()));
}

#[test]
fn openings_are_read_strictly() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("input.opening");
    let setup = Setup::development(BITS);
    let schema = schema();
    for salt in [Some(salt(0xcd)), None] {
        let (commitment, opening) =
            InputOpening::commit(&setup, &schema, 3, tensors(), salt.clone()).unwrap();
        let _ = std::fs::remove_file(&path);
        opening.write(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(opening.write(&path).unwrap_err().is_taken());
        assert_eq!(InputOpening::read(&path, &commitment, &schema).unwrap(), opening);
        assert!(!format!("{opening:?}").contains("cd, "), "{opening:?}");

        let bytes = opening.encode();
        let decode = |bytes: &[u8]| InputOpening::decode(bytes, &commitment, &schema);
        for length in 0..bytes.len() {
            assert!(matches!(decode(&bytes[..length]), Err(OpeningError::Bytes(_))), "{length}");
        }
        let longer = [bytes.as_slice(), &[0; 4]].concat();
        assert!(matches!(decode(&longer), Err(OpeningError::Bytes(DecodeError::Trailing { left: 4 }))));
        let with = |at: usize, byte: u8| {
            let mut bytes = bytes.to_vec();
            bytes[at] = byte;
            decode(&bytes)
        };
        let name = b"averment-input-opening/1\n".len();
        assert!(matches!(with(name, !bytes[name]), Err(OpeningError::Other { .. })));
        assert!(matches!(with(name + 32, 2), Err(OpeningError::Flag { got: 2 })));
        let outside = SchemaError::OutOfRange { input: 1, name: "y".into(), cell: 5, low: -8, high: 7 };
        assert!(matches!(with(bytes.len() - 4, 8), Err(OpeningError::Values(error)) if error == outside));
    }
}
