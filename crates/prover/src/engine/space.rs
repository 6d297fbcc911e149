//! The address space as the kernels want it: integers where cells are integers, field elements in a few blocks.

use super::{
    items::{self, Columns, Items, Summed},
    rows::{self, RowWeights, Rows},
};
use ark_ff::{AdditiveGroup, Field, PrimeField};
use averment_kernels::{Backend, Bases, FieldVec};
use averment_verifier::{
    descriptor::{Axis, Layout, Term},
    field::{self, Fr},
    functional::{self, BoundAxis, BoundTerm, Functional},
};
use std::num::NonZeroUsize;

/// The address space, filled step by step.
pub struct Space {
    backend: Backend,
    address_bits: usize,
    /// Cells that are integers, by address; 0 elsewhere. Without the items' or the rows', if there are any.
    integers: Vec<i32>,
    /// Blocks of field elements: masks, h, g.
    blocks: Vec<(usize, FieldVec)>,
    items: Option<Items>,
    rows: Option<Rows>,
}

/// What cells are multiplied by before they are summed up.
pub struct Weights {
    pub lower: FieldVec,
    pub items: Option<FieldVec>,
    pub rows: Vec<RowWeights>,
}

impl Space {
    pub fn new(backend: Backend, layout: &Layout) -> Self {
        let (address_bits, items, rows) = (layout.address_bits(), Items::of(layout), Rows::of(layout));
        let bits = Self::bits(layout, items.is_some() || rows.is_some());
        Self { backend, address_bits, integers: vec![0; 1 << bits], blocks: Vec::new(), items, rows }
    }

    /// Bits of the addresses whose cells are written out one by one: not those of inputs that lie apart, above the others.
    pub fn bits(layout: &Layout, apart: bool) -> u8 {
        let all = || layout.chunk_bits.saturating_add(layout.count_bits);
        if apart { items::lower_bits(layout) } else { all() }
    }

    /// The rows, if a cell is theirs.
    fn rows_at(&self, base: u64) -> Option<&Rows> {
        self.rows.as_ref().filter(|rows| rows.have(base))
    }

    /// The items, if a cell is theirs.
    fn items_at(&self, base: u64) -> Option<&Items> {
        self.items.as_ref().filter(|items| base >= items.first)
    }

    /// Fills in integer cells.
    pub fn write(&mut self, base: u64, cells: impl IntoIterator<Item = i32>) {
        if let Some(items) = self.items.as_mut().filter(|items| base >= items.first) {
            return items.write(base, cells);
        }
        if let Some(rows) = self.rows.as_mut().filter(|rows| rows.have(base)) {
            return rows.write(base, cells);
        }
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

    /// Everything times `weights`, to be summed up on so many threads.
    pub fn times(&self, weights: Weights, threads: NonZeroUsize) -> Box<dyn Summed + '_> {
        let Weights { lower, items, rows } = weights;
        let lower = Columns { integers: self.integers.clone(), blocks: self.blocks.clone(), weights: lower };
        match (self.items.as_ref().zip(items), &self.rows) {
            (Some((items, weights)), _) => {
                Box::new(items::Rounds::with_items(lower, items, &weights, self.address_bits))
            }
            (None, Some(own)) => Box::new(rows::Rounds::new(own, lower, rows, self.address_bits, threads)),
            (None, None) => Box::new(items::Rounds::plain(lower)),
        }
    }

    /// A product's term over the sum's variables, if it is of rows.
    pub fn of_rows(&self, term: &Term, vars: u8, r: &[Fr]) -> Option<FieldVec> {
        Some(self.rows_at(term.base)?.operand(self.backend, term, vars, r))
    }

    /// The integers that a product's term reads, and along which axes.
    pub fn read(&self, term: &Term) -> (&[i32], Vec<Axis>) {
        let size = |axes: &[Axis]| 1_usize << axes.iter().map(Axis::bits).sum::<u8>();
        let mut axes = term.axes.clone();
        let Some(items) = self.items_at(term.base) else {
            return (&self.integers[term.base as usize..][..size(&axes)], axes);
        };
        let gap = ending(&axes, items, |axis| axis.bits().into()).and_then(|gap| axes.get_mut(gap));
        if let (cut @ 1.., Some(Axis::Fixed { bits, .. })) = (items.cut(), gap) {
            *bits -= cut;
        }
        (&items.integers, axes)
    }

