//! The pure part of `averment-fingerprint/1` (docs/formats.md, "Fingerprint"): entries and the roots over them.
//! No files are read here: `averment-storage` reads them, and an audit file is checked by these same lines.

use crate::merkle::{Blake3Tree, Sha256Tree, Tree, TreeHash};
use alloy_primitives::B256;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// Bytes in a chunk; a file's last one may be shorter.
pub const CHUNK_BYTES: usize = 1 << 20;

const DOMAIN: &[u8] = b"averment-fingerprint/1\0";

/// The longest path of an entry, in bytes.
pub const MAX_PATH_BYTES: usize = 4096;

/// What an entry of a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder with nothing in it; other folders show in their entries' paths.
    EmptyFolder,
    /// A symbolic link, recorded by the text of its target.
    Symlink,
}

impl Kind {
    /// The byte that stands for it in the format.
    pub fn code(self) -> u8 {
        match self {
            Self::File => 0,
            Self::EmptyFolder => 1,
            Self::Symlink => 2,
        }
    }
}

/// The same tree's root under both hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Roots {
    /// With SHA-256.
    pub sha256: B256,
    /// With BLAKE3.
    pub blake3: B256,
}

impl Roots {
    /// The two RFC 6962 leaf hashes of `data`.
    pub fn of_leaf(data: &[u8]) -> Self {
        Self { sha256: Sha256Tree::leaf(data), blake3: Blake3Tree::leaf(data) }
    }
}

/// A tree that grows by leaves under both hashes.
#[derive(Debug, Clone, Default)]
pub struct Trees {
    sha256: Tree<Sha256Tree>,
    blake3: Tree<Blake3Tree>,
}

impl Trees {
    /// Appends a leaf given its hashes.
    pub fn push(&mut self, leaf: Roots) {
        self.sha256.push(leaf.sha256);
        self.blake3.push(leaf.blake3);
    }

    /// The roots over the leaves so far.
    pub fn roots(&self) -> Roots {
        Roots { sha256: self.sha256.root(), blake3: self.blake3.root() }
    }
}

/// One file, empty folder or symbolic link of a fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// Relative to the folder, `/`-separated; never normalised.
    pub path: String,
    /// In bytes: of a link, those of its target's text; of an empty folder, 0.
    pub size: u64,
    /// Root over its chunks with SHA-256; zero for an empty folder.
    pub sha256: B256,
    /// Root over its chunks with BLAKE3; zero for an empty folder.
    pub blake3: B256,
}

/// What is wrong with an entry or with the order of entries.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum EntryFault {
    /// Not a relative path in plain form.
    #[error(
        "{path:?} is not a relative path of 1 to {MAX_PATH_BYTES} bytes without empty, `.` or `..` parts or NUL"
    )]
    Path {
        /// The path found.
        path: String,
    },
    /// Entries must ascend by the bytes of their paths, none twice.
    #[error("{path:?} must not come after {previous:?}: entries ascend by the bytes of their paths")]
    Order {
        /// The path found.
        path: String,
        /// The one before it.
        previous: String,
    },
    /// A path leads through something that is not a folder with entries.
    #[error("{path:?} lies below {above:?}, which is an entry itself")]
    Below {
        /// The path found.
        path: String,
        /// The entry that it lies below.
        above: String,
    },
    /// An empty folder has neither size nor roots.
    #[error("{path:?}: an empty folder has size 0 and zero roots")]
    FolderNotEmpty {
        /// The path found.
        path: String,
    },
    /// The sizes do not fit 64 bits.
    #[error("the sizes add up to more than 2^64 - 1")]
    TooLarge,
}

