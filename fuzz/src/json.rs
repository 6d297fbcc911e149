//! Strict JSON and signed envelopes.

use crate::vectors;
use averment_primitives::B256;
use averment_registry::{
    canonical::{self, JsonLimits},
    dsse::{Envelope, Limits, key_id},
    explanation::{Baseline, BaselineKind, Effect, Explanation, Parts, Target, TargetKind},
};
use serde_json::Value;

pub(crate) fn json(data: &[u8]) -> bool {
    let limits = JsonLimits { bytes: 1 << 14, depth: 8 };
    let Ok(value) = canonical::parse(data, &limits) else { return false };
    assert!(data.len() <= limits.bytes && depth(&value) <= limits.depth);
    // One value has one form, which is read again and is its own form.
    let bytes = canonical::to_bytes(&value).expect("what was read can be written");
    let limits = JsonLimits { bytes: usize::MAX, ..limits };
    let again = canonical::parse_canonical(&bytes, &limits).expect("canonical bytes are read");
    assert_eq!(canonical::to_bytes(&again).expect("and written"), bytes);
    assert_eq!(canonical::parse_canonical(data, &limits).is_ok(), data == bytes);
    true
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(entries) => 1 + entries.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

pub(crate) fn json_seeds() -> Vec<Vec<u8>> {
    [
        r#"{"a":[1,-2.5e-7,true,null,"\u20ac\ud834\udd1e\n"],"b":{}}"#,
        "[[[[[[[[0]]]]]]]]",
        "9007199254740991",
        "1e21",
        r#"{"":1,"\u0000":2,"é":3}"#,
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

pub(crate) fn envelope(data: &[u8]) -> bool {
    let limits = Limits::default();
    let Ok(envelope) = Envelope::decode(data, &limits) else { return false };
    assert!(envelope.signatures().len() <= limits.signatures && envelope.payload().len() <= limits.bytes);
    let bytes = envelope.encode().expect("what was read can be written");
    assert_eq!(Envelope::decode(&bytes, &limits).as_ref(), Ok(&envelope));
    if let Ok(signers) = envelope.signers() {
        // Everybody who counts is named, and signed this very payload.
        assert_eq!(signers.accounts.len() + signers.unchecked.len(), envelope.signatures().len());
        for account in &signers.accounts {
            assert!(envelope.signatures().iter().any(|signature| signature.keyid == key_id(account)));
        }
        let known = envelope_seeds();
        let genuine = known.iter().filter_map(|seed| Envelope::decode(seed, &limits).ok());
        assert!(
            genuine.into_iter().any(|seed| seed.message() == envelope.message()),
            "a signature was forged, or made to count for another payload"
        );
    }
    true
}

pub(crate) fn envelope_seeds() -> Vec<Vec<u8>> {
    let audit = vectors::json(&vectors::AUDIT);
    let manifests = vectors::list(&audit["versions"]).iter().map(|version| &version["manifest"]);
    manifests.map(|manifest| canonical::to_bytes(manifest).expect("a manifest can be written")).collect()
}

/// An explanation that is accepted has one encoding, and its features are in order.
pub(crate) fn explanation(data: &[u8]) -> bool {
    let Ok(explanation) = Explanation::decode(data) else { return false };
    assert_eq!(explanation.encode().expect("what was read is JSON"), data);
    let sizes = explanation.features.iter().map(|feature| feature.effect.unsigned_abs());
    assert!(sizes.is_sorted_by(|a, b| a >= b));
    true
}

pub(crate) fn explanation_seeds() -> Vec<Vec<u8>> {
    let parts = Parts {
        plan: B256::repeat_byte(1),
        weights: Some(B256::repeat_byte(2)),
        input: None,
        baseline: Baseline { kind: BaselineKind::Zero, digest: B256::repeat_byte(3) },
        target: Target { kind: TargetKind::Margin, output: 1, label: Some("malignant".to_owned()) },
        score: 40,
        exponent: 3,
        effects: vec![
            Effect { name: "x".to_owned(), effect: -3 },
            Effect { name: "y".to_owned(), effect: 2 },
        ],
    };
    let explanation = Explanation::new(parts, 2).expect("two features");
    vec![explanation.encode().expect("an explanation is JSON")]
}
