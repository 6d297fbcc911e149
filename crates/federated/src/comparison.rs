//! Rules over reals: the definitions to which the rules in integers are held ([`crate::rules`]), with the parameters that other
//! libraries choose otherwise; and rules that the chain cannot check from a Gram matrix, for comparison in simulations.
//!
//! Rows are of one length; what a shorter row lacks counts as not there. A row that is not finite makes sums that are not: who
//! decodes rows refuses those.

/// A row per update.
pub type Rows<'a> = [&'a [f64]];

/// The mean.
pub fn average(rows: &Rows) -> Vec<f64> {
    weighted(rows, &vec![1.0; rows.len()])
}

/// `Σ w_i x_i / Σ w_i`; nothing but zeros if that is 0.
pub fn weighted(rows: &Rows, weights: &[f64]) -> Vec<f64> {
    let mut sum = vec![0.0; rows.first().map_or(0, |row| row.len())];
    let total: f64 = weights.iter().sum();
    if total == 0.0 {
        return sum;
    }
    for (row, weight) in rows.iter().zip(weights) {
        for (sum, cell) in sum.iter_mut().zip(*row) {
            *sum += weight * cell;
        }
    }
    sum.iter_mut().for_each(|sum| *sum /= total);
    sum
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn square_of_distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum()
}

fn distances(rows: &Rows) -> Vec<Vec<f64>> {
    rows.iter().map(|a| rows.iter().map(|b| square_of_distance(a, b)).collect()).collect()
}

/// Indices by value, of equals the lower first.
fn ascending(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    let value = |i: &usize| values.get(*i).copied().unwrap_or(f64::NAN);
    order.sort_by(|i, j| value(i).total_cmp(&value(j)).then(i.cmp(j)));
    order
}

fn mean_of(rows: &Rows, chosen: &[usize]) -> Vec<f64> {
    let rows: Vec<&[f64]> = chosen.iter().filter_map(|i| rows.get(*i).copied()).collect();
    average(&rows)
}

/// The mean of the `chosen` rows with the least sum of squared distances to their `neighbours` nearest others. Krum chooses one,
/// Multi-Krum `n - f`; here and in ByzFL neighbours are `n - f - 1`, as first published `n - f - 2`.
pub fn krum(rows: &Rows, neighbours: usize, chosen: usize) -> Vec<f64> {
    let score = |(i, line): (usize, Vec<f64>)| {
        let mut others: Vec<f64> =
            line.into_iter().enumerate().filter(|(j, _)| *j != i).map(|(_, d)| d).collect();
        others.sort_by(f64::total_cmp);
        others.iter().take(neighbours).sum()
    };
    let scores: Vec<f64> = distances(rows).into_iter().enumerate().map(score).collect();
    let order = ascending(&scores);
    mean_of(rows, order.get(..chosen.min(order.len())).unwrap_or_default())
}

/// Smoothed Weiszfeld from `start`: a distance counts as `least` at least.
pub fn geometric_median(rows: &Rows, start: Vec<f64>, least: f64, rounds: usize) -> Vec<f64> {
    let mut point = start;
    for _ in 0..rounds {
        let weight = |row: &&[f64]| 1.0 / square_of_distance(row, &point).sqrt().max(least);
        let weights: Vec<f64> = rows.iter().map(weight).collect();
        point = weighted(rows, &weights);
    }
    point
}

/// `centre + mean of min(1, radius / |x_i - centre|) (x_i - centre)`, `rounds` times.
pub fn centered_clipping(rows: &Rows, centre: Vec<f64>, radius: f64, rounds: usize) -> Vec<f64> {
    let mut centre = centre;
    for _ in 0..rounds {
        let clip = |row: &&[f64]| {
            let distance = square_of_distance(row, &centre).sqrt();
            let factor = if distance > radius { radius / distance } else { 1.0 };
            row.iter().zip(&centre).map(|(x, c)| factor * (x - c)).collect::<Vec<f64>>()
        };
        let steps: Vec<Vec<f64>> = rows.iter().map(clip).collect();
        let steps: Vec<&[f64]> = steps.iter().map(Vec::as_slice).collect();
        let step = average(&steps);
        centre.iter_mut().zip(step).for_each(|(c, step)| *c += step);
    }
    centre
}

/// `Σ relu(cos(x_i, root)) |root| / |x_i| x_i` over the sum of the relus.
pub fn fl_trust(rows: &Rows, root: &[f64]) -> Vec<f64> {
    let length = dot(root, root).sqrt();
    let trust = |row: &&[f64]| {
        let own = dot(row, row).sqrt();
        if own == 0.0 || length == 0.0 {
            (0.0, 0.0)
        } else {
            ((dot(row, root) / (own * length)).max(0.0), length / own)
        }
    };
    let trust: Vec<(f64, f64)> = rows.iter().map(trust).collect();
    let stretched: Vec<Vec<f64>> = rows
        .iter()
        .zip(&trust)
        .map(|(row, (_, stretch))| row.iter().map(|x| x * stretch).collect())
        .collect();
    let stretched: Vec<&[f64]> = stretched.iter().map(Vec::as_slice).collect();
    weighted(&stretched, &trust.iter().map(|(trust, _)| *trust).collect::<Vec<_>>())
}

/// Every row shortened to `norm` where it is longer.
pub fn clipped(rows: &Rows, norm: f64) -> Vec<Vec<f64>> {
    let clip = |row: &&[f64]| {
        let own = dot(row, row).sqrt();
        let factor = if own > norm { norm / own } else { 1.0 };
        row.iter().map(|x| factor * x).collect()
    };
    rows.iter().map(clip).collect()
}

