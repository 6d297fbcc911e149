//! A trainer that owns what it trains with: for services, which keep one as long as they run.

use crate::{
    Evaluation, Fit, FitError, Fitted, Graph, Parameters, Participant, Progress, Settings, TensorSchema,
    Trainer, data::Dataset,
};
use std::ops::ControlFlow;

/// A network, data and settings; does what a [`Trainer`] with these does.
#[derive(Debug, Clone)]
pub struct Learner {
    graph: Graph,
    training: Dataset,
    evaluation: Dataset,
    settings: Settings,
}

impl Learner {
    /// Who trains on `training` and judges by `evaluation`; refuses what [`Trainer::new`] refuses.
    pub fn new(
        graph: Graph,
        training: Dataset,
        evaluation: Dataset,
        settings: Settings,
    ) -> Result<Self, FitError> {
        Trainer::new(&graph, &training, &evaluation, settings)?;
        Ok(Self { graph, training, evaluation, settings })
    }

    fn trainer(&self) -> Result<Trainer<'_>, FitError> {
        Trainer::new(&self.graph, &self.training, &self.evaluation, self.settings)
    }
}

impl Participant for Learner {
    fn schema(&self) -> &[TensorSchema] {
        self.graph.schema()
    }

    fn fit(
        &self,
        fit: &Fit<'_>,
        watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Fitted, FitError> {
        self.trainer()?.fit(fit, watch)
    }

    fn evaluate(&self, model: &Parameters) -> Result<Evaluation, FitError> {
        self.trainer()?.evaluate(model)
    }
}
