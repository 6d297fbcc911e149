//! What a member of a task does, as a pure machine: settled events in, wanted actions out. The same machine is a participant, an
//! aggregator and a validator; what an account may do follows from the task's book.
//!
//! As the oracle's ([`crate::machine`]) it has no clock, network, disk or randomness. What is wanted follows from what is known and
//! lasts until the chain shows that it happened or that its time is over. What it decides, an update or scores, is an event too: the
//! first one of a round counts, and it is on disk before anything is signed that follows from it. So no two commits of one round are
//! ever signed, whatever crashes when.
//!
//! What anybody may do (open, draw, go on, pay, end challenges) the members do one after the other, `stagger` seconds apart, in an
//! order that differs by round: the first one's transaction makes the others' unnecessary.

mod aggregator;
mod anybody;
mod carrier;
mod participant;
mod validator;
mod watcher;

use alloy_primitives::{Address, B256};
use averment_federated::score::REMEMBERED;
use averment_ledger::federated::{
    Aggregated, Book, Commitment, Contested, Event as Told, Phase, TaskId, Terms,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

/// Most commits or reveals in one transaction.
const CARRIED: usize = 32;

/// Who the member is, and what it takes part in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Its account.
    pub account: Address,
    /// Whether it trains, when it is drawn.
    pub trains: bool,
    /// Whether it aggregates: as the named aggregator, or after it.
    pub aggregates: bool,
    /// Whether it challenges what is missing or different.
    pub challenges: bool,
    /// How many bonds it risks: those of open challenges and those that it lost, in the whole task.
    pub bonds: u16,
    /// Whether it scores, as a validator.
    pub scores: bool,
    /// Whether it lets the named aggregator carry its commits and reveals, for half of the time that there is for them.
    pub carried: bool,
    /// Seconds that the chain takes to settle at the most: what is seen is so old.
    pub settling: u64,
    /// What everybody may do is done first by one member, by another after so many seconds, and so on.
    pub stagger: u64,
}

/// What the machine is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// The task said something.
    Told(Told),
    /// A block has settled.
    Settled {
        /// Its time.
        time: u64,
    },
    /// Its own: an update was made, and is on disk with its proof.
    Made {
        /// For this round.
        round: u16,
        /// What is committed to.
        what: Commitment,
    },
    /// Its own: scores were decided.
    Scored {
        /// Of this round's outcome.
        round: u16,
        /// Of its accounts.
        scores: Vec<u32>,
        /// What hides them.
        salt: B256,
    },
}

impl Event {
    /// Whether it is the member's own.
    pub fn is_own(&self) -> bool {
        matches!(self, Self::Made { .. } | Self::Scored { .. })
    }
}

/// What came of a participant's delivery, as the aggregator's disk has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// Package and proof are what was revealed, and hold.
    Good,
    /// They are and do; but for an aggregator what adds up to the cumulative update is missing.
    NothingBefore,
    /// The package is there and right; the proof is not there.
    NoProof,
    /// The package is not there, or not what was revealed.
    Missing,
    /// The proof is the one whose hash was revealed, and proves nothing: that is slashed.
    ProofFails,
}

/// What lies on the disk, looked at before each turn.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Have {
    /// Rounds whose models are there, checked; 0 is the initial one.
    pub models: BTreeSet<u16>,
    /// What became of deliveries of the present round.
    pub deliveries: BTreeMap<Address, Delivery>,
    /// Whose commits or reveals were handed in, and can be sent for them in this phase.
    pub carried: BTreeSet<Address>,
    /// In which phases the own one was handed to who carries it.
    pub handed: BTreeSet<Phase>,
    /// Of whose updates before what adds up to the cumulative one is not there, for who aggregates.
    pub unopened: BTreeSet<Address>,
    /// To whom the own update of the present round was brought.
    pub brought: BTreeSet<Address>,
}

