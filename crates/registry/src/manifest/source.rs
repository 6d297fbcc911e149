//! `model.toml`: what a person writes by hand, read with the line of every field.

use super::{
    MANIFEST_LIMIT, MAX_STATEMENT_DEPTH,
    check::{Stage, check, join},
    issue::{Fault, Issue, Issues},
};
use crate::canonical::{self, MAX_SAFE_INTEGER};
use serde_json::{Map, Number, Value};
use std::collections::BTreeMap;
use thiserror::Error;
use toml::de::{DeInteger, DeTable, DeValue};

/// Why `model.toml` cannot be used.
#[derive(Debug, Error, Clone, PartialEq)]
pub enum SourceError {
    /// Longer than a manifest may be.
    #[error("the manifest may have at most {limit} bytes, got {got}")]
    TooLong {
        /// Limit in bytes.
        limit: usize,
        /// Length in bytes.
        got: usize,
    },
    /// Not TOML.
    #[error("not TOML: line {line}, column {column}: {message}")]
    Syntax {
        /// What the parser says.
        message: String,
        /// Line, from 1.
        line: usize,
        /// Column in bytes, from 1.
        column: usize,
    },
    /// TOML, but not a manifest.
    #[error(transparent)]
    Unfit(#[from] Issues),
}

/// A dataset as `model.toml` names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetSource {
    /// Its name.
    pub name: String,
    /// File or folder, relative to `model.toml`.
    pub path: String,
    /// Whether only a commitment to it is published.
    pub private: bool,
}

/// A checked `model.toml`. What has to be captured for it is named by its methods; the rest of the way to a
/// statement is [`Source::draft`](Self::draft).
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    pub(super) declared: Value,
    pub(super) lines: Lines,
}

/// The line of each field, by its path.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Lines(BTreeMap<String, usize>);

impl Lines {
    /// The line of `path`, or of the nearest table around it.
    pub(super) fn of(&self, path: &str) -> Option<usize> {
        let mut path = path;
        loop {
            if let Some(line) = self.0.get(path) {
                return Some(*line);
            }
            path = path.get(..path.rfind(['.', '['])?)?;
        }
    }
}

impl Source {
    /// Reads and checks `model.toml`. Everything that is missing or wrong is named at once.
    pub fn parse(text: &str) -> Result<Self, SourceError> {
        if text.len() > MANIFEST_LIMIT {
            return Err(SourceError::TooLong { limit: MANIFEST_LIMIT, got: text.len() });
        }
        let table = DeTable::parse(text).map_err(|error| {
            let (line, column) = LineStarts::of(text).position(error.span().map_or(0, |span| span.start));
            SourceError::Syntax { message: error.message().to_owned(), line, column }
        })?;
        let mut reading =
            Reading { starts: LineStarts::of(text), lines: Lines::default(), issues: Vec::new() };
        let declared = reading.table(table.get_ref(), "", 1);
        let Reading { lines, mut issues, .. } = reading;
        issues.extend(check(&declared, Stage::Source));
        for issue in &mut issues {
            issue.line = lines.of(&issue.path);
        }
        if issues.is_empty() { Ok(Self { declared, lines }) } else { Err(Issues(issues).into()) }
    }

    /// The model's name.
    pub fn name(&self) -> &str {
        self.text("model", "name")
    }

    /// The version's number.
    pub fn version(&self) -> &str {
        self.text("model", "version")
    }

    /// Weight files or folders, relative to `model.toml`.
    pub fn artifacts(&self) -> Vec<&str> {
        self.texts("model", "artifacts")
    }

    /// Where the weights can be had: pointers, whose digests are those of the artifacts.
    pub fn locations(&self) -> Vec<&str> {
        self.texts("model", "locations")
    }

    /// Parents: numbers of versions in the registry, or version ids.
    pub fn parents(&self) -> Vec<&str> {
        self.texts("model", "parents")
    }

    /// Scripts that train and export, relative to `model.toml`.
    pub fn entries(&self) -> Vec<&str> {
        self.texts("code", "entry")
    }

    /// Files that pin the software, relative to `model.toml`.
    pub fn lock_files(&self) -> Vec<&str> {
        self.texts("environment", "lock_files")
    }

