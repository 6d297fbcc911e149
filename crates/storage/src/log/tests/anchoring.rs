//! Padding, and what is known of anchors after a crash.

use super::*;
use crate::log::{AnchorError, Confirmation, OpenError, RecoverError, VerifyError};
use std::num::NonZeroU64;

fn confirmation(byte: u8, epoch: u64) -> Confirmation {
    Confirmation {
        epoch,
        registry_head: B256::repeat_byte(0x77),
        transaction: B256::repeat_byte(byte),
        block_number: 9,
        block_hash: B256::repeat_byte(0x99),
    }
}

#[test]
fn every_anchoring_pads_also_when_nothing_happened() {
    let (_folder, mut writer) = log_of(3);
    let mut roots = Vec::new();
    for number in 0..40u64 {
        let anchor = writer.prepare_anchor().unwrap();
        assert_eq!((anchor.number, anchor.checkpoint.size), (number, 4 + number));
        assert!(!anchor.root().contains(&0), "{}", anchor.root());
        assert!(!roots.contains(&anchor.root()));
        roots.push(anchor.root());
        writer.anchored(number, confirmation(number as u8, number)).unwrap();
    }
    let report = writer.log().verify(|_| ()).unwrap();
    assert_eq!((report.anchors, report.kinds[&RecordKind::Padding]), (40, 40));
}

#[test]
fn padding_rounds_up_as_the_log_was_made() {
    let folder = temporary();
    let padding = PaddingPolicy { multiple: NonZeroU64::new(100).unwrap() };
    let mut writer = LogWriter::create(folder.path(), key(), padding).unwrap();
    for (count, size) in [(0, 100), (1, 200), (99, 300), (101, 500)] {
        let next = writer.log().checkpoint().unwrap().0.size;
        writer.append(&records(next..next + count)).unwrap();
        let anchor = writer.prepare_anchor().unwrap();
        assert_eq!(anchor.checkpoint.size, size);
        writer.anchored(anchor.number, confirmation(1, anchor.number)).unwrap();
    }
}

/// Wherever the program stops, the next one knows what may be on the chain.
#[test]
fn an_anchor_that_may_have_been_sent_is_not_forgotten() {
    let (folder, mut writer) = log_of(3);
    let prepared = writer.prepare_anchor().unwrap();
    drop(writer);
    // Nothing was logged since: the same one, nothing is padded again.
    let mut writer = reopen(&folder);
    assert_eq!(writer.prepare_anchor().unwrap(), prepared);
    assert_eq!(read(&folder).newest_anchors().unwrap(), (None, vec![prepared.clone()]));
    // More was logged: a new one covers that, and the first one may still turn out to be on the chain.
    writer.append(&records(4..9)).unwrap();
    let next = writer.prepare_anchor().unwrap();
    assert_eq!((next.number, next.checkpoint.size), (1, 10));
    assert_eq!(read(&folder).newest_anchors().unwrap(), (None, vec![prepared, next]));
    writer.anchored(0, confirmation(2, 5)).unwrap();
    writer.anchored(0, confirmation(2, 5)).unwrap();
    let (confirmed, unconfirmed) = read(&folder).newest_anchors().unwrap();
    assert_eq!(confirmed.unwrap().confirmation, Some(confirmation(2, 5)));
    assert_eq!(unconfirmed.iter().map(|anchor| anchor.number).collect::<Vec<_>>(), [1]);
    writer.anchored(1, confirmation(3, 6)).unwrap();
    assert_eq!(writer.prepare_anchor().unwrap().number, 2);
    writer.log().verify(|_| ()).unwrap();
}

#[test]
fn what_contradicts_is_refused_by_name() {
    let (_folder, mut writer) = log_of(1);
    assert!(matches!(
        writer.anchored(0, confirmation(1, 0)),
        Err(AnchorError::Unknown { number: 0, count: 0 })
    ));
    writer.prepare_anchor().unwrap();
    writer.anchored(0, confirmation(1, 7)).unwrap();
    for other in [confirmation(1, 8), confirmation(2, 7)] {
        assert!(matches!(writer.anchored(0, other), Err(AnchorError::Confirmed { number: 0, epoch: 7 })));
    }
}

#[test]
fn the_first_confirmed_anchor_that_covers_a_record_is_found() {
    let (folder, mut writer) = log_of(0);
    // Anchors 0 to 9 at sizes 11, 22, …; every third is never confirmed.
    for number in 0..10u64 {
        let next = writer.log().checkpoint().unwrap().0.size;
        writer.append(&records(next..next + 10)).unwrap();
        let anchor = writer.prepare_anchor().unwrap();
        assert_eq!(anchor.number, number);
        if number % 3 != 0 {
            writer.anchored(number, confirmation(number as u8, number)).unwrap();
        }
    }
    let log = read(&folder);
    let found = |index| log.anchor_of(index).unwrap().map(|anchor| anchor.number);
    for (index, number) in [(0, Some(1)), (11, Some(1)), (21, Some(1)), (22, Some(2)), (33, Some(4))] {
        assert_eq!(found(index), number, "record {index}");
    }
    assert_eq!((found(98), found(99), found(500)), (Some(8), None, None));
    // The proof under an anchored root.
    let anchor = log.anchor_of(15).unwrap().unwrap();
    let proof = log.view_at(&anchor.note).unwrap().prove(15).unwrap();
    let verified = proof.verify(ORIGIN, &keys()).unwrap();
    assert_eq!(verified.checkpoint.root, anchor.root());
}

#[test]
fn a_log_that_was_rolled_back_is_not_written_to() {
    let (folder, mut writer) = log_of(3);
    let public = folder.path().join("log/public");
    let old = fs::read(public.join("checkpoint")).unwrap();
    writer.append(&records(3..9)).unwrap();
    writer.prepare_anchor().unwrap();
    drop(writer);
    fs::write(public.join("checkpoint"), old).unwrap();
    assert!(matches!(
        LogWriter::open(&folder.path().join("log"), key()),
        Err(OpenError::Recover(RecoverError::RolledBack { size: 3, anchor: 0, anchored: 10 }))
    ));
    assert!(matches!(read(&folder).verify(|_| ()), Err(VerifyError::Anchor { number: 0, .. })));
}
