//! What `stat` says about a file, as far as it tells whether the file is still the same.

use super::error::Change;
use std::{
    fs::Metadata,
    os::unix::fs::MetadataExt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Identity, size and times of a file. Any write to a file moves `changed` to the present, and no program can
/// set it; `modified` can be set at will.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The device it is on.
    pub device: u64,
    /// Its number there.
    pub inode: u64,
    /// In bytes.
    pub size: u64,
    /// Time of the last modification.
    pub modified: Time,
    /// Time of the last change of bytes or attributes.
    pub changed: Time,
}

/// Seconds and nanoseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time {
    /// Whole seconds; negative before 1970.
    pub seconds: i64,
    /// 0 to 999,999,999.
    pub nanoseconds: u32,
}

impl Stamp {
    /// From what `stat` returned.
    pub(crate) fn of(meta: &Metadata) -> Self {
        let time = |seconds, nanoseconds: i64| Time { seconds, nanoseconds: nanoseconds as u32 };
        Self {
            device: meta.dev(),
            inode: meta.ino(),
            size: meta.size(),
            modified: time(meta.mtime(), meta.mtime_nsec()),
            changed: time(meta.ctime(), meta.ctime_nsec()),
        }
    }

    /// What happened to a file whose stamp is no longer this one.
    pub(super) fn changed_to(&self, after: &Self) -> Change {
        if (self.device, self.inode) == (after.device, after.inode) {
            Change::Stamp { size_before: self.size, size_after: after.size }
        } else {
            Change::Replaced
        }
    }

    /// Whether the last change is more than `margin` before `now`, so that a later change cannot bear the same
    /// time, however coarse the file system's clock.
    pub(super) fn settled(&self, now: SystemTime, margin: Duration) -> bool {
        let since_1970 = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let Some(limit) = since_1970.checked_sub(margin) else { return false };
        let changed = (i128::from(self.changed.seconds), self.changed.nanoseconds);
        changed < (i128::from(limit.as_secs()), limit.subsec_nanos())
    }
}
