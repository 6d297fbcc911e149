//! The Ethereum V3 key file ("Web3 Secret Storage", version 3), read from strangers and written.
//!
//! A password is stretched by scrypt or PBKDF2-HMAC-SHA256 to 32 bytes: 16 encrypt the secret (AES-128-CTR),
//! 16 authenticate it (`mac = keccak256(derived[16..32] | ciphertext)`). What the file asks for is bounded
//! before any work is done: at most [`MEMORY_LIMIT`] bytes and [`WORK_LIMIT`] block mixes for scrypt, at most
//! [`ROUNDS_LIMIT`] rounds for PBKDF2. (scrypt's own working memory is not wiped; it holds nothing from which
//! the password follows faster than by guessing.)

use super::{ModelPublicKey, Password};
use aes::Aes128;
use averment_primitives::{Address, B256, Bytes, keccak256};
use ctr::{
    Ctr128BE,
    cipher::{KeyIvInit, StreamCipher},
};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::fmt;
use thiserror::Error;
use zeroize::Zeroizing;

/// Most memory a file may make scrypt take (128·N·r), in bytes: four times the standard cost.
pub const MEMORY_LIMIT: u64 = 1 << 30;
/// Most work a file may ask of scrypt (N·r·p): eight times the standard cost, some seconds.
pub const WORK_LIMIT: u64 = 1 << 24;
/// Most rounds a file may ask of PBKDF2: ten times what other wallets use, some seconds.
pub const ROUNDS_LIMIT: u64 = 10_000_000;
/// Longest salt, in bytes.
const SALT_LIMIT: usize = 256;

/// Why a key file cannot be used.
#[derive(Debug, Error)]
pub enum KeystoreError {
    /// Not JSON, or not with the fields of a V3 key file.
    #[error("not an Ethereum V3 key file: {0}")]
    Form(#[from] serde_json::Error),
    /// Another version of the form.
    #[error("expected a version 3 key file, this one is version {got}")]
    Version {
        /// What the file says, shortened.
        got: String,
    },
    /// A cipher or pseudo-random function this reader does not know.
    #[error("{field}: expected {expected:?}, got {got:?}")]
    Algorithm {
        /// The field.
        field: &'static str,
        /// The only value read.
        expected: &'static str,
        /// What the file says, shortened.
        got: String,
    },
    /// A field of the wrong length.
    #[error("{field}: expected {expected} bytes, got {got}")]
    Length {
        /// The field.
        field: &'static str,
        /// Its length, in bytes.
        expected: usize,
        /// What the file has.
        got: usize,
    },
    /// The password check would take too much memory or time: a hostile file, or a mistaken one.
    #[error(
        "{field}: at most {limit}, the file asks for {got}; opening it would take too much memory or time"
    )]
    TooCostly {
        /// What is bounded.
        field: &'static str,
        /// The limit.
        limit: u64,
        /// What the file asks for.
        got: u64,
    },
    /// Parameters for which the function is not defined.
    #[error("{field}: {got} is not allowed: {rule}")]
    Parameter {
        /// The parameter.
        field: &'static str,
        /// What the file says.
        got: u64,
        /// What is allowed.
        rule: &'static str,
    },
    /// Wrong password, or a damaged file: the form cannot tell them apart.
    #[error("wrong password, or the file is damaged")]
    WrongPassword,
    /// The decrypted bytes are no key.
    #[error("the file holds no valid {kind} key")]
    NotAKey {
        /// What the file says it holds.
        kind: KeyKind,
    },
    /// The file's public part is not that of its secret.
    #[error("the file says it is the key of {claimed}, but it holds the key of {found}")]
    OtherKey {
        /// What the file says.
        claimed: Identity,
        /// What it holds.
        found: Identity,
    },
    /// A key of the other kind.
    #[error("expected a {expected} key, this is a {got} key")]
    Kind {
        /// The kind asked for.
        expected: KeyKind,
        /// The file's kind.
        got: KeyKind,
    },
    /// The system's random number generator failed.
    #[error("no randomness from the system: {0}")]
    Random(getrandom::Error),
}

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyKind {
    /// An Ethereum account.
    Secp256k1,
    /// A log's checkpoint key.
    Ed25519,
    /// A key that signs models.
    P256,
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Secp256k1 => "account (secp256k1)",
            Self::Ed25519 => "log (ed25519)",
            Self::P256 => "model signing (p256)",
        })
    }
}

