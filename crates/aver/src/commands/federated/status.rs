//! Where tasks stand, for people and for machines.

use super::{Task, contracts, rounds::silent, terms::rule_name};
use crate::{
    args::federated::StatusArgs,
    commands::Context,
    desk::{Desk, when},
    names::Names,
    table::table,
};
use anyhow::Result;
use averment_ledger::federated::{self, Book, Phase};
use averment_primitives::{Address, VersionId};
use serde_json::json;
use std::fmt::Write as _;

pub async fn list(context: &Context) -> Result<()> {
    let contracts = contracts(context)?;
    let desk = Desk::open(context).await?;
    let ledger = desk.client.ledger();
    contracts.check(ledger).await?;
    let found = federated::tasks(ledger, contracts.tasks.address, contracts.block_number, None).await?;
    let names = Names::of(context)?;
    let value = json!({
        "tasks": found.iter().map(|one| json!({
            "task": one.task,
            "sponsor": one.sponsor,
            "version": VersionId(one.version),
            "rule": rule_name(one.terms.rule.kind),
            "rounds": one.terms.size.rounds,
            "block": one.block,
        })).collect::<Vec<_>>(),
    });
    let rows: Vec<[String; 5]> = found
        .iter()
        .map(|one| {
            [
                one.task.to_string(),
                names.key(one.sponsor).map_or_else(|| one.sponsor.to_string(), str::to_owned),
                rule_name(one.terms.rule.kind).to_owned(),
                one.terms.size.rounds.to_string(),
                VersionId(one.version).to_string(),
            ]
        })
        .collect();
    let words = match rows.is_empty() {
        true => "no tasks: `aver federated create` makes one".to_owned(),
        false => table(["task", "sponsor", "rule", "rounds", "from version"], &rows),
    };
    context.ui.result(&value, words)
}

