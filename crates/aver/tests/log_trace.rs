//! What an outsider sees on the chain of a log in which much happens, and of one in which nothing does: the same, but
//! for the roots.
//!
//! Compared is everything that the chain shows of an anchor: distance in blocks and seconds, sender, nonce, fees, gas
//! limit, gas used, calldata (length, every byte before the root, number of zero bytes, which cost less: EIP-2028),
//! and events (topics, length, every byte after the root). Roots differ, and so do the transactions' signatures,
//! which are over them: r and s are as random as the root, and a leading zero in one (one in 128, for busy and idle
//! logs alike) makes the transaction a byte shorter. Hashes and state roots follow from these.

mod sandbox;

use alloy::{consensus::Transaction, network::TransactionResponse, providers::Provider};
use averment_ledger::{
    Ledger,
    contracts::{Deployment, Profile, Sender},
    embedded::{Genesis, ManualClock},
    keys::development,
    registry::RegistryClient,
};
use averment_primitives::{Address, B256, Bytes, VersionId};
use averment_registry::log::{CheckpointKey, PaddingPolicy, Record, RecordKind};
use averment_storage::log::{Confirmation, LogWriter};
use sandbox::{OWNER, Sandbox};
use serde_json::{Map, json};
use std::{collections::BTreeSet, fs};

const ORIGIN: &str = "clinic.example/decisions";
const CADENCE: u64 = 3600;
const GENESIS_TIME: u64 = 1_700_000_000;
/// Selector and log id.
const BEFORE_ROOT: usize = 4 + 32;
const ROOT: usize = 32;

/// What is seen of one anchor.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    block: u64,
    from: Address,
    to: Option<Address>,
    nonce: u64,
    gas_limit: u64,
    gas_used: u64,
    max_fee: u128,
    tip: Option<u128>,
    calldata_before_root: Bytes,
    calldata_length: usize,
    zero_bytes: usize,
    events: Vec<(Vec<B256>, usize, Bytes)>,
}

/// What is seen of the log that `anchors` anchors, each with its block's time and its root.
async fn trace(ledger: &Ledger, anchors: Address) -> Vec<(Seen, u64, B256)> {
    let provider = ledger.provider();
    let mut seen = Vec::new();
    for number in 0..=provider.get_block_number().await.unwrap() {
        let block = provider.get_block(number.into()).full().await.unwrap().unwrap();
        for transaction in block.transactions.txns() {
            if transaction.to() != Some(anchors) {
                continue;
            }
            let receipt = provider.get_transaction_receipt(transaction.tx_hash()).await.unwrap().unwrap();
            let input = transaction.input();
            // The transaction that opened the log has no root.
            if input.len() != BEFORE_ROOT + ROOT {
                continue;
            }
            assert!(receipt.status());
            let what = Seen {
                block: number,
                from: transaction.from(),
                to: transaction.to(),
                nonce: transaction.nonce(),
                gas_limit: transaction.gas_limit(),
                gas_used: receipt.gas_used,
                max_fee: Transaction::max_fee_per_gas(transaction),
                tip: transaction.max_priority_fee_per_gas(),
                calldata_before_root: Bytes::copy_from_slice(&input[..BEFORE_ROOT]),
                calldata_length: input.len(),
                zero_bytes: input.iter().filter(|byte| **byte == 0).count(),
                events: receipt
                    .logs()
                    .iter()
                    .map(|event| {
                        let data = &event.data().data;
                        (event.topics().to_vec(), data.len(), Bytes::copy_from_slice(&data[ROOT..]))
                    })
                    .collect(),
            };
            seen.push((what, block.header.timestamp, B256::from_slice(&input[BEFORE_ROOT..])));
        }
    }
    seen
}

/// The two traces are one, and no root occurs twice.
#[track_caller]
fn assert_same_but_for_roots(busy: &[(Seen, u64, B256)], idle: &[(Seen, u64, B256)], epochs: usize) {
    assert_eq!((busy.len(), idle.len()), (epochs, epochs));
    for ((busy, ..), (idle, ..)) in busy.iter().zip(idle) {
        assert_eq!(busy, idle);
        assert_eq!(busy.events.len(), 1);
    }
    let roots: BTreeSet<B256> = busy.iter().chain(idle).map(|(_, _, root)| *root).collect();
    assert_eq!(roots.len(), 2 * epochs, "every root is another");
}

fn record(number: u64) -> Record {
    let fields = Map::from_iter([("patient".to_owned(), json!(number))]);
    Record::new(RecordKind::Decision, GENESIS_TIME, Some(VersionId(B256::repeat_byte(1))), fields).unwrap()
}

