//! What the contracts say of one request and of claims, from raw logs.

use super::{
    abi::{AbiError, typed},
    claims::ClaimStage,
    request::Request,
};
use alloy_sol_types::SolEvent;
use averment_primitives::{Address, B256, Bytes, U256};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A log as a receipt holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Log {
    /// The contract.
    pub address: Address,
    /// The event's signature, and what it indexes.
    pub topics: Vec<B256>,
    /// What it does not index.
    pub data: Bytes,
}

/// Why a log is not the event that it is named as.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum EventError {
    /// The data are not the event's.
    #[error("event {event}: {why}")]
    Malformed {
        /// The event.
        event: &'static str,
        /// The decoder's words.
        why: String,
    },
    /// A number without a meaning.
    #[error("event {event}: {error}")]
    Value {
        /// The event.
        event: &'static str,
        /// What is wrong.
        error: AbiError,
    },
}

/// Something that a contract said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The router: the request was made.
    Requested {
        /// By whom.
        requester: Address,
        /// What was asked for.
        request: Request,
    },
    /// The router: a bonded answer.
    Answered {
        /// By whom.
        answerer: Address,
        /// The last second at which it may be challenged.
        until: u64,
        /// The answer.
        outputs: Vec<i64>,
    },
    /// The router: the answer has to be proved.
    Challenged {
        /// By whom.
        challenger: Address,
        /// Until when.
        until: u64,
    },
    /// The router: an answer was not proved in time, or contradicted.
    Slashed {
        /// Whose answer.
        answerer: Address,
        /// Who challenged it; zero if nobody did.
        challenger: Address,
        /// What is nobody's.
        burned: u128,
    },
    /// The router: it can be answered again.
    Reopened,
    /// The router: the outputs are final.
    Finalised {
        /// Who gets the fee; of a committee's answer the contract of operators' stake.
        paid: Address,
        /// Who proved them; zero if nobody did.
        proved: Address,
        /// The outputs.
        outputs: Vec<i64>,
    },
    /// The router: the requester was called back.
    Delivered {
        /// Whether it took the call.
        taken: bool,
    },
    /// Operators' stake: a committee was drawn.
    Drawn {
        /// What the draw hashed.
        seed: B256,
        /// How many have to say the same.
        threshold: u8,
        /// Its members: operator's number, and the key that it signs with.
        members: Vec<(u32, Address)>,
    },
    /// Operators' stake: a member committed on the chain.
    Committed {
        /// Which operator.
        operator: u32,
    },
    /// Operators' stake: a member revealed on the chain.
    Revealed {
        /// Which operator.
        operator: u32,
        /// What it says.
        outputs: Vec<i64>,
    },
    /// Operators' stake: the committee's work is over.
    Ended {
        /// How, as the contract numbers it: 0 agreed, 1 unavailable, 2 divided.
        outcome: u8,
        /// The operators that said the same.
        agreeing: Vec<u32>,
    },
    /// The pool: a policy was sold.
    Sold {
        /// The policy.
        policy: B256,
        /// Who is paid.
        holder: Address,
        /// Of which product.
        product: u16,
    },
    /// The pool: a claim was filed.
    Filed {
        /// Under which policy.
        policy: B256,
        /// The identity of the commitment to the evidence.
        evidence: B256,
        /// The intake that signed it.
        intake: Address,
    },
    /// The pool: claims were asked about in the request.
    Asked {
        /// By which routine.
        routine: u16,
        /// Their evidence, in order.
        evidence: Vec<B256>,
    },
    /// The pool: the answer decided a claim.
    Decided {
        /// The claim.
        evidence: B256,
        /// Accepted or rejected.
        stage: ClaimStage,
        /// The output that counted.
        output: i64,
    },
    /// The pool: the holder appealed.
    Appealed {
        /// The claim.
        evidence: B256,
    },
    /// The pool: the claim was not answered, and is before the reviewer.
    Unanswered {
        /// The claim.
        evidence: B256,
    },
    /// The pool: a reviewer decided.
    Reviewed {
        /// The claim.
        evidence: B256,
        /// Who.
        reviewer: Address,
        /// Accepted or denied.
        stage: ClaimStage,
    },
    /// The pool: accepted because no reviewer decided in time.
    Unreviewed {
        /// The claim.
        evidence: B256,
    },
    /// The pool: rejected, and not appealed in time.
    Unappealed {
        /// The claim.
        evidence: B256,
    },
    /// The pool: the claim was paid.
    Paid {
        /// The policy.
        policy: B256,
        /// The claim.
        evidence: B256,
        /// To whom.
        to: Address,
        /// In the token's smallest units.
        amount: u128,
    },
}

/// The log as event `E`; none if it is another event.
fn read<E: SolEvent>(event: &'static str, log: &Log) -> Result<Option<E>, EventError> {
    if log.topics.first() != Some(&E::SIGNATURE_HASH) {
        return Ok(None);
    }
    E::decode_raw_log_validate(log.topics.iter().copied(), &log.data)
        .map(Some)
        .map_err(|error| EventError::Malformed { event, why: error.to_string() })
}

/// Gives back from the calling function what `$make` makes of the log, if it is this event.
macro_rules! try_as {
    ($log:expr, $name:ident, |$event:ident| $make:expr) => {
        if let Some($event) = read::<typed::$name>(stringify!($name), $log)? {
            return $make;
        }
    };
}

