//! Reading: everything the contracts say about one final block.

use super::RegistryClient;
use crate::{
    HeaderError, Ledger, VerifiedHeader,
    contracts::{Anchors, ModelRegistry, Refusal},
};
use alloy::{
    network::TransactionBuilder, providers::Provider, rpc::types::TransactionRequest, sol_types::SolCall,
    transports::TransportError,
};
use averment_primitives::{Address, B256, LogId, ModelId, RoleId, VersionId};
use averment_registry::{
    approval::Decision,
    history::Stage,
    version::{RegistryId, VersionContent},
};
use thiserror::Error;

/// Why something could not be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// No final block that checks.
    #[error(transparent)]
    Header(#[from] Box<HeaderError>),
    /// The node did not answer.
    #[error("asking the contract for {function} in block {block} failed: {source}")]
    Request {
        /// The function.
        function: &'static str,
        /// The block's number.
        block: u64,
        /// Why.
        source: TransportError,
    },
    /// The contract refused: mostly something unknown.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// The answer is not what the function returns.
    #[error("the answer to {function} is not what the contract returns: {why}")]
    Answer {
        /// The function.
        function: &'static str,
        /// The decoder's words.
        why: String,
    },
    /// A number that stands for nothing this release knows.
    #[error("{field} {got} is unknown to this release")]
    Code {
        /// What the number stands for.
        field: &'static str,
        /// The number.
        got: u8,
    },
}

impl From<HeaderError> for ReadError {
    fn from(error: HeaderError) -> Self {
        Self::Header(Box::new(error))
    }
}

/// A policy as the contract holds it: roles by their ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The roles, in order.
    pub roles: Vec<RoleId>,
    /// How many must approve.
    pub threshold: u8,
}

/// Where a version stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VersionState {
    /// Its model.
    pub model: ModelId,
    /// Its stage.
    pub stage: Stage,
    /// Who registered it.
    pub registrant: Address,
    /// When, in seconds of Unix time.
    pub registered_at: u64,
    /// The policy that applies to it.
    pub policy_revision: u64,
}

/// What an account is in a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyState {
    /// The role it holds or held.
    pub role: RoleId,
    /// The entry since when.
    pub since: u64,
    /// The key that handed the role to it; none if the owner appointed it.
    pub predecessor: Option<Address>,
    /// The entry from which on it was declared compromised.
    pub compromised_from: Option<u64>,
}

/// A role's last decision about a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordedDecision {
    /// What was decided.
    pub decision: Decision,
    /// Whose key signed.
    pub signer: Address,
    /// The entry that records it.
    pub sequence: u64,
}

/// An anchored log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogState {
    /// The only account that may anchor it.
    pub poster: Address,
    /// The registry whose head is recorded with it; none if it names none.
    pub registry: Option<Address>,
    /// Seconds an epoch.
    pub cadence: u64,
    /// When epoch 0 began, in seconds of Unix time.
    pub opened_at: u64,
    /// Epochs anchored.
    pub count: u64,
}

/// The contracts' state in one final block.
#[derive(Debug, Clone)]
pub struct View {
    pub(super) client: RegistryClient,
    pub(super) block: VerifiedHeader,
}

impl RegistryClient {
    /// The state in the newest final block.
    pub async fn at_final(&self) -> Result<View, ReadError> {
        Ok(self.at(self.ledger.newest_final().await?))
    }

    /// The state in `block`, which must be final.
    pub fn at(&self, block: VerifiedHeader) -> View {
        View { client: self.clone(), block }
    }
}

impl View {
    /// The block.
    pub fn block(&self) -> &VerifiedHeader {
        &self.block
    }

    /// The registry, as ids and signatures name it.
    pub fn registry_id(&self) -> RegistryId {
        self.client.id
    }

    /// Whether the model exists.
    pub async fn model_exists(&self, model: ModelId) -> Result<bool, ReadError> {
        self.registry("modelExists", ModelRegistry::modelExistsCall { modelId: model.0 }).await
    }

    /// Who owns the model.
    pub async fn owner(&self, model: ModelId) -> Result<Address, ReadError> {
        self.registry("ownerOf", ModelRegistry::ownerOfCall { modelId: model.0 }).await
    }

    /// To whom the model is offered, if it is.
    pub async fn pending_owner(&self, model: ModelId) -> Result<Option<Address>, ReadError> {
        let call = ModelRegistry::pendingOwnerOfCall { modelId: model.0 };
        self.registry("pendingOwnerOf", call).await.map(present)
    }

