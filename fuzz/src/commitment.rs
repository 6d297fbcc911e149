//! What was committed to before a proof, and what opens it; setups.

use ark_bn254::Fr;
use averment_plan::{Input, Scales, Schema, Shape};
use averment_primitives::{B256, Salt};
use averment_prover::{
    Setup,
    registered::{InputOpening, WeightsSecret},
    setup::ptau,
};
use averment_verifier::{
    commitment::{CHUNKS, Chunked, InputCommitment, Inputs, WeightsCommitment},
    descriptor::Blocks,
};
use std::{io::Cursor, sync::LazyLock};

/// A commitment to an input, its schema and what opens it.
static INPUT: LazyLock<(Schema, InputCommitment, InputOpening)> = LazyLock::new(input);

pub(crate) fn weights_commitment(data: &[u8]) -> bool {
    let Ok(commitment) = WeightsCommitment::decode(data) else { return false };
    assert!(commitment.encode() == data, "two encodings of one commitment");
    check(commitment.chunked());
    true
}

pub(crate) fn input_commitment(data: &[u8]) -> bool {
    // One commitment is read the same way by itself.
    let single = InputCommitment::decode(data);
    if let Ok(commitment) = &single {
        assert!(commitment.encode() == data, "two encodings of one commitment");
    }
    let Ok(inputs) = Inputs::decode(data) else {
        assert!(single.is_err(), "a commitment that is no inputs");
        return false;
    };
    assert!(inputs.encode() == data, "two encodings of one commitment");
    for commitment in inputs.commitments() {
        check(commitment.chunked());
        let (schema, items) = (commitment.schema(), commitment.items());
        assert!(schema == inputs.schema() && (items == inputs.items() || inputs.separate()));
        let again = InputCommitment::new(schema, items, commitment.chunked().clone());
        assert_eq!(again.map(|again| again.identity()), Ok(commitment.identity()));
    }
    true
}

fn check(chunked: &Chunked) {
    let blocks = chunked.blocks();
    assert!(chunked.points().len() as u64 == u64::from(blocks.chunks()) && blocks.chunks() <= CHUNKS);
    let again = Chunked::new(chunked.setup(), blocks.clone(), chunked.points().to_vec());
    assert_eq!(again.as_ref(), Ok(chunked));
    // Blocks are aligned and lie in the chunks, and no two overlap.
    let mut places: Vec<(u64, u64)> =
        blocks.bases().iter().zip(blocks.sizes()).map(|(base, bits)| (*base, 1 << bits)).collect();
    places.sort_unstable();
    assert!(places.iter().all(|(base, size)| base % size == 0));
    assert!(places.windows(2).all(|pair| pair[0].0 + pair[0].1 <= pair[1].0));
    let end = places.last().map_or(0, |(base, size)| base + size);
    assert!(end <= u64::from(blocks.chunks()) << blocks.chunk_bits());
}

pub(crate) fn weights_secret(data: &[u8]) -> bool {
    let Ok(secret) = WeightsSecret::decode(data) else { return false };
    assert!(secret.encode().as_slice() == data, "two encodings of one secret");
    true
}

pub(crate) fn input_opening(data: &[u8]) -> bool {
    let (schema, commitment, _) = &*INPUT;
    let Ok(opening) = InputOpening::decode(data, commitment, schema) else { return false };
    assert!(opening.encode().as_slice() == data, "two encodings of one opening");
    schema.check(opening.tensors(), commitment.items() as usize).expect("values in range");
    true
}

pub(crate) fn ptau_file(data: &[u8]) -> bool {
    // Anybody may know the number here: what is looked for is a panic.
    let Ok(setup) = ptau::import(&mut Cursor::new(data), 3, &mut || Fr::from(1_000_003_u64)) else {
        return false;
    };
    assert_eq!(setup.powers().len(), 9);
    assert_eq!(ptau::tau(&mut Cursor::new(data)).ok(), Some(setup.tau()));
    true
}

fn blocks() -> Blocks {
    Blocks::new(4, vec![3, 5, 2]).expect("three blocks")
}

fn weights() -> (WeightsCommitment, Option<WeightsSecret>) {
    let cells = vec![vec![1; 8], vec![-2; 32], vec![]];
    let salt = Salt::from_random([7; 32]);
    WeightsSecret::commit(&Setup::development(4), &blocks(), cells, Some(&salt)).expect("three blocks")
}

fn input() -> (Schema, InputCommitment, InputOpening) {
    let input = Input {
        name: "x".into(),
        shape: Shape::new([5]).expect("a shape"),
        first: -4,
        bits: 3,
        scales: Scales::uniform(2),
    };
    let schema = Schema::new(vec![input], 4, B256::ZERO).expect("one input");
    let (salt, values) = (Salt::from_random([8; 32]), vec![vec![0, 1, 2, 3, -4, 0, 0, 0, 0, 1]]);
    let (commitment, opening) =
        InputOpening::commit(&Setup::development(4), &schema, 2, values, Some(salt)).expect("two items");
    (schema, commitment, opening)
}

pub(crate) fn weights_commitment_seeds() -> Vec<Vec<u8>> {
    vec![weights().0.encode()]
}

pub(crate) fn input_commitment_seeds() -> Vec<Vec<u8>> {
    let blocks = Blocks::new(4, vec![3]).expect("a block");
    let chunked = Chunked::new(INPUT.1.chunked().setup(), blocks, INPUT.1.chunked().points()[..1].to_vec());
    let single = InputCommitment::new(INPUT.1.schema(), 1, chunked.expect("a chunk")).expect("an item");
    let batch = Inputs::new(vec![single; 2]).expect("a batch");
    vec![INPUT.1.encode(), batch.encode()]
}

pub(crate) fn weights_secret_seeds() -> Vec<Vec<u8>> {
    weights().1.iter().map(|secret| secret.encode().to_vec()).collect()
}

pub(crate) fn input_opening_seeds() -> Vec<Vec<u8>> {
    vec![INPUT.2.encode().to_vec()]
}

pub(crate) fn ptau_file_seeds() -> Vec<Vec<u8>> {
    vec![
        include_bytes!("../../crates/prover/tests/fixtures/ptau/pot4.ptau").to_vec(),
        include_bytes!("../../crates/prover/tests/fixtures/ptau/pot4-cut-03.ptau").to_vec(),
    ]
}
