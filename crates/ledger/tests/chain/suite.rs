//! What every chain must do, whichever kind it is.

use crate::{
    anvil::Anvil,
    contract::{CODE, account, deployment, write},
};
use alloy::{
    consensus::constants::KECCAK_EMPTY,
    eips::BlockNumberOrTag,
    network::TransactionBuilder,
    primitives::{Address, B256, U256, keccak256},
    providers::Provider,
    rpc::types::{Filter, TransactionRequest},
};
use alloy_trie::{Nibbles, TrieAccount, proof::verify_proof};
use averment_ledger::{Finality, Ledger, Remote, Source, embedded::Genesis};
use std::time::Duration;

const GENESIS_TIME: u64 = 1_700_000_000;
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn embedded_chain_passes_the_suite() {
    suite(&Ledger::in_memory(Genesis::development(GENESIS_TIME)).unwrap()).await;
}

#[tokio::test]
async fn anvil_passes_the_suite_or_is_skipped_without_averment_anvil() {
    let Some(anvil) = Anvil::start(GENESIS_TIME) else { return };
    let settings = Remote {
        finality: Finality::Depth(0),
        poll: Duration::from_millis(5),
        ..Remote::new(&anvil.url, 31337)
    };
    suite(&Ledger::open(Source::Remote(settings)).await.unwrap()).await;
}

pub async fn suite(ledger: &Ledger) {
    let contract = deploys_calls_and_reads(ledger).await;
    proofs_verify_against_the_header(ledger, contract).await;
    errors_carry_revert_data_and_reasons(ledger, contract).await;
    logs_are_found(ledger, contract).await;
    older_states_can_be_read(ledger, contract).await;
    fees_and_nonces(ledger).await;
    snapshots_and_time(ledger, contract).await;
}

async fn deploys_calls_and_reads(ledger: &Ledger) -> Address {
    let (sender, wallet) = account(0);
    let provider = ledger.signing(wallet);
    assert_eq!(provider.get_chain_id().await.unwrap(), 31337);
    assert!(ledger.is_development() && ledger.proves_nothing_to_third_parties());

    let receipt = provider.send_transaction(deployment()).await.unwrap().get_receipt().await.unwrap();
    let contract = receipt.contract_address.unwrap();
    assert_eq!(contract, sender.create(0));
    assert_eq!(provider.get_code_at(contract).await.unwrap(), CODE[10..]);

    let pending = provider.send_transaction(write(contract, 7, 42)).await.unwrap();
    let settled = ledger.wait_final(*pending.tx_hash(), PATIENCE).await.unwrap();
    assert!(settled.receipt.status() && settled.left.is_empty());
    assert_eq!(settled.block.header.number, 2);
    assert_eq!(provider.get_storage_at(contract, U256::from(7)).await.unwrap(), U256::from(42));
    assert_eq!(provider.get_transaction_count(sender).await.unwrap(), 2);

    let tx = provider.get_transaction_by_hash(*pending.tx_hash()).await.unwrap().unwrap();
    assert_eq!((tx.inner.signer(), tx.block_number), (sender, Some(2)));
    let block = provider.get_block_by_number(2.into()).full().await.unwrap().unwrap();
    assert_eq!(block.header.hash, settled.block.hash);
    assert_eq!(block.transactions.len(), 1);
    contract
}

async fn proofs_verify_against_the_header(ledger: &Ledger, contract: Address) {
    let provider = ledger.provider();
    let header = ledger.verified_header(BlockNumberOrTag::Latest).await.unwrap();
    let slots = [7u64, 8].map(|slot| B256::from(U256::from(slot)));
    let proof = provider.get_proof(contract, slots.to_vec()).number(header.header.number).await.unwrap();
    let account = TrieAccount::new(proof.nonce, proof.balance, proof.storage_hash, proof.code_hash);
    verify_proof(
        header.header.state_root,
        Nibbles::unpack(keccak256(contract)),
        Some(alloy_rlp::encode(account)),
        &proof.account_proof,
    )
    .unwrap();
    assert_eq!(proof.code_hash, keccak256(&CODE[10..]));
    for (slot, (proof, value)) in slots.iter().zip(proof.storage_proof.iter().zip([42u64, 0])) {
        assert_eq!(proof.value, U256::from(value));
        verify_proof(
            // The same root for both: one slot is there, the other is proved not to be.
            provider.get_proof(contract, vec![]).await.unwrap().storage_hash,
            Nibbles::unpack(keccak256(slot)),
            (value != 0).then(|| alloy_rlp::encode(U256::from(value))),
            &proof.proof,
        )
        .unwrap();
    }
    let nobody = Address::repeat_byte(0xee);
    let proof = provider.get_proof(nobody, vec![]).number(header.header.number).await.unwrap();
    assert!(proof.code_hash == KECCAK_EMPTY || proof.code_hash.is_zero());
    verify_proof(header.header.state_root, Nibbles::unpack(keccak256(nobody)), None, &proof.account_proof)
        .unwrap();
}

