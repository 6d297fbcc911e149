//! Why a contract refused, decoded from what it reverted with, in words that say what to do.

mod claims;
mod federated;
mod settlement;
mod stewardship;

use super::{
    AccessManager::AccessManagerErrors as Access, Anchors::AnchorsErrors as Anchor,
    ClaimsPool::ClaimsPoolErrors as Pool, Descriptors::DescriptorsErrors as Descriptor,
    FederatedTask::FederatedTaskErrors as Task, FederatedTasks::FederatedTasksErrors as Tasks,
    InferenceRouter::InferenceRouterErrors as Router, ModelRegistry::ModelRegistryErrors as Registry,
    OracleStaking::OracleStakingErrors as Staking, ProofVerifier::ProofVerifierErrors as Proof,
    Stewardship::StewardshipErrors as Steward, WeightsCertificates::WeightsCertificatesErrors as Certificate,
};
use alloy::{
    sol_types::{Panic, Revert, SolError, SolInterface},
    transports::TransportError,
};
use averment_primitives::{Bytes, RoleId};
use averment_registry::Utc;
use std::fmt;

/// Longest revert data decoded, in bytes; ours have at most 100.
const LIMIT: usize = 4096;

/// What a contract reverted with.
#[derive(Debug, Clone)]
pub enum Refusal {
    /// The registry's.
    Registry(Registry),
    /// The anchors'.
    Anchors(Anchor),
    /// That of a model's steward.
    Steward(Steward),
    /// The access manager's.
    Access(Access),
    /// The proof verifier's.
    Proof(Proof),
    /// That of the contract that registers descriptors.
    Descriptor(Descriptor),
    /// That of the contract that remembers certified weights.
    Certificate(Certificate),
    /// The router's.
    Router(Router),
    /// That of operators' stake.
    Staking(Staking),
    /// A claims pool's.
    Pool(Pool),
    /// That of a task of federated learning.
    Task(Task),
    /// That of what creates tasks.
    Tasks(Tasks),
    /// A contract's words.
    Message(String),
    /// Solidity's checks: arithmetic, bounds, enums.
    Panic(Panic),
    /// Something that none of our contracts says; empty if it gave no reason.
    Unknown(Bytes),
}

impl Refusal {
    /// Decodes revert data.
    pub fn decode(data: &[u8]) -> Self {
        if data.len() > LIMIT {
            return Self::Unknown(Bytes::copy_from_slice(&data[..LIMIT]));
        }
        if let Ok(error) = Registry::abi_decode(data) {
            return Self::Registry(error);
        }
        if let Ok(error) = Anchor::abi_decode(data) {
            return Self::Anchors(error);
        }
        if let Ok(error) = Steward::abi_decode(data) {
            return Self::Steward(error);
        }
        if let Ok(error) = Access::abi_decode(data) {
            return Self::Access(error);
        }
        if let Ok(error) = Proof::abi_decode(data) {
            return Self::Proof(error);
        }
        if let Ok(error) = Descriptor::abi_decode(data) {
            return Self::Descriptor(error);
        }
        if let Ok(error) = Certificate::abi_decode(data) {
            return Self::Certificate(error);
        }
        if let Ok(error) = Router::abi_decode(data) {
            return Self::Router(error);
        }
        if let Ok(error) = Staking::abi_decode(data) {
            return Self::Staking(error);
        }
        if let Ok(error) = Pool::abi_decode(data) {
            return Self::Pool(error);
        }
        if let Ok(error) = Task::abi_decode(data) {
            return Self::Task(error);
        }
        if let Ok(error) = Tasks::abi_decode(data) {
            return Self::Tasks(error);
        }
        if let Ok(Revert { reason }) = Revert::abi_decode(data) {
            return Self::Message(printable(&reason));
        }
        match Panic::abi_decode(data) {
            Ok(panic) => Self::Panic(panic),
            Err(_) => Self::Unknown(Bytes::copy_from_slice(data)),
        }
    }

    /// The refusal in a node's answer, if that is what it is.
    pub fn of(error: &TransportError) -> Option<Self> {
        error.as_error_resp()?.as_revert_data().map(|data| Self::decode(&data))
    }
}

