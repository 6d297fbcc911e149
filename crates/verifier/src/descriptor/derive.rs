//! The descriptor of a plan ([10.1]): one function, recomputed by everybody who wants to know that a descriptor is the
//! plan's.

use super::{
    Axis, Coefficient, Constant, Descriptor, InvalidDescriptor, Kind, Layout, LayoutError, Limb, LookupBlock,
    Placement, Product, Relation, Sizes, Term, ValidDescriptor, Window, cost,
    pack::{Functions, LIMB_BITS, Rows, Tables, slot_counts},
    validate::PUBLIC_BITS,
};
use crate::{claims, statement::Mode};
use averment_plan::{
    Along, Linear, Operator, OutputKind, Plan, Read, ReadKind, Shape, TensorId, Trace, View, WeightId,
};
use thiserror::Error;

/// What a plan is proved with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// `2^chunk_bits` cells a chunk; none for the size that suits the plan.
    pub chunk_bits: Option<u8>,
    /// Lookup slots, at most four; none for the number that suits the plan.
    pub slots: Option<u8>,
    /// Items of a batch, as a power of two.
    pub batch_bits: u8,
    /// Whether there is room for masks.
    pub mode: Mode,
    /// Whether the statement says what the inputs are, before the outputs, instead of only committing to them.
    pub public_inputs: bool,
    /// How a batch's inputs are committed to.
    pub commitments: Commitments,
}

/// How the inputs of a batch are committed to; of one item there is one commitment either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Commitments {
    /// All items together.
    #[default]
    Joint,
    /// Each item by itself, before there was a batch.
    Each,
}

impl Default for Options {
    /// One item in zero-knowledge, inputs committed to.
    fn default() -> Self {
        Self {
            chunk_bits: None,
            slots: None,
            batch_bits: 0,
            mode: Mode::ZeroKnowledge,
            public_inputs: false,
            commitments: Commitments::Joint,
        }
    }
}

/// A descriptor and where the prover puts what the interpreter computed.
#[derive(Debug, Clone)]
pub struct Derived {
    /// The descriptor.
    pub descriptor: ValidDescriptor,
    /// Where each step's cells are looked up.
    pub steps: Vec<Placement>,
    /// Limbs of the margins, with [`OutputKind::Argmax`].
    pub margin: Vec<Limb>,
    /// Committed cells of the function tables, row by row.
    pub table_outs: Vec<i64>,
    public_inputs: bool,
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
    /// More of something than the protocol's bounds allow.
    #[error(transparent)]
    Invalid(#[from] InvalidDescriptor),
    /// More public values than a statement has room for.
    #[error(
        "a tensor of 2^{bits} cells, padding and batch counted, is too large to be public: at most 2^{PUBLIC_BITS}"
    )]
    Public {
        /// Its cells, as a power of two.
        bits: u8,
    },
    /// Public inputs that are committed to one by one.
    #[error(
        "inputs that are public take one joint commitment: what the statement says of them is what counts"
    )]
    PublicEach,
    /// More rows than slots can have.
    #[error("the plan's lookups do not fit the protocol's slots")]
    Slots,
    /// More cells than the chunks that are chosen from have.
    #[error("no chunks of at most 2^{} cells hold the plan; name a larger size", CHUNK_BITS.end())]
    Chunks,
}

