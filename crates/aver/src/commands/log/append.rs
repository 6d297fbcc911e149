//! `aver log append`: JSON lines become records, all or none of them.

use super::{fault, writer};
use crate::{
    args::{AppendArgs, RecordKindArg},
    commands::Context,
    exit,
    workplace::now,
};
use anyhow::{Context as _, Result};
use averment_primitives::VersionId;
use averment_registry::{
    canonical::{self, JsonLimits},
    explanation::Explanation,
    log::{Checkpoint, MAX_RECORD_BYTES, Record, RecordKind},
};
use averment_storage::atomic;
use serde_json::{Map, Value, json};
use std::{
    fs::File,
    io::{self, Read},
    ops::Range,
    path::Path,
};

/// The most that is read at once; more is split by who makes it, so that each part is all or none.
const LIMIT: u64 = 256 << 20;

pub fn run(args: &AppendArgs, context: &Context) -> Result<()> {
    let (indexes, head) = append(args, context)?;
    let words = match indexes.end - indexes.start {
        0 => format!("there was nothing to append; the log has {} records", head.size),
        1 => format!("appended record {}; the log has {} records", indexes.start, head.size),
        count => format!(
            "appended {count} records, {} to {}; the log has {} records",
            indexes.start,
            indexes.end - 1,
            head.size
        ),
    };
    let value = json!({
        "first": indexes.start, "count": indexes.end - indexes.start, "size": head.size, "root": head.root,
    });
    context.ui.result(&value, words)
}

/// Appends the records of a file; their indexes, and the log's head with them.
pub fn append(args: &AppendArgs, context: &Context) -> Result<(Range<u64>, Checkpoint)> {
    let mut records = records(&read(&args.file)?, args, now()?)?;
    if let Some(file) = &args.explanation {
        let [record] = records.as_mut_slice() else {
            let got = records.len();
            return Err(
                exit::usage(format!("--explanation is for one record, {got} were to be appended")).into()
            );
        };
        *record = explained(record, file)?;
    }
    let mut writer = writer(context)?;
    let indexes = writer.append(&records).map_err(fault::append)?;
    let (head, _) = writer.log().checkpoint().map_err(fault::read)?;
    Ok((indexes, head))
}

fn read(file: &Path) -> Result<String> {
    let name = if file == Path::new("-") { "standard input".to_owned() } else { file.display().to_string() };
    let mut text = String::new();
    let reading = || format!("reading {name}");
    let source: Box<dyn Read> = match name.as_str() {
        "standard input" => Box::new(io::stdin().lock()),
        _ => Box::new(File::open(file).with_context(reading)?),
    };
    source.take(LIMIT + 1).read_to_string(&mut text).with_context(reading)?;
    if text.len() as u64 > LIMIT {
        return Err(
            exit::usage(format!("{name}: at most {LIMIT} bytes are appended at once; split it")).into()
        );
    }
    Ok(text)
}

/// The record with the field that explains it.
fn explained(record: &Record, file: &Path) -> Result<Record> {
    let bytes =
        atomic::read(file, MAX_RECORD_BYTES as u64).with_context(|| format!("reading {}", file.display()))?;
    let wrong = |why: String| exit::usage(format!("{}: {why}", file.display()));
    let explanation = Explanation::decode(&bytes).map_err(|error| wrong(error.to_string()))?;
    let mut fields = record.content().clone();
    fields.retain(|name, _| !matches!(name.as_str(), "format" | "kind" | "version" | "at"));
    if fields.insert("explanation".to_owned(), explanation.to_value()?).is_some() {
        return Err(wrong("the record has an explanation already".to_owned()).into());
    }
    let at = record.at().unwrap_or_default();
    Record::new(record.kind(), at, record.version(), fields).map_err(|error| wrong(error.to_string()).into())
}

