//! The rules that make a descriptor a function, whatever it says ([10.2]). The contract `Descriptors` checks the
//! same ones at registration, in the same order, so that both name the same fault.
//!
//! Why they are enough, by induction over relations: at a point of the cube a relation says
//! `Σ products + Σ terms = 2^sh·hi + lo - half` in the field; nothing wraps (f), so it says so in the integers; what it
//! reads is determined (d); the limbs of lo are in range and add up to less than 2^sh (c), (d), so hi and lo are
//! determined; and `out` is the table's value at hi (b), (c).

mod certificate;
mod federated;

use super::{
    Area, Axis, Coefficient, Constant, Descriptor, EncodeError, Kind, Layout, LookupBlock, Relation, SLOTS,
    Strided, Table, Term, Window,
};
use crate::claims;
use std::ops::Deref;
use thiserror::Error;

/// Variables of the main sumcheck: `2^-n` has a closed form up to here.
const VARIABLES: usize = 28;
/// Coordinates of r.
const COORDINATES: usize = 32;
/// Bits of a chunk's number: every chunk costs the verifier a multiplication.
const COUNT_BITS: usize = 8;
/// The same of a round, whose rows each have chunks, most of which may not be there.
const ROUND_COUNT_BITS: usize = 10;
/// Mask cells, as a power of two.
const MASK_BITS: usize = 10;
/// Public values of a relation, as a power of two.
pub(super) const PUBLIC_BITS: u8 = 12;
/// Tables, lookup blocks, relations, blocks of a role; terms of a form; axes of a term.
const COUNT: usize = 256;
/// Bits of a window's axis and coordinates.
const WINDOW_BITS: usize = 12;
/// What a window costs: places times taps.
const WINDOW_WORK: usize = 1 << 14;
/// Bits of an integer on the way.
const INTEGER_BITS: usize = 250;
/// Bits of a cell.
const CELL_BITS: usize = 62;

/// A descriptor that keeps every rule: what proofs are made and verified with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidDescriptor {
    descriptor: Descriptor,
    bytes: Vec<u8>,
}

impl ValidDescriptor {
    /// Its canonical bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The descriptor, to be changed: it has to be validated again.
    pub fn into_inner(self) -> Descriptor {
        self.descriptor
    }
}

impl Deref for ValidDescriptor {
    type Target = Descriptor;

    fn deref(&self) -> &Descriptor {
        &self.descriptor
    }
}

