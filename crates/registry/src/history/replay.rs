//! Replaying entries under the contract's rules: the pure mirror of `ModelRegistry`.

use super::{
    entry::{Entry, Limits, Payload},
    error::{HistoryError, Refusal},
    text::Text,
};
use crate::{
    approval::{Approval, Decision},
    version::{RegistryId, VersionContent},
};
use averment_primitives::{Address, B256, Bytes, ModelId, RoleId, U256, VersionId};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// Where a version stands. Only ever moves down this list; `Deployed` may be skipped.
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

/// One key in the line of keys that held a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoleKey {
    /// The account.
    pub signer: Address,
    /// Counts for versions registered in this entry or later.
    pub counts_from: u64,
    /// The entry that gave it the role.
    pub since: u64,
    /// Whether the previous key handed the role on (else the owner appointed it).
    pub rotated: bool,
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
    /// When enough approvals stood for the first time: entry and second.
    pub approved: Option<(u64, u64)>,
    /// Where it was deployed, in order.
    pub deployments: Vec<Deployment>,
    /// Retirement and revocation, in order.
    pub endings: Vec<Ending>,
}

/// A model's history, replayed. Only ever the result of entries that the contract could have made.
#[derive(Debug, Clone)]
pub struct History {
    registry: RegistryId,
    model: ModelId,
    name: Text,
    creator: Address,
    owner: Address,
    registrars: BTreeSet<Address>,
    policies: Vec<Policy>,
    keys: BTreeMap<RoleId, Vec<RoleKey>>,
    compromised: BTreeMap<(RoleId, Address), Compromise>,
    used_nonces: BTreeSet<(Address, U256)>,
    versions: BTreeMap<VersionId, VersionRecord>,
    entries: Vec<Entry>,
    head: B256,
}

/// Longest name of a model, a role or an environment, in bytes.
const NAME_BYTES: usize = 64;
/// Longest reason, in bytes.
const REASON_BYTES: usize = 280;
/// Most roles in a policy.
const ROLES: usize = 16;

impl History {
    /// Replays all `entries` of `model` from the first on.
    pub fn replay(
        registry: RegistryId,
        model: ModelId,
        entries: impl IntoIterator<Item = Entry>,
        limits: &Limits,
    ) -> Result<Option<Self>, HistoryError> {
        let mut history: Option<Self> = None;
        for entry in entries {
            match &mut history {
                None => history = Some(Self::begin(registry, model, entry)?),
                Some(history) => {
                    let (sequence, kind) = (history.length().saturating_add(1), entry.payload.kind());
                    if history.entries.len() >= limits.entries {
                        let refusal = Refusal::TooMany { limit: limits.entries };
                        return Err(HistoryError { model, sequence, kind, refusal });
                    }
                    history.apply(entry)?;
                }
            }
        }
        Ok(history)
    }

    /// The history whose only entry is `entry`, which creates `model`.
    pub fn begin(registry: RegistryId, model: ModelId, entry: Entry) -> Result<Self, HistoryError> {
        let kind = entry.payload.kind();
        let refuse = |refusal| HistoryError { model, sequence: 1, kind, refusal };
        if entry.model != model {
            return Err(refuse(Refusal::Model { got: entry.model }));
        }
        if entry.sequence != 1 {
            return Err(refuse(Refusal::Sequence { expected: 1, got: entry.sequence }));
        }
        let Payload::ModelCreated { name, owner } = &entry.payload else {
            return Err(refuse(Refusal::Creation));
        };
        about_model(&entry).map_err(refuse)?;
        length("the name", name, NAME_BYTES).map_err(refuse)?;
        if *owner != entry.actor {
            return Err(refuse(Refusal::Account { field: "owner", expected: entry.actor, got: *owner }));
        }
        let expected = registry.model_id(entry.actor, name);
        if expected != model {
            return Err(refuse(Refusal::ModelId { expected }));
        }
        let head = entry.head_after(registry.history_start(model));
        if head != entry.head {
            return Err(refuse(Refusal::Head { expected: head, got: entry.head }));
        }
        Ok(Self {
            registry,
            model,
            name: name.clone(),
            creator: *owner,
            owner: *owner,
            registrars: BTreeSet::new(),
            policies: Vec::new(),
            keys: BTreeMap::new(),
            compromised: BTreeMap::new(),
            used_nonces: BTreeSet::new(),
            versions: BTreeMap::new(),
            entries: vec![entry],
            head,
        })
    }

