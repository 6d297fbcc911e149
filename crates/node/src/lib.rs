//! The oracle operator: follows a chain, answers requests for which it was drawn, and checks others' answers.
//!
//! [`machine`] says what is to be done, from what happened, and knows nothing else; [`journal`] keeps what happened and what
//! was decided, before anything is signed; [`answers`] computes; [`inputs`] finds what is asked about, [`seal`] keeps it for
//! the members' eyes.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod answers;
pub mod inputs;
pub mod journal;
pub mod machine;
pub mod seal;
