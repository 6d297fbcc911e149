//! Account and storage proofs: nodes chained to their own root are walked without a panic.
#![no_main]

use averment_primitives::{Address, B256, Bytes, keccak256};
use averment_registry::state::{AccountProof, StorageProof};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    // Nodes are separated by a length byte each; the first one's hash is the root that is trusted.
    let (mut nodes, mut rest) = (Vec::new(), data);
    while let Some((&length, after)) = rest.split_first() {
        let (node, next) = after.split_at(usize::from(length).min(after.len()));
        nodes.push(Bytes::copy_from_slice(node));
        rest = next;
    }
    let Some(first) = nodes.first() else { return };
    let root = keccak256(first);
    let key = B256::ZERO;
    let proof = AccountProof {
        address: Address::ZERO,
        account_proof: nodes.clone(),
        storage_proof: vec![StorageProof { key, proof: nodes }],
    };
    let _ = proof.verify(root, Address::ZERO, &[key]);
});
