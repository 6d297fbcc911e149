//! Drafts and bytes that are no plans, each with the error it gets.

mod cases;

use averment_plan::*;
use averment_primitives::DecodeError;
use cases::*;
use proptest::prelude::*;

/// The perceptron, spoilt.
fn spoilt(spoil: impl FnOnce(&mut Draft)) -> PlanError {
    let (mut draft, _) = perceptron();
    spoil(&mut draft);
    // What the encoder writes of it is refused by the decoder for the same reason.
    let error = Plan::new(draft).unwrap_err();
    let text = error.to_string();
    assert!(!text.is_empty());
    error
}

fn product(draft: &mut Draft, step: usize) -> &mut Product {
    match &mut draft.steps[step].operator {
        Operator::Affine { products, .. } => &mut products[0],
        Operator::Maximum { .. } => unreachable!(),
    }
}

fn read(draft: &mut Draft) -> &mut Read {
    &mut product(draft, 0).form[0].view.reads[0]
}

#[test]
fn cycles_and_forward_references_are_refused() {
    for tensor in [1, 2, 3, u32::MAX] {
        let error = spoilt(|draft| product(draft, 0).form[0].view.tensor = TensorId(tensor));
        assert_eq!(error, PlanError::NotEarlier { step: 0, tensor: TensorId(tensor) });
    }
}

#[test]
fn what_is_not_there_is_refused() {
    let missing = |step, what, got| PlanError::Missing { step, what, got };
    assert_eq!(spoilt(|draft| product(draft, 1).weight = WeightId(4)), missing(1, "weight", 4));
    assert_eq!(spoilt(|draft| draft.steps[1].rescale.table = TableId(9)), missing(1, "table", 9));
    assert_eq!(spoilt(|draft| draft.output.tensor = TensorId(0)), PlanError::Dead { step: 2 });
    assert_eq!(spoilt(|draft| draft.output.tensor = TensorId(7)), PlanError::Dead { step: 2 });
    assert_eq!(
        spoilt(|draft| {
            draft.output = values(1);
        }),
        PlanError::Dead { step: 1 }
    );
}

#[test]
fn what_nobody_uses_is_refused() {
    let unused = |what, position| PlanError::Unused { what, position };
    assert_eq!(spoilt(|draft| draft.weights.push(weight(&[1], 2))), unused("weight", 4));
    assert_eq!(spoilt(|draft| draft.tables.push(clamp(3, 0, 0))), unused("table", 2));
    assert_eq!(
        spoilt(|draft| draft.tables.push(clamp(8, 0, 31))),
        PlanError::SameTable { first: 0, second: 2 }
    );
    assert_eq!(
        spoilt(|draft| {
            draft.inputs.insert(0, input(&[2], 0, 1));
            for step in 0..2 {
                product(draft, step).form[0].view.tensor.0 += 1;
            }
            draft.output.tensor.0 += 1;
        }),
        unused("input", 0)
    );
}

#[test]
fn counts_beyond_the_limits_are_refused() {
    let count = |what, limit, got| PlanError::Count { what, limit, got };
    assert_eq!(spoilt(|draft| draft.inputs.clear()), count("inputs", 64, 0));
    assert_eq!(spoilt(|draft| draft.tables.clear()), count("tables", 256, 0));
    assert_eq!(spoilt(|draft| draft.steps.clear()), count("steps", 1 << 14, 0));
    assert_eq!(spoilt(|draft| draft.inputs = vec![input(&[1], 0, 1); 65]), count("inputs", 64, 65));
    let contributions = |got| PlanError::Contributions { step: 0, got };
    let empty = || Operator::Affine { products: vec![], linear: vec![], bias: None };
    assert_eq!(spoilt(|draft| draft.steps[0].operator = empty()), contributions(0));
    assert_eq!(spoilt(|draft| product(draft, 0).form.clear()), PlanError::Terms { step: 0, got: 0 });
    let many = |draft: &mut Draft| {
        let term = product(draft, 0).form[0].clone();
        product(draft, 0).form = vec![term; 257];
    };
    assert_eq!(spoilt(many), PlanError::Terms { step: 0, got: 257 });
}

