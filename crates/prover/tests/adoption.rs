//! Adoptions: made for every shift, and refused of weights that are not the task's shifted and rounded. And what proofs of tasks
//! are good for: one purpose, in one form.

#[path = "../../plan/tests/cases/mod.rs"]
mod cases;
mod lies;
#[path = "federated/task.rs"]
mod task;

use alloy_primitives::{Address, B256, U256};
use averment_kernels::Backend;
use averment_primitives::Salt;
use averment_prover::{
    Assignment, Engine,
    federated::{RemainderWitness, Vector, prove_adoption, prove_round, prove_update, shifted},
    reference,
};
use averment_verifier::{
    Registered,
    federated::{
        About, Adoption, AdoptionError, FederatedError, RoundCommitments, Shift, adoption_statement,
    },
    statement::Mode,
    verify,
};
use lies::{Liar, MANNERS};
use task::*;

/// The order of the scalar field.
const ORDER: &str = "0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001";

fn salt() -> Salt {
    Salt::from_random([0x33; 32])
}

fn adopted(task: &Task, shift: Shift, mode: Mode) -> (Vector, Vector, Adoption) {
    let model = task.commit(9, task.cells(9, task.shape.weight_bits()));
    let own = shifted(&task.setup, &model, shift, Some(&salt())).unwrap();
    let engine = Engine::new(&task.setup, task.chunk_bits).unwrap();
    let (shape, about) = (&task.shape, task.about());
    let adoption =
        prove_adoption(&engine, shape, &model, &own, shift, &about, mode, &mut uniform(3)).unwrap();
    (model, own, adoption)
}

fn verdict(
    task: &Task,
    about: &About,
    from: &Vector,
    to: &Vector,
    own: &Adoption,
) -> Result<(), AdoptionError> {
    let [from, to] = [from, to].map(|own| own.commitment().unwrap());
    own.verify(&task.shape, &task.key(), about, &from, &to)
}

#[test]
fn shifted_and_rounded_weights_are_adopted() {
    for task in [Task::narrow(), Task::wide(), Task::three_chunks()] {
        for (up, down, mode) in [
            (0, 1, Mode::ZeroKnowledge),
            (0, 3, Mode::Transparent),
            (1, 1, Mode::ZeroKnowledge),
            (4, 2, Mode::Transparent),
        ] {
            let shift = Shift::new(up, down).unwrap();
            let (from, to, adoption) = adopted(&task, shift, mode);
            for (old, new) in from.each_block().flatten().zip(to.each_block().flatten()) {
                let exact =
                    f64::from(i32::try_from(*old).unwrap()) * f64::from(up).exp2() / f64::from(down).exp2();
                assert_eq!(*new as f64, (exact + 0.5).floor(), "{old} up {up} down {down}");
            }
            assert_ne!(from.points(), to.points());
            assert_eq!(verdict(&task, &task.about(), &from, &to, &adoption), Ok(()), "{up} {down}");
            assert_eq!(Adoption::decode(&adoption.encode()).as_ref(), Ok(&adoption));
            for backend in Backend::available() {
                let engine = Engine::on(backend, &task.setup, task.chunk_bits).unwrap();
                let about = task.about();
                let mut random = uniform(3);
                let same = prove_adoption(&engine, &task.shape, &from, &to, shift, &about, mode, &mut random)
                    .unwrap();
                assert!(same == adoption, "{backend:?} makes another proof");
            }
        }
    }
    let wrong = |up, down| Shift::new(up, down) == Err(AdoptionError::Shift { up, down });
    assert!(wrong(31, 1) && wrong(0, 31) && wrong(0, 0) && wrong(255, 255));
}

