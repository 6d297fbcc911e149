//! The interpreter against the definition, written out cell by cell; bounds, padding, canonical bytes.

mod cases;

use averment_plan::*;
use cases::*;
use proptest::prelude::*;

/// The value of a form's summand on real coordinates, straight from the definition.
fn form_at(form: &[Term], at: &[u32], sum: &[u32], tensors: &[Vec<i32>], shapes: &[Shape]) -> i64 {
    form.iter()
        .map(|term| {
            let source = &shapes[term.view.tensor.index()];
            let mut cell = 0usize;
            for (read, &dim) in term.view.reads.iter().zip(source.dims()) {
                let coordinate =
                    |along: Option<Along>, of: &[u32]| along.map_or(0, |along| of[usize::from(along.axis)]);
                match read.cell(coordinate(read.output, at), coordinate(read.tap, sum)) {
                    Some(y) => cell = cell * dim as usize + y as usize,
                    None => return 0,
                }
            }
            term.coefficient * i64::from(tensors[term.view.tensor.index()][cell])
        })
        .sum()
}

fn coordinates(dims: &[u32]) -> Vec<Vec<u32>> {
    dims.iter().fold(vec![vec![]], |all, &dim| {
        all.into_iter().flat_map(|at| (0..dim).map(move |i| [at.clone(), vec![i]].concat())).collect()
    })
}

/// Where a weight's cell lies, row-major.
fn weight_at(dims: impl Iterator<Item = u32>, at: impl Iterator<Item = u32>) -> usize {
    dims.zip(at).fold(0, |cell, (dim, index)| cell * dim as usize + index as usize)
}

