//! Forgetting a record.

use super::*;
use crate::log::{EraseError, ReadError, StoredRecord, VerifyError};

/// The salt and the text of a record, as bytes to look for.
fn secrets(log: &Log, index: u64) -> [Vec<u8>; 2] {
    match log.view().unwrap().record(index).unwrap().1 {
        StoredRecord::Kept { opening, .. } => [opening.salt.expose().to_vec(), opening.record.into_bytes()],
        StoredRecord::Erased => panic!("record {index} is erased"),
    }
}

#[test]
fn an_erased_record_is_nowhere_and_every_proof_holds() {
    let (folder, mut writer) = log_of(700);
    let log = read(&folder);
    let before: Vec<_> = [3u64, 255, 256, 400, 699].map(|index| log.prove(index).unwrap()).into();
    let secrets: Vec<Vec<u8>> = [400, 699].iter().flat_map(|&index| secrets(&log, index)).collect();
    assert_eq!(writer.erase(400, 77).unwrap(), 700);
    assert_eq!(writer.erase(699, 78).unwrap(), 701);

    for file in files(folder.path()) {
        let bytes = fs::read(folder.path().join(&file)).unwrap();
        for secret in &secrets {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret), "{}", file.display());
        }
    }
    for proof in &before {
        proof.verify(ORIGIN, &keys()).unwrap();
        let now = log.prove(proof.index).unwrap();
        now.verify(ORIGIN, &keys()).unwrap();
        assert_eq!(now.leaf, proof.leaf);
        assert_eq!(now.opening.is_none(), [400, 699].contains(&proof.index));
    }
    let said = log.view().unwrap().record(700).unwrap().1;
    let said = said.record().unwrap();
    assert_eq!((said.kind(), said.erased(), said.at()), (RecordKind::Erasure, Some(400), Some(77)));

    drop(writer);
    let mut writer = reopen(&folder);
    writer.append(&records(702..710)).unwrap();
    let report = log.verify(|_| ()).unwrap();
    assert_eq!((report.size, report.erased), (710, 2));
    assert_eq!(report.kinds[&RecordKind::Erasure], 2);
}

#[test]
fn what_cannot_be_erased_is_refused_by_name() {
    let (_folder, mut writer) = log_of(5);
    let erasure = writer.erase(2, 1).unwrap();
    let padding = writer.prepare_anchor().unwrap().checkpoint.size - 1;
    let size = writer.log().checkpoint().unwrap().0.size;
    assert!(matches!(writer.erase(2, 1), Err(EraseError::Already { index: 2 })));
    assert!(matches!(writer.erase(erasure, 1), Err(EraseError::Kind { kind: RecordKind::Erasure, .. })));
    assert!(matches!(writer.erase(padding, 1), Err(EraseError::Kind { kind: RecordKind::Padding, .. })));
    assert!(matches!(writer.erase(size, 1), Err(EraseError::Read(ReadError::Beyond { .. }))));
    assert!(matches!(writer.erase(3, u64::MAX), Err(EraseError::Record(_))));
    assert_eq!(writer.log().checkpoint().unwrap().0.size, size, "a refusal logs nothing");
    writer.log().verify(|_| ()).unwrap();
}

/// A record that vanished without the log's saying so, and one that did not although the log says so.
#[test]
fn an_erasure_and_its_record_go_together() {
    let (folder, mut writer) = log_of(5);
    let segment = folder.path().join("log/private/records/000");
    let kept = fs::read(&segment).unwrap();
    writer.erase(1, 1).unwrap();
    let erased = fs::read(&segment).unwrap();

    let mut undone = erased.clone();
    undone[..kept.len()].copy_from_slice(&kept);
    fs::write(&segment, undone).unwrap();
    assert!(matches!(writer.log().verify(|_| ()), Err(VerifyError::NotErased { index: 1 })));

    // As if record 0 had been wiped, too.
    fs::write(&segment, &erased).unwrap();
    writer.log().verify(|_| ()).unwrap();
    let header = super::super::segment::HEADER.len();
    let frames = super::super::segment::frames(&erased, 1).unwrap();
    let mut wiped = erased.clone();
    wiped[header..frames[0].bytes.end].copy_from_slice(&frames[0].erased());
    fs::write(&segment, wiped).unwrap();
    assert!(matches!(writer.log().verify(|_| ()), Err(VerifyError::ErasedUnrecorded { index: 0 })));
}

/// What a power cut leaves between the record of an erasure and the wiping: the next writer wipes.
#[test]
fn an_interrupted_erasure_is_finished() {
    let (folder, mut writer) = log_of(5);
    let log = read(&folder);
    let found = |number: u64| log.find(|kept| kept.text() == record(number).text()).unwrap().len();
    let segment = folder.path().join("log/private/records/000");
    let erasing = folder.path().join("log/private/erasing");
    let kept = fs::read(&segment).unwrap();
    writer.erase(1, 1).unwrap();
    drop(writer);
    let mut whole = fs::read(&segment).unwrap();
    whole[..kept.len()].copy_from_slice(&kept);
    // Unwiped, and half wiped: zeros have reached the salt only.
    let frame = super::super::segment::frames(&whole, 2).unwrap()[1].bytes.clone();
    let mut half = whole.clone();
    half[frame.start + 5..frame.start + 37].fill(0);
    for state in [whole, half] {
        fs::write(&segment, state).unwrap();
        fs::write(&erasing, r#"{"erased":1,"format":"averment-log-erasing/1","recorded":5}"#).unwrap();
        drop(reopen(&folder));
        assert!(!erasing.exists());
        assert_eq!(log.verify(|_| ()).unwrap().erased, 1);
        assert_eq!(found(1), 0);
    }
    // Noted, but never logged: nothing was promised, nothing is wiped.
    fs::write(&erasing, r#"{"erased":2,"format":"averment-log-erasing/1","recorded":6}"#).unwrap();
    drop(reopen(&folder));
    assert!(!erasing.exists());
    assert_eq!(found(2), 1);
    // A note that wipes what the log does not say to wipe.
    fs::write(&erasing, r#"{"erased":2,"format":"averment-log-erasing/1","recorded":4}"#).unwrap();
    let error = LogWriter::open(&folder.path().join("log"), key()).unwrap_err();
    assert!(error.to_string().contains("does not say that 2 was erased"), "{error}");
    assert_eq!(found(2), 1);
}
