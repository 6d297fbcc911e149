//! The descriptors of a task's proofs, as they follow from its plan and its terms: who creates a task registers them, who joins
//! computes them again and compares.

use super::Terms;
use averment_primitives::B256;
use averment_verifier::{
    descriptor::DeriveError,
    federated::{RoundDescriptor, TaskShape, UpdateDescriptor},
    statement::Mode,
};

/// The number that terms have for FLTrust (`contracts/src/interfaces/IRobustWeights.sol`).
const FL_TRUST: u8 = 5;
/// D: what weights add up to, but FLTrust's, which are at most 2^20 together ([F2.1], [F2.6]).
const ONE: u32 = 1 << 16;

/// The descriptors of a task's proofs ([F3.1], [F3.2]). Both hide what they are about.
#[derive(Debug, Clone)]
pub struct TaskKinds {
    /// Of updates' proofs.
    pub update: UpdateDescriptor,
    /// Of rounds'.
    pub round: RoundDescriptor,
}

impl TaskKinds {
    /// Those of a task whose vectors have this shape. Of the terms count who takes part in a round, how many rounds there are, whether
    /// there is a root update, and whether cumulative updates are compared.
    pub fn new(shape: &TaskShape, terms: &Terms) -> Result<Self, DeriveError> {
        let mode = Mode::ZeroKnowledge;
        let rows = u32::from(terms.size.perRound) + 1 + u32::from(has_root(terms));
        // At least two rows, a power of two.
        let half_bits = (rows.max(2).next_power_of_two().trailing_zeros()).try_into().unwrap_or(u8::MAX);
        let halves = if terms.rule.history { 2 } else { 1 };
        let update = UpdateDescriptor::new(shape, mode)?;
        let round = RoundDescriptor::new(shape, mode, half_bits, halves, terms.size.rounds.into())?;
        Ok(Self { update, round })
    }

    /// What terms name the updates' descriptor by, which has no tables.
    pub fn update_digest(&self) -> B256 {
        self.update.descriptor.digest(&[])
    }

    /// What terms name the rounds' by.
    pub fn round_digest(&self) -> B256 {
        self.round.descriptor.digest(&[])
    }
}

/// Whether somebody gives a root update: only FLTrust takes one.
fn has_root(terms: &Terms) -> bool {
    terms.rule.kind == FL_TRUST
}

/// The most that a round's weights add up to, in parts of D = 2^16, for the room that cells need ([F2.3]).
pub fn most_weight(terms: &Terms) -> u32 {
    if has_root(terms) { ONE << 4 } else { ONE }
}