/// All tensors of one item on real cells.
fn by_definition(model: &Model, inputs: &[Vec<i32>]) -> Vec<Vec<i32>> {
    let plan = model.plan();
    let mut tensors = inputs.to_vec();
    for step in plan.steps() {
        let cells = coordinates(step.shape.dims()).into_iter().map(|at| {
            let form = |form: &[Term], sum: &[u32]| form_at(form, &at, sum, &tensors, plan.shapes());
            let weight = |id: WeightId, axes: &[u8], sum: &[u32]| {
                let dims = plan.weights()[id.index()].shape.dims().iter().copied();
                let at = axes.iter().map(|&axis| at[usize::from(axis)]).chain(sum.iter().copied());
                i64::from(model.weights().tensor(id)[weight_at(dims, at)])
            };
            let acc: i64 = match &step.operator {
                Operator::Maximum { first, second } => form(second, &[]) - form(first, &[]),
                Operator::Affine { products, linear, bias } => {
                    let mut acc = 0;
                    for product in products {
                        for sum in coordinates(&product.sums) {
                            acc += form(&product.form, &sum)
                                * weight(product.weight, &product.weight_axes, &sum);
                        }
                    }
                    for linear in linear {
                        acc +=
                            coordinates(&linear.sums).iter().map(|sum| form(&linear.form, sum)).sum::<i64>();
                    }
                    acc + bias
                        .as_ref()
                        .map_or(0, |bias| bias.coefficient * weight(bias.weight, &bias.axes, &[]))
                }
            };
            let unit = 1i64 << step.rescale.shift;
            let hi = (acc + unit / 2).div_euclid(unit);
            plan.table(step.rescale.table).unwrap().at(hi).expect("within the table")
        });
        let cells: Vec<i32> = cells.collect();
        tensors.push(cells);
    }
    tensors
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_interpreter_is_the_definition(seed: u64, batch in 1usize..4) {
        let model = random(seed);
        let plan = model.plan();
        let inputs = random_inputs(&model, batch, seed);
        let slices: Vec<&[i32]> = inputs.iter().map(Vec::as_slice).collect();
        let trace = model.run(&slices, batch).unwrap();
        prop_assert_eq!(1 << trace.batch_bits, batch.next_power_of_two());
        // The memory of any other run serves, too.
        let other = random(!seed);
        let others = random_inputs(&other, 5 - batch, seed);
        let others: Vec<&[i32]> = others.iter().map(Vec::as_slice).collect();
        let mut used = other.run(&others, 5 - batch).unwrap();
        model.run_into(&mut used, &slices, batch).unwrap();
        prop_assert_eq!(&used, &trace);
        for item in 0..batch {
            let one: Vec<Vec<i32>> = plan
                .inputs()
                .iter()
                .zip(&inputs)
                .map(|(input, values)| values.chunks(input.shape.cells()).nth(item).unwrap().to_vec())
                .collect();
            let expected = by_definition(&model, &one);
            for (step, trace) in trace.steps.iter().enumerate() {
                let tensor = plan.inputs().len() + step;
                let shape = &plan.shapes()[tensor];
                let real = shape.unpad(&trace.out);
                let real = &real[item * shape.cells()..(item + 1) * shape.cells()];
                prop_assert_eq!(real, expected[tensor].as_slice(), "step {}", step);
            }
        }
    }

    #[test]
    fn no_cell_leaves_its_bounds_padding_included(seed: u64, batch in 1usize..4) {
        let model = random(seed);
        let inputs = random_inputs(&model, batch, seed ^ 1);
        let slices: Vec<&[i32]> = inputs.iter().map(Vec::as_slice).collect();
        let trace = model.run(&slices, batch).unwrap();
        for ((step, trace), bounds) in model.plan().steps().iter().zip(&trace.steps).zip(model.bounds()) {
            let table = model.plan().table(step.rescale.table).unwrap();
            prop_assert_eq!(trace.out.len(), step.shape.padded_cells() * batch.next_power_of_two());
            for (acc, (&hi, &out)) in trace.accumulators(step.rescale.shift).zip(trace.hi.iter().zip(&trace.out)) {
                let of = |value: i128| Range { low: value, high: value };
                prop_assert!(bounds.accumulator.contains(of(acc.into())), "{:?} {}", bounds, acc);
                prop_assert!(bounds.index.contains(of(hi.into())));
                prop_assert!(bounds.result.contains(of(out.into())));
                prop_assert_eq!(table.at(hi.into()), Some(out));
            }
        }
    }

    #[test]
    fn a_plan_has_one_encoding(seed: u64) {
        let model = random(seed);
        let bytes = model.plan().encode();
        let plan = Plan::decode(&bytes).unwrap();
        prop_assert_eq!(&plan, model.plan());
        prop_assert_eq!(plan.encode(), bytes);
        let weights = model.weights().encode(&plan);
        prop_assert_eq!(&Weights::decode(&plan, &weights).unwrap(), model.weights());
    }

    #[test]
    fn a_view_of_a_view_reads_what_both_do(seed: u64) {
        // A step that copies through two views, against one that copies through their combination.
        let numbers = &mut Numbers(seed);
        let dim = numbers.within(1, 9) as u32;
        let middle = numbers.within(1, 9) as u32;
        let result = numbers.within(1, 9) as u32;
        let read = |dim: u32, numbers: &mut Numbers| Read {
            output: Some(Along { axis: 0, step: numbers.within(1, 3) as u32 }),
            tap: None,
            pad: numbers.within(-3, 3) as i32,
            limit: numbers.within(1, dim.into()) as u32,
        };
        let (inner, outer) = (read(dim, numbers), read(middle, numbers));
        let view = View { tensor: TensorId(0), reads: vec![inner] };
        let twice = |a: u32| outer.cell(a, 0).and_then(|i| inner.cell(i, 0));
        if let Some(combined) = view.through(&[outer], &shape(&[result]), &[]) {
            for a in 0..result {
                let once = combined.as_ref().and_then(|view| view.reads[0].cell(a, 0));
                prop_assert_eq!(once, twice(a), "{:?} {:?} at {}", inner, outer, a);
            }
        }
    }
}

#[test]
fn a_convolution_by_hand() {
    // One channel 4x4, kernel 3x3 of ones, pad 1, stride 2: sums of the corners' neighbourhoods.
    let kernel = |axis: u8| Read {
        output: Some(Along { axis, step: 2 }),
        tap: Some(Along { axis: axis - 1, step: 1 }),
        pad: 1,
        limit: 4,
    };
    let product = Product {
        sums: vec![3, 3],
        form: vec![term(1, 0, vec![kernel(1), kernel(2)])],
        weight: WeightId(0),
        weight_axes: vec![0],
    };
    let draft = Draft {
        inputs: vec![input(&[4, 4], 0, 5)],
        weights: vec![weight(&[1, 3, 3], 2)],
        tables: vec![clamp(10, -512, 511)],
        steps: vec![step(
            &[1, 2, 2],
            Operator::Affine { products: vec![product], linear: vec![], bias: None },
            0,
            0,
        )],
        output: values(1),
    };
    let plan = Plan::new(draft).unwrap();
    let weights = Weights::new(&plan, vec![vec![1; 9]]).unwrap();
    let model = Model::new(plan, weights).unwrap();
    let image: Vec<i32> = (0..16).collect();
    let trace = model.run(&[&image], 1).unwrap();
    // 0+1+4+5, 1+2+3+5+6+7, 4+5+8+9+12+13, 5+6+7+9+10+11+13+14+15
    assert_eq!(trace.steps[0].out, [10, 24, 51, 90]);
}

