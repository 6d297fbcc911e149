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

/// What rows are multiplied by: `eq(high, chunk) low(cell)`, chunks counted from the role's first.
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

    /// An operand over the sum's variables: a block of every row, the rows weighed by coordinates of r.
    pub fn operand(&self, backend: Backend, term: &Term, vars: u8, r: &[Fr]) -> FieldVec {
        let coordinates = |axis: &Axis| match *axis {
            Axis::Fixed { value, bits } => functional::corner(value.into(), bits),
            Axis::Point { at, bits } => r[at.into()..usize::from(at + bits)].to_vec(),
            // The sum's.
            _ => Vec::new(),
        };
        let rows: Vec<Fr> = term.axes.iter().flat_map(coordinates).collect();
        let rows = field::eq_table(&rows);
        let bits = vars.min(self.chunk_bits);
        let mut sum = FieldVec::zeros(backend, 1 << vars);
        for part in (0..1_u64 << vars).step_by(1 << bits) {
            let block = |(row, weight): (u64, &Fr)| {
                let cells = self.cells(term.base + (row << vars) + part, bits)?;
                (!weight.is_zero()).then_some((*weight, cells))
            };
            let terms: Vec<(Fr, &[i32])> = (0..).zip(&rows).filter_map(block).collect();
            sum.copy_at(part as usize, &FieldVec::affine(backend, 1 << bits, Fr::ZERO, &terms));
        }
        sum
    }

    /// Adds a term to what rows are multiplied by.
    pub fn spread(&self, backend: Backend, sum: &mut Vec<RowWeights>, factor: Fr, term: &BoundTerm) {
        let coordinates = |axis: &BoundAxis| match axis {
            BoundAxis::Eq(point) => point.clone(),
            BoundAxis::Place { place, bits } => functional::corner(*place, *bits),
            // Not among rows, by the rules of a round.
            BoundAxis::Ones(_) | BoundAxis::Values(_) => Vec::new(),
        };
        let mut point: Vec<Fr> = term.axes.iter().flat_map(coordinates).collect();
        let bits = point.len();
        let place = (term.base - ((self.first as u64) << self.chunk_bits)) >> bits;
        let all = usize::from(self.chunk_bits) + self.chunks.len().trailing_zeros() as usize;
        point.extend(functional::corner(place, (all - bits) as u8));
        let high = point.split_off(self.chunk_bits.into());
        let low = FieldVec::eq_table(backend, &point);
        match sum.iter_mut().find(|own| own.high == high) {
            Some(own) => own.low.add_scaled(factor, &low),
            None => {
                let mut own = RowWeights { high, low };
                own.low.scale(factor);
                sum.push(own);
            }
        }
    }
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
            let table = field::eq_table(&weights.high);
            own[rows.first..rows.first + table.len()].copy_from_slice(&table);
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