/// Which rule a descriptor breaks.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
pub enum InvalidDescriptor {
    /// It has no canonical bytes.
    #[error(transparent)]
    Bytes(#[from] EncodeError),
    /// (a) The layout is not the canonical one of its sizes.
    #[error("the layout is not that of its sizes")]
    Layout,
    /// (g) Nothing is there that must be, or too much.
    #[error("{what}: expected {least} to {most}, got {got}")]
    Size {
        /// Of what.
        what: &'static str,
        /// The least allowed.
        least: usize,
        /// The most.
        most: usize,
        /// What there is.
        got: usize,
    },
    /// (b) Tags do not ascend from 1 on.
    #[error("table {table}: its tag is not above the one before")]
    TableTag {
        /// The table.
        table: usize,
    },
    /// (b) A table is not aligned, overlaps the one before, or does not fit.
    #[error("table {table}: its rows are not aligned, not free or not there")]
    TablePlace {
        /// The table.
        table: usize,
    },
    /// (b) Values beyond bounds, an `out` where there is none, or none where there is one.
    #[error("table {table}: its values are out of bounds")]
    TableValues {
        /// The table.
        table: usize,
    },
    /// (c) A lookup block is not aligned, overlaps another, or does not fit.
    #[error("lookup block {lookup}: its rows are not aligned, not free or not there")]
    LookupPlace {
        /// The block.
        lookup: usize,
    },
    /// (c) No table has its tag, or one of another kind than its slot's.
    #[error("lookup block {lookup}: its tag is not one of a table for its slot")]
    LookupTable {
        /// The block.
        lookup: usize,
    },
    /// (c) Input blocks are not looked up one by one, behind all others.
    #[error("lookup block {lookup}: input blocks come last, in order, each once")]
    LookupInput {
        /// The block.
        lookup: usize,
    },
    /// (d) An axis reads beyond coordinates, or is of no kind that is allowed there.
    #[error("relation {relation}: an axis leaves its coordinates")]
    Axis {
        /// The relation.
        relation: usize,
    },
    /// (d) What a relation reads is no whole weight, input, or output of an earlier relation.
    #[error("relation {relation} reads what is not determined")]
    Source {
        /// The relation.
        relation: usize,
    },
    /// (d) A product's variables, its group or an operand are not there.
    #[error("relation {relation}: a product is not well formed")]
    Product {
        /// The relation.
        relation: usize,
    },
    /// (d), (e) A relation does not end with a new hi block.
    #[error("relation {relation} does not end with a new block of its own")]
    High {
        /// The relation.
        relation: usize,
    },
    /// (c), (d) Limbs are not new ranges one above the other, or not as wide as the shift.
    #[error("relation {relation}: its limbs are not new ranges that add up")]
    Limbs {
        /// The relation.
        relation: usize,
    },
    /// (d) The constant is not half of `2^sh`.
    #[error("relation {relation}: the constant is not half a unit")]
    Half {
        /// The relation.
        relation: usize,
    },
    /// (d) A relation of public values is more than that, or speaks of others than the next ones.
    #[error("relation {relation}: not the next public values of one block")]
    Public {
        /// The relation.
        relation: usize,
    },
    /// (d) A relation of a decision has not the form of one, or speaks of others than the next public values.
    #[error("relation {relation}: not the next decisions, between the classes of one block")]
    Decision {
        /// The relation.
        relation: usize,
    },
    /// (e) A lookup block that no relation determines.
    #[error("lookup block {lookup} belongs to no relation")]
    Free {
        /// The block.
        lookup: usize,
    },
    /// (f) A sum that could wrap.
    #[error("relation {relation}: a sum of {bits} bits could wrap")]
    Wraps {
        /// The relation.
        relation: usize,
        /// Its bits.
        bits: usize,
    },
    /// Of a certificate: a relation that does not tie limbs to a block that has none yet.
    #[error("relation {relation} is not that of a block and its limbs")]
    Ranged {
        /// The relation.
        relation: usize,
    },
    /// Of a certificate: a relation that does not say that a part of a block is zero.
    #[error("relation {relation} does not say that a part of a block is zero")]
    Padding {
        /// The relation.
        relation: usize,
    },
    /// Of a certificate: a weight block or function table that is not looked up once, at its width, in its turn.
    #[error("block {block} is not looked up once, in its turn, in the range that is declared for it")]
    Covered {
        /// The block: weight blocks, then function tables; their number for something that is none of them.
        block: usize,
    },
    /// Of an update: a first relation that is not its norm's, or a public value anywhere else.
    #[error("relation {relation} is not that of the norm and its slack")]
    Norm {
        /// The relation.
        relation: usize,
    },
    /// Of a round: one of the first relations that is not of the inner products of a half's rows, or such a one anywhere else.
    #[error("relation {relation} is not that of the inner products of the next half's rows")]
    Gram {
        /// The relation.
        relation: usize,
    },
}

use InvalidDescriptor as Fault;

impl Descriptor {
    /// Checks every rule of [10.2], or of [10.4] or [10.5] if it is of that kind.
    pub fn validate(self) -> Result<ValidDescriptor, InvalidDescriptor> {
        self.check()?;
        let bytes = self.encode()?;
        Ok(ValidDescriptor { descriptor: self, bytes })
    }

    fn check(&self) -> Result<(), InvalidDescriptor> {
        self.check_sizes()?;
        self.check_tables()?;
        let inputs = self.check_lookups()?;
        let mut known = Known { descriptor: self, inputs, determined: vec![false; self.lookups.len()] };
        match self.kind {
            Kind::Decision => known.decision(),
            Kind::Certificate => known.certificate(),
            Kind::Update => known.update(),
            Kind::Round => known.round(),
        }
    }

