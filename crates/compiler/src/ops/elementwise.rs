//! Functions of each cell, scaling by constants, sums.

use crate::{
    network::broadcast,
    tensor::{Tensor, each, strides},
};

/// A function of one real.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Function {
    /// The larger of the cell and 0.
    Relu,
    /// The cell, or so many times the cell if it is negative.
    LeakyRelu(f64),
    /// The cell, but not below the first and not above the second.
    Clip(f64, f64),
    /// `1 / (1 + e^-x)`
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
}

impl Function {
    /// The function's value.
    pub fn at(self, x: f64) -> f64 {
        match self {
            Self::Relu => x.max(0.0),
            Self::LeakyRelu(slope) if x < 0.0 => x * slope,
            Self::LeakyRelu(_) => x,
            Self::Clip(low, high) => x.max(low).min(high),
            Self::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            Self::Tanh => x.tanh(),
        }
    }

    /// Whether larger cells never give smaller values: then it commutes with maxima.
    pub fn is_monotone(self) -> bool {
        match self {
            Self::Relu | Self::Clip(..) | Self::Sigmoid | Self::Tanh => true,
            Self::LeakyRelu(slope) => slope >= 0.0,
        }
    }
}

/// `y = x * factor + offset`, the constants broadcast.
#[derive(Debug, Clone, PartialEq)]
pub struct Scale {
    /// What each cell is multiplied with.
    pub factor: Tensor,
    /// What is added.
    pub offset: Tensor,
}

impl Scale {
    /// Lengths of the result's axes: constants do not make the value larger.
    pub fn dims(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        let dims = broadcast(&[input, &self.factor.dims, &self.offset.dims])?;
        if dims.iter().product::<usize>() == input.iter().product::<usize>() {
            Ok(dims)
        } else {
            Err(format!("a constant of shape {:?} would repeat the value {input:?}", self.factor.dims))
        }
    }

    /// The result.
    pub fn eval(&self, input: &Tensor) -> Tensor {
        let dims = broadcast(&[&input.dims, &self.factor.dims, &self.offset.dims]).unwrap_or_default();
        let factor = spread(&self.factor, &dims);
        let offset = spread(&self.offset, &dims);
        let cells =
            input.cells.iter().zip(factor).zip(offset).map(|((x, factor), offset)| x * factor + offset);
        Tensor { cells: cells.collect(), dims }
    }
}

/// A tensor's cells for every cell of a shape that it broadcasts to.
pub fn spread(tensor: &Tensor, dims: &[usize]) -> Vec<f64> {
    if tensor.dims == dims {
        return tensor.cells.clone();
    }
    let missing = dims.len() - tensor.dims.len();
    let steps = strides(&tensor.dims);
    let mut cells = Vec::with_capacity(dims.iter().product());
    each(dims, |at| {
        let place: usize = at[missing..]
            .iter()
            .zip(&tensor.dims)
            .zip(&steps)
            .map(|((&at, &dim), &step)| if dim == 1 { 0 } else { at * step })
            .sum();
        cells.push(tensor.cells[place]);
    });
    cells
}

/// `Σ factors_i * inputs_i`, broadcast to `dims`.
pub fn sum(inputs: &[&Tensor], factors: &[f64], dims: &[usize]) -> Tensor {
    let mut cells = vec![0.0; dims.iter().product()];
    for (input, factor) in inputs.iter().zip(factors) {
        for (sum, cell) in cells.iter_mut().zip(spread(input, dims)) {
            *sum += factor * cell;
        }
    }
    Tensor { dims: dims.to_vec(), cells }
}
