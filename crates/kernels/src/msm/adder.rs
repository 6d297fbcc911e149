//! Batches of independent affine additions.

use crate::{inversion::inverse, residue::Residue};
use ark_bn254::{FqConfig, G1Affine, G1Projective};
use ark_ec::{AffineRepr, CurveGroup};

/// An affine point, its coordinates in the adder's representation; the identity is (0, 0), which is not on the curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct Point {
    pub x: [u64; 4],
    pub y: [u64; 4],
}

impl Point {
    pub const IDENTITY: Self = Self { x: [0; 4], y: [0; 4] };

    pub fn is_identity(&self) -> bool {
        *self == Self::IDENTITY
    }
}

/// `to = ±points[a/2] ± points[b/2]`; an odd index negates.
#[derive(Debug, Clone, Copy)]
pub struct Pair {
    pub a: u32,
    pub b: u32,
    pub to: u32,
}

/// What adds points, in its own representation.
pub trait Adder: Send {
    /// Ark's points, the identity as (0, 0).
    fn encode(&self, points: &[G1Affine], out: &mut [Point]);

    /// One of ark's points.
    fn decode(&self, point: &Point) -> G1Affine;

    /// -point, which is not the identity.
    fn negate(&self, point: &Point) -> Point;

    /// Adds all pairs of points, none of which is the identity; says whether a sum is.
    fn add(&mut self, points: &[Point], pairs: &[Pair], out: &mut [Point]) -> bool;
}

/// Adds pairs of whatever points one after the other; for batches in which two points have the same x.
pub fn add_one_by_one<A: Adder>(adder: &A, points: &[Point], pairs: &[Pair], out: &mut [Point]) -> bool {
    let operand = |entry: u32| {
        let point = adder.decode(&points[(entry >> 1) as usize]);
        if entry & 1 == 1 { -point } else { point }
    };
    let sums: Vec<G1Projective> = pairs.iter().map(|pair| operand(pair.a) + operand(pair.b)).collect();
    let sums = G1Projective::normalize_batch(&sums);
    let mut encoded = vec![Point::IDENTITY; sums.len()];
    adder.encode(&sums, &mut encoded);
    for (pair, sum) in pairs.iter().zip(&encoded) {
        out[pair.to as usize] = *sum;
    }
    sums.iter().any(AffineRepr::is_zero)
}

/// Coordinates in ark's Montgomery form, below 2p.
#[derive(Default)]
pub struct PortableAdder {
    differences: Vec<F>,
    before: Vec<F>,
}

type F = Residue<FqConfig>;

/// Pairs that share an inversion.
const BATCH: usize = 1024;

/// Coordinates of an operand, negated or not. No point has y = 0: there is none of order two.
#[inline(always)]
fn operand(points: &[Point], entry: u32) -> (F, F) {
    let point = &points[(entry >> 1) as usize];
    (F::from_words(point.x), F::from_words(point.y).negated_if(entry & 1 == 1))
}

impl Adder for PortableAdder {
    fn encode(&self, points: &[G1Affine], out: &mut [Point]) {
        for (point, out) in points.iter().zip(out) {
            *out = point.xy().map_or(Point::IDENTITY, |(x, y)| Point { x: x.0.0, y: y.0.0 });
        }
    }

    fn decode(&self, point: &Point) -> G1Affine {
        match point.is_identity() {
            true => G1Affine::identity(),
            false => {
                let [x, y] = [point.x, point.y].map(|words| F::from_words(words).canonical());
                G1Affine::new_unchecked(x, y)
            }
        }
    }

    fn negate(&self, point: &Point) -> Point {
        Point { x: point.x, y: F::from_words(point.y).negated().0 }
    }

    fn add(&mut self, points: &[Point], pairs: &[Pair], out: &mut [Point]) -> bool {
        let mut identities = false;
        for pairs in pairs.chunks(BATCH) {
            self.differences.clear();
            self.before.clear();
            let mut product = F::ONE;
            for pair in pairs {
                let [a, b] = [pair.a, pair.b].map(|entry| F::from_words(points[(entry >> 1) as usize].x));
                let difference = b - a;
                self.differences.push(difference);
                self.before.push(product);
                product = product * difference;
            }
            let Some(inverse) = inverse(&product.canonical()) else {
                identities |= add_one_by_one(self, points, pairs, out);
                continue;
            };
            let mut inverse = F::from(inverse);
            for (i, pair) in pairs.iter().enumerate().rev() {
                let ((x1, y1), (x2, y2)) = (operand(points, pair.a), operand(points, pair.b));
                let slope = (y2 - y1) * (inverse * self.before[i]);
                inverse = inverse * self.differences[i];
                let x3 = slope * slope - x1 - x2;
                let y3 = slope * (x1 - x3) - y1;
                out[pair.to as usize] = Point { x: x3.0, y: y3.0 };
            }
        }
        identities
    }
}