    fn check_sizes(&self) -> Result<(), Fault> {
        let layout = &self.layout;
        let sizes = &layout.sizes;
        let round = self.kind == Kind::Round;
        let rows = if round { sizes.inputs.len() } else { 0 };
        if Layout::new(sizes).as_ref() != Ok(layout)
            || self.weight_bits.len() != sizes.weights.len()
            || self.row_bits.len() != rows
            || sizes.vectors != round
            || (round && sizes.inputs != sizes.weights)
        {
            return Err(Fault::Layout);
        }
        let within = |what, least, most, got| match got {
            _ if (least..=most).contains(&got) => Ok(()),
            _ => Err(Fault::Size { what, least, most, got }),
        };
        let count_bits = if round { ROUND_COUNT_BITS } else { COUNT_BITS };
        within("bits of a chunk's number", 0, count_bits, layout.count_bits.into())?;
        within("slots", 1, SLOTS, layout.slots.len())?;
        within("slot bits", 1, VARIABLES, layout.slot_bits.into())?;
        within("table bits", 1, VARIABLES, layout.table_bits.into())?;
        within("variables", 1, VARIABLES, self.variables())?;
        within("coordinates", 1, COORDINATES, self.point_length())?;
        within("function bits", 0, layout.table_bits.into(), sizes.function_bits.unwrap_or(0).into())?;
        within("weight blocks", 0, COUNT, sizes.weights.len())?;
        // A certificate has neither inputs nor products, and may do without relations; an update has no inputs.
        let (least, inputs, products) = match self.kind {
            Kind::Decision => (1, COUNT, COUNT),
            Kind::Certificate => (0, 0, 0),
            Kind::Update => (1, 0, COUNT),
            Kind::Round => (1, COUNT, COUNT),
        };
        if matches!(self.kind, Kind::Update | Kind::Round) {
            within("function tables", 0, 0, usize::from(sizes.function_bits.is_some()))?;
        }
        within("input blocks", 0, inputs, sizes.inputs.len())?;
        within("tables", 1, COUNT, self.tables.len())?;
        within("lookup blocks", 1, COUNT, self.lookups.len())?;
        within("relations", least, COUNT, self.relations.len())?;
        within("products", 0, products, self.products().count())?;
        for bits in self.weight_bits.iter().chain(&self.row_bits) {
            within("bits of weights", 1, CELL_BITS, usize::from(*bits))?;
        }
        if let Some(bits) = sizes.mask_bits {
            within("mask bits", 0, MASK_BITS, bits.into())?;
            let cells = claims::mask_cells(self.operands(), &self.degrees(true));
            within("mask cells", 0, power(bits), cells)?;
        }
        Ok(())
    }

    fn check_tables(&self) -> Result<(), Fault> {
        let (mut tag, mut row) = (0, 0);
        for (table, own) in self.tables.iter().enumerate() {
            if own.tag <= tag {
                return Err(Fault::TableTag { table });
            }
            tag = own.tag;
            let end = end(own.row, own.bits).filter(|_| own.row >= row);
            // Function tables lie where their `out` is committed.
            let room = match own.function {
                true => self.layout.sizes.function_bits.unwrap_or(0),
                false => self.layout.table_bits,
            };
            match end.filter(|end| *end <= 1_u64.checked_shl(room.into()).unwrap_or(0)) {
                Some(end) => row = end,
                None => return Err(Fault::TablePlace { table }),
            }
            let bounded = usize::from(own.bits) <= CELL_BITS && value_bits(own.first) <= CELL_BITS;
            let out = match own.function {
                true => (1..=CELL_BITS).contains(&own.out_bits.into()) && self.layout.functions.is_some(),
                false => own.out_bits == 0,
            };
            if !bounded || !out {
                return Err(Fault::TableValues { table });
            }
        }
        Ok(())
    }

