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
    /// What the task's vectors are, without which no proof can be checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vectors: Option<VectorsEvidence>,
    /// The proof of each final round, in order; all or none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proofs: Vec<RoundProofEvidence>,
    /// That the version's weights are the task's, shifted and rounded; none if their points are the task's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adoption: Option<AdoptionEvidence>,
    /// The token that is paid in, as the file's maker tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenTold>,
}

/// What the vectors of a task are (docs/federated.md, F1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VectorsEvidence {
    /// The plan that the terms name, `averment-plan/1`.
    pub plan: Bytes,
    /// What its cells mean, `averment-vector-layout/1`.
    pub layout: Bytes,
}

/// The proof with which the contract took a round's model, and the points in it that nothing else in the file has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RoundProofEvidence {
    /// The remainder's points.
    pub remainder: Bytes,
    /// The participants' cumulative points, ascending by account; empty in a task without.
    pub cumulatives: Bytes,
    /// The proof.
    pub proof: Bytes,
}

/// An adoption, and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AdoptionEvidence {
    /// The `averment-adoption/1`.
    pub file: Bytes,
    /// The version's own plan, `averment-plan/1`.
    pub plan: Bytes,
    /// The commitment to its weights.
    pub weights: Bytes,
    /// The certificate of their range.
    pub certificate: Bytes,
}

/// How amounts of a token are written. Nothing proves it: digits are in the token's code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TokenTold {
    /// What a whole one is called.
    pub symbol: String,
    /// Digits behind the point.
    pub decimals: u8,
}

impl TokenTold {
    /// The longest symbol, in bytes.
    pub const SYMBOL: usize = 32;
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

    /// Whether there is more than `averment-audit/3` has.
    pub(in super::super) fn has_proofs(&self) -> bool {
        self.vectors.is_some() || !self.proofs.is_empty() || self.adoption.is_some() || self.token.is_some()
    }

    /// Refuses more of something than a reader takes.
    pub(in super::super) fn within(&self, limits: &Limits) -> Result<(), EvidenceError> {
        let steps = self.steps.blocks.iter().map(|block| block.receipts.len()).sum::<usize>();
        for (what, limit, got) in [
            ("blocks and receipts of rounds", limits.steps, steps.saturating_add(self.steps.blocks.len())),
            ("steps of rounds that are told", limits.steps, self.steps.told.len()),
            ("rounds", limits.steps, self.differences.len()),
            ("proofs of rounds", limits.steps, self.proofs.len()),
            (
                "bytes in a token's symbol",
                TokenTold::SYMBOL,
                self.token.as_ref().map_or(0, |token| token.symbol.len()),
            ),
        ] {
            if got > limit {
                return Err(EvidenceError::TooMany { what, limit, got });
            }
        }
        Ok(())
    }
}
