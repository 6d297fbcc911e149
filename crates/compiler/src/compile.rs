//! The way from a network to a model, and the choice of widths.

use crate::{
    calibrate::Observed,
    fuse::fuse,
    lower::{LowerError, Lowered, Precision, Said, Weighing, Written, lower},
    network::Network,
    report::{Known, Report, decisions, measure_beside},
    runs::each_run,
    samples::Samples,
};
use averment_plan::{Model, Trace};
use std::ops::ControlFlow;
use thiserror::Error;

/// What is made known of the output.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Reveal {
    /// The decision if the model makes one, the values otherwise.
    #[default]
    Automatic,
    /// All cells of the output.
    Values,
    /// The index of the largest score only.
    Decision,
    /// Of each cell of the output only whether it is at least this, 1 or 0.
    Threshold(f64),
}

/// How a network is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Options {
    /// Widths; chosen by trying if they are left out.
    pub precision: Option<Precision>,
    /// What is made known.
    pub reveal: Reveal,
}

/// A compiled network.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// Plan and weights.
    pub model: Model,
    /// The network as it was lowered, to compare with.
    pub network: Network,
    /// Which value of the network each step computes.
    pub values: Vec<Option<crate::network::ValueId>>,
    /// The widths.
    pub precision: Precision,
    /// The threshold as it was asked for, if the output says what reaches it.
    pub threshold: Option<f64>,
    /// How it compares with the float run on the samples, of a large network on the first of them.
    pub report: Report,
}

/// Why a network is not compiled.
#[derive(Debug, Error)]
pub enum CompileError {
    /// Nothing to calibrate with.
    #[error("at least one sample is needed to choose scales")]
    NoSamples,
    /// A decision was asked of what makes none.
    #[error("a decision is the largest of at least two scores; the output has the shape {dims:?}")]
    NoDecision {
        /// The output's shape.
        dims: Vec<usize>,
    },
    /// A threshold for scores of which the largest decides.
    #[error(
        "the scores stand for what the model makes of them (a softmax, or probabilities), so a threshold of theirs is none \
         of the model's; reveal the decision, or all values"
    )]
    ThresholdOfScores,
    /// A threshold that is no number.
    #[error("a threshold is a finite number, got {got}")]
    ThresholdNotFinite {
        /// What was asked for.
        got: f64,
    },
    /// A float run that is not finite.
    #[error("the network's float run on the samples is not finite")]
    NotFinite,
    /// A network that no plan expresses.
    #[error(transparent)]
    Lower(#[from] LowerError),
}

/// Multiplications that are spent on trying each choice of widths.
const TRIAL_WORK: u64 = 1 << 24;
/// Multiplications that are spent on the report.
const REPORT_WORK: u64 = 1 << 28;
/// Samples that the report is about whatever they take.
const REPORTED: usize = 16;
/// An output this close to the float run, relative to its largest, is close enough.
const CLOSE: f64 = 1.0 / 72.0;
/// Widths of a table's index that are tried.
const INDEX_BITS: std::ops::RangeInclusive<u8> = 10..=16;

/// Compiles a network with scales from samples.
pub fn compile(network: &Network, samples: &Samples, options: &Options) -> Result<Compiled, CompileError> {
    compile_with(network, samples, options, Weighing::Chosen).map(|(compiled, _)| compiled)
}

