//! The chain, its contracts and its people.

use crate::insured::Insured;
use anyhow::Result;
use averment_ledger::{
    Ledger,
    claims::ClaimsClient,
    contracts::{
        ClaimsPool, Deployment, DevelopmentToken, OracleStaking, PoolContracts, PoolGovernance, PoolTerms,
        Profile, ProofContracts, Sender, SettlementTerms,
    },
    keys::{AccountKey, Cost, KeyFolder, Password, development},
    proofs::ProofClient,
    registry::{PolicyTerms, RegistryClient},
    settlement::{Modes, Offer, Quorum, SettlementClient},
};
use averment_primitives::{Address, B256, RoleId, U256, VersionId, keccak256};
use averment_registry::{
    approval::{Approval, Decision},
    version::VersionContent,
};

/// A token in its smallest units.
pub const TOKEN: u128 = 1_000_000_000_000_000_000;
/// Seconds of a period, in which claims are filed at the beginning.
pub const DAY: u64 = 24 * 60 * 60;
/// When the chains begin, in seconds of Unix time.
pub const START: u64 = 1_800_000_000;
const ROLES: [&str; 3] = ["medical", "risk", "legal"];
/// What everybody has at first.
pub const MONEY: u128 = 100_000 * TOKEN;
/// How many holders have keys.
const HOLDERS: usize = 4;
/// Operators of the committee.
pub const OPERATORS: usize = 5;
/// Seats of each operator, of 64 places.
const SEATS: u16 = 12;

/// Who takes part, by the development account that plays it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Owns the models, deploys the contracts, and watches answers.
    Owner = 0,
    /// The insurer.
    Insurer = 4,
    /// Sees evidence and signs.
    Intake = 5,
    /// Buys policies for claimants, files and relays for them.
    Broker = 6,
    /// Proves.
    Prover = 7,
    /// Answers with a bond.
    Answerer = 8,
    /// Reviews claims.
    Reviewer = 9,
}

/// Everything the story is played on.
pub struct Scene {
    ledger: Ledger,
    keys: Vec<AccountKey>,
    deployment: Deployment,
    registry: RegistryClient,
    /// Where requests are settled.
    pub settlement: SettlementClient,
    /// The pool.
    pub claims: ClaimsClient,
    /// Keys of the first holders whose claims a proof decides: some of them appeal.
    pub holders: Vec<AccountKey>,
}

impl Scene {
    /// Deploys everything on a chain, and gives everybody money.
    pub async fn set(ledger: Ledger, setup: &averment_prover::Setup) -> Result<Self> {
        let keys = development::accounts(ledger.chain_id())?;
        let owner = Sender::new(&ledger, keys[Role::Owner as usize].clone());
        let (proofs, _) = ProofContracts::deploy(&owner, &setup.key()).await?;
        let terms = SettlementTerms::DEVELOPMENT;
        let (deployment, _) =
            Deployment::deploy_all(&owner, Profile::Development, Some(proofs), Some(&terms)).await?;
        let settlement = SettlementClient::new(&ledger, &deployment)?;
        let registry = RegistryClient::open(&ledger, &deployment).await?;
        let terms = PoolTerms {
            router: settlement.contracts().router.address,
            token: settlement.contracts().token,
            cadence: DAY as u32,
            filing: DAY as u32 / 4,
            patience: 3 * DAY as u32,
            appeal: 14 * DAY as u32,
            review: 14 * DAY as u32,
            uptime: Address::ZERO,
            grace: 0,
        };
        let governance = PoolGovernance {
            insurer: keys[Role::Insurer as usize].address(),
            reviewer: keys[Role::Reviewer as usize].address(),
            pauser: owner.address(),
            upgrader: owner.address(),
            canceller: owner.address(),
            delay: 0,
        };
        let (pool, _) = PoolContracts::deploy(&owner, &terms, &governance).await?;
        let claims = ClaimsClient::open(&ledger, &pool).await?;
        let (folder, password) = (tempfile::tempdir()?, Password::new(b"an example".to_vec().into())?);
        let holder = |number: usize| {
            KeyFolder::new(folder.path()).create_account(&format!("holder-{number}"), &password, Cost::Light)
        };
        let holders = (0..HOLDERS).map(holder).collect::<Result<_, _>>()?;
        let scene = Self { holders, ledger, keys, deployment, registry, settlement, claims };
        scene.fund().await?;
        Ok(scene)
    }

