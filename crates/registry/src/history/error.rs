//! Why a list of entries is not a history.

use super::{Stage, entry::Kind};
use averment_primitives::{Address, B256, ModelId, RoleId, U256, VersionId};
use thiserror::Error;

/// An entry that the contract could not have made at this place.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[error("history of model {model}, entry {sequence} ({kind}): {refusal}")]
pub struct HistoryError {
    /// The model whose history was being replayed.
    pub model: ModelId,
    /// The place of the entry, from 1.
    pub sequence: u64,
    /// What the entry claims to record.
    pub kind: Kind,
    /// The rule it breaks.
    pub refusal: Box<Refusal>,
}

/// The rule of the contract that an entry breaks.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field is named in the message beside it")]
pub enum Refusal {
    /// Another model's entry.
    #[error("it belongs to model {got}")]
    Model { got: ModelId },
    /// An entry is missing, doubled or out of order.
    #[error("expected entry number {expected}, got {got}: an entry is missing, doubled or out of order")]
    Sequence { expected: u64, got: u64 },
    /// Time ran backwards.
    #[error("its timestamp {got} is before the previous entry's {previous}")]
    Time { previous: u64, got: u64 },
    /// The chain of hashes does not hold.
    #[error("the chain of hashes gives head {expected}, the entry states {got}")]
    Head { expected: B256, got: B256 },
    /// The first entry does not create the model, or a later one does.
    #[error("a history begins with ModelCreated, and only once")]
    Creation,
    /// Chain, registry, creator and name do not make this model's id.
    #[error("its chain, registry, creator and name make model {expected}")]
    ModelId { expected: ModelId },
    /// An entry about the model names a version, or one about a version names another.
    #[error("expected it to be about version {expected}, got {got}")]
    Version { expected: VersionId, got: VersionId },
    /// Somebody did what only another may do.
    #[error("only {who} may do this; it was done by {got}")]
    Actor { who: &'static str, got: Address },
    /// A field that must hold what the state holds.
    #[error("{field}: expected {expected}, got {got}")]
    Account { field: &'static str, expected: Address, got: Address },
    /// A text outside its length limits.
    #[error("{field} has {min} to {max} bytes, got {got}")]
    TextLength { field: &'static str, min: usize, max: usize, got: usize },
    /// The zero address where an account must stand.
    #[error("{field} is the zero address")]
    ZeroAddress { field: &'static str },
    /// A policy revision that is not the expected one.
    #[error("expected policy revision {expected}, got {got}")]
    Revision { expected: u64, got: u64 },
    /// A policy with no, too many or doubled roles, or an impossible threshold.
    #[error(
        "a policy has 1 to 16 different roles and a threshold from 1 to their number; got {roles} roles, threshold {threshold}"
    )]
    Policy { roles: usize, threshold: u8 },
    /// A registered version names parents out of order or twice.
    #[error("parents are strictly ascending")]
    ParentsOrder,
    /// More parents than the contract takes.
    #[error("a version has at most {limit} parents, got {got}")]
    ParentsCount { limit: usize, got: usize },
    /// A version without manifest or artifacts.
    #[error("{field} is zero")]
    ZeroDigest { field: &'static str },
    /// The version was registered before.
    #[error("version {0} is registered already")]
    AlreadyRegistered(VersionId),
    /// The version was never registered here.
    #[error("version {0} is not registered here")]
    UnknownVersion(VersionId),
    /// The version is in a stage in which this cannot happen.
    #[error("version {version} is {stage}; this needs {needs}")]
    Stage { version: VersionId, stage: Stage, needs: &'static str },
    /// The signature names another model.
    #[error("what was signed is about model {got}")]
    SignedModel { got: ModelId },
    /// The role has no say under the policy that applies.
    #[error("role {role} has no say under policy revision {revision}")]
    Role { role: RoleId, revision: u64 },
    /// The signer is not the role's key for this version.
    #[error("the key of role {role} that counts for this version is {expected}, got {got}")]
    Signer { role: RoleId, expected: Address, got: Address },
    /// The role has no key, or had none when the version was registered.
    #[error("role {role} has no key that could do this")]
    NoKey { role: RoleId },
    /// A key that holds or held a role is appointed again.
    #[error("{signer} holds or held role {role} already; a key holds one role, once")]
    KeyBound { signer: Address, role: RoleId },
    /// Handed on too often.
    #[error("a role is handed on at most {limit} times in a row")]
    Rotations { limit: u8 },
    /// The role is, or was, held by the account that registered the version.
    #[error(
        "role {role} is or was held by {registrant}, who registered this version and so cannot decide about it"
    )]
    RegistrantDecides { role: RoleId, registrant: Address },
    /// Submitted too late.
    #[error("the signature expired at {expiry}, the entry is of {at}")]
    Expired { expiry: u64, at: u64 },
    /// A nonce that is not greater than the last one: a replay.
    #[error("{signer} has used nonce {recorded} about this version, {got} is not greater: a replay")]
    Nonce { signer: Address, recorded: U256, got: U256 },
    /// A key acts that is compromised, or that came from one.
    #[error("{signer} acts, but {compromised} is declared compromised")]
    CompromisedKey { signer: Address, compromised: Address },
    /// A compromise is declared of a key that never held the role.
    #[error("{signer} never held role {role}")]
    NeverHeld { role: RoleId, signer: Address },
    /// A compromise is declared from an impossible entry on.
    #[error("a compromise counts from an entry from 1 to {limit}, got {got}")]
    CompromiseFrom { limit: u64, got: u64 },
    /// Fewer approvals stand than the policy needs.
    #[error("{got} approvals stand, the policy needs {needed}")]
    Approvals { needed: u64, got: u64 },
    /// An approval count that is not what stands.
    #[error("it states {got} approvals, {expected} stand")]
    ApprovalCount { expected: u64, got: u64 },
    /// An account is allowed that is, or forbidden that is not.
    #[error("it changes nothing")]
    Unchanged,
    /// Deployed twice in one environment.
    #[error("it runs there already, since {since}")]
    DeployedAlready { since: u64 },
    /// The contract records something else after the entry before, in the same call.
    #[error("the contract's next entry is {expected}, of the same account and time")]
    Due { expected: &'static str },
    /// An approval that no decision brought about.
    #[error("no decision before it made version {0} approved")]
    NotDue(VersionId),
    /// More entries than the reader takes.
    #[error("more than {limit} entries")]
    TooMany { limit: usize },
}
