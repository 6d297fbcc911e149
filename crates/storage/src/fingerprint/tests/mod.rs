//! Fingerprints of what is there, of what must be refused, of what changes, and with a cache that lies.

mod cached;
mod hostile;
mod listings;
mod same_bytes;

use super::*;
use std::fs;
use tempfile::{TempDir, tempdir};

/// A folder with these files; a path that ends in `/` is an empty folder.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempdir().unwrap();
    for (path, bytes) in files {
        let path = folder.path().join(path);
        if path.to_str().unwrap().ends_with('/') {
            fs::create_dir_all(path).unwrap();
        } else {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
    }
    folder
}

/// Long enough for the file system's clock to tick: what is written after it bears another time than what was before.
fn tick() {
    std::thread::sleep(Duration::from_millis(25));
}

fn root_of(path: &Path) -> B256 {
    fingerprint(path, &Options::default()).unwrap().root
}

fn refused(path: &Path, options: &Options) -> FingerprintError {
    fingerprint(path, options).unwrap_err()
}
