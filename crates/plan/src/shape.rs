//! Shapes, and where a tensor's cells lie.

use crate::limits;
use thiserror::Error;

/// The lengths of a tensor's axes, outermost first. Never empty, no length is 0, and the padded cells are bounded
/// by [`limits::CELLS`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Shape {
    dims: Vec<u32>,
}

/// Why lengths are no shape.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum ShapeError {
    /// No axes, or too many.
    #[error("a tensor has 1 to {} axes, got {got}", limits::RANK)]
    Rank {
        /// The number of axes.
        got: usize,
    },
    /// An axis without cells.
    #[error("axis {axis} has length 0")]
    Empty {
        /// The axis, from 0, outermost first.
        axis: usize,
    },
    /// More cells than a tensor may have.
    #[error("at most {} padded cells are allowed in a tensor, {dims:?} has more", limits::CELLS)]
    TooLarge {
        /// The lengths.
        dims: Vec<u32>,
    },
}

impl Shape {
    /// A shape of these lengths, outermost axis first.
    pub fn new(dims: impl Into<Vec<u32>>) -> Result<Self, ShapeError> {
        let dims = dims.into();
        if dims.is_empty() || dims.len() > limits::RANK {
            return Err(ShapeError::Rank { got: dims.len() });
        }
        if let Some(axis) = dims.iter().position(|&dim| dim == 0) {
            return Err(ShapeError::Empty { axis });
        }
        let cells = dims.iter().try_fold(1u64, |cells, &dim| {
            cells.checked_mul(u64::from(dim).next_power_of_two()).filter(|&cells| cells <= limits::CELLS)
        });
        match cells {
            Some(_) => Ok(Self { dims }),
            None => Err(ShapeError::TooLarge { dims }),
        }
    }

    /// Lengths, outermost axis first.
    pub fn dims(&self) -> &[u32] {
        &self.dims
    }

    /// Number of axes.
    pub fn rank(&self) -> usize {
        self.dims.len()
    }

    /// The length of one axis.
    pub fn dim(&self, axis: usize) -> Option<u32> {
        self.dims.get(axis).copied()
    }

    /// Real cells.
    pub fn cells(&self) -> usize {
        self.dims.iter().map(|&dim| dim as usize).product()
    }

    /// Bits of the index of each axis, outermost first.
    pub fn axis_bits(&self) -> impl DoubleEndedIterator<Item = u32> + '_ {
        self.dims.iter().map(|dim| dim.next_power_of_two().trailing_zeros())
    }

    /// Bits of a cell's index.
    pub fn bits(&self) -> u32 {
        self.axis_bits().sum()
    }

    /// Cells with padding: a power of two.
    pub fn padded_cells(&self) -> usize {
        1 << self.bits()
    }

    /// Lengths with padding, outermost axis first.
    pub fn padded_dims(&self) -> impl Iterator<Item = usize> + '_ {
        self.dims.iter().map(|dim| dim.next_power_of_two() as usize)
    }

    /// How far apart neighbours along each axis are, in padded cells, outermost axis first.
    pub fn padded_strides(&self) -> Vec<usize> {
        let mut stride = 1;
        let mut strides: Vec<usize> = self
            .axis_bits()
            .rev()
            .map(|bits| {
                let this = stride;
                stride <<= bits;
                this
            })
            .collect();
        strides.reverse();
        strides
    }

    /// Whether padding adds any cells.
    pub fn has_padding(&self) -> bool {
        self.dims.iter().any(|dim| !dim.is_power_of_two())
    }

    /// The padded index of every real cell, in row-major order of the real cells.
    pub fn real_cells(&self) -> impl Iterator<Item = usize> + '_ {
        let strides = self.padded_strides();
        let mut at = vec![0u32; self.dims.len()];
        (0..self.cells()).map(move |_| {
            let cell = at.iter().zip(&strides).map(|(&index, &stride)| index as usize * stride).sum();
            for (index, &dim) in at.iter_mut().zip(&self.dims).rev() {
                *index += 1;
                if *index < dim {
                    break;
                }
                *index = 0;
            }
            cell
        })
    }

    /// Real cells (row-major, some whole number of items) in padded layout; cells between them hold `fill`.
    pub fn pad<T: Copy>(&self, values: &[T], fill: T) -> Vec<T> {
        let padded = self.padded_cells();
        let mut out = Vec::with_capacity(values.len().div_ceil(self.cells()) * padded);
        for item in values.chunks(self.cells()) {
            let start = out.len();
            out.resize(start + padded, fill);
            for (&value, cell) in item.iter().zip(self.real_cells()) {
                if let Some(place) = out.get_mut(start + cell) {
                    *place = value;
                }
            }
        }
        out
    }

    /// The real cells of items in padded layout, row-major.
    pub fn unpad<T: Copy>(&self, padded: &[T]) -> Vec<T> {
        padded
            .chunks_exact(self.padded_cells())
            .flat_map(|item| self.real_cells().filter_map(|cell| item.get(cell).copied()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_that_are_no_shape_are_refused() {
        assert_eq!(Shape::new([]), Err(ShapeError::Rank { got: 0 }));
        assert_eq!(Shape::new([1; 7]), Err(ShapeError::Rank { got: 7 }));
        assert_eq!(Shape::new([3, 0]), Err(ShapeError::Empty { axis: 1 }));
        // Products that would wrap in 32 and in 64 bits.
        for dims in [vec![1 << 16, 1 << 16], vec![u32::MAX; 6], vec![1 << 26, 2]] {
            assert_eq!(Shape::new(dims.clone()), Err(ShapeError::TooLarge { dims }));
        }
        assert!(Shape::new([1 << 26]).is_ok());
    }

    #[test]
    fn the_last_axis_has_the_lowest_bits() {
        let shape = Shape::new([2, 3, 5]).unwrap();
        assert_eq!(shape.padded_strides(), [32, 8, 1]);
        assert_eq!(shape.padded_cells(), 64);
        let values: Vec<i32> = (0..60).collect();
        let padded = shape.pad(&values, -1);
        assert_eq!(padded.len(), 128);
        assert_eq!(
            (padded[0], padded[4], padded[5], padded[8], padded[24], padded[32]),
            (0, 4, -1, 5, -1, 15)
        );
        assert_eq!(padded[64], 30);
        assert_eq!(shape.unpad(&padded), values);
    }
}
