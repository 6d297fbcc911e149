//! Plans and weights.

use averment_plan::{
    Bias, Draft, Function, Input, Linear, Model, Operator, Output, OutputKind, Plan, Product, Read, Rescale,
    Scales, Schema, Shape, Step, Table, TableId, TensorId, Term, Threshold, View, WeightId, WeightSpec,
    Weights,
};

pub(crate) fn plan(data: &[u8]) -> bool {
    let Ok(plan) = Plan::decode(data) else { return false };
    assert!(plan.encode() == data, "two encodings of one plan");
    run(&plan, |spec| (0..spec.shape.cells() as i32).map(|cell| cell % 2).map(|one| one - 1).collect());
    true
}

pub(crate) fn weights(data: &[u8]) -> bool {
    let plan = perceptron();
    let Ok(weights) = Weights::decode(&plan, data) else { return false };
    assert!(weights.encode(&plan) == data, "two encodings of the same weights");
    let mut tensors = (0u32..).map(|id| weights.tensor(WeightId(id)).to_vec());
    run(&plan, |_| tensors.next().expect("as many as the plan has"));
    true
}

/// Runs a small plan on the ends of its input's range: whatever was accepted neither panics nor leaves a table.
fn run(plan: &Plan, fill: impl FnMut(&WeightSpec) -> Vec<i32>) {
    let cells: usize = plan.shapes().iter().map(Shape::padded_cells).sum();
    let summed = plan.steps().iter().flat_map(|step| step.operator.forms()).map(|(form, sums)| {
        sums.iter().fold(form.len() as u64, |cells, &sum| cells.saturating_mul(sum.into()))
    });
    if (cells as u64).saturating_mul(summed.fold(0, u64::saturating_add)) > 1 << 20 {
        return;
    }
    let Ok(weights) = Weights::new(plan, plan.weights().iter().map(fill).collect()) else { return };
    let Ok(model) = Model::new(plan.clone(), weights) else { return };
    for end in [|input: &Input| input.range().low, |input: &Input| input.range().high] {
        let inputs = plan
            .inputs()
            .iter()
            .map(|input| vec![i32::try_from(end(input)).expect("inputs have 32 bits"); input.shape.cells()]);
        let inputs: Vec<Vec<i32>> = inputs.collect();
        let slices: Vec<&[i32]> = inputs.iter().map(Vec::as_slice).collect();
        model.run(&slices, 1).expect("every input in range has an answer");
    }
}

pub(crate) fn plan_seeds() -> Vec<Vec<u8>> {
    let mut residual = perceptron().into_draft();
    let read =
        |offset| vec![Term { coefficient: 1, view: View { tensor: TensorId(1), reads: vec![offset] } }];
    residual.steps.push(Step {
        name: "pool".into(),
        shape: shape(&[2]),
        operator: Operator::Maximum {
            first: read(Read::along(0, 2)),
            second: read(Read { pad: -2, ..Read::along(0, 4) }),
        },
        rescale: Rescale { shift: 0, table: TableId(0) },
        exponent: 3,
    });
    let all = [1, 2, 3].map(|tensor| {
        Linear::of(vec![Term {
            coefficient: -3,
            view: View { tensor: TensorId(tensor), reads: vec![Read::along(0, 2)] },
        }])
    });
    residual.steps.push(Step {
        name: "sum".into(),
        shape: shape(&[2]),
        operator: Operator::Affine { products: vec![], linear: all.to_vec(), bias: None },
        rescale: Rescale { shift: 4, table: TableId(2) },
        exponent: 1,
    });
    let listed = (0..64).map(|index| index * index - 7).collect();
    residual.tables.push(Table::new(6, Function::Listed(listed)).expect("a table"));
    residual.output = Output { tensor: TensorId(4), kind: OutputKind::Values, labels: vec![] };
    let mut above = perceptron().into_draft();
    let threshold = Threshold { score: above.tables[1].clone(), exponent: 2, least: 5 };
    above.tables[1] = threshold.indicator().expect("a table");
    above.steps[1].exponent = 0;
    above.output.kind = OutputKind::Threshold(threshold);
    let plans = [above, residual].map(|draft| Plan::new(draft).expect("a plan"));
    plans.iter().chain([&perceptron()]).map(Plan::encode).collect()
}

