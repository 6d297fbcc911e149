//! Hashing the bytes of one chunk with both hashes, as leaves of their trees.

use averment_primitives::B256;
use averment_primitives::fingerprint::{CHUNK_BYTES, Roots, Trees};
use sha2::{Digest, Sha256};
use std::{fs::File, io, os::unix::fs::FileExt};

/// A chunk's bytes behind RFC 6962's leaf prefix, so that each hash takes them in one piece: BLAKE3 then works
/// on the largest subtrees, 15 % of the whole time. The bytes themselves start on a cache line, which the
/// kernel's copy is faster for.
pub(crate) struct ChunkBuffer {
    memory: Vec<u8>,
    /// Index of the prefix byte; the chunk starts behind it.
    prefix: usize,
    length: usize,
}

const LINE: usize = 64;

impl ChunkBuffer {
    pub(crate) fn new() -> Self {
        // One byte more than a chunk: a file that goes on where it should end shows in it.
        let memory = vec![0; CHUNK_BYTES + 1 + LINE];
        let prefix = LINE - 1 - memory.as_ptr().addr() % LINE;
        Self { memory, prefix, length: 0 }
    }

    /// Reads at `offset` until `length` bytes are here or the file ends; returns how many came.
    /// `length` is at most one more than a chunk.
    pub(crate) fn read(&mut self, file: &File, offset: u64, length: usize) -> io::Result<usize> {
        let start = self.prefix + 1;
        let target = self.memory.get_mut(start..start + length).unwrap_or_default();
        self.length = 0;
        while let Some(rest) = target.get_mut(self.length..)
            && !rest.is_empty()
        {
            match file.read_at(rest, offset + self.length as u64) {
                Ok(0) => break,
                Ok(read) => self.length += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.length)
    }

    /// What was read last.
    pub(crate) fn bytes(&self) -> &[u8] {
        let start = self.prefix + 1;
        self.memory.get(start..start + self.length).unwrap_or_default()
    }

    /// The leaf hashes of what was read last.
    pub(crate) fn leaf(&self) -> Roots {
        let data = self.memory.get(self.prefix..=self.prefix + self.length).unwrap_or_default();
        Roots {
            sha256: B256::from(<[u8; 32]>::from(Sha256::digest(data))),
            blake3: B256::from(*blake3::hash(data).as_bytes()),
        }
    }
}

/// The roots over bytes that are in memory already.
pub(crate) fn roots_of(bytes: &[u8]) -> Roots {
    let mut trees = Trees::default();
    for chunk in bytes.chunks(CHUNK_BYTES) {
        trees.push(Roots::of_leaf(chunk));
    }
    trees.roots()
}
