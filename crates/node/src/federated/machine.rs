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

use alloy_primitives::{Address, B256};
use averment_federated::score::REMEMBERED;
use averment_ledger::federated::{
    Aggregated, Book, Commitment, Contested, Event as Told, Phase, Round, TaskId, Terms,
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
    /// Packages' hashes of what was revealed in each round: by these a validator finds again what it saw.
    seen: BTreeMap<u16, BTreeMap<Address, B256>>,
    /// Bonds of its own that somebody's answer took.
    lost: u16,
}

impl Machine {
    /// One that knows nothing but what the task is.
    pub fn new(settings: Settings, id: TaskId, terms: Terms) -> Self {
        let (made, scored, seen, lost) = Default::default();
        Self { settings, id, book: Book::new(terms), time: 0, made, scored, seen, lost }
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

    /// Whether a challenge of the present round is this member's.
    fn is_own(&self, account: Address, contested: Contested) -> bool {
        let account = if contested == Contested::Model { Address::ZERO } else { account };
        let challenges = self.book.round.iter().flat_map(|round| round.challenges.get(&(account, contested)));
        challenges.into_iter().any(|challenge| challenge.challenger == self.settings.account)
    }

    /// How many more bonds it may risk.
    fn bonds(&self) -> usize {
        let challenges = self.book.round.iter().flat_map(|round| round.challenges.values());
        let open = challenges.filter(|one| one.open && one.challenger == self.settings.account).count();
        let bonds = if self.settings.challenges { self.settings.bonds } else { 0 };
        usize::from(bonds.saturating_sub(self.lost)).saturating_sub(open)
    }

    /// Packages' hashes of what an account revealed before a round, whatever became of it, oldest first.
    pub fn before(&self, round: u16, account: Address) -> impl Iterator<Item = B256> {
        self.seen.range(..round).filter_map(move |(_, seen)| seen.get(&account).copied())
    }

    /// Packages' hashes of all that was revealed in the last rounds before this one in which anything was, as far back as
    /// validators remember.
    pub fn last(&self, round: u16) -> impl Iterator<Item = B256> {
        let last = self.seen.range(..round).rev().take(REMEMBERED);
        last.flat_map(|(_, seen)| seen.values().copied())
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
                    Told::Revealed { round, account, content, .. } => {
                        self.seen.entry(*round).or_default().insert(*account, *content);
                    }
                    Told::Answered { account, contested, .. } if self.is_own(*account, *contested) => {
                        self.lost = self.lost.saturating_add(1);
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

    /// To whom a participant brings its update now: the named aggregator, who comes after it, and whoever else may aggregate by now.
    pub fn receivers(&self) -> Vec<Address> {
        let Some(round) = self.book.running() else { return Vec::new() };
        let named = self.book.terms.aggregator;
        let waiting = self.waited(Phase::Takeover) / self.settings.stagger.max(1);
        let successors = usize::try_from(waiting).unwrap_or(usize::MAX).saturating_add(2);
        let successors = self.successors(round).take(successors);
        let mut all: Vec<Address> = (!named.is_zero()).then_some(named).into_iter().collect();
        for successor in successors {
            if !all.contains(&successor) {
                all.push(successor);
            }
        }
        all.retain(|account| *account != self.settings.account);
        all
    }

    /// Validators who score the present round, and so are brought every update of it.
    pub fn judges(&self) -> impl Iterator<Item = Address> {
        let number = self.book.number();
        let seated = self
            .book
            .members
            .iter()
            .filter(move |(_, member)| member.seated && member.validates && member.since <= number);
        seated.map(|(account, _)| *account)
    }

    /// Who aggregates after the named one, in their order.
    fn successors<'a>(&'a self, round: &'a Round) -> impl Iterator<Item = Address> + 'a {
        let count = round.order.len().max(1);
        let first = usize::from(round.number) % count;
        let order = round.order.iter().cycle().skip(first).take(round.order.len()).copied();
        order.filter(|account| self.book.may_take_over(*account))
    }

    /// For how many seconds a phase has run; zero in another one.
    fn waited(&self, phase: Phase) -> u64 {
        if self.book.phase_at(self.time) != phase {
            return 0;
        }
        let seconds = match phase {
            Phase::Takeover => self.book.terms.times.takeover,
            _ => return 0,
        };
        match self.book.phase == phase {
            true => (self.time + u64::from(seconds)).saturating_sub(self.book.until),
            false => 0,
        }
    }

    /// How many seconds later than the first this member does what anybody may.
    fn delay(&self) -> u64 {
        let members =
            self.book.members.iter().filter(|(_, member)| member.seated).map(|(account, _)| *account);
        let mut all: BTreeSet<Address> = members.collect();
        all.extend((!self.book.terms.aggregator.is_zero()).then_some(self.book.terms.aggregator));
        let count = all.len().max(1);
        let place = all.iter().position(|account| *account == self.settings.account).unwrap_or(count);
        let rank = (place + usize::from(self.book.number())) % count.max(place + 1);
        self.settings.stagger.saturating_mul(rank as u64)
    }

    /// Whether it is this member's turn to do what anybody may from `since` on.
    fn is_turn(&self, since: u64) -> bool {
        self.time >= since.saturating_add(self.delay())
    }

    /// What is to be done now.
    pub fn wanted(&self, have: &Have) -> Vec<Action> {
        let mut wanted = Vec::new();
        let me = self.settings.account;
        if self.book.phase == Phase::None {
            return wanted;
        }
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

    /// What anybody may do.
    fn public(&self, wanted: &mut Vec<Action>) {
        let (book, now) = (&self.book, self.time);
        let number = book.number();
        let over = now > book.until;
        let Some(round) = book.running() else {
            let round = number.saturating_add(1);
            let enough = book.list.len() >= usize::from(book.terms.size.minimum);
            // Members come while nothing runs; the one whose turn it is opens when there are as many as a round needs.
            let begun = book.until.saturating_sub(u64::from(book.terms.times.idle));
            if book.phase == Phase::Idle && enough && !over && self.is_turn(begun) {
                wanted.push(Action::Open { round });
            }
            if book.phase == Phase::Idle && over && self.is_turn(book.until) {
                wanted.push(Action::Advance { round: number, phase: Phase::Idle });
            }
            return;
        };
        let (phase, at) = (book.phase, book.phase_at(now));
        let since = book.until;
        let rates = round.aggregated.is_some() && round.qualities.is_none();
        let begun = since.saturating_sub(u64::from(book.terms.times.settle));
        if phase == Phase::Settle && rates && self.is_turn(begun) {
            wanted.push(Action::Rate { round: number });
        }
        match phase {
            Phase::Select if !over && self.is_turn(0) => wanted.push(Action::Draw { round: number }),
            Phase::Settle if over && !rates && round.open_challenges() == 0 && self.is_turn(since) => {
                wanted.push(Action::Settle { round: number });
            }
            Phase::Settle => {}
            _ => {
                let nobody = over && matches!(phase, Phase::Select | Phase::Takeover);
                // Of too few nothing comes: early where nobody can make them more.
                let small = over && phase > Phase::Commit && phase <= Phase::Takeover && book.is_too_small();
                let answered = phase == Phase::Answer && round.open_challenges() == 0;
                if (nobody || small || at != phase || answered) && self.is_turn(since.min(now)) {
                    wanted.push(Action::Advance { round: number, phase });
                }
            }
        }
        let answer_over = match phase {
            Phase::Answer => over,
            Phase::Settle => over,
            _ => false,
        };
        for ((account, contested), challenge) in &round.challenges {
            let late = since.saturating_add(u64::from(book.terms.times.answer));
            if challenge.open && (answer_over || now > late) && self.is_turn(since) {
                let (account, contested) = (*account, *contested);
                wanted.push(Action::Lapse { round: number, account, contested });
            }
        }
        // Silence is noted once the round can hear no more; by one member, for all.
        if phase >= Phase::Check && self.is_turn(since.min(now)) {
            let silent = round.order.iter().filter(|account| {
                let said = round.committed.contains_key(*account) && round.said.contains_key(*account);
                !said && !round.struck.contains(*account) && book.is_selected(**account)
            });
            let accounts: Vec<Address> = silent.copied().collect();
            if !accounts.is_empty() {
                wanted.push(Action::Strike { round: number, accounts });
            }
        }
    }

    /// Asks for a new model before it is final: after that nobody can be made to give it.
    fn watcher(&self, round: &Round, have: &Have, wanted: &mut Vec<Action>) {
        let (book, number) = (&self.book, round.number);
        if round.aggregated.is_none() || have.models.contains(&number) {
            return;
        }
        wanted.push(Action::Fetch { model: number });
        let half = book.until.saturating_sub(u64::from(book.terms.times.settle / 2));
        let asked = round.challenges.contains_key(&(Address::ZERO, Contested::Model));
        if book.phase == Phase::Settle && !asked && self.bonds() > 0 && self.is_turn(half) {
            let (account, contested) = (Address::ZERO, Contested::Model);
            wanted.push(Action::Challenge { round: number, account, contested });
        }
    }

    /// Whether it carries others' commits and reveals: the named aggregator does.
    pub fn carries(&self) -> bool {
        self.settings.aggregates && self.book.terms.aggregator == self.settings.account
    }

    /// Seconds of a phase in which things are carried.
    fn seconds(&self, phase: Phase) -> u64 {
        let times = &self.book.terms.times;
        u64::from(if phase == Phase::Commit { times.commit } else { times.reveal })
    }

    /// Whether there is time for somebody else to send the own commit or reveal.
    fn is_carried(&self, phase: Phase) -> bool {
        let book = &self.book;
        let half = book.until.saturating_sub(self.seconds(phase) / 2);
        let early = book.phase != phase || self.time < half;
        let to = book.announced.get(&book.terms.aggregator);
        let there = to.is_some_and(|(_, endpoint)| !endpoint.is_empty()) && !self.carries();
        self.settings.carried && early && there
    }

    /// Hands it in, once.
    fn hand(&self, round: u16, phase: Phase, have: &Have) -> Option<Action> {
        let to = self.book.terms.aggregator;
        (!have.handed.contains(&phase)).then_some(Action::Hand { round, to, phase })
    }

    /// Sends what was handed in: all together, or when a quarter of the time is over what there is.
    fn carrier(&self, round: &Round, have: &Have, wanted: &mut Vec<Action>) {
        let book = &self.book;
        let phase = book.phase_at(self.time);
        let (done, all) = match phase {
            Phase::Commit => (round.committed.len(), round.order.len().min(book.terms.size.perRound.into())),
            Phase::Reveal => (round.said.len(), round.committed.len()),
            _ => return,
        };
        let quarter = book.until.saturating_sub(self.seconds(phase) / 4 * 3);
        let late = book.phase == phase && self.time >= quarter;
        if have.carried.is_empty() || (!late && done + have.carried.len() < all) {
            return;
        }
        let all: Vec<Address> = have.carried.iter().copied().collect();
        for accounts in all.chunks(CARRIED) {
            wanted.push(Action::Carry { round: round.number, phase, accounts: accounts.to_vec() });
        }
    }

    fn participant(&self, round: &Round, have: &Have, wanted: &mut Vec<Action>) {
        let (book, number, me) = (&self.book, round.number, self.settings.account);
        let part = book.is_selected(me) || (me == book.terms.root && !me.is_zero());
        if !part {
            return;
        }
        let phase = book.phase_at(self.time);
        let made = self.made.get(&number);
        let committed = round.committed.get(&me);
        match (phase, made) {
            (Phase::Commit, None) if committed.is_none() && have.models.contains(&self.model()) => {
                wanted.push(Action::Train { round: number, model: self.model() });
            }
            (Phase::Commit, Some(_)) if committed.is_none() && self.is_carried(phase) => {
                wanted.extend(self.hand(number, phase, have));
            }
            (Phase::Commit, Some(what)) if committed.is_none() => {
                wanted.push(Action::Commit { round: number, digest: self.id.commit(number, me, what) });
            }
            // What was committed to from another journal cannot be revealed from here.
            (Phase::Reveal, Some(what))
                if committed == Some(&self.id.commit(number, me, what)) && !round.said.contains_key(&me) =>
            {
                match self.is_carried(phase) {
                    true => wanted.extend(self.hand(number, phase, have)),
                    false => wanted.push(Action::Reveal { round: number }),
                }
            }
            _ => {}
        }
        let stands = round.said.get(&me).is_some_and(|said| !said.excluded);
        if stands && made.is_some() && (Phase::Reveal..=Phase::Score).contains(&phase) {
            let aggregators = if phase == Phase::Score { Vec::new() } else { self.receivers() };
            let missing =
                aggregators.into_iter().chain(self.judges()).filter(|to| !have.brought.contains(to));
            wanted.extend(missing.map(|to| Action::Deliver { round: number, to }));
        }
    }

    fn aggregator(&self, round: &Round, have: &Have, wanted: &mut Vec<Action>) {
        let (book, number, me) = (&self.book, round.number, self.settings.account);
        let phase = book.phase_at(self.time);
        let delivery = |account: &Address| match *account == me && self.made.contains_key(&number) {
            true => Delivery::Good,
            false => have.deliveries.get(account).copied().unwrap_or(Delivery::Missing),
        };
        let named = book.terms.aggregator == me && book.aggregator_strikes < book.terms.size.strikes;
        // The one who is going to need them asks for what is missing, when half of the time to bring it is over.
        let first = named || (book.terms.aggregator.is_zero() && self.successors(round).next() == Some(me));
        let half = book.until.saturating_sub(u64::from(book.terms.times.check / 2));
        let mut bonds = self.bonds();
        if phase == Phase::Check && book.phase == Phase::Check && first && self.time >= half {
            for (account, said) in &round.said {
                if said.excluded {
                    continue;
                }
                let contested = match delivery(account) {
                    Delivery::Good => continue,
                    Delivery::ProofFails => {
                        wanted.push(Action::Accuse { round: number, account: *account });
                        continue;
                    }
                    Delivery::NoProof => Contested::Proof,
                    Delivery::Missing => Contested::Update,
                };
                if bonds > 0 && !round.challenges.contains_key(&(*account, contested)) {
                    bonds -= 1;
                    wanted.push(Action::Challenge { round: number, account: *account, contested });
                }
            }
        }
        let turn = match phase {
            Phase::Aggregate => named,
            Phase::Takeover => {
                let rank = self.successors(round).position(|account| account == me);
                let wait = rank.map(|rank| self.settings.stagger.saturating_mul(rank as u64));
                wait.is_some_and(|wait| self.waited(Phase::Takeover) >= wait)
            }
            _ => false,
        };
        let model = have.models.contains(&self.model());
        let all = round
            .said
            .iter()
            .filter(|(_, said)| !said.excluded)
            .all(|(account, _)| delivery(account) == Delivery::Good);
        if turn && model && all && !book.is_too_small() && round.aggregated.is_none() {
            wanted.push(Action::Aggregate { round: number });
        }
    }

    fn validator(&self, round: &Round, have: &Have, wanted: &mut Vec<Action>) {
        let (book, number, me) = (&self.book, round.number, self.settings.account);
        let seated = self.judges().any(|judge| judge == me);
        let Some(made) = round.aggregated.as_ref().filter(|_| seated) else { return };
        let phase = book.phase_at(self.time);
        let delivery = |account: &&Address| have.deliveries.get(*account).copied();
        for account in made.accounts.iter().filter(|account| delivery(account) == Some(Delivery::ProofFails))
        {
            if book.members.get(account).is_some_and(|member| !member.out) {
                wanted.push(Action::Accuse { round: number, account: *account });
            }
        }
        let good = made.accounts.iter().filter(|account| delivery(account) == Some(Delivery::Good)).count();
        // Who brings nothing is not waited for until it is too late. Who was brought less than half says nothing: it may be its own fault.
        let half = book.until.saturating_sub(u64::from(book.terms.times.score / 2));
        let enough = good == made.accounts.len() || (2 * good > made.accounts.len() && self.time >= half);
        match (phase, self.scored.get(&number)) {
            (Phase::Score, None) if enough && have.models.contains(&self.model()) => {
                wanted.push(Action::Score { round: number });
            }
            (Phase::Score, Some(_)) if !round.scores_committed.contains_key(&me) => {
                wanted.push(Action::CommitScores { round: number });
            }
            (Phase::Disclose, Some(_))
                if round.scores_committed.contains_key(&me) && !round.scores.contains_key(&me) =>
            {
                wanted.push(Action::DiscloseScores { round: number });
            }
            _ => {}
        }
    }

    /// What the present round's updates are made into, if it was.
    pub fn aggregated(&self) -> Option<&Aggregated> {
        self.book.round.as_ref()?.aggregated.as_ref()
    }
}
