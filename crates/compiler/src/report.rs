//! How a model compares with the float run, step by step, and how large it is.

use crate::{
    compile::work,
    network::{Network, ValueId},
    runs::{Run, each_run},
    samples::Samples,
    tensor::Tensor,
};
use averment_plan::{Model, Operator, OutputKind, Trace};
use serde::Serialize;
use std::{borrow::Cow, ops::ControlFlow};

/// Disagreements beyond this many are only counted.
const LISTED: usize = 100;

/// One step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepReport {
    /// Its name.
    pub name: String,
    /// What it does: `product`, `linear` or `maximum`.
    pub kind: &'static str,
    /// Real cells of the result, for one item.
    pub cells: usize,
    /// Bits that the rescale drops.
    pub shift: u8,
    /// Bits of the table's index.
    pub index_bits: u8,
    /// The result's integers stand for `integer * 2^-exponent`.
    pub exponent: i8,
    /// Largest absolute value of the float run; 0 for a step that it does not have.
    pub largest: f64,
    /// Largest difference from the float run.
    pub max_error: f64,
    /// Mean difference from the float run.
    pub mean_error: f64,
    /// Bits of the largest result that occurred.
    pub used_bits: f64,
    /// Bits of the table's index that no sample used: what it costs that every input has an answer.
    pub spare_bits: f64,
}

/// A sample that is decided otherwise than in the float run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Disagreement {
    /// The sample, from 0.
    pub sample: usize,
    /// Of an output that says what reaches a threshold, the cell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cell: Option<usize>,
    /// The float run's decision: the place of the largest score, or 1 if the threshold is reached.
    pub float: usize,
    /// The plan's.
    pub plan: usize,
    /// How far the float run's scores of the two are apart, or its score from the threshold.
    pub margin: f64,
}

/// When a plan's output says 1, exactly: if its integer score is at least `least`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rule {
    /// What was asked for.
    pub threshold: f64,
    /// The smallest integer score that says 1.
    pub least: i32,
    /// Scores stand for `integer * 2^-exponent`.
    pub exponent: i8,
    /// What the smallest score stands for: the threshold, or the next score above it.
    pub real: f64,
}

/// A model beside the float run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Steps, in order.
    pub steps: Vec<StepReport>,
    /// Samples compared.
    pub samples: usize,
    /// What the output says of scores; none if it says all, or which is the largest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<Rule>,
    /// Samples that are decided alike: the largest output is the same, or what reaches the threshold. None if there is
    /// only one output, and no threshold.
    pub agreeing: Option<usize>,
    /// The first disagreements. One sample has as many as its output has cells on another side of the threshold.
    pub disagreements: Vec<Disagreement>,
    /// Input cells that had to be clamped to the declared range.
    pub clamped: usize,
    /// Multiplications of one item.
    pub work: u64,
    /// Padded cells of all tensors of one item.
    pub cells: u64,
    /// Look-ups in function tables, one item, padding included.
    pub function_lookups: u64,
    /// Rows of all function tables.
    pub table_rows: u64,
    /// Padded cells of all weights.
    pub weight_cells: u64,
    /// What was left out or replaced.
    pub notes: Vec<String>,
}

impl Report {
    /// The largest error of the output relative to its largest value.
    pub fn relative_error(&self) -> f64 {
        match self.steps.iter().rev().find(|step| step.largest > 0.0) {
            Some(step) => step.max_error / step.largest,
            None => 0.0,
        }
    }
}

/// Runs model and network on samples and compares them; with a threshold, if the model's output says what reaches it.
pub fn measure(
    network: &Network,
    model: &Model,
    values: &[Option<ValueId>],
    samples: &Samples,
    threshold: Option<f64>,
) -> Report {
    let known = Known { floats: &[], trace: &mut Trace::default() };
    measure_beside(network, model, values, samples, threshold, known)
}

/// What is there from before.
pub(crate) struct Known<'a> {
    /// The network's values for the first of the samples.
    pub floats: &'a [Vec<Option<Tensor>>],
    /// Memory for runs.
    pub trace: &'a mut Trace,
}

