//! A holder's and its reviewer's: policies, appeals, payouts.

use super::{Pool, claim, done};
use crate::{
    args::claims::{AppealArgs, BuyArgs, DecideArgs, WithdrawArgs},
    commands::{Context, commit::fresh_salt},
    exit,
};
use anyhow::Result;
use averment_ledger::claims::{Policy, Stage};
use averment_primitives::{B256, SaltedLeaf};
use averment_storage::atomic;
use serde_json::json;
use zeroize::Zeroizing;

pub async fn buy(args: &BuyArgs, context: &Context) -> Result<()> {
    let pool = Pool::open(context).await?;
    let key = context.account()?;
    let holder = args.holder.as_ref().map_or(Ok(key.address()), |holder| context.address(holder))?;
    let salt = args.salt.map_or_else(|| fresh_salt().map(B256::from), Ok)?;
    let sender = context.sender(pool.settlement().ledger(), key).await?;
    let buy = async || pool.claims.buy(&sender, args.product, holder, salt).await;
    let (Policy { id, holder }, sent) = pool.desk.with_money(&sender, buy).await?;
    done(
        context,
        &sent,
        json!({ "policy": id, "holder": holder, "product": args.product, "salt": salt }),
        format!("policy {id}\nholder {holder}\nnext: an accredited intake runs aver claims attest {id} …"),
    )
}

pub async fn appeal(args: &AppealArgs, context: &Context) -> Result<()> {
    let pool = Pool::open(context).await?;
    let book = pool.claims.book().await?;
    let own = claim(&book, args.claim)?;
    let account = context.account()?;
    let holder = match &args.holder {
        Some(name) => context.keys().account(name, &context.password(&format!("Password of {name}: "))?)?,
        None => account.clone(),
    };
    let expected = book.policies.get(&own.policy).map(|policy| policy.holder).unwrap_or_default();
    if expected != holder.address() {
        let got = holder.address();
        return Err(
            exit::refused(format!("the claim's policy is held by {expected}, the key is {got}")).into()
        );
    }
    let sender = context.sender(pool.settlement().ledger(), account).await?;
    let sent = pool.claims.appeal(&sender, &holder, own.claim()).await?;
    stands(&pool, context, args.claim, sent, json!({})).await
}

pub async fn withdraw(args: &WithdrawArgs, context: &Context) -> Result<()> {
    let pool = Pool::open(context).await?;
    let book = pool.claims.book().await?;
    let own = claim(&book, args.claim)?;
    let to = context.address(&args.to)?;
    let sent = pool.claims.withdraw(&pool.desk.sender(context).await?, own.claim(), to).await?;
    stands(&pool, context, args.claim, sent, json!({ "to": to })).await
}

pub async fn decide(args: &DecideArgs, context: &Context) -> Result<()> {
    let pool = Pool::open(context).await?;
    let book = pool.claims.book().await?;
    let own = claim(&book, args.claim)?;
    if own.stage != Stage::InReview {
        return Err(exit::refused(format!("the claim {} {}", args.claim, own.stage.words())).into());
    }
    let sender = pool.desk.sender(context).await?;
    let salt = fresh_salt()?;
    let reason = SaltedLeaf::commit(&salt, args.reason.as_bytes()).0;
    // Before it counts: without salt and words nobody could ever show the reason.
    let opening = json!({
        "format": "averment-claim-reason/1",
        "claim": args.claim,
        "accepted": args.accept,
        "reason": args.reason,
        "salt": B256::from(salt),
        "commitment": reason,
    });
    let opening = Zeroizing::new(serde_json::to_vec_pretty(&opening)?);
    atomic::write_new_private(&args.output, &opening)?;
    let sent = pool.claims.review(&sender, own.claim(), args.accept, reason).await?;
    stands(&pool, context, args.claim, sent, json!({ "reason": reason, "opening": args.output })).await
}

/// Says where a claim stands after what was sent.
async fn stands(
    pool: &Pool,
    context: &Context,
    evidence: B256,
    sent: averment_ledger::contracts::Sent,
    mut value: serde_json::Value,
) -> Result<()> {
    let at = pool.claims.claim(evidence).await?;
    value["claim"] = json!(evidence);
    value["stage"] = at.stage.name().into();
    value["until"] = at.until.into();
    done(context, &[sent], value, format!("the claim {evidence} {}", at.stage.words()))
}
