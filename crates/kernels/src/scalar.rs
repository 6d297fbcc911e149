//! Portable kernels on slices: the definitions rearranged so that they take fewer multiplications.

use crate::{
    inversion::inverse_or_zero,
    residue::Residue,
    wide::{Wide, WideSmall, dot_integers},
};
use ark_bn254::{Fr, FrConfig};
use ark_ff::{AdditiveGroup, FftField, Field, One, Zero};

type F = Residue<FrConfig>;

/// `constant + Σ_j a_j x_j[i]`.
pub fn affine(len: usize, constant: Fr, terms: &[(Fr, &[i32])]) -> Vec<Fr> {
    (0..len)
        .map(|i| {
            let mut sum = WideSmall::default();
            terms.iter().for_each(|(a, x)| sum.add(a, x[i]));
            sum.reduce() + constant
        })
        .collect()
}

/// `out[j] = Σ_i w[i] m[i·columns + j]`, all columns at once, down the rows.
pub fn combine_rows(m: &[i32], columns: usize, weights: &[Fr]) -> Vec<Fr> {
    let mut sums = vec![WideSmall::default(); columns];
    for (i, weight) in weights.iter().enumerate() {
        for (sum, x) in sums.iter_mut().zip(&m[i * columns..]) {
            sum.add(weight, *x);
        }
    }
    sums.iter().map(WideSmall::reduce).collect()
}

/// [`crate::reference::eq_table`] by doubling, times `scale`.
pub fn eq_table(point: &[Fr], scale: Fr) -> Vec<Fr> {
    let mut table = Vec::with_capacity(1 << point.len());
    table.push(scale);
    for u in point {
        for i in 0..table.len() {
            let all = F::from(table[i]);
            let high = all * F::from(*u);
            table[i] = (all - high).canonical();
            table.push(high.canonical());
        }
    }
    table
}

/// Binds the highest variable in place.
pub fn fold(v: &mut Vec<Fr>, challenge: Fr) {
    let half = v.len() / 2;
    let (low, high) = v.split_at_mut(half);
    for (low, high) in low.iter_mut().zip(high) {
        let (start, end) = (F::from(*low), F::from(*high));
        *low = (start + F::from(challenge) * (end - start)).canonical();
    }
    v.truncate(half);
}

/// Adds the upper half to the lower one: an eq table loses its highest variable.
pub fn add_halves(v: &mut Vec<Fr>) {
    let half = v.len() / 2;
    let (low, high) = v.split_at_mut(half);
    for (low, high) in low.iter_mut().zip(high) {
        *low += &*high;
    }
    v.truncate(half);
}

/// All inverses with one inversion; zero stays zero.
pub fn invert(v: &mut [Fr]) {
    let mut product = F::ONE;
    let before: Vec<F> = v
        .iter()
        .map(|x| {
            let before = product;
            if !x.is_zero() {
                product = product * F::from(*x);
            }
            before
        })
        .collect();
    let mut inverse = F::from(inverse_or_zero(&product.canonical()));
    for (x, before) in v.iter_mut().zip(before).rev() {
        if !x.is_zero() {
            let value = inverse * before;
            inverse = inverse * F::from(*x);
            *x = value.canonical();
        }
    }
}

/// `Σ_s 1/d_s[i]`: one inversion a row, of the product.
pub fn sum_of_inverses(d: &[&[Fr]]) -> Vec<Fr> {
    let (first, others) = d.split_first().expect("there is a column");
    let mut denominators: Vec<Fr> = (0..first.len())
        .map(|i| others.iter().fold(F::from(first[i]), |all, d| all * F::from(d[i])).canonical())
        .collect();
    invert(&mut denominators);
    for (i, out) in denominators.iter_mut().enumerate() {
        if out.is_zero() {
            // Some column is zero here (or the row is all there is to it): take them one by one.
            *out = d.iter().map(|d| inverse_or_zero(&d[i])).sum();
            continue;
        }
        let Some((second, others)) = others.split_first() else { continue };
        let (d0, d1) = (F::from(first[i]), F::from(second[i]));
        let (numerator, _) = others.iter().fold((d0 + d1, d0 * d1), |(sum, all), d| {
            let d = F::from(d[i]);
            (sum * d + all, all * d)
        });
        *out = (F::from(*out) * numerator).canonical();
    }
    denominators
}

