//! The examples' own manifests drafted, published, read again, and everything that can be wrong with one.

mod documentation;
mod source;
mod vectors;

use super::*;
use crate::{
    canonical::{self, JsonError},
    dsse::{Envelope, IN_TOTO},
    federated::history_after,
};
use averment_primitives::{Address, B256, Salt, VersionId};
use serde_json::{Value, json};

const V1: &str = include_str!("../../../../examples/breast_cancer/model-v1.toml");
const V2: &str = include_str!("../../../../examples/breast_cancer/model-v2.toml");
const DIGITS: &str = include_str!("../../../../examples/digits/model.toml");

fn digest(byte: u8) -> B256 {
    B256::repeat_byte(byte)
}

/// What a program could capture for `source`: invented digests, but all that is needed.
fn captured(source: &Source) -> Captured {
    let file = |name: &&str| FileDigest { name: (*name).to_owned(), sha256: digest(0x33) };
    let fingerprint =
        |index: usize| Fingerprint { root: digest(0x40 + index as u8), bytes: 1000 + index as u64, files: 1 };
    Captured {
        created_at: 1_795_000_000,
        program: "averment 0.1.0".into(),
        artifacts: source
            .artifacts()
            .iter()
            .map(|name| Artifact {
                name: (*name).to_owned(),
                sha256: digest(0x11),
                blake3_tree: digest(0x12),
            })
            .collect(),
        artifacts_fingerprint: Fingerprint { root: digest(0x21), bytes: 16_959, files: 1 },
        code: Code {
            git: Some(Git { commit: "0123456789abcdef0123456789abcdef01234567".into(), dirty: false }),
            entries: source.entries().iter().map(file).collect(),
        },
        environment: Environment {
            os: "linux".into(),
            architecture: "x86_64".into(),
            versions: [("python".to_owned(), "3.11.7".to_owned())].into(),
            lock_files: source.lock_files().iter().map(file).collect(),
        },
        datasets: source
            .datasets()
            .into_iter()
            .enumerate()
            .map(|(index, dataset)| (dataset.name, fingerprint(index)))
            .collect(),
        parents: source.parents().iter().map(|_| VersionId(digest(0x51))).collect(),
        federated: None,
    }
}

/// Salts that count up, so that drafts are the same each time.
fn salts() -> impl FnMut() -> Salt {
    let mut count = 0;
    move || {
        count += 1;
        Salt::from_random([count; 32])
    }
}

fn draft(text: &str) -> Draft {
    let source = Source::parse(text).unwrap();
    source.draft(captured(&source), &mut salts()).unwrap()
}

/// `text` with its evaluation data private.
fn private(text: &str) -> String {
    let (before, after) = text.split_once("use = \"evaluation\"").unwrap();
    format!("{before}use = \"evaluation\"{}", after.replacen("\"public\"", "\"private\"", 1))
}

/// A statement's JSON with `change` made to it, as canonical bytes.
fn changed(statement: &Statement, change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut value = statement.value().clone();
    change(&mut value);
    canonical::to_bytes(&value).unwrap()
}

fn refusal(statement: &Statement, change: impl FnOnce(&mut Value)) -> StatementError {
    Statement::decode(&changed(statement, change), &Limits::default()).unwrap_err()
}

#[test]
fn a_draft_is_read_again_as_it_was_written() {
    for text in [V1, V2, DIGITS] {
        let drafted = draft(text).statement;
        let read = Statement::decode(drafted.canonical_bytes(), &Limits::default()).unwrap();
        assert_eq!(read, drafted);
        assert_eq!(read.digest(), drafted.digest());
        assert_eq!(read.artifacts_root(), digest(0x21));
    }
    let second = draft(V2).statement;
    assert_eq!((second.name(), second.version()), ("breast-cancer-triage", "2.0.0"));
    assert_eq!(second.parents(), [VersionId(digest(0x51))]);
    assert_eq!(second.subjects()[0].name, "model-v2.onnx");
    assert_eq!(second.subjects()[0].sha256, digest(0x11));
    assert_eq!(second.datasets().len(), 2);
}

#[test]
fn an_envelope_carries_it_and_no_other_type_does() {
    let statement = draft(V1).statement;
    let envelope = statement.to_envelope();
    assert_eq!(Statement::from_envelope(&envelope, &Limits::default()).unwrap(), statement);
    let other = Envelope::new("text/plain", statement.canonical_bytes().to_vec());
    assert_eq!(
        Statement::from_envelope(&other, &Limits::default()),
        Err(StatementError::PayloadType { expected: IN_TOTO, got: "text/plain".into() })
    );
}

#[test]
fn fields_of_ones_own_are_kept() {
    let text = V2.replace("[provider]\n", "[provider]\nregister = { country = \"AT\", number = 7 }\n")
        + "\n[appendix]\nethics = \"board 12, 2026-01-31\"\ndate = 2026-01-31\n";
    let statement = draft(&text).statement;
    let predicate = statement.predicate();
    assert_eq!(predicate["provider"]["register"], json!({ "country": "AT", "number": 7 }));
    assert_eq!(predicate["appendix"], json!({ "ethics": "board 12, 2026-01-31", "date": "2026-01-31" }));
    assert_ne!(statement.digest(), draft(V2).statement.digest());
}

