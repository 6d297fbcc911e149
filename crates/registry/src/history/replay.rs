//! Replaying entries under the contract's rules: the pure mirror of `ModelRegistry`.

use super::{
    entry::{Entry, Limits, Payload},
    error::{HistoryError, Refusal},
    record::{
        Appointment, Compromise, DecisionRecord, Deployment, Ending, Policy, RoleKey, Stage, VersionRecord,
    },
    text::Text,
};
use crate::{
    approval::{Approval, Decision, KeyRotation},
    version::{RegistryId, VersionContent},
};
use averment_primitives::{Address, B256, Bytes, ModelId, RoleId, VersionId};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A model's history, replayed. Only ever the result of entries that the contract could have made.
#[derive(Debug, Clone)]
pub struct History {
    pub(super) registry: RegistryId,
    pub(super) model: ModelId,
    pub(super) name: Text,
    pub(super) creator: Address,
    pub(super) owner: Address,
    pub(super) registrars: BTreeSet<Address>,
    /// Zero if there is none.
    pub(super) steward: Address,
    pub(super) policies: Vec<Policy>,
    pub(super) appointments: BTreeMap<RoleId, Vec<Appointment>>,
    pub(super) keys: BTreeMap<Address, RoleKey>,
    pub(super) versions: BTreeMap<VersionId, VersionRecord>,
    pub(super) entries: Vec<Entry>,
    pub(super) head: B256,
    /// What the contract records next in the same call.
    due: VecDeque<Due>,
}

/// An entry that the contract makes by itself after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    /// A new model's first policy.
    Policy,
    /// The key of a role that has none yet.
    Key(RoleId),
    /// Enough approvals stand.
    Approved(VersionId),
}

impl Due {
    fn name(self) -> &'static str {
        match self {
            Self::Policy => "the first policy",
            Self::Key(_) => "the key of the next role that has none",
            Self::Approved(_) => "that enough approvals stand",
        }
    }
}

