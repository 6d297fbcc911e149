//! The operator at work: reads what has settled, keeps it, does what the machine wants.
//!
//! Order is what makes it safe to stop anywhere. A block's events are kept before the machine takes them in; a decision is
//! kept before the machine knows it, so nothing is signed that is not on disk; a transaction is sent only for what the
//! machine wants, and wanted it is until its event has settled. What is lost at a stop is at most a transaction sent a second
//! time, which the contract refuses.
//!
//! The chain is believed once it has settled, and then for good: if a block that was acted on is replaced, the operator stops
//! with an alarm ([`Halt::Reorganised`]) and signs nothing any more, because what it signed may now be wrong in a way that
//! only a person can judge.

use crate::{
    answers::Answers,
    chain::{ActError, Chain, Done, ReadError},
    channel::Channel,
    journal::{Block, Journal, KeepError, Kept, Who},
    machine::{Action, Event, Machine, Settings},
    metrics::{Figures, Metrics},
    proofs::{Proofs, Workshop},
};
use alloy_primitives::B256;
use averment_ledger::HeaderError;
use std::{
    collections::{HashMap, HashSet},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use thiserror::Error;
use tracing::{error, info, warn};

/// Most blocks whose events are asked for at once.
const BLOCKS_AT_ONCE: u64 = 1_000;
/// How many blocks without events go by before the place is written down.
const WRITE_DOWN_AFTER: u64 = 64;
/// By how many bytes a journal grows before it is written anew.
const JOURNAL_GROWS: usize = 4 << 20;
/// How many answers are made final in one transaction; that of a callback takes gas of its own.
const FINAL_AT_ONCE: usize = 16;
/// How long to wait before a transaction is sent again whose event has not settled.
const AGAIN_AFTER: Duration = Duration::from_secs(60);

/// Where an operator begins, and how it goes about things.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What the machine goes by.
    pub settings: Settings,
    /// The block to read from when the journal is new: that of the staking contract's deployment, or of joining.
    pub first_block: u64,
    /// How long to wait before a transaction is sent again whose event has not settled.
    pub again_after: Duration,
    /// By how many bytes the journal grows, and at least to twice its length, before it is written anew without what is over.
    pub journal_grows: usize,
}

impl Plan {
    /// The usual waiting.
    pub fn new(settings: Settings, first_block: u64) -> Self {
        Self { settings, first_block, again_after: AGAIN_AFTER, journal_grows: JOURNAL_GROWS }
    }
}

/// Why the operator stops. All of these want a person.
#[derive(Debug, Error)]
pub enum Halt {
    /// A block that counted as settled was replaced.
    #[error(
        "block {number} had settled as {expected} and is {got} now: the chain was reorganised deeper than its settling \
         allows. Nothing more is signed. Find out which history holds, and whether anything signed here contradicts it, \
         before the operator is started with a new journal"
    )]
    Reorganised {
        /// The block.
        number: u64,
        /// What it was.
        expected: B256,
        /// What it is.
        got: B256,
    },
    /// Nothing can be kept, so nothing may be signed.
    #[error(transparent)]
    Keep(#[from] KeepError),
    /// Somebody stops it in a test, at the step that it names.
    #[error("stopped at step {0}")]
    Stopped(&'static str),
}

/// What came of one turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// The newest settled block that was read.
    pub read: u64,
    /// How many actions were wanted.
    pub wanted: usize,
    /// How many of them are under way or done.
    pub done: usize,
}

