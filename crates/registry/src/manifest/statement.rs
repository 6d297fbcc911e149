//! The in-toto Statement v1 that a version's manifest is, and the way to it from `model.toml`.
//!
//! ```text
//! { "_type": "https://in-toto.io/Statement/v1",
//!   "subject": [ { "name": weight file, "digest": { "sha256": hex, "blake3_tree": hex } } ],
//!   "predicateType": "urn:averment:manifest:1",
//!   "predicate": { "format": "averment-manifest/1",
//!                  "model": {…}, "provider": {…}, … what a person wrote, unknown fields included,
//!                  "datasets": [ {…, "fingerprint": { "root", "bytes", "files" } or "commitment": leaf } ],
//!                  "captured": { what else the program measured } } }
//! ```
//!
//! Invariants of a [`Statement`]: its bytes are canonical JSON; the predicate passes the schema; every
//! public dataset has a fingerprint and every private one a commitment; subjects are relative paths,
//! sorted, each once. Whatever else the JSON holds is kept and counts for the digest.

use super::{
    FORMAT, MANIFEST_LIMIT, MAX_STATEMENT_DEPTH, PREDICATE_TYPE, STATEMENT_TYPE,
    captured::{Captured, CapturedRecord, DatasetBinding, DatasetRecord, is_commit, is_plain_path},
    check::{CAPTURED, COMMITMENT, FINGERPRINT, Stage, check},
    dataset::DatasetOpening,
    issue::{Fault, Issue, Issues},
    source::Source,
};
use crate::{
    canonical::{self, JsonError, JsonLimits},
    dsse::{self, Envelope},
};
use averment_primitives::{B256, Salt, VersionId};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// How much of a statement is read from a stranger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Length in bytes.
    pub bytes: usize,
    /// Number of subjects.
    pub subjects: usize,
}

impl Default for Limits {
    /// One mebibyte, 4,096 weight files.
    fn default() -> Self {
        Self { bytes: MANIFEST_LIMIT, subjects: 4096 }
    }
}

/// Why bytes are not a manifest.
#[derive(Debug, Error, Clone, PartialEq)]
pub enum StatementError {
    /// Not canonical JSON.
    #[error("the manifest: {0}")]
    Json(#[from] JsonError),
    /// The envelope holds something else.
    #[error("expected an envelope of {expected}, got one of {got:?}")]
    PayloadType {
        /// The payload type of statements.
        expected: &'static str,
        /// What the envelope says.
        got: String,
    },
    /// A statement of another kind, or of another version of this kind.
    #[error(
        "the manifest's {field}: expected {expected:?}, got {got:?}; a newer release of averment may read it"
    )]
    UnknownFormat {
        /// Which of the names.
        field: &'static str,
        /// The name this release reads.
        expected: &'static str,
        /// The name found.
        got: String,
    },
    /// Too many weight files.
    #[error("the manifest's subject: at most {limit} allowed, got {got}")]
    TooManySubjects {
        /// The limit.
        limit: usize,
        /// How many there are.
        got: usize,
    },
    /// The captured part has another form.
    #[error("the manifest's {field}: {message}")]
    Malformed {
        /// Which part.
        field: &'static str,
        /// What is wrong with it.
        message: String,
    },
    /// The right form, but something is missing or contradicts itself.
    #[error(transparent)]
    Unfit(#[from] Issues),
}

/// A weight file that a statement is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Path within the artifacts, '/'-separated.
    pub name: String,
    /// Plain SHA-256 of the file.
    pub sha256: B256,
    /// BLAKE3 root of the file's chunks, as in a fingerprint's listing.
    pub blake3_tree: B256,
}

/// A manifest: what a version is, as published and signed.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    value: Value,
    bytes: Vec<u8>,
    subjects: Vec<Subject>,
    datasets: Vec<DatasetRecord>,
    captured: CapturedRecord,
}

/// A fresh statement and the secrets that were made with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// To be signed and published.
    pub statement: Statement,
    /// One opening per private dataset, to be kept privately.
    pub openings: Vec<DatasetOpening>,
}