/// One record a line that is not empty. What is wrong is said of the first wrong line.
fn records(text: &str, args: &AppendArgs, now: u64) -> Result<Vec<Record>> {
    let lines = text.lines().zip(1u64..).filter(|(line, _)| !line.trim().is_empty());
    lines
        .map(|(line, number)| {
            record(line, args, now).map_err(|why| {
                exit::usage(format!("line {number} of {}: {why}; nothing was appended", args.file.display()))
                    .into()
            })
        })
        .collect()
}

fn record(line: &str, args: &AppendArgs, now: u64) -> Result<Record, String> {
    let limits = JsonLimits { bytes: 2 * MAX_RECORD_BYTES, ..JsonLimits::default() };
    let value = canonical::parse(line.as_bytes(), &limits).map_err(|error| error.to_string())?;
    let Value::Object(mut fields) = value else { return Err("expected a JSON object".to_owned()) };
    let kind = match take(&mut fields, "kind")? {
        None => match args.kind {
            RecordKindArg::Run => RecordKind::Run,
            RecordKindArg::Decision => RecordKind::Decision,
            RecordKindArg::Event => RecordKind::Event,
        },
        Some(name) => match name.parse() {
            Ok(kind @ (RecordKind::Run | RecordKind::Decision | RecordKind::Event)) => kind,
            _ => return Err(format!("its kind must be run, decision or event, got {name:?}")),
        },
    };
    let version = match take(&mut fields, "version")? {
        None => args.version,
        Some(id) => Some(id.parse::<VersionId>().map_err(|_| {
            format!("its version must be a version's id, 0x and 64 hexadecimal digits, got {id:?}")
        })?),
    };
    if version.is_none() && kind == RecordKind::Decision {
        return Err("a decision is made by a version: name it with --about, or in the field `version`".into());
    }
    let at = match fields.remove("at") {
        None => now,
        Some(at) => at.as_u64().ok_or_else(|| {
            format!("its field `at` must be a second of Unix time, a whole number, got {at}")
        })?,
    };
    Record::new(kind, at, version, fields).map_err(|error| error.to_string())
}

/// A field that must be text if it is there.
fn take(fields: &mut Map<String, Value>, name: &str) -> Result<Option<String>, String> {
    match fields.remove(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(format!("its field `{name}` must be text, got {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use averment_primitives::B256;

    fn args() -> AppendArgs {
        let version = Some(VersionId(B256::repeat_byte(1)));
        AppendArgs {
            file: "decisions.jsonl".into(),
            kind: RecordKindArg::Decision,
            version,
            explanation: None,
        }
    }

    #[test]
    fn a_line_says_more_than_the_options() {
        let other = VersionId(B256::repeat_byte(2));
        let text = format!(
            "{{\"output\":1}}\n\n{{\"kind\":\"event\",\"at\":7,\"version\":\"{other}\",\"what\":\"outage\"}}\r\n"
        );
        let records = records(&text, &args(), 1000).unwrap();
        let said: Vec<_> =
            records.iter().map(|record| (record.kind(), record.at(), record.version())).collect();
        assert_eq!(
            said,
            [(RecordKind::Decision, Some(1000), args().version), (RecordKind::Event, Some(7), Some(other))]
        );
        assert_eq!(records[1].content()["what"], "outage");
    }

    #[test]
    fn the_first_wrong_line_is_named() {
        for (line, reason) in [
            ("{\"a\":1", "JSON"),
            ("[1]", "expected a JSON object"),
            ("{\"a\":1,\"a\":2}", "a"),
            ("{\"kind\":\"padding\"}", "run, decision or event"),
            ("{\"kind\":3}", "must be text"),
            ("{\"version\":\"0x12\"}", "a version's id"),
            ("{\"at\":-1}", "a second of Unix time"),
            ("{\"format\":\"averment-record/9\"}", "format"),
        ] {
            let text = format!("{{}}\n{line}\n");
            let error = records(&text, &args(), 1).unwrap_err().to_string();
            assert!(error.contains("line 2 of decisions.jsonl") && error.contains(reason), "{line}: {error}");
        }
        let nobody = AppendArgs { version: None, ..args() };
        assert!(records("{}", &nobody, 1).unwrap_err().to_string().contains("--about"));
    }
}
