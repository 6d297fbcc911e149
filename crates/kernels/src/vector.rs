//! Vectors of field elements: the data of sumchecks, polynomials and tables.

use crate::ifma::{
    Token,
    lanes::Block,
    vector::{LaneVec, repeated},
};
use crate::{Backend, reference, scalar, wide};
use Values::{Lanes, Scalars};
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field};
use std::borrow::Cow;

/// A vector of elements of the scalar field, in the representation that its backend computes with.
///
/// Vectors that meet in one operation have the same backend and, unless said otherwise, the same length. Violations
/// are errors of the caller and panic: kernels serve the prover, which knows its own sizes; nothing that a stranger
/// sends reaches them.
#[derive(Debug, Clone)]
pub struct FieldVec {
    backend: Backend,
    values: Values,
}

#[derive(Debug, Clone)]
enum Values {
    /// Ark's representation: the reference and portable backends, and what is too short for lanes.
    Scalars(Vec<Fr>),
    /// The IFMA backend, from [`LaneVec::MIN_LEN`] elements on.
    Lanes(LaneVec),
}

impl FieldVec {
    /// `len` zeros.
    ///
    /// # Panics
    /// If this machine cannot run `backend`, as in every constructor.
    #[must_use]
    pub fn zeros(backend: Backend, len: usize) -> Self {
        match lanes(backend, len) {
            Some(token) => Self { backend, values: Lanes(LaneVec::zeros(token, len)) },
            None => Self { backend, values: Scalars(vec![Fr::ZERO; len]) },
        }
    }

    /// A copy of `values`.
    #[must_use]
    pub fn new(backend: Backend, values: &[Fr]) -> Self {
        match lanes(backend, values.len()) {
            Some(token) => Self { backend, values: Lanes(LaneVec::new(token, values)) },
            None => Self { backend, values: Scalars(values.to_vec()) },
        }
    }

    /// Takes values over without copying them where the representation is ark's.
    fn from_scalars(backend: Backend, values: Vec<Fr>) -> Self {
        match lanes(backend, values.len()) {
            Some(_) => Self::new(backend, &values),
            None => Self { backend, values: Scalars(values) },
        }
    }

    fn from_lanes(values: LaneVec) -> Self {
        let backend = Backend::Ifma;
        if values.len() < LaneVec::MIN_LEN {
            return Self { backend, values: Scalars(values.to_vec()) };
        }
        Self { backend, values: Lanes(values) }
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
        match (backend, lanes(backend, len)) {
            (_, Some(token)) => Self::from_lanes(LaneVec::affine(token, len, constant, terms)),
            (Backend::Reference, _) => Self::from_scalars(backend, reference::affine(len, constant, terms)),
            _ => Self::from_scalars(backend, scalar::affine(len, constant, terms)),
        }
    }

    /// `eq(point, i)` for all i; bit t of the index belongs to `point[t]`. [1.1]
    #[must_use]
    pub fn eq_table(backend: Backend, point: &[Fr]) -> Self {
        match (backend, lanes(backend, 1 << point.len())) {
            (_, Some(token)) => Self::from_lanes(LaneVec::eq_table(token, point)),
            (Backend::Reference, _) => Self::from_scalars(backend, reference::eq_table(point)),
            _ => Self::from_scalars(backend, scalar::eq_table(point, Fr::ONE)),
        }
    }

    /// `out[j] = Σ_i weights[i] m[i·columns + j]`: a matrix of integers, `weights.len()` rows, bound over its rows.
    #[must_use]
    pub fn combine_rows(weights: &Self, m: &[i32], columns: usize) -> Self {
        assert_eq!(m.len(), weights.len() * columns, "cells of the matrix");
        let backend = weights.backend;
        let values = match (&weights.values, lanes(backend, columns)) {
            (Lanes(weights), Some(_)) => {
                return Self::from_lanes(LaneVec::combine_rows(weights, m, columns));
            }
            (w, _) if backend == Backend::Reference => reference::combine_rows(m, columns, &w.scalars()),
            (w, _) => scalar::combine_rows(m, columns, &w.scalars()),
        };
        Self::from_scalars(backend, values)
    }

