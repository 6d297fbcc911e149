//! Arbitrum: execution on the chain itself and the poster's fee for the data.
//!
//! ArbOS counts 16 units for each byte of the transaction compressed by Brotli level 1 (`arbos/l1pricing`,
//! `GetPosterInfo`), and charges their price as gas, rounded down to whole units at the price of gas
//! (`arbos/tx_processor`, `GetPosterGas`). EIP-7623's floor is a feature that chains have switched off unless their owner
//! says otherwise (`IsCalldataPricingIncreaseEnabled`); here it is off.

use super::{Cost, Footprint, brotli_length};
use averment_primitives::U256;

/// Gas of a byte of calldata that is not zero (EIP-2028), which ArbOS charges for each compressed byte.
const UNITS_PER_BYTE: u64 = 16;

/// Prices on an Arbitrum chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arbitrum {
    /// Base fee on the chain itself, in wei a unit of gas.
    pub gas_price: u128,
    /// ArbOS's price of data (`ArbGasInfo.getL1BaseFeeEstimate`), in wei a unit; a byte is 16 units.
    pub data_price: u128,
}

impl Arbitrum {
    /// What a transaction costs.
    pub fn cost(&self, footprint: &Footprint) -> Cost {
        let price = U256::from(self.gas_price);
        let poster_gas = self.data_fee(brotli_length(&footprint.transaction)).checked_div(price);
        let poster_gas = poster_gas.unwrap_or_default();
        Cost {
            gas: footprint.gas_used.saturating_add(poster_gas.saturating_to()),
            execution: U256::from(footprint.gas_used).saturating_mul(price),
            data: poster_gas.saturating_mul(price),
            operator: U256::ZERO,
        }
    }

    /// The price of the data of a transaction that is `compressed` bytes long after Brotli level 1, in wei, before it
    /// is rounded to whole gas.
    pub fn data_fee(&self, compressed: u64) -> U256 {
        U256::from(compressed) * U256::from(UNITS_PER_BYTE) * U256::from(self.data_price)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_costs_sixteen_units_a_compressed_byte_in_whole_gas() {
        let chain = Arbitrum { gas_price: 10_000_000, data_price: 2_000_000_000 };
        assert_eq!(chain.data_fee(100), U256::from(3_200_000_000_000u64));
        let footprint =
            Footprint { gas_used: 50_000, transaction: vec![0; 1000].into(), calldata: [].into() };
        let bytes = brotli_length(&footprint.transaction);
        let cost = chain.cost(&footprint);
        assert_eq!(cost.gas, 50_000 + bytes * 16 * 200);
        assert_eq!((cost.execution, cost.data), (U256::from(500_000_000_000_u64), chain.data_fee(bytes)));
        let odd = Arbitrum { gas_price: 11_000_000, ..chain };
        let (cost, exact) = (odd.cost(&footprint), odd.data_fee(bytes));
        assert!(cost.data <= exact && exact - cost.data < U256::from(11_000_000));
        assert_eq!(cost.total(), U256::from(cost.gas) * U256::from(11_000_000));
    }

    /// EIP-7623 does not apply here.
    #[test]
    fn there_is_no_floor() {
        let chain = Arbitrum { gas_price: 1, data_price: 0 };
        let footprint =
            Footprint { gas_used: 40_000, transaction: [].into(), calldata: vec![1; 1000].into() };
        assert_eq!(chain.cost(&footprint).total(), U256::from(40_000));
    }

    #[test]
    fn extreme_prices_saturate() {
        let footprint = Footprint { gas_used: u64::MAX, transaction: [1].into(), calldata: [].into() };
        for (gas_price, data_price) in [(u128::MAX, u128::MAX), (1, u128::MAX), (0, u128::MAX)] {
            let cost = Arbitrum { gas_price, data_price }.cost(&footprint);
            assert_eq!(cost.gas, u64::MAX);
        }
    }
}
