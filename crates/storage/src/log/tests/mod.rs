//! What the log promises, and what it does when it is attacked or the disk fails.

mod anchoring;
mod erasing;
mod faults;
mod hostile;
mod opening;
mod serving;

use super::{Log, LogWriter};
use averment_primitives::{B256, VersionId};
use averment_registry::log::{CheckpointKey, PaddingPolicy, Record, RecordKind, VerifierKey};
use serde_json::{Map, json};
use std::{
    fs,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

const ORIGIN: &str = "example.org/decisions";

fn key() -> CheckpointKey {
    CheckpointKey::from_seed(ORIGIN, &[7; 32]).unwrap()
}

fn keys() -> [VerifierKey; 1] {
    [key().verifier().clone()]
}

/// A decision that says which one it is.
fn record(number: u64) -> Record {
    let fields = Map::from_iter([("patient".to_owned(), json!(format!("secret-{number:05}")))]);
    Record::new(RecordKind::Decision, 1_700_000_000, Some(VersionId(B256::repeat_byte(1))), fields).unwrap()
}

fn records(numbers: std::ops::Range<u64>) -> Vec<Record> {
    numbers.map(record).collect()
}

/// A folder for many small logs: in memory where there is such a place, because flushing is not what is tested.
fn temporary() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// A log with so many records.
fn log_of(count: u64) -> (TempDir, LogWriter) {
    let folder = temporary();
    let mut writer = LogWriter::create(&folder.path().join("log"), key(), PaddingPolicy::default()).unwrap();
    writer.append(&records(0..count)).unwrap();
    (folder, writer)
}

fn reopen(folder: &TempDir) -> LogWriter {
    LogWriter::open(&folder.path().join("log"), key()).unwrap()
}

fn read(folder: &TempDir) -> Log {
    Log::open(&folder.path().join("log")).unwrap()
}

/// All files below `folder`, by their paths relative to it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(folder).unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}
