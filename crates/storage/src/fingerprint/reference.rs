//! The fingerprint by definition: docs/formats.md written down in the plainest way, everything in memory, one
//! file after the other. For tests and for reading; [`super::fingerprint`] is the one to use.

use super::{CHUNK_BYTES, Entry, Kind};
use averment_primitives::{
    B256,
    merkle::{Blake3Tree, Sha256Tree, TreeHash, root_by_definition},
};
use sha2::{Digest, Sha256};
use std::{fs, io, os::unix::ffi::OsStrExt, path::Path};

/// Root and entries of the file or folder at `path`; symbolic links in a folder are recorded.
pub fn fingerprint(path: &Path) -> io::Result<(B256, Vec<Entry>)> {
    let mut entries = Vec::new();
    if fs::metadata(path)?.is_dir() {
        collect(path, "", &mut entries)?;
    } else {
        let name = utf8(path.file_name().map(OsStrExt::as_bytes).unwrap_or_default())?;
        entries.push(entry(Kind::File, name, &fs::read(path)?));
    }
    entries.sort_by(|a, b| a.path.as_bytes().cmp(b.path.as_bytes()));
    Ok((root(&entries), entries))
}

/// Root of a folder with these entries, which are in order.
pub fn root(entries: &[Entry]) -> B256 {
    let encoded: Vec<Vec<u8>> = entries.iter().map(encode).collect();
    let bytes: u64 = entries.iter().map(|entry| entry.size).sum();
    let mut input = b"averment-fingerprint/1\0".to_vec();
    input.extend((entries.len() as u64).to_le_bytes());
    input.extend(bytes.to_le_bytes());
    input.extend(tree::<Sha256Tree, _>(&encoded));
    input.extend(tree::<Blake3Tree, _>(&encoded));
    B256::from(<[u8; 32]>::from(Sha256::digest(input)))
}

fn collect(folder: &Path, prefix: &str, entries: &mut Vec<Entry>) -> io::Result<()> {
    for child in fs::read_dir(folder)? {
        let child = child?;
        let path = format!("{prefix}{}", utf8(child.file_name().as_bytes())?);
        let kind = child.file_type()?;
        if kind.is_symlink() {
            entries.push(entry(Kind::Symlink, path, fs::read_link(child.path())?.as_os_str().as_bytes()));
        } else if kind.is_dir() {
            let before = entries.len();
            collect(&child.path(), &format!("{path}/"), entries)?;
            if entries.len() == before {
                entries.push(Entry {
                    kind: Kind::EmptyFolder,
                    path,
                    size: 0,
                    sha256: B256::ZERO,
                    blake3: B256::ZERO,
                });
            }
        } else {
            entries.push(entry(Kind::File, path, &fs::read(child.path())?));
        }
    }
    Ok(())
}

fn entry(kind: Kind, path: String, data: &[u8]) -> Entry {
    let chunks: Vec<&[u8]> = data.chunks(CHUNK_BYTES).collect();
    let (sha256, blake3) = (tree::<Sha256Tree, _>(&chunks), tree::<Blake3Tree, _>(&chunks));
    Entry { kind, path, size: data.len() as u64, sha256, blake3 }
}

fn encode(entry: &Entry) -> Vec<u8> {
    let kind = match entry.kind {
        Kind::File => 0,
        Kind::EmptyFolder => 1,
        Kind::Symlink => 2,
    };
    let mut bytes = vec![kind];
    bytes.extend((entry.path.len() as u32).to_le_bytes());
    bytes.extend(entry.path.as_bytes());
    bytes.extend(entry.size.to_le_bytes());
    bytes.extend(entry.sha256);
    bytes.extend(entry.blake3);
    bytes
}

fn tree<H: TreeHash, L: AsRef<[u8]>>(leaves: &[L]) -> B256 {
    let hashes: Vec<B256> = leaves.iter().map(|leaf| H::leaf(leaf.as_ref())).collect();
    root_by_definition::<H>(&hashes)
}

fn utf8(name: &[u8]) -> io::Result<String> {
    String::from_utf8(name.to_vec()).map_err(|_| io::ErrorKind::InvalidData.into())
}
