//! The state of a task by its events: members, rounds, models. Pure; applied in order, the same events give the same book.
//!
//! It repeats what the contract does to its list of members, so that whom a seed draws is computed here
//! (`contracts/src/federated/Selection.sol`) and not asked of a node.

use super::{Contested, Event, Happened, Phase, TaskClient, TaskError, Terms, evidence_of, record_of};
use crate::VerifiedHeader;
use averment_primitives::{Address, B256, Bytes, U256, keccak256};
use std::collections::{BTreeMap, BTreeSet};

/// Half rounds of the permutation that draws.
const HALF_ROUNDS: u32 = 8;

/// A member.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Member {
    /// Whether it takes part now.
    pub seated: bool,
    /// Whether as validator.
    pub validates: bool,
    /// The first round that it can be in.
    pub since: u16,
    /// How many strikes it has.
    pub strikes: u8,
    /// Whether it was slashed or struck out.
    pub out: bool,
}

/// What an account revealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// keccak256 of the update's proof.
    pub proof: B256,
    /// keccak256 of its package.
    pub content: B256,
    /// Its points.
    pub points: Bytes,
    /// keccak256 of the cumulative points with these; zero in a task without.
    pub cumulative: B256,
    /// Whether it does not stand any more.
    pub excluded: bool,
}

impl Said {
    /// What binds proof and package.
    pub fn evidence(&self) -> B256 {
        evidence_of(self.proof, self.content)
    }

    /// What binds points, proof and package.
    pub fn record(&self) -> B256 {
        record_of(keccak256(&self.points), self.evidence())
    }
}

/// A challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Challenge {
    /// Who challenged.
    pub challenger: Address,
    /// Whether it was neither answered nor lapsed.
    pub open: bool,
}

/// A new model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aggregated {
    /// The round.
    pub round: u16,
    /// Who made it.
    pub aggregator: Address,
    /// keccak256 of its package.
    pub content: B256,
    /// Its points.
    pub points: Bytes,
    /// Whose updates it is made of, ascending.
    pub accounts: Vec<Address>,
    /// How much each row weighs.
    pub weights: Vec<U256>,
    /// The triangles of the matrix, 8 bytes an entry.
    pub matrix: Bytes,
}

/// A round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Round {
    /// Its number.
    pub number: u16,
    /// The round of randomness that draws; zero if all take part.
    pub randomness: u64,
    /// What drew; none yet, or if all take part.
    pub seed: Option<B256>,
    /// Members in the list's order when it was opened.
    pub order: Vec<Address>,
    /// Who committed, and to what.
    pub committed: BTreeMap<Address, B256>,
    /// Who revealed, and what.
    pub said: BTreeMap<Address, Said>,
    /// Challenges, by whose and what. Of the model it is the zero account.
    pub challenges: BTreeMap<(Address, Contested), Challenge>,
    /// The new model, once there is one.
    pub aggregated: Option<Aggregated>,
    /// How good each update was, of 2^16 together, once somebody had it computed.
    pub qualities: Option<Vec<U256>>,
    /// Validators' commits.
    pub scores_committed: BTreeMap<Address, B256>,
    /// What they revealed.
    pub scores: BTreeMap<Address, Vec<u32>>,
    /// Who got its strike.
    pub struck: BTreeSet<Address>,
}

impl Round {
    fn new(number: u16, randomness: u64, order: Vec<Address>) -> Self {
        let (seed, aggregated, qualities) = (None, None, None);
        let (committed, said, challenges) = Default::default();
        let (scores_committed, scores, struck) = Default::default();
        Self {
            number,
            randomness,
            seed,
            order,
            committed,
            said,
            challenges,
            aggregated,
            qualities,
            scores_committed,
            scores,
            struck,
        }
    }

    /// Whether an update's proof was given on the chain, and holds: a challenge of one ends so, or with an update that does not stand.
    pub fn is_proved(&self, account: &Address) -> bool {
        self.challenges.get(&(*account, Contested::Proof)).is_some_and(|challenge| !challenge.open)
    }

    /// Those whose updates stand, but for the root's, ascending.
    pub fn standing(&self, root: Address) -> impl Iterator<Item = (&Address, &Said)> {
        self.said.iter().filter(move |(account, said)| !said.excluded && **account != root)
    }

    /// How many challenges are open.
    pub fn open_challenges(&self) -> usize {
        self.challenges.values().filter(|challenge| challenge.open).count()
    }
}

