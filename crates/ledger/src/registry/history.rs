//! A model's whole history, fetched from a node that is not believed.
//!
//! The node's logs are replayed under the contract's rules, which checks the chain of hashes; the head and the
//! number of entries at the end must be those in the registry's storage, which a proof against the block's
//! state root shows. A node can therefore refuse to answer, but not leave out, change, add or reorder entries.

use super::{View, logs::LogsFault};
use crate::evidence::EvidenceError;
use alloy::rpc::types::Filter;
use averment_primitives::{B256, ModelId};
use averment_registry::{
    history::{Entry, EntryError, History, HistoryError},
    state::{history_length, history_slots},
};
use thiserror::Error;

/// Why there is no history that can be believed.
#[derive(Debug, Error)]
pub enum HistoryFault {
    /// The state says that there is no such model.
    #[error("there is no model {model} in block {block}")]
    UnknownModel {
        /// The model.
        model: ModelId,
        /// The block's number.
        block: u64,
    },
    /// The node gave no logs.
    #[error(transparent)]
    Logs(#[from] LogsFault),
    /// More entries than the state holds, or than this reader takes.
    #[error("the node gave more than the {limit} entries that there are")]
    TooMany {
        /// Entries there are.
        limit: u64,
    },
    /// A log that is no entry.
    #[error("entry {sequence} of the history is none: {source}; the node is wrong or lies")]
    Entry {
        /// Its place, from 1.
        sequence: u64,
        /// What is wrong.
        source: Box<EntryError>,
    },
    /// An entry that cannot stand at its place: altered, missing before it, doubled or out of order.
    #[error("{0}; the node is wrong or lies")]
    Broken(Box<HistoryError>),
    /// Entries are missing at the end.
    #[error(
        "the history has {expected} entries, the node gave {got}: entry {} is the first missing one. The node \
         leaves logs out; ask another one",
        .got + 1
    )]
    Short {
        /// Entries by the state.
        expected: u64,
        /// Entries given.
        got: u64,
    },
    /// The entries hold together but are not those the state commits to.
    #[error("the entries end in head {got}, the state holds {expected}: it is another history")]
    Head {
        /// The state's head.
        expected: B256,
        /// The entries' head.
        got: B256,
    },
    /// The state could not be proved.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
}

impl View {
    /// The whole history of `model` up to the view's block, replayed and proved.
    pub async fn history(&self, model: ModelId) -> Result<History, HistoryFault> {
        Ok(self.timeline(model).await?.0)
    }

    /// [`Self::history`], and the number of each entry's block. The numbers are the node's word: an entry binds
    /// its block's time, not its number.
    pub async fn timeline(&self, model: ModelId) -> Result<(History, Vec<Option<u64>>), HistoryFault> {
        let client = &self.client;
        let (_, proven) = client.ledger.prove(&self.block, client.id.address, &history_slots(model)).await?;
        let [head, length] = proven.slots[..] else {
            return Err(HistoryFault::UnknownModel { model, block: self.block.header.number });
        };
        let expected = history_length(length);
        if expected == 0 {
            return Err(HistoryFault::UnknownModel { model, block: self.block.header.number });
        }
        let limit = client.limits.entries as u64;
        if expected > limit {
            return Err(HistoryFault::TooMany { limit });
        }
        let (entries, blocks): (Vec<_>, Vec<_>) = self.entries(model, expected).await?.into_iter().unzip();
        let got = entries.len() as u64;
        let history = History::replay(client.id, model, entries, &client.limits)
            .map_err(|error| HistoryFault::Broken(Box::new(error)))?;
        let Some(history) = history.filter(|_| got == expected) else {
            return Err(HistoryFault::Short { expected, got });
        };
        if history.head() != head {
            return Err(HistoryFault::Head { expected: head, got: history.head() });
        }
        Ok((history, blocks))
    }

    /// What the node gives as the model's entries, each with the block it names; at most `limit`.
    async fn entries(&self, model: ModelId, limit: u64) -> Result<Vec<(Entry, Option<u64>)>, HistoryFault> {
        let client = &self.client;
        let filter = Filter::new().address(client.id.address).event_signature(Entry::topic()).topic1(model.0);
        let mut entries = Vec::new();
        self.logs(&filter, client.from_block, |log| {
            let sequence = entries.len() as u64 + 1;
            if sequence > limit {
                return Err(HistoryFault::TooMany { limit });
            }
            let entry = Entry::decode(log.topics(), &log.data().data, &client.limits)
                .map_err(|source| HistoryFault::Entry { sequence, source: Box::new(source) })?;
            entries.push((entry, log.block_number));
            Ok(())
        })
        .await?;
        Ok(entries)
    }
}
