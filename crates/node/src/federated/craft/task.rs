//! The mathematics of a task as it is: networks of the compiler's, any [`Participant`], vectors, proofs.
//!
//! Everything follows from public files (plan, layout, commitment), the terms in the task's code and the network that the plan was
//! compiled from; only the data are the member's own. What is computed here and on the chain, weights and statements, is the same
//! bit for bit, or the chain refuses it.

use super::{
    About, Craft, CraftError, Integers, NewModel, Row, Update, UpdateFault, Work,
    contribution::{leave_one_out, shapley},
};
use alloy_primitives::{B256, Bytes, U256, keccak256};
use averment_compiler::{
    network::Network,
    task::{TaskError as TemplateError, Template},
};
use averment_federated::{
    gram::{Gram, Limits, Shape},
    rules::{Kind, Rule},
    score::{news, products, scores, shortening},
};
use averment_ledger::federated::{Posted, Posting, TaskKinds, Terms, most_weight, point_of, terms_digest};
use averment_plan::{
    Plan,
    vector::{Package, Vector as Plain, VectorError, VectorKind, VectorLayout},
};
use averment_primitives::Salt;
use averment_prover::{
    Engine, ProveError, Setup, SetupError,
    federated::{Pieces, RoundVectors, Vector, aggregate, prove_round, prove_update, triangle},
    random,
};
use averment_trainers::{Fit, Graph, GraphError, Parameters, Participant, random::stream};
use averment_verifier::{
    commitment::WeightsCommitment,
    descriptor::{Blocks, DeriveError},
    federated::{About as Stated, RoundCommitments, ShapeError, TaskShape},
    point,
};
use std::{
    ops::ControlFlow,
    sync::{Mutex, PoisonError},
};
use thiserror::Error;

/// Most cells of a piece where integers are posted on the chain, which is a transaction each.
const PIECE: usize = 4_096;
/// Most pieces that the contract counts.
const PIECES: usize = 255;

/// Who trains, or judges: a network's trainer with data of its own.
pub type Learning = Box<dyn Participant + Send + Sync>;

/// How a validator measures what updates add.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scoring {
    /// By leaving out one at a time.
    LeaveOneOut,
    /// By Shapley's value over drawn orders.
    Shapley {
        /// How many.
        orders: usize,
        /// Loss that counts as none.
        tolerance: f64,
    },
}

/// What a task is, beside its terms.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// The plan that it starts from.
    pub plan: &'a Plan,
    /// What cells of its vectors mean.
    pub layout: &'a VectorLayout,
    /// The commitment to the initial version's weights.
    pub commitment: &'a WeightsCommitment,
    /// The network that the plan was compiled from.
    pub network: &'a Network,
}

