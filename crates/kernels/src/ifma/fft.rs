//! Transforms on lanes, in four steps.
//!
//! With n = 8M and indices i = 8q + l, k = c + Mj:
//! `V[k] = Σ_l (w^M)^(lj) · w^(lc) · Σ_q v[8q + l] (w^8)^(qc)`. The inner sums are transforms of size M over blocks, a lane each;
//! the factors w^(lc) multiply lane by lane; the outer sums are transforms of size 8 across lanes, which a transposition
//! of eight blocks turns into transforms across registers, and the results are in order.

use super::{
    Token,
    lanes::{Block, Lanes},
    vector::{enter, kernels},
};
use crate::scalar::powers;
use ark_bn254::{Fr, FrConfig};
use ark_ff::Field;

type V = Lanes<FrConfig>;

/// Blocks that a transform has at least.
pub const MIN_BLOCKS: usize = 8;

kernels! {
    /// The transform of a power of two of blocks, eight or more; `root` has order eight times their number.
    pub fn fft(token: Token, v: &[Block], root: &Fr) -> Vec<Block> {
        let size = v.len();
        let bits = usize::BITS - size.trailing_zeros();
        let mut inner: Vec<Block> = (0..size).map(|q| v[q.reverse_bits() >> bits]).collect();
        over_blocks(token, &mut inner, &root.pow([8]));

        // w^(lc) = w^(l(c mod 8)) · w^(8l(c/8)).
        let mut low = [Block::ZERO; 8];
        for (c, low) in low.iter_mut().enumerate() {
            enter(token, &powers(root.pow([c as u64]), 8), std::slice::from_mut(low));
        }
        let step = powers(root.pow([8]), 8);
        let mut high = V::one(token);
        let mut one_step = [Block::ZERO];
        enter(token, &step, &mut one_step);

        let eighth = root.pow([size as u64]);
        let turns = [eighth, eighth.square(), eighth.square() * eighth].map(|turn| V::splat(token, &turn));
        let mut out = vec![Block::ZERO; size];
        for (group, inner) in inner.chunks(8).enumerate() {
            let mut rows = [high; 8];
            for c in 0..8 {
                let factor = high.mul(V::load(token, &low[c]));
                rows[c] = V::load(token, &inner[c]).mul(factor);
            }
            high = high.mul(V::load(token, &one_step[0]));
            for (j, row) in of_eight(V::transposed(rows), &turns).into_iter().enumerate() {
                row.store(&mut out[j * (size / 8) + group]);
            }
        }
        out
    }

    /// Transforms of each lane over all blocks, which are in bit-reversed order; `root` has their number as order.
    fn over_blocks(token: Token, v: &mut [Block], root: &Fr) {
        let size = v.len();
        let mut turns = vec![Block::ZERO; size.div_ceil(16)];
        enter(token, &powers(*root, size / 2), &mut turns);
        let mut half = 1;
        while half < size {
            let stride = size / (2 * half);
            for part in v.chunks_mut(2 * half) {
                let (low, high) = part.split_at_mut(half);
                for (i, (low, high)) in low.iter_mut().zip(high).enumerate() {
                    let turn = V::broadcast(token, &turns[i * stride / 8], i * stride % 8);
                    let (sum, difference) = butterfly(V::load(token, low), V::load(token, high).mul(turn));
                    sum.store(low);
                    difference.store(high);
                }
            }
            half *= 2;
        }
    }
}

/// `a + b` and `a - b`, reduced; both below 2p.
#[inline(always)]
fn butterfly(a: V, b: V) -> (V, V) {
    (a.add_reduced(b), a.sub_reduced::<3>(b))
}

/// The transform of eight registers, lane by lane; `turns` are w, w², w³ for w of order 8.
#[inline(always)]
fn of_eight(v: [V; 8], [w1, w2, w3]: &[V; 3]) -> [V; 8] {
    // Bit-reversed order, then three levels.
    let [v0, v1, v2, v3, v4, v5, v6, v7] = v;
    let ((a0, a1), (a2, a3)) = (butterfly(v0, v4), butterfly(v2, v6));
    let ((a4, a5), (a6, a7)) = (butterfly(v1, v5), butterfly(v3, v7));
    let ((b0, b2), (b1, b3)) = (butterfly(a0, a2), butterfly(a1, a3.mul(*w2)));
    let ((b4, b6), (b5, b7)) = (butterfly(a4, a6), butterfly(a5, a7.mul(*w2)));
    let ((c0, c4), (c1, c5)) = (butterfly(b0, b4), butterfly(b1, b5.mul(*w1)));
    let ((c2, c6), (c3, c7)) = (butterfly(b2, b6.mul(*w2)), butterfly(b3, b7.mul(*w3)));
    [c0, c1, c2, c3, c4, c5, c6, c7]
}
