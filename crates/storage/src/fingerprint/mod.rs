//! Fingerprints of files and folders: `averment-fingerprint/1` of docs/formats.md.
//!
//! A fingerprint binds every name, size and byte with SHA-256 and BLAKE3, in one read, with as many threads as
//! there are processors and about a mebibyte of memory for each. What it does not bind: permissions, owners,
//! times, and which files are hard links of one another.
//!
//! Nothing is skipped: what cannot be fingerprinted is a [`FingerprintError`] that names it. A file that changes
//! while it is read is an error too, as far as size and times tell; a write within one tick of the file
//! system's clock (a few milliseconds) before reading began is the one that they cannot tell.
//!
//! [`mod@reference`] says the same in the plainest way; tests hold both to the same bytes.

mod cache;
mod chunk;
mod engine;
mod error;
mod listing;
pub mod reference;
mod session;
mod stamp;
mod walk;

#[cfg(test)]
mod tests;

pub use error::{CacheError, Change, FingerprintError, SpecialKind};
pub use listing::{Difference, Expected, Listing, ListingError, VerifyError, verify};
pub use stamp::{Stamp, Time};

pub(crate) use {
    chunk::ChunkBuffer,
    engine::{open, unchanged},
    walk::{Walk, What, failed},
};

pub use averment_primitives::fingerprint::{
    CHUNK_BYTES, Entry, EntryFault, Folder, Kind, MAX_PATH_BYTES, Roots, Summary,
};

use averment_primitives::B256;
use serde::Serialize;
use std::{
    num::NonZero,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

/// The most threads that are used without being asked for: memory stays below 20 MiB.
const DEFAULT_THREADS: usize = 12;

/// How a fingerprint is taken.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// What is done about symbolic links.
    pub symlinks: Symlinks,
    /// Bounds on what is walked.
    pub limits: Limits,
    /// Threads that read, each with a buffer of one chunk; by default one a processor, at most 12.
    pub threads: Option<NonZero<usize>>,
    /// Whether [`Fingerprint::entries`] is wanted; it takes about 150 bytes of memory a file.
    pub entries: bool,
    /// Where roots of files are kept for the next time.
    pub cache: Option<Cache>,
}

/// What is done about symbolic links below the path that was named. That path itself is followed: whoever
/// names it has chosen it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Symlinks {
    /// A link is an error: its target may change without the link changing.
    #[default]
    Refuse,
    /// A link is an entry of its own that binds the text of its target, not what the target leads to.
    Record,
}

/// Bounds on what is walked, against folders that have no end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Folders within folders.
    pub depth: usize,
    /// Files, links and empty folders together.
    pub entries: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 128, entries: 10_000_000 }
    }
}

/// A file in which roots of files are kept, so that the next fingerprint reads only what changed: files whose
/// path, size, times, inode and device are the same are taken as the same.
#[derive(Debug, Clone)]
pub struct Cache {
    /// The cache's file, outside of what is fingerprinted. Made if missing.
    pub path: PathBuf,
    /// Reads every file all the same, and writes the cache anew.
    pub trust_nothing: bool,
    /// A file that changed less than this before it was looked at is not entered, since a later change could
    /// bear the same time: more than the coarsest file system's clock by default (2.1 s).
    pub margin: Duration,
}

impl Cache {
    /// A cache at `path` that is used and kept.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), trust_nothing: false, margin: Duration::from_millis(2100) }
    }
}

/// A fingerprint of a file or folder.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Fingerprint {
    /// The fingerprint: what the chain stores as `artifactsRoot`.
    pub root: B256,
    /// RFC 6962 root over the entries with SHA-256.
    pub sha256_root: B256,
    /// RFC 6962 root over the entries with BLAKE3.
    pub blake3_root: B256,
    /// Sum of the entries' sizes.
    pub bytes: u64,
    /// Number of regular files.
    pub files: u64,
    /// Number of entries: files, empty folders and recorded links.
    pub entry_count: u64,
    /// The entries in order, if [`Options::entries`] asked for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entries: Option<Vec<Entry>>,
    /// What the cache was good for, if there was one.
    #[serde(skip)]
    pub cache: Option<CacheUse>,
}

/// What a cache was good for.
#[derive(Debug)]
pub struct CacheUse {
    /// Files that were not read, because the cache knew them.
    pub known: u64,
    /// Files that were read.
    pub read: u64,
    /// The old cache was damaged, so it was not used.
    pub damaged: bool,
    /// Whether the new cache was saved; the fingerprint is good either way.
    pub saved: Result<(), CacheError>,
}

/// How far a fingerprint has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Bytes that are done, known ones included.
    pub bytes: u64,
    /// Bytes that there were when it began.
    pub total_bytes: u64,
    /// Files that are done.
    pub files: u64,
    /// Files that there were when it began.
    pub total_files: u64,
}

/// The fingerprint of the file or folder at `path`.
///
/// ```
/// use averment_storage::fingerprint::{Options, fingerprint};
/// let folder = tempfile::tempdir().unwrap();
/// std::fs::write(folder.path().join("weights.bin"), [0; 1000]).unwrap();
/// let whole = fingerprint(folder.path(), &Options::default()).unwrap();
/// assert_eq!((whole.files, whole.bytes), (1, 1000));
/// let single = fingerprint(&folder.path().join("weights.bin"), &Options::default()).unwrap();
/// assert_eq!(single.root, whole.root); // a file is a folder with one entry
/// ```
pub fn fingerprint(path: &Path, options: &Options) -> Result<Fingerprint, FingerprintError> {
    session::take(path, options, None)
}

/// Like [`fingerprint`], and tells `progress` after each chunk and file. Walks the folder once more before,
/// for the totals.
pub fn fingerprint_with_progress(
    path: &Path,
    options: &Options,
    mut progress: impl FnMut(Progress),
) -> Result<Fingerprint, FingerprintError> {
    session::take(path, options, Some(&mut progress))
}

impl Options {
    fn threads(&self) -> NonZero<usize> {
        self.threads.unwrap_or_else(default_threads)
    }
}

/// One thread a processor, at most [`DEFAULT_THREADS`].
pub(crate) fn default_threads() -> NonZero<usize> {
    let all = thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
    all.min(NonZero::new(DEFAULT_THREADS).unwrap_or(NonZero::<usize>::MIN))
}
