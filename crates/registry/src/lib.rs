//! What is said about models, and how a stranger checks it: ids and approvals, the history of the registry
//! contract replayed, proofs of chain state, and the audit file with its offline check.
//!
//! Pure: nothing here reads a file, a clock, a socket or a random number generator; time and randomness are
//! arguments. Nothing here panics on input.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod approval;
pub mod audit;
pub mod canonical;
pub mod dsse;
pub mod explanation;
pub mod federated;
pub mod history;
pub mod log;
pub mod manifest;
pub mod measurement;
pub mod settlement;
pub mod state;
mod utc;

#[cfg(test)]
mod testing;
pub mod version;

pub use utc::Utc;
