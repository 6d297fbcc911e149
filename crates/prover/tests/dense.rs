//! One dense layer, descriptor written by hand: proved and verified in both modes, and refused when anything is off.

use alloy_primitives::B256;
use averment_prover::{Assignment, Commitment, LookupError, ProveError, Setup, SlotCells, reference};
use averment_verifier::{
    Key, Registered, RegisteredError, VerifyError,
    commitment::{Chunked, InputCommitment, Inputs, WeightsCommitment},
    descriptor::{
        Area, Axis, Blocks, Coefficient, Constant, Descriptor, Kind, Layout, LookupBlock, Product, Relation,
        Sizes, Table, Term, ValidDescriptor,
    },
    field::Fr,
    point::G1Affine,
    proof::Proof,
    statement::{Mode, Statement},
    verify,
};

const FUNCTION: u32 = 1;
const LOW: u32 = 3;
const INPUT: u32 = 2;

fn one(mantissa: i64, shift: u8) -> Coefficient {
    Coefficient { mantissa, shift }
}

/// `out = relu((W x + b) / 8)`, 8 inputs of 4 bits, 4 outputs.
fn descriptor(masked: bool) -> ValidDescriptor {
    let mut sizes = Sizes {
        chunk_bits: 9,
        weights: vec![5, 2],
        inputs: vec![3],
        item_bits: 0,
        function_bits: Some(8),
        table_bits: 9,
        slot_bits: 3,
        areas: vec![Area::Functions, Area::Ranges, Area::Inputs],
        mask_bits: masked.then_some(0),
        vectors: false,
    };
    let build = |layout: Layout| {
        let [weights, bias] = layout.weight_blocks[..] else { panic!() };
        let input = layout.input_blocks[0];
        let (high, low) = (layout.slots[0].0.unwrap(), layout.slots[1].0.unwrap());
        let outputs = Axis::Point { at: 0, bits: 2 };
        let inner = Axis::Sum { at: 0, bits: 3 };
        let term = |coefficient, base| Term { coefficient, base, axes: vec![outputs] };
        let relation = Relation {
            point_bits: 2,
            products: vec![Product {
                vars: 3,
                grouped: 0,
                group_point: 0,
                a: vec![Term { coefficient: one(1, 0), base: input, axes: vec![inner] }],
                b: vec![Term { coefficient: one(1, 0), base: weights, axes: vec![inner, outputs] }],
            }],
            terms: vec![term(one(1, 0), bias), term(one(-1, 3), high), term(one(-1, 0), low)],
            constant: Constant::Number(one(1, 2)),
        };
        Descriptor {
            kind: Kind::Decision,
            layout,
            weight_bits: vec![4, 5],
            row_bits: vec![],
            tables: vec![
                Table { tag: FUNCTION, row: 0, bits: 8, first: -128, function: true, out_bits: 8 },
                Table { tag: INPUT, row: 256, bits: 4, first: -8, function: false, out_bits: 0 },
                Table { tag: LOW, row: 272, bits: 3, first: 0, function: false, out_bits: 0 },
            ],
            lookups: vec![
                LookupBlock { slot: 0, row: 0, bits: 2, tag: FUNCTION, input: None },
                LookupBlock { slot: 1, row: 0, bits: 2, tag: LOW, input: None },
                LookupBlock { slot: 2, row: 0, bits: 3, tag: INPUT, input: Some(input) },
            ],
            relations: vec![relation],
        }
    };
    let draft = build(Layout::new(&sizes).unwrap());
    if masked {
        let cells = averment_verifier::claims::mask_cells(draft.operands(), &draft.degrees(true));
        sizes.mask_bits = Some(cells.next_power_of_two().trailing_zeros() as u8);
    }
    build(Layout::new(&sizes).unwrap()).validate().unwrap()
}

struct Case {
    descriptor: ValidDescriptor,
    setup: Setup,
    weights: Vec<Commitment>,
    tables: Vec<Commitment>,
    inputs: Vec<Commitment>,
    outs: Vec<i64>,
    input: Vec<i64>,
    slots: Vec<SlotCells>,
    statement: Statement,
    seed: u64,
}

/// A stream of field elements; tests need no secrecy.
fn random(seed: &mut u64) -> impl FnMut() -> Fr + '_ {
    move || {
        *seed += 1;
        averment_verifier::field::reduced(&alloy_primitives::keccak256(seed.to_be_bytes()))
    }
}

