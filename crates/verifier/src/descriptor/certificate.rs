//! The descriptor of a weights certificate ([8.1]): that every weight, bias and `out` of a function table is in its declared
//! range, and every padding cell of the weights is zero.
//!
//! It has the chunk size, the weight blocks and the function tables of the decision's descriptor that it goes with, so
//! that the registered points serve both ([`ValidDescriptor::certified_by`]). A block whose range is narrow is looked up as it
//! stands; of a wider one limbs are committed and looked up, and a relation ties them to it. What is narrow is chosen so
//! that proof and verification cost least.

use super::{
    Axis, Coefficient, Constant, DeriveError, Descriptor, Kind, Layout, Limb, LookupBlock, Product, Relation,
    Sizes, Table, Term, ValidDescriptor, cost,
    derive::{log2_above, narrow},
    layout::Area,
    pack::{SLOT_BITS, Slots, slot_counts},
};
use crate::claims;
use averment_plan::{Plan, Shape};
use std::collections::BTreeMap;

/// The widest ranges that are looked up directly, as they are tried: rows of a table as powers of two.
const WIDEST: std::ops::RangeInclusive<u8> = 4..=20;
/// Bits of a limb of a norm's slack, and how many there are: together room for all bounds that a statement has.
const SLACK_BITS: u8 = 8;
const SLACK_LIMBS: u8 = 8;

/// A certificate's descriptor and where the prover puts limbs.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The descriptor.
    pub descriptor: ValidDescriptor,
    /// For each covered block, in order, its limbs from the lowest on; none if it is looked up as it stands. What they
    /// add up to is the cell plus `2^(width-1)`.
    pub limbs: Vec<Vec<Limb>>,
}

/// A block of registered cells that a certificate speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Covered {
    /// Its first cell.
    pub base: u64,
    /// It has `2^bits` cells.
    pub bits: u8,
    /// How wide its values are.
    pub width: u8,
    /// Whether they are `-2^(width-1) <= value < 2^(width-1)`, or `0 <= value < 2^width`.
    pub signed: bool,
}

/// Bits of a remainder: weights of an aggregation are multiples of its power of two ([F2.1]).
pub const REMAINDER_BITS: u8 = 16;

impl Covered {
    /// The least value in range.
    pub fn first(&self) -> i64 {
        let half = self.width.checked_sub(1).and_then(|bits| 1_i64.checked_shl(bits.into())).unwrap_or(0);
        if self.signed { half.saturating_neg() } else { 0 }
    }
}

impl Descriptor {
    /// What a certificate has to cover: the weight blocks, then the function tables; of a round the model's blocks, then its
    /// remainder's.
    pub fn covered(&self) -> Vec<Covered> {
        let layout = &self.layout;
        let sizes = &layout.sizes.weights;
        let weights = layout.weight_blocks.iter().zip(sizes).zip(&self.weight_bits);
        let weights = weights.map(|((base, bits), width)| {
            let (base, bits, width) = (*base, *bits, *width);
            Covered { base, bits, width, signed: true }
        });
        let remainder = layout.weight_blocks.iter().skip(sizes.len()).zip(sizes).map(|(base, bits)| {
            let (base, bits, width) = (*base, *bits, REMAINDER_BITS);
            Covered { base, bits, width, signed: false }
        });
        let first = layout.functions.map_or(0, |(_, base)| base);
        let function = |table: &Table| Covered {
            base: first.saturating_add(table.row),
            bits: table.bits,
            width: table.out_bits,
            signed: true,
        };
        weights.chain(remainder).chain(self.functions().map(function)).collect()
    }

    /// The function tables.
    pub(super) fn functions(&self) -> impl Iterator<Item = &Table> {
        self.tables.iter().filter(|table| table.function)
    }

    /// The certificate that goes with this descriptor of a decision of `plan`. It does not depend on the batch.
    pub fn certificate(&self, plan: &Plan) -> Result<Certificate, DeriveError> {
        let cover = Cover {
            kind: Kind::Certificate,
            chunk_bits: self.layout.chunk_bits,
            masked: self.layout.masks.is_some(),
            covered: self.covered(),
            weights: self.layout.sizes.weights.clone(),
            weight_bits: self.weight_bits.clone(),
            shapes: plan.weights().iter().map(|weight| &weight.shape).collect(),
            functions: self.functions().copied().collect(),
            function_bits: self.layout.sizes.function_bits,
            lead: Lead::Nothing,
        };
        let (descriptor, limbs) = cover.derive()?;
        Ok(Certificate { descriptor, limbs })
    }
}