    /// `out[i] = Σ_j weights[j] m[i·weights.len() + j]`: a matrix of integers bound over its columns.
    #[must_use]
    pub fn combine_columns(weights: &Self, m: &[i32]) -> Self {
        assert!(!weights.is_empty() && m.len().is_multiple_of(weights.len()), "whole rows");
        let values = match &weights.values {
            Lanes(weights) => LaneVec::combine_columns(weights, m),
            Scalars(w) if weights.backend == Backend::Reference => reference::combine_columns(m, w),
            Scalars(w) => m.chunks(w.len()).map(|row| wide::dot_integers(w, row)).collect(),
        };
        Self::from_scalars(weights.backend, values)
    }

    /// Which implementation it computes with.
    #[must_use]
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// How many elements it has.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.values {
            Scalars(v) => v.len(),
            Lanes(v) => v.len(),
        }
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Element `index`.
    #[must_use]
    pub fn get(&self, index: usize) -> Fr {
        match &self.values {
            Scalars(v) => v[index],
            Lanes(v) => {
                assert!(index < v.len(), "element {index} of {}", v.len());
                v.range(index, index + 1)[0]
            }
        }
    }

    /// A copy in ark's representation.
    #[must_use]
    pub fn to_vec(&self) -> Vec<Fr> {
        self.scalars().into_owned()
    }

    fn scalars(&self) -> Cow<'_, [Fr]> {
        self.values.scalars()
    }

    /// A copy of `len` elements from `from` on. Fast where `from` is a multiple of 8.
    #[must_use]
    pub fn part(&self, from: usize, len: usize) -> Self {
        assert!(from + len <= self.len(), "{len} cells at {from} of {}", self.len());
        match &self.values {
            Lanes(v) if from.is_multiple_of(8) && len >= LaneVec::MIN_LEN => {
                Self::from_lanes(v.part(from, len))
            }
            Lanes(v) => Self::from_scalars(self.backend, v.range(from, from + len)),
            Scalars(v) => Self::new(self.backend, &v[from..from + len]),
        }
    }

    /// Overwrites elements from `offset` on with all of `x`. Fast where the offset is a multiple of 8.
    pub fn copy_at(&mut self, offset: usize, x: &Self) {
        assert_eq!(self.backend, x.backend, "backends");
        assert!(offset + x.len() <= self.len(), "{} cells at {offset} of {}", x.len(), self.len());
        match (&mut self.values, &x.values) {
            (Lanes(v), Lanes(x)) => v.copy_at(offset, x),
            (Lanes(v), Scalars(x)) => v.set_range(offset, x),
            (Scalars(v), x) => v[offset..offset + x.scalars().len()].copy_from_slice(&x.scalars()),
        }
    }

    /// Binds the highest variable to `challenge`: `v[i] + challenge·(v[i + n/2] - v[i])`, half as long. The length is a
    /// power of two, at least 2.
    pub fn fold(&mut self, challenge: Fr) {
        self.assert_foldable();
        match (&mut self.values, self.backend) {
            (Scalars(v), Backend::Reference) => *v = reference::fold(v, challenge),
            (Scalars(v), _) => scalar::fold(v, challenge),
            (Lanes(v), _) => v.fold(challenge),
        }
        self.settle();
    }

    /// Adds the upper half to the lower one, which is half as long: an eq table without its highest variable.
    pub fn add_halves(&mut self) {
        self.assert_foldable();
        match &mut self.values {
            Scalars(v) => scalar::add_halves(v),
            Lanes(v) => v.add_halves(),
        }
        self.settle();
    }

    /// What has become too short leaves the lanes.
    fn settle(&mut self) {
        if let Lanes(v) = &self.values
            && v.len() < LaneVec::MIN_LEN
        {
            self.values = Scalars(v.to_vec());
        }
    }

    /// `Σ self[i]·other[i]`.
    #[must_use]
    pub fn dot(&self, other: &Self) -> Fr {
        self.assert_alike(other);
        match (&self.values, &other.values) {
            (Lanes(a), Lanes(b)) => a.dot(b),
            (a, b) if self.backend == Backend::Reference => reference::dot(&a.scalars(), &b.scalars()),
            (a, b) => wide::dot(&a.scalars(), &b.scalars()),
        }
    }

    /// `Σ self[i]·x[i]` with integers.
    #[must_use]
    pub fn dot_i32(&self, x: &[i32]) -> Fr {
        assert_eq!(self.len(), x.len(), "lengths");
        match &self.values {
            Lanes(v) => v.dot_i32(x),
            Scalars(v) if self.backend == Backend::Reference => reference::dot_integers(v, x),
            Scalars(v) => wide::dot_integers(v, x),
        }
    }

    /// `self[i] += a`.
    pub fn add_constant(&mut self, a: Fr) {
        match &mut self.values {
            Lanes(v) => v.add_constant(a),
            Scalars(v) => v.iter_mut().for_each(|v| *v += a),
        }
    }

    /// `self[i] *= a`.
    pub fn scale(&mut self, a: Fr) {
        match &mut self.values {
            Lanes(v) => v.scale(a),
            Scalars(v) => v.iter_mut().for_each(|v| *v *= a),
        }
    }

    /// `self[i] *= other[i]`.
    pub fn multiply(&mut self, other: &Self) {
        self.assert_alike(other);
        match (&mut self.values, &other.values) {
            (Lanes(v), Lanes(x)) => v.multiply(x),
            (Scalars(v), x) => v.iter_mut().zip(&*x.scalars()).for_each(|(v, x)| *v *= x),
            (Lanes(_), Scalars(_)) => unreachable!("equal lengths"),
        }
    }

    /// `self[offset + i] += a·x[i]` for the cells of x, all of which lie within. Fast where the offset is a multiple of 8.
    pub fn add_scaled_at(&mut self, offset: usize, a: Fr, x: &Self) {
        assert_eq!(self.backend, x.backend, "backends");
        assert!(offset + x.len() <= self.len(), "{} cells at {offset} of {}", x.len(), self.len());
        match (&mut self.values, &x.values) {
            (Lanes(v), Lanes(x)) => v.add_scaled_at(offset, a, x),
            (Lanes(v), Scalars(x)) => v.add_scaled_elements(offset, a, x),
            (Scalars(v), x) => reference::add_scaled(&mut v[offset..], a, &x.scalars()),
        }
    }

    /// `self[i] += a·x[i]`; x may be shorter.
    pub fn add_scaled(&mut self, a: Fr, x: &Self) {
        self.add_scaled_at(0, a, x);
    }

    /// `out[j·|low| + i] = low[i]·high[j]`.
    #[must_use]
    pub fn kron(low: &Self, high: &Self) -> Self {
        assert_eq!(low.backend, high.backend, "backends");
        match (&low.values, &high.values) {
            (Lanes(low), high) if low.len().is_multiple_of(8) && !high.scalars().is_empty() => {
                Self::from_lanes(LaneVec::kron(low, &high.scalars()))
            }
            (Scalars(low), Lanes(high)) if [1, 2, 4, 8].contains(&low.len()) => {
                Self::from_lanes(LaneVec::kron_of_few(low, high))
            }
            _ => Self::from_scalars(low.backend, reference::kron(&low.scalars(), &high.scalars())),
        }
    }

    /// Inverts every element; zero stays zero.
    pub fn invert(&mut self) {
        match (&mut self.values, self.backend) {
            (Scalars(v), Backend::Reference) => reference::invert(v),
            (Scalars(v), _) => scalar::invert(v),
            (Lanes(v), _) => v.invert(),
        }
    }

    /// `Σ_s 1/d_s[i]` over the columns; 1/0 counts as 0. [4.5]
    ///
    /// # Panics
    /// If there is no column, or their lengths or backends differ.
    #[must_use]
    pub fn sum_of_inverses(d: &[Self]) -> Self {
        d.iter().for_each(|column| d[0].assert_alike(column));
        let backend = d[0].backend;
        let lanes = d.iter().map(|d| if let Lanes(v) = &d.values { Some(v) } else { None });
        if let Some(lanes) = lanes.collect::<Option<Vec<_>>>() {
            return Self::from_lanes(LaneVec::sum_of_inverses(&lanes));
        }
        let columns: Vec<Cow<'_, [Fr]>> = d.iter().map(Self::scalars).collect();
        let columns: Vec<&[Fr]> = columns.iter().map(|d| &**d).collect();
        let values = match backend {
            Backend::Reference => reference::sum_of_inverses(&columns),
            _ => scalar::sum_of_inverses(&columns),
        };
        Self::from_scalars(backend, values)
    }

    /// `Σ self[i] x^i`.
    #[must_use]
    pub fn evaluate(&self, x: Fr) -> Fr {
        match &self.values {
            Lanes(v) => v.evaluate(x),
            Scalars(v) => reference::evaluate(v, x),
        }
    }

    /// `self = (X - a) q + rest`: the quotient, one shorter, and the rest `self(a)`.
    #[must_use]
    pub fn divide_by_linear(&self, a: Fr) -> (Self, Fr) {
        if let Lanes(v) = &self.values {
            let (quotient, rest) = v.divide_by_linear(a);
            return (Self::from_lanes(quotient), rest);
        }
        let (quotient, rest) = self.divide_by_binomial(1, a);
        (quotient, rest.get(0))
    }

    /// `self = (X^b - a) q + g` with deg g < b: q has len - b coefficients (none if there are not as many), g has b. Fast
    /// where b is a multiple of 8. [7.2] step 2
    #[must_use]
    pub fn divide_by_binomial(&self, b: usize, a: Fr) -> (Self, Self) {
        assert!(b > 0, "X^0 - a is no divisor");
        let (quotient, rest) = match (&self.values, self.backend) {
            (Lanes(v), _) if b.is_multiple_of(8) && v.len() >= b => {
                let (quotient, rest) = v.divide(b, a);
                return (Self::from_lanes(quotient), Self::from_lanes(rest));
            }
            (v, Backend::Reference) => reference::divide(&v.scalars(), b, a),
            (v, _) => scalar::divide(&v.scalars(), b, a),
        };
        (Self::from_scalars(self.backend, quotient), Self::from_scalars(self.backend, rest))
    }

    /// `out[i] = Σ_j weights[j]·self[i·b + j]`, b the number of weights; a last row may be shorter. [7.2] step 1
    #[must_use]
    pub fn row_dots(&self, weights: &Self) -> Self {
        assert_eq!(self.backend, weights.backend, "backends");
        assert!(!weights.is_empty(), "rows of nothing");
        let values = match (&self.values, &weights.values) {
            (Lanes(v), Lanes(weights)) if weights.len().is_multiple_of(8) => v.row_dots(weights),
            (v, w) if self.backend == Backend::Reference => reference::row_dots(&v.scalars(), &w.scalars()),
            (v, w) => {
                let (v, w) = (v.scalars(), w.scalars());
                v.chunks(w.len()).map(|row| wide::dot(row, &w)).collect()
            }
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
        if let Lanes(v) = &mut self.values
            && v.has_fft()
        {
            return v.fft(root);
        }
        let mut values = self.to_vec();
        match self.backend {
            Backend::Reference => values = reference::dft(&values, root),
            _ => scalar::fft(&mut values, root),
        }
        *self = Self::from_scalars(self.backend, values);
    }

    /// Binds the highest variable of both columns if there is a challenge; then `q(0)`, `q(1)` if `with_one`, and the leading
    /// coefficient of `q(X) = Σ_i w_i A(X, i) B(X, i)`, i over half the length; the weights repeat. For sumcheck rounds.
    pub(crate) fn product_sums(
        columns: &mut [Self; 2],
        challenge: Option<Fr>,
        weights: Option<&Self>,
        with_one: bool,
    ) -> [Fr; 3] {
        let challenge = Self::bind_if_short(columns, challenge);
        if let [Lanes(a), Lanes(b)] = columns.each_mut().map(|v| &mut v.values) {
            let mut few = None;
            let weights = weights.map(|weights| weights.blocks(a.token(), &mut few));
            return LaneVec::product_sums([a, b], challenge, weights, with_one);
        }
        let [a, b] = columns.each_ref().map(Self::scalars);
        let weights = weights.map(Self::scalars);
        scalar::product_sums(&a, &b, weights.as_deref(), with_one)
    }

    /// [`scalar::integer_product_sums`].
    pub(crate) fn integer_product_sums(a: &[i32], b: &Self) -> [Fr; 3] {
        match &b.values {
            Lanes(b) => LaneVec::integer_product_sums(a, b),
            Scalars(b) => scalar::integer_product_sums(a, b),
        }
    }

    /// Binds the highest variable of all columns if there is a challenge; then the values of the lookup polynomial, see
    /// [`scalar::lookup_sums`].
    pub(crate) fn lookup_sums(
        columns: &mut [Self],
        challenge: Option<Fr>,
        weights: &Self,
        with_one: bool,
    ) -> [Fr; 6] {
        let challenge = Self::bind_if_short(columns, challenge);
        let lanes = columns.iter_mut().map(|v| if let Lanes(v) = &mut v.values { Some(v) } else { None });
        if let Some(mut lanes) = lanes.collect::<Option<Vec<_>>>() {
            let mut few = None;
            let weights = weights.blocks(lanes[0].token(), &mut few);
            return LaneVec::lookup_sums(&mut lanes, challenge, weights, with_one);
        }
        let columns: Vec<Cow<'_, [Fr]>> = columns.iter().map(Self::scalars).collect();
        let d: Vec<&[Fr]> = columns[1..].iter().map(|d| &**d).collect();
        scalar::lookup_sums(&columns[0], &d, &weights.scalars(), with_one)
    }

    /// Binds now what is not bound on the way of a round's sums: all but lanes of which at least 16 elements are left.
    fn bind_if_short(columns: &mut [Self], challenge: Option<Fr>) -> Option<Fr> {
        let c = challenge?;
        if columns[0].len() >= 2 * LaneVec::MIN_LEN && matches!(columns[0].values, Lanes(_)) {
            return challenge;
        }
        columns.iter_mut().for_each(|column| column.fold(c));
        None
    }

    /// A power of two of weights as blocks; up to eight are repeated in one.
    fn blocks<'a>(&'a self, token: Token, few: &'a mut Option<Block>) -> &'a [Block] {
        match &self.values {
            Lanes(v) => v.blocks(),
            Scalars(v) => std::slice::from_ref(few.insert(repeated(token, v))),
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

impl Values {
    fn scalars(&self) -> Cow<'_, [Fr]> {
        match self {
            Scalars(v) => Cow::Borrowed(v),
            Lanes(v) => Cow::Owned(v.to_vec()),
        }
    }
}

/// The token for lanes if `backend` keeps `len` elements in them.
fn lanes(backend: Backend, len: usize) -> Option<Token> {
    assert!(backend.is_available(), "this machine cannot run {backend:?}");
    if backend == Backend::Ifma && len >= LaneVec::MIN_LEN { Token::detect() } else { None }
}
