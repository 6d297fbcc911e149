//! Rows of small integers, many cells each: the Gram matrix, exact, and weighted sums. What aggregating updates comes to.
//!
//! The rows lie where they are; what is wider than them is a matrix of n² and a panel that stays in the cache.

use crate::Backend;

/// Cells of a row that are taken at a time: a panel of a hundred rows of them stays in the second-level cache.
const PANEL: usize = 512;

/// Cells of rows.
pub trait Cell: Copy + Sync + 'static {
    /// The cell as a wide integer.
    fn wide(self) -> i64;
    /// The cell, or what is left to -1 of a negative one: as many bits as it takes beside its sign.
    fn bits(self) -> u32;
}

impl Cell for i16 {
    fn wide(self) -> i64 {
        self.into()
    }

    fn bits(self) -> u32 {
        (self ^ (self >> 15)) as u32
    }
}

impl Cell for i32 {
    fn wide(self) -> i64 {
        self.into()
    }

    fn bits(self) -> u32 {
        (self ^ (self >> 31)) as u32
    }
}

/// All inner products of rows of the same length, an n×n matrix row by row. `None` if a row's product with itself is 2^63 or
/// more; otherwise all are exact (no product of two rows is larger than both with themselves).
///
/// # Panics
/// If rows differ in length.
pub fn gram<C: Lanes>(backend: Backend, rows: &[&[C]]) -> Option<Vec<i64>> {
    let cells = same_length(rows);
    for row in rows {
        // Cells are at most 2^bits in size; mostly that is enough to know.
        let bits = u32::BITS - row.iter().fold(0, |all, x| all | x.bits()).leading_zeros();
        if (cells as u128) << (2 * bits) < 1 << 63 {
            continue;
        }
        // Below 2^62 each, and their sum below 2^126.
        let square: u128 = C::square(backend, row);
        if square >= 1 << 63 {
            return None;
        }
    }
    let n = rows.len();
    let mut sums = vec![0i64; n * n];
    C::products(backend, rows, cells, &mut sums);
    for i in 0..n {
        for j in 0..i {
            sums[i * n + j] = sums[j * n + i];
        }
    }
    Some(sums)
}

/// `Σ w_i x_i` over the rows in every cell, divided by 2^shift: the quotient, rounded down, and the remainder.
///
/// # Panics
/// If rows differ in length or number from the weights, if the weights add up to more than 2^31, or if the shift is above 16.
pub fn weighted_sum<C: Lanes>(
    backend: Backend,
    rows: &[&[C]],
    weights: &[u32],
    shift: u32,
) -> (Vec<i64>, Vec<u16>) {
    let cells = same_length(rows);
    assert_eq!(rows.len(), weights.len(), "a weight for each row");
    assert!(
        weights.iter().map(|weight| u64::from(*weight)).sum::<u64>() <= 1 << 31,
        "sums stay inside 63 bits"
    );
    assert!(shift <= 16, "remainders have 16 bits");
    let (mut quotients, mut remainders) = (vec![0; cells], vec![0; cells]);
    C::sum(backend, rows, weights, shift, &mut quotients, &mut remainders);
    (quotients, remainders)
}

fn same_length<C>(rows: &[&[C]]) -> usize {
    let cells = rows.first().map_or(0, |row| row.len());
    assert!(rows.iter().all(|row| row.len() == cells), "rows of one length");
    cells
}

/// Cells for which there is code with lanes.
pub trait Lanes: Cell {
    /// `Σ x²`.
    fn square(backend: Backend, row: &[Self]) -> u128;
    /// Adds the products of the rows i, j with i <= j to the places `i n + j`, modulo 2^64.
    fn products(backend: Backend, rows: &[&[Self]], cells: usize, sums: &mut [i64]);
    /// As [`weighted_sum`].
    fn sum(
        backend: Backend,
        rows: &[&[Self]],
        weights: &[u32],
        shift: u32,
        quotients: &mut [i64],
        remainders: &mut [u16],
    );
}

/// The definitions.
mod reference {
    use super::Cell;

    pub fn square<C: Cell>(row: &[C]) -> u128 {
        row.iter().map(|x| u128::from(x.wide().unsigned_abs()).pow(2)).sum()
    }

