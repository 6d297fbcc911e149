//! One history entry: the `Recorded` event, from raw log topics and data to types and back.

use crate::{
    approval::{Approval, Decision, KeyRotation},
    history::text::Text,
    version::{VersionContent, hash_words, word},
};
use alloy_sol_types::{SolType, sol, sol_data};
use averment_primitives::{Address, B256, Bytes, ModelId, RoleId, VersionId, keccak256};
use std::fmt;
use thiserror::Error;

/// What is read at most, so that a hostile node or file cannot exhaust memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one entry's payload.
    pub payload_bytes: usize,
    /// Entries of one model.
    pub entries: usize,
}

impl Default for Limits {
    /// 64 KiB a payload (the contract's largest by far is a registration with many parents), 100,000 entries.
    fn default() -> Self {
        Self { payload_bytes: 64 * 1024, entries: 100_000 }
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)*) => {
        /// What an entry records; the contract's `HistoryKind`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind { $($(#[$doc])* $name,)* }

        impl Kind {
            /// The contract's number for it.
            pub fn code(self) -> u8 {
                match self { $(Self::$name => $code,)* }
            }

            /// The kind with the contract's number `code`; none for 0 and unknown numbers.
            pub fn from_code(code: u8) -> Option<Self> {
                match code { $($code => Some(Self::$name),)* _ => None }
            }

            /// The kind with the contract's name `name`.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $(stringify!($name) => Some(Self::$name),)* _ => None }
            }

            /// The contract's name for it.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }
        }

        impl fmt::Display for Kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

kinds! {
    /// The model came to be.
    ModelCreated = 1,
    /// The new owner accepted the model.
    OwnershipTransferred = 2,
    /// An account was allowed, or no longer allowed, to register versions.
    RegistrarSet = 3,
    /// A new policy, for versions registered later.
    PolicySet = 4,
    /// The owner appointed a key for a role, for versions registered later.
    RoleKeySet = 5,
    /// A role's key handed the role on.
    RoleKeyRotated = 6,
    /// A key was declared compromised from some entry on.
    KeyCompromised = 7,
    /// A version was registered.
    VersionRegistered = 8,
    /// A role decided about a version.
    DecisionRecorded = 9,
    /// Enough roles had approved.
    VersionApproved = 10,
    /// The version runs in an environment.
    Deployed = 11,
    /// The version's ordinary life ended.
    Retired = 12,
    /// The version was withdrawn for cause.
    Revoked = 13,
    /// The owner appointed who may retire versions beside it, or took that back.
    StewardSet = 14,
}

/// What an entry says, by kind.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields' names are the contract's, documented in IModelRegistry.Recorded")]
pub enum Payload {
    /// See [`Kind::ModelCreated`].
    ModelCreated { name: Text, owner: Address },
    /// See [`Kind::OwnershipTransferred`].
    OwnershipTransferred { previous_owner: Address, new_owner: Address },
    /// See [`Kind::RegistrarSet`].
    RegistrarSet { registrar: Address, allowed: bool },
    /// See [`Kind::PolicySet`].
    PolicySet { revision: u64, threshold: u8, roles: Vec<Text> },
    /// See [`Kind::RoleKeySet`].
    RoleKeySet { role: RoleId, previous_signer: Address, new_signer: Address },
    /// See [`Kind::RoleKeyRotated`].
    RoleKeyRotated { rotation: KeyRotation, previous_signer: Address, signature: Bytes },
    /// See [`Kind::KeyCompromised`].
    KeyCompromised { role: RoleId, signer: Address, from_sequence: u64 },
    /// See [`Kind::VersionRegistered`].
    VersionRegistered { content: VersionContent, policy_revision: u64 },
    /// See [`Kind::DecisionRecorded`].
    DecisionRecorded { approval: Approval, signer: Address, signature: Bytes },
    /// See [`Kind::VersionApproved`].
    VersionApproved { policy_revision: u64, approvals: u8 },
    /// See [`Kind::Deployed`].
    Deployed { environment: Text },
    /// See [`Kind::Retired`].
    Retired { reason: Text },
    /// See [`Kind::Revoked`].
    Revoked { reason: Text },
    /// See [`Kind::StewardSet`]; zero is nobody.
    StewardSet { steward: Address },
}

/// One entry of a model's history: the event `IModelRegistry.Recorded`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The model whose history this is.
    pub model: ModelId,
    /// The version it is about; zero for entries about the model itself.
    pub version: VersionId,
    /// Its number, from 1.
    pub sequence: u64,
    /// The account that caused it.
    pub actor: Address,
    /// Its block's timestamp, in seconds of Unix time.
    pub timestamp: u64,
    /// What it says.
    pub payload: Payload,
    /// The chain of hashes up to and including it, as the event states it.
    pub head: B256,
}

