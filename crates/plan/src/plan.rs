//! The plan's types.

use crate::{Operator, PlanDecodeError, PlanError, Range, Shape, Table, Threshold, codec, limits, validate};
use averment_primitives::{B256, keccak256};

macro_rules! index {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            /// The position as an index.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

index! {
    /// A tensor: the inputs in order, then the result of each step in order.
    TensorId
}
index! {
    /// A weight tensor, by its position in [`Draft::weights`].
    WeightId
}
index! {
    /// A function table, by its position in [`Draft::tables`].
    TableId
}

/// Everything that a plan consists of, unchecked; [`Plan::new`] checks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// What comes in.
    pub inputs: Vec<Input>,
    /// The shapes and ranges of what the model knows; the values are in [`crate::Weights`].
    pub weights: Vec<WeightSpec>,
    /// The functions that steps apply.
    pub tables: Vec<Table>,
    /// What is computed, in an order in which everything is computed before it is read.
    pub steps: Vec<Step>,
    /// What comes out.
    pub output: Output,
}

/// A tensor that comes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// The name in the model that this was compiled from.
    pub name: String,
    /// One item; a batch comes before it.
    pub shape: Shape,
    /// The smallest value.
    pub first: i32,
    /// Width of the range: values are `first` to `first + 2^bits - 1`, and 0 is one of them.
    pub bits: u8,
    /// What an integer means.
    pub scales: Scales,
}

/// What an input's integers mean: `integer = round(real * 2^exponent) - offset`, half away from zero.
///
/// Either one pair for all cells, or one for each index of the last axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scales {
    /// Fixed-point exponents.
    pub exponents: Vec<i8>,
    /// What is taken off the rounded value; as many as exponents.
    pub offsets: Vec<i64>,
}

/// A weight or bias tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeightSpec {
    /// The name in the model that this was compiled from.
    pub name: String,
    /// Its shape; padded and laid out like a tensor's.
    pub shape: Shape,
    /// Width of its range: signed integers of so many bits.
    pub bits: u8,
}

/// One tensor that is computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The name in the model that this was compiled from.
    pub name: String,
    /// One item of the result.
    pub shape: Shape,
    /// How the accumulator comes about.
    pub operator: Operator,
    /// How the accumulator becomes the result.
    pub rescale: Rescale,
    /// The result's integers stand for `integer * 2^-exponent`.
    pub exponent: i8,
}

/// `acc + half = hi * 2^shift + lo`, `out = table[hi]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rescale {
    /// How many low bits are dropped, with rounding; 0 drops and rounds nothing.
    pub shift: u8,
    /// The function.
    pub table: TableId,
}

/// What is said of the last result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The tensor, a step's result.
    pub tensor: TensorId,
    /// What of it is made known.
    pub kind: OutputKind,
    /// Names of the classes, one for each index of the last axis, or none at all.
    pub labels: Vec<String>,
}

/// What of the output tensor is made known.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum OutputKind {
    /// Every cell.
    Values,
    /// Only the index of the largest cell along the last axis, the first of equals. All other axes have length 1.
    /// With `c` that index, `z_c - z_j - [j < c]` is in range for every j.
    Argmax,
    /// Every cell, which is 1 where a score is large enough and 0 elsewhere.
    Threshold(Threshold),
}

/// A valid plan: shapes fit, nothing is read before it is computed, nothing can overflow.
///
/// Whether every input has an answer depends on the weights too; [`crate::Model`] is the type that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    draft: Draft,
    shapes: Vec<Shape>,
}

impl Plan {
    /// Checks a draft.
    pub fn new(draft: Draft) -> Result<Self, PlanError> {
        let shapes = validate::check(&draft)?;
        Ok(Self { draft, shapes })
    }

    /// Reads `averment-plan/1`: exactly the bytes that [`Plan::encode`] writes.
    pub fn decode(bytes: &[u8]) -> Result<Self, PlanDecodeError> {
        Ok(Self::new(codec::decode(bytes)?)?)
    }

