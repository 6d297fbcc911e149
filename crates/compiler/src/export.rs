//! Trained parameters written back into the ONNX file that a network was imported from: the floats of its constants are
//! replaced where they stand, and nothing else changes, so that other tools read the file as they read the first one.
//!
//! Which float is which parameter is found by importing the file with constants that tell where they came from.

use crate::{ImportError, Parameter, ParameterError, import, network::Network};
use std::ops::Range;
use thiserror::Error;

/// Why parameters were not written into a file.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The file is none that is read.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The parameters are not those of the file's network.
    #[error(transparent)]
    Parameters(#[from] ParameterError),
    /// A parameter that no float of the file stands for alone.
    #[error(
        "{name}, cell {cell}: the file has no float of its own for it, and it has to change from {from} to {to}; export the \
         initial model so that every layer has its own constants, with a bias"
    )]
    NoPlace {
        /// The parameter.
        name: String,
        /// Its cell.
        cell: usize,
        /// What the file's network has there.
        from: f64,
        /// What it should have.
        to: f64,
    },
}

/// The file with these parameters, which are [`Network::parameters`] of what [`import`] makes of it.
///
/// Floats of 32 and 64 bits are written as wide as they were; what comes of them is checked by importing the result.
pub fn export(file: &[u8], parameters: &[Parameter]) -> Result<Vec<u8>, ExportError> {
    let network = import(file)?;
    network.with_parameters(parameters)?;
    let own = flat(&network.parameters());
    let wanted = flat(parameters);
    let mut out = file.to_vec();
    let mut placed = vec![false; own.len()];
    for constant in constants(file) {
        let probe = |value: &dyn Fn(usize) -> f64| {
            let mut file = file.to_vec();
            constant.iter().enumerate().for_each(|(place, at)| at.write(&mut file, value(place)));
            // A constant without which the file is no network (a bound, a shape) is none that is trained.
            import(&file).ok().map(|network| (flat(&network.parameters()), rest(&network)))
        };
        let probes = [probe(&|_| 0.0), probe(&|_| 1.0), probe(&|place| (place + 1) as f64)];
        let [Some(none), Some(same), Some(number)] = probes else { continue };
        let same_network =
            [&none, &same, &number].iter().all(|(flat, others)| flat.len() == own.len() && *others == none.1);
        if !same_network {
            continue;
        }
        for (parameter, placed) in placed.iter_mut().enumerate() {
            let gain = same.0[parameter] - none.0[parameter];
            if gain == 0.0 {
                continue;
            }
            let place = (number.0[parameter] - none.0[parameter]) / gain - 1.0;
            if let Some(at) =
                constant.get(place.round() as usize).filter(|_| (place - place.round()).abs() < 1e-3)
            {
                at.write(&mut out, (wanted[parameter] - none.0[parameter]) / gain);
                *placed = true;
            }
        }
    }
    // Whatever was found, the result decides.
    let written = import(&out)?;
    let (mut names, have) = (Vec::new(), flat(&written.parameters()));
    for parameter in parameters {
        names.extend((0..parameter.tensor.cells.len()).map(|cell| (&parameter.name, cell)));
    }
    for (at, (name, cell)) in names.into_iter().enumerate() {
        let (from, to, have) = (own[at], wanted[at], have.get(at).copied().unwrap_or(f64::NAN));
        let near = (have - to).abs() <= 1e-6 * to.abs().max(f64::from(f32::MIN_POSITIVE));
        if !near || (!placed[at] && from != to) {
            return Err(ExportError::NoPlace { name: name.clone(), cell, from, to });
        }
    }
    Ok(out)
}

fn flat(parameters: &[Parameter]) -> Vec<f64> {
    parameters.iter().flat_map(|parameter| parameter.tensor.cells.iter().copied()).collect()
}

/// The network without its parameters: what no constant of theirs may change.
fn rest(network: &Network) -> Option<Network> {
    let mut parameters = network.parameters();
    parameters.iter_mut().for_each(|parameter| parameter.tensor.cells.fill(0.0));
    network.with_parameters(&parameters).ok()
}

