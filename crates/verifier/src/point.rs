//! Points of G1 as words ([1.3]): x, then y; the identity is 64 zero bytes.

use alloy_primitives::B256;
use ark_bn254::Fq;
use ark_ec::AffineRepr;
use ark_ff::{BigInteger, PrimeField};

pub use ark_bn254::{G1Affine, G1Projective, G2Affine};

/// Bytes of a point.
pub const BYTES: usize = 64;

/// A point's two words.
pub fn to_words(point: &G1Affine) -> [B256; 2] {
    match point.xy() {
        Some((x, y)) => [coordinate(&x), coordinate(&y)],
        None => [B256::ZERO; 2],
    }
}

/// Points one after the other, each as its two words.
pub fn to_bytes<'a>(points: impl IntoIterator<Item = &'a G1Affine>) -> Vec<u8> {
    points.into_iter().flat_map(to_words).flat_map(|word| word.0).collect()
}

/// The point of two words; none unless the coordinates are canonical and on the curve. BN254's G1 has no other
/// subgroup, so being on the curve is enough.
pub fn from_words(words: &[B256; 2]) -> Option<G1Affine> {
    let [x, y] = words;
    if x.is_zero() && y.is_zero() {
        return Some(G1Affine::identity());
    }
    let point = G1Affine::new_unchecked(canonical(x)?, canonical(y)?);
    (point.is_on_curve() && !point.is_zero()).then_some(point)
}

fn coordinate(value: &Fq) -> B256 {
    let mut word = [0; 32];
    for (target, byte) in word.iter_mut().zip(value.into_bigint().to_bytes_be()) {
        *target = byte;
    }
    B256::from(word)
}

fn canonical(word: &B256) -> Option<Fq> {
    let value = Fq::from_be_bytes_mod_order(word.as_slice());
    (coordinate(&value) == *word).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ec::CurveGroup;

    #[test]
    fn points_are_read_back_and_others_refused() {
        let generator = G1Affine::generator();
        let double = (generator + generator).into_affine();
        for point in [generator, double, -generator, G1Affine::identity()] {
            assert_eq!(from_words(&to_words(&point)), Some(point));
        }
        let [x, y] = to_words(&double);
        assert_eq!(from_words(&[y, x]), None, "off the curve");
        assert_eq!(from_words(&[x, B256::repeat_byte(0xff)]), None, "not canonical");
        assert_eq!(from_words(&[B256::ZERO, y]), None);
    }
}
