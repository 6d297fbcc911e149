//! What an audit file says of a decision, gathered: a node tells where everything is, and nothing that it tells is believed
//! without the proof that a reader will check, but for steps that are older than what the chain's state remembers.

use super::{LogsFault, ReadError, View, logs};
use crate::{
    HeaderError, VerifiedHeader,
    contracts::{ClaimsPool, InferenceRouter},
    evidence::{EvidenceError, header_rlp},
};
use alloy::{
    consensus::Transaction as _,
    providers::Provider,
    rpc::types::{Filter, Log},
    sol_types::{SolCall, SolEvent},
    transports::TransportError,
};
use averment_primitives::{Address, B256, Bytes, VersionId};
use averment_registry::{
    audit::{
        BlockEvidence, ClaimEvidence, DecisionEvidence, PoolEvidence, ReceiptEvidence, RequestEvidence,
        StepsEvidence, ToldEvidence,
    },
    federated::{TaskCodeError, TaskEventError},
    settlement::{self, Event, EventError, Filing, Mode, Request, encode_outputs},
    state::{AccountProof, settlement::BLOCK_HASHES},
};
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

/// Which decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The answer to a request; with all claims that it decided, if a claims pool asked.
    Request(B256),
    /// What decided one claim of a pool, by the identity of the commitment to its evidence.
    Claim {
        /// The pool.
        pool: Address,
        /// The claim's evidence.
        evidence: B256,
    },
}

/// A decision's part of an audit file, without its proof and without inputs.
#[derive(Debug, Clone)]
pub struct Decision {
    /// What the file says.
    pub evidence: DecisionEvidence,
    /// The version that decided.
    pub version: VersionId,
    /// The proof that the router was given, if it was proved in a call of the router itself.
    pub proved: Option<Proved>,
}

/// A proof as the router was given it.
#[derive(Debug, Clone)]
pub struct Proved {
    /// By whom: the statement's beneficiary.
    pub by: Address,
    /// The points of the committed weights and inputs.
    pub points: Bytes,
    /// The proof.
    pub proof: Bytes,
}

