//! What an audit file holds about the rounds that made a version.

use super::super::{
    decision::StepsEvidence,
    evidence::{EvidenceError, Limits},
};
use crate::{
    federated::{factory_slots, task_slots},
    state::{AccountProof, IMPLEMENTATION_SLOT},
};
use averment_primitives::{Address, B256, Bytes, VersionId};
use serde::{Deserialize, Serialize};

/// The rounds of a task that made a version, decoded but not believed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RoundsEvidence {
    /// The version: the file's subject or an ancestor.
    pub version: VersionId,
    /// The factory (its address is the proof's): see [`Self::factory_slots`].
    pub factory: AccountProof,
    /// The code behind the factory's proxy.
    pub implementation: AccountProof,
    /// The task: see [`Self::task_slots`].
    pub task: AccountProof,
    /// The contract whose code the task runs.
    pub runs: AccountProof,
    /// The task's code.
    pub code: Bytes,
    /// The commitment to the first model: bytes before its points.
    pub prefix: Bytes,
    /// Its points.
    pub points: Bytes,
    /// For each final round, in order, keccak256 of the points of what it adds to the model.
    pub differences: Vec<B256>,
    /// What the task said of its rounds.
    pub steps: StepsEvidence,
}

impl RoundsEvidence {
    /// The factory's slots that are proved, in this order.
    pub fn factory_slots(task: Address, version: VersionId) -> [B256; 3] {
        let [created, made] = factory_slots(task, version);
        [IMPLEMENTATION_SLOT, created, made]
    }

    /// The task's, in this order: where it stands, its model, the chain over its rounds, the version that it ended as.
    pub fn task_slots() -> [B256; 4] {
        task_slots()
    }

    /// Refuses more of something than a reader takes.
    pub(in super::super) fn within(&self, limits: &Limits) -> Result<(), EvidenceError> {
        let steps = self.steps.blocks.iter().map(|block| block.receipts.len()).sum::<usize>();
        for (what, limit, got) in [
            ("blocks and receipts of rounds", limits.steps, steps.saturating_add(self.steps.blocks.len())),
            ("steps of rounds that are told", limits.steps, self.steps.told.len()),
            ("rounds", limits.steps, self.differences.len()),
        ] {
            if got > limit {
                return Err(EvidenceError::TooMany { what, limit, got });
            }
        }
        Ok(())
    }
}
