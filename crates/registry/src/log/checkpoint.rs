//! Signed heads of a log (C2SP tlog-checkpoint): origin, size and root as the text of a signed note.

use super::{
    note::{KeyError, Note, NoteError, NoteLimits, VerifierKey},
    tile::plain_number,
};
use averment_primitives::B256;
use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signer, SigningKey};
use std::fmt;
use thiserror::Error;

/// What a log's operator says: after so many leaves the root is this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log; not empty, one line.
    pub origin: String,
    /// Number of leaves.
    pub size: u64,
    /// RFC 6962 root over them.
    pub root: B256,
    /// Further lines, opaque. This release writes none and keeps those it reads.
    pub extensions: Vec<String>,
}

/// Why a note is not the checkpoint that it should be.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum CheckpointError {
    /// No note, or not signed as it must be.
    #[error("checkpoint: {0}")]
    Note(#[from] NoteError),
    /// A note whose text is no checkpoint.
    #[error("checkpoint: {0}")]
    Form(&'static str),
    /// Another log's.
    #[error("checkpoint: expected one of log {expected:?}, got one of {got:?}")]
    Origin {
        /// The origin asked for.
        expected: String,
        /// The origin found.
        got: String,
    },
}

impl Checkpoint {
    /// A head without extension lines.
    pub fn new(origin: &str, size: u64, root: B256) -> Self {
        Self { origin: origin.to_owned(), size, root, extensions: Vec::new() }
    }

    /// The note's text.
    pub fn text(&self) -> String {
        let mut text = format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root));
        for line in &self.extensions {
            text.push_str(line);
            text.push('\n');
        }
        text
    }

    /// Reads a note's text.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let form = |reason| CheckpointError::Form(reason);
        let body = text.strip_suffix('\n').ok_or(form("its text does not end with a newline"))?;
        let mut lines = body.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(form("it has less than three lines: origin, size and root"));
        };
        if origin.is_empty() {
            return Err(form("its origin is empty"));
        }
        let size = plain_number(size).ok_or(form("its size is no decimal number without leading zeros"))?;
        let root = STANDARD.decode(root).ok().and_then(|root| B256::try_from(root.as_slice()).ok());
        let root = root.ok_or(form("its root is not base64 of 32 bytes"))?;
        let extensions: Vec<String> = lines.map(str::to_owned).collect();
        if extensions.iter().any(String::is_empty) {
            return Err(form("it has an empty line"));
        }
        Ok(Self { origin: origin.to_owned(), size, root, extensions })
    }

    /// Reads a signed note that must be a checkpoint of log `origin`, signed by one of `keys`.
    pub fn open(note: &[u8], origin: &str, keys: &[VerifierKey]) -> Result<Self, CheckpointError> {
        let note = Note::decode(note, &NoteLimits::default())?;
        let checkpoint = Self::parse(note.open(keys)?)?;
        if checkpoint.origin != origin {
            let got = checkpoint.origin.chars().take(256).collect();
            return Err(CheckpointError::Origin { expected: origin.to_owned(), got });
        }
        Ok(checkpoint)
    }
}

/// Why a checkpoint was not signed.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum SignError {
    /// The checkpoint is of another log than the key.
    #[error("the key of log {expected:?} signs no checkpoint of log {got:?}")]
    Origin {
        /// The key's name.
        expected: String,
        /// The checkpoint's origin.
        got: String,
    },
    /// What signs gave something else than a signature by the key.
    #[error("what signs for {0} gave no signature by that key: the secret key is another's, or it failed")]
    Signer(String),
}

/// Asks whoever has the secret key for its signature over some bytes.
type SignFn = dyn Fn(&[u8]) -> [u8; 64] + Send + Sync;

/// Signs a log's checkpoints with Ed25519. The key's name is the log's origin.
pub struct CheckpointKey {
    verifier: VerifierKey,
    sign: Box<SignFn>,
}

impl fmt::Debug for CheckpointKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CheckpointKey({})", self.verifier)
    }
}

impl CheckpointKey {
    /// The key of the log `origin`; the secret part stays with whoever has it, and `sign` asks for the signature
    /// (R and S) of some bytes.
    ///
    /// An origin is a URL without scheme, such as `example.org/decisions`, with neither spaces nor `+`.
    pub fn new(
        origin: &str,
        public_key: &[u8; 32],
        sign: impl Fn(&[u8]) -> [u8; 64] + Send + Sync + 'static,
    ) -> Result<Self, KeyError> {
        Ok(Self { verifier: VerifierKey::new(origin, public_key)?, sign: Box::new(sign) })
    }

    /// The key of the log `origin` with this secret seed (RFC 8032).
    pub fn from_seed(origin: &str, seed: &[u8; 32]) -> Result<Self, KeyError> {
        let key = SigningKey::from_bytes(seed);
        let public_key = key.verifying_key().to_bytes();
        Self::new(origin, &public_key, move |text| key.sign(text).to_bytes())
    }

    /// The log's origin.
    pub fn origin(&self) -> &str {
        self.verifier.name()
    }

