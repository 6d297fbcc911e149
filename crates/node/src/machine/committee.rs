//! A seat of a committee: commit, then reveal, then somebody closes.

use super::{Action, Committee};
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
    heard: BTreeMap<u32, Vec<i64>>,
}

impl Seat {
    /// The seat of `operator`, if it has one.
    pub(super) fn of(operator: u32, committee: Committee) -> Option<Self> {
        let seat = committee.members.iter().position(|member| *member == operator)?;
        let seat = u8::try_from(seat).ok()?;
        Some(Self { committee, operator, seat, committed: false, missed: false, heard: BTreeMap::new() })
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
        margin: u64,
        turn: u64,
        now: u64,
    ) -> Option<Action> {
        let Committee { commit_until, reveal_until, .. } = self.committee;
        let seat = self.seat;
        if now <= commit_until && !self.committed {
            return Some(match decided {
                Some(outputs) => Action::Commit { id, seat, outputs: outputs.to_vec() },
                None if now.saturating_add(margin) >= commit_until => Action::GiveUp { id },
                None => Action::Compute { id },
            });
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
        let heard =
            self.committee.members.iter().map(|member| self.heard.get(member).cloned().unwrap_or_default());
        (now > from.saturating_add(turn)).then(|| Action::Close { id, heard: heard.collect() })
    }
}
