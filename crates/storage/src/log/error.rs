//! What can go wrong, one enum an operation.

use super::segment::SegmentError;
use crate::atomic::WriteError;
use averment_primitives::B256;
use averment_registry::{
    canonical::JsonError,
    log::{
        BundleError, CheckpointError, PadError, ProveError, RecordError, RecordKind, ResumeError, SignError,
        TreeError,
    },
};
use std::{io, path::PathBuf};
use thiserror::Error;

/// Why something could not be read from a log.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The operating system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// There is no log here.
    #[error("{} is no log: it has no {missing}; `aver log open` makes one", path.display())]
    NotALog {
        /// The folder.
        path: PathBuf,
        /// What is not there.
        missing: &'static str,
    },
    /// A file is longer than any of its kind.
    #[error("{}: at most {limit} bytes are read, it is longer", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// The most that it may have.
        limit: u64,
    },
    /// A file of settings or bookkeeping is not what it should be.
    #[error("{}: {fault}", path.display())]
    Settings {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        fault: SettingsFault,
    },
    /// The checkpoint is not this log's.
    #[error("{}: {error}", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: CheckpointError,
    },
    /// A tile is missing, cut short, altered or another's.
    #[error(transparent)]
    Tree(#[from] TreeError<Box<ReadError>>),
    /// A bundle is cut short, too long or none.
    #[error("{}: {error}", path.display())]
    Bundle {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: BundleError,
    },
    /// A bundle is not the tree's.
    #[error(transparent)]
    Entries(#[from] ResumeError),
    /// A private file is damaged.
    #[error("{}: {error}", path.display())]
    Segment {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: SegmentError,
    },
    /// A private record is not the one that was logged.
    #[error("record {index}: what is kept of it does not open its leaf {leaf}; it was altered or damaged")]
    Unopened {
        /// Its index.
        index: u64,
        /// What was published of it.
        leaf: B256,
    },
    /// What was logged is no record.
    #[error("record {index}: {error}")]
    Record {
        /// Its index.
        index: u64,
        /// What is wrong with it.
        error: RecordError,
    },
    /// There is no such record, or no such older log.
    #[error("the log has {size} records; there is none with index {index}")]
    Beyond {
        /// What was asked for.
        index: u64,
        /// How many there are.
        size: u64,
    },
    /// A log is consistent only with bigger ones.
    #[error("a log of {newer} records does not contain one of {older}")]
    Sizes {
        /// The smaller log's size.
        older: u64,
        /// The bigger log's size.
        newer: u64,
    },
}

impl From<ProveError<TreeError<Box<ReadError>>>> for ReadError {
    fn from(error: ProveError<TreeError<Box<ReadError>>>) -> Self {
        match error {
            ProveError::Beyond { index, size } => Self::Beyond { index, size },
            ProveError::Sizes { older, newer } => Self::Sizes { older, newer },
            ProveError::Source(error) => Self::Tree(error),
        }
    }
}

/// What is wrong with a file of settings or bookkeeping.
#[derive(Debug, Error)]
pub enum SettingsFault {
    /// Not canonical JSON.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// JSON of another shape.
    #[error("expected the fields of {format}: {error}")]
    Shape {
        /// The format.
        format: &'static str,
        /// What does not fit.
        error: serde_json::Error,
    },
    /// A field whose value cannot be.
    #[error("its field {field} is not what it should be: {reason}")]
    Field {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

/// Why a log could not be made or opened for writing.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Somebody else writes.
    #[error("{} is locked: another process is writing to this log; wait for it or end it", path.display())]
    Locked {
        /// The lock's file.
        path: PathBuf,
    },
    /// There is a log already.
    #[error("{} is a log already; open it instead of making it", path.display())]
    Exists {
        /// The folder.
        path: PathBuf,
    },
    /// There are records, but the log's head is gone.
    #[error("{} is missing, but there are records of a log here; restore it instead of making a new log", path.display())]
    Headless {
        /// Where the checkpoint should be.
        path: PathBuf,
    },
    /// The key is another log's.
    #[error("this log is signed by {expected}, the key given is {got}")]
    Key {
        /// The log's key.
        expected: String,
        /// The key given.
        got: String,
    },
    /// The log's state cannot be read, or what a crash interrupted not be finished.
    #[error(transparent)]
    Recover(#[from] RecoverError),
    /// The settings cannot be read or written down.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Something could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The first checkpoint could not be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// Why a log cannot be written to as it is.
#[derive(Debug, Error)]
pub enum RecoverError {
    /// The log is older than what was anchored of it.
    #[error(
        "the log has {size} records, but its anchor {anchor} covers {anchored}: it was rolled back (from a backup?); \
         writing on would contradict what was signed"
    )]
    RolledBack {
        /// The log's size.
        size: u64,
        /// The anchor's number.
        anchor: u64,
        /// How many records it covers.
        anchored: u64,
    },
    /// What is there cannot be read or is damaged.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// What a crash interrupted could not be finished.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Why records were not appended. None of them is in the log, unless the error is one of flushing the
/// checkpoint's folder: then they may or may not be, and the log's size says so.
#[derive(Debug, Error)]
pub enum AppendError {
    /// After an earlier failure the log's state could not be read again.
    #[error(transparent)]
    Recover(#[from] RecoverError),
    /// Something could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// No random numbers for salts.
    #[error("no random bytes for a salt: {0}")]
    Random(#[from] getrandom::Error),
    /// The checkpoint could not be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// Why a record was not erased.
#[derive(Debug, Error)]
pub enum EraseError {
    /// It was erased before.
    #[error("record {index} was erased already")]
    Already {
        /// Its index.
        index: u64,
    },
    /// Records about the log itself hold nothing personal and stay.
    #[error("record {index} is of kind {kind}; only what is about models and decisions can be erased")]
    Kind {
        /// Its index.
        index: u64,
        /// Its kind.
        kind: RecordKind,
    },
    /// No record can be made of the erasure: its time or index is beyond what JSON readers agree on.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// After an earlier failure the log's state could not be read again.
    #[error(transparent)]
    Recover(#[from] RecoverError),
    /// There is no such record, or the log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The erasure could not be logged; nothing was erased.
    #[error("the erasure could not be logged: {0}")]
    Append(#[from] AppendError),
    /// The erasure is logged, but not carried out; that is done when the log is next written to.
    #[error("the erasure is logged but not carried out yet; it will be when the log is next written to: {0}")]
    Unfinished(RecoverError),
}

/// Why an anchoring was not prepared or noted.
#[derive(Debug, Error)]
pub enum AnchorError {
    /// There is no anchor with this number.
    #[error("the log has {count} anchors, there is none with number {number}")]
    Unknown {
        /// What was asked for.
        number: u64,
        /// How many there are.
        count: u64,
    },
    /// The anchor stands elsewhere on the chain already.
    #[error("anchor {number} is confirmed already, for epoch {epoch}")]
    Confirmed {
        /// Its number.
        number: u64,
        /// The epoch.
        epoch: u64,
    },
    /// The log could not be padded.
    #[error(transparent)]
    Pad(#[from] PadError<getrandom::Error>),
    /// After an earlier failure the log's state could not be read again.
    #[error(transparent)]
    Recover(#[from] RecoverError),
    /// The padding could not be appended.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// What is there cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It could not be noted.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// What is wrong with a log.
#[derive(Debug, Error)]
pub enum VerifyError {
    /// Something is missing, damaged or altered.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A record is gone and the log does not say that it was erased.
    #[error("record {index} was erased, but no record of the log says so")]
    ErasedUnrecorded {
        /// Its index.
        index: u64,
    },
    /// A record is said to be erased and is there.
    #[error("record {index} is to be erased but is still there; open the log for writing to finish that")]
    NotErased {
        /// Its index.
        index: u64,
    },
    /// An anchor is of another log, or not in order.
    #[error("anchor {number}: {reason}")]
    Anchor {
        /// Its number.
        number: u64,
        /// What is wrong with it.
        reason: String,
    },
}
