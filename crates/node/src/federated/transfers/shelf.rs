//! Files under their hashes, for each account in a folder of its own.
//!
//! ```text
//! FOLDER/ACCOUNT/HASH        whole, checked, flushed
//! FOLDER/ACCOUNT/HASH.part   what came of it so far
//! ```
//!
//! A part grows as bytes come, and keeps them when they break off; after a restart it is read again to go on hashing. Whole it is
//! flushed and takes its name by a rename, so that no reader ever sees half a file. A part whose bytes have another hash at the end is
//! removed.

use super::ContentHash;
use alloy_primitives::{Address, Keccak256, hex};
use averment_atomic::{self as atomic, AtomicFile, Lock, Step, WriteError};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::SystemTime,
};
use thiserror::Error;

const PART: &str = "part";
const BLOCK: usize = 64 << 10;

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest file, in bytes.
    pub file: u64,
    /// How many whole files of an account stay; the oldest go.
    pub whole: usize,
    /// How many parts of an account stay.
    pub parts: usize,
}

impl Default for Limits {
    /// 64 MiB, four whole files, two parts.
    fn default() -> Self {
        Self { file: 64 << 20, whole: 4, parts: 2 }
    }
}

/// Why a file was not taken or given.
#[derive(Debug, Error)]
pub enum ShelfError {
    /// Longer than what is kept.
    #[error("at most {limit} bytes are kept, {got} were announced")]
    TooLong {
        /// The limit.
        limit: u64,
        /// What was announced.
        got: u64,
    },
    /// Somebody sends it just now.
    #[error("{0} is being sent already")]
    Busy(ContentHash),
    /// Bytes from another place than where the file ends.
    #[error("expected bytes from {expected} on, got some from {got} on")]
    Offset {
        /// Where it ends.
        expected: u64,
        /// Where they are to go.
        got: u64,
    },
    /// More bytes than announced.
    #[error("{length} bytes were announced, more came")]
    Beyond {
        /// The announced length.
        length: u64,
    },
    /// It is not what its name says.
    #[error("expected bytes with hash {expected}, got {got}; all of it is forgotten")]
    OtherHash {
        /// Its name.
        expected: ContentHash,
        /// The hash of what came.
        got: ContentHash,
    },
    /// The disk failed.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The disk failed while reading.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

impl ShelfError {
    /// Whether the disk (or a quota) is full.
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::Write(error) if error.is_disk_full())
    }
}

/// The files; copies are the same.
#[derive(Debug, Clone)]
pub struct Shelf {
    folder: PathBuf,
    limits: Limits,
}

/// A file that is coming. Dropped, what came stays.
#[derive(Debug)]
pub struct Part {
    shelf: Shelf,
    account: Address,
    hash: ContentHash,
    path: PathBuf,
    file: File,
    hasher: Keccak256,
    have: u64,
    length: u64,
    _lock: Lock,
}

impl Shelf {
    /// Files in `folder`, which is made if it is not there.
    pub fn open(folder: &Path, limits: Limits) -> Result<Self, ShelfError> {
        atomic::create_private_folder(folder)?;
        Ok(Self { folder: folder.to_owned(), limits })
    }

