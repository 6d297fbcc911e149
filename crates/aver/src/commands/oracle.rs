//! `aver oracle`: an operator's stake, and its work.

use super::Context;
use crate::{
    args::{JoinArgs, OracleCommand, RunArgs, SignerArgs},
    exit,
    plans::PlanFolder,
    signals::stopped,
    workplace::now,
};
use alloy::primitives::utils::{format_ether, parse_ether};
use anyhow::{Context as _, Result};
use averment_ledger::{
    Finality, Ledger,
    contracts::{Deployment, Sender, SettlementContracts, drand::Round},
    registry::RegistryClient,
};
use averment_node::{
    answers::{Served, Versions},
    chain::{Chain, Contracts, NotDrandError},
    channel::{Channel, Listener, Patience, Peers},
    drand::{self, Relays},
    inputs::InputFolder,
    machine::{Earning, Settings},
    operator::{Operator, Plan},
    pages::Pages,
    secrets,
    stake::{Stake, Standing},
    weights,
};
use averment_primitives::U256;
use serde_json::json;
use std::{collections::BTreeSet, path::PathBuf, sync::Arc, time::Duration};
use tokio::sync::watch;

/// Seconds by which operators let each other go first.
const STAGGER: u64 = 12;
/// Without a good look at the chain for so many pauses the operator counts as ill.
const PATIENCE: u64 = 30;

pub fn run(command: &OracleCommand, mut context: Context) -> Result<()> {
    if let OracleCommand::Run(args) = command {
        context = context.with_setup(&args.setup);
    }
    let context = &context;
    context.block_on(async {
        match command {
            OracleCommand::Run(args) => work(args, context).await,
            OracleCommand::Join(args) => join(args, context).await,
            OracleCommand::Leave(args) => leave(args, context).await,
            OracleCommand::Round { number, signature } => {
                round(Round { number: *number, signature: signature.0 }, context).await
            }
            OracleCommand::Status(args) => status(args, context).await,
        }
    })
}

/// The recorded deployment, checked against the chain, and what of it settles.
async fn settlement(context: &Context, ledger: &Ledger) -> Result<(Deployment, SettlementContracts)> {
    let deployment = context.deployment()?;
    let settlement = deployment.settlement.ok_or_else(|| {
        exit::usage(format!(
            "the contracts recorded in {} settle nothing: deploy them again",
            context.config.deployment_file.display()
        ))
    })?;
    deployment.check(ledger).await?;
    Ok((deployment, settlement))
}

async fn round(round: Round, context: &Context) -> Result<()> {
    let ledger = context.ledger().await?;
    let (_, settlement) = settlement(context, &ledger).await?;
    round.coordinates().map_err(|error| exit::usage(format!("the signature: {error}")))?;
    let sender = context.sender(&ledger, context.account()?).await?;
    let sent = round.record(&sender, settlement.randomness.address).await?;
    let number = round.number;
    context.ui.result(
        &json!({ "round": number, "transaction": sent.tx, "gas": sent.gas_used() }),
        format!("round {number} is there: whoever waits for it can be drawn"),
    )
}

