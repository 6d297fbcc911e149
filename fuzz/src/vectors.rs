//! Real inputs to begin with, from the files in `vectors/`.

use serde_json::Value;
use std::sync::LazyLock;

/// A statement with its digest.
pub(crate) const MANIFEST: &str = include_str!("../../vectors/manifest/ok_breast_cancer.json");
/// A history that the contract wrote.
pub(crate) const HISTORY: &str = include_str!("../../vectors/registry/ok_history.json");
/// Signed notes of other implementations.
pub(crate) const NOTES: &str = include_str!("../../vectors/log/ok_notes.json");

/// The audit file of a synthetic registry.
pub(crate) static AUDIT: LazyLock<String> = LazyLock::new(|| {
    let vector = json(include_str!("../../vectors/audit/ok_synthetic.json"));
    text(&vector["evidence"]).to_owned()
});

/// The audit file of one of its decisions.
pub(crate) static DECISION: LazyLock<String> = LazyLock::new(|| {
    let vector = json(include_str!("../../vectors/audit/ok_decision.json"));
    text(&vector["evidence"]).to_owned()
});

pub(crate) fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("vectors are JSON")
}

/// The bytes that a vector writes as `0x…`.
pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    serde_json::from_value::<averment_primitives::Bytes>(value.clone())
        .expect("vectors have hexadecimal")
        .to_vec()
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().expect("vectors have text here")
}

pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().expect("vectors have a list here")
}
