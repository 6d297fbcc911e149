//! What a member counts of itself.

use super::Service;
use crate::{
    federated::machine::Delivery,
    metrics::{Figures, Metrics},
};

/// Training, adding up and scoring take a hundredth of a second to some eleven minutes.
const FIGURES: Figures<8> = Figures {
    prefix: "averment_member",
    seconds: ("compute_seconds", "Time to train, add up or score, with proofs", 1e-2),
    each_turn: [
        ("round", "Number of the present round, or of the last"),
        (
            "phase",
            "Its phase, by number: 1 idle, 3 commit, 4 reveal, 5 check, 8 takeover, 11 settle, 12 ended",
        ),
        ("wanted", "Steps that are to be taken now"),
        (
            "updates_missing",
            "Of a named aggregator or validator: updates of the round that stand and were not brought, or are not what was revealed",
        ),
        ("void_rounds", "Rounds in a row of which nothing came"),
        ("own_challenges", "Open challenges of what this member made; to be answered in time"),
        ("strikes", "Strikes of this account; too many cost the stake"),
        ("out", "1 once this account was struck out or slashed"),
    ],
};

pub(super) fn metrics() -> Metrics {
    Metrics::new(&FIGURES)
}

impl Service {
    /// As they are after a turn, in the order of [`FIGURES`].
    pub(super) fn figures(&self, wanted: usize) -> [u64; 8] {
        let (book, me) = (self.machine.book(), self.sender.address());
        let round = book.running();
        let count = |count: usize| count as u64;
        // Others are brought only what they might need.
        let receives = self.machine.carries()
            || (self.plan.settings.scores && self.machine.judges().any(|judge| judge == me));
        let missing = round.filter(|_| receives).map_or(0, |round| {
            let standing = round.said.iter().filter(|(account, said)| !said.excluded && **account != me);
            let here = |account| {
                let delivery = self.deliveries.get(&(round.number, account));
                matches!(delivery, Some(Delivery::Good | Delivery::NothingBefore))
            };
            standing.filter(|(account, _)| !here(**account)).count()
        });
        let asked = round.map_or(0, |round| {
            let made = round.aggregated.as_ref().is_some_and(|made| made.aggregator == me);
            let own = round.challenges.iter().filter(|((account, _), challenge)| {
                challenge.open && (*account == me || (account.is_zero() && made))
            });
            own.count()
        });
        let member = book.members.get(&me);
        let named = if book.terms.aggregator == me { book.aggregator_strikes } else { 0 };
        [
            book.number().into(),
            book.phase as u64,
            count(wanted),
            count(missing),
            book.voids.into(),
            count(asked),
            member.map_or(0, |member| member.strikes).max(named).into(),
            member.is_some_and(|member| member.out).into(),
        ]
    }
}
