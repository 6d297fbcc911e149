//! Retirement by rule on an embedded chain: what Rust signs, records and proves is what the contract takes, with a log that is
//! really anchored; successions at their hour; and what is not the contract's to take.

use averment_ledger::{
    Ledger,
    contracts::{Deployment, Profile, Refusal, SendError, Sender, Stewardship::StewardshipErrors},
    embedded::{Clock, Genesis, ManualClock},
    keys::{AccountKey, development},
    registry::{PolicyTerms, RegistryClient, SignedApproval},
    stewardship::{AnchoredRoot, Bound, Limit, PresentError, Steward, Succession},
};
use averment_primitives::{
    B256, LogId, ModelId, RoleId, Salt, SaltedLeaf, U256, VersionId,
    merkle::{Sha256Tree, TreeHash},
};
use averment_registry::{
    approval::{Approval, Decision},
    history::{Payload, Stage},
    log::{self, LogInclusion, NodeSource, Opening, Record, inclusion_proof, leaf_hash},
    measurement::{Measurement, SignedMeasurement},
    version::VersionContent,
};
use std::convert::Infallible;

const GENESIS_TIME: u64 = 1_800_000_000;
const DAY: u64 = 86_400;

/// A model of which one version is deployed and another approved, its steward, and a log.
struct House {
    ledger: Ledger,
    clock: ManualClock,
    keys: Vec<AccountKey>,
    registry: RegistryClient,
    steward: Steward,
    model: ModelId,
    versions: [VersionId; 2],
    log: LogId,
    leaves: Leaves,
    salts: u8,
}

impl House {
    async fn build() -> Self {
        let clock = ManualClock::at(GENESIS_TIME);
        let ledger = Ledger::in_memory_with(Genesis::development(GENESIS_TIME), clock.clone()).unwrap();
        let keys = development::accounts(ledger.chain_id()).unwrap();
        let owner = Sender::new(&ledger, keys[0].clone());
        let (mut deployment, _) = Deployment::deploy(&owner, Profile::Development).await.unwrap();
        deployment.add_steward(&owner).await.unwrap();
        let registry = RegistryClient::open(&ledger, &deployment).await.unwrap();
        let steward = Steward::new(&ledger, deployment.steward.unwrap().address);
        let policy = PolicyTerms { roles: vec![("risk".into(), keys[1].address())], threshold: 1 };
        let (model, _) = registry.create_model(&owner, "triage", &policy).await.unwrap();
        let mut versions = [VersionId(B256::ZERO); 2];
        for (place, version) in versions.iter_mut().enumerate() {
            let content = VersionContent {
                manifest_digest: B256::repeat_byte(1 + place as u8),
                artifacts_root: B256::repeat_byte(3),
                weights_commitment: B256::ZERO,
                plan_digest: B256::ZERO,
                parents: Vec::new(),
            };
            *version = registry.register_version(&owner, model, &content).await.unwrap().0;
            let approval = Approval {
                model,
                version: *version,
                role: RoleId::of("risk"),
                decision: Decision::Approve,
                policy_revision: 1,
                expiry: u64::MAX,
                nonce: U256::from(1),
            };
            let signed: SignedApproval = registry.sign_approval(&keys[1], approval).unwrap();
            registry.submit_approvals(&owner, &[signed]).await.unwrap();
        }
        registry.deploy(&owner, versions[0], "clinic").await.unwrap();
        registry.set_steward(&owner, model, steward.id().address).await.unwrap();
        let (terms, _, _) = registry.open_log(&owner, 3600, B256::ZERO).await.unwrap();
        let log = terms.id();
        steward.set_log(&owner, model, log).await.unwrap();
        steward.set_monitor(&owner, model, keys[2].address(), true).await.unwrap();
        let limit = Limit { bound: Bound::Least(900_000), run: 2, samples: 100, fresh: 7 * DAY };
        steward.set_limit(&owner, model, "accuracy", Some(&limit)).await.unwrap();
        let (found, _) = steward.limit_of(model, "accuracy").await.unwrap().unwrap();
        assert_eq!(found, limit);
        Self {
            ledger,
            clock,
            keys,
            registry,
            steward,
            model,
            versions,
            log,
            leaves: Leaves::default(),
            salts: 0,
        }
    }

    fn owner(&self) -> Sender {
        self.by(0)
    }

