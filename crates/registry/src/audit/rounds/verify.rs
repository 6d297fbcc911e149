//! The check of a version's rounds, from the state root of the trusted block.

use super::{
    super::{
        TrustPolicy,
        decision::{Found, Mathematics, contract, gathered},
    },
    evidence::RoundsEvidence,
    fault::RoundsFault,
    verified::{RoundQuestion, VerifiedRound, VerifiedRounds, VerifiedUpdate},
};
use crate::{
    federated::{TaskCode, TaskEvent, TaskStanding, TaskTerms, history_after, outcome_digest},
    state::Header,
    version::VersionContent,
};
use averment_primitives::{Address, B256, Bytes, U256, VersionId, keccak256};
use std::collections::BTreeMap;

/// What is known of the version before.
pub(in super::super) struct About<'a> {
    /// What is registered of the version.
    pub(in super::super) content: &'a VersionContent,
    /// What is registered of one of its ancestors.
    pub(in super::super) ancestor: &'a dyn Fn(VersionId) -> Option<&'a VersionContent>,
}

/// Checks every link of the rounds that made a version, or names the first that is broken.
pub(in super::super) fn verify(
    given: &RoundsEvidence,
    about: &About<'_>,
    header: &Header,
    policy: &TrustPolicy,
    mathematics: &dyn Mathematics,
) -> Result<VerifiedRounds, RoundsFault> {
    let (factory, task) = (given.factory.address, given.task.address);
    if let Some(expected) = policy.tasks.filter(|&expected| expected != factory) {
        return Err(RoundsFault::Factory { expected, got: factory });
    }
    let (contract, stored) = contract(
        "factory of tasks",
        (&given.factory, &given.implementation),
        header.state_root,
        &RoundsEvidence::factory_slots(task, given.version),
        (policy, policy.tasks.is_some()),
    )
    .map_err(Box::new)?;
    let &[created, made] = stored.as_slice() else {
        return Err(RoundsFault::Stranger { factory, task });
    };
    if created != B256::with_last_byte(1) {
        return Err(RoundsFault::Stranger { factory, task });
    }
    let expected = Address::from_word(made);
    if expected != task {
        return Err(RoundsFault::Provenance { version: given.version, expected, got: task });
    }
    let (code, runs, stored) = task_of(given, header, policy)?;
    if code.factory != factory {
        return Err(RoundsFault::Stranger { factory, task });
    }
    let [standing, model, history, ended_as] = stored;
    let standing = TaskStanding::of(standing);
    if !standing.ended {
        return Err(RoundsFault::Open);
    }
    if ended_as != given.version.0 {
        return Err(RoundsFault::EndedAs { expected: VersionId(ended_as), got: given.version });
    }
    check_beginning(given, &code, about)?;

    let found = gathered(&given.steps, header).map_err(Box::new)?;
    let (mut rounds, said) = read(given, &code.terms, &found, mathematics)?;
    let (expected, got) = (standing.finals, rounds.len());
    if usize::from(expected) != got || given.differences.len() != got {
        return Err(RoundsFault::Count { expected, got });
    }
    if said.head != history {
        return Err(RoundsFault::History { expected: history, got: said.head });
    }
    let got = keccak256(&said.points);
    if got != model {
        return Err(RoundsFault::History { expected: model, got });
    }
    let (expected, got) = (about.content.weights_commitment, commitment(&given.prefix, &said.points));
    if expected != got {
        return Err(RoundsFault::Points { which: "new", expected, got });
    }
    let (told, of) = (said.told, said.of);
    for round in &mut rounds {
        round.proved &= told == 0 || said.proved.get(&round.number).copied().unwrap_or(false);
    }
    Ok(VerifiedRounds {
        version: given.version,
        task,
        factory: contract,
        runs,
        sponsor: code.sponsor,
        terms: code.terms,
        rounds,
        voided: said.voided,
        faults: said.faults,
        told: (told, of),
        points: said.points,
    })
}

fn commitment(prefix: &[u8], points: &[u8]) -> B256 {
    keccak256([prefix, points].concat())
}

type Task = (TaskCode, (Address, B256), [B256; 4]);