    /// Whether `account` may register versions besides the owner.
    pub async fn is_registrar(&self, model: ModelId, account: Address) -> Result<bool, ReadError> {
        self.registry("isRegistrar", ModelRegistry::isRegistrarCall { modelId: model.0, account }).await
    }

    /// Who may retire versions beside the owner, if somebody is appointed.
    pub async fn steward(&self, model: ModelId) -> Result<Option<Address>, ReadError> {
        self.registry("stewardOf", ModelRegistry::stewardOfCall { modelId: model.0 }).await.map(present)
    }

    /// The number of the policy that applies to versions registered next.
    pub async fn policy_revision(&self, model: ModelId) -> Result<u64, ReadError> {
        self.registry("policyRevision", ModelRegistry::policyRevisionCall { modelId: model.0 }).await
    }

    /// The policy numbered `revision`.
    pub async fn policy(&self, model: ModelId, revision: u64) -> Result<Policy, ReadError> {
        let call = ModelRegistry::policyOfCall { modelId: model.0, revision };
        let answer = self.registry("policyOf", call).await?;
        let roles = answer.roles.into_iter().map(RoleId).collect();
        Ok(Policy { roles, threshold: answer.threshold })
    }

    /// The present key of a role and the entry from which on it counts; none if it has none.
    pub async fn role_key(&self, model: ModelId, role: RoleId) -> Result<Option<(Address, u64)>, ReadError> {
        let call = ModelRegistry::roleKeyCall { modelId: model.0, role: role.0 };
        let answer = self.registry("roleKey", call).await?;
        Ok(present(answer.signer).map(|signer| (signer, answer.countsFromSequence)))
    }

    /// What `signer` is or was in the model; none if it never held a role.
    pub async fn key(&self, model: ModelId, signer: Address) -> Result<Option<KeyState>, ReadError> {
        let answer = self.registry("keyOf", ModelRegistry::keyOfCall { modelId: model.0, signer }).await?;
        Ok((!answer.role.is_zero()).then(|| KeyState {
            role: RoleId(answer.role),
            since: answer.since,
            predecessor: present(answer.predecessor),
            compromised_from: Some(answer.compromisedFrom).filter(|from| *from != 0),
        }))
    }

    /// The key whose decision for `role` counts about `version`.
    pub async fn decider(&self, version: VersionId, role: RoleId) -> Result<Option<Address>, ReadError> {
        let call = ModelRegistry::deciderOfCall { versionId: version.0, role: role.0 };
        self.registry("deciderOf", call).await.map(present)
    }

    /// The head of a model's history and its length, as the contract answers; [`Self::history`] proves them.
    pub async fn history_head(&self, model: ModelId) -> Result<(B256, u64), ReadError> {
        let call = ModelRegistry::historyHeadCall { modelId: model.0 };
        self.registry("historyHead", call).await.map(|answer| (answer.head, answer.length))
    }

    /// The chain of hashes over all models' heads.
    pub async fn registry_head(&self) -> Result<B256, ReadError> {
        self.registry("registryHead", ModelRegistry::registryHeadCall {}).await
    }

    /// Where a version stands; none if it is not registered.
    pub async fn version(&self, version: VersionId) -> Result<Option<VersionState>, ReadError> {
        let call = ModelRegistry::versionCall { versionId: version.0 };
        let answer = match self.registry("version", call).await {
            Err(ReadError::Refused(refusal)) if unknown_version(&refusal) => return Ok(None),
            answer => answer?,
        };
        let stage = match answer.stage {
            0 => return Ok(None),
            1 => Stage::Registered,
            2 => Stage::Approved,
            3 => Stage::Deployed,
            4 => Stage::Retired,
            5 => Stage::Revoked,
            got => return Err(ReadError::Code { field: "stage", got }),
        };
        Ok(Some(VersionState {
            model: ModelId(answer.modelId),
            stage,
            registrant: answer.registrant,
            registered_at: answer.registeredAt,
            policy_revision: answer.revision,
        }))
    }

    /// What a version consists of.
    pub async fn content(&self, version: VersionId) -> Result<VersionContent, ReadError> {
        let answer = self.registry("content", ModelRegistry::contentCall { versionId: version.0 }).await?;
        Ok(VersionContent {
            manifest_digest: answer.manifestDigest,
            artifacts_root: answer.artifactsRoot,
            weights_commitment: answer.weightsCommitment,
            plan_digest: answer.planDigest,
            parents: answer.parents.into_iter().map(VersionId).collect(),
        })
    }

