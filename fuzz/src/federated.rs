//! Federated tasks: matrices, what a task's code and events say, and what members send each other.

use alloy_sol_types::{SolEvent, SolType, SolValue};
use averment_federated::{
    gram::{Gram, Limits, MAX_UPDATES, Shape},
    quality::qualities,
    rules::{Kind, Rule},
};
use averment_ledger::{
    federated::{TaskCode, Terms},
    keys::development,
};
use averment_node::federated::{
    delivery::Parts,
    transfers::{Errand, Place},
};
use averment_primitives::{Address, B256, Bytes, Salt, U256};
use averment_prover::{Setup, federated::Vector};
use averment_registry::federated::{TaskEvent, TaskEvents};
use averment_verifier::descriptor::Blocks;
use std::sync::LazyLock;

/// Bytes of a rule, a shape and limits before the matrix.
const HEAD: usize = 6;

/// Kind, faults and options of a rule, how many updates, which other rows, log2 of the limits; then the matrix.
pub(crate) fn matrix(data: &[u8]) -> bool {
    let Some((&[kind, faults, options, updates, rows, limit], bytes)) = data.split_first_chunk::<HEAD>()
    else {
        return false;
    };
    let bit = |of: u8, place: u8| of >> place & 1 == 1;
    let shape = Shape {
        updates: usize::from(updates),
        previous: bit(rows, 0),
        root: bit(rows, 1),
        history: bit(rows, 2),
    };
    let square = 1_u64.checked_shl(limit.into()).unwrap_or(u64::MAX);
    let limits = Limits { update: square, history: square };
    let Ok(gram) = Gram::decode(shape, limits, bytes) else { return false };
    assert!(gram.encode() == bytes, "two encodings of one matrix");
    assert!(shape.updates <= MAX_UPDATES);
    let sum: u64 = qualities(&gram).into_iter().map(u64::from).sum();
    assert!(sum <= 1 << 16, "more than there is");
    let kind = Kind::ALL[usize::from(kind) % Kind::ALL.len()];
    let rule = Rule { faults, clip: bit(options, 0), mix: bit(options, 1), ..Rule::of(kind) };
    if let Ok(weights) = rule.weights(&gram) {
        assert_eq!(weights.all().len(), shape.rows());
        assert!(weights.all().iter().all(|weight| *weight <= 1 << 20));
        assert!(weights.all().iter().map(|weight| u64::from(*weight)).sum::<u64>() <= 1 << 22);
    }
    true
}

pub(crate) fn matrix_seeds() -> Vec<Vec<u8>> {
    let triangle = |rows: i64, around: i64| {
        (0..rows).flat_map(move |i| (i..rows).map(move |j| if i == j { 100 + i } else { around - i * j }))
    };
    let bytes = |entries: Vec<i64>| entries.into_iter().flat_map(i64::to_be_bytes).collect::<Vec<u8>>();
    let seed = |kind: Kind, options, rows: u8| {
        let references = i64::from(rows & 1) + i64::from(rows >> 1 & 1);
        let mut entries: Vec<i64> = triangle(5 + references, 40).collect();
        if rows & 4 != 0 {
            entries.extend(triangle(5, 60));
        }
        [&[kind as u8, 1, options, 5, rows, 40][..], &bytes(entries)].concat()
    };
    let mut seeds: Vec<Vec<u8>> = Kind::ALL.into_iter().map(|kind| seed(kind, 0, 7)).collect();
    seeds.extend([seed(Kind::Average, 1, 0), seed(Kind::GeometricMedian, 3, 5), seed(Kind::MultiKrum, 2, 4)]);
    seeds
}

/// How many topics a log has, the topics, and the data. What an event says is kept in a journal, so it is written and read again.
pub(crate) fn task_event(data: &[u8]) -> bool {
    let Some((&count, rest)) = data.split_first() else { return false };
    let Some((topics, rest)) = rest.split_at_checked(32 * usize::from(count % 5)) else { return false };
    let topics: Vec<B256> = topics.chunks(32).map(B256::from_slice).collect();
    let Ok(event) = TaskEvent::decode(&topics, rest) else { return false };
    let text = serde_json::to_vec(&event).expect("plain data");
    assert_eq!(serde_json::from_slice::<TaskEvent>(&text).expect("what was written"), event);
    true
}

fn log(event: &impl SolEvent) -> Vec<u8> {
    let log = event.encode_log_data();
    let mut seed = vec![log.topics().len() as u8];
    seed.extend(log.topics().iter().flat_map(|topic| topic.0));
    [&seed[..], &log.data].concat()
}