    /// Adds the next entry, or refuses it and stays as it is.
    pub fn apply(&mut self, entry: Entry) -> Result<(), HistoryError> {
        let (kind, sequence) = (entry.payload.kind(), self.length().saturating_add(1));
        self.check_place(&entry, sequence)
            .and_then(|()| self.change(&entry))
            .map_err(|refusal| HistoryError { model: self.model, sequence, kind, refusal })?;
        self.head = entry.head;
        self.entries.push(entry);
        Ok(())
    }

    /// What holds for an entry of any kind: model, number, time, head.
    fn check_place(&self, entry: &Entry, sequence: u64) -> Result<(), Refusal> {
        if entry.model != self.model {
            return Err(Refusal::Model { got: entry.model });
        }
        if entry.sequence != sequence {
            return Err(Refusal::Sequence { expected: sequence, got: entry.sequence });
        }
        let previous = self.entries.last().map_or(0, |last| last.timestamp);
        if entry.timestamp < previous {
            return Err(Refusal::Time { previous, got: entry.timestamp });
        }
        let expected = entry.head_after(self.head);
        if entry.head != expected {
            return Err(Refusal::Head { expected, got: entry.head });
        }
        Ok(())
    }

    /// Applies one entry's rule. Every check of a rule comes before its first change.
    fn change(&mut self, entry: &Entry) -> Result<(), Refusal> {
        match &entry.payload {
            Payload::ModelCreated { .. } => Err(Refusal::Creation),
            Payload::OwnershipTransferred { previous_owner, new_owner } => {
                about_model(entry)?;
                same("previous owner", self.owner, *previous_owner)?;
                same("new owner", entry.actor, *new_owner)?;
                self.owner = *new_owner;
                Ok(())
            }
            Payload::RegistrarSet { registrar, allowed } => {
                about_model(entry)?;
                self.by_owner(entry)?;
                if *allowed {
                    self.registrars.insert(*registrar);
                } else {
                    self.registrars.remove(registrar);
                }
                Ok(())
            }
            Payload::PolicySet { revision, threshold, roles } => {
                self.set_policy(entry, *revision, *threshold, roles)
            }
            Payload::RoleKeySet { role, previous_signer, new_signer } => {
                about_model(entry)?;
                self.by_owner(entry)?;
                same("previous signer", self.present_signer(*role), *previous_signer)?;
                not_zero("new signer", *new_signer)?;
                let key = RoleKey {
                    signer: *new_signer,
                    counts_from: entry.sequence,
                    since: entry.sequence,
                    rotated: false,
                };
                self.keys.entry(*role).or_default().push(key);
                Ok(())
            }
            Payload::RoleKeyRotated { rotation, previous_signer, .. } => {
                about_model(entry)?;
                if rotation.model != self.model {
                    return Err(Refusal::SignedModel { got: rotation.model });
                }
                let present = self
                    .present_key(rotation.role)
                    .copied()
                    .ok_or(Refusal::NeverHeld { role: rotation.role, signer: *previous_signer })?;
                same("previous signer", present.signer, *previous_signer)?;
                not_zero("new signer", rotation.new_signer)?;
                self.not_compromised(rotation.role, present.signer)?;
                in_time(rotation.expiry, entry)?;
                self.use_nonce(present.signer, rotation.nonce)?;
                let key = RoleKey {
                    signer: rotation.new_signer,
                    counts_from: present.counts_from,
                    since: entry.sequence,
                    rotated: true,
                };
                self.keys.entry(rotation.role).or_default().push(key);
                Ok(())
            }
            Payload::KeyCompromised { role, signer, from_sequence } => {
                self.declare_compromised(entry, *role, *signer, *from_sequence)
            }
            Payload::VersionRegistered { content, policy_revision } => {
                self.register(entry, content, *policy_revision)
            }
            Payload::DecisionRecorded { approval, signer, signature } => {
                self.decide(entry, approval, *signer, signature)
            }
            Payload::VersionApproved { policy_revision, approvals } => {
                self.approve(entry, *policy_revision, *approvals)
            }
            Payload::Deployed { environment } => self.deploy(entry, environment),
            Payload::Retired { reason } => self.end(entry, Stage::Retired, reason),
            Payload::Revoked { reason } => self.end(entry, Stage::Revoked, reason),
        }
    }

