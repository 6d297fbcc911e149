//! Answers: the breast-cancer perceptron on inputs that are what was committed to, and on those that are not.

use alloy_primitives::{Address, B256, Bytes, hex};
use averment_compiler::{Options, compile, import, samples::Samples, tensor::Tensor};
use averment_node::{
    answers::{AnswerError, Served},
    inputs::{InputFolder, InputsError},
    machine::{Asked, Mode},
    seal::{About, MemberKey, UnsealError, file_name, seal},
};
use averment_plan::{Model, Schema};
use averment_primitives::Salt;
use averment_prover::{Setup, registered::InputOpening};
use averment_verifier::{
    commitment::{InputCommitment, Inputs},
    descriptor::Descriptor,
};
use std::{fs, path::Path, time::Instant};
use tempfile::TempDir;
use zeroize::Zeroizing;

const VERSION: B256 = B256::repeat_byte(9);
const CHUNK_BITS: u8 = 10;

/// Rows of the example's data, 30 values each.
fn rows() -> Vec<Vec<f64>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/breast_cancer/data/training.csv");
    let text = fs::read_to_string(path).unwrap();
    let row = |line: &str| line.split(',').skip(2).take(30).map(|cell| cell.parse().unwrap()).collect();
    text.lines().skip(1).map(row).collect()
}

fn model() -> Model {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/breast_cancer/model-v2.onnx");
    let network = import(&fs::read(path).unwrap()).unwrap();
    let rows = rows();
    let samples = Tensor::new(vec![rows.len(), 30], rows.concat()).unwrap();
    compile(&network, &Samples::new(&network, vec![samples]).unwrap(), &Options::default()).unwrap().model
}

struct Bench {
    folder: TempDir,
    served: Served,
    model: Model,
    schema: Schema,
    setup: Setup,
}

impl Bench {
    fn new() -> Self {
        let model = model();
        let schema = Schema::new(model.plan().inputs().to_vec(), CHUNK_BITS, B256::ZERO).unwrap();
        let setup = Setup::development(CHUNK_BITS);
        let served =
            Served::new(VERSION, model.clone(), schema.clone(), Setup::development(CHUNK_BITS)).unwrap();
        Self { folder: tempfile::tempdir().unwrap(), served, model, schema, setup }
    }

    fn quantised(&self, row: &[f64]) -> Vec<i32> {
        self.model.plan().inputs()[0].quantise(row).0
    }

    /// Commits to rows, each by itself.
    fn committed(&self, rows: &[Vec<f64>]) -> Vec<(InputCommitment, InputOpening)> {
        let one = |(at, row): (usize, &Vec<f64>)| {
            let salt = Salt::from_random([at as u8 + 1; 32]);
            InputOpening::commit(&self.setup, &self.schema, 1, vec![self.quantised(row)], Some(salt)).unwrap()
        };
        rows.iter().enumerate().map(one).collect()
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.folder.path().join(name), bytes).unwrap();
    }

    /// Makes an input known as whoever asks does.
    fn publish(&self, committed: &[(InputCommitment, InputOpening)]) -> Asked {
        let named =
            Inputs::new(committed.iter().map(|(commitment, _)| commitment.clone()).collect()).unwrap();
        self.write(&hex::encode(named.identity()), &named.encode());
        for (commitment, opening) in committed {
            self.write(&format!("{}.opening", hex::encode(commitment.identity())), &opening.encode());
        }
        asked(named.identity(), named.items())
    }

    fn inputs(&self) -> InputFolder {
        InputFolder::new(self.folder.path(), key(1))
    }
}

fn key(byte: u8) -> MemberKey {
    MemberKey::from_secret(&Zeroizing::new([byte; 32]))
}

fn asked(inputs: B256, items: u32) -> Asked {
    Asked {
        id: B256::repeat_byte(1),
        requester: Address::ZERO,
        version: VERSION,
        offer: B256::ZERO,
        inputs,
        items,
        mode: Mode::Quorum,
        deadline: 0,
        body: Bytes::new(),
    }
}

#[test]
fn an_answer_is_what_a_proof_would_state() {
    let bench = Bench::new();
    let rows = rows();
    let inputs = bench.inputs();
    let derived = Descriptor::derive(bench.model.plan(), Default::default()).unwrap();
    let mut said = [0; 2];
    for row in &rows[..20] {
        let asked = bench.publish(&bench.committed(std::slice::from_ref(row)));
        let answer = bench.served.answer(&asked, &inputs).unwrap();
        let trace = bench.model.run(&[&bench.quantised(row)], 1).unwrap();
        assert_eq!(answer, derived.public_values(bench.model.plan(), &trace));
        let [class] = answer[..] else { panic!("{answer:?}") };
        said[class as usize] += 1;
    }
    assert!(said.iter().all(|count| *count > 0), "{said:?}");
    // Several, each with a commitment of its own: padded as a proof pads them.
    let asked = bench.publish(&bench.committed(&rows[..3]));
    let answer = bench.served.answer(&asked, &inputs).unwrap();
    assert_eq!((answer.len(), answer[2]), (4, answer[3]));
}

