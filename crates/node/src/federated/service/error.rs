//! Why a member stops, ends a turn early, or has not done something yet.

use super::super::{
    craft::CraftError, journal::KeepError, machine::Nonsense, points::PointsError, store::StoreError,
    transfers::TransferError,
};
use crate::seal::SealError;
use alloy_primitives::B256;
use averment_ledger::{HeaderError, contracts::SendError, federated::TaskError, keys::SignError};
use thiserror::Error;

/// Why a member stops. All of these want a person.
#[derive(Debug, Error)]
pub enum Halt {
    /// A block that counted as settled was replaced.
    #[error(
        "block {number} had settled as {expected} and is {got} now: the chain was reorganised deeper than its settling \
         allows. Nothing more is signed. Find out which history holds before the member is started with a new journal"
    )]
    Reorganised {
        /// The block.
        number: u64,
        /// What it was.
        expected: B256,
        /// What it is.
        got: B256,
    },
    /// The initial model, which was fetched, leaves no room for the task's rounds: nobody should take part.
    #[error("the model that the task starts from is refused: {0}. Leave the task")]
    Room(String),
    /// Nothing can be kept, so nothing may be signed.
    #[error(transparent)]
    Keep(#[from] KeepError),
    /// The disk does not give or take what it should.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What the chain says cannot be.
    #[error(transparent)]
    Nonsense(#[from] Nonsense),
    /// The key does not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// Somebody stops it in a test, at the step that it names.
    #[error("stopped at step {0}")]
    Stopped(&'static str),
}

/// Why a turn ended early.
#[derive(Debug, Error)]
pub enum TurnError {
    /// The member stops.
    #[error(transparent)]
    Halt(#[from] Halt),
    /// The chain was not read; the next turn tries again.
    #[error(transparent)]
    Read(#[from] Box<TaskError>),
}

impl From<TaskError> for TurnError {
    fn from(error: TaskError) -> Self {
        Self::Read(Box::new(error))
    }
}

impl From<HeaderError> for TurnError {
    fn from(error: HeaderError) -> Self {
        TaskError::from(error).into()
    }
}

/// Why something that was wanted was not done. It is tried again.
#[derive(Debug, Error)]
pub(super) enum ActError {
    #[error(transparent)]
    Task(#[from] TaskError),
    #[error(transparent)]
    Craft(#[from] CraftError),
    #[error(transparent)]
    Points(#[from] PointsError),
    #[error(transparent)]
    Transfer(#[from] TransferError),
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error(transparent)]
    Halt(#[from] Halt),
    #[error("{0} is not there")]
    Missing(&'static str),
}

impl From<StoreError> for ActError {
    fn from(error: StoreError) -> Self {
        Self::Halt(error.into())
    }
}

impl ActError {
    /// Whether the contract said no: mostly somebody else was first, or the time is over.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(self, Self::Task(TaskError::Send(error))
            if matches!(**error, SendError::Refused { .. } | SendError::Reverted { .. }))
    }

    /// Whether it was sent all the same: its events say when it has settled.
    pub(super) fn is_sent(&self) -> bool {
        matches!(self, Self::Task(TaskError::Send(error))
            if matches!(**error, SendError::NotFinal { .. } | SendError::Uncertain { .. }))
    }
}
