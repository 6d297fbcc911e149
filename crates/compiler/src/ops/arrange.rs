//! Cells in other places: transposed, sliced, padded, side by side.

use crate::tensor::{Tensor, each, strides};

/// Some of the cells: along each axis `count` of them, from `start` on, `step` apart (backwards if negative).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    /// Start, step and count of each axis.
    pub axes: Vec<(usize, i64, usize)>,
}

impl Slice {
    /// Lengths of the result's axes.
    pub fn dims(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        if self.axes.len() != input.len() {
            return Err(format!("a slice of {} axes does not fit {input:?}", self.axes.len()));
        }
        for (&(start, step, count), &dim) in self.axes.iter().zip(input) {
            let last = start as i64 + step * (count.max(1) as i64 - 1);
            if step == 0 || count == 0 || start >= dim || last < 0 || last >= dim as i64 {
                return Err(format!("{count} cells from {start}, {step} apart, are not in {dim} cells"));
            }
        }
        Ok(self.axes.iter().map(|&(_, _, count)| count).collect())
    }

    /// The result.
    pub fn eval(&self, input: &Tensor, dims: &[usize]) -> Tensor {
        let steps = strides(&input.dims);
        let mut cells = Vec::with_capacity(dims.iter().product());
        each(dims, |at| {
            let along = at.iter().zip(&self.axes).zip(&steps);
            let place: i64 = along
                .map(|((&at, &(start, step, _)), &stride)| (start as i64 + step * at as i64) * stride as i64)
                .sum();
            cells.push(input.cells[place as usize]);
        });
        Tensor { dims: dims.to_vec(), cells }
    }
}

/// Zeros around the cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pad {
    /// Zeros before and after, for each axis.
    pub axes: Vec<(usize, usize)>,
}

impl Pad {
    /// Lengths of the result's axes.
    pub fn dims(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        if self.axes.len() != input.len() {
            return Err(format!("pads of {} axes do not fit {input:?}", self.axes.len()));
        }
        Ok(input.iter().zip(&self.axes).map(|(dim, (begin, end))| dim + begin + end).collect())
    }

    /// The result.
    pub fn eval(&self, input: &Tensor, dims: &[usize]) -> Tensor {
        let into = strides(dims);
        let mut cells = vec![0.0; dims.iter().product()];
        let mut source = input.cells.iter();
        each(&input.dims, |at| {
            let along = at.iter().zip(&self.axes).zip(&into);
            let place: usize = along.map(|((at, (begin, _)), stride)| (at + begin) * stride).sum();
            cells[place] = source.next().copied().unwrap_or(0.0);
        });
        Tensor { dims: dims.to_vec(), cells }
    }
}

/// Values one after the other along an axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concat {
    /// The axis.
    pub axis: usize,
}

impl Concat {
    /// Lengths of the result's axes.
    pub fn dims(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        let mut dims = inputs.first().ok_or("nothing to put side by side")?.to_vec();
        if self.axis >= dims.len() {
            return Err(format!("{dims:?} has no axis {}", self.axis));
        }
        for input in &inputs[1..] {
            let same = input.len() == dims.len()
                && input.iter().zip(&dims).enumerate().all(|(axis, (a, b))| axis == self.axis || a == b);
            if !same {
                return Err(format!(
                    "the shapes {inputs:?} do not fit side by side along axis {}",
                    self.axis
                ));
            }
            dims[self.axis] += input[self.axis];
        }
        Ok(dims)
    }

    /// The result.
    pub fn eval(&self, inputs: &[&Tensor], dims: &[usize]) -> Tensor {
        let outer: usize = dims[..self.axis].iter().product();
        let mut cells = Vec::with_capacity(dims.iter().product());
        for row in 0..outer {
            for input in inputs {
                let run: usize = input.dims[self.axis..].iter().product();
                cells.extend_from_slice(&input.cells[row * run..(row + 1) * run]);
            }
        }
        Tensor { dims: dims.to_vec(), cells }
    }
}

/// Axes in another order: the result's axis i is the input's axis `order[i]`.
pub fn transpose(input: &Tensor, order: &[usize], dims: &[usize]) -> Tensor {
    let steps = strides(&input.dims);
    let along: Vec<usize> = order.iter().map(|&axis| steps[axis]).collect();
    let mut cells = Vec::with_capacity(input.len());
    each(dims, |at| {
        let place: usize = at.iter().zip(&along).map(|(at, step)| at * step).sum();
        cells.push(input.cells[place]);
    });
    Tensor { dims: dims.to_vec(), cells }
}
