//! The inputs of one proof, with what opens them.

use super::InputOpening;
use crate::model;
use averment_plan::{Model, RunError, Trace};
use averment_verifier::{
    commitment::{CommitmentError, InputCommitment, Inputs},
    descriptor::Options,
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

    /// Runs `model` on them as proofs with these options are about them: see [`model::run`].
    pub fn run(&self, model: &Model, options: &Options) -> Result<Trace, RunError> {
        let mut tensors = vec![Vec::new(); model.plan().inputs().len()];
        for opening in &self.openings {
            tensors.iter_mut().zip(opening.tensors()).for_each(|(all, own)| all.extend(own));
        }
        model::run(model, &tensors, self.named.items() as usize, options)
    }
}
