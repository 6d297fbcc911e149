//! What multiplies and adds: matrices, convolutions, scales, sums, reductions.

use super::{
    Form, LowerError, Lowering,
    emit::{Affine, RealLinear, RealProduct, Target, in_order},
    fixed, keep, new_axis, unsupported, whole_base,
};
use crate::{
    network::Node,
    ops::{Conv, Dense, Reduce, Scale, spread},
    tensor::{Tensor, each, strides},
};
use averment_plan::{Along, Read};

impl Lowering<'_> {
    pub(super) fn dense(&mut self, target: &Target<'_>, op: &Dense, input: Form) -> Result<Form, LowerError> {
        let (from, to) = (op.weight.dims[0], op.weight.dims[1]);
        let (mut base, mut axes) = (Vec::new(), Vec::new());
        let mut reads: Vec<Read> = input.base.iter().map(|&dim| fixed(0, dim)).collect();
        let (summed, kept) =
            input.axes.split_last().ok_or_else(|| unsupported(target.name, "a single number"))?;
        for group in kept {
            axes.push(keep(group, &input, &mut base, &mut reads));
        }
        let sums = sum_over(summed, &input, &mut reads);
        let feature = (to > 1).then(|| new_axis(&mut base, to));
        axes.push(feature.into_iter().collect());
        let base = whole_base(base);
        let mut weights = vec![0.0; op.weight.len()];
        let mut bias = op.bias.clone();
        bias.resize(to, 0.0);
        for k in 0..from {
            let (unit, offset) = match &input.features {
                None => (1.0, 0.0),
                Some((exponents, offsets)) => {
                    let unit = (-f64::from(exponents[k])).exp2();
                    (unit, offsets[k] as f64 * unit)
                }
            };
            for n in 0..to {
                let weight = op.weight.cells[k * to + n];
                weights[n * from + k] = weight * unit;
                bias[n] += weight * offset;
            }
        }
        let (terms, exponent) = self.read(target.name, &input, &reads, &base, &sums)?;
        let weight_axes: Vec<u8> = feature.into_iter().collect();
        let affine = Affine {
            products: vec![RealProduct { sums, terms, exponent, weight_axes: weight_axes.clone(), weights }],
            linear: Vec::new(),
            bias: Some((weight_axes, bias)),
            trained: true,
        };
        self.emit(target, base, axes, &affine)
    }

    pub(super) fn conv(
        &mut self,
        target: &Target<'_>,
        op: &Conv,
        input: Form,
        from: &[usize],
        to: &[usize],
    ) -> Result<Form, LowerError> {
        if from[0] != 1 {
            return Err(unsupported(
                target.name,
                "the batch is an axis of its own; export the model with a batch of 1",
            ));
        }
        let input = self.uniform(target.name, input)?;
        let depthwise = op.groups > 1 && op.weight.dims[1] == 1;
        let multiple = op.weight.dims[0] / op.groups;
        let (mut base, mut axes) = (Vec::new(), vec![Vec::new()]);
        let mut reads: Vec<Read> = input.base.iter().map(|&dim| fixed(0, dim)).collect();
        let mut sums = Vec::new();
        let mut features = Vec::new();
        if depthwise {
            features = keep(&input.axes[1], &input, &mut base, &mut reads);
            features.extend((multiple > 1).then(|| new_axis(&mut base, multiple)));
        } else {
            sums = sum_over(&input.axes[1], &input, &mut reads);
            features.extend((to[1] > 1).then(|| new_axis(&mut base, to[1])));
        }
        axes.push(features.clone());
        // Taps that are used, axis by axis.
        let mut taps: Vec<Vec<usize>> = Vec::new();
        for (position, window) in op.windows.iter().enumerate() {
            let (length, outputs) = (from[position + 2], to[position + 2]);
            let output = (outputs > 1).then(|| new_axis(&mut base, outputs));
            axes.push(output.into_iter().collect());
            match input.axes[position + 2][..] {
                [] if outputs == 1 => {
                    // One cell: the tap that meets it, if there is one.
                    let met = (0..window.taps).find(|&tap| window.cell(0, tap, length).is_some());
                    taps.push(met.into_iter().collect());
                }
                [axis] => {
                    let tap = (window.taps > 1).then(|| {
                        sums.push(small(window.taps));
                        small_axis(sums.len() - 1)
                    });
                    let along =
                        |axis: Option<u8>, step: usize| axis.map(|axis| Along { axis, step: small(step) });
                    reads[usize::from(axis)] = Read {
                        output: along(output, window.stride),
                        tap: along(tap, window.dilation),
                        pad: i32::try_from(window.begin).unwrap_or(i32::MAX),
                        limit: input.base[usize::from(axis)],
                    };
                    taps.push((0..window.taps).collect());
                }
                _ => {
                    let reason = "it moves along an axis that is several axes of what it reads, or one that is padded \
                                  from a single cell; the reshape before it would have to be undone";
                    return Err(unsupported(target.name, reason));
                }
            }
        }
        let base = whole_base(base);
        let weights = kernel(op, &taps, depthwise);
        let (terms, exponent) = self.read(target.name, &input, &reads, &base, &sums)?;
        let bias = (!op.bias.is_empty()).then(|| (features.clone(), op.bias.clone()));
        let affine = Affine {
            products: vec![RealProduct { sums, terms, exponent, weight_axes: features, weights }],
            linear: Vec::new(),
            bias,
            trained: true,
        };
        self.emit(target, base, axes, &affine)
    }

    /// A form with one scale for all cells.
    pub(super) fn uniform(&mut self, name: &str, form: Form) -> Result<Form, LowerError> {
        if form.features.is_none() { Ok(form) } else { self.computed(name, &form) }
    }

    pub(super) fn scale(
        &mut self,
        target: &Target<'_>,
        op: &Scale,
        input: Form,
        to: &[usize],
    ) -> Result<Form, LowerError> {
        let mut input = self.uniform(target.name, input)?;
        // Constants may have more axes, of length 1, in front.
        let missing = to.len() - input.axes.len();
        input.axes.splice(0..0, vec![Vec::new(); missing]);
        let (base, axes, reads) = in_order(&input);
        let (terms, exponent) = self.read(target.name, &input, &reads, &base, &[])?;
        let mut affine = Affine::default();
        let (factor_axes, factors) = constant(&op.factor, to, &axes);
        match factors[..] {
            [factor] => affine.linear.push(RealLinear { sums: Vec::new(), terms, exponent, factor }),
            _ => affine.products.push(RealProduct {
                sums: Vec::new(),
                terms,
                exponent,
                weight_axes: factor_axes,
                weights: factors,
            }),
        }
        let (offset_axes, offsets) = constant(&op.offset, to, &axes);
        affine.bias = offsets.iter().any(|&offset| offset != 0.0).then_some((offset_axes, offsets));
        self.emit(target, base, axes, &affine)
    }

    pub(super) fn sum(
        &mut self,
        target: &Target<'_>,
        node: &Node,
        factors: &[f64],
        to: &[usize],
    ) -> Result<Form, LowerError> {
        let mut operands = Vec::with_capacity(factors.len());
        for position in 0..factors.len() {
            let form = self.form(node, position)?;
            let mut form = self.uniform(target.name, form)?;
            let missing = to.len() - form.axes.len();
            form.axes.splice(0..0, vec![Vec::new(); missing]);
            operands.push(form);
        }
        // Each axis is split as the operand splits it that has it.
        let (mut base, mut axes) = (Vec::new(), Vec::new());
        for axis in 0..to.len() {
            let split = operands.iter().find(|form| !form.axes[axis].is_empty());
            let group = split.map(|form| dims_of(form, axis)).unwrap_or_default();
            axes.push(group.iter().map(|&dim| new_axis(&mut base, dim as usize)).collect::<Vec<u8>>());
        }
        let base = whole_base(base);
        let mut affine = Affine::default();
        for (form, &factor) in operands.iter().zip(factors) {
            let mut reads: Vec<Read> = form.base.iter().map(|&dim| fixed(0, dim)).collect();
            for (group, into) in form.axes.iter().zip(&axes) {
                if group.is_empty() {
                    continue;
                }
                let same = group.len() == into.len()
                    && group
                        .iter()
                        .zip(into)
                        .all(|(&a, &b)| form.base[usize::from(a)] == base[usize::from(b)]);
                if !same {
                    return Err(unsupported(target.name, "its operands are flattened from different shapes"));
                }
                for (&from, &to) in group.iter().zip(into) {
                    reads[usize::from(from)] = Read::along(to, form.base[usize::from(from)]);
                }
            }
            let (terms, exponent) = self.read(target.name, form, &reads, &base, &[])?;
            affine.linear.push(RealLinear { sums: Vec::new(), terms, exponent, factor });
        }
        self.emit(target, base, axes, &affine)
    }

    pub(super) fn reduce(
        &mut self,
        target: &Target<'_>,
        op: &Reduce,
        input: Form,
        from: &[usize],
    ) -> Result<Form, LowerError> {
        let input = self.uniform(target.name, input)?;
        let (mut base, mut axes) = (Vec::new(), Vec::new());
        let mut reads: Vec<Read> = input.base.iter().map(|&dim| fixed(0, dim)).collect();
        let mut summed = Vec::new();
        for (axis, group) in input.axes.iter().enumerate() {
            if op.axes.contains(&axis) {
                summed.extend_from_slice(group);
                axes.push(Vec::new());
            } else {
                axes.push(keep(group, &input, &mut base, &mut reads));
            }
        }
        let sums = sum_over(&summed, &input, &mut reads);
        let base = whole_base(base);
        let factor = if op.mean { 1.0 / op.count(from) as f64 } else { 1.0 };
        let (terms, exponent) = self.read(target.name, &input, &reads, &base, &sums)?;
        let linear = vec![RealLinear { sums, terms, exponent, factor }];
        self.emit(target, base, axes, &Affine { linear, ..Affine::default() })
    }
}

