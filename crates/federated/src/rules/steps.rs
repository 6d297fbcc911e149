//! What is done to rows before a rule sees them, and undone to its weights.

use super::{ONE, lower_median, matrix::Matrix, shares};

/// What every update is multiplied by so that its length is at most `norm` (or the median, if that is 0), in parts of [`ONE`].
pub(super) fn clipping(matrix: &Matrix, updates: usize, norm: u64) -> Vec<u128> {
    let lengths: Vec<u128> = (0..updates).map(|i| matrix.square(i).isqrt()).collect();
    let most = if norm == 0 { lower_median(&lengths) } else { u128::from(norm) };
    lengths.iter().map(|length| factor(*length, most)).collect()
}

/// `min(1, most / length)` in parts of [`ONE`], rounded down.
pub(super) fn factor(length: u128, most: u128) -> u128 {
    if length <= most { u128::from(ONE) } else { (most << 16) / length }
}

/// The matrix of the updates times their factors; references stay. Entries are rounded toward 0.
pub(super) fn clipped(matrix: &Matrix, factors: &[u128]) -> Matrix {
    let factor = |row: usize| factors.get(row).map_or(1 << 16, |factor| *factor as i128);
    // Below 2^94.
    Matrix::new(matrix.rows(), |i, j| matrix.at(i, j) * factor(i) * factor(j) / (1 << 32))
}

/// For every update which `faults` updates are the farthest from it: of equally far ones the higher rows. The others are
/// its neighbours.
pub(super) fn far(matrix: &Matrix, updates: usize, faults: usize) -> Vec<Vec<bool>> {
    let far = |i: usize| {
        let mut order: Vec<(u128, usize)> = (0..updates).map(|j| (matrix.distance(i, j), j)).collect();
        order.sort_unstable();
        let mut far = vec![false; updates];
        for (_, j) in order.iter().rev().take(faults) {
            if let Some(far) = far.get_mut(*j) {
                *far = true;
            }
        }
        far
    };
    (0..updates).map(far).collect()
}

/// The matrix of the means over neighbours; references stay. Entries are rounded toward 0.
pub(super) fn mixed(matrix: &Matrix, far: &[Vec<bool>]) -> Matrix {
    let neighbours: Vec<Vec<usize>> = far.iter().map(|far| near(far)).collect();
    // What row i of the mixed matrix sums over, and by what its sum is divided.
    let members = |i: usize| neighbours.get(i).cloned().unwrap_or_else(|| vec![i]);
    // Half way: sums over the neighbours of i, with column j as it was. At most 2^69.
    let half = {
        let rows = (0..matrix.rows()).map(members);
        let sum = |members: Vec<usize>| {
            (0..matrix.rows()).map(|j| members.iter().map(|a| matrix.at(*a, j)).sum()).collect::<Vec<i128>>()
        };
        rows.map(sum).collect::<Vec<_>>()
    };
    Matrix::new(matrix.rows(), |i, j| {
        let (first, second) = (members(i), members(j));
        let row = half.get(i).map(Vec::as_slice).unwrap_or_default();
        let sum: i128 = second.iter().filter_map(|b| row.get(*b)).sum();
        sum / (first.len() * second.len()) as i128
    })
}

fn near(far: &[bool]) -> Vec<usize> {
    far.iter().enumerate().filter(|(_, far)| !**far).map(|(j, _)| j).collect()
}

/// Weights of the rows of weights of their means: the same in all.
pub(super) fn unmixed(weights: &[u128], far: &[Vec<bool>]) -> Vec<u128> {
    let mut masses = vec![0; weights.len()];
    for (weight, far) in weights.iter().zip(far) {
        for j in near(far) {
            if let Some(mass) = masses.get_mut(j) {
                *mass += weight;
            }
        }
    }
    shares(weights.iter().sum(), &masses)
}
