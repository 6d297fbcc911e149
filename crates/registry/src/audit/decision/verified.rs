//! What a checked decision says. Only [`super::super::verify`] makes these.

use super::mathematics::{DisclosedInput, ProofStanding};
use crate::{
    settlement::{ClaimStage, Event, Filing, Offer, Request, Router},
    state::settlement::RoutineTerms,
};
use averment_primitives::{Address, B256};

/// A contract behind a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contract {
    /// The proxy.
    pub address: Address,
    /// The contract behind it.
    pub implementation: Address,
    /// Keccak-256 of its code.
    pub code: B256,
    /// Whether the reader named its address beforehand.
    pub pinned: bool,
}

/// A final decision of the audited version.
#[derive(Debug, Clone)]
pub struct VerifiedDecision {
    /// The request's id.
    pub id: B256,
    /// Who asked.
    pub requester: Address,
    /// What for.
    pub request: Request,
    /// What was offered.
    pub offer: Offer,
    /// Whether the offer takes requests still.
    pub offer_open: bool,
    /// The final outputs.
    pub outputs: Vec<i64>,
    /// When they became final, in seconds of Unix time.
    pub since: u64,
    /// Whether the requester refused its callback.
    pub undelivered: bool,
    /// The chain and the router.
    pub router: Router,
    /// The router's code.
    pub contract: Contract,
    /// How it was answered.
    pub answer: Answer,
    /// What happened, in order.
    pub steps: Vec<Step>,
    /// How the proof of the answer was found; none if none is here.
    pub proof: Option<ProofStanding>,
    /// What was disclosed of the inputs; none if nothing was.
    pub inputs: Option<Vec<DisclosedInput>>,
    /// Whether inputs are here that nobody checked.
    pub inputs_unchecked: bool,
    /// What followed from it.
    pub pool: Option<VerifiedPool>,
}

/// What makes one believe an answer. By events: proved or told as their [`Step`]s are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Somebody proved it to the router.
    Proved {
        /// Who.
        by: Address,
    },
    /// Somebody staked a bond on it, and nobody challenged it until its window ended.
    Unchallenged {
        /// Who.
        answerer: Address,
        /// The last second at which it could be challenged.
        until: u64,
    },
    /// Members of a committee say the same.
    Agreed {
        /// The contract of operators' stake.
        staking: Address,
        /// How many had to.
        threshold: u8,
        /// All members: number and key.
        members: Vec<(u32, Address)>,
        /// Who of them said the same.
        agreeing: Vec<u32>,
    },
}

/// A step on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its block's number.
    pub block: u64,
    /// Its block's time, in seconds of Unix time.
    pub timestamp: u64,
    /// Whether a receipt proves it; otherwise somebody tells it.
    pub proved: bool,
    /// The contract that says it.
    pub contract: Address,
    /// What it says.
    pub event: Event,
}

/// What a claims pool did with the answer.
#[derive(Debug, Clone)]
pub struct VerifiedPool {
    /// The pool's code.
    pub contract: Contract,
    /// The routine's number.
    pub routine: u16,
    /// What it accepts.
    pub terms: RoutineTerms,
    /// How many claims the request was about.
    pub batch: usize,
    /// Those that the file is about.
    pub claims: Vec<VerifiedClaim>,
}

/// A claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedClaim {
    /// Its place in the batch, from 0.
    pub place: u16,
    /// The identity of the commitment to the evidence.
    pub evidence: B256,
    /// The policy, a pseudonym.
    pub policy: B256,
    /// Who is paid.
    pub holder: Address,
    /// Since when the policy holds, in seconds of Unix time.
    pub policy_from: u64,
    /// The policy's product.
    pub product: u16,
    /// Where it stands.
    pub stage: ClaimStage,
    /// Until when, unless somebody acts; zero if for good.
    pub until: u64,
    /// What a claim of the product is paid, in the token's smallest units.
    pub payout: u128,
    /// The output that counts; none if the answer has not the routine's shape, and is none.
    pub output: Option<i64>,
    /// Whether the routine accepts that output.
    pub accepted: bool,
    /// What the intake signed; its signature holds.
    pub filing: Option<Filing>,
}

impl VerifiedDecision {
    /// How many steps are told, not proved.
    pub fn told(&self) -> usize {
        self.steps.iter().filter(|step| !step.proved).count()
    }

    /// What was paid so far for the claims that the file is about, in the token's smallest units.
    pub fn paid(&self) -> u128 {
        let claims = self.pool.iter().flat_map(|pool| &pool.claims);
        claims
            .filter(|claim| claim.stage == ClaimStage::Paid)
            .fold(0, |sum, claim| sum.saturating_add(claim.payout))
    }
}
