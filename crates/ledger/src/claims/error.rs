//! Why something about a pool was not read or done.

use crate::{contracts::SendError, keys::SignError, registry::ReadError};
use averment_primitives::B256;
use averment_registry::Utc;
use thiserror::Error;

/// Why something about a pool was not done.
#[derive(Debug, Error)]
pub enum ClaimsError {
    /// What was scheduled may not be carried out yet.
    #[error("operation {id} is scheduled: it may be carried out from {} on", Utc(*from))]
    NotYet {
        /// The operation, as the pool's access manager knows it.
        id: B256,
        /// From when on, in seconds of Unix time.
        from: u64,
    },
    /// Reading failed.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A transaction was refused or not sent.
    #[error(transparent)]
    Send(#[from] Box<SendError>),
    /// Nothing was signed.
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl From<SendError> for ClaimsError {
    fn from(error: SendError) -> Self {
        Self::Send(Box::new(error))
    }
}
