//! Commitments to vectors ([3.5]): `Σ cell_i τ^i G + blind · τ^K G`.

use ark_bn254::{Fr, G1Affine};
use zeroize::Zeroize;

pub use crate::setup::{Setup, SetupError};

/// A vector's commitment and what blinds it.
#[derive(Clone, PartialEq, Eq)]
pub struct Commitment {
    /// The cells; zeros at the end may be left out.
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
