//! Inputs and weights for one member's eyes: `averment-sealed/1`, HPKE (RFC 9180) to the key that an operator published with
//! its stake.
//!
//! ```text
//! file = "averment-sealed/1\n" | recipient's key (32) | encapsulated key (32) | ciphertext
//! ```
//!
//! Base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305. `info` says what is sealed and under which
//! identity, so that a sealed input is not taken for other weights; whether what comes out is what was committed to, the
//! reader checks by the commitment: HPKE says nothing about who sealed it.

use alloy_primitives::{B256, hex};
use hpke::{
    Deserializable, Kem, OpModeR, OpModeS, Serializable, aead::ChaCha20Poly1305, kdf::HkdfSha256,
    kem::X25519HkdfSha256, single_shot_open, single_shot_seal,
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use std::fmt;
use thiserror::Error;
use zeroize::Zeroizing;

const NAME: &[u8] = b"averment-sealed/1\n";
const KEY: usize = 32;
const HEAD: usize = NAME.len() + 2 * KEY;

type Scheme = X25519HkdfSha256;

/// What is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// What opens the commitment to an input with this identity.
    Input(B256),
    /// The weights behind the commitment with this identity.
    Weights(B256),
    /// A delivery of the update whose package has this hash (docs/federated.md).
    Update(B256),
    /// The package of a task's model that has this hash.
    Model(B256),
}

impl About {
    fn info(self) -> Vec<u8> {
        let (kind, identity) = match self {
            Self::Input(identity) => (1, identity),
            Self::Weights(identity) => (2, identity),
            Self::Update(hash) => (3, hash),
            Self::Model(hash) => (4, hash),
        };
        [NAME, &[kind], identity.as_slice()].concat()
    }
}

/// Why nothing was sealed.
#[derive(Debug, Error)]
pub enum SealError {
    /// Not the key of anybody who could open it.
    #[error("{key} is no X25519 key that can be sealed to")]
    Key {
        /// The key.
        key: B256,
    },
    /// The operating system gives no randomness.
    #[error("the operating system gives no randomness: {0}")]
    Random(getrandom::Error),
}

/// Why something sealed was not opened.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum UnsealError {
    /// Not a file of this format.
    #[error(
        "expected a file that begins with averment-sealed/1, with two keys and a ciphertext; got {got} bytes"
    )]
    Format {
        /// How many there are.
        got: usize,
    },
    /// It is for somebody else.
    #[error("it is sealed to key {got}, ours is {expected}")]
    Recipient {
        /// Our key.
        expected: B256,
        /// Whose it is.
        got: B256,
    },
    /// It was changed, or is about something else.
    #[error("it does not open: it was changed, or sealed as something else")]
    Sealed,
}

/// An operator's key for what is sealed to it. Wiped when dropped; `Debug` shows the public half.
pub struct MemberKey {
    secret: <Scheme as Kem>::PrivateKey,
    public: B256,
}

impl fmt::Debug for MemberKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemberKey").field("public", &self.public).finish_non_exhaustive()
    }
}

impl MemberKey {
    /// The key that belongs to these 32 secret bytes, by HPKE's derivation: any bytes are good that nobody can guess.
    pub fn from_secret(secret: &Zeroizing<[u8; 32]>) -> Self {
        let (secret, public) = Scheme::derive_keypair(secret.as_slice());
        Self { secret, public: B256::from_slice(&public.to_bytes()) }
    }

    /// The public half, as the staking contract publishes it.
    pub fn public(&self) -> B256 {
        self.public
    }

    /// Opens what was sealed to this key.
    pub fn open(&self, about: About, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, UnsealError> {
        let format = || UnsealError::Format { got: sealed.len() };
        let rest = sealed.strip_prefix(NAME).ok_or_else(format)?;
        let (recipient, rest) = rest.split_at_checked(KEY).ok_or_else(format)?;
        let (encapsulated, ciphertext) = rest.split_at_checked(KEY).ok_or_else(format)?;
        let got = B256::from_slice(recipient);
        if got != self.public {
            return Err(UnsealError::Recipient { expected: self.public, got });
        }
        let encapsulated =
            <Scheme as Kem>::EncappedKey::from_bytes(encapsulated).map_err(|_| UnsealError::Sealed)?;
        let opened = single_shot_open::<ChaCha20Poly1305, HkdfSha256, Scheme>(
            &OpModeR::Base,
            &self.secret,
            &encapsulated,
            &about.info(),
            ciphertext,
            recipient,
        );
        opened.map(Zeroizing::new).map_err(|_| UnsealError::Sealed)
    }
}

/// Seals `plain` to the member with the public key `to`.
pub fn seal(to: &B256, about: About, plain: &[u8]) -> Result<Vec<u8>, SealError> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(seed.as_mut()).map_err(SealError::Random)?;
    let no_key = |_| SealError::Key { key: *to };
    let key = <Scheme as Kem>::PublicKey::from_bytes(to.as_slice()).map_err(no_key)?;
    let (encapsulated, ciphertext) = single_shot_seal::<ChaCha20Poly1305, HkdfSha256, Scheme, _>(
        &OpModeS::Base,
        &key,
        &about.info(),
        plain,
        to.as_slice(),
        &mut ChaCha20Rng::from_seed(*seed),
    )
    // Of a key with which every shared secret is zero.
    .map_err(no_key)?;
    let mut sealed = Vec::with_capacity(HEAD + ciphertext.len());
    for part in [NAME, to.as_slice(), &encapsulated.to_bytes(), &ciphertext] {
        sealed.extend_from_slice(part);
    }
    Ok(sealed)
}

/// What a file that is sealed to a member is called, beside that of the commitment that it opens.
pub fn file_name(identity: &B256, member: &B256) -> String {
    format!("{}.{}.sealed", hex::encode(identity), hex::encode(member))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> MemberKey {
        MemberKey::from_secret(&Zeroizing::new([byte; 32]))
    }

    #[test]
    fn only_the_member_opens_it_and_only_as_what_it_is() {
        let (member, other) = (key(1), key(2));
        let about = About::Input(B256::repeat_byte(7));
        let sealed = seal(&member.public(), about, b"a secret").unwrap();
        assert_eq!(*member.open(about, &sealed).unwrap(), b"a secret");
        assert!(!sealed.windows(8).any(|part| part == b"a secret"));
        let recipient = UnsealError::Recipient { expected: other.public(), got: member.public() };
        assert_eq!(other.open(about, &sealed), Err(recipient));
        for wrong in [About::Input(B256::repeat_byte(8)), About::Weights(B256::repeat_byte(7))] {
            assert_eq!(member.open(wrong, &sealed), Err(UnsealError::Sealed));
        }
        // Nobody can put another name on it.
        let mut renamed = sealed.clone();
        renamed[NAME.len()..NAME.len() + 32].copy_from_slice(other.public().as_slice());
        assert_eq!(other.open(about, &renamed), Err(UnsealError::Sealed));
        assert_ne!(sealed, seal(&member.public(), about, b"a secret").unwrap());
    }

    #[test]
    fn every_changed_or_missing_byte_is_found() {
        let member = key(1);
        let about = About::Weights(B256::ZERO);
        let sealed = seal(&member.public(), about, b"weights").unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(member.open(about, &changed).is_err(), "byte {at}");
            assert!(member.open(about, &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn keys_that_share_no_secret_are_refused() {
        let refused = seal(&B256::ZERO, About::Input(B256::ZERO), b"x").unwrap_err();
        assert!(matches!(refused, SealError::Key { .. }), "{refused}");
    }
}
