use super::*;
use crate::{
    Ledger,
    embedded::{Genesis, GenesisAccount},
    fees::{MAX_GAS_PRICE, Usd},
};
use alloy::{
    network::TransactionBuilder, primitives::Address, providers::Provider, rpc::types::TransactionRequest,
};
use proptest::prelude::*;

const READERS: [Reader; 4] = [Reader::Ourselves, Reader::Auditors, Reader::Everyone, Reader::Contract];

fn demand(reader: Reader, bytes: u32, per_year: u64, batches: u32) -> Demand {
    Demand::new(reader, bytes, per_year, batches).unwrap()
}

fn of(advice: &Advice, way: Way) -> Offer {
    *advice.offers.iter().find(|offer| offer.way == way).unwrap()
}

#[test]
fn demands_that_make_no_sense_are_refused() {
    let new = |bytes, per_year, batches| Demand::new(Reader::Auditors, bytes, per_year, batches).unwrap_err();
    assert_eq!(new(0, 1, 1), DemandError::Bytes { got: 0 });
    assert_eq!(new(100_001, 1, 1), DemandError::Bytes { got: 100_001 });
    assert_eq!(new(1, 0, 1), DemandError::Volume { got: 0 });
    assert_eq!(new(1, MAX_VOLUME + 1, 1), DemandError::Volume { got: MAX_VOLUME + 1 });
    assert_eq!(new(1, 1, 0), DemandError::Batches { got: 0 });
    assert_eq!(new(1, 1, 525_601), DemandError::Batches { got: 525_601 });
}

#[test]
fn who_trusts_the_keeper_is_told_that_a_database_would_do() {
    let advice = advise(&PriceBook::default(), &demand(Reader::Ourselves, 200, 1_000_000, 365));
    assert_eq!((advice.best.way, advice.best.per_year.wei), (Way::Database, U256::ZERO));
    assert_eq!(advice.fleeting, None);
}

#[test]
fn auditors_are_given_an_anchored_log_whatever_the_volume() {
    let book = PriceBook::default();
    let few = advise(&book, &demand(Reader::Auditors, 200, 1_000, 365));
    let many = advise(&book, &demand(Reader::Auditors, 200, 1_000_000_000, 365));
    for advice in [&few, &many] {
        assert!(matches!(advice.best.way, Way::Anchors(_)), "{:?}", advice.best);
        assert_eq!(advice.best.transactions, 365);
    }
    assert_eq!(few.best, many.best);
    // 365 times 65,767 gas at 2 gwei.
    assert_eq!(
        of(&few, Way::Anchors(Chain::Ethereum)).per_year.wei,
        U256::from(365 * 65_767_u64 * 2_000_000_000)
    );
    // One record a year, anchored every day, is dearer than a call for it: then that is the advice.
    let rare = advise(&book, &demand(Reader::Auditors, 32, 1, 365));
    assert_eq!(rare.best.transactions, 1);
}

#[test]
fn a_contract_needs_a_call_for_each_record() {
    let advice = advise(&PriceBook::default(), &demand(Reader::Contract, 200, 5_000, 365));
    assert!(matches!(advice.best.way, Way::Events(_)));
    assert_eq!((advice.best.transactions, advice.fleeting), (5_000, None));
}

/// Blobs are cheap and forgotten: said, and not advised alone.
#[test]
fn blobs_are_named_as_what_does_not_last() {
    let advice = advise(&PriceBook::default(), &demand(Reader::Everyone, 1_000, 10_000_000, 365));
    assert_eq!(advice.best.way.keeping(), Keeping::History);
    let blobs = advice.fleeting.unwrap();
    assert_eq!((blobs.way, blobs.way.keeping()), (Way::Blobs, Keeping::Days));
    assert!(blobs.per_year.wei < advice.best.per_year.wei);
    // 27,398 records a day are 27,398,000 bytes: 216 blobs, in 36 transactions of 21,000 gas.
    let day = 216 * 131_072 * 125_000_000_u64 + 36 * 21_000 * 2_000_000_000;
    assert_eq!((blobs.transactions, blobs.per_year.wei), (365 * 36, U256::from(365) * U256::from(day)));
    // Where blobs are dear, they are not named.
    let dear = advise(
        &PriceBook::at(2_000_000_000, MAX_GAS_PRICE),
        &demand(Reader::Everyone, 1_000, 10_000_000, 365),
    );
    assert_eq!(dear.fleeting, None);
}

#[test]
fn calldata_of_a_batch_is_paid_at_the_floor() {
    let book = PriceBook::default();
    let advice = advise(&book, &demand(Reader::Everyone, 100, 365_000, 365));
    let data = incompressible(100_000);
    let day = U256::from(floor_gas(&data)) * U256::from(2_000_000_000);
    let offer = of(&advice, Way::Calldata(Chain::Ethereum));
    assert_eq!((offer.transactions, offer.per_year.wei), (365, U256::from(365) * day));
    // A batch that is longer than a transaction goes out in several.
    let advice = advise(&book, &demand(Reader::Everyone, 100, 365_000, 36));
    assert_eq!(of(&advice, Way::Calldata(Chain::Base)).transactions, 36 * 9);
}

#[test]
fn anchors_cost_what_was_measured() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../contracts/snapshots/actions.json");
    let measured: serde_json::Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert_eq!(measured["anchor"], ANCHOR_GAS.to_string());
}

/// A contract of eight instructions, run by the virtual machine.
#[tokio::test]
async fn an_event_costs_what_the_machine_charges() {
    let contract = Address::repeat_byte(7);
    let code = alloy::primitives::bytes!("365f5f37365fa000");
    let mut genesis = Genesis::development(1_700_000_000);
    genesis.accounts.insert(contract, GenesisAccount { code, ..GenesisAccount::default() });
    let ledger = Ledger::in_memory(genesis).unwrap();
    for bytes in [1, 32, 33, 200, 5_000, 100_000] {
        let input = Bytes::from(incompressible(bytes));
        let call = TransactionRequest::default().with_to(contract).with_input(input);
        assert_eq!(
            ledger.provider().estimate_gas(call).await.unwrap(),
            event(bytes).gas_used,
            "{bytes} bytes"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_best_way_convinces_the_reader_and_no_cheaper_one_does(
        reader in 0..READERS.len(), bytes in 1_u32..3_000, per_year in 1_u64..=MAX_VOLUME, batches in 1..=MAX_BATCHES,
        base_fee in 1..=MAX_GAS_PRICE, blob_fee in 1..=MAX_GAS_PRICE,
    ) {
        let mut book = PriceBook::at(base_fee, blob_fee);
        book.ether = Some(Usd { cents_per_ether: 10_000_000_000 });
        let advice = advise(&book, &demand(READERS[reader], bytes, per_year, batches));
        prop_assert!(advice.best.way.convinces() >= READERS[reader]);
        prop_assert!(advice.best.way.keeping() != Keeping::Days);
        for offer in &advice.offers {
            let lasting = offer.way.convinces() >= READERS[reader] && offer.way.keeping() != Keeping::Days;
            prop_assert!(!lasting || offer.per_year.wei >= advice.best.per_year.wei);
        }
        prop_assert_eq!(advice.offers.len(), 14);
        prop_assert!(advice.offers.is_sorted_by_key(|offer| offer.way.convinces()));
    }
}
