//! The same training on candle: its tensors, its convolutions, its way back. Ours is held to it, and whoever has processors or
//! models that candle is better at begins here.
//!
//! Where numbers are exactly equal, gradients are a matter of choice: candle's ReLU lets them through at 0 and its maxima pass one
//! to each equal cell, ours stop them and give them to the first. So images with nothing around them are learned a little differently.
//!
//! It reads the networks of [`crate::models`] and their like: matrices, convolutions over images, ReLU, max pooling, reshaping.

use crate::{
    Evaluation, Fit, FitError, Fitted, Graph, GraphError, Parameters, Participant, Progress, Settings,
    TensorSchema, Trainer, data::Dataset,
};
use averment_compiler::{
    network::Op,
    ops::{Conv, Function, Pool, Window},
};
use candle_core::{Device, Tensor, Var};
use std::ops::ControlFlow;

/// A participant that trains on candle. Settings, order of examples and steps are those of [`Trainer`], so the models differ by
/// rounding alone.
#[derive(Debug, Clone)]
pub struct CandleTrainer<'a> {
    /// Who descends and judges: all but gradients is ours.
    ours: Trainer<'a>,
    device: Device,
}

impl<'a> CandleTrainer<'a> {
    /// Who trains on `training` and is judged by `evaluation`.
    ///
    /// # Errors
    /// As [`Trainer::new`]; and if the network has an operator that is not read here.
    pub fn new(
        graph: &'a Graph,
        training: &'a Dataset,
        evaluation: &'a Dataset,
        settings: Settings,
    ) -> Result<Self, FitError> {
        let own = Self { ours: Trainer::new(graph, training, evaluation, settings)?, device: Device::Cpu };
        // One example through it says whether everything is read.
        own.gradient(&graph.parameters()?, &vec![0.0; graph.features()], &[0])?;
        Ok(own)
    }

    /// The mean cross entropy of a batch of examples, one after the other, and its gradient for each tensor.
    ///
    /// # Errors
    /// If the model has other tensors, or candle refuses an operation.
    pub fn gradient(
        &self,
        model: &Parameters,
        inputs: &[f32],
        labels: &[u32],
    ) -> Result<(f64, Vec<Vec<f32>>), FitError> {
        model.check(self.schema())?;
        let mut sums = Parameters::zeros(self.schema()).into_cells();
        let loss = self.add(model.cells(), inputs, labels, &mut sums)?;
        Ok((loss, sums))
    }

    /// The same for cells that have the network's shapes, added to `sums`.
    fn add(
        &self,
        cells: &[Vec<f32>],
        inputs: &[f32],
        labels: &[u32],
        sums: &mut [Vec<f32>],
    ) -> Result<f64, FitError> {
        let mut run = || -> Result<_, Refused> {
            let variable = |(tensor, cells): (&TensorSchema, &Vec<f32>)| {
                Var::from_slice(cells, tensor.dims.as_slice(), &self.device)
            };
            let variables = self.schema().iter().zip(cells).map(variable).collect::<Result<Vec<_>, _>>()?;
            let scores = self.scores(&variables, inputs, labels.len())?;
            let loss = cross_entropy(&scores, &Tensor::from_slice(labels, labels.len(), &self.device)?)?;
            let gradients = loss.backward()?;
            // What no gradient reaches has none.
            for (sums, variable) in sums.iter_mut().zip(&variables) {
                let Some(gradient) = gradients.get(variable) else { continue };
                let gradient = gradient.flatten_all()?.to_vec1::<f32>()?;
                sums.iter_mut().zip(gradient).for_each(|(sum, cell)| *sum += cell);
            }
            Ok(f64::from(loss.to_scalar::<f32>()?))
        };
        run().map_err(|Refused { node, what }| FitError::Graph(GraphError::Node { node, what }))
    }

