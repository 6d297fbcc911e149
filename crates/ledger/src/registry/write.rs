//! Everything that changes the registry or the anchors, one method a function of the contracts.

use super::RegistryClient;
use crate::contracts::{Anchors, ModelRegistry, SendError, Sender, Sent};
use alloy::sol_types::{SolCall, SolEvent};
use averment_primitives::{Address, B256, Bytes, LogId, ModelId, RoleId, VersionId};
use averment_registry::{
    approval::{Approval, KeyRotation},
    version::{LogTerms, VersionContent},
};

/// Who must agree before a version may be deployed: `threshold` of these roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyTerms {
    /// Each role's name and its key. In a later policy the zero address means "the key it has".
    pub roles: Vec<(String, Address)>,
    /// How many of them.
    pub threshold: u8,
}

/// An approval and its signature: of the signer's key (65 bytes) or of a contract wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedApproval {
    /// What was signed.
    pub approval: Approval,
    /// The signature.
    pub signature: Bytes,
}

/// A rotation and the present key's signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedRotation {
    /// What was signed.
    pub rotation: KeyRotation,
    /// The signature.
    pub signature: Bytes,
}

/// What an anchor recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchored {
    /// The epoch it is for.
    pub epoch: u64,
    /// The log's root.
    pub root: B256,
    /// The registry's head at that moment; zero if the log names no registry.
    pub registry_head: B256,
}

impl RegistryClient {
    /// Creates a model owned by the sender. Its name is public.
    pub async fn create_model(
        &self,
        sender: &Sender,
        name: &str,
        policy: &PolicyTerms,
    ) -> Result<(ModelId, Sent), SendError> {
        let call = ModelRegistry::createModelCall { name: name.to_owned(), policy: policy.to_abi() };
        let sent = self.write(sender, "create the model", &call).await?;
        Ok((self.id.model_id(sender.address(), name), sent))
    }

    /// Offers the model to `new_owner`, who accepts with [`Self::accept_ownership`]; zero takes it back.
    pub async fn transfer_ownership(
        &self,
        sender: &Sender,
        model: ModelId,
        new_owner: Address,
    ) -> Result<Sent, SendError> {
        let call = ModelRegistry::transferOwnershipCall { modelId: model.0, newOwner: new_owner };
        self.write(sender, "offer the model", &call).await
    }

    /// Takes over a model that was offered to the sender.
    pub async fn accept_ownership(&self, sender: &Sender, model: ModelId) -> Result<Sent, SendError> {
        let call = ModelRegistry::acceptOwnershipCall { modelId: model.0 };
        self.write(sender, "accept the model", &call).await
    }

    /// Allows or forbids an account besides the owner to register versions.
    pub async fn set_registrar(
        &self,
        sender: &Sender,
        model: ModelId,
        registrar: Address,
        allowed: bool,
    ) -> Result<Sent, SendError> {
        let call = ModelRegistry::setRegistrarCall { modelId: model.0, registrar, allowed };
        self.write(sender, "set the registrar", &call).await
    }

    /// Appoints who may retire versions beside the owner; zero takes it back.
    pub async fn set_steward(
        &self,
        sender: &Sender,
        model: ModelId,
        steward: Address,
    ) -> Result<Sent, SendError> {
        let call = ModelRegistry::setStewardCall { modelId: model.0, steward };
        self.write(sender, "appoint the steward", &call).await
    }

    /// Sets the policy for versions registered from now on.
    pub async fn set_policy(
        &self,
        sender: &Sender,
        model: ModelId,
        policy: &PolicyTerms,
    ) -> Result<Sent, SendError> {
        let call = ModelRegistry::setPolicyCall { modelId: model.0, policy: policy.to_abi() };
        self.write(sender, "set the policy", &call).await
    }

    /// Appoints a new key for a role, which counts for versions registered from now on.
    pub async fn replace_role_key(
        &self,
        sender: &Sender,
        model: ModelId,
        role: RoleId,
        new_signer: Address,
    ) -> Result<Sent, SendError> {
        let call =
            ModelRegistry::replaceRoleKeyCall { modelId: model.0, role: role.0, newSigner: new_signer };
        self.write(sender, "appoint the key", &call).await
    }

    /// Submits a rotation that the role's present key signed. By anyone.
    pub async fn rotate_role_key(&self, sender: &Sender, signed: &SignedRotation) -> Result<Sent, SendError> {
        let rotation = &signed.rotation;
        let call = ModelRegistry::rotateRoleKeyCall {
            rotation: ModelRegistry::KeyRotation {
                modelId: rotation.model.0,
                role: rotation.role.0,
                newSigner: rotation.new_signer,
                expiry: rotation.expiry,
            },
            signature: signed.signature.clone(),
        };
        self.write(sender, "hand the role on", &call).await
    }

    /// Declares that a key was not its owner's alone from history entry `from_sequence` on.
    pub async fn declare_compromised(
        &self,
        sender: &Sender,
        model: ModelId,
        role: RoleId,
        signer: Address,
        from_sequence: u64,
    ) -> Result<Sent, SendError> {
        let call = ModelRegistry::declareCompromisedCall {
            modelId: model.0,
            role: role.0,
            signer,
            fromSequence: from_sequence,
        };
        self.write(sender, "declare the key compromised", &call).await
    }