/// A stranger's words without control characters, at most 300.
fn printable(text: &str) -> String {
    text.chars().take(300).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registry(error) => registry(error, f),
            Self::Anchors(error) => anchors(error, f),
            Self::Steward(error) => stewardship::steward(error, f),
            Self::Access(error) => access(error, f),
            Self::Proof(error) => proof(error, f),
            Self::Descriptor(error) => descriptor(error, f),
            Self::Certificate(error) => certificate(error, f),
            Self::Router(error) => settlement::router(error, f),
            Self::Staking(error) => settlement::staking(error, f),
            Self::Pool(error) => claims::pool(error, f),
            Self::Task(error) => federated::task(error, f),
            Self::Tasks(error) => federated::tasks(error, f),
            Self::Message(words) => write!(f, "the contract says {words:?}"),
            Self::Panic(panic) => write!(f, "the contract failed a check of its own: {panic}"),
            Self::Unknown(data) if data.is_empty() => {
                f.write_str("the contract gave no reason; is this the right address?")
            }
            Self::Unknown(data) => write!(f, "the contract gave a reason unknown to this release: {data}"),
        }
    }
}

fn registry(error: &Registry, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let role = |role| RoleId(role);
    match error {
        Registry::UnknownModel(e) => {
            write!(f, "there is no model {}; create it first, or check registry and chain", e.modelId)
        }
        Registry::UnknownVersion(e) => {
            write!(
                f,
                "version {} is not registered here; check the id, the registry and the chain",
                e.versionId
            )
        }
        Registry::ModelExists(e) => {
            write!(f, "your account has a model of this name already ({}); choose another name", e.modelId)
        }
        Registry::VersionExists(e) => {
            write!(f, "exactly this version is registered already ({})", e.versionId)
        }
        Registry::NotOwner(e) => {
            write!(f, "only the model's owner {} may do this, not {}", e.expected, e.got)
        }
        Registry::NotPendingOwner(e) => {
            write!(f, "the model was offered to {}, not to {}; the owner offers it first", e.expected, e.got)
        }
        Registry::NotOwnerOrRegistrar(e) => write!(
            f,
            "only the model's owner and its registrars may register versions, {} is neither; the owner can allow it",
            e.got
        ),
        Registry::NotOwnerOrKey(e) => {
            write!(f, "only the model's owner or the key itself may declare it compromised, not {}", e.got)
        }
        Registry::RegistrarUnchanged(e) => write!(
            f,
            "{} is {} a registrar already",
            e.registrar,
            if e.allowed { "allowed as" } else { "not" }
        ),
        Registry::NotOwnerOrSteward(e) => {
            write!(f, "only the model's owner and its steward may retire versions, {} is neither", e.got)
        }
        Registry::StewardUnchanged(e) if e.steward.is_zero() => {
            f.write_str("the model has no steward already")
        }
        Registry::StewardUnchanged(e) => write!(f, "{} is the model's steward already", e.steward),
        Registry::ZeroAddress(_) => f.write_str("an account is missing: the zero address was given"),
        Registry::TextLength(e) => {
            write!(f, "the text has {} bytes, allowed are {} to {}", e.got, e.min, e.max)
        }
        Registry::RoleCount(e) => write!(f, "a policy has {} to {} roles, this has {}", e.min, e.max, e.got),
        Registry::SignerCount(e) => {
            write!(f, "each role needs one key: {} keys expected, got {}", e.expected, e.got)
        }
        Registry::ThresholdOutOfRange(e) => {
            write!(f, "the threshold must be {} to {} (the number of roles), got {}", e.min, e.max, e.got)
        }
        Registry::DuplicateRole(e) => write!(f, "role {} is named twice in the policy", role(e.role)),
        Registry::RoleHasKey(e) => write!(
            f,
            "role {} has the key {} already, a policy cannot change it to {}; appoint the new key instead",
            role(e.role),
            e.signer,
            e.got
        ),
        Registry::RoleHasNoKey(e) => write!(f, "role {} has no key; the owner appoints one", role(e.role)),
        Registry::KeyAlreadyBound(e) => write!(
            f,
            "{} holds or held role {} in this model; a key holds one role, once: use a fresh key",
            e.signer,
            role(e.role)
        ),
        Registry::TooManyRotations(e) => {
            write!(f, "the role was handed on {} times in a row; the owner must appoint a key now", e.max)
        }
        Registry::NotARoleKey(e) => write!(f, "{} never held role {}", e.signer, role(e.role)),
        Registry::InvalidSequence(e) => {
            write!(f, "the history entry must be {} to {}, got {}", e.min, e.max, e.got)
        }
        Registry::CompromiseNotEarlier(e) => write!(
            f,
            "the key is declared compromised from entry {} already; a new declaration can only be earlier, got {}",
            e.declared, e.got
        ),
        Registry::EmptyDigest(_) => f.write_str("manifest digest and artifacts root must not be zero"),
        Registry::TooManyParents(e) => write!(f, "a version has at most {} parents, got {}", e.max, e.got),
        Registry::ParentsNotAscending(e) => {
            write!(f, "parents must be strictly ascending: {} follows {}", e.got, e.previous)
        }
        Registry::LengthMismatch(e) => {
            write!(f, "{} approvals came with {} signatures", e.approvals, e.signatures)
        }
        Registry::WrongModel(e) => {
            write!(f, "the approval is for model {}, the version belongs to {}", e.got, e.expected)
        }
        Registry::WrongPolicyRevision(e) => write!(
            f,
            "the version was registered under policy revision {}, the approval is for {}; sign it anew",
            e.expected, e.got
        ),
        Registry::RoleNotInPolicy(e) => {
            write!(f, "role {} has no say under policy revision {}", role(e.role), e.revision)
        }
        Registry::NoDecision(_) => f.write_str("the approval neither approves nor rejects"),
        Registry::RegistrantMayNotDecide(e) => write!(
            f,
            "{} registered this version, and role {} is or was its own: who registers cannot approve",
            e.registrant,
            role(e.role)
        ),
        Registry::KeyCompromised(e) => {
            write!(
                f,
                "{} was declared compromised, or came from a key that was; it can decide no more",
                e.signer
            )
        }
        Registry::Expired(e) => write!(
            f,
            "the signature was good until {}, the chain's time is {}; sign it anew",
            Utc(e.expiry),
            Utc(e.timestamp.saturating_to())
        ),
        Registry::NonceNotGreater(e) => write!(
            f,
            "this signer has decided with nonce {} already, {} is not greater: an old approval, or a replay",
            e.recorded, e.got
        ),
        Registry::InvalidSignature(e) => write!(
            f,
            "the signature is not that of {}, whose key counts here; check who signed what, and for which chain",
            e.signer
        ),
        Registry::WrongStage(e) => {
            write!(f, "version {} is {}, so this cannot be done", e.versionId, stage(e.got))
        }
        Registry::NotEnoughApprovals(e) => {
            write!(f, "{} of {} approvals stand (those of compromised keys do not count)", e.got, e.threshold)
        }
        Registry::AlreadyDeployed(e) => {
            write!(f, "version {} runs there already, since {}", e.versionId, Utc(e.since))
        }
        Registry::RegistryPaused(e) => {
            write!(f, "the registry takes no new models and versions until {}", Utc(e.until))
        }
        Registry::NotPaused(_) => f.write_str("the registry is not paused"),
        Registry::PauseTooSoon(e) => write!(f, "it can be paused again from {} on", Utc(e.availableFrom)),
        Registry::PauseDuration(e) => {
            write!(f, "a pause lasts {} to {} seconds, got {}", e.min, e.max, e.got)
        }
        Registry::AccessManagedUnauthorized(e) => {
            write!(f, "{} has no role that may do this", e.caller)
        }
        Registry::AccessManagedRequiredDelay(e) => {
            write!(f, "{} may do this only {} seconds after scheduling it", e.caller, e.delay)
        }
        Registry::InvalidInitialization(_) => f.write_str("the contract is initialised already"),
        other => write!(f, "{other:?}"),
    }
}