async fn work(args: &RunArgs, context: &Context) -> Result<()> {
    let max_fee = parse_ether(&args.max_fee)
        .map_err(|_| exit::usage(format!("--max-fee: expected ether such as 0.1, got {:?}", args.max_fee)))?;
    if args.margin < args.pause.saturating_mul(2) {
        let message =
            "--margin must be two pauses at least: else there may be no look at the chain in that time";
        return Err(exit::usage(message).into());
    }
    let earns = Earning {
        most_bond: args.answer.as_ref().map_or(Ok(0), |amount| units("--answer", amount))?,
        least_fee: units("--least-fee", &args.least_fee)?,
        proves: args.prove,
    };
    let relays = match args.drand.as_slice() {
        [] => None,
        urls => Some(
            Relays::new(urls, drand::TIMEOUT).map_err(|error| exit::usage(format!("--drand: {error}")))?,
        ),
    };
    let key = context.account()?;
    let ledger = context.ledger().await?;
    let (deployment, contracts) = settlement(context, &ledger).await?;
    let operator = operator(context, &ledger, &contracts, key.address()).await?;
    let member = secrets::member_key(&key)?;
    if member.public() != operator.encryption_key {
        context
            .ui
            .remark("what was sealed to this operator by the key that its stake names cannot be opened here");
    }
    let registry = RegistryClient::open(&ledger, &deployment).await?;
    let proves = args.prove || args.answer.is_some();
    let mut served = Vec::new();
    for one in &args.serve {
        let version = context.version_id(&registry, &one.version).await?;
        let folder = PlanFolder::open(&one.plan)?;
        let (plan, schema, commitment) = (folder.plan()?, folder.schema()?, folder.commitment()?);
        let registered = registry.at_final().await?.content(version).await?;
        let same =
            registered.weights_commitment == commitment.identity() && registered.plan_digest == plan.digest();
        if !same {
            let message = format!(
                "{} registered another plan or other weights than {}",
                one.version,
                one.plan.display()
            );
            return Err(exit::refused(message).into());
        }
        let setup = context.setup(commitment.chunked().setup(), schema.chunk_bits())?;
        let sealed = args.sealed_weights.as_ref().filter(|_| !folder.has_weights());
        let (model, secret) = match sealed {
            Some(sealed) => {
                let opened = context.ui.waiting("opening sealed weights", || {
                    weights::read(sealed, &member, plan, &commitment, &setup)
                });
                let opened = opened.map_err(|error| exit::refused(error.to_string()))?;
                (opened.model, Some(opened.secret))
            }
            None => (folder.model()?, proves.then(|| folder.secret(&commitment)).transpose()?),
        };
        let mut one = Served::new(version.0, model, schema, setup)?;
        if let Some(secret) = secret.filter(|_| proves) {
            one = one.with_weights(commitment, Some(secret.salt().clone()));
        }
        served.push(one);
    }
    let versions: BTreeSet<_> = served.iter().map(Served::version).collect();
    let settings = Settings {
        operator: operator.operator,
        account: key.address(),
        versions,
        challenges: !args.no_challenges,
        earns,
        agrees: args.peers.is_some(),
        settling: args.settling.unwrap_or_else(|| settling(ledger.finality())),
        margin: args.margin,
        stagger: STAGGER,
    };
    let address = key.address();
    let sender = context.sender(&ledger, key).await?.confirm(move |quote| quote.largest_fee() <= max_fee);
    let contracts = Contracts {
        router: contracts.router.address,
        staking: contracts.staking.address,
        randomness: contracts.randomness.address,
    };
    let journal = journal(args, context)?;
    let answers = Arc::new(Versions::new(served, InputFolder::new(&args.inputs, member)));
    let plan = Plan::new(settings, deployment.block_number);
    // Before anybody hears that it can be stopped by a signal, it can.
    let stop = stopped()?;
    log(context.ui.json);
    let mut chain = Chain::new(sender, contracts);
    if let Some(relays) = relays {
        chain = chain.with_drand(relays).await.map_err(|error| match error {
            NotDrandError::Other { .. } => exit::usage(format!("--drand: {error}")).into(),
            NotDrandError::Ask(_) => anyhow::Error::from(error),
        })?;
    }
    let channel = channel(args, &chain, operator.operator).await?;
    let mut operating = Operator::open(&journal, plan, chain, Box::new(answers.clone()))?;
    if proves {
        operating = operating.with_proofs(answers);
    }
    let (mut listener, mut listening) = (None, None);
    if let Some((channel, heard)) = channel {
        listening = Some(heard.address());
        operating = operating.with_channel(channel);
        listener = Some(heard);
    }
    let pages = Pages::bind(args.pages, operating.metrics(), args.pause.saturating_mul(PATIENCE)).await?;
    let shown = pages.address();
    context.ui.result(
        &json!({
            "operator": operator.operator,
            "signer": address,
            "seats": operator.seats,
            "journal": journal,
            "pages": format!("http://{shown}"),
            "listens": listening,
        }),
        format!(
            "operator {} ({address}), {} seats; journal {}\nhttp://{shown}/health and /metrics; Ctrl-C ends it{}",
            operator.operator,
            operator.seats,
            journal.display(),
            listening.map_or(String::new(), |address| format!("\nlistens for other operators on {address}"))
        ),
    )?;
    let (tell, told) = watch::channel(());
    let ended = |mut told: watch::Receiver<()>| async move {
        // Also when the other end is gone.
        let _ = told.changed().await;
    };
    let pages = tokio::spawn(pages.run(ended(told.clone())));
    let listener = listener.map(|listener| tokio::spawn(listener.run(ended(told))));
    let worked = operating.run(Duration::from_secs(args.pause), stop).await;
    tell.send_replace(());
    pages.await.context("ending the pages")?;
    if let Some(listener) = listener {
        listener.await.context("ending the channel")?;
    }
    worked?;
    context.ui.remark("stopped");
    Ok(())
}

