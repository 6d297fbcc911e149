//! An Ed25519 key that signs a log's checkpoints.

use ed25519_dalek::{Signer, SigningKey};
use std::fmt;
use zeroize::Zeroizing;

/// The key of a log (Ed25519, RFC 8032). Wiped when dropped; prints only its public key.
#[derive(Clone)]
pub struct LogKey(SigningKey);

impl LogKey {
    pub(super) fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    pub(super) fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// The 32 bytes by which anybody checks this key's signatures.
    pub fn public_key(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    /// Signs `message`; the 64 bytes R and S.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

impl fmt::Debug for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogKey({})", alloy::primitives::hex::encode(self.public_key()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy::primitives::hex;

    /// RFC 8032, section 7.1, test 2.
    #[test]
    fn signs_as_the_standard_says() {
        let seed = hex!("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
        let key = LogKey::from_seed(&seed);
        assert_eq!(
            key.public_key(),
            hex!("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
        );
        assert_eq!(
            key.sign(&[0x72]),
            hex!(
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
            )
        );
        assert!(!format!("{key:?}").contains(&hex::encode(seed)));
    }
}
