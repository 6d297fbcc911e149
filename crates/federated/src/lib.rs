//! What a round of federated learning computes from what the chain says: weights of robust rules, quality and pay.
//! The definitions are F2 and F4.3 of `docs/federated.md`; `contracts/src/federated/RobustWeights.sol` is the twin, bit for bit.
//!
//! Pure, and in integers: no files, clock, sockets or randomness; floating point only in [`comparison`] and [`score`].
//! Nothing here panics on input.
//!
//! ```
//! use averment_federated::gram::{Gram, Limits, Shape};
//! use averment_federated::rules::{Kind, Rule};
//!
//! // Three updates, two of them alike: their inner products, upper triangle, row by row.
//! let shape = Shape { updates: 3, previous: false, root: false, history: false };
//! let limits = Limits { update: 100, history: 0 };
//! let gram = Gram::new(shape, limits, &[9, 8, -5, 8, -4, 90])?;
//! let rule = Rule { faults: 1, ..Rule::of(Kind::MultiKrum) };
//! assert_eq!(rule.weights(&gram)?.updates(), [32_768, 32_768, 0]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod aggregate;
pub mod comparison;
pub mod gram;
pub mod pay;
pub mod quality;
pub mod rules;
pub mod score;
