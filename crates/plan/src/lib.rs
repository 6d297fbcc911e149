//! The integer plan: what a model computes, exactly, on every machine.
//!
//! A [`Plan`] is a list of steps over integer tensors. Each step forms an exact integer accumulator from earlier
//! tensors (products with weights, small multiples, a bias), drops its low bits and looks the rest up in a table:
//!
//! ```text
//! acc + half = hi * 2^shift + lo,   0 <= lo < 2^shift,   half = 2^(shift-1), or 0 if shift = 0
//! out = table[hi],                  -2^(bits-1) <= hi < 2^(bits-1)
//! ```
//!
//! [`Model::run`] is *the* definition of a model's meaning; the prover proves that and nothing else
//! (docs/protocol.md, sections 2 to 4). Types go one way: [`Draft`] (anything) → [`Plan`] (valid) → [`Model`]
//! (a plan with weights for which every input in the declared range has an answer) → [`Trace`].
//!
//! **Layout.** A shape lists its axes outermost first, as ONNX does. Every axis is padded to a power of two; a
//! cell's index is row-major over the padded axes, so the last axis has the lowest bits. The batch is no axis of
//! the plan: it is an argument of a run and comes before all others, so it has the highest bits.
//!
//! **Padding is ordinary.** Cells beyond an axis' real length are computed like all others, with zero weights and
//! bias; [`Read`] says which of them are read. What they hold is defined and proved, and never reaches a real cell.
//!
//! Nothing here reads a file, a clock or a random number generator, and nothing panics on input.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod bounds;
mod codec;
mod error;
mod interpreter;
pub mod limits;
mod model;
pub mod operator;
mod plan;
mod range;
mod schema;
mod shape;
mod table;
mod threshold;
mod validate;
pub mod vector;
mod view;
mod weights;

pub use bounds::{Accumulator, Bounds};
pub use error::{ModelError, PlanDecodeError, PlanError, RunError, WeightsDecodeError, WeightsError};
pub use interpreter::{StepTrace, Trace};
pub use model::{Model, StepBounds};
pub use operator::{Bias, Linear, Operator, Product};
pub use plan::{
    Draft, Input, Output, OutputKind, Plan, Rescale, Scales, Step, TableId, TensorId, WeightId, WeightSpec,
};
pub use range::Range;
pub use schema::{Schema, SchemaError};
pub use shape::{Shape, ShapeError};
pub use table::{Function, Table, TableError};
pub use threshold::Threshold;
pub use view::{Along, Read, ReadKind, Term, View};
pub use weights::Weights;
