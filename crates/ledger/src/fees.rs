//! What a transaction costs on three kinds of chain, at stated prices. Pure arithmetic: no chain is asked.
//!
//! A transaction is described by its [`Footprint`] (gas used and signed bytes), a chain by its prices. The
//! [`PriceBook`] names every assumption, so that a table of costs can be printed together with what it
//! assumes. Amounts are in wei; nothing overflows: arithmetic is 256 bits wide and saturates.
//!
//! | rule | source | here |
//! |---|---|---|
//! | calldata's floor | EIP-7623 | [`floor_gas`] |
//! | gas of one transaction, 2^24 at most | EIP-7825 | [`TRANSACTION_GAS_CAP`] |
//! | blob gas, its base fee, 14 blobs wanted and 21 at most a block | EIP-4844, EIP-7892 (BPO2) | [`blob_base_fee`] |
//! | blobs are never much cheaper than gas | EIP-7918 | [`next_excess_blob_gas`], [`reserve_price`] |
//! | six blobs a transaction | EIP-7594 | [`MAX_BLOBS`] |
//! | data fee of the OP Stack | its specification, Fjord, "L1-Cost fees" | [`fjord_data_fee`], [`fastlz_length`] |
//! | its operator fee | its specification, Isthmus and Jovian, "Operator Fee" | [`OperatorFee`] |
//! | Arbitrum's poster fee | Nitro, `arbos/l1pricing` and `arbos/tx_processor` | [`Arbitrum`], [`brotli_length`] |

mod amount;
mod arbitrum;
mod blobs;
mod brotli;
mod ethereum;
mod fastlz;
mod op_stack;
mod prices;
mod records;
mod transaction;

pub use amount::{Gwei, MAX_GAS_PRICE, PriceError, Priced, Usd, gas_price, usd};
pub use arbitrum::Arbitrum;
pub use blobs::{
    BLOB_BYTES, BlobError, MAX_BLOBS, blob_base_fee, blob_fee, blobs_for, next_excess_blob_gas, reserve_price,
};
pub use brotli::brotli_length;
pub use ethereum::{Ethereum, NotAdmitted, TRANSACTION_GAS_CAP, admits, floor_gas};
pub use fastlz::fastlz_length;
pub use op_stack::{OpStack, OperatorFee, OperatorRule, fjord_data_fee};
pub use prices::{Chain, Estimate, PriceBook};
pub use records::{
    ANCHOR_GAS, Advice, Demand, DemandError, Keeping, Offer, Reader, Way, advise, incompressible,
};
pub use transaction::{MAX_TRANSACTION, SignedTransaction, TransactionError};

use alloy::{
    consensus::{SignableTransaction, TxEip1559, TxEnvelope},
    eips::eip2718::Encodable2718,
    primitives::{Signature, keccak256},
};
use averment_primitives::{Bytes, U256};

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

impl Footprint {
    /// Of a transaction that is not signed yet and will use `gas`: a signature's bytes are as good as random,
    /// so any will do for its size, also compressed.
    pub fn unsigned(transaction: TxEip1559, gas: u64) -> Self {
        let calldata = transaction.input.clone();
        let half = |seed: &[u8]| U256::from_be_bytes(keccak256(seed).0);
        let placeholder = Signature::new(half(b"r"), half(b"s"), true);
        let signed = TxEnvelope::from(transaction.into_signed(placeholder));
        Self { gas_used: gas, transaction: signed.encoded_2718().into(), calldata }
    }

    /// Of the transaction that an account sends for the hundredth time to some contract with `calldata`, and that
    /// uses `gas`.
    pub fn of_call(calldata: Bytes, gas: u64) -> Self {
        let transaction = TxEip1559 {
            chain_id: 1,
            nonce: 100,
            gas_limit: gas.saturating_add(gas / 5),
            max_fee_per_gas: 2_400_000_000,
            max_priority_fee_per_gas: 100_000_000,
            to: alloy::primitives::Address::from_word(keccak256(b"contract")).into(),
            value: U256::ZERO,
            access_list: Default::default(),
            input: calldata,
        };
        Self::unsigned(transaction, gas)
    }
}

/// What a transaction costs on one chain, by parts, in wei.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cost {
    /// Gas that is charged for; on Arbitrum with the gas that pays for data.
    pub gas: u64,
    /// For execution.
    pub execution: U256,
    /// For data that the chain posts on Ethereum; on Ethereum itself, for blobs.
    pub data: U256,
    /// The chain operator's.
    pub operator: U256,
}

impl Cost {
    /// All of it.
    pub fn total(&self) -> U256 {
        self.execution.saturating_add(self.data).saturating_add(self.operator)
    }
}

/// The rows of a file of compressed lengths under `tests/fees`: the data that a row describes, its length compressed, and
/// the row.
#[cfg(test)]
fn test_data(rows: &str) -> impl Iterator<Item = (Vec<u8>, u64, &str)> {
    rows.lines().filter(|row| !row.starts_with('#')).map(|row| {
        let [seed, length, alphabet, expected] =
            row.split(' ').map(|word| word.parse::<u32>().unwrap()).collect::<Vec<_>>()[..]
        else {
            panic!("{row}")
        };
        let mut state = seed;
        let mut zeros = 0;
        let byte = |place| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let random = state >> 24;
            if alphabet > 0 {
                return (random % alphabet) as u8;
            }
            if place % 32 == 0 {
                zeros = [0, 12, 28, 31][(state >> 30) as usize];
            }
            if place % 32 < zeros { 0 } else { random as u8 }
        };
        ((0..length).map(byte).collect(), u64::from(expected), row)
    })
}
