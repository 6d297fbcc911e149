//! The network between ONNX and plan: few kinds of operators over reals, all shapes known.
//!
//! The importer brings an ONNX graph into this form, the float run evaluates it, fusing shortens it, lowering turns
//! it into steps of a plan. A batch is no part of it: an axis of length 1 stands where ONNX has the batch.

use crate::{
    ops::{Concat, Conv, Dense, Function, Pad, Pool, Reduce, Scale, Slice},
    tensor::Tensor,
};

/// A value that flows through the network, by its position in [`Network::dims`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValueId(pub usize);

/// What a node does.
#[derive(Debug, Clone, PartialEq)]
pub enum Op {
    /// Matrix product with a constant along the last axis, plus a bias.
    Dense(Dense),
    /// Convolution with a constant, plus a bias.
    Conv(Conv),
    /// Every cell times a constant plus a constant.
    Scale(Scale),
    /// A sum of values, each times a number, broadcast.
    Sum(Vec<f64>),
    /// The largest cell of each window.
    MaxPool(Pool),
    /// The mean of each window.
    AveragePool(Pool),
    /// Sum or mean along axes.
    Reduce(Reduce),
    /// A function of each cell.
    Map(Function),
    /// The same cells in another shape.
    Reshape(Vec<usize>),
    /// Axes in another order.
    Transpose(Vec<usize>),
    /// Some of the cells.
    Slice(Slice),
    /// Zeros around.
    Pad(Pad),
    /// Values side by side.
    Concat(Concat),
}

/// One operator at work.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The name of what it computes in the ONNX file.
    pub name: String,
    /// What it does.
    pub op: Op,
    /// What it reads.
    pub inputs: Vec<ValueId>,
    /// What it computes.
    pub output: ValueId,
}

/// A value that comes in.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkInput {
    /// Its name in the ONNX file.
    pub name: String,
    /// The value.
    pub value: ValueId,
}

/// A network over reals.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// What comes in.
    pub inputs: Vec<NetworkInput>,
    /// Operators, each after what it reads.
    pub nodes: Vec<Node>,
    /// Lengths of all values' axes, by [`ValueId`].
    pub dims: Vec<Vec<usize>>,
    /// What comes out: scores whose largest decides, or values.
    pub output: ValueId,
    /// Whether the largest output along the last axis is a decision.
    pub decides: bool,
    /// Names of the classes, if the file has them.
    pub labels: Vec<String>,
    /// What was left out or replaced, for people.
    pub notes: Vec<String>,
    /// Nodes that scale by statistics of the data that the model was trained on.
    pub statistics: Vec<String>,
}

impl Network {
    /// How many nodes read each value; the output counts as one more.
    pub fn readers(&self) -> Vec<usize> {
        let mut readers = vec![0; self.dims.len()];
        for node in &self.nodes {
            for input in &node.inputs {
                readers[input.0] += 1;
            }
        }
        readers[self.output.0] += 1;
        readers
    }

    /// Runs one item: for each input its cells. All values, those that no node computes left out.
    ///
    /// # Panics
    /// If the cells are not as many as the inputs have.
    pub fn run(&self, inputs: &[&[f64]]) -> Vec<Option<Tensor>> {
        let mut values: Vec<Option<Tensor>> = vec![None; self.dims.len()];
        for (input, cells) in self.inputs.iter().zip(inputs) {
            let dims = self.dims[input.value.0].clone();
            assert_eq!(dims.iter().product::<usize>(), cells.len(), "cells of input {}", input.name);
            values[input.value.0] = Some(Tensor { dims, cells: cells.to_vec() });
        }
        for node in &self.nodes {
            let inputs: Vec<&Tensor> =
                node.inputs.iter().map(|input| values[input.0].as_ref().expect("computed before")).collect();
            let result = node.op.eval(&inputs, &self.dims[node.output.0]);
            values[node.output.0] = Some(result);
        }
        values
    }

    /// Drops nodes that the output does not depend on.
    pub fn sweep(&mut self) {
        let mut needed = vec![false; self.dims.len()];
        needed[self.output.0] = true;
        for node in self.nodes.iter().rev() {
            if needed[node.output.0] {
                node.inputs.iter().for_each(|input| needed[input.0] = true);
            }
        }
        self.nodes.retain(|node| needed[node.output.0]);
    }
}

