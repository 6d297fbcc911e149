//! The vector of a federated task (F1 of docs/federated.md): a model of the task, or an update to one, as integers in the
//! blocks of a plan's weights role.
//!
//! A [`VectorLayout`] says what a cell means and how wide it is; a [`Vector`] has a layout's cells, each in range; a
//! [`Package`] is a vector with the salt that its blinds follow from, as it travels.

mod bits;
mod layout;
mod package;

pub use layout::{VectorBlock, VectorLayout};
pub use package::Package;

use crate::{Plan, Range, Weights, WeightsError, limits};
use averment_primitives::{B256, DecodeError};
use thiserror::Error;

/// Weights of rows are in units of `1 / DENOMINATOR`: D of [F2.1].
pub const DENOMINATOR: u32 = 1 << 16;
/// The most that the weight of one row is.
pub const ROW_WEIGHT: u32 = 1 << 20;
/// The most that the weights of all rows add up to.
pub const WEIGHT_SUM: u32 = 1 << 22;
/// How many powers of two the finest scale of a layout is from the coarsest, at most: e_b of [F1.2].
pub const SCALE_SPAN: u8 = 24;

/// What a vector is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VectorKind {
    /// The weights themselves, `w_b` bits a cell.
    Model,
    /// What is added to them, `v_b` bits a cell.
    Update,
}

/// Cells of a layout, each in its range. Padding is not stored: it is zero.
///
/// A participant's secret: `Debug` does not show them.
#[derive(Clone, PartialEq, Eq)]
pub struct Vector {
    kind: VectorKind,
    tensors: Vec<Vec<i32>>,
}

impl std::fmt::Debug for Vector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vector({:?}, {} blocks)", self.kind, self.tensors.len())
    }
}

/// Why something is no layout, or no vector of one.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum VectorError {
    /// Not the bytes of these formats.
    #[error(transparent)]
    Bytes(#[from] DecodeError),
    /// Too many blocks, or none.
    #[error("a vector has 1 to {} blocks, got {got}", limits::WEIGHTS)]
    Blocks {
        /// How many.
        got: usize,
    },
    /// More cells than the weights of a model have.
    #[error("a vector has at most {limit} cells, padding included; this one has {got}")]
    TooManyCells {
        /// The most.
        limit: u64,
        /// How many.
        got: u64,
    },
    /// A block whose name, shape, width or scale no plan has.
    #[error("block {block}: {what}")]
    Block {
        /// The block.
        block: usize,
        /// What is wrong.
        what: String,
    },
    /// Scales that are too far apart for inner products in units of the finest.
    #[error("scales of blocks lie at most {SCALE_SPAN} powers of two apart, these {got}")]
    Scales {
        /// How far apart they are.
        got: i32,
    },
    /// The layout of another plan.
    #[error("the layout is of the plan {expected}, not of {got}")]
    OtherPlan {
        /// The layout's.
        expected: B256,
        /// The plan at hand.
        got: B256,
    },
    /// A package for another layout.
    #[error("the package is of the layout {got}, not of {expected}")]
    OtherLayout {
        /// The layout at hand.
        expected: B256,
        /// The package's.
        got: B256,
    },
    /// A byte that says no kind.
    #[error("the kind of a vector is 0, model, or 1, update; got {got}")]
    Kind {
        /// The byte.
        got: u8,
    },
    /// A model where an update is expected, or the other way.
    #[error("a vector of the kind {expected:?} is expected, got one of the kind {got:?}")]
    OtherKind {
        /// What is expected.
        expected: VectorKind,
        /// What came.
        got: VectorKind,
    },
    /// Bits between blocks that are not zero.
    #[error("block {block}: the bits behind its last cell are not zero")]
    Unused {
        /// The block.
        block: usize,
    },
    /// A different number of blocks.
    #[error("{expected} blocks expected, got {got}")]
    Count {
        /// Blocks of the layout.
        expected: usize,
        /// Blocks that came.
        got: usize,
    },
    /// A different number of cells.
    #[error("{name}: {expected} cells expected, got {got}")]
    Cells {
        /// The block's name.
        name: String,
        /// Cells of the layout.
        expected: usize,
        /// Cells that came.
        got: usize,
    },
    /// A cell beyond its width.
    #[error("{name}, cell {cell}: {got} does not fit {bits} bits")]
    OutOfRange {
        /// The block's name.
        name: String,
        /// The cell, row-major.
        cell: usize,
        /// Its value.
        got: i64,
        /// The block's width.
        bits: u8,
    },
    /// Widths that the rounds of a task can fill.
    #[error(
        "{name}: cells start with up to {initial}, and {rounds} rounds with updates of {update_bits} bits can take them beyond \
         {bits} bits; take wider weights, narrower updates or fewer rounds"
    )]
    NoRoom {
        /// The block's name.
        name: String,
        /// The largest cell of the initial model.
        initial: u32,
        /// Rounds of the task.
        rounds: u32,
        /// The updates' width.
        update_bits: u8,
        /// The models' width.
        bits: u8,
    },
}

