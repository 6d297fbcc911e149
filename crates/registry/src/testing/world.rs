//! A chain's state made by hand, with two models, a log and an anchor in it, and the audit file about it.

use super::{Account, REGISTRY, Script, account, approvers, decided::Decided};
use crate::{
    audit::{
        EntryEvidence, Evidence, Format, HistoryEvidence, LogEvidence, Opening, RecordEvidence,
        TrustedBlockHash, VersionEvidence,
    },
    canonical,
    dsse::{Envelope, IN_TOTO},
    history::Payload,
    log::{self, Checkpoint, CheckpointKey},
    state::{
        AccountProof, EMBEDDED_MARK, IMPLEMENTATION_SLOT, StorageProof, anchored_slot, history_slots,
        log_slots,
    },
    version::{LogTerms, VersionContent, anchor_digest},
};
use alloy_rlp::{BufMut, Encodable};
use alloy_trie::{EMPTY_ROOT_HASH, HashBuilder, Nibbles, TrieAccount, proof::ProofRetainer};
use averment_primitives::{
    Address, B256, Bytes, Salt, SaltedLeaf, U256, VersionId,
    fingerprint::{self, Folder, Kind},
    keccak256,
    merkle::{Sha256Tree, TreeHash, root_by_definition},
};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

pub(crate) const ANCHORS: Address = Address::repeat_byte(0xac);
pub(crate) const IMPLEMENTATION: Address = Address::repeat_byte(0x1e);

/// What is on chain and beside it, before it is proved.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) embedded: bool,
    pub(crate) scripts: Vec<Script>,
    pub(crate) subject: VersionId,
    pub(crate) versions: Vec<VersionEvidence>,
    pub(crate) log: Log,
    pub(crate) decided: Option<Decided>,
}

#[derive(Clone)]
pub(crate) struct Log {
    pub(crate) terms: LogTerms,
    pub(crate) opened_at: u64,
    pub(crate) epoch: u64,
    pub(crate) registry_head: B256,
    pub(crate) records: Vec<(Salt, String)>,
}

/// A version's manifest, listing and content.
pub(crate) struct Made {
    pub(crate) content: VersionContent,
    envelope: Value,
    artifacts: Vec<fingerprint::Entry>,
}

impl Made {
    pub(crate) fn evidence(self, version: VersionId) -> VersionEvidence {
        let (manifest, artifacts) = (self.envelope, Some(self.artifacts));
        VersionEvidence { version, manifest, artifacts, openings: Vec::new() }
    }
}

pub(crate) fn salt(n: u8) -> Salt {
    Salt::from_random([n; 32])
}

pub(crate) const PRIVATE: &[u8] = b"{\"rows\":398,\"source\":\"registry of St. Elsewhere\"}";

pub(crate) fn make(name: &str, number: &str, n: u8, parents: &[VersionId], signer: &Account) -> Made {
    make_with(name, number, n, parents, signer, |_| ())
}

