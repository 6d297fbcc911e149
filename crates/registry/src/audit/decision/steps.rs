//! What happened on the way: receipts of blocks that the trusted state remembers, and what is told of older ones; all of it
//! held against what is final.

use super::{
    evidence::{PoolEvidence, StepsEvidence, ToldEvidence},
    fault::DecisionFault,
    verified::{Answer, Step, VerifiedPool},
    verify::ascending,
};
use crate::{
    settlement::{ClaimStage, Event, EventError, Log, Mode, Request, Router},
    state::{Header, receipt_logs, settlement::BLOCK_HASHES},
};
use averment_primitives::{Address, B256};

/// What is proved of a decision without its steps.
pub(super) struct Settled<'a> {
    pub(super) id: B256,
    pub(super) router: Router,
    pub(super) requester: Address,
    pub(super) request: &'a Request,
    pub(super) outputs: &'a [i64],
    pub(super) since: u64,
    pub(super) pool: Option<(&'a PoolEvidence, &'a VerifiedPool)>,
}

/// Logs that came together: of one receipt, or one that is told.
pub(in super::super) struct Found {
    what: &'static str,
    index: u64,
    pub(in super::super) block: u64,
    pub(in super::super) timestamp: u64,
    pub(in super::super) proved: bool,
    pub(in super::super) logs: Vec<Log>,
}

/// Checks the steps, and how they led to the answer.
pub(super) fn verify(
    given: &StepsEvidence,
    settled: &Settled<'_>,
    trusted: &Header,
) -> Result<(Vec<Step>, Answer), DecisionFault> {
    let found = gathered(given, trusted)?;

    // Who is paid for a committee's answer is the contract that says who they are.
    let end = finalised(&found, settled)?;
    let staking = if end.proved.is_zero() { end.paid } else { Address::ZERO };
    let mut steps = Vec::new();
    for Found { what, index, block, timestamp, proved, logs } in &found {
        let (number, before) = (*block, steps.len());
        for log in logs {
            let event = settled.read(log, staking).map_err(|error| DecisionFault::Event { number, error })?;
            let Some(event) = event else { continue };
            settled.agrees(&event, *timestamp)?;
            let (timestamp, proved, contract) = (*timestamp, *proved, log.address);
            steps.push(Step { block: number, timestamp, proved, contract, event });
        }
        if steps.len() == before {
            return Err(DecisionFault::Surplus { number, what, index: *index });
        }
    }
    let requests = steps.iter().filter(|step| matches!(step.event, Event::Requested { .. })).count();
    if requests != 1 {
        return Err(DecisionFault::StepCount { event: "Requested", got: requests });
    }
    let answer = answer(&steps, &end, settled)?;
    Ok((steps, answer))
}

/// What contracts said, in order: the receipts of blocks that the trusted state knows, and what is told.
pub(in super::super) fn gathered(
    given: &StepsEvidence,
    trusted: &Header,
) -> Result<Vec<Found>, DecisionFault> {
    ascending("steps that are told", given.told.iter().map(|told| (told.block, told.index)))?;
    let mut found = proved(given, trusted)?;
    for ToldEvidence { block, timestamp, index, log } in &given.told {
        let (index, block, timestamp) = (*index, *block, *timestamp);
        if block > trusted.number || timestamp > trusted.timestamp {
            return Err(DecisionFault::Surplus { number: block, what: "log", index });
        }
        let logs = vec![log.clone()];
        found.push(Found { what: "log", index, block, timestamp, proved: false, logs });
    }
    // Stable: within a block as they are given.
    found.sort_by_key(|found| found.block);
    Ok(found)
}

/// The receipts of blocks that the trusted state knows.
fn proved(given: &StepsEvidence, trusted: &Header) -> Result<Vec<Found>, DecisionFault> {
    let headers: Vec<Header> = given
        .blocks
        .iter()
        .map(|block| Header::decode(&block.header).map_err(DecisionFault::Header))
        .collect::<Result<_, _>>()?;
    ascending("blocks with steps", headers.iter().map(|header| header.number))?;
    check_hashes(given, &headers, trusted)?;
    let mut found = Vec::new();
    for (block, header) in given.blocks.iter().zip(&headers) {
        let (number, timestamp) = (header.number, header.timestamp);
        if block.receipts.is_empty() {
            return Err(DecisionFault::Surplus { number, what: "block", index: number });
        }
        ascending("receipts of a block", block.receipts.iter().map(|receipt| receipt.index))?;
        for receipt in &block.receipts {
            let index = receipt.index;
            let logs = receipt_logs(header.receipts_root, index, &receipt.proof)
                .map_err(|error| DecisionFault::Receipt { number, error })?;
            found.push(Found { what: "receipt", index, block: number, timestamp, proved: true, logs });
        }
    }
    Ok(found)
}

