//! DSSE v1 envelopes, signed by Ethereum accounts.
//!
//! An envelope carries a payload, its type, and signatures over the pre-authentication encoding of both
//! (<https://github.com/secure-systems-lab/dsse>, protocol v1.0.0). Averment's signatures are EIP-191
//! personal messages over that encoding, so that an account in a hardware wallet can make them: `keyid` is
//! `eip155:0x…` in lower case, `sig` the 65 bytes r, s, v (docs/formats.md). Signatures of other schemes may
//! stand beside them: they are kept and named, but count for nothing here.
//!
//! One message has one accepted signature per account: s is in the lower half (EIP-2), v is 27 or 28, and
//! an account that signs twice is refused.

use crate::canonical::{self, JsonError, JsonLimits};
use alloy_primitives::{Address, B256, Signature, U256, eip191_hash_message};
use base64::{Engine, alphabet, engine::DecodePaddingMode, engine::general_purpose as b64};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use thiserror::Error;

/// The payload type of in-toto statements in JSON.
pub const IN_TOTO: &str = "application/vnd.in-toto+json";

const KEYID_PREFIX: &str = "eip155:0x";

/// How much of an envelope is read from a stranger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Length of the envelope's JSON in bytes.
    pub bytes: usize,
    /// Number of signatures.
    pub signatures: usize,
    /// Length of one key id, payload type or decoded signature, in bytes.
    pub field: usize,
}

impl Default for Limits {
    /// Two mebibytes, 32 signatures, fields of 4,096 bytes.
    fn default() -> Self {
        Self { bytes: 2 << 20, signatures: 32, field: 4096 }
    }
}

/// Why some bytes are not an envelope.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum EnvelopeError {
    /// Not strict JSON.
    #[error("the envelope: {0}")]
    Json(#[from] JsonError),
    /// A field is missing or has another type.
    #[error("the envelope's {field}: expected {expected}, got {got}")]
    Field {
        /// Where, such as `signatures[0].sig`.
        field: String,
        /// What belongs there.
        expected: &'static str,
        /// What is there.
        got: &'static str,
    },
    /// A field is too long, or there are too many.
    #[error("the envelope's {field}: at most {limit} allowed, got {got}")]
    TooLong {
        /// Where.
        field: String,
        /// The limit.
        limit: usize,
        /// The length or number found.
        got: usize,
    },
    /// A field is not base64.
    #[error("the envelope's {field} is not base64: {reason}")]
    Base64 {
        /// Where.
        field: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Why a signature does not count.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum SignatureError {
    /// A key id that begins like an account's but is none.
    #[error("signature {index}: the key id {keyid:?} is not eip155:0x and 40 lower-case hexadecimal digits")]
    KeyId {
        /// Which signature, from 0.
        index: usize,
        /// The key id.
        keyid: String,
    },
    /// Not 65 bytes.
    #[error("signature {index}: expected 65 bytes (r, s, v), got {got}")]
    Length {
        /// Which signature, from 0.
        index: usize,
        /// Its length in bytes.
        got: usize,
    },
    /// The recovery byte is neither 27 nor 28.
    #[error("signature {index}: expected v to be 27 or 28, got {got}")]
    RecoveryId {
        /// Which signature, from 0.
        index: usize,
        /// The byte.
        got: u8,
    },
    /// The other of the two values of s that verify (EIP-2).
    #[error(
        "signature {index}: s is in the upper half of the group order, which would allow a second signature"
    )]
    HighS {
        /// Which signature, from 0.
        index: usize,
    },
    /// r and s belong to no public key.
    #[error("signature {index} belongs to no key")]
    Unrecoverable {
        /// Which signature, from 0.
        index: usize,
    },
    /// Made by another account, or over another payload.
    #[error(
        "signature {index}: the key id says {expected}, but over this payload the signature is {got}'s: \
         the payload was changed or another key signed it"
    )]
    OtherSigner {
        /// Which signature, from 0.
        index: usize,
        /// The account of the key id.
        expected: Address,
        /// The account that the signature yields.
        got: Address,
    },
    /// The account has signed already.
    #[error("signature {index}: {account} signs twice")]
    Twice {
        /// Which signature, from 0.
        index: usize,
        /// The account.
        account: Address,
    },
    /// There is no signature by an account at all.
    #[error("no signature by an Ethereum account (key id eip155:0x…); {others} of other schemes")]
    NoAccount {
        /// Number of signatures of other schemes.
        others: usize,
    },
}

/// Why an envelope was not signed.
#[derive(Debug, Error)]
pub enum SignError<E> {
    /// The signer refused or failed.
    #[error("the signer: {0}")]
    Signer(E),
    /// It answered with something that does not verify.
    #[error("what the signer gave back does not verify: {0}")]
    Signature(SignatureError),
}

