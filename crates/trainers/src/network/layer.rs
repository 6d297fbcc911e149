//! One operator, forwards and backwards. Operators that only move cells, or add them up with constant factors, are written down
//! as lists of places once; where the compiler can run them, it is asked where the cells go, so that there is one meaning.

use super::kernels::{add_scaled, dot};
use averment_compiler::{
    network::Op,
    ops::{Conv, Function, Pool, Window},
    tensor::{Tensor, each, strides},
};

/// Where there is no cell: in the padding.
const NOWHERE: u32 = u32::MAX;

/// An operator at work on f32.
#[derive(Debug, Clone)]
pub enum Layer {
    /// A matrix product along the last axis: what comes in, what comes out.
    Dense { from: usize, to: usize },
    /// A convolution.
    Conv(Windows),
    /// Cells from elsewhere, operand by operand.
    Gather(Vec<Source>),
    /// Sums of cells with constant factors, plus constants, operand by operand.
    Linear { operands: Vec<Rows>, offsets: Vec<f32> },
    /// The largest of some cells.
    Largest(Rows),
    /// A function of each cell.
    Map(Function),
}

/// For each cell of the result its place in one operand, or nowhere.
pub type Source = Vec<u32>;

/// For each cell of the result some cells of the operand, each with a factor.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// Where each cell's begin; one more at the end.
    starts: Vec<u32>,
    places: Vec<u32>,
    factors: Vec<f32>,
}

/// How a convolution reads its operand.
#[derive(Debug, Clone)]
pub struct Windows {
    /// Features of a group.
    features: usize,
    /// Summands of one cell of the result.
    summands: usize,
    /// Cells of one feature.
    positions: usize,
    /// For each group, each summand and each position the operand's cell, or nowhere.
    places: Vec<u32>,
}

impl Layer {
    /// The operator for operands and a result of these shapes.
    pub fn new(op: &Op, inputs: &[&[usize]], dims: &[usize]) -> Result<Self, String> {
        let expected = op.dims(inputs)?;
        if expected != dims {
            return Err(format!("the result has the shape {expected:?}, not {dims:?}"));
        }
        let one = inputs.first().copied().unwrap_or_default();
        Ok(match op {
            Op::Dense(dense) => Self::Dense { from: dense.weight.dims[0], to: dense.weight.dims[1] },
            Op::Conv(conv) => Self::Conv(Windows::new(conv, one, dims)?),
            Op::Scale(scale) => {
                // Cells stay in their order: constants do not make a value larger.
                let read =
                    |by: f64| scale.eval(&Tensor { dims: one.to_vec(), cells: vec![by; cells(one)] }).cells;
                let (at_zero, at_one) = (read(0.0), read(1.0));
                let factors = at_one.iter().zip(&at_zero).map(|(one, zero)| (one - zero) as f32).collect();
                let rows = Rows::each(factors);
                Self::Linear {
                    operands: vec![rows],
                    offsets: at_zero.iter().map(|&cell| cell as f32).collect(),
                }
            }
            Op::Sum(factors) => {
                let operands = inputs
                    .iter()
                    .zip(factors)
                    .map(|(from, &factor)| Rows::broadcast(from, dims, factor as f32));
                Self::Linear { operands: operands.collect(), offsets: Vec::new() }
            }
            Op::MaxPool(pool) => Self::Largest(Rows::pool(pool, one, dims)),
            Op::AveragePool(pool) => {
                Self::Linear { operands: vec![Rows::pool(pool, one, dims)], offsets: Vec::new() }
            }
            Op::Reduce(reduce) => {
                let factor = if reduce.mean { 1.0 / reduce.count(one) as f32 } else { 1.0 };
                Self::Linear { operands: vec![Rows::reduce(one, dims, factor)], offsets: Vec::new() }
            }
            Op::Map(function) => Self::Map(*function),
            Op::Reshape(_) | Op::Transpose(_) | Op::Slice(_) | Op::Pad(_) | Op::Concat(_) => {
                Self::Gather((0..inputs.len()).map(|operand| sources(op, inputs, dims, operand)).collect())
            }
        })
    }

