//! The committed file verifies for ever, and each committed change of it breaks the link that it names.
//!
//! `AVERMENT_WRITE_VECTORS=1` writes `vectors/audit/ok_*.json` anew; the diff is the review.

use super::*;
use crate::settlement::Mode;
use serde_json::json;

const OK: &str = include_str!("../../../../../vectors/audit/ok_synthetic.json");
const DECISION: &str = include_str!("../../../../../vectors/audit/ok_decision.json");
const BAD: &str = include_str!("../../../../../vectors/audit/bad_synthetic.json");

/// The file's outer form: the evidence as its own text, and the hash to trust.
fn read(text: &str) -> (String, TrustedBlockHash) {
    let vector: Value = serde_json::from_str(text).unwrap();
    let trusted = TrustedBlockHash(serde_json::from_value(vector["trustedBlockHash"].clone()).unwrap());
    (vector["evidence"].as_str().unwrap().to_owned(), trusted)
}

/// The name of a broken link, without its fields.
fn name(link: &BrokenLink) -> String {
    format!("{link:?}").chars().take_while(char::is_ascii_alphanumeric).collect()
}

#[test]
fn the_committed_files_are_what_this_release_writes_and_verify() {
    for (world, name, committed) in
        [(World::new(), "ok_synthetic", OK), (decision::decided(Mode::Proof), "ok_decision", DECISION)]
    {
        let (evidence, trusted) = world.prove();
        let written = String::from_utf8(evidence.encode().unwrap()).unwrap();
        if std::env::var_os("AVERMENT_WRITE_VECTORS").is_some() {
            let vector = json!({ "trustedBlockHash": trusted.0, "evidence": written });
            let path = format!("{}/../../vectors/audit/{name}.json", env!("CARGO_MANIFEST_DIR"));
            std::fs::write(path, serde_json::to_string_pretty(&vector).unwrap() + "\n").unwrap();
        }
        let (committed, hash) = read(committed);
        check(committed.as_bytes(), hash).unwrap();
        assert_eq!(hash, trusted);
        assert!(committed == written, "the synthetic audit file {name} changed");
    }
}

#[test]
fn each_committed_change_breaks_the_link_it_names() {
    let (committed, trusted) = read(OK);
    let whole: Value = serde_json::from_str(&committed).unwrap();
    let cases: Vec<Value> = serde_json::from_str(BAD).unwrap();
    for case in &cases {
        let mut tampered = whole.clone();
        *tampered.pointer_mut(case["pointer"].as_str().unwrap()).unwrap() = case["value"].clone();
        let bytes = canonical::to_bytes(&tampered).unwrap();
        let got = match Evidence::decode(&bytes, &Limits::default()) {
            Err(_) => "Format".to_owned(),
            Ok(evidence) => name(&broken(&evidence, trusted)),
        };
        assert_eq!(got, case["link"], "{}", case["name"]);
    }
    assert!(cases.len() >= 15);
}
