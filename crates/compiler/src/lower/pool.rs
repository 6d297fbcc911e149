//! Pools.

use super::{
    Form, LowerError, Lowering, base_of,
    emit::{Affine, RealLinear, Target, name_of},
    fixed, keep, new_axis, shape, unsupported, whole_base,
};
use crate::{
    network::Node,
    ops::{Pool, Scale, Window},
    tensor::{Tensor, each},
};
use averment_plan::{
    Along, Bias, Function, Linear, Operator, Range, Read, Rescale, Step, Table, TableId, Term, View,
    WeightId, WeightSpec,
};

impl Lowering<'_> {
    pub(super) fn average_pool(
        &mut self,
        target: &Target<'_>,
        op: &Pool,
        input: Form,
        from: &[usize],
        to: &[usize],
    ) -> Result<Form, LowerError> {
        let input = self.uniform(target.name, input)?;
        let cells: usize = op.windows.iter().map(|window| window.taps).product();
        let counts = counts(op, from, to);
        let even = counts.cells.iter().all(|&count| count == cells as f64);
        let (mut base, mut axes) = (Vec::new(), Vec::new());
        let mut reads: Vec<Read> = input.base.iter().map(|&dim| fixed(0, dim)).collect();
        for group in &input.axes[..2] {
            axes.push(keep(group, &input, &mut base, &mut reads));
        }
        let mut sums = Vec::new();
        for (position, window) in op.windows.iter().enumerate() {
            let outputs = to[position + 2];
            let output = (outputs > 1).then(|| new_axis(&mut base, outputs));
            axes.push(output.into_iter().collect());
            match input.axes[position + 2][..] {
                [] if outputs == 1 => {}
                [axis] => {
                    let tap = (window.taps > 1).then(|| {
                        sums.push(u32::try_from(window.taps).unwrap_or(u32::MAX));
                        u8::try_from(sums.len() - 1).unwrap_or(u8::MAX)
                    });
                    let mut read = along(window, output, 0, input.base[usize::from(axis)]);
                    read.tap = tap.map(|axis| Along { axis, step: step_of(window.dilation) });
                    reads[usize::from(axis)] = read;
                }
                _ => return Err(merged(target.name)),
            }
        }
        let base = whole_base(base);
        let (terms, exponent) = self.read(target.name, &input, &reads, &base, &sums)?;
        let linear = vec![RealLinear { sums, terms, exponent, factor: 1.0 / cells as f64 }];
        let affine = Affine { linear, ..Affine::default() };
        if even {
            return self.emit(target, base, axes, &affine);
        }
        // Windows at the border have fewer cells: their sums are scaled by a constant each, in a step of their own.
        let name = format!("{}.sum", target.name);
        let sum = Target { name: &name, pre: target.pre, post: None, function: None };
        let form = self.emit(&sum, base, axes, &affine)?;
        let factor = counts.cells.iter().map(|&count| cells as f64 / count).collect();
        let factor = Tensor { dims: counts.dims, cells: factor };
        self.scale(target, &Scale { factor, offset: Tensor::number(0.0) }, form, to)
    }

    pub(super) fn max_pool(
        &mut self,
        node: &Node,
        op: &Pool,
        input: Form,
        from: &[usize],
        to: &[usize],
    ) -> Result<Form, LowerError> {
        let name = node.name.as_str();
        let mut form = self.uniform(name, input)?;
        // Beyond the border a read gives 0, which must not be the largest: values are lifted above it first.
        let windows = op.windows.iter().zip(&from[2..]).zip(&to[2..]);
        let outside = windows.clone().any(|((window, &length), &outputs)| {
            window.begin > 0 || (outputs - 1) * window.stride + (window.taps - 1) * window.dilation >= length
        });
        let mut lifted = 0;
        if outside {
            form = self.computed(name, &form)?;
            let range = self.range_of(&form);
            if range.low < 0 {
                lifted = range.low as i64;
                form = self.shifted(&format!("{name}.lifted"), &form, -lifted)?;
            }
        }
        // One axis after the other.
        for (position, window) in op.windows.iter().enumerate() {
            let axis = match form.axes[position + 2][..] {
                [] if to[position + 2] == 1 => continue,
                [axis] => usize::from(axis),
                _ => return Err(merged(name)),
            };
            let length = form.base[axis];
            let outputs = to[position + 2];
            let mut base = Vec::new();
            let mut reads: Vec<Read> = form.base.iter().map(|&dim| fixed(0, dim)).collect();
            let mut axes = Vec::new();
            for (at, group) in form.axes.iter().enumerate() {
                if at == position + 2 {
                    axes.push(
                        (outputs > 1).then(|| new_axis(&mut base, outputs)).into_iter().collect::<Vec<u8>>(),
                    );
                } else {
                    axes.push(keep(group, &form, &mut base, &mut reads));
                }
            }
            let base = whole_base(base);
            let result = shape(name, &base)?;
            let output = axes[position + 2].first().copied();
            let mut largest: Option<Vec<Term>> = None;
            for tap in 0..window.taps {
                reads[axis] = along(window, output, tap, length);
                let (terms, exponent) = self.read(name, &form, &reads, &base, &[])?;
                if exponent != form.exponent {
                    // It had to be computed first, and is now as fine as before.
                    return Err(unsupported(name, "its operand changes scale"));
                }
                largest = Some(match largest {
                    None => terms,
                    Some(first) if terms.is_empty() => first,
                    Some(first) if first.is_empty() => terms,
                    Some(first) => self.maximum(
                        &format!("{name}.max{position}.{tap}"),
                        &result,
                        first,
                        terms,
                        form.exponent,
                    )?,
                });
            }
            form = Form {
                axes,
                base,
                terms: largest.unwrap_or_default(),
                exponent: form.exponent,
                features: None,
            };
        }
        if lifted != 0 {
            form = self.shifted(&format!("{name}.lowered"), &form, lifted)?;
        }
        Ok(form)
    }

    /// `first + relu(second - first)` as a form.
    fn maximum(
        &mut self,
        name: &str,
        result: &averment_plan::Shape,
        first: Vec<Term>,
        second: Vec<Term>,
        exponent: i32,
    ) -> Result<Vec<Term>, LowerError> {
        let bits = self.precision.index_bits;
        let mut step = Step {
            name: name_of(name),
            shape: result.clone(),
            operator: Operator::Maximum { first: first.clone(), second },
            rescale: Rescale { shift: 0, table: TableId(0) },
            exponent: i8::try_from(exponent).map_err(|_| LowerError::NoScale { node: name.into() })?,
        };
        let accumulator = self.bounds.accumulator(&step, &[], Some(&[])).range;
        // The relu of the layers will do if differences stay within it.
        let activation = (1 << self.precision.activation_bits) - 1;
        let full = Range::signed(bits).high as i32;
        let high = if accumulator.high <= activation.into() { activation.min(full) } else { full };
        if !Range::signed(bits).contains(accumulator) || accumulator.high > high.into() {
            let reason =
                format!("differences reach {}, beyond tables of {bits} bits", accumulator.magnitude());
            return Err(unsupported(name, reason));
        }
        step.rescale.table = self.table_of(Table::new(bits, Function::Clamp { low: 0, high })?);
        let tensor = self.add(step, accumulator, None);
        let mut terms = first;
        terms.push(Term { coefficient: 1, view: View::whole(tensor, result) });
        Ok(terms)
    }

    /// The form plus an integer, exactly, as a tensor of its own.
    fn shifted(&mut self, name: &str, form: &Form, by: i64) -> Result<Form, LowerError> {
        let bits = self.precision.index_bits;
        let range = Range::signed(bits);
        let weight = WeightId(u32::try_from(self.draft.weights.len()).unwrap_or(u32::MAX));
        self.draft.weights.push(WeightSpec {
            name: name_of(&format!("{name}.constant")),
            shape: shape(name, &[1])?,
            bits: averment_plan::limits::WEIGHT_BITS,
        });
        self.weights.push(vec![i32::try_from(by).map_err(|_| LowerError::NoScale { node: name.into() })?]);
        let bias = Some(Bias { weight, axes: Vec::new(), coefficient: 1 });
        let (copy, form) = self.copy(name, form, bias)?;
        let accumulator = self.bounds.accumulator(&copy, &self.draft.weights, Some(&self.weights)).range;
        if !range.contains(accumulator) {
            return Err(unsupported(
                name,
                format!("values reach {}, beyond tables of {bits} bits", accumulator.magnitude()),
            ));
        }
        let identity = Function::Clamp { low: range.low as i32, high: range.high as i32 };
        let table = self.table_of(Table::new(bits, identity)?);
        self.copied(copy, form, table, accumulator)
    }

    /// The form as one tensor for an operator that sums over it, if it is several and some table leaves it as it is.
    ///
    /// The largest of two are a sum of two tensors, and each would be read through a sliding window of its own, by
    /// whoever verifies too. A few more lookups cost less. Nothing is lost, and no table is added.
    pub(super) fn held(&mut self, name: &str, form: Form) -> Result<Form, LowerError> {
        if form.terms.len() < 2 || form.features.is_some() {
            return Ok(form);
        }
        let (copy, own) = self.copy(&format!("{name}.operand"), &form, None)?;
        let accumulator = self.bounds.accumulator(&copy, &[], Some(&[])).range;
        let identity = self.draft.tables.iter().position(|table| match *table.function() {
            Function::Clamp { low, high } => {
                let kept = Range { low: low.into(), high: high.into() };
                Range::signed(table.bits()).contains(accumulator) && kept.contains(accumulator)
            }
            Function::Listed(_) => false,
        });
        match identity.and_then(|table| u32::try_from(table).ok()) {
            Some(table) => self.copied(copy, own, TableId(table), accumulator),
            None => Ok(form),
        }
    }

    /// A step that copies the form, not yet part of the plan and with no table yet, and the form that it will be but for
    /// its term.
    fn copy(&mut self, name: &str, form: &Form, bias: Option<Bias>) -> Result<(Step, Form), LowerError> {
        let (base, axes, reads) = super::emit::in_order(form);
        let (terms, exponent) = self.read(name, form, &reads, &base, &[])?;
        let step = Step {
            name: name_of(name),
            shape: shape(name, &base)?,
            operator: Operator::Affine { products: Vec::new(), linear: vec![Linear::of(terms)], bias },
            rescale: Rescale { shift: 0, table: TableId(0) },
            exponent: i8::try_from(exponent).map_err(|_| LowerError::NoScale { node: name.into() })?,
        };
        Ok((step, Form { axes, base, terms: Vec::new(), exponent, features: None }))
    }

    /// Adds a [`Self::copy`], looked up in a table that leaves its accumulators as they are.
    fn copied(
        &mut self,
        mut copy: Step,
        form: Form,
        table: TableId,
        accumulator: Range,
    ) -> Result<Form, LowerError> {
        copy.rescale.table = table;
        let result = copy.shape.clone();
        let tensor = self.add(copy, accumulator, None);
        Ok(Form { terms: vec![Term { coefficient: 1, view: View::whole(tensor, &result) }], ..form })
    }

    fn range_of(&self, form: &Form) -> Range {
        form.terms.iter().fold(Range::ZERO, |sum, term| {
            let range = self.bounds.tensor(term.view.tensor).unwrap_or(Range::ZERO);
            sum.plus(range.times(term.coefficient.into()))
        })
    }
}

