//! The universal setup: powers of a τ that nobody knows, in G1, and \[τ\]G2.
//!
//! It comes from a Powers-of-Tau file ([`ptau`]), which is checked in full, or is the development setup, whose τ is public.
//! Either is kept by a [`Store`], and read back from there without curve arithmetic.
//!
//! A check of a file shows that it holds powers of *some* τ. That nobody knows τ comes from the ceremony, and a file
//! cannot say of itself which ceremony it is from. So production accepts the \[τ\]G2 of [`CEREMONIES`] and those that it
//! names itself ([`Setup::production`]); everything else is for development, whatever its file says.

mod cache;
mod ceremonies;
mod coordinates;
mod development;
pub mod ptau;
mod store;

pub use cache::CacheError;
pub use ceremonies::{CEREMONIES, Ceremony};
pub use development::DIGEST as DEVELOPMENT;
pub use store::{Origin, Store, StoreError};

use crate::commit::Commitment;
use alloy_primitives::B256;
use ark_bn254::{Fr, G1Affine, G1Projective, G2Affine};
use ark_ec::{CurveGroup, VariableBaseMSM};
use ark_ff::{AdditiveGroup, Zero};
use averment_verifier::{Key, setup};
use thiserror::Error;

/// The largest setup that is read or made: powers for chunks of `2^28` cells, as the largest ceremonies have.
pub const MAX_BITS: u8 = 28;

/// Powers of τ in G1, and \[τ\]G2. That they belong together was checked when they were read.
#[derive(Clone)]
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
    /// The development setup, where a ceremony's is needed.
    #[error(
        "this is the development setup, whose secret is public: anybody can prove anything with it; take the .ptau file \
         of a ceremony"
    )]
    Development,
    /// None of the setups that are accepted.
    #[error(
        "the setup with digest {got} is of no ceremony that is accepted for production: take the .ptau file of one, or \
         allow this digest if you know that nobody has its secret"
    )]
    NotAllowed {
        /// Its digest.
        got: B256,
    },
}

impl std::fmt::Debug for Setup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { powers, digest, .. } = self;
        f.debug_struct("Setup").field("powers", &powers.len()).field("digest", digest).finish_non_exhaustive()
    }
}

impl Setup {
    /// A setup whose τ everybody can compute, of `2^bits + 1` powers: for development and tests, never for money.
    ///
    /// # Panics
    /// If `bits` is above [`MAX_BITS`].
    pub fn development(bits: u8) -> Self {
        assert!(bits <= MAX_BITS, "2^{bits} powers are more than any setup has");
        development::derive(bits)
    }

    /// A setup of points that were checked: `powers` are those of the τ in `tau`.
    fn new(powers: Vec<G1Affine>, tau: G2Affine) -> Self {
        Self { powers, tau, digest: setup::digest(&tau) }
    }

    /// Whether this is the development setup: by its \[τ\]G2, wherever it was read from.
    pub fn is_development(&self) -> bool {
        self.digest == development::DIGEST
    }

    /// Whether this setup may be used for more than development: it is of one of [`CEREMONIES`], or its digest is among
    /// those that are `allowed` beside them. The development setup is refused even then.
    pub fn production(&self, allowed: &[B256]) -> Result<(), SetupError> {
        if self.is_development() {
            return Err(SetupError::Development);
        }
        if Ceremony::of(self.digest).is_none() && !allowed.contains(&self.digest) {
            return Err(SetupError::NotAllowed { got: self.digest });
        }
        Ok(())
    }

    /// The powers in G1: G, \[τ\]G, \[τ²\]G, …
    pub fn powers(&self) -> &[G1Affine] {
        &self.powers
    }

    /// \[τ\]G2.
    pub fn tau(&self) -> G2Affine {
        self.tau
    }

    /// The setup's digest, which statements name ([`averment_verifier::setup::digest`]).
    pub fn digest(&self) -> B256 {
        self.digest
    }

    /// What a verifier needs of the setup.
    pub fn key(&self) -> Key {
        Key { setup: self.digest, tau: self.tau }
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

/// How many powers a setup for chunks of `2^bits` cells has: one for the blind.
fn count(bits: u8) -> usize {
    (1 << bits) + 1
}

#[cfg(test)]
mod tests;
