//! How much each update of a round is worth, from the Gram matrix alone ([F4.3]): what agrees with others, is not a copy of
//! what is known, and counts once however many send it.

use crate::gram::Gram;
use crate::rules::{ONE, lower_median};

/// What is one, in the wide integers of this module.
const FULL: i128 = ONE as i128;

/// Where a number begins to count, in parts of [`ONE`], and by which power of two it is stretched so that a quarter or a half
/// later it counts in full.
#[derive(Clone, Copy)]
struct Ramp {
    low: i128,
    stretch: u32,
}

impl Ramp {
    /// From `sixteenths` on, in full after `1 / 2^stretch`.
    const fn new(sixteenths: i128, stretch: u32) -> Self {
        Self { low: sixteenths * FULL / 16, stretch }
    }

    fn of(self, value: i128) -> i128 {
        let above = (value - self.low).clamp(0, FULL);
        (above << self.stretch).min(FULL)
    }

    /// Of a value over the median of all; of nothing if the value is 0, in full if only the median is.
    fn relative(self, values: &[i128]) -> Vec<i128> {
        let median = lower_median(values);
        let of = |value: &i128| match (*value, median) {
            (0, _) => 0,
            (_, 0) => FULL,
            (value, median) => self.of((value << 16) / median),
        };
        values.iter().map(of).collect()
    }
}

/// Cosine of two updates' deviations from the mean, of which on two are one and the same.
const SAME_UPDATE: Ramp = Ramp::new(5, 2);
/// The same of cumulative updates, from which chance has gone.
const SAME_HISTORY: Ramp = Ramp::new(10, 2);
/// Agreement with a quarter of the others, over the median's.
const PEERS: Ramp = Ramp::new(6, 1);
/// What is not the previous aggregate, over the median's.
const FRESH: Ramp = Ramp::new(6, 2);
/// Agreement with the sum of the others, over the median's.
const ALIGNED: Ramp = Ramp::new(4, 2);
/// From so many updates on agreement with a quarter of the others is asked for.
const FEWEST_WITH_PEERS: usize = 4;

/// A symmetric matrix of inner products, entries below 2^63, with its rows' lengths.
struct Products {
    n: usize,
    cells: Vec<i128>,
    lengths: Vec<i128>,
}

impl Products {
    fn new(n: usize, entry: impl Fn(usize, usize) -> i128) -> Self {
        let cells: Vec<i128> =
            (0..n).flat_map(|i| (0..n).map(move |j| (i, j))).map(|(i, j)| entry(i, j)).collect();
        let length = |i: usize| cells.get(i * n + i).map_or(0, |square| square.max(&0).isqrt());
        let lengths = (0..n).map(length).collect();
        Self { n, cells, lengths }
    }

    fn at(&self, i: usize, j: usize) -> i128 {
        self.cells.get(i * self.n + j).copied().unwrap_or(0)
    }

    fn length(&self, i: usize) -> i128 {
        self.lengths.get(i).copied().unwrap_or(0)
    }

    /// With the first `count` rows no longer than the median of their lengths; all as they are if that is 0.
    fn shortened(&self, count: usize) -> Self {
        let lengths = self.lengths.get(..count).unwrap_or(&self.lengths);
        let most = lower_median(lengths);
        let factor = |i: usize| match lengths.get(i) {
            Some(length) if *length > most && most > 0 => (most << 16) / length,
            _ => FULL,
        };
        Self::new(self.n, |i, j| self.at(i, j) * factor(i) * factor(j) / (FULL * FULL))
    }

    /// In parts of [`ONE`], rounded toward 0; 0 for what has no length.
    fn cosine(&self, i: usize, j: usize) -> i128 {
        (self.at(i, j) << 16).checked_div(self.length(i) * self.length(j)).unwrap_or(0)
    }

    /// Of the rows' deviations from the mean of those that `count`, times the square of how many these are. Entries stay below 2^79.
    fn centred(&self, count: &[bool]) -> Self {
        let those = |row: &[i128]| row.iter().zip(count).filter(|(_, counts)| **counts).map(|(x, _)| x).sum();
        let n = count.iter().filter(|counts| **counts).count() as i128;
        let sums: Vec<i128> = self.cells.chunks(self.n.max(1)).map(those).collect();
        let all = those(&sums);
        let sum = |i: usize| sums.get(i).copied().unwrap_or(0);
        Self::new(self.n, |i, j| n * n * self.at(i, j) - n * (sum(i) + sum(j)) + all)
    }

    /// Which of the first `count` rows stand: all but those from which two thirds of the others or more point away; all if none does.
    fn standing(&self, count: usize) -> Vec<bool> {
        let against = |i: usize| (0..count).filter(|j| self.at(i, *j) < 0).count();
        let standing: Vec<bool> = (0..count).map(|i| 3 * against(i) < 2 * (count - 1)).collect();
        if standing.contains(&true) { standing } else { vec![true; count] }
    }
}

