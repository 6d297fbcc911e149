//! The check of what a person declared against the schema, and the rules that tie fields together.
//!
//! Works on JSON, so that `model.toml` and a manifest from outside pass the same check.

use super::{
    issue::{Fault, Issue},
    schema::{FIELDS, Field, Kind, Need},
};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Longest text accepted, in bytes; longer matter belongs into a file of its own.
const TEXT_LIMIT: usize = 16 * 1024;

/// The registry contract's limit for a model's name, in bytes.
const NAME_LIMIT: usize = 64;

/// Whose words are being checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// A person's `model.toml`.
    Source,
    /// A published manifest, which does not say where private data lie.
    Published,
}

/// Everything wrong with `declared`.
pub(super) fn check(declared: &Value, stage: Stage) -> Vec<Issue> {
    let mut issues = Vec::new();
    match declared {
        Value::Object(entries) => check_table(entries, FIELDS, "", &mut issues),
        other => issues.push(Issue::new("", wrong_type("a table", other))),
    }
    if stage == Stage::Source {
        reserved(declared, &mut issues);
    }
    model_rules(declared, &mut issues);
    dataset_rules(declared, stage, &mut issues);
    privacy_rules(declared, &mut issues);
    for (table, list) in
        [("code", "entry"), ("environment", "lock_files"), ("model", "artifacts"), ("model", "parents")]
    {
        let mut seen = BTreeSet::new();
        for (index, text) in texts(declared.get(table).and_then(|t| t.get(list))).enumerate() {
            if !seen.insert(text) {
                let place = format!("{table}.{list}[{index}]");
                issues.push(Issue::new(place, Fault::Duplicate { got: short(text) }));
            }
        }
    }
    issues
}

pub(super) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn check_table(entries: &Map<String, Value>, fields: &[Field], path: &str, issues: &mut Vec<Issue>) {
    for field in fields {
        let place = join(path, field.name);
        match entries.get(field.name) {
            Some(value) => check_value(value, field, place, issues),
            None if field.need == Need::Required => {
                issues.push(Issue::about(place, Fault::Missing { because: None }, field));
            }
            None => {}
        }
    }
}

fn check_value(value: &Value, field: &Field, place: String, issues: &mut Vec<Issue>) {
    let fault = match (field.kind, value) {
        (Kind::Table(fields), Value::Object(entries)) => {
            return check_table(entries, fields, &place, issues);
        }
        (Kind::Tables(fields), Value::Array(items)) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                let place = format!("{place}[{index}]");
                match item {
                    Value::Object(entries) => check_table(entries, fields, &place, issues),
                    other => issues.push(Issue::about(place, wrong_type("a table", other), field)),
                }
            }
            return;
        }
        (Kind::Texts, Value::Array(items)) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                if let Some(fault) = text_fault(item) {
                    issues.push(Issue::about(format!("{place}[{index}]"), fault, field));
                }
            }
            return;
        }
        (Kind::Tables(_) | Kind::Texts, Value::Array(_)) => Some(Fault::Empty),
        (Kind::Free, Value::Object(entries)) => entries.is_empty().then_some(Fault::Empty),
        (Kind::Text, value) => text_fault(value),
        (Kind::OneOf(words), Value::String(text)) => {
            (!words.contains(&text.as_str())).then(|| Fault::NotOneOf { expected: words, got: short(text) })
        }
        (Kind::Number { min, max }, Value::Number(number)) => {
            let inside = number.as_f64().is_some_and(|x| x.is_finite() && min <= x && x <= max);
            (!inside).then(|| Fault::OutOfRange { expected: number_range(min, max), got: number.to_string() })
        }
        (Kind::Integer { min, max }, Value::Number(number)) => {
            let inside = number.as_i64().is_some_and(|x| min <= x && x <= max);
            (!inside).then(|| Fault::OutOfRange {
                expected: format!("a whole number from {min} to {max}"),
                got: number.to_string(),
            })
        }
        (kind, other) => Some(wrong_type(expected(kind), other)),
    };
    if let Some(fault) = fault {
        issues.push(Issue::about(place, fault, field));
    }
}

fn text_fault(value: &Value) -> Option<Fault> {
    match value {
        Value::String(text) if text.trim().is_empty() => Some(Fault::Empty),
        Value::String(text) if text.len() > TEXT_LIMIT => {
            Some(Fault::TooLong { limit: TEXT_LIMIT, got: text.len() })
        }
        Value::String(_) => None,
        other => Some(wrong_type("text", other)),
    }
}

fn expected(kind: Kind) -> &'static str {
    match kind {
        Kind::Text | Kind::OneOf(_) => "text",
        Kind::Texts => "a list of texts",
        Kind::Number { .. } => "a number",
        Kind::Integer { .. } => "a whole number",
        Kind::Table(_) | Kind::Free => "a table",
        Kind::Tables(_) => "a list of tables",
    }
}

fn wrong_type(expected: &'static str, got: &Value) -> Fault {
    let got = match got {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a table",
    };
    Fault::WrongType { expected, got }
}

