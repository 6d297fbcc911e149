//! The public folder is what the specification says, and nothing else.

use super::*;
use crate::log::{PUBLIC, StoredRecord};
use averment_primitives::merkle::{Sha256Tree, root_by_definition};
use averment_registry::log::{Checkpoint, Resource, Tile, decode_bundle, leaf_hash};
use std::collections::BTreeSet;

/// What tlog-tiles has of a tree of `size` leaves.
fn resources(size: u64) -> BTreeSet<String> {
    let mut all = BTreeSet::from(["checkpoint".to_owned()]);
    for level in 0..8u8 {
        for index in 0.. {
            let Some(tile) = Tile::within(level, index, size) else { break };
            all.insert(tile.to_string());
            if level == 0 {
                let bundle = averment_registry::log::Bundle { index, width: tile.width };
                all.insert(bundle.to_string());
            }
        }
    }
    all
}

#[test]
fn every_checkpoints_files_are_served_until_full_ones_replace_them() {
    let (folder, mut writer) = log_of(0);
    let mut expected = resources(0);
    let mut next = 0;
    for batch in [3u64, 200, 52, 1, 1, 255, 300] {
        writer.append(&records(next..next + batch)).unwrap();
        next += batch;
        expected.extend(resources(next));
        // A partial tile may go once the full one is there, and ours do.
        let full: Vec<String> = expected.iter().filter(|path| !path.contains(".p/")).cloned().collect();
        expected.retain(|path| {
            path.split_once(".p/").is_none_or(|(tile, _)| !full.iter().any(|full| full == tile))
        });
        let served: BTreeSet<String> = files(&folder.path().join("log").join(PUBLIC))
            .iter()
            .map(|path| path.to_str().unwrap().to_owned())
            .collect();
        assert_eq!(served, expected, "after {next} records");
        assert!(served.iter().all(|path| path.parse::<Resource>().is_ok()));
    }
}

/// Somebody who has only the public folder and the key checks the whole log, by the definition.
#[test]
fn a_stranger_checks_the_public_folder_alone() {
    let (folder, mut writer) = log_of(700);
    writer.prepare_anchor().unwrap();
    let public = folder.path().join("log").join(PUBLIC);
    let note = fs::read(public.join("checkpoint")).unwrap();
    let head = Checkpoint::open(&note, ORIGIN, &keys()).unwrap();
    assert_eq!(head.size, 701);
    let mut leaves = Vec::new();
    for (path, width) in [("000", 256), ("001", 256), ("002.p/189", 189)] {
        let bundle = fs::read(public.join("tile/entries").join(path)).unwrap();
        let entries = decode_bundle(&bundle, width).unwrap();
        let hashes: Vec<B256> = entries.into_iter().map(leaf_hash).collect();
        assert_eq!(fs::read(public.join("tile/0").join(path)).unwrap(), hashes.concat());
        leaves.extend(hashes);
    }
    let roots: Vec<B256> = leaves.chunks_exact(256).map(root_by_definition::<Sha256Tree>).collect();
    assert_eq!(fs::read(public.join("tile/1/000.p/2")).unwrap(), roots.concat());
    assert_eq!(root_by_definition::<Sha256Tree>(&leaves), head.root);
}

#[test]
fn nothing_private_is_in_the_public_folder() {
    let (folder, mut writer) = log_of(40);
    writer.erase(3, 9).unwrap();
    writer.prepare_anchor().unwrap();
    let public = folder.path().join("log").join(PUBLIC);
    let mut view = writer.log().view().unwrap();
    let mut secrets: Vec<Vec<u8>> = vec![b"secret".to_vec(), b"averment-record".to_vec()];
    for index in 0..view.size() {
        if let StoredRecord::Kept { opening, .. } = view.record(index).unwrap().1 {
            secrets.push(opening.salt.expose().to_vec());
        }
    }
    for file in files(&public) {
        let bytes = fs::read(public.join(&file)).unwrap();
        for secret in &secrets {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret), "{}", file.display());
        }
    }
}
