//! Manifests: the statement that is published, the file that a person writes, the opening that stays private.

use crate::vectors;
use averment_primitives::{B256, Salt, SaltedLeaf, VersionId};
use averment_registry::{
    dsse::{self, Envelope},
    manifest::{
        Artifact, Captured, Code, DatasetOpening, Environment, FileDigest, Fingerprint, Limits, Source,
        Statement,
    },
};
use std::collections::BTreeMap;

pub(crate) fn statement(data: &[u8]) -> bool {
    let limits = Limits::default();
    let Ok(statement) = Statement::decode(data, &limits) else { return false };
    assert_eq!(statement.canonical_bytes(), data);
    assert!(!statement.subjects().is_empty() && statement.subjects().len() <= limits.subjects);
    assert!(statement.subjects().is_sorted_by(|a, b| a.name < b.name));
    assert!(!statement.name().is_empty() && !statement.version().is_empty());
    let declared = statement.predicate()["datasets"].as_array().map_or(0, Vec::len);
    assert_eq!(statement.datasets().len(), declared);
    // Through an envelope it stays what it is.
    let bytes = statement.to_envelope().encode().expect("an envelope can be written");
    let envelope = Envelope::decode(&bytes, &dsse::Limits::default()).expect("and read");
    assert_eq!(Statement::from_envelope(&envelope, &limits).as_ref(), Ok(&statement));
    true
}

pub(crate) fn statement_seeds() -> Vec<Vec<u8>> {
    let vector = vectors::json(vectors::MANIFEST);
    vec![vectors::text(&vector["statement"]).as_bytes().to_vec()]
}

/// Whatever is accepted as `model.toml` makes a statement once the files are there.
pub(crate) fn model_toml(data: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(data) else { return false };
    let Ok(source) = Source::parse(text) else { return false };
    let draft = source.draft(captured(&source), &mut || Salt::from_random([7; 32])).expect("a statement");
    assert_eq!(draft.statement.name(), source.name());
    assert_eq!(draft.statement.version(), source.version());
    let private: Vec<_> = source.datasets().into_iter().filter(|dataset| dataset.private).collect();
    assert_eq!(draft.openings.len(), private.len());
    assert!(draft.openings.iter().all(DatasetOpening::opens));
    true
}

/// What a program would find on the disk for `source`.
fn captured(source: &Source) -> Captured {
    let digest = |name: &str| FileDigest { name: name.to_owned(), sha256: B256::repeat_byte(2) };
    let fingerprint = Fingerprint { root: B256::repeat_byte(1), bytes: 5, files: 1 };
    Captured {
        created_at: 1_790_000_000,
        program: "averment".into(),
        artifacts: vec![Artifact {
            name: "model.onnx".into(),
            sha256: B256::repeat_byte(3),
            blake3_tree: B256::repeat_byte(4),
        }],
        artifacts_fingerprint: fingerprint,
        code: Code { git: None, entries: source.entries().into_iter().map(digest).collect() },
        environment: Environment {
            os: "linux".into(),
            architecture: "x86_64".into(),
            versions: BTreeMap::new(),
            lock_files: source.lock_files().into_iter().map(digest).collect(),
        },
        datasets: source.datasets().into_iter().map(|dataset| (dataset.name, fingerprint)).collect(),
        parents: (0..source.parents().len())
            .map(|n| VersionId(B256::left_padding_from(&n.to_be_bytes())))
            .collect(),
        federated: None,
    }
}

pub(crate) fn model_toml_seeds() -> Vec<Vec<u8>> {
    vec![
        include_bytes!("../../examples/breast_cancer/model-v2.toml").to_vec(),
        include_bytes!("../../examples/digits/model.toml").to_vec(),
    ]
}

pub(crate) fn opening(data: &[u8]) -> bool {
    let Ok(opening) = DatasetOpening::decode(data) else { return false };
    let text = serde_json::to_vec(&opening).expect("an opening can be written");
    assert_eq!(DatasetOpening::decode(&text).as_ref(), Ok(&opening));
    assert!(!format!("{opening:?}").contains(&format!("{:x}", opening.fingerprint.root)));
    if opening.opens() {
        let data = opening.data().expect("what was committed to");
        assert_eq!(SaltedLeaf::commit(&opening.salt, &data), opening.commitment);
    }
    true
}

pub(crate) fn opening_seeds() -> Vec<Vec<u8>> {
    let fingerprint = Fingerprint { root: B256::repeat_byte(0xd1), bytes: 125_204, files: 3 };
    let mut opening = DatasetOpening {
        name: "ward notes".into(),
        commitment: SaltedLeaf(B256::ZERO),
        salt: Salt::from_random([9; 32]),
        fingerprint,
    };
    opening.commitment = SaltedLeaf::commit(&opening.salt, &opening.data().expect("data"));
    vec![serde_json::to_vec(&opening).expect("JSON")]
}
