//! What a validator says of updates that it sees in clear ([F4.3]): how much each of them helps on data of its own, and whether it is
//! work that was not there before. What a validator measures are reals; what it says are parts of [`ONE`].

use crate::rules::{ONE, lower_median};

/// From which part of the median's on what is new counts, and the part by which it counts in full.
const NEW: (f64, f64) = (0.25, 0.5);
/// From so many rounds back a validator remembers updates.
pub const REMEMBERED: usize = 5;
/// So many known vectors at most explain an update.
pub const MOST_KNOWN: usize = 16;
/// And one for so many cells: in few dimensions a handful of vectors explains everything.
const CELLS_A_KNOWN: usize = 8;
/// What counts for nothing of a square: rounding leaves less than this.
const NOTHING: f64 = 1e-9;
/// From this part of the usual gain on an update counts in full: what a handful of examples says of one update among many is mostly
/// whether it helps.
const ENOUGH: f64 = 0.25;
/// What takes as much as so many usual gains is a fault; what only helps nobody, as honest work on unusual data may, is none.
const HARM: f64 = 4.0;

/// What updates of these lengths are multiplied by so that none is longer than the median, as qualities see them. A length that is no
/// number leaves nothing.
pub fn shortening(lengths: &[f64]) -> Vec<f64> {
    let median = median(lengths.iter().copied());
    let factor = |length: &f64| match length {
        length if !length.is_finite() => 0.0,
        length if *length > median && median > 0.0 => median / length,
        _ => 1.0,
    };
    lengths.iter().map(factor).collect()
}

/// Scores of a round's updates. `gains`: the loss on the validator's data of the model with the mean of all updates but this one, each
/// [shortened](shortening), less the loss with the mean of all. `new`: the [news] in
/// each. A value that is no number counts as 0, and so does one that is missing. Where anything gains, 0 is
/// said only of what harms, since it is a strike: of the rest 1 at least, which pays next to nothing.
pub fn scores(gains: &[f64], new: &[f64]) -> Vec<u32> {
    let usual_gain = median(gains.iter().copied().filter(|gain| *gain > 0.0));
    let usual_new = median(new.iter().copied());
    let score = |(i, gain): (usize, &f64)| {
        let harms = *gain < -HARM * usual_gain && usual_gain > 0.0;
        let gain = if *gain > 0.0 { gain / usual_gain / ENOUGH } else { 0.0 };
        let new = new.get(i).copied().filter(|new| *new > 0.0).unwrap_or(0.0);
        // Where most send the same again, who does not has all of it.
        let new = if usual_new > 0.0 { new / usual_new } else { f64::from(new > 0.0) };
        let new = ((new - NEW.0) / (NEW.1 - NEW.0)).clamp(0.0, 1.0);
        // From 0 to 2^16.
        ((gain.clamp(0.0, 1.0) * new * f64::from(ONE)) as u32).max(u32::from(!harms))
    };
    gains.iter().enumerate().map(score).collect()
}

/// Inner products of all rows, row by row. Of rows of several lengths the shortest counts.
pub fn products<R: AsRef<[f64]>>(rows: &[R]) -> Vec<f64> {
    let n = rows.len();
    let mut products = vec![0.0; n * n];
    for (i, a) in rows.iter().enumerate() {
        for (j, b) in rows.iter().enumerate().skip(i) {
            let product = a.as_ref().iter().zip(b.as_ref()).map(|(a, b)| a * b).sum();
            for place in [i * n + j, j * n + i] {
                products.iter_mut().skip(place).take(1).for_each(|cell| *cell = product);
            }
        }
    }
    products
}

