//! Reals to integers and back, as a task has them ([F1.2], [F2.1]): a scale and a width for each tensor.

use super::ExperimentError;
use averment_federated::{
    aggregate::aggregate,
    gram::{Gram, Limits, MAX_SQUARE, Shape},
    rules::Weights,
};
use averment_trainers::{Parameters, TensorSchema};

/// Fractional bits of weights; biases have those of the input, too.
const WEIGHT_SCALE: u32 = 14;
const INPUT_SCALE: u32 = 4;
/// Bits of an update's cell, the sign among them.
const UPDATE_BITS: u32 = 20;

/// What cells of a task mean.
#[derive(Debug, Clone)]
pub struct Ranges {
    /// For each cell of the vector its scale.
    scales: Vec<u32>,
    /// The finest scale.
    finest: u32,
    /// B: the largest norm of an update, in units of the finest scale.
    bound: u64,
}

impl Ranges {
    /// For tensors of this schema; updates at most so long, as reals.
    pub fn new(schema: &[TensorSchema], bound: f64) -> Self {
        let scale =
            |tensor: &TensorSchema| WEIGHT_SCALE + if tensor.dims.len() > 1 { 0 } else { INPUT_SCALE };
        let scales: Vec<u32> = schema.iter().flat_map(|tensor| vec![scale(tensor); tensor.cells()]).collect();
        let finest = scales.iter().copied().max().unwrap_or(WEIGHT_SCALE);
        let bound = (bound * f64::from(1u32 << finest)).min((MAX_SQUARE.isqrt() / 4) as f64) as u64;
        Self { scales, finest, bound: bound.max(1) }
    }

    /// B, as a real.
    pub fn bound(&self) -> f64 {
        self.bound as f64 / f64::from(1u32 << self.finest)
    }

    /// A model's integers.
    pub fn model(&self, parameters: &Parameters) -> Vec<i64> {
        let cells = parameters.cells().iter().flatten();
        cells
            .zip(&self.scales)
            .map(|(cell, scale)| (f64::from(*cell) * f64::from(1u32 << scale)).round() as i64)
            .collect()
    }

    /// The reals of a model's integers.
    pub fn parameters(&self, model: &[i64], schema: &[TensorSchema]) -> Result<Parameters, ExperimentError> {
        let mut cells = model
            .iter()
            .zip(&self.scales)
            .map(|(cell, scale)| (*cell as f64 / f64::from(1u32 << scale)) as f32);
        let tensors = schema.iter().map(|tensor| cells.by_ref().take(tensor.cells()).collect()).collect();
        Ok(Parameters::new(schema, tensors)?)
    }

    /// An update's integers, none if a number is none. What does not fit its width is cut off; with `bounded`, what is longer
    /// than B is shortened: nobody can prove more.
    pub fn update(&self, update: &[f32], bounded: bool) -> Option<Vec<i32>> {
        if update.iter().any(|cell| !cell.is_finite()) {
            return None;
        }
        let norm = update.iter().map(|&cell| f64::from(cell).powi(2)).sum::<f64>().sqrt();
        // A little below, so that rounding does not lead beyond.
        let factor = if bounded && norm > 0.999 * self.bound() { 0.999 * self.bound() / norm } else { 1.0 };
        let most = f64::from((1u32 << (UPDATE_BITS - 1)) - 1);
        let cells = update.iter().zip(&self.scales);
        let integers = cells.map(|(&cell, scale)| {
            let cell = (f64::from(cell) * factor * f64::from(1u32 << scale)).round();
            cell.clamp(-most, most) as i32
        });
        let mut integers: Vec<i32> = integers.collect();
        // Rounding alone may make a vector of many small cells too long.
        while bounded && self.product(&integers, &integers) > self.square() {
            integers.iter_mut().for_each(|cell| *cell -= cell.signum());
        }
        Some(integers)
    }

