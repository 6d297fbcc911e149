//! Proofs of a task of federated learning: made for every kind of update, byte-identical on all kernels, and refused of what
//! breaks what they say.

#[path = "../../plan/tests/cases/mod.rs"]
mod cases;
mod lies;
#[path = "federated/task.rs"]
mod task;

use alloy_primitives::{Address, B256};
use averment_kernels::Backend;
use averment_prover::{
    Engine,
    federated::{TaskError, UpdateWitness, Vector, prove_update},
    reference::{self, Honest},
    registered::CommitError,
};
use averment_verifier::{
    commitment::WeightsCommitment,
    descriptor::{Blocks, Descriptor},
    federated::{About, FederatedError},
    field::Fr,
    statement::Mode,
    verify,
};
use lies::{Liar, MANNERS};
use task::*;

const MODES: [Mode; 2] = [Mode::Transparent, Mode::ZeroKnowledge];

#[test]
fn updates_are_proved() {
    for task in [Task::narrow(), Task::wide()] {
        for mode in MODES {
            let own = task.update_descriptor(mode);
            let descriptor = &own.descriptor;
            assert_eq!(Descriptor::decode(&descriptor.encode().unwrap()).as_ref(), Ok(&**descriptor));
            let update = task.update(1);
            let norm = i64::try_from(update.product(&update, &own.exponents)).unwrap();
            assert!(norm > 0);
            for bound in [norm, norm + 1, norm + (1 << 40), (1 << 62) - 1] {
                let registered = own.registered(&update.commitment().unwrap()).unwrap();
                let statement = own.statement(&registered, &task.about(), bound).unwrap();
                let witness = UpdateWitness::new(&own, &update, bound - norm);
                let proof = reference::prove(
                    descriptor,
                    &task.setup,
                    &registered,
                    &statement,
                    &witness.assignment(),
                    &mut uniform(3),
                )
                .unwrap();
                let verdict = own.verify(
                    &task.key(),
                    &update.commitment().unwrap(),
                    &task.about(),
                    bound,
                    &proof.encode(),
                );
                assert_eq!(verdict, Ok(()), "{mode:?} {bound}");
                for backend in Backend::available() {
                    let engine = Engine::on(backend, &task.setup, task.chunk_bits).unwrap();
                    let same =
                        prove_update(&engine, &own, &update, &task.about(), bound, &mut uniform(3)).unwrap();
                    assert!(same.encode() == proof.encode(), "{backend:?} makes another proof");
                }
            }
            let engine = Engine::new(&task.setup, task.chunk_bits).unwrap();
            let refused = prove_update(&engine, &own, &update, &task.about(), norm - 1, &mut uniform(3));
            assert_eq!(refused, Err(TaskError::Norm { got: norm.into(), bound: norm - 1 }));
        }
    }
}

/// Cells out of range, one of which makes the norm wrap to something small; padding; norms and slacks that do not fit: by the
/// protocol's prover, and by ones that lie.
#[test]
fn false_updates_are_refused() {
    for mode in MODES {
        let task = Task::narrow();
        let own = task.update_descriptor(mode);
        let update = task.update(1);
        let norm = i64::try_from(update.product(&update, &own.exponents)).unwrap();
        for (turn, (what, lie)) in task.falsehoods(norm, &own.exponents).into_iter().enumerate() {
            let (registered, statement, proof) = task.lie(&own, lie, &mut Honest).unwrap();
            assert!(verify(&own.descriptor, &task.key(), &registered, &statement, &proof).is_err(), "{what}");
            let manner = MANNERS[turn % MANNERS.len()];
            let mut liar = Liar { manner, ..Liar::default() };
            let (registered, statement, proof) = task.lie(&own, lie, &mut liar).unwrap();
            let verdict = verify(&own.descriptor, &task.key(), &registered, &statement, &proof);
            assert!(verdict.is_err(), "{what} {manner:?}");
        }
    }
}

/// A proof is for one task, round, participant, bound, plan, version, terms, chain and one list of points.
#[test]
fn an_update_is_proved_for_one_purpose() {
    let task = Task::narrow();
    let own = task.update_descriptor(Mode::ZeroKnowledge);
    let (update, bound, about) = (task.update(1), 1 << 40, task.about());
    let engine = Engine::new(&task.setup, task.chunk_bits).unwrap();
    let proof = prove_update(&engine, &own, &update, &about, bound, &mut uniform(3)).unwrap().encode();
    let commitment = update.commitment().unwrap();
    let verdict = |about: &About, bound, commitment: &WeightsCommitment| {
        own.verify(&task.key(), commitment, about, bound, &proof)
    };
    assert_eq!(verdict(&about, bound, &commitment), Ok(()));
    let other = B256::repeat_byte(0xee);
    for about in [
        About { chain_id: 1, ..about },
        About { task: Address::ZERO, ..about },
        About { round: other, ..about },
        About { party: Address::ZERO, ..about },
        About { version: other, ..about },
        About { plan: other, ..about },
        About { terms: other, ..about },
    ] {
        assert!(matches!(verdict(&about, bound, &commitment), Err(FederatedError::Refused(_))), "{about:?}");
    }
    for bound in [0, bound - 1, bound + 1] {
        assert!(matches!(verdict(&about, bound, &commitment), Err(FederatedError::Refused(_))), "{bound}");
    }
    for bound in [-1, 1 << 62] {
        assert_eq!(verdict(&about, bound, &commitment), Err(FederatedError::Bound { got: bound }));
    }
    let others = task.update(2).commitment().unwrap();
    assert!(matches!(verdict(&about, bound, &others), Err(FederatedError::Refused(_))));
}

/// Sums of vectors are sums of their points, and open to sums of their cells.
#[test]
fn sums_of_vectors_are_committed_to() {
    let task = Task::narrow();
    let (a, b) = (task.update(1), task.update(2));
    let sum = Vector::combine(&[(3, &a), (-2, &b)]).unwrap();
    let each = |vector: &Vector| -> Vec<i64> { vector.each_block().flatten().copied().collect() };
    let expected: Vec<i64> = each(&a).iter().zip(each(&b)).map(|(a, b)| 3 * a - 2 * b).collect();
    assert_eq!(each(&sum), expected);
    let own = task.update_descriptor(Mode::ZeroKnowledge);
    assert!(UpdateWitness::new(&own, &sum, 0).assignment().weights.iter().all(|chunk| {
        let mut cells = chunk.cells.clone();
        cells.resize(1 << task.chunk_bits, Fr::from(0_u64));
        task.setup.chunk(cells, chunk.blind).point == chunk.point
    }));
    let none = Vector::combine(&[(1, &a), (-1, &a)]).unwrap();
    assert_eq!(none, Vector::zero(&task.setup, task.shape.blocks()));
    assert_eq!(Vector::combine(&[(i64::MAX, &sum)]), Err(CommitError::Sum));
    let blocks = Blocks::new(task.chunk_bits, vec![3]).unwrap();
    let other = Vector::commit(&task.setup, &blocks, [vec![1]], None).unwrap();
    assert_eq!(Vector::combine(&[(1, &a), (1, &other)]), Err(CommitError::Other { what: "blocks" }));
}
