//! `aver model`: models, their policies and keys.

mod keys;
mod show;

use super::Context;
use crate::{args::ModelCommand, exit, names::role_name, subject::Subject};
use anyhow::Result;
use averment_ledger::registry::PolicyTerms;
use averment_primitives::{Address, RoleId};
use averment_registry::history::History;
use serde_json::json;
use std::collections::BTreeMap;

pub fn run(command: &ModelCommand, context: &Context) -> Result<()> {
    context.block_on(async {
        match command {
            ModelCommand::Create { name, roles, threshold } => create(name, roles, *threshold, context).await,
            ModelCommand::Policy { model, roles, threshold } => {
                policy(model, roles, *threshold, context).await
            }
            ModelCommand::RotateKey { model, role, to } => keys::rotate(model, role, to, context).await,
            ModelCommand::ReplaceKey { model, role, to } => keys::replace(model, role, to, context).await,
            ModelCommand::Compromised { model, key, from } => {
                keys::compromised(model, key, *from, context).await
            }
            ModelCommand::Registrar { model, registrar, forbid } => {
                set_registrar(model, registrar, !forbid, context).await
            }
            ModelCommand::Transfer { model, to, .. } => transfer(model, to.as_deref(), context).await,
            ModelCommand::Accept { model } => accept(model, context).await,
            ModelCommand::Show { model } => show::run(model, context).await,
        }
    })
}

async fn create(name: &str, roles: &[String], threshold: u8, context: &Context) -> Result<()> {
    let policy = PolicyTerms { roles: assignments(roles, None, context)?, threshold };
    let registry = context.registry().await?;
    let owner = context.account_address()?;
    for (role, key) in &policy.roles {
        if *key == owner {
            context.ui.remark(format!(
                "note: {role} is your own key; it cannot decide about versions that you register yourself"
            ));
        }
    }
    let sender = context.sender(registry.ledger(), context.account()?).await?;
    let (model, sent) = registry.create_model(&sender, name, &policy).await?;
    let words = format!(
        "created {name:?}: {threshold} of {} roles have to approve a version\n{model}\n\
         next: `aver register --template > model.toml`, fill it in, `aver register model.toml`",
        policy.roles.len()
    );
    let value =
        json!({ "model": model, "name": name, "owner": sender.address(), "policy": terms(&policy, 1) });
    context.sent(&registry, &sent, value, words)
}

async fn policy(model: &str, roles: &[String], threshold: u8, context: &Context) -> Result<()> {
    let subject = context.model(model).await?;
    let policy = PolicyTerms { roles: assignments(roles, Some(&subject.history), context)?, threshold };
    let sender = context.sender_for(&subject).await?;
    let sent = subject.registry.set_policy(&sender, subject.model(), &policy).await?;
    let revision = subject.history.policies().len().saturating_add(1);
    let words = format!(
        "policy {revision}: {threshold} of {} roles have to approve what is registered from now on",
        policy.roles.len()
    );
    let value = json!({ "model": subject.model(), "policy": terms(&policy, revision) });
    context.sent(&subject.registry, &sent, value, words)
}

/// What a policy says; a key that stays as it is is null.
fn terms(policy: &PolicyTerms, revision: usize) -> serde_json::Value {
    let key = |key: Address| (!key.is_zero()).then_some(key);
    let roles = policy.roles.iter().map(|(name, signer)| json!({ "name": name, "key": key(*signer) }));
    json!({ "revision": revision, "threshold": policy.threshold, "roles": roles.collect::<Vec<_>>() })
}

