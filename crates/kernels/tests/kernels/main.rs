//! All implementations against the definitions, on random and on awkward values, at awkward sizes.

mod msm;
mod rows;
mod sumcheck;
mod values;
mod vector;