    /// The datasets, in the order they are written.
    pub fn datasets(&self) -> Vec<DatasetSource> {
        let listed = self.declared.get("datasets").and_then(Value::as_array);
        let text = |dataset: &Value, name: &str| {
            dataset.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let datasets = listed.into_iter().flatten().map(|dataset| DatasetSource {
            name: text(dataset, "name"),
            path: text(dataset, "path"),
            private: text(dataset, "visibility") == "private",
        });
        datasets.collect()
    }

    fn text(&self, table: &str, name: &str) -> &str {
        self.declared.get(table).and_then(|t| t.get(name)).and_then(Value::as_str).unwrap_or_default()
    }

    fn texts(&self, table: &str, name: &str) -> Vec<&str> {
        let listed = self.declared.get(table).and_then(|t| t.get(name)).and_then(Value::as_array);
        listed.into_iter().flatten().filter_map(Value::as_str).collect()
    }
}

/// How deep tables and lists may be nested, the whole file being the first: a statement is one level deeper.
const MAX_DEPTH: usize = MAX_STATEMENT_DEPTH - 1;

/// Whether canonical JSON has a form for it that is read again.
fn is_written_back(number: &Number) -> bool {
    canonical::to_bytes(&Value::Number(number.clone())).is_ok()
}

/// TOML on its way to JSON.
struct Reading {
    starts: LineStarts,
    lines: Lines,
    issues: Vec<Issue>,
}

impl Reading {
    /// `depth` counts the tables and lists around what is in the table.
    fn table(&mut self, table: &DeTable<'_>, path: &str, depth: usize) -> Value {
        let mut entries = Map::new();
        for (key, value) in table {
            let place = join(path, key.get_ref());
            self.note(&place, key.span().start);
            let value = self.value(value.get_ref(), &place, depth);
            entries.insert(key.get_ref().to_string(), value);
        }
        Value::Object(entries)
    }

    fn value(&mut self, value: &DeValue<'_>, place: &str, depth: usize) -> Value {
        match value {
            DeValue::Array(_) | DeValue::Table(_) if depth >= MAX_DEPTH => {
                let expected = format!("tables and lists nested at most {MAX_DEPTH} deep");
                self.refuse(&expected, "a deeper one", place)
            }
            DeValue::String(text) => Value::String(text.to_string()),
            DeValue::Boolean(value) => Value::Bool(*value),
            DeValue::Integer(integer) => self.integer(integer, place),
            DeValue::Float(float) => {
                match float.as_str().replace('_', "").parse().ok().and_then(Number::from_f64) {
                    Some(number) if is_written_back(&number) => Value::Number(number),
                    Some(_) => self.refuse(
                        "a number within ±(2^53 - 1), or from 10^21 on; write others as text",
                        float.as_str(),
                        place,
                    ),
                    None => self.refuse("a finite number", float.as_str(), place),
                }
            }
            // JSON has no dates; RFC 3339 text is how in-toto writes them.
            DeValue::Datetime(datetime) => Value::String(datetime.to_string()),
            DeValue::Array(items) => {
                let items = items.iter().enumerate().map(|(index, item)| {
                    let place = format!("{place}[{index}]");
                    self.note(&place, item.span().start);
                    self.value(item.get_ref(), &place, depth + 1)
                });
                Value::Array(items.collect())
            }
            DeValue::Table(table) => self.table(table, place, depth + 1),
        }
    }

    fn integer(&mut self, integer: &DeInteger<'_>, place: &str) -> Value {
        let parsed = i64::from_str_radix(&integer.as_str().replace('_', ""), integer.radix());
        match parsed {
            Ok(value) if value.unsigned_abs() <= MAX_SAFE_INTEGER => Value::Number(value.into()),
            _ => self.refuse(
                "a whole number within ±(2^53 - 1); write larger ones as text",
                integer.as_str(),
                place,
            ),
        }
    }

    fn refuse(&mut self, expected: &str, got: &str, place: &str) -> Value {
        let fault = Fault::OutOfRange { expected: expected.to_owned(), got: got.to_owned() };
        self.issues.push(Issue::new(place, fault));
        // Stands in so that the field is not reported a second time for its type.
        Value::Number(0.into())
    }

    fn note(&mut self, place: &str, offset: usize) {
        self.lines.0.insert(place.to_owned(), self.starts.position(offset).0);
    }
}

/// Where each line begins, in bytes.
struct LineStarts(Vec<usize>);

impl LineStarts {
    fn of(text: &str) -> Self {
        Self(std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect())
    }

    /// Line and column of a byte offset, both from 1.
    fn position(&self, offset: usize) -> (usize, usize) {
        let line = self.0.partition_point(|start| *start <= offset);
        let start = line.checked_sub(1).and_then(|index| self.0.get(index)).copied().unwrap_or(0);
        (line, offset - start + 1)
    }
}