#[test]
fn other_inputs_than_were_committed_to_are_refused() {
    let bench = Bench::new();
    let rows = rows();
    let inputs = bench.inputs();
    let committed = bench.committed(&rows[..2]);
    let error = |asked: &Asked| match bench.served.answer(asked, &inputs).unwrap_err() {
        AnswerError::Inputs(error) => error,
        other => panic!("{other}"),
    };
    let (first, second) = (&committed[..1], &committed[1..]);
    let nowhere = error(&asked(first[0].0.identity(), 1));
    assert!(matches!(nowhere, InputsError::Read { .. }), "{nowhere}");

    let good = bench.publish(first);
    let name = hex::encode(good.inputs);
    assert!(matches!(error(&Asked { items: 2, ..good.clone() }), InputsError::Items { expected: 2, got: 1 }));
    bench.write(&name, &second[0].0.encode());
    assert!(matches!(error(&good), InputsError::Other { .. }));
    bench.write(&name, b"nonsense");
    assert!(matches!(error(&good), InputsError::Commitments { .. }));

    bench.publish(first);
    bench.write(&format!("{name}.opening"), &second[0].1.encode());
    assert!(matches!(error(&good), InputsError::Opening { .. }));
    // The last value one higher, as somebody would try who wants another decision.
    let mut changed = first[0].1.encode().to_vec();
    *changed.last_mut().unwrap() ^= 1;
    let low = changed.len() - 4;
    changed[low] ^= 1;
    bench.write(&format!("{name}.opening"), &changed);
    let refused = error(&good);
    assert!(matches!(refused, InputsError::NotOpened { .. } | InputsError::Opening { .. }), "{refused}");
    let mut changed = first[0].1.encode().to_vec();
    changed[low] ^= 1;
    bench.write(&format!("{name}.opening"), &changed);
    assert!(matches!(error(&good), InputsError::NotOpened { .. }));

    bench.publish(first);
    let version = B256::repeat_byte(8);
    let refused = bench.served.answer(&Asked { version, ..good.clone() }, &inputs).unwrap_err();
    assert!(matches!(refused, AnswerError::Version { .. }), "{refused}");
    bench.served.answer(&good, &inputs).unwrap();
}

#[test]
fn what_is_sealed_to_a_member_is_opened_by_it_alone() {
    let bench = Bench::new();
    let committed = bench.committed(&rows()[..1]);
    let (commitment, opening) = &committed[0];
    let identity = commitment.identity();
    bench.write(&hex::encode(identity), &commitment.encode());
    let sealed = seal(&key(1).public(), About::Input(identity), &opening.encode()).unwrap();
    bench.write(&file_name(&identity, &key(1).public()), &sealed);
    bench.served.answer(&asked(identity, 1), &bench.inputs()).unwrap();

    let stranger = InputFolder::new(bench.folder.path(), key(2));
    let refused = bench.served.answer(&asked(identity, 1), &stranger).unwrap_err();
    assert!(matches!(refused, AnswerError::Inputs(InputsError::Read { .. })), "{refused}");
    bench.write(&file_name(&identity, &key(2).public()), &sealed);
    let refused = bench.served.answer(&asked(identity, 1), &stranger).unwrap_err();
    let AnswerError::Inputs(InputsError::Sealed { source, .. }) = refused else { panic!("{refused}") };
    assert!(matches!(source, UnsealError::Recipient { .. }));
}

/// Answers a second in one thread, from files on disk: `cargo test --release -p averment-node --test answers -- --ignored`.
#[test]
#[ignore = "a measurement"]
#[allow(clippy::print_stdout, reason = "the figure is the result")]
fn answers_a_second() {
    let bench = Bench::new();
    let inputs = bench.inputs();
    let all: Vec<Asked> =
        rows()[..200].iter().map(|row| bench.publish(&bench.committed(std::slice::from_ref(row)))).collect();
    for _ in 0..3 {
        let begun = Instant::now();
        for asked in &all {
            bench.served.answer(asked, &inputs).unwrap();
        }
        println!("{:.0} answers a second", all.len() as f64 / begun.elapsed().as_secs_f64());
    }
}
