//! Federated learning with some who do not play by the rules: what each rule's model is worth, and what each participant earns.
//!
//! Updates become integers as a task's do ([F1.2], [F2.1]); rules, qualities and pay are `federated`'s, the same code as in
//! production; training is `trainers`'. Only the chain is left out. Everything follows from the seed.

mod attack;
mod experiment;
mod pays;
mod problem;
mod ranges;
mod run;
mod scheme;
mod study;
mod validators;

pub use attack::Attack;
pub use experiment::{Defence, Experiment, ExperimentError, PARTICIPANTS, ROUNDS, SETS};
pub use pays::{Member, Pays};
pub use problem::{Problem, Source};
pub use run::{Outcome, Round, run, usual_training};
pub use scheme::{Comparison, Method, Scheme, Standing};
pub use study::{Found, SEEDS, Spread, Study};
