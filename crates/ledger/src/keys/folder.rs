//! A folder of key files, each called `NAME.json`.

use super::{
    AccountKey, Cost, Identity, KeyKind, KeystoreError, LogKey, ModelKey, Password,
    keystore::{Keystore, random},
};
use averment_atomic::{self as atomic, WriteError};
use averment_primitives::B256;
use std::{
    fs, io,
    path::{Path, PathBuf},
};
use thiserror::Error;
use zeroize::Zeroizing;

/// A key file is about 700 bytes.
const FILE_LIMIT: u64 = 64 * 1024;
const EXTENSION: &str = "json";

/// Why a key could not be listed, read or made.
#[derive(Debug, Error)]
pub enum KeyError {
    /// The name could leave the folder or confuse a shell.
    #[error("{name:?} is no name for a key: 1 to 64 of A-Z a-z 0-9 . _ - and not a dot first")]
    Name {
        /// The name.
        name: String,
    },
    /// There is no such file.
    #[error("there is no key {name:?} in {folder}; `aver keys list` shows those there are")]
    Missing {
        /// The key's name.
        name: String,
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// A key of that name is there already.
    #[error("there is already a key {name:?} in {folder}; it was left as it is, choose another name")]
    Exists {
        /// The key's name.
        name: String,
        /// The folder.
        folder: PathBuf,
    },
    /// The file is not a key file, or does not open.
    #[error("key file {path}: {source}")]
    Keystore {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: KeystoreError,
    },
    /// Reading failed.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Writing failed. No file of that name was left, unless it was the last step, [`averment_atomic::Step::SyncFolder`],
    /// that failed: then the whole file is there, but a power cut may still take it away.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// What a key file says of itself without its password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyInfo {
    /// The file's name without `.json`.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// What the key is for.
    pub kind: KeyKind,
    /// The public part as the file states it; checked only when the file is opened. Other wallets may leave
    /// it out.
    pub identity: Option<Identity>,
}

/// The keys of a folder, by name, and the files that look like keys but are not.
#[derive(Debug, Default)]
pub struct Listing {
    /// The keys, by name.
    pub keys: Vec<KeyInfo>,
    /// Files called `*.json` that are no key files, each with the reason.
    pub unreadable: Vec<KeyError>,
}

/// A folder of key files.
#[derive(Debug, Clone)]
pub struct KeyFolder(PathBuf);

impl KeyFolder {
    /// The folder at `path`; made, for its owner only, when the first key is written.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Every key in the folder, without its password; none if there is no folder.
    pub fn list(&self) -> Result<Listing, KeyError> {
        let failed = |source| KeyError::Io { path: self.0.clone(), source };
        let mut listing = Listing::default();
        let entries = match fs::read_dir(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(listing),
            entries => entries.map_err(failed)?,
        };
        for entry in entries {
            let path = entry.map_err(failed)?.path();
            let name = path.file_stem().and_then(|name| name.to_str()).map(str::to_owned);
            let (Some(name), true) = (name, path.extension().is_some_and(|e| e == EXTENSION)) else {
                continue;
            };
            match self.info(&name) {
                Ok(info) => listing.keys.push(info),
                Err(error) => listing.unreadable.push(error),
            }
        }
        listing.keys.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(listing)
    }

    /// What the file of the key called `name` says, without its password.
    pub fn info(&self, name: &str) -> Result<KeyInfo, KeyError> {
        let (path, keystore) = self.read(name)?;
        Ok(KeyInfo { name: name.to_owned(), path, kind: keystore.kind, identity: keystore.claim })
    }

    /// Makes a new account and writes its file.
    pub fn create_account(
        &self,
        name: &str,
        password: &Password,
        cost: Cost,
    ) -> Result<AccountKey, KeyError> {
        let path = self.path_of(name)?;
        loop {
            let secret = Zeroizing::new(random().map_err(|source| at(&path, source))?);
            // All but 2^-128 of the draws are keys.
            if let Some(key) = AccountKey::from_secret(&secret) {
                self.add_account(name, &key, password, cost)?;
                return Ok(key);
            }
        }
    }

    /// Makes a new log key and writes its file.
    pub fn create_log_key(&self, name: &str, password: &Password, cost: Cost) -> Result<LogKey, KeyError> {
        let path = self.path_of(name)?;
        let seed = Zeroizing::new(random().map_err(|source| at(&path, source))?);
        let key = LogKey::from_seed(&seed);
        self.write(name, &seed, identity_of_log(&key), password, cost)?;
        Ok(key)
    }

    /// Makes a new key for signing models and writes its file.
    pub fn create_model_key(
        &self,
        name: &str,
        password: &Password,
        cost: Cost,
    ) -> Result<ModelKey, KeyError> {
        let path = self.path_of(name)?;
        loop {
            let secret = Zeroizing::new(random().map_err(|source| at(&path, source))?);
            // All but 2^-32 of the draws are keys.
            if let Some(key) = ModelKey::from_secret(&secret) {
                self.add_model_key(name, &key, password, cost)?;
                return Ok(key);
            }
        }
    }

    /// Writes the file of a key for signing models that came from elsewhere.
    pub fn add_model_key(
        &self,
        name: &str,
        key: &ModelKey,
        password: &Password,
        cost: Cost,
    ) -> Result<(), KeyError> {
        self.write(name, &key.secret(), Identity::Model(key.public_key()), password, cost)
    }

