//! Random numbers that follow from a seed, on every machine the same.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{RngCore, SeedableRng},
};

/// The numbers of a 32-byte seed; those of different `stream`s have nothing in common.
pub fn stream(seed: [u8; 32], stream: u64) -> ChaCha8Rng {
    let mut random = ChaCha8Rng::from_seed(seed);
    random.set_stream(stream);
    random
}

/// A seed for each of many tasks that follow from one.
pub fn seed_of(seed: u64, purpose: u64) -> [u8; 32] {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(purpose);
    let mut bytes = [0; 32];
    random.fill_bytes(&mut bytes);
    bytes
}

/// Uniform in `0 <= x < 1`, 53 bits.
pub fn uniform(random: &mut impl RngCore) -> f64 {
    (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

/// Uniform below `bound`, which is at least 1; biased by less than `bound / 2^64`.
pub fn below(random: &mut impl RngCore, bound: usize) -> usize {
    ((u128::from(random.next_u64()) * bound.max(1) as u128) >> 64) as usize
}

/// Standard normal, by Box and Muller.
pub fn normal(random: &mut impl RngCore) -> f64 {
    let radius = (-2.0 * (1.0 - uniform(random)).ln()).sqrt();
    radius * (std::f64::consts::TAU * uniform(random)).cos()
}

/// Gamma with this shape and scale 1, by Marsaglia and Tsang (2000); below 1 by their boost.
pub fn gamma(random: &mut impl RngCore, shape: f64) -> f64 {
    if shape < 1.0 {
        let boost = (1.0 - uniform(random)).powf(1.0 / shape);
        return gamma(random, shape + 1.0) * boost;
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = normal(random);
        let v = (1.0 + c * x).powi(3);
        if v > 0.0 && (1.0 - uniform(random)).ln() < 0.5 * x * x + d - d * v + d * v.ln() {
            return d * v;
        }
    }
}

/// Shuffles, by Fisher and Yates.
pub fn shuffle<T>(random: &mut impl RngCore, items: &mut [T]) {
    for last in (1..items.len()).rev() {
        items.swap(last, below(random, last + 1));
    }
}
