//! The demo's training: five hospitals learn one model under a task's contract, on this chain, and nobody sees anybody's rows.
//!
//! Each has a fifth of the breast cancer data's training rows. One's diagnoses are the wrong way round, one stays away after the first
//! round, and somebody who is no hospital proves its updates for another round than they are for. Members are the services that
//! production runs, with packages over HTTP on this machine; what is waited for passes at once.

mod manifest;
mod members;

use self::members::{Member, Work};
use super::{
    claims::money::{Balances, Purses},
    stage::Stage,
};
use crate::{
    args::proofs::ColumnArgs,
    commands::{
        commit, compile,
        federated::claim::{self, Claim},
    },
    desk::Desk,
    plans::PlanFolder,
};
use anyhow::{Context as _, Result, ensure};
use averment_compiler::{
    Options, Parameter, export,
    task::{self, Template, Widths},
    tensor::Tensor,
};
use averment_federated::rules::Kind;
use averment_ledger::{
    contracts::{Sender, TaskContracts, TaskSurroundings},
    federated::{
        Book, Phase, TaskClient, TaskKinds, TaskMoney, TaskRule, TaskSize, TaskTimes, Terms, most_weight,
        pool_of,
    },
    proofs::ProofClient,
};
use averment_node::federated::craft::{Origin, TaskCraft};
use averment_plan::vector::{Package, Vector, VectorKind};
use averment_primitives::{Address, B256, Salt, U256, VersionId};
use averment_storage::atomic;
use averment_trainers::{
    Learner, Settings, Standardised,
    data::{
        Dataset,
        split::{Split, split},
        table,
    },
    random::{normal, seed_of, stream},
};
use averment_verifier::{commitment::WeightsCommitment, descriptor, federated::TaskShape, point};
use serde_json::{Value, json};
use std::{fmt::Write, path::Path, sync::Arc};

const TOKEN: u128 = 1_000_000_000_000_000_000;
/// Seconds of each phase, and how many pass at a time.
const PHASE: u32 = 120;
const STEP: u64 = 40;
const ROUNDS: u16 = 4;
const HOSPITALS: [&str; 5] =
    ["hospital-north", "hospital-south", "hospital-east", "hospital-west", "hospital-lake"];
/// Its diagnoses are the wrong way round.
const POISONED: usize = 3;
/// It stays away after the first round.
const ABSENT: usize = 4;
const IMPOSTOR: &str = "trespasser";
const AGGREGATOR: &str = "university";
/// What each of them brings.
const MONEY: u128 = 500 * TOKEN;

/// What came of it.
pub struct Trained {
    /// The version that was trained.
    pub version: VersionId,
    /// Its plan.
    pub plan: PlanFolder,
    /// The task's contract.
    pub task: Address,
    accuracy: Vec<f64>,
    purses: Purses,
}

impl Trained {
    /// For machines.
    pub fn json(&self) -> Value {
        json!({
            "task": self.task,
            "version": self.version,
            "plan": self.plan.path(),
            "accuracy": self.accuracy,
            "money": self.purses.json(),
        })
    }
}

/// Rows of the example, as they are measured.
struct Rows {
    training: Dataset,
    evaluation: Dataset,
}

impl Rows {
    fn read(cancer: &Path) -> Result<Self> {
        let read = |name: &str| -> Result<Dataset> {
            let path = cancer.join("data").join(name);
            let bytes = std::fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
            Ok(table::read(&bytes, "diagnosis", &["row"])?.data)
        };
        Ok(Self { training: read("training.csv")?, evaluation: read("evaluation.csv")? })
    }

    /// Who learns from `rows`, in steps over what is standardised by all of the training rows.
    fn learner(&self, origin: Origin<'_>, rows: &Dataset) -> Result<Standardised<Learner>> {
        let settings = Settings { rate: 0.15, momentum: 0.0, epochs: 4, batch: 16, ..Settings::default() };
        let [rows, held_out] = [rows, &self.evaluation].map(|rows| rows.standardised(&self.training));
        let learner = Learner::new(TaskCraft::graph(origin)?, rows?, held_out?, settings)?;
        Ok(Standardised::new(learner, &self.training)?)
    }
}