/// What a descriptor without inputs covers: every cell of these blocks is in its range, every padding cell zero.
pub(super) struct Cover<'a> {
    pub kind: Kind,
    pub chunk_bits: u8,
    pub masked: bool,
    /// The blocks: those of weights, then of functions.
    pub covered: Vec<Covered>,
    /// Sizes and widths of the weight blocks, and the shapes of what they hold.
    pub weights: Vec<u8>,
    pub weight_bits: Vec<u8>,
    pub shapes: Vec<&'a Shape>,
    /// Function tables, and the rows that they take.
    pub functions: Vec<Table>,
    pub function_bits: Option<u8>,
    /// What comes before the relations that cover.
    pub lead: Lead,
}

/// The first relations of a descriptor that covers blocks.
pub(super) enum Lead {
    /// None: a certificate's.
    Nothing,
    /// An update's norm, with the power of four that each block's squares count ([10.5]).
    Norm(Vec<u8>),
    /// The inner products of a round's rows, likewise, with the widths of their blocks ([10.6]).
    Gram {
        exponents: Vec<u8>,
        row_bits: Vec<u8>,
        /// Rows of a half, as a power of two, and how many halves there are.
        half_bits: u8,
        halves: u8,
    },
}

impl Cover<'_> {
    /// The descriptor that costs least, and for each covered block its limbs; of an update those of the norm's slack behind
    /// them.
    pub(super) fn derive(&self) -> Result<(ValidDescriptor, Vec<Vec<Limb>>), DeriveError> {
        let choices = WIDEST.flat_map(|widest| slot_counts().map(move |slots| (widest, slots)));
        let drafts = choices.filter_map(|(widest, slots)| Draft::lay_out(self, widest, slots));
        // Of those that cost the same, the one with the fewest limbs.
        let best = drafts.min_by_key(|(descriptor, _, widest)| {
            let layout = &descriptor.layout;
            let cost = match self.kind {
                Kind::Round => cost::cost_of_all(descriptor, layout),
                _ => cost::cost(descriptor, layout),
            };
            (cost, std::cmp::Reverse(*widest))
        });
        let (descriptor, limbs, _) = best.ok_or(DeriveError::Slots)?;
        Ok((descriptor.validate()?, limbs))
    }
}

/// A descriptor that covers blocks, in the making.
struct Draft<'a> {
    cover: &'a Cover<'a>,
    widest: u8,
    tables: Vec<Table>,
    /// Tags of ranges by first value and width.
    ranges: BTreeMap<(i64, u8), u32>,
}

impl<'a> Draft<'a> {
    /// Descriptor and limbs with tables of at most `2^widest` rows, in so many slots; none if it has no layout.
    fn lay_out(cover: &'a Cover<'a>, widest: u8, slots: u8) -> Option<(Descriptor, Vec<Vec<Limb>>, u8)> {
        let mut own = Self { cover, widest, tables: Vec::new(), ranges: BTreeMap::new() };
        let table_bits = own.place_tables()?;
        let lookups = own.place_lookups(slots)?;
        let rows = match &cover.lead {
            Lead::Gram { half_bits, halves, .. } => {
                Some(half_bits.checked_add(log2_above((*halves).into()))?)
            }
            _ => None,
        };
        let mut sizes = Sizes {
            chunk_bits: cover.chunk_bits,
            weights: cover.weights.clone(),
            inputs: if rows.is_some() { cover.weights.clone() } else { Vec::new() },
            item_bits: rows.unwrap_or(0),
            function_bits: cover.function_bits,
            table_bits,
            slot_bits: lookups.slot_bits,
            areas: lookups.areas.clone(),
            mask_bits: None,
            vectors: rows.is_some(),
        };
        if cover.masked {
            let draft = own.assemble(&sizes, &lookups)?;
            let cells = claims::mask_cells(draft.operands(), &draft.degrees(true));
            sizes.mask_bits = Some(log2_above(u64::try_from(cells).ok()?));
        }
        let descriptor = own.assemble(&sizes, &lookups)?;
        Some((descriptor, lookups.limbs, widest))
    }

    /// The range that a cell of this block is looked up in directly; none if it takes limbs.
    fn direct(&self, block: &Covered) -> Option<(i64, u8)> {
        (block.width <= self.widest).then(|| (block.first(), block.width))
    }