    /// The bits of each input's values.
    fn check_lookups(&self) -> Result<Vec<usize>, Fault> {
        let sizes = &self.layout.sizes;
        let mut inputs: Vec<usize> = Vec::new();
        let mut next = vec![0; sizes.areas.len()];
        for (lookup, own) in self.lookups.iter().enumerate() {
            let slot = usize::from(own.slot);
            let (Some(area), Some(free)) = (sizes.areas.get(slot), next.get_mut(slot)) else {
                return Err(Fault::LookupPlace { lookup });
            };
            let end = end(own.row, own.bits)
                .filter(|end| *end <= 1_u64.checked_shl(self.layout.slot_bits.into()).unwrap_or(0));
            let end = end.ok_or(Fault::LookupPlace { lookup })?;
            let table = self.tables.iter().find(|table| table.tag == own.tag);
            // `out` of functions is committed; of ranges in the same slot it is looked up to be 0.
            let committed = *area == Area::Functions && own.input.is_none();
            let table = table.filter(|table| committed || !table.function);
            match own.input {
                None => {
                    if *area == Area::Inputs || !inputs.is_empty() {
                        return Err(Fault::LookupInput { lookup });
                    }
                    if own.row < *free {
                        return Err(Fault::LookupPlace { lookup });
                    }
                    *free = end;
                    table.ok_or(Fault::LookupTable { lookup })?;
                }
                Some(base) => {
                    let place = inputs.len();
                    let block =
                        self.layout.input_blocks.get(place).copied().zip(self.layout.input_bits(place));
                    // Which parts of which blocks those of other kinds are, is checked with all that they cover.
                    let right = self.kind != Kind::Decision || block == Some((base, own.bits));
                    if !right {
                        return Err(Fault::LookupInput { lookup });
                    }
                    let mut others = self.lookups.iter().take(lookup);
                    if others.any(|other| other.slot == own.slot && overlap(own, other)) {
                        return Err(Fault::LookupPlace { lookup });
                    }
                    let table = table.ok_or(Fault::LookupTable { lookup })?;
                    inputs.push(range_bits(table.first, table.bits));
                }
            }
        }
        if self.kind == Kind::Decision && inputs.len() != sizes.inputs.len() {
            return Err(Fault::LookupInput { lookup: self.lookups.len() });
        }
        Ok(inputs)
    }
}

/// What relations may read so far.
struct Known<'a> {
    descriptor: &'a Descriptor,
    /// Bits of each input's values.
    inputs: Vec<usize>,
    /// Which lookup blocks a relation has determined.
    determined: Vec<bool>,
}