impl Entry {
    /// The bytes that are hashed for this entry.
    pub fn encode(&self) -> Vec<u8> {
        let path = self.path.as_bytes();
        let mut bytes = Vec::with_capacity(1 + 4 + path.len() + 8 + 64);
        bytes.push(self.kind.code());
        // A path is at most `MAX_PATH_BYTES` long; `Folder::push` has checked it.
        bytes.extend_from_slice(&(path.len() as u32).to_le_bytes());
        bytes.extend_from_slice(path);
        bytes.extend_from_slice(&self.size.to_le_bytes());
        bytes.extend_from_slice(self.sha256.as_slice());
        bytes.extend_from_slice(self.blake3.as_slice());
        bytes
    }

    fn check(&self) -> Result<(), EntryFault> {
        let plain = |part: &str| !matches!(part, "" | "." | "..");
        let length = self.path.len();
        if length > MAX_PATH_BYTES || self.path.contains('\0') || !self.path.split('/').all(plain) {
            return Err(EntryFault::Path { path: self.path.clone() });
        }
        let bare = self.size == 0 && self.sha256 == B256::ZERO && self.blake3 == B256::ZERO;
        if self.kind == Kind::EmptyFolder && !bare {
            return Err(EntryFault::FolderNotEmpty { path: self.path.clone() });
        }
        Ok(())
    }
}

/// The totals and roots over a folder's entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// What the chain stores as `artifactsRoot`.
    pub root: B256,
    /// RFC 6962 root over the entries with SHA-256.
    pub sha256_root: B256,
    /// RFC 6962 root over the entries with BLAKE3.
    pub blake3_root: B256,
    /// Number of entries of all kinds.
    pub entries: u64,
    /// Number of regular files.
    pub files: u64,
    /// Sum of the entries' sizes.
    pub bytes: u64,
}

/// Folds entries, given in order, into a [`Summary`]; holds one path for each open folder, not the entries.
#[derive(Debug, Clone, Default)]
pub struct Folder {
    trees: Trees,
    /// The previous entry's path, and before it those of entries it begins with, to catch paths that lead through an
    /// entry: `a` and `a/b` need not be neighbours (`a`, `a.txt`, `a/b`).
    prefixes: Vec<String>,
    entries: u64,
    files: u64,
    bytes: u64,
}

impl Folder {
    /// No entries yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends an entry whose path must be greater than the previous one's.
    pub fn push(&mut self, entry: &Entry) -> Result<(), EntryFault> {
        entry.check()?;
        let path = entry.path.as_str();
        if let Some(previous) = self.prefixes.last()
            && previous.as_bytes() >= path.as_bytes()
        {
            return Err(EntryFault::Order { path: path.to_owned(), previous: previous.clone() });
        }
        // In byte order everything that begins with a string follows it in one run.
        while self.prefixes.last().is_some_and(|prefix| !path.starts_with(prefix.as_str())) {
            self.prefixes.pop();
        }
        if let Some(above) =
            self.prefixes.iter().find(|above| path.as_bytes().get(above.len()) == Some(&b'/'))
        {
            return Err(EntryFault::Below { path: path.to_owned(), above: above.clone() });
        }
        self.bytes = self.bytes.checked_add(entry.size).ok_or(EntryFault::TooLarge)?;
        self.entries += 1;
        self.files += u64::from(entry.kind == Kind::File);
        self.trees.push(Roots::of_leaf(&entry.encode()));
        self.prefixes.push(path.to_owned());
        Ok(())
    }

    /// The roots over the entries so far.
    pub fn summary(&self) -> Summary {
        let roots = self.trees.roots();
        let root = Sha256::new()
            .chain_update(DOMAIN)
            .chain_update(self.entries.to_le_bytes())
            .chain_update(self.bytes.to_le_bytes())
            .chain_update(roots.sha256)
            .chain_update(roots.blake3)
            .finalize();
        Summary {
            root: B256::from(<[u8; 32]>::from(root)),
            sha256_root: roots.sha256,
            blake3_root: roots.blake3,
            entries: self.entries,
            files: self.files,
            bytes: self.bytes,
        }
    }
}
