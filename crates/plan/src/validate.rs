//! What makes a draft a plan. Everything is checked here once; nobody checks it again.

use crate::{
    Draft, Input, Operator, OutputKind, PlanError, Shape, Step, Threshold,
    bounds::{self, Bounds},
    limits,
    operator::check_maximum,
    view::sum_cells,
};

/// Checks everything; returns the shapes of all tensors.
pub(crate) fn check(draft: &Draft) -> Result<Vec<Shape>, PlanError> {
    counts(draft)?;
    for (position, input) in draft.inputs.iter().enumerate() {
        check_input(position, input)?;
    }
    for (weight, spec) in draft.weights.iter().enumerate() {
        check_name(&spec.name)?;
        if spec.bits == 0 || spec.bits > limits::WEIGHT_BITS {
            return Err(PlanError::WeightRange { weight, bits: spec.bits });
        }
    }
    for (second, table) in draft.tables.iter().enumerate() {
        if let Some(first) = draft.tables.iter().take(second).position(|other| other == table) {
            return Err(PlanError::SameTable { first, second });
        }
    }
    let mut shapes: Vec<Shape> = draft.inputs.iter().map(|input| input.shape.clone()).collect();
    let mut work = 0u64;
    for (position, step) in draft.steps.iter().enumerate() {
        check_step(position, step, draft, &shapes)?;
        work = work.saturating_add(work_of(step));
        shapes.push(step.shape.clone());
    }
    if work > limits::WORK {
        return Err(PlanError::Work { got: work });
    }
    let weight_cells = draft.weights.iter().map(|spec| &spec.shape);
    let cells = shapes
        .iter()
        .chain(weight_cells)
        .fold(0u64, |cells, shape| cells.saturating_add(shape.padded_cells() as u64));
    if cells > limits::TOTAL_CELLS {
        return Err(PlanError::Cells { limit: limits::TOTAL_CELLS, got: cells });
    }
    check_output(draft, &shapes)?;
    check_used(draft)?;
    check_overflow(draft)?;
    Ok(shapes)
}

