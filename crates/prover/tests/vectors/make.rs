//! How the vectors are made: models, their proofs, and the patches that attack them.

use super::{CHAIN, COUNT, Call, INPUTS, MODE, PARTS, SCHEMA, abi, cases::*, networks};
use alloy_primitives::{Address, B256, U256, hex, keccak256};
use ark_ec::AffineRepr;
use averment_plan::*;
use averment_prover::{
    Engine, Setup,
    model::{Committed, CommittedInputs},
    registered,
};
use averment_verifier::{
    Registered,
    descriptor::{Commitments, Descriptor, Options},
    field::Fr,
    point::{self, G1Affine},
    statement::{Mode, Statement},
};
use serde_json::{Value, json};

pub(super) fn random(seed: u64) -> impl FnMut() -> Fr {
    let mut numbers = Numbers(seed);
    move || averment_verifier::field::reduced(&keccak256(numbers.next().to_be_bytes()))
}

/// The models with their names. Of `argmax` a vector has three items, of the others one.
pub fn models() -> Vec<(&'static str, &'static str, Model)> {
    let mut models = vec![
        ("dense", "Two dense layers, 3-5-2, outputs public.", dense_model()),
        (
            "argmax",
            "Two dense layers, 3-5-3, three items: the decisions are public, the scores are not.",
            tied(),
        ),
        ("windows", "Convolution with stride and padding, maximum, sum: axes of every kind.", windows()),
    ];
    if super::writes_all() {
        models.extend(networks::all());
    }
    models
}

/// A model's run, committed to: what proofs are made from.
pub struct Made {
    pub(super) model: Model,
    pub(super) options: Options,
    pub(super) setup: Setup,
    pub(super) trace: Trace,
    /// How many of the run's items are real.
    pub(super) items: usize,
}

impl Made {
    /// A run on random inputs of so many items.
    pub fn new(model: Model, mode: Mode, items: usize) -> Self {
        Self::laid_out(model, Options { mode, ..Options::default() }, items)
    }

    /// The same in chunks of another size.
    pub fn laid_out(model: Model, options: Options, items: usize) -> Self {
        let batch_bits = items.next_power_of_two().trailing_zeros() as u8;
        let options = Options { batch_bits, ..options };
        let trace = registered::run(&model, &random_inputs(&model, items, 5), items, &options).unwrap();
        let descriptor = Descriptor::derive(model.plan(), options).unwrap().descriptor;
        let setup = Setup::development(descriptor.layout.chunk_bits);
        Self { model, options, setup, trace, items }
    }

    /// A batch of three items, each with a commitment of its own.
    pub fn separate(mode: Mode) -> Self {
        let commitments = Commitments::Each;
        Self::laid_out(two_inputs(), Options { mode, commitments, ..Options::default() }, 3)
    }

    /// What the contract is called with for a proof of a statement that is changed before it is proved.
    pub fn call(&self, change: impl Fn(&mut Statement)) -> Call {
        self.call_on(&self.trace, change)
    }

    /// The same of a run that need not have happened.
    fn call_on(&self, trace: &Trace, change: impl Fn(&mut Statement)) -> Call {
        let Self { model, options, setup, .. } = self;
        let committed = Committed::new(setup, model, *options, &mut random(1)).unwrap();
        let inputs = committed.inputs(trace, self.items, keccak256("schema"), &mut random(2)).unwrap();
        let registered = committed.registered(&inputs).unwrap();
        self.proved(&committed, trace, &inputs, &registered, change)
    }

    /// The same for commitments that need not be those of what is proved.
    pub(super) fn proved(
        &self,
        committed: &Committed<'_>,
        trace: &Trace,
        inputs: &CommittedInputs,
        registered: &Registered,
        change: impl Fn(&mut Statement),
    ) -> Call {
        let Self { model, options, setup, .. } = self;
        let word = |name: &str| keccak256(name);
        let mut statement = Statement {
            chain_id: CHAIN,
            contract: Address::from_word(word("consumer")),
            request: word("request"),
            beneficiary: Address::from_word(word("beneficiary")),
            version: word("version"),
            plan: word("plan"),
            public: committed.public_values(model.plan(), trace),
            seed: word("seed"),
            mode: options.mode,
            terms: word("terms"),
            ..registered.statement()
        };
        change(&mut statement);
        let random = &mut random(3);
        let proof = if self.items > 16 {
            // The same bytes, in less than days.
            let engine = Engine::new(setup, committed.descriptor().layout.chunk_bits).unwrap();
            committed.prove(&engine, trace, inputs, registered, &statement, random)
        } else {
            committed.prove_by_definition(trace, inputs, registered, &statement, random)
        };
        let proof = proof.unwrap();
        Call {
            tau: averment_verifier::setup::tau_words(&setup.tau()),
            setup: setup.digest(),
            parts: [
                committed.descriptor().bytes().to_vec(),
                abi(&statement),
                point::to_bytes(registered.committed()),
                proof.encode(),
                point::to_bytes(registered.tables()),
            ],
        }
    }
}

