//! The right edge of a growing log: what is needed to append to it, and the tiles and bundles that appending
//! makes. Holds 256 hashes a level, whatever the size.

use super::{
    bundle::encode_bundle,
    tile::{Bundle, Resource, TILE_WIDTH, Tile},
    tree::{TileReader, TiledTree, edge_peaks, subtree},
};
use averment_primitives::{
    B256, SaltedLeaf,
    merkle::{Sha256Tree, Tree, TreeHash},
};
use thiserror::Error;

/// The rightmost bundle does not belong to the tree.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
pub enum ResumeError {
    /// It has another number of entries than the rightmost tile has hashes.
    #[error("{bundle}: expected {} entries, got {got}", bundle.width)]
    Width {
        /// The bundle.
        bundle: Bundle,
        /// How many entries there are.
        got: usize,
    },
    /// An entry is not the tree's leaf.
    #[error("entry {index} hashes to {got}, the tree's leaf is {expected}")]
    Entry {
        /// The entry's index in the log.
        index: u64,
        /// The tree's leaf hash.
        expected: B256,
        /// The entry's leaf hash.
        got: B256,
    },
}

/// The right edge of a log.
#[derive(Debug, Clone, Default)]
pub struct Frontier {
    size: u64,
    /// The hashes of the rightmost, partial tile of each level.
    edge: Vec<Vec<B256>>,
    /// The entries under the partial tile of level 0.
    entries: Vec<SaltedLeaf>,
}

impl Frontier {
    /// The edge of a log without entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// The edge of `tree`, whose rightmost entries (those under a partial tile of level 0) are `entries`.
    pub fn resume<R: TileReader>(tree: TiledTree<R>, entries: Vec<SaltedLeaf>) -> Result<Self, ResumeError> {
        let (size, edge) = tree.into_edge();
        let leaves = edge.first().map(Vec::as_slice).unwrap_or_default();
        let first = size - leaves.len() as u64;
        if leaves.len() != entries.len() {
            let bundle = Bundle { index: first / u64::from(TILE_WIDTH), width: leaves.len() as u16 };
            return Err(ResumeError::Width { bundle, got: entries.len() });
        }
        for (index, (leaf, entry)) in (first..).zip(leaves.iter().zip(&entries)) {
            let got = leaf_hash(*entry);
            if got != *leaf {
                return Err(ResumeError::Entry { index, expected: *leaf, got });
            }
        }
        Ok(Self { size, edge, entries })
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The tree that goes on from here.
    pub fn tree(&self) -> Tree<Sha256Tree> {
        // The numbers agree: `size` counts what is in `edge`.
        Tree::from_peaks(self.size, edge_peaks(&self.edge)).unwrap_or_default()
    }

    /// Appends `leaf` and hands what becomes full by it to `full`.
    pub fn push(&mut self, leaf: SaltedLeaf, full: &mut impl FnMut(Resource, Vec<u8>)) {
        self.entries.push(leaf);
        self.size += 1;
        let mut hash = leaf_hash(leaf);
        for level in 0.. {
            let Some(row) = self.edge.get_mut(level) else {
                self.edge.push(vec![hash]);
                return;
            };
            row.push(hash);
            if row.len() < usize::from(TILE_WIDTH) {
                return;
            }
            let row = std::mem::take(row);
            // The level's complete subtrees so far, all of them in full tiles.
            let index = (self.size >> (8 * level) >> 8) - 1;
            if level == 0 {
                let entries = std::mem::take(&mut self.entries);
                full(Bundle { index, width: TILE_WIDTH }.into(), encode_bundle(&entries));
            }
            full(Tile { level: level as u8, index, width: TILE_WIDTH }.into(), row.concat());
            hash = subtree(&row);
        }
    }

    /// The partial tiles and the partial bundle.
    pub fn partial(&self) -> Vec<(Resource, Vec<u8>)> {
        let mut partial = Vec::new();
        for (level, row) in self.edge.iter().enumerate().filter(|(_, row)| !row.is_empty()) {
            let (index, width) = (self.size >> (8 * level) >> 8, row.len() as u16);
            if level == 0 {
                partial.push((Bundle { index, width }.into(), encode_bundle(&self.entries)));
            }
            partial.push((Tile { level: level as u8, index, width }.into(), row.concat().to_vec()));
        }
        partial
    }
}

/// The leaf hash of an entry: RFC 6962's over its 32 bytes.
pub fn leaf_hash(entry: SaltedLeaf) -> B256 {
    Sha256Tree::leaf(entry.0.as_slice())
}

#[cfg(test)]
mod tests;