impl Source {
    /// Merges what was written with what was captured. `salts` gives a fresh random salt at each call; it
    /// is called once per private dataset.
    pub fn draft(
        &self,
        captured: Captured,
        salts: &mut dyn FnMut() -> Salt,
    ) -> Result<Draft, StatementError> {
        let mut issues = captured.issues();
        let (mut datasets, mut openings) = (Vec::new(), Vec::new());
        for (index, dataset) in self.datasets().into_iter().enumerate() {
            let Some(fingerprint) = captured.datasets.get(&dataset.name).copied() else {
                let what = "the dataset's fingerprint";
                issues.push(Issue::new(format!("datasets[{index}].path"), Fault::NotCaptured { what }));
                continue;
            };
            let binding = if dataset.private {
                let opening = DatasetOpening::commit(&dataset.name, fingerprint, salts())?;
                let commitment = opening.commitment;
                openings.push(opening);
                DatasetBinding::Commitment(commitment)
            } else {
                DatasetBinding::Fingerprint(fingerprint)
            };
            datasets.push(DatasetRecord { name: dataset.name, binding });
        }
        let listed = |names: Vec<&str>, files: &[super::FileDigest]| {
            names.len() == files.len() && names.iter().zip(files).all(|(name, file)| *name == file.name)
        };
        for (place, agrees, what) in [
            ("code.entry", listed(self.entries(), &captured.code.entries), "each script's digest"),
            (
                "environment.lock_files",
                listed(self.lock_files(), &captured.environment.lock_files),
                "each lock file's digest",
            ),
            ("model.parents", self.parents().len() == captured.parents.len(), "each parent's version id"),
        ] {
            if !agrees {
                issues.push(Issue::new(place, Fault::NotCaptured { what }));
            }
        }
        if !issues.is_empty() {
            for issue in &mut issues {
                issue.line = self.lines.of(&issue.path);
            }
            return Err(Issues(issues).into());
        }
        let statement = self.statement(captured, datasets)?;
        Ok(Draft { statement, openings })
    }

    fn statement(
        &self,
        captured: Captured,
        datasets: Vec<DatasetRecord>,
    ) -> Result<Statement, StatementError> {
        let (mut artifacts, mut parents) = (captured.artifacts, captured.parents);
        artifacts.sort_by(|a, b| a.name.cmp(&b.name));
        // As the contract wants them.
        parents.sort();
        let subject = artifacts.iter().map(|artifact| {
            let digest = json!({
                SHA256: plain_hex(&artifact.sha256), BLAKE3_TREE: plain_hex(&artifact.blake3_tree),
            });
            json!({ "name": artifact.name, "digest": digest })
        });
        let record = CapturedRecord {
            created_at: captured.created_at,
            program: captured.program,
            artifacts: captured.artifacts_fingerprint,
            code: captured.code,
            environment: captured.environment,
            parents,
            federated: captured.federated,
        };
        let record = to_json(&record, "predicate.captured")?;
        let value = json!({
            "_type": STATEMENT_TYPE,
            "subject": subject.collect::<Vec<_>>(),
            "predicateType": PREDICATE_TYPE,
            "predicate": self.predicate(&datasets, record)?,
        });
        // What this release writes passes through what it reads, so nothing is signed that cannot be read.
        Statement::decode(&canonical::to_bytes(&value)?, &Limits::default())
    }

    /// What a person wrote, with what was captured and without where private data lie.
    fn predicate(&self, records: &[DatasetRecord], captured: Value) -> Result<Value, StatementError> {
        let mut predicate = self.declared.clone();
        let datasets = predicate.get_mut("datasets").and_then(Value::as_array_mut);
        let tables = datasets.into_iter().flatten().filter_map(Value::as_object_mut);
        for (entries, record) in tables.zip(records) {
            match &record.binding {
                DatasetBinding::Fingerprint(fingerprint) => {
                    entries.insert(FINGERPRINT.into(), to_json(fingerprint, "predicate.datasets")?);
                }
                DatasetBinding::Commitment(commitment) => {
                    entries.remove("path");
                    entries.insert(COMMITMENT.into(), to_json(commitment, "predicate.datasets")?);
                }
            }
        }
        if let Some(entries) = predicate.as_object_mut() {
            entries.insert(CAPTURED.into(), captured);
        }
        Ok(predicate)
    }
}

