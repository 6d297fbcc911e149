//! Checking a whole log: every tile and entry up to the signed root, every private record against its leaf, every
//! erasure against the record of it, every anchor against the tree. Constant memory but for the erasures.

use super::{
    error::VerifyError,
    reader::{Log, StoredRecord},
};
use averment_primitives::B256;
use averment_registry::log::{RecordKind, TILE_WIDTH};
use std::collections::{BTreeMap, BTreeSet};

/// What a log that is whole holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogReport {
    /// Number of records.
    pub size: u64,
    /// The root over their leaves.
    pub root: B256,
    /// How many there are of each kind that are kept.
    pub kinds: BTreeMap<RecordKind, u64>,
    /// How many were erased.
    pub erased: u64,
    /// Number of anchors, unsettled ones included.
    pub anchors: u64,
}

impl Log {
    /// Checks everything; see the module's head. `progress` is told how many records are checked.
    pub fn verify(&self, mut progress: impl FnMut(u64)) -> Result<LogReport, VerifyError> {
        let mut view = self.view()?;
        let size = view.size();
        let mut kinds = BTreeMap::new();
        let (mut erased, mut recorded) = (BTreeSet::new(), BTreeSet::new());
        for segment in 0..size.div_ceil(TILE_WIDTH.into()) {
            let records = view.segment(segment)?;
            progress(segment * u64::from(TILE_WIDTH) + records.len() as u64);
            for (index, _, stored) in records {
                match stored {
                    StoredRecord::Erased => drop(erased.insert(index)),
                    StoredRecord::Kept { record, .. } => {
                        *kinds.entry(record.kind()).or_insert(0) += 1;
                        recorded.extend(record.erased());
                    }
                }
            }
        }
        if let Some(&index) = erased.difference(&recorded).next() {
            return Err(VerifyError::ErasedUnrecorded { index });
        }
        if let Some(&index) = recorded.difference(&erased).next() {
            return Err(VerifyError::NotErased { index });
        }
        let anchors = self.anchors()?;
        let mut covered = 0;
        for anchor in &anchors {
            let (number, head) = (anchor.number, &anchor.checkpoint);
            let fault = |reason| VerifyError::Anchor { number, reason };
            if head.size <= covered || head.size > size {
                let reason = format!("it covers {} records; expected {} to {size}", head.size, covered + 1);
                return Err(fault(reason));
            }
            covered = head.size;
            let root = view.root_at(head.size)?;
            if root != head.root {
                return Err(fault(format!("its root is {}, the log's was {root}", head.root)));
            }
        }
        let (root, erased, anchors) = (view.checkpoint().root, erased.len() as u64, anchors.len() as u64);
        Ok(LogReport { size, root, kinds, erased, anchors })
    }
}