pub(crate) fn task_event_seeds() -> Vec<Vec<u8>> {
    let (account, word) = (Address::repeat_byte(7), B256::repeat_byte(5));
    let points = Bytes::from(vec![3; 128]);
    vec![
        log(&TaskEvents::Announced { account, key: word, endpoint: "https://one.example".to_owned() }),
        log(&TaskEvents::PhaseBegun { round: 2, phase: 4, until: "1800000000".parse().expect("40 bits") }),
        log(&TaskEvents::UpdateRevealed {
            round: 2,
            account,
            proofHash: word,
            contentHash: word,
            points: points.clone(),
            cumulative: word,
        }),
        log(&TaskEvents::Challenged { round: 2, account, contested: 1, challenger: account }),
        log(&TaskEvents::Aggregated {
            round: 2,
            aggregator: account,
            contentHash: word,
            points,
            accounts: vec![account; 3],
            weights: vec![U256::from(21_845); 3],
            matrix: Bytes::from(vec![0; 48]),
        }),
        log(&TaskEvents::ScoresRevealed { round: 2, validator: account, scores: vec![0, 65_536] }),
    ]
}

/// The code of a task.
pub(crate) fn task_code(data: &[u8]) -> bool {
    let Ok(code) = TaskCode::decode(data) else { return false };
    assert_eq!(code.encode(), data, "two forms of one task's code");
    true
}

pub(crate) fn task_code_seeds() -> Vec<Vec<u8>> {
    let (word, account) = (B256::repeat_byte(2), Address::repeat_byte(9));
    let length = Terms::ENCODED_SIZE.expect("terms have one length");
    let zero = <Terms as SolValue>::abi_decode(&vec![0; length]).expect("of zeros");
    let mut small = Terms { version: word, bound: 1_000, validators: 1, aggregator: account, ..zero.clone() };
    small.rule.clip = true;
    let code = |terms| TaskCode {
        implementation: account,
        terms,
        factory: account,
        sponsor: account,
        chunks: 2,
        chunk_bits: 16,
        prefix_hash: word,
    };
    [zero, small].map(|terms| code(terms).encode()).into()
}

/// Package and proof, on their way to who aggregates, and what opens the sum of earlier updates.
pub(crate) fn package_and_proof(data: &[u8]) -> bool {
    let Ok(parts) = Parts::decode(data) else { return false };
    assert_eq!(parts.encode().as_deref(), Some(data), "two forms of one delivery");
    true
}

pub(crate) fn package_and_proof_seeds() -> Vec<Vec<u8>> {
    [(&b"package"[..], &b"proof"[..], &b""[..]), (b"", b"", b""), (&[7; 300], &[9; 600], &[5; 40])]
        .into_iter()
        .map(|(package, proof, before)| Parts { package, proof, before }.encode().expect("below 4 GiB"))
        .collect()
}

static SETUP: LazyLock<Setup> = LazyLock::new(|| Setup::development(4));
static BLOCKS: LazyLock<Blocks> = LazyLock::new(|| Blocks::new(4, vec![4, 2]).expect("two blocks"));

/// What opens a sum of updates.
pub(crate) fn vector_opening(data: &[u8]) -> bool {
    let Ok(vector) = Vector::decode_opening(&SETUP, &BLOCKS, data) else { return false };
    assert_eq!(vector.encode_opening(), data, "two forms of one opening");
    true
}

pub(crate) fn vector_opening_seeds() -> Vec<Vec<u8>> {
    let of = |cell: i32| {
        let salt = Salt::from_random([3; 32]);
        Vector::commit(&SETUP, &BLOCKS, [vec![cell, 1], vec![-2]], Some(&salt)).expect("cells that fit")
    };
    let wide = Vector::combine(&[(1 << 20, &of(i32::MAX)), (-1, &of(5))]).expect("below 64 bits");
    [of(0), of(-300), wide].map(|vector| vector.encode_opening()).into()
}

const PLACE: Place = Place { chain_id: 31_337, task: Address::repeat_byte(4) };
const ERRAND: Errand<'static> = Errand { method: "PUT", path: "/packages/00", length: 1_000 };
const NOW: u64 = 1_800_000_000;

/// A request's `Authorization`. What one key signed says nothing about any other request, or place.
pub(crate) fn errand(data: &[u8]) -> bool {
    let Ok(header) = std::str::from_utf8(data) else { return false };
    let Ok(signer) = ERRAND.signer(&PLACE, header, NOW) else { return false };
    for other in [
        Errand { method: "GET", ..ERRAND },
        Errand { path: "/packages/01", ..ERRAND },
        Errand { length: 1_001, ..ERRAND },
    ] {
        assert_ne!(other.signer(&PLACE, header, NOW), Ok(signer));
    }
    for other in [Place { chain_id: 1, ..PLACE }, Place { task: Address::ZERO, ..PLACE }] {
        assert_ne!(ERRAND.signer(&other, header, NOW), Ok(signer));
    }
    assert!(ERRAND.signer(&PLACE, header, NOW + 601).is_err(), "good for ever");
    true
}

pub(crate) fn errand_seeds() -> Vec<Vec<u8>> {
    let accounts = development::accounts(PLACE.chain_id).expect("a development chain");
    let sign = |key| ERRAND.sign(&PLACE, key, NOW).expect("a key in memory").into_bytes();
    accounts.iter().take(2).map(sign).collect()
}
