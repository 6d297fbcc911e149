//! What must be refused, and what changes under the reader's hands.

use super::*;
use crate::fingerprint::{
    engine::{self, Finished, Sink},
    walk::Walk,
};
use std::{
    ffi::OsStr,
    io::Write,
    os::unix::{
        ffi::OsStrExt,
        fs::{PermissionsExt, symlink},
        net::UnixListener,
        process::CommandExt,
    },
    process::Command,
};

#[test]
fn a_link_is_refused_by_name_and_with_the_way_out() {
    let folder = folder(&[("deep/file", b"x")]);
    symlink("file", folder.path().join("deep/link")).unwrap();
    let error = refused(folder.path(), &Options::default());
    assert!(matches!(&error, FingerprintError::Symlink { path } if path.ends_with("deep/link")));
    assert!(error.to_string().contains("symlinks = record"), "{error}");
    let record = Options { symlinks: Symlinks::Record, entries: true, ..Options::default() };
    let first = fingerprint(folder.path(), &record).unwrap();
    assert_eq!(first.entries.unwrap().last().unwrap().kind, Kind::Symlink);
    // A link to a folder, to nothing or in a circle is its text all the same.
    for target in ["..", "nowhere", "link"] {
        fs::remove_file(folder.path().join("deep/link")).unwrap();
        symlink(target, folder.path().join("deep/link")).unwrap();
        assert_ne!(fingerprint(folder.path(), &record).unwrap().root, first.root);
    }
}

#[test]
fn special_files_are_refused_and_a_pipe_is_not_waited_for() {
    let folder = tempdir().unwrap();
    let _socket = UnixListener::bind(folder.path().join("socket")).unwrap();
    let error = refused(folder.path(), &Options::default());
    assert!(
        matches!(&error, FingerprintError::Special { kind: SpecialKind::Socket, path } if path.ends_with("socket"))
    );

    let folder = tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for path in [folder.path(), &pipe] {
        let error = refused(path, &Options::default());
        assert!(
            matches!(&error, FingerprintError::Special { kind: SpecialKind::Fifo, path } if path.ends_with("pipe"))
        );
    }
    let error = refused(Path::new("/dev/null"), &Options::default());
    assert!(matches!(error, FingerprintError::Special { kind: SpecialKind::Device, .. }));
}

#[test]
fn a_name_that_is_not_utf8_is_refused() {
    let folder = tempdir().unwrap();
    let name = OsStr::from_bytes(b"weights-\xff.bin");
    fs::write(folder.path().join(name), b"x").unwrap();
    for path in [folder.path().to_owned(), folder.path().join(name)] {
        let error = refused(&path, &Options::default());
        assert!(matches!(&error, FingerprintError::NameNotUtf8 { path } if path.ends_with(name)));
    }
}

#[test]
fn what_does_not_exist_is_named() {
    let error = refused(Path::new("/nonexistent/model"), &Options::default());
    assert!(matches!(&error, FingerprintError::Io { path, source, .. }
        if path.ends_with("model") && source.kind() == std::io::ErrorKind::NotFound));
}

#[test]
fn bounds_on_depth_number_and_path_hold_exactly() {
    let limits = |depth, entries| Options { limits: Limits { depth, entries }, ..Options::default() };
    let deep = folder(&[("1/2/3/file", b"x")]);
    fingerprint(deep.path(), &limits(3, 9)).unwrap();
    let error = refused(deep.path(), &limits(2, 9));
    assert!(matches!(&error, FingerprintError::TooDeep { path, limit: 2 } if path.ends_with("1/2/3")));

    let many = folder(&[("a", b""), ("b/c", b""), ("b/d", b"")]);
    fingerprint(many.path(), &limits(9, 3)).unwrap();
    let error = refused(many.path(), &limits(9, 2));
    assert!(matches!(error, FingerprintError::TooMany { limit: 2, .. }));
}