/// Why there is no craft for a task: mostly, files of another one.
#[derive(Debug, Error)]
pub enum TaskCraftError {
    /// The plan is not the terms'.
    #[error("the task starts from the plan {expected}, this one is {got}")]
    Plan {
        /// Of the terms.
        expected: B256,
        /// Of the files.
        got: B256,
    },
    /// The terms name other descriptors than those of this plan and these terms: nobody should join.
    #[error(
        "the task's terms name {got} as what proofs of {what} are about; of its plan and its terms it is {expected}"
    )]
    Kind {
        /// Updates or rounds.
        what: &'static str,
        /// What follows from plan and terms.
        expected: B256,
        /// What the terms say.
        got: B256,
    },
    /// A rule that there is not.
    #[error("the terms name rule {got}, which this program does not know")]
    Rule {
        /// Its number.
        got: u8,
    },
    /// The commitment is for another setup.
    #[error("the model is committed to with the setup {expected}, the one at hand is {got}")]
    OtherSetup {
        /// The commitment's.
        expected: B256,
        /// At hand.
        got: B256,
    },
    /// The commitment is for other blocks.
    #[error("the commitment is to blocks of {got:?} bits, the layout has {expected:?}")]
    Blocks {
        /// The layout's.
        expected: Vec<u8>,
        /// The commitment's.
        got: Vec<u8>,
    },
    /// Layout or package of another task.
    #[error(transparent)]
    Vector(Box<VectorError>),
    /// The network is not the plan's.
    #[error(transparent)]
    Template(Box<TemplateError>),
    /// The network cannot be trained.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// Who trains has another network.
    #[error("who trains has other tensors than the task's network")]
    Learning(#[source] averment_trainers::ParameterError),
    /// No shape of this plan.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// No descriptors of this plan.
    #[error(transparent)]
    Derive(#[from] DeriveError),
    /// The setup is too small.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The prover cannot be made ready.
    #[error(transparent)]
    Prove(#[from] ProveError),
}

impl From<VectorError> for TaskCraftError {
    fn from(error: VectorError) -> Self {
        Self::Vector(Box::new(error))
    }
}

impl From<TemplateError> for TaskCraftError {
    fn from(error: TemplateError) -> Self {
        Self::Template(Box::new(error))
    }
}

/// The craft of a member of one task.
pub struct TaskCraft {
    chunk_bits: u8,
    blocks: Blocks,
    prefix: Vec<u8>,
    kinds: TaskKinds,
    rule: Rule,
    template: Template,
    setup: Setup,
    engine: Engine,
    learning: Option<Learning>,
    scoring: Scoring,
    /// What the order of examples and of measuring follows from.
    seed: [u8; 32],
    /// What training goes on with, the momentum; lost with the process.
    memory: Mutex<Option<Parameters>>,
}

/// Data and models are private.
impl std::fmt::Debug for TaskCraft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TaskCraft")
            .field("rule", &self.rule)
            .field("scoring", &self.scoring)
            .finish_non_exhaustive()
    }
}

/// The rule of a task's terms; none if there is no such kind.
pub fn rule_of(terms: &Terms) -> Option<Rule> {
    let kind = Kind::ALL.into_iter().find(|kind| *kind as u8 == terms.rule.kind)?;
    let own = &terms.rule;
    Some(Rule { kind, faults: own.faults, clip: own.clip, mix: own.mix, norm: own.norm, radius: own.radius })
}

/// B², the most that an update's squared norm is.
fn square(terms: &Terms) -> i64 {
    i64::from(terms.bound).saturating_mul(terms.bound.into())
}

impl TaskCraft {
    /// Holds the files of a task against its terms. Without `learning` it aggregates and checks, and neither trains nor scores.
    pub fn new(
        origin: Origin<'_>,
        terms: &Terms,
        setup: Setup,
        learning: Option<Learning>,
        seed: [u8; 32],
    ) -> Result<Self, TaskCraftError> {
        let Origin { plan, layout, commitment, network } = origin;
        let (expected, got) = (terms.plan, plan.digest());
        if expected != got {
            return Err(TaskCraftError::Plan { expected, got });
        }
        let chunked = commitment.chunked();
        let (expected, got) = (chunked.setup(), setup.digest());
        if expected != got {
            return Err(TaskCraftError::OtherSetup { expected, got });
        }
        if chunked.blocks().sizes() != layout.sizes() {
            let (expected, got) = (layout.sizes(), chunked.blocks().sizes().to_vec());
            return Err(TaskCraftError::Blocks { expected, got });
        }
        let chunk_bits = chunked.blocks().chunk_bits();
        setup.serves(chunk_bits)?;
        let update_bits = layout.blocks().iter().map(|block| block.update_bits).collect();
        let shape = TaskShape::new(plan, chunk_bits, update_bits, layout.exponents().collect())?;
        let kinds = TaskKinds::new(&shape, terms)?;
        for (what, expected, got) in [
            ("updates", kinds.update_digest(), terms.updateKind),
            ("rounds", kinds.round_digest(), terms.roundKind),
        ] {
            if expected != got {
                return Err(TaskCraftError::Kind { what, expected, got });
            }
        }
        let rule = rule_of(terms).ok_or(TaskCraftError::Rule { got: terms.rule.kind })?;
        let template = Template::new(network, plan, layout)?;
        let graph = Graph::new(template.network().clone())?;
        if let Some(learning) = &learning {
            Parameters::zeros(learning.schema()).check(graph.schema()).map_err(TaskCraftError::Learning)?;
        }
        let engine = Engine::new(&setup, chunk_bits)?;
        Ok(Self {
            chunk_bits,
            blocks: chunked.blocks().clone(),
            prefix: WeightsCommitment::meaning(setup.digest(), chunked.blocks()),
            kinds,
            rule,
            template,
            setup,
            engine,
            learning,
            scoring: Scoring::LeaveOneOut,
            seed,
            memory: Mutex::default(),
        })
    }

