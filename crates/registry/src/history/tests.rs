//! Histories that the contract makes are accepted, and each one that it would refuse is refused, by its name.

use super::*;
use crate::testing::{NONE, REGISTRY, Script, account, approvers, content};
use averment_primitives::{Address, B256, Bytes, RoleId, U256, VersionId};
use proptest::prelude::*;

/// The refusal of a history, and the entry it is about.
#[track_caller]
fn refusal(script: &Script) -> (u64, Refusal) {
    let error = script.replay().unwrap_err();
    (error.sequence, *error.refusal)
}

/// Refusal of the last entry.
#[track_caller]
fn last_refusal(script: &Script) -> Refusal {
    let (sequence, refusal) = refusal(script);
    assert_eq!(sequence, script.entries.len() as u64, "{refusal}");
    refusal
}

fn whole_life() -> (Script, VersionId) {
    let mut script = Script::new("triage");
    let version = script.register(content(1, &[]));
    script.approve(version);
    script.deploy(version, "production");
    (script, version)
}

#[test]
fn a_whole_life_is_replayed() {
    let (mut script, version) = whole_life();
    let owner = script.owner.address;
    script.push(owner, version, Payload::Retired { reason: "superseded".into() });
    script.push(owner, version, Payload::Revoked { reason: "wrong labels".into() });
    let history = script.replay().unwrap();
    let record = history.version(version).unwrap();
    assert_eq!(record.stage, Stage::Revoked);
    assert_eq!(history.standing_approvals(record).count(), 2);
    assert_eq!(record.deployments[0].environment.to_string(), "production");
    assert_eq!(record.endings.len(), 2);
    assert_eq!(history.name().to_string(), "triage");
    assert_eq!((history.owner(), history.creator()), (owner, owner));
    assert_eq!(history.length(), 12);
    assert_eq!(history.head(), script.entries.last().unwrap().head);
    for decision in &record.decisions {
        assert_eq!(decision.signature_check(REGISTRY), SignatureCheck::Recovered);
    }
}

#[test]
fn events_survive_the_way_over_the_wire() {
    let (mut script, version) = whole_life();
    let (owner, other) = (script.owner.address, account(40).address);
    script.push(owner, NONE, Payload::RegistrarSet { registrar: other, allowed: true });
    script.push(owner, NONE, Payload::StewardSet { steward: other });
    script.rotate("clinical-lead", &account(11), account(41).address);
    script.compromise("clinical-lead", account(41).address, 5);
    script.push(owner, version, Payload::Retired { reason: Text::new(Bytes::from_static(b"\xff\0")) });
    script.push(other, NONE, Payload::OwnershipTransferred { previous_owner: owner, new_owner: other });
    script.replay().unwrap();
    for entry in &script.entries {
        let (topics, data) = entry.encode();
        assert_eq!(&Entry::decode(&topics, &data, &Limits::default()).unwrap(), entry);
        for length in 0..data.len() {
            assert!(Entry::decode(&topics, &data[..length], &Limits::default()).is_err());
        }
    }
}

#[test]
fn events_that_are_not_the_contracts_are_refused() {
    let (script, _) = whole_life();
    let limits = Limits::default();
    let (topics, data) = script.entries[0].encode();
    assert_eq!(Entry::decode(&topics[..3], &data, &limits), Err(EntryError::Topics { got: 3 }));
    let mut other = topics;
    other[0] = B256::ZERO;
    assert!(matches!(Entry::decode(&other, &data, &limits), Err(EntryError::Event { .. })));
    for kind in [B256::ZERO, B256::with_last_byte(15), B256::repeat_byte(1)] {
        let mut other = topics;
        other[3] = kind;
        assert_eq!(Entry::decode(&other, &data, &limits), Err(EntryError::Kind { got: kind }));
    }
    let mut padded = data.clone();
    padded.extend([0; 32]);
    assert_eq!(
        Entry::decode(&topics, &padded, &limits),
        Err(EntryError::NotCanonical { field: "event data" })
    );
    let tight = Limits { payload_bytes: 32, ..limits };
    assert!(matches!(Entry::decode(&topics, &data, &tight), Err(EntryError::TooLong { .. })));
    let mut none = script.entries[6].payload.encode();
    none[3 * 32 + 31] = 0;
    assert_eq!(Payload::decode(Kind::DecisionRecorded, &none, &limits), Err(EntryError::Decision { got: 0 }));
}

