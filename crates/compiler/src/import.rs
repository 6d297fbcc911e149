//! ONNX in: from a file's bytes to a [`Network`].
//!
//! Dispatch is on operator type and domain, never on names. Whatever is not supported is named, all at once, with
//! what would be needed, before anything is computed. Constants are folded on the way, so that what computes shapes
//! disappears. The batch axis (the first, of unknown length) has length 1 here.

mod attributes;
mod ml;
mod standard;

use crate::{
    network::{Network, NetworkInput, Node, Op, ValueId},
    onnx::{ModelProto, NodeProto, ValueInfoProto},
    tensor::{Tensor, TensorError, cell_count},
};
use attributes::Attributes;
use prost::Message;
use std::{collections::HashMap, fmt};
use thiserror::Error;

/// The largest file that is read.
pub const FILE_BYTES: usize = 1 << 30;
/// The most nodes that are read.
pub const NODES: usize = 1 << 14;
/// The most cells of all values together.
pub const TOTAL_CELLS: u64 = 1 << 28;
/// The most multiplications and additions of one item.
pub const WORK: u64 = 1 << 38;
/// Operator sets that are read: of the standard operators.
pub const OPSETS: std::ops::RangeInclusive<i64> = 7..=25;

/// Why a file is no network that can be compiled.
#[derive(Debug, Error)]
pub enum ImportError {
    /// A file larger than is read.
    #[error("an ONNX file may have {FILE_BYTES} bytes, this one has {got}")]
    TooLong {
        /// Its length.
        got: usize,
    },
    /// Not an ONNX file.
    #[error("not an ONNX model: {0}")]
    Decode(#[from] prost::DecodeError),
    /// A file without what every model has.
    #[error("not an ONNX model that can be compiled: {what}")]
    Malformed {
        /// What is wrong.
        what: String,
    },
    /// An operator set that is not read.
    #[error("operator set {version} is not read; sets {} to {} are: export the model anew", OPSETS.start(), OPSETS.end())]
    Opset {
        /// The set's version.
        version: i64,
    },
    /// A constant that cannot be read.
    #[error("constant {name:?}: {source}")]
    Constant {
        /// Its name.
        name: String,
        /// What is wrong.
        source: TensorError,
    },
    /// Operators that are not supported, or not in this use.
    #[error("{} of the model's nodes cannot be compiled:{}", nodes.len(), lines(nodes))]
    Unsupported {
        /// All of them.
        nodes: Vec<UnsupportedNode>,
    },
}

/// A node that cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsupportedNode {
    /// Its name, or that of its first output.
    pub node: String,
    /// Operator, with its domain if that is not the standard one.
    pub operator: String,
    /// Why, and what would be needed.
    pub reason: String,
}

impl fmt::Display for UnsupportedNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}: {}", self.operator, self.node, self.reason)
    }
}

fn lines(nodes: &[UnsupportedNode]) -> String {
    nodes.iter().map(|node| format!("\n  {node}")).collect()
}

/// What a name in the graph stands for.
#[derive(Debug, Clone)]
enum Known {
    /// An input that is left out.
    Absent,
    /// A constant.
    Constant(Tensor),
    /// A value of the network.
    Value(ValueId),
    /// Something of scores whose largest is that of the value: the value stands for it.
    Scores(ValueId),
    /// The index of the largest score, or its label.
    Label(ValueId),
}

struct Importer {
    opset: i64,
    names: HashMap<String, Known>,
    network: Network,
    /// Cells of all values, constants computed on the way included.
    cells: u64,
    /// Multiplications and additions.
    work: u64,
}

/// What happens to a node: what it computes, or why it cannot be compiled.
type Outcome = Result<Vec<Known>, String>;

/// Reads an ONNX file.
pub fn import(bytes: &[u8]) -> Result<Network, ImportError> {
    if bytes.len() > FILE_BYTES {
        return Err(ImportError::TooLong { got: bytes.len() });
    }
    let model = ModelProto::decode(bytes)?;
    let malformed = |what: &str| ImportError::Malformed { what: what.into() };
    let graph = model.graph.as_ref().ok_or_else(|| malformed("it has no graph"))?;
    if !model.functions.is_empty() {
        return Err(malformed("it defines functions of its own; export it with functions inlined"));
    }
    if !graph.sparse_initializer.is_empty() {
        return Err(malformed("it has sparse constants; export it with dense ones"));
    }
    if graph.node.len() > NODES {
        return Err(ImportError::Malformed { what: format!("it has more than {NODES} nodes") });
    }
    let version =
        model.opset_import.iter().filter(|set| is_standard(&set.domain)).map(|set| set.version).max();
    let opset = version.unwrap_or(*OPSETS.end());
    if !OPSETS.contains(&opset) {
        return Err(ImportError::Opset { version: opset });
    }
    let mut names = HashMap::new();
    for constant in &graph.initializer {
        let tensor = Tensor::read(constant)
            .map_err(|source| ImportError::Constant { name: constant.name.clone(), source })?;
        names.insert(constant.name.clone(), Known::Constant(tensor));
    }
    let network = Network {
        inputs: Vec::new(),
        nodes: Vec::new(),
        dims: Vec::new(),
        output: ValueId(0),
        decides: false,
        labels: Vec::new(),
        notes: Vec::new(),
        statistics: Vec::new(),
    };
    let mut importer = Importer { opset, names, network, cells: 0, work: 0 };
    for input in
        graph.input.iter().filter(|input| !importer.names.contains_key(&input.name)).collect::<Vec<_>>()
    {
        importer.input(input)?;
    }
    importer.nodes(&graph.node)?;
    importer.outputs(&graph.output)?;
    let mut network = importer.network;
    network.sweep();
    crate::fuse::biases(&mut network);
    Ok(network)
}

