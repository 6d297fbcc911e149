//! Whether the contract would take a decision, told from the model's proved history, and in words that say why not.

use crate::{exit, names::role_name, subject::Subject};
use anyhow::Result;
use averment_primitives::{Address, Bytes};
use averment_registry::{
    Utc,
    approval::{Approval, Decision},
    history::{History, Payload, Refusal, VersionRecord},
};

/// Adds the decision to `history` as `submitter` would record it at second `at`, or says which rule of the contract
/// forbids it. Who signed is for the caller to check.
pub fn admit(
    history: &mut History,
    approval: &Approval,
    signer: Address,
    submitter: Address,
    at: u64,
) -> std::result::Result<(), Box<Refusal>> {
    let payload = Payload::DecisionRecorded { approval: approval.clone(), signer, signature: Bytes::new() };
    history.preview(submitter, at, approval.version, payload).map_err(|error| error.refusal)
}

/// Refuses to sign what is recorded already and still counts.
pub fn would_change(
    subject: &Subject,
    record: &VersionRecord,
    approval: &Approval,
    signer: Address,
) -> Result<()> {
    let last = record.last_decision(approval.role).filter(|last| {
        last.approval.decision == approval.decision
            && last.signer == signer
            && subject.history.decision_tainted_by(last).is_none()
    });
    let Some(last) = last else { return Ok(()) };
    let verb = match approval.decision {
        Decision::Approve => "approved",
        Decision::Reject => "rejected",
    };
    Err(exit::refused(format!(
        "{} has {verb} this version already, in entry {}: nothing would change (nothing was signed)",
        role_name(&subject.history, approval.role),
        last.sequence
    ))
    .into())
}

/// Why the decision would be refused, with names instead of ids.
pub fn words(subject: &Subject, approval: &Approval, refusal: &Refusal) -> String {
    let (history, names) = (&subject.history, &subject.names);
    let role = role_name(history, approval.role);
    match refusal {
        Refusal::Stage { stage, .. } => {
            format!(
                "{} is {stage}; nothing is decided about it any more",
                names.full_version(history, approval.version)
            )
        }
        Refusal::UnknownVersion(version) => {
            format!("version {version} is not one of {}", history.name())
        }
        Refusal::Revision { expected, got } => format!(
            "it was signed for policy {got}, the version was registered under policy {expected}; sign it anew"
        ),
        Refusal::Role { revision, .. } => format!("{role} has no say under policy {revision}"),
        Refusal::NoKey { .. } => format!("{role} had no key when the version was registered"),
        Refusal::Signer { expected, got, .. } => format!(
            "the key of {role} that counts for this version is {}, not {}",
            names.account(*expected),
            names.account(*got)
        ),
        Refusal::RegistrantDecides { registrant, .. } => format!(
            "{} registered this version and holds or held {role}: who registers a version cannot decide about it",
            names.account(*registrant)
        ),
        Refusal::Expired { expiry, at } => {
            format!("it could be submitted until {}, now it is {}; sign it anew", Utc(*expiry), Utc(*at))
        }
        Refusal::Nonce { recorded, got, .. } => format!(
            "{role} has decided with nonce {recorded} since, {got} is not greater: an old decision cannot be brought \
             up again; sign it anew"
        ),
        Refusal::CompromisedKey { compromised, .. } => format!(
            "{} is declared compromised, so {role}'s key can decide no more; the owner appoints another with `aver \
             model replace-key`, for versions registered later",
            names.account(*compromised)
        ),
        other => other.to_string(),
    }
}
