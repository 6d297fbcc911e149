//! Records: each has one form.
#![no_main]

use averment_registry::log::Record;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(record) = Record::decode(data) {
        assert_eq!(record.text().as_bytes(), data);
    }
});
