//! Where our contracts keep what an audit needs. Pinned in `contracts/storage-layout`.

use crate::version::{hash_words, word};
use alloy_primitives::b256;
use averment_primitives::{B256, LogId, ModelId, U256, keccak256};

/// Where an ERC-1967 proxy keeps its implementation's address:
/// `keccak256("eip1967.proxy.implementation") - 1`.
pub const IMPLEMENTATION_SLOT: B256 =
    b256!("360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc");

/// Slot of the registry's storage struct, by ERC-7201: `keccak256(keccak256("averment.storage.ModelRegistry") - 1)`
/// with the last byte cleared.
pub fn registry_base() -> B256 {
    let inner = U256::from_be_bytes(keccak256("averment.storage.ModelRegistry").0).wrapping_sub(U256::ONE);
    let mut base = keccak256(inner.to_be_bytes::<32>());
    if let Some(last) = base.0.last_mut() {
        *last = 0;
    }
    base
}

/// Slot of the head of `model`'s history: the first word of its entry in the struct's first mapping.
pub fn history_head_slot(model: ModelId) -> B256 {
    mapping(registry_base(), model.0)
}

/// Slot of what `Anchors` stores for `epoch` of `log`.
pub fn anchored_slot(log: LogId, epoch: u64) -> B256 {
    mapping(mapping(word(1), log.0), word(epoch))
}

/// Solidity's slot of `key` in the mapping at `slot`.
fn mapping(slot: B256, key: B256) -> B256 {
    hash_words(&[key, slot])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_implementation_slot_is_erc_1967s() {
        let expected = U256::from_be_bytes(keccak256("eip1967.proxy.implementation").0) - U256::ONE;
        assert_eq!(IMPLEMENTATION_SLOT, B256::from(expected));
    }
}
