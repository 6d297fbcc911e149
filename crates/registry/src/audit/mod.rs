//! The audit file `averment-audit/1`: everything there is to know about one version, with its proofs.
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
//!
//! Invariants: every value in the file takes part in a check, so that changing any of it is refused (or, for
//! the order of lists and white space, by the one form that the file has); nothing is reported that is not
//! hashed into the block hash or signed by a key that is.

mod evidence;
mod link;
mod log;
mod manifest;
pub mod page;
mod verified;
mod verify;

#[cfg(test)]
mod tests;

pub use evidence::{
    EntryEvidence, Evidence, EvidenceError, Format, HistoryEvidence, Limits, LogEvidence, Opening,
    RecordEvidence, VersionEvidence,
};
pub use link::{BrokenLink, Disagreement};
pub use verified::{
    ApprovalState, Block, Caveat, ManifestSigner, Verified, VerifiedLog, VerifiedOpening, VerifiedRecord,
    VerifiedVersion,
};
pub use verify::{TrustPolicy, TrustedBlockHash, verify};
