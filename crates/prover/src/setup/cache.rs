//! `averment-setup/1`: a setup that was checked or derived, on disk, so that it need not be again.
//!
//! ```text
//! file     = "averment-setup/1\n" | bits u8 | digest (32) | [τ]G2 (128) | prefix (32), bits + 1 times | points
//! points   = 2^bits + 1 points of G1, 64 bytes each, as in .ptau files
//! prefix k = BLAKE3("averment-setup/1\n" | digest | [τ]G2 | the first 2^k + 1 points)
//! ```
//!
//! Whoever needs chunks of 2^k cells reads and hashes that many points, however many the file has. Checksums find damage;
//! they are no signature. The powers decide whether commitments hide, so the file is as trusted as the program that made
//! it, and belongs where nobody else can write. It cannot make a proof verify that should not: verifiers have \[τ\]G2.

use super::{
    MAX_BITS, Setup,
    coordinates::{self, G1},
    count,
};
use alloy_primitives::B256;
use averment_atomic::{AtomicFile, WriteError};
use averment_verifier::setup;
use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};
use thiserror::Error;

const NAME: &[u8; 17] = b"averment-setup/1\n";
/// Points that are read or written at a time.
const BLOCK: usize = 1 << 14;

/// Why a cached setup was not read.
#[derive(Debug, Error)]
pub enum CacheError {
    /// The operating system could not read it.
    #[error("reading: {0}")]
    Read(#[from] io::Error),
    /// Another kind of file, or a newer one.
    #[error("the file does not begin with \"averment-setup/1\"")]
    Name,
    /// A size that no setup has.
    #[error("2^{got} powers; at most 2^{MAX_BITS} expected")]
    Bits {
        /// What the file says.
        got: u8,
    },
    /// The file is not as long as it says.
    #[error("{expected} bytes expected, the file has {got}")]
    Length {
        /// Bytes of a setup of its size.
        expected: u64,
        /// Bytes it has.
        got: u64,
    },
    /// Another setup.
    #[error("the setup {expected} expected, this is {got}")]
    Other {
        /// Digest of the setup wanted.
        expected: B256,
        /// The digest that the file states.
        got: B256,
    },
    /// The file is sound, but has too few powers.
    #[error("chunks of 2^{bits} cells wanted, the file serves 2^{got}")]
    TooSmall {
        /// What is wanted.
        bits: u8,
        /// What there is.
        got: u8,
    },
    /// The bytes are not those that were written.
    #[error("the checksum is wrong: the file is damaged")]
    Checksum,
}

/// Writes a setup.
pub(super) fn write(setup: &Setup, bits: u8, path: &Path) -> Result<(), WriteError> {
    let points = &setup.powers()[..count(bits)];
    let head = head(setup);
    let mut hasher = blake3::Hasher::new();
    hasher.update(NAME).update(&head);
    let mut prefixes = Vec::new();
    let mut hashed = 0;
    let mut block = Vec::new();
    for bits in 0..=bits {
        for points in points[hashed..count(bits)].chunks(BLOCK) {
            encode(points, &mut block);
            hasher.update(&block);
        }
        hashed = count(bits);
        prefixes.extend(hasher.finalize().as_bytes());
    }
    let mut file = AtomicFile::create(path)?;
    for bytes in [NAME.as_slice(), &[bits], &head, &prefixes] {
        file.write(bytes)?;
    }
    for points in points.chunks(BLOCK) {
        encode(points, &mut block);
        file.write(&block)?;
    }
    file.commit()
}

/// Reads the first `2^bits + 1` powers of the setup with the digest `expected`.
pub(super) fn read(path: &Path, expected: B256, bits: u8) -> Result<Setup, CacheError> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut name = [0; NAME.len()];
    let mut stated = [0];
    let mut head = [0; 160];
    if length < (name.len() + 1 + head.len()) as u64 {
        return Err(CacheError::Name);
    }
    file.read_exact(&mut name)?;
    if name != *NAME {
        return Err(CacheError::Name);
    }
    file.read_exact(&mut stated)?;
    let [stated] = stated;
    if stated > MAX_BITS {
        return Err(CacheError::Bits { got: stated });
    }
    let points_at = (name.len() + 1 + head.len() + 32 * (usize::from(stated) + 1)) as u64;
    let whole = points_at + (count(stated) * G1) as u64;
    if length != whole {
        return Err(CacheError::Length { expected: whole, got: length });
    }
    file.read_exact(&mut head)?;
    let (digest, words) = head.split_at(32);
    let got = B256::from_slice(digest);
    if got != expected {
        return Err(CacheError::Other { expected, got });
    }
    if bits > stated {
        return Err(CacheError::TooSmall { bits, got: stated });
    }
    let mut prefix = [0; 32];
    file.seek(SeekFrom::Current(32 * i64::from(bits)))?;
    file.read_exact(&mut prefix)?;
    file.seek(SeekFrom::Start(points_at))?;

    let mut hasher = blake3::Hasher::new();
    hasher.update(NAME).update(&head);
    let mut powers = Vec::with_capacity(count(bits));
    let mut block = vec![0; BLOCK * G1];
    while powers.len() < count(bits) {
        let bytes = &mut block[..(count(bits) - powers.len()).min(BLOCK) * G1];
        file.read_exact(bytes)?;
        hasher.update(bytes);
        for bytes in bytes.as_chunks::<G1>().0 {
            powers.push(coordinates::g1(bytes).ok_or(CacheError::Checksum)?);
        }
    }
    if *hasher.finalize().as_bytes() != prefix {
        return Err(CacheError::Checksum);
    }
    let mut tau = [B256::ZERO; 4];
    for (word, bytes) in tau.iter_mut().zip(words.chunks_exact(32)) {
        *word = B256::from_slice(bytes);
    }
    let tau = setup::tau_from_words(&tau).ok_or(CacheError::Checksum)?;
    let setup = Setup::new(powers, tau);
    // The digest was compared as the file states it; this is the one that it has.
    if setup.digest() != expected {
        return Err(CacheError::Checksum);
    }
    Ok(setup)
}

fn head(setup: &Setup) -> Vec<u8> {
    let words = setup::tau_words(&setup.tau());
    [setup.digest()].iter().chain(&words).flat_map(|word| word.0).collect()
}

fn encode(points: &[ark_bn254::G1Affine], block: &mut Vec<u8>) {
    block.clear();
    block.extend(points.iter().flat_map(coordinates::g1_bytes));
}
