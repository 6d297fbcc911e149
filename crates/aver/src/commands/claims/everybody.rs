//! What anybody may do: ask about claims, act on what is final or late, have claims paid, end policies.

use super::{Pool, counted, done};
use crate::{args::claims::AskArgs, commands::Context, exit};
use anyhow::{Result, bail};
use averment_ledger::{
    claims::{Asked, Batch, Book, Stage},
    contracts::{Sender, Sent},
    settlement::Phase,
};
use averment_primitives::B256;
use serde_json::{Value, json};

/// As many claims, or policies, are moved in one transaction.
const TOGETHER: usize = 128;

pub async fn ask(args: &AskArgs, context: &Context) -> Result<()> {
    let pool = Pool::open(context).await?;
    let sender = pool.desk.sender(context).await?;
    let (mut sent, mut asked, mut words) = (Vec::new(), Vec::new(), String::new());
    let routines: Vec<u16> = match args.routine {
        Some(routine) => vec![routine],
        None => pool.claims.book().await?.routines.keys().copied().collect(),
    };
    for routine in routines {
        loop {
            let book = pool.claims.book().await?;
            let ready = pool.claims.ready(&book, routine, pool.now(&book)?).await?;
            if ready.is_empty() {
                break;
            }
            let (batch, done) = pool.claims.ask(&sender, routine, ready).await?;
            words += &format!("request {} about {}\n", batch.id, counted(batch.evidence.len()));
            asked.push(json!({ "request": batch.id, "routine": routine, "claims": batch.evidence }));
            sent.push(done);
        }
    }
    if sent.is_empty() {
        return Err(exit::refused(
            "no claim can be asked about: those that were filed in this period are asked about in the next",
        )
        .into());
    }
    done(
        context,
        &sent,
        json!({ "requests": asked }),
        format!("{words}next: aver answer REQUEST …, then aver claims settle"),
    )
}

pub async fn settle(context: &Context) -> Result<()> {
    let pool = Pool::open(context).await?;
    let book = pool.claims.book().await?;
    let sender = pool.desk.sender(context).await?;
    let mut moved = Moved::default();
    for batch in &book.batches {
        let open = |evidence: &B256| book.claim(*evidence).is_some_and(|own| own.stage == Stage::Asked);
        if batch.evidence.iter().any(open) {
            moved.batch(&pool, &sender, batch, pool.now(&book)?).await?;
        }
    }
    moved.late(&pool, &sender, &book).await?;
    if moved.sent.is_empty() {
        let words = format!("nothing can be moved on now{}", moved.waits());
        return context.ui.result(&json!({ "moved": [], "waiting": moved.waiting }), words);
    }
    let words = moved.words.join("\n") + &moved.waits();
    done(context, &moved.sent, json!({ "moved": moved.values, "waiting": moved.waiting }), words)
}

/// What was moved on.
#[derive(Default)]
struct Moved {
    sent: Vec<Sent>,
    values: Vec<Value>,
    words: Vec<String>,
    /// Requests that are waited for.
    waiting: Vec<Value>,
}

impl Moved {
    /// A batch: its request is settled if that is due, and what became of it decides.
    async fn batch(&mut self, pool: &Pool, sender: &Sender, batch: &Asked, now: u64) -> Result<()> {
        let id = batch.request;
        let mut found = pool.settlement().find(id).await?;
        // A draw is followed by a committee's work, every other step by none that is due now.
        if let Some(step) = found.due(now) {
            self.sent.extend(pool.settlement().settle(sender, &found, step).await?);
            self.note(id, step.name(), format!("request {id}: {}", step.name()));
            found = pool.settlement().find(id).await?;
        }
        let about = Batch { id, asked: found.asked.clone(), evidence: batch.evidence.clone() };
        let count = counted(batch.evidence.len());
        match (found.standing.phase, found.outputs) {
            (Phase::Final | Phase::Undelivered, Some(outputs)) => {
                self.sent.push(pool.claims.decide(sender, &about, outputs).await?);
                self.note(id, "decided", format!("request {id} is final: {count} decided"));
            }
            (Phase::Refunded, _) => {
                self.sent.push(pool.claims.unanswered(sender, &about).await?);
                self.note(
                    id,
                    "unanswered",
                    format!("request {id} was refunded: {count} before the reviewer"),
                );
            }
            (phase, _) => self.waiting.push(json!({
                "request": id,
                "phase": phase.to_string(),
                "until": found.standing.until,
            })),
        }
        Ok(())
    }

