//! Running a model: the semantics.
//!
//! Everything happens in padded layout, so that the trace is the prover's witness as it stands. Arithmetic is on
//! 64-bit integers; [`crate::limits::ACCUMULATOR`] and the range checks before a run exclude overflow.

use crate::{Model, Operator, ReadKind, RunError, Shape, Term, limits, view::Read};

/// Everything that a run computed, in padded layout (see the crate's documentation); the items of a batch one after
/// the other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trace {
    /// Items of the batch.
    pub batch: usize,
    /// Bits of an item's number: the batch is padded to a power of two with items whose inputs are 0.
    pub batch_bits: u32,
    /// Inputs. Padded cells hold 0.
    pub inputs: Vec<Vec<i32>>,
    /// Steps, in order.
    pub steps: Vec<StepTrace>,
    /// With [`crate::OutputKind::Argmax`], the index of the largest output of each item of the padded batch.
    pub decisions: Vec<u32>,
    /// With [`crate::OutputKind::Argmax`], `z_c - z_j - [j < c]` in padded layout of the output; 0 in padded cells.
    pub margins: Vec<i32>,
}

/// What one step computed, in padded layout.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StepTrace {
    /// The table's index.
    pub hi: Vec<i32>,
    /// The dropped bits, rounding included; empty if the shift is 0.
    pub lo: Vec<u32>,
    /// The result.
    pub out: Vec<i32>,
}

impl StepTrace {
    /// The accumulators, from `hi` and `lo`: `acc = hi * 2^shift + lo - half`.
    pub fn accumulators(&self, shift: u8) -> impl Iterator<Item = i64> + '_ {
        let half = half(shift);
        let low = self.lo.iter().copied().chain(std::iter::repeat(0));
        self.hi.iter().zip(low).map(move |(&hi, lo)| (i64::from(hi) << shift) + i64::from(lo) - half)
    }
}

/// The rounding term of a shift.
fn half(shift: u8) -> i64 {
    if shift == 0 { 0 } else { 1 << (shift - 1) }
}

impl Model {
    /// Runs a batch: for each input its real cells, row-major, items one after the other.
    pub fn run(&self, inputs: &[&[i32]], batch: usize) -> Result<Trace, RunError> {
        let mut trace = Trace::default();
        self.run_into(&mut trace, inputs, batch)?;
        Ok(trace)
    }

    /// [`Self::run`] with the memory of an earlier run, whatever it was of: for many runs one after the other. After an error
    /// `trace` holds nothing of use.
    pub fn run_into(&self, trace: &mut Trace, inputs: &[&[i32]], batch: usize) -> Result<(), RunError> {
        if batch == 0 || batch > limits::BATCH {
            return Err(RunError::Batch { got: batch });
        }
        let plan = self.plan();
        let items = batch.next_power_of_two();
        let cells: u64 = plan.shapes().iter().map(|shape| shape.padded_cells() as u64).sum();
        let total = cells.saturating_mul(items as u64);
        if total > limits::RUN_CELLS {
            return Err(RunError::TooLarge { items, got: total });
        }
        (trace.batch, trace.batch_bits) = (batch, items.trailing_zeros());
        self.pad_inputs(inputs, batch, items, &mut trace.inputs)?;
        trace.steps.resize_with(plan.steps().len(), StepTrace::default);
        let largest = plan.steps().iter().map(|step| step.shape.padded_cells()).max().unwrap_or(0);
        let mut acc = Vec::with_capacity(items * largest);
        for (position, step) in plan.steps().iter().enumerate() {
            acc.clear();
            acc.resize(items * step.shape.padded_cells(), 0i64);
            let Some((steps, [own, ..])) = trace.steps.split_at_mut_checked(position) else { break };
            let tensors = Cells { inputs: &trace.inputs, steps, shapes: plan.shapes() };
            let space = Space { result: &step.shape, shapes: plan.shapes(), items };
            match &step.operator {
                Operator::Affine { products, linear, bias } => {
                    for product in products {
                        product.accumulate(&tensors, &space, self.weights().tensor(product.weight), &mut acc);
                    }
                    for linear in linear {
                        linear.accumulate(&tensors, &space, &mut acc);
                    }
                    if let Some(bias) = bias {
                        bias.accumulate(&space, self.weights().tensor(bias.weight), &mut acc);
                    }
                }
                Operator::Maximum { first, second } => {
                    Operator::accumulate_difference(first, second, &tensors, &space, &mut acc);
                }
            }
            self.rescale(position, &acc, own)?;
        }
        (trace.decisions, trace.margins) = self.decide(&trace.steps, items);
        Ok(())
    }

