//! What a replayed history consists of: stages, policies, keys, decisions, versions.

use super::text::Text;
use crate::{
    approval::Approval,
    version::{RegistryId, VersionContent},
};
use averment_primitives::{Address, Bytes, RoleId};
use std::{collections::BTreeMap, fmt};

/// Where a version stands. Only ever moves down this list; `Retired` and `Revoked` may follow
/// any stage above them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Known, not yet approved.
    Registered,
    /// Enough roles approved.
    Approved,
    /// Runs, or ran, in at least one environment.
    Deployed,
    /// Its ordinary life ended.
    Retired,
    /// Withdrawn for cause.
    Revoked,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Registered => "registered",
            Self::Approved => "approved",
            Self::Deployed => "deployed",
            Self::Retired => "retired",
            Self::Revoked => "revoked",
        })
    }
}

/// Who must agree before a version may be deployed: `threshold` of `roles`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Its number, from 1.
    pub revision: u64,
    /// How many of the roles must approve.
    pub threshold: u8,
    /// The roles' names, in the contract's order.
    pub roles: Vec<Text>,
    /// The entry that set it.
    pub sequence: u64,
}

impl Policy {
    /// The name of `role`, if it has a say.
    pub fn role_name(&self, role: RoleId) -> Option<&Text> {
        self.roles.iter().find(|name| name.role_id() == role)
    }
}

/// An account that holds or held a role. It holds one role, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoleKey {
    /// The account.
    pub signer: Address,
    /// Its role.
    pub role: RoleId,
    /// The entry that gave it the role.
    pub since: u64,
    /// How often the role was handed on since the owner appointed a key for it.
    pub rotations: u8,
    /// The key that handed the role to this one; none if the owner appointed it.
    pub predecessor: Option<Address>,
    /// Whether it was declared not to be its owner's alone.
    pub compromise: Option<Compromise>,
}

/// An appointment by the owner, which counts for versions registered from some entry on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appointment {
    /// The entry of the appointment; it counts for versions registered later, until the next one.
    pub from: u64,
    /// The key that holds it now: the one appointed, or one it came to by rotation.
    pub holder: Address,
}

/// A declaration that a key was not its owner's alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compromise {
    /// Decisions in this entry and later do not count.
    pub from_sequence: u64,
    /// The last entry that declared it.
    pub declared: u64,
}

/// A role's decision, as recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionRecord {
    /// What was signed.
    pub approval: Approval,
    /// The key that is said to have signed.
    pub signer: Address,
    /// The signature: of a key (65 bytes) or a contract wallet (any).
    pub signature: Bytes,
    /// The entry that records it.
    pub sequence: u64,
    /// When it was recorded, in seconds of Unix time.
    pub timestamp: u64,
    /// Who submitted it.
    pub submitter: Address,
}

impl DecisionRecord {
    /// Who checked the signature: we, by recovering the key, or only the contract.
    pub fn signature_check(&self, registry: RegistryId) -> SignatureCheck {
        match self.approval.recover(registry, &self.signature) {
            Ok(recovered) if recovered == self.signer => SignatureCheck::Recovered,
            _ => SignatureCheck::VouchedByChain,
        }
    }
}

/// How a decision's signature is known to be good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignatureCheck {
    /// The signer's key was recovered from it offline.
    Recovered,
    /// It is no signature of the signer's own key, so the signer is a contract wallet (EIP-1271) that only the
    /// chain could ask: the contract accepted it.
    VouchedByChain,
}

/// Where a version was put to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// The environment's name.
    pub environment: Text,
    /// The entry that states it.
    pub sequence: u64,
    /// Since when, in seconds of Unix time.
    pub since: u64,
}

/// How a version's life ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// [`Stage::Retired`] or [`Stage::Revoked`].
    pub stage: Stage,
    /// Why.
    pub reason: Text,
    /// The entry that states it.
    pub sequence: u64,
    /// When, in seconds of Unix time.
    pub timestamp: u64,
}

/// Everything a history says about one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionRecord {
    /// What it consists of.
    pub content: VersionContent,
    /// Who registered it; may not decide about it.
    pub registrant: Address,
    /// The entry that registered it.
    pub sequence: u64,
    /// When, in seconds of Unix time.
    pub registered_at: u64,
    /// The policy that applies to it, for ever.
    pub policy_revision: u64,
    /// Where it stands.
    pub stage: Stage,
    /// Every decision recorded, in order; a role's last one counts.
    pub decisions: Vec<DecisionRecord>,
    /// The place in `decisions` of each role's last one.
    pub(super) last: BTreeMap<RoleId, usize>,
    /// When enough approvals stood for the first time: entry and second.
    pub approved: Option<(u64, u64)>,
    /// Where it was deployed, in order.
    pub deployments: Vec<Deployment>,
    /// Since when it runs in each environment.
    pub(super) environments: BTreeMap<Text, u64>,
    /// Retirement and revocation, in order.
    pub endings: Vec<Ending>,
}

impl VersionRecord {
    /// The last decision of `role`, if it has decided.
    pub fn last_decision(&self, role: RoleId) -> Option<&DecisionRecord> {
        self.last.get(&role).and_then(|&place| self.decisions.get(place))
    }

    /// The last decision of each role that has decided.
    pub fn last_decisions(&self) -> impl Iterator<Item = &DecisionRecord> {
        self.last.values().filter_map(|&place| self.decisions.get(place))
    }
}
