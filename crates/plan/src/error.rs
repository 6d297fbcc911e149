//! Why plans, weights and inputs are refused.

use crate::{Range, ShapeError, TableError, TensorId, limits};
use averment_primitives::DecodeError;
use thiserror::Error;

/// Why a draft is no plan.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum PlanError {
    /// None or too many of something.
    #[error("a plan has 1 to {limit} {what}, got {got}")]
    Count {
        /// Of what.
        what: &'static str,
        /// The most that are allowed.
        limit: usize,
        /// How many there are.
        got: usize,
    },
    /// A name that is empty, too long or has control characters.
    #[error("a name has 1 to {} bytes and no control characters, got {name:?}", limits::NAME_BYTES)]
    Name {
        /// The name.
        name: String,
    },
    /// An input whose range is not one.
    #[error(
        "input {input}: a range has 1 to {} bits and holds 0, got {bits} bits from {first}",
        limits::INPUT_BITS
    )]
    InputRange {
        /// The input's position.
        input: usize,
        /// The smallest value.
        first: i32,
        /// The width.
        bits: u8,
    },
    /// Scales that do not fit the input.
    #[error(
        "input {input}: one scale, or one for each index of the last axis, each exponent within plus and minus {} \
         and offset within 2^40",
        limits::SCALE
    )]
    Scales {
        /// The input's position.
        input: usize,
    },
    /// A weight range too narrow or too wide.
    #[error("weight {weight}: a range has 1 to {} bits, got {bits}", limits::WEIGHT_BITS)]
    WeightRange {
        /// The weight's position.
        weight: usize,
        /// The width.
        bits: u8,
    },
    /// Something that no step uses.
    #[error("{what} {position} is used by no step")]
    Unused {
        /// What it is.
        what: &'static str,
        /// Its position.
        position: usize,
    },
    /// The same table twice.
    #[error("tables {first} and {second} are the same")]
    SameTable {
        /// The earlier.
        first: usize,
        /// The later.
        second: usize,
    },
    /// A tensor that is not computed before it is read.
    #[error("step {step} reads tensor {}, which is not computed before it", tensor.0)]
    NotEarlier {
        /// The step.
        step: usize,
        /// What it reads.
        tensor: TensorId,
    },
    /// A weight or table that is not there.
    #[error("step {step} names {what} {got}, which is not there")]
    Missing {
        /// The step.
        step: usize,
        /// What is named.
        what: &'static str,
        /// The position named.
        got: u32,
    },
    /// An operator without anything to add up, or with too much.
    #[error("step {step} adds up 1 to {} products and linear terms, got {got}", limits::CONTRIBUTIONS)]
    Contributions {
        /// The step.
        step: usize,
        /// How many.
        got: usize,
    },
    /// A form without terms, or with too many.
    #[error("step {step}: a form has 1 to {} terms, got {got}", limits::TERMS)]
    Terms {
        /// The step.
        step: usize,
        /// How many.
        got: usize,
    },
    /// Sum axes that are empty or too many.
    #[error("step {step}: at most {} sum axes, each not empty, got {sums:?}", limits::RANK)]
    Sums {
        /// The step.
        step: usize,
        /// Their lengths.
        sums: Vec<u32>,
    },
    /// A coefficient that is 0 or too large.
    #[error(
        "step {step}: a coefficient is not 0 and within plus and minus {}, got {got}",
        limits::COEFFICIENT
    )]
    Coefficient {
        /// The step.
        step: usize,
        /// The coefficient.
        got: i64,
    },
    /// A view with another number of axes than its tensor.
    #[error("step {step}: a view has one read for each axis of its tensor: expected {expected}, got {got}")]
    ViewRank {
        /// The step.
        step: usize,
        /// Axes of the tensor.
        expected: usize,
        /// Reads of the view.
        got: usize,
    },
    /// A read that means nothing.
    #[error("step {step}: the read of axis {axis} {reason}")]
    Read {
        /// The step.
        step: usize,
        /// The axis of the source.
        axis: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// A sum axis that a term does not move along.
    #[error("step {step}: every term moves along every sum axis of its form")]
    IdleSum {
        /// The step.
        step: usize,
    },
    /// A weight whose axes are not axes of the result, ascending.
    #[error("step {step}: a weight's axes are different axes of the result in ascending order, got {got:?}")]
    WeightAxes {
        /// The step.
        step: usize,
        /// The axes.
        got: Vec<u8>,
    },
    /// A weight of another shape than its use needs.
    #[error("step {step}: weight {weight} should have shape {expected:?}, has {got:?}")]
    WeightShape {
        /// The step.
        step: usize,
        /// The weight's position.
        weight: u32,
        /// What the use needs.
        expected: Vec<u32>,
        /// What it is.
        got: Vec<u32>,
    },
    /// An axis that a product's weight and operand share, not read plainly.
    #[error(
        "step {step}: axis {axis} is shared by weight and operand, so the operand reads it as it is or not at all"
    )]
    SharedAxis {
        /// The step.
        step: usize,
        /// The axis of the result.
        axis: u8,
    },
    /// A maximum with a rescale that is not relu.
    #[error("step {step}: a maximum has shift 0 and a table that clamps from 0 on")]
    MaximumRescale {
        /// The step.
        step: usize,
    },
    /// A shift too far.
    #[error("step {step}: at most {} bits can be dropped, got {got}", limits::SHIFT)]
    Shift {
        /// The step.
        step: usize,
        /// The shift.
        got: u8,
    },
    /// A scale beyond the limits.
    #[error("step {step}: exponents lie within plus and minus {}, got {got}", limits::SCALE)]
    Exponent {
        /// The step.
        step: usize,
        /// The exponent.
        got: i8,
    },
    /// An accumulator that could become too large, whatever the weights are.
    #[error("step {step}: the accumulator could reach 2^61: its interval is [{}, {}]", range.low, range.high)]
    Overflow {
        /// The step.
        step: usize,
        /// The interval.
        range: Range,
    },
    /// A result that nothing reads and that is not the output.
    #[error("the output is not a step's result, or step {step} is read by nothing")]
    Dead {
        /// The step, or the number of steps.
        step: usize,
    },
    /// Labels that do not fit the output.
    #[error("the output's last axis has length {expected}, but there are {got} labels")]
    Labels {
        /// Length of the axis.
        expected: usize,
        /// Labels.
        got: usize,
    },
    /// Argmax of something that is no vector.
    #[error(
        "argmax is taken of at least two cells along the last axis, all other axes of length 1; got {dims:?}"
    )]
    Argmax {
        /// The shape.
        dims: Vec<u32>,
    },
    /// An output that does not say what its threshold says.
    #[error(
        "step {step}: its table should list 1 where the score over {bits} bits is at least {least}, else 0, with exponent 0"
    )]
    Threshold {
        /// The output's step.
        step: usize,
        /// The smallest score that says 1.
        least: i32,
        /// Width of the index.
        bits: u8,
    },
    /// More cells than a plan may have.
    #[error("all tensors together may have {limit} padded cells, got {got}")]
    Cells {
        /// The limit.
        limit: u64,
        /// How many there are.
        got: u64,
    },
    /// More work than a plan may ask for.
    #[error("one item may take {} multiplications and additions, got {got}", limits::WORK)]
    Work {
        /// How many there are.
        got: u64,
    },
}

