//! The proofs of a task of federated learning (docs/federated.md, F3): from vectors of integers to their commitments, and to the
//! proof that an update is in range and its norm bounded.

mod vector;

pub use vector::Vector;

use crate::{
    Assignment, Commitment, Engine, ProveError, Random, SlotCells, certify::looked_up,
    registered::CommitError,
};
use averment_verifier::{
    RegisteredError,
    federated::{About, FederatedError, UpdateDescriptor},
    proof::Proof,
};
use thiserror::Error;

/// Why nothing of a task was proved.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum TaskError {
    /// The vector was not committed to.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The commitment does not fit the descriptor.
    #[error(transparent)]
    Registered(#[from] RegisteredError),
    /// There is no such statement.
    #[error(transparent)]
    Statement(#[from] FederatedError),
    /// The update is longer than its bound says.
    #[error("the update's squared norm is {got}, above the bound {bound}")]
    Norm {
        /// Its square.
        got: i128,
        /// The bound's.
        bound: i64,
    },
    /// No proof: a cell out of range, or a challenge without proof.
    #[error(transparent)]
    Prove(#[from] ProveError),
}

/// What the proof about an update is made from.
#[derive(Debug)]
pub struct UpdateWitness {
    chunks: Vec<Commitment>,
    parts: Vec<Vec<i64>>,
    slots: Vec<SlotCells>,
}

impl UpdateWitness {
    /// Lays out `update`; `slack` is what its squared norm lacks of the bound.
    pub fn new(descriptor: &UpdateDescriptor, update: &Vector, slack: i64) -> Self {
        let cells: Vec<Vec<i64>> = update.each_block().map(<[i64]>::to_vec).collect();
        let (parts, mut slots) = looked_up(&descriptor.descriptor, &cells, &descriptor.limbs);
        for limb in &descriptor.slack {
            if let Some(ins) = slots.get_mut(usize::from(limb.slot)).and_then(|slot| slot.ins.as_mut()) {
                ins[limb.row as usize] = slack >> limb.shift & ((1 << limb.bits) - 1);
            }
        }
        Self { chunks: update.chunks(), parts, slots }
    }

    /// What a prover takes.
    pub fn assignment(&self) -> Assignment<'_> {
        Assignment {
            weights: &self.chunks,
            tables: &[],
            table_outs: &[],
            inputs: &[],
            input_cells: &self.parts,
            slots: &self.slots,
        }
    }
}

/// Proves that `update` has the task's shape, every cell in range and all padding zero, and that `Σ_b 4^e_b Σ u·u`, its squared
/// norm, is at most `bound` ([F3.1]). Of padding that is not zero comes a proof that does not verify.
pub fn prove_update(
    engine: &Engine,
    descriptor: &UpdateDescriptor,
    update: &Vector,
    about: &About,
    bound: i64,
    random: Random<'_>,
) -> Result<Proof, TaskError> {
    let registered = descriptor.registered(&update.commitment()?)?;
    let statement = descriptor.statement(&registered, about, bound)?;
    let got = update.product(update, &descriptor.exponents);
    let slack = i128::from(bound).checked_sub(got).and_then(|slack| i64::try_from(slack).ok());
    let slack = slack.filter(|slack| *slack >= 0).ok_or(TaskError::Norm { got, bound })?;
    let witness = UpdateWitness::new(descriptor, update, slack);
    Ok(engine.prove(&descriptor.descriptor, &registered, &statement, &witness.assignment(), random)?)
}
