//! The committed statement keeps its bytes and digest, and each committed change of it gets its error.
//!
//! `AVERMENT_WRITE_VECTORS=1` writes `vectors/manifest/ok_breast_cancer.json` anew; the diff is the review.

use super::*;

const OK: &str = include_str!("../../../../../vectors/manifest/ok_breast_cancer.json");
const BAD: &str = include_str!("../../../../../vectors/manifest/bad_breast_cancer.json");

/// The name of an error, without its fields.
fn name(error: &StatementError) -> String {
    format!("{error:?}").chars().take_while(char::is_ascii_alphanumeric).collect()
}

#[test]
fn the_committed_statement_is_what_this_release_writes_and_reads() {
    let drafted = draft(&private(V2)).statement;
    if std::env::var_os("AVERMENT_WRITE_VECTORS").is_some() {
        let text = String::from_utf8(drafted.canonical_bytes().to_vec()).unwrap();
        let vector = json!({ "digest": drafted.digest(), "statement": text });
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/manifest/ok_breast_cancer.json");
        std::fs::write(path, serde_json::to_string_pretty(&vector).unwrap() + "\n").unwrap();
    }
    let vector: Value = serde_json::from_str(OK).unwrap();
    let committed = vector["statement"].as_str().unwrap();
    let read = Statement::decode(committed.as_bytes(), &Limits::default()).unwrap();
    assert_eq!(json!(read.digest()), vector["digest"]);
    assert!(read == drafted, "the statement of the example changed");
}

#[test]
fn each_committed_change_gets_the_error_it_names() {
    let vector: Value = serde_json::from_str(OK).unwrap();
    let committed = vector["statement"].as_str().unwrap();
    let statement = Statement::decode(committed.as_bytes(), &Limits::default()).unwrap();
    let cases: Vec<Value> = serde_json::from_str(BAD).unwrap();
    for case in &cases {
        let error = refusal(&statement, |value| {
            let pointer = case["pointer"].as_str().unwrap();
            match case.get("value") {
                Some(new) => *value.pointer_mut(pointer).unwrap() = new.clone(),
                None => {
                    let (parent, key) = pointer.rsplit_once('/').unwrap();
                    value.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(key).unwrap();
                }
            }
        });
        assert_eq!(name(&error), case["error"], "{pointer}: {error}", pointer = case["pointer"]);
        if let Some(says) = case.get("says") {
            assert!(error.to_string().contains(says.as_str().unwrap()), "{error}");
        }
    }
    assert!(cases.len() >= 20);
}