impl Statement {
    /// Reads a statement from its canonical bytes.
    pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Self, StatementError> {
        let value = canonical::parse_canonical(
            bytes,
            &JsonLimits { bytes: limits.bytes, depth: MAX_STATEMENT_DEPTH },
        )?;
        expect_name("_type", value.get("_type"), STATEMENT_TYPE)?;
        expect_name("predicateType", value.get("predicateType"), PREDICATE_TYPE)?;
        let predicate = value.get("predicate").unwrap_or(&Value::Null);
        expect_name("predicate.format", predicate.get("format"), FORMAT)?;
        let subjects = subjects(value.get("subject"), limits.subjects)?;
        let issues = check(predicate, Stage::Published);
        if !issues.is_empty() {
            return Err(Issues(issues).into());
        }
        let datasets = datasets(predicate)?;
        let captured = predicate.get(CAPTURED).cloned().unwrap_or(Value::Null);
        let captured: CapturedRecord = from_json(captured, "predicate.captured")?;
        agree(predicate, &captured)?;
        Ok(Self { bytes: bytes.to_vec(), subjects, datasets, captured, value })
    }

    /// Reads the statement in an envelope. Says nothing about signatures: ask
    /// [`Envelope::signers`](crate::dsse::Envelope::signers).
    pub fn from_envelope(envelope: &Envelope, limits: &Limits) -> Result<Self, StatementError> {
        if envelope.payload_type() != dsse::IN_TOTO {
            return Err(StatementError::PayloadType {
                expected: dsse::IN_TOTO,
                got: envelope.payload_type().chars().take(128).collect(),
            });
        }
        Self::decode(envelope.payload(), limits)
    }

    /// An envelope around this statement, to be signed.
    pub fn to_envelope(&self) -> Envelope {
        Envelope::new(dsse::IN_TOTO, self.bytes.clone())
    }

    /// The canonical JSON: what is signed, stored and hashed.
    pub fn canonical_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// SHA-256 of the canonical bytes: `manifestDigest` on chain.
    pub fn digest(&self) -> B256 {
        B256::from(<[u8; 32]>::from(Sha256::digest(&self.bytes)))
    }

    /// The weight files.
    pub fn subjects(&self) -> &[Subject] {
        &self.subjects
    }

    /// The predicate: what a person declared, unknown fields included, beside `captured`. Walk it along
    /// [`FIELDS`](super::FIELDS).
    pub fn predicate(&self) -> &Value {
        self.value.get("predicate").unwrap_or(&Value::Null)
    }

    /// What binds the manifest to each dataset, in the order they are declared.
    pub fn datasets(&self) -> &[DatasetRecord] {
        &self.datasets
    }

    /// What the program captured.
    pub fn captured(&self) -> &CapturedRecord {
        &self.captured
    }

    /// The whole statement.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The model's name.
    pub fn name(&self) -> &str {
        self.model_text("name")
    }

    /// The version's number.
    pub fn version(&self) -> &str {
        self.model_text("version")
    }

    /// The parents' version ids.
    pub fn parents(&self) -> &[VersionId] {
        &self.captured.parents
    }

    /// The fingerprint of the weight files: `artifactsRoot` on chain.
    pub fn artifacts_root(&self) -> B256 {
        self.captured.artifacts.root
    }

    fn model_text(&self, name: &str) -> &str {
        self.predicate().get("model").and_then(|m| m.get(name)).and_then(Value::as_str).unwrap_or_default()
    }
}

const SHA256: &str = "sha256";
const BLAKE3_TREE: &str = "blake3_tree";

fn to_json(value: &impl serde::Serialize, field: &'static str) -> Result<Value, StatementError> {
    serde_json::to_value(value)
        .map_err(|error| StatementError::Malformed { field, message: error.to_string() })
}

fn from_json<T: serde::de::DeserializeOwned>(value: Value, field: &'static str) -> Result<T, StatementError> {
    serde_json::from_value(value)
        .map_err(|error| StatementError::Malformed { field, message: error.to_string() })
}

/// in-toto writes digests in plain lower-case hexadecimal.
fn plain_hex(digest: &B256) -> String {
    format!("{digest:x}").trim_start_matches("0x").to_owned()
}

fn expect_name(
    field: &'static str,
    found: Option<&Value>,
    expected: &'static str,
) -> Result<(), StatementError> {
    let got = found.and_then(Value::as_str).unwrap_or_default();
    if got == expected {
        return Ok(());
    }
    Err(StatementError::UnknownFormat { field, expected, got: got.chars().take(128).collect() })
}