#[test]
fn ranges_that_are_none_are_refused() {
    // Empty, too wide, without 0, beyond 32 bits.
    for (first, bits) in [(0, 0), (0, 21), (1, 4), (-17, 4), (i32::MIN, 20), (i32::MAX, 1), (0, 255)] {
        let error = spoilt(|draft| (draft.inputs[0].first, draft.inputs[0].bits) = (first, bits));
        assert_eq!(error, PlanError::InputRange { input: 0, first, bits });
    }
    for bits in [0, 25, 255] {
        assert_eq!(spoilt(|draft| draft.weights[2].bits = bits), PlanError::WeightRange { weight: 2, bits });
    }
    let scales = |exponents: &[i8], offsets: &[i64]| {
        spoilt(|draft| {
            draft.inputs[0].scales = Scales { exponents: exponents.to_vec(), offsets: offsets.to_vec() };
        })
    };
    for (exponents, offsets) in [
        (&[] as &[i8], &[] as &[i64]),
        (&[1, 2], &[0, 0]),
        (&[1], &[0, 0]),
        (&[61], &[0]),
        (&[0], &[1 << 41]),
    ] {
        assert_eq!(scales(exponents, offsets), PlanError::Scales { input: 0 });
    }
}

#[test]
fn names_that_would_garble_a_report_are_refused() {
    for name in ["", "line\nbreak", "\u{1b}[31m", &"x".repeat(257)] {
        assert!(matches!(spoilt(|draft| draft.steps[0].name = name.into()), PlanError::Name { .. }));
        assert!(matches!(spoilt(|draft| draft.inputs[0].name = name.into()), PlanError::Name { .. }));
        assert!(matches!(spoilt(|draft| draft.weights[0].name = name.into()), PlanError::Name { .. }));
        assert!(matches!(spoilt(|draft| draft.output.labels[0] = name.into()), PlanError::Name { .. }));
    }
}

#[test]
fn overlong_shifts_and_odd_coefficients_are_refused() {
    for shift in [32, 64, 255] {
        let error = spoilt(|draft| draft.steps[1].rescale.shift = shift);
        assert_eq!(error, PlanError::Shift { step: 1, got: shift });
    }
    assert_eq!(spoilt(|draft| draft.steps[0].exponent = 61), PlanError::Exponent { step: 0, got: 61 });
    assert_eq!(
        spoilt(|draft| draft.steps[0].exponent = i8::MIN),
        PlanError::Exponent { step: 0, got: i8::MIN }
    );
    for coefficient in [0, (1 << 40) + 1, i64::MIN] {
        let error = PlanError::Coefficient { step: 0, got: coefficient };
        assert_eq!(spoilt(|draft| product(draft, 0).form[0].coefficient = coefficient), error);
        let bias = |draft: &mut Draft| match &mut draft.steps[0].operator {
            Operator::Affine { bias: Some(bias), .. } => bias.coefficient = coefficient,
            _ => unreachable!(),
        };
        assert_eq!(spoilt(bias), error);
    }
}

#[test]
fn reads_that_mean_nothing_are_refused() {
    let reason = |spoil: fn(&mut Read)| match spoilt(|draft| spoil(read(draft))) {
        PlanError::Read { step: 0, axis: 0, reason } => reason,
        other => panic!("{other}"),
    };
    assert!(reason(|read| read.limit = 0).contains("limit"));
    assert!(reason(|read| read.limit = 4).contains("limit"));
    assert!(reason(|read| read.pad = i32::MIN).contains("pad"));
    assert!(reason(|read| read.pad = (1 << 20) + 1).contains("pad"));
    assert!(reason(|read| read.tap = Some(Along { axis: 0, step: 0 })).contains("step"));
    assert!(reason(|read| read.tap = Some(Along { axis: 0, step: u32::MAX })).contains("step"));
    assert!(reason(|read| read.tap = Some(Along { axis: 1, step: 1 })).contains("not there"));
    assert!(reason(|read| read.output = Some(Along { axis: 255, step: 1 })).contains("not there"));
    assert_eq!(spoilt(|draft| read(draft).tap = None), PlanError::IdleSum { step: 0 });
    let rank = |draft: &mut Draft| product(draft, 0).form[0].view.reads.clear();
    assert_eq!(spoilt(rank), PlanError::ViewRank { step: 0, expected: 1, got: 0 });
    let sums = |sums: Vec<u32>| spoilt(|draft| product(draft, 0).sums = sums.clone());
    assert_eq!(sums(vec![0]), PlanError::Sums { step: 0, sums: vec![0] });
    assert_eq!(sums(vec![1; 7]), PlanError::Sums { step: 0, sums: vec![1; 7] });
    // The same axis twice would be a diagonal, which is no product of functionals.
    let twice = |draft: &mut Draft| {
        draft.inputs[0].shape = shape(&[3, 3]);
        let read = *read(draft);
        product(draft, 0).form[0].view.reads.push(read);
    };
    assert!(matches!(spoilt(twice), PlanError::Read { step: 0, axis: 1, .. }));
}

