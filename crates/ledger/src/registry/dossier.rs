//! The audit file, put together: proved histories and state from the chain, everything else as given.

use super::{HistoryFault, View};
use crate::evidence::{EvidenceError, header_rlp};
use averment_primitives::{Address, ModelId, VersionId};
use averment_registry::audit::{
    DecisionEvidence, Evidence, HistoryEvidence, LogEvidence, RoundsEvidence, VersionEvidence,
};
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

/// What an audit file says besides what the chain holds: manifests, listings, records.
#[derive(Debug, Clone)]
pub struct Dossier {
    /// The version that the file is about.
    pub subject: VersionId,
    /// The models of the version and of its ancestors.
    pub models: BTreeSet<ModelId>,
    /// The version and its ancestors.
    pub versions: BTreeMap<VersionId, VersionEvidence>,
    /// Logs with records about them.
    pub logs: Vec<LogEvidence>,
    /// The decision that the file is about; none if it is about the version alone.
    pub decision: Option<DecisionEvidence>,
    /// The rounds that made versions of the lineage, ascending by version.
    pub rounds: Vec<RoundsEvidence>,
}

/// Why there is no audit file.
#[derive(Debug, Error)]
pub enum DossierError {
    /// A model's history could not be had.
    #[error(transparent)]
    History(#[from] HistoryFault),
    /// State could not be proved.
    #[error(transparent)]
    State(#[from] EvidenceError),
}

impl View {
    /// The audit file for `dossier` as of the view's block.
    pub async fn evidence(&self, dossier: Dossier) -> Result<Evidence, DossierError> {
        let (ledger, registry) = (&self.client.ledger, self.client.id);
        let mut histories = Vec::with_capacity(dossier.models.len());
        for &model in &dossier.models {
            let entries = self.history(model).await?.entries().iter().map(Into::into).collect();
            histories.push(HistoryEvidence { model, entries });
        }
        let slots = Evidence::registry_slots(dossier.models.iter().copied());
        let (proof, proven) = ledger.prove(&self.block, registry.address, &slots).await?;
        let implementation = Address::from_word(proven.slots.first().copied().unwrap_or_default());
        let (implementation, _) = ledger.prove(&self.block, implementation, &[]).await?;
        Ok(Evidence {
            format: Evidence::right_format(dossier.decision.is_some(), &dossier.rounds),
            subject: dossier.subject,
            chain_id: registry.chain_id,
            header: header_rlp(&self.block),
            registry: proof,
            implementation,
            histories,
            versions: dossier.versions.into_values().collect(),
            logs: dossier.logs,
            decision: dossier.decision,
            rounds: dossier.rounds,
        })
    }
}
