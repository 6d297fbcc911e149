//! `averment-explanation/1`: which parts of an input moved a decision, and how that was found.
//!
//! An explanation is no proof: whoever has plan, weights and input can compute it again and get the same numbers, nobody
//! else can check it. It says what it explains, by digests, and its method and baseline by name, so that two of them can be
//! compared. It tells something about the input and the model, and is as private as the record that it stands in.

use crate::canonical::{self, JsonError, JsonLimits, MAX_SAFE_INTEGER};
use averment_primitives::B256;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use thiserror::Error;

/// The most features that are listed.
pub const FEATURES: usize = 256;
/// The most bytes of a name.
const NAME_BYTES: usize = 256;
/// The most bytes of an explanation.
const BYTES: usize = 1 << 16;

/// Which parts of an input moved a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Explanation {
    format: Format,
    /// Digest of the plan.
    pub plan: B256,
    /// Identity of the commitment to the weights; none if they are not committed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<B256>,
    /// Identity of the commitment to the input; none if it is not committed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<B256>,
    /// How effects were found.
    pub method: Method,
    /// What a feature is replaced by.
    pub baseline: Baseline,
    /// What is explained.
    pub target: Target,
    /// How large it is, and all effects: so many times `2^-exponent`.
    pub score: i64,
    /// The scale of all numbers here.
    pub exponent: i8,
    /// The largest effects, largest first; equal ones in the input's order.
    pub features: Vec<Effect>,
    /// How many features with smaller effects are not listed.
    pub others: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Format {
    #[serde(rename = "averment-explanation/1")]
    V1,
}

/// How effects were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Method {
    /// The effect of a feature is how much smaller the target is with the feature at its baseline, and all others as they
    /// are, by the plan's interpreter.
    Occlusion,
}

/// What a feature is replaced by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Baseline {
    /// Its kind.
    pub kind: BaselineKind,
    /// keccak256 of all its values: of the plan's inputs in order, real cells row-major, little-endian `i32`.
    pub digest: B256,
}

/// Kinds of baselines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum BaselineKind {
    /// The mean of the samples that the plan was calibrated with.
    CalibrationMean,
    /// Zero, or what is nearest to it in the declared range.
    Zero,
}

/// What is explained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Target {
    /// Its kind.
    pub kind: TargetKind,
    /// The output's cell: the decision, or the value.
    pub output: u64,
    /// What that cell is called; none if it has no name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

/// Kinds of targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TargetKind {
    /// How far the decision's score is above the largest other one.
    Margin,
    /// The value itself.
    Value,
    /// How far the score is above the smallest one that reaches the threshold; below it, negative.
    Threshold,
}

/// One feature and its effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Effect {
    /// The feature, or the patch.
    pub name: String,
    /// How much smaller the target is without it: positive speaks for the target, negative against.
    pub effect: i64,
}

