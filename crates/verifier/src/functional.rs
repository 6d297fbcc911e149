//! Linear forms on the address space ([4.1]) with all challenges filled in: the prover spreads them over cells, the
//! verifier evaluates their multilinear extension at one point.

use crate::{
    descriptor::{Axis, Coefficient, Layout, Term, Window},
    field::{self, Fr},
};
use ark_ff::{AdditiveGroup, Field};

/// A sum of terms.
#[derive(Debug, Clone, Default)]
pub struct Functional(pub Vec<BoundTerm>);

/// A coefficient times a block read along axes.
#[derive(Debug, Clone)]
pub struct BoundTerm {
    /// What it is multiplied by.
    pub coefficient: Fr,
    /// The block's first cell; a multiple of its size.
    pub base: u64,
    /// The axes, the lowest first. None for a single cell.
    pub axes: Vec<BoundAxis>,
}

/// The vector that an axis is read with.
#[derive(Debug, Clone)]
pub enum BoundAxis {
    /// eq of these coordinates.
    Eq(Vec<Fr>),
    /// 1 everywhere, over this many bits.
    Ones(u8),
    /// 1 at one place, over this many bits.
    Place {
        /// The place.
        place: u64,
        /// Bits of the axis.
        bits: u8,
    },
    /// These values; a power of two of them.
    Values(Vec<Fr>),
    /// eq of these coordinates at the places from the first to before the last, 0 elsewhere.
    Span {
        /// The coordinates.
        point: Vec<Fr>,
        /// The first place.
        first: u64,
        /// The place behind the last one.
        past: u64,
    },
}

/// The points that axes take coordinates of.
#[derive(Debug, Clone, Copy)]
pub struct Points<'a> {
    /// The point of the relations.
    pub r: &'a [Fr],
    /// The point where the main sumcheck ends; empty before.
    pub rho: &'a [Fr],
}

impl Functional {
    /// Adds the cell at `address`.
    pub fn cell(&mut self, coefficient: Fr, address: u64) {
        self.0.push(BoundTerm { coefficient, base: address, axes: Vec::new() });
    }

    /// Adds a block at a point.
    pub fn block(&mut self, coefficient: Fr, base: u64, point: &[Fr]) {
        self.0.push(BoundTerm { coefficient, base, axes: vec![BoundAxis::Eq(point.to_vec())] });
    }

    /// Adds an input block at a point, the items' coordinates highest; `layout` says how its items lie.
    pub fn input(&mut self, coefficient: Fr, layout: &Layout, base: u64, point: &[Fr]) {
        let Some(own) = layout.strided(base) else {
            return self.block(coefficient, base, point);
        };
        let (low, items) = point.split_at_checked(own.block_bits.into()).unwrap_or((point, &[]));
        let gap = BoundAxis::Place { place: own.place.into(), bits: own.gap_bits };
        let axes = vec![BoundAxis::Eq(low.to_vec()), gap, BoundAxis::Eq(items.to_vec())];
        self.0.push(BoundTerm { coefficient, base: own.first, axes });
    }

    /// Adds the sum of a block of `2^bits` cells.
    pub fn sum(&mut self, coefficient: Fr, base: u64, bits: u8) {
        self.0.push(BoundTerm { coefficient, base, axes: vec![BoundAxis::Ones(bits)] });
    }

    /// Adds a descriptor's term, times `factor`.
    pub fn term(&mut self, factor: Fr, term: &Term, points: Points<'_>) {
        let coefficient = factor * value(term.coefficient);
        let axes = term.axes.iter().map(|axis| bind(axis, points)).collect();
        self.0.push(BoundTerm { coefficient, base: term.base, axes });
    }

    /// Its multilinear extension at `u`: what it makes of the eq vector of `u`.
    pub fn at(&self, u: &[Fr]) -> Fr {
        self.0.iter().map(|term| term.at(u)).sum()
    }
}

impl BoundTerm {
    fn at(&self, u: &[Fr]) -> Fr {
        let (mut product, mut rest, mut bits) = (self.coefficient, u, 0_u32);
        for axis in &self.axes {
            let (own, upper) = rest.split_at_checked(axis.bits()).unwrap_or((rest, &[]));
            product *= axis.at(own);
            bits = bits.saturating_add(u32::try_from(axis.bits()).unwrap_or(u32::MAX));
            rest = upper;
        }
        product * field::eq_index(rest, self.base.checked_shr(bits).unwrap_or(0))
    }
}

