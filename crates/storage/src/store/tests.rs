//! The folder store under damage, full disks, rivals and sudden death.

use super::*;
use crate::{
    atomic::faults::{self, Plan},
    fingerprint,
};
use std::{
    fs,
    io::{BufRead, BufReader, Cursor},
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};
use tempfile::tempdir;

fn put(store: &Folder, bytes: &[u8]) -> ContentId {
    store.put(&mut Cursor::new(bytes), u64::MAX).unwrap()
}

fn objects(root: &Path) -> Vec<PathBuf> {
    let list = |folder: &Path| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    list(&root.join("objects")).flat_map(|shard| list(&shard).collect::<Vec<_>>()).collect()
}

/// Every object is whole and bears its own name.
fn all_whole(root: &Path) -> usize {
    let objects = objects(root);
    for path in &objects {
        let id = ContentId::of(&fs::read(path).unwrap());
        assert_eq!(path.file_name().unwrap().to_str().unwrap(), format!("{:x}-{:x}", id.sha256, id.blake3));
    }
    objects.len()
}

#[test]
fn what_is_put_comes_back_checked() {
    let (root, out) = (tempdir().unwrap(), tempdir().unwrap());
    let store = Folder::open(root.path()).unwrap();
    for bytes in [&b""[..], b"weights", &vec![3; 3 * BUFFER + 1]] {
        let id = put(&store, bytes);
        assert_eq!(id, ContentId::of(bytes));
        assert!(store.has(&id).unwrap());
        assert_eq!(store.get(&id, id.size).unwrap(), bytes);
        store.check(&id).unwrap();
        store.export(&id, &out.path().join("file")).unwrap();
        assert_eq!(fs::read(out.path().join("file")).unwrap(), bytes);
        assert_eq!(store.find(&id.sha256).unwrap(), Some(id));
        assert_eq!(put(&store, bytes), id);
    }
    let absent = ContentId::of(b"absent");
    assert!(!store.has(&absent).unwrap());
    assert_eq!(store.find(&absent.sha256).unwrap(), None);
    assert!(matches!(store.get(&absent, 99), Err(StoreError::Missing { id }) if *id == absent));
    assert_eq!(fs::read_dir(root.path().join("incoming")).unwrap().count(), 0);
}

#[test]
fn a_damaged_object_is_never_handed_out_and_putting_it_again_mends_it() {
    let (root, out) = (tempdir().unwrap(), tempdir().unwrap());
    let store = Folder::open(root.path()).unwrap();
    let id = put(&store, b"good weights");
    let path = objects(root.path()).pop().unwrap();
    for damage in [&b"evil weights"[..], b"good weight", b"good weights and more", b""] {
        fs::write(&path, damage).unwrap();
        assert!(matches!(store.get(&id, 99), Err(StoreError::Corrupt { expected, .. }) if *expected == id));
        assert!(matches!(store.check(&id), Err(StoreError::Corrupt { .. })));
        let target = out.path().join("file");
        assert!(matches!(store.export(&id, &target), Err(StoreError::Corrupt { .. })));
        assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0);
        assert_eq!(put(&store, b"good weights"), id);
        store.check(&id).unwrap();
    }
}

#[test]
fn bounds_hold_before_bytes_are_kept_or_handed_out() {
    let root = tempdir().unwrap();
    let store = Folder::open(root.path()).unwrap();
    let id = store.put(&mut Cursor::new(b"12345"), 5).unwrap();
    assert!(matches!(
        store.put(&mut Cursor::new(b"123456"), 5),
        Err(StoreError::TooLarge { limit: 5, got: 6 })
    ));
    assert!(matches!(store.put(&mut io::repeat(1), 1 << 20), Err(StoreError::TooLarge { .. })));
    assert!(matches!(store.get(&id, 4), Err(StoreError::TooLarge { limit: 4, got: 5 })));
    assert_eq!(objects(root.path()).len(), 1);
    assert_eq!(fs::read_dir(root.path().join("incoming")).unwrap().count(), 0);
}

struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::ConnectionReset.into())
    }
}

#[test]
fn a_source_that_breaks_off_leaves_nothing() {
    let root = tempdir().unwrap();
    let store = Folder::open(root.path()).unwrap();
    let result = store.put(&mut Cursor::new(b"half").chain(Broken), u64::MAX);
    assert!(
        matches!(result, Err(StoreError::Source(error)) if error.kind() == io::ErrorKind::ConnectionReset)
    );
    assert_eq!(all_whole(root.path()), 0);
    assert_eq!(fs::read_dir(root.path().join("incoming")).unwrap().count(), 0);
}

#[test]
fn pointers_are_kept_once_each() {
    let root = tempdir().unwrap();
    let store = Folder::open(root.path()).unwrap();
    let content = put(&store, b"weights");
    assert!(store.pointers(&content).unwrap().is_empty());
    let pointer = |location: &str| Pointer { location: location.parse().unwrap(), content };
    let (one, two) = (pointer("s3://bucket/weights"), pointer("https://example.org/weights"));
    for pointer in [&one, &two, &one] {
        store.add_pointer(pointer).unwrap();
    }
    assert_eq!(store.pointers(&content).unwrap(), [one, two]);
}

