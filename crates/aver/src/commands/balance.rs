//! `aver balance`: what an account has with the router.

use super::Context;
use crate::{
    args::BalanceCommand,
    desk::{Desk, sent_json, sent_words},
    exit,
};
use anyhow::Result;
use averment_primitives::U256;
use serde_json::json;

pub fn run(command: &BalanceCommand, context: &Context) -> Result<()> {
    context.block_on(async {
        match command {
            BalanceCommand::Show { account } => show(account.as_deref(), context).await,
            BalanceCommand::Deposit { amount } => deposit(amount, context).await,
            BalanceCommand::Withdraw { amount, to } => withdraw(amount, to.as_deref(), context).await,
        }
    })
}

async fn show(account: Option<&str>, context: &Context) -> Result<()> {
    let desk = Desk::open(context).await?;
    let account = match account {
        Some(text) => context.address(text)?,
        None => context.account_address()?,
    };
    let own = desk.client.balance(account).await?;
    context.ui.result(
        &json!({
            "account": account,
            "router": own.router.to_string(),
            "wallet": own.wallet.to_string(),
            "token": desk.token_json(),
        }),
        format!("{account}\nrouter   {}\nwallet   {}", desk.words(own.router), desk.words(own.wallet)),
    )
}

async fn deposit(amount: &str, context: &Context) -> Result<()> {
    let desk = Desk::open(context).await?;
    let units = U256::from(desk.amount("AMOUNT", amount)?);
    if units.is_zero() {
        return Err(exit::usage("nothing to deposit: AMOUNT is 0").into());
    }
    let sender = desk.sender(context).await?;
    let sent = desk.with_money(&sender, async || desk.client.deposit(&sender, units).await).await?;
    let after = desk.client.balance(sender.address()).await?;
    context.ui.result(
        &json!({
            "account": sender.address(),
            "deposited": units.to_string(),
            "router": after.router.to_string(),
            "wallet": after.wallet.to_string(),
            "token": desk.token_json(),
            "sent": sent_json(&sent),
        }),
        format!(
            "{}{} deposited, {} with the router",
            sent_words(&sent),
            desk.words(units),
            desk.words(after.router)
        ),
    )
}

async fn withdraw(amount: &str, to: Option<&str>, context: &Context) -> Result<()> {
    let desk = Desk::open(context).await?;
    let to = to.map(|text| context.address(text)).transpose()?;
    let account = context.account_address()?;
    let before = desk.client.balance(account).await?;
    let units = match amount {
        "all" => before.router,
        typed => U256::from(desk.amount("AMOUNT", typed)?),
    };
    if units.is_zero() || units > before.router {
        return Err(exit::refused(format!(
            "{account} has {} with the router, {} cannot be withdrawn",
            desk.words(before.router),
            desk.words(units)
        ))
        .into());
    }
    let sender = desk.sender(context).await?;
    let to = to.unwrap_or(sender.address());
    let sent = [desk.client.withdraw(&sender, to, units).await?];
    let after = desk.client.balance(account).await?;
    context.ui.result(
        &json!({
            "account": account,
            "to": to,
            "withdrawn": units.to_string(),
            "router": after.router.to_string(),
            "wallet": after.wallet.to_string(),
            "token": desk.token_json(),
            "sent": sent_json(&sent),
        }),
        format!(
            "{}{} withdrawn to {to}, {} left with the router",
            sent_words(&sent),
            desk.words(units),
            desk.words(after.router)
        ),
    )
}
