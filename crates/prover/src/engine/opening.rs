//! The prover's side of the multilinear opening ([7.2]) on kernels.

use super::{Phase, progress::Report};
use ark_bn254::{Fr, G1Affine};
use ark_ec::CurveGroup;
use ark_ff::{AdditiveGroup, Field};
use averment_kernels::{Backend, Bases, FieldVec};
use averment_verifier::{
    field,
    opening::{Opening, split},
    transcript::{Oracle, Transcript},
};

/// Widths up to here multiply polynomials term by term.
const SHORT: usize = 64;

/// Opens the polynomial `f` (K coefficients and its blind) at `point`, with the batch evaluation's mask and weights.
pub fn open(
    bases: &Bases,
    f: &FieldVec,
    point: &[Fr],
    mask: Option<(&[Fr], &[Fr])>,
    transcript: &mut Transcript,
    report: &Report<'_>,
) -> Opening {
    let backend = f.backend();
    let commit = |polynomial: &FieldVec| -> G1Affine { bases.msm(&polynomial.to_vec()).into_affine() };
    let (column, row) = split(point);
    let width = 1_usize << column.len();
    let (eq_column, eq_row) = (FieldVec::eq_table(backend, column), FieldVec::eq_table(backend, row));

    let h_polynomial = f.row_dots(&eq_column);
    let h = commit(&h_polynomial);
    transcript.points([&h]);
    let alpha = transcript.draw();

    let (q_polynomial, g) = f.divide_by_binomial(width, alpha);
    let mut reversed = g.to_vec();
    reversed.reverse();
    let d_polynomial = FieldVec::new(backend, &reversed);
    let (q, d) = (commit(&q_polynomial), commit(&d_polynomial));
    transcript.points([&q, &d]);
    report.at(Phase::Opening, 0.5);
    let omega = transcript.draw();

    let length = width.max(h_polynomial.len()).max(mask.map_or(0, |(mask, _)| mask.len()));
    let mut factors =
        vec![(Fr::ONE, g.to_vec(), eq_column.to_vec()), (omega, h_polynomial.to_vec(), eq_row.to_vec())];
    if let Some((mask, weights)) = mask {
        factors.push((omega * omega, mask.to_vec(), weights.to_vec()));
    }
    let s_polynomial = FieldVec::new(backend, &symmetric_products(backend, &factors, length));
    let s = commit(&s_polynomial);
    transcript.points([&s]);
    let zeta = transcript.draw();
    let inverse = zeta.inverse().unwrap_or(Fr::ZERO);

    let mask = mask.map(|(mask, _)| FieldVec::new(backend, mask));
    let both = |polynomial: &FieldVec| (polynomial.evaluate(zeta), polynomial.evaluate(inverse));
    let values = [both(&d_polynomial), both(&h_polynomial), both(&s_polynomial)];
    let mask_values = mask.as_ref().map(both);
    let mut remainder = f.clone();
    remainder.add_scaled(alpha - zeta.pow([width as u64]), &q_polynomial);
    let (t_polynomial, _) = remainder.divide_by_linear(zeta);
    let t = commit(&t_polynomial);
    let evaluations: Vec<Fr> = values.iter().chain(&mask_values).flat_map(|(a, b)| [*a, *b]).collect();
    transcript.scalars(&evaluations);
    transcript.points([&t]);
    let xi = transcript.draw();

    let mut openings = vec![
        (&d_polynomial, zeta),
        (&d_polynomial, inverse),
        (&h_polynomial, zeta),
        (&h_polynomial, inverse),
        (&h_polynomial, alpha),
        (&s_polynomial, zeta),
        (&s_polynomial, inverse),
    ];
    if let Some(mask) = &mask {
        openings.extend([(mask, zeta), (mask, inverse)]);
    }
    let longest = openings.iter().map(|(polynomial, _)| polynomial.len()).max().unwrap_or(0);
    let mut w_polynomial = FieldVec::zeros(backend, longest);
    let mut ends = Vec::with_capacity(openings.len());
    for ((polynomial, x), weight) in openings.iter().zip(field::powers(xi)) {
        let (quotient, end) = polynomial.divide_by_linear(*x);
        w_polynomial.add_scaled(weight, &quotient);
        ends.push(end);
    }
    let w = commit(&w_polynomial);
    transcript.points([&w]);
    let z = transcript.draw();

    let mut l_polynomial = FieldVec::zeros(backend, longest);
    let mut constant = Fr::ZERO;
    for (((polynomial, x), end), weight) in openings.iter().zip(&ends).zip(field::powers(xi)) {
        let weight = weight * (z - x).inverse().unwrap_or(Fr::ZERO);
        l_polynomial.add_scaled(weight, polynomial);
        constant += weight * end;
    }
    l_polynomial.add_scaled(-Fr::ONE, &w_polynomial);
    l_polynomial.add_scaled(-constant, &FieldVec::new(backend, &[Fr::ONE]));
    let (w2_polynomial, _) = l_polynomial.divide_by_linear(z);
    let w2 = commit(&w2_polynomial);
    transcript.points([&w2]);
    transcript.draw();
    Opening { h, q, d, s, values, mask: mask_values, t, w, w2 }
}

/// Coefficients of X^1, X^2, … of `Σ factor·(a(X)b(1/X) + a(1/X)b(X))`, `length` of them.
fn symmetric_products(backend: Backend, factors: &[(Fr, Vec<Fr>, Vec<Fr>)], length: usize) -> Vec<Fr> {
    if length <= SHORT {
        let mut s = vec![Fr::ZERO; length];
        for (factor, a, b) in factors {
            for (i, x) in a.iter().enumerate() {
                let x = *factor * x;
                for (j, y) in b.iter().enumerate().filter(|(j, _)| *j != i) {
                    s[i.abs_diff(j) - 1] += x * y;
                }
            }
        }
        return s;
    }
    // a(X)·b(1/X) has powers from -(length-1) to length-1: they do not meet modulo X^size - 1.
    let size = (2 * length).next_power_of_two();
    let transformed = |padded: Vec<Fr>| {
        let mut vector = FieldVec::new(backend, &padded);
        vector.fft();
        vector
    };
    let padded = |values: &[Fr]| [values, &vec![Fr::ZERO; size - values.len()]].concat();
    let mut sum = FieldVec::zeros(backend, size);
    for (factor, a, b) in factors {
        // b(1/X) is b read backwards, its constant in place.
        let mut mirrored = padded(b);
        mirrored[1..].reverse();
        let mut product = transformed(padded(a));
        product.multiply(&transformed(mirrored));
        sum.add_scaled(*factor, &product);
    }
    sum.inverse_fft();
    let values = sum.to_vec();
    (1..=length).map(|power| values[power] + values[size - power]).collect()
}
