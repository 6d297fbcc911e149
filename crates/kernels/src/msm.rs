//! Multi-scalar multiplication over prepared bases: Pippenger's buckets, every addition affine and batched.
//!
//! 1. Scalars become signed digits of c bits, window by window ([`digits`]). A point goes into the bucket of its digit's
//!    absolute value, with the digit's sign.
//! 2. Buckets are summed up as balanced trees, all of them together, so that each level of all trees is one batch of
//!    additions that share inversions ([`groups`]).
//! 3. `Σ_b b·B_b` of each window: with `C_0 = B`, `C_{l+1}[i] = C_l[2i] + C_l[2i+1]`, the sum is `Σ_l 2^l Σ_{i odd} C_l[i]`.
//!    That is two additions a bucket, batched over all windows, and leaves one point for each bit.
//! 4. Those points are added up by doubling: as many doublings as the scalars have bits.
//!
//! An affine addition shares its inversion with thousands of others, so one zero difference (equal or opposite points)
//! would spoil all of them: the adders notice, and take such a batch one by one ([`adder`]).

pub(crate) mod adder;
mod digits;
mod groups;
mod multiples;

pub use multiples::multiples;

use crate::{Backend, ifma, reference};
use adder::{Adder, Point, PortableAdder};
use ark_bn254::{Fr, G1Affine, G1Projective};
use ark_ec::{AdditiveGroup, AffineRepr};
use digits::{BucketCost, Digits};
use groups::Groups;
use std::{
    num::NonZeroUsize,
    ops::Range,
    sync::{Mutex, PoisonError},
    thread,
};

/// Points to be multiplied, prepared once.
#[derive(Debug, Clone)]
pub struct Bases {
    backend: Backend,
    points: Points,
    threads: NonZeroUsize,
}

#[derive(Debug, Clone)]
enum Points {
    Reference(Vec<G1Affine>),
    /// In the adder's representation; and where the identity is, which no bucket takes.
    Prepared(Vec<Point>, Vec<usize>),
}

impl Bases {
    /// Prepares points, which are on the curve; the identity may be among them, and so may equal and opposite points.
    ///
    /// # Panics
    /// If this machine cannot run `backend`.
    #[must_use]
    pub fn new(backend: Backend, points: &[G1Affine]) -> Self {
        assert!(backend.is_available(), "this machine cannot run {backend:?}");
        if backend == Backend::Reference {
            return Self { backend, points: Points::Reference(points.to_vec()), threads: NonZeroUsize::MIN };
        }
        let identities = (0..points.len()).filter(|i| points[*i].is_zero()).collect();
        let mut prepared = vec![Point::IDENTITY; points.len()];
        adder(backend).encode(points, &mut prepared);
        Self { backend, points: Points::Prepared(prepared, identities), threads: NonZeroUsize::MIN }
    }

    /// Long sums are spread over so many threads.
    #[must_use]
    pub fn with_threads(mut self, threads: NonZeroUsize) -> Self {
        self.threads = threads;
        self
    }

    /// Which implementation it computes with.
    #[must_use]
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// How many points there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.points {
            Points::Reference(points) => points.len(),
            Points::Prepared(points, _) => points.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// `Σ scalars[i]·P[offset + i]`.
    ///
    /// # Panics
    /// If there are fewer points.
    pub fn msm_at(&self, offset: usize, scalars: &[Fr]) -> G1Projective {
        match &self.points {
            Points::Reference(points) => reference::msm(&points[offset..offset + scalars.len()], scalars),
            Points::Prepared(..) => {
                self.sum(offset, Digits::of_elements(scalars, self.bucket_cost()), scalars.len())
            }
        }
    }

    /// `Σ scalars[i]·P[i]`; there may be more points than scalars.
    pub fn msm(&self, scalars: &[Fr]) -> G1Projective {
        self.msm_at(0, scalars)
    }

    /// `Σ scalars[i]·P[offset + i]` for integers; fast when they are small, whatever their sign, and many are zero.
    ///
    /// # Panics
    /// If there are fewer points.
    pub fn msm_i32_at(&self, offset: usize, scalars: &[i32]) -> G1Projective {
        self.integers(offset, scalars.iter().map(|x| i64::from(*x)))
    }

    /// `Σ scalars[i]·P[i]` for integers.
    pub fn msm_i32(&self, scalars: &[i32]) -> G1Projective {
        self.msm_i32_at(0, scalars)
    }

    /// `Σ scalars[i]·P[i]` for longer integers.
    pub fn msm_i64(&self, scalars: &[i64]) -> G1Projective {
        self.integers(0, scalars.iter().copied())
    }

    fn integers(&self, offset: usize, scalars: impl ExactSizeIterator<Item = i64> + Clone) -> G1Projective {
        let len = scalars.len();
        match &self.points {
            Points::Reference(points) => reference::msm_integers(&points[offset..offset + len], scalars),
            Points::Prepared(..) => self.sum(offset, Digits::of_integers(scalars, self.bucket_cost()), len),
        }
    }

