//! The proof that one record is in a log, as a file of its own: C2SP tlog-proof, `c2sp.org/tlog-proof@v1`.
//!
//! Its extra data, which the specification leaves to the application, are the log's entry (32 bytes) and, unless the
//! record is withheld or erased, its opening: the salt (32 bytes) and the record's text.

use super::{
    checkpoint::{Checkpoint, CheckpointError},
    frontier::leaf_hash,
    note::{NoteLimits, VerifierKey},
    proof::{ProofError, verify_inclusion},
    record::{MAX_RECORD_BYTES, Record, RecordError},
    tile::plain_number,
};
use averment_primitives::{B256, DecodeError, Reader, Salt, SaltedLeaf};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use std::fmt;
use thiserror::Error;

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";

/// No tree of less than 2^64 leaves has longer proofs.
const MAX_HASHES: usize = 64;

/// What a leaf commits to. Not printed by `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Opening {
    /// The leaf's salt.
    pub salt: Salt,
    /// The record's text: canonical JSON of `averment-record/1`.
    pub record: String,
}

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opening({} bytes)", self.record.len())
    }
}

/// A record's leaf, its place in the log and everything that proves it, but the trusted key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogInclusion {
    /// Its place in the log, from 0.
    pub index: u64,
    /// The log's entry.
    pub leaf: SaltedLeaf,
    /// The record, unless it was erased or is withheld.
    pub opening: Option<Opening>,
    /// RFC 6962 inclusion proof, from the leaf's sibling upwards.
    pub proof: Vec<B256>,
    /// The signed note of the checkpoint that the proof leads to.
    pub checkpoint: String,
}

/// Which link between key and record is broken.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum InclusionError {
    /// The checkpoint is none of this log, or not signed by the key.
    #[error("the log's head: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The leaf is not in the log.
    #[error("the leaf's place in the log: {0}")]
    Proof(#[from] ProofError),
    /// The salt and the text are not those that the leaf commits to.
    #[error("the record: salt and text do not open leaf {}", leaf.0)]
    Opening {
        /// The leaf.
        leaf: SaltedLeaf,
    },
    /// What the leaf commits to is no record.
    #[error("what was logged: {0}")]
    Record(#[from] RecordError),
}

/// What a proof that holds says.
#[derive(Debug, Clone, PartialEq)]
pub struct VerifiedInclusion {
    /// The head of the log that has the record.
    pub checkpoint: Checkpoint,
    /// Its place in the log.
    pub index: u64,
    /// The log's entry.
    pub leaf: SaltedLeaf,
    /// The record, unless it was erased or is withheld.
    pub record: Option<Record>,
}

impl LogInclusion {
    /// The longest file: a note, a record and its salt in base64, a proof.
    pub const MAX_BYTES: usize = NoteLimits::DEFAULT.bytes + 2 * MAX_RECORD_BYTES + 64 * MAX_HASHES;

    /// Checks every link from a key to the record: a head of log `origin` signed by one of `keys`, the leaf in
    /// the tree under it, the record under the leaf.
    pub fn verify(&self, origin: &str, keys: &[VerifierKey]) -> Result<VerifiedInclusion, InclusionError> {
        let checkpoint = Checkpoint::open(self.checkpoint.as_bytes(), origin, keys)?;
        verify_inclusion(leaf_hash(self.leaf), self.index, checkpoint.size, &self.proof, checkpoint.root)?;
        let record = match &self.opening {
            None => None,
            Some(Opening { salt, record }) => {
                if !self.leaf.opens_to(salt, record.as_bytes()) {
                    return Err(InclusionError::Opening { leaf: self.leaf });
                }
                Some(Record::decode(record.as_bytes())?)
            }
        };
        Ok(VerifiedInclusion { checkpoint, index: self.index, leaf: self.leaf, record })
    }

    /// The file's text.
    pub fn encode(&self) -> String {
        let mut extra = self.leaf.0.to_vec();
        if let Some(opening) = &self.opening {
            extra.extend_from_slice(opening.salt.expose());
            extra.extend_from_slice(opening.record.as_bytes());
        }
        let mut text = format!("{FIRST_LINE}\nextra {}\nindex {}\n", STANDARD.encode(extra), self.index);
        for hash in &self.proof {
            text.push_str(&STANDARD.encode(hash));
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&self.checkpoint);
        text
    }

    /// Reads a file. Nothing is checked but its form; see [`LogInclusion::verify`].
    pub fn decode(bytes: &[u8]) -> Result<Self, TlogProofError> {
        if bytes.len() > Self::MAX_BYTES {
            let (limit, got) = (Self::MAX_BYTES as u64, bytes.len() as u64);
            return Err(DecodeError::TooLong { field: "bytes", limit, got }.into());
        }
        let text = str::from_utf8(bytes).map_err(|_| TlogProofError::Form("it is not UTF-8"))?;
        let form = TlogProofError::Form;
        let (head, checkpoint) =
            text.split_once("\n\n").ok_or(form("it has no empty line before the checkpoint"))?;
        let mut lines = head.split('\n');
        let first = lines.next().unwrap_or_default();
        if first != FIRST_LINE {
            let got = first.chars().take(64).collect();
            return Err(DecodeError::UnknownFormat { expected: FIRST_LINE, got }.into());
        }
        let extra = lines.next().and_then(|line| line.strip_prefix("extra "));
        let extra = extra.and_then(|line| STANDARD.decode(line).ok());
        let extra =
            extra.ok_or(form("its second line is not `extra ` and base64: the log's entry is not here"))?;
        let index = lines.next().and_then(|line| line.strip_prefix("index ")).and_then(plain_number);
        let index = index.ok_or(form("its third line is not `index ` and a decimal number"))?;

        let mut proof = Vec::new();
        for line in lines {
            let hash = STANDARD.decode(line).ok().and_then(|hash| B256::try_from(hash.as_slice()).ok());
            proof.push(hash.ok_or(form("a line of the proof is not base64 of 32 bytes"))?);
            if proof.len() > MAX_HASHES {
                let (limit, got) = (MAX_HASHES as u64, proof.len() as u64);
                return Err(DecodeError::TooLong { field: "proof", limit, got }.into());
            }
        }
        let mut reader = Reader::new(&extra);
        let leaf = SaltedLeaf(B256::from(reader.array("leaf")?));
        let opening = match reader.remaining() {
            0 => None,
            _ => {
                let salt = Salt::from_random(reader.array("salt")?);
                let length = reader.remaining();
                let record = reader.bytes("record", length)?.to_vec();
                let record = String::from_utf8(record).map_err(|_| form("the record is not UTF-8"))?;
                Some(Opening { salt, record })
            }
        };
        Ok(Self { index, leaf, opening, proof, checkpoint: checkpoint.to_owned() })
    }
}

/// Why bytes are no proof file.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum TlogProofError {
    /// Another format, cut off, or too much of something.
    #[error("the proof: {0}")]
    Decode(#[from] DecodeError),
    /// Not of the form.
    #[error("the proof: {0}")]
    Form(&'static str),
}

#[cfg(test)]
mod tests;