    /// Whether it has tensors that are trained.
    pub fn is_trained(&self) -> bool {
        matches!(self, Self::Dense { .. } | Self::Conv(_))
    }

    /// How many places were written down.
    pub fn terms(&self) -> usize {
        match self {
            Self::Dense { .. } | Self::Map(_) => 0,
            Self::Conv(windows) => windows.places.len(),
            Self::Gather(sources) => sources.iter().map(Vec::len).sum(),
            Self::Linear { operands, .. } => operands.iter().map(|rows| rows.places.len()).sum(),
            Self::Largest(rows) => rows.places.len(),
        }
    }

    /// The result for a batch, into `output`, which is zero.
    #[allow(
        clippy::too_many_arguments,
        reason = "tensors, operands, result, and where the way back finds what it needs"
    )]
    pub fn forward(
        &self,
        weight: &[f32],
        bias: &[f32],
        inputs: &[&[f32]],
        output: &mut [f32],
        batch: usize,
        marks: &mut Vec<u32>,
        scratch: &mut Vec<f32>,
    ) {
        let one = inputs.first().copied().unwrap_or_default();
        match self {
            Self::Dense { from, to } => {
                for (row, sums) in one.chunks_exact(*from).zip(output.chunks_exact_mut(*to)) {
                    if !bias.is_empty() {
                        sums.copy_from_slice(bias);
                    }
                    for (&x, weights) in row.iter().zip(weight.chunks_exact(*to)) {
                        if x != 0.0 {
                            add_scaled(sums, x, weights);
                        }
                    }
                }
            }
            Self::Conv(windows) => windows.forward(weight, bias, one, output, batch, scratch),
            Self::Gather(sources) => {
                for (source, input) in sources.iter().zip(inputs) {
                    for (cells, output) in split(input, batch).zip(split_mut(output, batch)) {
                        for (place, output) in source.iter().zip(output) {
                            if let Some(cell) = cells.get(*place as usize) {
                                *output = *cell;
                            }
                        }
                    }
                }
            }
            Self::Linear { operands, offsets } => {
                if !offsets.is_empty() {
                    split_mut(output, batch).for_each(|output| output.copy_from_slice(offsets));
                }
                for (rows, input) in operands.iter().zip(inputs) {
                    for (cells, output) in split(input, batch).zip(split_mut(output, batch)) {
                        for (output, row) in output.iter_mut().zip(rows.rows()) {
                            *output += row.map(|(place, factor)| factor * cells[place as usize]).sum::<f32>();
                        }
                    }
                }
            }
            Self::Largest(rows) => {
                marks.clear();
                for (cells, output) in split(one, batch).zip(split_mut(output, batch)) {
                    for (output, row) in output.iter_mut().zip(rows.rows()) {
                        let (mut largest, mut mark) = (f32::NEG_INFINITY, NOWHERE);
                        for (place, _) in row {
                            if mark == NOWHERE || cells[place as usize] > largest {
                                (largest, mark) = (cells[place as usize], place);
                            }
                        }
                        *output = largest;
                        marks.push(mark);
                    }
                }
            }
            Self::Map(function) => {
                for (output, &cell) in output.iter_mut().zip(one) {
                    *output = value(*function, cell);
                }
            }
        }
    }

    /// Adds to the gradients of weight and bias, given that of the result.
    pub fn parameters(
        &self,
        input: &[f32],
        above: &[f32],
        batch: usize,
        weight: &mut [f32],
        bias: &mut [f32],
        scratch: &mut Vec<f32>,
    ) {
        match self {
            Self::Dense { from, to } => {
                for (row, above) in input.chunks_exact(*from).zip(above.chunks_exact(*to)) {
                    for (&x, sums) in row.iter().zip(weight.chunks_exact_mut(*to)) {
                        if x != 0.0 {
                            add_scaled(sums, x, above);
                        }
                    }
                    add_scaled(bias, 1.0, above);
                }
            }
            Self::Conv(windows) => windows.parameters(input, above, batch, weight, bias, scratch),
            _ => {}
        }
    }

    /// Adds to the gradient of an operand, given that of the result.
    #[allow(
        clippy::too_many_arguments,
        reason = "tensors, operand, result, and what was written down on the way"
    )]
    pub fn backward(
        &self,
        weight: &[f32],
        operand: usize,
        input: &[f32],
        above: &[f32],
        below: &mut [f32],
        batch: usize,
        marks: &[u32],
        scratch: &mut Vec<f32>,
    ) {
        match self {
            Self::Dense { from, to } => {
                for (below, above) in below.chunks_exact_mut(*from).zip(above.chunks_exact(*to)) {
                    for (below, weights) in below.iter_mut().zip(weight.chunks_exact(*to)) {
                        *below += dot(weights, above);
                    }
                }
            }
            Self::Conv(windows) => windows.backward(weight, above, below, batch, scratch),
            Self::Gather(sources) => {
                let Some(source) = sources.get(operand) else { return };
                for (below, above) in split_mut(below, batch).zip(split(above, batch)) {
                    for (place, above) in source.iter().zip(above) {
                        if let Some(below) = below.get_mut(*place as usize) {
                            *below += above;
                        }
                    }
                }
            }
            Self::Linear { operands, .. } => {
                let Some(rows) = operands.get(operand) else { return };
                for (below, above) in split_mut(below, batch).zip(split(above, batch)) {
                    for (above, row) in above.iter().zip(rows.rows()) {
                        row.for_each(|(place, factor)| below[place as usize] += factor * above);
                    }
                }
            }
            Self::Largest(_) => {
                let per = marks.len() / batch.max(1);
                let batches = split_mut(below, batch).zip(split(above, batch)).zip(marks.chunks(per.max(1)));
                for ((below, above), marks) in batches {
                    for (above, mark) in above.iter().zip(marks) {
                        if let Some(below) = below.get_mut(*mark as usize) {
                            *below += above;
                        }
                    }
                }
            }
            Self::Map(function) => {
                for ((below, above), &cell) in below.iter_mut().zip(above).zip(input) {
                    *below += above * slope(*function, cell);
                }
            }
        }
    }
}

