//! Input schemas: what the integers of an input mean and how they are laid out, apart from any model.
//!
//! An input is committed to under a schema, before a request or a proof exists; any plan whose inputs are the schema's
//! can then be run on it. So a schema may be older than the models that share it, and has a digest of its own.
//!
//! What turns a file (an image, a row of a table) into the tensor is outside of any proof. The schema names that code by
//! digest, and whoever signs a commitment answers for having run it.

use crate::{Input, Plan, PlanDecodeError, PlanError, codec, limits, validate};
use averment_primitives::{B256, keccak256};
use thiserror::Error;

/// The fewest and the most cells of a chunk, as powers of two: the protocol's bounds.
const CHUNK_BITS: std::ops::RangeInclusive<u8> = 4..=28;

/// Inputs, their layout, and the code that makes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    inputs: Vec<Input>,
    chunk_bits: u8,
    code: B256,
}

/// Why something is no schema, not the schema of a plan, or values do not fit it.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum SchemaError {
    /// Not the bytes of this format.
    #[error(transparent)]
    Bytes(#[from] PlanDecodeError),
    /// An input that no plan can have.
    #[error(transparent)]
    Input(#[from] PlanError),
    /// Chunks that the protocol does not have.
    #[error("chunks of 2^{got} cells; 2^{} to 2^{} expected", CHUNK_BITS.start(), CHUNK_BITS.end())]
    ChunkBits {
        /// What it says.
        got: u8,
    },
    /// Two inputs of the same name.
    #[error("inputs {first} and {second} are both called {name:?}")]
    SameName {
        /// One position.
        first: usize,
        /// The other.
        second: usize,
        /// The name.
        name: String,
    },
    /// The plan takes other inputs.
    #[error("input {input}: the plan's is not the schema's ({what})")]
    OtherPlan {
        /// The position.
        input: usize,
        /// What is different.
        what: &'static str,
    },
    /// Too many or too few tensors.
    #[error("{expected} input tensors expected, got {got}")]
    Tensors {
        /// How many the schema has.
        expected: usize,
        /// How many came.
        got: usize,
    },
    /// No items, or too many.
    #[error("1 to {} items expected, got {got}", limits::BATCH)]
    Items {
        /// How many came.
        got: usize,
    },
    /// A tensor of another size.
    #[error("input {input} ({name}): {expected} values expected, got {got}")]
    Cells {
        /// The position.
        input: usize,
        /// The input's name.
        name: String,
        /// How many there must be.
        expected: usize,
        /// How many came.
        got: usize,
    },
    /// A value outside of the declared range. The value is private and not named.
    #[error("input {input} ({name}): value {cell} is not in the declared range, {low} to {high}")]
    OutOfRange {
        /// The position.
        input: usize,
        /// The input's name.
        name: String,
        /// Which of the values.
        cell: usize,
        /// The smallest value.
        low: i128,
        /// The largest.
        high: i128,
    },
}

impl Schema {
    /// A schema of these inputs in chunks of `2^chunk_bits` cells, made by the code with the digest `code`.
    pub fn new(inputs: Vec<Input>, chunk_bits: u8, code: B256) -> Result<Self, SchemaError> {
        if inputs.is_empty() || inputs.len() > limits::INPUTS {
            let error = PlanError::Count { what: "inputs", limit: limits::INPUTS, got: inputs.len() };
            return Err(error.into());
        }
        for (position, input) in inputs.iter().enumerate() {
            validate::check_input(position, input)?;
            if let Some(first) = inputs.iter().take(position).position(|other| other.name == input.name) {
                return Err(SchemaError::SameName { first, second: position, name: input.name.clone() });
            }
        }
        if !CHUNK_BITS.contains(&chunk_bits) {
            return Err(SchemaError::ChunkBits { got: chunk_bits });
        }
        Ok(Self { inputs, chunk_bits, code })
    }

    /// Reads `averment-input-schema/1`: exactly the bytes that [`Schema::encode`] writes.
    pub fn decode(bytes: &[u8]) -> Result<Self, SchemaError> {
        let (inputs, chunk_bits, code) = codec::decode_schema(bytes)?;
        Self::new(inputs, chunk_bits, code)
    }

    /// The canonical bytes (docs/formats.md).
    pub fn encode(&self) -> Vec<u8> {
        codec::encode_schema(self)
    }

    /// `keccak256` of the canonical bytes, which statements name.
    pub fn digest(&self) -> B256 {
        keccak256(self.encode())
    }

    /// The inputs, in order.
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// A chunk has `2^chunk_bits` cells.
    pub fn chunk_bits(&self) -> u8 {
        self.chunk_bits
    }

    /// Digest of the code that makes the tensors; zero if that is the plain reading of numbers.
    pub fn code(&self) -> B256 {
        self.code
    }

    /// Whether the inputs are those of `plan`: shapes, ranges and scales in order. Names are the model's own affair.
    pub fn check_plan(&self, plan: &Plan) -> Result<(), SchemaError> {
        let (ours, theirs) = (&self.inputs, plan.inputs());
        if ours.len() != theirs.len() {
            return Err(SchemaError::Tensors { expected: ours.len(), got: theirs.len() });
        }
        for (input, (own, other)) in ours.iter().zip(theirs).enumerate() {
            let what = if own.shape != other.shape {
                "shape"
            } else if own.range() != other.range() {
                "range"
            } else if own.scales != other.scales {
                "scales"
            } else {
                continue;
            };
            return Err(SchemaError::OtherPlan { input, what });
        }
        Ok(())
    }

    /// Bits of each input's block for `items` items: the batch, rounded up to a power of two, before all axes.
    pub fn blocks(&self, items: usize) -> Result<Vec<u8>, SchemaError> {
        if items == 0 || items > limits::BATCH {
            return Err(SchemaError::Items { got: items });
        }
        let batch = items.next_power_of_two().trailing_zeros();
        let bits = self.inputs.iter().map(|input| u8::try_from(input.shape.bits().saturating_add(batch)));
        Ok(bits.map(|bits| bits.unwrap_or(u8::MAX)).collect())
    }

    /// Checks that `tensors` hold `items` items each (real cells, row-major, one item after the other) in the declared
    /// ranges.
    pub fn check(&self, tensors: &[Vec<i32>], items: usize) -> Result<(), SchemaError> {
        if items == 0 || items > limits::BATCH {
            return Err(SchemaError::Items { got: items });
        }
        if tensors.len() != self.inputs.len() {
            return Err(SchemaError::Tensors { expected: self.inputs.len(), got: tensors.len() });
        }
        for (position, (input, values)) in self.inputs.iter().zip(tensors).enumerate() {
            let name = || input.name.clone();
            let expected = input.shape.cells().saturating_mul(items);
            if values.len() != expected {
                return Err(SchemaError::Cells {
                    input: position,
                    name: name(),
                    expected,
                    got: values.len(),
                });
            }
            let range = input.range();
            if let Some(cell) = values
                .iter()
                .position(|&value| i128::from(value) < range.low || i128::from(value) > range.high)
            {
                let (low, high) = (range.low, range.high);
                return Err(SchemaError::OutOfRange { input: position, name: name(), cell, low, high });
            }
        }
        Ok(())
    }

    /// One input's values in padded layout, zero in padded cells: the block that is committed, but for missing items.
    pub fn padded(&self, input: usize, values: &[i32]) -> Vec<i32> {
        self.inputs.get(input).map(|input| input.shape.pad(values, 0)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
