//! Reading bytes that a stranger wrote: every length is checked before it is used.

use thiserror::Error;

/// Why bytes were not what they claim to be.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum DecodeError {
    /// Fewer bytes than the next field needs.
    #[error("{field}: expected {expected} more bytes, only {got} are left")]
    Truncated {
        /// The field being read.
        field: &'static str,
        /// Bytes the field needs.
        expected: usize,
        /// Bytes that are left.
        got: usize,
    },
    /// Bytes after the last field.
    #[error("expected the end, {left} bytes are left over")]
    Trailing {
        /// How many bytes are left over.
        left: usize,
    },
    /// A length above the reader's limit.
    #[error("{field}: at most {limit} allowed, got {got}")]
    TooLong {
        /// The field being read.
        field: &'static str,
        /// The largest value accepted.
        limit: u64,
        /// The value found.
        got: u64,
    },
    /// A format name this release does not read.
    #[error("expected {expected:?}, got {got:?}; a newer release of averment may read it")]
    UnknownFormat {
        /// The name this reader accepts.
        expected: &'static str,
        /// The start of what was found, printable characters only.
        got: String,
    },
}

/// A cursor over untrusted bytes. Never panics; every method says which field failed.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads from the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Bytes not read yet.
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// The next `length` bytes.
    pub fn bytes(&mut self, field: &'static str, length: usize) -> Result<&'a [u8], DecodeError> {
        let Some((head, tail)) = self.rest.split_at_checked(length) else {
            return Err(DecodeError::Truncated { field, expected: length, got: self.rest.len() });
        };
        self.rest = tail;
        Ok(head)
    }

    /// The next `N` bytes as an array.
    pub fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], DecodeError> {
        let mut out = [0; N];
        out.copy_from_slice(self.bytes(field, N)?);
        Ok(out)
    }

    /// A little-endian `u32`.
    pub fn u32(&mut self, field: &'static str) -> Result<u32, DecodeError> {
        self.array(field).map(u32::from_le_bytes)
    }

    /// A little-endian `u64`.
    pub fn u64(&mut self, field: &'static str) -> Result<u64, DecodeError> {
        self.array(field).map(u64::from_le_bytes)
    }

    /// A little-endian `u32` length of at most `limit`, then that many bytes.
    pub fn prefixed(&mut self, field: &'static str, limit: u32) -> Result<&'a [u8], DecodeError> {
        let length = self.u32(field)?;
        if length > limit {
            return Err(DecodeError::TooLong { field, limit: limit.into(), got: length.into() });
        }
        self.bytes(field, length as usize)
    }

    /// The format's name and version, which every format begins with.
    pub fn format(&mut self, name: &'static str) -> Result<(), DecodeError> {
        let found = self.rest.get(..name.len().min(self.rest.len())).unwrap_or_default();
        if found == name.as_bytes() {
            return self.bytes("format name", name.len()).map(drop);
        }
        let got =
            found.iter().take(64).map(|&b| if b.is_ascii_graphic() { b as char } else { '.' }).collect();
        Err(DecodeError::UnknownFormat { expected: name, got })
    }

    /// Accepts only the end of the input.
    pub fn finish(self) -> Result<(), DecodeError> {
        match self.rest.len() {
            0 => Ok(()),
            left => Err(DecodeError::Trailing { left }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_checked_before_it_is_used() {
        let mut reader = Reader::new(&[255, 255, 255, 255, 1]);
        assert_eq!(
            reader.prefixed("name", 16),
            Err(DecodeError::TooLong { field: "name", limit: 16, got: u32::MAX.into() })
        );
        let mut reader = Reader::new(&[5, 0, 0, 0, 1]);
        assert_eq!(
            reader.prefixed("name", 16),
            Err(DecodeError::Truncated { field: "name", expected: 5, got: 1 })
        );
    }

    #[test]
    fn an_unknown_format_is_named_and_leftovers_are_refused() {
        let mut reader = Reader::new(b"averment-x/2 rest");
        assert!(matches!(reader.format("averment-x/1"), Err(DecodeError::UnknownFormat { .. })));
        reader.format("averment-x/2").unwrap();
        assert_eq!(reader.finish(), Err(DecodeError::Trailing { left: 5 }));
    }
}
