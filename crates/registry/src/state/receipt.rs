//! A transaction's receipt, proved from a header: what its contracts said.
//!
//! A header commits to its block's receipts by a trie over their places (EIP-2718 receipts under RLP-encoded numbers). Fields keep
//! their places for ever; what some chains add stands after the logs.

use super::trie::{TrieError, look_up};
use crate::settlement::Log;
use alloy_rlp::{Decodable, Header as RlpHeader};
use alloy_trie::Nibbles;
use averment_primitives::{B256, Bytes};
use thiserror::Error;

/// Longest trie node read, in bytes: a receipt of a transaction that fills a block has less than 4 MiB of logs.
const NODE_BYTES: usize = 1 << 22;
/// The most topics of a log.
const TOPICS: usize = 4;

/// Why there is no such receipt.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum ReceiptError {
    /// The nodes do not lead from the header's root to the receipt.
    #[error("receipt {index}: {source}")]
    Trie {
        /// The transaction's place in its block.
        index: u64,
        /// What is wrong.
        source: Box<TrieError>,
    },
    /// The block has no such transaction.
    #[error("receipt {index}: the block has no such transaction")]
    Absent {
        /// The transaction's place in its block.
        index: u64,
    },
    /// What the trie holds is no receipt.
    #[error("receipt {index}: {why}")]
    Malformed {
        /// The transaction's place in its block.
        index: u64,
        /// What is wrong.
        why: String,
    },
}

/// The logs of the transaction at `index` of the block whose header has `receipts_root`.
pub fn receipt_logs(receipts_root: B256, index: u64, proof: &[Bytes]) -> Result<Vec<Log>, ReceiptError> {
    let key = Nibbles::unpack(alloy_rlp::encode(index));
    let receipt = look_up(receipts_root, &key, proof, NODE_BYTES)
        .map_err(|source| ReceiptError::Trie { index, source: Box::new(source) })?
        .ok_or(ReceiptError::Absent { index })?;
    logs(&receipt).map_err(|error| ReceiptError::Malformed { index, why: error.to_string() })
}

fn logs(receipt: &[u8]) -> Result<Vec<Log>, alloy_rlp::Error> {
    // A typed receipt has its type in front; a list begins with a byte from 0xc0 on.
    let mut rest = match receipt.split_first() {
        Some((kind, rest)) if *kind < 0x80 => rest,
        _ => receipt,
    };
    let mut fields = RlpHeader::decode_bytes(&mut rest, true)?;
    if !rest.is_empty() {
        return Err(alloy_rlp::Error::UnexpectedLength);
    }
    // Status, gas and bloom.
    for _ in 0..3 {
        RlpHeader::decode_bytes(&mut fields, false)?;
    }
    let mut list = RlpHeader::decode_bytes(&mut fields, true)?;
    let mut logs = Vec::new();
    while !list.is_empty() {
        let mut log = RlpHeader::decode_bytes(&mut list, true)?;
        let address = Decodable::decode(&mut log)?;
        let mut words = RlpHeader::decode_bytes(&mut log, true)?;
        let mut topics = Vec::new();
        while !words.is_empty() {
            if topics.len() == TOPICS {
                return Err(alloy_rlp::Error::Custom("a log has at most four topics"));
            }
            topics.push(B256::decode(&mut words)?);
        }
        let data = Bytes::decode(&mut log)?;
        if !log.is_empty() {
            return Err(alloy_rlp::Error::UnexpectedLength);
        }
        logs.push(Log { address, topics, data });
    }
    Ok(logs)
}
