//! What the chain takes, what it refuses, and how it goes back and is reorganised.

use super::*;
use crate::{
    Ledger,
    embedded::{EmbeddedError, GenesisAccount, GenesisError, TransactionError},
};
use alloy::{
    consensus::{TxEip4844, TxLegacy},
    eips::BlockNumberOrTag,
    primitives::{B256, Signature, bytes},
    providers::Provider,
};

fn refused(raw: &[u8]) -> TransactionError {
    let chain = fresh();
    chain.submit(&signed(transfer(0))).unwrap();
    let before = chain.latest().unwrap();
    let EmbeddedError::Transaction(error) = chain.submit(raw).unwrap_err() else { panic!() };
    assert_eq!(chain.latest().unwrap(), before, "a refused transaction left a trace");
    error
}

#[test]
fn every_bad_transaction_gets_its_error() {
    use TransactionError as E;
    assert!(matches!(refused(&[]), E::Malformed(_)));
    assert!(matches!(refused(b"\x02\xc0"), E::Malformed(_)));
    let mut trailing = signed(transfer(1));
    trailing.push(0);
    assert!(matches!(refused(&trailing), E::Malformed(_)));
    let good = signed(transfer(1));
    for cut in 0..good.len() {
        assert!(matches!(refused(&good[..cut]), E::Malformed(_)), "cut at {cut}");
    }

    let key = &development::accounts(31337).unwrap()[0];
    let legacy = TxLegacy { nonce: 1, gas_limit: 21_000, gas_price: 5_000_000_000, ..TxLegacy::default() };
    let signature = key.sign_digest(&legacy.signature_hash()).unwrap();
    let raw = TxEnvelope::from(legacy.into_signed(signature)).encoded_2718();
    assert_eq!(refused(&raw), E::NoChainId { expected: 31337 });
    let blobs = TxEip4844 { chain_id: 31337, ..TxEip4844::default() };
    let raw = TxEnvelope::from(blobs.into_signed(Signature::test_signature())).encoded_2718();
    assert_eq!(refused(&raw), E::Type(3));
    let zero = Signature::new(U256::ZERO, U256::ZERO, false);
    let raw = TxEnvelope::from(transfer(1).into_signed(zero)).encoded_2718();
    assert_eq!(refused(&raw), E::Signature);

    assert_eq!(
        refused(&signed(TxEip1559 { chain_id: 1, ..transfer(1) })),
        E::ChainId { expected: 31337, got: 1 }
    );
    // The same transaction again is known; another with its number is late.
    assert!(matches!(refused(&signed(transfer(0))), E::Known(_)));
    assert_eq!(
        refused(&signed(TxEip1559 { value: U256::from(2), ..transfer(0) })),
        E::NonceTooLow { expected: 1, got: 0 }
    );
    assert_eq!(refused(&signed(transfer(3))), E::NonceTooHigh { expected: 1, got: 3 });
    let rich = TxEip1559 { value: U256::from(10).pow(U256::from(30)), ..transfer(1) };
    assert!(matches!(refused(&signed(rich)), E::InsufficientFunds { .. }));
    for invalid in [
        TxEip1559 { gas_limit: 20_999, ..transfer(1) },
        TxEip1559 { gas_limit: 30_000_001, ..transfer(1) },
        TxEip1559 { max_fee_per_gas: 1, max_priority_fee_per_gas: 0, ..transfer(1) },
        TxEip1559 { max_priority_fee_per_gas: 6_000_000_000, ..transfer(1) },
    ] {
        assert!(matches!(refused(&signed(invalid)), E::Invalid(_)));
    }
}

#[test]
fn waiting_transactions_are_mined_together_and_overflow_into_the_next_block() {
    let chain = fresh();
    chain.set_automine(false).unwrap();
    for nonce in 0..4 {
        chain.submit(&signed(TxEip1559 { gas_limit: 12_000_000, ..transfer(nonce) })).unwrap();
    }
    assert!(matches!(
        chain.submit(&signed(transfer(9))),
        Err(EmbeddedError::Transaction(TransactionError::NonceTooHigh { expected: 4, got: 9 }))
    ));
    assert_eq!(chain.latest().unwrap().1.number, 0);
    // 30 million gas a block: what the others use leaves too little for a limit of 12 million only at first
    // sight, since each uses 21,000.
    chain.mine().unwrap();
    assert_eq!(chain.latest().unwrap().1.gas_used, 4 * 21_000);
    let looping =
        TxEip1559 { gas_limit: 20_000_000, to: TxKind::Create, input: bytes!("5b5f56"), ..transfer(4) };
    chain.submit(&signed(looping)).unwrap();
    chain.submit(&signed(TxEip1559 { gas_limit: 12_000_000, ..transfer(5) })).unwrap();
    chain.mine().unwrap();
    assert_eq!(chain.latest().unwrap().1.gas_used, 20_000_000);
    chain.mine().unwrap();
    assert_eq!(chain.latest().unwrap().1.gas_used, 21_000);
}

