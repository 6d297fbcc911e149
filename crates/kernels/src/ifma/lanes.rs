//! Eight elements of a prime field, one a lane: five limbs of 52 bits, Montgomery form with R = 2^260, lazily reduced.
//!
//! # Bounds
//!
//! p stands for either modulus; 2^253 < p < 2^254 and 84p < 2^260 < 85p. A [`Lanes`] is *normal*: limbs 0..4 are below
//! 2^52, so is limb 4, and the value is below 84p. Above that every operation says how large its result is, in units of p:
//!
//! - `mul`: operands below αp and βp with αβ <= 84 give less than (1 + αβ/84)p <= 2p. (Σ of five m_i·p·2^(52i), m_i < 2^52, is
//!   below 2^260 p; so the result is below (αβp² + 2^260 p)/2^260.)
//! - `add`, `sub`: no reduction; the bounds add up, `sub::<K>` needs its right side below Kp and adds Kp.
//! - `reduce` and everything ending in `_reduced`: below (1 + 2^-30)p.
//!
//! Stored vectors hold values below 2p. Carries are propagated with arithmetic shifts, so that limbs may be negative
//! in between; the value is not.

use super::Token;
use ark_bn254::{FqConfig, FrConfig};
use ark_ff::{AdditiveGroup, Fp, MontBackend, MontConfig};
use std::{arch::x86_64::*, marker::PhantomData};

mod wide;

pub use wide::{Wide, WideSmall, offset_integers, offset_slope};

/// A modulus with the constants of its five-limb form.
pub trait Modulus: MontConfig<4> + Sized {
    /// p.
    const P: [u64; 5] = split(Self::MODULUS.0);
    /// 2^260 - p.
    const COMPLEMENT: [u64; 5] = complement(Self::P);
    /// -1/p mod 2^52.
    const INVERSE: u64 = Self::INV & MASK;
    /// `kp` for k < 16, unnormalised in the top limb only.
    const MULTIPLES: [[u64; 5]; 16] = multiples(Self::P);
    /// `⌊2^97/(p_4 + 1)⌋ (1 - 2^-40)`, p_4 the top limb; below 2^52.
    const QUOTIENT: u64 = {
        let exact = ((1u128 << 97) / (Self::P[4] as u128 + 1)) as u64;
        exact - (exact >> 40) - 1
    };
    /// 2^264 mod p: multiplies R = 2^256 forms into ours.
    const ENTER: [u64; 5] = split(power_of_two(264, Self::MODULUS.0));
    /// 2^256 mod p: multiplies ours into R = 2^256 forms.
    const LEAVE: [u64; 5] = split(power_of_two(256, Self::MODULUS.0));
    /// 2^260 mod p: one.
    const ONE: [u64; 5] = split(power_of_two(260, Self::MODULUS.0));
}
impl Modulus for FrConfig {}
impl Modulus for FqConfig {}

/// An element of ark's.
pub type Element<M> = Fp<MontBackend<M, 4>, 4>;

// A slice of elements is a slice of four words each.
const _: () = assert!(size_of::<Element<FrConfig>>() == 32 && size_of::<Element<FqConfig>>() == 32);

const MASK: u64 = (1 << 52) - 1;

const fn split(v: [u64; 4]) -> [u64; 5] {
    [
        v[0] & MASK,
        (v[0] >> 52 | v[1] << 12) & MASK,
        (v[1] >> 40 | v[2] << 24) & MASK,
        (v[2] >> 28 | v[3] << 36) & MASK,
        v[3] >> 16,
    ]
}

const fn complement(p: [u64; 5]) -> [u64; 5] {
    // p is odd, so only the lowest limb carries.
    [(1 << 52) - p[0], MASK - p[1], MASK - p[2], MASK - p[3], MASK - p[4]]
}

const fn multiples(p: [u64; 5]) -> [[u64; 5]; 16] {
    let mut table = [[0; 5]; 16];
    let mut k = 1;
    while k < 16 {
        let mut carry = 0;
        let mut j = 0;
        while j < 5 {
            let sum = table[k - 1][j] + p[j] + carry;
            table[k][j] = if j < 4 { sum & MASK } else { sum };
            carry = sum >> 52;
            j += 1;
        }
        k += 1;
    }
    table
}