/// Lengths of the base axes of one axis.
pub(super) fn dims_of(form: &Form, axis: usize) -> Vec<u32> {
    form.axes[axis].iter().map(|&axis| form.base[usize::from(axis)]).collect()
}

/// Sums over whole base axes, in this order.
fn sum_over(group: &[u8], input: &Form, reads: &mut [Read]) -> Vec<u32> {
    let sum = |(sum, &axis): (usize, &u8)| {
        let dim = input.base[usize::from(axis)];
        reads[usize::from(axis)] = Read::summed(small_axis(sum), dim);
        dim
    };
    group.iter().enumerate().map(sum).collect()
}

fn small(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

fn small_axis(value: usize) -> u8 {
    u8::try_from(value).unwrap_or(u8::MAX)
}

/// A convolution's weights over features, channels and the taps that are used; groups that are not one channel each
/// become zeros between the blocks.
fn kernel(op: &Conv, taps: &[Vec<usize>], depthwise: bool) -> Vec<f64> {
    let dims = &op.weight.dims;
    let steps = strides(dims);
    let (per_group, features) = (dims[1], dims[0] / op.groups);
    let channels = if depthwise { 1 } else { per_group * op.groups };
    let lengths: Vec<usize> = taps.iter().map(Vec::len).collect();
    let mut weights = Vec::with_capacity(dims[0] * channels);
    for feature in 0..dims[0] {
        for channel in 0..channels {
            let own = if depthwise { Some(0) } else { channel.checked_sub(feature / features * per_group) };
            let own = own.filter(|&own| own < per_group);
            each(&lengths, |at| {
                let tap = |(axis, &at): (usize, &usize)| taps[axis][at] * steps[axis + 2];
                let offset: usize = at.iter().enumerate().map(tap).sum();
                weights.push(
                    own.map_or(0.0, |own| op.weight.cells[feature * steps[0] + own * steps[1] + offset]),
                );
            });
            if lengths.contains(&0) {
                // No tap meets the only cell.
                weights.push(0.0);
            }
        }
    }
    weights
}

/// A constant's cells along the axes that it varies along, and the base axes of these.
fn constant(tensor: &Tensor, dims: &[usize], axes: &[Vec<u8>]) -> (Vec<u8>, Vec<f64>) {
    let cells = spread(tensor, dims);
    let steps = strides(dims);
    let varies = |axis: usize| {
        let (step, dim) = (steps[axis], dims[axis]);
        cells.iter().enumerate().any(|(cell, value)| *value != cells[cell - cell / step % dim * step])
    };
    let varying: Vec<usize> = (0..dims.len()).filter(|&axis| varies(axis)).collect();
    let lengths: Vec<usize> = varying.iter().map(|&axis| dims[axis]).collect();
    let mut kept = Vec::with_capacity(lengths.iter().product());
    each(&lengths, |at| {
        let place: usize = at.iter().zip(&varying).map(|(at, &axis)| at * steps[axis]).sum();
        kept.push(cells[place]);
    });
    (varying.iter().flat_map(|&axis| axes[axis].iter().copied()).collect(), kept)
}
