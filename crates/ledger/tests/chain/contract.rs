//! A contract small enough to read in bytes, and transactions to it.

use alloy::{
    consensus::TxEnvelope,
    eips::eip2718::Encodable2718,
    network::{EthereumWallet, NetworkTransactionBuilder, TransactionBuilder},
    primitives::{Address, B256, Bytes, U256, bytes},
    rpc::types::TransactionRequest,
};
use averment_ledger::keys::development;

/// Writes the second word of the calldata to the slot that the first names, and logs the first as a topic.
/// Four bytes of calldata come back as a revert.
///
/// ```text
/// 0x00: if calldatasize == 4 jump 0x17
/// 0x07: sstore(calldata[0], calldata[32]); log1(topic calldata[0]); stop
/// 0x17: mstore(0, calldata[0]); revert(0, 4)
/// ```
pub const CODE: Bytes =
    bytes!("602380600a5f395ff3fe366004146017576020356000355560003560006000a1005b60003560005260046000fd");

/// Development account `index` and its wallet.
pub fn account(index: usize) -> (Address, EthereumWallet) {
    let accounts = development::accounts(31337).unwrap();
    (accounts[index].address(), accounts[index].wallet())
}

/// Deploys [`CODE`].
pub fn deployment() -> TransactionRequest {
    TransactionRequest::default().with_deploy_code(CODE)
}

/// Writes `value` to `slot`.
pub fn write(contract: Address, slot: u64, value: u64) -> TransactionRequest {
    let words = [B256::from(U256::from(slot)), B256::from(U256::from(value))];
    TransactionRequest::default().with_to(contract).with_input(words.concat())
}

/// Fills in what a provider would, so that the same bytes can go to several chains; EIP-1559 fees.
pub async fn sign(request: TransactionRequest, nonce: u64, wallet: &EthereumWallet) -> TxEnvelope {
    let request = request
        .with_nonce(nonce)
        .with_chain_id(31337)
        .with_gas_limit(500_000)
        .with_max_fee_per_gas(5_000_000_000)
        .with_max_priority_fee_per_gas(1_000_000_000 + u128::from(nonce));
    request.build(wallet).await.unwrap()
}

/// The same as a legacy transaction.
pub async fn sign_legacy(request: TransactionRequest, nonce: u64, wallet: &EthereumWallet) -> TxEnvelope {
    let request =
        request.with_nonce(nonce).with_chain_id(31337).with_gas_limit(500_000).with_gas_price(4_000_000_000);
    request.build(wallet).await.unwrap()
}

/// A transaction's bytes.
pub fn raw(tx: &TxEnvelope) -> Vec<u8> {
    tx.encoded_2718()
}