/// Decisions that are none, each with margins as good as they can be, and proved by the real prover.
pub fn false_decisions(made: &Made, call: &Call) -> Vec<Value> {
    let scores = &made.trace.steps[1].out;
    let cells = scores.len() / made.trace.decisions.len();
    // The first two are equal; the padding's would win.
    assert!((0..3).all(|item| {
        let own = &scores[item * cells..][..cells];
        own[0] == own[1] && own[..3].iter().all(|score| *score < own[3])
    }));
    assert_eq!(&made.trace.decisions[..3], [0, 0, 0], "class 2 is below");
    let mut cases = Vec::new();
    for (name, item, class) in [
        ("the second of two equal scores", 0, 1),
        ("the least of all scores", 0, 2),
        ("the least of all scores of another item", 1, 2),
        ("another class of an item that only fills the batch", 3, 2),
        ("a padding cell, which holds more than all scores", 0, 3),
        ("a padding cell of another item", 2, 3),
        ("a class behind the block", 0, 4),
        ("a class below 0", 0, -1),
        ("a class of 63 bits", 0, i64::MAX),
    ] {
        let mut trace = made.trace.clone();
        let own = &scores[item * cells..][..cells];
        let chosen = usize::try_from(class).ok().and_then(|class| own.get(class)).copied();
        for (place, score) in own[..3].iter().enumerate() {
            let margin = chosen.unwrap_or(own[0]) - score - i32::from((place as i64) < class);
            trace.margins[item * cells + place] = margin.max(0);
            // Of what the padding wins nothing is false but the class.
            assert!(class != 3 || margin >= 0);
        }
        let lie = made.call_on(&trace, |own| own.public[item] = class);
        let part = |part: usize| json!({ "part": PARTS[part], "at": 0, "bytes": hex::encode_prefixed(&lie.parts[part]) });
        assert_eq!(lie.parts[2], call.parts[2]);
        cases.push(json!({ "name": name, "count": 2, "patches": [part(1), part(3)] }));
    }
    cases
}

/// Points of tables that cannot be registered: `error` is `Tables` where there are too few or too many.
pub fn bad_tables(call: &Call) -> Vec<Value> {
    let own = &call.parts[4];
    let order = U256::from_str_radix(super::COORDINATES, 16).unwrap();
    let [x, y] = [0, 32].map(|at| U256::from_be_slice(&own[at..][..32]));
    let point = |x: U256, y: U256| [x.to_be_bytes::<32>(), y.to_be_bytes()].concat();
    let zero = U256::ZERO;
    let cases = [
        ("none", vec![]),
        ("half a point more", [&own[..], &[0; 32]].concat()),
        ("nothing more", [&own[..], &[0; 64]].concat()),
        ("twice", own.repeat(2)),
        ("x plus the coordinates' order", point(x + order, y)),
        ("y plus the coordinates' order", point(x, y + order)),
        ("another y", point(x, y ^ U256::from(1))),
        ("another x", point(x ^ U256::from(1), y)),
        ("x and y change places", point(y, x)),
        ("nothing, with the order for x", point(order, zero)),
        ("nothing, with the order for y", point(zero, order)),
        ("x is 0", point(zero, y)),
        ("y is 0", point(x, zero)),
        ("as large as words are", vec![0xff; 64]),
    ];
    let case = |(name, bytes): (&str, Vec<u8>)| {
        let patch =
            json!({ "part": "tables", "length": bytes.len(), "at": 0, "bytes": hex::encode_prefixed(bytes) });
        json!({ "name": name, "count": 1, "patches": [patch] })
    };
    cases.map(case).into()
}

