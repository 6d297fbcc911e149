//! The same transactions on the embedded chain and on anvil give the same blocks, state roots included.
//!
//! Anvil 1.7 differs from Ethereum in a few things, which are kept out of the comparison:
//! - it leaves a slot that is set to zero in its trie, and every empty account that is touched (EIP-161), so
//!   only transactions after which nothing is gone or empty are compared;
//! - it refunds the creation of an EIP-7702 authority that did not exist, so an existing one is used;
//! - its first block does not lower the base fee, so ours begins with one that is lowered to the same;
//! - its genesis header names the root of the empty state, so block hashes differ from the first block on, and
//!   EIP-2935's history contract would carry that into every state root: both chains begin with one that does
//!   nothing (`STOP`).
//!
//! Everything that a block's contents decide is compared: the roots of state, transactions and receipts, gas,
//! bloom and base fee.
//!
//! What anvil cannot judge, py-evm does, which shares no code with revm: `fixtures/prague.journal` holds all of
//! these transactions and is what this release writes, byte for byte, and `interop/journal.py` imports its
//! blocks into py-evm's Prague chain, which checks every field of every header.

use crate::{
    anvil::Anvil,
    contract::{account, deployment, raw, sign, sign_legacy, write},
};
use alloy::{
    consensus::Header,
    eips::{BlockNumberOrTag, eip7702::Authorization},
    network::TransactionBuilder,
    primitives::{Address, B256, U256, address, b256, bytes},
    providers::Provider,
    rpc::types::TransactionRequest,
    signers::{SignerSync, local::PrivateKeySigner},
};
use averment_ledger::{
    Finality, Ledger, Remote, Source,
    embedded::{Embedded, Genesis, GenesisAccount, ManualClock},
};
use averment_registry::state;

const GENESIS_TIME: u64 = 1_700_000_000;
const HISTORY_CONTRACT: Address = address!("0x0000F90827F1C53a10cb7A02335B175320002935");

/// What a block's contents decide.
fn contents(header: &Header) -> impl PartialEq + std::fmt::Debug {
    (
        (header.number, header.timestamp, header.gas_used, header.base_fee_per_gas),
        (header.state_root, header.transactions_root, header.receipts_root, header.logs_bloom),
    )
}

/// Signed transactions of every kind, each to be a block of its own, with or without those after which something is gone.
async fn transactions(removing: bool) -> Vec<Vec<u8>> {
    let (sender, wallet) = account(0);
    let (_, other) = account(1);
    let contract = sender.create(0);
    let mut all = vec![raw(&sign(deployment(), 0, &wallet).await)];
    // Writing, overwriting and clearing slots: leaves come, change and go.
    let last = if removing { 0 } else { 8 };
    let writes = [(1, 1), (2, 2), (1, 9), (2, last), (77, 5), (1, last), (77, last), (3, 3)];
    for (nonce, (slot, value)) in writes.into_iter().enumerate() {
        all.push(raw(&sign(write(contract, slot, value), nonce as u64 + 1, &wallet).await));
    }
    // Ether to a new account, to oneself, and none at all to one that stays empty (EIP-161).
    let send = |to, wei| TransactionRequest::default().with_to(to).with_value(U256::from(wei));
    all.push(raw(&sign_legacy(send(Address::repeat_byte(0x11), 1_000u64), 9, &wallet).await));
    all.push(raw(&sign_legacy(send(sender, 1), 10, &wallet).await));
    all.push(raw(&sign(send(Address::repeat_byte(0x12), u64::from(!removing)), 11, &wallet).await));
    // A revert, running out of gas, and a creation that fails.
    let reverting = TransactionRequest::default().with_to(contract).with_input([1, 2, 3, 4]);
    all.push(raw(&sign(reverting, 12, &wallet).await));
    let endless = match removing {
        true => TransactionRequest::default().with_deploy_code(bytes!("5b5f56")),
        false => write(contract, 13, 13),
    };
    all.push(raw(&sign(endless, 13, &wallet).await));
    // A contract that is created and destroyed in one transaction, sending its ether on.
    let passing = match removing {
        true => TransactionRequest::default()
            .with_deploy_code(bytes!("73222222222222222222222222222222222222222233ff"))
            .with_value(U256::from(123)),
        false => write(contract, 14, 14),
    };
    all.push(raw(&sign(passing, 14, &wallet).await));
    // Precompiles: sha256, and the pairing check of EIP-2537 with wrong input (or the identity).
    for (nonce, precompile) in [(15, 2u8), (16, if removing { 0x0f } else { 4 })] {
        let call = TransactionRequest::default()
            .with_to(Address::with_last_byte(precompile))
            .with_value(U256::from(u64::from(!removing)))
            .with_input(vec![7; 200]);
        all.push(raw(&sign(call, nonce, &wallet).await));
    }
    // EIP-7702: an account takes the contract's code, is written to, and gives the code back.
    // (One that exists already where anvil is to agree: it refunds the creation of one that does not.)
    let funded = b256!("0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a");
    let key = if removing { B256::repeat_byte(0x42) } else { funded };
    let authority = PrivateKeySigner::from_bytes(&key).unwrap();
    for (nonce, (step, address)) in [contract, Address::ZERO].into_iter().enumerate().enumerate() {
        let authorization = Authorization { chain_id: U256::from(31337), address, nonce: step as u64 };
        let signature = authority.sign_hash_sync(&authorization.signature_hash()).unwrap();
        let mut request = write(authority.address(), 5, 6 + step as u64);
        request.authorization_list = Some(vec![authorization.into_signed(signature)]);
        all.push(raw(&sign(request, nonce as u64, &other).await));
    }
    all
}