/// Nearest-neighbour mixing: every row becomes the mean of its `n - f` nearest, itself among them.
pub fn mixed(rows: &Rows, faults: usize) -> Vec<Vec<f64>> {
    let near = |line: Vec<f64>| {
        let order = ascending(&line);
        mean_of(rows, order.get(..rows.len().saturating_sub(faults)).unwrap_or_default())
    };
    distances(rows).into_iter().map(near).collect()
}

/// Minimum-diameter averaging: the mean of the `n - f` rows of which the farthest two are the nearest; of several such sets the
/// first in lexicographic order. It tries all sets: not for the chain, and not for many rows.
pub fn minimum_diameter(rows: &Rows, faults: usize) -> Vec<f64> {
    let distances = distances(rows);
    let mut best = Diameter { most: f64::INFINITY, set: (0..rows.len().saturating_sub(faults)).collect() };
    let mut set = Vec::new();
    best.extend(&distances, rows.len().saturating_sub(faults), 0, 0.0, &mut set);
    mean_of(rows, &best.set)
}

struct Diameter {
    most: f64,
    set: Vec<usize>,
}

impl Diameter {
    /// Extends a set of rows below `from` and the diameter `most` to all of `size` that may still be better.
    fn extend(&mut self, distances: &[Vec<f64>], size: usize, from: usize, most: f64, set: &mut Vec<usize>) {
        if set.len() == size {
            (self.most, self.set) = (most, set.clone());
            return;
        }
        for next in from..distances.len() {
            let to =
                |other: &usize| distances.get(next).and_then(|line| line.get(*other)).copied().unwrap_or(0.0);
            let wider = set.iter().map(to).fold(most, f64::max);
            if wider < self.most {
                set.push(next);
                self.extend(distances, size, next + 1, wider, set);
                set.pop();
            }
        }
    }
}

/// The median of every coordinate, of an even number the mean of the middle two. **Cannot be checked from a Gram matrix**.
pub fn coordinate_median(rows: &Rows) -> Vec<f64> {
    coordinates(rows, |values| {
        let n = values.len();
        let at = |i: usize| values.get(i).copied().unwrap_or(0.0);
        (at(n.saturating_sub(1) / 2) + at(n / 2)) / 2.0
    })
}

/// The mean of every coordinate without its `faults` least and largest values. **Cannot be checked from a Gram matrix**.
pub fn trimmed_mean(rows: &Rows, faults: usize) -> Vec<f64> {
    coordinates(rows, |values| {
        let kept = values.get(faults..values.len().saturating_sub(faults)).unwrap_or_default();
        kept.iter().sum::<f64>() / kept.len().max(1) as f64
    })
}

fn coordinates(rows: &Rows, of: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let cells = rows.first().map_or(0, |row| row.len());
    let mut values = Vec::with_capacity(rows.len());
    let each = |cell: usize| {
        values.clear();
        values.extend(rows.iter().filter_map(|row| row.get(cell)));
        values.sort_by(f64::total_cmp);
        of(&values)
    };
    (0..cells).map(each).collect()
}

/// The means of buckets of `size` rows in the order given, which is a permutation drawn elsewhere.
pub fn bucketed(rows: &Rows, order: &[usize], size: usize) -> Vec<Vec<f64>> {
    order.chunks(size.max(1)).map(|bucket| mean_of(rows, bucket)).collect()
}

/// FoolsGold: weights from the cosines of cumulative updates, less for who is like another.
pub fn fools_gold(rows: &Rows, histories: &Rows) -> Vec<f64> {
    let n = histories.len();
    let length: Vec<f64> = histories.iter().map(|row| dot(row, row).sqrt()).collect();
    let length = |i: usize| length.get(i).copied().unwrap_or(0.0);
    let history = |i: usize| histories.get(i).copied().unwrap_or_default();
    let cosine = |i: usize, j: usize| {
        let by = length(i) * length(j);
        if by == 0.0 { 0.0 } else { dot(history(i), history(j)) / by }
    };
    let cosines: Vec<Vec<f64>> =
        (0..n).map(|i| (0..n).map(|j| if i == j { 0.0 } else { cosine(i, j) }).collect()).collect();
    let most: Vec<f64> = cosines.iter().map(|line| line.iter().copied().fold(0.0, f64::max)).collect();
    let most = |i: usize| most.get(i).copied().unwrap_or(0.0);
    // Who is less like others than one's likest is pardoned.
    let pardoned = |(i, line): (usize, &Vec<f64>)| {
        let each = line.iter().enumerate().map(|(j, cosine)| {
            if most(i) < most(j) && most(j) > 0.0 { cosine * most(i) / most(j) } else { *cosine }
        });
        (1.0 - each.fold(0.0, f64::max)).clamp(0.0, 1.0)
    };
    let weights: Vec<f64> = cosines.iter().enumerate().map(pardoned).collect();
    let largest = weights.iter().copied().fold(0.0, f64::max);
    let logit = |weight: f64| {
        let scaled = if largest > 0.0 { (weight / largest).min(0.99) } else { 0.0 };
        if scaled <= 0.0 { 0.0 } else { ((scaled / (1.0 - scaled)).ln() + 0.5).clamp(0.0, 1.0) }
    };
    weighted(rows, &weights.into_iter().map(logit).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests;
