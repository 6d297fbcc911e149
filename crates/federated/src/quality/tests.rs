use super::*;
use crate::gram::{Limits, Shape};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

struct World {
    draw: ChaCha8Rng,
    common: Vec<i64>,
    previous: Vec<i64>,
    own: Vec<Vec<i64>>,
}

const CELLS: usize = 400;

impl World {
    /// Twenty participants, each with a direction of its own beside the common one; the previous aggregate points about there.
    fn new(seed: u64) -> Self {
        let mut draw = ChaCha8Rng::seed_from_u64(seed);
        let common = noise(&mut draw, 1000);
        let previous = sum(&common, &noise(&mut draw, 600));
        let own = (0..20).map(|_| noise(&mut draw, 500)).collect();
        Self { draw, common, previous, own }
    }

    fn honest(&mut self, i: usize) -> Vec<i64> {
        let fresh = noise(&mut self.draw, 700);
        sum(&sum(&self.common, &self.own[i]), &fresh)
    }

    /// Qualities of these updates, their cumulatives being four times as long and otherwise alike.
    fn qualities(&self, rows: &[Vec<i64>]) -> Vec<u32> {
        qualities(&self.gram(rows))
    }

    fn gram(&self, rows: &[Vec<i64>]) -> Gram {
        let shape = Shape { updates: rows.len(), previous: true, root: false, history: true };
        let mut all = rows.to_vec();
        all.push(self.previous.clone());
        let mut entries = triangle(&all);
        entries.extend(triangle(rows).into_iter().map(|entry| 16 * entry));
        let limits = Limits { update: 1 << 62, history: 1 << 62 };
        Gram::new(shape, limits, &entries).unwrap()
    }
}

fn noise(draw: &mut ChaCha8Rng, size: i64) -> Vec<i64> {
    (0..CELLS).map(|_| (draw.next_u64() % (2 * size as u64 + 1)) as i64 - size).collect()
}

fn sum(a: &[i64], b: &[i64]) -> Vec<i64> {
    a.iter().zip(b).map(|(x, y)| x + y).collect()
}

fn triangle(rows: &[Vec<i64>]) -> Vec<i64> {
    let product = |i: usize, j: usize| rows[i].iter().zip(&rows[j]).map(|(x, y)| x * y).sum();
    (0..rows.len()).flat_map(|i| (i..rows.len()).map(move |j| (i, j))).map(|(i, j)| product(i, j)).collect()
}

fn mean(values: &[u32]) -> f64 {
    values.iter().map(|value| f64::from(*value)).sum::<f64>() / values.len() as f64
}

#[test]
fn honest_updates_earn_alike_and_all_together_the_share_at_most() {
    for seed in 0..10 {
        let mut world = World::new(seed);
        let rows: Vec<_> = (0..20).map(|i| world.honest(i)).collect();
        let qualities = world.qualities(&rows);
        assert!(qualities.iter().sum::<u32>() <= ONE);
        assert!(mean(&qualities) > 0.7 * f64::from(ONE) / 20.0, "{qualities:?}");
    }
}

#[test]
fn three_clones_earn_as_one_and_an_equal_split_would_pay_three() {
    for seed in 0..10 {
        for blur in [0, 360] {
            let mut world = World::new(seed);
            let mut rows: Vec<_> = (0..20).map(|i| world.honest(i)).collect();
            let first = rows[0].clone();
            for _ in 0..2 {
                let noise = noise(&mut world.draw, blur);
                rows.push(sum(&first, &noise));
            }
            let qualities = world.qualities(&rows);
            let clones = f64::from(qualities[0] + qualities[20] + qualities[21]);
            assert!(clones <= 1.1 * mean(&qualities[1..20]), "seed {seed}, blur {blur}: {qualities:?}");
        }
    }
}

#[test]
fn a_replay_of_the_aggregate_earns_nothing_with_noise_or_without() {
    for seed in 0..10 {
        for blur in [0, 300] {
            let mut world = World::new(seed);
            let mut rows: Vec<_> = (0..20).map(|i| world.honest(i)).collect();
            let noise = noise(&mut world.draw, blur);
            rows[7] = sum(&world.previous, &noise);
            let qualities = world.qualities(&rows);
            let honest: Vec<u32> = (0..20).filter(|i| *i != 7).map(|i| qualities[i]).collect();
            assert!(
                f64::from(qualities[7]) <= 0.1 * mean(&honest),
                "seed {seed}, blur {blur}: {qualities:?}"
            );
        }
    }
}

#[test]
fn what_is_noise_or_turned_around_or_nothing_earns_nothing() {
    for seed in 0..10 {
        let mut world = World::new(seed);
        let mut rows: Vec<_> = (0..20).map(|i| world.honest(i)).collect();
        rows[3] = noise(&mut world.draw, 1000);
        rows[4].iter_mut().for_each(|cell| *cell = -*cell);
        rows[5].fill(0);
        let qualities = world.qualities(&rows);
        let honest = mean(&qualities[6..]);
        for i in 3..6 {
            assert!(f64::from(qualities[i]) <= 0.05 * honest, "seed {seed}, row {i}: {qualities:?}");
        }
    }
}

