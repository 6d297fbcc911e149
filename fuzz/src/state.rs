//! The chain's state: headers, account and storage proofs, signatures; ids.

use crate::vectors;
use averment_primitives::{Address, B256, Bytes, Signature, U256, VersionId, keccak256};
use averment_registry::{
    approval::recover,
    state::{AccountProof, Header, StorageProof},
};

pub(crate) fn header(data: &[u8]) -> bool {
    let Ok(header) = Header::decode(data) else { return false };
    assert_eq!(header.hash, keccak256(data));
    // A header is a list: no other header begins or ends with it.
    assert!(Header::decode(&[data, &[0]].concat()).is_err() && Header::decode(&data[1..]).is_err());
    true
}

pub(crate) fn header_seeds() -> Vec<Vec<u8>> {
    vec![vectors::bytes(&vectors::json(&vectors::AUDIT)["header"])]
}

/// Bytes: account (20), slot (32), number of nodes to the account (u8), then nodes, each after its length (u16). The
/// first node's hash is the root that is trusted.
pub(crate) fn state_proof(data: &[u8]) -> bool {
    let Some((address, rest)) = data.split_first_chunk::<20>() else { return false };
    let Some((slot, rest)) = rest.split_first_chunk::<32>() else { return false };
    let Some((&to_account, mut rest)) = rest.split_first() else { return false };
    let (address, slot) = (Address::from(address), B256::from(slot));
    let mut nodes = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk() {
        let (node, next) = after.split_at(usize::from(u16::from_le_bytes(*length)).min(after.len()));
        nodes.push(Bytes::copy_from_slice(node));
        rest = next;
    }
    let storage = nodes.split_off(usize::from(to_account).min(nodes.len()));
    let Some(root) = nodes.first().map(keccak256) else { return false };
    let storage_proof = vec![StorageProof { key: slot, proof: storage }];
    let proof = AccountProof { address, account_proof: nodes, storage_proof };
    let Ok(proven) = proof.verify(root, address, &[slot]) else { return false };
    assert_eq!((proven.address, proven.slots.len()), (address, 1));
    // Neither more nor fewer nodes than lead there, no other root, account or slot.
    let mut fewer = proof.clone();
    fewer.account_proof.pop();
    assert!(fewer.verify(root, address, &[slot]).is_err());
    let mut more = proof.clone();
    more.account_proof.push(Bytes::from_static(&[0x80]));
    assert!(more.verify(root, address, &[slot]).is_err());
    assert!(proof.verify(keccak256(root), address, &[slot]).is_err());
    assert!(proof.verify(root, Address::repeat_byte(!address[0]), &[slot]).is_err());
    assert!(proof.verify(root, address, &[]).is_err() && proof.verify(root, address, &[slot, slot]).is_err());
    true
}

pub(crate) fn state_proof_seeds() -> Vec<Vec<u8>> {
    let audit = vectors::json(&vectors::AUDIT);
    let proof: AccountProof = serde_json::from_value(audit["registry"].clone()).expect("an account's proof");
    let mut seeds = Vec::new();
    for slot in &proof.storage_proof {
        let mut seed = [proof.address.as_slice(), slot.key.as_slice()].concat();
        seed.push(proof.account_proof.len() as u8);
        for node in proof.account_proof.iter().chain(&slot.proof) {
            seed.extend_from_slice(&(node.len() as u16).to_le_bytes());
            seed.extend_from_slice(node);
        }
        seeds.push(seed);
    }
    seeds
}

/// An id as text: whatever form was typed, it is the id that is shown.
pub(crate) fn id(data: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(data) else { return false };
    let Ok(id) = text.parse::<VersionId>() else { return false };
    let shown = id.to_string();
    let typed = text.to_lowercase();
    assert_eq!(shown.strip_prefix("0x"), Some(typed.strip_prefix("0x").unwrap_or(&typed)));
    assert_eq!(shown.parse(), Ok(id));
    true
}

pub(crate) fn id_seeds() -> Vec<Vec<u8>> {
    let id = VersionId(B256::repeat_byte(0xab)).to_string();
    vec![id.trim_start_matches("0x").to_uppercase().into_bytes(), id.into_bytes()]
}

/// A digest (32 bytes), then a signature: of one by a key there is no second form.
pub(crate) fn signature(data: &[u8]) -> bool {
    let Some((digest, signature)) = data.split_first_chunk::<32>() else { return false };
    let digest = B256::from(digest);
    let Ok(signer) = recover(digest, signature) else { return false };
    assert_eq!(signature.len(), 65);
    // secp256k1's group order.
    let order: U256 =
        "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141".parse().expect("a number");
    let (r, s) = (U256::from_be_slice(&signature[..32]), U256::from_be_slice(&signature[32..64]));
    let other = Signature::new(r, order - s, signature[64] == 27);
    assert_eq!(other.recover_address_from_prehash(&digest).ok(), Some(signer), "the other form is one");
    assert!(recover(digest, &other.as_bytes()).is_err(), "and is refused");
    true
}

pub(crate) fn signature_seeds() -> Vec<Vec<u8>> {
    let vectors = vectors::json(include_str!("../../vectors/registry/ok_digests.json"));
    let cases = vectors::list(&vectors["approvals"]).iter().chain(vectors::list(&vectors["rotations"]));
    cases.map(|case| [vectors::bytes(&case["digest"]), vectors::bytes(&case["signature"])].concat()).collect()
}
