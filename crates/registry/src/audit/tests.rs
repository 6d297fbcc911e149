//! The file as it should be verifies; everything else about it is an attack.

pub(super) mod decision;
mod vectors;

use super::*;
use crate::{
    canonical,
    history::{Payload, Refusal, SignatureCheck, Stage, Text},
    log::{self, CheckpointError, KeyError, NoteError, RecordError, RecordKind},
    state::{ProofError, TrieError, anchored_slot},
    testing::{
        account, approvers,
        world::{ANCHORS, PRIVATE, World, log_key, make, make_with},
    },
};
use averment_primitives::{Address, B256, Bytes, RoleId, VersionId};
use serde_json::Value;

fn check(bytes: &[u8], trusted: TrustedBlockHash) -> Result<Verified, String> {
    let evidence = Evidence::decode(bytes, &Limits::default()).map_err(|error| error.to_string())?;
    verify(&evidence, trusted, &TrustPolicy::default()).map_err(|link| link.to_string())
}

#[track_caller]
fn broken(evidence: &Evidence, trusted: TrustedBlockHash) -> BrokenLink {
    verify(evidence, trusted, &TrustPolicy::default()).unwrap_err()
}

/// What is broken in the file about a world that somebody played false with.
#[track_caller]
fn broken_world(world: &World) -> BrokenLink {
    let (evidence, trusted) = world.prove();
    broken(&evidence, trusted)
}

#[track_caller]
fn refusal(link: BrokenLink) -> Refusal {
    match link {
        BrokenLink::History(error) => *error.refusal,
        other => panic!("{other}"),
    }
}

#[test]
fn whole_evidence_verifies_and_says_what_it_proves() {
    let world = World::new();
    let (evidence, trusted) = world.prove();
    let bytes = evidence.encode().unwrap();
    assert_eq!(Evidence::decode(&bytes, &Limits::default()).unwrap(), evidence);
    let verified = check(&bytes, trusted).unwrap();

    let subject = verified.version(world.subject).unwrap();
    assert_eq!((subject.depth, subject.record.stage), (0, Stage::Deployed));
    assert_eq!(subject.approvals, ApprovalState { needed: 2, standing: 3, touched: 0 });
    assert_eq!(subject.signers, [ManifestSigner::Registrant(account(5).address)]);
    assert_eq!(subject.openings[0].data, Bytes::from_static(PRIVATE));
    assert_eq!(subject.artifacts.as_ref().unwrap().0.len(), 2);
    let depths: Vec<_> = verified.versions().map(|v| (v.statement.name(), v.depth)).collect();
    assert_eq!(depths.len(), 3);
    assert!(depths.contains(&("cell-features", 2)), "{depths:?}");
    let log = &verified.logs()[0];
    assert_eq!((log.size, log.records.len()), (7, 3));
    assert_eq!(log.records[0].record.as_ref().unwrap().kind(), RecordKind::Run);
    assert!(log.records[2].record.is_none());
    assert!(!verified.block().embedded);
    assert_eq!(
        verified.caveats(),
        [
            Caveat::RegistryNotPinned,
            Caveat::CodeNotPinned,
            Caveat::AnchorsNotPinned,
            Caveat::LogKeysNotPinned
        ]
    );

    let policy = TrustPolicy {
        chain_id: Some(31337),
        registry: Some(verified.registry().address),
        code_hashes: vec![verified.implementation().1],
        anchors: Some(ANCHORS),
        log_keys: vec![log_key().verifier().to_string()],
        ..TrustPolicy::default()
    };
    assert_eq!(verify(&evidence, trusted, &policy).unwrap().caveats(), []);
}

/// Every leaf of a JSON value, by its path.
fn leaves(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, item)| leaves(item, &format!("{path}/{i}"), found));
        }
        Value::Object(entries) => {
            entries.iter().for_each(|(key, item)| leaves(item, &format!("{path}/{key}"), found));
        }
        _ => found.push(path.to_owned()),
    }
}

