//! A typed client of `ClaimsPool`: an insurer's, an intake's, a claimant's and everybody's who moves claims on.
//!
//! What a batch was asked with is read from the chain's events, so whoever decides it needs to keep nothing. States are
//! those of the newest final block.

use crate::{
    Ledger,
    contracts::{ClaimsPool, DeploymentFault, InferenceRouter, PoolContracts, SendError, Sender, Sent},
    keys::{AccountKey, SignError},
    registry::{ReadError, ask},
};
use alloy::{
    rpc::types::TransactionReceipt,
    sol_types::{Eip712Domain, SolCall, SolEvent},
};
use averment_primitives::{Address, B256, U256};

/// A pool on a chain, with its router.
#[derive(Debug, Clone)]
pub struct ClaimsClient {
    ledger: Ledger,
    contracts: PoolContracts,
}

/// A policy that was bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Its id.
    pub id: B256,
    /// Who is paid.
    pub holder: Address,
}

/// Claims that the router was asked about together.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The request's id.
    pub id: B256,
    /// The request, as everybody who moves it on passes it.
    pub asked: InferenceRouter::Request,
    /// The claims' evidence, in the order of the request's inputs.
    pub evidence: Vec<B256>,
}

/// Where a claim stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClaimState {
    /// Where.
    pub stage: Stage,
    /// Until when, unless somebody acts, in seconds of Unix time; zero if for good.
    pub until: u64,
    /// The policy's product.
    pub product: u16,
}

/// A claim's stages, as the contract has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// There is no such claim.
    None,
    /// Waits for its batch.
    Filed,
    /// Part of a request.
    Asked,
    /// Waits to be paid.
    Accepted,
    /// Is paid.
    Paid,
    /// By the model's answer; may be appealed.
    Rejected,
    /// Before a reviewer.
    InReview,
    /// For good.
    Denied,
}

impl Stage {
    pub(crate) fn of(code: u8) -> Option<Self> {
        use Stage::{Accepted, Asked, Denied, Filed, InReview, None as Nothing, Paid, Rejected};
        [Nothing, Filed, Asked, Accepted, Paid, Rejected, InReview, Denied].get(usize::from(code)).copied()
    }

    /// Its name, for machines.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Filed => "filed",
            Self::Asked => "asked",
            Self::Accepted => "accepted",
            Self::Paid => "paid",
            Self::Rejected => "rejected",
            Self::InReview => "inReview",
            Self::Denied => "denied",
        }
    }

    /// What it means, after "the claim".
    pub fn words(self) -> &'static str {
        match self {
            Self::None => "was never filed",
            Self::Filed => "waits to be asked about",
            Self::Asked => "waits for its answer",
            Self::Accepted => "is accepted and waits to be paid",
            Self::Paid => "is paid",
            Self::Rejected => "was rejected by the model's answer",
            Self::InReview => "is before the reviewer",
            Self::Denied => "was denied",
        }
    }
}

impl ClaimsClient {
    /// A client of the recorded pool, once the record is checked against the chain.
    pub async fn open(ledger: &Ledger, contracts: &PoolContracts) -> Result<Self, DeploymentFault> {
        contracts.check(ledger).await?;
        Ok(Self { ledger: ledger.clone(), contracts: *contracts })
    }

    /// Where the pool is.
    pub fn address(&self) -> Address {
        self.contracts.pool.address
    }

    /// Where it is, what settles its requests, and the token that it pays in.
    pub fn contracts(&self) -> &PoolContracts {
        &self.contracts
    }

    /// What an intake says about evidence, signed by its key.
    pub fn sign_intake(
        &self,
        key: &AccountKey,
        intake: ClaimsPool::Intake,
    ) -> Result<ClaimsPool::Filing, SignError> {
        let signature = key.sign_typed_data(&intake, &self.domain())?;
        Ok(ClaimsPool::Filing { intake, signer: key.address(), signature: signature.as_bytes().into() })
    }

    /// Buys a policy of `product` for `holder`, from the sender's tokens, which the pool may take.
    pub async fn buy(
        &self,
        sender: &Sender,
        product: u16,
        holder: Address,
        salt: B256,
    ) -> Result<(Policy, Sent), SendError> {
        let sent = self.send(sender, "buy a policy", &ClaimsPool::buyCall { product, holder, salt }).await?;
        let sold = self.event::<ClaimsPool::PolicySold>(&sent, "PolicySold")?;
        Ok((Policy { id: sold.policy, holder }, sent))
    }

    /// Files claims, whoever's they are.
    pub async fn file(&self, sender: &Sender, filings: Vec<ClaimsPool::Filing>) -> Result<Sent, SendError> {
        self.send(sender, "file claims", &ClaimsPool::fileCall { filings }).await
    }

    /// Asks the router about claims of a routine that wait.
    pub async fn ask(
        &self,
        sender: &Sender,
        routine: u16,
        evidence: Vec<B256>,
    ) -> Result<(Batch, Sent), SendError> {
        let call = ClaimsPool::askCall { routine, evidence: evidence.clone() };
        let sent = self.send(sender, "ask about claims", &call).await?;
        let made =
            logged::<InferenceRouter::Requested>(&sent.receipt, self.contracts.router).ok_or_else(|| {
                SendError::NoEvent { tx: sent.tx, event: "Requested", contract: self.contracts.router }
            })?;
        Ok((Batch { id: made.id, asked: made.request, evidence }, sent))
    }

