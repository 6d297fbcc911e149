//! Exit codes: 0 done, 1 refused, 2 wrong usage, 3 something outside failed.

use averment_ledger::contracts::SendError;
use std::fmt;

/// An error whose kind decides the exit code. Anything else ends with [`OUTSIDE`].
#[derive(Debug)]
pub struct Failure {
    code: u8,
    message: String,
}

/// Evidence does not verify, or the chain would refuse.
pub const REFUSED: u8 = 1;
/// The command line or the configuration is wrong.
pub const USAGE: u8 = 2;
/// A file, the chain or a password failed.
pub const OUTSIDE: u8 = 3;

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// An error about what was typed or configured.
pub fn usage(message: impl Into<String>) -> Failure {
    Failure { code: USAGE, message: message.into() }
}

/// An error that says no: evidence is broken, or a rule forbids it.
pub fn refused(message: impl Into<String>) -> Failure {
    Failure { code: REFUSED, message: message.into() }
}

/// The exit code for an error.
pub fn code_of(error: &anyhow::Error) -> u8 {
    if let Some(failure) = error.downcast_ref::<Failure>() {
        return failure.code;
    }
    match error.downcast_ref::<SendError>() {
        Some(SendError::Refused { .. } | SendError::Declined { .. } | SendError::Reverted { .. }) => REFUSED,
        _ => OUTSIDE,
    }
}