    /// Takes over a key file that another wallet made: opens it with `password` and writes the key under
    /// `name`, protected by the same password. The original stays.
    pub fn import(
        &self,
        name: &str,
        file: &Path,
        password: &Password,
        cost: Cost,
    ) -> Result<Identity, KeyError> {
        self.path_of(name)?;
        let keystore = parse(file)?;
        match keystore.kind {
            KeyKind::Secp256k1 => {
                let key = open_account(file, &keystore, password)?;
                self.add_account(name, &key, password, cost)?;
                Ok(Identity::Account(key.address()))
            }
            KeyKind::Ed25519 => {
                let key = open_log_key(file, &keystore, password)?;
                self.write(name, &key.seed(), identity_of_log(&key), password, cost)?;
                Ok(identity_of_log(&key))
            }
            KeyKind::P256 => {
                let key = open_model_key(file, &keystore, password)?;
                self.add_model_key(name, &key, password, cost)?;
                Ok(Identity::Model(key.public_key()))
            }
        }
    }

    /// Opens the account called `name`.
    pub fn account(&self, name: &str, password: &Password) -> Result<AccountKey, KeyError> {
        let (path, keystore) = self.read(name)?;
        open_account(&path, &keystore, password)
    }

    /// Opens the log key called `name`.
    pub fn log_key(&self, name: &str, password: &Password) -> Result<LogKey, KeyError> {
        let (path, keystore) = self.read(name)?;
        open_log_key(&path, &keystore, password)
    }

    /// Opens the key for signing models called `name`.
    pub fn model_key(&self, name: &str, password: &Password) -> Result<ModelKey, KeyError> {
        let (path, keystore) = self.read(name)?;
        open_model_key(&path, &keystore, password)
    }

    fn add_account(
        &self,
        name: &str,
        key: &AccountKey,
        password: &Password,
        cost: Cost,
    ) -> Result<(), KeyError> {
        self.write(name, &key.secret(), Identity::Account(key.address()), password, cost)
    }

    fn read(&self, name: &str) -> Result<(PathBuf, Keystore), KeyError> {
        let path = self.path_of(name)?;
        match parse(&path) {
            Err(KeyError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                Err(KeyError::Missing { name: name.to_owned(), folder: self.0.clone() })
            }
            keystore => keystore.map(|keystore| (path, keystore)),
        }
    }

    fn write(
        &self,
        name: &str,
        secret: &[u8; 32],
        identity: Identity,
        password: &Password,
        cost: Cost,
    ) -> Result<(), KeyError> {
        let path = self.path_of(name)?;
        let exists = || KeyError::Exists { name: name.to_owned(), folder: self.0.clone() };
        // Before the costly work; the write below decides.
        if path.exists() {
            return Err(exists());
        }
        let bytes = Keystore::seal(secret, identity, password, cost).map_err(|source| at(&path, source))?;
        atomic::create_private_folder(&self.0)?;
        atomic::write_new_private(&path, &bytes).map_err(|error| match error.is_taken() {
            true => exists(),
            false => error.into(),
        })
    }

    fn path_of(&self, name: &str) -> Result<PathBuf, KeyError> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if name.is_empty() || name.len() > 64 || name.starts_with('.') || !name.chars().all(allowed) {
            return Err(KeyError::Name { name: name.chars().take(64).collect() });
        }
        Ok(self.0.join(format!("{name}.{EXTENSION}")))
    }
}

fn parse(path: &Path) -> Result<Keystore, KeyError> {
    let bytes =
        atomic::read(path, FILE_LIMIT).map_err(|source| KeyError::Io { path: path.to_owned(), source })?;
    Keystore::parse(&bytes).map_err(|source| at(path, source))
}

fn open_account(path: &Path, keystore: &Keystore, password: &Password) -> Result<AccountKey, KeyError> {
    let secret = open(path, keystore, KeyKind::Secp256k1, password)?;
    let key = AccountKey::from_secret(&secret)
        .ok_or_else(|| at(path, KeystoreError::NotAKey { kind: KeyKind::Secp256k1 }))?;
    check_claim(path, keystore, Identity::Account(key.address()))?;
    Ok(key)
}

fn open_log_key(path: &Path, keystore: &Keystore, password: &Password) -> Result<LogKey, KeyError> {
    let key = LogKey::from_seed(&*open(path, keystore, KeyKind::Ed25519, password)?);
    check_claim(path, keystore, identity_of_log(&key))?;
    Ok(key)
}

fn open_model_key(path: &Path, keystore: &Keystore, password: &Password) -> Result<ModelKey, KeyError> {
    let secret = open(path, keystore, KeyKind::P256, password)?;
    let key = ModelKey::from_secret(&secret)
        .ok_or_else(|| at(path, KeystoreError::NotAKey { kind: KeyKind::P256 }))?;
    check_claim(path, keystore, Identity::Model(key.public_key()))?;
    Ok(key)
}

fn open(
    path: &Path,
    keystore: &Keystore,
    expected: KeyKind,
    password: &Password,
) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    if keystore.kind != expected {
        return Err(at(path, KeystoreError::Kind { expected, got: keystore.kind }));
    }
    keystore.open(password).map_err(|source| at(path, source))
}

fn check_claim(path: &Path, keystore: &Keystore, found: Identity) -> Result<(), KeyError> {
    match keystore.claim {
        Some(claimed) if claimed != found => Err(at(path, KeystoreError::OtherKey { claimed, found })),
        _ => Ok(()),
    }
}

fn identity_of_log(key: &LogKey) -> Identity {
    Identity::Log(B256::from(key.public_key()))
}

fn at(path: &Path, source: KeystoreError) -> KeyError {
    KeyError::Keystore { path: path.to_owned(), source }
}
