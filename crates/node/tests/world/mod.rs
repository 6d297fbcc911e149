//! A chain with the real contracts, a version with an offer for committees, and operators with their nodes.
#![allow(dead_code, reason = "each test program uses a part of it")]

use alloy::{
    eips::BlockNumberOrTag,
    primitives::{Address, B256, Bytes, U256, keccak256},
    providers::Provider,
    rpc::types::TransactionRequest,
    sol,
    sol_types::{SolCall, SolValue},
};
use averment_ledger::{
    Finality, Ledger, Remote, Source,
    contracts::{
        Deployment, DevelopmentToken, Draws, InferenceRouter, OracleStaking, Profile, Sender,
        SettlementTerms, drand,
    },
    embedded::{Embedded, Genesis, ManualClock, SystemClock},
    faucet,
    keys::{AccountKey, Cost, KeyFolder, Password, development},
    registry::{PolicyTerms, RegistryClient},
};
use averment_node::{
    answers::{AnswerError, Answers},
    chain::{Chain, Contracts},
    journal::KeepError,
    machine::{Asked, Settings},
    operator::{Operator, Plan},
};
use averment_primitives::RoleId;
use averment_registry::{
    approval::{Approval, Decision},
    version::VersionContent,
};
use serde_json::Value;
use std::{collections::BTreeSet, path::Path, time::Duration};
use tempfile::TempDir;

/// What the model says of every input.
pub const TRUTH: i64 = 7;
const EXPIRY: u64 = 4_000_000_000;
/// When the chain begins.
pub const GENESIS_TIME: u64 = 1_700_000_000;
/// Seconds in which a committee commits, and reveals.
const WINDOW: u32 = 120;

sol! {
    function verifier() external view returns (address);
}

/// Creates a contract that stands in for a verifier and its certificates: each is the other's, and says yes to everything.
fn certificates_code() -> Bytes {
    let choose =
        [&[0x5f, 0x35, 0x60, 0xe0, 0x1c, 0x63][..], &verifierCall::SELECTOR, &[0x14, 0x60, 22, 0x57]]
            .concat();
    let yes = [0x60, 1, 0x5f, 0x52, 0x60, 0x20, 0x5f, 0xf3];
    let own = [0x5b, 0x30, 0x5f, 0x52, 0x60, 0x20, 0x5f, 0xf3];
    let code = [&choose[..], &yes, &own].concat();
    // Copies what follows these ten bytes, and returns it.
    let create = [0x60, code.len() as u8, 0x80, 0x60, 10, 0x5f, 0x39, 0x5f, 0xf3, 0xfe];
    [&create[..], &code].concat().into()
}

/// Where the chain is.
pub enum Place {
    /// In this process.
    Embedded,
    /// In this process, in drand's first hour; every request there is drawn by its round [`DRAND_ROUND`].
    Drand,
    /// Behind a URL.
    Url(String, Finality),
}

/// A round of drand.
pub const DRAND_ROUND: u64 = 1_001;

/// Of each operator. With most of the 64 places taken a draw always finds its members; with one seat each it now and then
/// finds none in its 512 tries, and the request is refunded.
pub const SEATS: u16 = 8;

/// An operator that says always the same.
pub struct Says(pub i64);

impl Answers for Says {
    fn answer(&self, _: &Asked) -> Result<Vec<i64>, AnswerError> {
        Ok(vec![self.0])
    }
}

pub struct World {
    pub folder: TempDir,
    pub ledger: Ledger,
    pub contracts: Contracts,
    pub version: B256,
    pub signers: Vec<AccountKey>,
    pub requester: AccountKey,
    pub offered: InferenceRouter::Offer,
    offer: B256,
    asked: u8,
}

impl World {
    /// With committees of `members`, of whom `threshold` have to say the same.
    pub async fn new(members: u8, threshold: u8) -> Self {
        Self::at(Place::Embedded, members, threshold).await
    }

