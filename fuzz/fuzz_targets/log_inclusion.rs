//! Proof files and the proofs in them: whatever decodes is written back the same, and checking ends in an answer.
#![no_main]

use averment_registry::log::{LogInclusion, leaf_hash, verify_consistency, verify_inclusion};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u64, &[u8])| {
    let (size, data) = input;
    let Ok(inclusion) = LogInclusion::decode(data) else { return };
    assert_eq!(inclusion.encode().as_bytes(), data);
    assert!(inclusion.verify("example.org/log", &[]).is_err());
    let (leaf, proof) = (leaf_hash(inclusion.leaf), &inclusion.proof);
    let _ = verify_inclusion(leaf, inclusion.index, size, proof, leaf);
    let _ = verify_consistency(inclusion.index, leaf, size, leaf, proof);
});
