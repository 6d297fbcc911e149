//! Where requests stand, in words and for machines.

use crate::{
    commands::Context,
    desk::{Desk, when},
    names::Names,
    table,
};
use anyhow::Result;
use averment_ledger::settlement::{Event, Found, Happened, Mode, Phase, Step, members, mode_of};
use averment_primitives::{B256, VersionId};
use averment_registry::Utc;
use serde_json::{Value, json};

/// Outputs that are shown to people.
const SHOWN: usize = 16;

/// Shows one request.
pub async fn one(id: B256, context: &Context) -> Result<()> {
    let desk = Desk::open(context).await?;
    let found = desk.client.find(id).await?;
    context.ui.result(&json(&found, &desk), words(&found, &desk, context)?)
}

/// Lists requests.
pub async fn list(by: Option<&str>, open: bool, context: &Context) -> Result<()> {
    let desk = Desk::open(context).await?;
    let by = by.map(|text| context.address(text)).transpose()?;
    let mut made = desk.client.requests(by).await?;
    if open {
        made.retain(|one| !matches!(one.standing.phase, Phase::Final | Phase::Refunded));
    }
    let names = Names::of(context)?;
    let value = json!({
        "requests": made.iter().map(|one| json!({
            "request": one.id,
            "requester": one.requester,
            "version": VersionId(one.asked.version),
            "mode": mode(mode_of(&one.asked)),
            "phase": one.standing.phase.to_string(),
            "until": one.standing.until,
            "fee": one.asked.fee.to_string(),
            "valueAtRisk": one.asked.valueAtRisk.to_string(),
            "block": one.block,
        })).collect::<Vec<_>>(),
        "token": desk.token_json(),
    });
    let rows: Vec<[String; 6]> = made
        .iter()
        .map(|one| {
            let requester = names.key(one.requester).map_or_else(|| one.requester.to_string(), str::to_owned);
            [
                one.id.to_string(),
                requester,
                mode(mode_of(&one.asked)),
                desk.words(one.asked.fee),
                one.standing.phase.to_string(),
                Utc(one.standing.until).to_string(),
            ]
        })
        .collect();
    let words = match rows.is_empty() {
        true => "no requests".to_owned(),
        false => table::table(["request", "by", "mode", "fee", "phase", "until, or since"], &rows),
    };
    context.ui.result(&value, words.trim_end())
}

fn mode(mode: Option<Mode>) -> String {
    mode.map_or_else(|| "unknown".to_owned(), |mode| mode.to_string())
}

/// Outputs as the plan's integers.
pub fn outputs_in_words(outputs: &[i64]) -> String {
    let shown: Vec<String> = outputs.iter().take(SHOWN).map(i64::to_string).collect();
    match outputs.len().checked_sub(SHOWN) {
        None | Some(0) => shown.join(", "),
        Some(more) => format!("{} and {more} more (--json has all)", shown.join(", ")),
    }
}

/// Where a request stands, until when, and who is next.
pub fn standing_in_words(found: &Found, now: u64) -> String {
    let until = |step: &Step| {
        let opening = found.steps().into_iter().find(|opening| opening.step == *step);
        opening.and_then(|opening| opening.until).map_or_else(String::new, |until| when(until, now))
    };
    match found.standing.phase {
        Phase::None => "it was never made".to_owned(),
        Phase::Open if found.standing.draw().is_some() => {
            let draw = found.standing.draw().map_or(0, |draw| draw.round);
            format!("waits for its committee, which round {draw} draws, until {}", until(&Step::Draw))
        }
        Phase::Open if found.mode() == Some(Mode::Optimistic) => {
            format!("waits for an answer until {}", until(&Step::Answer))
        }
        Phase::Open => format!("waits for a proof until {}", until(&Step::Prove)),
        Phase::Answered => format!("answered; may be challenged until {}", until(&Step::Challenge)),
        Phase::Challenged => format!("challenged; has to be proved until {}", until(&Step::Prove)),
        Phase::Drawn => format!(
            "its committee commits until {}, then reveals until {}",
            until(&Step::Commit),
            until(&Step::Reveal)
        ),
        Phase::Final => format!("final since {}", when(found.standing.until, now)),
        Phase::Undelivered => format!(
            "final since {}, but the requester did not take its callback",
            when(found.standing.until, now)
        ),
        Phase::Refunded => format!("refunded {}", when(found.standing.until, now)),
    }
}

