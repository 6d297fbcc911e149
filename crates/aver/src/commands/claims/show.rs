//! What there is of a pool, a claim, a policy, or a request about claims.

use super::Pool;
use crate::{args::claims::ShowArgs, commands::Context, exit, table::table};
use anyhow::Result;
use averment_ledger::claims::{Asked, Book, ClaimState, Claimed, Sold};
use averment_primitives::B256;
use averment_registry::Utc;
use serde_json::{Value, json};

pub async fn list(context: &Context) -> Result<()> {
    let pool = Pool::open(context).await?;
    let book = pool.claims.book().await?;
    let (free, reserved) = pool.claims.capital().await?;
    let fees = pool.settlement().balance(pool.claims.address()).await?.router;
    let products: Vec<Value> = book
        .products
        .iter()
        .map(|(number, own)| {
            json!({
                "product": number,
                "open": own.open,
                "premium": own.terms.premium.to_string(),
                "payout": own.terms.payout.to_string(),
                "term": own.terms.term,
                "routine": own.terms.routine,
            })
        })
        .collect();
    let routines: Vec<Value> = book
        .routines
        .iter()
        .map(|(number, own)| {
            json!({
                "routine": number,
                "version": own.version,
                "offer": own.offer,
                "accepts": [own.least, own.most],
                "batch": own.batch,
                "mode": own.mode,
                "personal": own.personal,
                "fee": own.fee.to_string(),
            })
        })
        .collect();
    let value = json!({
        "pool": pool.claims.address(),
        "block": book.block.header.number,
        "free": free.to_string(),
        "reserved": reserved.to_string(),
        "fees": fees.to_string(),
        "intakes": book.intakes,
        "products": products,
        "routines": routines,
        "policies": book.policies.iter().map(|(id, own)| policy_json(*id, own)).collect::<Vec<_>>(),
        "claims": book.claims.iter().map(|own| claim_json(own, None)).collect::<Vec<_>>(),
        "requests": book.batches.iter().map(request_json).collect::<Vec<_>>(),
    });
    let rows: Vec<_> = book
        .claims
        .iter()
        .map(|own| {
            let product =
                book.policies.get(&own.policy).map_or_else(String::new, |policy| policy.product.to_string());
            [own.evidence.to_string(), product, own.stage.words().to_owned()]
        })
        .collect();
    let words = |amount| pool.desk.words(amount);
    let mut text = format!(
        "pool {} at block {}: {} free, {} reserved, {} for fees\n{} products, {} policies, {} claims",
        pool.claims.address(),
        book.block.header.number,
        words(free),
        words(reserved),
        words(fees),
        book.products.len(),
        book.policies.len(),
        book.claims.len()
    );
    if !rows.is_empty() {
        text += &format!("\n{}", table(["CLAIM", "PRODUCT", "IT"], &rows));
    }
    context.ui.result(&value, text)
}

pub async fn show(args: &ShowArgs, context: &Context) -> Result<()> {
    let pool = Pool::open(context).await?;
    let book = pool.claims.book().await?;
    if let Some(own) = book.claim(args.id) {
        let state = pool.claims.claim(args.id).await?;
        return context.ui.result(&claim_json(own, Some(state)), claim_words(own, &state, &book, &pool));
    }
    if let Some(own) = book.policies.get(&args.id) {
        let claims: Vec<&Claimed> = book.claims.iter().filter(|claim| claim.policy == args.id).collect();
        let mut value = policy_json(args.id, own);
        value["claims"] = claims.iter().map(|own| claim_json(own, None)).collect();
        let mut words = format!("policy   {}\nholder   {}\nproduct  {}", args.id, own.holder, own.product);
        if own.lapsed {
            words += "\nended without a payout";
        }
        for own in claims {
            words += &format!("\nclaim    {} {}", own.evidence, own.stage.words());
        }
        return context.ui.result(&value, words);
    }
    if let Some(own) = book.batches.iter().find(|batch| batch.request == args.id) {
        let found = pool.settlement().find(args.id).await?;
        let mut value = request_json(own);
        value["phase"] = found.standing.phase.to_string().into();
        value["until"] = found.standing.until.into();
        value["outputs"] = json!(found.outputs);
        let mut words =
            format!("request  {} {}\nroutine  {}", args.id, found.standing.phase.words(), own.routine);
        for evidence in &own.evidence {
            let stage = book.claim(*evidence).map_or("", |own| own.stage.words());
            words += &format!("\nclaim    {evidence} {stage}");
        }
        return context.ui.result(&value, words);
    }
    Err(exit::refused(format!("this pool has no claim, policy or request {}", args.id)).into())
}

fn policy_json(id: B256, own: &Sold) -> Value {
    json!({ "policy": id, "holder": own.holder, "product": own.product, "lapsed": own.lapsed })
}

fn request_json(own: &Asked) -> Value {
    json!({ "request": own.request, "routine": own.routine, "claims": own.evidence })
}

fn claim_json(own: &Claimed, state: Option<ClaimState>) -> Value {
    let mut value = json!({
        "claim": own.evidence,
        "policy": own.policy,
        "intake": own.intake,
        "stage": state.map_or(own.stage, |state| state.stage).name(),
        "request": own.request,
        "output": own.output,
        "review": own.review.map(|(reviewer, reason)| json!({ "reviewer": reviewer, "reason": reason })),
        "paid": own.paid.map(|(to, amount)| json!({ "to": to, "amount": amount.to_string() })),
    });
    if let Some(until) = state.map(|state| state.until).filter(|until| *until != 0) {
        value["until"] = until.into();
    }
    value
}

fn claim_words(own: &Claimed, state: &ClaimState, book: &Book, pool: &Pool) -> String {
    let mut words = format!("claim    {}\nit       {}", own.evidence, state.stage.words());
    let mut line = |what: &str, value: String| words += &format!("\n{what:<9}{value}");
    if state.until != 0 {
        line("until", Utc(state.until).to_string());
    }
    line("policy", own.policy.to_string());
    if let Some(policy) = book.policies.get(&own.policy) {
        line("holder", policy.holder.to_string());
        line("product", policy.product.to_string());
    }
    line("intake", own.intake.to_string());
    if let Some(request) = own.request {
        line("request", request.to_string());
    }
    if let Some(output) = own.output {
        line("output", output.to_string());
    }
    if let Some((reviewer, reason)) = own.review {
        line("reviewer", reviewer.to_string());
        line("reason", format!("{reason}, a commitment"));
    }
    if let Some((to, amount)) = own.paid {
        line("paid", format!("{} to {to}", pool.desk.words(amount)));
    }
    words
}
