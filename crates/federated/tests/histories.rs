//! Who works together looks reasonable in each round by itself, and is seen over rounds: by cumulative updates clones count as one, in
//! weights and in pay. The control is the same rows without them.

use averment_federated::{
    gram::{Gram, Limits, Shape},
    quality::qualities,
    rules::{Kind, ONE, Rule},
};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

const CELLS: usize = 400;
const HONEST: usize = 12;
/// Behind the honest ones.
const TOGETHER: usize = 4;
const ROUNDS: usize = 60;

type Row = Vec<i64>;

fn noise(draw: &mut ChaCha8Rng, size: i64) -> Row {
    (0..CELLS).map(|_| (draw.next_u64() % (2 * size as u64 + 1)) as i64 - size).collect()
}

fn sum(rows: &[&Row]) -> Row {
    (0..CELLS).map(|cell| rows.iter().map(|row| row[cell]).sum()).collect()
}

fn triangle(rows: &[Row]) -> Vec<i64> {
    let product = |i: usize, j: usize| rows[i].iter().zip(&rows[j]).map(|(x, y)| x * y).sum();
    (0..rows.len()).flat_map(|i| (i..rows.len()).map(move |j| (i, j))).map(|(i, j)| product(i, j)).collect()
}

/// The last of some rounds, with what everybody sent in all of them and without. Honest ones have a direction of their own beside the
/// common one; the others one that they share, hidden in each round under fresh noise that is longer.
fn matrices(seed: u64) -> [Gram; 2] {
    let mut draw = ChaCha8Rng::seed_from_u64(seed);
    let common = noise(&mut draw, 1000);
    let previous = sum(&[&common, &noise(&mut draw, 600)]);
    let shared = noise(&mut draw, 450);
    let own: Vec<Row> = (0..HONEST).map(|_| noise(&mut draw, 450)).collect();
    let mut cumulative = vec![vec![0; CELLS]; HONEST + TOGETHER];
    let mut rows = Vec::new();
    for _ in 0..ROUNDS {
        rows = (0..HONEST + TOGETHER)
            .map(|i| sum(&[&common, own.get(i).unwrap_or(&shared), &noise(&mut draw, 900)]))
            .collect();
        cumulative = cumulative.iter().zip(&rows).map(|(before, row)| sum(&[before, row])).collect();
    }
    let limits = Limits { update: 1 << 62, history: 1 << 62 };
    [true, false].map(|history| {
        let shape = Shape { updates: rows.len(), previous: true, root: false, history };
        let mut entries = triangle(&[&rows[..], std::slice::from_ref(&previous)].concat());
        if history {
            entries.extend(triangle(&cumulative));
        }
        Gram::new(shape, limits, &entries).unwrap()
    })
}

/// What those who work together have, in an honest one's mean.
fn together(values: &[u32]) -> f64 {
    let part = |values: &[u32]| values.iter().map(|value| f64::from(*value)).sum::<f64>();
    part(&values[HONEST..]) / part(&values[..HONEST]) * HONEST as f64
}

#[test]
fn who_works_together_over_rounds_weighs_as_one() {
    for seed in 0..10 {
        let [seen, unseen] = matrices(seed);
        for kind in [Kind::Average, Kind::GeometricMedian, Kind::CenteredClipping] {
            let weights = |gram| together(Rule::of(kind).weights(gram).unwrap().updates());
            let (seen, unseen) = (weights(&seen), weights(&unseen));
            assert!(seen < 1.5, "{kind:?}, seed {seed}: {seen}");
            // One by one they pass for honest ones.
            assert!(unseen > 3.5, "{kind:?}, seed {seed}: {unseen}");
        }
    }
}

#[test]
fn who_works_together_over_rounds_is_paid_as_one() {
    for seed in 0..10 {
        let [seen, unseen] = matrices(seed).map(|gram| qualities(&gram));
        assert!(seen.iter().sum::<u32>() <= ONE);
        assert!(together(&seen) < 1.1, "seed {seed}: {seen:?}");
        assert!(together(&unseen) > 3.0, "seed {seed}: {unseen:?}");
    }
}
