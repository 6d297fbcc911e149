//! A batch whose items were committed to one by one, before there was a batch: what is proved of it, and the attacks.

#[path = "../../plan/tests/cases/mod.rs"]
mod cases;

use alloy_primitives::B256;
use averment_plan::*;
use averment_primitives::Salt;
use averment_prover::{
    Engine, Setup,
    model::{Committed, CommittedInputs},
    registered::{CommitError, InputOpening, OpenedInputs},
};
use averment_verifier::{
    Registered, RegisteredError, VerifyError,
    commitment::{Chunked, CommitmentError, InputCommitment, Inputs, batch_identity},
    descriptor::{Blocks, Commitments, DescriptorError, InvalidDescriptor, Options},
    field::Fr,
    proof::Proof,
    statement::{Mode, Statement},
    verify,
};
use cases::*;

const BITS: u8 = 9;
const OPTIONS: Options = Options {
    slots: None,
    chunk_bits: Some(BITS),
    batch_bits: 2,
    mode: Mode::ZeroKnowledge,
    public_inputs: false,
    commitments: Commitments::Each,
};

fn random(seed: u64) -> impl FnMut() -> Fr {
    let mut numbers = Numbers(seed);
    move || averment_verifier::field::reduced(&alloy_primitives::keccak256(numbers.next().to_be_bytes()))
}

type Item = (InputCommitment, InputOpening);

struct Case {
    setup: Setup,
    model: Model,
    schema: Schema,
}

impl Case {
    fn new() -> Self {
        let model = two_inputs();
        let schema = Schema::new(model.plan().inputs().to_vec(), BITS, B256::repeat_byte(5)).unwrap();
        Self { setup: Setup::development(BITS), model, schema }
    }

    /// Somebody commits to an item.
    fn item(&self, seed: u64) -> Item {
        let tensors = random_inputs(&self.model, 1, seed);
        let salt = Some(Salt::from_random([seed as u8; 32]));
        InputOpening::commit(&self.setup, &self.schema, 1, tensors, salt).unwrap()
    }

    fn committed(&self, options: Options) -> Committed<'_> {
        Committed::new(&self.setup, &self.model, options, &mut random(1)).unwrap()
    }

    /// Proves the run of `run`, with the chunks of `opened`, for the commitments of `named`.
    fn prove(&self, run: &[Item], opened: &[Item], named: &[Item]) -> (Registered, Statement, Proof) {
        let committed = self.committed(OPTIONS);
        let plan = self.model.plan();
        let inputs = self.opened(&committed, opened);
        let trace = OpenedInputs::new(run.to_vec()).unwrap().run(&self.model, &OPTIONS).unwrap();
        let registered = self.registered(&committed, named);
        let public = committed.public_values(plan, &trace);
        let statement = Statement { public, ..registered.statement() };
        let engine = Engine::new(&self.setup, BITS).unwrap();
        let proof =
            committed.prove(&engine, &trace, &inputs, &registered, &statement, &mut random(3)).unwrap();
        (registered, statement, proof)
    }

    fn registered(&self, committed: &Committed<'_>, named: &[Item]) -> Registered {
        committed.registered(&self.opened(committed, named)).unwrap()
    }

    fn opened(&self, committed: &Committed<'_>, items: &[Item]) -> CommittedInputs {
        let opened = OpenedInputs::new(items.to_vec()).unwrap();
        committed.open_inputs(self.model.plan(), &self.schema, &opened).unwrap()
    }

    fn verify(
        &self,
        (registered, statement, proof): &(Registered, Statement, Proof),
    ) -> Result<(), VerifyError> {
        let committed = self.committed(OPTIONS);
        verify(committed.descriptor(), &self.setup.key(), registered, statement, proof)
    }
}

#[test]
fn items_that_were_committed_to_by_themselves_are_proved_together() {
    let case = Case::new();
    let items = [case.item(1), case.item(2), case.item(3)];
    let proved = case.prove(&items, &items, &items);
    assert_eq!(case.verify(&proved), Ok(()));
    let (registered, statement, _) = &proved;
    assert_eq!((statement.items, statement.schema), (3, case.schema.digest()));
    assert_eq!(statement.inputs, batch_identity(items.iter().map(|(own, _)| own.identity())));
    assert_eq!(statement.public.len(), 4);
    assert_eq!(statement.public[2], statement.public[3], "the last item fills the batch");
    let points: Vec<_> = items.iter().flat_map(|(own, _)| own.chunked().points()).copied().collect();
    let committed: Vec<_> = registered.committed().copied().collect();
    assert!(committed.ends_with(&points), "a point an item");
    // One and the same item may be there twice; a batch may be full, or of one item.
    for places in [&[0, 1, 0][..], &[0, 1, 2, 2], &[1]] {
        let items: Vec<Item> = places.iter().map(|place| items[*place].clone()).collect();
        assert_eq!(case.verify(&case.prove(&items, &items, &items)), Ok(()), "{places:?}");
    }
}