/// [`measure`], with what is there from before.
pub(crate) fn measure_beside(
    network: &Network,
    model: &Model,
    values: &[Option<ValueId>],
    samples: &Samples,
    threshold: Option<f64>,
    known: Known<'_>,
) -> Report {
    let plan = model.plan();
    let mut steps: Vec<StepReport> = plan
        .steps()
        .iter()
        .map(|step| StepReport {
            name: step.name.clone(),
            kind: match &step.operator {
                Operator::Maximum { .. } => "maximum",
                Operator::Affine { products, .. } if products.is_empty() => "linear",
                Operator::Affine { .. } => "product",
            },
            cells: step.shape.cells(),
            shift: step.rescale.shift,
            index_bits: plan.table(step.rescale.table).map_or(0, averment_plan::Table::bits),
            exponent: step.exponent,
            largest: 0.0,
            max_error: 0.0,
            mean_error: 0.0,
            used_bits: 0.0,
            spare_bits: 0.0,
        })
        .collect();
    let mut largest = vec![(0u32, 0u32); steps.len()];
    let (mut agreeing, mut clamped, mut disagreements) = (0, 0, Vec::new());
    let output = plan.output().tensor.index() - plan.inputs().len();
    let rule = match (&plan.output().kind, threshold) {
        (OutputKind::Threshold(said), Some(threshold)) => {
            Some(Rule { threshold, least: said.least, exponent: said.exponent, real: said.real() })
        }
        _ => None,
    };
    let decides = rule.is_some() || network.dims[network.output.0].iter().product::<usize>() > 1;
    let mut items = samples.items().enumerate();
    // What is too large to be run is reported without errors.
    let _ = each_run(known.trace, model, samples.items(), |run| {
        let Some((sample, item)) = items.next() else { return ControlFlow::Break(()) };
        let floats = known.floats.get(sample).map_or_else(|| Cow::Owned(network.run(&item)), Cow::Borrowed);
        clamped += run.clamped;
        for (position, report) in steps.iter_mut().enumerate() {
            let magnitude = |cells: &[i32]| cells.iter().map(|cell| cell.unsigned_abs()).max().unwrap_or(0);
            let (out, hi) = &mut largest[position];
            *out = (*out).max(magnitude(run.out(position)));
            *hi = (*hi).max(magnitude(run.hi(position)));
            let Some(float) = values[position].and_then(|value| floats[value.0].as_ref()) else { continue };
            let real = scores(model, position, &run);
            let mut sum = 0.0;
            for (float, real) in float.cells.iter().zip(real) {
                let error = (float - real).abs();
                report.largest = report.largest.max(float.abs());
                report.max_error = report.max_error.max(error);
                sum += error;
            }
            report.mean_error += sum / float.cells.len().max(1) as f64;
        }
        if let (true, Some(float)) = (decides, &floats[network.output.0]) {
            let found = disagreements_of(sample, &float.cells, &scores(model, output, &run), rule);
            agreeing += usize::from(found.is_empty());
            let room = LISTED.saturating_sub(disagreements.len());
            disagreements.extend(found.into_iter().take(room));
        }
        ControlFlow::Continue(())
    });
    let bits = |value: u32| f64::from(value.saturating_add(1)).log2();
    for (step, (out, hi)) in steps.iter_mut().zip(&largest) {
        step.mean_error /= samples.len().max(1) as f64;
        step.used_bits = bits(*out);
        step.spare_bits = f64::from(step.index_bits) - 1.0 - bits(*hi);
    }
    let padded = |cells: &mut dyn Iterator<Item = usize>| cells.map(|cells| cells as u64).sum();
    Report {
        samples: samples.len(),
        rule,
        agreeing: decides.then_some(agreeing),
        disagreements,
        clamped,
        work: work(model),
        cells: padded(&mut plan.shapes().iter().map(averment_plan::Shape::padded_cells)),
        function_lookups: padded(&mut plan.steps().iter().map(|step| step.shape.padded_cells())),
        table_rows: plan.tables().iter().map(|table| 1u64 << table.bits()).sum(),
        weight_cells: padded(&mut plan.weights().iter().map(|weight| weight.shape.padded_cells())),
        notes: network.notes.clone(),
        steps,
    }
}

/// The real cells of a step's result, as reals; of the output's, the scores that it speaks of.
fn scores(model: &Model, position: usize, run: &Run<'_>) -> Vec<f64> {
    let plan = model.plan();
    let step = &plan.steps()[position];
    if let OutputKind::Threshold(said) = &plan.output().kind
        && plan.output().tensor == plan.result_of(position)
    {
        let scores = said.scores(&step.shape.unpad(run.hi(position))).unwrap_or_default();
        return scores.iter().map(|score| f64::from(*score) * said.unit()).collect();
    }
    step.dequantise(&step.shape.unpad(run.out(position)))
}

/// What a sample's output says otherwise than the float run's does.
fn disagreements_of(sample: usize, float: &[f64], plan: &[f64], rule: Option<Rule>) -> Vec<Disagreement> {
    let Some(rule) = rule else {
        let (a, b) = (first_largest(float), first_largest(plan));
        let found = Disagreement { sample, cell: None, float: a, plan: b, margin: float[a] - float[b] };
        return if a == b { Vec::new() } else { vec![found] };
    };
    let reached = decisions(float, Some(rule.threshold));
    let said = decisions(plan, Some(rule.real));
    let cells = reached.into_iter().zip(said).zip(float).enumerate();
    let apart = cells.filter(|(_, ((reached, said), _))| reached != said);
    apart
        .map(|(cell, ((float, plan), score))| {
            let margin = (score - rule.threshold).abs();
            Disagreement { sample, cell: Some(cell), float, plan, margin }
        })
        .collect()
}

/// What a run decides: which cell is the largest, or of each whether it reaches a threshold.
pub(crate) fn decisions(cells: &[f64], threshold: Option<f64>) -> Vec<usize> {
    match threshold {
        None => vec![first_largest(cells)],
        Some(threshold) => cells.iter().map(|cell| usize::from(*cell >= threshold)).collect(),
    }
}

/// The index of the first of the largest cells.
fn first_largest(cells: &[f64]) -> usize {
    let mut best = 0;
    for (index, cell) in cells.iter().enumerate() {
        if *cell > cells[best] {
            best = index;
        }
    }
    best
}
