//! `averment-fingerprint-cache/1`: the roots of files together with what `stat` said of them, so that a second
//! fingerprint reads only what changed. A convenience, never evidence: whoever can write it can falsify
//! fingerprints taken with it, and [`super::Cache::trust_nothing`] is there for that.
//!
//! ```text
//! "averment-fingerprint-cache/1\0"
//! entry*: 1 (1 byte) | path length u32le | path | device, inode, size u64le
//!         | modified, changed: seconds i64le, nanoseconds u32le | sha256 root (32) | blake3 root (32)
//! end:    0 (1 byte) | entries u64le | BLAKE3 of everything before (32)
//! ```
//!
//! Entries ascend by path, so that the old cache is read and the new one written while the walk goes on,
//! neither ever whole in memory. A file whose last change is younger than the clock's margin is not entered:
//! it could change again and bear the same time. The new cache replaces the old one atomically; a damaged
//! one is not used, and a file that is no cache is never overwritten.

use super::{
    error::CacheError,
    stamp::{Stamp, Time},
};
use crate::atomic::{AtomicFile, WriteError};
use averment_primitives::B256;
use averment_primitives::fingerprint::{MAX_PATH_BYTES, Roots};
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek},
    path::Path,
};

const FORMAT: &str = "averment-fingerprint-cache/1";
const MAGIC: &[u8] = b"averment-fingerprint-cache/1\0";
const ENTRY: u8 = 1;
const END: u8 = 0;
const END_BYTES: u64 = 1 + 8 + 32;
const BUFFER: usize = 64 * 1024;

/// The old cache, read along with the walk.
#[derive(Debug)]
pub(super) struct OldCache {
    reader: BufReader<File>,
    next: Option<(String, Stamp, Roots)>,
}

/// What stood at the cache's path.
#[derive(Debug)]
pub(super) enum Opened {
    /// A whole cache.
    Usable(OldCache),
    /// Nothing.
    Missing,
    /// A cache that is cut short or changed; it will be replaced.
    Damaged,
}

/// Opens the cache at `path` and checks it from end to end before anything in it is used.
pub(super) fn open(path: &Path) -> Result<Opened, CacheError> {
    let failed = |source| CacheError::Io { path: path.to_owned(), source };
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Opened::Missing),
        Err(error) => return Err(failed(error)),
    };
    let not_a_cache = || CacheError::NotACache { path: path.to_owned(), expected: FORMAT };
    let meta = file.metadata().map_err(failed)?;
    if !meta.is_file() {
        return Err(not_a_cache());
    }
    let mut magic = Vec::with_capacity(MAGIC.len());
    (&mut file).take(MAGIC.len() as u64).read_to_end(&mut magic).map_err(failed)?;
    // Atomic replacement never leaves an empty cache, so an empty file is somebody else's.
    if magic.is_empty() || !MAGIC.starts_with(&magic) {
        return Err(not_a_cache());
    }
    let Some(covered) = meta.len().checked_sub(32).filter(|_| magic == MAGIC) else {
        return Ok(Opened::Damaged);
    };
    file.rewind().map_err(failed)?;
    let mut checksum = blake3::Hasher::new();
    checksum.update_reader((&mut file).take(covered)).map_err(failed)?;
    let mut stored = Vec::with_capacity(32);
    (&mut file).take(33).read_to_end(&mut stored).map_err(failed)?;
    if stored != checksum.finalize().as_bytes() || meta.len() < MAGIC.len() as u64 + END_BYTES {
        return Ok(Opened::Damaged);
    }
    file.seek(io::SeekFrom::Start(MAGIC.len() as u64)).map_err(failed)?;
    let mut old = OldCache { reader: BufReader::with_capacity(BUFFER, file), next: None };
    old.advance();
    Ok(Opened::Usable(old))
}

impl OldCache {
    /// The roots of the file at `relative` if it is as it was; calls must ascend by path.
    pub(super) fn find(&mut self, relative: &str, stamp: &Stamp) -> Option<Roots> {
        while let Some((path, known, roots)) = &self.next {
            match path.as_bytes().cmp(relative.as_bytes()) {
                std::cmp::Ordering::Less => self.advance(),
                std::cmp::Ordering::Equal => return (known == stamp).then_some(*roots),
                std::cmp::Ordering::Greater => return None,
            }
        }
        None
    }

    /// The checksum held when the file was opened, so an error here means that the disk failed since: the
    /// rest of the cache is not used, and the files are read.
    fn advance(&mut self) {
        self.next = read_entry(&mut self.reader).ok().flatten();
    }
}

fn read_entry(reader: &mut impl BufRead) -> io::Result<Option<(String, Stamp, Roots)>> {
    let [tag] = array(reader)?;
    if tag != ENTRY {
        return Ok(None);
    }
    let length = u32::from_le_bytes(array(reader)?) as usize;
    if length > MAX_PATH_BYTES {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut path = vec![0; length];
    reader.read_exact(&mut path)?;
    let path = String::from_utf8(path).map_err(|_| io::ErrorKind::InvalidData)?;
    let stamp = Stamp {
        device: u64::from_le_bytes(array(reader)?),
        inode: u64::from_le_bytes(array(reader)?),
        size: u64::from_le_bytes(array(reader)?),
        modified: time(reader)?,
        changed: time(reader)?,
    };
    let roots = Roots { sha256: B256::from(array(reader)?), blake3: B256::from(array(reader)?) };
    Ok(Some((path, stamp, roots)))
}

fn array<const N: usize>(reader: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    reader.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn time(reader: &mut impl Read) -> io::Result<Time> {
    let seconds = i64::from_le_bytes(array(reader)?);
    Ok(Time { seconds, nanoseconds: u32::from_le_bytes(array(reader)?) })
}

/// The new cache, written along with the walk.
#[derive(Debug)]
pub(super) struct NewCache {
    file: AtomicFile,
    checksum: blake3::Hasher,
    buffer: Vec<u8>,
    entries: u64,
}

impl NewCache {
    pub(super) fn create(path: &Path) -> Result<Self, WriteError> {
        let file = AtomicFile::create(path)?;
        let mut buffer = Vec::with_capacity(2 * BUFFER);
        buffer.extend_from_slice(MAGIC);
        Ok(Self { file, checksum: blake3::Hasher::new(), buffer, entries: 0 })
    }

    /// Enters a file; calls must ascend by path.
    pub(super) fn push(&mut self, relative: &str, stamp: &Stamp, roots: &Roots) -> Result<(), WriteError> {
        let buffer = &mut self.buffer;
        buffer.push(ENTRY);
        buffer.extend_from_slice(&(relative.len() as u32).to_le_bytes());
        buffer.extend_from_slice(relative.as_bytes());
        for number in [stamp.device, stamp.inode, stamp.size] {
            buffer.extend_from_slice(&number.to_le_bytes());
        }
        for time in [stamp.modified, stamp.changed] {
            buffer.extend_from_slice(&time.seconds.to_le_bytes());
            buffer.extend_from_slice(&time.nanoseconds.to_le_bytes());
        }
        buffer.extend_from_slice(roots.sha256.as_slice());
        buffer.extend_from_slice(roots.blake3.as_slice());
        self.entries += 1;
        if self.buffer.len() >= BUFFER { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), WriteError> {
        self.checksum.update(&self.buffer);
        self.file.write(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    pub(super) fn commit(mut self) -> Result<(), WriteError> {
        self.buffer.push(END);
        self.buffer.extend_from_slice(&self.entries.to_le_bytes());
        self.flush()?;
        self.file.write(self.checksum.finalize().as_bytes())?;
        self.file.commit()
    }
}