#[test]
fn private_data_leave_a_commitment_and_nothing_else() {
    let text = private(V2);
    let source = Source::parse(&text).unwrap();
    let facts = captured(&source);
    let secret = facts.datasets["wdbc evaluation rows"];
    let drafted = source.draft(facts, &mut salts()).unwrap();
    let published = String::from_utf8(drafted.statement.canonical_bytes().to_vec()).unwrap();
    assert!(!published.contains("data/evaluation.csv"));
    assert!(!published.contains(&secret.root.to_string()[2..]));
    let [opening] = drafted.openings.as_slice() else { panic!("one private dataset, one opening") };
    assert!(opening.opens());
    assert_eq!(opening.fingerprint, secret);
    assert_eq!(drafted.statement.datasets()[1].binding, DatasetBinding::Commitment(opening.commitment));
    assert!(matches!(drafted.statement.datasets()[0].binding, DatasetBinding::Fingerprint(_)));

    let stored = serde_json::to_vec(opening).unwrap();
    assert_eq!(&DatasetOpening::decode(&stored).unwrap(), opening);
    assert!(!format!("{opening:?}").contains(&opening.fingerprint.root.to_string()[2..]));
    let mut other = opening.clone();
    other.fingerprint.bytes += 1;
    assert!(!other.opens());
    let mut other = opening.clone();
    other.name.push('x');
    assert!(!other.opens());
}

#[test]
fn two_drafts_of_private_data_cannot_be_linked() {
    let source = Source::parse(&private(V2)).unwrap();
    let mut salts = salts();
    let [one, two] = [(); 2].map(|()| source.draft(captured(&source), &mut salts).unwrap());
    assert_ne!(one.openings[0].commitment, two.openings[0].commitment);
}

#[test]
fn what_was_not_captured_is_named_all_at_once() {
    let source = Source::parse(V2).unwrap();
    let mut facts = captured(&source);
    facts.artifacts.clear();
    facts.datasets.clear();
    facts.parents.clear();
    facts.code.entries.clear();
    facts.environment.lock_files.clear();
    facts.code.git.as_mut().unwrap().commit = "HEAD".into();
    let Err(StatementError::Unfit(Issues(issues))) = source.draft(facts, &mut salts()) else {
        panic!("accepted")
    };
    let paths: Vec<&str> = issues.iter().map(|issue| issue.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "model.artifacts",
            "code",
            "datasets[0].path",
            "datasets[1].path",
            "code.entry",
            "environment.lock_files",
            "model.parents"
        ]
    );
    assert!(issues.iter().all(|issue| issue.line.is_some()));
}

/// Whatever the order they are written in: the contract takes them ascending.
#[test]
fn parents_ascend_and_none_is_there_twice() {
    let text = V2.replace("parents = [\"1.0.0\"]", "parents = [\"1.1.0\", \"1.0.0\"]");
    let source = Source::parse(&text).unwrap();
    let ids = [VersionId(digest(0x61)), VersionId(digest(0x51))];
    let facts = |parents: &[VersionId]| Captured { parents: parents.to_vec(), ..captured(&source) };
    let statement = source.draft(facts(&ids), &mut salts()).unwrap().statement;
    assert_eq!(statement.parents(), [ids[1], ids[0]]);
    let Err(StatementError::Unfit(Issues(issues))) = source.draft(facts(&[ids[0]; 2]), &mut salts()) else {
        panic!("accepted")
    };
    assert_eq!(issues[0].path, "model.parents");
    assert_eq!(issues[0].fault, Fault::Duplicate { got: ids[0].to_string() });
    for wrong in [ids, [ids[0]; 2]] {
        let bytes = changed(&statement, |value| {
            value["predicate"]["captured"]["parents"] = serde_json::to_value(wrong).unwrap();
        });
        assert!(matches!(
            Statement::decode(&bytes, &Limits::default()),
            Err(StatementError::Malformed { field: "predicate.captured", .. })
        ));
    }
}

#[test]
fn weight_files_are_named_once_and_inside() {
    let source = Source::parse(V2).unwrap();
    for name in ["/model.onnx", "../model.onnx", "a//b", "a/./b", "", "a\\b", "a\nb"] {
        let mut facts = captured(&source);
        facts.artifacts[0].name = name.into();
        let Err(StatementError::Unfit(Issues(issues))) = source.draft(facts, &mut salts()) else {
            panic!("{name:?} was accepted")
        };
        assert_eq!(issues[0].fault, Fault::NotRelative { got: name.into() });
    }
    let mut facts = captured(&source);
    facts.artifacts.push(facts.artifacts[0].clone());
    assert!(matches!(source.draft(facts, &mut salts()), Err(StatementError::Unfit(_))));
}

