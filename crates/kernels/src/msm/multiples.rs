//! Many multiples of one point.
//!
//! Scalars become signed digits of c bits; a table holds the multiples of the point that a digit can stand for, for each
//! window. A result is then a sum of one table entry a window, and sums of many groups of points are what [`super::groups`]
//! is for.

use super::{
    Point, adder,
    groups::{Buckets, Groups},
};
use crate::Backend;
use ark_bn254::{Fr, G1Affine, G1Projective};
use ark_ec::{AdditiveGroup, AffineRepr, CurveGroup};
use ark_ff::PrimeField;

/// Scalars are less than 2^254; one more bit for the carry out of signed digits.
const BITS: usize = 255;
/// Results that are summed up together: enough to share inversions, and few enough for the cache.
const AT_ONCE: usize = 1 << 12;

/// `scalars[i]·base` for all i; `base` is on the curve.
///
/// # Panics
/// If this machine cannot run `backend`.
pub fn multiples(backend: Backend, base: &G1Affine, scalars: &[Fr]) -> Vec<G1Affine> {
    assert!(backend.is_available(), "this machine cannot run {backend:?}");
    if backend == Backend::Reference || base.is_zero() {
        let multiples: Vec<G1Projective> = scalars.iter().map(|scalar| *base * scalar).collect();
        return G1Projective::normalize_batch(&multiples);
    }
    let width = best_width(scalars.len());
    let half = 1 << (width - 1);
    let mut table = vec![Point::IDENTITY; BITS.div_ceil(width) * half];
    let mut groups = Groups::new(adder(backend));
    adder(backend).encode(&table_of(base, width), &mut table);
    let mut multiples = Vec::with_capacity(scalars.len());
    for scalars in scalars.chunks(AT_ONCE) {
        let mut buckets = Buckets::default();
        for scalar in scalars {
            for (window, digit) in digits(scalar, width).enumerate() {
                // Entry d - 1 of a window is d times its point; what is odd is negated.
                let entry = (window * half + digit.unsigned_abs() as usize).wrapping_sub(1) << 1;
                if digit != 0 {
                    buckets.entries.push(entry as u32 | u32::from(digit < 0));
                }
            }
            buckets.offsets.push(buckets.entries.len() as u32);
        }
        multiples.extend(groups.sum(&table, &buckets).iter().map(|point| groups.decode(point)));
    }
    multiples
}

/// The width that takes the fewest additions: the table's, which are dearer, and one a window for each scalar.
fn best_width(len: usize) -> usize {
    (2..=16).min_by_key(|width| BITS.div_ceil(*width) * (len + (4 << (width - 1)))).unwrap_or(2)
}

/// `d·2^(width·window)·base` for each window and `0 < d <= 2^(width-1)`.
fn table_of(base: &G1Affine, width: usize) -> Vec<G1Affine> {
    let mut table = Vec::with_capacity(BITS.div_ceil(width) << (width - 1));
    let mut unit = G1Projective::from(*base);
    for _ in 0..BITS.div_ceil(width) {
        let affine = unit.into_affine();
        let mut multiple = G1Projective::ZERO;
        for _ in 0..1 << (width - 1) {
            multiple += affine;
            table.push(multiple);
        }
        (0..width).for_each(|_| {
            unit.double_in_place();
        });
    }
    G1Projective::normalize_batch(&table)
}

/// Digits in `(-2^(width-1), 2^(width-1)]`, the lowest first.
fn digits(scalar: &Fr, width: usize) -> impl Iterator<Item = i32> {
    let words = scalar.into_bigint().0;
    let word = move |place: usize| u128::from(words.get(place).copied().unwrap_or_default());
    let mut carry = 0;
    (0..BITS.div_ceil(width)).map(move |window| {
        let bit = window * width;
        let bits = (word(bit / 64) | word(bit / 64 + 1) << 64) >> (bit % 64);
        let digit = (bits as i32 & ((1 << width) - 1)) + carry;
        carry = i32::from(digit > 1 << (width - 1));
        digit - (carry << width)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::{AdditiveGroup, Field, One};

    fn scalars() -> Vec<Fr> {
        let mut scalars = vec![Fr::ZERO, Fr::one(), -Fr::one(), Fr::from(2_u64).inverse().unwrap()];
        scalars.extend((0..254).map(|bit| Fr::from(2_u64).pow([bit])));
        scalars.extend((0..254).map(|bit| -Fr::from(2_u64).pow([bit])));
        let step = Fr::from(0x9e37_79b9_7f4a_7c15_u64).pow([3]);
        scalars.extend((1..200_u64).map(|power| step.pow([power])));
        scalars
    }

    #[test]
    fn digits_add_up() {
        for width in 2..=16 {
            for scalar in scalars() {
                let mut sum = Fr::ZERO;
                for (window, digit) in digits(&scalar, width).enumerate() {
                    assert!(digit.abs() <= 1 << (width - 1));
                    sum += Fr::from(digit) * Fr::from(2_u64).pow([(window * width) as u64]);
                }
                assert_eq!(sum, scalar, "width {width}");
            }
        }
    }

    #[test]
    fn all_backends_multiply_alike() {
        let generator = G1Affine::generator();
        let other = (generator * Fr::from(77_u64)).into_affine();
        for base in [generator, other, G1Affine::identity()] {
            let expected = multiples(Backend::Reference, &base, &scalars());
            for backend in Backend::available() {
                assert_eq!(multiples(backend, &base, &scalars()), expected, "{backend:?}");
                assert!(multiples(backend, &base, &[]).is_empty());
                // More than are summed up at once.
                let many: Vec<Fr> = scalars().into_iter().cycle().take(AT_ONCE + 3).collect();
                let many = multiples(backend, &base, &many);
                assert!(many.iter().zip(expected.iter().cycle()).all(|(a, b)| a == b), "{backend:?}");
            }
        }
    }
}
