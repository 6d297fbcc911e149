//! Files that only grow: records appended whole and flushed before anybody acts on them.
//!
//! ```text
//! file   = name "\n" record*
//! record = length u32le | NOT length u32le | kind u8 | body | sha256(previous checksum | kind | body)
//! ```
//!
//! What the name is and what kinds there are is the user's to say ([`Kind`]). `length` counts kind and body; the checksum
//! before the first record is SHA-256 of the first line. Checksums are chained, so a record that was changed, moved or taken
//! from another journal is found.
//!
//! What a crash leaves at the end is dropped: a record that the end of the file cuts off, or one that is all
//! there but holds a run of sectors that never reached the disk and read as zeros. Anything else that does not
//! check is damage, and the journal is refused rather than shortened. The file is locked while it is open.

use crate::Lock;
use sha2::{Digest, Sha256};
use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, BufReader, Read, Seek, SeekFrom, Write},
    marker::PhantomData,
    path::{Path, PathBuf},
};
use thiserror::Error;

/// Longest record, in bytes.
const LIMIT: u32 = 64 << 20;
/// The least a disk writes at once.
const SECTOR: u64 = 512;

/// What was being done to the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JournalStep {
    /// Making the folder it lies in.
    CreateFolder,
    /// Opening or creating the file.
    Open,
    /// Reading.
    Read,
    /// Appending a record.
    Write,
    /// Flushing to the disk.
    Flush,
    /// Cutting off what a failed write left.
    Truncate,
}

impl std::fmt::Display for JournalStep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::CreateFolder => "making its folder",
            Self::Open => "opening",
            Self::Read => "reading",
            Self::Write => "writing",
            Self::Flush => "flushing",
            Self::Truncate => "cutting off a failed write",
        })
    }
}

/// Why a journal could not be read or written.
#[derive(Debug, Error)]
pub enum JournalError {
    /// Another process, or another handle in this one, has it open.
    #[error("{}: it is open elsewhere; a journal has one writer at a time", path.display())]
    Locked {
        /// The journal.
        path: PathBuf,
    },
    /// The operating system refused. The journal is as it was before.
    #[error("{}: {step} the journal failed: {source}", path.display())]
    Io {
        /// The journal.
        path: PathBuf,
        /// What was being done.
        step: JournalStep,
        /// What the operating system said.
        source: io::Error,
    },
    /// Not a journal, or one of another version.
    #[error("{}: expected a file that begins with {expected}, found {found:?}", path.display())]
    UnknownFormat {
        /// The file.
        path: PathBuf,
        /// The name expected.
        expected: &'static str,
        /// Its first bytes.
        found: String,
    },
    /// Damage that is not the trace of a crash. Restore the file from a copy.
    #[error("{}: damaged at byte {offset} (record {record}): {why}; nothing was changed, restore the file \
             from a copy", path.display())]
    Corrupt {
        /// The journal.
        path: PathBuf,
        /// Where the record begins.
        offset: u64,
        /// Number of the record, from 0.
        record: u64,
        /// What does not fit.
        why: &'static str,
    },
    /// A record that is too long.
    #[error("{}: a record of {got} bytes does not fit, at most {LIMIT} do", path.display())]
    TooLong {
        /// The journal.
        path: PathBuf,
        /// The record's length.
        got: usize,
    },
    /// A write failed before and could not be undone; what is on the disk is known only after opening again.
    #[error("{}: an earlier write failed and could not be taken back; open it again", path.display())]
    Unusable {
        /// The journal.
        path: PathBuf,
    },
}

impl JournalError {
    /// Whether the disk (or a quota) is full.
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::Io { source, .. }
            if matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded))
    }
}

/// What records mean; one byte in the file.
pub trait Kind: Copy {
    /// The format's name and version, the first line of the file.
    const NAME: &'static str;

    /// The byte.
    fn code(self) -> u8;

    /// The kind with this byte; `None` if only a newer release may know it.
    fn from_code(code: u8) -> Option<Self>;
}

/// What the journal is written to; tests put one that fails in between.
pub trait Medium: Send {
    /// Writes all of `bytes`.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Makes what was written last.
    fn sync(&mut self) -> io::Result<()>;
    /// Cuts off what is beyond `length`.
    fn truncate(&mut self, length: u64) -> io::Result<()>;
}

impl Medium for File {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.seek(SeekFrom::Start(offset))?;
        self.write_all(bytes)
    }
    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }
}

/// Takes the records of a journal in order.
pub type Replay<'a, K, E> = dyn FnMut(K, &[u8]) -> Result<(), E> + 'a;

