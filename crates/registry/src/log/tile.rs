//! Where a log's tiles and entry bundles lie (C2SP tlog-tiles): `tile/<L>/<N>[.p/<W>]` and
//! `tile/entries/<N>[.p/<W>]`, relative to the log's prefix.
//!
//! A tile of level L holds up to 256 consecutive Merkle tree hashes of complete subtrees of 256^L leaves; a
//! bundle holds the entries under a tile of level 0. A path has one form, and only that is read.

use std::{fmt, str::FromStr};
use thiserror::Error;

/// Hashes in a full tile, and entries in a full bundle.
pub const TILE_WIDTH: u16 = 256;

/// The highest level that a path may name. (A tree of less than 2^64 leaves has no tiles above level 7.)
pub const MAX_LEVEL: u8 = 63;

/// The longest path of the form.
const MAX_PATH_BYTES: usize = 64;

/// A tile of hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    /// 0 for leaf hashes, at most [`MAX_LEVEL`].
    pub level: u8,
    /// Its place among the tiles of its level, from 0.
    pub index: u64,
    /// How many hashes it holds: 1 to 256; below 256 it is partial.
    pub width: u16,
}

/// A bundle of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bundle {
    /// Its place, from 0.
    pub index: u64,
    /// How many entries it holds: 1 to 256; below 256 it is partial.
    pub width: u16,
}

/// A file of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    /// The signed head of the log.
    Checkpoint,
    /// Hashes.
    Tile(Tile),
    /// Entries.
    Entries(Bundle),
}

/// Why a path names no file of a log.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[error("{path:?} is no path of a log: {reason}")]
pub struct PathError {
    /// The start of the path.
    pub path: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// The file name part of an index: groups of three digits, all but the last after an `x`.
pub fn index_path(index: u64) -> String {
    let mut path = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1000);
        rest /= 1000;
    }
    path
}

impl Tile {
    /// How many hashes the level's rightmost tile holds in a tree of `size` leaves; 0 if that tile is empty.
    pub fn edge_width(level: u8, size: u64) -> u16 {
        (hashes_of_level(level, size) % u64::from(TILE_WIDTH)) as u16
    }

    /// The tile with this place, as it is in a tree of `size` leaves; none if it is empty there.
    pub fn within(level: u8, index: u64, size: u64) -> Option<Self> {
        let first = index.checked_mul(TILE_WIDTH.into())?;
        let width = hashes_of_level(level, size).checked_sub(first)?.min(TILE_WIDTH.into()) as u16;
        (width > 0).then_some(Self { level, index, width })
    }

    /// Whether it holds 256 hashes.
    pub fn is_full(&self) -> bool {
        self.width == TILE_WIDTH
    }
}

/// Complete subtrees of 256^level leaves in a tree of `size` leaves.
fn hashes_of_level(level: u8, size: u64) -> u64 {
    size.checked_shr(8 * u32::from(level)).unwrap_or(0)
}

impl Bundle {
    /// The bundle with this place, as it is in a log of `size` entries; none if it is empty there.
    pub fn within(index: u64, size: u64) -> Option<Self> {
        Tile::within(0, index, size).map(|tile| Self { index, width: tile.width })
    }
}

impl From<Tile> for Resource {
    fn from(tile: Tile) -> Self {
        Self::Tile(tile)
    }
}

impl From<Bundle> for Resource {
    fn from(bundle: Bundle) -> Self {
        Self::Entries(bundle)
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Resource::Tile(*self).fmt(f)
    }
}

impl fmt::Display for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Resource::Entries(*self).fmt(f)
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (index, width) = match self {
            Self::Checkpoint => return f.write_str("checkpoint"),
            Self::Tile(tile) => {
                write!(f, "tile/{}/", tile.level)?;
                (tile.index, tile.width)
            }
            Self::Entries(bundle) => {
                f.write_str("tile/entries/")?;
                (bundle.index, bundle.width)
            }
        };
        f.write_str(&index_path(index))?;
        if width < TILE_WIDTH { write!(f, ".p/{width}") } else { Ok(()) }
    }
}

impl FromStr for Resource {
    type Err = PathError;

    fn from_str(path: &str) -> Result<Self, PathError> {
        parse(path).map_err(|reason| PathError { path: path.chars().take(MAX_PATH_BYTES).collect(), reason })
    }
}

fn parse(path: &str) -> Result<Resource, &'static str> {
    if path.len() > MAX_PATH_BYTES {
        return Err("it is too long");
    }
    if path == "checkpoint" {
        return Ok(Resource::Checkpoint);
    }
    let rest = path.strip_prefix("tile/").ok_or("it is neither `checkpoint` nor below `tile/`")?;
    let (level, rest) = rest.split_once('/').ok_or("it has no index")?;
    let (index, width) = match rest.split_once(".p/") {
        None => (rest, TILE_WIDTH),
        Some((index, width)) => {
            let width = plain_number(width).filter(|width| (1..TILE_WIDTH.into()).contains(width));
            (index, width.ok_or("a partial width is a number from 1 to 255")? as u16)
        }
    };
    let index = parse_index(index)?;
    if level == "entries" {
        return Ok(Bundle { index, width }.into());
    }
    let level = plain_number(level).filter(|&level| level <= MAX_LEVEL.into());
    Ok(Tile { level: level.ok_or("a level is a number from 0 to 63")? as u8, index, width }.into())
}

