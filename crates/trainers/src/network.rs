//! A network made ready for training: what [`averment_compiler::network`] evaluates over reals, forwards and backwards over
//! f32, many examples at once.

mod kernels;
mod layer;

use crate::{ParameterError, Parameters, TensorSchema};
use averment_compiler::{
    ImportError, import,
    network::{Network, Op, ValueId},
    onnx::ModelProto,
};
use layer::Layer;
use prost::Message;
use thiserror::Error;

/// The most cells of one example, all values together.
pub const CELLS: usize = 1 << 24;
/// The most cells of all tensors that are trained.
pub const PARAMETERS: usize = 1 << 26;
/// The most terms of all pools and windows together.
pub const TERMS: usize = 1 << 26;

/// Why a network cannot be trained, or not on this data.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GraphError {
    /// Not a network that the compiler reads.
    #[error("{0}")]
    Import(String),
    /// What it computes is not linear in what is trained.
    #[error(
        "{node:?} is a BatchNormalization: its statistics are folded into the layer before, so an update would not add up; \
         train without it, or with constants of your own (Mul, Add)"
    )]
    Normalised {
        /// The node's name.
        node: String,
    },
    /// More inputs than one.
    #[error("a network with one input is trained, this one has {got}")]
    Inputs {
        /// How many.
        got: usize,
    },
    /// It gives numbers, and no decision.
    #[error(
        "a network whose largest output decides is trained, with at least two outputs; this one has the outputs {dims:?}"
    )]
    Output {
        /// The lengths of the output's axes.
        dims: Vec<usize>,
    },
    /// Nothing in it can be trained.
    #[error("the network has no matrix and no convolution, so there is nothing to train")]
    NothingToTrain,
    /// It is too large.
    #[error("a network with at most {most} {what} is trained, this one has more")]
    TooLarge {
        /// Of what.
        what: &'static str,
        /// How many.
        most: usize,
    },
    /// A node that does not fit its operands.
    #[error("{node:?}: {what}")]
    Node {
        /// Its name.
        node: String,
        /// What is wrong.
        what: String,
    },
    /// The data has other inputs.
    #[error(
        "the network reads {expected} numbers an example and tells {classes} classes apart, the data has {got} and {labels}"
    )]
    Data {
        /// By the network.
        expected: usize,
        /// By the network.
        classes: usize,
        /// By the data.
        got: usize,
        /// Classes of the data.
        labels: usize,
    },
}

/// A step of the network.
#[derive(Debug, Clone)]
struct Step {
    layer: Layer,
    inputs: Vec<ValueId>,
    output: ValueId,
    /// Where its tensors are among the parameters.
    weight: usize,
    /// The same for the bias.
    bias: Option<usize>,
    /// Whether it reads the network's input.
    first: bool,
}

/// A network that is trained.
#[derive(Debug, Clone)]
pub struct Graph {
    network: Network,
    steps: Vec<Step>,
    /// Cells of each value.
    lengths: Vec<usize>,
    schema: Vec<TensorSchema>,
    /// Whether anything that is trained lies before a value: only there do gradients go.
    trained: Vec<bool>,
}

/// What a pass over a batch computed.
#[derive(Debug, Clone, Default)]
pub struct Pass {
    values: Vec<Vec<f32>>,
    gradients: Vec<Vec<f32>>,
    /// What layers write down for the way back: which cell was the largest.
    marks: Vec<Vec<u32>>,
    scratch: Vec<f32>,
}

impl Graph {
    /// Reads an ONNX file. BatchNormalization is refused.
    pub fn read(onnx: &[u8]) -> Result<Self, GraphError> {
        let network = import(onnx).map_err(|error: ImportError| GraphError::Import(error.to_string()))?;
        // It was read once, so it can be read.
        let model = ModelProto::decode(onnx).map_err(|error| GraphError::Import(error.to_string()))?;
        let nodes = model.graph.iter().flat_map(|graph| &graph.node);
        if let Some(node) = nodes.into_iter().find(|node| node.op_type == "BatchNormalization") {
            return Err(GraphError::Normalised { node: node.name.clone() });
        }
        Self::new(network)
    }

