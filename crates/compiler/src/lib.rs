//! From an ONNX network to an integer plan: [`import`], a float run, [`compile`], a [`Report`].
//!
//! ```text
//! bytes --import--> Network --fuse--> Network --lower(Observed)--> Model --> Report
//! ```
//!
//! A [`network::Network`] is the ONNX graph in few kinds of operators, all shapes known; it can be run over reals.
//! Lowering makes steps of a plan from it. Scales come from samples; shifts come from interval analysis over the actual
//! weights, so that *every* input in the declared range has an answer, whatever the samples were.

mod calibrate;
mod compile;
mod export;
mod fuse;
mod import;
mod lower;
pub mod network;
pub mod onnx;
pub mod ops;
mod parameters;
mod report;
mod runs;
pub mod samples;
pub mod task;
pub mod tensor;

pub use calibrate::{Extent, Observed};
pub use compile::{CompileError, Compiled, Options, Reveal, compile};
pub use export::{ExportError, export};
pub use import::{FILE_BYTES, ImportError, NODES, OPSETS, UnsupportedNode, import};
pub use lower::{LowerError, Precision};
pub use parameters::{Parameter, ParameterError};
pub use report::{Disagreement, Report, Rule, StepReport, measure};