fn parse_index(text: &str) -> Result<u64, &'static str> {
    let mut index = 0u64;
    let mut groups = text.split('/').peekable();
    let mut first = true;
    while let Some(group) = groups.next() {
        let last = groups.peek().is_none();
        let digits = match (last, group.strip_prefix('x')) {
            (true, None) => group,
            (false, Some(digits)) => digits,
            _ => return Err("all groups of an index but the last begin with x"),
        };
        if digits.len() != 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err("a group of an index has three digits");
        }
        let value: u64 = digits.parse().map_err(|_| "a group of an index has three digits")?;
        if first && !last && value == 0 {
            return Err("an index has no leading groups of zeros");
        }
        let grown = index.checked_mul(1000).and_then(|index| index.checked_add(value));
        index = grown.ok_or("the index does not fit 64 bits")?;
        first = false;
    }
    Ok(index)
}

/// A decimal number without sign or leading zeros.
pub(super) fn plain_number(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn paths_of_the_specification() {
        for (resource, path) in [
            (Resource::Checkpoint, "checkpoint"),
            (Tile { level: 0, index: 1_234_067, width: 256 }.into(), "tile/0/x001/x234/067"),
            (Tile { level: 63, index: 0, width: 256 }.into(), "tile/63/000"),
            (Tile { level: 1, index: 273, width: 17 }.into(), "tile/1/273.p/17"),
            (Bundle { index: 999, width: 255 }.into(), "tile/entries/999.p/255"),
            (Bundle { index: 1000, width: 256 }.into(), "tile/entries/x001/000"),
            (
                Tile { level: 0, index: u64::MAX, width: 1 }.into(),
                "tile/0/x018/x446/x744/x073/x709/x551/615.p/1",
            ),
        ] {
            assert_eq!(resource.to_string(), path);
            assert_eq!(path.parse(), Ok(resource));
        }
    }

    /// The specification's example: a tree of 70,000 leaves.
    #[test]
    fn tiles_of_a_tree() {
        let tiles = |level, size| {
            (0..)
                .map_while(|index| Tile::within(level, index, size))
                .map(|tile| tile.width)
                .collect::<Vec<_>>()
        };
        let level_0 = tiles(0, 70_000);
        assert_eq!((level_0.len(), level_0[272], level_0[273]), (274, 256, 112));
        assert_eq!(tiles(1, 70_000), [256, 17]);
        assert_eq!(tiles(2, 70_000), [1]);
        assert!(tiles(3, 70_000).is_empty());
        assert_eq!((tiles(0, 256), tiles(1, 256)), (vec![256], vec![1]));
        assert_eq!(Tile::edge_width(0, 256), 0);
        assert_eq!(Tile::within(63, 0, u64::MAX), None);
        assert_eq!(Tile::within(0, u64::MAX, u64::MAX), None);
    }

    #[test]
    fn other_forms_are_refused() {
        for (path, reason) in [
            ("", "neither"),
            ("/checkpoint", "neither"),
            ("tile/0", "no index"),
            ("tile/0/", "three digits"),
            ("tile/0/1", "three digits"),
            ("tile/0/0001", "three digits"),
            ("tile/0/+01", "three digits"),
            ("tile/0/x001", "begin with x"),
            ("tile/0/001/234", "begin with x"),
            ("tile/0/x000/234", "leading groups"),
            ("tile/0/x001/x234/067/", "begin with x"),
            ("tile/0/x001/..", "three digits"),
            ("tile/0/x018/x446/x744/x073/x709/x551/616", "64 bits"),
            ("tile/0/001.p/0", "1 to 255"),
            ("tile/0/001.p/256", "1 to 255"),
            ("tile/0/001.p/01", "1 to 255"),
            ("tile/0/001.p/", "1 to 255"),
            ("tile/64/001", "0 to 63"),
            ("tile/00/001", "0 to 63"),
            ("tile/-1/001", "0 to 63"),
            ("tile/data/001", "0 to 63"),
        ] {
            let error = path.parse::<Resource>().unwrap_err();
            assert!(error.reason.contains(reason), "{path}: {error}");
        }
        assert_eq!("tile/".repeat(1000).parse::<Resource>().unwrap_err().reason, "it is too long");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn paths_read_back(level in 0u8..=63, index: u64, width in 1u16..=256) {
            for resource in [Tile { level, index, width }.into(), Resource::Entries(Bundle { index, width })] {
                prop_assert_eq!(resource.to_string().parse(), Ok(resource));
            }
        }

        #[test]
        fn what_is_read_is_written_the_same(path in "tile/(0|7|entries)/(x?[0-9]{2,3}/){0,3}[0-9]{3}(\\.p/[0-9]{1,3})?") {
            if let Ok(resource) = path.parse::<Resource>() {
                prop_assert_eq!(resource.to_string(), path);
            }
        }
    }
}