/// Like [`make`], with a statement that is changed before it is signed and registered.
pub(crate) fn make_with(
    name: &str,
    number: &str,
    n: u8,
    parents: &[VersionId],
    signer: &Account,
    change: impl FnOnce(&mut Value),
) -> Made {
    let artifacts: Vec<_> = [("calibration.json", 1_204_u64), ("model.onnx", 2_318_441)]
        .iter()
        .enumerate()
        .map(|(i, (path, size))| fingerprint::Entry {
            kind: Kind::File,
            path: (*path).to_owned(),
            size: size + u64::from(n),
            sha256: B256::repeat_byte(n ^ i as u8 ^ 0x5a),
            blake3: B256::repeat_byte(n ^ i as u8 ^ 0xa5),
        })
        .collect();
    let mut folder = Folder::new();
    for entry in &artifacts {
        folder.push(entry).unwrap();
    }
    let root = folder.summary().root;
    let commitment = SaltedLeaf::commit(&salt(n), PRIVATE);
    let mut parents = parents.to_vec();
    parents.sort();
    let subject: Vec<Value> = artifacts
        .iter()
        .map(|entry| {
            let digests = [("sha256", B256::repeat_byte(n)), ("blake3_tree", entry.blake3)];
            let digests = digests.map(|(name, digest)| (name.to_owned(), format!("{digest:x}").into()));
            json!({ "name": entry.path, "digest": Value::Object(Map::from_iter(digests)) })
        })
        .collect();
    let mut statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subject,
        "predicateType": crate::manifest::PREDICATE_TYPE,
        "predicate": {
            "format": "averment-manifest/1",
            "model": {
                "name": name,
                "version": number,
                "purpose": "Estimates from cell measurements how likely a breast mass is malignant, to order the worklist of a pathologist.",
                "users": "Pathologists trained in its limits.",
                "affected": "Patients with a fine-needle aspirate.",
                "licence": "CC-BY-4.0",
                "changes": "Calibrated on the second site.",
                "artifacts": ["calibration.json", "model.onnx"],
            },
            "provider": { "name": "Example Clinic", "contact": "models@clinic.example" },
            "design": {
                "architecture": "Multilayer perceptron, 30-16-1",
                "framework": "scikit-learn 1.9.1, skl2onnx 1.20",
                "inputs": "Thirty measurements of cell nuclei",
                "outputs": "Probability of malignancy, 0 to 1",
                "rationale": "Small enough to be proved.",
                "training": "Fitted once by L-BFGS.",
            },
            "datasets": [
                { "name": "Wisconsin diagnostic, training part", "use": "training", "visibility": "private",
                  "commitment": commitment.0, "rows": 398,
                  "selection": "The first two thirds.", "preparation": "Standardised.", "provenance": "University of Wisconsin, 1995",
                  "licence": "CC-BY-4.0", "personal_data": "anonymous",
                  "biases": "One hospital, one technique." },
                { "name": "Wisconsin diagnostic, held-out part", "use": "evaluation", "visibility": "public",
                  "fingerprint": { "root": B256::repeat_byte(n ^ 0x33), "bytes": 21_000, "files": 1 }, "rows": 171,
                  "path": "held-out.csv", "selection": "The last third.", "preparation": "Standardised.",
                  "provenance": "University of Wisconsin, 1995", "licence": "CC-BY-4.0",
                  "personal_data": "anonymous", "biases": "One hospital, one technique." },
            ],
            "code": { "entry": ["train.py"] },
            "captured": {
                "created_at": 1_789_000_000_u64,
                "program": "averment 0.1.0",
                "artifacts": { "root": root, "bytes": folder.summary().bytes, "files": 2 },
                "code": {
                    "git": { "commit": "9b1c7f2e4d5a6b7c8d9e0f1a2b3c4d5e6f708192", "dirty": false },
                    "entries": [{ "name": "train.py", "sha256": B256::repeat_byte(0x7a) }],
                },
                "environment": {
                    "os": "linux",
                    "architecture": "x86_64",
                    "lock_files": [{ "name": "requirements.txt", "sha256": B256::repeat_byte(0x7b) }],
                },
                "parents": parents,
            },
            "environment": { "lock_files": ["requirements.txt"] },
            "hyperparameters": { "hidden": 16, "learning_rate": 0.01, "seed": 7 },
            "metrics": [
                { "name": "accuracy", "value": 0.971, "uncertainty": 0.012, "dataset": "Wisconsin diagnostic, held-out part" },
                { "name": "recall", "value": 0.984, "uncertainty": 0.009, "dataset": "Wisconsin diagnostic, held-out part" },
                { "name": "area under the ROC curve", "value": 0.995, "dataset": "Wisconsin diagnostic, held-out part" },
            ],
            "privacy": { "mechanism": "none", "reason": "The training data are public." },
            "oversight": { "measures": "A pathologist sees score and reasons and decides.", "responsible": "Head of pathology" },
            "limits": {
                "known": ["Never tested on other staining techniques.", "Never tested on men."],
                "misuse": ["Used without a pathologist, it would miss one malignant mass in sixty."],
            },
            "evaluation": { "method": "Once, on the held-out part.", "rationale": "Misses cost most.", "groups": "Not known." },
            "explanation": { "method": "exact Shapley values over the training medians", "limits": "Nearly redundant inputs share." },
            "hardware": { "training": "2 cores, 2 seconds", "intended": "Any processor" },
            "risk": { "management": "A file kept by the head of pathology.", "materiality": "High." },
            "security": { "measures": "Weights are bound by digests." },
            "monitoring": { "plan": "Recall of each quarter." },
            "records": { "logging": "Every decision.", "log_months": 24, "documentation_years": 10 },
            "conformity": { "standards": ["none"], "declaration": "none" },
        },
    });
    if !parents.is_empty() {
        let declared: Vec<String> = parents.iter().map(ToString::to_string).collect();
        statement["predicate"]["model"]["parents"] = declared.into();
    }
    change(&mut statement);
    let payload = canonical::to_bytes(&statement).unwrap();
    let digest = B256::from(<[u8; 32]>::from(Sha256::digest(&payload)));
    let mut envelope = Envelope::new(IN_TOTO, payload);
    envelope
        .sign(signer.address, |message| {
            let hash = averment_primitives::keccak256(
                [format!("\x19Ethereum Signed Message:\n{}", message.len()).as_bytes(), message].concat(),
            );
            let bytes = signer.sign(hash);
            Ok::<_, std::convert::Infallible>(averment_primitives::Signature::from_raw(&bytes).unwrap())
        })
        .unwrap();
    let envelope = serde_json::from_slice(&envelope.encode().unwrap()).unwrap();
    let content = VersionContent {
        manifest_digest: digest,
        artifacts_root: root,
        weights_commitment: B256::ZERO,
        plan_digest: B256::ZERO,
        parents,
    };
    Made { content, envelope, artifacts }
}

