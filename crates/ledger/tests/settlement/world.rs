//! A chain with the contracts, a version with an offer, and people with money.
//!
//! What the model says of an input is the input's commitment modulo ten; the verifier runs it, so everybody can prove what is
//! true and nobody anything else.

#[path = "manifests.rs"]
mod manifests;

use alloy::primitives::{Address, B256, Bytes, U256, address, aliases::U40, bytes, keccak256};
use averment_ledger::{
    Ledger,
    contracts::{Deployment, InferenceRouter, OracleStaking, Profile, SendError, Sender, SettlementTerms},
    embedded::{Clock, Genesis, GenesisAccount, ManualClock},
    keys::{AccountKey, development},
    registry::{PolicyTerms, RegistryClient},
    settlement::{
        Found, Mode, Modes, Offer, Proof, Quorum, Request, SettlementClient, SettlementError, members,
    },
};
use averment_primitives::{ModelId, RoleId, VersionId};
use averment_registry::{
    approval::{Approval, Decision},
    audit::VersionEvidence,
    version::VersionContent,
};
use manifests::{MANIFESTS, artifacts, manifest};

const GENESIS_TIME: u64 = 1_700_000_000;
const VERIFIER: Address = address!("0x00000000000000000000000000000000000A0001");
const CERTIFICATES: Address = address!("0x00000000000000000000000000000000000A0002");
/// True if the statement has one public value, and that is its inputs modulo ten.
const VERIFIER_CODE: Bytes = bytes!("602435600401" "8060e00135600a9006" "9080610120013501" "80356001149060200135" "90911416" "5f5260205ff3");
/// Whose the certificates are (`verifier()`), and yes to everything else.
const CERTIFICATES_CODE: Bytes = bytes!(
    "5f3560e01c632b7ac3f314601657" "60015f5260205ff3" "5b7300000000000000000000000000000000000a00015f5260205ff3"
);

/// Seats of each operator, of 64 places.
const SEATS: u16 = 16;
pub const FEE: u128 = 1_000;
pub const BOND: u128 = 5_000;
pub const STAKE: u128 = 300;
pub const PROOF_SECONDS: u64 = 3_600;
pub const WINDOW: u64 = 1_800;
pub const COMMITTEE_SECONDS: u64 = 600;
pub const DEADLINE: u64 = 86_400;
/// What everybody has of the token at first.
pub const MONEY: u128 = 10_000;

/// Who takes part, by the development account that plays it.
#[derive(Debug, Clone, Copy)]
pub enum Who {
    Owner = 0,
    Registrar = 1,
    Reviewer = 2,
    Requester = 3,
    Answerer = 4,
    Challenger = 5,
    Prover = 6,
    /// The first of three operators.
    Operator = 7,
}

pub struct World {
    pub ledger: Ledger,
    pub clock: ManualClock,
    pub deployment: Deployment,
    pub client: SettlementClient,
    pub registry: RegistryClient,
    pub model: ModelId,
    pub version: VersionId,
    /// The version's signed manifest and files.
    pub declared: VersionEvidence,
    pub keys: Vec<AccountKey>,
    pub offer: Offer,
    pub offer_id: B256,
}