/// The real prover, on what is not so.
#[test]
fn other_items_than_the_committed_ones_prove_nothing() {
    let case = Case::new();
    let [a, b, c, d] = [1, 2, 3, 4].map(|seed| case.item(seed));
    let items = [a.clone(), b.clone(), c.clone()];
    let swapped = [b.clone(), a.clone(), c.clone()];
    let replaced = [a.clone(), d.clone(), c.clone()];
    let padded = [a.clone(), b.clone(), c.clone(), d.clone()];
    // Equal cells behind another blind.
    let tensors = b.1.tensors().to_vec();
    let salt = Some(Salt::from_random([99; 32]));
    let blind = InputOpening::commit(&case.setup, &case.schema, 1, tensors, salt).unwrap();
    let blinded = [a.clone(), blind, c.clone()];
    for (name, run, opened, named) in [
        ("two items changed places in the commitments", &items[..], &items[..], &swapped[..]),
        ("an item's commitment is another's", &items, &items, &replaced),
        ("an item's cells are not the committed ones", &replaced, &replaced, &items),
        ("two items changed places in the run", &swapped, &swapped, &items),
        ("the run is of other cells than the chunks", &swapped, &items, &items),
        ("the batch is filled with an item that nobody committed to", &padded, &padded, &items),
        ("the batch is run with one but filled with the last", &padded, &items, &items),
        ("the same cells behind another blind", &items, &blinded, &items),
    ] {
        assert_eq!(case.verify(&case.prove(run, opened, named)), Err(VerifyError::Opening), "{name}");
    }
}

#[test]
fn a_statement_names_just_the_items_of_the_batch() {
    let case = Case::new();
    let items = [case.item(1), case.item(2), case.item(3)];
    let (registered, statement, proof) = case.prove(&items, &items, &items);
    let refused = |change: &dyn Fn(&mut Statement)| {
        let mut statement = statement.clone();
        change(&mut statement);
        case.verify(&(registered.clone(), statement, proof.clone())).unwrap_err()
    };
    for got in [0, 1, 2, 4] {
        assert_eq!(refused(&|own| own.items = got), VerifyError::Items { expected: 3, got });
    }
    let expected = statement.inputs;
    let identities = || items.iter().map(|(own, _)| own.identity());
    let first = items[0].0.identity();
    for got in [
        first,
        batch_identity(identities().rev()),
        batch_identity(identities().take(2)),
        batch_identity([identities().collect(), vec![items[2].0.identity()]].concat().into_iter()),
    ] {
        assert_eq!(refused(&|own| own.inputs = got), VerifyError::Inputs { expected, got });
    }
    // With the padding item named the statement is another one, and so is the transcript.
    let full = [&items[..], &items[2..]].concat();
    let committed = case.committed(OPTIONS);
    let other = case.registered(&committed, &full);
    let named = Statement { public: statement.public.clone(), ..other.statement() };
    assert_eq!(case.verify(&(other, named, proof)), Err(VerifyError::Opening));
}

