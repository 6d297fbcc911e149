//! Convolutions with constants, over one or two axes, grouped or not.

use crate::tensor::{Tensor, each, strides};
use averment_kernels::Windows;

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

    /// The result. Each sum is the bias, then the products channel by channel, tap by tap; those with padding are zero.
    pub fn eval(&self, input: &Tensor, dims: &[usize]) -> Tensor {
        let per_group = self.weight.dims[1];
        let features = dims[1] / self.groups;
        let summands: usize = self.weight.dims[1..].iter().product();
        let padded = Padded::new(input, &self.windows, &dims[2..]);
        let (inner, outer) = padded.strides.split_last().map_or((1, &[][..]), |(last, outer)| (*last, outer));
        let steps: Vec<usize> = self.windows.iter().map(|window| window.stride).collect();
        let dilations: Vec<usize> = self.windows.iter().map(|window| window.dilation).collect();
        let place = |at: &[usize], steps: &[usize], strides: &[usize]| -> usize {
            at.iter().zip(steps).zip(strides).map(|((at, step), stride)| at * step * stride).sum()
        };
        let mut offsets = Vec::with_capacity(summands);
        for channel in 0..per_group {
            each(&self.weight.dims[2..], |tap| {
                offsets.push(channel * padded.space + place(tap, &dilations, &padded.strides));
            });
        }
        let mut rows = Vec::new();
        each(&dims[2..2 + outer.len()], |at| rows.push(place(at, &steps, outer)));
        let length = dims[2..].last().copied().unwrap_or(1);
        let step = steps.last().map_or(1, |step| step * inner);

        let own = rows.len() * length;
        let mut cells = vec![0.0; dims.iter().product()];
        for item in 0..dims[0] {
            for group in 0..self.groups {
                let first = group * features;
                let sums = &mut cells[(item * dims[1] + first) * own..][..features * own];
                for (sums, bias) in sums.chunks_mut(own.max(1)).zip(self.bias.iter().skip(first)) {
                    sums.fill(*bias);
                }
                let channel = item * input.dims[1] + group * per_group;
                let windows = Windows {
                    cells: &padded.cells[channel * padded.space..],
                    offsets: &offsets,
                    rows: &rows,
                    length,
                    step,
                };
                windows.add_products(&self.weight.cells[first * summands..][..features * summands], sums);
            }
        }
        Tensor { dims: dims.to_vec(), cells }
    }
}

/// A tensor with the zeros around it that windows reach.
struct Padded {
    cells: Vec<f64>,
    /// How far apart neighbours along each axis but the first two are.
    strides: Vec<usize>,
    /// Cells of one channel.
    space: usize,
}

impl Padded {
    fn new(input: &Tensor, windows: &[Window], outputs: &[usize]) -> Self {
        let reach = |(window, outputs): (&Window, &usize)| {
            outputs.saturating_sub(1) * window.stride + window.taps.saturating_sub(1) * window.dilation + 1
        };
        let lengths: Vec<usize> = windows.iter().zip(outputs).map(reach).collect();
        let (strides, space) = (strides(&lengths), lengths.iter().product::<usize>());
        let from = &input.dims[2..];
        let (row, into) = (from.last().copied().unwrap_or(1), lengths.last().copied().unwrap_or(1));
        let begin = windows.last().map_or(0, |window| window.begin);
        let length = row.min(into.saturating_sub(begin));
        let mut cells = vec![0.0; input.dims[..2].iter().product::<usize>() * space];
        let from_space: usize = from.iter().product();
        let channels = input.cells.chunks(from_space.max(1)).zip(cells.chunks_mut(space.max(1)));
        for (channel, padded) in channels {
            let mut rows = channel.chunks(row.max(1));
            each(&from[..from.len().saturating_sub(1)], |at| {
                let Some(row) = rows.next() else { return };
                let mut to = begin;
                for (axis, &at) in at.iter().enumerate() {
                    let at = at + windows[axis].begin;
                    if at >= lengths[axis] {
                        return;
                    }
                    to += at * strides[axis];
                }
                padded[to..to + length].copy_from_slice(&row[..length]);
            });
        }
        Self { cells, strides, space }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_convolution_is_its_definition() {
        let numbers = |count: usize, by: usize| -> Vec<f64> {
            (0..count).map(|at| (at * by % 101) as f64 / 7.0 - 6.5).collect()
        };
        let window =
            |taps, stride, dilation, begin, end| Window { taps, stride, dilation, begin, end, ceil: false };
        let plain = window(3, 1, 1, 1, 1);
        for (windows, groups) in [
            (vec![plain, plain], 1),
            (vec![plain, plain], 2),
            (vec![window(3, 2, 1, 0, 1), window(2, 3, 2, 2, 0)], 4),
            (vec![window(1, 1, 1, 0, 0), window(5, 1, 1, 4, 4)], 1),
            // More padding than cells, and outputs that see nothing else.
            (vec![window(2, 1, 1, 12, 11), window(2, 5, 1, 13, 13)], 1),
            (vec![window(4, 1, 2, 3, 2)], 2),
        ] {
            let lengths = &[9, 11][..windows.len()];
            let input_dims = [&[2, 4], lengths].concat();
            let taps: Vec<usize> = windows.iter().map(|window| window.taps).collect();
            let weight_dims = [&[8, 4 / groups][..], &taps].concat();
            let tensor = |dims: &[usize], by| Tensor {
                dims: dims.to_vec(),
                cells: numbers(dims.iter().product(), by),
            };
            let (input, weight) = (tensor(&input_dims, 37), tensor(&weight_dims, 53));
            let conv = Conv { weight, bias: numbers(8, 11), windows, groups };
            let dims = conv.dims(&input_dims).unwrap();
            let found = conv.eval(&input, &dims);
            let mut found = found.cells.iter();
            each(&dims, |at| {
                let mut sum = conv.bias[at[1]];
                let mut weights = conv
                    .weight
                    .cells
                    .chunks(conv.weight.dims[1..].iter().product())
                    .nth(at[1])
                    .unwrap()
                    .iter();
                for channel in 0..4 / groups {
                    let channel = at[1] / (8 / groups) * (4 / groups) + channel;
                    each(&taps, |tap| {
                        let weight = weights.next().unwrap();
                        let mut place = at[0] * 4 + channel;
                        for (axis, window) in conv.windows.iter().enumerate() {
                            let Some(cell) = window.cell(at[axis + 2], tap[axis], lengths[axis]) else {
                                return;
                            };
                            place = place * lengths[axis] + cell;
                        }
                        sum += weight * input.cells[place];
                    });
                }
                assert_eq!(found.next(), Some(&sum), "{:?} at {at:?}", conv.windows);
            });
            assert_eq!(found.next(), None);
        }
    }
}
