//! Ethereum itself: gas used, but at least the calldata floor of EIP-7623, and at most 2^24 gas a transaction.

use super::{Cost, Footprint};
use alloy::eips::{eip7623, eip7825};
use averment_primitives::U256;
use thiserror::Error;

/// EIP-7825: gas that one transaction may ask for at most, since Osaka.
pub const TRANSACTION_GAS_CAP: u64 = eip7825::MAX_TX_GAS_LIMIT_OSAKA;

/// The least gas a transaction with this calldata is charged since Prague (EIP-7623).
pub fn floor_gas(calldata: &[u8]) -> u64 {
    eip7623::transaction_floor_cost(eip7623::tokens_in_calldata(calldata))
}

/// Why Ethereum does not take a transaction at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotAdmitted {
    /// EIP-7825.
    #[error(
        "expected a gas limit of at most {TRANSACTION_GAS_CAP} (EIP-7825), got {limit}: split the transaction"
    )]
    Cap {
        /// Its gas limit.
        limit: u64,
    },
    /// EIP-7623.
    #[error("expected a gas limit of at least {floor}, the floor of its calldata (EIP-7623), got {limit}")]
    Floor {
        /// The least.
        floor: u64,
        /// Its gas limit.
        limit: u64,
    },
}

/// Whether Ethereum takes a transaction with this gas limit and calldata.
pub fn admits(limit: u64, calldata: &[u8]) -> Result<(), NotAdmitted> {
    let floor = floor_gas(calldata);
    if limit > TRANSACTION_GAS_CAP {
        return Err(NotAdmitted::Cap { limit });
    }
    if limit < floor {
        return Err(NotAdmitted::Floor { floor, limit });
    }
    Ok(())
}

/// Prices on Ethereum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ethereum {
    /// Base fee and tip, in wei a unit of gas.
    pub gas_price: u128,
    /// Blob base fee, in wei a unit of blob gas.
    pub blob_base_fee: u128,
}

impl Ethereum {
    /// The gas charged: what was used, or the floor.
    pub fn gas(&self, footprint: &Footprint) -> u64 {
        footprint.gas_used.max(floor_gas(&footprint.calldata))
    }

    /// What a transaction without blobs costs.
    pub fn cost(&self, footprint: &Footprint) -> Cost {
        let gas = self.gas(footprint);
        let execution = U256::from(gas).saturating_mul(U256::from(self.gas_price));
        Cost { gas, execution, ..Cost::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRICE: Ethereum = Ethereum { gas_price: 3, blob_base_fee: 1 };

    /// A kilobyte of ones costs 16 gas a byte at most by EIP-2028 but 40 by the floor.
    #[test]
    fn the_floor_counts_four_tokens_for_a_byte_that_is_not_zero() {
        assert_eq!(floor_gas(&[]), 21_000);
        assert_eq!(floor_gas(&[0; 100]), 22_000);
        assert_eq!(floor_gas(&[1; 100]), 25_000);
        assert_eq!(floor_gas(&[0, 1, 0, 255]), 21_100);
    }

    #[test]
    fn the_larger_of_gas_and_floor_is_paid() {
        let mut footprint =
            Footprint { gas_used: 30_000, transaction: [].into(), calldata: vec![1; 100].into() };
        assert_eq!(PRICE.cost(&footprint).total(), U256::from(90_000));
        footprint.gas_used = 22_600;
        assert_eq!(PRICE.cost(&footprint).total(), U256::from(75_000));
    }

    #[test]
    fn limits_above_the_cap_or_below_the_floor_are_refused() {
        assert_eq!(TRANSACTION_GAS_CAP, 16_777_216);
        assert_eq!(admits(16_777_216, &[]), Ok(()));
        assert_eq!(admits(16_777_217, &[]), Err(NotAdmitted::Cap { limit: 16_777_217 }));
        assert_eq!(admits(25_000, &[1; 100]), Ok(()));
        assert_eq!(admits(24_999, &[1; 100]), Err(NotAdmitted::Floor { floor: 25_000, limit: 24_999 }));
    }
}
