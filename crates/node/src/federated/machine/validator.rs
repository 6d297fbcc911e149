//! A validator: scores, commits, reveals.

use super::{Action, Delivery, Have, Machine};
use alloy_primitives::Address;
use averment_ledger::federated::{Phase, Round};

impl Machine {
    /// Validators who score the present round, and so are brought every update of it.
    pub fn judges(&self) -> impl Iterator<Item = Address> {
        let number = self.book.number();
        let seated = self
            .book
            .members
            .iter()
            .filter(move |(_, member)| member.seated && member.validates && member.since <= number);
        seated.map(|(account, _)| *account)
    }

    pub(super) fn validator(&self, round: &Round, have: &Have, wanted: &mut Vec<Action>) {
        let (book, number, me) = (&self.book, round.number, self.settings.account);
        let seated = self.judges().any(|judge| judge == me);
        let Some(made) = round.aggregated.as_ref().filter(|_| seated) else { return };
        let phase = book.phase_at(self.time);
        let delivery = |account: &&Address| have.deliveries.get(*account).copied();
        for account in made.accounts.iter().filter(|account| delivery(account) == Some(Delivery::ProofFails))
        {
            if book.members.get(account).is_some_and(|member| !member.out) {
                wanted.push(Action::Accuse { round: number, account: *account });
            }
        }
        let good =
            |account: &&Address| matches!(delivery(account), Some(Delivery::Good | Delivery::NothingBefore));
        let good = made.accounts.iter().filter(good).count();
        // Who brings nothing is not waited for until it is too late. Who was brought less than half says nothing: it may be its own fault.
        let half = book.until.saturating_sub(u64::from(book.terms.times.score / 2));
        let enough = good == made.accounts.len() || (2 * good > made.accounts.len() && self.time >= half);
        match (phase, self.scored.get(&number)) {
            (Phase::Score, None) if enough && have.models.contains(&self.model()) => {
                wanted.push(Action::Score { round: number });
            }
            (Phase::Score, Some(_)) if !round.scores_committed.contains_key(&me) => {
                wanted.push(Action::CommitScores { round: number });
            }
            (Phase::Disclose, Some(_))
                if round.scores_committed.contains_key(&me) && !round.scores.contains_key(&me) =>
            {
                wanted.push(Action::DiscloseScores { round: number });
            }
            _ => {}
        }
    }
}
