//! A member at work: reads what has settled, keeps it, does what the machine wants.
//!
//! The order is the oracle's ([`crate::operator`]): a block's events are kept before the machine takes them in; an update is on disk,
//! and then its hashes in the journal, before a commit is signed; a new model is on disk before the transaction that makes it. A
//! transaction is sent only for what the machine wants, and wanted it is until its event has settled. What is lost at a stop is at
//! most a transaction or a package sent a second time, which changes nothing.

use super::{
    craft::{About, Craft, CraftError, NewModel, Row, Update, UpdateFault, Work},
    delivery,
    desk::{MemberDesk, Rights},
    journal::{Block, Journal, KeepError, Kept, Who},
    machine::{Action, Delivery, Event, Have, Machine, Nonsense, Settings},
    points::{self, PointsError},
    store::{Store, StoreError},
    transfers::{Patience, Place, TransferClient, TransferError},
    workshop::Workshop,
};
use crate::{
    seal::{About as Sealed, MemberKey, SealError, seal},
    secrets,
};
use alloy_primitives::{Address, B256, keccak256};
use averment_ledger::{
    HeaderError,
    contracts::{SendError, Sender, Sent},
    federated::{
        Aggregated, Aggregation, Commitment, Contested, Evidence, Outcome, Reveal, Revealed, Round, Said,
        Scores, TaskClient, TaskError,
    },
    keys::SignError,
};
use std::{
    collections::{BTreeMap, BTreeSet},
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
/// How long to wait before a transaction is sent again whose event has not settled.
const AGAIN_AFTER: Duration = Duration::from_secs(60);

/// How a member goes about things.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What the machine goes by.
    pub settings: Settings,
    /// Where it takes packages, as others reach it; empty if it does not.
    pub endpoint: String,
    /// How long to wait before a transaction is sent again whose event has not settled, and before a transfer is tried again.
    pub again_after: Duration,
    /// How patient transfers are.
    pub patience: Patience,
    /// Longest file that is taken, in bytes.
    pub file: u64,
}

impl Plan {
    /// The usual waiting, and files of up to 64 MiB.
    pub fn new(settings: Settings, endpoint: String) -> Self {
        Self { settings, endpoint, again_after: AGAIN_AFTER, patience: Patience::default(), file: 64 << 20 }
    }
}