fn anchors(error: &Anchor, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match error {
        Anchor::CadenceOutOfRange(e) => {
            write!(f, "the cadence must be {} to {} seconds, got {}", e.min, e.max, e.got)
        }
        Anchor::NotAContract(e) => write!(f, "{} is no contract, so it is no registry", e.registry),
        Anchor::LogExists(e) => write!(f, "you opened this log already ({}); choose another salt", e.logId),
        Anchor::UnknownLog(e) => write!(f, "there is no log {}; open it first", e.logId),
        Anchor::NotPoster(e) => {
            write!(f, "only {} may anchor log {}, not {}", e.expected, e.logId, e.got)
        }
        Anchor::EmptyRoot(_) => f.write_str("the root is zero; anchor the root of at least a padding leaf"),
        Anchor::AlreadyAnchored(e) => {
            write!(f, "log {} is anchored for epoch {} already; wait for the next epoch", e.logId, e.epoch)
        }
        Anchor::NotEnoughGas(e) => {
            write!(
                f,
                "{} gas must be left for the registry's answer, {} is; send more gas",
                e.expected, e.got
            )
        }
    }
}

fn access(error: &Access, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match error {
        Access::AccessManagerUnauthorizedAccount(e) => {
            write!(f, "{} does not hold role {}", e.msgsender, e.roleId)
        }
        Access::AccessManagerUnauthorizedCall(e) => {
            write!(f, "{} may not call {} on {}", e.caller, e.selector, e.target)
        }
        Access::AccessManagerUnauthorizedCancel(e) => {
            write!(f, "{} may not cancel what {} scheduled", e.msgsender, e.caller)
        }
        Access::AccessManagerNotScheduled(e) => {
            write!(f, "operation {} is not scheduled (or was cancelled); schedule it first", e.operationId)
        }
        Access::AccessManagerNotReady(e) => {
            write!(f, "operation {} must wait until its delay is over", e.operationId)
        }
        Access::AccessManagerExpired(e) => {
            write!(f, "operation {} was not executed in time; schedule it again", e.operationId)
        }
        Access::AccessManagerAlreadyScheduled(e) => {
            write!(f, "operation {} is scheduled already", e.operationId)
        }
        other => write!(f, "{other:?}"),
    }
}

