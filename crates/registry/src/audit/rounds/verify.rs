//! The check of a version's rounds, from the state root of the trusted block.

use super::{
    super::{
        TrustPolicy,
        decision::{Found, Mathematics, ProofStanding, contract, gathered},
    },
    evidence::RoundsEvidence,
    fault::RoundsFault,
    verified::{
        AdoptionQuestion, RoundProof, RoundQuestion, TaskQuestion, VerifiedRound, VerifiedRounds,
        VerifiedUpdate,
    },
};
use crate::{
    federated::{TaskCode, TaskEvent, TaskStanding, history_after, outcome_digest},
    manifest::{AdoptionRecord, FederatedRounds, FinalRound},
    state::Header,
    version::VersionContent,
};
use averment_primitives::{Address, B256, Bytes, U256, VersionId, keccak256};
use std::collections::BTreeMap;

/// What is known of the version before.
pub(in super::super) struct About<'a> {
    /// EIP-155 id of the chain.
    pub(in super::super) chain_id: u64,
    /// Who registered the version.
    pub(in super::super) registrant: Address,
    /// The rounds that its manifest claims.
    pub(in super::super) claim: Option<&'a FederatedRounds>,
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
    // The factory names a task once its sponsor has said on the chain what became of its model. A manifest may claim rounds besides.
    let expected = Address::from_word(made);
    let concluded = expected == task;
    if !concluded && (about.claim.is_none() || !expected.is_zero()) {
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
    if concluded && ended_as != given.version.0 {
        return Err(RoundsFault::EndedAs { expected: VersionId(ended_as), got: given.version });
    }
    check_beginning(given, &code, about)?;

    let found = gathered(&given.steps, header).map_err(Box::new)?;
    let question = TaskQuestion {
        chain_id: about.chain_id,
        task,
        code: &given.code,
        terms: &code.terms,
        prefix: &given.prefix,
    };
    let reader = Reader { given, task: question, concluded, mathematics };
    let (mut rounds, said) = reader.read(&found)?;
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
    let proofs = given.proofs.len();
    if proofs != 0 && (proofs != rounds.len() || given.vectors.is_none()) {
        let vectors = given.vectors.is_some();
        return Err(RoundsFault::Proofs { rounds: rounds.len(), proofs, vectors });
    }
    if let Some(claim) = about.claim {
        check_claim(claim, &question, &rounds, model)?;
    }
    let adoption = reader.adoption(about, &said.points)?;
    if adoption.is_none() {
        let (expected, got) = (about.content.weights_commitment, commitment(&given.prefix, &said.points));
        if expected != got {
            return Err(RoundsFault::Points { which: "new", expected, got });
        }
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
        concluded,
        claimed: about.claim.is_some(),
        adoption,
        token: given.token.clone(),
    })
}

/// Whether the rounds are those that the version's manifest claims.
fn check_claim(
    claim: &FederatedRounds,
    task: &TaskQuestion<'_>,
    rounds: &[VerifiedRound],
    model: B256,
) -> Result<(), RoundsFault> {
    let own = rounds.iter().map(|round| FinalRound { round: round.number, outcome: round.outcome });
    let own: Vec<FinalRound> = own.collect();
    let words = |rounds: &[FinalRound]| {
        let words = rounds.iter().map(|own| format!("{} ({})", own.round, own.outcome));
        words.collect::<Vec<_>>().join(", ")
    };
    for (what, expected, got) in [
        ("the chain", claim.chain_id.to_string(), task.chain_id.to_string()),
        ("the task", claim.task.to_string(), task.task.to_string()),
        ("the initial version", claim.initial.to_string(), task.terms.version.to_string()),
        ("the rounds", words(&claim.rounds), words(&own)),
        ("the points", claim.points.to_string(), model.to_string()),
    ] {
        if expected != got {
            return Err(RoundsFault::Claim { what, expected, got });
        }
    }
    Ok(())
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
    /// The points before those.
    older: Option<Bytes>,
    voided: Vec<u16>,
    faults: Vec<(TaskEvent, bool)>,
    told: usize,
    of: usize,
    proved: BTreeMap<u16, bool>,
}

