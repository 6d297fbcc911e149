//! Which tables a plan has, in which rows they lie, and in which rows of the lookup slots its tensors are looked up
//! ([4.3], [4.4]).

use super::{
    DeriveError, SLOTS, Table,
    derive::{bits_of, log2_above, narrow},
    layout::Area,
};
use averment_plan::{OutputKind, Plan, StepTrace};
use std::{cmp::Reverse, collections::BTreeMap};

/// The widest limb: low bits beyond it are looked up in several.
pub const LIMB_BITS: u8 = 12;

/// Rows of a slot, as a power of two, at most.
pub(super) const SLOT_BITS: u8 = 28;

/// How many slots there can be.
pub(super) fn slot_counts() -> impl Iterator<Item = u8> {
    (1..=SLOTS).filter_map(|slots| u8::try_from(slots).ok())
}

/// Where a step's cells are looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// hi: slot and first row. `out` lies at the same rows.
    pub high: (u8, u64),
    /// Limbs of lo from the lowest on: slot, first row, the limb's lowest bit and its width.
    pub limbs: Vec<Limb>,
}

/// A limb of lo, or of a margin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limb {
    /// Its slot.
    pub slot: u8,
    /// Its first row.
    pub row: u64,
    /// Its lowest bit in the number.
    pub shift: u8,
    /// Its width.
    pub bits: u8,
}

impl Placement {
    /// A limb's cells.
    pub fn limb(limb: &Limb, trace: &StepTrace) -> impl Iterator<Item = i64> {
        trace.lo.iter().map(|lo| limb.of(*lo))
    }
}

impl Limb {
    /// Its value in a number.
    pub fn of(&self, number: u32) -> i64 {
        let mask = 1_u32.checked_shl(self.bits.into()).map_or(u32::MAX, |range| range.saturating_sub(1));
        i64::from(number.checked_shr(self.shift.into()).unwrap_or(0) & mask)
    }
}

/// Function tables of a plan, the widest first.
pub(super) struct Functions {
    /// Each one's place in the plan, first value, width, and width of its outputs.
    order: Vec<(usize, i64, u8, u8)>,
    /// Rows of all of them, rounded up, as a power of two.
    pub(super) bits: Option<u8>,
    /// All outputs, row by row.
    pub(super) outs: Vec<i64>,
}

impl Functions {
    pub(super) fn of(plan: &Plan) -> Self {
        let mut tables: Vec<(usize, &averment_plan::Table)> = plan.tables().iter().enumerate().collect();
        tables.sort_by_key(|(_, table)| std::cmp::Reverse(table.bits()));
        let (mut order, mut outs) = (Vec::new(), Vec::new());
        for (place, table) in tables {
            let values = table.outputs();
            order.push((place, table.first().into(), table.bits(), signed_bits(&values)));
            outs.extend(values.into_iter().map(i64::from));
        }
        let bits = (!outs.is_empty()).then(|| log2_above(u64::try_from(outs.len()).unwrap_or(u64::MAX)));
        Self { order, bits, outs }
    }
}

/// Tables of a plan: functions, then ranges.
pub(super) struct Tables {
    pub(super) all: Vec<Table>,
    /// Tags of the plan's tables.
    functions: Vec<u32>,
    /// Tags of ranges by first value and width.
    ranges: BTreeMap<(i64, u8), u32>,
    pub(super) bits: u8,
    /// The widest limb.
    limb_bits: u8,
}