/// The value with another meaning: a digit, letter, number changed.
fn changed(value: &Value, place: usize) -> Value {
    match value {
        Value::Bool(on) => Value::Bool(!on),
        Value::Number(number) => Value::from(number.as_u64().unwrap() + 1),
        Value::String(text) => {
            let mut letters: Vec<char> = text.chars().collect();
            let places: Vec<usize> = (0..letters.len())
                .filter(|&i| letters[i].is_ascii_alphanumeric() && !(i == 1 && text.starts_with("0x")))
                .collect();
            match places.get(places.len().saturating_sub(1 + place)) {
                None => letters.push('0'),
                Some(&i) => letters[i] = if letters[i] == '1' { '2' } else { '1' },
            }
            Value::String(letters.into_iter().collect())
        }
        other => panic!("no leaf is {other}"),
    }
}

#[test]
fn changing_any_value_is_refused() {
    let (evidence, trusted) = World::new().prove();
    let whole: Value = serde_json::to_value(&evidence).unwrap();
    let mut paths = Vec::new();
    leaves(&whole, "", &mut paths);
    assert!(paths.len() > 300, "{}", paths.len());
    for path in &paths {
        for place in [0, 7] {
            let mut tampered = whole.clone();
            let leaf = tampered.pointer_mut(path).unwrap();
            *leaf = changed(leaf, place);
            let bytes = canonical::to_bytes(&tampered).unwrap();
            let named = check(&bytes, trusted).map(|_| ()).expect_err(path);
            assert!(named.len() > 20, "{path}: {named}");
        }
    }
}

#[test]
fn leaving_anything_out_is_refused_except_what_may_be_withheld() {
    let (evidence, trusted) = World::new().prove();
    let whole: Value = serde_json::to_value(&evidence).unwrap();
    let mut paths = Vec::new();
    fn nodes(value: &Value, path: &str, found: &mut Vec<String>) {
        let children: Vec<(String, &Value)> = match value {
            Value::Array(items) => items.iter().enumerate().map(|(i, item)| (i.to_string(), item)).collect(),
            Value::Object(entries) => entries.iter().map(|(key, item)| (key.clone(), item)).collect(),
            _ => return,
        };
        for (key, item) in children {
            found.push(format!("{path}/{key}"));
            nodes(item, &format!("{path}/{key}"), found);
        }
    }
    nodes(&whole, "", &mut paths);
    let mut withheld = Vec::new();
    for path in &paths {
        let (parent, key) = path.rsplit_once('/').unwrap();
        let mut tampered = whole.clone();
        match tampered.pointer_mut(parent).unwrap() {
            Value::Array(items) => drop(items.remove(key.parse::<usize>().unwrap())),
            Value::Object(entries) => drop(entries.remove(key)),
            other => panic!("{other}"),
        }
        if check(&canonical::to_bytes(&tampered).unwrap(), trusted).is_ok() {
            withheld.push(path.clone());
        }
    }
    // A whole log, a whole record, an opening, an ancestor's listing: less is proved, and nothing else.
    let ancestor =
        evidence.versions.iter().position(|v| v.artifacts.is_some() && v.openings.is_empty()).unwrap();
    let subject = evidence.versions.iter().position(|v| !v.openings.is_empty()).unwrap();
    let mut expected: Vec<String> =
        ["/logs/0", "/logs/0/records/0", "/logs/0/records/1", "/logs/0/records/2"]
            .iter()
            .map(|path| (*path).to_owned())
            .chain(["/logs/0/records/0/opening".into(), "/logs/0/records/1/opening".into()])
            .chain([
                format!("/versions/{ancestor}/artifacts"),
                // Without its openings the field is there no more: one form for "none".
                format!("/versions/{subject}/openings"),
            ])
            .collect();
    expected.sort();
    withheld.sort();
    assert_eq!(withheld, expected);
}

