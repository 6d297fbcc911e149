//! What a member keeps on its disk beside the journal.
//!
//! ```text
//! FOLDER/journal            averment-federated-journal/1
//! FOLDER/models/ROUND       packages of models, checked; 0 is the initial one
//! FOLDER/updates/ROUND      deliveries that were made here, and ROUND.points
//! FOLDER/opened/ROUND-WHOSE deliveries of others, opened and checked; of what opens the sum before only what was checked is kept
//! FOLDER/made/CONTENT       packages of models that were made here, by their hashes
//! FOLDER/made/ROUND         what makes a round's model on the chain: the argument of `aggregate`, as the contract's ABI has it
//! FOLDER/inbox, outbox      what was brought sealed, and what is given sealed
//! ```
//!
//! Everything is written whole or not at all. Models, updates and what was opened are others' secrets or one's own: the folder is its
//! owner's alone.

use super::{
    craft::Update,
    delivery::Parts,
    transfers::{Limits, Shelf, ShelfError},
};
use alloy_primitives::{Address, B256, hex};
use averment_atomic::{self as atomic, AtomicFile, WriteError};
use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};
use thiserror::Error;

/// Why something was not kept or found.
#[derive(Debug, Error)]
pub enum StoreError {
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
    /// A folder for files under their hashes.
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    /// A file that is not what was written there.
    #[error("{}: it is not what was written there; restore it from a copy", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
}

/// Somebody's update, as it was delivered.
#[derive(Clone, PartialEq, Eq)]
pub struct Opened {
    /// Its package.
    pub package: Vec<u8>,
    /// Its proof.
    pub proof: Vec<u8>,
    /// What opens the sum of its sender's updates before; empty if that was not brought, or is not what it should be.
    pub before: Vec<u8>,
}

impl From<Parts<'_>> for Opened {
    fn from(parts: Parts<'_>) -> Self {
        let Parts { package, proof, before } = parts;
        Self { package: package.to_vec(), proof: proof.to_vec(), before: before.to_vec() }
    }
}

/// Integers are private.
impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened").field("package", &self.package.len()).finish_non_exhaustive()
    }
}

/// The folder of one member of one task. Copies are the same folder.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
    limit: u64,
    /// What was brought.
    pub inbox: Shelf,
    /// What is given.
    pub outbox: Shelf,
}

impl Store {
    /// The folder at `folder`, which is made if it is not there, for files of at most `limit` bytes.
    pub fn open(folder: &Path, limit: u64) -> Result<Self, StoreError> {
        for part in ["models", "updates", "opened", "made"] {
            let part = folder.join(part);
            atomic::create_private_folder(&part)?;
            atomic::sweep(&part)?;
        }
        let limits = Limits { file: limit, ..Limits::default() };
        let inbox = Shelf::open(&folder.join("inbox"), limits)?;
        let outbox = Shelf::open(&folder.join("outbox"), limits)?;
        Ok(Self { folder: folder.to_owned(), limit, inbox, outbox })
    }

    /// Longest file, in bytes.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// Where the journal is.
    pub fn journal(&self) -> PathBuf {
        self.folder.join("journal")
    }

    fn read(&self, path: PathBuf) -> Result<Option<Vec<u8>>, StoreError> {
        match atomic::read(&path, self.limit) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(StoreError::Read { path, source }),
        }
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
        let mut file = AtomicFile::create_private(path)?;
        file.write(bytes)?;
        Ok(file.commit()?)
    }

    fn model_path(&self, round: u16) -> PathBuf {
        self.folder.join("models").join(round.to_string())
    }

    /// A model's package.
    pub fn model(&self, round: u16) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(self.model_path(round))
    }

    /// Keeps a model's package, which was checked.
    pub fn keep_model(&self, round: u16, package: &[u8]) -> Result<(), StoreError> {
        self.write(&self.model_path(round), package)
    }

    /// The rounds whose models are there.
    pub fn models(&self) -> Result<BTreeSet<u16>, StoreError> {
        let path = self.folder.join("models");
        let failed = |source| StoreError::Read { path: path.clone(), source };
        let mut rounds = BTreeSet::new();
        for entry in fs::read_dir(&path).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            rounds.extend(name.to_str().and_then(|name| name.parse::<u16>().ok()));
        }
        Ok(rounds)
    }

    fn update_paths(&self, round: u16) -> [PathBuf; 2] {
        let path = self.folder.join("updates").join(round.to_string());
        [path.with_extension("points"), path]
    }

    /// The update that was made here for a round.
    pub fn update(&self, round: u16) -> Result<Option<Update>, StoreError> {
        let [points, path] = self.update_paths(round);
        let (Some(points), Some(bytes)) = (self.read(points)?, self.read(path.clone())?) else {
            return Ok(None);
        };
        let parts = Parts::decode(&bytes).map_err(|_| StoreError::Damaged { path })?;
        Ok(Some(Update { package: parts.package.to_vec(), points, proof: parts.proof.to_vec() }))
    }

    /// Keeps an update that was made here; one that is there already is replaced.
    pub fn keep_update(&self, round: u16, update: &Update) -> Result<(), StoreError> {
        let [points, path] = self.update_paths(round);
        let parts = Parts { package: &update.package, proof: &update.proof, before: &[] };
        let bytes = parts.encode().ok_or_else(|| StoreError::Damaged { path: path.clone() })?;
        self.write(&points, &update.points)?;
        self.write(&path, &bytes)
    }

    fn opened_path(&self, round: u16, account: Address) -> PathBuf {
        self.folder.join("opened").join(format!("{round}-{}", hex::encode(account)))
    }

    /// Somebody's update of a round.
    pub fn opened(&self, round: u16, account: Address) -> Result<Option<Opened>, StoreError> {
        let path = self.opened_path(round, account);
        let Some(bytes) = self.read(path.clone())? else { return Ok(None) };
        Ok(Some(Parts::decode(&bytes).map_err(|_| StoreError::Damaged { path })?.into()))
    }

    /// Keeps it, in place of what was there.
    pub fn keep_opened(&self, round: u16, account: Address, opened: &Opened) -> Result<(), StoreError> {
        let path = self.opened_path(round, account);
        let parts = Parts { package: &opened.package, proof: &opened.proof, before: &opened.before };
        self.write(&path, &parts.encode().ok_or_else(|| StoreError::Damaged { path: path.clone() })?)
    }

    /// The package of a model that was made here, by its hash.
    pub fn made(&self, content: &B256) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(self.folder.join("made").join(hex::encode(content)))
    }

    /// The transaction's argument that makes a round's model, as it was sent or is about to be.
    pub fn aggregation(&self, round: u16) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(self.folder.join("made").join(round.to_string()))
    }

    /// Keeps both before anything is sent: the package's salt is nowhere else, and what is sent again is to be the same.
    pub fn keep_made(
        &self,
        round: u16,
        content: &B256,
        package: &[u8],
        aggregation: &[u8],
    ) -> Result<(), StoreError> {
        let folder = self.folder.join("made");
        self.write(&folder.join(hex::encode(content)), package)?;
        self.write(&folder.join(round.to_string()), aggregation)
    }
}