/// How much of what is new in each update others found, too, from 0 to 1: the cosine of what [few known vectors](MOST_KNOWN) leave of it
/// with the sum of what they leave of the others, times how much of its length that is; whoever goes against the rest is not
/// among the others. So what is sent again has nothing, be it
/// one's own, another's, several mixed or one under noise: nobody else finds the same noise. Where the others have nothing new,
/// all that one has counts.
///
/// `products` are the [products] of rows: the `updates` of a round, then what was known before in any order, the sum of what each sender
/// sent and everybody's updates of the last [`REMEMBERED`] rounds. `cells` says how many numbers a row has. A product that is
/// no number, or missing, is 0.
pub fn news(products: &[f64], updates: usize, cells: usize) -> Vec<f64> {
    let matrix = Matrix { rows: products.len().isqrt(), cells: products };
    let most = MOST_KNOWN.min(cells / CELLS_A_KNOWN);
    let rests: Vec<Rest> = (0..updates).map(|one| Rest::of(one, updates, &matrix, most)).collect();
    let lengths: Vec<f64> = (0..updates).map(|one| matrix.at(one, one).max(0.0).sqrt()).collect();
    let factors = shortening(&lengths);
    let between: Vec<Vec<f64>> = rests.iter().map(|a| rests.iter().map(|b| a.product(b)).collect()).collect();
    // How much of the sum of those who count a row has, itself not among them.
    let along = |row: &[f64], one: usize, counts: &[bool]| -> f64 {
        let terms = row.iter().zip(&factors).zip(counts).enumerate();
        let others = terms.filter(|(other, (_, counts))| *other != one && **counts);
        others.map(|(_, ((cell, factor), _))| cell * factor).sum()
    };
    let own = |one: usize| {
        between.get(one).and_then(|row| row.get(one)).map_or(0.0, |square| square.max(0.0).sqrt())
    };
    // Who goes against the others would take away what they share: out, the worst first.
    let mut counts = vec![true; between.len()];
    loop {
        let kept = between.iter().zip(&counts).enumerate().filter(|(_, (_, counts))| **counts);
        let cosines =
            kept.map(|(one, (row, _))| (one, along(row, one, &counts) / own(one).max(f64::MIN_POSITIVE)));
        let worst = cosines.min_by(|(_, a), (_, b)| a.total_cmp(b)).filter(|(_, cosine)| *cosine < 0.0);
        let Some((worst, _)) = worst else { break };
        counts.iter_mut().skip(worst).take(1).for_each(|counts| *counts = false);
    }
    let news = |(one, (row, length)): (usize, (&Vec<f64>, &f64))| {
        let sums: Vec<f64> = between.iter().map(|row| along(row, one, &counts)).collect();
        let others = along(&sums, one, &counts).max(0.0).sqrt();
        let shared = if others > 0.0 { along(row, one, &counts) / others } else { own(one) };
        if *length > 0.0 { (shared / length).clamp(0.0, 1.0) } else { 0.0 }
    };
    between.iter().zip(&lengths).enumerate().map(news).collect()
}

/// A square matrix; 0 outside of it, and for what is no number.
struct Matrix<'a> {
    rows: usize,
    cells: &'a [f64],
}

impl Matrix<'_> {
    fn at(&self, i: usize, j: usize) -> f64 {
        let cell = if j < self.rows { self.cells.get(i * self.rows + j) } else { None };
        cell.copied().filter(|cell| cell.is_finite()).unwrap_or(0.0)
    }

    fn row(&self, row: usize) -> Rest {
        Rest {
            products: (0..self.rows).map(|other| self.at(row, other)).collect(),
            parts: (0..self.rows).map(|other| f64::from(u8::from(other == row))).collect(),
        }
    }
}

/// What is left of a row, as a sum of rows.
struct Rest {
    /// Its inner products with all rows.
    products: Vec<f64>,
    /// How much it has of each row.
    parts: Vec<f64>,
}

