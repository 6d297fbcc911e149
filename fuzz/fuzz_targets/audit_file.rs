//! Audit files: whatever decodes encodes back to the same bytes, and its check ends without a panic. Seed the
//! corpus with `vectors/audit/ok_synthetic.json`.
#![no_main]

use averment_primitives::keccak256;
use averment_registry::audit::{Evidence, Limits, TrustPolicy, TrustedBlockHash, page, verify};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(evidence) = Evidence::decode(data, &Limits::default()) else { return };
    assert_eq!(evidence.encode().expect("what was decoded encodes"), data);
    // Trusting the file's own header reaches every check behind it.
    let trusted = TrustedBlockHash(keccak256(&evidence.header));
    if let Ok(verified) = verify(&evidence, trusted, &TrustPolicy::default()) {
        assert!(!page::render(&verified).contains("<script"));
    }
});
