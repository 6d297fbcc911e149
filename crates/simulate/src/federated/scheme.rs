//! What makes one update of many: the rules of tasks, and others beside them for comparison.

use super::{ExperimentError, SETS, ranges::Ranges};
use averment_federated::{
    comparison,
    rules::{Kind, Rule},
};

/// Updates of a bucket.
const BUCKET: usize = 2;
/// Rounds of Weiszfeld, as many as the rule of tasks has.
const WEISZFELD: usize = 8;

/// Rules that no task has. They are computed over reals, outside the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// The mean of the `n - f` updates whose farthest two are the nearest (Rousseeuw 1985; El Mhamdi, Guerraoui, Rouault 2018).
    MinimumDiameter,
    /// Less weight for those whose cumulative updates are like another's (Fung, Yoon, Beschastnikh 2020).
    FoolsGold,
    /// Means of buckets of two, drawn anew each round, then the geometric median (Karimireddy, He, Jaggi 2022).
    Bucketing,
    /// The median of each coordinate (Yin et al. 2018).
    CoordinateMedian,
    /// The mean of each coordinate without its f least and f largest values (the same).
    TrimmedMean,
}

impl Comparison {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::MinimumDiameter, Self::FoolsGold, Self::Bucketing, Self::CoordinateMedian, Self::TrimmedMean];
}

/// Whether the chain can hold an aggregator to a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The contract computes its weights from the proved matrix.
    Verified,
    /// The matrix decides it, but no contract has it.
    Comparison,
    /// It looks at single coordinates, of which a matrix of inner products says nothing.
    Unverifiable,
}

impl Standing {
    /// As a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Comparison => "comparison",
            Self::Unverifiable => "unverifiable",
        }
    }
}

/// What makes one update of many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// A rule of tasks.
    Task(Kind),
    /// A rule for comparison.
    Compared(Comparison),
}

impl From<Kind> for Method {
    fn from(kind: Kind) -> Self {
        Self::Task(kind)
    }
}

impl From<Comparison> for Method {
    fn from(comparison: Comparison) -> Self {
        Self::Compared(comparison)
    }
}

impl Method {
    /// All of them, the rules of tasks first.
    pub fn all() -> impl Iterator<Item = Self> {
        Kind::ALL.into_iter().map(Self::Task).chain(Comparison::ALL.into_iter().map(Self::Compared))
    }

    /// As it is called on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Task(Kind::Average) => "average",
            Self::Task(Kind::CenteredClipping) => "centered-clipping",
            Self::Task(Kind::Krum) => "krum",
            Self::Task(Kind::MultiKrum) => "multi-krum",
            Self::Task(Kind::GeometricMedian) => "geometric-median",
            Self::Task(Kind::FlTrust) => "fl-trust",
            Self::Compared(Comparison::MinimumDiameter) => "minimum-diameter",
            Self::Compared(Comparison::FoolsGold) => "fools-gold",
            Self::Compared(Comparison::Bucketing) => "bucketing",
            Self::Compared(Comparison::CoordinateMedian) => "coordinate-median",
            Self::Compared(Comparison::TrimmedMean) => "trimmed-mean",
        }
    }

    /// Whether the chain can hold an aggregator to it.
    pub fn standing(self) -> Standing {
        match self {
            Self::Task(_) => Standing::Verified,
            Self::Compared(Comparison::CoordinateMedian | Comparison::TrimmedMean) => Standing::Unverifiable,
            Self::Compared(_) => Standing::Comparison,
        }
    }
}

/// What decides how much each update counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scheme {
    /// The rule.
    pub method: Method,
    /// Norm clipping before, to the median norm.
    pub clip: bool,
    /// Nearest-neighbour mixing before.
    pub mix: bool,
}

impl Scheme {
    /// The rule alone.
    pub fn of(method: impl Into<Method>) -> Self {
        Self { method: method.into(), clip: false, mix: false }
    }

    /// What is done, in words: `mixing+multi-krum`.
    pub fn name(&self) -> String {
        let clip = if self.clip { "clipping+" } else { "" };
        let mix = if self.mix { "mixing+" } else { "" };
        format!("{clip}{mix}{}", self.method.name())
    }

    /// The task's rule, of which f may be wrong.
    pub(super) fn rule(&self, kind: Kind, faults: u8) -> Rule {
        Rule { faults, clip: self.clip, mix: self.mix, ..Rule::of(kind) }
    }

    /// What a rule for comparison makes of the updates, steps before it included. `order` is a permutation of the rows.
    pub(super) fn compared(
        &self,
        comparison: Comparison,
        faults: usize,
        ranges: &Ranges,
        updates: &[Vec<i32>],
        histories: &[Vec<i64>],
        order: &[usize],
    ) -> Result<Vec<i32>, ExperimentError> {
        let mut rows: Vec<Vec<f64>> = updates.iter().map(|row| ranges.reals(row)).collect();
        if self.clip {
            let length = |row: &Vec<f64>| row.iter().map(|cell| cell * cell).sum::<f64>().sqrt();
            let mut lengths: Vec<f64> = rows.iter().map(length).collect();
            lengths.sort_by(f64::total_cmp);
            let median = lengths.get(lengths.len().saturating_sub(1) / 2).copied().unwrap_or(0.0);
            rows = comparison::clipped(&slices(&rows), median);
        }
        if self.mix {
            rows = comparison::mixed(&slices(&rows), faults);
        }
        let rows = slices(&rows);
        let made = match comparison {
            Comparison::MinimumDiameter => {
                if sets(rows.len(), faults) > SETS {
                    return Err(ExperimentError::Sets { updates: rows.len(), faults });
                }
                comparison::minimum_diameter(&rows, faults)
            }
            Comparison::FoolsGold => {
                let histories: Vec<Vec<f64>> = histories.iter().map(|row| ranges.reals(row)).collect();
                comparison::fools_gold(&rows, &slices(&histories))
            }
            Comparison::Bucketing => {
                let buckets = comparison::bucketed(&rows, order, BUCKET);
                let buckets = slices(&buckets);
                let start = comparison::average(&buckets);
                comparison::geometric_median(&buckets, start, ranges.unit(), WEISZFELD)
            }
            Comparison::CoordinateMedian => comparison::coordinate_median(&rows),
            Comparison::TrimmedMean => comparison::trimmed_mean(&rows, faults),
        };
        Ok(ranges.rounded(&made))
    }
}

fn slices(rows: &[Vec<f64>]) -> Vec<&[f64]> {
    rows.iter().map(Vec::as_slice).collect()
}

/// How many sets of n leave out f.
fn sets(n: usize, f: usize) -> u64 {
    (0..f.min(n)).fold(1u64, |sets, i| sets.saturating_mul((n - i) as u64) / (i as u64 + 1))
}
