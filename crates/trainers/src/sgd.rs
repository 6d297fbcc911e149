//! Stochastic gradient descent with momentum.

use crate::{
    Evaluation, Fit, FitError, Fitted, Graph, GraphError, Parameters, Participant, Progress, TensorSchema,
    data::Dataset, network::Pass, random,
};
use std::ops::ControlFlow;

/// Examples that are evaluated at once.
const EVALUATED: usize = 256;

/// How training goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Step length, above 0.
    pub rate: f32,
    /// What stays of the last step, `0 <= momentum < 1`: `m = momentum m + (1 - momentum) g`, `w -= rate m`. Where it is
    /// above 0 it goes on from one training to the next, which takes noise out of updates (Karimireddy et al. 2021).
    pub momentum: f32,
    /// What is added to the gradient for each unit of a weight, at least 0. Biases are left alone.
    pub decay: f32,
    /// Examples of one step, at least 1.
    pub batch: usize,
    /// Passes over the data.
    pub epochs: usize,
    /// Steps of one training at most; 0 for as many as the passes take.
    pub steps: usize,
    /// The size of a usual input: 255 for bytes, 1 for what is scaled already. The layers that read the input take steps shorter by
    /// its square, as if the input were divided by it.
    pub unit: f32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { rate: 0.1, momentum: 0.9, decay: 0.0, batch: 32, epochs: 1, steps: 0, unit: 1.0 }
    }
}

impl Settings {
    fn check(&self) -> Result<(), FitError> {
        let whole = |count: usize| count as f64;
        let bad = |setting, expected, got| Err(FitError::Setting { setting, expected, got });
        if !(self.rate.is_finite() && self.rate > 0.0) {
            return bad("rate", "above 0", self.rate.into());
        }
        if !(0.0..1.0).contains(&self.momentum) {
            return bad("momentum", "from 0 to below 1", self.momentum.into());
        }
        if !(self.decay.is_finite() && self.decay >= 0.0) {
            return bad("decay", "0 or above", self.decay.into());
        }
        if !(self.unit.is_finite() && self.unit > 0.0) {
            return bad("unit", "above 0", self.unit.into());
        }
        if self.batch == 0 {
            return bad("batch", "at least 1", whole(self.batch));
        }
        if self.epochs == 0 {
            return bad("epochs", "at least 1", whole(self.epochs));
        }
        Ok(())
    }
}

/// A participant with a network, data in memory and settings.
#[derive(Debug, Clone)]
pub struct Trainer<'a> {
    graph: &'a Graph,
    training: &'a Dataset,
    evaluation: &'a Dataset,
    settings: Settings,
}

impl<'a> Trainer<'a> {
    /// Who trains on `training` and is judged by `evaluation`.
    pub fn new(
        graph: &'a Graph,
        training: &'a Dataset,
        evaluation: &'a Dataset,
        settings: Settings,
    ) -> Result<Self, FitError> {
        settings.check()?;
        for data in [training, evaluation] {
            if data.features() != graph.features() || data.classes() > graph.classes() {
                return Err(FitError::Graph(GraphError::Data {
                    expected: graph.features(),
                    classes: graph.classes(),
                    got: data.features(),
                    labels: data.classes(),
                }));
            }
        }
        Ok(Self { graph, training, evaluation, settings })
    }

    /// How good a model is on any data of the network's shape.
    pub fn evaluate_on(&self, model: &Parameters, data: &Dataset) -> Result<Evaluation, FitError> {
        model.check(self.graph.schema())?;
        let (mut pass, classes) = (Pass::default(), self.graph.classes());
        let (mut correct, mut loss) = (0, 0.0);
        for (inputs, labels) in data.chunks(EVALUATED) {
            let scores = self.graph.forward(model.cells(), inputs, &mut pass);
            for (scores, &label) in scores.chunks_exact(classes).zip(labels) {
                let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                correct +=
                    usize::from(scores.iter().position(|score| *score == largest) == Some(label as usize));
                let sum: f64 = scores.iter().map(|score| f64::from(score - largest).exp()).sum();
                let own = scores.get(label as usize).map_or(0.0, |score| f64::from(score - largest));
                loss += sum.ln() - own;
            }
        }
        let examples = data.len();
        Ok(Evaluation { examples, correct, loss: loss / examples.max(1) as f64 })
    }

