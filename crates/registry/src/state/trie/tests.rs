//! Against tries that `alloy-trie` builds, with its verifier as the judge; and against nodes that no trie has.

use super::*;
use crate::testing::world::trie;
use alloy_primitives::keccak256;
use alloy_rlp::Encodable;
use alloy_trie::{
    TrieMask,
    nodes::{BranchNode, ExtensionNode, LeafNode},
    proof::verify_proof,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn look_up(root: B256, key: B256, proof: &[Bytes]) -> Result<Option<Vec<u8>>, TrieError> {
    super::look_up(root, &Nibbles::unpack(key), proof, NODE_BYTES)
}

fn nodes(list: &[TrieNode]) -> (B256, Vec<Bytes>) {
    let proof: Vec<Bytes> = list.iter().map(|node| alloy_rlp::encode(node).into()).collect();
    (keccak256(&proof[0]), proof)
}

/// Keys that agree in their first bytes, so that extensions and embedded nodes occur.
fn key(seed: u16, shared: usize) -> B256 {
    let mut key = keccak256(seed.to_be_bytes());
    key.0[..shared].fill(0xab);
    key
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn finds_what_is_there_and_proves_absence_as_alloy_does(
        seeds in prop::collection::btree_set(0u16..400, 0..40),
        shared in 0usize..31,
        short in any::<bool>(),
        target in 0u16..400,
    ) {
        let value = |seed: u16| if short { vec![seed as u8 & 0x7f] } else { vec![seed as u8; 60] };
        let leaves: BTreeMap<B256, Vec<u8>> = seeds.iter().map(|&seed| (key(seed, shared), value(seed))).collect();
        let wanted = key(target, shared);
        let (root, proof) = trie(&leaves, Some(wanted));
        let expected = leaves.get(&wanted).cloned();
        prop_assert_eq!(look_up(root, wanted, &proof), Ok(expected.clone()));
        prop_assert_eq!(verify_proof(root, Nibbles::unpack(wanted), expected, &proof), Ok(()));

        // A node dropped, doubled or changed is never taken for another answer.
        for place in 0..proof.len() {
            let mut dropped = proof.clone();
            dropped.remove(place);
            prop_assert!(root == EMPTY_ROOT_HASH || look_up(root, wanted, &dropped).is_err());
            let mut doubled = proof.clone();
            doubled.insert(place, proof[place].clone());
            prop_assert!(look_up(root, wanted, &doubled).is_err());
            let mut changed = proof[place].to_vec();
            let at = target as usize % changed.len();
            changed[at] ^= 1;
            let mut other = proof.clone();
            other[place] = changed.into();
            prop_assert!(look_up(root, wanted, &other).is_err());
        }
    }

    #[test]
    fn no_nodes_make_it_panic(first in prop::collection::vec(any::<u8>(), 0..80)) {
        let proof = [Bytes::from(first)];
        let root = keccak256(&proof[0]);
        let _ = look_up(root, B256::ZERO, &proof);
    }
}

#[test]
fn paths_longer_than_a_key_are_refused_without_a_panic() {
    // A branch, then a leaf with all 64 nibbles: together 65. alloy's walk would assert.
    let leaf = TrieNode::Leaf(LeafNode::new(Nibbles::unpack(B256::ZERO), vec![1; 40]));
    let leaf_rlp = alloy_rlp::encode(&leaf);
    let branch = TrieNode::Branch(BranchNode::new(vec![RlpNode::from_rlp(&leaf_rlp)], TrieMask::new(1)));
    let (root, proof) = nodes(&[branch, leaf]);
    assert_eq!(look_up(root, B256::ZERO, &proof), Ok(None));

    // An extension of all 64 nibbles to a branch: there is no nibble left for it.
    let child = BranchNode::new(vec![RlpNode::word_rlp(&B256::ZERO)], TrieMask::new(1));
    let child = TrieNode::Branch(child);
    let extension =
        ExtensionNode::new(Nibbles::unpack(B256::ZERO), RlpNode::from_rlp(&alloy_rlp::encode(&child)));
    let (root, proof) = nodes(&[TrieNode::Extension(extension), child]);
    assert!(matches!(look_up(root, B256::ZERO, &proof), Err(TrieError::Malformed { depth: 1, .. })));
}

#[test]
fn nodes_that_no_trie_has_are_refused() {
    let mut empty = Vec::new();
    TrieNode::EmptyRoot.encode(&mut empty);
    let root = keccak256(&empty);
    // The hash of an empty node is the empty trie's root; anything else beside it is surplus.
    assert_eq!(root, EMPTY_ROOT_HASH);
    assert_eq!(look_up(root, B256::ZERO, &[]), Ok(None));
    assert_eq!(look_up(root, B256::ZERO, &[empty.clone().into()]), Ok(None));
    let twice = [Bytes::from(empty.clone()), Bytes::from(empty)];
    assert!(matches!(look_up(root, B256::ZERO, &twice), Err(TrieError::Surplus { .. })));

    let long = Bytes::from(vec![0xc0; NODE_BYTES + 1]);
    let refused = look_up(keccak256(&long), B256::ZERO, &[long]);
    assert!(matches!(refused, Err(TrieError::Malformed { .. })));
    assert_eq!(look_up(B256::ZERO, B256::ZERO, &[]), Err(TrieError::Missing { got: 0 }));
}
