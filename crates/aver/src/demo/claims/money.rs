//! Who had what before the policies were sold and after the claims were paid, and that no token came from nowhere.

use super::{TOKEN, people::People};
use anyhow::{Result, ensure};
use averment_ledger::{claims::ClaimsClient, contracts::InferenceRouter, settlement::SettlementClient};
use averment_primitives::Address;
use serde_json::{Value, json};
use std::fmt::Write;

/// What each has, in the token's smallest units.
pub struct Balances(Vec<(&'static str, u128)>);

impl Balances {
    /// Of these, who are the same before and after.
    pub fn new(all: Vec<(&'static str, u128)>) -> Self {
        Self(all)
    }

    /// Now, in tokens and in the router.
    pub async fn of(people: &People, claims: &ClaimsClient, settlement: &SettlementClient) -> Result<Self> {
        let mut all = Vec::new();
        let mut add = async |who, account: Address| -> Result<()> {
            let balance = settlement.balance(account).await?;
            let own = (balance.wallet + balance.router).to::<u128>();
            match all.last_mut() {
                Some((last, sum)) if *last == who => *sum += own,
                _ => all.push((who, own)),
            }
            Ok(())
        };
        add("insurer", people.insurer.address()).await?;
        add("pool, with its fees in the router", claims.address()).await?;
        add("broker, who pays the premiums", people.broker.address()).await?;
        for holder in people.holders() {
            add("holders", holder).await?;
        }
        add("answerer", people.answerer.address()).await?;
        add("watcher", people.watcher.address()).await?;
        add("impostor", people.impostor.address()).await?;
        let router = settlement.contracts().router.address;
        let router = InferenceRouter::new(router, settlement.ledger().provider());
        all.push(("burned", router.burned().call().await?.to::<u128>()));
        Ok(Self(all))
    }

    /// From then to `after`. Refuses if money came from nowhere or went there.
    pub fn until(self, after: Self) -> Result<Purses> {
        let both = self.0.into_iter().zip(after.0);
        let purses = Purses(both.map(|((who, before), (_, after))| Purse { who, before, after }).collect());
        let sum = |of: fn(&Purse) -> u128| purses.0.iter().map(of).sum::<u128>();
        let (before, after) = (sum(|own| own.before), sum(|own| own.after));
        ensure!(before == after, "money came from nowhere or went there: {before} before, {after} after");
        Ok(purses)
    }
}

/// What somebody had and has.
struct Purse {
    who: &'static str,
    before: u128,
    after: u128,
}

/// What everybody had and has.
pub struct Purses(Vec<Purse>);

impl Purses {
    /// For people, in tokens.
    pub fn table(&self) -> String {
        let mut table = format!("   {:<42} {:>9} {:>9} {:>9}\n", "tokens", "before", "after", "change");
        for Purse { who, before, after } in &self.0 {
            let sign = if after < before { "-" } else { "+" };
            // A String takes everything.
            let _ = writeln!(
                table,
                "   {who:<42} {:>9} {:>9} {:>9}",
                tokens(*before),
                tokens(*after),
                format!("{sign}{}", tokens(after.abs_diff(*before)))
            );
        }
        table + "   every token that left somebody came to somebody: the changes add up to zero"
    }

    /// For machines, in the token's smallest units.
    pub fn json(&self) -> Value {
        let entry = |Purse { who, before, after }: &Purse| json!({ "who": who, "before": before.to_string(), "after": after.to_string() });
        self.0.iter().map(entry).collect()
    }
}

/// Tokens with one place behind the point, rounded down.
fn tokens(amount: u128) -> String {
    let tenths = amount / (TOKEN / 10);
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_neither_comes_from_nowhere_nor_goes_there() {
        let balances = |one, other| Balances(vec![("one", one), ("other", other)]);
        let purses = balances(3 * TOKEN, TOKEN / 2).until(balances(TOKEN / 2, 3 * TOKEN)).unwrap();
        assert!(purses.table().contains("-2.5") && purses.table().contains("+2.5"), "{}", purses.table());
        assert!(balances(1, 2).until(balances(2, 2)).is_err());
    }
}