impl Case {
    fn new(mode: Mode) -> Self {
        let descriptor = descriptor(mode.masked());
        let layout = &descriptor.layout;
        let setup = Setup::development(layout.chunk_bits);
        let mut seed = 1;
        let weight = |k: i64, o: i64| (k * 7 + o * 5) % 15 - 7;
        let (bias, input) = ([3, -4, 0, 9], vec![1, -8, 7, 0, 3, -2, 5, 6]);
        let outs: Vec<i64> = (-128..128).map(|value: i64| value.max(0)).collect();

        let size = 1 << layout.chunk_bits;
        let mut cells = vec![Fr::from(0_u64); size];
        for o in 0..4 {
            for k in 0..8 {
                cells[(layout.weight_blocks[0] + k + 8 * o) as usize] = Fr::from(weight(k as i64, o as i64));
            }
            cells[(layout.weight_blocks[1] + o) as usize] = Fr::from(bias[o as usize]);
        }
        let mut blind = || if mode.masked() { random(&mut seed)() } else { Fr::from(0_u64) };
        let weights = vec![setup.chunk(cells, blind())];
        let padded = |cells: &[i64]| {
            let mut chunk: Vec<Fr> = cells.iter().map(|cell| Fr::from(*cell)).collect();
            chunk.resize(size, Fr::from(0_u64));
            chunk
        };
        let tables = vec![setup.chunk(padded(&outs), Fr::from(0_u64))];
        let inputs = vec![setup.chunk(padded(&input), blind())];

        let mut slots = vec![SlotCells::default(); 3];
        let (mut high, mut low, mut out) = (vec![0; 8], vec![0; 8], vec![0; 8]);
        for o in 0..4 {
            let acc: i64 = (0..8).map(|k| input[k] * weight(k as i64, o as i64)).sum::<i64>() + bias[o];
            (high[o], low[o]) = ((acc + 4).div_euclid(8), (acc + 4).rem_euclid(8));
            out[o] = high[o].max(0);
        }
        slots[0] = SlotCells { ins: Some(high), outs: Some(out) };
        slots[1] = SlotCells { ins: Some(low), outs: None };
        let statement = Statement::default();
        let mut own =
            Self { descriptor, setup, weights, tables, inputs, outs, input, slots, statement, seed };
        own.statement = Statement { mode, chain_id: 31337, ..own.registered().statement() };
        own
    }

    fn registered(&self) -> Registered {
        let (weights, tables, inputs) = self.commitments();
        Registered::new(&self.descriptor, &weights, &tables, Some(&Inputs::joint(inputs))).unwrap()
    }

    fn commitments(&self) -> (WeightsCommitment, Vec<G1Affine>, InputCommitment) {
        let points = |commitments: &[Commitment]| commitments.iter().map(|own| own.point).collect::<Vec<_>>();
        let sizes = &self.descriptor.layout.sizes;
        let chunked = |sizes: &[u8], commitments: &[Commitment]| {
            let blocks = Blocks::new(self.descriptor.layout.chunk_bits, sizes.to_vec()).unwrap();
            Chunked::new(self.setup.digest(), blocks, points(commitments)).unwrap()
        };
        let weights = WeightsCommitment::new(chunked(&sizes.weights, &self.weights));
        let inputs = chunked(&sizes.inputs, &self.inputs);
        let inputs = InputCommitment::new(B256::repeat_byte(7), 1, inputs).unwrap();
        (weights, points(&self.tables), inputs)
    }

    fn prove(&self) -> Result<Proof, ProveError> {
        let cells = [self.input.clone()];
        let assignment = Assignment {
            weights: &self.weights,
            tables: &self.tables,
            table_outs: &self.outs,
            inputs: &self.inputs,
            input_cells: &cells,
            slots: &self.slots,
        };
        let mut seed = self.seed;
        let registered = self.registered();
        reference::prove(
            &self.descriptor,
            &self.setup,
            &registered,
            &self.statement,
            &assignment,
            &mut random(&mut seed),
        )
    }

    fn verify(&self, proof: &Proof) -> Result<(), VerifyError> {
        let key = Key { setup: self.setup.digest(), tau: self.setup.tau() };
        verify(&self.descriptor, &key, &self.registered(), &self.statement, proof)
    }
}

const MODES: [Mode; 2] = [Mode::Transparent, Mode::ZeroKnowledge];

