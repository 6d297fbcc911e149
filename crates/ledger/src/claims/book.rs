//! What became of a pool's policies and claims, by its events up to a final block.
//!
//! Events are the node's word. What is done by them the contract checks again; where a claim stands, [`ClaimsClient::claim`]
//! asks the contract.

use super::{ClaimsClient, Stage};
use crate::{
    HeaderError, VerifiedHeader,
    contracts::ClaimsPool::{self, ClaimsPoolEvents as Told},
    registry::{LogsFault, logs},
};
use alloy::{
    rpc::types::{Filter, Log},
    sol_types::SolEventInterface,
};
use averment_primitives::{Address, B256};
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

/// A pool's policies and claims.
#[derive(Debug, Clone)]
pub struct Book {
    /// As of this block.
    pub block: VerifiedHeader,
    /// Products by their numbers.
    pub products: BTreeMap<u16, Product>,
    /// How claims are decided, by number.
    pub routines: BTreeMap<u16, ClaimsPool::Routine>,
    /// Who may sign claims now.
    pub intakes: BTreeSet<Address>,
    /// Policies by their ids.
    pub policies: BTreeMap<B256, Sold>,
    /// Claims, in the order in which they were filed.
    pub claims: Vec<Claimed>,
    /// What the router was asked, in order: the request, the routine, and the claims' evidence.
    pub batches: Vec<Asked>,
}

/// A product.
#[derive(Debug, Clone)]
pub struct Product {
    /// What it costs, pays, and for how long.
    pub terms: ClaimsPool::Product,
    /// Whether it is sold.
    pub open: bool,
}

/// A policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sold {
    /// Who is paid.
    pub holder: Address,
    /// Its product.
    pub product: u16,
    /// Whether it ended without being paid.
    pub lapsed: bool,
}

/// A claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The policy.
    pub policy: B256,
    /// The identity of the commitment to the evidence.
    pub evidence: B256,
    /// Who signed it.
    pub intake: Address,
    /// Where it stands.
    pub stage: Stage,
    /// The request that it was part of.
    pub request: Option<B256>,
    /// Of the answer what counted.
    pub output: Option<i64>,
    /// Who reviewed it, and the commitment to the reasons.
    pub review: Option<(Address, B256)>,
    /// To whom it was paid, and what.
    pub paid: Option<(Address, u128)>,
}

impl Claimed {
    /// As the contract takes it.
    pub fn claim(&self) -> ClaimsPool::Claim {
        ClaimsPool::Claim { policy: self.policy, evidence: self.evidence }
    }
}

/// A batch of claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The router's request.
    pub request: B256,
    /// How they are decided.
    pub routine: u16,
    /// The claims' evidence, in the order of the request's inputs.
    pub evidence: Vec<B256>,
}

