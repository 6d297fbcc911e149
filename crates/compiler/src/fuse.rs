//! Shortening a network without changing what it computes: scales go into the weights beside them, functions move to
//! where a table applies them anyway.

use crate::{
    network::{Network, Node, Op, ValueId},
    ops::{Dense, Function, Scale, spread},
    tensor::Tensor,
};

/// Fuses until nothing changes.
pub fn fuse(network: &mut Network) {
    shape_inputs(network);
    // Every change removes a node or moves a function towards the input, so this ends.
    while step(network) {}
    network.sweep();
}

/// Makes what is added to a layer's result alone the layer's bias: exporters write some biases as sums.
pub fn biases(network: &mut Network) {
    loop {
        let readers = network.readers();
        let found = network.nodes.iter().enumerate().find_map(|(position, node)| {
            let Op::Scale(scale) = &node.op else { return None };
            let before = network.nodes.iter().find(|other| other.output == node.inputs[0])?;
            let alone = readers[node.inputs[0].0] == 1 && same_dims(network, node);
            let added = scale.factor.single() == Some(1.0) && matches!(before.op, Op::Dense(_) | Op::Conv(_));
            let op = into_weights(&before.op, scale, &network.dims[node.inputs[0].0])
                .filter(|_| alone && added)?;
            Some((position, op, before.inputs.clone()))
        });
        let Some((position, op, inputs)) = found else { return };
        network.nodes[position].op = op;
        network.nodes[position].inputs = inputs;
        network.sweep();
    }
}

/// Gives inputs that are only reshaped the shape that they are reshaped to: the cells are the same, in the same order.
fn shape_inputs(network: &mut Network) {
    for position in 0..network.inputs.len() {
        let input = network.inputs[position].value;
        loop {
            let readers: Vec<&Node> =
                network.nodes.iter().filter(|node| node.inputs.contains(&input)).collect();
            let [Node { op: Op::Reshape(dims), output, .. }] = readers[..] else { break };
            if *output == network.output {
                break;
            }
            let (dims, output) = (dims.clone(), *output);
            network.dims[input.0] = dims;
            network.nodes.retain(|node| node.output != output);
            let inputs = network.nodes.iter_mut().flat_map(|node| &mut node.inputs);
            inputs.filter(|value| **value == output).for_each(|value| *value = input);
        }
    }
}

fn step(network: &mut Network) -> bool {
    let readers = network.readers();
    let producer = |value: ValueId| network.nodes.iter().position(|node| node.output == value);
    for position in 0..network.nodes.len() {
        let node = &network.nodes[position];
        let Some(&input) = node.inputs.first() else { continue };
        let Some(before) = producer(input) else { continue };
        let alone = readers[input.0] == 1;
        let previous = &network.nodes[before];
        let dims = &network.dims[input.0];
        let change = match (&previous.op, &node.op) {
            (Op::Dense(_) | Op::Conv(_) | Op::Scale(_), Op::Scale(scale))
                if alone && same_dims(network, node) =>
            {
                into_weights(&previous.op, scale, dims).map(Change::Merge)
            }
            (Op::Scale(scale), Op::Dense(dense)) if same_dims(network, previous) => {
                after_scale(scale, dense, dims).map(Change::Merge)
            }
            (Op::Scale(scale), Op::Conv(conv)) if same_dims(network, previous) => {
                // An offset would have to be absent in the padding.
                match (scale.factor.single(), scale.offset.cells.iter().all(|&offset| offset == 0.0)) {
                    (Some(factor), true) => {
                        let mut conv = conv.clone();
                        conv.weight.cells.iter_mut().for_each(|cell| *cell *= factor);
                        Some(Change::Merge(Op::Conv(conv)))
                    }
                    _ => None,
                }
            }
            (Op::MaxPool(_), Op::Map(function)) if alone && function.is_monotone() => Some(Change::Swap),
            (Op::Reshape(_) | Op::Transpose(_), Op::Map(_)) if alone => Some(Change::Swap),
            (Op::Scale(scale), Op::Reshape(_))
                if alone && is_uniform(scale) && same_dims(network, previous) =>
            {
                Some(Change::Swap)
            }
            (Op::Reshape(_), Op::Reshape(dims)) => Some(Change::Merge(Op::Reshape(dims.clone()))),
            (Op::Map(Function::Relu), Op::Map(Function::Relu)) => {
                Some(Change::Merge(Op::Map(Function::Relu)))
            }
            _ => None,
        };
        match change {
            Some(Change::Merge(op)) => {
                let source = previous.inputs[0];
                let node = &mut network.nodes[position];
                node.op = op;
                node.inputs = vec![source];
                network.sweep();
                return true;
            }
            Some(Change::Swap) => {
                // The value between takes the shape it has when the second operator comes first.
                let source = previous.inputs[0];
                let between = match &node.op {
                    Op::Reshape(dims) => dims.clone(),
                    _ => network.dims[source.0].clone(),
                };
                network.dims[input.0] = between;
                let (first, second) = (network.nodes[before].clone(), network.nodes[position].clone());
                network.nodes[before].op = second.op;
                network.nodes[before].name = second.name;
                network.nodes[position].op = first.op;
                network.nodes[position].name = first.name;
                return true;
            }
            None => {}
        }
    }
    false
}

