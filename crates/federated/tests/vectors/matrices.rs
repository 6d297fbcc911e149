//! Matrices of seeded rows, ordinary and not, under every rule.

use super::*;
use std::ops::Range;

/// A pseudo-random stream of small things.
pub struct Draw(ChaCha8Rng);

impl Draw {
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0.next_u64() % limit
    }

    fn cell(&mut self, bits: u32) -> i64 {
        (self.0.next_u64() as i64) >> (64 - bits)
    }

    fn row(&mut self, cells: usize, bits: u32) -> Vec<i64> {
        (0..cells).map(|_| self.cell(bits)).collect()
    }
}

/// What rows are like.
#[derive(Clone, Copy)]
enum Like {
    /// Around one direction.
    Honest,
    /// Independent of each other.
    Random,
    /// Few different ones: ties and distances of 0.
    Few,
    /// All 0 but some.
    Zeros,
    /// As large as may be, in both directions.
    Huge,
    /// Of one cell: every inner product is as large as it can be.
    Line,
}

const LIKE: [Like; 6] = [Like::Honest, Like::Random, Like::Few, Like::Zeros, Like::Huge, Like::Line];

fn rows(draw: &mut Draw, like: Like, count: usize) -> Vec<Vec<i64>> {
    let cells = 6;
    let centre = draw.row(cells, 14);
    let few: Vec<Vec<i64>> = (0..2).map(|_| draw.row(cells, 12)).collect();
    (0..count)
        .map(|_| match like {
            Like::Honest => centre.iter().map(|cell| cell + draw.cell(12)).collect(),
            Like::Random => {
                let bits = 2 + draw.below(24) as u32;
                draw.row(cells, bits)
            }
            Like::Few => few[draw.below(2) as usize].clone(),
            Like::Zeros if draw.below(4) > 0 => vec![0; cells],
            Like::Zeros => draw.row(cells, 3),
            Like::Huge => {
                let mut row = vec![0; cells];
                row[draw.below(2) as usize] = (1 - 2 * draw.below(2) as i64) * (1 << 31);
                row
            }
            Like::Line => vec![draw.cell(10)],
        })
        .collect()
}

fn triangle(rows: &[Vec<i64>]) -> Vec<i64> {
    let product = |a: &[i64], b: &[i64]| a.iter().zip(b).map(|(x, y)| x * y).sum();
    (0..rows.len())
        .flat_map(|i| (i..rows.len()).map(move |j| (i, j)))
        .map(|(i, j)| product(&rows[i], &rows[j]))
        .collect()
}

fn bytes(entries: &[i64]) -> Vec<u8> {
    entries.iter().flat_map(|entry| entry.to_be_bytes()).collect()
}

const LIMITS: Limits = Limits { update: 1 << 62, history: 1 << 62 };

/// All cases of a seed, good ones first.
pub fn cases(seed: u64) -> Vec<Case> {
    let mut draw = Draw(ChaCha8Rng::seed_from_u64(seed));
    let mut cases = Vec::new();
    for like in LIKE {
        for kind in Kind::ALL {
            for steps in 0..4 {
                for _ in 0..3 {
                    cases.push(good(&mut draw, like, kind, steps, 0..4));
                }
            }
        }
    }
    cases.extend(bad(&mut draw));
    // Many rows: what takes the largest of a few does so in another way.
    for (like, kind) in LIKE.into_iter().zip(Kind::ALL).chain([(Like::Random, Kind::MultiKrum)]) {
        cases.push(good(&mut draw, like, kind, 0, 12..20));
    }
    cases
}

fn good(draw: &mut Draw, like: Like, kind: Kind, steps: u8, faults: Range<u64>) -> Case {
    let faults = (faults.start + draw.below(faults.end - faults.start)) as u8;
    let updates = 2 * usize::from(faults) + 1 + draw.below(6) as usize;
    let shape = Shape {
        updates,
        previous: kind == Kind::CenteredClipping || draw.below(2) > 0,
        root: kind == Kind::FlTrust || draw.below(2) > 0,
        history: draw.below(2) > 0,
    };
    let mut entries = triangle(&rows(draw, like, shape.rows()));
    if shape.history {
        entries.extend(triangle(&rows(draw, like, updates)));
    }
    let mut length = || {
        let bits = draw.below(17);
        draw.below(1 << bits)
    };
    let rule =
        Rule { kind, faults, clip: steps & 1 > 0, mix: steps & 2 > 0, norm: length(), radius: length() };
    Case { rule, shape, limits: LIMITS, matrix: bytes(&entries) }
}

