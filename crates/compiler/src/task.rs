//! Networks that a federated task trains (F1 of docs/federated.md): a plan to start from, the way between float parameters
//! and the cells of the task's vectors, and a plan of the trained model whose weights are these cells as they are.
//!
//! ```text
//! Network --start--> Compiled + VectorLayout            Template: Parameters <--> Vector
//! Vector --finish--> Compiled, with the same weights role: the points are the task's
//! ```
//!
//! What a cell has to do with a parameter is not written down anywhere: it is found by lowering the network with weights
//! that tell where they came from. So whatever is folded into weights on the way, linearly, is undone on the way back.

use crate::{
    CompileError, Compiled, LowerError, Options, Parameter, ParameterError, Precision,
    calibrate::Observed,
    compile::compile_with,
    fuse::fuse,
    lower::{Like, Said, Weighing, Written, lower},
    network::Network,
    samples::Samples,
    tensor::Tensor,
};
use averment_plan::{
    Input, Plan, limits,
    vector::{Vector, VectorError, VectorKind, VectorLayout},
};
use thiserror::Error;

/// How the weights of a task are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Widths {
    /// Bits of a model's cell, with its sign: 2 to 24.
    pub bits: u8,
    /// A cell holds `value * 2^fraction`. An activation is counted in its own unit; an input of the network in parts of its
    /// range, whatever unit the data have.
    pub fraction: u8,
    /// Bits of an update's cell, at most `bits`.
    pub update_bits: u8,
    /// How many powers of two activations may grow in training before a bias' scale is too fine for them.
    pub headroom: u8,
}

impl Default for Widths {
    fn default() -> Self {
        Self { bits: 20, fraction: 14, update_bits: 14, headroom: 6 }
    }
}

/// What a task starts from.
#[derive(Debug, Clone)]
pub struct Start {
    /// The initial version's plan and weights.
    pub compiled: Compiled,
    /// What the cells of the task's vectors mean.
    pub layout: VectorLayout,
}

