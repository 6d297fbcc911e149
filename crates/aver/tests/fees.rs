//! `aver fees`: costs of raw transactions, advice about records, and what it refuses.

mod sandbox;

use alloy::{
    consensus::{SignableTransaction, TxEip1559, TxEnvelope},
    eips::eip2718::Encodable2718,
    primitives::{Address, TxKind},
};
use averment_ledger::{
    fees::{fastlz_length, incompressible},
    keys::development,
};
use averment_primitives::hex;
use sandbox::{OWNER, Run, Sandbox};
use serde_json::Value;
use std::fs;

const USAGE: i32 = 2;

fn signed(gas_limit: u64, input: Vec<u8>) -> Vec<u8> {
    let transaction = TxEip1559 {
        chain_id: 1,
        nonce: 7,
        gas_limit,
        max_fee_per_gas: 3_000_000_000,
        to: TxKind::Call(Address::repeat_byte(9)),
        input: input.into(),
        ..TxEip1559::default()
    };
    let key = &development::accounts(31_337).unwrap()[0];
    let signature = key.sign_digest(&transaction.signature_hash()).unwrap();
    TxEnvelope::from(transaction.into_signed(signature)).encoded_2718()
}

/// A folder with the transaction's digits in `tx.hex`.
fn with(raw: &[u8]) -> Sandbox {
    let sandbox = Sandbox::empty();
    fs::write(sandbox.path().join("tx.hex"), format!("0x{}\n", hex::encode(raw))).unwrap();
    sandbox
}

fn fees(sandbox: &Sandbox, more: &[&str]) -> Run {
    sandbox.run(&[&["fees", "--raw-tx", "tx.hex"], more].concat())
}

fn on<'a>(value: &'a Value, chain: &str) -> &'a Value {
    let chains = value["transaction"]["chains"].as_array().unwrap();
    chains.iter().find(|own| own["chain"] == chain).unwrap()
}

/// The values that the OP Stack's formula gives at FastLZ size 1,088, 2 gwei and 0.125 gwei.
#[test]
fn the_data_fees_of_op_mainnet_and_base_are_those_of_the_formula() {
    let sizes = 900..1_100;
    let raw =
        sizes.map(|bytes| signed(90_000, incompressible(bytes))).find(|raw| fastlz_length(raw) == 1_088);
    let sandbox = with(&raw.unwrap());
    let prices = ["--l1-base-fee", "2gwei", "--blob-base-fee", "0.125gwei", "--json"];
    let value = fees(&sandbox, &prices).done().json();
    assert_eq!(value["transaction"]["fastlzBytes"], 1_088);
    assert_eq!(on(&value, "OP Mainnet")["dataWei"], "255088004860");
    assert_eq!(on(&value, "Base")["dataWei"], "177477032740");
    let words = fees(&sandbox, &[]).done().stdout;
    assert!(words.contains("255.08800486 gwei") && words.contains("177.47703274 gwei"), "{words}");
}

#[test]
fn a_transaction_is_priced_at_its_limit_or_what_it_uses_and_never_below_the_floor() {
    let sandbox = with(&signed(100_000, vec![1; 1_000]));
    let value = fees(&sandbox, &["--json"]).done().json();
    assert_eq!(on(&value, "Ethereum")["wei"], (100_000_u64 * 2_000_000_000).to_string());
    assert_eq!(value["transaction"]["floorGas"], 61_000);
    assert_eq!(value["transaction"]["from"], "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266");
    let less = fees(&sandbox, &["--gas-used", "40000", "--ether-price", "3000", "--json"]).done().json();
    assert_eq!(on(&less, "Ethereum")["gas"], 61_000);
    assert_eq!(on(&less, "Ethereum")["microUsd"], "366000");
    assert_eq!(on(&less, "Arbitrum")["executionWei"], (40_000_u64 * 10_000_000).to_string());
}

/// The base fee that EIP-4844 gives with the parameters of BPO2.
#[test]
fn the_price_of_blobs_follows_from_a_headers_excess() {
    let value = Sandbox::empty().run(&["fees", "--excess-blob-gas", "217826000", "--json"]).done().json();
    assert!(value["assumptions"][0].as_str().unwrap().contains("blobs at 0.124776049 gwei"), "{value}");
    assert!(value["assumptions"].to_string().contains("reserve price, which is 0.125 gwei"), "{value}");
}

/// By the rules of both forks.
#[test]
fn the_operators_fee_follows_the_rule_of_its_fork() {
    let sandbox = with(&signed(50_000, vec![]));
    let fee = ["--operator-scalar", "3000000", "--operator-constant", "7", "--json"];
    let value = fees(&sandbox, &fee).done().json();
    assert_eq!(on(&value, "Base")["operatorWei"], (50_000_u64 * 3_000_000 * 100 + 7).to_string());
    let value = fees(&sandbox, &[&fee[..], &["--operator-rule", "isthmus"]].concat()).done().json();
    assert_eq!(on(&value, "OP Mainnet")["operatorWei"], "150007");
    assert_eq!(on(&value, "Ethereum")["operatorWei"], "0");
}

