//! What anybody may do, and members do in turns.

use super::{Action, Machine};
use alloy_primitives::Address;
use averment_ledger::federated::{Phase, Round};
use std::collections::BTreeSet;

impl Machine {
    /// How many seconds later than the first this member does what anybody may.
    pub(super) fn delay(&self) -> u64 {
        let members =
            self.book.members.iter().filter(|(_, member)| member.seated).map(|(account, _)| *account);
        let mut all: BTreeSet<Address> = members.collect();
        all.extend((!self.book.terms.aggregator.is_zero()).then_some(self.book.terms.aggregator));
        let count = all.len().max(1);
        let place = all.iter().position(|account| *account == self.settings.account).unwrap_or(count);
        let rank = (place + usize::from(self.book.number())) % count.max(place + 1);
        self.settings.stagger.saturating_mul(rank as u64)
    }

    /// Whether it is this member's turn to do what anybody may from `since` on.
    pub(super) fn is_turn(&self, since: u64) -> bool {
        self.time >= since.saturating_add(self.delay())
    }

    /// What anybody may do.
    pub(super) fn public(&self, wanted: &mut Vec<Action>) {
        let (book, now) = (&self.book, self.time);
        let number = book.number();
        let over = now > book.until;
        let Some(round) = book.running() else {
            let round = number.saturating_add(1);
            let enough = book.list.len() >= usize::from(book.terms.size.minimum);
            // Members come while nothing runs; the one whose turn it is opens when there are as many as a round needs.
            let begun = book.until.saturating_sub(u64::from(book.terms.times.idle));
            if book.phase == Phase::Idle && enough && !over && self.is_turn(begun) {
                wanted.push(Action::Open { round });
            }
            if book.phase == Phase::Idle && over && self.is_turn(book.until) {
                wanted.push(Action::Advance { round: number, phase: Phase::Idle });
            }
            return;
        };
        let (phase, at) = (book.phase, book.phase_at(now));
        let since = book.until;
        let rates = round.aggregated.is_some() && round.qualities.is_none();
        let begun = since.saturating_sub(u64::from(book.terms.times.settle));
        if phase == Phase::Settle && rates && self.is_turn(begun) {
            wanted.push(Action::Rate { round: number });
        }
        match phase {
            Phase::Select if !over && self.is_turn(0) => wanted.push(Action::Draw { round: number }),
            Phase::Settle if over && !rates && round.open_challenges() == 0 && self.is_turn(since) => {
                wanted.push(Action::Settle { round: number });
            }
            Phase::Settle => {}
            _ => {
                let nobody = over && matches!(phase, Phase::Select | Phase::Takeover);
                // Of too few nothing comes: early where nobody can make them more.
                let small = over && phase > Phase::Commit && phase <= Phase::Takeover && book.is_too_small();
                let answered = phase == Phase::Answer && round.open_challenges() == 0;
                if (nobody || small || at != phase || answered) && self.is_turn(since.min(now)) {
                    wanted.push(Action::Advance { round: number, phase });
                }
            }
        }
        let answer_over = match phase {
            Phase::Answer => over,
            Phase::Settle => over,
            _ => false,
        };
        for ((account, contested), challenge) in &round.challenges {
            let late = since.saturating_add(u64::from(book.terms.times.answer));
            if challenge.open && (answer_over || now > late) && self.is_turn(since) {
                let (account, contested) = (*account, *contested);
                wanted.push(Action::Lapse { round: number, account, contested });
            }
        }
        let accounts = self.silent(round);
        if !accounts.is_empty() {
            wanted.push(Action::Strike { round: number, accounts });
        }
    }

    /// Who said nothing and has no strike for it yet, once the round can hear no more; for one member to note, for all.
    fn silent(&self, round: &Round) -> Vec<Address> {
        let (book, now) = (&self.book, self.time);
        let mut silent: Vec<Address> = Vec::new();
        if book.phase >= Phase::Check && self.is_turn(book.until.min(now)) {
            let drawn = round.order.iter().filter(|account| {
                let said = round.committed.contains_key(*account) && round.said.contains_key(*account);
                !said && book.is_selected(**account)
            });
            silent.extend(drawn);
        }
        // Validators have their strike until the round is paid, and not after that.
        let begun = book.until.saturating_sub(u64::from(book.terms.times.settle));
        if book.phase == Phase::Settle && self.is_turn(begun) {
            silent.extend(self.judges().filter(|judge| !round.scores.contains_key(judge)));
        }
        silent.retain(|account| !round.struck.contains(account));
        silent
    }

    /// Takes back bonds of challenges that a round left open when it ended.
    pub(super) fn bonds_left(&self, wanted: &mut Vec<Action>) {
        let present = self.book.running().map(|round| round.number);
        for (round, account, contested) in self.asked.iter().filter(|(round, ..)| Some(*round) != present) {
            let (round, account, contested) = (*round, *account, *contested);
            wanted.push(Action::Lapse { round, account, contested });
        }
    }
}
