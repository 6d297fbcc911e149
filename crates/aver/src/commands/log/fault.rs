//! What kind of failure an error of the log is: broken evidence is refused, what was typed is usage, the rest is
//! outside.

use crate::exit;
use anyhow::Error;
use averment_registry::log::TreeError;
use averment_storage::log::{
    AnchorError, AppendError, EraseError, OpenError, ReadError, RecoverError, VerifyError,
};
use std::io;

pub fn read(error: ReadError) -> Error {
    match &error {
        ReadError::NotALog { .. } | ReadError::Beyond { .. } | ReadError::Sizes { .. } => {
            exit::usage(error.to_string()).into()
        }
        _ if is_outside(&error) => error.into(),
        _ => exit::refused(error.to_string()).into(),
    }
}

/// Whether the operating system failed, rather than the evidence. A file that is gone is broken evidence.
fn is_outside(error: &ReadError) -> bool {
    match error {
        ReadError::Io { source, .. } => source.kind() != io::ErrorKind::NotFound,
        ReadError::Tree(TreeError::Read { error, .. }) => is_outside(error),
        _ => false,
    }
}

pub fn recover(error: RecoverError) -> Error {
    match error {
        RecoverError::RolledBack { .. } => exit::refused(error.to_string()).into(),
        RecoverError::Read(error) => read(error),
        RecoverError::Write(_) => error.into(),
    }
}

pub fn open(error: OpenError) -> Error {
    match error {
        OpenError::Exists { .. } | OpenError::Key { .. } => exit::usage(error.to_string()).into(),
        OpenError::Headless { .. } => exit::refused(error.to_string()).into(),
        OpenError::Recover(error) => recover(error),
        OpenError::Read(error) => read(error),
        OpenError::Locked { .. } | OpenError::Write(_) | OpenError::Sign(_) => error.into(),
    }
}

pub fn append(error: AppendError) -> Error {
    match error {
        AppendError::Recover(error) => recover(error),
        error => error.into(),
    }
}

pub fn erase(error: EraseError) -> Error {
    match error {
        EraseError::Already { .. } | EraseError::Kind { .. } => exit::refused(error.to_string()).into(),
        EraseError::Recover(error) => recover(error),
        EraseError::Read(error) => read(error),
        error => error.into(),
    }
}

pub fn anchor(error: AnchorError) -> Error {
    match error {
        AnchorError::Recover(error) => recover(error),
        AnchorError::Append(error) => append(error),
        AnchorError::Read(error) => read(error),
        error => error.into(),
    }
}

pub fn verify(error: VerifyError) -> Error {
    match error {
        VerifyError::Read(error) => read(error),
        error => exit::refused(error.to_string()).into(),
    }
}
