//! What the contract would say to something that was not sent yet.

use super::{
    entry::{Entry, Payload},
    error::HistoryError,
    replay::History,
};
use averment_primitives::{Address, B256, VersionId};

impl History {
    /// Adds what `actor` would record at `timestamp` (in seconds of Unix time), and what the contract records by
    /// itself after it; or says which of the contract's rules forbids it, and stays as it is. `version` is zero for
    /// what concerns the model itself.
    ///
    /// The result is a history that could be, not one that is: signatures are taken on trust, and others may come
    /// before.
    pub fn preview(
        &mut self,
        actor: Address,
        timestamp: u64,
        version: VersionId,
        payload: Payload,
    ) -> Result<(), HistoryError> {
        // The chain's time is at least that of the last entry.
        let timestamp = self.entries().last().map_or(timestamp, |last| timestamp.max(last.timestamp));
        self.push(actor, timestamp, version, payload)?;
        let due = self.due_approval().and_then(|due| self.version(due).map(|record| (due, record)));
        let Some((version, record)) = due else { return Ok(()) };
        let approvals = u8::try_from(self.standing_approvals(record).count()).unwrap_or(u8::MAX);
        let payload = Payload::VersionApproved { policy_revision: record.policy_revision, approvals };
        self.push(actor, timestamp, version, payload)
    }

    fn push(
        &mut self,
        actor: Address,
        timestamp: u64,
        version: VersionId,
        payload: Payload,
    ) -> Result<(), HistoryError> {
        let (model, sequence) = (self.model(), self.length().saturating_add(1));
        let mut entry = Entry { model, version, sequence, actor, timestamp, payload, head: B256::ZERO };
        entry.head = entry.head_after(self.head());
        self.apply(entry)
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        history::{Payload, Refusal, Stage},
        testing::{Script, account, approvers, content},
    };

    /// Previewed decisions are exactly those that the script of a contract records.
    #[test]
    fn decisions_are_previewed_as_the_contract_records_them() {
        let mut script = Script::new("triage");
        let version = script.register(content(1, &[]));
        let mut preview = script.replay().unwrap();
        let submitter = account(99).address;
        for (role, signer) in &approvers()[..2] {
            let approval = script.approval(version, role);
            let signature = signer.sign(approval.digest(script.registry));
            let payload = Payload::DecisionRecorded { approval, signer: signer.address, signature };
            script.push(submitter, version, payload.clone());
            preview.preview(submitter, script.time, version, payload).unwrap();
        }
        let payload = Payload::VersionApproved { policy_revision: 1, approvals: 2 };
        script.also(submitter, version, payload);
        let recorded = script.replay().unwrap();
        assert_eq!(preview.head(), recorded.head());
        assert_eq!(preview.version(version).unwrap().stage, Stage::Approved);
    }

    #[test]
    fn what_is_forbidden_leaves_the_history_as_it_is() {
        let mut script = Script::new("triage");
        let version = script.register(content(1, &[]));
        let mut preview = script.replay().unwrap();
        let before = preview.head();
        let payload = Payload::Deployed { environment: "clinic".into() };
        let error = preview.preview(script.owner.address, 0, version, payload).unwrap_err();
        assert!(matches!(*error.refusal, Refusal::Stage { .. }), "{error}");
        let mut approval = script.approval(version, "clinical-lead");
        approval.expiry = script.time - 1;
        let signer = account(11);
        let signature = signer.sign(approval.digest(script.registry));
        let payload = Payload::DecisionRecorded { approval, signer: signer.address, signature };
        let error = preview.preview(account(99).address, 0, version, payload).unwrap_err();
        assert!(matches!(*error.refusal, Refusal::Expired { .. }), "{error}");
        assert_eq!(preview.head(), before);
    }
}
