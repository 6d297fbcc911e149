//! What of the log was anchored: `averment-log-anchor/1`, one file an anchor, numbered from 0.
//!
//! An anchor is *prepared*, a checkpoint that is about to be sent, and *confirmed* once it stands in a final block.
//! After a crash in between nobody here knows whether it was sent. The chain does: its anchors tell by their root
//! which of the unconfirmed ones they are. To send one again does no harm, because an epoch has one anchor and any
//! root of the log proves what it covers. The epoch is known only when the anchor is confirmed: the contract counts
//! by the block's time.

use super::{
    error::{AnchorError, ReadError, SettingsFault},
    layout::{Layout, read_required, write_private},
    reader::Log,
    settings::{from_json, to_json},
};
use crate::atomic::create_private_folder;
use averment_primitives::B256;
use averment_registry::log::Checkpoint;
use serde::{Deserialize, Serialize};
use std::path::Path;

const FORMAT: &str = "averment-log-anchor/1";
const MAX_BYTES: u64 = 1 << 20;

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

/// A checkpoint on its way to the chain, or there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// Its number among the log's anchors, from 0.
    pub number: u64,
    /// What is anchored: size and root.
    pub checkpoint: Checkpoint,
    /// The signed note of the checkpoint.
    pub note: String,
    /// Where it stands on the chain; none if that is not known.
    pub confirmation: Option<Confirmation>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    format: String,
    checkpoint: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    confirmation: Option<Confirmation>,
}

impl Anchor {
    /// The root to anchor.
    pub fn root(&self) -> B256 {
        self.checkpoint.root
    }

    pub(super) fn write(&self, layout: &Layout) -> Result<(), AnchorError> {
        let path = layout.anchor(self.number);
        let written = Written {
            format: FORMAT.into(),
            checkpoint: self.note.clone(),
            confirmation: self.confirmation.clone(),
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
    Ok(Anchor { number, checkpoint, note: written.checkpoint, confirmation: written.confirmation })
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
        if anchor.confirmation.is_some() {
            return Ok(Some(anchor));
        }
    }
    Ok(None)
}

/// The newest anchor that is confirmed, and those after it, oldest first.
pub(super) fn newest(log: &Log) -> Result<(Option<Anchor>, Vec<Anchor>), ReadError> {
    let mut unconfirmed = Vec::new();
    for number in (0..count(log.layout())?).rev() {
        let anchor = read(log, number)?;
        if anchor.confirmation.is_some() {
            unconfirmed.reverse();
            return Ok((Some(anchor), unconfirmed));
        }
        unconfirmed.push(anchor);
    }
    unconfirmed.reverse();
    Ok((None, unconfirmed))
}
