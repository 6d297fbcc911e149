//! The contracts that are deployed, in a virtual machine in this process: one code for all models, and the Rust verifier's
//! verdict on random models and on changes of their proofs.

use super::{
    Call, Case, Certified, cases, certifying, encoded, file, folder, frozen, make::Made, read, registration,
    slotted, verdict, words::is_free,
};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, hex, keccak256};
use averment_verifier::{
    descriptor::{Commitments, Descriptor, Options},
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

/// EIP-170.
const CODE_LIMIT: usize = 24_576;

/// The contracts, as [`Chain::of`] takes them.
pub const CONTRACTS: [&str; 3] = ["Descriptors", "ProofVerifier", "WeightsCertificates"];

/// A chain with one verifier.
pub struct Chain {
    vm: MainnetEvm<MainnetContext<CacheDB<EmptyDB>>>,
    descriptors: Address,
    verifier: Address,
    certificates: Address,
    artifacts: [Value; 3],
}

/// A committed artifact.
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

/// A call of a function with ABI-encoded arguments.
fn call_data(artifact: &Value, function: &str, arguments: &[u8]) -> Bytes {
    let entries = artifact["abi"].as_array().unwrap();
    let entry = entries.iter().find(|entry| entry["name"] == function).unwrap();
    let signature = format!("{function}({})", kinds(&entry["inputs"]));
    [&keccak256(signature)[..4], arguments].concat().into()
}

impl Chain {
    /// With the artifacts' verifier of the setup that `call` was made with.
    pub fn new(call: &Call) -> Self {
        Self::of(call, CONTRACTS.map(artifact), CODE_LIMIT)
    }

    /// With the contracts of these artifacts, whose code may have `limit` bytes.
    pub fn of(call: &Call, artifacts: [Value; 3], limit: usize) -> Self {
        let mut vm = Context::mainnet()
            .with_db(CacheDB::<EmptyDB>::default())
            .modify_cfg_chained(|config| {
                config.set_spec_and_mainnet_gas_params(SpecId::PRAGUE);
                config.chain_id = super::CHAIN;
                config.disable_nonce_check = true;
                config.limit_contract_code_size = Some(limit);
                config.limit_contract_initcode_size = Some(2 * limit);
            })
            .build_mainnet();
        let [registry, own, certificates] = &artifacts;
        let descriptors = create(&mut vm, code(registry, "bytecode"));
        let words = call.tau.iter().chain([&call.setup]).flat_map(|word| word.0);
        let arguments: Vec<u8> = words.chain(descriptors.into_word().0).collect();
        let verifier = create(&mut vm, [code(own, "bytecode"), arguments].concat());
        let arguments = verifier.into_word();
        let certificates =
            create(&mut vm, [&code(certificates, "bytecode")[..], arguments.as_slice()].concat());
        Self { vm, descriptors, verifier, certificates, artifacts }
    }

    /// Stores the call's descriptor and the points of its tables. Whether they keep the rules.
    pub fn register(&mut self, call: &Call) -> bool {
        let data = call_data(&self.artifacts[0], "register", &registration(&call.parts[0], &call.parts[4]));
        match self.vm.transact_commit(transaction(TxKind::Call(self.descriptors), data)).unwrap() {
            ExecutionResult::Success { output, .. } => {
                assert_eq!(B256::from_slice(output.data()), call.digest());
                true
            }
            ExecutionResult::Revert { .. } => false,
            other => panic!("{other:?}"),
        }
    }

    /// Makes the next calls in the block with this number.
    pub fn leave_out(&mut self, number: u64) {
        self.vm.ctx.block.number = U256::from(number);
    }

    /// Whether the call's descriptor and points could be registered.
    pub fn registers(&mut self, call: &Call) -> bool {
        let data = call_data(&self.artifacts[0], "register", &registration(&call.parts[0], &call.parts[4]));
        let result = self.vm.transact(transaction(TxKind::Call(self.descriptors), data)).unwrap().result;
        result.is_success()
    }

    /// What a verifier says whose checks may be left out: none if it ends otherwise.
    pub fn says(&mut self, call: &Call) -> Option<bool> {
        let data = call_data(&self.artifacts[1], "verify", &encoded(call));
        match self.vm.transact(transaction(TxKind::Call(self.verifier), data)).unwrap().result {
            ExecutionResult::Success { output, .. } => Some(U256::from_be_slice(output.data()) == U256::ONE),
            _ => None,
        }
    }

    /// Whether a certificate could be remembered; both descriptors are registered.
    pub fn certifies(&mut self, own: &Certified) -> bool {
        let data = call_data(&self.artifacts[2], "certify", &certifying(own));
        let result = self.vm.transact(transaction(TxKind::Call(self.certificates), data)).unwrap().result;
        result.is_success()
    }

    /// What verifying the call's proof costs, which is good, in a transaction that has paid for its calldata.
    pub fn gas(&mut self, call: &Call) -> u64 {
        let data = call_data(&self.artifacts[1], "verify", &encoded(call));
        // By Cancun's prices, which have no floor for calldata: 16 for a byte, 4 for a zero.
        let calldata: u64 = data.iter().map(|byte| if *byte == 0 { 4 } else { 16 }).sum();
        self.vm.ctx.cfg.set_spec_and_mainnet_gas_params(SpecId::CANCUN);
        let result = self.vm.transact(transaction(TxKind::Call(self.verifier), data)).unwrap().result;
        self.vm.ctx.cfg.set_spec_and_mainnet_gas_params(SpecId::PRAGUE);
        assert_eq!(result.output().map(|answer| U256::from_be_slice(answer)), Some(U256::ONE), "{result:?}");
        result.tx_gas_used() - calldata - 21_000
    }

    /// The contract's verdict; it has one.
    pub fn accepts(&mut self, call: &Call) -> bool {
        self.answer(call).unwrap()
    }

    /// The contract's verdict; none if the call reverts without a reason, as one does that cannot be decoded.
    pub fn answer(&mut self, call: &Call) -> Option<bool> {
        let data = call_data(&self.artifacts[1], "verify", &encoded(call));
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
        assert!(chain.register(&call) && chain.accepts(&call), "{name}");
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

/// Proofs of released versions, by the contract of today.
#[test]
fn frozen_proofs_keep_verifying_on_chain() {
    let frozen = frozen();
    assert!(frozen.len() >= 16, "{}", frozen.len());
    for case in frozen {
        let Case::Proof(name, call) = case else { continue };
        let mut chain = Chain::new(&call);
        assert!(chain.register(&call) && chain.accepts(&call), "{name}");
    }
}

/// A table's chunk that holds nothing but zeros, as those of a relu for negative values, has no point: both verifiers take
/// the identity for what it is.
#[test]
fn tables_may_have_zeros_for_a_whole_chunk() {
    let options = Options { chunk_bits: Some(7), ..Options::default() };
    let call = Made::laid_out(cases::dense_model(), options, 1).call(|_| {});
    assert!(call.parts[4].len() > 64 && call.parts[4].chunks(64).any(|point| point == [0; 64]));
    let mut chain = Chain::new(&call);
    assert_eq!((verdict(&call), chain.register(&call), chain.accepts(&call)), (Ok(()), true, true));
    // The same points in another order are another descriptor's.
    let mut other = call.clone();
    other.parts[4].rotate_right(64);
    assert_ne!(other.digest(), call.digest());
    assert!(verdict(&other).is_err() && chain.register(&other) && !chain.accepts(&other));
}

/// One code verifies proofs with one to four lookup slots.
#[test]
fn every_number_of_slots_is_verified() {
    let mut chain = None;
    for slots in 1..=4 {
        let options = Options { slots: Some(slots), ..Options::default() };
        let call = Made::laid_out(slotted::filling(slots).unwrap(), options, 1).call(|_| {});
        let chain = chain.get_or_insert_with(|| Chain::new(&call));
        assert!(chain.register(&call), "{slots} slots");
        assert_eq!((verdict(&call), chain.accepts(&call)), (Ok(()), true), "{slots} slots");
    }
}

/// Random models are accepted by both verifiers; with any one bit changed, by neither.
#[test]
fn random_models_and_their_changes_get_the_same_verdict() {
    let mut chain: Option<Chain> = None;
    let mut proved = 0;
    for seed in 0..60 {
        // Those that the reference proves quickly.
        let Some(model) = cases::narrowed(&cases::random(seed)) else { continue };
        // Values, the largest of them, and what reaches a threshold, in turn.
        let model = match proved % 3 {
            0 => Some(model),
            1 => cases::deciding(&model),
            _ => cases::comparing(&model),
        };
        let Some(model) = model else { continue };
        let derived = Descriptor::derive(model.plan(), Options::default());
        if proved == 6 || !derived.is_ok_and(|derived| derived.descriptor.layout.address_bits() <= 12) {
            continue;
        }
        proved += 1;
        for mode in [Mode::Transparent, Mode::ZeroKnowledge] {
            let made = match (seed % 2, mode) {
                (0, Mode::Transparent) => Made::new(model.clone(), mode, 1),
                (odd, _) => {
                    let commitments = Commitments::Each;
                    let slots = Some(1 + seed as u8 % 4);
                    let options = Options { mode, commitments, slots, ..Options::default() };
                    Made::laid_out(model.clone(), options, [2, 4][odd as usize])
                }
            };
            let call = made.call(|_| {});
            let chain = chain.get_or_insert_with(|| Chain::new(&call));
            assert!(chain.register(&call), "model {seed}, {mode:?}");
            assert_eq!((verdict(&call), chain.accepts(&call)), (Ok(()), true), "model {seed}, {mode:?}");
            let mut numbers = cases::Numbers(1000 + seed);
            for round in 0..24 {
                let mut changed = call.clone();
                // Mostly the proof; statement and points now and then.
                let part = [3, 3, 3, 1, 3, 2, 4][round % 7];
                let words = changed.parts[part].len() as i64 / 32;
                let place = numbers.within(0, words - 1) as usize;
                let bit = if part == 1 { numbers.within(0, 15) } else { numbers.within(0, 255) } as usize;
                if part == 1 && !is_free(place) {
                    continue;
                }
                changed.parts[part][place * 32 + 31 - bit / 8] ^= 1 << (bit % 8);
                let what = format!("model {seed}, {mode:?}: part {part}, word {place}, bit {bit}");
                assert!(verdict(&changed).is_err(), "{what}");
                // A table's point with a bit changed is off the curve.
                assert!(!(part == 4 && chain.register(&changed)), "{what}");
                assert!(part == 4 || !chain.accepts(&changed), "{what}");
            }
        }
    }
    assert_eq!(proved, 6);
}
