//! Where a prover can say something else than the protocol has it say.
//!
//! The verifier's tests run the real prover, with a fresh transcript, on false witnesses and with lies at any of these
//! places. A changed proof would tell them less: its challenges are no longer those of what was said.

use crate::{LookupError, SlotCells};
use averment_verifier::{
    claims::Operands,
    field::Fr,
    statement::SUITE,
    transcript::{Oracle, Transcript},
};

/// A prover's conduct. What is not said otherwise is honest.
pub trait Conduct {
    /// What gives it challenges.
    type Oracle: Oracle;

    /// At the start of a proof.
    fn oracle(&mut self) -> Self::Oracle;

    /// Whether it proves in a mode that the descriptor is not laid out for.
    fn any_mode(&self) -> bool {
        false
    }

    /// What is looked up.
    fn lookups(&mut self, _slots: &mut [SlotCells]) {}

    /// A lookup that no table has: the end, or passed over.
    fn miss(&mut self, miss: LookupError) -> Result<(), LookupError> {
        Err(miss)
    }

    /// How often each row of the tables is looked up.
    fn multiplicities(&mut self, _counts: &mut [Fr]) {}

    /// h and g, when β and γ are known.
    fn fractions(&mut self, _helper: &mut [Fr], _fractions: &mut [Fr]) {}

    /// s; `sum` is what the main sumcheck's summands add up to.
    fn total(&mut self, _total: &mut Fr, _sum: &dyn Fn() -> Fr) {}

    /// The operands; `rest` is what they leave over of the main sumcheck's claim.
    fn operands(&mut self, _operands: &mut Operands, _rest: &dyn Fn(&Operands) -> Fr) {}

    /// v; `end` is what the batch evaluation leaves over, and what it divides by: `W(u)`.
    fn value(&mut self, _value: &mut Fr, _end: &dyn Fn() -> (Fr, Fr)) {}
}

/// No lies.
#[derive(Debug, Clone, Copy, Default)]
pub struct Honest;

impl Conduct for Honest {
    type Oracle = Transcript;

    fn oracle(&mut self) -> Transcript {
        Transcript::new(SUITE)
    }
}