impl World {
    pub async fn new() -> Self {
        let clock = ManualClock::at(GENESIS_TIME);
        let mut genesis = Genesis::development(GENESIS_TIME);
        for (address, code) in [(VERIFIER, VERIFIER_CODE), (CERTIFICATES, CERTIFICATES_CODE)] {
            genesis.accounts.insert(address, GenesisAccount { code, ..GenesisAccount::default() });
        }
        let ledger = Ledger::in_memory_with(genesis, clock.clone()).unwrap();
        let keys = development::accounts(ledger.chain_id()).unwrap();
        let owner = Sender::new(&ledger, keys[Who::Owner as usize].clone());
        let terms = SettlementTerms { seat_bond: 20_000, ..SettlementTerms::DEVELOPMENT };
        let (deployment, _) =
            Deployment::deploy_all(&owner, Profile::Development, None, Some(&terms)).await.unwrap();
        let client = SettlementClient::new(&ledger, &deployment).unwrap();
        let believe = InferenceRouter::setVerifierCall { verifier: VERIFIER, certificates: CERTIFICATES };
        owner.call("believe", client.contracts().router.address, &believe).await.unwrap();
        let registry = RegistryClient::open(&ledger, &deployment).await.unwrap();
        let listing = artifacts(b"weights");
        let (manifest, statement) = manifest(MANIFESTS[0], &listing, &[], &keys[Who::Owner as usize]);
        let content = VersionContent {
            manifest_digest: statement.digest(),
            artifacts_root: statement.artifacts_root(),
            weights_commitment: keccak256("weights"),
            plan_digest: keccak256("plan"),
            parents: Vec::new(),
        };
        let reviewer = &keys[Who::Reviewer as usize];
        let policy = PolicyTerms { roles: vec![("risk".to_owned(), reviewer.address())], threshold: 1 };
        let (model, _) = registry.create_model(&owner, "breast-cancer-triage", &policy).await.unwrap();
        let registrar = Sender::new(&ledger, keys[Who::Registrar as usize].clone());
        registry.set_registrar(&owner, model, registrar.address(), true).await.unwrap();
        let (version, _) = registry.register_version(&registrar, model, &content).await.unwrap();
        let approval = Approval {
            model,
            version,
            role: RoleId::of("risk"),
            decision: Decision::Approve,
            policy_revision: 1,
            expiry: u64::MAX,
            nonce: U256::from(1),
        };
        let signed = registry.sign_approval(reviewer, approval).unwrap();
        registry.submit_approvals(&owner, &[signed]).await.unwrap();
        let offer = Offer {
            version: version.0,
            weights: content.weights_commitment,
            plan: content.plan_digest,
            schema: keccak256("schema"),
            terms: B256::ZERO,
            verifier: VERIFIER,
            descriptor: keccak256("descriptor"),
            certificate: keccak256("certificate"),
            zeroKnowledge: true,
            modes: Modes::ALL.0,
            modesForPersons: Modes::from_iter([Mode::Proof]).0,
            proofSeconds: PROOF_SECONDS as u32,
            challengeBond: STAKE,
            quorum: Quorum {
                members: 3,
                threshold: 2,
                commitSeconds: COMMITTEE_SECONDS as u32,
                revealSeconds: COMMITTEE_SECONDS as u32,
                tolerance: 0,
            },
        };
        let refused = client.offer(&owner, &offer).await.unwrap_err().to_string();
        assert!(refused.contains("approved") && refused.contains("nothing was sent"), "{refused}");
        registry.deploy(&owner, version, "test").await.unwrap();
        let (offer_id, _) = client.offer(&owner, &offer).await.unwrap();
        let declared = VersionEvidence { version, manifest, artifacts: Some(listing), openings: Vec::new() };
        let world = Self {
            ledger,
            clock,
            deployment,
            client,
            registry,
            model,
            version,
            declared,
            keys,
            offer,
            offer_id,
        };
        for who in [Who::Requester, Who::Answerer, Who::Challenger] {
            world.client.mint(&world.by(who), U256::from(MONEY)).await.unwrap();
        }
        world
    }

    pub fn by(&self, who: Who) -> Sender {
        self.by_key(who as usize)
    }

    pub fn by_key(&self, at: usize) -> Sender {
        Sender::new(&self.ledger, self.keys[at].clone())
    }

    pub fn address(&self, who: Who) -> Address {
        self.keys[who as usize].address()
    }

    /// The time of the newest block.
    pub async fn now(&self) -> u64 {
        self.ledger.newest_final().await.unwrap().header.timestamp
    }

    /// Lets seconds pass, from the clock's time or the newest block's where that is ahead.
    pub async fn pass(&self, seconds: u64) {
        let behind = self.now().await.saturating_sub(self.clock.now());
        self.clock.advance(behind + seconds);
        self.ledger.embedded().unwrap().mine().unwrap();
    }

    /// What is asked about `input`.
    pub async fn asked(&self, mode: Mode, input: u64) -> Request {
        Request {
            version: self.version.0,
            offer: self.offer_id,
            inputs: B256::from(U256::from(input)),
            items: 1,
            seed: B256::ZERO,
            salt: keccak256(input.to_be_bytes()),
            mode: mode.code(),
            personal: false,
            proofAbove: u128::MAX,
            valueAtRisk: BOND,
            fee: FEE,
            bond: if mode == Mode::Optimistic { BOND } else { 0 },
            deadline: U40::from(self.now().await + DEADLINE),
            window: if mode == Mode::Optimistic { WINDOW as u32 } else { 0 },
            callbackGas: 0,
            publicInputs: Vec::new(),
        }
    }

