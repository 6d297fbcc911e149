//! Envelopes against the specification's vector, and everything that can be wrong with a signature.

use super::*;
use crate::testing::{Account, account};
use alloy_primitives::keccak256;
use std::convert::Infallible;

fn personal(signer: &Account) -> impl Fn(&[u8]) -> Result<Signature, Infallible> + '_ {
    |message| {
        let prefix = format!("\x19Ethereum Signed Message:\n{}", message.len());
        let hash = keccak256([prefix.as_bytes(), message].concat());
        Ok(Signature::from_raw(&signer.sign(hash)).unwrap())
    }
}

fn signed(by: &[&Account]) -> Envelope {
    let mut envelope = Envelope::new(IN_TOTO, b"{\"a\":1}".to_vec());
    by.iter().for_each(|signer| envelope.sign(signer.address, personal(signer)).unwrap());
    envelope
}

/// The example of the DSSE specification, protocol.md.
#[test]
fn pre_authentication_encoding_is_the_specifications() {
    assert_eq!(
        pae("http://example.com/HelloWorld", b"hello world"),
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    );
}

#[test]
fn an_envelope_says_who_signed_it_and_survives_the_way() {
    let (one, two) = (account(1), account(2));
    let envelope = signed(&[&one, &two]);
    let bytes = envelope.encode().unwrap();
    let read = Envelope::decode(&bytes, &Limits::default()).unwrap();
    assert_eq!(read, envelope);
    assert_eq!(read.signers().unwrap().accounts, [one.address, two.address].into());
    for length in 0..bytes.len() {
        Envelope::decode(&bytes[..length], &Limits::default()).unwrap_err();
    }
}

#[test]
fn a_signature_counts_for_its_payload_type_and_account_only() {
    let (one, two) = (account(1), account(2));
    let envelope = signed(&[&one]);
    let mut other = envelope.clone();
    other.payload = b"{\"a\":2}".to_vec();
    assert!(matches!(other.signers(), Err(SignatureError::OtherSigner { index: 0, .. })));
    let mut other = envelope.clone();
    other.payload_type = "text/plain".into();
    assert!(matches!(other.signers(), Err(SignatureError::OtherSigner { .. })));
    let mut other = envelope.clone();
    other.signatures[0].keyid = key_id(&two.address);
    assert!(matches!(other.signers(), Err(SignatureError::OtherSigner { .. })));
    let mut other = envelope;
    other.signatures[0].keyid = other.signatures[0].keyid.to_uppercase().replace("EIP155:0X", "eip155:0x");
    assert!(matches!(other.signers(), Err(SignatureError::KeyId { .. })));
}

#[test]
fn second_forms_and_second_signatures_are_refused() {
    let one = account(1);
    let mut envelope = signed(&[&one]);
    assert!(matches!(
        envelope.sign(one.address, personal(&one)),
        Err(SignError::Signature(SignatureError::Twice { index: 1, .. }))
    ));
    let mut twice = envelope.clone();
    twice.signatures.push(envelope.signatures[0].clone());
    assert!(matches!(twice.signers(), Err(SignatureError::Twice { .. })));
    for (byte, expected) in [(0, 0), (1, 1)] {
        let mut other = envelope.clone();
        other.signatures[0].sig[64] = byte;
        assert_eq!(other.signers(), Err(SignatureError::RecoveryId { index: 0, got: expected }));
    }
    let mut short = envelope.clone();
    short.signatures[0].sig.pop();
    assert_eq!(short.signers(), Err(SignatureError::Length { index: 0, got: 64 }));
    let order =
        alloy_primitives::uint!(0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141_U256);
    let mut high = envelope;
    let sig = &mut high.signatures[0].sig;
    let s = order - U256::from_be_slice(&sig[32..64]);
    sig[32..64].copy_from_slice(&s.to_be_bytes::<32>());
    sig[64] = 55 - sig[64];
    assert_eq!(high.signers(), Err(SignatureError::HighS { index: 0 }));
}

#[test]
fn signatures_of_other_schemes_are_named_and_count_for_nothing() {
    let one = account(1);
    let other = EnvelopeSignature { keyid: "sha256:ab".into(), sig: vec![1, 2, 3] };
    let mut envelope = signed(&[&one]);
    envelope.signatures.push(other.clone());
    assert_eq!(envelope.signers().unwrap().unchecked, ["sha256:ab"]);
    let mut alone = signed(&[]);
    alone.signatures.push(other);
    assert_eq!(alone.signers(), Err(SignatureError::NoAccount { others: 1 }));
}

#[test]
fn a_signer_that_answers_for_another_account_is_caught() {
    let (one, two) = (account(1), account(2));
    let mut envelope = signed(&[]);
    assert!(matches!(
        envelope.sign(one.address, personal(&two)),
        Err(SignError::Signature(SignatureError::OtherSigner { .. }))
    ));
    assert!(envelope.signatures().is_empty());
}

#[test]
fn limits_hold() {
    let bytes = signed(&[&account(1), &account(2)]).encode().unwrap();
    let limits = Limits { signatures: 1, ..Limits::default() };
    assert!(matches!(
        Envelope::decode(&bytes, &limits),
        Err(EnvelopeError::TooLong { limit: 1, got: 2, .. })
    ));
    let limits = Limits { bytes: 10, ..Limits::default() };
    assert!(matches!(Envelope::decode(&bytes, &limits), Err(EnvelopeError::Json(_))));
}
