//! `model.toml`: what is missing or wrong is named at once, with its line.

use super::*;

/// `text` without the entry of one field, by its TOML path (of the first of several tables).
fn without(text: &str, path: &str) -> String {
    let mut document: toml::Table = text.parse().unwrap();
    let (parents, key) = path.rsplit_once('.').map_or((None, path), |(parents, key)| (Some(parents), key));
    let mut table = &mut document;
    for part in parents.into_iter().flat_map(|parents| parents.split('.')) {
        table = match table.get_mut(part).unwrap() {
            toml::Value::Array(items) => items[0].as_table_mut().unwrap(),
            other => other.as_table_mut().unwrap(),
        };
    }
    assert!(table.remove(key).is_some(), "{path}");
    toml::to_string(&document).unwrap()
}

fn issues(text: &str) -> Vec<Issue> {
    match Source::parse(text) {
        Err(SourceError::Unfit(Issues(issues))) => issues,
        other => panic!("expected issues, got {other:?}"),
    }
}

/// Every field's path with the field.
pub(super) fn all_fields() -> Vec<(String, &'static Field)> {
    let mut found = Vec::new();
    for field in FIELDS {
        found.push((field.name.to_owned(), field));
        if let Kind::Table(inner) | Kind::Tables(inner) = field.kind {
            found.extend(inner.iter().map(|f| (format!("{}.{}", field.name, f.name), f)));
        }
    }
    found
}

#[test]
fn each_required_field_is_missed_by_its_name_and_with_an_example() {
    for (path, field) in all_fields().into_iter().filter(|(_, field)| field.need == Need::Required) {
        let found = issues(&without(V2, &path));
        let indexed = path.replace("datasets.", "datasets[0].").replace("metrics.", "metrics[0].");
        let issue = found.iter().find(|issue| issue.path == indexed).unwrap_or_else(|| panic!("{path}"));
        assert_eq!(issue.fault, Fault::Missing { because: None }, "{path}");
        assert!(issue.hint.as_ref().is_some_and(|hint| hint.contains(field.name)), "{path}");
    }
}

#[test]
fn everything_missing_is_named_at_once() {
    let found = issues("");
    for field in FIELDS {
        assert!(found.iter().any(|issue| issue.path == field.name), "{} is not named", field.name);
    }
    let text = Issues(found).to_string();
    assert!(text.starts_with(&format!("{} things to put right:\n", FIELDS.len())), "{text}");
    assert!(text.contains("[model] with name, version, purpose"), "{text}");
}

#[test]
fn the_template_fits_the_table_once_it_is_filled_in() {
    let text = template();
    let found = issues(&text);
    let empty = found.iter().filter(|issue| issue.fault == Fault::Empty).count();
    assert!(empty > 20 && found.len() > empty, "{}", Issues(found));
    // Each field takes its own example.
    let mut filled = String::new();
    let (mut lines, mut example) = (text.lines(), None);
    for line in lines.by_ref() {
        if let Some(found) = line.strip_prefix("# ").and_then(|l| l.rsplit_once("; for example ")) {
            example = Some(found.1);
        }
        filled += &match (line.split_once(" = \""), line.split_once(" = [\"\"]"), example) {
            (_, Some((key, _)), Some(example)) | (Some((key, "\"")), None, Some(example)) => {
                format!("{key} = {example}\n")
            }
            _ => format!("{line}\n"),
        };
    }
    let filled = filled.replace("# seed = 0", "seed = 0");
    for issue in issues(&filled) {
        assert!(
            matches!(issue.fault, Fault::Missing { because: Some(_) } | Fault::Unknown { .. }),
            "{issue}"
        );
    }
}

#[test]
fn wrong_types_words_and_ranges_are_named_with_their_lines() {
    let text = V2
        .replace("users = \"", "users = 7 # \"")
        .replace("log_months = 24", "log_months = 24.5")
        .replace("documentation_years = 10", "documentation_years = 101")
        .replace("personal_data = \"anonymous\"", "personal_data = \"some\"")
        .replace("value = 0.964912", "value = nan")
        .replace("entry = [\"train.py\"]", "entry = \"train.py\"")
        .replace("seed = 0", "seed = 9007199254740993")
        .replace("standards = [\"none: an example\"]", "standards = []");
    let found = issues(&text);
    let line = |start: &str| text.lines().position(|line| line.starts_with(start)).unwrap() + 1;
    let wrong = |expected, got| Fault::WrongType { expected, got };
    for (path, start, fault) in [
        ("model.users", "users", wrong("text", "a number")),
        ("code.entry", "entry", wrong("a list of texts", "text")),
        ("conformity.standards", "standards", Fault::Empty),
        (
            "records.log_months",
            "log_months",
            Fault::OutOfRange { expected: "a whole number from 0 to 1200".into(), got: "24.5".into() },
        ),
        (
            "records.documentation_years",
            "documentation_years",
            Fault::OutOfRange { expected: "a whole number from 0 to 100".into(), got: "101".into() },
        ),
        (
            "metrics[0].value",
            "value = nan",
            Fault::OutOfRange { expected: "a finite number".into(), got: "nan".into() },
        ),
        (
            "hyperparameters.seed",
            "seed",
            Fault::OutOfRange {
                expected: "a whole number within ±(2^53 - 1); write larger ones as text".into(),
                got: "9007199254740993".into(),
            },
        ),
        (
            "datasets[0].personal_data",
            "personal_data",
            Fault::NotOneOf {
                expected: &["none", "anonymous", "pseudonymous", "identifiable"],
                got: "some".into(),
            },
        ),
    ] {
        let issue = found.iter().find(|issue| issue.path == path).unwrap_or_else(|| panic!("{path}"));
        assert_eq!((&issue.fault, issue.line), (&fault, Some(line(start))), "{path}");
    }
}

