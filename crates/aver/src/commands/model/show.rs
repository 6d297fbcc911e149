//! `aver model show`: policy, keys and versions of a model, as a table or as JSON.

use crate::{commands::Context, names::role_name, subject::Subject, table::table};
use anyhow::Result;
use averment_primitives::{Address, RoleId, VersionId};
use averment_registry::{
    Utc,
    history::{History, RoleKey, VersionRecord},
};
use serde_json::{Value, json};
use std::fmt::Write;

pub async fn run(model: &str, context: &Context) -> Result<()> {
    let subject = context.model(model).await?;
    let pending = subject.view.pending_owner(subject.model()).await?;
    let words = words(&subject, pending)?;
    context.ui.result(&value(&subject, pending), words)
}

/// What a key is now.
enum Status {
    /// It holds the role.
    Present,
    /// It decides only about versions registered before this entry.
    Replaced(u64),
    /// It handed the role on in this entry.
    HandedOn(u64),
    /// It, or the key that the role came from, is compromised from this entry on.
    Compromised(Address, u64),
}

impl Status {
    fn of(history: &History, key: &RoleKey) -> Self {
        if let Some((signer, compromise)) = history.tainted_by(key.signer, history.length().saturating_add(1))
        {
            return Self::Compromised(signer, compromise.from_sequence);
        }
        let appointments = history.appointments(key.role);
        if let Some(place) = appointments.iter().position(|appointment| appointment.holder == key.signer) {
            return appointments
                .get(place.saturating_add(1))
                .map_or(Self::Present, |next| Self::Replaced(next.from));
        }
        let successor = history.keys().find(|other| other.predecessor == Some(key.signer));
        Self::HandedOn(successor.map_or(0, |successor| successor.since))
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Replaced(_) => "replaced",
            Self::HandedOn(_) => "handedOn",
            Self::Compromised(..) => "compromised",
        }
    }

    fn words(&self, key: &RoleKey) -> String {
        match self {
            Self::Present => "holds the role".to_owned(),
            Self::Replaced(entry) => format!("decides only about versions registered before entry {entry}"),
            Self::HandedOn(entry) => format!("handed the role on in entry {entry}"),
            Self::Compromised(signer, from) if *signer == key.signer => {
                format!("COMPROMISED from entry {from} on")
            }
            Self::Compromised(signer, _) => format!("came from the COMPROMISED key {signer}"),
        }
    }
}

/// Every key, by role and time.
fn keys(history: &History) -> Vec<&RoleKey> {
    let order = |role: RoleId| {
        let policies = history.policies().iter().rev();
        let mut roles = policies.flat_map(|policy| &policy.roles);
        roles.position(|name| name.role_id() == role)
    };
    let mut keys: Vec<&RoleKey> = history.keys().collect();
    keys.sort_by_key(|key| (order(key.role), key.since));
    keys
}

/// Every version, in the order of registration.
fn versions(history: &History) -> Vec<(VersionId, &VersionRecord)> {
    let mut versions: Vec<_> = history.versions().collect();
    versions.sort_by_key(|(_, record)| record.sequence);
    versions
}

fn words(subject: &Subject, pending: Option<Address>) -> Result<String> {
    let Subject { registry, view, history, names, .. } = subject;
    let mut out = String::new();
    writeln!(out, "{}  {}", history.name(), history.model())?;
    writeln!(out, "owner     {}", names.account(history.owner()))?;
    if history.creator() != history.owner() {
        writeln!(out, "creator   {}", names.account(history.creator()))?;
    }
    if let Some(next) = pending {
        writeln!(out, "offered   to {}", names.account(next))?;
    }
    for registrar in history.registrars() {
        writeln!(out, "registrar {}", names.account(*registrar))?;
    }
    writeln!(out, "registry  {} on chain {}", registry.id().address, registry.id().chain_id)?;
    let block = view.block();
    writeln!(
        out,
        "as of     block {}, {}; {} entries, proved to head {:?}",
        block.header.number,
        Utc(block.header.timestamp),
        history.length(),
        history.head()
    )?;

    if let Some(policy) = history.policy() {
        let roles: Vec<String> = policy.roles.iter().map(ToString::to_string).collect();
        writeln!(out, "\nPolicy {}: {} of {}", policy.revision, policy.threshold, roles.join(", "))?;
    }
    let keys: Vec<[String; 5]> = keys(history)
        .into_iter()
        .map(|key| {
            [
                role_name(history, key.role),
                key.signer.to_string(),
                names.key(key.signer).unwrap_or("-").to_owned(),
                format!("entry {}", key.since),
                Status::of(history, key).words(key),
            ]
        })
        .collect();
    writeln!(out, "\n{}", table(["ROLE", "KEY", "CALLED HERE", "SINCE", "STATUS"], &keys))?;
    let versions: Vec<[String; 5]> =
        versions(history).into_iter().map(|(id, record)| row(subject, id, record)).collect();
    if versions.is_empty() {
        writeln!(out, "\nNo versions yet: `aver register model.toml` registers one")?;
    } else {
        let head = ["VERSION", "CALLED HERE", "STAGE", "APPROVALS", "ENVIRONMENTS"];
        writeln!(out, "\n{}", table(head, &versions))?;
    }
    let mut out = out.trim_end().to_owned();
    if let Some(caveat) = subject.caveat() {
        write!(out, "\n\n{caveat}")?;
    }
    Ok(out)
}