    /// The public part.
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// The signed note of `checkpoint`.
    pub fn sign(&self, checkpoint: &Checkpoint) -> Result<String, SignError> {
        if checkpoint.origin != self.origin() {
            let got = checkpoint.origin.clone();
            return Err(SignError::Origin { expected: self.origin().to_owned(), got });
        }
        let text = checkpoint.text();
        let signature = (self.sign)(text.as_bytes());
        // A faulty signature can betray the key (and is of use to nobody).
        if !self.verifier.verifies(&text, &signature) {
            return Err(SignError::Signer(self.origin().to_owned()));
        }
        Ok(Note::signed(text, &self.verifier, &signature).to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use averment_primitives::merkle::{Sha256Tree, TreeHash};
    use proptest::prelude::*;

    const ORIGIN: &str = "example.org/log";

    fn key() -> CheckpointKey {
        CheckpointKey::from_seed(ORIGIN, &[7; 32]).unwrap()
    }

    fn head() -> Checkpoint {
        Checkpoint::new(ORIGIN, 20_852_163, B256::repeat_byte(0x5a))
    }

    #[test]
    fn a_signed_head_opens_for_its_key_and_origin_only() {
        let note = key().sign(&head()).unwrap();
        let keys = [key().verifier().clone()];
        assert_eq!(Checkpoint::open(note.as_bytes(), ORIGIN, &keys).unwrap(), head());
        let other = [CheckpointKey::from_seed(ORIGIN, &[8; 32]).unwrap().verifier().clone()];
        assert!(matches!(
            Checkpoint::open(note.as_bytes(), ORIGIN, &other),
            Err(CheckpointError::Note(NoteError::Unsigned { .. }))
        ));
        assert!(matches!(
            Checkpoint::open(note.as_bytes(), "example.org/other", &keys),
            Err(CheckpointError::Origin { .. })
        ));
    }

    /// Every changed bit and every cut is noticed.
    #[test]
    fn a_head_that_was_tampered_with_does_not_open() {
        let note = key().sign(&head()).unwrap().into_bytes();
        let keys = [key().verifier().clone()];
        for place in 0..note.len() {
            assert!(Checkpoint::open(&note[..place], ORIGIN, &keys).is_err(), "cut at {place}");
            for bit in 0..8 {
                let mut changed = note.clone();
                changed[place] ^= 1 << bit;
                assert!(Checkpoint::open(&changed, ORIGIN, &keys).is_err(), "bit {bit} of byte {place}");
            }
        }
    }

    /// The text of the Go checksum database's test (golang.org/x/mod/sumdb/tlog), which is of the same form.
    #[test]
    fn text_of_the_go_checksum_database() {
        let text = "go.sum database tree\n123456789012\nTszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBb0=\n";
        let head = Checkpoint::parse(text).unwrap();
        assert_eq!((head.origin.as_str(), head.size), ("go.sum database tree", 123_456_789_012));
        assert_eq!(head.root, Sha256Tree::leaf(b"hello world"));
        assert_eq!(head.text(), text);
        let extended = format!("{text}one more\nand another\n");
        let head = Checkpoint::parse(&extended).unwrap();
        assert_eq!(head.extensions, ["one more", "and another"]);
        assert_eq!(head.text(), extended);
    }

    /// Signs what golang.org/x/mod/sumdb/note signs in its test, to the same bytes (Ed25519 is deterministic).
    #[test]
    fn signs_as_the_go_implementation_does() {
        // Its secret key: PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz
        let material = STANDARD.decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz").unwrap();
        let key = CheckpointKey::from_seed("PeterNeumann", &material[1..].try_into().unwrap()).unwrap();
        assert_eq!(
            key.verifier().to_string(),
            "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
        );
        let text = "If you think cryptography is the answer to your problem,\n\
                    then you don't know what your problem is.\n";
        let note = Note::signed(text.into(), key.verifier(), &(key.sign)(text.as_bytes())).to_string();
        let line = "\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";
        assert_eq!(note, format!("{text}\n{line}\n"));
    }

    #[test]
    fn text_that_is_no_head_is_refused() {
        let root = "TszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBb0=";
        for (text, reason) in [
            (String::new(), "newline"),
            (format!("log\n1\n{root}"), "newline"),
            ("log\n1\n".into(), "three lines"),
            (format!("\n1\n{root}\n"), "origin"),
            (format!("log\n01\n{root}\n"), "leading zeros"),
            (format!("log\n+1\n{root}\n"), "leading zeros"),
            (format!("log\n-1\n{root}\n"), "leading zeros"),
            (format!("log\n0x1\n{root}\n"), "leading zeros"),
            (format!("log\n18446744073709551616\n{root}\n"), "leading zeros"),
            ("log\n1\nTszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBTOOBIG=\n".into(), "32 bytes"),
            (format!("log\n1\n {root}\n"), "32 bytes"),
            (format!("log\n1\n{root}\n\n"), "empty line"),
            (format!("log\n1\n{root}\nmore\n\nmore\n"), "empty line"),
        ] {
            match Checkpoint::parse(&text) {
                Err(CheckpointError::Form(got)) => assert!(got.contains(reason), "{text:?}: {got}"),
                other => panic!("{text:?}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_key_signs_its_own_log_and_a_wrong_signer_is_noticed() {
        let foreign = Checkpoint::new("example.org/other", 1, B256::ZERO);
        assert!(matches!(key().sign(&foreign), Err(SignError::Origin { .. })));
        let public_key = key().verifier().public_key();
        let broken = CheckpointKey::new(ORIGIN, &public_key, |_| [0; 64]).unwrap();
        assert_eq!(broken.sign(&head()), Err(SignError::Signer(ORIGIN.into())));
        assert!(CheckpointKey::from_seed("example.org/a log", &[7; 32]).is_err());
        assert!(!format!("{:?}", key()).contains("0707"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn heads_read_back(origin in "[a-z]{1,12}(/[ -~]{0,12})?", size: u64, root: [u8; 32],
                           extensions in prop::collection::vec("[ -~]{1,20}", 0..4)) {
            let head = Checkpoint { origin, size, root: root.into(), extensions };
            prop_assert_eq!(Checkpoint::parse(&head.text()), Ok(head));
        }
    }
}
