//! A model's history: single events, and whole histories under the contract's rules.

use crate::vectors;
use averment_primitives::{Address, B256, ModelId, VersionId};
use averment_registry::{
    history::{Entry, History, Kind, Limits, Payload, Stage},
    version::RegistryId,
};
use std::collections::BTreeSet;

/// Bytes: kind (u8), model, version (32 each), then the event's data.
pub(crate) fn entry(data: &[u8]) -> bool {
    let Some((&kind, rest)) = data.split_first() else { return false };
    let Some((topics, data)) = rest.split_first_chunk::<64>() else { return false };
    let (model, version) = topics.split_at(32);
    let topics =
        [Entry::topic(), B256::from_slice(model), B256::from_slice(version), B256::with_last_byte(kind)];
    let limits = Limits::default();
    let Ok(entry) = Entry::decode(&topics, data, &limits) else { return false };
    assert_eq!(entry.encode(), (topics, data.to_vec()), "an event has one form");
    let payload = entry.payload.encode();
    assert!(payload.len() <= limits.payload_bytes);
    assert_eq!(Payload::decode(entry.payload.kind(), &payload, &limits).as_ref(), Ok(&entry.payload));
    // Twice the same entry is never a history.
    let registry = RegistryId { chain_id: 1, address: Address::ZERO };
    assert!(History::replay(registry, entry.model, [entry.clone(), entry], &limits).is_err());
    true
}

/// The contract's history, with the registry that it is of.
pub(crate) fn genuine() -> (RegistryId, Vec<Entry>) {
    let vector = vectors::json(vectors::HISTORY);
    let get = |name: &str| vector[name].clone();
    let registry = RegistryId {
        chain_id: serde_json::from_value(get("chainId")).expect("a number"),
        address: serde_json::from_value(get("registry")).expect("an address"),
    };
    let model: ModelId = serde_json::from_value(get("modelId")).expect("an id");
    let entries = vectors::list(&vector["entries"]).iter().map(|entry| {
        let number = |name: &str| entry[name].as_u64().expect("a number");
        let kind = Kind::from_code(number("kind") as u8).expect("a kind");
        let payload = Payload::decode(kind, &vectors::bytes(&entry["payload"]), &Limits::default());
        Entry {
            model,
            version: serde_json::from_value(entry["versionId"].clone()).expect("an id"),
            sequence: number("sequence"),
            actor: serde_json::from_value(entry["actor"].clone()).expect("an address"),
            timestamp: number("timestamp"),
            payload: payload.expect("the contract's own payload"),
            head: serde_json::from_value(entry["head"].clone()).expect("a hash"),
        }
    });
    (registry, entries.collect())
}

pub(crate) fn entry_seeds() -> Vec<Vec<u8>> {
    let (_, entries) = genuine();
    // One of each kind.
    let mut seen = BTreeSet::new();
    let entries = entries.into_iter().filter(|entry| seen.insert(entry.payload.kind().code()));
    entries
        .map(|entry| {
            let (topics, data) = entry.encode();
            [&[entry.payload.kind().code()][..], &topics[1].0, &topics[2].0, &data].concat()
        })
        .collect()
}

/// Bytes: entries, each kind (u8), version (32), actor (20), seconds since the entry before (u8), length (u16) and
/// payload. Numbers and heads are made to fit, so that the rules alone decide. What is refused changes nothing; what
/// is accepted is what the contract could have made.
pub(crate) fn history(data: &[u8]) -> bool {
    let (registry, genuine) = genuine();
    let model = genuine[0].model;
    let limits = Limits::default();
    let mut replayed: Option<History> = None;
    let (mut rest, mut time) = (data, genuine[0].timestamp);
    while let Some((head, after)) = rest.split_first_chunk::<56>() {
        let length = usize::from(u16::from_le_bytes([head[54], head[55]]));
        let (payload, next) = after.split_at(length.min(after.len()));
        rest = next;
        let kind = Kind::from_code(head[0]);
        let Some(payload) = kind.and_then(|kind| Payload::decode(kind, payload, &limits).ok()) else {
            continue;
        };
        time += u64::from(head[53]);
        let mut entry = Entry {
            model,
            version: VersionId(B256::from_slice(&head[1..33])),
            sequence: replayed.as_ref().map_or(0, History::length) + 1,
            actor: Address::from_slice(&head[33..53]),
            timestamp: time,
            payload,
            head: B256::ZERO,
        };
        let previous = replayed.as_ref().map_or(registry.history_start(model), History::head);
        entry.head = entry.head_after(previous);
        match &mut replayed {
            None => replayed = History::begin(registry, model, entry).ok(),
            Some(history) => {
                let before = history.clone();
                if history.apply(entry).is_err() {
                    assert_eq!(format!("{history:?}"), format!("{before:?}"), "a refused entry left a trace");
                }
            }
        }
    }
    let Some(history) = replayed else { return false };
    let again = History::replay(registry, model, history.entries().to_vec(), &limits);
    let again = again.expect("it was accepted entry by entry").expect("it has entries");
    assert_eq!(format!("{again:?}"), format!("{history:?}"));
    for (id, version) in history.versions() {
        let policy = history.policy_of(version.policy_revision).expect("a version has a policy");
        let roles: BTreeSet<_> = policy.roles.iter().map(|role| role.role_id()).collect();
        let standing: Vec<_> = history.standing_approvals(version).collect();
        let by_role: BTreeSet<_> = standing.iter().map(|decision| decision.approval.role).collect();
        assert_eq!(by_role.len(), standing.len(), "a role counts once");
        assert!(by_role.is_subset(&roles), "only the policy's roles count");
        for decision in &standing {
            assert_ne!(decision.signer, version.registrant, "who registered does not approve");
            assert_eq!(decision.approval.version, id);
        }
        if version.stage == Stage::Deployed {
            assert!(!version.decisions.is_empty(), "deployed without a decision");
        }
    }
    history.length() as usize == genuine.len()
}

pub(crate) fn history_seeds() -> Vec<Vec<u8>> {
    let (_, entries) = genuine();
    let mut time = entries[0].timestamp;
    let mut seed = Vec::new();
    for entry in &entries {
        let payload = entry.payload.encode();
        seed.push(entry.payload.kind().code());
        seed.extend_from_slice(entry.version.0.as_slice());
        seed.extend_from_slice(entry.actor.as_slice());
        seed.push((entry.timestamp - time).min(255) as u8);
        time = entry.timestamp;
        seed.extend_from_slice(&(payload.len() as u16).to_le_bytes());
        seed.extend_from_slice(&payload);
    }
    vec![seed]
}
