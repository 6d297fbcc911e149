//! The descriptor of a plan ([10.1]): one function, recomputed by everybody who wants to know that a descriptor is the
//! plan's.

use super::{
    Axis, Coefficient, Constant, Descriptor, Layout, LayoutError, LookupBlock, Product, Relation, SLOTS,
    Sizes, Table, Term, Window, layout::Area,
};
use crate::{claims, statement::Mode};
use averment_plan::{
    Along, Linear, Operator, OutputKind, Plan, Read, ReadKind, Shape, StepTrace, TensorId, View, WeightId,
};
use std::collections::BTreeMap;
use thiserror::Error;

/// The widest range table: low bits beyond it are looked up in limbs.
pub const LIMB_BITS: u8 = 12;

/// What a plan is proved with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// `2^chunk_bits` cells a chunk; none for the size that suits the plan.
    pub chunk_bits: Option<u8>,
    /// Items of a batch, as a power of two.
    pub batch_bits: u8,
    /// Whether there is room for masks.
    pub mode: Mode,
}

/// A descriptor and where the prover puts what the interpreter computed.
#[derive(Debug, Clone)]
pub struct Derived {
    /// The descriptor.
    pub descriptor: Descriptor,
    /// Where each step's cells are looked up.
    pub steps: Vec<Placement>,
    /// Committed cells of the function tables, row by row.
    pub table_outs: Vec<i64>,
}

/// Where a step's cells are looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// hi: slot and first row. `out` lies at the same rows.
    pub high: (u8, u64),
    /// Limbs of lo from the lowest on: slot, first row, the limb's lowest bit and its width.
    pub limbs: Vec<Limb>,
}

/// A limb of lo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limb {
    /// Its slot.
    pub slot: u8,
    /// Its first row.
    pub row: u64,
    /// Its lowest bit in lo.
    pub shift: u8,
    /// Its width.
    pub bits: u8,
}

/// Why a plan has no descriptor.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum DeriveError {
    /// Sizes beyond the protocol's.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// A product that the relations have no form for.
    #[error("step {step}: {what}")]
    Step {
        /// The step.
        step: usize,
        /// What it does.
        what: &'static str,
    },
    /// More rows than slots can have.
    #[error("the plan's lookups do not fit the protocol's slots")]
    Slots,
}

impl Descriptor {
    /// The descriptor of `plan`.
    pub fn derive(plan: &Plan, options: Options) -> Result<Derived, DeriveError> {
        let tables = Tables::of(plan);
        let rows = Rows::pack(plan, options.batch_bits, &tables)?;
        let mut sizes = Sizes {
            chunk_bits: options.chunk_bits.unwrap_or(4),
            weights: plan.weights().iter().map(|weight| bits_of(&weight.shape)).collect(),
            inputs: plan.inputs().iter().map(|input| options.item(&input.shape)).collect(),
            function_bits: tables.function_bits,
            table_bits: tables.bits,
            slot_bits: rows.slot_bits,
            areas: rows.areas,
            mask_bits: None,
        };
        // How many masks there are depends on the relations, which do not depend on where masks lie.
        let draft = assemble(plan, options, &sizes, &tables, &rows)?;
        if options.mode.masked() {
            let cells = claims::mask_cells(draft.operands(), &draft.degrees(true));
            sizes.mask_bits = Some(log2_above(u64::try_from(cells).unwrap_or(u64::MAX)));
        }
        if options.chunk_bits.is_none() {
            sizes.chunk_bits = suitable(&sizes);
        }
        let descriptor = assemble(plan, options, &sizes, &tables, &rows)?;
        Ok(Derived { descriptor, steps: rows.steps, table_outs: tables.outs })
    }
}

impl Options {
    /// Bits of a tensor with its batch.
    fn item(&self, shape: &Shape) -> u8 {
        bits_of(shape).saturating_add(self.batch_bits)
    }
}

impl Placement {
    /// A limb's cells.
    pub fn limb(limb: &Limb, trace: &StepTrace) -> impl Iterator<Item = i64> {
        let Limb { shift, bits, .. } = *limb;
        let mask = 1_u32.checked_shl(bits.into()).map_or(u32::MAX, |range| range.saturating_sub(1));
        trace.lo.iter().map(move |lo| i64::from(lo.checked_shr(shift.into()).unwrap_or(0) & mask))
    }
}

