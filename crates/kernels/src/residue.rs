//! One element for the portable kernels: ark's Montgomery form, reduced lazily and without branches.
//!
//! Values are below 2p, and 4p < 2^256. Ark compares and branches after every addition, which mispredicts half of the
//! time; here a mask decides, and multiplication needs no correction at all: with factors below 2p the result is
//! below `(4p² + 2^256 p)/2^256 < 1.76p`.

use ark_ff::{BigInt, Fp, MontBackend, MontConfig};
use std::{
    marker::PhantomData,
    ops::{Add, Mul, Sub},
};

/// An element of the field with modulus p, below 2p.
pub struct Residue<M>(pub [u64; 4], PhantomData<M>);

// Derived, these would ask for `M: Copy`.
impl<M> Copy for Residue<M> {}
impl<M> Clone for Residue<M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M: MontConfig<4>> Residue<M> {
    pub const ONE: Self = Self(M::R.0, PhantomData);

    const TWICE: [u64; 4] = {
        let p = M::MODULUS.0;
        assert!(p[3] < 1 << 62, "4p < 2^256");
        [p[0] << 1, p[1] << 1 | p[0] >> 63, p[2] << 1 | p[1] >> 63, p[3] << 1 | p[2] >> 63]
    };

    /// From words below 2p.
    #[inline(always)]
    pub fn from_words(words: [u64; 4]) -> Self {
        Self(words, PhantomData)
    }

    /// `x + x`.
    #[inline(always)]
    pub fn double(self) -> Self {
        self + self
    }

    /// `2p - x` for x that is not 0; below 2p.
    #[inline(always)]
    pub fn negated(self) -> Self {
        Self::from_words(subtract(Self::TWICE, self.0).0)
    }

    /// `-x` if so, else `x`; x is not 0.
    #[inline(always)]
    pub fn negated_if(self, negate: bool) -> Self {
        let mask = u64::from(negate).wrapping_neg();
        let other = self.negated().0;
        Self::from_words(std::array::from_fn(|i| self.0[i] ^ (self.0[i] ^ other[i]) & mask))
    }

    /// The same element below p.
    #[inline(always)]
    pub fn canonical(self) -> Fp<MontBackend<M, 4>, 4> {
        Fp::new_unchecked(BigInt(subtract_if_not_less(self.0, M::MODULUS.0)))
    }
}

impl<M: MontConfig<4>> From<Fp<MontBackend<M, 4>, 4>> for Residue<M> {
    #[inline(always)]
    fn from(x: Fp<MontBackend<M, 4>, 4>) -> Self {
        Self(x.0.0, PhantomData)
    }
}

impl<M: MontConfig<4>> Add for Residue<M> {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        let mut sum = [0; 4];
        let mut carry = false;
        for i in 0..4 {
            (sum[i], carry) = add_words(self.0[i], other.0[i], carry);
        }
        Self::from_words(subtract_if_not_less(sum, Self::TWICE))
    }
}

impl<M: MontConfig<4>> Sub for Residue<M> {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        let (mut rest, borrow) = subtract(self.0, other.0);
        let mask = u64::from(borrow).wrapping_neg();
        let mut carry = false;
        for i in 0..4 {
            (rest[i], carry) = add_words(rest[i], Self::TWICE[i] & mask, carry);
        }
        Self::from_words(rest)
    }
}

impl<M: MontConfig<4>> Mul for Residue<M> {
    type Output = Self;

    /// Word by word: `t = (t + a·b_i + m·p)/2^64`, below a + 2p < 4p, so that t never needs a fifth word.
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        let (a, p) = (self.0, M::MODULUS.0);
        let mut t = [0u64; 4];
        for b in other.0 {
            let (low, mut carry) = multiply_add(t[0], a[0], b, 0);
            let m = low.wrapping_mul(M::INV);
            let (_, mut reduction) = multiply_add(low, m, p[0], 0);
            for j in 1..4 {
                let sum;
                (sum, carry) = multiply_add(t[j], a[j], b, carry);
                (t[j - 1], reduction) = multiply_add(sum, m, p[j], reduction);
            }
            t[3] = carry.wrapping_add(reduction);
        }
        Self::from_words(t)
    }
}

/// `t + a·b + carry`, low and high word.
#[inline(always)]
fn multiply_add(t: u64, a: u64, b: u64, carry: u64) -> (u64, u64) {
    let sum = u128::from(t) + u128::from(a) * u128::from(b) + u128::from(carry);
    (sum as u64, (sum >> 64) as u64)
}

#[inline(always)]
fn add_words(a: u64, b: u64, carry: bool) -> (u64, bool) {
    let (sum, first) = a.overflowing_add(b);
    let (sum, second) = sum.overflowing_add(u64::from(carry));
    (sum, first | second)
}

/// `a - b` modulo 2^256, and whether it is negative.
#[inline(always)]
pub fn subtract(a: [u64; 4], b: [u64; 4]) -> ([u64; 4], bool) {
    let mut rest = [0; 4];
    let mut borrow = false;
    for i in 0..4 {
        let (t, first) = a[i].overflowing_sub(b[i]);
        let (t, second) = t.overflowing_sub(u64::from(borrow));
        (rest[i], borrow) = (t, first | second);
    }
    (rest, borrow)
}

/// `a - b` if that is not negative, else a.
#[inline(always)]
pub fn subtract_if_not_less(a: [u64; 4], b: [u64; 4]) -> [u64; 4] {
    let (rest, borrow) = subtract(a, b);
    let keep = u64::from(borrow).wrapping_neg();
    std::array::from_fn(|i| rest[i] ^ (rest[i] ^ a[i]) & keep)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_bn254::{Fr, FrConfig};
    use ark_ff::{AdditiveGroup, Field, PrimeField};

    #[test]
    fn residues_compute_as_ark_does() {
        let mut below = Fr::MODULUS;
        below.0[0] -= 1;
        let values = [
            Fr::ZERO,
            Fr::ONE,
            -Fr::ONE,
            Fr::new_unchecked(BigInt([1, 0, 0, 0])),
            Fr::new_unchecked(below),
            Fr::from(0x1234_5678_9abc_def1u64).inverse().unwrap(),
        ];
        // Each value as it is, and p higher.
        let forms = |x: Fr| {
            let p = Residue::<FrConfig>::from_words(Fr::MODULUS.0);
            let high = Residue::from_words(std::array::from_fn(|i| {
                let mut carry = false;
                let mut word = 0;
                for j in 0..=i {
                    (word, carry) = add_words(x.0.0[j], p.0[j], carry);
                }
                word
            }));
            [Residue::from(x), high]
        };
        for (a, b) in values.iter().flat_map(|a| values.map(|b| (*a, b))) {
            for (x, y) in forms(a).into_iter().flat_map(|x| forms(b).map(|y| (x, y))) {
                assert_eq!((x + y).canonical(), a + b);
                assert_eq!((x - y).canonical(), a - b);
                assert_eq!((x * y).canonical(), a * b);
                assert_eq!(x.double().canonical(), a.double());
                assert_eq!(x.canonical(), a);
                if x.0 != [0; 4] {
                    assert_eq!(x.negated_if(true).canonical(), -a);
                }
                assert_eq!(x.negated_if(false).canonical(), a);
                for result in [x + y, x - y, x * y] {
                    assert!(subtract(result.0, Residue::<FrConfig>::TWICE).1, "not below 2p");
                }
            }
        }
    }
}