#[test]
fn weights_of_the_wrong_shape_are_refused() {
    let axes = |axes: Vec<u8>| spoilt(|draft| product(draft, 0).weight_axes = axes.clone());
    for bad in [vec![1], vec![0, 0], vec![255]] {
        assert_eq!(axes(bad.clone()), PlanError::WeightAxes { step: 0, got: bad });
    }
    assert_eq!(
        axes(vec![]),
        PlanError::WeightShape { step: 0, weight: 0, expected: vec![3], got: vec![5, 3] }
    );
    assert_eq!(
        spoilt(|draft| draft.weights[1].shape = shape(&[4])),
        PlanError::WeightShape { step: 0, weight: 1, expected: vec![5], got: vec![4] }
    );
    // An axis of the weight that the operand reads by a window would not be a product of functionals.
    let shared = |draft: &mut Draft| read(draft).output = Some(Along { axis: 0, step: 1 });
    assert_eq!(spoilt(shared), PlanError::SharedAxis { step: 0, axis: 0 });
}

#[test]
fn maxima_need_relu() {
    let maximum = || Operator::Maximum {
        first: vec![term(1, 1, vec![Read::along(0, 5)])],
        second: vec![term(2, 1, vec![Read::along(0, 5)])],
    };
    let with = |shift, table| {
        let (mut draft, _) = perceptron();
        draft.steps[1] = step(&[5], maximum(), shift, table);
        draft.output = values(2);
        draft.weights.truncate(2);
        Plan::new(draft)
    };
    assert_eq!(with(1, 0).unwrap_err(), PlanError::MaximumRescale { step: 1 });
    assert_eq!(with(0, 1).unwrap_err(), PlanError::MaximumRescale { step: 1 });
    // With relu only the unused table is wrong.
    assert_eq!(with(0, 0).unwrap_err(), PlanError::Unused { what: "table", position: 1 });
}

#[test]
fn sums_that_could_leave_64_bits_are_refused() {
    let deep = |draft: &mut Draft| {
        draft.inputs[0].bits = 20;
        draft.weights[0].bits = 24;
        product(draft, 0).form[0].coefficient = 1 << 40;
    };
    assert!(matches!(spoilt(deep), PlanError::Overflow { step: 0, .. }));
    // Cancellation does not help: the sums on the way count.
    let cancelled = |draft: &mut Draft| {
        draft.inputs[0].bits = 20;
        let form = &mut product(draft, 0).form;
        form[0].coefficient = 1 << 40;
        let mut other = form[0].clone();
        other.coefficient = -(1 << 40);
        form.push(other);
    };
    assert!(matches!(spoilt(cancelled), PlanError::Overflow { step: 0, .. }));
}

