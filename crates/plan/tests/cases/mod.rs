//! Plans to test with: one of every kind by hand, and random ones from a seed.

#![allow(dead_code, reason = "each test file uses some of these")]

use averment_plan::*;

/// A stream of numbers from a seed (splitmix64).
pub struct Numbers(pub u64);

impl Numbers {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From `low` to `high`, both included.
    pub fn within(&mut self, low: i64, high: i64) -> i64 {
        low + (self.next() % (high - low + 1) as u64) as i64
    }

    pub fn chance(&mut self, one_in: u64) -> bool {
        self.next().is_multiple_of(one_in)
    }
}

pub fn shape(dims: &[u32]) -> Shape {
    Shape::new(dims).unwrap()
}

pub fn input(dims: &[u32], first: i32, bits: u8) -> Input {
    Input { name: "input".into(), shape: shape(dims), first, bits, scales: Scales::uniform(0) }
}

pub fn weight(dims: &[u32], bits: u8) -> WeightSpec {
    WeightSpec { name: "weight".into(), shape: shape(dims), bits }
}

pub fn clamp(bits: u8, low: i32, high: i32) -> Table {
    Table::new(bits, Function::Clamp { low, high }).unwrap()
}

pub fn step(dims: &[u32], operator: Operator, shift: u8, table: u32) -> Step {
    Step {
        name: "step".into(),
        shape: shape(dims),
        operator,
        rescale: Rescale { shift, table: TableId(table) },
        exponent: 0,
    }
}

pub fn values(tensor: u32) -> Output {
    Output { tensor: TensorId(tensor), kind: OutputKind::Values, labels: Vec::new() }
}

pub fn term(coefficient: i64, tensor: u32, reads: Vec<Read>) -> Term {
    Term { coefficient, view: View { tensor: TensorId(tensor), reads } }
}

/// A dense layer without its rescale: `features` outputs from a vector.
pub fn dense(tensor: u32, features: u32, weight: u32, bias: u32) -> Operator {
    Operator::Affine {
        products: vec![Product {
            sums: vec![features],
            form: vec![term(1, tensor, vec![Read::summed(0, features)])],
            weight: WeightId(weight),
            weight_axes: vec![0],
        }],
        linear: vec![],
        bias: Some(Bias { weight: WeightId(bias), axes: vec![0], coefficient: 1 }),
    }
}

/// `3 -> 5 -> 2` with a relu between, and argmax of the last.
pub fn perceptron() -> (Draft, Vec<Vec<i32>>) {
    let draft = Draft {
        inputs: vec![input(&[3], -8, 4)],
        weights: vec![weight(&[5, 3], 4), weight(&[5], 6), weight(&[2, 5], 4), weight(&[2], 6)],
        tables: vec![clamp(8, 0, 31), clamp(8, -128, 127)],
        steps: vec![step(&[5], dense(0, 3, 0, 1), 2, 0), step(&[2], dense(1, 5, 2, 3), 3, 1)],
        output: Output {
            tensor: TensorId(2),
            kind: OutputKind::Argmax,
            labels: vec!["no".into(), "yes".into()],
        },
    };
    let mut numbers = Numbers(7);
    let weights = fill(&draft, &mut numbers);
    (draft, weights)
}

/// The perceptron, whose output says which of its scores are at least 3, which is 1.5.
pub fn above() -> (Draft, Vec<Vec<i32>>) {
    let (mut draft, weights) = perceptron();
    let threshold = Threshold { score: draft.tables[1].clone(), exponent: 1, least: 3 };
    draft.tables[1] = threshold.indicator().unwrap();
    draft.output.kind = OutputKind::Threshold(threshold);
    (draft, weights)
}

/// The model, saying which of its outputs is the largest; none if they are no vector.
pub fn deciding(model: &Model) -> Option<Model> {
    let mut draft = model.plan().clone().into_draft();
    draft.output.kind = OutputKind::Argmax;
    saying(draft, model)
}