/// The public part of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// An account's address.
    Account(Address),
    /// A log's Ed25519 public key.
    Log(B256),
    /// The P-256 public key of a model's signer.
    Model(ModelPublicKey),
}

impl Identity {
    /// What a key with this public part is for.
    pub fn kind(&self) -> KeyKind {
        match self {
            Self::Account(_) => KeyKind::Secp256k1,
            Self::Log(_) => KeyKind::Ed25519,
            Self::Model(_) => KeyKind::P256,
        }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(address) => write!(f, "{address}"),
            Self::Log(key) => write!(f, "{key:?}"),
            Self::Model(key) => write!(f, "{key}"),
        }
    }
}

/// How much a guess of the password costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cost {
    /// scrypt N = 2^18, r = 8, p = 1: 256 MiB and about a second; geth's standard.
    #[default]
    Standard,
    /// scrypt N = 2^12, r = 8, p = 6: 4 MiB and a tenth of a second; geth's light. For tests and small devices.
    Light,
}

/// A key file, parsed and within bounds, not decrypted.
#[derive(Debug, Clone)]
pub(super) struct Keystore {
    pub kind: KeyKind,
    /// What the file says of itself; checked when it is opened. Other wallets may leave it out.
    pub claim: Option<Identity>,
    crypto: Crypto,
}

#[derive(Serialize, Deserialize)]
struct Document {
    #[serde(default, with = "bare_hex::option", skip_serializing_if = "Option::is_none")]
    address: Option<Address>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    averment: Option<Extra>,
    #[serde(alias = "Crypto")]
    crypto: Crypto,
    #[serde(default)]
    id: String,
    version: u8,
}

