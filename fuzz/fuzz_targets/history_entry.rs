//! `Recorded` events: whatever decodes encodes back to the same bytes, and replays or is refused without a panic.
#![no_main]

use averment_primitives::{Address, B256};
use averment_registry::{
    history::{Entry, History, Limits},
    version::RegistryId,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&kind, rest)) = data.split_first() else { return };
    let Some((topics, data)) = rest.split_at_checked(64) else { return };
    let (model, version) = topics.split_at(32);
    let topics =
        [Entry::topic(), B256::from_slice(model), B256::from_slice(version), B256::with_last_byte(kind % 16)];
    let limits = Limits::default();
    let Ok(entry) = Entry::decode(&topics, data, &limits) else { return };
    assert_eq!(entry.encode(), (topics, data.to_vec()));
    let registry = RegistryId { chain_id: 1, address: Address::ZERO };
    let _ = History::replay(registry, entry.model, [entry.clone(), entry], &limits);
});