    /// A row of scores for each example.
    fn scores(&self, variables: &[Var], inputs: &[f32], batch: usize) -> Result<Tensor, Refused> {
        let network = self.ours.graph().network();
        let mut values: Vec<Option<Tensor>> = vec![None; network.dims.len()];
        let of_batch = |dims: &[usize]| [&[batch], dims.get(1..).unwrap_or_default()].concat();
        for input in &network.inputs {
            let dims = of_batch(&network.dims[input.value.0]);
            values[input.value.0] = Some(Tensor::from_slice(inputs, dims, &self.device)?);
        }
        let mut variables = variables.iter();
        for node in &network.nodes {
            let refused = |what: String| Refused { node: node.name.clone(), what };
            let operand = node.inputs.first().and_then(|input| values[input.0].as_ref());
            let one = operand.ok_or_else(|| refused("expected an operand".to_owned()))?;
            let mut variable = || variables.next().ok_or_else(|| refused("expected its tensors".to_owned()));
            let made = match &node.op {
                Op::Dense(dense) => {
                    let product = one.matmul(variable()?.as_tensor())?;
                    if dense.bias.is_empty() { product } else { product.broadcast_add(variable()?)? }
                }
                Op::Conv(conv) => {
                    let [padding, stride, dilation] = convolution(conv).map_err(refused)?;
                    let weight = variable()?.as_tensor();
                    let made = one.conv2d(weight, padding, stride, dilation, conv.groups)?;
                    if conv.bias.is_empty() {
                        made
                    } else {
                        made.broadcast_add(&variable()?.reshape((1, conv.bias.len(), 1, 1))?)?
                    }
                }
                Op::Map(Function::Relu) => one.relu()?,
                Op::MaxPool(pool) => {
                    let taps = pooling(pool).map_err(refused)?;
                    largest(one, taps)?
                }
                Op::Reshape(_) => one.reshape(of_batch(&network.dims[node.output.0]))?,
                _ => {
                    return Err(refused(
                        "candle's trainer reads matrices, convolutions, ReLU, max pooling and reshaping"
                            .to_owned(),
                    ));
                }
            };
            values[node.output.0] = Some(made);
        }
        let scores = values.get(network.output.0).cloned().flatten();
        let scores =
            scores.ok_or(Refused { node: "output".to_owned(), what: "nothing made it".to_owned() })?;
        Ok(scores.reshape((batch, self.ours.graph().classes()))?)
    }
}

/// The mean cross entropy of rows of scores.
fn cross_entropy(scores: &Tensor, labels: &Tensor) -> Result<Tensor, candle_core::Error> {
    let own = scores.gather(&labels.unsqueeze(1)?, 1)?.squeeze(1)?;
    (scores.log_sum_exp(1)? - own)?.mean_all()
}

/// What is not read, and where.
struct Refused {
    node: String,
    what: String,
}

impl From<candle_core::Error> for Refused {
    fn from(error: candle_core::Error) -> Self {
        Self { node: "candle".to_owned(), what: error.to_string() }
    }
}

/// Padding, stride and dilation of a convolution that is the same along both axes.
fn convolution(conv: &Conv) -> Result<[usize; 3], String> {
    match conv.windows.as_slice() {
        [a, b]
            if (a.begin, a.end, a.stride, a.dilation) == (b.begin, b.end, b.stride, b.dilation)
                && a.begin == a.end =>
        {
            Ok([a.begin, a.stride, a.dilation])
        }
        _ => Err("expected a convolution over images, the same along both axes".to_owned()),
    }
}

/// Taps of a pool whose windows stand side by side, without padding.
fn pooling(pool: &Pool) -> Result<[usize; 2], String> {
    let plain = |window: &Window| {
        (window.begin, window.end, window.dilation, window.stride, window.ceil)
            == (0, 0, 1, window.taps, false)
    };
    match pool.windows.as_slice() {
        [a, b] if plain(a) && plain(b) => Ok([a.taps, b.taps]),
        _ => Err("expected a pool over images, its windows side by side and without padding".to_owned()),
    }
}

/// The largest of each window, as maxima along axes: the way back through candle's own max pooling (0.11.1) gives a window's gradient
/// times the part of its cells that are the largest, a quarter of it for windows of two by two.
fn largest(one: &Tensor, [high, wide]: [usize; 2]) -> Result<Tensor, candle_core::Error> {
    let (batch, features, height, width) = one.dims4()?;
    let (rows, columns) = (height / high, width / wide);
    let whole = one.narrow(2, 0, rows * high)?.narrow(3, 0, columns * wide)?.contiguous()?;
    let down = whole.reshape((batch * features * rows, high, columns * wide))?.max(1)?;
    down.reshape((batch * features * rows * columns, wide))?.max(1)?.reshape((batch, features, rows, columns))
}

impl Participant for CandleTrainer<'_> {
    fn schema(&self) -> &[TensorSchema] {
        self.ours.schema()
    }

    fn fit(
        &self,
        fit: &Fit<'_>,
        watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Fitted, FitError> {
        self.ours.descend(fit, watch, |cells, inputs, labels, sums| self.add(cells, inputs, labels, sums))
    }

    fn evaluate(&self, model: &Parameters) -> Result<Evaluation, FitError> {
        self.ours.evaluate(model)
    }
}
