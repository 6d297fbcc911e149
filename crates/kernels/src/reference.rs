//! The definitions: every kernel on plain slices of ark's field elements, written as one would write it on paper.
//!
//! Nothing here is fast, and nothing here is clever; the other implementations owe it equality on every input.

use ark_bn254::{Fr, G1Affine, G1Projective};
use ark_ec::{AdditiveGroup, PrimeGroup};
use ark_ff::{Field, One, PrimeField, Zero};

/// The integer as a field element: negative ones as r - |x|.
pub fn integer(x: i64) -> Fr {
    Fr::from(x)
}

/// `Σ s_i P_i` by doubling and adding.
pub fn msm(bases: &[G1Affine], scalars: &[Fr]) -> G1Projective {
    bases
        .iter()
        .zip(scalars)
        .map(|(base, scalar)| {
            let bits = scalar.into_bigint().0;
            let mut sum = G1Projective::zero();
            for bit in (0..256).rev() {
                sum.double_in_place();
                if bits[bit / 64] >> (bit % 64) & 1 == 1 {
                    sum += base;
                }
            }
            sum
        })
        .sum()
}

/// `Σ s_i P_i` for integers.
pub fn msm_integers(bases: &[G1Affine], scalars: impl Iterator<Item = i64>) -> G1Projective {
    bases
        .iter()
        .zip(scalars)
        .map(|(base, scalar)| {
            let product = G1Projective::from(*base).mul_bigint([scalar.unsigned_abs()]);
            if scalar < 0 { -product } else { product }
        })
        .sum()
}

/// `c_0 + Σ_j a_j x_j[i]` for columns of integers.
pub fn affine(len: usize, constant: Fr, terms: &[(Fr, &[i32])]) -> Vec<Fr> {
    (0..len).map(|i| constant + terms.iter().map(|(a, x)| *a * integer(x[i].into())).sum::<Fr>()).collect()
}

/// `eq(point, i)` for every i; bit t of i belongs to `point[t]`. [1.1]
pub fn eq_table(point: &[Fr]) -> Vec<Fr> {
    (0..1usize << point.len())
        .map(|i| {
            point.iter().enumerate().map(|(t, u)| if i >> t & 1 == 1 { *u } else { Fr::one() - u }).product()
        })
        .collect()
}

/// Binds the highest variable: `v[i] + c (v[i + n/2] - v[i])`.
pub fn fold(v: &[Fr], challenge: Fr) -> Vec<Fr> {
    let (low, high) = v.split_at(v.len() / 2);
    low.iter().zip(high).map(|(low, high)| *low + challenge * (*high - low)).collect()
}

/// `Σ a_i b_i`.
pub fn dot(a: &[Fr], b: &[Fr]) -> Fr {
    a.iter().zip(b).map(|(a, b)| *a * b).sum()
}

/// `Σ a_i x_i` with integers x.
pub fn dot_integers(a: &[Fr], x: &[i32]) -> Fr {
    a.iter().zip(x).map(|(a, x)| *a * integer((*x).into())).sum()
}

/// `v[i] += a x[i]`.
pub fn add_scaled(v: &mut [Fr], a: Fr, x: &[Fr]) {
    for (v, x) in v.iter_mut().zip(x) {
        *v += a * x;
    }
}

/// `out[j·|low| + i] = low[i] high[j]`.
pub fn kron(low: &[Fr], high: &[Fr]) -> Vec<Fr> {
    high.iter().flat_map(|high| low.iter().map(move |low| *low * high)).collect()
}

/// 1/v, and 0 for 0.
pub fn invert(v: &mut [Fr]) {
    for v in v {
        *v = v.inverse().unwrap_or(Fr::ZERO);
    }
}

/// `Σ_s 1/d_s[i]`, where 1/0 counts as 0.
pub fn sum_of_inverses(d: &[&[Fr]]) -> Vec<Fr> {
    (0..d[0].len()).map(|i| d.iter().map(|d| d[i].inverse().unwrap_or(Fr::ZERO)).sum()).collect()
}

/// `Σ v_i x^i`.
pub fn evaluate(v: &[Fr], x: Fr) -> Fr {
    v.iter().rev().fold(Fr::ZERO, |sum, v| sum * x + v)
}

/// `f = (X^b - a) q + g` with deg g < b, by long division from the top: q (len - b coefficients, or none) and g (b).
pub fn divide(f: &[Fr], b: usize, a: Fr) -> (Vec<Fr>, Vec<Fr>) {
    let mut rest = f.to_vec();
    let mut quotient = vec![Fr::ZERO; f.len().saturating_sub(b)];
    for i in (b..f.len()).rev() {
        let lead = std::mem::take(&mut rest[i]);
        rest[i - b] += a * lead;
        quotient[i - b] = lead;
    }
    rest.resize(b, Fr::ZERO);
    (quotient, rest)
}

/// `out[i] = Σ_j row_weights[j] m[i·b + j]`, b the number of weights.
pub fn row_dots(m: &[Fr], weights: &[Fr]) -> Vec<Fr> {
    m.chunks(weights.len()).map(|row| dot(row, weights)).collect()
}

/// `out[j] = Σ_i w[i] m[i·columns + j]` for integers m.
pub fn combine_rows(m: &[i32], columns: usize, weights: &[Fr]) -> Vec<Fr> {
    (0..columns)
        .map(|j| weights.iter().enumerate().map(|(i, w)| *w * integer(m[i * columns + j].into())).sum())
        .collect()
}

/// `out[i] = Σ_j w[j] m[i·columns + j]` for integers m.
pub fn combine_columns(m: &[i32], weights: &[Fr]) -> Vec<Fr> {
    m.chunks(weights.len()).map(|row| dot_integers(weights, row)).collect()
}

/// `V[k] = Σ_i v_i w^(ik)`, w the root of unity of order `v.len()`, from the definition.
pub fn dft(v: &[Fr], root: Fr) -> Vec<Fr> {
    let mut x = Fr::one();
    (0..v.len())
        .map(|_| {
            let value = evaluate(v, x);
            x *= root;
            value
        })
        .collect()
}

/// The polynomial `Σ_i f(v_1[i] + X (v_1[i + n/2] - v_1[i]), …)` at X = 0, 1, …, degree: what a sumcheck round sends.
pub fn round_values(columns: &[&[Fr]], degree: usize, f: impl Fn(&[Fr]) -> Fr) -> Vec<Fr> {
    let half = columns[0].len() / 2;
    (0..=degree as u64)
        .map(|x| {
            (0..half)
                .map(|i| {
                    let at: Vec<Fr> =
                        columns.iter().map(|v| v[i] + Fr::from(x) * (v[i + half] - v[i])).collect();
                    f(&at)
                })
                .sum()
        })
        .collect()
}