/// Why bytes are no plan.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum PlanDecodeError {
    /// Not the bytes of this format.
    #[error(transparent)]
    Bytes(#[from] DecodeError),
    /// A value that the format does not have.
    #[error("{field}: {got} is none of the values that this release knows")]
    Unknown {
        /// The field.
        field: &'static str,
        /// The value found.
        got: u32,
    },
    /// A name that is not UTF-8.
    #[error("{field} is not UTF-8")]
    NotText {
        /// The field.
        field: &'static str,
    },
    /// Lengths that are no shape.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// No function.
    #[error(transparent)]
    Table(#[from] TableError),
    /// Well written, but no plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
}

/// Why numbers are not the weights of a plan.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum WeightsError {
    /// Another number of tensors than the plan has.
    #[error("the plan has {expected} weight tensors, got {got}")]
    Count {
        /// Of the plan.
        expected: usize,
        /// Found.
        got: usize,
    },
    /// Another number of cells than the shape has.
    #[error("weight {weight} ({name}) has {expected} cells, got {got}")]
    Cells {
        /// Its position.
        weight: usize,
        /// Its name.
        name: String,
        /// Cells of the shape.
        expected: usize,
        /// Found.
        got: usize,
    },
    /// A value outside of the declared range.
    #[error("weight {weight} ({name}): cell {cell} is {got}, outside of {bits} signed bits")]
    OutOfRange {
        /// Its position.
        weight: usize,
        /// Its name.
        name: String,
        /// The cell, row-major.
        cell: usize,
        /// The value.
        got: i32,
        /// The declared width.
        bits: u8,
    },
}

