//! Models of the plan's kinds, proved from the interpreter's trace: prove, then verify, for random models too.

#[path = "../../plan/tests/cases/mod.rs"]
mod cases;
mod slotted;

use alloy_primitives::B256;
use averment_kernels::Backend;
use averment_plan::*;
use averment_prover::{
    Engine, Setup, SlotCells,
    model::Committed,
    reference::{Conduct, Honest},
    registered,
};
use averment_verifier::{
    Key, Registered, VerifyError,
    descriptor::{
        Area, Commitments, DeriveError, Descriptor, LayoutError, LookupBlock, Options, ValidDescriptor,
    },
    field::Fr,
    proof::Proof,
    statement::{Mode, Statement},
    transcript::Transcript,
    verify,
};
use cases::*;

const MODES: [Mode; 2] = [Mode::Transparent, Mode::ZeroKnowledge];

fn random(seed: u64) -> impl FnMut() -> Fr {
    let mut numbers = Numbers(seed);
    move || averment_verifier::field::reduced(&alloy_primitives::keccak256(numbers.next().to_be_bytes()))
}

/// A run that was proved.
struct Proved {
    descriptor: ValidDescriptor,
    registered: Registered,
    statement: Statement,
    proof: Proof,
    key: Key,
}

impl Proved {
    fn new(model: &Model, inputs: &[Vec<i32>], batch: usize, options: Options) -> Self {
        Self::claiming(model, inputs, batch, options, |_| {})
    }

    /// Proves, from the start, that a run gave what `change` makes of its public values.
    fn claiming(
        model: &Model,
        inputs: &[Vec<i32>],
        batch: usize,
        options: Options,
        change: impl Fn(&mut Vec<i64>),
    ) -> Self {
        let options = Options { batch_bits: batch.next_power_of_two().trailing_zeros() as u8, ..options };
        let trace = registered::run(model, inputs, batch, &options).unwrap();
        let mode = options.mode;
        let chunk_bits = Descriptor::derive(model.plan(), options).unwrap().descriptor.layout.chunk_bits;
        let setup = Setup::development(chunk_bits);
        let committed = Committed::new(&setup, model, options, &mut random(1)).unwrap();
        let schema = B256::repeat_byte(7);
        let inputs = committed.inputs(&trace, batch, schema, &mut random(2)).unwrap();
        let registered = committed.registered(&inputs).unwrap();
        assert_eq!(registered.items() as usize, batch);
        let mut public = committed.public_values(model.plan(), &trace);
        change(&mut public);
        let statement = Statement { mode, public, ..registered.statement() };
        let proof =
            committed.prove_by_definition(&trace, &inputs, &registered, &statement, &mut random(3)).unwrap();
        for backend in Backend::available() {
            let engine = Engine::on(backend, &setup, chunk_bits).unwrap();
            let same =
                committed.prove(&engine, &trace, &inputs, &registered, &statement, &mut random(3)).unwrap();
            assert!(same.encode() == proof.encode(), "{backend:?} makes another proof");
        }
        let key = Key { setup: setup.digest(), tau: setup.tau() };
        Self { descriptor: committed.descriptor().clone(), registered, statement, proof, key }
    }

    fn verify(&self) -> Result<(), VerifyError> {
        verify(&self.descriptor, &self.key, &self.registered, &self.statement, &self.proof)
    }
}

fn check(model: &Model, batch: usize) {
    check_with(model, batch, Options::default());
}

/// An honest run is proved and accepted.
fn accepted(model: &Model, batch: usize, options: Options) {
    for mode in MODES {
        let inputs = random_inputs(model, batch, 5);
        let proved = Proved::new(model, &inputs, batch, Options { mode, ..options });
        assert_eq!(proved.verify(), Ok(()), "{mode:?}, {batch} items");
    }
}