impl Rest {
    /// Takes from an update one known row after the other, each time the one that has most of what is left (orthogonal matching
    /// pursuit; Pati, Rezaiifar, Krishnaprasad 1993).
    fn of(one: usize, updates: usize, matrix: &Matrix<'_>, most: usize) -> Self {
        let mut rest = matrix.row(one);
        // Of length 1, each at right angles to the others.
        let mut axes: Vec<Self> = Vec::new();
        // What the axes leave of rows' squares.
        let mut squares: Vec<f64> = (0..matrix.rows).map(|row| matrix.at(row, row)).collect();
        let whole = matrix.at(one, one);
        for _ in 0..most {
            let known = rest.products.iter().zip(&squares).enumerate().skip(updates);
            let parts = known.map(|(row, (product, square))| {
                let left = *square > NOTHING * matrix.at(row, row);
                (row, if left { product * product / square } else { 0.0 })
            });
            let best = parts.max_by(|(_, a), (_, b)| a.total_cmp(b));
            let Some((next, _)) = best.filter(|(_, part)| *part > NOTHING * whole) else { break };
            let mut axis = matrix.row(next);
            axes.iter().for_each(|other| axis.less(other.at(next), other));
            let length = axis.at(next).max(f64::MIN_POSITIVE).sqrt();
            axis.products.iter_mut().chain(&mut axis.parts).for_each(|cell| *cell /= length);
            squares.iter_mut().zip(&axis.products).for_each(|(square, cell)| *square -= cell * cell);
            rest.less(axis.at(one), &axis);
            axes.push(axis);
        }
        // What rounding leaves points anywhere.
        if rest.at(one) <= NOTHING * whole {
            rest.products.iter_mut().chain(&mut rest.parts).for_each(|cell| *cell = 0.0);
        }
        rest
    }

    /// The product with a row.
    fn at(&self, row: usize) -> f64 {
        self.products.get(row).copied().unwrap_or(0.0)
    }

    fn less(&mut self, factor: f64, other: &Self) {
        let others = other.products.iter().chain(&other.parts);
        let own = self.products.iter_mut().chain(&mut self.parts);
        own.zip(others).for_each(|(cell, other)| *cell -= factor * other);
    }

    fn product(&self, other: &Self) -> f64 {
        self.products.iter().zip(&other.parts).map(|(product, part)| product * part).sum()
    }
}

