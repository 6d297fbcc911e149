//! Pools over windows, and sums along whole axes.

use super::Window;
use crate::tensor::{Tensor, each, strides};

/// Windows over the axes after the first two.
#[derive(Debug, Clone, PartialEq)]
pub struct Pool {
    /// One for each axis.
    pub windows: Vec<Window>,
    /// For means: whether padding counts as cells.
    pub count_padding: bool,
}

impl Pool {
    /// Lengths of the result's axes.
    pub fn dims(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        if input.len() != self.windows.len() + 2 {
            return Err(format!("windows over {} axes do not fit the shape {input:?}", self.windows.len()));
        }
        let mut dims = input[..2].to_vec();
        for (window, &length) in self.windows.iter().zip(&input[2..]) {
            dims.push(window.outputs(length)?);
        }
        Ok(dims)
    }

    /// The largest cell of each window; padding does not count.
    pub fn eval_max(&self, input: &Tensor, dims: &[usize]) -> Tensor {
        self.fold(input, dims, f64::NEG_INFINITY, f64::max, |sum, _| sum)
    }

    /// The mean of each window.
    pub fn eval_mean(&self, input: &Tensor, dims: &[usize]) -> Tensor {
        self.fold(input, dims, 0.0, |a, b| a + b, |sum, count| sum / count as f64)
    }

    fn fold(
        &self,
        input: &Tensor,
        dims: &[usize],
        start: f64,
        add: impl Fn(f64, f64) -> f64,
        finish: impl Fn(f64, usize) -> f64,
    ) -> Tensor {
        let steps = strides(&input.dims);
        let taps: Vec<usize> = self.windows.iter().map(|window| window.taps).collect();
        let mut offsets = Vec::new();
        each(&taps, |tap| {
            let along = |axis: usize| tap[axis] * self.windows[axis].dilation * steps[axis + 2];
            offsets.push((0..tap.len()).map(along).sum::<usize>());
        });
        let mut cells = Vec::with_capacity(dims.iter().product());
        each(dims, |at| {
            let base = at[0] * steps[0] + at[1] * steps[1];
            let mut inside = Some(base);
            for (axis, window) in self.windows.iter().enumerate() {
                let first = window.cell(at[axis + 2], 0, input.dims[axis + 2]);
                let last = window.cell(at[axis + 2], window.taps.saturating_sub(1), input.dims[axis + 2]);
                inside =
                    inside.zip(first.zip(last)).map(|(place, (first, _))| place + first * steps[axis + 2]);
            }
            if let Some(first) = inside {
                let sum = offsets.iter().fold(start, |sum, offset| add(sum, input.cells[first + offset]));
                cells.push(finish(sum, offsets.len()));
                return;
            }
            let (mut sum, mut count) = (start, 0);
            each(&taps, |tap| {
                let mut place = Some(base);
                let mut counted = true;
                for (axis, window) in self.windows.iter().enumerate() {
                    let length = input.dims[axis + 2];
                    let cell = window.cell(at[axis + 2], tap[axis], length);
                    place = place.zip(cell).map(|(place, cell)| place + cell * steps[axis + 2]);
                    // Cells beyond the padding (a window that is not filled) never count.
                    let beyond = at[axis + 2] * window.stride + tap[axis] * window.dilation;
                    counted &= beyond < window.begin + length + window.end;
                }
                if let Some(place) = place {
                    sum = add(sum, input.cells[place]);
                }
                count += usize::from(place.is_some() || (counted && self.count_padding));
            });
            cells.push(finish(sum, count));
        });
        Tensor { dims: dims.to_vec(), cells }
    }
}

/// Sum or mean along whole axes, which keep length 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reduce {
    /// The axes.
    pub axes: Vec<usize>,
    /// Whether the sum is divided by the number of cells.
    pub mean: bool,
}

impl Reduce {
    /// Lengths of the result's axes.
    pub fn dims(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        let mut dims = input.to_vec();
        for &axis in &self.axes {
            *dims.get_mut(axis).ok_or_else(|| format!("{input:?} has no axis {axis}"))? = 1;
        }
        Ok(dims)
    }

    /// How many cells go into one.
    pub fn count(&self, input: &[usize]) -> usize {
        self.axes.iter().map(|&axis| input[axis]).product()
    }

    /// The result.
    pub fn eval(&self, input: &Tensor, dims: &[usize]) -> Tensor {
        let into = strides(dims);
        let mut cells = vec![0.0; dims.iter().product()];
        let mut source = input.cells.iter();
        each(&input.dims, |at| {
            let place: usize = at
                .iter()
                .zip(&into)
                .zip(dims)
                .map(|((&at, &step), &dim)| if dim == 1 { 0 } else { at * step })
                .sum();
            cells[place] += source.next().copied().unwrap_or(0.0);
        });
        if self.mean {
            let count = self.count(&input.dims) as f64;
            cells.iter_mut().for_each(|cell| *cell /= count);
        }
        Tensor { dims: dims.to_vec(), cells }
    }
}
