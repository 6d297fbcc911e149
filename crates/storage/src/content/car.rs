//! CARv1 files: blocks with their CIDs behind a header that names the roots.
//!
//! ```text
//! varint length | header: DAG-CBOR {"roots": [CID…], "version": 1}
//! (varint length | CID | block)*
//! ```
//!
//! Reading is bounded by [`Limits`] and checks every block against its CID before handing it on. The header is
//! read in the one form that DAG-CBOR allows for it; anything else is refused.

use super::{
    Cid, SHA2_256,
    unixfs::{self, ImportError, Profile, varint},
};
use crate::atomic::{AtomicFile, WriteError};
use averment_primitives::B256;
use sha2::{Digest, Sha256};
use std::{
    io::{self, BufRead, Read, Write},
    path::Path,
};
use thiserror::Error;

/// Multicodec of BLAKE3.
const BLAKE3: u64 = 0x1e;
/// `{"roots": [` up to the array's head, and `"version": 1}`.
const HEAD: &[u8] = b"\xa2\x65roots";
const TAIL: &[u8] = b"\x67version\x01";

/// Bounds on what a reader accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one block with its CID.
    pub block_bytes: u64,
    /// Number of roots.
    pub roots: u64,
    /// Number of blocks.
    pub blocks: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { block_bytes: 4 << 20, roots: 16, blocks: 1 << 24 }
    }
}

/// Why a CAR was refused.
#[derive(Debug, Error)]
pub enum CarError {
    /// Reading failed.
    #[error("reading the CAR failed: {0}")]
    Read(#[source] io::Error),
    /// It ends within a part.
    #[error("the CAR ends within {part}")]
    Truncated {
        /// What was being read.
        part: &'static str,
    },
    /// More than the reader's bound.
    #[error("{part}: at most {limit} allowed, got {got}")]
    TooLarge {
        /// What was being read.
        part: &'static str,
        /// The bound.
        limit: u64,
        /// What the CAR says.
        got: u64,
    },
    /// A varint of more than 9 bytes or not in its shortest form.
    #[error("{part}: a length that is not a shortest varint")]
    Varint {
        /// What was being read.
        part: &'static str,
    },
    /// Not the header of a CAR of version 1.
    #[error("the header is not that of a CAR of version 1")]
    Header,
    /// Bytes that are no CID.
    #[error("block {index} does not begin with a CID")]
    Cid {
        /// Number of the block, from 0.
        index: u64,
    },
    /// A CID under a hash that cannot be checked here.
    #[error("{cid}: hash 0x{code:x} cannot be checked; SHA-256 and BLAKE3 can")]
    UnknownHash {
        /// The block's CID.
        cid: Box<Cid>,
        /// The hash's multicodec.
        code: u64,
    },
    /// A block that is not what its CID says.
    #[error("{cid}: the block has other bytes")]
    WrongBytes {
        /// The block's CID.
        cid: Box<Cid>,
    },
}

/// Writes the header of a CAR.
pub fn write_header(out: &mut dyn Write, roots: &[Cid]) -> io::Result<()> {
    let mut header = HEAD.to_vec();
    cbor_length(0x80, roots.len() as u64, &mut header);
    for root in roots {
        let bytes = root.to_bytes();
        header.extend_from_slice(&[0xd8, 42]);
        // The multibase prefix of plain bytes comes before a CID in DAG-CBOR.
        cbor_length(0x40, bytes.len() as u64 + 1, &mut header);
        header.push(0);
        header.extend_from_slice(&bytes);
    }
    header.extend_from_slice(TAIL);
    let mut length = Vec::new();
    varint(header.len() as u64, &mut length);
    out.write_all(&length)?;
    out.write_all(&header)
}

/// Writes a block behind what was written before.
pub fn write_block(out: &mut dyn Write, cid: &Cid, block: &[u8]) -> io::Result<()> {
    let cid = cid.to_bytes();
    let mut length = Vec::new();
    varint((cid.len() + block.len()) as u64, &mut length);
    out.write_all(&length)?;
    out.write_all(&cid)?;
    out.write_all(block)
}

/// Why a file or folder could not be written to a CAR.
#[derive(Debug, Error)]
pub enum ExportError {
    /// It could not be imported.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The CAR could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The first reading gave another CID than the second.
    #[error("it changed while it was read: {first} became {second}")]
    Changed {
        /// The root written into the header.
        first: Box<Cid>,
        /// The root of the blocks.
        second: Box<Cid>,
    },
}

/// Writes the file or folder at `path` to a CAR at `target`, which appears only when whole. Reads everything
/// twice: the root stands in the header, before the blocks. Repeated blocks are written each time.
pub fn export(path: &Path, profile: Profile, target: &Path) -> Result<Cid, ExportError> {
    let root = unixfs::cid_of_path(path, profile)?;
    let mut out = AtomicFile::create(target)?;
    let at = |source| WriteError { path: target.to_owned(), step: crate::atomic::Step::Write, source };
    write_header(&mut out, &[root]).map_err(at)?;
    let second = unixfs::import(path, profile, &mut |cid, block| write_block(&mut out, cid, block))?;
    if second != root {
        return Err(ExportError::Changed { first: Box::new(root), second: Box::new(second) });
    }
    out.commit()?;
    Ok(root)
}

/// Reads a CAR block by block.
#[derive(Debug)]
pub struct CarReader<R> {
    input: R,
    limits: Limits,
    roots: Vec<Cid>,
    blocks: u64,
}

impl<R: BufRead> CarReader<R> {
    /// Reads the header.
    pub fn new(mut input: R, limits: Limits) -> Result<Self, CarError> {
        // A root takes at most some 100 bytes.
        let bound = 64 + limits.roots.saturating_mul(128);
        let header =
            part(&mut input, "the header", bound)?.ok_or(CarError::Truncated { part: "the header" })?;
        let roots = roots_of(&header, limits.roots)?;
        Ok(Self { input, limits, roots, blocks: 0 })
    }