pub async fn status(args: &StatusArgs, context: &Context) -> Result<()> {
    let task = Task::open(&args.task, context).await?;
    let own = match (&args.of, &context.config.account) {
        (Some(account), _) => Some(context.address(account)?),
        (None, Some(_)) => Some(context.account_address()?),
        (None, None) => None,
    };
    let (book, block) = task.book().await?;
    let now = task.now(&block)?;
    let view = View { task: &task, book: &book, now, names: Names::of(context)? };
    let (pool, burned) = task.client.money().await?;
    let mut balances = Vec::new();
    let sponsor = task.client.code().sponsor;
    let mut asked: Vec<Address> = book.members.keys().copied().collect();
    for account in [Some(sponsor), Some(book.terms.aggregator), own].into_iter().flatten() {
        if !account.is_zero() && !asked.contains(&account) {
            asked.push(account);
        }
    }
    for account in asked {
        balances.push((account, task.client.balance(account).await?));
    }
    let (head, finals) = task.client.rounds().await?;
    let (model, _) = task.client.model().await?;
    let steps = own.map(|own| view.steps(own)).unwrap_or_default();
    let balance = |account: Address| {
        balances.iter().find(|(own, _)| *own == account).map(|(_, units)| *units).unwrap_or_default()
    };
    let members: Vec<(Address, &'static str, String)> = view.members();
    let round = book.running();
    let terms = &book.terms;
    let value = json!({
        "task": task.address(),
        "sponsor": sponsor,
        "version": VersionId(terms.version),
        "rule": {
            "kind": rule_name(terms.rule.kind),
            "faults": terms.rule.faults,
            "clip": terms.rule.clip,
            "mix": terms.rule.mix,
            "history": terms.rule.history,
        },
        "bound": terms.bound,
        "rounds": terms.size.rounds,
        "finals": finals,
        "round": book.number(),
        "phase": book.phase,
        "until": book.until,
        "phaseNow": book.phase_at(now),
        "members": members.iter().map(|(account, role, did)| json!({
            "account": account,
            "role": role,
            "selected": book.is_selected(*account),
            "committed": round.is_some_and(|round| round.committed.contains_key(account)),
            "revealed": round.is_some_and(|round| round.said.get(account).is_some_and(|said| !said.excluded)),
            "strikes": book.members.get(account).map_or(0, |member| member.strikes),
            "out": book.members.get(account).is_some_and(|member| member.out),
            "did": did,
            "balance": balance(*account).to_string(),
        })).collect::<Vec<_>>(),
        "challenges": round.map_or(0, averment_ledger::federated::Round::open_challenges),
        "aggregator": round.and_then(|round| round.aggregated.as_ref()).map(|made| made.aggregator),
        "model": model,
        "history": head,
        "pool": pool.to_string(),
        "burned": burned.to_string(),
        "stake": terms.money.stake.to_string(),
        "finished": book.finished.map(VersionId),
        "account": own,
        "balance": own.map(|own| balance(own).to_string()),
        "next": steps,
        "token": task.desk.token_json(),
    });
    let mut words = format!(
        "task     {}\nsponsor  {}\nversion  {}\nrule     {}{}\nrounds   {finals} final of {}\npool     {}{}\nphase    {}\n",
        task.address(),
        view.names.account(sponsor),
        VersionId(terms.version),
        rule_name(terms.rule.kind),
        if terms.rule.faults > 0 { format!(", up to {} wrong", terms.rule.faults) } else { String::new() },
        terms.size.rounds,
        task.desk.words(pool),
        if burned.is_zero() { String::new() } else { format!(", {} burned", task.desk.words(burned)) },
        view.phase(),
    );
    if let Some(version) = book.finished {
        // Writing into a string cannot fail.
        let _ = writeln!(words, "ended as {}", VersionId(version));
    }
    let rows: Vec<[String; 5]> = members
        .iter()
        .map(|(account, role, did)| {
            [
                view.names.key(*account).map_or_else(|| account.to_string(), str::to_owned),
                (*role).to_owned(),
                did.clone(),
                book.members.get(account).map_or(0, |member| member.strikes).to_string(),
                task.desk.words(balance(*account)),
            ]
        })
        .collect();
    words += &match rows.is_empty() {
        true => format!("nobody has joined; {} are needed to open a round\n", terms.size.minimum),
        false => format!("\n{}\n", table(["member", "as", "this round", "strikes", "to withdraw"], &rows)),
    };
    if let Some(own) = own {
        let _ = writeln!(words, "\n{} can now", view.names.account(own));
        for step in &steps {
            let _ = writeln!(words, "  {step}");
        }
        if steps.is_empty() {
            let _ = writeln!(words, "  wait: nothing of this is for it to do now");
        }
    }
    context.ui.result(&value, words.trim_end())
}

struct View<'a> {
    task: &'a Task,
    book: &'a Book,
    now: u64,
    names: Names,
}