/// A chunk size with few chunks: the fewest cells in all such that at most eight chunks hold them.
fn suitable(sizes: &Sizes) -> u8 {
    let chunks = |chunk_bits: u8| {
        let layout = Layout::new(&Sizes { chunk_bits, ..sizes.clone() }).ok()?;
        Some(layout.chunks().count())
    };
    (8..=22).find(|bits| chunks(*bits).is_some_and(|count| count <= 8)).unwrap_or(22)
}

/// Tables of a plan: functions, then ranges.
struct Tables {
    all: Vec<Table>,
    /// Tags of the plan's tables.
    functions: Vec<u32>,
    /// Tags of ranges by first value and width.
    ranges: BTreeMap<(i64, u8), u32>,
    function_bits: Option<u8>,
    bits: u8,
    outs: Vec<i64>,
}

impl Tables {
    fn of(plan: &Plan) -> Self {
        let mut ranges = BTreeMap::new();
        for input in plan.inputs() {
            ranges.insert((i64::from(input.first), input.bits), 0);
        }
        for step in plan.steps() {
            for (_, bits) in limbs(step.rescale.shift) {
                ranges.insert((0, bits), 0);
            }
        }
        let mut functions = vec![0; plan.tables().len()];
        let mut order: Vec<usize> = (0..functions.len()).collect();
        order.sort_by_key(|place| {
            std::cmp::Reverse(plan.tables().get(*place).map_or(0, |table| table.bits()))
        });
        let (mut all, mut outs, mut row, mut tag) = (Vec::new(), Vec::new(), 0_u64, 1_u32);
        let mut add = |first: i64, bits: u8, out_bits: u8| {
            // Widths fall within functions and within ranges, not from the one to the other: blocks are aligned.
            let size = 1_u64.checked_shl(bits.into()).unwrap_or(u64::MAX);
            row = row.checked_next_multiple_of(size).unwrap_or(u64::MAX);
            all.push(Table { tag, row, bits, first, function: out_bits > 0, out_bits });
            row = row.saturating_add(size);
            tag = tag.saturating_add(1);
            (tag.saturating_sub(1), row)
        };
        let mut function_rows = 0;
        for place in order {
            if let (Some(table), Some(own)) = (plan.tables().get(place), functions.get_mut(place)) {
                let values = table.outputs();
                (*own, function_rows) = add(table.first().into(), table.bits(), signed_bits(&values));
                outs.extend(values.into_iter().map(i64::from));
            }
        }
        let mut order: Vec<(i64, u8)> = ranges.keys().copied().collect();
        order.sort_by_key(|(first, bits)| (std::cmp::Reverse(*bits), *first));
        let mut end = function_rows;
        for (first, bits) in order {
            let (own, after) = add(first, bits, 0);
            ranges.insert((first, bits), own);
            end = after;
        }
        // One row more than the tables have, so that there is one for padding.
        let bits = log2_above(end.saturating_add(1));
        let function_bits = (function_rows > 0).then(|| log2_above(function_rows));
        Self { all, functions, ranges, function_bits, bits, outs }
    }

    fn range(&self, first: i64, bits: u8) -> u32 {
        self.ranges.get(&(first, bits)).copied().unwrap_or(0)
    }
}

/// Limbs of so many low bits: the lowest bit and the width of each.
fn limbs(shift: u8) -> impl Iterator<Item = (u8, u8)> {
    (0..shift).step_by(LIMB_BITS.into()).map(move |low| (low, shift.saturating_sub(low).min(LIMB_BITS)))
}

/// Which rows are looked up.
struct Rows {
    slot_bits: u8,
    areas: [Area; SLOTS],
    steps: Vec<Placement>,
    /// Tag of each step's function and of its limbs; slot, row and tag of each input.
    blocks: Vec<(u8, u64, u8, u32)>,
    inputs: Vec<(u8, u64, u8, u32)>,
}

/// A block that has to be placed: whose it is, its bits, its tag.
#[derive(Clone, Copy)]
struct Wanted {
    owner: (usize, Option<(u8, u8)>),
    bits: u8,
    tag: u32,
}