/// 2^exponent mod p by doubling.
const fn power_of_two(exponent: usize, p: [u64; 4]) -> [u64; 4] {
    let mut v = [1, 0, 0, 0];
    let mut step = 0;
    while step < exponent {
        // p < 2^254: doubling does not overflow.
        let doubled = [v[0] << 1, v[1] << 1 | v[0] >> 63, v[2] << 1 | v[1] >> 63, v[3] << 1 | v[2] >> 63];
        let mut rest = [0; 4];
        let mut borrow = 0i128;
        let mut i = 0;
        while i < 4 {
            let t = doubled[i] as i128 - p[i] as i128 + borrow;
            rest[i] = t as u64;
            borrow = t >> 64;
            i += 1;
        }
        v = if borrow < 0 { doubled } else { rest };
        step += 1;
    }
    v
}

/// Eight lanes as they lie in memory: limb by limb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct Block(pub [[u64; 8]; 5]);

impl Block {
    /// Eight zeros.
    pub const ZERO: Self = Self([[0; 8]; 5]);
}

/// Eight field elements in registers. See the module for what `Kp` bounds mean.
pub struct Lanes<M>([__m512i; 5], PhantomData<M>);

/// A value whose limbs may be negative or up to 2^53: good for one more addition or subtraction, not for products.
pub struct Loose<M>([__m512i; 5], PhantomData<M>);

// Derived, these would ask for `M: Copy`.
impl<M> Copy for Lanes<M> {}
impl<M> Clone for Lanes<M> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}
impl<M> Copy for Loose<M> {}
impl<M> Clone for Loose<M> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

/// One word in all lanes.
#[inline(always)]
fn splat(x: u64) -> __m512i {
    // SAFETY: called with a `Token` or a value that proves one.
    unsafe { _mm512_set1_epi64(x as i64) }
}

/// Carries from limb to limb; the last one keeps what is left.
#[inline(always)]
fn carry(mut t: [__m512i; 5]) -> [__m512i; 5] {
    // SAFETY: as in `splat`.
    unsafe {
        for j in 0..4 {
            t[j + 1] = _mm512_add_epi64(t[j + 1], _mm512_srai_epi64(t[j], 52));
            t[j] = _mm512_and_si512(t[j], splat(MASK));
        }
    }
    t
}

impl<M: Modulus> Lanes<M> {
    #[inline(always)]
    fn normal(t: [__m512i; 5]) -> Self {
        Self(carry(t), PhantomData)
    }

    /// The same five limbs in every lane.
    #[inline(always)]
    pub fn constant(_: Token, limbs: [u64; 5]) -> Self {
        Self(limbs.map(splat), PhantomData)
    }

    /// Zero in every lane.
    #[inline(always)]
    pub fn zero(token: Token) -> Self {
        Self::constant(token, [0; 5])
    }

    /// One in every lane.
    #[inline(always)]
    pub fn one(token: Token) -> Self {
        Self::constant(token, M::ONE)
    }

    /// An element in every lane; below p.
    #[inline(always)]
    pub fn splat(token: Token, x: &Element<M>) -> Self {
        Self::constant(token, montgomery(x))
    }

    #[inline(always)]
    pub fn load(_: Token, block: &Block) -> Self {
        let mut t = [splat(0); 5];
        for j in 0..5 {
            // SAFETY: the token; a block is aligned to 64 bytes and each of its rows is 64 bytes.
            t[j] = unsafe { _mm512_load_si512(block.0[j].as_ptr().cast()) };
        }
        Self(t, PhantomData)
    }

    #[inline(always)]
    pub fn store(self, block: &mut Block) {
        for j in 0..5 {
            // SAFETY: as in `load`; a value proves a token.
            unsafe { _mm512_store_si512(block.0[j].as_mut_ptr().cast(), self.0[j]) };
        }
    }

    /// Lane `index` of a block in all lanes.
    #[inline(always)]
    pub fn broadcast(_: Token, block: &Block, index: usize) -> Self {
        let mut t = [splat(0); 5];
        for j in 0..5 {
            t[j] = splat(block.0[j][index]);
        }
        Self(t, PhantomData)
    }