    /// Has it measure contributions this way.
    #[must_use]
    pub fn with_scoring(mut self, scoring: Scoring) -> Self {
        self.scoring = scoring;
        self
    }

    /// What cells mean, and how parameters become such.
    pub fn template(&self) -> &Template {
        &self.template
    }

    /// The network that is trained: what a [`Participant`] of this task has to fit.
    pub fn graph(origin: Origin<'_>) -> Result<Graph, TaskCraftError> {
        let template = Template::new(origin.network, origin.plan, origin.layout)?;
        Ok(Graph::new(template.network().clone())?)
    }

    /// Refuses terms under which an honest round could take the initial model out of its widths ([F2.3]).
    pub fn check_room(&self, initial: &[u8], terms: &Terms) -> Result<(), TaskCraftError> {
        let layout = self.template.layout();
        let package = Package::decode_as(layout, VectorKind::Model, initial)?;
        Ok(layout.check_room(&package.vector, terms.size.rounds.into(), most_weight(terms))?)
    }

    /// How good the model of a package is, by what who trains holds out.
    pub fn evaluate(&self, package: &[u8]) -> Result<averment_trainers::Evaluation, CraftError> {
        self.evaluated(&self.plain(VectorKind::Model, package)?)
    }

    fn learning(&self) -> Result<&Learning, CraftError> {
        self.learning
            .as_ref()
            .ok_or_else(|| CraftError::new("training or judging", "this member has no data"))
    }

    fn decoded(&self, kind: VectorKind, package: &[u8]) -> Result<Package, CraftError> {
        Package::decode_as(self.template.layout(), kind, package)
            .map_err(|error| CraftError::new("reading a package", error))
    }

    fn committed(&self, package: &Package) -> Result<Vector, CraftError> {
        Vector::of(&self.setup, self.template.layout(), self.chunk_bits, package)
            .map_err(|error| CraftError::new("committing to a package", error))
    }

    /// The vector of a package, or of what opens one that was read from the chain.
    fn vector(&self, kind: VectorKind, package: &[u8]) -> Result<Vector, CraftError> {
        match Vector::is_opening(package) {
            true => self.opened(package),
            false => self.committed(&self.decoded(kind, package)?),
        }
    }

    /// Its integers alone.
    fn plain(&self, kind: VectorKind, package: &[u8]) -> Result<Plain, CraftError> {
        match Vector::is_opening(package) {
            true => self
                .opened(package)?
                .plain(self.template.layout(), kind)
                .map_err(|error| CraftError::new("reading what was posted", error)),
            false => Ok(self.decoded(kind, package)?.vector),
        }
    }

    /// A model's parameters, as who trains has them.
    fn parameters(&self, model: &Plain) -> Result<(Graph, Parameters), CraftError> {
        let network =
            self.template.network_of(model).map_err(|error| CraftError::new("reading a model", error))?;
        let graph = Graph::new(network).map_err(|error| CraftError::new("reading a model", error))?;
        let parameters = graph.parameters().map_err(|error| CraftError::new("reading a model", error))?;
        Ok((graph, parameters))
    }

    fn evaluated(&self, model: &Plain) -> Result<averment_trainers::Evaluation, CraftError> {
        let (_, parameters) = self.parameters(model)?;
        let evaluated = self.learning()?.evaluate(&parameters);
        evaluated.map_err(|error| CraftError::new("judging a model", error))
    }