fn is_standard(domain: &str) -> bool {
    domain.is_empty() || domain == "ai.onnx"
}

impl Importer {
    fn input(&mut self, input: &ValueInfoProto) -> Result<(), ImportError> {
        let malformed =
            |what: String| ImportError::Malformed { what: format!("input {:?} {what}", input.name) };
        let tensor = input.r#type.as_ref().and_then(|kind| kind.tensor_type.as_ref());
        let tensor = tensor.ok_or_else(|| malformed("is no tensor".into()))?;
        if !matches!(tensor.elem_type, 1..=7 | 9..=13) {
            return Err(malformed(format!("has cells of ONNX type {}, not numbers", tensor.elem_type)));
        }
        let shape = tensor
            .shape
            .as_ref()
            .ok_or_else(|| malformed("has no shape; export the model with one".into()))?;
        let mut dims = Vec::with_capacity(shape.dim.len());
        for (axis, dim) in shape.dim.iter().enumerate() {
            match (dim.dim_value, axis) {
                (length @ 1.., _) => dims.push(usize::try_from(length).unwrap_or(usize::MAX)),
                // The batch.
                (_, 0) => dims.push(1),
                _ => {
                    let name = if dim.dim_param.is_empty() { "nothing" } else { &dim.dim_param };
                    let what = format!(
                        "has axis {axis} of a length that is not fixed ({name}); only the first may vary"
                    );
                    return Err(malformed(what));
                }
            }
        }
        cell_count(&dims).map_err(|error| malformed(format!("is too large: {error}")))?;
        let value = self.value(dims);
        self.network.inputs.push(NetworkInput { name: input.name.clone(), value });
        self.names.insert(input.name.clone(), Known::Value(value));
        Ok(())
    }

    fn value(&mut self, dims: Vec<usize>) -> ValueId {
        self.network.dims.push(dims);
        ValueId(self.network.dims.len() - 1)
    }

    fn nodes(&mut self, nodes: &[NodeProto]) -> Result<(), ImportError> {
        let mut unsupported = Vec::new();
        for node in nodes {
            let name = [&node.name, node.output.first().unwrap_or(&node.name)];
            let name = name.into_iter().find(|name| !name.is_empty()).cloned().unwrap_or_default();
            let operator = if is_standard(&node.domain) {
                node.op_type.clone()
            } else {
                format!("{}.{}", node.domain, node.op_type)
            };
            match self.node(node) {
                Ok(Some(results)) => {
                    for (output, result) in node.output.iter().zip(results) {
                        if self.names.insert(output.clone(), result).is_some() {
                            let reason = format!("it writes {output:?}, which is there already");
                            unsupported.push(UnsupportedNode {
                                node: name.clone(),
                                operator: operator.clone(),
                                reason,
                            });
                        }
                    }
                }
                // It reads what another unsupported node would have written.
                Ok(None) => {}
                Err(reason) => unsupported.push(UnsupportedNode { node: name, operator, reason }),
            }
        }
        if unsupported.is_empty() { Ok(()) } else { Err(ImportError::Unsupported { nodes: unsupported }) }
    }

    /// What a node computes; none if something that it reads is not known.
    fn node(&mut self, node: &NodeProto) -> Result<Option<Vec<Known>>, String> {
        let standard = is_standard(&node.domain);
        let handler = if standard {
            standard::handler(&node.op_type)
        } else {
            ml::handler(&node.domain, &node.op_type)
        };
        let Some(handler) = handler else {
            return Err(
                "the operator is not supported; it would need a translation into sums of products with \
                        constants and functions of single cells"
                    .into(),
            );
        };
        let mut inputs = Vec::with_capacity(node.input.len());
        for name in &node.input {
            if name.is_empty() {
                inputs.push(Known::Absent);
                continue;
            }
            match self.names.get(name) {
                Some(known) => inputs.push(known.clone()),
                None => return Ok(None),
            }
        }
        let attributes = Attributes::new(&node.attribute);
        let name = node.output.first().unwrap_or(&node.name);
        handler(self, &Use { node, name, inputs: &inputs, attributes: &attributes }).map(Some)
    }

