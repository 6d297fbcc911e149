//! Fiat and Shamir with keccak-256 ([1.4]): everything absorbed since the last draw is hashed with the state at the
//! next draw.

use crate::{
    field::{self, Fr},
    point::{self, G1Affine},
};
use alloy_primitives::{B256, keccak256};

/// The random oracle of the protocol: takes in what is said and gives challenges. [`Transcript`] is the only one that
/// proofs are worth anything under; one whose answers are known beforehand makes proofs without a witness ([12.1]), and
/// one that hears something else than was said makes the false proofs that verifiers are tested with.
pub trait Oracle {
    /// Takes a word in.
    fn word(&mut self, word: &B256);

    /// Draws a challenge.
    fn draw(&mut self) -> Fr;

    /// Takes a number in, as a word.
    fn number(&mut self, number: u64) {
        let mut word = [0; 32];
        for (target, byte) in word.iter_mut().rev().zip(number.to_le_bytes()) {
            *target = byte;
        }
        self.word(&B256::from(word));
    }

    /// Takes a field element in.
    fn scalar(&mut self, value: &Fr) {
        self.word(&field::to_word(value));
    }

    /// Takes field elements in.
    fn scalars<'a>(&mut self, values: impl IntoIterator<Item = &'a Fr>)
    where
        Self: Sized,
    {
        values.into_iter().for_each(|value| self.scalar(value));
    }

    /// Takes points in.
    fn points<'a>(&mut self, points: impl IntoIterator<Item = &'a G1Affine>)
    where
        Self: Sized,
    {
        for point in points {
            point::to_words(point).iter().for_each(|word| self.word(word));
        }
    }

    /// Draws `count` challenges.
    fn draws(&mut self, count: usize) -> Vec<Fr> {
        (0..count).map(|_| self.draw()).collect()
    }
}

/// What has been said so far.
#[derive(Debug, Clone)]
pub struct Transcript {
    state: B256,
    pending: Vec<u8>,
}

impl Transcript {
    /// Begins with the hash of the suite's name.
    pub fn new(suite: &str) -> Self {
        Self { state: keccak256(suite.as_bytes()), pending: Vec::new() }
    }
}

impl Oracle for Transcript {
    fn word(&mut self, word: &B256) {
        self.pending.extend_from_slice(word.as_slice());
    }

    fn draw(&mut self) -> Fr {
        let mut input = self.state.to_vec();
        input.append(&mut self.pending);
        self.state = keccak256(input);
        field::reduced(&self.state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_depends_on_everything_before_it() {
        let mut first = Transcript::new("suite");
        let mut second = first.clone();
        first.number(1);
        second.number(2);
        let (a, b) = (first.draw(), second.draw());
        assert_ne!(a, b);
        assert_ne!(first.draw(), a, "drawing again gives another challenge");
        first.number(3);
        second.number(3);
        assert_ne!(first.draw(), second.draw(), "what was different stays different");
        assert_ne!(Transcript::new("other").draw(), Transcript::new("suite").draw());
    }

    #[test]
    fn the_state_is_pinned() {
        let mut transcript = Transcript::new("averment-proof/1");
        transcript.number(7);
        transcript.points([&G1Affine::default()]);
        let expected = {
            let start = keccak256("averment-proof/1");
            let mut input = start.to_vec();
            input.extend([0; 31]);
            input.push(7);
            input.extend([0; 64]);
            field::reduced(&keccak256(input))
        };
        assert_eq!(transcript.draw(), expected);
    }
}