/// Something to be done.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Fetch the model of a round from whoever has it.
    Fetch {
        /// The round; 0 for the initial model.
        model: u16,
    },
    /// Open the next round.
    Open {
        /// Its number.
        round: u16,
    },
    /// Draw its participants.
    Draw {
        /// The round.
        round: u16,
    },
    /// Begin the next phase, or void the round.
    Advance {
        /// The round.
        round: u16,
        /// The phase that is over.
        phase: Phase,
    },
    /// Make an update.
    Train {
        /// The round.
        round: u16,
        /// From the model of this round.
        model: u16,
    },
    /// Commit to it.
    Commit {
        /// The round.
        round: u16,
        /// The digest.
        digest: B256,
    },
    /// Reveal it.
    Reveal {
        /// The round.
        round: u16,
    },
    /// Hand commit or reveal to who carries it.
    Hand {
        /// The round.
        round: u16,
        /// To whom.
        to: Address,
        /// Commit or reveal.
        phase: Phase,
    },
    /// Send what others handed in.
    Carry {
        /// The round.
        round: u16,
        /// Commits or reveals.
        phase: Phase,
        /// Whose.
        accounts: Vec<Address>,
    },
    /// Bring it to somebody.
    Deliver {
        /// The round.
        round: u16,
        /// To whom.
        to: Address,
    },
    /// Answer a challenge of the own update, its proof, or the own model.
    Answer {
        /// The round.
        round: u16,
        /// What is challenged.
        contested: Contested,
    },
    /// Challenge what is missing.
    Challenge {
        /// The round.
        round: u16,
        /// Whose.
        account: Address,
        /// What.
        contested: Contested,
    },
    /// Read from the chain what was answered there.
    Gather {
        /// The round.
        round: u16,
        /// Whose.
        account: Address,
        /// What.
        contested: Contested,
    },
    /// Have a proof slashed that fails.
    Accuse {
        /// The round.
        round: u16,
        /// Whose.
        account: Address,
    },
    /// End a challenge that was not answered.
    Lapse {
        /// The round.
        round: u16,
        /// Whose.
        account: Address,
        /// What.
        contested: Contested,
    },
    /// Make the new model.
    Aggregate {
        /// The round.
        round: u16,
    },
    /// Decide scores.
    Score {
        /// The round.
        round: u16,
    },
    /// Commit to them.
    CommitScores {
        /// The round.
        round: u16,
    },
    /// Reveal them.
    DiscloseScores {
        /// The round.
        round: u16,
    },
    /// Strike who was silent.
    Strike {
        /// The round.
        round: u16,
        /// Who.
        accounts: Vec<Address>,
    },
    /// Have it computed what the updates are worth.
    Rate {
        /// The round.
        round: u16,
    },
    /// Pay.
    Settle {
        /// The round.
        round: u16,
    },
}

impl Action {
    /// In one word.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Fetch { .. } => "fetch",
            Self::Open { .. } => "open",
            Self::Draw { .. } => "draw",
            Self::Advance { .. } => "advance",
            Self::Train { .. } => "train",
            Self::Commit { .. } => "commit",
            Self::Reveal { .. } => "reveal",
            Self::Hand { .. } => "hand",
            Self::Carry { .. } => "carry",
            Self::Deliver { .. } => "deliver",
            Self::Answer { .. } => "answer",
            Self::Challenge { .. } => "challenge",
            Self::Gather { .. } => "gather",
            Self::Accuse { .. } => "accuse",
            Self::Lapse { .. } => "lapse",
            Self::Aggregate { .. } => "aggregate",
            Self::Score { .. } => "score",
            Self::CommitScores { .. } => "commit_scores",
            Self::DiscloseScores { .. } => "disclose_scores",
            Self::Strike { .. } => "strike",
            Self::Rate { .. } => "rate",
            Self::Settle { .. } => "settle",
        }
    }
}

/// What the chain said cannot be.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[error(
    "what the task said makes no sense: {0}; the node is wrong or lies, or the task is newer than this program"
)]
pub struct Nonsense(pub String);

/// The machine; see the module.
#[derive(Debug, Clone)]
pub struct Machine {
    settings: Settings,
    id: TaskId,
    book: Book,
    time: u64,
    made: BTreeMap<u16, Commitment>,
    scored: BTreeMap<u16, (Vec<u32>, B256)>,
    /// Who revealed in each round: by this what was brought is found again.
    seen: BTreeMap<u16, BTreeSet<Address>>,
    /// Bonds of its own that somebody's answer took.
    lost: u16,
    /// Challenges of its own that were neither answered nor ended; of a model it is the zero account.
    asked: BTreeSet<(u16, Address, Contested)>,
}

impl Machine {
    /// One that knows nothing but what the task is.
    pub fn new(settings: Settings, id: TaskId, terms: Terms) -> Self {
        let (made, scored, seen, lost, asked) = Default::default();
        Self { settings, id, book: Book::new(terms), time: 0, made, scored, seen, lost, asked }
    }

    /// The task's book.
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// The time of the newest settled block.
    pub fn time(&self) -> u64 {
        self.time
    }

    /// Who it is.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What was made for a round.
    pub fn made(&self, round: u16) -> Option<&Commitment> {
        self.made.get(&round)
    }

    /// What scores were decided of a round, and their salt.
    pub fn scored(&self, round: u16) -> Option<&(Vec<u32>, B256)> {
        self.scored.get(&round)
    }

