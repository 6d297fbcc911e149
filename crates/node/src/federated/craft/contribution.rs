//! What each update adds to a model, as a validator measures it on data of its own ([F4.3] of docs/federated.md).
//!
//! A *utility* says how good the model is that some of the updates make: larger is better. Leaving one out asks what the others miss
//! without it; Shapley's value is the mean of what it adds over all orders in which updates may come, here over a few drawn ones,
//! each broken off where nothing is left to be added (Ghorbani and Zou 2019).

use averment_trainers::random::shuffle;
use rand_chacha::rand_core::RngCore;

/// How much better all `n` together are than all but one, for each.
pub fn leave_one_out<E>(n: usize, mut utility: impl FnMut(&[bool]) -> Result<f64, E>) -> Result<Vec<f64>, E> {
    let all = utility(&vec![true; n])?;
    (0..n)
        .map(|one| {
            let chosen: Vec<bool> = (0..n).map(|other| other != one).collect();
            Ok(all - utility(&chosen)?)
        })
        .collect()
}

/// The mean of what each adds to those before it, over `orders` drawn orders. An order is broken off where the utility is within
/// `tolerance` of that of all: who comes later adds nothing.
pub fn shapley<E>(
    n: usize,
    orders: usize,
    tolerance: f64,
    random: &mut impl RngCore,
    mut utility: impl FnMut(&[bool]) -> Result<f64, E>,
) -> Result<Vec<f64>, E> {
    let (none, all) = (utility(&vec![false; n])?, utility(&vec![true; n])?);
    let mut sums = vec![0.0; n];
    let mut order: Vec<usize> = (0..n).collect();
    for _ in 0..orders {
        shuffle(random, &mut order);
        let (mut chosen, mut before) = (vec![false; n], none);
        for &one in &order {
            if (all - before).abs() <= tolerance {
                break;
            }
            chosen.iter_mut().skip(one).take(1).for_each(|chosen| *chosen = true);
            let now = utility(&chosen)?;
            sums.iter_mut().skip(one).take(1).for_each(|sum| *sum += now - before);
            before = now;
        }
    }
    Ok(sums.iter().map(|sum| sum / orders.max(1) as f64).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use averment_trainers::random::stream;
    use std::convert::Infallible;

    /// Each adds its own, but the second and third the same thing.
    fn utility(chosen: &[bool]) -> Result<f64, Infallible> {
        let own = f64::from(u8::from(chosen[0])) - 2.0 * f64::from(u8::from(chosen[3]));
        Ok(own + 4.0 * f64::from(u8::from(chosen[1] || chosen[2])))
    }

    #[test]
    fn who_sends_what_another_sends_adds_nothing_but_has_a_share() {
        assert_eq!(leave_one_out(4, utility), Ok(vec![1.0, 0.0, 0.0, -2.0]));
        let mut random = stream([1; 32], 0);
        let values = shapley(4, 2_000, 0.0, &mut random, utility).unwrap();
        for (value, expected) in values.iter().zip([1.0, 2.0, 2.0, -2.0]) {
            assert!((value - expected).abs() < 0.15, "{values:?}");
        }
        // What they have is what there is, whatever was drawn.
        assert!((values.iter().sum::<f64>() - 3.0).abs() < 1e-9);
    }

    #[test]
    fn what_is_broken_off_asks_less() {
        let mut asked = 0;
        let mut counting = |chosen: &[bool]| {
            asked += 1;
            Ok::<_, Infallible>(f64::from(u8::from(chosen.iter().any(|chosen| *chosen))))
        };
        shapley(10, 5, 0.01, &mut stream([2; 32], 0), &mut counting).unwrap();
        // Two to begin with, and the first of each order.
        assert_eq!(asked, 7);
    }
}