/// The same with weights whose scales may be stated, and then what these were before they were rounded.
pub(crate) fn compile_with(
    network: &Network,
    samples: &Samples,
    options: &Options,
    weighing: Weighing<'_>,
) -> Result<(Compiled, Vec<Written>), CompileError> {
    if samples.is_empty() {
        return Err(CompileError::NoSamples);
    }
    let mut network = network.clone();
    fuse(&mut network);
    let dims = &network.dims[network.output.0];
    let scores = dims.last().is_some_and(|&last| last >= 2 && dims.iter().product::<usize>() == last);
    let said = match options.reveal {
        Reveal::Automatic if network.decides && scores => Said::Largest,
        Reveal::Automatic | Reveal::Values => Said::Values,
        Reveal::Decision if scores => Said::Largest,
        Reveal::Decision => return Err(CompileError::NoDecision { dims: dims.clone() }),
        Reveal::Threshold(_) if network.decides => return Err(CompileError::ThresholdOfScores),
        Reveal::Threshold(least) if least.is_finite() => Said::AtLeast(least),
        Reveal::Threshold(got) => return Err(CompileError::ThresholdNotFinite { got }),
    };
    let observed = Observed::new(&network, samples);
    if !observed.magnitude(network.output).is_finite() {
        return Err(CompileError::NotFinite);
    }
    // All runs of the model use the same memory.
    let mut trace = Trace::default();
    let (precision, lowered) = match options.precision {
        Some(precision) => (precision, lower(&network, &observed, precision, said, weighing)?),
        None => narrowest(&network, &observed, samples, said, weighing, &mut trace)?,
    };
    let Lowered { model, values, written } = lowered;
    let affordable = usize::try_from(REPORT_WORK / work(&model).max(1)).unwrap_or(usize::MAX);
    let samples = samples.first(affordable.max(REPORTED));
    let known = Known { floats: observed.first_values(), trace: &mut trace };
    let report = measure_beside(&network, &model, &values, &samples, said.threshold(), known);
    Ok((Compiled { model, network, values, precision, threshold: said.threshold(), report }, written))
}

/// The narrowest tables with which the samples come out close to the float run.
///
/// A prover's time and a proof's length grow with the rows of all tables together, but only where these are more than the
/// rows that are looked up: narrower tables than that are not tried. A bit more halves the error.
///
/// Index bits that activations do not fill are room for what interval analysis cannot exclude. Too little of it, and
/// every layer has to be coarser than the one before; too much, and all are coarse. How much is best shows by trying.
fn narrowest(
    network: &Network,
    observed: &Observed,
    samples: &Samples,
    said: Said,
    weighing: Weighing<'_>,
    trace: &mut Trace,
) -> Result<(Precision, Lowered), CompileError> {
    // Widths by which scores come close to the float run's are right for what is said of them, too.
    let tried = if said.threshold().is_some() { Said::Values } else { said };
    let rows: usize = network.nodes.iter().map(|node| cells(network, node.output)).sum();
    // Tables of w bits are 2^(w+1) rows, and look-ups are spread over about four times as many.
    let enough = (rows.max(1).ilog2() as u8).saturating_sub(1);
    let mut index_bits = enough.clamp(*INDEX_BITS.start(), *INDEX_BITS.end() - 1);
    let mut first_room = 2;
    let mut best: Option<(f64, Precision, Lowered)> = None;
    let mut failure = None;
    loop {
        let mut least = f64::INFINITY;
        let rooms = first_room..=6;
        for room in rooms {
            let precision = widths(index_bits, room, rows);
            let lowered = match lower(network, observed, precision, tried, weighing) {
                Ok(lowered) => lowered,
                // Other widths may do.
                Err(error) => {
                    failure = Some(error);
                    continue;
                }
            };
            let error = trial(&lowered.model, observed, samples, said.threshold(), least, trace);
            // With more room the error falls, then rises.
            let worse = error > least;
            least = least.min(error);
            if best.as_ref().is_none_or(|(least, ..)| error < *least) {
                first_room = room.saturating_sub(1).max(2);
                best = Some((error, precision, lowered));
            }
            if worse {
                break;
            }
        }
        let far = best.as_ref().map_or(8.0, |(error, ..)| *error) / CLOSE;
        if far <= 1.0 || index_bits == *INDEX_BITS.end() {
            break;
        }
        index_bits = (index_bits + (far.log2() as u8).clamp(1, 2)).min(*INDEX_BITS.end());
    }
    match (best, failure) {
        (Some((_, precision, lowered)), _) if said == tried => Ok((precision, lowered)),
        (Some((_, precision, _)), _) => Ok((precision, lower(network, observed, precision, said, weighing)?)),
        (None, Some(error)) => Err(error.into()),
        (None, None) => Err(CompileError::NotFinite),
    }
}