pub(crate) fn weights_seeds() -> Vec<Vec<u8>> {
    let plan = perceptron();
    let fill = |spec: &WeightSpec| (0..spec.shape.cells() as i32).map(|cell| cell % 8 - 4).collect();
    let tensors = plan.weights().iter().map(fill).collect();
    vec![Weights::new(&plan, tensors).expect("in range").encode(&plan)]
}

fn shape(dims: &[u32]) -> Shape {
    Shape::new(dims).expect("a shape")
}

/// `3 -> 4 -> 2` with a relu between.
pub(crate) fn perceptron() -> Plan {
    let weight = |dims: &[u32], bits| WeightSpec { name: "weight".into(), shape: shape(dims), bits };
    let clamp = |low, high| Table::new(9, Function::Clamp { low, high }).expect("a table");
    let dense = |name: &str, tensor: u32, from: u32, to: u32, exponent| Step {
        name: name.into(),
        shape: shape(&[to]),
        operator: Operator::Affine {
            products: vec![Product {
                sums: vec![from],
                form: vec![Term {
                    coefficient: 1,
                    view: View { tensor: TensorId(tensor), reads: vec![Read::summed(0, from)] },
                }],
                weight: WeightId(2 * tensor),
                weight_axes: vec![0],
            }],
            linear: vec![],
            bias: Some(Bias { weight: WeightId(2 * tensor + 1), axes: vec![0], coefficient: 4 }),
        },
        rescale: Rescale { shift: 2, table: TableId(tensor) },
        exponent,
    };
    let draft = Draft {
        inputs: vec![Input {
            name: "features".into(),
            shape: shape(&[3]),
            first: -8,
            bits: 4,
            scales: Scales { exponents: vec![1, 0, -1], offsets: vec![0, 5, -5] },
        }],
        weights: vec![weight(&[4, 3], 4), weight(&[4], 12), weight(&[2, 4], 5), weight(&[2], 8)],
        tables: vec![clamp(0, 31), clamp(-256, 255)],
        steps: vec![dense("hidden", 0, 3, 4, 3), dense("scores", 1, 4, 2, 2)],
        output: Output {
            tensor: TensorId(2),
            kind: OutputKind::Argmax,
            labels: vec!["no".into(), "yes".into()],
        },
    };
    Plan::new(draft).expect("a plan")
}

pub(crate) fn input_schema(data: &[u8]) -> bool {
    let Ok(schema) = Schema::decode(data) else { return false };
    assert!(schema.encode() == data, "two encodings of one schema");
    let same = Schema::new(schema.inputs().to_vec(), schema.chunk_bits(), schema.code());
    assert_eq!(same.as_ref(), Ok(&schema));
    let cells: usize = schema.inputs().iter().map(|input| input.shape.padded_cells()).sum();
    if cells < 1 << 16 {
        let ends = schema.inputs().iter().map(|input| vec![input.first; input.shape.cells()]);
        let ends: Vec<Vec<i32>> = ends.collect();
        schema.check(&ends, 1).expect("the smallest values are in range");
        for (position, (values, bits)) in ends.iter().zip(schema.blocks(1).expect("one item")).enumerate() {
            assert_eq!(schema.padded(position, values).len(), 1 << bits);
        }
    }
    true
}

pub(crate) fn input_schema_seeds() -> Vec<Vec<u8>> {
    let inputs = perceptron().inputs().to_vec();
    let schema = Schema::new(inputs, 12, perceptron().digest()).expect("a plan's inputs");
    vec![schema.encode()]
}
