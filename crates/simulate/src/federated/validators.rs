//! Validators: who have data of their own, see every update in clear, and say what each is worth.

use super::{ExperimentError, Problem, ranges::Ranges};
use averment_federated::{
    pay::median_score,
    score::{REMEMBERED, news, products, scores, shortening},
};
use averment_trainers::{Graph, Parameters, Settings, TensorSchema, Trainer, data::Dataset};
use std::collections::VecDeque;

/// All validators of a task.
pub struct Validators<'a> {
    graph: &'a Graph,
    training: Settings,
    parts: Vec<Dataset>,
    /// Everybody's updates of the last rounds, the last one first.
    seen: VecDeque<Vec<Vec<f64>>>,
}

impl<'a> Validators<'a> {
    /// So many, among whom the held out examples are dealt out in turn; nobody learns from these.
    pub fn new(graph: &'a Graph, problem: &Problem, training: Settings, count: usize) -> Self {
        let data = &problem.evaluation;
        let part = |validator: usize| {
            let examples: Vec<usize> = (validator..data.len()).step_by(count).collect();
            data.choose(&examples)
        };
        Self { graph, training, parts: (0..count).map(part).collect(), seen: VecDeque::new() }
    }

    /// The median of what they say of each update to a model; `past` has what each sender sent before, together.
    pub fn scores(
        &mut self,
        ranges: &Ranges,
        model: &[i64],
        updates: &[Vec<i32>],
        past: &[Option<&[i64]>],
    ) -> Result<Vec<Option<u32>>, ExperimentError> {
        if self.parts.is_empty() {
            return Ok(vec![None; updates.len()]);
        }
        let schema = self.graph.schema();
        let sent: Vec<Vec<f64>> = updates.iter().map(|update| ranges.fine(update)).collect();
        let length = |update: &Vec<f64>| update.iter().map(|cell| cell * cell).sum::<f64>().sqrt();
        let lengths: Vec<f64> = sent.iter().map(length).collect();
        let factors = shortening(&lengths);
        let mut sum = vec![0.0; model.len()];
        for (update, factor) in updates.iter().zip(&factors) {
            add(&mut sum, *factor, update);
        }
        let all = mean_of(ranges, schema, model, &sum, updates.len())?;
        let mut without = Vec::new();
        for (update, factor) in updates.iter().zip(&factors) {
            let mut sum = sum.clone();
            add(&mut sum, -factor, update);
            without.push(mean_of(ranges, schema, model, &sum, updates.len() - 1)?);
        }
        let past: Vec<Vec<f64>> = past.iter().flatten().map(|past| ranges.fine(past)).collect();
        let rows: Vec<&[f64]> =
            sent.iter().chain(&past).chain(self.seen.iter().flatten()).map(Vec::as_slice).collect();
        let new = news(&products(&rows), updates.len(), model.len());
        self.seen.push_front(sent);
        self.seen.truncate(REMEMBERED);
        let mut said = vec![Vec::new(); updates.len()];
        for part in &self.parts {
            let trainer = Trainer::new(self.graph, part, part, self.training)?;
            let loss = trainer.evaluate_on(&all, part)?.loss;
            let mut gains = Vec::new();
            for model in &without {
                gains.push(trainer.evaluate_on(model, part)?.loss - loss);
            }
            said.iter_mut().zip(scores(&gains, &new)).for_each(|(said, score)| said.push(score));
        }
        Ok(said.iter().map(|scores| median_score(scores)).collect())
    }
}

fn add(sum: &mut [f64], factor: f64, update: &[i32]) {
    sum.iter_mut().zip(update).for_each(|(sum, cell)| *sum += factor * f64::from(*cell));
}

/// A model with the mean of so many updates.
fn mean_of(
    ranges: &Ranges,
    schema: &[TensorSchema],
    model: &[i64],
    sum: &[f64],
    count: usize,
) -> Result<Parameters, ExperimentError> {
    let share = 1.0 / count.max(1) as f64;
    let cells: Vec<i64> =
        model.iter().zip(sum).map(|(cell, sum)| cell + (share * sum).round() as i64).collect();
    ranges.parameters(&cells, schema)
}