impl Rows {
    fn push_row(&mut self, places: &[u32], factor: f32) {
        if self.starts.is_empty() {
            self.starts.push(0);
        }
        self.places.extend_from_slice(places);
        self.factors.resize(self.places.len(), factor);
        self.starts.push(self.places.len() as u32);
    }

    fn rows(&self) -> impl Iterator<Item = impl Iterator<Item = (u32, f32)>> {
        self.starts.windows(2).map(|pair| {
            let range = pair[0] as usize..pair[1] as usize;
            self.places[range.clone()].iter().copied().zip(self.factors[range].iter().copied())
        })
    }

    /// Cell by cell.
    fn each(factors: Vec<f32>) -> Self {
        let count = factors.len() as u32;
        Self { starts: (0..=count).collect(), places: (0..count).collect(), factors }
    }

    fn broadcast(from: &[usize], dims: &[usize], factor: f32) -> Self {
        let (missing, steps) = (dims.len() - from.len(), strides(from));
        let mut rows = Self::default();
        each(dims, |at| {
            let along = at[missing..].iter().zip(from).zip(&steps);
            let place: usize = along.map(|((at, &dim), step)| if dim == 1 { 0 } else { at * step }).sum();
            rows.push_row(&[place as u32], factor);
        });
        rows
    }

    fn reduce(from: &[usize], dims: &[usize], factor: f32) -> Self {
        let steps = strides(dims);
        let mut sums = vec![Vec::new(); cells(dims)];
        let mut place = 0;
        each(from, |at| {
            let along = at.iter().zip(&steps).zip(dims);
            let into: usize = along.map(|((at, step), &dim)| if dim == 1 { 0 } else { at * step }).sum();
            sums[into].push(place);
            place += 1;
        });
        let mut rows = Self::default();
        sums.iter().for_each(|places| rows.push_row(places, factor));
        rows
    }

