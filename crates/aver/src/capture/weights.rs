//! The weight files: their fingerprint, and each one's plain SHA-256 that every other tool can check.

use crate::ui::Ui;
use anyhow::{Context, Result, bail, ensure};
use averment_primitives::{
    B256,
    fingerprint::{CHUNK_BYTES, Entry, Kind, Roots, Trees},
};
use averment_registry::manifest::Artifact;
use averment_storage::fingerprint::{Listing, Options};
use sha2::{Digest, Sha256};
use std::{
    fs::File,
    io::{BufReader, Read},
    path::{Path, PathBuf},
};

/// The weight files that were read.
#[derive(Debug)]
pub struct Weights {
    /// As the audit file lists them.
    pub listing: Listing,
    /// For the manifest.
    pub artifacts: Vec<Artifact>,
    /// Where each entry of the listing lies, in its order.
    pub places: Vec<PathBuf>,
}

/// Reads the files and folders `items` in `folder`.
///
/// A single one is fingerprinted as `aver fingerprint` does it, so its root is the one that command prints. Of
/// several, each entry's path begins with its item's, as they lie in `folder`.
pub fn read(folder: &Path, items: &[&str], ui: Ui) -> Result<Weights> {
    let mut found: Vec<(Entry, PathBuf)> = Vec::new();
    for item in items {
        let path = folder.join(item);
        let options = Options { entries: true, ..Options::default() };
        let taken = ui.fingerprint(&path, &options).with_context(|| format!("the artifact {item:?}"))?;
        let alone = path.is_file();
        for mut entry in taken.entries.unwrap_or_default() {
            let place = if alone { path.clone() } else { path.join(&entry.path) };
            if items.len() > 1 {
                entry.path = if alone { (*item).to_owned() } else { format!("{item}/{}", entry.path) };
            }
            found.push((entry, place));
        }
    }
    found.sort_by(|(a, _), (b, _)| a.path.as_bytes().cmp(b.path.as_bytes()));
    let mut artifacts = Vec::with_capacity(found.len());
    for (entry, place) in &found {
        if entry.kind == Kind::File {
            let sha256 = plain_sha256(place, entry)?;
            artifacts.push(Artifact { name: entry.path.clone(), sha256, blake3_tree: entry.blake3 });
        }
    }
    let (entries, places) = found.into_iter().unzip();
    let listing = Listing::new(entries).context("model.artifacts cannot be listed together")?;
    Ok(Weights { listing, artifacts, places })
}

/// The SHA-256 of the whole file, while its chunks are held against `entry`: nothing is signed about bytes that
/// are not the fingerprinted ones.
fn plain_sha256(path: &Path, entry: &Entry) -> Result<B256> {
    let reading = || format!("reading {}", path.display());
    let mut file = BufReader::with_capacity(CHUNK_BYTES, File::open(path).with_context(reading)?);
    let (mut whole, mut chunks, mut size) = (Sha256::new(), Trees::default(), 0_u64);
    let mut chunk = Vec::with_capacity(CHUNK_BYTES);
    loop {
        chunk.clear();
        let read = file.by_ref().take(CHUNK_BYTES as u64).read_to_end(&mut chunk).with_context(reading)?;
        if read == 0 {
            break;
        }
        whole.update(&chunk);
        chunks.push(Roots::of_leaf(&chunk));
        size += read as u64;
        ensure!(size <= entry.size, "{} grew while it was read: run this again", path.display());
    }
    if chunks.roots() != (Roots { sha256: entry.sha256, blake3: entry.blake3 }) {
        bail!("{} changed while it was read: run this again", path.display());
    }
    Ok(B256::from(<[u8; 32]>::from(whole.finalize())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: Ui = Ui { json: true, yes: true };

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let put = |path: &str, bytes: &[u8]| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        };
        put("a.onnx", b"one");
        put("b/big.bin", &vec![7; CHUNK_BYTES + 1]);
        put("b/empty.bin", b"");
        folder
    }

    #[test]
    fn a_single_item_has_the_root_that_the_fingerprint_command_prints() {
        let folder = folder();
        for item in ["a.onnx", "b"] {
            let Weights { listing, artifacts, places } = read(folder.path(), &[item], QUIET).unwrap();
            assert!(listing.entries().iter().zip(&places).all(|(entry, place)| place.ends_with(&entry.path)));
            let alone = QUIET.fingerprint(&folder.path().join(item), &Options::default()).unwrap();
            assert_eq!(listing.summary().root, alone.root);
            assert_eq!(artifacts.len() as u64, alone.files);
        }
    }

    #[test]
    fn several_items_are_listed_as_they_lie_in_the_folder() {
        let folder = folder();
        let Weights { listing, artifacts, places } = read(folder.path(), &["b", "a.onnx"], QUIET).unwrap();
        let expected = ["a.onnx", "b/big.bin", "b/empty.bin"].map(|name| folder.path().join(name));
        assert_eq!(places, expected);
        let whole = QUIET.fingerprint(folder.path(), &Options::default()).unwrap();
        assert_eq!(listing.summary().root, whole.root);
        let names: Vec<&str> = artifacts.iter().map(|artifact| artifact.name.as_str()).collect();
        assert_eq!(names, ["a.onnx", "b/big.bin", "b/empty.bin"]);
        let one = B256::from(<[u8; 32]>::from(Sha256::digest(b"one")));
        assert_eq!(artifacts[0].sha256, one);
        assert!(read(folder.path(), &["a.onnx", "a.onnx"], QUIET).is_err());
    }

    #[test]
    fn a_file_that_changed_since_it_was_fingerprinted_is_noticed() {
        let folder = folder();
        let path = folder.path().join("a.onnx");
        let options = Options { entries: true, ..Options::default() };
        let taken = QUIET.fingerprint(&path, &options).unwrap().entries.unwrap();
        assert!(plain_sha256(&path, &taken[0]).is_ok());
        for other in [&b"two"[..], b"three", b"on"] {
            std::fs::write(&path, other).unwrap();
            let error = plain_sha256(&path, &taken[0]).unwrap_err().to_string();
            assert!(error.contains("while it was read"), "{error}");
        }
    }
}
