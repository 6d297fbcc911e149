//! `aver approve`: a role's decision about a version, shown in words, signed, and submitted.

mod check;
mod submit;

use super::Context;
use crate::{
    args::{ApproveArgs, ApproveCommand},
    exit,
    names::role_name,
    subject::Subject,
    workplace::now,
};
use anyhow::{Context as _, Result};
use averment_ledger::{keys::AccountKey, registry::SignedApproval};
use averment_primitives::{Address, RoleId, U256, VersionId};
use averment_registry::{
    Utc,
    approval::{Approval, Decision, SignedDecision, SigningContext},
    history::{History, Text, VersionRecord},
};
use averment_storage::atomic;
use serde_json::{Value, json};
use std::{
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

const DAY: u64 = 24 * 60 * 60;

pub fn run(args: &ApproveArgs, context: &Context) -> Result<()> {
    context.block_on(async {
        match (&args.command, &args.version, &args.role) {
            (Some(ApproveCommand::Submit { files }), ..) => submit::run(files, context).await,
            (None, Some(version), Some(role)) => approve(version, role, args, context).await,
            _ => Err(exit::usage("which version, and which role decides? Pass VERSION --role ROLE").into()),
        }
    })
}

async fn approve(version: &str, role: &str, args: &ApproveArgs, context: &Context) -> Result<()> {
    if let Some(file) = args.output.as_deref().filter(|file| file.exists()) {
        return Err(taken(file));
    }
    let (subject, version) = context.version(version).await?;
    let record = subject.record(version)?;
    check_role(&subject, record, role)?;
    let signer = context.account_address()?;
    let decision = if args.reject { Decision::Reject } else { Decision::Approve };
    let approval = Approval {
        model: subject.model(),
        version,
        role: RoleId::of(role),
        decision,
        policy_revision: record.policy_revision,
        expiry: now()?.saturating_add(u64::from(args.valid_days).saturating_mul(DAY)),
        nonce: nonce(record, RoleId::of(role), signer)?,
    };
    check::would_change(&subject, record, &approval, signer)?;
    let mut history = subject.history.clone();
    if let Err(refusal) = check::admit(&mut history, &approval, signer, signer, now()?) {
        let why = check::words(&subject, &approval, &refusal);
        return Err(exit::refused(format!("cannot decide: {why} (nothing was signed)")).into());
    }

    let model_name = subject.signed_name()?;
    let names = SigningContext {
        registry: subject.registry.id(),
        creator: subject.history.creator(),
        model_name: &model_name,
        role_name: role,
    };
    context.ui.remark(approval.in_words(&names)?);
    match subject.names.version(&subject.history, version) {
        Some(label) => context.ui.remark(format!(
            "The version is {label}. Read its manifest before you sign: {}",
            context.releases().folder(version).join("manifest.json").display()
        )),
        None => context.ui.remark(
            "No manifest of this version is kept here: ask who registered it for manifest.json, and read it first.",
        ),
    }
    context.ui.confirm("Sign it?")?;
    let key = context.account()?;
    let signed = subject.registry.sign_approval(&key, approval)?;
    match &args.output {
        Some(file) => write(file, &subject, &signed, &names, key.address(), context),
        None => send(&subject, signed, key, context).await,
    }
}

/// Refuses a role that has no say, and names those that have.
fn check_role(subject: &Subject, record: &VersionRecord, role: &str) -> Result<()> {
    let policy = subject.history.policy_of(record.policy_revision);
    if policy.is_some_and(|policy| policy.role_name(RoleId::of(role)).is_some()) {
        return Ok(());
    }
    let roles: Vec<String> =
        policy.map_or(&[][..], |policy| &policy.roles).iter().map(Text::to_string).collect();
    Err(exit::usage(format!(
        "--role: {role:?} has no say about this version; under policy {} these have: {}",
        record.policy_revision,
        roles.join(", ")
    ))
    .into())
}

/// The time in milliseconds, and more than in the signer's last decision for the role.
fn nonce(record: &VersionRecord, role: RoleId, signer: Address) -> Result<U256> {
    let last = record.last_decision(role).filter(|last| last.signer == signer);
    let least = last.map_or(U256::ZERO, |last| last.approval.nonce.saturating_add(U256::ONE));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock stands before 1970")?;
    Ok(U256::from(now.as_millis()).max(least))
}

/// Writes a signed decision for somebody else to submit.
fn write(
    file: &Path,
    subject: &Subject,
    signed: &SignedApproval,
    names: &SigningContext<'_>,
    signer: Address,
    context: &Context,
) -> Result<()> {
    let SignedApproval { approval, signature } = signed;
    let decision = SignedDecision::new(approval.clone(), names, signer, signature.clone())?;
    let mut output = atomic::AtomicFile::create(file)?;
    output.write(&decision.encode()?)?;
    output.commit_new().map_err(|error| if error.is_taken() { taken(file) } else { error.into() })?;
    let value = json!({
        "file": file,
        "version": approval.version,
        "role": names.role_name,
        "decision": approval.decision.to_string(),
        "signer": signer,
        "expiry": approval.expiry,
        "digest": approval.digest(subject.registry.id()),
    });
    let words = format!(
        "signed, not sent: {}\nAnybody may send it until {}, with `aver approve submit {}`",
        file.display(),
        Utc(approval.expiry),
        file.display()
    );
    context.ui.result(&value, words)
}

fn taken(file: &Path) -> anyhow::Error {
    exit::usage(format!("{} is there already: choose another name with -o", file.display())).into()
}

/// Submits the signer's own decision.
async fn send(subject: &Subject, signed: SignedApproval, key: AccountKey, context: &Context) -> Result<()> {
    let sender = context.sender(subject.registry.ledger(), key).await?;
    let sent = subject.registry.submit_approvals(&sender, std::slice::from_ref(&signed)).await?;
    let approval = &signed.approval;
    let role = role_name(&subject.history, approval.role);
    let after = subject.registry.at_final().await?.history(approval.model).await?;
    let (standing, next) = standing(&after, approval.version)?;
    let value = json!({
        "version": approval.version,
        "role": role,
        "decision": approval.decision.to_string(),
        "signer": sender.address(),
        "standing": standing,
    });
    let verb = match approval.decision {
        Decision::Approve => "approved",
        Decision::Reject => "rejected",
    };
    let name = subject.names.full_version(&subject.history, approval.version);
    context.sent(&subject.registry, &sent, value, format!("{role} {verb} {name}\n{next}"))
}

/// How a version stands after decisions: for machines, and with what comes next for people.
fn standing(history: &History, version: VersionId) -> Result<(Value, String)> {
    let record = history.version(version).context("the version is in its model's history")?;
    let approvals = history.standing_approvals(record).count();
    let needed = history.policy_of(record.policy_revision).map_or(0, |policy| policy.threshold.into());
    let value = json!({
        "version": version,
        "stage": record.stage.to_string(),
        "approvals": { "standing": approvals, "needed": needed },
    });
    let next = if approvals < needed {
        format!("{approvals} of {needed} approvals stand")
    } else {
        format!(
            "{approvals} of {needed} approvals stand; the owner may deploy it: aver deploy {version} --environment NAME"
        )
    };
    Ok((value, next))
}