/// Called before each step with its name; `false` stops the operator there as a crash would.
pub type Steps = Arc<dyn Fn(&'static str) -> bool + Send + Sync>;

/// What an operator counts. An answer takes a tenth of a millisecond to some seven seconds.
const FIGURES: Figures<4> = Figures {
    prefix: "averment_oracle",
    seconds: ("answer_seconds", "Time to compute an answer", 1e-4),
    each_turn: [
        ("open_requests", "Open requests to versions served here"),
        ("seats", "Committees that this operator has a seat in now"),
        ("refused_requests", "Open requests whose windows are too short here"),
        ("missed", "Seats not answered in time; this costs stake"),
    ],
};

fn figures(machine: &Machine) -> [u64; 4] {
    let count = |count: usize| count as u64;
    [count(machine.open()), count(machine.seats()), count(machine.refused().count()), machine.missed()]
}

/// An operator of the stake contract on a chain.
pub struct Operator {
    plan: Plan,
    chain: Chain,
    machine: Machine,
    journal: Journal,
    answers: Box<dyn Answers>,
    /// To the other members of its committees.
    channel: Option<Channel>,
    /// Where its answers are proved.
    workshop: Option<Workshop>,
    metrics: Metrics,
    /// Whether the chain was there when it was last looked at; nothing is signed while it is not.
    ready: bool,
    /// The newest block that was read.
    last: Option<(u64, B256)>,
    /// The newest block that is in the journal.
    written: u64,
    /// When transactions were sent whose events have not settled, by request and action.
    sent: HashMap<(B256, &'static str), Instant>,
    /// What was tried about which request in this turn, and need not be again.
    tried: HashSet<(B256, &'static str)>,
    steps: Steps,
}

impl Operator {
    /// Opens the journal at `path` and takes up work where it was left.
    pub fn open(path: &Path, plan: Plan, chain: Chain, answers: Box<dyn Answers>) -> Result<Self, KeepError> {
        let contracts = chain.contracts();
        let who = Who {
            chain_id: chain.ledger().chain_id(),
            router: contracts.router,
            staking: contracts.staking,
            operator: plan.settings.operator,
        };
        let (journal, Kept { last, events }) = Journal::open(path, &who)?;
        let mut machine = Machine::new(plan.settings.clone());
        events.into_iter().for_each(|event| machine.apply(event));
        let written = last.map_or(0, |(number, _)| number);
        let (metrics, sent) = (Metrics::new(&FIGURES), HashMap::new());
        let steps: Steps = Arc::new(|_| true);
        let (channel, workshop, ready, tried) = (None, None, false, HashSet::new());
        Ok(Self {
            plan,
            chain,
            machine,
            journal,
            answers,
            channel,
            workshop,
            metrics,
            ready,
            last,
            written,
            sent,
            tried,
            steps,
        })
    }

    /// Lets it hear from other members and be heard; its settings say whether it signs together with them.
    #[must_use]
    pub fn with_channel(mut self, channel: Channel) -> Self {
        self.channel = Some(channel);
        self
    }

    /// Lets it prove, and so answer with its bond, within what its settings say.
    #[must_use]
    pub fn with_proofs(mut self, proofs: Arc<dyn Proofs>) -> Self {
        self.workshop = Some(Workshop::new(proofs));
        self
    }

    /// Has every step announced before it is taken.
    #[must_use]
    pub fn with_steps(mut self, steps: Steps) -> Self {
        self.steps = steps;
        self
    }

    /// The figures that it keeps of itself; copies are the same figures.
    pub fn metrics(&self) -> Metrics {
        self.metrics.clone()
    }

    /// What it knows.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Works until `stop` is done, a turn every `pause`; what a turn has begun is ended first.
    pub async fn run(&mut self, pause: Duration, stop: impl Future<Output = ()>) -> Result<(), Halt> {
        let mut stop = std::pin::pin!(stop);
        loop {
            match self.turn().await {
                Ok(_) => {}
                Err(TurnError::Halt(halt)) => return Err(self.alarmed(halt)),
                Err(TurnError::Read(why)) => {
                    warn!(%why, "the chain was not read");
                    self.metrics.failed("read");
                }
            }
            let next = Instant::now() + pause;
            loop {
                tokio::select! {
                    () = &mut stop => return Ok(()),
                    () = tokio::time::sleep_until(next.into()) => break,
                    () = news(self.channel.as_ref()) => {}
                }
                if let Err(halt) = self.talk().await {
                    return Err(self.alarmed(halt));
                }
            }
        }
    }

    fn alarmed(&self, halt: Halt) -> Halt {
        error!(%halt, "the operator stops");
        self.metrics.halted();
        halt
    }

    /// One turn: reads what has settled since the last, then does what is wanted.
    pub async fn turn(&mut self) -> Result<Turn, TurnError> {
        self.ready = false;
        let Some(read) = self.read().await? else {
            let read = self.last.map_or(0, |(number, _)| number);
            return Ok(Turn { read, wanted: 0, done: 0 });
        };
        self.ready = true;
        self.tried.clear();
        let mut done = self.decide_all()?;
        if let Some(workshop) = &self.workshop {
            workshop.keep(|id| self.machine.asked(id).is_some());
        }
        if self.journal.has_grown(self.plan.journal_grows) {
            self.step("write the journal anew")?;
            self.journal.write_anew().map_err(Halt::from)?;
            info!("the journal was written anew, without what is over");
        }
        done += self.finalise_together().await?;
        let wanted = self.machine.wanted();
        self.sent
            .retain(|(id, name), _| wanted.iter().any(|action| action.id() == *id && action.name() == *name));
        for action in &wanted {
            done += usize::from(self.carry_out(action).await?);
        }
        self.metrics.turn(read, figures(&self.machine));
        Ok(Turn { read, wanted: wanted.len(), done })
    }

    /// Answers what the other members said since the last time, without looking at the chain again.
    pub async fn talk(&mut self) -> Result<(), Halt> {
        if self.ready {
            self.decide_all()?;
            for action in self.machine.wanted() {
                if let Action::Agree { .. } | Action::Accuse { .. } = action {
                    self.carry_out(&action).await?;
                }
            }
        }
        Ok(())
    }

    /// Takes in what was heard, does what needs no transaction, and tells the others. Gives how much was done.
    fn decide_all(&mut self) -> Result<usize, Halt> {
        for (id, seat, words) in self.channel.iter().flat_map(Channel::heard) {
            self.machine.apply(Event::Heard { id, seat, words: Box::new(words) });
        }
        let mut done = 0;
        // One thing follows from another: a promise from a decision, a list from promises, a voice from lists.
        loop {
            let mut more = 0;
            for action in self.machine.wanted() {
                more += usize::from(self.decides(&action)?);
            }
            done += more;
            if more == 0 {
                break;
            }
        }
        if let Some(channel) = &self.channel {
            channel.tell(self.machine.tells());
        }
        Ok(done)
    }

    /// Reads the settled blocks that are new; gives the newest. None if the node has less than was read before.
    async fn read(&mut self) -> Result<Option<u64>, TurnError> {
        let newest = self.chain.ledger().newest_final().await.map_err(ReadError::from_header)?;
        if let Some((number, expected)) = self.last {
            if newest.header.number < number {
                // The node is behind, or the chain is shorter for a moment: nothing is done until the block is there to be
                // compared.
                warn!(
                    have = newest.header.number,
                    read = number,
                    "the node is behind what it had settled before"
                );
                self.metrics.failed("behind");
                return Ok(None);
            }
            let got = match self.chain.ledger().verified_header(number).await {
                Ok(header) => header.hash,
                Err(HeaderError::Missing { .. }) => B256::ZERO,
                Err(error) => return Err(ReadError::from_header(error).into()),
            };
            if got != expected {
                return Err(Halt::Reorganised { number, expected, got }.into());
            }
        }
        let mut next = self.last.map_or(self.plan.first_block, |(number, _)| number + 1);
        while next <= newest.header.number {
            let to = newest.header.number.min(next.saturating_add(BLOCKS_AT_ONCE - 1));
            let end = match to == newest.header.number {
                true => newest.clone(),
                false => self.chain.ledger().verified_header(to).await.map_err(ReadError::from_header)?,
            };
            let events = self.chain.events(next, to).await?;
            self.take_in(Block { number: to, hash: end.hash, events }, end.header.timestamp)?;
            next = to + 1;
        }
        Ok(Some(newest.header.number))
    }

    /// Keeps what blocks held, then lets the machine know.
    fn take_in(&mut self, mut block: Block, time: u64) -> Result<(), Halt> {
        let last = Some((block.number, block.hash));
        let busy = !block.events.is_empty();
        block.events.push(Event::Settled { time });
        if busy || self.last.is_none() || block.number >= self.written.saturating_add(WRITE_DOWN_AFTER) {
            self.step("keep a block")?;
            self.journal.block(&block)?;
            self.written = block.number;
        }
        self.step("take in a block")?;
        for event in block.events {
            let asked = match &event {
                Event::Requested { asked, .. } => Some(asked.id),
                _ => None,
            };
            self.machine.apply(event);
            if let Some((id, why)) = asked.and_then(|id| Some((id, self.machine.too_short(&id)?))) {
                warn!(%id, %why, "not served");
            }
        }
        self.last = last;
        Ok(())
    }

    /// Decides or signs what is to be said about a request, if that is wanted; says whether it did.
    fn decides(&mut self, action: &Action) -> Result<bool, Halt> {
        let signed = match action {
            Action::Compute { id } => return self.compute(*id),
            Action::GiveUp { id } => {
                warn!(%id, "no answer was found in time: we say so");
                self.keep(Event::Decided { id: *id, outputs: Vec::new() })?;
                return Ok(true);
            }
            Action::Stake { id } => return self.stakes(*id),
            Action::Promise { id, outputs } => {
                self.chain.promise(*id, outputs).map(|promise| Event::Promised { id: *id, promise })
            }
            Action::List { id, round, promises, leads } => self
                .chain
                .list(*id, *round, promises, *leads)
                .map(|list| Event::Listed { id: *id, list, promises: promises.clone() }),
            Action::Speak { id, outputs, certificate } => self
                .chain
                .voice(*id, outputs, certificate)
                .map(|voice| Event::Spoken { id: *id, voice: Box::new(voice) }),
            _ => return Ok(false),
        };
        match signed {
            Ok(promised @ Event::Promised { .. }) => self.machine.apply(promised),
            Ok(signed) => self.keep(signed)?,
            Err(why) => {
                self.not_done(action, &why);
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether it is under way or done.
    async fn carry_out(&mut self, action: &Action) -> Result<bool, Halt> {
        let (id, name) = (action.id(), action.name());
        if !action.is_sent() {
            return Ok(false);
        }
        let again = self.plan.again_after;
        if self.sent.get(&(id, name)).is_some_and(|sent| sent.elapsed() < again) {
            return Ok(true);
        }
        self.step(name)?;
        let acted = match action {
            Action::Prove { outputs, .. }
            | Action::Overrule { outputs, .. }
            | Action::Contradict { outputs, .. } => self.prove(action, outputs).await,
            _ => self.chain.act(&self.machine, action).await,
        };
        match acted {
            Ok(Done::Sent(tx)) => {
                self.sent(id, name, tx)?;
                Ok(true)
            }
            Ok(Done::NotYet) => Ok(false),
            Err(why) if why.is_refusal() => {
                // Somebody else was first, or our own transaction is on the chain and has not settled.
                info!(%id, action = name, %why, "refused");
                self.metrics.failed("refused");
                Ok(false)
            }
            Err(why) => {
                self.not_done(action, &why);
                Ok(false)
            }
        }
    }

    fn sent(&mut self, id: B256, name: &'static str, tx: B256) -> Result<(), Halt> {
        self.step("remember what was sent")?;
        info!(%id, action = name, %tx, "sent");
        self.metrics.acted(name);
        self.sent.insert((id, name), Instant::now());
        Ok(())
    }

    /// Sends a proof that is done; begins one that is not.
    async fn prove(&self, action: &Action, outputs: &[i64]) -> Result<Done, ActError> {
        let Some(workshop) = &self.workshop else { return Ok(Done::NotYet) };
        match workshop.take(self.chain.wanted(&self.machine, action.id(), outputs)?) {
            None => Ok(Done::NotYet),
            Some(proved) => self.chain.prove(&self.machine, action, proved).await,
        }
    }

    /// Decides to stake the bond on an answer, if it could be proved.
    fn stakes(&mut self, id: B256) -> Result<bool, Halt> {
        let Some(workshop) = &self.workshop else { return Ok(false) };
        let outputs = self.machine.decided(&id).unwrap_or_default();
        // Once a turn: what is missing does not come while it is waited for.
        if !self.tried.insert((id, "stake")) {
            return Ok(false);
        }
        let checked = match self.chain.wanted(&self.machine, id, outputs) {
            Ok(wanted) => workshop.check(&wanted).map_err(|why| why.to_string()),
            Err(why) => Err(why.to_string()),
        };
        match checked {
            Ok(()) => self.keep(Event::Staked { id }).map(|()| true),
            Err(why) => {
                warn!(%id, why, "not answered: it could not be proved");
                self.metrics.failed("stake");
                Ok(false)
            }
        }
    }

    /// Makes several own answers final at once. If that is refused, one by one is tried, as whatever else is wanted.
    async fn finalise_together(&mut self) -> Result<usize, Halt> {
        let again = self.plan.again_after;
        let due = |action: Action| match action {
            Action::Finalise { id, outputs } => {
                let sent = self.sent.get(&(id, "finalise")).is_some_and(|sent| sent.elapsed() < again);
                (!sent).then_some((id, outputs))
            }
            _ => None,
        };
        let due: Vec<_> = self.machine.wanted().into_iter().filter_map(due).collect();
        let mut done = 0;
        for some in due.chunks(FINAL_AT_ONCE).filter(|some| some.len() > 1) {
            self.step("finalise together")?;
            match self.chain.finalise_all(&self.machine, some).await {
                Ok(Done::Sent(tx)) => {
                    for (id, _) in some {
                        self.sent(*id, "finalise", tx)?;
                    }
                    done += some.len();
                }
                Ok(Done::NotYet) => {}
                Err(why) => info!(count = some.len(), %why, "not final together"),
            }
        }
        Ok(done)
    }

    fn not_done(&self, action: &Action, why: &ActError) {
        warn!(id = %action.id(), action = action.name(), %why, "not done");
        self.metrics.failed(action.name());
    }

    fn compute(&mut self, id: B256) -> Result<bool, Halt> {
        let Some(asked) = self.machine.asked(&id) else { return Ok(false) };
        if !self.tried.insert((id, "compute")) {
            return Ok(false);
        }
        let begun = Instant::now();
        match self.answers.answer(asked) {
            Ok(outputs) => {
                self.metrics.computed(begun.elapsed());
                info!(%id, "answered");
                self.keep(Event::Decided { id, outputs })?;
                Ok(true)
            }
            Err(why) => {
                // The input may still come.
                warn!(%id, %why, "no answer yet");
                self.metrics.failed("compute");
                Ok(false)
            }
        }
    }

    /// Keeps what was decided or signed, then lets the machine know: nothing leaves that is not on disk.
    fn keep(&mut self, own: Event) -> Result<(), Halt> {
        self.step("keep what we say")?;
        self.journal.own(&own)?;
        self.step("take in what we say")?;
        self.machine.apply(own);
        Ok(())
    }

    fn step(&self, name: &'static str) -> Result<(), Halt> {
        if (self.steps)(name) { Ok(()) } else { Err(Halt::Stopped(name)) }
    }
}

/// Something heard over the channel; never, if there is none.
async fn news(channel: Option<&Channel>) {
    match channel {
        Some(channel) => channel.news().await,
        None => std::future::pending().await,
    }
}

/// Why a turn ended early.
#[derive(Debug, Error)]
pub enum TurnError {
    /// The operator stops.
    #[error(transparent)]
    Halt(#[from] Halt),
    /// The chain was not read; the next turn tries again.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl ReadError {
    fn from_header(error: HeaderError) -> Self {
        Self::Header(Box::new(error))
    }
}