/// Five attackers whose updates have something in common, and a little with the honest ones, each so many times as long.
fn with_long_ones(world: &mut World, times: i64) -> Vec<Vec<i64>> {
    let mut rows: Vec<_> = (0..20).map(|i| world.honest(i)).collect();
    let shared = noise(&mut world.draw, 1000);
    for row in &mut rows[..5] {
        let own = noise(&mut world.draw, 1000);
        let cells = world.common.iter().zip(&shared).zip(&own);
        *row = cells.map(|((common, shared), own)| times * (common / 5 + shared + own)).collect();
    }
    rows
}

#[test]
fn length_brings_nothing() {
    for seed in 0..10 {
        let [short, long] = [1, 100].map(|times| {
            let mut world = World::new(seed);
            let rows = with_long_ones(&mut world, times);
            world.qualities(&rows)
        });
        let sum = |qualities: &[u32]| f64::from(qualities[..5].iter().sum::<u32>());
        assert!(sum(&long) <= 1.1 * sum(&short) + 50.0, "seed {seed}: {short:?} {long:?}");
        let honest = mean(&long[5..]);
        assert!(honest > 0.9 * f64::from(ONE) / 20.0 && sum(&long) < 2.0 * honest, "seed {seed}: {long:?}");
    }
}

#[test]
fn long_cumulatives_make_others_no_clones() {
    for seed in 0..10 {
        let mut world = World::new(seed);
        let rows = with_long_ones(&mut world, 100);
        let gram = world.gram(&rows);
        let counts = counts(&gram);
        assert!(counts[5..].iter().all(|count| *count == u128::from(ONE)), "seed {seed}: {counts:?}");
        // Control: at their length they do.
        let histories = Products::new(20, |i, j| i128::from(gram.history_at(i, j)));
        let alike = histories.centred(&[true; 20]).cosine(5, 6);
        assert!(SAME_HISTORY.of(alike) > FULL / 2, "seed {seed}: {alike}");
    }
}

#[test]
fn where_most_send_nothing_the_others_keep_their_length() {
    let mut world = World::new(1);
    let mut rows: Vec<_> = (0..5).map(|i| world.honest(i)).collect();
    rows[..3].iter_mut().for_each(|row| row.fill(0));
    let qualities = world.qualities(&rows);
    assert!(qualities[..3] == [0; 3] && qualities[3..].iter().all(|quality| *quality > 0), "{qualities:?}");
}

#[test]
fn few_updates_are_not_asked_for_peers() {
    for n in 1..4 {
        let mut world = World::new(1);
        let rows: Vec<_> = (0..n).map(|i| world.honest(i)).collect();
        let qualities = world.qualities(&rows);
        assert!(qualities.iter().all(|quality| *quality > 0), "{qualities:?}");
    }
}

/// A first round of few honest ones, and one who sends what they have in common turned around.
#[test]
fn of_few_updates_one_that_points_away_takes_nothing_from_the_others() {
    for n in 4..9 {
        for seed in 0..10 {
            let mut world = World::new(seed);
            world.previous.fill(0);
            let mut row = || sum(&world.common, &noise(&mut world.draw, 400));
            let mut rows: Vec<Vec<i64>> = (0..n).map(|_| row()).collect();
            rows[n - 1].iter_mut().for_each(|cell| *cell = -*cell);
            let gram = world.gram(&rows);
            let qualities = qualities(&gram);
            let honest = mean(&qualities[..n - 1]) * n as f64 / f64::from(ONE);
            assert!(qualities[n - 1] == 0 && honest > 0.9, "{n} with seed {seed}: {qualities:?}");
            // Control: beside the mean of all of them the honest ones of four or five deviate alike.
            let products = Products::new(n, |i, j| i128::from(gram.at(i, j))).shortened(n);
            let standing = products.standing(n);
            assert_eq!(standing.iter().filter(|stands| **stands).count(), n - 1);
            let alike = |count: &[bool]| SAME_UPDATE.of(products.centred(count).cosine(0, 1));
            assert!(
                alike(&standing) == 0 && (n > 5 || alike(&vec![true; n]) > FULL / 4),
                "{n} with seed {seed}"
            );
        }
    }
}

#[test]
fn where_all_point_away_from_each_other_all_stand() {
    let products = Products::new(3, |i, j| if i == j { 2 } else { -1 });
    assert_eq!(products.standing(3), [true; 3]);
    // Two thirds of the others: of three two, of four three.
    let away = |n: usize, others: usize| {
        Products::new(n, |i, j| if i + j <= others && i * j == 0 && i + j > 0 { -1 } else { 1 }).standing(n)
            [0]
    };
    assert_eq!([away(4, 1), away(4, 2), away(5, 2), away(5, 3)], [true, false, true, false]);
}

#[test]
fn where_most_agree_with_nobody_in_what_is_new_all_count() {
    let axis =
        |place: usize, size: i64| (0..CELLS).map(|cell| if cell == place { size } else { 0 }).collect();
    let mut world = World::new(1);
    world.previous = axis(0, 1000);
    let rows: Vec<Vec<i64>> = (1..6).map(|i| sum(&axis(0, 1000), &axis(i, 500))).collect();
    assert!(world.qualities(&rows).iter().all(|quality| *quality == ONE / 5), "{:?}", world.qualities(&rows));
    // Control: where most have something in common, who has not earns nothing.
    let shared: Vec<Vec<i64>> = rows
        .iter()
        .enumerate()
        .map(|(i, row)| if i > 0 { sum(row, &axis(9, 300)) } else { row.clone() })
        .collect();
    let qualities = world.qualities(&shared);
    assert!(qualities[0] == 0 && qualities[1..].iter().all(|quality| *quality > 0), "{qualities:?}");
}
