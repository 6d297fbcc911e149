//! The contract that is deployed, in a virtual machine in this process: one code for all models, and the Rust verifier's
//! verdict on random models and on changes of their proofs.

use super::{Call, cases, file, folder, make::Made, read, verdict, words::is_free};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, hex, keccak256};
use averment_verifier::{
    descriptor::{Descriptor, Options},
    statement::Mode,
};
use revm::{
    Context, ExecuteCommitEvm, ExecuteEvm, MainBuilder, MainContext, MainnetEvm,
    context::{
        TxEnv,
        result::{ExecutionResult, Output},
    },
    database::{CacheDB, EmptyDB},
    handler::MainnetContext,
    primitives::hardfork::SpecId,
};
use serde_json::Value;
use std::path::PathBuf;

/// A chain with one verifier.
pub struct Chain {
    vm: MainnetEvm<MainnetContext<CacheDB<EmptyDB>>>,
    verifier: Address,
    abi: Value,
}

fn artifact(name: &str) -> Value {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../contracts/artifacts");
    serde_json::from_str(&std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap()).unwrap()
}

fn code(artifact: &Value, which: &str) -> Vec<u8> {
    hex::decode(artifact[which].as_str().unwrap()).unwrap()
}

/// A type as function signatures name it.
fn kind(entry: &Value) -> String {
    let name = entry["type"].as_str().unwrap();
    match name.strip_prefix("tuple") {
        Some(list) => format!("({}){list}", kinds(&entry["components"])),
        None => name.to_owned(),
    }
}

fn kinds(entries: &Value) -> String {
    entries.as_array().unwrap().iter().map(kind).collect::<Vec<_>>().join(",")
}

fn word(number: usize) -> Vec<u8> {
    B256::from(U256::from(number)).to_vec()
}

/// Length and padded bytes.
fn dynamic(bytes: &[u8]) -> Vec<u8> {
    let padding = bytes.len().next_multiple_of(32) - bytes.len();
    [word(bytes.len()), bytes.to_vec(), vec![0; padding]].concat()
}

impl Chain {
    /// With a verifier of the setup that `call` was made with.
    pub fn new(call: &Call) -> Self {
        let mut vm = Context::mainnet()
            .with_db(CacheDB::<EmptyDB>::default())
            .modify_cfg_chained(|config| {
                config.set_spec_and_mainnet_gas_params(SpecId::PRAGUE);
                config.chain_id = super::CHAIN;
                config.disable_nonce_check = true;
            })
            .build_mainnet();
        let validator = create(&mut vm, code(&artifact("DescriptorValidator"), "bytecode"));
        let own = artifact("ProofVerifier");
        let words = call.tau.iter().chain([&call.setup]).flat_map(|word| word.0);
        let arguments: Vec<u8> = words.chain(validator.into_word().0).collect();
        let verifier = create(&mut vm, [code(&own, "bytecode"), arguments].concat());
        Self { vm, verifier, abi: own["abi"].clone() }
    }

    fn call_data(&self, function: &str, arguments: &[&[u8]]) -> Bytes {
        let entry = self.abi.as_array().unwrap().iter().find(|entry| entry["name"] == function).unwrap();
        let signature = format!("{function}({})", kinds(&entry["inputs"]));
        [&keccak256(signature)[..4], &arguments.concat()].concat().into()
    }

    /// Stores the call's descriptor.
    pub fn register(&mut self, call: &Call) {
        let data = self.call_data("register", &[&word(32), &dynamic(&call.parts[0])]);
        let result = self.vm.transact_commit(transaction(TxKind::Call(self.verifier), data)).unwrap();
        assert!(result.is_success(), "{result:?}");
    }

    /// The contract's verdict; it has one.
    pub fn accepts(&mut self, call: &Call) -> bool {
        self.answer(call).unwrap()
    }

    /// The contract's verdict; none if the call reverts without a reason, as one does that cannot be decoded.
    pub fn answer(&mut self, call: &Call) -> Option<bool> {
        let [descriptor, statement, points, proof] = &call.parts;
        let (statement, points, proof) = (&statement[32..], dynamic(points), dynamic(proof));
        let head = 4 * 32;
        let data = self.call_data(
            "verify",
            &[
                keccak256(descriptor).as_slice(),
                &word(head),
                &word(head + statement.len()),
                &word(head + statement.len() + points.len()),
                statement,
                &points,
                &proof,
            ],
        );
        match self.vm.transact(transaction(TxKind::Call(self.verifier), data)).unwrap().result {
            ExecutionResult::Success { output, .. } => {
                let answer = U256::from_be_slice(output.data());
                assert!(answer <= U256::ONE, "{answer}");
                Some(answer == U256::ONE)
            }
            ExecutionResult::Revert { output, .. } if output.is_empty() => None,
            other => panic!("{other:?}"),
        }
    }

