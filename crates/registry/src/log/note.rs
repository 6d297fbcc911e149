//! Signed notes (C2SP signed-note): a text and lines of signatures under it.
//!
//! Only Ed25519 signatures (type 0x01) are checked. As the specification demands, signatures by unknown keys are
//! ignored, a bad one by a known key refuses the note, and the text is not to be had before a signature holds.

use averment_primitives::DecodeError;
use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest, Sha256};
use std::{fmt, str::FromStr};
use thiserror::Error;

/// Signature type of Ed25519.
const ED25519: u8 = 1;

/// Em dash and space, which begin every signature line.
const LINE_START: &str = "\u{2014} ";

/// How much of a note a reader takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoteLimits {
    /// Bytes of the whole note.
    pub bytes: usize,
    /// Signature lines.
    pub signatures: usize,
}

impl NoteLimits {
    /// 256 KiB and 32 signatures: twice the number that everybody must accept, each as long as post-quantum ones.
    pub const DEFAULT: Self = Self { bytes: 1 << 18, signatures: 32 };
}

impl Default for NoteLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The first four bytes of `SHA-256(name | 0x0A | type | key)`: tells keys of one name apart. Not a secure hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId(pub [u8; 4]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// Why a text is no verifier key, or a name none for a key.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum KeyError {
    /// Not three parts.
    #[error("expected a verifier key of the form name+id+base64, got {got:?}")]
    Form {
        /// The start of what was found.
        got: String,
    },
    /// Not a name.
    #[error("a key's name is not empty and has neither spaces, control characters nor `+`, got {got:?}")]
    Name {
        /// The start of what was found.
        got: String,
    },
    /// Another kind of key.
    #[error("expected an Ed25519 key (signature type 1 and 32 bytes), got type {got:?} and {bytes} bytes")]
    Type {
        /// The type byte, if there is one.
        got: Option<u8>,
        /// How many bytes follow it.
        bytes: usize,
    },
    /// 32 bytes that are no key, or one that anybody can sign for.
    #[error("these 32 bytes are no sound Ed25519 key")]
    Point,
    /// The id does not belong to name and key.
    #[error("the verifier key says id {got:?}, its name and key give {expected}")]
    Id {
        /// What name and key give.
        expected: KeyId,
        /// The start of what was found.
        got: String,
    },
}

/// Why bytes are no note, or one that is not to be believed.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum NoteError {
    /// Too long, or too many signatures.
    #[error("the note: {0}")]
    Limit(#[from] DecodeError),
    /// Bytes that no note has.
    #[error(
        "the note is not UTF-8 without control characters other than newlines; byte {offset} is at fault"
    )]
    Character {
        /// The first bad byte.
        offset: usize,
    },
    /// No empty line between text and signatures.
    #[error("the note has no empty line between its text and its signatures")]
    NoSignatures,
    /// A line under the text that is no signature.
    #[error("line {line} under the note's text is no signature: {reason}")]
    Line {
        /// Its number under the text, from 1.
        line: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// No signature is by a trusted key.
    #[error("the note is not signed by {expected}; it has signatures by {got}")]
    Unsigned {
        /// The trusted keys.
        expected: String,
        /// Whose signatures there are.
        got: String,
    },
    /// A signature that claims to be by a trusted key and is not.
    #[error("the signature by {name} (key {id}) does not hold for this text")]
    Signature {
        /// The key's name.
        name: String,
        /// The key's id.
        id: KeyId,
    },
}

/// A public key that checks notes, with the name that signs: `name+id+base64(0x01 | key)`.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: KeyId,
    key: VerifyingKey,
}

impl VerifierKey {
    /// The Ed25519 key with these 32 bytes under `name`, such as `example.org/log`.
    pub fn new(name: &str, public_key: &[u8; 32]) -> Result<Self, KeyError> {
        if !is_name(name) {
            return Err(KeyError::Name { got: start(name) });
        }
        let key = VerifyingKey::from_bytes(public_key).map_err(|_| KeyError::Point)?;
        if key.is_weak() {
            return Err(KeyError::Point);
        }
        let hash = Sha256::new()
            .chain_update(name)
            .chain_update([b'\n', ED25519])
            .chain_update(public_key)
            .finalize();
        let [a, b, c, d, ..] = <[u8; 32]>::from(hash);
        Ok(Self { name: name.to_owned(), id: KeyId([a, b, c, d]), key })
    }

    /// Who signs.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its id beside the name.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The key's 32 bytes.
    pub fn public_key(&self) -> [u8; 32] {
        self.key.to_bytes()
    }

    /// Whether `signature` is this key's over `text`; strictly, so that no two readers disagree.
    pub fn verifies(&self, text: &str, signature: &[u8]) -> bool {
        Signature::from_slice(signature)
            .is_ok_and(|signature| self.key.verify_strict(text.as_bytes(), &signature).is_ok())
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let material = [&[ED25519], self.key.as_bytes().as_slice()].concat();
        write!(f, "{}+{}+{}", self.name, self.id, STANDARD.encode(material))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifierKey({self})")
    }
}

