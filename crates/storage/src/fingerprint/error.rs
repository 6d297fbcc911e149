//! Why a fingerprint could not be taken.

use crate::atomic::WriteError;
use std::{fmt, io, path::PathBuf};
use thiserror::Error;

/// Why a fingerprint could not be taken. Whatever it is, nothing was skipped and no partial result exists.
#[derive(Debug, Error)]
pub enum FingerprintError {
    /// The operating system refused.
    #[error("{}: {action} failed: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What the operating system said.
        source: io::Error,
    },
    /// A symbolic link, and links are to be refused.
    #[error(
        "{} is a symbolic link; remove it, or record links by their target's text (symlinks = record)",
        path.display()
    )]
    Symlink {
        /// The link.
        path: PathBuf,
    },
    /// Neither file nor folder nor link: it has no bytes that could be fingerprinted.
    #[error("{} is a {kind}; only files and folders have a fingerprint", path.display())]
    Special {
        /// The special file.
        path: PathBuf,
        /// What it is.
        kind: SpecialKind,
    },
    /// Names are bound as UTF-8; this one is not.
    #[error("{} has a name that is not UTF-8; rename it", path.display())]
    NameNotUtf8 {
        /// The file, exactly as named; printed with replacement characters.
        path: PathBuf,
    },
    /// It changed while it was read, so no single state of it could be fingerprinted.
    #[error("{} changed while it was read: {change}; try again when nothing writes to it", path.display())]
    Changed {
        /// The file or folder.
        path: PathBuf,
        /// How it was noticed.
        change: Change,
    },
    /// Folders within folders beyond the limit.
    #[error("{} is more than {limit} folders deep", path.display())]
    TooDeep {
        /// The folder that is too deep.
        path: PathBuf,
        /// The most levels allowed.
        limit: usize,
    },
    /// More entries than the limit.
    #[error("more than {limit} files, links and empty folders; the first beyond is {}", path.display())]
    TooMany {
        /// The first entry beyond the limit.
        path: PathBuf,
        /// The most entries allowed.
        limit: u64,
    },
    /// A path longer than the format allows.
    #[error("{}: the path within the folder is {got} bytes long, at most {limit} are allowed", path.display())]
    PathTooLong {
        /// The file.
        path: PathBuf,
        /// The most bytes allowed.
        limit: usize,
        /// The bytes of its path.
        got: usize,
    },
    /// More bytes than 64 bits count (sparse files can claim that).
    #[error("{}: the sizes add up to more than 2^64 - 1 bytes", path.display())]
    TooLarge {
        /// The entry that does not fit.
        path: PathBuf,
    },
    /// No thread could be started, or one ended early.
    #[error("the reading threads could not run")]
    Threads {
        /// What the operating system said, if it refused to start one.
        source: Option<io::Error>,
    },
    /// The cache cannot be used as named.
    #[error(transparent)]
    Cache(#[from] CacheError),
}

/// Why the cache's path cannot be used. What stands there is left as it is.
#[derive(Debug, Error)]
pub enum CacheError {
    /// The cache lies in what is fingerprinted, which it would change each time.
    #[error("the cache {} lies inside of what is fingerprinted; put it elsewhere", path.display())]
    Inside {
        /// The cache's path.
        path: PathBuf,
    },
    /// A file stands there that no release of averment's cache wrote.
    #[error("{} is not a fingerprint cache ({expected}) and is left alone; name another file", path.display())]
    NotACache {
        /// The cache's path.
        path: PathBuf,
        /// The format that was looked for.
        expected: &'static str,
    },
    /// It could not be read.
    #[error("the cache {} cannot be read: {source}", path.display())]
    Io {
        /// The cache's path.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// It could not be written; the fingerprint itself is not touched by this.
    #[error("the cache was not saved: {0}")]
    Write(#[from] WriteError),
}

/// A thing in a file system that is not a file, folder or symbolic link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpecialKind {
    /// A named pipe.
    Fifo,
    /// A Unix socket.
    Socket,
    /// A block or character device.
    Device,
}

impl fmt::Display for SpecialKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fifo => "named pipe",
            Self::Socket => "socket",
            Self::Device => "device",
        })
    }
}

/// How a change was noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It was listed and is gone.
    Vanished,
    /// Another file, or a link, stands where it stood.
    Replaced,
    /// Its bytes ended elsewhere than its size said.
    Length {
        /// By its size, in bytes.
        expected: u64,
        /// Bytes read; at least, where there were more than expected.
        got: u64,
    },
    /// Its size or its times are not those from before.
    Stamp {
        /// Its size before, in bytes.
        size_before: u64,
        /// Its size afterwards.
        size_after: u64,
    },
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vanished => f.write_str("it is gone"),
            Self::Replaced => f.write_str("something else stands in its place"),
            Self::Length { expected, got } if got > expected => {
                write!(f, "expected {expected} bytes, there are more")
            }
            Self::Length { expected, got } => write!(f, "expected {expected} bytes, got {got}"),
            Self::Stamp { size_before, size_after } if size_before != size_after => {
                write!(f, "it had {size_before} bytes and now has {size_after}")
            }
            Self::Stamp { .. } => f.write_str("its time of change moved"),
        }
    }
}