    fn set_policy(
        &mut self,
        entry: &Entry,
        revision: u64,
        threshold: u8,
        roles: &[Text],
    ) -> Result<(), Refusal> {
        about_model(entry)?;
        self.by_owner(entry)?;
        let expected = self.policy().map_or(0, |policy| policy.revision).saturating_add(1);
        if revision != expected {
            return Err(Refusal::Revision { expected, got: revision });
        }
        let different: BTreeSet<&Text> = roles.iter().collect();
        let impossible = threshold == 0 || usize::from(threshold) > roles.len();
        if impossible || roles.len() > ROLES || different.len() != roles.len() {
            return Err(Refusal::Policy { roles: roles.len(), threshold });
        }
        for role in roles {
            length("a role's name", role, NAME_BYTES)?;
        }
        let policy = Policy { revision, threshold, roles: roles.to_vec(), sequence: entry.sequence };
        self.policies.push(policy);
        Ok(())
    }

    fn declare_compromised(
        &mut self,
        entry: &Entry,
        role: RoleId,
        signer: Address,
        from_sequence: u64,
    ) -> Result<(), Refusal> {
        about_model(entry)?;
        if entry.actor != self.owner && entry.actor != signer {
            return Err(Refusal::Actor { who: "the model's owner or the key itself", got: entry.actor });
        }
        if !self.keys(role).iter().any(|key| key.signer == signer) {
            return Err(Refusal::NeverHeld { role, signer });
        }
        // A later declaration can only move the point back.
        let limit = match self.compromise(role, signer) {
            Some(earlier) => earlier.from_sequence.saturating_sub(1),
            None => entry.sequence,
        };
        if from_sequence == 0 || from_sequence > limit {
            return Err(Refusal::CompromiseFrom { limit, got: from_sequence });
        }
        let compromise = Compromise { from_sequence, declared: entry.sequence };
        self.compromised.insert((role, signer), compromise);
        Ok(())
    }

    fn register(
        &mut self,
        entry: &Entry,
        content: &VersionContent,
        policy_revision: u64,
    ) -> Result<(), Refusal> {
        if entry.actor != self.owner && !self.registrars.contains(&entry.actor) {
            return Err(Refusal::Actor { who: "the model's owner or a registrar", got: entry.actor });
        }
        let expected = self.registry.version_id(self.model, content);
        if entry.version != expected {
            return Err(Refusal::Version { expected, got: entry.version });
        }
        if self.versions.contains_key(&expected) {
            return Err(Refusal::AlreadyRegistered(expected));
        }
        let present = self.policy().map_or(0, |policy| policy.revision);
        if policy_revision != present {
            return Err(Refusal::Revision { expected: present, got: policy_revision });
        }
        if !content.parents.is_sorted_by(|a, b| a < b) {
            return Err(Refusal::ParentsOrder);
        }
        let record = VersionRecord {
            content: content.clone(),
            registrant: entry.actor,
            sequence: entry.sequence,
            registered_at: entry.timestamp,
            policy_revision,
            stage: Stage::Registered,
            decisions: Vec::new(),
            approved: None,
            deployments: Vec::new(),
            endings: Vec::new(),
        };
        self.versions.insert(expected, record);
        Ok(())
    }

    fn decide(
        &mut self,
        entry: &Entry,
        approval: &Approval,
        signer: Address,
        signature: &Bytes,
    ) -> Result<(), Refusal> {
        if approval.model != self.model {
            return Err(Refusal::SignedModel { got: approval.model });
        }
        if approval.version != entry.version {
            return Err(Refusal::Version { expected: approval.version, got: entry.version });
        }
        let version = self.known(entry.version)?;
        if version.stage > Stage::Deployed {
            let (version, stage) = (entry.version, version.stage);
            return Err(Refusal::Stage { version, stage, needs: "a version in its ordinary life" });
        }
        if approval.policy_revision != version.policy_revision {
            let (expected, got) = (version.policy_revision, approval.policy_revision);
            return Err(Refusal::Revision { expected, got });
        }
        let role = approval.role;
        let says = self.policy_of(version.policy_revision).is_some_and(|p| p.role_name(role).is_some());
        let Some(key) = self.present_key(role).filter(|_| says) else {
            return Err(Refusal::Role { role, revision: version.policy_revision });
        };
        if key.signer != signer {
            return Err(Refusal::Signer { role, expected: key.signer, got: signer });
        }
        if key.counts_from > version.sequence {
            let (counts_from, registered) = (key.counts_from, version.sequence);
            return Err(Refusal::KeyTooNew { role, counts_from, registered });
        }
        if signer == version.registrant {
            return Err(Refusal::RegistrantDecides(signer));
        }
        self.not_compromised(role, signer)?;
        in_time(approval.expiry, entry)?;
        self.use_nonce(signer, approval.nonce)?;
        let record = DecisionRecord {
            approval: approval.clone(),
            signer,
            signature: signature.clone(),
            sequence: entry.sequence,
            timestamp: entry.timestamp,
            submitter: entry.actor,
        };
        self.known_mut(entry.version)?.decisions.push(record);
        Ok(())
    }

