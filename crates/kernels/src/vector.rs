//! Vectors of field elements: the data of sumchecks, polynomials and tables.

use crate::{Backend, reference, scalar, wide};
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field};

/// A vector of elements of the scalar field, in the representation that its backend computes with.
///
/// Vectors that meet in one operation have the same backend and, unless said otherwise, the same length. Violations
/// are errors of the caller and panic: kernels serve the prover, which knows its own sizes; nothing that a stranger
/// sends reaches them.
#[derive(Debug, Clone)]
pub struct FieldVec {
    backend: Backend,
    values: Vec<Fr>,
}

impl FieldVec {
    /// `len` zeros.
    ///
    /// # Panics
    /// If this machine cannot run `backend`, as in every constructor.
    #[must_use]
    pub fn zeros(backend: Backend, len: usize) -> Self {
        Self::from_scalars(backend, vec![Fr::ZERO; len])
    }

    /// A copy of `values`.
    #[must_use]
    pub fn new(backend: Backend, values: &[Fr]) -> Self {
        Self::from_scalars(backend, values.to_vec())
    }

    fn from_scalars(backend: Backend, values: Vec<Fr>) -> Self {
        assert!(backend.is_available(), "this machine cannot run {backend:?}");
        Self { backend, values }
    }

    /// Small integers, negative ones as r - |x|.
    #[must_use]
    pub fn from_i32(backend: Backend, values: &[i32]) -> Self {
        Self::affine(backend, values.len(), Fr::ZERO, &[(Fr::ONE, values)])
    }

    /// `constant + Σ_j a_j x_j[i]`, the x_j columns of `len` integers.
    #[must_use]
    pub fn affine(backend: Backend, len: usize, constant: Fr, terms: &[(Fr, &[i32])]) -> Self {
        assert!(terms.iter().all(|(_, x)| x.len() == len), "columns have {len} cells");
        Self::from_scalars(backend, reference::affine(len, constant, terms))
    }

    /// `eq(point, i)` for all i; bit t of the index belongs to `point[t]`. [1.1]
    #[must_use]
    pub fn eq_table(backend: Backend, point: &[Fr]) -> Self {
        let values = match backend {
            Backend::Reference => reference::eq_table(point),
            _ => scalar::eq_table(point, Fr::ONE),
        };
        Self::from_scalars(backend, values)
    }

    /// `out[j] = Σ_i weights[i] m[i·columns + j]`: a matrix of integers, `weights.len()` rows, bound over its rows.
    #[must_use]
    pub fn combine_rows(weights: &Self, m: &[i32], columns: usize) -> Self {
        assert_eq!(m.len(), weights.len() * columns, "cells of the matrix");
        let weights_ = &weights.values;
        Self::from_scalars(weights.backend, reference::combine_rows(m, columns, weights_))
    }

    /// `out[i] = Σ_j weights[j] m[i·weights.len() + j]`: a matrix of integers bound over its columns.
    #[must_use]
    pub fn combine_columns(weights: &Self, m: &[i32]) -> Self {
        assert!(!weights.is_empty() && m.len().is_multiple_of(weights.len()), "whole rows");
        Self::from_scalars(weights.backend, reference::combine_columns(m, &weights.values))
    }

    /// Which implementation it computes with.
    #[must_use]
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// How many elements it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Element `index`.
    #[must_use]
    pub fn get(&self, index: usize) -> Fr {
        self.values[index]
    }

    /// A copy in ark's representation.
    #[must_use]
    pub fn to_vec(&self) -> Vec<Fr> {
        self.values.clone()
    }

    /// Binds the highest variable to `challenge`: `v[i] + challenge·(v[i + n/2] - v[i])`, half as long. The length is a
    /// power of two, at least 2.
    pub fn fold(&mut self, challenge: Fr) {
        self.assert_foldable();
        match self.backend {
            Backend::Reference => self.values = reference::fold(&self.values, challenge),
            _ => scalar::fold(&mut self.values, challenge),
        }
    }

    /// Adds the upper half to the lower one, which is half as long: an eq table without its highest variable.
    pub fn add_halves(&mut self) {
        self.assert_foldable();
        scalar::add_halves(&mut self.values);
    }

    /// `Σ self[i]·other[i]`.
    #[must_use]
    pub fn dot(&self, other: &Self) -> Fr {
        self.assert_alike(other);
        match self.backend {
            Backend::Reference => reference::dot(&self.values, &other.values),
            _ => wide::dot(&self.values, &other.values),
        }
    }

    /// `Σ self[i]·x[i]` with integers.
    #[must_use]
    pub fn dot_i32(&self, x: &[i32]) -> Fr {
        assert_eq!(self.len(), x.len(), "lengths");
        reference::dot_integers(&self.values, x)
    }

    /// `self[i] += a`.
    pub fn add_constant(&mut self, a: Fr) {
        for v in &mut self.values {
            *v += a;
        }
    }

    /// `self[i] *= a`.
    pub fn scale(&mut self, a: Fr) {
        for v in &mut self.values {
            *v *= a;
        }
    }

    /// `self[i] *= other[i]`.
    pub fn multiply(&mut self, other: &Self) {
        self.assert_alike(other);
        for (v, x) in self.values.iter_mut().zip(&other.values) {
            *v *= x;
        }
    }

