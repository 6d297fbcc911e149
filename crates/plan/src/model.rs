//! A plan with its weights, for which every input in the declared range has an answer.

use crate::{Function, Input, ModelError, Operator, Plan, Range, TensorId, Weights, bounds::Bounds};

/// A plan with weights for which no index can leave its table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    plan: Plan,
    weights: Weights,
    bounds: Vec<StepBounds>,
}

/// How large a step's values can get, for any input in the declared range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepBounds {
    /// The accumulator.
    pub accumulator: Range,
    /// The table's index.
    pub index: Range,
    /// The result, and 0.
    pub result: Range,
}

impl Model {
    /// Puts a plan and its weights together, if the interval of every accumulator indexes its table.
    pub fn new(plan: Plan, weights: Weights) -> Result<Self, ModelError> {
        // They may have been made for another plan.
        weights.check(&plan)?;
        let mut bounds = Vec::with_capacity(plan.steps().len());
        let mut intervals = Bounds::new(plan.inputs().iter().map(Input::range));
        for (position, step) in plan.steps().iter().enumerate() {
            let Some(table) = plan.table(step.rescale.table) else { continue };
            let accumulator = intervals.accumulator(step, plan.weights(), Some(weights.tensors())).range;
            let index = accumulator.rescaled(step.rescale.shift);
            if !table.indices().contains(index) {
                return Err(ModelError::OutOfTable {
                    step: position,
                    name: step.name.clone(),
                    accumulator,
                    index,
                    bits: table.bits(),
                });
            }
            if let (Operator::Maximum { .. }, &Function::Clamp { high, .. }) =
                (&step.operator, table.function())
                && accumulator.high > high.into()
            {
                let name = step.name.clone();
                return Err(ModelError::ClippedMaximum {
                    step: position,
                    name,
                    difference: accumulator,
                    high,
                });
            }
            let result = intervals.push(step, table, accumulator);
            bounds.push(StepBounds { accumulator, index, result });
        }
        Ok(Self { plan, weights, bounds })
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The weights.
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// How large the values of each step can get, in order.
    pub fn bounds(&self) -> &[StepBounds] {
        &self.bounds
    }

    /// The interval of a tensor's values, 0 included.
    pub fn range(&self, tensor: TensorId) -> Option<Range> {
        let inputs = self.plan.inputs();
        match inputs.get(tensor.index()) {
            Some(input) => Some(input.range().with_zero()),
            None => self.bounds.get(tensor.index() - inputs.len()).map(|bounds| bounds.result),
        }
    }
}
