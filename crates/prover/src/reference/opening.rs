//! The prover's side of the multilinear opening ([7.2]).

use crate::commit::Setup;
use ark_ff::{AdditiveGroup, Field};
use averment_verifier::{
    field::{self, Fr},
    opening::{Opening, horner, split},
    transcript::Oracle,
};

/// What is opened: a polynomial of K coefficients and its blind, and the batch evaluation's mask.
pub struct Opened<'a> {
    /// K coefficients, and the blind behind them.
    pub cells: Vec<Fr>,
    /// The point.
    pub point: &'a [Fr],
    /// M' and the weights of its inner product; none without masks.
    pub mask: Option<(&'a [Fr], &'a [Fr])>,
}

/// Opens.
pub fn open(setup: &Setup, opened: &Opened<'_>, transcript: &mut impl Oracle) -> Opening {
    let (column, row) = split(opened.point);
    let width = 1_usize << column.len();
    let (eq_column, eq_row) = (field::eq_table(column), field::eq_table(row));
    let f = &opened.cells;

    let h_polynomial: Vec<Fr> = f.chunks(width).map(|row| dot(row, &eq_column)).collect();
    let h = setup.polynomial(&h_polynomial);
    transcript.points([&h]);
    let alpha = transcript.draw();

    let (q_polynomial, g) = divide_rows(f, width, alpha);
    let d_polynomial: Vec<Fr> = g.iter().rev().copied().collect();
    let (q, d) = (setup.polynomial(&q_polynomial), setup.polynomial(&d_polynomial));
    transcript.points([&q, &d]);
    let omega = transcript.draw();

    let masks = opened.mask.map_or(0, |(mask, _)| mask.len());
    let mut s_polynomial = vec![Fr::ZERO; width.max(h_polynomial.len()).max(masks)];
    add_products(&mut s_polynomial, Fr::ONE, &g, &eq_column);
    add_products(&mut s_polynomial, omega, &h_polynomial, &eq_row);
    if let Some((mask, weights)) = opened.mask {
        add_products(&mut s_polynomial, omega * omega, mask, weights);
    }
    let s = setup.polynomial(&s_polynomial);
    transcript.points([&s]);
    let zeta = transcript.draw();
    let inverse = zeta.inverse().unwrap_or(Fr::ZERO);

    let both = |polynomial: &[Fr]| (horner(polynomial, zeta), horner(polynomial, inverse));
    let values = [both(&d_polynomial), both(&h_polynomial), both(&s_polynomial)];
    let mask = opened.mask.map(|(mask, _)| both(mask));
    let power = zeta.pow([width as u64]);
    let mut remainder = f.clone();
    add_scaled(&mut remainder, alpha - power, &q_polynomial);
    let t_polynomial = divide_linear(&remainder, zeta);
    let t = setup.polynomial(&t_polynomial);
    let evaluations: Vec<Fr> = values.iter().chain(&mask).flat_map(|(a, b)| [*a, *b]).collect();
    transcript.scalars(&evaluations);
    transcript.points([&t]);
    let xi = transcript.draw();

    let mut openings: Vec<(&[Fr], Fr)> = vec![
        (&d_polynomial, zeta),
        (&d_polynomial, inverse),
        (&h_polynomial, zeta),
        (&h_polynomial, inverse),
        (&h_polynomial, alpha),
        (&s_polynomial, zeta),
        (&s_polynomial, inverse),
    ];
    if let Some((mask, _)) = opened.mask {
        openings.extend([(mask, zeta), (mask, inverse)]);
    }
    let mut w_polynomial = Vec::new();
    for ((polynomial, x), weight) in openings.iter().zip(field::powers(xi)) {
        add_scaled(&mut w_polynomial, weight, &divide_linear(polynomial, *x));
    }
    let w = setup.polynomial(&w_polynomial);
    transcript.points([&w]);
    let z = transcript.draw();

    let mut l_polynomial = Vec::new();
    for ((polynomial, x), weight) in openings.iter().zip(field::powers(xi)) {
        let weight = weight * (z - x).inverse().unwrap_or(Fr::ZERO);
        add_scaled(&mut l_polynomial, weight, polynomial);
        l_polynomial[0] -= weight * horner(polynomial, *x);
    }
    add_scaled(&mut l_polynomial, -Fr::ONE, &w_polynomial);
    let w2 = setup.polynomial(&divide_linear(&l_polynomial, z));
    transcript.points([&w2]);
    transcript.draw();
    Opening { h, q, d, s, values, mask, t, w, w2 }
}

fn dot(a: &[Fr], b: &[Fr]) -> Fr {
    a.iter().zip(b).map(|(a, b)| *a * b).sum()
}