    /// Claims whose time is over: not asked about, not reviewed, not appealed.
    async fn late(&mut self, pool: &Pool, sender: &Sender, book: &Book) -> Result<()> {
        let now = pool.now(book)?;
        for stage in [Stage::Filed, Stage::InReview, Stage::Rejected] {
            let mut late = Vec::new();
            for own in book.at(stage) {
                if pool.claims.claim(own.evidence).await?.until < now {
                    late.push(own);
                }
            }
            for some in late.chunks(TOGETHER) {
                let evidence: Vec<B256> = some.iter().map(|own| own.evidence).collect();
                let count = counted(evidence.len());
                let (sent, what, words) = match stage {
                    Stage::Filed => (
                        pool.claims.unasked(sender, evidence.clone()).await?,
                        "unasked",
                        format!("{count} before the reviewer, because nobody asked about them in time"),
                    ),
                    Stage::InReview => (
                        pool.claims.unreviewed(sender, evidence.clone()).await?,
                        "unreviewed",
                        format!("{count} accepted, because nobody reviewed them in time"),
                    ),
                    Stage::Rejected => {
                        let claims = some.iter().map(|own| own.claim()).collect();
                        (
                            pool.claims.unappealed(sender, claims).await?,
                            "unappealed",
                            format!("{count} closed, which nobody appealed in time"),
                        )
                    }
                    other => bail!("claims in the stage {other:?} have no time"),
                };
                self.sent.push(sent);
                self.values.push(json!({ "claims": evidence, "what": what }));
                self.words.push(words);
            }
        }
        Ok(())
    }

    fn note(&mut self, request: B256, what: &str, words: String) {
        self.values.push(json!({ "request": request, "what": what }));
        self.words.push(words);
    }

    fn waits(&self) -> String {
        match self.waiting.len() {
            0 => String::new(),
            count => format!("\n{count} requests wait (aver claims list)"),
        }
    }
}

pub async fn pay(context: &Context) -> Result<()> {
    let pool = Pool::open(context).await?;
    let book = pool.claims.book().await?;
    let accepted: Vec<_> = book.at(Stage::Accepted).map(|own| own.claim()).collect();
    if accepted.is_empty() {
        return Err(exit::refused("no claim waits to be paid").into());
    }
    let sender = pool.desk.sender(context).await?;
    let mut sent = Vec::new();
    for some in accepted.chunks(TOGETHER) {
        sent.push(pool.claims.pay(&sender, some.to_vec()).await?);
    }
    let paid: Vec<B256> = accepted.iter().map(|own| own.evidence).collect();
    let words = format!("{} paid", counted(paid.len()));
    done(context, &sent, json!({ "paid": paid }), words)
}

pub async fn lapse(context: &Context) -> Result<()> {
    let pool = Pool::open(context).await?;
    let book = pool.claims.book().await?;
    let now = pool.now(&book)?;
    let mut over = Vec::new();
    for (policy, open) in book.without_claims() {
        if pool.claims.policy_from(policy).await? + open < now {
            over.push(policy);
        }
    }
    if over.is_empty() {
        return Err(exit::refused("no policy is over that has not ended already").into());
    }
    let sender = pool.desk.sender(context).await?;
    let mut sent = Vec::new();
    for some in over.chunks(TOGETHER) {
        sent.push(pool.claims.lapse(&sender, some.to_vec()).await?);
    }
    let words = format!("{} policies ended; what was reserved for them is free", over.len());
    done(context, &sent, json!({ "ended": over }), words)
}