    /// Makes a network ready.
    pub fn new(mut network: Network) -> Result<Self, GraphError> {
        network.sweep();
        if network.inputs.len() != 1 {
            return Err(GraphError::Inputs { got: network.inputs.len() });
        }
        let lengths: Vec<usize> = network.dims.iter().map(|dims| dims.iter().product()).collect();
        if lengths.iter().fold(0usize, |all, length| all.saturating_add(*length)) > CELLS {
            return Err(GraphError::TooLarge { what: "cells of values", most: CELLS });
        }
        let output = &network.dims[network.output.0];
        let classes = output.last().copied().unwrap_or(0);
        if classes < 2 || classes != lengths[network.output.0] {
            return Err(GraphError::Output { dims: output.clone() });
        }
        let input = network.inputs[0].value;
        let (mut schema, mut steps, mut terms) = (Vec::new(), Vec::new(), 0usize);
        let mut trained = vec![false; lengths.len()];
        // Whether a value is the input, its cells perhaps elsewhere.
        let mut raw = vec![false; lengths.len()];
        raw[input.0] = true;
        for node in &network.nodes {
            let dims: Vec<&[usize]> =
                node.inputs.iter().map(|input| network.dims[input.0].as_slice()).collect();
            let layer = Layer::new(&node.op, &dims, &network.dims[node.output.0])
                .map_err(|what| GraphError::Node { node: node.name.clone(), what })?;
            terms = terms.saturating_add(layer.terms());
            if terms > TERMS {
                return Err(GraphError::TooLarge { what: "terms of pools and windows", most: TERMS });
            }
            let first = node.inputs.iter().any(|input| raw[input.0]);
            let weight = schema.len();
            let mut bias = None;
            if let Op::Dense(averment_compiler::ops::Dense { weight, bias: offsets })
            | Op::Conv(averment_compiler::ops::Conv { weight, bias: offsets, .. }) = &node.op
            {
                let name = |what| format!("{}.{what}", node.name);
                schema.push(TensorSchema { name: name("weight"), dims: weight.dims.clone() });
                if !offsets.is_empty() {
                    bias = Some(schema.len());
                    schema.push(TensorSchema { name: name("bias"), dims: vec![offsets.len()] });
                }
                trained[node.output.0] = true;
            } else {
                trained[node.output.0] = node.inputs.iter().any(|input| trained[input.0]);
                raw[node.output.0] = first && matches!(layer, Layer::Gather(_));
            }
            let (inputs, output) = (node.inputs.clone(), node.output);
            steps.push(Step { layer, inputs, output, weight, bias, first });
        }
        if schema.iter().map(TensorSchema::cells).sum::<usize>() > PARAMETERS {
            return Err(GraphError::TooLarge { what: "parameters", most: PARAMETERS });
        }
        if schema.is_empty() {
            return Err(GraphError::NothingToTrain);
        }
        Ok(Self { network, steps, lengths, schema, trained })
    }

    /// Names and shapes of what is trained: for each matrix and convolution, in the network's order, its weight and its bias.
    pub fn schema(&self) -> &[TensorSchema] {
        &self.schema
    }

    /// Numbers of one example.
    pub fn features(&self) -> usize {
        self.lengths[self.network.inputs[0].value.0]
    }

    /// Scores.
    pub fn classes(&self) -> usize {
        self.lengths[self.network.output.0]
    }

    /// What it was made of, the parameters as they came.
    #[cfg(feature = "candle")]
    pub(crate) fn network(&self) -> &Network {
        &self.network
    }

    /// For each tensor, whether it is multiplied with the network's input.
    pub fn reads_input(&self) -> Vec<bool> {
        let mut reads = vec![false; self.schema.len()];
        for step in self.steps.iter().filter(|step| step.first && step.layer.is_trained()) {
            reads[step.weight] = true;
        }
        reads
    }

    /// The parameters as the network has them; fails if one is not finite.
    pub fn parameters(&self) -> Result<Parameters, ParameterError> {
        let mut cells = Vec::with_capacity(self.schema.len());
        for node in &self.network.nodes {
            if let Op::Dense(averment_compiler::ops::Dense { weight, bias })
            | Op::Conv(averment_compiler::ops::Conv { weight, bias, .. }) = &node.op
            {
                cells.push(weight.cells.iter().map(|&cell| cell as f32).collect());
                if !bias.is_empty() {
                    cells.push(bias.iter().map(|&cell| cell as f32).collect());
                }
            }
        }
        Parameters::new(&self.schema, cells)
    }

