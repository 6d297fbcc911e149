//! P-256 public keys as the format names them: by the SHA-256 of their PEM.

use super::error::KeyError;
use averment_primitives::B256;
use p256::{
    ecdsa::{Signature, VerifyingKey, signature::Verifier},
    pkcs8::{DecodePublicKey, EncodePublicKey, LineEnding},
};
use sha2::{Digest, Sha256};
use std::fmt;

/// The public key of a model's signer, on the curve P-256.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    key: VerifyingKey,
    pem: String,
    hint: B256,
}

impl PublicKey {
    /// Reads the PEM of a public key (`-----BEGIN PUBLIC KEY-----`), as `openssl` and `model_signing` write and
    /// read it.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        if pem.contains("PRIVATE KEY-----") {
            return Err(KeyError::Private);
        }
        let key = VerifyingKey::from_public_key_pem(pem).map_err(KeyError::Form)?;
        // Read and written again, so that spelling (line ends, text around it) does not change the name.
        let pem = key.to_public_key_pem(LineEnding::LF).map_err(KeyError::Form)?;
        let hint = B256::from(<[u8; 32]>::from(Sha256::digest(&pem)));
        Ok(Self { key, pem, hint })
    }

    /// The key as PEM.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// The SHA-256 of [`PublicKey::pem`]: what a bundle calls the key's hint.
    pub fn hint(&self) -> B256 {
        self.hint
    }

    /// Whether `signature` (ECDSA with SHA-256, ASN.1 DER) is this key's over `message`.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_der(signature).is_ok_and(|signature| self.key.verify(message, &signature).is_ok())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({:x})", self.hint)
    }
}
