//! A typed client of `ModelRegistry` and `Anchors`.
//!
//! Writing goes through a [`Sender`](crate::contracts::Sender): simulated, priced, shown, sent, final. Reading
//! goes through a [`View`], which is pinned to one final block, so that answers belong together and cannot be
//! reorganised away. [`View::history`] believes no node: it replays every entry under the contract's rules and
//! compares the end with a storage proof.

mod anchors;
mod decision;
mod dossier;
mod history;
mod logs;
mod rounds;
mod view;
mod write;

pub use anchors::{AnchorEvent, AnchorsFault};
pub use decision::{Decision, DecisionError, Proved, Subject};
pub use dossier::{Dossier, DossierError};
pub use history::HistoryFault;
pub use logs::LogsFault;
pub(crate) use logs::logs;
pub(crate) use view::ask;
pub use view::{KeyState, LogState, Policy, ReadError, RecordedDecision, VersionState, View};
pub use write::{Anchored, PolicyTerms, SignedApproval, SignedRotation};

use crate::{
    Ledger,
    contracts::{Deployment, DeploymentFault},
    keys::{AccountKey, SignError},
};
use averment_primitives::{Address, B256, Bytes};
use averment_registry::{
    approval::{Approval, KeyRotation},
    history::Limits,
    version::RegistryId,
};

/// The registry and the anchors of one deployment. Copies are the same client.
#[derive(Debug, Clone)]
pub struct RegistryClient {
    ledger: Ledger,
    id: RegistryId,
    anchors: Address,
    /// No history is older.
    from_block: u64,
    limits: Limits,
}

impl RegistryClient {
    /// A client of `deployment`, once the record is checked against the chain.
    pub async fn open(ledger: &Ledger, deployment: &Deployment) -> Result<Self, DeploymentFault> {
        deployment.check(ledger).await?;
        Ok(Self {
            ledger: ledger.clone(),
            id: deployment.registry_id(),
            anchors: deployment.anchors.address,
            from_block: deployment.block_number,
            limits: Limits::default(),
        })
    }

    /// The registry, as ids and signatures name it.
    pub fn id(&self) -> RegistryId {
        self.id
    }

    /// Where the anchors are.
    pub fn anchors(&self) -> Address {
        self.anchors
    }

    /// The chain.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Signs `approval` for this registry. Show [`Approval::in_words`] first.
    pub fn sign_approval(&self, key: &AccountKey, approval: Approval) -> Result<SignedApproval, SignError> {
        let signature = sign(key, &approval.digest(self.id))?;
        Ok(SignedApproval { approval, signature })
    }

    /// Signs `rotation` for this registry. Show [`KeyRotation::in_words`] first.
    pub fn sign_rotation(
        &self,
        key: &AccountKey,
        rotation: KeyRotation,
    ) -> Result<SignedRotation, SignError> {
        let signature = sign(key, &rotation.digest(self.id))?;
        Ok(SignedRotation { rotation, signature })
    }
}

fn sign(key: &AccountKey, digest: &B256) -> Result<Bytes, SignError> {
    Ok(key.sign_digest(digest)?.as_bytes().into())
}
