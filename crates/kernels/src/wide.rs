//! Sums of products, reduced once: half the work of a field multiplication a term.

use crate::residue::{Residue, subtract_if_not_less};
use ark_bn254::{Fr, FrConfig};
use ark_ff::{BigInt, PrimeField};

/// `Σ a_i b_i` of Montgomery representatives as one integer of nine words.
///
/// Factors are below 2r, so products are below 2^510, of which 2^66 fit into 576 bits.
#[derive(Clone, Copy, Default)]
pub struct Wide([u64; 9]);

impl Wide {
    /// Adds `a·b`.
    #[inline]
    pub fn add(&mut self, a: Residue<FrConfig>, b: Residue<FrConfig>) {
        let (a, b) = (a.0, b.0);
        let mut product = [0u64; 8];
        for i in 0..4 {
            let mut carry = 0u64;
            for j in 0..4 {
                let t = u128::from(product[i + j]) + u128::from(a[i]) * u128::from(b[j]) + u128::from(carry);
                product[i + j] = t as u64;
                carry = (t >> 64) as u64;
            }
            product[i + 4] = carry;
        }
        let mut carry = false;
        for (limb, word) in self.0.iter_mut().zip(product) {
            let (sum, first) = limb.overflowing_add(word);
            let (sum, second) = sum.overflowing_add(u64::from(carry));
            *limb = sum;
            carry = first | second;
        }
        self.0[8] += u64::from(carry);
    }

    /// The field element: the sum divided by the Montgomery radix R = 2^256, as a representative.
    pub fn reduce(&self) -> Fr {
        let [l0, l1, l2, l3, m0, m1, m2, m3, top] = self.0;
        // sum / R = low / R + middle + top · R. Of these representatives the first is what
        // `into_bigint` makes of low, and the last is that of the number top.
        let low = canonical([l0, l1, l2, l3]).into_bigint();
        let low = Fr::new_unchecked(low);
        let middle = canonical([m0, m1, m2, m3]);
        low + middle + Fr::from(top)
    }
}

/// `Σ a_i x_i` of Montgomery representatives and 32-bit integers: positive terms and negative ones, five words each.
///
/// A term is below 2^254·2^31; up to 2^28 of them stay below 2^313.
#[derive(Clone, Copy, Default)]
pub struct WideSmall([[u64; 5]; 2]);

impl WideSmall {
    /// Adds `a·x`.
    #[inline]
    pub fn add(&mut self, a: &Fr, x: i32) {
        let sum = &mut self.0[usize::from(x < 0)];
        let mut carry = 0u128;
        for (sum, a) in sum.iter_mut().zip(a.0.0) {
            carry += u128::from(*sum) + u128::from(a) * u128::from(x.unsigned_abs());
            *sum = carry as u64;
            carry >>= 64;
        }
        sum[4] += carry as u64;
    }

    /// The field element: the sum is its representative, up to multiples of r.
    pub fn reduce(&self) -> Fr {
        let [positive, negative] = self.0.map(remainder);
        positive - negative
    }
}

/// The representative with this value mod r, for a value t below 2^313.
///
/// With h = ⌊t/2^252⌋ < 2^61 and m = ⌊2^316/r⌋ < 2^63, q = ⌊hm/2^64⌋ is at most t/r, and above
/// `(t/2^252 - 1)(2^316/r - 1)/2^64 - 1 > t/r - 0.34 - 0.13 - 1`: t - qr is below 2.5r.
fn remainder(words: [u64; 5]) -> Fr {
    /// ⌊2^316/r⌋: 2^316 - M·r is in `[0, r)`, as the tests check.
    const M: u64 = 0x54a4_7462_623a_04a7;
    let modulus = Fr::MODULUS.0;
    let high = words[4] << 4 | words[3] >> 60;
    let quotient = ((u128::from(high) * u128::from(M)) >> 64) as u64;
    let mut rest = [0u64; 4];
    let mut carry = 0u128;
    let mut borrow = false;
    for i in 0..4 {
        carry += u128::from(quotient) * u128::from(modulus[i]);
        let (t, first) = words[i].overflowing_sub(carry as u64);
        let (t, second) = t.overflowing_sub(u64::from(borrow));
        (rest[i], borrow) = (t, first | second);
        carry >>= 64;
    }
    // The fifth word is zero: 2.5r < 2^256.
    canonical(rest)
}

