//! Samples run through a model, several together: where the cells lie that a window reads is found once for all of them, and
//! the memory of one group serves the next.

use averment_plan::{Model, RunError, Trace};
use std::ops::ControlFlow;

/// So many samples together at most, a power of two.
const TOGETHER: usize = 8;
/// Padded cells of all tensors of the samples that run together, if these are more than one: 12 bytes each.
const CELLS: u64 = 1 << 22;

/// What a model makes of a sample.
pub(crate) struct Run<'a> {
    model: &'a Model,
    trace: &'a Trace,
    item: usize,
    /// Input cells that were outside of their declared range, and are the nearest inside.
    pub clamped: usize,
}

impl<'a> Run<'a> {
    /// The table's indices of a step, in padded layout.
    pub fn hi(&self, step: usize) -> &'a [i32] {
        self.part(step, &self.trace.steps[step].hi)
    }

    /// The results of a step, in padded layout.
    pub fn out(&self, step: usize) -> &'a [i32] {
        self.part(step, &self.trace.steps[step].out)
    }

    fn part(&self, step: usize, all: &'a [i32]) -> &'a [i32] {
        let cells = self.model.plan().steps()[step].shape.padded_cells();
        &all[self.item * cells..(self.item + 1) * cells]
    }
}

/// Calls with each sample's run, in order, until it is told to stop. Cells are clamped to the inputs' ranges, so every
/// sample has an answer unless the model is too large for any run. `trace` is memory: what was in it does not matter.
pub(crate) fn each_run<'s>(
    trace: &mut Trace,
    model: &Model,
    samples: impl IntoIterator<Item = Vec<&'s [f64]>>,
    mut visit: impl FnMut(Run<'_>) -> ControlFlow<()>,
) -> Result<(), RunError> {
    let plan = model.plan();
    let cells: u64 = plan.shapes().iter().map(|shape| shape.padded_cells() as u64).sum();
    let together = 1 << (CELLS / cells.max(1)).clamp(1, TOGETHER as u64).ilog2();
    let mut samples = samples.into_iter();
    let mut inputs = vec![Vec::new(); plan.inputs().len()];
    let mut clamped = Vec::with_capacity(together);
    loop {
        inputs.iter_mut().for_each(Vec::clear);
        clamped.clear();
        for sample in samples.by_ref().take(together) {
            let mut outside = 0;
            for ((input, cells), all) in plan.inputs().iter().zip(&sample).zip(&mut inputs) {
                let (cells, beyond) = input.quantise(cells);
                all.extend(cells);
                outside += beyond;
            }
            clamped.push(outside);
        }
        if clamped.is_empty() {
            return Ok(());
        }
        let slices: Vec<&[i32]> = inputs.iter().map(Vec::as_slice).collect();
        model.run_into(trace, &slices, clamped.len())?;
        for (item, &clamped) in clamped.iter().enumerate() {
            if visit(Run { model, trace, item, clamped }).is_break() {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Options, compile, import, measure, samples::Samples, tensor::Tensor};

    #[test]
    fn samples_run_together_as_alone() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/mnist/model.onnx");
        let network = import(&std::fs::read(file).unwrap()).unwrap();
        // A group, and a part of one; some cells beyond the range that calibration saw.
        let count = TOGETHER + 3;
        let pixels = |scale: usize| (0..count * 784).map(|at| (at * at % 251 * scale) as f64).collect();
        let images = |scale| Tensor { dims: vec![count, 1, 28, 28], cells: pixels(scale) };
        let samples = |scale| Samples::new(&network, vec![images(scale)]).unwrap();
        let compiled = compile(&network, &samples(1), &Options::default()).unwrap();
        let again = measure(&compiled.network, &compiled.model, &compiled.values, &samples(1), None);
        assert_eq!(compiled.report, again, "with the values that calibration kept, and without");
        let model = compiled.model;
        let wider = samples(2);
        let (mut alone, mut seen, mut clamped) = (wider.items(), 0, 0);
        let trace = &mut Trace::default();
        each_run(trace, &model, wider.items(), |run| {
            let (cells, outside) = model.plan().inputs()[0].quantise(alone.next().unwrap()[0]);
            assert_eq!(run.clamped, outside);
            for (step, trace) in model.run(&[&cells], 1).unwrap().steps.iter().enumerate() {
                assert_eq!((run.hi(step), run.out(step)), (trace.hi.as_slice(), trace.out.as_slice()));
            }
            (seen, clamped) = (seen + 1, clamped + outside);
            ControlFlow::Continue(())
        })
        .unwrap();
        assert_eq!(seen, count);
        assert!(clamped > 0);
        seen = 0;
        let stop = |_: Run<'_>| {
            seen += 1;
            ControlFlow::Break(())
        };
        each_run(trace, &model, wider.items(), stop).unwrap();
        assert_eq!(seen, 1);
    }
}
