//! The IPFS CID of a file or folder, as the JavaScript importer `ipfs-unixfs-importer` 17 gives it.
//!
//! A CID depends on how bytes are cut and linked, so a [`Profile`] is named with it. Files are raw leaves below a
//! balanced tree of DAG-PB nodes (UnixFS type 2); a file of one chunk is its leaf. Folders are one node
//! each (type 1) with links sorted by name; where importers would begin to shard ([`SHARD_BYTES`]) this one refuses.
//! Memory: one chunk, and one link list for each level. Symbolic links, special files and names that are not
//! UTF-8 are refused.

use super::{Cid, DAG_PB, RAW, cid_of};
use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};
use thiserror::Error;

/// Where importers by default turn a folder into a sharded one: bytes of its names and CIDs together.
pub const SHARD_BYTES: usize = 262_144;

/// The deepest folder that is walked.
pub const MAX_DEPTH: usize = 128;

/// How bytes are cut and linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// What it is called.
    pub name: &'static str,
    /// Bytes in a leaf.
    pub chunk_bytes: usize,
    /// Links in a node of a file's tree; at least 2.
    pub links: usize,
}

impl Profile {
    /// `unixfs-v1-2025` of IPIP-499: 1 MiB leaves, 1024 links.
    pub const UNIXFS_V1_2025: Self = Self { name: "unixfs-v1-2025", chunk_bytes: 1 << 20, links: 1024 };
    /// What kubo's `ipfs add --cid-version=1` does: 256 KiB leaves, 174 links.
    pub const KUBO_CID_V1: Self = Self { name: "kubo-cid-v1", chunk_bytes: 1 << 18, links: 174 };

    /// The profile called `name`.
    pub fn named(name: &str) -> Option<Self> {
        [Self::UNIXFS_V1_2025, Self::KUBO_CID_V1].into_iter().find(|profile| profile.name == name)
    }
}

/// Why a CID could not be computed.
#[derive(Debug, Error)]
pub enum ImportError {
    /// A file or folder could not be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Neither a file nor a folder.
    #[error("{} is neither a file nor a folder", path.display())]
    Unsupported {
        /// The link or special file.
        path: PathBuf,
    },
    /// UnixFS names are UTF-8.
    #[error("{} has a name that is not UTF-8", path.display())]
    NameNotUtf8 {
        /// The file.
        path: PathBuf,
    },
    /// Importers would shard this folder, which gives another CID.
    #[error(
        "{}: its names and links take {got} bytes; above {SHARD_BYTES} importers shard a folder, which is not supported",
        path.display()
    )]
    FolderTooLarge {
        /// The folder.
        path: PathBuf,
        /// Bytes of names and CIDs.
        got: usize,
    },
    /// Folders within folders beyond [`MAX_DEPTH`].
    #[error("{} is more than {MAX_DEPTH} folders deep", path.display())]
    TooDeep {
        /// The folder.
        path: PathBuf,
    },
    /// Whoever takes the blocks failed.
    #[error("storing a block failed: {0}")]
    Sink(#[source] io::Error),
}

/// Takes each block with its CID, children before parents.
pub type BlockSink<'a> = &'a mut dyn FnMut(&Cid, &[u8]) -> io::Result<()>;

/// The CID of the file or folder at `path`; a folder's own name is not part of it.
pub fn cid_of_path(path: &Path, profile: Profile) -> Result<Cid, ImportError> {
    import(path, profile, &mut |_, _| Ok(()))
}

/// Like [`cid_of_path`], and hands every block to `sink`.
pub fn import(path: &Path, profile: Profile, sink: BlockSink<'_>) -> Result<Cid, ImportError> {
    let meta = fs::metadata(path).map_err(read_error(path))?;
    let mut importer = Importer { profile, sink };
    Ok(if meta.is_dir() {
        importer.folder(path, 0)?.cid
    } else if meta.is_file() {
        importer.file(path)?.cid
    } else {
        return Err(ImportError::Unsupported { path: path.to_owned() });
    })
}

fn read_error(path: &Path) -> impl Fn(io::Error) -> ImportError {
    move |source| ImportError::Read { path: path.to_owned(), source }
}

/// A subtree: what a link to it says.
#[derive(Debug, Clone, Copy)]
struct Subtree {
    cid: Cid,
    /// Bytes of the file below it.
    file_bytes: u64,
    /// Bytes of all its blocks; repeated blocks count each time.
    tree_bytes: u64,
}

struct Importer<'a> {
    profile: Profile,
    sink: BlockSink<'a>,
}

