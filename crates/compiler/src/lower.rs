//! From a network over reals to a plan over integers.
//!
//! Every value is lowered to a *form*: integer multiples of views of the plan's tensors, with a fixed-point exponent.
//! What only arranges cells (transposes, slices, flattening, concatenation) makes another form; what computes makes a
//! step. A form lives over *base axes*; an axis of the value is a list of them (none if its length is 1), so that
//! flattening needs no computation: the matrix after it sums over several axes.

mod affine;
mod arrange;
mod emit;
mod inputs;
mod pool;
mod threshold;

use crate::{
    calibrate::Observed,
    network::{Network, Node, Op, ValueId},
};
use averment_plan::{
    Bounds, Draft, Input, Model, ModelError, Output, OutputKind, Plan, PlanError, Read, Shape, ShapeError,
    TableError, TensorId, Term, View, Weights, WeightsError,
};
use std::collections::HashMap;
use thiserror::Error;

/// How finely a plan computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Precision {
    /// Bits of an input.
    pub input_bits: u8,
    /// Bits of an activation, without its sign.
    pub activation_bits: u8,
    /// Bits of a table's index: what is left of an accumulator after the shift. The output's table has one less.
    pub index_bits: u8,
    /// Bits that a rescale drops.
    pub shift: u8,
}

/// What the plan says of its output.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Said {
    /// All cells.
    Values,
    /// The index of the largest.
    Largest,
    /// Of each cell whether it is at least so large.
    AtLeast(f64),
}

impl Said {
    /// The threshold, if there is one.
    pub(crate) fn threshold(self) -> Option<f64> {
        match self {
            Self::AtLeast(threshold) => Some(threshold),
            Self::Values | Self::Largest => None,
        }
    }
}

/// Where the scales and widths of weights come from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Weighing<'a> {
    /// The compiler chooses, for each tensor by its cells.
    Chosen,
    /// One width and one scale for all, as a task trains them.
    Stated {
        /// Width of a cell.
        bits: u8,
        /// A cell holds `value * 2^fraction`.
        fraction: u8,
        /// A bias is at least so many powers of two coarser than its accumulator.
        headroom: u8,
    },
    /// Those of another plan, with inputs and cells given.
    Like(Like<'a>),
}

/// What is taken from another plan as it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Like<'a> {
    /// Its inputs.
    pub inputs: &'a [Input],
    /// The scale of each weight tensor.
    pub scales: &'a [i8],
    /// The width of each.
    pub bits: &'a [u8],
    /// The cells of each.
    pub cells: &'a [Vec<i32>],
}

/// A weight tensor with a scale that was stated, before it was rounded.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Written {
    /// A cell is `real * 2^unit`.
    pub unit: i32,
    /// The same in terms of what the layer reads, counted as [`Lowering::unit`] counts it.
    pub scale: i32,
    /// Whether it is a layer's bias.
    pub bias: bool,
    /// The cells over reals.
    pub reals: Vec<f64>,
}