    fn outputs(&mut self, outputs: &[ValueInfoProto]) -> Result<(), ImportError> {
        let mut values = Vec::new();
        for output in outputs {
            match self.names.get(&output.name) {
                Some(Known::Value(value)) => values.push(*value),
                Some(Known::Scores(value) | Known::Label(value)) => {
                    self.network.decides = true;
                    values.push(*value);
                }
                Some(Known::Constant(_) | Known::Absent) | None => {
                    let what = format!("output {:?} is not computed from the inputs", output.name);
                    return Err(ImportError::Malformed { what });
                }
            }
        }
        values.dedup();
        match values[..] {
            [value] => self.network.output = value,
            _ => {
                let what = format!(
                    "it has {} different outputs; one (or one decision and its scores) is compiled",
                    values.len()
                );
                return Err(ImportError::Malformed { what });
            }
        }
        Ok(())
    }

    /// Adds a node, or computes it if everything it reads is constant.
    fn apply(&mut self, name: &str, op: Op, inputs: &[&Known]) -> Result<Known, String> {
        let tensors: Option<Vec<&Tensor>> = inputs
            .iter()
            .map(|input| match input {
                Known::Constant(tensor) => Some(tensor),
                _ => None,
            })
            .collect();
        if let Some(tensors) = tensors {
            let dims: Vec<&[usize]> = tensors.iter().map(|tensor| tensor.dims.as_slice()).collect();
            let result = op.dims(&dims)?;
            self.spend(&op, &dims, &result)?;
            return Ok(Known::Constant(op.eval(&tensors, &result)));
        }
        let values = inputs.iter().map(|input| self.expect_value(input)).collect::<Result<Vec<_>, _>>()?;
        let from: Vec<Vec<usize>> = values.iter().map(|value| self.dims(*value).to_vec()).collect();
        let from: Vec<&[usize]> = from.iter().map(Vec::as_slice).collect();
        let dims = op.dims(&from)?;
        self.spend(&op, &from, &dims)?;
        if dims.contains(&0) {
            return Err(format!("the result {dims:?} has no cells"));
        }
        let output = self.value(dims);
        self.network.nodes.push(Node { name: name.into(), op, inputs: values, output });
        Ok(Known::Value(output))
    }

    /// Counts what a result takes; fails if it is more than is computed.
    fn spend(&mut self, op: &Op, inputs: &[&[usize]], dims: &[usize]) -> Result<(), String> {
        let cells = cell_count(dims).map_err(|error| error.to_string())?;
        self.cells = self.cells.saturating_add(cells as u64);
        self.work = self.work.saturating_add(op.work(inputs, dims));
        if self.cells > TOTAL_CELLS || self.work > WORK {
            return Err(format!(
                "the network is too large: at most {TOTAL_CELLS} cells and {WORK} multiplications"
            ));
        }
        Ok(())
    }

    fn expect_value(&self, known: &Known) -> Result<ValueId, String> {
        match known {
            Known::Value(value) => Ok(*value),
            Known::Constant(_) => {
                Err("a constant stands where a computed value is expected".into())
            }
            Known::Absent => Err("a value is missing".into()),
            Known::Scores(_) => Err("it reads a softmax or normalisation, which is only supported at the end of a \
                                     model, where the largest input decides; a table of exponentials and a division \
                                     would be needed"
                .into()),
            Known::Label(_) => Err("it reads a decision (argmax), which is only supported at the end of a model".into()),
        }
    }

    fn dims(&self, value: ValueId) -> &[usize] {
        &self.network.dims[value.0]
    }
}

/// A node with what it reads.
struct Use<'a> {
    node: &'a NodeProto,
    /// The name of its first output.
    name: &'a str,
    inputs: &'a [Known],
    attributes: &'a Attributes<'a>,
}

impl Use<'_> {
    fn input(&self, position: usize) -> Result<&Known, String> {
        match self.inputs.get(position) {
            Some(Known::Absent) | None => Err(format!("input {position} is missing")),
            Some(known) => Ok(known),
        }
    }

    /// A constant input; none if it is left out.
    fn constant(&self, position: usize) -> Result<Option<&Tensor>, String> {
        match self.inputs.get(position) {
            Some(Known::Absent) | None => Ok(None),
            Some(Known::Constant(tensor)) => Ok(Some(tensor)),
            Some(_) => Err(format!(
                "input {position} has to be a constant; a computed one would need a product of two computed values"
            )),
        }
    }

    /// A constant of integers; none if it is left out.
    fn integers(&self, position: usize) -> Result<Option<Vec<i64>>, String> {
        let Some(tensor) = self.constant(position)? else { return Ok(None) };
        tensor.integers().map(Some).ok_or_else(|| format!("input {position} should hold integers"))
    }

    /// Integers that are an attribute in older operator sets and an input in newer ones.
    fn integers_either(&self, attribute: &str, position: usize) -> Result<Option<Vec<i64>>, String> {
        match self.attributes.integers(attribute) {
            Some(integers) => Ok(Some(integers.to_vec())),
            None => self.integers(position),
        }
    }
}

/// An axis counted from the end if negative.
fn axis_of(axis: i64, rank: usize) -> Result<usize, String> {
    let counted = if axis < 0 { axis + rank as i64 } else { axis };
    usize::try_from(counted)
        .ok()
        .filter(|&axis| axis < rank)
        .ok_or_else(|| format!("there is no axis {axis} among {rank}"))
}