impl BoundAxis {
    /// Bits of the axis.
    pub fn bits(&self) -> usize {
        match self {
            Self::Eq(point) | Self::Span { point, .. } => point.len(),
            Self::Ones(bits) | Self::Place { bits, .. } => (*bits).into(),
            Self::Values(values) => values.len().trailing_zeros().try_into().unwrap_or(0),
        }
    }

    /// The multilinear extension of its vector at `u`.
    pub fn at(&self, u: &[Fr]) -> Fr {
        match self {
            Self::Eq(point) => field::eq(point, u),
            Self::Ones(_) => Fr::ONE,
            Self::Place { place, .. } => field::eq_index(u, *place),
            Self::Values(values) => {
                field::eq_table(u).iter().zip(values).map(|(weight, value)| *weight * value).sum()
            }
            Self::Span { point, first, past } => {
                field::eq_below(point, u, *past) - field::eq_below(point, u, *first.min(past))
            }
        }
    }

    /// The vector itself.
    pub fn values(&self) -> Vec<Fr> {
        match self {
            Self::Eq(point) => field::eq_table(point),
            Self::Ones(bits) => vec![Fr::ONE; 1_usize.checked_shl((*bits).into()).unwrap_or(0)],
            Self::Place { place, bits } => field::eq_table(&corner(*place, *bits)),
            Self::Values(values) => values.clone(),
            Self::Span { point, first, past } => {
                let places = (0..).map(|place: u64| (*first..*past).contains(&place));
                let table = field::eq_table(point).into_iter().zip(places);
                table.map(|(value, there)| if there { value } else { Fr::ZERO }).collect()
            }
        }
    }
}

/// The coordinates of corner `place` of the cube.
pub fn corner(place: u64, bits: u8) -> Vec<Fr> {
    (0..bits).map(|bit| Fr::from(place.checked_shr(bit.into()).unwrap_or(0) & 1)).collect()
}

/// A coefficient in the field.
pub fn value(coefficient: Coefficient) -> Fr {
    field::scaled(coefficient.mantissa, coefficient.shift.into())
}

/// `bits` coordinates from `at` on; those beyond the point are 0.
pub(crate) fn coordinates(point: &[Fr], at: u8, bits: u8) -> Vec<Fr> {
    let coordinates = point.iter().copied().skip(at.into()).chain(std::iter::repeat(Fr::ZERO));
    coordinates.take(bits.into()).collect()
}

fn bind(axis: &Axis, points: Points<'_>) -> BoundAxis {
    match *axis {
        Axis::Point { at, bits } => BoundAxis::Eq(coordinates(points.r, at, bits)),
        Axis::Sum { at, bits } => BoundAxis::Eq(coordinates(points.rho, at, bits)),
        Axis::Fixed { value, bits } => BoundAxis::Place { place: value.into(), bits },
        Axis::Ones { bits } => BoundAxis::Ones(bits),
        Axis::Window { bits, window } => BoundAxis::Values(window_values(bits, &window, points)),
        Axis::Span { bits, first, past } => {
            let point = coordinates(points.rho, 0, bits);
            BoundAxis::Span { point, first: first.into(), past: past.into() }
        }
        Axis::Mixed { bits } => BoundAxis::Values(mixed(points.r, bits)),
    }
}

/// What each row counts at a point of [`Axis::Mixed`].
pub fn mixed(r: &[Fr], bits: u8) -> Vec<Fr> {
    let (one, other) = (coordinates(r, 0, bits), coordinates(r, bits, bits));
    let factor = r.get(usize::from(bits).saturating_mul(2)).copied().unwrap_or(Fr::ZERO);
    let other = field::eq_table(&other).into_iter().map(|value| factor * value);
    field::eq_table(&one).into_iter().zip(other).map(|(one, other)| one + other).collect()
}

/// `f(y)` of a window for every y of its axis.
fn window_values(bits: u8, window: &Window, points: Points<'_>) -> Vec<Fr> {
    let mut values = vec![Fr::ZERO; 1_usize.checked_shl(bits.into()).unwrap_or(0)];
    let places = field::eq_table(&coordinates(points.r, window.point, window.point_bits));
    let taps = window.sum.map(|(at, bits)| field::eq_table(&coordinates(points.rho, at, bits)));
    for (a, place) in (0..window.count).zip(&places) {
        for b in 0..window.taps {
            let weight = match &taps {
                None => Fr::ONE,
                Some(taps) => usize::try_from(b).ok().and_then(|b| taps.get(b)).copied().unwrap_or(Fr::ZERO),
            };
            if let Some(y) = window.reads(a, b)
                && let Some(value) = values.get_mut(y)
            {
                *value += *place * weight;
            }
        }
    }
    values
}