    /// From four words a lane, word by word.
    #[inline(always)]
    pub fn from_words(_: Token, w: [__m512i; 4]) -> Self {
        // SAFETY: the token.
        unsafe {
            let m = splat(MASK);
            let middle = |low, right, high, left| {
                let low = _mm512_srlv_epi64(low, splat(right));
                _mm512_and_si512(_mm512_or_si512(low, _mm512_sllv_epi64(high, splat(left))), m)
            };
            Self(
                [
                    _mm512_and_si512(w[0], m),
                    middle(w[0], 52, w[1], 12),
                    middle(w[1], 40, w[2], 24),
                    middle(w[2], 28, w[3], 36),
                    _mm512_srli_epi64(w[3], 16),
                ],
                PhantomData,
            )
        }
    }

    /// To four words a lane. The value is below 5p < 2^256.
    #[inline(always)]
    pub fn to_words(self) -> [__m512i; 4] {
        let t = self.0;
        // SAFETY: a value proves a token.
        unsafe {
            [
                _mm512_or_si512(t[0], _mm512_slli_epi64(t[1], 52)),
                _mm512_or_si512(_mm512_srli_epi64(t[1], 12), _mm512_slli_epi64(t[2], 40)),
                _mm512_or_si512(_mm512_srli_epi64(t[2], 24), _mm512_slli_epi64(t[3], 28)),
                _mm512_or_si512(_mm512_srli_epi64(t[3], 36), _mm512_slli_epi64(t[4], 16)),
            ]
        }
    }

    /// Eight of ark's elements; below 2p.
    #[inline(always)]
    pub fn from_elements(token: Token, x: &[Element<M>; 8]) -> Self {
        let p = x.as_ptr().cast::<__m512i>();
        // SAFETY: the token; eight elements are four times 64 bytes (asserted above), read unaligned.
        let raw = unsafe {
            let z = [
                _mm512_loadu_si512(p),
                _mm512_loadu_si512(p.add(1)),
                _mm512_loadu_si512(p.add(2)),
                _mm512_loadu_si512(p.add(3)),
            ];
            // Words 0 and 1 of elements 0..4, then of 4..8; words 2 and 3 likewise.
            let low = _mm512_setr_epi64(0, 4, 8, 12, 1, 5, 9, 13);
            let high = _mm512_setr_epi64(2, 6, 10, 14, 3, 7, 11, 15);
            let a = _mm512_permutex2var_epi64(z[0], low, z[1]);
            let b = _mm512_permutex2var_epi64(z[2], low, z[3]);
            let c = _mm512_permutex2var_epi64(z[0], high, z[1]);
            let d = _mm512_permutex2var_epi64(z[2], high, z[3]);
            [
                _mm512_shuffle_i64x2(a, b, 0x44),
                _mm512_shuffle_i64x2(a, b, 0xee),
                _mm512_shuffle_i64x2(c, d, 0x44),
                _mm512_shuffle_i64x2(c, d, 0xee),
            ]
        };
        Self::from_words(token, raw).mul(Self::constant(token, M::ENTER))
    }

    /// To eight of ark's elements, canonical. The value is below 84p.
    #[inline(always)]
    pub fn to_elements(self, out: &mut [Element<M>; 8]) {
        // Below 2p.
        let form = self.mul(Self(M::LEAVE.map(splat), PhantomData)).canonical();
        let w = form.to_words();
        let p = out.as_mut_ptr().cast::<__m512i>();
        // SAFETY: as in `from_elements`. What is written is canonical, as ark's elements are.
        unsafe {
            let a = _mm512_shuffle_i64x2(w[0], w[1], 0x44);
            let b = _mm512_shuffle_i64x2(w[0], w[1], 0xee);
            let c = _mm512_shuffle_i64x2(w[2], w[3], 0x44);
            let d = _mm512_shuffle_i64x2(w[2], w[3], 0xee);
            let even = _mm512_setr_epi64(0, 4, 8, 12, 1, 5, 9, 13);
            let odd = _mm512_setr_epi64(2, 6, 10, 14, 3, 7, 11, 15);
            _mm512_storeu_si512(p, _mm512_permutex2var_epi64(a, even, c));
            _mm512_storeu_si512(p.add(1), _mm512_permutex2var_epi64(a, odd, c));
            _mm512_storeu_si512(p.add(2), _mm512_permutex2var_epi64(b, even, d));
            _mm512_storeu_si512(p.add(3), _mm512_permutex2var_epi64(b, odd, d));
        }
    }