    /// Rounds before this one in which an account revealed something, whatever became of it, oldest first.
    pub fn before(&self, round: u16, account: Address) -> impl Iterator<Item = u16> {
        self.seen.range(..round).filter(move |(_, seen)| seen.contains(&account)).map(|(round, _)| *round)
    }

    /// Of these the last, whose updates add up to what the account's cumulative one was before this round; and that one's points.
    pub fn counted(&self, round: u16, account: Address) -> (Vec<u16>, Vec<&[u8]>) {
        let now = self.seen.get(&round).is_some_and(|seen| seen.contains(&account));
        let updates = self.book.cumulative.get(&account).map_or(&[][..], |sum| &sum.updates);
        let count = updates.len().saturating_sub(usize::from(now));
        let before: Vec<u16> = self.before(round, account).collect();
        let rounds = before.into_iter().rev().take(count).rev().collect();
        (rounds, updates.iter().take(count).map(|(points, _)| points.as_ref()).collect())
    }

    /// Rounds and accounts of all that was revealed in the last rounds before this one in which anything was, as far back as
    /// validators remember.
    pub fn last(&self, round: u16) -> impl Iterator<Item = (u16, Address)> {
        let last = self.seen.range(..round).rev().take(REMEMBERED);
        last.flat_map(|(round, seen)| seen.iter().map(|account| (*round, *account)))
    }

    /// The newest final model's round; 0 for the initial one.
    pub fn model(&self) -> u16 {
        self.book.models.last().map_or(0, |model| model.round)
    }

    /// Takes in what happened.
    pub fn apply(&mut self, event: &Event) -> Result<(), Nonsense> {
        match event {
            Event::Told(told) => {
                self.book.apply(told).map_err(Nonsense)?;
                match told {
                    Told::Revealed { round, account, .. } => {
                        self.seen.entry(*round).or_default().insert(*account);
                    }
                    Told::Answered { account, contested, .. } if self.asked_for(*account, *contested) => {
                        self.lost = self.lost.saturating_add(1);
                    }
                    _ => {}
                }
                let own = |account: Address, contested| match contested {
                    Contested::Model => Address::ZERO,
                    _ => account,
                };
                match told {
                    Told::Challenged { round, account, contested, challenger }
                        if *challenger == self.settings.account =>
                    {
                        self.asked.insert((*round, own(*account, *contested), *contested));
                    }
                    Told::Answered { round, account, contested, .. }
                    | Told::Lapsed { round, account, contested, .. } => {
                        self.asked.remove(&(*round, own(*account, *contested), *contested));
                    }
                    _ => {}
                }
            }
            Event::Settled { time } => self.time = self.time.max(*time),
            Event::Made { round, what } => {
                self.made.entry(*round).or_insert(*what);
            }
            Event::Scored { round, scores, salt } => {
                self.scored.entry(*round).or_insert_with(|| (scores.clone(), *salt));
            }
        }
        Ok(())
    }

    /// What is to be done now.
    pub fn wanted(&self, have: &Have) -> Vec<Action> {
        let mut wanted = Vec::new();
        let me = self.settings.account;
        if self.book.phase == Phase::None {
            return wanted;
        }
        self.bonds_left(&mut wanted);
        // What came of a task that is over, its members still fetch.
        if self.book.phase != Phase::Ended {
            self.public(&mut wanted);
        }
        let wants_model = self.settings.trains || self.settings.aggregates || self.settings.scores;
        if wants_model && self.book.is_member(me) && !have.models.contains(&self.model()) {
            wanted.push(Action::Fetch { model: self.model() });
        }
        let Some(round) = self.book.running() else { return wanted };
        if wants_model && self.book.is_member(me) {
            self.watcher(round, have, &mut wanted);
            self.gather(round, have, &mut wanted);
        }
        if self.settings.trains {
            self.participant(round, have, &mut wanted);
        }
        if self.carries() {
            self.carrier(round, have, &mut wanted);
        }
        if self.settings.aggregates && self.book.may_aggregate(me) {
            self.aggregator(round, have, &mut wanted);
        }
        if self.settings.scores {
            self.validator(round, have, &mut wanted);
        }
        for ((account, contested), challenge) in &round.challenges {
            let own = match contested {
                Contested::Model => round.aggregated.as_ref().is_some_and(|made| made.aggregator == me),
                _ => *account == me,
            };
            if own && challenge.open {
                wanted.push(Action::Answer { round: round.number, contested: *contested });
            }
        }
        wanted
    }

    /// What the present round's updates are made into, if it was.
    pub fn aggregated(&self) -> Option<&Aggregated> {
        self.book.round.as_ref()?.aggregated.as_ref()
    }
}