async fn errors_carry_revert_data_and_reasons(ledger: &Ledger, contract: Address) {
    let (sender, wallet) = account(0);
    let reverting = TransactionRequest::default()
        .with_from(sender)
        .with_to(contract)
        .with_input([0xde, 0xad, 0xbe, 0xef]);
    let error = ledger.provider().call(reverting.clone()).await.unwrap_err();
    let payload = error.as_error_resp().unwrap();
    assert_eq!(payload.code, 3);
    assert_eq!(payload.as_revert_data().unwrap()[..], [0xde, 0xad, 0xbe, 0xef]);
    let error = ledger.provider().estimate_gas(reverting.clone()).await.unwrap_err();
    assert_eq!(error.as_error_resp().unwrap().as_revert_data().unwrap()[..], [0xde, 0xad, 0xbe, 0xef]);

    // With a gas limit given nothing is estimated, and the transaction is mined as failed.
    let provider = ledger.signing(wallet);
    let failed = provider.send_transaction(reverting.with_gas_limit(100_000)).await.unwrap();
    assert!(!failed.get_receipt().await.unwrap().status());

    let error = provider.send_transaction(write(contract, 7, 42).with_nonce(0)).await.unwrap_err();
    assert!(error.to_string().contains("nonce too low"), "{error}");
    let error = ledger.provider().raw_request::<_, ()>("eth_nonsense".into(), ()).await.unwrap_err();
    assert_eq!(error.as_error_resp().unwrap().code, -32601);
    let error = ledger.provider().send_raw_transaction(&[1, 2, 3]).await.unwrap_err();
    assert!(error.as_error_resp().is_some(), "{error}");
}

async fn logs_are_found(ledger: &Ledger, contract: Address) {
    let (_, wallet) = account(1);
    let provider = ledger.signing(wallet);
    for slot in [100, 101, 100] {
        provider.send_transaction(write(contract, slot, 1)).await.unwrap().get_receipt().await.unwrap();
    }
    let all = Filter::new().address(contract).from_block(0);
    let logs = provider.get_logs(&all).await.unwrap();
    assert_eq!(logs.len(), 4);
    let topic = B256::from(U256::from(100));
    let some = provider.get_logs(&all.clone().event_signature(topic)).await.unwrap();
    assert_eq!(some.len(), 2);
    assert!(some.iter().all(|log| log.topics() == [topic] && log.log_index == Some(0) && !log.removed));
    let none = all.clone().event_signature(B256::repeat_byte(9));
    assert!(provider.get_logs(&none).await.unwrap().is_empty());
    let hash = some[1].block_hash.unwrap();
    let in_block = Filter::new().at_block_hash(hash).address(contract);
    assert_eq!(provider.get_logs(&in_block).await.unwrap(), some[1..]);
    assert_eq!(logs.iter().filter(|log| log.block_number == Some(2)).count(), 1);
    let receipts = provider.get_block_receipts(hash.into()).await.unwrap().unwrap();
    assert_eq!(receipts[0].inner.logs(), &some[1..]);
}

