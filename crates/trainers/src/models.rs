//! Networks to begin with: the usual small ones, with random weights that follow from a seed.

use crate::random::{normal, stream};
use averment_compiler::{
    network::{Network, NetworkInput, Node, Op, ValueId},
    ops::{Conv, Dense, Function, Pool, Window},
    tensor::Tensor,
};
use rand_chacha::ChaCha8Rng;

/// A network that grows layer by layer.
struct Builder {
    network: Network,
    random: ChaCha8Rng,
}

impl Builder {
    fn new(dims: &[usize], seed: [u8; 32]) -> Self {
        let dims = [&[1], dims].concat();
        let network = Network {
            inputs: vec![NetworkInput { name: "input".into(), value: ValueId(0) }],
            nodes: Vec::new(),
            dims: vec![dims],
            output: ValueId(0),
            decides: true,
            labels: Vec::new(),
            notes: Vec::new(),
            statistics: Vec::new(),
        };
        Self { network, random: stream(seed, 0) }
    }

    fn add(mut self, name: &str, op: Op) -> Self {
        let input = self.network.output;
        // Only this module calls it, with shapes that fit.
        let dims = op.dims(&[&self.network.dims[input.0]]).unwrap_or_default();
        self.network.dims.push(dims);
        let output = ValueId(self.network.dims.len() - 1);
        self.network.nodes.push(Node { name: name.into(), op, inputs: vec![input], output });
        self.network.output = output;
        self
    }

    fn last(&self) -> &[usize] {
        &self.network.dims[self.network.output.0]
    }

    /// Normal with variance `2 / fan_in`, what is drawn for layers before a ReLU (He et al. 2015).
    fn weights(&mut self, dims: Vec<usize>, fan_in: usize) -> Tensor {
        let deviation = (2.0 / fan_in.max(1) as f64).sqrt();
        let cells = (0..dims.iter().product()).map(|_| deviation * normal(&mut self.random)).collect();
        Tensor { dims, cells }
    }

    fn dense(mut self, name: &str, to: usize) -> Self {
        let from = self.last().last().copied().unwrap_or(1);
        let weight = self.weights(vec![from, to], from);
        self.add(name, Op::Dense(Dense { weight, bias: vec![0.0; to] }))
    }

    fn conv(mut self, name: &str, features: usize, taps: usize, padding: usize) -> Self {
        let channels = self.last()[1];
        let weight = self.weights(vec![features, channels, taps, taps], channels * taps * taps);
        let window = Window { taps, stride: 1, dilation: 1, begin: padding, end: padding, ceil: false };
        let conv = Conv { weight, bias: vec![0.0; features], windows: vec![window; 2], groups: 1 };
        self.add(name, Op::Conv(conv))
    }

    fn relu(self, name: &str) -> Self {
        self.add(name, Op::Map(Function::Relu))
    }

    fn halve(self, name: &str) -> Self {
        let window = Window { taps: 2, stride: 2, dilation: 1, begin: 0, end: 0, ceil: false };
        self.add(name, Op::MaxPool(Pool { windows: vec![window; 2], count_padding: false }))
    }

    fn flatten(self) -> Self {
        let cells = self.last().iter().product();
        self.add("flat", Op::Reshape(vec![1, cells]))
    }
}

/// Logistic regression: one layer, all zeros, so the seed is none of its arguments.
pub fn logistic(features: usize, classes: usize) -> Network {
    let weight = Tensor { dims: vec![features, classes], cells: vec![0.0; features * classes] };
    let layer = Op::Dense(Dense { weight, bias: vec![0.0; classes] });
    Builder::new(&[features], [0; 32]).add("scores", layer).network
}

/// Layers of these lengths with ReLU between them, as many scores as classes.
pub fn perceptron(features: usize, hidden: &[usize], classes: usize, seed: [u8; 32]) -> Network {
    let mut built = Builder::new(&[features], seed);
    for (number, &length) in hidden.iter().enumerate() {
        built = built.dense(&format!("hidden{number}"), length).relu(&format!("relu{number}"));
    }
    built.dense("scores", classes).network
}

/// LeNet-5 (LeCun et al. 1998) with ReLU and max pooling, over one channel of at least 12 by 12 pixels.
pub fn lenet(height: usize, width: usize, classes: usize, seed: [u8; 32]) -> Network {
    let built = Builder::new(&[1, height.max(12), width.max(12)], seed);
    let features = built.conv("conv0", 6, 5, 2).relu("relu0").halve("pool0");
    let features = features.conv("conv1", 16, 5, 0).relu("relu1").halve("pool1").flatten();
    features
        .dense("hidden0", 120)
        .relu("relu2")
        .dense("hidden1", 84)
        .relu("relu3")
        .dense("scores", classes)
        .network
}

/// A network of one convolution, for images too small for [`lenet`]: 8 features of 3 by 3, ReLU, pooling by 2, one layer of
/// scores. At least 2 by 2 pixels.
pub fn small_convolution(height: usize, width: usize, classes: usize, seed: [u8; 32]) -> Network {
    let built = Builder::new(&[1, height.max(2), width.max(2)], seed);
    built.conv("conv0", 8, 3, 1).relu("relu0").halve("pool0").flatten().dense("scores", classes).network
}
