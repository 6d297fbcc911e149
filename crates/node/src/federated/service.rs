//! A member at work: reads what has settled, keeps it, does what the machine wants.
//!
//! The order is the oracle's ([`crate::operator`]): a block's events are kept before the machine takes them in; an update is on disk,
//! and then its hashes in the journal, before a commit is signed; a new model is on disk before the transaction that makes it. A
//! transaction is sent only for what the machine wants, and wanted it is until its event has settled. What is lost at a stop is at
//! most a transaction or a package sent a second time, which changes nothing.

mod aggregator;
mod carrier;
mod deliveries;
mod error;
mod figures;
mod models;
mod participant;
mod validator;
mod watcher;

pub use error::{Halt, TurnError};

use super::{
    carried::Carried,
    craft::{About, Craft, CraftError, NewModel, Update},
    desk::{MemberDesk, Rights},
    journal::{Block, Journal, Kept, Who},
    machine::{Action, Delivery, Event, Have, Machine, Settings},
    points,
    store::Store,
    transfers::{ContentHash, Patience, Place, TransferClient, TransferError},
    workshop::Workshop,
};
use crate::{metrics::Metrics, seal::MemberKey, secrets};
use alloy_primitives::{Address, B256, keccak256};
use averment_ledger::{
    HeaderError,
    contracts::{Sender, Sent},
    federated::{Aggregated, Outcome, Phase, Round, Said, Scores, TaskClient},
};
use error::ActError;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use tracing::{error, info, warn};

/// Most blocks whose events are asked for at once.
const BLOCKS_AT_ONCE: u64 = 1_000;
/// How many blocks without events go by before the place is written down.
const WRITE_DOWN_AFTER: u64 = 64;
/// How long to wait before a transaction is sent again whose event has not settled.
const AGAIN_AFTER: Duration = Duration::from_secs(60);
/// How long to wait at first before something is tried again that failed, if the task says nothing meanwhile.
const AT_FIRST: Duration = Duration::from_secs(1);
/// How often a transfer is taken up again at once; later it is tried again as everything is.
const AT_ONCE: usize = 2;

/// How a member goes about things.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What the machine goes by.
    pub settings: Settings,
    /// Where it takes packages, as others reach it; empty if it does not.
    pub endpoint: String,
    /// How long to wait before a transaction is sent again whose event has not settled. What failed is tried again when the task has
    /// said something, or after a second, then two, four, up to this.
    pub again_after: Duration,
    /// How patient transfers are.
    pub patience: Patience,
    /// Longest file that is taken, in bytes.
    pub file: u64,
    /// Whether it answers with integers, which everybody then knows, where somebody gives a bond for them. If not, its update is excluded
    /// and its model void, with a strike.
    pub publishes: bool,
}

impl Plan {
    /// The usual waiting, files of up to 64 MiB, and an answer to every challenge.
    pub fn new(settings: Settings, endpoint: String) -> Self {
        let (again_after, patience) = (AGAIN_AFTER, Patience { times: AT_ONCE, ..Patience::default() });
        Self { settings, endpoint, again_after, patience, file: 64 << 20, publishes: true }
    }
}

/// What came of one turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// The newest settled block that was read.
    pub read: u64,
    /// How many actions were wanted.
    pub wanted: usize,
    /// How many of them are under way or done.
    pub done: usize,
    /// Whether something is being computed.
    pub busy: bool,
}