    /// A seed of its own for each purpose, task and round.
    fn seed_of(&self, about: &About, what: &str) -> [u8; 32] {
        let place =
            [&about.id.chain_id.to_be_bytes()[..], about.id.task.as_slice(), &about.round.to_be_bytes()];
        keccak256([&self.seed[..], &place.concat(), what.as_bytes()].concat()).0
    }

    /// How much of what is new in each update others found, too.
    fn news(&self, rows: &[Row], updates: &[&Plain], last: &[Plain]) -> Result<Vec<f64>, CraftError> {
        let layout = self.template.layout();
        // In units of the finest scale.
        let fine = |row: &Plain| -> Vec<f64> {
            let tensors = row.tensors().iter().zip(layout.exponents());
            let cells = tensors.flat_map(|(cells, exponent)| {
                let unit = f64::from(u32::from(exponent)).exp2();
                cells.iter().map(move |cell| unit * f64::from(*cell))
            });
            cells.collect()
        };
        let mut known: Vec<Vec<f64>> = last.iter().map(fine).collect();
        for row in rows.iter().filter(|row| !row.before.is_empty()) {
            let mut sum = Vec::new();
            for package in &row.before {
                let before = fine(&self.plain(VectorKind::Update, package)?);
                sum.resize(before.len(), 0.0);
                sum.iter_mut().zip(before).for_each(|(sum, cell)| *sum += cell);
            }
            known.push(sum);
        }
        let cells = updates.first().map_or(0, |update| update.tensors().iter().map(Vec::len).sum());
        let all: Vec<Vec<f64>> = updates.iter().map(|update| fine(update)).chain(known).collect();
        Ok(news(&products(&all), updates.len(), cells))
    }

    fn opened(&self, opening: &[u8]) -> Result<Vector, CraftError> {
        Vector::decode_opening(&self.setup, &self.blocks, opening)
            .map_err(|error| CraftError::new("opening what adds up", error))
    }

    fn cumulative(&self, row: &Row, own: &Vector) -> Result<Vector, CraftError> {
        let opened = row.sum.iter().map(|opening| self.opened(opening));
        let before = row.before.iter().map(|package| self.vector(VectorKind::Update, package));
        let before = opened.chain(before).collect::<Result<Vec<_>, _>>()?;
        let parts: Vec<(i64, &Vector)> = before.iter().chain([own]).map(|own| (1, own)).collect();
        Vector::combine(&parts).map_err(|error| CraftError::new("adding up updates", error))
    }
}

fn stated(about: &About) -> Stated {
    Stated {
        chain_id: about.id.chain_id,
        task: about.id.task,
        round: U256::from(about.round).into(),
        party: about.party,
        version: about.terms.version,
        plan: about.terms.plan,
        terms: terms_digest(&about.terms),
    }
}

fn bytes(vector: &Vector) -> Vec<u8> {
    point::to_bytes(vector.points())
}

fn fresh_salt() -> Result<Salt, CraftError> {
    let mut salt = [0; 32];
    getrandom::fill(&mut salt).map_err(|error| CraftError::new("drawing a salt", error.to_string()))?;
    Ok(Salt::from_random(salt))
}

/// Commitments of a list of vectors.
fn commitments(vectors: &[&Vector]) -> Result<Vec<WeightsCommitment>, CraftError> {
    let all = vectors.iter().map(|own| own.commitment()).collect::<Result<Vec<_>, _>>();
    all.map_err(|error| CraftError::new("naming a vector", error))
}

impl Craft for TaskCraft {
    fn prefix(&self) -> Vec<u8> {
        self.prefix.clone()
    }

    fn model_points(&self, package: &[u8]) -> Result<Vec<u8>, CraftError> {
        Ok(bytes(&self.vector(VectorKind::Model, package)?))
    }

    fn check_room(&self, terms: &Terms, initial: &[u8]) -> Result<(), String> {
        Self::check_room(self, initial, terms).map_err(|error| error.to_string())
    }

