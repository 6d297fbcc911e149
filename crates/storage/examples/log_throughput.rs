//! How fast a log grows and proves: appends records, proves some of them, prints one JSON object.
//!
//!     cargo run --release --example log_throughput -- FOLDER [RECORDS [PROOFS [BATCH]]]
//!
//! FOLDER must hold no log. Times are seconds of wall clock, flushing to the disk included.

use averment_primitives::{B256, VersionId};
use averment_registry::log::{CheckpointKey, PaddingPolicy, Record, RecordKind};
use averment_storage::log::LogWriter;
use serde_json::{Map, json};
use std::{error::Error, path::PathBuf, time::Instant};

const ORIGIN: &str = "example.org/throughput";

fn records(first: u64, count: u64) -> Result<Vec<Record>, Box<dyn Error>> {
    let version = VersionId(B256::repeat_byte(7));
    (first..first + count)
        .map(|number| {
            let fields = Map::from_iter([
                ("input".to_owned(), json!(B256::from(word(number)))),
                ("output".to_owned(), json!({ "malignant": 0.93 })),
            ]);
            Ok(Record::new(RecordKind::Decision, 1_700_000_000 + number, Some(version), fields)?)
        })
        .collect()
}

fn word(number: u64) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[24..].copy_from_slice(&number.to_be_bytes());
    bytes
}

#[allow(clippy::print_stdout)]
fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder =
        PathBuf::from(arguments.next().ok_or("usage: log_throughput FOLDER [RECORDS [PROOFS [BATCH]]]")?);
    let mut number = |default: u64| arguments.next().map_or(Ok(default), |text| text.parse());
    let (total, proofs, batch) = (number(1_000_000)?, number(10_000)?, number(10_000)?);

    let key = CheckpointKey::from_seed(ORIGIN, &[7; 32])?;
    let keys = [key.verifier().clone()];
    let mut writer = LogWriter::create(&folder, key, PaddingPolicy::default())?;
    // Making the records is the caller's work, not the log's.
    let mut append = 0.0;
    let mut first = 0;
    while first < total {
        let records = records(first, batch.min(total - first))?;
        let start = Instant::now();
        first = writer.append(&records)?.end;
        append += start.elapsed().as_secs_f64();
    }

    let log = writer.log();
    // Places spread over the log without a pattern: a multiplier that is coprime to most sizes.
    let places: Vec<u64> =
        (0..proofs).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15) % total.max(1)).collect();
    let start = Instant::now();
    for &place in &places {
        std::hint::black_box(log.prove(place)?);
    }
    let alone = start.elapsed().as_secs_f64();
    let mut view = log.view()?;
    let start = Instant::now();
    for &place in &places {
        std::hint::black_box(view.prove(place)?);
    }
    let together = start.elapsed().as_secs_f64();
    let mut slowest = 0f64;
    for &place in places.iter().take(1000) {
        let start = Instant::now();
        let proof = log.prove(place)?;
        slowest = slowest.max(start.elapsed().as_secs_f64());
        proof.verify(ORIGIN, &keys)?;
    }
    let start = Instant::now();
    log.verify(|_| ())?;
    let verify = start.elapsed().as_secs_f64();

    println!(
        "{}",
        json!({
            "records": total,
            "batch": batch,
            "append_s": append,
            "leaves_per_s": total as f64 / append,
            "proofs": proofs,
            "prove_ms": alone * 1e3 / proofs as f64,
            "prove_slowest_ms": slowest * 1e3,
            "prove_in_view_ms": together * 1e3 / proofs as f64,
            "verify_s": verify,
        })
    );
    Ok(())
}