    /// Decides a batch by its final outputs.
    pub async fn decide(&self, sender: &Sender, batch: &Batch, outputs: Vec<i64>) -> Result<Sent, SendError> {
        let (asked, evidence) = (pool_request(&batch.asked), batch.evidence.clone());
        self.send(sender, "decide claims", &ClaimsPool::decideCall { asked, evidence, outputs }).await
    }

    /// Brings a batch before the reviewer whose request was refunded.
    pub async fn unanswered(&self, sender: &Sender, batch: &Batch) -> Result<Sent, SendError> {
        let (asked, evidence) = (pool_request(&batch.asked), batch.evidence.clone());
        self.send(sender, "bring claims before the reviewer", &ClaimsPool::unansweredCall { asked, evidence })
            .await
    }

    /// Appeals a rejected claim in the holder's name, who signs.
    pub async fn appeal(
        &self,
        sender: &Sender,
        holder: &AccountKey,
        claim: ClaimsPool::Claim,
    ) -> Result<Sent, SendError> {
        let appeal = Appeal { policy: claim.policy, evidence: claim.evidence };
        let signature = holder.sign_typed_data(&appeal, &self.domain())?.as_bytes().into();
        self.send(sender, "appeal a claim", &ClaimsPool::appealCall { claim, signature }).await
    }

    /// Accepts or denies a claim in review; `reason` is a salted commitment to the reasons.
    pub async fn review(
        &self,
        reviewer: &Sender,
        claim: ClaimsPool::Claim,
        accept: bool,
        reason: B256,
    ) -> Result<Sent, SendError> {
        self.send(reviewer, "review a claim", &ClaimsPool::reviewCall { claim, accept, reason }).await
    }

    /// Pays accepted claims to their holders.
    pub async fn pay(&self, sender: &Sender, claims: Vec<ClaimsPool::Claim>) -> Result<Sent, SendError> {
        self.send(sender, "pay claims", &ClaimsPool::payCall { claims }).await
    }

    /// Where a claim stands.
    pub async fn claim(&self, evidence: B256) -> Result<ClaimState, ReadError> {
        let found = self.read("claimOf", ClaimsPool::claimOfCall { evidence }).await?;
        Ok(ClaimState {
            // The contract has no other stages.
            stage: Stage::of(found.stage).unwrap_or(Stage::None),
            until: found.until.to::<u64>(),
            product: found.product,
        })
    }

    /// How many claims a routine can be asked about now, and how many in the next period.
    pub async fn queue(&self, routine: u16) -> Result<(u32, u32), ReadError> {
        let found = self.read("queueOf", ClaimsPool::queueOfCall { routine }).await?;
        Ok((found.ready, found.waiting))
    }

    /// What backs no policy, and what backs one, in the token's smallest units.
    pub async fn capital(&self) -> Result<(U256, U256), ReadError> {
        let free = self.read("freeCapital", ClaimsPool::freeCapitalCall {}).await?;
        Ok((free, self.read("reserved", ClaimsPool::reservedCall {}).await?))
    }

    /// Sends any call to the pool: what the insurer decides.
    pub async fn send<C: SolCall>(
        &self,
        sender: &Sender,
        action: &'static str,
        call: &C,
    ) -> Result<Sent, SendError> {
        sender.call_on(self.ledger.chain_id(), action, self.address(), call).await
    }

    async fn read<C: SolCall>(&self, what: &'static str, call: C) -> Result<C::Return, ReadError> {
        let block = self.ledger.newest_final().await?;
        ask(&self.ledger, &block, what, self.address(), call).await
    }

    fn event<E: SolEvent>(&self, sent: &Sent, event: &'static str) -> Result<E, SendError> {
        let contract = self.address();
        logged(&sent.receipt, contract).ok_or(SendError::NoEvent { tx: sent.tx, event, contract })
    }

    /// What signatures count for: this pool on this chain.
    fn domain(&self) -> Eip712Domain {
        Eip712Domain::new(
            Some("Averment ClaimsPool".into()),
            Some("1".into()),
            Some(U256::from(self.ledger.chain_id())),
            Some(self.address()),
            None,
        )
    }
}

alloy::sol! {
    /// What a holder signs to have somebody else appeal.
    struct Appeal {
        bytes32 policy;
        bytes32 evidence;
    }
}

/// The first event of a kind that a contract made in a transaction.
fn logged<E: SolEvent>(receipt: &TransactionReceipt, contract: Address) -> Option<E> {
    let own = receipt.logs().iter().filter(|log| log.address() == contract);
    own.filter_map(|log| E::decode_log(&log.inner).ok()).map(|log| log.data).next()
}

/// The router's request in the pool's words, which are the same.
fn pool_request(asked: &InferenceRouter::Request) -> ClaimsPool::Request {
    ClaimsPool::Request {
        version: asked.version,
        offer: asked.offer,
        inputs: asked.inputs,
        items: asked.items,
        seed: asked.seed,
        salt: asked.salt,
        mode: asked.mode,
        personal: asked.personal,
        proofAbove: asked.proofAbove,
        valueAtRisk: asked.valueAtRisk,
        fee: asked.fee,
        bond: asked.bond,
        deadline: asked.deadline,
        window: asked.window,
        callbackGas: asked.callbackGas,
        publicInputs: asked.publicInputs.clone(),
    }
}
