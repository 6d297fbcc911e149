//! The cache: reads only what changed, is never believed when it could be wrong, never half-written.

use super::*;
use crate::atomic::faults::{self, Plan};
use std::{fs::File, time::SystemTime};

/// A cache outside of the folder, that enters files however young.
fn cache(place: &TempDir) -> Cache {
    Cache { margin: Duration::ZERO, ..Cache::at(place.path().join("cache")) }
}

fn with(cache: &Cache) -> Options {
    Options { cache: Some(cache.clone()), ..Options::default() }
}

fn taken(path: &Path, cache: &Cache) -> (B256, u64, u64) {
    let taken = fingerprint(path, &with(cache)).unwrap();
    let used = taken.cache.unwrap();
    used.saved.unwrap();
    (taken.root, used.known, used.read)
}

#[test]
fn only_what_changed_is_read_again() {
    let (folder, place) =
        (folder(&[("a", b"1"), ("b/c", b"2"), ("b/d", b""), ("e", b"3")]), tempdir().unwrap());
    let cache = cache(&place);
    tick();
    let (first, known, read) = taken(folder.path(), &cache);
    assert_eq!((known, read, first), (0, 4, root_of(folder.path())));
    assert_eq!(taken(folder.path(), &cache), (first, 4, 0));

    fs::write(folder.path().join("b/c"), b"!").unwrap();
    fs::remove_file(folder.path().join("a")).unwrap();
    fs::write(folder.path().join("f"), b"new").unwrap();
    tick();
    assert_eq!(taken(folder.path(), &cache), (root_of(folder.path()), 2, 2));
    assert_eq!(taken(folder.path(), &cache), (root_of(folder.path()), 4, 0));
}

/// Same size, same modification time: the time of change gives it away.
#[test]
fn a_change_that_hides_its_modification_time_is_noticed() {
    let (folder, place) = (folder(&[("weights", b"good")]), tempdir().unwrap());
    let (cache, file) = (cache(&place), folder.path().join("weights"));
    tick();
    let (good, ..) = taken(folder.path(), &cache);
    let modified = fs::metadata(&file).unwrap().modified().unwrap();
    fs::write(&file, b"evil").unwrap();
    File::options().write(true).open(&file).unwrap().set_modified(modified).unwrap();
    tick();
    let (evil, known, read) = taken(folder.path(), &cache);
    assert_eq!((known, read), (0, 1));
    assert_ne!(good, evil);
    // A file moved into its place keeps its times, but has another number.
    let (other, kept) = (folder.path().join("other"), place.path().join("kept"));
    fs::write(&other, b"also").unwrap();
    fs::rename(&other, &kept).unwrap();
    fs::rename(&kept, &file).unwrap();
    tick();
    assert_eq!(taken(folder.path(), &cache).0, root_of(folder.path()));
}

#[test]
fn a_young_file_is_not_entered() {
    let (folder, place) = (folder(&[("a", b"1")]), tempdir().unwrap());
    let cache = Cache { margin: Duration::from_secs(3600), ..cache(&place) };
    for _ in 0..2 {
        let (_, known, read) = taken(folder.path(), &cache);
        assert_eq!((known, read), (0, 1));
    }
    let settled = Stamp::of(&fs::metadata(folder.path().join("a")).unwrap());
    let now = SystemTime::now();
    assert!(settled.settled(now + Duration::from_secs(10), Duration::from_secs(2)));
    assert!(!settled.settled(now + Duration::from_secs(1), Duration::from_secs(2)));
    assert!(!settled.settled(SystemTime::UNIX_EPOCH, Duration::from_secs(2)));
}

/// What a cache that lies can do, and what trusting nothing is for.
#[test]
fn trusting_nothing_reads_everything_and_mends_the_cache() {
    let (folder, place) = (folder(&[("a", b"honest")]), tempdir().unwrap());
    let cache = cache(&place);
    tick();
    let (honest, ..) = taken(folder.path(), &cache);
    let forge = || {
        let mut bytes = fs::read(&cache.path).unwrap();
        let end = bytes.len() - 41;
        bytes[end - 1] ^= 1;
        let checksum = blake3::hash(&bytes[..end + 9]);
        bytes[end + 9..].copy_from_slice(checksum.as_bytes());
        fs::write(&cache.path, bytes).unwrap();
    };
    forge();
    assert_ne!(taken(folder.path(), &cache).0, honest);
    assert_eq!(taken(folder.path(), &Cache { trust_nothing: true, ..cache.clone() }), (honest, 0, 1));
    assert_eq!(taken(folder.path(), &cache), (honest, 1, 0));
}

