//! A chain with the real contracts, a deployed version with an offer, and accounts with money.
//!
//! Everything follows from the seed: keys, salts, times. The contracts are those of a deployment for development; of the
//! proof verifier see [`crate::model`].

use crate::{SimulationError, model};
use alloy::{
    consensus::{SignableTransaction, TxEip1559, TxEnvelope},
    eips::eip2718::Encodable2718,
    primitives::{Address, B256, Bytes, TxKind, U256, keccak256},
    providers::Provider,
    rpc::types::{TransactionReceipt, TransactionRequest},
    signers::{SignerSync, local::PrivateKeySigner},
    sol_types::{SolCall, SolEvent},
};
use averment_ledger::{
    Ledger,
    contracts::{
        Deployment, DevelopmentToken, InferenceRouter, OracleStaking, Profile, Sender, SettlementContracts,
        SettlementTerms,
    },
    embedded::{Clock, Embedded, Genesis, GenesisAccount, ManualClock},
    keys::{AccountKey, development},
    registry::{PolicyTerms, RegistryClient},
    settlement,
};
use averment_primitives::{RoleId, VersionId};
use averment_registry::{
    approval::{Approval, Decision},
    version::VersionContent,
};
use std::collections::HashMap;

/// When the chain begins.
const GENESIS_TIME: u64 = 1_700_000_000;
/// Later than any simulation runs.
const EXPIRY: u64 = 4_000_000_000;
/// Gas of a block, and of the largest transaction: agents do much at once.
const BLOCK_GAS: u64 = 4_000_000_000;
const GAS: u64 = 1_000_000_000;
/// In wei a unit; gas is not what is simulated.
const GAS_PRICE: u128 = 1_000_000_000;
/// What every account gets of the token.
pub const MONEY: u128 = 1_000_000_000;

/// A world that agents act in.
pub struct World {
    chain: Embedded,
    ledger: Ledger,
    clock: ManualClock,
    nonces: HashMap<Address, u64>,
    /// What each account's transactions have used.
    gas: HashMap<Address, u64>,
    /// The settling contracts.
    pub contracts: SettlementContracts,
    /// The version that is asked.
    pub version: VersionId,
    offers: HashMap<u128, InferenceRouter::Offer>,
    salts: u64,
    owner: AccountKey,
    /// The chain as it was made, and the nonces of its accounts then.
    beginning: (u64, HashMap<Address, u64>),
}

/// How requests of this world may be answered, beside proofs.
pub const MEMBERS: u8 = 5;
/// How many of them have to say the same.
pub const THRESHOLD: u8 = 3;
/// Seconds in which a challenged answer has to be proved.
pub const PROOF_SECONDS: u64 = 3_600;
/// Seconds in which committees commit, and reveal.
pub const COMMITTEE_SECONDS: u64 = 600;

impl World {
    /// A chain with the contracts; `names` get an account with money each. Stake is in seats of `seat_bond`.
    pub async fn new(seat_bond: u128, names: &[&str]) -> Result<Self, SimulationError> {
        let clock = ManualClock::at(GENESIS_TIME);
        let mut genesis = Genesis::development(GENESIS_TIME);
        (genesis.gas_limit, genesis.base_fee) = (BLOCK_GAS, 1_000);
        for (address, code) in
            [(model::VERIFIER, model::verifier_code()), (model::CERTIFICATES, model::certificates_code())]
        {
            genesis.accounts.insert(address, GenesisAccount { code, ..GenesisAccount::default() });
        }
        let ether = U256::from(10).pow(U256::from(24));
        for name in names {
            genesis = genesis.fund(account(name).address(), ether);
        }
        let ledger = Ledger::in_memory_with(genesis, clock.clone()).map_err(SimulationError::Chain)?;
        let Some(chain) = ledger.embedded().cloned() else {
            return Err(SimulationError::Unsaid { doing: "begin", expected: "that the chain is embedded" });
        };
        let keys = development::accounts(ledger.chain_id()).unwrap_or_default();
        let [owner, registrar, role] = [0, 1, 2].map(|place| keys.get(place).cloned());
        let (Some(owner), Some(registrar), Some(role)) = (owner, registrar, role) else {
            return Err(SimulationError::Unsaid { doing: "begin", expected: "the development accounts" });
        };
        let terms = SettlementTerms { seat_bond, ..SettlementTerms::DEVELOPMENT };
        let sender = Sender::new(&ledger, owner.clone());
        let deployed = Deployment::deploy_all(&sender, Profile::Development, None, Some(&terms)).await;
        let (deployment, _) = deployed.map_err(Box::new)?;
        let Some(contracts) = deployment.settlement else {
            return Err(SimulationError::Unsaid { doing: "deploy", expected: "where the router is" });
        };
        let version = deployed_version(&ledger, &deployment, [&owner, &registrar, &role]).await?;
        let verifier =
            InferenceRouter::setVerifierCall { verifier: model::VERIFIER, certificates: model::CERTIFICATES };
        sender.call("believe the verifier", contracts.router.address, &verifier).await.map_err(Box::new)?;
        let mut world = Self {
            chain,
            ledger,
            clock,
            nonces: HashMap::new(),
            gas: HashMap::new(),
            contracts,
            version,
            offers: HashMap::new(),
            salts: 0,
            owner,
            beginning: (0, HashMap::new()),
        };
        for name in names {
            world.enrich(&account(name)).await?;
        }
        world.remember()?;
        Ok(world)
    }