/// The task's code and state, and what it runs.
fn task_of(given: &RoundsEvidence, header: &Header, policy: &TrustPolicy) -> Result<Task, RoundsFault> {
    let address = given.task.address;
    let proven = given
        .task
        .verify(header.state_root, address, &RoundsEvidence::task_slots())
        .map_err(RoundsFault::Task)?;
    let (expected, got) = (proven.code_hash, keccak256(&given.code));
    if expected != got {
        return Err(RoundsFault::CodeHash { expected, got });
    }
    let code = TaskCode::decode(&given.code)?;
    let runs =
        given.runs.verify(header.state_root, code.implementation, &[]).map_err(RoundsFault::Runs)?.code_hash;
    if !policy.code_hashes.is_empty() && !policy.code_hashes.contains(&runs) {
        return Err(RoundsFault::Code { got: runs });
    }
    let &[standing, model, history, ended_as] = proven.slots.as_slice() else {
        return Err(RoundsFault::Open);
    };
    Ok((code, (code.implementation, runs), [standing, model, history, ended_as]))
}

/// Whether the task began with the registered weights of the version that its terms name, a parent of the one that it made.
fn check_beginning(given: &RoundsEvidence, code: &TaskCode, about: &About<'_>) -> Result<(), RoundsFault> {
    let first = code.terms.version;
    if !about.content.parents.contains(&first) {
        return Err(RoundsFault::NotAParent(first));
    }
    let initial = (about.ancestor)(first).ok_or(RoundsFault::NotAParent(first))?;
    let (expected, got) = (code.prefix_hash, keccak256(&given.prefix));
    if expected != got {
        return Err(RoundsFault::Prefix { expected, got });
    }
    let (expected, got) = (initial.weights_commitment, commitment(&given.prefix, &given.points));
    if expected != got {
        return Err(RoundsFault::Points { which: "initial", expected, got });
    }
    Ok(())
}

/// What the task said, beside its final rounds.
struct Said {
    head: B256,
    points: Bytes,
    voided: Vec<u16>,
    faults: Vec<(TaskEvent, bool)>,
    told: usize,
    of: usize,
    proved: BTreeMap<u16, bool>,
}

/// The present round, until it is final or void.
#[derive(Default)]
struct Present {
    said: BTreeMap<Address, [B256; 3]>,
    made: Option<Made>,
    qualities: Vec<U256>,
    scores: BTreeMap<Address, Vec<u32>>,
    told: bool,
}

struct Made {
    aggregator: Address,
    points: Bytes,
    accounts: Vec<Address>,
    weights: Vec<U256>,
    matrix: Bytes,
}

/// Reads the events in their order, and computes what follows from each round.
fn read(
    given: &RoundsEvidence,
    terms: &TaskTerms,
    found: &[Found],
    mathematics: &dyn Mathematics,
) -> Result<(Vec<VerifiedRound>, Said), RoundsFault> {
    let mut rounds: Vec<VerifiedRound> = Vec::new();
    let mut said = Said {
        head: B256::ZERO,
        points: given.points.clone(),
        voided: Vec::new(),
        faults: Vec::new(),
        told: 0,
        of: 0,
        proved: BTreeMap::new(),
    };
    let mut open: BTreeMap<u16, Present> = BTreeMap::new();
    for Found { block, timestamp, proved, logs, .. } in found {
        let before = said.of;
        for log in logs {
            if log.address != given.task.address {
                // A receipt has what other contracts said in the same transaction; what is told has one log.
                if *proved {
                    continue;
                }
                return Err(RoundsFault::Foreign { expected: given.task.address, got: log.address });
            }
            let Some(event) = TaskEvent::of(log)? else { continue };
            said.of = said.of.saturating_add(1);
            said.told = said.told.saturating_add(usize::from(!proved));
            let mut present = |round: u16| {
                let own = open.entry(round).or_default();
                own.told |= !proved;
                round
            };
            match event {
                TaskEvent::Revealed { round, account, proof, content, points } => {
                    let round = present(round);
                    let words = [keccak256(&points), proof, content];
                    open.entry(round).or_default().said.insert(account, words);
                }
                TaskEvent::Aggregated { round, aggregator, points, accounts, weights, matrix, .. } => {
                    let round = present(round);
                    let own = open.entry(round).or_default();
                    own.made = Some(Made { aggregator, points, accounts, weights, matrix });
                    own.qualities.clear();
                }
                TaskEvent::Rated { round, qualities } => {
                    let round = present(round);
                    open.entry(round).or_default().qualities = qualities;
                }
                TaskEvent::Scored { round, validator, scores } => {
                    let round = present(round);
                    open.entry(round).or_default().scores.insert(validator, scores);
                }
                TaskEvent::Settled { round, model, payments } => {
                    let round = present(round);
                    let own = open.remove(&round).unwrap_or_default();
                    let place = rounds.len();
                    let missing = RoundsFault::Count {
                        expected: u16::try_from(given.differences.len()).unwrap_or(u16::MAX),
                        got: place.saturating_add(1),
                    };
                    let difference = given.differences.get(place).copied().ok_or(missing)?;
                    said.proved.insert(round, !own.told);
                    let question = Settling { round, model, payments, difference, timestamp: *timestamp };
                    let (done, points) = question.check(own, terms, &said, rounds.last(), mathematics)?;
                    let digest = outcome_digest(model, difference, keccak256(&done.1), &accounts_of(&done.0));
                    said.head = history_after(said.head, round, digest);
                    said.points = points;
                    rounds.push(done.0);
                }
                TaskEvent::Voided { round } => {
                    open.remove(&round);
                    said.voided.push(round);
                }
                event @ (TaskEvent::Excluded { .. }
                | TaskEvent::Struck { .. }
                | TaskEvent::Slashed { .. }) => {
                    said.faults.push((event, *proved));
                }
                TaskEvent::Finished { version } => {
                    if version != given.version {
                        return Err(RoundsFault::EndedAs { expected: version, got: given.version });
                    }
                }
            }
        }
        if said.of == before {
            return Err(RoundsFault::Surplus { block: *block });
        }
    }
    Ok((rounds, said))
}

