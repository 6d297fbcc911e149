//! `averment-record/1`: what is kept about a run, a decision or an event (docs/formats.md, "Log").
//!
//! A record is one canonical JSON object (RFC 8785) with the fields `format`, `kind`, `at`, `version` and
//! whatever else its maker has to say. It stays private; a log publishes [`Record::commit`], the salted leaf.
//! So its bytes are a commitment's opening: a record that was read encodes back to the same bytes.

use crate::canonical::{self, JsonError, JsonLimits, MAX_SAFE_INTEGER};
use averment_primitives::{Salt, SaltedLeaf, VersionId};
use serde_json::{Map, Value};
use std::{fmt, str::FromStr};
use thiserror::Error;

const FORMAT: &str = "averment-record/1";

/// What a record may hold at most, in bytes; anything bigger is stored elsewhere and referred to by its digest.
pub const MAX_RECORD_BYTES: usize = 1 << 16;

/// What a record is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordKind {
    /// A training or evaluation run.
    Run,
    /// A decision about somebody or something; always by a version.
    Decision,
    /// Anything else worth keeping, such as an incident.
    Event,
    /// Another record was erased: its field `erased` has the index, and nothing says what it was.
    Erasure,
    /// Nothing; it hides how many of the others there are. All are the same bytes.
    Padding,
}

impl RecordKind {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::Run, Self::Decision, Self::Event, Self::Erasure, Self::Padding];

    /// Its name in the format.
    pub fn name(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Decision => "decision",
            Self::Event => "event",
            Self::Erasure => "erasure",
            Self::Padding => "padding",
        }
    }
}

impl fmt::Display for RecordKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for RecordKind {
    type Err = RecordError;
    fn from_str(text: &str) -> Result<Self, RecordError> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == text)
            .ok_or_else(|| RecordError::Kind { got: text.chars().take(64).collect() })
    }
}

/// Why something is no record.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum RecordError {
    /// Not strict, canonical JSON, or too much of it.
    #[error("the record: {0}")]
    Json(#[from] JsonError),
    /// JSON, but no object.
    #[error("the record must be a JSON object")]
    NotObject,
    /// Another format.
    #[error(
        "the record: expected the format {FORMAT}, got {got:?}; a newer release of \
         averment may read it"
    )]
    Format {
        /// The start of what was found.
        got: String,
    },
    /// A kind that this release does not know.
    #[error(
        "the record: expected the kind run, decision, event, erasure or padding, got {got:?}; a newer release of averment may read it"
    )]
    Kind {
        /// The start of what was found.
        got: String,
    },
    /// A field is missing or is not what its name promises.
    #[error("the record of kind {kind}: {field} must be {expected}")]
    Field {
        /// The record's kind.
        kind: RecordKind,
        /// The field.
        field: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// The maker's fields have a name that the format uses itself.
    #[error("the record's own fields may not include {field:?}, which the format sets")]
    Reserved {
        /// The name.
        field: &'static str,
    },
}

