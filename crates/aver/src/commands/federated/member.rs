//! Who takes part: joining, leaving, and money.

use super::{Task, create, done, plans};
use crate::{
    args::federated::{JoinArgs, TakeArgs},
    commands::Context,
    exit,
    plans::PlanFolder,
    proofs,
};
use anyhow::Result;
use averment_ledger::contracts::Sender;
use averment_plan::vector::VectorLayout;
use averment_primitives::{Address, U256, VersionId};
use averment_prover::registered::WeightsSecret;
use averment_verifier::{commitment::WeightsCommitment, point};
use serde_json::json;
use std::path::Path;

pub async fn join(args: &JoinArgs, context: &Context) -> Result<()> {
    let task = Task::open(&args.task, context).await?;
    let folder = PlanFolder::open(&args.plan)?;
    let (layout, commitment) = (folder.layout()?, folder.commitment()?);
    layout.check_plan(&folder.plan()?).map_err(|error| exit::refused(error.to_string()))?;
    check_terms(&task, &folder, &layout, &commitment, context).await?;
    let room = match &args.model {
        Some(model) => {
            check_model(model, &task, &layout, &commitment, context)?;
            true
        }
        None => {
            context.ui.remark(
                "without --model nobody checks here whether the initial model leaves room for all rounds, and that it is what \
                 was committed to",
            );
            false
        }
    };
    // Before money is let go for nothing.
    let (account, (book, _)) = (context.account_address()?, task.book().await?);
    if book.members.get(&account).is_some_and(|member| member.seated) {
        return Err(exit::refused(format!("{account} is a member of {} already", task.address())).into());
    }
    let sender = task.desk.sender(context).await?;
    let (client, terms) = (&task.client, task.client.terms());
    let sent = task
        .desk
        .with_task_money(&sender, async || match args.validator {
            true => client.join_as_validator(&sender, args.evidence.clone()).await,
            false => client.join(&sender, args.evidence.clone()).await,
        })
        .await?;
    let (stake, role) = match args.validator {
        true => (terms.money.validatorStake, "validator"),
        false => (terms.money.stake, "participant"),
    };
    let (book, _) = task.book().await?;
    let since = book.members.get(&sender.address()).map(|member| member.since);
    done(
        context,
        &sent,
        json!({
            "task": task.address(),
            "account": sender.address(),
            "role": role,
            "since": since,
            "stake": stake.to_string(),
            "roomChecked": room,
        }),
        format!(
            "{} joined as {role} with {}, from round {} on\nnext: aver federated status {}",
            sender.address(),
            task.desk.words(stake),
            since.unwrap_or_default(),
            task.address()
        ),
    )
}

/// Refuses a task whose terms are not about this plan: what [F2.3] and the terms' docstrings leave to whoever joins.
async fn check_terms(
    task: &Task,
    folder: &PlanFolder,
    layout: &VectorLayout,
    commitment: &WeightsCommitment,
    context: &Context,
) -> Result<()> {
    let (terms, code) = (task.client.terms(), task.client.code());
    let version = VersionId(terms.version);
    let (_, record) = task.version(&version.to_string(), context).await?;
    proofs::same_plan(version, &record, folder)?;
    let kinds = create::kinds(folder, layout, commitment.chunked().blocks().chunk_bits(), terms)?;
    for (what, expected, got) in [
        ("updates' proofs", kinds.update_digest(), terms.updateKind),
        ("rounds' proofs", kinds.round_digest(), terms.roundKind),
    ] {
        if expected != got {
            return Err(exit::refused(format!(
                "the descriptor of {what} is {expected:?} by {}, the task's terms say {got:?}: its proofs would be about something \
                 else. Do not join",
                folder.path().display()
            ))
            .into());
        }
    }
    let (prefix, points) = create::parts(commitment);
    let beginning = task.client.beginning().await?;
    let fits = averment_primitives::keccak256(&prefix) == code.prefix_hash && points == beginning.points;
    if !fits {
        return Err(exit::refused("the task began with another model than the plan's commitment").into());
    }
    Ok(())
}

/// Refuses an initial model that is not what was committed to, or that leaves no room for the rounds.
fn check_model(
    path: &Path,
    task: &Task,
    layout: &VectorLayout,
    commitment: &WeightsCommitment,
    context: &Context,
) -> Result<()> {
    let package = plans::package(path, layout)?;
    let chunked = commitment.chunked();
    let setup = context.setup(chunked.setup(), chunked.blocks().chunk_bits())?;
    let padded = package.vector.padded(layout);
    let (made, _) = WeightsSecret::commit(&setup, chunked.blocks(), padded, Some(&package.salt))?;
    if point::to_bytes(made.chunked().points()) != point::to_bytes(chunked.points()) {
        return Err(exit::refused(format!(
            "{} is not the model that the task starts from: it has other points",
            path.display()
        ))
        .into());
    }
    create::check_room(layout, &package.vector, task.client.terms())
}

pub async fn leave(task: &str, context: &Context) -> Result<()> {
    let task = Task::open(task, context).await?;
    let sender = task.desk.sender(context).await?;
    let sent = [task.client.quit(&sender).await?];
    let balance = task.client.balance(sender.address()).await?;
    done(
        context,
        &sent,
        json!({ "task": task.address(), "account": sender.address(), "balance": balance.to_string() }),
        format!(
            "{} left; {} there to take\nnext: aver federated withdraw {} all",
            sender.address(),
            task.desk.words(balance),
            task.address()
        ),
    )
}

pub async fn withdraw(args: &TakeArgs, context: &Context) -> Result<()> {
    let task = Task::open(&args.task, context).await?;
    let to = args.to.as_deref().map(|text| context.address(text)).transpose()?;
    let account = context.account_address()?;
    let before = task.client.balance(account).await?;
    let units = match args.amount.as_str() {
        "all" => before,
        typed => U256::from(task.desk.amount("AMOUNT", typed)?),
    };
    if units.is_zero() || units > before {
        return Err(exit::refused(format!(
            "{account} can take {} out of {}, {} it cannot: a stake is there once one has left",
            task.desk.words(before),
            task.address(),
            task.desk.words(units)
        ))
        .into());
    }
    let sender: Sender = task.desk.sender(context).await?;
    let to: Address = to.unwrap_or(sender.address());
    let sent = [task.client.withdraw(&sender, to, units).await?];
    let after = task.client.balance(account).await?;
    done(
        context,
        &sent,
        json!({
            "task": task.address(),
            "account": account,
            "to": to,
            "withdrawn": units.to_string(),
            "balance": after.to_string(),
            "token": task.desk.token_json(),
        }),
        format!("{} withdrawn to {to}, {} left", task.desk.words(units), task.desk.words(after)),
    )
}