/// Why there is no book.
#[derive(Debug, Error)]
pub enum BookError {
    /// No final block that checks.
    #[error(transparent)]
    Header(#[from] Box<HeaderError>),
    /// The node gave no events.
    #[error(transparent)]
    Logs(#[from] LogsFault),
    /// An event that cannot stand where it does.
    #[error("block {block}: {why}; the node is wrong or lies, or the pool is newer than this program")]
    Event {
        /// The block that the node names.
        block: u64,
        /// What is wrong.
        why: String,
    },
}

impl ClaimsClient {
    /// Everything that happened, as of the newest final block.
    pub async fn book(&self) -> Result<Book, BookError> {
        let block = self.ledger.newest_final().await.map_err(Box::new)?;
        let last = block.header.number;
        let mut book = Book::empty(block);
        let filter = Filter::new().address(self.address());
        let mut before = None;
        logs(&self.ledger, &filter, self.contracts.block_number, last, |log: Log| {
            let place = (log.block_number.unwrap_or_default(), log.log_index.unwrap_or_default());
            let wrong = |why: String| BookError::Event { block: place.0, why };
            if log.removed || before.is_some_and(|before| before >= place) {
                return Err(wrong("an event that is not in the chain's order".to_owned()));
            }
            before = Some(place);
            let event = Told::decode_log(&log.inner).map_err(|error| wrong(error.to_string()))?;
            book.take(event.data).map_err(wrong)
        })
        .await?;
        Ok(book)
    }
}

impl Book {
    fn empty(block: VerifiedHeader) -> Self {
        Self {
            block,
            products: BTreeMap::new(),
            routines: BTreeMap::new(),
            intakes: BTreeSet::new(),
            policies: BTreeMap::new(),
            claims: Vec::new(),
            batches: Vec::new(),
        }
    }

    /// The claim about this evidence.
    pub fn claim(&self, evidence: B256) -> Option<&Claimed> {
        self.claims.iter().find(|own| own.evidence == evidence)
    }

    /// Policies that neither ended nor have a claim that was not denied for good, with the seconds after their sale until
    /// which claims can be filed.
    pub fn without_claims(&self) -> impl Iterator<Item = (B256, u64)> {
        let claimed: BTreeSet<B256> =
            self.claims.iter().filter(|own| own.stage != Stage::Denied).map(|own| own.policy).collect();
        self.policies.iter().filter(move |(id, own)| !own.lapsed && !claimed.contains(*id)).filter_map(
            |(id, own)| {
                let terms = &self.products.get(&own.product)?.terms;
                Some((*id, u64::from(terms.term) + u64::from(terms.filing)))
            },
        )
    }

    /// Claims that stand there, in the order in which they were filed.
    pub fn at(&self, stage: Stage) -> impl Iterator<Item = &Claimed> {
        self.claims.iter().filter(move |own| own.stage == stage)
    }

    /// How a claim is decided.
    pub fn routine_of(&self, claim: &Claimed) -> Option<u16> {
        let policy = self.policies.get(&claim.policy)?;
        Some(self.products.get(&policy.product)?.terms.routine)
    }

    fn take(&mut self, event: Told) -> Result<(), String> {
        match event {
            Told::ProductAdded(e) => {
                self.products.insert(e.product, Product { terms: e.terms, open: true });
            }
            Told::SaleSet(e) => {
                let product = self.products.get_mut(&e.product);
                product.ok_or_else(|| format!("there is no product {}", e.product))?.open = e.open;
            }
            Told::RoutineAdded(e) => {
                self.routines.insert(e.routine, e.terms);
            }
            Told::Authorised(e) => {
                let routine = self.routines.get_mut(&e.routine);
                let routine = routine.ok_or_else(|| format!("there is no routine {}", e.routine))?;
                (routine.version, routine.offer) = (e.version, e.offer);
            }
            Told::IntakeSet(e) if e.accredited => {
                self.intakes.insert(e.intake);
            }
            Told::IntakeSet(e) => {
                self.intakes.remove(&e.intake);
            }
            Told::PolicySold(e) => {
                self.policies.insert(e.policy, Sold { holder: e.holder, product: e.product, lapsed: false });
            }
            Told::PolicyLapsed(e) => {
                let policy = self.policies.get_mut(&e.policy);
                policy.ok_or_else(|| format!("policy {} was never sold", e.policy))?.lapsed = true;
            }
            Told::Filed(e) => self.claims.push(Claimed {
                policy: e.policy,
                evidence: e.evidence,
                intake: e.intake,
                stage: Stage::Filed,
                request: None,
                output: None,
                review: None,
                paid: None,
            }),
            Told::Asked(e) => {
                for evidence in &e.evidence {
                    let own = self.moved(*evidence, Stage::Asked)?;
                    own.request = Some(e.request);
                }
                let (request, routine, evidence) = (e.request, e.routine, e.evidence);
                self.batches.push(Asked { request, routine, evidence });
            }
            Told::Decided(e) => self.moved(e.evidence, stage(e.stage)?)?.output = Some(e.output),
            Told::Appealed(e) => drop(self.moved(e.evidence, Stage::InReview)?),
            Told::Unanswered(e) => drop(self.moved(e.evidence, Stage::InReview)?),
            Told::Reviewed(e) => {
                self.moved(e.evidence, stage(e.stage)?)?.review = Some((e.reviewer, e.reason));
            }
            Told::Unreviewed(e) => drop(self.moved(e.evidence, Stage::Accepted)?),
            Told::Unappealed(e) => drop(self.moved(e.evidence, Stage::Denied)?),
            Told::Paid(e) => self.moved(e.evidence, Stage::Paid)?.paid = Some((e.to, e.amount)),
            // Capital and governance.
            _ => {}
        }
        Ok(())
    }

    fn moved(&mut self, evidence: B256, stage: Stage) -> Result<&mut Claimed, String> {
        let own = self.claims.iter_mut().find(|own| own.evidence == evidence);
        let own = own.ok_or_else(|| format!("the claim {evidence} was never filed"))?;
        own.stage = stage;
        Ok(own)
    }
}

fn stage(code: u8) -> Result<Stage, String> {
    Stage::from_code(code).ok_or_else(|| format!("stage {code} is unknown to this release"))
}
