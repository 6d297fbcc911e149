//! Updates of others, as they were brought.

use super::{Halt, Service};
use crate::{
    federated::{
        craft::{About, Update, UpdateFault},
        delivery::Parts,
        machine::Delivery,
        points,
        store::{Opened, StoreError},
    },
    seal::About as Sealed,
};
use alloy_primitives::{Address, keccak256};
use averment_ledger::federated::{Phase, Said};
use std::collections::BTreeSet;
use tracing::{info, warn};

impl Service {
    /// Opens and checks what came of the present round; each file once.
    pub(super) fn look_at_deliveries(&mut self) -> Result<(), Halt> {
        let me = self.sender.address();
        let Some(round) = self.machine.book().running() else { return Ok(()) };
        let number = round.number;
        let standing = round.said.iter().filter(|(account, said)| !said.excluded && **account != me);
        let standing: Vec<(Address, Said)> =
            standing.map(|(account, said)| (*account, said.clone())).collect();
        self.deliveries.retain(|(of, _), _| *of == number);
        self.looked.retain(|(of, ..)| *of == number);
        for (account, said) in standing {
            if let Some(found) = self.looked_at(number, account, &said)? {
                self.deliveries.insert((number, account), found);
            }
        }
        Ok(())
    }

    /// What is known of an account's update now; none if it could not be checked.
    fn looked_at(&mut self, round: u16, account: Address, said: &Said) -> Result<Option<Delivery>, Halt> {
        let about = About { party: account, ..self.about(round) };
        let is_done = |delivery| matches!(delivery, Delivery::Good | Delivery::ProofFails);
        let mut best = match self.deliveries.get(&(round, account)) {
            Some(known) => *known,
            // As it was kept before the last start, or read from the chain.
            None => match self.store.opened(round, account)? {
                Some(opened) => {
                    let Some((judged, _)) = self.judged(&about, said, &opened) else { return Ok(None) };
                    judged
                }
                None => Delivery::Missing,
            },
        };
        if is_done(best) {
            return Ok(Some(best));
        }
        for hash in self.store.inbox.whole(account).map_err(StoreError::from)? {
            let place = (round, None, account, hash);
            if self.looked.contains(&place) {
                continue;
            }
            let Some(sealed) = self.store.inbox.bytes(account, &hash).map_err(StoreError::from)? else {
                continue;
            };
            let opened = self.key.open(Sealed::Update(said.content), &sealed).ok();
            let opened = opened.and_then(|opened| Parts::decode(&opened).ok().map(Opened::from));
            let Some(mut opened) = opened.filter(|opened| keccak256(&opened.package) == said.content) else {
                self.looked.insert(place);
                continue;
            };
            let Some((judged, sum)) = self.judged(&about, said, &opened) else { continue };
            info!(%account, round, ?judged, "an update was delivered");
            // Of the package alone something may come, too.
            let better = match judged {
                Delivery::Missing => false,
                Delivery::NoProof => best == Delivery::Missing,
                _ => true,
            };
            if better {
                if !sum {
                    opened.before.clear();
                }
                self.step("keep an update of another")?;
                self.store.keep_opened(round, account, &opened)?;
                best = judged;
            }
            self.looked.insert(place);
            if is_done(best) {
                break;
            }
        }
        Ok(Some(best))
    }

    /// What an opened delivery is, and whether it opens the sum of its sender's updates before; none if it could not be checked.
    fn judged(&self, about: &About, said: &Said, opened: &Opened) -> Option<(Delivery, bool)> {
        let right = keccak256(&opened.proof) == said.proof;
        let Opened { package, proof, before } = opened;
        let update = Update { package: package.clone(), points: said.points.to_vec(), proof: proof.clone() };
        let found = match self.craft.check_update(about, &update) {
            Ok(()) if right => Delivery::Good,
            Ok(()) => Delivery::NoProof,
            Err(UpdateFault::Proof(_)) if !right => Delivery::NoProof,
            Err(UpdateFault::Proof(why)) => {
                warn!(account = %about.party, why, "a proof fails whose hash was revealed");
                Delivery::ProofFails
            }
            Err(UpdateFault::Package(_)) => Delivery::Missing,
            Err(UpdateFault::Craft(why)) => {
                warn!(account = %about.party, %why, "an update was not checked");
                return None;
            }
        };
        // What is missing of the proof and of the sum is asked for each by itself.
        if !matches!(found, Delivery::Good | Delivery::NoProof) || !self.needs_before(about) {
            return Some((found, false));
        }
        let sum = !before.is_empty() && self.opens_before(about, before)?;
        Some((if sum || found == Delivery::NoProof { found } else { Delivery::NothingBefore }, sum))
    }

    /// Of whose updates before neither they nor what opens their sum are here, for who aggregates.
    pub(super) fn unopened(&self) -> Result<BTreeSet<Address>, Halt> {
        let (book, me) = (self.machine.book(), self.sender.address());
        let phase = book.phase_at(self.machine.time());
        let mut unopened = BTreeSet::new();
        let Some(round) = book.running().filter(|_| (Phase::Check..=Phase::Takeover).contains(&phase)) else {
            return Ok(unopened);
        };
        let number = round.number;
        let standing = round.said.iter().filter(|(account, said)| !said.excluded && **account != me);
        for account in standing.map(|(account, _)| *account) {
            let lacks = match self.deliveries.get(&(number, account)) {
                Some(Delivery::Good | Delivery::ProofFails) => false,
                Some(Delivery::NothingBefore) => true,
                Some(Delivery::NoProof | Delivery::Missing) | None => {
                    let kept = self.store.opened(number, account)?;
                    kept.is_none_or(|opened| opened.before.is_empty())
                        && self.needs_before(&About { party: account, ..self.about(number) })
                }
            };
            unopened.extend(lacks.then_some(account));
        }
        Ok(unopened)
    }

    /// Whether this member aggregates, and lacks updates that add up to an account's cumulative one.
    fn needs_before(&self, about: &About) -> bool {
        let aggregates = self.plan.settings.aggregates
            && self.machine.book().terms.rule.history
            && self.machine.book().may_aggregate(self.sender.address());
        aggregates && !matches!(self.packages_before(about.round, about.party), Ok(Some(_)))
    }

    /// Whether this is what opens the sum of an account's updates before; none if it could not be checked.
    fn opens_before(&self, about: &About, opening: &[u8]) -> Option<bool> {
        let (_, rows) = self.machine.counted(about.round, about.party);
        match self.craft.check_opening(opening, &points::sum(rows).ok()?) {
            Ok(()) => Some(true),
            Err(UpdateFault::Craft(why)) => {
                warn!(account = %about.party, %why, "a sum of updates was not checked");
                None
            }
            Err(why) => {
                warn!(account = %about.party, %why, "what was brought does not open the sum of earlier updates");
                Some(false)
            }
        }
    }
}
