//! What a round pays: qualities, validators' scores, shares of the pool, slashes ([F4.3], [F4.4]).

use crate::rules::{ONE, lower_median};

/// Of the scores that validators gave an update, the lower median; `None` if nobody gave one.
pub fn median_score(scores: &[u32]) -> Option<u32> {
    (!scores.is_empty()).then(|| lower_median(scores).min(ONE))
}

/// What each participant earns of the round's share, and what goes back to the pool. Qualities are in parts of 2^16 of the
/// share and at most that together; a score of 2^16 or none leaves them as they are. Each pay is rounded down.
pub fn pay(share: u128, qualities: &[u32], scores: &[Option<u32>]) -> (Vec<u128>, u128) {
    let mut left = share;
    let of = |(i, quality): (usize, &u32)| {
        let score = scores.get(i).copied().flatten().unwrap_or(ONE).min(ONE);
        let points = u64::from(*quality) * u64::from(score);
        // `share * points / 2^32` without a product beyond 128 bits.
        let (high, low) = (share >> 32, share & u128::from(u32::MAX));
        let earned = (high * u128::from(points) + ((low * u128::from(points)) >> 32)).min(left);
        left -= earned;
        earned
    };
    let earned = qualities.iter().enumerate().map(of).collect();
    (earned, left)
}

/// Where what is slashed goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slash {
    /// Half: burned.
    pub burned: u128,
    /// A quarter: to who showed the fault.
    pub finder: u128,
    /// What is left: to the pool.
    pub pool: u128,
}

/// Divides a stake that is slashed.
pub fn slash(stake: u128) -> Slash {
    let (burned, finder) = (stake / 2, stake / 4);
    Slash { burned, finder, pool: stake - burned - finder }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pay_is_rounded_down_and_what_is_left_returns() {
        let (earned, left) = pay(1_000, &[ONE / 3, ONE / 3, 0], &[None, Some(ONE / 2), None]);
        assert_eq!(earned, [333, 166, 0]);
        assert_eq!(left, 501);
        let (earned, left) = pay(u128::from(u64::MAX) << 32, &[ONE], &[None]);
        assert_eq!((earned[0], left), (u128::from(u64::MAX) << 32, 0));
    }

    #[test]
    fn a_score_is_the_lower_median_and_none_without_validators() {
        assert_eq!(median_score(&[]), None);
        assert_eq!(median_score(&[9, 1, 5, 7]), Some(5));
        assert_eq!(median_score(&[u32::MAX]), Some(ONE));
    }

    #[test]
    fn a_slash_is_never_all_the_finders() {
        assert_eq!(slash(7), Slash { burned: 3, finder: 1, pool: 3 });
    }
}
