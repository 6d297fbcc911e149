//! Arithmetic on many BN254 values at once, for the prover: multi-scalar multiplication over prepared bases, vectors of
//! field elements, the rounds of the sumchecks, small Fourier transforms. And windows over reals, for the compiler's float
//! runs ([`Windows`]); inner products and weighted sums of rows of integers ([`gram`], [`weighted_sum`]).
//!
//! Every kernel exists as a definition ([`Backend::Reference`]) and as code that is fast; all give the same values on every
//! input, and the tests run them side by side. Which one runs is an argument ([`Backend::best`] for the fastest), carried
//! by the data that it prepared. Kernels run on the thread that calls them, but for long sums of points
//! ([`Bases::with_threads`]).
//!
//! This is the only crate of the house that may say `unsafe`: for SIMD intrinsics, each behind detection at run time. It
//! serves prover and compiler only; the verifier does not depend on it. Sizes and indices that do not fit are mistakes of the
//! caller and panic.
//!
//! ```
//! use ark_bn254::{Fr, G1Affine};
//! use ark_ec::AffineRepr;
//! use averment_kernels::{Backend, Bases, FieldVec, Product};
//!
//! let backend = Backend::best();
//! let bases = Bases::new(backend, &[G1Affine::generator(); 4]);
//! assert_eq!(bases.msm_i32(&[1, -2, 3, -2]), bases.msm(&[Fr::from(0); 4]));
//!
//! // Σ_x A(x) B(x) over two variables.
//! let a = FieldVec::from_i32(backend, &[1, 2, 3, 4]);
//! let b = FieldVec::from_i32(backend, &[5, 6, 7, -8]);
//! let mut member = Product::new(a, b, &[]);
//! let claim = Fr::from(5 + 12 + 21 - 32);
//! let first = member.round();
//! assert_eq!(first[0] + first[0] + first[1] + first[2], claim);
//! ```

// On other processors lanes are types without values, and what would follow their construction is never reached.
#![cfg_attr(not(target_arch = "x86_64"), allow(unreachable_code, unused_mut, unused_variables))]

mod backend;
#[cfg(target_arch = "x86_64")]
mod ifma;
#[cfg(not(target_arch = "x86_64"))]
#[path = "ifma_absent.rs"]
mod ifma;
mod interpolation;
mod inversion;
mod msm;
mod reference;
mod residue;
mod rows;
mod scalar;
mod sumcheck;
mod vector;
mod wide;
mod windows;

pub use backend::Backend;
pub use msm::{Bases, multiples};
pub use rows::{Lanes, gram, weighted_sum};
pub use sumcheck::{Lookup, Product, bracket};
pub use vector::FieldVec;
pub use windows::Windows;
