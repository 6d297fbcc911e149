//! Arrays from files: `.npy`, `.npz`, CSV, JSON and ONNX tensors.

use super::{npy, npz};
use crate::{
    onnx::TensorProto,
    tensor::{Tensor, TensorError},
};
use prost::Message;
use serde_json::Value;
use thiserror::Error;

/// The largest file that is read.
pub const FILE_BYTES: usize = 1 << 30;
/// The largest JSON or CSV file that is read: text takes several times its length in memory.
pub const TEXT_BYTES: usize = 1 << 28;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One NumPy array.
    Npy,
    /// NumPy arrays in a zip file.
    Npz,
    /// Rows of numbers separated by commas, with or without a header.
    Csv,
    /// `{"input_data": [[…], …]}`: one list, flat or nested, for each input.
    Json,
    /// One ONNX tensor.
    Pb,
}

/// Which columns of a CSV file are inputs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Columns {
    /// All of them.
    #[default]
    All,
    /// These, in this order.
    Only(Vec<String>),
    /// All but these.
    Except(Vec<String>),
    /// These, in this order, if the file has a header; all of them otherwise.
    Like(Vec<String>),
}

/// An array, with its name if the file has one.
#[derive(Debug, Clone, PartialEq)]
pub struct Named {
    /// The name, in `.npz` files and ONNX tensors.
    pub name: Option<String>,
    /// The array.
    pub array: Tensor,
    /// Names of the columns that it was made of, from a CSV file's header; empty if there are none.
    pub columns: Vec<String>,
}

/// Why a file holds no arrays.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum ReadError {
    /// A name whose ending says nothing.
    #[error("{name:?} should end in .npy, .npz, .csv, .json or .pb")]
    Format {
        /// The file's name.
        name: String,
    },
    /// A file larger than is read.
    #[error("the file may have {limit} bytes, it has {got}")]
    TooLong {
        /// The limit.
        limit: usize,
        /// Its length.
        got: usize,
    },
    /// Not a file of this kind.
    #[error("not {what}: {reason}")]
    Malformed {
        /// The kind.
        what: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// A line of a CSV file that is no row of numbers.
    #[error("line {line}, column {column}: {reason}")]
    Cell {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong.
        reason: String,
    },
    /// A column that is not there.
    #[error("there is no column {name:?}; there are {known:?}")]
    Column {
        /// The name asked for.
        name: String,
        /// The names in the header.
        known: Vec<String>,
    },
    /// Lengths or cells that make no array.
    #[error(transparent)]
    Tensor(#[from] TensorError),
}

impl Format {
    /// By the ending of a file's name.
    pub fn of(name: &str) -> Result<Self, ReadError> {
        match name.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase()).as_deref() {
            Some("npy") => Ok(Self::Npy),
            Some("npz") => Ok(Self::Npz),
            Some("csv") => Ok(Self::Csv),
            Some("json") => Ok(Self::Json),
            Some("pb") => Ok(Self::Pb),
            _ => Err(ReadError::Format { name: name.into() }),
        }
    }
}

/// Reads a file's arrays; `columns` matters for CSV only.
pub fn read(format: Format, bytes: &[u8], columns: &Columns) -> Result<Vec<Named>, ReadError> {
    let limit = if matches!(format, Format::Csv | Format::Json) { TEXT_BYTES } else { FILE_BYTES };
    if bytes.len() > limit {
        return Err(ReadError::TooLong { limit, got: bytes.len() });
    }
    let unnamed = |array| vec![Named { name: None, array, columns: Vec::new() }];
    match format {
        Format::Npy => npy::read(bytes).map(unnamed),
        Format::Npz => npz::read(bytes),
        Format::Csv => csv(bytes, columns).map(|named| vec![named]),
        Format::Json => json(bytes),
        Format::Pb => {
            let malformed = |error: prost::DecodeError| ReadError::Malformed {
                what: "an ONNX tensor",
                reason: error.to_string(),
            };
            let proto = TensorProto::decode(bytes).map_err(malformed)?;
            let name = (!proto.name.is_empty()).then(|| proto.name.clone());
            Ok(vec![Named { name, array: Tensor::read(&proto)?, columns: Vec::new() }])
        }
    }
}

