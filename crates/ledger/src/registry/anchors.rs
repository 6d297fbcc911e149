//! A log's anchors as the chain tells them: each event must say what the contract stores for its epoch.

use super::{Anchored, LogState, ReadError, View, logs::LogsFault};
use crate::contracts::Anchors;
use alloy::{
    rpc::types::Filter,
    sol_types::{Error as AbiError, SolEvent},
};
use averment_primitives::{B256, LogId};
use averment_registry::version::anchor_digest;
use thiserror::Error;

/// An anchor and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnchorEvent {
    /// What was anchored.
    pub anchored: Anchored,
    /// By which transaction.
    pub transaction: B256,
    /// Number of its block.
    pub block_number: u64,
    /// Hash of its block.
    pub block_hash: B256,
}

/// Why the anchors could not be told.
#[derive(Debug, Error)]
pub enum AnchorsFault {
    /// The node gave no logs.
    #[error(transparent)]
    Logs(#[from] LogsFault),
    /// The contract could not be asked.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A log that is no anchor of a mined block.
    #[error("the node gave an event of log {log} that is none: {why}; the node is wrong or lies")]
    Event {
        /// The log.
        log: LogId,
        /// What is wrong with it.
        why: String,
    },
    /// The event is not what the contract stores.
    #[error(
        "log {log}: the contract stores {expected} for epoch {epoch}, the node's event gives {got}; the node is \
         wrong or lies"
    )]
    Stored {
        /// The log.
        log: LogId,
        /// The epoch.
        epoch: u64,
        /// What the contract stores; zero for nothing.
        expected: B256,
        /// The event's root and head, hashed as the contract does.
        got: B256,
    },
}

impl LogState {
    /// The epoch of second `timestamp` of Unix time.
    pub fn epoch_at(&self, timestamp: u64) -> u64 {
        timestamp.saturating_sub(self.opened_at).checked_div(self.cadence).unwrap_or_default()
    }

    /// The second of Unix time in which `epoch` begins.
    pub fn begins(&self, epoch: u64) -> u64 {
        self.opened_at.saturating_add(epoch.saturating_mul(self.cadence))
    }
}

impl View {
    /// The log's anchors in blocks `from` to the view's, oldest first.
    pub async fn anchors_of(&self, log: LogId, from: u64) -> Result<Vec<AnchorEvent>, AnchorsFault> {
        let filter = Filter::new()
            .address(self.client.anchors)
            .event_signature(Anchors::Anchored::SIGNATURE_HASH)
            .topic1(log.0);
        let mut events = Vec::new();
        self.logs(&filter, from.max(self.client.from_block), |event| {
            let fault = |why: String| AnchorsFault::Event { log, why };
            let said = Anchors::Anchored::decode_log(&event.inner)
                .map_err(|error: AbiError| fault(error.to_string()))?;
            let (Some(transaction), Some(block_number), Some(block_hash)) =
                (event.transaction_hash, event.block_number, event.block_hash)
            else {
                return Err(fault("it is in no block".to_owned()));
            };
            if said.logId != log.0 {
                return Err(fault(format!("it is of log {}", said.logId)));
            }
            let anchored = Anchored { epoch: said.epoch, root: said.root, registry_head: said.registryHead };
            events.push(AnchorEvent { anchored, transaction, block_number, block_hash });
            Ok(())
        })
        .await?;
        for AnchorEvent { anchored: Anchored { epoch, root, registry_head }, .. } in &events {
            let expected = self.anchored(log, *epoch).await?.unwrap_or_default();
            let got = anchor_digest(*root, *registry_head);
            if got != expected {
                return Err(AnchorsFault::Stored { log, epoch: *epoch, expected, got });
            }
        }
        Ok(events)
    }
}