impl Known<'_> {
    /// Checks all relations, and that they determine everything.
    fn decision(&mut self) -> Result<(), Fault> {
        let mut public = 0;
        for (place, relation) in self.descriptor.relations.iter().enumerate() {
            self.relation(place, relation, &mut public)?;
        }
        self.all_determined()
    }

    fn all_determined(&self) -> Result<(), Fault> {
        let mut lookups = self.descriptor.lookups.iter().zip(&self.determined);
        let free = lookups.position(|(own, done)| own.input.is_none() && !done);
        free.map_or(Ok(()), |lookup| Err(Fault::Free { lookup }))
    }

    fn relation(&mut self, place: usize, relation: &Relation, public: &mut u64) -> Result<(), Fault> {
        let half = match relation.constant {
            Constant::Public { first, count } => {
                return self.public(place, relation, u64::from(first), u64::from(count), public);
            }
            Constant::Decision { first, classes, class_bits } => {
                return self.decided(place, relation, (first, classes, class_bits), public);
            }
            Constant::Gram { .. } => return Err(Fault::Gram { relation: place }),
            Constant::Number(half) => half,
        };
        let mut sum = Sum::default();
        for product in &relation.products {
            let grouped = product.group_point.checked_add(product.grouped);
            if product.grouped > product.vars
                || grouped.is_none_or(|end| end > relation.point_bits)
                || !fits(product.a.len())
                || !fits(product.b.len())
            {
                return Err(Fault::Product { relation: place });
            }
            let mut bits = usize::from(product.vars);
            for side in [&product.a, &product.b] {
                let mut own = Sum::default();
                for term in side {
                    own.add(self.term(place, term, relation.point_bits, Some(product.vars))?);
                }
                bits = bits.saturating_add(own.bits());
            }
            sum.add(bits);
        }
        let (read, made) = self.split(relation);
        for term in read {
            sum.add(self.term(place, term, relation.point_bits, None)?);
        }
        self.made(place, relation, made, half, &mut sum)?;
        sum.fits(place)
    }

    /// The terms that read something, and those from the first on that reads an `in` area: hi and limbs.
    fn split<'b>(&self, relation: &'b Relation) -> (&'b [Term], &'b [Term]) {
        let first = relation.terms.iter().position(|term| self.in_block(term.base).is_some());
        relation.terms.split_at_checked(first.unwrap_or(relation.terms.len())).unwrap_or_default()
    }

    /// The lookup block whose `in` begins at this cell, in an area of its own.
    fn in_block(&self, base: u64) -> Option<usize> {
        let layout = &self.descriptor.layout;
        self.descriptor.lookups.iter().position(|own| {
            let area = layout.slots.get(usize::from(own.slot)).and_then(|slot| slot.0);
            own.input.is_none() && area.and_then(|area| area.checked_add(own.row)) == Some(base)
        })
    }

    /// hi with `-2^sh`, then limbs of lo as wide as sh.
    fn made(
        &mut self,
        place: usize,
        relation: &Relation,
        terms: &[Term],
        half: Coefficient,
        sum: &mut Sum,
    ) -> Result<(), Fault> {
        let fault = Fault::High { relation: place };
        let (high, limbs) = terms.split_first().ok_or(fault)?;
        let shift = high.coefficient.shift;
        // The rule on `sh + w + 1` is a part of the bound on everything.
        let table = self.new_block(relation, high, -1).filter(|table| table.function).ok_or(fault)?;
        sum.add(range_bits(table.first, table.bits).saturating_add(shift.into()));
        if self.limbs(place, relation, limbs, -1, sum)? != shift {
            return Err(Fault::Limbs { relation: place });
        }
        let expected = match shift.checked_sub(1) {
            None => Coefficient { mantissa: 0, shift: 0 },
            Some(shift) => Coefficient { mantissa: 1, shift },
        };
        if half != expected {
            return Err(Fault::Half { relation: place });
        }
        sum.add(expected.shift.into());
        Ok(())
    }

    /// Limbs with `sign`, `sign·2^bits`, …, in ranges from 0 on. Returns how wide they are together.
    fn limbs(
        &mut self,
        place: usize,
        relation: &Relation,
        terms: &[Term],
        sign: i64,
        sum: &mut Sum,
    ) -> Result<u8, Fault> {
        let fault = Fault::Limbs { relation: place };
        let mut filled = 0_u8;
        for term in terms {
            let table = self.new_block(relation, term, sign).ok_or(fault)?;
            if table.function || table.first != 0 || term.coefficient.shift != filled {
                return Err(fault);
            }
            sum.add(range_bits(table.first, table.bits).saturating_add(filled.into()));
            filled = filled.saturating_add(table.bits);
        }
        Ok(filled)
    }

    fn table(&self, block: &LookupBlock) -> Option<Table> {
        self.descriptor.tables.iter().find(|table| table.tag == block.tag).copied()
    }

    /// Takes a block as a relation's own: all over its output cells, with this sign, and used before by none. Returns its
    /// table.
    fn new_block(&mut self, relation: &Relation, term: &Term, sign: i64) -> Option<Table> {
        let lookup = self.in_block(term.base)?;
        let block = self.descriptor.lookups.get(lookup)?;
        let table = self.table(block)?;
        let done = self.determined.get_mut(lookup)?;
        let plain = [Axis::Point { at: 0, bits: relation.point_bits }];
        let right = !*done
            && term.axes == plain
            && block.bits == relation.point_bits
            && term.coefficient.mantissa == sign;
        *done = true;
        right.then_some(table)
    }

    /// Minus the scores of all real classes, then limbs of the margin; the next decisions.
    fn decided(
        &mut self,
        place: usize,
        relation: &Relation,
        (first, classes, class_bits): (u32, u32, u8),
        next: &mut u64,
    ) -> Result<(), Fault> {
        let fault = Fault::Decision { relation: place };
        let (score, limbs) = relation.terms.split_first().ok_or(fault)?;
        let item_bits = relation.point_bits.checked_sub(class_bits).ok_or(fault)?;
        let window = Window::first(class_bits, classes);
        let axes =
            [Axis::Window { bits: class_bits, window }, Axis::Point { at: class_bits, bits: item_bits }];
        if !relation.products.is_empty()
            || score.axes != axes
            || score.coefficient != (Coefficient { mantissa: -1, shift: 0 })
            || u64::from(first) != *next
            || item_bits > PUBLIC_BITS
        {
            return Err(fault);
        }
        let mut sum = Sum::default();
        let bits = self.term(place, score, relation.point_bits, None)?;
        // The chosen score, and what keeps a later one from winning a tie.
        for bits in [bits, bits, 0] {
            sum.add(bits);
        }
        self.limbs(place, relation, limbs, -1, &mut sum)?;
        *next = next.saturating_add(relation.public_count());
        sum.fits(place)
    }

    fn public(
        &self,
        place: usize,
        relation: &Relation,
        first: u64,
        count: u64,
        next: &mut u64,
    ) -> Result<(), Fault> {
        let fault = Fault::Public { relation: place };
        let [term] = relation.terms.as_slice() else { return Err(fault) };
        let plain = [Axis::Point { at: 0, bits: relation.point_bits }];
        let most = 1_u64.checked_shl(relation.point_bits.min(PUBLIC_BITS).into()).unwrap_or(0);
        if !relation.products.is_empty()
            || term.axes != plain
            || term.coefficient != (Coefficient { mantissa: 1, shift: 0 })
            || first != *next
            || !(1..=most).contains(&count)
        {
            return Err(fault);
        }
        self.term(place, term, relation.point_bits, None)?;
        *next = next.saturating_add(count);
        Ok(())
    }

    /// The bits of a term's value at a point of the cube; `vars` are the sum's variables if it is a product's.
    fn term(&self, place: usize, term: &Term, point_bits: u8, vars: Option<u8>) -> Result<usize, Fault> {
        let (mut size, mut count) = (0_u8, 0_usize);
        let fault = Fault::Axis { relation: place };
        if term.axes.len() > COUNT {
            return Err(fault);
        }
        for axis in &term.axes {
            count = count.saturating_add(axis_count(axis, point_bits, vars).ok_or(fault)?);
            size = size.checked_add(axis.bits()).ok_or(fault)?;
        }
        let cell = self.source(term, size).ok_or(Fault::Source { relation: place })?;
        let Coefficient { mantissa, shift } = term.coefficient;
        Ok(cell.saturating_add(count).saturating_add(shift.into()).saturating_add(value_bits(mantissa)))
    }

    /// The bits of the values in a block that is a whole weight, input, or output of an earlier relation.
    fn source(&self, term: &Term, size: u8) -> Option<usize> {
        let layout = &self.descriptor.layout;
        let base = term.base;
        let whole = |bases: &[u64], sizes: &[u8]| {
            bases.iter().zip(sizes).position(|(own, bits)| *own == base && *bits == size)
        };
        if let Some(weight) = whole(&layout.weight_blocks, &layout.sizes.weights) {
            return self.descriptor.weight_bits.get(weight).map(|bits| usize::from(*bits).saturating_sub(1));
        }
        let mut inputs = layout.input_blocks.iter().enumerate();
        if let Some((input, _)) = inputs.find(|(input, base)| is_input(layout, term, size, *input, **base)) {
            return self.inputs.get(input).copied();
        }
        let mut determined = self.descriptor.lookups.iter().zip(&self.determined).filter(|(_, done)| **done);
        let (block, _) = determined.find(|(own, _)| {
            let area = layout.slots.get(usize::from(own.slot)).and_then(|slot| slot.1);
            own.bits == size && area.and_then(|area| area.checked_add(own.row)) == Some(base)
        })?;
        let table = self.table(block).filter(|table| table.function)?;
        Some(usize::from(table.out_bits).saturating_sub(1))
    }
}

