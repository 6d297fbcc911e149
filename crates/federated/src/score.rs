//! What a validator says of updates that it sees in clear ([F4.3]): how much each of them helps on data of its own, and whether it is
//! work that was not there before. What a validator measures are reals; what it says are parts of [`ONE`].

use crate::rules::{ONE, lower_median};

/// From which part of the median's on what is new counts, and the part by which it counts in full.
const NEW: (f64, f64) = (0.25, 0.5);
/// What takes as much as so many usual gains is a fault; what only helps nobody, as honest work on unusual data may, is none.
const HARM: f64 = 4.0;

/// What updates of these lengths are multiplied by so that none is longer than the median, as qualities see them. A length that is no
/// number leaves nothing.
pub fn shortening(lengths: &[f64]) -> Vec<f64> {
    let median = median(lengths.iter().copied());
    let factor = |length: &f64| match length {
        length if !length.is_finite() => 0.0,
        length if *length > median && median > 0.0 => median / length,
        _ => 1.0,
    };
    lengths.iter().map(factor).collect()
}

/// Scores of a round's updates. `gains`: the loss on the validator's data of the model with the mean of all updates but this one, each
/// [shortened](shortening), less the loss with the mean of all. `new`: the square of the sine between an update and the sum of what its
/// sender sent before, 1 for who sent nothing. A value that is no number counts as 0, and so does one that is missing. Where anything gains, 0 is
/// said only of what harms, since it is a strike: of the rest 1 at least, which pays next to nothing.
pub fn scores(gains: &[f64], new: &[f64]) -> Vec<u32> {
    let usual_gain = median(gains.iter().copied().filter(|gain| *gain > 0.0));
    let usual_new = median(new.iter().copied());
    let score = |(i, gain): (usize, &f64)| {
        let harms = *gain < -HARM * usual_gain && usual_gain > 0.0;
        let gain = if *gain > 0.0 { gain / usual_gain } else { 0.0 };
        let new = new.get(i).copied().filter(|new| *new > 0.0).unwrap_or(0.0);
        // Where most send the same again, who does not has all of it.
        let new = if usual_new > 0.0 { new / usual_new } else { f64::from(new > 0.0) };
        let new = ((new - NEW.0) / (NEW.1 - NEW.0)).clamp(0.0, 1.0);
        // From 0 to 2^16.
        ((gain.clamp(0.0, 1.0) * new * f64::from(ONE)) as u32).max(u32::from(!harms))
    };
    gains.iter().enumerate().map(score).collect()
}

/// The lower median of those that are numbers; 0 of none.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    // Bits of floats that are not negative are in their order.
    let bits: Vec<u64> =
        values.filter(|value| value.is_finite()).map(|value| value.max(0.0).to_bits()).collect();
    f64::from_bits(lower_median(&bits))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF: u32 = ONE / 2;

    #[test]
    fn what_harms_scores_nothing_and_the_usual_gain_everything() {
        let scores = scores(&[2.0, 2.0, 9.0, 1.0, 0.0, -7.0, -9.0], &[0.5; 7]);
        assert_eq!(scores, [ONE, ONE, ONE, HALF, 1, 1, 0]);
    }

    #[test]
    fn the_same_again_scores_nothing() {
        let scores = scores(&[1.0; 9], &[0.5, 0.5, 0.5, 0.5, 0.5, 0.25, 0.1875, 0.125, 0.0]);
        assert_eq!(scores[4..], [ONE, ONE, HALF, 1, 1]);
    }

    #[test]
    fn what_is_no_number_counts_as_nothing() {
        let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.0, 1.0];
        assert_eq!(scores(&odd, &[1.0; 5]), [1, ONE, 0, ONE, ONE]);
        assert_eq!(scores(&[1.0; 5], &[f64::NAN, 1.0, -1.0, 1.0]), [1, ONE, 1, ONE, 1]);
        assert_eq!(scores(&[-1.0, 0.0], &[1.0; 2]), [1, 1]);
        assert_eq!(scores(&[], &[]), []);
        assert_eq!(shortening(&[f64::NAN, 1.0, 4.0]), [0.0, 1.0, 0.25]);
        assert_eq!(shortening(&[0.0, 0.0, 4.0]), [1.0; 3]);
    }

    #[test]
    fn who_alone_sends_something_new_has_all_of_it() {
        assert_eq!(scores(&[1.0; 3], &[0.0, 0.0, 0.3]), [1, 1, ONE]);
    }
}