    /// The cells of each window; factors are those of the mean.
    fn pool(pool: &Pool, from: &[usize], dims: &[usize]) -> Self {
        let mut rows = Self::default();
        let taps: Vec<usize> = pool.windows.iter().map(|window| window.taps).collect();
        let mut places = Vec::new();
        each(dims, |at| {
            places.clear();
            let mut counted = 0;
            each(&taps, |tap| {
                if let Some(place) = place(&pool.windows, from, at[0] * from[1] + at[1], &at[2..], tap) {
                    places.push(place as u32);
                    counted += 1;
                } else if pool.count_padding {
                    let beyond = |(axis, window): (usize, &Window)| {
                        at[axis + 2] * window.stride + tap[axis] * window.dilation
                            >= window.begin + from[axis + 2] + window.end
                    };
                    counted += usize::from(!pool.windows.iter().enumerate().any(beyond));
                }
            });
            rows.push_row(&places, 1.0 / counted.max(1) as f32);
        });
        rows
    }
}

/// The operand's cell under a tap of a window; none in the padding. `channel` counts channels over all items.
fn place(windows: &[Window], from: &[usize], channel: usize, at: &[usize], tap: &[usize]) -> Option<usize> {
    let mut place = channel;
    for (axis, window) in windows.iter().enumerate() {
        let length = from[axis + 2];
        place = place * length + window.cell(at[axis], tap[axis], length)?;
    }
    Some(place)
}

impl Windows {
    fn new(conv: &Conv, from: &[usize], dims: &[usize]) -> Result<Self, String> {
        if from[0] != 1 {
            return Err(format!(
                "a convolution over {} items at once is not trained; one is expected",
                from[0]
            ));
        }
        let per_group = conv.weight.dims[1];
        let mut places = Vec::new();
        for channel in 0..from[1] {
            each(&conv.weight.dims[2..], |tap| {
                each(&dims[2..], |at| {
                    places.push(
                        place(&conv.windows, from, channel, at, tap).map_or(NOWHERE, |place| place as u32),
                    );
                });
            });
        }
        let positions = dims[2..].iter().product();
        let summands = per_group * cells(&conv.weight.dims[2..]);
        Ok(Self { features: dims[1] / conv.groups, summands, positions, places })
    }

    /// The operand's cells as each summand meets them, for one group: summand by summand, position by position.
    fn columns<'s>(&self, group: usize, item: &[f32], scratch: &'s mut Vec<f32>) -> &'s [f32] {
        let places = self.places.chunks_exact(self.summands * self.positions).nth(group).unwrap_or_default();
        scratch.clear();
        scratch.extend(places.iter().map(|&place| item.get(place as usize).copied().unwrap_or(0.0)));
        scratch
    }

    /// Cells of one group's weights and of its part of the result.
    fn group_cells(&self) -> (usize, usize) {
        (self.features * self.summands, self.features * self.positions)
    }

    fn forward(
        &self,
        weight: &[f32],
        bias: &[f32],
        input: &[f32],
        output: &mut [f32],
        batch: usize,
        scratch: &mut Vec<f32>,
    ) {
        let (weights, results) = self.group_cells();
        for (item, output) in split(input, batch).zip(split_mut(output, batch)) {
            let groups = output.chunks_exact_mut(results).zip(weight.chunks_exact(weights));
            for (group, (output, weight)) in groups.enumerate() {
                let columns = self.columns(group, item, scratch);
                let features =
                    output.chunks_exact_mut(self.positions).zip(weight.chunks_exact(self.summands));
                for (feature, (sums, weights)) in features.enumerate() {
                    if let Some(bias) = bias.get(group * self.features + feature) {
                        sums.fill(*bias);
                    }
                    for (&weight, column) in weights.iter().zip(columns.chunks_exact(self.positions)) {
                        add_scaled(sums, weight, column);
                    }
                }
            }
        }
    }

    fn parameters(
        &self,
        input: &[f32],
        above: &[f32],
        batch: usize,
        weight: &mut [f32],
        bias: &mut [f32],
        scratch: &mut Vec<f32>,
    ) {
        let (weights, results) = self.group_cells();
        for (item, above) in split(input, batch).zip(split(above, batch)) {
            let groups = above.chunks_exact(results).zip(weight.chunks_exact_mut(weights));
            for (group, (above, weight)) in groups.enumerate() {
                let columns = self.columns(group, item, scratch);
                let features = above.chunks_exact(self.positions).zip(weight.chunks_exact_mut(self.summands));
                for (feature, (above, sums)) in features.enumerate() {
                    for (sum, column) in sums.iter_mut().zip(columns.chunks_exact(self.positions)) {
                        *sum += dot(column, above);
                    }
                    if let Some(bias) = bias.get_mut(group * self.features + feature) {
                        *bias += above.iter().sum::<f32>();
                    }
                }
            }
        }
    }

    fn backward(
        &self,
        weight: &[f32],
        above: &[f32],
        below: &mut [f32],
        batch: usize,
        scratch: &mut Vec<f32>,
    ) {
        let (weights, results) = self.group_cells();
        let group_places = self.summands * self.positions;
        for (below, above) in split_mut(below, batch).zip(split(above, batch)) {
            let groups = above.chunks_exact(results).zip(weight.chunks_exact(weights));
            for ((above, weight), places) in groups.zip(self.places.chunks_exact(group_places)) {
                scratch.clear();
                scratch.resize(group_places, 0.0);
                let features = above.chunks_exact(self.positions).zip(weight.chunks_exact(self.summands));
                for (above, weights) in features {
                    for (&weight, column) in weights.iter().zip(scratch.chunks_exact_mut(self.positions)) {
                        add_scaled(column, weight, above);
                    }
                }
                for (&place, gradient) in places.iter().zip(scratch.iter()) {
                    if let Some(below) = below.get_mut(place as usize) {
                        *below += gradient;
                    }
                }
            }
        }
    }
}

