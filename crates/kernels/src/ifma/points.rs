//! Batched affine additions, eight at a time.
//!
//! A [`Point`] holds coordinates in the lanes' Montgomery form, below 2p, in four words each.

use super::{
    Token,
    lanes::{Block, Element, Lanes, transpose},
    vector::kernels,
};
use crate::inversion::inverse_or_zero;
use crate::msm::adder::{Adder, Pair, Point, add_one_by_one};
use ark_bn254::{Fq, FqConfig, G1Affine};
use ark_ec::AffineRepr;
use ark_ff::{AdditiveGroup, BigInt, Field};
use std::arch::x86_64::*;

type V = Lanes<FqConfig>;

/// Pairs that share an inversion: their scratch, 960 bytes for eight, stays in the second-level cache.
const BATCH: usize = 2048;
/// How many groups of eight ahead points are asked for.
const AHEAD: usize = 4;
/// Chains of prefix products that do not wait for each other.
const CHAINS: usize = 4;

/// What a batch keeps between its two passes, for eight pairs.
#[derive(Debug, Clone, Copy)]
struct Kept {
    before: Block,
    difference: Block,
    x1: Block,
}

/// The adder of the IFMA backend.
#[derive(Debug)]
pub struct LaneAdder {
    token: Token,
    kept: Vec<Kept>,
}

impl LaneAdder {
    pub fn new(token: Token) -> Self {
        Self { token, kept: Vec::new() }
    }
}

impl Adder for LaneAdder {
    fn encode(&self, points: &[G1Affine], out: &mut [Point]) {
        for (points, out) in points.chunks(8).zip(out.chunks_mut(8)) {
            let mut coordinates = [[Fq::ZERO; 8]; 2];
            for (i, (x, y)) in
                points.iter().map(AffineRepr::xy).enumerate().filter_map(|(i, xy)| Some((i, xy?)))
            {
                (coordinates[0][i], coordinates[1][i]) = (x, y);
            }
            let mut eight = [Point::IDENTITY; 8];
            encode(self.token, &coordinates, &mut eight);
            for (i, (point, out)) in points.iter().zip(out).enumerate() {
                *out = if point.is_zero() { Point::IDENTITY } else { eight[i] };
            }
        }
    }

    fn decode(&self, point: &Point) -> G1Affine {
        if point.is_identity() {
            return G1Affine::identity();
        }
        // R = 2^260 to R = 2^256: divide by 16. The representative of 1/16 is 2^256/16.
        let sixteenth = Fq::new_unchecked(BigInt([0, 0, 0, 1 << 60]));
        let [x, y] = [point.x, point.y].map(|words| reduced(words) * sixteenth);
        G1Affine::new_unchecked(x, y)
    }

    fn negate(&self, point: &Point) -> Point {
        Point { x: point.x, y: (-reduced(point.y)).0.0 }
    }

    fn add(&mut self, points: &[Point], pairs: &[Pair], out: &mut [Point]) -> bool {
        let mut identities = false;
        for pairs in pairs.chunks(BATCH) {
            let mut kept = std::mem::take(&mut self.kept);
            if !add_batch(self.token, points, pairs, out, &mut kept) {
                identities |= add_one_by_one(self, points, pairs, out);
            }
            self.kept = kept;
        }
        identities
    }
}

/// The element with this representative, which is below 2p.
fn reduced(words: [u64; 4]) -> Fq {
    let modulus = <Fq as ark_ff::PrimeField>::MODULUS;
    let mut words = BigInt(words);
    if words >= modulus {
        ark_ff::BigInteger::sub_with_borrow(&mut words, &modulus);
    }
    Fq::new_unchecked(words)
}

/// Eight pairs; the last one is repeated at the end of a batch, which writes the same sum again.
#[inline(always)]
fn eight(pairs: &[Pair], group: usize) -> [Pair; 8] {
    match pairs.get(8 * group..8 * group + 8) {
        Some(eight) => std::array::from_fn(|i| eight[i]),
        None => std::array::from_fn(|i| pairs[(8 * group + i).min(pairs.len() - 1)]),
    }
}