/// An open journal.
pub struct Journal<K> {
    path: PathBuf,
    kind: PhantomData<fn(K)>,
    medium: Box<dyn Medium>,
    /// Where the next record goes.
    end: u64,
    checksum: [u8; 32],
    usable: bool,
    /// Held for as long as this lives.
    _lock: Lock,
}

/// A journal as it was found.
pub struct Opened<K> {
    /// Open for appending.
    pub journal: Journal<K>,
    /// Bytes of an unfinished last write that were dropped.
    pub dropped: u64,
}

impl<K: Kind> Journal<K> {
    /// Opens or makes the journal at `path`, locks it and gives every record to `replay` in order.
    pub fn open<E: From<JournalError>>(
        path: &Path,
        replay: &mut Replay<'_, K, E>,
        medium: impl FnOnce(File) -> Box<dyn Medium>,
    ) -> Result<Opened<K>, E> {
        let at = |step| {
            let path = path.to_owned();
            move |source| JournalError::Io { path, step, source }
        };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        crate::create_folder(folder).map_err(|error| at(JournalStep::CreateFolder)(error.source))?;
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(at(JournalStep::Open))?;
        let lock = Lock::take(&file).map_err(|error| match error {
            TryLockError::WouldBlock => JournalError::Locked { path: path.to_owned() },
            TryLockError::Error(source) => at(JournalStep::Open)(source),
        })?;
        let head = head::<K>();
        let mut scan = Scan::new(path, &file, K::NAME).map_err(at(JournalStep::Read))?;
        scan.head()?;
        while let Some((offset, code, body)) = scan.record()? {
            let kind = K::from_code(code).ok_or_else(|| JournalError::Corrupt {
                path: path.to_owned(),
                offset,
                record: scan.records - 1,
                why: "a kind of record that a newer release may know",
            })?;
            replay(kind, &body)?;
        }
        let Scan { end, checksum, length, .. } = scan;
        let path = path.to_owned();
        let mut journal =
            Self { path, kind: PhantomData, medium: medium(file), end, checksum, usable: true, _lock: lock };
        if end < length {
            journal.step(JournalStep::Truncate, |medium| medium.truncate(end))?;
        }
        if end == 0 {
            journal.step(JournalStep::Write, |medium| medium.write_at(0, &head))?;
            journal.end = head.len() as u64;
            journal.step(JournalStep::Flush, |medium| medium.sync())?;
            crate::sync_folder(folder).map_err(|error| at(JournalStep::Flush)(error.source))?;
        }
        Ok(Opened { journal, dropped: length - end })
    }

    /// Appends a record and flushes it. When this fails the journal is as it was; when even that cannot be
    /// brought about, every later call is refused.
    pub fn append(&mut self, kind: K, body: &[u8]) -> Result<(), JournalError> {
        if !self.usable {
            return Err(JournalError::Unusable { path: self.path.clone() });
        }
        let length = u32::try_from(body.len() + 1)
            .ok()
            .filter(|length| *length <= LIMIT)
            .ok_or_else(|| JournalError::TooLong { path: self.path.clone(), got: body.len() + 1 })?;
        let checksum = chained(&self.checksum, kind.code(), body);
        let record =
            [&length.to_le_bytes(), &(!length).to_le_bytes(), &[kind.code()][..], body, &checksum].concat();
        let end = self.end;
        let written = self
            .step(JournalStep::Write, |medium| medium.write_at(end, &record))
            .and_then(|()| self.step(JournalStep::Flush, |medium| medium.sync()));
        match written {
            Ok(()) => {
                self.end += record.len() as u64;
                self.checksum = checksum;
                Ok(())
            }
            Err(error) => {
                let undone = self
                    .step(JournalStep::Truncate, |medium| medium.truncate(end))
                    .and_then(|()| self.step(JournalStep::Flush, |medium| medium.sync()));
                self.usable = undone.is_ok();
                Err(error)
            }
        }
    }

    fn step(
        &mut self,
        step: JournalStep,
        action: impl FnOnce(&mut dyn Medium) -> io::Result<()>,
    ) -> Result<(), JournalError> {
        action(&mut *self.medium).map_err(|source| JournalError::Io { path: self.path.clone(), step, source })
    }
}

fn chained(previous: &[u8; 32], kind: u8, body: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(previous).chain_update([kind]).chain_update(body).finalize().into()
}

/// The first line of a file with these records.
fn head<K: Kind>() -> Vec<u8> {
    [K::NAME.as_bytes(), b"\n"].concat()
}

