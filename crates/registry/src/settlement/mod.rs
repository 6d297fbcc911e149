//! Requests, offers and claims as `InferenceRouter` and `ClaimsPool` have them, and what these contracts say of them.
//!
//! Twin of `contracts/src/types/{Settlement,Claims}.sol` and of the events of the two contracts and of `ICommittees`. Ids are
//! hashes of everything they stand for (docs/settlement.md), so whoever has a request can compute its id, and nothing of it
//! can be another's.
//!
//! Invariant: what is decoded encodes to the same bytes again.

pub(crate) mod abi;
mod claims;
mod event;
mod request;

pub use abi::AbiError;
pub use claims::{ClaimStage, Filing, Intake, batch_inputs};
pub use event::{Event, EventError, Log};
pub use request::{
    Mode, Offer, Phase, Quorum, Request, Router, decode_outputs, encode_outputs, outputs_digest,
};