/// A change of a statement, and what it is.
type Change = (&'static str, fn(&mut Statement));

/// Statements that name what the points are not; each is proved by the real prover.
const FALSE_NAMES: &[Change] = &[
    ("a proof for other weights than its points", |own| own.weights = keccak256("weights")),
    ("a proof for another schema than the inputs'", |own| own.schema = keccak256("another schema")),
    ("a proof for other inputs than its points", |own| own.inputs = keccak256("inputs")),
    ("a proof for another number of items", |own| own.items = 2),
    ("a proof for no items", |own| own.items = 0),
];

/// The name of a call's commitment to inputs if it said that it is to so many items (docs/formats.md, Commitments).
fn inputs_name(call: &Call, items: u32) -> B256 {
    let layout = Descriptor::decode(&call.parts[0]).unwrap().layout;
    let sizes = &layout.sizes.inputs;
    let name = |items: u32| {
        let head =
            [b"averment-input-commitment/1\n", &call.parts[1][SCHEMA * 32..][..32], &items.to_be_bytes()]
                .concat();
        let blocks = [&[layout.chunk_bits][..], &(sizes.len() as u32).to_be_bytes(), sizes].concat();
        keccak256(
            [&head, call.setup.as_slice(), &blocks, &call.parts[2][layout.weights.len() * 64..]].concat(),
        )
    };
    assert_eq!(name(1).as_slice(), &call.parts[1][INPUTS * 32..][..32]);
    name(items)
}

/// Patches that must each be refused.
pub fn attacks(made: &Made, call: &Call) -> Vec<Value> {
    let mut cases = Vec::new();
    let mut add = |name: String, patches: Vec<Value>| {
        cases.push(json!({ "name": name, "count": patches.len(), "patches": patches }))
    };
    let write = |part: usize, at: usize, bytes: &[u8]| {
        let bytes = hex::encode_prefixed(bytes);
        json!({ "part": PARTS[part], "at": at, "bytes": bytes })
    };
    let cut = |part: usize, length: usize| json!({ "part": PARTS[part], "length": length });
    let flipped = |part: usize, at: usize| {
        let byte = call.parts[part][at] ^ 1;
        write(part, at, &[byte])
    };
    let words = |part: usize| call.parts[part].len() / 32;
    let order = B256::from(
        U256::from_be_bytes(averment_verifier::field::to_word(&-Fr::from(1_u64)).0) + U256::from(1),
    );
    for place in 0..words(3) {
        add(format!("word {place} of the proof, one bit"), vec![flipped(3, place * 32 + 31)]);
    }
    for place in 0..words(3) {
        add(
            format!("word {place} of the proof is the field's order"),
            vec![write(3, place * 32, order.as_slice())],
        );
        // The same residue, not canonical; for points another coordinate.
        let value = U256::from_be_bytes(B256::from_slice(&call.parts[3][place * 32..][..32]).0);
        let more = B256::from(value.wrapping_add(U256::from_be_bytes(order.0)));
        add(
            format!("word {place} of the proof plus the field's order"),
            vec![write(3, place * 32, more.as_slice())],
        );
    }
    for place in 0..words(2) {
        add(format!("word {place} of the registered points, one bit"), vec![flipped(2, place * 32 + 31)]);
    }
    // Registered by another digest, with a point that is one.
    for (what, point) in [
        ("nothing", [0; 64].to_vec()),
        ("the generator", point::to_bytes([&G1Affine::generator()])),
        ("a commitment to weights", call.parts[2][..64].to_vec()),
    ] {
        add(format!("the point of a table is {what}"), vec![write(4, 0, &point)]);
    }
    for (what, weights) in [("in place of the first one", 0), ("behind them", call.parts[2].len())] {
        let patches = vec![
            cut(2, call.parts[2].len() + 64 * usize::from(weights > 0)),
            write(2, weights, &call.parts[4][..64]),
        ];
        add(format!("the point of a table is given with the others, {what}"), patches);
    }
    for place in 1..words(1) {
        // The mode, the list's place and its length are the call's structure.
        if ![MODE, super::PUBLIC, COUNT].contains(&place) {
            add(format!("word {place} of the statement, one bit"), vec![flipped(1, place * 32 + 31)]);
        }
    }
    let mode = call.parts[1][MODE * 32 + 31] ^ 1;
    add("the other mode".into(), vec![write(1, MODE * 32 + 31, &[mode])]);
    let fewer = (words(1) - COUNT - 2) as u8;
    add(
        "a public value less".into(),
        vec![cut(1, call.parts[1].len() - 32), write(1, COUNT * 32 + 31, &[fewer])],
    );
    add(
        "a public value more".into(),
        vec![cut(1, call.parts[1].len() + 32), write(1, COUNT * 32 + 31, &[fewer + 2])],
    );
    for (name, change) in FALSE_NAMES {
        let own = made.call(change);
        add((*name).into(), vec![write(1, 0, &own.parts[1]), write(3, 0, &own.parts[3])]);
    }
    for items in [0, 65_537] {
        let own = made.call(|own| (own.items, own.inputs) = (items, inputs_name(call, items)));
        let name = format!("a commitment to {items} items, as it is named");
        add(name, vec![write(1, 0, &own.parts[1]), write(3, 0, &own.parts[3])]);
    }
    for (part, name) in [(3, "proof"), (2, "points")] {
        let length = call.parts[part].len();
        for length in [0, 32, length - 64, length - 32, length - 1, length + 1, length + 32, length + 64] {
            add(format!("{name} of {length} bytes"), vec![cut(part, length)]);
        }
    }
    let swapped = |part: usize| {
        let bytes = &call.parts[part];
        vec![write(part, 0, &bytes[64..128]), write(part, 64, &bytes[..64])]
    };
    add("two commitments of the proof change places".into(), swapped(3));
    add("two registered commitments change places".into(), swapped(2));
    add("a registered commitment is nothing".into(), vec![write(2, 0, &[0; 64])]);
    add("everything of the proof is zero".into(), vec![write(3, 0, &vec![0; call.parts[3].len()])]);
    cases
}
