//! A log's tree as its tiles give it, nothing of which is believed before it is checked against the root of a
//! signed checkpoint.
//!
//! The rightmost tiles of all levels together give the root; every full tile hashes to one entry of the tile
//! above it. So whatever [`TiledTree`] says of a tree is true of the tree with that root, or it names the tile
//! that is cut short, altered or in another's place.

use super::{
    proof::{NodeSource, ProveError, consistency_proof, inclusion_proof, root},
    tile::{TILE_WIDTH, Tile},
};
use averment_primitives::{
    B256,
    merkle::{Sha256Tree, Tree, TreeHash},
};
use std::collections::BTreeMap;
use thiserror::Error;

/// Levels of the binary tree within a tile.
const TILE_HEIGHT: u8 = 8;

/// Checked tiles that are kept, 16 KiB each.
const CACHED_TILES: usize = 64;

/// Fetches tiles, from a disk or from a stranger.
pub trait TileReader {
    /// Why a tile could not be had.
    type Error;

    /// The bytes of `tile`, or whatever is in its place. A partial tile that is no longer there may be
    /// answered with the beginning of the full one.
    fn read_tile(&mut self, tile: Tile) -> Result<Vec<u8>, Self::Error>;
}

/// Why a tile is not believed, or nothing can be said.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum TreeError<E> {
    /// The tile could not be had.
    #[error("{tile}: {error}")]
    Read {
        /// The tile.
        tile: Tile,
        /// What went wrong.
        error: E,
    },
    /// The tile is cut short or too long.
    #[error("{tile}: expected {expected} bytes, got {got}")]
    Length {
        /// The tile.
        tile: Tile,
        /// 32 for each hash.
        expected: usize,
        /// The length found.
        got: usize,
    },
    /// A full tile is altered or another's: the tile above it has another hash for it.
    #[error("{tile}: its hashes give {got}, the tile above it says {expected}")]
    Tile {
        /// The tile.
        tile: Tile,
        /// What the tile above holds.
        expected: B256,
        /// What this tile's hashes give.
        got: B256,
    },
    /// One of the partial tiles is altered, or they are of another tree.
    #[error("the rightmost tiles of {size} leaves give root {got}, the checkpoint says {expected}")]
    Root {
        /// The tree's size.
        size: u64,
        /// The trusted root.
        expected: B256,
        /// What the tiles give.
        got: B256,
    },
    /// There is no such subtree.
    #[error("a tree of {size} leaves has no complete subtree {index} of 2^{level} leaves")]
    Beyond {
        /// The subtree's height.
        level: u8,
        /// Its place in its level.
        index: u64,
        /// The tree's size.
        size: u64,
    },
}

/// A checked view of the tree with one size and root.
#[derive(Debug)]
pub struct TiledTree<R> {
    reader: R,
    size: u64,
    root: B256,
    /// The hashes of the rightmost, partial tile of each level (none where it is empty).
    edge: Vec<Vec<B256>>,
    /// Checked full tiles: all nodes, level by level from the 256 up to the one.
    full: BTreeMap<(u8, u64), Vec<B256>>,
}