impl Rows {
    fn pack(plan: &Plan, batch_bits: u8, tables: &Tables) -> Result<Self, DeriveError> {
        let (mut functions, mut ranges, mut inputs) = (Vec::new(), Vec::new(), Vec::new());
        for (step, own) in plan.steps().iter().enumerate() {
            let bits = bits_of(&own.shape).saturating_add(batch_bits);
            let tag = tables.functions.get(own.rescale.table.index()).copied().unwrap_or(0);
            functions.push(Wanted { owner: (step, None), bits, tag });
            for limb in limbs(own.rescale.shift) {
                ranges.push(Wanted { owner: (step, Some(limb)), bits, tag: tables.range(0, limb.1) });
            }
        }
        for (place, input) in plan.inputs().iter().enumerate() {
            let bits = bits_of(&input.shape).saturating_add(batch_bits);
            inputs.push(Wanted {
                owner: (place, None),
                bits,
                tag: tables.range(input.first.into(), input.bits),
            });
        }
        let classes = [functions, ranges, inputs];
        let slots_of = |wanted: &[Wanted], bits: u8| -> Option<u64> {
            let rows = wanted.iter().try_fold(0_u64, |rows, own| {
                rows.checked_add(1_u64.checked_shl(own.bits.into()).filter(|_| own.bits <= bits)?)
            })?;
            Some(rows.div_ceil(1_u64.checked_shl(bits.into())?))
        };
        let slot_bits = (1..=30)
            .find(|bits| {
                let slots: Option<u64> = classes.iter().map(|class| slots_of(class, *bits)).sum();
                slots.is_some_and(|slots| slots <= 4)
            })
            .ok_or(DeriveError::Slots)?;
        let mut rows = Self {
            slot_bits,
            areas: [Area::Inputs; SLOTS],
            steps: vec![Placement { high: (0, 0), limbs: Vec::new() }; plan.steps().len()],
            blocks: Vec::new(),
            inputs: vec![(0, 0, 0, 0); plan.inputs().len()],
        };
        let mut first = 0_u8;
        for (class, area) in classes.into_iter().zip([Area::Functions, Area::Ranges, Area::Inputs]) {
            first = rows.place(class, area, first);
        }
        Ok(rows)
    }

    /// Places a class of blocks in slots of its own, from slot `first` on. Returns the next free slot.
    fn place(&mut self, mut class: Vec<Wanted>, area: Area, first: u8) -> u8 {
        class.sort_by_key(|wanted| std::cmp::Reverse(wanted.bits));
        let mut next = 0_u64;
        for Wanted { owner: (owner, limb), bits, tag } in class {
            let above = next.checked_shr(self.slot_bits.into()).and_then(|slot| u8::try_from(slot).ok());
            let slot = first.saturating_add(above.unwrap_or(u8::MAX));
            let row =
                next & 1_u64.checked_shl(self.slot_bits.into()).map_or(0, |size| size.saturating_sub(1));
            if let Some(own) = self.areas.get_mut(usize::from(slot)) {
                *own = area;
            }
            match (area, limb, self.steps.get_mut(owner)) {
                (Area::Inputs, ..) => {
                    if let Some(own) = self.inputs.get_mut(owner) {
                        *own = (slot, row, bits, tag);
                    }
                }
                (_, None, Some(step)) => step.high = (slot, row),
                (_, Some((shift, width)), Some(step)) => {
                    step.limbs.push(Limb { slot, row, shift, bits: width })
                }
                (_, _, None) => {}
            }
            if area != Area::Inputs {
                self.blocks.push((slot, row, bits, tag));
            }
            next = next.saturating_add(1_u64.checked_shl(bits.into()).unwrap_or(u64::MAX));
        }
        let used = next.div_ceil(1_u64.checked_shl(self.slot_bits.into()).unwrap_or(1));
        first.saturating_add(u8::try_from(used).unwrap_or(u8::MAX))
    }
}