/// Why an event is not a history entry.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum EntryError {
    /// Not four topics.
    #[error("a Recorded event has 4 topics, got {got}")]
    Topics {
        /// Topics found.
        got: usize,
    },
    /// The first topic is another event's.
    #[error("expected event {expected}, got {got}")]
    Event {
        /// `Recorded`'s topic.
        expected: B256,
        /// The topic found.
        got: B256,
    },
    /// A kind that this release does not know.
    #[error("history kind {got} is unknown; a newer release of averment may read it")]
    Kind {
        /// The number found.
        got: B256,
    },
    /// More bytes than the limit.
    #[error("{field}: at most {limit} bytes allowed, got {got}")]
    TooLong {
        /// What is too long.
        field: &'static str,
        /// The limit.
        limit: usize,
        /// Bytes found.
        got: usize,
    },
    /// The bytes are not the ABI encoding of what they should be.
    #[error("{field}: not the ABI encoding it should be: {why}")]
    Abi {
        /// What was being read.
        field: &'static str,
        /// The decoder's words.
        why: String,
    },
    /// The bytes decode, but the contract would have written them otherwise.
    #[error("{field}: not in the one form that the contract writes")]
    NotCanonical {
        /// What was being read.
        field: &'static str,
    },
    /// A decision that is neither approve nor reject.
    #[error("decision {got} is neither approve (1) nor reject (2)")]
    Decision {
        /// The number found.
        got: u8,
    },
}

mod abi {
    #![allow(missing_docs, reason = "described on the public twins")]
    use super::sol;
    sol! {
        struct VersionContent {
            bytes32 manifestDigest;
            bytes32 artifactsRoot;
            bytes32 weightsCommitment;
            bytes32 planDigest;
            bytes32[] parents;
        }
        struct Approval {
            bytes32 modelId;
            bytes32 versionId;
            bytes32 role;
            uint8 decision;
            uint64 policyRevision;
            uint64 expiry;
            uint256 nonce;
        }
        struct KeyRotation {
            bytes32 modelId;
            bytes32 role;
            address newSigner;
            uint64 expiry;
        }
    }
}

type Uint64 = sol_data::Uint<64>;
type Uint8 = sol_data::Uint<8>;
type Word = sol_data::FixedBytes<32>;
// `string` and `bytes` have one encoding. Strings are read as bytes, because the contract does not insist on
// UTF-8 and an owner must not be able to make a history unreadable.
/// Sequence, actor, timestamp, payload, head: what the event does not index.
type EventData = (Uint64, sol_data::Address, Uint64, sol_data::Bytes, Word);
type ModelCreated = (sol_data::Bytes, sol_data::Address);
type OwnershipTransferred = (sol_data::Address, sol_data::Address);
type RegistrarSet = (sol_data::Address, sol_data::Bool);
type PolicySet = (Uint64, Uint8, sol_data::Array<sol_data::Bytes>);
type RoleKeySet = (Word, sol_data::Address, sol_data::Address);
type RoleKeyRotated = (abi::KeyRotation, sol_data::Address, sol_data::Bytes);
type KeyCompromised = (Word, sol_data::Address, Uint64);
type VersionRegistered = (abi::VersionContent, Uint64);
type DecisionRecorded = (abi::Approval, sol_data::Address, sol_data::Bytes);
type VersionApproved = (Uint64, Uint8);
type OneText = (sol_data::Bytes,);
type OneAddress = (sol_data::Address,);

/// Decodes `abi.encode(…)` of `T`'s members, `decode` given, and refuses any other form of the same value.
macro_rules! exactly {
    ($type:ty, $field:expr, $bytes:expr) => {{
        let bytes: &[u8] = $bytes;
        match <$type as SolType>::abi_decode_params_validate(bytes) {
            Err(error) => Err(EntryError::Abi { field: $field, why: error.to_string() }),
            Ok(value) if <$type as SolType>::abi_encode_params(&value) != bytes => {
                Err(EntryError::NotCanonical { field: $field })
            }
            Ok(value) => Ok(value),
        }
    }};
}

impl Payload {
    /// The kind of entry this is the payload of.
    pub fn kind(&self) -> Kind {
        match self {
            Self::ModelCreated { .. } => Kind::ModelCreated,
            Self::OwnershipTransferred { .. } => Kind::OwnershipTransferred,
            Self::RegistrarSet { .. } => Kind::RegistrarSet,
            Self::PolicySet { .. } => Kind::PolicySet,
            Self::RoleKeySet { .. } => Kind::RoleKeySet,
            Self::RoleKeyRotated { .. } => Kind::RoleKeyRotated,
            Self::KeyCompromised { .. } => Kind::KeyCompromised,
            Self::VersionRegistered { .. } => Kind::VersionRegistered,
            Self::DecisionRecorded { .. } => Kind::DecisionRecorded,
            Self::VersionApproved { .. } => Kind::VersionApproved,
            Self::Deployed { .. } => Kind::Deployed,
            Self::Retired { .. } => Kind::Retired,
            Self::Revoked { .. } => Kind::Revoked,
            Self::StewardSet { .. } => Kind::StewardSet,
        }
    }

