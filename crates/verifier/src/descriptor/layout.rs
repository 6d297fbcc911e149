//! The canonical layout of the address space ([3.3]): a function of sizes, so that it need not be believed.

use super::{Axis, Coefficient, Term, derive::log2_above};
use std::ops::Range;
use thiserror::Error;

/// The sizes that a layout is made of, all as powers of two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sizes {
    /// `2^chunk_bits` cells a chunk.
    pub chunk_bits: u8,
    /// Weight and bias blocks, in the order they are defined.
    pub weights: Vec<u8>,
    /// Input blocks: of all items together, or of each one if items have commitments of their own.
    pub inputs: Vec<u8>,
    /// How many items have an input commitment of their own, as a power of two; 0 if one commitment is to all of them.
    pub item_bits: u8,
    /// Rows of function tables together, rounded up; none if there are no functions.
    pub function_bits: Option<u8>,
    /// Rows of all tables together, rounded up.
    pub table_bits: u8,
    /// Rows of a lookup slot.
    pub slot_bits: u8,
    /// Which areas each slot has; as many as there are slots.
    pub areas: Vec<Area>,
    /// Mask cells, rounded up; none in transparent mode.
    pub mask_bits: Option<u8>,
    /// Whether these are the sizes of a round ([10.6]): weights are two vectors of these blocks, inputs `2^item_bits` more, and
    /// every vector begins at a multiple of a power of two of chunks.
    pub vectors: bool,
}

/// What of a lookup slot is committed; each has what those before it have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Area {
    /// Nothing: its rows are input blocks or padding.
    Inputs,
    /// Its `in`: range lookups, and input blocks.
    Ranges,
    /// Its `in` and `out`: all kinds of lookups.
    Functions,
}

/// Where everything lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// What it follows from.
    pub sizes: Sizes,
    /// `2^chunk_bits` cells a chunk.
    pub chunk_bits: u8,
    /// Bits of a chunk's number.
    pub count_bits: u8,
    /// Rows of a lookup slot, as a power of two.
    pub slot_bits: u8,
    /// Rows of the table space, as a power of two.
    pub table_bits: u8,
    /// Rows that function tables lie in, as a power of two, and where their `out` lies.
    pub functions: Option<(u8, u64)>,
    /// Chunks of each role.
    pub weights: Range<u32>,
    /// Chunks of function tables.
    pub tables: Range<u32>,
    /// Chunks of inputs.
    pub inputs: Range<u32>,
    /// Chunks of the first message.
    pub witness1: Range<u32>,
    /// Chunks of the second message.
    pub witness2: Range<u32>,
    /// First cells of the weight blocks.
    pub weight_blocks: Vec<u64>,
    /// First cells of the input blocks; of the first item's if items have commitments of their own.
    pub input_blocks: Vec<u64>,
    /// First cells of each slot's `in` and `out` areas.
    pub slots: Vec<(Option<u64>, Option<u64>)>,
    /// First cell of the multiplicities.
    pub multiplicities: u64,
    /// First mask cell and the block's bits.
    pub masks: Option<(u64, u8)>,
    /// First cell of h.
    pub helper: u64,
    /// First cell of g.
    pub fractions: u64,
}

/// Why sizes have no layout.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
pub enum LayoutError {
    /// Chunks are too small or too large.
    #[error("chunks of 2^{got} cells; expected 2^4 to 2^28")]
    ChunkBits {
        /// What was asked for.
        got: u8,
    },
    /// More cells than addresses.
    #[error("more than 2^{limit} cells")]
    TooLarge {
        /// The limit, as a power of two.
        limit: u8,
    },
    /// Items with commitments of their own whose chunks are no power of two.
    #[error(
        "an input takes {got} chunks of 2^{chunk_bits} cells: for a commitment of its own in a batch that has to be a power \
         of two; take larger chunks, or one joint commitment"
    )]
    Items {
        /// How many.
        got: u32,
        /// Their size.
        chunk_bits: u8,
    },
}

/// Cells of a chunk, as powers of two.
const CHUNK_BITS: std::ops::RangeInclusive<u8> = 4..=28;

/// The most cells an address space has, as a power of two.
const LIMIT: u8 = 32;

