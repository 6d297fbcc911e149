//! The thin line through the house: the real contracts on an embedded chain, driven to a deployed version, then
//! an audit file from the chain that verifies offline, and tampered copies that do not.

use alloy::{primitives::keccak256, providers::DynProvider};
use averment_ledger::{
    Ledger,
    contracts::{Deployment, ModelRegistry, Profile, Sender},
    embedded::Genesis,
    keys::{AccountKey, development},
    registry::{Dossier, RegistryClient},
};
use averment_primitives::{Address, B256, ModelId, RoleId, U256, VersionId, fingerprint};
use averment_registry::{
    approval::{Approval, Decision},
    audit::{self, Caveat, Evidence, Limits, TrustPolicy, TrustedBlockHash, VersionEvidence},
    dsse::{Envelope, IN_TOTO},
    version::{RegistryId, VersionContent},
};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

const ROLES: [&str; 3] = ["medical", "risk", "legal"];

struct Story {
    ledger: Ledger,
    keys: Vec<AccountKey>,
    registry: ModelRegistry::ModelRegistryInstance<DynProvider>,
    id: RegistryId,
    deployment: Deployment,
}

impl Story {
    async fn begin() -> Self {
        let ledger = Ledger::in_memory(Genesis::development(1_800_000_000)).unwrap();
        let keys = development::accounts(ledger.chain_id()).unwrap();
        let owner = ledger.signing(keys[0].wallet());
        let sender = Sender::new(&ledger, keys[0].clone());
        let (deployment, _) = Deployment::deploy(&sender, Profile::Development).await.unwrap();
        let id = deployment.registry_id();
        Self { registry: ModelRegistry::new(id.address, owner), ledger, keys, id, deployment }
    }

    fn owner(&self) -> Address {
        self.keys[0].address()
    }

    async fn create_model(&self, name: &str) -> ModelId {
        let policy = ModelRegistry::PolicyInput {
            roles: ROLES.map(str::to_owned).to_vec(),
            signers: self.keys[1..4].iter().map(AccountKey::address).collect(),
            threshold: 2,
        };
        let sent = self.registry.createModel(name.to_owned(), policy).send().await.unwrap();
        assert!(sent.get_receipt().await.unwrap().status());
        self.id.model_id(self.owner(), name)
    }

    async fn register(&self, model: ModelId, content: &VersionContent) -> VersionId {
        let given = ModelRegistry::VersionContent {
            manifestDigest: content.manifest_digest,
            artifactsRoot: content.artifacts_root,
            weightsCommitment: content.weights_commitment,
            planDigest: content.plan_digest,
            parents: content.parents.iter().map(|parent| parent.0).collect(),
        };
        let sent = self.registry.registerVersion(model.0, given).send().await.unwrap();
        assert!(sent.get_receipt().await.unwrap().status());
        self.id.version_id(model, content)
    }

    async fn approve(&self, model: ModelId, version: VersionId, roles: &[usize]) {
        let (mut approvals, mut signatures) = (Vec::new(), Vec::new());
        for &role in roles {
            let approval = Approval {
                model,
                version,
                role: RoleId::of(ROLES[role]),
                decision: Decision::Approve,
                policy_revision: 1,
                expiry: u64::MAX,
                nonce: U256::from(1),
            };
            let signature = self.keys[role + 1].sign_digest(&approval.digest(self.id)).unwrap();
            signatures.push(signature.as_bytes().to_vec().into());
            approvals.push(ModelRegistry::Approval {
                modelId: model.0,
                versionId: version.0,
                role: approval.role.0,
                decision: approval.decision.code(),
                policyRevision: approval.policy_revision,
                expiry: approval.expiry,
                nonce: approval.nonce,
            });
        }
        let sent = self.registry.submitApprovals(approvals, signatures).send().await.unwrap();
        assert!(sent.get_receipt().await.unwrap().status());
    }
}

