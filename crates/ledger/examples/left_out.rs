//! Judges the vectors by contracts whose checks can be left out: for `cargo xtask checks`.
//!
//! `left_out OUT CALLS`: forge's output, whose checks hold when the block's number is theirs, and a file of calls. For
//! each number of `AVERMENT_LEFT_OUT` a line goes to the file `AVERMENT_ACCEPTED`: the number, and the name of a bad call
//! that is then accepted, or `-`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a chore's own input")]

use alloy::primitives::{Address, Bytes, TxKind, U256, hex};
use revm::{
    Context, ExecuteCommitEvm, ExecuteEvm, MainBuilder, MainContext,
    context::{
        BlockEnv, CfgEnv, TxEnv,
        result::{ExecutionResult, Output},
    },
    database::InMemoryDB,
    primitives::hardfork::SpecId,
};
use serde_json::Value;
use std::{env, fs, path::Path};

const GAS: u64 = 60_000_000;
const CHAIN: u64 = 31_337;

struct Machine {
    db: InMemoryDB,
    nonce: u64,
}

impl Machine {
    /// Runs a transaction in the block with this number; `keep` says whether its effects stay.
    fn run(&mut self, number: usize, kind: TxKind, data: Vec<u8>, keep: bool) -> ExecutionResult {
        let mut config = CfgEnv::new_with_spec(SpecId::PRAGUE).with_chain_id(CHAIN);
        config.limit_contract_code_size = Some(1 << 20);
        config.limit_contract_initcode_size = Some(1 << 21);
        config.disable_nonce_check = true;
        config.disable_base_fee = true;
        let block = BlockEnv { number: U256::from(number), gas_limit: GAS, ..BlockEnv::default() };
        let tx = TxEnv {
            caller: Address::repeat_byte(1),
            gas_limit: GAS,
            kind,
            data: data.into(),
            nonce: self.nonce,
            chain_id: Some(CHAIN),
            ..TxEnv::default()
        };
        let mut evm =
            Context::mainnet().with_db(&mut self.db).with_block(block).with_cfg(config).build_mainnet();
        if keep {
            self.nonce += 1;
            evm.transact_commit(tx).expect("a transaction that runs")
        } else {
            evm.transact(tx).expect("a transaction that runs").result
        }
    }

    fn create(&mut self, code: Vec<u8>) -> Address {
        match self.run(0, TxKind::Create, code, true) {
            ExecutionResult::Success { output: Output::Create(_, Some(address)), .. } => address,
            other => panic!("not deployed: {other:?}"),
        }
    }

    /// What a call returns; none if it does not.
    fn call(&mut self, number: usize, to: Address, data: Vec<u8>, keep: bool) -> Option<Bytes> {
        match self.run(number, TxKind::Call(to), data, keep) {
            ExecutionResult::Success { output, .. } => Some(output.into_data()),
            _ => None,
        }
    }
}

/// A contract's creation code and its methods' selectors.
fn contract(out: &Path, name: &str) -> (Vec<u8>, Value) {
    let text = fs::read_to_string(out.join(format!("{name}.sol/{name}.json"))).expect("forge's output");
    let output: Value = serde_json::from_str(&text).expect("JSON");
    let code = hex::decode(output["bytecode"]["object"].as_str().unwrap()).unwrap();
    (code, output["methodIdentifiers"].clone())
}

fn selector(methods: &Value, name: &str) -> Vec<u8> {
    let (_, selector) = methods.as_object().unwrap().iter().find(|(key, _)| key.starts_with(name)).unwrap();
    hex::decode(selector.as_str().unwrap()).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [out, calls] = arguments.as_slice() else { panic!("left_out OUT CALLS") };
    let calls: Value = serde_json::from_str(&fs::read_to_string(calls).expect("calls")).expect("JSON");
    let (descriptors_code, descriptors_methods) = contract(Path::new(out), "Descriptors");
    let (mut verifier_code, methods) = contract(Path::new(out), "ProofVerifier");
    let (register, verify) = (selector(&descriptors_methods, "register("), selector(&methods, "verify("));
    let mut machine = Machine { db: InMemoryDB::default(), nonce: 0 };
    let descriptors = machine.create(descriptors_code);
    verifier_code.extend(bytes(&calls["constructor"]));
    verifier_code.extend(descriptors.into_word());
    let verifier = machine.create(verifier_code);
    for descriptor in calls["descriptors"].as_array().unwrap() {
        let call = [register.clone(), bytes(descriptor)].concat();
        machine.call(0, descriptors, call, true).expect("a valid descriptor");
    }

    type Case = (String, Address, Vec<u8>);
    let proofs = |list: &str| -> Vec<Case> {
        let case = |case: &Value| {
            let data = [verify.clone(), bytes(&case["call"])].concat();
            (case["name"].as_str().unwrap().to_owned(), verifier, data)
        };
        calls[list].as_array().unwrap().iter().map(case).collect()
    };
    let (good, mut bad) = (proofs("good"), proofs("bad"));
    // A bad descriptor is one that could be registered.
    bad.extend(calls["badDescriptors"].as_array().unwrap().iter().map(|case| {
        let name = case["name"].as_str().unwrap().to_owned();
        (name, descriptors, [register.clone(), bytes(&case["call"])].concat())
    }));
    let mut accepts =
        |number: usize, (_, to, data): &Case| match machine.call(number, *to, data.clone(), false) {
            // `verify` gives a truth value, `register` a digest.
            Some(answer) if *to == verifier => answer.last() == Some(&1),
            answer => answer.is_some(),
        };
    let refused = bad.iter().find(|case| accepts(0, case));
    assert!(refused.is_none(), "a bad vector is accepted: {}", refused.unwrap().0);
    let mut report = String::new();
    let numbers = env::var("AVERMENT_LEFT_OUT").expect("numbers of checks");
    for number in numbers.split(',').filter_map(|number| number.parse().ok()) {
        if let Some((name, ..)) = good.iter().find(|case| !accepts(number, case)) {
            report += &format!("{number} !{name}\n");
            continue;
        }
        let accepted = bad.iter().find(|case| accepts(number, case));
        report += &format!("{number} {}\n", accepted.map_or("-", |(name, ..)| name));
    }
    fs::write(env::var("AVERMENT_ACCEPTED").expect("a file"), report).expect("written");
}
