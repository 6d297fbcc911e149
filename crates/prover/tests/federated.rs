//! Proofs of a task of federated learning: made for every kind of update, byte-identical on all kernels, and refused of what
//! breaks what they say.

#[path = "../../plan/tests/cases/mod.rs"]
mod cases;
mod lies;
#[path = "federated/task.rs"]
mod task;

use alloy_primitives::{Address, B256};
use averment_kernels::Backend;
use averment_primitives::Salt;
use averment_prover::{
    Engine,
    federated::{
        RoundWitness, TaskError, UpdateWitness, Vector, aggregate, prove_round, prove_update, triangle,
    },
    reference::{self, Honest},
    registered::CommitError,
};
use averment_verifier::{
    VerifyError,
    commitment::WeightsCommitment,
    descriptor::{Blocks, Descriptor},
    federated::{About, FederatedError},
    field::Fr,
    statement::Mode,
    verify,
};
use lies::{Liar, MANNERS, Manner};
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
        // What is true is proved the same way.
        let (registered, statement, proof) = task.lie(&own, task.honest(norm), &mut Honest).unwrap();
        assert_eq!(verify(&own.descriptor, &task.key(), &registered, &statement, &proof), Ok(()));
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

/// Models and remainders out of range, and padding, by the protocol's prover and by ones that lie; entries of a matrix that are
/// wrong; rows that are exchanged, other ones, missing ones that are real.
#[test]
fn false_rounds_are_refused() {
    for (task, mode, half_bits, halves) in
        [(Task::narrow(), Mode::ZeroKnowledge, 3, 2), (Task::wide(), Mode::Transparent, 3, 1)]
    {
        let round = Round::new(&task, mode, half_bits, halves);
        let descriptor = &round.own.descriptor;
        let key = task.key();
        for (turn, (what, lie)) in round.falsehoods(&task).into_iter().enumerate() {
            for manner in [Manner::Plain, MANNERS[turn % MANNERS.len()]] {
                let mut liar = Liar { manner, ..Liar::default() };
                let (registered, statement, proof) = round.lie(&task, lie, &mut liar);
                assert!(
                    verify(descriptor, &key, &registered, &statement, &proof).is_err(),
                    "{what} {manner:?}"
                );
            }
        }
        for half in 0..round.triangles.len() {
            for entry in 0..round.triangles[half].len() {
                let mut other = round.clone();
                other.triangles[half][entry] += 1;
                let registered = other.registered();
                let (statement, proof) = other.proved(&task, &registered);
                let verdict = verify(descriptor, &key, &registered, &statement, &proof);
                assert!(verdict.is_err(), "{half} {entry}");
            }
        }
        let registered = round.registered();
        let (statement, proof) = round.proved(&task, &registered);
        assert_eq!(verify(descriptor, &key, &registered, &statement, &proof), Ok(()));
        // Other rows than were proved, named as they are.
        let refused = |change: &dyn Fn(&mut Round)| {
            let mut other = round.clone();
            change(&mut other);
            let registered = other.registered();
            let statement = other.own.statement(&registered, &task.about(), &other.triangles);
            verify(descriptor, &key, &registered, &statement, &proof).is_err()
        };
        assert!(!refused(&|_| ()));
        assert!(refused(&|round| round.halves[0].swap(0, 1)));
        assert!(refused(&|round| round.halves[0][1] = task.update(30)));
        assert!(refused(&|round| {
            round.halves[0].push(task.update(30));
            round.triangles[0].extend([0; 5]);
        }));
        assert!(refused(&|round| {
            round.halves[0].push(Vector::zero(&task.setup, task.shape.blocks()));
            round.triangles[0].extend([0; 5]);
        }));
        // Numbers of rows that are not those of the list.
        for (place, rows) in [(0, 3), (0, 5), (0, 0), (0, -1), (0, i64::MAX)] {
            let mut other = statement.clone();
            other.public[place] = rows;
            let verdict = verify(descriptor, &key, &registered, &other, &proof);
            assert_eq!(verdict, Err(VerifyError::Rows), "{rows}");
        }
        let mut other = statement.clone();
        other.public.push(0);
        assert!(matches!(
            verify(descriptor, &key, &registered, &other, &proof),
            Err(VerifyError::Public { .. })
        ));
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

/// Rounds of one half and of two, with vectors of one chunk and of three, half full and full.
#[test]
fn rounds_are_proved() {
    for (task, half_bits, halves, mode) in [
        (Task::narrow(), 2, 1, Mode::ZeroKnowledge),
        (Task::narrow(), 3, 2, Mode::Transparent),
        (Task::wide(), 2, 2, Mode::ZeroKnowledge),
        (Task::three_chunks(), 2, 2, Mode::ZeroKnowledge),
        (Task::three_chunks(), 3, 1, Mode::Transparent),
    ] {
        let round = Round::new(&task, mode, half_bits, halves);
        let own = &round.own;
        let descriptor = &own.descriptor;
        assert_eq!(Descriptor::decode(&descriptor.encode().unwrap()).as_ref(), Ok(&**descriptor));
        let registered = round.registered();
        let statement = own.statement(&registered, &task.about(), &round.triangles);
        let witness = RoundWitness::new(own, &round.vectors());
        let proof = round.prove(&task, &mut Honest, &registered, &statement, &witness.assignment()).unwrap();
        assert_eq!(verify(descriptor, &task.key(), &registered, &statement, &proof), Ok(()));
        for backend in Backend::available() {
            let engine = Engine::on(backend, &task.setup, task.chunk_bits).unwrap();
            let vectors = round.vectors();
            let random = &mut uniform(3);
            let same = prove_round(&engine, own, &vectors, &task.about(), &round.triangles, random).unwrap();
            assert!(same.encode() == proof.encode(), "{backend:?} makes another proof");
        }
    }
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

#[test]
fn sums_round_down_and_the_remainder_is_what_is_left() {
    let task = Task::three_chunks();
    let old = task.commit(9, task.cells(9, &[3, 4, 3, 4]));
    let (first, second) = (task.update(1), task.update(2));
    let salt = Salt::from_random([7; 32]);
    let rows = [(40_000, &first), (0, &old), (25_500, &second)];
    let (new, rest) = aggregate(&task.setup, &old, &rows, Some(&salt)).unwrap();
    let sum = |own: &Vector, by: i64| (by, own.clone());
    // Σ w u = D (new - old) + rest, of cells, of blinds and of points.
    let left = [sum(&first, 40_000), sum(&second, 25_500)];
    let right = [sum(&new, 1 << 16), sum(&old, -(1 << 16)), sum(&rest, 1)];
    let [left, right] = [&left[..], &right].map(|parts| {
        let parts: Vec<(i64, &Vector)> = parts.iter().map(|(by, own)| (*by, own)).collect();
        Vector::combine(&parts).unwrap()
    });
    assert!(left == right);
    assert!(rest.each_block().flatten().all(|cell| (0..1 << 16).contains(cell)));
    assert!(rest.each_block().flatten().any(|cell| *cell > 0));
    // It is the vector that its cells make under this salt.
    let cells = new.each_block().map(|cells| cells.iter().map(|cell| *cell as i32).collect());
    assert!(Vector::commit(&task.setup, task.shape.blocks(), cells, Some(&salt)).unwrap() == new);
    let nothing = aggregate(&task.setup, &old, &[], Some(&salt)).unwrap();
    assert!(nothing.0.each_block().eq(old.each_block()) && nothing.1.each_block().flatten().all(|c| *c == 0));

    let weight = |rows: &[(u32, &Vector)]| aggregate(&task.setup, &old, rows, Some(&salt)).map(drop);
    let heavy = Err(CommitError::RowWeight { row: 0, weight: (1 << 20) + 1, sum: (1 << 20) + 1 });
    assert_eq!(weight(&[((1 << 20) + 1, &first)]), heavy);
    let many = Err(CommitError::RowWeight { row: 4, weight: 1 << 20, sum: 5 << 20 });
    assert_eq!(weight(&[(1 << 20, &first); 5]), many);
}

#[test]
fn the_triangle_is_that_of_the_inner_products() {
    for task in [Task::narrow(), Task::wide(), Task::three_chunks()] {
        let exponents = task.shape.exponents();
        let mut rows = vec![task.update(1), task.update(2), Vector::zero(&task.setup, task.shape.blocks())];
        rows.push(Vector::combine(&[(-3, &rows[0]), (2, &rows[1])]).unwrap());
        let expected = |rows: &[&Vector]| -> Option<Vec<i64>> {
            let pairs =
                rows.iter().enumerate().flat_map(|(i, row)| rows[i..].iter().map(move |own| (row, own)));
            pairs.map(|(row, own)| i64::try_from(row.product(own, exponents)).ok()).collect()
        };
        let all: Vec<&Vector> = rows.iter().collect();
        assert_eq!(triangle(&all, exponents), expected(&all));
        assert!(triangle(&all, exponents).is_some());
        assert_eq!(triangle(&[], exponents), Some(Vec::new()));
        // Cells of more than 32 bits, and products of more than 64.
        let long = Vector::combine(&[(1 << 31, &rows[0])]).unwrap();
        assert_eq!(triangle(&[&long, &rows[2]], exponents), expected(&[&long, &rows[2]]));
        let longer = Vector::combine(&[(1 << 40, &rows[0])]).unwrap();
        assert_eq!(triangle(&[&longer], exponents), None);
    }
}
