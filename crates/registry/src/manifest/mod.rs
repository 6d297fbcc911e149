//! `averment-manifest/1`: everything that says how a version came to be.
//!
//! A person writes `model.toml` ([`Source::parse`]); the program captures the rest ([`Captured`]); both
//! become the predicate of an in-toto Statement v1 ([`Source::draft`]), whose canonical bytes are signed in
//! a DSSE envelope and whose SHA-256 the chain stores. Which field serves which clause of which rule is told
//! by [`FIELDS`] and by `docs/manifest.md`.
//!
//! ```text
//! model.toml ── Source::parse ──┐
//!                               ├─ Source::draft ── Statement ── to_envelope ── sign ── publish
//! files, git, environment ── Captured
//! ```
//!
//! A manifest says what its signer claims. Fingerprints and digests bind it to bytes; nothing here proves
//! that these bytes were really what the model was trained on.

mod captured;
mod check;
mod dataset;
mod issue;
mod schema;
mod source;
mod statement;
mod template;

pub use captured::{
    AdoptionRecord, Artifact, Captured, CapturedRecord, Code, DatasetBinding, DatasetRecord, Environment,
    FederatedRounds, FileDigest, FinalRound, Fingerprint, Git,
};
pub use dataset::DatasetOpening;
pub use issue::{Fault, Issue, Issues};
pub use schema::{FIELDS, Field, Kind, Need};
pub use source::{DatasetSource, Source, SourceError};
pub use statement::{Draft, Limits, Statement, StatementError, Subject};
pub use template::template;

/// The name and version of the format.
pub const FORMAT: &str = "averment-manifest/1";

/// The in-toto statement's own type.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// The predicate's type. A URN names no host that could change hands.
pub const PREDICATE_TYPE: &str = "urn:averment:manifest:1";

/// Longest manifest, in bytes, as TOML and as JSON.
pub const MANIFEST_LIMIT: usize = 1 << 20;

/// How deep a statement's objects and lists may be nested.
const MAX_STATEMENT_DEPTH: usize = 32;

/// The schema's field at a path such as `model.name` or `datasets[2].use`; none if the table has no such field.
pub fn field_at(path: &str) -> Option<&'static Field> {
    let mut fields = FIELDS;
    let mut found = None;
    for part in path.split('.') {
        let name = part.split('[').next().unwrap_or(part);
        let field = fields.iter().find(|field| field.name == name)?;
        fields = match field.kind {
            Kind::Table(inner) | Kind::Tables(inner) => inner,
            _ => &[],
        };
        found = Some(field);
    }
    found
}

#[cfg(test)]
mod tests;
