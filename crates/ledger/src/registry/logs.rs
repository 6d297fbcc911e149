//! Logs of many blocks, a range at a time, however little a node gives at once.

use super::View;
use crate::{Ledger, RemoteFault};
use alloy::{
    providers::Provider,
    rpc::types::{Filter, Log},
    transports::TransportError,
};
use thiserror::Error;

/// The node gave no logs.
#[derive(Debug, Error)]
#[error("asking for events in blocks {from} to {to} failed: {source}")]
pub struct LogsFault {
    /// First block asked for.
    pub from: u64,
    /// Last block asked for.
    pub to: u64,
    /// Why.
    pub source: TransportError,
}

impl View {
    /// Gives `take` the logs that `filter` picks in blocks `from` to the view's, in their order.
    pub(super) async fn logs<E: From<LogsFault>>(
        &self,
        filter: &Filter,
        from: u64,
        take: impl FnMut(Log) -> Result<(), E>,
    ) -> Result<(), E> {
        logs(&self.client.ledger, filter, from, self.block.header.number, take).await
    }
}

/// Gives `take` the logs that `filter` picks in blocks `from` to `last`, in their order.
pub(crate) async fn logs<E: From<LogsFault>>(
    ledger: &Ledger,
    filter: &Filter,
    mut from: u64,
    last: u64,
    mut take: impl FnMut(Log) -> Result<(), E>,
) -> Result<(), E> {
    let mut span = last.saturating_sub(from).saturating_add(1);
    while from <= last {
        let to = from.saturating_add(span - 1).min(last);
        let filter = filter.clone().from_block(from).to_block(to);
        let logs = match ledger.provider().get_logs(&filter).await {
            Ok(logs) => logs,
            // Most nodes bound the range or the size of an answer, each its own way: ask for less.
            Err(source) if span > 1 && asks_for_too_much(&source) => {
                span = span.div_ceil(2);
                continue;
            }
            Err(source) => return Err(LogsFault { from, to, source }.into()),
        };
        logs.into_iter().try_for_each(&mut take)?;
        from = to.saturating_add(1);
    }
    Ok(())
}

fn asks_for_too_much(error: &TransportError) -> bool {
    error.is_error_resp() || matches!(RemoteFault::of(error), Some(RemoteFault::TooLong { .. }))
}
