//! Block headers: decoding ends without a panic, and the hash is that of the very bytes.
#![no_main]

use averment_primitives::keccak256;
use averment_registry::state::Header;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(header) = Header::decode(data) {
        assert_eq!(header.hash, keccak256(data));
    }
});
