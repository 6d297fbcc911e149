//! Acting only on what is settled, and only on what checks: headers that hash to what they claim, receipts
//! that their block commits to, and transactions that stay where they were while finality is awaited.
//!
//! Checking needs every transaction of a block, so it works on chains whose transactions are all of Ethereum's
//! types; on those with types of their own (OP-stack deposits) reading such a block fails with a request error.

use crate::{Finality, Ledger};
use alloy::{
    consensus::{
        Header, ReceiptEnvelope, Transaction, TxEnvelope,
        proofs::{calculate_receipt_root, calculate_transaction_root},
        transaction::SignerRecoverable,
    },
    eips::{BlockId, BlockNumberOrTag},
    primitives::{B256, Log},
    providers::Provider,
    rpc::types::TransactionReceipt,
    transports::TransportError,
};
use std::time::{Duration, Instant};
use thiserror::Error;

/// A header that hashes to the hash beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedHeader {
    /// The block's hash, recomputed.
    pub hash: B256,
    /// The header.
    pub header: Header,
}

/// Why a header was not taken.
#[derive(Debug, Error)]
pub enum HeaderError {
    /// The node did not answer.
    #[error("asking for block {block} failed: {source}")]
    Request {
        /// The block asked for.
        block: BlockId,
        /// Why.
        source: TransportError,
    },
    /// The node has no such block.
    #[error("the node has no block {block}")]
    Missing {
        /// The block asked for.
        block: BlockId,
    },
    /// The header is not the one whose hash it came with.
    #[error("block {block}: the header hashes to {got}, the node says {expected}")]
    Hash {
        /// The block asked for.
        block: BlockId,
        /// The hash asked for, or claimed by the node.
        expected: B256,
        /// What the header hashes to.
        got: B256,
    },
    /// A block with another number than the one asked for.
    #[error("expected block number {expected}, the node gave {got}")]
    Number {
        /// The number asked for.
        expected: u64,
        /// The header's.
        got: u64,
    },
}

/// A transaction that is settled.
#[derive(Debug, Clone)]
pub struct Settled {
    /// Its receipt, which the block's receipts root commits to.
    pub receipt: TransactionReceipt,
    /// Its block.
    pub block: VerifiedHeader,
    /// Blocks that it was in before and that were replaced while it was waited for, oldest first.
    pub left: Vec<B256>,
}

/// Why a transaction did not settle.
#[derive(Debug, Error)]
pub enum FinalityError {
    /// The node did not answer.
    #[error("asking about transaction {tx} failed: {source}")]
    Request {
        /// The transaction.
        tx: B256,
        /// Why.
        source: TransportError,
    },
    /// Its block's header does not check.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// It was in no block when the time was up.
    #[error("transaction {tx} is in no block after {waited:?}")]
    NotIncluded {
        /// The transaction.
        tx: B256,
        /// The time given.
        waited: Duration,
    },
    /// It was in a block that was not final yet when the time was up.
    #[error("transaction {tx} is in block {block}, which is not final after {waited:?}")]
    NotFinal {
        /// The transaction.
        tx: B256,
        /// The block's number.
        block: u64,
        /// The time given.
        waited: Duration,
    },
    /// Its block was replaced, and when the time was up no block held it any more.
    #[error(
        "transaction {tx} was in block {block}, which the chain has since replaced by one without it; \
             send it again once the chain is calm"
    )]
    Reorganised {
        /// The transaction.
        tx: B256,
        /// The hash of the last block that it was in.
        block: B256,
    },
    /// The node gave another receipt than the one asked for.
    #[error("expected the receipt of {expected}, the node gave that of {got}")]
    OtherReceipt {
        /// The transaction.
        expected: B256,
        /// The receipt's.
        got: B256,
    },
    /// The transactions of the block are not those that its header commits to.
    #[error(
        "block {block}: its transactions hash to {got}, its header says {expected}; the node is wrong or \
             lies"
    )]
    WrongTransactions {
        /// The block's hash.
        block: B256,
        /// The header's transactions root.
        expected: B256,
        /// What the transactions hash to.
        got: B256,
    },
    /// The receipts of the block are not those that its header commits to.
    #[error(
        "block {block}: its receipts hash to {got}, its header says {expected}; the node is wrong or lies"
    )]
    WrongReceipts {
        /// The block's hash.
        block: B256,
        /// The header's receipts root.
        expected: B256,
        /// What the receipts hash to.
        got: B256,
    },
    /// The receipt is not the one that stands in its block.
    #[error("block {block} holds another receipt for {tx} than the node gave alone")]
    ReceiptDiffers {
        /// The block's hash.
        block: B256,
        /// The transaction.
        tx: B256,
    },
}