#[test]
fn changing_any_byte_is_refused() {
    let (evidence, trusted) = World::new().prove();
    let bytes = evidence.encode().unwrap();
    // A fixed linear congruential generator: the same 2,000 places and changes every time.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..2000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let place = (state >> 33) as usize % bytes.len();
        let change = ((state >> 25) as u8).max(1);
        let mut tampered = bytes.clone();
        tampered[place] ^= change;
        assert!(check(&tampered, trusted).is_err(), "byte {place} ^ {change}");
    }
    for length in (0..bytes.len()).step_by(997) {
        assert!(check(&bytes[..length], trusted).is_err());
    }
}

#[test]
fn only_the_one_form_of_a_file_is_read() {
    let (evidence, _) = World::new().prove();
    let text = String::from_utf8(evidence.encode().unwrap()).unwrap();
    let limits = Limits::default();
    for other in [
        format!(" {text}"),
        format!("{text}\n"),
        text.replacen("{\"chainId\"", "{\"a\":1,\"chainId\"", 1),
        text.replacen("\"chainId\":31337", "\"chainId\":31337.0", 1),
        text.replacen("0x5e5e", "0x5E5e", 1),
        text.replacen("\"0x5e5e", "\"5e5e", 1),
    ] {
        assert_ne!(other, text);
        Evidence::decode(other.as_bytes(), &limits).unwrap_err();
    }
    let newer = text.replacen("averment-audit/1", "averment-audit/5", 1);
    assert!(matches!(Evidence::decode(newer.as_bytes(), &limits), Err(EvidenceError::Format { .. })));
    let tight = Limits { bytes: 100, ..limits };
    assert!(matches!(Evidence::decode(text.as_bytes(), &tight), Err(EvidenceError::Json(_))));
    let tight = Limits { histories: 1, ..limits };
    assert!(matches!(
        Evidence::decode(text.as_bytes(), &tight),
        Err(EvidenceError::TooMany { what: "histories", limit: 1, got: 2 })
    ));
}

#[test]
fn another_block_hash_chain_registry_or_code_is_refused() {
    let (evidence, trusted) = World::new().prove();
    let got = trusted.0;
    let expected = B256::repeat_byte(1);
    assert_eq!(broken(&evidence, TrustedBlockHash(expected)), BrokenLink::BlockHash { expected, got });

    let with = |change: &dyn Fn(&mut TrustPolicy)| {
        let mut policy = TrustPolicy::default();
        change(&mut policy);
        verify(&evidence, trusted, &policy).unwrap_err()
    };
    assert_eq!(with(&|p| p.chain_id = Some(1)), BrokenLink::Chain { expected: 1, got: 31337 });
    assert!(matches!(with(&|p| p.registry = Some(Address::ZERO)), BrokenLink::Registry { .. }));
    assert!(matches!(with(&|p| p.code_hashes = vec![B256::ZERO]), BrokenLink::Code { .. }));
    assert!(matches!(with(&|p| p.anchors = Some(Address::ZERO)), BrokenLink::Anchors { .. }));
    assert!(matches!(with(&|p| p.log_keys = vec!["other".into()]), BrokenLink::LogKey { .. }));

    let mut other = evidence.clone();
    other.chain_id = 1;
    assert!(matches!(refusal(broken(&other, trusted)), Refusal::ModelId { .. }));
}

#[test]
fn an_embedded_chain_is_marked_or_refused() {
    let mut world = World::new();
    world.embedded = true;
    let (evidence, trusted) = world.prove();
    let verified = verify(&evidence, trusted, &TrustPolicy::default()).unwrap();
    assert!(verified.block().embedded);
    assert_eq!(verified.caveats()[0], Caveat::EmbeddedChain);
    let policy = TrustPolicy { refuse_embedded: true, ..TrustPolicy::default() };
    assert_eq!(verify(&evidence, trusted, &policy).unwrap_err(), BrokenLink::Embedded);
}

