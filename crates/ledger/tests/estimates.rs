//! What a sender says a transaction will cost, on chains that charge beside gas or allow less of it.

use alloy::{
    primitives::{Address, Bytes, U256, address, bytes},
    sol,
};
use averment_ledger::{
    Ledger,
    contracts::{Quote, SendError, Sender, Sent},
    embedded::{Genesis, GenesisAccount},
    keys::development,
};
use std::sync::{Arc, Mutex};

sol! {
    function touch();
}

const ORACLE: Address = address!("0x420000000000000000000000000000000000000F");
const ARB_SYS: Address = address!("0x0000000000000000000000000000000000000064");
const TARGET: Address = Address::repeat_byte(7);
/// Stops.
const NOTHING: Bytes = bytes!("00");
/// Writes so far into memory that this takes 17 million gas.
const HUNGRY: Bytes = bytes!("6001622d69005200");

/// Code that answers `getL1Fee` with `data`, and any other question by `otherwise`.
fn oracle(data: u128, otherwise: &[u8]) -> Bytes {
    // The place of the second branch: behind 14 bytes and `otherwise`.
    let there = u8::try_from(14 + otherwise.len()).unwrap();
    let select = [0x5f, 0x35, 0x60, 0xe0, 0x1c, 0x63, 0x49, 0x94, 0x8e, 0x0e, 0x14, 0x60, there, 0x57];
    [&select, otherwise, &[0x5b], &answer(data)].concat().into()
}

/// Code that answers `value`.
fn answer(value: u128) -> Vec<u8> {
    [&[0x6f], &value.to_be_bytes()[..], &[0x5f, 0x52, 0x60, 0x20, 0x5f, 0xf3]].concat()
}

const REVERT: [u8; 3] = [0x5f, 0x5f, 0xfd];

/// Calls the target on a chain with these contracts: what came of it, and what was shown before.
async fn send(contracts: &[(Address, Bytes)]) -> (Result<Sent, SendError>, Option<Quote>) {
    let mut genesis = Genesis::development(1_700_000_000);
    for (address, code) in contracts {
        let account = GenesisAccount { code: code.clone(), ..GenesisAccount::default() };
        genesis.accounts.insert(*address, account);
    }
    let ledger = Ledger::in_memory(genesis).unwrap();
    let shown = Arc::new(Mutex::new(None));
    let show = shown.clone();
    let key = development::accounts(31_337).unwrap()[0].clone();
    let sender = Sender::new(&ledger, key).confirm(move |quote| {
        *show.lock().unwrap() = Some(quote.clone());
        true
    });
    let sent = sender.call("touch it", TARGET, &touchCall {}).await;
    let quote = shown.lock().unwrap().clone();
    (sent, quote)
}

#[tokio::test]
async fn gas_alone_is_what_most_chains_charge() {
    let (sent, quote) = send(&[(TARGET, NOTHING)]).await;
    let (sent, quote) = (sent.unwrap(), quote.unwrap());
    assert_eq!(sent.quote, quote);
    assert_eq!((quote.data_fee, quote.gas), (U256::ZERO, sent.gas_used()));
    assert_eq!(quote.expected_fee(), U256::from(quote.gas) * U256::from(quote.price));
    assert!(sent.fee() <= quote.largest_fee());
}

#[tokio::test]
async fn a_rollup_is_asked_for_its_data_and_operator_fees() {
    let (sent, quote) = send(&[(TARGET, NOTHING), (ORACLE, oracle(1_000_000, &answer(2_345)))]).await;
    let quote = quote.unwrap();
    assert_eq!(quote.data_fee, U256::from(1_002_345));
    let gas = U256::from(quote.gas) * U256::from(quote.price);
    assert_eq!(quote.expected_fee(), gas + U256::from(1_002_345));
    let most = U256::from(quote.gas_limit) * U256::from(quote.max_fee_per_gas);
    assert_eq!(quote.largest_fee(), most + U256::from(1_002_345 + 200_469));
    assert_eq!(sent.unwrap().quote, quote);
}

#[tokio::test]
async fn before_isthmus_there_is_no_operator_fee() {
    let (sent, quote) = send(&[(TARGET, NOTHING), (ORACLE, oracle(1_000_000, &REVERT))]).await;
    assert_eq!(quote.unwrap().data_fee, U256::from(1_000_000));
    sent.unwrap();
}

#[tokio::test]
async fn nothing_is_sent_where_the_data_fee_is_unknown_or_cannot_be_paid() {
    let (sent, quote) = send(&[(TARGET, NOTHING), (ORACLE, Bytes::from(REVERT.to_vec()))]).await;
    assert!(matches!(sent, Err(SendError::DataFee { .. })), "{sent:?}");
    assert_eq!(quote, None);
    // Something else at that address.
    let (sent, _) = send(&[(TARGET, NOTHING), (ORACLE, NOTHING)]).await;
    assert!(matches!(sent, Err(SendError::DataFee { .. })), "{sent:?}");
    // More than the ten thousand ether that the account has.
    let dear = 9_000_000_000_000_000_000_000;
    let (sent, quote) = send(&[(TARGET, NOTHING), (ORACLE, oracle(dear, &answer(0)))]).await;
    let Err(SendError::Funds { needed, .. }) = sent else { panic!("{sent:?}") };
    assert!(needed > U256::from(dear / 5 * 6));
    assert_eq!(quote, None);
}

#[tokio::test]
async fn more_gas_than_a_transaction_may_use_is_refused_but_on_arbitrum() {
    let (sent, quote) = send(&[(TARGET, HUNGRY)]).await;
    let Err(SendError::Cap { needed, cap, .. }) = sent else { panic!("{sent:?}") };
    assert!(cap == 16_777_216 && cap < needed && needed < 18_000_000, "{needed}");
    assert_eq!(quote, None);
    let (sent, quote) = send(&[(TARGET, HUNGRY), (ARB_SYS, NOTHING)]).await;
    assert_eq!(quote.unwrap().gas, needed);
    assert_eq!(sent.unwrap().gas_used(), needed);
}