    /// Below p. The value is below 2p.
    #[inline(always)]
    pub fn canonical(self) -> Self {
        let mut less = self.0;
        // SAFETY: a value proves a token.
        unsafe {
            for j in 0..5 {
                less[j] = _mm512_sub_epi64(less[j], splat(M::P[j]));
            }
            let less = carry(less);
            // A negative difference shows in the top limb's sign.
            let keep = _mm512_movepi64_mask(less[4]);
            let mut t = [splat(0); 5];
            for j in 0..5 {
                t[j] = _mm512_mask_blend_epi64(keep, less[j], self.0[j]);
            }
            Self(t, PhantomData)
        }
    }

    /// αp + βp.
    #[inline(always)]
    pub fn add(self, other: Self) -> Self {
        let mut t = self.0;
        for j in 0..5 {
            // SAFETY: a value proves a token.
            t[j] = unsafe { _mm512_add_epi64(t[j], other.0[j]) };
        }
        Self::normal(t)
    }

    /// αp + βp, reduced.
    #[inline(always)]
    pub fn add_reduced(self, other: Self) -> Self {
        let mut t = self.0;
        for j in 0..5 {
            // SAFETY: a value proves a token.
            t[j] = unsafe { _mm512_add_epi64(t[j], other.0[j]) };
        }
        Self::reduce(t)
    }

    /// `self - other + Kp`, unnormalised.
    #[inline(always)]
    fn difference<const K: usize>(self, other: Self) -> [__m512i; 5] {
        let mut t = self.0;
        for j in 0..5 {
            // SAFETY: a value proves a token.
            t[j] = unsafe { _mm512_sub_epi64(_mm512_add_epi64(t[j], splat(M::MULTIPLES[K][j])), other.0[j]) };
        }
        t
    }

    /// `self - other + Kp`; `other` is below Kp.
    #[inline(always)]
    pub fn sub<const K: usize>(self, other: Self) -> Self {
        Self::normal(self.difference::<K>(other))
    }

    /// `self - other`, reduced; `other` is below (K-1)p, so that the difference is not below p.
    #[inline(always)]
    pub fn sub_reduced<const K: usize>(self, other: Self) -> Self {
        Self::reduce(self.difference::<K>(other))
    }

    /// `self - a - b`, reduced; a + b is below (K-1)p.
    #[inline(always)]
    pub fn sub_two_reduced<const K: usize>(self, a: Self, b: Loose<M>) -> Self {
        let mut t = self.difference::<K>(a);
        for j in 0..5 {
            // SAFETY: a value proves a token.
            t[j] = unsafe { _mm512_sub_epi64(t[j], b.0[j]) };
        }
        Self::reduce(t)
    }

    /// `self - other`, reduced; `other` is below (K-1)p.
    #[inline(always)]
    pub fn sub_loose_reduced<const K: usize>(self, other: Loose<M>) -> Self {
        Self::reduce(self.difference::<K>(Self(other.0, PhantomData)))
    }

    /// The value as it is.
    #[inline(always)]
    pub fn loose(self) -> Loose<M> {
        Loose(self.0, PhantomData)
    }

    /// Twice the value.
    #[inline(always)]
    pub fn doubled(self) -> Loose<M> {
        let mut t = self.0;
        for j in 0..5 {
            // SAFETY: a value proves a token.
            t[j] = unsafe { _mm512_slli_epi64(t[j], 1) };
        }
        Loose(t, PhantomData)
    }

    /// Kp - self where the mask says so; `self` is below Kp.
    #[inline(always)]
    pub fn negate_where<const K: usize>(self, mask: __mmask8) -> Loose<M> {
        let mut t = self.0;
        for j in 0..5 {
            // SAFETY: a value proves a token.
            t[j] = unsafe { _mm512_mask_sub_epi64(t[j], mask, splat(M::MULTIPLES[K][j]), t[j]) };
        }
        Loose(t, PhantomData)
    }