    fn train(&self, about: &About, model: &[u8]) -> Result<Update, CraftError> {
        let model = self.plain(VectorKind::Model, model)?;
        let (graph, start) = self.parameters(&model)?;
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let fit = Fit { model: &start, memory: memory.as_ref(), seed: self.seed_of(about, "train") };
        let fitted = self.learning()?.fit(&fit, &mut |_| ControlFlow::Continue(()));
        let fitted = fitted.map_err(|error| CraftError::new("training", error))?;
        let trained = graph.with(&fitted.model).map_err(|error| CraftError::new("training", error))?;
        let bound = about.terms.bound.into();
        let vector = self.template.update(&model, &trained.parameters(), bound);
        let vector = vector.map_err(|error| CraftError::new("making an update", error))?;
        let package = Package { vector, salt: fresh_salt()? };
        let update = self.committed(&package)?;
        let mut masks = random::secret().map_err(|error| CraftError::new("drawing masks", error))?;
        let proof = prove_update(
            &self.engine,
            &self.kinds.update,
            &update,
            &stated(about),
            square(&about.terms),
            &mut masks,
        );
        let proof = proof.map_err(|error| CraftError::new("proving an update", error))?.encode();
        // Whoever trains once more for this round after a crash begins with what it has then.
        *self.memory.lock().unwrap_or_else(PoisonError::into_inner) = fitted.memory;
        Ok(Update { package: package.encode(self.template.layout()), points: bytes(&update), proof })
    }

    fn check_update(&self, about: &About, update: &Update) -> Result<(), UpdateFault> {
        let unread = |error: &dyn std::fmt::Display| UpdateFault::Package(error.to_string());
        let own = if Vector::is_opening(&update.package) {
            self.opened(&update.package).map_err(|error| unread(&error))?
        } else {
            let package = Package::decode_as(self.template.layout(), VectorKind::Update, &update.package);
            self.committed(&package.map_err(|error| unread(&error))?)?
        };
        if bytes(&own) != update.points {
            return Err(UpdateFault::Package("it has other points".to_owned()));
        }
        let commitment = own.commitment().map_err(|error| CraftError::new("naming a vector", error))?;
        let (key, bound) = (self.setup.key(), square(&about.terms));
        let verdict = self.kinds.update.verify(&key, &commitment, &stated(about), bound, &update.proof);
        verdict.map_err(|error| UpdateFault::Proof(error.to_string()))
    }

    fn sum(&self, packages: &[Vec<u8>]) -> Result<Vec<u8>, CraftError> {
        let all = packages.iter().map(|package| self.vector(VectorKind::Update, package));
        let all = all.collect::<Result<Vec<_>, _>>()?;
        let parts: Vec<(i64, &Vector)> = all.iter().map(|own| (1, own)).collect();
        let sum = Vector::combine(&parts).map_err(|error| CraftError::new("adding up updates", error))?;
        Ok(sum.encode_opening())
    }

    fn gathered(&self, posted: &Posted, without: Option<&[u8]>) -> Result<Vec<u8>, CraftError> {
        let Posted { posting, pieces } = posted;
        let pieces = Pieces {
            width: posting.width,
            per_chunk: posting.perChunk,
            cells: posting.cells,
            pieces: pieces.iter().map(|piece| piece.to_vec()).collect(),
            blinds: posting.blinds.iter().map(|blind| B256::from(*blind)).collect(),
        };
        let all = Vector::of_pieces(&self.setup, &self.blocks, &pieces)
            .map_err(|error| CraftError::new("reading what was posted", error))?;
        let Some(without) = without else { return Ok(all.encode_opening()) };
        let less = self.vector(VectorKind::Update, without)?;
        let left = Vector::combine(&[(1, &all), (-1, &less)])
            .map_err(|error| CraftError::new("reading what was posted", error))?;
        Ok(left.encode_opening())
    }