    /// Makes everything undone that was done since the world was made; only time goes on.
    pub fn begin_again(&mut self) -> Result<(), SimulationError> {
        const DOING: &str = "begin again";
        if !self.chain.revert(self.beginning.0).map_err(|source| refused(DOING, source))? {
            return Err(SimulationError::Unsaid { doing: DOING, expected: "that the beginning is known" });
        }
        self.nonces = self.beginning.1.clone();
        self.offers.clear();
        self.salts = 0;
        self.remember()
    }

    fn remember(&mut self) -> Result<(), SimulationError> {
        self.gas.clear();
        let snapshot = self.chain.snapshot().map_err(|source| refused("begin", source))?;
        self.beginning = (snapshot, self.nonces.clone());
        Ok(())
    }

    /// Gives an account money, half of it deposited with the router.
    async fn enrich(&mut self, who: &PrivateKeySigner) -> Result<(), SimulationError> {
        let (token, router) = (self.contracts.token, self.contracts.router.address);
        let (to, amount) = (who.address(), U256::from(MONEY));
        self.send(who, token, &DevelopmentToken::mintCall { to, amount }, "get money").await?;
        for spender in [router, self.contracts.staking.address] {
            let approve = DevelopmentToken::approveCall { spender, value: U256::MAX };
            self.send(who, token, &approve, "let the contracts take money").await?;
        }
        let deposit = InferenceRouter::depositCall { amount: amount / U256::from(2) };
        self.send(who, router, &deposit, "deposit").await?;
        Ok(())
    }

    /// The offer whose challenges cost `challenge_bond`; it is made when it is first asked for.
    pub async fn offer(&mut self, challenge_bond: u128) -> Result<InferenceRouter::Offer, SimulationError> {
        if let Some(offer) = self.offers.get(&challenge_bond) {
            return Ok(offer.clone());
        }
        let offered = InferenceRouter::Offer {
            version: self.version.0,
            weights: content().weights_commitment,
            plan: content().plan_digest,
            schema: B256::ZERO,
            terms: B256::ZERO,
            verifier: model::VERIFIER,
            descriptor: keccak256("descriptor"),
            certificate: keccak256("certificate"),
            zeroKnowledge: false,
            modes: 7,
            modesForPersons: 0,
            proofSeconds: PROOF_SECONDS as u32,
            challengeBond: challenge_bond,
            quorum: InferenceRouter::Quorum {
                members: MEMBERS,
                threshold: THRESHOLD,
                commitSeconds: COMMITTEE_SECONDS as u32,
                revealSeconds: COMMITTEE_SECONDS as u32,
                tolerance: 0,
            },
        };
        let call = InferenceRouter::offerCall { offered: offered.clone() };
        let sender = Sender::new(&self.ledger, self.owner.clone());
        sender.call("offer", self.contracts.router.address, &call).await.map_err(Box::new)?;
        self.offers.insert(challenge_bond, offered.clone());
        Ok(offered)
    }

    /// Identity of an offer, as the router computes it.
    pub fn offer_id(&self, offered: &InferenceRouter::Offer) -> B256 {
        settlement::offer_id((self.ledger.chain_id(), self.contracts.router.address), offered)
    }