impl Tables {
    pub(super) fn of(plan: &Plan, functions: &Functions, limb_bits: u8) -> Self {
        let mut ranges = BTreeMap::new();
        for input in plan.inputs() {
            ranges.insert((i64::from(input.first), input.bits), 0);
        }
        for step in plan.steps() {
            for (_, bits) in limbs(step.rescale.shift, limb_bits) {
                ranges.insert((0, bits), 0);
            }
        }
        for (_, bits) in limbs(margin_bits(plan), limb_bits) {
            ranges.insert((0, bits), 0);
        }
        let (mut all, mut row, mut tag) = (Vec::new(), 0_u64, 1_u32);
        let mut add = |first: i64, bits: u8, out_bits: u8| {
            // Widths fall within functions and within ranges, not from the one to the other: blocks are aligned.
            let size = 1_u64.checked_shl(bits.into()).unwrap_or(u64::MAX);
            row = row.checked_next_multiple_of(size).unwrap_or(u64::MAX);
            all.push(Table { tag, row, bits, first, function: out_bits > 0, out_bits });
            row = row.saturating_add(size);
            tag = tag.saturating_add(1);
            (tag.saturating_sub(1), row)
        };
        let (mut tags, mut end) = (vec![0; plan.tables().len()], 0);
        for (place, first, bits, out_bits) in &functions.order {
            if let Some(own) = tags.get_mut(*place) {
                (*own, end) = add(*first, *bits, *out_bits);
            }
        }
        let mut order: Vec<(i64, u8)> = ranges.keys().copied().collect();
        order.sort_by_key(|(first, bits)| (std::cmp::Reverse(*bits), *first));
        for (first, bits) in order {
            let (own, after) = add(first, bits, 0);
            ranges.insert((first, bits), own);
            end = after;
        }
        // One row more than the tables have, so that there is one for padding.
        let bits = log2_above(end.saturating_add(1));
        Self { all, functions: tags, ranges, bits, limb_bits }
    }

    fn range(&self, first: i64, bits: u8) -> u32 {
        self.ranges.get(&(first, bits)).copied().unwrap_or(0)
    }
}

/// Limbs of so many low bits, `width` or fewer of them each: the lowest bit and the width of each limb.
fn limbs(shift: u8, width: u8) -> impl Iterator<Item = (u8, u8)> {
    (0..shift).step_by(width.max(1).into()).map(move |low| (low, shift.saturating_sub(low).min(width)))
}

/// Width of a decision's margins; 0 if there is none.
fn margin_bits(plan: &Plan) -> u8 {
    match plan.output().kind {
        OutputKind::Values | OutputKind::Threshold(_) => 0,
        OutputKind::Argmax => narrow(plan.margin_bits()),
    }
}

/// Rows of lookup slots that are given out so far, from the first slot's first one on.
pub(super) struct Slots {
    count: u8,
    bits: u8,
    next: u64,
    /// What each slot that is in use has.
    areas: Vec<Area>,
}

impl Slots {
    /// At most `count` slots of `2^bits` rows.
    pub(super) fn new(count: u8, bits: u8) -> Self {
        Self { count, bits, next: 0, areas: Vec::new() }
    }

    /// Slot and first row of the next `2^bits` rows, aligned; their slot has at least `area` from then on. None if there is no
    /// room.
    pub(super) fn take(&mut self, bits: u8, area: Area) -> Option<(u8, u64)> {
        let (size, own) = (1_u64.checked_shl(self.bits.into())?, 1_u64.checked_shl(bits.into())?);
        let first = self.next.checked_next_multiple_of(own)?;
        let slot =
            u8::try_from(first.checked_div(size)?).ok().filter(|slot| *slot < self.count && own <= size)?;
        self.next = first.checked_add(own)?;
        self.areas.resize(self.areas.len().max(usize::from(slot).saturating_add(1)), Area::Inputs);
        let has = self.areas.get_mut(usize::from(slot))?;
        *has = area.max(*has);
        Some((slot, first.checked_rem(size)?))
    }

    /// What each slot has that is in use.
    pub(super) fn areas(self) -> Vec<Area> {
        self.areas
    }
}

/// Which rows are looked up.
pub(super) struct Rows {
    pub(super) slot_bits: u8,
    pub(super) areas: Vec<Area>,
    pub(super) steps: Vec<Placement>,
    /// Limbs of the decisions' margins.
    pub(super) margin: Vec<Limb>,
    /// Slot, row, bits and tag of each step's function and limbs, slot by slot and row by row; then of each input.
    pub(super) blocks: Vec<(u8, u64, u8, u32)>,
    pub(super) inputs: Vec<(u8, u64, u8, u32)>,
}

/// What a block is for: a step, or an input. Limbs have their lowest bit and their width.
#[derive(Clone, Copy)]
enum Owner {
    High(usize),
    Limb(usize, (u8, u8)),
    Margin((u8, u8)),
    Input(usize),
}

