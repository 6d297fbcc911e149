//! Sample inputs, from the formats they come in.
//!
//! Every reader is bounded and strict: what is not wholly understood is refused with what was expected.

mod npy;
mod npz;
mod read;

pub use read::{Columns, FILE_BYTES, Format, Named, ReadError, TEXT_BYTES, read};

use crate::{
    network::{Network, ValueId},
    tensor::Tensor,
};
use averment_plan::Plan;
use thiserror::Error;

/// Items of samples: for each item, the cells of each input.
#[derive(Debug, Clone, PartialEq)]
pub struct Samples {
    count: usize,
    /// For each input its cells, item after item.
    inputs: Vec<Vec<f64>>,
}

/// Why arrays are no samples of a network.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum SamplesError {
    /// Another number of arrays than inputs.
    #[error("the network has {expected} inputs, there are arrays for {got}")]
    Inputs {
        /// Of the network.
        expected: usize,
        /// Given.
        got: usize,
    },
    /// Cells that do not make whole items.
    #[error("input {name:?} has {cells} cells an item, {got} cells are no whole number of items")]
    Cells {
        /// The input.
        name: String,
        /// Cells of one item.
        cells: usize,
        /// Cells given.
        got: usize,
    },
    /// Inputs with different numbers of items.
    #[error("input {name:?} has {got} items, the first input has {expected}")]
    Items {
        /// The input.
        name: String,
        /// Of the first input.
        expected: usize,
        /// Of this one.
        got: usize,
    },
    /// A number that is none.
    #[error("input {name:?}: cell {cell} is not a finite number")]
    NotFinite {
        /// The input.
        name: String,
        /// The cell, over all items.
        cell: usize,
    },
}

/// What samples are made for: names of inputs, each with the cells of one item.
type Inputs = Vec<(String, usize)>;

impl Samples {
    /// Arrays, one for each of a network's inputs in order, each some whole number of items.
    pub fn new(network: &Network, arrays: Vec<Tensor>) -> Result<Self, SamplesError> {
        Self::of(&of_network(network), arrays)
    }

    /// Arrays as a file has them: by name if all names are inputs' names, in order otherwise.
    pub fn named(network: &Network, arrays: Vec<Named>) -> Result<Self, SamplesError> {
        Self::sorted(&of_network(network), arrays)
    }

    /// The same for the inputs of a plan.
    pub fn for_plan(plan: &Plan, arrays: Vec<Named>) -> Result<Self, SamplesError> {
        let inputs = plan.inputs().iter().map(|input| (input.name.clone(), input.shape.cells()));
        Self::sorted(&inputs.collect(), arrays)
    }

    fn of(inputs: &Inputs, arrays: Vec<Tensor>) -> Result<Self, SamplesError> {
        if arrays.len() != inputs.len() {
            return Err(SamplesError::Inputs { expected: inputs.len(), got: arrays.len() });
        }
        let mut count = None;
        for ((name, cells), array) in inputs.iter().zip(&arrays) {
            let (name, cells) = (|| name.clone(), (*cells).max(1));
            if array.len() % cells != 0 {
                return Err(SamplesError::Cells { name: name(), cells, got: array.len() });
            }
            if let Some(cell) = array.cells.iter().position(|cell| !cell.is_finite()) {
                return Err(SamplesError::NotFinite { name: name(), cell });
            }
            let got = array.len() / cells;
            match count {
                None => count = Some(got),
                Some(expected) if expected == got => {}
                Some(expected) => return Err(SamplesError::Items { name: name(), expected, got }),
            }
        }
        Ok(Self { count: count.unwrap_or(0), inputs: arrays.into_iter().map(|array| array.cells).collect() })
    }

    fn sorted(inputs: &Inputs, mut arrays: Vec<Named>) -> Result<Self, SamplesError> {
        let place = |named: &Named| {
            let own = named.name.as_deref()?;
            inputs.iter().position(|(name, _)| name == own)
        };
        if arrays.iter().all(|named| place(named).is_some()) {
            arrays.sort_by_key(|named| place(named));
        }
        Self::of(inputs, arrays.into_iter().map(|named| named.array).collect())
    }

    /// How many items.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The items: for each the cells of each input.
    pub fn items(&self) -> impl Iterator<Item = Vec<&[f64]>> + '_ {
        (0..self.count).map(|item| {
            let of = |cells: &'_ [f64]| {
                let length = cells.len() / self.count;
                item * length..(item + 1) * length
            };
            self.inputs.iter().map(|cells| &cells[of(cells)]).collect()
        })
    }

    /// At most so many items, from the beginning.
    pub fn first(&self, count: usize) -> Self {
        let kept = count.min(self.count);
        let part = |cells: &Vec<f64>| cells[..cells.len() / self.count.max(1) * kept].to_vec();
        Self { count: kept, inputs: self.inputs.iter().map(part).collect() }
    }
}

fn of_network(network: &Network) -> Inputs {
    let cells = |value: ValueId| network.dims[value.0].iter().product();
    network.inputs.iter().map(|input| (input.name.clone(), cells(input.value))).collect()
}

#[cfg(test)]
mod tests;