/// Whether a term of `2^size` cells reads a whole input block: its cells one after the other, or in each item's chunks those at
/// its place.
fn is_input(layout: &Layout, term: &Term, size: u8, input: usize, base: u64) -> bool {
    let Some(own) = layout.strided(base) else {
        return term.base == base && layout.input_bits(input) == Some(size);
    };
    let Strided { first, block_bits, gap_bits, place, item_bits } = own;
    let all = block_bits.checked_add(gap_bits).and_then(|bits| bits.checked_add(item_bits));
    let mut below = 0_u8;
    let mut axes = term.axes.iter().filter(|axis| {
        let at = below;
        below = below.saturating_add(axis.bits());
        at == block_bits && axis.bits() > 0
    });
    let gap = Axis::Fixed { value: place, bits: gap_bits };
    term.base == first && Some(size) == all && axes.next() == Some(&gap)
}

/// How many cells an axis adds up at a point of the cube, in bits; none if it is not allowed.
fn axis_count(axis: &Axis, point_bits: u8, vars: Option<u8>) -> Option<usize> {
    let ends = |at: u8, bits: u8, limit: u8| at.checked_add(bits).filter(|end| *end <= limit).map(drop);
    match *axis {
        Axis::Point { at, bits } => ends(at, bits, point_bits).map(|()| 0),
        Axis::Sum { at, bits } => ends(at, bits, vars?).map(|()| 0),
        Axis::Fixed { value, bits } => (u64::from(value) < 1_u64.checked_shl(bits.into())?).then_some(0),
        Axis::Ones { bits } => vars.is_none().then_some(bits.into()),
        // Of rows alone.
        Axis::Span { .. } | Axis::Mixed { .. } => None,
        Axis::Window { bits, window } => {
            ends(window.point, window.point_bits, point_bits)?;
            let taps = match window.sum {
                Some((at, own)) => {
                    ends(at, own, vars?)?;
                    own
                }
                None => 0,
            };
            let narrow = [bits, window.point_bits, taps].iter().all(|bits| usize::from(*bits) <= WINDOW_BITS);
            let (count, width) = (usize::try_from(window.count).ok()?, usize::try_from(window.taps).ok()?);
            let bounded = narrow
                && (1..=power(window.point_bits)).contains(&count)
                && count.checked_mul(width)? <= WINDOW_WORK
                && usize::try_from(window.length).ok()? <= power(bits)
                && width >= 1
                && (window.sum.is_none() || width <= power(taps));
            let added = if window.sum.is_none() { log2(width as u64) } else { 0 };
            bounded.then_some(added)
        }
    }
}

