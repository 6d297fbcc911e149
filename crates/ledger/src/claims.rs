//! A typed client of `ClaimsPool`: an insurer's, an intake's, a claimant's and everybody's who moves claims on.
//!
//! What a batch was asked with is read from the chain's events, so whoever decides it needs to keep nothing. States are
//! those of the newest final block.

mod book;
mod error;
mod filing;
mod insurer;

pub use averment_registry::settlement::ClaimStage as Stage;
pub use book::{Asked, Book, BookError, Claimed, Product, Sold};
pub use error::ClaimsError;
pub use filing::{FILING_BYTES, FilingError, FilingFile};
pub use insurer::Authorised;

use crate::{
    Ledger,
    contracts::{ClaimsPool, DeploymentFault, InferenceRouter, PoolContracts, SendError, Sender, Sent},
    keys::{AccountKey, SignError},
    registry::{ReadError, ask},
    settlement::SettlementError,
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

    /// Buys a policy of `product` for `holder`, from the sender's tokens, of which the pool is first allowed to take the
    /// premium, unless it may already.
    pub async fn buy(
        &self,
        sender: &Sender,
        product: u16,
        holder: Address,
        salt: B256,
    ) -> Result<(Policy, Vec<Sent>), SettlementError> {
        let terms = self.read("productOf", ClaimsPool::productOfCall { product }).await?.terms;
        let call = ClaimsPool::buyCall { product, holder, salt };
        let sent = self.paying(sender, U256::from(terms.premium), "buy a policy", &call).await?;
        let read = ClaimsPool::policyIdOfCall { product, holder, salt };
        Ok((Policy { id: self.read("policyIdOf", read).await?, holder }, sent))
    }

    /// Ends policies that can have no claims any more, and frees what was reserved for them.
    pub async fn lapse(&self, sender: &Sender, policies: Vec<B256>) -> Result<Sent, SendError> {
        self.send(sender, "end policies", &ClaimsPool::lapseCall { ended: policies }).await
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
        let (asked, evidence) = (batch.asked.clone().into(), batch.evidence.clone());
        self.send(sender, "decide claims", &ClaimsPool::decideCall { asked, evidence, outputs }).await
    }

    /// Brings a batch before the reviewer whose request was refunded.
    pub async fn unanswered(&self, sender: &Sender, batch: &Batch) -> Result<Sent, SendError> {
        let (asked, evidence) = (batch.asked.clone().into(), batch.evidence.clone());
        self.send(sender, "bring claims before the reviewer", &ClaimsPool::unansweredCall { asked, evidence })
            .await
    }

    /// Brings claims before the reviewer that nobody asked about in time.
    pub async fn unasked(&self, sender: &Sender, evidence: Vec<B256>) -> Result<Sent, SendError> {
        self.send(sender, "bring claims before the reviewer", &ClaimsPool::unaskedCall { evidence }).await
    }

    /// Accepts claims on which no reviewer decided in time.
    pub async fn unreviewed(&self, sender: &Sender, evidence: Vec<B256>) -> Result<Sent, SendError> {
        self.send(sender, "accept claims that nobody reviewed", &ClaimsPool::unreviewedCall { evidence })
            .await
    }

    /// Closes rejected claims that were not appealed in time.
    pub async fn unappealed(
        &self,
        sender: &Sender,
        claims: Vec<ClaimsPool::Claim>,
    ) -> Result<Sent, SendError> {
        self.send(sender, "close claims that were not appealed", &ClaimsPool::unappealedCall { claims }).await
    }

    /// Appeals a rejected claim in the holder's name, who signs.
    pub async fn appeal(
        &self,
        sender: &Sender,
        holder: &AccountKey,
        claim: ClaimsPool::Claim,
    ) -> Result<Sent, ClaimsError> {
        let appeal = Appeal { policy: claim.policy, evidence: claim.evidence };
        let signature = holder.sign_typed_data(&appeal, &self.domain())?.as_bytes().into();
        Ok(self.send(sender, "appeal a claim", &ClaimsPool::appealCall { claim, signature }).await?)
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

    /// Pays an accepted claim to `to`; by its holder.
    pub async fn withdraw(
        &self,
        holder: &Sender,
        claim: ClaimsPool::Claim,
        to: Address,
    ) -> Result<Sent, SendError> {
        self.send(holder, "withdraw a payout", &ClaimsPool::withdrawCall { claim, to }).await
    }

    /// The seconds that everybody has.
    pub async fn times(&self) -> Result<ClaimsPool::Times, ReadError> {
        self.read("times", ClaimsPool::timesCall {}).await
    }

    /// When a policy began, in seconds of Unix time; zero if it was never sold.
    pub async fn policy_from(&self, policy: B256) -> Result<u64, ReadError> {
        Ok(self.read("policyOf", ClaimsPool::policyOfCall { id: policy }).await?.from.to::<u64>())
    }

    /// Whether somebody may sign claims now.
    pub async fn is_accredited(&self, intake: Address) -> Result<bool, ReadError> {
        self.read("isAccredited", ClaimsPool::isAccreditedCall { intake }).await
    }

    /// The claims that a routine is asked about next, in the order in which they were filed: all that were filed in
    /// earlier periods than that of `now` (seconds of Unix time), or as many as a batch takes.
    pub async fn ready(&self, book: &Book, routine: u16, now: u64) -> Result<Vec<B256>, ReadError> {
        let times = self.times().await?;
        let (cadence, patience) = (u64::from(times.cadence.max(1)), u64::from(times.patience));
        let most = book.routines.get(&routine).map_or(0, |terms| usize::from(terms.batch));
        let mut ready = Vec::new();
        for own in book.at(Stage::Filed).filter(|own| book.routine_of(own) == Some(routine)) {
            let filed = self.claim(own.evidence).await?.until.saturating_sub(patience);
            if ready.len() < most && filed / cadence < now / cadence {
                ready.push(own.evidence);
            }
        }
        Ok(ready)
    }

    /// Where a claim stands.
    pub async fn claim(&self, evidence: B256) -> Result<ClaimState, ReadError> {
        let found = self.read("claimOf", ClaimsPool::claimOfCall { evidence }).await?;
        Ok(ClaimState {
            // The contract has no other stages.
            stage: Stage::from_code(found.stage).unwrap_or(Stage::None),
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
        self.read_of(self.address(), what, call).await
    }

    async fn read_of<C: SolCall>(
        &self,
        contract: Address,
        what: &'static str,
        call: C,
    ) -> Result<C::Return, ReadError> {
        let block = self.ledger.newest_final().await?;
        ask(&self.ledger, &block, what, contract, call).await
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
