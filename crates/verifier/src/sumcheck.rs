//! One side of a sumcheck: rounds come in, coordinates and the final claim go out ([5.2], [6.1]).

use crate::{field::Fr, transcript::Oracle};
use ark_ff::AdditiveGroup;

/// A round polynomial without its linear coefficient, which the claim gives: `c_0, c_2, …, c_d`.
pub type Round = Vec<Fr>;

/// Takes in the rounds. Returns the challenges in the order drawn and the claim that is left. The number and the degree
/// of rounds were checked when the proof was read.
pub fn reduce(claim: Fr, rounds: &[Round], transcript: &mut impl Oracle) -> (Vec<Fr>, Fr) {
    let mut challenges = Vec::with_capacity(rounds.len());
    let mut claim = claim;
    for round in rounds {
        transcript.scalars(round);
        let x = transcript.draw();
        claim = evaluate(claim, round, x);
        challenges.push(x);
    }
    (challenges, claim)
}

/// The round polynomial at `x`, its linear coefficient being what makes its values at 0 and 1 add up to `claim`.
pub fn evaluate(claim: Fr, round: &[Fr], x: Fr) -> Fr {
    let constant = round.first().copied().unwrap_or(Fr::ZERO);
    let upper: Fr = round.iter().skip(1).sum();
    let linear = claim - constant - constant - upper;
    let above = round.iter().skip(1).rev().fold(Fr::ZERO, |value, coefficient| value * x + coefficient);
    (above * x + linear) * x + constant
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_is_a_polynomial_whose_ends_add_up() {
        let full: Vec<Fr> = [5_u64, 7, 11, 13].map(Fr::from).to_vec();
        let at = |x: u64| full.iter().rev().fold(Fr::ZERO, |value, c| value * Fr::from(x) + c);
        let claim = at(0) + at(1);
        let round = [full[0], full[2], full[3]];
        for x in 0..9 {
            assert_eq!(evaluate(claim, &round, Fr::from(x)), at(x));
        }
        let constant = [Fr::from(5_u64)];
        assert_eq!(
            evaluate(Fr::from(10_u64), &constant, Fr::from(3_u64)),
            Fr::from(5_u64),
            "degree 0: claim halves"
        );
    }
}