/// `f = (X^b - a) q + g`: Horner's rule on rows of b coefficients. See [`crate::reference::divide`].
pub fn divide(f: &[Fr], b: usize, a: Fr) -> (Vec<Fr>, Vec<Fr>) {
    let mut quotient = f.get(b..).unwrap_or_default().to_vec();
    let a = F::from(a);
    let step = |here: &mut Fr, above: Fr| *here = (F::from(*here) + a * F::from(above)).canonical();
    for i in (b..quotient.len()).rev() {
        let above = quotient[i];
        step(&mut quotient[i - b], above);
    }
    let mut rest = f[..b.min(f.len())].to_vec();
    rest.resize(b, Fr::ZERO);
    for (rest, above) in rest.iter_mut().zip(&quotient) {
        step(rest, *above);
    }
    (quotient, rest)
}

/// A root of unity of order `2^log_size`, the one that all transforms use.
pub fn root_of_unity(log_size: u32) -> Fr {
    let mut root = Fr::TWO_ADIC_ROOT_OF_UNITY;
    for _ in log_size..Fr::TWO_ADICITY {
        root.square_in_place();
    }
    root
}

/// `1, x, …, x^(len-1)`.
pub fn powers(x: Fr, len: usize) -> Vec<Fr> {
    std::iter::successors(Some(Fr::one()), |power| Some(*power * x)).take(len).collect()
}

/// In-place transform of a power of two of values, natural order in and out.
pub fn fft(v: &mut [Fr], root: Fr) {
    let log_size = v.len().trailing_zeros();
    for i in 0..v.len() {
        let j = i.reverse_bits() >> (usize::BITS - log_size).min(usize::BITS - 1);
        if log_size > 0 && i < j {
            v.swap(i, j);
        }
    }
    let twiddles = powers(root, v.len() / 2);
    let mut half = 1;
    while half < v.len() {
        let stride = v.len() / (2 * half);
        for block in v.chunks_mut(2 * half) {
            let (low, high) = block.split_at_mut(half);
            for (i, (low, high)) in low.iter_mut().zip(high).enumerate() {
                let (left, right) = (F::from(*low), F::from(*high) * F::from(twiddles[i * stride]));
                *low = (left + right).canonical();
                *high = (left - right).canonical();
            }
        }
        half *= 2;
    }
}

/// `q(0)`, `q(1)` if `with_one`, and the leading coefficient of `q(X) = Σ_i w_i A(X, i) B(X, i)`; weights repeat.
pub fn product_sums(a: &[Fr], b: &[Fr], weights: Option<&[Fr]>, with_one: bool) -> [Fr; 3] {
    let half = a.len() / 2;
    let mut sums = [Wide::default(); 3];
    for i in 0..half {
        let (mut a0, mut a1) = (F::from(a[i]), F::from(a[i + half]));
        let (b0, b1) = (F::from(b[i]), F::from(b[i + half]));
        if let Some(weights) = weights {
            let weight = F::from(weights[i % weights.len()]);
            (a0, a1) = (a0 * weight, a1 * weight);
        }
        sums[0].add(a0, b0);
        if with_one {
            sums[1].add(a1, b1);
        }
        sums[2].add(a1 - a0, b1 - b0);
    }
    sums.map(|sum| sum.reduce())
}