impl World {
    /// A base model with one version, and a model with three; the third is the subject: approved, deployed,
    /// made from the second and from the base. The second is retired.
    pub(crate) fn new() -> Self {
        let mut versions = Vec::new();
        let mut add = |id, made: Made, openings: Vec<Opening>, listed: bool| {
            let artifacts = listed.then_some(made.artifacts);
            versions.push(VersionEvidence { version: id, manifest: made.envelope, artifacts, openings });
        };
        let mut base = Script::new("cell-features");
        let owner = base.owner.clone();
        let made = make("cell-features", "0.9.0", 1, &[], &owner);
        let root = base.register(made.content.clone());
        base.approve(root);
        base.deploy(root, "research");
        add(root, made, Vec::new(), false);

        let mut main = Script::new("mass-triage");
        main.time = base.time + 86_400;
        let owner = main.owner.address;
        let registrant = account(5);
        let payload = Payload::RegistrarSet { registrar: registrant.address, allowed: true };
        main.push(owner, super::NONE, payload);
        let made = make("mass-triage", "1.0.0", 2, &[root], &registrant);
        let first = main.register_as(registrant.address, made.content.clone());
        add(first, made, Vec::new(), true);
        main.time += 3 * 86_400;
        main.approve(first);
        main.deploy(first, "clinic");
        main.time += 90 * 86_400;
        let made = make("mass-triage", "2.0.0", 3, &[root, first], &registrant);
        let subject = main.register_as(registrant.address, made.content.clone());
        let opening = Opening {
            commitment: SaltedLeaf::commit(&salt(3), PRIVATE),
            salt: salt(3),
            data: Bytes::from_static(PRIVATE),
        };
        add(subject, made, vec![opening], true);
        main.time += 2 * 86_400;
        main.approve(subject);
        main.approve_as(subject, approvers()[2].0, &approvers()[2].1);
        main.time += 3600;
        main.deploy(subject, "clinic");
        main.push(owner, first, Payload::Retired { reason: "superseded by 2.0.0".into() });
        versions.sort_by_key(|version| version.version);

        let record = |kind: &str, extra: Value| {
            let mut record = json!({ "format": "averment-record/1", "kind": kind, "version": subject });
            record.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            String::from_utf8(canonical::to_bytes(&record).unwrap()).unwrap()
        };
        let time = main.time;
        let mut records: Vec<(Salt, String)> = vec![
            (salt(20), record("run", json!({ "at": time - 9000, "entry": "train.py", "seconds": 41 }))),
            (
                salt(21),
                record(
                    "decision",
                    json!({
                        "at": time + 1800, "input": B256::repeat_byte(0x21), "output": { "malignant": 0.93 },
                        "explanation": { "method": "exact Shapley values over the training medians",
                            "moved": { "worst radius": 0.31, "worst concave points": 0.22, "mean texture": -0.04 } },
                    }),
                ),
            ),
            (salt(22), record("decision", json!({ "at": time + 2400, "output": { "malignant": 0.07 } }))),
        ];
        records.extend(
            (0..4).map(|n| {
                (salt(40 + n), "{\"format\":\"averment-record/1\",\"kind\":\"padding\"}".to_owned())
            }),
        );
        let log = Log {
            terms: LogTerms {
                chain_id: REGISTRY.chain_id,
                anchors: ANCHORS,
                poster: account(30).address,
                registry: REGISTRY.address,
                cadence: 3600,
                salt: B256::repeat_byte(9),
            },
            opened_at: time - 1800,
            epoch: 1,
            registry_head: B256::repeat_byte(0x77),
            records,
        };
        Self { embedded: false, scripts: vec![base, main], subject, versions, log, decided: None }
    }

