//! Who sends what others hand in.

use super::{Action, CARRIED, Have, Machine};
use alloy_primitives::Address;
use averment_ledger::federated::{Phase, Round};

impl Machine {
    /// Whether it carries others' commits and reveals: the named aggregator does.
    pub fn carries(&self) -> bool {
        self.settings.aggregates && self.book.terms.aggregator == self.settings.account
    }

    /// Seconds of a phase in which things are carried.
    pub(super) fn seconds(&self, phase: Phase) -> u64 {
        let times = &self.book.terms.times;
        u64::from(if phase == Phase::Commit { times.commit } else { times.reveal })
    }

    /// Sends what was handed in: all together, or when a quarter of the time is over what there is.
    pub(super) fn carrier(&self, round: &Round, have: &Have, wanted: &mut Vec<Action>) {
        let book = &self.book;
        let phase = book.phase_at(self.time);
        let (done, all) = match phase {
            Phase::Commit => (round.committed.len(), round.order.len().min(book.terms.size.perRound.into())),
            Phase::Reveal => (round.said.len(), round.committed.len()),
            _ => return,
        };
        let quarter = book.until.saturating_sub(self.seconds(phase) / 4 * 3);
        let late = book.phase == phase && self.time >= quarter;
        if have.carried.is_empty() || (!late && done + have.carried.len() < all) {
            return;
        }
        let all: Vec<Address> = have.carried.iter().copied().collect();
        for accounts in all.chunks(CARRIED) {
            wanted.push(Action::Carry { round: round.number, phase, accounts: accounts.to_vec() });
        }
    }
}