#[test]
fn other_weights_are_not_adopted() {
    let task = Task::narrow();
    let about = task.about();
    for (up, down) in [(0, 2), (1, 1)] {
        let shift = Shift::new(up, down).unwrap();
        let (from, to, adoption) = adopted(&task, shift, Mode::ZeroKnowledge);
        let judged = |from: &Vector, to: &Vector, own: &Adoption| verdict(&task, &about, from, to, own);
        // One cell is one more than it should be; padding that is not zero.
        for (block, cell) in [(0, 0), (1, 0), (0, to.each_block().next().unwrap().len() - 1)] {
            let mut cells: Vec<Vec<i32>> =
                to.each_block().map(|own| own.iter().map(|cell| *cell as i32).collect()).collect();
            cells[block][cell] += 1;
            let other = Vector::commit(&task.setup, task.shape.blocks(), cells, Some(&salt())).unwrap();
            assert_eq!(judged(&from, &other, &adoption), Err(AdoptionError::Equation { chunk: 0 }));
            let remainder = Vector::combine(&[(1 << up, &from), (-(1 << down), &other)]).unwrap();
            let fitting = Adoption { remainder: remainder.points().to_vec(), ..adoption.clone() };
            assert!(matches!(judged(&from, &other, &fitting), Err(AdoptionError::Refused(_))));
            // Proofs of it, by provers that lie: looked up is what is in range.
            let own = task.shape.remainders(shift, Mode::ZeroKnowledge).unwrap();
            let registered =
                Registered::new(&own.descriptor, &remainder.commitment().unwrap(), &[], None).unwrap();
            let names = [&from, &other].map(|own| own.commitment().unwrap().identity());
            let statement = adoption_statement(&registered, &about, names, shift, Mode::ZeroKnowledge);
            let witness = RemainderWitness::new(&own, &remainder);
            let half = 1_i64 << (down - 1);
            let near = |cell: &i64| (*cell).clamp(-half, half - 1);
            let parts: Vec<Vec<i64>> =
                witness.assignment().input_cells.iter().map(|own| own.iter().map(near).collect()).collect();
            let assignment = Assignment { input_cells: &parts, ..witness.assignment() };
            for manner in MANNERS {
                let mut liar = Liar { manner, ..Liar::default() };
                let proof = reference::prove_as(
                    &mut liar,
                    &own.descriptor,
                    &task.setup,
                    &registered,
                    &statement,
                    &assignment,
                    &mut uniform(3),
                );
                let proof = proof.unwrap();
                assert!(
                    verify(&own.descriptor, &task.key(), &registered, &statement, &proof).is_err(),
                    "{manner:?}"
                );
                let lie = Adoption { proof: proof.encode(), ..fitting.clone() };
                assert!(matches!(judged(&from, &other, &lie), Err(AdoptionError::Refused(_))), "{manner:?}");
            }
        }
        // Another task's model, the two exchanged, another shift, other blocks.
        let other = task.commit(8, task.cells(8, task.shape.weight_bits()));
        assert!(judged(&other, &to, &adoption).is_err() && judged(&to, &from, &adoption).is_err());
        let turned = Adoption { shift: Shift::new(up + 1, down + 1).unwrap(), ..adoption.clone() };
        assert!(judged(&from, &to, &turned).is_err());
        let twice =
            Vector::combine(&[(2, &from), (-2, &Vector::zero(&task.setup, task.shape.blocks()))]).unwrap();
        assert!(judged(&twice, &to, &adoption).is_err());
        let apart = Task::three_chunks();
        let elsewhere = apart.commit(9, apart.cells(9, apart.shape.weight_bits()));
        assert_eq!(judged(&from, &elsewhere, &adoption), Err(AdoptionError::Other { what: "chunks" }));
        assert!(matches!(judged(&elsewhere, &elsewhere, &adoption), Err(AdoptionError::Other { .. })));
        // For another chain, task, beneficiary, version, plan or terms.
        for about in others(&about).into_iter().filter(|other| other.round == about.round) {
            let refused = verdict(&task, &about, &from, &to, &adoption);
            assert!(matches!(refused, Err(AdoptionError::Refused(_))), "{about:?}");
        }
        let less = Adoption { remainder: Vec::new(), ..adoption.clone() };
        assert!(matches!(judged(&from, &to, &less), Err(AdoptionError::Commitment(_))));
    }
}

#[test]
fn bytes_that_are_no_adoption_are_refused() {
    let task = Task::narrow();
    let (.., adoption) = adopted(&task, Shift::new(0, 2).unwrap(), Mode::Transparent);
    let bytes = adoption.encode();
    let head = "averment-adoption/1\n".len();
    let with = |place: usize, byte: u8| {
        let mut other = bytes.clone();
        other[place] = byte;
        Adoption::decode(&other)
    };
    assert!(matches!(with(0, b'b'), Err(AdoptionError::Bytes(_))));
    assert!(matches!(with(head, 31), Err(AdoptionError::Shift { up: 31, .. })));
    assert!(matches!(with(head + 1, 0), Err(AdoptionError::Shift { down: 0, .. })));
    assert_eq!(with(head + 2, 2), Err(AdoptionError::Mode { got: 2 }));
    assert!(matches!(with(head + 3, 255), Err(AdoptionError::Bytes(_))));
    assert!(matches!(with(head + 7 + 31, bytes[head + 7 + 31] ^ 1), Err(AdoptionError::Point { chunk: 0 })));
    for length in 0..head + 7 + 64 {
        assert!(Adoption::decode(&bytes[..length]).is_err(), "{length} bytes");
    }
    let long = [&bytes[..], &vec![0; 1 << 20]].concat();
    assert!(matches!(Adoption::decode(&long), Err(AdoptionError::Bytes(_))));
}

