//! The oracle operator: follows a chain, answers requests for which it was drawn, and checks others' answers.
//!
//! [`machine`] says what is to be done, from what happened, and knows nothing else; [`journal`] keeps what happened and what
//! was decided, before anything is signed; [`answers`] computes; [`inputs`] finds what is asked about, [`seal`] keeps it for
//! the members' eyes, and [`weights`] those of a model. [`drand`] fetches rounds that draw committees where blocks do not. [`chain`] reads events and sends transactions, [`operator`] puts all of this together, so that it may be
//! stopped anywhere; [`metrics`] and [`pages`] show how it fares. [`stake`] joins and leaves;
//! [`secrets`] is what follows from its one key.
//!
//! [`federated`] is another service: a member of a task of federated learning.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod answers;
pub mod chain;
pub mod channel;
pub mod drand;
pub mod federated;
pub mod inputs;
pub mod journal;
pub mod machine;
pub mod metrics;
pub mod operator;
pub mod pages;
pub mod proofs;
pub mod seal;
pub mod secrets;
pub mod signing;
pub mod stake;
pub mod weights;
pub mod words;
