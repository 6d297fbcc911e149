//! Signed notes: whatever decodes is written back to the same bytes, and nothing opens without a key.
#![no_main]

use averment_registry::log::{Note, NoteLimits};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(note) = Note::decode(data, &NoteLimits::default()) else { return };
    assert_eq!(note.to_string().as_bytes(), data);
    assert!(note.open(&[]).is_err());
});
