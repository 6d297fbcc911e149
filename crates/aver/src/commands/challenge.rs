//! `aver challenge`: computes an answer again, and challenges what is wrong.

use super::{
    Context,
    request::{outputs_in_words, standing_in_words},
};
use crate::{
    args::ChallengeArgs,
    computing::Computed,
    desk::{Desk, sent_json, sent_words, when},
    exit,
};
use anyhow::Result;
use averment_ledger::settlement::{Found, Phase, Step};
use serde_json::json;

pub fn run(args: &ChallengeArgs, context: &Context) -> Result<()> {
    context.block_on(challenge(args, context))
}

async fn challenge(args: &ChallengeArgs, context: &Context) -> Result<()> {
    let desk = Desk::open(context).await?;
    let found = desk.client.find(args.id).await?;
    let now = desk.now(&found)?;
    let given = match &found.given {
        Some(given) => given.clone(),
        None => {
            let message = format!("there is no answer to challenge: {}", standing_in_words(&found, now));
            return Err(exit::refused(message).into());
        }
    };
    if found.due(now) == Some(Step::Forfeit) && !args.check {
        return forfeit(&found, &desk, context).await;
    }
    let computed = match args.force {
        true => None,
        false => Some(Computed::of(&found, &args.compute, context)?.outputs),
    };
    let right = computed.as_ref().map(|own| *own == given.outputs);
    let verdict = match (&computed, right) {
        (Some(_), Some(true)) => {
            format!("the answer is right: the plan says {} too", outputs_in_words(&given.outputs))
        }
        (Some(own), _) => format!(
            "the answer is WRONG: it says {}, the plan {}",
            outputs_in_words(&given.outputs),
            outputs_in_words(own)
        ),
        (None, _) => "the answer was not computed again".to_owned(),
    };
    let mut value = json!({
        "request": found.id,
        "answerer": given.answerer,
        "answer": given.outputs,
        "computed": computed,
        "right": right,
    });
    if args.check {
        return context.ui.result(&value, verdict);
    }
    if found.standing.phase == Phase::Challenged {
        let message = format!("it is challenged already: {}", standing_in_words(&found, now));
        return Err(exit::refused(message).into());
    }
    if right == Some(true) {
        return Err(exit::refused(format!(
            "{verdict}. Challenging it would cost you {}: its answerer proves it (nothing was sent)",
            desk.words(found.offer.challengeBond)
        ))
        .into());
    }
    let sender = desk.sender(context).await?;
    if sender.address() == given.answerer {
        context.ui.remark("this is your own answer: half of its bond is burned if it is not proved");
    }
    let sent = desk.with_money(&sender, async || desk.client.challenge(&sender, &found).await).await?;
    let after = desk.client.find(found.id).await?;
    value["phase"] = json!(after.standing.phase.to_string());
    value["until"] = json!(after.standing.until);
    value["staked"] = json!(found.offer.challengeBond.to_string());
    value["token"] = desk.token_json();
    value["sent"] = sent_json(&sent);
    context.ui.result(
        &value,
        format!(
            "{verdict}\n{}challenged with {}; it has to be proved until {}\nnext: aver challenge {}   (then, for {} and your \
             stake), or prove the right answer now: aver answer {} --plan PLAN --inputs FILE --proof",
            sent_words(&sent),
            desk.words(found.offer.challengeBond),
            when(after.standing.until, desk.now(&after)?),
            found.id,
            desk.words(found.asked.bond / 2),
            found.id
        ),
    )
}

/// Has an answer slashed that was not proved in time.
async fn forfeit(found: &Found, desk: &Desk, context: &Context) -> Result<()> {
    let sender = desk.sender(context).await?;
    let sent = [desk.client.forfeit(&sender, found).await?];
    let after = desk.client.find(found.id).await?;
    let given = found.contested();
    let gained = found.offer.challengeBond.saturating_add(found.asked.bond / 2);
    context.ui.result(
        &json!({
            "request": found.id,
            "answerer": given.answerer,
            "challenger": given.challenger,
            "answer": given.outputs,
            "forfeited": found.asked.bond.to_string(),
            "toChallenger": gained.to_string(),
            "phase": after.standing.phase.to_string(),
            "until": after.standing.until,
            "token": desk.token_json(),
            "sent": sent_json(&sent),
        }),
        format!(
            "{}{} did not prove its answer and lost {}: {} of it, and the stake, are {}'s, the rest is burned\nthe request {}",
            sent_words(&sent),
            given.answerer,
            desk.words(found.asked.bond),
            desk.words(found.asked.bond / 2),
            given.challenger,
            standing_in_words(&after, desk.now(&after)?)
        ),
    )
}