#[test]
fn a_dense_layer_is_proved_and_verified() {
    for mode in MODES {
        let case = Case::new(mode);
        let proof = case.prove().unwrap();
        case.verify(&proof).unwrap();
        let bytes = proof.encode();
        assert_eq!(bytes.len(), Proof::length(&case.descriptor, mode));
        assert_eq!(Proof::decode(&bytes, &case.descriptor, mode).unwrap(), proof);
    }
}

#[test]
fn every_word_of_a_proof_is_load_bearing() {
    for mode in MODES {
        let case = Case::new(mode);
        let bytes = case.prove().unwrap().encode();
        for word in 0..bytes.len() / 32 {
            let mut changed = bytes.clone();
            changed[word * 32 + 31] ^= 1;
            if let Ok(proof) = Proof::decode(&changed, &case.descriptor, mode) {
                assert!(case.verify(&proof).is_err(), "{mode:?}, word {word}");
            }
        }
        for length in [0, 32, bytes.len() - 32, bytes.len() - 1] {
            assert!(Proof::decode(&bytes[..length], &case.descriptor, mode).is_err());
        }
    }
}

#[test]
fn another_statement_is_not_proved() {
    for mode in MODES {
        let mut case = Case::new(mode);
        let proof = case.prove().unwrap();
        case.statement.chain_id = 1;
        assert!(case.verify(&proof).is_err());
        case.statement.chain_id = 31337;
        case.statement.version = B256::repeat_byte(1);
        assert!(case.verify(&proof).is_err());
        case.statement.version = B256::ZERO;
        case.verify(&proof).unwrap();
        let weights = std::mem::take(&mut case.weights);
        case.weights = vec![case.setup.chunk(weights[0].cells.clone(), weights[0].blind + Fr::from(1_u64))];
        assert!(matches!(case.verify(&proof), Err(VerifyError::Weights { .. })), "other weights");
        // The same attack with a statement that names them.
        case.statement.weights = case.registered().weights();
        assert!(case.verify(&proof).is_err(), "other weights, named");
    }
}

/// What the statement names has to be what the points are, even if the proof is made for the false statement.
#[test]
fn a_statement_is_held_against_what_is_registered() {
    let other = B256::repeat_byte(9);
    for mode in MODES {
        let good = Case::new(mode);
        let own = good.registered();
        let proved = |change: &dyn Fn(&mut Statement)| {
            let mut case = Case::new(mode);
            change(&mut case.statement);
            case.verify(&case.prove().unwrap())
        };
        let (expected, got) = (own.setup(), other);
        let setup = VerifyError::Setup { what: "the statement is", expected, got };
        assert_eq!(proved(&|own| own.setup = other), Err(setup));
        let expected = own.weights();
        assert_eq!(proved(&|own| own.weights = other), Err(VerifyError::Weights { expected, got }));
        let expected = own.schema();
        assert_eq!(proved(&|own| own.schema = other), Err(VerifyError::Schema { expected, got }));
        let expected = own.inputs();
        assert_eq!(proved(&|own| own.inputs = other), Err(VerifyError::Inputs { expected, got }));
        let items = VerifyError::Items { expected: 1, got: 2 };
        assert_eq!(proved(&|own| own.items = 2), Err(items));

        let proof = good.prove().unwrap();
        let key = Key { setup: other, tau: good.setup.tau() };
        let statement = Statement { setup: other, ..good.statement.clone() };
        let got = verify(&good.descriptor, &key, &own, &statement, &proof);
        let setup = VerifyError::Setup { what: "the commitments are", expected: other, got: own.setup() };
        assert_eq!(got, Err(setup));
        let mut changed = good.descriptor.clone().into_inner();
        changed.weight_bits[0] += 1;
        let changed = changed.validate().unwrap();
        let got = verify(&changed, &good.setup.key(), &own, &good.statement, &proof);
        let (expected, got_digest) = (changed.digest(own.tables()), own.descriptor());
        assert_ne!(expected, got_digest);
        assert_eq!(got, Err(VerifyError::Descriptor { expected, got: got_digest }));
    }
}

