//! Any EVM chain behind one alloy provider, and what clients do there: keys, contracts, fees.

mod durable;
pub mod keys;
