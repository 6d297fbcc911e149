//! Who has which examples. Every split follows from its seed.

use super::Dataset;
use crate::random::{gamma, shuffle, stream};
use thiserror::Error;

/// How examples are spread over participants.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Split {
    /// At random, as many to each (one more to the first).
    Even,
    /// For each class, the parts of the participants are drawn from a Dirichlet distribution with this concentration: the smaller, the
    /// more participants differ (Hsu, Qi, Brown 2019). Above 0.
    Dirichlet(f64),
}

/// Why nothing was split.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum SplitError {
    /// No participants, or more than examples.
    #[error("{examples} examples are split among 1 to {examples} participants, got {participants}")]
    Participants {
        /// How many examples.
        examples: usize,
        /// How many participants.
        participants: usize,
    },
    /// A concentration that is none.
    #[error("a Dirichlet concentration is a number above 0, got {got}")]
    Concentration {
        /// What came.
        got: f64,
    },
}

/// For each participant the numbers of its examples, ascending. Everyone has at least one.
pub fn split(
    data: &Dataset,
    participants: usize,
    how: Split,
    seed: [u8; 32],
) -> Result<Vec<Vec<usize>>, SplitError> {
    let examples = data.len();
    if participants == 0 || participants > examples {
        return Err(SplitError::Participants { examples, participants });
    }
    let mut random = stream(seed, 0);
    let mut order: Vec<usize> = (0..examples).collect();
    shuffle(&mut random, &mut order);
    let mut parts = vec![Vec::new(); participants];
    match how {
        Split::Even => {
            for (at, example) in order.into_iter().enumerate() {
                parts[at % participants].push(example);
            }
        }
        Split::Dirichlet(concentration) => {
            if !(concentration.is_finite() && concentration > 0.0) {
                return Err(SplitError::Concentration { got: concentration });
            }
            for class in 0..data.classes() as u32 {
                let own: Vec<usize> =
                    order.iter().copied().filter(|&example| data.labels()[example] == class).collect();
                let draws: Vec<f64> = (0..participants).map(|_| gamma(&mut random, concentration)).collect();
                let total: f64 = draws.iter().sum();
                let (mut from, mut so_far) = (0, 0.0);
                for (part, draw) in parts.iter_mut().zip(&draws) {
                    so_far += draw;
                    // Draws so small that all of them are 0 leave the class to the last.
                    let to =
                        if total > 0.0 { (so_far / total * own.len() as f64).round() as usize } else { 0 };
                    let to = to.clamp(from, own.len());
                    part.extend_from_slice(&own[from..to]);
                    from = to;
                }
                if let Some(last) = parts.last_mut() {
                    last.extend_from_slice(&own[from..]);
                }
            }
            // Who got nothing gets one from whoever has most.
            for at in 0..participants {
                if parts[at].is_empty() {
                    let most =
                        (0..participants).max_by_key(|&other| (parts[other].len(), usize::MAX - other));
                    if let Some(example) = most.and_then(|most| parts[most].pop()) {
                        parts[at].push(example);
                    }
                }
            }
        }
    }
    parts.iter_mut().for_each(|part| part.sort_unstable());
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data() -> Dataset {
        let labels: Vec<u32> = (0..600).map(|example| example % 6).collect();
        Dataset::new(vec![1], vec![0.0; 600], labels, 6).unwrap()
    }

    #[test]
    fn every_example_goes_to_one_participant() {
        let data = data();
        for how in [Split::Even, Split::Dirichlet(0.01), Split::Dirichlet(0.3), Split::Dirichlet(10.0)] {
            for participants in [1, 7, 20, 600] {
                let parts = split(&data, participants, how, [3; 32]).unwrap();
                assert_eq!(parts.len(), participants);
                assert!(
                    parts.iter().all(|part| !part.is_empty()),
                    "{how:?} leaves somebody out of {participants}"
                );
                let mut all = parts.concat();
                all.sort_unstable();
                assert_eq!(all, (0..600).collect::<Vec<_>>());
                assert_eq!(parts, split(&data, participants, how, [3; 32]).unwrap());
                assert!(participants == 1 || parts != split(&data, participants, how, [4; 32]).unwrap());
            }
        }
    }

    #[test]
    fn the_smaller_the_concentration_the_more_participants_differ() {
        let data = data();
        // The mean over participants of the share of their most frequent class.
        let skew = |how| {
            let parts = split(&data, 10, how, [1; 32]).unwrap();
            let share = |part: &Vec<usize>| {
                let count = |class| part.iter().filter(|&&example| data.labels()[example] == class).count();
                (0..6).map(count).max().unwrap() as f64 / part.len() as f64
            };
            parts.iter().map(share).sum::<f64>() / 10.0
        };
        let [even, weak, strong] = [Split::Even, Split::Dirichlet(10.0), Split::Dirichlet(0.1)].map(skew);
        assert!(even < 0.3 && weak < 0.4 && strong > 0.6, "{even} {weak} {strong}");
    }

    #[test]
    fn nonsense_is_refused() {
        let data = data();
        for participants in [0, 601] {
            let refused = split(&data, participants, Split::Even, [0; 32]);
            assert_eq!(refused, Err(SplitError::Participants { examples: 600, participants }));
        }
        for got in [0.0, -1.0, f64::INFINITY] {
            let refused = split(&data, 2, Split::Dirichlet(got), [0; 32]);
            assert_eq!(refused, Err(SplitError::Concentration { got }));
        }
    }
}
