//! What an operator does, as a pure machine: settled events in, wanted actions out.
//!
//! The machine has no clock, network or randomness. It is told what settled blocks hold ([`Event`]) and asked what is to be
//! done now ([`Machine::wanted`]). What is wanted follows from what is known, not from what was tried: an action is wanted
//! until the chain shows that it happened or that its time is over. So whoever carries actions out may crash at any point,
//! before, while or after a transaction is sent: fed with the same events again, the machine wants the same again.
//!
//! Nothing is answered twice in two ways: an answer is an event too ([`Event::Decided`]), the first one about a request
//! counts, and it has to be on disk before anything is signed that follows from it ([`crate::journal`]).
//!
//! Everything goes by settled blocks and their time, the end of the commitments too: a reveal that a reorganisation could
//! bring before somebody's commitment would be copied. So the windows of a committee have to be longer than the chain takes
//! to settle.

mod action;
mod agreement;
mod committee;
mod event;
mod own;
#[cfg(test)]
mod tests;
mod watched;
mod windows;
mod wrong;

pub use action::{Action, Agreeing};
pub use agreement::{Certificate, Promise, ROUNDS, SignedList, TwoAnswers, Voice, Words, commits_of, leader};
pub use event::{Asked, Committee, Event, Mode};
pub use own::{Contested, Earning};
pub use windows::{TooShort, Windows};
pub use wrong::Said;

use alloy_primitives::{Address, B256, Bytes};
use committee::Seat;
use own::Own;
use std::collections::{BTreeMap, BTreeSet};
use watched::Watched;
use wrong::{Contradiction, Contradictions, Others, by_seat, contradicted, verdict};

/// For how many seconds an operator who signed two answers is accused; long before, somebody was first.
const ACCUSED_FOR: u64 = 86_400;

/// Who the operator is, and how careful.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Its number in the staking contract.
    pub operator: u32,
    /// Whom challenges are made by; answers of this account are its own.
    pub account: Address,
    /// The versions that it can compute.
    pub versions: BTreeSet<B256>,
    /// Whether wrong optimistic answers are challenged.
    pub challenges: bool,
    /// What it earns beside its seats.
    pub earns: Earning,
    /// Whether it has a channel to other operators, and so signs together with them.
    pub agrees: bool,
    /// Seconds that the chain takes to settle at the most: what is seen is so old.
    pub settling: u64,
    /// Seconds before the end of commitments at which an operator who has no answer says that it cannot.
    pub margin: u64,
    /// What everybody may do (draw, close) is done first by one operator, by another after so many seconds, and so on.
    pub stagger: u64,
}

/// What is known of a request that is open.
#[derive(Debug, Clone)]
struct Open {
    asked: Asked,
    /// When it was made.
    since: u64,
    /// What this operator says about it.
    decided: Option<Vec<i64>>,
    /// Whether it answers, or has answered, with its bond.
    staked: bool,
    /// Who said something wrong in its committee.
    wrong: Vec<Said>,
    work: Work,
}

/// What there is to do about a request.
#[derive(Debug, Clone)]
enum Work {
    /// Nothing, so far.
    Waiting,
    /// Somebody's answer is to be checked.
    Watched(Watched),
    /// This operator has a seat.
    Seat(Box<Seat>),
    /// Others' committee.
    Theirs(Box<Others>),
    /// A committee's work is done.
    Over,
    /// This operator's answer stands on its bond.
    Own(Own),
    /// Only a proof can answer.
    Unproved,
    /// This operator's bond is lost: it does not answer again.
    Lost,
}

/// What the other members of a committee are to be told about a request.
#[derive(Debug, Clone)]
pub struct Telling<'a> {
    /// The request.
    pub id: B256,
    /// Who is to be told.
    pub committee: &'a Committee,
    /// This operator's seat.
    pub seat: u8,
    /// What it says; nothing yet if it is still computing.
    pub words: Option<Words>,
    /// Whether all the others have been heard to the end.
    pub complete: bool,
}

/// The machine; see the module.
#[derive(Debug, Clone)]
pub struct Machine {
    settings: Settings,
    time: u64,
    offers: BTreeMap<B256, (Windows, Bytes)>,
    open: BTreeMap<B256, Open>,
    /// Who signed two answers to which request, and when that was seen. Whatever becomes of the request, until it is charged.
    caught: BTreeMap<(B256, u32), (u64, TwoAnswers)>,
    /// What was said wrong about requests that are over.
    wrong: Contradictions,
    missed: u64,
}

