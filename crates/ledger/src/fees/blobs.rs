//! Blobs: what they hold, what they cost, and how their base fee moves (EIP-4844 with the parameters of BPO2 and the
//! reserve price of EIP-7918).

use alloy::eips::{
    eip4844::DATA_GAS_PER_BLOB,
    eip7594::MAX_BLOBS_PER_TX_FUSAKA,
    eip7840::{BLOB_BASE_COST, BlobParams},
};
use averment_primitives::U256;
use thiserror::Error;

/// Since the second of Fusaka's forks that change blob parameters alone: 14 wanted a block, 21 at most, and a base
/// fee that changes by e in 11,684,671 of excess blob gas.
const PARAMETERS: BlobParams = BlobParams::bpo2();

/// Bytes that fit in a blob: 31 in each of its 4,096 field elements.
pub const BLOB_BYTES: u64 = 31 * 4096;

/// Blobs of one transaction, at most (EIP-7594).
pub const MAX_BLOBS: u64 = MAX_BLOBS_PER_TX_FUSAKA;

/// Why a transaction cannot carry so many blobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BlobError {
    /// More than fit, or none.
    #[error("expected 1 to {MAX_BLOBS} blobs in a transaction (EIP-7594), got {got}")]
    Count {
        /// How many.
        got: u64,
    },
}

/// How many blobs hold `bytes`.
pub fn blobs_for(bytes: u64) -> u64 {
    bytes.div_ceil(BLOB_BYTES)
}

/// What the blobs of one transaction cost at this blob base fee, in wei, beside the transaction's gas.
pub fn blob_fee(blobs: u64, blob_base_fee: u128) -> Result<U256, BlobError> {
    if !(1..=MAX_BLOBS).contains(&blobs) {
        return Err(BlobError::Count { got: blobs });
    }
    Ok(U256::from(blobs) * U256::from(DATA_GAS_PER_BLOB) * U256::from(blob_base_fee))
}

/// The blob base fee of a block with this excess blob gas, in wei a unit (EIP-4844).
pub fn blob_base_fee(excess_blob_gas: u64) -> u128 {
    PARAMETERS.calc_blob_fee(excess_blob_gas)
}

/// The excess blob gas of the block after one with these figures (EIP-7918's `calc_excess_blob_gas`); none if they do
/// not fit together in 64 bits, which no chain's do.
pub fn next_excess_blob_gas(excess: u64, used: u64, base_fee: u64) -> Option<u64> {
    excess.checked_add(used)?;
    used.checked_mul(PARAMETERS.max_blob_count)?;
    Some(PARAMETERS.next_block_excess_blob_gas_osaka(excess, used, base_fee))
}

/// The blob base fee under which blobs do not become cheaper, in wei a unit, at this base fee of gas: a blob costs as
/// much as 2^13 gas (EIP-7918).
pub fn reserve_price(base_fee: u128) -> u128 {
    base_fee.div_ceil(u128::from(DATA_GAS_PER_BLOB / BLOB_BASE_COST))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BLOB: u64 = 131_072;

    const VECTORS_FEE: [(u64, u128); 7] = [
        (0, 1),
        (8_099_000, 1),
        (11_684_671, 2),
        (100_000_000, 5_209),
        (217_826_000, 124_776_049),
        (300_000_000, 141_372_464_863),
        (500_000_000, 3_836_554_603_535_638_796),
    ];
    const VECTORS_EXCESS: [(u64, u64, u64, u64); 11] = [
        (0, 0, 1_000_000_000, 0),
        (0, 1_835_008, 1_000_000_000, 611_669),
        (0, 1_835_008, 7, 0),
        (0, 2_752_512, 7, 917_504),
        (5_000_000, 0, 7, 3_164_992),
        (5_000_000, 0, 1_000_000_000, 5_000_000),
        (217_826_000, 2_752_512, 2_000_000_000, 218_743_504),
        (217_826_000, 393_216, 2_000_000_000, 217_957_072),
        (217_900_000, 393_216, 2_000_000_000, 216_458_208),
        (217_900_000, 2_752_512, 2_000_000_000, 218_817_504),
        (217_900_000, 0, 2_000_000_000, 216_064_992),
    ];

    #[test]
    fn the_parameters_are_those_of_bpo2() {
        assert_eq!(
            (PARAMETERS.target_blob_count, PARAMETERS.max_blob_count, PARAMETERS.update_fraction),
            (14, 21, 11_684_671)
        );
        assert_eq!((PARAMETERS.min_blob_fee, MAX_BLOBS, BLOB_BASE_COST), (1, 6, 8_192));
    }

    /// Made by the functions of EIP-4844 and EIP-7918 as written there, in Python.
    #[test]
    fn base_fees_are_those_of_the_specification() {
        for (excess, fee) in VECTORS_FEE {
            assert_eq!(blob_base_fee(excess), fee, "{excess}");
        }
        for (excess, used, base_fee, next) in VECTORS_EXCESS {
            assert_eq!(
                next_excess_blob_gas(excess, used, base_fee),
                Some(next),
                "{excess} {used} {base_fee}"
            );
        }
        assert_eq!(next_excess_blob_gas(u64::MAX, 1, 1), None);
        assert_eq!(next_excess_blob_gas(0, u64::MAX, 1), None);
    }

    #[test]
    fn a_blob_costs_its_gas_and_no_transaction_carries_none_or_seven() {
        assert_eq!(blob_fee(1, 125_000_000).unwrap(), U256::from(16_384_000_000_000_u64));
        assert_eq!(blob_fee(6, 1).unwrap(), U256::from(6 * BLOB));
        assert_eq!(blob_fee(0, 1), Err(BlobError::Count { got: 0 }));
        assert_eq!(blob_fee(7, 1), Err(BlobError::Count { got: 7 }));
        assert_eq!([0, 1, 126_976, 126_977].map(blobs_for), [0, 1, 1, 2]);
    }

    proptest! {
        /// Full blocks raise the excess by a third of what they hold below the reserve price, and by what is above the
        /// target over it; empty ones lower it over the reserve price only.
        #[test]
        fn below_the_reserve_price_blobs_do_not_become_cheaper(
            excess in 0_u64..400_000_000, blobs in 0_u64..=21, base_fee in 7_u64..1_000_000_000_000,
        ) {
            let used = blobs * BLOB;
            let next = next_excess_blob_gas(excess, used, base_fee).unwrap();
            let target = 14 * BLOB;
            if excess + used < target {
                prop_assert_eq!(next, 0);
            } else if blob_base_fee(excess) < reserve_price(u128::from(base_fee)) {
                prop_assert_eq!(next, excess + used / 3);
                prop_assert!(blob_base_fee(next) >= blob_base_fee(excess));
            } else {
                prop_assert_eq!(next, excess + used - target);
            }
        }

        #[test]
        fn the_reserve_price_is_the_least_that_pays_for_the_gas(base_fee in 1_u128..1 << 90) {
            let reserve = reserve_price(base_fee);
            prop_assert!(reserve * 131_072 >= base_fee * 8_192);
            prop_assert!((reserve - 1) * 131_072 < base_fee * 8_192);
        }
    }
}