/// A version's line in the table.
fn row(subject: &Subject, id: VersionId, record: &VersionRecord) -> [String; 5] {
    let (standing, needed) = subject.standing(record);
    let lost = record.approved.is_some() && standing < needed;
    let environments = record
        .deployments
        .iter()
        .map(|place| format!("{} since {}", place.environment, Utc(place.since)))
        .collect::<Vec<_>>();
    [
        id.to_string(),
        subject.names.version(&subject.history, id).unwrap_or("-".to_owned()),
        record.stage.to_string(),
        // Approvals of keys declared compromised since do not count.
        format!("{standing} of {needed}{}", if lost { ", TOO FEW" } else { "" }),
        environments.join("; "),
    ]
}

fn value(subject: &Subject, pending: Option<Address>) -> Value {
    let Subject { history, names, .. } = subject;
    let policies = history.policies().iter().map(|policy| {
        let roles = policy.roles.iter().map(|name| {
            let holder = history.present_signer(name.role_id());
            json!({ "name": name.to_string(), "id": name.role_id(), "key": holder })
        });
        json!({
            "revision": policy.revision,
            "threshold": policy.threshold,
            "roles": roles.collect::<Vec<_>>(),
            "entry": policy.sequence,
        })
    });
    let keys = keys(history).into_iter().map(|key| {
        json!({
            "key": key.signer,
            "calledHere": names.key(key.signer),
            "role": role_name(history, key.role),
            "since": key.since,
            "predecessor": key.predecessor,
            "status": Status::of(history, key).code(),
            "compromisedFrom": key.compromise.map(|compromise| compromise.from_sequence),
        })
    });
    let versions = versions(history).into_iter().map(|(id, record)| version(subject, id, record));
    let mut value = subject.place();
    value["model"] = json!(history.model());
    value["name"] = json!(history.name().to_string());
    value["creator"] = json!(history.creator());
    value["owner"] = json!(history.owner());
    value["offeredTo"] = json!(pending);
    value["registrars"] = json!(history.registrars());
    value["history"] = json!({ "length": history.length(), "head": history.head() });
    value["policies"] = policies.collect();
    value["keys"] = keys.collect();
    value["versions"] = versions.collect();
    value
}

fn version(subject: &Subject, id: VersionId, record: &VersionRecord) -> Value {
    let history = &subject.history;
    let (standing, needed) = subject.standing(record);
    let decisions = record.last_decisions().map(|decision| {
        json!({
            "role": role_name(history, decision.approval.role),
            "decision": decision.approval.decision.to_string(),
            "signer": decision.signer,
            "entry": decision.sequence,
            "counts": history.decision_tainted_by(decision).is_none(),
        })
    });
    let deployments = record.deployments.iter().map(|place| {
        json!({ "environment": place.environment.to_string(), "since": place.since, "entry": place.sequence })
    });
    let endings = record.endings.iter().map(|ending| {
        json!({
            "stage": ending.stage.to_string(),
            "reason": ending.reason.to_string(),
            "timestamp": ending.timestamp,
            "entry": ending.sequence,
        })
    });
    json!({
        "version": id,
        "calledHere": subject.names.version(history, id),
        "stage": record.stage.to_string(),
        "registrant": record.registrant,
        "registeredAt": record.registered_at,
        "entry": record.sequence,
        "policyRevision": record.policy_revision,
        "approvals": { "standing": standing, "needed": needed },
        "decisions": decisions.collect::<Vec<_>>(),
        "deployments": deployments.collect::<Vec<_>>(),
        "endings": endings.collect::<Vec<_>>(),
        "manifestDigest": record.content.manifest_digest,
        "artifactsRoot": record.content.artifacts_root,
        "parents": record.content.parents,
    })
}
