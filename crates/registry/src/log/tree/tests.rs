use super::*;
use crate::log::{
    frontier::Frontier,
    proof::{ProveError, verify_consistency, verify_inclusion},
    tile::Resource,
};
use averment_primitives::SaltedLeaf;
use std::{collections::BTreeMap, sync::OnceLock};

type Tiles = BTreeMap<(u8, u64, u16), Vec<u8>>;

/// Serves tiles from memory, whatever was put there.
#[derive(Clone, Default)]
struct Served(Tiles);

impl TileReader for &Served {
    type Error = &'static str;
    fn read_tile(&mut self, tile: Tile) -> Result<Vec<u8>, &'static str> {
        self.0.get(&(tile.level, tile.index, tile.width)).cloned().ok_or("no such tile")
    }
}

fn entry(index: u64) -> SaltedLeaf {
    SaltedLeaf(averment_primitives::keccak256(index.to_be_bytes()))
}

/// A log of `size` entries: its tiles, and its roots at the sizes asked for.
fn served(size: u64, at: &[u64]) -> (Served, Vec<B256>) {
    let mut frontier = Frontier::new();
    let mut tiles = Tiles::new();
    let mut roots = Vec::new();
    let mut keep = |resource: Resource, bytes: Vec<u8>| {
        if let Resource::Tile(tile) = resource {
            tiles.insert((tile.level, tile.index, tile.width), bytes);
        }
    };
    for index in 0..=size {
        if at.contains(&index) {
            roots.push(frontier.tree().root());
        }
        if index < size {
            frontier.push(entry(index), &mut keep);
        }
    }
    frontier.partial().into_iter().for_each(|(resource, bytes)| keep(resource, bytes));
    (Served(tiles), roots)
}

const SIZE: u64 = 256 * 256 + 3 * 256 + 77;

#[test]
fn proofs_from_tiles_hold_at_every_size() {
    let sizes = [1, 255, 256, 257, 511, 513, 256 * 256, 256 * 256 + 1, SIZE];
    let (served, roots) = served(SIZE, &sizes);
    let mut tree = TiledTree::open(&served, SIZE, *roots.last().unwrap()).unwrap();
    for (&size, &root) in sizes.iter().zip(&roots) {
        assert_eq!(tree.root_at(size).unwrap(), root);
        for index in [0, 1, 127, 128, 254, 255, 256, 257, 65_535, 65_536, SIZE - 1] {
            let made = tree.inclusion(index, size);
            if index >= size {
                assert!(matches!(made, Err(ProveError::Beyond { .. })));
                continue;
            }
            let leaf = tree.leaf_hash(index).unwrap();
            assert_eq!(leaf, crate::log::leaf_hash(entry(index)));
            verify_inclusion(leaf, index, size, &made.unwrap(), root).unwrap();
        }
        for (&newer, &newer_root) in sizes.iter().zip(&roots).filter(|(newer, _)| **newer >= size) {
            let proof = tree.consistency(size, newer).unwrap();
            verify_consistency(size, root, newer, newer_root, &proof).unwrap();
        }
    }
    assert!(matches!(tree.leaf_hash(SIZE), Err(TreeError::Beyond { level: 0, index: SIZE, size: SIZE })));
    assert!(matches!(tree.node(17, 0), Err(TreeError::Beyond { .. })));
    assert!(matches!(tree.node(200, 0), Err(TreeError::Beyond { .. })));
    let tile = Tile { level: 0, index: 3, width: 256 };
    assert_eq!(tree.tile(tile).unwrap().concat(), served.0[&(0, 3, 256)]);
    assert!(tree.tile(Tile { level: 60, index: 0, width: 1 }).is_err());
    assert!(tree.tile(Tile { level: 0, index: u64::MAX, width: 1 }).is_err());
}

#[test]
fn the_empty_tree_needs_no_tile() {
    let (none, _) = served(0, &[]);
    let mut tree = TiledTree::open(&none, 0, Sha256Tree::empty()).unwrap();
    assert_eq!(tree.root_at(0).unwrap(), Sha256Tree::empty());
    assert!(tree.leaf_hash(0).is_err());
    assert!(matches!(TiledTree::open(&none, 0, B256::ZERO), Err(TreeError::Root { .. })));
}

