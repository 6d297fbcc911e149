use super::*;
use crate::{
    fees::{Chain, PriceBook},
    keys::development,
};
use alloy::{
    consensus::{SignableTransaction, TxEip1559, TxEip2930, TxEip7702, TxLegacy},
    eips::{
        eip2718::Encodable2718,
        eip2930::{AccessList, AccessListItem},
        eip7702::{Authorization, SignedAuthorization},
    },
    primitives::{Signature, TxKind},
};
use averment_primitives::U256;
use proptest::prelude::*;

const TO: Address = Address::repeat_byte(9);

fn signed<T>(transaction: T) -> Bytes
where
    T: SignableTransaction<Signature>,
    TxEnvelope: From<alloy::consensus::Signed<T>>,
{
    let key = &development::accounts(31_337).unwrap()[0];
    let signature = key.sign_digest(&transaction.signature_hash()).unwrap();
    TxEnvelope::from(transaction.into_signed(signature)).encoded_2718().into()
}

fn plain(gas_limit: u64, input: Vec<u8>) -> TxEip1559 {
    TxEip1559 { chain_id: 1, gas_limit, to: TxKind::Call(TO), input: input.into(), ..TxEip1559::default() }
}

fn list() -> AccessList {
    vec![AccessListItem { address: TO, storage_keys: vec![B256::ZERO; 3] }].into()
}

fn authorisation() -> SignedAuthorization {
    let inner = Authorization { chain_id: U256::from(1), address: TO, nonce: 0 };
    inner.into_signed(Signature::new(U256::ONE, U256::ONE, false))
}

#[test]
fn every_type_is_read_and_its_intrinsic_gas_known() {
    let sender = development::accounts(31_337).unwrap()[0].address();
    let legacy = TxLegacy { chain_id: None, gas_limit: 90_000, to: TxKind::Call(TO), ..TxLegacy::default() };
    let create =
        TxLegacy { chain_id: Some(10), to: TxKind::Create, input: vec![0; 64].into(), ..legacy.clone() };
    let listed = TxEip2930 {
        chain_id: 1,
        gas_limit: 90_000,
        to: TxKind::Call(TO),
        access_list: list(),
        ..TxEip2930::default()
    };
    let delegating = TxEip7702 {
        chain_id: 1,
        gas_limit: 90_000,
        to: TO,
        authorization_list: vec![authorisation()],
        ..TxEip7702::default()
    };
    // 16 and 4 gas a byte; 2,400 and 1,900 for what is listed; 32,000 to create and 2 a word; 25,000 to delegate.
    for (raw, kind, chain_id, intrinsic) in [
        (signed(legacy), 0, None, 21_000),
        (signed(create), 0, Some(10), 21_000 + 32_000 + 64 * 4 + 2 * 2),
        (signed(listed), 1, Some(1), 21_000 + 2_400 + 3 * 1_900),
        (signed(plain(90_000, vec![0, 1, 2])), 2, Some(1), 21_000 + 4 + 2 * 16),
        (signed(delegating), 4, Some(1), 21_000 + 25_000),
    ] {
        let read = SignedTransaction::from_hex(&format!(" 0x{}\n", hex::encode(&raw))).unwrap();
        assert_eq!((read.kind(), read.chain_id(), read.intrinsic_gas()), (kind, chain_id, intrinsic));
        assert_eq!((read.sender(), read.gas_limit(), read.bytes()), (sender, 90_000, &raw));
        assert_eq!(SignedTransaction::from_hex(&hex::encode(&raw)), Ok(read));
    }
}

