//! The steps of a round that a person may want to take, and the end of a task. What needs integers the member's program does.

use super::{
    Task,
    claim::{check_adoption, other_points},
    create, done,
};
use crate::{
    args::federated::{ConcludeArgs, ContestArgs, ContestedArg},
    commands::Context,
    desk::when,
    exit,
    plans::PlanFolder,
    proofs,
};
use anyhow::{Context as _, Result};
use averment_ledger::federated::{Book, Contested, Outcome, Phase, Scores};
use averment_node::federated::points;
use averment_primitives::{Address, Bytes, U256, keccak256};
use serde_json::json;

/// The task's step that is due, whoever takes it.
pub async fn advance(task: &str, context: &Context) -> Result<()> {
    let task = Task::open(task, context).await?;
    let (book, block) = task.book().await?;
    let now = task.now(&block)?;
    let over = now > book.until;
    let wait = |what: &str| {
        exit::refused(format!("the task is {}: {what} until {}", book.phase.words(), when(book.until, now)))
    };
    match book.phase {
        Phase::Ended => {
            return Err(exit::refused(
                "the task is over: `aver federated conclude` says what its model became",
            )
            .into());
        }
        Phase::Settle => return settle(&task.address().to_string(), context).await,
        Phase::Idle if !over => {
            let (minimum, got) = (usize::from(book.terms.size.minimum), book.list.len());
            if got < minimum {
                return Err(
                    wait(&format!("a round needs {minimum} members, {got} have joined; more can")).into()
                );
            }
        }
        Phase::Select if !over => {}
        Phase::Idle | Phase::Select => {}
        phase => {
            let small = over && book.is_too_small();
            let answered =
                phase == Phase::Answer && book.running().is_some_and(|round| round.open_challenges() == 0);
            if phase == Phase::Answer && over && !answered {
                return Err(exit::refused(
                    "challenges are open that nobody answered in time: `aver federated challenge TASK --lapse` ends them",
                )
                .into());
            }
            if book.phase_at(now) == phase && !small && !answered && !over {
                return Err(wait("nothing is to be done by hand").into());
            }
        }
    }
    let sender = task.desk.sender(context).await?;
    let sent = [match book.phase {
        Phase::Idle if !over => task.client.open_round(&sender).await?,
        Phase::Select if !over => task.client.draw(&sender).await?,
        _ => task.client.advance(&sender).await?,
    }];
    let (book, block) = task.book().await?;
    let now = task.now(&block)?;
    done(
        context,
        &sent,
        json!({ "task": task.address(), "round": book.number(), "phase": book.phase, "until": book.until }),
        format!("round {}, {}, until {}", book.number(), book.phase.words(), when(book.until, now)),
    )
}

pub async fn challenge(args: &ContestArgs, context: &Context) -> Result<()> {
    let task = Task::open(&args.task, context).await?;
    let (book, block) = task.book().await?;
    let round = book.running().ok_or_else(|| exit::refused("no round runs: nothing can be challenged"))?;
    let Some(what) = args.what else { return lapse(&task, &book, task.now(&block)?, context).await };
    let account = match (what, &args.whose) {
        (ContestedArg::Model, None) => {
            round.aggregated.as_ref().map_or(Address::ZERO, |made| made.aggregator)
        }
        (ContestedArg::Model, Some(_)) => {
            return Err(exit::usage("the model is the round's: name nobody").into());
        }
        (_, Some(whose)) => context.address(whose)?,
        (_, None) => {
            return Err(
                exit::usage("whose? aver federated challenge TASK proof|update|cumulative ACCOUNT").into()
            );
        }
    };
    let sender = task.desk.sender(context).await?;
    let contested = Contested::from(what);
    let sent = task
        .desk
        .with_task_money(&sender, async || task.client.challenge(&sender, account, contested).await)
        .await?;
    let until = task.client.challenge_until(round.number, place(account, contested), contested).await?;
    let bond = task.client.terms().money.bond;
    done(
        context,
        &sent,
        json!({
            "task": task.address(),
            "round": round.number,
            "account": account,
            "contested": contested,
            "bond": bond.to_string(),
            "until": until,
        }),
        format!(
            "challenged with {}\nnext: if nobody answers, `aver federated challenge {} --lapse` once the time for it is over",
            task.desk.words(bond),
            task.address()
        ),
    )
}

