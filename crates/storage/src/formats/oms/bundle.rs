//! The Sigstore bundle v0.3 around a statement: which key signed, and a DSSE envelope with one signature
//! (<https://github.com/sigstore/protobuf-specs>, `sigstore_bundle.proto`).
//!
//! Entries of a transparency log (`tlogEntries`) are not read: with a key they add a time, not trust.

use super::{PublicKey, error::BundleError};
use averment_registry::{
    canonical::{self, JsonError, JsonLimits},
    dsse::{self, Envelope, EnvelopeSignature, IN_TOTO},
};
use serde_json::{Value, json};

/// The media type of the bundles that are written and read.
pub const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// The most bytes of a bundle that are read: some hundred thousand files.
pub const MAX_BUNDLE_BYTES: u64 = 64 << 20;

/// An ECDSA signature in DER has at most 72 bytes, a payload type far fewer than this.
const FIELD_BYTES: usize = 256;

/// The envelope around `payload` that is to be signed.
pub(super) fn envelope(payload: Vec<u8>) -> Envelope {
    Envelope::new(IN_TOTO, payload)
}

/// The bundle of `envelope` with `key`'s signature over it.
pub(super) fn encode(
    mut envelope: Envelope,
    key: &PublicKey,
    signature: Vec<u8>,
) -> Result<Vec<u8>, JsonError> {
    envelope.attach_other(EnvelopeSignature { keyid: String::new(), sig: signature });
    canonical::to_bytes(&json!({
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": { "publicKey": { "hint": format!("{:x}", key.hint()) }, "tlogEntries": [] },
        "dsseEnvelope": envelope.to_value(),
    }))
}

/// The payload of a bundle that `key` signed.
pub(super) fn decode(bytes: &[u8], key: &PublicKey) -> Result<Vec<u8>, BundleError> {
    let limit = MAX_BUNDLE_BYTES as usize;
    let bundle =
        canonical::parse(bytes, &JsonLimits { bytes: limit, depth: 16 }).map_err(BundleError::Json)?;
    let media_type = bundle.get("mediaType").and_then(Value::as_str).unwrap_or_default();
    if media_type != MEDIA_TYPE {
        return Err(BundleError::MediaType { expected: MEDIA_TYPE, got: shortened(media_type) });
    }
    check_material(&bundle, key)?;
    let envelope = bundle
        .get("dsseEnvelope")
        .ok_or(BundleError::Field { field: "dsseEnvelope", expected: "a DSSE envelope" })?;
    let limits = dsse::Limits { bytes: limit, field: FIELD_BYTES, ..dsse::Limits::default() };
    let envelope = Envelope::from_value(envelope, &limits).map_err(BundleError::Envelope)?;
    if envelope.payload_type() != IN_TOTO {
        return Err(BundleError::PayloadType { expected: IN_TOTO, got: shortened(envelope.payload_type()) });
    }
    let [signature] = envelope.signatures() else {
        return Err(BundleError::Signatures { got: envelope.signatures().len() });
    };
    if !key.verifies(&envelope.message(), &signature.sig) {
        return Err(BundleError::Signature { key: key.hint() });
    }
    Ok(envelope.payload().to_vec())
}

/// Whether some file is a bundle of this kind, whoever signed it.
pub(super) fn is_bundle(bytes: &[u8]) -> bool {
    let limits = JsonLimits { bytes: MAX_BUNDLE_BYTES as usize, depth: 16 };
    canonical::parse(bytes, &limits).is_ok_and(|bundle| {
        bundle.get("mediaType").and_then(Value::as_str) == Some(MEDIA_TYPE)
            && bundle.get("dsseEnvelope").is_some()
    })
}

/// The material must be a public key; if it names one, `key`. The name is not signed: it only makes for a
/// clearer refusal, and bundles of before release 1.1 have none.
fn check_material(bundle: &Value, key: &PublicKey) -> Result<(), BundleError> {
    let material = bundle.get("verificationMaterial").unwrap_or(&Value::Null);
    for field in ["certificate", "x509CertificateChain"] {
        if material.get(field).is_some_and(|value| !value.is_null()) {
            return Err(BundleError::Certificate { got: field });
        }
    }
    let expected = BundleError::Field { field: "verificationMaterial.publicKey", expected: "an object" };
    let public_key = material.get("publicKey").filter(|value| value.is_object()).ok_or(expected)?;
    match public_key.get("hint") {
        None | Some(Value::Null) => Ok(()),
        Some(Value::String(hint)) if hint.is_empty() || *hint == format!("{:x}", key.hint()) => Ok(()),
        Some(Value::String(hint)) => {
            Err(BundleError::OtherKey { expected: key.hint(), got: shortened(hint) })
        }
        Some(_) => {
            Err(BundleError::Field { field: "verificationMaterial.publicKey.hint", expected: "a string" })
        }
    }
}

/// The start of a stranger's text, for an error.
pub(super) fn shortened(text: &str) -> String {
    text.chars().take(96).collect()
}
