//! The parameters of a network: named tensors of f32.

use thiserror::Error;

/// Name and shape of one tensor.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TensorSchema {
    /// The layer's name, then what it is: `.weight` or `.bias`.
    pub name: String,
    /// Lengths of the axes, outermost first.
    pub dims: Vec<usize>,
}

impl TensorSchema {
    /// Number of cells.
    pub fn cells(&self) -> usize {
        self.dims.iter().product()
    }
}

/// Tensors of finite f32, row-major, in the order of their schema.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters {
    schema: Vec<TensorSchema>,
    cells: Vec<Vec<f32>>,
}

/// Why tensors are not a network's parameters.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ParameterError {
    /// Another number of tensors.
    #[error("expected {expected} tensors, got {got}")]
    Tensors {
        /// By the schema.
        expected: usize,
        /// There.
        got: usize,
    },
    /// Another name or shape.
    #[error("expected tensor {expected:?} of shape {dims:?}, got {got:?} of shape {got_dims:?}")]
    Schema {
        /// The name.
        expected: String,
        /// The shape.
        dims: Vec<usize>,
        /// The name that came.
        got: String,
        /// The shape that came.
        got_dims: Vec<usize>,
    },
    /// Another number of cells.
    #[error("tensor {name:?} has {expected} cells, got {got}")]
    Cells {
        /// Which tensor.
        name: String,
        /// By its shape.
        expected: usize,
        /// There.
        got: usize,
    },
    /// Not a number, or infinite.
    #[error("cell {cell} of tensor {name:?} is not a finite number")]
    NotFinite {
        /// Which tensor.
        name: String,
        /// Which cell, row-major.
        cell: usize,
    },
}

impl Parameters {
    /// Tensors of this schema, from cells as many as it says, all of them finite.
    pub fn new(schema: &[TensorSchema], cells: Vec<Vec<f32>>) -> Result<Self, ParameterError> {
        if schema.len() != cells.len() {
            return Err(ParameterError::Tensors { expected: schema.len(), got: cells.len() });
        }
        for (tensor, cells) in schema.iter().zip(&cells) {
            if tensor.cells() != cells.len() {
                let (name, expected) = (tensor.name.clone(), tensor.cells());
                return Err(ParameterError::Cells { name, expected, got: cells.len() });
            }
            if let Some(cell) = cells.iter().position(|cell| !cell.is_finite()) {
                return Err(ParameterError::NotFinite { name: tensor.name.clone(), cell });
            }
        }
        Ok(Self { schema: schema.to_vec(), cells })
    }

    /// All zeros.
    pub fn zeros(schema: &[TensorSchema]) -> Self {
        let cells = schema.iter().map(|tensor| vec![0.0; tensor.cells()]).collect();
        Self { schema: schema.to_vec(), cells }
    }

    /// Names and shapes.
    pub fn schema(&self) -> &[TensorSchema] {
        &self.schema
    }

    /// Cells of each tensor, row-major.
    pub fn cells(&self) -> &[Vec<f32>] {
        &self.cells
    }

    /// The same without the schema.
    pub fn into_cells(self) -> Vec<Vec<f32>> {
        self.cells
    }

    /// Number of cells of all tensors.
    pub fn count(&self) -> usize {
        self.cells.iter().map(Vec::len).sum()
    }

    /// Fails unless names and shapes are these.
    pub fn check(&self, schema: &[TensorSchema]) -> Result<(), ParameterError> {
        if schema.len() != self.schema.len() {
            return Err(ParameterError::Tensors { expected: schema.len(), got: self.schema.len() });
        }
        match schema.iter().zip(&self.schema).find(|(expected, got)| expected != got) {
            None => Ok(()),
            Some((expected, got)) => Err(ParameterError::Schema {
                expected: expected.name.clone(),
                dims: expected.dims.clone(),
                got: got.name.clone(),
                got_dims: got.dims.clone(),
            }),
        }
    }

    /// These less others of the same schema: what training changed.
    pub fn minus(&self, other: &Self) -> Result<Self, ParameterError> {
        other.check(&self.schema)?;
        let differences = |(a, b): (&Vec<f32>, &Vec<f32>)| a.iter().zip(b).map(|(a, b)| a - b).collect();
        Self::new(&self.schema, self.cells.iter().zip(&other.cells).map(differences).collect())
    }

    /// The Euclidean norm over all cells.
    pub fn norm(&self) -> f64 {
        self.cells.iter().flatten().map(|&cell| f64::from(cell) * f64::from(cell)).sum::<f64>().sqrt()
    }
}