    /// From limbs whose absolute values are below 2^55 and whose value T is in `[0, 84p)`; and T >= p unless all limbs
    /// are positive. Below (1 + 2^-30)p.
    ///
    /// The quotient is read off the top limb before carries: with t the top limb, |t - T/2^208| <= 9, and
    /// `q = ⌊t·QUOTIENT/2^97⌋`. If all limbs are positive t <= T/2^208, so q <= T/p. Otherwise T >= p > 2^253 and t <= (1 +
    /// 9/2^45) T/2^208, which the factor (1 - 2^-40) makes up for: again q <= T/p, and t > 0. From below,
    /// q > T/p · (1 - 2^-39) - 2^-40 - 1, so T - qp < (1 + 84·2^-39 + 2^-40) p.
    /// T - qp is T + q(2^260 - p) without what stands above 2^260.
    #[inline(always)]
    fn reduce(mut t: [__m512i; 5]) -> Self {
        // SAFETY: callers have a value.
        unsafe {
            let zero = splat(0);
            let q = _mm512_srli_epi64(_mm512_madd52hi_epu64(zero, t[4], splat(M::QUOTIENT)), 45);
            // q < 128 and limbs below 2^52: products below 2^59, whose upper part goes one limb up.
            for j in 0..5 {
                t[j] = _mm512_madd52lo_epu64(t[j], q, splat(M::COMPLEMENT[j]));
                if j < 4 {
                    t[j + 1] = _mm512_madd52hi_epu64(t[j + 1], q, splat(M::COMPLEMENT[j]));
                }
            }
            let mut t = carry(t);
            t[4] = _mm512_and_si512(t[4], splat(MASK));
            Self(t, PhantomData)
        }
    }

    /// The product divided by R. αβ <= 84 gives less than (1 + αβ/84)p.
    #[inline(always)]
    pub fn mul(self, other: Self) -> Self {
        let (a, b) = (self.0, other.0);
        let zero = splat(0);
        let mut t = [zero; 6];
        // SAFETY: a value proves a token. Each limb collects at most 20 terms below 2^52 and a carry.
        unsafe {
            for i in 0..5 {
                for j in 0..5 {
                    t[j] = _mm512_madd52lo_epu64(t[j], a[i], b[j]);
                    t[j + 1] = _mm512_madd52hi_epu64(t[j + 1], a[i], b[j]);
                }
                t = reduction_step::<M>(t);
            }
        }
        Self::normal([t[0], t[1], t[2], t[3], t[4]])
    }

    /// `low + c·(high - low)`, reduced: low and high below 2p, c below p.
    #[inline(always)]
    pub fn fold(low: Self, high: Self, c: Self) -> Self {
        // (high - low + 2p) < 4p; its product with c is below 1.05p; the sum below 3.05p.
        high.sub::<2>(low).mul(c).add_reduced(low)
    }

    /// Lanes where all limbs are zero. The value is canonical.
    #[inline(always)]
    pub fn zero_mask(self) -> __mmask8 {
        let t = self.0;
        // SAFETY: a value proves a token.
        unsafe {
            let any = _mm512_or_si512(_mm512_or_si512(t[0], t[1]), _mm512_or_si512(t[2], t[3]));
            _mm512_testn_epi64_mask(_mm512_or_si512(any, t[4]), _mm512_or_si512(any, t[4]))
        }
    }

    /// Lanes N.. of `self`, then lanes ..N of `next`.
    #[inline(always)]
    pub fn shifted<const N: i32>(self, next: Self) -> Self {
        let mut t = self.0;
        for j in 0..5 {
            // SAFETY: a value proves a token.
            t[j] = unsafe { _mm512_alignr_epi64::<N>(next.0[j], t[j]) };
        }
        Self(t, PhantomData)
    }

    /// Lane i becomes lane `from[i]`, modulo 8.
    #[inline(always)]
    pub fn permuted(self, from: &[u64; 8]) -> Self {
        let mut t = self.0;
        for j in 0..5 {
            // SAFETY: a value proves a token; 64 bytes are read, unaligned.
            t[j] = unsafe { _mm512_permutexvar_epi64(_mm512_loadu_si512(from.as_ptr().cast()), t[j]) };
        }
        Self(t, PhantomData)
    }

    /// Lane i of row j becomes lane j of row i.
    #[inline(always)]
    pub fn transposed(rows: [Self; 8]) -> [Self; 8] {
        let mut out = rows;
        for j in 0..5 {
            let limbs = transpose(rows.map(|row| row.0[j]));
            for (out, limb) in out.iter_mut().zip(limbs) {
                out.0[j] = limb;
            }
        }
        out
    }

