//! Kernels on vectors of [`Block`]s. Values are below 2p (see [`super::lanes`]); lanes behind the last element are zero.

use super::{
    Token, fft,
    lanes::{Block, Lanes, Wide, WideSmall, offset_integers},
    rounds,
};
use crate::scalar;
use ark_bn254::{Fr, FrConfig};
use ark_ff::{AdditiveGroup, Field};

type V = Lanes<FrConfig>;
type W = Wide<FrConfig>;
type S = WideSmall<FrConfig>;

/// At least 16 elements, eight a block.
#[derive(Debug, Clone)]
pub struct LaneVec {
    token: Token,
    len: usize,
    blocks: Vec<Block>,
}

/// Functions compiled for the lanes' features: a safe one that takes a token, around one with `#[target_feature]`.
macro_rules! kernels {
    ($($(#[$doc:meta])* $vis:vis fn $name:ident($token:ident: Token $(, $arg:ident: $ty:ty)* $(,)?) $(-> $out:ty)? $body:block)*) => {$(
        $(#[$doc])*
        $vis fn $name($token: Token $(, $arg: $ty)*) $(-> $out)? {
            #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
            fn kernel($token: Token $(, $arg: $ty)*) $(-> $out)? $body
            // SAFETY: the token proves the features.
            unsafe { kernel($token $(, $arg)*) }
        }
    )*};
}
pub(super) use kernels;

impl LaneVec {
    /// Fewer elements are not worth lanes.
    pub const MIN_LEN: usize = 16;

    pub fn zeros(token: Token, len: usize) -> Self {
        Self { token, len, blocks: vec![Block::ZERO; len.div_ceil(8)] }
    }

    pub fn new(token: Token, values: &[Fr]) -> Self {
        let mut out = Self::zeros(token, values.len());
        enter(token, values, &mut out.blocks);
        out
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn token(&self) -> Token {
        self.token
    }

    pub fn to_vec(&self) -> Vec<Fr> {
        self.range(0, self.len)
    }

    /// Elements `from..to`.
    pub fn range(&self, from: usize, to: usize) -> Vec<Fr> {
        let first = from / 8;
        let blocks = &self.blocks[first..to.div_ceil(8)];
        let mut out = vec![Fr::ZERO; blocks.len() * 8];
        leave(self.token, blocks, &mut out);
        out.truncate(to - first * 8);
        out.drain(..from - first * 8);
        out
    }

    /// `from` is a multiple of 8.
    pub fn part(&self, from: usize, len: usize) -> Self {
        let blocks = self.blocks[from / 8..(from + len).div_ceil(8)].to_vec();
        let mut part = Self { token: self.token, len, blocks };
        part.clear_tail();
        part
    }

    pub fn copy_at(&mut self, offset: usize, x: &Self) {
        let whole = x.len / 8;
        if offset.is_multiple_of(8) {
            self.blocks[offset / 8..][..whole].copy_from_slice(&x.blocks[..whole]);
            self.set_range(offset + whole * 8, &x.range(whole * 8, x.len));
        } else {
            self.set_range(offset, &x.to_vec());
        }
    }

    /// Overwrites elements from `from` on.
    pub fn set_range(&mut self, from: usize, values: &[Fr]) {
        if values.is_empty() {
            return;
        }
        let (first, to) = (from / 8, from + values.len());
        let last = to.div_ceil(8);
        let mut whole = self.range(first * 8, (last * 8).min(self.len));
        whole[from - first * 8..to - first * 8].copy_from_slice(values);
        enter(self.token, &whole, &mut self.blocks[first..last]);
    }

    pub fn affine(token: Token, len: usize, constant: Fr, terms: &[(Fr, &[i32])]) -> Self {
        let mut out = Self::zeros(token, len);
        affine(token, &mut out.blocks, constant, terms);
        out.clear_tail();
        out
    }

    /// At least four coordinates.
    pub fn eq_table(token: Token, point: &[Fr]) -> Self {
        let mut out = Self::zeros(token, 1 << point.len());
        enter(token, &scalar::eq_table(&point[..3], Fr::ONE), &mut out.blocks[..1]);
        eq_table(token, &mut out.blocks, &point[3..]);
        out
    }

    /// The length is a power of two.
    pub fn fold(&mut self, challenge: Fr) {
        let half = self.blocks.len() / 2;
        let (low, high) = self.blocks.split_at_mut(half);
        fold(self.token, low, high, &challenge);
        self.halve();
    }

    pub fn add_halves(&mut self) {
        let half = self.blocks.len() / 2;
        let (low, high) = self.blocks.split_at_mut(half);
        add_halves(self.token, low, high);
        self.halve();
    }

    fn halve(&mut self) {
        self.len /= 2;
        self.blocks.truncate(self.len / 8);
    }

    pub fn dot(&self, other: &Self) -> Fr {
        dot(self.token, &self.blocks, &other.blocks)
    }

    pub fn dot_i32(&self, x: &[i32]) -> Fr {
        dot_integers(self.token, &self.blocks, x)
    }

    pub fn add_constant(&mut self, a: Fr) {
        add_constant(self.token, &mut self.blocks, &a);
        self.clear_tail();
    }

    pub fn scale(&mut self, a: Fr) {
        scale(self.token, &mut self.blocks, &a);
    }

    pub fn multiply(&mut self, other: &Self) {
        multiply(self.token, &mut self.blocks, &other.blocks);
    }

    /// The offset is a multiple of 8, or elements go one by one.
    pub fn add_scaled_at(&mut self, offset: usize, a: Fr, x: &Self) {
        if offset.is_multiple_of(8) {
            let first = offset / 8;
            add_scaled(self.token, &mut self.blocks[first..first + x.blocks.len()], &a, &x.blocks);
        } else {
            self.add_scaled_elements(offset, a, &x.to_vec());
        }
    }

    pub fn add_scaled_elements(&mut self, offset: usize, a: Fr, x: &[Fr]) {
        if x.is_empty() {
            return;
        }
        let mut values = self.range(offset, offset + x.len());
        values.iter_mut().zip(x).for_each(|(v, x)| *v += a * x);
        self.set_range(offset, &values);
    }

    /// `low` has a multiple of 8 elements.
    pub fn kron(low: &Self, high: &[Fr]) -> Self {
        let mut out = Self::zeros(low.token, low.len * high.len());
        for (part, high) in out.blocks.chunks_mut(low.blocks.len()).zip(high) {
            part.copy_from_slice(&low.blocks);
            scale(low.token, part, high);
        }
        out
    }

    /// [`Self::kron`] of one, two, four or eight elements.
    pub fn kron_of_few(low: &[Fr], high: &Self) -> Self {
        let mut out = Self::zeros(high.token, low.len() * high.len);
        kron_of_few(high.token, &mut out.blocks, &repeated(high.token, low), low.len(), &high.blocks);
        out
    }

    pub fn invert(&mut self) {
        invert(self.token, &mut self.blocks);
    }

    pub fn sum_of_inverses(d: &[&Self]) -> Self {
        let columns: Vec<&[Block]> = d.iter().map(|d| d.blocks.as_slice()).collect();
        let mut out = d[0].clone();
        let mut singular = Vec::new();
        products(out.token, &mut out.blocks, &columns[1..], &mut singular);
        invert(out.token, &mut out.blocks);
        numerators(out.token, &mut out.blocks, &columns);
        for block in singular {
            // A column is zero here: take the rows one by one.
            let (from, to) = (block * 8, (block * 8 + 8).min(out.len));
            let columns: Vec<Vec<Fr>> = d.iter().map(|d| d.range(from, to)).collect();
            let columns: Vec<&[Fr]> = columns.iter().map(Vec::as_slice).collect();
            let rows = crate::reference::sum_of_inverses(&columns);
            out.set_range(from, &rows);
        }
        out
    }

    pub fn evaluate(&self, x: Fr) -> Fr {
        evaluate(self.token, &self.blocks, x)
    }

    /// b is a multiple of 8, and there are at least b + 16 coefficients, b of them at least 16.
    pub fn divide(&self, b: usize, a: Fr) -> (Self, Self) {
        let rows = b / 8;
        let mut quotient =
            Self { token: self.token, len: self.len - b, blocks: self.blocks[rows..].to_vec() };
        let mut rest = Self { token: self.token, len: b, blocks: self.blocks[..rows].to_vec() };
        horner(self.token, &mut quotient.blocks, rows, &a);
        add_scaled(self.token, &mut rest.blocks, &a, &quotient.blocks[..rows.min(quotient.blocks.len())]);
        (quotient, rest)
    }

    /// `self = (X - a) q + rest`.
    pub fn divide_by_linear(&self, a: Fr) -> (Self, Fr) {
        let mut quotient = self.clone();
        let rest = divide_by_linear(self.token, &mut quotient.blocks, &a);
        quotient.len -= 1;
        quotient.blocks.truncate(quotient.len.div_ceil(8));
        (quotient, rest)
    }

    /// `weights` has a multiple of 8 elements.
    pub fn row_dots(&self, weights: &Self) -> Vec<Fr> {
        let rows = self.blocks.chunks(weights.blocks.len());
        rows.map(|row| dot(self.token, row, &weights.blocks[..row.len()])).collect()
    }

    pub fn combine_rows(weights: &Self, m: &[i32], columns: usize) -> Self {
        let mut out = Self::zeros(weights.token, columns);
        combine_rows(weights.token, &mut out.blocks, &weights.blocks, weights.len, m, columns);
        out.clear_tail();
        out
    }

    pub fn combine_columns(weights: &Self, m: &[i32]) -> Vec<Fr> {
        m.chunks(weights.len).map(|row| dot_integers(weights.token, &weights.blocks, row)).collect()
    }

    /// Whether [`Self::fft`] takes it: a power of two, large enough.
    pub fn has_fft(&self) -> bool {
        self.len.is_power_of_two() && self.blocks.len() >= fft::MIN_BLOCKS
    }

    pub fn fft(&mut self, root: Fr) {
        self.blocks = fft::fft(self.token, &self.blocks, &root);
    }

    /// Sets what stands behind the last element to zero.
    fn clear_tail(&mut self) {
        let used = self.len % 8;
        if let Some(last) = self.blocks.last_mut()
            && used > 0
        {
            last.0.iter_mut().for_each(|limb| limb[used..].fill(0));
        }
    }

    /// Binds the highest variable if there is a challenge, and at least 32 elements; then [`scalar::product_sums`].
    pub fn product_sums(
        mut columns: [&mut Self; 2],
        challenge: Option<Fr>,
        weights: Option<&[Block]>,
        with_one: bool,
    ) -> [Fr; 3] {
        let token = columns[0].token;
        let blocks = columns.each_mut().map(|v| v.blocks.as_mut_slice());
        let sums = rounds::product_sums(token, blocks, challenge, weights, with_one);
        Self::bound(&mut columns, challenge);
        sums
    }

    /// [`scalar::integer_product_sums`] of at least 16 elements.
    pub fn integer_product_sums(a: &[i32], b: &Self) -> [Fr; 3] {
        rounds::integer_product_sums(b.token, a, &b.blocks)
    }

    /// As [`Self::product_sums`], of [`scalar::lookup_sums`].
    pub fn lookup_sums(
        columns: &mut [&mut Self],
        challenge: Option<Fr>,
        weights: &[Block],
        with_one: bool,
    ) -> [Fr; 6] {
        let token = columns[0].token;
        let mut blocks: Vec<&mut [Block]> = columns.iter_mut().map(|v| v.blocks.as_mut_slice()).collect();
        let sums = rounds::lookup_sums(token, &mut blocks, challenge, weights, with_one);
        Self::bound(columns, challenge);
        sums
    }

    /// The columns have been bound on the way, if there was a challenge.
    fn bound(columns: &mut [&mut Self], challenge: Option<Fr>) {
        if challenge.is_some() {
            columns.iter_mut().for_each(|column| column.halve());
        }
    }

    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }
}

/// A table of at most eight elements, repeated over eight lanes.
pub fn repeated(token: Token, table: &[Fr]) -> Block {
    let mut block = Block::ZERO;
    let lanes: [Fr; 8] = std::array::from_fn(|i| table[i % table.len()]);
    enter(token, &lanes, std::slice::from_mut(&mut block));
    block
}

kernels! {
    /// Elements into blocks; zeros fill the last one.
    pub fn enter(token: Token, values: &[Fr], out: &mut [Block]) {
        let (whole, rest) = values.as_chunks::<8>();
        for (values, out) in whole.iter().zip(&mut *out) {
            V::from_elements(token, values).store(out);
        }
        if !rest.is_empty() {
            let mut last = [Fr::ZERO; 8];
            last[..rest.len()].copy_from_slice(rest);
            V::from_elements(token, &last).store(&mut out[whole.len()]);
        }
    }

    /// Blocks into elements, as many as there are lanes.
    fn leave(token: Token, blocks: &[Block], out: &mut [Fr]) {
        for (block, out) in blocks.iter().zip(out.as_chunks_mut::<8>().0) {
            V::load(token, block).to_elements(out);
        }
    }

    /// `constant + Σ a_j x_j`: with y = x + 2^31 unsigned, `constant - 2^31 Σ a_j + Σ a_j y_j`, at most 1000 columns.
    fn affine(token: Token, out: &mut [Block], constant: Fr, terms: &[(Fr, &[i32])]) {
        assert!(terms.len() <= 1000, "a sum holds 1024 terms");
        // reduce() divides by 2^52.
        let shift = Fr::from(1u64 << 52);
        let offset = Fr::from(1u64 << 31);
        let start = terms.iter().fold(constant, |sum, (a, _)| sum - offset * a) * shift;
        let start = S::from_lanes(V::splat(token, &start));
        let mut factors = Vec::with_capacity(terms.len());
        for (a, _) in terms {
            factors.push(V::splat(token, &(shift * a)));
        }
        for (i, out) in out.iter_mut().enumerate() {
            let mut sum = start;
            for (factor, (_, x)) in factors.iter().zip(terms) {
                sum.add(*factor, offset_integers(token, &eight(x, i)));
            }
            sum.reduce().store(out);
        }
    }

    /// The first block is a table; each coordinate doubles it.
    fn eq_table(token: Token, blocks: &mut [Block], point: &[Fr]) {
        let mut len = 1;
        for u in point {
            let u = V::splat(token, u);
            let (low, high) = blocks.split_at_mut(len);
            for (low, high) in low.iter_mut().zip(high) {
                let all = V::load(token, low);
                let one = all.mul(u);
                one.store(high);
                all.sub_reduced::<3>(one).store(low);
            }
            len *= 2;
        }
    }

    fn fold(token: Token, low: &mut [Block], high: &[Block], challenge: &Fr) {
        let c = V::splat(token, challenge);
        for (low, high) in low.iter_mut().zip(high) {
            V::fold(V::load(token, low), V::load(token, high), c).store(low);
        }
    }

    fn add_halves(token: Token, low: &mut [Block], high: &[Block]) {
        for (low, high) in low.iter_mut().zip(high) {
            V::load(token, low).add_reduced(V::load(token, high)).store(low);
        }
    }

    fn dot(token: Token, a: &[Block], b: &[Block]) -> Fr {
        let mut sum = V::zero(token);
        for (a, b) in a.chunks(W::CAPACITY).zip(b.chunks(W::CAPACITY)) {
            let mut wide = W::zero(token);
            for (a, b) in a.iter().zip(b) {
                wide.add(V::load(token, a), V::load(token, b));
            }
            sum = sum.add_reduced(wide.reduce());
        }
        sum.sum()
    }

    /// With y = x + 2^31 unsigned: `Σ a y - 2^31 Σ a`.
    fn dot_integers(token: Token, a: &[Block], x: &[i32]) -> Fr {
        let mut sum = V::zero(token);
        let mut plain = V::zero(token);
        for (k, a) in a.chunks(S::CAPACITY).enumerate() {
            let mut wide = S::zero(token);
            for (i, a) in a.iter().enumerate() {
                let a = V::load(token, a);
                wide.add(a, offset_integers(token, &eight(x, k * S::CAPACITY + i)));
                plain = plain.add_reduced(a);
            }
            sum = sum.add_reduced(wide.reduce());
        }
        sum.sum() * Fr::from(1u64 << 52) - plain.sum() * Fr::from(1u64 << 31)
    }

    fn add_constant(token: Token, v: &mut [Block], a: &Fr) {
        let a = V::splat(token, a);
        for v in v {
            V::load(token, v).add_reduced(a).store(v);
        }
    }

    fn scale(token: Token, v: &mut [Block], a: &Fr) {
        let a = V::splat(token, a);
        for v in v {
            V::load(token, v).mul(a).store(v);
        }
    }

    fn multiply(token: Token, v: &mut [Block], x: &[Block]) {
        for (v, x) in v.iter_mut().zip(x) {
            V::load(token, v).mul(V::load(token, x)).store(v);
        }
    }

    fn add_scaled(token: Token, v: &mut [Block], a: &Fr, x: &[Block]) {
        let a = V::splat(token, a);
        for (v, x) in v.iter_mut().zip(x) {
            V::load(token, x).mul(a).add_reduced(V::load(token, v)).store(v);
        }
    }

    /// Lane i of block k is element 8k + i: `low[i mod L]·high[(8k + i)/L]`, L = `len` a divisor of eight.
    fn kron_of_few(token: Token, out: &mut [Block], low: &Block, len: usize, high: &[Block]) {
        let low = V::load(token, low);
        for (k, out) in out.iter_mut().enumerate() {
            let from = std::array::from_fn(|i| ((8 * k + i) / len % 8) as u64);
            V::load(token, &high[k / len]).permuted(&from).mul(low).store(out);
        }
    }

    /// Montgomery's trick in four chains, which do not wait for each other. Zero stays zero.
    fn invert(token: Token, v: &mut [Block]) {
        const CHAINS: usize = 4;
        let one = V::one(token);
        let mut before = vec![Block::ZERO; v.len()];
        let mut chains = [one; CHAINS];
        for (i, (v, before)) in v.iter_mut().zip(&mut before).enumerate() {
            // Canonical from here on, so that the way back finds the same zeros.
            let x = V::load(token, v).canonical();
            x.store(v);
            let chain = &mut chains[i % CHAINS];
            chain.store(before);
            *chain = chain.mul(x.blend(x.zero_mask(), one));
        }
        let mut lanes = [[Fr::ZERO; 8]; CHAINS];
        for (chain, lanes) in chains.iter().zip(&mut lanes) {
            chain.to_elements(lanes);
        }
        scalar::invert(lanes.as_flattened_mut());
        for (chain, lanes) in chains.iter_mut().zip(&lanes) {
            *chain = V::from_elements(token, lanes);
        }
        for (i, (v, before)) in v.iter_mut().zip(&before).enumerate().rev() {
            let x = V::load(token, v);
            let zeros = x.zero_mask();
            let chain = &mut chains[i % CHAINS];
            let inverse = chain.mul(V::load(token, before));
            *chain = chain.mul(x.blend(zeros, one));
            inverse.blend(zeros, x).store(v);
        }
    }

    /// Multiplies by all columns, and tells the blocks with a zero in it.
    fn products(token: Token, out: &mut [Block], d: &[&[Block]], singular: &mut Vec<usize>) {
        for (i, out) in out.iter_mut().enumerate() {
            let mut product = V::load(token, out);
            for d in d {
                product = product.mul(V::load(token, &d[i]));
            }
            let product = product.canonical();
            if product.zero_mask() != 0 {
                singular.push(i);
            }
            product.store(out);
        }
    }

    /// Multiplies by `Σ_s Π_{s'≠s} d_s'`.
    fn numerators(token: Token, out: &mut [Block], d: &[&[Block]]) {
        let [first, second, others @ ..] = d else { return };
        for (i, out) in out.iter_mut().enumerate() {
            let (d0, d1) = (V::load(token, &first[i]), V::load(token, &second[i]));
            let (mut sum, mut all) = (d0.add(d1), d0.mul(d1));
            for d in others {
                // Sums below 4p times 2p: below 1.1p; sums of two products are below 4p again.
                let d = V::load(token, &d[i]);
                sum = sum.mul(d).add(all);
                all = all.mul(d);
            }
            sum.mul(V::load(token, out)).store(out);
        }
    }

    /// Horner's rule with x^32 in four chains; then x^8, then x over the lanes.
    fn evaluate(token: Token, v: &[Block], x: Fr) -> Fr {
        const CHAINS: usize = 4;
        let x8 = x.square().square().square();
        let step = V::splat(token, &x8.square().square());
        let mut chains = [V::zero(token); CHAINS];
        for part in v.chunks(CHAINS).rev() {
            for (chain, v) in chains.iter_mut().zip(part) {
                // chain < 3.1p, step < p: the product is below 1.04p, the sum below 3.04p again.
                *chain = chain.mul(step).add(V::load(token, v));
            }
        }
        let mut lanes = [[Fr::ZERO; 8]; CHAINS];
        for (chain, lanes) in chains.iter().zip(&mut lanes) {
            chain.to_elements(lanes);
        }
        lanes.as_flattened().iter().rev().fold(Fr::ZERO, |sum, v| sum * x + v)
    }

    /// `v[i] += a v[i + rows]` from the top.
    fn horner(token: Token, v: &mut [Block], rows: usize, a: &Fr) {
        let a = V::splat(token, a);
        for i in (rows..v.len()).rev() {
            let above = V::load(token, &v[i]).mul(a);
            above.add_reduced(V::load(token, &v[i - rows])).store(&mut v[i - rows]);
        }
    }

    /// The quotient's coefficients are `S_1, S_2, …`, the rest is S_0, with `S_i = Σ_{j>=i} f_j a^(j-i)`. Lane by lane
    /// `T_i = f_i + a^8 T_{i+8}` is Horner's rule; and with σ the shift by one element
    /// `S = (1 + aσ + … + a^7 σ^7) T = (1 + aσ)(1 + a²σ²)(1 + a⁴σ⁴) T`.
    fn divide_by_linear(token: Token, v: &mut [Block], a: &Fr) -> Fr {
        let a2 = a.square();
        let a4 = a2.square();
        let [a, a2, a4, a8] = [*a, a2, a4, a4.square()].map(|a| V::splat(token, &a));
        // Some blocks at a time, step by step, so that multiplications do not wait for each other; then the block above.
        const TILE: usize = 8;
        let mut above = [V::zero(token); 4];
        for blocks in v.chunks_mut(TILE).rev() {
            let len = blocks.len();
            let mut t = [[V::zero(token); TILE + 1]; 4];
            for (t, above) in t.iter_mut().zip(above) {
                t[len] = above;
            }
            // Each value is reduced.
            for k in (0..len).rev() {
                t[0][k] = t[0][k + 1].mul(a8).add_reduced(V::load(token, &blocks[k]));
            }
            for k in 0..len {
                t[1][k] = t[0][k].shifted::<4>(t[0][k + 1]).mul(a4).add_reduced(t[0][k]);
            }
            for k in 0..len {
                t[2][k] = t[1][k].shifted::<2>(t[1][k + 1]).mul(a2).add_reduced(t[1][k]);
            }
            for k in 0..len {
                t[3][k] = t[2][k].shifted::<1>(t[2][k + 1]).mul(a).add_reduced(t[2][k]);
            }
            for k in 0..len {
                t[3][k].shifted::<1>(t[3][k + 1]).store(&mut blocks[k]);
            }
            above = t.map(|t| t[0]);
        }
        let [.., s] = above;
        let mut lanes = [Fr::ZERO; 8];
        s.to_elements(&mut lanes);
        lanes[0]
    }

    /// Three blocks of columns at a time, down all rows. As in `dot_integers`, `Σ w y - 2^31 Σ w`.
    fn combine_rows(token: Token, out: &mut [Block], weights: &[Block], rows: usize, m: &[i32], columns: usize) {
        const TILE: usize = 3;
        let shift = V::splat(token, &Fr::from(1u64 << 52));
        let mut total = V::zero(token);
        for w in weights {
            total = total.add_reduced(V::load(token, w));
        }
        let offset = V::splat(token, &(total.sum() * Fr::from(1u64 << 31)));
        for (tile, out) in out.chunks_mut(TILE).enumerate() {
            let mut sums = [V::zero(token); TILE];
            for chunk in (0..rows).step_by(S::CAPACITY) {
                let mut wide = [S::zero(token); TILE];
                for i in chunk..(chunk + S::CAPACITY).min(rows) {
                    let w = V::broadcast(token, &weights[i / 8], i % 8);
                    let row = &m[i * columns..(i + 1) * columns];
                    for (k, wide) in wide.iter_mut().enumerate().take(out.len()) {
                        wide.add(w, offset_integers(token, &eight(row, tile * TILE + k)));
                    }
                }
                for (sum, wide) in sums.iter_mut().zip(wide) {
                    *sum = sum.add_reduced(wide.reduce());
                }
            }
            for (sum, out) in sums.iter().zip(out) {
                sum.mul(shift).sub_reduced::<2>(offset).store(out);
            }
        }
    }
}

/// Elements `8i..8i+8`; zeros behind the end.
#[inline(always)]
pub fn eight(x: &[i32], i: usize) -> [i32; 8] {
    match x.get(8 * i..8 * i + 8) {
        Some(x) => x.try_into().unwrap_or_default(),
        None => {
            let rest = &x[8 * i..];
            std::array::from_fn(|k| rest.get(k).copied().unwrap_or_default())
        }
    }
}