fn proof(error: &Proof, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match error {
        Proof::UnknownDescriptor(e) => {
            write!(
                f,
                "descriptor {} is not registered with the proof verifier; register it first",
                e.descriptor
            )
        }
        Proof::NotEnoughGas(_) => f.write_str("verifying needs more gas than the transaction was given"),
        Proof::BadSetup(_) => f.write_str("the setup's [tau]G2 is no generator of G2"),
        Proof::NoDescriptors(e) => {
            write!(f, "there is no contract at {} that registers descriptors", e.descriptors)
        }
    }
}

fn descriptor(error: &Descriptor, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match error {
        Descriptor::InvalidDescriptor(e) => write!(
            f,
            "the plan's descriptor breaks rule {} of docs/protocol.md [10] at {}: nothing can be proved of this plan",
            e.rule, e.place
        ),
        Descriptor::TablePoints(e) => write!(
            f,
            "the points of the plan's function tables have {} bytes, got {}",
            e.expectedBytes, e.gotBytes
        ),
        Descriptor::BadTablePoint(e) => {
            write!(f, "the point of function table chunk {} is not on the curve, or not canonical", e.chunk)
        }
        Descriptor::FailedDeployment(_) => {
            f.write_str("the descriptor could not be stored: send the transaction with more gas")
        }
        other => write!(f, "{other:?}"),
    }
}

fn certificate(error: &Certificate, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match error {
        Certificate::OtherPlan(e) => {
            write!(f, "the certificate is for another plan than the proof (difference {})", e.difference)
        }
        Certificate::NotProved(_) => {
            f.write_str("the certificate does not prove that these weights are in range")
        }
        // What the verifier says itself is decoded as the verifier's.
        other => write!(f, "{other:?}"),
    }
}

fn stage(code: u8) -> &'static str {
    match code {
        0 => "not registered",
        1 => "registered, but not approved",
        2 => "approved",
        3 => "deployed",
        4 => "retired",
        5 => "revoked",
        _ => "in a stage unknown to this release",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contracts::{Anchors, ModelRegistry};
    use averment_primitives::{Address, B256};

    #[test]
    fn errors_become_words_that_say_what_to_do() {
        let data = ModelRegistry::Expired {
            expiry: 1_700_000_000,
            timestamp: alloy::primitives::U256::from(1_700_000_060),
        };
        let words = Refusal::decode(&data.abi_encode()).to_string();
        assert!(words.contains("2023-11-14") && words.contains("sign it anew"), "{words}");
        let data = Anchors::AlreadyAnchored { logId: B256::repeat_byte(1), epoch: 7 };
        assert!(Refusal::decode(&data.abi_encode()).to_string().contains("epoch 7"));
        let data = crate::contracts::AccessManager::AccessManagerNotReady { operationId: B256::ZERO };
        assert!(Refusal::decode(&data.abi_encode()).to_string().contains("must wait"));
        let data = ModelRegistry::NotOwner {
            modelId: B256::ZERO,
            expected: Address::repeat_byte(1),
            got: Address::repeat_byte(2),
        };
        assert!(matches!(Refusal::decode(&data.abi_encode()), Refusal::Registry(Registry::NotOwner(_))));
    }

    #[test]
    fn other_data_is_shown_not_guessed() {
        assert!(matches!(Refusal::decode(&[]), Refusal::Unknown(data) if data.is_empty()));
        assert!(matches!(Refusal::decode(&[1, 2, 3, 4, 5]), Refusal::Unknown(_)));
        assert!(matches!(Refusal::decode(&vec![7; 1 << 20]), Refusal::Unknown(data) if data.len() == LIMIT));
        let reason = Revert { reason: "bad\u{1b}[2J".into() };
        let refusal = Refusal::decode(&reason.abi_encode());
        assert!(matches!(&refusal, Refusal::Message(words) if !words.contains('\u{1b}')));
        let mut cut = ModelRegistry::UnknownModel { modelId: B256::ZERO }.abi_encode();
        cut.pop();
        assert!(matches!(Refusal::decode(&cut), Refusal::Unknown(_)));
    }
}
