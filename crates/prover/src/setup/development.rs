//! The development setup: powers of a τ that stands here.

use super::{Setup, count};
use alloy_primitives::{B256, b256};
use ark_bn254::{Fr, G1Affine, G2Projective};
use ark_ec::{AffineRepr, CurveGroup, PrimeGroup};
use ark_ff::Field;
use averment_kernels::Backend;
use averment_verifier::field;

/// "averment" as a number; τ is its fifth power.
const SEED: u64 = 0x6176_6572_6d65_6e74;

/// The digest of the development setup.
pub const DIGEST: B256 = b256!("03f2fc17444c6e2b970ce5079a0507205c92b6197b3e90f46cd932229b9b0be9");

/// `2^bits + 1` powers.
pub(super) fn derive(bits: u8) -> Setup {
    let tau = Fr::from(SEED).pow([5]);
    let scalars: Vec<Fr> = field::powers(tau).take(count(bits)).collect();
    let powers = averment_kernels::multiples(Backend::best(), &G1Affine::generator(), &scalars);
    Setup::new(powers, (G2Projective::generator() * tau).into_affine())
}
