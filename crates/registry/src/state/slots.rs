//! Where our contracts keep what an audit needs. The slots follow from the contracts' storage layouts, which are pinned in
//! `contracts/layouts`.

use crate::version::{hash_words, word};
use alloy_primitives::b256;
use averment_primitives::{Address, B256, LogId, ModelId, U256};

/// Where an ERC-1967 proxy keeps its implementation's address:
/// `keccak256("eip1967.proxy.implementation") - 1`.
pub const IMPLEMENTATION_SLOT: B256 =
    b256!("360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc");

/// Slot of the registry's storage struct, by ERC-7201:
/// `keccak256(keccak256("averment.storage.ModelRegistry") - 1)` with the last byte cleared.
pub const REGISTRY_SLOT: B256 = b256!("1ccc0c991723ca59b40d0b077c85441db2111095cfac3dba61672f88f1eeae00");

/// Where the registry keeps `model`'s history: the head, then a word whose low 8 bytes are the length.
///
/// The models are the first mapping of the registry's struct, the head is the first word of a model.
pub fn history_slots(model: ModelId) -> [B256; 2] {
    let head = mapping(REGISTRY_SLOT, model.0);
    [head, after(head)]
}

/// The length in the second of [`history_slots`].
pub fn history_length(value: B256) -> u64 {
    low_u64(U256::from_be_bytes(value.0))
}

/// Where `Anchors` keeps what a log was opened with: poster, count and cadence, then registry and opening time.
pub fn log_slots(log: LogId) -> [B256; 2] {
    let first = mapping(word(0), log.0);
    [first, after(first)]
}

/// What [`log_slots`] hold: poster, cadence, registry, and when epoch 0 began.
pub fn log_terms(values: [B256; 2]) -> (Address, u32, Address, u64) {
    let [first, second] = values.map(|value| U256::from_be_bytes(value.0));
    // 32 bits are left above the count.
    let cadence = (first >> 224_usize).saturating_to();
    (low_address(first), cadence, low_address(second), low_u64(second >> 160_usize))
}

/// Where `Anchors` keeps what was anchored for `epoch` of `log`.
pub fn anchored_slot(log: LogId, epoch: u64) -> B256 {
    mapping(mapping(word(1), log.0), word(epoch))
}

/// Solidity's slot of `key` in the mapping at `slot`.
pub(crate) fn mapping(slot: B256, key: B256) -> B256 {
    hash_words(&[key, slot])
}

pub(super) fn after(slot: B256) -> B256 {
    U256::from_be_bytes(slot.0).wrapping_add(U256::ONE).into()
}

fn low_u64(value: U256) -> u64 {
    (value & U256::from(u64::MAX)).saturating_to()
}

fn low_address(value: U256) -> Address {
    Address::from_word(value.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use averment_primitives::keccak256;

    #[test]
    fn the_registrys_slot_is_erc_7201s() {
        let inner = U256::from_be_bytes(keccak256("averment.storage.ModelRegistry").0) - U256::ONE;
        let mut expected = keccak256(inner.to_be_bytes::<32>());
        expected.0[31] = 0;
        assert_eq!(REGISTRY_SLOT, expected);
    }

    #[test]
    fn packed_words_come_apart() {
        let (poster, registry) = (Address::repeat_byte(0xaa), Address::repeat_byte(0xbb));
        let (low, high) =
            (U256::from_be_bytes(poster.into_word().0), U256::from_be_bytes(registry.into_word().0));
        let first: U256 = (U256::from(3600) << 224_usize) | (U256::from(7) << 160_usize) | low;
        let second: U256 = (U256::from(1_700_000_000_u64) << 160_usize) | high;
        assert_eq!(log_terms([first.into(), second.into()]), (poster, 3600, registry, 1_700_000_000));
        let word: U256 = (U256::MAX << 64_usize) | U256::from(9);
        assert_eq!(history_length(word.into()), 9);
    }

    #[test]
    fn the_implementation_slot_is_erc_1967s() {
        let expected = U256::from_be_bytes(keccak256("eip1967.proxy.implementation").0) - U256::ONE;
        assert_eq!(IMPLEMENTATION_SLOT, B256::from(expected));
    }
}