/// What a wallet does not know: that the secret is no account's.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Extra {
    kind: KeyKind,
    /// 32 bytes of an Ed25519 key; the 33 of a P-256 key's compressed point.
    public_key: Bytes,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Crypto {
    cipher: String,
    cipherparams: CipherParams,
    #[serde(with = "bare_hex")]
    ciphertext: Vec<u8>,
    #[serde(flatten)]
    kdf: Kdf,
    #[serde(with = "bare_hex")]
    mac: Vec<u8>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct CipherParams {
    #[serde(with = "bare_hex")]
    iv: Vec<u8>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kdf", content = "kdfparams", rename_all = "lowercase")]
enum Kdf {
    Scrypt {
        dklen: u64,
        n: u64,
        p: u64,
        r: u64,
        #[serde(with = "bare_hex")]
        salt: Vec<u8>,
    },
    Pbkdf2 {
        c: u64,
        dklen: u64,
        prf: String,
        #[serde(with = "bare_hex")]
        salt: Vec<u8>,
    },
}

impl Keystore {
    /// Reads a file's bytes and checks every length and cost.
    pub fn parse(bytes: &[u8]) -> Result<Self, KeystoreError> {
        let value: serde_json::Value = serde_json::from_slice(bytes)?;
        // Earlier versions have other fields: name the version before complaining about those.
        if let Some(version) = value.get("version").filter(|version| **version != 3) {
            return Err(KeystoreError::Version { got: shortened(&version.to_string()) });
        }
        let document: Document = serde_json::from_value(value)?;
        let Document { address, averment, crypto, .. } = document;
        crypto.check()?;
        let (kind, claim) = match averment {
            Some(Extra { kind: kind @ KeyKind::Ed25519, public_key }) => {
                length("averment.publicKey", 32, public_key.len() as u64)?;
                (kind, Some(Identity::Log(B256::from_slice(&public_key))))
            }
            Some(Extra { kind: kind @ KeyKind::P256, public_key }) => {
                length("averment.publicKey", 33, public_key.len() as u64)?;
                let key = ModelPublicKey::from_point(&public_key).ok_or(KeystoreError::NotAKey { kind })?;
                (kind, Some(Identity::Model(key)))
            }
            Some(Extra { kind: KeyKind::Secp256k1, .. }) | None => {
                (KeyKind::Secp256k1, address.map(Identity::Account))
            }
        };
        Ok(Self { kind, claim, crypto })
    }

    /// Decrypts. Takes the time and memory the file asks for, within the limits.
    pub fn open(&self, password: &Password) -> Result<Zeroizing<[u8; 32]>, KeystoreError> {
        let crypto = &self.crypto;
        let derived = crypto.kdf.derive(password)?;
        if crypto.mac != mac(&derived, &crypto.ciphertext) {
            return Err(KeystoreError::WrongPassword);
        }
        let mut secret = Zeroizing::new([0; 32]);
        secret.copy_from_slice(&crypto.ciphertext);
        crypt(&derived, &crypto.cipherparams.iv, &mut secret)?;
        Ok(secret)
    }

    /// A new file's bytes, with fresh salt and nonce.
    pub fn seal(
        secret: &[u8; 32],
        identity: Identity,
        password: &Password,
        cost: Cost,
    ) -> Result<Vec<u8>, KeystoreError> {
        let (salt, iv, id) = (random::<32>()?, random::<16>()?, random::<16>()?);
        let (n, r, p) = match cost {
            Cost::Standard => (1 << 18, 8, 1),
            Cost::Light => (1 << 12, 8, 6),
        };
        let kdf = Kdf::Scrypt { dklen: 32, n, p, r, salt: salt.to_vec() };
        let derived = kdf.derive(password)?;
        let mut sealed = Zeroizing::new(*secret);
        crypt(&derived, &iv, &mut sealed)?;
        let ciphertext = sealed.to_vec();
        let mac = mac(&derived, &ciphertext).to_vec();
        let extra = |public_key| Some(Extra { kind: identity.kind(), public_key });
        let (address, averment) = match identity {
            Identity::Account(address) => (Some(address), None),
            Identity::Log(key) => (None, extra(Bytes::from(key))),
            Identity::Model(key) => (None, extra(Bytes::from(*key.point()))),
        };
        let document = Document {
            address,
            averment,
            crypto: Crypto {
                cipher: CIPHER.into(),
                cipherparams: CipherParams { iv: iv.to_vec() },
                ciphertext,
                kdf,
                mac,
            },
            id: uuid(id),
            version: 3,
        };
        let mut bytes = serde_json::to_vec_pretty(&document)?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

const CIPHER: &str = "aes-128-ctr";
const PRF: &str = "hmac-sha256";

impl Crypto {
    fn check(&self) -> Result<(), KeystoreError> {
        algorithm("crypto.cipher", CIPHER, &self.cipher)?;
        length("crypto.cipherparams.iv", 16, self.cipherparams.iv.len() as u64)?;
        length("crypto.ciphertext", 32, self.ciphertext.len() as u64)?;
        length("crypto.mac", 32, self.mac.len() as u64)?;
        self.kdf.check()
    }
}

impl Kdf {
    fn check(&self) -> Result<(), KeystoreError> {
        let (dklen, salt) = match self {
            Self::Scrypt { dklen, n, p, r, salt } => {
                if !n.is_power_of_two() || *n < 2 {
                    let rule = "a power of two above 1";
                    return Err(KeystoreError::Parameter { field: "crypto.kdfparams.n", got: *n, rule });
                }
                for (field, got) in [("crypto.kdfparams.r", *r), ("crypto.kdfparams.p", *p)] {
                    if got == 0 {
                        return Err(KeystoreError::Parameter { field, got, rule: "at least 1" });
                    }
                }
                // RFC 7914, section 2. Some old Python wallets wrote N = 2^18 with r = 1, as does the form's
                // own test vector; scrypt is not defined there and its libraries refuse it.
                if *r < 4 && *n >= 1 << (16 * r) {
                    let rule = "N < 2^(16·r) (RFC 7914); change the password with the wallet that made it";
                    return Err(KeystoreError::Parameter { field: "crypto.kdfparams.n", got: *n, rule });
                }
                let width = n.saturating_mul(*r);
                limit("scrypt memory (128·N·r bytes)", MEMORY_LIMIT, width.saturating_mul(128))?;
                limit("scrypt work (N·r·p)", WORK_LIMIT, width.saturating_mul(*p))?;
                (dklen, salt)
            }
            Self::Pbkdf2 { c, dklen, prf, salt } => {
                algorithm("crypto.kdfparams.prf", PRF, prf)?;
                if *c == 0 {
                    let rule = "at least 1";
                    return Err(KeystoreError::Parameter { field: "crypto.kdfparams.c", got: 0, rule });
                }
                limit("pbkdf2 rounds", ROUNDS_LIMIT, *c)?;
                (dklen, salt)
            }
        };
        length("crypto.kdfparams.dklen", 32, *dklen)?;
        limit("crypto.kdfparams.salt, in bytes", SALT_LIMIT as u64, salt.len() as u64)
    }

    /// The 32 bytes that open the file. The parameters have passed [`Self::check`].
    fn derive(&self, password: &Password) -> Result<Zeroizing<[u8; 32]>, KeystoreError> {
        let mut derived = Zeroizing::new([0; 32]);
        match self {
            Self::Scrypt { n, p, r, salt, .. } => {
                let undefined = |_| KeystoreError::Parameter {
                    field: "crypto.kdfparams.n",
                    got: *n,
                    rule: "allowed with r and p by RFC 7914",
                };
                // Within the limits above, `r` and `p` fit.
                let (r, p) = (*r as u32, *p as u32);
                let params = scrypt::Params::new(n.trailing_zeros() as u8, r, p, 32).map_err(undefined)?;
                scrypt::scrypt(password.expose(), salt, &params, derived.as_mut())
                    .map_err(|_| KeystoreError::Length { field: "derived key", expected: 32, got: 32 })?;
            }
            Self::Pbkdf2 { c, salt, .. } => {
                pbkdf2::pbkdf2_hmac::<Sha256>(password.expose(), salt, *c as u32, derived.as_mut());
            }
        }
        Ok(derived)
    }
}

fn mac(derived: &[u8; 32], ciphertext: &[u8]) -> [u8; 32] {
    let mut input = Zeroizing::new(Vec::with_capacity(16 + ciphertext.len()));
    input.extend_from_slice(&derived[16..]);
    input.extend_from_slice(ciphertext);
    keccak256(&input[..]).0
}

fn crypt(derived: &[u8; 32], iv: &[u8], data: &mut [u8; 32]) -> Result<(), KeystoreError> {
    let mut cipher = Ctr128BE::<Aes128>::new_from_slices(&derived[..16], iv).map_err(|_| {
        KeystoreError::Length { field: "crypto.cipherparams.iv", expected: 16, got: iv.len() }
    })?;
    cipher.apply_keystream(data);
    Ok(())
}

/// Bytes from the operating system's generator.
pub(super) fn random<const N: usize>() -> Result<[u8; N], KeystoreError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(KeystoreError::Random)?;
    Ok(bytes)
}

/// A version 4 UUID (RFC 9562, section 5.4).
fn uuid(mut bytes: [u8; 16]) -> String {
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let text = alloy::primitives::hex::encode(bytes);
    [&text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]].join("-")
}

fn algorithm(field: &'static str, expected: &'static str, got: &str) -> Result<(), KeystoreError> {
    if got == expected {
        Ok(())
    } else {
        Err(KeystoreError::Algorithm { field, expected, got: shortened(got) })
    }
}

fn length(field: &'static str, expected: usize, got: u64) -> Result<(), KeystoreError> {
    if got == expected as u64 {
        Ok(())
    } else {
        Err(KeystoreError::Length { field, expected, got: usize::try_from(got).unwrap_or(usize::MAX) })
    }
}

fn limit(field: &'static str, limit: u64, got: u64) -> Result<(), KeystoreError> {
    if got <= limit { Ok(()) } else { Err(KeystoreError::TooCostly { field, limit, got }) }
}

/// The start of a stranger's text, printable characters only.
fn shortened(text: &str) -> String {
    text.chars().take(32).map(|c| if c.is_ascii_graphic() { c } else { '.' }).collect()
}

/// Hexadecimal without `0x`, as the form has it; read with or without.
mod bare_hex {
    use alloy::primitives::hex;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        hex::decode(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }

    pub mod option {
        use averment_primitives::Address;
        use serde::{Deserialize, Deserializer, Serializer, de::Error};

        pub fn serialize<S: Serializer>(value: &Option<Address>, serializer: S) -> Result<S::Ok, S::Error> {
            match value {
                Some(address) => super::serialize(address.as_slice(), serializer),
                None => serializer.serialize_none(),
            }
        }

        pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Address>, D::Error> {
            let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
            // `Address` parses with or without `0x`, in any case.
            text.parse().map(Some).map_err(D::Error::custom)
        }
    }
}

#[cfg(test)]
mod tests;
