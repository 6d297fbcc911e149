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

mod agreement;
mod committee;
mod own;
#[cfg(test)]
mod tests;
mod watched;
mod windows;
mod wrong;

pub use agreement::{Certificate, Promise, ROUNDS, SignedList, TwoAnswers, Voice, Words, commits_of, leader};

pub use own::{Contested, Earning};
pub use windows::{TooShort, Windows};
pub use wrong::Said;

use crate::signing::ShortSignature;
use alloy_primitives::{Address, B256, Bytes};
use committee::Seat;
use own::Own;
use serde::{Deserialize, Serialize};
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

/// Terms of a request. `body` and the other encodings are passed back to the contracts as they came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Its id.
    pub id: B256,
    /// Who asks.
    pub requester: Address,
    /// The version that is to answer.
    pub version: B256,
    /// The offer it is made under.
    pub offer: B256,
    /// The identity of the commitment to its inputs.
    pub inputs: B256,
    /// How many inputs.
    pub items: u32,
    /// How an answer becomes final.
    pub mode: Mode,
    /// Last second at which it may be answered.
    pub deadline: u64,
    /// In the token's smallest units: what the answer is worth.
    pub fee: u128,
    /// In the token's smallest units: what an optimistic answerer stakes.
    pub bond: u128,
    /// Inputs that are public, in the order of the plan.
    pub public_inputs: Vec<i64>,
    /// The ABI encoding of the whole request.
    pub body: Bytes,
}

/// How an answer becomes final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// By a proof.
    Proof,
    /// By a bond and a window for challenges.
    Optimistic,
    /// By a committee.
    Quorum,
}

/// A drawn committee.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Committee {
    /// How many have to say the same.
    pub threshold: u8,
    /// How far answers that count as the same may differ; such a committee works on the chain only.
    pub tolerance: u64,
    /// When it was drawn.
    pub since: u64,
    /// Last second at which members may commit.
    pub commit_until: u64,
    /// Last second at which they may reveal.
    pub reveal_until: u64,
    /// The operators of its seats, in order.
    pub members: Vec<u32>,
    /// Their keys.
    pub signers: Vec<Address>,
    /// Its ABI encoding.
    pub body: Bytes,
}

/// What happened. From [`Event::Decided`] on it is not the contracts that say so: the operator does itself, or another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// All up to here has settled.
    Settled {
        /// The block's time, in seconds of Unix time.
        time: u64,
    },
    /// An offer was made.
    Offered {
        /// Its id.
        offer: B256,
        /// How long it gives.
        windows: Windows,
        /// Its ABI encoding.
        body: Bytes,
    },
    /// Somebody asks.
    Requested {
        /// What.
        asked: Box<Asked>,
        /// When.
        time: u64,
    },
    /// A committee was drawn.
    Drawn {
        /// For which request.
        id: B256,
        /// Who is in it.
        committee: Box<Committee>,
    },
    /// A member's commitment is on the chain.
    Committed {
        /// To the answer of which request.
        id: B256,
        /// Whose.
        operator: u32,
    },
    /// A member's answer is.
    Revealed {
        /// To which request.
        id: B256,
        /// Whose.
        operator: u32,
        /// What it says; nothing if it cannot answer.
        outputs: Vec<i64>,
    },
    /// Somebody answered with a bond.
    Answered {
        /// Which request.
        id: B256,
        /// Who.
        answerer: Address,
        /// The last second at which it may be challenged.
        until: u64,
        /// What it says.
        outputs: Vec<i64>,
    },
    /// Somebody challenged that answer.
    Challenged {
        /// To which request.
        id: B256,
        /// Who.
        challenger: Address,
        /// The last second at which it may be proved.
        until: u64,
    },
    /// The answer was not proved; another one may be given.
    Reopened {
        /// To which request.
        id: B256,
    },
    /// A committee could not agree, or had no answer: its work is done.
    Ended {
        /// Of which request.
        id: B256,
    },
    /// There is nothing more to do about a request: it is final, or refunded.
    Closed {
        /// Which.
        id: B256,
    },
    /// An operator was charged for what it did about a request.
    Charged {
        /// Which.
        id: B256,
        /// The operator.
        operator: u32,
    },
    /// What this operator says about a request.
    Decided {
        /// Which.
        id: B256,
        /// What; nothing if it cannot answer.
        outputs: Vec<i64>,
    },
    /// This operator stakes its bond on what it decided.
    Staked {
        /// On the answer to which request.
        id: B256,
    },
    /// This operator signed its commitment for the other members. It follows from the decision, and need not be kept.
    Promised {
        /// About which request.
        id: B256,
        /// The commitment.
        promise: Promise,
    },
    /// It signed a list of commitments.
    Listed {
        /// About which request.
        id: B256,
        /// The list, as the others get it.
        list: SignedList,
        /// The promises in it.
        promises: Vec<Option<Promise>>,
    },
    /// It signed its answer together with a list.
    Spoken {
        /// About which request.
        id: B256,
        /// Its voice.
        voice: Box<Voice>,
    },
    /// Another member said something, over the channel. It is asked for again after a stop, and not kept.
    Heard {
        /// About which request.
        id: B256,
        /// The member's seat.
        seat: u8,
        /// What.
        words: Box<Words>,
    },
}