/// What a proof is not for.
fn others(about: &About) -> Vec<About> {
    let (about, other) = (*about, B256::repeat_byte(0xee));
    vec![
        About { chain_id: 1, ..about },
        About { task: Address::ZERO, ..about },
        About { round: other, ..about },
        About { party: Address::ZERO, ..about },
        About { version: other, ..about },
        About { plan: other, ..about },
        About { terms: other, ..about },
    ]
}

/// A round's proof is for one chain, task, round, aggregator, version, plan and terms, and these rows in this order; what is read
/// as rows has to be what the statement names.
#[test]
fn a_round_is_proved_for_one_purpose() {
    let task = Task::narrow();
    let round = Round::new(&task, Mode::ZeroKnowledge, 2, 2);
    let engine = Engine::new(&task.setup, task.chunk_bits).unwrap();
    let (about, triangles) = (task.about(), &round.triangles);
    let proof =
        prove_round(&engine, &round.own, &round.vectors(), &about, triangles, &mut uniform(3)).unwrap();
    let proof = proof.encode();
    let verdict = |about: &About, halves: &[Vec<Vector>], triangles: &[Vec<i64>], proof: &[u8]| {
        let [model, remainder] = [&round.model, &round.remainder].map(|own| own.commitment().unwrap());
        let lists: Vec<Vec<_>> =
            halves.iter().map(|rows| rows.iter().map(|row| row.commitment().unwrap()).collect()).collect();
        let halves = lists.iter().map(|list| list.iter().collect()).collect();
        let commitments = RoundCommitments { model: &model, remainder: &remainder, halves };
        round.own.verify(&task.key(), &commitments, about, triangles, proof)
    };
    assert_eq!(verdict(&about, &round.halves, triangles, &proof), Ok(()));
    for about in others(&about) {
        let refused = verdict(&about, &round.halves, triangles, &proof);
        assert!(matches!(refused, Err(FederatedError::Refused(_))), "{about:?}");
    }
    let mut halves = round.halves.clone();
    halves.swap(0, 1);
    assert!(verdict(&about, &halves, triangles, &proof).is_err());
    for forged in forms(&proof) {
        assert!(verdict(&about, &round.halves, triangles, &forged).is_err());
    }
}

/// A proof about an update has one form: no number in another residue, no point mirrored, no byte more or less.
#[test]
fn a_proof_has_one_form() {
    let task = Task::wide();
    for mode in [Mode::Transparent, Mode::ZeroKnowledge] {
        let own = task.update_descriptor(mode);
        let (update, bound, about) = (task.update(1), 1 << 61, task.about());
        let engine = Engine::new(&task.setup, task.chunk_bits).unwrap();
        let proof = prove_update(&engine, &own, &update, &about, bound, &mut uniform(3)).unwrap().encode();
        let commitment = update.commitment().unwrap();
        let verdict = |proof: &[u8]| own.verify(&task.key(), &commitment, &about, bound, proof);
        assert_eq!(verdict(&proof), Ok(()));
        for (place, forged) in forms(&proof).into_iter().enumerate() {
            assert!(verdict(&forged).is_err(), "{mode:?} {place}");
        }
    }
}

/// Other bytes that might be taken for the same proof: each word with the orders of both fields added to it or taken from it, and
/// the negative of either, as far as a word has room; a word more, less, twice.
fn forms(proof: &[u8]) -> Vec<Vec<u8>> {
    let order = ORDER.parse::<U256>().unwrap();
    let coordinates =
        "0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47".parse::<U256>().unwrap();
    let mut forms = vec![Vec::new(), proof[..proof.len() - 32].to_vec(), [proof, &[0; 32]].concat()];
    forms.push([proof, &[0]].concat());
    forms.push([&proof[..32], proof].concat());
    for place in (0..proof.len()).step_by(32) {
        let word = U256::from_be_slice(&proof[place..place + 32]);
        let added = [order, coordinates].map(|order| word.checked_add(order));
        let mirrored = [order, coordinates]
            .map(|order| order.checked_sub(word).filter(|own| *own != word && !word.is_zero()));
        for other in added.into_iter().chain(mirrored).flatten() {
            let mut form = proof.to_vec();
            form[place..place + 32].copy_from_slice(&other.to_be_bytes::<32>());
            forms.push(form);
        }
    }
    forms
}
