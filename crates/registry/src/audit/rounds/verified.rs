//! What the checked rounds of a version say.

use super::{
    super::decision::{Contract, ProofStanding},
    evidence::{AdoptionEvidence, RoundProofEvidence, TokenTold, VectorsEvidence},
};
use crate::{
    federated::{TaskEvent, TaskTerms},
    manifest::AdoptionRecord,
};
use averment_primitives::{Address, B256, Bytes, U256, VersionId};
use std::collections::BTreeMap;

/// A task, for who knows rules and the curve.
#[derive(Debug, Clone, Copy)]
pub struct TaskQuestion<'a> {
    /// EIP-155 id of its chain.
    pub chain_id: u64,
    /// Its address.
    pub task: Address,
    /// Its code, which the state proves.
    pub code: &'a [u8],
    /// Its terms.
    pub terms: &'a TaskTerms,
    /// The commitment to its models: bytes before the points.
    pub prefix: &'a [u8],
}

/// A round's proof, and what it is about.
#[derive(Debug, Clone)]
pub struct RoundProof<'a> {
    /// What the task's vectors are.
    pub vectors: &'a VectorsEvidence,
    /// The points of the model before the one that the round began with; none if that one is the first.
    pub older: Option<&'a [u8]>,
    /// The updates' points, as they were revealed.
    pub updates: Vec<&'a [u8]>,
    /// The root update's.
    pub root: Option<&'a [u8]>,
    /// Remainder, cumulative points and proof. The cumulative points are those whose hashes were revealed.
    pub given: &'a RoundProofEvidence,
}

/// That the weights of a version are a task's, shifted and rounded.
#[derive(Debug, Clone, Copy)]
pub struct AdoptionQuestion<'a> {
    /// The task.
    pub task: TaskQuestion<'a>,
    /// What its vectors are.
    pub vectors: &'a VectorsEvidence,
    /// The points of its last model.
    pub points: &'a [u8],
    /// The registered plan of the version.
    pub plan: B256,
    /// Who registered it.
    pub registrant: Address,
    /// The shift that the manifest names.
    pub record: &'a AdoptionRecord,
    /// The file, with commitment and certificate; the commitment is the registered one, the file the one that the manifest names.
    pub given: &'a AdoptionEvidence,
}

/// A round, for who knows rules and the curve.
#[derive(Debug, Clone)]
pub struct RoundQuestion<'a> {
    /// The task.
    pub task: TaskQuestion<'a>,
    /// The round's number.
    pub round: u16,
    /// Who made its model.
    pub aggregator: Address,
    /// Its proof, if the file has it.
    pub proof: Option<RoundProof<'a>>,
    /// The model's points before, and after.
    pub before: &'a [u8],
    /// The model's points after.
    pub after: &'a [u8],
    /// keccak256 of the points of what it adds.
    pub difference: B256,
    /// The triangles of the inner products, 8 bytes an entry.
    pub matrix: &'a [u8],
    /// How many updates it is made of.
    pub updates: usize,
    /// How much each row weighs, as the contract said.
    pub weights: &'a [U256],
    /// What each update is worth, as the contract said.
    pub qualities: &'a [U256],
}

/// How a round was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoundStanding {
    /// The same as [`Self::Computed`]; the new model's points are the weighted sum of the updates', the matrix is that of their inner
    /// products, and the model and the remainder are in range, by the round's proof.
    Proved,
    /// The same, but by the development setup, whose secret is public: the proof proves nothing.
    DevelopmentSetup,
    /// Weights and qualities are those of the task's rule and this matrix; what the round adds is the difference of its models.
    Computed,
    /// Nobody computed them here.
    Unchecked,
}

/// An update of a round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedUpdate {
    /// Whose.
    pub account: Address,
    /// keccak256 of its points, its proof and its package; none if the file does not have its reveal.
    pub said: Option<[B256; 3]>,
    /// How much it weighs, of 2^16.
    pub weight: U256,
    /// What it is worth, of 2^16 together.
    pub quality: U256,
    /// What it was paid, in the token's smallest units.
    pub payment: U256,
}

/// A final round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedRound {
    /// Its number.
    pub number: u16,
    /// Who made its model, by an event.
    pub aggregator: Address,
    /// When it was paid, in seconds of Unix time.
    pub settled: u64,
    /// What the contract kept of it.
    pub outcome: B256,
    /// keccak256 of the points before and after.
    pub models: [B256; 2],
    /// Its updates, ascending by account.
    pub updates: Vec<VerifiedUpdate>,
    /// Weights of the rows that are nobody's update: the aggregate before, the root's.
    pub references: Vec<U256>,
    /// Validators' scores of the updates, ascending by validator.
    pub scores: BTreeMap<Address, Vec<u32>>,
    /// Whether weights and qualities were computed again.
    pub standing: RoundStanding,
    /// Whether all its events are proved by receipts.
    pub proved: bool,
}

