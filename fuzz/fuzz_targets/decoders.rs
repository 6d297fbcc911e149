//! The engine's side: runs the target that `AVERMENT_FUZZ` names.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static TARGET: LazyLock<averment_fuzz::Target> = LazyLock::new(|| {
    let name = std::env::var("AVERMENT_FUZZ").unwrap_or_default();
    let names = averment_fuzz::TARGETS.iter().map(|target| target.name).collect::<Vec<_>>().join(", ");
    averment_fuzz::target(&name)
        .unwrap_or_else(|| panic!("expected AVERMENT_FUZZ to be one of {names}, got {name:?}"))
});

fuzz_target!(|data: &[u8]| {
    (TARGET.run)(data);
});
