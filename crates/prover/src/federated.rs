//! The proofs of a task of federated learning (docs/federated.md, F3): from vectors of integers to their commitments, to the proof
//! that an update is in range and its norm bounded, and to that of a round.

mod adoption;
mod answer;
mod opening;
mod vector;

pub use adoption::{RemainderWitness, prove_adoption, shifted};
pub use answer::{Pieces, PiecesError};
pub use opening::VectorOpeningError;
pub use vector::{Vector, triangle};

use crate::{
    Assignment, Commitment, Engine, ProveError, Random, Setup, SlotCells, certify::looked_up,
    registered::CommitError,
};
use ark_bn254::{Fr, G1Affine};
use averment_kernels::{Backend, weighted_sum};
use averment_plan::vector::{ROW_WEIGHT, WEIGHT_SUM};
use averment_primitives::Salt;
use averment_verifier::{
    RegisteredError,
    descriptor::{DeriveError, REMAINDER_BITS},
    federated::{About, FederatedError, RoundCommitments, RoundDescriptor, UpdateDescriptor},
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
    /// There is no descriptor of such vectors.
    #[error(transparent)]
    Descriptor(#[from] DeriveError),
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

/// The vectors of a round (F2).
#[derive(Debug, Clone)]
pub struct RoundVectors<'a> {
    /// The new model.
    pub model: &'a Vector,
    /// What division left over.
    pub remainder: &'a Vector,
    /// The rows of each half.
    pub halves: Vec<Vec<&'a Vector>>,
}

/// What the proof about a round is made from.
#[derive(Debug)]
pub struct RoundWitness {
    chunks: Vec<Commitment>,
    rows: Vec<Commitment>,
    parts: Vec<Vec<i64>>,
    slots: Vec<SlotCells>,
}

impl RoundWitness {
    /// Lays out a round.
    pub fn new(descriptor: &RoundDescriptor, round: &RoundVectors<'_>) -> Self {
        let both = [round.model, round.remainder];
        let cells: Vec<Vec<i64>> =
            both.iter().flat_map(|own| own.each_block()).map(<[i64]>::to_vec).collect();
        let (parts, slots) = looked_up(&descriptor.descriptor, &cells, &descriptor.limbs);
        let chunks = both.iter().flat_map(|own| own.chunks()).collect();
        let mut rows = Vec::new();
        for half in &round.halves {
            let missing = (1_usize << descriptor.half_bits).saturating_sub(half.len());
            let nothing = Commitment { cells: Vec::new(), blind: Fr::default(), point: G1Affine::identity() };
            rows.extend(half.iter().flat_map(|row| row.chunks()));
            rows.extend(vec![nothing; missing * round.model.points().len()]);
        }
        Self { chunks, rows, parts, slots }
    }

    /// What a prover takes.
    pub fn assignment(&self) -> Assignment<'_> {
        Assignment {
            weights: &self.chunks,
            tables: &[],
            table_outs: &[],
            inputs: &self.rows,
            input_cells: &self.parts,
            slots: &self.slots,
        }
    }
}

/// The model `old + floor(Σ weight·row / 2^16)`, committed to under `salt`, and the remainder, whose points and blinds are those
/// that the equation of [F2.2] gives.
///
/// Refuses weights beyond those of [F2.1], and rows or models of more than 32 bits a cell. That a model is in its widths
/// [`Vector::plain`] says.
pub fn aggregate(
    setup: &Setup,
    old: &Vector,
    rows: &[(u32, &Vector)],
    salt: Option<&Salt>,
) -> Result<(Vector, Vector), CommitError> {
    let mut sum = 0_u64;
    for (row, (weight, own)) in rows.iter().enumerate() {
        sum += u64::from(*weight);
        if *weight > ROW_WEIGHT || sum > WEIGHT_SUM.into() {
            return Err(CommitError::RowWeight { row, weight: *weight, sum });
        }
        if own.setup != old.setup || own.blocks != old.blocks {
            return Err(CommitError::Other { what: "blocks or a setup" });
        }
    }
    let rows: Vec<(u32, &Vector)> = rows.iter().filter(|(weight, _)| *weight > 0).copied().collect();
    let weights: Vec<u32> = rows.iter().map(|(weight, _)| *weight).collect();
    let cells: Option<Vec<Vec<i32>>> = rows.iter().map(|(_, own)| own.narrow()).collect();
    let cells = cells.ok_or(CommitError::Sum)?;
    let slices: Vec<&[i32]> = cells.iter().map(Vec::as_slice).collect();
    let (mut steps, mut rest) = weighted_sum(Backend::best(), &slices, &weights, u32::from(REMAINDER_BITS));
    steps.resize(old.cells.len(), 0);
    rest.resize(old.cells.len(), 0);
    let new = old.cells.iter().zip(&steps).map(|(old, step)| i32::try_from(old.saturating_add(*step)));
    let new = new.collect::<Result<Vec<i32>, _>>().map_err(|_| CommitError::Sum)?;
    let blocks = old.blocks.bases().iter().zip(old.blocks.sizes());
    let blocks = blocks.map(|(base, bits)| new[*base as usize..][..1 << bits].to_vec());
    let model = Vector::commit(setup, &old.blocks, blocks, salt)?;
    let unit = 1_i64 << REMAINDER_BITS;
    let mut parts: Vec<(i64, &Vector)> =
        rows.iter().map(|(weight, own)| (i64::from(*weight), *own)).collect();
    parts.extend([(unit, old), (-unit, &model)]);
    let (blinds, points) = Vector::openings(&parts);
    let cells = rest.into_iter().map(i64::from).collect();
    let remainder = Vector { setup: old.setup, blocks: old.blocks.clone(), cells, blinds, points };
    Ok((model, remainder))
}

/// Proves that the model and the remainder are in range, their padding zero, and that `triangles` are the inner products of each
/// half's rows ([F3.2]). Of triangles that are not comes a proof that does not verify.
pub fn prove_round(
    engine: &Engine,
    descriptor: &RoundDescriptor,
    round: &RoundVectors<'_>,
    about: &About,
    triangles: &[Vec<i64>],
    random: Random<'_>,
) -> Result<Proof, TaskError> {
    let (model, remainder) = (round.model.commitment()?, round.remainder.commitment()?);
    let rows = |half: &Vec<&Vector>| half.iter().map(|row| row.commitment()).collect::<Result<Vec<_>, _>>();
    let rows = round.halves.iter().map(rows).collect::<Result<Vec<_>, _>>()?;
    let halves = rows.iter().map(|half| half.iter().collect()).collect();
    let commitments = RoundCommitments { model: &model, remainder: &remainder, halves };
    let registered = descriptor.registered(&commitments)?;
    let statement = descriptor.statement(&registered, about, triangles);
    let witness = RoundWitness::new(descriptor, round);
    Ok(engine.prove(&descriptor.descriptor, &registered, &statement, &witness.assignment(), random)?)
}
