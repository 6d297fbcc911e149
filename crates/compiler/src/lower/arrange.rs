//! What moves cells without computing: other forms over the same tensors.

use super::{Form, LowerError, Lowering, fixed, keep, new_axis, unsupported, whole_base};
use crate::{
    network::Node,
    ops::{Concat, Pad, Slice},
};
use averment_plan::{Along, Read, Shape, Term};

impl Lowering<'_> {
    /// Another grouping of the same base axes.
    pub(super) fn reshape(
        &mut self,
        node: &Node,
        input: Form,
        from: &[usize],
        to: &[usize],
    ) -> Result<Form, LowerError> {
        let flat: Vec<u8> = input.axes.iter().flatten().copied().collect();
        let mut rest = flat.iter().copied().peekable();
        let mut axes = Vec::with_capacity(to.len());
        for &dim in to {
            let (mut group, mut cells) = (Vec::new(), 1usize);
            while cells < dim {
                let Some(axis) = rest.next() else { break };
                cells = cells.saturating_mul(input.base[usize::from(axis)] as usize);
                group.push(axis);
            }
            if cells != dim {
                let reason = format!(
                    "the reshape from {from:?} to {to:?} splits an axis that is one in memory; a view with two \
                     coordinates of the result along one axis of the source would be needed"
                );
                return Err(unsupported(&node.name, reason));
            }
            axes.push(group);
        }
        Ok(Form { axes, ..input })
    }

    pub(super) fn slice(
        &mut self,
        node: &Node,
        op: &Slice,
        input: Form,
        from: &[usize],
    ) -> Result<Form, LowerError> {
        self.rearrange(node, input, |input, base, reads| {
            let mut axes = Vec::new();
            for (axis, &(start, step, count)) in op.axes.iter().enumerate() {
                let group = &input.axes[axis];
                if (start, step, count) == (0, 1, from[axis]) {
                    axes.push(keep(group, input, base, reads));
                    continue;
                }
                let ([source], Ok(step)) = (&group[..], u32::try_from(step)) else {
                    return Err("it slices an axis that is several axes in memory, or backwards");
                };
                let output = (count > 1).then(|| new_axis(base, count));
                let dim = input.base[usize::from(*source)];
                reads[usize::from(*source)] =
                    Read { output: output.map(|axis| Along { axis, step }), ..fixed(start, dim) };
                axes.push(output.into_iter().collect());
            }
            Ok(axes)
        })
    }

    pub(super) fn pad(
        &mut self,
        node: &Node,
        op: &Pad,
        input: Form,
        from: &[usize],
    ) -> Result<Form, LowerError> {
        let mut input = input;
        for (axis, &pads) in op.axes.iter().enumerate() {
            if pads != (0, 0) && input.axes[axis].is_empty() {
                input = self.with_axis(&node.name, &input, axis)?;
            }
        }
        self.rearrange(node, input, |input, base, reads| {
            let mut axes = Vec::new();
            for (axis, &(begin, end)) in op.axes.iter().enumerate() {
                let group = &input.axes[axis];
                if (begin, end) == (0, 0) {
                    axes.push(keep(group, input, base, reads));
                    continue;
                }
                let [source] = group[..] else {
                    return Err("it pads an axis that is several axes in memory");
                };
                let output = new_axis(base, from[axis] + begin + end);
                let pad = i32::try_from(begin).unwrap_or(i32::MAX);
                reads[usize::from(source)] =
                    Read { pad, ..Read::along(output, input.base[usize::from(source)]) };
                axes.push(vec![output]);
            }
            Ok(axes)
        })
    }

    pub(super) fn concat(&mut self, node: &Node, op: &Concat) -> Result<Form, LowerError> {
        let mut parts = Vec::with_capacity(node.inputs.len());
        for position in 0..node.inputs.len() {
            let form = self.form(node, position)?;
            let mut form = self.uniform(&node.name, form)?;
            if form.axes[op.axis].is_empty() {
                form = self.with_axis(&node.name, &form, op.axis)?;
            }
            parts.push(form);
        }
        let lengths: Vec<usize> =
            node.inputs.iter().map(|input| self.network.dims[input.0][op.axis]).collect();
        let total: usize = lengths.iter().sum();
        let exponent = parts.iter().map(|part| part.exponent).max().unwrap_or(0);
        let mut begin = 0usize;
        let mut whole: Option<Form> = None;
        for (part, length) in parts.into_iter().zip(lengths) {
            let finer = u32::try_from(exponent - part.exponent).unwrap_or(0);
            let form = self.rearrange(node, part, |input, base, reads| {
                let mut axes = Vec::new();
                for (axis, group) in input.axes.iter().enumerate() {
                    if axis != op.axis {
                        axes.push(keep(group, input, base, reads));
                        continue;
                    }
                    let [source] = group[..] else {
                        return Err("it joins along an axis that is several axes in memory");
                    };
                    let output = new_axis(base, total);
                    let pad = i32::try_from(begin).unwrap_or(i32::MAX);
                    reads[usize::from(source)] =
                        Read { pad, ..Read::along(output, input.base[usize::from(source)]) };
                    axes.push(vec![output]);
                }
                Ok(axes)
            })?;
            begin += length;
            if finer > 30 {
                return Err(unsupported(&node.name, "its operands have scales too far apart"));
            }
            let scaled =
                form.terms.into_iter().map(|term| Term { coefficient: term.coefficient << finer, ..term });
            match &mut whole {
                None => whole = Some(Form { terms: scaled.collect(), exponent, ..form }),
                Some(whole) if whole.base == form.base && whole.axes == form.axes => {
                    whole.terms.extend(scaled)
                }
                Some(_) => {
                    return Err(unsupported(&node.name, "its operands are flattened from different shapes"));
                }
            }
        }
        whole.ok_or_else(|| unsupported(&node.name, "nothing is put side by side"))
    }

    /// A form read through reads that `arrange` writes, with the base axes that it adds.
    fn rearrange(
        &mut self,
        node: &Node,
        input: Form,
        arrange: impl FnOnce(&Form, &mut Vec<u32>, &mut [Read]) -> Result<Vec<Vec<u8>>, &'static str>,
    ) -> Result<Form, LowerError> {
        let input = self.uniform(&node.name, input)?;
        let mut base = Vec::new();
        let mut reads: Vec<Read> = input.base.iter().map(|&dim| fixed(0, dim)).collect();
        let axes =
            arrange(&input, &mut base, &mut reads).map_err(|reason| unsupported(&node.name, reason))?;
        let base = whole_base(base);
        let (terms, exponent) = self.read(&node.name, &input, &reads, &base, &[])?;
        Ok(Form { axes, base, terms, exponent, features: None })
    }

    /// The form with a base axis for an axis of length 1, as a tensor of its own.
    fn with_axis(&mut self, name: &str, form: &Form, axis: usize) -> Result<Form, LowerError> {
        let computed = self.computed(name, form)?;
        let [Term { coefficient: 1, view }] = &computed.terms[..] else {
            return Err(unsupported(name, "its operand is no single tensor"));
        };
        // A tensor of one cell has its axis already.
        if computed.base == [1] {
            let mut axes = computed.axes.clone();
            axes[axis] = vec![0];
            return Ok(Form { axes, ..computed });
        }
        // The last step gets the axis as well: its shape and its reads know it as one more coordinate.
        let position = view.tensor.index().checked_sub(self.draft.inputs.len());
        let Some(step) = position.and_then(|position| self.draft.steps.get_mut(position)) else {
            return Err(unsupported(name, "its operand is an input"));
        };
        let dims = [step.shape.dims(), &[1]].concat();
        let shape =
            Shape::new(dims.clone()).map_err(|source| LowerError::Shape { node: name.into(), source })?;
        step.shape = shape.clone();
        let mut axes = computed.axes.clone();
        axes[axis] = vec![u8::try_from(dims.len() - 1).unwrap_or(u8::MAX)];
        let view = averment_plan::View::whole(view.tensor, &shape);
        Ok(Form { axes, base: dims, terms: vec![Term { coefficient: 1, view }], ..computed })
    }
}
