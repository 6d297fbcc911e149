//! Randomness for blinds and masks: ChaCha20, keyed by the operating system's generator once a proof.

use ark_ff::{BigInt, PrimeField};
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

/// A stream of uniform field elements that nobody else can have: 254 bits at a time, until they are below the order, as three
/// of four are. They are taken for the representative: that is as uniform, and spares a multiplication.
pub fn secret() -> Result<impl FnMut() -> Fr, NoRandomness> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(seed.as_mut()).map_err(NoRandomness)?;
    let mut stream = ChaCha20Rng::from_seed(*seed);
    Ok(move || {
        loop {
            let mut words = [0; 4].map(|_: u64| stream.next_u64());
            words[3] >>= 2;
            let value = BigInt(words);
            if value < Fr::MODULUS {
                return Fr::new_unchecked(value);
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::BigInteger;

    #[test]
    fn elements_are_spread_over_the_field() {
        let mut random = secret().unwrap();
        let values: Vec<BigInt<4>> = (0..1024).map(|_| random().into_bigint()).collect();
        // Each bit but the highest, which is set below 1/3 of the time, falls both ways about as often.
        for bit in 0..252 {
            let set = values.iter().filter(|value| value.get_bit(bit)).count();
            assert!((350..674).contains(&set), "bit {bit} is set {set} times of 1024");
        }
        let mut distinct = values;
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), 1024);
    }
}
