//! Content-addressed stores: bytes are put and got by what they are, so nothing read back needs to be trusted.
//!
//! A [`Store`] only moves bytes; checking them is done once, here, in the provided methods, so that a store
//! over a network (IPFS, S3-compatible) cannot forget it. [`Folder`] is the store in a local folder.

mod folder;

#[cfg(test)]
mod tests;

pub use folder::Folder;

use crate::{
    atomic::{AtomicFile, WriteError},
    content::pointer::Pointer,
};
use averment_primitives::B256;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    fmt,
    io::{self, Read},
    path::{Path, PathBuf},
};
use thiserror::Error;

const BUFFER: usize = 256 * 1024;

/// What bytes are: their plain digests and their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContentId {
    /// SHA-256 of the bytes.
    pub sha256: B256,
    /// BLAKE3 of the bytes.
    pub blake3: B256,
    /// Number of bytes.
    pub size: u64,
}

impl ContentId {
    /// What `bytes` are.
    pub fn of(bytes: &[u8]) -> Self {
        let mut hasher = Hasher::default();
        hasher.update(bytes);
        hasher.finish()
    }
}

impl fmt::Display for ContentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{:x} ({} bytes)", self.sha256, self.size)
    }
}

#[derive(Default)]
struct Hasher {
    sha256: Sha256,
    blake3: blake3::Hasher,
    size: u64,
}

impl Hasher {
    fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        self.blake3.update(bytes);
        self.size += bytes.len() as u64;
    }

    fn finish(self) -> ContentId {
        ContentId {
            sha256: B256::from(<[u8; 32]>::from(self.sha256.finalize())),
            blake3: B256::from(*self.blake3.finalize().as_bytes()),
            size: self.size,
        }
    }
}

/// Why something could not be put into a store or got out of it.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The store does not have it.
    #[error("the store does not have {id}")]
    Missing {
        /// What was asked for.
        id: Box<ContentId>,
    },
    /// The store has other bytes under this id. They are not handed out.
    #[error("the store is damaged: expected {expected}, got {got}; put the right bytes again to mend it")]
    Corrupt {
        /// What was asked for.
        expected: Box<ContentId>,
        /// What the store has; cut off one byte behind the expected size.
        got: Box<ContentId>,
    },
    /// More bytes than the caller allows.
    #[error("at most {limit} bytes allowed, got {got} or more")]
    TooLarge {
        /// The caller's bound.
        limit: u64,
        /// Bytes seen or announced.
        got: u64,
    },
    /// What is to be put could not be read.
    #[error("reading what is to be stored failed: {0}")]
    Source(#[source] io::Error),
    /// The store could not be read.
    #[error("{place}: {source}")]
    Read {
        /// The file or address.
        place: String,
        /// What the operating system or the network said.
        source: io::Error,
    },
    /// Writing failed; nothing half-written is left under an id.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// A place that keeps bytes by what they are. Safe to use from several threads and processes at once.
///
/// Implementations for networks may block; callers that must not block put them on a thread of their own.
pub trait Store: Send + Sync {
    /// Keeps the bytes of `source`, at most `limit` of them; when this returns, they survive a power cut.
    /// Putting what is there already is no error, and mends it if it was damaged.
    fn put(&self, source: &mut dyn Read, limit: u64) -> Result<ContentId, StoreError>;

    /// Whether it is there; says nothing about its being whole.
    fn has(&self, id: &ContentId) -> Result<bool, StoreError>;

    /// Places besides this store where the bytes can be had, or where this store offers them to others.
    fn pointers(&self, id: &ContentId) -> Result<Vec<Pointer>, StoreError>;

    /// The bytes as the store has them, unchecked: for the methods below.
    fn open_unchecked(&self, id: &ContentId) -> Result<Box<dyn Read + '_>, StoreError>;

    /// The whole bytes, checked; for what fits the memory, as `limit` says.
    fn get(&self, id: &ContentId, limit: u64) -> Result<Vec<u8>, StoreError> {
        if id.size > limit {
            return Err(StoreError::TooLarge { limit, got: id.size });
        }
        let mut bytes = Vec::new();
        read_checked(self.open_unchecked(id)?, id, |part| {
            bytes.extend_from_slice(part);
            Ok(())
        })?;
        Ok(bytes)
    }

    /// Writes the bytes to a file at `target`, which appears only when they are checked.
    fn export(&self, id: &ContentId, target: &Path) -> Result<(), StoreError> {
        let input = self.open_unchecked(id)?;
        let mut file = AtomicFile::create(target)?;
        read_checked(input, id, |part| Ok(file.write(part)?))?;
        Ok(file.commit()?)
    }

    /// Reads everything and checks it, keeping nothing.
    fn check(&self, id: &ContentId) -> Result<(), StoreError> {
        read_checked(self.open_unchecked(id)?, id, |_| Ok(()))
    }
}

/// Hands parts to `take`, never more than the expected size, and fails unless all of them are what `id` says.
fn read_checked(
    input: Box<dyn Read + '_>,
    id: &ContentId,
    mut take: impl FnMut(&[u8]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut hasher = Hasher::default();
    let mut input = input.take(id.size.saturating_add(1));
    let mut buffer = vec![0; BUFFER];
    let failed = |source| StoreError::Read { place: id.to_string(), source };
    while let Some(part) = next_part(&mut input, &mut buffer).map_err(failed)? {
        hasher.update(part);
        if hasher.size > id.size {
            break;
        }
        take(part)?;
    }
    let got = hasher.finish();
    if got == *id {
        return Ok(());
    }
    Err(StoreError::Corrupt { expected: Box::new(*id), got: Box::new(got) })
}

/// The next bytes, or none at the end.
fn next_part<'a>(input: &mut impl Read, buffer: &'a mut [u8]) -> io::Result<Option<&'a [u8]>> {
    loop {
        match input.read(buffer) {
            Ok(0) => return Ok(None),
            Ok(read) => return Ok(buffer.get(..read)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn read_failed(path: &Path) -> impl FnOnce(io::Error) -> StoreError + use<> {
    let place: PathBuf = path.to_owned();
    move |source| StoreError::Read { place: place.display().to_string(), source }
}