    fn by(&self, index: usize) -> Sender {
        Sender::new(&self.ledger, self.keys[index].clone())
    }

    async fn now(&self) -> u64 {
        self.ledger.newest_final().await.unwrap().header.timestamp.max(self.clock.now())
    }

    /// The measurement with a number, of an hour that ended so long before now.
    async fn measured(&self, number: u64, value: i64, ended: u64) -> SignedMeasurement {
        let until = self.now().await - ended;
        let measurement = Measurement {
            version: self.versions[0],
            metric: "accuracy".into(),
            number,
            value,
            samples: 250,
            from: until - 3600,
            until,
        };
        self.steward.sign(&self.keys[2], measurement).unwrap()
    }

    /// Records something in the log; its place there, and what opens its leaf.
    fn record(&mut self, record: &Record) -> (u64, SaltedLeaf, Opening) {
        self.salts += 1;
        let salt = Salt::from_random([self.salts; 32]);
        let leaf = record.commit(&salt);
        self.leaves.0.push(leaf_hash(leaf));
        (self.leaves.0.len() as u64 - 1, leaf, Opening { salt, record: record.text().to_owned() })
    }

    /// Anchors the log as it is, and proves the records.
    async fn anchor(
        &mut self,
        records: Vec<(u64, SaltedLeaf, Opening)>,
    ) -> (AnchoredRoot, Vec<LogInclusion>) {
        self.clock.advance(3600);
        let size = self.leaves.0.len() as u64;
        let root = match log::root(&mut self.leaves, size) {
            Ok(root) => root,
            Err(never) => match never {},
        };
        let (anchored, _) = self.registry.anchor(&self.owner(), self.log, root).await.unwrap();
        let proofs = records.into_iter().map(|(index, leaf, opening)| LogInclusion {
            index,
            leaf,
            opening: Some(opening),
            proof: inclusion_proof(&mut self.leaves, index, size).unwrap(),
            checkpoint: String::new(),
        });
        let proofs = proofs.collect();
        let (epoch, registry_head) = (anchored.epoch, anchored.registry_head);
        (AnchoredRoot { log: self.log, epoch, root, registry_head, size }, proofs)
    }

    async fn stage(&self, version: VersionId) -> Stage {
        self.registry.at_final().await.unwrap().version(version).await.unwrap().unwrap().stage
    }
}

/// Every leaf's hash; complete subtrees by the definition.
#[derive(Default)]
struct Leaves(Vec<B256>);

impl NodeSource for Leaves {
    type Error = Infallible;

    fn node(&mut self, level: u8, index: u64) -> Result<B256, Infallible> {
        if level == 0 {
            return Ok(self.0[index as usize]);
        }
        let (left, right) = (self.node(level - 1, 2 * index)?, self.node(level - 1, 2 * index + 1)?);
        Ok(Sha256Tree::node(&left, &right))
    }
}

fn refused(error: PresentError) -> StewardshipErrors {
    let PresentError::Send(error) = error else { panic!("{error}") };
    said(*error)
}

