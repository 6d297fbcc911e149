//! OP Stack chains (OP Mainnet, Base): execution on the chain itself with EIP-7623's floor (since Isthmus), the L1 data
//! fee of Fjord, and the operator fee by the rule of Isthmus or Jovian.

use super::{Cost, Footprint, fastlz_length, floor_gas};
use averment_primitives::U256;

/// Fjord's linear model of the compressed size, scaled by 10^6: `intercept + coefficient · FastLZ length`.
const INTERCEPT: u64 = 42_585_600; // subtracted
const COEFFICIENT: u64 = 836_500;
/// The least size charged: 100 bytes, scaled by 10^6.
const MINIMUM: u64 = 100_000_000;
/// Both scalars and the size are scaled by 10^6.
const SCALE: u64 = 1_000_000_000_000;

/// How a chain computes its operator fee.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OperatorRule {
    /// `gas · scalar / 10^6 + constant`.
    Isthmus,
    /// `gas · scalar · 100 + constant`.
    #[default]
    Jovian,
}

/// What a chain's operator takes; zero on most chains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OperatorFee {
    /// The rule.
    pub rule: OperatorRule,
    /// `operatorFeeScalar`.
    pub scalar: u32,
    /// `operatorFeeConstant`, in wei.
    pub constant: u64,
}

impl OperatorFee {
    /// For a transaction that used `gas`, in wei: at most 103 bits.
    pub fn of(&self, gas: u64) -> U256 {
        let scaled = U256::from(gas) * U256::from(self.scalar);
        let variable = match self.rule {
            OperatorRule::Isthmus => scaled / U256::from(1_000_000),
            OperatorRule::Jovian => scaled * U256::from(100),
        };
        variable + U256::from(self.constant)
    }
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

/// What a transaction whose FastLZ length is `fastlz` is taken to add to a batch, in millionths of a byte.
fn estimated_size(fastlz: u64) -> u64 {
    COEFFICIENT.saturating_mul(fastlz).saturating_sub(INTERCEPT).max(MINIMUM)
}

/// The L1 data fee since Fjord, in wei, for a transaction whose FastLZ length is `fastlz`.
pub fn fjord_data_fee(chain: &OpStack, fastlz: u64) -> U256 {
    let calldata = U256::from(chain.base_fee_scalar) * U256::from(16) * U256::from(chain.l1_base_fee);
    let blobs = U256::from(chain.blob_base_fee_scalar) * U256::from(chain.l1_blob_base_fee);
    // 2^32 · 2^4 · 2^128 and 2^64 above: at most 2^229.
    U256::from(estimated_size(fastlz)) * (calldata + blobs) / U256::from(SCALE)
}

impl OpStack {
    /// What a transaction costs.
    pub fn cost(&self, footprint: &Footprint) -> Cost {
        let gas = footprint.gas_used.max(floor_gas(&footprint.calldata));
        Cost {
            gas,
            execution: U256::from(gas).saturating_mul(U256::from(self.gas_price)),
            data: fjord_data_fee(self, fastlz_length(&footprint.transaction)),
            operator: self.operator_fee.of(gas),
        }
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
        assert_eq!(chain.cost(&footprint).total(), U256::from(700_000));
        chain.operator_fee = OperatorFee { rule: OperatorRule::Isthmus, scalar: 500_000, constant: 11 };
        assert_eq!(chain.cost(&footprint).total(), U256::from(750_011));
        chain.operator_fee.rule = OperatorRule::Jovian;
        assert_eq!(chain.cost(&footprint).total(), U256::from(700_000 + 5_000_000_000_011_u64));
    }

    /// The specification says how many bits they have.
    #[test]
    fn the_largest_operator_fees_have_77_and_103_bits() {
        let fee = |rule| OperatorFee { rule, scalar: u32::MAX, constant: u64::MAX }.of(u64::MAX);
        assert_eq!(fee(OperatorRule::Isthmus).bit_len(), 77);
        assert_eq!(fee(OperatorRule::Jovian).bit_len(), 103);
        assert_eq!(&fee(OperatorRule::Jovian).to_string()[..16], "7922816249600206");
    }

    #[test]
    fn extreme_parameters_do_not_overflow() {
        let chain = OpStack {
            gas_price: u128::MAX,
            l1_base_fee: u128::MAX,
            l1_blob_base_fee: u128::MAX,
            base_fee_scalar: u32::MAX,
            blob_base_fee_scalar: u32::MAX,
            operator_fee: OperatorFee { rule: OperatorRule::Jovian, scalar: u32::MAX, constant: u64::MAX },
        };
        assert!(fjord_data_fee(&chain, u64::MAX) > U256::ZERO);
        let footprint = Footprint { gas_used: u64::MAX, transaction: [].into(), calldata: [].into() };
        assert!(chain.cost(&footprint).total() > U256::ZERO);
    }
}