/// One record. Its contents may be personal: `Debug` shows kind, time and version only.
#[derive(Clone, PartialEq)]
pub struct Record {
    kind: RecordKind,
    at: Option<u64>,
    version: Option<VersionId>,
    content: Map<String, Value>,
    text: String,
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("kind", &self.kind)
            .field("at", &self.at)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl Record {
    /// A run, decision or event at second `at` of Unix time about `version` (a decision needs one), with
    /// `fields` beside them.
    pub fn new(
        kind: RecordKind,
        at: u64,
        version: Option<VersionId>,
        fields: Map<String, Value>,
    ) -> Result<Self, RecordError> {
        for field in ["format", "kind", "at", "version"] {
            if fields.contains_key(field) {
                return Err(RecordError::Reserved { field });
            }
        }
        let mut content = fields;
        content.insert("format".into(), FORMAT.into());
        content.insert("kind".into(), kind.name().into());
        content.insert("at".into(), at.into());
        if let Some(version) = version {
            content.insert("version".into(), version.to_string().into());
        }
        Self::decode(&canonical::to_bytes(&Value::Object(content))?)
    }

    /// That the record with index `erased` was erased at second `at` of Unix time.
    pub fn erasure(at: u64, erased: u64) -> Result<Self, RecordError> {
        let fields = Map::from_iter([("erased".to_owned(), erased.into())]);
        Self::new(RecordKind::Erasure, at, None, fields)
    }

    /// The one record of kind padding.
    pub fn padding() -> Self {
        let fields = [("format", FORMAT), ("kind", "padding")];
        let content = Map::from_iter(fields.map(|(name, value)| (name.to_owned(), value.into())));
        let text = format!(r#"{{"format":"{FORMAT}","kind":"padding"}}"#);
        Self { kind: RecordKind::Padding, at: None, version: None, content, text }
    }

    /// Reads a record; only its one form is accepted.
    pub fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        let value = canonical::parse_canonical(bytes, &JsonLimits { bytes: MAX_RECORD_BYTES, depth: 16 })?;
        let text = String::from_utf8_lossy(bytes).into_owned();
        let Value::Object(content) = value else { return Err(RecordError::NotObject) };
        let string = |name: &str| content.get(name).and_then(Value::as_str);
        match string("format") {
            Some(FORMAT) => {}
            other => {
                let got = other.unwrap_or("nothing").chars().take(64).collect();
                return Err(RecordError::Format { got });
            }
        }
        let kind: RecordKind = string("kind").unwrap_or("nothing").parse()?;
        if kind == RecordKind::Padding {
            let padding = Self::padding();
            let expected = "absent, as everything but format and kind";
            return if padding.content == content {
                Ok(padding)
            } else {
                Err(RecordError::Field { kind, field: "any other field", expected })
            };
        }
        let fault = |field, expected| RecordError::Field { kind, field, expected };
        let second = |field: &'static str, expected| {
            let number = content.get(field).and_then(Value::as_u64);
            number.filter(|&number| number <= MAX_SAFE_INTEGER).ok_or_else(|| fault(field, expected))
        };
        let at = second("at", "a second of Unix time, a whole number below 2^53")?;
        let version = match (content.get("version"), string("version")) {
            (None, _) if kind == RecordKind::Decision => {
                return Err(fault("version", "the id of the version that decided"));
            }
            (None, _) => None,
            (Some(_), text) => {
                let id = text.and_then(|text| text.parse::<VersionId>().ok());
                // One id has one form: lower case, with 0x.
                let id = id.filter(|id| Some(id.to_string().as_str()) == text);
                Some(id.ok_or_else(|| fault("version", "32 bytes in lower-case hexadecimal with 0x"))?)
            }
        };
        if kind == RecordKind::Erasure {
            second("erased", "the index of a record, a whole number below 2^53")?;
            if content.len() != 4 {
                return Err(fault("any field but format, kind, at and erased", "absent"));
            }
        }
        Ok(Self { kind, at: Some(at), version, content, text })
    }

    /// The bytes that the leaf commits to.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it is about.
    pub fn kind(&self) -> RecordKind {
        self.kind
    }

    /// When its maker says it was made, in seconds of Unix time; padding has no time.
    pub fn at(&self) -> Option<u64> {
        self.at
    }

    /// The version that it is about.
    pub fn version(&self) -> Option<VersionId> {
        self.version
    }

    /// All its fields.
    pub fn content(&self) -> &Map<String, Value> {
        &self.content
    }

    /// Of an erasure: the index of the record that was erased.
    pub fn erased(&self) -> Option<u64> {
        match self.kind {
            RecordKind::Erasure => self.content.get("erased").and_then(Value::as_u64),
            _ => None,
        }
    }

