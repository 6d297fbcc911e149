//! Names for people beside the addresses and ids that count: what a key is called here, a role on chain, a version
//! in the manifest that is kept of it.

use crate::{commands::Context, releases::Releases};
use anyhow::Result;
use averment_ledger::keys::Identity;
use averment_primitives::{Address, RoleId, VersionId};
use averment_registry::{
    approval::Decision,
    history::{Entry, History, Payload},
};
use std::{cell::RefCell, collections::BTreeMap};

/// The names that are known here. None of them is evidence.
#[derive(Debug)]
pub struct Names {
    keys: BTreeMap<Address, String>,
    releases: Releases,
    /// What was read of a version's manifest once.
    versions: RefCell<BTreeMap<VersionId, Option<String>>>,
}

impl Names {
    /// The names of the key folder and of the releases.
    pub fn of(context: &Context) -> Result<Self> {
        let listed = context.keys().list()?.keys.into_iter();
        let keys = listed
            .filter_map(|key| match key.identity {
                Some(Identity::Account(address)) => Some((address, key.name)),
                _ => None,
            })
            .collect();
        Ok(Self { keys, releases: context.releases(), versions: RefCell::default() })
    }

    /// What the key of `account` is called here.
    pub fn key(&self, account: Address) -> Option<&str> {
        self.keys.get(&account).map(String::as_str)
    }

    /// The address, with the key's name behind it.
    pub fn account(&self, account: Address) -> String {
        match self.key(account) {
            Some(name) => format!("{account} ({name})"),
            None => account.to_string(),
        }
    }

    /// NAME@NUMBER of a version, by the manifest that is kept here of exactly this version. A folder that cannot be
    /// read only costs the name.
    pub fn version(&self, history: &History, version: VersionId) -> Option<String> {
        let mut known = self.versions.borrow_mut();
        known.entry(version).or_insert_with(|| self.label(history, version)).clone()
    }

    fn label(&self, history: &History, version: VersionId) -> Option<String> {
        let statement = self.releases.statement(version).ok().flatten()?;
        let bound = history.version(version)?.content.manifest_digest == statement.digest();
        bound.then(|| format!("{}@{}", statement.name(), statement.version()))
    }

    /// The version's id, with NAME@NUMBER before it if that is known.
    pub fn full_version(&self, history: &History, version: VersionId) -> String {
        match self.version(history, version) {
            Some(label) => format!("{label} ({version})"),
            None => format!("version {version}"),
        }
    }

    /// NAME@NUMBER, or the beginning of the id.
    fn short_version(&self, history: &History, version: VersionId) -> String {
        let short = || format!("version {}…", version.to_string().get(..14).unwrap_or_default());
        self.version(history, version).unwrap_or_else(short)
    }

    /// What an entry of a history says, in a sentence.
    pub fn sentence(&self, history: &History, entry: &Entry) -> String {
        let role = |role| role_name(history, role);
        let version = || self.short_version(history, entry.version);
        match &entry.payload {
            Payload::ModelCreated { name, owner } => {
                format!("model {name:?} created, owned by {}", self.account(*owner))
            }
            Payload::OwnershipTransferred { previous_owner, new_owner } => format!(
                "ownership passed from {} to {}",
                self.account(*previous_owner),
                self.account(*new_owner)
            ),
            Payload::RegistrarSet { registrar, allowed } => {
                let may = if *allowed { "may" } else { "may no longer" };
                format!("{} {may} register versions", self.account(*registrar))
            }
            Payload::PolicySet { revision, threshold, roles } => {
                let roles: Vec<String> = roles.iter().map(ToString::to_string).collect();
                format!(
                    "policy {revision}: {threshold} of {} have to approve what is registered from now on",
                    roles.join(", ")
                )
            }
            Payload::RoleKeySet { role: id, previous_signer, new_signer } => {
                let mut words = format!("{} appointed as {}", self.account(*new_signer), role(*id));
                if !previous_signer.is_zero() {
                    words += &format!(" in place of {}", self.account(*previous_signer));
                }
                words
            }
            Payload::RoleKeyRotated { rotation, previous_signer, .. } => format!(
                "{} handed {} on to {}",
                self.account(*previous_signer),
                role(rotation.role),
                self.account(rotation.new_signer)
            ),
            Payload::KeyCompromised { role: id, signer, from_sequence } => format!(
                "{}, key of {}, declared compromised from entry {from_sequence} on",
                self.account(*signer),
                role(*id)
            ),
            Payload::VersionRegistered { .. } => {
                format!("{} registered", self.full_version(history, entry.version))
            }
            Payload::DecisionRecorded { approval, signer, .. } => {
                let verb = match approval.decision {
                    Decision::Approve => "approved",
                    Decision::Reject => "rejected",
                };
                format!("{} {verb} {}, signed by {}", role(approval.role), version(), self.account(*signer))
            }
            Payload::VersionApproved { approvals, .. } => {
                format!("{} is approved: {approvals} roles agree", version())
            }
            Payload::Deployed { environment } => format!("{} runs in {environment:?}", version()),
            Payload::Retired { reason } => format!("{} retired: {reason:?}", version()),
            Payload::Revoked { reason } => format!("{} revoked: {reason:?}", version()),
            Payload::StewardSet { steward } if steward.is_zero() => {
                "nobody beside the owner may retire versions any more".into()
            }
            Payload::StewardSet { steward } => {
                format!("{} may retire versions, as steward", self.account(*steward))
            }
        }
    }
}

/// The name of a role of the model, from any of its policies; its id if none names it.
pub fn role_name(history: &History, role: RoleId) -> String {
    let named = history.policies().iter().find_map(|policy| policy.role_name(role));
    named.map_or_else(|| format!("role {role}"), ToString::to_string)
}