    /// `self` where the mask is 0, `other` where it is 1.
    #[inline(always)]
    pub fn blend(self, mask: __mmask8, other: Self) -> Self {
        let mut t = self.0;
        for j in 0..5 {
            // SAFETY: a value proves a token.
            t[j] = unsafe { _mm512_mask_blend_epi64(mask, t[j], other.0[j]) };
        }
        Self(t, PhantomData)
    }

    /// The sum of all lanes. The value is below 84p.
    #[inline(always)]
    pub fn sum(self) -> Element<M> {
        let mut out = [Element::<M>::ZERO; 8];
        self.to_elements(&mut out);
        out.iter().sum()
    }
}

/// Adds the multiple of p that makes the lowest limb divisible by 2^52, and drops that limb.
#[inline(always)]
fn reduction_step<M: Modulus>(mut t: [__m512i; 6]) -> [__m512i; 6] {
    let zero = splat(0);
    // SAFETY: callers have a value.
    unsafe {
        let m = _mm512_madd52lo_epu64(zero, t[0], splat(M::INVERSE));
        for j in 0..5 {
            t[j] = _mm512_madd52lo_epu64(t[j], m, splat(M::P[j]));
            t[j + 1] = _mm512_madd52hi_epu64(t[j + 1], m, splat(M::P[j]));
        }
        t[1] = _mm512_add_epi64(t[1], _mm512_srli_epi64(t[0], 52));
    }
    [t[1], t[2], t[3], t[4], t[5], zero]
}

impl<M: Modulus> Loose<M> {
    /// `self - other + Kp`; `other` is below Kp.
    #[inline(always)]
    pub fn sub<const K: usize>(self, other: Self) -> Lanes<M> {
        Lanes::<M>(self.0, PhantomData).sub::<K>(Lanes(other.0, PhantomData))
    }
}

/// Eight rows of eight words, transposed; called with registers, which prove a token.
#[inline(always)]
pub fn transpose(r: [__m512i; 8]) -> [__m512i; 8] {
    // SAFETY: as in `splat`.
    unsafe {
        let (a0, a1) = (_mm512_unpacklo_epi64(r[0], r[1]), _mm512_unpackhi_epi64(r[0], r[1]));
        let (a2, a3) = (_mm512_unpacklo_epi64(r[2], r[3]), _mm512_unpackhi_epi64(r[2], r[3]));
        let (a4, a5) = (_mm512_unpacklo_epi64(r[4], r[5]), _mm512_unpackhi_epi64(r[4], r[5]));
        let (a6, a7) = (_mm512_unpacklo_epi64(r[6], r[7]), _mm512_unpackhi_epi64(r[6], r[7]));
        let (b0, b1) = (_mm512_shuffle_i64x2(a0, a2, 0x88), _mm512_shuffle_i64x2(a0, a2, 0xdd));
        let (b2, b3) = (_mm512_shuffle_i64x2(a1, a3, 0x88), _mm512_shuffle_i64x2(a1, a3, 0xdd));
        let (b4, b5) = (_mm512_shuffle_i64x2(a4, a6, 0x88), _mm512_shuffle_i64x2(a4, a6, 0xdd));
        let (b6, b7) = (_mm512_shuffle_i64x2(a5, a7, 0x88), _mm512_shuffle_i64x2(a5, a7, 0xdd));
        [
            _mm512_shuffle_i64x2(b0, b4, 0x88),
            _mm512_shuffle_i64x2(b2, b6, 0x88),
            _mm512_shuffle_i64x2(b1, b5, 0x88),
            _mm512_shuffle_i64x2(b3, b7, 0x88),
            _mm512_shuffle_i64x2(b0, b4, 0xdd),
            _mm512_shuffle_i64x2(b2, b6, 0xdd),
            _mm512_shuffle_i64x2(b1, b5, 0xdd),
            _mm512_shuffle_i64x2(b3, b7, 0xdd),
        ]
    }
}

/// The five limbs of x·2^260 mod p.
#[inline]
pub fn montgomery<M: Modulus>(x: &Element<M>) -> [u64; 5] {
    let sixteen = Element::<M>::from(16u64);
    split((*x * sixteen).0.0)
}

#[cfg(test)]
mod tests;
