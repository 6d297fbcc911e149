//! Scalars as signed digits.
//!
//! With c bits and W windows let `O = Σ_{k<W} 2^(c-1)·2^(ck)`. Then the c-bit digits of `s + O`, each less 2^(c-1), are
//! digits of s in `[-2^(c-1), 2^(c-1))`: no carries. It needs `0 <= s + O < 2^(cW)`.

use super::groups::Buckets;
use ark_bn254::Fr;
use ark_ff::{PrimeField, Zero};
use std::ops::Range;

/// Digits of all scalars, window by window.
pub struct Digits {
    width: usize,
    len: usize,
    values: Vec<i16>,
}

/// Digits of 16 bits; wider windows have too many buckets for any size that is proved.
const MAX_WIDTH: usize = 16;

/// What a bucket costs more than one addition for each of its points, in halves of an addition.
#[derive(Debug, Clone, Copy)]
pub struct BucketCost(pub usize);

/// The cheapest width, given how many windows each width takes: a point is added once a window, and a window has 2^(width-1)
/// buckets.
fn best_width(len: usize, bucket: BucketCost, windows: impl Fn(usize) -> usize) -> usize {
    let cost = |width: usize| windows(width) * (2 * len + (bucket.0 << (width - 1))) / 2 + ROUND * width;
    (2..=MAX_WIDTH).min_by_key(|width| cost(*width)).unwrap_or(2)
}

/// Additions that cost as much as one more level of trees, whose batches are small.
const ROUND: usize = 64;

impl Digits {
    /// Of field elements in `[0, r)`: r < 2^254 · 0.76, so cW >= 255 suffices.
    pub fn of_elements(scalars: &[Fr], bucket: BucketCost) -> Self {
        let len = scalars.len();
        // Zeros are in no bucket.
        let used = scalars.iter().filter(|scalar| !scalar.is_zero()).count();
        if used == 0 {
            return Self { width: 1, len, values: Vec::new() };
        }
        let width = best_width(used, bucket, |width| 255usize.div_ceil(width));
        let windows = 255usize.div_ceil(width);
        let mut offset = [0u64; 5];
        for window in 0..windows {
            let bit = window * width + width - 1;
            offset[bit / 64] |= 1 << (bit % 64);
        }
        let mut values = vec![0; len * windows];
        // Some at a time: the windows of one scalar lie a power of two apart, which caches dislike.
        const TILE: usize = 16;
        let mut tile = vec![[0; TILE]; windows];
        for (k, scalars) in scalars.chunks(TILE).enumerate() {
            for (i, scalar) in scalars.iter().enumerate() {
                let sum = add(&scalar.into_bigint().0, &offset);
                for (window, tile) in tile.iter_mut().enumerate() {
                    let bit = window * width;
                    let word = u128::from(sum[bit / 64]) | u128::from(sum[bit / 64 + 1]) << 64;
                    tile[i] = digit((word >> (bit % 64)) as i32, width);
                }
            }
            for (window, tile) in tile.iter().enumerate() {
                let start = window * len + k * TILE;
                values[start..start + scalars.len()].copy_from_slice(&tile[..scalars.len()]);
            }
        }
        Self { width, len, values }
    }

    /// Of integers.
    pub fn of_integers(scalars: impl ExactSizeIterator<Item = i64> + Clone, bucket: BucketCost) -> Self {
        let len = scalars.len();
        let (mut low, mut high, mut used) = (0, 0, 0);
        for x in scalars.clone() {
            (low, high) = (low.min(x), high.max(x));
            used += usize::from(x != 0);
        }
        if used == 0 {
            return Self { width: 1, len, values: Vec::new() };
        }
        // The smallest number of windows that holds both.
        let windows = |width: usize| {
            (1..)
                .find(|windows| {
                    let (least, greatest) = range(width, *windows);
                    least <= low.into() && i128::from(high) <= greatest
                })
                .unwrap_or(1)
        };
        let width = best_width(used, bucket, windows);
        let windows = windows(width);
        let (least, _) = range(width, windows);
        let mut values = vec![0; len * windows];
        for (i, x) in scalars.enumerate() {
            let sum = i128::from(x) - least;
            for window in 0..windows {
                values[window * len + i] = digit((sum >> (window * width)) as i32, width);
            }
        }
        Self { width, len, values }
    }

    /// Bits of a digit.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Digits of a scalar; none if all scalars are zero.
    pub fn windows(&self) -> usize {
        self.values.len().checked_div(self.len).unwrap_or_default()
    }

    /// Makes scalar `i` zero.
    pub fn clear(&mut self, i: usize) {
        for window in self.values.chunks_mut(self.len) {
            window[i] = 0;
        }
    }