/// Whether the trusted state knows the hashes of these blocks; the trusted block is itself one that it may be.
fn check_hashes(given: &StepsEvidence, headers: &[Header], trusted: &Header) -> Result<(), DecisionFault> {
    let (contract, kept) = BLOCK_HASHES;
    let older = headers.iter().filter(|header| header.number != trusted.number);
    let slots = StepsEvidence::slots(older.clone().map(|header| header.number));
    let state = |error| DecisionFault::State { contract: "contract that keeps hashes of blocks", error };
    let stored = match (&given.block_hashes, slots.as_slice()) {
        (None, []) => Vec::new(),
        (Some(proof), [_, ..]) => proof.verify(trusted.state_root, contract, &slots).map_err(state)?.slots,
        (None, [_, ..]) | (Some(_), []) => {
            return Err(DecisionFault::Order { list: "hashes of blocks", place: slots.len() });
        }
    };
    for (header, expected) in older.zip(stored) {
        let (number, got) = (header.number, header.hash);
        if !StepsEvidence::remembers(trusted.number, number) {
            return Err(DecisionFault::Forgotten { number, trusted: trusted.number, kept });
        }
        if expected != got {
            return Err(DecisionFault::StepBlock { number, expected, got });
        }
    }
    let own = headers.iter().find(|header| header.number == trusted.number && header.hash != trusted.hash);
    own.map_or(Ok(()), |header| {
        let (number, expected, got) = (header.number, trusted.hash, header.hash);
        Err(DecisionFault::StepBlock { number, expected, got })
    })
}

/// The end of a request, as the router says it.
struct End {
    paid: Address,
    proved: Address,
}

fn finalised(found: &[Found], settled: &Settled<'_>) -> Result<End, DecisionFault> {
    let mut ends = Vec::new();
    for Found { logs, block, .. } in found {
        for log in logs.iter().filter(|log| log.address == settled.router.address) {
            let event = Event::of_router(settled.id, log);
            let event = event.map_err(|error| DecisionFault::Event { number: *block, error })?;
            if let Some(Event::Finalised { paid, proved, .. }) = event {
                ends.push(End { paid, proved });
            }
        }
    }
    let got = ends.len();
    match ends.pop() {
        Some(end) if got == 1 => Ok(end),
        _ => Err(DecisionFault::StepCount { event: "Finalised", got }),
    }
}

/// How the steps led to the answer.
fn answer(steps: &[Step], end: &End, settled: &Settled<'_>) -> Result<Answer, DecisionFault> {
    if !end.proved.is_zero() {
        return Ok(Answer::Proved { by: end.proved });
    }
    let missing = |event| DecisionFault::StepCount { event, got: 0 };
    match settled.request.effective_mode() {
        Mode::Proof => Err(DecisionFault::Step { event: "Finalised", what: "prover" }),
        Mode::Optimistic => {
            let mut answers = steps.iter().rev().filter_map(|step| match &step.event {
                Event::Answered { answerer, until, outputs } => Some((*answerer, *until, outputs)),
                _ => None,
            });
            let (answerer, until, outputs) = answers.next().ok_or(missing("Answered"))?;
            if answerer != end.paid || outputs != settled.outputs {
                return Err(DecisionFault::Step { event: "Answered", what: "answer" });
            }
            Ok(Answer::Unchallenged { answerer, until })
        }
        Mode::Quorum => {
            let drawn = steps.iter().find_map(|step| match &step.event {
                Event::Drawn { threshold, members, .. } => Some((*threshold, members.clone())),
                _ => None,
            });
            let (threshold, members) = drawn.ok_or(missing("Drawn"))?;
            let ended = steps.iter().find_map(|step| match &step.event {
                Event::Ended { outcome: 0, agreeing } => Some(agreeing.clone()),
                _ => None,
            });
            let agreeing = ended.ok_or(missing("Ended"))?;
            let known = agreeing.iter().all(|number| members.iter().any(|(member, _)| member == number));
            if !known || agreeing.len() < usize::from(threshold) {
                return Err(DecisionFault::Step { event: "Ended", what: "committee" });
            }
            Ok(Answer::Agreed { staking: end.paid, threshold, members, agreeing })
        }
    }
}

