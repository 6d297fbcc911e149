//! The insurer's: the pool, its capital, products, versions and intakes.

use super::{Pool, done};
use crate::{
    args::claims::{
        AuthoriseArgs, CapitalArg, CapitalArgs, IntakeArgs, PoolArgs, ProductArgs, SaleArg, SaleArgs,
    },
    commands::Context,
    exit,
    workplace::now,
};
use anyhow::{Context as _, Result};
use averment_ledger::{
    claims::Authorised,
    contracts::{ClaimsPool, MIN_DELAY, PoolContracts, PoolGovernance, PoolTerms, Sent},
    settlement::{Mode, Modes, Offered},
};
use averment_primitives::{Address, B256};
use averment_registry::Utc;
use serde_json::json;

/// Seconds for which no time ends after a rollup's sequencer is back.
const GRACE: u32 = 60 * 60;

pub async fn pool(args: &PoolArgs, context: &Context) -> Result<()> {
    let file = &context.config.pool_file;
    if file.exists() {
        return Err(exit::usage(format!(
            "{} says where a pool is already: remove it, or name another in contracts.pool, to deploy another",
            file.display()
        ))
        .into());
    }
    let deployment = context.deployment()?;
    let settlement = deployment.settlement.ok_or_else(|| {
        let shown = context.config.deployment_file.display();
        exit::usage(format!("the contracts recorded in {shown} settle nothing: deploy them again"))
    })?;
    let key = context.account()?;
    let insurer = key.address();
    let named = |account: &Option<String>| match account {
        Some(account) => context.address(account),
        None => Ok(insurer),
    };
    let reviewer = context.address(&args.reviewer)?;
    let (pauser, upgrader) = (named(&args.pauser)?, named(&args.upgrader)?);
    let canceller = named(&args.canceller)?;
    let (uptime, grace) = match &args.sequencer_feed {
        Some(feed) => (context.address(feed)?, GRACE),
        None => (Address::ZERO, 0),
    };
    let ledger = context.ledger().await?;
    deployment.check(&ledger).await?;
    let delay = args.delay.map_or(if ledger.is_development() { 0 } else { MIN_DELAY }, |delay| delay.0);
    let governance = PoolGovernance { insurer, reviewer, pauser, upgrader, canceller, delay };
    let terms = PoolTerms {
        router: settlement.router.address,
        token: settlement.token,
        cadence: args.cadence.0,
        filing: args.filing.0,
        patience: args.patience.0,
        appeal: args.appeal.0,
        review: args.review.0,
        uptime,
        grace,
    };
    let sender = context.sender(&ledger, key).await?;
    let (record, sent) = PoolContracts::deploy(&sender, &terms, &governance).await?;
    record.save(file)?;
    let address = record.pool.address;
    done(
        context,
        &sent,
        json!({ "pool": record, "file": file }),
        format!(
            "pool     {address}\nrouter   {}\ntoken    {}\nrecorded in {}\n\
             next: aver claims capital add TOKENS, aver claims intake KEY, aver claims product …",
            record.router,
            record.token,
            file.display()
        ),
    )
}

pub async fn capital(args: &CapitalArgs, context: &Context) -> Result<()> {
    let pool = Pool::open(context).await?;
    let amount = pool.desk.amount("AMOUNT", &args.amount)?;
    if args.to.is_some() && args.action != CapitalArg::Take {
        return Err(exit::usage("--to says whom capital is taken to: it goes with `take`").into());
    }
    let sender = pool.desk.sender(context).await?;
    let sent = match args.action {
        CapitalArg::Add => {
            pool.desk.with_money(&sender, async || pool.claims.add_capital(&sender, amount).await).await?
        }
        CapitalArg::Take => {
            let to = args.to.as_ref().map_or(Ok(sender.address()), |to| context.address(to))?;
            vec![pool.claims.take_capital(&sender, to, amount).await?]
        }
        CapitalArg::Fees => vec![pool.claims.fund_router(&sender, amount).await?],
        CapitalArg::FeesBack => vec![pool.claims.drain_router(&sender, amount).await?],
    };
    let (free, reserved) = pool.claims.capital().await?;
    let fees = pool.settlement().balance(pool.claims.address()).await?.router;
    let words = |amount| pool.desk.words(amount);
    done(
        context,
        &sent,
        json!({ "free": free.to_string(), "reserved": reserved.to_string(), "fees": fees.to_string() }),
        format!("free     {}\nreserved {}\nfees     {}", words(free), words(reserved), words(fees)),
    )
}

