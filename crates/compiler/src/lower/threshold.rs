//! Outputs that say whether a score reaches a threshold: the last table becomes the indicator of what it was.

use super::{LowerError, Lowering, emit::Target};
use averment_plan::{Operator, Table, TableId, TensorId, Threshold};

impl Lowering<'_> {
    /// Whether a step's result can say what is said of the output. If that is not its values, no step may read them, and a
    /// maximum, which is a difference's positive part, needs a step after it.
    pub(super) fn may_say(&self, tensor: TensorId) -> bool {
        let position = tensor.index().checked_sub(self.draft.inputs.len());
        let own = position.and_then(|step| self.draft.steps.get(step));
        let sum = own.is_some_and(|step| matches!(step.operator, Operator::Affine { .. }));
        let read =
            || self.draft.steps.iter().any(|step| step.operator.tensors().any(|other| other == tensor));
        own.is_some() && (self.said.threshold().is_none() || (sum && !read()))
    }

    /// Whether the values of a step are only compared with a threshold. Then they may be as fine as one likes.
    pub(super) fn only_compared(&self, target: &Target<'_>) -> bool {
        self.said.threshold().is_some() && target.post == Some(self.last)
    }

    /// Gives the output's step the table that says 1 where its value is at least `threshold`.
    pub(super) fn say(&mut self, tensor: TensorId, threshold: f64) -> Result<Threshold, LowerError> {
        let missing = || super::unsupported("output", "it is no step's result");
        let position = tensor.index().checked_sub(self.draft.inputs.len()).ok_or_else(missing)?;
        let step = self.draft.steps.get(position).ok_or_else(missing)?.clone();
        let former = step.rescale.table;
        let score = self.draft.tables.get(former.index()).ok_or_else(missing)?.clone();
        let accumulator = self.bounds.accumulator(&step, &self.draft.weights, Some(&self.weights));
        let image = score.image(accumulator.range.rescaled(step.rescale.shift));
        // A product with a power of two is exact; what is beyond every score is refused, so the cast is.
        let least = (threshold * f64::from(step.exponent).exp2()).ceil();
        let (low, high) = (image.low as f64, image.high as f64);
        if least <= low || least > high {
            let unit = (-f64::from(step.exponent)).exp2();
            let (low, high) = (low * unit, high * unit);
            return Err(LowerError::Threshold { node: step.name, threshold, low, high });
        }
        let said = Threshold { score, exponent: step.exponent, least: least as i32 };
        let table = self.replaced(position, former, said.indicator()?);
        if let Some(step) = self.draft.steps.get_mut(position) {
            step.rescale.table = table;
            step.exponent = 0;
        }
        Ok(said)
    }

    /// The number of a table that a step has from now on, instead of one that goes if nobody else has it.
    fn replaced(&mut self, step: usize, former: TableId, table: Table) -> TableId {
        let others = self.draft.steps.iter().enumerate().filter(|(other, _)| *other != step);
        let mut tables = others.map(|(_, other)| other.rescale.table);
        if tables.any(|other| other == former) {
            return self.table_of(table);
        }
        if let Some(own) = self.draft.tables.get_mut(former.index()) {
            *own = table;
        }
        former
    }
}
