//! A participant: trains, commits, reveals, brings its update.

use super::{Action, Have, Machine};
use alloy_primitives::Address;
use averment_ledger::federated::{Phase, Round};

impl Machine {
    /// To whom a participant brings its update now: the named aggregator, who comes after it, and whoever else may aggregate by now.
    pub fn receivers(&self) -> Vec<Address> {
        let Some(round) = self.book.running() else { return Vec::new() };
        let named = self.book.terms.aggregator;
        let waiting = self.waited(Phase::Takeover) / self.settings.stagger.max(1);
        let successors = usize::try_from(waiting).unwrap_or(usize::MAX).saturating_add(2);
        let successors = self.successors(round).take(successors);
        let mut all: Vec<Address> = (!named.is_zero()).then_some(named).into_iter().collect();
        for successor in successors {
            if !all.contains(&successor) {
                all.push(successor);
            }
        }
        all.retain(|account| *account != self.settings.account);
        all
    }

    /// Whether there is time for somebody else to send the own commit or reveal.
    pub(super) fn is_carried(&self, phase: Phase) -> bool {
        let book = &self.book;
        let half = book.until.saturating_sub(self.seconds(phase) / 2);
        let early = book.phase != phase || self.time < half;
        let to = book.announced.get(&book.terms.aggregator);
        let there = to.is_some_and(|(_, endpoint)| !endpoint.is_empty()) && !self.carries();
        self.settings.carried && early && there
    }

    /// Hands it in, once.
    pub(super) fn hand(&self, round: u16, phase: Phase, have: &Have) -> Option<Action> {
        let to = self.book.terms.aggregator;
        (!have.handed.contains(&phase)).then_some(Action::Hand { round, to, phase })
    }

    pub(super) fn participant(&self, round: &Round, have: &Have, wanted: &mut Vec<Action>) {
        let (book, number, me) = (&self.book, round.number, self.settings.account);
        let part = book.is_selected(me) || (me == book.terms.root && !me.is_zero());
        if !part {
            return;
        }
        let phase = book.phase_at(self.time);
        let made = self.made.get(&number);
        let committed = round.committed.get(&me);
        match (phase, made) {
            (Phase::Commit, None) if committed.is_none() && have.models.contains(&self.model()) => {
                wanted.push(Action::Train { round: number, model: self.model() });
            }
            (Phase::Commit, Some(_)) if committed.is_none() && self.is_carried(phase) => {
                wanted.extend(self.hand(number, phase, have));
            }
            (Phase::Commit, Some(what)) if committed.is_none() => {
                wanted.push(Action::Commit { round: number, digest: self.id.commit(number, me, what) });
            }
            // What was committed to from another journal cannot be revealed from here.
            (Phase::Reveal, Some(what))
                if committed == Some(&self.id.commit(number, me, what)) && !round.said.contains_key(&me) =>
            {
                match self.is_carried(phase) {
                    true => wanted.extend(self.hand(number, phase, have)),
                    false => wanted.push(Action::Reveal { round: number }),
                }
            }
            _ => {}
        }
        let stands = round.said.get(&me).is_some_and(|said| !said.excluded);
        if stands && made.is_some() && (Phase::Reveal..=Phase::Score).contains(&phase) {
            let aggregators = if phase == Phase::Score { Vec::new() } else { self.receivers() };
            let missing =
                aggregators.into_iter().chain(self.judges()).filter(|to| !have.brought.contains(to));
            wanted.extend(missing.map(|to| Action::Deliver { round: number, to }));
        }
    }
}
