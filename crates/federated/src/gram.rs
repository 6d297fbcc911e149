//! The Gram matrix of a round's rows, with the checks that the contract makes ([F2.4], [F2.5]).

use thiserror::Error;

/// Most updates of a round.
pub const MAX_UPDATES: usize = 128;
/// Largest bound of a squared norm, of either half: products of two rows and their sums stay far inside an `i64`.
pub const MAX_SQUARE: u64 = 1 << 62;

/// Which rows there are. Half A: updates, then the previous aggregate, then the root update. Half B: as many cumulative
/// updates as there are updates, of the same participants in the same order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Revealed updates that stand: 1 to [`MAX_UPDATES`].
    pub updates: usize,
    /// Whether the previous aggregate is a row.
    pub previous: bool,
    /// Whether a root update is a row.
    pub root: bool,
    /// Whether there is a half B.
    pub history: bool,
}

impl Shape {
    fn check(&self, limits: Limits) -> Result<(), GramError> {
        if self.updates == 0 || self.updates > MAX_UPDATES {
            return Err(GramError::Updates { got: self.updates });
        }
        match [limits.update, limits.history].into_iter().find(|limit| *limit > MAX_SQUARE) {
            Some(got) => Err(GramError::Limit { got }),
            None => Ok(()),
        }
    }

    /// Rows of half A.
    pub fn rows(&self) -> usize {
        self.updates + usize::from(self.previous) + usize::from(self.root)
    }

    /// The row of the previous aggregate in half A.
    pub fn previous_row(&self) -> Option<usize> {
        self.previous.then_some(self.updates)
    }

    /// The row of the root update in half A.
    pub fn root_row(&self) -> Option<usize> {
        self.root.then_some(self.updates + usize::from(self.previous))
    }

    /// Entries of both triangles.
    pub fn entries(&self) -> usize {
        triangle(self.rows()) + if self.history { triangle(self.updates) } else { 0 }
    }
}

/// Entries of the upper triangle of an n×n matrix, its diagonal among them.
fn triangle(n: usize) -> usize {
    n * (n + 1) / 2
}

/// Largest squared norms that were proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Of an update: the task's B².
    pub update: u64,
    /// Of a cumulative update: (rounds·B)².
    pub history: u64,
}

/// A matrix that obeys its limits. Every inner product of two rows is at most 2^62 in absolute value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gram {
    shape: Shape,
    /// Half A in full, row by row.
    rows: Vec<i64>,
    /// Half B in full, row by row; empty if there is none.
    history: Vec<i64>,
}

impl Gram {
    /// From the upper triangles row by row, half A's first.
    ///
    /// # Errors
    /// Says which number, entry or pair of rows does not fit.
    pub fn new(shape: Shape, limits: Limits, entries: &[i64]) -> Result<Self, GramError> {
        shape.check(limits)?;
        if entries.len() != shape.entries() {
            return Err(GramError::Length { expected: shape.entries(), got: entries.len() });
        }
        let (a, b) = entries.split_at_checked(triangle(shape.rows())).unwrap_or_default();
        // A reference is no participant's: its length is bounded by what made it, and here only so that nothing overflows.
        let rows =
            full(
                Half::Round,
                shape.rows(),
                a,
                |row| {
                    if row < shape.updates { limits.update } else { MAX_SQUARE }
                },
            )?;
        let history = match shape.history {
            true => full(Half::History, shape.updates, b, |_| limits.history)?,
            false => Vec::new(),
        };
        Ok(Self { shape, rows, history })
    }

    /// From bytes: the same entries, each 8 bytes, big-endian, two's complement.
    ///
    /// # Errors
    /// As [`Gram::new`].
    pub fn decode(shape: Shape, limits: Limits, bytes: &[u8]) -> Result<Self, GramError> {
        shape.check(limits)?;
        let (words, rest) = bytes.as_chunks::<8>();
        if !rest.is_empty() || words.len() != shape.entries() {
            return Err(GramError::Bytes { expected: shape.entries() * 8, got: bytes.len() });
        }
        let entries: Vec<i64> = words.iter().map(|word| i64::from_be_bytes(*word)).collect();
        Self::new(shape, limits, &entries)
    }