/// One signature as it stands in the envelope, not checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvelopeSignature {
    /// Names the key; `eip155:0x…` for an account. Empty if absent.
    pub keyid: String,
    /// The signature's bytes.
    pub sig: Vec<u8>,
}

/// Who signed an envelope, after every account's signature was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signers {
    /// The accounts, at least one.
    pub accounts: BTreeSet<Address>,
    /// Key ids of signatures of other schemes; nobody checked those.
    pub unchecked: Vec<String>,
}

/// A payload with its type and signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    payload_type: String,
    payload: Vec<u8>,
    signatures: Vec<EnvelopeSignature>,
}

impl Envelope {
    /// An envelope that nobody has signed yet.
    pub fn new(payload_type: impl Into<String>, payload: Vec<u8>) -> Self {
        Self { payload_type: payload_type.into(), payload, signatures: Vec::new() }
    }

    /// Reads an envelope. Checks its form, not its signatures: those are [`Envelope::signers`]'.
    /// Standard and URL-safe base64 are read, as DSSE asks; fields it does not know are ignored.
    pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Self, EnvelopeError> {
        Self::from_value(&canonical::parse(bytes, &JsonLimits { bytes: limits.bytes, depth: 8 })?, limits)
    }

    /// Like [`Envelope::decode`], for an envelope that stands inside of other strictly read JSON, such as a
    /// Sigstore bundle.
    pub fn from_value(value: &Value, limits: &Limits) -> Result<Self, EnvelopeError> {
        let payload_type = text(value, "payloadType", "payloadType", limits.field)?.to_owned();
        let payload = base64_field(value, "payload", "payload", limits.bytes)?;
        let listed = value.get("signatures").unwrap_or(&Value::Null);
        let Some(listed) = listed.as_array() else {
            return Err(EnvelopeError::Field {
                field: "signatures".into(),
                expected: "an array",
                got: kind(listed),
            });
        };
        if listed.len() > limits.signatures {
            return Err(EnvelopeError::TooLong {
                field: "signatures".into(),
                limit: limits.signatures,
                got: listed.len(),
            });
        }
        let signatures = listed.iter().enumerate().map(|(index, entry)| {
            let keyid = match entry.get("keyid") {
                None => String::new(),
                Some(_) => {
                    text(entry, "keyid", &format!("signatures[{index}].keyid"), limits.field)?.to_owned()
                }
            };
            let sig = base64_field(entry, "sig", &format!("signatures[{index}].sig"), limits.field)?;
            Ok(EnvelopeSignature { keyid, sig })
        });
        let signatures = signatures.collect::<Result<_, EnvelopeError>>()?;
        Ok(Self { payload_type, payload, signatures })
    }

    /// The envelope as JSON with canonical bytes and standard base64.
    pub fn encode(&self) -> Result<Vec<u8>, EnvelopeError> {
        Ok(canonical::to_bytes(&self.to_value())?)
    }

    /// The envelope as a JSON value, to stand inside of other JSON.
    pub fn to_value(&self) -> Value {
        let signatures: Vec<Value> = self
            .signatures
            .iter()
            .map(|signature| json!({ "keyid": signature.keyid, "sig": b64::STANDARD.encode(&signature.sig) }))
            .collect();
        json!({
            "payloadType": self.payload_type,
            "payload": b64::STANDARD.encode(&self.payload),
            "signatures": signatures,
        })
    }

    /// What the payload is, such as [`IN_TOTO`].
    pub fn payload_type(&self) -> &str {
        &self.payload_type
    }

    /// The payload's bytes; believe them only with [`Envelope::signers`].
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The signatures as they stand.
    pub fn signatures(&self) -> &[EnvelopeSignature] {
        &self.signatures
    }

    /// The message to sign: the DSSE pre-authentication encoding. An account signs it as an EIP-191
    /// personal message.
    pub fn message(&self) -> Vec<u8> {
        pae(&self.payload_type, &self.payload)
    }

    /// Signs as `account`: `sign` gets [`Envelope::message`] and answers with the personal-message
    /// signature (`personal_sign`). The answer is checked before it is taken.
    pub fn sign<E>(
        &mut self,
        account: Address,
        sign: impl FnOnce(&[u8]) -> Result<Signature, E>,
    ) -> Result<(), SignError<E>> {
        let signature = sign(&self.message()).map_err(SignError::Signer)?;
        self.attach(account, &signature).map_err(SignError::Signature)
    }

