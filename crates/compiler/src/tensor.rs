//! Tensors of reals, row-major: constants and what flows through a float run.

use crate::onnx::TensorProto;
use thiserror::Error;

/// The largest tensor in cells.
pub const CELLS: usize = 1 << 26;
/// The most axes.
pub const RANK: usize = 8;

/// A tensor of reals.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Lengths of the axes, outermost first; none for a single number.
    pub dims: Vec<usize>,
    /// Cells, row-major.
    pub cells: Vec<f64>,
}

/// Why something is no tensor.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum TensorError {
    /// Too many axes or cells, or a negative length.
    #[error("a tensor has at most {RANK} axes and {CELLS} cells, got the lengths {dims:?}")]
    Dims {
        /// The lengths.
        dims: Vec<i64>,
    },
    /// Another number of cells than the lengths say.
    #[error("the lengths say {expected} cells, there are {got}")]
    Cells {
        /// By the lengths.
        expected: usize,
        /// There.
        got: usize,
    },
    /// A type of cells that is not read.
    #[error("cells of ONNX type {got} are not read; float, double, float16 and integers are")]
    Type {
        /// The type's number in ONNX.
        got: i32,
    },
    /// Cells in another file.
    #[error("the cells are in another file; save the model with its data inside")]
    External,
    /// A number that is none.
    #[error("cell {cell} is not a finite number")]
    NotFinite {
        /// The cell, row-major.
        cell: usize,
    },
}

impl Tensor {
    /// A tensor of these lengths and cells.
    pub fn new(dims: Vec<usize>, cells: Vec<f64>) -> Result<Self, TensorError> {
        let expected = cell_count(&dims)?;
        if expected != cells.len() {
            return Err(TensorError::Cells { expected, got: cells.len() });
        }
        Ok(Self { dims, cells })
    }

    /// A single number.
    pub fn number(value: f64) -> Self {
        Self { dims: Vec::new(), cells: vec![value] }
    }

    /// Reads a constant of an ONNX file; all types of numbers become reals.
    pub fn read(proto: &TensorProto) -> Result<Self, TensorError> {
        let bad = || TensorError::Dims { dims: proto.dims.clone() };
        let dims: Vec<usize> = proto
            .dims
            .iter()
            .map(|&dim| usize::try_from(dim))
            .collect::<Result<_, _>>()
            .map_err(|_| bad())?;
        let expected = cell_count(&dims)?;
        if proto.data_location != 0 || !proto.external_data.is_empty() {
            return Err(TensorError::External);
        }
        let raw = &proto.raw_data;
        let cells: Vec<f64> = match (proto.data_type, raw.is_empty()) {
            (1, false) => words(raw, |word| f32::from_le_bytes(word).into()),
            (1, true) => proto.float_data.iter().map(|&cell| cell.into()).collect(),
            (11, false) => words(raw, f64::from_le_bytes),
            (11, true) => proto.double_data.clone(),
            (7, false) => words(raw, |word| i64::from_le_bytes(word) as f64),
            (7, true) => proto.int64_data.iter().map(|&cell| cell as f64).collect(),
            (6, false) => words(raw, |word| i32::from_le_bytes(word).into()),
            (2 | 9, false) => raw.iter().map(|&cell| cell.into()).collect(),
            (3, false) => raw.iter().map(|&cell| (cell as i8).into()).collect(),
            (4, false) => words(raw, |word| u16::from_le_bytes(word).into()),
            (5, false) => words(raw, |word| i16::from_le_bytes(word).into()),
            (10, false) => words(raw, |word| half(u16::from_le_bytes(word))),
            (10, true) => proto.int32_data.iter().map(|&cell| half(cell as u16)).collect(),
            (2..=6 | 9, true) => proto.int32_data.iter().map(|&cell| cell.into()).collect(),
            (got, _) => return Err(TensorError::Type { got }),
        };
        if cells.len() != expected {
            return Err(TensorError::Cells { expected, got: cells.len() });
        }
        if let Some(cell) = cells.iter().position(|cell| cell.is_nan()) {
            return Err(TensorError::NotFinite { cell });
        }
        Ok(Self { dims, cells })
    }

    /// Number of cells.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether there are no cells.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// The only cell, if there is one only.
    pub fn single(&self) -> Option<f64> {
        match self.cells.as_slice() {
            [cell] => Some(*cell),
            _ => None,
        }
    }

    /// All cells as integers, if they are.
    pub fn integers(&self) -> Option<Vec<i64>> {
        self.cells.iter().map(|&cell| (cell.fract() == 0.0).then_some(cell as i64)).collect()
    }
}

/// Cells of a tensor of these lengths.
pub fn cell_count(dims: &[usize]) -> Result<usize, TensorError> {
    let count = dims.iter().try_fold(1usize, |cells, &dim| cells.checked_mul(dim));
    match count.filter(|&count| count <= CELLS && dims.len() <= RANK) {
        Some(count) => Ok(count),
        None => Err(TensorError::Dims { dims: dims.iter().map(|&dim| dim as i64).collect() }),
    }
}

/// How far apart neighbours along each axis are.
pub fn strides(dims: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; dims.len()];
    for axis in (1..dims.len()).rev() {
        strides[axis - 1] = strides[axis] * dims[axis];
    }
    strides
}

/// Calls with all coordinates below the lengths, the last fastest.
pub fn each(dims: &[usize], mut visit: impl FnMut(&[usize])) {
    if dims.contains(&0) {
        return;
    }
    let mut at = vec![0usize; dims.len()];
    loop {
        visit(&at);
        let mut axis = dims.len();
        loop {
            let Some(next) = axis.checked_sub(1) else { return };
            axis = next;
            at[axis] += 1;
            if at[axis] < dims[axis] {
                break;
            }
            at[axis] = 0;
        }
    }
}

fn words<const N: usize>(raw: &[u8], read: impl Fn([u8; N]) -> f64) -> Vec<f64> {
    // What is left over at the end is caught as a wrong number of cells.
    raw.chunks(N).map(|word| <[u8; N]>::try_from(word).map_or(f64::NAN, &read)).collect()
}

/// IEEE 754 binary16.
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    let magnitude = match exponent {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + fraction) * 2f64.powi(exponent - 25),
    };
    if bits >> 15 == 1 { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_read() {
        for (bits, value) in [(0x3c00, 1.0), (0xc000, -2.0), (0x0001, 2f64.powi(-24)), (0x7bff, 65504.0)] {
            assert_eq!(half(bits), value);
        }
    }

    #[test]
    fn constants_that_are_none_are_refused() {
        let read = |dims: &[i64], data_type, raw_data: Vec<u8>| {
            Tensor::read(&TensorProto { dims: dims.to_vec(), data_type, raw_data, ..Default::default() })
        };
        assert_eq!(read(&[2], 1, vec![0, 0, 128, 63, 0, 0, 0, 64]).unwrap().cells, [1.0, 2.0]);
        assert_eq!(read(&[3], 1, vec![0; 8]), Err(TensorError::Cells { expected: 3, got: 2 }));
        assert!(read(&[2], 1, vec![0; 7]).is_err());
        assert_eq!(read(&[1], 8, vec![0; 8]), Err(TensorError::Type { got: 8 }));
        for dims in [vec![-1], vec![1 << 40, 1 << 40], vec![1 << 27], vec![1; 9]] {
            assert_eq!(read(&dims, 1, vec![]), Err(TensorError::Dims { dims }));
        }
        assert_eq!(read(&[1], 1, f32::NAN.to_le_bytes().to_vec()), Err(TensorError::NotFinite { cell: 0 }));
    }
}
