//! Making, opening and appending; proofs of everything at every size.

use super::*;
use crate::log::{AppendError, OpenError, ReadError, StoredRecord};
use averment_primitives::{Address, merkle::Sha256Tree, merkle::root_by_definition};
use averment_registry::{
    log::{leaf_hash, verify_consistency},
    version::LogTerms,
};
use std::{
    os::unix::fs::PermissionsExt,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

#[test]
fn whatever_the_batches_every_record_is_proved_and_every_head_consistent() {
    let (folder, mut writer) = log_of(0);
    let mut heads = vec![writer.log().checkpoint().unwrap()];
    let mut next = 0;
    for batch in [1, 2, 252, 1, 1, 3, 256, 512, 700, 0, 40] {
        assert_eq!(writer.append(&records(next..next + batch)).unwrap(), next..next + batch);
        next += batch;
        heads.push(writer.log().checkpoint().unwrap());
        assert_eq!(heads.last().unwrap().0.size, next);
        if batch % 3 == 0 {
            drop(writer);
            writer = reopen(&folder);
        }
    }
    let log = read(&folder);
    let mut view = log.view().unwrap();
    for index in 0..next {
        let proof = view.prove(index).unwrap();
        let verified = proof.verify(ORIGIN, &keys()).unwrap();
        assert_eq!(verified.record, Some(record(index)));
        assert_eq!((verified.index, verified.checkpoint.size), (index, next));
    }
    for (older, note) in &heads {
        let mut view = log.view_at(note).unwrap();
        if let Some(last) = older.size.checked_sub(1) {
            view.prove(last).unwrap().verify(ORIGIN, &keys()).unwrap();
        }
        assert!(matches!(
            view.prove(older.size),
            Err(ReadError::Beyond { index, size }) if index == size && size == older.size
        ));
        for (newer, _) in heads.iter().filter(|(newer, _)| newer.size >= older.size && older.size > 0) {
            let proof = log.prove_consistency(older.size, newer.size).unwrap();
            verify_consistency(older.size, older.root, newer.size, newer.root, &proof).unwrap();
        }
    }
    assert!(matches!(log.prove_consistency(1, next + 1), Err(ReadError::Sizes { .. })));
    assert!(matches!(log.prove_consistency(7, 3), Err(ReadError::Sizes { older: 7, newer: 3 })));

    let leaves: Vec<B256> = (0..next).map(|index| leaf_hash(view.record(index).unwrap().0)).collect();
    for (head, _) in &heads {
        assert_eq!(head.root, root_by_definition::<Sha256Tree>(&leaves[..head.size as usize]));
    }
    let report = log.verify(|_| ()).unwrap();
    assert_eq!((report.size, report.erased, report.kinds[&RecordKind::Decision]), (next, 0, next));
}

#[test]
fn salts_are_fresh_and_equal_records_have_different_leaves() {
    let (folder, mut writer) = log_of(0);
    writer.append(&[record(1), record(1)]).unwrap();
    let mut view = read(&folder).view().unwrap();
    let (one, other) = (view.record(0).unwrap(), view.record(1).unwrap());
    assert_ne!(one.0, other.0);
    match (one.1, other.1) {
        (StoredRecord::Kept { opening: a, .. }, StoredRecord::Kept { opening: b, .. }) => {
            assert_ne!(a.salt, b.salt);
            assert_ne!(a.salt.expose(), &[0; 32]);
            assert_eq!(a.record, b.record);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn records_are_found_by_what_they_say() {
    let (folder, mut writer) = log_of(600);
    writer.append(&[record(17)]).unwrap();
    let log = read(&folder);
    let found = |text: &str| -> Vec<u64> {
        let found = log.find(|record| record.text().contains(text)).unwrap();
        found.into_iter().map(|(index, _)| index).collect()
    };
    assert_eq!(found("secret-00017"), [17, 600]);
    assert_eq!(found("secret-0059"), (590..600).collect::<Vec<_>>());
    assert!(found("secret-09999").is_empty());
}

#[test]
fn a_second_writer_is_refused_and_readers_are_not() {
    let (folder, writer) = log_of(3);
    let path = folder.path().join("log");
    match LogWriter::open(&path, key()) {
        Err(error @ OpenError::Locked { .. }) => assert!(error.to_string().contains("another process")),
        other => panic!("{other:?}"),
    }
    read(&folder).prove(1).unwrap();
    drop(writer);
    assert_eq!(reopen(&folder).append(&records(3..4)).unwrap(), 3..4);
}

/// Starting another program copies every open file for a moment, the lock's too.
#[test]
fn a_closed_log_can_be_opened_while_other_programs_are_started() {
    let (folder, writer) = log_of(1);
    drop(writer);
    std::thread::scope(|scope| {
        let starter = scope.spawn(|| {
            for _ in 0..200 {
                std::process::Command::new("true").status().unwrap();
            }
        });
        while !starter.is_finished() {
            drop(reopen(&folder));
        }
    });
}

#[test]
fn what_is_no_log_or_not_ours_is_refused() {
    let folder = temporary();
    assert!(matches!(Log::open(folder.path()), Err(ReadError::NotALog { .. })));
    assert!(matches!(LogWriter::open(folder.path(), key()), Err(OpenError::Read(ReadError::NotALog { .. }))));
    drop(LogWriter::create(folder.path(), key(), PaddingPolicy::default()).unwrap());
    assert!(matches!(
        LogWriter::create(folder.path(), key(), PaddingPolicy::default()),
        Err(OpenError::Exists { .. })
    ));
    let other = CheckpointKey::from_seed(ORIGIN, &[8; 32]).unwrap();
    assert!(matches!(LogWriter::open(folder.path(), other), Err(OpenError::Key { .. })));
    // Made only half: the checkpoint is what makes it a log.
    fs::remove_file(folder.path().join("public/checkpoint")).unwrap();
    assert!(matches!(Log::open(folder.path()), Err(ReadError::NotALog { missing: "public/checkpoint", .. })));
    drop(LogWriter::create(folder.path(), key(), PaddingPolicy::default()).unwrap());
    assert_eq!(Log::open(folder.path()).unwrap().checkpoint().unwrap().0.size, 0);
}

#[test]
fn a_log_that_lost_its_head_is_not_made_anew_over_its_records() {
    let (folder, writer) = log_of(3);
    drop(writer);
    let path = folder.path().join("log");
    fs::remove_file(path.join("public/checkpoint")).unwrap();
    assert!(matches!(
        LogWriter::create(&path, key(), PaddingPolicy::default()),
        Err(OpenError::Headless { .. })
    ));
    assert!(path.join("private/records/000").exists());
}

#[test]
fn a_key_that_does_not_sign_appends_nothing() {
    let (folder, writer) = log_of(3);
    drop(writer);
    let public_key = key().verifier().public_key();
    let broken = CheckpointKey::new(ORIGIN, &public_key, |_| [0; 64]).unwrap();
    let mut writer = LogWriter::open(&folder.path().join("log"), broken).unwrap();
    assert!(matches!(writer.append(&records(3..400)), Err(AppendError::Sign(_))));
    drop(writer);
    let mut writer = reopen(&folder);
    assert_eq!(writer.append(&records(3..5)).unwrap(), 3..5);
    assert_eq!(writer.log().verify(|_| ()).unwrap().size, 5);
}

#[test]
fn the_terms_are_kept() {
    let (folder, mut writer) = log_of(0);
    let terms = LogTerms {
        chain_id: 31337,
        anchors: Address::repeat_byte(1),
        poster: Address::repeat_byte(2),
        registry: Address::repeat_byte(3),
        cadence: 3600,
        salt: B256::repeat_byte(4),
    };
    assert_eq!(read(&folder).settings().terms, None);
    writer.set_terms(terms).unwrap();
    assert_eq!(writer.log().settings().terms, Some(terms));
    assert_eq!(read(&folder).settings(), writer.log().settings());
    assert_eq!(read(&folder).settings().origin(), ORIGIN);
}

#[test]
fn the_private_part_is_for_the_owner_only() {
    let (folder, mut writer) = log_of(300);
    writer.prepare_anchor().unwrap();
    let private = folder.path().join("log/private");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&private), 0o700);
    for file in files(&private) {
        assert_eq!(mode(&private.join(&file)), 0o600, "{}", file.display());
        for folder in file.ancestors().skip(1) {
            assert_eq!(mode(&private.join(folder)), 0o700, "{}", folder.display());
        }
    }
    drop(writer);
    fs::set_permissions(&private, fs::Permissions::from_mode(0o755)).unwrap();
    drop(reopen(&folder));
    assert_eq!(mode(&private), 0o700, "a folder that somebody opened to others is closed again");
}

/// Readers in other threads see whole logs while one is appended to, erased from and grows out of its partial tiles.
#[test]
fn reading_while_it_is_written() {
    let (folder, mut writer) = log_of(1);
    let done = AtomicBool::new(false);
    let looks = [AtomicU64::new(0), AtomicU64::new(0)];
    /// Ends the readers also when the writer panics.
    struct Ends<'a>(&'a AtomicBool);
    impl Drop for Ends<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    std::thread::scope(|scope| {
        let (folder, done) = (&folder, &done);
        let ends = Ends(done);
        let readers = looks.each_ref().map(|looks| {
            scope.spawn(move || {
                let log = read(folder);
                let mut last = 0;
                while !done.load(Ordering::Relaxed) {
                    let mut view = log.view().unwrap();
                    assert!(view.size() >= last);
                    last = view.size();
                    for index in [0, last / 2, last - 1] {
                        view.prove(index).unwrap().verify(ORIGIN, &keys()).unwrap();
                    }
                    looks.fetch_add(1, Ordering::Relaxed);
                }
            })
        });
        // Sixty times, and until each reader has seen some of them, however late it began.
        let missed = || looks.iter().any(|looks| looks.load(Ordering::Relaxed) < 3);
        for round in (0..).take_while(|round| *round < 60 || missed()) {
            let next = writer.log().checkpoint().unwrap().0.size;
            writer.append(&records(next..next + 1 + round % 13)).unwrap();
            if round % 5 == 0 {
                writer.erase(next, 1).unwrap();
            }
            assert!(!readers.iter().any(|reader| reader.is_finished()), "a reader failed");
        }
        drop(ends);
    });
    writer.log().verify(|_| ()).unwrap();
}