/// Each step fails once, and from each step on everything fails, as when the process dies there.
#[test]
fn every_failure_of_the_disk_leaves_whole_objects_only() {
    let steps = faults::each(|plan| {
        let root = tempdir().unwrap();
        let result = Folder::open(root.path())
            .and_then(|store| store.put(&mut Cursor::new(vec![7; BUFFER + 9]), u64::MAX).map(|_| store));
        faults::end();
        match (&result, plan) {
            (Ok(_), None) => {}
            (Err(StoreError::Write(error)), Some(_)) => assert!(error.is_disk_full()),
            other => panic!("{other:?}"),
        }
        if root.path().join("objects").exists() {
            all_whole(root.path());
        }
        let incoming = root.path().join("incoming");
        if incoming.exists() && !matches!(plan, Some(Plan::From(_))) {
            assert_eq!(fs::read_dir(incoming).unwrap().count(), 0);
        }
        let store = Folder::open(root.path()).unwrap();
        let id = put(&store, &vec![7; BUFFER + 9]);
        store.check(&id).unwrap();
    });
    assert!(steps >= 14, "{steps}");
}

#[test]
fn two_writers_of_the_same_objects_do_not_disturb_each_other() {
    let root = tempdir().unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let store = Folder::open(root.path()).unwrap();
                for number in 0..30_u8 {
                    let id = put(&store, &vec![number; 5000]);
                    store.check(&id).unwrap();
                }
            });
        }
    });
    assert_eq!(all_whole(root.path()), 30);
}

const VICTIM: &str = "AVERMENT_TEST_STORE_VICTIM";

/// What a killed process runs: puts objects and takes cached fingerprints, and says what it has done.
fn victim(root: &Path) {
    let store = Folder::open(&root.join("store")).unwrap();
    let cache = fingerprint::Cache { margin: Duration::ZERO, ..fingerprint::Cache::at(root.join("cache")) };
    let options = fingerprint::Options { cache: Some(cache), ..Default::default() };
    let mut out = io::stdout();
    for round in 0..u32::MAX {
        let bytes = victims_object(round % 64);
        store.put(&mut Cursor::new(bytes), u64::MAX).unwrap();
        io::Write::write_all(&mut out, format!("put {}\n", round % 64).as_bytes()).unwrap();
        let used = fingerprint::fingerprint(&root.join("tree"), &options).unwrap().cache.unwrap();
        assert!(!used.damaged);
        used.saved.unwrap();
    }
}

fn victims_object(number: u32) -> Vec<u8> {
    (0..number * 997).map(|i| (i ^ number) as u8).collect()
}

/// A process is killed at 200 random moments, two at a time on one store: what it said it put is there, and what
/// is there is whole; so is the cache.
#[test]
fn sudden_death_loses_nothing_and_leaves_nothing_half_written() {
    if let Some(root) = std::env::var_os(VICTIM) {
        return victim(Path::new(&root));
    }
    let root = tempdir().unwrap();
    fs::create_dir(root.path().join("tree")).unwrap();
    for number in 0..20 {
        fs::write(root.path().join(format!("tree/{number}")), [number; 100]).unwrap();
    }
    let truth = fingerprint::fingerprint(&root.path().join("tree"), &Default::default()).unwrap().root;
    let store = Folder::open(&root.path().join("store")).unwrap();
    let cache = fingerprint::Cache::at(root.path().join("cache"));
    let options = fingerprint::Options { cache: Some(cache), ..Default::default() };
    let (mut seed, mut acknowledged) = (0x9e37_79b9_u64, 0);
    for round in 0..100 {
        let victims: Vec<_> = (0..2)
            .map(|_| {
                let mut victim = Command::new(std::env::current_exe().unwrap())
                    .args(["sudden_death_loses_nothing", "--nocapture", "--quiet"])
                    .env(VICTIM, root.path())
                    .stdout(Stdio::piped())
                    .stderr(Stdio::null())
                    .spawn()
                    .unwrap();
                let lines = BufReader::new(victim.stdout.take().unwrap()).lines();
                let (report, reports) = mpsc::channel();
                thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| report.send(line)));
                (victim, reports)
            })
            .collect();
        for (place, (mut victim, reports)) in victims.into_iter().enumerate() {
            let mut put = reports.iter().filter_map(|line| line.strip_prefix("put ")?.parse().ok());
            // One in three may be killed while it starts; the others have put something before, however slow that is.
            let least = (round + place) % 3;
            let mut numbers: Vec<u32> = put.by_ref().take(least).collect();
            assert_eq!(numbers.len(), least, "a victim of round {round} ended by itself");
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            thread::sleep(Duration::from_micros((seed >> 33) % 25_000));
            victim.kill().unwrap();
            victim.wait().unwrap();
            numbers.extend(put);
            for number in &numbers {
                store.check(&ContentId::of(&victims_object(*number))).unwrap();
            }
            acknowledged += numbers.len();
        }
        all_whole(&root.path().join("store"));
        let taken = fingerprint::fingerprint(&root.path().join("tree"), &options).unwrap();
        assert_eq!(taken.root, truth);
        assert!(!taken.cache.unwrap().damaged);
    }
    assert!(acknowledged > 100, "the victims did too little to prove anything: {acknowledged}");
}