/// Seconds that a chain takes to settle at the most, as far as one can tell: Ethereum's finality takes two epochs and
/// comes once in an epoch; its blocks, the slowest there are, come every 12 seconds, some of them late.
pub fn settling(finality: Finality) -> u64 {
    match finality {
        Finality::Immediate => 0,
        Finality::Tag => 1_200,
        Finality::Depth(blocks) => blocks.saturating_mul(15),
    }
}

/// The channel to other operators, if there is to be one.
async fn channel(args: &RunArgs, chain: &Chain, operator: u32) -> Result<Option<(Channel, Listener)>> {
    let (Some(peers), Some(address)) = (&args.peers, args.listen) else { return Ok(None) };
    let channel = Channel::new(chain.domain(), operator, &Peers::read(peers)?, Patience::default())?;
    let listener = channel.listen(address).await?;
    Ok(Some((channel, listener)))
}

/// Lines of what happens, on standard error.
pub fn log(json: bool) {
    let lines = tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false);
    // It fails where there is one already.
    let _ = if json { lines.json().try_init() } else { lines.try_init() };
}

fn journal(args: &RunArgs, context: &Context) -> Result<PathBuf> {
    if let Some(path) = &args.journal {
        return Ok(path.clone());
    }
    let beside = context.config.deployment_file.with_file_name("oracle");
    Ok(beside.join(format!("{}.journal", context.account_name()?)))
}

/// The operator with this key.
async fn operator(
    context: &Context,
    ledger: &Ledger,
    contracts: &SettlementContracts,
    signer: averment_primitives::Address,
) -> Result<Standing> {
    let stake = Stake::new(ledger, contracts.staking.address);
    let operator = stake.operator_by(signer).await?.ok_or_else(|| {
        exit::refused(format!(
            "{signer} is no operator's key: `aver oracle join --signer KEY --account OWNER` makes it one{}",
            context.config.account.as_ref().map_or(String::new(), |name| format!(" (--account is {name})"))
        ))
    })?;
    Ok(stake.standing(operator).await?)
}