#[test]
fn joint_and_separate_commitments_are_not_taken_for_each_other() {
    let case = Case::new();
    let items = [case.item(1), case.item(2)];
    let singles: Vec<InputCommitment> = items.iter().map(|(own, _)| own.clone()).collect();
    let two = random_inputs(&case.model, 2, 7);
    let (joint, opening) = InputOpening::commit(&case.setup, &case.schema, 2, two, None).unwrap();
    let (each, together) = (
        Options { batch_bits: 1, ..OPTIONS },
        Options { batch_bits: 1, commitments: Commitments::Joint, ..OPTIONS },
    );
    let (each, together) = (case.committed(each), case.committed(together));
    assert_ne!(each.descriptor().encode(), together.descriptor().encode());
    let held = |committed: &Committed<'_>, inputs: Vec<InputCommitment>| {
        let inputs = (!inputs.is_empty()).then(|| Inputs::new(inputs).unwrap());
        let count = committed.descriptor().layout.tables.len();
        let tables = vec![Default::default(); count];
        Registered::new(committed.descriptor(), committed.commitment(), &tables, inputs.as_ref())
            .map(drop)
            .unwrap_err()
    };
    let blocks = |expected: &[u8], got: &[u8]| RegisteredError::Blocks {
        role: "inputs",
        expected: expected.to_vec(),
        got: got.to_vec(),
    };
    assert_eq!(held(&each, vec![joint.clone()]), blocks(&[6, 2], &[7, 3]));
    assert_eq!(held(&together, singles[..1].to_vec()), blocks(&[7, 3], &[6, 2]));
    assert_eq!(held(&together, singles.clone()), RegisteredError::Inputs { least: 1, most: 1, got: 2 });
    for got in [0, 3] {
        let inputs = vec![singles[0].clone(); got];
        assert_eq!(held(&each, inputs), RegisteredError::Inputs { least: 1, most: 2, got });
    }
    // A commitment that says it is to two items, in the blocks of one.
    let odd = InputCommitment::new(case.schema.digest(), 2, singles[1].chunked().clone()).unwrap();
    assert_eq!(held(&each, vec![odd]), RegisteredError::Joint { got: 2 });
    // The same cells in chunks of another size.
    let chunked = singles[0].chunked();
    let larger = Blocks::new(BITS + 1, chunked.blocks().sizes().to_vec()).unwrap();
    let larger = Chunked::new(chunked.setup(), larger, chunked.points().to_vec()).unwrap();
    let larger = InputCommitment::new(case.schema.digest(), 1, larger).unwrap();
    let refused = RegisteredError::ChunkBits { role: "inputs", expected: BITS, got: BITS + 1 };
    assert_eq!(held(&each, vec![singles[0].clone(), larger]), refused);

    let plan = case.model.plan();
    let open = |committed: &Committed<'_>, schema: &Schema, items: &[Item]| {
        let opened = OpenedInputs::new(items.to_vec()).unwrap();
        committed.open_inputs(plan, schema, &opened).map(drop).unwrap_err()
    };
    let three = vec![items[0].clone(); 3];
    assert_eq!(open(&each, &case.schema, &three), CommitError::Items { most: 2, got: 3 });
    assert_eq!(open(&together, &case.schema, &items), CommitError::Items { most: 1, got: 2 });
    let joint = (joint, opening);
    assert_eq!(
        open(&each, &case.schema, std::slice::from_ref(&joint)),
        CommitError::Other { what: "a batch" }
    );
    let schema = Schema::new(plan.inputs().to_vec(), BITS + 1, B256::ZERO).unwrap();
    assert_eq!(open(&each, &schema, &items), CommitError::Other { what: "a chunk size" });
    assert_eq!(OpenedInputs::new(vec![]).unwrap_err(), CommitmentError::Items { got: 0 });
    let mixed = vec![items[0].clone(), joint];
    assert_eq!(OpenedInputs::new(mixed).unwrap_err(), CommitmentError::NotSingle { place: 1, got: 2 });
}

/// The number of items is read from how many chunks the inputs have: any other than a power of two times an item's is none.
#[test]
fn the_descriptor_says_how_many_items_there_are() {
    let case = Case::new();
    let committed = case.committed(OPTIONS);
    let descriptor = committed.descriptor();
    let bytes = descriptor.encode().unwrap();
    let read = averment_verifier::descriptor::Descriptor::decode(&bytes).unwrap();
    assert_eq!((&read, read.layout.sizes.item_bits, read.layout.inputs.len()), (&**descriptor, 2, 4));
    assert!(read.layout.inputs.start >= read.layout.witness2.end, "items come last");
    const CHUNKS: usize = 64 + 2 * 4 + 2;
    for chunks in [0_u16, 1, 2, 3, 5, 8, 255, u16::MAX] {
        let mut changed = bytes.clone();
        changed[CHUNKS..CHUNKS + 2].copy_from_slice(&chunks.to_be_bytes());
        match averment_verifier::descriptor::Descriptor::decode(&changed) {
            // Another batch, which the lookups are not of.
            Ok(other) => assert_eq!(other.validate(), Err(InvalidDescriptor::LookupInput { lookup: 3 })),
            Err(DescriptorError::NotCanonical { .. } | DescriptorError::Layout(_)) => {}
            Err(other) => panic!("{chunks}: {other}"),
        }
    }
}
