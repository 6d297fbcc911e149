//! Manifests of what is trained here: that of the example's second version, with what is different.

use anyhow::{Context as _, Result};
use averment_storage::atomic;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// What changed since, and how it was trained.
const CHANGES: &str =
    "Learned anew by five hospitals under a contract, each from rows of its own; nobody has seen another's.";
const TRAINING: &str = "Four rounds of federated learning (docs/federated.md): each hospital trains on its part of the training rows by \
    stochastic gradient descent on standardised numbers; the contract weighs updates by Multi-Krum, which leaves one out a round, and pays \
    by quality. The hospitals of this example are five processes on one machine.";

/// Writes the manifest of a version beside the others. `accuracy` is that of a trained one.
pub fn write(
    folder: &Path,
    version: &str,
    artifact: &str,
    parent: Option<&str>,
    accuracy: Option<f64>,
) -> Result<PathBuf> {
    let text =
        std::fs::read_to_string(folder.join("model-v2.toml")).context("reading the example's manifest")?;
    let mut manifest: Table = text.parse().context("the example's manifest")?;
    let texts = |words: &[&str]| Value::Array(words.iter().map(|word| Value::from(*word)).collect());
    let mut put = |part: &str, name: &str, value: Value| {
        if let Some(own) = manifest.get_mut(part).and_then(Value::as_table_mut) {
            own.insert(name.to_owned(), value);
        }
    };
    put("model", "version", version.into());
    put("model", "artifacts", texts(&[artifact]));
    put("model", "parents", texts(parent.as_slice()));
    put("evaluation", "reports", texts(&["the demo that trained it, unsigned"]));
    put("hardware", "training", "The machine that ran the demo".into());
    match accuracy {
        Some(_) => {
            put("model", "changes", CHANGES.into());
            put("design", "training", TRAINING.into());
            put(
                "limits",
                "known",
                texts(&["Trained by a demo in seconds; nothing about it was looked at closely."]),
            );
        }
        None => {
            put("design", "training", "none: random weights, which a federated task starts from".into());
            put("limits", "known", texts(&["It knows nothing yet: it is there to be trained."]));
        }
    }
    if let (None, Some(own)) = (parent, manifest.get_mut("model").and_then(Value::as_table_mut)) {
        own.remove("parents");
        own.remove("changes");
    }
    if let Some(evaluation) = manifest.get_mut("evaluation").and_then(Value::as_table_mut) {
        evaluation.insert(
            "method".into(),
            "Once on the 114 rows that took no part in training, by the float run of its network.".into(),
        );
    }
    let mut metric = Table::new();
    metric.insert("name".into(), "accuracy".into());
    metric.insert("value".into(), Value::Float((accuracy.unwrap_or_default() * 1e6).round() / 1e6));
    metric.insert("dataset".into(), "wdbc evaluation rows".into());
    manifest.insert("metrics".into(), Value::Array(vec![Value::Table(metric)]));
    let mut settings = Table::new();
    settings.insert("model".into(), "perceptron 30-64-32-2".into());
    settings
        .insert("rounds".into(), Value::Integer(if accuracy.is_some() { super::ROUNDS.into() } else { 0 }));
    manifest.insert("hyperparameters".into(), Value::Table(settings));
    let path = folder.join(artifact).with_extension("toml");
    atomic::write(&path, toml::to_string(&manifest)?.as_bytes())?;
    Ok(path)
}