/// Why a member stops. All of these want a person.
#[derive(Debug, Error)]
pub enum Halt {
    /// A block that counted as settled was replaced.
    #[error(
        "block {number} had settled as {expected} and is {got} now: the chain was reorganised deeper than its settling \
         allows. Nothing more is signed. Find out which history holds before the member is started with a new journal"
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
    /// The disk does not give or take what it should.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What the chain says cannot be.
    #[error(transparent)]
    Nonsense(#[from] Nonsense),
    /// The key does not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// Somebody stops it in a test, at the step that it names.
    #[error("stopped at step {0}")]
    Stopped(&'static str),
}

/// Why a turn ended early.
#[derive(Debug, Error)]
pub enum TurnError {
    /// The member stops.
    #[error(transparent)]
    Halt(#[from] Halt),
    /// The chain was not read; the next turn tries again.
    #[error(transparent)]
    Read(#[from] Box<TaskError>),
}

impl From<TaskError> for TurnError {
    fn from(error: TaskError) -> Self {
        Self::Read(Box::new(error))
    }
}

impl From<HeaderError> for TurnError {
    fn from(error: HeaderError) -> Self {
        TaskError::from(error).into()
    }
}

/// Why something that was wanted was not done. It is tried again.
#[derive(Debug, Error)]
enum ActError {
    #[error(transparent)]
    Task(#[from] TaskError),
    #[error(transparent)]
    Craft(#[from] CraftError),
    #[error(transparent)]
    Points(#[from] PointsError),
    #[error(transparent)]
    Transfer(#[from] TransferError),
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error(transparent)]
    Halt(#[from] Halt),
    #[error("{0} is not there")]
    Missing(&'static str),
}

impl From<StoreError> for ActError {
    fn from(error: StoreError) -> Self {
        Self::Halt(error.into())
    }
}

impl ActError {
    /// Whether the contract said no: mostly somebody else was first, or the time is over.
    fn is_refusal(&self) -> bool {
        matches!(self, Self::Task(TaskError::Send(error))
            if matches!(**error, SendError::Refused { .. } | SendError::Reverted { .. }))
    }

    /// Whether it was sent all the same: its events say when it has settled.
    fn is_sent(&self) -> bool {
        matches!(self, Self::Task(TaskError::Send(error))
            if matches!(**error, SendError::NotFinal { .. } | SendError::Uncertain { .. }))
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

/// What a thread computes.
enum Made {
    Update(Result<Update, CraftError>),
    Model(Result<Box<NewModel>, CraftError>),
    Scores(Result<Vec<u32>, CraftError>),
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
    /// When what was tried last, by what it was.
    tried: BTreeMap<Action, Instant>,
    /// What became of deliveries, by package.
    deliveries: BTreeMap<B256, Delivery>,
    brought: BTreeSet<(u16, Address)>,
    steps: Steps,
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
        let (workshop, tried, deliveries, brought) = Default::default();
        let steps: Steps = Arc::new(|_| true);
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
            brought,
            steps,
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

    /// What it keeps.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Keeps the package of the initial model, which the sponsor hands out with the task, if its points are these.
    pub fn take_initial(&self, package: &[u8], points: &[u8]) -> Result<(), StoreError> {
        match self.craft.model_points(package) {
            Ok(got) if got == points => self.store.keep_model(0, package),
            _ => Err(StoreError::Damaged { path: "the initial model's package".into() }),
        }
    }

    /// Works until `stop` is done, a turn every `pause`.
    pub async fn run(&mut self, pause: Duration, stop: impl Future<Output = ()>) -> Result<(), Halt> {
        let mut stop = std::pin::pin!(stop);
        loop {
            match self.turn().await {
                Ok(_) => {}
                Err(TurnError::Halt(halt)) => {
                    error!(%halt, "the member stops");
                    return Err(halt);
                }
                Err(TurnError::Read(why)) => warn!(%why, "the chain was not read"),
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
            let actions = self.machine.wanted(&self.have()?);
            (wanted, done) = (actions.len(), 0);
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
        Ok(Turn { read, wanted, done, busy: self.workshop.is_busy() })
    }

    /// What lies on the disk.
    fn have(&self) -> Result<Have, Halt> {
        let round = self.machine.book().number();
        let present = self.machine.book().round.iter().flat_map(|round| &round.said);
        let delivery = |(account, said): (&Address, &Said)| {
            self.deliveries.get(&said.content).map(|delivery| (*account, *delivery))
        };
        Ok(Have {
            models: self.store.models()?,
            deliveries: present.filter_map(delivery).collect(),
            brought: self.brought.iter().filter(|(of, _)| *of == round).map(|(_, to)| *to).collect(),
        })
    }

    /// Who may do what, by the book.
    fn rights(&self) -> Rights {
        let book = self.machine.book();
        let said = book.running().into_iter().flat_map(|round| &round.said);
        let bringers = said.filter(|(_, said)| !said.excluded).map(|(account, _)| *account).collect();
        let readers = book.announced.iter().filter(|(account, _)| book.is_member(**account));
        Rights { bringers, readers: readers.map(|(account, (key, _))| (*account, *key)).collect() }
    }

    /// Opens and checks what came of the present round.
    fn look_at_deliveries(&mut self) -> Result<(), Halt> {
        let me = self.sender.address();
        let Some(round) = self.machine.book().running() else { return Ok(()) };
        let mut found = Vec::new();
        for (account, said) in round.said.iter().filter(|(account, said)| !said.excluded && **account != me) {
            if self.deliveries.get(&said.content) == Some(&Delivery::Good) {
                continue;
            }
            found.push((said.content, self.looked_at(round.number, *account, said)?));
        }
        self.deliveries.extend(found);
        Ok(())
    }

    fn looked_at(&self, round: u16, account: Address, said: &Said) -> Result<Delivery, Halt> {
        let about = About { party: account, ..self.about(round) };
        let mut best = Delivery::Missing;
        if let Some((package, proof)) = self.store.opened(&said.content)? {
            return Ok(self.judged(&about, said, package, proof));
        }
        for hash in self.store.inbox.whole(account).map_err(StoreError::from)? {
            let Some(sealed) = self.store.inbox.bytes(account, &hash).map_err(StoreError::from)? else {
                continue;
            };
            let Ok(opened) = self.key.open(Sealed::Update(said.content), &sealed) else { continue };
            let Ok((package, proof)) = delivery::decode(&opened) else { continue };
            if keccak256(package) != said.content {
                continue;
            }
            let judged = self.judged(&about, said, package.to_vec(), proof.to_vec());
            info!(%account, round, ?judged, "an update was delivered");
            if matches!(judged, Delivery::Good | Delivery::ProofFails) {
                self.step("keep an update of another")?;
                self.store.keep_opened(&said.content, &opened)?;
                return Ok(judged);
            }
            if judged == Delivery::NoProof {
                best = judged;
            }
        }
        Ok(best)
    }

    fn judged(&self, about: &About, said: &Said, package: Vec<u8>, proof: Vec<u8>) -> Delivery {
        let right = keccak256(&proof) == said.proof;
        let update = Update { package, points: said.points.to_vec(), proof };
        match self.craft.check_update(about, &update) {
            Ok(()) if right => Delivery::Good,
            Ok(()) => Delivery::NoProof,
            Err(UpdateFault::Proof(_)) if !right => Delivery::NoProof,
            Err(UpdateFault::Proof(why)) => {
                warn!(account = %about.party, why, "a proof fails whose hash was revealed");
                Delivery::ProofFails
            }
            Err(UpdateFault::Package(_)) => Delivery::Missing,
            Err(UpdateFault::Craft(why)) => {
                warn!(account = %about.party, %why, "an update was not checked");
                Delivery::Missing
            }
        }
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

    /// Whether it is under way or done.
    async fn carry_out(&mut self, action: &Action) -> Result<bool, Halt> {
        let again = self.plan.again_after;
        let computes =
            matches!(action, Action::Train { .. } | Action::Score { .. } | Action::Aggregate { .. });
        if !computes && self.tried.get(action).is_some_and(|tried| tried.elapsed() < again) {
            return Ok(true);
        }
        self.step(action.name())?;
        if !computes {
            self.tried.insert(action.clone(), Instant::now());
        }
        match self.act(action).await {
            Ok(done) => {
                if done && !computes {
                    info!(action = action.name(), "done");
                }
                Ok(done)
            }
            Err(ActError::Halt(halt)) => Err(halt),
            Err(why) if why.is_sent() => Ok(true),
            Err(why) if why.is_refusal() => {
                // Somebody else was first, or our own transaction is on the chain and has not settled.
                info!(action = action.name(), %why, "refused");
                Ok(false)
            }
            Err(why) => {
                warn!(action = action.name(), %why, "not done");
                Ok(false)
            }
        }
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
            Action::Commit { digest, .. } => sent(self.client.commit(&sender, *digest).await?),
            Action::Reveal { round } => {
                let reveal = self.own_reveal(*round)?;
                sent(self.client.reveal(&sender, vec![reveal]).await?)
            }
            Action::Challenge { account, contested, .. } => {
                self.client.challenge(&sender, *account, *contested).await?;
                Ok(true)
            }
            Action::Answer { round, contested: Contested::Proof } => {
                let update = self.store.update(*round)?.ok_or(ActError::Missing("the own update"))?;
                let evidence = self.evidence(*round, sender.address(), update.proof)?;
                sent(self.client.answer_proof(&sender, evidence).await?)
            }
            Action::Answer { .. } => {
                // The integers go to the chain in pieces: a person decides whether that is worth the round.
                warn!("integers were asked for on the chain; they are not published by themselves");
                Ok(false)
            }
            Action::Accuse { round, account } => {
                let said = self.said(*round, account)?;
                let opened =
                    self.store.opened(&said.content)?.ok_or(ActError::Missing("the proof that fails"))?;
                let evidence = self.evidence(*round, *account, opened.1)?;
                sent(self.client.accuse(&sender, evidence).await?)
            }
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

    /// The points of a final model; 0 is the initial one.
    fn model_points(&self, round: u16) -> Result<Vec<u8>, ActError> {
        if let Some(model) = self.machine.book().models.iter().find(|model| model.round == round) {
            return Ok(model.points.to_vec());
        }
        let package = self.store.model(round)?.ok_or(ActError::Missing("the model"))?;
        Ok(self.craft.model_points(&package)?)
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

    /// Fetches a model from whoever has it, the one who made it first.
    async fn fetch(&mut self, round: u16) -> Result<bool, ActError> {
        let book = self.machine.book();
        let made = book.models.iter().find(|model| model.round == round).cloned();
        // Who made it has it already.
        if let (Some(made), Some(own)) = (&made, self.store.made(round)?)
            && keccak256(&own) == made.content
        {
            self.step("keep our own model")?;
            self.store.keep_model(round, &own)?;
            return Ok(true);
        }
        let first = [made.as_ref().map(|made| made.aggregator), Some(book.terms.aggregator)];
        let mut from: Vec<Address> = first.into_iter().flatten().collect();
        from.extend(book.announced.keys().filter(|account| book.is_member(**account)));
        let mut last = ActError::Missing("anybody who has the model");
        let mut asked = BTreeSet::new();
        for account in from {
            let Some((_, endpoint)) = self.machine.book().announced.get(&account) else { continue };
            if endpoint.is_empty() || account == self.sender.address() || !asked.insert(endpoint.clone()) {
                continue;
            }
            match self.fetch_from(endpoint, round, made.as_ref()).await {
                Ok(package) => {
                    self.step("keep a model")?;
                    self.store.keep_model(round, &package)?;
                    return Ok(true);
                }
                Err(ActError::Halt(halt)) => return Err(halt.into()),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// A model's package, whose hash or whose points are the chain's.
    async fn fetch_from(
        &self,
        endpoint: &str,
        round: u16,
        made: Option<&Aggregated>,
    ) -> Result<Vec<u8>, ActError> {
        // The initial model is on no chain by its package's hash: a person hands it out, or it is checked by its points.
        let made = made.ok_or(ActError::Missing("the initial model, which the sponsor hands out"))?;
        let client = self.transfers(endpoint)?;
        let notice = client.model(round).await?;
        client.fetch(&notice, &self.store.inbox).await?;
        let me = self.sender.address();
        let sealed = self.store.inbox.bytes(me, &notice.hash).map_err(StoreError::from)?;
        let sealed = sealed.ok_or(ActError::Missing("the fetched file"))?;
        self.store.inbox.remove(me, &notice.hash).map_err(StoreError::from)?;
        let opened = self.key.open(Sealed::Model(made.content), &sealed);
        let opened = opened.map_err(|error| CraftError::new("opening a model", error))?;
        let points = self.craft.model_points(&opened)?;
        if keccak256(&*opened) != made.content || points != made.points {
            return Err(ActError::Missing("the model, for which something else was given"));
        }
        Ok(opened.to_vec())
    }

    fn transfers(&self, endpoint: &str) -> Result<TransferClient, TransferError> {
        let place = Place { chain_id: self.client.id().chain_id, task: self.client.id().task };
        TransferClient::new(endpoint, place, self.sender.key().clone(), self.plan.patience)
    }

    fn train(&mut self, round: u16, model: u16) -> Result<bool, ActError> {
        // What a crash left between the disk and the journal is as good as anything made anew.
        let update = match self.store.update(round)? {
            Some(update) => update,
            None => {
                let model = self.store.model(model)?.ok_or(ActError::Missing("the model"))?;
                let (craft, about) = (self.craft.clone(), self.about(round));
                let job = move || Made::Update(craft.train(&about, &model));
                let Some(Made::Update(made)) = self.workshop.take((round, "train", 0), job) else {
                    return Ok(true);
                };
                let update = made?;
                self.step("keep our update")?;
                self.store.keep_update(round, &update)?;
                update
            }
        };
        let what = Commitment {
            points: keccak256(&update.points),
            proof: keccak256(&update.proof),
            content: keccak256(&update.package),
            salt: self.salt(round, "commit")?,
        };
        self.keep(&Event::Made { round, what })?;
        Ok(true)
    }

    fn salt(&self, round: u16, what: &'static str) -> Result<B256, ActError> {
        let id = self.client.id();
        let salt = secrets::round_salt(self.sender.key(), id.chain_id, id.task, round, what);
        Ok(salt.map_err(Halt::from)?)
    }

    fn own_reveal(&self, round: u16) -> Result<Reveal, ActError> {
        let what = self.machine.made(round).ok_or(ActError::Missing("what was committed to"))?;
        let update = self.store.update(round)?.ok_or(ActError::Missing("the own update"))?;
        let book = self.machine.book();
        let before = book.cumulative.get(&self.sender.address());
        let before = before.filter(|before| book.terms.rule.history && !before.updates.is_empty());
        let (last, cumulative) = match before {
            None => (B256::ZERO, Vec::new()),
            Some(before) => {
                (before.last, points::sum(before.updates.iter().map(|(points, _)| points.as_ref()))?)
            }
        };
        Ok(Reveal {
            account: self.sender.address(),
            salt: what.salt,
            proofHash: what.proof,
            contentHash: what.content,
            points: update.points.into(),
            last,
            cumulative: cumulative.into(),
        })
    }

    fn evidence(&self, round: u16, account: Address, proof: Vec<u8>) -> Result<Evidence, ActError> {
        let said = self.said(round, &account)?;
        let revealed = Revealed {
            points: said.points.clone(),
            cumulative: said.cumulative,
            proofHash: said.proof,
            contentHash: said.content,
        };
        Ok(Evidence { account, revealed, prefix: self.craft.prefix().into(), proof: proof.into() })
    }

    /// Brings the own update, sealed, to who aggregates.
    async fn deliver(&mut self, round: u16, to: Address) -> Result<bool, ActError> {
        let Some((key, endpoint)) = self.machine.book().announced.get(&to).cloned() else { return Ok(false) };
        if endpoint.is_empty() {
            return Ok(false);
        }
        let update = self.store.update(round)?.ok_or(ActError::Missing("the own update"))?;
        let bytes = delivery::encode(&update.package, &update.proof);
        let bytes = bytes.ok_or(ActError::Missing("a package that fits"))?;
        let sealed = seal(&key, Sealed::Update(keccak256(&update.package)), &bytes)?;
        self.transfers(&endpoint)?.bring(&sealed.into()).await?;
        self.brought.insert((round, to));
        Ok(true)
    }

    /// What the present round is aggregated from.
    fn work(&self, round: u16) -> Result<Work, ActError> {
        let present = self.round()?;
        let book = self.machine.book();
        let model = self.machine.model();
        let package = self.store.model(model)?.ok_or(ActError::Missing("the model"))?;
        // The one before the newest final one; of the first there is none.
        let older = match book.models.len() {
            0 => None,
            count => {
                let round =
                    count.checked_sub(2).and_then(|at| book.models.get(at)).map_or(0, |model| model.round);
                self.store.model(round)?
            }
        };
        let root = book.terms.root;
        let row = |(account, said): (&Address, &Said)| self.row(round, *account, said);
        let rows = present.standing(root).map(row).collect::<Result<Vec<_>, _>>()?;
        let root = present.said.get(&root).filter(|said| !said.excluded && !root.is_zero());
        let root = root.map(|said| self.row(round, book.terms.root, said)).transpose()?;
        Ok(Work { about: self.about(round), model: package, older, rows, root })
    }

    fn row(&self, round: u16, account: Address, said: &Said) -> Result<Row, ActError> {
        let own = account == self.sender.address();
        let package = |content: &B256| -> Result<(Vec<u8>, Vec<u8>), ActError> {
            self.store.opened(content)?.ok_or(ActError::Missing("a delivered update"))
        };
        let (package_, proof) = match own {
            true => {
                let update = self.store.update(round)?.ok_or(ActError::Missing("the own update"))?;
                (update.package, update.proof)
            }
            false => package(&said.content)?,
        };
        let mut before = Vec::new();
        if let Some(sum) = self.machine.book().cumulative.get(&account) {
            for (_, content) in sum.updates.iter().filter(|(_, content)| *content != said.content) {
                before.push(package(content)?.0);
            }
        }
        let update = Update { package: package_, points: said.points.to_vec(), proof };
        Ok(Row { account, update, before })
    }

    async fn aggregate(&mut self, round: u16) -> Result<bool, ActError> {
        let work = self.work(round)?;
        let rows = work.rows.len();
        let accounts: Vec<Address> = work.rows.iter().map(|row| row.account).collect();
        let craft = self.craft.clone();
        let job = move || Made::Model(craft.aggregate(&work).map(Box::new));
        // Another number of rows is another job: somebody was excluded meanwhile.
        let Some(Made::Model(made)) = self.workshop.take((round, "aggregate", rows), job) else {
            return Ok(true);
        };
        let made = made?;
        let root = self.machine.book().terms.root;
        let present = self.round()?;
        let standing = present.standing(root).map(|(account, _)| *account);
        if !standing.eq(accounts.iter().copied()) {
            return Ok(false);
        }
        let mut evidence: Vec<B256> = present.standing(root).map(|(_, said)| said.evidence()).collect();
        evidence.extend(present.said.get(&root).filter(|_| !root.is_zero()).map(Said::evidence));
        let NewModel { package, points, model, root_cumulative, matrix, weights, inputs, proof } = *made;
        self.step("keep the new model")?;
        self.store.keep_made(round, &package)?;
        self.step("send the new model")?;
        let aggregation = Aggregation {
            accounts,
            evidence,
            points,
            model,
            rootCumulative: root_cumulative,
            matrix,
            weights,
            inputs,
            proof,
            contentHash: keccak256(&package),
        };
        sent(self.client.aggregate(&self.sender, aggregation).await?)
    }

    fn score(&mut self, round: u16) -> Result<bool, ActError> {
        let work = self.work(round)?;
        let craft = self.craft.clone();
        let job = move || Made::Scores(craft.score(&work));
        let Some(Made::Scores(scores)) = self.workshop.take((round, "score", 0), job) else {
            return Ok(true);
        };
        let (scores, salt) = (scores?, self.salt(round, "scores")?);
        self.keep(&Event::Scored { round, scores, salt })?;
        Ok(true)
    }
}

fn sent(_: Sent) -> Result<bool, ActError> {
    Ok(true)
}
