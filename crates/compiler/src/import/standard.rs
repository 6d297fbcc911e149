//! The standard operators.

use super::{Importer, Known, Outcome, Use, axis_of};
use crate::{
    network::{Op, broadcast},
    ops::{Concat, Conv, Dense, Function, Pad, Pool, Reduce, Scale, Slice, Window},
    tensor::{Tensor, cell_count, strides},
};

pub(super) type Handler = fn(&mut Importer, &Use<'_>) -> Outcome;

pub(super) fn handler(operator: &str) -> Option<Handler> {
    Some(match operator {
        "Gemm" => gemm,
        "MatMul" => mat_mul,
        "Conv" => conv,
        "Add" => |importer, node| arithmetic(importer, node, Arithmetic::Add),
        "Sub" => |importer, node| arithmetic(importer, node, Arithmetic::Sub),
        "Mul" => |importer, node| arithmetic(importer, node, Arithmetic::Mul),
        "Div" => |importer, node| arithmetic(importer, node, Arithmetic::Div),
        "Sum" => sum,
        "Neg" => |importer, node| {
            let op = Op::Scale(Scale { factor: Tensor::number(-1.0), offset: Tensor::number(0.0) });
            Ok(vec![importer.apply(node.name, op, &[node.input(0)?])?])
        },
        "Relu" => |importer, node| map(importer, node, Function::Relu),
        "Sigmoid" => |importer, node| map(importer, node, Function::Sigmoid),
        "Tanh" => |importer, node| map(importer, node, Function::Tanh),
        "LeakyRelu" => {
            |importer, node| map(importer, node, Function::LeakyRelu(node.attributes.number("alpha", 0.01)))
        }
        "Clip" => clip,
        "BatchNormalization" => batch_normalization,
        "MaxPool" => max_pool,
        "AveragePool" => average_pool,
        "GlobalAveragePool" => global_average_pool,
        "GlobalMaxPool" => global_max_pool,
        "ReduceSum" => |importer, node| reduce(importer, node, false),
        "ReduceMean" => |importer, node| reduce(importer, node, true),
        "Softmax" | "LogSoftmax" => softmax,
        "ArgMax" => arg_max,
        "Concat" => concat,
        "Slice" => slice,
        "Pad" => pad,
        "Reshape" => reshape,
        "Flatten" => flatten,
        "Transpose" => transpose,
        "Squeeze" => squeeze,
        "Unsqueeze" => unsqueeze,
        "Identity" => |_, node| Ok(vec![node.input(0)?.clone()]),
        "Dropout" => dropout,
        "Cast" => cast,
        "Constant" => constant,
        "ConstantOfShape" => constant_of_shape,
        "Shape" => shape,
        "Gather" => gather,
        _ => return None,
    })
}

fn map(importer: &mut Importer, node: &Use<'_>, function: Function) -> Outcome {
    Ok(vec![importer.apply(node.name, Op::Map(function), &[node.input(0)?])?])
}

fn clip(importer: &mut Importer, node: &Use<'_>) -> Outcome {
    let bound = |position, name: &str, default: f64| -> Result<f64, String> {
        match node.constant(position)? {
            Some(tensor) => tensor.single().ok_or_else(|| "a bound should be a single number".into()),
            None => Ok(node.attributes.number(name, default)),
        }
    };
    let (low, high) = (bound(1, "min", f64::NEG_INFINITY)?, bound(2, "max", f64::INFINITY)?);
    if low > high {
        return Err(format!("the lower bound {low} is above the upper bound {high}"));
    }
    map(importer, node, Function::Clip(low, high))
}

fn gemm(importer: &mut Importer, node: &Use<'_>) -> Outcome {
    let (alpha, beta) = (node.attributes.number("alpha", 1.0), node.attributes.number("beta", 1.0));
    let weight = node.constant(1)?.ok_or("the matrix is missing")?;
    let [rows, columns] = weight.dims[..] else { return Err("a matrix is expected".into()) };
    let mut weight = if node.attributes.flag("transB", false) {
        crate::ops::transpose(weight, &[1, 0], &[columns, rows])
    } else {
        weight.clone()
    };
    weight.cells.iter_mut().for_each(|cell| *cell *= alpha);
    let to = weight.dims[1];
    let mut matrix = None;
    let bias = match node.constant(2)? {
        None => Vec::new(),
        Some(bias) => match bias.dims[..] {
            _ if bias.len() == 1 => vec![bias.cells[0] * beta; to],
            [.., last] if last == bias.len() && last == to => {
                bias.cells.iter().map(|cell| cell * beta).collect()
            }
            _ => {
                let cells = bias.cells.iter().map(|cell| cell * beta).collect();
                matrix = Some(Tensor { dims: bias.dims.clone(), cells });
                Vec::new()
            }
        },
    };
    let mut input = node.input(0)?.clone();
    if node.attributes.flag("transA", false) {
        input = importer.apply(&format!("{}.transposed", node.name), Op::Transpose(vec![1, 0]), &[&input])?;
    }
    let dense = Op::Dense(Dense { weight, bias });
    let Some(offset) = matrix else { return Ok(vec![importer.apply(node.name, dense, &[&input])?]) };
    let product = importer.apply(&format!("{}.product", node.name), dense, &[&input])?;
    let op = Op::Scale(Scale { factor: Tensor::number(1.0), offset });
    Ok(vec![importer.apply(node.name, op, &[&product])?])
}

fn mat_mul(importer: &mut Importer, node: &Use<'_>) -> Outcome {
    let (left, right) = (node.input(0)?, node.input(1)?);
    match (left, right) {
        (_, Known::Constant(weight)) => {
            let rank = value_dims(importer, node, 0)?.len();
            let cells = weight.cells.clone();
            match weight.dims[..] {
                // Axes of length 1 in front, as many as the value has or fewer, change nothing.
                [.., rows, columns] if rows * columns == weight.len() && weight.dims.len() <= rank.max(2) => {
                    let weight = Tensor { dims: vec![rows, columns], cells };
                    let op = Op::Dense(Dense { weight, bias: Vec::new() });
                    Ok(vec![importer.apply(node.name, op, &[left])?])
                }
                // A vector: the last axis disappears.
                [rows] => {
                    let op =
                        Op::Dense(Dense { weight: Tensor { dims: vec![rows, 1], cells }, bias: Vec::new() });
                    let column = importer.apply(&format!("{}.column", node.name), op, &[left])?;
                    let mut dims = value_dims(importer, node, 0)?;
                    dims.pop();
                    Ok(vec![importer.apply(node.name, Op::Reshape(dims), &[&column])?])
                }
                _ => Err(format!("a matrix is expected, got a constant of shape {:?}", weight.dims)),
            }
        }
        (Known::Constant(weight), Known::Value(value)) => {
            // A x = (xT AT)T
            let rank = importer.dims(*value).len();
            let ([rows, columns], true) = (&weight.dims[..], rank >= 2) else {
                return Err(format!("a matrix is expected, got a constant of shape {:?}", weight.dims));
            };
            let mut order: Vec<usize> = (0..rank).collect();
            order.swap(rank - 1, rank - 2);
            let weight = crate::ops::transpose(weight, &[1, 0], &[*columns, *rows]);
            let turned =
                importer.apply(&format!("{}.turned", node.name), Op::Transpose(order.clone()), &[right])?;
            let op = Op::Dense(Dense { weight, bias: Vec::new() });
            let product = importer.apply(&format!("{}.product", node.name), op, &[&turned])?;
            Ok(vec![importer.apply(node.name, Op::Transpose(order), &[&product])?])
        }
        _ => Err("one factor has to be a constant; a product of two computed values would be needed".into()),
    }
}

/// Windows of a convolution or pool, from the attributes.
fn windows(node: &Use<'_>, kernel: &[usize], input: &[usize]) -> Result<Vec<Window>, String> {
    let axes = kernel.len();
    if axes == 0 || axes > 3 || input.len() != axes + 2 {
        return Err(format!(
            "a kernel {kernel:?} does not fit the shape {input:?}; 1 to 3 axes are supported"
        ));
    }
    let strides = node.attributes.sizes("strides", axes, 1, 1)?;
    let dilations = node.attributes.sizes("dilations", axes, 1, 1)?;
    let pads = node.attributes.sizes("pads", 2 * axes, 0, 0)?;
    let ceil = node.attributes.flag("ceil_mode", false);
    let auto = node.attributes.text("auto_pad");
    let mut windows = Vec::with_capacity(axes);
    for axis in 0..axes {
        let (taps, stride, dilation) = (kernel[axis], strides[axis], dilations[axis]);
        if taps == 0 || taps > 1 << 16 {
            return Err(format!("a kernel of {taps} taps is not supported"));
        }
        let (begin, end) = match auto.as_str() {
            "" | "NOTSET" => (pads[axis], pads[axis + axes]),
            "VALID" => (0, 0),
            "SAME_UPPER" | "SAME_LOWER" => {
                let length = input[axis + 2];
                let span = (length.div_ceil(stride) - 1) * stride + (taps - 1) * dilation + 1;
                let total = span.saturating_sub(length);
                if auto == "SAME_UPPER" {
                    (total / 2, total - total / 2)
                } else {
                    (total - total / 2, total / 2)
                }
            }
            other => return Err(format!("auto_pad {other} is not supported")),
        };
        windows.push(Window { taps, stride, dilation, begin, end, ceil });
    }
    Ok(windows)
}

fn value_dims(importer: &Importer, node: &Use<'_>, position: usize) -> Result<Vec<usize>, String> {
    match node.input(position)? {
        Known::Constant(tensor) => Ok(tensor.dims.clone()),
        other => Ok(importer.dims(importer.expect_value(other)?).to_vec()),
    }
}

fn conv(importer: &mut Importer, node: &Use<'_>) -> Outcome {
    let weight = node.constant(1)?.ok_or("the weight is missing")?.clone();
    let bias = node.constant(2)?.map(|bias| bias.cells.clone()).unwrap_or_default();
    let groups = usize::try_from(node.attributes.integer("group", 1)).map_err(|_| "a negative group")?;
    let dims = value_dims(importer, node, 0)?;
    let windows = windows(node, weight.dims.get(2..).unwrap_or_default(), &dims)?;
    let op = Op::Conv(Conv { weight, bias, windows, groups });
    Ok(vec![importer.apply(node.name, op, &[node.input(0)?])?])
}

fn pool(importer: &Importer, node: &Use<'_>) -> Result<Pool, String> {
    if node.node.output.get(1).is_some_and(|name| !name.is_empty()) {
        return Err("the indices of a pool are not supported".into());
    }
    let dims = value_dims(importer, node, 0)?;
    let kernel = node.attributes.integers("kernel_shape").unwrap_or_default();
    let kernel = kernel.iter().map(|&taps| usize::try_from(taps)).collect::<Result<Vec<_>, _>>();
    let windows = windows(node, &kernel.map_err(|_| "a negative kernel")?, &dims)?;
    Ok(Pool { windows, count_padding: node.attributes.flag("count_include_pad", false) })
}

fn max_pool(importer: &mut Importer, node: &Use<'_>) -> Outcome {
    let pool = pool(importer, node)?;
    Ok(vec![importer.apply(node.name, Op::MaxPool(pool), &[node.input(0)?])?])
}

fn average_pool(importer: &mut Importer, node: &Use<'_>) -> Outcome {
    let pool = pool(importer, node)?;
    Ok(vec![importer.apply(node.name, Op::AveragePool(pool), &[node.input(0)?])?])
}

fn global_average_pool(importer: &mut Importer, node: &Use<'_>) -> Outcome {
    let rank = value_dims(importer, node, 0)?.len();
    let op = Op::Reduce(Reduce { axes: (2..rank).collect(), mean: true });
    Ok(vec![importer.apply(node.name, op, &[node.input(0)?])?])
}

fn global_max_pool(importer: &mut Importer, node: &Use<'_>) -> Outcome {
    let dims = value_dims(importer, node, 0)?;
    let whole = |&taps: &usize| Window { taps, stride: 1, dilation: 1, begin: 0, end: 0, ceil: false };
    let windows = dims.iter().skip(2).map(whole).collect();
    let op = Op::MaxPool(Pool { windows, count_padding: false });
    Ok(vec![importer.apply(node.name, op, &[node.input(0)?])?])
}

fn reduce(importer: &mut Importer, node: &Use<'_>, mean: bool) -> Outcome {
    let dims = value_dims(importer, node, 0)?;
    let named = node.integers_either("axes", 1)?.unwrap_or_default();
    if named.is_empty() && node.attributes.flag("noop_with_empty_axes", false) {
        return Ok(vec![node.input(0)?.clone()]);
    }
    let mut axes: Vec<usize> =
        named.iter().map(|&axis| axis_of(axis, dims.len())).collect::<Result<_, _>>()?;
    if axes.is_empty() {
        axes = (0..dims.len()).collect();
    }
    axes.sort_unstable();
    axes.dedup();
    let op = Op::Reduce(Reduce { axes: axes.clone(), mean });
    let reduced = importer.apply(node.name, op, &[node.input(0)?])?;
    if node.attributes.flag("keepdims", true) {
        return Ok(vec![reduced]);
    }
    let kept =
        dims.iter().enumerate().filter(|(axis, _)| !axes.contains(axis)).map(|(_, &dim)| dim).collect();
    Ok(vec![importer.apply(&format!("{}.reshaped", node.name), Op::Reshape(kept), &[&reduced])?])
}

#[derive(Clone, Copy, PartialEq)]
enum Arithmetic {
    Add,
    Sub,
    Mul,
    Div,
}

fn arithmetic(importer: &mut Importer, node: &Use<'_>, kind: Arithmetic) -> Outcome {
    let (left, right) = (node.input(0)?, node.input(1)?);
    let number = Tensor::number;
    let negated = |tensor: &Tensor| Tensor {
        dims: tensor.dims.clone(),
        cells: tensor.cells.iter().map(|cell| -cell).collect(),
    };
    let op = match (left, right, kind) {
        (Known::Constant(left), Known::Constant(right), _) => {
            return Ok(vec![Known::Constant(fold(left, right, kind)?)]);
        }
        (_, Known::Constant(c), Arithmetic::Add) | (Known::Constant(c), _, Arithmetic::Add) => {
            Scale { factor: number(1.0), offset: c.clone() }
        }
        (_, Known::Constant(c), Arithmetic::Sub) => Scale { factor: number(1.0), offset: negated(c) },
        (Known::Constant(c), _, Arithmetic::Sub) => Scale { factor: number(-1.0), offset: c.clone() },
        (_, Known::Constant(c), Arithmetic::Mul) | (Known::Constant(c), _, Arithmetic::Mul) => {
            Scale { factor: c.clone(), offset: number(0.0) }
        }
        (_, Known::Constant(c), Arithmetic::Div) => {
            if c.cells.contains(&0.0) {
                return Err("it divides by 0".into());
            }
            let cells = c.cells.iter().map(|cell| 1.0 / cell).collect();
            Scale { factor: Tensor { dims: c.dims.clone(), cells }, offset: number(0.0) }
        }
        (_, _, Arithmetic::Add) => {
            return Ok(vec![importer.apply(node.name, Op::Sum(vec![1.0, 1.0]), &[left, right])?]);
        }
        (_, _, Arithmetic::Sub) => {
            return Ok(vec![importer.apply(node.name, Op::Sum(vec![1.0, -1.0]), &[left, right])?]);
        }
        (_, _, Arithmetic::Mul | Arithmetic::Div) => {
            return Err(
                "one operand (of a division the divisor) has to be a constant; a product of two computed \
                        values would be needed"
                    .into(),
            );
        }
    };
    let value = if matches!(left, Known::Constant(_)) { right } else { left };
    Ok(vec![importer.apply(node.name, Op::Scale(op), &[value])?])
}

fn fold(left: &Tensor, right: &Tensor, kind: Arithmetic) -> Result<Tensor, String> {
    let dims = broadcast(&[&left.dims, &right.dims])?;
    cell_count(&dims).map_err(|error| error.to_string())?;
    let zero = Tensor::number(0.0);
    let spread = |tensor: &Tensor| crate::ops::sum(&[tensor, &zero], &[1.0, 1.0], &dims).cells;
    let one = |(a, b): (f64, f64)| match kind {
        Arithmetic::Add => a + b,
        Arithmetic::Sub => a - b,
        Arithmetic::Mul => a * b,
        Arithmetic::Div => a / b,
    };
    let cells: Vec<f64> = spread(left).into_iter().zip(spread(right)).map(one).collect();
    let whole = |cells: &[f64]| cells.iter().all(|cell| cell.fract() == 0.0);
    if kind == Arithmetic::Div && whole(&left.cells) && whole(&right.cells) && !whole(&cells) {
        return Err("a quotient of constants is not whole, and what it is depends on their type".into());
    }
    Ok(Tensor { dims, cells })
}

fn sum(importer: &mut Importer, node: &Use<'_>) -> Outcome {
    let inputs: Vec<&Known> = node.inputs.iter().collect();
    Ok(vec![importer.apply(node.name, Op::Sum(vec![1.0; inputs.len()]), &inputs)?])
}

fn batch_normalization(importer: &mut Importer, node: &Use<'_>) -> Outcome {
    if node.attributes.flag("training_mode", false) {
        return Err("training mode computes statistics of the batch; export the model for inference".into());
    }
    let epsilon = node.attributes.number("epsilon", 1e-5);
    let part = |position| node.constant(position)?.ok_or_else(|| format!("input {position} is missing"));
    let (scale, bias, mean, variance) = (part(1)?, part(2)?, part(3)?, part(4)?);
    if [bias, mean, variance].iter().any(|part| part.len() != scale.len()) {
        return Err("scale, bias, mean and variance should be as long as each other".into());
    }
    let rank = value_dims(importer, node, 0)?.len();
    let mut dims = vec![1; rank.saturating_sub(1)];
    *dims.first_mut().ok_or("at least two axes are expected")? = scale.len();
    let factor: Vec<f64> = scale
        .cells
        .iter()
        .zip(&variance.cells)
        .map(|(scale, variance)| scale / (variance + epsilon).sqrt())
        .collect();
    let offset =
        bias.cells.iter().zip(&mean.cells).zip(&factor).map(|((bias, mean), factor)| bias - mean * factor);
    let offset = Tensor { dims: dims.clone(), cells: offset.collect() };
    importer.network.statistics.push(node.name.into());
    let op = Op::Scale(Scale { factor: Tensor { dims, cells: factor }, offset });
    Ok(vec![importer.apply(node.name, op, &[node.input(0)?])?])
}

/// Whether only the last axis is longer than 1.
fn is_vector(dims: &[usize]) -> bool {
    dims.iter().rev().skip(1).all(|&dim| dim == 1)
}

fn softmax(importer: &mut Importer, node: &Use<'_>) -> Outcome {
    let value = importer.expect_value(node.input(0)?)?;
    let dims = importer.dims(value);
    let axis =
        axis_of(node.attributes.integer("axis", if importer.opset < 13 { 1 } else { -1 }), dims.len())?;
    if !is_vector(dims) || dims[axis..].iter().product::<usize>() != dims[dims.len() - 1] {
        return Err(format!(
            "it is supported only over the scores of one decision, not for the shape {dims:?}"
        ));
    }
    importer.network.notes.push(format!(
        "{} {:?} is left out: its largest output is its largest input, so the decision is the same",
        node.node.op_type, node.name
    ));
    Ok(vec![Known::Scores(value)])
}

fn arg_max(importer: &mut Importer, node: &Use<'_>) -> Outcome {
    let value = match node.input(0)? {
        Known::Scores(value) => *value,
        other => importer.expect_value(other)?,
    };
    let dims = importer.dims(value);
    let axis = axis_of(node.attributes.integer("axis", 0), dims.len())?;
    if !is_vector(dims) || axis + 1 != dims.len() || dims[axis] < 2 {
        return Err(format!(
            "it is supported only over the scores of one decision, not axis {axis} of {dims:?}"
        ));
    }
    if node.attributes.flag("select_last_index", false) {
        return Err("of equal scores the first decides, not the last".into());
    }
    Ok(vec![Known::Label(value)])
}

fn concat(importer: &mut Importer, node: &Use<'_>) -> Outcome {
    let rank = value_dims(importer, node, 0)?.len();
    let axis = axis_of(node.attributes.integer("axis", 0), rank)?;
    let inputs: Vec<&Known> = node.inputs.iter().collect();
    Ok(vec![importer.apply(node.name, Op::Concat(Concat { axis }), &inputs)?])
}

fn slice(importer: &mut Importer, node: &Use<'_>) -> Outcome {
    let dims = value_dims(importer, node, 0)?;
    let starts = node.integers_either("starts", 1)?.ok_or("starts are missing")?;
    let ends = node.integers_either("ends", 2)?.ok_or("ends are missing")?;
    let axes = node.integers_either("axes", 3)?.unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = node.integers(4)?.unwrap_or_else(|| vec![1; starts.len()]);
    if [ends.len(), axes.len(), steps.len()].iter().any(|&length| length != starts.len()) {
        return Err("starts, ends, axes and steps should be as many as each other".into());
    }
    let mut slice: Vec<(usize, i64, usize)> = dims.iter().map(|&dim| (0, 1, dim)).collect();
    for (((start, end), axis), step) in starts.iter().zip(&ends).zip(&axes).zip(&steps) {
        let axis = axis_of(*axis, dims.len())?;
        let dim = dims[axis] as i64;
        let wrap = |at: i64| if at < 0 { at.saturating_add(dim) } else { at };
        let (first, beyond) = if *step > 0 {
            (wrap(*start).clamp(0, dim), wrap(*end).clamp(0, dim))
        } else {
            (wrap(*start).clamp(-1, dim - 1), wrap(*end).clamp(-1, dim - 1))
        };
        let span = if *step > 0 { beyond - first } else { first - beyond };
        if *step == 0 || span <= 0 {
            return Err(format!("the slice from {start} to {end} by {step} of {dim} cells is empty"));
        }
        let count = span.unsigned_abs().div_ceil(step.unsigned_abs());
        slice[axis] = (first as usize, *step, count as usize);
    }
    Ok(vec![importer.apply(node.name, Op::Slice(Slice { axes: slice }), &[node.input(0)?])?])
}

fn pad(importer: &mut Importer, node: &Use<'_>) -> Outcome {
    let mode = node.attributes.text("mode");
    if !matches!(mode.as_str(), "" | "constant") {
        return Err(format!("mode {mode} is not supported, only constant"));
    }
    let value = match node.constant(2)? {
        Some(value) => value.single().ok_or("one number is expected")?,
        None => node.attributes.number("value", 0.0),
    };
    if !value.is_finite() {
        return Err(format!("padding with {value} is not supported"));
    }
    let dims = value_dims(importer, node, 0)?;
    let pads = node.integers_either("pads", 1)?.ok_or("pads are missing")?;
    let named = node.integers(3)?.unwrap_or_else(|| (0..dims.len() as i64).collect());
    if pads.len() != 2 * named.len() || pads.iter().any(|pad| !(0..=1 << 16).contains(pad)) {
        return Err(format!("two pads from 0 to 65536 for each axis are expected, got {pads:?}"));
    }
    let mut axes = vec![(0, 0); dims.len()];
    for (position, &axis) in named.iter().enumerate() {
        axes[axis_of(axis, dims.len())?] = (pads[position] as usize, pads[position + named.len()] as usize);
    }
    let pad = Op::Pad(Pad { axes });
    if value == 0.0 {
        return Ok(vec![importer.apply(node.name, pad, &[node.input(0)?])?]);
    }
    // Zeros around what is lower by the value, and the value added to all.
    let shift =
        |offset: f64| Op::Scale(Scale { factor: Tensor::number(1.0), offset: Tensor::number(offset) });
    let lowered = importer.apply(node.name, shift(-value), &[node.input(0)?])?;
    let padded = importer.apply(node.name, pad, &[&lowered])?;
    Ok(vec![importer.apply(node.name, shift(value), &[&padded])?])
}

/// Another shape of the same cells; of scores and decisions nothing changes.
fn reshaped(importer: &mut Importer, node: &Use<'_>, dims: Vec<usize>) -> Outcome {
    match node.input(0)? {
        scores @ (Known::Scores(_) | Known::Label(_)) => Ok(vec![scores.clone()]),
        input => Ok(vec![importer.apply(node.name, Op::Reshape(dims), &[input])?]),
    }
}

/// The shape of what a reshaping node reads; of a decision that of its scores, which is not looked at.
fn reshaped_dims(importer: &Importer, node: &Use<'_>) -> Result<Vec<usize>, String> {
    match node.input(0)? {
        Known::Scores(value) | Known::Label(value) => Ok(importer.dims(*value).to_vec()),
        _ => value_dims(importer, node, 0),
    }
}

fn reshape(importer: &mut Importer, node: &Use<'_>) -> Outcome {
    if matches!(node.input(0)?, Known::Scores(_) | Known::Label(_)) {
        return reshaped(importer, node, Vec::new());
    }
    let from = reshaped_dims(importer, node)?;
    let total: usize = from.iter().product();
    let wanted = node.integers_either("shape", 1)?.ok_or("the shape is missing")?;
    let allow_zero = node.attributes.flag("allowzero", false);
    let (mut dims, mut free) = (Vec::with_capacity(wanted.len()), None);
    for (axis, &dim) in wanted.iter().enumerate() {
        match dim {
            -1 if free.is_none() => {
                free = Some(axis);
                dims.push(1);
            }
            0 if !allow_zero => dims.push(*from.get(axis).ok_or("a 0 keeps an axis that is not there")?),
            1.. => dims.push(usize::try_from(dim).unwrap_or(usize::MAX)),
            _ => return Err(format!("{wanted:?} is no shape")),
        }
    }
    let known = cell_count(&dims).map_err(|error| error.to_string())?;
    if let Some(axis) = free {
        dims[axis] = total / known.max(1);
    }
    reshaped(importer, node, dims)
}

fn flatten(importer: &mut Importer, node: &Use<'_>) -> Outcome {
    let from = reshaped_dims(importer, node)?;
    let axis = node.attributes.integer("axis", 1);
    // Unlike other axes, the one after the last is allowed.
    let axis = if axis == from.len() as i64 { from.len() } else { axis_of(axis, from.len())? };
    let (rows, columns) = from.split_at(axis);
    reshaped(importer, node, vec![rows.iter().product(), columns.iter().product()])
}

fn transpose(importer: &mut Importer, node: &Use<'_>) -> Outcome {
    let rank = value_dims(importer, node, 0)?.len();
    let order = match node.attributes.integers("perm") {
        Some(order) => order.iter().map(|&axis| axis_of(axis, rank)).collect::<Result<_, _>>()?,
        None => (0..rank).rev().collect(),
    };
    Ok(vec![importer.apply(node.name, Op::Transpose(order), &[node.input(0)?])?])
}

fn squeeze(importer: &mut Importer, node: &Use<'_>) -> Outcome {
    let mut dims = reshaped_dims(importer, node)?;
    let named = node.integers_either("axes", 1)?;
    if !matches!(node.input(0)?, Known::Scores(_) | Known::Label(_)) {
        let axes: Vec<usize> = match named {
            Some(axes) => axes.iter().map(|&axis| axis_of(axis, dims.len())).collect::<Result<_, _>>()?,
            None => (0..dims.len()).filter(|&axis| dims[axis] == 1).collect(),
        };
        if let Some(axis) = axes.iter().find(|&&axis| dims[axis] != 1) {
            return Err(format!("axis {axis} of {dims:?} is longer than 1"));
        }
        let mut axis = 0;
        dims.retain(|_| {
            axis += 1;
            !axes.contains(&(axis - 1))
        });
    }
    reshaped(importer, node, dims)
}

fn unsqueeze(importer: &mut Importer, node: &Use<'_>) -> Outcome {
    let from = reshaped_dims(importer, node)?;
    let named = node.integers_either("axes", 1)?.ok_or("axes are missing")?;
    let rank = from.len() + named.len();
    let axes: Vec<usize> = named.iter().map(|&axis| axis_of(axis, rank)).collect::<Result<_, _>>()?;
    let mut rest = from.iter();
    let dims: Vec<usize> = (0..rank)
        .map(|axis| if axes.contains(&axis) { 1 } else { rest.next().copied().unwrap_or(1) })
        .collect();
    reshaped(importer, node, dims)
}

/// Nothing, unless it is exported for training.
fn dropout(_: &mut Importer, node: &Use<'_>) -> Outcome {
    if node.node.output.get(1).is_some_and(|name| !name.is_empty()) {
        return Err("a mask is written, which only training has".into());
    }
    let is = |constant: Option<&Tensor>, otherwise: f64| {
        constant.map_or(Some(otherwise), Tensor::single).is_none_or(|number| number != 0.0)
    };
    if is(node.constant(2)?, 0.0) && is(node.constant(1)?, 0.5) {
        return Err("it is in training mode, which drops at random; export the model for inference".into());
    }
    Ok(vec![node.input(0)?.clone()])
}

fn cast(_: &mut Importer, node: &Use<'_>) -> Outcome {
    let to = node.attributes.integer("to", 0);
    let real = matches!(to, 1 | 10 | 11 | 16);
    match node.input(0)? {
        Known::Constant(tensor) if !real => {
            let cells = tensor.cells.iter().map(|cell| cell.trunc()).collect();
            Ok(vec![Known::Constant(Tensor { dims: tensor.dims.clone(), cells })])
        }
        Known::Value(_) if !real => Err(
            "a cast of a computed value to integers is not supported; a table that truncates would be needed"
                .into(),
        ),
        known => Ok(vec![known.clone()]),
    }
}

fn constant(_: &mut Importer, node: &Use<'_>) -> Outcome {
    let attributes = node.attributes;
    let list = |cells: Vec<f64>| Tensor { dims: vec![cells.len()], cells };
    let tensor = if let Some(value) = attributes.get("value") {
        Tensor::read(value.t.as_ref().ok_or("the tensor is missing")?).map_err(|error| error.to_string())?
    } else if attributes.get("value_float").is_some() {
        Tensor::number(attributes.number("value_float", 0.0))
    } else if attributes.get("value_int").is_some() {
        Tensor::number(attributes.integer("value_int", 0) as f64)
    } else if attributes.get("value_floats").is_some() {
        list(attributes.numbers("value_floats"))
    } else if let Some(integers) = attributes.integers("value_ints") {
        list(integers.iter().map(|&integer| integer as f64).collect())
    } else {
        return Err("a constant that is no tensor of numbers".into());
    };
    Ok(vec![Known::Constant(tensor)])
}

fn constant_of_shape(_: &mut Importer, node: &Use<'_>) -> Outcome {
    let dims = node.integers(0)?.ok_or("the shape is missing")?;
    let dims: Vec<usize> = dims
        .iter()
        .map(|&dim| usize::try_from(dim))
        .collect::<Result<_, _>>()
        .map_err(|_| "a negative length")?;
    let value = match node.attributes.get("value").and_then(|value| value.t.as_ref()) {
        Some(value) => {
            let value = Tensor::read(value).map_err(|error| error.to_string())?;
            value.single().ok_or("one number is expected")?
        }
        None => 0.0,
    };
    let count = cell_count(&dims).map_err(|error| error.to_string())?;
    Ok(vec![Known::Constant(Tensor { dims, cells: vec![value; count] })])
}

fn shape(importer: &mut Importer, node: &Use<'_>) -> Outcome {
    let dims = reshaped_dims(importer, node)?;
    let rank = dims.len() as i64;
    let bound = |name, default| {
        let at = node.attributes.integer(name, default);
        (if at < 0 { at.saturating_add(rank) } else { at }).clamp(0, rank) as usize
    };
    let (start, end) = (bound("start", 0), bound("end", rank));
    let cells: Vec<f64> = dims.get(start..end).unwrap_or_default().iter().map(|&dim| dim as f64).collect();
    Ok(vec![Known::Constant(Tensor { dims: vec![cells.len()], cells })])
}

fn gather(importer: &mut Importer, node: &Use<'_>) -> Outcome {
    let dims = value_dims(importer, node, 0)?;
    let axis = axis_of(node.attributes.integer("axis", 0), dims.len())?;
    let tensor = node.constant(1)?.ok_or("the indices are missing")?;
    let indices = tensor.integers().ok_or("the indices should be integers")?;
    let indices: Vec<usize> =
        indices.iter().map(|&index| axis_of(index, dims[axis])).collect::<Result<_, _>>()?;
    if let Known::Constant(data) = node.input(0)? {
        let steps = strides(&data.dims);
        let run = steps[axis];
        let rows = data.len() / (run * data.dims[axis]).max(1);
        let dims = [&dims[..axis], &tensor.dims, &dims[axis + 1..]].concat();
        let mut cells = Vec::with_capacity(cell_count(&dims).map_err(|error| error.to_string())?);
        for row in 0..rows {
            for index in &indices {
                let start = (row * data.dims[axis] + index) * run;
                cells.extend_from_slice(&data.cells[start..start + run]);
            }
        }
        return Ok(vec![Known::Constant(Tensor { dims, cells })]);
    }
    let ([index], 0 | 1) = (&indices[..], tensor.dims.len()) else {
        return Err("several cells of a computed value are gathered; one, or a slice, is supported".into());
    };
    let mut axes: Vec<(usize, i64, usize)> = dims.iter().map(|&dim| (0, 1, dim)).collect();
    axes[axis] = (*index, 1, 1);
    let one = importer.apply(node.name, Op::Slice(Slice { axes }), &[node.input(0)?])?;
    let shape = [&dims[..axis], &tensor.dims, &dims[axis + 1..]].concat();
    Ok(vec![importer.apply(&format!("{}.reshaped", node.name), Op::Reshape(shape), &[&one])?])
}