impl FromStr for VerifierKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let form = || KeyError::Form { got: start(text) };
        let (name, rest) = text.split_once('+').ok_or_else(form)?;
        // Base64 may have a plus of its own.
        let (id, encoded) = rest.split_once('+').ok_or_else(form)?;
        let material = STANDARD.decode(encoded).map_err(|_| form())?;
        let key = match material.split_first() {
            Some((&ED25519, key)) => <&[u8; 32]>::try_from(key).ok(),
            _ => None,
        };
        let key = key.ok_or_else(|| KeyError::Type {
            got: material.first().copied(),
            bytes: material.len().saturating_sub(1),
        })?;
        let verifier = Self::new(name, key)?;
        if verifier.id.to_string() != id {
            return Err(KeyError::Id { expected: verifier.id, got: start(id) });
        }
        Ok(verifier)
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c == '+' || c.is_whitespace() || c.is_control())
}

fn start(text: &str) -> String {
    text.chars().take(64).collect()
}

/// One line under a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    /// Who claims to have signed.
    pub name: String,
    /// With which of the keys of that name.
    pub id: KeyId,
    /// The signature of the key's type, at least one byte.
    pub signature: Vec<u8>,
}

/// A note, read but not believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

impl Note {
    /// Reads a note within `limits`. Its text is to be had from [`Note::open`].
    pub fn decode(bytes: &[u8], limits: &NoteLimits) -> Result<Self, NoteError> {
        let (limit, got) = (limits.bytes as u64, bytes.len() as u64);
        if got > limit {
            return Err(DecodeError::TooLong { field: "bytes", limit, got }.into());
        }
        let note =
            str::from_utf8(bytes).map_err(|error| NoteError::Character { offset: error.valid_up_to() })?;
        if let Some(offset) = bytes.iter().position(|&byte| byte < 0x20 && byte != b'\n') {
            return Err(NoteError::Character { offset });
        }
        let (text, lines) = note.rsplit_once("\n\n").ok_or(NoteError::NoSignatures)?;
        let lines = match lines {
            "" => return Err(NoteError::NoSignatures),
            lines => lines.strip_suffix('\n').ok_or(NoteError::Line {
                line: lines.split('\n').count(),
                reason: "the note's last line does not end",
            })?,
        };
        let (limit, got) = (limits.signatures as u64, lines.split('\n').count() as u64);
        if got > limit {
            return Err(DecodeError::TooLong { field: "signatures", limit, got }.into());
        }
        let signatures = lines
            .split('\n')
            .enumerate()
            .map(|(place, line)| {
                signature_line(line).map_err(|reason| NoteError::Line { line: place + 1, reason })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { text: format!("{text}\n"), signatures })
    }

    /// A note that somebody just signed.
    pub(super) fn signed(text: String, key: &VerifierKey, signature: &[u8; 64]) -> Self {
        let signature = NoteSignature { name: key.name.clone(), id: key.id, signature: signature.to_vec() };
        Self { text, signatures: vec![signature] }
    }

    /// The text, its last newline included, if at least one of `keys` signed it and no signature by one of
    /// them is bad.
    pub fn open(&self, keys: &[VerifierKey]) -> Result<&str, NoteError> {
        let mut signed = false;
        for line in &self.signatures {
            for key in keys.iter().filter(|key| key.name == line.name && key.id == line.id) {
                if !key.verifies(&self.text, &line.signature) {
                    return Err(NoteError::Signature { name: key.name.clone(), id: key.id });
                }
                signed = true;
            }
        }
        if signed {
            return Ok(&self.text);
        }
        let list = |names: Vec<String>| if names.is_empty() { "nobody".into() } else { names.join(", ") };
        Err(NoteError::Unsigned {
            expected: list(keys.iter().map(|key| format!("{} (key {})", key.name, key.id)).collect()),
            got: list(
                self.signatures
                    .iter()
                    .take(8)
                    .map(|line| format!("{} (key {})", start(&line.name), line.id))
                    .collect(),
            ),
        })
    }

    /// The lines under the text.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        for line in &self.signatures {
            let encoded = STANDARD.encode([line.id.0.as_slice(), &line.signature].concat());
            writeln!(f, "{LINE_START}{} {encoded}", line.name)?;
        }
        Ok(())
    }
}

fn signature_line(line: &str) -> Result<NoteSignature, &'static str> {
    let rest = line.strip_prefix(LINE_START).ok_or("it does not begin with an em dash and a space")?;
    let (name, encoded) = rest.split_once(' ').ok_or("it has no signature after the name")?;
    if !is_name(name) {
        return Err("its name is empty or has spaces, control characters or `+`");
    }
    let bytes = STANDARD.decode(encoded).map_err(|_| "the signature is not base64")?;
    match bytes.split_first_chunk::<4>() {
        Some((id, signature)) if !signature.is_empty() => {
            Ok(NoteSignature { name: name.to_owned(), id: KeyId(*id), signature: signature.to_vec() })
        }
        _ => Err("the signature is shorter than a key's id and one byte"),
    }
}

#[cfg(test)]
mod tests;
