//! OP Stack chains (OP Mainnet, Base): execution on the chain itself, the L1 data fee of Fjord, and the
//! operator fee of Isthmus.

use super::{Footprint, fastlz_length};
use averment_primitives::U256;

/// Fjord's linear model of the compressed size, scaled by 10^6: `intercept + coefficient · FastLZ length`.
const INTERCEPT: u64 = 42_585_600; // subtracted
const COEFFICIENT: u64 = 836_500;
/// The least size charged: 100 bytes, scaled by 10^6.
const MINIMUM: u64 = 100_000_000;
/// Both scalars and the size are scaled by 10^6.
const SCALE: u64 = 1_000_000_000_000;

/// The Isthmus operator fee: `gas · scalar / 10^6 + constant`; zero on most chains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OperatorFee {
    /// Scaled by 10^6.
    pub scalar: u32,
    /// In wei.
    pub constant: u64,
}

/// Prices and parameters of an OP Stack chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpStack {
    /// Base fee and tip on the chain itself, in wei a unit of gas.
    pub gas_price: u128,
    /// Ethereum's base fee, in wei a unit of gas.
    pub l1_base_fee: u128,
    /// Ethereum's blob base fee, in wei a unit of blob gas.
    pub l1_blob_base_fee: u128,
    /// The chain's `baseFeeScalar`, scaled by 10^6.
    pub base_fee_scalar: u32,
    /// The chain's `blobBaseFeeScalar`, scaled by 10^6.
    pub blob_base_fee_scalar: u32,
    /// The chain's operator fee.
    pub operator_fee: OperatorFee,
}

/// The L1 data fee since Fjord, in wei, for a transaction whose FastLZ length is `fastlz`.
pub fn fjord_data_fee(chain: &OpStack, fastlz: u64) -> U256 {
    let size = COEFFICIENT.saturating_mul(fastlz).saturating_sub(INTERCEPT).max(MINIMUM);
    let calldata = U256::from(chain.base_fee_scalar) * U256::from(16) * U256::from(chain.l1_base_fee);
    let blobs = U256::from(chain.blob_base_fee_scalar) * U256::from(chain.l1_blob_base_fee);
    // 2^32 · 2^4 · 2^128 and 2^64 above: at most 2^229.
    U256::from(size) * (calldata + blobs) / U256::from(SCALE)
}

impl OpStack {
    /// The fee, in wei: execution, L1 data and operator.
    pub fn fee(&self, footprint: &Footprint) -> U256 {
        let gas = U256::from(footprint.gas_used.max(super::floor_gas(&footprint.calldata)));
        let operator = gas * U256::from(self.operator_fee.scalar) / U256::from(1_000_000)
            + U256::from(self.operator_fee.constant);
        gas * U256::from(self.gas_price)
            + fjord_data_fee(self, fastlz_length(&footprint.transaction))
            + operator
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(base_fee_scalar: u32, blob_base_fee_scalar: u32) -> OpStack {
        OpStack {
            gas_price: 0,
            l1_base_fee: 2_000_000_000,
            l1_blob_base_fee: 125_000_000,
            base_fee_scalar,
            blob_base_fee_scalar,
            operator_fee: OperatorFee::default(),
        }
    }

    #[test]
    fn pinned_fees_with_the_scalars_of_op_mainnet_and_base() {
        assert_eq!(fjord_data_fee(&chain(5_227, 1_014_213), 1_088), U256::from(255_088_004_860u64));
        assert_eq!(fjord_data_fee(&chain(2_269, 1_055_762), 1_088), U256::from(177_477_032_740u64));
    }

    /// The values of the OP Stack's own tests: minimum size, and parity with its Solidity oracle.
    #[test]
    fn agrees_with_the_op_stacks_tests() {
        let small = OpStack { l1_base_fee: 1_000_000_000, l1_blob_base_fee: 10_000_000, ..chain(2, 3) };
        for fastlz in [0, 100, 150, 170] {
            assert_eq!(fjord_data_fee(&small, fastlz), U256::from(3_203_000));
        }
        assert!(fjord_data_fee(&small, 171) > U256::from(3_203_000));
        let parity = OpStack { l1_base_fee: 2_000_000, l1_blob_base_fee: 3_000_000, ..chain(20, 15) };
        assert_eq!(fjord_data_fee(&parity, 235), U256::from(105_484));
    }

    #[test]
    fn execution_and_operator_fees_are_added() {
        let mut chain = chain(0, 0);
        let footprint =
            Footprint { gas_used: 100_000, transaction: vec![0; 200].into(), calldata: [].into() };
        chain.gas_price = 7;
        assert_eq!(chain.fee(&footprint), U256::from(700_000));
        chain.operator_fee = OperatorFee { scalar: 500_000, constant: 11 };
        assert_eq!(chain.fee(&footprint), U256::from(750_011));
    }

    #[test]
    fn extreme_parameters_do_not_overflow() {
        let chain = OpStack {
            gas_price: u128::MAX,
            l1_base_fee: u128::MAX,
            l1_blob_base_fee: u128::MAX,
            base_fee_scalar: u32::MAX,
            blob_base_fee_scalar: u32::MAX,
            operator_fee: OperatorFee { scalar: u32::MAX, constant: u64::MAX },
        };
        assert!(fjord_data_fee(&chain, u64::MAX) > U256::ZERO);
        let footprint = Footprint { gas_used: u64::MAX, transaction: [].into(), calldata: [].into() };
        assert!(chain.fee(&footprint) > U256::ZERO);
    }
}
