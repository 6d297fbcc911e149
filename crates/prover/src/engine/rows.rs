//! The rows of a round ([10.6]): vectors of small integers, each in chunks of its own, above everything else in the address space.
//! Most of their places are missing rows, and what they are multiplied by in the batch evaluation is the product of a vector over
//! chunks and one over a chunk's cells, a few times. So neither is written out.
//!
//! Let the other chunks have numbers of d bits out of c, W be what those are multiplied by, and `E_j(chunk) V_j(cell)` the products.
//! While the upper c - d bits are bound, the sum over everything is one over chunk numbers alone:
//! `Σ_n T(n) Z(n) + Σ_j M_j(n) E_j(n)`, with `T(n) = <chunk n, W's chunk n modulo 2^d>`, Z(n) = 1 where n has d bits, else 0, and
//! `M_j(n) = <chunk n, V_j>`; for binding mixes chunks, and inner products with what stays are linear in them. After these rounds the
//! rows are 2^d sums of chunks, which are added to the others.

use super::items::{Columns, Summed, lower_bits};
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field, Zero};
use averment_kernels::{Backend, FieldVec, Product};
use averment_verifier::{
    descriptor::{Axis, Layout, Term},
    field,
    functional::{self, BoundAxis, BoundTerm},
};
use std::{num::NonZeroUsize, thread};

/// The rows' cells, chunk by chunk.
pub(super) struct Rows {
    /// Number of the role's first chunk.
    first: usize,
    chunk_bits: u8,
    /// None where nothing is committed to, or nothing but zeros.
    chunks: Vec<Option<Vec<i32>>>,
}

/// What rows are multiplied by: `high[chunk] low(cell)`, chunks counted from the role's first.
pub(super) struct RowWeights {
    high: Vec<Fr>,
    low: FieldVec,
}

impl Rows {
    /// Room for a layout's rows; none if it has none, or if they do not lie by themselves.
    pub fn of(layout: &Layout) -> Option<Self> {
        let own_bits = lower_bits(layout).checked_sub(layout.chunk_bits)?;
        let first = layout.inputs.start as usize;
        let apart = layout.sizes.vectors && first >= 1 << own_bits;
        let chunks = || vec![None; layout.inputs.len()];
        apart.then(|| Self { first, chunk_bits: layout.chunk_bits, chunks: chunks() })
    }

    /// Whether a cell is theirs.
    pub fn have(&self, address: u64) -> bool {
        address >> self.chunk_bits >= self.first as u64
    }

    /// Fills in a chunk's cells, from its first on.
    pub fn write(&mut self, base: u64, cells: impl IntoIterator<Item = i32>) {
        let mut cells: Vec<i32> = cells.into_iter().collect();
        if !cells.is_empty() {
            cells.resize(1 << self.chunk_bits, 0);
            self.chunks[(base >> self.chunk_bits) as usize - self.first] = Some(cells);
        }
    }

    /// Chunks that are there, each with its number.
    fn each(&self) -> impl Iterator<Item = (usize, &[i32])> {
        let numbered = (self.first..).zip(&self.chunks);
        numbered.filter_map(|(number, cells)| Some((number, cells.as_deref()?)))
    }

    /// The cells of the block of `2^bits`, at most a chunk's, at `address`.
    fn cells(&self, address: u64, bits: u8) -> Option<&[i32]> {
        let place = (address >> self.chunk_bits) as usize - self.first;
        let offset = address as usize & ((1 << self.chunk_bits) - 1);
        Some(&self.chunks[place].as_deref()?[offset..offset + (1 << bits)])
    }

    /// `Σ weights[chunk] · chunk`.
    pub fn combine(&self, weights: &FieldVec) -> FieldVec {
        let terms: Vec<(Fr, &[i32])> =
            self.each().map(|(number, cells)| (weights.get(number), cells)).collect();
        FieldVec::affine(weights.backend(), 1 << self.chunk_bits, Fr::ZERO, &terms)
    }

