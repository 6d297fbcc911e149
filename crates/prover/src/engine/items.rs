//! Inputs with commitments of their own ([3.4]): each item has chunks of the batch's size and fills only the first cells of
//! them. What lies behind is zero and read by nothing, so it is neither kept nor summed over.
//!
//! They lie above everything else. Let the other chunks have numbers of d bits out of c, and an item's cells offsets of f
//! bits out of k. While the upper c - d bits are bound, only offsets of f bits mix what is below with the items; the rest of
//! what is below is multiplied by 1 - x for each challenge x, and its sum by the square of that. So a round is one of a small
//! product, of `2^(c+f)` cells, plus a number times `(1 - X)²`. After these rounds the small product's cells are written back.

use super::space::Weights;
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field};
use averment_kernels::{Backend, FieldVec, Product};
use averment_verifier::descriptor::Layout;

/// The items' cells, one item's after the other's.
#[derive(Debug, Clone)]
pub(super) struct Items {
    /// First cell of the first item.
    pub first: u64,
    /// Cells from one item to the next, as a power of two.
    pub stride_bits: u8,
    /// Cells of an item that are kept, as a power of two.
    pub used_bits: u8,
    pub integers: Vec<i32>,
}

impl Items {
    /// Room for a layout's items; none if it has none, or if they do not lie by themselves.
    pub fn of(layout: &Layout) -> Option<Self> {
        let items = 1_usize << layout.sizes.item_bits;
        let own_bits = lower_bits(layout);
        let first = u64::from(layout.inputs.start) << layout.chunk_bits;
        if items == 1 || layout.sizes.vectors || layout.inputs.len() != items || first < 1 << own_bits {
            return None;
        }
        let blocks = layout.input_blocks.iter().zip(&layout.sizes.inputs);
        let used = blocks.map(|(base, bits)| base - first + (1 << bits)).max()?;
        let used_bits = used.next_power_of_two().trailing_zeros() as u8;
        let integers = vec![0; items << used_bits];
        Some(Self { first, stride_bits: layout.chunk_bits, used_bits, integers })
    }

    /// How many items there are.
    pub fn count(&self) -> usize {
        self.integers.len() >> self.used_bits
    }

    /// Fills in the cells of an item's chunk.
    pub fn write(&mut self, base: u64, cells: impl IntoIterator<Item = i32>) {
        let item = ((base - self.first) >> self.stride_bits) as usize;
        let own = &mut self.integers[item << self.used_bits..][..1 << self.used_bits];
        own.iter_mut().zip(cells).for_each(|(own, cell)| *own = cell);
    }

    /// Bits that the axis which ends where an item does loses when only what is used is kept.
    pub fn cut(&self) -> u8 {
        self.stride_bits - self.used_bits
    }
}

/// Bits of the addresses of everything but the inputs, if these come last.
pub(super) fn lower_bits(layout: &Layout) -> u8 {
    let roles = [&layout.weights, &layout.tables, &layout.witness1, &layout.witness2];
    let end = roles.iter().map(|role| role.end).max().unwrap_or(0);
    layout.chunk_bits + end.next_power_of_two().trailing_zeros() as u8
}

/// The rounds of the batch evaluation over all addresses.
pub(super) struct Rounds {
    product: Product,
    /// The product of 1 - x over the upper challenges.
    scale: Fr,
    upper: Option<Upper>,
}

/// What waits for the upper rounds' end.
struct Upper {
    rest: Columns,
    /// The rest's sum.
    sum: Fr,
    /// How many upper rounds are left.
    left: usize,
    chunk_bits: u8,
    used_bits: u8,
}

/// Integers, blocks of field elements that are added to them, and weights.
pub(super) struct Columns {
    pub integers: Vec<i32>,
    pub blocks: Vec<(usize, FieldVec)>,
    pub weights: FieldVec,
}

impl Columns {
    pub fn product(self) -> Product {
        Product::with_integers(self.integers, self.blocks, self.weights)
    }

    /// The inner product of a chunk's cells with others.
    pub fn chunk_dot(&self, chunk: usize, other: &FieldVec) -> Fr {
        let (from, to) = (chunk * other.len(), (chunk + 1) * other.len());
        let blocks = self.blocks.iter().map(|(base, block)| {
            let (start, end) = (from.max(*base), to.min(base + block.len()));
            match start < end {
                true => block.part(start - base, end - start).dot(&other.part(start - from, end - start)),
                false => Fr::ZERO,
            }
        });
        other.dot_i32(&self.integers[from..to]) + blocks.sum::<Fr>()
    }
}

