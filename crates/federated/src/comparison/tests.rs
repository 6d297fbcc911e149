//! Rules in integers against the definitions over reals, and the comparison rules on what is easily said.

use super::*;
use crate::gram::{Gram, Limits, MAX_SQUARE, Shape};
use crate::rules::{Kind, ONE, Rule};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

const CELLS: usize = 40;
const N: usize = 11;
const F: usize = 3;

/// Eleven updates, a centre and a root; some of the updates far off.
fn rows(seed: u64) -> Vec<Vec<i32>> {
    let mut draw = ChaCha8Rng::seed_from_u64(seed);
    let mut cell = |size: i64| ((draw.next_u64() % (2 * size as u64 + 1)) as i64 - size) as i32;
    let common: Vec<i32> = (0..CELLS).map(|_| cell(40_000)).collect();
    (0..N + 2)
        .map(|i| common.iter().map(|x| if i < F { cell(150_000) } else { x + cell(20_000) }).collect())
        .collect()
}

/// What the rule in integers makes of the rows.
fn integers(rule: Rule, rows: &[Vec<i32>]) -> Vec<f64> {
    let shape = Shape { updates: N, previous: true, root: true, history: false };
    let product =
        |i: usize, j: usize| rows[i].iter().zip(&rows[j]).map(|(x, y)| i64::from(*x) * i64::from(*y)).sum();
    let entries: Vec<i64> =
        (0..N + 2).flat_map(|i| (i..N + 2).map(move |j| (i, j))).map(|(i, j)| product(i, j)).collect();
    let gram = Gram::new(shape, Limits { update: MAX_SQUARE, history: 0 }, &entries).unwrap();
    let weights = rule.weights(&gram).unwrap();
    let slices: Vec<&[i32]> = rows.iter().map(Vec::as_slice).collect();
    let (quotient, remainder) = crate::aggregate::aggregate(&weights, &slices).unwrap();
    quotient.iter().zip(remainder).map(|(q, r)| *q as f64 + f64::from(r) / f64::from(ONE)).collect()
}

/// A unit or two of weights in 2^16, of cells of 2^17.
const ROUNDING: f64 = 12.0;

fn close(made: &[f64], expected: &[f64], name: &str) {
    for (a, b) in made.iter().zip(expected) {
        assert!((a - b).abs() < ROUNDING, "{name}: {a} and {b}");
    }
}

#[test]
fn rules_in_integers_are_those_over_reals_but_for_rounding() {
    for seed in 0..20 {
        let ints = rows(seed);
        let reals: Vec<Vec<f64>> =
            ints.iter().map(|row| row.iter().map(|x| f64::from(*x)).collect()).collect();
        let all: Vec<&[f64]> = reals.iter().map(Vec::as_slice).collect();
        let (updates, centre, root) = (&all[..N], &all[N], &all[N + 1]);
        for (clip, mix) in [(false, false), (true, false), (false, true), (true, true)] {
            let norm = 200_000.0;
            let first = if clip { clipped(updates, norm) } else { reals[..N].to_vec() };
            let first: Vec<&[f64]> = first.iter().map(Vec::as_slice).collect();
            let second = if mix { mixed(&first, F) } else { first.iter().map(|row| row.to_vec()).collect() };
            let steps: Vec<&[f64]> = second.iter().map(Vec::as_slice).collect();
            let radius = 100_000.0;
            let expected = [
                (Kind::Average, average(&steps)),
                (Kind::CenteredClipping, centered_clipping(&steps, centre.to_vec(), radius, 1)),
                (Kind::Krum, krum(&steps, N - F - 1, 1)),
                (Kind::MultiKrum, krum(&steps, N - F - 1, N - F)),
                (Kind::GeometricMedian, geometric_median(&steps, average(&steps), 1.0, 8)),
                (Kind::FlTrust, fl_trust(&steps, root)),
            ];
            for (kind, expected) in expected {
                // Means of the same rows are equally near; which of them is chosen is rounding's.
                if kind == Kind::Krum && mix {
                    continue;
                }
                let rule =
                    Rule { faults: F as u8, clip, mix, norm: norm as u64, radius: radius as u64, kind };
                close(
                    &integers(rule, &ints),
                    &expected,
                    &format!("{kind:?}, clip {clip}, mix {mix}, seed {seed}"),
                );
            }
        }
    }
}

#[test]
fn minimum_diameter_is_that_of_all_sets() {
    for seed in 0..10 {
        let ints = rows(seed);
        let reals: Vec<Vec<f64>> =
            ints[..7].iter().map(|row| row.iter().map(|x| f64::from(*x)).collect()).collect();
        let rows: Vec<&[f64]> = reals.iter().map(Vec::as_slice).collect();
        let squares = distances(&rows);
        let mut best = (f64::INFINITY, Vec::new());
        for set in 0..1u32 << 7 {
            let set: Vec<usize> = (0..7).filter(|i| set >> i & 1 == 1).collect();
            if set.len() == 5 {
                let diameter =
                    set.iter().flat_map(|i| set.iter().map(|j| squares[*i][*j])).fold(0.0, f64::max);
                if diameter < best.0 {
                    best = (diameter, set.clone());
                }
            }
        }
        assert_eq!(minimum_diameter(&rows, 2), mean_of(&rows, &best.1));
    }
}

#[test]
fn coordinates_are_taken_each_for_itself() {
    let rows: [&[f64]; 4] = [&[1.0, 9.0], &[2.0, -9.0], &[3.0, 0.0], &[100.0, 1.0]];
    assert_eq!(coordinate_median(&rows), [2.5, 0.5]);
    assert_eq!(coordinate_median(&rows[..3]), [2.0, 0.0]);
    assert_eq!(trimmed_mean(&rows, 1), [2.5, 0.5]);
    assert_eq!(bucketed(&rows, &[3, 0, 2, 1], 3), [vec![104.0 / 3.0, 10.0 / 3.0], vec![2.0, -9.0]]);
}

#[test]
fn fools_gold_leaves_out_who_repeats_another() {
    let rows: [&[f64]; 4] = [&[1.0, 0.0, 0.0], &[0.0, 1.0, 0.0], &[0.0, 0.0, 7.0], &[0.0, 0.0, 7.0]];
    let made = fools_gold(&rows, &rows);
    assert!(made[2] == 0.0 && made[0] > 0.4 && made[0] == made[1], "{made:?}");
}