    pub fn products<C: Cell>(rows: &[&[C]], sums: &mut [i64]) {
        let n = rows.len();
        for i in 0..n {
            for j in i..n {
                for (x, y) in rows[i].iter().zip(rows[j]) {
                    sums[i * n + j] = sums[i * n + j].wrapping_add(x.wide() * y.wide());
                }
            }
        }
    }

    pub fn sum<C: Cell>(
        rows: &[&[C]],
        weights: &[u32],
        shift: u32,
        quotients: &mut [i64],
        remainders: &mut [u16],
    ) {
        for (cell, (quotient, remainder)) in quotients.iter_mut().zip(remainders).enumerate() {
            let sum: i64 = rows.iter().zip(weights).map(|(row, w)| i64::from(*w) * row[cell].wide()).sum();
            *quotient = sum >> shift;
            *remainder = (sum - (*quotient << shift)) as u16;
        }
    }
}

macro_rules! lanes {
    ($cell:ty, $module:ident) => {
        impl Lanes for $cell {
            fn square(backend: Backend, row: &[Self]) -> u128 {
                match backend {
                    Backend::Reference => reference::square(row),
                    _ => plain::square(row),
                }
            }

            fn products(backend: Backend, rows: &[&[Self]], cells: usize, sums: &mut [i64]) {
                match backend {
                    Backend::Reference => return reference::products(rows, sums),
                    #[cfg(target_arch = "x86_64")]
                    Backend::Ifma if is_x86_feature_detected!("avx512bw") => {
                        // SAFETY: the machine has the feature, and what it implies.
                        return unsafe { $module::products_512(rows, cells, sums) };
                    }
                    #[cfg(target_arch = "x86_64")]
                    _ if is_x86_feature_detected!("avx2") => {
                        // SAFETY: the machine has the feature.
                        return unsafe { $module::products_256(rows, cells, sums) };
                    }
                    _ => (),
                }
                plain::products(rows, cells, sums);
            }

            fn sum(
                backend: Backend,
                rows: &[&[Self]],
                weights: &[u32],
                shift: u32,
                quotients: &mut [i64],
                remainders: &mut [u16],
            ) {
                match backend {
                    Backend::Reference => return reference::sum(rows, weights, shift, quotients, remainders),
                    #[cfg(target_arch = "x86_64")]
                    Backend::Ifma if is_x86_feature_detected!("avx512bw") => {
                        // SAFETY: the machine has the feature, and what it implies.
                        return unsafe { $module::sum_512(rows, weights, shift, quotients, remainders) };
                    }
                    #[cfg(target_arch = "x86_64")]
                    _ if is_x86_feature_detected!("avx2") => {
                        // SAFETY: the machine has the feature.
                        return unsafe { $module::sum_256(rows, weights, shift, quotients, remainders) };
                    }
                    _ => (),
                }
                plain::sum(rows, weights, shift, quotients, remainders);
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
use lanes::{short, word};
lanes!(i16, short);
lanes!(i32, word);

/// Portable code, which a compiler puts into lanes where it is asked to.
mod plain {
    use super::{Cell, PANEL};

    #[inline(always)]
    pub fn square<C: Cell>(row: &[C]) -> u128 {
        // A chunk's sum is below 2^62 times its length.
        let chunk = |chunk: &[C]| {
            let (mut low, mut high) = (0u64, 0u64);
            for x in chunk {
                let square = x.wide().unsigned_abs().pow(2);
                low += square & u64::from(u32::MAX);
                high += square >> 32;
            }
            u128::from(low) + (u128::from(high) << 32)
        };
        row.chunks(1 << 20).map(chunk).sum()
    }

    /// Panel by panel.
    #[inline(always)]
    pub fn products<C: Cell>(rows: &[&[C]], cells: usize, sums: &mut [i64]) {
        let n = rows.len();
        for from in (0..cells).step_by(PANEL) {
            let to = (from + PANEL).min(cells);
            for i in 0..n {
                for j in i..n {
                    let mut sum = 0i64;
                    for (x, y) in rows[i][from..to].iter().zip(&rows[j][from..to]) {
                        sum = sum.wrapping_add(x.wide() * y.wide());
                    }
                    sums[i * n + j] = sums[i * n + j].wrapping_add(sum);
                }
            }
        }
    }

    #[inline(always)]
    pub fn sum<C: Cell>(
        rows: &[&[C]],
        weights: &[u32],
        shift: u32,
        quotients: &mut [i64],
        remainders: &mut [u16],
    ) {
        let mut sums = [0i64; PANEL];
        let outputs = quotients.chunks_mut(PANEL).zip(remainders.chunks_mut(PANEL));
        for (panel, (quotients, remainders)) in outputs.enumerate() {
            let sums = &mut sums[..quotients.len()];
            sums.fill(0);
            for (row, weight) in rows.iter().zip(weights).filter(|(_, weight)| **weight != 0) {
                let row = &row[panel * PANEL..][..sums.len()];
                let weight = i64::from(*weight);
                for (sum, x) in sums.iter_mut().zip(row) {
                    *sum += weight * x.wide();
                }
            }
            for ((sum, quotient), remainder) in sums.iter().zip(quotients).zip(remainders) {
                *quotient = *sum >> shift;
                *remainder = (*sum - (*quotient << shift)) as u16;
            }
        }
    }
}

/// The same with intrinsics.
#[cfg(target_arch = "x86_64")]
mod lanes {
    use std::arch::x86_64::*;

    /// The four by four products of two groups of rows at a time; rows that are not there are the last one again, and what comes
    /// of them is not stored.
    macro_rules! tiles {
        ($n:expr, $sums:expr, |$first:ident, $second:ident| $tile:expr) => {
            for i in (0..$n).step_by(4) {
                for j in (i..$n).step_by(4) {
                    let $first: [usize; 4] = std::array::from_fn(|k| (i + k).min($n - 1));
                    let $second: [usize; 4] = std::array::from_fn(|k| (j + k).min($n - 1));
                    let tile: [[i64; 4]; 4] = $tile;
                    for (a, line) in tile.iter().enumerate() {
                        for (b, value) in line.iter().enumerate() {
                            let (i, j) = (i + a, j + b);
                            if i < $n && j < $n && i <= j {
                                $sums[i * $n + j] = $sums[i * $n + j].wrapping_add(*value);
                            }
                        }
                    }
                }
            }
        };
    }

    pub mod word {
        use super::super::{PANEL, plain};
        use super::*;

        /// Cells whose halves are multiplied: wider ones would leave 32 bits soon.
        const HALVED: i64 = 1 << 22;
        /// Cells of a row that are halved at a time.
        const HALVES: usize = 2 * PANEL;

        #[target_feature(enable = "avx512f,avx512bw")]
        pub fn products_512(rows: &[&[i32]], cells: usize, sums: &mut [i64]) {
            let span = |row: &&[i32]| {
                row.iter().fold((0, 0), |(low, high): (i32, i32), x| (low.min(*x), high.max(*x)))
            };
            let most = rows.iter().map(span).map(|(low, high)| i64::from(low).abs().max(high.into()));
            let most = most.max().unwrap_or(0);
            if most < HALVED {
                halves(rows, cells, u64::BITS - (most as u64).leading_zeros(), sums);
            } else {
                words(rows, cells, sums);
            }
        }

        /// Of cells that are `high 2^shift + low`, products are `hh 2^2shift + (ss - hh - ll) 2^shift + ll` with s the halves' sum
        /// (Karatsuba), and halves are multiplied two at a time.
        #[target_feature(enable = "avx512f,avx512bw")]
        fn halves(rows: &[&[i32]], cells: usize, bits: u32, sums: &mut [i64]) {
            let n = rows.len();
            let shift = bits.div_ceil(2);
            let mask = (1i32 << shift) - 1;
            let (mut high, mut low, mut both) = (vec![0i64; n * n], vec![0i64; n * n], vec![0i64; n * n]);
            // Of 12 bits at most, and their sums.
            let mut panels = [(); 3].map(|()| vec![0i16; n * HALVES]);
            for from in (0..cells).step_by(HALVES) {
                let length = HALVES.min(cells - from);
                for (place, row) in rows.iter().enumerate() {
                    let [highs, lows, sums] =
                        panels.each_mut().map(|panel| &mut panel[place * HALVES..][..length]);
                    let halves = highs.iter_mut().zip(lows).zip(sums);
                    for (x, ((high, low), sum)) in row[from..from + length].iter().zip(halves) {
                        *high = (x >> shift) as i16;
                        *low = (x & mask) as i16;
                        *sum = *high + *low;
                    }
                }
                for (panel, found) in panels.iter().zip([&mut high, &mut low, &mut both]) {
                    let part: Vec<&[i16]> = panel.chunks_exact(HALVES).map(|row| &row[..length]).collect();
                    super::short::products_512(&part, length, found);
                }
            }
            for (((sum, high), low), both) in sums.iter_mut().zip(high).zip(low).zip(both) {
                // Modulo 2^64, where parts may be larger than all of it.
                let cross = both.wrapping_sub(high).wrapping_sub(low);
                let product = (high << (2 * shift)).wrapping_add(cross << shift).wrapping_add(low);
                *sum = sum.wrapping_add(product);
            }
        }

        #[target_feature(enable = "avx512f,avx512bw")]
        fn words(rows: &[&[i32]], cells: usize, sums: &mut [i64]) {
            let n = rows.len();
            let (whole, mut from) = (cells - cells % 8, 0);
            // Rows of the panel in words of 64 bits, of whose lower half the multiplication takes the sign.
            let mut panel = vec![0i64; n * PANEL];
            while from < whole {
                let length = PANEL.min(whole - from);
                for (row, to) in rows.iter().zip(panel.chunks_exact_mut(PANEL)) {
                    for (x, to) in row[from..from + length].iter().zip(to) {
                        *to = i64::from(*x);
                    }
                }
                tiles!(n, sums, |first, second| {
                    let a = first.map(|row| panel[row * PANEL..][..length].as_ptr());
                    let b = second.map(|row| panel[row * PANEL..][..length].as_ptr());
                    let mut tile = [[_mm512_setzero_si512(); 4]; 4];
                    for at in (0..length).step_by(8) {
                        // SAFETY: `length` is a multiple of 8, and so many cells are behind each pointer.
                        let x = a.map(|a| unsafe { _mm512_loadu_epi64(a.add(at)) });
                        // SAFETY: likewise.
                        let y = b.map(|b| unsafe { _mm512_loadu_epi64(b.add(at)) });
                        for p in 0..4 {
                            for q in 0..4 {
                                tile[p][q] = _mm512_add_epi64(tile[p][q], _mm512_mul_epi32(x[p], y[q]));
                            }
                        }
                    }
                    tile.map(|line| line.map(|sum| _mm512_reduce_add_epi64(sum)))
                });
                from += length;
            }
            rest(rows, whole, sums);
        }

        #[target_feature(enable = "avx2")]
        pub fn products_256(rows: &[&[i32]], cells: usize, sums: &mut [i64]) {
            plain::products(rows, cells, sums);
        }

        fn rest(rows: &[&[i32]], whole: usize, sums: &mut [i64]) {
            let rows: Vec<&[i32]> = rows.iter().map(|row| &row[whole..]).collect();
            let cells = rows.first().map_or(0, |row| row.len());
            plain::products(&rows, cells, sums);
        }

        #[target_feature(enable = "avx512f,avx512bw")]
        pub fn sum_512(
            rows: &[&[i32]],
            w: &[u32],
            shift: u32,
            quotients: &mut [i64],
            remainders: &mut [u16],
        ) {
            plain::sum(rows, w, shift, quotients, remainders);
        }

        #[target_feature(enable = "avx2")]
        pub fn sum_256(
            rows: &[&[i32]],
            w: &[u32],
            shift: u32,
            quotients: &mut [i64],
            remainders: &mut [u16],
        ) {
            plain::sum(rows, w, shift, quotients, remainders);
        }
    }

    pub mod short {
        use super::super::{PANEL, plain};
        use super::*;

        /// How many steps of lanes add up without leaving 32 bits, a step adding two products: none for cells of which two products
        /// alone could.
        fn steps(most: i64) -> usize {
            (i64::from(i32::MAX) / (2 * most * most).max(1)).min(1 << 20) as usize
        }

        fn most(rows: &[&[i16]], from: usize, length: usize) -> i64 {
            let of = |row: &[i16]| {
                let (low, high) =
                    row.iter().fold((0, 0), |(low, high): (i16, i16), x| (low.min(*x), high.max(*x)));
                i64::from(low).abs().max(high.into())
            };
            rows.iter().map(|row| of(&row[from..from + length])).max().unwrap_or(0)
        }

        #[target_feature(enable = "avx512f,avx512bw")]
        pub fn products_512(rows: &[&[i16]], cells: usize, sums: &mut [i64]) {
            let n = rows.len();
            let panel = 4 * PANEL;
            let (whole, mut from) = (cells - cells % 32, 0);
            while from < whole {
                let length = panel.min(whole - from);
                let steps = steps(most(rows, from, length));
                if steps == 0 {
                    // -2^15 twice in a pair: as words.
                    let words: Vec<Vec<i32>> = rows
                        .iter()
                        .map(|row| row[from..from + length].iter().map(|x| i32::from(*x)).collect())
                        .collect();
                    let words: Vec<&[i32]> = words.iter().map(Vec::as_slice).collect();
                    super::word::products_512(&words, length, sums);
                    from += length;
                    continue;
                }
                tiles!(n, sums, |first, second| {
                    let a = first.map(|row| rows[row][from..from + length].as_ptr());
                    let b = second.map(|row| rows[row][from..from + length].as_ptr());
                    let mut tile = [[0i64; 4]; 4];
                    let mut at = 0;
                    while at < length {
                        let end = length.min(at + 32 * steps);
                        let mut part = [[_mm512_setzero_si512(); 4]; 4];
                        while at < end {
                            // SAFETY: `length` is a multiple of 32, and so many cells are behind each pointer.
                            let x = a.map(|a| unsafe { _mm512_loadu_epi16(a.add(at)) });
                            // SAFETY: likewise.
                            let y = b.map(|b| unsafe { _mm512_loadu_epi16(b.add(at)) });
                            for p in 0..4 {
                                for q in 0..4 {
                                    part[p][q] = _mm512_add_epi32(part[p][q], _mm512_madd_epi16(x[p], y[q]));
                                }
                            }
                            at += 32;
                        }
                        for p in 0..4 {
                            for q in 0..4 {
                                let low = _mm512_cvtepi32_epi64(_mm512_castsi512_si256(part[p][q]));
                                let high = _mm512_cvtepi32_epi64(_mm512_extracti64x4_epi64::<1>(part[p][q]));
                                tile[p][q] += _mm512_reduce_add_epi64(_mm512_add_epi64(low, high));
                            }
                        }
                    }
                    tile
                });
                from += length;
            }
            let rest: Vec<&[i16]> = rows.iter().map(|row| &row[whole..]).collect();
            plain::products(&rest, cells - whole, sums);
        }

        #[target_feature(enable = "avx2")]
        pub fn products_256(rows: &[&[i16]], cells: usize, sums: &mut [i64]) {
            plain::products(rows, cells, sums);
        }

        #[target_feature(enable = "avx512f,avx512bw")]
        pub fn sum_512(
            rows: &[&[i16]],
            w: &[u32],
            shift: u32,
            quotients: &mut [i64],
            remainders: &mut [u16],
        ) {
            plain::sum(rows, w, shift, quotients, remainders);
        }

        #[target_feature(enable = "avx2")]
        pub fn sum_256(
            rows: &[&[i16]],
            w: &[u32],
            shift: u32,
            quotients: &mut [i64],
            remainders: &mut [u16],
        ) {
            plain::sum(rows, w, shift, quotients, remainders);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Code without lanes, which machines with them never run.
    #[test]
    fn portable_code_is_the_definition() {
        let cells: Vec<i32> = (0..3 * 700i32).map(|i| i.wrapping_mul(1_103_515_245)).collect();
        let rows: Vec<&[i32]> = cells.chunks(700).collect();
        let (mut sums, mut expected) = (vec![1; 9], vec![1; 9]);
        plain::products(&rows, 700, &mut sums);
        reference::products(&rows, &mut expected);
        assert_eq!(sums, expected);
        assert_eq!(plain::square(rows[0]), reference::square(rows[0]));
        let weights = [0, 65_536, 3];
        let (mut quotients, mut remainders) = (vec![0; 700], vec![0; 700]);
        plain::sum(&rows, &weights, 16, &mut quotients, &mut remainders);
        let (mut expected, mut rests) = (vec![0; 700], vec![0; 700]);
        reference::sum(&rows, &weights, 16, &mut expected, &mut rests);
        assert_eq!((quotients, remainders), (expected, rests));
    }
}