impl Layout {
    /// The layout of `sizes`.
    pub fn new(sizes: &Sizes) -> Result<Self, LayoutError> {
        if !CHUNK_BITS.contains(&sizes.chunk_bits) {
            return Err(LayoutError::ChunkBits { got: sizes.chunk_bits });
        }
        let mut next = Chunks { bits: sizes.chunk_bits, next: 0 };
        let (weights, weight_blocks) = match sizes.vectors {
            true => next.pair(&sizes.weights)?,
            false => next.role(&sizes.weights)?,
        };
        let (tables, table_blocks) = next.role(&Vec::from_iter(sizes.function_bits))?;
        let joint = match sizes.item_bits {
            0 if !sizes.vectors => Some(next.role(&sizes.inputs)?),
            _ => None,
        };

        let ins = sizes.areas.iter().filter(|area| **area != Area::Inputs).count();
        let outs = sizes.areas.iter().filter(|area| **area == Area::Functions).count();
        let mut first = vec![sizes.slot_bits; ins.saturating_add(outs)];
        first.push(sizes.table_bits);
        first.extend(sizes.mask_bits);
        let (witness1, blocks) = next.role(&first)?;
        let mut blocks = blocks.into_iter();
        let mut base = |wanted: bool| if wanted { blocks.next() } else { None };
        let ins: Vec<_> = sizes.areas.iter().map(|area| base(*area != Area::Inputs)).collect();
        let outs = sizes.areas.iter().map(|area| base(*area == Area::Functions));
        let slots = ins.into_iter().zip(outs).collect();
        let multiplicities = blocks.next().unwrap_or_default();
        let masks = sizes.mask_bits.and_then(|bits| blocks.next().map(|base| (base, bits)));
        let (witness2, second) = next.role(&[sizes.slot_bits, sizes.table_bits])?;
        let (inputs, input_blocks) = match joint {
            Some(joint) => joint,
            None => next.items(&sizes.inputs, sizes.item_bits, sizes.vectors)?,
        };
        let count_bits = ceil_log2(next.next)?;
        if sizes.chunk_bits.saturating_add(count_bits) > LIMIT {
            return Err(LayoutError::TooLarge { limit: LIMIT });
        }
        Ok(Self {
            sizes: sizes.clone(),
            chunk_bits: sizes.chunk_bits,
            count_bits,
            slot_bits: sizes.slot_bits,
            table_bits: sizes.table_bits,
            functions: sizes.function_bits.zip(table_blocks.first().copied()),
            weights,
            tables,
            inputs,
            witness1,
            witness2,
            weight_blocks,
            input_blocks,
            slots,
            multiplicities,
            masks,
            helper: second.first().copied().unwrap_or_default(),
            fractions: second.get(1).copied().unwrap_or_default(),
        })
    }

    /// Chunks of one item's input commitment, as a power of two; of the joint one 0.
    fn item_chunk_bits(&self) -> u8 {
        let bits = self.inputs.len().checked_ilog2().and_then(|bits| u8::try_from(bits).ok()).unwrap_or(0);
        if self.sizes.item_bits == 0 { 0 } else { bits.saturating_sub(self.sizes.item_bits) }
    }

    /// How the input block that begins at `base` is reached, if items have commitments of their own; none if its cells are
    /// one after the other.
    pub fn strided(&self, base: u64) -> Option<Strided> {
        let place = self.input_blocks.iter().position(|own| *own == base)?;
        let block_bits = self.sizes.inputs.get(place).copied()?;
        let item_bits = self.sizes.item_bits;
        let own = self.chunk_bits.saturating_add(self.item_chunk_bits());
        let gap_bits = own.checked_sub(block_bits).filter(|gap| item_bits > 0 && *gap > 0)?;
        let first = u64::from(self.inputs.start).checked_shl(self.chunk_bits.into())?;
        let place = base.checked_sub(first)?.checked_shr(block_bits.into())?;
        Some(Strided { first, block_bits, gap_bits, place: u32::try_from(place).ok()?, item_bits })
    }

    /// How many cells of a row, from its first on, its blocks take.
    pub fn row_cells(&self) -> Option<u32> {
        let first = u64::from(self.inputs.start).checked_shl(self.chunk_bits.into())?;
        let ends =
            self.input_blocks.iter().zip(&self.sizes.inputs).map(|(block, bits)| {
                block.checked_sub(first)?.checked_add(1_u64.checked_shl((*bits).into())?)
            });
        let ends: Vec<u64> = ends.collect::<Option<_>>()?;
        u32::try_from(ends.into_iter().max()?).ok()
    }