    /// Registers a version of `model`.
    pub async fn register_version(
        &self,
        sender: &Sender,
        model: ModelId,
        content: &VersionContent,
    ) -> Result<(VersionId, Sent), SendError> {
        let call = ModelRegistry::registerVersionCall {
            modelId: model.0,
            versionContent: ModelRegistry::VersionContent {
                manifestDigest: content.manifest_digest,
                artifactsRoot: content.artifacts_root,
                weightsCommitment: content.weights_commitment,
                planDigest: content.plan_digest,
                parents: content.parents.iter().map(|parent| parent.0).collect(),
            },
        };
        let sent = self.write(sender, "register the version", &call).await?;
        Ok((self.id.version_id(model, content), sent))
    }

    /// Submits signed decisions in one transaction, by anyone. One that is recorded already is skipped.
    pub async fn submit_approvals(
        &self,
        sender: &Sender,
        signed: &[SignedApproval],
    ) -> Result<Sent, SendError> {
        let call = ModelRegistry::submitApprovalsCall {
            approvals: signed.iter().map(|one| approval_to_abi(&one.approval)).collect(),
            signatures: signed.iter().map(|one| one.signature.clone()).collect(),
        };
        self.write(sender, "submit the approvals", &call).await
    }

    /// States that an approved version runs in `environment` from now on.
    pub async fn deploy(
        &self,
        sender: &Sender,
        version: VersionId,
        environment: &str,
    ) -> Result<Sent, SendError> {
        let call = ModelRegistry::deployCall { versionId: version.0, environment: environment.to_owned() };
        self.write(sender, "deploy the version", &call).await
    }

    /// Ends a version's ordinary life.
    pub async fn retire(&self, sender: &Sender, version: VersionId, reason: &str) -> Result<Sent, SendError> {
        let call = ModelRegistry::retireCall { versionId: version.0, reason: reason.to_owned() };
        self.write(sender, "retire the version", &call).await
    }

    /// Withdraws a version for cause.
    pub async fn revoke(&self, sender: &Sender, version: VersionId, reason: &str) -> Result<Sent, SendError> {
        let call = ModelRegistry::revokeCall { versionId: version.0, reason: reason.to_owned() };
        self.write(sender, "revoke the version", &call).await
    }

    /// Stops new models and versions for `seconds`, at most seven days. By the pauser.
    pub async fn pause(&self, sender: &Sender, seconds: u64) -> Result<Sent, SendError> {
        self.write(sender, "pause the registry", &ModelRegistry::pauseCall { duration: seconds }).await
    }

    /// Ends a pause early. By the pauser.
    pub async fn unpause(&self, sender: &Sender) -> Result<Sent, SendError> {
        self.write(sender, "end the pause", &ModelRegistry::unpauseCall {}).await
    }

    /// Opens a log that the sender anchors every `cadence` seconds (60 to 31,536,000), together with this
    /// registry's head. Returns its terms, of which its id is a hash, and when epoch 0 began.
    pub async fn open_log(
        &self,
        sender: &Sender,
        cadence: u64,
        salt: B256,
    ) -> Result<(LogTerms, u64, Sent), SendError> {
        let registry = self.id.address;
        let call = Anchors::openCall { registry, cadence, salt };
        let sent = self.send(sender, "open the log", self.anchors, &call).await?;
        let opened: Anchors::LogOpened = event(&sent, self.anchors)?;
        let terms = LogTerms {
            chain_id: self.id.chain_id,
            anchors: self.anchors,
            poster: sender.address(),
            registry,
            cadence,
            salt,
        };
        Ok((terms, opened.openedAt, sent))
    }

    /// Anchors `root` for the present epoch of `log`. By its poster, once an epoch.
    pub async fn anchor(
        &self,
        sender: &Sender,
        log: LogId,
        root: B256,
    ) -> Result<(Anchored, Sent), SendError> {
        let call = Anchors::anchorCall { logId: log.0, root };
        let sent = self.send(sender, "anchor the log", self.anchors, &call).await?;
        let anchored: Anchors::Anchored = event(&sent, self.anchors)?;
        let Anchors::Anchored { epoch, root, registryHead: registry_head, .. } = anchored;
        Ok((Anchored { epoch, root, registry_head }, sent))
    }

    async fn write<C: SolCall>(
        &self,
        sender: &Sender,
        action: &'static str,
        call: &C,
    ) -> Result<Sent, SendError> {
        self.send(sender, action, self.id.address, call).await
    }

    async fn send<C: SolCall>(
        &self,
        sender: &Sender,
        action: &'static str,
        to: Address,
        call: &C,
    ) -> Result<Sent, SendError> {
        sender.call_on(self.id.chain_id, action, to, call).await
    }
}

impl PolicyTerms {
    fn to_abi(&self) -> ModelRegistry::PolicyInput {
        let (roles, signers) = self.roles.iter().cloned().unzip();
        ModelRegistry::PolicyInput { roles, signers, threshold: self.threshold }
    }
}

fn approval_to_abi(approval: &Approval) -> ModelRegistry::Approval {
    ModelRegistry::Approval {
        modelId: approval.model.0,
        versionId: approval.version.0,
        role: approval.role.0,
        decision: approval.decision.code(),
        policyRevision: approval.policy_revision,
        expiry: approval.expiry,
        nonce: approval.nonce,
    }
}

/// The event of this kind that `contract` made in the transaction.
fn event<E: SolEvent>(sent: &Sent, contract: Address) -> Result<E, SendError> {
    let mut logs = sent.receipt.logs().iter().filter(|log| log.address() == contract);
    logs.find_map(|log| E::decode_log(&log.inner).ok()).map(|log| log.data).ok_or(SendError::NoEvent {
        tx: sent.tx,
        event: E::SIGNATURE,
        contract,
    })
}
