//! What this operator earns by itself: bonded answers that it proves when they are challenged, and proofs that are asked for.

use super::{Action, Asked, Mode, Settings};
use alloy_primitives::{Address, B256};

/// What an operator does beside its seats, and within which limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Earning {
    /// In the token's smallest units: what its bonded answers may have at stake together. Zero: it gives none.
    pub most_bond: u128,
    /// In the token's smallest units: for less it neither answers nor proves.
    pub least_fee: u128,
    /// Whether it proves what is asked for by proof, or is open for one.
    pub proves: bool,
}

impl Earning {
    /// Whether a request is worth a bonded answer, whatever else is at stake.
    pub(super) fn answers(&self, asked: &Asked) -> bool {
        asked.mode == Mode::Optimistic && asked.bond <= self.most_bond && self.pays(asked)
    }

    pub(super) fn pays(&self, asked: &Asked) -> bool {
        asked.fee >= self.least_fee
    }
}

/// An answer of this operator that stands on its bond.
#[derive(Debug, Clone)]
pub(super) struct Own {
    /// The last second at which it may be challenged.
    until: u64,
    outputs: Vec<i64>,
    /// Who challenged it, and until when it may be proved.
    challenge: Option<(Address, u64)>,
}

impl Own {
    pub(super) fn new(until: u64, outputs: Vec<i64>) -> Self {
        Self { until, outputs, challenge: None }
    }

    pub(super) fn challenged(&mut self, challenger: Address, until: u64) {
        self.challenge = Some((challenger, until));
    }

    pub(super) fn wanted(
        &self,
        id: B256,
        decided: Option<&[i64]>,
        settings: &Settings,
        now: u64,
    ) -> Option<Action> {
        let (answerer, outputs) = (settings.account, self.outputs.clone());
        let Some((challenger, until)) = self.challenge else {
            return (now > self.until).then_some(Action::Finalise { id, outputs });
        };
        if now > until {
            return None;
        }
        Some(match decided {
            // The journal was lost: the proof needs the run again.
            None => Action::Compute { id },
            // Another answer than this one cannot be proved; that takes a journal of another plan.
            Some(own) => {
                let contested = Some(Contested { answerer, challenger, outputs });
                Action::Prove { id, outputs: own.to_vec(), contested }
            }
        })
    }
}

/// An answer that is there when a proof comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contested {
    /// Whose.
    pub answerer: Address,
    /// Who challenged it; zero if nobody did.
    pub challenger: Address,
    /// What it says.
    pub outputs: Vec<i64>,
}
