//! The words every other crate speaks: ids, digests, Merkle trees, salted commitments, bounded decoding.
//!
//! Nothing here reads a file, a clock, a socket or a random number generator: callers pass time and
//! randomness in. Nothing here panics on input.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod decode;
pub mod fingerprint;
mod ids;
pub mod merkle;
mod salted;

pub use alloy_primitives::{Address, B256, Bytes, Signature, U256, hex, keccak256};
pub use decode::{DecodeError, Reader};
pub use ids::{LogId, ModelId, RoleId, VersionId};
pub use salted::{Salt, SaltedLeaf};
