//! Agents with money against the contracts that settle requests, on an embedded chain: what an attack costs, what it
//! brings, and whether it pays.
//!
//! Every strategy runs twice. Once as the contracts are meant to be used: then it must not be worth more than honest work.
//! Once with the one defence against it switched off: then it must pay, or the first run has shown nothing. The contracts are
//! the real ones, registry and governance included; the proof verifier alone runs its model itself ([`model`]), since that
//! false statements are not proved is shown elsewhere.
//!
//! Federated learning has its attackers in [`federated`], without a chain.
//!
//! Everything follows from the seed.

mod cases;
mod error;
pub mod federated;
pub mod model;
pub mod optimistic;
pub mod quorum;
pub mod world;

pub use cases::{Case, Economy, MOST_REQUESTS, Report, Row, simulate};
pub use error::SimulationError;
