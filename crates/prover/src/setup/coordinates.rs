//! Points as setup files hold them: Montgomery form, little-endian, x before y, of F_q² the real part first. The identity
//! has zero coordinates. Reading checks that coordinates are below q, nothing more.

use ark_bn254::{Fq, Fq2, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::{AdditiveGroup, BigInt, PrimeField};

/// Bytes of a coordinate.
const FQ: usize = 32;
/// Bytes of a point in G1.
pub(super) const G1: usize = 2 * FQ;
/// Bytes of a point in G2.
pub(super) const G2: usize = 4 * FQ;

/// A point of G1, perhaps off the curve; none if a coordinate is not below q.
pub(super) fn g1(bytes: &[u8; G1]) -> Option<G1Affine> {
    let [x, y] = coordinates(bytes)?;
    Some(if x == Fq::ZERO && y == Fq::ZERO { G1Affine::identity() } else { G1Affine::new_unchecked(x, y) })
}

/// A point of the curve over F_q², perhaps off the curve or outside the subgroup; none if a coordinate is not below q.
pub(super) fn g2(bytes: &[u8; G2]) -> Option<G2Affine> {
    let [x0, x1, y0, y1] = coordinates(bytes)?;
    let (x, y) = (Fq2::new(x0, x1), Fq2::new(y0, y1));
    Some(if x == Fq2::ZERO && y == Fq2::ZERO { G2Affine::identity() } else { G2Affine::new_unchecked(x, y) })
}

/// A point of G1 as bytes.
pub(super) fn g1_bytes(point: &G1Affine) -> [u8; G1] {
    let (x, y) = point.xy().unwrap_or((Fq::ZERO, Fq::ZERO));
    let mut bytes = [0; G1];
    for (target, coordinate) in bytes.chunks_exact_mut(FQ).zip([x, y]) {
        for (target, limb) in target.chunks_exact_mut(8).zip(coordinate.0.0) {
            target.copy_from_slice(&limb.to_le_bytes());
        }
    }
    bytes
}

fn coordinates<const N: usize, const M: usize>(bytes: &[u8; N]) -> Option<[Fq; M]> {
    let mut coordinates = [Fq::ZERO; M];
    for (target, bytes) in coordinates.iter_mut().zip(bytes.chunks_exact(FQ)) {
        let mut limbs = [0; 4];
        for (limb, bytes) in limbs.iter_mut().zip(bytes.chunks_exact(8)) {
            *limb = u64::from_le_bytes(bytes.try_into().ok()?);
        }
        let value = BigInt(limbs);
        if value >= Fq::MODULUS {
            return None;
        }
        *target = Fq::new_unchecked(value);
    }
    Some(coordinates)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ec::CurveGroup;

    #[test]
    fn points_come_back() {
        let generator = G1Affine::generator();
        for point in [generator, (generator + generator).into_affine(), -generator, G1Affine::identity()] {
            assert_eq!(g1(&g1_bytes(&point)), Some(point));
        }
    }

    #[test]
    fn coordinates_are_below_the_field_s_order() {
        let mut bytes = g1_bytes(&G1Affine::generator());
        for (target, limb) in bytes.chunks_exact_mut(8).zip(Fq::MODULUS.0) {
            target.copy_from_slice(&limb.to_le_bytes());
        }
        assert_eq!(g1(&bytes), None, "q itself");
        bytes[0] -= 1;
        assert!(g1(&bytes).is_some(), "q - 1");
        assert_eq!(g2(&[0xff; G2]), None);
    }
}
