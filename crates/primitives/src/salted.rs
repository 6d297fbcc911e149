//! Salted leaves: commitments to private data that can be forgotten.
//!
//! `leaf = SHA-256("averment-salted-leaf/1" || 0x00 || salt || data)`. The salt is 32 fresh random bytes
//! per leaf, so the leaf hides even data with little entropy; once salt and data are erased, nothing links
//! the leaf to what it stood for, while every Merkle proof over it stays valid. SHA-256 with a fixed-length
//! key-like prefix is enough here: the commitment is binding by collision resistance and hiding as long as
//! the salt is unknown (random-oracle argument); length extension yields another leaf, not an opening.

use alloy_primitives::B256;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop};

const DOMAIN: &[u8] = b"averment-salted-leaf/1\0";

/// 32 secret random bytes that blind one leaf. Wiped when dropped; never printed.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop, Serialize, Deserialize)]
#[serde(into = "B256", from = "B256")]
pub struct Salt([u8; 32]);

impl From<Salt> for B256 {
    fn from(salt: Salt) -> Self {
        Self(salt.0)
    }
}

impl From<B256> for Salt {
    fn from(bytes: B256) -> Self {
        Self(bytes.0)
    }
}

impl Salt {
    /// A salt from bytes that the caller drew from the operating system's generator for this one leaf.
    pub fn from_random(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The secret bytes, for the private store that keeps them.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(…)")
    }
}

/// A hiding and binding commitment to some bytes; safe to publish.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SaltedLeaf(pub B256);

impl SaltedLeaf {
    /// Commits to `data` under `salt`.
    pub fn commit(salt: &Salt, data: &[u8]) -> Self {
        let digest =
            Sha256::new().chain_update(DOMAIN).chain_update(salt.expose()).chain_update(data).finalize();
        Self(B256::from(<[u8; 32]>::from(digest)))
    }

    /// Whether `salt` and `data` open this leaf.
    pub fn opens_to(&self, salt: &Salt, data: &[u8]) -> bool {
        *self == Self::commit(salt, data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaf_opens_only_to_its_own_salt_and_data() {
        let salt = Salt::from_random([7; 32]);
        let leaf = SaltedLeaf::commit(&salt, b"diagnosis: benign");
        assert!(leaf.opens_to(&salt, b"diagnosis: benign"));
        assert!(!leaf.opens_to(&salt, b"diagnosis: malign"));
        assert!(!leaf.opens_to(&Salt::from_random([8; 32]), b"diagnosis: benign"));
    }

    #[test]
    fn a_salt_does_not_print_itself() {
        assert_eq!(format!("{:?}", Salt::from_random([7; 32])), "Salt(…)");
    }
}