impl Event {
    /// The request that it is about; none of what is about none.
    pub fn id(&self) -> Option<B256> {
        match self {
            Self::Settled { .. } | Self::Offered { .. } => None,
            Self::Requested { asked, .. } => Some(asked.id),
            Self::Drawn { id, .. }
            | Self::Committed { id, .. }
            | Self::Revealed { id, .. }
            | Self::Answered { id, .. }
            | Self::Challenged { id, .. }
            | Self::Reopened { id }
            | Self::Ended { id }
            | Self::Closed { id }
            | Self::Charged { id, .. }
            | Self::Decided { id, .. }
            | Self::Staked { id }
            | Self::Promised { id, .. }
            | Self::Listed { id, .. }
            | Self::Spoken { id, .. }
            | Self::Heard { id, .. } => Some(*id),
        }
    }

    /// Whether it is something that the operator decided or signed itself, to be kept before it has consequences.
    pub fn is_own(&self) -> bool {
        matches!(self, Self::Decided { .. } | Self::Staked { .. } | Self::Listed { .. } | Self::Spoken { .. })
    }
}

/// Something that is to be done. Doing it twice does no harm: the contracts take it once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Have the committee drawn.
    Draw {
        /// For which request.
        id: B256,
    },
    /// Get the input and compute the answer: [`Event::Decided`] follows.
    Compute {
        /// To which request.
        id: B256,
    },
    /// Say that there is no answer: [`Event::Decided`] without outputs follows.
    GiveUp {
        /// To which request.
        id: B256,
    },
    /// Note that an answer is going to be given with a bond: [`Event::Staked`] follows.
    Stake {
        /// To which request.
        id: B256,
    },
    /// Sign the commitment for the other members: [`Event::Promised`] follows.
    Promise {
        /// About which request.
        id: B256,
        /// What was decided.
        outputs: Vec<i64>,
    },
    /// Sign a list of commitments: [`Event::Listed`] follows.
    List {
        /// About which request.
        id: B256,
        /// The round.
        round: u8,
        /// The promises by seat.
        promises: Vec<Option<Promise>>,
        /// Whether this operator leads the round, so that the others need the promises from it.
        leads: bool,
    },
    /// Sign the answer together with the list of this certificate: [`Event::Spoken`] follows.
    Speak {
        /// About which request.
        id: B256,
        /// What was decided.
        outputs: Vec<i64>,
        /// Why it may speak.
        certificate: Certificate,
    },
    /// Post what enough members say.
    Agree {
        /// About which request.
        id: B256,
        /// What they say.
        outputs: Vec<i64>,
        /// The commitments of all.
        commits: Vec<B256>,
        /// Who says so, ascending by seat.
        voices: Vec<Agreeing>,
    },
    /// Show that somebody signed two answers.
    Accuse {
        /// To which request.
        id: B256,
        /// Both of them.
        answers: Box<TwoAnswers>,
    },
    /// Answer with a bond.
    Answer {
        /// Which request.
        id: B256,
        /// What was decided.
        outputs: Vec<i64>,
    },
    /// Make an own answer final.
    Finalise {
        /// To which request.
        id: B256,
        /// What it says.
        outputs: Vec<i64>,
    },
    /// Prove what was decided.
    Prove {
        /// About which request.
        id: B256,
        /// What was decided.
        outputs: Vec<i64>,
        /// The answer that is there.
        contested: Option<Contested>,
    },
    /// Prove what was decided, over a committee that says something else.
    Overrule {
        /// About which request.
        id: B256,
        /// What was decided.
        outputs: Vec<i64>,
        /// What each member revealed; nothing of who has not.
        heard: Vec<Vec<i64>>,
    },
    /// Prove, when a request is over, that operators said something else than what is right.
    Contradict {
        /// About which request.
        id: B256,
        /// What was decided.
        outputs: Vec<i64>,
        /// What they said.
        said: Vec<Said>,
    },
    /// Commit to what was decided.
    Commit {
        /// About which request.
        id: B256,
        /// The seat of the committee.
        seat: u8,
        /// What was decided.
        outputs: Vec<i64>,
    },
    /// Show what was committed to.
    Reveal {
        /// About which request.
        id: B256,
        /// The seat of the committee.
        seat: u8,
        /// What was decided.
        outputs: Vec<i64>,
    },
    /// End a committee's work.
    Close {
        /// About which request.
        id: B256,
        /// What each member revealed; nothing of who has not.
        heard: Vec<Vec<i64>>,
    },
    /// Challenge an answer that is wrong.
    Challenge {
        /// To which request.
        id: B256,
        /// Whose.
        answerer: Address,
        /// What it says.
        outputs: Vec<i64>,
    },
    /// Have an answer slashed that was challenged by this operator and not proved.
    Forfeit {
        /// To which request.
        id: B256,
        /// Whose.
        answerer: Address,
        /// What it says.
        outputs: Vec<i64>,
    },
}