    /// Limbs of a wider cell, of even widths: the lowest bit and the width of each.
    fn limbs(&self, width: u8) -> Vec<(u8, u8)> {
        let (mut low, mut limbs) = (0_u8, Vec::new());
        let mut left = width.div_ceil(self.widest);
        while left > 0 {
            let bits = width.saturating_sub(low).div_ceil(left);
            limbs.push((low, bits));
            low = low.saturating_add(bits);
            left = left.saturating_sub(1);
        }
        limbs
    }

    /// The function tables where they are, and ranges behind them in descending order. Returns the bits of all rows.
    fn place_tables(&mut self) -> Option<u8> {
        if matches!(self.cover.lead, Lead::Norm(_)) {
            self.ranges.insert((0, SLACK_BITS), 0);
        }
        for block in &self.cover.covered {
            match self.direct(block) {
                Some(range) => _ = self.ranges.insert(range, 0),
                None => self.ranges.extend(self.limbs(block.width).iter().map(|(_, bits)| ((0, *bits), 0))),
            }
        }
        self.tables.clone_from(&self.cover.functions);
        let functions = self.tables.last().map_or(Some(0), |last| end_of(last.row, last.bits))?;
        // The widest first; narrower ones fill the gaps that alignment leaves.
        let mut order: Vec<(i64, u8)> = self.ranges.keys().copied().collect();
        order.sort_by_key(|(first, bits)| (std::cmp::Reverse(*bits), *first));
        let mut placed: BTreeMap<u64, (i64, u8)> = BTreeMap::new();
        for (first, bits) in order {
            let mut row = functions;
            for (other, (_, width)) in &placed {
                if end_of(row.checked_next_multiple_of(1_u64.checked_shl(bits.into())?)?, bits)? <= *other {
                    break;
                }
                row = end_of(*other, *width)?.max(row);
            }
            placed.insert(row.checked_next_multiple_of(1_u64.checked_shl(bits.into())?)?, (first, bits));
        }
        let mut tag = self.tables.last().map_or(0, |last| last.tag);
        for (row, (first, bits)) in placed {
            tag = tag.checked_add(1)?;
            self.tables.push(Table { tag, row, bits, first, function: false, out_bits: 0 });
            self.ranges.insert((first, bits), tag);
        }
        let end = self.tables.last().map_or(Some(0), |last| end_of(last.row, last.bits))?;
        let used = self.tables.iter().try_fold(0, |rows, own| end_of(rows, own.bits))?;
        // Padding needs a row without tag.
        Some(log2_above(end.checked_add(u64::from(used == end))?))
    }

    /// In at most `slots` slots, as short as they can be.
    fn place_lookups(&self, slots: u8) -> Option<Lookups> {
        (1..=SLOT_BITS).find_map(|bits| self.place_in(Slots::new(slots, bits), bits))
    }

    /// Places all lookups in slots of `2^slot_bits` rows; none if there is no room.
    fn place_in(&self, mut slots: Slots, slot_bits: u8) -> Option<Lookups> {
        let wide = |block: &Covered| self.direct(block).is_none();
        // Limbs first, so that few slots have an area of their own. In descending order of size everything is aligned.
        let covered = &self.cover.covered;
        let mut limbs: Vec<Vec<Limb>> = vec![Vec::new(); covered.len()];
        for place in self.by_size(wide) {
            let (block, own) = (covered.get(place)?, limbs.get_mut(place)?);
            for (shift, bits) in self.limbs(block.width) {
                let (slot, row) = slots.take(block.bits, Area::Ranges)?;
                own.push(Limb { slot, row, shift, bits });
            }
        }
        if matches!(self.cover.lead, Lead::Norm(_)) {
            let slack = (0..SLACK_LIMBS).map(|limb| {
                let (slot, row) = slots.take(0, Area::Ranges)?;
                Some(Limb { slot, row, shift: limb.checked_mul(SLACK_BITS)?, bits: SLACK_BITS })
            });
            limbs.push(slack.collect::<Option<_>>()?);
        }
        let mut parts: BTreeMap<u64, LookupBlock> = BTreeMap::new();
        for place in self.by_size(|block| !wide(block)) {
            let block = covered.get(place)?;
            let tag = *self.ranges.get(&self.direct(block)?)?;
            let bits = block.bits.min(slot_bits);
            for part in 0..1_u64.checked_shl(block.bits.checked_sub(bits)?.into())? {
                let (slot, row) = slots.take(bits, Area::Inputs)?;
                let base = block.base.checked_add(part.checked_shl(bits.into())?)?;
                parts.insert(base, LookupBlock { slot, row, bits, tag, input: Some(base) });
            }
        }
        // In the order of blocks, which is not that of their places.
        let in_order = covered.iter().flat_map(|block| {
            let end = block.base.saturating_add(1_u64.checked_shl(block.bits.into()).unwrap_or(0));
            parts.range(block.base..end).map(|(_, part)| *part)
        });
        Some(Lookups { slot_bits, areas: slots.areas(), parts: in_order.collect(), limbs })
    }