async fn join(args: &JoinArgs, context: &Context) -> Result<()> {
    let owner = context.account()?;
    let password = context.password(&format!("Password of {}: ", args.signer))?;
    let signer = context.keys().account(&args.signer, &password)?;
    let ledger = context.ledger().await?;
    let (_, contracts) = settlement(context, &ledger).await?;
    let sender = context.sender(&ledger, owner).await?;
    let stake = Stake::new(&ledger, contracts.staking.address);
    if ledger.is_development() {
        stake.fund(&sender, args.seats).await?;
    }
    let sealed = secrets::member_key(&signer)?.public();
    let (operator, sent) = stake.join(&sender, signer.address(), sealed, args.seats).await?;
    let gas: u64 = sent.iter().map(|sent| sent.gas_used()).sum();
    context.ui.result(
        &json!({
            "operator": operator,
            "owner": sender.address(),
            "signer": signer.address(),
            "encryptionKey": sealed,
            "seats": args.seats,
            "gas": gas,
        }),
        format!(
            "operator {operator}: {} seats of {}, signed for by {}; {gas} gas\ninputs are sealed to {sealed}\n\
             next: aver oracle run --account {} --serve VERSION=PLAN --inputs FOLDER",
            args.seats,
            sender.address(),
            signer.address(),
            args.signer
        ),
    )
}

async fn leave(args: &SignerArgs, context: &Context) -> Result<()> {
    let owner = context.account()?;
    let ledger = context.ledger().await?;
    let (_, contracts) = settlement(context, &ledger).await?;
    let signer = context.address(&args.signer)?;
    let before = operator(context, &ledger, &contracts, signer).await?;
    let sender: Sender = context.sender(&ledger, owner).await?;
    let stake = Stake::new(&ledger, contracts.staking.address);
    let ripe = before.unbonding > 0 && before.withdrawable_from <= now()?;
    if ripe {
        stake.withdraw(&sender, before.operator, sender.address()).await?;
    }
    let (given_up, _) = stake.leave(&sender, before.operator).await?;
    let after = stake.standing(before.operator).await?;
    let withdrawn = if ripe { before.unbonding } else { 0 };
    let mut words = format!("{given_up} seats given up, {} left", after.seats);
    if ripe {
        words += &format!("; {} withdrawn", tokens(withdrawn));
    }
    if after.unbonding > 0 {
        words += &format!(
            "\n{} can be withdrawn from {} on (Unix time): leave again then",
            tokens(after.unbonding),
            after.withdrawable_from
        );
    }
    context.ui.result(
        &json!({
            "operator": after.operator,
            "givenUp": given_up,
            "seats": after.seats,
            "withdrawn": withdrawn.to_string(),
            "unbonding": after.unbonding.to_string(),
            "withdrawableFrom": after.withdrawable_from,
        }),
        words,
    )
}

async fn status(args: &SignerArgs, context: &Context) -> Result<()> {
    let ledger = context.ledger().await?;
    let (_, contracts) = settlement(context, &ledger).await?;
    let signer = context.address(&args.signer)?;
    let standing = operator(context, &ledger, &contracts, signer).await?;
    let Standing { operator, owner, seats, earned, unbonding, withdrawable_from, debts, .. } = standing;
    context.ui.result(
        &json!({
            "operator": operator,
            "owner": owner,
            "signer": standing.signer,
            "encryptionKey": standing.encryption_key,
            "seats": seats,
            "earned": earned.to_string(),
            "unbonding": unbonding.to_string(),
            "withdrawableFrom": withdrawable_from,
            "debts": debts,
        }),
        format!(
            "operator {operator} of {owner}\nsigns as {}\nseats    {seats}\nearned   {}\nunbonding {}{}\ndebts    {debts}",
            standing.signer,
            tokens(earned),
            tokens(unbonding),
            if unbonding > 0 { format!(", from {withdrawable_from} on") } else { String::new() },
        ),
    )
}

/// An amount of a token with eighteen digits, in its smallest units.
fn units(option: &str, amount: &str) -> Result<u128> {
    let units = parse_ether(amount).ok().and_then(|units| u128::try_from(units).ok());
    units.ok_or_else(|| {
        exit::usage(format!("{option}: expected an amount of tokens such as 12.5, got {amount:?}")).into()
    })
}

/// Of a token with eighteen digits, as most have.
fn tokens(units: u128) -> String {
    format!("{} tokens", format_ether(U256::from(units)))
}