#[test]
fn plans_too_large_to_run_are_refused() {
    let wide = |draft: &mut Draft| {
        // Each tensor is allowed, all together are not.
        draft.inputs = vec![input(&[1 << 26], 0, 1); 64];
        let form: Vec<Term> = (0..64).map(|tensor| term(1, tensor, vec![Read::along(0, 1 << 26)])).collect();
        let linear = vec![Linear::of(form)];
        draft.steps = vec![step(&[1 << 26], Operator::Affine { products: vec![], linear, bias: None }, 0, 0)];
    };
    assert!(matches!(spoilt(wide), PlanError::Cells { .. }));
    let slow = |draft: &mut Draft| {
        let window = Read {
            output: Some(Along { axis: 0, step: 1 }),
            tap: Some(Along { axis: 0, step: 1 }),
            pad: 0,
            limit: 3,
        };
        let linear = vec![Linear { sums: vec![1 << 26], form: vec![term(1, 0, vec![window])] }];
        draft.steps = vec![step(&[1 << 26], Operator::Affine { products: vec![], linear, bias: None }, 0, 0)];
    };
    assert!(matches!(spoilt(slow), PlanError::Work { .. }));
}

#[test]
fn outputs_that_are_none_are_refused() {
    assert_eq!(spoilt(|draft| draft.output.labels.truncate(1)), PlanError::Labels { expected: 2, got: 1 });
    let vector = |draft: &mut Draft| {
        draft.output = Output { kind: OutputKind::Argmax, ..values(1) };
        draft.steps[0].shape = shape(&[5]);
        draft.steps.truncate(1);
        draft.steps[0].shape = shape(&[5, 1]);
        draft.weights.truncate(2);
    };
    assert!(matches!(spoilt(vector), PlanError::Argmax { .. }));
}

#[test]
fn thresholds_that_say_something_else_are_refused() {
    let (draft, _) = above();
    assert!(Plan::new(draft).is_ok());
    let spoilt = |spoil: &dyn Fn(&mut Draft, &mut Threshold)| {
        let (mut draft, _) = above();
        let OutputKind::Threshold(mut said) = draft.output.kind.clone() else { panic!("a threshold") };
        spoil(&mut draft, &mut said);
        draft.output.kind = OutputKind::Threshold(said);
        Plan::new(draft).unwrap_err()
    };
    let other = |error: PlanError| assert!(matches!(error, PlanError::Threshold { step: 1, .. }), "{error}");
    // One score more or less, another score, one index decided otherwise, other numbers for yes and no.
    other(spoilt(&|_, said| said.least += 1));
    other(spoilt(&|_, said| said.least -= 1));
    other(spoilt(&|_, said| said.score = clamp(8, -128, 2)));
    other(spoilt(&|_, said| said.score = clamp(7, -64, 63)));
    for (index, out) in [(131, 0), (130, 1), (0, 1), (255, 2), (255, -1)] {
        other(spoilt(&|draft, _| {
            let mut outputs = draft.tables[1].outputs();
            outputs[index] = out;
            draft.tables[1] = Table::new(8, Function::Listed(outputs)).unwrap();
        }));
    }
    other(spoilt(&|draft, _| draft.tables[1] = clamp(8, 0, 1)));
    // A yes that stands for 2.
    other(spoilt(&|draft, _| draft.steps[1].exponent = -1));
    assert_eq!(spoilt(&|_, said| said.exponent = 61), PlanError::Exponent { step: 1, got: 61 });
    // A threshold of another step's result, and of an input.
    let moved = |tensor| {
        spoilt(&|draft, _| {
            draft.output.tensor = TensorId(tensor);
            draft.output.labels.clear();
        })
    };
    assert!(matches!(moved(1), PlanError::Threshold { step: 0, .. }));
    assert!(matches!(moved(0), PlanError::Dead { .. }));
}

#[test]
fn weights_that_do_not_fit_are_refused() {
    let (draft, weights) = perceptron();
    let plan = Plan::new(draft).unwrap();
    assert_eq!(Weights::new(&plan, vec![]).unwrap_err(), WeightsError::Count { expected: 4, got: 0 });
    let mut short = weights.clone();
    short[1].pop();
    assert!(matches!(
        Weights::new(&plan, short),
        Err(WeightsError::Cells { weight: 1, expected: 5, got: 4, .. })
    ));
    for got in [8, -9, i32::MIN] {
        let mut wide = weights.clone();
        wide[2][3] = got;
        let error = Weights::new(&plan, wide).unwrap_err();
        assert!(matches!(error, WeightsError::OutOfRange { weight: 2, cell: 3, bits: 4, .. }), "{error}");
    }
    assert!(format!("{:?}", Weights::new(&plan, weights).unwrap()).contains("4 tensors"));
}