    /// How much is kept.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    fn own(&self, account: Address) -> PathBuf {
        self.folder.join(hex::encode(account))
    }

    fn path(&self, account: Address, hash: &ContentHash) -> PathBuf {
        self.own(account).join(hex::encode(hash))
    }

    /// How many bytes of a file are there, and whether it is whole.
    pub fn standing(&self, account: Address, hash: &ContentHash) -> Result<(u64, bool), ShelfError> {
        let path = self.path(account, hash);
        let length = |path: &Path| match fs::metadata(path) {
            Ok(meta) => Ok(Some(meta.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(ShelfError::Read { path: path.to_owned(), source }),
        };
        if let Some(whole) = length(&path)? {
            return Ok((whole, true));
        }
        Ok((length(&path.with_extension(PART))?.unwrap_or(0), false))
    }

    /// Takes up a file of `length` bytes where it broke off, or begins it.
    pub fn part(&self, account: Address, hash: ContentHash, length: u64) -> Result<Part, ShelfError> {
        if length > self.limits.file {
            return Err(ShelfError::TooLong { limit: self.limits.file, got: length });
        }
        atomic::create_private_folder(&self.own(account))?;
        let path = self.path(account, &hash).with_extension(PART);
        if !path.exists() {
            self.leave_newest(account, self.limits.parts.saturating_sub(1), true)?;
        }
        let at = |step| {
            let path = path.clone();
            move |source| WriteError { path, step, source }
        };
        let options = || OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = atomic::point(Step::Create).and_then(|()| options()).map_err(at(Step::Create))?;
        let lock = Lock::take(&file).map_err(|error| match error {
            fs::TryLockError::WouldBlock => ShelfError::Busy(hash),
            fs::TryLockError::Error(source) => at(Step::Create)(source).into(),
        })?;
        let failed = |source| ShelfError::Read { path: path.clone(), source };
        // Whoever had the lock before may have finished it, and this is the whole file then.
        let own = file.metadata().map_err(failed)?;
        if fs::metadata(&path).map_or(true, |there| (there.dev(), there.ino()) != (own.dev(), own.ino())) {
            return Err(ShelfError::Busy(hash));
        }
        let mut hasher = Keccak256::new();
        let mut block = vec![0; BLOCK];
        let mut have = 0;
        loop {
            let got = file.read(&mut block).map_err(failed)?;
            let Some(read @ [_, ..]) = block.get(..got) else { break };
            hasher.update(read);
            have += got as u64;
        }
        let mut part = Part {
            shelf: self.clone(),
            account,
            hash,
            path: path.clone(),
            file,
            hasher,
            have,
            length,
            _lock: lock,
        };
        if part.have > length {
            // What is there can never become this.
            part.begin_anew()?;
        }
        Ok(part)
    }

    /// A whole file, and its length.
    pub fn read(&self, account: Address, hash: &ContentHash) -> Result<Option<(File, u64)>, ShelfError> {
        let path = self.path(account, hash);
        let failed = |source| ShelfError::Read { path: path.clone(), source };
        match File::open(&path) {
            Ok(file) => {
                let length = file.metadata().map_err(failed)?.len();
                Ok(Some((file, length)))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(failed(source)),
        }
    }

    /// A whole file's bytes.
    pub fn bytes(&self, account: Address, hash: &ContentHash) -> Result<Option<Vec<u8>>, ShelfError> {
        let path = self.path(account, hash);
        match atomic::read(&path, self.limits.file) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(ShelfError::Read { path, source }),
        }
    }

    /// The whole files of an account, the newest first.
    pub fn whole(&self, account: Address) -> Result<Vec<ContentHash>, ShelfError> {
        Ok(self.listed(account, false)?.into_iter().filter_map(|path| name(&path)).collect())
    }

    /// Puts a file there; gives its name.
    pub fn put(&self, account: Address, bytes: &[u8]) -> Result<ContentHash, ShelfError> {
        let got = bytes.len() as u64;
        if got > self.limits.file {
            return Err(ShelfError::TooLong { limit: self.limits.file, got });
        }
        atomic::create_private_folder(&self.own(account))?;
        // What a crash left of another time.
        atomic::sweep(&self.own(account))?;
        let hash = alloy_primitives::keccak256(bytes);
        let mut file = AtomicFile::create_private(&self.path(account, &hash))?;
        file.write(bytes)?;
        file.commit()?;
        self.leave_newest(account, self.limits.whole, false)?;
        Ok(hash)
    }

    /// Removes a whole file, if it is there.
    pub fn remove(&self, account: Address, hash: &ContentHash) -> Result<(), ShelfError> {
        remove(&self.path(account, hash))
    }

    /// The whole files or the parts of an account, the newest first.
    fn listed(&self, account: Address, parts: bool) -> Result<Vec<PathBuf>, ShelfError> {
        let folder = self.own(account);
        let failed = |source| ShelfError::Read { path: folder.clone(), source };
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(failed(source)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let path = entry.map_err(failed)?.path();
            let is_part = path.extension().is_some_and(|extension| extension == PART);
            if name(&path).is_some() && is_part == parts {
                let when = fs::metadata(&path).and_then(|meta| meta.modified());
                found.push((when.unwrap_or(SystemTime::UNIX_EPOCH), path));
            }
        }
        found.sort_by(|one, other| other.cmp(one));
        Ok(found.into_iter().map(|(_, path)| path).collect())
    }

    fn leave_newest(&self, account: Address, most: usize, parts: bool) -> Result<(), ShelfError> {
        self.listed(account, parts)?.iter().skip(most).try_for_each(|path| remove(path))
    }
}

/// The hash that a file is named after; none of another's.
fn name(path: &Path) -> Option<ContentHash> {
    let stem = path.file_stem()?.to_str()?;
    let known = path.extension().is_none_or(|extension| extension == PART);
    let lower = !stem.bytes().any(|byte| byte.is_ascii_uppercase());
    (known && lower && stem.len() == 64).then(|| stem.parse().ok())?
}

fn remove(path: &Path) -> Result<(), ShelfError> {
    let removed = atomic::point(Step::Remove).and_then(|()| fs::remove_file(path));
    match removed {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(WriteError { path: path.to_owned(), step: Step::Remove, source }.into())
        }
        _ => Ok(()),
    }
}