    /// An operand over the sum's variables: a span of every row's cells, the rows weighed at r.
    pub fn operand(&self, backend: Backend, term: &Term, vars: u8, r: &[Fr]) -> FieldVec {
        let weights = |axis: &Axis| match *axis {
            Axis::Fixed { value, bits } => field::eq_table(&functional::corner(value.into(), bits)),
            Axis::Point { at, bits } => field::eq_table(&r[at.into()..usize::from(at + bits)]),
            Axis::Mixed { bits } => functional::mixed(r, bits),
            // The sum's.
            _ => vec![Fr::ONE],
        };
        let rows = term.axes.iter().map(weights).fold(vec![Fr::ONE], |low, high| kron(&low, &high));
        let read = term.axes.iter().find_map(|axis| match *axis {
            Axis::Span { first, past, .. } => Some(u64::from(first)..u64::from(past)),
            _ => None,
        });
        let read = read.unwrap_or(0..1 << vars);
        let bits = vars.min(self.chunk_bits);
        let mut sum = FieldVec::zeros(backend, 1 << vars);
        for part in (0..1_u64 << vars).step_by(1 << bits) {
            let (from, to) = (read.start.max(part), read.end.min(part + (1 << bits)));
            if from >= to {
                continue;
            }
            let block = |(row, weight): (u64, &Fr)| {
                let cells = self.cells(term.base + (row << vars) + part, bits)?;
                (!weight.is_zero()).then_some((*weight, &cells[(from - part) as usize..(to - part) as usize]))
            };
            let terms: Vec<(Fr, &[i32])> = (0..).zip(&rows).filter_map(block).collect();
            sum.copy_at(from as usize, &FieldVec::affine(backend, (to - from) as usize, Fr::ZERO, &terms));
        }
        sum
    }

    /// Adds a term to what rows are multiplied by.
    pub fn spread(&self, backend: Backend, sum: &mut Vec<RowWeights>, factor: Fr, term: &BoundTerm) {
        let Some((BoundAxis::Span { point, first, past }, above)) = term.axes.split_first() else {
            // By the rules of a round rows are read by spans alone.
            return;
        };
        let size = 1_usize << self.chunk_bits;
        let rows = above.iter().fold(vec![Fr::ONE], |low, axis| kron(&low, &axis.values()));
        // Cells of the chunk: the point's, and where it has fewer coordinates, the lowest place of what is above.
        let own = point.len().min(self.chunk_bits.into());
        let (low, high) = point.split_at(own);
        let outer = field::eq_table(high);
        let apart = 1_usize << (usize::from(self.chunk_bits) - own);
        let place = ((term.base >> self.chunk_bits) as usize) - self.first;
        let (first, past) = (*first as usize, *past as usize);
        // Chunks that are read whole are alike.
        let mut parts: Vec<((usize, usize), Vec<Fr>)> = Vec::new();
        for (chunk, weight) in outer.iter().enumerate() {
            let start = chunk << own;
            let (from, to) = (first.max(start), past.min(start + (1 << own)));
            if from >= to {
                continue;
            }
            let span = (from - start, to - start);
            let mut table = vec![Fr::ZERO; self.chunks.len()];
            for (row, own) in rows.iter().step_by(apart).enumerate() {
                table[place + row * outer.len() + chunk] = *own * weight;
            }
            match parts.iter_mut().find(|(own, _)| *own == span) {
                Some((_, own)) => own.iter_mut().zip(table).for_each(|(own, more)| *own += more),
                None => parts.push((span, table)),
            }
        }
        for ((from, to), high) in parts {
            let mut own = FieldVec::zeros(backend, size);
            own.copy_at(from, &FieldVec::eq_table(backend, low).part(from, to - from));
            match sum.iter_mut().find(|other| other.high == high) {
                Some(other) => other.low.add_scaled(factor, &own),
                None => {
                    own.scale(factor);
                    sum.push(RowWeights { high, low: own });
                }
            }
        }
    }
}

/// The weights of two axes, the lower one's first.
fn kron(low: &[Fr], high: &[Fr]) -> Vec<Fr> {
    high.iter().flat_map(|high| low.iter().map(move |low| *low * high)).collect()
}

/// The rounds of the batch evaluation over all addresses, rows among them.
pub(super) struct Rounds<'a> {
    upper: Option<Upper<'a>>,
    /// Over what the upper rounds leave.
    product: Option<Product>,
    /// The product of 1 - x over the upper challenges.
    scale: Fr,
}

/// The upper rounds: over chunk numbers.
struct Upper<'a> {
    rows: &'a Rows,
    /// T and Z, then each M_j and E_j.
    products: Vec<Product>,
    challenges: Vec<Fr>,
    left: usize,
    lower: Columns,
    lows: Vec<FieldVec>,
}

