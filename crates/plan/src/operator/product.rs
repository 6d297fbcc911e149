//! Products with weights: dense layers and convolutions of any kind.
//!
//! `acc[o] += Σ_s form(o, s) * weight[o restricted to the weight's axes, s]`
//!
//! - *Dense*: the form reads its axes along the sums, the weight's axis is the output feature.
//! - *Convolution*: one sum over channels (plain), one for each kernel axis (windows: output step = stride, tap step =
//!   dilation); the weight's axis is the output channel.
//! - *Groups, depthwise*: the group is an axis of the result that form and weight share ("grouped" in [4.2]).
//!
//! The weight's shape is the lengths of its axes of the result, ascending, then the sums.

use super::{
    Term, WeightId,
    dot::{Dot, Narrow, Wide},
};
use crate::{
    PlanError, Range, ReadKind, Shape, WeightSpec,
    interpreter::{Cells, Gather, Source, Space},
    view::{check_form, sum_cells},
};

/// A form multiplied by a weight and summed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// Lengths of the sum axes, outermost first.
    pub sums: Vec<u32>,
    /// What is multiplied.
    pub form: Vec<Term>,
    /// The weight.
    pub weight: WeightId,
    /// The weight's axes of the result, ascending.
    pub weight_axes: Vec<u8>,
}

impl Product {
    pub(crate) fn check(
        &self,
        step: usize,
        result: &Shape,
        shapes: &[Shape],
        weights: &[WeightSpec],
    ) -> Result<(), PlanError> {
        check_form(step, &self.form, result, &self.sums, shapes)?;
        check_weight(step, self.weight, &self.weight_axes, &self.sums, result, weights)?;
        for term in &self.form {
            for (read, source) in term.view.reads.iter().zip(source_dims(term, shapes)) {
                if let Some(along) = read.output
                    && self.weight_axes.contains(&along.axis)
                    && read.kind(source, result, &self.sums) != ReadKind::Plain
                {
                    return Err(PlanError::SharedAxis { step, axis: along.axis });
                }
            }
        }
        Ok(())
    }

    /// The interval with any weights in the declared range.
    pub(crate) fn worst(&self, form: Range, weights: &[WeightSpec]) -> Range {
        let bits = weights.get(self.weight.index()).map_or(0, |spec| spec.bits);
        let weight = Range::signed(bits);
        let largest =
            form.magnitude().saturating_mul(weight.magnitude()).saturating_mul(sum_cells(&self.sums));
        Range { low: -largest, high: largest }
    }

    /// The interval for each index of the weight's axes, row-major, with these weights.
    pub(crate) fn exact(&self, form: Range, weights: &[i32]) -> Vec<Range> {
        let run = usize::try_from(sum_cells(&self.sums)).unwrap_or(usize::MAX).max(1);
        weights
            .chunks(run)
            .map(|run| {
                let (mut positive, mut negative) = (0i128, 0i128);
                for &weight in run {
                    if weight > 0 {
                        positive += i128::from(weight);
                    } else {
                        negative += i128::from(weight);
                    }
                }
                form.times(positive).plus(form.times(negative))
            })
            .collect()
    }

    /// Adds the product to the accumulators of all items.
    pub(crate) fn accumulate(&self, cells: &Cells<'_>, space: &Space<'_>, weights: &[i32], acc: &mut [i64]) {
        let run = usize::try_from(sum_cells(&self.sums)).unwrap_or(usize::MAX);
        let gather = Gather::new(&self.form, space, &self.sums);
        let sources = gather.sources(cells);
        let largest = sources.iter().fold(0u64, |sum, source| sum.saturating_add(source.largest()));
        match Narrow::new(weights, run, largest) {
            Some(narrow) => self.multiply(&gather, &sources, space, &narrow, acc),
            None => self.multiply(&gather, &sources, space, &Wide { weights, run }, acc),
        }
    }

