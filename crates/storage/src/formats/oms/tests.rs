//! Bundles that a stranger made: each fault gets its error, whoever signed.

use super::*;
use averment_registry::{
    canonical::{self, JsonError},
    dsse::{self, EnvelopeError},
};
use p256::{
    ecdsa::{Signature, SigningKey, signature::Signer},
    pkcs8::{EncodePublicKey, LineEnding},
};
use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

fn secret() -> SigningKey {
    SigningKey::from_slice(&[7; 32]).unwrap()
}

fn key() -> PublicKey {
    let pem = secret().verifying_key().to_public_key_pem(LineEnding::LF).unwrap();
    PublicKey::from_pem(&pem).unwrap()
}

/// A bundle with a good signature over any payload.
fn signed(payload: Vec<u8>) -> Vec<u8> {
    let envelope = bundle::envelope(payload);
    let signature: Signature = secret().sign(&envelope.message());
    bundle::encode(envelope, &key(), signature.to_der().as_bytes().to_vec()).unwrap()
}

fn digest(bytes: &[u8]) -> String {
    format!("{:x}", B256::from(<[u8; 32]>::from(Sha256::digest(bytes))))
}

/// A statement over resources with these names, consistent in itself.
fn statement(names: &[&str], method: Value, algorithm: &str) -> Value {
    let resources: Vec<Value> = names
        .iter()
        .map(|name| json!({ "name": name, "algorithm": algorithm, "digest": digest(name.as_bytes()) }))
        .collect();
    let mut serialization = json!({ "hash_type": "sha256", "allow_symlinks": false });
    serialization.as_object_mut().unwrap().extend(method.as_object().unwrap().clone());
    let over_all: Vec<u8> = names.iter().flat_map(|name| Sha256::digest(name.as_bytes()).to_vec()).collect();
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": "model", "digest": { "sha256": digest(&over_all) } }],
        "predicateType": "https://model_signing/signature/v1.0",
        "predicate": { "serialization": serialization, "resources": resources },
    })
}

fn files(names: &[&str]) -> Value {
    statement(names, json!({ "method": "files" }), "sha256")
}

fn shards(names: &[&str]) -> Value {
    statement(names, json!({ "method": "shards", "shard_size": 10 }), "sha256-sharded-10")
}

fn read_statement(statement: &Value) -> Result<Statement, BundleError> {
    read(&signed(serde_json::to_vec(statement).unwrap()), &key())
}

fn refused(statement: &Value) -> StatementError {
    match read_statement(statement) {
        Err(BundleError::Statement(error)) => error,
        other => panic!("expected a refusal of the statement, got {other:?}"),
    }
}

/// `value` with what stands at `pointer` replaced.
fn with(mut value: Value, pointer: &str, new: Value) -> Value {
    *value.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = new;
    value
}

fn without(mut value: Value, pointer: &str) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    value.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name).unwrap();
    value
}

#[test]
fn a_good_statement_is_read_with_its_files_in_the_order_of_parts() {
    let read = read_statement(&files(&["a-b", "a/z"])).unwrap();
    let paths: Vec<&str> = read.files.keys().map(SignedPath::as_str).collect();
    assert_eq!(paths, ["a/z", "a-b"]);
    let read = read_statement(&shards(&["f:10:13", "f:0:10", "g:0:1"])).unwrap();
    let sizes: Vec<_> = read.files.values().map(|file| (file.size, file.digests.len())).collect();
    assert_eq!(sizes, [(Some(13), 2), (Some(1), 1)]);
    // As the Python tool writes numbers.
    let float = with(shards(&["f:0:4"]), "/predicate/serialization/shard_size", json!(10.0));
    assert_eq!(read_statement(&float).unwrap().serialization.method, shard_method(10));
}

fn shard_method(bytes: u64) -> Method {
    Method::Shards(NonZero::new(bytes).unwrap())
}

#[test]
fn names_that_lead_elsewhere_or_twice_are_refused() {
    let long = "x".repeat(5000);
    for name in
        ["../x", "a/../x", "/etc/passwd", "", "a//b", "a/", "./a", "a/.", "..", "a\0b", "C:/../x", &long]
    {
        let error = refused(&files(&[name]));
        assert!(matches!(&error, StatementError::Name { sharded: false, .. }), "{name:?}: {error}");
    }
    // A model's only file has the name `.`; beside others it has none.
    assert!(read_statement(&files(&["."])).is_ok());
    let error = refused(&files(&[".", "a"]));
    assert!(matches!(error, StatementError::Name { .. }), "{error}");
    assert_eq!(refused(&files(&["a", "b", "a"])), StatementError::Twice { name: "a".into() });
    assert_eq!(refused(&shards(&["a:0:10", "a:0:10"])), StatementError::Twice { name: "a:0:10".into() });
}

