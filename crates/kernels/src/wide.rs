//! Sums of products, reduced once: half the work of a field multiplication a term.

use ark_bn254::Fr;
use ark_ff::{BigInt, PrimeField};

/// `Σ a_i b_i` of Montgomery representatives as one integer of nine words.
///
/// Each product is below r² < 2^508, so 2^68 of them fit into 576 bits.
#[derive(Clone, Copy, Default)]
pub struct Wide([u64; 9]);

impl Wide {
    /// Adds `a·b`.
    #[inline]
    pub fn add(&mut self, a: &Fr, b: &Fr) {
        let (a, b) = (&a.0.0, &b.0.0);
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

/// The representative with this value mod r; 2^256 < 6r.
fn canonical(mut words: [u64; 4]) -> Fr {
    let modulus = Fr::MODULUS.0;
    loop {
        let mut rest = [0u64; 4];
        let mut borrow = false;
        for i in 0..4 {
            let (t, first) = words[i].overflowing_sub(modulus[i]);
            let (t, second) = t.overflowing_sub(u64::from(borrow));
            rest[i] = t;
            borrow = first | second;
        }
        if borrow {
            return Fr::new_unchecked(BigInt(words));
        }
        words = rest;
    }
}

/// `Σ a_i b_i`.
pub fn dot(a: &[Fr], b: &[Fr]) -> Fr {
    let mut sum = Wide::default();
    for (a, b) in a.iter().zip(b) {
        sum.add(a, b);
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
        // Every word full.
        let full = Wide([u64::MAX; 9]);
        let expected = Fr::from(2u64).pow([576]) - Fr::ONE;
        // reduce() divides by R once, and the representative of x is x·R.
        assert_eq!(full.reduce(), expected * Fr::from(2u64).pow([512]).inverse().unwrap());
    }
}