/// An honest run is proved and accepted; the same prover gets nothing accepted that says another public value.
fn check_with(model: &Model, batch: usize, options: Options) {
    for mode in MODES {
        let inputs = random_inputs(model, batch, 5);
        let options = Options { mode, ..options };
        let proved = Proved::new(model, &inputs, batch, options);
        assert_eq!(proved.verify(), Ok(()), "{mode:?}");
        let last = proved.statement.public.len() - 1;
        for place in if last == 0 { vec![0] } else { vec![0, last] } {
            // Down where a decision is the last class: another class, not none.
            let by = if proved.statement.public[place] > 0 { -1 } else { 1 };
            let claim = |public: &mut Vec<i64>| public[place] += by;
            let refusal = Proved::claiming(model, &inputs, batch, options, claim).verify().unwrap_err();
            let expected = match mode {
                Mode::Transparent => VerifyError::Relations,
                Mode::ZeroKnowledge => VerifyError::Opening,
            };
            assert_eq!(refusal, expected, "{mode:?}: another public value {place}");
        }
    }
}

#[test]
fn a_perceptron_is_proved() {
    check(&dense_model(), 1);
}

/// However many slots the lookups are in, and with them kinds of lookups in one slot.
#[test]
fn every_number_of_slots_is_proved() {
    let mut proved = Vec::new();
    for slots in 1..=4 {
        let options = Options { slots: Some(slots), ..Options::default() };
        let Some(model) = slotted::filling(slots) else { continue };
        accepted(&model, 1, options);
        proved.push(slots);
    }
    assert_eq!(proved, [1, 2, 3, 4]);
    for slots in [0, 5] {
        let options = Options { slots: Some(slots), ..Options::default() };
        let refusal = Descriptor::derive(dense_model().plan(), options).map(drop);
        assert_eq!(refusal, Err(DeriveError::Slots));
    }
}

/// Puts something into a slot's areas where an input takes their place.
struct Replaced(Vec<LookupBlock>);

impl Conduct for Replaced {
    type Oracle = Transcript;

    fn oracle(&mut self) -> Transcript {
        Honest.oracle()
    }

    fn lookups(&mut self, slots: &mut [SlotCells]) {
        for block in self.0.iter().filter(|block| block.input.is_some()) {
            let SlotCells { ins, outs } = &mut slots[usize::from(block.slot)];
            for area in [ins, outs].into_iter().flatten() {
                area[block.row as usize..][..1 << block.bits].fill(123);
            }
        }
    }
}

/// Nobody reads what an area has where an input block takes its place: whatever it is, what is looked up is the input.
#[test]
fn what_an_input_takes_the_place_of_is_not_read() {
    let model = dense_model();
    for mode in MODES {
        let options = Options { slots: Some(1), mode, ..Options::default() };
        let inputs = random_inputs(&model, 1, 5);
        let Proved { descriptor, registered, statement, key, .. } = Proved::new(&model, &inputs, 1, options);
        assert!(descriptor.layout.sizes.areas == [Area::Functions]);
        let inputs: Vec<&[i32]> = inputs.iter().map(Vec::as_slice).collect();
        let trace = model.run(&inputs, 1).unwrap();
        let setup = Setup::development(descriptor.layout.chunk_bits);
        let committed = Committed::new(&setup, &model, options, &mut random(1)).unwrap();
        let inputs = committed.inputs(&trace, 1, B256::repeat_byte(7), &mut random(2)).unwrap();
        let mut conduct = Replaced(descriptor.lookups.clone());
        let proof = committed
            .prove_as(&mut conduct, &trace, &inputs, &registered, &statement, &mut random(3))
            .unwrap();
        assert_eq!(verify(&descriptor, &key, &registered, &statement, &proof), Ok(()), "{mode:?}");
    }
}

#[test]
fn a_batch_is_proved_at_once() {
    check(&dense_model(), 3);
}

#[test]
fn decisions_are_proved_without_their_scores() {
    let (draft, weights) = perceptron();
    assert_eq!(draft.output.kind, OutputKind::Argmax);
    let model = model(draft, weights);
    for batch in [1, 3] {
        check(&model, batch);
    }
    check_with(&model, 2, Options { public_inputs: true, ..Options::default() });
}

