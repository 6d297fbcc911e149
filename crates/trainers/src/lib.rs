//! Training, for those who take part in federated learning: who has data implements [`Participant`], and [`Trainer`] does it for
//! every network that the compiler imports, so that what is trained is what is proved afterwards.
//!
//! ```text
//! ONNX or [`models`] --Network--> Graph --(data, seed)--> Trainer: fit, evaluate
//! ```
//!
//! Stochastic gradient descent over f32 on one thread, in a fixed order: the same arguments give the same bits on one
//! machine. There is no tensor library below it; the feature `candle` has the same training on one, to which this is held.

#[cfg(feature = "candle")]
pub mod candle;
pub mod data;
mod learner;
pub mod models;
pub mod network;
mod parameters;
mod participant;
pub mod random;
mod sgd;
mod standardised;

pub use learner::Learner;
pub use network::{Graph, GraphError};
pub use parameters::{ParameterError, Parameters, TensorSchema};
pub use participant::{Evaluation, Fit, FitError, Fitted, Participant, Progress};
pub use sgd::{Settings, Trainer};
pub use standardised::Standardised;
