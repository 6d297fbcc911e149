//! From a ceremony's file, a registered model and an input that was committed to before, to a proof: by what is on disk.

#[path = "../../plan/tests/cases/mod.rs"]
mod cases;

use alloy_primitives::B256;
use averment_plan::*;
use averment_primitives::Salt;
use averment_prover::{
    Engine, Setup,
    model::Committed,
    registered::{CommitError, InputOpening, OpenedInputs, WeightsSecret},
    setup::{Origin, Store},
};
use averment_verifier::{
    VerifyError,
    commitment::{InputCommitment, WeightsCommitment},
    descriptor::{Commitments, Descriptor, Options},
    field::Fr,
    statement::{Mode, Statement},
    verify,
};
use cases::*;
use std::path::Path;

const ITEMS: u32 = 3;
const OPTIONS: Options = Options {
    slots: None,
    chunk_bits: Some(8),
    batch_bits: 2,
    mode: Mode::ZeroKnowledge,
    public_inputs: false,
    commitments: Commitments::Joint,
};

fn random(seed: u64) -> impl FnMut() -> Fr {
    let mut numbers = Numbers(seed);
    move || averment_verifier::field::reduced(&alloy_primitives::keccak256(numbers.next().to_be_bytes()))
}

fn salt(byte: u8) -> Salt {
    Salt::from_random([byte; 32])
}

/// Checked once, then read as it was kept.
fn ceremony(folder: &Path) -> Setup {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/ptau/pot8.ptau");
    let store = Store::new(folder.join("setups"));
    let origin = Origin::File(file.into());
    let checked = store.open(&origin, 8, &mut random(1)).unwrap();
    let kept = store.open(&origin, 8, &mut || panic!("nothing to check")).unwrap();
    assert_eq!(checked.powers(), kept.powers());
    kept.production(&[checked.digest()]).unwrap();
    kept
}

fn model() -> Model {
    let (mut draft, weights) = perceptron();
    draft.output = values(2);
    let plan = Plan::new(draft).unwrap();
    let weights = Weights::new(&plan, weights).unwrap();
    Model::new(plan, weights).unwrap()
}

/// The same plan with another weight.
fn other_model() -> Model {
    let (mut draft, mut weights) = perceptron();
    draft.output = values(2);
    let cell = &mut weights[0][0];
    *cell -= cell.signum() | 1;
    let plan = Plan::new(draft).unwrap();
    let weights = Weights::new(&plan, weights).unwrap();
    Model::new(plan, weights).unwrap()
}

/// Everything that lies on disk.
struct Case {
    setup: Setup,
    schema: Schema,
    input: InputCommitment,
    opening: InputOpening,
    weights: WeightsCommitment,
    secret: WeightsSecret,
}

impl Case {
    fn new(folder: &Path) -> Self {
        let setup = ceremony(folder);
        // The input first: there is no model yet.
        let inputs = model().plan().inputs().to_vec();
        let schema = Schema::new(inputs, 8, B256::repeat_byte(5)).unwrap();
        let tensors = random_inputs(&model(), ITEMS as usize, 5);
        let (input, opening) = InputOpening::commit(&setup, &schema, ITEMS, tensors, Some(salt(1))).unwrap();
        opening.write(&folder.join("input.opening")).unwrap();
        let (weights, secret) = Committed::register(&setup, &model(), OPTIONS, Some(&salt(2))).unwrap();
        secret.unwrap().write(&folder.join("weights.salt")).unwrap();

        let schema = Schema::decode(&schema.encode()).unwrap();
        let input = InputCommitment::decode(&input.encode()).unwrap();
        let weights = WeightsCommitment::decode(&weights.encode()).unwrap();
        let opening = InputOpening::read(&folder.join("input.opening"), &input, &schema).unwrap();
        let secret = WeightsSecret::read(&folder.join("weights.salt"), &weights).unwrap();
        Self { setup, schema, input, opening, weights, secret }
    }

