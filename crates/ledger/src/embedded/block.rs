//! Blocks: sealing what ran into a header, and reading sealed blocks back.

use super::{
    executor::{Environment, Executed, Run},
    genesis::Genesis,
    state::Changes,
};
use alloy::{
    consensus::{
        Block, BlockBody, EMPTY_OMMER_ROOT_HASH, Header, TxEnvelope,
        constants::EMPTY_WITHDRAWALS,
        proofs::{calculate_receipt_root, calculate_transaction_root},
    },
    eips::{eip1559::BaseFeeParams, eip7685::EMPTY_REQUESTS_HASH},
    primitives::{B256, Bloom, Bytes, keccak256},
};
use averment_registry::state::EMBEDDED_MARK;

/// A block of the chain with what undoes it.
#[derive(Debug)]
pub(crate) struct Sealed {
    pub(crate) header: Header,
    pub(crate) hash: B256,
    pub(crate) executed: Vec<Executed>,
    pub(crate) undo: Changes,
}

impl Sealed {
    /// The block with number 0.
    pub(crate) fn genesis(genesis: &Genesis, state_root: B256) -> Self {
        let header = Header {
            gas_limit: genesis.gas_limit,
            timestamp: genesis.timestamp,
            beneficiary: genesis.coinbase,
            base_fee_per_gas: Some(genesis.base_fee),
            state_root,
            ..blank()
        };
        Self { hash: header.hash_slow(), header, executed: Vec::new(), undo: Changes::default() }
    }

    /// The block's RLP as Ethereum's nodes exchange it: header, transactions, uncles, withdrawals.
    pub(crate) fn encode(header: &Header, executed: &[Executed]) -> Vec<u8> {
        let transactions: Vec<TxEnvelope> = executed.iter().map(|done| done.tx.inner().clone()).collect();
        let body = BlockBody { transactions, ommers: Vec::new(), withdrawals: Some(Default::default()) };
        alloy_rlp::encode(Block::new(header.clone(), body))
    }

    /// Index in the block of the first log of the transaction with index `transaction`.
    pub(crate) fn first_log(&self, transaction: usize) -> usize {
        self.executed.iter().take(transaction).map(|done| done.receipt.logs().len()).sum()
    }
}

/// Fields that are alike in every block: those that proof of work, withdrawals, blobs and requests used, and
/// the mark of an embedded chain.
fn blank() -> Header {
    Header {
        ommers_hash: EMPTY_OMMER_ROOT_HASH,
        withdrawals_root: Some(EMPTY_WITHDRAWALS),
        blob_gas_used: Some(0),
        excess_blob_gas: Some(0),
        parent_beacon_block_root: Some(B256::ZERO),
        requests_hash: Some(EMPTY_REQUESTS_HASH),
        extra_data: Bytes::from_static(EMBEDDED_MARK),
        ..Header::default()
    }
}

/// The environment of the block after `parent`. `fork` counts how often the chain was rewound: it goes into
/// `prev_randao`, so that a block that replaces another never has its hash.
pub(crate) fn next_environment(genesis: &Genesis, parent: &Sealed, timestamp: u64, fork: u64) -> Environment {
    let base_fee = parent.header.next_block_base_fee(BaseFeeParams::ethereum());
    Environment {
        chain_id: genesis.chain_id,
        number: parent.header.number + 1,
        timestamp,
        gas_limit: genesis.gas_limit,
        base_fee: base_fee.unwrap_or(genesis.base_fee),
        coinbase: genesis.coinbase,
        prev_randao: keccak256([parent.hash.as_slice(), &fork.to_be_bytes()].concat()),
    }
}

/// The header of the block that ran.
pub(crate) fn header(environment: &Environment, parent: B256, run: &Run, state_root: B256) -> Header {
    let transactions: Vec<&TxEnvelope> = run.executed.iter().map(|done| done.tx.inner()).collect();
    let receipts: Vec<_> = run.executed.iter().map(|done| &done.receipt).collect();
    let mut logs_bloom = Bloom::default();
    for receipt in &receipts {
        logs_bloom |= *receipt.logs_bloom();
    }
    Header {
        parent_hash: parent,
        beneficiary: environment.coinbase,
        state_root,
        transactions_root: calculate_transaction_root(&transactions),
        receipts_root: calculate_receipt_root(&receipts),
        logs_bloom,
        number: environment.number,
        gas_limit: environment.gas_limit,
        gas_used: run.gas_used,
        timestamp: environment.timestamp,
        mix_hash: environment.prev_randao,
        base_fee_per_gas: Some(environment.base_fee),
        ..blank()
    }
}