impl Machine {
    /// One that knows nothing yet.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            time: 0,
            offers: BTreeMap::new(),
            open: BTreeMap::new(),
            caught: BTreeMap::new(),
            wrong: BTreeMap::new(),
            missed: 0,
        }
    }

    /// The time of the newest settled block.
    pub fn time(&self) -> u64 {
        self.time
    }

    /// How many requests are open that it knows of.
    pub fn open(&self) -> usize {
        self.open.len()
    }

    /// In how many committees it has a seat now.
    pub fn seats(&self) -> usize {
        self.open.values().filter(|open| matches!(open.work, Work::Seat(_))).count()
    }

    /// How often it had a seat, and no commitment or no answer of it was on the chain in time.
    pub fn missed(&self) -> u64 {
        self.missed
    }

    /// The terms of a request that is open, or about which somebody is contradicted.
    pub fn asked(&self, id: &B256) -> Option<&Asked> {
        let over = || self.wrong.get(id).map(|(_, wrong)| &wrong.asked);
        self.open.get(id).map(|open| &open.asked).or_else(over)
    }

    /// What this operator says about an open request.
    pub fn decided(&self, id: &B256) -> Option<&[i64]> {
        self.open.get(id)?.decided.as_deref()
    }

    /// The committee of an open request.
    pub fn committee(&self, id: &B256) -> Option<&Committee> {
        match &self.open.get(id)?.work {
            Work::Seat(seat) => Some(&seat.committee),
            Work::Theirs(others) => Some(&others.committee),
            _ => None,
        }
    }

    /// An offer's ABI encoding.
    pub fn offer(&self, id: &B256) -> Option<&Bytes> {
        self.offers.get(id).map(|(_, body)| body)
    }

    /// Why an open request is not served: the offer's windows are too short for this chain. Whoever is drawn for one all the
    /// same does what it can.
    pub fn too_short(&self, id: &B256) -> Option<TooShort> {
        let asked = self.asked(id)?;
        let (windows, _) = self.offers.get(&asked.offer)?;
        windows.too_short(asked, &self.settings)
    }

    /// The open requests that are not served for that.
    pub fn refused(&self) -> impl Iterator<Item = (B256, TooShort)> {
        self.open.keys().filter_map(|id| Some((*id, self.too_short(id)?)))
    }

    /// Takes in what happened. What does not fit what is known is passed over: it is about requests that were there before
    /// the operator began.
    pub fn apply(&mut self, event: Event) {
        match event {
            Event::Settled { time } => self.settle(time),
            Event::Offered { offer, windows, body } => {
                self.offers.insert(offer, (windows, body));
            }
            Event::Requested { asked, time } => {
                if self.settings.versions.contains(&asked.version) {
                    let open = Open {
                        asked: *asked,
                        since: time,
                        decided: None,
                        staked: false,
                        wrong: Vec::new(),
                        work: Work::Waiting,
                    };
                    self.open.entry(open.asked.id).or_insert(open);
                }
            }
            Event::Closed { id } => {
                let Some(open) = self.open.remove(&id) else { return };
                if let (false, Some(outputs)) = (open.wrong.is_empty(), open.decided) {
                    let wrong = Contradiction { asked: open.asked, outputs, said: open.wrong };
                    self.wrong.insert(id, (self.time, wrong));
                }
            }
            Event::Charged { id, operator } => {
                self.caught.remove(&(id, operator));
                if let Some((_, wrong)) = self.wrong.get_mut(&id) {
                    wrong.said.retain(|said| said.operator != operator);
                }
            }
            Event::Drawn { id, .. }
            | Event::Committed { id, .. }
            | Event::Revealed { id, .. }
            | Event::Answered { id, .. }
            | Event::Challenged { id, .. }
            | Event::Reopened { id }
            | Event::Ended { id }
            | Event::Decided { id, .. }
            | Event::Staked { id }
            | Event::Promised { id, .. }
            | Event::Listed { id, .. }
            | Event::Spoken { id, .. } => {
                if let Some(open) = self.open.get_mut(&id) {
                    open.apply(event, &self.settings, self.time);
                }
            }
            Event::Heard { id, seat, words } => {
                if let Some(Work::Seat(own)) = self.open.get_mut(&id).map(|open| &mut open.work)
                    && let Some(answers) = own.hear(seat, *words, self.time)
                {
                    let caught = (self.time, answers);
                    self.caught.entry((id, caught.1.operator)).or_insert(caught);
                }
            }
        }
    }

    /// Time passes for what waits for it.
    fn settle(&mut self, time: u64) {
        self.time = self.time.max(time);
        let now = self.time;
        self.caught.retain(|_, (seen, _)| now <= seen.saturating_add(ACCUSED_FOR));
        self.wrong
            .retain(|_, (seen, wrong)| now <= seen.saturating_add(ACCUSED_FOR) && !wrong.said.is_empty());
        for open in self.open.values_mut() {
            if let Work::Seat(seat) = &mut open.work {
                self.missed += u64::from(seat.misses(now));
            }
        }
    }

    /// What is to be done now, in the order of requests' ids.
    pub fn wanted(&self) -> Vec<Action> {
        let at_stake = self.open.values().map(|open| open.at_stake(self.time)).fold(0, u128::saturating_add);
        let mut left = self.settings.earns.most_bond.saturating_sub(at_stake);
        let mut worth_it = |action: &Action| {
            if let Action::Draw { id } | Action::Stake { id } | Action::Answer { id, .. } = action
                && self.too_short(id).is_some()
            {
                return false;
            }
            let Action::Stake { id } = action else { return true };
            let bond = self.open.get(id).map_or(u128::MAX, |open| open.asked.bond);
            let rest = left.checked_sub(bond);
            left = rest.unwrap_or(left);
            rest.is_some()
        };
        let open = self.open.values().flat_map(|open| open.wanted(&self.settings, self.time));
        let open = open.filter(|action| worth_it(action));
        let accuse = self
            .caught
            .iter()
            .map(|((id, _), (_, answers))| Action::Accuse { id: *id, answers: Box::new(answers.clone()) });
        let contradict =
            self.wrong.iter().filter(|(_, (_, wrong))| !wrong.said.is_empty()).map(|(id, (_, wrong))| {
                Action::Contradict { id: *id, outputs: wrong.outputs.clone(), said: wrong.said.clone() }
            });
        open.chain(accuse).chain(contradict).collect()
    }

    /// What the other members are to be told, of every request about which this operator signs together with them.
    pub fn tells(&self) -> Vec<Telling<'_>> {
        let mut tells = Vec::new();
        for open in self.open.values().filter(|_| self.settings.agrees) {
            if let Work::Seat(seat) = &open.work {
                tells.extend(seat.tells(open.asked.id, self.time));
            }
        }
        tells
    }
}