    fn check_opening(&self, opening: &[u8], points: &[u8]) -> Result<(), UpdateFault> {
        let sum = Vector::decode_opening(&self.setup, &self.blocks, opening)
            .map_err(|error| UpdateFault::Package(error.to_string()))?;
        match bytes(&sum) == points {
            true => Ok(()),
            false => Err(UpdateFault::Package("it opens other points".to_owned())),
        }
    }

    fn aggregate(&self, work: &Work) -> Result<NewModel, CraftError> {
        let terms = &work.about.terms;
        let failed = |error| CraftError::new("adding up updates", error);
        let old = self.vector(VectorKind::Model, &work.model)?;
        let previous = match &work.older {
            Some(older) => {
                let older = self.vector(VectorKind::Model, older)?;
                Vector::combine(&[(1, &old), (-1, &older)]).map_err(failed)?
            }
            None => Vector::zero(&self.setup, old.blocks()),
        };
        let update = |row: &Row| self.vector(VectorKind::Update, &row.update.package);
        let updates = work.rows.iter().map(update).collect::<Result<Vec<_>, _>>()?;
        let root = work.root.as_ref().map(update).transpose()?;
        let mut sums = Vec::new();
        let mut root_cumulative = Bytes::new();
        if terms.rule.history {
            for (row, own) in work.rows.iter().zip(&updates) {
                sums.push(self.cumulative(row, own)?);
            }
            if let (Some(row), Some(own)) = (&work.root, &root) {
                root_cumulative = bytes(&self.cumulative(row, own)?).into();
            }
        }
        let first: Vec<&Vector> = updates.iter().chain([&previous]).chain(&root).collect();
        let second: Vec<&Vector> = sums.iter().collect();
        let mut halves = vec![first];
        halves.extend(terms.rule.history.then_some(second));
        let exponents = &self.kinds.round.exponents;
        let triangles: Option<Vec<Vec<i64>>> = halves.iter().map(|rows| triangle(rows, exponents)).collect();
        let triangles = triangles
            .ok_or_else(|| CraftError::new("forming the matrix", "an inner product has more than 64 bits"))?;
        let shape = Shape {
            updates: updates.len(),
            previous: true,
            root: root.is_some(),
            history: terms.rule.history,
        };
        let sum = u64::from(terms.bound).saturating_mul(terms.size.rounds.into());
        let limits = Limits { update: square(terms).unsigned_abs(), history: sum.saturating_mul(sum) };
        let gram = Gram::new(shape, limits, &triangles.concat())
            .map_err(|error| CraftError::new("forming the matrix", error))?;
        let weights = self.rule.weights(&gram).map_err(|error| CraftError::new("weighing updates", error))?;

        let rows = halves.first().into_iter().flatten().copied();
        let weighted: Vec<(u32, &Vector)> = weights.all().iter().copied().zip(rows).collect();
        let salt = fresh_salt()?;
        let (model, remainder) = aggregate(&self.setup, &old, &weighted, Some(&salt))
            .map_err(|error| CraftError::new("adding up updates", error))?;
        let layout = self.template.layout();
        let vector = model.plain(layout, VectorKind::Model);
        let vector = vector.map_err(|error| CraftError::new("adding up updates", error))?;
        let mut masks = random::secret().map_err(|error| CraftError::new("drawing masks", error))?;
        let vectors = RoundVectors { model: &model, remainder: &remainder, halves: halves.clone() };
        let about = stated(&work.about);
        let proof = prove_round(&self.engine, &self.kinds.round, &vectors, &about, &triangles, &mut masks);
        let proof = proof.map_err(|error| CraftError::new("proving a round", error))?.encode();

        let names = [commitments(&[&model, &remainder])?].concat();
        let [named_model, named_rest] = names.as_slice() else {
            return Err(CraftError::new("naming a vector", "two are expected"));
        };
        let named = halves.iter().map(|rows| commitments(rows)).collect::<Result<Vec<_>, _>>()?;
        let named = named.iter().map(|rows| rows.iter().collect()).collect();
        let round = RoundCommitments { model: named_model, remainder: named_rest, halves: named };
        let registered =
            self.kinds.round.registered(&round).map_err(|error| CraftError::new("naming a round", error))?;
        let points = [&model, &remainder].into_iter().chain(halves.iter().flatten().copied());
        Ok(NewModel {
            package: Package { vector, salt }.encode(layout),
            points: points.flat_map(bytes).collect::<Vec<u8>>().into(),
            model: bytes(&old).into(),
            root_cumulative,
            matrix: gram.encode().into(),
            weights: registered.weights(),
            inputs: registered.inputs(),
            proof: proof.into(),
        })
    }

