//! Weights of a plan that are those of a task, shifted and rounded ([F3.5]).

use super::{TaskError, Vector};
use crate::{
    Assignment, Commitment, Engine, Random, Setup, SlotCells, certify::looked_up, registered::CommitError,
};
use averment_primitives::Salt;
use averment_verifier::{
    Registered,
    descriptor::Certificate,
    federated::{About, Adoption, Shift, TaskShape, adoption_statement},
    statement::Mode,
};

/// The vector `task` times `2^(up-down)`, rounded to the nearest, halves up, and committed to under `salt`.
pub fn shifted(
    setup: &Setup,
    task: &Vector,
    shift: Shift,
    salt: Option<&Salt>,
) -> Result<Vector, CommitError> {
    let half = 1_i64 << (shift.down() - 1);
    let cell = |cell: &i64| {
        let up = cell.checked_mul(1 << shift.up()).and_then(|up| up.checked_add(half));
        up.and_then(|up| i32::try_from(up >> shift.down()).ok()).ok_or(CommitError::Sum)
    };
    let cells = task.each_block().map(|cells| cells.iter().map(cell).collect());
    Vector::commit(setup, task.blocks(), cells.collect::<Result<Vec<_>, _>>()?, salt)
}

/// What the proof about a remainder is made from.
#[derive(Debug)]
pub struct RemainderWitness {
    chunks: Vec<Commitment>,
    parts: Vec<Vec<i64>>,
    slots: Vec<SlotCells>,
}

impl RemainderWitness {
    /// Lays out `remainder` for the descriptor of such.
    pub fn new(descriptor: &Certificate, remainder: &Vector) -> Self {
        let cells: Vec<Vec<i64>> = remainder.each_block().map(<[i64]>::to_vec).collect();
        let (parts, slots) = looked_up(&descriptor.descriptor, &cells, &descriptor.limbs);
        Self { chunks: remainder.chunks(), parts, slots }
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

/// Proves that `adopted` is `task` shifted and rounded. Of weights that are not comes an adoption that does not verify, or an error.
#[expect(clippy::too_many_arguments, reason = "each is of another kind")]
pub fn prove_adoption(
    engine: &Engine,
    shape: &TaskShape,
    task: &Vector,
    adopted: &Vector,
    shift: Shift,
    about: &About,
    mode: Mode,
    random: Random<'_>,
) -> Result<Adoption, TaskError> {
    let remainder = Vector::combine(&[(1 << shift.up(), task), (-(1 << shift.down()), adopted)])?;
    let own = shape.remainders(shift, mode)?;
    let registered = Registered::new(&own.descriptor, &remainder.commitment()?, &[], None)?;
    let names = [task.commitment()?.identity(), adopted.commitment()?.identity()];
    let statement = adoption_statement(&registered, about, names, shift, mode);
    let witness = RemainderWitness::new(&own, &remainder);
    let proof =
        engine.prove(&own.descriptor, &registered, &statement, &witness.assignment(), random)?.encode();
    Ok(Adoption { shift, mode, remainder: remainder.points().to_vec(), proof })
}
