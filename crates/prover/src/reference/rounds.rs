//! The prover's side of a sumcheck: sums of products of multilinear vectors, bound variable by variable, the highest
//! first.

use ark_ff::{AdditiveGroup, Field};
use averment_verifier::field::Fr;

/// A sum over a cube: `weight · Σ_x combine(factors(x))`.
pub struct Member {
    /// What the sum is multiplied by.
    pub weight: Fr,
    /// Vectors of `2^vars` values each.
    pub factors: Vec<Vec<Fr>>,
    /// What is summed.
    pub combine: fn(&[Fr]) -> Fr,
}

impl Member {
    /// Variables that are not bound yet.
    pub fn vars(&self) -> usize {
        self.factors.first().map_or(0, |factor| factor.len().trailing_zeros() as usize)
    }

    /// The sum as it stands.
    pub fn sum(&self) -> Fr {
        let count = 1_usize << self.vars();
        let mut values = vec![Fr::ZERO; self.factors.len()];
        let total: Fr = (0..count)
            .map(|place| {
                values.iter_mut().zip(&self.factors).for_each(|(value, factor)| *value = factor[place]);
                (self.combine)(&values)
            })
            .sum();
        self.weight * total
    }

    /// The round polynomial of the highest variable: its values at `0..=degree`.
    fn values(&self, degree: usize) -> Vec<Fr> {
        let half = 1_usize << (self.vars() - 1);
        let mut sums = vec![Fr::ZERO; degree + 1];
        let mut at = vec![Fr::ZERO; self.factors.len()];
        for place in 0..half {
            for (x, sum) in sums.iter_mut().enumerate() {
                let x = Fr::from(x as u64);
                for (value, factor) in at.iter_mut().zip(&self.factors) {
                    let (low, high) = (factor[place], factor[place + half]);
                    *value = low + x * (high - low);
                }
                *sum += (self.combine)(&at);
            }
        }
        sums.iter_mut().for_each(|sum| *sum *= self.weight);
        sums
    }

    /// Binds the highest variable.
    fn bind(&mut self, x: Fr) {
        for factor in &mut self.factors {
            let half = factor.len() / 2;
            for place in 0..half {
                let (low, high) = (factor[place], factor[place + half]);
                factor[place] = low + x * (high - low);
            }
            factor.truncate(half);
        }
    }
}

/// The values at `0..=degree` of the round polynomial for variable `index`: members that do not depend on it are
/// counted once for each value of the variables between theirs and it ([5.2]).
pub fn values(members: &[Member], index: usize, degree: usize) -> Vec<Fr> {
    let mut sums = vec![Fr::ZERO; degree + 1];
    for member in members {
        if member.vars() > index {
            sums.iter_mut().zip(member.values(degree)).for_each(|(sum, value)| *sum += value);
        } else {
            let copies = Fr::from(2_u64).pow([(index - member.vars()) as u64]);
            let constant = member.sum() * copies;
            sums.iter_mut().for_each(|sum| *sum += constant);
        }
    }
    sums
}

/// Binds variable `index` in the members that depend on it.
pub fn bind(members: &mut [Member], index: usize, x: Fr) {
    members.iter_mut().filter(|member| member.vars() > index).for_each(|member| member.bind(x));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rounds::sent;
    use averment_verifier::{
        coordinates, field, sumcheck,
        transcript::{Oracle, Transcript},
    };

    #[test]
    fn members_of_different_sizes_share_a_sumcheck() {
        let mut next = 3_u64;
        let mut vector = |bits: u32| -> Vec<Fr> {
            (0..1 << bits)
                .map(|_| {
                    next = next.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    Fr::from(next)
                })
                .collect()
        };
        let product = |values: &[Fr]| values.iter().product();
        let mut members = Vec::new();
        for (bits, factors) in [(5, 2), (3, 3), (0, 2)] {
            members.push(Member {
                weight: field::half_to(5 - bits),
                factors: (0..factors).map(|_| vector(bits)).collect(),
                combine: product,
            });
        }
        let claim: Fr = members.iter().map(|m| m.sum() * Fr::from(1_u64 << (5 - m.vars()))).sum();
        let mut transcript = Transcript::new("test");
        let mut rounds = Vec::new();
        for index in (0..5).rev() {
            let degree = if index < 3 { 3 } else { 2 };
            let round = sent(&values(&members, index, degree));
            transcript.scalars(&round);
            bind(&mut members, index, transcript.draw());
            rounds.push(round);
        }
        let (drawn, left) = sumcheck::reduce(claim, &rounds, &mut Transcript::new("test"));
        assert_eq!(coordinates(drawn, 5).len(), 5);
        assert_eq!(left, members.iter().map(Member::sum).sum::<Fr>());
    }
}