impl Vector {
    /// Checks that `tensors` (real cells, row-major) are a vector of `layout`.
    pub fn new(layout: &VectorLayout, kind: VectorKind, tensors: Vec<Vec<i32>>) -> Result<Self, VectorError> {
        let (expected, got) = (layout.blocks().len(), tensors.len());
        if expected != got {
            return Err(VectorError::Count { expected, got });
        }
        for (block, cells) in layout.blocks().iter().zip(&tensors) {
            let (expected, got) = (block.shape.cells(), cells.len());
            if expected != got {
                return Err(VectorError::Cells { name: block.name.clone(), expected, got });
            }
            let bits = block.width(kind);
            let range = Range::signed(bits);
            let outside = |value: i32| i128::from(value) < range.low || i128::from(value) > range.high;
            if let Some((cell, &got)) = cells.iter().enumerate().find(|&(_, &value)| outside(value)) {
                return Err(VectorError::OutOfRange {
                    name: block.name.clone(),
                    cell,
                    got: got.into(),
                    bits,
                });
            }
        }
        Ok(Self { kind, tensors })
    }

    /// The update that adds nothing.
    pub fn zero(layout: &VectorLayout) -> Self {
        let tensors = layout.blocks().iter().map(|block| vec![0; block.shape.cells()]).collect();
        Self { kind: VectorKind::Update, tensors }
    }

    /// Weights of the layout's plan, or of one like it, as a model of the task.
    pub fn of_weights(layout: &VectorLayout, weights: &Weights) -> Result<Self, VectorError> {
        Self::new(layout, VectorKind::Model, weights.tensors().to_vec())
    }

    /// A model of the task as weights of a plan with the same weights role.
    pub fn to_weights(&self, plan: &Plan) -> Result<Weights, WeightsError> {
        Weights::new(plan, self.tensors.clone())
    }

    /// What it is.
    pub fn kind(&self) -> VectorKind {
        self.kind
    }

    /// Real cells of each block, row-major.
    pub fn tensors(&self) -> &[Vec<i32>] {
        &self.tensors
    }

    /// Cells of each block in padded layout, in the order of the weights role: what is committed to.
    pub fn padded<'a>(&'a self, layout: &'a VectorLayout) -> impl Iterator<Item = Vec<i32>> + 'a {
        layout.blocks().iter().zip(&self.tensors).map(|(block, cells)| block.shape.pad(cells, 0))
    }

    /// `to - from`, of two models, as an update.
    pub fn between(layout: &VectorLayout, from: &Self, to: &Self) -> Result<Self, VectorError> {
        from.expect(layout, VectorKind::Model)?;
        to.expect(layout, VectorKind::Model)?;
        let tensors = from.tensors.iter().zip(&to.tensors).map(|(from, to)| {
            // Cells of models have at most 24 bits.
            from.iter().zip(to).map(|(from, to)| to - from).collect()
        });
        Self::new(layout, VectorKind::Update, tensors.collect())
    }

    /// The inner product in units of the finest scale, `Σ_b 4^e_b Σ x·y` ([F1.2]).
    pub fn inner(&self, layout: &VectorLayout, other: &Self) -> i128 {
        let products = self.tensors.iter().zip(&other.tensors).map(|(own, other)| {
            own.iter().zip(other).map(|(x, y)| i128::from(i64::from(*x) * i64::from(*y))).sum::<i128>()
        });
        // 48 bits a product, 26 of cells, 48 of scales.
        layout.exponents().zip(products).map(|(exponent, sum)| sum << (2 * u32::from(exponent))).sum()
    }

    /// The square of the norm, in units of the finest scale.
    pub fn norm_squared(&self, layout: &VectorLayout) -> u128 {
        self.inner(layout, self).unsigned_abs()
    }

    /// The update, shortened to a norm of at most `bound` (in units of the finest scale) and to its widths: each cell times one
    /// factor of at most 1, toward zero. A difference of models that is too large for an update becomes one so.
    pub fn shortened(layout: &VectorLayout, tensors: &[Vec<i64>], bound: u64) -> Result<Self, VectorError> {
        let mut factor = 1f64;
        let mut square = 0f64;
        for ((block, cells), exponent) in layout.blocks().iter().zip(tensors).zip(layout.exponents()) {
            let most = 2f64.powi(i32::from(block.update_bits) - 1) - 1.0;
            let unit = f64::from(exponent).exp2();
            for &cell in cells {
                let cell = cell as f64;
                factor = factor.min(most / cell.abs().max(most).max(1.0));
                square += (cell * unit) * (cell * unit);
            }
        }
        let norm = square.sqrt();
        if norm > bound as f64 {
            // A little less, for what the sum and the root round.
            factor = factor.min(bound as f64 / norm * (1.0 - 1e-9));
        }
        loop {
            let shorten =
                |cell: &i64| if factor < 1.0 { (*cell as f64 * factor).trunc() as i32 } else { *cell as i32 };
            let shorter = tensors.iter().map(|cells| cells.iter().map(shorten).collect());
            let vector = Self::new(layout, VectorKind::Update, shorter.collect())?;
            // The integers decide; what the float sum rounded is at most a second turn.
            if vector.norm_squared(layout) <= u128::from(bound).pow(2) {
                return Ok(vector);
            }
            factor *= 1.0 - 1e-9;
        }
    }

    /// Whether it is a vector of this kind and this layout; it may have been made for another one.
    fn expect(&self, layout: &VectorLayout, kind: VectorKind) -> Result<(), VectorError> {
        if self.kind != kind {
            return Err(VectorError::OtherKind { expected: kind, got: self.kind });
        }
        let (expected, got) = (layout.blocks().len(), self.tensors.len());
        if expected != got {
            return Err(VectorError::Count { expected, got });
        }
        for (block, cells) in layout.blocks().iter().zip(&self.tensors) {
            let (expected, got) = (block.shape.cells(), cells.len());
            if expected != got {
                return Err(VectorError::Cells { name: block.name.clone(), expected, got });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
