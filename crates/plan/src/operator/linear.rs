//! Sums of earlier tensors times small integers, and biases: residuals, average pools, reductions, requantisation.
//!
//! `acc[o] += Σ_s form(o, s)`, and `acc[o] += coefficient * weight[o restricted to the weight's axes]`

use super::{
    Term, WeightId,
    product::{check_weight, dot, positions},
};
use crate::{
    PlanError, Range, ReadKind, Shape, WeightSpec,
    interpreter::{Cells, Gather, Space},
    limits,
    view::{check_form, sum_cells},
};

/// A form, summed over windows without weights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linear {
    /// Lengths of the sum axes, outermost first; empty if nothing is summed.
    pub sums: Vec<u32>,
    /// What is summed.
    pub form: Vec<Term>,
}

/// A weight that is added, broadcast along the axes that it does not have (over their padding too).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bias {
    /// The weight; its shape is the lengths of its axes.
    pub weight: WeightId,
    /// Its axes of the result, ascending.
    pub axes: Vec<u8>,
    /// What each cell is multiplied with: a power of two keeps the range of the cells narrow.
    pub coefficient: i64,
}

impl Linear {
    /// The form as it is.
    pub fn of(form: Vec<Term>) -> Self {
        Self { sums: Vec::new(), form }
    }

    pub(crate) fn check(&self, step: usize, result: &Shape, shapes: &[Shape]) -> Result<(), PlanError> {
        check_form(step, &self.form, result, &self.sums, shapes)
    }

    /// The interval, from that of the form.
    pub(crate) fn range(&self, form: Range) -> Range {
        form.times(sum_cells(&self.sums))
    }

    /// Adds the sums to the accumulators of all items.
    pub(crate) fn accumulate(&self, cells: &Cells<'_>, space: &Space<'_>, acc: &mut [i64]) {
        accumulate_form(&self.form, &self.sums, 1, cells, space, acc);
    }
}

/// Adds `sign` times the form, summed, to the accumulators of all items.
pub(super) fn accumulate_form(
    form: &[Term],
    sums: &[u32],
    sign: i64,
    cells: &Cells<'_>,
    space: &Space<'_>,
    acc: &mut [i64],
) {
    let gather = Gather::new(form, space, sums);
    let mut lengths: Vec<usize> = space.result.padded_dims().collect();
    for (axis, (length, &dim)) in lengths.iter_mut().zip(space.result.dims()).enumerate() {
        // What only windows read is 0 in the padding.
        if gather.sees(axis) == Some(ReadKind::Window) {
            *length = dim as usize;
        }
    }
    let strides = space.result.padded_strides();
    let (sources, mut offsets) = (gather.sources(cells), gather.buffers());
    positions(&lengths, |at| {
        gather.locate(at, &mut offsets);
        let cell = dot(at, &strides);
        for (source, places) in sources.iter().zip(&offsets) {
            let factor = sign * source.coefficient;
            for item in 0..space.items {
                let cells = source.item(item);
                let sum: i64 =
                    places.iter().filter_map(|&place| cells.get(place)).copied().map(i64::from).sum();
                if let Some(place) = acc.get_mut(item * space.result.padded_cells() + cell) {
                    // Whatever a part of the accumulator is, the whole of it fits.
                    *place = place.wrapping_add(factor.wrapping_mul(sum));
                }
            }
        }
    });
}

impl Bias {
    pub(crate) fn check(&self, step: usize, result: &Shape, weights: &[WeightSpec]) -> Result<(), PlanError> {
        if self.coefficient == 0 || self.coefficient.unsigned_abs() > limits::COEFFICIENT.unsigned_abs() {
            return Err(PlanError::Coefficient { step, got: self.coefficient });
        }
        check_weight(step, self.weight, &self.axes, &[], result, weights)
    }

    /// The interval with any weights in the declared range.
    pub(crate) fn worst(&self, weights: &[WeightSpec]) -> Range {
        let bits = weights.get(self.weight.index()).map_or(0, |spec| spec.bits);
        Range::signed(bits).times(self.coefficient.into())
    }

    /// The value for each index of the weight's axes, row-major.
    pub(crate) fn exact(&self, weights: &[i32]) -> Vec<Range> {
        weights
            .iter()
            .map(|&cell| Range::between(cell.into(), cell.into()).times(self.coefficient.into()))
            .collect()
    }

    /// Adds the bias to the accumulators of all items.
    pub(crate) fn accumulate(&self, space: &Space<'_>, weights: &[i32], acc: &mut [i64]) {
        let mut rows = vec![0usize; space.result.rank()];
        let mut row = 1usize;
        let mut lengths: Vec<usize> = space.result.padded_dims().collect();
        for &axis in self.axes.iter().rev() {
            let dim = space.result.dim(axis.into()).unwrap_or(1) as usize;
            if let (Some(row_of), Some(length)) =
                (rows.get_mut(usize::from(axis)), lengths.get_mut(usize::from(axis)))
            {
                *row_of = row;
                row *= dim;
                // Padded cells of the weight are zero.
                *length = dim;
            }
        }
        let strides = space.result.padded_strides();
        positions(&lengths, |at| {
            let added = weights.get(dot(at, &rows)).map_or(0, |&cell| self.coefficient * i64::from(cell));
            let cell = dot(at, &strides);
            for item in 0..space.items {
                if let Some(place) = acc.get_mut(item * space.result.padded_cells() + cell) {
                    *place += added;
                }
            }
        });
    }
}