impl Op {
    /// The lengths of the result's axes, or what is wrong with the operands.
    pub fn dims(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        let one = || match inputs {
            [input] => Ok(*input),
            _ => Err(format!("expected one operand, got {}", inputs.len())),
        };
        match self {
            Self::Dense(op) => op.dims(one()?),
            Self::Conv(op) => op.dims(one()?),
            Self::Scale(op) => op.dims(one()?),
            Self::Sum(factors) if factors.len() == inputs.len() => broadcast(inputs),
            Self::Sum(_) => Err("a sum with as many factors as operands is expected".into()),
            Self::MaxPool(op) | Self::AveragePool(op) => op.dims(one()?),
            Self::Reduce(op) => op.dims(one()?),
            Self::Map(_) => Ok(one()?.to_vec()),
            Self::Reshape(dims) => {
                let (from, to) = (one()?.iter().product::<usize>(), dims.iter().product::<usize>());
                if from == to { Ok(dims.clone()) } else { Err(format!("{from} cells do not fill {dims:?}")) }
            }
            Self::Transpose(order) => {
                let from = one()?;
                let mut sorted = order.clone();
                sorted.sort_unstable();
                if sorted != (0..from.len()).collect::<Vec<_>>() {
                    return Err(format!("{order:?} is no order of {} axes", from.len()));
                }
                Ok(order.iter().map(|&axis| from[axis]).collect())
            }
            Self::Slice(op) => op.dims(one()?),
            Self::Pad(op) => op.dims(one()?),
            Self::Concat(op) => op.dims(inputs),
        }
    }

    /// Multiplications and additions for a result of these lengths, roughly.
    pub fn work(&self, inputs: &[&[usize]], dims: &[usize]) -> u64 {
        let each = match self {
            Self::Dense(op) => op.weight.dims.first().copied().unwrap_or(1),
            Self::Conv(op) => op.weight.dims.iter().skip(1).product(),
            Self::MaxPool(op) | Self::AveragePool(op) => {
                op.windows.iter().fold(1usize, |taps, window| taps.saturating_mul(window.taps))
            }
            Self::Reduce(_) => inputs.iter().flat_map(|dims| dims.iter()).product(),
            _ => inputs.len(),
        };
        dims.iter().product::<usize>().saturating_mul(each.max(1)) as u64
    }

    /// The result for operands that [`Op::dims`] accepted.
    pub fn eval(&self, inputs: &[&Tensor], dims: &[usize]) -> Tensor {
        match self {
            Self::Dense(op) => op.eval(inputs[0], dims),
            Self::Conv(op) => op.eval(inputs[0], dims),
            Self::Scale(op) => op.eval(inputs[0]),
            Self::Sum(factors) => crate::ops::sum(inputs, factors, dims),
            Self::MaxPool(op) => op.eval_max(inputs[0], dims),
            Self::AveragePool(op) => op.eval_mean(inputs[0], dims),
            Self::Reduce(op) => op.eval(inputs[0], dims),
            Self::Map(function) => Tensor {
                dims: dims.to_vec(),
                cells: inputs[0].cells.iter().map(|&cell| function.at(cell)).collect(),
            },
            Self::Reshape(_) => Tensor { dims: dims.to_vec(), cells: inputs[0].cells.clone() },
            Self::Transpose(order) => crate::ops::transpose(inputs[0], order, dims),
            Self::Slice(op) => op.eval(inputs[0], dims),
            Self::Pad(op) => op.eval(inputs[0], dims),
            Self::Concat(op) => op.eval(inputs, dims),
        }
    }
}

/// The shape that operands broadcast to, aligned at the last axis.
pub fn broadcast(inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
    let rank = inputs.iter().map(|dims| dims.len()).max().unwrap_or(0);
    let mut result = vec![1usize; rank];
    for dims in inputs {
        for (place, &dim) in result[rank - dims.len()..].iter_mut().zip(*dims) {
            match (*place, dim) {
                (_, 1) => {}
                (1, _) => *place = dim,
                (a, b) if a == b => {}
                _ => return Err(format!("the shapes {inputs:?} do not broadcast")),
            }
        }
    }
    Ok(result)
}
