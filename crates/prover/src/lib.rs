//! Witnesses, commitments and proofs: the other side of `averment-verifier`.
//!
//! This is the reference: it reads like `docs/protocol.md`, and whatever is faster has to give the same bytes.

pub mod commit;
pub mod fast;
mod lookups;
mod masks;
pub mod model;
mod opening;
mod operand;
mod prove;
pub mod random;
pub mod registered;
mod rounds;
pub mod setup;

pub use commit::{Commitment, Setup, SetupError};
pub use lookups::LookupError;
pub use prove::{Assignment, ProveError, SlotCells, prove};

use averment_verifier::field::Fr;

/// Where uniform field elements come from: the operating system's generator in production, a seed in tests.
pub type Random<'a> = &'a mut dyn FnMut() -> Fr;