/// Reads a journal from its start.
struct Scan<'a> {
    path: &'a Path,
    name: &'static str,
    file: BufReader<&'a File>,
    length: u64,
    /// The end of the last whole record.
    end: u64,
    checksum: [u8; 32],
    records: u64,
}

impl<'a> Scan<'a> {
    fn new(path: &'a Path, file: &'a File, name: &'static str) -> io::Result<Self> {
        let length = file.metadata()?.len();
        let checksum = Sha256::new().chain_update(name).chain_update(b"\n").finalize().into();
        Ok(Self { path, name, file: BufReader::new(file), length, end: 0, checksum, records: 0 })
    }

    fn read(&mut self, count: u64) -> Result<Vec<u8>, JournalError> {
        let mut bytes = Vec::new();
        match (&mut self.file).take(count).read_to_end(&mut bytes) {
            Ok(_) if bytes.len() as u64 == count => Ok(bytes),
            Ok(_) => Err(self.io(io::ErrorKind::UnexpectedEof.into())),
            Err(source) => Err(self.io(source)),
        }
    }

    fn io(&self, source: io::Error) -> JournalError {
        JournalError::Io { path: self.path.to_owned(), step: JournalStep::Read, source }
    }

    fn corrupt(&self, why: &'static str) -> JournalError {
        JournalError::Corrupt { path: self.path.to_owned(), offset: self.end, record: self.records, why }
    }

    /// The first line; a file that a crash left with a part of it, or with zeros, counts as empty.
    fn head(&mut self) -> Result<(), JournalError> {
        let head = [self.name.as_bytes(), b"\n"].concat();
        let found = self.read(self.length.min(head.len() as u64))?;
        if found == head {
            self.end = head.len() as u64;
        } else if !(head.starts_with(&found) || found.iter().all(|byte| *byte == 0) && self.zeros()?) {
            let found = found.escape_ascii().to_string();
            let (path, expected) = (self.path.to_owned(), self.name);
            return Err(JournalError::UnknownFormat { path, expected, found });
        }
        Ok(())
    }

    /// Where the next whole record is, its kind and body; `None` at the end and at the trace of a crash.
    fn record(&mut self) -> Result<Option<(u64, u8, Vec<u8>)>, JournalError> {
        let left = self.length - self.end;
        // A file without head has no records.
        if left < 8 || self.end == 0 {
            return Ok(None);
        }
        let prefix = self.read(8)?;
        let (length, check) = match prefix.as_slice() {
            &[a, b, c, d, e, f, g, h] => (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])),
            _ => (0, 0),
        };
        if length != !check {
            if prefix.iter().all(|byte| *byte == 0) && self.zeros()? {
                return Ok(None);
            }
            return Err(self.corrupt("its length does not check"));
        }
        if length == 0 || length > LIMIT {
            return Err(self.corrupt("its length is out of range"));
        }
        let whole = 8 + u64::from(length) + 32;
        if left < whole {
            return Ok(None);
        }
        let payload = self.read(length.into())?;
        let checksum = self.read(32)?;
        let (kind, body) = payload.split_first().unwrap_or((&0, &[]));
        if chained(&self.checksum, *kind, body) != checksum[..] {
            let torn = left == whole && self.has_hole(8, &[&payload[..], &checksum].concat());
            return if torn { Ok(None) } else { Err(self.corrupt("its checksum does not fit")) };
        }
        self.checksum = chained(&self.checksum, *kind, body);
        let offset = self.end;
        self.end += whole;
        self.records += 1;
        Ok(Some((offset, *kind, body.to_vec())))
    }

    /// Whether `bytes`, which lie `skip` bytes into the record, hold a sector that was never written: one
    /// that is all zeros, or the part of the record's first or last sector that belongs to it.
    fn has_hole(&self, skip: u64, bytes: &[u8]) -> bool {
        let start = self.end + skip;
        let first = ((SECTOR - start % SECTOR) % SECTOR).min(bytes.len() as u64) as usize;
        let (head, rest) = bytes.split_at(first);
        // A few zero bytes prove nothing.
        let zero = |part: &[u8]| part.len() >= 16 && part.iter().all(|byte| *byte == 0);
        zero(head) || rest.chunks(SECTOR as usize).any(zero)
    }

    /// Whether all that follows is zeros.
    fn zeros(&mut self) -> Result<bool, JournalError> {
        let mut buffer = [0; 8192];
        loop {
            match self.file.read(&mut buffer) {
                Ok(0) => return Ok(true),
                Ok(count) => {
                    if buffer.iter().take(count).any(|byte| *byte != 0) {
                        return Ok(false);
                    }
                }
                Err(source) => return Err(self.io(source)),
            }
        }
    }
}
