//! `eth_getLogs`.

use super::{RpcError, number};
use crate::embedded::{block::Sealed, chain::Chain};
use alloy::{
    eips::{BlockId, BlockNumberOrTag},
    rpc::types::{Filter, FilterBlockOption, Log},
};

/// Most logs in one answer.
const LIMIT: usize = 100_000;

pub(super) fn find(chain: &Chain, filter: &Filter) -> Result<Vec<Log>, RpcError> {
    let (from, to) = match filter.block_option {
        FilterBlockOption::AtBlockHash(hash) => {
            let at = number(chain, BlockId::from(hash))?;
            (at, at)
        }
        FilterBlockOption::Range { from_block, to_block } => {
            let bound = |tag: Option<BlockNumberOrTag>| match tag.unwrap_or_default() {
                BlockNumberOrTag::Number(number) => Ok(number),
                tag => number(chain, BlockId::Number(tag)),
            };
            (bound(from_block)?, bound(to_block)?.min(chain.head()))
        }
    };
    let mut found = Vec::new();
    for block in (from..=to).filter_map(|at| chain.block(at)) {
        if !filter.matches_bloom(block.header.logs_bloom) {
            continue;
        }
        for index in 0..block.executed.len() {
            found.extend(of_transaction(block, index).filter(|log| filter.matches(&log.inner)));
            if found.len() > LIMIT {
                return Err(RpcError::TooManyLogs { limit: LIMIT });
            }
        }
    }
    Ok(found)
}

/// The logs of the transaction with index `index`.
pub(super) fn of_transaction(block: &Sealed, index: usize) -> impl Iterator<Item = Log> {
    let first = block.first_log(index);
    let done = block.executed.get(index);
    let logs = done.map(|done| done.receipt.logs()).unwrap_or_default();
    logs.iter().enumerate().map(move |(at, log)| Log {
        inner: log.clone(),
        block_hash: Some(block.hash),
        block_number: Some(block.header.number),
        block_timestamp: Some(block.header.timestamp),
        transaction_hash: done.map(|done| *done.tx.tx_hash()),
        transaction_index: Some(index as u64),
        log_index: Some((first + at) as u64),
        removed: false,
    })
}
