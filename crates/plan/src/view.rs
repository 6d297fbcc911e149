//! How a step reads an earlier tensor: strided, shifted, windowed, transposed, never copied.
//!
//! A [`View`] has one [`Read`] for each axis of the tensor it reads. With `a` a coordinate of the step's result and
//! `b` one of a sum, the read takes the source's cell `y = step_a * a + step_b * b - pad`.
//!
//! - A read that copies an axis as it is ([`ReadKind::Plain`]: one coordinate, step 1, no pad, the same length, no
//!   limit) reads padding too: the result's padded cells see the source's padded cells. (`Point` or `Sum` of
//!   docs/protocol.md [4.1].)
//! - So does a read that takes every `2^s`-th cell of an axis whose padded length is `2^s` times the result's
//!   ([`ReadKind::Strided`]: pools of halves). (`Fixed` low bits, `Point` above them.)
//! - Every other read ([`ReadKind::Window`]) is bounded: it gives 0 unless `a` and `b` are below their real lengths
//!   and `0 <= y < limit`. Strides, slices, concatenation, padding and transposition are windows of one tap.
//! - An axis of the result that no read names is broadcast, over its padding too.

use crate::{PlanError, Range, Shape, TensorId, limits};

/// One coordinate of a read and how far a step of it goes in the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Along {
    /// Which axis: of the result for [`Read::output`], of the sum for [`Read::tap`]; outermost is 0.
    pub axis: u8,
    /// Cells of the source per unit of the coordinate; at least 1.
    pub step: u32,
}

/// How one axis of the source is read: cell `output.step * a + tap.step * b - pad`, or 0 outside of the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Read {
    /// The coordinate of the result that moves along this axis.
    pub output: Option<Along>,
    /// The coordinate of the sum that moves along this axis.
    pub tap: Option<Along>,
    /// What is taken off; negative for slices that start later.
    pub pad: i32,
    /// Cells at and beyond this are read as 0; at least 1, at most the axis' real length.
    pub limit: u32,
}

/// How a read sees padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReadKind {
    /// One coordinate, cell by cell, over the whole padded axis.
    Plain,
    /// A coordinate of the result, cell `2^bits · a + offset` of the whole padded axis.
    Strided {
        /// How many low bits of the cell's number are fixed; not 0.
        bits: u32,
        /// What they are.
        offset: u32,
    },
    /// Bounded by real lengths and the limit.
    Window,
}

/// A tensor as a step sees it: one read for each of its axes, outermost first.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct View {
    /// What is read.
    pub tensor: TensorId,
    /// How, axis by axis.
    pub reads: Vec<Read>,
}

/// A view times an integer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Term {
    /// The factor; not 0.
    pub coefficient: i64,
    /// What it multiplies.
    pub view: View,
}

impl ReadKind {
    /// Whether the result's padded cells see the source's.
    pub fn sees_padding(self) -> bool {
        self != Self::Window
    }
}

impl Read {
    /// Reads the whole of an axis of length `dim` along an axis of the result.
    pub fn along(axis: u8, dim: u32) -> Self {
        Self { output: Some(Along { axis, step: 1 }), tap: None, pad: 0, limit: dim }
    }

    /// Reads the whole of an axis of length `dim` along a sum.
    pub fn summed(axis: u8, dim: u32) -> Self {
        Self { output: None, tap: Some(Along { axis, step: 1 }), pad: 0, limit: dim }
    }

    /// How the read sees padding, in a step with this result and these sums, on a source axis of length `source`.
    pub fn kind(&self, source: u32, result: &Shape, sums: &[u32]) -> ReadKind {
        let length = match (self.output, self.tap) {
            (Some(Along { axis, step: 1 }), None) => result.dim(axis.into()),
            (None, Some(Along { axis, step: 1 })) => sums.get(usize::from(axis)).copied(),
            _ => None,
        };
        if length == Some(source) && self.pad == 0 && self.limit == source {
            return ReadKind::Plain;
        }
        self.strided(source, result).unwrap_or(ReadKind::Window)
    }

    fn strided(&self, source: u32, result: &Shape) -> Option<ReadKind> {
        let (Some(Along { axis, step }), None) = (self.output, self.tap) else { return None };
        let offset = u32::try_from(self.pad.checked_neg()?).ok().filter(|offset| *offset < step)?;
        let length = result.dim(axis.into())?;
        let last = u64::from(step) * u64::from(length - 1) + u64::from(offset);
        let halves = u64::from(length.next_power_of_two()) * u64::from(step);
        let whole = step.is_power_of_two()
            && halves == u64::from(source.next_power_of_two())
            && last < u64::from(self.limit);
        (whole && step > 1).then(|| ReadKind::Strided { bits: step.trailing_zeros(), offset })
    }

