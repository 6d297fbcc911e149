//! A vector of a task, with what opens its commitment: a model, an update, or a sum of such.

use crate::{
    Commitment, Setup,
    registered::{Chunks, CommitError, trimmed},
};
use alloy_primitives::B256;
use ark_bn254::{Fr, G1Affine, G1Projective};
use ark_ec::CurveGroup;
use averment_primitives::Salt;
use averment_verifier::{
    commitment::{Chunked, WeightsCommitment},
    descriptor::Blocks,
};
use zeroize::Zeroize;

/// The integers of a vector in their chunks, each chunk's blind, and the points. Wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Vector {
    setup: B256,
    blocks: Blocks,
    cells: Vec<i64>,
    blinds: Vec<Fr>,
    points: Vec<G1Affine>,
}

impl Drop for Vector {
    fn drop(&mut self) {
        self.cells.zeroize();
        self.blinds.zeroize();
    }
}

impl std::fmt::Debug for Vector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vector").field("points", &self.points).finish_non_exhaustive()
    }
}

impl Vector {
    /// Commits to the cells of each block, padded as a plan's weights are, in the plan's order; what is missing of a block is
    /// zero. The same points as those of weights that are registered with this salt ([F1.3], [F1.4]); without one they hide
    /// nothing.
    pub fn commit(
        setup: &Setup,
        blocks: &Blocks,
        cells: impl IntoIterator<Item = Vec<i32>>,
        salt: Option<&Salt>,
    ) -> Result<Self, CommitError> {
        let meaning = WeightsCommitment::meaning(setup.digest(), blocks);
        let chunks = Chunks::new(blocks, cells, &meaning, salt)?;
        let points = chunks.points(setup)?;
        Ok(Self {
            setup: setup.digest(),
            blocks: blocks.clone(),
            cells: chunks.cells().iter().copied().map(i64::from).collect(),
            blinds: chunks.blinds().to_vec(),
            points,
        })
    }

    /// The vector of nothing but zeros, whose points are the identity: it hides nothing, and everybody knows it.
    pub fn zero(setup: &Setup, blocks: &Blocks) -> Self {
        let chunks = blocks.chunks() as usize;
        Self {
            setup: setup.digest(),
            blocks: blocks.clone(),
            cells: vec![0; chunks << blocks.chunk_bits()],
            blinds: vec![Fr::default(); chunks],
            points: vec![G1Affine::identity(); chunks],
        }
    }

    /// The vector `Σ factor · vector` over `parts`, which are all for one setup and one list of blocks, with the points and blinds
    /// that this makes.
    pub fn combine(parts: &[(i64, &Self)]) -> Result<Self, CommitError> {
        let Some(((_, first), _)) = parts.split_first() else {
            return Err(CommitError::Other { what: "a vector" });
        };
        let (mut cells, mut blinds) =
            (vec![0_i64; first.cells.len()], vec![Fr::default(); first.blinds.len()]);
        let mut points = vec![G1Projective::default(); first.points.len()];
        for (factor, own) in parts {
            if own.setup != first.setup || own.blocks != first.blocks {
                let what = if own.setup != first.setup { "a setup" } else { "blocks" };
                return Err(CommitError::Other { what });
            }
            let in_field = Fr::from(*factor);
            for (sum, cell) in cells.iter_mut().zip(&own.cells) {
                let added = factor.checked_mul(*cell).and_then(|value| sum.checked_add(value));
                *sum = added.ok_or(CommitError::Sum)?;
            }
            blinds.iter_mut().zip(&own.blinds).for_each(|(sum, blind)| *sum += in_field * blind);
            points.iter_mut().zip(&own.points).for_each(|(sum, point)| *sum += *point * in_field);
        }
        let points = G1Projective::normalize_batch(&points);
        Ok(Self { setup: first.setup, blocks: first.blocks.clone(), cells, blinds, points })
    }

    /// The commitment: what is published.
    pub fn commitment(&self) -> Result<WeightsCommitment, CommitError> {
        let chunked = Chunked::new(self.setup, self.blocks.clone(), self.points.clone())?;
        Ok(WeightsCommitment::new(chunked))
    }

    /// Where the blocks lie.
    pub fn blocks(&self) -> &Blocks {
        &self.blocks
    }

    /// One point a chunk.
    pub fn points(&self) -> &[G1Affine] {
        &self.points
    }

    /// The cells of each block, padding included.
    pub fn each_block(&self) -> impl Iterator<Item = &[i64]> {
        let places = self.blocks.bases().iter().zip(self.blocks.sizes());
        places.map(|(base, bits)| &self.cells[*base as usize..][..1 << bits])
    }

    /// `Σ_b 4^e_b Σ x·y` with the exponents of each block ([F1.2]).
    pub fn product(&self, other: &Self, exponents: &[u8]) -> i128 {
        let pairs = self.each_block().zip(other.each_block()).zip(exponents);
        let block = |(x, y): (&[i64], &[i64])| -> i128 {
            x.iter().zip(y).map(|(x, y)| i128::from(*x) * i128::from(*y)).sum()
        };
        pairs.map(|(cells, exponent)| block(cells) << (2 * u32::from(*exponent))).sum()
    }

    /// The chunks, for a proof.
    pub(crate) fn chunks(&self) -> Vec<Commitment> {
        let cells = self.cells.chunks(1 << self.blocks.chunk_bits());
        let parts = cells.zip(&self.blinds).zip(&self.points);
        parts
            .map(|((cells, blind), point)| Commitment {
                cells: trimmed(cells).iter().map(|cell| Fr::from(*cell)).collect(),
                blind: *blind,
                point: *point,
            })
            .collect()
    }
}
