//! The descriptors of federated learning (docs/federated.md, F3; rules in the protocol's [10.5] and [10.6]): of an update, whose
//! integers are in range and whose norm is bounded, and of a round, whose model is in range and whose rows have stated inner
//! products.

use super::{
    Blocks, Covered, DeriveError, Kind, LayoutError, Limb, ValidDescriptor,
    certificate::{Certificate, Cover, Lead, REMAINDER_BITS},
    derive::{bits_of, log2_above},
};
use crate::statement::Mode;
use averment_plan::{Plan, Shape};
use thiserror::Error;

/// The vector of a task: the weights role of its plan (F1), with what an update may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskShape {
    blocks: Blocks,
    shapes: Vec<Shape>,
    weight_bits: Vec<u8>,
    update_bits: Vec<u8>,
    exponents: Vec<u8>,
}

/// Why there is no vector of a task.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum ShapeError {
    /// Not one number for each weight block.
    #[error("the plan has {expected} weight blocks, got {got} {what}")]
    Count {
        /// Of what.
        what: &'static str,
        /// Weight blocks of the plan.
        expected: usize,
        /// How many there are.
        got: usize,
    },
    /// An update that is wider than the model, or of no width.
    #[error("block {block}: an update has 1 to {limit} bits, got {got}")]
    Width {
        /// The block.
        block: usize,
        /// Bits of the plan's block.
        limit: u8,
        /// Bits of the update's.
        got: u8,
    },
    /// Blocks without layout.
    #[error(transparent)]
    Layout(#[from] LayoutError),
}

impl TaskShape {
    /// The vector of `plan` in chunks of `2^chunk_bits` cells, as the initial version's weights are committed to. For each weight
    /// block, in the plan's order: how many bits an update has there ([F1.3]), and the block's exponent ([F1.2]).
    pub fn new(
        plan: &Plan,
        chunk_bits: u8,
        update_bits: Vec<u8>,
        exponents: Vec<u8>,
    ) -> Result<Self, ShapeError> {
        let weights = plan.weights();
        for (what, got) in [("widths of updates", update_bits.len()), ("exponents", exponents.len())] {
            if got != weights.len() {
                return Err(ShapeError::Count { what, expected: weights.len(), got });
            }
        }
        for (block, (got, weight)) in update_bits.iter().copied().zip(weights).enumerate() {
            let limit = weight.bits;
            if !(1..=limit).contains(&got) {
                return Err(ShapeError::Width { block, limit, got });
            }
        }
        let sizes = weights.iter().map(|weight| bits_of(&weight.shape)).collect();
        Ok(Self {
            blocks: Blocks::new(chunk_bits, sizes)?,
            shapes: weights.iter().map(|weight| weight.shape.clone()).collect(),
            weight_bits: weights.iter().map(|weight| weight.bits).collect(),
            update_bits,
            exponents,
        })
    }

    /// Where the blocks lie in the chunks: that of the weights' commitment.
    pub fn blocks(&self) -> &Blocks {
        &self.blocks
    }

    /// Each block's shape.
    pub fn shapes(&self) -> &[Shape] {
        &self.shapes
    }

    /// How wide the models' values are, in bits, signed.
    pub fn weight_bits(&self) -> &[u8] {
        &self.weight_bits
    }

    /// How wide the updates' values are, in bits, signed.
    pub fn update_bits(&self) -> &[u8] {
        &self.update_bits
    }

    /// The certificate ([10.4]) of vectors of this shape whose cells have so many bits, signed, at most 62: every cell in range, all
    /// padding zero.
    pub(crate) fn certificate(&self, bits: u8, mode: Mode) -> Result<Certificate, DeriveError> {
        let widths = vec![bits; self.weight_bits.len()];
        let cover = Cover {
            kind: Kind::Certificate,
            chunk_bits: self.blocks.chunk_bits(),
            masked: mode.masked(),
            covered: covered(&self.blocks, &widths).collect(),
            weights: self.blocks.sizes().to_vec(),
            weight_bits: widths,
            shapes: self.shapes.iter().collect(),
            functions: Vec::new(),
            function_bits: None,
            lead: Lead::Nothing,
        };
        let (descriptor, limbs) = cover.derive()?;
        Ok(Certificate { descriptor, limbs })
    }

    /// The exponents `e_b`: inner products are `Σ_b 4^e_b Σ x·y`.
    pub fn exponents(&self) -> &[u8] {
        &self.exponents
    }
}