impl Work {
    /// Who said something wrong in a committee, if this operator can prove it.
    fn contradicted(&self, decided: Option<&[i64]>, settings: &Settings) -> Vec<Said> {
        let Some(right) = decided.filter(|_| settings.earns.proves) else { return Vec::new() };
        match self {
            Self::Seat(seat) => contradicted(&seat.committee, &seat.heard, seat.voices(), right),
            Self::Theirs(others) => contradicted(&others.committee, &others.heard, &BTreeMap::new(), right),
            _ => Vec::new(),
        }
    }
}

impl Open {
    fn apply(&mut self, event: Event, settings: &Settings, now: u64) {
        match (&mut self.work, event) {
            (_, Event::Decided { outputs, .. }) => {
                // The first counts: something may have been signed already.
                self.decided.get_or_insert(outputs);
            }
            (_, Event::Staked { .. }) => self.staked = true,
            (work, Event::Drawn { committee, .. }) => {
                *work = match Seat::of(settings.operator, &committee) {
                    Some(seat) => Work::Seat(Box::new(seat)),
                    None => Work::Theirs(Box::new(Others { committee: *committee, heard: BTreeMap::new() })),
                };
            }
            (Work::Seat(seat), Event::Promised { promise, .. }) => seat.promised(promise),
            (Work::Seat(seat), Event::Listed { list, promises, .. }) => seat.listed(list, promises),
            (Work::Seat(seat), Event::Spoken { voice, .. }) => seat.spoken(*voice, now),
            (Work::Seat(seat), Event::Committed { operator, .. }) => seat.committed(operator),
            (Work::Seat(seat), Event::Revealed { operator, outputs, .. }) => seat.revealed(operator, outputs),
            (Work::Theirs(others), Event::Revealed { operator, outputs, .. }) => {
                others.heard.entry(operator).or_insert(outputs);
            }
            (work @ (Work::Seat(_) | Work::Theirs(_)), Event::Ended { .. }) => {
                self.wrong = work.contradicted(self.decided.as_deref(), settings);
                *work = Work::Over;
            }
            (work, Event::Answered { answerer, until, outputs, .. }) => {
                self.staked = answerer == settings.account;
                *work = match self.staked {
                    true => Work::Own(Own::new(until, outputs)),
                    false => Work::Watched(Watched::new(answerer, until, outputs)),
                };
            }
            (Work::Own(own), Event::Challenged { challenger, until, .. }) => {
                own.challenged(challenger, until)
            }
            (work @ Work::Own(_), Event::Reopened { .. }) => (*work, self.staked) = (Work::Lost, false),
            (Work::Watched(watched), Event::Challenged { challenger, until, .. }) => {
                watched.challenged(challenger, until);
            }
            // After a committee only a proof answers: there is no second draw.
            (work, Event::Reopened { .. }) if self.asked.mode == Mode::Quorum => *work = Work::Unproved,
            (work @ Work::Watched(_), Event::Reopened { .. }) => *work = Work::Waiting,
            _ => {}
        }
    }

