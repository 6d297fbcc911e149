//! The operators of a [`crate::network::Network`]: shapes and the float run. One file a family.

mod arrange;
mod conv;
mod dense;
mod elementwise;
mod pool;

pub use arrange::{Concat, Pad, Slice, transpose};
pub use conv::{Conv, Window};
pub use dense::Dense;
pub use elementwise::{Function, Scale, spread, sum};
pub use pool::{Pool, Reduce};