    /// Both operands' term of the inner products of a round's half ([10.6]): of all its rows the cells of a span, each times
    /// `2^shift`.
    pub fn row_term(
        &self,
        (half, half_bits): (u8, u8),
        shift: u8,
        (first, past): (u32, u32),
    ) -> Option<Term> {
        let own = self.chunk_bits.checked_add(self.item_chunk_bits())?;
        let start = u64::from(self.inputs.start).checked_shl(self.chunk_bits.into())?;
        let rows = 1_u64.checked_shl(u32::from(half_bits).checked_add(own.into())?)?;
        let base = start.checked_add(u64::from(half).checked_mul(rows)?)?;
        let bits = log2_above(self.row_cells()?.into());
        let gap = own.checked_sub(bits)?;
        let axes = [
            Some(Axis::Span { bits, first, past }),
            (gap > 0).then_some(Axis::Fixed { value: 0, bits: gap }),
            Some(Axis::Mixed { bits: half_bits }),
        ];
        let coefficient = Coefficient { mantissa: 1, shift };
        Some(Term { coefficient, base, axes: axes.into_iter().flatten().collect() })
    }

    /// Bits of an input block with all items.
    pub fn input_bits(&self, place: usize) -> Option<u8> {
        self.sizes.inputs.get(place).map(|bits| bits.saturating_add(self.sizes.item_bits))
    }

    /// Bits of an address.
    pub fn address_bits(&self) -> usize {
        usize::from(self.chunk_bits).saturating_add(self.count_bits.into())
    }

    /// All chunks that have a commitment, in the order of roles.
    pub fn chunks(&self) -> impl Iterator<Item = u32> + use<> {
        // Between vectors lie chunks that nobody commits to.
        let gaps = self.vector_chunks().map(|chunks| (chunks, chunks.next_power_of_two()));
        let committed = move |role: Range<u32>| {
            let first = role.start;
            role.filter(move |chunk| {
                let place = chunk.saturating_sub(first);
                gaps.is_none_or(|(chunks, stride)| place.checked_rem(stride).is_some_and(|own| own < chunks))
            })
        };
        let [weights, tables, inputs, witness1, witness2] =
            [&self.weights, &self.tables, &self.inputs, &self.witness1, &self.witness2].map(Clone::clone);
        committed(weights).chain(tables).chain(committed(inputs)).chain(witness1).chain(witness2)
    }

    /// How many chunks a vector of a round has; none if this is no round's.
    pub fn vector_chunks(&self) -> Option<u32> {
        // Two vectors, of which the second has no chunks behind it.
        let both = u32::try_from(self.weights.len()).ok().filter(|_| self.sizes.vectors)?;
        both.checked_sub(both.div_ceil(2).next_power_of_two())
    }
}

/// An input block whose items lie in chunks of their own: at one place in each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Strided {
    /// First cell of the role.
    pub first: u64,
    /// Cells of an item's block, as a power of two: the lowest bits of an address.
    pub block_bits: u8,
    /// Blocks that an item's chunks have room for, likewise: the bits above.
    pub gap_bits: u8,
    /// Which of them this is.
    pub place: u32,
    /// Items, likewise: the bits above.
    pub item_bits: u8,
}

/// Where the blocks of one role lie, from the role's first cell on: what points mean apart from any plan. In a [`Layout`]
/// the role begins at a chunk that keeps all blocks aligned, so the chunks are cut the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocks {
    chunk_bits: u8,
    sizes: Vec<u8>,
    bases: Vec<u64>,
    chunks: u32,
}

impl Blocks {
    /// The layout of blocks of these sizes, as powers of two, in chunks of `2^chunk_bits` cells.
    pub fn new(chunk_bits: u8, sizes: Vec<u8>) -> Result<Self, LayoutError> {
        if !CHUNK_BITS.contains(&chunk_bits) {
            return Err(LayoutError::ChunkBits { got: chunk_bits });
        }
        let (range, bases) = Chunks { bits: chunk_bits, next: 0 }.role(&sizes)?;
        Ok(Self { chunk_bits, sizes, bases, chunks: range.end })
    }

    /// A chunk has `2^chunk_bits` cells.
    pub fn chunk_bits(&self) -> u8 {
        self.chunk_bits
    }

    /// Bits of each block.
    pub fn sizes(&self) -> &[u8] {
        &self.sizes
    }

    /// First cell of each block.
    pub fn bases(&self) -> &[u64] {
        &self.bases
    }

    /// How many chunks there are.
    pub fn chunks(&self) -> u32 {
        self.chunks
    }
}

/// The chunks that are given out so far.
struct Chunks {
    bits: u8,
    next: u64,
}