#[test]
fn what_is_no_transaction_is_refused_for_what_it_is() {
    let decode = |bytes: &[u8]| SignedTransaction::decode(bytes.to_vec().into()).unwrap_err();
    assert_eq!(decode(&[]), TransactionError::Empty);
    assert_eq!(SignedTransaction::from_hex(" \n"), Err(TransactionError::Empty));
    assert_eq!(SignedTransaction::from_hex("0x"), Err(TransactionError::Empty));
    assert!(matches!(SignedTransaction::from_hex("0x0g"), Err(TransactionError::Hex(_))));
    assert!(matches!(SignedTransaction::from_hex("0x123"), Err(TransactionError::Hex(_))));
    assert!(matches!(SignedTransaction::from_hex("02 f8"), Err(TransactionError::Hex(_))));
    assert_eq!(decode(&[0x03, 0xf8]), TransactionError::Blobs);
    for got in [0x00, 0x05, 0x7e, 0x7f, 0xbf] {
        assert_eq!(decode(&[got, 0xc0]), TransactionError::Type { got });
    }
    assert!(matches!(decode(&[0x02]), TransactionError::Encoding(_)));
    assert!(matches!(decode(&[0xf8, 0xff, 0x01]), TransactionError::Encoding(_)));

    let good = signed(plain(90_000, vec![1; 10]));
    assert!(matches!(decode(&good[..good.len() - 1]), TransactionError::Encoding(_)));
    assert_eq!(decode(&[&good[..], &[0; 3]].concat()), TransactionError::Trailing { got: 3 });
    let nobody = Signature::new(U256::ZERO, U256::ZERO, false);
    let unsigned = TxEnvelope::from(plain(90_000, vec![]).into_signed(nobody)).encoded_2718();
    assert_eq!(decode(&unsigned), TransactionError::Signature);

    let cheap = signed(plain(21_159, vec![1; 10]));
    assert_eq!(decode(&cheap), TransactionError::Intrinsic { intrinsic: 21_160, limit: 21_159 });
}

#[test]
fn long_ones_are_refused_before_they_are_read() {
    let longest = signed(plain(5_000_000, vec![1; MAX_TRANSACTION - 200]));
    assert!(SignedTransaction::decode(longest).is_ok());
    let long = signed(plain(5_000_000, vec![1; MAX_TRANSACTION]));
    assert_eq!(SignedTransaction::decode(long.clone()), Err(TransactionError::TooLong { got: long.len() }));
    let digits = "0".repeat(50_000_000);
    assert_eq!(SignedTransaction::from_hex(&digits), Err(TransactionError::TooLong { got: 25_000_000 }));
}

#[test]
fn gas_is_what_was_said_or_all_it_may_use() {
    let read = SignedTransaction::decode(signed(plain(90_000, vec![]))).unwrap();
    assert_eq!(read.footprint(None).unwrap().gas_used, 90_000);
    assert_eq!(read.footprint(Some(21_000)).unwrap().gas_used, 21_000);
    for got in [20_999, 90_001] {
        let error = TransactionError::Gas { intrinsic: 21_000, limit: 90_000, got };
        assert_eq!(read.footprint(Some(got)), Err(error));
    }
}

/// A signature's bytes do not matter for what a transaction costs, but by the few that they are longer or shorter.
#[test]
fn an_estimate_before_signing_is_near_the_one_after() {
    let transaction = plain(90_000, crate::fees::incompressible(500));
    let before = Footprint::unsigned(transaction.clone(), 60_000);
    let after = SignedTransaction::decode(signed(transaction)).unwrap().footprint(Some(60_000)).unwrap();
    assert!(before.transaction.len().abs_diff(after.transaction.len()) <= 2);
    let book = PriceBook::default();
    for chain in Chain::ALL {
        let [a, b] = [&before, &after].map(|footprint| book.cost(chain, footprint).total());
        assert!(a.abs_diff(b) * U256::from(100) <= b, "{chain}: {a} {b}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = SignedTransaction::decode(bytes.into());
    }

    /// Whatever is changed, it is another transaction or none; and what is read is priced.
    #[test]
    fn no_change_goes_unnoticed(
        input in prop::collection::vec(any::<u8>(), 0..200), place in any::<prop::sample::Index>(), flip in 1_u8..,
    ) {
        let raw = signed(plain(90_000, input));
        let before = SignedTransaction::decode(raw.clone()).unwrap();
        let mut changed = raw.to_vec();
        changed[place.index(raw.len())] ^= flip;
        if let Ok(after) = SignedTransaction::decode(changed.into()) {
            prop_assert_ne!(after.hash(), before.hash());
            let footprint = after.footprint(None).unwrap();
            for chain in Chain::ALL {
                prop_assert!(PriceBook::default().cost(chain, &footprint).total() > U256::ZERO);
            }
        }
    }
}