/// The present round, until it is final or void.
#[derive(Default)]
struct Present {
    said: BTreeMap<Address, Revealed>,
    made: Option<Made>,
    qualities: Vec<U256>,
    scores: BTreeMap<Address, Vec<u32>>,
    told: bool,
}

/// An update, as it was revealed: points, keccak256 of proof and package, and of the cumulative points with it.
struct Revealed {
    points: Bytes,
    proof: B256,
    content: B256,
    cumulative: B256,
}

struct Made {
    aggregator: Address,
    points: Bytes,
    accounts: Vec<Address>,
    weights: Vec<U256>,
    matrix: Bytes,
}

/// What events are read with.
struct Reader<'a> {
    given: &'a RoundsEvidence,
    task: TaskQuestion<'a>,
    concluded: bool,
    mathematics: &'a dyn Mathematics,
}

impl Reader<'_> {
    /// Reads the events in their order, and computes what follows from each round.
    fn read(&self, found: &[Found]) -> Result<(Vec<VerifiedRound>, Said), RoundsFault> {
        let given = self.given;
        let mut rounds: Vec<VerifiedRound> = Vec::new();
        let mut said = Said {
            head: B256::ZERO,
            points: given.points.clone(),
            older: None,
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
                let Some(event) = TaskEvent::audited(log)? else { continue };
                said.of = said.of.saturating_add(1);
                said.told = said.told.saturating_add(usize::from(!proved));
                let mut present = |round: u16| {
                    let own = open.entry(round).or_default();
                    own.told |= !proved;
                    round
                };
                match event {
                    TaskEvent::Revealed { round, account, proof, content, points, cumulative } => {
                        let round = present(round);
                        let own = Revealed { points, proof, content, cumulative };
                        open.entry(round).or_default().said.insert(account, own);
                    }
                    TaskEvent::Aggregated {
                        round, aggregator, points, accounts, weights, matrix, ..
                    } => {
                        let round = present(round);
                        let own = open.entry(round).or_default();
                        own.made = Some(Made { aggregator, points, accounts, weights, matrix });
                        own.qualities.clear();
                    }
                    TaskEvent::Rated { round, qualities } => {
                        let round = present(round);
                        open.entry(round).or_default().qualities = qualities;
                    }
                    TaskEvent::ScoresRevealed { round, validator, scores } => {
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
                        let settling =
                            Settling { round, place, model, payments, difference, timestamp: *timestamp };
                        let (done, points) = settling.check(own, self, &said, rounds.last())?;
                        said.head = history_after(said.head, round, done.outcome);
                        said.older = Some(std::mem::replace(&mut said.points, points));
                        rounds.push(done);
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
                    TaskEvent::Finished { version } if self.concluded && version != given.version.0 => {
                        let expected = VersionId(version);
                        return Err(RoundsFault::EndedAs { expected, got: given.version });
                    }
                    // No part of an audit.
                    _ => {}
                }
            }
            if said.of == before {
                return Err(RoundsFault::Surplus { block: *block });
            }
        }
        Ok((rounds, said))
    }

    /// How the version's weights follow from the task's, if its manifest says that they are not its own.
    fn adoption(
        &self,
        about: &About<'_>,
        points: &[u8],
    ) -> Result<Option<(AdoptionRecord, ProofStanding)>, RoundsFault> {
        let named = about.claim.and_then(|claim| claim.adoption.as_ref());
        let (record, given) = match (named, &self.given.adoption) {
            (None, None) => return Ok(None),
            (Some(record), Some(given)) => (record, given),
            (named, _) => return Err(RoundsFault::Adoption { named: named.is_some() }),
        };
        let (expected, got) = (record.digest, keccak256(&given.file));
        if expected != got {
            return Err(RoundsFault::AdoptionDigest { expected, got });
        }
        let (expected, got) = (about.content.weights_commitment, keccak256(&given.weights));
        if expected != got {
            return Err(RoundsFault::Points { which: "new", expected, got });
        }
        let proofs = self.given.proofs.len();
        let vectors = self.given.vectors.as_ref();
        let rounds = self.given.differences.len();
        let vectors = vectors.ok_or(RoundsFault::Proofs { rounds, proofs, vectors: false })?;
        let question = AdoptionQuestion {
            task: self.task,
            vectors,
            points,
            plan: about.content.plan_digest,
            registrant: about.registrant,
            record,
            given,
        };
        let standing = self.mathematics.adoption(&question).map_err(RoundsFault::NotAdopted)?;
        Ok(Some((*record, standing)))
    }

    /// A round's proof and what it is about, if the file has it.
    fn proof<'b>(
        &'b self,
        round: u16,
        place: usize,
        said: &'b BTreeMap<Address, Revealed>,
        accounts: &[Address],
        older: Option<&'b Bytes>,
    ) -> Result<Option<RoundProof<'b>>, RoundsFault> {
        let (Some(given), Some(vectors)) = (self.given.proofs.get(place), &self.given.vectors) else {
            return Ok(None);
        };
        let wrong = |what| RoundsFault::Round { round, what };
        let mut updates = Vec::with_capacity(accounts.len());
        let mut cumulatives = given.cumulatives.as_ref();
        for account in accounts {
            let own =
                said.get(account).ok_or(wrong("its proof is here, an update that it is about is not"))?;
            if self.task.terms.rule.history {
                let of = wrong("cumulative points are others than those that were revealed");
                let (sum, rest) = cumulatives.split_at_checked(own.points.len()).ok_or(of.clone())?;
                if keccak256(sum) != own.cumulative {
                    return Err(of);
                }
                cumulatives = rest;
            }
            updates.push(own.points.as_ref());
        }
        if !cumulatives.is_empty() {
            return Err(wrong("more cumulative points than there are updates"));
        }
        let root = (!self.task.terms.root.is_zero()).then(|| said.get(&self.task.terms.root));
        let root = root.flatten().map(|own| own.points.as_ref());
        Ok(Some(RoundProof { vectors, older: older.map(AsRef::as_ref), updates, root, given }))
    }
}