/// Of the model the contract has the zero account.
fn place(account: Address, contested: Contested) -> Address {
    if contested == Contested::Model { Address::ZERO } else { account }
}

async fn lapse(task: &Task, book: &Book, now: u64, context: &Context) -> Result<()> {
    let mut due = Vec::new();
    let round = book.running().context("a round runs")?;
    for (&(account, contested), challenge) in &round.challenges {
        if challenge.open {
            let until = task.client.challenge_until(round.number, account, contested).await?;
            if until.is_some_and(|until| now > until) {
                due.push((account, contested));
            }
        }
    }
    if due.is_empty() {
        return Err(exit::refused(format!(
            "{} challenges are open, and the time for answers is over for none of them",
            round.open_challenges()
        ))
        .into());
    }
    let sender = task.desk.sender(context).await?;
    let mut sent = Vec::new();
    for (account, contested) in &due {
        sent.push(task.client.lapse(&sender, round.number, *account, *contested).await?);
    }
    let lapsed: Vec<_> = due
        .iter()
        .map(|(account, contested)| json!({ "account": account, "contested": contested }))
        .collect();
    let words = match due.len() {
        1 => "a challenge was not answered: what it is about does not stand".to_owned(),
        many => format!("{many} challenges were not answered: what they are about does not stand"),
    };
    done(context, &sent, json!({ "task": task.address(), "round": round.number, "lapsed": lapsed }), words)
}

pub async fn strike(task: &str, context: &Context) -> Result<()> {
    let task = Task::open(task, context).await?;
    let (book, _) = task.book().await?;
    let silent = silent(&book);
    if silent.is_empty() {
        return Err(exit::refused(
            "nobody is to be struck: strikes are for who was drawn and did not commit, once commits have ended, or did not \
             reveal, once reveals have",
        )
        .into());
    }
    let sender = task.desk.sender(context).await?;
    let sent = [task.client.strike(&sender, silent.clone()).await?];
    let words: Vec<String> = silent.iter().map(ToString::to_string).collect();
    done(
        context,
        &sent,
        json!({ "task": task.address(), "round": book.number(), "struck": silent }),
        format!("struck {}", words.join(", ")),
    )
}

/// Those of the present round who were drawn and were silent, and have no strike for it.
pub fn silent(book: &Book) -> Vec<Address> {
    let Some(round) = book.running() else { return Vec::new() };
    let ended = |phase: Phase| book.phase > phase;
    let said = |account: &Address| {
        (!ended(Phase::Commit) || round.committed.contains_key(account))
            && (!ended(Phase::Reveal) || round.said.contains_key(account))
    };
    let silent = round.order.iter().filter(|account| {
        ended(Phase::Commit)
            && book.is_selected(**account)
            && !said(account)
            && !round.struck.contains(*account)
    });
    silent.copied().collect()
}

/// What the present round came to, as the contract takes it.
async fn outcome(task: &Task, book: &Book) -> Result<(Outcome, Bytes)> {
    let made = book.running().and_then(|round| round.aggregated.as_ref());
    let made = made.ok_or_else(|| exit::refused("the round has no new model yet: nothing is to be paid"))?;
    let before = match book.models.last() {
        Some(model) => model.points.clone(),
        None => task.client.beginning().await?.points,
    };
    let outcome = Outcome {
        model: keccak256(&made.points),
        difference: keccak256(points::difference(&made.points, &before)?),
        matrix: keccak256(&made.matrix),
        accounts: made.accounts.clone(),
    };
    Ok((outcome, made.matrix.clone()))
}

