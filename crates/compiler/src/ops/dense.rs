//! Matrix products with constants.

use crate::tensor::Tensor;

/// `y[…, n] = Σ_k x[…, k] * weight[k, n] + bias[n]`
#[derive(Debug, Clone, PartialEq)]
pub struct Dense {
    /// Two axes: what comes in, what comes out.
    pub weight: Tensor,
    /// One for each that comes out, or none.
    pub bias: Vec<f64>,
}

impl Dense {
    /// Lengths of the result's axes.
    pub fn dims(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        let [from, to] = self.weight.dims[..] else {
            return Err(format!("a matrix is expected, got the shape {:?}", self.weight.dims));
        };
        if !self.bias.is_empty() && self.bias.len() != to {
            return Err(format!("{to} biases are expected, got {}", self.bias.len()));
        }
        match input.split_last() {
            Some((&last, rest)) if last == from => Ok([rest, &[to]].concat()),
            _ => Err(format!("the last axis of {input:?} should have length {from}")),
        }
    }

    /// The result.
    pub fn eval(&self, input: &Tensor, dims: &[usize]) -> Tensor {
        let (from, to) = (self.weight.dims[0], self.weight.dims[1]);
        let mut cells = Vec::with_capacity(dims.iter().product());
        for row in input.cells.chunks(from.max(1)) {
            let start = cells.len();
            cells.resize(start + to, 0.0);
            let sums = &mut cells[start..];
            if !self.bias.is_empty() {
                sums.copy_from_slice(&self.bias);
            }
            for (x, weights) in row.iter().zip(self.weight.cells.chunks(to)) {
                if *x != 0.0 {
                    sums.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += x * weight);
                }
            }
        }
        Tensor { dims: dims.to_vec(), cells }
    }
}
