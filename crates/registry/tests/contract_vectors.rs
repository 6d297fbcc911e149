//! The pure mirror against the contract itself: vectors that the contract's own tests wrote
//! (`contracts/test/differential/Vectors.t.sol`), read by both sides.

use averment_primitives::{Address, B256, Bytes, LogId, ModelId, RoleId, U256, VersionId};
use averment_registry::{
    approval::{Approval, Decision, KeyRotation, SignatureError, domain, recover},
    history::{Entry, History, Kind, Limits, Payload, Stage},
    state::history_slots,
    version::{LogTerms, RegistryId, VersionContent},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

fn read(text: &str) -> (Value, RegistryId) {
    let vectors: Value = serde_json::from_str(text).unwrap();
    let registry = RegistryId { chain_id: get(&vectors, "chainId"), address: get(&vectors, "registry") };
    (vectors, registry)
}

#[track_caller]
fn get<T: DeserializeOwned>(value: &Value, name: &str) -> T {
    serde_json::from_value(value[name].clone()).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A number that may be too large for JSON and is text then.
fn number(value: &Value, name: &str) -> U256 {
    match &value[name] {
        Value::String(text) => text.parse().unwrap(),
        other => U256::from(other.as_u64().unwrap()),
    }
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().unwrap()
}

#[test]
fn ids_are_the_contracts() {
    let (vectors, registry) = read(include_str!("../../../vectors/registry/ok_ids.json"));
    let name: String = get(&vectors, "modelName");
    let model: ModelId = get(&vectors, "modelId");
    assert_eq!(registry.model_id(get(&vectors, "owner"), &name), model);
    assert_eq!(registry.history_start(model), get::<B256>(&vectors, "historyStart"));
    assert_eq!(history_slots(model)[0], get::<B256>(&vectors, "headSlot"));
    for role in list(&vectors, "roles") {
        assert_eq!(RoleId::of(&get::<String>(role, "name")), get::<RoleId>(role, "id"));
    }
    for version in list(&vectors, "versions") {
        let content = VersionContent {
            manifest_digest: get(version, "manifestDigest"),
            artifacts_root: get(version, "artifactsRoot"),
            weights_commitment: get(version, "weightsCommitment"),
            plan_digest: get(version, "planDigest"),
            parents: get(version, "parents"),
        };
        assert_eq!(registry.version_id(model, &content), get::<VersionId>(version, "versionId"));
    }
    let log = &vectors["log"];
    let terms = LogTerms {
        chain_id: registry.chain_id,
        anchors: get(log, "anchors"),
        poster: get(log, "poster"),
        registry: get(log, "registry"),
        cadence: get(log, "cadence"),
        salt: get(log, "salt"),
    };
    assert_eq!(terms.id(), get::<LogId>(log, "logId"));
}

#[test]
fn signed_digests_are_the_contracts_and_recover_to_the_signer() {
    let (vectors, registry) = read(include_str!("../../../vectors/registry/ok_digests.json"));
    assert_eq!(domain(registry).separator(), get::<B256>(&vectors, "domainSeparator"));
    for case in list(&vectors, "approvals") {
        let approval = Approval {
            model: get(case, "modelId"),
            version: get(case, "versionId"),
            role: get(case, "role"),
            decision: Decision::from_code(get(case, "decision")).unwrap(),
            policy_revision: get(case, "policyRevision"),
            expiry: number(case, "expiry").to(),
            nonce: number(case, "nonce"),
        };
        assert_eq!(approval.digest(registry), get::<B256>(case, "digest"));
        let signature: Bytes = get(case, "signature");
        assert_eq!(approval.recover(registry, &signature), Ok(get::<Address>(case, "signer")));
    }
    for case in list(&vectors, "rotations") {
        let rotation = KeyRotation {
            model: get(case, "modelId"),
            role: get(case, "role"),
            new_signer: get(case, "newSigner"),
            expiry: number(case, "expiry").to(),
        };
        assert_eq!(rotation.digest(registry), get::<B256>(case, "digest"));
        let signature: Bytes = get(case, "signature");
        assert_eq!(rotation.recover(registry, &signature), Ok(get::<Address>(case, "signer")));
    }
}

#[test]
fn signatures_that_the_contract_refuses_are_refused_for_the_same_reason() {
    let (vectors, _) = read(include_str!("../../../vectors/registry/bad_signatures.json"));
    let signer: Address = get(&vectors, "signer");
    for case in list(&vectors, "cases") {
        let (name, expected): (String, String) = (get(case, "name"), get(case, "error"));
        let signature: Bytes = get(case, "signature");
        let got = match recover(get(&vectors, "digest"), &signature) {
            Ok(account) if account == signer => "none",
            Ok(_) => "WrongSigner",
            Err(SignatureError::Length { .. }) => "Length",
            Err(SignatureError::V { .. }) => "V",
            Err(SignatureError::HighS) => "HighS",
            Err(SignatureError::Unrecoverable) => "Unrecoverable",
        };
        assert_eq!(got, expected, "{name}");
    }
}

fn entry(model: ModelId, entry: &Value) -> Entry {
    let kind = Kind::from_code(get(entry, "kind")).unwrap();
    let payload: Bytes = get(entry, "payload");
    let decoded = Payload::decode(kind, &payload, &Limits::default()).unwrap();
    assert_eq!(decoded.encode(), payload, "{kind}");
    Entry {
        model,
        version: get(entry, "versionId"),
        sequence: get(entry, "sequence"),
        actor: get(entry, "actor"),
        timestamp: get(entry, "timestamp"),
        payload: decoded,
        head: get(entry, "head"),
    }
}

const HISTORY: &str = include_str!("../../../vectors/registry/ok_history.json");

#[test]
fn a_history_that_the_contract_made_replays_to_what_the_contract_says() {
    let (vectors, registry) = read(HISTORY);
    let model: ModelId = get(&vectors, "modelId");
    let limits = Limits::default();
    let entries: Vec<Entry> = list(&vectors, "entries").iter().map(|given| entry(model, given)).collect();
    let history = History::replay(registry, model, entries.clone(), &limits).unwrap().unwrap();
    assert_eq!(history.head(), get::<B256>(&vectors, "head"));
    assert_eq!(history.length(), get::<u64>(&vectors, "length"));
    assert_eq!(history.owner(), get::<Address>(&vectors, "owner"));
    for case in list(&vectors, "versions") {
        let record = history.version(get(case, "versionId")).unwrap();
        let stage = match record.stage {
            Stage::Registered => 1,
            Stage::Approved => 2,
            Stage::Deployed => 3,
            Stage::Retired => 4,
            Stage::Revoked => 5,
        };
        assert_eq!(stage, get::<u8>(case, "stage"));
        let needed = history.policy_of(record.policy_revision).unwrap().threshold;
        let approved = history.standing_approvals(record).count() >= usize::from(needed);
        assert_eq!(approved, get::<bool>(case, "approved"));
    }
    // Leaving out any entry but the last breaks it.
    for place in 0..entries.len() - 1 {
        let mut missing = entries.clone();
        missing.remove(place);
        History::replay(registry, model, missing, &limits).unwrap_err();
    }
}

/// Gaps, moved and doubled entries, forged heads; and, with every number and head forged to fit, what the contract's
/// rules alone refuse.
#[test]
fn histories_that_the_contract_never_made_are_refused_for_the_reason_given() {
    let (vectors, genuine) = read(HISTORY);
    let bad: Value =
        serde_json::from_str(include_str!("../../../vectors/registry/bad_history.json")).unwrap();
    let model: ModelId = get(&vectors, "modelId");
    for case in list(&bad, "cases") {
        let name: String = get(case, "name");
        let mut given: Vec<Value> = list(&vectors, "entries").to_vec();
        if let Some(order) = case["order"].as_array() {
            given = order.iter().map(|place| given[place.as_u64().unwrap() as usize].clone()).collect();
        }
        if let Some(set) = case["set"].as_object() {
            let changed = &mut given[set["place"].as_u64().unwrap() as usize];
            if let Some(word) = set.get("word") {
                let (mut payload, from): (Bytes, _) =
                    (get(changed, "payload"), word.as_u64().unwrap() as usize * 32);
                let value: B256 = get(&case["set"], "value");
                payload = [&payload[..from], value.as_slice(), &payload[from + 32..]].concat().into();
                changed["payload"] = serde_json::to_value(payload).unwrap();
            }
            for field in ["kind", "actor", "timestamp", "head"] {
                if let Some(value) = set.get(field) {
                    changed[field] = value.clone();
                }
            }
        }
        let registry = RegistryId {
            chain_id: case["chainId"].as_u64().unwrap_or(genuine.chain_id),
            address: serde_json::from_value(case["registry"].clone()).unwrap_or(genuine.address),
        };
        let mut entries: Vec<Entry> = given.iter().map(|given| entry(model, given)).collect();
        if case["resealed"] == true {
            let mut head = registry.history_start(model);
            for (place, entry) in entries.iter_mut().enumerate() {
                entry.sequence = place as u64 + 1;
                head = entry.head_after(head);
                entry.head = head;
            }
        }
        let error =
            History::replay(registry, model, entries, &Limits::default()).map(|_| ()).expect_err(&name);
        let rule: String =
            format!("{:?}", error.refusal).chars().take_while(char::is_ascii_alphanumeric).collect();
        assert_eq!((error.sequence, rule), (get(case, "entry"), get(case, "error")), "{name}: {error}");
    }
}
