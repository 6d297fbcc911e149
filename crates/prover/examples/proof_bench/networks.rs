//! Networks of any size with random weights: what grows is multiplications (`dense`), both (`conv`) or lookups
//! (`pointwise`).

use crate::Result;
use averment_compiler::{
    Precision,
    network::{Network, NetworkInput, Node, Op, ValueId},
    ops::{Conv, Dense, Function, Reduce, Scale, Window},
    tensor::Tensor,
};

/// The same widths for all sizes, so that only the size differs.
pub const PRECISION: Precision = Precision { input_bits: 8, activation_bits: 9, index_bits: 12, shift: 12 };

/// `dense:N` is N-N-N-10 with ReLU; `conv:C:S` is two convolutions of 3 by 3, C to C channels, on squares of S;
/// `pointwise:N` is ReLU of N cells, a square, shifted; of the last two the means come out.
pub fn generated(name: &str) -> Result<Network> {
    let words: Vec<&str> = name.split(':').collect();
    let mut draw = uniform(1);
    let mut tensor = |dims: &[usize], fan: usize| {
        let size = (3.0 / fan as f64).sqrt();
        let cells = (0..dims.iter().product()).map(|_| size * draw()).collect();
        Tensor { dims: dims.to_vec(), cells }
    };
    let relu = || Op::Map(Function::Relu);
    // Few values come out: what is public is bounded, and read on chain.
    let mean = |axes: &[usize]| Op::Reduce(Reduce { axes: axes.to_vec(), mean: true });
    let (dims, ops) = match words.as_slice() {
        ["dense", n] => {
            let n: usize = n.parse()?;
            let mut dense = |to: usize| Op::Dense(Dense { weight: tensor(&[n, to], n), bias: vec![0.1; to] });
            (vec![1, n], vec![dense(n), relu(), dense(n), relu(), dense(10)])
        }
        ["conv", channels, side] => {
            let (channels, side): (usize, usize) = (channels.parse()?, side.parse()?);
            let window = Window { taps: 3, stride: 1, dilation: 1, begin: 1, end: 1, ceil: false };
            let mut conv = || {
                Op::Conv(Conv {
                    weight: tensor(&[channels, channels, 3, 3], 9 * channels),
                    bias: vec![0.1; channels],
                    windows: vec![window; 2],
                    groups: 1,
                })
            };
            (vec![1, channels, side, side], vec![conv(), relu(), conv(), relu(), mean(&[2, 3])])
        }
        ["pointwise", n] => {
            let side = n.parse::<usize>()?.isqrt();
            let constant = |value: f64| Tensor { dims: vec![1], cells: vec![value] };
            (
                vec![1, side, side],
                vec![
                    Op::Scale(Scale { factor: constant(0.7), offset: constant(0.1) }),
                    relu(),
                    mean(&[1, 2]),
                ],
            )
        }
        _ => return Err(format!("no generated network is called {name:?}").into()),
    };
    let mut network = Network {
        inputs: vec![NetworkInput { name: "x".into(), value: ValueId(0) }],
        nodes: Vec::new(),
        dims: vec![dims],
        output: ValueId(0),
        decides: false,
        labels: Vec::new(),
        notes: Vec::new(),
        statistics: Vec::new(),
    };
    for op in ops {
        let dims = op.dims(&[&network.dims[network.output.0]])?;
        let output = ValueId(network.dims.len());
        let name = format!("value {}", output.0);
        network.nodes.push(Node { name, op, inputs: vec![network.output], output });
        network.dims.push(dims);
        network.output = output;
    }
    Ok(network)
}

/// Cells of so many items.
pub fn inputs(network: &Network, items: usize) -> Vec<f64> {
    let cells: usize = network.dims[network.inputs[0].value.0].iter().product();
    let mut draw = uniform(2);
    (0..items * cells).map(|_| draw()).collect()
}

/// What scales are chosen with: few items of large networks, many of small ones.
pub fn samples(network: &Network) -> Result<Tensor> {
    let cells: usize = network.dims[network.inputs[0].value.0].iter().product();
    let items = ((1 << 14) / cells).clamp(2, 32);
    Ok(Tensor::new(vec![items, cells], inputs(network, items))?)
}

/// Numbers between -1 and 1, the same every time.
fn uniform(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(0x2545_f491_4f6c_dd1d);
        (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }
}
