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
/// 1/2, 1/6 and 1/12.
static SIXTHS: LazyLock<[Fr; 3]> =
    LazyLock::new(|| [2u64, 6, 12].map(|k| Fr::from(k).inverse().unwrap_or_default()));

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

/// Coefficients of the polynomial of degree 5 with these values at 0, 1, -1, 2, -2 and this leading coefficient.
pub fn quintic(values: [Fr; 5], lead: Fr) -> [Fr; 6] {
    let [zero, one, minus_one, two, minus_two] = values;
    let [half, sixth, twelfth] = *SIXTHS;
    // Even part: A = c2 + c4, B = 4 c2 + 16 c4. Odd part without the lead: C = c1 + c3, D = 2 c1 + 8 c3.
    let a = (one + minus_one) * half - zero;
    let b = (two + minus_two) * half - zero;
    let c = (one - minus_one) * half - lead;
    let d = (two - minus_two) * half - lead * Fr::from(32u64);
    let c4 = (b - a.double().double()) * twelfth;
    let c3 = (d - c.double()) * sixth;
    [zero, c - c3, a - c4, c3, c4, lead]
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
        let f = [7, -3, 11, 0, -5, 2].map(Fr::from);
        let values = [0, 1, -1, 2, -2].map(|x| evaluate(&f, Fr::from(x)));
        assert_eq!(quintic(values, f[5]), f);
        let f = [7, -3, 11].map(Fr::from);
        assert_eq!(quadratic(f[0], evaluate(&f, Fr::ONE), f[2]), f);
    }
}