fn assemble(
    plan: &Plan,
    options: Options,
    sizes: &Sizes,
    tables: &Tables,
    rows: &Rows,
) -> Result<Descriptor, DeriveError> {
    let layout = Layout::new(sizes)?;
    let block =
        |(slot, row, bits, tag): (u8, u64, u8, u32), input| LookupBlock { slot, row, bits, tag, input };
    let mut lookups: Vec<LookupBlock> = rows.blocks.iter().map(|own| block(*own, None)).collect();
    lookups.extend(rows.inputs.iter().zip(&layout.input_blocks).map(|(own, base)| block(*own, Some(*base))));
    let wiring = Wiring { plan, options, layout: &layout, rows };
    let mut relations = Vec::new();
    for step in 0..plan.steps().len() {
        relations.push(wiring.relation(step)?);
    }
    if plan.output().kind == OutputKind::Values {
        relations.extend(wiring.output());
    }
    let weight_bits = plan.weights().iter().map(|weight| weight.bits).collect();
    Ok(Descriptor { layout, weight_bits, tables: tables.all.clone(), lookups, relations })
}

/// What turns steps into relations.
struct Wiring<'a> {
    plan: &'a Plan,
    options: Options,
    layout: &'a Layout,
    rows: &'a Rows,
}

/// The coordinates that a step's reads are stated in.
struct Frame<'a> {
    step: usize,
    result: &'a Shape,
    sums: &'a [u32],
    /// Axes of the result that the sum runs over, the outermost first; empty but in products.
    grouped: Vec<u8>,
    /// Whether taps are variables of a sumcheck, or just added up.
    variables: bool,
}

impl Frame<'_> {
    /// Where an axis of the result begins in r.
    fn point(&self, axis: u8) -> u8 {
        let after = self.result.axis_bits().skip(usize::from(axis).saturating_add(1));
        narrow(after.sum())
    }

    /// Bits of an axis of the result.
    fn result_bits(&self, axis: u8) -> u8 {
        narrow(self.result.axis_bits().nth(axis.into()).unwrap_or(0))
    }

    /// Where a grouped axis begins among the sum's variables; none if it is not grouped.
    fn group(&self, axis: u8) -> Option<u8> {
        let place = self.grouped.iter().position(|own| *own == axis)?;
        Some(self.grouped.iter().skip(place.saturating_add(1)).map(|own| self.result_bits(*own)).sum())
    }

    /// Bits of all grouped axes.
    fn group_bits(&self) -> u8 {
        self.grouped.iter().map(|own| self.result_bits(*own)).sum()
    }

    /// Where a sum axis begins among the variables, and its bits.
    fn sum(&self, axis: u8) -> (u8, u8) {
        let bits = |length: &u32| log2_above((*length).into());
        let after: u8 = self.sums.iter().skip(usize::from(axis).saturating_add(1)).map(bits).sum();
        let own = self.sums.get(usize::from(axis)).map_or(0, bits);
        (self.group_bits().saturating_add(after), own)
    }

    fn length(&self, axis: u8) -> u32 {
        self.sums.get(usize::from(axis)).copied().unwrap_or(1)
    }

    fn real(&self, axis: u8) -> u32 {
        self.result.dim(axis.into()).unwrap_or(1)
    }

    /// How an axis of a source is read; none if nothing is.
    fn axis(&self, read: &Read, source: u32) -> Result<Option<Axis>, DeriveError> {
        let bits = log2_above(source.into());
        let plain = read.kind(source, self.result, self.sums) == ReadKind::Plain;
        let axis = match (read.output, read.tap) {
            (None, None) => {
                let cell = read.cell(0, 0);
                return Ok(cell.map(|value| Axis::Fixed { value, bits }));
            }
            (Some(Along { axis, .. }), None) if plain => match self.group(axis) {
                Some(at) => Axis::Sum { at, bits },
                None => Axis::Point { at: self.point(axis), bits },
            },
            (None, Some(Along { axis, .. })) if plain && self.variables => {
                Axis::Sum { at: self.sum(axis).0, bits }
            }
            (output, tap) => Axis::Window { bits, window: self.window(read, output, tap)? },
        };
        Ok(Some(axis))
    }

    fn window(&self, read: &Read, output: Option<Along>, tap: Option<Along>) -> Result<Window, DeriveError> {
        let mut window = Window {
            point: 0,
            point_bits: 0,
            count: 1,
            sum: None,
            taps: 1,
            stride: 1,
            dilation: 1,
            pad: read.pad,
            length: read.limit,
        };
        if let Some(Along { axis, step }) = tap {
            window.sum = self.variables.then(|| self.sum(axis));
            (window.taps, window.dilation) = (self.length(axis), step);
        }
        match output.map(|along| (along, self.group(along.axis))) {
            None => {}
            Some((Along { axis, step }, None)) => {
                (window.point, window.point_bits) = (self.point(axis), self.result_bits(axis));
                (window.count, window.stride) = (self.real(axis), step);
            }
            Some((Along { axis, step }, Some(at))) if tap.is_none() => {
                window.sum = Some((at, self.result_bits(axis)));
                (window.taps, window.dilation) = (self.real(axis), step);
            }
            Some(_) => {
                let what = "a grouped axis that also moves along a sum has no relation in this release";
                return Err(DeriveError::Step { step: self.step, what });
            }
        }
        Ok(window)
    }
}

