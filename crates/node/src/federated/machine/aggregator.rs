//! An aggregator: asks for what is missing, adds up.

use super::{Action, Delivery, Have, Machine};
use alloy_primitives::Address;
use averment_ledger::federated::{Contested, Phase, Round};

impl Machine {
    /// Who aggregates after the named one, in their order.
    pub(super) fn successors<'a>(&'a self, round: &'a Round) -> impl Iterator<Item = Address> + 'a {
        let count = round.order.len().max(1);
        let first = usize::from(round.number) % count;
        let order = round.order.iter().cycle().skip(first).take(round.order.len()).copied();
        order.filter(|account| self.book.may_take_over(*account))
    }

    /// For how many seconds a phase has run; zero in another one.
    pub(super) fn waited(&self, phase: Phase) -> u64 {
        if self.book.phase_at(self.time) != phase {
            return 0;
        }
        let seconds = match phase {
            Phase::Takeover => self.book.terms.times.takeover,
            _ => return 0,
        };
        match self.book.phase == phase {
            true => (self.time + u64::from(seconds)).saturating_sub(self.book.until),
            false => 0,
        }
    }

    pub(super) fn aggregator(&self, round: &Round, have: &Have, wanted: &mut Vec<Action>) {
        let (book, number, me) = (&self.book, round.number, self.settings.account);
        let phase = book.phase_at(self.time);
        let delivery = |account: &Address| match *account == me && self.made.contains_key(&number) {
            true => Delivery::Good,
            false => match have.deliveries.get(account).copied().unwrap_or(Delivery::Missing) {
                Delivery::NoProof if round.is_proved(account) => Delivery::Good,
                other => other,
            },
        };
        let named = book.terms.aggregator == me && book.aggregator_strikes < book.terms.size.strikes;
        // The one who is going to need them asks for what is missing, when half of the time to bring it is over; and the one after it,
        // a while later, for sums that it was not brought with the updates.
        let next = self.successors(round).next() == Some(me);
        let heads = book.terms.aggregator.is_zero() || book.aggregator_strikes >= book.terms.size.strikes;
        let first = named || (heads && next);
        let half = book.until.saturating_sub(u64::from(book.terms.times.check / 2));
        let mut bonds = self.bonds();
        let from = if first { half } else { half.saturating_add(self.settings.stagger) };
        let asks = first || next;
        if phase == Phase::Check && book.phase == Phase::Check && asks && self.time >= from {
            let standing =
                || round.said.iter().filter(|(_, said)| !said.excluded).map(|(account, _)| *account);
            let fails = standing().filter(|account| first && delivery(account) == Delivery::ProofFails);
            wanted.extend(fails.map(|account| Action::Accuse { round: number, account }));
            // Without its proof an update may be anything, so both are asked for at once: a challenge has its time.
            for contested in [Contested::Update, Contested::Cumulative, Contested::Proof] {
                for account in standing() {
                    let found = delivery(&account);
                    let lacks = match contested {
                        Contested::Proof => first && matches!(found, Delivery::NoProof | Delivery::Missing),
                        Contested::Update => first && found == Delivery::Missing,
                        Contested::Cumulative if first => have.unopened.contains(&account),
                        // Of who brought the update, and this not.
                        Contested::Cumulative => found == Delivery::NothingBefore,
                        Contested::Model => false,
                    };
                    if lacks && bonds > 0 && !round.challenges.contains_key(&(account, contested)) {
                        bonds -= 1;
                        wanted.push(Action::Challenge { round: number, account, contested });
                    }
                }
            }
        }
        let turn = match phase {
            Phase::Aggregate => named,
            Phase::Takeover => {
                let rank = self.successors(round).position(|account| account == me);
                let wait = rank.map(|rank| self.settings.stagger.saturating_mul(rank as u64));
                wait.is_some_and(|wait| self.waited(Phase::Takeover) >= wait)
            }
            _ => false,
        };
        let model = have.models.contains(&self.model());
        let all = round
            .said
            .iter()
            .filter(|(_, said)| !said.excluded)
            .all(|(account, _)| delivery(account) == Delivery::Good && !have.unopened.contains(account));
        if turn && model && all && !book.is_too_small() && round.aggregated.is_none() {
            wanted.push(Action::Aggregate { round: number });
        }
    }
}
