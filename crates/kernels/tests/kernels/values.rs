//! Reproducible values, awkward ones among them.

use ark_bn254::{Fr, G1Affine, G1Projective};
use ark_ec::{CurveGroup, PrimeGroup};
use ark_ff::{AdditiveGroup, BigInt, Field, PrimeField};

/// SplitMix64.
pub struct Random(pub u64);

impl Random {
    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn fr(&mut self) -> Fr {
        Fr::from_le_bytes_mod_order(&[(); 5].map(|()| self.word()).map(u64::to_le_bytes).concat())
    }

    /// Random, with 0, 1, -1 and representatives at the ends of the range among them.
    pub fn awkward(&mut self) -> Fr {
        let edges = edges();
        match self.word() % 3 {
            0 => edges[self.word() as usize % edges.len()],
            _ => self.fr(),
        }
    }

    pub fn frs(&mut self, len: usize) -> Vec<Fr> {
        (0..len).map(|_| self.fr()).collect()
    }

    pub fn awkwards(&mut self, len: usize) -> Vec<Fr> {
        (0..len).map(|_| self.awkward()).collect()
    }

    /// Integers of any magnitude, zeros and ends of the range among them.
    pub fn i32s(&mut self, len: usize, bits: u32) -> Vec<i32> {
        (0..len)
            .map(|_| match self.word() % 8 {
                0 => 0,
                1 => (-(1i64 << (bits - 1))) as i32,
                2 => ((1i64 << (bits - 1)) - 1) as i32,
                _ => (self.word() as i64 >> (64 - bits)) as i32,
            })
            .collect()
    }
}

pub fn edges() -> Vec<Fr> {
    let mut minus_one = Fr::MODULUS;
    minus_one.0[0] -= 1;
    vec![
        Fr::ZERO,
        Fr::ONE,
        -Fr::ONE,
        Fr::from(2u64).inverse().unwrap(),
        // Representatives 1, r - 1 and one with full words.
        Fr::new_unchecked(BigInt([1, 0, 0, 0])),
        Fr::new_unchecked(minus_one),
        Fr::new_unchecked(BigInt([u64::MAX, u64::MAX, u64::MAX, 0x3064_4e72_e131_a028])),
    ]
}

/// `P, τP, τ²P, …` as a setup has them.
pub fn powers_of_tau(tau: Fr, len: usize) -> Vec<G1Affine> {
    let mut power = G1Projective::generator();
    let powers: Vec<_> = (0..len)
        .map(|_| {
            let this = power;
            power *= tau;
            this
        })
        .collect();
    G1Projective::normalize_batch(&powers)
}

/// `P, 2P, 4P, …`, cheap to make.
pub fn doublings(len: usize) -> Vec<G1Affine> {
    let mut power = G1Projective::generator();
    let powers: Vec<_> = (0..len)
        .map(|_| {
            let this = power;
            power.double_in_place();
            this
        })
        .collect();
    G1Projective::normalize_batch(&powers)
}