/// Why a network cannot be lowered.
#[derive(Debug, Error)]
pub enum LowerError {
    /// An operator in a use that no step can express.
    #[error("{node:?}: {reason}")]
    Unsupported {
        /// The node.
        node: String,
        /// Why, and what would be needed.
        reason: String,
    },
    /// A number too large or too small for fixed point.
    #[error(
        "{node:?}: no fixed-point scale fits its weights and values; are there outliers, or weights that are not finite?"
    )]
    NoScale {
        /// The node.
        node: String,
    },
    /// Constants in a task's weights that no layer has.
    #[error(
        "{node:?} multiplies or adds constants cell by cell, and no layer beside it takes them up; in a task all weights are \
         trained, so let the data's preparation do this"
    )]
    Constants {
        /// The node.
        node: String,
    },
    /// A weight beyond the width that was stated.
    #[error(
        "{name}: {value} with {fraction} fractional bits does not fit {bits} bits; take wider weights or a smaller fraction"
    )]
    Width {
        /// The tensor.
        name: String,
        /// The largest cell.
        value: f64,
        /// The scale, as a power of two.
        fraction: i32,
        /// The width.
        bits: u8,
    },
    /// Activations that grew so much that a bias' scale is finer than its accumulator's.
    #[error(
        "{node:?}: what it reads grew in training, so that its accumulator's scale 2^{accumulator} is coarser than its bias' \
         2^{bias}; start the task with more headroom"
    )]
    Outgrown {
        /// The node.
        node: String,
        /// The accumulator's scale.
        accumulator: i32,
        /// The bias' scale.
        bias: i32,
    },
    /// Another network than the plan was compiled from.
    #[error("the network is not the one that the plan was compiled from: {what}")]
    OtherNetwork {
        /// What is different.
        what: String,
    },
    /// Lengths that a plan does not have.
    #[error("{node:?}: {source}")]
    Shape {
        /// The node.
        node: String,
        /// What is wrong.
        source: ShapeError,
    },
    /// A threshold that every score reaches, or none.
    #[error(
        "no score of {node:?} is on the other side of the threshold {threshold}: with inputs in the declared range they lie \
         between {low} and {high}, so the answer would always be the same"
    )]
    Threshold {
        /// The step.
        node: String,
        /// The threshold.
        threshold: f64,
        /// The smallest score.
        low: f64,
        /// The largest.
        high: f64,
    },
    /// A table that a plan does not have.
    #[error(transparent)]
    Table(#[from] TableError),
    /// What came out is no plan.
    #[error("the network is beyond what a plan can hold: {0}")]
    Plan(#[from] PlanError),
    /// What came out are no weights.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// What came out is no model.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// A lowered network.
#[derive(Debug, Clone)]
pub struct Lowered {
    /// The plan with its weights.
    pub model: Model,
    /// For each step the value of the network that it computes (if it is one as it stands).
    pub values: Vec<Option<ValueId>>,
    /// What weights were before they were rounded, if their scales were stated.
    pub written: Vec<Written>,
}

/// A value as a form.
#[derive(Debug, Clone)]
struct Form {
    /// For each axis of the value, its base axes, the most significant first; none for length 1.
    axes: Vec<Vec<u8>>,
    /// Lengths of the base axes.
    base: Vec<u32>,
    /// The form over the base axes.
    terms: Vec<Term>,
    /// The value is the form times `2^-exponent`.
    exponent: i32,
    /// For an input with a scale for each feature: exponents and offsets along base axis 0. Then `exponent` is 0.
    features: Option<(Vec<i8>, Vec<i64>)>,
}

struct Lowering<'a> {
    network: &'a Network,
    observed: &'a Observed,
    precision: Precision,
    said: Said,
    weighing: Weighing<'a>,
    /// The network's output before it was only reshaped: it is not clamped to what was observed.
    last: ValueId,
    draft: Draft,
    weights: Vec<Vec<i32>>,
    written: Vec<Written>,
    bounds: Bounds,
    forms: HashMap<ValueId, Form>,
    values: Vec<Option<ValueId>>,
}

/// Lowers a network whose values were observed on samples.
pub(crate) fn lower(
    network: &Network,
    observed: &Observed,
    precision: Precision,
    said: Said,
    weighing: Weighing<'_>,
) -> Result<Lowered, LowerError> {
    let mut lowering = Lowering {
        network,
        observed,
        precision,
        said,
        weighing,
        last: before_reshapes(network),
        draft: Draft {
            inputs: Vec::new(),
            weights: Vec::new(),
            tables: Vec::new(),
            steps: Vec::new(),
            output: Output { tensor: TensorId(0), kind: OutputKind::Values, labels: Vec::new() },
        },
        weights: Vec::new(),
        written: Vec::new(),
        bounds: Bounds::new(std::iter::empty()),
        forms: HashMap::new(),
        values: Vec::new(),
    };
    lowering.inputs()?;
    lowering.nodes()?;
    lowering.finish()
}

impl Lowering<'_> {
    fn nodes(&mut self) -> Result<(), LowerError> {
        let readers = self.network.readers();
        let mut done = vec![false; self.network.nodes.len()];
        for (position, node) in self.network.nodes.iter().enumerate() {
            if done[position] {
                continue;
            }
            // A function of what only it reads is applied by the same table.
            let follower = self.network.nodes.iter().position(|next| {
                matches!(next.op, Op::Map(_)) && next.inputs[0] == node.output && readers[node.output.0] == 1
            });
            let fused =
                follower.filter(|_| computes(&node.op)).and_then(|at| match self.network.nodes[at].op {
                    Op::Map(function) => Some((at, function)),
                    _ => None,
                });
            let (output, function) = match fused {
                Some((at, function)) => {
                    done[at] = true;
                    (self.network.nodes[at].output, Some(function))
                }
                None => (node.output, None),
            };
            let form = self.node(node, output, function)?;
            self.forms.insert(output, form);
        }
        Ok(())
    }

    fn node(
        &mut self,
        node: &Node,
        output: ValueId,
        function: Option<crate::ops::Function>,
    ) -> Result<Form, LowerError> {
        let target = emit::Target { name: &node.name, pre: Some(node.output), post: Some(output), function };
        let mut input = self.form(node, 0)?;
        if sums(&node.op) {
            input = self.held(&node.name, input)?;
            // For other readers too.
            self.forms.insert(node.inputs[0], input.clone());
        }
        let from = &self.network.dims[node.inputs[0].0];
        let to = &self.network.dims[node.output.0];
        match &node.op {
            Op::Dense(op) => self.dense(&target, op, input),
            Op::Conv(op) => self.conv(&target, op, input, from, to),
            Op::Scale(op) => self.scale(&target, op, input, to),
            Op::Sum(factors) => self.sum(&target, node, factors, to),
            Op::AveragePool(op) => self.average_pool(&target, op, input, from, to),
            Op::Reduce(op) => self.reduce(&target, op, input, from),
            Op::Map(function) => {
                let target = emit::Target { function: Some(*function), pre: Some(node.inputs[0]), ..target };
                self.requantise(&target, &input)
            }
            Op::MaxPool(op) => self.max_pool(node, op, input, from, to),
            Op::Reshape(dims) => self.reshape(node, input, from, dims),
            Op::Transpose(order) => {
                let axes = order.iter().map(|&axis| input.axes[axis].clone()).collect();
                Ok(Form { axes, ..input })
            }
            Op::Slice(op) => self.slice(node, op, input, from),
            Op::Pad(op) => self.pad(node, op, input, from),
            Op::Concat(op) => self.concat(node, op),
        }
    }

    fn form(&self, node: &Node, position: usize) -> Result<Form, LowerError> {
        self.forms
            .get(&node.inputs[position])
            .cloned()
            .ok_or_else(|| unsupported(&node.name, "it reads a value that is not computed"))
    }

    fn finish(mut self) -> Result<Lowered, LowerError> {
        let output = self.network.output;
        let form = self.forms.get(&output).cloned();
        let form = form.ok_or_else(|| unsupported("output", "it is not computed"))?;
        // The output is a step's result as it stands, its axes in order.
        let tensor = match self.whole(&form) {
            Some(tensor) if self.may_say(tensor) => tensor,
            _ => {
                let target =
                    emit::Target { name: "output", pre: Some(output), post: Some(output), function: None };
                let form = self.requantise(&target, &form)?;
                self.whole(&form).ok_or_else(|| unsupported("output", "it is no single tensor"))?
            }
        };
        let last = self.network.dims[output.0].last().copied().unwrap_or(1);
        let fits = self.network.labels.len() == last;
        self.draft.output = Output {
            tensor,
            kind: match self.said {
                Said::Values => OutputKind::Values,
                Said::Largest => OutputKind::Argmax,
                Said::AtLeast(threshold) => OutputKind::Threshold(self.say(tensor, threshold)?),
            },
            labels: if fits { self.network.labels.clone() } else { Vec::new() },
        };
        if let Weighing::Like(like) = self.weighing
            && like.cells.len() != self.weights.len()
        {
            let what = format!("it has {} weight tensors, the plan {}", self.weights.len(), like.cells.len());
            return Err(LowerError::OtherNetwork { what });
        }
        let plan = Plan::new(self.draft)?;
        let weights = Weights::new(&plan, self.weights)?;
        Ok(Lowered { model: Model::new(plan, weights)?, values: self.values, written: self.written })
    }

    /// The tensor that a form is, if it is one, with its axes in order.
    fn whole(&self, form: &Form) -> Option<TensorId> {
        let [Term { coefficient: 1, view }] = form.terms.as_slice() else { return None };
        let shape = Shape::new(form.base.clone()).ok()?;
        let order: Vec<u8> = form.axes.iter().flatten().copied().collect();
        let in_order = order.iter().copied().eq(0..order.len() as u8);
        let own = self.draft.steps.get(view.tensor.index().checked_sub(self.draft.inputs.len())?)?;
        (in_order && own.shape == shape && *view == View::whole(view.tensor, &shape)).then_some(view.tensor)
    }

    /// A form read through one read for each of its base axes, in a step with this result and these sums. If that is
    /// no form, it is computed first.
    fn read(
        &mut self,
        name: &str,
        form: &Form,
        reads: &[Read],
        result: &[u32],
        sums: &[u32],
    ) -> Result<(Vec<Term>, i32), LowerError> {
        let shape = shape(name, result)?;
        let through = |form: &Form| {
            let terms = form
                .terms
                .iter()
                .map(|term| term.through(reads, &shape, sums))
                .collect::<Option<Vec<_>>>()?;
            Some(terms.into_iter().flatten().collect::<Vec<_>>())
        };
        if let Some(terms) = through(form) {
            return Ok((terms, form.exponent));
        }
        let computed = self.computed(name, form)?;
        let terms = through(&computed)
            .ok_or_else(|| unsupported(name, "it reads cells in a way that no step has"))?;
        Ok((terms, computed.exponent))
    }

    /// The form as a tensor of its own over the same base axes.
    fn computed(&mut self, name: &str, form: &Form) -> Result<Form, LowerError> {
        let flat: Vec<Vec<u8>> = (0..form.base.len() as u8).map(|axis| vec![axis]).collect();
        let over_base = Form { axes: flat, ..form.clone() };
        let name = format!("{name}.operand");
        let target = emit::Target { name: &name, pre: None, post: None, function: None };
        let computed = self.requantise(&target, &over_base)?;
        Ok(Form { axes: form.axes.clone(), ..computed })
    }
}