fn genesis() -> Genesis {
    let mut genesis = Genesis::development(GENESIS_TIME);
    let stop = GenesisAccount { code: bytes!("00"), ..GenesisAccount::default() };
    genesis.accounts.insert(HISTORY_CONTRACT, stop);
    // Anvil's first block has its genesis block's base fee; by EIP-1559 this one leads to the same.
    genesis.base_fee = 1_142_857_142;
    genesis
}

#[tokio::test]
async fn state_roots_equal_anvils_or_skipped_without_averment_anvil() {
    let Some(anvil) = Anvil::start(GENESIS_TIME) else { return };
    let remote = Remote { finality: Finality::Depth(0), ..Remote::new(&anvil.url, 31337) };
    let anvil = Ledger::open(Source::Remote(remote)).await.unwrap();
    let _: serde_json::Value =
        anvil.provider().raw_request("anvil_setCode".into(), (HISTORY_CONTRACT, bytes!("00"))).await.unwrap();
    let ours = Embedded::in_memory_with(genesis(), ManualClock::at(GENESIS_TIME)).unwrap();

    let mut roots = std::collections::BTreeSet::new();
    for (number, raw) in transactions(false).await.into_iter().enumerate() {
        let timestamp = GENESIS_TIME + 10 * (number as u64 + 1);
        let _: serde_json::Value =
            anvil.provider().raw_request("evm_setNextBlockTimestamp".into(), [timestamp]).await.unwrap();
        let hash = *anvil.provider().send_raw_transaction(&raw).await.unwrap().tx_hash();
        ours.set_next_timestamp(timestamp).unwrap();
        assert_eq!(ours.submit(&raw).unwrap(), hash);
        let theirs = loop {
            let latest = anvil.verified_header(BlockNumberOrTag::Latest).await.unwrap().header;
            if latest.number == number as u64 + 1 {
                break latest;
            }
        };
        let (_, ours) = ours.latest().unwrap();
        assert_eq!(contents(&ours), contents(&theirs), "block {}", number + 1);
        roots.insert(ours.state_root);
    }
    assert_eq!(roots.len(), transactions(false).await.len(), "every transaction changes the state");

    // Several transactions in one block, ordered as they came, from senders whose fees do not reorder them.
    let _: serde_json::Value = anvil.provider().raw_request("evm_setAutomine".into(), [false]).await.unwrap();
    ours.set_automine(false).unwrap();
    let (sender, wallet) = account(5);
    for nonce in 0..20 {
        let raw = raw(&sign(write(account(0).0.create(0), nonce, nonce + 1), nonce, &wallet).await);
        let _ = anvil.provider().send_raw_transaction(&raw).await.unwrap();
        ours.submit(&raw).unwrap();
    }
    assert_eq!(Ledger::provider(&anvil).get_transaction_count(sender).pending().await.unwrap(), 20);
    let timestamp = GENESIS_TIME + 10_000;
    let _: serde_json::Value =
        anvil.provider().raw_request("evm_setNextBlockTimestamp".into(), [timestamp]).await.unwrap();
    let _: serde_json::Value = anvil.provider().raw_request("evm_mine".into(), ()).await.unwrap();
    ours.set_next_timestamp(timestamp).unwrap();
    ours.mine().unwrap();
    let theirs = anvil.verified_header(BlockNumberOrTag::Latest).await.unwrap().header;
    let (_, ours) = ours.latest().unwrap();
    assert_eq!(contents(&ours), contents(&theirs));
}

