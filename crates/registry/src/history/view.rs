//! What a replayed history says.

use super::{
    entry::{Entry, Payload},
    record::{Appointment, Compromise, DecisionRecord, Policy, RoleKey, VersionRecord},
    replay::History,
    text::Text,
};
use crate::{approval::Decision, version::RegistryId};
use averment_primitives::{Address, B256, ModelId, RoleId, VersionId};
use std::collections::BTreeSet;

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

    /// Who owned the model when entry `sequence` was made.
    pub fn owner_at(&self, sequence: u64) -> Address {
        let before = self.entries.iter().take_while(|entry| entry.sequence <= sequence);
        let transfers = before.filter_map(|entry| match entry.payload {
            Payload::OwnershipTransferred { new_owner, .. } => Some(new_owner),
            _ => None,
        });
        transfers.last().unwrap_or(self.creator)
    }

    /// Who may register versions besides the owner.
    pub fn registrars(&self) -> &BTreeSet<Address> {
        &self.registrars
    }

    /// Who may retire versions besides the owner; zero if nobody.
    pub fn steward(&self) -> Address {
        self.steward
    }

    /// The policy that applies to versions registered next.
    pub fn policy(&self) -> Option<&Policy> {
        self.policies.last()
    }

    /// The policy numbered `revision`.
    pub fn policy_of(&self, revision: u64) -> Option<&Policy> {
        // Revisions count from 1, without gaps.
        self.policies.get(usize::try_from(revision.checked_sub(1)?).ok()?)
    }

    /// Every policy, in order.
    pub fn policies(&self) -> &[Policy] {
        &self.policies
    }

    /// Every account that holds or held a role.
    pub fn keys(&self) -> impl Iterator<Item = &RoleKey> {
        self.keys.values()
    }

    /// What `signer` is or was, if it is or was a role's key.
    pub fn key(&self, signer: Address) -> Option<&RoleKey> {
        self.keys.get(&signer)
    }

    /// The appointments to `role`, in order.
    pub fn appointments(&self, role: RoleId) -> &[Appointment] {
        self.appointments.get(&role).map_or(&[], Vec::as_slice)
    }

    /// The key that holds `role` now; zero if none ever did.
    pub fn present_signer(&self, role: RoleId) -> Address {
        self.appointments(role).last().map_or(Address::ZERO, |appointment| appointment.holder)
    }

    /// The key whose decision for `role` counts about `version`: that of the appointment in force when it was
    /// registered. None if there was none.
    pub fn key_for(&self, version: &VersionRecord, role: RoleId) -> Option<&RoleKey> {
        let appointments = self.appointments(role);
        let before = appointments.partition_point(|appointment| appointment.from <= version.sequence);
        self.key(appointments.get(before.checked_sub(1)?)?.holder)
    }

    /// The compromised key because of which what `signer` did in entry `sequence` is not to be believed: its
    /// own, or one that the role came from. None if it is sound.
    pub fn tainted_by(&self, signer: Address, sequence: u64) -> Option<(Address, Compromise)> {
        let (mut signer, mut sequence) = (signer, sequence);
        loop {
            let key = self.key(signer)?;
            if let Some(compromise) = key.compromise.filter(|c| c.from_sequence <= sequence) {
                return Some((signer, compromise));
            }
            // Ends: a predecessor was bound in an earlier entry.
            sequence = key.since;
            signer = key.predecessor?;
        }
    }

    /// What is recorded of `version`.
    pub fn version(&self, version: VersionId) -> Option<&VersionRecord> {
        self.versions.get(&version)
    }

    /// Every version, by id.
    pub fn versions(&self) -> impl Iterator<Item = (VersionId, &VersionRecord)> {
        self.versions.iter().map(|(&id, record)| (id, record))
    }

    /// The compromised key that touches `decision`, so that it does not count; none if it counts.
    pub fn decision_tainted_by(&self, decision: &DecisionRecord) -> Option<(Address, Compromise)> {
        self.tainted_by(decision.signer, decision.sequence)
    }

    /// Approvals of `version` that count now: each role's last decision, unless a compromised key touches it.
    pub fn standing_approvals<'a>(
        &'a self,
        version: &'a VersionRecord,
    ) -> impl Iterator<Item = &'a DecisionRecord> {
        version.last_decisions().filter(|decision| {
            decision.approval.decision == Decision::Approve && self.decision_tainted_by(decision).is_none()
        })
    }

    /// Every decision, about any version, that a compromised key touches.
    pub fn touched_decisions(&self) -> impl Iterator<Item = (VersionId, &DecisionRecord)> {
        self.versions().flat_map(|(id, version)| {
            let touched = version.decisions.iter().filter(|d| self.decision_tainted_by(d).is_some());
            touched.map(move |decision| (id, decision))
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