/// What an account earned and lost over all rounds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Money {
    /// Final rounds that have an update of it.
    pub rounds: usize,
    /// Paid for updates.
    pub earned: U256,
    /// Paid for making models.
    pub fees: U256,
    /// Stake that it lost.
    pub slashed: U256,
}

/// The rounds of a task that made a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedRounds {
    /// The version.
    pub version: VersionId,
    /// The task.
    pub task: Address,
    /// What created it.
    pub factory: Contract,
    /// The contract whose code it runs, and that code's hash.
    pub runs: (Address, B256),
    /// Whose it is.
    pub sponsor: Address,
    /// Its terms.
    pub terms: TaskTerms,
    /// Final rounds, in order.
    pub rounds: Vec<VerifiedRound>,
    /// Rounds that came to nothing, by events.
    pub voided: Vec<u16>,
    /// Strikes, slashes and exclusions, by events, in order; whether each is proved by a receipt.
    pub faults: Vec<(TaskEvent, bool)>,
    /// Events that are told by the file's maker, of how many.
    pub told: (usize, usize),
    /// The final model's points.
    pub points: Bytes,
    /// Whether the sponsor said on the chain that the version is the task's model.
    pub concluded: bool,
    /// Whether the version's manifest claims these rounds.
    pub claimed: bool,
    /// How the version's weights follow from the task's, and how that was found; none if their points are the task's own.
    pub adoption: Option<(AdoptionRecord, ProofStanding)>,
    /// How amounts are written, as the file's maker tells it.
    pub token: Option<TokenTold>,
}

impl VerifiedRounds {
    /// Who earned and lost what, ascending by account.
    pub fn money(&self) -> BTreeMap<Address, Money> {
        let mut all: BTreeMap<Address, Money> = BTreeMap::new();
        for round in &self.rounds {
            for update in &round.updates {
                let own = all.entry(update.account).or_default();
                own.rounds = own.rounds.saturating_add(1);
                own.earned = own.earned.saturating_add(update.payment);
            }
            let own = all.entry(round.aggregator).or_default();
            own.fees = own.fees.saturating_add(U256::from(self.terms.fee));
        }
        for (event, _) in &self.faults {
            if let TaskEvent::Slashed { account, .. } = event {
                let own = all.entry(*account).or_default();
                own.slashed = own.slashed.saturating_add(U256::from(self.terms.stake));
            }
        }
        all
    }

    /// Whether weights and qualities of all rounds were computed again.
    pub fn computed(&self) -> bool {
        self.rounds.iter().all(|round| round.standing != RoundStanding::Unchecked)
    }

    /// Whether the proofs and sums of all rounds were checked: with which setup, if they were.
    pub fn proved(&self) -> ProofStanding {
        let with = |standing| self.rounds.iter().any(|round| round.standing == standing);
        match () {
            () if with(RoundStanding::Unchecked) || with(RoundStanding::Computed) => ProofStanding::Unchecked,
            () if with(RoundStanding::DevelopmentSetup) => ProofStanding::DevelopmentSetup,
            () => ProofStanding::Verified,
        }
    }

    /// An amount in tokens, with their name; in the smallest units if nobody told how many digits there are.
    pub fn amount(&self, units: U256) -> String {
        let Some(token) = &self.token else { return format!("{} units", grouped(&units.to_string())) };
        let digits = format!("{units:0>width$}", width = usize::from(token.decimals).saturating_add(1));
        let (whole, part) = digits
            .split_at_checked(digits.len().saturating_sub(usize::from(token.decimals)))
            .unwrap_or((&digits, ""));
        let part = part.trim_end_matches('0');
        let point = if part.is_empty() { "" } else { "." };
        format!("{}{point}{part} {}", grouped(whole), self.token_name())
    }

    /// What a whole token is called, as far as it is plain text.
    pub fn token_name(&self) -> String {
        let symbol = self.token.iter().flat_map(|token| token.symbol.chars());
        symbol.filter(char::is_ascii_graphic).collect()
    }
}

/// Digits with narrow spaces between thousands.
fn grouped(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len().saturating_mul(4) / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && digits.len().saturating_sub(place).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}