    /// The payload as the contract encodes it.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::ModelCreated { name, owner } => ModelCreated::abi_encode_params(&(name.bytes(), owner)),
            Self::OwnershipTransferred { previous_owner, new_owner } => {
                OwnershipTransferred::abi_encode_params(&(previous_owner, new_owner))
            }
            Self::RegistrarSet { registrar, allowed } => {
                RegistrarSet::abi_encode_params(&(registrar, *allowed))
            }
            Self::PolicySet { revision, threshold, roles } => {
                let roles: Vec<_> = roles.iter().map(Text::bytes).collect();
                PolicySet::abi_encode_params(&(*revision, *threshold, roles))
            }
            Self::RoleKeySet { role, previous_signer, new_signer } => {
                RoleKeySet::abi_encode_params(&(role.0, previous_signer, new_signer))
            }
            Self::RoleKeyRotated { rotation, previous_signer, signature } => {
                let rotation = abi::KeyRotation {
                    modelId: rotation.model.0,
                    role: rotation.role.0,
                    newSigner: rotation.new_signer,
                    expiry: rotation.expiry,
                };
                RoleKeyRotated::abi_encode_params(&(rotation, previous_signer, signature))
            }
            Self::KeyCompromised { role, signer, from_sequence } => {
                KeyCompromised::abi_encode_params(&(role.0, signer, *from_sequence))
            }
            Self::VersionRegistered { content, policy_revision } => {
                let content = abi::VersionContent {
                    manifestDigest: content.manifest_digest,
                    artifactsRoot: content.artifacts_root,
                    weightsCommitment: content.weights_commitment,
                    planDigest: content.plan_digest,
                    parents: content.parents.iter().map(|parent| parent.0).collect(),
                };
                VersionRegistered::abi_encode_params(&(content, *policy_revision))
            }
            Self::DecisionRecorded { approval, signer, signature } => {
                let approval = abi::Approval {
                    modelId: approval.model.0,
                    versionId: approval.version.0,
                    role: approval.role.0,
                    decision: approval.decision.code(),
                    policyRevision: approval.policy_revision,
                    expiry: approval.expiry,
                    nonce: approval.nonce,
                };
                DecisionRecorded::abi_encode_params(&(approval, signer, signature))
            }
            Self::VersionApproved { policy_revision, approvals } => {
                VersionApproved::abi_encode_params(&(*policy_revision, *approvals))
            }
            Self::Deployed { environment: text }
            | Self::Retired { reason: text }
            | Self::Revoked { reason: text } => OneText::abi_encode_params(&(text.bytes(),)),
            Self::StewardSet { steward } => OneAddress::abi_encode_params(&(steward,)),
        }
    }

    /// Decodes the payload of an entry of `kind`.
    pub fn decode(kind: Kind, bytes: &[u8], limits: &Limits) -> Result<Self, EntryError> {
        if bytes.len() > limits.payload_bytes {
            let (limit, got) = (limits.payload_bytes, bytes.len());
            return Err(EntryError::TooLong { field: "payload", limit, got });
        }
        let field = kind.name();
        Ok(match kind {
            Kind::ModelCreated => {
                let (name, owner) = exactly!(ModelCreated, field, bytes)?;
                Self::ModelCreated { name: Text::new(name), owner }
            }
            Kind::OwnershipTransferred => {
                let (previous_owner, new_owner) = exactly!(OwnershipTransferred, field, bytes)?;
                Self::OwnershipTransferred { previous_owner, new_owner }
            }
            Kind::RegistrarSet => {
                let (registrar, allowed) = exactly!(RegistrarSet, field, bytes)?;
                Self::RegistrarSet { registrar, allowed }
            }
            Kind::PolicySet => {
                let (revision, threshold, roles) = exactly!(PolicySet, field, bytes)?;
                let roles = roles.into_iter().map(Text::new).collect();
                Self::PolicySet { revision, threshold, roles }
            }
            Kind::RoleKeySet => {
                let (role, previous_signer, new_signer) = exactly!(RoleKeySet, field, bytes)?;
                Self::RoleKeySet { role: RoleId(role), previous_signer, new_signer }
            }
            Kind::RoleKeyRotated => {
                let (rotation, previous_signer, signature) = exactly!(RoleKeyRotated, field, bytes)?;
                let rotation = KeyRotation {
                    model: ModelId(rotation.modelId),
                    role: RoleId(rotation.role),
                    new_signer: rotation.newSigner,
                    expiry: rotation.expiry,
                };
                Self::RoleKeyRotated { rotation, previous_signer, signature }
            }
            Kind::KeyCompromised => {
                let (role, signer, from_sequence) = exactly!(KeyCompromised, field, bytes)?;
                Self::KeyCompromised { role: RoleId(role), signer, from_sequence }
            }
            Kind::VersionRegistered => {
                let (content, policy_revision) = exactly!(VersionRegistered, field, bytes)?;
                let content = VersionContent {
                    manifest_digest: content.manifestDigest,
                    artifacts_root: content.artifactsRoot,
                    weights_commitment: content.weightsCommitment,
                    plan_digest: content.planDigest,
                    parents: content.parents.into_iter().map(VersionId).collect(),
                };
                Self::VersionRegistered { content, policy_revision }
            }
            Kind::DecisionRecorded => {
                let (approval, signer, signature) = exactly!(DecisionRecorded, field, bytes)?;
                let decision = Decision::from_code(approval.decision)
                    .ok_or(EntryError::Decision { got: approval.decision })?;
                let approval = Approval {
                    model: ModelId(approval.modelId),
                    version: VersionId(approval.versionId),
                    role: RoleId(approval.role),
                    decision,
                    policy_revision: approval.policyRevision,
                    expiry: approval.expiry,
                    nonce: approval.nonce,
                };
                Self::DecisionRecorded { approval, signer, signature }
            }
            Kind::VersionApproved => {
                let (policy_revision, approvals) = exactly!(VersionApproved, field, bytes)?;
                Self::VersionApproved { policy_revision, approvals }
            }
            Kind::Deployed => {
                let (environment,) = exactly!(OneText, field, bytes)?;
                Self::Deployed { environment: Text::new(environment) }
            }
            Kind::Retired => {
                let (reason,) = exactly!(OneText, field, bytes)?;
                Self::Retired { reason: Text::new(reason) }
            }
            Kind::Revoked => {
                let (reason,) = exactly!(OneText, field, bytes)?;
                Self::Revoked { reason: Text::new(reason) }
            }
            Kind::StewardSet => {
                let (steward,) = exactly!(OneAddress, field, bytes)?;
                Self::StewardSet { steward }
            }
        })
    }
}

