//! What commands about requests work with: the client of what settles, its token's amounts in words, and money on
//! development chains.

use crate::{commands::Context, exit, tokens::Tokens, ui, workplace::now};
use anyhow::Result;
use averment_ledger::{
    Ledger,
    contracts::{Deployment, Sender, Sent},
    settlement::{Found, SettlementClient, SettlementError, Token},
};
use averment_primitives::U256;
use averment_registry::{Utc, audit::TokenTold};
use serde_json::{Value, json};

/// The recorded contracts that settle.
pub struct Desk {
    /// Their client.
    pub client: SettlementClient,
    /// The record, which was checked against the chain.
    pub deployment: Deployment,
    token: Token,
}

impl Desk {
    /// Those of the configured chain.
    pub async fn open(context: &Context) -> Result<Self> {
        let ledger = context.ledger().await?;
        Self::on(context, &ledger).await
    }

    /// Those of a chain that is open already.
    pub async fn on(context: &Context, ledger: &Ledger) -> Result<Self> {
        let deployment = context.deployment()?;
        deployment.check(ledger).await?;
        let client = SettlementClient::new(ledger, &deployment)?;
        let token = client.token().await?;
        Ok(Self { client, deployment, token })
    }

    /// The account that sends.
    pub async fn sender(&self, context: &Context) -> Result<Sender> {
        context.sender(self.client.ledger(), context.account()?).await
    }

    /// An amount as it is typed, in tokens; `what` says which, for messages.
    pub fn amount(&self, what: &str, text: &str) -> Result<u128> {
        self.tokens().parse(what, text)
    }

    /// An amount in words.
    pub fn words(&self, units: impl TryInto<U256>) -> String {
        self.tokens().words(units.try_into().unwrap_or(U256::MAX))
    }

    fn tokens(&self) -> Tokens {
        Tokens::new(self.token.clone())
    }

    /// The token, as an audit file tells it.
    pub fn told(&self) -> TokenTold {
        TokenTold { symbol: self.token.symbol.clone(), decimals: self.token.decimals }
    }

    /// The token, for machines.
    pub fn token_json(&self) -> Value {
        json!({
            "address": self.token.address,
            "symbol": self.token.symbol,
            "decimals": self.token.decimals,
        })
    }

    /// Does `work`. Where it fails for want of tokens on a development chain, whose money anybody makes, they are made first.
    pub async fn with_money<T>(
        &self,
        sender: &Sender,
        work: impl AsyncFn() -> Result<T, SettlementError>,
    ) -> Result<T> {
        match work().await {
            Err(SettlementError::Money { got, needed, .. }) if self.client.ledger().is_development() => {
                self.client.mint(sender, needed.saturating_sub(got)).await?;
                Ok(work().await?)
            }
            Err(SettlementError::Money { account, got, needed, .. }) => Err(exit::outside(format!(
                "{account} has {}, {} are needed: send it some first (nothing was sent)",
                self.words(got),
                self.words(needed)
            ))
            .into()),
            other => Ok(other?),
        }
    }

    /// The time that steps are judged by: this machine's, or a chain's that is ahead of it.
    pub fn now(&self, found: &Found) -> Result<u64> {
        Ok(now()?.max(found.block.header.timestamp))
    }
}

/// Transactions, for machines.
pub fn sent_json(sent: &[Sent]) -> Value {
    let one = |sent: &Sent| {
        json!({
            "action": sent.quote.action,
            "transaction": sent.tx,
            "block": sent.block.header.number,
            "gas": sent.gas_used(),
            "estimate": ui::estimate(&sent.quote),
        })
    };
    sent.iter().map(one).collect()
}

/// Transactions, a line each.
pub fn sent_words(sent: &[Sent]) -> String {
    let one =
        |sent: &Sent| format!("{}: {} gas, transaction {}\n", sent.quote.action, sent.gas_used(), sent.tx);
    sent.iter().map(one).collect()
}

/// A time in words, with how far off it is.
pub fn when(time: u64, now: u64) -> String {
    let (span, past) = (time.abs_diff(now), time < now);
    let span = match span {
        0..=119 => format!("{span} s"),
        120..=7_199 => format!("{} min", span / 60),
        7_200..=172_799 => format!("{} h", span / 3_600),
        _ => format!("{} days", span / 86_400),
    };
    match past {
        true => format!("{} ({span} ago)", Utc(time)),
        false => format!("{} (in {span})", Utc(time)),
    }
}
