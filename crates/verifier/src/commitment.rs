//! What was committed to before any proof: weights at registration, inputs before a request.
//!
//! A point means a vector only together with the setup, K and the places of the blocks in it: an opening binds a
//! polynomial modulo X^K. So these are written together, and the identity of a commitment is the hash of all of them.

mod inputs;

pub use inputs::Inputs;

use crate::{
    descriptor::{Blocks, LayoutError},
    point::{self, G1Affine},
};
use alloy_primitives::{B256, keccak256};
use averment_primitives::{DecodeError, Reader};
use thiserror::Error;

const WEIGHTS_NAME: &str = "averment-commitment/1\n";
const INPUT_NAME: &str = "averment-input-commitment/1\n";
const BATCH_NAME: &str = "averment-input-batch/1\n";
/// The role of weights; other roles that are registered get other numbers.
const WEIGHTS_ROLE: u8 = 1;

/// The most blocks of a commitment.
pub const BLOCKS: u32 = 1 << 14;
/// The most chunks of a commitment; a verification of one proof costs some 6,600 gas for each.
pub const CHUNKS: u32 = 1 << 12;
/// The most items of a commitment to inputs.
pub const ITEMS: u32 = 1 << 16;

/// Points of chunks, and what they mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunked {
    setup: B256,
    blocks: Blocks,
    points: Vec<G1Affine>,
}

/// The commitment to a model's weights: what a version registers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeightsCommitment(Chunked);

/// The commitment to an input, or to a batch of them together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputCommitment {
    schema: B256,
    items: u32,
    chunked: Chunked,
}

/// The identity of a batch whose items have commitments of their own: a hash of theirs, in order, `averment-input-batch/1`.
/// An item may be there twice.
pub fn batch_identity(identities: impl ExactSizeIterator<Item = B256>) -> B256 {
    let mut list = BATCH_NAME.as_bytes().to_vec();
    // More items than this holds have no descriptor.
    list.extend_from_slice(&u32::try_from(identities.len()).unwrap_or(u32::MAX).to_be_bytes());
    identities.for_each(|identity| list.extend_from_slice(identity.as_slice()));
    keccak256(list)
}

/// Why something is no commitment.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum CommitmentError {
    /// Not the bytes of this format.
    #[error(transparent)]
    Bytes(#[from] DecodeError),
    /// A role that this release does not know.
    #[error("role {got}; this release knows {WEIGHTS_ROLE}, weights")]
    Role {
        /// What it says.
        got: u8,
    },
    /// Blocks without layout.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// Too many blocks; none only if there are no weights.
    #[error("at most {BLOCKS} blocks allowed, of inputs at least one; got {got}")]
    Blocks {
        /// How many there are.
        got: u64,
    },
    /// More chunks than a proof can have.
    #[error("at most {CHUNKS} chunks allowed, these blocks need {got}: take a larger K")]
    TooManyChunks {
        /// How many there are.
        got: u32,
    },
    /// Points are missing, or there are too many.
    #[error("the blocks lie in {expected} chunks, got {got} points")]
    Points {
        /// How many there must be.
        expected: u32,
        /// How many there are.
        got: usize,
    },
    /// Bytes that are no point.
    #[error("the point of chunk {chunk} is not on the curve, or not canonical")]
    Point {
        /// The chunk.
        chunk: u32,
    },
    /// A commitment to several items where each has one of its own.
    #[error("commitment {place} is to {got} items; in a batch of separate ones each is to one")]
    NotSingle {
        /// Its place in the batch.
        place: usize,
        /// How many items.
        got: u32,
    },
    /// Items of a batch under several schemas.
    #[error("commitment {place} is under schema {got}, the first of the batch under {expected}")]
    Schema {
        /// Its place in the batch.
        place: usize,
        /// The first one's.
        expected: B256,
        /// This one's.
        got: B256,
    },
    /// No items, or too many.
    #[error("1 to {ITEMS} items expected, got {got}")]
    Items {
        /// How many.
        got: u32,
    },
}

impl Chunked {
    /// Points of the chunks of `blocks`, made with the setup that has the digest `setup`.
    pub fn new(setup: B256, blocks: Blocks, points: Vec<G1Affine>) -> Result<Self, CommitmentError> {
        let got = points.len();
        let expected = check_sizes(&blocks)?;
        if u32::try_from(got) != Ok(expected) {
            return Err(CommitmentError::Points { expected, got });
        }
        Ok(Self { setup, blocks, points })
    }

    /// The setup's digest.
    pub fn setup(&self) -> B256 {
        self.setup
    }

    /// Where the blocks lie in the chunks.
    pub fn blocks(&self) -> &Blocks {
        &self.blocks
    }

    /// One point a chunk.
    pub fn points(&self) -> &[G1Affine] {
        &self.points
    }

    fn encode(&self, out: &mut Vec<u8>) {
        encode_meaning(self.setup, &self.blocks, out);
        out.extend(point::to_bytes(&self.points));
    }

