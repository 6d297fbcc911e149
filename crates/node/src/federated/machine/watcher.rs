//! Who looks after a model that somebody else made.

use super::{Action, Delivery, Have, Machine};
use alloy_primitives::Address;
use averment_ledger::federated::{Contested, Phase, Round};

impl Machine {
    /// Whether a challenge of the present round is this member's.
    pub(super) fn asked_for(&self, account: Address, contested: Contested) -> bool {
        let account = if contested == Contested::Model { Address::ZERO } else { account };
        let challenges = self.book.round.iter().flat_map(|round| round.challenges.get(&(account, contested)));
        challenges.into_iter().any(|challenge| challenge.challenger == self.settings.account)
    }

    /// How many more bonds it may risk.
    pub(super) fn bonds(&self) -> usize {
        let challenges = self.book.round.iter().flat_map(|round| round.challenges.values());
        let open = challenges.filter(|one| one.open && one.challenger == self.settings.account).count();
        let bonds = if self.settings.challenges { self.settings.bonds } else { 0 };
        usize::from(bonds.saturating_sub(self.lost)).saturating_sub(open)
    }

    /// Takes from the chain what was answered there, and lacks here.
    pub(super) fn gather(&self, round: &Round, have: &Have, wanted: &mut Vec<Action>) {
        let (number, me) = (round.number, self.settings.account);
        let takes = self.settings.scores || (self.settings.aggregates && self.book.may_aggregate(me));
        for ((account, contested), challenge) in &round.challenges {
            let stands = round.said.get(account).is_some_and(|said| !said.excluded) && *account != me;
            let delivery = have.deliveries.get(account).copied().unwrap_or(Delivery::Missing);
            let lacks = match contested {
                Contested::Proof => false,
                Contested::Update => takes && stands && delivery == Delivery::Missing,
                Contested::Cumulative => stands && have.unopened.contains(account),
                Contested::Model => round.aggregated.is_some() && !have.models.contains(&number),
            };
            if !challenge.open && lacks {
                wanted.push(Action::Gather { round: number, account: *account, contested: *contested });
            }
        }
    }

    /// Asks for a new model before it is final: after that nobody can be made to give it.
    pub(super) fn watcher(&self, round: &Round, have: &Have, wanted: &mut Vec<Action>) {
        let (book, number) = (&self.book, round.number);
        if round.aggregated.is_none() || have.models.contains(&number) {
            return;
        }
        wanted.push(Action::Fetch { model: number });
        let half = book.until.saturating_sub(u64::from(book.terms.times.settle / 2));
        let asked = round.challenges.contains_key(&(Address::ZERO, Contested::Model));
        if book.phase == Phase::Settle && !asked && self.bonds() > 0 && self.is_turn(half) {
            let (account, contested) = (Address::ZERO, Contested::Model);
            wanted.push(Action::Challenge { round: number, account, contested });
        }
    }
}