kernels! {
    fn encode(token: Token, coordinates: &[[Element<FqConfig>; 8]; 2], out: &mut [Point; 8]) {
        let [x, y] = coordinates.each_ref().map(|c| V::from_elements(token, c));
        let out = out.each_mut();
        store(x, y, out);
    }

    /// Adds at least one pair; false, and nothing of use written, if two points have the same x.
    ///
    /// Pass 1 multiplies the differences up; one inversion; pass 2 goes back and adds:
    /// `λ = (y2 - y1)/(x2 - x1)`, `x3 = λ² - x1 - x2`, `y3 = λ(x1 - x3) - y1`.
    fn add_batch(token: Token, points: &[Point], pairs: &[Pair], out: &mut [Point], kept: &mut Vec<Kept>) -> bool {
        let groups = pairs.len().div_ceil(8);
        if kept.len() < groups {
            kept.resize(groups, Kept { before: Block::ZERO, difference: Block::ZERO, x1: Block::ZERO });
        }
        let mut chains = [V::one(token); CHAINS];
        for (group, kept) in kept.iter_mut().enumerate().take(groups) {
            prefetch(points, pairs, group + AHEAD);
            let pairs = eight(pairs, group);
            let a = pairs.map(|pair| &points[(pair.a >> 1) as usize]);
            let b = pairs.map(|pair| &points[(pair.b >> 1) as usize]);
            let x1 = load(token, a.map(|point| &point.x));
            let x2 = load(token, b.map(|point| &point.x));
            // Below 4p.
            let difference = x2.sub::<2>(x1);
            let chain = &mut chains[group % CHAINS];
            chain.store(&mut kept.before);
            difference.store(&mut kept.difference);
            x1.store(&mut kept.x1);
            // 2p · 4p gives less than 1.1p.
            *chain = chain.mul(difference);
        }
        // Small batches have fewer chains.
        let mut lanes = [[Fq::ZERO; 8]; CHAINS];
        let lanes = &mut lanes[..groups.min(CHAINS)];
        for (chain, lanes) in chains.iter().zip(&mut *lanes) {
            chain.to_elements(lanes);
        }
        if lanes.as_flattened().contains(&Fq::ZERO) {
            return false;
        }
        invert(lanes.as_flattened_mut());
        for (chain, lanes) in chains.iter_mut().zip(&*lanes) {
            *chain = V::from_elements(token, lanes);
        }
        for (group, kept) in kept.iter().enumerate().take(groups).rev() {
            let pairs = eight(pairs, group);
            let (difference, x1) = (V::load(token, &kept.difference), V::load(token, &kept.x1));
            let chain = &mut chains[group % CHAINS];
            let inverse = chain.mul(V::load(token, &kept.before));
            *chain = chain.mul(difference);
            let a = pairs.map(|pair| &points[(pair.a >> 1) as usize]);
            let b = pairs.map(|pair| &points[(pair.b >> 1) as usize]);
            let y1 = load(token, a.map(|point| &point.y)).negate_where::<2>(signs(pairs.map(|pair| pair.a)));
            let y2 = load(token, b.map(|point| &point.y)).negate_where::<2>(signs(pairs.map(|pair| pair.b)));
            // Below 4p times 2p.
            let slope = y2.sub::<2>(y1).mul(inverse);
            // x1 + x2 is difference + 2 x1, up to a multiple of p: below 8p.
            let x3 = slope.mul(slope).sub_two_reduced::<9>(difference, x1.doubled());
            let y3 = x1.sub::<2>(x3).mul(slope).sub_loose_reduced::<3>(y1);
            let mut sums = [Point::IDENTITY; 8];
            store(x3, y3, sums.each_mut());
            for (pair, sum) in pairs.iter().zip(&sums) {
                out[pair.to as usize] = *sum;
            }
        }
        true
    }
}

/// All inverses with one inversion; none is zero.
fn invert(values: &mut [Fq]) {
    let mut before = [Fq::ONE; 8 * CHAINS];
    let mut product = Fq::ONE;
    for (value, before) in values.iter().zip(&mut before) {
        *before = product;
        product *= value;
    }
    let mut inverse = inverse_or_zero(&product);
    for (value, before) in values.iter_mut().zip(&before).rev() {
        let this = inverse * before;
        inverse *= &*value;
        *value = this;
    }
}

/// Asks for the points of a later group: they lie anywhere.
#[inline(always)]
fn prefetch(points: &[Point], pairs: &[Pair], group: usize) {
    for pair in pairs.get(8 * group..8 * group + 8).unwrap_or_default() {
        for entry in [pair.a, pair.b] {
            // SAFETY: a hint, whatever the address.
            unsafe { _mm_prefetch(points.as_ptr().wrapping_add((entry >> 1) as usize).cast(), _MM_HINT_T0) };
        }
    }
}

#[inline(always)]
fn signs(entries: [u32; 8]) -> __mmask8 {
    let mut mask = 0;
    for (i, entry) in entries.iter().enumerate() {
        mask |= ((entry & 1) as u8) << i;
    }
    mask
}

/// One coordinate of eight points, word by word.
#[inline(always)]
fn load(token: Token, coordinates: [&[u64; 4]; 8]) -> V {
    // SAFETY: the token; each load reads the 32 bytes of a reference.
    let words = unsafe {
        let two = |i: usize, j: usize| {
            let low = _mm256_loadu_si256(coordinates[i].as_ptr().cast());
            let high = _mm256_loadu_si256(coordinates[j].as_ptr().cast());
            _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1)
        };
        let [r0, r1, r2, r3] = [two(0, 4), two(1, 5), two(2, 6), two(3, 7)];
        // Words 0, 2 | 0, 2 and 1, 3 | 1, 3 of points 0, 1 | 4, 5; then of 2, 3 | 6, 7.
        let (a0, a1) = (_mm512_unpacklo_epi64(r0, r1), _mm512_unpackhi_epi64(r0, r1));
        let (a2, a3) = (_mm512_unpacklo_epi64(r2, r3), _mm512_unpackhi_epi64(r2, r3));
        let low = _mm512_setr_epi64(0, 1, 8, 9, 4, 5, 12, 13);
        let high = _mm512_setr_epi64(2, 3, 10, 11, 6, 7, 14, 15);
        [
            _mm512_permutex2var_epi64(a0, low, a2),
            _mm512_permutex2var_epi64(a1, low, a3),
            _mm512_permutex2var_epi64(a0, high, a2),
            _mm512_permutex2var_epi64(a1, high, a3),
        ]
    };
    V::from_words(token, words)
}

/// Eight points from their coordinates, below 2p.
#[inline(always)]
fn store(x: V, y: V, out: [&mut Point; 8]) {
    let ([x0, x1, x2, x3], [y0, y1, y2, y3]) = (x.to_words(), y.to_words());
    let rows = transpose([x0, x1, x2, x3, y0, y1, y2, y3]);
    for (out, row) in out.into_iter().zip(rows) {
        // SAFETY: the values prove a token; a point is 64 bytes, aligned to 64.
        unsafe { _mm512_store_si512(std::ptr::from_mut(out).cast(), row) };
    }
}
