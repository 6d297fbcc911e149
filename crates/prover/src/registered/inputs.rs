//! Commitments to inputs, and what opens them.

use super::{Chunks, CommitError, check};
use crate::{Commitment, Setup};
use alloy_primitives::B256;
use averment_atomic::WriteError;
use averment_plan::{Schema, SchemaError};
use averment_primitives::{DecodeError, Reader, Salt};
use averment_verifier::{
    commitment::{Chunked, CommitmentError, InputCommitment},
    descriptor::Blocks,
};
use std::{io, path::Path};
use thiserror::Error;
use zeroize::{Zeroize, Zeroizing};

const NAME: &str = "averment-input-opening/1\n";
/// The most bytes of an opening: as many as the weights of a model may have.
const LIMIT: u64 = 1 << 29;

/// The private half of a commitment to an input: values and salt, `averment-input-opening/1`. Whoever has it knows the
/// input. Wiped when dropped; `Debug` shows neither.
#[derive(Clone, PartialEq, Eq)]
pub struct InputOpening {
    commitment: B256,
    salt: Option<Salt>,
    tensors: Vec<Vec<i32>>,
}

/// Why an opening was not read.
#[derive(Debug, Error)]
pub enum OpeningError {
    /// The operating system could not read it.
    #[error("reading: {0}")]
    Read(#[from] io::Error),
    /// Not the bytes of this format.
    #[error(transparent)]
    Bytes(#[from] DecodeError),
    /// A byte that is neither 0 nor 1.
    #[error("whether there is a salt: 0 or 1 expected, got {got}")]
    Flag {
        /// The byte.
        got: u8,
    },
    /// The commitment is under another schema.
    #[error("the commitment is under schema {got}, not under {expected}")]
    OtherSchema {
        /// The schema at hand.
        expected: B256,
        /// The commitment's.
        got: B256,
    },
    /// The opening of another commitment.
    #[error("this is the opening of commitment {got}, not of {expected}")]
    Other {
        /// The commitment at hand.
        expected: B256,
        /// The one that the file is for.
        got: B256,
    },
    /// The values do not fit the schema.
    #[error(transparent)]
    Values(#[from] SchemaError),
}

impl Drop for InputOpening {
    fn drop(&mut self) {
        self.tensors.zeroize();
    }
}

impl std::fmt::Debug for InputOpening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InputOpening").field("commitment", &self.commitment).finish_non_exhaustive()
    }
}

impl InputOpening {
    /// Commits to `items` items: `tensors` are the schema's inputs, real cells row-major, one item after the other.
    ///
    /// The salt is 32 fresh random bytes for this commitment alone; without one the points hide nothing.
    pub fn commit(
        setup: &Setup,
        schema: &Schema,
        items: u32,
        tensors: Vec<Vec<i32>>,
        salt: Option<Salt>,
    ) -> Result<(InputCommitment, Self), CommitError> {
        let mut opening = Self { commitment: B256::ZERO, salt, tensors };
        let (blocks, chunks) = opening.place(setup, schema, items)?;
        let chunked = Chunked::new(setup.digest(), blocks, chunks.points(setup)?)?;
        let commitment = InputCommitment::new(schema.digest(), items, chunked)?;
        opening.commitment = commitment.identity();
        Ok((commitment, opening))
    }

    /// The chunks behind a commitment, without computing its points: for proofs. [`Self::opens`] tells whether they are
    /// the commitment's.
    pub fn chunks(
        &self,
        commitment: &InputCommitment,
        setup: &Setup,
        schema: &Schema,
    ) -> Result<Vec<Commitment>, CommitError> {
        let (blocks, chunks) = self.place(setup, schema, commitment.items())?;
        if commitment.schema() != schema.digest() {
            return Err(CommitError::Other { what: "a schema" });
        }
        check(commitment.chunked(), setup.digest(), &blocks)?;
        Ok(chunks.with(commitment.chunked().points()))
    }

