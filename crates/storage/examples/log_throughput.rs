//! What the log costs: leaves appended, proofs made and checked. `log_throughput FOLDER LEAVES BATCH` prints a table
//! in Markdown; `cargo xtask bench` puts it into docs/benchmarks.md. Not a test: times are reported, never asserted.
#![allow(clippy::print_stdout, reason = "it is there to print")]

use averment_primitives::{B256, VersionId};
use averment_registry::log::{CheckpointKey, PaddingPolicy, Record, RecordKind};
use averment_storage::log::{Log, LogWriter};
use serde_json::{Map, json};
use std::{
    error::Error,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

const ORIGIN: &str = "example.org/bench";
const PROOFS: u64 = 2_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: log_throughput FOLDER LEAVES BATCH";
    let folder = PathBuf::from(arguments.next().ok_or(usage)?);
    let leaves: u64 = arguments.next().ok_or(usage)?.parse()?;
    let batch: u64 = arguments.next().ok_or(usage)?.parse()?;
    let key = CheckpointKey::from_seed(ORIGIN, &[7; 32])?;
    let keys = [key.verifier().clone()];

    let mut writer = LogWriter::create(&folder, key, PaddingPolicy::default())?;
    let mut appending = Duration::ZERO;
    for first in (0..leaves).step_by(batch.try_into()?) {
        let records = (first..leaves.min(first + batch)).map(record).collect::<Result<Vec<_>, _>>()?;
        let start = Instant::now();
        writer.append(&records)?;
        appending += start.elapsed();
    }
    let single = median((0..50).map(|n| {
        let records = [record(leaves + n)?];
        let start = Instant::now();
        writer.append(&records)?;
        Ok::<_, Box<dyn Error>>(start.elapsed())
    }))?;
    drop(writer);

    let start = Instant::now();
    let log = Log::open(&folder)?;
    let mut view = log.view()?;
    let opening = start.elapsed();
    let size = view.size();
    // A fixed generator: the same places every time.
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut places = || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 11) % size
    };
    let indexes: Vec<u64> = (0..PROOFS).map(|_| places()).collect();
    let alone = median(indexes.iter().map(|&index| timed(|| log.prove(index))))?;
    let together = median(indexes.iter().map(|&index| timed(|| view.prove(index))))?;
    let proof = view.prove(size / 3)?;
    let checking = median((0..PROOFS).map(|_| timed(|| proof.verify(ORIGIN, &keys))))?;
    let start = Instant::now();
    log.verify(|_| ())?;
    let whole = start.elapsed();

    println!(
        "{size} leaves of {} bytes, {batch} at a time, flushed to the disk each time. A proof alone begins with the \
         signed checkpoint; proofs from one view share what was read and checked before.\n",
        record(0)?.text().len()
    );
    println!("| what | wall |\n|---|---|");
    println!(
        "| append {leaves} leaves | {:.1} s, {:.0} leaves/s |",
        appending.as_secs_f64(),
        leaves as f64 / appending.as_secs_f64()
    );
    println!("| append one leaf, median of 50 | {} |", milliseconds(single));
    println!("| open, read the tree's edge, check the signature | {} |", milliseconds(opening));
    println!("| inclusion proof alone, median of {PROOFS} | {} |", milliseconds(alone));
    println!("| inclusion proof from one view, median of {PROOFS} | {} |", milliseconds(together));
    println!("| check a proof, its signature and its record | {} |", milliseconds(checking));
    println!("| check the whole log | {:.1} s |", whole.as_secs_f64());
    println!("| on the disk | {:.0} MiB |", bytes(&folder)? as f64 / f64::from(1 << 20));
    Ok(())
}

fn record(number: u64) -> Result<Record, averment_registry::log::RecordError> {
    let fields = Map::from_iter([
        ("input".to_owned(), json!(B256::left_padding_from(&number.to_be_bytes()))),
        ("output".to_owned(), json!({ "malignant": 0.93 })),
    ]);
    Record::new(RecordKind::Decision, 1_700_000_000, Some(VersionId(B256::repeat_byte(1))), fields)
}

fn timed<T, E: Error + 'static>(work: impl FnOnce() -> Result<T, E>) -> Result<Duration, Box<dyn Error>> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed())
}

fn median(times: impl Iterator<Item = Result<Duration, Box<dyn Error>>>) -> Result<Duration, Box<dyn Error>> {
    let mut times = times.collect::<Result<Vec<_>, _>>()?;
    times.sort_unstable();
    Ok(times.get(times.len() / 2).copied().unwrap_or_default())
}

fn milliseconds(time: Duration) -> String {
    format!("{:.3} ms", time.as_secs_f64() * 1000.0)
}

/// The bytes of all files below `folder`.
fn bytes(folder: &Path) -> std::io::Result<u64> {
    let mut sum = 0;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        sum += if path.is_dir() { bytes(&path)? } else { path.metadata()?.len() };
    }
    Ok(sum)
}