fn add_scaled(target: &mut Vec<Fr>, factor: Fr, polynomial: &[Fr]) {
    if target.len() < polynomial.len() {
        target.resize(polynomial.len(), Fr::ZERO);
    }
    target.iter_mut().zip(polynomial).for_each(|(target, value)| *target += factor * value);
}

/// Quotient and remainder of f by `X^width - α`.
fn divide_rows(f: &[Fr], width: usize, alpha: Fr) -> (Vec<Fr>, Vec<Fr>) {
    let mut quotient = vec![Fr::ZERO; f.len().saturating_sub(width)];
    let mut carry = vec![Fr::ZERO; width];
    for first in (0..f.len()).step_by(width).rev() {
        for (place, carried) in carry.iter_mut().enumerate() {
            // What was carried here is the quotient's row: it is multiplied by X^width one row further down.
            if let Some(target) = quotient.get_mut(first + place) {
                *target = *carried;
            }
            *carried = *carried * alpha + f.get(first + place).copied().unwrap_or(Fr::ZERO);
        }
    }
    (quotient, carry)
}

/// The quotient of f by `X - x`; the remainder is dropped.
fn divide_linear(f: &[Fr], x: Fr) -> Vec<Fr> {
    let mut quotient = vec![Fr::ZERO; f.len().saturating_sub(1)];
    let mut carry = Fr::ZERO;
    for (place, value) in f.iter().enumerate().skip(1).rev() {
        carry = carry * x + value;
        quotient[place - 1] = carry;
    }
    quotient
}

/// Adds to S what `factor·(a(X)b(1/X) + a(1/X)b(X))` has at the positive powers: coefficient t-1 of S is that of X^t.
fn add_products(s: &mut [Fr], factor: Fr, a: &[Fr], b: &[Fr]) {
    for (i, x) in a.iter().enumerate() {
        for (j, y) in b.iter().enumerate() {
            if i != j {
                s[i.abs_diff(j) - 1] += factor * x * y;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use averment_verifier::{
        opening::{Claim, MaskClaim, verify},
        transcript::Transcript,
    };

    fn vector(seed: u64, length: usize) -> Vec<Fr> {
        let mut x = Fr::from(seed) + Fr::from(0x9e37_79b9_7f4a_7c15_u64);
        (0..length)
            .map(|_| {
                x = x.square() + Fr::from(seed);
                x
            })
            .collect()
    }

    #[test]
    fn what_is_opened_verifies_and_nothing_else_does() {
        let setup = Setup::development(9);
        for bits in 0..9_usize {
            let mut cells = vector(bits as u64 + 1, 1 << bits);
            let point = vector(77, bits);
            let value = dot(&cells, &field::eq_table(&point));
            cells.push(vector(5, 1)[0]);
            // The mask's degree is below the column's width.
            let width = 1_usize << bits.div_ceil(2);
            let (mask, weights) = (vector(8, width), vector(9, width));
            for masked in [false, true] {
                let opened = Opened {
                    cells: cells.clone(),
                    point: &point,
                    mask: masked.then_some((mask.as_slice(), weights.as_slice())),
                };
                let opening = open(&setup, &opened, &mut Transcript::new("test"));
                let claim = Claim {
                    commitment: setup.polynomial(&cells).into(),
                    point: &point,
                    value,
                    mask: masked.then(|| MaskClaim {
                        commitment: setup.polynomial(&mask),
                        weights: weights.clone(),
                        value: dot(&mask, &weights),
                    }),
                };
                let check = |claim: &Claim<'_>, opening: &Opening| {
                    verify(claim, opening, &setup.tau(), &mut Transcript::new("test"))
                };
                assert!(check(&claim, &opening), "2^{bits} cells, masked: {masked}");
                let other = Claim { value: value + Fr::ONE, ..claim.clone() };
                assert!(!check(&other, &opening), "another value");
                let other = Claim { commitment: claim.commitment + setup.powers()[0], ..claim.clone() };
                assert!(!check(&other, &opening), "another commitment");
                if let Some(mask) = &claim.mask {
                    let mask = MaskClaim { value: mask.value + Fr::ONE, ..mask.clone() };
                    assert!(
                        !check(&Claim { mask: Some(mask), ..claim.clone() }, &opening),
                        "another mask's value"
                    );
                    assert!(!check(&Claim { mask: None, ..claim.clone() }, &opening), "no mask");
                }
                for place in 0..3 {
                    let mut other = opening.clone();
                    other.values[place].0 += Fr::ONE;
                    assert!(!check(&claim, &other), "value {place}");
                }
                let other = Opening { t: opening.w, ..opening.clone() };
                assert!(!check(&claim, &other) || opening.t == opening.w, "another T");
            }
        }
    }
}
