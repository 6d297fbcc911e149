//! What an audit file takes from a chain: models' whole histories, and the proofs that they are whole.
//!
//! A node is not believed: a history is replayed under the contract's rules and its hash chain recomputed, so
//! an event that is missing, altered or out of order is named; proofs are checked against the header by whoever
//! reads the audit file, and here once before they are handed on.

use crate::{
    Ledger, VerifiedHeader,
    evidence::{EvidenceError, header_rlp},
};
use alloy::{primitives::Address, providers::Provider, rpc::types::Filter, transports::TransportError};
use averment_primitives::{ModelId, VersionId};
use averment_registry::{
    audit::{self, Evidence, HistoryEvidence, LogEvidence, VersionEvidence},
    history::{self, Entry, EntryError, History, HistoryError},
    version::RegistryId,
};
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

/// Why evidence could not be had from a chain.
#[derive(Debug, Error)]
pub enum DossierError {
    /// The node did not answer.
    #[error("asking the node for {what} failed: {source}")]
    Request {
        /// What was asked for.
        what: &'static str,
        /// Why.
        source: TransportError,
    },
    /// The node gave an event that the registry could not have made.
    #[error("the node gave an event of model {model} that is none: {source}")]
    Entry {
        /// The model.
        model: ModelId,
        /// What is wrong with it.
        source: EntryError,
    },
    /// The events do not make a history: one is missing, altered or out of order.
    #[error("the node's history of model {model} does not hold: {source}")]
    History {
        /// The model.
        model: ModelId,
        /// The first broken entry.
        source: Box<HistoryError>,
    },
    /// There is no such model.
    #[error("registry {registry} has no model {model} in block {block}")]
    NoModel {
        /// The registry.
        registry: Address,
        /// The model.
        model: ModelId,
        /// The block's number.
        block: u64,
    },
    /// State could not be proved.
    #[error(transparent)]
    State(#[from] EvidenceError),
}

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
}

impl Ledger {
    /// The whole history of `model` as of `block`, replayed under the contract's rules.
    ///
    /// Completeness is for the caller to check: the last head must be the one that storage holds.
    pub async fn history(
        &self,
        registry: RegistryId,
        model: ModelId,
        block: &VerifiedHeader,
    ) -> Result<History, DossierError> {
        let filter = Filter::new()
            .address(registry.address)
            .event_signature(Entry::topic())
            .topic1(model.0)
            .from_block(0)
            .to_block(block.header.number);
        let logs = self.provider().get_logs(&filter).await;
        let logs = logs.map_err(|source| DossierError::Request { what: "the history's events", source })?;
        let limits = history::Limits::default();
        let entries: Result<Vec<Entry>, EntryError> =
            logs.iter().map(|log| Entry::decode(log.topics(), &log.data().data, &limits)).collect();
        let entries = entries.map_err(|source| DossierError::Entry { model, source })?;
        History::replay(registry, model, entries, &limits)
            .map_err(|source| DossierError::History { model, source: Box::new(source) })?
            .ok_or(DossierError::NoModel { registry: registry.address, model, block: block.header.number })
    }

    /// The audit file for `dossier` as of `block`: histories and proofs from the chain, the rest as given.
    pub async fn evidence(
        &self,
        registry: RegistryId,
        dossier: Dossier,
        block: &VerifiedHeader,
    ) -> Result<Evidence, DossierError> {
        let slots = Evidence::registry_slots(dossier.models.iter().copied());
        let mut histories = Vec::with_capacity(dossier.models.len());
        for &model in &dossier.models {
            let history = self.history(registry, model, block).await?;
            let entries = history.entries().iter().map(Into::into).collect();
            histories.push(HistoryEvidence { model, entries });
        }
        let (proof, proven) = self.prove(block, registry.address, &slots).await?;
        let implementation = proven.slots.first().copied().unwrap_or_default();
        let (implementation, _) = self.prove(block, Address::from_word(implementation), &[]).await?;
        Ok(Evidence {
            format: audit::Format::V1,
            subject: dossier.subject,
            chain_id: registry.chain_id,
            header: header_rlp(block),
            registry: proof,
            implementation,
            histories,
            versions: dossier.versions.into_values().collect(),
            logs: dossier.logs,
        })
    }
}