#[test]
fn a_missing_doubled_swapped_or_changed_entry_is_named() {
    let (script, _) = whole_life();
    for place in 0..script.entries.len() {
        let mut missing = script.clone();
        missing.entries.remove(place);
        if place + 1 < script.entries.len() {
            let (sequence, refusal) = refusal(&missing);
            assert_eq!(sequence, place as u64 + 1);
            assert!(matches!(refusal, Refusal::Sequence { .. }), "{refusal}");
        }
        let mut doubled = script.clone();
        doubled.entries.insert(place, script.entries[place].clone());
        assert!(matches!(refusal(&doubled), (n, Refusal::Sequence { .. }) if n == place as u64 + 2));
        if place > 0 {
            let mut swapped = script.clone();
            swapped.entries.swap(place - 1, place);
            assert!(matches!(refusal(&swapped), (n, Refusal::Sequence { .. }) if n == place as u64));
        }
        let mut changed = script.clone();
        changed.entries[place].actor = Address::repeat_byte(0xee);
        assert_eq!(refusal(&changed).0, place as u64 + 1);
    }
}

#[test]
fn a_history_of_another_registry_chain_or_model_is_refused() {
    let (script, _) = whole_life();
    let limits = Limits::default();
    let mut other = REGISTRY;
    other.chain_id = 1;
    let error = History::replay(other, script.model, script.entries.clone(), &limits).unwrap_err();
    assert!(matches!(*error.refusal, Refusal::ModelId { .. }));
    let mut other = REGISTRY;
    other.address = Address::repeat_byte(1);
    let error = History::replay(other, script.model, script.entries.clone(), &limits).unwrap_err();
    assert!(matches!(*error.refusal, Refusal::ModelId { .. }));
    let model = Script::new("other").model;
    let error = History::replay(REGISTRY, model, script.entries.clone(), &limits).unwrap_err();
    assert_eq!(*error.refusal, Refusal::Model { got: script.model });
}

#[test]
fn an_approval_of_another_version_policy_or_model_is_refused() {
    let mut script = Script::new("triage");
    let (one, two) = (script.register(content(1, &[])), script.register(content(2, &[])));
    let (role, signer) = &approvers()[0];
    let approval = script.approval(one, role);

    let mut other = script.clone();
    other.submit(approval.clone(), signer);
    other.entries.last_mut().unwrap().version = two;
    other.reseal();
    assert_eq!(last_refusal(&other), Refusal::Version { expected: one, got: two });

    let mut other = script.clone();
    other.submit(crate::approval::Approval { policy_revision: 2, ..approval.clone() }, signer);
    assert_eq!(last_refusal(&other), Refusal::Revision { expected: 1, got: 2 });

    let mut other = script.clone();
    let model = Script::new("other").model;
    other.submit(crate::approval::Approval { model, ..approval.clone() }, signer);
    assert_eq!(last_refusal(&other), Refusal::SignedModel { got: model });

    let mut other = script.clone();
    other.submit(crate::approval::Approval { role: RoleId::of("janitor"), ..approval }, signer);
    assert!(matches!(last_refusal(&other), Refusal::Role { revision: 1, .. }));
}