fn merged(name: &str) -> LowerError {
    unsupported(
        name,
        "it pools along an axis that is several axes of what it reads, or is padded from a single cell",
    )
}

fn step_of(step: usize) -> u32 {
    u32::try_from(step).unwrap_or(u32::MAX)
}

/// How one tap of a window reads an axis.
fn along(window: &Window, output: Option<u8>, tap: usize, limit: u32) -> Read {
    let pad = window.begin as i64 - (tap * window.dilation) as i64;
    Read {
        output: output.map(|axis| Along { axis, step: step_of(window.stride) }),
        tap: None,
        pad: i32::try_from(pad).unwrap_or(i32::MAX),
        limit,
    }
}

/// How many cells each window counts, for the axes after the first two.
fn counts(op: &Pool, from: &[usize], to: &[usize]) -> Tensor {
    let mut ones = from.to_vec();
    ones[..2].fill(1);
    let mut dims = to.to_vec();
    dims[..2].fill(1);
    let (base, _) = base_of(&dims);
    let mut cells = Vec::with_capacity(base.iter().map(|&dim| dim as usize).product());
    each(&dims, |at| {
        let mut count = 1;
        for (axis, window) in op.windows.iter().enumerate() {
            let length = ones[axis + 2];
            let inside = |&tap: &usize| {
                let place = at[axis + 2] * window.stride + tap * window.dilation;
                let real = place >= window.begin && place < window.begin + length;
                real || (op.count_padding && place < window.begin + length + window.end)
            };
            count *= (0..window.taps).filter(inside).count();
        }
        cells.push(count as f64);
    });
    Tensor { dims, cells }
}