pub async fn intake(args: &IntakeArgs, context: &Context) -> Result<()> {
    let pool = Pool::open(context).await?;
    let intake = context.address(&args.intake)?;
    let sender = pool.desk.sender(context).await?;
    let sent = pool.claims.set_intake(&sender, intake, !args.end).await?;
    let says = if args.end { "may sign claims no more" } else { "may sign claims" };
    done(context, &[sent], json!({ "intake": intake, "accredited": !args.end }), format!("{intake} {says}"))
}

pub async fn product(args: &ProductArgs, context: &Context) -> Result<()> {
    let pool = Pool::open(context).await?;
    let premium = pool.desk.amount("--premium", &args.premium)?;
    let payout = pool.desk.amount("--payout", &args.payout)?;
    let (routine, mut sent) = match (&args.offer, &args.accept, args.routine) {
        (Some(offer), Some(accept), _) => {
            let offered = open_offer(&pool, *offer).await?;
            let mode = Mode::from(args.mode);
            let allowed = if args.personal { offered.offer.modesForPersons } else { offered.offer.modes };
            if !Modes(allowed).has(mode) {
                return Err(exit::refused(format!(
                    "the offer's terms do not allow the mode {}{}",
                    mode,
                    if args.personal { " for inputs about persons" } else { "" }
                ))
                .into());
            }
            let proof_above = args.proof_above.as_ref();
            let terms = ClaimsPool::Routine {
                version: offered.offer.version,
                offer: *offer,
                least: *accept.start(),
                most: *accept.end(),
                output: args.output,
                outputs: args.outputs,
                batch: args.batch,
                mode: mode.code(),
                personal: args.personal,
                proofAbove: proof_above
                    .map_or(Ok(u128::MAX), |text| pool.desk.amount("--proof-above", text))?,
                fee: pool.desk.amount("--fee", &args.fee)?,
                answerSeconds: args.answer.0,
                window: args.window.0,
            };
            let (number, sent) = pool.claims.add_routine(&pool.desk.sender(context).await?, terms).await?;
            (number, vec![sent])
        }
        (_, _, Some(routine)) => (routine, Vec::new()),
        _ => {
            return Err(exit::usage("how are claims decided? Pass --offer and --accept, or --routine").into());
        }
    };
    let terms = ClaimsPool::Product { premium, payout, term: args.term.0, filing: args.filing.0, routine };
    let (product, added) = pool.claims.add_product(&pool.desk.sender(context).await?, terms).await?;
    sent.push(added);
    done(
        context,
        &sent,
        json!({
            "product": product,
            "routine": routine,
            "premium": premium.to_string(),
            "payout": payout.to_string(),
        }),
        format!(
            "product {product}: costs {}, pays {}; its claims are decided by routine {routine}\n\
             next: aver claims buy {product} --holder ACCOUNT",
            pool.desk.words(premium),
            pool.desk.words(payout)
        ),
    )
}

pub async fn authorise(args: &AuthoriseArgs, context: &Context) -> Result<()> {
    let pool = Pool::open(context).await?;
    let version = match args.offer.is_zero() {
        true => B256::ZERO,
        false => open_offer(&pool, args.offer).await?.offer.version,
    };
    let sender = pool.desk.sender(context).await?;
    let time = now()?.max(pool.settlement().ledger().newest_final().await?.header.timestamp);
    let value = json!({ "routine": args.routine, "version": version, "offer": args.offer });
    match pool.claims.authorise(&sender, args.routine, version, args.offer, time).await? {
        Authorised::Now(sent) => {
            let what = if version.is_zero() { "no version".to_owned() } else { format!("version {version}") };
            let words =
                format!("routine {}: {what} decides claims that are asked about from now on", args.routine);
            done(context, &[sent], value, words)
        }
        Authorised::Scheduled { from, sent } => {
            let mut value = value;
            value["from"] = from.into();
            let words = format!("scheduled: call this again from {} on (second {from})", Utc(from));
            done(context, &[sent], value, words)
        }
    }
}

pub async fn sale(args: &SaleArgs, context: &Context) -> Result<()> {
    let pool = Pool::open(context).await?;
    let open = args.state == SaleArg::Open;
    let sent: Sent = pool.claims.set_sale(&pool.desk.sender(context).await?, args.product, open).await?;
    let says = if open { "is sold" } else { "is sold no more; policies that were sold hold" };
    let value = json!({ "product": args.product, "open": open });
    done(context, &[sent], value, format!("product {} {says}", args.product))
}

/// An offer that takes requests.
async fn open_offer(pool: &Pool, id: B256) -> Result<Offered> {
    let offered = pool.settlement().find_offer(id).await.context("looking for the offer")?;
    match offered.open {
        true => Ok(offered),
        false => Err(exit::refused(format!("the offer {id} was withdrawn")).into()),
    }
}
