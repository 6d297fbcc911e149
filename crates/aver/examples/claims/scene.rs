//! The chain, its contracts and its people.

use crate::insured::Insured;
use anyhow::{Context as _, Result};
use averment_ledger::{
    Ledger,
    claims::ClaimsClient,
    contracts::{
        ClaimsPool, Deployment, DevelopmentToken, InferenceRouter, OracleStaking, PoolContracts,
        PoolGovernance, PoolTerms, Profile, ProofContracts, Sender, SettlementContracts, SettlementTerms,
    },
    embedded::{Genesis, ManualClock},
    keys::{AccountKey, development},
    proofs::ProofClient,
    registry::{PolicyTerms, RegistryClient},
};
use averment_primitives::{Address, B256, RoleId, U256, VersionId, keccak256};
use averment_registry::{
    approval::{Approval, Decision},
    version::VersionContent,
};
use tempfile::TempDir;

/// A token in its smallest units.
pub const TOKEN: u128 = 1_000_000_000_000_000_000;
/// Seconds of a period, in which claims are filed at the beginning.
pub const DAY: u64 = 24 * 60 * 60;
const START: u64 = 1_800_000_000;
const ROLES: [&str; 3] = ["medical", "risk", "legal"];
/// What everybody has at first.
pub const MONEY: u128 = 100_000 * TOKEN;
/// Operators of the committee, each with one seat.
pub const OPERATORS: usize = 5;

/// Who takes part, by the development account that plays it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Owns the models and deploys the contracts.
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
    clock: ManualClock,
    keys: Vec<AccountKey>,
    deployment: Deployment,
    registry: RegistryClient,
    /// Where requests are settled.
    pub settlement: SettlementContracts,
    /// The pool.
    pub claims: ClaimsClient,
    _folder: TempDir,
}

impl Scene {
    /// Deploys everything, and gives everybody money.
    pub async fn set(setup: &averment_prover::Setup) -> Result<Self> {
        let folder = TempDir::new()?;
        let clock = ManualClock::at(START);
        let chain = folder.path().join("chain");
        let ledger = Ledger::open_embedded(&chain, Genesis::development(START), clock.clone())?;
        let keys = development::accounts(ledger.chain_id())?;
        let owner = Sender::new(&ledger, keys[Role::Owner as usize].clone());
        let (proofs, _) = ProofContracts::deploy(&owner, &setup.key()).await?;
        let terms = SettlementTerms::DEVELOPMENT;
        let (deployment, _) =
            Deployment::deploy_all(&owner, Profile::Development, Some(proofs), Some(&terms)).await?;
        let settlement = deployment.settlement.context("settlement was deployed")?;
        let registry = RegistryClient::open(&ledger, &deployment).await?;
        let terms = PoolTerms {
            router: settlement.router.address,
            token: settlement.token,
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
        let scene = Self { ledger, clock, keys, deployment, registry, settlement, claims, _folder: folder };
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
    pub fn wait(&self, seconds: u64) {
        self.clock.advance(seconds);
    }

    /// Lets time pass until the next period begins.
    pub async fn next_period(&self) -> Result<()> {
        // Blocks may be ahead of the clock, each at least a second after the one before.
        let behind = self.now().await?.max(averment_ledger::embedded::Clock::now(&self.clock));
        let clock = averment_ledger::embedded::Clock::now(&self.clock);
        self.wait(behind - behind % DAY + DAY - clock);
        Ok(())
    }

    /// What an account has: in tokens, and in the router.
    pub async fn money(&self, account: Address) -> Result<u128> {
        let provider = self.ledger.provider().clone();
        let token = DevelopmentToken::new(self.settlement.token, provider.clone());
        let router = InferenceRouter::new(self.settlement.router.address, provider);
        let own = token.balanceOf(account).call().await? + router.balanceOf(account).call().await?;
        Ok(own.to::<u128>())
    }

    /// Registers, approves, deploys and offers a model with its weights certified. Returns the offer.
    pub async fn release(&self, name: &str, insured: &Insured) -> Result<InferenceRouter::Offer> {
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

    async fn offer(
        &self,
        owner: &Sender,
        version: VersionId,
        insured: &Insured,
    ) -> Result<InferenceRouter::Offer> {
        let client = ProofClient::new(&self.ledger, &self.deployment)?;
        let (descriptor, registered) = insured.descriptor()?;
        let certified = insured.certified(self.ledger.chain_id())?;
        client.register(owner, &descriptor, &registered).await?;
        client.register(owner, &certified.descriptor, &certified.registered).await?;
        client.certify(owner, registered.descriptor(), &certified).await?;
        let (weights, plan) = insured.registered();
        let offered = InferenceRouter::Offer {
            version: version.0,
            weights,
            plan,
            schema: insured.schema(),
            terms: B256::ZERO,
            verifier: client.address(),
            descriptor: registered.descriptor(),
            certificate: certified.registered.descriptor(),
            zeroKnowledge: true,
            modes: 0b111,
            // The terms allow all modes: in earnest, patients' reports would be proved about.
            modesForPersons: 0b111,
            proofSeconds: DAY as u32,
            challengeBond: 10 * TOKEN,
            quorum: InferenceRouter::Quorum {
                members: OPERATORS as u8,
                threshold: 3,
                commitSeconds: 600,
                revealSeconds: 600,
                tolerance: 0,
            },
        };
        let call = InferenceRouter::offerCall { offered: offered.clone() };
        owner.call("offer the model's answers", self.settlement.router.address, &call).await?;
        Ok(offered)
    }

    /// Operators join, each with one seat; returns the keys that they sign with, in the order of their numbers.
    pub async fn operators(&self) -> Result<Vec<AccountKey>> {
        let owner = self.by(Role::Owner);
        let staking = self.settlement.staking.address;
        let amount = U256::from(SettlementTerms::DEVELOPMENT.seat_bond * OPERATORS as u128);
        self.approve(&owner, staking, amount).await?;
        let keys = self.keys[1..=OPERATORS].to_vec();
        for (place, key) in keys.iter().enumerate() {
            let call = OracleStaking::joinCall {
                signer: key.address(),
                encryptionKey: keccak256([place as u8]),
                places: vec![place as u16],
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
        owner.call("let tokens be taken", self.settlement.token, &call).await?;
        Ok(())
    }

    /// Tokens for everybody; capital for the pool, and fees in the router.
    async fn fund(&self) -> Result<()> {
        let (owner, insurer) = (self.by(Role::Owner), self.by(Role::Insurer));
        let (token, pool) = (self.settlement.token, self.claims.address());
        for role in [Role::Owner, Role::Insurer, Role::Broker, Role::Answerer] {
            let call = DevelopmentToken::mintCall { to: self.key(role).address(), amount: U256::from(MONEY) };
            owner.call("mint", token, &call).await?;
        }
        self.approve(&self.by(Role::Broker), pool, U256::MAX).await?;
        let answerer = self.by(Role::Answerer);
        self.approve(&answerer, self.settlement.router.address, U256::MAX).await?;
        let deposit = InferenceRouter::depositCall { amount: U256::from(10_000 * TOKEN) };
        answerer.call("deposit a bond", self.settlement.router.address, &deposit).await?;
        self.claims.add_capital(&insurer, 20_000 * TOKEN).await?;
        self.claims.fund_router(&insurer, 100 * TOKEN).await?;
        self.claims.set_intake(&insurer, self.key(Role::Intake).address(), true).await?;
        Ok(())
    }
}
