//! Closed integer intervals.

/// All integers from `low` to `high`, both included. Arithmetic is exact: the operands that plans allow stay far
/// below what 128 bits hold, and beyond that it saturates, which only widens an interval that is refused anyway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Range {
    /// The smallest value.
    pub low: i128,
    /// The largest value; not below `low`.
    pub high: i128,
}

impl Range {
    /// The interval that holds 0 only.
    pub const ZERO: Self = Self { low: 0, high: 0 };

    /// From one end to the other, in whichever order they come.
    pub fn between(a: i128, b: i128) -> Self {
        Self { low: a.min(b), high: a.max(b) }
    }

    /// Signed integers of `bits` bits.
    pub fn signed(bits: u8) -> Self {
        let half = 1i128 << bits.clamp(1, 100).saturating_sub(1);
        Self { low: -half, high: half.saturating_sub(1) }
    }

    /// All sums of one value of each.
    pub fn plus(self, other: Self) -> Self {
        Self { low: self.low.saturating_add(other.low), high: self.high.saturating_add(other.high) }
    }

    /// All values times `factor`.
    pub fn times(self, factor: i128) -> Self {
        Self::between(self.low.saturating_mul(factor), self.high.saturating_mul(factor))
    }

    /// All values negated.
    pub fn negated(self) -> Self {
        self.times(-1)
    }

    /// The smallest interval around both.
    pub fn hull(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.max(other.high) }
    }

    /// The smallest interval around this one and 0.
    pub fn with_zero(self) -> Self {
        self.hull(Self::ZERO)
    }

    /// Whether every value of `other` is one of these.
    pub fn contains(self, other: Self) -> bool {
        self.low <= other.low && other.high <= self.high
    }

    /// The largest absolute value.
    pub fn magnitude(self) -> i128 {
        self.low.saturating_abs().max(self.high.saturating_abs())
    }

    /// Every value `x` becomes `floor((x + 2^(shift-1)) / 2^shift)`, or stays for shift 0.
    pub fn rescaled(self, shift: u8) -> Self {
        let half = if shift == 0 { 0 } else { 1i128 << (shift.min(100) - 1) };
        let step = |value: i128| value.saturating_add(half) >> shift.min(100);
        Self { low: step(self.low), high: step(self.high) }
    }
}
