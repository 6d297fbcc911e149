//! Statement, transcript, proof, and whether a proof proves its statement: the protocol of `docs/protocol.md`.
//!
//! Pure: no files, clock, sockets or randomness. Nothing here panics on input, whatever the bytes.

#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

pub mod certificate;
pub mod claims;
pub mod commitment;
mod decision;
pub mod descriptor;
pub mod federated;
pub mod field;
pub mod file;
pub mod functional;
pub mod opening;
pub mod point;
pub mod proof;
mod registered;
pub mod setup;
pub mod statement;
pub mod sumcheck;
pub mod transcript;
mod verify;

pub use registered::{Registered, RegisteredError};
pub use verify::{Key, VerifyError, absorb, batch_mask_weights, begin, coordinates, verify, verify_with};