    /// The source's cell for coordinates below their real lengths; none if the read is 0 there.
    pub fn cell(&self, output: u32, tap: u32) -> Option<u32> {
        let along = |along: Option<Along>, at: u32| along.map_or(0, |a| i64::from(a.step) * i64::from(at));
        let cell = along(self.output, output) + along(self.tap, tap) - i64::from(self.pad);
        u32::try_from(cell).ok().filter(|&cell| cell < self.limit)
    }

    /// The interval of the cells that real coordinates lead to, before the limit; none if an axis is not there.
    pub(crate) fn reach(&self, result: &Shape, sums: &[u32]) -> Option<Range> {
        let pad = -i128::from(self.pad);
        let mut reach = Range { low: pad, high: pad };
        if let Some(along) = self.output {
            reach.high += i128::from(along.step) * i128::from(result.dim(along.axis.into())? - 1);
        }
        if let Some(along) = self.tap {
            reach.high += i128::from(along.step) * i128::from(sums.get(usize::from(along.axis))? - 1);
        }
        Some(reach)
    }

    /// The same read with its limit no further than real coordinates lead: reads that differ only in a limit that
    /// nothing reaches become equal.
    fn normal(&self, result: &Shape, sums: &[u32]) -> Self {
        let reached = self.reach(result, sums).map_or(i128::MAX, |reach| reach.high.saturating_add(1).max(1));
        Self { limit: u32::try_from(reached).map_or(self.limit, |reached| reached.min(self.limit)), ..*self }
    }

    /// This read of an axis that is itself a view's axis: `inner` says how that one reads its source.
    ///
    /// None if no single read does the same: then the view has to be computed first, as a step of its own.
    /// `Some(None)` if nothing is ever read.
    fn through(&self, inner: &Read, result: &Shape, sums: &[u32]) -> Option<Option<Read>> {
        let stride = inner.output?;
        if inner.tap.is_some() {
            return None;
        }
        let scale = |along: Option<Along>| -> Option<Option<Along>> {
            let Some(along) = along else { return Some(None) };
            let step = along.step.checked_mul(stride.step).filter(|&step| step <= limits::STEP)?;
            Some(Some(Along { step, ..along }))
        };
        let step = i64::from(stride.step);
        let pad = step * i64::from(self.pad) + i64::from(inner.pad);
        // The outer read is 0 below its cell 0, which is the source's cell -inner.pad. That is a bound of the
        // combined read only where no cell between 0 and it would be read.
        let below = self.reach(result, sums)?.low < 0;
        if below && step <= -i64::from(inner.pad) {
            return None;
        }
        let beyond = step * (i64::from(self.limit) - 1) - i64::from(inner.pad) + 1;
        let limit = beyond.min(inner.limit.into());
        if limit < 1 {
            return Some(None);
        }
        Some(Some(Read {
            output: scale(self.output)?,
            tap: scale(self.tap)?,
            pad: i32::try_from(pad).ok()?,
            limit: u32::try_from(limit).ok()?,
        }))
    }
}

impl View {
    /// The tensor as it is.
    pub fn whole(tensor: TensorId, shape: &Shape) -> Self {
        let reads = (0u8..).zip(shape.dims()).map(|(axis, &dim)| Read::along(axis, dim)).collect();
        Self { tensor, reads }
    }

    /// What is read when a tensor with this view is read through `outer`, one read for each of its axes, in a step
    /// with this result and these sums.
    ///
    /// None if that is no single view; `Some(None)` if it is 0 everywhere. On real cells the two are equal; they may
    /// differ in padding.
    pub fn through(&self, outer: &[Read], result: &Shape, sums: &[u32]) -> Option<Option<Self>> {
        let mut named = vec![false; outer.len()];
        let mut reads = Vec::with_capacity(self.reads.len());
        for inner in &self.reads {
            let Some(along) = inner.output else {
                if inner.tap.is_some() {
                    return None;
                }
                reads.push(*inner);
                continue;
            };
            *named.get_mut(usize::from(along.axis))? = true;
            match outer.get(usize::from(along.axis))?.through(inner, result, sums)? {
                Some(read) => reads.push(read),
                None => return Some(None),
            }
        }
        // An axis that this view broadcasts drops out, if the outer read never leaves it and sums nothing along it.
        let dropped = |read: &Read| {
            read.tap.is_none()
                && read
                    .reach(result, sums)
                    .is_some_and(|reach| reach.low >= 0 && reach.high < i128::from(read.limit))
        };
        let fits = outer.iter().zip(&named).all(|(read, &named)| named || dropped(read));
        fits.then_some(Some(Self { tensor: self.tensor, reads }))
    }
}