/// The lower median of those that are numbers; 0 of none.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    // Bits of floats that are not negative are in their order.
    let bits: Vec<u64> =
        values.filter(|value| value.is_finite()).map(|value| value.max(0.0).to_bits()).collect();
    f64::from_bits(lower_median(&bits))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF: u32 = ONE / 2;

    #[test]
    fn what_harms_scores_nothing_and_the_usual_gain_everything() {
        let scores = scores(&[2.0, 2.0, 9.0, 0.25, 0.0, -7.0, -9.0], &[0.5; 7]);
        assert_eq!(scores, [ONE, ONE, ONE, HALF, 1, 1, 0]);
    }

    #[test]
    fn the_same_again_scores_nothing() {
        let scores = scores(&[1.0; 9], &[0.5, 0.5, 0.5, 0.5, 0.5, 0.25, 0.1875, 0.125, 0.0]);
        assert_eq!(scores[4..], [ONE, ONE, HALF, 1, 1]);
    }

    #[test]
    fn what_is_no_number_counts_as_nothing() {
        let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.0, 1.0];
        assert_eq!(scores(&odd, &[1.0; 5]), [1, ONE, 0, ONE, ONE]);
        assert_eq!(scores(&[1.0; 5], &[f64::NAN, 1.0, -1.0, 1.0]), [1, ONE, 1, ONE, 1]);
        assert_eq!(scores(&[-1.0, 0.0], &[1.0; 2]), [1, 1]);
        assert_eq!(scores(&[], &[]), []);
        assert_eq!(shortening(&[f64::NAN, 1.0, 4.0]), [0.0, 1.0, 0.25]);
        assert_eq!(shortening(&[0.0, 0.0, 4.0]), [1.0; 3]);
    }

    /// What somebody makes of what was known.
    type Sender<'a> = &'a dyn Fn(&[Vec<f64>]) -> Vec<f64>;

    /// Rows of 64 cells: four honest updates of this round that share what is new and have some of their own each, two of the
    /// last round, and `sent`; then what was known, the last round's two.
    fn news_of(sent: Sender<'_>) -> Vec<f64> {
        let cell = |axis: usize, size: f64| -> Vec<f64> {
            (0..64).map(|place| if place == axis { size } else { 0.0 }).collect()
        };
        let sum = |rows: &[Vec<f64>]| -> Vec<f64> {
            (0..64).map(|place| rows.iter().map(|row| row[place]).sum()).collect()
        };
        let known = [sum(&[cell(0, 3.0), cell(10, 1.0)]), sum(&[cell(0, 3.0), cell(11, 1.0)])];
        let honest = |one: usize| sum(&[cell(0, 3.0), cell(1, 1.0), cell(20 + one, 0.5)]);
        let mut rows: Vec<Vec<f64>> = (0..4).map(honest).collect();
        rows.push(sent(&known));
        rows.extend(known);
        news(&products(&rows), 5, 64)
    }

    #[test]
    fn what_was_known_is_no_news_mixed_scaled_or_under_noise() {
        let scaled = |row: &[f64], by: f64| row.iter().map(|cell| cell * by).collect::<Vec<f64>>();
        let noisy = |known: &[Vec<f64>]| {
            let mut noisy = known[0].clone();
            noisy[40] += 1.0;
            noisy
        };
        let mean = |known: &[Vec<f64>]| known[0].iter().zip(&known[1]).map(|(a, b)| (a + b) / 2.0).collect();
        let again: [Sender<'_>; 4] =
            [&|known| known[0].clone(), &|known| scaled(&known[1], -7.0), &mean, &noisy];
        for sent in again {
            let news = news_of(sent);
            assert!(news[..4].iter().all(|honest| *honest > 0.2), "{news:?}");
            assert!(news[4] < 1e-6, "{news:?}");
        }
        // Control: with what others found there are news.
        let news = news_of(&|known| {
            let mut more = known[0].clone();
            more[1] += 1.0;
            more
        });
        assert!(news[4] > 0.5 * news[0], "{news:?}");
    }

    #[test]
    fn where_nobody_else_has_news_ones_own_count() {
        let known = vec![1.0; 64];
        let mut fresh = known.clone();
        fresh[3] = 9.0;
        let rows = [fresh.clone(), known.clone(), known.clone(), known.clone()];
        let found = news(&products(&rows), 3, 64);
        assert!(found[0] > 0.5, "{found:?}");
        assert_eq!(found[1..], [0.0, 0.0]);
        // A first round of one.
        assert_eq!(news(&products(&[fresh]), 1, 64), [1.0]);
    }

    #[test]
    fn who_goes_against_the_others_takes_nothing_from_their_news() {
        let honest = |own: usize| (0..64).map(|cell| f64::from(u8::from(cell == 0 || cell == own))).collect();
        let mut rows: Vec<Vec<f64>> = vec![honest(1), honest(2)];
        rows.push(rows[0].iter().zip(&rows[1]).map(|(a, b)| -(a + b)).collect());
        let found = news(&products(&rows), 3, 64);
        assert!(found[0] > 0.4 && found[1] > 0.4 && found[2] == 0.0, "{found:?}");
    }

    #[test]
    fn nothing_to_compare_is_no_fault() {
        assert_eq!(news(&[], 0, 0), [0.0; 0]);
        assert_eq!(news(&[], 2, 9), [0.0; 2]);
        assert_eq!(news(&[f64::NAN; 4], 2, 9), [0.0; 2]);
        assert_eq!(news(&[1.0; 4], 5, 9)[2..], [0.0; 3]);
        assert_eq!(products(&[vec![1.0, 2.0], vec![3.0]]), [5.0, 3.0, 3.0, 9.0]);
    }

    #[test]
    fn who_alone_sends_something_new_has_all_of_it() {
        assert_eq!(scores(&[1.0; 3], &[0.0, 0.0, 0.3]), [1, 1, ONE]);
    }
}