impl Importer<'_> {
    fn block(&mut self, codec: u64, block: &[u8]) -> Result<Cid, ImportError> {
        let cid = cid_of(codec, block);
        (self.sink)(&cid, block).map_err(ImportError::Sink)?;
        Ok(cid)
    }

    fn file(&mut self, path: &Path) -> Result<Subtree, ImportError> {
        let mut file = File::open(path).map_err(read_error(path))?;
        let mut chunk = Vec::with_capacity(self.profile.chunk_bytes);
        // levels[0] holds leaves not yet below a node, levels[1] such nodes, and so on.
        let mut levels: Vec<Vec<Subtree>> = vec![Vec::new()];
        loop {
            chunk.clear();
            (&mut file)
                .take(self.profile.chunk_bytes as u64)
                .read_to_end(&mut chunk)
                .map_err(read_error(path))?;
            // An empty file is one empty leaf.
            if chunk.is_empty() && levels.iter().any(|level| !level.is_empty()) {
                break;
            }
            let bytes = chunk.len() as u64;
            let cid = self.block(RAW, &chunk)?;
            self.append(&mut levels, 0, Subtree { cid, file_bytes: bytes, tree_bytes: bytes })?;
            if chunk.len() < self.profile.chunk_bytes {
                break;
            }
        }
        self.close(levels)
    }

    fn append(
        &mut self,
        levels: &mut Vec<Vec<Subtree>>,
        at: usize,
        child: Subtree,
    ) -> Result<(), ImportError> {
        let Some(level) = levels.get_mut(at) else {
            levels.push(vec![child]);
            return Ok(());
        };
        // A full level is closed only when one more comes, so that a file that just fits gets no further level.
        if level.len() < self.profile.links {
            level.push(child);
            return Ok(());
        }
        let full = std::mem::replace(level, vec![child]);
        let node = self.node(&full)?;
        self.append(levels, at + 1, node)
    }

    /// Closes what is open, from the leaves up, until one subtree is left.
    fn close(&mut self, mut levels: Vec<Vec<Subtree>>) -> Result<Subtree, ImportError> {
        let mut at = 0;
        loop {
            let level = levels.get_mut(at).map(std::mem::take).unwrap_or_default();
            let top = at + 1 >= levels.len();
            match level.as_slice() {
                [only] if top => return Ok(*only),
                _ => {
                    let node = self.node(&level)?;
                    at += 1;
                    self.append(&mut levels, at, node)?;
                }
            }
        }
    }

    /// A node of a file's tree.
    fn node(&mut self, children: &[Subtree]) -> Result<Subtree, ImportError> {
        let file_bytes = children.iter().map(|child| child.file_bytes).sum();
        let mut data = vec![0x08, 2, 0x18];
        varint(file_bytes, &mut data);
        for child in children {
            data.push(0x20);
            varint(child.file_bytes, &mut data);
        }
        let links: Vec<(&str, Subtree)> = children.iter().map(|child| ("", *child)).collect();
        self.dag_pb(&links, &data, file_bytes)
    }

    fn folder(&mut self, path: &Path, depth: usize) -> Result<Subtree, ImportError> {
        if depth > MAX_DEPTH {
            return Err(ImportError::TooDeep { path: path.to_owned() });
        }
        let mut names = Vec::new();
        for entry in fs::read_dir(path).map_err(read_error(path))? {
            let entry = entry.map_err(read_error(path))?;
            let path = entry.path();
            let kind = entry.file_type().map_err(read_error(&path))?;
            let Ok(name) = entry.file_name().into_string() else {
                return Err(ImportError::NameNotUtf8 { path });
            };
            names.push((name, path, kind));
        }
        names.sort_unstable_by(|a, b| a.0.as_bytes().cmp(b.0.as_bytes()));
        let mut links = Vec::with_capacity(names.len());
        for (name, path, kind) in &names {
            let child = if kind.is_dir() {
                self.folder(path, depth + 1)?
            } else if kind.is_file() {
                self.file(path)?
            } else {
                return Err(ImportError::Unsupported { path: path.clone() });
            };
            links.push((name.as_str(), child));
        }
        let got = links.iter().map(|(name, child)| name.len() + child.cid.encoded_len()).sum();
        if got > SHARD_BYTES {
            return Err(ImportError::FolderTooLarge { path: path.to_owned(), got });
        }
        self.dag_pb(&links, &[0x08, 1], 0)
    }

    /// A DAG-PB node: links first, then the data, as the canonical form has it.
    fn dag_pb(
        &mut self,
        links: &[(&str, Subtree)],
        data: &[u8],
        file_bytes: u64,
    ) -> Result<Subtree, ImportError> {
        let mut node = Vec::new();
        for (name, child) in links {
            let mut link = Vec::new();
            field(0x0a, &child.cid.to_bytes(), &mut link);
            field(0x12, name.as_bytes(), &mut link);
            link.push(0x18);
            varint(child.tree_bytes, &mut link);
            field(0x12, &link, &mut node);
        }
        field(0x0a, data, &mut node);
        let below: u64 = links.iter().map(|(_, child)| child.tree_bytes).sum();
        let cid = self.block(DAG_PB, &node)?;
        Ok(Subtree { cid, file_bytes, tree_bytes: below + node.len() as u64 })
    }
}

fn field(tag: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

pub(super) fn varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}
