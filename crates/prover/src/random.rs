//! Randomness for blinds and masks: ChaCha20, keyed by the operating system's generator once a proof.

use ark_ff::PrimeField;
use averment_verifier::field::Fr;
use rand_chacha::{
    ChaCha20Rng,
    rand_core::{RngCore, SeedableRng},
};
use thiserror::Error;
use zeroize::Zeroizing;

/// The operating system gives no randomness.
#[derive(Debug, Error)]
#[error("the operating system gives no randomness: {0}")]
pub struct NoRandomness(getrandom::Error);

/// A stream of uniform field elements that nobody else can have. Each is 384 bits modulo the order: the distance
/// from uniform is below 2^-128.
pub fn secret() -> Result<impl FnMut() -> Fr, NoRandomness> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(seed.as_mut()).map_err(NoRandomness)?;
    let mut stream = ChaCha20Rng::from_seed(*seed);
    Ok(move || {
        let mut bytes = [0; 48];
        stream.fill_bytes(&mut bytes);
        Fr::from_le_bytes_mod_order(&bytes)
    })
}