async fn older_states_can_be_read(ledger: &Ledger, contract: Address) {
    let provider = ledger.provider();
    let slot = U256::from(7);
    assert_eq!(provider.get_storage_at(contract, slot).number(1).await.unwrap(), U256::ZERO);
    assert_eq!(provider.get_storage_at(contract, slot).number(2).await.unwrap(), U256::from(42));
    assert!(provider.get_code_at(contract).number(0).await.unwrap().is_empty());
    assert!(provider.get_balance(account(0).0).number(1).await.is_ok());
    let header = ledger.verified_header(2).await.unwrap();
    let proof = provider.get_proof(contract, vec![slot.into()]).number(2).await.unwrap();
    let account = TrieAccount::new(proof.nonce, proof.balance, proof.storage_hash, proof.code_hash);
    verify_proof(
        header.header.state_root,
        Nibbles::unpack(keccak256(contract)),
        Some(alloy_rlp::encode(account)),
        &proof.account_proof,
    )
    .unwrap();
}

async fn fees_and_nonces(ledger: &Ledger) {
    let provider = ledger.provider();
    let (sender, wallet) = account(2);
    let history = provider.get_fee_history(2, BlockNumberOrTag::Latest, &[10.0, 90.0]).await.unwrap();
    assert_eq!((history.base_fee_per_gas.len(), history.gas_used_ratio.len()), (3, 2));
    assert!(provider.get_gas_price().await.unwrap() > 0);
    let fees = provider.estimate_eip1559_fees().await.unwrap();
    assert!(fees.max_fee_per_gas >= fees.max_priority_fee_per_gas);
    // Plain ether costs exactly 21,000 gas, and a sender's balance falls by value and fee.
    let to = Address::repeat_byte(0x77);
    let send = TransactionRequest::default().with_from(sender).with_to(to).with_value(U256::from(5));
    assert_eq!(provider.estimate_gas(send.clone()).await.unwrap(), 21_000);
    let before = provider.get_balance(sender).await.unwrap();
    let receipt = ledger.signing(wallet).send_transaction(send).await.unwrap().get_receipt().await.unwrap();
    let fee = U256::from(u128::from(receipt.gas_used) * receipt.effective_gas_price);
    assert_eq!(provider.get_balance(sender).await.unwrap(), before - fee - U256::from(5));
    assert_eq!(provider.get_balance(to).await.unwrap(), U256::from(5));
    assert_eq!(provider.get_transaction_count(sender).pending().await.unwrap(), 1);
}

async fn snapshots_and_time(ledger: &Ledger, contract: Address) {
    let (sender, wallet) = account(3);
    let signing = ledger.signing(wallet);
    let provider = ledger.provider();
    let head = provider.get_block_number().await.unwrap();
    let root = ledger.verified_header(BlockNumberOrTag::Latest).await.unwrap().header.state_root;
    let snapshot: U256 = provider.raw_request("evm_snapshot".into(), ()).await.unwrap();
    for value in [1, 2] {
        let sent = signing.send_transaction(write(contract, 55, value)).await.unwrap();
        sent.get_receipt().await.unwrap();
    }
    let done: bool = provider.raw_request("evm_revert".into(), [snapshot]).await.unwrap();
    assert!(done);
    assert_eq!(provider.get_block_number().await.unwrap(), head);
    assert_eq!(provider.get_storage_at(contract, U256::from(55)).await.unwrap(), U256::ZERO);
    assert_eq!(provider.get_transaction_count(sender).await.unwrap(), 0);
    let again = ledger.verified_header(BlockNumberOrTag::Latest).await.unwrap();
    assert_eq!(again.header.state_root, root);

    let later = again.header.timestamp + 86_400;
    let _: serde_json::Value =
        provider.raw_request("evm_setNextBlockTimestamp".into(), [later]).await.unwrap();
    let _: serde_json::Value = provider.raw_request("evm_mine".into(), ()).await.unwrap();
    let now = ledger.verified_header(BlockNumberOrTag::Latest).await.unwrap().header;
    assert_eq!((now.timestamp, now.number), (later, head + 1));
    let _: serde_json::Value = provider.raw_request("evm_increaseTime".into(), [3_600]).await.unwrap();
    signing.send_transaction(write(contract, 55, 3)).await.unwrap().get_receipt().await.unwrap();
    let now = ledger.verified_header(BlockNumberOrTag::Latest).await.unwrap().header;
    assert!(now.timestamp >= later + 3_600);
    let refused =
        provider.raw_request::<_, serde_json::Value>("evm_setNextBlockTimestamp".into(), [later]).await;
    assert!(refused.is_err());
}
