//! The scalar field, as words and as small integers ([1.1] to [1.3] of the protocol).

use alloy_primitives::B256;
use ark_ff::{AdditiveGroup, BigInteger, Field, PrimeField};

pub use ark_bn254::Fr;

/// A field element's canonical word: 32 bytes, big-endian.
pub fn to_word(value: &Fr) -> B256 {
    let mut word = [0; 32];
    for (target, byte) in word.iter_mut().zip(value.into_bigint().to_bytes_be()) {
        *target = byte;
    }
    B256::from(word)
}

/// The field element of a canonical word; none if the word is not below the field's order.
pub fn from_word(word: &B256) -> Option<Fr> {
    let value = Fr::from_be_bytes_mod_order(word.as_slice());
    (to_word(&value) == *word).then_some(value)
}

/// The field element of a word taken modulo the field's order, as challenges are.
pub fn reduced(word: &B256) -> Fr {
    Fr::from_be_bytes_mod_order(word.as_slice())
}

/// `mantissa · 2^shift`.
pub fn scaled(mantissa: i64, shift: u32) -> Fr {
    Fr::from(mantissa) * Fr::from(2_u64).pow([u64::from(shift)])
}

/// `2^-exponent`.
pub fn half_to(exponent: u32) -> Fr {
    // Two has an inverse in a field of odd order.
    Fr::from(2_u64).inverse().unwrap_or(Fr::ZERO).pow([u64::from(exponent)])
}

/// `1, x, x², …`: the powers of `x`, without end.
pub fn powers(x: Fr) -> impl Iterator<Item = Fr> {
    let mut power = Fr::ONE;
    std::iter::from_fn(move || {
        let now = power;
        power *= x;
        Some(now)
    })
}

/// One coordinate of `eq`: `a·b + (1-a)(1-b)`.
pub fn eq1(a: Fr, b: Fr) -> Fr {
    let both = a * b;
    Fr::ONE - a - b + both + both
}

/// `eq(a, b)` of two points of the same length.
pub fn eq(a: &[Fr], b: &[Fr]) -> Fr {
    a.iter().zip(b).fold(Fr::ONE, |product, (a, b)| product * eq1(*a, *b))
}

/// `eq` of a point with the bits of an index, bit 0 at the point's first coordinate. Bits beyond the point are not
/// looked at.
pub fn eq_index(point: &[Fr], index: u64) -> Fr {
    let mut bits = index;
    let mut product = Fr::ONE;
    for x in point {
        product *= if bits & 1 == 1 { *x } else { Fr::ONE - x };
        bits >>= 1;
    }
    product
}

/// `Σ eq(a, i) eq(b, i)` over the indices i below `count`, at most all there are.
pub fn eq_below(a: &[Fr], b: &[Fr], count: u64) -> Fr {
    let size = u32::try_from(a.len()).ok().and_then(|bits| 1_u64.checked_shl(bits));
    if size.is_some_and(|size| count >= size) {
        return eq(a, b);
    }
    // Of the lower bits: the sum below the count's, and over all.
    let (mut sum, mut all, mut left) = (Fr::ZERO, Fr::ONE, count);
    for (a, b) in a.iter().zip(b) {
        let both = *a * b;
        let none = Fr::ONE - a - b + both;
        sum = if left & 1 == 1 { none * all + both * sum } else { none * sum };
        all *= none + both;
        left = left.checked_shr(1).unwrap_or(0);
    }
    sum
}

/// The vector `eq(point, ·)` over all indexes.
pub fn eq_table(point: &[Fr]) -> Vec<Fr> {
    let mut table = vec![Fr::ONE];
    for x in point {
        let upper: Vec<Fr> = table.iter().map(|value| *value * x).collect();
        for (low, high) in table.iter_mut().zip(&upper) {
            *low -= high;
        }
        table.extend(upper);
    }
    table
}

/// The value at `point` of the multilinear extension of `0, 1, 2, …`.
pub fn index_value(point: &[Fr]) -> Fr {
    point.iter().zip(powers(Fr::from(2_u64))).map(|(x, weight)| *x * weight).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_canonical() {
        for value in [Fr::ZERO, Fr::ONE, -Fr::ONE, Fr::from(7_u64)] {
            assert_eq!(from_word(&to_word(&value)), Some(value));
        }
        assert_eq!(from_word(&B256::repeat_byte(0xff)), None);
        let mut order = to_word(&-Fr::ONE).0;
        order[31] += 1;
        assert_eq!(from_word(&B256::from(order)), None, "the order itself is not canonical");
        assert_eq!(reduced(&B256::from(order)), Fr::ZERO);
    }

    #[test]
    fn eq_in_its_forms_agrees() {
        let point: Vec<Fr> = (3..7_u64).map(Fr::from).collect();
        let table = eq_table(&point);
        assert_eq!(table.len(), 16);
        for (index, value) in table.iter().enumerate() {
            assert_eq!(eq_index(&point, index as u64), *value);
            let bits: Vec<Fr> = (0..4).map(|bit| Fr::from((index as u64) >> bit & 1)).collect();
            assert_eq!(eq(&point, &bits), *value);
        }
        let sum: Fr = table.iter().enumerate().map(|(index, value)| Fr::from(index as u64) * value).sum();
        assert_eq!(sum, index_value(&point));
    }

    #[test]
    fn halves_undo_doubling() {
        assert_eq!(half_to(5) * Fr::from(32_u64), Fr::ONE);
        assert_eq!(scaled(-3, 4), -Fr::from(48_u64));
    }
}