#[test]
fn shards_that_are_not_all_of_a_file_are_refused() {
    for names in [
        &["a:5:10"][..],
        &["a:0:10", "a:11:12"],
        &["a:0:9", "a:9:12"],
        &["a:0:11"],
        &["a:0:0"],
        &["a:0:10", "a:10:10"],
        &["a:10:5"],
        &["a:0:18446744073709551615"],
        &["a:18446744073709551615:18446744073709551615"],
    ] {
        let error = refused(&shards(names));
        assert!(matches!(error, StatementError::Shards { shard_bytes: 10, .. }), "{names:?}: {error}");
    }
    for name in
        ["a", "a:0", "a:0:1:2", "a:-1:5", "a:00:5", "a:0:05", "a:+0:5", "a: 0:5", "a::", "../a:0:5", ":0:5"]
            .into_iter()
            .chain(["a:0:18446744073709551616", "a:0:1e3", "a:0:٣"])
    {
        let error = refused(&shards(&[name]));
        assert!(matches!(&error, StatementError::Name { sharded: true, .. }), "{name:?}: {error}");
    }
}

#[test]
fn sizes_and_settings_out_of_range_are_refused() {
    let size = "/predicate/serialization/shard_size";
    for number in [json!(0), json!(-1), json!(0.5), json!(1e300), json!("10"), json!(null)] {
        let error = refused(&with(shards(&["f:0:4"]), size, number.clone()));
        let expected = "a whole number from 1 to 2^53 - 1";
        let field = "predicate.serialization.shard_size".to_owned();
        assert_eq!(error, StatementError::Field { field, expected }, "{number}");
    }
    let huge = with(shards(&["f:0:4"]), size, json!(u64::MAX));
    assert!(matches!(refused(&huge), StatementError::Json(JsonError::UnsafeInteger { .. })));
    let value = |pointer: &str, text: &str| match refused(&with(files(&["a"]), pointer, text.into())) {
        StatementError::Value { field, got, .. } => (field, got),
        other => panic!("{other}"),
    };
    let long = "m".repeat(9000);
    for (pointer, field) in [
        ("/_type", "_type"),
        ("/predicateType", "predicateType"),
        ("/predicate/serialization/hash_type", "predicate.serialization.hash_type"),
        ("/predicate/serialization/method", "predicate.serialization.method"),
    ] {
        for text in ["md5", "", &long] {
            let (found, got) = value(pointer, text);
            assert_eq!(found, field);
            assert!(got.len() <= 96 && text.starts_with(&got));
        }
    }
    let compat = value("/predicateType", "https://model_signing/Digests/v0.1");
    assert_eq!(compat.1, "https://model_signing/Digests/v0.1");
    let ignoring = |paths: Value| {
        let mut statement = files(&["a/b"]);
        statement["predicate"]["serialization"]["ignore_paths"] = paths;
        statement
    };
    for paths in [json!(["../x"]), json!(["/"]), json!(["."]), json!([1]), json!({}), json!(null)] {
        let error = refused(&ignoring(paths.clone()));
        assert!(
            matches!(&error, StatementError::Field { field, .. } if field.ends_with("ignore_paths")),
            "{paths}: {error}"
        );
    }
    for path in ["a", "a/b"] {
        let error = refused(&ignoring(json!([path])));
        assert_eq!(error, StatementError::Ignored { path: "a/b".into(), ignored: path.into() });
    }
    assert!(read_statement(&ignoring(json!(["a/bc", "b"]))).is_ok());
}