fn counts(draft: &Draft) -> Result<(), PlanError> {
    for (what, least, limit, got) in [
        ("inputs", 1, limits::INPUTS, draft.inputs.len()),
        ("weights", 0, limits::WEIGHTS, draft.weights.len()),
        ("tables", 1, limits::TABLES, draft.tables.len()),
        ("steps", 1, limits::STEPS, draft.steps.len()),
    ] {
        if got < least || got > limit {
            return Err(PlanError::Count { what, limit, got });
        }
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), PlanError> {
    if name.is_empty() || name.len() > limits::NAME_BYTES as usize || name.chars().any(char::is_control) {
        return Err(PlanError::Name { name: name.chars().take(64).collect() });
    }
    Ok(())
}

/// Checks one input.
pub(crate) fn check_input(position: usize, input: &Input) -> Result<(), PlanError> {
    check_name(&input.name)?;
    let Input { first, bits, .. } = *input;
    let range = input.range();
    if bits == 0
        || bits > limits::INPUT_BITS
        || range.low > 0
        || range.high < 0
        || i32::try_from(range.high).is_err()
    {
        return Err(PlanError::InputRange { input: position, first, bits });
    }
    let scales = &input.scales;
    let last = input.shape.dims().last().map_or(0, |&dim| dim as usize);
    let lengths = scales.exponents.len() == scales.offsets.len()
        && (scales.exponents.len() == 1 || scales.exponents.len() == last);
    let exponents =
        scales.exponents.iter().all(|exponent| exponent.unsigned_abs() <= limits::SCALE.unsigned_abs());
    let offsets = scales.offsets.iter().all(|offset| offset.unsigned_abs() <= 1 << 40);
    if !(lengths && exponents && offsets) {
        return Err(PlanError::Scales { input: position });
    }
    Ok(())
}

fn check_step(position: usize, step: &Step, draft: &Draft, shapes: &[Shape]) -> Result<(), PlanError> {
    check_name(&step.name)?;
    let rescale = step.rescale;
    if rescale.shift > limits::SHIFT {
        return Err(PlanError::Shift { step: position, got: rescale.shift });
    }
    if step.exponent.unsigned_abs() > limits::SCALE.unsigned_abs() {
        return Err(PlanError::Exponent { step: position, got: step.exponent });
    }
    let table = draft.tables.get(rescale.table.index()).ok_or(PlanError::Missing {
        step: position,
        what: "table",
        got: rescale.table.0,
    })?;
    match &step.operator {
        Operator::Affine { products, linear, bias } => {
            let got = products.len() + linear.len();
            if got == 0 || got > limits::CONTRIBUTIONS {
                return Err(PlanError::Contributions { step: position, got });
            }
            for product in products {
                product.check(position, &step.shape, shapes, &draft.weights)?;
            }
            for linear in linear {
                linear.check(position, &step.shape, shapes)?;
            }
            if let Some(bias) = bias {
                bias.check(position, &step.shape, &draft.weights)?;
            }
            Ok(())
        }
        Operator::Maximum { first, second } => check_maximum(position, step, (first, second), table, shapes),
    }
}

/// Multiplications and additions of one item, counted as if every padded cell were computed.
fn work_of(step: &Step) -> u64 {
    let cells = step.shape.padded_cells() as u64;
    step.operator.forms().iter().fold(0u64, |work, (form, sums)| {
        let summands = u64::try_from(sum_cells(sums)).unwrap_or(u64::MAX);
        work.saturating_add(cells.saturating_mul(summands).saturating_mul(form.len() as u64))
    })
}

fn check_output(draft: &Draft, shapes: &[Shape]) -> Result<(), PlanError> {
    let output = &draft.output;
    let shape = shapes
        .get(output.tensor.index())
        .filter(|_| output.tensor.index() >= draft.inputs.len())
        .ok_or(PlanError::Dead { step: draft.steps.len() })?;
    let dims = shape.dims();
    let last = dims.last().map_or(0, |&dim| dim as usize);
    if !output.labels.is_empty() && output.labels.len() != last {
        return Err(PlanError::Labels { expected: last, got: output.labels.len() });
    }
    for label in &output.labels {
        check_name(label)?;
    }
    let vector = dims.iter().rev().skip(1).all(|&dim| dim == 1);
    if output.kind == OutputKind::Argmax && (last < 2 || !vector) {
        return Err(PlanError::Argmax { dims: dims.to_vec() });
    }
    if let OutputKind::Threshold(threshold) = &output.kind {
        check_threshold(draft, threshold)?;
    }
    Ok(())
}

/// The output's table says what the threshold says of its score, and nothing else.
fn check_threshold(draft: &Draft, threshold: &Threshold) -> Result<(), PlanError> {
    let step = draft.output.tensor.index().saturating_sub(draft.inputs.len());
    let own = draft.steps.get(step).and_then(|own| Some((own, draft.tables.get(own.rescale.table.index())?)));
    let Some((own, table)) = own else { return Err(PlanError::Dead { step: draft.steps.len() }) };
    let got = threshold.exponent;
    if got.unsigned_abs() > limits::SCALE.unsigned_abs() {
        return Err(PlanError::Exponent { step, got });
    }
    // What says 0 or 1 stands for 0 or 1.
    if own.exponent != 0 || threshold.indicator().as_ref() != Ok(table) {
        return Err(PlanError::Threshold { step, least: threshold.least, bits: threshold.score.bits() });
    }
    Ok(())
}

/// Everything that is there is used.
fn check_used(draft: &Draft) -> Result<(), PlanError> {
    let mut tensors = vec![false; draft.inputs.len() + draft.steps.len()];
    let mut weights = vec![false; draft.weights.len()];
    let mut tables = vec![false; draft.tables.len()];
    let mark = |used: &mut [bool], position: usize| {
        if let Some(used) = used.get_mut(position) {
            *used = true;
        }
    };
    mark(&mut tensors, draft.output.tensor.index());
    for step in &draft.steps {
        step.operator.tensors().for_each(|tensor| mark(&mut tensors, tensor.index()));
        step.operator.weights().iter().for_each(|weight| mark(&mut weights, weight.index()));
        mark(&mut tables, step.rescale.table.index());
    }
    for (what, used) in [("weight", &weights), ("table", &tables)] {
        if let Some(position) = used.iter().position(|used| !used) {
            return Err(PlanError::Unused { what, position });
        }
    }
    match tensors.iter().position(|used| !used) {
        Some(position) if position < draft.inputs.len() => Err(PlanError::Unused { what: "input", position }),
        Some(position) => Err(PlanError::Dead { step: position - draft.inputs.len() }),
        None => Ok(()),
    }
}

/// Whatever the weights in their declared ranges are, no sum leaves 64 bits.
fn check_overflow(draft: &Draft) -> Result<(), PlanError> {
    let mut bounds = Bounds::new(draft.inputs.iter().map(Input::range));
    for (position, step) in draft.steps.iter().enumerate() {
        let accumulator = bounds.accumulator(step, &draft.weights, None);
        if !bounds::fits(&accumulator) {
            return Err(PlanError::Overflow { step: position, range: accumulator.range });
        }
        if let Some(table) = draft.tables.get(step.rescale.table.index()) {
            // Indices beyond the table are the model's concern: here every output can occur.
            bounds.push(step, table, table.indices().times(1 << step.rescale.shift));
        }
    }
    Ok(())
}
