//! What aggregating updates costs on one thread: matrix, rule and weighted sum; CPU seconds, best of three, as JSON.
//!
//! `rules_bench [UPDATES] [CELLS] [RULE [i16|i32]]`. The rows are seeded, their cells those of updates at a scale of 2^16. Not a
//! test: times are reported, never asserted.
#![allow(clippy::print_stdout, reason = "it is there to print")]

use averment_federated::gram::{Gram, Limits, MAX_SQUARE, Shape};
use averment_federated::rules::{Kind, Rule};
use averment_kernels::{Backend, Lanes, gram, weighted_sum};
use std::{hint::black_box, time::Duration};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |otherwise| arguments.next().map_or(Ok(otherwise), |number| number.parse::<usize>());
    let (updates, cells) = (number(100)?, number(1_000_000)?);
    let (only, width) = (arguments.next(), arguments.next());
    let wanted = |name: &str| width.as_ref().is_none_or(|width| width == name);
    let faults = (updates / 5) as u8;
    let rules = [
        ("average", Rule::of(Kind::Average)),
        ("multi-krum", Rule { faults, ..Rule::of(Kind::MultiKrum) }),
        ("geometric-median", Rule::of(Kind::GeometricMedian)),
        ("mixing and geometric-median", Rule { faults, mix: true, ..Rule::of(Kind::GeometricMedian) }),
    ];
    if wanted("i16") {
        let short: Vec<Vec<i16>> = rows(updates, cells, |word| (word >> 52) as i16);
        measure("i16", &short, &rules, only.as_deref())?;
    }
    if wanted("i32") {
        let wide: Vec<Vec<i32>> = rows(updates, cells, |word| (word >> 46) as i32);
        measure("i32", &wide, &rules, only.as_deref())?;
    }
    Ok(())
}

fn rows<C>(updates: usize, cells: usize, cell: impl Fn(i64) -> C) -> Vec<Vec<C>> {
    let mut state = 5u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        cell(state as i64)
    };
    (0..updates).map(|_| (0..cells).map(|_| next()).collect()).collect()
}

fn measure<C: Lanes>(
    name: &str,
    rows: &[Vec<C>],
    rules: &[(&str, Rule)],
    only: Option<&str>,
) -> Result<(), Box<dyn std::error::Error>> {
    let rows: Vec<&[C]> = rows.iter().map(Vec::as_slice).collect();
    let shape = Shape { updates: rows.len(), previous: false, root: false, history: false };
    let limits = Limits { update: MAX_SQUARE, history: 0 };
    for (rule_name, rule) in rules {
        if only.is_some_and(|only| only != *rule_name) {
            continue;
        }
        let mut best = [Duration::MAX; 3];
        for _ in 0..3 {
            let start = clock();
            let matrix = gram(Backend::best(), &rows).ok_or("rows too long")?;
            let matrixed = clock();
            let triangle: Vec<i64> =
                matrix.chunks(rows.len()).enumerate().flat_map(|(i, row)| row[i..].to_vec()).collect();
            let weights = rule.weights(&Gram::new(shape, limits, &triangle)?)?;
            let ruled = clock();
            black_box(weighted_sum(Backend::best(), &rows, weights.updates(), 16));
            let times = [matrixed - start, ruled - matrixed, clock() - ruled];
            if times.iter().sum::<Duration>()
                < best.iter().fold(Duration::ZERO, |sum, time| sum.saturating_add(*time))
            {
                best = times;
            }
        }
        let [matrix, weights, sum] = best.map(|time| time.as_secs_f64());
        println!(
            "{{\"rule\": \"{rule_name}\", \"cells\": \"{name}\", \"updates\": {}, \"length\": {}, \"seconds\": {:.4}, \
             \"matrix\": {matrix:.4}, \"weights\": {weights:.4}, \"sum\": {sum:.4}}}",
            rows.len(),
            rows[0].len(),
            matrix + weights + sum,
        );
    }
    Ok(())
}

/// CPU time of this thread.
fn clock() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
