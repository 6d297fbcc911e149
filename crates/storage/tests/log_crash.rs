//! The log when the process that writes it is killed: everything that was acknowledged is there, nothing is half
//! there, and no head contradicts an earlier one.

use averment_primitives::{B256, VersionId};
use averment_registry::log::{
    CheckpointKey, PaddingPolicy, Record, RecordKind, leaf_hash, verify_consistency,
};
use averment_storage::log::{Confirmation, Log, LogWriter, StoredRecord};
use serde_json::{Map, json};
use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
    sync::mpsc,
    time::Duration,
};

const FOLDER: &str = "AVERMENT_CRASH_LOG";
const KILLS: u64 = 200;
/// After so many kills a new log is begun, so that checking stays quick.
const KILLS_A_LOG: u64 = 10;

fn key() -> CheckpointKey {
    CheckpointKey::from_seed("example.org/crash", &[3; 32]).unwrap()
}

/// The record that belongs at `index`.
fn record(index: u64) -> Record {
    let fields = Map::from_iter([("n".to_owned(), json!(index))]);
    Record::new(RecordKind::Decision, 1, Some(VersionId(B256::repeat_byte(1))), fields).unwrap()
}

fn open(folder: &Path) -> LogWriter {
    match Log::open(folder) {
        Ok(_) => LogWriter::open(folder, key()).unwrap(),
        Err(_) => LogWriter::create(folder, key(), PaddingPolicy::default()).unwrap(),
    }
}

fn next(random: &mut u64) -> u64 {
    *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *random >> 33
}

/// The child: appends, erases and anchors for ever, and reports what it was told is done.
#[test]
#[ignore = "is the child process of the test below"]
fn writes_until_it_is_killed() {
    let folder = std::env::var_os(FOLDER).expect("the parent names the folder");
    let mut writer = open(Path::new(&folder));
    let mut random = std::process::id().into();
    let mut out = std::io::stdout();
    // Past the harness, which keeps what `println!` says.
    let mut say = |what: String| {
        writeln!(out, "\n{what}").unwrap();
        out.flush().unwrap();
    };
    loop {
        let size = writer.log().checkpoint().unwrap().0.size;
        match next(&mut random) % 8 {
            0 if size > 0 => {
                let index = next(&mut random) % size;
                if writer.erase(index, 1).is_ok() {
                    say(format!("erased {index}"));
                }
            }
            1 => {
                let anchor = writer.prepare_anchor().unwrap();
                let confirmation = Confirmation {
                    epoch: anchor.number,
                    registry_head: B256::ZERO,
                    transaction: anchor.root(),
                    block_number: 1,
                    block_hash: anchor.root(),
                };
                writer.anchored(anchor.number, confirmation).unwrap();
                say(format!("anchored {}", anchor.number));
            }
            _ => {
                let count = 1 + next(&mut random) % 40;
                let batch: Vec<Record> = (size..size + count).map(record).collect();
                let done = writer.append(&batch).unwrap();
                say(format!("appended {}", done.end));
            }
        }
    }
}

#[test]
fn killed_writers_lose_nothing_that_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = 0x9e37_79b9_7f4a_7c15;
    let mut acknowledged = 0;
    let (mut erased, mut anchored, mut head) = (BTreeSet::new(), 0, (0, B256::ZERO));
    for kill in 0..KILLS {
        if kill % KILLS_A_LOG == 0 {
            (erased, anchored, head) = (BTreeSet::new(), 0, (0, B256::ZERO));
        }
        let path = folder.path().join((kill / KILLS_A_LOG).to_string());
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "writes_until_it_is_killed", "--ignored", "--nocapture"])
            .env(FOLDER, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (report, reports) = mpsc::channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| report.send(line)));
        let mut done = reports.iter().filter_map(|line| {
            let (what, number) = line.split_once(' ')?;
            // The last line may be cut off, but not so that it still has a number of its own and another one.
            Some((what.to_owned(), number.parse::<u64>().ok()?))
        });
        // One in four may be killed while it opens the log; the others have written before, however slow that is.
        let least = (kill % 4) as usize;
        let mut said: Vec<_> = done.by_ref().take(least).collect();
        assert_eq!(said.len(), least, "the child ended before kill {kill}");
        std::thread::sleep(Duration::from_micros(next(&mut random) & 0x7fff));
        child.kill().unwrap();
        child.wait().unwrap();
        said.extend(done);
        let mut size = head.0;
        for (what, number) in said {
            match what.as_str() {
                "appended" => size = size.max(number),
                "erased" => drop(erased.insert(number)),
                "anchored" => anchored = anchored.max(number + 1),
                _ => continue,
            }
            acknowledged += 1;
        }

        let writer = open(&path);
        let log = writer.log();
        let report = log.verify(|_| ()).unwrap_or_else(|error| panic!("after kill {kill}: {error}"));
        assert!(report.size >= size, "{size} acknowledged, {} there after kill {kill}", report.size);
        assert!(report.anchors >= anchored, "anchors after kill {kill}");
        let mut view = log.view().unwrap();
        for index in 0..report.size {
            let (leaf, stored) = view.record(index).unwrap();
            match stored {
                StoredRecord::Erased => {}
                StoredRecord::Kept { record: kept, opening } => {
                    assert!(!erased.contains(&index), "record {index} is back after kill {kill}");
                    assert!(leaf.opens_to(&opening.salt, opening.record.as_bytes()));
                    if kept.kind() == RecordKind::Decision {
                        assert_eq!(kept.text(), record(index).text());
                    }
                }
            }
            if index == 0 {
                assert_eq!(leaf_hash(leaf), view.root_at(1).unwrap());
            }
        }
        let root = view.checkpoint().root;
        if head.0 > 0 {
            let proof = log.prove_consistency(head.0, report.size).unwrap();
            verify_consistency(head.0, head.1, report.size, root, &proof).unwrap();
        }
        head = (report.size, root);
    }
    assert!(acknowledged > KILLS, "the children hardly wrote: {acknowledged} in {KILLS} kills");
}