    fn wanted(&self, settings: &Settings, now: u64) -> Vec<Action> {
        let id = self.asked.id;
        match &self.work {
            Work::Waiting if self.asked.mode == Mode::Quorum => {
                let first = self.since.saturating_add(self.turn(settings, 1 << 2));
                let draws = now >= first && now <= self.asked.deadline;
                draws.then_some(Action::Draw { id }).into_iter().collect()
            }
            Work::Waiting if self.asked.mode == Mode::Optimistic => {
                self.answers(settings, now).into_iter().collect()
            }
            Work::Waiting | Work::Unproved => self.proves(settings, now).into_iter().collect(),
            Work::Own(own) => own.wanted(id, self.decided.as_deref(), settings, now).into_iter().collect(),
            Work::Over | Work::Lost => Vec::new(),
            Work::Theirs(others) => {
                self.overrules(&others.committee, &others.heard, settings).into_iter().collect()
            }
            Work::Seat(seat) => {
                let turn = self.turn(settings, seat.committee.members.len() as u64);
                let overrules = self.overrules(&seat.committee, &seat.heard, settings);
                let work = seat.wanted(id, self.decided.as_deref(), settings, turn, now);
                // Who is about to prove that it is wrong does not make it final.
                let wrong = matches!(overrules, Some(Action::Overrule { .. }));
                let work =
                    work.into_iter().filter(|action| !(wrong && matches!(action, Action::Close { .. })));
                overrules.into_iter().chain(work).collect()
            }
            Work::Watched(watched) => {
                watched.wanted(id, self.decided.as_deref(), settings, now).into_iter().collect()
            }
        }
    }

    /// A proof over a committee that is about to make something wrong final.
    fn overrules(
        &self,
        committee: &Committee,
        heard: &BTreeMap<u32, Vec<i64>>,
        settings: &Settings,
    ) -> Option<Action> {
        let verdict = verdict(committee, heard).filter(|_| settings.earns.proves)?;
        let id = self.asked.id;
        match self.decided.as_deref() {
            None => Some(Action::Compute { id }),
            Some(own) if own.is_empty() || own == verdict => None,
            Some(own) => {
                Some(Action::Overrule { id, outputs: own.to_vec(), heard: by_seat(committee, heard) })
            }
        }
    }

    /// A bonded answer, if that is worth it.
    fn answers(&self, settings: &Settings, now: u64) -> Option<Action> {
        let id = self.asked.id;
        if now > self.asked.deadline || !settings.earns.answers(&self.asked) {
            return None;
        }
        match self.decided.as_deref() {
            None => Some(Action::Compute { id }),
            // What was not computed cannot be proved.
            Some([]) => None,
            Some(outputs) if self.staked => Some(Action::Answer { id, outputs: outputs.to_vec() }),
            Some(_) => Some(Action::Stake { id }),
        }
    }

    /// A proof where nothing else answers, if that is worth it.
    fn proves(&self, settings: &Settings, now: u64) -> Option<Action> {
        let id = self.asked.id;
        if now > self.asked.deadline || !settings.earns.proves || !settings.earns.pays(&self.asked) {
            return None;
        }
        match self.decided.as_deref() {
            None => Some(Action::Compute { id }),
            Some([]) => None,
            Some(outputs) => Some(Action::Prove { id, outputs: outputs.to_vec(), contested: None }),
        }
    }

    /// What is, or may soon be, at stake of this operator's bonds.
    fn at_stake(&self, now: u64) -> u128 {
        let may_answer = matches!(self.work, Work::Waiting) && now <= self.asked.deadline;
        if self.staked && (may_answer || matches!(self.work, Work::Own(_))) { self.asked.bond } else { 0 }
    }

    /// How many seconds this operator lets `others` go first, which is another order for each request.
    fn turn(&self, settings: &Settings, others: u64) -> u64 {
        let last = self.asked.id.last().copied().unwrap_or_default();
        let mixed = u64::from(settings.operator).wrapping_add(last.into());
        settings.stagger.saturating_mul(mixed.checked_rem(others).unwrap_or(0))
    }
}