/// The model, saying which of its outputs are at least what is in the middle of their range; none if no table can.
pub fn comparing(model: &Model) -> Option<Model> {
    let mut draft = model.plan().clone().into_draft();
    let last = draft.steps.last()?.clone();
    let score = draft.tables[last.rescale.table.index()].clone();
    let image = score.image(score.indices());
    let least = ((image.low + image.high + 1) / 2) as i32;
    let threshold = Threshold { score, exponent: last.exponent, least };
    let alone = draft.steps.iter().filter(|step| step.rescale.table == last.rescale.table).count() == 1;
    let own = if alone { last.rescale.table } else { TableId(draft.tables.len() as u32) };
    let indicator = threshold.indicator().unwrap();
    match draft.tables.get_mut(own.index()) {
        Some(table) => *table = indicator,
        None => draft.tables.push(indicator),
    }
    let step = draft.steps.last_mut()?;
    (step.rescale.table, step.exponent) = (own, 0);
    draft.output.kind = OutputKind::Threshold(threshold);
    saying(draft, model)
}

fn saying(draft: Draft, of: &Model) -> Option<Model> {
    let weights = (0..draft.weights.len()).map(|place| of.weights().tensor(WeightId(place as u32)).to_vec());
    let plan = Plan::new(draft).ok()?;
    let weights = Weights::new(&plan, weights.collect()).ok()?;
    Model::new(plan, weights).ok()
}

/// A valid model.
pub fn model(draft: Draft, weights: Vec<Vec<i32>>) -> Model {
    let plan = Plan::new(draft).unwrap();
    let weights = Weights::new(&plan, weights).unwrap();
    Model::new(plan, weights).unwrap()
}

/// A dense layer over one input, and another input added to it; a decision.
pub fn two_inputs() -> Model {
    two_inputs_of(40)
}

/// The same over `features` numbers.
pub fn two_inputs_of(features: u32) -> Model {
    let mut layer = dense(0, features, 0, 1);
    if let Operator::Affine { linear, .. } = &mut layer {
        linear.push(Linear::of(vec![term(3, 1, vec![Read::along(0, 3)])]));
    }
    let draft = Draft {
        inputs: vec![input(&[features], -8, 4), Input { name: "other".into(), ..input(&[3], 0, 3) }],
        weights: vec![weight(&[3, features], 3), weight(&[3], 6)],
        tables: vec![clamp(8, -60, 60)],
        steps: vec![step(&[3], layer, 5, 0)],
        output: Output { kind: OutputKind::Argmax, ..values(2) },
    };
    let weights = fill(&draft, &mut Numbers(5));
    model(draft, weights)
}

/// Scores of three classes, below 0, the first two equal, for every input; the padding's cell holds more than all of them.
pub fn tied() -> Model {
    let (mut draft, mut weights) = perceptron();
    draft.weights[2] = weight(&[3, 5], 4);
    draft.weights[3] = weight(&[3], 6);
    draft.steps[1] = step(&[3], dense(1, 5, 2, 3), 3, 1);
    draft.output = Output { tensor: TensorId(2), kind: OutputKind::Argmax, labels: vec![] };
    weights[2] = vec![-1, -2, -1, 0, -1, -1, -2, -1, 0, -1, -2, -3, -2, -1, -2];
    weights[3] = vec![-30, -30, -32];
    model(draft, weights)
}

/// Two dense layers, outputs public.
pub fn dense_model() -> Model {
    let (mut draft, weights) = perceptron();
    draft.output = values(2);
    model(draft, weights)
}