    /// Integers as the reals that they mean.
    pub fn reals<T: Copy + Into<i64>>(&self, integers: &[T]) -> Vec<f64> {
        let cells = integers.iter().zip(&self.scales);
        cells.map(|(&cell, scale)| cell.into() as f64 / f64::from(1u32 << scale)).collect()
    }

    /// The integers nearest to reals.
    pub fn rounded(&self, reals: &[f64]) -> Vec<i32> {
        let cells = reals.iter().zip(&self.scales);
        cells.map(|(&cell, scale)| (cell * f64::from(1u32 << scale)).round() as i32).collect()
    }

    /// The least distance that there is between vectors, as a real.
    pub fn unit(&self) -> f64 {
        1.0 / f64::from(1u32 << self.finest)
    }

    fn square(&self) -> i64 {
        i64::try_from(self.bound * self.bound).unwrap_or(i64::MAX)
    }

    /// `Σ 4^e x y`
    fn product<T: Copy + Into<i64>>(&self, a: &[T], b: &[T]) -> i64 {
        let mut sum = 0i128;
        for ((a, b), scale) in a.chunks(256).zip(b.chunks(256)).zip(self.scales.chunks(256)) {
            let cells = a.iter().zip(b).zip(scale);
            // Cells of a cumulative update are below 2^34.
            sum += cells
                .map(|((&a, &b), scale)| {
                    (i128::from(a.into()) * i128::from(b.into())) << (2 * (self.finest - scale))
                })
                .sum::<i128>();
        }
        i64::try_from(sum).unwrap_or(i64::MAX)
    }

    /// Integers in units of the finest scale.
    pub fn fine<T: Copy + Into<i64>>(&self, row: &[T]) -> Vec<f64> {
        let unit = |(&cell, scale): (&T, &u32)| cell.into() as f64 * f64::from(1u32 << (self.finest - scale));
        row.iter().zip(&self.scales).map(unit).collect()
    }

    /// The matrix of the rows: updates, the previous aggregate, perhaps a root; and of the cumulative updates, if they are looked
    /// at. `rounds` bounds their length.
    pub fn gram(
        &self,
        updates: &[Vec<i32>],
        previous: &[i32],
        root: Option<&[i32]>,
        history: Option<&[Vec<i64>]>,
        rounds: usize,
        bounded: bool,
    ) -> Result<Gram, ExperimentError> {
        let mut rows: Vec<&[i32]> = updates.iter().map(Vec::as_slice).collect();
        rows.push(previous);
        rows.extend(root);
        let mut entries = Vec::new();
        for (i, row) in rows.iter().enumerate() {
            entries.extend(rows.iter().skip(i).map(|other| self.product(row, other)));
        }
        for (i, row) in history.iter().flat_map(|rows| rows.iter().enumerate()) {
            entries.extend(
                history.iter().flat_map(|rows| rows.iter().skip(i)).map(|other| self.product(row, other)),
            );
        }
        let shape = Shape {
            updates: updates.len(),
            previous: true,
            root: root.is_some(),
            history: history.is_some(),
        };
        let square = self.square() as u64;
        let most = (rounds as u64).saturating_mul(rounds as u64).saturating_mul(square).min(MAX_SQUARE);
        let limits = match bounded {
            true => Limits { update: square, history: most },
            false => Limits { update: MAX_SQUARE, history: MAX_SQUARE },
        };
        Ok(Gram::new(shape, limits, &entries)?)
    }

    /// What the weights make of the rows of half A.
    pub fn aggregate(
        &self,
        weights: &Weights,
        updates: &[Vec<i32>],
        previous: &[i32],
        root: Option<&[i32]>,
    ) -> Result<Vec<i32>, ExperimentError> {
        let mut rows: Vec<&[i32]> = updates.iter().map(Vec::as_slice).collect();
        rows.push(previous);
        rows.extend(root);
        let (sum, _) = aggregate(weights, &rows)?;
        // Weights add up to at most 2^22, cells are below 2^19.
        Ok(sum.into_iter().map(|cell| cell.clamp(i32::MIN.into(), i32::MAX.into()) as i32).collect())
    }
}