/// Why bytes are no weights.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum WeightsDecodeError {
    /// Not the bytes of this format.
    #[error(transparent)]
    Bytes(#[from] DecodeError),
    /// The weights of another plan.
    #[error("these are weights of the plan {got}, not of {expected}")]
    OtherPlan {
        /// The plan's digest.
        expected: averment_primitives::B256,
        /// The digest found.
        got: averment_primitives::B256,
    },
    /// Weights that do not fit the plan.
    #[error(transparent)]
    Weights(#[from] WeightsError),
}

/// Why a plan with its weights is no model: some input in the declared range would have no answer.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum ModelError {
    /// Weights that do not fit the plan.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// An accumulator that some input in range takes beyond the table.
    #[error(
        "step {step} ({name}): accumulators reach [{}, {}], indices [{}, {}], but the table has {bits} bits; a larger shift \
         or table is needed",
        accumulator.low, accumulator.high, index.low, index.high
    )]
    OutOfTable {
        /// The step.
        step: usize,
        /// Its name.
        name: String,
        /// The interval of the accumulator.
        accumulator: Range,
        /// The interval of `hi`.
        index: Range,
        /// The table's width.
        bits: u8,
    },
    /// A maximum whose table clips, so that it would not be the maximum.
    #[error("step {step} ({name}): differences reach {}, but the table clamps at {high}", difference.high)]
    ClippedMaximum {
        /// The step.
        step: usize,
        /// Its name.
        name: String,
        /// The interval of the difference.
        difference: Range,
        /// Where the table clamps.
        high: i32,
    },
}

/// Why a model was not run.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum RunError {
    /// No items, or too many.
    #[error("a batch has 1 to {} items, got {got}", limits::BATCH)]
    Batch {
        /// How many.
        got: usize,
    },
    /// A batch that would not fit memory.
    #[error(
        "a run may have {} cells in all, {items} items have {got}; take a smaller batch",
        limits::RUN_CELLS
    )]
    TooLarge {
        /// Items of the padded batch.
        items: usize,
        /// Cells in all.
        got: u64,
    },
    /// Another number of inputs than the plan has.
    #[error("the plan has {expected} inputs, got {got}")]
    Inputs {
        /// Of the plan.
        expected: usize,
        /// Given.
        got: usize,
    },
    /// Another number of cells than the input has.
    #[error("input {input} ({name}) has {expected} cells for this batch, got {got}")]
    Cells {
        /// Its position.
        input: usize,
        /// Its name.
        name: String,
        /// Cells expected.
        expected: usize,
        /// Cells given.
        got: usize,
    },
    /// A value outside of the declared range.
    #[error("input {input} ({name}): cell {cell} is {got}, outside of [{}, {}]", range.low, range.high)]
    OutOfRange {
        /// Its position.
        input: usize,
        /// Its name.
        name: String,
        /// The cell, row-major, over the batch.
        cell: usize,
        /// The value.
        got: i32,
        /// The declared range.
        range: Range,
    },
    /// An accumulator beyond its table. A [`crate::Model`] excludes it: seeing this is a bug of this crate.
    #[error(
        "step {step}: the index {got} is not in its table, which the interval analysis excludes: please report this"
    )]
    OutsideAnalysis {
        /// The step.
        step: usize,
        /// The index.
        got: i64,
    },
}