    fn multiply<D: Dot>(
        &self,
        gather: &Gather,
        sources: &[Source<'_>],
        space: &Space<'_>,
        weights: &D,
        acc: &mut [i64],
    ) {
        let rank = space.result.rank();
        let strides = space.result.padded_strides();
        // Row of the weight per unit of each of its axes.
        let mut rows = vec![0usize; rank];
        let mut row = 1usize;
        for &axis in self.weight_axes.iter().rev() {
            if let Some(place) = rows.get_mut(usize::from(axis)) {
                *place = row;
                row *= space.result.dim(axis.into()).unwrap_or(1) as usize;
            }
        }
        // Axes that only the weight has are walked inside; all others outside. Beyond the real length of a shared
        // axis weights are zero; of an axis that only windows read, the form is.
        let (mut outer, mut inner) = (vec![1usize; rank], vec![1usize; rank]);
        for (axis, ((outer, inner), (dim, padded))) in outer
            .iter_mut()
            .zip(&mut inner)
            .zip(space.result.dims().iter().zip(space.result.padded_dims()))
            .enumerate()
        {
            let weighted = self.weight_axes.iter().any(|&weighted| usize::from(weighted) == axis);
            let real = *dim as usize;
            match (weighted, gather.sees(axis)) {
                (true, None) => *inner = real,
                (true, Some(_)) | (false, Some(ReadKind::Window)) => *outer = real,
                (false, _) => *outer = padded,
            }
        }
        let mut channels = Vec::with_capacity(inner.iter().product());
        positions(&inner, |at| channels.push((dot(at, &strides), dot(at, &rows))));
        let (mut offsets, cells) = (gather.buffers(), space.result.padded_cells());
        let mut operand = vec![D::cell(0, 0); weights.width()];
        positions(&outer, |at| {
            gather.locate(at, &mut offsets);
            let (cell, row) = (dot(at, &strides), dot(at, &rows));
            for item in 0..space.items {
                read::<D>(sources, item, &offsets, &mut operand);
                let base = item * cells + cell;
                let mut add = |channel: usize, sum: i64| {
                    if let Some(place) = acc.get_mut(base + channel) {
                        *place += sum;
                    }
                };
                let (fours, rest) = channels.as_chunks::<4>();
                for four in fours {
                    let sums = weights.four(&operand, four.map(|(_, channel)| row + channel));
                    four.iter().zip(sums).for_each(|(&(channel, _), sum)| add(channel, sum));
                }
                for &(channel, channel_row) in rest {
                    add(channel, weights.dot(&operand, row + channel_row));
                }
            }
        });
    }
}

/// The form's summands for one item at the places found for each term.
fn read<D: Dot>(sources: &[Source<'_>], item: usize, places: &[Vec<usize>], into: &mut [D::Cell]) {
    for (position, (source, places)) in sources.iter().zip(places).enumerate() {
        let (cells, factor) = (source.item(item), source.coefficient);
        let values = places.iter().map(|&place| D::cell(factor, cells.get(place).copied().unwrap_or(0)));
        if position == 0 {
            into.iter_mut().zip(values).for_each(|(sum, value)| *sum = value);
        } else {
            into.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
        }
    }
}

/// Checks that a weight is there and has the shape of its axes of the result, then of the sums.
pub(super) fn check_weight(
    step: usize,
    weight: WeightId,
    axes: &[u8],
    sums: &[u32],
    result: &Shape,
    weights: &[WeightSpec],
) -> Result<(), PlanError> {
    let spec =
        weights.get(weight.index()).ok_or(PlanError::Missing { step, what: "weight", got: weight.0 })?;
    let bad_axes = || PlanError::WeightAxes { step, got: axes.to_vec() };
    if !axes.is_sorted_by(|a, b| a < b) {
        return Err(bad_axes());
    }
    let mut expected = Vec::with_capacity(axes.len() + sums.len());
    for &axis in axes {
        expected.push(result.dim(axis.into()).ok_or_else(bad_axes)?);
    }
    expected.extend_from_slice(sums);
    if expected.is_empty() {
        // A single number.
        expected.push(1);
    }
    if spec.shape.dims() != expected {
        return Err(PlanError::WeightShape {
            step,
            weight: weight.0,
            expected,
            got: spec.shape.dims().to_vec(),
        });
    }
    Ok(())
}

fn source_dims<'a>(term: &Term, shapes: &'a [Shape]) -> impl Iterator<Item = u32> + 'a {
    shapes.get(term.view.tensor.index()).into_iter().flat_map(|shape| shape.dims().iter().copied())
}

/// Calls with all coordinates below the lengths, the last fastest.
pub(crate) fn positions(lengths: &[usize], mut visit: impl FnMut(&[usize])) {
    if lengths.contains(&0) {
        return;
    }
    let mut at = vec![0usize; lengths.len()];
    loop {
        visit(&at);
        let mut carried = true;
        for (index, &length) in at.iter_mut().zip(lengths).rev() {
            *index += 1;
            if *index < length {
                carried = false;
                break;
            }
            *index = 0;
        }
        if carried {
            return;
        }
    }
}

/// `Σ at_i * strides_i`.
pub(crate) fn dot(at: &[usize], strides: &[usize]) -> usize {
    at.iter().zip(strides).map(|(at, stride)| at * stride).sum()
}
