//! The file's bytes. What a file proves is tested where there is a prover (`aver`'s tests of the command line).

use super::*;
use crate::{
    commitment::{Chunked, InputCommitment},
    descriptor::Blocks,
};
use ark_ec::AffineRepr;
use averment_plan::{
    Draft, Function, Input, Linear, Operator, Output, Rescale, Scales, Step, Table, TableId, TensorId, Term,
    View,
};

fn file() -> ProofFile {
    let setup = B256::repeat_byte(1);
    let blocks = Blocks::new(4, vec![4]).unwrap();
    let chunked = Chunked::new(setup, blocks, vec![G1Affine::generator()]).unwrap();
    let word = B256::repeat_byte;
    let input = Inputs::joint(InputCommitment::new(word(8), 1, chunked).unwrap());
    let statement = Statement {
        setup,
        chain_id: 31_337,
        contract: Address::repeat_byte(2),
        request: word(3),
        beneficiary: Address::repeat_byte(4),
        version: word(5),
        weights: word(6),
        plan: word(7),
        schema: word(8),
        inputs: input.identity(),
        items: 1,
        public: vec![i64::MIN, -1, 0, i64::MAX],
        seed: word(9),
        mode: Mode::ZeroKnowledge,
        terms: word(10),
    };
    ProofFile { statement, input, proof: vec![11; 96] }
}

/// Three cells, each as it is.
fn plan() -> Plan {
    let shape = Shape::new([3].as_slice()).unwrap();
    let view = View::whole(TensorId(0), &shape);
    let step = Step {
        name: "copy".into(),
        shape: shape.clone(),
        operator: Operator::Affine {
            products: vec![],
            linear: vec![Linear::of(vec![Term { coefficient: 1, view }])],
            bias: None,
        },
        rescale: Rescale { shift: 0, table: TableId(0) },
        exponent: 0,
    };
    let input = Input { name: "x".into(), shape, first: -8, bits: 4, scales: Scales::uniform(0) };
    Plan::new(Draft {
        inputs: vec![input],
        weights: vec![],
        tables: vec![Table::new(4, Function::Clamp { low: -8, high: 7 }).unwrap()],
        steps: vec![step],
        output: Output { tensor: TensorId(1), kind: OutputKind::Values, labels: vec![] },
    })
    .unwrap()
}

/// How many public values there are says whether inputs are among them.
#[test]
fn inputs_are_stated_before_outputs() {
    let mut draft = plan().into_draft();
    draft.output.kind = OutputKind::Argmax;
    for (plan, outputs) in [(plan(), 4), (Plan::new(draft).unwrap(), 1)] {
        for (stated, public_inputs) in [(0, false), (outputs, false), (outputs + 4, true)] {
            let mut file = file();
            file.statement.public = (0..stated).map(i64::from).collect();
            let (inputs, own) = file.stated(&plan);
            assert_eq!(
                (inputs.len() + own.len(), own.len()),
                (stated as usize, stated.min(outputs) as usize)
            );
            assert_eq!(own.last().copied(), (0..stated).last().map(i64::from));
            assert_eq!(file.options(&plan, 9).public_inputs, public_inputs);
        }
    }
}

/// Where the byte of the mode stands.
const MODE: usize = NAME.len() + 32 + 8 + 20 + 32 + 20 + 6 * 32;

#[test]
fn a_file_is_read_as_it_was_written() {
    for mode in [Mode::ZeroKnowledge, Mode::Transparent] {
        let mut file = file();
        file.statement.mode = mode;
        assert_eq!(ProofFile::decode(&file.encode()), Ok(file));
    }
}

#[test]
fn what_is_cut_or_grown_is_refused() {
    let bytes = file().encode();
    for length in 0..bytes.len() {
        assert!(ProofFile::decode(&bytes[..length]).is_err(), "{length} bytes");
    }
    let grown = [bytes, vec![0]].concat();
    assert_eq!(ProofFile::decode(&grown), Err(DecodeError::Trailing { left: 1 }.into()));
}

#[test]
fn every_byte_counts() {
    let (file, bytes) = (file(), file().encode());
    for place in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        assert_ne!(ProofFile::decode(&changed), Ok(file.clone()), "byte {place}");
    }
}

#[test]
fn lengths_are_held_against_limits_before_anything_is_taken() {
    let mut bytes = file().encode();
    bytes[MODE] = 2;
    assert_eq!(ProofFile::decode(&bytes), Err(FileError::Mode { got: 2 }));
    let mut bytes = file().encode();
    bytes[MODE + 1..MODE + 5].copy_from_slice(&[0xff; 4]);
    let limit = PUBLIC_VALUES.into();
    let field = "public values";
    let refused = DecodeError::TooLong { field, limit, got: u32::MAX.into() };
    assert_eq!(ProofFile::decode(&bytes), Err(refused.into()));
    assert!(matches!(
        ProofFile::decode(b"averment-proof-file/2\n"),
        Err(FileError::Bytes(DecodeError::UnknownFormat { .. }))
    ));
}

fn to_one(commitment: &InputCommitment) -> InputCommitment {
    InputCommitment::new(commitment.schema(), 1, commitment.chunked().clone()).unwrap()
}

#[test]
fn a_batch_is_rounded_up_to_a_power_of_two() {
    let mut file = file();
    for (items, bits) in [(1, 0), (2, 1), (3, 2), (128, 7), (129, 8)] {
        let single = file.input.commitments()[0].clone();
        let joint = InputCommitment::new(single.schema(), items, single.chunked().clone()).unwrap();
        let expected = Options { chunk_bits: Some(9), batch_bits: bits, ..Options::default() };
        file.input = Inputs::joint(joint);
        assert_eq!(file.options(&plan(), 9), expected);
        file.input = Inputs::new(vec![to_one(&single); items as usize]).unwrap();
        let commitments = if items > 1 { Commitments::Each } else { Commitments::Joint };
        assert_eq!(file.options(&plan(), 9), Options { commitments, ..expected });
        assert_eq!(ProofFile::decode(&file.encode()).unwrap().input, file.input);
        file.input = Inputs::joint(single);
    }
}
