//! What is wrong with a manifest, all at once, each with its place and with what to write there.

use super::schema::{Field, Kind, Need};
use std::fmt;

/// What is wrong at one place.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// A field is not there.
    Missing {
        /// The condition that makes it necessary, unless it always is.
        because: Option<&'static str>,
    },
    /// Text with nothing in it, or a list or table without entries.
    Empty,
    /// Another type than the field has.
    WrongType {
        /// What belongs there.
        expected: &'static str,
        /// What is there.
        got: &'static str,
    },
    /// A number outside the field's range, or not finite.
    OutOfRange {
        /// The range in words.
        expected: String,
        /// What is there.
        got: String,
    },
    /// A word that is not one of the field's.
    NotOneOf {
        /// The words.
        expected: &'static [&'static str],
        /// What is there.
        got: String,
    },
    /// Text that is too long.
    TooLong {
        /// Limit in bytes.
        limit: usize,
        /// Length found, in bytes.
        got: usize,
    },
    /// A name that stands for nothing here.
    Unknown {
        /// What it should name.
        expected: String,
        /// What it is.
        got: String,
    },
    /// A name that was taken already.
    Duplicate {
        /// The name.
        got: String,
    },
    /// A path that is absolute, leaves the folder, or is not in plain form.
    NotRelative {
        /// The path.
        got: String,
    },
    /// A key that the program fills in itself.
    Reserved,
    /// A fact that the program had to capture is not there.
    NotCaptured {
        /// Which fact.
        what: &'static str,
    },
}

/// One fault at one place.
#[derive(Debug, Clone, PartialEq)]
pub struct Issue {
    /// Where, as one writes it in TOML: `datasets[0].path`.
    pub path: String,
    /// The line in the TOML text, from 1: the field's own, or for a missing one that of the table it
    /// belongs in. None when the manifest did not come from TOML, or a whole top-level table is missing.
    pub line: Option<usize>,
    /// What is wrong.
    pub fault: Fault,
    /// What one could write there.
    pub hint: Option<String>,
}

impl Issue {
    pub(super) fn new(path: impl Into<String>, fault: Fault) -> Self {
        Self { path: path.into(), line: None, fault, hint: None }
    }

    pub(super) fn about(path: impl Into<String>, fault: Fault, field: &Field) -> Self {
        Self { hint: Some(hint(field)), ..Self::new(path, fault) }
    }
}

fn hint(field: &Field) -> String {
    match field.kind {
        // For a missing table, name what has to be in it.
        Kind::Table(fields) | Kind::Tables(fields) => {
            let needed: Vec<&str> =
                fields.iter().filter(|f| f.need == Need::Required).map(|f| f.name).collect();
            let brackets = if matches!(field.kind, Kind::Tables(_)) { ("[[", "]]") } else { ("[", "]") };
            format!("{}{}{} with {}", brackets.0, field.name, brackets.1, needed.join(", "))
        }
        Kind::Free => format!("[{}] with {}", field.name, field.example),
        _ => format!("{} = {}", field.name, field.example),
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { because: None } => f.write_str("missing"),
            Self::Missing { because: Some(because) } => write!(f, "missing, and needed because {because}"),
            Self::Empty => f.write_str("is empty"),
            Self::WrongType { expected, got } => write!(f, "expected {expected}, got {got}"),
            Self::OutOfRange { expected, got } => write!(f, "expected {expected}, got {got}"),
            Self::NotOneOf { expected, got } => {
                write!(f, "expected one of {}, got {got:?}", expected.join(", "))
            }
            Self::TooLong { limit, got } => write!(f, "at most {limit} bytes allowed, got {got}"),
            Self::Unknown { expected, got } => write!(f, "expected {expected}, got {got:?}"),
            Self::Duplicate { got } => write!(f, "{got:?} is taken already"),
            Self::NotRelative { got } => {
                write!(f, "expected a path inside the folder, parts separated by single '/', got {got:?}")
            }
            Self::Reserved => f.write_str("is captured by the program and not written by hand"),
            Self::NotCaptured { what } => write!(f, "{what} was not captured"),
        }
    }
}

impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        write!(f, "{}: {}", self.path, self.fault)?;
        match &self.hint {
            Some(hint) => write!(f, "; for example: {hint}"),
            None => Ok(()),
        }
    }
}

/// Everything that is wrong, in the order of the format; never empty when it is an error.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Issues(pub Vec<Issue>);

impl fmt::Display for Issues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        write!(f, "{count} {} to put right:", if count == 1 { "thing" } else { "things" })?;
        self.0.iter().try_for_each(|issue| write!(f, "\n  {issue}"))
    }
}

impl std::error::Error for Issues {}
