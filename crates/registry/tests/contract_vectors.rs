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

#[test]
fn a_history_that_the_contract_made_replays_to_what_the_contract_says() {
    let (vectors, registry) = read(include_str!("../../../vectors/registry/ok_history.json"));
    let model: ModelId = get(&vectors, "modelId");
    let limits = Limits::default();
    let entries = list(&vectors, "entries").iter().map(|entry| {
        let kind = Kind::from_code(get(entry, "kind")).unwrap();
        let payload: Bytes = get(entry, "payload");
        let decoded = Payload::decode(kind, &payload, &limits).unwrap();
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
    });
    let entries: Vec<Entry> = entries.collect();
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
