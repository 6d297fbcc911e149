//! The inputs of one proof, with what opens them.

use super::InputOpening;
use averment_plan::{Model, RunError, Trace};
use averment_verifier::{
    commitment::{CommitmentError, InputCommitment, Inputs},
    descriptor::{Commitments, Options},
};

/// Commitments to the inputs of one proof, together or each by itself, and their openings in the same order. Whoever has it
/// knows the inputs.
#[derive(Debug)]
pub struct OpenedInputs {
    named: Inputs,
    openings: Vec<InputOpening>,
}

impl OpenedInputs {
    /// One commitment to one or more items together, or one to each item, in order.
    pub fn new(commitments: Vec<(InputCommitment, InputOpening)>) -> Result<Self, CommitmentError> {
        let (commitments, openings) = commitments.into_iter().unzip();
        Ok(Self { named: Inputs::new(commitments)?, openings })
    }

    /// The commitments, as a statement names them.
    pub fn named(&self) -> &Inputs {
        &self.named
    }

    /// Each commitment with what opens it.
    pub fn each(&self) -> impl Iterator<Item = (&InputCommitment, &InputOpening)> + Clone {
        self.named.commitments().iter().zip(&self.openings)
    }

    /// Runs `model` on them as proofs with these options are about them: see [`run`].
    pub fn run(&self, model: &Model, options: &Options) -> Result<Trace, RunError> {
        let mut tensors = vec![Vec::new(); model.plan().inputs().len()];
        for opening in &self.openings {
            tensors.iter_mut().zip(opening.tensors()).for_each(|(all, own)| all.extend(own));
        }
        run(model, &tensors, self.named.items() as usize, options)
    }
}

/// Runs `model` on `items` items, as proofs with these options are about them: with separate commitments the last item is
/// run again for each that the batch of `2^batch_bits` lacks, so that nobody has to commit to an item that does not exist.
/// `tensors` are the plan's inputs, real cells row-major, one item after the other.
pub fn run(model: &Model, tensors: &[Vec<i32>], items: usize, options: &Options) -> Result<Trace, RunError> {
    let more = match options.commitments {
        Commitments::Joint => 0,
        Commitments::Each => (1_usize << options.batch_bits).saturating_sub(items),
    };
    let filled = tensors.iter().map(|cells| {
        let last = cells.len().saturating_sub(cells.len() / items.max(1));
        [cells.as_slice(), &cells[last..].repeat(more)].concat()
    });
    let filled: Vec<Vec<i32>> = filled.collect();
    let filled: Vec<&[i32]> = filled.iter().map(Vec::as_slice).collect();
    model.run(&filled, items + more)
}