#[test]
fn a_history_cut_off_or_of_another_branch_is_refused() {
    let (evidence, trusted) = World::new().prove();
    for place in 0..2 {
        let mut cut = evidence.clone();
        let model = cut.histories[place].model;
        cut.histories[place].entries.pop();
        assert!(matches!(broken(&cut, trusted), BrokenLink::HistoryLength { model: m, .. } if m == model));

        let mut cut = evidence.clone();
        cut.histories[place].entries.remove(3);
        assert!(matches!(refusal(broken(&cut, trusted)), Refusal::Sequence { expected: 4, got: 5 }));

        let mut swapped = evidence.clone();
        swapped.histories[place].entries.swap(5, 6);
        assert!(matches!(refusal(broken(&swapped, trusted)), Refusal::Sequence { .. }));
    }
    // The same number of entries, well formed and hash-chained, but not what the chain holds: a decision left
    // out and another reason given in its place.
    let mut world = World::new();
    let main = world.main();
    let last = main.entries.last_mut().unwrap();
    last.payload = Payload::Retired { reason: "it was never used".into() };
    main.reseal();
    let (other, _) = world.prove();
    let mut forged = evidence.clone();
    forged.histories = other.histories;
    assert!(matches!(broken(&forged, trusted), BrokenLink::HistoryHead { .. }));

    let mut empty = evidence.clone();
    empty.histories[0].entries.clear();
    assert!(matches!(broken(&empty, trusted), BrokenLink::EmptyHistory(_)));
    let mut strange = evidence.clone();
    strange.histories[0].entries[1].kind = "PolicyUnset".into();
    assert!(matches!(broken(&strange, trusted), BrokenLink::Kind { sequence: 2, .. }));
}

#[test]
fn an_approval_of_another_version_or_by_the_registrant_is_refused_wherever_the_chain_stands() {
    // Even a chain that holds such a history (a registry with other code) does not make it good.
    let mut world = World::new();
    let subject = world.subject;
    let main = world.main();
    let approval = main.approval(VersionId(B256::repeat_byte(4)), approvers()[0].0);
    main.submit(approval, &approvers()[0].1);
    main.entries.last_mut().unwrap().version = subject;
    main.reseal();
    assert!(matches!(refusal(broken_world(&world)), Refusal::Version { .. }));

    let mut world = World::new();
    let main = world.main();
    main.approve_as(subject, approvers()[0].0, &account(5));
    assert!(matches!(refusal(broken_world(&world)), Refusal::Signer { .. }));

    let mut world = World::new();
    let main = world.main();
    let mut approval = main.approval(subject, approvers()[2].0);
    approval.expiry = main.time;
    main.submit(approval, &approvers()[2].1);
    assert!(matches!(refusal(broken_world(&world)), Refusal::Expired { .. }));

    let mut world = World::new();
    let main = world.main();
    let again =
        main.entries.iter().rev().find(|e| matches!(e.payload, Payload::DecisionRecorded { .. })).cloned();
    let again = again.unwrap();
    main.push(again.actor, again.version, again.payload);
    assert!(matches!(refusal(broken_world(&world)), Refusal::Nonce { .. }));
}

#[test]
fn an_altered_policy_is_refused() {
    let mut world = World::new();
    let main = world.main();
    let Payload::PolicySet { threshold, .. } = &mut main.entries[1].payload else { panic!() };
    *threshold = 1;
    main.reseal();
    let (other, _) = world.prove();
    let (mut evidence, trusted) = World::new().prove();
    evidence.histories = other.histories;
    // With a threshold of one the first approval alone would have approved the version.
    assert!(matches!(refusal(broken(&evidence, trusted)), Refusal::Due { .. }));
}