impl<'a> Rounds<'a> {
    /// Over `lower` and, above it, rows with their weights; on so many threads.
    pub fn new(
        rows: &'a Rows,
        lower: Columns,
        weights: Vec<RowWeights>,
        address_bits: usize,
        threads: NonZeroUsize,
    ) -> Self {
        let backend = lower.weights.backend();
        let (size, chunk_bits) = (1_usize << rows.chunk_bits, usize::from(rows.chunk_bits));
        let (chunks, own) = (1_usize << (address_bits - chunk_bits), lower.integers.len() / size);
        let with_rows: Vec<(usize, &[i32])> = rows.each().collect();
        // Sums over chunks: what T and M_j are.
        let numbers = |low: Option<&FieldVec>| {
            let mut sums = vec![Fr::ZERO; chunks];
            for chunk in 0..own {
                let part = low.is_none().then(|| lower.weights.part(chunk * size, size));
                let Some(beside) = low.or(part.as_ref()) else { continue };
                sums[chunk] = lower.chunk_dot(chunk, beside);
                for (number, cells) in with_rows.iter().filter(|(number, _)| number % own == chunk) {
                    sums[*number] = beside.dot_i32(cells);
                }
            }
            sums
        };
        let sides: Vec<Option<&FieldVec>> =
            std::iter::once(None).chain(weights.iter().map(|own| Some(&own.low))).collect();
        let each = sides.len().div_ceil(threads.get());
        let sums: Vec<Vec<Fr>> = thread::scope(|scope| {
            let parts: Vec<_> = (sides.chunks(each))
                .map(|part| scope.spawn(|| part.iter().map(|low| numbers(*low)).collect::<Vec<_>>()))
                .collect();
            parts
                .into_iter()
                .flat_map(|part| part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect()
        });
        let zeros = || vec![Fr::ZERO; chunks];
        let mut beside = vec![zeros()];
        beside[0][..own].fill(Fr::ONE);
        beside.extend(weights.iter().map(|weights| {
            let mut own = zeros();
            own[rows.first..rows.first + weights.high.len()].copy_from_slice(&weights.high);
            own
        }));
        let products = sums
            .iter()
            .zip(&beside)
            .map(|(a, b)| Product::new(FieldVec::new(backend, a), FieldVec::new(backend, b), &[]));
        let left = address_bits - chunk_bits - own.trailing_zeros() as usize;
        let products = products.collect();
        let lows = weights.into_iter().map(|own| own.low).collect();
        let upper = Upper { rows, products, challenges: Vec::new(), left, lower, lows };
        Self { upper: Some(upper), product: None, scale: Fr::ONE }
    }
}

impl Upper<'_> {
    /// What is left when the upper variables are bound, divided by `scale`.
    fn finish(self, back: Fr) -> Product {
        let Self { rows, products, mut challenges, mut lower, lows, .. } = self;
        let backend = lower.weights.backend();
        let size = 1_usize << rows.chunk_bits;
        let own = lower.integers.len() / size;
        challenges.reverse();
        let upper = field::eq_table(&challenges);
        let columns: Vec<FieldVec> =
            products.iter().skip(1).map(|product| product.columns()[1].clone()).collect();
        for chunk in 0..own {
            let here = rows.each().filter(|(number, _)| number % own == chunk);
            let terms: Vec<(Fr, &[i32])> =
                here.map(|(number, cells)| (back * upper[number / own], cells)).collect();
            if !terms.is_empty() {
                lower.blocks.push((chunk * size, FieldVec::affine(backend, size, Fr::ZERO, &terms)));
            }
            for (column, low) in columns.iter().zip(&lows) {
                lower.weights.add_scaled_at(chunk * size, back * column.get(chunk), low);
            }
        }
        lower.product()
    }
}

impl Summed for Rounds<'_> {
    fn round(&mut self) -> Vec<Fr> {
        let square = self.scale * self.scale;
        match (&mut self.upper, &mut self.product) {
            (Some(upper), _) => {
                let mut sum = vec![Fr::ZERO; 3];
                for product in &mut upper.products {
                    sum.iter_mut().zip(product.round()).for_each(|(sum, own)| *sum += own);
                }
                sum
            }
            (None, Some(product)) => product.round().into_iter().map(|own| own * square).collect(),
            (None, None) => Vec::new(),
        }
    }

    fn bind(&mut self, x: Fr) -> Option<()> {
        let Some(mut upper) = self.upper.take() else {
            self.product.as_mut()?.bind(x);
            return Some(());
        };
        self.scale *= Fr::ONE - x;
        upper.products.iter_mut().for_each(|product| product.bind(x));
        upper.challenges.push(x);
        upper.left -= 1;
        if upper.left > 0 {
            self.upper = Some(upper);
        } else {
            self.product = Some(upper.finish(self.scale.inverse()?));
        }
        Some(())
    }

    fn value(&self) -> Fr {
        self.product.as_ref().map_or(Fr::ZERO, |product| self.scale * product.operands()[0])
    }
}