/// Why there is no audit of a decision.
#[derive(Debug, Error)]
pub enum DecisionError {
    /// The node gave no events.
    #[error(transparent)]
    Logs(#[from] LogsFault),
    /// The node gave no transaction.
    #[error("asking for transaction {tx} failed: {source}")]
    Transaction {
        /// Its hash.
        tx: B256,
        /// Why.
        source: TransportError,
    },
    /// The node gave no code of a task.
    #[error("asking for the code of {task} failed: {source}")]
    Code {
        /// The task.
        task: Address,
        /// Why.
        source: TransportError,
    },
    /// The contract was not asked.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Code that is no task's.
    #[error(transparent)]
    Task(#[from] TaskCodeError),
    /// An event of a task that is none.
    #[error("the node's events: {0}")]
    TaskEvent(#[from] TaskEventError),
    /// Points that are not on the curve.
    #[error("the node gives points of models of {task} that are none")]
    Points {
        /// The task.
        task: Address,
    },
    /// State could not be proved.
    #[error(transparent)]
    State(#[from] EvidenceError),
    /// A block's header does not check.
    #[error(transparent)]
    Header(#[from] Box<HeaderError>),
    /// An event that is none.
    #[error("the node's events: {0}")]
    Event(#[from] EventError),
    /// There is no such request or claim.
    #[error("the chain has no {what} {id}")]
    Unknown {
        /// What.
        what: &'static str,
        /// Its id.
        id: B256,
    },
    /// The request has no final answer.
    #[error("request {id} has no final answer: there is no decision to audit yet")]
    NotFinal {
        /// The request.
        id: B256,
    },
    /// The node does not know an event that there must be.
    #[error("the node knows no event {event} of {id}: it may not keep logs so old")]
    Missing {
        /// The event.
        event: &'static str,
        /// What it is about.
        id: B256,
    },
}

/// Logs by block and place in it.
pub(super) type Logs = BTreeMap<(u64, u64), Log>;

impl View {
    /// The audit of a decision of `router`, as of the view's block.
    pub async fn settled(&self, router: Address, subject: Subject) -> Result<Decision, DecisionError> {
        let (id, only) = match subject {
            Subject::Request(id) => (id, None),
            Subject::Claim { pool, evidence } => (self.asked_about(pool, evidence).await?, Some(evidence)),
        };
        let own = Filter::new().address(router);
        let routed = self.found(&own.clone().topic1(id)).await?;
        let (requester, request) = requested(id, &routed)?;
        let (end, paid, proved, outputs) = finalised(id, &routed)?;
        let offered = own.event_signature(InferenceRouter::Offered::SIGNATURE_HASH).topic1(request.offer);
        let offered = self.found(&offered).await?;
        let missing = DecisionError::Missing { event: "Offered", id: request.offer };
        let offer = offered.into_values().next().ok_or(missing)?.inner.data.data;

        // What else the contracts say of a request (who else was slashed) is no step of it.
        let mut steps = Logs::new();
        for (place, log) in routed {
            if Event::of_router(id, &raw(&log))?.is_some() {
                steps.insert(place, log);
            }
        }
        if proved.is_zero() && request.effective_mode() == Mode::Quorum {
            for (place, log) in self.found(&Filter::new().address(paid).topic1(id)).await? {
                if Event::of_staking(id, &raw(&log))?.is_some() {
                    steps.insert(place, log);
                }
            }
        }
        let pool = self.claims(requester, id, only, &mut steps).await?;
        let slots = DecisionEvidence::router_slots(request.version, request.offer, id);
        let (router_proof, implementation) = self.proxy(router, &slots).await?;
        let proved = match proved {
            Address::ZERO => None,
            by => self.proof(router, by, end).await?,
        };
        Ok(Decision {
            version: request.version,
            evidence: DecisionEvidence {
                router: router_proof,
                implementation,
                offer,
                request: RequestEvidence { id, requester, asked: request.encode().into() },
                outputs: encode_outputs(&outputs).into(),
                steps: self.steps(&steps).await?,
                proof: None,
                inputs: None,
                pool,
            },
            proved,
        })
    }

    /// The request in which a pool asked about a claim.
    async fn asked_about(&self, pool: Address, evidence: B256) -> Result<B256, DecisionError> {
        let filter = Filter::new().address(pool).event_signature(ClaimsPool::Asked::SIGNATURE_HASH);
        let asked = self.found(&filter).await?.into_values().find_map(|log| {
            let event = ClaimsPool::Asked::decode_log(&log.inner).ok()?;
            event.evidence.contains(&evidence).then_some(event.request)
        });
        asked.ok_or(DecisionError::Unknown { what: "claim that was asked about,", id: evidence })
    }

    /// What a pool did with the answer, with the events that say so; none if the requester is no pool.
    async fn claims(
        &self,
        pool: Address,
        request: B256,
        only: Option<B256>,
        steps: &mut Logs,
    ) -> Result<Option<PoolEvidence>, DecisionError> {
        let own = Filter::new().address(pool);
        let asked = own.clone().event_signature(ClaimsPool::Asked::SIGNATURE_HASH).topic1(request);
        let asked = self.found(&asked).await?;
        let batch = asked.values().find_map(|log| ClaimsPool::Asked::decode_log(&log.inner).ok());
        let Some(batch) = batch else { return Ok(None) };
        steps.extend(asked);
        let (routine, evidence) = (batch.routine, batch.data.evidence);
        let chosen: Vec<B256> =
            evidence.iter().copied().filter(|one| only.is_none_or(|only| only == *one)).collect();
        let filed = own.clone().event_signature(ClaimsPool::Filed::SIGNATURE_HASH).topic2(chosen.clone());
        let filed = self.found(&filed).await?;
        let mut policies = BTreeMap::new();
        for log in filed.values() {
            if let Ok(event) = ClaimsPool::Filed::decode_log(&log.inner) {
                policies.insert(event.evidence, (event.policy, log.transaction_hash));
            }
        }
        let about: Vec<B256> =
            chosen.iter().copied().chain(policies.values().map(|(policy, _)| *policy)).collect();
        let mut products = BTreeMap::new();
        for (place, log) in self.found(&own.topic1(about)).await? {
            let Some(event) = Event::of_pool(&raw(&log))? else { continue };
            let concerns = match &event {
                Event::Sold { policy, product, .. } => {
                    products.insert(*policy, *product);
                    true
                }
                Event::Filed { evidence, .. } | Event::Paid { evidence, .. } => chosen.contains(evidence),
                _ => true,
            };
            if concerns {
                steps.insert(place, log);
            }
        }
        let mut claims = Vec::new();
        for (identity, place) in evidence.iter().zip(0_u16..) {
            if !chosen.contains(identity) {
                continue;
            }
            let missing = |event, id| DecisionError::Missing { event, id };
            let (policy, tx) = policies.get(identity).copied().ok_or(missing("Filed", *identity))?;
            let product = products.get(&policy).copied().ok_or(missing("PolicySold", policy))?;
            let filing = self.filing(pool, *identity, tx).await?;
            claims.push(ClaimEvidence { place, policy, product, filing });
        }
        let kinds = claims.iter().map(|claim| claim.product).collect();
        let named: Vec<(B256, B256)> =
            chosen.iter().copied().zip(claims.iter().map(|claim| claim.policy)).collect();
        let (account, implementation) =
            self.proxy(pool, &PoolEvidence::slots(routine, &kinds, named)).await?;
        Ok(Some(PoolEvidence { account, implementation, routine, evidence, claims }))
    }

    /// What the intake signed, if the claim was filed in a call of the pool itself.
    async fn filing(
        &self,
        pool: Address,
        evidence: B256,
        tx: Option<B256>,
    ) -> Result<Option<Filing>, DecisionError> {
        let Some((to, input)) = self.call(tx).await? else { return Ok(None) };
        let Some(call) = ClaimsPool::fileCall::abi_decode(&input).ok().filter(|_| to == pool) else {
            return Ok(None);
        };
        let own = call.filings.into_iter().find(|filing| filing.intake.evidence == evidence);
        // A contract's signature cannot be checked offline.
        let own = own.filter(|filing| filing.signature.len() == 65);
        Ok(own.map(|filing| Filing {
            happened_at: filing.intake.happenedAt.to::<u64>(),
            expiry: filing.intake.expiry.to::<u64>(),
            signer: filing.signer,
            signature: filing.signature,
        }))
    }

    /// The proof that the router was given in a transaction, if that called the router itself.
    async fn proof(
        &self,
        router: Address,
        by: Address,
        tx: Option<B256>,
    ) -> Result<Option<Proved>, DecisionError> {
        let Some((to, input)) = self.call(tx).await? else { return Ok(None) };
        if to != router {
            return Ok(None);
        }
        let given = InferenceRouter::proveCall::abi_decode(&input).ok().map(|call| call.proof);
        let given =
            given.or_else(|| InferenceRouter::overruleCall::abi_decode(&input).ok().map(|call| call.proof));
        Ok(given.map(|given| Proved { by, points: given.points, proof: given.proof }))
    }

    /// Whom a transaction called, and with what.
    pub(super) async fn call(&self, tx: Option<B256>) -> Result<Option<(Address, Bytes)>, DecisionError> {
        let Some(tx) = tx else { return Ok(None) };
        let found = self.client.ledger.provider().get_transaction_by_hash(tx).await;
        let found = found.map_err(|source| DecisionError::Transaction { tx, source })?;
        Ok(found.and_then(|found| Some((found.to()?, found.input().clone()))))
    }

    /// The proofs of a proxy with `slots`, the first of which is its implementation's, and of the code behind it.
    pub(super) async fn proxy(
        &self,
        address: Address,
        slots: &[B256],
    ) -> Result<(AccountProof, AccountProof), DecisionError> {
        let ledger = &self.client.ledger;
        let (account, proven) = ledger.prove(&self.block, address, slots).await?;
        let behind = Address::from_word(proven.slots.first().copied().unwrap_or_default());
        let (implementation, _) = ledger.prove(&self.block, behind, &[]).await?;
        Ok((account, implementation))
    }

    /// The steps, proved as far as the chain's state remembers their blocks.
    pub(super) async fn steps(&self, found: &Logs) -> Result<StepsEvidence, DecisionError> {
        let ledger = &self.client.ledger;
        let mut of_blocks: BTreeMap<u64, Vec<(u64, &Log)>> = BTreeMap::new();
        for ((block, index), log) in found {
            of_blocks.entry(*block).or_default().push((*index, log));
        }
        let mut headers = BTreeMap::new();
        for number in of_blocks.keys() {
            headers.insert(*number, ledger.verified_header(*number).await.map_err(Box::new)?);
        }
        let trusted = self.block.header.number;
        let older: Vec<u64> =
            of_blocks.keys().copied().filter(|number| StepsEvidence::remembers(trusted, *number)).collect();
        let mut known = self.remembered(&older, &headers).await?;
        let mut blocks = Vec::new();
        let mut told = Vec::new();
        let mut proved = Vec::new();
        for (number, logs) in &of_blocks {
            let Some(header) = headers.get(number) else { continue };
            let places: BTreeSet<u64> = logs.iter().filter_map(|(_, log)| log.transaction_index).collect();
            let mut proofs = None;
            if *number == trusted || known.contains(number) {
                proofs = ledger.prove_receipts(header, &places).await;
            }
            if let Some(proofs) = proofs {
                let receipts = proofs.into_iter().map(|(index, proof)| ReceiptEvidence { index, proof });
                blocks.push(BlockEvidence { header: header_rlp(header), receipts: receipts.collect() });
                proved.push(*number);
            } else {
                told.extend(logs.iter().map(|(index, log)| ToldEvidence {
                    block: *number,
                    timestamp: header.header.timestamp,
                    index: *index,
                    log: raw(log),
                }));
            }
        }
        known.retain(|number| proved.contains(number));
        let slots = StepsEvidence::slots(known.iter().copied());
        let block_hashes = match slots.as_slice() {
            [] => None,
            slots => Some(ledger.prove(&self.block, BLOCK_HASHES.0, slots).await?.0),
        };
        Ok(StepsEvidence { block_hashes, blocks, told })
    }

    /// Which of these blocks' hashes the state holds: all of them, or none where the chain has no such contract.
    async fn remembered(
        &self,
        numbers: &[u64],
        headers: &BTreeMap<u64, VerifiedHeader>,
    ) -> Result<BTreeSet<u64>, DecisionError> {
        if numbers.is_empty() {
            return Ok(BTreeSet::new());
        }
        let slots = StepsEvidence::slots(numbers.iter().copied());
        let proven = match self.client.ledger.prove(&self.block, BLOCK_HASHES.0, &slots).await {
            Ok((_, proven)) => proven,
            Err(EvidenceError::Proof { .. }) => return Ok(BTreeSet::new()),
            Err(error) => return Err(error.into()),
        };
        let held = numbers.iter().zip(&proven.slots);
        let held =
            held.filter(|(number, hash)| headers.get(number).is_some_and(|header| header.hash == **hash));
        Ok(held.map(|(number, _)| *number).collect())
    }

    pub(super) async fn found(&self, filter: &Filter) -> Result<Logs, DecisionError> {
        let mut found = Logs::new();
        let take = |log: Log| {
            if let (Some(block), Some(index)) = (log.block_number, log.log_index) {
                found.insert((block, index), log);
            }
            Ok::<(), LogsFault>(())
        };
        let last = self.block.header.number;
        logs(&self.client.ledger, filter, self.client.from_block, last, take).await?;
        Ok(found)
    }
}

pub(super) fn raw(log: &Log) -> settlement::Log {
    settlement::Log {
        address: log.address(),
        topics: log.topics().to_vec(),
        data: log.inner.data.data.clone(),
    }
}

fn requested(id: B256, routed: &Logs) -> Result<(Address, Request), DecisionError> {
    for log in routed.values() {
        if let Some(Event::Requested { requester, request }) = Event::of_router(id, &raw(log))? {
            return Ok((requester, request));
        }
    }
    Err(DecisionError::Unknown { what: "request", id })
}

/// The transaction of a request's end, who is paid, who proved it, and the outputs.
fn finalised(id: B256, routed: &Logs) -> Result<(Option<B256>, Address, Address, Vec<i64>), DecisionError> {
    for log in routed.values() {
        if let Some(Event::Finalised { paid, proved, outputs }) = Event::of_router(id, &raw(log))? {
            return Ok((log.transaction_hash, paid, proved, outputs));
        }
    }
    Err(DecisionError::NotFinal { id })
}