fn csv(bytes: &[u8], columns: &Columns) -> Result<Named, ReadError> {
    let malformed = |reason: &str| ReadError::Malformed { what: "a CSV file", reason: reason.into() };
    let text = std::str::from_utf8(bytes).map_err(|_| malformed("it is not UTF-8"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).peekable();
    let split = |line: &str| -> Vec<String> {
        line.split(',').map(|cell| cell.trim().trim_matches('"').to_owned()).collect()
    };
    let first = lines.peek().map(|(_, line)| split(line)).ok_or_else(|| malformed("it has no rows"))?;
    // A header is a first row with something in it that is no number.
    let header = first.iter().any(|cell| number(cell).is_none()).then(|| first.clone());
    if header.is_some() {
        lines.next();
    }
    let chosen = choose(header.as_deref(), first.len(), columns)?;
    let mut cells = Vec::new();
    let mut rows = 0;
    for (line, row) in lines {
        let row = split(row);
        if row.len() != first.len() {
            let reason = format!("{} cells are expected, the row has {}", first.len(), row.len());
            return Err(ReadError::Cell { line: line + 1, column: row.len().min(first.len()), reason });
        }
        for &column in &chosen {
            let cell = &row[column];
            let reason = || {
                let shown: String = cell.chars().take(40).collect();
                match header.as_ref().and_then(|names| names.get(column)) {
                    Some(name) => format!("{name:?} is {shown:?}, which is no finite number"),
                    None => format!("{shown:?} is no finite number"),
                }
            };
            let cell = number(cell).ok_or_else(|| ReadError::Cell {
                line: line + 1,
                column: column + 1,
                reason: reason(),
            })?;
            cells.push(cell);
        }
        rows += 1;
    }
    let names = header.map(|header| chosen.iter().map(|&column| header[column].clone()).collect());
    let array = Tensor::new(vec![rows, chosen.len()], cells)?;
    Ok(Named { name: None, array, columns: names.unwrap_or_default() })
}

fn number(cell: &str) -> Option<f64> {
    cell.parse().ok().filter(|number: &f64| number.is_finite())
}

fn choose(header: Option<&[String]>, count: usize, columns: &Columns) -> Result<Vec<usize>, ReadError> {
    let names = match (columns, header) {
        (Columns::All, _) | (Columns::Like(_), None) => return Ok((0..count).collect()),
        (Columns::Only(names) | Columns::Except(names) | Columns::Like(names), _) => names,
    };
    let header = header.ok_or_else(|| ReadError::Malformed {
        what: "a CSV file with a header",
        reason: "columns are named, but its first row has numbers only".into(),
    })?;
    let find = |name: &String| {
        header
            .iter()
            .position(|column| column == name)
            .ok_or_else(|| ReadError::Column { name: name.clone(), known: header.to_vec() })
    };
    let named = names.iter().map(find).collect::<Result<Vec<_>, _>>()?;
    Ok(match columns {
        Columns::Except(_) => (0..count).filter(|column| !named.contains(column)).collect(),
        _ => named,
    })
}

fn json(bytes: &[u8]) -> Result<Vec<Named>, ReadError> {
    let malformed =
        |reason: String| ReadError::Malformed { what: "JSON of the form {\"input_data\": [[…]]}", reason };
    let value: Value = serde_json::from_slice(bytes).map_err(|error| malformed(error.to_string()))?;
    let data = value.get("input_data").and_then(Value::as_array);
    let data = data.ok_or_else(|| malformed("it has no list input_data".into()))?;
    let mut arrays = Vec::with_capacity(data.len());
    for (position, list) in data.iter().enumerate() {
        let mut cells = Vec::new();
        numbers(list, &mut cells)
            .map_err(|got| malformed(format!("input {position} holds {got}, not numbers only")))?;
        let array = Tensor::new(vec![cells.len()], cells)?;
        arrays.push(Named { name: None, array, columns: Vec::new() });
    }
    Ok(arrays)
}

/// All numbers of a list, however nested (serde_json follows 128 levels); else what was found.
fn numbers(value: &Value, cells: &mut Vec<f64>) -> Result<(), &'static str> {
    match value {
        Value::Number(number) => cells.push(number.as_f64().ok_or("a number too large")?),
        Value::Array(list) => list.iter().try_for_each(|value| numbers(value, cells))?,
        Value::Null => return Err("null"),
        Value::Bool(_) => return Err("a boolean"),
        Value::String(_) => return Err("a text"),
        Value::Object(_) => return Err("an object"),
    }
    Ok(())
}
