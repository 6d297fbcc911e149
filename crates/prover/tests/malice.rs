//! Malicious provers: the real prover, with a fresh transcript, on false witnesses that are as good as they can be, and
//! with false words at each place where a prover has a choice. None of it may verify.

#[path = "../../plan/tests/cases/mod.rs"]
mod cases;
mod lies;

use averment_verifier::{VerifyError, descriptor::Constant, statement::Mode};
use lies::{
    MANNERS, Manner,
    bench::{Bench, Falsehood},
    witness::{Claim, Force, Part},
};

const MODES: [Mode; 2] = [Mode::Transparent, Mode::ZeroKnowledge];
const PARTS: [Part; 4] = [Part::High, Part::Low, Part::Rounding, Part::Out];

/// Every kind of relation: products with weights and bias, a maximum, sums; what is public: values, a decision; and a batch
/// whose items have commitments of their own.
fn benches(mode: Mode) -> Vec<Bench> {
    let models = [cases::dense_model(), cases::windows(), cases::tied()];
    let joint = models.into_iter().map(|model| Bench::new(model, mode));
    joint.chain([Bench::separate(cases::two_inputs_of(5), mode)]).collect()
}

/// A prover in all of `manners` is refused, each time where it must be. Returns how often it was tried.
fn refused(bench: &Bench, falsehood: Falsehood, manners: &[Manner]) -> usize {
    let claims = manners.iter().filter_map(|manner| Some((manner, bench.prove(falsehood, *manner)?)));
    claims
        .map(|(manner, claimed)| {
            let expected = match (manner, bench.mode) {
                // Masks leave nothing to see before the opening. What was committed to before is seen there only.
                (Manner::Value, _) | (_, Mode::ZeroKnowledge) => VerifyError::Opening,
                _ if matches!(falsehood, Falsehood::Weight(_) | Falsehood::Input) => VerifyError::Opening,
                (Manner::Total | Manner::Operands, Mode::Transparent) => VerifyError::Values,
                (_, Mode::Transparent) => VerifyError::Relations,
            };
            assert_eq!(bench.verify(&claimed), Err(expected), "{falsehood:?} {manner:?} {:?}", bench.mode);
        })
        .count()
}

/// By the protocol, and in one other manner: proofs take their time.
fn two(turn: usize) -> [Manner; 2] {
    [Manner::Plain, MANNERS[1 + turn % 5]]
}

#[test]
fn the_same_prover_is_believed_when_it_does_not_lie() {
    for mode in MODES {
        for bench in benches(mode) {
            let claimed = bench.prove(Falsehood::None, Manner::Plain).unwrap();
            assert_eq!(claimed.statement, bench.statement, "the witness is the interpreter's");
            assert_eq!(bench.verify(&claimed), Ok(()));
            // Honest in another manner is honest: there is nothing to balance and nothing to close.
            for manner in MANNERS {
                let claimed = bench.prove(Falsehood::None, manner).unwrap();
                let mends = mode.masked() && matches!(manner, Manner::Operands | Manner::Value);
                assert_eq!(bench.verify(&claimed).is_ok(), !mends, "{manner:?}");
            }
        }
    }
}

#[test]
fn a_false_cell_of_any_relation_is_refused() {
    for mode in MODES {
        for bench in benches(mode) {
            let mut tried = 0;
            for (relation, own) in bench.descriptor().relations.iter().enumerate() {
                if matches!(own.constant, Constant::Public { .. }) {
                    continue;
                }
                // The first cell is a real one, the last of a padded tensor is not.
                for (cell, part) in
                    [0, (1 << own.point_bits) - 1].into_iter().flat_map(|cell| PARTS.map(|part| (cell, part)))
                {
                    let force = Falsehood::Cell(Force { relation, cell, part });
                    tried += refused(&bench, force, &two(tried / 2)).min(1) * 2;
                }
            }
            assert!(tried >= 20, "{tried}");
        }
    }
}

/// In every manner, one false cell, row, count and statement: each is refused by the check that is there for it.
#[test]
fn no_manner_of_proving_helps() {
    for mode in MODES {
        let bench = Bench::new(cases::dense_model(), mode);
        for falsehood in [
            Falsehood::Cell(Force { relation: 0, cell: 1, part: Part::High }),
            Falsehood::Cell(Force { relation: 1, cell: 1, part: Part::Rounding }),
            Falsehood::Padding,
            Falsehood::Counts(&[1]),
            Falsehood::Public(0),
        ] {
            assert_eq!(refused(&bench, falsehood, &MANNERS), MANNERS.len());
        }
    }
}

/// The second of two equal scores, the least of all; margins that should be negative are wrapped, or out of range.
#[test]
fn another_class_is_refused_in_every_manner() {
    for mode in MODES {
        let bench = Bench::new(cases::tied(), mode);
        assert_eq!(bench.statement.public, [0]);
        for class in [1, 2] {
            for beyond in [false, true] {
                let claim = Falsehood::Class(Claim { item: 0, class, beyond });
                assert_eq!(refused(&bench, claim, &MANNERS), MANNERS.len());
            }
        }
        // What is no class is refused for what it is: the padding's cell holds more than all scores, and no relation would
        // see anything false.
        for class in [3, 4, -1, i64::MAX] {
            for manner in two(class.unsigned_abs() as usize % 5) {
                let claim = Falsehood::Class(Claim { item: 0, class, beyond: true });
                let verified = bench.verify(&bench.prove(claim, manner).unwrap());
                assert_eq!(verified, Err(VerifyError::Decision { place: 0, classes: 3, got: class }));
            }
        }
    }
}

#[test]
fn a_false_row_or_count_is_refused() {
    for mode in MODES {
        for bench in benches(mode) {
            for (turn, falsehood) in [
                Falsehood::Padding,
                Falsehood::Counts(&[-1]),
                Falsehood::Counts(&[1, -1]),
                Falsehood::Counts(&[0, 1, -1]),
                Falsehood::Range,
            ]
            .into_iter()
            .enumerate()
            {
                assert_eq!(refused(&bench, falsehood, &two(turn)), 2, "{falsehood:?}");
            }
        }
    }
}

#[test]
fn other_weights_biases_inputs_and_outputs_are_refused() {
    for mode in MODES {
        for bench in benches(mode) {
            for tensor in 0..bench.model.plan().weights().len() {
                assert_eq!(
                    refused(&bench, Falsehood::Weight(tensor), &[Manner::Plain]),
                    1,
                    "weight {tensor}"
                );
            }
            assert_eq!(refused(&bench, Falsehood::Input, &[Manner::Plain]), 1);
        }
        let (draft, weights) = cases::above();
        let above = Bench::new(cases::model(draft, weights), mode);
        for bench in benches(mode).into_iter().chain([above]) {
            for place in 0..bench.statement.public.len() {
                assert_eq!(refused(&bench, Falsehood::Public(place), &two(place)), 2, "output {place}");
            }
        }
    }
}
