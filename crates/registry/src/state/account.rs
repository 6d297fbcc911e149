//! Accounts and storage slots, as `eth_getProof` (EIP-1186) proves them.

use super::trie::{NODE_BYTES, TrieError, look_up};
use alloy_rlp::Decodable;
use alloy_trie::{Nibbles, TrieAccount};
use averment_primitives::{Address, B256, Bytes, U256, keccak256};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The proof of one account and of some of its storage: the answer to `eth_getProof`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccountProof {
    /// The account.
    pub address: Address,
    /// Trie nodes from the state root to the account.
    pub account_proof: Vec<Bytes>,
    /// The slots proved.
    pub storage_proof: Vec<StorageProof>,
}

/// The proof of one storage slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StorageProof {
    /// The slot.
    pub key: B256,
    /// Trie nodes from the account's storage root to the slot.
    pub proof: Vec<Bytes>,
}

/// Why an account proof does not hold.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum ProofError {
    /// The proof is another account's.
    #[error("expected the proof of account {expected}, got that of {got}")]
    Address {
        /// The account asked for.
        expected: Address,
        /// The account in the proof.
        got: Address,
    },
    /// The nodes do not lead from the state root to the account.
    #[error("account {address}: {source}")]
    Account {
        /// The account.
        address: Address,
        /// What is wrong.
        source: Box<TrieError>,
    },
    /// The state holds no such account.
    #[error("account {address} does not exist in this state")]
    NoAccount {
        /// The account.
        address: Address,
    },
    /// What the state holds is not an account.
    #[error("account {address}: the state holds something else: {why}")]
    NotAnAccount {
        /// The account.
        address: Address,
        /// The decoder's words.
        why: String,
    },
    /// The nodes do not lead from the storage root to the slot.
    #[error("account {address}, slot {slot}: {source}")]
    Slot {
        /// The account.
        address: Address,
        /// The slot.
        slot: B256,
        /// What is wrong.
        source: Box<TrieError>,
    },
    /// What the slot holds is not a number.
    #[error("account {address}, slot {slot}: the storage holds no number: {why}")]
    NotANumber {
        /// The account.
        address: Address,
        /// The slot.
        slot: B256,
        /// The decoder's words.
        why: String,
    },
    /// A slot that is needed is not proved.
    #[error("account {address}: slot {slot} is not proved at place {place}")]
    SlotMissing {
        /// The account.
        address: Address,
        /// The slot.
        slot: B256,
        /// Where its proof belongs, from 0.
        place: usize,
    },
    /// A slot is proved that nobody asked for.
    #[error("account {address}: slot {slot} is proved, but not needed")]
    SlotSurplus {
        /// The account.
        address: Address,
        /// The slot.
        slot: B256,
    },
}

/// An account that a state root was shown to hold, with the slots asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenAccount {
    /// The account.
    pub address: Address,
    /// Keccak-256 of its code.
    pub code_hash: B256,
    /// Root of its storage.
    pub storage_root: B256,
    /// The values of the slots asked for, in that order.
    pub slots: Vec<B256>,
}

impl AccountProof {
    /// Checks that the state with `state_root` holds `account`, and what stands in `slots`: exactly these are
    /// proved, in this order.
    pub fn verify(
        &self,
        state_root: B256,
        account: Address,
        slots: &[B256],
    ) -> Result<ProvenAccount, ProofError> {
        if self.address != account {
            return Err(ProofError::Address { expected: account, got: self.address });
        }
        let address = account;
        let leaf = look_up(state_root, &hashed(address), &self.account_proof, NODE_BYTES)
            .map_err(|source| ProofError::Account { address, source: Box::new(source) })?
            .ok_or(ProofError::NoAccount { address })?;
        let state: TrieAccount = alloy_rlp::decode_exact(&leaf)
            .map_err(|error| ProofError::NotAnAccount { address, why: error.to_string() })?;

        let mut values = Vec::with_capacity(slots.len());
        for (place, &slot) in slots.iter().enumerate() {
            let proof = self.storage_proof.get(place).filter(|proof| proof.key == slot);
            let proof = proof.ok_or(ProofError::SlotMissing { address, slot, place })?;
            values.push(proof.value(address, state.storage_root)?);
        }
        if let Some(surplus) = self.storage_proof.get(slots.len()) {
            return Err(ProofError::SlotSurplus { address, slot: surplus.key });
        }
        let (code_hash, storage_root) = (state.code_hash, state.storage_root);
        Ok(ProvenAccount { address, code_hash, storage_root, slots: values })
    }
}

impl StorageProof {
    /// What the slot holds in the storage with `root`; zero if it was never written.
    fn value(&self, address: Address, root: B256) -> Result<B256, ProofError> {
        let slot = self.key;
        let leaf = look_up(root, &hashed(slot), &self.proof, NODE_BYTES)
            .map_err(|source| ProofError::Slot { address, slot, source: Box::new(source) })?;
        let Some(leaf) = leaf else { return Ok(B256::ZERO) };
        let mut rest = leaf.as_slice();
        let value = U256::decode(&mut rest)
            .and_then(
                |value| if rest.is_empty() { Ok(value) } else { Err(alloy_rlp::Error::UnexpectedLength) },
            )
            .map_err(|error| ProofError::NotANumber { address, slot, why: error.to_string() })?;
        Ok(value.into())
    }
}

/// The way to what states keep under `key`.
fn hashed(key: impl AsRef<[u8]>) -> Nibbles {
    Nibbles::unpack(keccak256(key))
}