/// Plays it, beside the files of the example in `cancer`.
pub async fn play(stage: &mut Stage, cancer: &Path) -> Result<Trained> {
    let ui = stage.context.ui;
    let rows = Rows::read(cancer)?;
    let begun = Begun::new(stage, cancer, &rows).await?;
    let desk = Desk::on(&stage.context, stage.registry.ledger()).await?;
    let mut people = Vec::new();
    for name in HOSPITALS.iter().chain([&IMPOSTOR, &AGGREGATOR]) {
        let sender = stage.sender(name).await?;
        desk.client.mint(&sender, U256::from(MONEY)).await?;
        people.push((*name, sender));
    }
    desk.client.mint(&stage.owner, U256::from(5_000 * TOKEN)).await?;
    let aggregator = people.last().context("somebody aggregates")?.1.address();
    let terms = begun.terms(&rows, aggregator)?;
    let before = purses(&desk, stage, &people, None).await?;
    let client = begun.create(stage, &terms).await?;
    let pool = pool_of(&terms);
    let mut sent = Vec::new();
    for (_, sender) in people.iter().take(HOSPITALS.len() + 1) {
        sent.extend(client.join(sender, Default::default()).await?);
    }
    stage.note_all("five hospitals and somebody else join", sent);
    ui.say(format!(
        "   {} for {ROUNDS} rounds are in the contract; Multi-Krum, which the contract computes, leaves out one of them a round",
        desk.words(pool)
    ));

    let mut accuracy = vec![begun.accuracy(&rows, &begun.initial)?];
    let book = begun.rounds(stage, &rows, &client, &people, &mut accuracy).await?;
    ui.say(plot(&accuracy));
    let address = |at: usize| people.get(at).map(|(_, sender)| sender.address()).unwrap_or_default();
    ensure!(
        book.0.members.get(&address(HOSPITALS.len())).is_some_and(|own| own.out),
        "the trespasser was not slashed"
    );
    ui.say(format!(
        "   The {IMPOSTOR}'s proof was shown to the contract, failed, and cost it its stake: half is burned, a quarter is whose who showed it"
    ));

    let (version, plan) =
        begun.released(stage, &client, cancer, (&book.1, *accuracy.last().unwrap_or(&0.0))).await?;
    begun.finish(stage, &client, &book.0, version, &plan).await?;
    for (name, sender) in
        people.iter().map(|(name, sender)| (*name, sender)).chain([("sponsor", &stage.owner)])
    {
        if book.0.members.get(&sender.address()).is_some_and(|own| own.seated) {
            client.quit(sender).await.with_context(|| format!("{name} leaves"))?;
        }
        let balance = client.balance(sender.address()).await?;
        if !balance.is_zero() {
            client.withdraw(sender, sender.address(), balance).await?;
        }
    }
    let after = purses(&desk, stage, &people, Some(client.id().task)).await?;
    let purses = before.until(after)?;
    ui.say(purses.table());
    Ok(Trained { version, plan, task: client.id().task, accuracy, purses })
}

