//! Entry bundles (C2SP tlog-tiles): entries one after another, each after its length as a big-endian `u16`.
//! An entry of this log is the 32 bytes of a salted leaf, so that nothing else is ever published by mistake.

use averment_primitives::{B256, DecodeError, Reader, SaltedLeaf};
use thiserror::Error;

const ENTRY_BYTES: u16 = 32;

/// Bytes of an entry in a bundle, its length included.
pub const BUNDLED_BYTES: usize = 2 + ENTRY_BYTES as usize;

/// Why bytes are not the bundle they should be.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum BundleError {
    /// Cut off, or longer than its entries.
    #[error("{0}")]
    Decode(#[from] DecodeError),
    /// An entry that is no salted leaf.
    #[error("entry {place} of the bundle: expected 32 bytes, the length says {got}")]
    Entry {
        /// Its place in the bundle, from 0.
        place: u16,
        /// The length found.
        got: u16,
    },
}

/// The bytes of a bundle.
pub fn encode_bundle(entries: &[SaltedLeaf]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(entries.len() * BUNDLED_BYTES);
    for entry in entries {
        bytes.extend_from_slice(&ENTRY_BYTES.to_be_bytes());
        bytes.extend_from_slice(entry.0.as_slice());
    }
    bytes
}

/// Reads a bundle that must hold exactly `width` entries.
pub fn decode_bundle(bytes: &[u8], width: u16) -> Result<Vec<SaltedLeaf>, BundleError> {
    let mut reader = Reader::new(bytes);
    let mut entries = Vec::with_capacity(width.min(256).into());
    for place in 0..width {
        let got = u16::from_be_bytes(reader.array("entry's length")?);
        if got != ENTRY_BYTES {
            return Err(BundleError::Entry { place, got });
        }
        entries.push(SaltedLeaf(B256::from(reader.array("entry")?)));
    }
    reader.finish()?;
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(count: u8) -> Vec<SaltedLeaf> {
        (0..count).map(|byte| SaltedLeaf(B256::repeat_byte(byte))).collect()
    }

    #[test]
    fn a_bundle_reads_back_and_no_other_width_does() {
        let bytes = encode_bundle(&leaves(5));
        assert_eq!((bytes.len(), &bytes[..4]), (5 * BUNDLED_BYTES, &[0u8, 32, 0, 0][..]));
        assert_eq!(decode_bundle(&bytes, 5).unwrap(), leaves(5));
        assert!(matches!(decode_bundle(&bytes, 6), Err(BundleError::Decode(DecodeError::Truncated { .. }))));
        assert!(matches!(
            decode_bundle(&bytes, 4),
            Err(BundleError::Decode(DecodeError::Trailing { left: 34 }))
        ));
        for length in 0..bytes.len() {
            assert!(decode_bundle(&bytes[..length], 5).is_err());
        }
    }

    #[test]
    fn an_entry_of_another_length_is_refused() {
        let mut bytes = encode_bundle(&leaves(3));
        bytes[BUNDLED_BYTES + 1] = 33;
        assert_eq!(decode_bundle(&bytes, 3), Err(BundleError::Entry { place: 1, got: 33 }));
    }
}
