//! A vector of a task, with what opens its commitment: a package that was committed to, or a sum of such.

use crate::{
    Commitment, Setup,
    registered::{Chunks, CommitError, trimmed},
};
use alloy_primitives::B256;
use ark_bn254::{Fr, G1Affine, G1Projective};
use ark_ec::CurveGroup;
use averment_kernels::{Backend, gram};
use averment_plan::vector::{self, Package, VectorError, VectorKind, VectorLayout};
use averment_primitives::Salt;
use averment_verifier::{
    commitment::{Chunked, WeightsCommitment},
    descriptor::Blocks,
};
use zeroize::Zeroize;

/// The integers of a vector in their chunks, each chunk's blind, and the points. Wiped when dropped.
///
/// It is a [`vector::Vector`] of the plan with what opens it, or a sum of several, whose cells are in no kind's range.
#[derive(Clone, PartialEq, Eq)]
pub struct Vector {
    pub(super) setup: B256,
    pub(super) blocks: Blocks,
    pub(super) cells: Vec<i64>,
    pub(super) blinds: Vec<Fr>,
    pub(super) points: Vec<G1Affine>,
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
    /// Commits to a package in chunks of `2^chunk_bits` cells: whoever has it gets the same points.
    pub fn of(
        setup: &Setup,
        layout: &VectorLayout,
        chunk_bits: u8,
        package: &Package,
    ) -> Result<Self, CommitError> {
        let blocks = Blocks::new(chunk_bits, layout.sizes())?;
        Self::commit(setup, &blocks, package.vector.padded(layout), Some(&package.salt))
    }

    /// The real cells, as a vector of the plan; refuses what is out of the kind's range.
    pub fn plain(&self, layout: &VectorLayout, kind: VectorKind) -> Result<vector::Vector, VectorError> {
        let (expected, got) = (layout.blocks().len(), self.blocks.sizes().len());
        if expected != got || layout.sizes() != self.blocks.sizes() {
            return Err(VectorError::Count { expected, got });
        }
        let mut tensors = Vec::with_capacity(expected);
        for (block, cells) in layout.blocks().iter().zip(self.each_block()) {
            let real = block.shape.real_cells().filter_map(|place| cells.get(place)).enumerate();
            let narrow = |(cell, got): (usize, &i64)| {
                i32::try_from(*got).map_err(|_| VectorError::OutOfRange {
                    name: block.name.clone(),
                    cell,
                    got: *got,
                    bits: block.width(kind),
                })
            };
            tensors.push(real.map(narrow).collect::<Result<_, _>>()?);
        }
        vector::Vector::new(layout, kind, tensors)
    }

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
        let mut cells = vec![0_i64; first.cells.len()];
        for (factor, own) in parts {
            if own.setup != first.setup || own.blocks != first.blocks {
                let what = if own.setup != first.setup { "a setup" } else { "blocks" };
                return Err(CommitError::Other { what });
            }
            for (sum, cell) in cells.iter_mut().zip(&own.cells) {
                let added = factor.checked_mul(*cell).and_then(|value| sum.checked_add(value));
                *sum = added.ok_or(CommitError::Sum)?;
            }
        }
        let (blinds, points) = Self::openings(parts);
        Ok(Self { setup: first.setup, blocks: first.blocks.clone(), cells, blinds, points })
    }

    /// Blinds and points of `Σ factor · vector`, chunk by chunk, of vectors of as many chunks.
    pub(super) fn openings(parts: &[(i64, &Self)]) -> (Vec<Fr>, Vec<G1Affine>) {
        let chunks = parts.first().map_or(0, |(_, own)| own.points.len());
        let (mut blinds, mut points) = (vec![Fr::default(); chunks], vec![G1Projective::default(); chunks]);
        for (factor, own) in parts {
            let in_field = Fr::from(*factor);
            blinds.iter_mut().zip(&own.blinds).for_each(|(sum, blind)| *sum += in_field * blind);
            // Differences take a negative factor, whose field element is long.
            let size = Fr::from(factor.unsigned_abs());
            for (sum, point) in points.iter_mut().zip(&own.points) {
                let product = *point * size;
                *sum = if *factor < 0 { *sum - product } else { *sum + product };
            }
        }
        (blinds, G1Projective::normalize_batch(&points))
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

    /// All cells in 32 bits; none if one has more.
    pub(super) fn narrow(&self) -> Option<Vec<i32>> {
        self.cells.iter().map(|cell| i32::try_from(*cell).ok()).collect()
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

/// The upper triangle of the inner products of rows, row by row ([F2.5]); none if one has more than 64 bits. By the kernel where
/// cells have 32 bits, as all but cumulative updates of the widest tasks have.
pub fn triangle(rows: &[&Vector], exponents: &[u8]) -> Option<Vec<i64>> {
    let narrow: Option<Vec<Vec<i32>>> = rows.iter().map(|row| row.narrow()).collect();
    let (Some(narrow), Some(first)) = (narrow, rows.first()) else {
        let pairs = rows.iter().enumerate().flat_map(|(i, row)| rows[i..].iter().map(move |own| (row, own)));
        return pairs.map(|(row, own)| i64::try_from(row.product(own, exponents)).ok()).collect();
    };
    let n = rows.len();
    let mut sums = vec![0_i128; n * n];
    let places = first.blocks.bases().iter().zip(first.blocks.sizes()).zip(exponents);
    for ((base, bits), exponent) in places {
        let part =
            |row: &Vec<i32>| row.get(*base as usize..).and_then(|rest| rest.get(..1 << bits)).is_some();
        if !narrow.iter().all(part) {
            return None;
        }
        let cells: Vec<&[i32]> = narrow.iter().map(|row| &row[*base as usize..][..1 << bits]).collect();
        let products = gram(Backend::best(), &cells)?;
        let scale = 2 * u32::from(*exponent);
        sums.iter_mut().zip(products).for_each(|(sum, product)| *sum += i128::from(product) << scale);
    }
    let upper = (0..n).flat_map(|i| (i..n).map(move |j| i * n + j));
    upper.map(|place| i64::try_from(sums[place]).ok()).collect()
}