    /// A world whose only version is one that the owner of `mass-triage` registers, as `make` says.
    pub(crate) fn alone(make: impl FnOnce(&Account) -> Made) -> Self {
        let mut world = Self::new();
        world.scripts.remove(0);
        let main = world.main();
        main.entries.retain(|entry| {
            entry.version == super::NONE && !matches!(entry.payload, Payload::RegistrarSet { .. })
        });
        main.reseal();
        let owner = main.owner.clone();
        let made = make(&owner);
        let id = main.register_as(owner.address, made.content.clone());
        world.subject = id;
        world.versions = vec![made.evidence(id)];
        let record =
            format!("{{\"at\":1,\"format\":\"averment-record/1\",\"kind\":\"run\",\"version\":\"{id}\"}}");
        world.log.records.fill((salt(1), record));
        world
    }

    /// The model of the subject.
    pub(crate) fn main(&mut self) -> &mut Script {
        self.scripts.last_mut().unwrap()
    }

    /// The audit file, and the hash of the block that it is proved from.
    pub(crate) fn prove(&self) -> (Evidence, TrustedBlockHash) {
        let mut registry = BTreeMap::from([(IMPLEMENTATION_SLOT, IMPLEMENTATION.into_word())]);
        for script in &self.scripts {
            let [head, length] = history_slots(script.model);
            registry.insert(head, script.entries.last().unwrap().head);
            let packed: U256 = (U256::from(1) << 64_usize) | U256::from(script.entries.len());
            registry.insert(length, packed.into());
        }
        let mut histories: Vec<_> = self
            .scripts
            .iter()
            .map(|script| HistoryEvidence {
                model: script.model,
                entries: script.entries.iter().map(EntryEvidence::from).collect(),
            })
            .collect();
        histories.sort_by_key(|history| history.model);

        let log = &self.log;
        let id = log.terms.id();
        let leaves: Vec<SaltedLeaf> =
            log.records.iter().map(|(salt, record)| SaltedLeaf::commit(salt, record.as_bytes())).collect();
        let hashes: Vec<B256> = leaves.iter().map(|leaf| Sha256Tree::leaf(leaf.0.as_slice())).collect();
        let root = root_by_definition::<Sha256Tree>(&hashes);
        let checkpoint = Checkpoint::new(log_key().origin(), leaves.len() as u64, root);
        let [first, second] = log_slots(id);
        let poster = U256::from_be_bytes(log.terms.poster.into_word().0);
        let terms: U256 =
            (U256::from(log.terms.cadence) << 224_usize) | (U256::from(2) << 160_usize) | poster;
        let of = U256::from_be_bytes(log.terms.registry.into_word().0);
        let opened: U256 = (U256::from(log.opened_at) << 160_usize) | of;
        let anchors = BTreeMap::from([
            (first, terms.into()),
            (second, opened.into()),
            (anchored_slot(id, log.epoch), anchor_digest(root, log.registry_head)),
        ]);

        let mut accounts = BTreeMap::from([
            (REGISTRY.address, registry),
            (IMPLEMENTATION, BTreeMap::new()),
            (ANCHORS, anchors),
        ]);
        for n in 100..140 {
            accounts.insert(account(n).address, BTreeMap::new());
        }
        let time = self.scripts.iter().map(|script| script.time).max().unwrap() + 7200;
        if let Some(decided) = &self.decided {
            decided.store(&mut accounts, time);
        }
        let state = State { accounts };
        let (header, hash) = header(state.root(), time, self.embedded);
        let records = (0..3)
            .map(|index| RecordEvidence {
                index: index as u64,
                leaf: leaves[index],
                proof: inclusion(&hashes, index),
                // The last one's opening is withheld.
                opening: (index < 2).then(|| log::Opening {
                    salt: log.records[index].0.clone(),
                    record: log.records[index].1.clone(),
                }),
            })
            .collect();
        let evidence = Evidence {
            format: if self.decided.is_some() { Format::V2 } else { Format::V1 },
            decision: self.decided.as_ref().map(|decided| decided.prove(&state, time)),
            subject: self.subject,
            chain_id: REGISTRY.chain_id,
            header,
            registry: state
                .prove(REGISTRY.address, &Evidence::registry_slots(self.scripts.iter().map(|s| s.model))),
            implementation: state.prove(IMPLEMENTATION, &[]),
            histories,
            versions: self.versions.clone(),
            logs: vec![LogEvidence {
                poster: log.terms.poster,
                registry: log.terms.registry,
                cadence: log.terms.cadence,
                salt: log.terms.salt,
                anchors: state.prove(ANCHORS, &Evidence::anchors_slots(id, log.epoch)),
                epoch: log.epoch,
                registry_head: log.registry_head,
                key: log_key().verifier().to_string(),
                checkpoint: log_key().sign(&checkpoint).unwrap(),
                records,
            }],
            rounds: Vec::new(),
        };
        (evidence, TrustedBlockHash(hash))
    }
}

