//! The address space as the kernels want it: integers where cells are integers, field elements in a few blocks.

use ark_ff::{AdditiveGroup, Field, PrimeField};
use averment_kernels::{Backend, Bases, FieldVec, Product};
use averment_verifier::{
    field::{self, Fr},
    functional::{BoundAxis, BoundTerm, Functional},
};

/// The address space, filled step by step.
pub struct Space {
    backend: Backend,
    /// Cells that are integers; 0 elsewhere.
    pub integers: Vec<i32>,
    /// Blocks of field elements: masks, h, g.
    blocks: Vec<(usize, FieldVec)>,
}

impl Space {
    pub fn new(backend: Backend, bits: usize) -> Self {
        Self { backend, integers: vec![0; 1 << bits], blocks: Vec::new() }
    }

    /// Fills in integer cells.
    pub fn write(&mut self, base: u64, cells: impl IntoIterator<Item = i32>) {
        let own = &mut self.integers[base as usize..];
        own.iter_mut().zip(cells).for_each(|(own, cell)| *own = cell);
    }

    /// Adds a block of field elements.
    pub fn block(&mut self, base: u64, values: FieldVec) {
        self.blocks.push((base as usize, values));
    }

    /// The block of field elements at `base`.
    pub fn values(&self, base: u64) -> Option<&FieldVec> {
        self.blocks.iter().find(|(own, _)| *own == base as usize).map(|(_, values)| values)
    }

    /// A cell among the field elements.
    pub fn cell(&self, address: u64) -> Fr {
        let address = address as usize;
        let block =
            self.blocks.iter().find(|(base, values)| (*base..*base + values.len()).contains(&address));
        block.map_or(Fr::ZERO, |(base, values)| values.get(address - base))
    }

    /// Everything times `weights`, to be summed up.
    pub fn times(&self, weights: FieldVec) -> Product {
        Product::with_integers(self.integers.clone(), self.blocks.clone(), weights)
    }

    /// Commits to a chunk of `size` cells, blinded.
    pub fn commit(&self, bases: &Bases, chunk: u32, size: usize, blind: Fr) -> ark_bn254::G1Projective {
        let first = chunk as usize * size;
        let mut point = bases.msm_i32(&self.integers[first..first + size]);
        for (base, values) in &self.blocks {
            let (from, to) = ((*base).max(first), (base + values.len()).min(first + size));
            if from < to {
                let own = values.to_vec();
                point += bases.msm_at(from - first, &own[from - base..to - base]);
            }
        }
        if blind != Fr::ZERO {
            point += bases.msm_at(size, &[blind]);
        }
        point
    }

    /// A functional's value.
    pub fn apply(&self, functional: &Functional) -> Fr {
        functional.0.iter().map(|term| self.term(term)).sum()
    }

    fn term(&self, term: &BoundTerm) -> Fr {
        let base = term.base as usize;
        if term.axes.is_empty() {
            return term.coefficient * (self.cell(term.base) + integer(self.integers[base]));
        }
        let weights = weights(self.backend, &term.axes);
        let mut value = weights.dot_i32(&self.integers[base..base + weights.len()]);
        if let Some(own) = self.values(term.base) {
            value += weights.dot(own);
        }
        term.coefficient * value
    }

    /// `Σ θ^j φ_j` over the address space.
    pub fn spread(&self, functionals: &[Functional], theta: Fr) -> FieldVec {
        let mut sum = FieldVec::zeros(self.backend, self.integers.len());
        for (functional, factor) in functionals.iter().zip(field::powers(theta)) {
            for term in &functional.0 {
                sum.add_scaled_at(
                    term.base as usize,
                    factor * term.coefficient,
                    &weights(self.backend, &term.axes),
                );
            }
        }
        sum
    }

    /// `Σ eq(high, chunk) · chunk`.
    pub fn combine(&self, high: &[Fr], chunk_bits: u8) -> FieldVec {
        let size = 1_usize << chunk_bits;
        let chunks = FieldVec::eq_table(self.backend, high);
        let mut sum = FieldVec::combine_rows(&chunks, &self.integers, size);
        for (base, values) in &self.blocks {
            let own = values.to_vec();
            let mut from = *base;
            while from < base + own.len() {
                let to = ((from / size + 1) * size).min(base + own.len());
                let part = FieldVec::new(self.backend, &own[from - base..to - base]);
                sum.add_scaled_at(from % size, chunks.get(from / size), &part);
                from = to;
            }
        }
        sum
    }
}

/// The weights of a term's cells.
fn weights(backend: Backend, axes: &[BoundAxis]) -> FieldVec {
    let vector = |axis: &BoundAxis| match axis {
        BoundAxis::Eq(point) => FieldVec::eq_table(backend, point),
        other => FieldVec::new(backend, &other.values()),
    };
    // Neighbouring points are one.
    let mut merged: Vec<BoundAxis> = Vec::new();
    for axis in axes.iter().filter(|axis| axis.bits() > 0 || matches!(axis, BoundAxis::Values(_))) {
        match (merged.last_mut(), axis) {
            (Some(BoundAxis::Eq(point)), BoundAxis::Eq(more)) => point.extend(more),
            _ => merged.push(axis.clone()),
        }
    }
    let mut axes = merged.iter().map(vector);
    let first = axes.next().unwrap_or_else(|| FieldVec::new(backend, &[Fr::ONE]));
    axes.fold(first, |low, high| FieldVec::kron(&low, &high))
}

/// An integer in the field.
pub fn integer(value: i32) -> Fr {
    Fr::from(i64::from(value))
}

/// The small integer that a cell is; none if it is none.
pub fn small(value: &Fr) -> Option<i32> {
    let narrow = |value: &Fr| {
        let [low, rest @ ..] = value.into_bigint().0;
        (rest == [0; 3]).then_some(low).and_then(|low| i32::try_from(low).ok())
    };
    narrow(value).or_else(|| narrow(&-*value).map(|value| -value))
}