/// What is refused, each for a reason of its own; and numbers that obey the checks and are no rows' inner products.
fn bad(draw: &mut Draw) -> Vec<Case> {
    let shape = Shape { updates: 5, previous: true, root: false, history: true };
    let a = rows(draw, Like::Honest, 6);
    let b = rows(draw, Like::Honest, 5);
    let entries = [triangle(&a), triangle(&b)].concat();
    let good = Case {
        rule: Rule { faults: 1, ..Rule::of(Kind::MultiKrum) },
        shape,
        limits: LIMITS,
        matrix: bytes(&entries),
    };
    let mut cases = Vec::new();
    let mut with = |change: &dyn Fn(&mut Case)| {
        let mut case = Case { matrix: good.matrix.clone(), ..good };
        change(&mut case);
        cases.push(case);
    };
    let set = |case: &mut Case, place: usize, value: i64| {
        case.matrix[8 * place..8 * place + 8].copy_from_slice(&value.to_be_bytes())
    };
    with(&|_| ());
    with(&|case| case.shape.updates = 0);
    with(&|case| case.shape.updates = 129);
    with(&|case| case.limits.update = (1 << 62) + 1);
    with(&|case| case.limits.history = u64::MAX);
    with(&|case| case.matrix.truncate(entries.len() * 8 - 1));
    with(&|case| case.matrix.push(0));
    with(&|case| case.shape.history = false);
    with(&|case| case.shape.root = true);
    with(&|case| case.rule.faults = 3);
    with(&|case| case.rule = Rule { mix: true, faults: 255, ..Rule::of(Kind::Average) });
    with(&|case| case.rule.kind = Kind::FlTrust);
    with(&|case| {
        case.rule.kind = Kind::CenteredClipping;
        case.shape = Shape { previous: false, root: true, ..shape };
    });
    // Diagonals: below 0, just above the limit, just at it.
    with(&|case| set(case, 0, -1));
    with(&|case| set(case, 6, i64::MIN));
    with(&|case| case.limits.update = entries[0] as u64 - 1);
    with(&|case| case.limits.history = entries[21] as u64 - 1);
    with(&|case| set(case, 20, (1 << 62) + 1));
    // A reference is held to no participant's limit.
    with(&|case| {
        set(case, 20, 1 << 62);
        case.limits.update = *entries[..20].iter().max().unwrap() as u64;
    });
    // Products: by one too large, and by nothing.
    for (half, start, n) in [(&a, 0, 6), (&b, 21, 5)] {
        let squares: Vec<u128> =
            half.iter().map(|row| row.iter().map(|x| x * x).sum::<i64>() as u128).collect();
        let most = (squares[1] * squares[3]).isqrt() as i64;
        let place = start + n + 2;
        for value in [most, most + 1, -most, -most - 1] {
            with(&|case| set(case, place, value));
        }
    }
    for kind in Kind::ALL {
        // No rows have such a matrix: distances of means and from a median would be below 0.
        let shape = Shape { updates: 7, previous: true, root: true, history: false };
        let mut entries = vec![0; shape.entries()];
        let mut place = 0;
        for i in 0..9 {
            entries[place] = 1 << 40;
            for entry in &mut entries[place + 1..place + 9 - i] {
                *entry = if draw.below(2) > 0 { 1 << 40 } else { -(1 << 40) };
            }
            place += 9 - i;
        }
        for steps in 0..4 {
            let rule = Rule { faults: 2, clip: steps & 1 > 0, mix: steps & 2 > 0, ..Rule::of(kind) };
            cases.push(Case { rule, shape, limits: LIMITS, matrix: bytes(&entries) });
        }
    }
    cases
}