    /// `self[offset + i] += a·x[i]` for the cells of x, all of which lie within.
    pub fn add_scaled_at(&mut self, offset: usize, a: Fr, x: &Self) {
        assert_eq!(self.backend, x.backend, "backends");
        reference::add_scaled(&mut self.values[offset..offset + x.len()], a, &x.values);
    }

    /// `self[i] += a·x[i]`; x may be shorter.
    pub fn add_scaled(&mut self, a: Fr, x: &Self) {
        self.add_scaled_at(0, a, x);
    }

    /// `out[j·|low| + i] = low[i]·high[j]`.
    #[must_use]
    pub fn kron(low: &Self, high: &Self) -> Self {
        assert_eq!(low.backend, high.backend, "backends");
        Self::from_scalars(low.backend, reference::kron(&low.values, &high.values))
    }

    /// Inverts every element; zero stays zero.
    pub fn invert(&mut self) {
        match self.backend {
            Backend::Reference => reference::invert(&mut self.values),
            _ => scalar::invert(&mut self.values),
        }
    }

    /// `Σ_s 1/d_s[i]` over four columns; 1/0 counts as 0. [4.5]
    #[must_use]
    pub fn sum_of_inverses(d: [&Self; 4]) -> Self {
        d.iter().for_each(|column| d[0].assert_alike(column));
        let columns = d.map(|d| d.values.as_slice());
        let values = match d[0].backend {
            Backend::Reference => reference::sum_of_inverses(columns),
            _ => scalar::sum_of_inverses(columns),
        };
        Self::from_scalars(d[0].backend, values)
    }

    /// `Σ self[i] x^i`.
    #[must_use]
    pub fn evaluate(&self, x: Fr) -> Fr {
        reference::evaluate(&self.values, x)
    }

    /// `self = (X - a) q + rest`: the quotient, one shorter, and the rest `self(a)`.
    #[must_use]
    pub fn divide_by_linear(&self, a: Fr) -> (Self, Fr) {
        let (quotient, rest) = self.divide_by_binomial(1, a);
        (quotient, rest.get(0))
    }

    /// `self = (X^b - a) q + g` with deg g < b: q has len - b coefficients (none if there are not as many), g has b.
    /// [7.2] step 2
    #[must_use]
    pub fn divide_by_binomial(&self, b: usize, a: Fr) -> (Self, Self) {
        assert!(b > 0, "X^0 - a is no divisor");
        let (quotient, rest) = match self.backend {
            Backend::Reference => reference::divide(&self.values, b, a),
            _ => scalar::divide(&self.values, b, a),
        };
        (Self::from_scalars(self.backend, quotient), Self::from_scalars(self.backend, rest))
    }

    /// `out[i] = Σ_j weights[j]·self[i·b + j]`, b the number of weights; a last row may be shorter. [7.2] step 1
    #[must_use]
    pub fn row_dots(&self, weights: &Self) -> Self {
        assert_eq!(self.backend, weights.backend, "backends");
        assert!(!weights.is_empty(), "rows of nothing");
        let values = match self.backend {
            Backend::Reference => reference::row_dots(&self.values, &weights.values),
            _ => self.values.chunks(weights.len()).map(|row| wide::dot(row, &weights.values)).collect(),
        };
        Self::from_scalars(self.backend, values)
    }

    /// Values at the powers of the root of unity of order `len`, from coefficients, in natural order. The length is a
    /// power of two up to 2^28.
    pub fn fft(&mut self) {
        assert!(self.len().is_power_of_two(), "a power of two of values");
        let root = scalar::root_of_unity(self.len().trailing_zeros());
        self.transform(root);
    }

    /// Back from [`Self::fft`].
    pub fn inverse_fft(&mut self) {
        assert!(self.len().is_power_of_two(), "a power of two of values");
        let root = scalar::root_of_unity(self.len().trailing_zeros());
        // Neither a root of unity nor a power of two is zero.
        self.transform(root.inverse().unwrap_or_default());
        self.scale(Fr::from(self.len() as u64).inverse().unwrap_or_default());
    }

    fn transform(&mut self, root: Fr) {
        match self.backend {
            Backend::Reference => self.values = reference::dft(&self.values, root),
            _ => scalar::fft(&mut self.values, root),
        }
    }

    fn assert_alike(&self, other: &Self) {
        assert_eq!(self.backend, other.backend, "backends");
        assert_eq!(self.len(), other.len(), "lengths");
    }

    fn assert_foldable(&self) {
        assert!(self.len() >= 2 && self.len().is_power_of_two(), "{} is no power of two >= 2", self.len());
    }
}

/// What sumcheck rounds sum up; the sums are defined at the functions of [`crate::scalar`].
impl FieldVec {
    pub(crate) fn product_sums(a: &Self, b: &Self, weights: Option<&Self>, with_one: bool) -> [Fr; 3] {
        scalar::product_sums(&a.values, &b.values, weights.map(|w| w.values.as_slice()), with_one)
    }

    pub(crate) fn lookup_sums(h: &Self, d: [&Self; 4], weights: &Self, with_one: bool) -> [Fr; 6] {
        scalar::lookup_sums(&h.values, d.map(|d| d.values.as_slice()), &weights.values, with_one)
    }
}