    /// The network with these parameters: what the compiler makes a plan of.
    pub fn with(&self, parameters: &Parameters) -> Result<Network, ParameterError> {
        parameters.check(&self.schema)?;
        let mut network = self.network.clone();
        let mut tensors = parameters.cells().iter();
        let mut next =
            || tensors.next().into_iter().flatten().map(|&cell| f64::from(cell)).collect::<Vec<f64>>();
        for node in &mut network.nodes {
            if let Op::Dense(averment_compiler::ops::Dense { weight, bias })
            | Op::Conv(averment_compiler::ops::Conv { weight, bias, .. }) = &mut node.op
            {
                weight.cells = next();
                if !bias.is_empty() {
                    *bias = next();
                }
            }
        }
        Ok(network)
    }

    /// The scores of a batch, class by class, for examples one after the other. What is computed on the way stays in `pass`.
    pub fn forward<'p>(&self, cells: &[Vec<f32>], inputs: &[f32], pass: &'p mut Pass) -> &'p [f32] {
        let batch = inputs.len() / self.features().max(1);
        pass.values.resize(self.lengths.len(), Vec::new());
        pass.marks.resize(self.steps.len(), Vec::new());
        let input = &mut pass.values[self.network.inputs[0].value.0];
        input.clear();
        input.extend_from_slice(inputs);
        for (step, marks) in self.steps.iter().zip(&mut pass.marks) {
            let mut output = std::mem::take(&mut pass.values[step.output.0]);
            output.clear();
            output.resize(batch * self.lengths[step.output.0], 0.0);
            let inputs: Vec<&[f32]> =
                step.inputs.iter().map(|input| pass.values[input.0].as_slice()).collect();
            let weight = cells.get(step.weight).map_or(&[][..], Vec::as_slice);
            let bias = step.bias.and_then(|bias| cells.get(bias)).map_or(&[][..], Vec::as_slice);
            step.layer.forward(weight, bias, &inputs, &mut output, batch, marks, &mut pass.scratch);
            pass.values[step.output.0] = output;
        }
        &pass.values[self.network.output.0]
    }

    /// The mean cross entropy of a batch, and its gradient, added to `sums`.
    pub fn gradient(
        &self,
        cells: &[Vec<f32>],
        inputs: &[f32],
        labels: &[u32],
        sums: &mut [Vec<f32>],
        pass: &mut Pass,
    ) -> f64 {
        self.forward(cells, inputs, pass);
        let batch = labels.len();
        let mut gradients = std::mem::take(&mut pass.gradients);
        gradients.resize(self.lengths.len(), Vec::new());
        for (gradient, length) in gradients.iter_mut().zip(&self.lengths) {
            gradient.clear();
            gradient.resize(batch * length, 0.0);
        }
        let output = self.network.output.0;
        let loss =
            kernels::cross_entropy(&pass.values[output], labels, self.classes(), &mut gradients[output]);
        for (step, marks) in self.steps.iter().zip(&pass.marks).rev() {
            if !self.trained[step.output.0] {
                continue;
            }
            let above = std::mem::take(&mut gradients[step.output.0]);
            if step.layer.is_trained() {
                let (weights, rest) = sums.split_at_mut(step.weight + 1);
                let weight = weights.last_mut().map_or(&mut [][..], Vec::as_mut_slice);
                let bias = match step.bias {
                    Some(_) => rest.first_mut().map_or(&mut [][..], Vec::as_mut_slice),
                    None => &mut [],
                };
                step.layer.parameters(
                    &pass.values[step.inputs[0].0],
                    &above,
                    batch,
                    weight,
                    bias,
                    &mut pass.scratch,
                );
            }
            let weight = cells.get(step.weight).map_or(&[][..], Vec::as_slice);
            for (operand, input) in step.inputs.iter().enumerate() {
                if self.trained[input.0] {
                    let value = &pass.values[input.0];
                    let below = &mut gradients[input.0];
                    let scratch = &mut pass.scratch;
                    step.layer.backward(weight, operand, value, &above, below, batch, marks, scratch);
                }
            }
        }
        pass.gradients = gradients;
        loss
    }
}
