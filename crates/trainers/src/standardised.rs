//! Training of a network that reads numbers as they are measured, as if they were standardised.

use crate::{
    Evaluation, Fit, FitError, Fitted, GraphError, Parameters, Participant, Progress, TensorSchema,
    data::Dataset,
};
use std::ops::ControlFlow;

/// A network whose first layer reads measurements of different sizes hardly learns by steps of one length. What is inside trains the
/// same network on numbers less their means, over their deviations, which is the same function of other parameters of the first layer;
/// outside of it, parameters are those of the numbers as they are. Participants may standardise by data of their own: it only says how
/// they step.
#[derive(Debug, Clone)]
pub struct Standardised<P> {
    inner: P,
    means: Vec<f64>,
    deviations: Vec<f64>,
}

impl<P: Participant> Standardised<P> {
    /// `inner` has its data standardised by those of `like`. Refuses networks that do not begin with a matrix over all of these numbers,
    /// and a bias.
    pub fn new(inner: P, like: &Dataset) -> Result<Self, FitError> {
        let (means, deviations) = like.statistics();
        let fits = match inner.schema() {
            [weight, bias, ..] => {
                matches!(weight.dims[..], [from, to] if from == means.len() && bias.dims == [to])
            }
            _ => false,
        };
        if !fits {
            let node = inner.schema().first().map(|tensor| tensor.name.clone()).unwrap_or_default();
            let what = format!("a matrix over {} numbers and a bias are standardised", means.len());
            return Err(FitError::Graph(GraphError::Node { node, what }));
        }
        // What never changes becomes 0 either way.
        let deviations = deviations.into_iter().map(|own| if own > 0.0 { own } else { 1.0 }).collect();
        Ok(Self { inner, means, deviations })
    }

    /// Parameters for standardised numbers from those for the numbers as they are, or back.
    fn moved(&self, parameters: &Parameters, inside: bool) -> Result<Parameters, FitError> {
        let mut cells = parameters.cells().to_vec();
        if let [weight, bias, ..] = cells.as_mut_slice() {
            let mut sums: Vec<f64> = bias.iter().map(|own| f64::from(*own)).collect();
            let rows = weight.chunks_exact_mut(bias.len().max(1));
            for (row, (mean, deviation)) in rows.zip(self.means.iter().zip(&self.deviations)) {
                for (cell, sum) in row.iter_mut().zip(&mut sums) {
                    // W (x - m) / s + c = (W / s) x + (c - W m / s).
                    let own = f64::from(*cell);
                    let (other, raw) =
                        if inside { (own * deviation, own) } else { (own / deviation, own / deviation) };
                    *sum += if inside { raw * mean } else { -raw * mean };
                    *cell = other as f32;
                }
            }
            bias.iter_mut().zip(sums).for_each(|(own, sum)| *own = sum as f32);
        }
        Ok(Parameters::new(parameters.schema(), cells)?)
    }
}

impl<P: Participant> Participant for Standardised<P> {
    fn schema(&self) -> &[TensorSchema] {
        self.inner.schema()
    }

    fn fit(
        &self,
        fit: &Fit<'_>,
        watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Fitted, FitError> {
        let model = self.moved(fit.model, true)?;
        let fitted = self.inner.fit(&Fit { model: &model, ..*fit }, watch)?;
        Ok(Fitted { model: self.moved(&fitted.model, false)?, ..fitted })
    }

    fn evaluate(&self, model: &Parameters) -> Result<Evaluation, FitError> {
        self.inner.evaluate(&self.moved(model, true)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Graph, Learner, Settings, Trainer, models};

    /// Two measurements, one in thousands and one in thousandths, of which the class is whether their parts of the mean add up to more.
    fn measured() -> Dataset {
        let cells = (0..200_u32).flat_map(|at| {
            let [one, other] = [at * 7_919 % 200, at * 104_729 % 200].map(|own| own as f32 / 200.0);
            [1_000.0 + 500.0 * one, 0.003 + 0.002 * other]
        });
        let cells: Vec<f32> = cells.collect();
        let labels = cells
            .chunks_exact(2)
            .map(|own| u32::from((own[0] - 1_000.0) / 500.0 + (own[1] - 0.003) / 0.002 > 1.0));
        let labels = labels.collect();
        Dataset::new(vec![2], cells, labels, 2).unwrap()
    }

    #[test]
    fn it_is_the_same_function_and_it_learns() {
        let data = measured();
        let graph = Graph::new(models::logistic(2, 2)).unwrap();
        let settings = Settings { rate: 0.5, epochs: 20, ..Settings::default() };
        let inside = data.standardised(&data).unwrap();
        let inner = Learner::new(graph.clone(), inside.clone(), inside, settings).unwrap();
        let own = Standardised::new(inner, &data).unwrap();
        let start = graph.parameters().unwrap();
        let fit = Fit { model: &start, memory: None, seed: [1; 32] };
        let fitted = own.fit(&fit, &mut |_| ControlFlow::Continue(())).unwrap();
        let raw = Trainer::new(&graph, &data, &data, settings).unwrap();
        let [found, same] = [own.evaluate(&fitted.model), raw.evaluate(&fitted.model)].map(Result::unwrap);
        assert!(found.accuracy() > 0.9, "{found:?}");
        assert!(
            found.correct.abs_diff(same.correct) <= 1 && (found.loss - same.loss).abs() < 1e-2,
            "{found:?} {same:?}"
        );
        // Without, steps of this length lead nowhere.
        let plain = raw.fit(&fit, &mut |_| ControlFlow::Continue(()));
        let plain = plain.and_then(|plain| raw.evaluate(&plain.model));
        assert!(plain.map_or(true, |plain| plain.accuracy() < found.accuracy()));
        let other = Dataset::new(vec![3], vec![0.0; 3], vec![0], 2).unwrap();
        let learner = Learner::new(graph, data.clone(), data, settings).unwrap();
        assert!(matches!(Standardised::new(learner, &other), Err(FitError::Graph(GraphError::Node { .. }))));
    }
}