/// The value that the output is a reshape of, and that nothing else reads; the output itself if there is none.
fn before_reshapes(network: &Network) -> ValueId {
    let readers = network.readers();
    let mut last = network.output;
    while let Some(node) = network.nodes.iter().find(|node| node.output == last)
        && matches!(node.op, Op::Reshape(_))
        && readers[node.inputs[0].0] == 1
    {
        last = node.inputs[0];
    }
    last
}

/// Whether an operator ends in a rescale, whose table can apply a function.
fn computes(op: &Op) -> bool {
    matches!(op, Op::Dense(_) | Op::Conv(_) | Op::Scale(_) | Op::Sum(_) | Op::AveragePool(_) | Op::Reduce(_))
}

/// Whether an operator adds up many cells of its operand.
fn sums(op: &Op) -> bool {
    matches!(op, Op::Dense(_) | Op::Conv(_) | Op::AveragePool(_) | Op::Reduce(_))
}

fn unsupported(node: &str, reason: impl Into<String>) -> LowerError {
    LowerError::Unsupported { node: node.into(), reason: reason.into() }
}

fn shape(node: &str, dims: &[u32]) -> Result<Shape, LowerError> {
    Shape::new(dims).map_err(|source| LowerError::Shape { node: node.into(), source })
}

/// Base axes for lengths: one for each that is longer than 1.
fn base_of(dims: &[usize]) -> (Vec<u32>, Vec<Vec<u8>>) {
    let mut base = Vec::new();
    let axes =
        dims.iter().map(|&dim| if dim == 1 { Vec::new() } else { vec![new_axis(&mut base, dim)] }).collect();
    (whole_base(base), axes)
}

/// A shape has an axis, even for a single cell.
fn whole_base(base: Vec<u32>) -> Vec<u32> {
    if base.is_empty() { vec![1] } else { base }
}

/// Adds a base axis and returns its number.
fn new_axis(base: &mut Vec<u32>, dim: usize) -> u8 {
    base.push(u32::try_from(dim).unwrap_or(u32::MAX));
    u8::try_from(base.len() - 1).unwrap_or(u8::MAX)
}

/// A read that stays at one cell.
fn fixed(cell: usize, dim: u32) -> Read {
    Read { output: None, tap: None, pad: -i32::try_from(cell).unwrap_or(i32::MAX), limit: dim }
}

/// Base axes of the result for an axis that is kept as it is.
fn keep(group: &[u8], input: &Form, base: &mut Vec<u32>, reads: &mut [Read]) -> Vec<u8> {
    let keep = |&axis: &u8| {
        let dim = input.base[usize::from(axis)];
        let to = new_axis(base, dim as usize);
        reads[usize::from(axis)] = Read::along(to, dim);
        to
    };
    group.iter().map(keep).collect()
}
