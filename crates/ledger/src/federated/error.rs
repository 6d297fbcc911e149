use super::TaskCodeFault;
use crate::{
    HeaderError,
    contracts::SendError,
    keys::SignError,
    registry::{LogsFault, ReadError},
};
use averment_primitives::Address;
use thiserror::Error;

/// Why something about a task was not read or done.
#[derive(Debug, Error)]
pub enum TaskError {
    /// It is no task, or its code was not had.
    #[error(transparent)]
    Code(#[from] Box<TaskCodeFault>),
    /// No final block that checks.
    #[error(transparent)]
    Header(#[from] Box<HeaderError>),
    /// The contract was not asked.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The node gave no events.
    #[error(transparent)]
    Logs(#[from] LogsFault),
    /// An event that cannot stand where it does.
    #[error("block {block}: {why}; the node is wrong or lies, or the task is newer than this program")]
    Event {
        /// The block that the node names.
        block: u64,
        /// What is wrong.
        why: String,
    },
    /// A transaction was not sent, or failed.
    #[error(transparent)]
    Send(#[from] Box<SendError>),
    /// Nothing was signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The account has not the money.
    #[error(
        "{account} needs {needed} of the token {token}, it has {got}; get it some first (nothing was sent)"
    )]
    Money {
        /// The account.
        account: Address,
        /// The token.
        token: Address,
        /// What it needs.
        needed: averment_primitives::U256,
        /// What it has.
        got: averment_primitives::U256,
    },
}

impl From<HeaderError> for TaskError {
    fn from(error: HeaderError) -> Self {
        Self::Header(Box::new(error))
    }
}

impl From<SendError> for TaskError {
    fn from(error: SendError) -> Self {
        Self::Send(Box::new(error))
    }
}

impl From<TaskCodeFault> for TaskError {
    fn from(error: TaskCodeFault) -> Self {
        Self::Code(Box::new(error))
    }
}