/// Why something is no explanation.
#[derive(Debug, Error)]
pub enum ExplanationError {
    /// Not strict JSON, or too much of it.
    #[error("the explanation: {0}")]
    Json(#[from] JsonError),
    /// JSON, but not of this form.
    #[error("the explanation: {0}; a newer release of averment may read it")]
    Form(#[from] serde_json::Error),
    /// Read, but another form of what it says.
    #[error("the explanation: digests are 0x and lower-case hexadecimal, and what is none is left out")]
    Spelling,
    /// Too many features.
    #[error("the explanation lists {got} features; 1 to {FEATURES} expected")]
    Features {
        /// How many.
        got: usize,
    },
    /// A name that is empty or too long.
    #[error("the explanation: names have 1 to {NAME_BYTES} bytes, one has {got}")]
    Name {
        /// Its length.
        got: usize,
    },
    /// A number beyond what JSON's readers agree about.
    #[error("the explanation: numbers are whole and at most 2^53 - 1, got {got}")]
    Number {
        /// The number.
        got: i64,
    },
    /// Not in order.
    #[error("the explanation: feature {place} has a larger effect than the one before it")]
    Order {
        /// The place, from 1.
        place: usize,
    },
}

/// Everything that an explanation says, for [`Explanation::new`].
#[derive(Debug, Clone)]
pub struct Parts {
    /// Digest of the plan.
    pub plan: B256,
    /// Identity of the commitment to the weights.
    pub weights: Option<B256>,
    /// Identity of the commitment to the input.
    pub input: Option<B256>,
    /// What a feature is replaced by.
    pub baseline: Baseline,
    /// What is explained.
    pub target: Target,
    /// How large it is.
    pub score: i64,
    /// The scale of all numbers.
    pub exponent: i8,
    /// The effects, in the input's order.
    pub effects: Vec<Effect>,
}

impl Explanation {
    /// An explanation by occlusion that lists at most `listed` features.
    pub fn new(parts: Parts, listed: usize) -> Result<Self, ExplanationError> {
        let Parts { plan, weights, input, baseline, target, score, exponent, mut effects } = parts;
        effects.sort_by_key(|effect| std::cmp::Reverse(effect.effect.unsigned_abs()));
        let others = effects.len().saturating_sub(listed.min(FEATURES));
        effects.truncate(listed.min(FEATURES));
        let others = u64::try_from(others).unwrap_or(u64::MAX);
        let (format, method) = (Format::V1, Method::Occlusion);
        let made = Self {
            format,
            plan,
            weights,
            input,
            method,
            baseline,
            target,
            score,
            exponent,
            features: effects,
            others,
        };
        made.check()?;
        Ok(made)
    }

    /// Reads canonical JSON: exactly the bytes that [`Self::encode`] writes.
    pub fn decode(bytes: &[u8]) -> Result<Self, ExplanationError> {
        Self::from_value(&canonical::parse_canonical(bytes, &limits())?)
    }

    /// Reads a field of a record.
    pub fn from_value(value: &Value) -> Result<Self, ExplanationError> {
        let read = Self::deserialize(value)?;
        read.check()?;
        // Hexadecimal in upper case or without 0x, and null for what is none, would be read as well.
        if read.to_value()? != *value {
            return Err(ExplanationError::Spelling);
        }
        Ok(read)
    }

    /// The canonical JSON.
    pub fn encode(&self) -> Result<Vec<u8>, ExplanationError> {
        Ok(canonical::to_bytes(&self.to_value()?)?)
    }

    /// As a field of a record.
    pub fn to_value(&self) -> Result<Value, ExplanationError> {
        Ok(serde_json::to_value(self)?)
    }

    /// What a number here stands for.
    pub fn real(&self, number: i64) -> f64 {
        number as f64 * (-f64::from(self.exponent)).exp2()
    }

    fn check(&self) -> Result<(), ExplanationError> {
        let got = self.features.len();
        if got == 0 || got > FEATURES {
            return Err(ExplanationError::Features { got });
        }
        let names = self.features.iter().map(|feature| &feature.name).chain(&self.target.label);
        if let Some(name) = names.into_iter().find(|name| name.is_empty() || name.len() > NAME_BYTES) {
            return Err(ExplanationError::Name { got: name.len() });
        }
        let mut before = u64::MAX;
        for (place, feature) in (1..).zip(&self.features) {
            let size = feature.effect.unsigned_abs();
            if size > before {
                return Err(ExplanationError::Order { place });
            }
            before = size;
        }
        let counts = [self.others, self.target.output].map(|count| i64::try_from(count).unwrap_or(i64::MAX));
        let effects = self.features.iter().map(|feature| feature.effect);
        let mut numbers = effects.chain([self.score]).chain(counts);
        match numbers.find(|number| number.unsigned_abs() > MAX_SAFE_INTEGER) {
            Some(got) => Err(ExplanationError::Number { got }),
            None => Ok(()),
        }
    }
}

fn limits() -> JsonLimits {
    JsonLimits { bytes: BYTES, ..JsonLimits::default() }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Occlusion => f.write_str("occlusion"),
        }
    }
}

