use super::*;
use averment_primitives::merkle::root_by_definition;
use proptest::prelude::*;
use serde_json::Value;
use std::{collections::BTreeMap, convert::Infallible};

/// Leaf hashes; the nodes over them by definition, each computed once.
pub(crate) struct Leaves(pub(crate) Vec<B256>, BTreeMap<(u8, u64), B256>);

impl Leaves {
    pub(crate) fn numbered(count: u32) -> Self {
        Self((0..count).map(|number| Sha256Tree::leaf(&number.to_be_bytes())).collect(), BTreeMap::new())
    }

    pub(crate) fn root(&self, size: u64) -> B256 {
        root_by_definition::<Sha256Tree>(&self.0[..size as usize])
    }
}

impl NodeSource for Leaves {
    type Error = Infallible;
    fn node(&mut self, level: u8, index: u64) -> Result<B256, Infallible> {
        let (from, count) = ((index << level) as usize, 1 << level);
        let definition = || root_by_definition::<Sha256Tree>(&self.0[from..from + count]);
        Ok(*self.1.entry((level, index)).or_insert_with(definition))
    }
}

fn split_by_definition(length: usize) -> usize {
    length.next_power_of_two() / 2
}

/// `PATH(m, D[n])` of RFC 6962, section 2.1.1, word for word.
fn path_by_definition(index: usize, leaves: &[B256]) -> Vec<B256> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(split_by_definition(leaves.len()));
    let (mut path, sibling) = if index < left.len() {
        (path_by_definition(index, left), right)
    } else {
        (path_by_definition(index - left.len(), right), left)
    };
    path.push(root_by_definition::<Sha256Tree>(sibling));
    path
}

/// `SUBPROOF(m, D[n], b)` of RFC 6962, section 2.1.2, word for word.
fn subproof_by_definition(older: usize, leaves: &[B256], complete: bool) -> Vec<B256> {
    if older == leaves.len() {
        return if complete { Vec::new() } else { vec![root_by_definition::<Sha256Tree>(leaves)] };
    }
    let (left, right) = leaves.split_at(split_by_definition(leaves.len()));
    let (mut proof, sibling) = if older <= left.len() {
        (subproof_by_definition(older, left, complete), right)
    } else {
        (subproof_by_definition(older - left.len(), right, false), left)
    };
    proof.push(root_by_definition::<Sha256Tree>(sibling));
    proof
}

const SIZES: u64 = 130;

#[test]
fn inclusion_proofs_are_the_definition_and_hold() {
    let mut leaves = Leaves::numbered(SIZES as u32);
    for size in 1..=SIZES {
        let root = leaves.root(size);
        for index in 0..size {
            let proof = inclusion_proof(&mut leaves, index, size).unwrap();
            assert_eq!(proof, path_by_definition(index as usize, &leaves.0[..size as usize]));
            verify_inclusion(leaves.0[index as usize], index, size, &proof, root).unwrap();
        }
        assert_eq!(inclusion_proof(&mut leaves, size, size), Err(ProveError::Beyond { index: size, size }),);
    }
    assert_eq!(root(&mut leaves, 0), Ok(Sha256Tree::empty()));
    assert_eq!(root(&mut leaves, SIZES), Ok(leaves.root(SIZES)));
}

#[test]
fn consistency_proofs_are_the_definition_and_hold() {
    let mut leaves = Leaves::numbered(SIZES as u32);
    let roots: Vec<B256> = (0..=SIZES).map(|size| leaves.root(size)).collect();
    for newer in 0..=SIZES {
        for older in 0..=newer {
            let proof = consistency_proof(&mut leaves, older, newer).unwrap();
            let (older_root, newer_root) = (roots[older as usize], roots[newer as usize]);
            let verified = verify_consistency(older, older_root, newer, newer_root, &proof);
            if older == 0 {
                assert!(proof.is_empty());
                assert_eq!(verified, Err(ProofError::Sizes { older, newer }));
            } else {
                assert_eq!(proof, subproof_by_definition(older as usize, &leaves.0[..newer as usize], true));
                assert_eq!(verified, Ok(()));
            }
        }
    }
    assert_eq!(consistency_proof(&mut leaves, 5, 4), Err(ProveError::Sizes { older: 5, newer: 4 }));
}

/// No two trees of these sizes are taken for each other, and no leaf for another, whatever proof is shown.
#[test]
fn a_proof_holds_for_nothing_else() {
    let mut leaves = Leaves::numbered(40);
    let roots: Vec<B256> = (0..=40).map(|size| leaves.root(size)).collect();
    for size in 1..=40u64 {
        for index in 0..size {
            let proof = inclusion_proof(&mut leaves, index, size).unwrap();
            for other in (0..40).filter(|&other| other != index) {
                let leaf = leaves.0[index as usize];
                assert!(verify_inclusion(leaf, other, size, &proof, roots[size as usize]).is_err());
                let leaf = leaves.0[other as usize];
                assert!(verify_inclusion(leaf, index, size, &proof, roots[size as usize]).is_err());
            }
        }
        for older in 1..size {
            let proof = consistency_proof(&mut leaves, older, size).unwrap();
            for other in (1..=40).filter(|&other| other != older) {
                assert!(
                    verify_consistency(older, roots[other as usize], size, roots[size as usize], &proof)
                        .is_err()
                );
            }
            for other in (1..=40).filter(|&other| other != size) {
                assert!(
                    verify_consistency(older, roots[older as usize], size, roots[other as usize], &proof)
                        .is_err()
                );
            }
        }
    }
}

