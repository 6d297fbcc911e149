//! What the inputs of one proof were committed to with: together, or each by itself before there was a batch.

use super::{CommitmentError, ITEMS, InputCommitment, batch_identity, number};
use alloy_primitives::B256;
use averment_primitives::Reader;

const NAME: &str = "averment-input-commitments/1\n";

/// Commitments to all items of a proof, under one schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inputs {
    commitments: Vec<InputCommitment>,
    schema: B256,
    identity: B256,
    items: u32,
}

impl Inputs {
    /// One commitment, to one item or to several together.
    pub fn joint(commitment: InputCommitment) -> Self {
        let (schema, identity, items) = (commitment.schema(), commitment.identity(), commitment.items());
        Self { commitments: vec![commitment], schema, identity, items }
    }

    /// One commitment, to one item or to several together; or one to each of several items, in order.
    pub fn new(mut commitments: Vec<InputCommitment>) -> Result<Self, CommitmentError> {
        if commitments.len() == 1
            && let Some(only) = commitments.pop()
        {
            return Ok(Self::joint(only));
        }
        let got = u32::try_from(commitments.len()).unwrap_or(u32::MAX);
        let Some(first) = commitments.first().filter(|_| got <= ITEMS) else {
            return Err(CommitmentError::Items { got });
        };
        let schema = first.schema();
        for (place, own) in commitments.iter().enumerate() {
            if own.items() != 1 {
                return Err(CommitmentError::NotSingle { place, got: own.items() });
            }
            if own.schema() != schema {
                return Err(CommitmentError::Schema { place, expected: schema, got: own.schema() });
            }
        }
        let identity = batch_identity(commitments.iter().map(InputCommitment::identity));
        Ok(Self { schema, identity, items: got, commitments })
    }

    /// The commitments: one to all items, or one to each.
    pub fn commitments(&self) -> &[InputCommitment] {
        &self.commitments
    }

    /// Whether each of several items has a commitment of its own.
    pub fn separate(&self) -> bool {
        self.commitments.len() > 1
    }

    /// How many items there are.
    pub fn items(&self) -> u32 {
        self.items
    }

    /// Digest of the input schema.
    pub fn schema(&self) -> B256 {
        self.schema
    }

    /// What a statement names: the commitment's identity, or that of the batch.
    pub fn identity(&self) -> B256 {
        self.identity
    }

    /// The canonical bytes: `averment-input-commitment/1`, or `averment-input-commitments/1` (docs/formats.md).
    pub fn encode(&self) -> Vec<u8> {
        if let [only] = self.commitments.as_slice() {
            return only.encode();
        }
        let length = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
        let mut out = NAME.as_bytes().to_vec();
        out.extend_from_slice(&length(self.commitments.len()));
        for own in &self.commitments {
            let bytes = own.encode();
            out.extend_from_slice(&length(bytes.len()));
            out.extend_from_slice(&bytes);
        }
        out
    }

    /// Reads exactly the bytes that [`Self::encode`] writes.
    pub fn decode(bytes: &[u8]) -> Result<Self, CommitmentError> {
        if !bytes.starts_with(NAME.as_bytes()) {
            return InputCommitment::decode(bytes).map(Self::joint);
        }
        let mut reader = Reader::new(bytes);
        reader.format(NAME)?;
        let count = number(&mut reader, "number of commitments")?;
        if !(2..=ITEMS).contains(&count) {
            return Err(CommitmentError::Items { got: count });
        }
        let mut commitments = Vec::new();
        for _ in 0..count {
            let length = number(&mut reader, "length of a commitment")?;
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            commitments.push(InputCommitment::decode(reader.bytes("input commitment", length)?)?);
        }
        reader.finish()?;
        Self::new(commitments)
    }
}
