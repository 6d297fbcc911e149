//! The typed client against the real contracts on an embedded chain, and against a node that lies.

#[path = "chain/liar.rs"]
#[allow(dead_code, reason = "shared with the chain's tests, which use all of it")]
mod liar;

use alloy::primitives::{Address, B256, U256};
use averment_ledger::{
    Finality, Ledger, Remote, Source,
    contracts::{
        Anchors::AnchorsErrors, Deployment, ModelRegistry::ModelRegistryErrors as Errors, Profile, Refusal,
        SendError, Sender,
    },
    embedded::Genesis,
    evidence::header_rlp,
    fees::PriceBook,
    keys::{AccountKey, development},
    registry::{AnchorsFault, HistoryFault, PolicyTerms, RegistryClient, SignedApproval},
};
use averment_primitives::{ModelId, RoleId, VersionId};
use averment_registry::{
    approval::{Approval, Decision, KeyRotation},
    history::{History, Kind, Stage},
    state::{Header, IMPLEMENTATION_SLOT, anchored_slot, history_slots},
    version::{VersionContent, anchor_digest},
};
use liar::Reply;
use serde_json::{Value, json};
use std::time::Duration;

const GENESIS_TIME: u64 = 1_700_000_000;
/// In 2096: the chain takes the time from the system.
const EXPIRY: u64 = 4_000_000_000;
const ROLES: [&str; 3] = ["risk-officer", "clinician", "privacy-officer"];
/// Accounts: 0 deploys and owns, 1 registers, 2 to 4 hold the roles.
const REGISTRAR: usize = 1;
const FIRST_ROLE: usize = 2;

fn key(index: usize) -> AccountKey {
    development::accounts(31_337).unwrap()[index].clone()
}

/// A chain with the contracts and one model of three roles, two of which must approve.
struct World {
    ledger: Ledger,
    deployment: Deployment,
    client: RegistryClient,
    model: ModelId,
    nonce: u64,
}

impl World {
    async fn new() -> Self {
        let ledger = Ledger::in_memory(Genesis::development(GENESIS_TIME)).unwrap();
        let owner = Sender::new(&ledger, key(0));
        let (deployment, _) = Deployment::deploy(&owner, Profile::Development).await.unwrap();
        let client = RegistryClient::open(&ledger, &deployment).await.unwrap();
        let policy = PolicyTerms {
            roles: ROLES
                .iter()
                .enumerate()
                .map(|(index, role)| (role.to_string(), key(FIRST_ROLE + index).address()))
                .collect(),
            threshold: 2,
        };
        let (model, _) = client.create_model(&owner, "triage", &policy).await.unwrap();
        client.set_registrar(&owner, model, key(REGISTRAR).address(), true).await.unwrap();
        Self { ledger, deployment, client, model, nonce: 0 }
    }

    fn sender(&self, index: usize) -> Sender {
        Sender::new(&self.ledger, key(index))
    }

    async fn register(&self, seed: u8, parents: Vec<VersionId>) -> VersionId {
        let content = content(seed, parents);
        self.client.register_version(&self.sender(REGISTRAR), self.model, &content).await.unwrap().0
    }

    fn approval(&mut self, version: VersionId, role: usize) -> Approval {
        self.nonce += 1;
        Approval {
            model: self.model,
            version,
            role: RoleId::of(ROLES[role]),
            decision: Decision::Approve,
            policy_revision: 1,
            expiry: EXPIRY,
            nonce: U256::from(self.nonce),
        }
    }

    fn approve(&mut self, version: VersionId, role: usize) -> SignedApproval {
        let approval = self.approval(version, role);
        self.client.sign_approval(&key(FIRST_ROLE + role), approval).unwrap()
    }

    async fn submit(&self, approvals: &[SignedApproval]) -> Result<(), Refusal> {
        match self.client.submit_approvals(&self.sender(9), approvals).await {
            Ok(_) => Ok(()),
            Err(SendError::Refused { refusal, .. }) => Err(*refusal),
            Err(other) => panic!("{other}"),
        }
    }