/// The representative with this value mod r; 2^256 < 6r.
fn canonical(words: [u64; 4]) -> Fr {
    let modulus = Fr::MODULUS.0;
    let twice = [
        modulus[0] << 1,
        modulus[1] << 1 | modulus[0] >> 63,
        modulus[2] << 1 | modulus[1] >> 63,
        modulus[3] << 1 | modulus[2] >> 63,
    ];
    // Below 6r, 4r, 2r, r.
    let words = subtract_if_not_less(subtract_if_not_less(words, twice), twice);
    Fr::new_unchecked(BigInt(subtract_if_not_less(words, modulus)))
}

/// `Σ a_i b_i`.
pub fn dot(a: &[Fr], b: &[Fr]) -> Fr {
    let mut sum = Wide::default();
    for (a, b) in a.iter().zip(b) {
        sum.add((*a).into(), (*b).into());
    }
    sum.reduce()
}

/// `Σ a_i x_i` with integers x.
pub fn dot_integers(a: &[Fr], x: &[i32]) -> Fr {
    let mut sum = WideSmall::default();
    for (a, x) in a.iter().zip(x) {
        sum.add(a, *x);
    }
    sum.reduce()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::{AdditiveGroup, Field};

    #[test]
    fn sums_of_extremes_reduce() {
        let extremes = [Fr::ZERO, Fr::ONE, -Fr::ONE, Fr::new_unchecked(BigInt([u64::MAX, 0, u64::MAX, 0]))];
        for a in extremes {
            for b in extremes {
                for count in [0, 1, 2, 1000] {
                    let expected = a * b * Fr::from(count as u64);
                    assert_eq!(dot(&vec![a; count], &vec![b; count]), expected);
                }
            }
        }
        for x in [0, 1, -1, i32::MAX, i32::MIN] {
            assert_eq!(dot_integers(&[-Fr::ONE; 1000], &[x; 1000]), -Fr::from(1000u64) * Fr::from(x));
        }
        let power = |e: u64| Fr::from(2u64).pow([e]);
        // As representatives: 2^312, 2^313 - 1, multiples of r and their neighbours.
        let radix = power(256);
        assert_eq!(remainder([0, 0, 0, 0, 1 << 56]) * radix, power(312));
        let full = remainder([u64::MAX, u64::MAX, u64::MAX, u64::MAX, (1 << 57) - 1]);
        assert_eq!(full * radix, power(313) - Fr::ONE);
        for k in [1u64, 2, 3, 1 << 20, (1 << 59) - 1] {
            let mut carry = 0u128;
            let mut words = [0u64; 5];
            for (word, r) in words.iter_mut().zip(Fr::MODULUS.0.into_iter().chain([0])) {
                carry += u128::from(r) * u128::from(k);
                *word = carry as u64;
                carry >>= 64;
            }
            assert_eq!(remainder(words), Fr::ZERO);
            words[0] += 1;
            assert_eq!(remainder(words) * radix, Fr::ONE);
            words[0] -= 2;
            assert_eq!(remainder(words) * radix, -Fr::ONE);
        }
        // Every word full.
        let full = Wide([u64::MAX; 9]);
        let expected = Fr::from(2u64).pow([576]) - Fr::ONE;
        // reduce() divides by R once, and the representative of x is x·R.
        assert_eq!(full.reduce(), expected * Fr::from(2u64).pow([512]).inverse().unwrap());
    }
}
