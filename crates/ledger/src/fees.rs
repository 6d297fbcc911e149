//! What a transaction costs on three kinds of chain, at stated prices. Pure arithmetic: no chain is asked.
//!
//! A transaction is described by its [`Footprint`] (gas used and signed bytes), a chain by its prices. The
//! [`PriceBook`] names every assumption, so that a table of costs can be printed together with what it
//! assumes. Amounts are in wei; nothing overflows: arithmetic is 256 bits wide and saturates.
//!
//! Sources: EIP-2028 and EIP-7623 (Ethereum), the OP Stack specification, Fjord "L1-Cost fees" and Isthmus
//! "operator fee", and Arbitrum's `arbos/l1pricing`.

mod arbitrum;
mod ethereum;
mod fastlz;
mod op_stack;
mod prices;

pub use arbitrum::Arbitrum;
pub use ethereum::{Ethereum, floor_gas};
pub use fastlz::fastlz_length;
pub use op_stack::{OpStack, OperatorFee, fjord_data_fee};
pub use prices::{Estimate, PriceBook, Priced, Usd};

use averment_primitives::Bytes;

/// What a transaction takes, whichever chain it goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Footprint {
    /// Gas used by execution, including the intrinsic gas, as a receipt states it.
    pub gas_used: u64,
    /// The signed transaction as it travels (EIP-2718).
    pub transaction: Bytes,
    /// Its calldata or creation code, which EIP-7623 prices.
    pub calldata: Bytes,
}
