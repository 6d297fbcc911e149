//! Outputs that say of each score only whether it is large enough.

use crate::{Function, Table, TableError};

/// What `1` means in an output that says whether scores reach a threshold, so that it can be checked: the output's table
/// is 1 at an index where the score's table is at least `least`, and 0 elsewhere.
///
/// The score itself is computed by nobody but whoever runs the model: steps know the output's table alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Threshold {
    /// The score at each index of the output's table, which has as many bits.
    pub score: Table,
    /// Scores stand for `integer * 2^-exponent`.
    pub exponent: i8,
    /// The smallest score that says 1.
    pub least: i32,
}

impl Threshold {
    /// The output's table.
    pub fn indicator(&self) -> Result<Table, TableError> {
        let says = |score: &i32| i32::from(*score >= self.least);
        Table::new(self.score.bits(), Function::Listed(self.score.outputs().iter().map(says).collect()))
    }

    /// What the smallest score that says 1 stands for.
    pub fn real(&self) -> f64 {
        f64::from(self.least) * self.unit()
    }

    /// What a score of 1 stands for.
    pub fn unit(&self) -> f64 {
        (-f64::from(self.exponent)).exp2()
    }

    /// The scores at indices of the output's table; none if one is outside of it.
    pub fn scores(&self, indices: &[i32]) -> Option<Vec<i32>> {
        indices.iter().map(|&index| self.score.at(index.into())).collect()
    }
}