#[test]
fn a_proof_of_another_slot_account_or_state_is_refused() {
    let (evidence, trusted) = World::new().prove();
    let mut other = evidence.clone();
    let [first, second, ..] = other.registry.storage_proof.as_mut_slice() else { panic!() };
    std::mem::swap(&mut first.proof, &mut second.proof);
    assert!(matches!(broken(&other, trusted), BrokenLink::RegistryState(ProofError::Slot { .. })));

    // The same proofs in another order would be another file.
    let mut other = evidence.clone();
    other.registry.storage_proof.swap(0, 1);
    assert!(matches!(
        broken(&other, trusted),
        BrokenLink::RegistryState(ProofError::SlotMissing { place: 0, .. })
    ));

    let mut other = evidence.clone();
    let extra = other.registry.storage_proof[0].clone();
    other.registry.storage_proof.push(extra);
    assert!(matches!(broken(&other, trusted), BrokenLink::RegistryState(ProofError::SlotSurplus { .. })));

    let mut other = evidence.clone();
    other.registry.storage_proof.pop();
    assert!(matches!(broken(&other, trusted), BrokenLink::RegistryState(ProofError::SlotMissing { .. })));

    let mut other = evidence.clone();
    other.registry.account_proof = other.implementation.account_proof.clone();
    assert!(matches!(
        broken(&other, trusted),
        BrokenLink::RegistryState(ProofError::Account { .. } | ProofError::NoAccount { .. })
    ));

    let mut other = evidence.clone();
    other.implementation = other.registry.clone();
    assert!(matches!(broken(&other, trusted), BrokenLink::Implementation(ProofError::Address { .. })));

    let mut longer = evidence;
    let last = longer.registry.account_proof.last().unwrap().clone();
    longer.registry.account_proof.push(last);
    let BrokenLink::RegistryState(ProofError::Account { source, .. }) = broken(&longer, trusted) else {
        panic!()
    };
    assert!(matches!(*source, TrieError::Surplus { .. }));
}

