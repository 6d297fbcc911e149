//! The audit of a version that a task of federated learning made: from the task's code and state to each round.
//!
//! The links, in order, all from the state root of the trusted block:
//!
//! factory's account → this task is one of its own, and the version is the task's final model → the task's account → its code, whose hash
//! binds the terms → it is over, and ended as this version → the registered weights of this version are the task's final points byte for
//! byte, those of the version that the terms name, a parent, are the points that the first round began with → the chain over final rounds:
//! each round's points before and after, matrix and accounts.
//!
//! Weights, qualities, payments and what a round adds to the model *follow* from that: they are computed again, by [`Mathematics`] where
//! they need rules or the curve. Only events say who aggregated, what each update's points and hashes were, scores, strikes and slashes:
//! proved by receipts as far as the trusted state remembers their blocks, told otherwise, and marked so. With the rounds' proofs in the file
//! [`Mathematics`] checks too that each new model is the weighted sum of the updates and in range. A version whose manifest claims rounds is
//! held against them; where its points are not the task's own the manifest names an adoption, which is checked likewise.
//!
//! [`Mathematics`]: super::Mathematics

mod evidence;
mod fault;
mod verified;
mod verify;

#[cfg(test)]
mod tests;

pub use evidence::{AdoptionEvidence, RoundProofEvidence, RoundsEvidence, TokenTold, VectorsEvidence};
pub use fault::RoundsFault;
pub use verified::{
    AdoptionQuestion, Money, RoundProof, RoundQuestion, RoundStanding, TaskQuestion, VerifiedRound,
    VerifiedRounds, VerifiedUpdate,
};
pub(super) use verify::{About, verify};
