//! Commits and reveals that one member sends for others, many in a transaction.

use super::{ActError, Halt, Service, sent};
use crate::federated::{
    carried::{Carried, committed, is_signed},
    points::{self, POINT},
    store::StoreError,
    transfers::ContentHash,
};
use alloy_primitives::{Address, B256};
use averment_ledger::federated::{Phase, Reveal, Round};
use std::collections::BTreeSet;

impl Service {
    /// Hands the own commit or reveal to who carries it.
    pub(super) async fn hand(&mut self, round: u16, to: Address, phase: Phase) -> Result<bool, ActError> {
        let Some((_, endpoint)) = self.machine.book().announced.get(&to).cloned() else { return Ok(false) };
        let carried = match phase {
            Phase::Commit => {
                let what = self.machine.made(round).ok_or(ActError::Missing("what is committed to"))?;
                let digest = self.client.id().commit(round, self.sender.address(), what);
                let signed = self.client.id().sign_commit(self.sender.key(), round, digest);
                Carried::Commit(signed.map_err(Halt::from)?)
            }
            _ => Carried::Reveal(self.own_reveal(round)?),
        };
        self.transfers(&endpoint)?.bring(&carried.encode().into()).await?;
        self.handed.insert((round, phase));
        Ok(true)
    }

    /// Whose commits or reveals lie here that are not on the chain.
    pub(super) fn carried(&mut self) -> Result<BTreeSet<Address>, Halt> {
        let book = self.machine.book();
        let phase = book.phase_at(self.machine.time());
        let Some(round) = book.running().filter(|_| self.machine.carries()) else {
            return Ok(BTreeSet::new());
        };
        let waiting: Vec<Address> = match phase {
            Phase::Commit => {
                round.order.iter().filter(|one| !round.committed.contains_key(*one)).copied().collect()
            }
            Phase::Reveal => {
                round.committed.keys().filter(|one| !round.said.contains_key(*one)).copied().collect()
            }
            _ => Vec::new(),
        };
        let number = round.number;
        let (mut here, mut found, mut looked) = (BTreeSet::new(), Vec::new(), Vec::new());
        for account in waiting {
            let key = (round.number, phase, account);
            if self.carried.contains_key(&key) {
                here.insert(account);
            } else {
                let (carried, looked_at) = self.brought_by(round, phase, account)?;
                looked.extend(looked_at.into_iter().map(|hash| (number, Some(phase), account, hash)));
                if let Some(carried) = carried {
                    here.insert(account);
                    found.push((key, carried));
                }
            }
        }
        self.looked.extend(looked);
        self.carried.retain(|(of, ..), _| *of == number);
        self.carried.extend(found);
        Ok(here)
    }

    /// What an account brought to be carried in this phase, if the contract would take it; and what was looked at that is no such thing.
    fn brought_by(
        &self,
        round: &Round,
        phase: Phase,
        account: Address,
    ) -> Result<(Option<Carried>, Vec<ContentHash>), Halt> {
        let (book, id) = (self.machine.book(), self.client.id());
        let mut looked = Vec::new();
        for hash in self.store.inbox.whole(account).map_err(StoreError::from)? {
            if self.looked.contains(&(round.number, Some(phase), account, hash)) {
                continue;
            }
            looked.push(hash);
            let file = self.store.inbox.bytes(account, &hash).map_err(StoreError::from)?;
            match (phase, file.as_deref().and_then(Carried::decode)) {
                (Phase::Commit, Some(Carried::Commit(signed)))
                    if is_signed(id, round.number, account, &signed) && book.is_selected(account) =>
                {
                    return Ok((Some(Carried::Commit(signed)), looked));
                }
                (Phase::Reveal, Some(Carried::Reveal(reveal))) => {
                    let digest = id.commit(round.number, account, &committed(&reveal));
                    let whole = reveal.points.len() == self.client.code().chunks * POINT;
                    let good = whole && points::sum([reveal.points.as_ref()]).is_ok();
                    if reveal.account == account && good && round.committed.get(&account) == Some(&digest) {
                        return Ok((Some(Carried::Reveal(reveal)), looked));
                    }
                }
                _ => {}
            }
        }
        Ok((None, looked))
    }

    /// Sends them for these accounts.
    pub(super) async fn carry(
        &self,
        round: u16,
        phase: Phase,
        accounts: &[Address],
    ) -> Result<bool, ActError> {
        let own = accounts.iter().filter_map(|account| self.carried.get(&(round, phase, *account)));
        let (mut commits, mut reveals) = (Vec::new(), Vec::new());
        for carried in own {
            match carried {
                Carried::Commit(commit) => commits.push(commit.clone()),
                Carried::Reveal(reveal) => {
                    // What it was before is the chain's, whatever is said of it.
                    let (last, cumulative) = self.before(reveal.account)?;
                    reveals.push(Reveal { last, cumulative: cumulative.into(), ..reveal.clone() });
                }
            }
        }
        match phase {
            Phase::Commit => sent(self.client.commit_signed(&self.sender, commits).await?),
            _ => sent(self.client.reveal(&self.sender, reveals).await?),
        }
    }

    /// The last reveal's record of an account and its cumulative points, as the contract asks for them.
    pub(super) fn before(&self, account: Address) -> Result<(B256, Vec<u8>), ActError> {
        let book = self.machine.book();
        let before = book.cumulative.get(&account);
        let before = before.filter(|before| book.terms.rule.history && !before.updates.is_empty());
        let Some(before) = before else { return Ok((B256::ZERO, Vec::new())) };
        Ok((before.last, points::sum(before.updates.iter().map(|(points, _)| points.as_ref()))?))
    }
}