/// The margin that another decision would need is negative, and its limbs are those of another number.
#[test]
fn another_decision_is_not_proved() {
    let (draft, weights) = perceptron();
    let model = model(draft, weights);
    let inputs = random_inputs(&model, 1, 5);
    let inputs: Vec<&[i32]> = inputs.iter().map(Vec::as_slice).collect();
    for (mode, refusal) in
        [(Mode::Transparent, VerifyError::Relations), (Mode::ZeroKnowledge, VerifyError::Opening)]
    {
        let mut trace = model.run(&inputs, 1).unwrap();
        let setup = Setup::development(12);
        let options = Options { chunk_bits: Some(12), mode, ..Options::default() };
        let committed = Committed::new(&setup, &model, options, &mut random(1)).unwrap();
        let inputs = committed.inputs(&trace, 1, B256::ZERO, &mut random(2)).unwrap();
        let registered = committed.registered(&inputs).unwrap();
        let scores = &trace.steps[1].out;
        let (own, other) = (trace.decisions[0] as usize, 1 - trace.decisions[0] as usize);
        let margin = scores[other] - scores[own] - i32::from(own < other);
        assert!(margin < 0);
        (trace.margins[own], trace.margins[other]) = (margin, -i32::from(other < own));
        trace.decisions[0] = other as u32;
        let public = committed.public_values(model.plan(), &trace);
        let statement = Statement { mode, public, ..registered.statement() };
        let proof =
            committed.prove_by_definition(&trace, &inputs, &registered, &statement, &mut random(3)).unwrap();
        let verified = verify(committed.descriptor(), &setup.key(), &registered, &statement, &proof);
        assert_eq!(verified, Err(refusal));
    }
}

#[test]
fn inputs_may_be_public() {
    let (mut draft, weights) = perceptron();
    draft.output = values(2);
    let model = model(draft, weights);
    let options = Options { public_inputs: true, ..Options::default() };
    check_with(&model, 1, options);
    check_with(&model, 2, options);
    let wide = Options { batch_bits: 11, ..options };
    let refused = Descriptor::derive(model.plan(), wide).map(drop).unwrap_err();
    assert_eq!(refused, DeriveError::Public { bits: 13 });
}

/// Convolution with stride, padding and channels; depthwise convolution; max pooling; average; residual.
#[test]
fn a_convolutional_network_is_proved() {
    let conv = Product {
        sums: vec![2, 3, 3],
        form: vec![term(
            1,
            0,
            vec![
                Read::summed(0, 2),
                Read {
                    output: Some(Along { axis: 1, step: 1 }),
                    tap: Some(Along { axis: 1, step: 1 }),
                    pad: 1,
                    limit: 6,
                },
                Read {
                    output: Some(Along { axis: 2, step: 2 }),
                    tap: Some(Along { axis: 2, step: 1 }),
                    pad: 1,
                    limit: 6,
                },
            ],
        )],
        weight: WeightId(0),
        weight_axes: vec![0],
    };
    let depthwise = Product {
        sums: vec![2, 1],
        form: vec![term(
            1,
            1,
            vec![
                Read::along(0, 3),
                Read {
                    output: Some(Along { axis: 1, step: 1 }),
                    tap: Some(Along { axis: 0, step: 2 }),
                    pad: 0,
                    limit: 6,
                },
                Read {
                    output: Some(Along { axis: 2, step: 1 }),
                    tap: Some(Along { axis: 1, step: 1 }),
                    pad: 0,
                    limit: 3,
                },
            ],
        )],
        weight: WeightId(2),
        weight_axes: vec![0],
    };
    let strided = |offset: i32| {
        let row = Read { output: Some(Along { axis: 1, step: 2 }), tap: None, pad: -offset, limit: 4 };
        vec![term(1, 2, vec![Read::along(0, 3), row, Read::along(2, 3)])]
    };
    let affine = |products, bias| Operator::Affine { products, linear: vec![], bias };
    let bias = |weight| Some(Bias { weight: WeightId(weight), axes: vec![0], coefficient: 2 });
    let pooled = Operator::Affine {
        products: vec![],
        linear: vec![
            Linear {
                sums: vec![2, 3],
                form: vec![term(3, 3, vec![Read::along(0, 3), Read::summed(0, 2), Read::summed(1, 3)])],
            },
            Linear::of(vec![term(
                -1,
                2,
                vec![
                    Read::along(0, 3),
                    Read { output: None, tap: None, pad: -1, limit: 4 },
                    Read { output: None, tap: None, pad: 0, limit: 3 },
                ],
            )]),
        ],
        bias: None,
    };
    let draft = Draft {
        inputs: vec![input(&[2, 6, 6], 0, 3)],
        weights: vec![weight(&[3, 2, 3, 3], 3), weight(&[3], 4), weight(&[3, 2, 1], 3)],
        tables: vec![clamp(8, 0, 63), clamp(9, -256, 255)],
        steps: vec![
            step(&[3, 6, 3], affine(vec![conv], bias(1)), 2, 0),
            step(&[3, 4, 3], affine(vec![depthwise], None), 3, 1),
            step(&[3, 2, 3], Operator::Maximum { first: strided(0), second: strided(1) }, 0, 0),
            step(&[3], pooled, 4, 1),
        ],
        output: values(4),
    };
    let weights = fill(&draft, &mut Numbers(11));
    check(&model(draft, weights), 1);
}

