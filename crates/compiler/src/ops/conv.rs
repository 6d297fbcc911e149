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
    ///
    /// Rows along the last axis are added to rows: the float run of a large network is most of what compiling takes.
    pub fn eval(&self, input: &Tensor, dims: &[usize]) -> Tensor {
        let per_group = self.weight.dims[1];
        let features = dims[1] / self.groups;
        let space: usize = dims[2..].iter().product();
        let from_space: usize = input.dims[2..].iter().product();
        let kernel = &self.weight.dims[2..];
        let kernel_cells: usize = kernel.iter().product();
        let rows = self.rows(&input.dims, dims);
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
                    for row in &rows {
                        let (weight, source) = (weights[row.tap], &source[row.from..]);
                        let sums = &mut sums[row.to..row.to + row.length];
                        if row.stride == 1 {
                            sums.iter_mut().zip(source).for_each(|(sum, cell)| *sum += weight * cell);
                        } else {
                            let source = source.iter().step_by(row.stride);
                            sums.iter_mut().zip(source).for_each(|(sum, cell)| *sum += weight * cell);
                        }
                    }
                }
            }
        }
        Tensor { dims: dims.to_vec(), cells }
    }

    /// For every tap, in order, and every row of the output that it reaches: from where to where.
    fn rows(&self, from: &[usize], to: &[usize]) -> Vec<Row> {
        let Some((last, before)) = self.windows.split_last() else { return Vec::new() };
        let (from, to) = (&from[2..], &to[2..]);
        let (from_length, to_length) = (from[before.len()], to[before.len()]);
        let from_strides = strides(from);
        let mut rows = Vec::new();
        let mut tap = 0;
        each(&self.weight.dims[2..], |taps| {
            let last_tap = taps[before.len()];
            let reached = |&at: &usize| last.cell(at, last_tap, from_length).is_some();
            // What is inside lies together.
            let first = (0..to_length).find(reached);
            let length = (0..to_length).filter(reached).count();
            let mut row = 0;
            each(&to[..before.len()], |at| {
                let mut place = first.and_then(|first| last.cell(first, last_tap, from_length));
                for (axis, window) in before.iter().enumerate() {
                    let cell = window.cell(at[axis], taps[axis], from[axis]);
                    place = place.zip(cell).map(|(place, cell)| place + cell * from_strides[axis]);
                }
                if let (Some(from), Some(first)) = (place, first) {
                    rows.push(Row { tap, from, to: row * to_length + first, length, stride: last.stride });
                }
                row += 1;
            });
            tap += 1;
        });
        rows
    }
}

/// Cells along the last axis that one tap adds to as many sums.
struct Row {
    tap: usize,
    from: usize,
    to: usize,
    length: usize,
    stride: usize,
}