impl Descriptor {
    /// The descriptor of `plan`.
    pub fn derive(plan: &Plan, options: Options) -> Result<Derived, DeriveError> {
        if options.public_inputs && options.item_bits() > 0 {
            return Err(DeriveError::PublicEach);
        }
        let functions = Functions::of(plan);
        // Of layouts that cost the same, that with the fewest limbs.
        let (mut best, mut failure) = (None, None);
        let wanted = |slots: &u8| options.slots.is_none_or(|own| own == *slots);
        let choices = (1..=LIMB_BITS).rev();
        let choices =
            choices.flat_map(|limb_bits| slot_counts().filter(wanted).map(move |slots| (limb_bits, slots)));
        for (limb_bits, slots) in choices {
            match Candidate::new(plan, options, &functions, limb_bits, slots) {
                Ok(own) if best.as_ref().is_none_or(|best: &Candidate| own.cost < best.cost) => {
                    best = Some(own)
                }
                Ok(_) => {}
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        let Some(Candidate { sizes, tables, rows, .. }) = best else {
            return Err(failure.unwrap_or(DeriveError::Slots));
        };
        let descriptor = assemble(plan, options, &sizes, &tables, &rows)?.validate()?;
        let public_inputs = options.public_inputs;
        let Rows { steps, margin, .. } = rows;
        Ok(Derived { descriptor, steps, margin, table_outs: functions.outs, public_inputs })
    }
}

/// A way to lay a plan out.
struct Candidate {
    /// See [`cost`].
    cost: u64,
    sizes: Sizes,
    tables: Tables,
    rows: Rows,
}

impl Candidate {
    /// With limbs of `limb_bits`, in so many slots, in chunks of the size that costs least.
    fn new(
        plan: &Plan,
        options: Options,
        functions: &Functions,
        limb_bits: u8,
        slots: u8,
    ) -> Result<Self, DeriveError> {
        let tables = Tables::of(plan, functions, limb_bits);
        let rows = Rows::pack(plan, options.batch_bits, &tables, slots)?;
        // Whatever chunks are chosen, large ones have room for an item.
        let drafted = if options.item_bits() > 0 { CHUNK_BITS.end() } else { CHUNK_BITS.start() };
        let mut sizes = Sizes {
            chunk_bits: options.chunk_bits.unwrap_or(*drafted),
            weights: plan.weights().iter().map(|weight| bits_of(&weight.shape)).collect(),
            inputs: plan.inputs().iter().map(|input| options.input(&input.shape)).collect(),
            item_bits: options.item_bits(),
            function_bits: functions.bits,
            table_bits: tables.bits,
            slot_bits: rows.slot_bits,
            areas: rows.areas.clone(),
            mask_bits: None,
            vectors: false,
        };
        // How many masks there are depends on the relations, which do not depend on where masks lie.
        let draft = assemble(plan, options, &sizes, &tables, &rows)?;
        if options.mode.masked() {
            let cells = claims::mask_cells(draft.operands(), &draft.degrees(true));
            sizes.mask_bits = Some(log2_above(u64::try_from(cells).unwrap_or(u64::MAX)));
        }
        let least = match options.chunk_bits {
            Some(bits) => {
                (cost::cost(&draft, &Layout::new(&Sizes { chunk_bits: bits, ..sizes.clone() })?), bits)
            }
            None => {
                let of = |chunk_bits: u8| {
                    let layout = Layout::new(&Sizes { chunk_bits, ..sizes.clone() }).ok()?;
                    let chosen = layout.chunks().filter(|chunk| !layout.inputs.contains(chunk)).count();
                    let few =
                        chosen <= CHUNKS && (options.item_bits() > 0 || layout.chunks().count() <= CHUNKS);
                    few.then(|| (cost::cost(&draft, &layout), chunk_bits))
                };
                CHUNK_BITS.filter_map(of).min().ok_or(DeriveError::Chunks)?
            }
        };
        sizes.chunk_bits = least.1;
        Ok(Self { cost: least.0, sizes, tables, rows })
    }
}

impl Derived {
    /// What a statement about a run says: the inputs if they are public, then the output or the decision of each item;
    /// padding included.
    pub fn public_values(&self, plan: &Plan, trace: &Trace) -> Vec<i64> {
        let mut values = Vec::new();
        if self.public_inputs {
            values.extend(trace.inputs.iter().flatten().copied().map(i64::from));
        }
        if plan.output().kind != OutputKind::Argmax {
            let step = plan.output().tensor.index().checked_sub(plan.inputs().len());
            let out = step.and_then(|step| trace.steps.get(step)).map(|step| &step.out);
            values.extend(out.into_iter().flatten().copied().map(i64::from));
        }
        values.extend(trace.decisions.iter().copied().map(i64::from));
        values
    }
}

impl Options {
    /// Bits of a tensor with its batch.
    fn item(&self, shape: &Shape) -> u8 {
        bits_of(shape).saturating_add(self.batch_bits)
    }

    /// Bits of an input's block: of all items, or of each one's own.
    fn input(&self, shape: &Shape) -> u8 {
        self.item(shape).saturating_sub(self.item_bits())
    }

    /// Items with commitments of their own, as a power of two.
    fn item_bits(&self) -> u8 {
        match self.commitments {
            Commitments::Joint => 0,
            Commitments::Each => self.batch_bits,
        }
    }
}

/// Chunk sizes that are chosen from, as powers of two.
const CHUNK_BITS: std::ops::RangeInclusive<u8> = 8..=22;
/// The most chunks that are chosen; a verifier accepts more.
const CHUNKS: usize = 24;

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
    let mut public = 0;
    if options.public_inputs {
        for (place, base) in layout.input_blocks.iter().enumerate() {
            let bits = layout.sizes.inputs.get(place).copied().unwrap_or_default();
            relations.push(public_block(*base, bits, &mut public)?);
        }
    }
    for step in 0..plan.steps().len() {
        relations.push(wiring.relation(step)?);
    }
    let tensor = plan.output().tensor;
    if let (Some(base), Some(shape)) = (wiring.base(tensor), plan.shapes().get(tensor.index())) {
        relations.push(match plan.output().kind {
            OutputKind::Values | OutputKind::Threshold(_) => {
                public_block(base, options.item(shape), &mut public)?
            }
            OutputKind::Argmax => wiring.decision(base, shape, public)?,
        });
    }
    let weight_bits = plan.weights().iter().map(|weight| weight.bits).collect();
    let tables = tables.all.clone();
    let row_bits = Vec::new();
    Ok(Descriptor { kind: Kind::Decision, layout, weight_bits, row_bits, tables, lookups, relations })
}

/// A tensor, padded, is what the statement says: its next values from `next` on.
fn public_block(base: u64, bits: u8, next: &mut u32) -> Result<Relation, DeriveError> {
    let too_many = DeriveError::Public { bits };
    let count = 1_u32.checked_shl(bits.into()).filter(|_| bits <= PUBLIC_BITS).ok_or(too_many.clone())?;
    let term = Term {
        coefficient: Coefficient { mantissa: 1, shift: 0 },
        base,
        axes: vec![Axis::Point { at: 0, bits }],
    };
    let constant = Constant::Public { first: *next, count };
    *next = next.checked_add(count).ok_or(too_many)?;
    Ok(Relation { point_bits: bits, products: Vec::new(), terms: vec![term], constant })
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

    /// How an axis of a source is read, the lowest bits first; none if nothing is.
    fn axes(&self, read: &Read, source: u32) -> Result<Option<Vec<Axis>>, DeriveError> {
        let bits = log2_above(source.into());
        let along = |axis: u8, bits: u8| match self.group(axis) {
            Some(at) => Axis::Sum { at, bits },
            None => Axis::Point { at: self.point(axis), bits },
        };
        let kind = read.kind(source, self.result, self.sums);
        let axes = match (read.output, read.tap) {
            (None, None) => {
                let cell = read.cell(0, 0);
                return Ok(cell.map(|value| vec![Axis::Fixed { value, bits }]));
            }
            (Some(Along { axis, .. }), None) if kind == ReadKind::Plain => vec![along(axis, bits)],
            (None, Some(Along { axis, .. })) if kind == ReadKind::Plain && self.variables => {
                vec![Axis::Sum { at: self.sum(axis).0, bits }]
            }
            (output, tap) => match (kind, output) {
                (ReadKind::Strided { bits: low, offset }, Some(Along { axis, .. })) => {
                    let low = narrow(low);
                    vec![Axis::Fixed { value: offset, bits: low }, along(axis, bits.saturating_sub(low))]
                }
                _ => vec![Axis::Window { bits, window: self.window(read, output, tap)? }],
            },
        };
        Ok(Some(axes))
    }

    fn window(&self, read: &Read, output: Option<Along>, tap: Option<Along>) -> Result<Window, DeriveError> {
        let mut window = Window { pad: read.pad, length: read.limit, ..Window::first(0, 1) };
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
    /// The decisions are those of the scores at `base`, the statement's values from `first` on ([4.6]).
    fn decision(&self, base: u64, shape: &Shape, first: u32) -> Result<Relation, DeriveError> {
        let (class_bits, item_bits) = (bits_of(shape), self.options.batch_bits);
        if item_bits > PUBLIC_BITS {
            return Err(DeriveError::Public { bits: item_bits });
        }
        // Only the last axis is longer than 1.
        let classes = shape.dims().last().copied().unwrap_or(1);
        let window = Window::first(class_bits, classes);
        let mut terms = vec![Term {
            coefficient: Coefficient { mantissa: -1, shift: 0 },
            base,
            axes: vec![
                Axis::Window { bits: class_bits, window },
                Axis::Point { at: class_bits, bits: item_bits },
            ],
        }];
        let point_bits = class_bits.saturating_add(item_bits);
        let axes = vec![Axis::Point { at: 0, bits: point_bits }];
        terms.extend(self.rows.margin.iter().map(|limb| self.limb(limb, &axes)));
        let constant = Constant::Decision { first, classes, class_bits };
        Ok(Relation { point_bits, products: Vec::new(), terms, constant })
    }

    /// Minus a limb, over all output cells.
    fn limb(&self, limb: &Limb, axes: &[Axis]) -> Term {
        let coefficient = Coefficient { mantissa: -1, shift: limb.shift };
        Term { coefficient, base: self.looked_up(limb.slot, limb.row), axes: axes.to_vec() }
    }

    /// The cell of a slot's `in` area.
    fn looked_up(&self, slot: u8, row: u64) -> u64 {
        let base = self.layout.slots.get(usize::from(slot)).and_then(|area| area.0).unwrap_or_default();
        base.saturating_add(row)
    }

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
        let (slot, row) = place.high;
        let coefficient = Coefficient { mantissa: -1, shift };
        terms.push(Term { coefficient, base: self.looked_up(slot, row), axes: axes.clone() });
        terms.extend(place.limbs.iter().map(|limb| self.limb(limb, &axes)));
        let half = match shift.checked_sub(1) {
            None => Coefficient { mantissa: 0, shift: 0 },
            Some(shift) => Coefficient { mantissa: 1, shift },
        };
        Ok(Relation { point_bits: bits, products, terms, constant: Constant::Number(half) })
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
            match frame.axes(read, *dim)? {
                Some(own) => axes.extend(own),
                None => return Ok(None),
            }
        }
        let mut first = base;
        if let Some(strided) = self.layout.strided(base) {
            first = strided.first;
            axes.push(Axis::Fixed { value: strided.place, bits: strided.gap_bits });
        }
        axes.push(Axis::Point { at: bits_of(frame.result), bits: self.options.batch_bits });
        let axes = Axis::joined(axes);
        let coefficient = Coefficient { mantissa: coefficient, shift: 0 };
        Ok(Some(Term { coefficient, base: first, axes }))
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
        let axes = Axis::joined(own);
        Term { coefficient: Coefficient { mantissa: coefficient, shift: 0 }, base, axes }
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

pub(super) fn bits_of(shape: &Shape) -> u8 {
    narrow(shape.bits())
}

pub(super) fn narrow(bits: u32) -> u8 {
    u8::try_from(bits).unwrap_or(u8::MAX)
}

/// The least power of two that is not below `number`.
pub(super) fn log2_above(number: u64) -> u8 {
    narrow(number.checked_next_power_of_two().map_or(64, u64::trailing_zeros))
}