/// Runs this very test as a user that may not read; root may read everything.
#[test]
fn an_unreadable_file_or_folder_is_an_error() {
    const FOLDER: &str = "AVERMENT_TEST_UNREADABLE";
    if let Some(folder) = std::env::var_os(FOLDER) {
        for name in ["file", "folder"] {
            let error = refused(&Path::new(&folder).join(name), &Options::default());
            assert!(
                matches!(&error, FingerprintError::Io { path, source, .. }
                if path.ends_with("secret") && source.kind() == std::io::ErrorKind::PermissionDenied),
                "{error}"
            );
        }
        return;
    }
    let folder = folder(&[("file/secret", b"x"), ("folder/secret/file", b"x")]);
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    mode(folder.path(), 0o755);
    mode(&folder.path().join("file/secret"), 0);
    mode(&folder.path().join("folder/secret"), 0);
    // The test itself may lie where others cannot go.
    let program = tempdir().unwrap();
    mode(program.path(), 0o755);
    let copy = program.path().join("test");
    // Another process writes it: what this one has open for writing, a child of another test may hold a moment longer,
    // and nobody may run a file that is being written.
    let copied = Command::new("cp").arg(std::env::current_exe().unwrap()).arg(&copy).status().unwrap();
    assert!(copied.success());
    let mut command = Command::new(copy);
    command.args(["an_unreadable_file_or_folder_is_an_error", "--nocapture"]).env(FOLDER, folder.path());
    if fs::metadata("/proc/self").is_ok_and(|meta| std::os::unix::fs::MetadataExt::uid(&meta) == 0) {
        command.uid(65534).gid(65534);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    mode(&folder.path().join("folder/secret"), 0o700);
}

/// Does something to the files between the moment they are listed and the moment they are read.
struct Meddler<F> {
    meddle: Option<F>,
}

impl<F: FnOnce()> Sink for Meddler<F> {
    fn known(&mut self, _: &str, _: &Stamp) -> Option<Roots> {
        if let Some(meddle) = self.meddle.take() {
            meddle();
        }
        None
    }
    fn read(&mut self, _: u64) {}
    fn entry(&mut self, _: Finished) -> Result<(), FingerprintError> {
        Ok(())
    }
}

fn meddled(path: &Path, meddle: impl FnOnce()) -> Result<(), FingerprintError> {
    // A change in the moment in which a file was made has no other time where the file system's clock is coarse.
    tick();
    let walk = Walk::new(path, Symlinks::Refuse, Limits::default()).unwrap();
    engine::run(walk, NonZero::new(2).unwrap(), &mut Meddler { meddle: Some(meddle) })
}

fn change(result: Result<(), FingerprintError>) -> Change {
    match result.unwrap_err() {
        FingerprintError::Changed { change, .. } => change,
        other => panic!("{other}"),
    }
}

#[test]
fn a_file_that_changes_after_it_was_listed_is_an_error() {
    for size in [10, 3 * CHUNK_BYTES] {
        let folder = folder(&[("file", &vec![1; size])]);
        let file = folder.path().join("file");
        meddled(folder.path(), || {}).unwrap();

        let longer = || fs::OpenOptions::new().append(true).open(&file).unwrap().write_all(b"!").unwrap();
        assert!(matches!(change(meddled(folder.path(), longer)), Change::Stamp { .. }));
        let shorter = || fs::OpenOptions::new().write(true).open(&file).unwrap().set_len(1).unwrap();
        assert!(matches!(change(meddled(folder.path(), shorter)), Change::Stamp { .. }));
        fs::write(&file, vec![1; size]).unwrap();
        let other = folder.path().with_extension("other");
        fs::write(&other, vec![1; size]).unwrap();
        let replaced = || fs::rename(&other, &file).unwrap();
        assert_eq!(change(meddled(&file, replaced)), Change::Replaced);
        let linked = || {
            fs::remove_file(&file).unwrap();
            symlink("/etc/passwd", &file).unwrap();
        };
        assert_eq!(change(meddled(&file, linked)), Change::Replaced);
        fs::remove_file(&file).unwrap();
        fs::write(&file, vec![1; size]).unwrap();
        let gone = || fs::remove_file(&file).unwrap();
        assert_eq!(change(meddled(&file, gone)), Change::Vanished);
        fs::write(&file, vec![1; size]).unwrap();
        let piped = || {
            fs::remove_file(&file).unwrap();
            assert!(Command::new("mkfifo").arg(&file).status().unwrap().success());
        };
        assert_eq!(change(meddled(&file, piped)), Change::Replaced);
    }
}

/// The size is right before and after, but the bytes end elsewhere: a kernel's file does that.
#[test]
fn a_file_that_has_more_bytes_than_it_says_is_an_error() {
    let error = refused(Path::new("/proc/self/status"), &Options::default());
    assert!(matches!(
        error,
        FingerprintError::Changed { change: Change::Length { expected: 0, got: 1 }, .. }
    ));
}

#[test]
fn a_folder_that_changes_while_it_is_read_is_an_error() {
    let folder = folder(&[("a", b"x"), ("b/c", b"x")]);
    let added = || fs::write(folder.path().join("new"), b"").unwrap();
    assert!(matches!(change(meddled(folder.path(), added)), Change::Stamp { .. }));
    let emptied = || fs::remove_file(folder.path().join("b/c")).unwrap();
    assert!(matches!(change(meddled(folder.path(), emptied)), Change::Stamp { .. }));
    fs::write(folder.path().join("b/c"), b"x").unwrap();
    let gone = || fs::remove_dir_all(folder.path().join("b")).unwrap();
    assert_eq!(change(meddled(folder.path(), gone)), Change::Vanished);
}

/// The second file fails at once, the first takes its time; the first is the one reported.
#[test]
fn the_first_error_in_order_is_reported() {
    for _ in 0..20 {
        let folder = folder(&[("a", &vec![1; 8 * CHUNK_BYTES]), ("b", b"x"), ("z", b"")]);
        symlink("a", folder.path().join("y")).unwrap();
        let result = meddled(folder.path(), || {
            fs::remove_file(folder.path().join("b")).unwrap();
        });
        assert!(matches!(result, Err(FingerprintError::Changed { path, .. }) if path.ends_with("b")));
    }
}
