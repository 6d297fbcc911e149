//! Sums of products, reduced once: half the work of a multiplication a term, or a tenth if one factor is a small integer.

use super::{Lanes, Modulus, Token, carry, reduction_step, splat};
use std::{arch::x86_64::*, marker::PhantomData};

/// The unreduced sum of up to [`Wide::CAPACITY`] products: ten limbs.
pub struct Wide<M>([__m512i; 10], PhantomData<M>);

/// The sum of products of elements and unsigned integers below 2^32: six limbs.
pub struct WideSmall<M>([__m512i; 6], PhantomData<M>);

// Derived, these would ask for `M: Copy`.
impl<M> Copy for Wide<M> {}
impl<M> Clone for Wide<M> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}
impl<M> Copy for WideSmall<M> {}
impl<M> Clone for WideSmall<M> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<M: Modulus> Wide<M> {
    /// How many products may be added up, bounded by αβ <= 32 for each: a limb collects at most 10 terms below 2^52 from each
    /// (128·10·2^52 < 2^63), and the reduced sum is below (1 + 128·32/84)p < 50p.
    pub const CAPACITY: usize = 128;

    /// No product.
    #[inline(always)]
    pub fn zero(_: Token) -> Self {
        Self([splat(0); 10], PhantomData)
    }

    /// Adds `a·b`; αβ <= 32.
    #[inline(always)]
    pub fn add(&mut self, a: Lanes<M>, b: Lanes<M>) {
        let t = &mut self.0;
        for i in 0..5 {
            for j in 0..5 {
                // SAFETY: a value proves a token.
                unsafe {
                    t[i + j] = _mm512_madd52lo_epu64(t[i + j], a.0[i], b.0[j]);
                    t[i + j + 1] = _mm512_madd52hi_epu64(t[i + j + 1], a.0[i], b.0[j]);
                }
            }
        }
    }

    /// The sum divided by R; reduced.
    #[inline(always)]
    pub fn reduce(self) -> Lanes<M> {
        let w = self.0;
        let mut t = [w[0], w[1], w[2], w[3], w[4], w[5]];
        for i in 0..5 {
            t = reduction_step::<M>(t);
            if i < 4 {
                // SAFETY: a value proves a token.
                t[5] = unsafe { _mm512_add_epi64(t[5], w[6 + i]) };
            }
        }
        // All limbs are positive, but above 2^55: carry first.
        let t = carry([t[0], t[1], t[2], t[3], t[4]]);
        Lanes::reduce(t)
    }
}

impl<M: Modulus> WideSmall<M> {
    /// How many products may be added up: a limb collects two terms below 2^52 from each (2·1024·2^52 = 2^63), and the reduced
    /// sum is below (1 + 1024·2·2^32/2^52)p.
    pub const CAPACITY: usize = 1024;

    /// No product.
    #[inline(always)]
    pub fn zero(_: Token) -> Self {
        Self([splat(0); 6], PhantomData)
    }

    /// Starts from `value·2^52 / 2^52`: what [`Self::reduce`] gives is `value/2^52` plus the products' part.
    #[inline(always)]
    pub fn from_lanes(value: Lanes<M>) -> Self {
        let t = value.0;
        Self([t[0], t[1], t[2], t[3], t[4], splat(0)], PhantomData)
    }

    /// Adds `a·x`, a below 2p.
    #[inline(always)]
    pub fn add(&mut self, a: Lanes<M>, x: __m512i) {
        for j in 0..5 {
            // SAFETY: a value proves a token.
            unsafe {
                self.0[j] = _mm512_madd52lo_epu64(self.0[j], a.0[j], x);
                self.0[j + 1] = _mm512_madd52hi_epu64(self.0[j + 1], a.0[j], x);
            }
        }
    }

    /// The sum divided by 2^52; below (1 + 2^-8)p.
    #[inline(always)]
    pub fn reduce(self) -> Lanes<M> {
        let t = reduction_step::<M>(self.0);
        Lanes::normal([t[0], t[1], t[2], t[3], t[4]])
    }
}

/// Eight integers, offset by 2^31 to be unsigned.
#[inline(always)]
pub fn offset_integers(_: Token, x: &[i32; 8]) -> __m512i {
    // SAFETY: the token; 32 bytes are read, unaligned.
    unsafe {
        let x = _mm256_loadu_si256(x.as_ptr().cast());
        _mm512_cvtepu32_epi64(_mm256_xor_si256(x, _mm256_set1_epi32(i32::MIN)))
    }
}

/// `high - low + 2^32` of integers below 2^32.
#[inline(always)]
pub fn offset_slope(_: Token, low: __m512i, high: __m512i) -> __m512i {
    // SAFETY: the token.
    unsafe { _mm512_sub_epi64(_mm512_add_epi64(high, splat(1 << 32)), low) }
}
