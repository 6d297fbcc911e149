//! Who takes part: keys of the project, so that `aver` can act for them afterwards.

use super::{REPORTS, TOKEN};
use crate::demo::stage::Stage;
use anyhow::{Context as _, Result};
use averment_ledger::{contracts::Sender, keys::AccountKey, settlement::SettlementClient};
use averment_primitives::{Address, U256};

/// What each of those has who bring money.
const MONEY: u128 = 2_000 * TOKEN;
/// What answerers and watchers put into the router.
const DEPOSIT: u128 = 500 * TOKEN;

/// Who takes part.
pub struct People {
    pub insurer: Sender,
    pub reviewer: Sender,
    /// Buys, files and has paid for the holders.
    pub broker: Sender,
    pub answerer: Sender,
    pub impostor: Sender,
    pub watcher: Sender,
    /// The clinic that sees the reports.
    pub intake: AccountKey,
    /// Each policy's holder, by the case.
    holders: Vec<(&'static str, AccountKey)>,
}

impl People {
    /// Makes their keys, and gives money to those who bring some.
    pub async fn enter(stage: &Stage, settlement: &SettlementClient) -> Result<Self> {
        let mut holders = Vec::new();
        for (number, case) in (1..).zip(REPORTS.iter().copied().flatten().copied()) {
            holders.push((case, stage.account(&format!("holder-{number}"))?));
        }
        let people = Self {
            insurer: stage.sender("insurer").await?,
            reviewer: stage.sender("reviewer").await?,
            broker: stage.sender("broker").await?,
            answerer: stage.sender("answerer").await?,
            impostor: stage.sender("impostor").await?,
            watcher: stage.sender("watcher").await?,
            intake: stage.account("clinic")?,
            holders,
        };
        for own in [&people.insurer, &people.broker, &people.answerer, &people.impostor, &people.watcher] {
            settlement.mint(own, U256::from(MONEY)).await?;
        }
        for own in [&people.answerer, &people.impostor, &people.watcher] {
            settlement.deposit(own, U256::from(DEPOSIT)).await?;
        }
        Ok(people)
    }

    /// The key of the holder whose policy the claim about this case is of.
    pub fn key(&self, case: &str) -> Result<&AccountKey> {
        let own = self.holders.iter().find(|(of, _)| *of == case).context("every case has a holder")?;
        Ok(&own.1)
    }

    /// Its address.
    pub fn holder(&self, case: &str) -> Result<Address> {
        Ok(self.key(case)?.address())
    }

    /// The holders' addresses.
    pub fn holders(&self) -> impl Iterator<Item = Address> {
        self.holders.iter().map(|(_, key)| key.address())
    }
}