/// A member of an agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreeing {
    /// Its seat.
    pub seat: u8,
    /// What hid its commitment.
    pub salt: B256,
    /// Its signature of outputs and list.
    pub signature: ShortSignature,
}

impl Action {
    /// The request that it is about.
    pub fn id(&self) -> B256 {
        match self {
            Self::Draw { id }
            | Self::Compute { id }
            | Self::GiveUp { id }
            | Self::Stake { id }
            | Self::Answer { id, .. }
            | Self::Finalise { id, .. }
            | Self::Prove { id, .. }
            | Self::Overrule { id, .. }
            | Self::Contradict { id, .. }
            | Self::Promise { id, .. }
            | Self::List { id, .. }
            | Self::Speak { id, .. }
            | Self::Agree { id, .. }
            | Self::Accuse { id, .. }
            | Self::Commit { id, .. }
            | Self::Reveal { id, .. }
            | Self::Close { id, .. }
            | Self::Challenge { id, .. }
            | Self::Forfeit { id, .. } => *id,
        }
    }

    /// Whether it takes a transaction.
    pub fn is_sent(&self) -> bool {
        !matches!(
            self,
            Self::Compute { .. }
                | Self::GiveUp { .. }
                | Self::Stake { .. }
                | Self::Promise { .. }
                | Self::List { .. }
                | Self::Speak { .. }
        )
    }

    /// Its name, for logs and metrics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Draw { .. } => "draw",
            Self::Compute { .. } => "compute",
            Self::GiveUp { .. } => "give-up",
            Self::Stake { .. } => "stake",
            Self::Answer { .. } => "answer",
            Self::Finalise { .. } => "finalise",
            Self::Prove { .. } => "prove",
            Self::Overrule { .. } => "overrule",
            Self::Contradict { .. } => "contradict",
            Self::Promise { .. } => "promise",
            Self::List { .. } => "list",
            Self::Speak { .. } => "speak",
            Self::Agree { .. } => "agree",
            Self::Accuse { .. } => "accuse",
            Self::Commit { .. } => "commit",
            Self::Reveal { .. } => "reveal",
            Self::Close { .. } => "close",
            Self::Challenge { .. } => "challenge",
            Self::Forfeit { .. } => "forfeit",
        }
    }
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
