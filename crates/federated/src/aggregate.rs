//! The weighted sum by definition ([F2.1]); `averment_kernels::weighted_sum` is the same, fast.

use crate::rules::{ONE, Weights};
use thiserror::Error;

/// What the weights make of the rows: per cell `floor(Σ w x / D)`, and the remainder, below D.
///
/// # Errors
/// If there are as many rows as weights no more, or rows of several lengths.
pub fn aggregate(weights: &Weights, rows: &[&[i32]]) -> Result<(Vec<i64>, Vec<u16>), AggregateError> {
    let weights = weights.all();
    if rows.len() != weights.len() {
        return Err(AggregateError::Rows { expected: weights.len(), got: rows.len() });
    }
    let cells = rows.first().map_or(0, |row| row.len());
    if let Some(row) = rows.iter().position(|row| row.len() != cells) {
        let got = rows.get(row).map_or(0, |row| row.len());
        return Err(AggregateError::Cells { row, expected: cells, got });
    }
    // Weights add up to at most 2^22: sums are below 2^53.
    let mut sums = vec![0i64; cells];
    for (weight, row) in weights.iter().zip(rows) {
        for (sum, cell) in sums.iter_mut().zip(*row) {
            *sum += i64::from(*weight) * i64::from(*cell);
        }
    }
    let one = i64::from(ONE);
    // What `rem_euclid` leaves is below 2^16.
    Ok(sums.iter().map(|sum| (sum.div_euclid(one), sum.rem_euclid(one) as u16)).unzip())
}

/// Why rows do not go with weights.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AggregateError {
    /// Another number of rows.
    #[error("there are {expected} weights, but {got} rows came")]
    Rows {
        /// One for each weight.
        expected: usize,
        /// What came.
        got: usize,
    },
    /// A row of another length.
    #[error("row {row} has {got} cells, the first one {expected}")]
    Cells {
        /// Which.
        row: usize,
        /// The first row's cells.
        expected: usize,
        /// Its own.
        got: usize,
    },
}

#[cfg(test)]
mod tests;
