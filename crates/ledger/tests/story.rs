//! The thin line through the house: the real contracts on an embedded chain, driven to a deployed version, then
//! an audit file from the chain that verifies offline, and tampered copies that do not.

#[path = "settlement/manifests.rs"]
mod manifests;

#[path = "chain/anvil.rs"]
#[allow(dead_code, reason = "shared with the chain's tests")]
mod anvil;

use alloy::{primitives::keccak256, providers::DynProvider};
use anvil::Anvil;
use averment_ledger::{
    Finality, Ledger, Remote, Source as Chain,
    contracts::{Deployment, ModelRegistry, Profile, Sender},
    embedded::Genesis,
    keys::{AccountKey, development},
    registry::{Dossier, RegistryClient},
};
use averment_primitives::{Address, B256, ModelId, RoleId, U256, VersionId};
use averment_registry::{
    approval::{Approval, Decision},
    audit::{self, Caveat, Evidence, Limits, TrustPolicy, TrustedBlockHash, VersionEvidence},
    version::{RegistryId, VersionContent},
};
use manifests::{MANIFESTS, artifacts, manifest};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

const ROLES: [&str; 3] = ["medical", "risk", "legal"];

struct Story {
    ledger: Ledger,
    keys: Vec<AccountKey>,
    registry: ModelRegistry::ModelRegistryInstance<DynProvider>,
    id: RegistryId,
    deployment: Deployment,
}

impl Story {
    async fn begin(ledger: Ledger) -> Self {
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

/// When the chains begin.
const GENESIS_TIME: u64 = 1_800_000_000;

#[tokio::test]
async fn a_deployed_version_is_audited_offline() {
    let caveats = tell(Ledger::in_memory(Genesis::development(GENESIS_TIME)).unwrap()).await;
    assert!(caveats.contains(&Caveat::EmbeddedChain), "{caveats:?}");
}

#[tokio::test]
async fn the_story_is_the_same_on_an_op_stack_chain_or_is_skipped_without_averment_anvil() {
    let rules = ["--network", "optimism", "--hardfork", "isthmus"];
    let Some(anvil) = Anvil::start_as(GENESIS_TIME, &rules) else { return };
    let settings = Remote {
        finality: Finality::Depth(0),
        poll: Duration::from_millis(5),
        ..Remote::new(&anvil.url, 31337)
    };
    let caveats = tell(Ledger::open(Chain::Remote(settings)).await.unwrap()).await;
    assert!(!caveats.contains(&Caveat::EmbeddedChain), "{caveats:?}");
}

/// From an empty chain to an audit file that verifies offline; what the file's reader is told to mind.
async fn tell(ledger: Ledger) -> Vec<Caveat> {
    let story = Story::begin(ledger).await;
    let model = story.create_model("breast-cancer-triage").await;
    let mut versions = BTreeMap::new();
    let mut parents = Vec::new();
    for text in MANIFESTS {
        let listing = artifacts(text.as_bytes());
        let (envelope, statement) = manifest(text, &listing, &parents, &story.keys[0]);
        let content = VersionContent {
            manifest_digest: statement.digest(),
            artifacts_root: statement.artifacts_root(),
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
    let dossier = Dossier {
        subject,
        models: BTreeSet::from([model]),
        versions,
        logs: Vec::new(),
        decision: None,
        rounds: Vec::new(),
    };
    let evidence = view.evidence(dossier).await.unwrap();

    let bytes = evidence.encode().unwrap();
    let decoded = Evidence::decode(&bytes, &Limits::default()).unwrap();
    let policy = TrustPolicy { registry: Some(story.id.address), ..TrustPolicy::default() };
    let verified = audit::verify(&decoded, TrustedBlockHash(block.hash), &policy).unwrap();
    assert_eq!(verified.subject(), subject);
    assert_eq!(verified.versions().count(), 2);
    let standing = verified.version(subject).unwrap().approvals;
    assert_eq!((standing.needed, standing.standing), (2, 2));
    assert!(audit::page::render(&verified).contains("clinic-north"));

    let other = TrustedBlockHash(keccak256("another block"));
    assert!(audit::verify(&decoded, other, &policy).is_err());
    let mut tampered = decoded.clone();
    tampered.histories[0].entries.pop();
    assert!(audit::verify(&tampered, TrustedBlockHash(block.hash), &policy).is_err());
    verified.caveats().to_vec()
}
