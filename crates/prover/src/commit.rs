//! Commitments to vectors ([3.5]): `Σ cell_i τ^i G + blind · τ^K G`.

use alloy_primitives::{B256, Keccak256};
use ark_bn254::{Fr, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::{CurveGroup, PrimeGroup, VariableBaseMSM};
use ark_ff::{AdditiveGroup, Field, Zero};
use averment_verifier::point;
use thiserror::Error;
use zeroize::Zeroize;

/// Powers of τ in G1, and \[τ\]G2.
#[derive(Debug, Clone)]
pub struct Setup {
    powers: Vec<G1Affine>,
    tau: G2Affine,
    digest: B256,
}

/// Why a setup does not serve.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
pub enum SetupError {
    /// Too few powers.
    #[error("chunks of 2^{bits} cells need {} powers, the setup has {got}", (1_u64 << .bits) + 1)]
    TooSmall {
        /// The chunk's size.
        bits: u8,
        /// Powers there are.
        got: usize,
    },
}

/// A vector's commitment and what blinds it.
#[derive(Clone, PartialEq, Eq)]
pub struct Commitment {
    /// The cells.
    pub cells: Vec<Fr>,
    /// The coefficient behind them; zero if they are public.
    pub blind: Fr,
    /// The commitment.
    pub point: G1Affine,
}

impl Drop for Commitment {
    fn drop(&mut self) {
        self.cells.zeroize();
        self.blind.zeroize();
    }
}

impl std::fmt::Debug for Commitment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Commitment").field("point", &self.point).finish_non_exhaustive()
    }
}

impl Setup {
    /// A setup whose τ everybody can compute: for development and tests, never for money. `2^bits + 1` powers.
    pub fn development(bits: u8) -> Self {
        let tau = Fr::from(0x6176_6572_6d65_6e74_u64).pow([5]);
        let mut powers = Vec::with_capacity((1 << bits) + 1);
        let mut power = Fr::ONE;
        for _ in 0..=1_u64 << bits {
            powers.push(G1Projective::generator() * power);
            power *= tau;
        }
        Self::new(G1Projective::normalize_batch(&powers), (G2Projective::generator() * tau).into_affine())
    }

    /// A setup from its points, which were checked.
    pub fn new(powers: Vec<G1Affine>, tau: G2Affine) -> Self {
        let mut hasher = Keccak256::new();
        hasher.update("averment-setup/1");
        // The powers follow from [τ]G2, which whoever read them has checked.
        for coordinate in [tau.x.c1, tau.x.c0, tau.y.c1, tau.y.c0] {
            use ark_ff::{BigInteger, PrimeField};
            hasher.update(coordinate.into_bigint().to_bytes_be());
        }
        Self { powers, tau, digest: hasher.finalize() }
    }

    /// The first `count` powers in G1.
    pub fn powers(&self) -> &[G1Affine] {
        &self.powers
    }

    /// \[τ\]G2.
    pub fn tau(&self) -> G2Affine {
        self.tau
    }

    /// The setup's digest, which statements name.
    pub fn digest(&self) -> B256 {
        self.digest
    }

    /// Whether chunks of `2^bits` cells, with their blinds, can be committed to.
    pub fn serves(&self, bits: u8) -> Result<(), SetupError> {
        match 1_usize.checked_shl(bits.into()) {
            Some(cells) if self.powers.len() > cells => Ok(()),
            _ => Err(SetupError::TooSmall { bits, got: self.powers.len() }),
        }
    }

    /// Commits to a polynomial's coefficients; there are powers enough.
    pub fn polynomial(&self, coefficients: &[Fr]) -> G1Affine {
        let powers = &self.powers[..coefficients.len()];
        G1Projective::msm(powers, coefficients).unwrap_or_else(|_| G1Projective::zero()).into_affine()
    }

    /// Commits to a chunk.
    pub fn chunk(&self, cells: Vec<Fr>, blind: Fr) -> Commitment {
        let mut point: G1Projective = self.polynomial(&cells).into();
        if blind != Fr::ZERO {
            point += self.powers[cells.len()] * blind;
        }
        Commitment { cells, blind, point: point.into_affine() }
    }
}

/// A point's words, for digests.
pub fn words(points: &[G1Affine]) -> Vec<B256> {
    points.iter().flat_map(point::to_words).collect()
}