/// Every value in the statement counts: changed alone, it gives another digest, or is refused.
#[test]
fn each_change_of_a_value_changes_the_digest() {
    let statement = draft(&private(V2)).statement;
    let mut leaves = Vec::new();
    pointers(statement.value(), String::new(), &mut leaves);
    assert!(leaves.len() > 100, "only {} values", leaves.len());
    let mut digests = std::collections::BTreeSet::from([statement.digest()]);
    for pointer in leaves {
        let bytes = changed(&statement, |value| {
            let leaf = value.pointer_mut(&pointer).unwrap();
            *leaf = match leaf {
                Value::String(text) => Value::from(format!("{text}0")),
                Value::Number(number) => Value::from(number.as_f64().unwrap() + 1.0),
                Value::Bool(value) => Value::from(!*value),
                other => panic!("{pointer}: {other}"),
            };
        });
        if let Ok(other) = Statement::decode(&bytes, &Limits::default()) {
            assert!(digests.insert(other.digest()), "{pointer} does not count");
        }
    }
    assert!(digests.len() > 50, "nearly everything was refused");
}

fn pointers(value: &Value, path: String, leaves: &mut Vec<String>) {
    match value {
        Value::Object(entries) => {
            for (key, entry) in entries {
                pointers(entry, format!("{path}/{}", key.replace('~', "~0").replace('/', "~1")), leaves);
            }
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, item)| pointers(item, format!("{path}/{i}"), leaves));
        }
        _ => leaves.push(path),
    }
}

/// The names of formats, and what is taken when.
#[test]
fn other_formats_and_sizes_are_refused_by_name() {
    let statement = draft(V1).statement;
    for (pointer, field) in
        [("/_type", "_type"), ("/predicateType", "predicateType"), ("/predicate/format", "predicate.format")]
    {
        let error = refusal(&statement, |value| *value.pointer_mut(pointer).unwrap() = "other/2".into());
        assert!(
            matches!(&error, StatementError::UnknownFormat { field: f, got, .. } if *f == field && got == "other/2"),
            "{error}"
        );
    }
    let bytes = statement.canonical_bytes();
    let limits = Limits { bytes: bytes.len() - 1, ..Limits::default() };
    assert!(matches!(
        Statement::decode(bytes, &limits),
        Err(StatementError::Json(JsonError::TooLong { .. }))
    ));
    let limits = Limits { subjects: 0, ..Limits::default() };
    assert_eq!(Statement::decode(bytes, &limits), Err(StatementError::TooManySubjects { limit: 0, got: 1 }));
    let spaced = serde_json::to_vec_pretty(statement.value()).unwrap();
    assert!(matches!(
        Statement::decode(&spaced, &Limits::default()),
        Err(StatementError::Json(JsonError::NotCanonical { .. }))
    ));
}

#[test]
fn truncated_or_flipped_bytes_never_pass_for_the_same() {
    let statement = draft(V1).statement;
    let bytes = statement.canonical_bytes();
    for length in (0..bytes.len()).step_by(97) {
        assert!(Statement::decode(&bytes[..length], &Limits::default()).is_err());
    }
    for at in (0..bytes.len()).step_by(31) {
        let mut flipped = bytes.to_vec();
        flipped[at] ^= 1 << (at % 8);
        if let Ok(other) = Statement::decode(&flipped, &Limits::default()) {
            assert_ne!(other.digest(), statement.digest());
        }
    }
}

#[test]
fn rounds_that_are_claimed_come_from_a_parent_and_ascend() {
    let source = Source::parse(V2).unwrap();
    let parent = VersionId(digest(0x51));
    let own = FederatedRounds {
        chain_id: 10,
        task: Address::repeat_byte(0x61),
        initial: parent,
        rounds: vec![
            FinalRound { round: 1, outcome: digest(0x71) },
            FinalRound { round: 3, outcome: digest(0x72) },
        ],
        points: digest(0x73),
        adoption: Some(AdoptionRecord { up: 0, down: 4, digest: digest(0x74) }),
    };
    let drafted = |change: &dyn Fn(&mut FederatedRounds)| {
        let mut rounds = own.clone();
        change(&mut rounds);
        let facts = Captured { parents: vec![parent], federated: Some(rounds), ..captured(&source) };
        source.draft(facts, &mut salts())
    };
    let statement = drafted(&|_| {}).unwrap().statement;
    assert_eq!(statement.captured().federated.as_ref(), Some(&own));
    let again = Statement::decode(statement.canonical_bytes(), &Limits::default()).unwrap();
    assert_eq!(again.captured(), statement.captured());
    let head = history_after(history_after(B256::ZERO, 1, digest(0x71)), 3, digest(0x72));
    assert_eq!(own.history(), head);
    type Change = fn(&mut FederatedRounds);
    let refused: [(Change, &str); 4] = [
        (|own| own.rounds.clear(), "1 to 4096 rounds"),
        (|own| own.rounds.swap(0, 1), "do not ascend"),
        (|own| own.rounds[1].round = 1, "do not ascend"),
        (|own| own.initial = VersionId(digest(0x52)), "which is no parent"),
    ];
    for (change, words) in refused {
        let error = drafted(&change).unwrap_err().to_string();
        assert!(error.contains(words) && error.contains("captured.federated"), "{error}");
    }
}