#[test]
fn reorganised_blocks_have_new_hashes_and_survive_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain.journal");
    let chain = chain_of(&path, 3);
    let old: Vec<B256> = (0..=3).map(|number| chain.block_hash(number).unwrap().unwrap()).collect();
    // The same transactions at the same times, and still other blocks.
    chain.reorganise(2, &[vec![signed(transfer(1))], vec![signed(transfer(2))], vec![]]).unwrap();
    let new: Vec<B256> = (0..=4).map(|number| chain.block_hash(number).unwrap().unwrap()).collect();
    assert_eq!(old[..2], new[..2]);
    assert!(old[2..].iter().all(|hash| !new.contains(hash)));
    let latest = chain.latest().unwrap();
    assert!(matches!(
        chain.reorganise(5, &[]),
        Err(EmbeddedError::ReorganisationTooDeep { depth: 5, head: 4 })
    ));
    drop(chain);
    let chain = open(&path).unwrap();
    assert_eq!(chain.latest().unwrap(), latest);
    // A transaction that a reorganisation dropped can come again.
    chain.reorganise(3, &[]).unwrap();
    chain.submit(&signed(transfer(1))).unwrap();
}

#[test]
fn snapshots_are_used_up_and_time_only_moves_forward() {
    let chain = chain_of(&tempfile::tempdir().unwrap().path().join("chain.journal"), 1);
    let root = chain.latest().unwrap().1.state_root;
    let (first, second) = (chain.snapshot().unwrap(), chain.snapshot().unwrap());
    chain.increase_time(1_000).unwrap();
    chain.submit(&signed(transfer(1))).unwrap();
    assert!(chain.revert(first).unwrap());
    assert_eq!(chain.latest().unwrap().1.state_root, root);
    assert!(!chain.revert(first).unwrap() && !chain.revert(second).unwrap() && !chain.revert(99).unwrap());
    // Going back undoes the jump in time as well.
    chain.submit(&signed(transfer(1))).unwrap();
    let now = chain.latest().unwrap().1.timestamp;
    assert!(now < TIME + 1_000);
    assert!(matches!(
        chain.set_next_timestamp(now),
        Err(EmbeddedError::TimeNotLater { latest, got }) if latest == now && got == now
    ));
    for far in [(1 << 40) + 1, u64::MAX] {
        assert!(matches!(chain.set_next_timestamp(far), Err(EmbeddedError::TimeTooFar { .. })));
        assert!(matches!(chain.increase_time(far), Err(EmbeddedError::TimeTooFar { .. })));
    }
    chain.set_next_timestamp(now + 500).unwrap();
    chain.mine().unwrap();
    chain.mine().unwrap();
    assert_eq!(chain.latest().unwrap().1.timestamp, now + 501);
}

#[test]
fn genesis_that_makes_no_chain_is_refused() {
    let who = Address::repeat_byte(9);
    let with = |account| {
        let mut genesis = Genesis::development(TIME);
        genesis.accounts.insert(who, account);
        Embedded::in_memory(genesis).map(drop)
    };
    let storage = [(B256::ZERO, B256::repeat_byte(1))].into();
    assert!(matches!(
        with(GenesisAccount { storage, ..GenesisAccount::default() }),
        Err(OpenError::Genesis(GenesisError::StorageWithoutCode(at))) if at == who
    ));
    assert!(matches!(
        with(GenesisAccount { code: bytes!("ef010011"), ..GenesisAccount::default() }),
        Err(OpenError::Genesis(GenesisError::Code(at))) if at == who
    ));
    let genesis = Genesis { gas_limit: 1, ..Genesis::development(TIME) };
    assert!(matches!(Embedded::in_memory(genesis), Err(OpenError::Genesis(GenesisError::GasLimit(1)))));
    assert!(matches!(
        Embedded::in_memory(Genesis::development(u64::MAX)),
        Err(OpenError::Genesis(GenesisError::Time(u64::MAX)))
    ));
    with(GenesisAccount::default()).unwrap();
}

#[tokio::test]
async fn chain_without_state_roots_says_so() {
    let ledger = Ledger::in_memory(Genesis::development(TIME).without_state_roots()).unwrap();
    ledger.embedded().unwrap().submit(&signed(transfer(0))).unwrap();
    let header = ledger.verified_header(BlockNumberOrTag::Latest).await.unwrap().header;
    assert_eq!((header.number, header.state_root), (1, B256::ZERO));
    let who = Address::repeat_byte(0x55);
    assert_eq!(ledger.provider().get_balance(who).await.unwrap(), U256::from(1));
    let error = ledger.provider().get_proof(who, vec![]).await.unwrap_err();
    assert!(error.to_string().contains("computes no state roots"), "{error}");
}