fn subjects(listed: Option<&Value>, limit: usize) -> Result<Vec<Subject>, StatementError> {
    let malformed =
        |message: &str| StatementError::Malformed { field: "subject", message: message.to_owned() };
    let listed = listed.and_then(Value::as_array).ok_or_else(|| malformed("expected a list"))?;
    if listed.len() > limit {
        return Err(StatementError::TooManySubjects { limit, got: listed.len() });
    }
    if listed.is_empty() {
        return Err(malformed("expected at least one weight file"));
    }
    let mut subjects: Vec<Subject> = Vec::with_capacity(listed.len());
    for entry in listed {
        let name = entry.get("name").and_then(Value::as_str).unwrap_or_default();
        if !is_plain_path(name) {
            return Err(malformed(&format!("expected a relative path, got {name:?}")));
        }
        if subjects.last().is_some_and(|last| last.name.as_str() >= name) {
            return Err(malformed(&format!("{name:?} is there twice or out of order")));
        }
        let digest = |algorithm: &str| {
            let found = entry.get("digest").and_then(|d| d.get(algorithm)).and_then(plain_digest);
            found.ok_or_else(|| {
                malformed(&format!("{name:?}: expected {algorithm} of 64 lower-case hexadecimal digits"))
            })
        };
        let (sha256, blake3_tree) = (digest(SHA256)?, digest(BLAKE3_TREE)?);
        subjects.push(Subject { name: name.to_owned(), sha256, blake3_tree });
    }
    Ok(subjects)
}

fn plain_digest(value: &Value) -> Option<B256> {
    let text = value.as_str()?;
    let plain = text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if plain { text.parse().ok() } else { None }
}

/// What binds each dataset, of the kind that its visibility asks for.
fn datasets(predicate: &Value) -> Result<Vec<DatasetRecord>, StatementError> {
    const FIELD: &str = "predicate.datasets";
    let listed = predicate.get("datasets").and_then(Value::as_array);
    let text =
        |dataset: &Value, key: &str| dataset.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let records = listed.into_iter().flatten().map(|dataset| {
        let name = text(dataset, "name");
        let (fingerprint, commitment) = (dataset.get(FINGERPRINT), dataset.get(COMMITMENT));
        let binding = match (text(dataset, "visibility").as_str(), fingerprint, commitment) {
            ("public", Some(fingerprint), None) => {
                DatasetBinding::Fingerprint(from_json(fingerprint.clone(), FIELD)?)
            }
            ("private", None, Some(commitment)) => {
                DatasetBinding::Commitment(from_json(commitment.clone(), FIELD)?)
            }
            _ => {
                return Err(StatementError::Malformed {
                    field: FIELD,
                    message: format!(
                        "{name:?}: expected a fingerprint if it is public, a commitment if it is private"
                    ),
                });
            }
        };
        Ok(DatasetRecord { name, binding })
    });
    records.collect()
}

/// Whether declared and captured speak of the same things.
fn agree(predicate: &Value, captured: &CapturedRecord) -> Result<(), StatementError> {
    let malformed = |message: String| StatementError::Malformed { field: "predicate.captured", message };
    let listed = |table: &str, key: &str| -> Vec<&str> {
        let listed = predicate.get(table).and_then(|t| t.get(key)).and_then(Value::as_array);
        listed.into_iter().flatten().filter_map(Value::as_str).collect()
    };
    for (what, expected, files) in [
        ("scripts", listed("code", "entry"), &captured.code.entries),
        ("lock files", listed("environment", "lock_files"), &captured.environment.lock_files),
    ] {
        let got: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
        if expected != got {
            return Err(malformed(format!("expected the {what} {expected:?}, as declared, got {got:?}")));
        }
    }
    let (expected, got) = (listed("model", "parents").len(), captured.parents.len());
    if expected != got {
        return Err(malformed(format!("expected {expected} parents, as declared, got {got}")));
    }
    if !captured.parents.is_sorted_by(|a, b| a < b) {
        return Err(malformed("the parents' ids do not ascend, or one is there twice".into()));
    }
    if let Some(why) = captured.federated.as_ref().and_then(|own| own.fault(&captured.parents)) {
        return Err(StatementError::Malformed { field: "predicate.captured.federated", message: why });
    }
    match &captured.code.git {
        Some(git) if !is_commit(&git.commit) => {
            Err(malformed("the commit is not 40 or 64 lower-case hexadecimal digits".into()))
        }
        _ => Ok(()),
    }
}