impl Term {
    /// The term with its view read through `outer`; see [`View::through`].
    pub fn through(&self, outer: &[Read], result: &Shape, sums: &[u32]) -> Option<Option<Self>> {
        let view = self.view.through(outer, result, sums)?;
        Some(view.map(|view| Self { coefficient: self.coefficient, view }))
    }
}

impl Term {
    /// Whether two terms are equal on all cells, in a step with this result and these sums.
    pub(crate) fn same(&self, other: &Self, result: &Shape, sums: &[u32]) -> bool {
        let (mine, others) = (&self.view, &other.view);
        self.coefficient == other.coefficient
            && mine.tensor == others.tensor
            && mine.reads.len() == others.reads.len()
            && mine
                .reads
                .iter()
                .zip(&others.reads)
                .all(|(mine, other)| mine.normal(result, sums) == other.normal(result, sums))
    }
}

/// Checks a form's terms: what they read, and that every read can be stated as a relation.
pub(crate) fn check_form(
    step: usize,
    form: &[Term],
    result: &Shape,
    sums: &[u32],
    shapes: &[Shape],
) -> Result<(), PlanError> {
    if form.is_empty() || form.len() > limits::TERMS {
        return Err(PlanError::Terms { step, got: form.len() });
    }
    if sums.len() > limits::RANK || sums.contains(&0) {
        return Err(PlanError::Sums { step, sums: sums.to_vec() });
    }
    for term in form {
        if term.coefficient == 0 || term.coefficient.unsigned_abs() > limits::COEFFICIENT.unsigned_abs() {
            return Err(PlanError::Coefficient { step, got: term.coefficient });
        }
        check_view(step, &term.view, result, sums, shapes)?;
    }
    Ok(())
}

fn check_view(
    step: usize,
    view: &View,
    result: &Shape,
    sums: &[u32],
    shapes: &[Shape],
) -> Result<(), PlanError> {
    // Only what is defined before: a plan has neither cycles nor forward references.
    let source =
        shapes.get(view.tensor.index()).ok_or(PlanError::NotEarlier { step, tensor: view.tensor })?;
    if view.reads.len() != source.rank() {
        return Err(PlanError::ViewRank { step, expected: source.rank(), got: view.reads.len() });
    }
    let (mut outputs, mut taps) = (vec![false; result.rank()], vec![false; sums.len()]);
    for (axis, (read, &dim)) in view.reads.iter().zip(source.dims()).enumerate() {
        let bad = |reason| PlanError::Read { step, axis, reason };
        for (along, seen) in [(read.output, &mut outputs), (read.tap, &mut taps)] {
            let Some(along) = along else { continue };
            let seen = seen.get_mut(usize::from(along.axis)).ok_or(bad("names an axis that is not there"))?;
            if std::mem::replace(seen, true) {
                return Err(bad("names an axis that another read of the view names already"));
            }
            if along.step == 0 || along.step > limits::STEP {
                return Err(bad("has a step that is 0 or too large"));
            }
        }
        if read.limit == 0 || read.limit > dim {
            return Err(bad("has a limit that is 0 or beyond the axis"));
        }
        if read.pad.unsigned_abs() > limits::STEP {
            return Err(bad("has too large a pad"));
        }
    }
    // A sum that a term does not move along would only multiply it.
    if taps.contains(&false) {
        return Err(PlanError::IdleSum { step });
    }
    Ok(())
}

/// Times that a form's value can occur in one sum.
pub(crate) fn sum_cells(sums: &[u32]) -> i128 {
    sums.iter().fold(1i128, |cells, &sum| cells.saturating_mul(sum.into()))
}

/// The interval of a form's values, from the intervals of all tensors. Reads outside give 0.
pub(crate) fn naive_range<'a>(form: impl Iterator<Item = &'a Term>, ranges: &[Range]) -> Range {
    form.fold(Range::ZERO, |sum, term| {
        let range = ranges.get(term.view.tensor.index()).copied().unwrap_or(Range::ZERO);
        sum.plus(range.with_zero().times(term.coefficient.into()))
    })
}
