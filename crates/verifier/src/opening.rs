//! The multilinear opening (section 7): Mercury (eprint 2025/385) in a variant that never commits to the remainder g.

use crate::{
    field::{self, Fr},
    point::{G1Affine, G1Projective, G2Affine},
    proof::{ProofError, Reader, Writer},
    transcript::Oracle,
};
use ark_bn254::Bn254;
use ark_ec::{AffineRepr, CurveGroup, PrimeGroup, pairing::Pairing};
use ark_ff::{AdditiveGroup, Field, Zero};

/// What the prover sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// \[h\].
    pub h: G1Affine,
    /// \[q\].
    pub q: G1Affine,
    /// \[D\].
    pub d: G1Affine,
    /// \[S\].
    pub s: G1Affine,
    /// D, h and S at ζ and 1/ζ.
    pub values: [(Fr, Fr); 3],
    /// M' at ζ and 1/ζ; none without masks.
    pub mask: Option<(Fr, Fr)>,
    /// \[T\].
    pub t: G1Affine,
    /// \[W\].
    pub w: G1Affine,
    /// \[W'\].
    pub w2: G1Affine,
}

impl Opening {
    /// Words it has.
    pub(crate) fn words(masked: bool) -> usize {
        if masked { 22 } else { 20 }
    }

    pub(crate) fn read(reader: &mut Reader<'_>, masked: bool) -> Result<Self, ProofError> {
        Ok(Self {
            h: reader.point()?,
            q: reader.point()?,
            d: reader.point()?,
            s: reader.point()?,
            values: [
                (reader.scalar()?, reader.scalar()?),
                (reader.scalar()?, reader.scalar()?),
                (reader.scalar()?, reader.scalar()?),
            ],
            mask: if masked { Some((reader.scalar()?, reader.scalar()?)) } else { None },
            t: reader.point()?,
            w: reader.point()?,
            w2: reader.point()?,
        })
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        writer.points(&[self.h, self.q, self.d, self.s]);
        writer.scalars(&self.evaluations());
        writer.points(&[self.t, self.w, self.w2]);
    }

    /// All evaluations in the order they are sent.
    pub fn evaluations(&self) -> Vec<Fr> {
        self.values.iter().chain(&self.mask).flat_map(|(a, b)| [*a, *b]).collect()
    }
}

/// What is opened.
#[derive(Debug, Clone)]
pub struct Claim<'a> {
    /// C.
    pub commitment: G1Projective,
    /// The point: as many coordinates as a chunk has bits.
    pub point: &'a [Fr],
    /// v.
    pub value: Fr,
    /// The batch evaluation's mask; none without masks.
    pub mask: Option<MaskClaim>,
}

/// `Σ weights_i · M'_i = value`.
#[derive(Debug, Clone)]
pub struct MaskClaim {
    /// M'.
    pub commitment: G1Affine,
    /// Weights of its coefficients, the lowest first.
    pub weights: Vec<Fr>,
    /// v_M.
    pub value: Fr,
}

/// Splits a point into its column and row coordinates: the lower half, one more if it is odd, and the rest.
pub fn split(point: &[Fr]) -> (&[Fr], &[Fr]) {
    point.split_at_checked(point.len().div_ceil(2)).unwrap_or((point, &[]))
}

/// The eq vector of a point, as a polynomial, at x: `Π (1 - u_t + u_t x^(2^t))`.
pub fn eq_polynomial(point: &[Fr], x: Fr) -> Fr {
    let mut power = x;
    let mut product = Fr::ONE;
    for u in point {
        product *= Fr::ONE - u + *u * power;
        power.square_in_place();
    }
    product
}

/// A polynomial's value.
pub fn horner(coefficients: &[Fr], x: Fr) -> Fr {
    coefficients.iter().rev().fold(Fr::ZERO, |value, coefficient| value * x + coefficient)
}

/// Whether `opening` opens `claim`; `tau` is \[τ\]G2.
pub fn verify(claim: &Claim<'_>, opening: &Opening, tau: &G2Affine, transcript: &mut impl Oracle) -> bool {
    let (column, row) = split(claim.point);
    let Some(width) = u32::try_from(column.len()).ok().and_then(|bits| 1_u64.checked_shl(bits)) else {
        return false;
    };
    transcript.points([&opening.h]);
    let alpha = transcript.draw();
    transcript.points([&opening.q, &opening.d]);
    let omega = transcript.draw();
    transcript.points([&opening.s]);
    let zeta = transcript.draw();
    transcript.scalars(&opening.evaluations());
    transcript.points([&opening.t]);
    let xi = transcript.draw();
    transcript.points([&opening.w]);
    let z = transcript.draw();
    transcript.points([&opening.w2]);
    let delta = transcript.draw();

    let Some(inverse) = zeta.inverse() else { return false };
    let [(d, d_inv), (h, h_inv), (s, s_inv)] = opening.values;
    let power = |x: Fr, exponent: u64| x.pow([exponent]);
    let g = power(zeta, width.saturating_sub(1)) * d_inv;
    let g_inv = power(inverse, width.saturating_sub(1)) * d;
    let mut twice = g * eq_polynomial(column, inverse) + g_inv * eq_polynomial(column, zeta);
    twice += omega * (h * eq_polynomial(row, inverse) + h_inv * eq_polynomial(row, zeta));
    twice -= zeta * s + inverse * s_inv;
    let mut inner = omega * claim.value;
    let mut openings = vec![
        (opening.d, zeta, d),
        (opening.d, inverse, d_inv),
        (opening.h, zeta, h),
        (opening.h, inverse, h_inv),
    ];
    let mut masked = Vec::new();
    match (&claim.mask, opening.mask) {
        (Some(mask), Some((m, m_inv))) => {
            let square = omega * omega;
            twice += square * (m * horner(&mask.weights, inverse) + m_inv * horner(&mask.weights, zeta));
            inner += square * mask.value;
            masked = vec![(mask.commitment, zeta, m), (mask.commitment, inverse, m_inv)];
        }
        (None, None) => {}
        _ => return false,
    }
    let h_alpha = twice * field::half_to(1) - inner;
    openings.push((opening.h, alpha, h_alpha));
    openings.extend([(opening.s, zeta, s), (opening.s, inverse, s_inv)]);
    openings.extend(masked);

    let generator = G1Projective::generator();
    let mut left = G1Projective::zero();
    let mut constant = Fr::ZERO;
    for ((commitment, x, value), weight) in openings.into_iter().zip(field::powers(xi)) {
        let Some(apart) = (z - x).inverse() else { return false };
        let weight = weight * apart;
        left += commitment * weight;
        constant += weight * value;
    }
    left -= generator * (constant + delta * g);
    left -= opening.w.into_group();
    left += opening.w2 * z;
    left += claim.commitment * delta - opening.q * (delta * (power(zeta, width) - alpha))
        + opening.t * (delta * zeta);
    let right = opening.w2.into_group() + opening.t * delta;
    Bn254::multi_pairing([left.into_affine(), (-right).into_affine()], [G2Affine::generator(), *tau])
        .is_zero()
}