    /// A sender for somebody.
    pub fn by(&self, role: Role) -> Sender {
        Sender::new(&self.ledger, self.key(role).clone())
    }

    /// Somebody's key.
    pub fn key(&self, role: Role) -> &AccountKey {
        &self.keys[role as usize]
    }

    /// The chain.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The chain's time, in seconds.
    pub async fn now(&self) -> Result<u64> {
        Ok(self.ledger.newest_final().await?.header.timestamp)
    }

    /// Lets time pass.
    pub async fn wait(&self, seconds: u64) -> Result<()> {
        self.pass_to(self.now().await? + seconds).await
    }

    /// Lets time pass until the next period begins.
    pub async fn next_period(&self) -> Result<()> {
        let now = self.now().await?;
        self.pass_to(now - now % DAY + DAY).await
    }

    async fn pass_to(&self, timestamp: u64) -> Result<()> {
        if let Some(chain) = self.ledger.embedded() {
            chain.set_next_timestamp(timestamp)?;
            chain.mine()?;
            return Ok(());
        }
        // Development nodes elsewhere.
        let client = self.ledger.client();
        client.request::<_, serde_json::Value>("evm_setNextBlockTimestamp", (timestamp,)).await?;
        client.request_noparams::<serde_json::Value>("evm_mine").await?;
        Ok(())
    }

    /// What an account has: in tokens, and in the router.
    pub async fn money(&self, account: Address) -> Result<u128> {
        let balance = self.settlement.balance(account).await?;
        Ok((balance.wallet + balance.router).to::<u128>())
    }

    /// Registers, approves, deploys and offers a model with its weights certified. Returns the offer.
    pub async fn release(&self, name: &str, insured: &Insured) -> Result<(B256, Offer)> {
        let owner = self.by(Role::Owner);
        let signers = self.keys[1..4].iter().map(AccountKey::address);
        let roles = ROLES.iter().map(|role| (*role).to_owned()).zip(signers).collect();
        let policy = PolicyTerms { roles, threshold: 2 };
        let (model, _) = self.registry.create_model(&owner, name, &policy).await?;
        let (weights_commitment, plan_digest) = insured.registered();
        let content = VersionContent {
            manifest_digest: keccak256(name),
            artifacts_root: keccak256(name),
            weights_commitment,
            plan_digest,
            parents: Vec::new(),
        };
        let (version, _) = self.registry.register_version(&owner, model, &content).await?;
        let mut signed = Vec::new();
        for (role, key) in ROLES.iter().zip(&self.keys[1..4]).take(2) {
            let approval = Approval {
                model,
                version,
                role: RoleId::of(role),
                decision: Decision::Approve,
                policy_revision: 1,
                expiry: u64::MAX,
                nonce: U256::from(1),
            };
            signed.push(self.registry.sign_approval(key, approval)?);
        }
        self.registry.submit_approvals(&owner, &signed).await?;
        self.registry.deploy(&owner, version, "claims").await?;
        self.offer(&owner, version, insured).await
    }