impl Part {
    /// How many bytes there are.
    pub fn have(&self) -> u64 {
        self.have
    }

    fn at(&self, step: Step) -> impl FnOnce(io::Error) -> WriteError {
        let path = self.path.clone();
        move |source| WriteError { path, step, source }
    }

    fn begin_anew(&mut self) -> Result<(), ShelfError> {
        let cut = atomic::point(Step::Truncate).and_then(|()| self.file.set_len(0));
        cut.and_then(|()| self.file.seek(SeekFrom::Start(0))).map_err(self.at(Step::Truncate))?;
        (self.hasher, self.have) = (Keccak256::new(), 0);
        Ok(())
    }

    /// Appends bytes that belong at `offset`.
    pub fn append(&mut self, offset: u64, bytes: &[u8]) -> Result<(), ShelfError> {
        if offset != self.have {
            return Err(ShelfError::Offset { expected: self.have, got: offset });
        }
        let more = bytes.len() as u64;
        if self.length - self.have < more {
            return Err(ShelfError::Beyond { length: self.length });
        }
        if let Err(error) = atomic::write_all(&mut self.file, bytes) {
            // What was written of it is cut off, or found by its hash at the end.
            let cut = self.file.set_len(self.have).and_then(|()| self.file.seek(SeekFrom::Start(self.have)));
            drop(cut);
            return Err(self.at(Step::Write)(error).into());
        }
        self.hasher.update(bytes);
        self.have += more;
        Ok(())
    }

    /// If all is there: checks it and lets it be seen. Says whether it is.
    pub fn finish(self) -> Result<bool, ShelfError> {
        if self.have < self.length {
            return Ok(false);
        }
        let got = self.hasher.clone().finalize();
        if got != self.hash {
            remove(&self.path)?;
            return Err(ShelfError::OtherHash { expected: self.hash, got });
        }
        atomic::sync(&self.file).map_err(self.at(Step::Sync))?;
        let target = self.path.with_extension("");
        atomic::point(Step::Rename)
            .and_then(|()| fs::rename(&self.path, &target))
            .map_err(self.at(Step::Rename))?;
        atomic::sync_folder(&self.shelf.own(self.account))?;
        self.shelf.leave_newest(self.account, self.shelf.limits.whole, false)?;
        Ok(true)
    }
}