    /// Adds a signature that `account` made over [`Envelope::message`], after checking it.
    pub fn attach(&mut self, account: Address, signature: &Signature) -> Result<(), SignatureError> {
        let signature = signature.normalize_s().unwrap_or(*signature);
        let entry = EnvelopeSignature { keyid: key_id(&account), sig: signature.as_bytes().to_vec() };
        let index = self.signatures.len();
        check(index, &entry, account, &eip191_hash_message(self.message()))?;
        if self.signatures.iter().any(|other| other.keyid == entry.keyid) {
            return Err(SignatureError::Twice { index, account });
        }
        self.signatures.push(entry);
        Ok(())
    }

    /// Adds a signature of another scheme than accounts'; whoever knows that scheme has checked it.
    pub fn attach_other(&mut self, signature: EnvelopeSignature) {
        self.signatures.push(signature);
    }

    /// Checks every signature by an account and says who signed. One bad signature refuses the envelope:
    /// nobody who meant it well would have left it there.
    pub fn signers(&self) -> Result<Signers, SignatureError> {
        let hash = eip191_hash_message(self.message());
        let (mut accounts, mut unchecked) = (BTreeSet::new(), Vec::new());
        for (index, signature) in self.signatures.iter().enumerate() {
            if !signature.keyid.starts_with(KEYID_PREFIX) {
                unchecked.push(signature.keyid.clone());
                continue;
            }
            let account = account_of(index, &signature.keyid)?;
            check(index, signature, account, &hash)?;
            if !accounts.insert(account) {
                return Err(SignatureError::Twice { index, account });
            }
        }
        if accounts.is_empty() {
            return Err(SignatureError::NoAccount { others: unchecked.len() });
        }
        Ok(Signers { accounts, unchecked })
    }
}

/// The pre-authentication encoding, `"DSSEv1" SP LEN(type) SP type SP LEN(body) SP body` (DSSE v1.0.0).
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut message = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    message.extend_from_slice(payload);
    message
}

/// The key id of an account: `eip155:0x…` in lower case.
pub fn key_id(account: &Address) -> String {
    // `{:x}` of an address has the prefix only with `#`.
    format!("eip155:{account:#x}")
}

fn account_of(index: usize, keyid: &str) -> Result<Address, SignatureError> {
    let refused = || SignatureError::KeyId { index, keyid: keyid.to_owned() };
    let account: Address =
        keyid.strip_prefix("eip155:").and_then(|hex| hex.parse().ok()).ok_or_else(refused)?;
    if key_id(&account) == keyid { Ok(account) } else { Err(refused()) }
}

fn check(
    index: usize,
    signature: &EnvelopeSignature,
    expected: Address,
    hash: &B256,
) -> Result<(), SignatureError> {
    let bytes: &[u8; 65] = signature
        .sig
        .as_slice()
        .try_into()
        .map_err(|_| SignatureError::Length { index, got: signature.sig.len() })?;
    let [rs @ .., v] = bytes;
    let odd_y = match v {
        27 => false,
        28 => true,
        other => return Err(SignatureError::RecoveryId { index, got: *other }),
    };
    let (r, s) = rs.split_at(32);
    let parsed = Signature::new(U256::from_be_slice(r), U256::from_be_slice(s), odd_y);
    if parsed.normalize_s().is_some() {
        return Err(SignatureError::HighS { index });
    }
    let got =
        parsed.recover_address_from_prehash(hash).map_err(|_| SignatureError::Unrecoverable { index })?;
    if got == expected { Ok(()) } else { Err(SignatureError::OtherSigner { index, expected, got }) }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn text<'v>(value: &'v Value, name: &str, field: &str, limit: usize) -> Result<&'v str, EnvelopeError> {
    let found = value.get(name).unwrap_or(&Value::Null);
    let Some(text) = found.as_str() else {
        return Err(EnvelopeError::Field { field: field.to_owned(), expected: "a string", got: kind(found) });
    };
    if text.len() > limit {
        return Err(EnvelopeError::TooLong { field: field.to_owned(), limit, got: text.len() });
    }
    Ok(text)
}

fn base64_field(value: &Value, name: &str, field: &str, limit: usize) -> Result<Vec<u8>, EnvelopeError> {
    const LENIENT: b64::GeneralPurposeConfig =
        b64::GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let text = text(value, name, field, limit.saturating_mul(4) / 3 + 4)?;
    let alphabet = if text.contains(['-', '_']) { &alphabet::URL_SAFE } else { &alphabet::STANDARD };
    b64::GeneralPurpose::new(alphabet, LENIENT)
        .decode(text)
        .map_err(|error| EnvelopeError::Base64 { field: field.to_owned(), reason: error.to_string() })
}

#[cfg(test)]
mod tests;
