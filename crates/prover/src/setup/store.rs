//! Setups by where they come from, with a folder that keeps what was checked or derived before.

use super::{
    CacheError, MAX_BITS, Setup, SetupError, cache, development,
    ptau::{self, PtauError},
};
use crate::Random;
use alloy_primitives::B256;
use averment_atomic::WriteError;
use averment_verifier::setup;
use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};
use thiserror::Error;

/// Where a setup comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The one whose secret is public.
    Development,
    /// A `.ptau` file.
    File(PathBuf),
}

/// A folder of `averment-setup/1` files, one for each setup: `DIGEST.setup`.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
}

/// Why there is no setup.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The file cannot be opened.
    #[error("{}: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file is no setup.
    #[error("{}: {source}", path.display())]
    Ptau {
        /// The file.
        path: PathBuf,
        /// Why.
        source: PtauError,
    },
    /// A size that no setup has.
    #[error("chunks of 2^{got} cells; no setup has more than 2^{MAX_BITS} powers")]
    Bits {
        /// What was asked for.
        got: u8,
    },
    /// What was read could not be kept.
    #[error(transparent)]
    Keep(#[from] WriteError),
    /// It is not the setup that is wanted.
    #[error(transparent)]
    Setup(#[from] SetupError),
}

impl Store {
    /// Keeps setups in `folder`, which is made when something is kept.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Where a setup is kept.
    pub fn path(&self, digest: B256) -> PathBuf {
        self.folder.join(format!("{digest:x}.setup"))
    }

    /// The first `2^bits + 1` powers of a setup. What is kept is read without checks of points; otherwise the file is
    /// checked in full (with `random`, see [`ptau::import`]) or the development setup derived, and kept. A damaged or
    /// too small file in the folder is replaced.
    pub fn open(&self, origin: &Origin, bits: u8, random: Random<'_>) -> Result<Setup, StoreError> {
        if bits > MAX_BITS {
            return Err(StoreError::Bits { got: bits });
        }
        let setup = match origin {
            Origin::Development => {
                if let Ok(setup) = self.read(development::DIGEST, bits) {
                    return Ok(setup);
                }
                Setup::development(bits)
            }
            Origin::File(path) => {
                let mut file =
                    File::open(path).map_err(|source| StoreError::Open { path: path.clone(), source })?;
                let refused = |source| StoreError::Ptau { path: path.clone(), source };
                // The digest of the file's own [τ]G2: what is kept under it was checked against this very point.
                let digest = setup::digest(&ptau::tau(&mut file).map_err(refused)?);
                if let Ok(setup) = self.read(digest, bits) {
                    return Ok(setup);
                }
                ptau::import(&mut file, bits, random).map_err(refused)?
            }
        };
        averment_atomic::create_folder(&self.folder)?;
        cache::write(&setup, bits, &self.path(setup.digest()))?;
        Ok(setup)
    }

    /// Reads what is kept.
    pub fn read(&self, digest: B256, bits: u8) -> Result<Setup, CacheError> {
        cache::read(&self.path(digest), digest, bits)
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}
