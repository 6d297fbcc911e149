//! What the checked rounds of a version say.

use super::super::decision::Contract;
use crate::federated::{TaskEvent, TaskTerms};
use averment_primitives::{Address, B256, Bytes, U256, VersionId};
use std::collections::BTreeMap;

/// A round, for who knows rules and the curve.
#[derive(Debug, Clone, Copy)]
pub struct RoundQuestion<'a> {
    /// The task's terms.
    pub terms: &'a TaskTerms,
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
        self.rounds.iter().all(|round| round.standing == RoundStanding::Computed)
    }
}