#[test]
fn a_forged_anchor_checkpoint_or_record_is_refused() {
    let world = World::new();
    let (evidence, trusted) = world.prove();

    let mut other = evidence.clone();
    other.logs[0].registry_head = B256::ZERO;
    assert!(matches!(broken(&other, trusted), BrokenLink::Anchor { epoch: 1, .. }));

    // Another root, signed with the log's own key, was not anchored.
    let mut forged = world.clone();
    forged.log.records[0].1 = forged.log.records[0].1.replace("41", "42");
    let (forged, _) = forged.prove();
    let mut other = evidence.clone();
    other.logs[0].checkpoint = forged.logs[0].checkpoint.clone();
    other.logs[0].records = forged.logs[0].records.clone();
    assert!(matches!(broken(&other, trusted), BrokenLink::Anchor { .. }));

    // The anchor of another epoch than the one proved, and of one in which nothing was anchored.
    let mut other = evidence.clone();
    other.logs[0].epoch = 0;
    assert!(matches!(
        broken(&other, trusted),
        BrokenLink::AnchorsState { error: ProofError::SlotMissing { place: 2, .. }, .. }
    ));

    let mut other = evidence.clone();
    other.logs[0].records[1].index = 2;
    other.logs[0].records.pop();
    assert!(matches!(
        broken(&other, trusted),
        BrokenLink::Inclusion { index: 2, error: log::ProofError::Root { .. }, .. }
    ));
    let mut other = evidence.clone();
    other.logs[0].records[2].index = 7;
    assert!(matches!(
        broken(&other, trusted),
        BrokenLink::Inclusion { error: log::ProofError::Beyond { index: 7, size: 7 }, .. }
    ));
    let mut other = evidence.clone();
    other.logs[0].records[0].proof.pop();
    assert!(matches!(
        broken(&other, trusted),
        BrokenLink::Inclusion { error: log::ProofError::Length { expected: 3, got: 2 }, .. }
    ));
    let mut other = evidence.clone();
    other.logs[0].records[0].opening.as_mut().unwrap().record.push(' ');
    assert!(matches!(broken(&other, trusted), BrokenLink::RecordOpening { index: 0, .. }));
    let mut other = evidence.clone();
    other.logs[0].records.swap(0, 1);
    assert!(matches!(broken(&other, trusted), BrokenLink::Order { .. }));

    let mut other = evidence.clone();
    other.logs[0].key = other.logs[0].key.replace("log.clinic", "lag.clinic");
    assert!(matches!(broken(&other, trusted), BrokenLink::LogKeyForm { error: KeyError::Id { .. }, .. }));
    // A signature that would be ignored elsewhere, and the note of another log by the same key.
    let mut other = evidence.clone();
    other.logs[0].checkpoint.push_str("\u{2014} witness.example AAAAAAAA\n");
    assert!(matches!(broken(&other, trusted), BrokenLink::CheckpointSignatures { got: 2, .. }));
    let mut other = evidence.clone();
    other.logs[0].checkpoint = other.logs[0].checkpoint.replacen("log.clinic", "lag.clinic", 1);
    assert!(matches!(
        broken(&other, trusted),
        BrokenLink::Checkpoint { error: CheckpointError::Note(NoteError::Signature { .. }), .. }
    ));

    // A log of another registry, however well it is anchored.
    let mut other = world.clone();
    other.log.terms.registry = Address::repeat_byte(0x44);
    assert!(matches!(broken_world(&other), BrokenLink::LogRegistry { .. }));
    // An epoch that had not begun.
    let mut other = world.clone();
    other.log.epoch = 1000;
    assert!(matches!(broken_world(&other), BrokenLink::Epoch { epoch: 1000, .. }));
    // A record about a version that this file is not about.
    let mut other = world.clone();
    other.log.records[0].1 = canonical_record(&VersionId(B256::repeat_byte(3)));
    assert!(matches!(
        broken_world(&other),
        BrokenLink::RecordForeign { index: 0, version: Some(VersionId(version)), .. }
            if version == B256::repeat_byte(3)
    ));
    // What is no record, though it was logged.
    let mut other = world.clone();
    other.log.records[0].1 = canonical_record(&VersionId(B256::repeat_byte(3))).replace("run", "ran");
    assert!(matches!(broken_world(&other), BrokenLink::Record { error: RecordError::Kind { .. }, .. }));
    assert_ne!(anchored_slot(world.log.terms.id(), 1), anchored_slot(world.log.terms.id(), 2));
    assert_eq!(evidence.logs[0].anchors.address, ANCHORS);
}

fn canonical_record(version: &VersionId) -> String {
    format!("{{\"at\":1,\"format\":\"averment-record/1\",\"kind\":\"run\",\"version\":\"{version}\"}}")
}

#[test]
fn a_compromised_key_is_reported_and_refused_below_the_threshold() {
    let mut world = World::new();
    let subject = world.subject;
    let (role, approver) = &approvers()[2];
    world.main().compromise(role, approver.address, 1);
    let (evidence, trusted) = world.prove();
    let verified = verify(&evidence, trusted, &TrustPolicy::default()).unwrap();
    let state = verified.version(subject).unwrap().approvals;
    assert_eq!(state, ApprovalState { needed: 2, standing: 2, touched: 1 });
    assert!(verified.caveats().contains(&Caveat::TouchedApprovals { version: subject, decisions: 1 }));

    let (role, approver) = &approvers()[1];
    world.main().compromise(role, approver.address, 1);
    assert_eq!(
        broken_world(&world),
        BrokenLink::Approvals { version: subject, needed: 2, standing: 1, touched: 2 }
    );
}