    /// The verifier's code.
    fn code(&self) -> Bytes {
        self.vm.ctx.journaled_state.database.cache.accounts[&self.verifier]
            .info
            .code
            .as_ref()
            .unwrap()
            .original_bytes()
    }
}

fn transaction(kind: TxKind, data: Bytes) -> TxEnv {
    TxEnv { kind, data, gas_limit: 25_000_000, chain_id: Some(super::CHAIN), ..TxEnv::default() }
}

fn create(vm: &mut MainnetEvm<MainnetContext<CacheDB<EmptyDB>>>, code: Vec<u8>) -> Address {
    let tx = TxEnv { nonce: vm_nonce(vm), ..transaction(TxKind::Create, code.into()) };
    match vm.transact_commit(tx).unwrap() {
        ExecutionResult::Success { output: Output::Create(_, Some(address)), .. } => address,
        other => panic!("{other:?}"),
    }
}

fn vm_nonce(vm: &MainnetEvm<MainnetContext<CacheDB<EmptyDB>>>) -> u64 {
    let accounts = &vm.ctx.journaled_state.database.cache.accounts;
    accounts.get(&Address::ZERO).map_or(0, |account| account.info.nonce)
}

/// Every good vector, of models that have nothing in common, by one contract whose code is the artifact's but for what
/// its constructor was given.
#[test]
fn one_code_verifies_every_model() {
    let mut chain: Option<Chain> = None;
    let mut names: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("ok_"))
        .collect();
    names.sort();
    assert!(names.len() >= 12, "{names:?}");
    let mut hash = None;
    for name in names {
        let call = read(&file(&name));
        let chain = chain.get_or_insert_with(|| Chain::new(&call));
        chain.register(&call);
        assert!(chain.accepts(&call), "{name}");
        let found = keccak256(chain.code());
        assert_eq!(*hash.get_or_insert(found), found, "{name}");
    }
    let deployed = chain.unwrap().code();
    let built = code(&artifact("ProofVerifier"), "deployedBytecode");
    assert_eq!(deployed.len(), built.len());
    let changed = deployed.iter().zip(&built).filter(|(own, built)| own != built);
    assert!(changed.clone().all(|(_, built)| *built == 0), "code that is not the artifact's");
    // Six words that the constructor keeps, at most a few places each.
    assert!(changed.count() <= 32 * 6 * 2);
}

/// Random models are accepted by both verifiers; with any one bit changed, by neither.
#[test]
fn random_models_and_their_changes_get_the_same_verdict() {
    let mut chain: Option<Chain> = None;
    let mut proved = 0;
    for seed in 0..40 {
        // Those that the reference proves quickly.
        let Some(model) = cases::narrowed(&cases::random(seed)) else { continue };
        let derived = Descriptor::derive(model.plan(), Options::default());
        if proved == 4 || !derived.is_ok_and(|derived| derived.descriptor.layout.address_bits() <= 12) {
            continue;
        }
        proved += 1;
        for mode in [Mode::Transparent, Mode::ZeroKnowledge] {
            let call = Made::new(model.clone(), mode).call(|_| {});
            let chain = chain.get_or_insert_with(|| Chain::new(&call));
            chain.register(&call);
            assert_eq!((verdict(&call), chain.accepts(&call)), (Ok(()), true), "model {seed}, {mode:?}");
            let mut numbers = cases::Numbers(1000 + seed);
            for round in 0..24 {
                let mut changed = call.clone();
                // Mostly the proof; statement and points now and then.
                let part = [3, 3, 3, 1, 3, 2][round % 6];
                let words = changed.parts[part].len() as i64 / 32;
                let place = numbers.within(0, words - 1) as usize;
                let bit = if part == 1 { numbers.within(0, 15) } else { numbers.within(0, 255) } as usize;
                if part == 1 && !is_free(place) {
                    continue;
                }
                changed.parts[part][place * 32 + 31 - bit / 8] ^= 1 << (bit % 8);
                let what = format!("model {seed}, {mode:?}: part {part}, word {place}, bit {bit}");
                assert!(verdict(&changed).is_err(), "{what}");
                assert!(!chain.accepts(&changed), "{what}");
            }
        }
    }
    assert_eq!(proved, 4);
}