#[test]
fn commitments_are_held_against_the_descriptor() {
    let case = Case::new(Mode::ZeroKnowledge);
    let (weights, tables, input) = case.commitments();
    let refused = |weights: &WeightsCommitment, tables: &[G1Affine], inputs: Option<&Inputs>| {
        Registered::new(&case.descriptor, weights, tables, inputs).unwrap_err()
    };
    let chunked = |setup, bits, sizes: &[u8]| {
        let blocks = Blocks::new(bits, sizes.to_vec()).unwrap();
        let points = vec![G1Affine::identity(); blocks.chunks() as usize];
        Chunked::new(setup, blocks, points).unwrap()
    };
    let weights_of = |setup, bits, sizes: &[u8]| WeightsCommitment::new(chunked(setup, bits, sizes));
    let inputs_of = |setup, bits, sizes: &[u8]| {
        Inputs::joint(InputCommitment::new(B256::ZERO, 1, chunked(setup, bits, sizes)).unwrap())
    };
    let own = case.setup.digest();
    let joint = Inputs::joint(input.clone());
    let one = Some(&joint);

    let setup = RegisteredError::Setup { role: "inputs", expected: own, got: B256::ZERO };
    assert_eq!(refused(&weights, &tables, Some(&inputs_of(B256::ZERO, 9, &[3]))), setup);
    let bits = |role| RegisteredError::ChunkBits { role, expected: 9, got: 10 };
    assert_eq!(refused(&weights_of(own, 10, &[5, 2]), &tables, one), bits("weights"));
    assert_eq!(refused(&weights, &tables, Some(&inputs_of(own, 10, &[3]))), bits("inputs"));
    let blocks = |role, expected: &[u8], got: &[u8]| RegisteredError::Blocks {
        role,
        expected: expected.to_vec(),
        got: got.to_vec(),
    };
    for got in [&[5][..], &[2, 5], &[5, 2, 1]] {
        let expected = blocks("weights", &[5, 2], got);
        assert_eq!(refused(&weights_of(own, 9, got), &tables, one), expected);
    }
    // A batch of two.
    assert_eq!(refused(&weights, &tables, Some(&inputs_of(own, 9, &[4]))), blocks("inputs", &[3], &[4]));
    assert_eq!(refused(&weights, &[], one), RegisteredError::Tables { expected: 1, got: 0 });
    assert_eq!(refused(&weights, &[tables[0]; 2], one), RegisteredError::Tables { expected: 1, got: 2 });
    assert_eq!(refused(&weights, &tables, None), RegisteredError::Inputs { least: 1, most: 1, got: 0 });
    let two = Inputs::new(vec![input.clone(), input]).unwrap();
    assert_eq!(refused(&weights, &tables, Some(&two)), RegisteredError::Inputs { least: 1, most: 1, got: 2 });
}

#[test]
fn a_prover_with_a_false_witness_gets_nothing() {
    for mode in MODES {
        let fresh = || Case::new(mode);
        // An accumulator that is off by one, kept consistent with the tables.
        let mut case = fresh();
        let low = case.slots[1].ins.as_mut().unwrap();
        low[0] = (low[0] + 1) % 8;
        assert!(case.verify(&case.prove().unwrap()).is_err(), "{mode:?}: another lo");
        // Values that no table has.
        let mut case = fresh();
        case.slots[1].ins.as_mut().unwrap()[2] = 8;
        let miss = LookupError::Miss { slot: 1, row: 2, tag: LOW, input: 8, output: 0 };
        assert_eq!(case.prove().unwrap_err(), ProveError::Lookup(miss));
        let mut case = fresh();
        case.slots[0].outs.as_mut().unwrap()[1] += 1;
        assert!(matches!(
            case.prove().unwrap_err(),
            ProveError::Lookup(LookupError::Miss { slot: 0, row: 1, .. })
        ));
        // A padding row that is not empty.
        let mut case = fresh();
        case.slots[0].ins.as_mut().unwrap()[5] = 1;
        assert!(matches!(
            case.prove().unwrap_err(),
            ProveError::Lookup(LookupError::Miss { slot: 0, row: 5, .. })
        ));
        // An input that is not what was committed to.
        let mut case = fresh();
        case.input[3] = 1;
        assert!(case.verify(&case.prove().unwrap()).is_err(), "{mode:?}: another input");
    }
}

#[test]
fn two_proofs_of_one_statement_share_no_word_in_zero_knowledge() {
    let mut case = Case::new(Mode::ZeroKnowledge);
    let first = case.prove().unwrap().encode();
    case.seed += 1000;
    let second = case.prove().unwrap().encode();
    let (first, second) = (first.as_chunks::<32>().0, second.as_chunks::<32>().0);
    let same = first.iter().zip(second).filter(|(a, b)| a == b).count();
    // The identity of an empty commitment may recur; nothing else.
    assert_eq!(same, 0, "{same} of {} words", first.len());
}
