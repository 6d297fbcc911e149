//! Entry bundles: each has one form. The first byte says how many entries are expected, less one.
#![no_main]

use averment_registry::log::{decode_bundle, encode_bundle};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &[u8])| {
    let (width, bytes) = input;
    if let Ok(entries) = decode_bundle(bytes, u16::from(width) + 1) {
        assert_eq!(encode_bundle(&entries), bytes);
    }
});