    /// The same on a chain that is somewhere.
    pub async fn at(place: Place, members: u8, threshold: u8) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keys = KeyFolder::new(folder.path().join("keys"));
        let password = Password::new(b"correct horse".to_vec().into()).unwrap();
        let signers: Vec<AccountKey> = (0..members)
            .map(|at| keys.create_account(&format!("signer-{at}"), &password, Cost::Light).unwrap())
            .collect();
        let draws = match place {
            Place::Drand => Draws::Drand { stride: DRAND_ROUND, delay: 1 },
            _ => SettlementTerms::DEVELOPMENT.draws,
        };
        let ledger = match place {
            Place::Drand => {
                let path = folder.path().join("chain");
                let clock = ManualClock::at(drand::GENESIS);
                Ledger::open_embedded(&path, Genesis::development(drand::GENESIS), clock).unwrap()
            }
            Place::Embedded => {
                let path = folder.path().join("chain");
                Ledger::open_embedded(&path, Genesis::development(GENESIS_TIME), SystemClock).unwrap()
            }
            Place::Url(url, finality) => {
                let poll = Duration::from_millis(5);
                let remote = Remote { finality, poll, ..Remote::new(url, 31337) };
                Ledger::open(Source::Remote(remote)).await.unwrap()
            }
        };
        for signer in &signers {
            faucet::top_up(&ledger, signer.address(), U256::from(10).pow(U256::from(20))).await.unwrap();
        }
        let accounts = development::accounts(ledger.chain_id()).unwrap();
        let sender = |at: usize| Sender::new(&ledger, accounts[at].clone());
        let terms = SettlementTerms { draws, ..SettlementTerms::DEVELOPMENT };
        let (deployment, _) =
            Deployment::deploy_all(&sender(0), Profile::Development, None, Some(&terms)).await.unwrap();
        let settlement = deployment.settlement.unwrap();
        let contracts = Contracts {
            router: settlement.router.address,
            staking: settlement.staking.address,
            randomness: settlement.randomness.address,
        };
        let content = VersionContent {
            manifest_digest: keccak256("manifest"),
            artifacts_root: keccak256("artifacts"),
            weights_commitment: keccak256("weights"),
            plan_digest: keccak256("plan"),
            parents: Vec::new(),
        };
        let registry = RegistryClient::open(&ledger, &deployment).await.unwrap();
        let policy = PolicyTerms { roles: vec![("risk".to_owned(), accounts[2].address())], threshold: 1 };
        let (model, _) = registry.create_model(&sender(0), "model", &policy).await.unwrap();
        registry.set_registrar(&sender(0), model, accounts[1].address(), true).await.unwrap();
        let (version, _) = registry.register_version(&sender(1), model, &content).await.unwrap();
        let approval = Approval {
            model,
            version,
            role: RoleId::of("risk"),
            decision: Decision::Approve,
            policy_revision: 1,
            expiry: EXPIRY,
            nonce: U256::ONE,
        };
        let signed = registry.sign_approval(&accounts[2], approval).unwrap();
        registry.submit_approvals(&sender(0), &[signed]).await.unwrap();
        registry.deploy(&sender(0), version, "test").await.unwrap();

        let certificates = sender(0).create("create certificates", certificates_code()).await.unwrap();
        let certificates = certificates.receipt.contract_address.unwrap();
        let verifier = certificates;
        let believe = InferenceRouter::setVerifierCall { verifier, certificates };
        sender(0).call("believe", contracts.router, &believe).await.unwrap();
        let offered = InferenceRouter::Offer {
            version: version.0,
            weights: content.weights_commitment,
            plan: content.plan_digest,
            schema: B256::ZERO,
            terms: B256::ZERO,
            verifier,
            descriptor: keccak256("descriptor"),
            certificate: keccak256("certificate"),
            zeroKnowledge: false,
            modes: 7,
            modesForPersons: 0,
            proofSeconds: 600,
            challengeBond: 1_000,
            quorum: InferenceRouter::Quorum {
                members,
                threshold,
                commitSeconds: WINDOW,
                revealSeconds: WINDOW,
                tolerance: 0,
            },
        };
        let offer = {
            let chain = U256::from(ledger.chain_id());
            let head = (keccak256("averment.offer/1"), chain, contracts.router, offered.clone());
            keccak256(head.abi_encode_params())
        };
        sender(0)
            .call("offer", contracts.router, &InferenceRouter::offerCall { offered: offered.clone() })
            .await
            .unwrap();