/// A listing of one weight file, and the root that the version is registered with.
fn artifacts(weights: &[u8]) -> (Vec<fingerprint::Entry>, B256) {
    let entry = fingerprint::Entry {
        kind: fingerprint::Kind::File,
        path: "model.onnx".to_owned(),
        size: weights.len() as u64,
        sha256: keccak256(weights),
        blake3: keccak256([weights, b"b"].concat()),
    };
    let mut tree = fingerprint::Folder::new();
    tree.push(&entry).unwrap();
    (vec![entry], tree.summary().root)
}

/// A signed statement about a version, and its digest.
fn manifest(name: &str, owner: &AccountKey) -> (serde_json::Value, B256) {
    let statement = serde_json::json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": "model.onnx" }],
        "predicateType": "https://example.org/story/1",
        "predicate": { "name": name },
    });
    let payload = averment_registry::canonical::to_bytes(&statement).unwrap();
    let digest = B256::from(<[u8; 32]>::from(Sha256::digest(&payload)));
    let mut envelope = Envelope::new(IN_TOTO, payload);
    envelope
        .sign(owner.address(), |message| {
            owner
                .sign_message(message)
                .map(|bytes| averment_primitives::Signature::from_raw_array(&bytes).unwrap())
        })
        .unwrap();
    (serde_json::from_slice(&envelope.encode().unwrap()).unwrap(), digest)
}

#[tokio::test]
async fn a_deployed_version_is_audited_offline() {
    let story = Story::begin().await;
    let model = story.create_model("triage").await;
    let mut versions = BTreeMap::new();
    let mut parents = Vec::new();
    for name in ["first", "second"] {
        let (listing, artifacts_root) = artifacts(name.as_bytes());
        let (envelope, manifest_digest) = manifest(name, &story.keys[0]);
        let content = VersionContent {
            manifest_digest,
            artifacts_root,
            weights_commitment: B256::ZERO,
            plan_digest: B256::ZERO,
            parents,
        };
        let version = story.register(model, &content).await;
        story.approve(model, version, &[0, 2]).await;
        // The binding's own `deploy` hides the contract's function of that name.
        let call = ModelRegistry::deployCall { versionId: version.0, environment: "clinic-north".to_owned() };
        let sent = story.registry.call_builder(&call).send().await.unwrap();
        assert!(sent.get_receipt().await.unwrap().status());
        let evidence =
            VersionEvidence { version, manifest: envelope, artifacts: Some(listing), openings: Vec::new() };
        versions.insert(version, evidence);
        parents = vec![version];
    }
    let subject = parents[0];
    let first = *versions.keys().find(|version| **version != subject).unwrap();
    let sent = story.registry.retire(first.0, "replaced by the second".to_owned()).send().await.unwrap();
    assert!(sent.get_receipt().await.unwrap().status());

    let client = RegistryClient::open(&story.ledger, &story.deployment).await.unwrap();
    let view = client.at_final().await.unwrap();
    let block = view.block().clone();
    let dossier = Dossier { subject, models: BTreeSet::from([model]), versions, logs: Vec::new() };
    let evidence = view.evidence(dossier).await.unwrap();

    let bytes = evidence.encode().unwrap();
    let decoded = Evidence::decode(&bytes, &Limits::default()).unwrap();
    let policy = TrustPolicy { registry: Some(story.id.address), ..TrustPolicy::default() };
    let verified = audit::verify(&decoded, TrustedBlockHash(block.hash), &policy).unwrap();
    assert_eq!(verified.subject(), subject);
    assert_eq!(verified.versions().count(), 2);
    let standing = verified.version(subject).unwrap().approvals;
    assert_eq!((standing.needed, standing.standing), (2, 2));
    assert!(verified.caveats().contains(&Caveat::EmbeddedChain), "{:?}", verified.caveats());
    assert!(audit::page::render(&verified).contains("clinic-north"));

    let other = TrustedBlockHash(keccak256("another block"));
    assert!(audit::verify(&decoded, other, &policy).is_err());
    let mut tampered = decoded.clone();
    tampered.histories[0].entries.pop();
    assert!(audit::verify(&tampered, TrustedBlockHash(block.hash), &policy).is_err());
}