/// Roles and their keys as typed: `NAME=KEY`, or `NAME` alone for a role of `history` that has a key, which then
/// stands as the zero address.
fn assignments(
    roles: &[String],
    history: Option<&History>,
    context: &Context,
) -> Result<Vec<(String, Address)>> {
    let mut assigned: Vec<(String, Address)> = Vec::new();
    let mut holders: BTreeMap<Address, &str> = BTreeMap::new();
    for typed in roles {
        // From the right: a key's name has no '=', a role's may.
        let (role, key) = match typed.rsplit_once('=') {
            Some((role, key)) => (role, Some(context.address(key)?)),
            None => (typed.as_str(), None),
        };
        let holder = history.map(|history| history.present_signer(RoleId::of(role)));
        let holder = holder.filter(|holder| !holder.is_zero());
        let key = match (key, holder) {
            (Some(key), Some(holder)) if key != holder => {
                return Err(exit::refused(format!(
                    "{role:?} has the key {holder} already, and a policy cannot change it: write --role {role:?} \
                     alone, and appoint the other with `aver model replace-key`"
                ))
                .into());
            }
            (Some(key), _) => key,
            (None, Some(_)) => Address::ZERO,
            (None, None) => {
                return Err(exit::usage(format!(
                    "--role: expected NAME=KEY (KEY an address or the name of a key), got {typed:?}, and {role:?} \
                     has no key yet"
                ))
                .into());
            }
        };
        if assigned.iter().any(|(name, _)| name == role) {
            return Err(exit::usage(format!("--role: {role:?} is named twice")).into());
        }
        if !key.is_zero()
            && let Some(other) = holders.insert(key, role)
        {
            return Err(exit::usage(format!(
                "--role: {key} is the key of {other:?} and of {role:?}; a key holds one role of a model, once"
            ))
            .into());
        }
        assigned.push((role.to_owned(), key));
    }
    Ok(assigned)
}

async fn set_registrar(model: &str, registrar: &str, allowed: bool, context: &Context) -> Result<()> {
    let account = context.address(registrar)?;
    let subject = context.model(model).await?;
    let sender = context.sender_for(&subject).await?;
    let sent = subject.registry.set_registrar(&sender, subject.model(), account, allowed).await?;
    let may = if allowed { "may" } else { "may no longer" };
    let words =
        format!("{} {may} register versions of {}", subject.names.account(account), subject.history.name());
    let value = json!({ "model": subject.model(), "registrar": account, "allowed": allowed });
    context.sent(&subject.registry, &sent, value, words)
}

async fn transfer(model: &str, to: Option<&str>, context: &Context) -> Result<()> {
    let next = to.map(|to| context.address(to)).transpose()?;
    let subject = context.model(model).await?;
    let sender = context.sender_for(&subject).await?;
    let (client, id) = (&subject.registry, subject.model());
    let sent = client.transfer_ownership(&sender, id, next.unwrap_or_default()).await?;
    let name = subject.history.name();
    let words = match next {
        Some(next) => format!(
            "offered {name} to {}, who accepts it with\n  aver model accept {id}\nUntil then it stays yours.",
            subject.names.account(next)
        ),
        None => format!("{name} is offered to nobody any more"),
    };
    context.sent(client, &sent, json!({ "model": id, "offeredTo": next }), words)
}

async fn accept(model: &str, context: &Context) -> Result<()> {
    let subject = context.model(model).await?;
    let sender = context.sender_for(&subject).await?;
    let sent = subject.registry.accept_ownership(&sender, subject.model()).await?;
    let words = format!("{} is yours now", subject.history.name());
    let value = json!({ "model": subject.model(), "owner": sender.address() });
    context.sent(&subject.registry, &sent, value, words)
}

/// The role of `history` called `name`.
fn role_of(subject: &Subject, name: &str) -> Result<RoleId> {
    let role = RoleId::of(name);
    if !subject.history.appointments(role).is_empty() {
        return Ok(role);
    }
    let mut known: Vec<String> =
        subject.history.keys().map(|key| role_name(&subject.history, key.role)).collect();
    known.sort_unstable();
    known.dedup();
    let model = subject.history.name();
    Err(exit::usage(format!("{model} has no role {name:?}; it has {}", known.join(", "))).into())
}
