//! Files that somebody changed, cut or exchanged.

use super::*;
use crate::log::{OpenError, ReadError, RecoverError, SegmentError, SettingsFault, VerifyError};
use averment_registry::log::{BundleError, CheckpointError, ResumeError, Tile, TreeError};

/// A log of 700 records, an erasure and an anchor, changed by `change`; what checking it says.
fn verify(change: impl FnOnce(&Path)) -> VerifyError {
    let (folder, mut writer) = log_of(700);
    writer.erase(5, 1).unwrap();
    writer.prepare_anchor().unwrap();
    drop(writer);
    change(&folder.path().join("log"));
    match Log::open(&folder.path().join("log")) {
        Ok(log) => log.verify(|_| ()).expect_err("the change is noticed"),
        Err(error) => error.into(),
    }
}

fn edit(file: &str, change: impl FnOnce(&mut Vec<u8>)) -> VerifyError {
    verify(|log| {
        let path = log.join(file);
        let mut bytes = fs::read(&path).unwrap();
        change(&mut bytes);
        fs::write(&path, bytes).unwrap();
    })
}

fn exchange(one: &str, other: &str) -> VerifyError {
    verify(|log| {
        let (a, b) = (fs::read(log.join(one)).unwrap(), fs::read(log.join(other)).unwrap());
        fs::write(log.join(one), b).unwrap();
        fs::write(log.join(other), a).unwrap();
    })
}

macro_rules! assert_fault {
    ($result:expr, $pattern:pat $(if $guard:expr)?) => {
        match $result {
            VerifyError::Read($pattern) $(if $guard)? => {}
            other => panic!("{other:?}"),
        }
    };
}

#[test]
fn a_hostile_tile_is_named() {
    let full = Tile { level: 0, index: 1, width: 256 };
    assert_fault!(
        edit("public/tile/0/001", |bytes| bytes.truncate(8191)),
        ReadError::Tree(TreeError::Length { tile, expected: 8192, got: 8191 }) if tile == full
    );
    assert_fault!(
        edit("public/tile/0/001", |bytes| bytes.push(0)),
        ReadError::Tree(TreeError::Read { tile, error })
            if tile == full && matches!(*error, ReadError::TooLong { limit: 8192, .. })
    );
    assert_fault!(
        edit("public/tile/0/001", |bytes| bytes[77] ^= 1),
        ReadError::Tree(TreeError::Tile { tile, .. }) if tile == full
    );
    assert_fault!(
        exchange("public/tile/0/001", "public/tile/0/000"),
        ReadError::Tree(TreeError::Tile { tile: Tile { level: 0, index: 0, .. }, .. })
    );
    assert_fault!(
        edit("public/tile/0/002.p/190", |bytes| bytes[0] ^= 1),
        ReadError::Tree(TreeError::Root { size: 702, .. })
    );
    assert_fault!(
        edit("public/tile/1/000.p/2", |bytes| bytes[33] ^= 1),
        ReadError::Tree(TreeError::Root { .. })
    );
    assert_fault!(
        verify(|log| fs::remove_file(log.join("public/tile/0/001")).unwrap()),
        ReadError::Tree(TreeError::Read { tile, .. }) if tile == full
    );
}

#[test]
fn a_hostile_bundle_is_named() {
    assert_fault!(
        edit("public/tile/entries/001", |bytes| bytes.truncate(100)),
        ReadError::Bundle { error: BundleError::Decode(_), .. }
    );
    assert_fault!(
        edit("public/tile/entries/001", |bytes| bytes[1] = 31),
        ReadError::Bundle { error: BundleError::Entry { place: 0, got: 31 }, .. }
    );
    assert_fault!(
        edit("public/tile/entries/001", |bytes| bytes[2] ^= 1),
        ReadError::Entries(ResumeError::Entry { index: 256, .. })
    );
    assert_fault!(
        exchange("public/tile/entries/000", "public/tile/entries/001"),
        ReadError::Entries(ResumeError::Entry { index: 0, .. })
    );
}

#[test]
fn a_hostile_checkpoint_is_named() {
    assert_fault!(
        edit("public/checkpoint", |bytes| bytes[0] ^= 1),
        ReadError::Checkpoint { error: CheckpointError::Note(_), .. }
    );
    assert_fault!(edit("public/checkpoint", Vec::clear), ReadError::Checkpoint { .. });
    assert_fault!(edit("public/checkpoint", |bytes| bytes.resize(1 << 20, b'x')), ReadError::TooLong { .. });
    // Signed by the same key, but of a tree that was never made.
    assert_fault!(
        verify(|log| {
            let other = averment_registry::log::Checkpoint::new(ORIGIN, 702, B256::repeat_byte(1));
            fs::write(log.join("public/checkpoint"), key().sign(&other).unwrap()).unwrap();
        }),
        ReadError::Tree(TreeError::Root { .. })
    );
    // Another log's, well signed.
    assert_fault!(
        verify(|log| {
            let key = CheckpointKey::from_seed("example.org/other", &[7; 32]).unwrap();
            let other = averment_registry::log::Checkpoint::new("example.org/other", 1, B256::ZERO);
            fs::write(log.join("public/checkpoint"), key.sign(&other).unwrap()).unwrap();
        }),
        ReadError::Checkpoint { error: CheckpointError::Note(_), .. }
    );
}