    fn approve(&mut self, entry: &Entry, policy_revision: u64, approvals: u8) -> Result<(), Refusal> {
        let version = self.known(entry.version)?;
        if version.stage != Stage::Registered {
            let (version, stage) = (entry.version, version.stage);
            return Err(Refusal::Stage { version, stage, needs: "a registered version" });
        }
        if policy_revision != version.policy_revision {
            let (expected, got) = (version.policy_revision, policy_revision);
            return Err(Refusal::Revision { expected, got });
        }
        let expected = self.enough_approvals(version)?;
        if u64::from(approvals) != expected {
            return Err(Refusal::ApprovalCount { expected, got: approvals.into() });
        }
        let version = self.known_mut(entry.version)?;
        version.stage = Stage::Approved;
        version.approved = Some((entry.sequence, entry.timestamp));
        Ok(())
    }

    fn deploy(&mut self, entry: &Entry, environment: &Text) -> Result<(), Refusal> {
        self.by_owner(entry)?;
        length("the environment", environment, NAME_BYTES)?;
        let version = self.known(entry.version)?;
        if !matches!(version.stage, Stage::Approved | Stage::Deployed) {
            let (version, stage) = (entry.version, version.stage);
            return Err(Refusal::Stage { version, stage, needs: "an approved or deployed version" });
        }
        self.enough_approvals(version)?;
        let deployment =
            Deployment { environment: environment.clone(), sequence: entry.sequence, since: entry.timestamp };
        let version = self.known_mut(entry.version)?;
        version.stage = Stage::Deployed;
        version.deployments.push(deployment);
        Ok(())
    }

    fn end(&mut self, entry: &Entry, stage: Stage, reason: &Text) -> Result<(), Refusal> {
        self.by_owner(entry)?;
        length("the reason", reason, REASON_BYTES)?;
        let version = self.known(entry.version)?;
        if version.stage >= stage {
            let (version, stage) = (entry.version, version.stage);
            return Err(Refusal::Stage { version, stage, needs: "a version that has not come so far" });
        }
        let ending =
            Ending { stage, reason: reason.clone(), sequence: entry.sequence, timestamp: entry.timestamp };
        let version = self.known_mut(entry.version)?;
        version.stage = stage;
        version.endings.push(ending);
        Ok(())
    }

    /// The number of approvals that stand, if the version's policy is content with it.
    fn enough_approvals(&self, version: &VersionRecord) -> Result<u64, Refusal> {
        let got = self.standing_approvals(version).count() as u64;
        let needed =
            self.policy_of(version.policy_revision).map_or(u64::MAX, |policy| policy.threshold.into());
        if got < needed { Err(Refusal::Approvals { needed, got }) } else { Ok(got) }
    }

    fn by_owner(&self, entry: &Entry) -> Result<(), Refusal> {
        if entry.actor == self.owner {
            return Ok(());
        }
        Err(Refusal::Actor { who: "the model's owner", got: entry.actor })
    }

    fn not_compromised(&self, role: RoleId, signer: Address) -> Result<(), Refusal> {
        match self.compromise(role, signer) {
            None => Ok(()),
            Some(_) => Err(Refusal::CompromisedKey { role, signer }),
        }
    }

    fn use_nonce(&mut self, signer: Address, nonce: U256) -> Result<(), Refusal> {
        if self.used_nonces.insert((signer, nonce)) {
            return Ok(());
        }
        Err(Refusal::Nonce { signer, nonce })
    }

    fn known(&self, version: VersionId) -> Result<&VersionRecord, Refusal> {
        self.versions.get(&version).ok_or(Refusal::UnknownVersion(version))
    }

    fn known_mut(&mut self, version: VersionId) -> Result<&mut VersionRecord, Refusal> {
        self.versions.get_mut(&version).ok_or(Refusal::UnknownVersion(version))
    }
}

/// What the history says.
impl History {
    /// The registry it is of.
    pub fn registry(&self) -> RegistryId {
        self.registry
    }

    /// The model it is of.
    pub fn model(&self) -> ModelId {
        self.model
    }

    /// The model's name.
    pub fn name(&self) -> &Text {
        &self.name
    }

    /// Who created the model; a part of its id.
    pub fn creator(&self) -> Address {
        self.creator
    }

    /// Who owns the model now.
    pub fn owner(&self) -> Address {
        self.owner
    }

    /// Who may register versions besides the owner.
    pub fn registrars(&self) -> &BTreeSet<Address> {
        &self.registrars
    }

