//! The breast-cancer perceptron, and inputs for it.
#![allow(dead_code, reason = "each test program uses a part of it")]

use alloy_primitives::{Address, B256, Bytes, hex};
use averment_compiler::{Options, compile, import, samples::Samples, tensor::Tensor};
use averment_node::{
    answers::Served,
    inputs::InputFolder,
    machine::{Asked, Mode},
    seal::MemberKey,
};
use averment_plan::{Model, Schema};
use averment_primitives::Salt;
use averment_prover::{Setup, registered::InputOpening};
use averment_verifier::commitment::{InputCommitment, Inputs};
use std::{fs, path::Path};
use tempfile::TempDir;
use zeroize::Zeroizing;

/// The version of [`Bench::new`].
pub const VERSION: B256 = B256::repeat_byte(9);
const CHUNK_BITS: u8 = 10;

/// Rows of the example's data, 30 values each.
pub fn rows() -> Vec<Vec<f64>> {
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

/// The model as an operator serves it, and a folder of inputs.
pub struct Bench {
    pub folder: TempDir,
    pub served: Served,
    pub model: Model,
    pub schema: Schema,
    pub setup: Setup,
}

impl Bench {
    pub fn new() -> Self {
        Self::of(VERSION)
    }

    /// Of a version.
    pub fn of(version: B256) -> Self {
        let model = model();
        let schema = Schema::new(model.plan().inputs().to_vec(), CHUNK_BITS, B256::ZERO).unwrap();
        let setup = Setup::development(CHUNK_BITS);
        let served =
            Served::new(version, model.clone(), schema.clone(), Setup::development(CHUNK_BITS)).unwrap();
        Self { folder: tempfile::tempdir().unwrap(), served, model, schema, setup }
    }

    pub fn quantised(&self, row: &[f64]) -> Vec<i32> {
        self.model.plan().inputs()[0].quantise(row).0
    }

    /// Commits to rows, each by itself.
    pub fn committed(&self, rows: &[Vec<f64>]) -> Vec<(InputCommitment, InputOpening)> {
        let one = |(at, row): (usize, &Vec<f64>)| {
            let salt = Salt::from_random([at as u8 + 1; 32]);
            InputOpening::commit(&self.setup, &self.schema, 1, vec![self.quantised(row)], Some(salt)).unwrap()
        };
        rows.iter().enumerate().map(one).collect()
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.folder.path().join(name), bytes).unwrap();
    }

    /// Makes an input known as whoever asks does.
    pub fn publish(&self, committed: &[(InputCommitment, InputOpening)]) -> Asked {
        let named =
            Inputs::new(committed.iter().map(|(commitment, _)| commitment.clone()).collect()).unwrap();
        self.write(&hex::encode(named.identity()), &named.encode());
        for (commitment, opening) in committed {
            self.write(&format!("{}.opening", hex::encode(commitment.identity())), &opening.encode());
        }
        asked(named.identity(), named.items())
    }

    pub fn inputs(&self) -> InputFolder {
        InputFolder::new(self.folder.path(), key(1))
    }
}

pub fn key(byte: u8) -> MemberKey {
    MemberKey::from_secret(&Zeroizing::new([byte; 32]))
}

pub fn asked(inputs: B256, items: u32) -> Asked {
    Asked {
        id: B256::repeat_byte(1),
        requester: Address::ZERO,
        version: VERSION,
        offer: B256::ZERO,
        inputs,
        items,
        mode: Mode::Quorum,
        deadline: 0,
        fee: 0,
        bond: 0,
        public_inputs: Vec::new(),
        body: Bytes::new(),
    }
}