    fn decode(mut reader: Reader<'_>) -> Result<Self, CommitmentError> {
        let setup = B256::from(reader.array("setup digest")?);
        let [chunk_bits] = reader.array("bits of a chunk")?;
        let count = number(&mut reader, "number of blocks")?;
        if count > BLOCKS {
            return Err(CommitmentError::Blocks { got: count.into() });
        }
        let sizes = reader.bytes("sizes of blocks", usize::try_from(count).unwrap_or(usize::MAX))?.to_vec();
        let blocks = Blocks::new(chunk_bits, sizes)?;
        let mut points = Vec::new();
        for chunk in 0..check_sizes(&blocks)? {
            let words = [reader.array("point")?, reader.array("point")?].map(B256::from);
            points.push(point::from_words(&words).ok_or(CommitmentError::Point { chunk })?);
        }
        reader.finish()?;
        Self::new(setup, blocks, points)
    }
}

/// The number of chunks.
fn check_sizes(blocks: &Blocks) -> Result<u32, CommitmentError> {
    let count = u64::try_from(blocks.sizes().len()).unwrap_or(u64::MAX);
    if count > BLOCKS.into() {
        return Err(CommitmentError::Blocks { got: count });
    }
    match blocks.chunks() {
        chunks if chunks <= CHUNKS => Ok(chunks),
        got => Err(CommitmentError::TooManyChunks { got }),
    }
}

fn encode_meaning(setup: B256, blocks: &Blocks, out: &mut Vec<u8>) {
    out.extend_from_slice(setup.as_slice());
    out.push(blocks.chunk_bits());
    // At most `BLOCKS` where points are checked; what is larger has no commitment.
    out.extend_from_slice(&u32::try_from(blocks.sizes().len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(blocks.sizes());
}

/// A number as these formats write it, and the EVM: big-endian.
fn number(reader: &mut Reader<'_>, field: &'static str) -> Result<u32, DecodeError> {
    reader.array(field).map(u32::from_be_bytes)
}

impl WeightsCommitment {
    /// Of these points.
    pub fn new(chunked: Chunked) -> Self {
        Self(chunked)
    }

    /// Reads `averment-commitment/1`: exactly the bytes that [`Self::encode`] writes.
    pub fn decode(bytes: &[u8]) -> Result<Self, CommitmentError> {
        let mut reader = Reader::new(bytes);
        reader.format(WEIGHTS_NAME)?;
        let [role] = reader.array("role")?;
        if role != WEIGHTS_ROLE {
            return Err(CommitmentError::Role { got: role });
        }
        Chunked::decode(reader).map(Self)
    }

    /// The canonical bytes (docs/formats.md).
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Self::head();
        self.0.encode(&mut out);
        out
    }

    /// keccak256 of the canonical bytes: a version's `weightsCommitment`, which statements name.
    pub fn identity(&self) -> B256 {
        keccak256(self.encode())
    }

    /// The points and what they mean.
    pub fn chunked(&self) -> &Chunked {
        &self.0
    }

    /// All canonical bytes before the points: what blinds are derived for.
    pub fn meaning(setup: B256, blocks: &Blocks) -> Vec<u8> {
        let mut out = Self::head();
        encode_meaning(setup, blocks, &mut out);
        out
    }

    fn head() -> Vec<u8> {
        let mut out = WEIGHTS_NAME.as_bytes().to_vec();
        out.push(WEIGHTS_ROLE);
        out
    }
}

impl InputCommitment {
    /// To `items` items under the input schema with the digest `schema`.
    pub fn new(schema: B256, items: u32, chunked: Chunked) -> Result<Self, CommitmentError> {
        if items == 0 || items > ITEMS {
            return Err(CommitmentError::Items { got: items });
        }
        if chunked.blocks.sizes().is_empty() {
            return Err(CommitmentError::Blocks { got: 0 });
        }
        Ok(Self { schema, items, chunked })
    }

    /// Reads `averment-input-commitment/1`: exactly the bytes that [`Self::encode`] writes.
    pub fn decode(bytes: &[u8]) -> Result<Self, CommitmentError> {
        let mut reader = Reader::new(bytes);
        reader.format(INPUT_NAME)?;
        let schema = B256::from(reader.array("schema digest")?);
        let items = number(&mut reader, "number of items")?;
        Self::new(schema, items, Chunked::decode(reader)?)
    }

    /// The canonical bytes (docs/formats.md).
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Self::head(self.schema, self.items);
        self.chunked.encode(&mut out);
        out
    }

    /// keccak256 of the canonical bytes: what whoever saw the input signs.
    pub fn identity(&self) -> B256 {
        keccak256(self.encode())
    }

    /// Digest of the input schema.
    pub fn schema(&self) -> B256 {
        self.schema
    }

    /// How many items are committed to together.
    pub fn items(&self) -> u32 {
        self.items
    }

    /// The points and what they mean.
    pub fn chunked(&self) -> &Chunked {
        &self.chunked
    }

    /// All canonical bytes before the points: what blinds are derived for.
    pub fn meaning(schema: B256, items: u32, setup: B256, blocks: &Blocks) -> Vec<u8> {
        let mut out = Self::head(schema, items);
        encode_meaning(setup, blocks, &mut out);
        out
    }

    fn head(schema: B256, items: u32) -> Vec<u8> {
        let mut out = INPUT_NAME.as_bytes().to_vec();
        out.extend_from_slice(schema.as_slice());
        out.extend_from_slice(&items.to_be_bytes());
        out
    }
}

#[cfg(test)]
mod tests;