impl fmt::Display for BaselineKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CalibrationMean => f.write_str("the mean of the calibration samples"),
            Self::Zero => f.write_str("zero"),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            TargetKind::Margin => "the margin of ",
            TargetKind::Value => "the value of ",
            TargetKind::Threshold => "the distance above the threshold of ",
        })?;
        match &self.label {
            Some(label) => f.write_str(label),
            None => write!(f, "output {}", self.output),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(effects: &[i64]) -> Parts {
        let effect = |(place, effect): (usize, &i64)| Effect { name: format!("f{place}"), effect: *effect };
        Parts {
            plan: B256::repeat_byte(1),
            weights: Some(B256::repeat_byte(2)),
            input: None,
            baseline: Baseline { kind: BaselineKind::CalibrationMean, digest: B256::repeat_byte(3) },
            target: Target { kind: TargetKind::Margin, output: 1, label: Some("malignant".to_owned()) },
            score: 40,
            exponent: 3,
            effects: effects.iter().enumerate().map(effect).collect(),
        }
    }

    #[test]
    fn the_largest_effects_are_listed_and_the_others_counted() {
        let made = Explanation::new(parts(&[1, -9, 0, 9, 4]), 3).unwrap();
        let listed: Vec<_> = made.features.iter().map(|f| (f.name.as_str(), f.effect)).collect();
        assert_eq!(listed, [("f1", -9), ("f3", 9), ("f4", 4)]);
        assert_eq!((made.others, made.real(made.score)), (2, 5.0));
        assert_eq!(Explanation::decode(&made.encode().unwrap()).unwrap(), made);
        assert_eq!(made.target.to_string(), "the margin of malignant");
    }

    #[test]
    fn what_is_none_is_refused_by_what_is_wrong() {
        assert!(matches!(Explanation::new(parts(&[]), 3), Err(ExplanationError::Features { got: 0 })));
        let made = Explanation::new(parts(&[5, 4]), 3).unwrap();
        let refused = |edit: &dyn Fn(&mut Explanation)| {
            let mut changed = made.clone();
            edit(&mut changed);
            Explanation::from_value(&changed.to_value().unwrap()).unwrap_err()
        };
        assert!(matches!(refused(&|e| e.features.reverse()), ExplanationError::Order { place: 2 }));
        assert!(matches!(refused(&|e| e.features[0].name.clear()), ExplanationError::Name { got: 0 }));
        assert!(matches!(
            refused(&|e| e.features[1].name = "x".repeat(257)),
            ExplanationError::Name { got: 257 }
        ));
        assert!(matches!(refused(&|e| e.score = i64::MIN), ExplanationError::Number { .. }));
        assert!(matches!(refused(&|e| e.others = u64::MAX), ExplanationError::Number { .. }));
        let many = Effect { name: "x".to_owned(), effect: 0 };
        assert!(matches!(
            refused(&|e| e.features.extend(vec![many.clone(); FEATURES])),
            ExplanationError::Features { got: 258 }
        ));
        let mut value = made.to_value().unwrap();
        value["format"] = "averment-explanation/2".into();
        assert!(matches!(Explanation::from_value(&value), Err(ExplanationError::Form(_))));
        let mut value = made.to_value().unwrap();
        value["more"] = 1.into();
        assert!(matches!(Explanation::from_value(&value), Err(ExplanationError::Form(_))));
        assert!(matches!(Explanation::decode(b"{ }"), Err(ExplanationError::Json(_))));
    }

    #[test]
    fn an_explanation_has_one_form() {
        let made = Explanation::new(parts(&[5, 4]), 3).unwrap();
        let digits = "ab".repeat(32);
        let with = |field: &str, value: Value| {
            let mut changed = made.to_value().unwrap();
            changed[field] = value;
            Explanation::decode(&canonical::to_bytes(&changed).unwrap())
        };
        assert!(with("plan", format!("0x{digits}").into()).is_ok());
        for other in [digits.clone(), format!("0X{digits}"), format!("0x{}", digits.to_uppercase())] {
            assert!(matches!(with("plan", other.into()), Err(ExplanationError::Spelling)));
        }
        assert!(matches!(with("input", Value::Null), Err(ExplanationError::Spelling)));
    }
}