#[test]
fn a_damaged_cache_is_told_of_not_used_and_replaced() {
    let (folder, place) = (folder(&[("a", b"1"), ("b", b"2")]), tempdir().unwrap());
    let cache = cache(&place);
    tick();
    let (root, ..) = taken(folder.path(), &cache);
    let whole = fs::read(&cache.path).unwrap();
    let mut damaged: Vec<Vec<u8>> = (1..whole.len()).step_by(7).map(|end| whole[..end].to_vec()).collect();
    damaged.push([&whole[..], b"more"].concat());
    for at in (29..whole.len()).step_by(5) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        damaged.push(bytes);
    }
    for bytes in damaged {
        fs::write(&cache.path, &bytes).unwrap();
        let taken = fingerprint(folder.path(), &with(&cache)).unwrap();
        let used = taken.cache.unwrap();
        assert_eq!((taken.root, used.damaged, used.known, used.read), (root, true, 0, 2));
        used.saved.unwrap();
        assert_eq!(fs::read(&cache.path).unwrap(), whole);
    }
}

/// Checksums keep out accidents only; a hostile cache must not make the reader panic or run away.
#[test]
fn nonsense_under_a_good_checksum_is_survived() {
    let (folder, place) = (folder(&[("a", b"1")]), tempdir().unwrap());
    let cache = cache(&place);
    let magic = b"averment-fingerprint-cache/1\0".as_slice();
    let huge = [&[1][..], &u32::MAX.to_le_bytes(), &[7; 60]].concat();
    let cut = [&[1][..], &1u32.to_le_bytes(), b"a", &[7; 40]].concat();
    let bad_name = [&[1][..], &1u32.to_le_bytes(), &[0xff], &[7; 130]].concat();
    for body in [huge, cut, bad_name, vec![0; 41], vec![2; 99]] {
        let mut bytes = [magic, &body[..]].concat();
        let checksum = blake3::hash(&bytes);
        bytes.extend_from_slice(checksum.as_bytes());
        fs::write(&cache.path, bytes).unwrap();
        assert_eq!(taken(folder.path(), &cache), (root_of(folder.path()), 0, 1));
    }
}

#[test]
fn a_file_that_is_no_cache_is_left_alone() {
    let (folder, place) = (folder(&[("a", b"1")]), tempdir().unwrap());
    let cache = cache(&place);
    for precious in [&b"my only copy"[..], b"", b"averment-fingerprint-cache/2\0future"] {
        fs::write(&cache.path, precious).unwrap();
        let error = refused(folder.path(), &with(&cache));
        assert!(matches!(error, FingerprintError::Cache(CacheError::NotACache { .. })), "{error}");
        assert_eq!(fs::read(&cache.path).unwrap(), precious);
    }
    let error = refused(folder.path(), &with(&Cache::at(place.path())));
    assert!(matches!(error, FingerprintError::Cache(CacheError::NotACache { .. })));
}

#[test]
fn a_cache_within_what_is_fingerprinted_is_refused() {
    let folder = folder(&[("a/file", b"1")]);
    for path in ["cache", "a/cache", "a/../cache"] {
        let error = refused(folder.path(), &with(&Cache::at(folder.path().join(path))));
        assert!(matches!(error, FingerprintError::Cache(CacheError::Inside { .. })));
    }
    let file = folder.path().join("a/file");
    let error = refused(&file, &with(&Cache::at(&file)));
    assert!(matches!(error, FingerprintError::Cache(CacheError::Inside { .. })));
    assert_eq!(fs::read(&file).unwrap(), b"1");
}

/// Each step of writing the cache fails once: the fingerprint is right, the old cache or the new one is there.
#[test]
fn no_failure_of_the_disk_spoils_the_fingerprint_or_the_cache() {
    let folder = folder(&[("a", b"1"), ("b", b"2")]);
    tick();
    let root = root_of(folder.path());
    let steps = faults::each(|plan| {
        let place = tempdir().unwrap();
        let cache = cache(&place);
        faults::unharmed(|| taken(folder.path(), &cache));
        let old = fs::read(&cache.path).unwrap();
        let result = fingerprint(folder.path(), &with(&Cache { trust_nothing: true, ..cache.clone() }));
        faults::end();
        let result = result.unwrap();
        assert_eq!(result.root, root);
        assert_eq!(result.cache.unwrap().saved.is_err(), plan.is_some());
        assert_eq!(fs::read(&cache.path).unwrap(), old);
        if !matches!(plan, Some(Plan::From(_))) {
            assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
        }
        assert_eq!(taken(folder.path(), &cache), (root, 2, 0));
    });
    assert_eq!(steps, 6);
}