    async fn history(&self) -> History {
        self.client.at_final().await.unwrap().history(self.model).await.unwrap()
    }
}

fn content(seed: u8, parents: Vec<VersionId>) -> VersionContent {
    VersionContent {
        manifest_digest: B256::repeat_byte(seed),
        artifacts_root: B256::repeat_byte(seed + 100),
        weights_commitment: B256::ZERO,
        plan_digest: B256::ZERO,
        parents,
    }
}

fn refusal(error: SendError) -> Errors {
    match error {
        SendError::Refused { refusal, .. } => match *refusal {
            Refusal::Registry(error) => error,
            other => panic!("{other}"),
        },
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_versions_life_is_read_back_as_it_was_written() {
    let mut world = World::new().await;
    let owner = world.sender(0);
    let first = world.register(1, vec![]).await;
    let view = world.client.at_final().await.unwrap();
    assert!(!view.is_approved(first).await.unwrap());
    assert_eq!(view.version(first).await.unwrap().unwrap().stage, Stage::Registered);
    assert_eq!(view.content(first).await.unwrap(), content(1, vec![]));
    assert!(view.version(VersionId(B256::repeat_byte(9))).await.unwrap().is_none());
    assert_eq!(view.decider(first, RoleId::of(ROLES[1])).await.unwrap(), Some(key(FIRST_ROLE + 1).address()));

    let error = world.client.deploy(&owner, first, "clinic").await.unwrap_err();
    assert!(matches!(refusal(error), Errors::WrongStage(_) | Errors::NotEnoughApprovals(_)));
    let batch = [world.approve(first, 0), world.approve(first, 1)];
    world.submit(&batch).await.unwrap();
    // Again: what is recorded is skipped.
    world.submit(&batch).await.unwrap();
    world.client.deploy(&owner, first, "clinic").await.unwrap();
    let second = world.register(2, vec![first]).await;
    let batch = [world.approve(second, 1), world.approve(second, 2)];
    world.submit(&batch).await.unwrap();
    let sent = world.client.deploy(&owner, second, "clinic").await.unwrap();
    world.client.retire(&owner, first, "superseded").await.unwrap();
    world.client.revoke(&owner, second, "wrong labels in the training data").await.unwrap();

    let estimate = PriceBook::default().estimate(&sent.footprint);
    assert_eq!(estimate.gas, sent.gas_used());
    assert!(estimate.op_mainnet.wei < estimate.ethereum.wei);

    // The view before it all still says what it said.
    assert_eq!(view.version(first).await.unwrap().unwrap().stage, Stage::Registered);
    let view = world.client.at_final().await.unwrap();
    let history = view.history(world.model).await.unwrap();
    let (head, length) = view.history_head(world.model).await.unwrap();
    assert_eq!((history.head(), history.length()), (head, length));
    assert_eq!(history.name().to_string().trim_matches('"'), "triage");
    for (version, stage) in [(first, Stage::Retired), (second, Stage::Revoked)] {
        let state = view.version(version).await.unwrap().unwrap();
        let record = history.version(version).unwrap();
        assert_eq!((state.stage, record.stage), (stage, stage));
        assert_eq!(state.registrant, record.registrant);
        assert_eq!(state.registered_at, record.registered_at);
        assert_eq!(view.content(version).await.unwrap(), record.content);
        assert_eq!(view.deployed_since(version, "clinic").await.unwrap(), Some(record.deployments[0].since));
        assert!(view.deployed_since(version, "elsewhere").await.unwrap().is_none());
    }
    let decision = view.decision(second, RoleId::of(ROLES[2])).await.unwrap().unwrap();
    assert_eq!((decision.decision, decision.signer), (Decision::Approve, key(FIRST_ROLE + 2).address()));
    assert!(view.decision(second, RoleId::of(ROLES[0])).await.unwrap().is_none());
    let policy = view.policy(world.model, 1).await.unwrap();
    assert_eq!((policy.threshold, policy.roles), (2, ROLES.map(RoleId::of).to_vec()));
}

#[tokio::test]
async fn owners_registrars_keys_and_policies_change() {
    let mut world = World::new().await;
    let (owner, model) = (world.sender(0), world.model);
    let clinician = RoleId::of("clinician");
    let old = world.register(1, vec![]).await;

    // The role is handed on by its key, then a new key is appointed by the owner.
    let (first, second, third) = (key(FIRST_ROLE + 1), key(7), key(8));
    let rotation = KeyRotation { model, role: clinician, new_signer: second.address(), expiry: EXPIRY };
    let signed = world.client.sign_rotation(&first, rotation.clone()).unwrap();
    world.client.rotate_role_key(&world.sender(9), &signed).await.unwrap();
    world.client.replace_role_key(&owner, model, clinician, third.address()).await.unwrap();
    let view = world.client.at_final().await.unwrap();
    assert_eq!(view.role_key(model, clinician).await.unwrap().unwrap().0, third.address());
    assert_eq!(view.decider(old, clinician).await.unwrap(), Some(second.address()));
    let state = view.key(model, second.address()).await.unwrap().unwrap();
    assert_eq!((state.role, state.predecessor), (clinician, Some(first.address())));
    assert!(view.key(model, key(9).address()).await.unwrap().is_none());
    let stolen = world.client.sign_rotation(&key(9), rotation).unwrap();
    assert!(world.client.rotate_role_key(&world.sender(9), &stolen).await.is_err());

    let approval = world.approval(old, 1);
    let good = world.client.sign_approval(&second, approval).unwrap();
    let batch = [good, world.approve(old, 0)];
    world.submit(&batch).await.unwrap();
    assert!(world.client.at_final().await.unwrap().is_approved(old).await.unwrap());
    // The first key was not its owner's alone: what came from it does not count.
    world.client.declare_compromised(&owner, model, clinician, first.address(), 1).await.unwrap();
    let view = world.client.at_final().await.unwrap();
    assert!(!view.is_approved(old).await.unwrap());
    assert_eq!(view.key(model, first.address()).await.unwrap().unwrap().compromised_from, Some(1));

    let policy = PolicyTerms { roles: vec![("auditor".into(), key(6).address())], threshold: 1 };
    world.client.set_policy(&owner, model, &policy).await.unwrap();
    world.client.set_registrar(&owner, model, key(REGISTRAR).address(), false).await.unwrap();
    let content = content(3, vec![]);
    let error = world.client.register_version(&world.sender(REGISTRAR), model, &content).await;
    assert!(matches!(refusal(error.unwrap_err()), Errors::NotOwnerOrRegistrar(_)));

    let heir = world.sender(5);
    world.client.transfer_ownership(&owner, model, heir.address()).await.unwrap();
    let view = world.client.at_final().await.unwrap();
    assert_eq!(view.pending_owner(model).await.unwrap(), Some(heir.address()));
    let error = world.client.accept_ownership(&world.sender(9), model).await.unwrap_err();
    assert!(matches!(refusal(error), Errors::NotPendingOwner(_)));
    world.client.accept_ownership(&heir, model).await.unwrap();
    let view = world.client.at_final().await.unwrap();
    assert_eq!(view.owner(model).await.unwrap(), heir.address());
    assert_eq!(view.policy_revision(model).await.unwrap(), 2);
    assert!(!view.is_registrar(model, key(REGISTRAR).address()).await.unwrap());

    let history = world.history().await;
    assert_eq!(history.owner(), heir.address());
    assert_eq!(history.present_signer(clinician), third.address());
    assert_eq!(history.touched_decisions().count(), 1);
    assert!(history.entries().iter().any(|entry| entry.payload.kind() == Kind::RoleKeyRotated));
}

#[tokio::test]
async fn pause_stops_new_versions_only() {
    let mut world = World::new().await;
    let owner = world.sender(0);
    let version = world.register(1, vec![]).await;
    world.client.pause(&owner, 3600).await.unwrap();
    let view = world.client.at_final().await.unwrap();
    assert!(view.paused_until().await.unwrap() > GENESIS_TIME);
    let error = world.client.register_version(&owner, world.model, &content(2, vec![])).await.unwrap_err();
    assert!(matches!(refusal(error), Errors::RegistryPaused(_)));
    let batch = [world.approve(version, 0), world.approve(version, 1)];
    world.submit(&batch).await.unwrap();
    world.client.deploy(&owner, version, "clinic").await.unwrap();
    world.client.unpause(&owner).await.unwrap();
    world.register(2, vec![]).await;
}

#[tokio::test]
async fn approvals_that_must_not_count_are_refused_in_words() {
    let mut world = World::new().await;
    let version = world.register(1, vec![]).await;
    let other = world.register(2, vec![]).await;

    // Somebody else's signature; a signature for another version, another chain, another registry.
    let approval = world.approval(version, 0);
    let forged = world.client.sign_approval(&key(9), approval.clone()).unwrap();
    let error = world.submit(&[forged]).await.unwrap_err();
    assert!(matches!(error, Refusal::Registry(Errors::InvalidSignature(_))));
    assert!(error.to_string().contains("check who signed"), "{error}");
    let mut moved = world.client.sign_approval(&key(FIRST_ROLE), approval.clone()).unwrap();
    moved.approval.version = other;
    let error = world.submit(&[moved]).await.unwrap_err();
    assert!(matches!(error, Refusal::Registry(Errors::InvalidSignature(_))));
    for registry in [
        averment_registry::version::RegistryId { chain_id: 1, ..world.client.id() },
        averment_registry::version::RegistryId { address: Address::ZERO, ..world.client.id() },
    ] {
        let signature = key(FIRST_ROLE).sign_digest(&approval.digest(registry)).unwrap();
        let elsewhere = SignedApproval { approval: approval.clone(), signature: signature.as_bytes().into() };
        let error = world.submit(&[elsewhere]).await.unwrap_err();
        assert!(matches!(error, Refusal::Registry(Errors::InvalidSignature(_))));
    }

    let mut late = approval.clone();
    late.expiry = GENESIS_TIME;
    let late = world.client.sign_approval(&key(FIRST_ROLE), late).unwrap();
    let error = world.submit(&[late]).await.unwrap_err();
    assert!(matches!(error, Refusal::Registry(Errors::Expired(_))), "{error}");

    // An approval, then a rejection; the old approval cannot be replayed.
    let approve = world.approve(version, 0);
    let mut reject = world.approval(version, 0);
    reject.decision = Decision::Reject;
    let reject = world.client.sign_approval(&key(FIRST_ROLE), reject).unwrap();
    world.submit(std::slice::from_ref(&approve)).await.unwrap();
    world.submit(&[reject]).await.unwrap();
    let error = world.submit(&[approve]).await.unwrap_err();
    assert!(matches!(error, Refusal::Registry(Errors::NonceNotGreater(_))), "{error}");

    // Who registers cannot approve.
    let owner = world.sender(0);
    world.client.set_registrar(&owner, world.model, key(FIRST_ROLE).address(), true).await.unwrap();
    let own = content(3, vec![]);
    let (own, _) = world.client.register_version(&world.sender(FIRST_ROLE), world.model, &own).await.unwrap();
    let signed = world.approve(own, 0);
    let error = world.submit(&[signed]).await.unwrap_err();
    assert!(matches!(error, Refusal::Registry(Errors::RegistrantMayNotDecide(_))), "{error}");
}

#[tokio::test]
async fn logs_are_anchored_once_an_epoch_with_the_registrys_head() {
    let world = World::new().await;
    let poster = world.sender(5);
    let (terms, opened_at, _) = world.client.open_log(&poster, 3600, B256::repeat_byte(7)).await.unwrap();
    let log = terms.id();
    let view = world.client.at_final().await.unwrap();
    let state = view.log(log).await.unwrap().unwrap();
    assert_eq!((state.poster, state.cadence, state.count), (poster.address(), 3600, 0));
    assert_eq!((state.registry, state.opened_at), (Some(world.client.id().address), opened_at));
    assert!(view.log(averment_primitives::LogId(B256::ZERO)).await.unwrap().is_none());

    let head = view.registry_head().await.unwrap();
    let root = B256::repeat_byte(0x11);
    let (anchored, first) = world.client.anchor(&poster, log, root).await.unwrap();
    assert_eq!((anchored.epoch, anchored.root, anchored.registry_head), (0, root, head));
    let anchors_refusal = |error| match error {
        SendError::Refused { refusal, .. } => match *refusal {
            Refusal::Anchors(error) => error,
            other => panic!("{other}"),
        },
        other => panic!("{other}"),
    };
    let error = world.client.anchor(&poster, log, root).await.unwrap_err();
    assert!(matches!(anchors_refusal(error), AnchorsErrors::AlreadyAnchored(_)));
    let error = world.client.anchor(&world.sender(6), log, root).await.unwrap_err();
    assert!(matches!(anchors_refusal(error), AnchorsErrors::NotPoster(_)));

    world.ledger.embedded().unwrap().increase_time(2 * 3600 + 1800).unwrap();
    let (anchored, second) = world.client.anchor(&poster, log, B256::repeat_byte(0x22)).await.unwrap();
    assert_eq!(anchored.epoch, 2);
    assert_eq!(first.footprint.calldata.len(), second.footprint.calldata.len());
    let view = world.client.at_final().await.unwrap();
    assert_eq!(view.anchored(log, 0).await.unwrap(), Some(anchor_digest(root, head)));
    assert_eq!(view.anchored(log, 1).await.unwrap(), None);
    let slot = anchored_slot(log, 0);
    let (_, proven) = world.ledger.prove(view.block(), world.client.anchors(), &[slot]).await.unwrap();
    assert_eq!(proven.slots, [anchor_digest(root, head)]);
}

/// What a log's anchors are is told by events; each must be what the contract stores.
#[tokio::test]
async fn a_node_that_invents_a_logs_anchor_is_caught() {
    let world = World::new().await;
    let poster = world.sender(5);
    let (terms, ..) = world.client.open_log(&poster, 3600, B256::repeat_byte(7)).await.unwrap();
    let log = terms.id();
    let mut sent = Vec::new();
    for root in [0x11, 0x22, 0x33].map(B256::repeat_byte) {
        sent.push(world.client.anchor(&poster, log, root).await.unwrap());
        world.ledger.embedded().unwrap().increase_time(4000).unwrap();
    }
    let truth = world.client.at_final().await.unwrap().anchors_of(log, 0).await.unwrap();
    assert_eq!(truth.len(), 3);
    for (event, (anchored, sent)) in truth.iter().zip(&sent) {
        assert_eq!(event.anchored, *anchored);
        assert_eq!((event.transaction, event.block_hash), (sent.tx, sent.block.hash));
        assert_eq!(event.block_number, sent.block.header.number);
    }
    let view = world.client.at_final().await.unwrap();
    assert_eq!(view.anchors_of(log, truth[1].block_number).await.unwrap(), truth[1..]);

    let through = async |bend: fn(&mut Value)| {
        let url = liar::node(world.ledger.embedded().unwrap(), move |method, _, mut truth| {
            if method == "eth_getLogs" && truth.as_array().is_some_and(|logs| logs.len() == 3) {
                bend(&mut truth[1]);
            }
            Reply::Result(truth)
        });
        client(&world, &url).await.at_final().await.unwrap().anchors_of(log, 0).await
    };
    assert_eq!(through(|_| {}).await.unwrap(), truth);
    let stored = |fault, at: u64| match fault {
        Err(AnchorsFault::Stored { epoch, expected, got, .. }) => assert!(epoch == at && expected != got),
        other => panic!("{other:?}"),
    };
    let epoch_of = truth[1].anchored.epoch;
    // Another root, or another registry's head.
    stored(through(|event| flip(&mut event["data"], 2)).await, epoch_of);
    stored(through(|event| flip(&mut event["data"], 2 + 64)).await, epoch_of);
    // An epoch in which nothing was anchored.
    stored(through(|event| event["topics"][2] = json!(B256::with_last_byte(9))).await, 9);
    let none = |fault| assert!(matches!(fault, Err(AnchorsFault::Event { .. })), "{fault:?}");
    none(through(|event| event["topics"][1] = json!(B256::repeat_byte(9))).await);
    none(through(|event| event["data"] = json!("0x1234")).await);
    none(through(|event| event["blockNumber"] = Value::Null).await);
}

/// Changes the hexadecimal digit at `place` of a text.
fn flip(text: &mut Value, place: usize) {
    let mut digits = text.as_str().unwrap().to_owned();
    let other = if &digits[place..=place] == "0" { "1" } else { "0" };
    digits.replace_range(place..=place, other);
    *text = json!(digits);
}

#[tokio::test]
async fn evidence_verifies_against_the_block_hash_alone() {
    let world = World::new().await;
    let view = world.client.at_final().await.unwrap();
    let header = Header::decode(&header_rlp(view.block())).unwrap();
    assert_eq!((header.hash, header.number), (view.block().hash, view.block().header.number));
    assert!(header.is_embedded());
    let [head, length] = history_slots(world.model);
    let slots = [IMPLEMENTATION_SLOT, head, length];
    let (proof, _) = world.ledger.prove(view.block(), world.client.id().address, &slots).await.unwrap();
    let proven = proof.verify(header.state_root, world.client.id().address, &slots).unwrap();
    assert_eq!(proven.slots[0], world.deployment.implementation.address.into_word());
    assert_eq!(proven.slots[1], world.history().await.head());
    assert_eq!(proven.code_hash, world.deployment.registry.code_hash);
}

#[tokio::test]
async fn a_sender_on_another_chain_is_refused() {
    let world = World::new().await;
    let genesis = Genesis { chain_id: 1337, ..Genesis::development(GENESIS_TIME) };
    let elsewhere = Ledger::in_memory(genesis).unwrap();
    let sender = Sender::new(&elsewhere, key(0));
    let error = world.client.retire(&sender, VersionId(B256::ZERO), "x").await.unwrap_err();
    assert!(matches!(error, SendError::OtherChain { expected: 31_337, got: 1337 }));
}

/// The history as seen through a node that bends the list of logs.
async fn through(
    world: &World,
    bend: impl Fn(&mut Vec<Value>) + Send + Sync + 'static,
) -> Result<History, HistoryFault> {
    let url = liar::node(world.ledger.embedded().unwrap(), move |method, params, mut truth| {
        // Logs are asked for by the model; other questions are answered truly.
        if method == "eth_getLogs" && params[0]["topics"].as_array().is_some_and(|t| t.len() > 1) {
            bend(truth.as_array_mut().unwrap());
        }
        Reply::Result(truth)
    });
    reading(world, &url).await
}

async fn reading(world: &World, url: &str) -> Result<History, HistoryFault> {
    client(world, url).await.at_final().await.unwrap().history(world.model).await
}

/// A client that asks the node at `url`.
async fn client(world: &World, url: &str) -> RegistryClient {
    let settings = Remote {
        finality: Finality::Depth(0),
        timeout: Duration::from_secs(20),
        poll: Duration::from_millis(2),
        ..Remote::new(url, 31_337)
    };
    let ledger = Ledger::open(Source::Remote(settings)).await.unwrap();
    RegistryClient::open(&ledger, &world.deployment).await.unwrap()
}

#[tokio::test]
async fn a_node_that_lies_about_the_history_is_caught_at_the_first_broken_entry() {
    let mut world = World::new().await;
    let version = world.register(1, vec![]).await;
    let batch = [world.approve(version, 0), world.approve(version, 1)];
    world.submit(&batch).await.unwrap();
    let truth = world.history().await;
    let count = truth.length();
    assert_eq!(through(&world, |_| {}).await.unwrap().head(), truth.head());

    // Any one left out.
    for missing in 0..count as usize {
        let fault = through(&world, move |logs| drop(logs.remove(missing))).await.unwrap_err();
        match fault {
            HistoryFault::Broken(error) => assert_eq!(error.sequence, missing as u64 + 1),
            HistoryFault::Short { expected, got } => {
                assert_eq!((expected, got, missing as u64), (count, count - 1, count - 1));
            }
            other => panic!("{missing}: {other}"),
        }
    }
    // Any one altered: another actor, inside the data.
    for altered in 0..count as usize {
        let fault = through(&world, move |logs| {
            let data = logs[altered]["data"].as_str().unwrap().to_owned();
            // Second word: the actor's last digit.
            let place = 2 + 2 * 64 - 1;
            let digit = if &data[place..=place] == "0" { "1" } else { "0" };
            logs[altered]["data"] = json!(format!("{}{digit}{}", &data[..place], &data[place + 1..]));
        })
        .await
        .unwrap_err();
        assert!(
            matches!(&fault, HistoryFault::Broken(error) if error.sequence == altered as u64 + 1),
            "{altered}: {fault}"
        );
    }
    let fault = through(&world, |logs| logs.swap(3, 4)).await.unwrap_err();
    assert!(matches!(&fault, HistoryFault::Broken(error) if error.sequence == 4), "{fault}");
    let fault = through(&world, |logs| logs.push(logs[2].clone())).await.unwrap_err();
    assert!(matches!(fault, HistoryFault::TooMany { .. }), "{fault}");
    let fault = through(&world, Vec::clear).await.unwrap_err();
    assert!(matches!(fault, HistoryFault::Short { got: 0, .. }), "{fault}");
    let fault = through(&world, |logs| logs[1]["data"] = json!("0x1234")).await.unwrap_err();
    assert!(matches!(fault, HistoryFault::Entry { sequence: 2, .. }), "{fault}");
}

#[tokio::test]
async fn a_node_that_lies_about_the_state_is_caught() {
    let world = World::new().await;
    let url = liar::node(world.ledger.embedded().unwrap(), |method, params, mut truth| {
        // Only the proof with the two slots of a history.
        if method == "eth_getProof" && params[1].as_array().is_some_and(|slots| slots.len() == 2) {
            let nodes = truth["storageProof"][0]["proof"].as_array_mut().unwrap();
            let last = nodes.last_mut().unwrap();
            let text = last.as_str().unwrap();
            let digit = if text.ends_with('0') { "1" } else { "0" };
            *last = json!(format!("{}{digit}", &text[..text.len() - 1]));
        }
        Reply::Result(truth)
    });
    assert!(matches!(reading(&world, &url).await, Err(HistoryFault::Evidence(_))));
}

#[tokio::test]
async fn a_model_that_does_not_exist_has_no_history() {
    let world = World::new().await;
    let view = world.client.at_final().await.unwrap();
    let fault = view.history(ModelId(B256::repeat_byte(5))).await.unwrap_err();
    assert!(matches!(fault, HistoryFault::UnknownModel { .. }));
}

/// A node for `world`'s chain that answers as `lie` says, and a client and a sender on it.
async fn remote(
    world: &World,
    finality: Finality,
    lie: impl Fn(&str, &Value, Value) -> Reply + Send + Sync + 'static,
) -> (RegistryClient, Sender) {
    let url = liar::node(world.ledger.embedded().unwrap(), lie);
    let settings = Remote {
        finality,
        timeout: Duration::from_secs(20),
        poll: Duration::from_millis(2),
        ..Remote::new(url, 31_337)
    };
    let ledger = Ledger::open(Source::Remote(settings)).await.unwrap();
    let client = RegistryClient::open(&ledger, &world.deployment).await.unwrap();
    (client, Sender::new(&ledger, key(0)).patience(Duration::from_millis(50)))
}

#[tokio::test]
async fn a_broken_connection_while_sending_is_reported_as_uncertain_with_the_hash() {
    let world = World::new().await;
    let version = world.register(1, vec![]).await;
    let (client, sender) = remote(&world, Finality::Depth(0), |method, _, truth| match method {
        // The node has taken it by now.
        "eth_sendRawTransaction" => Reply::Close,
        _ => Reply::Result(truth),
    })
    .await;
    match client.retire(&sender, version, "superseded").await {
        Err(SendError::Uncertain { tx, .. }) => {
            let settled = world.ledger.wait_final(tx, Duration::from_secs(1)).await.unwrap();
            assert!(settled.receipt.status());
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn nothing_counts_before_it_is_final() {
    let world = World::new().await;
    let version = world.register(1, vec![]).await;
    for _ in 0..3 {
        world.ledger.embedded().unwrap().mine().unwrap();
    }
    let (client, sender) = remote(&world, Finality::Depth(3), |_, _, truth| Reply::Result(truth)).await;
    let error = client.retire(&sender, version, "superseded").await.unwrap_err();
    assert!(matches!(error, SendError::NotFinal { .. }), "{error}");
    assert!(error.to_string().contains("may still take effect"));
    let stage = async || client.at_final().await.unwrap().version(version).await.unwrap().unwrap().stage;
    assert_eq!(stage().await, Stage::Registered, "three blocks must follow first");
    for _ in 0..3 {
        world.ledger.embedded().unwrap().mine().unwrap();
    }
    assert_eq!(stage().await, Stage::Retired);
}

#[tokio::test]
async fn a_transaction_overtaken_by_another_fails_with_the_contracts_reason() {
    use alloy::{
        consensus::{SignableTransaction, TxEip1559, TxEnvelope},
        eips::eip2718::Encodable2718,
        primitives::{Bytes, TxKind},
        sol_types::SolCall,
    };
    let world = World::new().await;
    let version = world.register(1, vec![]).await;
    let chain = world.ledger.embedded().unwrap().clone();
    let (registry, nonce) = (world.client.id().address, world.sender(0).next_nonce().await.unwrap());
    // Between the simulation and the signature the owner revokes the version elsewhere.
    let overtaken = world.sender(0).confirm(move |_| {
        let call = averment_ledger::contracts::ModelRegistry::revokeCall {
            versionId: version.0,
            reason: "first".into(),
        };
        let transaction = TxEip1559 {
            chain_id: 31_337,
            nonce,
            gas_limit: 500_000,
            max_fee_per_gas: 100_000_000_000,
            max_priority_fee_per_gas: 0,
            to: TxKind::Call(registry),
            value: U256::ZERO,
            access_list: Default::default(),
            input: Bytes::from(call.abi_encode()),
        };
        let signature = key(0).sign_digest(&transaction.signature_hash()).unwrap();
        chain.submit(&TxEnvelope::from(transaction.into_signed(signature)).encoded_2718()).unwrap();
        true
    });
    match world.client.retire(&overtaken, version, "second").await {
        Err(SendError::Reverted { refusal: Some(refusal), gas_used, .. }) => {
            assert!(matches!(*refusal, Refusal::Registry(Errors::WrongStage(_))), "{refusal}");
            assert!(gas_used > 21_000);
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_node_that_answers_only_short_ranges_is_asked_for_short_ranges() {
    let world = World::new().await;
    world.register(1, vec![]).await;
    let truth = world.history().await;
    let (client, _) = remote(&world, Finality::Depth(0), |method, params, truth| {
        let number =
            |field: &str| params[0][field].as_str().map(|text| u64::from_str_radix(&text[2..], 16).unwrap());
        match (method, number("fromBlock"), number("toBlock")) {
            ("eth_getLogs", Some(from), Some(to)) if to - from > 1 => Reply::Body(
                br#"{"jsonrpc":"2.0","id":0,"error":{"code":-32005,"message":"at most 2 blocks"}}"#,
            ),
            _ => Reply::Result(truth),
        }
    })
    .await;
    let history = client.at_final().await.unwrap().history(world.model).await.unwrap();
    assert_eq!(history.head(), truth.head());
}