fn vectors(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn hash(value: &Value) -> Option<B256> {
    value.as_str().unwrap().parse().ok()
}

/// The proof in a vector, and what our check says of it by name; hashes of another length cannot be written.
fn check(vector: &Value) -> Result<(), &'static str> {
    let number = |name: &str| vector[name].as_u64().unwrap();
    let proof: Option<Vec<B256>> = vector["proof"].as_array().unwrap().iter().map(hash).collect();
    let proof = proof.ok_or("not 32 bytes")?;
    let root = |name: &str| hash(&vector[name]).ok_or("not 32 bytes");
    let result = if vector.get("index").is_some() {
        verify_inclusion(root("leaf")?, number("index"), number("size"), &proof, root("root")?)
    } else {
        let (older, newer) = (number("older"), number("newer"));
        verify_consistency(older, root("olderRoot")?, newer, root("newerRoot")?, &proof)
    };
    result.map_err(|error| match error {
        ProofError::Beyond { .. } => "Beyond",
        ProofError::Sizes { .. } => "Sizes",
        ProofError::Length { .. } => "Length",
        ProofError::OlderRoot { .. } => "OlderRoot",
        ProofError::Root { .. } => "Root",
    })
}

#[test]
fn others_vectors_are_judged_alike() {
    let ok = vectors(include_str!("../../../../../vectors/log/ok_proofs.json"));
    let bad = vectors(include_str!("../../../../../vectors/log/bad_proofs.json"));
    for kind in ["inclusion", "consistency"] {
        for vector in ok[kind].as_array().unwrap() {
            assert_eq!(check(vector), Ok(()), "{}", vector["name"]);
        }
        for vector in bad[kind].as_array().unwrap() {
            assert_eq!(check(vector).err(), vector["error"].as_str(), "{}", vector["name"]);
        }
    }
}

#[test]
fn proofs_of_a_certificate_transparency_log_hold() {
    let log = vectors(include_str!("../../../../../vectors/log/ok_certificate_transparency.json"));
    let number = |name: &str| log[name].as_u64().unwrap();
    let proof = |name: &str| -> Vec<B256> {
        log[name].as_array().unwrap().iter().map(|value| hash(value).unwrap()).collect()
    };
    let (root, older_root) = (hash(&log["root"]).unwrap(), hash(&log["olderRoot"]).unwrap());
    let leaf = Sha256Tree::leaf(&alloy_primitives::hex::decode(log["leafInput"].as_str().unwrap()).unwrap());
    verify_inclusion(leaf, number("index"), number("size"), &proof("inclusion"), root).unwrap();
    verify_consistency(number("olderSize"), older_root, number("size"), root, &proof("consistency")).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A changed, missing or surplus hash is noticed.
    #[test]
    fn a_mutated_proof_is_refused(size in 2u64..400, at: prop::sample::Index, which: prop::sample::Index,
                                  bit in 0usize..256) {
        let mut leaves = Leaves::numbered(size as u32);
        let root = leaves.root(size);
        let index = at.index(size as usize) as u64;
        let leaf = leaves.0[index as usize];
        let proof = inclusion_proof(&mut leaves, index, size).unwrap();
        let mut changed = proof.clone();
        changed[which.index(proof.len())].0[bit / 8] ^= 1 << (bit % 8);
        let is_root = matches!(verify_inclusion(leaf, index, size, &changed, root), Err(ProofError::Root { .. }));
        prop_assert!(is_root);
        let (expected, got) = (proof.len(), proof.len() + 1);
        changed = [proof.as_slice(), &[root]].concat();
        prop_assert_eq!(verify_inclusion(leaf, index, size, &changed, root), Err(ProofError::Length { expected, got }));
        prop_assert!(verify_inclusion(leaf, index, size, &proof[1..], root).is_err());

        let older = 1 + at.index(size as usize - 1) as u64;
        let older_root = leaves.root(older);
        let proof = consistency_proof(&mut leaves, older, size).unwrap();
        let mut changed = proof.clone();
        changed[which.index(proof.len())].0[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(verify_consistency(older, older_root, size, root, &changed).is_err());
        prop_assert!(verify_consistency(older, older_root, size, root, &proof[1..]).is_err());
        changed = [proof.as_slice(), &[root]].concat();
        prop_assert!(verify_consistency(older, older_root, size, root, &changed).is_err());
    }

    /// The largest numbers neither overflow nor panic.
    #[test]
    fn any_numbers_end_in_an_answer(a: u64, b: u64, length in 0usize..130) {
        let proof = vec![B256::ZERO; length];
        prop_assert!(verify_inclusion(B256::ZERO, a, b, &proof, B256::ZERO).is_err());
        let _ = verify_consistency(a, B256::ZERO, b, B256::ZERO, &proof);
    }
}