    /// The policy that applies to versions registered next.
    pub fn policy(&self) -> Option<&Policy> {
        self.policies.last()
    }

    /// The policy numbered `revision`.
    pub fn policy_of(&self, revision: u64) -> Option<&Policy> {
        self.policies.iter().find(|policy| policy.revision == revision)
    }

    /// Every policy, in order.
    pub fn policies(&self) -> &[Policy] {
        &self.policies
    }

    /// Every key that holds or held `role`, in order.
    pub fn keys(&self, role: RoleId) -> &[RoleKey] {
        self.keys.get(&role).map_or(&[], Vec::as_slice)
    }

    /// The key that holds `role` now.
    pub fn present_key(&self, role: RoleId) -> Option<&RoleKey> {
        self.keys(role).last()
    }

    fn present_signer(&self, role: RoleId) -> Address {
        self.present_key(role).map_or(Address::ZERO, |key| key.signer)
    }

    /// Whether a key of `role` was declared compromised, and from where on.
    pub fn compromise(&self, role: RoleId, signer: Address) -> Option<Compromise> {
        self.compromised.get(&(role, signer)).copied()
    }

    /// Every declaration of a compromised key.
    pub fn compromises(&self) -> impl Iterator<Item = (RoleId, Address, Compromise)> + '_ {
        self.compromised.iter().map(|(&(role, signer), &compromise)| (role, signer, compromise))
    }

    /// What is recorded of `version`.
    pub fn version(&self, version: VersionId) -> Option<&VersionRecord> {
        self.versions.get(&version)
    }

    /// Every version, by id.
    pub fn versions(&self) -> impl Iterator<Item = (VersionId, &VersionRecord)> {
        self.versions.iter().map(|(&id, record)| (id, record))
    }

    /// The last decision of each role about `version`, as far as roles have decided.
    pub fn last_decisions<'a>(
        &'a self,
        version: &'a VersionRecord,
    ) -> impl Iterator<Item = &'a DecisionRecord> {
        version.decisions.iter().enumerate().filter_map(|(i, decision)| {
            let later = version.decisions.get(i.saturating_add(1)..).unwrap_or_default();
            let superseded = later.iter().any(|other| other.approval.role == decision.approval.role);
            (!superseded).then_some(decision)
        })
    }

    /// Whether `decision` fell after its key was no longer its owner's alone.
    pub fn is_touched(&self, decision: &DecisionRecord) -> bool {
        self.compromise(decision.approval.role, decision.signer)
            .is_some_and(|compromise| decision.sequence >= compromise.from_sequence)
    }

    /// Approvals of `version` that count now: each role's last decision, unless its key was compromised.
    pub fn standing_approvals<'a>(
        &'a self,
        version: &'a VersionRecord,
    ) -> impl Iterator<Item = &'a DecisionRecord> {
        self.last_decisions(version)
            .filter(|d| d.approval.decision == Decision::Approve && !self.is_touched(d))
    }

    /// Every decision, about any version, that a compromised key touches.
    pub fn touched_decisions(&self) -> impl Iterator<Item = (VersionId, &DecisionRecord)> {
        self.versions().flat_map(|(id, version)| {
            version.decisions.iter().filter(|d| self.is_touched(d)).map(move |d| (id, d))
        })
    }

    /// Every entry, in order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The head after the last entry: what the contract's storage must hold.
    pub fn head(&self) -> B256 {
        self.head
    }

    /// How many entries there are.
    pub fn length(&self) -> u64 {
        self.entries.len() as u64
    }
}

/// Entries about the model itself name no version.
fn about_model(entry: &Entry) -> Result<(), Refusal> {
    let none = VersionId(B256::ZERO);
    if entry.version == none {
        return Ok(());
    }
    Err(Refusal::Version { expected: none, got: entry.version })
}

fn same(field: &'static str, expected: Address, got: Address) -> Result<(), Refusal> {
    if expected == got { Ok(()) } else { Err(Refusal::Account { field, expected, got }) }
}

fn not_zero(field: &'static str, account: Address) -> Result<(), Refusal> {
    if account.is_zero() { Err(Refusal::ZeroAddress { field }) } else { Ok(()) }
}

fn in_time(expiry: u64, entry: &Entry) -> Result<(), Refusal> {
    if entry.timestamp <= expiry {
        return Ok(());
    }
    Err(Refusal::Expired { expiry, at: entry.timestamp })
}

fn length(field: &'static str, text: &Text, max: usize) -> Result<(), Refusal> {
    let got = text.bytes().len();
    if (1..=max).contains(&got) { Ok(()) } else { Err(Refusal::TextLength { field, min: 1, max, got }) }
}