/// Who has how many tokens.
async fn purses(
    desk: &Desk,
    stage: &Stage,
    people: &[(&'static str, Sender)],
    task: Option<Address>,
) -> Result<Balances> {
    let mut all = Vec::new();
    let wallet =
        async |account| -> Result<u128> { Ok(desk.client.balance(account).await?.wallet.to::<u128>()) };
    all.push(("sponsor", wallet(stage.owner.address()).await?));
    for (place, (name, sender)) in people.iter().enumerate() {
        let name = match place {
            POISONED => "hospital-west, whose labels are wrong",
            ABSENT => "hospital-lake, which stays away",
            _ => name,
        };
        all.push((name, wallet(sender.address()).await?));
    }
    let burned = match task {
        Some(task) => wallet(task).await?,
        None => 0,
    };
    all.push(("burned", burned));
    Ok(Balances::new(all))
}

/// Bars of accuracy, one a round.
fn plot(accuracy: &[f64]) -> String {
    let mut lines = "   decided rightly, of 114 rows that nobody trained on".to_owned();
    for (round, accuracy) in accuracy.iter().enumerate() {
        let name = if round == 0 { "before".to_owned() } else { format!("round {round}") };
        let full = (accuracy * 40.0).round() as usize;
        // A String takes everything.
        let _ = write!(
            lines,
            "\n   {name:>8} {}{} {:5.1} %",
            "█".repeat(full),
            "·".repeat(40 - full.min(40)),
            accuracy * 100.0
        );
    }
    lines
}

/// What the task starts from.
struct Begun {
    source: compile::Source,
    folder: PlanFolder,
    commitment: WeightsCommitment,
    initial: Vec<u8>,
    version: VersionId,
}

impl Begun {
    /// Makes an untrained network, its plan and its version.
    async fn new(stage: &mut Stage, cancer: &Path, rows: &Rows) -> Result<Self> {
        let file = std::fs::read(cancer.join("model-v2.onnx")).context("reading the example's network")?;
        let network = averment_compiler::import(&file)?;
        let untrained = export(&file, &drawn(&network.parameters(), rows))?;
        let path = cancer.join("model-v3-untrained.onnx");
        atomic::write(&path, &untrained)?;
        let columns =
            ColumnArgs { columns: Vec::new(), except: vec!["row".to_owned(), "diagnosis".to_owned()] };
        let labels = ["benign".to_owned(), "malignant".to_owned()];
        let source = compile::read(&path, &cancer.join("data/training.csv"), &columns, &labels)?;
        let widths = Widths { bits: 22, fraction: 14, update_bits: 18, headroom: 6 };
        let started = task::start(&source.network, &source.samples, &Options::default(), widths)?;
        let folder = source.keep(&cancer.join("task.plan"), &started.compiled.model)?;
        folder.keep_layout(&started.layout)?;
        let (commitment, _) =
            commit::to_weights(&folder, None, descriptor::Options::default(), &stage.context)?;
        let vector = Vector::of_weights(&started.layout, started.compiled.model.weights())?;
        let secret = folder.secret(&commitment)?;
        let package = Package { vector, salt: Salt::from_random(*secret.salt().expose()) };
        let initial = package.encode(&started.layout);
        let accuracy = None;
        let manifest = manifest::write(cancer, "3.0.0-untrained", "model-v3-untrained.onnx", None, accuracy)?;
        let version = stage.register(&manifest, Some(&folder)).await?;
        Ok(Self { source, folder, commitment, initial, version })
    }

    fn with_origin<T>(&self, work: impl FnOnce(Origin<'_>) -> Result<T>) -> Result<T> {
        let (plan, layout) = (self.folder.plan()?, self.folder.layout()?);
        let (commitment, network) = (&self.commitment, &self.source.network);
        work(Origin { plan: &plan, layout: &layout, commitment, network })
    }

    /// The terms, but for what proofs are about.
    fn terms(&self, rows: &Rows, aggregator: Address) -> Result<Terms> {
        let rule = TaskRule {
            kind: Kind::MultiKrum as u8,
            faults: 1,
            clip: false,
            mix: false,
            norm: 0,
            radius: 0,
            history: true,
        };
        let size = TaskSize {
            minimum: 3,
            maximum: 8,
            perRound: 6,
            rounds: ROUNDS,
            maximumVoid: 2,
            strikes: ROUNDS as u8,
        };
        let times = TaskTimes {
            idle: PHASE,
            select: PHASE,
            commit: PHASE,
            reveal: PHASE,
            check: PHASE,
            answer: PHASE,
            aggregate: PHASE,
            takeover: PHASE,
            score: PHASE,
            disclose: PHASE,
            settle: PHASE,
        };
        let money = TaskMoney {
            stake: 200 * TOKEN,
            bond: 10 * TOKEN,
            reward: 300 * TOKEN,
            fee: 20 * TOKEN,
            validatorFee: 0,
            validatorStake: 0,
        };
        let plan = self.folder.plan()?.digest();
        let (word, zero) = (B256::ZERO, Address::ZERO);
        let mut terms = Terms {
            version: self.version.0,
            plan,
            updateKind: word,
            roundKind: word,
            bound: 0,
            rule,
            size,
            times,
            money,
            validators: 0,
            aggregator,
            root: zero,
            gate: zero,
            privacy: 0,
        };
        terms.bound = self.bound(rows)?;
        let kinds = self.kinds(&terms)?;
        (terms.updateKind, terms.roundKind) = (kinds.update_digest(), kinds.round_digest());
        Ok(terms)
    }

    /// Four times the length of what the sponsor learns from the first fifth of the rows.
    fn bound(&self, rows: &Rows) -> Result<u32> {
        let (plan, layout) = (self.folder.plan()?, self.folder.layout()?);
        let template = Template::new(&self.source.network, &plan, &layout)?;
        let first = Package::decode_as(&layout, VectorKind::Model, &self.initial)?.vector;
        let learner = self.with_origin(|origin| {
            rows.learner(origin, &rows.training.choose(&(0..91).collect::<Vec<_>>()))
        })?;
        let length = members::length(&template, &first, &learner)?;
        let most = (1_u64 << 31).saturating_sub(1) / u64::from(ROUNDS);
        Ok(u32::try_from((4 * length).min(most))?)
    }

    fn kinds(&self, terms: &Terms) -> Result<TaskKinds> {
        let (plan, layout) = (self.folder.plan()?, self.folder.layout()?);
        let bits = self.commitment.chunked().blocks().chunk_bits();
        let updates = layout.blocks().iter().map(|block| block.update_bits).collect();
        let shape = TaskShape::new(&plan, bits, updates, layout.exponents().collect())?;
        let first = Package::decode_as(&layout, VectorKind::Model, &self.initial)?.vector;
        layout.check_room(&first, terms.size.rounds.into(), most_weight(terms))?;
        Ok(TaskKinds::new(&shape, terms)?)
    }

    /// Deploys the contracts of tasks, registers what proofs are about, and creates the task.
    async fn create(&self, stage: &mut Stage, terms: &Terms) -> Result<TaskClient> {
        let around =
            TaskSurroundings::of(&stage.deployment, Address::ZERO, 0).context("the chain settles")?;
        let (contracts, sent) = TaskContracts::deploy(&stage.owner, &around).await?;
        contracts.save(&stage.context.config.tasks_file)?;
        stage.note_all("deploy the contracts of tasks", sent);
        let kinds = self.kinds(terms)?;
        let proofs = ProofClient::new(stage.registry.ledger(), &stage.deployment)?;
        let mut sent = Vec::new();
        for descriptor in [&kinds.update.descriptor, &kinds.round.descriptor] {
            sent.push(proofs.register_with(&stage.owner, descriptor, &[]).await?);
        }
        stage.note_all("register what its proofs are about", sent);
        let chunked = self.commitment.chunked();
        let prefix = WeightsCommitment::meaning(chunked.setup(), chunked.blocks());
        let points = point::to_bytes(chunked.points());
        let factory = contracts.tasks.address;
        let created =
            TaskClient::create(&stage.owner, factory, terms, B256::ZERO, prefix.into(), points.into())
                .await?;
        let task = created.task;
        stage.note_all("create the task", created.sent);
        Ok(TaskClient::open(stage.registry.ledger(), task, contracts.block_number).await?)
    }

    fn craft(&self, stage: &Stage, rows: &Rows, own: &Dataset, terms: &Terms) -> Result<TaskCraft> {
        let chunked = self.commitment.chunked();
        let setup = stage.context.setup(chunked.setup(), chunked.blocks().chunk_bits())?;
        self.with_origin(|origin| {
            let learner = rows.learner(origin, own)?;
            Ok(TaskCraft::new(origin, terms, setup, Some(Box::new(learner)), seed_of(5, 5))?)
        })
    }

    /// How much of the held out rows a model decides rightly.
    fn accuracy(&self, rows: &Rows, package: &[u8]) -> Result<f64> {
        let (plan, layout) = (self.folder.plan()?, self.folder.layout()?);
        let template = Template::new(&self.source.network, &plan, &layout)?;
        let model = Package::decode_as(&layout, VectorKind::Model, package)?.vector;
        let learner = self.with_origin(|origin| rows.learner(origin, &rows.evaluation))?;
        members::accuracy(&template, &model, &learner)
    }

    /// Lets the members work until the task is over. Returns its book and the last model's package.
    async fn rounds(
        &self,
        stage: &Stage,
        rows: &Rows,
        client: &TaskClient,
        people: &[(&'static str, Sender)],
        accuracy: &mut Vec<f64>,
    ) -> Result<(Book, Vec<u8>)> {
        let parts = split(&rows.training, HOSPITALS.len(), Split::Even, seed_of(1, 2))?;
        let points = point::to_bytes(self.commitment.chunked().points());
        let folder = stage.context.config.chain_folder.with_file_name("federated");
        let mut members = Vec::new();
        for (place, (name, sender)) in people.iter().enumerate() {
            let part = parts.get(place).or(parts.first()).context("everybody has rows")?;
            let own = rows.training.choose(part);
            let own = if place == POISONED { own.relabelled(|_, label| 1 - label.min(1))? } else { own };
            let craft = self.craft(stage, rows, &own, client.terms())?;
            let work = match *name {
                IMPOSTOR => Work { craft: Arc::new(members::ForAnother(craft)), trains: true },
                AGGREGATOR => Work { craft: Arc::new(craft), trains: false },
                _ => Work { craft: Arc::new(craft), trains: true },
            };
            let own = folder.join(name);
            let member = Member::start(&own, work, client, sender.clone()).await;
            let member = member.with_context(|| format!("{name} starts"))?;
            member.take_initial(&self.initial, &points)?;
            members.push((*name, member));
        }
        let progress = stage.context.ui.count_bar("rounds", ROUNDS.into());
        for _ in 0..400 {
            // The aggregator first: who asks for its model before it has looked again would take it for withheld.
            for (_, member) in members.iter_mut().rev() {
                member.turn().await?;
            }
            let block = stage.registry.ledger().newest_final().await?;
            let book = client.book(&block).await?;
            let known = members.last().and_then(|(_, member)| member.model(book.models.len()).transpose());
            if book.models.len() >= accuracy.len()
                && let Some(package) = known
            {
                let package = package?;
                accuracy.push(self.accuracy(rows, &package)?);
                progress.inc(1);
                members.retain(|(name, _)| HOSPITALS.get(ABSENT) != Some(name));
                if book.phase == Phase::Ended {
                    progress.finish_and_clear();
                    return Ok((book, package));
                }
            }
            ensure!(
                book.phase != Phase::Ended || book.models.len() >= accuracy.len(),
                "the task ended early"
            );
            stage.wait(STEP).await?;
        }
        anyhow::bail!("the rounds come to no end: this is a fault in Averment, please report it")
    }

    /// Compiles what was trained, has it approved and deployed.
    async fn released(
        &self,
        stage: &mut Stage,
        client: &TaskClient,
        cancer: &Path,
        (package, accuracy): (&[u8], f64),
    ) -> Result<(VersionId, PlanFolder)> {
        let (plan, layout) = (self.folder.plan()?, self.folder.layout()?);
        let package = Package::decode_as(&layout, VectorKind::Model, package)?;
        let template = Template::new(&self.source.network, &plan, &layout)?;
        let compiled = task::finish(&template, &package.vector, &self.source.samples, &Options::default())?;
        let file = export(&self.source.file, &template.parameters(&package.vector)?)?;
        atomic::write(&cancer.join("model-v3.onnx"), &file)?;
        let folder = self.source.keep(&cancer.join("model-v3.plan"), &compiled.model)?;
        let chunked = self.commitment.chunked();
        let bits = chunked.blocks().chunk_bits();
        let setup = stage.context.setup(chunked.setup(), bits)?;
        commit::with_salt(&folder, &package.salt, &setup, bits, &stage.context)?;
        let parents = Some("3.0.0-untrained");
        let manifest = manifest::write(cancer, "3.0.0", "model-v3.onnx", parents, Some(accuracy))?;
        let origin = claim::Origin { plan: &folder, task_plan: Some(&self.folder), package: None };
        let claim = Claim::of(client, &origin, stage.owner.address(), &stage.context).await?;
        let version = stage.release(&manifest, Some(&folder), Some(claim), [0, 1], "clinic-north").await?;
        Ok((version, folder))
    }

    /// Has the task say what it became: the points are its own, byte for byte.
    async fn finish(
        &self,
        stage: &mut Stage,
        client: &TaskClient,
        book: &Book,
        version: VersionId,
        plan: &PlanFolder,
    ) -> Result<()> {
        let commitment = plan.commitment()?;
        let chunked = commitment.chunked();
        let points = point::to_bytes(chunked.points());
        let model = book.models.last().context("a model was made")?;
        ensure!(model.points == points, "the version's points are not the task's");
        let prefix = WeightsCommitment::meaning(chunked.setup(), chunked.blocks());
        let sent = client.finish(&stage.owner, version.0, prefix.into(), points.into()).await?;
        stage.note("the task says it became 3.0.0", sent);
        stage.context.ui.say("   The points of 3.0.0 are the points that the contract formed, byte for byte");
        Ok(())
    }
}

/// Random weights for standardised numbers, as the first layer has them for numbers that are measured.
fn drawn(parameters: &[Parameter], rows: &Rows) -> Vec<Parameter> {
    let mut random = stream(seed_of(3, 3), 0);
    let (means, deviations) = rows.training.statistics();
    let mut shift: Vec<f64> = Vec::new();
    let mut drawn = Vec::with_capacity(parameters.len());
    for (place, own) in parameters.iter().enumerate() {
        let dims = own.tensor.dims.clone();
        let cells = match dims[..] {
            [from, to] => {
                let size = (2.0 / from.max(1) as f64).sqrt();
                let mut cells: Vec<f64> = (0..from * to).map(|_| size * normal(&mut random)).collect();
                if place == 0 {
                    shift = vec![0.0; to];
                    for (row, (mean, deviation)) in cells.chunks_mut(to).zip(means.iter().zip(&deviations)) {
                        for (cell, shift) in row.iter_mut().zip(&mut shift) {
                            *cell /= deviation.max(1e-9);
                            *shift -= *cell * mean;
                        }
                    }
                }
                cells
            }
            _ if place == 1 => shift.clone(),
            _ => vec![0.0; own.tensor.cells.len()],
        };
        drawn.push(Parameter { name: own.name.clone(), tensor: Tensor { dims, cells } });
    }
    drawn
}