    /// Measured: a bucket's points are one addition fewer than they are many, its tree takes two, and where additions
    /// are fast the care for buckets shows beside them.
    fn bucket_cost(&self) -> BucketCost {
        BucketCost(if self.backend == Backend::Ifma { 6 } else { 3 })
    }

    fn sum(&self, offset: usize, mut digits: Digits, len: usize) -> G1Projective {
        let Points::Prepared(points, identities) = &self.points else { return G1Projective::ZERO };
        let points = &points[offset..offset + len];
        for i in identities.iter().filter(|i| (offset..offset + len).contains(i)) {
            digits.clear(i - offset);
        }
        if digits.windows() == 0 {
            return G1Projective::ZERO;
        }
        let windows = digits.windows();
        let threads = if len < LONG { 1 } else { self.threads.get().min(windows) };
        let own = windows.div_ceil(threads);
        let part = |windows: Range<usize>| {
            with_groups(self.backend, |groups| buckets_summed(groups, points, &digits, windows))
        };
        thread::scope(|scope| {
            let parts: Vec<_> = (own..windows)
                .step_by(own)
                .map(|first| scope.spawn(move || part(first..(first + own).min(windows))))
                .collect();
            let lowest = part(0..own);
            let mut sum = G1Projective::ZERO;
            for higher in parts.into_iter().rev() {
                sum += higher.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                (0..own * digits.width()).for_each(|_| {
                    sum.double_in_place();
                });
            }
            sum + lowest
        })
    }
}

/// Sums of fewer points stay on one thread.
const LONG: usize = 1 << 12;

/// Buffers of sums that are done: fresh pages cost more than small sums do.
static KEPT: Mutex<Vec<(Backend, Groups)>> = Mutex::new(Vec::new());

/// Calls `sum` with buffers that are kept afterwards.
fn with_groups<T>(backend: Backend, sum: impl FnOnce(&mut Groups) -> T) -> T {
    let kept = || KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let found = {
        let mut kept = kept();
        let place = kept.iter().position(|(own, _)| *own == backend);
        place.map(|place| kept.swap_remove(place).1)
    };
    let mut groups = found.unwrap_or_else(|| Groups::new(adder(backend)));
    let result = sum(&mut groups);
    kept().push((backend, groups));
    result
}

fn adder(backend: Backend) -> Box<dyn Adder> {
    match (backend, ifma::Token::detect()) {
        (Backend::Ifma, Some(token)) => Box::new(ifma::points::LaneAdder::new(token)),
        _ => Box::new(PortableAdder::default()),
    }
}

/// Windows whose buckets are filled together have about this many points in them: enough to share inversions, and
/// few enough to stay in the cache.
const ENTRIES_AT_ONCE: usize = 1 << 16;

/// The sum that some windows make, as if the first of them were the lowest.
fn buckets_summed(
    groups: &mut Groups,
    points: &[Point],
    digits: &Digits,
    part: Range<usize>,
) -> G1Projective {
    let (width, windows) = (digits.width(), part.len());
    // C_0 of all windows, then C_1, …, each half as long; the bucket of the largest digit has a level of its own.
    let top = 1 << (width - 1);
    let start = |level: usize| windows * (2 * top - ((2 * top) >> level));
    let mut levels = vec![Point::IDENTITY; start(width)];
    let mut largest = Vec::with_capacity(windows);
    let at_once = (ENTRIES_AT_ONCE / points.len().max(1)).clamp(1, windows);
    for first in (0..windows).step_by(at_once) {
        let some = first..(first + at_once).min(windows);
        let there = part.start + some.start..part.start + some.end;
        let sums = groups.sum(points, &digits.buckets(there));
        for (window, sums) in some.zip(sums.chunks(top + 1)) {
            levels[window * top..(window + 1) * top].copy_from_slice(&sums[..top]);
            largest.push(sums[top]);
        }
    }
    for level in 1..width {
        let (lower, upper) = levels.split_at_mut(start(level));
        let upper = &mut upper[..start(level + 1) - start(level)];
        groups.halve(&lower[start(level - 1)..], upper, (2 * top) >> level);
    }
    // One point for each bit: Σ_{i odd} C_l[i] of window w counts 2^(w·width + l).
    let mut odd = groups::Buckets::default();
    for level in 0..width - 1 {
        let size = top >> level;
        for window in 0..windows {
            let from = start(level) + window * size;
            odd.push((from + 1..from + size).step_by(2).filter(|i| !levels[*i].is_identity()));
        }
    }
    let bits = groups.sum(&levels, &odd);
    let mut sum = G1Projective::ZERO;
    for window in (0..windows).rev() {
        for level in (0..width).rev() {
            sum.double_in_place();
            let point = if level == width - 1 { &largest[window] } else { &bits[level * windows + window] };
            if !point.is_identity() {
                sum += groups.decode(point);
            }
        }
    }
    sum
}