    /// Something new every time.
    pub fn salt(&mut self) -> B256 {
        self.salts += 1;
        keccak256(self.salts.to_be_bytes())
    }

    /// Seconds of Unix time: the clock's, or the latest block's where blocks ran ahead of it.
    pub fn now(&self) -> Result<u64, SimulationError> {
        let (_, header) = self.chain.latest().map_err(|source| refused("ask for the time", source))?;
        Ok(header.timestamp.max(self.clock.now()))
    }

    /// Lets seconds pass.
    pub fn pass(&mut self, seconds: u64) {
        self.clock.advance(seconds);
    }

    /// Mines an empty block; gives its header as it is hashed, and its number.
    pub fn mine(&mut self) -> Result<(Bytes, u64), SimulationError> {
        self.clock.advance(12);
        let failed = |source| refused("wait for a block", source);
        self.chain.mine().map_err(failed)?;
        let (_, header) = self.chain.latest().map_err(failed)?;
        let mut rlp = Vec::new();
        alloy_rlp::Encodable::encode(&header, &mut rlp);
        Ok((rlp.into(), header.number))
    }

    /// Sends a call, which has to succeed.
    pub async fn send<C: SolCall>(
        &mut self,
        who: &PrivateKeySigner,
        to: Address,
        call: &C,
        doing: &'static str,
    ) -> Result<TransactionReceipt, SimulationError> {
        let nonce = self.nonces.entry(who.address()).or_default();
        let transaction = TxEip1559 {
            chain_id: self.ledger.chain_id(),
            nonce: *nonce,
            gas_limit: GAS,
            max_fee_per_gas: GAS_PRICE,
            max_priority_fee_per_gas: 0,
            to: TxKind::Call(to),
            value: U256::ZERO,
            access_list: Default::default(),
            input: call.abi_encode().into(),
        };
        *nonce += 1;
        let signature = who.sign_hash_sync(&transaction.signature_hash())?;
        let raw = TxEnvelope::from(transaction.into_signed(signature)).encoded_2718();
        self.clock.advance(1);
        let tx = self.chain.submit(&raw).map_err(|source| refused(doing, source))?;
        let receipt = self.ledger.provider().get_transaction_receipt(tx).await;
        let receipt = receipt.map_err(|source| SimulationError::Asked { doing, source })?;
        match receipt {
            Some(receipt) if receipt.status() => {
                *self.gas.entry(who.address()).or_default() += receipt.gas_used;
                Ok(receipt)
            }
            _ => Err(SimulationError::Refused { doing, tx }),
        }
    }

    /// Does several calls of the router in one transaction, if there are any.
    pub async fn all<C: SolCall>(
        &mut self,
        who: &PrivateKeySigner,
        calls: &[C],
        doing: &'static str,
    ) -> Result<Option<TransactionReceipt>, SimulationError> {
        if calls.is_empty() {
            return Ok(None);
        }
        let data = calls.iter().map(|call| call.abi_encode().into()).collect();
        let router = self.contracts.router.address;
        self.send(who, router, &InferenceRouter::multicallCall { data }, doing).await.map(Some)
    }

    /// Asks a contract.
    pub async fn ask<C: SolCall>(
        &self,
        of: Address,
        call: &C,
        doing: &'static str,
    ) -> Result<C::Return, SimulationError> {
        let request = TransactionRequest::default().to(of).input(call.abi_encode().into());
        let answer = self.ledger.provider().call(request).await;
        let answer = answer.map_err(|source| SimulationError::Asked { doing, source })?;
        let unsaid = |_| SimulationError::Unsaid { doing, expected: C::SIGNATURE };
        C::abi_decode_returns(&answer).map_err(unsaid)
    }

    /// What an account has with the router.
    pub async fn balance(&self, who: Address) -> Result<u128, SimulationError> {
        let call = InferenceRouter::balanceOfCall { account: who };
        let balance = self.ask(self.contracts.router.address, &call, "count their money").await?;
        Ok(balance.saturating_to())
    }

    /// What an account has of the token itself.
    pub async fn purse(&self, who: Address) -> Result<u128, SimulationError> {
        let call = DevelopmentToken::balanceOfCall { account: who };
        Ok(self.ask(self.contracts.token, &call, "count their money").await?.saturating_to())
    }

    /// Gas that an account's transactions have used since the world began.
    pub fn gas_of(&self, who: Address) -> u64 {
        self.gas.get(&who).copied().unwrap_or_default()
    }

