//! Labelled examples in memory, from files that strangers may have written.

pub mod idx;
pub mod split;
pub mod table;

use thiserror::Error;

/// The most cells of one dataset.
pub const CELLS: usize = 1 << 28;

/// Examples, each with as many numbers, and its class.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    dims: Vec<usize>,
    inputs: Vec<f32>,
    labels: Vec<u32>,
    classes: usize,
}

/// Why numbers and classes make no dataset.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DataError {
    /// A shape without cells, or more cells than fit.
    #[error(
        "an example has at least one number, and all of them together at most {CELLS}; got the shape {dims:?} {examples} times"
    )]
    Shape {
        /// Of one example.
        dims: Vec<usize>,
        /// How many.
        examples: usize,
    },
    /// Another number of cells.
    #[error("expected {expected} numbers for {examples} examples, got {got}")]
    Cells {
        /// By the shape.
        expected: usize,
        /// By the labels.
        examples: usize,
        /// There.
        got: usize,
    },
    /// A class that is none.
    #[error("example {example} is of class {got}, classes are counted from 0 to below {classes}")]
    Label {
        /// Which, from 0.
        example: usize,
        /// Its class.
        got: u32,
        /// How many there are.
        classes: usize,
    },
    /// A number that is none.
    #[error("number {cell} of example {example} is not finite")]
    NotFinite {
        /// Which, from 0.
        example: usize,
        /// Which of its numbers.
        cell: usize,
    },
}

impl Dataset {
    /// Examples of a shape, one after the other, and their classes.
    pub fn new(
        dims: Vec<usize>,
        inputs: Vec<f32>,
        labels: Vec<u32>,
        classes: usize,
    ) -> Result<Self, DataError> {
        let features = dims.iter().try_fold(1usize, |cells, &dim| cells.checked_mul(dim));
        let expected =
            features.filter(|features| *features > 0).and_then(|features| features.checked_mul(labels.len()));
        let (Some(features), Some(expected)) = (features, expected.filter(|cells| *cells <= CELLS)) else {
            return Err(DataError::Shape { dims, examples: labels.len() });
        };
        if expected != inputs.len() {
            return Err(DataError::Cells { expected, examples: labels.len(), got: inputs.len() });
        }
        if let Some(example) = labels.iter().position(|&label| label as usize >= classes) {
            return Err(DataError::Label { example, got: labels[example], classes });
        }
        if let Some(cell) = inputs.iter().position(|input| !input.is_finite()) {
            return Err(DataError::NotFinite { example: cell / features, cell: cell % features });
        }
        Ok(Self { dims, inputs, labels, classes })
    }

    /// How many examples there are.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Lengths of one example's axes.
    pub fn dims(&self) -> &[usize] {
        &self.dims
    }

    /// Numbers of one example.
    pub fn features(&self) -> usize {
        self.dims.iter().product()
    }

    /// How many classes there are, whether or not each has examples.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// All examples' numbers, one after the other.
    pub fn inputs(&self) -> &[f32] {
        &self.inputs
    }

    /// All examples' classes.
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// Up to so many examples at a time.
    pub fn chunks(&self, examples: usize) -> impl Iterator<Item = (&[f32], &[u32])> {
        let examples = examples.max(1);
        self.inputs.chunks(examples * self.features()).zip(self.labels.chunks(examples))
    }

    /// The chosen examples; those that are not there are left out.
    pub fn pick(&self, chosen: &[usize], inputs: &mut Vec<f32>, labels: &mut Vec<u32>) {
        inputs.clear();
        labels.clear();
        let features = self.features();
        for &example in chosen {
            if let Some(label) = self.labels.get(example) {
                inputs.extend_from_slice(&self.inputs[example * features..][..features]);
                labels.push(*label);
            }
        }
    }

    /// The chosen examples as a dataset of their own.
    pub fn choose(&self, chosen: &[usize]) -> Self {
        let (mut inputs, mut labels) = (Vec::new(), Vec::new());
        self.pick(chosen, &mut inputs, &mut labels);
        Self { dims: self.dims.clone(), inputs, labels, classes: self.classes }
    }

    /// The same examples with other classes: `change` gets each example's number and class.
    pub fn relabelled(&self, mut change: impl FnMut(usize, u32) -> u32) -> Result<Self, DataError> {
        let labels = self.labels.iter().enumerate().map(|(example, &label)| change(example, label)).collect();
        Self::new(self.dims.clone(), self.inputs.clone(), labels, self.classes)
    }

    /// The same examples with other numbers: `change` gets each example's.
    pub fn changed(&self, mut change: impl FnMut(usize, &mut [f32])) -> Result<Self, DataError> {
        let mut inputs = self.inputs.clone();
        let features = self.features();
        inputs.chunks_exact_mut(features).enumerate().for_each(|(example, inputs)| change(example, inputs));
        Self::new(self.dims.clone(), inputs, self.labels.clone(), self.classes)
    }

    /// Mean and standard deviation of each of an example's numbers.
    pub fn statistics(&self) -> (Vec<f64>, Vec<f64>) {
        let (features, count) = (self.features(), self.len().max(1) as f64);
        let (mut means, mut squares) = (vec![0.0f64; features], vec![0.0f64; features]);
        for example in self.inputs.chunks_exact(features) {
            means.iter_mut().zip(example).for_each(|(sum, &x)| *sum += f64::from(x) / count);
        }
        for example in self.inputs.chunks_exact(features) {
            for ((sum, &x), mean) in squares.iter_mut().zip(example).zip(&means) {
                *sum += (f64::from(x) - mean).powi(2) / count;
            }
        }
        (means, squares.into_iter().map(f64::sqrt).collect())
    }

    /// Every number less the mean over `like`'s examples, over the standard deviation there; where that is 0, the number
    /// becomes 0.
    pub fn standardised(&self, like: &Self) -> Result<Self, DataError> {
        let (means, deviations) = like.statistics();
        self.changed(|_, example| {
            for ((x, mean), deviation) in example.iter_mut().zip(&means).zip(&deviations) {
                *x = if *deviation > 0.0 { ((f64::from(*x) - mean) / deviation) as f32 } else { 0.0 };
            }
        })
    }
}
