//! A registry played by hand, for tests: what the contract would have recorded, and what it would not.

pub(crate) mod decided;
pub(crate) mod world;

use crate::{
    approval::{Approval, Decision, KeyRotation},
    history::{Entry, History, HistoryError, Limits, Payload, Text},
    version::{RegistryId, VersionContent},
};
use averment_primitives::{Address, B256, Bytes, ModelId, RoleId, Signature, U256, VersionId};
use k256::ecdsa::SigningKey;

/// An account with a key that everybody knows.
#[derive(Clone)]
pub(crate) struct Account {
    key: SigningKey,
    pub(crate) address: Address,
}

/// The `n`-th account.
pub(crate) fn account(n: u8) -> Account {
    let mut bytes = [0x11; 32];
    bytes[31] = n;
    let key = SigningKey::from_slice(&bytes).unwrap();
    let address = Address::from_private_key(&key);
    Account { key, address }
}

impl Account {
    pub(crate) fn sign(&self, digest: B256) -> Bytes {
        let signature: Signature = self.key.sign_prehash_recoverable(&digest.0).unwrap().into();
        signature.as_bytes().into()
    }
}

pub(crate) const REGISTRY: RegistryId = RegistryId { chain_id: 31337, address: Address::repeat_byte(0x5e) };
pub(crate) const NONE: VersionId = VersionId(B256::ZERO);

/// One model's history being written, by the contract's own bookkeeping but without its rules.
#[derive(Clone)]
pub(crate) struct Script {
    pub(crate) registry: RegistryId,
    pub(crate) model: ModelId,
    pub(crate) owner: Account,
    pub(crate) entries: Vec<Entry>,
    pub(crate) time: u64,
    nonce: u64,
}

/// The three approvers' roles and accounts.
pub(crate) fn approvers() -> [(&'static str, Account); 3] {
    [("clinical-lead", account(11)), ("risk-officer", account(12)), ("data-protection", account(13))]
}

impl Script {
    /// A model of the first account's, two of three roles have to approve.
    pub(crate) fn new(name: &str) -> Self {
        let owner = account(1);
        let model = REGISTRY.model_id(owner.address, name);
        let mut script =
            Self { registry: REGISTRY, model, owner, entries: Vec::new(), time: 1_790_000_000, nonce: 0 };
        let by = script.owner.address;
        script.push(by, NONE, Payload::ModelCreated { name: name.into(), owner: by });
        let roles = approvers().iter().map(|(role, _)| Text::from(*role)).collect();
        script.also(by, NONE, Payload::PolicySet { revision: 1, threshold: 2, roles });
        for (role, approver) in approvers() {
            let role = RoleId::of(role);
            let (previous_signer, new_signer) = (Address::ZERO, approver.address);
            script.also(by, NONE, Payload::RoleKeySet { role, previous_signer, new_signer });
        }
        script
    }

    /// An entry of a new block.
    pub(crate) fn push(&mut self, actor: Address, version: VersionId, payload: Payload) {
        self.time += 12;
        self.also(actor, version, payload);
    }

    /// Another entry of the same call.
    pub(crate) fn also(&mut self, actor: Address, version: VersionId, payload: Payload) {
        let sequence = self.entries.len() as u64 + 1;
        let entry = Entry {
            model: self.model,
            version,
            sequence,
            actor,
            timestamp: self.time,
            payload,
            head: B256::ZERO,
        };
        self.entries.push(entry);
        self.seal();
    }

    /// The head before the last entry.
    fn previous_head(&self) -> B256 {
        match self.entries.len() {
            0 | 1 => self.registry.history_start(self.model),
            n => self.entries[n - 2].head,
        }
    }

    /// Computes the last entry's head.
    fn seal(&mut self) {
        let previous = self.previous_head();
        let last = self.entries.last_mut().unwrap();
        last.head = last.head_after(previous);
    }

    /// Computes every head again, after entries were tampered with.
    pub(crate) fn reseal(&mut self) {
        let mut head = self.registry.history_start(self.model);
        for (i, entry) in self.entries.iter_mut().enumerate() {
            entry.sequence = i as u64 + 1;
            head = entry.head_after(head);
            entry.head = head;
        }
    }

    pub(crate) fn register_as(&mut self, registrant: Address, content: VersionContent) -> VersionId {
        let version = self.registry.version_id(self.model, &content);
        self.push(registrant, version, Payload::VersionRegistered { content, policy_revision: 1 });
        version
    }

    pub(crate) fn register(&mut self, content: VersionContent) -> VersionId {
        self.register_as(self.owner.address, content)
    }

    pub(crate) fn approval(&mut self, version: VersionId, role: &str) -> Approval {
        self.nonce += 1;
        Approval {
            model: self.model,
            version,
            role: RoleId::of(role),
            decision: Decision::Approve,
            policy_revision: 1,
            expiry: self.time + 86_400,
            nonce: U256::from(self.nonce),
        }
    }

    pub(crate) fn submit(&mut self, approval: Approval, signer: &Account) {
        let signature = signer.sign(approval.digest(self.registry));
        let version = approval.version;
        let payload = Payload::DecisionRecorded { approval, signer: signer.address, signature };
        self.push(account(99).address, version, payload);
    }

    pub(crate) fn approve_as(&mut self, version: VersionId, role: &str, signer: &Account) {
        let approval = self.approval(version, role);
        self.submit(approval, signer);
    }

    /// Two roles approve, which is enough.
    pub(crate) fn approve(&mut self, version: VersionId) {
        for (role, signer) in &approvers()[..2] {
            self.approve_as(version, role, signer);
        }
        let payload = Payload::VersionApproved { policy_revision: 1, approvals: 2 };
        self.also(account(99).address, version, payload);
    }

    pub(crate) fn deploy(&mut self, version: VersionId, environment: &str) {
        self.push(self.owner.address, version, Payload::Deployed { environment: environment.into() });
    }

    pub(crate) fn rotate(&mut self, role: &str, from: &Account, to: Address) {
        let (role, expiry) = (RoleId::of(role), self.time + 3600);
        let rotation = KeyRotation { model: self.model, role, new_signer: to, expiry };
        let signature = from.sign(rotation.digest(self.registry));
        let payload = Payload::RoleKeyRotated { rotation, previous_signer: from.address, signature };
        self.push(account(99).address, NONE, payload);
    }

    pub(crate) fn compromise(&mut self, role: &str, signer: Address, from_sequence: u64) {
        let role = RoleId::of(role);
        self.push(self.owner.address, NONE, Payload::KeyCompromised { role, signer, from_sequence });
    }

    pub(crate) fn replay(&self) -> Result<History, HistoryError> {
        let entries = self.entries.iter().cloned();
        History::replay(self.registry, self.model, entries, &Limits::default()).map(Option::unwrap)
    }
}

/// Some content that differs with `n`.
pub(crate) fn content(n: u8, parents: &[VersionId]) -> VersionContent {
    let mut parents = parents.to_vec();
    parents.sort();
    VersionContent {
        manifest_digest: B256::repeat_byte(n),
        artifacts_root: B256::repeat_byte(n ^ 0x80),
        weights_commitment: B256::ZERO,
        plan_digest: B256::ZERO,
        parents,
    }
}
