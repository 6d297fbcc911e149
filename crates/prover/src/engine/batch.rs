//! The batch evaluation ([6]): all claims at one point.

use super::{Phase, progress::Report, sumcheck::send, witness::Run};
use crate::{ProveError, masks::Mask};
use averment_verifier::{coordinates, field::Fr, functional::Functional, transcript::Transcript};

/// The batch evaluation, done.
pub(super) struct Batch {
    pub rounds: Vec<Vec<Fr>>,
    /// The point.
    pub u: Vec<Fr>,
    /// The address space there.
    pub value: Fr,
}

impl Run<'_> {
    /// The batch evaluation.
    pub fn batch(
        &self,
        functionals: &[Functional],
        theta: Fr,
        mut mask: Option<Mask>,
        kappa: Option<Fr>,
        transcript: &mut Transcript,
        report: &Report<'_>,
    ) -> Result<Batch, ProveError> {
        let mut product = self.space.times(self.space.spread(functionals, theta), self.engine.threads);
        let (mut rounds, mut drawn) = (Vec::new(), Vec::new());
        for round in 0..self.descriptor.layout.address_bits() {
            let x = send(product.round(), &mut mask, kappa, round, &mut rounds, transcript);
            product.bind(x).ok_or(ProveError::Unlucky)?;
            drawn.push(x);
            report.at(Phase::Evaluation, 1.0 - (-(round as f64) - 1.0).exp2());
        }
        let u = coordinates(drawn, self.descriptor.layout.address_bits());
        Ok(Batch { rounds, u, value: product.value() })
    }
}
