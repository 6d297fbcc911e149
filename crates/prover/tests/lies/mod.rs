//! A prover that lies: false witnesses, and false words at each place where a prover has a choice.

#![allow(dead_code, reason = "each test file uses some of these")]

pub mod bench;
pub mod witness;

use alloy_primitives::{B256, U256};
use ark_ff::{AdditiveGroup, Field};
use averment_prover::{LookupError, SlotCells, reference::Conduct};
use averment_verifier::{
    claims::Operands,
    field::{self, Fr},
    statement::SUITE,
    transcript::{Oracle, Transcript},
};

/// How a prover helps a false witness through. Each way satisfies all but one of the verifier's equations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Manner {
    /// By the protocol: whatever is false stays where it is.
    #[default]
    Plain,
    /// h takes up what the sums of fractions differ by.
    BalanceHelper,
    /// g does.
    BalanceFractions,
    /// s is what the sumcheck adds up to instead of what the relations ask for.
    Total,
    /// An operand closes the main sumcheck.
    Operands,
    /// That, and v closes the batch evaluation.
    Value,
}

/// All manners.
pub const MANNERS: [Manner; 6] = [
    Manner::Plain,
    Manner::BalanceHelper,
    Manner::BalanceFractions,
    Manner::Total,
    Manner::Operands,
    Manner::Value,
];

/// The place of a word among all that a transcript is told, and what it hears instead.
pub type Heard = (usize, fn(B256) -> B256);

/// The prover.
#[derive(Default)]
pub struct Liar {
    pub manner: Manner,
    /// What is looked up.
    pub slots: Option<Vec<SlotCells>>,
    /// Multiplicities that are changed.
    pub counts: Vec<(usize, i64)>,
    /// A word that the transcript hears as another.
    pub heard: Option<Heard>,
    /// A word before which the transcript hears a point more, the identity.
    pub overheard: Option<usize>,
    pub any_mode: bool,
}

impl Conduct for Liar {
    type Oracle = Hearing;

    fn oracle(&mut self) -> Hearing {
        Hearing { transcript: Transcript::new(SUITE), words: 0, heard: self.heard, overheard: self.overheard }
    }

    fn any_mode(&self) -> bool {
        self.any_mode
    }

    fn lookups(&mut self, slots: &mut [SlotCells]) {
        if let Some(own) = self.slots.take() {
            slots.clone_from_slice(&own);
        }
    }

    fn miss(&mut self, _: LookupError) -> Result<(), LookupError> {
        Ok(())
    }

    fn multiplicities(&mut self, counts: &mut [Fr]) {
        for (row, add) in &self.counts {
            counts[*row] += Fr::from(*add);
        }
    }

    fn fractions(&mut self, helper: &mut [Fr], fractions: &mut [Fr]) {
        let missing = helper.iter().sum::<Fr>() - fractions.iter().sum::<Fr>();
        match self.manner {
            Manner::BalanceHelper => helper[0] -= missing,
            Manner::BalanceFractions => fractions[0] += missing,
            _ => {}
        }
    }

    fn total(&mut self, total: &mut Fr, sum: &dyn Fn() -> Fr) {
        if self.manner == Manner::Total {
            *total = sum();
        }
    }

    fn operands(&mut self, operands: &mut Operands, rest: &dyn Fn(&Operands) -> Fr) {
        if matches!(self.manner, Manner::Operands | Manner::Value) {
            // What is left over is affine in h.
            let mut at = |helper: Fr| {
                operands.helper = helper;
                rest(operands)
            };
            let (zero, one) = (at(Fr::ZERO), at(Fr::ONE));
            operands.helper = zero * (zero - one).inverse().unwrap();
        }
    }

    fn value(&mut self, value: &mut Fr, end: &dyn Fn() -> (Fr, Fr)) {
        if self.manner == Manner::Value {
            let (left, weight) = end();
            *value = left * weight.inverse().unwrap();
        }
    }
}

/// A transcript that hears another word than was said, or more.
pub struct Hearing {
    transcript: Transcript,
    words: usize,
    heard: Option<Heard>,
    overheard: Option<usize>,
}

impl Oracle for Hearing {
    fn word(&mut self, word: &B256) {
        if self.overheard == Some(self.words) {
            [B256::ZERO; 2].iter().for_each(|word| self.transcript.word(word));
        }
        let heard = self.heard.filter(|(place, _)| *place == self.words);
        self.transcript.word(&heard.map_or(*word, |(_, change)| change(*word)));
        self.words += 1;
    }

    fn draw(&mut self) -> Fr {
        self.transcript.draw()
    }
}

/// The word plus the order of the scalar field: the same residue, not canonical.
pub fn plus_order(word: B256) -> B256 {
    let order = U256::from_be_bytes(field::to_word(&-Fr::ONE).0) + U256::from(1);
    B256::from(U256::from_be_bytes(word.0) + order)
}