#[test]
fn a_wrong_expired_or_replayed_approval_is_refused() {
    let mut script = Script::new("triage");
    let version = script.register(content(1, &[]));
    let (role, signer) = &approvers()[0];

    let mut other = script.clone();
    other.approve_as(version, role, &account(50));
    let expected = signer.address;
    assert_eq!(
        last_refusal(&other),
        Refusal::Signer { role: RoleId::of(role), expected, got: account(50).address }
    );

    let mut other = script.clone();
    let approval = other.approval(version, role);
    other.time = approval.expiry;
    other.submit(approval, signer);
    assert!(matches!(last_refusal(&other), Refusal::Expired { .. }));

    // On the last second it still counts.
    let mut other = script.clone();
    let approval = other.approval(version, role);
    other.time = approval.expiry - 12;
    other.submit(approval, signer);
    other.replay().unwrap();

    let approval = script.approval(version, role);
    script.submit(approval.clone(), signer);
    script.submit(approval, signer);
    assert_eq!(
        last_refusal(&script),
        Refusal::Nonce { signer: signer.address, recorded: U256::from(1), got: U256::from(1) }
    );
}

#[test]
fn whoever_registered_cannot_approve_not_even_through_another_key() {
    let mut script = Script::new("triage");
    let (owner, (role, approver)) = (script.owner.address, &approvers()[0]);
    script.push(owner, NONE, Payload::RegistrarSet { registrar: approver.address, allowed: true });
    let version = script.register_as(approver.address, content(1, &[]));
    let expected = Refusal::RegistrantDecides { role: RoleId::of(role), registrant: approver.address };

    let mut other = script.clone();
    other.approve_as(version, role, approver);
    assert_eq!(last_refusal(&other), expected);

    script.rotate(role, approver, account(60).address);
    script.approve_as(version, role, &account(60));
    assert_eq!(last_refusal(&script), expected);
}

#[test]
fn a_key_appointed_later_does_not_count_for_earlier_versions_but_a_rotated_one_does() {
    let mut script = Script::new("triage");
    let version = script.register(content(1, &[]));
    let (role, approver) = &approvers()[0];
    let (owner, later, rotated) = (script.owner.address, account(61), account(62));

    let mut replaced = script.clone();
    replaced.push(
        owner,
        NONE,
        Payload::RoleKeySet {
            role: RoleId::of(role),
            previous_signer: approver.address,
            new_signer: later.address,
        },
    );
    let mut refused = replaced.clone();
    refused.approve_as(version, role, &later);
    assert!(matches!(last_refusal(&refused), Refusal::Signer { .. }));
    // The key before it goes on counting for the older version, the new one for the next.
    replaced.approve_as(version, role, approver);
    let next = replaced.register(content(2, &[]));
    replaced.approve_as(next, role, &later);
    replaced.replay().unwrap();

    script.rotate(role, approver, rotated.address);
    script.approve_as(version, role, &rotated);
    script.replay().unwrap();
    script.approve_as(version, role, approver);
    assert!(matches!(last_refusal(&script), Refusal::Signer { .. }));
}

#[test]
fn a_compromised_key_touches_what_it_decided_and_whom_it_handed_the_role() {
    let (mut script, version) = whole_life();
    let (role, approver) = &approvers()[0];
    let decided =
        script.entries.iter().position(|e| e.payload.kind() == Kind::DecisionRecorded).unwrap() as u64 + 1;

    let mut after = script.clone();
    after.compromise(role, approver.address, decided + 1);
    let history = after.replay().unwrap();
    assert_eq!(history.touched_decisions().count(), 0);
    assert_eq!(history.standing_approvals(history.version(version).unwrap()).count(), 2);

    script.compromise(role, approver.address, decided);
    let history = script.replay().unwrap();
    let touched: Vec<_> = history.touched_decisions().map(|(id, d)| (id, d.signer)).collect();
    assert_eq!(touched, [(version, approver.address)]);
    assert_eq!(history.standing_approvals(history.version(version).unwrap()).count(), 1);
    // It can neither decide, nor hand on its role, nor be deployed upon.
    let mut other = script.clone();
    other.approve_as(version, role, approver);
    assert!(matches!(last_refusal(&other), Refusal::CompromisedKey { .. }));
    let mut other = script.clone();
    other.rotate(role, approver, account(70).address);
    assert!(matches!(last_refusal(&other), Refusal::CompromisedKey { .. }));
    let mut other = script.clone();
    other.deploy(version, "clinic");
    assert_eq!(last_refusal(&other), Refusal::Approvals { needed: 2, got: 1 });
    // A later declaration only moves the point back.
    for from in [0, decided, decided + 1] {
        let mut other = script.clone();
        other.compromise(role, approver.address, from);
        assert_eq!(last_refusal(&other), Refusal::CompromiseFrom { limit: decided - 1, got: from });
    }

    // A key that came from a compromised one is touched as well.
    let mut script = Script::new("triage");
    script.rotate(role, approver, account(71).address);
    let version = script.register(content(1, &[]));
    script.approve_as(version, role, &account(71));
    let handed_on = 6;
    script.compromise(role, approver.address, handed_on);
    let history = script.replay().unwrap();
    let (_, decision) = history.touched_decisions().next().unwrap();
    assert_eq!(history.decision_tainted_by(decision).unwrap().0, approver.address);
}

