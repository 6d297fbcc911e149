//! A prover that lies: false witnesses, and false words at each place where a prover has a choice.

#![allow(dead_code, reason = "each test file uses some of these")]

pub mod bench;
pub mod witness;

use crate::cases::*;
use alloy_primitives::{B256, U256};
use ark_ff::{AdditiveGroup, Field};
use averment_plan::*;
use averment_prover::{LookupError, SlotCells, reference::Conduct};
use averment_verifier::{
    claims::Operands,
    descriptor::SLOTS,
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
    pub slots: Option<[SlotCells; SLOTS]>,
    /// Multiplicities that are changed.
    pub counts: Vec<(usize, i64)>,
    /// A word that the transcript hears as another.
    pub heard: Option<Heard>,
    pub any_mode: bool,
}

impl Conduct for Liar {
    type Oracle = Hearing;

    fn oracle(&mut self) -> Hearing {
        Hearing { transcript: Transcript::new(SUITE), words: 0, heard: self.heard }
    }

    fn any_mode(&self) -> bool {
        self.any_mode
    }

    fn lookups(&mut self, slots: &mut [SlotCells; SLOTS]) {
        if let Some(own) = self.slots.take() {
            *slots = own;
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

/// A transcript that hears another word than was said.
pub struct Hearing {
    transcript: Transcript,
    words: usize,
    heard: Option<Heard>,
}

impl Oracle for Hearing {
    fn word(&mut self, word: &B256) {
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

fn model(draft: Draft, weights: Vec<Vec<i32>>) -> Model {
    let plan = Plan::new(draft).unwrap();
    let weights = Weights::new(&plan, weights).unwrap();
    Model::new(plan, weights).unwrap()
}

/// Two dense layers, outputs public.
pub fn dense_model() -> Model {
    let (mut draft, weights) = perceptron();
    draft.output = values(2);
    model(draft, weights)
}

/// Axes of every kind: convolution with stride and padding, maximum, sum.
pub fn windows() -> Model {
    let along = |axis: u8, output: u32, tap: u32, pad: i32, limit: u32| Read {
        output: Some(Along { axis, step: output }),
        tap: Some(Along { axis, step: tap }),
        pad,
        limit,
    };
    let conv = Product {
        sums: vec![2, 3, 2],
        form: vec![term(1, 0, vec![Read::summed(0, 2), along(1, 1, 1, 1, 4), along(2, 2, 1, 1, 4)])],
        weight: WeightId(0),
        weight_axes: vec![0],
    };
    let strided = |offset: i32| {
        let row = Read { output: Some(Along { axis: 1, step: 2 }), tap: None, pad: -offset, limit: 4 };
        vec![term(1, 1, vec![Read::along(0, 3), row, Read::along(2, 2)])]
    };
    let linear = vec![
        Linear {
            sums: vec![2, 2],
            form: vec![term(3, 2, vec![Read::along(0, 3), Read::summed(0, 2), Read::summed(1, 2)])],
        },
        Linear::of(vec![term(
            -1,
            1,
            vec![
                Read::along(0, 3),
                Read { output: None, tap: None, pad: -1, limit: 4 },
                Read { output: None, tap: None, pad: 0, limit: 2 },
            ],
        )]),
    ];
    let bias = Some(Bias { weight: WeightId(1), axes: vec![0], coefficient: 2 });
    let draft = Draft {
        inputs: vec![input(&[2, 4, 4], 0, 3)],
        weights: vec![weight(&[3, 2, 3, 2], 3), weight(&[3], 4)],
        tables: vec![clamp(8, 0, 63), clamp(9, -256, 255)],
        steps: vec![
            step(&[3, 4, 2], Operator::Affine { products: vec![conv], linear: vec![], bias }, 2, 0),
            step(&[3, 2, 2], Operator::Maximum { first: strided(0), second: strided(1) }, 0, 0),
            step(&[3], Operator::Affine { products: vec![], linear, bias: None }, 4, 1),
        ],
        output: values(3),
    };
    let weights = fill(&draft, &mut Numbers(11));
    model(draft, weights)
}