    /// The bytes that [`Gram::decode`] reads.
    pub fn encode(&self) -> Vec<u8> {
        self.entries().into_iter().flat_map(i64::to_be_bytes).collect()
    }

    /// The upper triangles, as [`Gram::new`] takes them.
    pub fn entries(&self) -> Vec<i64> {
        let mut entries = upper(&self.rows, self.shape.rows());
        entries.extend(upper(&self.history, self.shape.updates));
        entries
    }

    /// Which rows there are.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// `<row_i, row_j>` of half A; 0 outside of it.
    pub fn at(&self, i: usize, j: usize) -> i64 {
        at(&self.rows, self.shape.rows(), i, j)
    }

    /// `<row_i, row_j>` of half B; 0 outside of it, or if there is none.
    pub fn history_at(&self, i: usize, j: usize) -> i64 {
        at(&self.history, self.shape.updates, i, j)
    }
}

fn at(cells: &[i64], n: usize, i: usize, j: usize) -> i64 {
    if i >= n || j >= n { 0 } else { cells.get(i * n + j).copied().unwrap_or(0) }
}

fn upper(cells: &[i64], n: usize) -> Vec<i64> {
    cells.chunks(n).enumerate().flat_map(|(i, row)| row.iter().skip(i).copied()).collect()
}

/// The whole matrix of a triangle, if it obeys `limit` of each row and every pair the inequality of Cauchy and Schwarz.
fn full(half: Half, n: usize, triangle: &[i64], limit: impl Fn(usize) -> u64) -> Result<Vec<i64>, GramError> {
    let mut cells = vec![0; n * n];
    let mut entries = triangle.iter().copied();
    let pairs = (0..n).flat_map(|i| (i..n).map(move |j| (i, j)));
    for ((i, j), entry) in pairs.clone().zip(&mut entries) {
        for place in [i * n + j, j * n + i] {
            if let Some(cell) = cells.get_mut(place) {
                *cell = entry;
            }
        }
    }
    for row in 0..n {
        let square = at(&cells, n, row, row);
        if u64::try_from(square).map_or(true, |square| square > limit(row)) {
            return Err(GramError::Square { half, row, got: square, limit: limit(row) });
        }
    }
    for (i, j) in pairs {
        let product = u128::from(at(&cells, n, i, j).unsigned_abs());
        let squares = [i, j].map(|row| u128::from(at(&cells, n, row, row).unsigned_abs()));
        // Of 64 bits each.
        if product * product > squares.iter().product() {
            return Err(GramError::Product { half, i, j, got: at(&cells, n, i, j) });
        }
    }
    Ok(cells)
}

/// Which triangle an error is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Half {
    /// Half A: this round's updates and references.
    Round,
    /// Half B: cumulative updates.
    History,
}

/// Why numbers are not the Gram matrix of a round.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GramError {
    /// No updates, or too many.
    #[error("a round aggregates 1 to {MAX_UPDATES} updates, not {got}")]
    Updates {
        /// How many.
        got: usize,
    },
    /// A limit that lets sums overflow.
    #[error("a squared norm may be bounded by at most 2^62, not {got}")]
    Limit {
        /// The limit.
        got: u64,
    },
    /// Another number of entries.
    #[error("the triangles have {expected} entries, but {got} came")]
    Length {
        /// By the rows.
        expected: usize,
        /// What came.
        got: usize,
    },
    /// Another number of bytes.
    #[error("the triangles take {expected} bytes, but {got} came")]
    Bytes {
        /// Eight an entry.
        expected: usize,
        /// What came.
        got: usize,
    },
    /// A squared norm below 0 or above what was proved.
    #[error("row {row} of half {half:?} has the squared norm {got}, outside of 0 to {limit}")]
    Square {
        /// Where.
        half: Half,
        /// Which row.
        row: usize,
        /// Its entry of the diagonal.
        got: i64,
        /// The largest allowed.
        limit: u64,
    },
    /// Larger than the rows' lengths allow.
    #[error("rows {i} and {j} of half {half:?} cannot have the inner product {got}: they are too short")]
    Product {
        /// Where.
        half: Half,
        /// The first row.
        i: usize,
        /// The second.
        j: usize,
        /// The entry.
        got: i64,
    },
}

#[cfg(test)]
mod tests;
