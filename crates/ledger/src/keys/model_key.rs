//! A P-256 key that signs models (OpenSSF Model Signing), ours or from a PEM file that another tool made.

use averment_atomic as atomic;
use averment_primitives::hex;
use p256::{
    PublicKey, SecretKey,
    ecdsa::{Signature, SigningKey, signature::Signer},
    elliptic_curve::sec1::ToEncodedPoint,
    pkcs8::{self, DecodePrivateKey, EncodePublicKey, LineEnding, spki},
};
use std::{
    fmt, io,
    path::{Path, PathBuf},
};
use thiserror::Error;
use zeroize::Zeroizing;

/// A PEM file is about 250 bytes.
const FILE_LIMIT: u64 = 64 * 1024;

/// Why a PEM file is no private key of ours.
#[derive(Debug, Error)]
pub enum PemError {
    /// It could not be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Not text.
    #[error("{} is no PEM file", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
    },
    /// Encrypted by another tool.
    #[error(
        "{} is encrypted; take it over with `openssl pkey -in {} -out plain.pem` and \
         `aver keys import NAME plain.pem`, then remove plain.pem", path.display(), path.display()
    )]
    Encrypted {
        /// The file.
        path: PathBuf,
    },
    /// The public half was given where the private one belongs.
    #[error("{} is a public key; the private one signs", path.display())]
    Public {
        /// The file.
        path: PathBuf,
    },
    /// Another algorithm or curve, or damaged.
    #[error("{}: expected the PEM of a P-256 private key (PKCS#8 or SEC1): {source}", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: pkcs8::Error,
    },
}

/// The key of a model's signer (ECDSA on P-256). Wiped when dropped; prints only its public key.
#[derive(Clone)]
pub struct ModelKey(SigningKey);

impl ModelKey {
    /// The key with this secret; `None` if it is zero or not below the curve's order.
    pub(super) fn from_secret(secret: &[u8; 32]) -> Option<Self> {
        SigningKey::from_slice(secret).ok().map(Self)
    }

    pub(super) fn secret(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes().into())
    }

    /// Reads a PEM file without a password: PKCS#8 (`BEGIN PRIVATE KEY`) or SEC1 (`BEGIN EC PRIVATE KEY`).
    pub fn from_pem_file(path: &Path) -> Result<Self, PemError> {
        let named = || path.to_owned();
        let bytes =
            atomic::read(path, FILE_LIMIT).map_err(|source| PemError::Io { path: named(), source })?;
        let bytes = Zeroizing::new(bytes);
        let text = std::str::from_utf8(&bytes).map_err(|_| PemError::NotText { path: named() })?;
        if text.contains("ENCRYPTED") {
            return Err(PemError::Encrypted { path: named() });
        }
        if text.contains("-----BEGIN PUBLIC KEY-----") {
            return Err(PemError::Public { path: named() });
        }
        // `openssl ecparam -genkey` puts the curve's name before a SEC1 key.
        let sec1 = text.find("-----BEGIN EC PRIVATE KEY-----");
        let key = match sec1.and_then(|start| text.get(start..)) {
            Some(text) => SecretKey::from_sec1_pem(text).map_err(|_| pkcs8::Error::KeyMalformed),
            None => SecretKey::from_pkcs8_pem(text),
        };
        key.map(|key| Self(key.into())).map_err(|source| PemError::Form { path: named(), source })
    }

    /// The public half.
    pub fn public_key(&self) -> ModelPublicKey {
        ModelPublicKey::of(&self.0.verifying_key().into())
    }

    /// Signs `message` with ECDSA-SHA-256 (RFC 6979); the signature in ASN.1 DER.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature: Signature = self.0.sign(message);
        signature.to_der().as_bytes().to_vec()
    }
}

impl fmt::Debug for ModelKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ModelKey({})", self.public_key())
    }
}

/// The public half of a [`ModelKey`]: its point on the curve, compressed (SEC1, 33 bytes).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ModelPublicKey([u8; 33]);

impl ModelPublicKey {
    fn of(key: &PublicKey) -> Self {
        let mut point = [0; 33];
        point.copy_from_slice(key.to_encoded_point(true).as_bytes());
        Self(point)
    }

