//! What is simulated.

use super::{Attack, Scheme};
use averment_federated::{
    aggregate::AggregateError,
    gram::{GramError, MAX_UPDATES},
    rules::RuleError,
};
use averment_trainers::{
    FitError, GraphError, ParameterError, Settings,
    data::{
        DataError,
        idx::FolderError,
        split::{Split, SplitError},
        table::TableError,
    },
};
use thiserror::Error;

/// The most participants.
pub const PARTICIPANTS: usize = 1 << 20;
/// The most rounds.
pub const ROUNDS: usize = 10_000;

/// The most sets of updates that minimum-diameter averaging tries in a round.
pub const SETS: u64 = 1 << 20;

/// What stands against attackers beside the rule; each can be switched off, for a control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Defence {
    /// Numbers that are none die at decoding.
    pub decoding: bool,
    /// An update's norm is proved to be within the task's bound.
    pub bound: bool,
    /// The rule looks at cumulative updates, too: half B of the matrix.
    pub history: bool,
    /// Pay is by quality; otherwise every update gets the same.
    pub quality: bool,
    /// How many validators' scores pay is by, too; 0 for none.
    pub validators: usize,
    /// With how many strikes a member is out; 0 if nobody ever is.
    pub strikes: u32,
}

impl Defence {
    /// As tasks are meant to be, but that nobody goes: what an attack does it goes on doing.
    pub const ALL: Self =
        Self { decoding: true, bound: true, history: true, quality: true, validators: 5, strikes: 0 };
}

/// One simulation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Experiment {
    /// Participants in all.
    pub participants: usize,
    /// How many of them attack; also the rule's f, in proportion where fewer are selected.
    pub attackers: usize,
    /// The most that are selected in a round.
    pub selected: usize,
    /// Rounds.
    pub rounds: usize,
    /// What attackers do; none for honest ones only.
    pub attack: Option<Attack>,
    /// What decides how much each update counts.
    pub scheme: Scheme,
    /// What else there is.
    pub defence: Defence,
    /// How the honest ones' data is spread.
    pub split: Split,
    /// How participants train.
    pub training: Settings,
    /// Of everything that is random.
    pub seed: u64,
}

impl Experiment {
    /// Fails if something makes no sense.
    pub fn check(&self) -> Result<(), ExperimentError> {
        let out = |what, least: usize, most: usize, got: usize| {
            if (least..=most).contains(&got) {
                Ok(())
            } else {
                Err(ExperimentError::Count { what, least, most, got })
            }
        };
        out("participants", 1, PARTICIPANTS, self.participants)?;
        out("rounds", 1, ROUNDS, self.rounds)?;
        out("participants of a round", 1, MAX_UPDATES, self.selected)?;
        // A majority has to be honest, or nothing says which side is.
        out("attackers", 0, self.participants.saturating_sub(1) / 2, self.attackers)
    }
}

/// Why a simulation came to nothing.
#[derive(Debug, Error)]
pub enum ExperimentError {
    /// Too few or too many.
    #[error("expected {least} to {most} {what}, got {got}")]
    Count {
        /// Of what.
        what: &'static str,
        /// The fewest.
        least: usize,
        /// The most.
        most: usize,
        /// What came.
        got: usize,
    },
    /// Minimum-diameter averaging would have to try too many sets.
    #[error(
        "minimum-diameter tries every set of {updates} updates without {faults}; at most {SETS} sets are tried"
    )]
    Sets {
        /// Updates of the round.
        updates: usize,
        /// How many of them may be wrong.
        faults: usize,
    },
    /// A dataset's table is none.
    #[error(transparent)]
    Table(#[from] TableError),
    /// An IDX folder is none.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The data makes no dataset.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The data cannot be spread so.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// The network cannot be trained.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// Training failed.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// Parameters are none.
    #[error(transparent)]
    Parameters(#[from] ParameterError),
    /// The rule cannot be used on so few updates.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// The inner products are not within bounds.
    #[error(transparent)]
    Gram(#[from] GramError),
    /// The weighted sum was asked of other rows.
    #[error(transparent)]
    Aggregate(#[from] AggregateError),
}
