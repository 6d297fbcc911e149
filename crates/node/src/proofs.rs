//! Proofs of what this operator said: of answers that were challenged, and where a proof is asked for.
//!
//! A proof takes from some tens of milliseconds to minutes, so it is made on a thread of its own while the operator goes on.
//! Nothing of it is kept: after a stop it is made again, with other randomness.

use crate::machine::Asked;
use alloy_primitives::{B256, Bytes};
use averment_plan::RunError;
use averment_prover::{ProveError as EngineError, random::NoRandomness, registered::CommitError};
use averment_verifier::{RegisteredError, descriptor::DeriveError, statement::Statement};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    thread,
};
use thiserror::Error;
use tracing::{info, warn};

/// What is to be proved.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The request.
    pub asked: Asked,
    /// What the proof has to say, but for the setup, which is the prover's.
    pub statement: Statement,
    /// The descriptor that the offer has it verified with.
    pub descriptor: B256,
}

/// Points and proof, as the router takes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proved {
    /// The points that were there before it.
    pub points: Bytes,
    /// The proof.
    pub proof: Bytes,
}

/// Why nothing is proved.
#[derive(Debug, Error)]
pub enum ProofError {
    /// The inputs are not there, or the version is not served.
    #[error(transparent)]
    Answer(#[from] crate::answers::AnswerError),
    /// Nothing opens the commitment to the version's weights here.
    #[error(
        "version {version}: the weights' commitment and its salt are not here, so nothing is proved about it"
    )]
    Weights {
        /// The version.
        version: B256,
    },
    /// The offer names another plan, schema, weights or kind of proof than what is served.
    #[error("request {request}: the offer's {what} is {expected}, ours is {got}")]
    Other {
        /// The request.
        request: B256,
        /// What differs.
        what: &'static str,
        /// The offer's.
        expected: B256,
        /// Ours.
        got: B256,
    },
    /// The plan has no such statement.
    #[error("the descriptor: {0}")]
    Derive(#[from] DeriveError),
    /// The plan does not run.
    #[error("running the plan: {0}")]
    Run(#[from] RunError),
    /// Weights or inputs are not laid out.
    #[error("the commitments: {0}")]
    Commit(#[from] CommitError),
    /// They do not fit the descriptor.
    #[error(transparent)]
    Registered(#[from] RegisteredError),
    /// The setup is too small.
    #[error(transparent)]
    Setup(#[from] averment_prover::SetupError),
    /// There is no randomness.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// The engine refuses.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// What makes proofs.
pub trait Proofs: Send + Sync {
    /// Whether a proof can be made: all that could be missing is there.
    fn check(&self, wanted: &Wanted) -> Result<(), ProofError>;
    /// Makes it.
    fn prove(&self, wanted: &Wanted) -> Result<Proved, ProofError>;
}

/// Of what, and for which outputs.
type Key = (B256, Vec<i64>);

/// How far a proof is.
#[derive(Debug, Clone)]
enum Progress {
    UnderWay,
    Done(Proved),
    Failed,
}

/// Proofs that are being made, one after the other.
pub(crate) struct Workshop {
    proofs: Arc<dyn Proofs>,
    all: Arc<Mutex<HashMap<Key, Progress>>>,
}

impl Workshop {
    pub(crate) fn new(proofs: Arc<dyn Proofs>) -> Self {
        Self { proofs, all: Arc::default() }
    }

    pub(crate) fn check(&self, wanted: &Wanted) -> Result<(), ProofError> {
        self.proofs.check(wanted)
    }

    /// The proof, if it is done; begins it otherwise, unless another one is under way.
    pub(crate) fn take(&self, wanted: Wanted) -> Option<Proved> {
        let key = (wanted.asked.id, wanted.statement.public.clone());
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        match all.get(&key) {
            Some(Progress::Done(proved)) => return Some(proved.clone()),
            Some(Progress::UnderWay) => return None,
            // It is tried again, in the next turn of the operator.
            Some(Progress::Failed) => drop(all.remove(&key)),
            None => {
                if all.values().any(|one| matches!(one, Progress::UnderWay)) {
                    return None;
                }
                all.insert(key.clone(), Progress::UnderWay);
                let (proofs, all) = (self.proofs.clone(), self.all.clone());
                thread::spawn(move || {
                    let id = wanted.asked.id;
                    // Should it panic, the proof counts as failed.
                    let mut made = Made { key, all, progress: Progress::Failed };
                    match proofs.prove(&wanted) {
                        Ok(proved) => {
                            info!(%id, bytes = proved.proof.len(), "proved");
                            made.progress = Progress::Done(proved);
                        }
                        Err(why) => warn!(%id, %why, "not proved"),
                    }
                });
            }
        }
        None
    }

    /// Forgets what is about no request of these.
    pub(crate) fn keep(&self, open: impl Fn(&B256) -> bool) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(id, _), progress| matches!(progress, Progress::UnderWay) || open(id));
    }
}

/// Says how a proof ended, however its thread ends.
struct Made {
    key: Key,
    all: Arc<Mutex<HashMap<Key, Progress>>>,
    progress: Progress,
}

impl Drop for Made {
    fn drop(&mut self) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(self.key.clone(), self.progress.clone());
    }
}