enum Change {
    /// The second operator becomes this and reads what the first read.
    Merge(Op),
    /// The operators change places.
    Swap,
}

fn same_dims(network: &Network, node: &Node) -> bool {
    network.dims[node.inputs[0].0] == network.dims[node.output.0]
}

fn is_uniform(scale: &Scale) -> bool {
    scale.factor.single().is_some() && scale.offset.single().is_some()
}

/// A constant's cells along one axis, if it varies along no other.
fn along(tensor: &Tensor, dims: &[usize], axis: usize) -> Option<Vec<f64>> {
    let cells = spread(tensor, dims);
    let run: usize = dims[axis + 1..].iter().product();
    let first: Vec<f64> = (0..dims[axis]).map(|index| cells[index * run]).collect();
    let varies = cells.iter().enumerate().any(|(cell, value)| *value != first[cell / run % dims[axis]]);
    (!varies).then_some(first)
}

/// An operator with a scale after it.
fn into_weights(op: &Op, scale: &Scale, dims: &[usize]) -> Option<Op> {
    let scaled_bias = |bias: &[f64], factor: &[f64], offset: Vec<f64>| -> Vec<f64> {
        let bias = bias.iter().copied().chain(std::iter::repeat(0.0));
        offset.iter().zip(factor).zip(bias).map(|((offset, factor), bias)| bias * factor + offset).collect()
    };
    match op {
        Op::Dense(dense) => {
            let axis = dims.len() - 1;
            let (factor, offset) = (along(&scale.factor, dims, axis)?, along(&scale.offset, dims, axis)?);
            let mut dense = dense.clone();
            for row in dense.weight.cells.chunks_mut(factor.len()) {
                row.iter_mut().zip(&factor).for_each(|(cell, factor)| *cell *= factor);
            }
            dense.bias = scaled_bias(&dense.bias, &factor, offset);
            Some(Op::Dense(dense))
        }
        Op::Conv(conv) => {
            let (factor, offset) = (along(&scale.factor, dims, 1)?, along(&scale.offset, dims, 1)?);
            let mut conv = conv.clone();
            let run = conv.weight.len() / factor.len();
            for (kernel, factor) in conv.weight.cells.chunks_mut(run).zip(&factor) {
                kernel.iter_mut().for_each(|cell| *cell *= factor);
            }
            conv.bias = scaled_bias(&conv.bias, &factor, offset);
            Some(Op::Conv(conv))
        }
        Op::Scale(first) => {
            let spread = |tensor: &Tensor| spread(tensor, dims);
            let (f, g) = (spread(&first.factor), spread(&scale.factor));
            let (a, b) = (spread(&first.offset), spread(&scale.offset));
            let factor = f.iter().zip(&g).map(|(f, g)| f * g).collect();
            let offset = a.iter().zip(&g).zip(&b).map(|((a, g), b)| a * g + b).collect();
            let tensor = |cells| Tensor { dims: dims.to_vec(), cells };
            Some(Op::Scale(Scale { factor: tensor(factor), offset: tensor(offset) }))
        }
        _ => None,
    }
}

/// A matrix product with a scale before it.
fn after_scale(scale: &Scale, dense: &Dense, dims: &[usize]) -> Option<Op> {
    let axis = dims.len() - 1;
    let (factor, offset) = (along(&scale.factor, dims, axis)?, along(&scale.offset, dims, axis)?);
    let mut dense = dense.clone();
    let to = dense.weight.dims[1];
    dense.bias.resize(to, 0.0);
    for ((row, factor), offset) in dense.weight.cells.chunks_mut(to).zip(&factor).zip(&offset) {
        for (cell, bias) in row.iter_mut().zip(&mut dense.bias) {
            *bias += *cell * offset;
            *cell *= factor;
        }
    }
    Some(Op::Dense(dense))
}
