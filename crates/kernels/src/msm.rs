//! Multi-scalar multiplication over prepared bases.

use crate::{Backend, reference};
use ark_bn254::{Fr, G1Affine, G1Projective};

/// Points to be multiplied, prepared once.
#[derive(Debug, Clone)]
pub struct Bases {
    backend: Backend,
    points: Vec<G1Affine>,
}

impl Bases {
    /// Prepares points, which are on the curve; the identity may be among them, and so may equal and opposite points.
    ///
    /// # Panics
    /// If this machine cannot run `backend`.
    #[must_use]
    pub fn new(backend: Backend, points: &[G1Affine]) -> Self {
        assert!(backend.is_available(), "this machine cannot run {backend:?}");
        Self { backend, points: points.to_vec() }
    }

    /// Which implementation it computes with.
    #[must_use]
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// How many points there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// `Σ scalars[i]·P[offset + i]`.
    ///
    /// # Panics
    /// If there are fewer points.
    pub fn msm_at(&self, offset: usize, scalars: &[Fr]) -> G1Projective {
        reference::msm(&self.points[offset..offset + scalars.len()], scalars)
    }

    /// `Σ scalars[i]·P[i]`; there may be more points than scalars.
    pub fn msm(&self, scalars: &[Fr]) -> G1Projective {
        self.msm_at(0, scalars)
    }

    /// `Σ scalars[i]·P[offset + i]` for integers; fast when they are small, whatever their sign, and many are zero.
    pub fn msm_i32_at(&self, offset: usize, scalars: &[i32]) -> G1Projective {
        let points = &self.points[offset..offset + scalars.len()];
        reference::msm_integers(points, scalars.iter().map(|x| i64::from(*x)))
    }

    /// `Σ scalars[i]·P[i]` for integers.
    pub fn msm_i32(&self, scalars: &[i32]) -> G1Projective {
        self.msm_i32_at(0, scalars)
    }

    /// `Σ scalars[i]·P[i]` for longer integers.
    pub fn msm_i64(&self, scalars: &[i64]) -> G1Projective {
        reference::msm_integers(&self.points[..scalars.len()], scalars.iter().copied())
    }
}