/// `q(0)`, `q(1)` and the leading coefficient of `q(X) = Σ_i A(X, i) B(X, i)`, A a column of integers.
pub fn integer_product_sums(a: &[i32], b: &[Fr]) -> [Fr; 3] {
    let half = a.len() / 2;
    let (a0, a1) = a.split_at(half);
    let (b0, b1) = b.split_at(half);
    // (a1 - a0)(b1 - b0) without a difference that needs 33 bits.
    let [low, high] = [dot_integers(b0, a0), dot_integers(b1, a1)];
    [low, high, low + high - dot_integers(b0, a1) - dot_integers(b1, a0)]
}

/// The values at 0, 1 (if `with_one`), -1, 2, -2 (as many as there are columns d_s, and one more; the others are zero) and
/// the leading coefficient of `q(X) = Σ_i w_i [h Π_s d_s - Σ_s Π_{s'≠s} d_s'](X, i)`, for one to four columns d_s.
///
/// With P = d0 d1 the bracket of two columns is `B = h P - d0 - d1`, of three `d2 B - P`, of four, with Q = d2 d3,
/// `Q B - (d2 + d3) P`; of one `h d0 - 1`. P and Q are quadratic: three multiplications each, the other values by additions.
pub fn lookup_sums(h: &[Fr], d: &[&[Fr]], weights: &[Fr], with_one: bool) -> [Fr; 6] {
    let half = h.len() / 2;
    let mut sums = [Wide::default(); 6];
    let at = |v: &[Fr], i: usize| {
        let (low, high) = (F::from(v[i]), F::from(v[i + half]));
        let slope = high - low;
        let minus_one = low - slope;
        // 0, 1, -1, 2, -2, ∞
        [low, high, minus_one, high + slope, minus_one - slope, slope]
    };
    for i in 0..half {
        let weight = F::from(weights[i]);
        let h = at(h, i);
        let mut sides = [h; 4];
        sides.iter_mut().zip(d).for_each(|(side, d)| *side = at(d, i));
        let [d0, d1, d2, d3] = &sides;
        let p = if d.len() > 1 { quadratic_values(d0, d1) } else { *d0 };
        let q = if d.len() > 3 { quadratic_values(d2, d3) } else { *d2 };
        for (k, sum) in sums.iter_mut().enumerate() {
            if !is_summed(k, d.len(), with_one) {
                continue;
            }
            let hp = h[k] * p[k];
            // What is subtracted is of a lower degree: it says nothing about the leading coefficient.
            let value = match (d.len(), k == 5) {
                (1, false) => hp - F::from(Fr::ONE),
                (1 | 2, true) => hp,
                (2, false) => hp - d0[k] - d1[k],
                (3, false) => q[k] * (hp - d0[k] - d1[k]) - p[k],
                (_, false) => q[k] * (hp - d0[k] - d1[k]) - (d2[k] + d3[k]) * p[k],
                (_, true) => q[k] * hp,
            };
            sum.add(value, weight);
        }
    }
    sums.map(|sum| sum.reduce())
}

/// Whether the k-th of the values 0, 1, -1, 2, -2, ∞ is asked for, with so many columns.
#[inline(always)]
pub fn is_summed(k: usize, columns: usize, with_one: bool) -> bool {
    k == 5 || (k <= columns && (k != 1 || with_one))
}

/// The product of two linear polynomials at 0, 1, -1, 2, -2, ∞ from three multiplications.
#[inline(always)]
fn quadratic_values(a: &[F; 6], b: &[F; 6]) -> [F; 6] {
    let (zero, one, lead) = (a[0] * b[0], a[1] * b[1], a[5] * b[5]);
    // f = c0 + c1 X + c2 X², c1 = f(1) - c0 - c2.
    let (even, twice, lead2) = ((zero + lead).double(), one.double(), lead.double());
    // f(-2) = f(2) - 4 c1 = 3 c0 + 6 c2 - 2 f(1)
    [zero, one, even - one, twice - zero + lead2, even + zero + lead2.double() - twice, lead]
}
