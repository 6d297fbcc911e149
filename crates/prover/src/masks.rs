//! The random polynomials that hide sumchecks ([5.3], [6.2]): `a_0 + Σ_i p_i(x_i)`, no `p_i` with a constant.

use ark_ff::{AdditiveGroup, Field};
use averment_verifier::field::Fr;
use zeroize::Zeroize;

/// Uniform coefficients of the batch evaluation's mask M' behind those that its rounds use ([6.2]).
pub const BATCH_SPARE: usize = 8;

/// Rows of the opening's polynomial in which R is uniform ([7.1]).
const BLIND_ROWS: usize = 16;

/// How many of R's coefficients are uniform, from the lowest on, beside the one at X^K ([7.1]): all of them where chunks are small.
pub fn blind_length(chunk_bits: u8) -> usize {
    1 << chunk_bits.min(BLIND_ROWS.trailing_zeros() as u8 + chunk_bits.div_ceil(2))
}

/// A mask on its way through a sumcheck. Rounds are in the order in which they are sent.
pub struct Mask {
    constant: Fr,
    /// Each round's coefficients, from the linear one on.
    rounds: Vec<Vec<Fr>>,
    /// What the rounds so far contribute.
    bound: Fr,
}

impl Drop for Mask {
    fn drop(&mut self) {
        self.constant.zeroize();
        self.rounds.iter_mut().for_each(Zeroize::zeroize);
        self.bound.zeroize();
    }
}

impl Mask {
    /// From its coefficients: the constant, then round by round.
    pub fn new(coefficients: &[Fr], degrees: &[usize]) -> Self {
        let (constant, mut rest) = coefficients.split_first().expect("a mask has a constant");
        let rounds = degrees
            .iter()
            .map(|degree| {
                let (own, later) = rest.split_at(*degree);
                rest = later;
                own.to_vec()
            })
            .collect();
        Self { constant: *constant, rounds, bound: Fr::ZERO }
    }

    /// The sum over the whole cube.
    pub fn sum(&self) -> Fr {
        self.rest(0, Fr::ZERO)
    }

    /// The sum over all variables from round `from` on, with `own` added for the round before.
    fn rest(&self, from: usize, own: Fr) -> Fr {
        let left = (self.rounds.len() - from) as u64;
        let two = Fr::from(2_u64);
        let ends: Fr = self.rounds[from..].iter().flatten().sum();
        let half = if left == 0 { Fr::ZERO } else { two.pow([left - 1]) };
        two.pow([left]) * (self.constant + self.bound + own) + half * ends
    }

    /// The values at `0..=degree` of the round's polynomial.
    pub fn values(&self, round: usize, degree: usize) -> Vec<Fr> {
        (0..=degree).map(|x| self.rest(round + 1, self.part(round, Fr::from(x as u64)))).collect()
    }

    /// Binds the round's variable.
    pub fn bind(&mut self, round: usize, x: Fr) {
        self.bound += self.part(round, x);
    }

    fn part(&self, round: usize, x: Fr) -> Fr {
        self.rounds[round].iter().rev().fold(Fr::ZERO, |value, coefficient| (value + coefficient) * x)
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::rounds;
    use averment_verifier::sumcheck;

    #[test]
    fn a_mask_goes_through_its_sumcheck() {
        let coefficients: Vec<Fr> = (1..=7_u64).map(|i| Fr::from(i * i + 3)).collect();
        let degrees = [2, 3, 1];
        let mut mask = Mask::new(&coefficients, &degrees);
        let mut claim = mask.sum();
        for (round, degree) in degrees.into_iter().enumerate() {
            let values = mask.values(round, degree);
            assert_eq!(values[0] + values[1], claim);
            let x = Fr::from(11 + round as u64);
            claim = sumcheck::evaluate(claim, &rounds::sent(&values), x);
            mask.bind(round, x);
        }
        let at = |c: &[u64], x: u64| -> Fr {
            c.iter().zip(1..).map(|(c, power)| Fr::from(c * c + 3) * Fr::from(x).pow([power])).sum()
        };
        assert_eq!(claim, Fr::from(4_u64) + at(&[2, 3], 11) + at(&[4, 5, 6], 12) + at(&[7], 13));
    }

    /// The sum and all rounds as they are sent are as many linear forms in the coefficients as there are coefficients,
    /// and independent: whatever is masked by them is uniform. Without any one coefficient they are not.
    #[test]
    fn what_a_mask_reveals_has_full_rank_and_needs_every_coefficient() {
        for degrees in [vec![2, 3, 1], vec![6, 6, 3, 2, 6], vec![2; 9]] {
            let count = 1 + degrees.iter().sum::<usize>();
            let challenge = |round: usize| Fr::from(1009 * round as u64 + 17);
            let columns: Vec<Vec<Fr>> = (0..count)
                .map(|unit| {
                    let mut coefficients = vec![Fr::ZERO; count];
                    coefficients[unit] = Fr::ONE;
                    let mut mask = Mask::new(&coefficients, &degrees);
                    let mut sent = vec![mask.sum()];
                    for (round, degree) in degrees.iter().enumerate() {
                        sent.extend(rounds::sent(&mask.values(round, *degree)));
                        mask.bind(round, challenge(round));
                    }
                    sent
                })
                .collect();
            assert!(columns.iter().all(|column| column.len() == count), "as many forms as coefficients");
            assert_eq!(rank(columns.clone()), count);
            for dropped in 0..count {
                let mut fewer = columns.clone();
                fewer.remove(dropped);
                assert!(rank(fewer) < count, "coefficient {dropped} is idle");
            }
        }
    }

    /// The rank of a matrix.
    pub fn rank(mut rows: Vec<Vec<Fr>>) -> usize {
        let mut rank = 0;
        for column in 0..rows[0].len() {
            let Some(pivot) = (rank..rows.len()).find(|row| rows[*row][column] != Fr::ZERO) else { continue };
            rows.swap(rank, pivot);
            let own = rows[rank].clone();
            let inverse = own[column].inverse().unwrap();
            for row in &mut rows[rank + 1..] {
                let factor = row[column] * inverse;
                row.iter_mut().zip(&own).for_each(|(value, own)| *value -= factor * own);
            }
            rank += 1;
        }
        rank
    }
}