#[test]
fn digests_of_another_length_algorithm_or_sum_are_refused() {
    let first = "/predicate/resources/0";
    let changed = |field: &str, new: Value| with(files(&["a"]), &format!("{first}/{field}"), new);
    for text in ["", "00", "zz", &"ab".repeat(31), &"ab".repeat(33), &"AB".repeat(32), &"é".repeat(32)] {
        let error = refused(&changed("digest", text.into()));
        let expected = StatementError::Digest { name: "a".into(), hash: Hash::Sha256, expected: 32 };
        assert_eq!(error, expected, "{text}");
    }
    for text in ["sha512", "sha256-sharded-10", "SHA256"] {
        let error = refused(&changed("algorithm", text.into()));
        let (expected, got) = ("sha256".to_owned(), text.to_owned());
        assert_eq!(error, StatementError::Algorithm { name: "a".into(), expected, got });
    }
    let sum = digest(b"else");
    let error = refused(&with(files(&["a"]), "/subject/0/digest/sha256", sum.into()));
    assert!(matches!(error, StatementError::Subject { .. }), "{error}");
    let two = json!([files(&["a"])["subject"][0], files(&["a"])["subject"][0]]);
    assert_eq!(refused(&with(files(&["a"]), "/subject", two)), StatementError::Subjects { got: 2 });
    assert_eq!(refused(&with(files(&["a"]), "/subject", json!([]))), StatementError::Subjects { got: 0 });
    assert_eq!(refused(&files(&[])), StatementError::NoResources);
    let many = vec![Value::Null; MAX_RESOURCES + 1];
    let error = refused(&with(files(&["a"]), "/predicate/resources", many.into()));
    assert_eq!(error, StatementError::TooMany { limit: MAX_RESOURCES, got: MAX_RESOURCES + 1 });
}

#[test]
fn every_field_is_needed_and_of_its_type() {
    let pointers = [
        "/_type",
        "/subject",
        "/subject/0/name",
        "/subject/0/digest",
        "/subject/0/digest/sha256",
        "/predicateType",
        "/predicate",
        "/predicate/serialization",
        "/predicate/serialization/hash_type",
        "/predicate/serialization/allow_symlinks",
        "/predicate/serialization/method",
        "/predicate/resources",
        "/predicate/resources/0/name",
        "/predicate/resources/0/algorithm",
        "/predicate/resources/0/digest",
    ];
    for pointer in pointers {
        let mut bad = vec![without(files(&["a"]), pointer)];
        bad.extend([json!(null), json!(5), json!([[]])].map(|new| with(files(&["a"]), pointer, new)));
        for statement in bad {
            let error = refused(&statement);
            let said = matches!(
                error,
                StatementError::Field { .. } | StatementError::Value { .. } | StatementError::Digest { .. }
            );
            assert!(said, "{pointer}: {error}");
        }
    }
    for payload in ["", "{", "[]", "{\"a\":1,\"a\":2}"] {
        assert!(read(&signed(payload.into()), &key()).is_err(), "{payload}");
    }
    let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
    let error = read(&signed(deep.into_bytes()), &key()).unwrap_err();
    let deep = StatementError::Json(JsonError::TooDeep { limit: 16 });
    assert_eq!(error, BundleError::Statement(deep));
}

/// A good bundle as JSON.
fn good() -> Value {
    serde_json::from_slice(&signed(canonical::to_bytes(&files(&["a"])).unwrap())).unwrap()
}

fn bundle_refused(bundle: &Value) -> BundleError {
    read(&serde_json::to_vec(bundle).unwrap(), &key()).unwrap_err()
}

#[test]
fn a_bundle_of_another_kind_is_refused() {
    for media_type in [json!("application/vnd.dev.sigstore.bundle+json;version=0.1"), json!(3), json!(null)] {
        let error = bundle_refused(&with(good(), "/mediaType", media_type));
        assert!(matches!(error, BundleError::MediaType { .. }), "{error}");
    }
    for field in ["certificate", "x509CertificateChain"] {
        let mut bundle = good();
        bundle["verificationMaterial"] = json!({ field: { "rawBytes": "" } });
        assert_eq!(bundle_refused(&bundle), BundleError::Certificate { got: field });
    }
    for pointer in ["/verificationMaterial", "/verificationMaterial/publicKey", "/dsseEnvelope"] {
        let error = bundle_refused(&without(good(), pointer));
        assert!(matches!(error, BundleError::Field { .. }), "{pointer}: {error}");
    }
    let error = bundle_refused(&with(good(), "/verificationMaterial/publicKey/hint", json!(1)));
    assert!(matches!(error, BundleError::Field { .. }), "{error}");
    let error = bundle_refused(&with(good(), "/verificationMaterial/publicKey/hint", json!("ab")));
    assert_eq!(error, BundleError::OtherKey { expected: key().hint(), got: "ab".into() });
    // The hint is not signed: without it the signature decides.
    let bundle = without(good(), "/verificationMaterial/publicKey/hint");
    assert!(read(&serde_json::to_vec(&bundle).unwrap(), &key()).is_ok());
}