#[test]
fn a_manifest_that_is_not_the_registered_one_or_not_signed_by_who_answers_is_refused() {
    let (evidence, trusted) = World::new().prove();
    let mut other = evidence.clone();
    other.versions[0].manifest = evidence.versions[1].manifest.clone();
    assert!(matches!(broken(&other, trusted), BrokenLink::ManifestDigest { .. }));

    // Signed by somebody else.
    let world = World::alone(|_| make("mass-triage", "3.0.0", 9, &[], &account(66)));
    assert!(matches!(broken_world(&world), BrokenLink::ManifestSigner { .. }));

    // A signature of a scheme that is not checked is no evidence.
    let mut other = evidence.clone();
    let signatures = other.versions[0].manifest["signatures"].as_array_mut().unwrap();
    signatures.push(serde_json::json!({ "keyid": "somebody", "sig": "AAAA" }));
    assert!(matches!(broken(&other, trusted), BrokenLink::UncheckedSignature { .. }));
    let mut other = evidence;
    other.versions[0].manifest["comment"] = Value::from("trust me");
    assert!(matches!(broken(&other, trusted), BrokenLink::EnvelopeForm { .. }));
}

/// Registered, signed by its owner and proved, but about something else than what is registered with it.
#[test]
fn a_manifest_about_other_artifacts_parents_or_another_model_is_refused() {
    let whole = World::alone(|owner| make("mass-triage", "3.0.0", 9, &[], owner));
    let (evidence, trusted) = whole.prove();
    verify(&evidence, trusted, &TrustPolicy::default()).unwrap();
    let disagreement = |change: &dyn Fn(&mut Value)| match broken_world(&World::alone(|owner| {
        make_with("mass-triage", "3.0.0", 9, &[], owner, change)
    })) {
        BrokenLink::ManifestDisagrees { fault, .. } => *fault,
        other => panic!("{other}"),
    };
    let digest = |n: u8| Value::from(format!("{:x}", B256::repeat_byte(n)));
    let name = disagreement(&|statement| statement["predicate"]["model"]["name"] = "mass-triage-2".into());
    assert!(matches!(&name, Disagreement::Model { got, .. } if got == "mass-triage-2"), "{name}");
    let root = disagreement(&|statement| {
        statement["predicate"]["captured"]["artifacts"]["root"] = B256::repeat_byte(1).to_string().into();
    });
    assert!(matches!(root, Disagreement::Artifacts { got, .. } if got == B256::repeat_byte(1)), "{root}");
    for total in ["bytes", "files"] {
        let fault =
            disagreement(&|statement| statement["predicate"]["captured"]["artifacts"][total] = 7.into());
        assert!(matches!(fault, Disagreement::Totals { .. }), "{fault}");
    }
    let parents = disagreement(&|statement| {
        let parent = Value::from(B256::repeat_byte(5).to_string());
        statement["predicate"]["model"]["parents"] = Value::from(vec![parent.clone()]);
        statement["predicate"]["captured"]["parents"] = Value::from(vec![parent]);
    });
    assert!(matches!(parents, Disagreement::Parents { .. }), "{parents}");
    // The files that the statement is about, by name and by bytes: one more, one less, another.
    let fault = disagreement(&|statement| statement["subject"][1]["digest"]["blake3_tree"] = digest(1));
    assert!(matches!(&fault, Disagreement::File { name, .. } if name == "model.onnx"), "{fault}");
    let fault = disagreement(&|statement| statement["subject"][1]["name"] = "other.onnx".into());
    assert!(matches!(&fault, Disagreement::Files { got: Some(got), .. } if got == "other.onnx"), "{fault}");
    let fault = disagreement(&|statement| drop(statement["subject"].as_array_mut().unwrap().pop()));
    assert!(matches!(&fault, Disagreement::Files { got: None, .. }), "{fault}");
    let fault = disagreement(&|statement| {
        let mut more = statement["subject"][1].clone();
        more["name"] = "z.onnx".into();
        statement["subject"].as_array_mut().unwrap().push(more);
    });
    assert!(matches!(&fault, Disagreement::Files { expected: None, .. }), "{fault}");
}