/// A block that has to be placed: whose it is, what its slot must have, its bits, its tag.
#[derive(Clone, Copy)]
struct Wanted {
    owner: Owner,
    area: Area,
    bits: u8,
    tag: u32,
}

impl Rows {
    /// In at most `slots` slots, as short as they can be.
    pub(super) fn pack(plan: &Plan, batch_bits: u8, tables: &Tables, slots: u8) -> Result<Self, DeriveError> {
        let mut wanted = wanted(plan, batch_bits, tables);
        // Functions first, so that few slots have `out`; of one kind large before small, so that no rows are left out between
        // them; and what is looked up in one table together, for whoever adds up tags.
        wanted.sort_by_key(|own| (Reverse((own.area, own.bits)), own.tag));
        (1..=SLOT_BITS)
            .find_map(|bits| Self::place(plan, &wanted, Slots::new(slots, bits), bits))
            .ok_or(DeriveError::Slots)
    }

    /// Places all blocks; none if there is no room.
    fn place(plan: &Plan, wanted: &[Wanted], mut slots: Slots, slot_bits: u8) -> Option<Self> {
        let mut rows = Self {
            slot_bits,
            areas: Vec::new(),
            steps: vec![Placement { high: (0, 0), limbs: Vec::new() }; plan.steps().len()],
            margin: Vec::new(),
            blocks: Vec::new(),
            inputs: vec![(0, 0, 0, 0); plan.inputs().len()],
        };
        for Wanted { owner, area, bits, tag } in wanted.iter().copied() {
            let (slot, row) = slots.take(bits, area)?;
            let limb = |(shift, bits): (u8, u8)| Limb { slot, row, shift, bits };
            match owner {
                Owner::High(step) => rows.steps.get_mut(step)?.high = (slot, row),
                Owner::Limb(step, own) => rows.steps.get_mut(step)?.limbs.push(limb(own)),
                Owner::Margin(own) => rows.margin.push(limb(own)),
                Owner::Input(input) => *rows.inputs.get_mut(input)? = (slot, row, bits, tag),
            }
            if area != Area::Inputs {
                rows.blocks.push((slot, row, bits, tag));
            }
        }
        rows.blocks.sort_unstable();
        for limbs in rows.steps.iter_mut().map(|step| &mut step.limbs).chain([&mut rows.margin]) {
            limbs.sort_by_key(|limb| limb.shift);
        }
        rows.areas = slots.areas();
        Some(rows)
    }
}

/// Everything that a plan looks up.
fn wanted(plan: &Plan, batch_bits: u8, tables: &Tables) -> Vec<Wanted> {
    let bits_of = |shape| bits_of(shape).saturating_add(batch_bits);
    let mut wanted = Vec::new();
    for (step, own) in plan.steps().iter().enumerate() {
        let bits = bits_of(&own.shape);
        let tag = tables.functions.get(own.rescale.table.index()).copied().unwrap_or(0);
        wanted.push(Wanted { owner: Owner::High(step), area: Area::Functions, bits, tag });
        for limb in limbs(own.rescale.shift, tables.limb_bits) {
            let (owner, tag) = (Owner::Limb(step, limb), tables.range(0, limb.1));
            wanted.push(Wanted { owner, area: Area::Ranges, bits, tag });
        }
    }
    let bits = plan.shapes().get(plan.output().tensor.index()).map_or(0, bits_of);
    for limb in limbs(margin_bits(plan), tables.limb_bits) {
        let (owner, tag) = (Owner::Margin(limb), tables.range(0, limb.1));
        wanted.push(Wanted { owner, area: Area::Ranges, bits, tag });
    }
    for (place, input) in plan.inputs().iter().enumerate() {
        let tag = tables.range(input.first.into(), input.bits);
        let bits = bits_of(&input.shape);
        wanted.push(Wanted { owner: Owner::Input(place), area: Area::Inputs, bits, tag });
    }
    wanted
}

/// The width of the signed integers that hold `values`; at least 1.
fn signed_bits(values: &[i32]) -> u8 {
    let width = |value: &i32| {
        let magnitude = if *value < 0 { !*value } else { *value };
        narrow(i32::BITS.saturating_sub(magnitude.leading_zeros())).saturating_add(1)
    };
    values.iter().map(width).max().unwrap_or(1)
}