fn said(error: SendError) -> StewardshipErrors {
    match error {
        SendError::Refused { refusal, .. } => match *refusal {
            Refusal::Steward(refusal) => refusal,
            other => panic!("{other:?}"),
        },
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn what_the_log_records_retires_a_version_by_policy() {
    let mut house = House::build().await;
    house.clock.advance(2 * DAY);
    // Among others' records.
    for n in 0..5 {
        let fields = serde_json::json!({ "n": n }).as_object().unwrap().clone();
        house.record(&Record::new(log::RecordKind::Run, 1, None, fields).unwrap());
    }
    let mut records = Vec::new();
    for (number, value) in [(0, 950_000), (1, 870_000), (2, -1)] {
        let signed = house.measured(number, value, (3 - number) * 3600).await;
        assert_eq!(signed.recover().unwrap(), house.keys[2].address());
        records.push(house.record(&signed.record().unwrap()));
    }
    house.record(&Record::padding());
    let (anchor, proofs) = house.anchor(records).await;
    let stranger = house.by(5);

    // One is good; one alone is not enough; one twice is not two.
    let error = house.steward.retire(&stranger, &anchor, &proofs[..2]).await.unwrap_err();
    assert!(matches!(refused(error), StewardshipErrors::WithinLimit(e) if e.got == 950_000));
    let error = house.steward.retire(&stranger, &anchor, &proofs[1..2]).await.unwrap_err();
    assert!(matches!(refused(error), StewardshipErrors::WrongCount(_)));
    let twice = [proofs[1].clone(), proofs[1].clone()];
    let error = house.steward.retire(&stranger, &anchor, &twice).await.unwrap_err();
    assert!(matches!(refused(error), StewardshipErrors::NotTheNext(_)));
    // Not in the log, or not in what was anchored.
    let mut elsewhere = proofs[1..].to_vec();
    elsewhere[0].index += 1;
    let error = house.steward.retire(&stranger, &anchor, &elsewhere).await.unwrap_err();
    assert!(matches!(refused(error), StewardshipErrors::NotInLog(_)));
    let other = AnchoredRoot { epoch: anchor.epoch + 1, ..anchor };
    let error = house.steward.retire(&stranger, &other, &proofs[1..]).await.unwrap_err();
    assert!(matches!(refused(error), StewardshipErrors::NotAnchored(_)));
    let mut withheld = proofs[1..].to_vec();
    withheld[0].opening = None;
    let error = house.steward.retire(&stranger, &anchor, &withheld).await.unwrap_err();
    assert!(matches!(error, PresentError::Withheld { index: 6 }));
    // Somebody else's measurement, in the log as well.
    let mut foreign = house.measured(2, 1, 0).await;
    foreign = Steward::sign(&house.steward, &house.keys[3], foreign.measurement).unwrap();
    let record = house.record(&foreign.record().unwrap());
    let (later, more) = house.anchor(vec![record]).await;
    let mixed = [proofs[1].clone(), more[0].clone()];
    let error = house.steward.retire(&stranger, &later, &mixed).await.unwrap_err();
    assert!(matches!(error, PresentError::Foreign { index: 9, .. }));
    assert_eq!(house.stage(house.versions[0]).await, Stage::Deployed);

    // As soon as both are there, anybody retires it; the history says by which record.
    house.steward.retire(&stranger, &anchor, &proofs[1..]).await.unwrap();
    assert_eq!(house.stage(house.versions[0]).await, Stage::Retired);
    let view = house.registry.at_final().await.unwrap();
    let history = view.history(house.model).await.unwrap();
    let last = history.entries().last().unwrap();
    assert_eq!((last.actor, history.steward()), (house.steward.id().address, house.steward.id().address));
    let Payload::Retired { reason } = &last.payload else { panic!("{last:?}") };
    let expected = format!(
        "by policy: accuracy -1, at least 900000; log {}, epoch {}, record {}",
        house.log, anchor.epoch, proofs[2].leaf.0
    );
    assert_eq!(reason.to_string(), expected);
}

#[tokio::test]
async fn a_retrained_version_takes_over_at_its_hour() {
    let house = House::build().await;
    let [old, new] = house.versions;
    let steward = &house.steward;
    let hour = house.now().await + 2 * DAY;
    let succession = Succession { successor: new, hour, environment: "clinic".into() };
    let error = steward.announce(&house.by(5), old, &succession).await.unwrap_err();
    assert!(error.to_string().contains("only the model's owner"), "{error}");
    steward.announce(&house.owner(), old, &succession).await.unwrap();
    assert_eq!(steward.succession_of(old).await.unwrap(), Some(succession.clone()));
    let error = steward.succeed(&house.by(5), old).await.unwrap_err();
    assert!(matches!(said(error), StewardshipErrors::TooEarly(_)));
    steward.cancel(&house.owner(), old).await.unwrap();
    assert_eq!(steward.succession_of(old).await.unwrap(), None);
    steward.announce(&house.owner(), old, &succession).await.unwrap();
    house.registry.deploy(&house.owner(), new, "clinic").await.unwrap();
    assert_eq!(steward.current_of(old).await.unwrap(), old);
    // The chain's time is its newest block's, which may be some seconds ahead of the clock.
    house.clock.advance(2 * DAY + 3600);
    steward.set_monitor(&house.owner(), house.model, house.keys[4].address(), true).await.unwrap();
    assert!(steward.is_monitor(house.model, house.keys[4].address()).await.unwrap());
    assert_eq!(steward.current_of(old).await.unwrap(), new);
    steward.succeed(&house.by(5), old).await.unwrap();
    assert_eq!((house.stage(old).await, house.stage(new).await), (Stage::Retired, Stage::Deployed));
}