    fn pad_inputs(
        &self,
        inputs: &[&[i32]],
        batch: usize,
        items: usize,
        padded: &mut Vec<Vec<i32>>,
    ) -> Result<(), RunError> {
        let expected = self.plan().inputs();
        if inputs.len() != expected.len() {
            return Err(RunError::Inputs { expected: expected.len(), got: inputs.len() });
        }
        padded.clear();
        for (position, (input, values)) in expected.iter().zip(inputs).enumerate() {
            let cells = input.shape.cells() * batch;
            if values.len() != cells {
                return Err(RunError::Cells {
                    input: position,
                    name: input.name.clone(),
                    expected: cells,
                    got: values.len(),
                });
            }
            let range = input.range();
            if let Some((cell, &got)) = values
                .iter()
                .enumerate()
                .find(|&(_, &value)| i128::from(value) < range.low || i128::from(value) > range.high)
            {
                return Err(RunError::OutOfRange {
                    input: position,
                    name: input.name.clone(),
                    cell,
                    got,
                    range,
                });
            }
            let mut cells = input.shape.pad(values, 0);
            cells.resize(items * input.shape.padded_cells(), 0);
            padded.push(cells);
        }
        Ok(())
    }

    fn rescale(&self, position: usize, acc: &[i64], trace: &mut StepTrace) -> Result<(), RunError> {
        let outside = |got| RunError::OutsideAnalysis { step: position, got };
        let Some((step, table)) = self
            .plan()
            .steps()
            .get(position)
            .and_then(|step| Some((step, self.plan().table(step.rescale.table)?)))
        else {
            return Err(outside(0));
        };
        let shift = step.rescale.shift;
        let half = half(shift);
        let StepTrace { hi, lo, out } = trace;
        for cells in [&mut *hi, &mut *out] {
            cells.clear();
            cells.resize(acc.len(), 0);
        }
        for ((acc, own), out) in acc.iter().zip(&mut *hi).zip(out) {
            let hi = (acc + half) >> shift;
            *out = table.at(hi).ok_or_else(|| outside(hi))?;
            // An index of a table.
            *own = hi as i32;
        }
        lo.clear();
        if shift > 0 {
            // What is left of `acc + half`.
            let low = (1i64 << shift) - 1;
            lo.extend(acc.iter().map(|acc| ((acc + half) & low) as u32));
        }
        Ok(())
    }

    /// Decisions and margins of all items; empty unless the output is an argmax.
    fn decide(&self, steps: &[StepTrace], items: usize) -> (Vec<u32>, Vec<i32>) {
        let plan = self.plan();
        let output = plan.output();
        let shape = plan.shapes().get(output.tensor.index());
        let trace = output.tensor.index().checked_sub(plan.inputs().len()).and_then(|step| steps.get(step));
        let (crate::OutputKind::Argmax, Some(shape), Some(trace)) = (&output.kind, shape, trace) else {
            return (Vec::new(), Vec::new());
        };
        let (mut decisions, mut margins) = (Vec::with_capacity(items), Vec::new());
        for item in trace.out.chunks_exact(shape.padded_cells()) {
            // Only the last axis is longer than 1, so the real cells come first.
            let scores = item.get(..shape.cells()).unwrap_or(item);
            let mut best = (0u32, i32::MIN);
            for (index, &score) in (0u32..).zip(scores) {
                if score > best.1 {
                    best = (index, score);
                }
            }
            let (decision, largest) = best;
            decisions.push(decision);
            margins.extend(
                (0u32..).zip(scores).map(|(index, score)| largest - score - i32::from(index < decision)),
            );
            margins.resize(decisions.len() * shape.padded_cells(), 0);
        }
        (decisions, margins)
    }
}