    /// The roots that the header names; whether their blocks follow is not said.
    pub fn roots(&self) -> &[Cid] {
        &self.roots
    }

    /// The next block, checked against its CID; none at the end.
    pub fn next_block(&mut self) -> Result<Option<(Cid, Vec<u8>)>, CarError> {
        let Some(mut bytes) = part(&mut self.input, "a block", self.limits.block_bytes)? else {
            return Ok(None);
        };
        let index = self.blocks;
        if index >= self.limits.blocks {
            let (limit, got) = (self.limits.blocks, index + 1);
            return Err(CarError::TooLarge { part: "the number of blocks", limit, got });
        }
        self.blocks += 1;
        let mut rest = bytes.as_slice();
        let cid = Cid::read_bytes(&mut rest).map_err(|_| CarError::Cid { index })?;
        let block = bytes.split_off(bytes.len() - rest.len());
        check(&cid, &block)?;
        Ok(Some((cid, block)))
    }
}

fn check(cid: &Cid, block: &[u8]) -> Result<(), CarError> {
    let digest: B256 = match cid.hash().code() {
        SHA2_256 => B256::from(<[u8; 32]>::from(Sha256::digest(block))),
        BLAKE3 => B256::from(*blake3::hash(block).as_bytes()),
        code => return Err(CarError::UnknownHash { cid: Box::new(*cid), code }),
    };
    // Whole digests only: a short one would be easy to meet.
    if cid.hash().digest() == digest.as_slice() {
        return Ok(());
    }
    Err(CarError::WrongBytes { cid: Box::new(*cid) })
}

fn roots_of(header: &[u8], limit: u64) -> Result<Vec<Cid>, CarError> {
    let mut rest = header.strip_prefix(HEAD).ok_or(CarError::Header)?;
    let count = read_cbor_length(&mut rest, 0x80)?;
    if count > limit {
        return Err(CarError::TooLarge { part: "the number of roots", limit, got: count });
    }
    let mut roots = Vec::new();
    for _ in 0..count {
        rest = rest.strip_prefix(&[0xd8, 42]).ok_or(CarError::Header)?;
        let length = usize::try_from(read_cbor_length(&mut rest, 0x40)?).map_err(|_| CarError::Header)?;
        let (bytes, after) = rest.split_at_checked(length).ok_or(CarError::Header)?;
        let mut cid = bytes.strip_prefix(&[0]).ok_or(CarError::Header)?;
        roots.push(Cid::read_bytes(&mut cid).map_err(|_| CarError::Header)?);
        if !cid.is_empty() {
            return Err(CarError::Header);
        }
        rest = after;
    }
    if rest == TAIL { Ok(roots) } else { Err(CarError::Header) }
}

/// Writes a CBOR head of the major type in `kind`'s upper bits.
fn cbor_length(kind: u8, length: u64, out: &mut Vec<u8>) {
    match length {
        0..24 => out.push(kind | length as u8),
        24..256 => out.extend_from_slice(&[kind | 24, length as u8]),
        _ => {
            out.push(kind | 25);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
    }
}

/// Reads a CBOR head in its shortest form, up to 16 bits.
fn read_cbor_length(rest: &mut &[u8], kind: u8) -> Result<u64, CarError> {
    let (length, after) = match **rest {
        [head, ref after @ ..] if head & 0xe0 == kind && head & 0x1f < 24 => (u64::from(head & 0x1f), after),
        [head, length @ 24..=255, ref after @ ..] if head == kind | 24 => (u64::from(length), after),
        [head, high @ 1..=255, low, ref after @ ..] if head == kind | 25 => {
            (u64::from(u16::from_be_bytes([high, low])), after)
        }
        _ => return Err(CarError::Header),
    };
    *rest = after;
    Ok(length)
}

/// A part with its length before it; none if the input ends before it.
fn part(input: &mut impl BufRead, part: &'static str, limit: u64) -> Result<Option<Vec<u8>>, CarError> {
    if input.fill_buf().map_err(CarError::Read)?.is_empty() {
        return Ok(None);
    }
    let mut length = 0_u64;
    for shift in (0..63).step_by(7) {
        let mut byte = [0];
        exactly(input, &mut byte, part)?;
        let [byte] = byte;
        length |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            if byte == 0 && shift > 0 {
                return Err(CarError::Varint { part });
            }
            if length > limit {
                return Err(CarError::TooLarge { part, limit, got: length });
            }
            // Grows as bytes come, whatever length was claimed.
            let mut bytes = Vec::new();
            input.take(length).read_to_end(&mut bytes).map_err(CarError::Read)?;
            if bytes.len() as u64 != length {
                return Err(CarError::Truncated { part });
            }
            return Ok(Some(bytes));
        }
    }
    Err(CarError::Varint { part })
}

fn exactly(input: &mut impl Read, bytes: &mut [u8], part: &'static str) -> Result<(), CarError> {
    input.read_exact(bytes).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => CarError::Truncated { part },
        _ => CarError::Read(error),
    })
}