/// What somebody can do now, as a command.
fn next(found: &Found, now: u64) -> Vec<String> {
    let id = found.id;
    if let Some(step) = found.due(now) {
        return vec![format!("aver request settle {id}   ({})", step.name())];
    }
    let open = |step: Step| found.steps().iter().any(|one| one.step == step && one.is_open(now));
    let mut next = Vec::new();
    if open(Step::Answer) {
        next.push(format!("aver answer {id} --plan PLAN --inputs FILE"));
    } else if open(Step::Prove) && found.standing.phase != Phase::Answered {
        next.push(format!("aver answer {id} --plan PLAN --inputs FILE --proof"));
    }
    if open(Step::Challenge) {
        next.push(format!("aver challenge {id} --plan PLAN --inputs FILE --check"));
    }
    if open(Step::Commit) {
        next.push(format!("aver inputs seal FILE --request {id} --inbox FOLDER"));
    }
    next
}

/// A request for machines.
pub fn json(found: &Found, desk: &Desk) -> Value {
    let asked = &found.asked;
    json!({
        "request": found.id,
        "requester": found.requester,
        "version": found.version(),
        "versionRevoked": found.revoked,
        "offer": asked.offer,
        "inputs": asked.inputs,
        "items": asked.items,
        "publicInputs": asked.publicInputs,
        "mode": mode(found.mode()),
        "personal": asked.personal,
        "valueAtRisk": asked.valueAtRisk.to_string(),
        "fee": asked.fee.to_string(),
        "bond": asked.bond.to_string(),
        "challengeBond": found.offer.challengeBond.to_string(),
        "deadline": asked.deadline.to::<u64>(),
        "window": asked.window,
        "phase": found.standing.phase.to_string(),
        "until": found.standing.until,
        "answer": found.given.as_ref().map(|given| json!({
            "answerer": given.answerer,
            "challenger": Some(given.challenger).filter(|who| !who.is_zero()),
            "outputs": given.outputs,
        })),
        "committee": found.committee.as_ref().map(|committee| json!({
            "threshold": committee.threshold,
            "commitUntil": committee.commitUntil.to::<u64>(),
            "revealUntil": committee.revealUntil.to::<u64>(),
            "members": members(committee).map(|(operator, signer)| json!({ "operator": operator, "signer": signer }))
                .collect::<Vec<_>>(),
        })),
        "outputs": found.outputs,
        "steps": found.steps().iter().map(|one| json!({
            "step": one.step.name(), "from": one.from, "until": one.until,
        })).collect::<Vec<_>>(),
        "history": found.history.iter().map(event_json).collect::<Vec<_>>(),
        "asOfBlock": found.block.header.number,
        "token": desk.token_json(),
    })
}

fn event_json(event: &Event) -> Value {
    let mut value = match &event.what {
        Happened::Requested { requester, .. } => json!({ "what": "requested", "requester": requester }),
        Happened::Answered { answerer, until, outputs } => {
            json!({ "what": "answered", "answerer": answerer, "until": until, "outputs": outputs })
        }
        Happened::Challenged { challenger, until } => {
            json!({ "what": "challenged", "challenger": challenger, "until": until })
        }
        Happened::Finalised { paid, proved, outputs } => {
            json!({ "what": "finalised", "paid": paid, "proved": proved, "outputs": outputs })
        }
        Happened::Delivered { taken } => json!({ "what": "delivered", "taken": taken }),
        Happened::Slashed { answerer, challenger, burned } => {
            json!({ "what": "slashed", "answerer": answerer, "challenger": challenger, "burned": burned.to_string() })
        }
        Happened::Reopened => json!({ "what": "reopened" }),
        Happened::Refunded { lapsed } => json!({ "what": "refunded", "lapsed": lapsed.to_string() }),
        Happened::Drawn { committee } => json!({ "what": "drawn", "members": committee.members.len() }),
        Happened::Committed { operator } => json!({ "what": "committed", "operator": operator }),
        Happened::Revealed { operator, outputs } => {
            json!({ "what": "revealed", "operator": operator, "outputs": outputs })
        }
        Happened::Ended { outcome, agreeing } => {
            json!({ "what": "ended", "outcome": outcome_name(*outcome), "agreeing": agreeing })
        }
        Happened::OperatorSlashed { operator, accuser, to_accuser, burned } => json!({
            "what": "operator slashed",
            "operator": operator,
            "accuser": accuser,
            "toAccuser": to_accuser.to_string(),
            "burned": burned.to_string(),
        }),
    };
    value["block"] = json!(event.block);
    value["time"] = json!(event.time);
    value["transaction"] = json!(event.tx);
    value
}