/// A chain on which a log is anchored at the beginning of each epoch; `live` is what happens to it before.
async fn history(epochs: u64, mut live: impl FnMut(u64, &mut LogWriter)) -> Vec<(Seen, u64, B256)> {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::at(GENESIS_TIME);
    let genesis = Genesis::development(GENESIS_TIME);
    let ledger = Ledger::open_embedded(&folder.path().join("journal"), genesis, clock.clone()).unwrap();
    let sender = Sender::new(&ledger, development::accounts(ledger.chain_id()).unwrap()[0].clone());
    let (deployment, _) = Deployment::deploy(&sender, Profile::Development).await.unwrap();
    let registry = RegistryClient::open(&ledger, &deployment).await.unwrap();
    // Only so that the two logs have one name on their two chains.
    let (terms, opened_at, _) = registry.open_log(&sender, CADENCE, B256::repeat_byte(7)).await.unwrap();
    let key = CheckpointKey::from_seed(ORIGIN, &[7; 32]).unwrap();
    let mut writer = LogWriter::create(&folder.path().join("log"), key, PaddingPolicy::default()).unwrap();
    clock.advance(opened_at - GENESIS_TIME);
    for epoch in 0..epochs {
        live(epoch, &mut writer);
        let anchor = writer.prepare_anchor().unwrap();
        let (anchored, sent) = registry.anchor(&sender, terms.id(), anchor.root()).await.unwrap();
        assert_eq!(anchored.epoch, epoch);
        let confirmation = Confirmation {
            epoch,
            registry_head: anchored.registry_head,
            transaction: sent.tx,
            block_number: sent.block.header.number,
            block_hash: sent.block.hash,
        };
        writer.anchored(anchor.number, confirmation).unwrap();
        clock.advance(CADENCE);
    }
    trace(&ledger, deployment.anchors.address).await
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

#[test]
fn a_busy_logs_anchors_look_like_an_idle_ones() {
    const EPOCHS: u64 = 48;
    let mut state = 1u64;
    let mut random = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let busy = block_on(history(EPOCHS, |epoch, writer| {
        let size = writer.log().checkpoint().unwrap().0.size;
        let records: Vec<Record> = (0..random(400)).map(|n| record(size + n)).collect();
        let indexes = writer.append(&records).unwrap();
        if epoch % 5 == 0 && !indexes.is_empty() {
            writer.erase(indexes.start, GENESIS_TIME).unwrap();
        }
    }));
    let idle = block_on(history(EPOCHS, |_, _| {}));
    assert_same_but_for_roots(&busy, &idle, EPOCHS as usize);
    for (place, pair) in busy.windows(2).enumerate() {
        let ((before, then, _), (after, now, _)) = (&pair[0], &pair[1]);
        assert_eq!(after.block - before.block, 1, "anchor {place}");
        assert_eq!(now - then, if place == 0 { CADENCE - 1 } else { CADENCE }, "anchor {place}");
    }
    for ((_, busy, _), (_, idle, _)) in busy.iter().zip(&idle) {
        assert_eq!(busy, idle, "the block's time");
    }
    let gas: BTreeSet<u64> = busy.iter().map(|(seen, ..)| seen.gas_used).collect();
    assert_eq!(gas.len(), 1, "every anchor of a log costs the same: {gas:?}");
}

/// The program's own transactions.
#[test]
fn aver_anchors_a_busy_log_as_it_does_an_idle_one() {
    const EPOCHS: u64 = 3;
    let open = Sandbox::deployed();
    open.log_key("log");
    open.by(OWNER, &["log", "open", ORIGIN, "--cadence", "60"]).done();
    let idle = open.copy();
    for sandbox in [&open, &idle] {
        for epoch in 0..EPOCHS {
            if std::ptr::eq(sandbox, &open) {
                let lines: String = (0..40 * epoch + 1).map(|n| format!("{{\"patient\":{n}}}\n")).collect();
                fs::write(sandbox.path().join("events.jsonl"), lines).unwrap();
                sandbox.by(OWNER, &["log", "append", "--kind", "event", "events.jsonl"]).done();
            }
            // From here on the chain is ahead of the clock, so that what its blocks say does not hang on it.
            sandbox.pass(600);
            sandbox.by(OWNER, &["log", "anchor"]).done();
        }
    }
    let seen = |sandbox: &Sandbox| {
        let deployment = Deployment::load(&sandbox.path().join(".averment/deployment.json")).unwrap();
        block_on(trace(&sandbox.ledger(), deployment.anchors.address))
    };
    assert_same_but_for_roots(&seen(&open), &seen(&idle), EPOCHS as usize);
}