/// Called before each step with its name; `false` stops the member there as a crash would.
pub type Steps = Arc<dyn Fn(&'static str) -> bool + Send + Sync>;

/// What came of something that was wanted.
#[derive(Debug, Clone, Copy)]
struct Tried {
    at: Instant,
    failed: bool,
    /// Before it is tried again.
    wait: Duration,
}

/// What a thread computes.
enum Made {
    Update(Result<Update, CraftError>),
    /// With the hash of whose updates it is made of.
    Model(Result<Box<NewModel>, CraftError>, B256),
    /// With each one's place in the outcome.
    Scores(Result<Vec<u32>, CraftError>, Vec<usize>),
}

/// A member of a task.
pub struct Service {
    plan: Plan,
    client: TaskClient,
    sender: Sender,
    machine: Machine,
    journal: Journal,
    store: Store,
    desk: MemberDesk,
    craft: Arc<dyn Craft>,
    workshop: Workshop<(u16, &'static str, usize), Made>,
    key: MemberKey,
    /// The newest block that was read, and the newest in the journal.
    last: Option<(u64, B256)>,
    written: u64,
    /// What was tried, while it is wanted.
    tried: BTreeMap<Action, Tried>,
    /// What became of deliveries, by round and sender: what was sent before may be sent again with a proof that is none.
    deliveries: BTreeMap<(u16, Address), Delivery>,
    /// Files of the inbox that were looked at: for a round, as an update or as what is carried in a phase, of whom.
    looked: BTreeSet<(u16, Option<Phase>, Address, ContentHash)>,
    /// To whom the own update of a round was brought.
    brought: BTreeSet<(u16, Address)>,
    /// What opens the sum of the own updates of these rounds.
    sum: Option<(Vec<u16>, Vec<u8>)>,
    /// What was handed to who carries it, and what others handed here.
    handed: BTreeSet<(u16, Phase)>,
    carried: BTreeMap<(u16, Phase, Address), Carried>,
    steps: Steps,
    metrics: Metrics,
}

impl Service {
    /// Opens the folder of a member and takes up work where it was left. `sender`'s account is the member.
    pub fn open(
        folder: &Path,
        plan: Plan,
        client: TaskClient,
        sender: Sender,
        craft: Arc<dyn Craft>,
    ) -> Result<Self, Halt> {
        let store = Store::open(folder, plan.file)?;
        let who = Who { chain_id: client.id().chain_id, task: client.id().task, account: sender.address() };
        let (journal, Kept { last, events }) = Journal::open(&store.journal(), &who)?;
        let settings = Settings { account: sender.address(), ..plan.settings.clone() };
        let mut machine = Machine::new(settings, client.id(), client.terms().clone());
        events.iter().try_for_each(|event| machine.apply(event))?;
        let written = last.map_or(0, |(number, _)| number);
        let key = secrets::member_key(sender.key())?;
        let desk = MemberDesk::new(&store);
        let (workshop, tried, deliveries, looked, brought, sum) = Default::default();
        let (handed, carried) = Default::default();
        let steps: Steps = Arc::new(|_| true);
        let metrics = figures::metrics();
        let sender = sender.patience(Duration::ZERO);
        Ok(Self {
            plan,
            client,
            sender,
            machine,
            journal,
            store,
            desk,
            craft,
            workshop,
            key,
            last,
            written,
            tried,
            deliveries,
            looked,
            brought,
            sum,
            handed,
            carried,
            steps,
            metrics,
        })
    }

    /// Has every step announced before it is taken.
    #[must_use]
    pub fn with_steps(mut self, steps: Steps) -> Self {
        self.steps = steps;
        self
    }

    /// Has it say that it takes packages at `endpoint`, a URL that others reach.
    #[must_use]
    pub fn with_endpoint(mut self, endpoint: String) -> Self {
        self.plan.endpoint = endpoint;
        self
    }

    /// What it knows.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Whom it serves: for a [`super::transfers::TransferServer`] with its store's shelves.
    pub fn desk(&self) -> &MemberDesk {
        &self.desk
    }

    /// The figures that it keeps of itself; copies are the same figures.
    pub fn metrics(&self) -> Metrics {
        self.metrics.clone()
    }

    /// What it keeps.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Works until `stop` is done, a turn every `pause`.
    pub async fn run(&mut self, pause: Duration, stop: impl Future<Output = ()>) -> Result<(), Halt> {
        let mut stop = std::pin::pin!(stop);
        loop {
            match self.turn().await {
                Ok(_) => {}
                Err(TurnError::Halt(halt)) => {
                    error!(%halt, "the member stops");
                    self.metrics.halted();
                    return Err(halt);
                }
                Err(TurnError::Read(why)) => {
                    warn!(%why, "the chain was not read");
                    self.metrics.failed("read");
                }
            }
            let desk = self.desk.clone();
            tokio::select! {
                () = &mut stop => return Ok(()),
                () = tokio::time::sleep(pause) => {}
                () = desk.news() => {}
            }
        }
    }

    /// One turn: reads what has settled since the last, then does what is wanted.
    pub async fn turn(&mut self) -> Result<Turn, TurnError> {
        let Some(read) = self.read().await? else {
            let read = self.last.map_or(0, |(number, _)| number);
            return Ok(Turn { read, wanted: 0, done: 0, busy: self.workshop.is_busy() });
        };
        self.desk.set(self.rights());
        self.look_at_deliveries()?;
        let (mut wanted, mut done) = (0, 0);
        // One thing follows from another: a commit from an update.
        for _ in 0..4 {
            let have = self.have()?;
            let actions = self.machine.wanted(&have);
            (wanted, done) = (actions.len(), 0);
            self.tried.retain(|action, _| actions.contains(action));
            let mut decided = false;
            for action in &actions {
                let before = self.machine.made(self.machine.book().number()).copied();
                done += usize::from(self.carry_out(action).await?);
                decided |= before != self.machine.made(self.machine.book().number()).copied();
            }
            if !decided {
                break;
            }
        }
        self.announce().await?;
        self.metrics.turn(read, self.figures(wanted));
        Ok(Turn { read, wanted, done, busy: self.workshop.is_busy() })
    }

    /// What lies on the disk.
    fn have(&mut self) -> Result<Have, Halt> {
        let carried = self.carried()?;
        let round = self.machine.book().number();
        Ok(Have {
            models: self.store.models()?,
            deliveries: self
                .deliveries
                .range((round, Address::ZERO)..)
                .map(|((_, of), own)| (*of, *own))
                .collect(),
            carried,
            unopened: self.unopened()?,
            handed: self.handed.iter().filter(|(of, _)| *of == round).map(|(_, phase)| *phase).collect(),
            brought: self.brought.iter().filter(|(of, _)| *of == round).map(|(_, to)| *to).collect(),
        })
    }

    /// Who may do what, by the book.
    fn rights(&self) -> Rights {
        let book = self.machine.book();
        let said = book.running().into_iter().flat_map(|round| &round.said);
        let mut bringers: BTreeSet<Address> =
            said.filter(|(_, said)| !said.excluded).map(|(account, _)| *account).collect();
        if let Some(round) = book.running().filter(|_| self.machine.carries()) {
            match book.phase_at(self.machine.time()) {
                Phase::Commit => bringers.extend(&round.order),
                Phase::Reveal => bringers.extend(round.committed.keys()),
                _ => {}
            }
        }
        let readers = book.announced.iter().filter(|(account, _)| book.is_member(**account));
        let readers = readers.map(|(account, (key, _))| (*account, *key)).collect();
        let made = book.models.iter().chain(self.machine.aggregated());
        Rights { bringers, readers, contents: made.map(|made| (made.round, made.content)).collect() }
    }

    fn about(&self, round: u16) -> About {
        let (id, terms) = (self.client.id(), self.client.terms().clone());
        About { id, terms, round, party: self.sender.address() }
    }

    /// Reads the settled blocks that are new; gives the newest. None if the node has less than was read before.
    async fn read(&mut self) -> Result<Option<u64>, TurnError> {
        let newest = self.client.ledger().newest_final().await?;
        if let Some((number, expected)) = self.last {
            if newest.header.number < number {
                warn!(
                    have = newest.header.number,
                    read = number,
                    "the node is behind what it had settled before"
                );
                self.metrics.failed("behind");
                return Ok(None);
            }
            let got = match self.client.ledger().verified_header(number).await {
                Ok(header) => header.hash,
                Err(HeaderError::Missing { .. }) => B256::ZERO,
                Err(error) => return Err(error.into()),
            };
            if got != expected {
                return Err(Halt::Reorganised { number, expected, got }.into());
            }
        }
        let mut next = self.last.map_or(self.client.from_block(), |(number, _)| number + 1);
        while next <= newest.header.number {
            let to = newest.header.number.min(next.saturating_add(BLOCKS_AT_ONCE - 1));
            let end = match to == newest.header.number {
                true => newest.clone(),
                false => self.client.ledger().verified_header(to).await?,
            };
            let happened = self.client.events(next, to).await?;
            let events = happened.into_iter().map(|happened| Event::Told(happened.event)).collect();
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
        if busy {
            // What failed may do now.
            self.tried
                .values_mut()
                .filter(|tried| tried.failed)
                .for_each(|tried| tried.wait = Duration::ZERO);
        }
        if busy || self.last.is_none() || block.number >= self.written.saturating_add(WRITE_DOWN_AFTER) {
            self.step("keep a block")?;
            self.journal.block(&block)?;
            self.written = block.number;
        }
        self.step("take in a block")?;
        block.events.iter().try_for_each(|event| self.machine.apply(event))?;
        self.last = last;
        Ok(())
    }

    /// Keeps what was decided, then lets the machine know: nothing is signed that is not on disk.
    fn keep(&mut self, own: &Event) -> Result<(), Halt> {
        self.step("keep what we decided")?;
        self.journal.own(own)?;
        self.step("take in what we decided")?;
        Ok(self.machine.apply(own)?)
    }

    fn step(&self, name: &'static str) -> Result<(), Halt> {
        if (self.steps)(name) { Ok(()) } else { Err(Halt::Stopped(name)) }
    }

    /// Says where packages are taken, and with which key they are sealed, if that is not what was said last.
    async fn announce(&mut self) -> Result<(), Halt> {
        let (book, me) = (self.machine.book(), self.sender.address());
        let own = (self.key.public(), self.plan.endpoint.clone());
        if !book.is_member(me) || book.announced.get(&me) == Some(&own) {
            return Ok(());
        }
        self.step("announce")?;
        if let Err(why) = self.client.announce(&self.sender, own.0, &own.1).await {
            info!(%why, "not announced");
        }
        Ok(())
    }

    /// Whether it was not tried just now.
    fn is_due(&self, action: &Action) -> bool {
        self.tried.get(action).is_none_or(|tried| tried.at.elapsed() >= tried.wait)
    }

    /// From now on it was tried.
    fn tried(&mut self, action: &Action, failed: bool) {
        let again = self.plan.again_after;
        let wait = match self.tried.get(action).filter(|tried| tried.failed) {
            _ if !failed => again,
            Some(before) => (before.wait * 2).clamp(AT_FIRST, again.max(AT_FIRST)).min(again),
            None => AT_FIRST.min(again),
        };
        self.tried.insert(action.clone(), Tried { at: Instant::now(), failed, wait });
    }

    /// Whether it is under way or done.
    async fn carry_out(&mut self, action: &Action) -> Result<bool, Halt> {
        let computes =
            matches!(action, Action::Train { .. } | Action::Score { .. } | Action::Aggregate { .. });
        // What is under way is asked about again; what failed not at once.
        let failed = self.tried.get(action).is_some_and(|tried| tried.failed);
        if (!computes || failed) && !self.is_due(action) {
            return Ok(!failed);
        }
        self.step(action.name())?;
        let done = match self.act(action).await {
            Ok(done) => {
                if done && !computes {
                    self.metrics.acted(action.name());
                    info!(action = action.name(), "done");
                }
                done
            }
            Err(ActError::Halt(halt)) => return Err(halt),
            Err(why) if why.is_sent() => {
                self.metrics.acted(action.name());
                true
            }
            Err(why) if why.is_refusal() => {
                // Somebody else was first, or our own transaction is on the chain and has not settled.
                info!(action = action.name(), %why, "refused");
                self.metrics.failed("refused");
                false
            }
            Err(why) => {
                warn!(action = action.name(), %why, "not done");
                self.metrics.failed(action.name());
                false
            }
        };
        // What is computed is asked for in every turn; it says itself when what came of it was sent.
        if !computes || !done {
            self.tried(action, !done);
        }
        Ok(done)
    }

    async fn act(&mut self, action: &Action) -> Result<bool, ActError> {
        let sender = self.sender.clone();
        match action {
            Action::Fetch { model } => self.fetch(*model).await,
            Action::Train { round, model } => self.train(*round, *model),
            Action::Deliver { round, to } => self.deliver(*round, *to).await,
            Action::Aggregate { round } => self.aggregate(*round).await,
            Action::Score { round } => self.score(*round),
            Action::Open { .. } => sent(self.client.open_round(&sender).await?),
            Action::Draw { .. } => sent(self.client.draw(&sender).await?),
            Action::Advance { .. } => sent(self.client.advance(&sender).await?),
            Action::Hand { round, to, phase } => self.hand(*round, *to, *phase).await,
            Action::Carry { round, phase, accounts } => self.carry(*round, *phase, accounts).await,
            Action::Commit { digest, .. } => sent(self.client.commit(&sender, *digest).await?),
            Action::Reveal { round } => {
                let reveal = self.own_reveal(*round)?;
                sent(self.client.reveal(&sender, vec![reveal]).await?)
            }
            Action::Challenge { account, contested, .. } => self.challenge(*account, *contested).await,
            Action::Answer { round, contested } => self.answer(*round, *contested).await,
            Action::Gather { round, account, contested } => self.gather(*round, *account, *contested).await,
            Action::Accuse { round, account } => self.accuse(*round, *account).await,
            Action::Lapse { round, account, contested } => {
                sent(self.client.lapse(&sender, *round, *account, *contested).await?)
            }
            Action::CommitScores { round } => {
                let (scores, salt) = self.machine.scored(*round).ok_or(ActError::Missing("the scores"))?;
                let digest = self.client.id().scores(*round, sender.address(), scores, *salt);
                sent(self.client.commit_scores(&sender, digest).await?)
            }
            Action::DiscloseScores { round } => {
                let decided = self.machine.scored(*round).ok_or(ActError::Missing("the scores"))?;
                let (scores, salt) = decided.clone();
                sent(self.client.disclose_scores(&sender, self.outcome()?, scores, salt).await?)
            }
            Action::Strike { accounts, .. } => sent(self.client.strike(&sender, accounts.clone()).await?),
            Action::Rate { .. } => {
                let made = self.machine.aggregated().ok_or(ActError::Missing("the new model"))?;
                let matrix = made.matrix.clone();
                sent(self.client.rate(&sender, self.outcome()?, matrix).await?)
            }
            Action::Settle { .. } => {
                let round = self.round()?;
                let qualities = round.qualities.clone().ok_or(ActError::Missing("what updates are worth"))?;
                let scored = round.scores.iter();
                let scored = scored
                    .map(|(validator, scores)| Scores { validator: *validator, scores: scores.clone() });
                let (outcome, scored) = (self.outcome()?, scored.collect());
                sent(self.client.settle(&sender, outcome, qualities, scored).await?)
            }
        }
    }

    fn round(&self) -> Result<&Round, ActError> {
        self.machine.book().round.as_ref().ok_or(ActError::Missing("the round"))
    }

    fn said(&self, round: u16, account: &Address) -> Result<&Said, ActError> {
        let present = self.round()?;
        let said = present.said.get(account).filter(|_| present.number == round);
        said.ok_or(ActError::Missing("what was revealed"))
    }

    /// What the round came to, as the contract keeps its hash.
    fn outcome(&self) -> Result<Outcome, ActError> {
        let made: &Aggregated = self.machine.aggregated().ok_or(ActError::Missing("the new model"))?;
        let before = self.model_points(self.machine.model())?;
        Ok(Outcome {
            model: keccak256(&made.points),
            difference: keccak256(points::difference(&made.points, &before)?),
            matrix: keccak256(&made.matrix),
            accounts: made.accounts.clone(),
        })
    }

    fn transfers(&self, endpoint: &str) -> Result<TransferClient, TransferError> {
        let place = Place { chain_id: self.client.id().chain_id, task: self.client.id().task };
        TransferClient::new(endpoint, place, self.sender.key().clone(), self.plan.patience)
    }

    fn salt(&self, round: u16, what: &'static str) -> Result<B256, ActError> {
        let id = self.client.id();
        let salt = secrets::round_salt(self.sender.key(), id.chain_id, id.task, round, what);
        Ok(salt.map_err(Halt::from)?)
    }
}

fn sent(_: Sent) -> Result<bool, ActError> {
    Ok(true)
}