#[test]
fn a_chain_that_would_not_take_it_says_why() {
    let sandbox = with(&signed(16_777_217, vec![]));
    let value = fees(&sandbox, &["--json"]).done().json();
    assert!(on(&value, "Ethereum")["refused"].as_str().unwrap().contains("EIP-7825"));
    assert!(on(&value, "Arbitrum")["wei"].is_string());
    // 21,000 and 16 a byte are enough for Arbitrum, not for EIP-7623's floor.
    let sandbox = with(&signed(40_000, vec![1; 1_000]));
    let words = fees(&sandbox, &[]).done().stdout;
    assert!(words.contains("refused: expected a gas limit of at least 61000"), "{words}");
}

#[test]
fn what_makes_no_sense_is_refused_in_words() {
    let sandbox = with(&signed(90_000, vec![]));
    for (arguments, words) in [
        (&["--l1-base-fee", "-2gwei"][..], "more than zero"),
        (&["--l1-base-fee=0gwei"], "more than zero"),
        (&["--blob-base-fee", "1000001gwei"], "at most 1000000 gwei"),
        (&["--blob-base-fee", "2"], "a number and its unit"),
        (&["--ether-price", "cheap"], "dollars and cents"),
        (&["--excess-blob-gas", "18446744073709551615"], "blobs would cost more than"),
        (&["--excess-blob-gas", "1", "--blob-base-fee", "1wei"], "cannot be used with"),
        (&["--gas-used", "20999"], "expected gas from 21000"),
        (&["--gas-used", "90001"], "to 90000, its limit"),
        (&["--volume", "0"], "records a year"),
        (&["--record-bytes", "100001"], "1 to 100000 bytes"),
        (&["--batches", "0"], "batches a year"),
        (&["--for", "nobody"], "invalid value"),
    ] {
        let run = fees(&sandbox, arguments);
        assert_eq!(run.code, USAGE, "{arguments:?} {}", run.stderr);
        assert!(run.stderr.contains(words), "{arguments:?} {}", run.stderr);
    }
    let blob = hex::encode([&[3], &signed(90_000, vec![])[1..]].concat());
    let deposit = hex::encode([&[0x7e], &signed(90_000, vec![])[1..]].concat());
    for (text, words) in [
        ("", "got nothing"),
        ("hello", "hexadecimal"),
        (&blob, "blobs (EIP-4844)"),
        (&deposit, "got type 0x7e"),
        ("02c0", "as it travels"),
        ("\u{e9}", "hexadecimal"),
    ] {
        fs::write(sandbox.path().join("tx.hex"), text).unwrap();
        let run = fees(&sandbox, &["--json"]);
        assert_eq!(run.code, USAGE, "{text:?} {}", run.stdout);
        assert!(run.json()["error"]["message"].as_str().unwrap().contains(words), "{text:?} {}", run.stdout);
    }
    fs::write(sandbox.path().join("tx.hex"), [0xff, 0xfe]).unwrap();
    assert!(fees(&sandbox, &[]).stderr.contains("not UTF-8"));
    // A file too long to be one is not read.
    fs::write(sandbox.path().join("tx.hex"), vec![b'0'; 400_000]).unwrap();
    assert_ne!(fees(&sandbox, &[]).code, 0);
    fs::remove_file(sandbox.path().join("tx.hex")).unwrap();
    assert_eq!(fees(&sandbox, &[]).code, 3);
}

#[test]
fn where_a_database_would_do_that_is_the_advice() {
    let sandbox = Sandbox::empty();
    let run = sandbox.run(&["fees", "--for", "ourselves"]).done();
    assert!(run.stdout.contains("A plain database would do"), "{}", run.stdout);
    let value = sandbox.run(&["fees", "--for", "ourselves", "--json"]).done().json();
    assert_eq!(value["record"]["recommended"]["way"], "database");
    assert_eq!(value["record"]["recommended"]["weiPerYear"], "0");
    assert!(value["transaction"].is_null());
    let value = sandbox.run(&["fees", "--volume", "1000000", "--json"]).done().json();
    assert_eq!(value["record"]["recommended"]["way"], "anchoredLog");
    assert_eq!(value["record"]["recommended"]["transactionsPerYear"], 365);
    let run =
        sandbox.run(&["fees", "--for", "everyone", "--volume", "1000000", "--ether-price", "3000"]).done();
    assert!(run.stdout.contains("18 days") && run.stdout.contains("USD"), "{}", run.stdout);
}

/// In words before it is sent, and in the result where a machine reads.
#[test]
fn every_transaction_is_estimated_before_it_is_sent() {
    let sandbox = Sandbox::deployed();
    let create = ["model", "create", "first", "--role", "a=owner", "--threshold", "1"];
    let run = sandbox.run(&[&create[..], &["--account", OWNER, "--yes"]].concat()).done();
    assert!(run.stderr.contains("gas") && run.stderr.contains("ether (at most"), "{}", run.stderr);
    let run =
        sandbox.by(OWNER, &["model", "create", "second", "--role", "a=owner", "--threshold", "1"]).done();
    assert!(run.stderr.contains("ether (at most"), "{}", run.stderr);
    let value = run.json();
    let [expected, limit, used] = [&value["estimate"]["gas"], &value["estimate"]["gasLimit"], &value["gas"]]
        .map(|gas| gas.as_u64().unwrap());
    assert!(used <= expected && expected < used + used / 20 && expected < limit, "{value}");
    assert_eq!(value["estimate"]["dataWei"], "0");
}