#[test]
fn a_table_too_short_for_some_input_is_refused() {
    let (mut draft, weights) = perceptron();
    draft.tables[1] = clamp(2, -2, 1);
    let plan = Plan::new(draft).unwrap();
    let weights = Weights::new(&plan, weights).unwrap();
    let error = Model::new(plan, weights).unwrap_err();
    assert!(matches!(error, ModelError::OutOfTable { step: 1, bits: 2, .. }), "{error}");
}

#[test]
fn a_maximum_that_would_clip_is_refused() {
    let read = |offset: i32| vec![term(1, 0, vec![Read { pad: -offset, ..Read::along(0, 3) }])];
    let draft = Draft {
        inputs: vec![input(&[3], 0, 4)],
        weights: vec![],
        tables: vec![clamp(5, 0, 14)],
        steps: vec![step(&[2], Operator::Maximum { first: read(0), second: read(1) }, 0, 0)],
        output: values(1),
    };
    let plan = Plan::new(draft).unwrap();
    let weights = Weights::new(&plan, vec![]).unwrap();
    let error = Model::new(plan, weights).unwrap_err();
    assert!(matches!(error, ModelError::ClippedMaximum { step: 0, high: 14, .. }), "{error}");
}

#[test]
fn the_digest_is_pinned() {
    let (draft, _) = perceptron();
    let digest = Plan::new(draft).unwrap().digest();
    assert_eq!(format!("{digest:?}"), "0x123d065fd23a29c4cde1015adf4ccbf932437816e38330b8de072f5b8ba02aa2");
}

#[test]
fn bytes_that_are_no_plan_are_refused() {
    let (draft, _) = perceptron();
    let bytes = Plan::new(draft).unwrap().encode();
    for length in 0..bytes.len() {
        assert!(Plan::decode(&bytes[..length]).is_err(), "cut at {length}");
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert_eq!(Plan::decode(&longer), Err(DecodeError::Trailing { left: 1 }.into()));
    let newer = [b"averment-plan/2\n".as_slice(), &bytes[16..]].concat();
    assert!(matches!(Plan::decode(&newer), Err(PlanDecodeError::Bytes(DecodeError::UnknownFormat { .. }))));
    // A length is checked before anything is allocated for it.
    let huge = [b"averment-plan/1\n".as_slice(), &u32::MAX.to_le_bytes()].concat();
    assert!(matches!(Plan::decode(&huge), Err(PlanDecodeError::Bytes(DecodeError::TooLong { .. }))));
}

#[test]
fn weights_of_another_plan_are_refused() {
    let (draft, weights) = perceptron();
    let plan = Plan::new(draft.clone()).unwrap();
    let bytes = Weights::new(&plan, weights.clone()).unwrap().encode(&plan);
    assert_eq!(Weights::decode(&plan, &bytes).unwrap().tensor(WeightId(0)), weights[0]);
    let mut other = draft;
    other.output.labels.clear();
    let other = Plan::new(other).unwrap();
    assert!(matches!(Weights::decode(&other, &bytes), Err(WeightsDecodeError::OtherPlan { .. })));
    for length in 0..bytes.len() {
        assert!(Weights::decode(&plan, &bytes[..length]).is_err());
    }
    // A byte that is a value of eight bits, where four are declared.
    let mut wide = bytes.clone();
    wide[19 + 32] = 0x7f;
    assert!(matches!(
        Weights::decode(&plan, &wide),
        Err(WeightsDecodeError::Weights(WeightsError::OutOfRange { .. }))
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever one byte becomes: refused, or a plan that is written back as the same bytes.
    #[test]
    fn a_changed_byte_is_refused_or_another_plan(seed: u64, place: prop::sample::Index, value: u8) {
        let mut bytes = random(seed).plan().encode();
        let place = place.index(bytes.len());
        bytes[place] = value;
        if let Ok(plan) = Plan::decode(&bytes) {
            prop_assert_eq!(plan.encode(), bytes);
        }
    }
}