/// Where a float stands in a file.
#[derive(Debug, Clone, Copy)]
enum Place {
    Single(usize),
    Double(usize),
}

impl Place {
    fn write(self, file: &mut [u8], value: f64) {
        match self {
            Self::Single(at) => file[at..at + 4].copy_from_slice(&(value as f32).to_le_bytes()),
            Self::Double(at) => file[at..at + 8].copy_from_slice(&value.to_le_bytes()),
        }
    }
}

/// One field of a Protocol Buffers message: number, wire type, where its content lies.
type Field = (u64, u64, Range<usize>);

/// The fields of a message, as far as they can be read; whatever follows is no field of a file that was imported.
fn fields(file: &[u8], message: Range<usize>) -> Vec<Field> {
    let mut found = Vec::new();
    let mut at = message.start;
    let varint = |at: &mut usize| -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = *file.get(*at).filter(|_| *at < message.end)?;
            *at += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    };
    while at < message.end {
        let Some(key) = varint(&mut at) else { break };
        let start = at;
        let length = match key & 7 {
            0 => varint(&mut at).map(|_| at - start),
            1 => Some(8),
            5 => Some(4),
            2 => varint(&mut at).and_then(|length| usize::try_from(length).ok()),
            _ => None,
        };
        let start = if key & 7 == 0 { start } else { at };
        let Some(end) = length.and_then(|length| start.checked_add(length)).filter(|&end| end <= message.end)
        else {
            break;
        };
        found.push((key >> 3, key & 7, start..end));
        at = end;
    }
    found
}

/// The floats of every constant: of initializers, of `Constant` nodes, of lists in attributes.
fn constants(file: &[u8]) -> Vec<Vec<Place>> {
    let parts = |message: &Range<usize>, number: u64| -> Vec<Range<usize>> {
        let of = |(own, wire, range): Field| (own == number && wire == 2).then_some(range);
        fields(file, message.clone()).into_iter().filter_map(of).collect()
    };
    let mut found = Vec::new();
    // ModelProto.graph, GraphProto.initializer and .node, NodeProto.attribute, AttributeProto.t and .floats.
    for graph in parts(&(0..file.len()), 7) {
        found.extend(parts(&graph, 5).into_iter().map(|tensor| tensor_floats(file, tensor)));
        for attribute in parts(&graph, 1).iter().flat_map(|node| parts(node, 5)) {
            found.extend(parts(&attribute, 5).into_iter().map(|tensor| tensor_floats(file, tensor)));
            found.push(floats(file, attribute, 7));
        }
    }
    found.retain(|constant| !constant.is_empty());
    found
}

/// The floats of a tensor: `float_data`, `double_data`, or `raw_data` of one of these types.
fn tensor_floats(file: &[u8], tensor: Range<usize>) -> Vec<Place> {
    let kind = fields(file, tensor.clone()).into_iter().find(|(number, wire, _)| (*number, *wire) == (2, 0));
    let kind = kind.and_then(|(.., range)| file.get(range.start).copied());
    let raw = fields(file, tensor.clone()).into_iter().find(|(number, wire, _)| (*number, *wire) == (9, 2));
    match (kind, raw.filter(|(.., raw)| !raw.is_empty())) {
        (Some(1), Some((.., raw))) => raw.step_by(4).map(Place::Single).collect(),
        (Some(11), Some((.., raw))) => raw.step_by(8).map(Place::Double).collect(),
        (Some(1), None) => floats(file, tensor, 4),
        (Some(11), None) => {
            let packed = fields(file, tensor).into_iter().filter(|(number, ..)| *number == 10);
            packed.flat_map(|(.., range)| range.step_by(8)).map(Place::Double).collect()
        }
        _ => Vec::new(),
    }
}

/// The floats of a field, whether packed or one by one.
fn floats(file: &[u8], message: Range<usize>, number: u64) -> Vec<Place> {
    let own =
        fields(file, message).into_iter().filter(|(own, wire, _)| *own == number && matches!(wire, 2 | 5));
    own.flat_map(|(.., range)| range.step_by(4)).map(Place::Single).collect()
}
