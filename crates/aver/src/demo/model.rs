//! The demo's two releases, from the files of `examples/breast_cancer`, inside the program.

use anyhow::{Context as _, Result};
use averment_ledger::keys::AccountKey;
use averment_primitives::{B256, Signature, fingerprint};
use averment_registry::{
    canonical,
    dsse::{Envelope, IN_TOTO},
};
use averment_storage::fingerprint::{Fingerprint, Options};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A version of the model: its weights and what was measured of it.
pub struct Release {
    /// Its number.
    pub version: &'static str,
    weights: &'static [u8],
    metrics: &'static str,
    method: &'static str,
}

const TRAINING: &[u8] = include_bytes!("../../../../examples/breast_cancer/data/training.csv");
const EVALUATION: &[u8] = include_bytes!("../../../../examples/breast_cancer/data/evaluation.csv");

impl Release {
    /// A logistic regression on ten measurements.
    pub fn first() -> Self {
        Self {
            version: "1.0.0",
            weights: include_bytes!("../../../../examples/breast_cancer/model-v1.onnx"),
            metrics: include_str!("../../../../examples/breast_cancer/metrics-v1.json"),
            method: "logistic regression on ten mean measurements",
        }
    }

    /// A perceptron on all thirty.
    pub fn second() -> Self {
        Self {
            version: "2.0.0",
            weights: include_bytes!("../../../../examples/breast_cancer/model-v2.onnx"),
            metrics: include_str!("../../../../examples/breast_cancer/metrics-v2.json"),
            method: "perceptron 30-64-32-2 on all thirty measurements",
        }
    }

    /// The weights' listing and fingerprint.
    pub fn artifacts(&self) -> Result<(Vec<fingerprint::Entry>, B256)> {
        let found = fingerprint_of("model.onnx", self.weights)?;
        Ok((found.entries.context("a listing was asked for")?, found.root))
    }

    /// The statement about this release, signed by `key`, and its digest.
    pub fn manifest(&self, key: &AccountKey) -> Result<(Value, B256)> {
        let payload = canonical::to_bytes(&self.statement()?)?;
        let digest = B256::from(<[u8; 32]>::from(Sha256::digest(&payload)));
        let mut envelope = Envelope::new(IN_TOTO, payload);
        envelope.sign(key.address(), |message| -> Result<Signature> {
            Ok(Signature::from_raw_array(&key.sign_message(message)?)?)
        })?;
        Ok((serde_json::from_slice(&envelope.encode()?)?, digest))
    }

    fn statement(&self) -> Result<Value> {
        let metrics: Value = serde_json::from_str(self.metrics).context("the release's metrics")?;
        let sha256 = format!("{:x}", B256::from(<[u8; 32]>::from(Sha256::digest(self.weights))));
        let dataset = |name: &str, bytes: &[u8]| -> Result<Value> {
            Ok(json!({
                "name": name,
                "fingerprint": fingerprint_of(name, bytes)?.root,
                "provenance": "Wisconsin Diagnostic Breast Cancer, UCI; W. Wolberg, O. Mangasarian, N. Street, W. Street",
                "licence": "CC-BY-4.0",
            }))
        };
        Ok(json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{ "name": "model.onnx", "digest": { "sha256": sha256 } }],
            // Not yet `averment-manifest/1`: it says less than that format asks for.
            "predicateType": "averment-demo-manifest/0",
            "predicate": {
                "model": { "name": super::MODEL, "version": self.version, "method": self.method },
                "datasets": [dataset("training.csv", TRAINING)?, dataset("evaluation.csv", EVALUATION)?],
                "evaluation": metrics,
            },
        }))
    }
}

/// The fingerprint of a file called `name` with these bytes.
fn fingerprint_of(name: &str, bytes: &[u8]) -> Result<Fingerprint> {
    let folder = tempfile::tempdir().context("making a temporary folder")?;
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).with_context(|| format!("writing {}", path.display()))?;
    let options = Options { entries: true, ..Options::default() };
    Ok(averment_storage::fingerprint::fingerprint(&path, &options)?)
}
