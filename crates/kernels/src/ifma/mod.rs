//! Eight lanes with AVX-512 IFMA.
//!
//! [`lanes`] is the arithmetic, with its bounds; [`vector`] the kernels on vectors, [`rounds`] the sums of
//! sumcheck rounds, [`fft`] transforms, [`points`] the batched affine additions of the multi-scalar multiplication.
//!
//! How it stays sound: a [`Token`] exists only where the machine has the features. Entry points are functions with
//! `#[target_feature]`, reached through the token; everything below is inlined into them (`inline(always)` is not to
//! be had together with `target_feature`, so the small methods carry no feature attribute and say `unsafe` for each
//! intrinsic; a value of [`lanes::Lanes`] proves that there was a token).

mod fft;
pub mod lanes;
pub mod points;
mod rounds;
pub mod vector;

/// Proof that this machine has AVX-512 F, DQ, VL and IFMA.
#[derive(Debug, Clone, Copy)]
pub struct Token(());

impl Token {
    /// The proof, where there is one.
    pub fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512ifma"))
        .then_some(Self(()))
    }
}