/// Axes of every kind: convolution with stride and padding, maximum, sum.
pub fn windows() -> Model {
    let along = |axis: u8, output: u32, tap: u32, pad: i32, limit: u32| Read {
        output: Some(Along { axis, step: output }),
        tap: Some(Along { axis, step: tap }),
        pad,
        limit,
    };
    let conv = Product {
        sums: vec![2, 3, 2],
        form: vec![term(1, 0, vec![Read::summed(0, 2), along(1, 1, 1, 1, 4), along(2, 2, 1, 1, 4)])],
        weight: WeightId(0),
        weight_axes: vec![0],
    };
    let strided = |offset: i32| {
        let row = Read { output: Some(Along { axis: 1, step: 2 }), tap: None, pad: -offset, limit: 4 };
        vec![term(1, 1, vec![Read::along(0, 3), row, Read::along(2, 2)])]
    };
    let linear = vec![
        Linear {
            sums: vec![2, 2],
            form: vec![term(3, 2, vec![Read::along(0, 3), Read::summed(0, 2), Read::summed(1, 2)])],
        },
        Linear::of(vec![term(
            -1,
            1,
            vec![
                Read::along(0, 3),
                Read { output: None, tap: None, pad: -1, limit: 4 },
                Read { output: None, tap: None, pad: 0, limit: 2 },
            ],
        )]),
    ];
    let bias = Some(Bias { weight: WeightId(1), axes: vec![0], coefficient: 2 });
    let draft = Draft {
        inputs: vec![input(&[2, 4, 4], 0, 3)],
        weights: vec![weight(&[3, 2, 3, 2], 3), weight(&[3], 4)],
        tables: vec![clamp(8, 0, 63), clamp(9, -256, 255)],
        steps: vec![
            step(&[3, 4, 2], Operator::Affine { products: vec![conv], linear: vec![], bias }, 2, 0),
            step(&[3, 2, 2], Operator::Maximum { first: strided(0), second: strided(1) }, 0, 0),
            step(&[3], Operator::Affine { products: vec![], linear, bias: None }, 4, 1),
        ],
        output: values(3),
    };
    let weights = fill(&draft, &mut Numbers(11));
    model(draft, weights)
}

/// Weights in range for a draft.
pub fn fill(draft: &Draft, numbers: &mut Numbers) -> Vec<Vec<i32>> {
    let cells = |spec: &WeightSpec, numbers: &mut Numbers| {
        let half = 1i64 << (spec.bits - 1);
        (0..spec.shape.cells()).map(|_| numbers.within(-half, half - 1) as i32).collect()
    };
    draft.weights.iter().map(|spec| cells(spec, numbers)).collect()
}

/// A random small plan with weights: products, linear terms, biases and maxima over random windows.
pub fn random(seed: u64) -> Model {
    let numbers = &mut Numbers(seed);
    let dims: Vec<u32> = (0..numbers.within(1, 3)).map(|_| numbers.within(1, 6) as u32).collect();
    let bits = numbers.within(2, 6) as u8;
    let first = -(numbers.within(0, (1 << bits) - 1) as i32);
    let mut draft = Draft {
        inputs: vec![input(&dims, first, bits)],
        weights: vec![],
        tables: vec![clamp(20, 0, (1 << 19) - 1), clamp(20, -512, 511)],
        steps: vec![],
        output: values(0),
    };
    let listed = (0..1 << 6).map(|_| numbers.within(-99, 99) as i32).collect();
    for count in 1..=numbers.within(1, 5) as u32 {
        // Reads the tensor before, so that nothing is dead; sometimes another as well.
        let result: Vec<u32> = (0..numbers.within(1, 3)).map(|_| numbers.within(1, 6) as u32).collect();
        let others = numbers.within(0, i64::from(count) - 1) as u32;
        let operator = match numbers.within(0, 3) {
            0 => Operator::Maximum {
                first: vec![random_term(&draft, count - 1, &result, &[], numbers)],
                second: vec![random_term(&draft, others, &result, &[], numbers)],
            },
            1 => Operator::Affine {
                products: vec![],
                linear: vec![
                    random_linear(&draft, count - 1, &result, numbers),
                    random_linear(&draft, others, &result, numbers),
                ],
                bias: None,
            },
            _ => {
                let mut products = vec![random_product(&mut draft, count - 1, &result, numbers)];
                if numbers.chance(2) {
                    products.push(random_product(&mut draft, others, &result, numbers));
                }
                let linear = if numbers.chance(2) {
                    vec![random_linear(&draft, others, &result, numbers)]
                } else {
                    vec![]
                };
                let bias = numbers.chance(2).then(|| {
                    let axes: Vec<u8> = (0..result.len() as u8).filter(|_| numbers.chance(2)).collect();
                    let mut dims: Vec<u32> = axes.iter().map(|&axis| result[usize::from(axis)]).collect();
                    if dims.is_empty() {
                        dims.push(1);
                    }
                    draft.weights.push(weight(&dims, 5));
                    let weight = WeightId(draft.weights.len() as u32 - 1);
                    Bias { weight, axes, coefficient: numbers.within(1, 9) }
                });
                Operator::Affine { products, linear, bias }
            }
        };
        let table = if matches!(operator, Operator::Maximum { .. }) { 0 } else { 1 };
        draft.steps.push(step(&result, operator, 0, table));
    }
    draft.output = values(draft.steps.len() as u32);
    let mut weights = fill(&draft, numbers);
    draft.tables.push(Table::new(6, Function::Listed(listed)).unwrap());
    narrow(draft, &mut weights, numbers)
}