    /// For each of these windows the points of buckets 0 (empty), 1, …, 2^(width-1), sorted by counting.
    pub fn buckets(&self, windows: Range<usize>) -> Buckets {
        let size = (1 << (self.width - 1)) + 1;
        let digits = &self.values[windows.start * self.len..windows.end * self.len];
        let mut offsets = vec![0u32; windows.len() * size + 1];
        for (window, digits) in digits.chunks(self.len).enumerate() {
            for digit in digits.iter().filter(|digit| **digit != 0) {
                offsets[window * size + digit.unsigned_abs() as usize + 1] += 1;
            }
        }
        let mut sum = 0;
        for offset in &mut offsets {
            sum += *offset;
            *offset = sum;
        }
        let mut next = offsets.clone();
        let mut entries = vec![0u32; sum as usize];
        for (window, digits) in digits.chunks(self.len).enumerate() {
            for (i, digit) in digits.iter().enumerate().filter(|(_, digit)| **digit != 0) {
                let place = &mut next[window * size + digit.unsigned_abs() as usize];
                entries[*place as usize] = (i as u32) << 1 | u32::from(*digit < 0);
                *place += 1;
            }
        }
        Buckets { offsets, entries }
    }
}

/// The lowest `width` bits, less half of what they can be.
fn digit(bits: i32, width: usize) -> i16 {
    ((bits & ((1 << width) - 1)) - (1 << (width - 1))) as i16
}

/// The sum, and a word of zeros.
fn add(a: &[u64; 4], b: &[u64; 5]) -> [u64; 6] {
    let mut sum = [0; 6];
    let mut carry = 0u128;
    for k in 0..5 {
        carry += u128::from(a.get(k).copied().unwrap_or_default()) + u128::from(b[k]);
        sum[k] = carry as u64;
        carry >>= 64;
    }
    sum
}

/// The least and the greatest integer with that many digits.
fn range(width: usize, windows: usize) -> (i128, i128) {
    let ones: i128 = (0..windows).map(|window| 1i128 << (window * width)).sum();
    (-(ones << (width - 1)), ones * ((1 << (width - 1)) - 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::{AdditiveGroup, Field};

    fn value(digits: &Digits, i: usize) -> Fr {
        (0..digits.windows()).rev().fold(Fr::ZERO, |sum, window| {
            let digit = digits.values[window * digits.len + i];
            assert!(digit.unsigned_abs() <= 1 << (digits.width - 1));
            sum * Fr::from(1u64 << digits.width) + Fr::from(digit)
        })
    }

    #[test]
    fn digits_make_up_their_scalars() {
        let scalars = [Fr::ZERO, Fr::ONE, -Fr::ONE, Fr::from(2u64).inverse().unwrap(), Fr::from(u64::MAX)];
        for len in [5, 100, 10_000, 1_000_000] {
            let many: Vec<Fr> = scalars.iter().copied().cycle().take(len).collect();
            let digits = Digits::of_elements(&many, BucketCost(6));
            for (i, scalar) in scalars.iter().enumerate() {
                assert_eq!(value(&digits, i), *scalar, "width {}", digits.width);
            }
        }
        for extreme in [1i64, 2, 127, 128, 255, 32_767, 32_768, 1 << 17, i32::MAX.into(), i64::MAX] {
            for len in [4, 100_000] {
                let many: Vec<i64> = [extreme, -extreme, 0, 1].into_iter().cycle().take(len).collect();
                let digits = Digits::of_integers(many.iter().copied(), BucketCost(3));
                for i in 0..4 {
                    assert_eq!(value(&digits, i), Fr::from(many[i]), "width {}", digits.width);
                }
            }
        }
        let digits = Digits::of_integers([i64::MIN, -1].into_iter(), BucketCost(6));
        assert_eq!(value(&digits, 0), Fr::from(i64::MIN));
        // As wide as a few scalars among many zeros ask for.
        let mut sparse = vec![Fr::ZERO; 100_000];
        sparse[77_777] = -Fr::ONE;
        let digits = Digits::of_elements(&sparse, BucketCost(6));
        assert_eq!((value(&digits, 77_777), value(&digits, 0)), (-Fr::ONE, Fr::ZERO));
        assert!(digits.width <= 4, "{}", digits.width);
        assert_eq!(Digits::of_elements(&[Fr::ZERO; 3], BucketCost(6)).windows(), 0);
        assert_eq!(Digits::of_integers([0, 0].into_iter(), BucketCost(6)).windows(), 0);
        assert_eq!(Digits::of_integers([].into_iter(), BucketCost(6)).windows(), 0);
    }
}
