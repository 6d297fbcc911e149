//! Ethereum itself: gas used, but at least the calldata floor of EIP-7623.

use super::Footprint;
use averment_primitives::U256;

/// EIP-7623: floor price of a calldata token; a zero byte is one token, any other four.
const TOTAL_COST_FLOOR_PER_TOKEN: u64 = 10;
const TRANSACTION_GAS: u64 = 21_000;

/// The least gas a transaction with this calldata is charged since Prague (EIP-7623).
pub fn floor_gas(calldata: &[u8]) -> u64 {
    let zeros = calldata.iter().filter(|byte| **byte == 0).count() as u64;
    let tokens = zeros + 4 * (calldata.len() as u64 - zeros);
    TRANSACTION_GAS + TOTAL_COST_FLOOR_PER_TOKEN * tokens
}

/// Prices on Ethereum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ethereum {
    /// Base fee and tip, in wei a unit of gas.
    pub gas_price: u128,
}

impl Ethereum {
    /// The gas charged: what was used, or the floor.
    pub fn gas(&self, footprint: &Footprint) -> u64 {
        footprint.gas_used.max(floor_gas(&footprint.calldata))
    }

    /// The fee, in wei.
    pub fn fee(&self, footprint: &Footprint) -> U256 {
        U256::from(self.gas(footprint)).saturating_mul(U256::from(self.gas_price))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let price = Ethereum { gas_price: 3 };
        let mut footprint =
            Footprint { gas_used: 30_000, transaction: [].into(), calldata: vec![1; 100].into() };
        assert_eq!(price.fee(&footprint), U256::from(90_000));
        footprint.gas_used = 22_600;
        assert_eq!(price.fee(&footprint), U256::from(75_000));
    }
}