impl Entry {
    /// The first topic of the event: the hash of its signature.
    pub fn topic() -> B256 {
        keccak256("Recorded(bytes32,bytes32,uint8,uint64,address,uint64,bytes,bytes32)")
    }

    /// Decodes a log of the registry's: its topics and data as the node returns them.
    pub fn decode(topics: &[B256], data: &[u8], limits: &Limits) -> Result<Self, EntryError> {
        let &[event, model, version, kind] = topics else {
            return Err(EntryError::Topics { got: topics.len() });
        };
        if event != Self::topic() {
            return Err(EntryError::Event { expected: Self::topic(), got: event });
        }
        let code = kind.0.iter().rev().skip(1).all(|&byte| byte == 0).then(|| kind.0.last()).flatten();
        let kind = code.and_then(|&code| Kind::from_code(code)).ok_or(EntryError::Kind { got: kind })?;
        // Six words and the payload, padded to whole words.
        let limit = limits.payload_bytes.saturating_add(7 * 32);
        if data.len() > limit {
            return Err(EntryError::TooLong { field: "event data", limit, got: data.len() });
        }
        let (sequence, actor, timestamp, payload, head) = exactly!(EventData, "event data", data)?;
        let payload = Payload::decode(kind, &payload, limits)?;
        let (model, version) = (ModelId(model), VersionId(version));
        Ok(Self { model, version, sequence, actor, timestamp, payload, head })
    }

    /// The event's topics and data, as [`Entry::decode`] reads them.
    pub fn encode(&self) -> ([B256; 4], Vec<u8>) {
        let kind = word(self.payload.kind().code().into());
        let data = EventData::abi_encode_params(&(
            self.sequence,
            self.actor,
            self.timestamp,
            self.payload.encode(),
            self.head,
        ));
        ([Self::topic(), self.model.0, self.version.0, kind], data)
    }

    /// The head after this entry, given the one before it.
    pub fn head_after(&self, previous: B256) -> B256 {
        hash_words(&[
            previous,
            word(self.sequence),
            word(self.payload.kind().code().into()),
            self.version.0,
            self.actor.into_word(),
            word(self.timestamp),
            keccak256(self.payload.encode()),
        ])
    }
}
