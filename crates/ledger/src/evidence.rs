//! Chain state fetched with its proofs, for audit files and for checks that believe no node: a header whose
//! hash was computed here, and account and storage proofs that hold against its state root.
//!
//! Invariant: what is returned has passed the same check that a reader of the audit file will make offline.

mod receipts;

use crate::{HeaderError, Ledger, VerifiedHeader};
use alloy::{providers::Provider, transports::TransportError};
use averment_primitives::{Address, B256, Bytes};
use averment_registry::state::{AccountProof, ProofError, ProvenAccount, StorageProof};
use thiserror::Error;

/// Why state could not be proved.
#[derive(Debug, Error)]
pub enum EvidenceError {
    /// No header that checks.
    #[error(transparent)]
    Header(#[from] Box<HeaderError>),
    /// The node gave no proof.
    #[error(
        "asking for a proof of {address} at block {block} failed: {source}. Nodes keep proofs for recent blocks \
         only: use an archive node for older ones"
    )]
    Request {
        /// The account.
        address: Address,
        /// The block's number.
        block: u64,
        /// Why.
        source: TransportError,
    },
    /// The node's proof does not hold: it is wrong or lies.
    #[error("the node's proof at block {block} does not hold: {source}")]
    Proof {
        /// The block's number.
        block: u64,
        /// What is wrong.
        source: Box<ProofError>,
    },
}

impl From<HeaderError> for EvidenceError {
    fn from(error: HeaderError) -> Self {
        Self::Header(Box::new(error))
    }
}

/// The header as it is hashed, for an audit file.
pub fn header_rlp(block: &VerifiedHeader) -> Bytes {
    alloy_rlp::encode(&block.header).into()
}

impl Ledger {
    /// The proof of `address` and of exactly `slots` of its storage in `block`, checked, with what it proves.
    pub async fn prove(
        &self,
        block: &VerifiedHeader,
        address: Address,
        slots: &[B256],
    ) -> Result<(AccountProof, ProvenAccount), EvidenceError> {
        let number = block.header.number;
        let answer = self.provider().get_proof(address, slots.to_vec()).hash(block.hash).await;
        let answer = answer.map_err(|source| EvidenceError::Request { address, block: number, source })?;
        let proof = AccountProof {
            address: answer.address,
            account_proof: answer.account_proof,
            storage_proof: answer
                .storage_proof
                .into_iter()
                .map(|slot| StorageProof { key: slot.key.as_b256(), proof: slot.proof })
                .collect(),
        };
        match proof.verify(block.header.state_root, address, slots) {
            Ok(proven) => Ok((proof, proven)),
            Err(source) => Err(EvidenceError::Proof { block: number, source: Box::new(source) }),
        }
    }
}