    /// Whether values and salt are those of a commitment: computes the points again.
    pub fn opens(
        &self,
        commitment: &InputCommitment,
        setup: &Setup,
        schema: &Schema,
    ) -> Result<bool, CommitError> {
        let (blocks, chunks) = self.place(setup, schema, commitment.items())?;
        check(commitment.chunked(), setup.digest(), &blocks)?;
        Ok(commitment.schema() == schema.digest() && chunks.points(setup)? == commitment.chunked().points())
    }

    /// The values, real cells row-major.
    pub fn tensors(&self) -> &[Vec<i32>] {
        &self.tensors
    }

    /// The identity of the commitment that it opens.
    pub fn commitment(&self) -> B256 {
        self.commitment
    }

    fn place(&self, setup: &Setup, schema: &Schema, items: u32) -> Result<(Blocks, Chunks), CommitError> {
        let count = usize::try_from(items).map_err(|_| CommitmentError::Items { got: items })?;
        schema.check(&self.tensors, count)?;
        let blocks = Blocks::new(schema.chunk_bits(), schema.blocks(count)?)?;
        let meaning = InputCommitment::meaning(schema.digest(), items, setup.digest(), &blocks);
        let padded = self.tensors.iter().enumerate().map(|(input, values)| schema.padded(input, values));
        let chunks = Chunks::new(&blocks, padded, &meaning, self.salt.as_ref())?;
        Ok((blocks, chunks))
    }

    /// The file's bytes.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let values = self.tensors.iter().map(Vec::len).sum::<usize>();
        // Room for all of it at once, so that growing leaves no copy.
        let mut bytes = Zeroizing::new(Vec::with_capacity(NAME.len() + 65 + 4 * values));
        bytes.extend_from_slice(NAME.as_bytes());
        bytes.extend_from_slice(self.commitment.as_slice());
        bytes.push(u8::from(self.salt.is_some()));
        if let Some(salt) = &self.salt {
            bytes.extend_from_slice(salt.expose());
        }
        for value in self.tensors.iter().flatten() {
            bytes.extend_from_slice(&value.to_le_bytes());
        }
        bytes
    }

    /// Reads the opening of a commitment: exactly the bytes that [`Self::encode`] writes.
    pub fn decode(bytes: &[u8], commitment: &InputCommitment, schema: &Schema) -> Result<Self, OpeningError> {
        let expected = schema.digest();
        if commitment.schema() != expected {
            return Err(OpeningError::OtherSchema { expected, got: commitment.schema() });
        }
        let mut reader = Reader::new(bytes);
        reader.format(NAME)?;
        let (expected, got) = (commitment.identity(), B256::from(reader.array("commitment")?));
        if expected != got {
            return Err(OpeningError::Other { expected, got });
        }
        let [flag] = reader.array("whether there is a salt")?;
        let salt = match flag {
            0 => None,
            1 => Some(Salt::from_random(*Zeroizing::new(reader.array("salt")?))),
            got => return Err(OpeningError::Flag { got }),
        };
        let mut opening = Self { commitment: got, salt, tensors: Vec::with_capacity(schema.inputs().len()) };
        for input in schema.inputs() {
            let cells = (input.shape.cells() as u64).saturating_mul(commitment.items().into());
            let length = usize::try_from(cells.saturating_mul(4)).unwrap_or(usize::MAX);
            let bytes = reader.bytes("values", length)?;
            opening.tensors.push(bytes.as_chunks().0.iter().map(|word| i32::from_le_bytes(*word)).collect());
        }
        reader.finish()?;
        schema.check(&opening.tensors, commitment.items() as usize)?;
        Ok(opening)
    }

    /// Writes the file, which only its owner can read; one that is there is left as it is.
    pub fn write(&self, path: &Path) -> Result<(), WriteError> {
        averment_atomic::write_new_private(path, &self.encode())
    }

    /// Reads the file of a commitment.
    pub fn read(path: &Path, commitment: &InputCommitment, schema: &Schema) -> Result<Self, OpeningError> {
        let bytes = Zeroizing::new(averment_atomic::read(path, LIMIT)?);
        Self::decode(&bytes, commitment, schema)
    }
}
