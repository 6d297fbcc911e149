//! Which parts of an input moved a decision: each in turn is set to a baseline, and the plan is run again.
//!
//! All arithmetic is the interpreter's, on integers, so an explanation is the same on every machine.

use anyhow::{Context, Result};
use averment_plan::{Input, Model, OutputKind};
use averment_registry::explanation::{Effect, Target, TargetKind};

/// Padded cells of all tensors of a batch that is run at once, about.
const CELLS: usize = 1 << 22;
/// Items of a batch at most.
const ITEMS: usize = 64;

/// A part of the input that is replaced as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feature {
    /// What it is called.
    pub name: String,
    /// Which of the plan's inputs.
    pub input: usize,
    /// Its cells there.
    pub cells: Vec<usize>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What is explained.
    pub target: Target,
    /// How large it is.
    pub score: i64,
    /// The scale of score and effects.
    pub exponent: i8,
    /// The effect of each feature, in order.
    pub effects: Vec<Effect>,
}

/// Every cell of an input as a feature, by `names` if there are so many; or squares of `patch` cells of the last two axes,
/// with all axes before them.
pub fn features(position: usize, input: &Input, names: &[String], patch: Option<usize>) -> Vec<Feature> {
    let dims: Vec<usize> = input.shape.dims().iter().map(|dim| *dim as usize).collect();
    let feature = |name, cells| Feature { name, input: position, cells };
    let (Some(patch), [.., height, width]) = (patch, dims.as_slice()) else {
        let named = |cell: usize| match names.get(cell) {
            Some(name) if names.len() == input.shape.cells() => name.clone(),
            _ => format!("{}{:?}", input.name, coordinates(cell, &dims)),
        };
        return (0..input.shape.cells()).map(|cell| feature(named(cell), vec![cell])).collect();
    };
    let plane = height * width;
    let planes = input.shape.cells() / plane.max(1);
    let mut found = Vec::new();
    for top in (0..*height).step_by(patch) {
        for left in (0..*width).step_by(patch) {
            let (bottom, right) = ((top + patch).min(*height), (left + patch).min(*width));
            let cells = (0..planes).flat_map(|index| {
                (top..bottom).flat_map(move |y| (left..right).map(move |x| index * plane + y * width + x))
            });
            let name = format!("{} rows {top}-{}, columns {left}-{}", input.name, bottom - 1, right - 1);
            found.push(feature(name, cells.collect()));
        }
    }
    found
}

/// Where a cell lies, outermost axis first.
fn coordinates(mut cell: usize, dims: &[usize]) -> Vec<usize> {
    let mut place = vec![0; dims.len()];
    for (coordinate, dim) in place.iter_mut().zip(dims).rev() {
        *coordinate = cell % dim.max(&1);
        cell /= dim.max(&1);
    }
    place
}

/// The effect of each feature on what the model says about one input; `done` is told how many are finished.
pub fn explain(
    model: &Model,
    input: &[Vec<i32>],
    baseline: &[Vec<i32>],
    features: &[Feature],
    done: &dyn Fn(usize),
) -> Result<Found> {
    let plan = model.plan();
    let step = plan.step_of(plan.output().tensor).context("the output is a step's")?;
    let scores = run(model, &[input.to_vec()])?.pop().context("one input has one output")?;
    let mut output = 0;
    for (place, score) in scores.iter().enumerate() {
        if *score > scores[output] {
            output = place;
        }
    }
    let (kind, exponent) = match &plan.output().kind {
        OutputKind::Threshold(said) => (TargetKind::Threshold, said.exponent),
        _ if scores.len() > 1 => (TargetKind::Margin, step.exponent),
        _ => (TargetKind::Value, step.exponent),
    };
    let target = |scores: &[i32]| {
        if let OutputKind::Threshold(said) = &plan.output().kind {
            return i64::from(scores[output]) - i64::from(said.least);
        }
        let others = scores.iter().enumerate().filter(|(place, _)| *place != output);
        let next = others.map(|(_, score)| i64::from(*score)).max().unwrap_or(0);
        i64::from(scores[output]) - next
    };
    let score = target(&scores);
    let cells: usize = plan.shapes().iter().map(averment_plan::Shape::padded_cells).sum();
    let items = (CELLS / cells.max(1)).clamp(1, ITEMS);
    let mut effects = Vec::with_capacity(features.len());
    for part in features.chunks(items) {
        let without = part.iter().map(|feature| {
            let mut changed = input.to_vec();
            for cell in &feature.cells {
                changed[feature.input][*cell] = baseline[feature.input][*cell];
            }
            changed
        });
        let without: Vec<_> = without.collect();
        for (feature, scores) in part.iter().zip(run(model, &without)?) {
            effects.push(Effect { name: feature.name.clone(), effect: score - target(&scores) });
        }
        done(effects.len());
    }
    let label = plan.output().labels.get(output).cloned();
    let target = Target { kind, output: output as u64, label };
    Ok(Found { target, score, exponent, effects })
}

/// The scores that the output speaks of, its real cells, for each of some inputs.
fn run(model: &Model, inputs: &[Vec<Vec<i32>>]) -> Result<Vec<Vec<i32>>> {
    let plan = model.plan();
    let joined: Vec<Vec<i32>> = (0..plan.inputs().len())
        .map(|position| inputs.iter().flat_map(|input| &input[position]).copied().collect())
        .collect();
    let slices: Vec<&[i32]> = joined.iter().map(Vec::as_slice).collect();
    let trace = model.run(&slices, inputs.len())?;
    let index = plan.output().tensor.index() - plan.inputs().len();
    let (step, trace) =
        plan.steps().get(index).zip(trace.steps.get(index)).context("the output is a step's")?;
    let cells = match &plan.output().kind {
        OutputKind::Threshold(said) => said.scores(&trace.hi).context("indices are the table's")?,
        OutputKind::Values | OutputKind::Argmax => trace.out.clone(),
    };
    let items = cells.chunks_exact(step.shape.padded_cells()).take(inputs.len());
    Ok(items.map(|item| step.shape.unpad(item)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use averment_plan::{Scales, Shape};

    fn input(dims: &[u32]) -> Input {
        let shape = Shape::new(dims.to_vec()).unwrap();
        Input { name: "x".into(), shape, first: -8, bits: 4, scales: Scales::uniform(0) }
    }

    #[test]
    fn features_are_cells_by_their_names_or_places() {
        let names = ["a".to_owned(), "b".to_owned()];
        let named = features(0, &input(&[2]), &names, None);
        assert_eq!(named.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        let placed = features(1, &input(&[2, 3]), &names, None);
        assert_eq!((placed.len(), placed[4].name.as_str(), &placed[4].cells), (6, "x[1, 1]", &vec![4]));
    }

    #[test]
    fn patches_cover_every_cell_once_in_all_channels() {
        let found = features(0, &input(&[2, 5, 4]), &[], Some(2));
        assert_eq!(found.len(), 3 * 2);
        assert_eq!(found[0].cells, [0, 1, 4, 5, 20, 21, 24, 25]);
        assert_eq!(found[5].name, "x rows 4-4, columns 2-3");
        let mut all: Vec<usize> = found.into_iter().flat_map(|feature| feature.cells).collect();
        all.sort_unstable();
        assert_eq!(all, (0..40).collect::<Vec<_>>());
    }
}
