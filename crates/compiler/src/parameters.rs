//! A network's float parameters by name: what training changes.

use crate::{
    network::{Network, Op},
    tensor::Tensor,
};
use thiserror::Error;

/// One tensor that is trained.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// The node's name, then `.weight` or `.bias`.
    pub name: String,
    /// Of a matrix product `[in, out]`; of a convolution features, channels of a group, taps; of a bias `[out]`.
    pub tensor: Tensor,
}

/// Why parameters are not a network's.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum ParameterError {
    /// A different number of tensors.
    #[error("the network has {expected} tensors of parameters, got {got}")]
    Count {
        /// How many it has.
        expected: usize,
        /// How many came.
        got: usize,
    },
    /// Another tensor in this place.
    #[error("expected the parameter {expected:?} at place {place}, got {got:?}")]
    Name {
        /// The place.
        place: usize,
        /// The network's.
        expected: String,
        /// What came.
        got: String,
    },
    /// Another shape.
    #[error("{name}: expected the shape {expected:?}, got {got:?} with {cells} cells")]
    Shape {
        /// The tensor.
        name: String,
        /// Its lengths.
        expected: Vec<usize>,
        /// The lengths that came.
        got: Vec<usize>,
        /// The cells that came.
        cells: usize,
    },
    /// Not a number, or infinite.
    #[error("{name}, cell {cell}: {got} is no finite number")]
    NotFinite {
        /// The tensor.
        name: String,
        /// The cell.
        cell: usize,
        /// What it holds, as text.
        got: String,
    },
}

impl Network {
    /// Weight and bias of every matrix product and convolution, in the order of the nodes. A bias that the network does not
    /// have is there too, and zero.
    pub fn parameters(&self) -> Vec<Parameter> {
        let mut parameters = Vec::new();
        for node in &self.nodes {
            let (weight, bias, to) = match &node.op {
                Op::Dense(op) => (&op.weight, &op.bias, op.weight.dims[1]),
                Op::Conv(op) => (&op.weight, &op.bias, op.weight.dims[0]),
                _ => continue,
            };
            let mut bias = bias.clone();
            bias.resize(to, 0.0);
            let named = |part: &str, tensor| Parameter { name: format!("{}.{part}", node.name), tensor };
            parameters.push(named("weight", weight.clone()));
            parameters.push(named("bias", Tensor { dims: vec![to], cells: bias }));
        }
        parameters
    }

    /// The network with other parameters: finite numbers, in the order and shapes of [`Network::parameters`].
    pub fn with_parameters(&self, parameters: &[Parameter]) -> Result<Self, ParameterError> {
        let own = self.parameters();
        if own.len() != parameters.len() {
            return Err(ParameterError::Count { expected: own.len(), got: parameters.len() });
        }
        for (place, (own, new)) in own.iter().zip(parameters).enumerate() {
            let name = own.name.clone();
            if own.name != new.name {
                return Err(ParameterError::Name { place, expected: name, got: new.name.clone() });
            }
            let cells = new.tensor.cells.len();
            if own.tensor.dims != new.tensor.dims || own.tensor.cells.len() != cells {
                let (expected, got) = (own.tensor.dims.clone(), new.tensor.dims.clone());
                return Err(ParameterError::Shape { name, expected, got, cells });
            }
            if let Some((cell, got)) = new.tensor.cells.iter().enumerate().find(|(_, cell)| !cell.is_finite())
            {
                return Err(ParameterError::NotFinite { name, cell, got: got.to_string() });
            }
        }
        let mut network = self.clone();
        let mut new = parameters.iter().map(|parameter| &parameter.tensor);
        for node in &mut network.nodes {
            let (weight, bias) = match &mut node.op {
                Op::Dense(op) => (&mut op.weight, &mut op.bias),
                Op::Conv(op) => (&mut op.weight, &mut op.bias),
                _ => continue,
            };
            if let (Some(tensor), Some(added)) = (new.next(), new.next()) {
                *weight = tensor.clone();
                *bias = added.cells.clone();
            }
        }
        Ok(network)
    }
}