/// The tensors computed so far.
pub(crate) struct Cells<'a> {
    inputs: &'a [Vec<i32>],
    steps: &'a [StepTrace],
    shapes: &'a [Shape],
}

impl<'a> Cells<'a> {
    /// All items of one tensor, padded.
    fn all(&self, tensor: usize) -> &'a [i32] {
        let all = self.inputs.get(tensor).map(Vec::as_slice).or_else(|| {
            let step = tensor.checked_sub(self.inputs.len())?;
            self.steps.get(step).map(|step| step.out.as_slice())
        });
        all.unwrap_or_default()
    }
}

/// Where a step's result lives.
pub(crate) struct Space<'a> {
    /// The result's shape.
    pub result: &'a Shape,
    /// Shapes of all tensors.
    pub shapes: &'a [Shape],
    /// Items of the padded batch.
    pub items: usize,
}

/// A form made ready to be read: for each term and axis, where every pair of coordinates leads.
pub(crate) struct Gather {
    terms: Vec<GatherTerm>,
    sees: Vec<Option<ReadKind>>,
    run: usize,
}

struct GatherTerm {
    coefficient: i64,
    tensor: usize,
    /// Reads without a tap, added up once for a position; then, sum axis by sum axis, the reads with one.
    fixed: Vec<Steps>,
    taps: Vec<Steps>,
}

/// What a term reads.
pub(crate) struct Source<'a> {
    /// Times this.
    pub coefficient: i64,
    /// All items.
    all: &'a [i32],
    /// Padded cells of an item.
    item: usize,
}

/// Where each pair (coordinate of the result, coordinate of the sum) of one read leads, in padded cells.
struct Steps {
    output: Option<usize>,
    taps: usize,
    offsets: Vec<usize>,
}

/// A place outside of every tensor, also after others are added: reading it gives 0.
const OUTSIDE: usize = usize::MAX / 16;

impl Gather {
    pub(crate) fn new(form: &[Term], space: &Space<'_>, sums: &[u32]) -> Self {
        let mut sees = vec![None; space.result.rank()];
        let mut terms = Vec::with_capacity(form.len());
        for term in form {
            let Some(source) = space.shapes.get(term.view.tensor.index()) else { continue };
            let (mut fixed, mut taps) = (Vec::new(), Vec::new());
            for ((read, &dim), stride) in
                term.view.reads.iter().zip(source.dims()).zip(source.padded_strides())
            {
                let kind = read.kind(dim, space.result, sums);
                if let Some(seen) = read.output.and_then(|along| sees.get_mut(usize::from(along.axis))) {
                    // One read that does is enough to see the padding.
                    *seen = Some(seen.filter(|seen: &ReadKind| seen.sees_padding()).unwrap_or(kind));
                }
                let steps = Steps::new(read, kind, stride, space.result, sums);
                match read.tap {
                    None => fixed.push(steps),
                    Some(along) => taps.push((along.axis, steps)),
                }
            }
            taps.sort_by_key(|(axis, _)| *axis);
            terms.push(GatherTerm {
                coefficient: term.coefficient,
                tensor: term.view.tensor.index(),
                fixed,
                taps: taps.into_iter().map(|(_, steps)| steps).collect(),
            });
        }
        // A term that broadcasts along an axis sees its padding as well.
        for (axis, seen) in sees.iter_mut().enumerate() {
            let everywhere = form.iter().all(|term| {
                term.view
                    .reads
                    .iter()
                    .any(|read| read.output.is_some_and(|along| usize::from(along.axis) == axis))
            });
            if seen.is_some() && !everywhere {
                *seen = Some(ReadKind::Plain);
            }
        }
        Self { terms, sees, run: sums.iter().map(|&sum| sum as usize).product() }
    }