/// Widths that go with tables of `index_bits`, of which `room` are not filled, in a network of so many cells.
fn widths(index_bits: u8, room: u8, cells: usize) -> Precision {
    // Inputs and low bits as wide as fits beside the tables; of few cells the low bits can be looked up in parts.
    let beside = index_bits.saturating_sub(2).min(12);
    let few = cells <= 1 << beside;
    Precision {
        input_bits: beside,
        activation_bits: (index_bits - room).min(12),
        index_bits,
        shift: if few { 12 } else { beside },
    }
}

/// Real cells of a value.
fn cells(network: &Network, value: crate::network::ValueId) -> usize {
    network.dims[value.0].iter().product()
}

/// How far a model's output is from the float run's on some samples: the largest difference relative to the largest
/// output, and one more for each that is decided otherwise. If it is more than `enough`, any number above that.
fn trial(
    model: &Model,
    observed: &Observed,
    samples: &Samples,
    threshold: Option<f64>,
    enough: f64,
    trace: &mut Trace,
) -> f64 {
    let plan = model.plan();
    let output = plan.output().tensor.index() - plan.inputs().len();
    let step = &plan.steps()[output];
    let items = usize::try_from(TRIAL_WORK / work(model).max(1)).unwrap_or(usize::MAX).max(8);
    let floats = &observed.outputs()[..items.min(observed.outputs().len())];
    let largest = floats.iter().flatten().fold(0f64, |largest, float| largest.max(float.abs()));
    let (mut error, mut disagreements) = (0f64, 0.0);
    let so_far =
        |error: f64, disagreements: f64| disagreements + if largest > 0.0 { error / largest } else { error };
    let mut expected = floats.iter();
    let run = each_run(trace, model, samples.items().take(floats.len()), |run| {
        let Some(float) = expected.next() else { return ControlFlow::Break(()) };
        let real = step.dequantise(&step.shape.unpad(run.out(output)));
        for (float, real) in float.iter().zip(&real) {
            error = error.max((float - real).abs());
        }
        if decisions(float, threshold) != decisions(&real, threshold) {
            disagreements += 1.0;
        }
        // More samples only add to it.
        if so_far(error, disagreements) > enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    if run.is_err() { f64::INFINITY } else { so_far(error, disagreements) }
}

/// Multiplications of one item.
pub(crate) fn work(model: &Model) -> u64 {
    let summands = |step: &averment_plan::Step| {
        let forms = step.operator.forms();
        let per_cell = forms.iter().map(|(form, sums)| {
            sums.iter().fold(form.len() as u64, |cells, &sum| cells.saturating_mul(sum.into()))
        });
        per_cell.sum::<u64>().saturating_mul(step.shape.cells() as u64)
    };
    model.plan().steps().iter().map(summands).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{import, tensor::Tensor};

    #[test]
    fn a_trial_stops_only_beyond_what_is_enough() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/mnist/model.onnx");
        let mut network = import(&std::fs::read(file).unwrap()).unwrap();
        fuse(&mut network);
        let cells = (0..20 * 784).map(|at| (at * at % 251) as f64).collect();
        let samples = Samples::new(&network, vec![Tensor { dims: vec![20, 1, 28, 28], cells }]).unwrap();
        let observed = Observed::new(&network, &samples);
        let model =
            lower(&network, &observed, widths(12, 4, 4096), Said::Values, Weighing::Chosen).unwrap().model;
        let trial = |enough| trial(&model, &observed, &samples, None, enough, &mut Trace::default());
        let error = trial(f64::INFINITY);
        assert!(error > 0.0 && error.is_finite());
        assert_eq!(trial(error), error);
        assert_eq!(trial(2.0 * error), error);
        for enough in [0.0, error / 2.0, error * 0.999] {
            let found = trial(enough);
            assert!(found > enough && found <= error);
        }
    }
}