    fn integers(&self, kind: VectorKind, package: &[u8]) -> Result<Integers, CraftError> {
        let own = self.vector(kind, package)?;
        let made = own.pieces(PIECE, PIECES);
        let Pieces { width, per_chunk, cells, pieces, blinds } =
            made.map_err(|error| CraftError::new("cutting a vector into pieces", error))?;
        let posting = Posting {
            pieces: pieces.iter().map(keccak256).collect(),
            perChunk: per_chunk,
            cells,
            width,
            blinds: blinds.into_iter().map(Into::into).collect(),
        };
        let quotients = point::to_bytes(&own.quotients(&self.setup, point_of(&posting)));
        Ok(Integers { posting, pieces, points: bytes(&own), quotients })
    }

    fn score(&self, work: &Work) -> Result<Vec<u32>, CraftError> {
        let layout = self.template.layout();
        let old = self.plain(VectorKind::Model, &work.model)?;
        let update = |row: &Row| self.plain(VectorKind::Update, &row.update.package);
        let updates = work.rows.iter().map(update).collect::<Result<Vec<_>, _>>()?;
        let lengths: Vec<f64> = updates.iter().map(|own| (own.norm_squared(layout) as f64).sqrt()).collect();
        let factors = shortening(&lengths);
        let n = updates.len();
        // The loss of the mean of those chosen, each shortened; of nobody's the model stays.
        let utility = |chosen: &[bool]| -> Result<f64, CraftError> {
            let rows: Vec<(f64, &Plain)> = updates
                .iter()
                .zip(&factors)
                .zip(chosen)
                .filter(|(_, chosen)| **chosen)
                .map(|((own, factor), _)| (*factor, own))
                .collect();
            let model =
                mean(layout, &old, &rows).map_err(|error| CraftError::new("leaving out an update", error))?;
            Ok(-self.evaluated(&model)?.loss)
        };
        let gains = match self.scoring {
            Scoring::LeaveOneOut => leave_one_out(n, utility)?,
            Scoring::Shapley { orders, tolerance } => {
                let mut random = stream(self.seed_of(&work.about, "score"), 0);
                shapley(n, orders, tolerance, &mut random, utility)?
            }
        };
        let last = work.last.iter().map(|package| self.plain(VectorKind::Update, package));
        let last = last.collect::<Result<Vec<_>, CraftError>>()?;
        let vectors: Vec<&Plain> = updates.iter().collect();
        Ok(scores(&gains, &self.news(&work.rows, &vectors, &last)?))
    }
}

/// A model with the mean of updates, each times its factor, cells cut to their widths.
fn mean(layout: &VectorLayout, old: &Plain, rows: &[(f64, &Plain)]) -> Result<Plain, VectorError> {
    let tensors = layout.blocks().iter().zip(old.tensors()).enumerate().map(|(tensor, (block, old))| {
        let most = (1_i64 << (block.bits.max(1) - 1)) - 1;
        let cell = |(place, old): (usize, &i32)| {
            let cells = rows.iter().filter_map(|(factor, row)| {
                Some(factor * f64::from(*row.tensors().get(tensor)?.get(place)?))
            });
            let step = cells.sum::<f64>() / rows.len().max(1) as f64;
            // At most 24 bits.
            (i64::from(*old) + step.round() as i64).clamp(-most - 1, most) as i32
        };
        old.iter().enumerate().map(cell).collect()
    });
    Plain::new(layout, VectorKind::Model, tensors.collect())
}
