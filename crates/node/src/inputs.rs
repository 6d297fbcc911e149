//! Where an operator finds inputs: by the identity that a request names, in a folder that whoever asks fills.
//!
//! ```text
//! IDENTITY                  the commitments (averment-input-commitment/1 or -commitments/1)
//! IDENTITY.opening          what opens one (averment-input-opening/1)
//! IDENTITY.KEY.sealed       the same, sealed to the member with this key (averment-sealed/1)
//! ```
//!
//! Names are 64 hexadecimal digits. Nothing in the folder is trusted: a commitment is what its bytes hash to, and an opening
//! is one if the points come out again.

use crate::seal::{About, MemberKey, UnsealError, file_name};
use alloy_primitives::{B256, hex};
use averment_atomic as atomic;
use averment_plan::Schema;
use averment_prover::{
    Setup,
    registered::{CommitError, InputOpening, OpenedInputs, OpeningError},
};
use averment_verifier::commitment::{CommitmentError, Inputs};
use std::{
    io,
    path::{Path, PathBuf},
};
use thiserror::Error;
use zeroize::Zeroizing;

/// Longest file that is read, in bytes: 2^16 commitments, or some 10^7 values.
const LIMIT: u64 = 64 << 20;

/// Why inputs were not had. None of these is anybody's fault but who made the input known, so a later try may do better.
#[derive(Debug, Error)]
pub enum InputsError {
    /// A file is not there, or cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Not commitments.
    #[error("the commitments of {identity}: {source}")]
    Commitments {
        /// What was asked for.
        identity: B256,
        /// What is wrong.
        source: Box<CommitmentError>,
    },
    /// Others' commitments.
    #[error("expected the commitments {expected}, the file holds {got}")]
    Other {
        /// What was asked for.
        expected: B256,
        /// What is there.
        got: B256,
    },
    /// Another number of inputs than the request says.
    #[error("the request is about {expected} inputs, the commitments are to {got}")]
    Items {
        /// The request's.
        expected: u32,
        /// The commitments'.
        got: u32,
    },
    /// What is sealed to us does not open.
    #[error("the input {identity}, sealed to us: {source}")]
    Sealed {
        /// The commitment.
        identity: B256,
        /// Why.
        source: UnsealError,
    },
    /// Not an opening of this commitment.
    #[error("the opening of {identity}: {source}")]
    Opening {
        /// The commitment.
        identity: B256,
        /// What is wrong.
        source: Box<OpeningError>,
    },
    /// The values and salt are others than were committed to.
    #[error("the values given for {identity} are not those that were committed to")]
    NotOpened {
        /// The commitment.
        identity: B256,
    },
    /// The commitment cannot be computed.
    #[error("the commitment {identity}: {source}")]
    Commit {
        /// The commitment.
        identity: B256,
        /// Why.
        source: Box<CommitError>,
    },
}

/// A folder of inputs.
#[derive(Debug)]
pub struct InputFolder {
    folder: PathBuf,
    key: MemberKey,
}

impl InputFolder {
    /// The folder at `folder`; what is sealed to `key` is opened.
    pub fn new(folder: impl Into<PathBuf>, key: MemberKey) -> Self {
        Self { folder: folder.into(), key }
    }

    /// The inputs that a request names, opened and checked against their commitments.
    pub fn get(
        &self,
        identity: &B256,
        items: u32,
        setup: &Setup,
        schema: &Schema,
    ) -> Result<OpenedInputs, InputsError> {
        let wrong =
            |source: CommitmentError| InputsError::Commitments { identity: *identity, source: source.into() };
        let named = Inputs::decode(&self.read(&hex::encode(identity))?).map_err(wrong)?;
        if named.identity() != *identity {
            return Err(InputsError::Other { expected: *identity, got: named.identity() });
        }
        if named.items() != items {
            return Err(InputsError::Items { expected: items, got: named.items() });
        }
        let mut opened = Vec::with_capacity(named.commitments().len());
        for commitment in named.commitments() {
            let identity = commitment.identity();
            let bytes = self.opening(&identity)?;
            let opening = InputOpening::decode(&bytes, commitment, schema)
                .map_err(|source| InputsError::Opening { identity, source: source.into() })?;
            let opens = opening
                .opens(commitment, setup, schema)
                .map_err(|source| InputsError::Commit { identity, source: source.into() })?;
            if !opens {
                return Err(InputsError::NotOpened { identity });
            }
            opened.push((commitment.clone(), opening));
        }
        OpenedInputs::new(opened).map_err(wrong)
    }

    /// What opens a commitment: sealed to us if it is, else in the clear.
    fn opening(&self, identity: &B256) -> Result<Zeroizing<Vec<u8>>, InputsError> {
        match self.read(&file_name(identity, &self.key.public())) {
            Ok(sealed) => self
                .key
                .open(About::Input(*identity), &sealed)
                .map_err(|source| InputsError::Sealed { identity: *identity, source }),
            Err(InputsError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                self.read(&format!("{}.opening", hex::encode(identity)))
            }
            Err(error) => Err(error),
        }
    }

    fn read(&self, name: &str) -> Result<Zeroizing<Vec<u8>>, InputsError> {
        let path: PathBuf = Path::new(&self.folder).join(name);
        match atomic::read(&path, LIMIT) {
            Ok(bytes) => Ok(Zeroizing::new(bytes)),
            Err(source) => Err(InputsError::Read { path, source }),
        }
    }
}
