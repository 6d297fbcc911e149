//! What names a setup: \[τ\]G2. The powers in G1 follow from it, so a digest of \[τ\]G2 is a digest of the setup.

use crate::point::G2Affine;
use alloy_primitives::{B256, Keccak256};
use ark_bn254::{Fq, Fq2};
use ark_ec::AffineRepr;
use ark_ff::{AdditiveGroup, BigInteger, PrimeField};

/// What digests of setups begin with.
pub const DOMAIN: &str = "averment-setup/1";

/// The setup's digest, which statements name: `keccak256("averment-setup/1" ‖ [τ]G2)`, the point as in
/// [`tau_words`].
pub fn digest(tau: &G2Affine) -> B256 {
    let mut hasher = Keccak256::new();
    hasher.update(DOMAIN);
    tau_words(tau).iter().for_each(|word| hasher.update(word));
    hasher.finalize()
}

/// \[τ\]G2 as the pairing precompile takes it (EIP-197): of x, then of y, the imaginary part before the real one; 32
/// bytes each, big-endian. The identity is zeros.
pub fn tau_words(tau: &G2Affine) -> [B256; 4] {
    let (x, y) = tau.xy().unwrap_or((Fq2::ZERO, Fq2::ZERO));
    [x.c1, x.c0, y.c1, y.c0].map(|coordinate| {
        let mut word = [0; 32];
        for (target, byte) in word.iter_mut().zip(coordinate.into_bigint().to_bytes_be()) {
            *target = byte;
        }
        B256::from(word)
    })
}

/// The point of four words; none unless it can be a setup's \[τ\]G2 ([`is_sound`]) and its coordinates are canonical.
pub fn tau_from_words(words: &[B256; 4]) -> Option<G2Affine> {
    let [x1, x0, y1, y0] = words.map(|word| Fq::from_be_bytes_mod_order(word.as_slice()));
    let tau = G2Affine::new_unchecked(Fq2::new(x0, x1), Fq2::new(y0, y1));
    (is_sound(&tau) && tau_words(&tau) == *words).then_some(tau)
}

/// Whether a point can be a setup's \[τ\]G2: on the curve and in the subgroup of order r, and neither the identity nor the
/// generator nor its inverse, that is, τ is none of 0, 1 and -1.
pub fn is_sound(tau: &G2Affine) -> bool {
    let generator = G2Affine::generator();
    !tau.is_zero()
        && tau.is_on_curve()
        && tau.is_in_correct_subgroup_assuming_on_curve()
        && *tau != generator
        && *tau != -generator
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::{U256, b256, keccak256};
    use ark_ec::CurveGroup;

    #[test]
    fn words_are_in_the_order_of_the_precompile() {
        // The generator as EIP-197 writes it.
        let generator = [
            b256!("198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2"),
            b256!("1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed"),
            b256!("090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b"),
            b256!("12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa"),
        ];
        assert_eq!(tau_words(&G2Affine::generator()), generator);
    }

    #[test]
    fn the_digest_hashes_name_and_point() {
        let tau = (G2Affine::generator() + G2Affine::generator()).into_affine();
        let words = tau_words(&tau);
        assert_eq!(
            digest(&tau),
            keccak256([b"averment-setup/1".as_slice(), words.concat().as_slice()].concat())
        );
        assert_eq!(tau_from_words(&words), Some(tau));
    }

    #[test]
    fn degenerate_points_are_refused() {
        let generator = G2Affine::generator();
        for tau in [generator, -generator, G2Affine::identity()] {
            assert!(!is_sound(&tau));
            assert_eq!(tau_from_words(&tau_words(&tau)), None);
        }
        let mut words = tau_words(&(generator + generator).into_affine());
        words[1] = B256::from(U256::from_be_bytes(words[1].0) + U256::from(1));
        assert_eq!(tau_from_words(&words), None, "off the curve");
        let mut words = tau_words(&(generator + generator).into_affine());
        let order = U256::from_be_bytes(<[u8; 32]>::try_from(Fq::MODULUS.to_bytes_be()).unwrap());
        words[1] = B256::from(U256::from_be_bytes(words[1].0) + order);
        assert_eq!(tau_from_words(&words), None, "not canonical");
    }

    #[test]
    fn points_outside_the_subgroup_are_refused() {
        // The curve over F_q² has a large cofactor, so a random x gives a point outside almost surely.
        let outside = (1..20_u64)
            .filter_map(|x| {
                G2Affine::get_point_from_x_unchecked(Fq2::new(Fq::from(x), Fq::from(1_u64)), false)
            })
            .find(|point| !point.is_in_correct_subgroup_assuming_on_curve())
            .unwrap();
        assert!(outside.is_on_curve() && !is_sound(&outside));
        assert_eq!(tau_from_words(&tau_words(&outside)), None);
    }
}