/// Signs the checkpoints of the log.
pub(crate) fn log_key() -> CheckpointKey {
    CheckpointKey::from_seed("log.clinic.example/records", &[8; 32]).unwrap()
}

/// RFC 6962, section 2.1.1, by its recursive definition.
pub(crate) fn inclusion(leaves: &[B256], index: usize) -> Vec<B256> {
    if leaves.len() < 2 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
    let (mut path, sibling) = if index < left.len() {
        (inclusion(left, index), right)
    } else {
        (inclusion(right, index - left.len()), left)
    };
    path.push(root_by_definition::<Sha256Tree>(sibling));
    path
}

/// A header with the fields of a block since Prague.
pub(crate) fn header(state_root: B256, timestamp: u64, embedded: bool) -> (Bytes, B256) {
    header_of(NUMBER, state_root, EMPTY_ROOT_HASH, timestamp, embedded)
}

/// The trusted block's number.
pub(crate) const NUMBER: u64 = 21_000_123;

pub(crate) fn header_of(
    number: u64,
    state_root: B256,
    receipts_root: B256,
    timestamp: u64,
    embedded: bool,
) -> (Bytes, B256) {
    let extra: &[u8] = if embedded { EMBEDDED_MARK } else { b"somebody's node" };
    let mut fields = Vec::new();
    B256::repeat_byte(1).encode(&mut fields);
    B256::repeat_byte(2).encode(&mut fields);
    Address::ZERO.encode(&mut fields);
    state_root.encode(&mut fields);
    EMPTY_ROOT_HASH.encode(&mut fields);
    receipts_root.encode(&mut fields);
    [0_u8; 256].encode(&mut fields);
    0_u64.encode(&mut fields);
    number.encode(&mut fields);
    36_000_000_u64.encode(&mut fields);
    0_u64.encode(&mut fields);
    timestamp.encode(&mut fields);
    extra.encode(&mut fields);
    B256::ZERO.encode(&mut fields);
    [0_u8; 8].encode(&mut fields);
    7_u64.encode(&mut fields);
    EMPTY_ROOT_HASH.encode(&mut fields);
    let mut rlp = Vec::new();
    alloy_rlp::Header { list: true, payload_length: fields.len() }.encode(&mut rlp);
    rlp.put_slice(&fields);
    let hash = keccak256(&rlp);
    (rlp.into(), hash)
}