#[test]
fn every_second_cell_of_an_axis_twice_as_long_is_read_in_the_padding_too() {
    let odd = Read { output: Some(Along { axis: 0, step: 2 }), tap: None, pad: -1, limit: 6 };
    let result = shape(&[3]);
    assert_eq!(odd.kind(6, &result, &[]), ReadKind::Strided { bits: 1, offset: 1 });
    for (read, source) in [
        (odd, 9),                                                              // padded to 16
        (Read { limit: 5, ..odd }, 6),                                         // cell 5 is cut off
        (Read { pad: 1, ..odd }, 6),                                           // begins before the first
        (Read { pad: -2, ..odd }, 6),                                          // leaves the low bit
        (Read { output: Some(Along { axis: 0, step: 3 }), pad: 0, ..odd }, 6), // no power of two
    ] {
        assert_eq!(read.kind(source, &result, &[]), ReadKind::Window, "{read:?} of {source}");
    }
    // The first step's padded cells hold 1, the least that its table gives.
    let affine = |tensor, read| Operator::Affine {
        products: vec![],
        linear: vec![Linear::of(vec![term(1, tensor, vec![read])])],
        bias: None,
    };
    let draft = Draft {
        inputs: vec![input(&[6], 0, 4)],
        weights: vec![],
        tables: vec![clamp(6, 1, 15), clamp(6, -8, 15)],
        steps: vec![step(&[6], affine(0, Read::along(0, 6)), 0, 0), step(&[3], affine(1, odd), 0, 1)],
        output: values(2),
    };
    let plan = Plan::new(draft).unwrap();
    let weights = Weights::new(&plan, vec![]).unwrap();
    let trace = Model::new(plan, weights).unwrap().run(&[&[2, 3, 4, 5, 6, 7]], 1).unwrap();
    assert_eq!(trace.steps[1].out, [3, 5, 7, 1]);
}

#[test]
fn a_tournament_is_the_maximum_and_has_its_interval() {
    // Pairs along the last axis, then along the first: max pooling of 2x2.
    let half = |axis: u8, offset: i32, dim: u32| Read {
        output: Some(Along { axis, step: 2 }),
        tap: None,
        pad: -offset,
        limit: dim,
    };
    let row = |offset| vec![term(1, 0, vec![Read::along(0, 4), half(1, offset, 4)])];
    let column = |offset: i32| {
        vec![
            term(1, 0, vec![half(0, offset, 4), half(1, 0, 4)]),
            term(1, 1, vec![half(0, offset, 4), Read::along(1, 2)]),
        ]
    };
    let mut pooled = column(0);
    pooled.push(term(1, 2, vec![Read::along(0, 2), Read::along(1, 2)]));
    let draft = Draft {
        inputs: vec![input(&[4, 4], -16, 5)],
        weights: vec![],
        tables: vec![clamp(6, 0, 31), clamp(5, -16, 15)],
        steps: vec![
            step(&[4, 2], Operator::Maximum { first: row(0), second: row(1) }, 0, 0),
            step(&[2, 2], Operator::Maximum { first: column(0), second: column(1) }, 0, 0),
            step(
                &[2, 2],
                Operator::Affine { products: vec![], linear: vec![Linear::of(pooled)], bias: None },
                0,
                1,
            ),
        ],
        output: values(3),
    };
    let plan = Plan::new(draft).unwrap();
    let weights = Weights::new(&plan, vec![]).unwrap();
    // Without the interval of a maximum the sums would not fit 5 and 6 bits.
    let model = Model::new(plan, weights).unwrap();
    assert_eq!(model.bounds()[2].accumulator, Range { low: -16, high: 15 });
    let image = [3, -9, 4, 4, 1, 2, -5, 15, -16, -16, 0, 1, -16, -15, -1, -2];
    let trace = model.run(&[&image], 1).unwrap();
    assert_eq!(trace.steps[2].out, [3, 15, -15, 1]);
}