/// What of two rows is the same: from 0 to [`ONE`], this of a row and itself.
struct Likeness(Products);

impl Likeness {
    fn at(&self, i: usize, j: usize) -> i128 {
        self.0.at(i, j)
    }

    /// How many rows are this one, in parts of [`ONE`].
    fn count(&self, i: usize) -> i128 {
        (0..self.0.n).map(|j| self.at(i, j)).sum()
    }
}

/// How alike the cumulative updates are; `None` without half B.
fn likeness_of_histories(gram: &Gram) -> Option<Likeness> {
    let shape = gram.shape();
    let n = shape.updates;
    shape.history.then(|| {
        let centred =
            Products::new(n, |i, j| i128::from(gram.history_at(i, j))).shortened(n).centred(&vec![true; n]);
        Likeness(Products::new(n, |i, j| if i == j { FULL } else { SAME_HISTORY.of(centred.cosine(i, j)) }))
    })
}

/// How much each update counts in a rule, in parts of [`ONE`]: those whose cumulative updates are alike count as one.
pub(crate) fn counts(gram: &Gram) -> Vec<u128> {
    let likeness = likeness_of_histories(gram);
    let count = |i| match &likeness {
        Some(likeness) => (FULL * FULL / likeness.count(i)) as u128,
        None => FULL as u128,
    };
    (0..gram.shape().updates).map(count).collect()
}

/// The quality of every update: each from 0 to `2^16 / n` for n updates, so that all together are 2^16 at most.
pub fn qualities(gram: &Gram) -> Vec<u32> {
    let shape = gram.shape();
    let n = shape.updates;
    let rows = Products::new(shape.rows(), |i, j| i128::from(gram.at(i, j))).shortened(n);
    let previous = shape.previous_row().filter(|row| rows.at(*row, *row) > 0);

    // What is left of the updates without their part along the previous aggregate. Below 2^63.
    let rest = Products::new(n, |i, j| match previous {
        Some(p) => rows.at(i, j) - rows.at(i, p) * rows.at(j, p) / rows.at(p, p),
        None => rows.at(i, j),
    });
    // Who points away from the rest would move the mean, so that all others deviated from it alike, and take away what they agree in.
    let standing = rows.standing(n);
    let centred = rest.centred(&standing);
    let histories = likeness_of_histories(gram);
    let likeness = Likeness(Products::new(n, |i, j| {
        if i == j {
            return FULL;
        }
        let now = SAME_UPDATE.of(centred.cosine(i, j));
        histories.as_ref().map_or(now, |histories| now.max(histories.at(i, j)))
    }));
    let other = |i: usize, j: usize| FULL - likeness.at(i, j);

    let peers = |i: usize| {
        let of = |j: usize| (rest.cosine(i, j).max(0) * other(i, j)) >> 16;
        let mut agreements: Vec<i128> = (0..n).filter(|j| *j != i).map(of).collect();
        agreements.sort_unstable();
        agreements.iter().rev().take(n.div_ceil(4)).sum::<i128>()
    };
    let peers: Vec<i128> = (0..n).map(peers).collect();
    // Where most agree with nobody in what is new, this says nothing of anybody.
    let peers = match n >= FEWEST_WITH_PEERS && lower_median(&peers) > 0 {
        true => PEERS.relative(&peers),
        false => vec![FULL; n],
    };
    let fresh = |i: usize| {
        let cosine = previous.map_or(0, |p| rows.cosine(i, p).clamp(0, FULL));
        FULL - ((cosine * cosine) >> 16)
    };
    let fresh = FRESH.relative(&(0..n).map(fresh).collect::<Vec<_>>());
    // Others that stand, each once.
    let share = |(j, stands): (usize, &bool)| if *stands { FULL * FULL / likeness.count(j) } else { 0 };
    let shares: Vec<i128> = standing.iter().enumerate().map(share).collect();
    let aligned = |i: usize| {
        // Below 2^87.
        let others =
            shares.iter().enumerate().map(|(j, share)| ((share * other(i, j)) >> 16) * rows.at(i, j));
        others.sum::<i128>().max(0).checked_div(rows.length(i)).unwrap_or(0)
    };
    let aligned = match n > 1 {
        true => ALIGNED.relative(&(0..n).map(aligned).collect::<Vec<_>>()),
        false => vec![FULL; n],
    };
    let factors = peers.iter().zip(&fresh).zip(&aligned).enumerate();
    let quality = factors.map(|(i, ((peers, fresh), aligned))| {
        let quality = (((peers * fresh) >> 16) * aligned) >> 16;
        ((quality << 16) / likeness.count(i) / n as i128) as u32
    });
    quality.collect()
}

#[cfg(test)]
mod tests;