/// A round that is being paid.
struct Settling {
    round: u16,
    /// Among final rounds, from 0.
    place: usize,
    model: B256,
    payments: Vec<U256>,
    difference: B256,
    timestamp: u64,
}

/// Scores and qualities are parts of this.
const WHOLE: u64 = 1 << 16;

impl Settling {
    /// The round, and its model's points.
    fn check(
        &self,
        own: Present,
        reader: &Reader<'_>,
        said: &Said,
        last: Option<&VerifiedRound>,
    ) -> Result<(VerifiedRound, Bytes), RoundsFault> {
        let terms = reader.task.terms;
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
            task: reader.task,
            round,
            aggregator: made.aggregator,
            proof: reader.proof(round, self.place, &own.said, &made.accounts, said.older.as_ref())?,
            before: &said.points,
            after: &made.points,
            difference: self.difference,
            matrix: &made.matrix,
            updates: n,
            weights: &made.weights,
            qualities: &own.qualities,
        };
        let standing =
            reader.mathematics.round(&question).map_err(|why| RoundsFault::Mathematics { round, why })?;
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
                said: own.said.get(account).map(|own| [keccak256(&own.points), own.proof, own.content]),
                weight: *weight,
                quality: *quality,
                payment: *payment,
            });
        }
        let done = VerifiedRound {
            number: round,
            aggregator: made.aggregator,
            settled: self.timestamp,
            outcome: outcome_digest(self.model, self.difference, keccak256(&made.matrix), &made.accounts),
            models: [keccak256(&said.points), self.model],
            updates,
            references: references.to_vec(),
            scores: own.scores,
            standing,
            proved: true,
        };
        Ok((done, made.points))
    }
}

/// The lower median; everything if nobody scored.
fn median(scores: impl Iterator<Item = u32>) -> u64 {
    let mut scores: Vec<u32> = scores.collect();
    scores.sort_unstable();
    let place = scores.len().saturating_sub(1) / 2;
    scores.get(place).map_or(WHOLE, |score| u64::from(*score))
}