    /// The places of some covered blocks, largest first.
    fn by_size(&self, wanted: impl Fn(&Covered) -> bool) -> Vec<usize> {
        let chosen = self.cover.covered.iter().enumerate().filter(|(_, block)| wanted(block));
        let mut places: Vec<(u8, usize)> = chosen.map(|(place, block)| (block.bits, place)).collect();
        places.sort_by_key(|(bits, place)| (std::cmp::Reverse(*bits), *place));
        places.into_iter().map(|(_, place)| place).collect()
    }

    fn assemble(&self, sizes: &Sizes, placed: &Lookups) -> Option<Descriptor> {
        let layout = Layout::new(sizes).ok()?;
        let covered = &self.cover.covered;
        let mut lookups = Vec::new();
        let mut relations = Vec::new();
        let mut limb = |limb: &Limb, bits: u8| {
            let tag = *self.ranges.get(&(0, limb.bits))?;
            lookups.push(LookupBlock { slot: limb.slot, row: limb.row, bits, tag, input: None });
            Some(())
        };
        let row_bits = match &self.cover.lead {
            Lead::Nothing => Vec::new(),
            Lead::Norm(exponents) => {
                let slack = placed.limbs.get(covered.len())?;
                slack.iter().try_for_each(|own| limb(own, 0))?;
                relations.push(norm(&layout, exponents, slack)?);
                Vec::new()
            }
            Lead::Gram { exponents, row_bits, half_bits, halves } => {
                for half in 0..*halves {
                    relations.push(gram(&layout, exponents, *half_bits, (half, *halves))?);
                }
                row_bits.clone()
            }
        };
        for (block, own) in covered.iter().zip(&placed.limbs).filter(|(_, own)| !own.is_empty()) {
            own.iter().try_for_each(|own| limb(own, block.bits))?;
            relations.push(ranged(&layout, block, own)?);
        }
        lookups.sort_by_key(|own| (own.slot, own.row));
        lookups.extend(&placed.parts);
        for (shape, base) in self.cover.shapes.iter().cycle().zip(&layout.weight_blocks) {
            relations.extend(padding(shape, *base));
        }
        let weight_bits = self.cover.weight_bits.clone();
        let tables = self.tables.clone();
        let kind = self.cover.kind;
        Some(Descriptor { kind, layout, weight_bits, row_bits, tables, lookups, relations })
    }
}

/// Where everything is looked up.
struct Lookups {
    slot_bits: u8,
    areas: Vec<Area>,
    /// Parts of blocks that are looked up as they stand, in the order of blocks.
    parts: Vec<LookupBlock>,
    /// Limbs of each block; behind them those of a norm's slack.
    limbs: Vec<Vec<Limb>>,
}

/// The row behind `2^bits` rows from `row` on.
fn end_of(row: u64, bits: u8) -> Option<u64> {
    row.checked_add(1_u64.checked_shl(bits.into())?)
}

/// The squares of all weight blocks, each block's times its power of four, and the slack's limbs are together the statement's
/// one public value.
fn norm(layout: &Layout, exponents: &[u8], slack: &[Limb]) -> Option<Relation> {
    let blocks = layout.weight_blocks.iter().zip(&layout.sizes.weights).zip(exponents);
    let products = blocks.map(|((base, bits), shift)| {
        let axes = vec![Axis::Sum { at: 0, bits: *bits }];
        let side = vec![Term { coefficient: Coefficient { mantissa: 1, shift: *shift }, base: *base, axes }];
        Product { vars: *bits, grouped: 0, group_point: 0, a: side.clone(), b: side }
    });
    let limb = |limb: &Limb| {
        let area = layout.slots.get(usize::from(limb.slot))?.0?;
        let coefficient = Coefficient { mantissa: 1, shift: limb.shift };
        let axes = vec![Axis::Point { at: 0, bits: 0 }];
        Some(Term { coefficient, base: area.checked_add(limb.row)?, axes })
    };
    let terms = slack.iter().map(limb).collect::<Option<_>>()?;
    let constant = Constant::Public { first: 0, count: 1 };
    Some(Relation { point_bits: 0, products: products.collect(), terms, constant })
}