impl Ledger {
    /// The header of `block`, its hash recomputed and compared with what was asked for and what was claimed.
    pub async fn verified_header(&self, block: impl Into<BlockId>) -> Result<VerifiedHeader, HeaderError> {
        let id = block.into();
        let answer = self.provider().get_block(id).hashes().await;
        let answer = answer.map_err(|source| HeaderError::Request { block: id, source })?;
        let header = answer.ok_or(HeaderError::Missing { block: id })?.header;
        let got = header.inner.hash_slow();
        let claimed = match id {
            BlockId::Hash(asked) => asked.block_hash,
            BlockId::Number(_) => header.hash,
        };
        if got != claimed || got != header.hash {
            let expected = if got == claimed { header.hash } else { claimed };
            return Err(HeaderError::Hash { block: id, expected, got });
        }
        match id {
            BlockId::Number(BlockNumberOrTag::Number(expected)) if expected != header.inner.number => {
                Err(HeaderError::Number { expected, got: header.inner.number })
            }
            _ => Ok(VerifiedHeader { hash: got, header: header.inner }),
        }
    }

    /// The newest block that counts as settled.
    pub async fn newest_final(&self) -> Result<VerifiedHeader, HeaderError> {
        match self.finality() {
            Finality::Immediate => self.verified_header(BlockNumberOrTag::Latest).await,
            Finality::Tag => self.verified_header(BlockNumberOrTag::Finalized).await,
            Finality::Depth(depth) => {
                let latest = self.verified_header(BlockNumberOrTag::Latest).await?;
                if depth == 0 {
                    return Ok(latest);
                }
                self.verified_header(latest.header.number.saturating_sub(depth)).await
            }
        }
    }

    /// Waits until the block that holds `tx` is settled, at most `patience`. The receipt is checked against
    /// the block's receipts root, and the block against the chain, before it is returned. A block that is
    /// replaced meanwhile is noticed: the transaction is then looked for anew.
    pub async fn wait_final(&self, tx: B256, patience: Duration) -> Result<Settled, FinalityError> {
        let begun = Instant::now();
        let mut left: Vec<B256> = Vec::new();
        let mut seen: Option<(u64, B256)> = None;
        loop {
            let receipt = self.provider().get_transaction_receipt(tx).await;
            let receipt = receipt.map_err(|source| FinalityError::Request { tx, source })?;
            let place = match &receipt {
                Some(receipt) if receipt.transaction_hash != tx => {
                    return Err(FinalityError::OtherReceipt { expected: tx, got: receipt.transaction_hash });
                }
                Some(receipt) => receipt.block_number.zip(receipt.block_hash),
                None => None,
            };
            if let Some((_, old)) = seen
                && place.is_none_or(|(_, hash)| hash != old)
                && left.last() != Some(&old)
            {
                left.push(old);
            }
            if let (Some(receipt), Some((number, hash))) = (receipt, place) {
                seen = Some((number, hash));
                if let Some(block) = self.settled_block(number, hash).await? {
                    self.check_receipt(&receipt, &block).await?;
                    return Ok(Settled { receipt, block, left });
                }
            }
            if begun.elapsed() >= patience {
                return Err(match (place, left.pop(), seen) {
                    (Some((block, _)), ..) => FinalityError::NotFinal { tx, block, waited: patience },
                    (None, Some(block), _) | (None, None, Some((_, block))) => {
                        FinalityError::Reorganised { tx, block }
                    }
                    (None, None, None) => FinalityError::NotIncluded { tx, waited: patience },
                });
            }
            tokio::time::sleep(self.client().poll_interval()).await;
        }
    }