/// What an account's updates add up to, since they did last begin anew.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cumulative {
    /// Points of each update and its package's hash, in order; the points' sums are the cumulative points.
    pub updates: Vec<(Bytes, B256)>,
    /// The last reveal's record; the contract asks for it.
    pub last: B256,
}

/// The task, as its events have it.
#[derive(Debug, Clone, PartialEq)]
pub struct Book {
    /// What it is, from its code.
    pub terms: Terms,
    /// Where it stands, as far as anybody said so.
    pub phase: Phase,
    /// The phase's last second.
    pub until: u64,
    /// Everybody who ever was one.
    pub members: BTreeMap<Address, Member>,
    /// Keys and endpoints, of whoever announced some.
    pub announced: BTreeMap<Address, (B256, String)>,
    /// The list that seeds draw from.
    pub list: Vec<Address>,
    /// The present round, or the last one.
    pub round: Option<Round>,
    /// The models of final rounds, the newest last.
    pub models: Vec<Aggregated>,
    /// What accounts' updates add up to, in a task that looks at that.
    pub cumulative: BTreeMap<Address, Cumulative>,
    /// Void rounds in a row.
    pub voids: u8,
    /// The named aggregator's strikes.
    pub aggregator_strikes: u8,
    /// The version that the task ended as.
    pub finished: Option<B256>,
    /// Of the named aggregator in its own time: its own strike, if the takeover follows at once.
    unclear: Option<(Address, u8)>,
}

impl Book {
    /// That of a task about which nothing was read.
    pub fn new(terms: Terms) -> Self {
        let (members, announced, list, models, cumulative) = Default::default();
        Self {
            terms,
            phase: Phase::None,
            until: 0,
            members,
            announced,
            list,
            round: None,
            models,
            cumulative,
            voids: 0,
            aggregator_strikes: 0,
            finished: None,
            unclear: None,
        }
    }

    /// The present or last round's number; zero before the first.
    pub fn number(&self) -> u16 {
        self.round.as_ref().map_or(0, |round| round.number)
    }

    /// The round, if it runs.
    pub fn running(&self) -> Option<&Round> {
        let runs = !matches!(self.phase, Phase::None | Phase::Idle | Phase::Ended);
        self.round.as_ref().filter(|_| runs)
    }

    /// Whether an account takes part in the present round.
    pub fn is_selected(&self, account: Address) -> bool {
        let Some(round) = self.running() else { return false };
        let seated = self
            .members
            .get(&account)
            .is_some_and(|member| member.seated && !member.validates && member.since <= round.number);
        let Some(place) = round.order.iter().position(|member| *member == account) else { return false };
        if !seated {
            return false;
        }
        let count = round.order.len();
        if count <= usize::from(self.terms.size.perRound) {
            return true;
        }
        round.seed.is_some_and(|seed| {
            shuffled(seed, place as u64, count as u64) < u64::from(self.terms.size.perRound)
        })
    }

    /// Whether an account may be the aggregator of the present round, in one phase or the other.
    pub fn may_aggregate(&self, account: Address) -> bool {
        let named = !self.terms.aggregator.is_zero() && account == self.terms.aggregator;
        named || self.may_take_over(account)
    }

    /// Whether an account may aggregate once the named aggregator's time is over.
    pub fn may_take_over(&self, account: Address) -> bool {
        let number = self.number();
        let member = self.members.get(&account);
        member.is_some_and(|member| member.seated && !member.validates && member.since <= number)
    }

    /// Whether an account is a member of some kind, or is named by the terms: who may have models.
    pub fn is_member(&self, account: Address) -> bool {
        let named = [self.terms.aggregator, self.terms.root].contains(&account) && !account.is_zero();
        named || self.members.get(&account).is_some_and(|member| member.seated)
    }

    /// Whether so few updates stand that the present round comes to nothing.
    pub fn is_too_small(&self) -> bool {
        let Some(round) = self.running() else { return false };
        let root = self.terms.root;
        let few = round.standing(root).count() < usize::from(self.terms.size.minimum);
        few || (!root.is_zero() && round.said.get(&root).is_none_or(|said| said.excluded))
    }