/// The log of [`SIZE`] entries, made once.
fn the_log() -> &'static (Served, B256) {
    static LOG: OnceLock<(Served, B256)> = OnceLock::new();
    LOG.get_or_init(|| {
        let (served, roots) = served(SIZE, &[SIZE]);
        (served, roots[0])
    })
}

/// What a proof about leaf 300 and the sizes around it says when one tile is not what it should be.
fn attack(change: impl FnOnce(&mut Tiles)) -> TreeError<&'static str> {
    let (mut served, root) = the_log().clone();
    change(&mut served.0);
    let unwrap = |error| match error {
        ProveError::Source(error) => error,
        other => panic!("{other}"),
    };
    let mut tree = match TiledTree::open(&served, SIZE, root) {
        Ok(tree) => tree,
        Err(error) => return error,
    };
    match tree.inclusion(300, SIZE) {
        Ok(_) => unwrap(tree.consistency(300, SIZE).expect_err("the change is noticed")),
        Err(error) => unwrap(error),
    }
}

#[test]
fn a_hostile_tile_is_named() {
    let leaf_tile = Tile { level: 0, index: 1, width: 256 };
    let upper_tile = Tile { level: 1, index: 0, width: 256 };
    let edge = Tile { level: 0, index: 259, width: 77 };
    let at = |tile: Tile| (tile.level, tile.index, tile.width);

    // Cut short, too long, gone.
    for tile in [leaf_tile, upper_tile, edge] {
        for length in [0, 31, usize::from(tile.width) * 32 - 1, usize::from(tile.width) * 32 + 32] {
            let error = attack(|tiles| tiles.get_mut(&at(tile)).unwrap().resize(length, 0));
            let expected = usize::from(tile.width) * 32;
            assert_eq!(error, TreeError::Length { tile, expected, got: length });
        }
        let error = attack(|tiles| drop(tiles.remove(&at(tile))));
        assert_eq!(error, TreeError::Read { tile, error: "no such tile" });
    }
    // Altered anywhere.
    for place in [0, 100, 8191] {
        for tile in [leaf_tile, upper_tile] {
            match attack(|tiles| tiles.get_mut(&at(tile)).unwrap()[place] ^= 1) {
                TreeError::Tile { tile: named, .. } => assert_eq!(named, tile),
                other => panic!("{other}"),
            }
        }
    }
    for (level, index, width) in [(0, 259, 77), (1, 1, 3), (2, 0, 1)] {
        let error =
            attack(|tiles| tiles.get_mut(&(level, index, width)).unwrap()[width as usize * 32 - 1] ^= 1);
        assert!(matches!(error, TreeError::Root { size: SIZE, .. }), "{error}");
    }
    // Swapped with its neighbour, or with that of another level.
    for (one, other) in [(leaf_tile, Tile { index: 2, ..leaf_tile }), (leaf_tile, upper_tile)] {
        let error = attack(|tiles| {
            let (a, b) = (tiles[&at(one)].clone(), tiles[&at(other)].clone());
            tiles.insert(at(one), b);
            tiles.insert(at(other), a);
        });
        assert!(matches!(error, TreeError::Tile { .. }), "{error}");
    }
    // A wholly consistent tree, but another one.
    let (other, _) = served(SIZE - 1, &[]);
    assert!(matches!(TiledTree::open(&other, SIZE - 1, the_log().1), Err(TreeError::Root { .. })));
}

/// More tiles than are kept.
#[test]
fn forgetting_checked_tiles_changes_nothing() {
    let (served, roots) = served(100 * 256, &[100 * 256]);
    let mut tree = TiledTree::open(&served, 100 * 256, roots[0]).unwrap();
    for index in (0..100 * 256).step_by(101).chain(0..3) {
        assert_eq!(tree.leaf_hash(index).unwrap(), crate::log::leaf_hash(entry(index)));
    }
    assert!(tree.full.len() <= CACHED_TILES);
}
