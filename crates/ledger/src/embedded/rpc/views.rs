//! Blocks, transactions, receipts, proofs and fees as JSON-RPC shows them.

use super::{RpcError, logs};
use crate::embedded::{block::Sealed, chain::Chain, executor::Signed};
use alloy::{
    consensus::{Transaction as _, TxEnvelope},
    primitives::{Address, B256, U256},
    rpc::types::{
        Block, BlockTransactions, EIP1186AccountProofResponse, EIP1186StorageProof, FeeHistory, Header,
        Transaction, TransactionReceipt,
    },
    serde::JsonStorageKey,
};

/// Most blocks in one `eth_feeHistory`, and most percentiles.
const FEE_HISTORY_BLOCKS: u64 = 1_024;
const FEE_HISTORY_PERCENTILES: usize = 100;
/// Most slots in one `eth_getProof`.
const PROOF_SLOTS: usize = 1_024;

pub(super) fn block(block: &Sealed, full: bool) -> Block {
    let transactions = if full {
        let all = (0..block.executed.len()).filter_map(|index| transaction(block, index));
        BlockTransactions::Full(all.collect())
    } else {
        BlockTransactions::Hashes(block.executed.iter().map(|done| *done.tx.tx_hash()).collect())
    };
    let size = Sealed::encode(&block.header, &block.executed).len();
    Block {
        header: Header {
            hash: block.hash,
            inner: block.header.clone(),
            total_difficulty: Some(U256::ZERO),
            size: Some(U256::from(size)),
        },
        uncles: Vec::new(),
        transactions,
        withdrawals: Some(Default::default()),
    }
}

pub(super) fn transaction(block: &Sealed, index: usize) -> Option<Transaction<TxEnvelope>> {
    let done = block.executed.get(index)?;
    Some(Transaction {
        inner: done.tx.as_ref().clone(),
        block_hash: Some(block.hash),
        block_number: Some(block.header.number),
        transaction_index: Some(index as u64),
        effective_gas_price: Some(done.effective_gas_price),
        block_timestamp: Some(block.header.timestamp),
    })
}

/// A transaction that no block holds yet.
pub(super) fn waiting(tx: &Signed) -> Transaction<TxEnvelope> {
    Transaction {
        inner: tx.as_ref().clone(),
        block_hash: None,
        block_number: None,
        transaction_index: None,
        effective_gas_price: None,
        block_timestamp: None,
    }
}

pub(super) fn receipt(block: &Sealed, index: usize) -> Option<TransactionReceipt> {
    let done = block.executed.get(index)?;
    let mut all = logs::of_transaction(block, index);
    Some(TransactionReceipt {
        inner: done.receipt.clone().map_logs(|log| {
            // The same logs in the same order, with their places.
            all.next().unwrap_or(alloy::rpc::types::Log { inner: log, ..Default::default() })
        }),
        transaction_hash: *done.tx.tx_hash(),
        transaction_index: Some(index as u64),
        block_hash: Some(block.hash),
        block_number: Some(block.header.number),
        gas_used: done.gas_used,
        effective_gas_price: done.effective_gas_price,
        blob_gas_used: None,
        blob_gas_price: None,
        from: done.tx.signer(),
        to: done.tx.to(),
        contract_address: done.contract,
    })
}

pub(super) fn proof(
    chain: &Chain,
    address: Address,
    slots: Vec<JsonStorageKey>,
    at: u64,
) -> Result<EIP1186AccountProofResponse, RpcError> {
    if slots.len() > PROOF_SLOTS {
        let why = format!("at most {PROOF_SLOTS} slots at a time, got {}", slots.len());
        return Err(RpcError::Parameter { name: "slots", why });
    }
    let tries = chain.tries(at).ok_or(RpcError::NoStateRoots)?;
    let words: Vec<B256> = slots.iter().map(JsonStorageKey::as_b256).collect();
    let proof = tries.prove(&address, &words);
    let view = chain.view(at);
    let info = view.info(&address).unwrap_or_default();
    let storage_proof = slots.into_iter().zip(words).zip(proof.slots).map(|((key, word), proof)| {
        EIP1186StorageProof { key, value: view.slot(&address, &word.into()), proof }
    });
    Ok(EIP1186AccountProofResponse {
        address,
        balance: info.balance,
        code_hash: info.code_hash,
        nonce: info.nonce,
        storage_hash: proof.storage_root,
        account_proof: proof.account,
        storage_proof: storage_proof.collect(),
    })
}

pub(super) fn fee_history(
    chain: &Chain,
    count: u64,
    newest: u64,
    percentiles: Option<&[f64]>,
) -> Result<FeeHistory, RpcError> {
    let percentiles_valid = percentiles.is_none_or(|all| {
        all.len() <= FEE_HISTORY_PERCENTILES
            && all.iter().all(|p| (0.0..=100.0).contains(p))
            && all.is_sorted()
    });
    if !percentiles_valid {
        let why = format!("at most {FEE_HISTORY_PERCENTILES}, from 0 to 100, rising");
        return Err(RpcError::Parameter { name: "rewardPercentiles", why });
    }
    let count = count.clamp(1, FEE_HISTORY_BLOCKS).min(newest + 1);
    let oldest = newest + 1 - count;
    let blocks: Vec<&Sealed> = (oldest..=newest).filter_map(|at| chain.block(at)).collect();
    let base_fee = |block: &&Sealed| u128::from(block.header.base_fee_per_gas.unwrap_or_default());
    let next = match chain.block(newest + 1) {
        Some(block) => base_fee(&block),
        None => chain.next_environment().base_fee.into(),
    };
    Ok(FeeHistory {
        base_fee_per_gas: blocks.iter().map(base_fee).chain([next]).collect(),
        gas_used_ratio: blocks
            .iter()
            .map(|block| block.header.gas_used as f64 / block.header.gas_limit as f64)
            .collect(),
        base_fee_per_blob_gas: vec![1; blocks.len() + 1],
        blob_gas_used_ratio: vec![0.0; blocks.len()],
        oldest_block: oldest,
        reward: percentiles.map(|all| blocks.iter().map(|block| rewards(block, all)).collect()),
    })
}

/// The priority fee paid at each percentile of the block's gas.
fn rewards(block: &Sealed, percentiles: &[f64]) -> Vec<u128> {
    let base_fee = u128::from(block.header.base_fee_per_gas.unwrap_or_default());
    let mut paid: Vec<(u128, u64)> = block
        .executed
        .iter()
        .map(|done| (done.effective_gas_price.saturating_sub(base_fee), done.gas_used))
        .collect();
    paid.sort_unstable();
    let at = |percentile: &f64| {
        let threshold = block.header.gas_used as f64 * percentile / 100.0;
        let mut sum = 0.0;
        let reached = paid.iter().find(|(_, gas)| {
            sum += *gas as f64;
            sum >= threshold
        });
        reached.or(paid.last()).map_or(0, |(fee, _)| *fee)
    };
    percentiles.iter().map(at).collect()
}