impl Chunks {
    /// Places the blocks of two vectors, the second at a multiple of a power of two of chunks, as long as the first.
    fn pair(&mut self, sizes: &[u8]) -> Result<(Range<u32>, Vec<u64>), LayoutError> {
        let (first, mut bases) = self.role(sizes)?;
        self.next = u64::from(first.end).next_power_of_two();
        let (second, more) = self.role(sizes)?;
        bases.extend(more);
        Ok((first.start..second.end, bases))
    }

    /// Places a role's blocks in descending order of size; each block's first cell in the order given.
    fn role(&mut self, sizes: &[u8]) -> Result<(Range<u32>, Vec<u64>), LayoutError> {
        let too_large = LayoutError::TooLarge { limit: LIMIT };
        let largest = sizes.iter().copied().max().unwrap_or(0);
        if largest > LIMIT {
            return Err(too_large);
        }
        let mut order: Vec<(usize, u8)> = sizes.iter().copied().enumerate().collect();
        order.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
        // A block larger than a chunk begins at a multiple of its size, in chunks.
        let align = 1_u64 << largest.saturating_sub(self.bits);
        let first = self.next.checked_next_multiple_of(align).ok_or(too_large)?;
        let mut address = first << self.bits;
        let mut bases = vec![0; sizes.len()];
        for (place, size) in order {
            if let Some(base) = bases.get_mut(place) {
                *base = address;
            }
            address = address.checked_add(1_u64 << size).filter(|end| *end <= 1 << LIMIT).ok_or(too_large)?;
        }
        let end = address.checked_next_multiple_of(1_u64 << self.bits).ok_or(too_large)? >> self.bits;
        self.next = end;
        let narrow = |number: u64| u32::try_from(number).map_err(|_| too_large);
        Ok((narrow(first)?..narrow(end)?, bases))
    }
}

impl Chunks {
    /// Places `2^bits` times the blocks of one item, each time in chunks of its own; the first cells of the first item's
    /// blocks. These chunks are a power of two, if need be with others between the items that nobody commits to.
    fn items(&mut self, sizes: &[u8], bits: u8, gaps: bool) -> Result<(Range<u32>, Vec<u64>), LayoutError> {
        let too_large = LayoutError::TooLarge { limit: LIMIT };
        let (own, bases) = Self { bits: self.bits, next: 0 }.role(sizes)?;
        if !gaps && !own.end.is_power_of_two() {
            return Err(LayoutError::Items { got: own.end, chunk_bits: self.bits });
        }
        let stride = u64::from(own.end).next_power_of_two();
        let all = 1_u64.checked_shl(bits.into()).and_then(|items| items.checked_mul(stride));
        let all = all.filter(|all| *all <= 1 << LIMIT).ok_or(too_large)?;
        let first = self.next.checked_next_multiple_of(all).ok_or(too_large)?;
        self.next = first.checked_add(all).ok_or(too_large)?;
        let narrow = |number: u64| u32::try_from(number).map_err(|_| too_large);
        let cell = first.checked_shl(self.bits.into()).ok_or(too_large)?;
        let bases = bases.into_iter().map(|base| base.saturating_add(cell)).collect();
        Ok((narrow(first)?..narrow(self.next)?, bases))
    }
}

