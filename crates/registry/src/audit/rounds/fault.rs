//! Where the evidence about rounds does not hold.

use super::super::decision::DecisionFault;
use crate::{
    federated::{TaskCodeError, TaskEventError},
    state::ProofError,
};
use averment_primitives::{Address, B256, VersionId};
use thiserror::Error;

/// The first link of a version's rounds that does not hold.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field is named in the message beside it")]
pub enum RoundsFault {
    /// Another factory than the reader asked for.
    #[error("expected the factory of tasks {expected}, this task is of {got}")]
    Factory { expected: Address, got: Address },
    /// State, blocks or receipts that are not proved.
    #[error(transparent)]
    Proof(#[from] Box<DecisionFault>),
    /// The task's account is not proved.
    #[error("task: {0}")]
    Task(ProofError),
    /// The account of the code that it runs is not proved.
    #[error("what the task runs: {0}")]
    Runs(ProofError),
    /// Runs code that the reader does not trust.
    #[error("what the task runs: its code has hash {got}, which is not among those trusted")]
    Code { got: B256 },
    /// The bytes given as the task's code are others.
    #[error("the task's code has hash {expected}, the bytes given have {got}")]
    CodeHash { expected: B256, got: B256 },
    /// It is no task's.
    #[error(transparent)]
    NotATask(#[from] TaskCodeError),
    /// The factory did not create it.
    #[error("the factory {factory} did not create {task}")]
    Stranger { factory: Address, task: Address },
    /// The factory names another task, or none, for the version.
    #[error(
        "the factory says that version {version} is the final model of {expected}, the evidence is of {got}"
    )]
    Provenance { version: VersionId, expected: Address, got: Address },
    /// The task is not over, or ended as another version.
    #[error("the task ended as {expected}, the evidence is about {got}")]
    EndedAs { expected: VersionId, got: VersionId },
    /// The task goes on.
    #[error("the task is not over")]
    Open,
    /// The version that the task started from is no parent.
    #[error("the task started from version {0}, which is no parent of the version that it made")]
    NotAParent(VersionId),
    /// The version's registered weights are not the task's points.
    #[error(
        "the {which} version's weights are {expected}, the task's points are those of {got}: only a version with the task's own \
         points may claim its rounds, or one with an adoption proof, which its manifest names"
    )]
    Points { which: &'static str, expected: B256, got: B256 },
    /// The version's manifest claims other rounds.
    #[error("the version's manifest claims {what} {expected}, the task's is {got}")]
    Claim { what: &'static str, expected: String, got: String },
    /// An adoption that no manifest names, or none where one is named.
    #[error("the version's manifest {}", if *named { "names an adoption proof, which is not in the file" } else { "names no adoption proof, there is one in the file" })]
    Adoption { named: bool },
    /// The bytes given as the adoption are others than those that the manifest names.
    #[error("the manifest names an adoption with hash {expected}, the bytes given have {got}")]
    AdoptionDigest { expected: B256, got: B256 },
    /// The adoption does not hold.
    #[error("adoption: {0}")]
    NotAdopted(String),
    /// Proofs of rounds without what they are about, or not one for each round.
    #[error("{rounds} rounds have {proofs} proofs, and what the task's vectors are is{} here", if *vectors { "" } else { " not" })]
    Proofs { rounds: usize, proofs: usize, vectors: bool },
    /// The bytes before the points are not the task's.
    #[error("the commitment's bytes before its points have hash {got}, the task's code says {expected}")]
    Prefix { expected: B256, got: B256 },
    /// A log that is no event.
    #[error(transparent)]
    Event(#[from] TaskEventError),
    /// A log of another contract.
    #[error("a log of {got} among what the task {expected} said")]
    Foreign { expected: Address, got: Address },
    /// A step that is no part of the audit.
    #[error("block {block} has a step that says nothing of the rounds")]
    Surplus { block: u64 },
    /// Final rounds are missing, or too many.
    #[error("the task's state says that {expected} rounds are final, {got} are here")]
    Count { expected: u16, got: usize },
    /// A round that was paid without a model, or with another.
    #[error("round {round}: {what}")]
    Round { round: u16, what: &'static str },
    /// The chain over the rounds is another one.
    #[error(
        "the rounds given have the chain {got}, the task's state says {expected}: one of them is missing, another's or was changed"
    )]
    History { expected: B256, got: B256 },
    /// What follows from a round's matrix and points is something else.
    #[error("round {round}: {why}")]
    Mathematics { round: u16, why: String },
}
