//! The audit of one decision: a request of the audited version, from the offer to the payout.
//!
//! The links, in order, all from the state root of the trusted block:
//!
//! router's account → its word for the offer and for the request: *final*, since when, digest of the outputs →
//! what was asked for, hashed into the request's id with chain, router and requester; the offer, hashed into its id, of the
//! version's own weights and plan; the outputs → (if the requester is a claims pool) the pool's account → routine, products,
//! claims and policies: what the outputs decided, and what is paid for it;
//! the steps on the way: receipts, from headers of blocks whose hashes the trusted state keeps (EIP-2935);
//! a proof of the answer, which [`Mathematics`] checks against exactly this request: this crate knows no curve.
//!
//! State proves *what* is final and paid. *How* it came to it only events say. An event of a block that the state does not
//! remember any more is told by whoever made the file, and marked so; it is held against everything that is proved.

mod evidence;
mod fault;
mod mathematics;
mod pool;
mod steps;
mod verified;
mod verify;

pub use evidence::{
    BlockEvidence, ClaimEvidence, DecisionEvidence, InputOpeningEvidence, InputsEvidence, PoolEvidence,
    ProofEvidence, ReceiptEvidence, RequestEvidence, StepsEvidence, ToldEvidence,
};
pub use fault::DecisionFault;
pub use mathematics::{DisclosedInput, Mathematics, ProofStanding, Question, Unchecked};
pub(super) use steps::{Found, gathered};
pub use verified::{Answer, Contract, Step, VerifiedClaim, VerifiedDecision, VerifiedPool};
pub(super) use verify::{contract, verify};