    /// What a log publishes of it.
    pub fn commit(&self, salt: &Salt) -> SaltedLeaf {
        SaltedLeaf::commit(salt, self.text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use averment_primitives::B256;
    use proptest::prelude::*;
    use serde_json::json;

    fn fields(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn version() -> VersionId {
        VersionId(B256::repeat_byte(0xab))
    }

    #[test]
    fn a_record_has_one_form_and_reads_back() {
        let body = fields(json!({ "output": { "malignant": 0.93 }, "input": "0x21" }));
        let record = Record::new(RecordKind::Decision, 1_700_000_000, Some(version()), body).unwrap();
        assert_eq!(
            record.text(),
            r#"{"at":1700000000,"format":"averment-record/1","input":"0x21","kind":"decision","output":{"malignant":0.93},"version":"0xabababababababababababababababababababababababababababababababab"}"#
        );
        assert_eq!(Record::decode(record.text().as_bytes()).unwrap(), record);
        assert_eq!((record.at(), record.version()), (Some(1_700_000_000), Some(version())));
        assert!(!format!("{record:?}").contains("0.93"), "a record's contents are not printed");
        assert_eq!(Record::erasure(7, 3).unwrap().erased(), Some(3));
        assert_eq!(Record::decode(Record::padding().text().as_bytes()).unwrap(), Record::padding());
    }

    #[test]
    fn what_is_no_record_is_refused_by_name() {
        let decode = |text: &str| Record::decode(text.as_bytes()).unwrap_err();
        assert_eq!(decode("[]"), RecordError::NotObject);
        assert!(matches!(decode(r#"{"kind":"run", "format":1}"#), RecordError::Json(_)));
        assert_eq!(decode(r#"{"kind":"run"}"#), RecordError::Format { got: "nothing".into() });
        assert_eq!(
            decode(r#"{"format":"averment-record/2"}"#),
            RecordError::Format { got: "averment-record/2".into() }
        );
        assert_eq!(
            decode(r#"{"format":"averment-record/1","kind":"vow"}"#),
            RecordError::Kind { got: "vow".into() }
        );
        for (text, name) in [
            (r#"{"at":-1,"format":"averment-record/1","kind":"run"}"#, "at"),
            (r#"{"at":1.5,"format":"averment-record/1","kind":"run"}"#, "at"),
            (r#"{"format":"averment-record/1","kind":"run"}"#, "at"),
            (r#"{"at":1,"format":"averment-record/1","kind":"decision"}"#, "version"),
            (r#"{"at":1,"format":"averment-record/1","kind":"run","version":7}"#, "version"),
            (
                r#"{"at":1,"format":"averment-record/1","kind":"run","version":"0xABababababababababababababababababababababababababababababababab"}"#,
                "version",
            ),
            (r#"{"at":1,"format":"averment-record/1","kind":"erasure"}"#, "erased"),
            (
                r#"{"at":1,"erased":1,"format":"averment-record/1","kind":"erasure","whom":"N. N."}"#,
                "any field but format, kind, at and erased",
            ),
            (r#"{"at":1,"format":"averment-record/1","kind":"padding"}"#, "any other field"),
        ] {
            assert!(
                matches!(decode(text), RecordError::Field { field, .. } if field == name),
                "{text}: {}",
                decode(text)
            );
        }
        let reserved = Record::new(RecordKind::Run, 1, None, fields(json!({ "at": 2 })));
        assert_eq!(reserved, Err(RecordError::Reserved { field: "at" }));
        let long = fields(json!({ "text": "x".repeat(MAX_RECORD_BYTES) }));
        assert!(matches!(
            Record::new(RecordKind::Run, 1, None, long),
            Err(RecordError::Json(JsonError::TooLong { .. }))
        ));
        assert!(Record::new(RecordKind::Run, u64::MAX, None, Map::new()).is_err());
    }

    #[test]
    fn a_leaf_commits_to_every_byte_and_the_salt() {
        let record = Record::new(RecordKind::Run, 5, None, Map::new()).unwrap();
        let leaf = record.commit(&Salt::from_random([1; 32]));
        assert!(leaf.opens_to(&Salt::from_random([1; 32]), record.text().as_bytes()));
        assert_ne!(leaf, record.commit(&Salt::from_random([2; 32])));
        assert_ne!(leaf, Record::padding().commit(&Salt::from_random([1; 32])));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn anything_that_is_read_encodes_back(text in r#"\{("(at|format|kind|erased|version|x)":(1|2\.5|"run"|"padding"|"erasure"|"averment-record/1"),?){0,5}\}"#) {
            if let Ok(record) = Record::decode(text.as_bytes()) {
                prop_assert_eq!(record.text(), text);
            }
        }
    }
}