/// The descriptor of an update, and where the prover puts limbs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateDescriptor {
    /// The descriptor.
    pub descriptor: ValidDescriptor,
    /// For each weight block, in order, its limbs from the lowest on; none if it is looked up as it stands.
    pub limbs: Vec<Vec<Limb>>,
    /// Limbs of what the norm lacks of its bound.
    pub slack: Vec<Limb>,
    /// Each block's exponent in the norm.
    pub exponents: Vec<u8>,
}

impl UpdateDescriptor {
    /// The descriptor of updates of this shape.
    pub fn new(shape: &TaskShape, mode: Mode) -> Result<Self, DeriveError> {
        let cover = Cover {
            kind: Kind::Update,
            chunk_bits: shape.blocks.chunk_bits(),
            masked: mode.masked(),
            covered: covered(&shape.blocks, &shape.update_bits).collect(),
            weights: shape.blocks.sizes().to_vec(),
            weight_bits: shape.update_bits.clone(),
            shapes: shape.shapes.iter().collect(),
            functions: Vec::new(),
            function_bits: None,
            lead: Lead::Norm(shape.exponents.clone()),
        };
        let (descriptor, mut limbs) = cover.derive()?;
        let slack = limbs.pop().unwrap_or_default();
        Ok(Self { descriptor, limbs, slack, exponents: shape.exponents.clone() })
    }
}

/// The descriptor of a round, and where the prover puts limbs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoundDescriptor {
    /// The descriptor.
    pub descriptor: ValidDescriptor,
    /// For each block of the model, then of the remainder, its limbs from the lowest on; none if it is looked up as it stands.
    pub limbs: Vec<Vec<Limb>>,
    /// Each block's exponent in inner products.
    pub exponents: Vec<u8>,
    /// A half has room for `2^half_bits` rows.
    pub half_bits: u8,
    /// One half, or two: of updates and references, of cumulative updates ([F2.4]).
    pub halves: u8,
}

impl RoundDescriptor {
    /// The descriptor of rounds of this shape, with one or two halves of at most `2^half_bits` rows each, at least two, in a task of
    /// so many rounds.
    pub fn new(
        shape: &TaskShape,
        mode: Mode,
        half_bits: u8,
        halves: u8,
        rounds: u32,
    ) -> Result<Self, DeriveError> {
        // Cumulative updates, or the last aggregate.
        let more = log2_above(rounds.into()).max(AGGREGATE_BITS);
        let row_bits = shape.update_bits.iter().map(|bits| bits.saturating_add(more)).collect();
        // The remainder lies where the model would, one power of two of chunks further on.
        let stride = u64::from(shape.blocks.chunks().next_power_of_two());
        let stride = stride.saturating_mul(1 << shape.blocks.chunk_bits());
        let widths = vec![REMAINDER_BITS; shape.weight_bits.len()];
        let remainder = covered(&shape.blocks, &widths);
        let remainder =
            remainder.map(|own| Covered { base: own.base.saturating_add(stride), signed: false, ..own });
        let cover = Cover {
            kind: Kind::Round,
            chunk_bits: shape.blocks.chunk_bits(),
            masked: mode.masked(),
            covered: covered(&shape.blocks, &shape.weight_bits).chain(remainder).collect(),
            weights: shape.blocks.sizes().to_vec(),
            weight_bits: shape.weight_bits.clone(),
            shapes: shape.shapes.iter().collect(),
            functions: Vec::new(),
            function_bits: None,
            lead: Lead::Gram { exponents: shape.exponents.clone(), row_bits, half_bits, halves },
        };
        let (descriptor, limbs) = cover.derive()?;
        let exponents = shape.exponents.clone();
        Ok(Self { descriptor, limbs, exponents, half_bits, halves })
    }
}

/// By how many bits an aggregate's difference can be wider than updates: weights add up to `2^22` at most, in units of `2^16`, and
/// it is rounded down.
const AGGREGATE_BITS: u8 = 7;

/// The blocks of a vector with these widths.
fn covered(blocks: &Blocks, widths: &[u8]) -> impl Iterator<Item = Covered> {
    let places = blocks.bases().iter().zip(blocks.sizes()).zip(widths);
    places.map(|((base, bits), width)| Covered { base: *base, bits: *bits, width: *width, signed: true })
}
