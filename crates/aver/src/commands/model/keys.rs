//! `aver model rotate-key`, `replace-key` and `compromised`: who holds a role, and whose word still counts.

use super::role_of;
use crate::{commands::Context, exit, names::role_name, subject::Subject, workplace::now};
use anyhow::Result;
use averment_primitives::{B256, VersionId};
use averment_registry::{
    approval::{Decision, KeyRotation, SigningContext},
    history::{DecisionRecord, Payload},
};
use serde_json::json;
use std::fmt::Write;

/// Seconds for which a rotation may be submitted: it is sent right after it is signed.
const ROTATION_SECONDS: u64 = 60 * 60;

pub async fn rotate(model: &str, role: &str, to: &str, context: &Context) -> Result<()> {
    let new_signer = context.address(to)?;
    let subject = context.model(model).await?;
    let id = role_of(&subject, role)?;
    let (holder, signer) = (subject.history.present_signer(id), context.account_address()?);
    if holder != signer {
        return Err(exit::refused(format!(
            "only the present key of {role}, {}, can hand the role on, not {}; the owner can appoint another with \
             `aver model replace-key`, for versions registered later",
            subject.names.account(holder),
            subject.names.account(signer)
        ))
        .into());
    }
    let expiry = now()?.saturating_add(ROTATION_SECONDS);
    let rotation = KeyRotation { model: subject.model(), role: id, new_signer, expiry };
    let payload =
        Payload::RoleKeyRotated { rotation: rotation.clone(), previous_signer: holder, signature: [].into() };
    let previewed = subject.preview(signer, NONE, payload)?;
    previewed.map_err(|error| exit::refused(format!("cannot hand {role} on: {}", error.refusal)))?;
    let words = rotation.in_words(&SigningContext {
        registry: subject.registry.id(),
        creator: subject.history.creator(),
        model_name: &subject.signed_name()?,
        role_name: role,
    })?;
    context.ui.remark(words);
    context.ui.confirm("Sign it?")?;
    let sender = context.sender_for(&subject).await?;
    let signed = subject.registry.sign_rotation(sender.key(), rotation)?;
    let sent = subject.registry.rotate_role_key(&sender, &signed).await?;
    let words = format!("{role} is held by {} now", subject.names.account(new_signer));
    let value = json!({ "model": subject.model(), "role": role, "previousKey": holder, "key": new_signer });
    context.sent(&subject.registry, &sent, value, words)
}

pub async fn replace(model: &str, role: &str, to: &str, context: &Context) -> Result<()> {
    let new_signer = context.address(to)?;
    let subject = context.model(model).await?;
    let id = role_of(&subject, role)?;
    if let Some(key) = subject.history.key(new_signer) {
        return Err(exit::refused(format!(
            "{} holds or held the role {} here already; a key holds one role, once: use a fresh key",
            subject.names.account(new_signer),
            role_name(&subject.history, key.role)
        ))
        .into());
    }
    let previous = subject.history.present_signer(id);
    let sender = context.sender_for(&subject).await?;
    let sent = subject.registry.replace_role_key(&sender, subject.model(), id, new_signer).await?;
    let words = format!(
        "{} decides as {role} about versions registered from now on; about earlier ones it stays {}",
        subject.names.account(new_signer),
        subject.names.account(previous)
    );
    let value = json!({ "model": subject.model(), "role": role, "previousKey": previous, "key": new_signer });
    context.sent(&subject.registry, &sent, value, words)
}

pub async fn compromised(model: &str, key: &str, from: Option<u64>, context: &Context) -> Result<()> {
    let signer = context.address(key)?;
    let subject = context.model(model).await?;
    let Some(held) = subject.history.key(signer).copied() else {
        return Err(exit::refused(format!(
            "{} never held a role of {}; `aver model show` lists its keys",
            subject.names.account(signer),
            subject.history.name()
        ))
        .into());
    };
    let from_sequence = from.unwrap_or_else(|| subject.history.length().saturating_add(1));
    let role = role_name(&subject.history, held.role);
    let payload = Payload::KeyCompromised { role: held.role, signer, from_sequence };
    let previewed = subject.preview(context.account_address()?, NONE, payload)?;
    let after = previewed.map_err(|error| {
        exit::refused(format!("cannot declare the key of {role} compromised: {}", error.refusal))
    })?;

    let already: Vec<u64> = subject.history.touched_decisions().map(|(_, d)| d.sequence).collect();
    let mut touched = Vec::new();
    let mut words = format!(
        "{}, key of {role}, is compromised from entry {from_sequence} on. It can do no more, and this cannot be \
         taken back.",
        subject.names.account(signer)
    );
    for (version, decision) in after.touched_decisions().filter(|(_, d)| !already.contains(&d.sequence)) {
        let (name, role) = (
            subject.names.full_version(&subject.history, version),
            role_name(&subject.history, decision.approval.role),
        );
        write!(
            words,
            "\n  entry {}: {role}'s {} of {name} no longer counts",
            decision.sequence,
            noun(decision)
        )?;
        touched.push(json!({ "entry": decision.sequence, "version": version, "role": role }));
    }
    for (version, record) in after.versions() {
        let needed = after.policy_of(record.policy_revision).map_or(0, |policy| policy.threshold.into());
        let standing = after.standing_approvals(record).count();
        let before =
            subject.history.version(version).map_or(0, |r| subject.history.standing_approvals(r).count());
        if record.approved.is_some() && standing < needed && before >= needed {
            let name = subject.names.full_version(&subject.history, version);
            write!(
                words,
                "\n  {name} is {} with {standing} of {needed} approvals: have it approved again, or revoke it",
                record.stage
            )?;
        }
    }
    context.ui.remark(&words);
    let sender = context.sender_for(&subject).await?;
    let registry = &subject.registry;
    let sent =
        registry.declare_compromised(&sender, subject.model(), held.role, signer, from_sequence).await?;
    let value = json!({
        "model": subject.model(),
        "role": role,
        "key": signer,
        "from": from_sequence,
        "noLongerCount": touched,
    });
    context.sent(
        registry,
        &sent,
        value,
        format!("{role}'s key {} is declared compromised", subject.names.account(signer)),
    )
}

const NONE: VersionId = VersionId(B256::ZERO);

fn noun(decision: &DecisionRecord) -> &'static str {
    match decision.approval.decision {
        Decision::Approve => "approval",
        Decision::Reject => "rejection",
    }
}

impl Subject {
    /// The model's name as it is shown to who signs: only one that can be shown whole.
    pub fn signed_name(&self) -> Result<String> {
        let name = String::from_utf8(self.history.name().bytes().to_vec());
        Ok(name.map_err(|_| {
            exit::refused(format!(
                "the model's name {:?} is not UTF-8, so what would be signed cannot be shown in words: nothing was \
                 signed",
                self.history.name()
            ))
        })?)
    }
}