/// Longest name of a model, a role or an environment, in bytes.
const NAME_BYTES: usize = 64;
/// Longest reason, in bytes.
const REASON_BYTES: usize = 280;
/// Most roles in a policy.
const ROLES: usize = 16;
/// Most parents of a version.
const PARENTS: usize = 64;
/// How often in a row a role can be handed on.
const ROTATIONS: u8 = 16;

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
                        let refusal = Box::new(Refusal::TooMany { limit: limits.entries });
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
        let refuse = |refusal| HistoryError { model, sequence: 1, kind, refusal: Box::new(refusal) };
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
            steward: Address::ZERO,
            policies: Vec::new(),
            appointments: BTreeMap::new(),
            keys: BTreeMap::new(),
            versions: BTreeMap::new(),
            entries: vec![entry],
            head,
            due: VecDeque::from([Due::Policy]),
        })
    }

    /// Adds the next entry, or refuses it and stays as it is.
    pub fn apply(&mut self, entry: Entry) -> Result<(), HistoryError> {
        let (kind, sequence) = (entry.payload.kind(), self.length().saturating_add(1));
        self.check_place(&entry, sequence).and_then(|()| self.change(&entry)).map_err(|refusal| {
            HistoryError { model: self.model, sequence, kind, refusal: Box::new(refusal) }
        })?;
        self.head = entry.head;
        self.entries.push(entry);
        Ok(())
    }

    /// The version of which the contract records next, in the same call, that enough roles approved it.
    pub(super) fn due_approval(&self) -> Option<VersionId> {
        match self.due.front() {
            Some(Due::Approved(version)) => Some(*version),
            _ => None,
        }
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
        let Some(due) = self.due.front() else { return Ok(()) };
        let is_due = match (due, &entry.payload) {
            (Due::Policy, Payload::PolicySet { .. }) => true,
            (Due::Key(due), Payload::RoleKeySet { role, .. }) => due == role,
            (Due::Approved(due), Payload::VersionApproved { .. }) => *due == entry.version,
            _ => false,
        };
        let same_call =
            self.entries.last().is_some_and(|l| l.actor == entry.actor && l.timestamp == entry.timestamp);
        if is_due && same_call { Ok(()) } else { Err(Refusal::Due { expected: due.name() }) }
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
                not_zero("registrar", *registrar)?;
                if self.registrars.contains(registrar) == *allowed {
                    return Err(Refusal::Unchanged);
                }
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
                self.appoint(entry, *role, *previous_signer, *new_signer)
            }
            Payload::RoleKeyRotated { rotation, previous_signer, .. } => {
                self.rotate(entry, rotation, *previous_signer)
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
            Payload::Retired { reason } => {
                self.by_owner_or_steward(entry)?;
                self.end(entry, Stage::Retired, reason)
            }
            Payload::Revoked { reason } => {
                self.by_owner(entry)?;
                self.end(entry, Stage::Revoked, reason)
            }
            Payload::StewardSet { steward } => {
                about_model(entry)?;
                self.by_owner(entry)?;
                if *steward == self.steward {
                    return Err(Refusal::Unchanged);
                }
                self.steward = *steward;
                Ok(())
            }
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
        let keyless = roles.iter().map(Text::role_id).filter(|role| !self.appointments.contains_key(role));
        self.due = keyless.map(Due::Key).collect();
        Ok(())
    }

    fn appoint(
        &mut self,
        entry: &Entry,
        role: RoleId,
        previous: Address,
        signer: Address,
    ) -> Result<(), Refusal> {
        about_model(entry)?;
        self.by_owner(entry)?;
        same("previous signer", self.present_signer(role), previous)?;
        // A role gets its first key when a policy first names it.
        if previous.is_zero() && self.due.is_empty() {
            return Err(Refusal::NoKey { role });
        }
        self.check_unbound(signer)?;
        let since = entry.sequence;
        let key = RoleKey { signer, role, since, rotations: 0, predecessor: None, compromise: None };
        self.keys.insert(signer, key);
        self.appointments.entry(role).or_default().push(Appointment { from: since, holder: signer });
        self.due.pop_front();
        Ok(())
    }

    fn rotate(&mut self, entry: &Entry, rotation: &KeyRotation, previous: Address) -> Result<(), Refusal> {
        about_model(entry)?;
        if rotation.model != self.model {
            return Err(Refusal::SignedModel { got: rotation.model });
        }
        let (role, signer, since) = (rotation.role, rotation.new_signer, entry.sequence);
        let present = self.key(self.present_signer(role)).copied().ok_or(Refusal::NoKey { role })?;
        same("previous signer", present.signer, previous)?;
        in_time(rotation.expiry, entry)?;
        self.check_sound(present.signer, since)?;
        if present.rotations >= ROTATIONS {
            return Err(Refusal::Rotations { limit: ROTATIONS });
        }
        self.check_unbound(signer)?;
        let key = RoleKey {
            signer,
            role,
            since,
            rotations: present.rotations.saturating_add(1),
            predecessor: Some(present.signer),
            compromise: None,
        };
        self.keys.insert(signer, key);
        if let Some(appointment) = self.appointments.get_mut(&role).and_then(|list| list.last_mut()) {
            appointment.holder = signer;
        }
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
        let Some(key) = self.keys.get_mut(&signer).filter(|key| key.role == role) else {
            return Err(Refusal::NeverHeld { role, signer });
        };
        // A later declaration can only move the point back.
        let limit = match key.compromise {
            Some(earlier) => earlier.from_sequence.saturating_sub(1),
            None => entry.sequence,
        };
        if from_sequence == 0 || from_sequence > limit {
            return Err(Refusal::CompromiseFrom { limit, got: from_sequence });
        }
        key.compromise = Some(Compromise { from_sequence, declared: entry.sequence });
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
        for (field, digest) in
            [("manifestDigest", content.manifest_digest), ("artifactsRoot", content.artifacts_root)]
        {
            if digest.is_zero() {
                return Err(Refusal::ZeroDigest { field });
            }
        }
        if content.parents.len() > PARENTS {
            return Err(Refusal::ParentsCount { limit: PARENTS, got: content.parents.len() });
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
            last: BTreeMap::new(),
            approved: None,
            deployments: Vec::new(),
            environments: BTreeMap::new(),
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
        let (role, revision) = (approval.role, version.policy_revision);
        if self.policy_of(revision).and_then(|policy| policy.role_name(role)).is_none() {
            return Err(Refusal::Role { role, revision });
        }
        let key = self.key_for(version, role).ok_or(Refusal::NoKey { role })?;
        if key.signer != signer {
            return Err(Refusal::Signer { role, expected: key.signer, got: signer });
        }
        // By role, not by key: else the registrant could hand the role to another key of its own.
        if self.key(version.registrant).is_some_and(|key| key.role == role) {
            return Err(Refusal::RegistrantDecides { role, registrant: version.registrant });
        }
        in_time(approval.expiry, entry)?;
        self.check_sound(signer, entry.sequence)?;
        if let Some(last) = version.last_decision(role).filter(|last| last.signer == signer) {
            let recorded = last.approval.nonce;
            if approval.nonce <= recorded {
                return Err(Refusal::Nonce { signer, recorded, got: approval.nonce });
            }
        }
        let record = DecisionRecord {
            approval: approval.clone(),
            signer,
            signature: signature.clone(),
            sequence: entry.sequence,
            timestamp: entry.timestamp,
            submitter: entry.actor,
        };
        let version = self.known_mut(entry.version)?;
        version.last.insert(role, version.decisions.len());
        version.decisions.push(record);
        let undecided = version.stage == Stage::Registered && approval.decision == Decision::Approve;
        if undecided && self.enough_approvals(self.known(entry.version)?).is_ok() {
            self.due.push_back(Due::Approved(entry.version));
        }
        Ok(())
    }

    fn approve(&mut self, entry: &Entry, policy_revision: u64, approvals: u8) -> Result<(), Refusal> {
        let version = self.known(entry.version)?;
        if self.due.front() != Some(&Due::Approved(entry.version)) {
            return Err(Refusal::NotDue(entry.version));
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
        self.due.pop_front();
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
        if let Some(&since) = version.environments.get(environment) {
            return Err(Refusal::DeployedAlready { since });
        }
        self.enough_approvals(version)?;
        let deployment =
            Deployment { environment: environment.clone(), sequence: entry.sequence, since: entry.timestamp };
        let version = self.known_mut(entry.version)?;
        version.stage = Stage::Deployed;
        version.environments.insert(environment.clone(), entry.timestamp);
        version.deployments.push(deployment);
        Ok(())
    }

    fn end(&mut self, entry: &Entry, stage: Stage, reason: &Text) -> Result<(), Refusal> {
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

    fn by_owner_or_steward(&self, entry: &Entry) -> Result<(), Refusal> {
        // Nobody acts from the zero address, so that none is nobody.
        if entry.actor == self.owner || entry.actor == self.steward {
            return Ok(());
        }
        Err(Refusal::Actor { who: "the model's owner or its steward", got: entry.actor })
    }

    fn check_sound(&self, signer: Address, sequence: u64) -> Result<(), Refusal> {
        match self.tainted_by(signer, sequence) {
            None => Ok(()),
            Some((compromised, _)) => Err(Refusal::CompromisedKey { signer, compromised }),
        }
    }

    /// Refuses an account that is no possible key, or that holds or held a role of this model.
    fn check_unbound(&self, signer: Address) -> Result<(), Refusal> {
        not_zero("new signer", signer)?;
        match self.key(signer) {
            None => Ok(()),
            Some(key) => Err(Refusal::KeyBound { signer, role: key.role }),
        }
    }

    fn known(&self, version: VersionId) -> Result<&VersionRecord, Refusal> {
        self.versions.get(&version).ok_or(Refusal::UnknownVersion(version))
    }

    fn known_mut(&mut self, version: VersionId) -> Result<&mut VersionRecord, Refusal> {
        self.versions.get_mut(&version).ok_or(Refusal::UnknownVersion(version))
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
