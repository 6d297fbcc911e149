//! What is proved in a task of federated learning (docs/federated.md, F3): that an update is in range and its norm bounded; that
//! the model that a round makes is in range, and what the inner products of the round's rows are. What a statement says of it, and
//! whether a proof proves that.

mod adoption;

pub use crate::descriptor::{RoundDescriptor, ShapeError, TaskShape, UpdateDescriptor};
pub use adoption::{
    Adoption, AdoptionError, FILE_BYTES as ADOPTION_BYTES, Shift, statement as adoption_statement,
};

use crate::{
    Key, Registered, RegisteredError, VerifyError,
    commitment::WeightsCommitment,
    proof::{Proof, ProofError},
    statement::{Mode, Statement},
};
use alloy_primitives::{Address, B256};
use thiserror::Error;

/// Bounds are below `2^BOUND_BITS`.
pub const BOUND_BITS: u8 = 62;

/// What a proof of a task is about, beside what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// EIP-155 id of the task's chain.
    pub chain_id: u64,
    /// The task's contract: the consumer.
    pub task: Address,
    /// The round: the request.
    pub round: B256,
    /// Whose proof it is, the participant or the aggregator: the beneficiary.
    pub party: Address,
    /// The version that the task began with.
    pub version: B256,
    /// Digest of the task's plan.
    pub plan: B256,
    /// The task's terms.
    pub terms: B256,
}

/// Why a proof of a task does not hold.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum FederatedError {
    /// A bound that no norm has.
    #[error("a bound on a squared norm is 0 to 2^{BOUND_BITS} - 1, got {got}")]
    Bound {
        /// The bound.
        got: i64,
    },
    /// The commitment is for other blocks, another K or setup.
    #[error(transparent)]
    Registered(#[from] RegisteredError),
    /// The proof's bytes are no proof for this task.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The proof does not prove it.
    #[error(transparent)]
    Refused(#[from] VerifyError),
}

impl About {
    /// A statement about this and commitments.
    fn statement(&self, registered: &Registered, mode: Mode) -> Statement {
        Statement {
            chain_id: self.chain_id,
            contract: self.task,
            request: self.round,
            beneficiary: self.party,
            version: self.version,
            plan: self.plan,
            terms: self.terms,
            mode,
            ..registered.statement()
        }
    }
}

impl UpdateDescriptor {
    /// Whether its proofs hide the update.
    pub fn mode(&self) -> Mode {
        if self.descriptor.layout.masks.is_some() { Mode::ZeroKnowledge } else { Mode::Transparent }
    }

    /// The commitment to an update, held against the descriptor.
    pub fn registered(&self, update: &WeightsCommitment) -> Result<Registered, RegisteredError> {
        Registered::new(&self.descriptor, update, &[], None)
    }

    /// What a proof about an update states; `bound` is B², which no `Σ_b 4^e_b Σ u·u` exceeds, below `2^62` ([F3.1]).
    pub fn statement(
        &self,
        registered: &Registered,
        about: &About,
        bound: i64,
    ) -> Result<Statement, FederatedError> {
        if !(0..1 << BOUND_BITS).contains(&bound) {
            return Err(FederatedError::Bound { got: bound });
        }
        Ok(Statement { public: vec![bound], ..about.statement(registered, self.mode()) })
    }

    /// Checks a proof. `Ok` means: what `update` commits to has the task's shape, every cell in its range, all padding zero, and
    /// its squared norm is at most `bound`.
    pub fn verify(
        &self,
        key: &Key,
        update: &WeightsCommitment,
        about: &About,
        bound: i64,
        proof: &[u8],
    ) -> Result<(), FederatedError> {
        let registered = self.registered(update)?;
        let statement = self.statement(&registered, about, bound)?;
        let proof = Proof::decode(proof, &self.descriptor, self.mode())?;
        Ok(crate::verify(&self.descriptor, key, &registered, &statement, &proof)?)
    }
}

/// What a round's proof is about: the commitments to what it makes, and to its rows.
#[derive(Debug, Clone)]
pub struct RoundCommitments<'a> {
    /// To the new model.
    pub model: &'a WeightsCommitment,
    /// To the remainder ([F2.1]).
    pub remainder: &'a WeightsCommitment,
    /// To the rows of each half ([F2.4]).
    pub halves: Vec<Vec<&'a WeightsCommitment>>,
}

impl RoundDescriptor {
    /// Whether its proofs hide the vectors.
    pub fn mode(&self) -> Mode {
        if self.descriptor.layout.masks.is_some() { Mode::ZeroKnowledge } else { Mode::Transparent }
    }

    /// The commitments, held against the descriptor.
    pub fn registered(&self, round: &RoundCommitments<'_>) -> Result<Registered, RegisteredError> {
        Registered::round(&self.descriptor, round.model, round.remainder, &round.halves)
    }

    /// What a proof about a round states: `triangles` are the inner products of each half's rows, the upper triangle row by row
    /// ([F2.5]).
    pub fn statement(&self, registered: &Registered, about: &About, triangles: &[Vec<i64>]) -> Statement {
        let rows = registered.rows().iter().copied().map(i64::from);
        let public = rows.chain(triangles.iter().flatten().copied()).collect();
        Statement { public, ..about.statement(registered, self.mode()) }
    }

    /// Checks a proof. `Ok` means: the model's cells and the remainder's are in range, all padding zero, and the inner products are
    /// those of the rows, if their cells are as bounded as the proofs of updates say.
    pub fn verify(
        &self,
        key: &Key,
        round: &RoundCommitments<'_>,
        about: &About,
        triangles: &[Vec<i64>],
        proof: &[u8],
    ) -> Result<(), FederatedError> {
        let registered = self.registered(round)?;
        let statement = self.statement(&registered, about, triangles);
        let proof = Proof::decode(proof, &self.descriptor, self.mode())?;
        Ok(crate::verify(&self.descriptor, key, &registered, &statement, &proof)?)
    }
}
