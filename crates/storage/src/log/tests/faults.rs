//! Every write, flush and rename fails once, alone and with everything after it.

use super::*;
use crate::{
    atomic::{
        Step,
        faults::{self, Plan},
    },
    log::{Confirmation, StoredRecord},
};

/// What was acknowledged.
#[derive(Default, Debug)]
struct Acknowledged {
    /// Records by the index that was returned for them.
    records: Vec<(u64, Record)>,
    erased: Vec<u64>,
    /// Anchors whose confirmation was noted.
    anchored: Vec<u64>,
    failures: usize,
}

impl Acknowledged {
    fn append(&mut self, writer: &mut LogWriter, batch: &[Record]) {
        match writer.append(batch) {
            Ok(indexes) => self.records.extend(indexes.zip(batch.iter().cloned())),
            Err(_) => self.failures += 1,
        }
    }

    fn erase(&mut self, writer: &mut LogWriter, index: u64) {
        match writer.erase(index, 1) {
            Ok(_) => self.erased.push(index),
            Err(_) => self.failures += 1,
        }
    }

    fn anchor(&mut self, writer: &mut LogWriter) {
        let (transaction, block_hash) = (B256::repeat_byte(5), B256::repeat_byte(6));
        let confirmation =
            Confirmation { epoch: 1, registry_head: B256::ZERO, transaction, block_number: 2, block_hash };
        let anchored = writer.prepare_anchor().and_then(|anchor| {
            writer.anchored(anchor.number, confirmation)?;
            Ok(anchor.number)
        });
        match anchored {
            Ok(number) => self.anchored.push(number),
            Err(_) => self.failures += 1,
        }
    }
}

/// Appends over a tile's end, erases, anchors and appends again, on a copy of `log`, which has 250 records.
fn session(log: &TempDir, folder: &TempDir) -> Acknowledged {
    let mut said = Acknowledged::default();
    let mut writer = faults::unharmed(|| {
        for file in files(log.path()) {
            let target = folder.path().join(&file);
            fs::create_dir_all(target.parent().unwrap()).unwrap();
            fs::copy(log.path().join(file), target).unwrap();
        }
        reopen(folder)
    });
    said.append(&mut writer, &records(1000..1010));
    said.erase(&mut writer, 3);
    said.erase(&mut writer, 251);
    said.anchor(&mut writer);
    said.append(&mut writer, &records(2000..2001));
    faults::end();
    said
}

fn check(folder: &TempDir, said: &Acknowledged, plan: Option<Plan>) {
    let mut writer = reopen(folder);
    let report = writer.log().verify(|_| ()).unwrap_or_else(|error| panic!("{plan:?}: {error}"));
    let mut view = writer.log().view().unwrap();
    for (index, record) in &said.records {
        match view.record(*index).unwrap().1 {
            StoredRecord::Kept { record: kept, .. } => assert_eq!(kept.text(), record.text(), "{plan:?}"),
            StoredRecord::Erased => assert!([3, 251].contains(index), "{plan:?}"),
        }
    }
    for index in &said.erased {
        assert_eq!(view.record(*index).unwrap().1, StoredRecord::Erased, "{plan:?}");
    }
    for number in &said.anchored {
        assert!(writer.log().anchors().unwrap()[*number as usize].confirmation.is_some(), "{plan:?}");
    }
    // At most what was tried: 11 records, 2 erasures, a dummy for each of two tries.
    assert!(report.size >= 250 + said.records.len() as u64 && report.size <= 250 + 11 + 2 + 2, "{plan:?}");
    assert_eq!(writer.append(&records(9000..9003)).unwrap(), report.size..report.size + 3);
    writer.log().prove(report.size + 2).unwrap().verify(ORIGIN, &keys()).unwrap();
}

#[test]
fn whatever_step_fails_nothing_acknowledged_is_lost_and_nothing_is_half_there() {
    let (log, writer) = log_of(250);
    drop(writer);
    let run = |plan| {
        let folder = temporary();
        let (said, steps) = faults::with(plan, || session(&log, &folder));
        check(&folder, &said, plan);
        (said, steps)
    };
    let (said, steps) = run(None);
    assert_eq!((said.records.len(), said.erased.len(), said.anchored.len(), said.failures), (11, 2, 1, 0));
    assert!(steps.len() > 60, "{}", steps.len());
    for (number, step) in steps.iter().enumerate() {
        for plan in [Plan::Once(number), Plan::From(number)] {
            let (said, _) = run(Some(plan));
            // Only removing what is no longer needed may fail in silence.
            assert!(said.failures > 0 || *step == Step::Remove, "{plan:?} at {step:?} was swallowed");
        }
    }
}

#[test]
fn making_a_log_fails_whole() {
    faults::each(|plan| {
        let folder = temporary();
        let path = folder.path().join("deep/log");
        let made = LogWriter::create(&path, key(), PaddingPolicy::default()).map(drop);
        faults::end();
        assert_eq!(made.is_ok(), plan.is_none(), "{plan:?}");
        if Log::open(&path).is_err() {
            LogWriter::create(&path, key(), PaddingPolicy::default()).unwrap();
        }
        assert_eq!(Log::open(&path).unwrap().verify(|_| ()).unwrap().size, 0);
    });
}

/// What a power cut could reorder: before the checkpoint is renamed into place, every file that was written is
/// flushed, and so is every folder that got a new name.
#[test]
fn everything_is_flushed_before_the_checkpoint_counts_it() {
    let (_folder, mut writer) = log_of(250);
    let (appended, steps) = faults::with(None, || writer.append(&records(250..600)));
    appended.unwrap();
    let renamed = steps.iter().position(|step| *step == Step::Rename).unwrap();
    let count = |step| steps[..renamed].iter().filter(|found| **found == step).count();
    // Three private files; full tiles 0 and 1, a partial one and a partial one above them; three bundles; and
    // the checkpoint under its temporary name.
    assert_eq!((count(Step::Create), count(Step::Write), count(Step::Sync)), (11, 11, 11));
    let last_write = steps[..renamed].iter().rposition(|step| *step == Step::Write).unwrap();
    assert_eq!(steps[last_write + 1..renamed], [Step::Sync], "the checkpoint itself");
    let flushed = steps[..last_write].iter().rposition(|step| *step == Step::Create).unwrap();
    assert_eq!(steps[flushed - 1], Step::SyncFolder, "folders are flushed before the checkpoint is written");
    assert!(
        count(Step::SyncFolder) >= 5,
        "records, two kinds of tiles, bundles, and folders of partial ones"
    );
    assert_eq!(steps[renamed + 1], Step::SyncFolder);
}