fn outcome_name(code: u8) -> &'static str {
    match code {
        0 => "agreed",
        1 => "unavailable",
        2 => "divided",
        _ => "unknown",
    }
}

fn event_words(event: &Event, names: &Names, desk: &Desk) -> String {
    let what = match &event.what {
        Happened::Requested { requester, .. } => format!("asked by {}", names.account(*requester)),
        Happened::Answered { answerer, outputs, .. } => {
            format!("answered by {}: {}", names.account(*answerer), outputs_in_words(outputs))
        }
        Happened::Challenged { challenger, .. } => format!("challenged by {}", names.account(*challenger)),
        Happened::Finalised { paid, proved, outputs } => {
            let proved = proved.map_or_else(String::new, |who| format!(", proved by {}", names.account(who)));
            format!("final: {}; paid to {}{proved}", outputs_in_words(outputs), names.account(*paid))
        }
        Happened::Delivered { taken: true } => "the requester was called back".to_owned(),
        Happened::Delivered { taken: false } => "the requester did not take its callback".to_owned(),
        Happened::Slashed { answerer, burned, .. } => {
            format!("{} lost its bond, {} of it burned", names.account(*answerer), desk.words(*burned))
        }
        Happened::Reopened => "open again".to_owned(),
        Happened::Refunded { lapsed: 0 } => "refunded".to_owned(),
        Happened::Refunded { lapsed } => format!("refunded, but for {} that is burned", desk.words(*lapsed)),
        Happened::Drawn { committee } => format!("a committee of {} was drawn", committee.members.len()),
        Happened::Committed { operator } => format!("operator {operator} committed"),
        Happened::Revealed { operator, outputs } if outputs.is_empty() => {
            format!("operator {operator} cannot answer")
        }
        Happened::Revealed { operator, outputs } => {
            format!("operator {operator} says {}", outputs_in_words(outputs))
        }
        Happened::Ended { outcome, agreeing } => match outcome_name(*outcome) {
            "agreed" => format!("{} members agreed", agreeing.len()),
            "unavailable" => "the members cannot answer".to_owned(),
            _ => "the members do not agree".to_owned(),
        },
        Happened::OperatorSlashed { operator, burned, .. } => {
            format!("operator {operator} was slashed, {} burned", desk.words(*burned))
        }
    };
    format!("  {}  {what}\n", Utc(event.time))
}

/// A request in words.
pub fn words(found: &Found, desk: &Desk, context: &Context) -> Result<String> {
    let (names, now) = (Names::of(context)?, desk.now(found)?);
    let asked = &found.asked;
    let mut words = format!(
        "request  {}\nstands   {}\nversion  {}{}\nmode     {}{}\nat risk  {}\nfee      {}\ninputs   {:?}, {}\n",
        found.id,
        standing_in_words(found, now),
        found.version(),
        if found.revoked { ", revoked" } else { "" },
        mode(found.mode()),
        if asked.personal { ", about a person" } else { "" },
        desk.words(asked.valueAtRisk),
        desk.words(asked.fee),
        asked.inputs,
        if asked.items == 1 { "one item".to_owned() } else { format!("{} items", asked.items) },
    );
    if let Some(given) = &found.given {
        words += &format!(
            "answer   {} by {}, bond {}\n",
            outputs_in_words(&given.outputs),
            names.account(given.answerer),
            desk.words(asked.bond)
        );
    }
    if let Some(outputs) = &found.outputs {
        words += &format!("answer   {}\n", outputs_in_words(outputs));
    }
    if let Some(committee) = &found.committee {
        let said: Vec<String> = members(committee).map(|(operator, _)| operator.to_string()).collect();
        words += &format!("committee operators {}; {} have to agree\n", said.join(", "), committee.threshold);
    }
    words += "history\n";
    found.history.iter().for_each(|event| words += &event_words(event, &names, desk));
    for command in next(found, now) {
        words += &format!("next: {command}\n");
    }
    Ok(words.trim_end().to_owned())
}
