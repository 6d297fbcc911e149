//! Somebody's bonded answer: computed again, and challenged if it is wrong.

use super::{Action, Settings};
use alloy_primitives::{Address, B256};

/// An answer that stands on a bond.
#[derive(Debug, Clone)]
pub(super) struct Watched {
    answerer: Address,
    /// The last second at which it may be challenged.
    until: u64,
    outputs: Vec<i64>,
    /// Who challenged it, and until when it may be proved.
    challenge: Option<(Address, u64)>,
}

impl Watched {
    pub(super) fn new(answerer: Address, until: u64, outputs: Vec<i64>) -> Self {
        Self { answerer, until, outputs, challenge: None }
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
        let (answerer, outputs) = (self.answerer, self.outputs.clone());
        if let Some((challenger, until)) = self.challenge {
            let ours = challenger == settings.account && now > until;
            return ours.then_some(Action::Forfeit { id, answerer, outputs });
        }
        if !settings.challenges || answerer == settings.account || now > self.until {
            return None;
        }
        match decided {
            None => Some(Action::Compute { id }),
            // Who cannot tell does not accuse.
            Some([]) => None,
            Some(own) => (own != self.outputs).then_some(Action::Challenge { id, answerer, outputs }),
        }
    }
}
