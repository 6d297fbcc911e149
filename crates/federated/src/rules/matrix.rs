//! A symmetric matrix of inner products, as rules read it.

/// Of as many rows as it has columns. Entries are at most 2^62 in absolute value, so that nothing that rules make of them
/// leaves 128 bits.
pub(super) struct Matrix {
    rows: usize,
    cells: Vec<i128>,
}

impl Matrix {
    /// From its entries.
    pub fn new(rows: usize, entry: impl Fn(usize, usize) -> i128) -> Self {
        let cells =
            (0..rows).flat_map(|i| (0..rows).map(move |j| (i, j))).map(|(i, j)| entry(i, j)).collect();
        Self { rows, cells }
    }

    /// How many rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// `<row_i, row_j>`.
    pub fn at(&self, i: usize, j: usize) -> i128 {
        self.cells.get(i * self.rows + j).copied().unwrap_or(0)
    }

    /// `|row_i|^2`, not below 0.
    pub fn square(&self, i: usize) -> u128 {
        u128::try_from(self.at(i, i)).unwrap_or(0)
    }

    /// `|row_i - row_j|^2`, not below 0: steps before round, and then the matrix is only nearly one of inner products.
    pub fn distance(&self, i: usize, j: usize) -> u128 {
        u128::try_from(self.at(i, i) + self.at(j, j) - 2 * self.at(i, j)).unwrap_or(0)
    }
}