/// A steward retires versions, does nothing else, and only while it is appointed.
#[test]
fn a_steward_retires_and_nothing_else() {
    let (mut script, version) = whole_life();
    let (owner, steward) = (script.owner.address, account(82).address);
    let retired = || Payload::Retired { reason: "by rule".into() };
    script.push(owner, NONE, Payload::StewardSet { steward });
    assert_eq!(script.replay().unwrap().steward(), steward);
    for payload in
        [Payload::Revoked { reason: "spite".into() }, Payload::Deployed { environment: "elsewhere".into() }]
    {
        let mut other = script.clone();
        other.push(steward, version, payload);
        assert!(matches!(last_refusal(&other), Refusal::Actor { got, .. } if got == steward));
    }
    let mut again = script.clone();
    again.push(owner, NONE, Payload::StewardSet { steward });
    assert_eq!(last_refusal(&again), Refusal::Unchanged);
    let mut misplaced = script.clone();
    misplaced.push(owner, version, Payload::StewardSet { steward: owner });
    assert!(matches!(last_refusal(&misplaced), Refusal::Version { .. }));
    let mut dismissed = script.clone();
    dismissed.push(owner, NONE, Payload::StewardSet { steward: Address::ZERO });
    assert!(dismissed.replay().unwrap().steward().is_zero());
    dismissed.push(steward, version, retired());
    assert!(matches!(last_refusal(&dismissed), Refusal::Actor { got, .. } if got == steward));
    script.push(steward, version, retired());
    assert_eq!(script.replay().unwrap().version(version).unwrap().stage, Stage::Retired);
}

#[test]
fn only_those_who_may_act() {
    let (script, version) = whole_life();
    let stranger = account(80).address;
    let attempts = [
        (NONE, Payload::RegistrarSet { registrar: stranger, allowed: true }),
        (NONE, Payload::StewardSet { steward: stranger }),
        (NONE, Payload::PolicySet { revision: 2, threshold: 1, roles: vec!["own".into()] }),
        (
            NONE,
            Payload::RoleKeySet {
                role: RoleId::of("clinical-lead"),
                previous_signer: account(11).address,
                new_signer: stranger,
            },
        ),
        (
            NONE,
            Payload::KeyCompromised {
                role: RoleId::of("clinical-lead"),
                signer: account(11).address,
                from_sequence: 1,
            },
        ),
        (version, Payload::Deployed { environment: "elsewhere".into() }),
        (version, Payload::Retired { reason: "spite".into() }),
        (version, Payload::Revoked { reason: "spite".into() }),
    ];
    for (version, payload) in attempts {
        let mut other = script.clone();
        other.push(stranger, version, payload);
        assert!(matches!(last_refusal(&other), Refusal::Actor { got, .. } if got == stranger));
    }
    let mut other = script.clone();
    other.register_as(stranger, content(9, &[]));
    assert!(matches!(last_refusal(&other), Refusal::Actor { got, .. } if got == stranger));
    let mut other = script.clone();
    let previous_owner = script.owner.address;
    other.push(
        account(81).address,
        NONE,
        Payload::OwnershipTransferred { previous_owner, new_owner: stranger },
    );
    assert!(matches!(last_refusal(&other), Refusal::Account { field: "new owner", .. }));
}

