//! The rules themselves: from a matrix and how much each update counts (in parts of [`ONE`]) to weights.

use super::{ONE, STRETCH, lower_median, matrix::Matrix, shares, steps::factor};

/// Weights of the updates; what is missing to [`ONE`] is the centre's.
pub(super) fn centered_clipping(matrix: &Matrix, counts: &[u128], centre: usize, radius: u64) -> Vec<u128> {
    let distances: Vec<u128> = (0..counts.len()).map(|i| matrix.distance(i, centre).isqrt()).collect();
    let most = if radius == 0 { lower_median(&distances) } else { u128::from(radius) };
    let even = shares(u128::from(ONE), counts);
    even.iter().zip(distances).map(|(share, distance)| (share * factor(distance, most)) >> 16).collect()
}

/// The `chosen` updates with the least sum of squared distances to their `n - f - 1` nearest others.
pub(super) fn krum(matrix: &Matrix, counts: &[u128], faults: usize, chosen: usize) -> Vec<u128> {
    let n = counts.len();
    let score = |i: usize| {
        let mut distances: Vec<u128> = (0..n).filter(|j| *j != i).map(|j| matrix.distance(i, j)).collect();
        distances.sort_unstable();
        // Below 2^72.
        distances.iter().take(n.saturating_sub(faults + 1)).sum::<u128>()
    };
    let mut order: Vec<(u128, usize)> = (0..n).map(|i| (score(i), i)).collect();
    order.sort_unstable();
    let mut masses = vec![0; n];
    for (_, i) in order.into_iter().take(chosen) {
        if let (Some(mass), Some(count)) = (masses.get_mut(i), counts.get(i)) {
            *mass = *count;
        }
    }
    shares(u128::from(ONE), &masses)
}

/// Eight rounds of Weiszfeld from the average. A distance counts as one unit at least.
pub(super) fn geometric_median(matrix: &Matrix, counts: &[u128]) -> Vec<u128> {
    /// What the weights of a point between the rows add up to.
    const W: u128 = 1 << 24;
    let n = counts.len();
    let mut masses = counts.to_vec();
    for _ in 0..8 {
        let weights = shares(W, &masses);
        // W <row_i, z>, z the weighted mean: at most 2^86.
        let products: Vec<i128> = (0..n)
            .map(|i| weights.iter().enumerate().map(|(j, weight)| matrix.at(i, j) * *weight as i128).sum())
            .collect();
        // W^2 |z|^2: at most 2^110.
        let square: i128 = products.iter().zip(&weights).map(|(product, w)| product * *w as i128).sum();
        masses = products
            .iter()
            .zip(counts)
            .enumerate()
            .map(|(i, (product, count))| {
                let w = W as i128;
                let distance = w * w * matrix.at(i, i) - 2 * w * product + square;
                // W times the distance.
                let distance = u128::try_from(distance).unwrap_or(0).isqrt().max(W);
                (count << 80) / distance
            })
            .collect();
    }
    shares(u128::from(ONE), &masses)
}

/// The positive part of the cosine with the root over the sum of these, stretched or shrunk to the root's length.
pub(super) fn fl_trust(matrix: &Matrix, counts: &[u128], root: usize) -> Vec<u128> {
    let length = |row: usize| matrix.square(row).isqrt();
    let trust: Vec<u128> = counts
        .iter()
        .enumerate()
        .map(|(i, count)| {
            let product = u128::try_from(matrix.at(i, root)).unwrap_or(0);
            // Below 2^95.
            ((count * product) << 16).checked_div(length(i) * length(root)).unwrap_or(0)
        })
        .collect();
    let parts = shares(u128::from(ONE), &trust);
    let most = STRETCH << 16;
    let stretched = parts.iter().enumerate().map(|(i, part)| {
        let stretch = (length(root) << 16).checked_div(length(i)).unwrap_or(0).min(most);
        (part * stretch) >> 16
    });
    stretched.collect()
}