fn ceil_log2(number: u64) -> Result<u8, LayoutError> {
    let bits =
        number.checked_next_power_of_two().ok_or(LayoutError::TooLarge { limit: LIMIT })?.trailing_zeros();
    u8::try_from(bits).map_err(|_| LayoutError::TooLarge { limit: LIMIT })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes() -> Sizes {
        Sizes {
            chunk_bits: 6,
            weights: vec![3, 7, 3, 5],
            inputs: vec![4],
            item_bits: 0,
            function_bits: Some(5),
            table_bits: 6,
            slot_bits: 4,
            areas: vec![Area::Functions, Area::Ranges, Area::Inputs],
            mask_bits: Some(5),
            vectors: false,
        }
    }

    /// A vector takes three chunks, so that the next begins four chunks on; chunks between them have no commitment.
    #[test]
    fn vectors_of_a_round_lie_alike() {
        let own =
            Sizes { inputs: sizes().weights, item_bits: 2, function_bits: None, vectors: true, ..sizes() };
        let layout = Layout::new(&own).unwrap();
        let alone = Blocks::new(6, own.weights.clone()).unwrap();
        assert_eq!((alone.chunks(), layout.vector_chunks()), (3, Some(3)));
        assert_eq!(layout.weights, 0..7);
        assert_eq!((layout.inputs.len(), layout.inputs.start % 16), (16, 0));
        let places = alone.bases().iter().chain(alone.bases()).zip(&layout.weight_blocks);
        assert!(
            places.enumerate().all(|(at, (alone, base))| *base == alone + if at < 4 { 0 } else { 4 << 6 })
        );
        let first = u64::from(layout.inputs.start) << 6;
        assert!(alone.bases().iter().map(|base| base + first).eq(layout.input_blocks.iter().copied()));
        let committed: Vec<u32> = layout.chunks().collect();
        assert_eq!(committed[..6], [0, 1, 2, 4, 5, 6]);
        let rows = layout.inputs.clone().filter(|chunk| chunk % 4 != 3);
        assert!(rows.eq(committed.into_iter().filter(|chunk| layout.inputs.contains(chunk))));
        let strided = layout.strided(layout.input_blocks[0]).unwrap();
        assert_eq!(
            (strided.first, strided.block_bits, strided.gap_bits, strided.item_bits),
            (first, 3, 5, 2)
        );
        for (chunks, all) in [(1, 2), (2, 4), (3, 7), (4, 8), (5, 13), (8, 16), (9, 25)] {
            let weights = vec![6; chunks];
            let layout = Layout::new(&Sizes { inputs: weights.clone(), weights, ..own.clone() }).unwrap();
            assert_eq!((layout.weights.len(), layout.vector_chunks()), (all, Some(chunks as u32)));
        }
    }

    #[test]
    fn blocks_are_aligned_disjoint_and_in_their_role() {
        let layout = Layout::new(&sizes()).unwrap();
        let sizes = sizes();
        let mut blocks: Vec<(u64, u8, &Range<u32>)> = Vec::new();
        blocks
            .extend(layout.weight_blocks.iter().zip(&sizes.weights).map(|(b, s)| (*b, *s, &layout.weights)));
        blocks.extend(layout.input_blocks.iter().zip(&sizes.inputs).map(|(b, s)| (*b, *s, &layout.inputs)));
        blocks.push((layout.functions.unwrap().1, 5, &layout.tables));
        for (input, output) in layout.slots.iter().copied() {
            blocks.extend(input.into_iter().chain(output).map(|base| (base, 4, &layout.witness1)));
        }
        blocks.push((layout.multiplicities, 6, &layout.witness1));
        blocks.push((layout.masks.unwrap().0, 5, &layout.witness1));
        blocks.push((layout.helper, 4, &layout.witness2));
        blocks.push((layout.fractions, 6, &layout.witness2));
        assert_eq!(blocks.len(), 13);
        for (base, size, role) in &blocks {
            assert_eq!(base % (1 << size), 0);
            let chunks = (base >> 6)..((base + (1 << size) - 1) >> 6) + 1;
            assert!(
                chunks.start >= role.start.into() && chunks.end <= role.end.into(),
                "{base} {size} {role:?}"
            );
        }
        blocks.sort_by_key(|block| block.0);
        for pair in blocks.windows(2) {
            assert!(pair[0].0 + (1 << pair[0].1) <= pair[1].0, "{pair:?}");
        }
        assert_eq!(layout.count_bits, 4, "{layout:?}");
    }

    #[test]
    fn a_role_is_laid_out_alike_by_itself_and_among_others() {
        let sizes = Sizes { inputs: vec![2, 8, 7, 4], ..sizes() };
        let layout = Layout::new(&sizes).unwrap();
        for (blocks, role, bases) in [
            (&sizes.weights, &layout.weights, &layout.weight_blocks),
            (&sizes.inputs, &layout.inputs, &layout.input_blocks),
        ] {
            let alone = Blocks::new(sizes.chunk_bits, blocks.clone()).unwrap();
            assert_eq!(alone.chunks() as usize, role.len());
            let first = u64::from(role.start) << sizes.chunk_bits;
            assert!(alone.bases().iter().map(|base| base + first).eq(bases.iter().copied()));
        }
        assert_eq!(Blocks::new(4, vec![]).unwrap().chunks(), 0);
        assert_eq!(Blocks::new(29, vec![1]), Err(LayoutError::ChunkBits { got: 29 }));
        assert_eq!(Blocks::new(4, vec![32, 4]), Err(LayoutError::TooLarge { limit: 32 }));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let small = Sizes { chunk_bits: 3, ..sizes() };
        assert_eq!(Layout::new(&small), Err(LayoutError::ChunkBits { got: 3 }));
        for weights in [vec![33], vec![32, 32], vec![255]] {
            let large = Sizes { weights, ..sizes() };
            assert_eq!(Layout::new(&large), Err(LayoutError::TooLarge { limit: 32 }));
        }
    }
}