/// A chain's accounts and their storage.
pub(crate) struct State {
    pub(crate) accounts: BTreeMap<Address, BTreeMap<B256, B256>>,
}

impl State {
    pub(crate) fn root(&self) -> B256 {
        trie(&self.leaves(), None).0
    }

    fn leaves(&self) -> BTreeMap<B256, Vec<u8>> {
        let leaf = |(address, storage): (&Address, &BTreeMap<B256, B256>)| {
            let storage_root = trie(&storage_leaves(storage), None).0;
            let account = TrieAccount::new(1, U256::from(5), storage_root, keccak256(address));
            (keccak256(address), alloy_rlp::encode(account))
        };
        self.accounts.iter().map(leaf).collect()
    }

    /// `eth_getProof` of an account and some of its slots.
    pub(crate) fn prove(&self, address: Address, slots: &[B256]) -> AccountProof {
        let storage = storage_leaves(&self.accounts[&address]);
        let storage_proof = slots
            .iter()
            .map(|&key| StorageProof { key, proof: trie(&storage, Some(keccak256(key))).1 })
            .collect();
        AccountProof {
            address,
            account_proof: trie(&self.leaves(), Some(keccak256(address))).1,
            storage_proof,
        }
    }
}

fn storage_leaves(storage: &BTreeMap<B256, B256>) -> BTreeMap<B256, Vec<u8>> {
    let value = |value: &B256| alloy_rlp::encode(U256::from_be_bytes(value.0));
    storage.iter().map(|(key, word)| (keccak256(key), value(word))).collect()
}

/// Root of the trie with these leaves, and the nodes on the way to `target`.
pub(crate) fn trie<K: AsRef<[u8]>>(leaves: &BTreeMap<K, Vec<u8>>, target: Option<K>) -> (B256, Vec<Bytes>) {
    let retainer: ProofRetainer = ProofRetainer::new(target.map(Nibbles::unpack).into_iter().collect());
    let mut builder = HashBuilder::default().with_proof_retainer(retainer);
    for (key, value) in leaves {
        builder.add_leaf(Nibbles::unpack(key), value);
    }
    let root = builder.root();
    let nodes = builder.take_proof_nodes().into_nodes_sorted();
    // Nodes below 32 bytes are embedded in their parents; `eth_getProof` does not list them.
    let listed = nodes.into_iter().enumerate().filter(|(depth, (_, node))| *depth == 0 || node.len() >= 32);
    (root, listed.map(|(_, (_, node))| node).collect())
}
