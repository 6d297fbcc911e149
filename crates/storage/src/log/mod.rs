//! The log on disk (docs/formats.md, "Log on disk").
//!
//! | in the log's folder | what | may be shown |
//! |---|---|---|
//! | `public/` | exactly what C2SP tlog-tiles serves: `checkpoint`, `tile/…` | to everybody, by any web server |
//! | `private/records/` | salts and records, 256 a file | to nobody: mode 0700 and 0600 |
//! | `private/anchors/` | what was anchored, or is about to be | – |
//! | `private/settings.json`, `lock`, `erasing` | key, padding, terms; one writer; an erasure under way | – |
//!
//! Invariants:
//! - A record is in the log when `public/checkpoint` counts it. Whatever lies beyond the checkpoint is the trace
//!   of a crash; it is ignored and overwritten. Everything that the checkpoint counts, private part included,
//!   was flushed before the checkpoint was renamed into place.
//! - One process writes (a lock of the operating system says so); any number read meanwhile.
//! - Nothing read is believed because it lies here: tiles are checked up to the signed root, openings against
//!   their leaves.
//! - Erasing overwrites a salt and its record where they lie; records are never copied to another place on the
//!   disk, so that there is nothing else to overwrite. What journals, snapshots, backups and the spare cells of
//!   a solid-state disk may still hold is beyond a program's reach: keep the private folder on an encrypted
//!   volume and out of backups that outlive the right to erasure.
//! - A writer whose operation failed reads its state from the disk again before the next one.

mod anchors;
mod disk;
mod error;
mod layout;
mod reader;
mod segment;
mod settings;
mod verify;
mod writer;

pub use anchors::{Anchor, Confirmation};
pub use error::{
    AnchorError, AppendError, EraseError, OpenError, ReadError, RecoverError, SettingsFault, VerifyError,
};
pub use layout::PUBLIC;
pub use reader::{Log, LogView, StoredRecord};
pub use segment::SegmentError;
pub use settings::LogSettings;
pub use verify::LogReport;
pub use writer::LogWriter;

#[cfg(test)]
mod tests;