/// What is registered and signed, but is no manifest of this release.
#[test]
fn a_statement_that_is_no_manifest_is_refused() {
    for change in [
        (&|statement: &mut Value| statement["predicateType"] = "https://example.org/1".into())
            as &dyn Fn(&mut Value),
        &|statement| statement["predicate"]["format"] = "averment-manifest/2".into(),
        &|statement| drop(statement["predicate"]["limits"].take()),
        &|statement| statement["subject"] = Value::Array(Vec::new()),
        &|statement| drop(statement["predicate"]["captured"].take()),
    ] {
        let world = World::alone(|owner| make_with("mass-triage", "3.0.0", 9, &[], owner, change));
        let link = broken_world(&world);
        assert!(matches!(link, BrokenLink::Statement { .. }), "{link}");
    }
}

#[test]
fn artifacts_and_openings_are_those_of_the_version() {
    let world = World::new();
    let (evidence, trusted) = world.prove();
    let subject = evidence.versions.iter().position(|v| v.version == world.subject).unwrap();

    let mut other = evidence.clone();
    other.versions[subject].artifacts.as_mut().unwrap()[1].size += 1;
    assert!(matches!(broken(&other, trusted), BrokenLink::Artifacts { .. }));
    let mut other = evidence.clone();
    other.versions[subject].artifacts.as_mut().unwrap().reverse();
    assert!(matches!(broken(&other, trusted), BrokenLink::Listing { .. }));
    let mut other = evidence.clone();
    other.versions[subject].artifacts = None;
    assert_eq!(broken(&other, trusted), BrokenLink::ListingMissing(world.subject));
    let mut other = evidence.clone();
    other.versions[subject].openings[0].data = Bytes::from_static(b"{\"rows\":399}");
    assert!(matches!(broken(&other, trusted), BrokenLink::Opening { .. }));
    let mut other = evidence.clone();
    let place = (subject + 1) % 3;
    other.versions[place].openings = other.versions[subject].openings.clone();
    assert!(matches!(broken(&other, trusted), BrokenLink::OpeningForeign { .. }));
}

#[test]
fn a_parent_that_is_missing_or_a_stranger_in_the_lineage_is_refused() {
    let world = World::new();
    let (evidence, trusted) = world.prove();
    let mut other = evidence.clone();
    let gone = other.versions.remove(0).version;
    assert_eq!(broken(&other, trusted), BrokenLink::VersionMissing(gone));

    let mut other = evidence.clone();
    other.subject = other.versions.iter().find(|v| v.version != world.subject).unwrap().version;
    assert!(matches!(broken(&other, trusted), BrokenLink::VersionSurplus(_) | BrokenLink::Lineage(_)));

    // The base model's history is not given at all, and nothing of it is proved.
    let mut other = world.clone();
    other.scripts.remove(0);
    assert!(matches!(broken_world(&other), BrokenLink::Lineage(_)));
}

#[test]
fn a_contract_wallets_approval_is_marked_as_the_chains_word() {
    let mut world = World::new();
    let subject = world.subject;
    let main = world.main();
    let (role, signer) = &approvers()[2];
    let approval = main.approval(subject, role);
    let payload = Payload::DecisionRecorded {
        approval,
        signer: signer.address,
        signature: Bytes::from_static(b"whatever the wallet takes"),
    };
    main.push(account(99).address, subject, payload);
    let (evidence, trusted) = world.prove();
    let verified = verify(&evidence, trusted, &TrustPolicy::default()).unwrap();
    assert!(verified.caveats().contains(&Caveat::VouchedByChain { version: subject, decisions: 1 }));
    let record = &verified.version(subject).unwrap().record;
    let last = record.last_decision(RoleId::of(role)).unwrap();
    assert_eq!(last.signature_check(verified.registry()), SignatureCheck::VouchedByChain);
    assert_eq!(Text::from("clinic"), record.deployments[0].environment);
}
