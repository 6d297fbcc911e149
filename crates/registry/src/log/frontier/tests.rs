use super::*;
use crate::log::decode_bundle;
use averment_primitives::merkle::root_by_definition;
use std::{collections::BTreeMap, convert::Infallible};

struct Served(BTreeMap<Resource, Vec<u8>>);

impl TileReader for &Served {
    type Error = Infallible;
    fn read_tile(&mut self, tile: Tile) -> Result<Vec<u8>, Infallible> {
        Ok(self.0[&Resource::Tile(tile)].clone())
    }
}

fn entry(index: u64) -> SaltedLeaf {
    SaltedLeaf(averment_primitives::keccak256(index.to_be_bytes()))
}

/// Entries of the rightmost bundle of `size`.
fn last_entries(served: &Served, size: u64) -> Vec<SaltedLeaf> {
    match Bundle::within(size / 256, size) {
        None => Vec::new(),
        Some(bundle) => decode_bundle(&served.0[&bundle.into()], bundle.width).unwrap(),
    }
}

/// Stopping and going on anywhere gives the same tiles as the definition.
#[test]
fn appending_makes_the_tiles_of_the_definition() {
    let mut served = Served(BTreeMap::new());
    let mut frontier = Frontier::new();
    let mut leaves = Vec::new();
    for index in 0..700u64 {
        frontier.push(entry(index), &mut |resource, bytes| drop(served.0.insert(resource, bytes)));
        leaves.push(leaf_hash(entry(index)));
        if index % 37 != 0 && index % 256 > 1 {
            continue;
        }
        let size = index + 1;
        for (resource, bytes) in frontier.partial() {
            served.0.insert(resource, bytes);
        }
        for place in 0..=size / 256 {
            let Some(bundle) = Bundle::within(place, size) else { continue };
            let first = place * 256;
            let expected: Vec<_> = (first..first + u64::from(bundle.width)).map(entry).collect();
            assert_eq!(decode_bundle(&served.0[&bundle.into()], bundle.width).unwrap(), expected);
            let tile = Tile { level: 0, index: place, width: bundle.width };
            let hashes = &leaves[first as usize..][..bundle.width.into()];
            assert_eq!(served.0[&tile.into()], hashes.concat());
        }
        let upper: Vec<B256> = leaves.chunks_exact(256).map(root_by_definition::<Sha256Tree>).collect();
        if let Some(tile) = Tile::within(1, 0, size) {
            assert_eq!(served.0[&tile.into()], upper.concat());
        }
        let root = root_by_definition::<Sha256Tree>(&leaves);
        assert_eq!(frontier.tree().root(), root);
        let tree = TiledTree::open(&served, size, root).unwrap();
        frontier = Frontier::resume(tree, last_entries(&served, size)).unwrap();
        assert_eq!((frontier.size(), frontier.tree().root()), (size, root));
    }
}

#[test]
fn a_bundle_that_is_not_the_trees_is_refused() {
    let mut served = Served(BTreeMap::new());
    let mut frontier = Frontier::new();
    (0..260).for_each(|index| {
        frontier.push(entry(index), &mut |resource, bytes| drop(served.0.insert(resource, bytes)))
    });
    frontier.partial().into_iter().for_each(|(resource, bytes)| drop(served.0.insert(resource, bytes)));
    let root = frontier.tree().root();
    let tree = || TiledTree::open(&served, 260, root).unwrap();
    let entries = last_entries(&served, 260);
    assert_eq!(
        Frontier::resume(tree(), entries[..3].to_vec()).unwrap_err(),
        ResumeError::Width { bundle: Bundle { index: 1, width: 4 }, got: 3 }
    );
    let mut swapped = entries.clone();
    swapped.swap(1, 2);
    assert!(matches!(Frontier::resume(tree(), swapped), Err(ResumeError::Entry { index: 257, .. })));
    Frontier::resume(tree(), entries).unwrap();
}