#[test]
fn stages_only_move_forward_and_thresholds_hold() {
    let mut script = Script::new("triage");
    let owner = script.owner.address;
    let version = script.register(content(1, &[]));

    let mut other = script.clone();
    other.deploy(version, "production");
    assert!(matches!(last_refusal(&other), Refusal::Stage { stage: Stage::Registered, .. }));

    let mut other = script.clone();
    other.approve_as(version, "clinical-lead", &account(11));
    other.also(account(99).address, version, Payload::VersionApproved { policy_revision: 1, approvals: 1 });
    assert_eq!(last_refusal(&other), Refusal::NotDue(version));

    let mut other = script.clone();
    other.approve(version);
    other.entries.last_mut().unwrap().payload = Payload::VersionApproved { policy_revision: 1, approvals: 3 };
    other.reseal();
    assert_eq!(last_refusal(&other), Refusal::ApprovalCount { expected: 2, got: 3 });

    // The contract records the approval at once: a history that leaves it out is not the contract's.
    let mut other = script.clone();
    other.approve(version);
    other.entries.pop();
    other.deploy(version, "production");
    assert!(matches!(last_refusal(&other), Refusal::Due { .. }));

    let mut other = script.clone();
    other.approve(version);
    other.deploy(version, "production");
    let since = other.time;
    other.deploy(version, "staging");
    other.deploy(version, "production");
    assert_eq!(last_refusal(&other), Refusal::DeployedAlready { since });

    script.push(owner, version, Payload::Revoked { reason: "no".into() });
    let mut other = script.clone();
    other.push(owner, version, Payload::Retired { reason: "no".into() });
    assert!(matches!(last_refusal(&other), Refusal::Stage { stage: Stage::Revoked, .. }));
    script.approve_as(version, "clinical-lead", &account(11));
    assert!(matches!(last_refusal(&script), Refusal::Stage { .. }));
}

#[test]
fn registrations_that_the_contract_refuses_are_refused() {
    let (script, version) = whole_life();
    let parents = [VersionId(B256::repeat_byte(2)), VersionId(B256::repeat_byte(1))];
    let unordered = crate::version::VersionContent { parents: parents.to_vec(), ..content(3, &[]) };
    let empty = crate::version::VersionContent { artifacts_root: B256::ZERO, ..content(3, &[]) };
    let many: Vec<_> = (0..65).map(|n| VersionId(B256::repeat_byte(n))).collect();
    for (content, expected) in [
        (content(1, &[]), Refusal::AlreadyRegistered(version)),
        (unordered, Refusal::ParentsOrder),
        (empty, Refusal::ZeroDigest { field: "artifactsRoot" }),
        (content(3, &many), Refusal::ParentsCount { limit: 64, got: 65 }),
    ] {
        let mut other = script.clone();
        other.register(content);
        assert_eq!(last_refusal(&other), expected);
    }
    let mut other = script.clone();
    other.register(content(3, &[]));
    other.entries.last_mut().unwrap().version = version;
    other.reseal();
    assert!(matches!(last_refusal(&other), Refusal::Version { .. }));
}