    /// Whether any term moves along an axis of the result, and whether any sees its padding.
    pub(crate) fn sees(&self, axis: usize) -> Option<ReadKind> {
        self.sees.get(axis).copied().flatten()
    }

    /// Buffers for [`Self::locate`], one a term.
    pub(crate) fn buffers(&self) -> Vec<Vec<usize>> {
        self.terms.iter().map(|_| Vec::with_capacity(self.run)).collect()
    }

    /// Where the summands for one cell of the result lie in each term's tensor, in the order of the sums.
    pub(crate) fn locate(&self, at: &[usize], buffers: &mut [Vec<usize>]) {
        for (term, buffer) in self.terms.iter().zip(buffers) {
            let base = term.fixed.iter().flat_map(|steps| steps.at(at)).sum();
            buffer.clear();
            buffer.push(base);
            for steps in &term.taps {
                let row = steps.at(at);
                let before = buffer.len();
                for index in 0..before {
                    let from = buffer.get(index).copied().unwrap_or(OUTSIDE);
                    buffer.extend(row.iter().map(|step| from.saturating_add(*step)));
                }
                buffer.drain(..before);
            }
        }
    }

    /// What each term reads.
    pub(crate) fn sources<'a>(&self, cells: &Cells<'a>) -> Vec<Source<'a>> {
        let source = |term: &GatherTerm| Source {
            coefficient: term.coefficient,
            all: cells.all(term.tensor),
            item: cells.shapes.get(term.tensor).map_or(0, Shape::padded_cells),
        };
        self.terms.iter().map(source).collect()
    }
}

impl Source<'_> {
    /// The cells of one item, padded.
    pub(crate) fn item(&self, item: usize) -> &[i32] {
        self.all.get(item * self.item..(item + 1) * self.item).unwrap_or_default()
    }

    /// No cell of any item times the coefficient is larger than this, by absolute value.
    pub(crate) fn largest(&self) -> u64 {
        let cell = self.all.iter().fold(0, |largest, cell| largest.max(cell.unsigned_abs()));
        self.coefficient.unsigned_abs().saturating_mul(cell.into())
    }
}

impl Steps {
    fn new(read: &Read, kind: ReadKind, stride: usize, result: &Shape, sums: &[u32]) -> Self {
        let length = |dim: Option<u32>| dim.unwrap_or(1) as usize;
        let output = read.output.map(|along| usize::from(along.axis));
        let real = output.map_or(1, |axis| length(result.dim(axis)));
        let taps = read.tap.map_or(1, |along| length(sums.get(usize::from(along.axis)).copied()));
        let mut offsets = Vec::with_capacity(real.next_power_of_two() * taps);
        for a in 0..real.next_power_of_two() {
            for b in 0..taps {
                let cell = match kind {
                    // A plain tap stops at the real length: beyond it weights are zero.
                    ReadKind::Plain => Some(a.max(b)),
                    ReadKind::Strided { bits, offset } => Some((a << bits) + offset as usize),
                    ReadKind::Window if a >= real => None,
                    ReadKind::Window => match (u32::try_from(a), u32::try_from(b)) {
                        (Ok(a), Ok(b)) => read.cell(a, b).map(|cell| cell as usize),
                        _ => None,
                    },
                };
                offsets.push(cell.map_or(OUTSIDE, |cell| cell * stride));
            }
        }
        Self { output, taps, offsets }
    }

    /// The row of offsets for one position of the result.
    fn at(&self, at: &[usize]) -> &[usize] {
        let start = self.output.and_then(|axis| at.get(axis)).map_or(0, |&a| a * self.taps);
        self.offsets.get(start..start + self.taps).unwrap_or_default()
    }
}
