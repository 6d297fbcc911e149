//! Sums of products with rows of weights: on 64-bit integers, or, where nothing can overflow, on 16-bit ones, of which a
//! processor multiplies many at once.

use std::ops::AddAssign;

/// Rows of weights that operands are multiplied with.
pub(super) trait Dot {
    /// What an operand's cells are.
    type Cell: Copy + AddAssign;

    /// A tensor's cell times a term's coefficient.
    fn cell(coefficient: i64, cell: i32) -> Self::Cell;

    /// Cells of an operand; those beyond the weights' are zero.
    fn width(&self) -> usize;

    /// `Σ operand_i · weight_i` with the weights of a row; zero if there is no such row.
    fn dot(&self, operand: &[Self::Cell], row: usize) -> i64;

    /// The same with four rows.
    fn four(&self, operand: &[Self::Cell], rows: [usize; 4]) -> [i64; 4] {
        rows.map(|row| self.dot(operand, row))
    }
}

/// Any weights and operands.
pub(super) struct Wide<'a> {
    /// Row after row.
    pub weights: &'a [i32],
    /// Cells of a row.
    pub run: usize,
}

impl Dot for Wide<'_> {
    type Cell = i64;

    fn cell(coefficient: i64, cell: i32) -> i64 {
        coefficient * i64::from(cell)
    }

    fn width(&self) -> usize {
        self.run
    }

    fn dot(&self, operand: &[i64], row: usize) -> i64 {
        let weights = self.weights.get(row * self.run..(row + 1) * self.run).unwrap_or_default();
        operand.iter().zip(weights).map(|(&x, &w)| x * i64::from(w)).sum()
    }
}

/// Weights and operands of 16 bits, whose products are summed up in 32 bits as far as that is room.
pub(super) struct Narrow {
    /// Rows, each padded with zeros to whole lanes.
    weights: Vec<i16>,
    /// Cells of a padded row.
    width: usize,
    /// So many products fit 32 bits together.
    part: usize,
}

/// Rows are padded to multiples of this.
const LANES: usize = 16;
/// The largest absolute value of a cell: with it two products fit 31 bits.
const LARGEST: u64 = i16::MAX as u64;

impl Narrow {
    /// Rows of `run` weights for operands that are at most `largest` by absolute value; none if these or the weights
    /// are too large.
    pub fn new(weights: &[i32], run: usize, largest: u64) -> Option<Self> {
        let heaviest = weights.iter().fold(0, |heaviest, weight| heaviest.max(weight.unsigned_abs()));
        let heaviest = u64::from(heaviest);
        if largest > LARGEST || heaviest > LARGEST {
            return None;
        }
        let products = (i32::MAX as u64) / (largest * heaviest).max(1);
        let part = usize::try_from(products).unwrap_or(usize::MAX) / LANES * LANES;
        if part == 0 {
            return None;
        }
        let width = run.checked_next_multiple_of(LANES)?;
        let mut narrow = Vec::with_capacity((weights.len() / run.max(1)).checked_mul(width)?);
        for row in weights.chunks(run.max(1)) {
            // They fit, as was found above.
            narrow.extend(row.iter().map(|&weight| weight as i16));
            narrow.resize(narrow.len().next_multiple_of(LANES), 0);
        }
        Some(Self { weights: narrow, width, part })
    }
}

impl Dot for Narrow {
    type Cell = i16;

    fn cell(coefficient: i64, cell: i32) -> i16 {
        // The product fits, so its low bits are all there is.
        (coefficient as i16).wrapping_mul(cell as i16)
    }

    fn width(&self) -> usize {
        self.width
    }

    fn dot(&self, operand: &[i16], row: usize) -> i64 {
        let weights = self.weights.get(row * self.width..(row + 1) * self.width).unwrap_or_default();
        let parts = operand.chunks(self.part).zip(weights.chunks(self.part));
        parts.map(|(operand, weights)| i64::from(short(operand, weights))).sum()
    }

    fn four(&self, operand: &[i16], rows: [usize; 4]) -> [i64; 4] {
        if operand.len() > self.part {
            return rows.map(|row| self.dot(operand, row));
        }
        // Operands are read once for all.
        let row = |row: usize| self.weights.get(row * self.width..(row + 1) * self.width).unwrap_or_default();
        let [a, b, c, d] = rows.map(row);
        let mut sums = [0i32; 4];
        for ((((x, a), b), c), d) in operand.iter().zip(a).zip(b).zip(c).zip(d) {
            for (sum, w) in sums.iter_mut().zip([a, b, c, d]) {
                *sum = sum.wrapping_add(i32::from(*x) * i32::from(*w));
            }
        }
        sums.map(i64::from)
    }
}

/// The sum of products, which fits; written so that compilers make one instruction of eight products or more.
fn short(operand: &[i16], weights: &[i16]) -> i32 {
    let products = operand.iter().zip(weights).map(|(&x, &w)| i32::from(x) * i32::from(w));
    products.fold(0, i32::wrapping_add)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn both(operand: &[i32], weights: &[i32]) -> Option<(i64, i64)> {
        let largest = operand.iter().map(|cell| cell.unsigned_abs()).max()?;
        let narrow = Narrow::new(weights, operand.len(), largest.into())?;
        let mut cells: Vec<i16> = operand.iter().map(|&cell| Narrow::cell(1, cell)).collect();
        cells.resize(narrow.width(), 0);
        let wide = Wide { weights, run: operand.len() };
        let operand: Vec<i64> = operand.iter().map(|&cell| Wide::cell(1, cell)).collect();
        let last = weights.len() / operand.len() - 1;
        assert_eq!(narrow.dot(&cells, last + 1), 0, "there is no such row");
        let rows = [last, 0, last, 0];
        assert_eq!(narrow.four(&cells, rows), wide.four(&operand, rows));
        Some((narrow.dot(&cells, last), wide.dot(&operand, last)))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn both_are_the_same(
            cells in prop::collection::vec((-8191..=8191, -1023..=1023, -1023..=1023), 1..200),
        ) {
            let operand: Vec<i32> = cells.iter().map(|(operand, ..)| *operand).collect();
            let weights: Vec<i32> =
                cells.iter().map(|(_, weight, _)| *weight).chain(cells.iter().map(|(.., weight)| *weight)).collect();
            let (narrow, wide) = both(&operand, &weights).unwrap();
            prop_assert_eq!(narrow, wide);
        }
    }

    #[test]
    fn the_largest_sums_do_not_wrap() {
        for (operand, weight) in [(8191, 16383), (-8191, 16383), (32767, 4096), (-32767, -4096), (1, -32767)]
        {
            for run in [1, 15, 16, 17, 400] {
                let (narrow, wide) = both(&vec![operand; run], &vec![weight; 2 * run]).unwrap();
                assert_eq!(narrow, wide);
                assert_eq!(wide, i64::from(operand) * i64::from(weight) * run as i64);
            }
        }
    }

    #[test]
    fn what_does_not_fit_stays_wide() {
        for (operand, weight) in
            [(32768, 1), (-32768, 1), (1, 32768), (1, -32768), (1 << 13, 1 << 15), (32767, 32767)]
        {
            assert_eq!(both(&[operand; 4], &[weight; 4]), None);
        }
        assert_eq!(both(&[0; 4], &[0; 4]), Some((0, 0)));
    }
}