#[test]
fn policies_that_the_contract_refuses_are_refused() {
    let (script, _) = whole_life();
    let policy = |threshold, roles: Vec<Text>| Payload::PolicySet { revision: 2, threshold, roles };
    let many: Vec<Text> = (0..17).map(|n| Text::from(format!("role-{n}").as_str())).collect();
    for (payload, roles, threshold) in [
        (policy(0, vec!["a".into()]), 1, 0),
        (policy(2, vec!["a".into()]), 1, 2),
        (policy(1, vec!["a".into(), "a".into()]), 2, 1),
        (policy(1, vec![]), 0, 1),
        (policy(1, many), 17, 1),
    ] {
        let mut other = script.clone();
        other.push(script.owner.address, NONE, payload);
        assert_eq!(last_refusal(&other), Refusal::Policy { roles, threshold });
    }
    // A new role gets its key in the same call, and a key holds one role once.
    let mut other = script.clone();
    other.push(script.owner.address, NONE, policy(1, vec!["auditor".into()]));
    let mut bound = other.clone();
    let (role, previous_signer) = (RoleId::of("auditor"), Address::ZERO);
    bound.also(
        script.owner.address,
        NONE,
        Payload::RoleKeySet { role, previous_signer, new_signer: account(11).address },
    );
    assert!(matches!(last_refusal(&bound), Refusal::KeyBound { .. }));
    other.deploy(VersionId(B256::ZERO), "x");
    assert!(matches!(last_refusal(&other), Refusal::Due { .. }));
}

/// A hostile file must not cost more than its length: nine thousand entries that each look something up.
#[test]
fn a_long_history_takes_time_in_proportion() {
    let mut script = Script::new("triage");
    let owner = script.owner.address;
    let version = script.register(content(1, &[]));
    script.approve(version);
    for n in 0_u32..3000 {
        let revision = u64::from(n) + 2;
        let roles = approvers().iter().map(|(role, _)| Text::from(*role)).collect();
        script.push(owner, NONE, Payload::PolicySet { revision, threshold: 2, roles });
        script.deploy(version, &format!("environment {n}"));
        let mut bytes = [0x11; 20];
        bytes[..4].copy_from_slice(&n.to_be_bytes());
        let new_signer = Address::from(bytes);
        let role = RoleId::of("clinical-lead");
        let previous_signer = match n {
            0 => account(11).address,
            n => {
                bytes[..4].copy_from_slice(&(n - 1).to_be_bytes());
                Address::from(bytes)
            }
        };
        script.push(owner, NONE, Payload::RoleKeySet { role, previous_signer, new_signer });
    }
    script.approve_as(version, "clinical-lead", &account(11));
    let history = script.replay().unwrap();
    assert_eq!(history.version(version).unwrap().deployments.len(), 3000);
}

#[test]
fn lineage_crosses_models_and_names_what_is_missing() {
    let mut base = Script::new("base");
    let root = base.register(content(1, &[]));
    let mut child = Script::new("child");
    child.time = base.time;
    let middle = child.register(content(2, &[root]));
    let leaf = child.register(content(3, &[middle, root]));
    let unrelated = Script::new("unrelated").replay().unwrap();
    let (base, child) = (base.replay().unwrap(), child.replay().unwrap());

    let lineage = Lineage::trace(leaf, [&base, &child], 10).unwrap();
    assert_eq!(lineage.depths(), [(leaf, 0), (middle, 1), (root, 2)].into());
    assert_eq!(lineage.get(root).unwrap().0.name().to_string(), "base");
    let missing = Lineage::trace(leaf, [&child], 10).unwrap_err();
    assert!(matches!(missing, LineageError::MissingParent { parent, .. } if parent == root));
    assert_eq!(Lineage::trace(leaf, [&base], 10).unwrap_err(), LineageError::Missing(leaf));
    assert_eq!(
        Lineage::trace(leaf, [&base, &child, &unrelated], 10).unwrap_err(),
        LineageError::Foreign(unrelated.model())
    );
    assert_eq!(Lineage::trace(leaf, [&base, &child], 2).unwrap_err(), LineageError::TooMany { limit: 2 });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_bytes_make_the_decoder_panic(
        kind in 0u8..16,
        data in proptest::collection::vec(any::<u8>(), 0..512),
        words in proptest::collection::vec(0u64..200, 0..16),
    ) {
        let topics = [Entry::topic(), B256::ZERO, B256::ZERO, B256::with_last_byte(kind)];
        let _ = Entry::decode(&topics, &data, &Limits::default());
        let words: Vec<u8> = words.iter().flat_map(|&w| B256::from(U256::from(w)).0).collect();
        let _ = Entry::decode(&topics, &words, &Limits::default());
    }
}
