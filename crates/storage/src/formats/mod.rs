//! Formats of other tools, written and read.
//!
//! | module | format | tool |
//! |---|---|---|
//! | [`oms`] | OpenSSF Model Signing 1.0 | `model_signing` (Python) |

pub mod oms;
