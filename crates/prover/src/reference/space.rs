//! The address space ([3]), filled step by step.

use super::operand;
use crate::{Assignment, Commitment, Random, Setup};
use ark_ff::AdditiveGroup;
use averment_verifier::{
    descriptor::{Descriptor, Term},
    field::{self, Fr},
    functional::{BoundTerm, Functional},
};

/// All cells.
pub struct Space<'a> {
    descriptor: &'a Descriptor,
    /// By address.
    pub values: Vec<Fr>,
}

impl<'a> Space<'a> {
    /// With what was committed before the proof.
    pub fn new(descriptor: &'a Descriptor, assignment: &Assignment<'_>) -> Self {
        let layout = &descriptor.layout;
        let mut space = Self { descriptor, values: vec![Fr::ZERO; 1 << layout.address_bits()] };
        let registered = assignment.weights.iter().chain(assignment.tables).chain(assignment.inputs);
        for (chunk, commitment) in layout.chunks().zip(registered) {
            space.cells(u64::from(chunk) << layout.chunk_bits, commitment.cells.iter().copied());
        }
        space
    }

    pub fn cells(&mut self, base: u64, cells: impl IntoIterator<Item = Fr>) {
        let own = &mut self.values[base as usize..];
        own.iter_mut().zip(cells).for_each(|(own, cell)| *own = cell);
    }

    pub fn integers(&mut self, base: u64, cells: &[i64]) {
        self.cells(base, cells.iter().map(|cell| Fr::from(*cell)));
    }

    pub fn cell(&self, address: u64) -> Fr {
        self.values[address as usize]
    }

    /// Commits to chunks.
    pub fn commit(
        &self,
        setup: &Setup,
        chunks: std::ops::Range<u32>,
        masked: bool,
        random: Random<'_>,
    ) -> Vec<Commitment> {
        let size = 1_usize << self.descriptor.layout.chunk_bits;
        chunks
            .map(|chunk| {
                let cells = self.values[chunk as usize * size..][..size].to_vec();
                setup.chunk(cells, if masked { random() } else { Fr::ZERO })
            })
            .collect()
    }

    /// A functional's value.
    pub fn apply(&self, functional: &Functional) -> Fr {
        let term = |term: &BoundTerm| {
            let weights = block(term);
            let cells = &self.values[term.base as usize..];
            weights.iter().zip(cells).map(|(weight, cell)| *weight * cell).sum::<Fr>()
        };
        functional.0.iter().map(term).sum()
    }

    /// `Σ θ^j φ_j` as a vector over the address space.
    pub fn spread(&self, functionals: &[Functional], theta: Fr) -> Vec<Fr> {
        let mut weights = vec![Fr::ZERO; self.values.len()];
        for (functional, factor) in functionals.iter().zip(field::powers(theta)) {
            for term in &functional.0 {
                let own = &mut weights[term.base as usize..];
                own.iter_mut().zip(block(term)).for_each(|(own, weight)| *own += factor * weight);
            }
        }
        weights
    }

    /// An operand as a vector over the sum's variables: its functional at each corner.
    pub fn operand(&self, terms: &[Term], vars: u8, r: &[Fr]) -> Vec<Fr> {
        let mut sums = vec![Fr::ZERO; 1 << vars];
        for term in terms {
            let part = operand::vector(term, &self.values[term.base as usize..], vars, r);
            sums.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        }
        sums
    }
}

/// The weights of a term's cells, in their order.
fn block(term: &BoundTerm) -> Vec<Fr> {
    let mut weights = vec![term.coefficient];
    for axis in &term.axes {
        let values = axis.values();
        weights = values.iter().flat_map(|value| weights.iter().map(move |weight| *weight * value)).collect();
    }
    weights
}
