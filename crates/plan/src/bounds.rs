//! Interval analysis: how large values can get, for every input in the declared range.
//!
//! Every tensor's interval includes 0, so that reads outside of a window and padded cells need no case of their own.

use crate::{
    Bias, Linear, Operator, Product, Range, Step, Table, TensorId, Term, WeightId, WeightSpec, limits,
};

/// Interval analysis of a plan under construction, step by step. [`crate::Model::new`] does the same for a whole plan.
#[derive(Debug, Clone)]
pub struct Bounds {
    tensors: Vec<Range>,
    maxima: Vec<(TensorId, Vec<Term>, Range)>,
}

/// What a step's accumulator and the sums on the way to it can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accumulator {
    /// The accumulator.
    pub range: Range,
    /// The largest absolute value of any partial sum.
    pub partial: i128,
}

impl Bounds {
    /// Begins with the intervals of the inputs.
    pub fn new(inputs: impl Iterator<Item = Range>) -> Self {
        Self { tensors: inputs.map(Range::with_zero).collect(), maxima: Vec::new() }
    }

    /// The interval of a tensor, 0 included; none if it is not there yet.
    pub fn tensor(&self, tensor: TensorId) -> Option<Range> {
        self.tensors.get(tensor.index()).copied()
    }

    /// The interval of a form. Both terms of a maximum together are the maximum.
    fn form(&self, form: &[Term], step: &Step, sums: &[u32]) -> Range {
        let mut rest: Vec<&Term> = form.iter().collect();
        let mut total = Range::ZERO;
        // Latest first: a maximum's first form may itself contain a maximum.
        for (tensor, first, range) in self.maxima.iter().rev() {
            loop {
                let pair = rest.iter().position(|term| term.view.tensor == *tensor).and_then(|position| {
                    let difference = rest.get(position)?;
                    let mut others = rest.clone();
                    others.remove(position);
                    for term in first {
                        let read = term.through(&difference.view.reads, &step.shape, sums)?;
                        // A first form that is never read adds nothing: no term to be found.
                        let Some(mut read) = read else { continue };
                        read.coefficient = read.coefficient.checked_mul(difference.coefficient)?;
                        others.remove(others.iter().position(|other| other.same(&read, &step.shape, sums))?);
                    }
                    Some((difference.coefficient, others))
                });
                let Some((coefficient, others)) = pair else { break };
                total = total.plus(range.times(coefficient.into()));
                rest = others;
            }
        }
        total.plus(crate::view::naive_range(rest.into_iter(), &self.tensors))
    }

    /// The interval of a step's accumulator: with these weights, or with any in the declared range.
    pub fn accumulator(
        &self,
        step: &Step,
        specs: &[WeightSpec],
        weights: Option<&[Vec<i32>]>,
    ) -> Accumulator {
        let mut partial = 0i128;
        for (form, _) in step.operator.forms() {
            partial = partial.max(crate::view::naive_range(form.iter(), &self.tensors).magnitude());
        }
        let range = match &step.operator {
            Operator::Maximum { first, second } => {
                partial = partial.saturating_mul(2);
                self.form(second, step, &[]).plus(self.form(first, step, &[]).negated())
            }
            Operator::Affine { products, linear, bias } => {
                let weighted = self.weighted(step, products, bias.as_ref(), specs, weights);
                linear.iter().fold(weighted, |sum, linear: &Linear| {
                    sum.plus(linear.range(self.form(&linear.form, step, &linear.sums)))
                })
            }
        };
        Accumulator { range, partial: partial.max(range.magnitude()) }
    }

    fn weighted(
        &self,
        step: &Step,
        products: &[Product],
        bias: Option<&Bias>,
        specs: &[WeightSpec],
        weights: Option<&[Vec<i32>]>,
    ) -> Range {
        let form = |product: &Product| self.form(&product.form, step, &product.sums);
        let Some(weights) = weights else {
            let start = bias.map_or(Range::ZERO, |bias| bias.worst(specs));
            return products.iter().fold(start, |sum, product| sum.plus(product.worst(form(product), specs)));
        };
        let tensor = |id: WeightId| weights.get(id.index()).map(Vec::as_slice).unwrap_or_default();
        // One list of intervals for each contribution, over the indices of its own axes.
        let mut contributions: Vec<(&[u8], Vec<Range>)> = products
            .iter()
            .map(|product| {
                (product.weight_axes.as_slice(), product.exact(form(product), tensor(product.weight)))
            })
            .collect();
        contributions.extend(bias.map(|bias| (bias.axes.as_slice(), bias.exact(tensor(bias.weight)))));
        let padding = step.shape.has_padding();
        let hull = |ranges: &[Range]| {
            let start = if padding { Some(Range::ZERO) } else { None };
            start.into_iter().chain(ranges.iter().copied()).reduce(Range::hull).unwrap_or(Range::ZERO)
        };
        let mut contributions = contributions.into_iter();
        let Some((axes, mut sum)) = contributions.next() else { return Range::ZERO };
        let mut apart = Range::ZERO;
        for (other_axes, other) in contributions {
            if other_axes == axes {
                for (sum, other) in sum.iter_mut().zip(other) {
                    *sum = sum.plus(other);
                }
            } else {
                apart = apart.plus(hull(&other));
            }
        }
        hull(&sum).plus(apart)
    }

    /// Adds a step's result, with its accumulator's interval known to index the table.
    pub fn push(&mut self, step: &Step, table: &Table, accumulator: Range) -> Range {
        if let Operator::Maximum { first, second } = &step.operator {
            let both = self.form(first, step, &[]).hull(self.form(second, step, &[])).with_zero();
            let tensor = TensorId(u32::try_from(self.tensors.len()).unwrap_or(u32::MAX));
            self.maxima.push((tensor, first.clone(), both));
        }
        let range = table.image(accumulator.rescaled(step.rescale.shift)).with_zero();
        self.tensors.push(range);
        range
    }
}

/// Whether an accumulator, and every sum on the way to it, stays within 64 bits with room for rounding.
pub(crate) fn fits(accumulator: &Accumulator) -> bool {
    accumulator.partial < limits::ACCUMULATOR
}
