//! What samples show of a network's values: how large they get, and how finely inputs are given.

use crate::{
    network::{Network, ValueId},
    samples::Samples,
    tensor::Tensor,
};

/// What was seen of one cell, or of several.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Extent {
    /// The smallest value.
    pub low: f64,
    /// The largest value.
    pub high: f64,
    /// All values are multiples of `2^-fraction`; none if they are finer than any that is looked for.
    pub fraction: Option<i32>,
}

impl Default for Extent {
    /// Nothing seen yet.
    fn default() -> Self {
        Self { low: f64::INFINITY, high: f64::NEG_INFINITY, fraction: Some(0) }
    }
}

impl Extent {
    /// Fractions up to this many bits are looked for.
    const FINEST: i32 = 16;

    /// Everything that either has seen.
    pub fn with(&self, other: &Self) -> Self {
        Self {
            low: self.low.min(other.low),
            high: self.high.max(other.high),
            fraction: self.fraction.zip(other.fraction).map(|(a, b)| a.max(b)),
        }
    }

    /// One more value.
    fn see(&mut self, value: f64) {
        (self.low, self.high) = (self.low.min(value), self.high.max(value));
        // A multiple of a power of two is one of every smaller power.
        let exact = |bits: &i32| (value * 2f64.powi(*bits)).fract() == 0.0;
        self.fraction = self.fraction.and_then(|seen| (seen..=Self::FINEST).find(exact));
    }
}

/// What was seen of all values.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    magnitudes: Vec<f64>,
    inputs: Vec<Vec<Extent>>,
    outputs: Vec<Vec<f64>>,
    first_values: Vec<Vec<Option<Tensor>>>,
}

impl Observed {
    /// Outputs of at most so many samples are kept.
    pub const OUTPUTS: usize = 256;
    /// All values are kept of as many samples as have so many cells together: 32 MiB.
    const KEPT: usize = 1 << 22;

    /// Runs the network on the samples.
    pub fn new(network: &Network, samples: &Samples) -> Self {
        let mut magnitudes = vec![0f64; network.dims.len()];
        let mut inputs: Vec<Vec<Extent>> = network
            .inputs
            .iter()
            .map(|input| vec![Extent::default(); network.dims[input.value.0].iter().product()])
            .collect();
        let (mut outputs, mut first_values, mut room) = (Vec::new(), Vec::new(), Self::KEPT);
        for item in samples.items() {
            for (seen, cells) in inputs.iter_mut().zip(&item) {
                for (seen, &cell) in seen.iter_mut().zip(*cells) {
                    seen.see(cell);
                }
            }
            let values = network.run(&item);
            if outputs.len() < Self::OUTPUTS {
                outputs.extend(values[network.output.0].as_ref().map(|output| output.cells.clone()));
            }
            let mut cells = 0;
            for (largest, tensor) in magnitudes.iter_mut().zip(&values) {
                let Some(tensor) = tensor else { continue };
                *largest = tensor.cells.iter().fold(*largest, |largest, cell| largest.max(cell.abs()));
                cells += tensor.len();
            }
            room = room.saturating_sub(cells);
            if room > 0 {
                first_values.push(values);
            }
        }
        Self { magnitudes, inputs, outputs, first_values }
    }

    /// As if every value were at most 1: for lowering that is about weights alone.
    pub(crate) fn unit(network: &Network) -> Self {
        let cells = |value: ValueId| network.dims[value.0].iter().product();
        let extents = |cells: usize| vec![Extent { low: 0.0, high: 1.0, fraction: None }; cells];
        Self {
            magnitudes: vec![1.0; network.dims.len()],
            inputs: network.inputs.iter().map(|input| extents(cells(input.value))).collect(),
            outputs: Vec::new(),
            first_values: Vec::new(),
        }
    }

    /// The largest absolute value of a value's cells.
    pub fn magnitude(&self, value: ValueId) -> f64 {
        self.magnitudes[value.0]
    }

    /// The output's cells for each of the first samples.
    pub fn outputs(&self) -> &[Vec<f64>] {
        &self.outputs
    }

    /// All values of the first samples, as [`Network::run`] gives them.
    pub fn first_values(&self) -> &[Vec<Option<Tensor>>] {
        &self.first_values
    }

    /// What was seen of each cell of an input.
    pub fn input(&self, position: usize) -> &[Extent] {
        &self.inputs[position]
    }
}