    /// A request of this mode, as it is found.
    pub async fn request(&self, mode: Mode, input: u64) -> Found {
        let asked = self.asked(mode, input).await;
        let (id, _) = self.client.request(&self.by(Who::Requester), &asked).await.unwrap();
        let found = self.client.find(id).await.unwrap();
        assert_eq!((found.id, found.requester), (id, self.address(Who::Requester)));
        assert_eq!((&found.asked, &found.offer), (&asked, &self.offer));
        found
    }

    /// The same request as it stands now.
    pub async fn again(&self, found: &Found) -> Found {
        self.client.find(found.id).await.unwrap()
    }

    /// What an account has with the router.
    pub async fn balance(&self, who: Who) -> u128 {
        self.client.balance(self.address(who)).await.unwrap().router.to()
    }

    /// Three operators with so many seats that a draw always finds them.
    pub async fn operators(&self) {
        let (owner, staking) = (self.by(Who::Owner), self.client.contracts().staking.address);
        self.client.mint(&owner, U256::from(60_000 * u64::from(SEATS))).await.unwrap();
        let approve = averment_ledger::contracts::DevelopmentToken::approveCall {
            spender: staking,
            value: U256::from(60_000 * u64::from(SEATS)),
        };
        owner.call("approve", self.client.contracts().token, &approve).await.unwrap();
        for at in 0..3 {
            let call = OracleStaking::joinCall {
                signer: self.keys[Who::Operator as usize + at].address(),
                encryptionKey: B256::with_last_byte(at as u8 + 1),
                places: (at as u16 * SEATS..).take(SEATS.into()).collect(),
            };
            owner.call("join", staking, &call).await.unwrap();
        }
    }

    /// The committee of a quorum request is drawn.
    pub async fn drawn(&self, found: &Found) -> Found {
        // The block that draws, and one behind it.
        for _ in 0..3 {
            self.pass(1).await;
        }
        self.client.draw(&self.by(Who::Challenger), found).await.unwrap();
        self.again(found).await
    }

    /// The member in a seat commits to outputs, and can reveal them.
    pub async fn commit(&self, found: &Found, seat: u8, outputs: &[i64]) {
        let committee = found.committee.clone().unwrap();
        let (_, signer) = members(&committee).nth(seat.into()).unwrap();
        let key = self.keys.iter().find(|key| key.address() == signer).unwrap();
        let staking = self.client.contracts().staking.address;
        let stake = OracleStaking::new(staking, self.ledger.provider().clone());
        let member = committee.members[usize::from(seat)];
        let own = stake.commitmentOf(found.id, member, outputs.to_vec(), B256::ZERO);
        let digest = own.call().await.unwrap();
        let hash = stake.commitDigest(found.id, digest).call().await.unwrap();
        let signature = key.sign_digest(&hash).unwrap();
        let vs: U256 = signature.s() | (U256::from(signature.v()) << 255_usize);
        let commitment = OracleStaking::Commitment { seat, digest, r: signature.r().into(), vs: vs.into() };
        let call = OracleStaking::commitCall { id: found.id, committee, commitments: vec![commitment] };
        self.by(Who::Owner).call("commit", staking, &call).await.unwrap();
    }

    /// The member in a seat reveals what it committed to.
    pub async fn reveal(&self, found: &Found, seat: u8, outputs: &[i64]) {
        let reveal = OracleStaking::Reveal { seat, salt: B256::ZERO, outputs: outputs.to_vec() };
        let committee = found.committee.clone().unwrap();
        let call = OracleStaking::revealCall { id: found.id, committee, reveals: vec![reveal] };
        let staking = self.client.contracts().staking.address;
        self.by(Who::Owner).call("reveal", staking, &call).await.unwrap();
    }
}

/// What the verifier of these tests looks at is the statement.
pub fn proof() -> Proof {
    Proof { points: Bytes::new(), proof: Bytes::new() }
}

/// That the contract refused, and nothing was sent, with these words.
#[track_caller]
pub fn refused<T: std::fmt::Debug>(result: Result<T, SettlementError>, words: &str) {
    match result {
        Err(SettlementError::Send(error)) => {
            assert!(matches!(*error, SendError::Refused { .. }), "{error:?}");
            assert!(error.to_string().contains(words), "expected {words:?}: {error}");
        }
        other => panic!("expected a refusal with {words:?}: {other:?}"),
    }
}
