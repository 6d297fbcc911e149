//! How large a plan may be. A plan comes from a stranger: these are checked before anything is allocated or run.

/// Length of a plan's bytes.
pub const PLAN_BYTES: usize = 1 << 25;
/// Length of the bytes of a model's weights.
pub const WEIGHTS_BYTES: usize = 1 << 29;
/// Length of a name in bytes.
pub const NAME_BYTES: u32 = 256;
/// Axes of a tensor, and sum axes of one product or linear term.
pub const RANK: usize = 6;
/// Padded cells of one tensor, for one item of a batch.
pub const CELLS: u64 = 1 << 26;
/// Padded cells of all tensors together, for one item.
pub const TOTAL_CELLS: u64 = 1 << 30;
/// Multiplications and additions of one item.
pub const WORK: u64 = 1 << 40;
/// Inputs of a plan.
pub const INPUTS: usize = 64;
/// Steps of a plan.
pub const STEPS: usize = 1 << 14;
/// Weight tensors of a plan.
pub const WEIGHTS: usize = 1 << 14;
/// Function tables of a plan.
pub const TABLES: usize = 256;
/// Width of a table's index in bits.
pub const TABLE_BITS: u8 = 20;
/// Absolute value of a table's output.
pub const TABLE_OUTPUT: i32 = 1 << 24;
/// Width of an input's range in bits.
pub const INPUT_BITS: u8 = 20;
/// Width of a weight's range in bits.
pub const WEIGHT_BITS: u8 = 24;
/// Low bits that a rescale drops.
pub const SHIFT: u8 = 31;
/// Terms of one form.
pub const TERMS: usize = 256;
/// Products, or linear terms, of one step.
pub const CONTRIBUTIONS: usize = 256;
/// Absolute value of a coefficient.
pub const COEFFICIENT: i64 = 1 << 40;
/// Strides, dilations and pads.
pub const STEP: u32 = 1 << 20;
/// Fixed-point scales, as powers of two, lie within plus and minus this.
pub const SCALE: i8 = 60;
/// No accumulator, whatever the weights in their declared ranges are, reaches this. It leaves room for the rounding
/// term in 64 bits, and is far below the field's order, so no sum wraps in either.
pub const ACCUMULATOR: i128 = 1 << 61;
/// Items of a batch.
pub const BATCH: usize = 1 << 16;
/// Padded cells of all tensors of all items of a run.
pub const RUN_CELLS: u64 = 1 << 31;
