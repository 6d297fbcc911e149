//! From the values of a small polynomial to its coefficients.

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field};
use std::sync::LazyLock;

/// 1/k! for k = 0..=MAX.
const MAX: usize = 6;
static INVERSE_FACTORIALS: LazyLock<[Fr; MAX + 1]> = LazyLock::new(|| {
    let mut factorial = Fr::ONE;
    std::array::from_fn(|k| {
        factorial *= Fr::from(k.max(1) as u64);
        factorial.inverse().unwrap_or_default()
    })
});
/// Where a lookup's rounds are summed up.
const NODES: [i8; 5] = [0, 1, -1, 2, -2];
/// 1/k for k = 0..=4, 0 for 0.
static INVERSES: LazyLock<[Fr; 5]> =
    LazyLock::new(|| [0u64, 1, 2, 3, 4].map(|k| Fr::from(k).inverse().unwrap_or_default()));

/// Coefficients, lowest first, of the polynomial with these values at 0, 1, …, d (d at most 6): Newton's forward
/// differences, `f(X) = Σ_k Δ^k f(0)/k! · X(X-1)…(X-k+1)`, multiplied out from the top.
pub fn from_values(values: &[Fr]) -> Vec<Fr> {
    assert!(values.len() <= MAX + 1, "degree at most {MAX}");
    let mut differences = values.to_vec();
    for level in 1..differences.len() {
        for i in (level..differences.len()).rev() {
            let before = differences[i - 1];
            differences[i] -= before;
        }
    }
    let mut coefficients = vec![Fr::ZERO; values.len()];
    for k in (0..values.len()).rev() {
        // coefficients = coefficients · (X - k) + Δ^k/k!
        for i in (0..coefficients.len()).rev() {
            let lower = if i == 0 { Fr::ZERO } else { coefficients[i - 1] };
            coefficients[i] = lower - Fr::from(k as u64) * coefficients[i];
        }
        coefficients[0] += differences[k] * INVERSE_FACTORIALS[k];
    }
    coefficients
}

/// Coefficients of the polynomial with these values at 0, 1, -1, 2, -2, as many of them as its degree (at most 5), and this
/// leading coefficient: Newton's divided differences of what is left without the latter.
pub fn from_few(values: &[Fr], lead: Fr) -> Vec<Fr> {
    let degree = values.len();
    let node = |i: usize| Fr::from(NODES[i]);
    let leading = |i: usize| lead * node(i).pow([degree as u64]);
    let mut differences: Vec<Fr> = values.iter().enumerate().map(|(i, value)| *value - leading(i)).collect();
    for level in 1..degree {
        for i in (level..degree).rev() {
            let before = differences[i - 1];
            // No two nodes are further apart than four.
            let apart = NODES[i] - NODES[i - level];
            let inverse = INVERSES[apart.unsigned_abs() as usize];
            differences[i] = (differences[i] - before) * if apart < 0 { -inverse } else { inverse };
        }
    }
    let mut coefficients = vec![Fr::ZERO; degree + 1];
    for k in (0..degree).rev() {
        // coefficients = coefficients · (X - node) + difference
        for i in (0..degree).rev() {
            let lower = if i == 0 { Fr::ZERO } else { coefficients[i - 1] };
            coefficients[i] = lower - node(k) * coefficients[i];
        }
        coefficients[0] += differences[k];
    }
    coefficients[degree] = lead;
    coefficients
}

/// Coefficients of the polynomial of degree 2 with these values at 0 and 1 and this leading coefficient.
pub fn quadratic(zero: Fr, one: Fr, lead: Fr) -> [Fr; 3] {
    [zero, one - zero - lead, lead]
}

/// `f(x)`.
pub fn evaluate(coefficients: &[Fr], x: Fr) -> Fr {
    coefficients.iter().rev().fold(Fr::ZERO, |sum, c| sum * x + c)
}

/// `f(X) · scale · ((1 - z) + (2z - 1) X)`: the polynomial times what eq says about the variable that is bound.
pub fn times_eq(coefficients: &[Fr], z: Fr, scale: Fr) -> Vec<Fr> {
    let constant = scale * (Fr::ONE - z);
    let slope = scale * (z.double() - Fr::ONE);
    let mut product = vec![Fr::ZERO; coefficients.len() + 1];
    for (i, c) in coefficients.iter().enumerate() {
        product[i] += constant * c;
        product[i + 1] += slope * c;
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coefficients_come_back_from_values() {
        for degree in 0..=MAX {
            let f: Vec<Fr> =
                (0..=degree as u64).map(|i| Fr::from(i * i * 977 + 3) - Fr::from(5000u64)).collect();
            let values: Vec<Fr> = (0..=degree as u64).map(|x| evaluate(&f, x.into())).collect();
            assert_eq!(from_values(&values), f);
        }
        for degree in 0..=NODES.len() {
            let f = &[7, -3, 11, 4, -5, 2].map(Fr::from)[..=degree];
            let values: Vec<Fr> = NODES.iter().take(degree).map(|x| evaluate(f, Fr::from(*x))).collect();
            assert_eq!(from_few(&values, f[degree]), f);
        }
        let f = [7, -3, 11].map(Fr::from);
        assert_eq!(quadratic(f[0], evaluate(&f, Fr::ONE), f[2]), f);
    }
}