    /// Money in is money held: the router has what it owes its accounts, the stake what its seats are worth and it owes
    /// otherwise. Nothing may be under way.
    pub async fn check_money(&self, names: &[&str]) -> Result<(), SimulationError> {
        let [router, staking] = [self.contracts.router.address, self.contracts.staking.address];
        let asking = "count the contracts' money";
        let mut owed = self.ask(router, &InferenceRouter::burnedCall {}, asking).await?;
        for who in names.iter().map(|name| account(name).address()).chain([staking]) {
            owed += U256::from(self.balance(who).await?);
        }
        let held = U256::from(self.purse(router).await?);
        if held != owed {
            return Err(SimulationError::Money { place: "the router", held, owed });
        }
        let bond = self.of_stake(&OracleStaking::seatBondCall {}).await?;
        let mut owed = self.of_stake(&OracleStaking::burnedCall {}).await?;
        for name in names {
            let call = OracleStaking::rewardsOfCall { account: account(name).address() };
            owed += self.of_stake(&call).await?;
        }
        for operator in 1.. {
            let own = self.of_stake(&OracleStaking::operatorOfCall { operator }).await?;
            if own.owner.is_zero() {
                break;
            }
            owed += U256::from(u128::from(own.seats) * bond + own.unbonding);
        }
        let held = U256::from(self.purse(staking).await?);
        match held == owed {
            true => Ok(()),
            false => Err(SimulationError::Money { place: "operators' stake", held, owed }),
        }
    }

    /// Asks the stake.
    pub async fn of_stake<C: SolCall>(&self, call: &C) -> Result<C::Return, SimulationError> {
        self.ask(self.contracts.staking.address, call, "ask for their stake").await
    }
}

/// The account of this name.
pub fn account(name: &str) -> PrivateKeySigner {
    let mut secret = keccak256(name);
    loop {
        // One in 2^128 hashes is no key.
        match PrivateKeySigner::from_bytes(&secret) {
            Ok(key) => return key,
            Err(_) => secret = keccak256(secret),
        }
    }
}

/// The events of a kind in a receipt, in order.
pub fn events<E: SolEvent>(receipt: &TransactionReceipt) -> Vec<E> {
    receipt.logs().iter().filter_map(|log| E::decode_log_data(log.data()).ok()).collect()
}

fn refused(doing: &'static str, source: averment_ledger::embedded::EmbeddedError) -> SimulationError {
    SimulationError::Embedded { doing, source: Box::new(source) }
}

/// What is registered: digests of nothing.
fn content() -> VersionContent {
    VersionContent {
        manifest_digest: keccak256("manifest"),
        artifacts_root: keccak256("artifacts"),
        weights_commitment: keccak256("weights"),
        plan_digest: keccak256("plan"),
        parents: Vec::new(),
    }
}

/// Registers, approves and deploys a version of a model that the first key owns; the second registers, the third approves.
async fn deployed_version(
    ledger: &Ledger,
    deployment: &Deployment,
    [owner, registrar, role]: [&AccountKey; 3],
) -> Result<VersionId, SimulationError> {
    const ROLE: &str = "risk";
    let sender = |key: &AccountKey| Sender::new(ledger, key.clone());
    let client = RegistryClient::open(ledger, deployment).await.map_err(Box::new)?;
    let policy = PolicyTerms { roles: vec![(ROLE.to_owned(), role.address())], threshold: 1 };
    let (model, _) = client.create_model(&sender(owner), "simulated", &policy).await.map_err(Box::new)?;
    let registrar_of = client.set_registrar(&sender(owner), model, registrar.address(), true).await;
    registrar_of.map_err(Box::new)?;
    let registered = client.register_version(&sender(registrar), model, &content()).await;
    let (version, _) = registered.map_err(Box::new)?;
    let approval = Approval {
        model,
        version,
        role: RoleId::of(ROLE),
        decision: Decision::Approve,
        policy_revision: 1,
        expiry: EXPIRY,
        nonce: U256::ONE,
    };
    let signed = client.sign_approval(role, approval)?;
    client.submit_approvals(&sender(owner), &[signed]).await.map_err(Box::new)?;
    client.deploy(&sender(owner), version, "simulation").await.map_err(Box::new)?;
    Ok(version)
}