    /// Since when a version runs in `environment`, in seconds of Unix time; none if it does not.
    pub async fn deployed_since(
        &self,
        version: VersionId,
        environment: &str,
    ) -> Result<Option<u64>, ReadError> {
        let call =
            ModelRegistry::deployedSinceCall { versionId: version.0, environment: environment.to_owned() };
        let since = self.registry("deployedSince", call).await?;
        Ok(Some(since).filter(|since| *since != 0))
    }

    /// A role's last decision about a version.
    pub async fn decision(
        &self,
        version: VersionId,
        role: RoleId,
    ) -> Result<Option<RecordedDecision>, ReadError> {
        let call = ModelRegistry::decisionOfCall { versionId: version.0, role: role.0 };
        let answer = self.registry("decisionOf", call).await?;
        if answer.decision == 0 {
            return Ok(None);
        }
        let decision = Decision::from_code(answer.decision)
            .ok_or(ReadError::Code { field: "decision", got: answer.decision })?;
        Ok(Some(RecordedDecision { decision, signer: answer.signer, sequence: answer.sequence }))
    }

    /// Whether enough uncompromised approvals stand, whatever the stage.
    pub async fn is_approved(&self, version: VersionId) -> Result<bool, ReadError> {
        self.registry("isApproved", ModelRegistry::isApprovedCall { versionId: version.0 }).await
    }

    /// Whether `account` is a contract, so that its signatures are for it to judge (EIP-1271), not for a key.
    pub async fn is_contract(&self, account: Address) -> Result<bool, ReadError> {
        let code = self.client.ledger.provider().get_code_at(account).hash(self.block.hash).await;
        let (function, block) = ("its code", self.block.header.number);
        code.map(|code| !code.is_empty()).map_err(|source| ReadError::Request { function, block, source })
    }

    /// The second before which the registry is paused; in the past if it is not.
    pub async fn paused_until(&self) -> Result<u64, ReadError> {
        self.registry("pausedUntil", ModelRegistry::pausedUntilCall {}).await
    }

    /// An anchored log; none if it was never opened.
    pub async fn log(&self, log: LogId) -> Result<Option<LogState>, ReadError> {
        let answer = self.read("log", self.client.anchors, Anchors::logCall { logId: log.0 }).await?;
        Ok(present(answer.poster).map(|poster| LogState {
            poster,
            registry: present(answer.registry),
            cadence: answer.cadence,
            opened_at: answer.openedAt,
            count: answer.count,
        }))
    }

    /// What was anchored for `epoch` ([`averment_registry::version::anchor_digest`]); none if it was missed.
    pub async fn anchored(&self, log: LogId, epoch: u64) -> Result<Option<B256>, ReadError> {
        let call = Anchors::anchoredCall { logId: log.0, epoch };
        let digest = self.read("anchored", self.client.anchors, call).await?;
        Ok(Some(digest).filter(|digest| !digest.is_zero()))
    }

    async fn registry<C: SolCall>(&self, function: &'static str, call: C) -> Result<C::Return, ReadError> {
        self.read(function, self.client.id.address, call).await
    }

    async fn read<C: SolCall>(
        &self,
        function: &'static str,
        to: Address,
        call: C,
    ) -> Result<C::Return, ReadError> {
        ask(&self.client.ledger, &self.block, function, to, call).await
    }
}

/// Asks a contract for something as of a block.
pub(crate) async fn ask<C: SolCall>(
    ledger: &Ledger,
    block: &VerifiedHeader,
    function: &'static str,
    to: Address,
    call: C,
) -> Result<C::Return, ReadError> {
    let request = TransactionRequest::default().with_to(to).with_input(call.abi_encode());
    let answer = ledger.provider().call(request).hash(block.hash).await;
    let answer = answer.map_err(|source| match Refusal::of(&source) {
        Some(refusal) => ReadError::Refused(Box::new(refusal)),
        None => ReadError::Request { function, block: block.header.number, source },
    })?;
    C::abi_decode_returns(&answer).map_err(|error| ReadError::Answer { function, why: error.to_string() })
}

fn present(account: Address) -> Option<Address> {
    (!account.is_zero()).then_some(account)
}

fn unknown_version(refusal: &Refusal) -> bool {
    use ModelRegistry::ModelRegistryErrors::UnknownVersion;
    matches!(refusal, Refusal::Registry(UnknownVersion(_)))
}
