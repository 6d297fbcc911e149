//! Paths of tiles and bundles: each has one form.
#![no_main]

use averment_registry::log::Resource;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|path: &str| {
    if let Ok(resource) = path.parse::<Resource>() {
        assert_eq!(resource.to_string(), path);
    }
});
