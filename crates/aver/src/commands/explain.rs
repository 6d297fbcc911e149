//! `aver explain`: which parts of an input moved what a plan says about it.

use super::{Context, prove::committed_input};
use crate::{
    args::proofs::{BaselineArg, ExplainArgs},
    exit,
    inputs::Inputs,
    occlusion,
    plans::PlanFolder,
};
use anyhow::Result;
use averment_plan::Model;
use averment_primitives::{B256, keccak256};
use averment_registry::explanation::{Baseline, BaselineKind, Explanation, Parts};
use averment_storage::atomic;
use std::fmt::Write;

/// Cells of a bar at most.
const BAR: usize = 24;
/// How many features are shown to people.
const SHOWN: usize = 10;

pub fn run(args: &ExplainArgs, context: &Context) -> Result<()> {
    if let Some(path) = &args.output
        && path.exists()
    {
        let shown = path.display();
        return Err(
            exit::usage(format!("{shown} is there already: remove it, or choose another with -o")).into()
        );
    }
    let explanation = explain(args, context)?;
    if let Some(path) = &args.output {
        atomic::write(path, &explanation.encode()?)?;
    }
    let mut words = words(&explanation)?;
    if let Some(path) = &args.output {
        write!(words, "\nwritten to {}: as private as the decision's record", path.display())?;
    }
    context.ui.result(&explanation, words)
}

/// Explains one input.
pub fn explain(args: &ExplainArgs, context: &Context) -> Result<Explanation> {
    let folder = PlanFolder::open(&args.plan)?;
    let model = folder.model()?;
    let (plan, seen) = (model.plan(), folder.calibration()?);
    let weights = folder.committed()?.map(|commitment| commitment.identity());
    let (items, tensors, input) = match (&args.committed, &args.input.input) {
        (Some(path), _) => {
            let (commitment, opening) = committed_input(path, &folder.schema()?)?;
            (commitment.items(), opening.tensors().to_vec(), Some(commitment.identity()))
        }
        (None, Some(path)) => {
            let inputs = Inputs::read_one(path, &args.input, plan, seen.columns(), context)?;
            (inputs.items, inputs.tensors, None)
        }
        (None, None) => return Err(exit::usage("which input? Pass --input FILE or --committed FILE").into()),
    };
    if items != 1 {
        return Err(
            exit::usage(format!("one input is explained at a time, this commitment is to {items}")).into()
        );
    }
    let baseline: Vec<Vec<i32>> = match args.baseline {
        BaselineArg::Mean => seen.inputs.iter().map(|input| input.mean.clone()).collect(),
        BaselineArg::Zero => {
            plan.inputs().iter().map(|input| input.quantise(&vec![0.0; input.shape.cells()]).0).collect()
        }
    };
    let same = |(cells, input): (&Vec<i32>, &Vec<i32>)| cells.len() == input.len();
    if baseline.len() != tensors.len() || !baseline.iter().zip(&tensors).all(same) {
        return Err(exit::refused("the calibration is another plan's: compile the model again").into());
    }
    let patch = args.patch.map(|cells| cells.get() as usize);
    if patch.is_some() && plan.inputs().iter().all(|input| input.shape.dims().len() < 2) {
        return Err(exit::usage("--patch is for images: the plan's inputs have a single axis").into());
    }
    let features: Vec<_> = plan
        .inputs()
        .iter()
        .enumerate()
        .flat_map(|(position, input)| {
            let names = seen.inputs.get(position).map(|input| input.features.as_slice()).unwrap_or_default();
            occlusion::features(position, input, names, patch)
        })
        .collect();
    let found = occlude(&model, &tensors, &baseline, &features, context)?;
    let kind = match args.baseline {
        BaselineArg::Mean => BaselineKind::CalibrationMean,
        BaselineArg::Zero => BaselineKind::Zero,
    };
    let parts = Parts {
        plan: plan.digest(),
        weights,
        input,
        baseline: Baseline { kind, digest: digest(&baseline) },
        target: found.target,
        score: found.score,
        exponent: found.exponent,
        effects: found.effects,
    };
    Ok(Explanation::new(parts, args.top.into())?)
}

fn occlude(
    model: &Model,
    tensors: &[Vec<i32>],
    baseline: &[Vec<i32>],
    features: &[occlusion::Feature],
    context: &Context,
) -> Result<occlusion::Found> {
    let bar = context.ui.count_bar("features", features.len() as u64);
    let found = occlusion::explain(model, tensors, baseline, features, &|done| bar.set_position(done as u64));
    bar.finish_and_clear();
    found
}

/// The digest of a baseline's values.
fn digest(baseline: &[Vec<i32>]) -> B256 {
    let bytes: Vec<u8> = baseline.iter().flatten().flat_map(|cell| cell.to_le_bytes()).collect();
    keccak256(bytes)
}

fn words(explanation: &Explanation) -> Result<String> {
    let amount = |number: i64| format!("{:+.4}", explanation.real(number));
    let mut words = format!(
        "{} is {}; by {}, each feature in turn at {}:\n",
        explanation.target,
        amount(explanation.score),
        explanation.method,
        explanation.baseline.kind
    );
    let largest = explanation.features.first().map_or(1, |feature| feature.effect.unsigned_abs()).max(1);
    let shown = explanation.features.iter().take(SHOWN);
    let width = shown.clone().map(|feature| feature.name.chars().count()).max().unwrap_or(0);
    for feature in shown {
        let share = feature.effect.unsigned_abs() as f64 / largest as f64;
        let bar = if feature.effect < 0 { "-" } else { "+" }.repeat((share * BAR as f64).round() as usize);
        writeln!(words, "  {:width$}  {:>10}  {bar}", feature.name, amount(feature.effect))?;
    }
    let more = explanation.others + explanation.features.len().saturating_sub(SHOWN) as u64;
    if more > 0 {
        writeln!(words, "  and {more} more with smaller effects")?;
    }
    write!(words, "+ speaks for it, - against; exact and repeatable, but not proved")?;
    Ok(words)
}