/// A sum's items, for a bound on it.
#[derive(Default)]
struct Sum {
    items: u64,
    largest: usize,
}

impl Sum {
    fn add(&mut self, bits: usize) {
        self.items = self.items.saturating_add(1);
        self.largest = self.largest.max(bits);
    }

    fn bits(&self) -> usize {
        self.largest.saturating_add(log2(self.items))
    }

    fn fits(&self, relation: usize) -> Result<(), Fault> {
        match self.bits() {
            bits if bits > INTEGER_BITS => Err(Fault::Wraps { relation, bits }),
            _ => Ok(()),
        }
    }
}

/// The row behind an aligned block; none if it is not aligned.
fn end(row: u64, bits: u8) -> Option<u64> {
    let size = 1_u64.checked_shl(bits.into())?;
    (row.checked_rem(size)? == 0).then(|| row.checked_add(size))?
}

fn overlap(a: &LookupBlock, b: &LookupBlock) -> bool {
    let end = |own: &LookupBlock| end(own.row, own.bits).unwrap_or(u64::MAX);
    a.row < end(b) && b.row < end(a)
}

fn fits(count: usize) -> bool {
    (1..=COUNT).contains(&count)
}

fn power(bits: u8) -> usize {
    1_usize.checked_shl(bits.into()).unwrap_or(0)
}

/// The least n with `number <= 2^n`.
fn log2(number: u64) -> usize {
    number.checked_next_power_of_two().map_or(64, |power| power.trailing_zeros() as usize)
}

/// The least n with `|value| <= 2^n`.
fn value_bits(value: i64) -> usize {
    log2(value.unsigned_abs())
}

/// The least n that bounds all values from `first` on, `2^bits` of them.
fn range_bits(first: i64, bits: u8) -> usize {
    // Both are below 2^62, which the tables' rule has checked.
    let last = 1_i64.checked_shl(bits.into()).and_then(|size| first.checked_add(size)).unwrap_or(i64::MAX);
    value_bits(first).max(value_bits(last))
}