/// Inner products of the rows of one half: of a sum of them, weighed at a point, with itself, over all blocks, each times its power
/// of four. Blocks next to each other that have the same are read as one.
fn gram(layout: &Layout, exponents: &[u8], row_bits: u8, (half, halves): (u8, u8)) -> Option<Relation> {
    let first = layout.input_blocks.iter().min()?;
    let mut blocks: Vec<(u64, u8, u8)> =
        (layout.input_blocks.iter().zip(&layout.sizes.inputs).zip(exponents))
            .map(|((block, bits), shift)| (block.saturating_sub(*first), *bits, *shift))
            .collect();
    blocks.sort_unstable();
    let mut spans: Vec<(u8, u32, u32)> = Vec::new();
    for (place, bits, shift) in blocks {
        let end = u32::try_from(place.checked_add(1_u64.checked_shl(bits.into())?)?).ok()?;
        match spans.last_mut() {
            Some((own, _, past)) if *own == shift => *past = end,
            last => {
                let start = last.map_or(0, |(_, _, past)| *past);
                spans.push((shift, start, end));
            }
        }
    }
    let terms =
        spans.iter().map(|(shift, first, past)| layout.row_term((half, row_bits), *shift, (*first, *past)));
    let terms: Vec<Term> = terms.collect::<Option<_>>()?;
    let vars = terms.first()?.axes.first()?.bits();
    let product = Product { vars, grouped: 0, group_point: 0, a: terms.clone(), b: terms };
    let constant = Constant::Gram { half: half.into(), halves: halves.into(), row_bits };
    let point_bits = row_bits.checked_mul(2)?.checked_add(1)?;
    Some(Relation { point_bits, products: vec![product], terms: Vec::new(), constant })
}

/// `block + 2^(width-1)`, if it is signed, is the sum of its limbs.
fn ranged(layout: &Layout, block: &Covered, limbs: &[Limb]) -> Option<Relation> {
    let axes = vec![Axis::Point { at: 0, bits: block.bits }];
    let one = Coefficient { mantissa: 1, shift: 0 };
    let mut terms = vec![Term { coefficient: one, base: block.base, axes: axes.clone() }];
    for limb in limbs {
        let area = layout.slots.get(usize::from(limb.slot))?.0?;
        let coefficient = Coefficient { mantissa: -1, shift: limb.shift };
        terms.push(Term { coefficient, base: area.checked_add(limb.row)?, axes: axes.clone() });
    }
    let offset = match block.signed {
        true => Coefficient { mantissa: 1, shift: block.width.checked_sub(1)? },
        false => Coefficient { mantissa: 0, shift: 0 },
    };
    let constant = Constant::Number(offset);
    Some(Relation { point_bits: block.bits, products: Vec::new(), terms, constant })
}

/// That the padding of a weight block is zero: for each axis, what lies behind its real length, cut into aligned powers of
/// two, one relation each.
fn padding(shape: &Shape, base: u64) -> Vec<Relation> {
    let mut relations = Vec::new();
    let all = narrow(shape.bits());
    let mut below = 0_u8;
    for (length, bits) in shape.dims().iter().rev().zip(shape.axis_bits().rev()) {
        let bits = narrow(bits);
        let mut first = u64::from(*length);
        while first < 1_u64.checked_shl(bits.into()).unwrap_or(0) {
            let size = narrow(first.trailing_zeros());
            let low = below.saturating_add(size);
            let fixed = bits.saturating_sub(size);
            let high = all.saturating_sub(low).saturating_sub(fixed);
            let value = u32::try_from(first.checked_shr(size.into()).unwrap_or(0)).unwrap_or(u32::MAX);
            let axes = [
                (low > 0).then_some(Axis::Point { at: 0, bits: low }),
                Some(Axis::Fixed { value, bits: fixed }),
                (high > 0).then_some(Axis::Point { at: low, bits: high }),
            ];
            relations.push(Relation {
                point_bits: low.saturating_add(high),
                products: Vec::new(),
                terms: vec![Term {
                    coefficient: Coefficient { mantissa: 1, shift: 0 },
                    base,
                    axes: axes.into_iter().flatten().collect(),
                }],
                constant: Constant::Number(Coefficient { mantissa: 0, shift: 0 }),
            });
            first = first.saturating_add(1_u64.checked_shl(size.into()).unwrap_or(u64::MAX));
        }
        below = below.saturating_add(bits);
    }
    relations
}
