//! Robust rules that say from the Gram matrix how much each row weighs ([F2.6]): in integers, with a twin in Solidity that gives
//! the same bits.

mod kinds;
mod matrix;
mod steps;

use crate::gram::Gram;
use matrix::Matrix;
use thiserror::Error;

/// D: what the weights of a rule that adds up to one add up to; also one, where a share is in sixteenths of bits.
pub const ONE: u32 = 1 << 16;
/// How many times its length FLTrust may stretch an update. So no weight is above 2^20.
const STRETCH: u128 = 16;

/// What gives rows their weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// All alike; with norm clipping this is the clipped average.
    Average = 0,
    /// What is farther from the previous aggregate than a radius is drawn to it.
    CenteredClipping = 1,
    /// The row with the nearest neighbours.
    Krum = 2,
    /// The `n - f` rows with the nearest neighbours.
    MultiKrum = 3,
    /// Smoothed Weiszfeld, eight rounds from the average.
    GeometricMedian = 4,
    /// As much as it points where the root update points, stretched to its length.
    FlTrust = 5,
}

impl Kind {
    /// All kinds, by number.
    pub const ALL: [Self; 6] = [
        Self::Average,
        Self::CenteredClipping,
        Self::Krum,
        Self::MultiKrum,
        Self::GeometricMedian,
        Self::FlTrust,
    ];
}

/// A rule with its parameters, and what is done before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// What gives rows their weights.
    pub kind: Kind,
    /// f: how many rows may be wrong. Krum, Multi-Krum and mixing need at least `2f + 1` updates.
    pub faults: u8,
    /// Norm clipping before: whether updates that are longer than `norm` are shortened to it.
    pub clip: bool,
    /// Mixing before: whether each row becomes the mean of its `n - f` nearest.
    pub mix: bool,
    /// Norm that is clipped to; 0 for the median of the updates' norms.
    pub norm: u64,
    /// Radius of centered clipping; 0 for the median of the distances.
    pub radius: u64,
}

impl Rule {
    /// Of this kind alone: no faults, no steps before, medians where a length is needed.
    pub fn of(kind: Kind) -> Self {
        Self { kind, faults: 0, clip: false, mix: false, norm: 0, radius: 0 }
    }

    /// Updates that it needs at least.
    pub fn least(&self) -> usize {
        let counts = self.mix || matches!(self.kind, Kind::Krum | Kind::MultiKrum);
        if counts { 2 * usize::from(self.faults) + 1 } else { 1 }
    }

    /// How much every row of half A weighs.
    ///
    /// # Errors
    /// If the rule needs more updates or another reference than the matrix has.
    pub fn weights(&self, gram: &Gram) -> Result<Weights, RuleError> {
        let shape = gram.shape();
        let n = shape.updates;
        if n < self.least() {
            return Err(RuleError::Updates { least: self.least(), got: n, faults: self.faults });
        }
        let previous = shape.previous_row();
        let root = shape.root_row();
        let matrix = Matrix::new(shape.rows(), |i, j| i128::from(gram.at(i, j)));
        let counts = crate::quality::counts(gram);

        let factors = self.clip.then(|| steps::clipping(&matrix, n, self.norm));
        let matrix = match &factors {
            Some(factors) => steps::clipped(&matrix, factors),
            None => matrix,
        };
        let far = self.mix.then(|| steps::far(&matrix, n, usize::from(self.faults)));
        let matrix = match &far {
            Some(far) => steps::mixed(&matrix, far),
            None => matrix,
        };

        let mut own = 0;
        let mut weights = match self.kind {
            Kind::Average => shares(u128::from(ONE), &counts),
            Kind::CenteredClipping => {
                let centre = previous.ok_or(RuleError::NoPrevious)?;
                let weights = kinds::centered_clipping(&matrix, &counts, centre, self.radius);
                own = u128::from(ONE) - weights.iter().sum::<u128>();
                weights
            }
            Kind::Krum => kinds::krum(&matrix, &counts, usize::from(self.faults), 1),
            Kind::MultiKrum => {
                kinds::krum(&matrix, &counts, usize::from(self.faults), n - usize::from(self.faults))
            }
            Kind::GeometricMedian => kinds::geometric_median(&matrix, &counts),
            Kind::FlTrust => kinds::fl_trust(&matrix, &counts, root.ok_or(RuleError::NoRoot)?),
        };
        if let Some(far) = &far {
            weights = steps::unmixed(&weights, far);
        }
        if let Some(factors) = &factors {
            weights = weights.iter().zip(factors).map(|(w, c)| (w * c) >> 16).collect();
        }
        let mut all = vec![0; shape.rows()];
        for (row, weight) in all.iter_mut().zip(weights) {
            // At most 2^20.
            *row = u32::try_from(weight).unwrap_or(u32::MAX);
        }
        if let Some(row) = previous.and_then(|previous| all.get_mut(previous)) {
            *row = u32::try_from(own).unwrap_or(u32::MAX);
        }
        Ok(Weights { updates: n, all })
    }
}

/// `total` in proportion to masses: each its part rounded down, and what is left one each to the first masses that are
/// not 0. All 0 if all masses are. `total` is below 2^32, masses below 2^88.
pub(crate) fn shares(total: u128, masses: &[u128]) -> Vec<u128> {
    let sum: u128 = masses.iter().sum();
    if sum == 0 {
        return vec![0; masses.len()];
    }
    let mut shares: Vec<u128> = masses.iter().map(|mass| total * mass / sum).collect();
    let mut left = total - shares.iter().sum::<u128>();
    for (share, mass) in shares.iter_mut().zip(masses) {
        if left > 0 && *mass > 0 {
            *share += 1;
            left -= 1;
        }
    }
    shares
}

/// The lower median: of an even number of values the lower middle one. 0 of none.
pub(crate) fn lower_median<T: Ord + Copy + Default>(values: &[T]) -> T {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len().saturating_sub(1) / 2).copied().unwrap_or_default()
}

/// How much each row weighs, in parts of [`ONE`]: each at most 2^20, all together at most 2^22.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weights {
    updates: usize,
    all: Vec<u32>,
}

impl Weights {
    /// Of all rows of half A.
    pub fn all(&self) -> &[u32] {
        &self.all
    }

    /// Of the updates.
    pub fn updates(&self) -> &[u32] {
        self.all.get(..self.updates).unwrap_or_default()
    }
}

/// Why a rule gives no weights.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RuleError {
    /// Too few updates for so many faults.
    #[error("with {faults} faults this rule needs at least {least} updates, but {got} came")]
    Updates {
        /// As [`Rule::least`] says.
        least: usize,
        /// What came.
        got: usize,
        /// The rule's f.
        faults: u8,
    },
    /// Centered clipping without a centre.
    #[error("centered clipping needs the previous aggregate as a row")]
    NoPrevious,
    /// FLTrust without a root.
    #[error("FLTrust needs a root update as a row")]
    NoRoot,
}