impl Window {
    /// The cell that tap `b` reads at place `a`; none if it lies outside.
    pub fn reads(&self, a: u32, b: u32) -> Option<usize> {
        let stepped = u64::from(self.stride).checked_mul(a.into())?;
        let tapped = u64::from(self.dilation).checked_mul(b.into())?;
        let y = i64::try_from(stepped.checked_add(tapped)?).ok()?.checked_sub(self.pad.into())?;
        usize::try_from(y).ok().filter(|_| y < self.length.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(seed: u64, length: usize) -> Vec<Fr> {
        (0..length as u64).map(|i| Fr::from(seed).pow([i + 2]) + Fr::from(i)).collect()
    }

    /// The functional applied to a vector, cell by cell.
    fn apply(functional: &Functional, cells: &[Fr]) -> Fr {
        let mut total = Fr::ZERO;
        for term in &functional.0 {
            let mut weights = vec![term.coefficient];
            for axis in &term.axes {
                let values = axis.values();
                weights = values.iter().flat_map(|value| weights.iter().map(move |w| *w * value)).collect();
            }
            let cells = &cells[term.base as usize..];
            total += weights.iter().zip(cells).map(|(weight, cell)| *weight * cell).sum::<Fr>();
        }
        total
    }

    #[test]
    fn the_extension_is_what_it_makes_of_the_eq_vector() {
        let (r, rho, u) = (point(3, 6), point(5, 6), point(7, 8));
        let points = Points { r: &r, rho: &rho };
        let window = Window {
            point: 1,
            point_bits: 3,
            count: 5,
            sum: Some((2, 2)),
            taps: 3,
            stride: 2,
            dilation: 3,
            pad: 2,
            length: 13,
        };
        let coefficient = Coefficient { mantissa: -3, shift: 5 };
        let axes = vec![
            vec![Axis::Point { at: 0, bits: 3 }, Axis::Sum { at: 1, bits: 2 }],
            vec![Axis::Window { bits: 4, window }, Axis::Fixed { value: 2, bits: 2 }],
            vec![
                Axis::Span { bits: 4, first: 0, past: 11 },
                Axis::Fixed { value: 0, bits: 1 },
                Axis::Mixed { bits: 1 },
            ],
            vec![Axis::Span { bits: 4, first: 3, past: 16 }, Axis::Mixed { bits: 2 }],
            vec![Axis::Span { bits: 3, first: 5, past: 5 }],
            vec![Axis::Ones { bits: 2 }, Axis::Window { bits: 4, window: Window { sum: None, ..window } }],
            vec![],
        ];
        for (place, axes) in axes.into_iter().enumerate() {
            let bits: u8 = axes.iter().map(Axis::bits).sum();
            let base = 3 << bits;
            let mut functional = Functional::default();
            functional.term(Fr::from(9_u64), &Term { coefficient, base, axes }, points);
            functional.cell(Fr::from(4_u64), 77);
            assert_eq!(functional.at(&u), apply(&functional, &field::eq_table(&u)), "{place}");
        }
    }

    #[test]
    fn a_window_reads_what_a_convolution_reads() {
        let window = Window { taps: 3, pad: 1, ..Window::first(2, 4) };
        let read: Vec<Vec<usize>> =
            (0..4).map(|a| (0..3).filter_map(|b| window.reads(a, b)).collect()).collect();
        assert_eq!(read, [vec![0, 1], vec![0, 1, 2], vec![1, 2, 3], vec![2, 3]]);
        let shifted = Window { taps: 1, pad: -2, length: 5, ..window };
        assert_eq!(
            (0..4).map(|a| shifted.reads(a, 0)).collect::<Vec<_>>(),
            [Some(2), Some(3), Some(4), None]
        );
        let huge = Window { stride: u32::MAX, dilation: u32::MAX, pad: i32::MIN, ..window };
        assert_eq!(huge.reads(u32::MAX, u32::MAX), None);
    }
}
