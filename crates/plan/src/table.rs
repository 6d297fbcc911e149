//! Function tables: activation, clamp and requantisation in one look-up.

use crate::{Range, limits};
use thiserror::Error;

/// A function from signed integers of `bits` bits to integers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Table {
    bits: u8,
    function: Function,
}

/// What a table's outputs are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Function {
    /// `min(max(index, low), high)`: the identity, saturation, ReLU.
    Clamp {
        /// The smallest output; an index of the table.
        low: i32,
        /// The largest output; an index of the table, not below `low`.
        high: i32,
    },
    /// The outputs one by one, that of the smallest index first.
    Listed(Vec<i32>),
}

/// Why something is no table.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum TableError {
    /// An index too narrow or too wide.
    #[error("a table's index has 1 to {} bits, got {got}", limits::TABLE_BITS)]
    Bits {
        /// The width.
        got: u8,
    },
    /// Not one output for each index.
    #[error("a table of {bits} bits has {} outputs, got {got}", 1u64 << bits)]
    Length {
        /// The width of the index.
        bits: u8,
        /// How many outputs there are.
        got: usize,
    },
    /// An output too large.
    #[error("a table's outputs lie within plus and minus {}, got {got}", limits::TABLE_OUTPUT)]
    Output {
        /// The output.
        got: i32,
    },
    /// The ends of a clamp are not indices, or the wrong way round.
    #[error(
        "a clamp's ends are indices of the table, the lower first; got {low} and {high} with {bits} bits"
    )]
    Clamp {
        /// The width of the index.
        bits: u8,
        /// The lower end.
        low: i32,
        /// The upper end.
        high: i32,
    },
}

impl Table {
    /// A table over signed indices of `bits` bits.
    pub fn new(bits: u8, function: Function) -> Result<Self, TableError> {
        if bits == 0 || bits > limits::TABLE_BITS {
            return Err(TableError::Bits { got: bits });
        }
        match &function {
            Function::Clamp { low, high } => {
                let ends = Range { low: (*low).into(), high: (*high).into() };
                if low > high || !Range::signed(bits).contains(ends) {
                    return Err(TableError::Clamp { bits, low: *low, high: *high });
                }
            }
            Function::Listed(outputs) => {
                if outputs.len() != 1 << bits {
                    return Err(TableError::Length { bits, got: outputs.len() });
                }
                let large = |got: &&i32| got.unsigned_abs() > limits::TABLE_OUTPUT.unsigned_abs();
                if let Some(&got) = outputs.iter().find(large) {
                    return Err(TableError::Output { got });
                }
            }
        }
        Ok(Self { bits, function })
    }

    /// Width of the index.
    pub fn bits(&self) -> u8 {
        self.bits
    }

    /// What the outputs are.
    pub fn function(&self) -> &Function {
        &self.function
    }

    /// The smallest index, `-2^(bits-1)`.
    pub fn first(&self) -> i32 {
        -(1 << (self.bits - 1))
    }

    /// The indices.
    pub fn indices(&self) -> Range {
        Range::signed(self.bits)
    }

    /// The output at `index`; none outside of the table.
    pub fn at(&self, index: i64) -> Option<i32> {
        let row = usize::try_from(index.checked_sub(self.first().into())?).ok()?;
        if row >> self.bits != 0 {
            return None;
        }
        match &self.function {
            Function::Clamp { low, high } => i32::try_from(index.clamp((*low).into(), (*high).into())).ok(),
            Function::Listed(outputs) => outputs.get(row).copied(),
        }
    }

    /// All outputs, that of the smallest index first: the column that is committed.
    pub fn outputs(&self) -> Vec<i32> {
        match &self.function {
            Function::Listed(outputs) => outputs.clone(),
            Function::Clamp { low, high } => {
                let first = self.first();
                (0..1 << self.bits).map(|row: i32| (first + row).clamp(*low, *high)).collect()
            }
        }
    }

    /// The smallest interval around the outputs at `indices`, which lie in the table.
    pub fn image(&self, indices: Range) -> Range {
        match &self.function {
            Function::Clamp { low, high } => Range {
                low: indices.low.clamp((*low).into(), (*high).into()),
                high: indices.high.clamp((*low).into(), (*high).into()),
            },
            Function::Listed(outputs) => {
                let first = i128::from(self.first());
                let row = |index: i128| {
                    usize::try_from((index - first).clamp(0, (1 << self.bits) - 1)).unwrap_or(0)
                };
                let part = outputs.get(row(indices.low)..=row(indices.high)).unwrap_or(outputs);
                Range {
                    low: part.iter().min().copied().unwrap_or(0).into(),
                    high: part.iter().max().copied().unwrap_or(0).into(),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_that_are_no_functions_are_refused() {
        let bits = |bits| Table::new(bits, Function::Clamp { low: 0, high: 0 });
        assert_eq!(bits(0), Err(TableError::Bits { got: 0 }));
        assert_eq!(bits(21), Err(TableError::Bits { got: 21 }));
        assert_eq!(Table::new(3, Function::Listed(vec![0; 7])), Err(TableError::Length { bits: 3, got: 7 }));
        let got = limits::TABLE_OUTPUT + 1;
        assert_eq!(Table::new(1, Function::Listed(vec![0, got])), Err(TableError::Output { got }));
        assert_eq!(
            Table::new(1, Function::Listed(vec![i32::MIN, 0])),
            Err(TableError::Output { got: i32::MIN })
        );
        for (low, high) in [(1, 0), (-5, 0), (0, 4)] {
            assert_eq!(
                Table::new(3, Function::Clamp { low, high }),
                Err(TableError::Clamp { bits: 3, low, high })
            );
        }
    }

    #[test]
    fn outputs_of_both_kinds_agree() {
        let clamp = Table::new(4, Function::Clamp { low: -2, high: 5 }).unwrap();
        let listed = Table::new(4, Function::Listed(clamp.outputs())).unwrap();
        for index in -9..9 {
            assert_eq!(clamp.at(index), listed.at(index));
            assert_eq!(clamp.at(index).is_some(), (-8..8).contains(&index));
        }
        assert_eq!(clamp.at(i64::MIN), None);
        assert_eq!(clamp.at(i64::MAX), None);
        for low in -8..8 {
            for high in low..8 {
                let indices = Range { low, high };
                assert_eq!(clamp.image(indices), listed.image(indices));
            }
        }
    }
}
