//! What is committed to before any proof, from the side that knows it: weights at registration, inputs before a request.
//!
//! The public halves are files of `averment_verifier::commitment`; here are the salts and values that open them, and the
//! way from values to points. Blinds come from a secret salt ([`blinds`](self) below), so that a commitment can be made
//! again from what is kept, and equal chunks of versions with one salt have equal points.
//!
//! # Blinds
//!
//! ```text
//! key     = BLAKE3 derive_key("averment-commitment/1 blinds", salt)
//! blind_i = BLAKE3 keyed(key, length of meaning u64le | meaning | i u32le | cells of chunk i, i32le), 64 bytes, mod r
//! ```
//!
//! where `meaning` is all that the public file says before the points: format and role or schema, setup, K, blocks. BLAKE3
//! with a secret key is a pseudo-random function, so whoever lacks the salt sees uniform blinds (512 bits taken modulo r are
//! uniform up to 2^-258). The cells are hashed for one reason: blinds of different cells must be independent even under one
//! salt. If a chunk of the next version had the blind of this one, the difference of the two points would be a bare
//! commitment to the difference of the weights, small integers that can be guessed and checked.
//!
//! A salt of an input is drawn for it alone: with one salt for many, equal inputs would have equal points.

mod inputs;
mod opened;
mod weights;

pub use inputs::{InputOpening, OpeningError};
pub use opened::{OpenedInputs, run};
pub use weights::{SecretError, WeightsSecret};

use crate::{Commitment, Setup, SetupError};
use ark_bn254::{Fr, G1Affine, G1Projective};
use ark_ec::CurveGroup;
use ark_ff::{AdditiveGroup, PrimeField};
use averment_kernels::{Backend, Bases};
use averment_plan::{
    SchemaError,
    vector::{ROW_WEIGHT, WEIGHT_SUM},
};
use averment_primitives::Salt;
use averment_verifier::{
    commitment::{Chunked, CommitmentError},
    descriptor::{Blocks, DeriveError, LayoutError},
};
use thiserror::Error;
use zeroize::{Zeroize, Zeroizing};

/// What keys of blinds are derived for.
const CONTEXT: &str = "averment-commitment/1 blinds";

/// Why values were not committed to.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum CommitError {
    /// The setup is too small.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The plan has no descriptor.
    #[error(transparent)]
    Plan(#[from] DeriveError),
    /// The blocks have no layout.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The blocks are more than a commitment has.
    #[error(transparent)]
    Commitment(#[from] CommitmentError),
    /// The values do not fit the schema.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// A block has more cells than its place.
    #[error("block {block}: at most {limit} cells fit, got {got}")]
    Cells {
        /// The block.
        block: usize,
        /// Cells of its place.
        limit: u64,
        /// Cells it has.
        got: usize,
    },
    /// More commitments than the plan's batch has room for.
    #[error("the plan's batch has room for {most} commitments to inputs, got {got}")]
    Items {
        /// For how many there is room.
        most: usize,
        /// How many there are.
        got: usize,
    },
    /// A sum of vectors that is wider than cells are: 64 bits, or 32 of a model and of what it is made of.
    #[error("a cell of the sum has more than 64 bits, or one of a model or its rows more than 32")]
    Sum,
    /// Weights of rows beyond what a round has.
    #[error(
        "row {row}: weights are at most {ROW_WEIGHT} and add up to at most {WEIGHT_SUM}; here {weight}, together {sum}"
    )]
    RowWeight {
        /// The row.
        row: usize,
        /// Its weight.
        weight: u32,
        /// The sum up to it.
        sum: u64,
    },
    /// The commitment at hand is for other blocks, another K or another setup.
    #[error("the commitment is for {what} other than the one at hand")]
    Other {
        /// What is different.
        what: &'static str,
    },
}

/// The chunks of one role: cells and blinds. Wiped when dropped.
pub(crate) struct Chunks {
    bits: u8,
    cells: Vec<i32>,
    blinds: Vec<Fr>,
}

impl Drop for Chunks {
    fn drop(&mut self) {
        self.cells.zeroize();
        self.blinds.zeroize();
    }
}