impl Wiring<'_> {
    /// The relation of a rescaled step.
    fn relation(&self, step: usize) -> Result<Relation, DeriveError> {
        let missing = DeriveError::Step { step, what: "is not there" };
        let own = self.plan.steps().get(step).ok_or(missing.clone())?;
        let place = self.rows.steps.get(step).ok_or(missing)?;
        let (mut products, mut terms) = (Vec::new(), Vec::new());
        match &own.operator {
            Operator::Affine { products: all, linear, bias } => {
                for product in all {
                    products.push(self.product(step, &own.shape, product)?);
                }
                for linear in linear {
                    terms.extend(self.linear(step, &own.shape, linear)?);
                }
                if let Some(bias) = bias {
                    let frame = frame(step, &own.shape, &[]);
                    terms.push(self.weight(&frame, bias.weight, &bias.axes, bias.coefficient));
                }
            }
            Operator::Maximum { first, second } => {
                let frame = frame(step, &own.shape, &[]);
                for (form, sign) in [(second, 1), (first, -1)] {
                    for term in form {
                        terms.extend(self.term(&frame, &term.view, term.coefficient.saturating_mul(sign))?);
                    }
                }
            }
        }
        let bits = self.options.item(&own.shape);
        let shift = own.rescale.shift;
        let axes = vec![Axis::Point { at: 0, bits }];
        let cell = |slot: u8, row: u64| {
            let base = self.layout.slots.get(usize::from(slot)).and_then(|area| area.0).unwrap_or_default();
            base.saturating_add(row)
        };
        let (slot, row) = place.high;
        let coefficient = Coefficient { mantissa: -1, shift };
        terms.push(Term { coefficient, base: cell(slot, row), axes: axes.clone() });
        for limb in &place.limbs {
            let coefficient = Coefficient { mantissa: -1, shift: limb.shift };
            terms.push(Term { coefficient, base: cell(limb.slot, limb.row), axes: axes.clone() });
        }
        let half = match shift.checked_sub(1) {
            None => Coefficient { mantissa: 0, shift: 0 },
            Some(shift) => Coefficient { mantissa: 1, shift },
        };
        Ok(Relation { point_bits: bits, products, terms, constant: Constant::Number(half) })
    }

    /// The output tensor, padded, is what the statement says.
    fn output(&self) -> Option<Relation> {
        let tensor = self.plan.output().tensor;
        let bits = self.options.item(self.plan.shapes().get(tensor.index())?);
        let base = self.base(tensor)?;
        let term = Term {
            coefficient: Coefficient { mantissa: 1, shift: 0 },
            base,
            axes: vec![Axis::Point { at: 0, bits }],
        };
        let count = 1_u32.checked_shl(bits.into())?;
        let constant = Constant::Public { first: 0, count };
        Some(Relation { point_bits: bits, products: Vec::new(), terms: vec![term], constant })
    }

    fn product(
        &self,
        step: usize,
        shape: &Shape,
        product: &averment_plan::Product,
    ) -> Result<Product, DeriveError> {
        let reads = |axis: u8| {
            let mut reads = product.form.iter().flat_map(|term| &term.view.reads);
            reads.any(|read| read.output.is_some_and(|along| along.axis == axis))
        };
        let grouped: Vec<u8> = product.weight_axes.iter().copied().filter(|axis| reads(*axis)).collect();
        if grouped.windows(2).any(|pair| !matches!(pair, [a, b] if a.checked_add(1) == Some(*b))) {
            return Err(DeriveError::Step {
                step,
                what: "grouped axes that are no neighbours have no relation",
            });
        }
        let frame = Frame { grouped, variables: true, ..frame(step, shape, &product.sums) };
        let mut a = Vec::new();
        for term in &product.form {
            a.extend(self.term(&frame, &term.view, term.coefficient)?);
        }
        let b = vec![self.weight(&frame, product.weight, &product.weight_axes, 1)];
        let sums: u8 = product.sums.iter().map(|length| log2_above((*length).into())).sum();
        let group_point = frame.grouped.last().map_or(0, |axis| frame.point(*axis));
        let grouped = frame.group_bits();
        Ok(Product { vars: grouped.saturating_add(sums), grouped, group_point, a, b })
    }

    fn linear(&self, step: usize, shape: &Shape, linear: &Linear) -> Result<Vec<Term>, DeriveError> {
        let frame = frame(step, shape, &linear.sums);
        let mut terms = Vec::new();
        for term in &linear.form {
            terms.extend(self.term(&frame, &term.view, term.coefficient)?);
        }
        Ok(terms)
    }

    /// A view of a tensor; none if nothing of it is read.
    fn term(&self, frame: &Frame<'_>, view: &View, coefficient: i64) -> Result<Option<Term>, DeriveError> {
        let missing = DeriveError::Step { step: frame.step, what: "reads a tensor that is not there" };
        let shape = self.plan.shapes().get(view.tensor.index()).ok_or(missing.clone())?;
        let base = self.base(view.tensor).ok_or(missing)?;
        let mut axes = Vec::new();
        for (read, dim) in view.reads.iter().zip(shape.dims()).rev() {
            match frame.axis(read, *dim)? {
                Some(axis) => axes.push(axis),
                None => return Ok(None),
            }
        }
        axes.push(Axis::Point { at: bits_of(frame.result), bits: self.options.batch_bits });
        let coefficient = Coefficient { mantissa: coefficient, shift: 0 };
        Ok(Some(Term { coefficient, base, axes }))
    }

    /// A weight: its axes of the result, then the sums.
    fn weight(&self, frame: &Frame<'_>, weight: WeightId, axes: &[u8], coefficient: i64) -> Term {
        let base = self.layout.weight_blocks.get(weight.index()).copied().unwrap_or_default();
        let mut own: Vec<Axis> = (0..frame.sums.len())
            .rev()
            .map(|axis| frame.sum(narrow(u32::try_from(axis).unwrap_or(u32::MAX))))
            .map(|(at, bits)| Axis::Sum { at, bits })
            .collect();
        own.extend(axes.iter().rev().map(|axis| {
            let bits = frame.result_bits(*axis);
            match frame.group(*axis) {
                Some(at) => Axis::Sum { at, bits },
                None => Axis::Point { at: frame.point(*axis), bits },
            }
        }));
        Term { coefficient: Coefficient { mantissa: coefficient, shift: 0 }, base, axes: own }
    }

    /// A tensor's first cell: of inputs in their chunk, of steps in the slot's `out` area.
    fn base(&self, tensor: TensorId) -> Option<u64> {
        let inputs = self.plan.inputs().len();
        match tensor.index().checked_sub(inputs) {
            None => self.layout.input_blocks.get(tensor.index()).copied(),
            Some(step) => {
                let (slot, row) = self.rows.steps.get(step)?.high;
                let (_, out) = self.layout.slots.get(usize::from(slot))?;
                out.map(|base| base.saturating_add(row))
            }
        }
    }
}

fn frame<'a>(step: usize, result: &'a Shape, sums: &'a [u32]) -> Frame<'a> {
    Frame { step, result, sums, grouped: Vec::new(), variables: false }
}

fn bits_of(shape: &Shape) -> u8 {
    narrow(shape.bits())
}

/// The width of the signed integers that hold `values`; at least 1.
fn signed_bits(values: &[i32]) -> u8 {
    let width = |value: &i32| {
        let magnitude = if *value < 0 { !*value } else { *value };
        narrow(i32::BITS.saturating_sub(magnitude.leading_zeros())).saturating_add(1)
    };
    values.iter().map(width).max().unwrap_or(1)
}

fn narrow(bits: u32) -> u8 {
    u8::try_from(bits).unwrap_or(u8::MAX)
}

/// The least power of two that is not below `number`.
fn log2_above(number: u64) -> u8 {
    narrow(number.checked_next_power_of_two().map_or(64, u64::trailing_zeros))
}
