//! Arbitrum: execution on the chain itself and the poster's fee for the data.
//!
//! ArbOS charges `16 · n · price` for data, n being the length of the transaction compressed by Brotli level 1
//! (`arbos/l1pricing`, `GetPosterInfo`). No Brotli encoder is linked in here, and only the reference one would
//! give the exact number, so n is taken to be the whole length: an upper bound, typically two to three times
//! what calldata of this kind really costs there.

use super::Footprint;
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
    /// An upper bound of the fee, in wei: execution, and the data uncompressed.
    pub fn fee_at_most(&self, footprint: &Footprint) -> U256 {
        let gas = U256::from(footprint.gas_used.max(super::floor_gas(&footprint.calldata)));
        gas * U256::from(self.gas_price) + self.data_fee(footprint.transaction.len() as u64)
    }

    /// The poster's fee for a transaction that is `compressed` bytes long after Brotli level 1, in wei.
    pub fn data_fee(&self, compressed: u64) -> U256 {
        U256::from(compressed) * U256::from(UNITS_PER_BYTE) * U256::from(self.data_price)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_costs_sixteen_units_a_byte() {
        let chain = Arbitrum { gas_price: 10_000_000, data_price: 2_000_000_000 };
        assert_eq!(chain.data_fee(100), U256::from(3_200_000_000_000u64));
        let footprint = Footprint { gas_used: 50_000, transaction: vec![1; 100].into(), calldata: [].into() };
        assert_eq!(chain.fee_at_most(&footprint), U256::from(3_700_000_000_000u64));
    }
}