pub async fn settle(task: &str, context: &Context) -> Result<()> {
    let task = Task::open(task, context).await?;
    let (book, block) = task.book().await?;
    let (outcome, matrix) = outcome(&task, &book).await?;
    let now = task.now(&block)?;
    let round = book.running().context("a round with a new model runs")?;
    if book.phase_at(now) == Phase::Settle && now <= book.until {
        return Err(exit::refused(format!(
            "the model can be challenged until {}: it is paid for after that",
            when(book.until, now)
        ))
        .into());
    }
    let sender = task.desk.sender(context).await?;
    let mut sent = Vec::new();
    let qualities = match &round.qualities {
        Some(qualities) => qualities.clone(),
        None => {
            sent.push(task.client.rate(&sender, outcome.clone(), matrix).await?);
            let (book, _) = task.book().await?;
            let rated = book.round.and_then(|round| round.qualities);
            rated.context("the contract computed no qualities")?
        }
    };
    let scored: Vec<Scores> = round
        .scores
        .iter()
        .map(|(validator, scores)| Scores { validator: *validator, scores: scores.clone() })
        .collect();
    let paid = task.client.settle(&sender, outcome.clone(), qualities.clone(), scored).await?;
    let payments = task.client.payments(&paid)?;
    sent.push(paid);
    let mut lines = String::new();
    let mut earned = Vec::new();
    for ((account, payment), quality) in outcome.accounts.iter().zip(&payments).zip(&qualities) {
        lines += &format!("{account}  {}\n", task.desk.words(*payment));
        earned
            .push(json!({ "account": account, "paid": payment.to_string(), "quality": quality.to_string() }));
    }
    let whole: U256 = payments.iter().copied().fold(U256::ZERO, U256::saturating_add);
    done(
        context,
        &sent,
        json!({
            "task": task.address(),
            "round": round.number,
            "model": outcome.model,
            "payments": earned,
            "paid": whole.to_string(),
            "token": task.desk.token_json(),
        }),
        format!(
            "round {} is final\n{lines}next: aver federated withdraw {} all",
            round.number,
            task.address()
        ),
    )
}

pub async fn conclude(args: &ConcludeArgs, context: &Context) -> Result<()> {
    let task = Task::open(&args.task, context).await?;
    let folder = PlanFolder::open(&args.plan)?;
    let (version, record) = task.version(&args.version, context).await?;
    proofs::same_plan(version, &record, &folder)?;
    let release = context.releases().load(version)?;
    let claim = release.as_ref().and_then(|own| own.statement.captured().federated.clone());
    if let Some(other) = claim.as_ref().map(|claim| claim.task).filter(|other| *other != task.address()) {
        return Err(exit::refused(format!(
            "the manifest of {version} says that it comes from the task {other}"
        ))
        .into());
    }
    let (prefix, points) = create::parts(&folder.commitment()?);
    let (_, rounds) = task.client.rounds().await?;
    if let Some(claim) = claim.as_ref().filter(|claim| claim.adoption.is_some()) {
        let kept = release.as_ref().and_then(|own| own.rounds.as_ref());
        let about = (record.content.plan_digest, record.registrant);
        let adoption = check_adoption(&task, claim, kept, about, context).await?;
        let value = json!({
            "task": task.address(),
            "version": version,
            "points": keccak256(&points),
            "rounds": rounds,
            "adoption": adoption,
        });
        return done(
            context,
            &[],
            value,
            format!(
                "the weights of {version} are those that {rounds} rounds of {} made, shifted by {} bits up and {} down and rounded: the \
                 proof that its manifest names holds. The contract takes nothing but its own points, so nothing was sent\n\
                 next: aver audit {version} shows the rounds",
                task.address(),
                adoption.up,
                adoption.down
            ),
        );
    }
    check_final(&task, &prefix, &points).await?;
    if claim.is_none() {
        context.ui.remark(
            "the version's manifest does not name the task's rounds: `aver register --task` writes them into one, with what an audit \
             needs to check their proofs",
        );
    }
    let sender = task.desk.sender(context).await?;
    let sent = [task.client.finish(&sender, version.0, prefix, points.clone()).await?];
    done(
        context,
        &sent,
        json!({
            "task": task.address(),
            "version": version,
            "points": keccak256(&points),
            "rounds": rounds,
            "adoption": null,
        }),
        format!(
            "version {version} is what {rounds} rounds of {} made\nnext: aver audit {version} shows them",
            task.address()
        ),
    )
}

/// Refuses points that are not those of a task's final model.
async fn check_final(task: &Task, prefix: &Bytes, points: &Bytes) -> Result<()> {
    let (model, _) = task.client.model().await?;
    let same = keccak256(prefix) == task.client.code().prefix_hash && keccak256(points) == model;
    if same { Ok(()) } else { Err(other_points(keccak256(points), model, task.address())) }
}
