//! The larger of two: `max(a, b) = a + relu(b - a)`.

use super::{Operator, Term, linear::accumulate_form};
use crate::{
    Function, PlanError, Shape, Step, Table,
    interpreter::{Cells, Space},
    view::check_form,
};

/// Checks both forms, and that the rescale is relu: no shift, and a table that clamps from 0 on.
pub(crate) fn check(
    position: usize,
    step: &Step,
    (first, second): (&[Term], &[Term]),
    table: &Table,
    shapes: &[Shape],
) -> Result<(), PlanError> {
    check_form(position, first, &step.shape, &[], shapes)?;
    check_form(position, second, &step.shape, &[], shapes)?;
    if step.rescale.shift != 0 || !matches!(table.function(), Function::Clamp { low: 0, .. }) {
        return Err(PlanError::MaximumRescale { step: position });
    }
    Ok(())
}

impl Operator {
    /// Adds the difference of the forms to the accumulators of all items.
    pub(crate) fn accumulate_difference(
        first: &[Term],
        second: &[Term],
        cells: &Cells<'_>,
        space: &Space<'_>,
        acc: &mut [i64],
    ) {
        accumulate_form(second, &[], 1, cells, space, acc);
        accumulate_form(first, &[], -1, cells, space, acc);
    }
}
