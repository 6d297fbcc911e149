//! Secret weights of a model, handed to operators: `averment-sealed/1` of kind 2, in a folder.
//!
//! ```text
//! IDENTITY.KEY.sealed       the weights behind the commitment IDENTITY, sealed to the member with this key
//! plain = averment-commitment-salt/1 | averment-weights/1
//! ```
//!
//! HPKE's `info` binds a file to the commitment's identity; the plain text names that commitment and the plan's digest. Who
//! sealed it is unknown, so it counts only if the commitment's points come out again: an operator that computed with other
//! weights than the version registered would pay for that with its stake. What is opened is wiped, but for the model that is
//! computed with.

use crate::seal::{About, MemberKey, SealError, UnsealError, file_name, seal as seal_to};
use alloy_primitives::B256;
use averment_atomic as atomic;
use averment_plan::{Model, ModelError, Plan, Weights, WeightsDecodeError, limits};
use averment_primitives::DecodeError;
use averment_prover::{
    Setup,
    model::Committed,
    registered::{CommitError, WeightsSecret},
};
use averment_verifier::{commitment::WeightsCommitment, descriptor::Options};
use std::{
    io,
    path::{Path, PathBuf},
};
use thiserror::Error;
use zeroize::Zeroizing;

/// The longest sealed file that is read, in bytes: the longest weights, with a kibibyte around them. Reading takes two times
/// a file's length in memory, beside the model.
pub const SEALED_BYTES: u64 = limits::WEIGHTS_BYTES as u64 + 1024;

/// Weights that are what was committed to, and what opens the commitment.
#[derive(Debug)]
pub struct OpenedWeights {
    /// The plan with its weights.
    pub model: Model,
    /// What hides them.
    pub secret: WeightsSecret,
}

/// Why sealed weights were not had.
#[derive(Debug, Error)]
pub enum WeightsError {
    /// The file is not there, longer than [`SEALED_BYTES`], or cannot be read.
    #[error("{}: {source} (the name of what is sealed to us ends with our key, {key})", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Our key.
        key: B256,
        /// What the operating system said.
        source: io::Error,
    },
    /// What is sealed does not open as the weights behind this commitment.
    #[error("the weights behind {identity}, sealed to us: {source}")]
    Sealed {
        /// The commitment.
        identity: B256,
        /// Why.
        source: UnsealError,
    },
    /// No salt in it.
    #[error("the salt that was sealed with the weights: {0}")]
    Salt(#[from] DecodeError),
    /// The salt of another commitment.
    #[error("expected weights and salt behind the commitment {expected}, these are said to open {got}")]
    Other {
        /// The commitment at hand.
        expected: B256,
        /// The one that the salt is for.
        got: B256,
    },
    /// No weights of this plan.
    #[error("the weights that were sealed: {0}")]
    Weights(#[from] WeightsDecodeError),
    /// Weights with which the plan leaves its ranges.
    #[error("the weights that were sealed: {0}")]
    Model(#[from] ModelError),
    /// The commitment cannot be computed.
    #[error("committing to the weights that were sealed: {0}")]
    Commit(#[from] CommitError),
    /// Weights and salt are others than were committed to.
    #[error("the weights that were sealed are not those behind the commitment {identity}")]
    NotOpened {
        /// The commitment.
        identity: B256,
    },
}

/// Seals a model's weights and what hides them to the member with the public key `to`. Nothing is committed to again.
pub fn seal(to: &B256, model: &Model, secret: &WeightsSecret) -> Result<Vec<u8>, SealError> {
    let weights = Zeroizing::new(model.weights().encode(model.plan()));
    let mut plain = Zeroizing::new(Vec::with_capacity(WeightsSecret::BYTES + weights.len()));
    plain.extend_from_slice(&secret.encode());
    plain.extend_from_slice(&weights);
    // Sealing takes a copy of its own; this one is needed no longer.
    drop(weights);
    seal_to(to, About::Weights(secret.commitment()), &plain)
}

/// Finds in `folder` what was sealed to `key`, and opens it as [`open`] does.
pub fn read(
    folder: &Path,
    key: &MemberKey,
    plan: Plan,
    commitment: &WeightsCommitment,
    setup: &Setup,
) -> Result<OpenedWeights, WeightsError> {
    let path = folder.join(file_name(&commitment.identity(), &key.public()));
    match atomic::read(&path, SEALED_BYTES) {
        Ok(sealed) => open(&sealed, key, plan, commitment, setup),
        Err(source) => Err(WeightsError::Read { path, key: key.public(), source }),
    }
}

/// Opens what was sealed to `key`: weights of `plan`, which are those behind `commitment`. All points are computed again, with
/// `setup`.
pub fn open(
    sealed: &[u8],
    key: &MemberKey,
    plan: Plan,
    commitment: &WeightsCommitment,
    setup: &Setup,
) -> Result<OpenedWeights, WeightsError> {
    let identity = commitment.identity();
    let plain = key
        .open(About::Weights(identity), sealed)
        .map_err(|source| WeightsError::Sealed { identity, source })?;
    let (secret, weights) = plain.split_at(plain.len().min(WeightsSecret::BYTES));
    let secret = WeightsSecret::decode(secret)?;
    if secret.commitment() != identity {
        return Err(WeightsError::Other { expected: identity, got: secret.commitment() });
    }
    let weights = Weights::decode(&plan, weights)?;
    let model = Model::new(plan, weights)?;
    let chunk_bits = Some(commitment.chunked().blocks().chunk_bits());
    let options = Options { chunk_bits, ..Options::default() };
    let (again, _) = Committed::register(setup, &model, options, Some(secret.salt()))?;
    if again != *commitment {
        return Err(WeightsError::NotOpened { identity });
    }
    Ok(OpenedWeights { model, secret })
}