    /// The phase at a time, if everybody who may act does: phases that follow by themselves once one is over.
    pub fn phase_at(&self, now: u64) -> Phase {
        let over = now > self.until;
        let Some(round) = self.running() else { return self.phase };
        let small = self.is_too_small();
        let named = !self.terms.aggregator.is_zero() && self.aggregator_strikes < self.terms.size.strikes;
        let aggregate = if named { Phase::Aggregate } else { Phase::Takeover };
        match self.phase {
            Phase::Commit if over => Phase::Reveal,
            Phase::Reveal if over && !small => Phase::Check,
            Phase::Check if over && !small => match round.open_challenges() {
                0 => aggregate,
                _ => Phase::Answer,
            },
            Phase::Answer if !small && round.open_challenges() == 0 => aggregate,
            Phase::Aggregate if over && !small => Phase::Takeover,
            Phase::Score if over => Phase::Disclose,
            Phase::Disclose if over => Phase::Settle,
            phase => phase,
        }
    }

    /// Takes in what happened; why not, if it cannot have happened here.
    pub fn apply(&mut self, event: &Event) -> Result<(), String> {
        if let Some((account, strikes)) = self.unclear.take() {
            match event {
                Event::Phase { phase: Phase::Takeover, .. } => self.aggregator_strikes = strikes,
                _ => self.strike(account, strikes),
            }
        }
        // Who withholds a model has the strike of who is silent.
        if let Event::Lapsed { round, contested: Contested::Model, .. } = event
            && let Some(made) = self.running().filter(|present| present.number == *round)
            && made.aggregated.as_ref().is_some_and(|made| made.aggregator == self.terms.aggregator)
        {
            self.aggregator_strikes = self.aggregator_strikes.saturating_add(1);
        }
        match event {
            Event::Joined { account, .. } => {
                self.seat(*account, false);
                self.list.push(*account);
            }
            Event::ValidatorJoined { account } => self.seat(*account, true),
            Event::Left { account } => self.remove(*account),
            Event::Announced { account, key, endpoint } => {
                self.announced.insert(*account, (*key, endpoint.clone()));
            }
            Event::Opened { round, members, randomness } => {
                match &mut self.round {
                    // A draw that was lost is repeated.
                    Some(present) if present.number == *round => present.randomness = *randomness,
                    _ => {
                        if usize::from(*members) != self.list.len() {
                            return Err(format!(
                                "{} members were seen, {members} are drawn from",
                                self.list.len()
                            ));
                        }
                        self.round = Some(Round::new(*round, *randomness, self.list.clone()));
                    }
                }
            }
            Event::Phase { round, phase, until } => {
                if *phase != Phase::Idle && *phase != Phase::Ended && *round != self.number() {
                    return Err(format!("a phase of round {round} in round {}", self.number()));
                }
                (self.phase, self.until) = (*phase, *until);
            }
            Event::Ended => self.phase = Phase::Ended,
            Event::Finished { version } => self.finished = Some(*version),
            Event::Withdrawn { .. } => {}
            Event::Struck { round, account, strikes } => {
                let named = *account == self.terms.aggregator && self.phase == Phase::Aggregate;
                if named && *round == self.number() {
                    self.unclear = Some((*account, *strikes));
                } else {
                    self.strike(*account, *strikes);
                }
            }
            Event::Slashed { account, .. } => {
                self.remove(*account);
                self.members.entry(*account).or_default().out = true;
            }
            // A challenge of an earlier round is closed in a later one; it changes nothing any more.
            Event::Lapsed { round, .. } if *round != self.number() => {}
            Event::Drawn { round, .. }
            | Event::Committed { round, .. }
            | Event::Revealed { round, .. }
            | Event::Challenged { round, .. }
            | Event::Answered { round, .. }
            | Event::Lapsed { round, .. }
            | Event::Excluded { round, .. }
            | Event::Aggregated { round, .. }
            | Event::Rated { round, .. }
            | Event::ScoresCommitted { round, .. }
            | Event::ScoresRevealed { round, .. }
            | Event::Settled { round, .. }
            | Event::Voided { round } => {
                let number = self.number();
                let present = self.round.as_mut().filter(|present| present.number == *round);
                let present =
                    present.ok_or_else(|| format!("something of round {round} in round {number}"))?;
                let history = self.terms.rule.history;
                match event {
                    Event::Drawn { seed, .. } => present.seed = Some(*seed),
                    Event::Committed { account, digest, .. } => {
                        present.committed.insert(*account, *digest);
                    }
                    Event::Revealed { account, proof, content, points, cumulative, .. } => {
                        let (proof, content, cumulative) = (*proof, *content, *cumulative);
                        let said =
                            Said { proof, content, points: points.clone(), cumulative, excluded: false };
                        if history {
                            let sum = self.cumulative.entry(*account).or_default();
                            sum.updates.push((points.clone(), content));
                            sum.last = said.record();
                        }
                        present.said.insert(*account, said);
                    }
                    Event::Challenged { account, contested, challenger, .. } => {
                        let open = Challenge { challenger: *challenger, open: true };
                        present.challenges.insert(place(*account, *contested), open);
                    }
                    Event::Answered { account, contested, .. } | Event::Lapsed { account, contested, .. } => {
                        if let Some(open) = present.challenges.get_mut(&place(*account, *contested)) {
                            open.open = false;
                        }
                    }
                    Event::Excluded { account, .. } => {
                        if let Some(said) = present.said.get_mut(account) {
                            said.excluded = true;
                        }
                        self.cumulative.remove(account);
                    }
                    Event::Aggregated { round, aggregator, content, points, accounts, weights, matrix } => {
                        present.aggregated = Some(Aggregated {
                            round: *round,
                            aggregator: *aggregator,
                            content: *content,
                            points: points.clone(),
                            accounts: accounts.clone(),
                            weights: weights.clone(),
                            matrix: matrix.clone(),
                        });
                        present.qualities = None;
                    }
                    Event::Rated { qualities, .. } => present.qualities = Some(qualities.clone()),
                    Event::ScoresCommitted { validator, digest, .. } => {
                        present.scores_committed.insert(*validator, *digest);
                    }
                    Event::ScoresRevealed { validator, scores, .. } => {
                        present.scores.insert(*validator, scores.clone());
                    }
                    Event::Settled { model, .. } => {
                        let made = present.aggregated.clone();
                        let made = made.filter(|made| keccak256(&made.points) == *model);
                        self.models.push(made.ok_or("a model was paid for that nobody made")?);
                        self.voids = 0;
                    }
                    Event::Voided { .. } => {
                        present.aggregated = None;
                        self.voids += 1;
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn seat(&mut self, account: Address, validates: bool) {
        let since = self.number().saturating_add(1);
        let member = self.members.entry(account).or_default();
        (member.seated, member.validates, member.since) = (true, validates, since);
    }

    fn strike(&mut self, account: Address, strikes: u8) {
        if let Some(round) = &mut self.round {
            round.struck.insert(account);
        }
        let member = self.members.entry(account).or_default();
        member.strikes = strikes;
        if strikes >= self.terms.size.strikes {
            member.out = true;
            self.remove(account);
        }
    }

    /// Who goes leaves its place to the last one.
    fn remove(&mut self, account: Address) {
        if let Some(member) = self.members.get_mut(&account) {
            member.seated = false;
        }
        if let Some(at) = self.list.iter().position(|member| *member == account) {
            self.list.swap_remove(at);
        }
    }
}

fn place(account: Address, contested: Contested) -> (Address, Contested) {
    match contested {
        Contested::Model => (Address::ZERO, contested),
        _ => (account, contested),
    }
}

/// Where `place` of `count` places comes to by the seed's permutation: as `Selection.sol` has it.
pub(super) fn shuffled(seed: B256, mut place: u64, count: u64) -> u64 {
    let bits = 64 - count.saturating_sub(1).leading_zeros();
    let low = bits.div_ceil(2);
    let high = bits - low;
    let mask = |bits: u32| (1_u64 << bits) - 1;
    let mixed = |i: u32, half: u64| {
        let word = (U256::from(i) << 128_usize) | U256::from(half);
        let hash = keccak256([seed.0, word.to_be_bytes()].concat());
        U256::from_be_bytes(hash.0).as_limbs()[0]
    };
    loop {
        let (mut left, mut right) = (place >> low, place & mask(low));
        for i in (0..HALF_ROUNDS).step_by(2) {
            left ^= mixed(i, right) & mask(high);
            right ^= mixed(i + 1, left) & mask(low);
        }
        place = (left << low) | right;
        if place < count {
            return place;
        }
    }
}

impl TaskClient {
    /// The task's book up to `block`.
    pub async fn book(&self, block: &VerifiedHeader) -> Result<Book, TaskError> {
        let mut book = Book::new(self.terms().clone());
        for Happened { block, event } in self.history(block).await? {
            book.apply(&event).map_err(|why| TaskError::Event { block, why })?;
        }
        Ok(book)
    }
}