/// Why a network is not trained in a task.
#[derive(Debug, Error)]
pub enum TaskError {
    /// Layers that scale by statistics, which are not linear in what is trained [F1.5].
    #[error(
        "a task does not train networks that scale by statistics of their data, which every participant would move: {nodes:?}; \
         use layers without (BatchNormalization folded into the weights beforehand is no longer one)"
    )]
    Statistics {
        /// The nodes.
        nodes: Vec<String>,
    },
    /// Widths that no weights have.
    #[error(
        "weights of 2 to {} bits and updates of 2 bits up to that are expected, got {bits} and {update_bits}",
        limits::WEIGHT_BITS
    )]
    Widths {
        /// Of models.
        bits: u8,
        /// Of updates.
        update_bits: u8,
    },
    /// A scale or a width that no weights have.
    #[error(
        "weights are rescaled by at most {most} powers of two, to 2 to {most} bits: got {by} and {bits} bits"
    )]
    Rescaled {
        /// Powers of two.
        by: i8,
        /// The width.
        bits: u8,
        /// The most of both.
        most: u8,
    },
    /// A cell that is wider than weights are to be.
    #[error(
        "a cell of {name} would be {got}, which {bits} bits do not hold: take fewer powers of two, or more bits"
    )]
    TooWide {
        /// The weight tensor.
        name: String,
        /// The cell.
        got: i64,
        /// The width.
        bits: u8,
    },
    /// A cell in which parameters cannot be told apart.
    #[error("{name}, cell {cell}: it does not come from one parameter alone, times a number that is not 0")]
    NotLinear {
        /// The weight tensor.
        name: String,
        /// The cell.
        cell: usize,
    },
    /// A layout of other weights.
    #[error("the layout is not one of the network's plan: {what}")]
    Layout {
        /// What is different.
        what: String,
    },
    /// The network does not compile.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// Nor as it stands.
    #[error(transparent)]
    Lower(#[from] LowerError),
    /// Parameters of another network.
    #[error(transparent)]
    Parameters(#[from] ParameterError),
    /// Cells that are no vector.
    #[error(transparent)]
    Vector(#[from] VectorError),
}

/// Compiles an initial model for a task: weights as wide and as fine as `widths` says, each layer's bias among them.
pub fn start(
    network: &Network,
    samples: &Samples,
    options: &Options,
    widths: Widths,
) -> Result<Start, TaskError> {
    let Widths { bits, fraction, update_bits, headroom } = widths;
    if !(2..=limits::WEIGHT_BITS).contains(&bits) || !(2..=bits).contains(&update_bits) {
        return Err(TaskError::Widths { bits, update_bits });
    }
    check_statistics(network)?;
    let network = network.with_parameters(&network.parameters())?;
    let weighing = Weighing::Stated { bits, fraction, headroom };
    let (compiled, written) = compile_with(&network, samples, options, weighing)?;
    let scales: Vec<i8> =
        written.iter().map(|own| own.scale.clamp(i8::MIN.into(), i8::MAX.into()) as i8).collect();
    let layout = VectorLayout::new(compiled.model.plan(), &scales, &vec![update_bits; scales.len()])?;
    Ok(Start { compiled, layout })
}

/// Compiles a trained model: its integers are the plan's weights as they are, in the blocks that the task's plan has. Scales of
/// activations, shifts and tables are its own, from `samples` and from intervals over these weights.
pub fn finish(
    template: &Template,
    trained: &Vector,
    samples: &Samples,
    options: &Options,
) -> Result<Compiled, TaskError> {
    let network = template.network_of(trained)?;
    let bits: Vec<u8> = template.layout.blocks().iter().map(|block| block.bits).collect();
    let like =
        Like { inputs: &template.inputs, scales: &template.scales, bits: &bits, cells: trained.tensors() };
    let (compiled, _) = compile_with(&network, samples, options, Weighing::Like(like))?;
    if !template.layout.fits(compiled.model.plan()) {
        return Err(TaskError::Layout { what: "the trained model's weights have other shapes".into() });
    }
    Ok(compiled)
}

/// The same with every cell times `2^by`, rounded to the nearest, halves up, and kept in `bits` bits: a plan that adopts a task's weights
/// ([F3.5]), for its points are not the task's.
pub fn finish_rescaled(
    template: &Template,
    trained: &Vector,
    by: i8,
    bits: u8,
    samples: &Samples,
    options: &Options,
) -> Result<Compiled, TaskError> {
    let most = limits::WEIGHT_BITS;
    if by.unsigned_abs() > most || !(2..=most).contains(&bits) {
        return Err(TaskError::Rescaled { by, bits, most });
    }
    let rescaled = |cell: &i32| match u32::try_from(by) {
        Ok(up) => i64::from(*cell) << up,
        Err(_) => (i64::from(*cell) + (1 << (by.unsigned_abs() - 1))) >> by.unsigned_abs(),
    };
    let half = 1_i64 << (bits - 1);
    let mut tensors = Vec::with_capacity(trained.tensors().len());
    for (tensor, block) in trained.tensors().iter().zip(template.layout.blocks()) {
        let cells = tensor.iter().map(|cell| {
            let got = rescaled(cell);
            let kept = (-half..half).contains(&got).then(|| i32::try_from(got).ok()).flatten();
            kept.ok_or_else(|| TaskError::TooWide { name: block.name.clone(), got, bits })
        });
        tensors.push(cells.collect::<Result<Vec<i32>, _>>()?);
    }
    let network = template.network_of(trained)?;
    let scales: Vec<i8> = template.scales.iter().map(|scale| scale.saturating_add(by)).collect();
    let widths = vec![bits; scales.len()];
    let like = Like { inputs: &template.inputs, scales: &scales, bits: &widths, cells: &tensors };
    let (compiled, _) = compile_with(&network, samples, options, Weighing::Like(like))?;
    let shapes = compiled.model.plan().weights().iter().map(|weight| &weight.shape);
    if !shapes.eq(template.layout.blocks().iter().map(|block| &block.shape)) {
        return Err(TaskError::Layout { what: "the trained model's weights have other shapes".into() });
    }
    Ok(compiled)
}

fn check_statistics(network: &Network) -> Result<(), TaskError> {
    if network.statistics.is_empty() {
        return Ok(());
    }
    Err(TaskError::Statistics { nodes: network.statistics.clone() })
}

/// Where a cell comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Source {
    /// `gain` times this parameter, counted over all tensors (and, in a bias, what weights add to it).
    Parameter { at: usize, gain: f64 },
    /// No parameter.
    Constant,
}

/// The way between the parameters of a network and the cells of a task's vectors.
#[derive(Debug, Clone)]
pub struct Template {
    network: Network,
    layout: VectorLayout,
    inputs: Vec<Input>,
    scales: Vec<i8>,
    units: Vec<i32>,
    biases: Vec<bool>,
    sources: Vec<Vec<Source>>,
}

impl Template {
    /// For the network that `plan`, which the task starts from, was compiled from.
    pub fn new(network: &Network, plan: &Plan, layout: &VectorLayout) -> Result<Self, TaskError> {
        check_statistics(network)?;
        layout.check_plan(plan)?;
        let parameters = network.parameters();
        let network = network.with_parameters(&parameters)?;
        let scales: Vec<i8> = layout.blocks().iter().map(|block| block.scale).collect();
        let (inputs, layout) = (plan.inputs().to_vec(), layout.clone());
        let mut own = Self {
            network,
            layout,
            inputs,
            scales,
            units: Vec::new(),
            biases: Vec::new(),
            sources: Vec::new(),
        };
        // What comes of parameters that all are the same, and of those that are their own numbers.
        let probe = |weights: &dyn Fn(usize) -> f64, biases: &dyn Fn(usize) -> f64| {
            let mut at = 0;
            let filled: Vec<Parameter> = (parameters.iter().enumerate())
                .map(|(place, parameter)| {
                    let fill = if place % 2 == 0 { weights } else { biases };
                    let first = at;
                    at += parameter.tensor.cells.len();
                    let cells = (first..at).map(fill).collect();
                    let tensor = Tensor { dims: parameter.tensor.dims.clone(), cells };
                    Parameter { name: parameter.name.clone(), tensor }
                })
                .collect();
            own.written(&filled)
        };
        let number = |at: usize| (at + 1) as f64;
        let none = probe(&|_| 0.0, &|_| 0.0)?;
        let same = [probe(&|_| 1.0, &|_| 0.0)?, probe(&|_| 0.0, &|_| 1.0)?];
        let own_numbers = [probe(&number, &|_| 0.0)?, probe(&|_| 0.0, &number)?];
        let count: usize = parameters.iter().map(|parameter| parameter.tensor.cells.len()).sum();
        let mut used = vec![false; count];
        for (tensor, none) in none.iter().enumerate() {
            let of = |probes: &[Vec<Written>; 2]| probes[usize::from(none.bias)][tensor].reals.clone();
            let (same, own_numbers) = (of(&same), of(&own_numbers));
            let mut sources = Vec::with_capacity(none.reals.len());
            for (cell, ((none, same), number)) in none.reals.iter().zip(same).zip(own_numbers).enumerate() {
                let gain = same - none;
                if gain == 0.0 && number == *none {
                    sources.push(Source::Constant);
                    continue;
                }
                let wrong = || TaskError::NotLinear { name: own.layout.blocks()[tensor].name.clone(), cell };
                let place = (number - none) / gain;
                let at = (place.round() as usize).wrapping_sub(1);
                // Several parameters in one cell come out as a number that is none, or that is taken.
                let exact = (place - place.round()).abs() < 1e-3;
                match used.get_mut(at).filter(|used| exact && !**used) {
                    Some(used) => *used = true,
                    None => return Err(wrong()),
                }
                sources.push(Source::Parameter { at, gain });
            }
            own.sources.push(sources);
        }
        own.units = none.iter().map(|written| written.unit).collect();
        own.biases = none.iter().map(|written| written.bias).collect();
        Ok(own)
    }

    /// What the cells mean.
    pub fn layout(&self) -> &VectorLayout {
        &self.layout
    }

    /// The network as it was when the template was made, a bias in every layer.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The weight tensors of a network with these parameters, before they are rounded.
    fn written(&self, parameters: &[Parameter]) -> Result<Vec<Written>, TaskError> {
        let mut network = self.network.with_parameters(parameters)?;
        fuse(&mut network);
        let observed = Observed::unit(&network);
        let cells: Vec<Vec<i32>> =
            self.layout.blocks().iter().map(|block| vec![0; block.shape.cells()]).collect();
        let bits: Vec<u8> = self.layout.blocks().iter().map(|block| block.bits).collect();
        // With weights of zero nothing has a range, so every table does.
        let like = Like { inputs: &self.inputs, scales: &self.scales, bits: &bits, cells: &cells };
        let precision = Precision { input_bits: 12, activation_bits: 8, index_bits: 12, shift: 12 };
        let lowered = lower(&network, &observed, precision, Said::Values, Weighing::Like(like))?;
        if !self.layout.fits(lowered.model.plan()) || lowered.written.len() != cells.len() {
            let what = "the network's weights have other shapes than its blocks".into();
            return Err(TaskError::Layout { what });
        }
        Ok(lowered.written)
    }

    /// Cells of these parameters, rounded to the nearest, and beyond any width if the parameters are.
    fn cells(&self, parameters: &[Parameter]) -> Result<Vec<Vec<i64>>, TaskError> {
        let written = self.written(parameters)?;
        let integers = |own: &Written| {
            let factor = f64::from(own.unit).exp2();
            // The cast saturates.
            own.reals.iter().map(|real| (real * factor).round() as i64).collect()
        };
        Ok(written.iter().map(integers).collect())
    }

    /// Parameters as a model of the task, rounded to the nearest. Refuses what is not finite and what its widths do not hold.
    pub fn model(&self, parameters: &[Parameter]) -> Result<Vector, TaskError> {
        let cells = self.cells(parameters)?;
        let mut tensors = Vec::with_capacity(cells.len());
        for (block, cells) in self.layout.blocks().iter().zip(cells) {
            let narrow = |(cell, &got): (usize, &i64)| {
                i32::try_from(got).map_err(|_| VectorError::OutOfRange {
                    name: block.name.clone(),
                    cell,
                    got,
                    bits: block.bits,
                })
            };
            tensors.push(cells.iter().enumerate().map(narrow).collect::<Result<_, _>>()?);
        }
        Ok(Vector::new(&self.layout, VectorKind::Model, tensors)?)
    }

    /// What leads from a model of the task to these parameters, shortened to a norm of at most `bound` (in units of the
    /// layout's finest scale) and to the widths of updates. Cells that no parameter feeds stay as they are.
    pub fn update(&self, from: &Vector, parameters: &[Parameter], bound: u64) -> Result<Vector, TaskError> {
        let mut cells = self.cells(parameters)?;
        self.check(from)?;
        for ((cells, from), sources) in cells.iter_mut().zip(from.tensors()).zip(&self.sources) {
            for ((cell, from), source) in cells.iter_mut().zip(from).zip(sources) {
                *cell = match source {
                    Source::Parameter { .. } => cell.saturating_sub(i64::from(*from)),
                    Source::Constant => 0,
                };
            }
        }
        Ok(Vector::shortened(&self.layout, &cells, bound)?)
    }

    /// The parameters of a model of the task. Those that no cell comes from are as in the template's network.
    pub fn parameters(&self, model: &Vector) -> Result<Vec<Parameter>, TaskError> {
        self.check(model)?;
        let mut parameters = self.network.parameters();
        let mut flat: Vec<f64> = parameters.iter().flat_map(|own| own.tensor.cells.iter().copied()).collect();
        // Weights first: what they add to biases is known then.
        self.invert(model, false, None, &mut flat);
        fill(&mut parameters, &flat, |bias| !bias);
        let without = self.written(&without_biases(&parameters))?;
        self.invert(model, true, Some(&without), &mut flat);
        fill(&mut parameters, &flat, |bias| bias);
        Ok(parameters)
    }

    fn invert(&self, model: &Vector, bias: bool, without: Option<&[Written]>, flat: &mut [f64]) {
        for (tensor, (cells, sources)) in model.tensors().iter().zip(&self.sources).enumerate() {
            if self.biases[tensor] != bias {
                continue;
            }
            let unit = (-f64::from(self.units[tensor])).exp2();
            for (cell, (&value, source)) in cells.iter().zip(sources).enumerate() {
                if let &Source::Parameter { at, gain } = source {
                    let added = without.map_or(0.0, |without| without[tensor].reals[cell]);
                    flat[at] = (f64::from(value) * unit - added) / gain;
                }
            }
        }
    }

    /// The network with the parameters of a model of the task.
    pub fn network_of(&self, model: &Vector) -> Result<Network, TaskError> {
        Ok(self.network.with_parameters(&self.parameters(model)?)?)
    }

    fn check(&self, model: &Vector) -> Result<(), TaskError> {
        // It may be one of another layout.
        if model.kind() != VectorKind::Model {
            return Err(VectorError::OtherKind { expected: VectorKind::Model, got: model.kind() }.into());
        }
        Vector::new(&self.layout, VectorKind::Model, model.tensors().to_vec())?;
        Ok(())
    }
}

/// Puts numbers into tensors: weights, or biases, which alternate.
fn fill(parameters: &mut [Parameter], flat: &[f64], wanted: impl Fn(bool) -> bool) {
    let mut at = 0;
    for (place, parameter) in parameters.iter_mut().enumerate() {
        let cells = &mut parameter.tensor.cells;
        let end = at + cells.len();
        if wanted(place % 2 == 1) {
            cells.copy_from_slice(&flat[at..end]);
        }
        at = end;
    }
}

fn without_biases(parameters: &[Parameter]) -> Vec<Parameter> {
    let mut parameters = parameters.to_vec();
    for bias in parameters.iter_mut().skip(1).step_by(2) {
        bias.tensor.cells.fill(0.0);
    }
    parameters
}