/// In chunks that an item fills, or hardly; alone below the items, or with more chunks than there are items.
#[test]
fn a_batch_of_inputs_with_commitments_of_their_own_is_proved() {
    let (dense, two) = (dense_model(), two_inputs());
    for (model, batch, bits) in [
        (&dense, 2, Some(7)),
        (&dense, 9, Some(9)),
        (&two, 2, Some(6)),
        (&two, 3, Some(7)),
        (&two, 4, Some(9)),
    ] {
        let commitments = Commitments::Each;
        accepted(model, batch, Options { chunk_bits: bits, commitments, ..Options::default() });
    }
    check_with(&two, 3, Options { commitments: Commitments::Each, ..Options::default() });
    let options = Options { batch_bits: 1, commitments: Commitments::Each, ..Options::default() };
    let public = Options { public_inputs: true, ..options };
    let refused = Descriptor::derive(dense.plan(), public).map(drop).unwrap_err();
    assert_eq!(refused, DeriveError::PublicEach);
    let short = Options { chunk_bits: Some(5), ..options };
    let refused = Descriptor::derive(two.plan(), short).map(drop).unwrap_err();
    assert_eq!(refused, DeriveError::Layout(LayoutError::Items { got: 3, chunk_bits: 5 }));
}

#[test]
fn thresholds_are_proved_without_their_scores() {
    let (draft, weights) = above();
    let model = model(draft, weights);
    for batch in [1, 3] {
        check(&model, batch);
    }
    check_with(&model, 2, Options { public_inputs: true, ..Options::default() });
}

/// Values, the largest, what reaches a threshold: of random models.
#[test]
fn random_models_are_proved() {
    let (mut proved, mut refused) = ([0; 3], 0);
    let said = |seed| {
        let model = narrowed(&cases::random(seed))?;
        let ways = [Some(model.clone()), deciding(&model), comparing(&model)];
        Some(ways.into_iter().enumerate().filter_map(|(way, model)| Some((way, model?))).collect::<Vec<_>>())
    };
    for (way, model) in (0..60).filter_map(said).flatten() {
        if proved[way] == 3 {
            continue;
        }
        let options = Options { mode: Mode::Transparent, ..Options::default() };
        match Descriptor::derive(model.plan(), options) {
            // The reference prover takes its time.
            Ok(derived) if derived.descriptor.layout.address_bits() <= 12 => {
                check(&model, 1);
                if proved[way] == 0 {
                    let commitments = Commitments::Each;
                    accepted(&model, [2, 3, 4][way], Options { commitments, ..Options::default() });
                }
            }
            Ok(_) => continue,
            Err(_) => {
                refused += 1;
                continue;
            }
        }
        proved[way] += 1;
    }
    assert!(proved.iter().all(|count| *count == 3) && refused <= 12, "{proved:?} proved, {refused} refused");
}