/// Finds shifts for which the model holds, and takes out what is then unused.
fn narrow(mut draft: Draft, weights: &mut [Vec<i32>], numbers: &mut Numbers) -> Model {
    // A listed table on the last step: any function of few bits.
    let last = draft.steps.len() - 1;
    if !matches!(draft.steps[last].operator, Operator::Maximum { .. }) {
        draft.steps[last].rescale.table = TableId(2);
    }
    let used: Vec<u32> = draft.steps.iter().map(|step| step.rescale.table.0).collect();
    let kept: Vec<u32> = (0..3).filter(|table| used.contains(table)).collect();
    draft.tables = kept.iter().map(|&table| draft.tables[table as usize].clone()).collect();
    for step in &mut draft.steps {
        step.rescale.table =
            TableId(kept.iter().position(|&table| table == step.rescale.table.0).unwrap() as u32);
    }
    let extra = numbers.within(0, 1) as u8;
    for _ in 0..400 {
        let plan = Plan::new(draft.clone()).unwrap();
        let weights = Weights::new(&plan, weights.to_vec()).unwrap();
        match Model::new(plan, weights) {
            Ok(model) => return model,
            Err(ModelError::OutOfTable { step, .. }) => match &mut draft.steps[step].operator {
                // A difference of what is at most 2^10 fits; only sums of many need this.
                Operator::Maximum { .. } => panic!("a maximum outside of 20 bits"),
                Operator::Affine { .. } => draft.steps[step].rescale.shift += 1 + extra,
            },
            Err(other) => panic!("{other}"),
        }
    }
    panic!("no shift is enough")
}

fn random_read(dim: u32, output: Option<(u8, u32)>, tap: Option<(u8, u32)>, numbers: &mut Numbers) -> Read {
    if numbers.chance(3) {
        if let (Some((axis, length)), None) = (output, tap)
            && length == dim
        {
            return Read::along(axis, dim);
        }
        if let (None, Some((axis, length))) = (output, tap)
            && length == dim
        {
            return Read::summed(axis, dim);
        }
    }
    let mut along =
        |axis: Option<(u8, u32)>| axis.map(|(axis, _)| Along { axis, step: numbers.within(1, 3) as u32 });
    let (output, tap) = (along(output), along(tap));
    Read {
        output,
        tap,
        pad: numbers.within(-(i64::from(dim) - 1), 3) as i32,
        limit: numbers.within(1, dim.into()) as u32,
    }
}

fn random_term(draft: &Draft, tensor: u32, result: &[u32], sums: &[u32], numbers: &mut Numbers) -> Term {
    let source = tensor_dims(draft, tensor);
    let mut taps: Vec<Option<u8>> = vec![None; source.len()];
    for (sum, tap) in taps.iter_mut().enumerate().take(sums.len()) {
        *tap = Some(sum as u8);
    }
    let mut free: Vec<u8> = (0..result.len() as u8).collect();
    let reads = source.iter().zip(taps).map(|(&dim, tap)| {
        let output = (!free.is_empty() && !numbers.chance(4)).then(|| {
            let at = numbers.within(0, free.len() as i64 - 1) as usize;
            free.remove(at)
        });
        let output = output.map(|axis| (axis, result[usize::from(axis)]));
        let tap = tap.map(|tap| (tap, sums[usize::from(tap)]));
        random_read(dim, output, tap, numbers)
    });
    let reads = reads.collect();
    let mut coefficient = numbers.within(-3, 3);
    if coefficient == 0 {
        coefficient = 1;
    }
    term(coefficient, tensor, reads)
}

