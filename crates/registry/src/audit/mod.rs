//! The audit file: everything there is to know about one version (`averment-audit/1`), or about one of its decisions, from its
//! data to the payout (`averment-audit/2`), with its proofs; with the rounds of federated learning that made it or an ancestor
//! (`averment-audit/3`, with their proofs `averment-audit/4`).
//!
//! [`Evidence`] is the file. [`verify`] checks it offline, link by link, with nothing but a block hash that the
//! reader trusts for reasons of its own; the file holds no root of trust. What comes out is [`Verified`], the
//! only thing that [`page`] renders. The links, in order:
//!
//! block hash → header → account of the registry → storage: heads and lengths of the histories →
//! entries, hash-chained and replayed under the contract's rules → version id over its content →
//! manifest digest → signed statement about this model, these artifacts and parents; artifacts root → listing of files,
//! which are the statement's subjects; approvals → recovered keys;
//! block hash → account of `Anchors` → what was anchored → root of a log → inclusion of records → openings.
//! A decision's links are said where they are checked, in `decision`.
//!
//! Invariants: every value in the file takes part in a check, so that changing any of it is refused (or, for
//! the order of lists and white space, by the one form that the file has); nothing is reported that is not
//! hashed into the block hash or signed by a key that is. The exception is said wherever it applies: steps of a decision that
//! are older than what a chain's state remembers are told by the file's maker.

mod decision;
mod evidence;
mod link;
mod log;
mod manifest;
pub mod page;
mod rounds;
mod verified;
mod verify;

#[cfg(test)]
mod tests;

pub use decision::{
    Answer, BlockEvidence, ClaimEvidence, Contract, DecisionEvidence, DecisionFault, DisclosedInput,
    InputOpeningEvidence, InputsEvidence, Mathematics, PoolEvidence, ProofEvidence, ProofStanding, Question,
    ReceiptEvidence, RequestEvidence, Step, StepsEvidence, ToldEvidence, Unchecked, VerifiedClaim,
    VerifiedDecision, VerifiedPool,
};
pub use evidence::{
    EntryEvidence, Evidence, EvidenceError, Format, HistoryEvidence, Limits, LogEvidence, Opening,
    RecordEvidence, VersionEvidence,
};
pub use link::{BrokenLink, Disagreement};
pub use rounds::{
    AdoptionEvidence, AdoptionQuestion, Money, RoundProof, RoundProofEvidence, RoundQuestion, RoundStanding,
    RoundsEvidence, RoundsFault, TaskQuestion, TokenTold, VectorsEvidence, VerifiedRound, VerifiedRounds,
    VerifiedUpdate,
};
pub use verified::{
    ApprovalState, Block, Caveat, ManifestSigner, Verified, VerifiedLog, VerifiedOpening, VerifiedRecord,
    VerifiedVersion,
};
pub use verify::{TrustPolicy, TrustedBlockHash, verify, verify_with};