    /// From a point, compressed or not; `None` if it is not on the curve.
    pub(super) fn from_point(point: &[u8]) -> Option<Self> {
        PublicKey::from_sec1_bytes(point).ok().map(|key| Self::of(&key))
    }

    /// The compressed point.
    pub fn point(&self) -> &[u8; 33] {
        &self.0
    }

    /// The PEM (`BEGIN PUBLIC KEY`) that other tools read.
    pub fn to_pem(&self) -> Result<String, spki::Error> {
        let key = PublicKey::from_sec1_bytes(&self.0).map_err(|_| spki::Error::KeyMalformed)?;
        key.to_public_key_pem(LineEnding::LF)
    }
}

impl fmt::Display for ModelPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode_prefixed(self.point()))
    }
}

impl fmt::Debug for ModelPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy::primitives::hex;

    fn file(text: impl AsRef<[u8]>) -> Result<ModelKey, PemError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        ModelKey::from_pem_file(file.path())
    }

    /// RFC 6979, section A.2.5, the message "sample" with SHA-256.
    #[test]
    fn signs_as_the_standard_says() {
        let secret = hex!("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721");
        let key = ModelKey::from_secret(&secret).unwrap();
        let point = hex!("0360fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6");
        assert_eq!(key.public_key().point(), &point);
        let signature = hex!(
            "3046"
            "022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
            "022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
        );
        assert_eq!(key.sign(b"sample"), signature);
        let shown = format!("{key:?}");
        assert!(shown.contains(&hex::encode(point)) && !shown.contains(&hex::encode(secret)));
    }

    /// Made by OpenSSL 3.0: `openssl ecparam -name prime256v1 -genkey`, then `openssl pkcs8 -topk8 -nocrypt`,
    /// `openssl pkey -pubout`.
    const SEC1: &str = include_str!("../../tests/keys/openssl_sec1.pem");
    const PKCS8: &str = include_str!("../../tests/keys/openssl_pkcs8.pem");
    const PUBLIC: &str = include_str!("../../tests/keys/openssl_public.pem");

    #[test]
    fn reads_both_forms_that_openssl_writes() {
        for text in [SEC1, PKCS8] {
            let key = file(text).unwrap();
            assert_eq!(key.public_key().to_pem().unwrap(), PUBLIC);
        }
        assert_eq!(*file(SEC1).unwrap().secret(), *file(PKCS8).unwrap().secret());
    }

    #[test]
    fn anything_else_gets_its_error() {
        let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIH\n-----END ENCRYPTED PRIVATE KEY-----\n";
        assert!(matches!(file(encrypted), Err(PemError::Encrypted { .. })));
        let traditional = SEC1.replace("KEY-----\nMH", "KEY-----\nProc-Type: 4,ENCRYPTED\n\nMH");
        assert!(matches!(file(traditional), Err(PemError::Encrypted { .. })));
        assert!(matches!(file(PUBLIC), Err(PemError::Public { .. })));
        assert!(matches!(file([0xff, 0xfe]), Err(PemError::NotText { .. })));
        assert!(matches!(file([b'x'; 70_000]), Err(PemError::Io { .. })));
        for text in ["", "no key", &PKCS8[..100], &PKCS8.replacen("MIGH", "MIGI", 1)] {
            assert!(matches!(file(text), Err(PemError::Form { .. })), "{text:?}");
        }
        // An Ed25519 key, RFC 8410, section 10.3.
        let ed25519 = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
        assert!(matches!(file(ed25519), Err(PemError::Form { .. })));
        let error = ModelKey::from_pem_file(Path::new("/nonexistent/key.pem")).unwrap_err();
        assert!(error.to_string().contains("/nonexistent/key.pem"), "{error}");
    }

    #[test]
    fn points_that_are_not_on_the_curve_are_no_keys() {
        for point in [&[][..], &[0], &[0xff; 33], &[2, 7], &[4; 65]] {
            assert!(ModelPublicKey::from_point(point).is_none(), "{point:?}");
        }
        assert!(ModelKey::from_secret(&[0; 32]).is_none());
        assert!(ModelKey::from_secret(&[0xff; 32]).is_none());
    }
}