fn random_sums(draft: &Draft, tensor: u32, numbers: &mut Numbers) -> Vec<u32> {
    let rank = tensor_dims(draft, tensor).len() as i64;
    (0..numbers.within(0, rank)).map(|_| numbers.within(1, 4) as u32).collect()
}

fn random_linear(draft: &Draft, tensor: u32, result: &[u32], numbers: &mut Numbers) -> Linear {
    let sums = random_sums(draft, tensor, numbers);
    Linear { form: vec![random_term(draft, tensor, result, &sums, numbers)], sums }
}

fn random_product(draft: &mut Draft, tensor: u32, result: &[u32], numbers: &mut Numbers) -> Product {
    let sums = random_sums(draft, tensor, numbers);
    let form: Vec<Term> =
        (0..numbers.within(1, 2)).map(|_| random_term(draft, tensor, result, &sums, numbers)).collect();
    let source = tensor_dims(draft, tensor);
    // An axis that any term reads by a window cannot be the weight's; one that is read plainly can.
    let shared_ok = |axis: u8| {
        form.iter().flat_map(|term| term.view.reads.iter().zip(&source)).all(|(read, &dim)| {
            read.output.is_none_or(|along| along.axis != axis)
                || read.kind(dim, &shape(result), &sums) == ReadKind::Plain
        })
    };
    let weight_axes: Vec<u8> =
        (0..result.len() as u8).filter(|&axis| shared_ok(axis) && !numbers.chance(4)).collect();
    let mut dims: Vec<u32> = weight_axes.iter().map(|&axis| result[usize::from(axis)]).collect();
    dims.extend(&sums);
    if dims.is_empty() {
        dims.push(1);
    }
    draft.weights.push(weight(&dims, numbers.within(1, 6) as u8));
    Product { sums, form, weight: WeightId(draft.weights.len() as u32 - 1), weight_axes }
}

fn tensor_dims(draft: &Draft, tensor: u32) -> Vec<u32> {
    match draft.inputs.get(tensor as usize) {
        Some(input) => input.shape.dims().to_vec(),
        None => draft.steps[tensor as usize - draft.inputs.len()].shape.dims().to_vec(),
    }
}

/// Inputs in range: the ends of the range as often as anything else.
pub fn random_inputs(model: &Model, batch: usize, seed: u64) -> Vec<Vec<i32>> {
    let numbers = &mut Numbers(seed);
    let values = |input: &Input, numbers: &mut Numbers| {
        let (low, high) = (input.range().low as i64, input.range().high as i64);
        let one = |numbers: &mut Numbers| match numbers.within(0, 3) {
            0 => low,
            1 => high,
            _ => numbers.within(low, high),
        };
        (0..input.shape.cells() * batch).map(|_| one(numbers) as i32).collect()
    };
    model.plan().inputs().iter().map(|input| values(input, numbers)).collect()
}

/// The model with its wide tables cut down, so that a proof is quick; none if the model needs them.
pub fn narrowed(model: &Model) -> Option<Model> {
    let mut draft = model.plan().clone().into_draft();
    let weights: Vec<Vec<i32>> = (0..draft.weights.len())
        .map(|place| model.weights().tensor(WeightId(place as u32)).to_vec())
        .collect();
    for table in &mut draft.tables {
        if let (20, Function::Clamp { low, .. }) = (table.bits(), table.function()) {
            *table = clamp(9, (*low).max(-256), 255);
        }
    }
    for _ in 0..200 {
        let plan = Plan::new(draft.clone()).ok()?;
        match Model::new(plan.clone(), Weights::new(&plan, weights.clone()).ok()?) {
            Ok(model) => return Some(model),
            Err(ModelError::OutOfTable { step, .. }) => match &draft.steps[step].operator {
                Operator::Maximum { .. } => return None,
                Operator::Affine { .. } => draft.steps[step].rescale.shift += 1,
            },
            Err(_) => return None,
        }
    }
    None
}