    /// The canonical bytes: one plan has one encoding (docs/formats.md).
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(&self.draft)
    }

    /// `keccak256` of the canonical bytes, which begin with the format's name: the plan's identity on chain.
    pub fn digest(&self) -> B256 {
        keccak256(self.encode())
    }

    /// Inputs, in order.
    pub fn inputs(&self) -> &[Input] {
        &self.draft.inputs
    }

    /// Shapes and ranges of the weights.
    pub fn weights(&self) -> &[WeightSpec] {
        &self.draft.weights
    }

    /// Function tables.
    pub fn tables(&self) -> &[Table] {
        &self.draft.tables
    }

    /// Steps, in order.
    pub fn steps(&self) -> &[Step] {
        &self.draft.steps
    }

    /// What comes out.
    pub fn output(&self) -> &Output {
        &self.draft.output
    }

    /// One table.
    pub fn table(&self, id: TableId) -> Option<&Table> {
        self.draft.tables.get(id.index())
    }

    /// Shapes of all tensors, by [`TensorId`].
    pub fn shapes(&self) -> &[Shape] {
        &self.shapes
    }

    /// The tensor that a step computes.
    pub fn result_of(&self, step: usize) -> TensorId {
        TensorId(u32::try_from(self.draft.inputs.len() + step).unwrap_or(u32::MAX))
    }

    /// The step that computes a tensor; none for inputs.
    pub fn step_of(&self, tensor: TensorId) -> Option<&Step> {
        self.draft.steps.get(tensor.index().checked_sub(self.draft.inputs.len())?)
    }

    /// Width of the margins' range with [`OutputKind::Argmax`]: no two outputs of the last table are further apart
    /// than `2^bits - 1`.
    pub fn margin_bits(&self) -> u32 {
        let table = self.step_of(self.draft.output.tensor).and_then(|step| self.table(step.rescale.table));
        let image = table.map_or(Range::ZERO, |table| table.image(table.indices()));
        u128::try_from(image.high - image.low).map_or(0, |distance| u128::BITS - distance.leading_zeros())
    }

    /// The draft, to make another plan of.
    pub fn into_draft(self) -> Draft {
        self.draft
    }
}

impl Input {
    /// Which integers come in.
    pub fn range(&self) -> Range {
        let low = i128::from(self.first);
        Range { low, high: low + (1i128 << self.bits.min(limits::INPUT_BITS)) - 1 }
    }

    /// Reals as integers: scaled, rounded half away from zero, offset, and clamped to the range.
    ///
    /// The second value counts the cells that were clamped (not-a-number counts, as 0). A batch is as many items
    /// one after the other as one likes.
    pub fn quantise(&self, reals: &[f64]) -> (Vec<i32>, usize) {
        let range = self.range();
        let mut clamped = 0;
        let scales = self.scales.cells();
        let integers = reals.iter().zip(scales.cycle()).map(|(real, (exponent, offset))| {
            // A product with a power of two is exact, and the cast saturates.
            let rounded = (real * f64::from(exponent).exp2()).round() as i128 - i128::from(offset);
            let kept = rounded.clamp(range.low, range.high);
            clamped += usize::from(kept != rounded || real.is_nan());
            i32::try_from(kept).unwrap_or(0)
        });
        (integers.collect(), clamped)
    }

    /// What integers stand for.
    pub fn dequantise(&self, integers: &[i32]) -> Vec<f64> {
        let scales = self.scales.cells();
        let real = |(&integer, (exponent, offset)): (&i32, (i8, i64))| {
            (f64::from(integer) + offset as f64) * (-f64::from(exponent)).exp2()
        };
        integers.iter().zip(scales.cycle()).map(real).collect()
    }
}

impl Scales {
    /// One exponent for all cells, no offset.
    pub fn uniform(exponent: i8) -> Self {
        Self { exponents: vec![exponent], offsets: vec![0] }
    }

    /// Exponent and offset of every cell along the last axis, or of all cells.
    fn cells(&self) -> impl Iterator<Item = (i8, i64)> + Clone + '_ {
        self.exponents.iter().copied().zip(self.offsets.iter().copied())
    }
}

impl Step {
    /// What integers of the result stand for.
    pub fn dequantise(&self, integers: &[i32]) -> Vec<f64> {
        let unit = (-f64::from(self.exponent)).exp2();
        integers.iter().map(|&integer| f64::from(integer) * unit).collect()
    }
}
