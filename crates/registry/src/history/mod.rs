//! The history of a model: the contract's `Recorded` events, decoded, hash-chained and replayed.
//!
//! Twin of `IModelRegistry`: [`Entry`] is one event, [`History`] what a list of them says. Replaying enforces
//! the contract's own rules, so an entry that the contract could not have made is an error that names it,
//! and recomputes every head, so a list whose last head equals the one in storage is the whole history.
//!
//! Invariants: an entry has exactly one encoding (payloads that decode but do not encode back to the same
//! bytes are refused); a [`History`] is only ever the result of accepted entries.

mod entry;
mod error;
mod lineage;
mod preview;
mod record;
mod replay;
mod text;
mod view;

#[cfg(test)]
mod tests;

pub use entry::{Entry, EntryError, Kind, Limits, Payload};
pub use error::{HistoryError, Refusal};
pub use lineage::{Lineage, LineageError};
pub use record::{
    Appointment, Compromise, DecisionRecord, Deployment, Ending, Policy, RoleKey, SignatureCheck, Stage,
    VersionRecord,
};
pub use replay::History;
pub use text::Text;
pub(crate) use text::is_unsafe;