/// A sumcheck over everything.
pub(super) trait Summed {
    /// This round's coefficients.
    fn round(&mut self) -> Vec<Fr>;

    /// Binds the round's variable; none if the challenge is one of the few that this does not work for.
    fn bind(&mut self, x: Fr) -> Option<()>;

    /// The address space at the point.
    fn value(&self) -> Fr;
}

impl Rounds {
    /// Over `lower` alone.
    pub fn plain(lower: Columns) -> Self {
        Self { product: lower.product(), scale: Fr::ONE, upper: None }
    }

    /// Over `lower` and, above it, items with their weights.
    pub fn with_items(mut lower: Columns, items: &Items, weights: &FieldVec, address_bits: usize) -> Self {
        let backend = weights.backend();
        let (chunk_bits, used_bits) = (items.stride_bits, items.used_bits);
        let used = 1_usize << used_bits;
        let mut small = Columns {
            integers: vec![0; 1 << (address_bits - usize::from(items.cut()))],
            blocks: Vec::new(),
            weights: FieldVec::zeros(backend, 1 << (address_bits - usize::from(items.cut()))),
        };
        let nothing = FieldVec::zeros(backend, used);
        for row in 0..lower.integers.len() >> chunk_bits {
            let (from, to) = (row << chunk_bits, row << used_bits);
            small.integers[to..to + used].copy_from_slice(&lower.integers[from..from + used]);
            lower.integers[from..from + used].fill(0);
            small.weights.copy_at(to, &lower.weights.part(from, used));
            lower.weights.copy_at(from, &nothing);
            for (base, block) in &mut lower.blocks {
                let (start, end) = (from.max(*base), (from + used).min(*base + block.len()));
                if start < end {
                    small.blocks.push((to + start - from, block.part(start - *base, end - start)));
                    block.copy_at(start - *base, &FieldVec::zeros(backend, end - start));
                }
            }
        }
        let first = (items.first >> chunk_bits << used_bits) as usize;
        small.integers[first..first + items.integers.len()].copy_from_slice(&items.integers);
        small.weights.copy_at(first, weights);
        let blocks = lower.blocks.iter();
        let sum = lower.weights.dot_i32(&lower.integers)
            + blocks.map(|(base, block)| block.dot(&lower.weights.part(*base, block.len()))).sum::<Fr>();
        let left = address_bits - lower.integers.len().trailing_zeros() as usize;
        let upper = Upper { rest: lower, sum, left, chunk_bits, used_bits };
        Self { product: small.product(), scale: Fr::ONE, upper: Some(upper) }
    }
}

impl Summed for Rounds {
    fn round(&mut self) -> Vec<Fr> {
        let mut polynomial = self.product.round();
        let square = self.scale * self.scale;
        match &self.upper {
            Some(upper) => {
                let sum = square * upper.sum;
                let more = [sum, -sum.double(), sum];
                polynomial.iter_mut().zip(more).for_each(|(own, more)| *own += more);
            }
            None => polynomial.iter_mut().for_each(|own| *own *= square),
        }
        polynomial
    }

    fn bind(&mut self, x: Fr) -> Option<()> {
        self.product.bind(x);
        let Some(upper) = &mut self.upper else { return Some(()) };
        self.scale *= Fr::ONE - x;
        upper.left -= 1;
        if upper.left > 0 {
            return Some(());
        }
        let back = self.scale.inverse()?;
        let Upper { mut rest, chunk_bits, used_bits, .. } = self.upper.take()?;
        let [mut cells, weights] = self.product.columns();
        cells.scale(back);
        let used = 1_usize << used_bits;
        for row in 0..cells.len() >> used_bits {
            rest.blocks.push((row << chunk_bits, cells.part(row << used_bits, used)));
            rest.weights.add_scaled_at(row << chunk_bits, back, &weights.part(row << used_bits, used));
        }
        self.product = rest.product();
        Some(())
    }

    fn value(&self) -> Fr {
        self.scale * self.product.operands()[0]
    }
}

/// Weights of everything, zero in the beginning.
pub(super) fn weights(backend: Backend, lower: usize, items: Option<&Items>) -> Weights {
    let items = items.map(|items| FieldVec::zeros(backend, items.integers.len()));
    Weights { lower: FieldVec::zeros(backend, lower), items, rows: Vec::new() }
}
