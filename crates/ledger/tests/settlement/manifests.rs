//! Manifests of an example, as `aver register` makes them. Shared by tests.

use alloy::primitives::keccak256;
use averment_ledger::keys::AccountKey;
use averment_primitives::{Salt, VersionId, fingerprint};
use averment_registry::manifest::{
    Artifact, Captured, Code, Environment, FileDigest, Fingerprint, Source, Statement,
};
use std::collections::BTreeMap;

/// Of the second version the first is the parent.
pub const MANIFESTS: [&str; 2] = [
    include_str!("../../../../examples/breast_cancer/model-v1.toml"),
    include_str!("../../../../examples/breast_cancer/model-v2.toml"),
];

/// A listing of one weight file.
pub fn artifacts(weights: &[u8]) -> Vec<fingerprint::Entry> {
    vec![fingerprint::Entry {
        kind: fingerprint::Kind::File,
        path: "model.onnx".to_owned(),
        size: weights.len() as u64,
        sha256: keccak256(weights),
        blake3: keccak256([weights, b"b"].concat()),
    }]
}

/// The manifest that a person wrote as `text`, drafted and signed as `aver register` does it.
pub fn manifest(
    text: &str,
    listing: &[fingerprint::Entry],
    parents: &[VersionId],
    owner: &AccountKey,
) -> (serde_json::Value, Statement) {
    let source = Source::parse(text).unwrap();
    let mut tree = fingerprint::Folder::new();
    listing.iter().for_each(|entry| tree.push(entry).unwrap());
    let file = |name: &str| FileDigest { name: name.to_owned(), sha256: keccak256(name) };
    let fingerprint = Fingerprint { root: keccak256("data"), bytes: 5, files: 1 };
    let artifacts = listing.iter().map(|entry| Artifact {
        name: entry.path.clone(),
        sha256: keccak256("plain"),
        blake3_tree: entry.blake3,
    });
    let captured = Captured {
        created_at: 1_800_000_000,
        program: "averment".to_owned(),
        artifacts: artifacts.collect(),
        artifacts_fingerprint: tree.summary().into(),
        code: Code { git: None, entries: source.entries().into_iter().map(file).collect() },
        environment: Environment {
            os: "linux".to_owned(),
            architecture: "x86_64".to_owned(),
            versions: BTreeMap::new(),
            lock_files: source.lock_files().into_iter().map(file).collect(),
        },
        datasets: source.datasets().into_iter().map(|dataset| (dataset.name, fingerprint)).collect(),
        parents: parents.to_vec(),
        federated: None,
    };
    let statement = source.draft(captured, &mut || Salt::from_random([7; 32])).unwrap().statement;
    let mut envelope = statement.to_envelope();
    envelope
        .sign(owner.address(), |message| {
            owner
                .sign_message(message)
                .map(|bytes| averment_primitives::Signature::from_raw_array(&bytes).unwrap())
        })
        .unwrap();
    (serde_json::from_slice(&envelope.encode().unwrap()).unwrap(), statement)
}