        // Owners are the accounts from the third on; the requester is the first.
        let money = U256::from(10).pow(U256::from(22));
        let spenders = [contracts.router, contracts.staking];
        for account in &accounts[..3 + usize::from(members)] {
            let owner = Sender::new(&ledger, account.clone());
            let mint = DevelopmentToken::mintCall { to: account.address(), amount: money };
            owner.call("get money", settlement.token, &mint).await.unwrap();
            for spender in spenders {
                let approve = DevelopmentToken::approveCall { spender, value: U256::MAX };
                owner.call("let them take it", settlement.token, &approve).await.unwrap();
            }
        }
        for (at, signer) in signers.iter().enumerate() {
            let join = OracleStaking::joinCall {
                signer: signer.address(),
                encryptionKey: B256::with_last_byte(at as u8 + 1),
                places: (at as u16 * SEATS..).take(SEATS.into()).collect(),
            };
            sender(3 + at).call("join", contracts.staking, &join).await.unwrap();
            // What challenges are paid from.
            let mint = DevelopmentToken::mintCall { to: signer.address(), amount: money };
            let own = Sender::new(&ledger, signer.clone());
            own.call("get money", settlement.token, &mint).await.unwrap();
            let approve = DevelopmentToken::approveCall { spender: contracts.router, value: U256::MAX };
            own.call("let the router take it", settlement.token, &approve).await.unwrap();
            let deposit = InferenceRouter::depositCall { amount: money };
            own.call("deposit", contracts.router, &deposit).await.unwrap();
        }
        let deposit = InferenceRouter::depositCall { amount: money };
        sender(0).call("deposit", contracts.router, &deposit).await.unwrap();
        let requester = accounts[0].clone();
        let version = version.0;
        Self { folder, ledger, contracts, version, signers, requester, offered, offer, asked: 0 }
    }

    pub fn chain(&self) -> &Embedded {
        self.ledger.embedded().unwrap()
    }

    /// The time of the latest block.
    pub async fn now(&self) -> u64 {
        self.ledger.verified_header(BlockNumberOrTag::Latest).await.unwrap().header.timestamp
    }

    /// Lets seconds pass and mines a block.
    pub async fn pass(&self, seconds: u64) {
        let then = self.now().await + seconds;
        let provider = self.ledger.provider();
        let _: Value = provider.raw_request("evm_setNextBlockTimestamp".into(), [then]).await.unwrap();
        let _: Value = provider.raw_request("evm_mine".into(), ()).await.unwrap();
    }

    /// Asks for an answer; gives the request's id.
    pub async fn ask(&mut self, mode: u8) -> B256 {
        self.ask_about(keccak256([self.asked]), mode).await
    }

    /// The same about the input with this identity.
    pub async fn ask_about(&mut self, inputs: B256, mode: u8) -> B256 {
        self.pass(1).await;
        self.asked += 1;
        let now = self.now().await;
        let request = InferenceRouter::Request {
            version: self.version,
            offer: self.offer,
            inputs,
            items: 1,
            seed: B256::ZERO,
            salt: B256::with_last_byte(self.asked),
            mode,
            personal: false,
            proofAbove: 1_000_000,
            valueAtRisk: 1,
            fee: 1_000,
            bond: 5_000,
            deadline: alloy::primitives::Uint::from(now + 86_400),
            window: 3_600,
            callbackGas: 0,
            publicInputs: Vec::new(),
        };
        let call = InferenceRouter::requestCall { asked: request.clone() };
        self.by(&self.requester).call("ask", self.contracts.router, &call).await.unwrap();
        self.read(
            self.contracts.router,
            &InferenceRouter::requestIdOfCall { requester: self.requester.address(), asked: request },
        )
        .await
    }

    pub fn by(&self, key: &AccountKey) -> Sender {
        Sender::new(&self.ledger, key.clone())
    }

    pub async fn read<C: SolCall>(&self, to: Address, call: &C) -> C::Return {
        let request = TransactionRequest::default().to(to).input(call.abi_encode().into());
        C::abi_decode_returns(&self.ledger.provider().call(request).await.unwrap()).unwrap()
    }

    pub async fn is_final(&self, id: B256, outputs: &[i64]) -> bool {
        let call = InferenceRouter::isFinalCall { id, outputs: outputs.to_vec() };
        self.read(self.contracts.router, &call).await
    }

    /// What the operator with this number has earned.
    pub async fn earned(&self, operator: u32) -> u128 {
        self.read(self.contracts.staking, &OracleStaking::operatorOfCall { operator }).await.earned
    }

    /// How many seats it has.
    pub async fn seats(&self, operator: u32) -> u16 {
        self.read(self.contracts.staking, &OracleStaking::operatorOfCall { operator }).await.seats
    }

    /// The settings of the `at`th operator, which works on the chain alone.
    pub fn settings(&self, at: usize) -> Settings {
        Settings {
            operator: at as u32 + 1,
            account: self.signers[at].address(),
            versions: BTreeSet::from([self.version]),
            challenges: true,
            earns: Default::default(),
            agrees: false,
            settling: 0,
            margin: 10,
            stagger: 0,
        }
    }

    /// The node of the `at`th operator, with its journal in `path`.
    pub fn operator(
        &self,
        at: usize,
        path: &Path,
        answers: impl Answers + 'static,
    ) -> Result<Operator, KeepError> {
        let chain = Chain::new(self.by(&self.signers[at]), self.contracts);
        let plan = Plan { again_after: Duration::ZERO, ..Plan::new(self.settings(at), 0) };
        Operator::open(path, plan, chain, Box::new(answers))
    }
}
