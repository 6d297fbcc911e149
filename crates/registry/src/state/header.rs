//! A block header: its hash, and the few fields an audit needs.
//!
//! A header is an RLP list whose Keccak-256 is the block's hash. Fields keep their places for ever and new
//! ones are added at the end (EIP-1559, 4895, 4844, 4788, 7685, …), so reading by place also reads headers
//! of later forks; see `alloy-consensus::Header` for the names of all.

use alloy_rlp::Header as RlpHeader;
use averment_primitives::{B256, Bytes, keccak256};
use thiserror::Error;

/// What every block of the embedded chain carries as its extra data, so that nothing made on it can pass for
/// something made on a public chain: the mark is hashed into the block's hash.
pub const EMBEDDED_MARK: &[u8] = b"averment-embedded/1";

/// Longest header read, in bytes. Ethereum's has about 700; extra data has at most 32 there.
const LIMIT: usize = 4096;
/// Most fields read: 15 of the first headers, 21 today, and room.
const FIELDS: usize = 64;

/// A block header, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Keccak-256 of the header: the block's hash.
    pub hash: B256,
    /// The block before it.
    pub parent_hash: B256,
    /// Root of the trie of all accounts after the block.
    pub state_root: B256,
    /// Root of the trie of its transactions' receipts.
    pub receipts_root: B256,
    /// Its number.
    pub number: u64,
    /// Its time, in seconds of Unix time.
    pub timestamp: u64,
    /// What its builder wrote into it.
    pub extra_data: Bytes,
}

/// Why bytes are not a block header.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum HeaderError {
    /// Longer than any header.
    #[error("a header has at most {LIMIT} bytes, got {got}")]
    TooLong {
        /// Bytes found.
        got: usize,
    },
    /// Not the RLP it should be.
    #[error("header field {field}: {why}")]
    Rlp {
        /// The field being read.
        field: &'static str,
        /// The decoder's words.
        why: String,
    },
    /// A field of another length than it has.
    #[error("header field {field}: expected {expected} bytes, got {got}")]
    Length {
        /// The field being read.
        field: &'static str,
        /// Its length; for numbers the longest.
        expected: usize,
        /// Bytes found.
        got: usize,
    },
    /// Too few or too many fields.
    #[error("a header has 15 to {FIELDS} fields, got {got}")]
    Fields {
        /// Fields found.
        got: usize,
    },
}

impl Header {
    /// Reads a header from its RLP.
    pub fn decode(rlp: &[u8]) -> Result<Self, HeaderError> {
        if rlp.len() > LIMIT {
            return Err(HeaderError::TooLong { got: rlp.len() });
        }
        let bad = |field| move |error: alloy_rlp::Error| HeaderError::Rlp { field, why: error.to_string() };
        let mut rest = rlp;
        let mut list = RlpHeader::decode_bytes(&mut rest, true).map_err(bad("list"))?;
        if !rest.is_empty() {
            return Err(bad("list")(alloy_rlp::Error::UnexpectedLength));
        }
        let mut fields: Vec<&[u8]> = Vec::new();
        while !list.is_empty() {
            if fields.len() >= FIELDS {
                return Err(HeaderError::Fields { got: fields.len().saturating_add(1) });
            }
            let field = RlpHeader::decode(&mut list).map_err(bad("item"))?;
            let (value, next) = list
                .split_at_checked(field.payload_length)
                .ok_or(bad("item")(alloy_rlp::Error::InputTooShort))?;
            fields.push(value);
            list = next;
        }
        let &[
            parent_hash,
            _ommers,
            _beneficiary,
            state_root,
            _transactions,
            receipts_root,
            _bloom,
            _difficulty,
            number,
            _limit,
            _used,
            timestamp,
            extra_data,
            _mix,
            _nonce,
            ..,
        ] = fields.as_slice()
        else {
            return Err(HeaderError::Fields { got: fields.len() });
        };
        Ok(Self {
            hash: keccak256(rlp),
            parent_hash: word("parentHash", parent_hash)?,
            state_root: word("stateRoot", state_root)?,
            receipts_root: word("receiptsRoot", receipts_root)?,
            number: number_of("number", number)?,
            timestamp: number_of("timestamp", timestamp)?,
            extra_data: Bytes::copy_from_slice(extra_data),
        })
    }

    /// Whether the block says that it is of an embedded chain: one operator's word, no proof to anyone else.
    pub fn is_embedded(&self) -> bool {
        self.extra_data.as_ref() == EMBEDDED_MARK
    }
}

fn word(field: &'static str, bytes: &[u8]) -> Result<B256, HeaderError> {
    B256::try_from(bytes).map_err(|_| HeaderError::Length { field, expected: 32, got: bytes.len() })
}

fn number_of(field: &'static str, bytes: &[u8]) -> Result<u64, HeaderError> {
    if bytes.len() > 8 {
        return Err(HeaderError::Length { field, expected: 8, got: bytes.len() });
    }
    Ok(bytes.iter().fold(0, |number, &byte| number << 8 | u64::from(byte)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::hex;

    /// Block 1 of Ethereum's main chain, whose hash everybody knows.
    const BLOCK_1: &[u8] = &hex!(
        "f90211a0d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3a01dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d493479405a56e2d52c817161883f50c441c3228cfe54d9fa0d67e4d450343046425ae4271474353857ab860dbc0a1dde64b41b5cd3a532bf3a056e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421a056e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421b90100"
    );

    fn block_1() -> Vec<u8> {
        let mut rlp = BLOCK_1.to_vec();
        rlp.extend([0; 256]);
        rlp.extend(hex!(
            "8503ff80000001821388808455ba422499476574682f76312e302e302f6c696e75782f676f312e342e32a0969b900de27b6ac6a67742365dd65f55a0526c41fd18e1b16f1a1215c2e66f5988539bd4979fef1ec4"
        ));
        rlp
    }

    #[test]
    fn reads_block_1_of_ethereum() {
        let header = Header::decode(&block_1()).unwrap();
        assert_eq!(header.hash.0, hex!("88e96d4537bea4d9c05d12549907b32561d3bf31f45aae734cdc119f13406cb6"));
        assert_eq!(header.number, 1);
        assert_eq!(header.timestamp, 1_438_269_988);
        assert_eq!(&header.extra_data[..], b"Geth/v1.0.0/linux/go1.4.2");
        assert!(!header.is_embedded());
    }

    #[test]
    fn refuses_a_header_cut_short_anywhere_and_leftovers() {
        let rlp = block_1();
        for length in 0..rlp.len() {
            assert!(Header::decode(&rlp[..length]).is_err());
        }
        let mut longer = rlp.clone();
        longer.push(0x80);
        assert!(matches!(Header::decode(&longer), Err(HeaderError::Rlp { field: "list", .. })));
        assert_eq!(Header::decode(&vec![0; 5000]), Err(HeaderError::TooLong { got: 5000 }));
        assert_eq!(Header::decode(&[0xc0]), Err(HeaderError::Fields { got: 0 }));
    }
}
