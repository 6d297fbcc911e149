//! The prover's side of the multilinear opening ([7.2]).

use crate::commit::Setup;
use ark_ff::{AdditiveGroup, Field};
use averment_verifier::{
    field::{self, Fr},
    opening::{Opening, horner, split},
    point::G1Affine,
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
    open_with(&mut |polynomial| setup.polynomial(polynomial), opened, transcript)
}

/// Opens; `commit` gives the commitment to a polynomial.
fn open_with(
    commit: &mut dyn FnMut(&[Fr]) -> G1Affine,
    opened: &Opened<'_>,
    transcript: &mut impl Oracle,
) -> Opening {
    let (column, row) = split(opened.point);
    let width = 1_usize << column.len();
    let (eq_column, eq_row) = (field::eq_table(column), field::eq_table(row));
    let f = &opened.cells;

    let h_polynomial: Vec<Fr> = f.chunks(width).map(|row| dot(row, &eq_column)).collect();
    let h = commit(&h_polynomial);
    transcript.points([&h]);
    let alpha = transcript.draw();

    let (q_polynomial, g) = divide_rows(f, width, alpha);
    let d_polynomial: Vec<Fr> = g.iter().rev().copied().collect();
    let (q, d) = (commit(&q_polynomial), commit(&d_polynomial));
    transcript.points([&q, &d]);
    let omega = transcript.draw();

    let masks = opened.mask.map_or(0, |(mask, _)| mask.len());
    let mut s_polynomial = vec![Fr::ZERO; width.max(h_polynomial.len()).max(masks)];
    add_products(&mut s_polynomial, Fr::ONE, &g, &eq_column);
    add_products(&mut s_polynomial, omega, &h_polynomial, &eq_row);
    if let Some((mask, weights)) = opened.mask {
        add_products(&mut s_polynomial, omega * omega, mask, weights);
    }
    let s = commit(&s_polynomial);
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
    let t = commit(&t_polynomial);
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
    let w = commit(&w_polynomial);
    transcript.points([&w]);
    let z = transcript.draw();

    let mut l_polynomial = Vec::new();
    for ((polynomial, x), weight) in openings.iter().zip(field::powers(xi)) {
        let weight = weight * (z - x).inverse().unwrap_or(Fr::ZERO);
        add_scaled(&mut l_polynomial, weight, polynomial);
        l_polynomial[0] -= weight * horner(polynomial, *x);
    }
    add_scaled(&mut l_polynomial, -Fr::ONE, &w_polynomial);
    let w2 = commit(&divide_linear(&l_polynomial, z));
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
    use crate::masks::{BATCH_SPARE, Mask, blind_length, tests::rank};
    use averment_verifier::{
        batch_mask_weights,
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

    /// An oracle whose answers are fixed, so that what is sent is linear in what is committed to.
    struct Fixed(u64);

    impl Oracle for Fixed {
        fn word(&mut self, _: &alloy_primitives::B256) {}

        fn draw(&mut self) -> Fr {
            self.0 += 1;
            vector(self.0, 3)[2]
        }
    }

    /// Everything that is sent from M' and R on, for one unit vector of their coefficients: \[R\] and v_R, \[M'\], G' and
    /// the batch evaluation's rounds; h, q, D and S, and the evaluations of D, h, S and M'. A commitment counts as its
    /// polynomial's value at τ. T, W and W' are left out: equations determine them.
    fn sent(bits: usize, rounds: usize, blind: Vec<Fr>, mask: &[Fr]) -> Vec<Fr> {
        let tau = vector(99, 1)[0];
        let u = vector(7, rounds);
        let weights = batch_mask_weights(vector(8, 1)[0], &u);
        let degrees = vec![2; rounds];
        let mut polynomial = Mask::new(mask, &degrees);
        let mut sent = vec![horner(mask, tau), polynomial.sum()];
        for (round, x) in u.iter().rev().enumerate() {
            sent.extend(crate::rounds::sent(&polynomial.values(round, 2)));
            polynomial.bind(round, *x);
        }
        sent.extend([horner(&blind, tau), dot(&blind, &field::eq_table(&u[..bits]))]);
        let opened = Opened { cells: blind, point: &u[..bits], mask: Some((mask, &weights)) };
        let mut polynomials = Vec::new();
        let mut commit = |own: &[Fr]| {
            polynomials.push(own.to_vec());
            G1Affine::default()
        };
        let opening = open_with(&mut commit, &opened, &mut Fixed(0));
        sent.extend(polynomials[..4].iter().map(|own| horner(own, tau)));
        sent.extend(opening.evaluations());
        sent
    }

    /// The coefficients of R that are uniform where `length` of the lowest are, and the one at X^K.
    fn uniform(bits: usize, length: usize) -> Vec<usize> {
        (0..length).chain([1 << bits]).collect()
    }

    /// Columns of [`sent`], one a uniform coefficient of R and of M' with `spare` cells behind its rounds'.
    fn columns(bits: usize, rounds: usize, uniform: &[usize], spare: usize) -> Vec<Vec<Fr>> {
        let (blinds, masks) = ((1 << bits) + 1, 1 + 2 * rounds + spare);
        let unit = |place: Option<usize>, length: usize| {
            let mut unit = vec![Fr::ZERO; length];
            if let Some(own) = place.and_then(|place| unit.get_mut(place)) {
                *own = Fr::ONE;
            }
            unit
        };
        let of_r = uniform.iter().map(|place| (Some(*place), None));
        let of_m = (0..masks).map(|place| (None, Some(place)));
        of_r.chain(of_m).map(|(r, m)| sent(bits, rounds, unit(r, blinds), &unit(m, masks))).collect()
    }

    /// [12.2]: with M' uniform, and R where it is, all that the batch evaluation and the opening send is uniform, jointly.
    #[test]
    fn what_m_and_r_hide_has_full_joint_rank() {
        for (bits, rounds) in [(5, 8), (6, 9), (8, 11), (10, 13), (11, 15)] {
            let uniform = uniform(bits, blind_length(bits as u8));
            let all = columns(bits, rounds, &uniform, BATCH_SPARE);
            let forms = all[0].len();
            assert_eq!(forms, 2 + 2 * rounds + 2 + 4 + 8);
            assert_eq!(rank(all.clone()), forms, "2^{bits} cells, {rounds} rounds");
            // Without R, without M', without a round's coefficient, and without spare ones something is bare.
            let blinds = uniform.len();
            assert!(rank(all[blinds..].to_vec()) < forms, "without R");
            assert!(rank(all[..blinds].to_vec()) < forms, "without M'");
            for round in 0..=2 * rounds {
                let mut fewer = all.clone();
                fewer.remove(blinds + round);
                assert!(rank(fewer) < forms, "M' without coefficient {round}");
            }
            // Three spare cells would do; there are more, for whoever changes what is opened.
            assert_eq!(rank(columns(bits, rounds, &uniform, 3)), forms);
            assert!(rank(columns(bits, rounds, &uniform, 2)) < forms, "M' with two spare cells");
        }
        // Chunks of 16 cells have too few coefficients for what is sent: g and h have no freedom left for S.
        let few = columns(4, 7, &uniform(4, 16), BATCH_SPARE);
        assert!(rank(few.clone()) < few[0].len());
    }

    /// R need not be uniform everywhere, but a few rows it must be: with one row alone, h is bare.
    #[test]
    fn a_few_rows_of_r_hide_as_much_as_all_of_it() {
        let (bits, rounds, width) = (10, 13, 32);
        assert_eq!(blind_length(bits as u8), 16 * width);
        let rank_of = |rows: usize| rank(columns(bits, rounds, &uniform(bits, rows * width), BATCH_SPARE));
        let forms = 2 + 2 * rounds + 2 + 4 + 8;
        assert!(rank_of(1) < forms, "one row");
        assert_eq!((rank_of(4), rank_of(16), rank_of(width)), (forms, forms, forms));
    }
}
