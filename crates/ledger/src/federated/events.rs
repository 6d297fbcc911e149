//! What a task says, in order.

use super::{Event, TaskClient, TaskError};
use crate::{VerifiedHeader, registry::logs};
use alloy::rpc::types::{Filter, Log};
use averment_primitives::B256;

/// An event with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    /// The block's number.
    pub block: u64,
    /// What.
    pub event: Event,
}

impl TaskClient {
    /// What the task said in blocks `from` to `to`; not the integers that answers post ([`TaskClient::posted`]).
    pub async fn events(&self, from: u64, to: u64) -> Result<Vec<Happened>, TaskError> {
        let mut happened = Vec::new();
        let topics = Event::TOPICS.iter().copied().map(B256::from);
        let filter = Filter::new().address(self.id().task).event_signature(topics.collect::<Vec<_>>());
        logs(self.ledger(), &filter, from, to, |log| {
            happened.push(self.decoded(&log, from..=to)?);
            Ok::<(), TaskError>(())
        })
        .await?;
        Ok(happened)
    }

    /// What it said up to `block`.
    pub async fn history(&self, block: &VerifiedHeader) -> Result<Vec<Happened>, TaskError> {
        self.events(self.from_block(), block.header.number).await
    }

    fn decoded(&self, log: &Log, blocks: std::ops::RangeInclusive<u64>) -> Result<Happened, TaskError> {
        let block = log.block_number.unwrap_or_default();
        let wrong = |why: String| TaskError::Event { block, why };
        if log.address() != self.id().task || log.removed || !blocks.contains(&block) {
            return Err(wrong(format!("an event of {} that was not asked for", log.address())));
        }
        let event =
            Event::decode(log.topics(), &log.data().data).map_err(|error| wrong(error.to_string()))?;
        Ok(Happened { block, event })
    }
}