impl View<'_> {
    /// The phase as it is stored, and what it comes to by now.
    fn phase(&self) -> String {
        let Self { book, now, .. } = self;
        let round = match book.running() {
            Some(round) => format!("round {}, ", round.number),
            None => String::new(),
        };
        let over = *now > book.until && book.phase != Phase::Ended;
        let at = book.phase_at(*now);
        let mut words = format!("{round}{}", book.phase.words());
        if book.phase != Phase::Ended {
            words += &format!(", until {}", when(book.until, *now));
        }
        if at != book.phase {
            words += &format!("; {} as soon as anybody acts", at.words());
        } else if over {
            words += "; over";
        }
        words
    }

    /// Everybody who ever was one: as what, and what it did in the present round.
    fn members(&self) -> Vec<(Address, &'static str, String)> {
        let book = self.book;
        let one = |(account, member): (&Address, &federated::Member)| {
            let role = match (member.seated, member.validates, member.out) {
                (_, _, true) => "put out",
                (false, ..) => "left",
                (true, true, _) => "validator",
                (true, false, _) => "participant",
            };
            (*account, role, self.did(*account, member))
        };
        book.members.iter().map(one).collect()
    }

    fn did(&self, account: Address, member: &federated::Member) -> String {
        let Some(round) = self.book.running() else { return String::new() };
        let mut did = Vec::new();
        if member.seated && member.since > round.number {
            return format!("from round {} on", member.since);
        }
        if member.validates {
            if round.scores.contains_key(&account) {
                did.push("scored");
            } else if round.scores_committed.contains_key(&account) {
                did.push("committed to scores");
            }
        } else if !self.book.is_selected(account) && member.seated {
            did.push("not drawn");
        } else {
            match round.said.get(&account) {
                Some(said) if said.excluded => did.push("excluded"),
                Some(_) => did.push("revealed"),
                None if round.committed.contains_key(&account) => did.push("committed"),
                None => {}
            }
            if round.struck.contains(&account) {
                did.push("struck");
            }
        }
        if round.aggregated.as_ref().is_some_and(|made| made.aggregator == account) {
            did.push("aggregated");
        }
        did.join(", ")
    }

    /// What an account can do now, each step as a command or in words.
    fn steps(&self, own: Address) -> Vec<String> {
        let Self { book, now, task, .. } = self;
        let address = task.address();
        let over = *now > book.until;
        let member = book.members.get(&own);
        let seated = member.is_some_and(|member| member.seated);
        let out = member.is_some_and(|member| member.out);
        let sponsor = task.client.code().sponsor == own;
        let mut steps = Vec::new();
        if book.phase == Phase::Ended {
            if sponsor && book.finished.is_none() && !book.models.is_empty() {
                steps.push(format!(
                    "aver federated conclude {address} VERSION --plan PLAN, once the model is registered"
                ));
            }
            if seated {
                steps.push(format!("aver federated leave {address}"));
            }
            return steps;
        }
        if !seated && !out && book.list.len() < usize::from(book.terms.size.maximum) {
            steps.push(format!("aver federated join {address} --plan PLAN"));
        }
        let Some(round) = book.running() else {
            let enough = book.list.len() >= usize::from(book.terms.size.minimum);
            if enough || over {
                steps.push(format!("aver federated advance {address}"));
            }
            if seated {
                steps.push(format!("aver federated leave {address}"));
            }
            return steps;
        };
        let at = book.phase_at(*now);
        let selected = book.is_selected(own);
        match at {
            Phase::Commit if selected && !round.committed.contains_key(&own) => {
                steps.push("train and commit (its member's program does)".to_owned());
            }
            Phase::Reveal if round.committed.contains_key(&own) && !round.said.contains_key(&own) => {
                steps.push("reveal its update (its member's program does)".to_owned());
            }
            Phase::Check if seated => {
                steps.push(format!(
                    "aver federated challenge {address} proof|update ACCOUNT, if one was not handed over"
                ));
            }
            Phase::Aggregate if own == book.terms.aggregator => {
                steps.push("aggregate (its member's program does)".to_owned());
            }
            Phase::Takeover if !over && book.may_aggregate(own) => {
                steps.push("aggregate (its member's program does)".to_owned());
            }
            Phase::Score if member.is_some_and(|member| member.validates) => {
                steps.push("score (its member's program does)".to_owned());
            }
            Phase::Settle if !over && seated => {
                steps.push(format!(
                    "aver federated challenge {address} model, if the aggregator keeps it back"
                ));
            }
            Phase::Settle if over => steps.push(format!("aver federated settle {address}")),
            _ => {}
        }
        for ((account, contested), challenge) in &round.challenges {
            let made = round.aggregated.as_ref().is_some_and(|made| made.aggregator == own);
            if challenge.open && (*account == own || account.is_zero() && made) {
                let contested = json!(contested).as_str().unwrap_or_default().to_owned();
                steps.push(format!(
                    "answer the challenge of its {contested} (a proof's its member's program answers)"
                ));
            }
        }
        let small = over && book.is_too_small();
        let stuck = over && matches!(book.phase, Phase::Select | Phase::Takeover);
        let draws = book.phase == Phase::Select && !over;
        if draws || stuck || (at != book.phase && at != Phase::Settle) || small {
            steps.push(format!("aver federated advance {address}"));
        }
        if !silent(book).is_empty() {
            steps.push(format!("aver federated strike {address}"));
        }
        if seated && !round.committed.contains_key(&own) {
            steps.push(format!("aver federated leave {address}"));
        }
        steps
    }
}