/// Where a result's cells come from in one operand. The operator itself says so, run on its cells' numbers: counted from 1 on,
/// and over all operands, so that 0 is what it puts into a padding.
fn sources(op: &Op, inputs: &[&[usize]], dims: &[usize], operand: usize) -> Source {
    let mut next = 0;
    let numbered: Vec<Tensor> = inputs
        .iter()
        .map(|from| {
            let first = next + 1;
            next += cells(from);
            Tensor { dims: from.to_vec(), cells: (first..=next).map(|number| number as f64).collect() }
        })
        .collect();
    let before: usize = inputs.iter().take(operand).map(|from| cells(from)).sum();
    let own = inputs.get(operand).map_or(0, |from| cells(from));
    let result = op.eval(&numbered.iter().collect::<Vec<_>>(), dims);
    let place = |number: &f64| (*number as usize).checked_sub(before + 1).filter(|place| *place < own);
    result.cells.iter().map(|number| place(number).map_or(NOWHERE, |place| place as u32)).collect()
}

fn cells(dims: &[usize]) -> usize {
    dims.iter().product()
}

/// A batch's items. All have as many cells.
fn split(cells: &[f32], batch: usize) -> impl Iterator<Item = &[f32]> {
    cells.chunks_exact((cells.len() / batch.max(1)).max(1))
}

fn split_mut(cells: &mut [f32], batch: usize) -> impl Iterator<Item = &mut [f32]> {
    let each = (cells.len() / batch.max(1)).max(1);
    cells.chunks_exact_mut(each)
}

/// The function's value, in f32.
fn value(function: Function, x: f32) -> f32 {
    match function {
        Function::Relu => x.max(0.0),
        Function::LeakyRelu(slope) if x < 0.0 => x * slope as f32,
        Function::LeakyRelu(_) => x,
        Function::Clip(low, high) => x.max(low as f32).min(high as f32),
        Function::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        Function::Tanh => x.tanh(),
    }
}

/// Its slope; at a corner the one to the left.
fn slope(function: Function, x: f32) -> f32 {
    match function {
        Function::Relu => f32::from(u8::from(x > 0.0)),
        Function::LeakyRelu(slope) => {
            if x > 0.0 {
                1.0
            } else {
                slope as f32
            }
        }
        Function::Clip(low, high) => f32::from(u8::from(x > low as f32 && x <= high as f32)),
        Function::Sigmoid => {
            let y = value(function, x);
            y * (1.0 - y)
        }
        Function::Tanh => 1.0 - x.tanh() * x.tanh(),
    }
}
