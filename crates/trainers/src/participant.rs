//! Who has data and trains on it.

use crate::{GraphError, ParameterError, Parameters, TensorSchema};
use std::ops::ControlFlow;
use thiserror::Error;

/// Who has data. Both steps are functions of their arguments and of the data: who stopped in the middle begins again with the same
/// arguments, and gets the same bits.
pub trait Participant {
    /// Names and shapes of what is trained.
    fn schema(&self) -> &[TensorSchema];

    /// Trains from a model on. `watch` hears of each pass over the data and may stop it, with [`FitError::Stopped`].
    fn fit(
        &self,
        fit: &Fit<'_>,
        watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Fitted, FitError>;

    /// How good a model is on what this participant holds out.
    fn evaluate(&self, model: &Parameters) -> Result<Evaluation, FitError>;
}

/// What one training starts from.
#[derive(Debug, Clone, Copy)]
pub struct Fit<'a> {
    /// The model.
    pub model: &'a Parameters,
    /// What the last training gave to go on with: the momentum. None in the first round, or if it is lost.
    pub memory: Option<&'a Parameters>,
    /// What the order of examples follows from. Another one for each round.
    pub seed: [u8; 32],
}

/// What one training gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// The trained model; its update is this one [`Parameters::minus`] the one before.
    pub model: Parameters,
    /// To be kept for the next training.
    pub memory: Option<Parameters>,
    /// Examples it was trained on.
    pub examples: usize,
    /// The mean loss of the last pass, measured while training.
    pub loss: f64,
}

/// How far training is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Batches done.
    pub done: usize,
    /// Batches in all.
    pub of: usize,
    /// The mean loss of the pass so far.
    pub loss: f64,
}

/// How good a model is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evaluation {
    /// Examples.
    pub examples: usize,
    /// How many of them it decides rightly; of equal scores the first counts, as in a plan.
    pub correct: usize,
    /// The mean cross entropy.
    pub loss: f64,
}

impl Evaluation {
    /// The part that is decided rightly, 0 without examples.
    pub fn accuracy(&self) -> f64 {
        self.correct as f64 / self.examples.max(1) as f64
    }
}

/// Why nothing was trained or measured.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum FitError {
    /// The model, or what the last training gave, has other tensors.
    #[error(transparent)]
    Parameters(#[from] ParameterError),
    /// The network cannot be trained, or not on this data.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// A setting that makes no sense.
    #[error("{setting} should be {expected}, got {got}")]
    Setting {
        /// Which.
        setting: &'static str,
        /// What is expected.
        expected: &'static str,
        /// What came.
        got: f64,
    },
    /// There is nothing to train on.
    #[error("there are no examples to train on")]
    NoExamples,
    /// Numbers became too large: the model, the data or the rate is at fault.
    #[error("training diverged in batch {batch}: {source}; a smaller rate may help")]
    Diverged {
        /// In which batch of all.
        batch: usize,
        /// What was not finite.
        source: ParameterError,
    },
    /// Whoever watched stopped it.
    #[error("stopped after {done} of {of} batches")]
    Stopped {
        /// Batches done.
        done: usize,
        /// Batches in all.
        of: usize,
    },
}
