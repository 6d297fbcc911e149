//! `aver deploy`, `aver retire` and `aver revoke`: a version's life after its approval.

use super::Context;
use crate::{
    args::{DeployArgs, RetireArgs, RevokeArgs},
    exit,
    names::role_name,
    subject::Subject,
};
use anyhow::Result;
use averment_ledger::contracts::{SendError, Sender, Sent};
use averment_primitives::VersionId;
use averment_registry::{
    Utc,
    history::{Payload, Refusal, Stage, Text, VersionRecord},
};
use serde_json::{Value, json};

pub fn deploy(args: &DeployArgs, context: &Context) -> Result<()> {
    context.block_on(change(&args.version, Change::Deploy(&args.environment), context))
}

pub fn retire(args: &RetireArgs, context: &Context) -> Result<()> {
    context.block_on(change(&args.version, Change::Retire(&args.reason), context))
}

pub fn revoke(args: &RevokeArgs, context: &Context) -> Result<()> {
    context.block_on(change(&args.version, Change::Revoke(&args.reason), context))
}

/// What is done to a version: where it is deployed, or why it ends.
#[derive(Clone, Copy)]
enum Change<'a> {
    Deploy(&'a str),
    Retire(&'a str),
    Revoke(&'a str),
}

impl Change<'_> {
    fn verb(self) -> &'static str {
        match self {
            Self::Deploy(_) => "deploy",
            Self::Retire(_) => "retire",
            Self::Revoke(_) => "revoke",
        }
    }

    fn payload(self) -> Payload {
        match self {
            Self::Deploy(environment) => Payload::Deployed { environment: environment.into() },
            Self::Retire(reason) => Payload::Retired { reason: reason.into() },
            Self::Revoke(reason) => Payload::Revoked { reason: reason.into() },
        }
    }

    async fn send(
        self,
        subject: &Subject,
        sender: &Sender,
        version: VersionId,
    ) -> std::result::Result<Sent, SendError> {
        let registry = &subject.registry;
        match self {
            Self::Deploy(environment) => registry.deploy(sender, version, environment).await,
            Self::Retire(reason) => registry.retire(sender, version, reason).await,
            Self::Revoke(reason) => registry.revoke(sender, version, reason).await,
        }
    }

    /// What has become of the version called `name`.
    fn outcome(self, name: &str, version: VersionId, at: u64) -> (Value, String) {
        match self {
            Self::Deploy(environment) => (
                json!({ "version": version, "stage": "deployed", "environment": environment, "since": at }),
                format!("{name} runs in {environment:?} since {}", Utc(at)),
            ),
            Self::Retire(reason) => (
                json!({ "version": version, "stage": "retired", "reason": reason }),
                format!("{name} is retired"),
            ),
            Self::Revoke(reason) => (
                json!({ "version": version, "stage": "revoked", "reason": reason }),
                format!("{name} is revoked"),
            ),
        }
    }
}

async fn change(version: &str, change: Change<'_>, context: &Context) -> Result<()> {
    let (subject, version) = context.version(version).await?;
    check(&subject, version, change, context)?;
    let sender = context.sender_for(&subject).await?;
    let sent = change.send(&subject, &sender, version).await?;
    let name = subject.names.full_version(&subject.history, version);
    let (value, words) = change.outcome(&name, version, sent.block.header.timestamp);
    context.sent(&subject.registry, &sent, value, words)
}

/// Refuses, before any password is asked for, what the contract would refuse.
fn check(subject: &Subject, version: VersionId, change: Change<'_>, context: &Context) -> Result<()> {
    let record = subject.record(version)?;
    let previewed = subject.preview(context.account_address()?, version, change.payload())?;
    let Err(error) = previewed else { return Ok(()) };
    let names = &subject.names;
    let why = match &*error.refusal {
        Refusal::Stage { stage: Stage::Registered, .. } => {
            format!("it is registered and not approved; {}", missing(subject, version, record))
        }
        Refusal::Approvals { .. } => format!(
            "it was approved, but fewer approvals stand now than its policy needs; {}",
            missing(subject, version, record)
        ),
        Refusal::Stage { stage, .. } if matches!(change, Change::Deploy(_)) => {
            format!("it is {stage}, for good; register a new version")
        }
        Refusal::Stage { stage, .. } => format!("it is {stage} already"),
        Refusal::Actor { got, .. } => format!(
            "only the model's owner {} may do this, not {}",
            names.account(subject.history.owner()),
            names.account(*got)
        ),
        Refusal::DeployedAlready { since } => format!("it runs there already, since {}", Utc(*since)),
        other => other.to_string(),
    };
    let name = names.full_version(&subject.history, version);
    Err(exit::refused(format!("cannot {} {name}: {why} (nothing was sent)", change.verb())).into())
}

/// Which approvals stand, and who could still approve.
fn missing(subject: &Subject, version: VersionId, record: &VersionRecord) -> String {
    let history = &subject.history;
    let (standing, needed) = subject.standing(record);
    let stand: Vec<_> = history.standing_approvals(record).map(|decision| decision.approval.role).collect();
    let roles = history.policy_of(record.policy_revision).map_or(&[][..], |policy| &policy.roles);
    let open: Vec<String> = roles
        .iter()
        .map(Text::role_id)
        .filter(|role| !stand.contains(role))
        .map(|role| role_name(history, role))
        .collect();
    format!(
        "{standing} of {needed} approvals stand; {} can still approve, with `aver approve {version} --role ROLE`",
        open.join(", ")
    )
}