impl Event {
    /// What the router's log says of `request`; none if it is about another request, or none of these events.
    pub fn of_router(request: B256, log: &Log) -> Result<Option<Self>, EventError> {
        if log.topics.get(1) != Some(&request) {
            return Ok(None);
        }
        try_as!(log, Requested, |event| {
            let request =
                event.request.try_into().map_err(|error| EventError::Value { event: "Requested", error })?;
            Ok(Some(Self::Requested { requester: event.requester, request }))
        });
        try_as!(log, Answered, |event| Ok(Some(Self::Answered {
            answerer: event.answerer,
            until: event.until.to::<u64>(),
            outputs: event.outputs,
        })));
        try_as!(log, Challenged, |event| Ok(Some(Self::Challenged {
            challenger: event.challenger,
            until: event.until.to::<u64>()
        })));
        try_as!(log, Slashed, |event| Ok(Some(Self::Slashed {
            answerer: event.answerer,
            challenger: event.challenger,
            burned: event.burned
        })));
        try_as!(log, Reopened, |_event| Ok(Some(Self::Reopened)));
        try_as!(log, Finalised, |event| Ok(Some(Self::Finalised {
            paid: event.paid,
            proved: event.proved,
            outputs: event.outputs
        })));
        try_as!(log, Delivered, |event| Ok(Some(Self::Delivered { taken: event.taken })));
        Ok(None)
    }

    /// What the log of operators' stake says of `request`; none if it is about another one, or none of these events.
    pub fn of_staking(request: B256, log: &Log) -> Result<Option<Self>, EventError> {
        if log.topics.get(1) != Some(&request) {
            return Ok(None);
        }
        try_as!(log, Drawn, |event| {
            let committee = event.committee;
            let members = committee.members.iter().map(member).collect();
            Ok(Some(Self::Drawn { seed: event.seed, threshold: committee.threshold, members }))
        });
        try_as!(log, Committed, |event| Ok(Some(Self::Committed { operator: event.operator })));
        try_as!(log, Revealed, |event| Ok(Some(Self::Revealed {
            operator: event.operator,
            outputs: event.outputs
        })));
        try_as!(log, Ended, |event| Ok(Some(Self::Ended {
            outcome: event.outcome,
            agreeing: event.agreeing
        })));
        Ok(None)
    }

    /// What the pool's log says; none if it is none of these events.
    pub fn of_pool(log: &Log) -> Result<Option<Self>, EventError> {
        let stage = |event, code| {
            let unknown = AbiError::Unknown { what: "stage", got: code };
            ClaimStage::from_code(code).ok_or(EventError::Value { event, error: unknown })
        };
        try_as!(log, PolicySold, |event| Ok(Some(Self::Sold {
            policy: event.policy,
            holder: event.holder,
            product: event.product
        })));
        try_as!(log, Filed, |event| Ok(Some(Self::Filed {
            policy: event.policy,
            evidence: event.evidence,
            intake: event.intake
        })));
        try_as!(log, Asked, |event| Ok(Some(Self::Asked {
            routine: event.routine,
            evidence: event.evidence
        })));
        try_as!(log, Decided, |event| Ok(Some(Self::Decided {
            evidence: event.evidence,
            stage: stage("Decided", event.stage)?,
            output: event.output,
        })));
        try_as!(log, Appealed, |event| Ok(Some(Self::Appealed { evidence: event.evidence })));
        try_as!(log, Unanswered, |event| Ok(Some(Self::Unanswered { evidence: event.evidence })));
        try_as!(log, Reviewed, |event| Ok(Some(Self::Reviewed {
            evidence: event.evidence,
            reviewer: event.reviewer,
            stage: stage("Reviewed", event.stage)?,
        })));
        try_as!(log, Unreviewed, |event| Ok(Some(Self::Unreviewed { evidence: event.evidence })));
        try_as!(log, Unappealed, |event| Ok(Some(Self::Unappealed { evidence: event.evidence })));
        try_as!(log, Paid, |event| Ok(Some(Self::Paid {
            policy: event.policy,
            evidence: event.evidence,
            to: event.to,
            amount: event.amount,
        })));
        Ok(None)
    }

    /// The request that an event of the pool is about, if it says so.
    pub fn asked_in(log: &Log) -> Option<B256> {
        let asked = log.topics.first() == Some(&typed::Asked::SIGNATURE_HASH);
        asked.then(|| log.topics.get(1).copied()).flatten()
    }

    /// The contract's name for it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Requested { .. } => "Requested",
            Self::Answered { .. } => "Answered",
            Self::Challenged { .. } => "Challenged",
            Self::Slashed { .. } => "Slashed",
            Self::Reopened => "Reopened",
            Self::Finalised { .. } => "Finalised",
            Self::Delivered { .. } => "Delivered",
            Self::Drawn { .. } => "Drawn",
            Self::Committed { .. } => "Committed",
            Self::Revealed { .. } => "Revealed",
            Self::Ended { .. } => "Ended",
            Self::Sold { .. } => "PolicySold",
            Self::Filed { .. } => "Filed",
            Self::Asked { .. } => "Asked",
            Self::Decided { .. } => "Decided",
            Self::Appealed { .. } => "Appealed",
            Self::Unanswered { .. } => "Unanswered",
            Self::Reviewed { .. } => "Reviewed",
            Self::Unreviewed { .. } => "Unreviewed",
            Self::Unappealed { .. } => "Unappealed",
            Self::Paid { .. } => "Paid",
        }
    }
}

/// A seat: the key in the low 160 bits, then the place, then the operator's number.
fn member(word: &U256) -> (u32, Address) {
    let operator: U256 = (*word >> 176_usize) & U256::from(u32::MAX);
    (operator.saturating_to(), Address::from_word((*word).into()))
}