    /// Proves with these weights, salts and inputs against what was registered.
    fn prove(&self, model: &Model, salt: &Salt, opening: &InputOpening) -> Result<(), VerifyError> {
        let Self { setup, schema, input, weights, .. } = self;
        let committed = Committed::open(setup, model, OPTIONS, weights, Some(salt)).unwrap();
        let opened = OpenedInputs::new(vec![(input.clone(), opening.clone())]).unwrap();
        let inputs = committed.open_inputs(model.plan(), schema, &opened).unwrap();
        let registered = committed.registered(&inputs).unwrap();
        let points = weights.chunked().points().iter().chain(input.chunked().points());
        assert!(registered.committed().eq(points));
        let trace = opened.run(model, &OPTIONS).unwrap();
        let statement = Statement {
            plan: model.plan().digest(),
            public: committed.public_values(model.plan(), &trace),
            ..registered.statement()
        };
        let engine = Engine::new(setup, 8).unwrap();
        let proof =
            committed.prove(&engine, &trace, &inputs, &registered, &statement, &mut random(3)).unwrap();
        verify(committed.descriptor(), &setup.key(), &registered, &statement, &proof)
    }
}

#[test]
fn what_was_registered_is_proved_from_disk() {
    let folder = tempfile::tempdir().unwrap();
    let case = Case::new(folder.path());
    assert_eq!(case.prove(&model(), case.secret.salt(), &case.opening), Ok(()));
    let blocks = case.weights.chunked().blocks().sizes();
    let descriptor = Descriptor::derive(model().plan(), OPTIONS).unwrap().descriptor;
    assert_eq!(blocks, descriptor.layout.sizes.weights);
}

#[test]
fn other_weights_salts_and_inputs_prove_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let case = Case::new(folder.path());
    let opening = Err(VerifyError::Opening);
    assert_eq!(case.prove(&other_model(), case.secret.salt(), &case.opening), opening, "other weights");
    assert_eq!(case.prove(&model(), &salt(9), &case.opening), opening, "another salt of the weights");
    let commit = |tensors, byte| {
        InputOpening::commit(&case.setup, &case.schema, ITEMS, tensors, Some(salt(byte))).unwrap().1
    };
    let other = commit(random_inputs(&model(), ITEMS as usize, 6), 1);
    assert_eq!(case.prove(&model(), case.secret.salt(), &other), opening, "another input");
    let other = commit(case.opening.tensors().to_vec(), 9);
    assert_eq!(case.prove(&model(), case.secret.salt(), &other), opening, "another salt of the input");
}

#[test]
fn what_does_not_belong_together_is_refused_before_any_work() {
    let folder = tempfile::tempdir().unwrap();
    let case = Case::new(folder.path());
    let Case { setup, schema, input, opening, weights, .. } = &case;
    let open = |setup: &Setup, options| {
        Committed::open(setup, &model(), options, weights, Some(&salt(2))).map(drop).unwrap_err()
    };
    let development = Setup::development(8);
    assert_eq!(open(&development, OPTIONS), CommitError::Other { what: "a setup" });
    let larger = Options { chunk_bits: Some(9), ..OPTIONS };
    assert_eq!(open(setup, larger), CommitError::Other { what: "a chunk size" });

    let inputs = |options, schema: &Schema, plan: &Plan| {
        let (weights, _) = Committed::register(setup, &model(), options, None).unwrap();
        let committed = Committed::open(setup, &model(), options, &weights, None).unwrap();
        let opened = OpenedInputs::new(vec![(input.clone(), opening.clone())]).unwrap();
        committed.open_inputs(plan, schema, &opened).map(drop).unwrap_err()
    };
    let plan = model().plan().clone();
    let smaller = Options { chunk_bits: Some(7), ..OPTIONS };
    assert_eq!(inputs(smaller, schema, &plan), CommitError::Other { what: "a chunk size" });
    let single = Options { batch_bits: 0, ..OPTIONS };
    assert_eq!(inputs(single, schema, &plan), CommitError::Other { what: "a batch" });
    let mut other = plan.inputs().to_vec();
    other[0].scales.exponents[0] += 1;
    let other = Schema::new(other, 8, B256::ZERO).unwrap();
    let scales = SchemaError::OtherPlan { input: 0, what: "scales" };
    assert_eq!(inputs(OPTIONS, &other, &plan), CommitError::Schema(scales));
    // The same inputs, made by other code: another schema.
    let code = Schema::new(schema.inputs().to_vec(), 8, B256::ZERO).unwrap();
    assert_eq!(inputs(OPTIONS, &code, &plan), CommitError::Other { what: "a schema" });
}