#[test]
fn fields_that_contradict_each_other_are_refused() {
    let cases: &[(&str, &str, &str)] = &[
        ("name = \"wdbc evaluation rows\"", "name = \"wdbc training rows\"", "datasets[1].name"),
        ("dataset = \"wdbc evaluation rows\"", "dataset = \"another\"", "metrics[0].dataset"),
        ("use = \"evaluation\"", "use = \"training\"", "datasets"),
        ("changes = ", "remarks = ", "model.changes"),
        ("reason = ", "remark = ", "privacy.reason"),
        ("mechanism = \"none\"", "mechanism = \"dp-sgd\"", "privacy.epsilon"),
        ("[\"train.py\"]", "[\"train.py\", \"train.py\"]", "code.entry[1]"),
        ("[\"1.0.0\"]", "[\"1.0.0\", \"1.0.0\"]", "model.parents[1]"),
        ("rows = 455", "rows = 455\nfingerprint = \"0x00\"", "datasets[0].fingerprint"),
        ("rows = 455", "rows = 455\ncommitment = \"0x00\"", "datasets[0].commitment"),
        ("[privacy]", "[captured]\na = 1\n[privacy]", "captured"),
        ("name = \"breast-cancer-triage\"", &format!("name = \"{}\"", "a".repeat(65)), "model.name"),
        ("path = \"data/training.csv\"\n", "", "datasets[0].path"),
    ];
    for (from, to, path) in cases {
        let text = V2.replacen(from, to, 1);
        assert_ne!(text, V2, "{from}");
        let found = issues(&text);
        assert!(found.iter().any(|issue| issue.path == *path), "{path}: {}", Issues(found));
    }
    // Where private data lie must be said too, though it is not published.
    let text = private(V2).replace("path = \"data/evaluation.csv\"\n", "");
    assert_eq!(issues(&text)[0].path, "datasets[1].path");
}

#[test]
fn what_is_no_toml_is_refused_with_its_place() {
    let error = Source::parse("a = 1\nb = = 2\n").unwrap_err();
    assert!(matches!(error, SourceError::Syntax { line: 2, column: 5, .. }), "{error:?}");
    let error = Source::parse("a = 1\na = 2\n").unwrap_err();
    assert!(matches!(error, SourceError::Syntax { line: 2, .. }), "{error:?}");
    let deep = format!("a = {}", "[".repeat(100_000));
    assert!(matches!(Source::parse(&deep), Err(SourceError::Syntax { .. })));
    let long = "#".repeat(MANIFEST_LIMIT + 1);
    assert!(matches!(Source::parse(&long), Err(SourceError::TooLong { .. })));
}

/// What JSON has no form for is refused where it is written, not when everything else is captured.
#[test]
fn what_no_statement_can_hold_is_refused_with_its_line() {
    let with =
        |value: &str| V2.replace("[hyperparameters]\n", &format!("[hyperparameters]\nown = {value}\n"));
    let mut deepest = 0;
    for levels in 20..40 {
        for inner in ["", "1"] {
            match Source::parse(&with(&format!("{}{inner}{}", "[".repeat(levels), "]".repeat(levels)))) {
                Ok(source) => {
                    source.draft(captured(&source), &mut salts()).unwrap();
                    deepest = levels;
                }
                Err(SourceError::Unfit(Issues(issues))) => {
                    assert!(
                        issues
                            .iter()
                            .all(|i| matches!(i.fault, Fault::OutOfRange { .. }) && i.line.is_some())
                    );
                }
                Err(other) => panic!("{other}"),
            }
        }
    }
    // The statement, its predicate and the table take three of its 32 levels.
    assert_eq!(deepest, 29);
    for (number, fits) in [
        ("9007199254740991.0", true),
        ("9007199254740992.0", false),
        ("-1e16", false),
        ("1e21", true),
        ("1e300", true),
        ("inf", false),
        ("nan", false),
    ] {
        match Source::parse(&with(number)) {
            Ok(source) => {
                assert!(fits, "{number}");
                source.draft(captured(&source), &mut salts()).unwrap();
            }
            Err(SourceError::Unfit(Issues(issues))) => {
                assert!(!fits, "{number}: {issues:?}");
                assert_eq!(issues[0].path, "hyperparameters.own");
            }
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn a_path_leads_to_its_field() {
    for (path, field) in all_fields() {
        assert_eq!(field_at(&path), Some(field));
    }
    assert_eq!(field_at("datasets[3].name").map(|field| field.name), Some("name"));
    assert_eq!(field_at("model.nothing"), None);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(128))]

    /// No cut and no change of a byte makes reading panic, and lines lie within the text.
    #[test]
    fn mangled_text_is_read_or_refused(at in 0..V2.len(), byte: u8, cut: bool) {
        let mut bytes = V2.as_bytes().to_vec();
        if cut { bytes.truncate(at) } else { bytes[at] = byte }
        let text = String::from_utf8_lossy(&bytes);
        let lines = text.split('\n').count();
        match Source::parse(&text) {
            Ok(source) => drop(source.draft(captured(&source), &mut salts())),
            Err(SourceError::Unfit(Issues(issues))) => {
                proptest::prop_assert!(!issues.is_empty());
                proptest::prop_assert!(issues.iter().all(|i| i.line.is_none_or(|l| (1..=lines).contains(&l))));
            }
            Err(SourceError::Syntax { line, .. }) => proptest::prop_assert!((1..=lines).contains(&line)),
            Err(SourceError::TooLong { .. }) => proptest::prop_assert!(false),
        }
    }
}
