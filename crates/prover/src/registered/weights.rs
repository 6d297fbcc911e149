//! Commitments to weights, and the salt that is kept with the weights.

use super::{Chunks, CommitError, check};
use crate::{Commitment, Setup};
use alloy_primitives::B256;
use averment_atomic::WriteError;
use averment_primitives::{DecodeError, Reader, Salt};
use averment_verifier::{
    commitment::{Chunked, WeightsCommitment},
    descriptor::Blocks,
};
use std::{io, path::Path};
use thiserror::Error;
use zeroize::Zeroizing;

const NAME: &str = "averment-commitment-salt/1\n";
/// The secret half of a commitment to weights: `averment-commitment-salt/1`. With the weights it opens the commitment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeightsSecret {
    commitment: B256,
    salt: Salt,
}

/// Why a secret was not read.
#[derive(Debug, Error)]
pub enum SecretError {
    /// The operating system could not read it.
    #[error("reading: {0}")]
    Read(#[from] io::Error),
    /// Not the bytes of this format.
    #[error(transparent)]
    Bytes(#[from] DecodeError),
    /// The secret of another commitment.
    #[error("this is the secret of commitment {got}, not of {expected}")]
    Other {
        /// The commitment at hand.
        expected: B256,
        /// The one that the file is for.
        got: B256,
    },
}

impl WeightsSecret {
    /// Bytes of the file.
    pub const BYTES: usize = NAME.len() + 64;

    /// Commits to weight blocks (padded, in the plan's order); without a salt the points hide nothing.
    ///
    /// The salt is 32 fresh random bytes for each model. Versions of the model may share it: equal chunks then have equal
    /// points, and everybody sees which ones are equal.
    pub fn commit(
        setup: &Setup,
        blocks: &Blocks,
        weights: impl IntoIterator<Item = Vec<i32>>,
        salt: Option<&Salt>,
    ) -> Result<(WeightsCommitment, Option<Self>), CommitError> {
        let meaning = WeightsCommitment::meaning(setup.digest(), blocks);
        let points = Chunks::new(blocks, weights, &meaning, salt)?.points(setup)?;
        let commitment = WeightsCommitment::new(Chunked::new(setup.digest(), blocks.clone(), points)?);
        let secret = salt.map(|salt| Self { commitment: commitment.identity(), salt: salt.clone() });
        Ok((commitment, secret))
    }

    /// The chunks behind a commitment, without computing its points: for proofs. Of weights or a salt that are not the
    /// commitment's come chunks whose proofs do not verify; [`Self::opens`] tells.
    pub fn chunks(
        commitment: &WeightsCommitment,
        setup: &Setup,
        blocks: &Blocks,
        weights: impl IntoIterator<Item = Vec<i32>>,
        salt: Option<&Salt>,
    ) -> Result<Vec<Commitment>, CommitError> {
        check(commitment.chunked(), setup.digest(), blocks)?;
        let meaning = WeightsCommitment::meaning(setup.digest(), blocks);
        Ok(Chunks::new(blocks, weights, &meaning, salt)?.with(commitment.chunked().points()))
    }

    /// Whether weights and salt are those of a commitment: computes the points again.
    pub fn opens(
        commitment: &WeightsCommitment,
        setup: &Setup,
        weights: impl IntoIterator<Item = Vec<i32>>,
        salt: Option<&Salt>,
    ) -> Result<bool, CommitError> {
        let blocks = commitment.chunked().blocks();
        check(commitment.chunked(), setup.digest(), blocks)?;
        Ok(Self::commit(setup, blocks, weights, salt)?.0 == *commitment)
    }

    /// The salt.
    pub fn salt(&self) -> &Salt {
        &self.salt
    }

    /// The identity of the commitment that it opens.
    pub fn commitment(&self) -> B256 {
        self.commitment
    }

    /// The file's bytes.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(Self::BYTES));
        bytes.extend_from_slice(NAME.as_bytes());
        bytes.extend_from_slice(self.commitment.as_slice());
        bytes.extend_from_slice(self.salt.expose());
        bytes
    }

    /// Reads exactly the bytes that [`Self::encode`] writes.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        reader.format(NAME)?;
        let commitment = B256::from(reader.array("commitment")?);
        let salt = Zeroizing::new(reader.array("salt")?);
        reader.finish()?;
        Ok(Self { commitment, salt: Salt::from_random(*salt) })
    }

    /// Writes the file, which only its owner can read; one that is there is left as it is.
    pub fn write(&self, path: &Path) -> Result<(), WriteError> {
        averment_atomic::write_new_private(path, &self.encode())
    }

    /// Reads the file of a commitment.
    pub fn read(path: &Path, commitment: &WeightsCommitment) -> Result<Self, SecretError> {
        let bytes = Zeroizing::new(averment_atomic::read(path, Self::BYTES as u64)?);
        let secret = Self::decode(&bytes)?;
        let expected = commitment.identity();
        if secret.commitment != expected {
            return Err(SecretError::Other { expected, got: secret.commitment });
        }
        Ok(secret)
    }
}