#[test]
fn a_damaged_private_part_is_named() {
    let records = "private/records/001";
    assert_fault!(
        edit(records, |bytes| bytes.truncate(9000)),
        ReadError::Segment { error: SegmentError::Decode { .. }, .. }
    );
    assert_fault!(
        edit(records, |bytes| bytes[23] = 9),
        ReadError::Segment { error: SegmentError::State { .. }, .. }
    );
    // Of a salt, of a text.
    assert_fault!(edit(records, |bytes| bytes[30] ^= 1), ReadError::Unopened { index: 256, .. });
    assert_fault!(edit(records, |bytes| bytes[70] ^= 1), ReadError::Unopened { index: 256, .. });
    assert_fault!(exchange(records, "private/records/000"), ReadError::Unopened { index: 0, .. });
    assert_fault!(verify(|log| fs::remove_file(log.join(records)).unwrap()), ReadError::Io { .. });
}

#[test]
fn damaged_settings_and_bookkeeping_are_named() {
    let settings = "private/settings.json";
    assert_fault!(
        edit(settings, |bytes| bytes.push(b' ')),
        ReadError::Settings { fault: SettingsFault::Json(_), .. }
    );
    let replace = |file: &str, from: &str, to: &str| {
        edit(file, |bytes| *bytes = String::from_utf8(bytes.clone()).unwrap().replace(from, to).into_bytes())
    };
    assert_fault!(
        replace(settings, "averment-log/1", "averment-log/2"),
        ReadError::Settings { fault: SettingsFault::Field { field: "format", .. }, .. }
    );
    assert_fault!(
        replace(settings, "example.org", "example.com"),
        ReadError::Settings { fault: SettingsFault::Field { field: "key", .. }, .. }
    );
    assert_fault!(
        replace(settings, "\"padding\":1", "\"padding\":0"),
        ReadError::Settings { fault: SettingsFault::Shape { .. }, .. }
    );
    let anchor = "private/anchors/000.json";
    assert_fault!(
        replace(anchor, "averment-log-anchor/1", "averment-log-anchor/9"),
        ReadError::Settings { fault: SettingsFault::Field { field: "format", .. }, .. }
    );
    assert_fault!(
        replace(anchor, "\\n702\\n", "\\n701\\n"),
        ReadError::Settings { fault: SettingsFault::Field { field: "checkpoint", .. }, .. }
    );
}

/// Whatever one byte of whatever file is changed, checking notices.
#[test]
fn no_changed_byte_goes_unnoticed() {
    let (folder, mut writer) = log_of(300);
    writer.erase(7, 1).unwrap();
    writer.prepare_anchor().unwrap();
    drop(writer);
    let log = folder.path().join("log");
    let mut tried = 0;
    for file in files(&log) {
        let path = log.join(&file);
        let bytes = fs::read(&path).unwrap();
        let old = file.to_str().unwrap();
        // Partial tiles of older checkpoints are nobody's business now; the lock is empty.
        if old.contains(".p/44") || old.contains(".p/45") || bytes.is_empty() {
            continue;
        }
        for place in [0, 1, bytes.len() / 3, bytes.len() / 2, bytes.len() - 2, bytes.len() - 1] {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            fs::write(&path, changed).unwrap();
            let noticed = Log::open(&log).map_err(VerifyError::from).and_then(|log| log.verify(|_| ()));
            assert!(noticed.is_err(), "byte {place} of {old}");
            tried += 1;
        }
        fs::write(&path, bytes).unwrap();
    }
    assert!(tried > 40, "{tried}");
    Log::open(&log).unwrap().verify(|_| ()).unwrap();
}

/// A writer does not build on what is damaged.
#[test]
fn a_writer_refuses_a_damaged_edge() {
    let attempt = |file: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let (folder, writer) = log_of(300);
        drop(writer);
        let path = folder.path().join("log").join(file);
        let mut bytes = fs::read(&path).unwrap();
        change(&mut bytes);
        fs::write(&path, bytes).unwrap();
        match LogWriter::open(&folder.path().join("log"), key()).unwrap_err() {
            OpenError::Recover(RecoverError::Read(error)) => error,
            other => panic!("{other:?}"),
        }
    };
    assert!(matches!(
        attempt("public/tile/0/001.p/44", &|bytes| bytes[5] ^= 1),
        ReadError::Tree(TreeError::Root { .. })
    ));
    assert!(matches!(
        attempt("public/tile/entries/001.p/44", &|bytes| bytes[5] ^= 1),
        ReadError::Entries(ResumeError::Entry { .. })
    ));
    assert!(matches!(
        attempt("private/records/001", &|bytes| bytes.truncate(bytes.len() - 1)),
        ReadError::Segment { .. }
    ));
    assert!(matches!(attempt("public/checkpoint", &|bytes| bytes[3] ^= 1), ReadError::Checkpoint { .. }));
}