    /// Commits to a chunk of `size` cells, blinded.
    pub fn commit(&self, bases: &Bases, chunk: u32, size: usize, blind: Fr) -> ark_bn254::G1Projective {
        let first = chunk as usize * size;
        let mut point = bases.msm_i32(&self.integers[first..first + size]);
        for (base, values) in &self.blocks {
            let (from, to) = ((*base).max(first), (base + values.len()).min(first + size));
            if from < to {
                let own = values.part(from - base, to - from).to_vec();
                point += bases.msm_at(from - first, &own);
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
        if let Some(items) = self.items_at(term.base) {
            return term.coefficient * self.item_weights(items, term).dot_i32(&items.integers);
        }
        let weights = weights(self.backend, &term.axes);
        let mut value = weights.dot_i32(&self.integers[base..base + weights.len()]);
        if let Some(own) = self.values(term.base) {
            value += weights.dot(own);
        }
        term.coefficient * value
    }

    /// `Σ θ^j φ_j` over the address space.
    pub fn spread(&self, functionals: &[Functional], theta: Fr) -> Weights {
        let mut sum = items::weights(self.backend, self.integers.len(), self.items.as_ref());
        for (functional, factor) in functionals.iter().zip(field::powers(theta)) {
            for term in &functional.0 {
                let factor = factor * term.coefficient;
                if let Some(rows) = self.rows_at(term.base) {
                    rows.spread(self.backend, &mut sum.rows, factor, term);
                    continue;
                }
                match self.items_at(term.base).zip(sum.items.as_mut()) {
                    Some((items, sum)) => sum.add_scaled(factor, &self.item_weights(items, term)),
                    None => {
                        let own = weights(self.backend, &term.axes);
                        sum.lower.add_scaled_at(term.base as usize, factor, &own);
                    }
                }
            }
        }
        sum
    }

    /// The weights of a term of the items, without what lies between them.
    fn item_weights(&self, items: &Items, term: &BoundTerm) -> FieldVec {
        let mut axes = term.axes.clone();
        let gap = ending(&axes, items, BoundAxis::bits).and_then(|gap| axes.get_mut(gap));
        if let (cut @ 1.., Some(BoundAxis::Place { bits, .. })) = (items.cut(), gap) {
            *bits -= cut;
        }
        weights(self.backend, &axes)
    }

    /// `Σ eq(high, chunk) · chunk`.
    pub fn combine(&self, high: &[Fr], chunk_bits: u8) -> FieldVec {
        let size = 1_usize << chunk_bits;
        let chunks = FieldVec::eq_table(self.backend, high);
        let lower = self.integers.len() / size;
        let mut sum = FieldVec::combine_rows(&chunks.part(0, lower), &self.integers, size);
        if let Some(items) = &self.items {
            let first = (items.first >> chunk_bits) as usize;
            let own = chunks.part(first, items.count());
            let used = 1 << items.used_bits;
            sum.add_scaled_at(0, Fr::ONE, &FieldVec::combine_rows(&own, &items.integers, used));
        }
        if let Some(rows) = &self.rows {
            sum.add_scaled_at(0, Fr::ONE, &rows.combine(&chunks));
        }
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

/// The axis that ends where an item does: the one that says where in the items' chunks a block lies.
fn ending<T>(axes: &[T], items: &Items, bits: impl Fn(&T) -> usize) -> Option<usize> {
    let mut end = 0;
    axes.iter().position(|axis| {
        end += bits(axis);
        bits(axis) > 0 && end == usize::from(items.stride_bits)
    })
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
        let axis = match axis {
            BoundAxis::Place { place, bits } => BoundAxis::Eq(functional::corner(*place, *bits)),
            other => other.clone(),
        };
        match (merged.last_mut(), axis) {
            (Some(BoundAxis::Eq(point)), BoundAxis::Eq(more)) => point.extend(more),
            (_, axis) => merged.push(axis),
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