impl Chunks {
    /// Puts each block's cells (padded; what is missing is zero) into its place, and derives the blinds; without a salt
    /// they are zero.
    pub(crate) fn new(
        blocks: &Blocks,
        values: impl IntoIterator<Item = Vec<i32>>,
        meaning: &[u8],
        salt: Option<&Salt>,
    ) -> Result<Self, CommitError> {
        let mut cells = vec![0; (blocks.chunks() as usize) << blocks.chunk_bits()];
        let places = blocks.bases().iter().zip(blocks.sizes());
        for (block, ((base, bits), values)) in places.zip(values).enumerate() {
            let values = Zeroizing::new(values);
            let limit = 1_u64 << bits;
            if values.len() as u64 > limit {
                return Err(CommitError::Cells { block, limit, got: values.len() });
            }
            cells[*base as usize..][..values.len()].copy_from_slice(&values);
        }
        let mut chunks = Self { bits: blocks.chunk_bits(), cells, blinds: Vec::new() };
        let key = salt.map(|salt| Zeroizing::new(blake3::derive_key(CONTEXT, salt.expose())));
        chunks.blinds = (0_u32..)
            .zip(chunks.each())
            .map(|(chunk, cells)| key.as_deref().map_or(Fr::ZERO, |key| blind(key, meaning, chunk, cells)))
            .collect();
        Ok(chunks)
    }

    /// All cells, chunk by chunk.
    pub(crate) fn cells(&self) -> &[i32] {
        &self.cells
    }

    /// Each chunk's blind.
    pub(crate) fn blinds(&self) -> &[Fr] {
        &self.blinds
    }

    fn each(&self) -> impl Iterator<Item = &[i32]> {
        self.cells.chunks(1 << self.bits)
    }

    /// Computes the points.
    pub(crate) fn points(&self, setup: &Setup) -> Result<Vec<G1Affine>, SetupError> {
        setup.serves(self.bits)?;
        let (powers, top) = setup.powers().split_at(1 << self.bits);
        let longest = self.each().map(|cells| trimmed(cells).len()).max().unwrap_or(0);
        let bases = Bases::new(Backend::best(), &powers[..longest]);
        let points: Vec<G1Projective> = self
            .each()
            .zip(&self.blinds)
            .map(|(cells, blind)| bases.msm_i32(trimmed(cells)) + top[0] * blind)
            .collect();
        Ok(G1Projective::normalize_batch(&points))
    }

    /// The chunks with their points, for a proof.
    pub(crate) fn with(&self, points: &[G1Affine]) -> Vec<Commitment> {
        let parts = self.each().zip(&self.blinds).zip(points);
        parts
            .map(|((cells, blind), point)| Commitment {
                cells: trimmed(cells).iter().map(|cell| Fr::from(*cell)).collect(),
                blind: *blind,
                point: *point,
            })
            .collect()
    }
}

/// Without the zeros at the end: an item's chunk is as long as a batch's.
pub(crate) fn trimmed<T: Default + PartialEq>(cells: &[T]) -> &[T] {
    let length = cells.iter().rposition(|cell| *cell != T::default()).map_or(0, |last| last + 1);
    &cells[..length]
}

/// The blind of one chunk; see the module's head.
fn blind(key: &[u8; 32], meaning: &[u8], chunk: u32, cells: &[i32]) -> Fr {
    let mut hasher = blake3::Hasher::new_keyed(key);
    hasher.update(&(meaning.len() as u64).to_le_bytes()).update(meaning).update(&chunk.to_le_bytes());
    let mut bytes = Zeroizing::new([0; 4 * 1024]);
    for cells in cells.chunks(1024) {
        for (target, cell) in bytes.chunks_exact_mut(4).zip(cells) {
            target.copy_from_slice(&cell.to_le_bytes());
        }
        hasher.update(&bytes[..4 * cells.len()]);
    }
    let mut wide = Zeroizing::new([0; 64]);
    hasher.finalize_xof().fill(wide.as_mut());
    hasher.zeroize();
    Fr::from_le_bytes_mod_order(wide.as_ref())
}

/// Whether a commitment is for these blocks and this setup.
fn check(chunked: &Chunked, setup: alloy_primitives::B256, blocks: &Blocks) -> Result<(), CommitError> {
    let what = if chunked.setup() != setup {
        "a setup"
    } else if chunked.blocks().chunk_bits() != blocks.chunk_bits() {
        "a chunk size"
    } else if chunked.blocks() != blocks {
        "blocks"
    } else {
        return Ok(());
    };
    Err(CommitError::Other { what })
}

#[cfg(test)]
mod tests;
