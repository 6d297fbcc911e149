//! What of the log was anchored: `averment-log-anchor/1`, one file an anchor, numbered from 0.
//!
//! An anchor is a checkpoint on its way to the chain. It is *prepared*, then its signed transaction is noted
//! *before* that is sent, then it is *confirmed* or *dropped*. So after a crash it is known what may be on its
//! way: the same bytes can be sent again (the chain takes them once), and no second transaction is made while the
//! first may still arrive. Only the last anchor can be unsettled. The epoch is known only when the anchor is
//! confirmed: the contract counts by the block's time.

use super::{
    error::{AnchorError, ReadError, SettingsFault},
    layout::{Layout, create_private_folder, read_required, write_private},
    reader::Log,
    settings::{from_json, to_json},
};
use averment_primitives::{B256, Bytes};
use averment_registry::log::Checkpoint;
use serde::{Deserialize, Serialize};
use std::path::Path;

const FORMAT: &str = "averment-log-anchor/1";
const MAX_BYTES: u64 = 1 << 20;

/// A signed transaction that anchors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnchorTransaction {
    /// Its hash.
    pub hash: B256,
    /// Its bytes as they are sent, to send them again.
    pub raw: Bytes,
}

/// That an anchor is in a block that is final.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Confirmation {
    /// The epoch for which the contract recorded it.
    pub epoch: u64,
    /// The registry's head that the contract recorded with it.
    pub registry_head: B256,
    /// The transaction that did it.
    pub transaction: B256,
    /// The block's number.
    pub block_number: u64,
    /// The block's hash.
    pub block_hash: B256,
}

/// How an anchor ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum AnchorOutcome {
    /// It is on the chain.
    Confirmed(Confirmation),
    /// It never will be.
    Dropped,
}

/// A checkpoint on its way to the chain, or there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// Its number among the log's anchors, from 0.
    pub number: u64,
    /// What is anchored: size and root.
    pub checkpoint: Checkpoint,
    /// The signed note of the checkpoint.
    pub note: String,
    /// Transactions that were, or may have been, sent for it; at most one of them arrives.
    pub transactions: Vec<AnchorTransaction>,
    /// How it ended, if it has.
    pub outcome: Option<AnchorOutcome>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    format: String,
    checkpoint: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    transactions: Vec<AnchorTransaction>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    outcome: Option<AnchorOutcome>,
}

impl Anchor {
    /// The root to anchor.
    pub fn root(&self) -> B256 {
        self.checkpoint.root
    }

    /// Whether a transaction may be on its way.
    pub fn is_pending(&self) -> bool {
        self.outcome.is_none() && !self.transactions.is_empty()
    }

    /// Notes that `transaction` is about to be sent.
    pub(super) fn send(&mut self, transaction: AnchorTransaction) -> Result<(), AnchorError> {
        self.unsettled()?;
        if !self.transactions.contains(&transaction) {
            self.transactions.push(transaction);
        }
        Ok(())
    }

    /// Notes how it ended. Noting the same again is no error.
    pub(super) fn settle(&mut self, outcome: AnchorOutcome) -> Result<(), AnchorError> {
        if self.outcome.as_ref() == Some(&outcome) {
            return Ok(());
        }
        self.unsettled()?;
        if let AnchorOutcome::Confirmed(Confirmation { transaction, .. }) = outcome
            && !self.transactions.iter().any(|sent| sent.hash == transaction)
        {
            return Err(AnchorError::Transaction { number: self.number, transaction });
        }
        self.outcome = Some(outcome);
        Ok(())
    }

    fn unsettled(&self) -> Result<(), AnchorError> {
        let settled = match self.outcome {
            None => return Ok(()),
            Some(AnchorOutcome::Confirmed(_)) => "confirmed",
            Some(AnchorOutcome::Dropped) => "dropped",
        };
        Err(AnchorError::Settled { number: self.number, settled })
    }

    pub(super) fn write(&self, layout: &Layout) -> Result<(), AnchorError> {
        let path = layout.anchor(self.number);
        let written = Written {
            format: FORMAT.into(),
            checkpoint: self.note.clone(),
            transactions: self.transactions.clone(),
            outcome: self.outcome.clone(),
        };
        let bytes = to_json(&path, FORMAT, &written)?;
        create_private_folder(path.parent().unwrap_or(Path::new(".")))?;
        Ok(write_private(&path, &bytes)?)
    }
}

/// How many anchors there are. Numbers have no gaps, so a search that doubles and then halves finds the end.
pub(super) fn count(layout: &Layout) -> Result<u64, ReadError> {
    let exists = |number| {
        let path = layout.anchor(number);
        path.try_exists().map_err(|source| ReadError::Io { path, source })
    };
    if !exists(0)? {
        return Ok(0);
    }
    // `low` exists, `high` does not.
    let (mut low, mut high) = (0u64, 1u64);
    while exists(high)? {
        (low, high) = (high, high.saturating_mul(2));
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if exists(middle)? {
            low = middle;
        } else {
            high = middle;
        }
    }
    Ok(high)
}

/// The anchor with this number, which must be there; its note is checked.
pub(super) fn read(log: &Log, number: u64) -> Result<Anchor, ReadError> {
    let path = log.layout().anchor(number);
    let written: Written = from_json(&path, FORMAT, &read_required(&path, MAX_BYTES)?)?;
    let checkpoint = log.open_note(written.checkpoint.as_bytes()).map_err(|error| ReadError::Settings {
        path: path.clone(),
        fault: SettingsFault::Field { field: "checkpoint", reason: error.to_string() },
    })?;
    let (transactions, outcome) = (written.transactions, written.outcome);
    Ok(Anchor { number, checkpoint, note: written.checkpoint, transactions, outcome })
}

/// The first confirmed anchor whose checkpoint counts the record with this index.
pub(super) fn covering(log: &Log, index: u64) -> Result<Option<Anchor>, ReadError> {
    let count = count(log.layout())?;
    // Sizes ascend with the numbers.
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low + (high - low) / 2;
        if read(log, middle)?.checkpoint.size > index {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    for number in low..count {
        let anchor = read(log, number)?;
        if matches!(anchor.outcome, Some(AnchorOutcome::Confirmed(_))) {
            return Ok(Some(anchor));
        }
    }
    Ok(None)
}