impl<R: TileReader> TiledTree<R> {
    /// Reads the rightmost tiles of a tree of `size` leaves and checks them against `root`, which the caller
    /// trusts.
    pub fn open(mut reader: R, size: u64, root: B256) -> Result<Self, TreeError<R::Error>> {
        let mut edge = Vec::new();
        for level in (0..TILE_HEIGHT).take_while(|&level| size >> (TILE_HEIGHT * level) != 0) {
            let width = Tile::edge_width(level, size);
            let index = size >> (TILE_HEIGHT * level) >> TILE_HEIGHT;
            edge.push(match width {
                0 => Vec::new(),
                _ => read(&mut reader, Tile { level, index, width })?,
            });
        }
        let got = edge_root(&edge);
        if got != root {
            return Err(TreeError::Root { size, expected: root, got });
        }
        Ok(Self { reader, size, root, edge, full: BTreeMap::new() })
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root that everything is checked against.
    pub fn root(&self) -> B256 {
        self.root
    }

    /// The hash of a leaf.
    pub fn leaf_hash(&mut self, index: u64) -> Result<B256, TreeError<R::Error>> {
        self.node(0, index)
    }

    /// The root of the first `size` leaves.
    pub fn root_at(&mut self, size: u64) -> Result<B256, TreeError<R::Error>> {
        root(self, size)
    }

    /// That the leaf at `index` is in the tree of the first `size` leaves.
    pub fn inclusion(&mut self, index: u64, size: u64) -> Result<Vec<B256>, ProveError<TreeError<R::Error>>> {
        inclusion_proof(self, index, size)
    }

    /// That the tree of the first `newer` leaves begins with that of the first `older`.
    pub fn consistency(
        &mut self,
        older: u64,
        newer: u64,
    ) -> Result<Vec<B256>, ProveError<TreeError<R::Error>>> {
        consistency_proof(self, older, newer)
    }

    /// The hashes of a full or partial tile.
    pub fn tile(&mut self, tile: Tile) -> Result<Vec<B256>, TreeError<R::Error>> {
        let hashes_before = u64::from(TILE_WIDTH).checked_mul(tile.index);
        let beyond = TreeError::Beyond { level: tile.level, index: tile.index, size: self.size };
        let hashes_before = hashes_before.filter(|_| tile.level < TILE_HEIGHT).ok_or(beyond)?;
        let level = tile.level * TILE_HEIGHT;
        (0..u64::from(tile.width))
            .map(|place| self.node(level, hashes_before.saturating_add(place)))
            .collect()
    }

    pub(super) fn into_edge(self) -> (u64, Vec<Vec<B256>>) {
        (self.size, self.edge)
    }

    /// Checks the full tile, unless that has been done.
    fn load(&mut self, level: u8, index: u64) -> Result<&[B256], TreeError<R::Error>> {
        let key = (level, index);
        if !self.full.contains_key(&key) {
            let tile = Tile { level, index, width: TILE_WIDTH };
            let mut nodes = read(&mut self.reader, tile)?;
            let mut start = 0;
            while let Some(row) = nodes.get(start..).filter(|row| row.len() > 1) {
                let above: Vec<B256> = row
                    .chunks_exact(2)
                    .filter_map(|pair| match pair {
                        [left, right] => Some(Sha256Tree::node(left, right)),
                        _ => None,
                    })
                    .collect();
                start = nodes.len();
                nodes.extend(above);
            }
            let got = nodes.last().copied().unwrap_or_default();
            let expected = self.node((level + 1) * TILE_HEIGHT, index)?;
            if got != expected {
                return Err(TreeError::Tile { tile, expected, got });
            }
            if self.full.len() >= CACHED_TILES {
                self.full.clear();
            }
            self.full.insert(key, nodes);
        }
        Ok(self.full.get(&key).map(Vec::as_slice).unwrap_or_default())
    }
}

impl<R: TileReader> NodeSource for TiledTree<R> {
    type Error = TreeError<R::Error>;

    fn node(&mut self, level: u8, index: u64) -> Result<B256, Self::Error> {
        let beyond = TreeError::Beyond { level, index, size: self.size };
        let complete = self.size.checked_shr(level.into()).unwrap_or(0);
        if index >= complete {
            return Err(beyond);
        }
        let (tile_level, height) = (level / TILE_HEIGHT, level % TILE_HEIGHT);
        let first = index << height;
        let (tile_index, offset) = (first / u64::from(TILE_WIDTH), (first % u64::from(TILE_WIDTH)) as usize);
        let edge_index = self.size >> (TILE_HEIGHT * tile_level) >> TILE_HEIGHT;
        if tile_index == edge_index {
            let hashes = self.edge.get(usize::from(tile_level)).and_then(|row| row.get(offset..));
            let hashes = hashes.and_then(|row| row.get(..1 << height)).ok_or(beyond)?;
            return Ok(subtree(hashes));
        }
        // Rows of 256, 128, … nodes: this one begins after 512 - 512 / 2^height others.
        let row = 512 - (512usize >> height);
        let place = row + (offset >> height);
        self.load(tile_level, tile_index)?.get(place).copied().ok_or(beyond)
    }
}

fn read<R: TileReader>(reader: &mut R, tile: Tile) -> Result<Vec<B256>, TreeError<R::Error>> {
    let bytes = reader.read_tile(tile).map_err(|error| TreeError::Read { tile, error })?;
    let (expected, got) = (usize::from(tile.width) * 32, bytes.len());
    if expected != got {
        return Err(TreeError::Length { tile, expected, got });
    }
    Ok(bytes.chunks_exact(32).map(B256::from_slice).collect())
}

/// The root of the tree over these leaf hashes.
pub(super) fn subtree(hashes: &[B256]) -> B256 {
    let mut tree = Tree::<Sha256Tree>::new();
    hashes.iter().for_each(|&hash| tree.push(hash));
    tree.root()
}

/// The roots of the complete subtrees under the rightmost tiles of all levels, largest first.
pub(super) fn edge_peaks(edge: &[Vec<B256>]) -> Vec<B256> {
    let mut peaks = Vec::new();
    for row in edge.iter().rev() {
        let mut rest = row.as_slice();
        while let Some(largest) = rest.len().checked_ilog2() {
            let (peak, right) = rest.split_at(1 << largest);
            peaks.push(subtree(peak));
            rest = right;
        }
    }
    peaks
}

fn edge_root(edge: &[Vec<B256>]) -> B256 {
    let mut peaks = edge_peaks(edge).into_iter().rev();
    match peaks.next() {
        None => Sha256Tree::empty(),
        Some(last) => peaks.fold(last, |right, left| Sha256Tree::node(&left, &right)),
    }
}

#[cfg(test)]
mod tests;