fn accounts_of(round: &VerifiedRound) -> Vec<Address> {
    round.updates.iter().map(|update| update.account).collect()
}

/// A round that is being paid.
struct Settling {
    round: u16,
    model: B256,
    payments: Vec<U256>,
    difference: B256,
    timestamp: u64,
}

/// Scores and qualities are parts of this.
const WHOLE: u64 = 1 << 16;

impl Settling {
    /// The round with its matrix, and its model's points.
    fn check(
        &self,
        own: Present,
        terms: &TaskTerms,
        said: &Said,
        last: Option<&VerifiedRound>,
        mathematics: &dyn Mathematics,
    ) -> Result<((VerifiedRound, Bytes), Bytes), RoundsFault> {
        let round = self.round;
        let wrong = |what| RoundsFault::Round { round, what };
        if last.is_some_and(|last| last.number >= round) {
            return Err(wrong("it is paid after a later one"));
        }
        let made = own.made.ok_or(wrong("it was paid without a model"))?;
        if keccak256(&made.points) != self.model {
            return Err(wrong("it was paid for another model than the one that was made"));
        }
        let n = made.accounts.len();
        if own.qualities.len() != n || self.payments.len() != n || made.weights.len() < n {
            return Err(wrong("not one weight, quality and payment for each update"));
        }
        if !made.accounts.is_sorted_by(|a, b| a < b) {
            return Err(wrong("its accounts do not ascend"));
        }
        let question = RoundQuestion {
            terms,
            before: &said.points,
            after: &made.points,
            difference: self.difference,
            matrix: &made.matrix,
            updates: n,
            weights: &made.weights,
            qualities: &own.qualities,
        };
        let standing = mathematics.round(&question).map_err(|why| RoundsFault::Mathematics { round, why })?;
        let (own_weights, references) = made.weights.split_at_checked(n).unwrap_or_default();
        let mut updates = Vec::with_capacity(n);
        let all = made.accounts.iter().zip(own_weights).zip(&own.qualities).zip(&self.payments).enumerate();
        for (place, (((account, weight), quality), payment)) in all {
            let score = median(own.scores.values().filter_map(|scores| scores.get(place).copied()));
            let expected = U256::from(terms.reward)
                .checked_mul(*quality)
                .and_then(|product| product.checked_mul(U256::from(score)))
                .map(|product| product >> 32_usize);
            // Who left or was slashed before the round was paid gets nothing.
            if Some(*payment) != expected && !payment.is_zero() {
                return Err(wrong("a payment is not what quality and scores come to"));
            }
            updates.push(VerifiedUpdate {
                account: *account,
                said: own.said.get(account).copied(),
                weight: *weight,
                quality: *quality,
                payment: *payment,
            });
        }
        let done = VerifiedRound {
            number: round,
            aggregator: made.aggregator,
            settled: self.timestamp,
            models: [keccak256(&said.points), self.model],
            updates,
            references: references.to_vec(),
            scores: own.scores,
            standing,
            proved: true,
        };
        Ok(((done, made.matrix), made.points))
    }
}

/// The lower median; everything if nobody scored.
fn median(scores: impl Iterator<Item = u32>) -> u64 {
    let mut scores: Vec<u32> = scores.collect();
    scores.sort_unstable();
    let place = scores.len().saturating_sub(1) / 2;
    scores.get(place).map_or(WHOLE, |score| u64::from(*score))
}