    /// The block with this number and hash, if it is settled and the chain still holds it.
    async fn settled_block(&self, number: u64, hash: B256) -> Result<Option<VerifiedHeader>, HeaderError> {
        let newest = match self.newest_final().await {
            Ok(newest) => newest,
            // A young chain has no final block yet.
            Err(HeaderError::Missing { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        if newest.header.number < number {
            return Ok(None);
        }
        if newest.hash == hash {
            return Ok(Some(newest));
        }
        match self.verified_header(number).await {
            Ok(block) if block.hash == hash => Ok(Some(block)),
            // Replaced, or about to be: the receipt is asked for again.
            Ok(_) | Err(HeaderError::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Checks that `receipt` is what `block` commits to: its transactions root says which transaction stands
    /// where, its receipts root what each of them did. What a receipt says beyond that (sender, gas, contract)
    /// is computed again.
    async fn check_receipt(
        &self,
        receipt: &TransactionReceipt,
        block: &VerifiedHeader,
    ) -> Result<(), FinalityError> {
        let tx = receipt.transaction_hash;
        let id = BlockId::from(block.hash);
        let failed = |source| FinalityError::Request { tx, source };
        let full = self.provider().get_block(id).full().await.map_err(failed)?;
        let full = full.ok_or(HeaderError::Missing { block: id })?;
        let transactions: Vec<TxEnvelope> =
            full.transactions.into_transactions().map(|one| one.inner.into_inner()).collect();
        let (expected, got) = (block.header.transactions_root, calculate_transaction_root(&transactions));
        if got != expected {
            return Err(FinalityError::WrongTransactions { block: block.hash, expected, got });
        }
        let all = self.provider().get_block_receipts(id).await.map_err(failed)?.unwrap_or_default();
        let receipts: Vec<ReceiptEnvelope<Log>> =
            all.iter().map(|one| one.inner.clone().into_primitives_receipt()).collect();
        let (expected, got) = (block.header.receipts_root, calculate_receipt_root(&receipts));
        if got != expected {
            return Err(FinalityError::WrongReceipts { block: block.hash, expected, got });
        }
        let differs = FinalityError::ReceiptDiffers { block: block.hash, tx };
        let Some(index) = transactions.iter().position(|one| *one.tx_hash() == tx) else {
            return Err(differs);
        };
        let (Some(transaction), Some(committed)) = (transactions.get(index), receipts.get(index)) else {
            return Err(differs);
        };
        let before = index.checked_sub(1).and_then(|before| receipts.get(before));
        let before = before.map_or(0, |before| before.cumulative_gas_used());
        let sender = transaction.recover_signer().ok();
        let contract = match (transaction.to(), sender, committed.status()) {
            (None, Some(sender), true) => Some(sender.create(transaction.nonce())),
            _ => None,
        };
        let same = receipt.inner.clone().into_primitives_receipt() == *committed
            && receipt.transaction_index == Some(index as u64)
            && receipt.gas_used == committed.cumulative_gas_used().saturating_sub(before)
            && receipt.effective_gas_price == transaction.effective_gas_price(block.header.base_fee_per_gas)
            && Some(receipt.from) == sender
            && receipt.to == transaction.to()
            // Some nodes name the address of a contract whose creation failed.
            && (receipt.contract_address == contract || !committed.status());
        if same { Ok(()) } else { Err(differs) }
    }
}
