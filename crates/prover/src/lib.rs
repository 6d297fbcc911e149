//! Witnesses, commitments and proofs: the other side of `averment-verifier`.
//!
//! [`model::Committed`] goes from a model to proofs, [`certify::Certifier`] to the certificate of its weights, [`mod@federated`] from
//! vectors to the proofs of a task of federated learning.
//! [`Engine`] makes them on kernels; [`mod@reference`] reads like `docs/protocol.md`, and from the same randomness both give the same bytes.

mod assignment;
mod axes;
pub mod certify;
pub mod commit;
mod engine;
pub mod federated;
mod lookups;
mod masks;
pub mod model;
pub mod random;
pub mod reference;
pub mod registered;
mod rounds;
pub mod setup;

pub use assignment::{Assignment, ProveError, SlotCells};
pub use commit::{Commitment, Setup, SetupError};
pub use engine::{Engine, Observer, Phase, Progress};
pub use lookups::LookupError;

use averment_verifier::field::Fr;

/// Where uniform field elements come from: the operating system's generator in production, a seed in tests.
pub type Random<'a> = &'a mut dyn FnMut() -> Fr;
