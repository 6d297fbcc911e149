//! Audit files.

use crate::vectors;
use averment_primitives::keccak256;
use averment_registry::audit::{Evidence, Limits, TrustPolicy, TrustedBlockHash, page, verify};

pub(crate) fn audit_file(data: &[u8]) -> bool {
    let limits = Limits::default();
    let Ok(evidence) = Evidence::decode(data, &limits) else { return false };
    assert_eq!(evidence.encode().expect("what was read can be written"), data, "a file has one form");
    assert!(evidence.histories.len() <= limits.histories && evidence.versions.len() <= limits.versions);
    // Trusting the file's own header reaches every check behind it.
    let trusted = TrustedBlockHash(keccak256(&evidence.header));
    let Ok(verified) = verify(&evidence, trusted, &TrustPolicy::default()) else { return false };
    assert!(!page::render(&verified).contains("<script"), "a page runs nothing");
    // What holds under the genuine block is the genuine file; anything else found another block to stand on.
    for vector in [&vectors::AUDIT, &vectors::DECISION] {
        let mut genuine = Evidence::decode(vector.as_bytes(), &limits).expect("the vector");
        let mut evidence = evidence.clone();
        for decision in evidence.decision.iter_mut().chain(&mut genuine.decision) {
            // What is told, and a proof that nobody checks here, are not bound by the block.
            decision.steps.told.clear();
            decision.proof = None;
        }
        assert!(evidence.header != genuine.header || evidence == genuine, "evidence was forged");
    }
    true
}

pub(crate) fn audit_file_seeds() -> Vec<Vec<u8>> {
    [&vectors::AUDIT, &vectors::DECISION].map(|vector| vector.as_bytes().to_vec()).into()
}
