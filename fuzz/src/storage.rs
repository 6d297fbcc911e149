//! What storage reads without touching a disk: listings of fingerprints, pointers, CAR files, signature
//! bundles of OpenSSF Model Signing.

use averment_primitives::{
    B256,
    fingerprint::{Entry, Kind},
};
use averment_registry::dsse::{Envelope, EnvelopeSignature, IN_TOTO};
use averment_storage::{
    content::{
        car::{CarReader, Limits, write_block, write_header},
        pointer::{Location, MAX_LOCATION_BYTES},
    },
    fingerprint::Listing,
    formats::oms::{self, PublicKey},
};
use p256::{
    ecdsa::{Signature, SigningKey, signature::Signer},
    pkcs8::{EncodePublicKey, LineEnding},
};
use serde_json::json;

pub(crate) fn listing(data: &[u8]) -> bool {
    let Ok(listing) = Listing::from_json(data) else { return false };
    let text = listing.to_json().expect("a listing can be written");
    let again = Listing::from_json(text.as_bytes()).expect("and read");
    assert_eq!((again.summary(), again.entries()), (listing.summary(), listing.entries()));
    assert!(listing.differences(again.entries()).is_empty());
    let entries = listing.entries();
    assert!(entries.is_sorted_by(|a, b| a.path.as_bytes() < b.path.as_bytes()));
    for entry in entries {
        // Nothing that a program would write outside of the folder.
        assert!(
            !entry.path.starts_with('/')
                && entry.path.split('/').all(|part| !matches!(part, "" | "." | ".."))
        );
    }
    true
}

pub(crate) fn listing_seeds() -> Vec<Vec<u8>> {
    let entry = |kind, path: &str, size| Entry {
        kind,
        path: path.to_owned(),
        size,
        sha256: B256::repeat_byte(u8::from(size > 0)),
        blake3: B256::repeat_byte(u8::from(size > 0)),
    };
    let entries = vec![
        entry(Kind::File, "a.onnx", 17),
        entry(Kind::EmptyFolder, "b", 0),
        entry(Kind::File, "b.txt", 1),
        entry(Kind::Symlink, "c/d", 3),
    ];
    let listing = Listing::new(entries).expect("a listing");
    vec![listing.to_json().expect("JSON").into_bytes()]
}

pub(crate) fn pointer(data: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(data) else { return false };
    let Ok(location) = text.parse::<Location>() else { return false };
    let shown = location.to_string();
    assert!(text.len() <= MAX_LOCATION_BYTES && shown.len() <= MAX_LOCATION_BYTES);
    assert_eq!(shown.parse(), Ok(location), "what is shown leads to the same place");
    true
}

pub(crate) fn pointer_seeds() -> Vec<Vec<u8>> {
    [
        "ipfs://bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku/a/b",
        "ipfs://QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG",
        "ar://aB-_aB-_aB-_aB-_aB-_aB-_aB-_aB-_aB-_aB-_aB-",
        "s3://models-eu.1/a/b.onnx",
        "https://example.org:8443/x?y=z@w#q",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

pub(crate) fn car(data: &[u8]) -> bool {
    let limits = Limits { block_bytes: 1 << 12, roots: 4, blocks: 8 };
    let Ok(mut reader) = CarReader::new(data, limits) else { return false };
    assert!(reader.roots().len() as u64 <= limits.roots);
    let mut written = Vec::new();
    write_header(&mut written, reader.roots()).expect("memory can be written");
    let mut blocks = 0;
    loop {
        match reader.next_block() {
            Ok(Some((cid, block))) => {
                assert!(block.len() as u64 <= limits.block_bytes);
                write_block(&mut written, &cid, &block).expect("memory can be written");
                blocks += 1;
            }
            Ok(None) => break,
            Err(_) => return false,
        }
    }
    assert!(blocks <= limits.blocks);
    assert_eq!(written, data, "a CAR has one form");
    true
}

pub(crate) fn car_seeds() -> Vec<Vec<u8>> {
    let block = b"hello";
    let cid = "bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq".parse().expect("a CID");
    let mut bytes = Vec::new();
    write_header(&mut bytes, &[cid]).expect("memory can be written");
    write_block(&mut bytes, &cid, block).expect("memory can be written");
    vec![bytes]
}

pub(crate) fn oms_key(data: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(data) else { return false };
    let Ok(key) = PublicKey::from_pem(text) else { return false };
    let again = PublicKey::from_pem(key.pem()).expect("what was read is written and read again");
    assert_eq!((again.pem(), again.hint()), (key.pem(), key.hint()));
    assert!(!key.verifies(b"", &[0; 70]));
    true
}

pub(crate) fn oms_key_seeds() -> Vec<Vec<u8>> {
    vec![
        include_bytes!("../../crates/storage/tests/fixtures/oms/signer.pub.pem").to_vec(),
        include_bytes!("../../crates/storage/tests/fixtures/oms/stranger.pub.pem").to_vec(),
    ]
}

/// A bundle by the Python tool's key: nobody else makes one that is believed.
pub(crate) fn oms_bundle(data: &[u8]) -> bool {
    let key = PublicKey::from_pem(include_str!("../../crates/storage/tests/fixtures/oms/signer.pub.pem"));
    let key = key.expect("the fixture's key");
    let Ok(statement) = oms::read(data, &key) else { return false };
    let genuine =
        oms_bundle_seeds().iter().any(|seed| oms::read(seed, &key).is_ok_and(|seed| seed == statement));
    assert!(genuine, "a signature was forged, or made to count for another statement");
    true
}

pub(crate) fn oms_bundle_seeds() -> Vec<Vec<u8>> {
    vec![
        include_bytes!("../../crates/storage/tests/fixtures/oms/files-sha256.sig").to_vec(),
        include_bytes!("../../crates/storage/tests/fixtures/oms/shards-sha256.sig").to_vec(),
    ]
}

/// A statement whose signature is good: whoever signed it may be hostile too.
pub(crate) fn oms_statement(data: &[u8]) -> bool {
    let secret = SigningKey::from_slice(&[7; 32]).expect("a key");
    let pem = secret.verifying_key().to_public_key_pem(LineEnding::LF).expect("a key can be written");
    let key = PublicKey::from_pem(&pem).expect("and read");
    let mut envelope = Envelope::new(IN_TOTO, data.to_vec());
    let signature: Signature = secret.sign(&envelope.message());
    envelope.attach_other(EnvelopeSignature {
        keyid: String::new(),
        sig: signature.to_der().as_bytes().to_vec(),
    });
    let bundle = json!({
        "mediaType": oms::MEDIA_TYPE,
        "verificationMaterial": { "publicKey": {} },
        "dsseEnvelope": envelope.to_value(),
    });
    let Ok(statement) = oms::read(bundle.to_string().as_bytes(), &key) else { return false };
    assert!(statement.files.len() <= oms::MAX_RESOURCES);
    for path in statement.files.keys().map(oms::SignedPath::as_str) {
        assert!(
            !path.starts_with('/') && path.split('/').all(|part| !matches!(part, "" | "." | "..")),
            "{path}"
        );
    }
    true
}

pub(crate) fn oms_statement_seeds() -> Vec<Vec<u8>> {
    let payload = |bundle: &Vec<u8>| {
        let bundle: serde_json::Value = serde_json::from_slice(bundle).expect("JSON");
        let envelope = serde_json::to_vec(&bundle["dsseEnvelope"]).expect("JSON");
        let limits = averment_registry::dsse::Limits::default();
        Envelope::decode(&envelope, &limits).expect("an envelope").payload().to_vec()
    };
    oms_bundle_seeds().iter().map(payload).collect()
}
