//! What a member computes: updates, checks, sums, proofs and scores. The services know nothing of the mathematics but this;
//! [`TaskCraft`] is the mathematics.

pub mod contribution;
mod task;

pub use task::{Learning, Origin, Scoring, TaskCraft, TaskCraftError, rule_of};

use alloy_primitives::{Address, B256, Bytes};
use averment_ledger::federated::{Posted, Posting, TaskId, Terms};
use averment_plan::vector::VectorKind;
use std::error::Error;
use thiserror::Error;

/// What everything in a round is about.
#[derive(Debug, Clone)]
pub struct About {
    /// The task.
    pub id: TaskId,
    /// Its terms.
    pub terms: Terms,
    /// The round.
    pub round: u16,
    /// Who makes or made it.
    pub party: Address,
}

/// An update, with all that its maker needs of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Update {
    /// The bytes of `averment-vector/1`: the integers and the salt; or of `averment-vector-opening/1`, if it was read from the chain.
    pub package: Vec<u8>,
    /// Its points, 64 bytes each.
    pub points: Vec<u8>,
    /// The proof about it.
    pub proof: Vec<u8>,
}

/// Integers are private.
impl std::fmt::Debug for Update {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Update").field("package", &self.package.len()).finish_non_exhaustive()
    }
}

/// What is wrong with a delivered update.
#[derive(Debug, Error)]
pub enum UpdateFault {
    /// The package is not that of the points that were revealed, or not in its format.
    #[error("the package is not what was revealed: {0}")]
    Package(String),
    /// The proof proves nothing about the points.
    #[error("the proof does not hold: {0}")]
    Proof(String),
    /// It could not be checked here.
    #[error(transparent)]
    Craft(#[from] CraftError),
}

/// A delivered update that was found good.
#[derive(Debug, Clone)]
pub struct Row {
    /// Whose.
    pub account: Address,
    /// Package, points and proof.
    pub update: Update,
    /// The packages of its updates before, oldest first: for who aggregates those that add up to its cumulative one, if the task has
    /// such; for a validator all that it saw.
    pub before: Vec<Vec<u8>>,
    /// In place of these what opens their sum, for who aggregates and was not brought them.
    pub sum: Option<Vec<u8>>,
}

/// What a round is aggregated from, or scored by.
#[derive(Debug, Clone)]
pub struct Work {
    /// The round; the party is the aggregator.
    pub about: About,
    /// The package of the present model, and of the one before if there is one.
    pub model: Vec<u8>,
    /// The package of the model before that one.
    pub older: Option<Vec<u8>>,
    /// The updates that stand, ascending by account.
    pub rows: Vec<Row>,
    /// The root's update, if the rule has one.
    pub root: Option<Row>,
    /// For a validator: the packages of all updates of the last rounds that it saw, of whomever.
    pub last: Vec<Vec<u8>>,
}

/// A new model with all that the chain takes.
#[derive(Clone, PartialEq, Eq)]
pub struct NewModel {
    /// Its package.
    pub package: Vec<u8>,
    /// Points of the new model, of the remainder, of every row: as the contract takes them.
    pub points: Bytes,
    /// The points of the present model.
    pub model: Bytes,
    /// The root's cumulative points; empty without.
    pub root_cumulative: Bytes,
    /// The triangles, 8 bytes an entry.
    pub matrix: Bytes,
    /// What the statement names as weights.
    pub weights: B256,
    /// What it names as inputs.
    pub inputs: B256,
    /// The proof.
    pub proof: Bytes,
}

impl std::fmt::Debug for NewModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewModel").field("package", &self.package.len()).finish_non_exhaustive()
    }
}

/// A vector's integers, as the chain is given them.
#[derive(Clone, PartialEq, Eq)]
pub struct Integers {
    /// What is said of them first.
    pub posting: Posting,
    /// Then they themselves.
    pub pieces: Vec<Vec<u8>>,
    /// Their commitment's points.
    pub points: Vec<u8>,
    /// What opens each chunk where the posting says.
    pub quotients: Vec<u8>,
}

/// Private, until they are posted.
impl std::fmt::Debug for Integers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Integers").field("pieces", &self.pieces.len()).finish_non_exhaustive()
    }
}

/// Why something was not computed. Trying again may help.
#[derive(Debug, Error)]
#[error("{what}: {source}")]
pub struct CraftError {
    /// What was to be done.
    pub what: &'static str,
    /// Why not.
    pub source: Box<dyn Error + Send + Sync>,
}

impl CraftError {
    /// That `what` failed for this reason.
    pub fn new(what: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { what, source: source.into() }
    }
}

/// The mathematics of a task. Everything may take long and is called from threads of its own, or before anything depends on it.
pub trait Craft: Send + Sync + 'static {
    /// The bytes of the commitment before its points, whose hash the task has.
    fn prefix(&self) -> Vec<u8>;

    /// The points of a model's package, 64 bytes each.
    fn model_points(&self, package: &[u8]) -> Result<Vec<u8>, CraftError>;

    /// Refuses an initial model that an honest round could take out of its widths ([F2.3]); says why.
    fn check_room(&self, terms: &Terms, initial: &[u8]) -> Result<(), String>;

    /// Trains from a model on, and proves the update.
    fn train(&self, about: &About, model: &[u8]) -> Result<Update, CraftError>;

    /// Holds a delivered update against the points that were revealed.
    fn check_update(&self, about: &About, update: &Update) -> Result<(), UpdateFault>;

    /// What opens the sum of updates, of their packages.
    fn sum(&self, packages: &[Vec<u8>]) -> Result<Vec<u8>, CraftError>;

    /// What opens integers that were posted on the chain, or what is left of them without those of a package.
    fn gathered(&self, posted: &Posted, without: Option<&[u8]>) -> Result<Vec<u8>, CraftError>;

    /// Holds what opens a sum, or something that was posted, against its points.
    fn check_opening(&self, opening: &[u8], points: &[u8]) -> Result<(), UpdateFault>;

    /// Adds up, and proves the round.
    fn aggregate(&self, work: &Work) -> Result<NewModel, CraftError>;

    /// The integers of a package, for who answers with them on the chain.
    fn integers(&self, kind: VectorKind, package: &[u8]) -> Result<Integers, CraftError>;

    /// How good each row's update is, 0 to 2^16, on data of one's own.
    fn score(&self, work: &Work) -> Result<Vec<u32>, CraftError>;
}
