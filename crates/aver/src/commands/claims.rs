//! `aver claims`: insurance that a registered version decides; what the insurer, holders, intakes, reviewers and anybody
//! do with a pool.

mod everybody;
mod holder;
mod insurer;
mod intake;
mod show;

use super::Context;
use crate::{
    args::claims::ClaimsCommand,
    desk::{Desk, sent_json, sent_words},
    exit,
    workplace::now,
};
use anyhow::Result;
use averment_ledger::{
    claims::{Book, Claimed, ClaimsClient},
    contracts::{PoolContracts, Sent},
    settlement::SettlementClient,
};
use averment_primitives::B256;
use serde_json::Value;

pub fn run(command: &ClaimsCommand, mut context: Context) -> Result<()> {
    if let ClaimsCommand::Attest(args) = command {
        context = context.with_setup(&args.setup);
    }
    let context = &context;
    context.block_on(async {
        match command {
            ClaimsCommand::Pool(args) => insurer::pool(args, context).await,
            ClaimsCommand::Capital(args) => insurer::capital(args, context).await,
            ClaimsCommand::Intake(args) => insurer::intake(args, context).await,
            ClaimsCommand::Product(args) => insurer::product(args, context).await,
            ClaimsCommand::Authorise(args) => insurer::authorise(args, context).await,
            ClaimsCommand::Sale(args) => insurer::sale(args, context).await,
            ClaimsCommand::Buy(args) => holder::buy(args, context).await,
            ClaimsCommand::Attest(args) => intake::attest(args, context).await,
            ClaimsCommand::File(args) => intake::file(args, context).await,
            ClaimsCommand::Ask(args) => everybody::ask(args, context).await,
            ClaimsCommand::Settle => everybody::settle(context).await,
            ClaimsCommand::Pay => everybody::pay(context).await,
            ClaimsCommand::Appeal(args) => holder::appeal(args, context).await,
            ClaimsCommand::Withdraw(args) => holder::withdraw(args, context).await,
            ClaimsCommand::Decide(args) => holder::decide(args, context).await,
            ClaimsCommand::Lapse => everybody::lapse(context).await,
            ClaimsCommand::List => show::list(context).await,
            ClaimsCommand::Show(args) => show::show(args, context).await,
        }
    })
}

/// The recorded pool, checked against the chain, and what settles its requests.
struct Pool {
    desk: Desk,
    claims: ClaimsClient,
}

impl Pool {
    async fn open(context: &Context) -> Result<Self> {
        let file = &context.config.pool_file;
        if !file.exists() {
            return Err(exit::usage(format!(
                "no claims pool is recorded in {}: deploy one with `aver claims pool`, or copy the record of the one that \
                 you want to use there",
                file.display()
            ))
            .into());
        }
        let record = PoolContracts::load(file)?;
        let desk = Desk::open(context).await?;
        let claims = ClaimsClient::open(desk.client.ledger(), &record).await?;
        let router = desk.client.contracts().router.address;
        if router != record.router {
            return Err(exit::usage(format!(
                "the pool's requests are settled by {}, the contracts recorded in {} settle with {router}",
                record.router,
                context.config.deployment_file.display()
            ))
            .into());
        }
        Ok(Self { desk, claims })
    }

    /// What settles its requests.
    fn settlement(&self) -> &SettlementClient {
        &self.desk.client
    }

    /// The later of the system's time and the newest block's, in seconds of Unix time: what the next block has at least.
    fn now(&self, book: &Book) -> Result<u64> {
        Ok(now()?.max(book.block.header.timestamp))
    }
}

/// The claim about this evidence.
fn claim(book: &Book, evidence: B256) -> Result<&Claimed> {
    let unknown = || exit::refused(format!("no claim with the evidence {evidence} was filed with this pool"));
    Ok(book.claim(evidence).ok_or_else(unknown)?)
}

/// The result of transactions: `value` and `words`, with what they cost.
fn done(context: &Context, sent: &[Sent], mut value: Value, words: impl AsRef<str>) -> Result<()> {
    value["sent"] = sent_json(sent);
    context.ui.result(&value, format!("{}{}", sent_words(sent), words.as_ref()))
}

/// So many claims.
fn counted(count: usize) -> String {
    match count {
        1 => "1 claim".to_owned(),
        count => format!("{count} claims"),
    }
}
