//! The sums of a sumcheck round, on lanes: what [`crate::scalar`] defines, with the fold of the round before on the way.

use super::{
    Token,
    lanes::{Block, Lanes, Wide, WideSmall, offset_integers, offset_slope},
    vector::{eight, kernels},
};
use crate::scalar::is_summed;
use ark_bn254::{Fr, FrConfig};
use ark_ff::AdditiveGroup;

type V = Lanes<FrConfig>;
type W = Wide<FrConfig>;
type S = WideSmall<FrConfig>;

kernels! {
    /// See [`crate::scalar::product_sums`]. Slopes are below 4p: products of bounds are at most 16.
    pub fn product_sums(
        token: Token,
        columns: [&mut [Block]; 2],
        challenge: Option<Fr>,
        weights: Option<&[Block]>,
        with_one: bool,
    ) -> [Fr; 3] {
        let [a, b] = columns;
        let challenge = challenge.map(|c| V::splat(token, &c));
        let half = a.len() / if challenge.is_some() { 4 } else { 2 };
        let mut sums = [V::zero(token); 3];
        for from in (0..half).step_by(W::CAPACITY) {
            let mut wide = [W::zero(token); 3];
            for i in from..(from + W::CAPACITY).min(half) {
                let (mut a0, mut a1) = ends(token, a, i, half, challenge);
                let (b0, b1) = ends(token, b, i, half, challenge);
                if let Some(weights) = weights {
                    let weight = V::load(token, &weights[i % weights.len()]);
                    (a0, a1) = (a0.mul(weight), a1.mul(weight));
                }
                wide[0].add(a0, b0);
                if with_one {
                    wide[1].add(a1, b1);
                }
                wide[2].add(a1.sub::<2>(a0), b1.sub::<2>(b0));
            }
            for (sum, wide) in sums.iter_mut().zip(wide) {
                *sum = sum.add_reduced(wide.reduce());
            }
        }
        sums.map(|sum| sum.sum())
    }

    /// With y = x + 2^31 as in `dot_integers`; slopes of integers are offset by 2^32, which makes them less than 2^33. Slopes of b
    /// are below 4p, so that a full sum is below 2^45 p.
    pub fn integer_product_sums(token: Token, a: &[i32], b: &[Block]) -> [Fr; 3] {
        let half = b.len() / 2;
        let mut sums = [V::zero(token); 3];
        let mut plain = [V::zero(token); 2];
        for from in (0..half).step_by(S::CAPACITY) {
            let mut wide = [S::zero(token); 3];
            for i in from..(from + S::CAPACITY).min(half) {
                let (b0, b1) = (V::load(token, &b[i]), V::load(token, &b[i + half]));
                let y0 = offset_integers(token, &eight(a, i));
                let y1 = offset_integers(token, &eight(a, i + half));
                wide[0].add(b0, y0);
                wide[1].add(b1, y1);
                wide[2].add(b1.sub::<2>(b0), offset_slope(token, y0, y1));
                plain = [plain[0].add_reduced(b0), plain[1].add_reduced(b1)];
            }
            for (sum, wide) in sums.iter_mut().zip(wide) {
                *sum = sum.add_reduced(wide.reduce());
            }
        }
        let (shift, offset) = (Fr::from(1u64 << 52), Fr::from(1u64 << 31));
        let [zero, one, slope] = sums.map(|sum| sum.sum() * shift);
        let [p0, p1] = plain.map(|sum| sum.sum() * offset);
        [zero - p0, one - p1, slope - (p1 - p0).double()]
    }

    /// See [`crate::scalar::lookup_sums`].
    pub fn lookup_sums(
        token: Token,
        columns: &mut [&mut [Block]],
        challenge: Option<Fr>,
        weights: &[Block],
        with_one: bool,
    ) -> [Fr; 6] {
        let sides = columns.len() - 1;
        let one = V::one(token);
        let challenge = challenge.map(|c| V::splat(token, &c));
        let half = weights.len();
        let mut sums = [V::zero(token); 6];
        for from in (0..half).step_by(W::CAPACITY) {
            let mut wide = [W::zero(token); 6];
            for i in from..(from + W::CAPACITY).min(half) {
                let weight = V::load(token, &weights[i]);
                let mut values = [[V::zero(token); 6]; 5];
                for (values, column) in values.iter_mut().zip(&mut *columns) {
                    let (low, high) = ends(token, column, i, half, challenge);
                    *values = line(low, high);
                }
                let [h, d0, d1, d2, d3] = &values;
                let p = if sides > 1 { parabola(d0, d1) } else { *d0 };
                let q = if sides > 3 { parabola(d2, d3) } else { *d2 };
                for k in 0..6 {
                    if !is_summed(k, sides, with_one) {
                        continue;
                    }
                    // Below 1.05p, as every product of two values below 2p; values are below 4p.
                    let hp = h[k].mul(p[k]);
                    let both = || hp.sub_two_reduced::<6>(d0[k], d1[k].loose());
                    let value = match (sides, k == 5) {
                        (1, false) => hp.sub::<2>(one),
                        (1 | 2, true) => hp,
                        (2, false) => both(),
                        (3, false) => q[k].mul(both()).sub::<2>(p[k]),
                        // A sum below 4p times 2p: below 1.1p.
                        (_, false) => q[k].mul(both()).sub::<2>(d2[k].add(d3[k]).mul(p[k])),
                        (_, true) => q[k].mul(hp),
                    };
                    wide[k].add(value, weight);
                }
            }
            for (sum, wide) in sums.iter_mut().zip(wide) {
                *sum = sum.add_reduced(wide.reduce());
            }
        }
        sums.map(|sum| sum.sum())
    }
}

/// Blocks i and i + half; if there is a challenge, of what binding the highest variable leaves, which is stored.
#[inline(always)]
fn ends(token: Token, v: &mut [Block], i: usize, half: usize, challenge: Option<V>) -> (V, V) {
    let (low, high) = (V::load(token, &v[i]), V::load(token, &v[i + half]));
    let Some(c) = challenge else { return (low, high) };
    let low = V::fold(low, V::load(token, &v[i + 2 * half]), c);
    let high = V::fold(high, V::load(token, &v[i + 3 * half]), c);
    low.store(&mut v[i]);
    high.store(&mut v[i + half]);
    (low, high)
}

/// The line through `low` at 0 and `high` at 1, at 0, 1, -1, 2, -2, ∞: all below 2p.
#[inline(always)]
fn line(low: V, high: V) -> [V; 6] {
    let slope = high.sub_reduced::<3>(low);
    let minus_one = low.sub_reduced::<3>(slope);
    [low, high, minus_one, high.add_reduced(slope), minus_one.sub_reduced::<3>(slope), slope]
}

/// The product of two lines at the same points from three multiplications: all below 2p. See `quadratic_values`.
#[inline(always)]
fn parabola(a: &[V; 6], b: &[V; 6]) -> [V; 6] {
    let (zero, one, lead) = (a[0].mul(b[0]), a[1].mul(b[1]), a[5].mul(b[5]));
    // Products are below 1.05p: sums below 2.1p each.
    let (sum, twice) = (zero.add(lead), one.add(one));
    let even = sum.add(sum);
    let lead4 = lead.add(lead).add(lead.add(lead));
    let minus_one = even.sub_reduced::<3>(one);
    let two = twice.add(lead.add(lead)).sub_reduced::<3>(zero);
    let minus_two = even.add(zero).add(lead4).sub_reduced::<5>(twice);
    [zero, one, minus_one, two, minus_two, lead]
}
