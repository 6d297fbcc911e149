//! A seat of a committee: an agreement with the others, or else commit, then reveal, then somebody closes.

use super::{
    Action, Agreeing, Committee, Promise, Settings, SignedList, Telling, TwoAnswers, Voice, Words,
    agreement::{Agreed, Agreement, Step},
    leader,
    wrong::by_seat,
};
use alloy_primitives::B256;
use std::collections::BTreeMap;

/// This operator's seat, and what the chain has heard of the others.
#[derive(Debug, Clone)]
pub(super) struct Seat {
    pub(super) committee: Committee,
    operator: u32,
    seat: u8,
    committed: bool,
    missed: bool,
    /// What members revealed.
    pub(super) heard: BTreeMap<u32, Vec<i64>>,
    agreement: Agreement,
}

impl Seat {
    /// The seat of `operator`, if it has one.
    pub(super) fn of(operator: u32, committee: &Committee) -> Option<Self> {
        let seat = committee.members.iter().position(|member| *member == operator)?;
        let seat = u8::try_from(seat).ok()?;
        let (heard, agreement) = Default::default();
        let committee = committee.clone();
        Some(Self { committee, operator, seat, committed: false, missed: false, heard, agreement })
    }

    /// What members told over the channel, by seat.
    pub(super) fn voices(&self) -> &BTreeMap<u8, Voice> {
        self.agreement.voices()
    }

    pub(super) fn promised(&mut self, promise: Promise) {
        self.agreement.promised(self.seat, promise);
    }

    pub(super) fn listed(&mut self, list: SignedList, promises: Vec<Option<Promise>>) {
        self.agreement.listed(self.seat, list, promises);
    }

    pub(super) fn spoken(&mut self, voice: Voice, now: u64) {
        self.agreement.spoken(self.seat, voice);
        self.agreement.settle(&self.committee, now);
    }

    /// Takes in what another member says; its own words do not come back to it.
    pub(super) fn hear(&mut self, seat: u8, words: Words, now: u64) -> Option<TwoAnswers> {
        if seat == self.seat {
            return None;
        }
        let caught = self.agreement.hear(&self.committee, seat, words);
        self.agreement.settle(&self.committee, now);
        caught
    }

    /// What the others are told, as long as they may post an agreement.
    pub(super) fn tells(&self, id: B256, now: u64) -> Option<Telling<'_>> {
        let Self { committee, seat, agreement, .. } = self;
        let open = committee.tolerance == 0 && now <= committee.reveal_until;
        let (words, complete) = (agreement.words(*seat), agreement.is_complete(committee));
        open.then_some(Telling { id, committee, seat: *seat, words, complete })
    }

    pub(super) fn committed(&mut self, operator: u32) {
        self.committed |= operator == self.operator;
    }

    pub(super) fn revealed(&mut self, operator: u32, outputs: Vec<i64>) {
        self.heard.entry(operator).or_insert(outputs);
    }

    /// Whether it has become too late just now for what this operator had to do.
    pub(super) fn misses(&mut self, now: u64) -> bool {
        let late = (now > self.committee.commit_until && !self.committed)
            || (now > self.committee.reveal_until && !self.heard.contains_key(&self.operator));
        let first = late && !self.missed;
        self.missed |= late;
        first
    }

    pub(super) fn wanted(
        &self,
        id: B256,
        decided: Option<&[i64]>,
        settings: &Settings,
        turn: u64,
        now: u64,
    ) -> Vec<Action> {
        let agrees = settings.agrees && self.committee.tolerance == 0;
        let together = agrees.then(|| self.together(id, decided, settings, turn, now)).flatten();
        let alone = self.alone(id, decided, settings.margin, agrees, turn, now);
        together.into_iter().chain(alone).collect()
    }

    /// What there is to do for an agreement with the others.
    fn together(
        &self,
        id: B256,
        decided: Option<&[i64]>,
        settings: &Settings,
        turn: u64,
        now: u64,
    ) -> Option<Action> {
        if let Some(Agreed { outputs, commits, voices, all, since }) = self.agreement.agreed(&self.committee)
        {
            // Who is slow gets a while to be paid, too.
            let wait = turn.saturating_add(if all { 0 } else { settings.stagger });
            let ready = since.is_some_and(|since| now >= since.saturating_add(wait));
            let agreeing =
                |(seat, voice): (u8, &Voice)| Agreeing { seat, salt: voice.salt, signature: voice.signature };
            return (ready && now <= self.committee.reveal_until).then(|| Action::Agree {
                id,
                outputs: outputs.to_vec(),
                commits: commits.to_vec(),
                voices: voices.into_iter().map(agreeing).collect(),
            });
        }
        let outputs = decided?.to_vec();
        Some(match self.agreement.next(&id, &self.committee, self.seat, now)? {
            Step::Promise => Action::Promise { id, outputs },
            Step::List { round, promises } => {
                let leads = leader(&id, round, self.committee.members.len()) == Some(self.seat);
                Action::List { id, round, promises, leads }
            }
            Step::Speak(certificate) => Action::Speak { id, outputs, certificate },
        })
    }

    /// What there is to do on the chain, where nobody is needed for it.
    fn alone(
        &self,
        id: B256,
        decided: Option<&[i64]>,
        margin: u64,
        agrees: bool,
        turn: u64,
        now: u64,
    ) -> Option<Action> {
        let Committee { commit_until, reveal_until, .. } = self.committee;
        let seat = self.seat;
        if now <= commit_until && !self.committed {
            return match decided {
                // The others are given half of the time.
                Some(_) if agrees && now < self.committee.half() => None,
                Some(outputs) => Some(Action::Commit { id, seat, outputs: outputs.to_vec() }),
                None if now.saturating_add(margin) >= commit_until => Some(Action::GiveUp { id }),
                None => Some(Action::Compute { id }),
            };
        }
        if now <= commit_until {
            return None;
        }
        if now <= reveal_until && self.committed && !self.heard.contains_key(&self.operator) {
            // Nothing is committed that was not decided, by this journal or by a lost one: then it is computed again.
            return Some(match decided {
                Some(outputs) => Action::Reveal { id, seat, outputs: outputs.to_vec() },
                None => Action::Compute { id },
            });
        }
        let all = self.committee.members.iter().all(|member| self.heard.contains_key(member));
        // With everybody heard nobody has to wait, and there is no hurry either.
        let from = if all { commit_until } else { reveal_until };
        let closes = now > from.saturating_add(turn);
        closes.then(|| Action::Close { id, heard: by_seat(&self.committee, &self.heard) })
    }
}