#[test]
fn an_envelope_without_exactly_one_good_signature_is_refused() {
    let signatures = "/dsseEnvelope/signatures";
    let one = good().pointer(signatures).unwrap()[0].clone();
    assert_eq!(bundle_refused(&with(good(), signatures, json!([]))), BundleError::Signatures { got: 0 });
    assert_eq!(
        bundle_refused(&with(good(), signatures, json!([one, one]))),
        BundleError::Signatures { got: 2 }
    );
    let sig = |text: &str| bundle_refused(&with(good(), &format!("{signatures}/0/sig"), text.into()));
    for text in ["", "AAAA", "MAYCAQACAQA="] {
        assert_eq!(sig(text), BundleError::Signature { key: key().hint() }, "{text}");
    }
    assert!(matches!(sig("*"), BundleError::Envelope(EnvelopeError::Base64 { .. })));
    assert!(matches!(sig(&"A".repeat(4000)), BundleError::Envelope(EnvelopeError::TooLong { .. })));
    // The type is under the signature too.
    let error = bundle_refused(&with(good(), "/dsseEnvelope/payloadType", "text/plain".into()));
    assert!(matches!(error, BundleError::PayloadType { .. }), "{error}");
    let mut other = dsse::Envelope::new("text/plain", b"x".to_vec());
    let signature: Signature = secret().sign(&other.message());
    other.attach_other(dsse::EnvelopeSignature {
        keyid: String::new(),
        sig: signature.to_der().as_bytes().to_vec(),
    });
    let error = bundle_refused(&with(good(), "/dsseEnvelope", other.to_value()));
    assert!(matches!(error, BundleError::PayloadType { .. }), "{error}");
}

#[test]
fn every_cut_bundle_is_refused() {
    let whole = signed(canonical::to_bytes(&files(&["a"])).unwrap());
    for length in 0..whole.len() {
        let error = read(&whole[..length], &key()).unwrap_err();
        assert!(matches!(error, BundleError::Json(_)), "{length}: {error}");
    }
    let limit = MAX_BUNDLE_BYTES as usize;
    let error = read(&vec![b' '; limit + 1], &key()).unwrap_err();
    assert_eq!(error, BundleError::Json(JsonError::TooLong { limit, got: limit + 1 }));
}

/// Whatever bit of a byte is flipped, the bundle is refused or says the same: what is not under the signature cannot
/// change what was signed.
#[test]
fn a_flipped_bit_changes_nothing_that_is_believed() {
    let payload = canonical::to_bytes(&files(&["a", "b/c"])).unwrap();
    let whole = signed(payload);
    let before = read(&whole, &key()).unwrap();
    let (mut refused, mut same) = (0, 0);
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at * 5 % 8);
        match read(&bytes, &key()) {
            Ok(after) => {
                assert_eq!(after, before, "byte {at}");
                same += 1;
            }
            Err(_) => refused += 1,
        }
    }
    // Names of fields that need not be there: keyid, hint, tlogEntries.
    assert!(refused > 20 * same, "{refused} refused, {same} the same");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_is_written_is_read_back(
        names in proptest::collection::btree_map("[a-cä]{1,3}(/[a-cä]{1,3}){0,2}", 1_u64..40, 1..8),
        shard in proptest::option::of(1_u64..20),
    ) {
        let method = shard.map_or(Method::Files, shard_method);
        let files: BTreeMap<SignedPath, SignedFile> = names
            .iter()
            .map(|(name, size)| {
                let pieces = shard.map_or(1, |bytes| size.div_ceil(bytes));
                let digests = (0..pieces).map(|piece| Sha256::digest(format!("{name}{piece}")).to_vec()).collect();
                (SignedPath::found(name), SignedFile { size: shard.map(|_| *size), digests })
            })
            .collect();
        let serialization =
            Serialization { method, hash: Hash::Sha256, follow_symlinks: true, ignore: vec!["z".into()] };
        let written = Statement::of("m".into(), serialization, files).unwrap();
        let bundle = signed(written.encode().unwrap());
        prop_assert_eq!(read(&bundle, &key()).unwrap(), written);
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(read(&bytes, &key()).is_err());
        prop_assert!(read(&signed(bytes), &key()).is_err());
    }
}