/// EIP-2935: the history contract holds each parent's hash, in the slot of its number modulo 8,191.
#[tokio::test]
async fn history_contract_holds_the_parents_hashes() {
    let ledger = Ledger::in_memory(Genesis::development(GENESIS_TIME)).unwrap();
    for _ in 0..3 {
        ledger.embedded().unwrap().mine().unwrap();
    }
    for number in 0..3u64 {
        let hash = ledger.verified_header(number).await.unwrap().hash;
        let slot = ledger.provider().get_storage_at(HISTORY_CONTRACT, U256::from(number)).await.unwrap();
        assert_eq!(B256::from(slot), hash);
        let asked = TransactionRequest::default()
            .with_to(HISTORY_CONTRACT)
            .with_input(B256::from(U256::from(number)).to_vec());
        assert_eq!(ledger.provider().call(asked).await.unwrap()[..], hash[..]);
    }
}

/// What an auditor checks offline, by the code that checks it: the header's mark and hash, and the proof of a
/// slot that is written and of one that is not.
#[tokio::test]
async fn auditor_accepts_headers_and_proofs() {
    let ledger = Ledger::in_memory(Genesis::development(GENESIS_TIME)).unwrap();
    let (sender, wallet) = account(0);
    let contract = sender.create(0);
    for (nonce, request) in [deployment(), write(contract, 7, 42)].into_iter().enumerate() {
        ledger.embedded().unwrap().submit(&raw(&sign(request, nonce as u64, &wallet).await)).unwrap();
    }
    let latest = ledger.verified_header(BlockNumberOrTag::Latest).await.unwrap();
    let header = state::Header::decode(&alloy_rlp::encode(&latest.header)).unwrap();
    assert!(header.is_embedded());
    assert_eq!((header.hash, header.number), (latest.hash, 2));
    let slots = [7u64, 8].map(|slot| B256::from(U256::from(slot)));
    let answer = ledger.provider().get_proof(contract, slots.to_vec()).await.unwrap();
    let proof = state::AccountProof {
        address: contract,
        account_proof: answer.account_proof,
        storage_proof: slots
            .iter()
            .zip(answer.storage_proof)
            .map(|(key, slot)| state::StorageProof { key: *key, proof: slot.proof })
            .collect(),
    };
    let proven = proof.verify(header.state_root, contract, &slots).unwrap();
    assert_eq!(proven.slots, [42u64, 0].map(|value| B256::from(U256::from(value))));
    assert!(proof.verify(B256::repeat_byte(1), contract, &slots).is_err());
}

/// The journal of all transactions, as this release writes it.
const JOURNAL: &[u8] = include_bytes!("fixtures/prague.journal");

/// What is written is what was written before, to the byte, and what was written before is read.
#[tokio::test]
async fn journal_of_every_transaction_kind_is_reproduced() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("new.journal"), folder.path().join("copy.journal"));
    let clock = ManualClock::at(GENESIS_TIME);
    let genesis = Genesis::development(GENESIS_TIME);
    let chain = Embedded::open_with(&path, genesis.clone(), clock.clone()).unwrap();
    for raw in transactions(true).await {
        clock.advance(12);
        chain.submit(&raw).unwrap();
    }
    let latest = chain.latest().unwrap();
    drop(chain);
    if std::env::var_os("AVERMENT_WRITE_FIXTURES").is_some() {
        let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/chain/fixtures/prague.journal");
        std::fs::copy(&path, fixture).unwrap();
    }
    assert!(std::fs::read(&path).unwrap() == JOURNAL, "the journal's bytes changed");
    std::fs::write(&copy, JOURNAL).unwrap();
    assert_eq!(Embedded::open(&copy, genesis).unwrap().latest().unwrap(), latest);
}