    /// The network.
    #[cfg(feature = "candle")]
    pub(crate) fn graph(&self) -> &'a Graph {
        self.graph
    }

    /// Gradient descent, whoever finds the gradients: `gradient` is given the cells of each tensor, a batch of examples one after the
    /// other and their labels, adds the gradient of their mean loss to sums that are 0, and returns that loss.
    ///
    /// # Errors
    /// As [`Participant::fit`], and those of `gradient`.
    pub(crate) fn descend(
        &self,
        fit: &Fit<'_>,
        watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
        mut gradient: impl FnMut(&[Vec<f32>], &[f32], &[u32], &mut [Vec<f32>]) -> Result<f64, FitError>,
    ) -> Result<Fitted, FitError> {
        let Settings { rate, momentum, decay, batch, epochs, steps, unit } = self.settings;
        let schema = self.graph.schema();
        fit.model.check(schema)?;
        if self.training.is_empty() {
            return Err(FitError::NoExamples);
        }
        let mut memory = match fit.memory {
            Some(memory) => memory.check(schema).map(|()| memory.clone())?.into_cells(),
            None => Parameters::zeros(schema).into_cells(),
        };
        let mut cells = fit.model.clone().into_cells();
        let rates: Vec<f32> = self
            .graph
            .reads_input()
            .iter()
            .map(|reads| if *reads { rate / (unit * unit) } else { rate })
            .collect();
        let is_weight: Vec<bool> = schema.iter().map(|tensor| tensor.dims.len() > 1).collect();
        let mut random = random::stream(fit.seed, 0);
        let mut order: Vec<usize> = (0..self.training.len()).collect();
        let of = epochs.saturating_mul(order.len().div_ceil(batch));
        let of = if steps == 0 { of } else { of.min(steps) };
        let mut sums = Parameters::zeros(schema).into_cells();
        let (mut inputs, mut labels) = (Vec::new(), Vec::new());
        let (mut done, mut loss) = (0, 0.0);
        for _ in 0..epochs {
            random::shuffle(&mut random, &mut order);
            let (mut losses, mut seen) = (0.0, 0);
            for chosen in order.chunks(batch) {
                self.training.pick(chosen, &mut inputs, &mut labels);
                sums.iter_mut().for_each(|sums| sums.fill(0.0));
                losses += gradient(&cells, &inputs, &labels, &mut sums)? * chosen.len() as f64;
                seen += chosen.len();
                loss = losses / seen as f64;
                let tensors = cells.iter_mut().zip(&mut memory).zip(&sums).zip(rates.iter().zip(&is_weight));
                for (((cells, memory), sums), (&rate, &is_weight)) in tensors {
                    let decay = if is_weight { decay } else { 0.0 };
                    for ((cell, memory), sum) in cells.iter_mut().zip(memory).zip(sums) {
                        *memory = momentum * *memory + (1.0 - momentum) * (sum + decay * *cell);
                        *cell -= rate * *memory;
                    }
                }
                done += 1;
                if done == of {
                    break;
                }
            }
            if watch(Progress { done, of, loss }).is_break() {
                return Err(FitError::Stopped { done, of });
            }
            if done == of {
                break;
            }
        }
        let diverged = |source| FitError::Diverged { batch: done, source };
        Ok(Fitted {
            model: Parameters::new(schema, cells).map_err(diverged)?,
            memory: match momentum > 0.0 {
                true => Some(Parameters::new(schema, memory).map_err(diverged)?),
                false => None,
            },
            examples: self.training.len(),
            loss,
        })
    }
}

impl Participant for Trainer<'_> {
    fn schema(&self) -> &[TensorSchema] {
        self.graph.schema()
    }

    fn fit(
        &self,
        fit: &Fit<'_>,
        watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Fitted, FitError> {
        let mut pass = Pass::default();
        self.descend(fit, watch, |cells, inputs, labels, sums| {
            Ok(self.graph.gradient(cells, inputs, labels, sums, &mut pass))
        })
    }

    fn evaluate(&self, model: &Parameters) -> Result<Evaluation, FitError> {
        self.evaluate_on(model, self.evaluation)
    }
}
