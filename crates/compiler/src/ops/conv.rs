//! Convolutions with constants, over one or two axes, grouped or not.

use crate::tensor::{Tensor, each, strides};

/// How a window moves along one axis: output `a` and tap `b` meet the input's cell `stride * a + dilation * b - begin`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Number of taps.
    pub taps: usize,
    /// Cells of the input per output.
    pub stride: usize,
    /// Cells of the input per tap.
    pub dilation: usize,
    /// Padding before the first cell.
    pub begin: usize,
    /// Padding after the last.
    pub end: usize,
    /// Whether a last window that is not filled counts.
    pub ceil: bool,
}

impl Window {
    /// Outputs along an axis of this length.
    pub fn outputs(&self, length: usize) -> Result<usize, String> {
        let span = (self.taps.max(1) - 1) * self.dilation + 1;
        let room = (length + self.begin + self.end)
            .checked_sub(span)
            .ok_or_else(|| format!("a window of {span} does not fit {length} cells"))?;
        let mut outputs = if self.ceil { room.div_ceil(self.stride) } else { room / self.stride } + 1;
        // A window that begins beyond the input and its padding before does not count.
        if self.ceil && (outputs - 1) * self.stride >= length + self.begin {
            outputs -= 1;
        }
        Ok(outputs)
    }

    /// The input's cell for an output and a tap; none in the padding.
    pub fn cell(&self, output: usize, tap: usize, length: usize) -> Option<usize> {
        (output * self.stride + tap * self.dilation).checked_sub(self.begin).filter(|&cell| cell < length)
    }
}

/// A convolution: `[1, channels, …]` to `[1, features, …]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Conv {
    /// Features, channels of a group, then the taps of each axis.
    pub weight: Tensor,
    /// One for each feature, or none.
    pub bias: Vec<f64>,
    /// One for each axis.
    pub windows: Vec<Window>,
    /// Groups of channels and features.
    pub groups: usize,
}

impl Conv {
    /// Lengths of the result's axes.
    pub fn dims(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        let axes = self.windows.len();
        let weight = &self.weight.dims;
        if input.len() != axes + 2 || weight.len() != axes + 2 {
            return Err(format!("the shapes {input:?} and {weight:?} do not fit {axes} axes"));
        }
        if self.groups == 0 || !weight[0].is_multiple_of(self.groups) || weight[1] * self.groups != input[1] {
            return Err(format!(
                "{} channels and the weight {weight:?} do not make {} groups",
                input[1], self.groups
            ));
        }
        if !self.bias.is_empty() && self.bias.len() != weight[0] {
            return Err(format!("{} biases are expected, got {}", weight[0], self.bias.len()));
        }
        let mut dims = vec![input[0], weight[0]];
        for (axis, window) in self.windows.iter().enumerate() {
            if window.taps != weight[axis + 2] {
                return Err(format!("a kernel of {} taps has the weight {weight:?}", window.taps));
            }
            dims.push(window.outputs(input[axis + 2])?);
        }
        Ok(dims)
    }

    /// The result.
    pub fn eval(&self, input: &Tensor, dims: &[usize]) -> Tensor {
        let per_group = self.weight.dims[1];
        let features = dims[1] / self.groups;
        let space: usize = dims[2..].iter().product();
        let from_space: usize = input.dims[2..].iter().product();
        let from_strides = strides(&input.dims[2..]);
        let kernel = &self.weight.dims[2..];
        let kernel_cells: usize = kernel.iter().product();
        // For every tap, where each output cell reads.
        let mut places = Vec::with_capacity(kernel_cells);
        each(kernel, |taps| {
            let mut of_tap = Vec::with_capacity(space);
            each(&dims[2..], |at| {
                let mut place = Some(0);
                for (axis, window) in self.windows.iter().enumerate() {
                    let cell = window.cell(at[axis], taps[axis], input.dims[axis + 2]);
                    place = place.zip(cell).map(|(place, cell)| place + cell * from_strides[axis]);
                }
                of_tap.push(place.unwrap_or(usize::MAX));
            });
            places.push(of_tap);
        });
        let mut cells = vec![0.0; dims.iter().product()];
        for item in 0..dims[0] {
            for feature in 0..dims[1] {
                let start = (item * dims[1] + feature) * space;
                let sums = &mut cells[start..start + space];
                sums.fill(self.bias.get(feature).copied().unwrap_or(0.0));
                for channel in 0..per_group {
                    let from = item * input.dims[1] + feature / features * per_group + channel;
                    let source = &input.cells[from * from_space..(from + 1) * from_space];
                    let weights = &self.weight.cells[(feature * per_group + channel) * kernel_cells..];
                    for (weight, places) in weights.iter().zip(&places) {
                        for (sum, &place) in sums.iter_mut().zip(places) {
                            *sum += weight * source.get(place).copied().unwrap_or(0.0);
                        }
                    }
                }
            }
        }
        Tensor { dims: dims.to_vec(), cells }
    }
}