impl Settled<'_> {
    /// What a log says of this decision; `staking` is the contract of operators' stake.
    fn read(&self, log: &Log, staking: Address) -> Result<Option<Event>, EventError> {
        if log.address == self.router.address {
            return Event::of_router(self.id, log);
        }
        if let Some((given, pool)) = self.pool.filter(|_| log.address == self.requester) {
            let event = Event::of_pool(log)?;
            return Ok(event.filter(|event| self.is_of_claims(event, log, given, pool)));
        }
        if log.address == staking { Event::of_staking(self.id, log) } else { Ok(None) }
    }

    /// Whether an event of the pool is about the claims that the file is about, or the request.
    fn is_of_claims(&self, event: &Event, log: &Log, given: &PoolEvidence, pool: &VerifiedPool) -> bool {
        match event {
            Event::Asked { .. } => Event::asked_in(log) == Some(self.id),
            Event::Sold { policy, .. } => given.claims.iter().any(|claim| claim.policy == *policy),
            Event::Filed { evidence, .. }
            | Event::Decided { evidence, .. }
            | Event::Appealed { evidence }
            | Event::Unanswered { evidence }
            | Event::Reviewed { evidence, .. }
            | Event::Unreviewed { evidence }
            | Event::Unappealed { evidence }
            | Event::Paid { evidence, .. } => pool.claims.iter().any(|claim| claim.evidence == *evidence),
            _ => false,
        }
    }

    /// Refuses an event that says something else than what is proved.
    fn agrees(&self, event: &Event, timestamp: u64) -> Result<(), DecisionFault> {
        let other = |what| Err(DecisionFault::Step { event: event.name(), what });
        let claim = |identity: &B256| {
            let claims = self.pool.into_iter().flat_map(|(_, pool)| &pool.claims);
            claims.into_iter().find(|claim| claim.evidence == *identity)
        };
        match event {
            Event::Requested { requester, request } => {
                if *requester != self.requester {
                    return other("requester");
                }
                if request != self.request {
                    return other("request");
                }
            }
            Event::Finalised { outputs, .. } => {
                if outputs != self.outputs {
                    return other("answer");
                }
                if timestamp != self.since {
                    return other("time");
                }
            }
            Event::Asked { routine, evidence } => {
                let own = self.pool.map(|(given, _)| (given.routine, &given.evidence));
                if own != Some((*routine, evidence)) {
                    return other("batch");
                }
            }
            Event::Sold { policy, holder, product } => {
                let claims = self.pool.into_iter().flat_map(|(_, pool)| &pool.claims);
                let mut own = claims.into_iter().filter(|claim| claim.policy == *policy);
                if !own.any(|claim| claim.holder == *holder && claim.product == *product) {
                    return other("policy");
                }
            }
            Event::Filed { policy, evidence, intake } => {
                let Some(claim) = claim(evidence).filter(|claim| claim.policy == *policy) else {
                    return other("policy");
                };
                if claim.filing.as_ref().is_some_and(|filing| filing.signer != *intake) {
                    return other("intake");
                }
            }
            Event::Decided { evidence, stage, output } => {
                let decided = |accepted| if accepted { ClaimStage::Accepted } else { ClaimStage::Rejected };
                let own = claim(evidence).map(|claim| (decided(claim.accepted), claim.output));
                if own != Some((*stage, Some(*output))) {
                    return other("decision");
                }
            }
            Event::Reviewed { evidence, stage, .. } => {
                // A claim that the answer accepts never comes before the reviewer.
                let possible = matches!(stage, ClaimStage::Accepted | ClaimStage::Denied);
                if !possible || claim(evidence).is_none_or(|claim| claim.accepted) {
                    return other("decision");
                }
            }
            Event::Paid { policy, evidence, amount, .. } => {
                let Some(claim) = claim(evidence).filter(|claim| claim.policy == *policy) else {
                    return other("policy");
                };
                if claim.stage != ClaimStage::Paid {
                    return other("stage");
                }
                if claim.payout != *amount {
                    return other("amount");
                }
            }
            _ => {}
        }
        Ok(())
    }
}