    async fn offer(&self, owner: &Sender, version: VersionId, insured: &Insured) -> Result<(B256, Offer)> {
        let client = ProofClient::new(&self.ledger, &self.deployment)?;
        let (descriptor, registered) = insured.descriptor()?;
        let certified = insured.certified(self.ledger.chain_id())?;
        client.register(owner, &descriptor, &registered).await?;
        client.register(owner, &certified.descriptor, &certified.registered).await?;
        client.certify(owner, registered.descriptor(), &certified).await?;
        let (weights, plan) = insured.registered();
        let all = Modes::ALL.0;
        let offered = Offer {
            version: version.0,
            weights,
            plan,
            schema: insured.schema(),
            terms: B256::ZERO,
            verifier: client.address(),
            descriptor: registered.descriptor(),
            certificate: certified.registered.descriptor(),
            zeroKnowledge: true,
            modes: all,
            // The terms allow all modes: in earnest, patients' reports would be proved about.
            modesForPersons: all,
            proofSeconds: DAY as u32,
            challengeBond: 10 * TOKEN,
            quorum: Quorum {
                members: OPERATORS as u8,
                threshold: 3,
                commitSeconds: 600,
                revealSeconds: 600,
                tolerance: 0,
            },
        };
        let (id, _) = self.settlement.offer(owner, &offered).await?;
        Ok((id, offered))
    }

    /// Operators join, with so many seats that a draw always finds them; returns the keys that they sign with, in the order of
    /// their numbers.
    pub async fn operators(&self) -> Result<Vec<AccountKey>> {
        let owner = self.by(Role::Owner);
        let staking = self.settlement.contracts().staking.address;
        let amount =
            U256::from(SettlementTerms::DEVELOPMENT.seat_bond * OPERATORS as u128 * u128::from(SEATS));
        self.approve(&owner, staking, amount).await?;
        let keys = self.keys[1..=OPERATORS].to_vec();
        for (place, key) in keys.iter().enumerate() {
            let call = OracleStaking::joinCall {
                signer: key.address(),
                encryptionKey: keccak256([place as u8]),
                places: (place as u16 * SEATS..).take(SEATS.into()).collect(),
            };
            owner.call("join as an operator", staking, &call).await?;
        }
        Ok(keys)
    }

    /// Adds a routine and, with the same number, a product of the insurer's whose claims it decides.
    pub async fn product(&self, number: u16, routine: ClaimsPool::Routine, payout: u128) -> Result<()> {
        let insurer = self.by(Role::Insurer);
        self.claims.add_routine(&insurer, routine).await?;
        let terms = ClaimsPool::Product {
            premium: payout / 5,
            payout,
            term: 365 * DAY as u32,
            filing: 30 * DAY as u32,
            routine: number,
        };
        self.claims.add_product(&insurer, terms).await?;
        Ok(())
    }

    /// Lets `spender` take tokens.
    pub async fn approve(&self, owner: &Sender, spender: Address, amount: U256) -> Result<()> {
        let call = DevelopmentToken::approveCall { spender, value: amount };
        owner.call("let tokens be taken", self.settlement.contracts().token, &call).await?;
        Ok(())
    }

    /// Tokens for everybody; capital for the pool, and fees in the router.
    async fn fund(&self) -> Result<()> {
        let (owner, insurer) = (self.by(Role::Owner), self.by(Role::Insurer));
        let token = self.settlement.contracts().token;
        for role in [Role::Owner, Role::Insurer, Role::Broker, Role::Answerer] {
            let call = DevelopmentToken::mintCall { to: self.key(role).address(), amount: U256::from(MONEY) };
            owner.call("mint", token, &call).await?;
        }
        // Whoever buys often lets the pool take more than one premium.
        self.approve(&self.by(Role::Broker), self.claims.address(), U256::MAX).await?;
        self.settlement.deposit(&self.by(Role::Answerer), U256::from(10_000 * TOKEN)).await?;
        self.claims.add_capital(&insurer, 20_000 * TOKEN).await?;
        self.claims.fund_router(&insurer, 100 * TOKEN).await?;
        self.claims.set_intake(&insurer, self.key(Role::Intake).address(), true).await?;
        Ok(())
    }
}