fn number_range(min: f64, max: f64) -> String {
    match (min == f64::MIN, max == f64::MAX) {
        (true, true) => "a finite number".into(),
        (false, true) => format!("a number of at least {min}"),
        _ => format!("a number from {min} to {max}"),
    }
}

/// The start of a text from outside, for an error message.
fn short(text: &str) -> String {
    text.chars().take(64).collect()
}

// Rules between fields. What is not there or has the wrong type has been reported already.

/// Keys of a statement that hold what the program captured.
pub(super) const CAPTURED: &str = "captured";
pub(super) const FINGERPRINT: &str = "fingerprint";
pub(super) const COMMITMENT: &str = "commitment";

fn reserved(declared: &Value, issues: &mut Vec<Issue>) {
    let mut refuse = |table: &Value, key: &str, place: String| {
        if table.get(key).is_some() {
            issues.push(Issue::new(place, Fault::Reserved));
        }
    };
    refuse(declared, CAPTURED, CAPTURED.to_owned());
    let datasets = declared.get("datasets").and_then(Value::as_array);
    for (index, dataset) in datasets.into_iter().flatten().enumerate() {
        for key in [FINGERPRINT, COMMITMENT] {
            refuse(dataset, key, format!("datasets[{index}].{key}"));
        }
    }
}

fn model_rules(declared: &Value, issues: &mut Vec<Issue>) {
    let Some(model) = declared.get("model") else { return };
    if let Some(name) = model.get("name").and_then(Value::as_str).filter(|name| name.len() > NAME_LIMIT) {
        issues.push(Issue::new("model.name", Fault::TooLong { limit: NAME_LIMIT, got: name.len() }));
    }
    if model.get("parents").is_some() && model.get("changes").is_none() {
        missing_because("model", "changes", "the version has parents", issues);
    }
}

fn dataset_rules(declared: &Value, stage: Stage, issues: &mut Vec<Issue>) {
    let Some(datasets) = declared.get("datasets").and_then(Value::as_array) else { return };
    let text = |dataset: &Value, name: &str| dataset.get(name).and_then(Value::as_str).map(str::to_owned);
    let mut names = BTreeSet::new();
    for (index, dataset) in datasets.iter().enumerate() {
        if stage == Stage::Published && text(dataset, "visibility").is_some_and(|v| v == "private") {
            let place = format!("datasets[{index}].path");
            issues.retain(|issue| issue.path != place);
        }
        if let Some(name) = text(dataset, "name").filter(|name| !names.insert(name.clone())) {
            issues
                .push(Issue::new(format!("datasets[{index}].name"), Fault::Duplicate { got: short(&name) }));
        }
    }
    for purpose in ["training", "evaluation"] {
        if !datasets.iter().any(|dataset| text(dataset, "use").is_some_and(|u| u == purpose)) {
            issues.push(Issue {
                hint: Some(format!("[[datasets]] with use = {purpose:?}")),
                ..Issue::new(
                    "datasets",
                    Fault::Missing {
                        because: Some(match purpose {
                            "training" => "a model has training data",
                            _ => "a metric is measured on evaluation data",
                        }),
                    },
                )
            });
        }
    }
    for (index, metric) in declared.get("metrics").and_then(Value::as_array).into_iter().flatten().enumerate()
    {
        let Some(name) = text(metric, "dataset") else { continue };
        if !names.contains(&name) {
            let known =
                names.iter().map(|name| format!("{:?}", short(name))).collect::<Vec<_>>().join(" or ");
            issues.push(Issue::new(
                format!("metrics[{index}].dataset"),
                Fault::Unknown { expected: format!("the name of a dataset ({known})"), got: short(&name) },
            ));
        }
    }
}

fn privacy_rules(declared: &Value, issues: &mut Vec<Issue>) {
    let Some(privacy) = declared.get("privacy") else { return };
    let Some(mechanism) = privacy.get("mechanism").and_then(Value::as_str) else { return };
    let needed: &[(&str, &'static str)] = match mechanism {
        "none" => &[("reason", "there is no privacy mechanism")],
        "other" => &[
            ("reason", "the mechanism is another one"),
            ("epsilon", "there is a privacy mechanism"),
            ("delta", "there is a privacy mechanism"),
            ("accountant", "there is a privacy mechanism"),
        ],
        _ => &[
            ("epsilon", "there is a privacy mechanism"),
            ("delta", "there is a privacy mechanism"),
            ("accountant", "there is a privacy mechanism"),
        ],
    };
    for (name, because) in needed {
        if privacy.get(*name).is_none() {
            missing_because("privacy", name, because, issues);
        }
    }
}

fn missing_because(table: &str, name: &str, because: &'static str, issues: &mut Vec<Issue>) {
    let place = join(table, name);
    let fault = Fault::Missing { because: Some(because) };
    issues.push(match super::field_at(&place) {
        Some(field) => Issue::about(place, fault, field),
        None => Issue::new(place, fault),
    });
}

fn texts(list: Option<&Value>) -> impl Iterator<Item = &str> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}