#[test]
fn the_decision_is_the_first_of_the_largest() {
    let draft = Draft {
        inputs: vec![input(&[5], -8, 4)],
        weights: vec![],
        tables: vec![clamp(4, -8, 7)],
        steps: vec![step(
            &[5],
            Operator::Affine {
                products: vec![],
                linear: vec![Linear::of(vec![term(1, 0, vec![Read::along(0, 5)])])],
                bias: None,
            },
            0,
            0,
        )],
        output: Output { tensor: TensorId(1), kind: OutputKind::Argmax, labels: vec![] },
    };
    let plan = Plan::new(draft).unwrap();
    assert_eq!(plan.margin_bits(), 4);
    let model = Model::new(plan.clone(), Weights::new(&plan, vec![]).unwrap()).unwrap();
    let trace = model.run(&[&[1, 7, -8, 7, 0, /**/ -1, -2, -3, -4, -5]], 2).unwrap();
    assert_eq!(trace.decisions, [1, 0]);
    assert_eq!(trace.margins[..8], [5, 0, 15, 0, 7, 0, 0, 0]);
    assert_eq!(trace.margins[8..], [0, 1, 2, 3, 4, 0, 0, 0]);
}

#[test]
fn a_threshold_is_a_bit_of_each_score() {
    let (mut draft, weights) = above();
    let said = model(draft.clone(), weights.clone());
    let OutputKind::Threshold(threshold) = draft.output.kind.clone() else { panic!("a threshold") };
    assert_eq!((threshold.least, threshold.exponent, threshold.real()), (3, 1, 1.5));
    draft.tables[1] = threshold.score.clone();
    draft.output.kind = OutputKind::Values;
    let scores = model(draft, weights);
    let mut numbers = Numbers(3);
    let mut found = [0; 2];
    for _ in 0..64 {
        let inputs: Vec<i32> = (0..9).map(|_| numbers.within(-8, 7) as i32).collect();
        let said = said.run(&[&inputs], 3).unwrap();
        let scores = &scores.run(&[&inputs], 3).unwrap().steps[1].out;
        let bits: Vec<i32> = scores.iter().map(|score| i32::from(*score >= 3)).collect();
        assert_eq!(said.steps[1].out, bits);
        assert_eq!(threshold.scores(&said.steps[1].hi).unwrap(), *scores);
        assert!(said.decisions.is_empty() && said.margins.is_empty());
        bits.iter().for_each(|bit| found[*bit as usize] += 1);
    }
    assert!(found.iter().all(|count| *count > 20), "{found:?}");
    assert_eq!(threshold.scores(&[128]), None);
    // Its bytes are read as they are written, and what is neither kind is refused.
    let bytes = said.plan().encode();
    assert_eq!(&Plan::decode(&bytes).unwrap(), said.plan());
    let labels = 4 + (4 + "no".len()) + (4 + "yes".len());
    let kind = bytes.len() - labels - (1 + 4) - (1 + 1 + 4 + 4) - 1;
    assert_eq!(bytes[kind], 2);
    let mut other = bytes.clone();
    other[kind] = 3;
    assert!(matches!(
        Plan::decode(&other),
        Err(PlanDecodeError::Unknown { field: "kind of output", got: 3 })
    ));
    for end in kind..bytes.len() {
        assert!(Plan::decode(&bytes[..end]).is_err());
    }
}

#[test]
fn inputs_that_do_not_fit_are_refused() {
    let (draft, weights) = perceptron();
    let plan = Plan::new(draft).unwrap();
    let model = Model::new(plan.clone(), Weights::new(&plan, weights).unwrap()).unwrap();
    assert_eq!(model.run(&[&[0; 3]], 0).unwrap_err(), RunError::Batch { got: 0 });
    assert_eq!(model.run(&[], 1).unwrap_err(), RunError::Inputs { expected: 1, got: 0 });
    assert!(matches!(model.run(&[&[0; 4]], 1), Err(RunError::Cells { expected: 3, got: 4, .. })));
    assert!(matches!(model.run(&[&[0, 8, 0]], 1), Err(RunError::OutOfRange { cell: 1, got: 8, .. })));
    assert!(matches!(model.run(&[&[0, 0, -9]], 1), Err(RunError::OutOfRange { cell: 2, got: -9, .. })));
}

#[test]
fn reals_become_integers_by_rounding_and_clamping() {
    let mut input = input(&[2, 2], -8, 4);
    input.scales = Scales { exponents: vec![1, -1], offsets: vec![0, 10] };
    let (integers, clamped) = input.quantise(&[1.25, 21.0, -9.0, f64::NAN]);
    assert_eq!(integers, [3, 1, -8, -8]);
    assert_eq!(clamped, 2);
    assert_eq!(input.dequantise(&[3, 1]), [1.5, 22.0]);
}
