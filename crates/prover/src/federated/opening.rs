//! What opens the commitment of a vector that no single salt stands for, such as a sum of updates: `averment-vector-opening/1`.
//!
//! ```text
//! opening = "averment-vector-opening/1\n" | keccak256 of what the commitment says before its points | width u8
//!         | blinds, 32 bytes a chunk | cells of all chunks, padding included, width bytes each
//! ```
//!
//! Blinds are field elements, cells two's complement, all big-endian; the width is the least that all cells fit in.

use super::Vector;
use crate::{
    Setup,
    registered::{CommitError, trimmed},
};
use alloy_primitives::{B256, keccak256};
use ark_bn254::{Fr, G1Projective};
use ark_ec::CurveGroup;
use averment_kernels::{Backend, Bases};
use averment_primitives::{DecodeError, Reader};
use averment_verifier::{commitment::WeightsCommitment, descriptor::Blocks, field};
use thiserror::Error;

const NAME: &str = "averment-vector-opening/1\n";
/// Bytes of a cell at the most.
const WIDTH: u8 = 8;

/// Not an opening of vectors of these blocks.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum VectorOpeningError {
    /// Not the bytes of this format.
    #[error(transparent)]
    Bytes(#[from] DecodeError),
    /// Of another setup, K or list of blocks.
    #[error("expected the opening of a commitment that begins as {expected}, got one of {got}")]
    Other {
        /// At hand.
        expected: B256,
        /// In the file.
        got: B256,
    },
    /// Cells wider or narrower than they are.
    #[error("expected cells of the least width, 1 to {WIDTH} bytes, got {got}")]
    Width {
        /// In the file.
        got: u8,
    },
    /// Not an element of the field.
    #[error("the blind of chunk {chunk} is not below the field's order")]
    Blind {
        /// Which chunk.
        chunk: usize,
    },
    /// Its points were not computed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// What the opening is of: the same for vectors that can be added.
fn meaning(setup: B256, blocks: &Blocks) -> B256 {
    keccak256(WeightsCommitment::meaning(setup, blocks))
}

fn width(cells: &[i64]) -> u8 {
    let fits = |width: &u8| {
        let shift = 64 - 8 * u32::from(*width);
        cells.iter().all(|cell| (cell << shift) >> shift == *cell)
    };
    (1..WIDTH).find(fits).unwrap_or(WIDTH)
}

/// A cell of at most eight bytes, two's complement, big-endian.
pub(super) fn cell(bytes: &[u8]) -> i64 {
    let sign = bytes.first().is_some_and(|first| first & 0x80 != 0);
    bytes.iter().fold(-i64::from(sign), |cell, byte| cell << 8 | i64::from(*byte))
}

impl Vector {
    /// Whether bytes are of this format, or of a later one of this name.
    pub fn is_opening(bytes: &[u8]) -> bool {
        bytes.starts_with(NAME.trim_end_matches("1\n").as_bytes())
    }

    /// Cells and blinds, as they are handed to somebody. A secret of whose they are.
    pub fn encode_opening(&self) -> Vec<u8> {
        let width = width(&self.cells);
        let mut out = NAME.as_bytes().to_vec();
        out.extend_from_slice(meaning(self.setup, &self.blocks).as_slice());
        out.push(width);
        self.blinds.iter().for_each(|blind| out.extend_from_slice(field::to_word(blind).as_slice()));
        for cell in &self.cells {
            out.extend_from_slice(&cell.to_be_bytes()[usize::from(WIDTH - width)..]);
        }
        out
    }

    /// Reads such bytes, and computes the points that they open: whose they are has to be held against these.
    pub fn decode_opening(setup: &Setup, blocks: &Blocks, bytes: &[u8]) -> Result<Self, VectorOpeningError> {
        let mut reader = Reader::new(bytes);
        reader.format(NAME)?;
        let expected = meaning(setup.digest(), blocks);
        let got = B256::from(reader.array("what the commitment begins with")?);
        if expected != got {
            return Err(VectorOpeningError::Other { expected, got });
        }
        let [got] = reader.array("width")?;
        if !(1..=WIDTH).contains(&got) {
            return Err(VectorOpeningError::Width { got });
        }
        let chunks = blocks.chunks() as usize;
        let blinds = reader.bytes("blinds", 32 * chunks)?.chunks(32).enumerate();
        let blinds = blinds.map(|(chunk, word)| {
            field::from_word(&B256::from_slice(word)).ok_or(VectorOpeningError::Blind { chunk })
        });
        let blinds = blinds.collect::<Result<Vec<_>, _>>()?;
        let bytes = reader.bytes("cells", (chunks << blocks.chunk_bits()) * usize::from(got))?;
        reader.finish()?;
        let cells: Vec<i64> = bytes.chunks(usize::from(got)).map(cell).collect();
        if width(&cells) != got {
            return Err(VectorOpeningError::Width { got });
        }
        Ok(Self::opened(setup, blocks, cells, blinds)?)
    }

    /// The vector of these cells and blinds.
    pub(super) fn opened(
        setup: &Setup,
        blocks: &Blocks,
        cells: Vec<i64>,
        blinds: Vec<Fr>,
    ) -> Result<Self, CommitError> {
        setup.serves(blocks.chunk_bits())?;
        let chunk = 1_usize << blocks.chunk_bits();
        let longest = cells.chunks(chunk).map(|cells| trimmed(cells).len()).max().unwrap_or(0);
        let top = setup.powers()[chunk];
        let narrow: Option<Vec<i32>> = cells.iter().map(|cell| i32::try_from(*cell).ok()).collect();
        let points: Vec<G1Projective> = match narrow {
            Some(narrow) => {
                let bases = Bases::new(Backend::best(), &setup.powers()[..longest]);
                narrow.chunks(chunk).map(|cells| bases.msm_i32(trimmed(cells))).collect()
            }
            // Cumulative updates of the widest tasks.
            None => {
                let wide = |cells: &[i64]| -> Vec<Fr> {
                    trimmed(cells).iter().map(|cell| Fr::from(*cell)).collect()
                };
                cells.chunks(chunk).map(|cells| setup.polynomial(&wide(cells)).into()).collect()
            }
        };
        let points: Vec<G1Projective> =
            points.into_iter().zip(&blinds).map(|(point, blind)| point + top * blind).collect();
        let points = G1Projective::normalize_batch(&points);
        Ok(Self { setup: setup.digest(), blocks: blocks.clone(), cells, blinds, points })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use averment_primitives::Salt;

    #[test]
    fn a_sum_is_opened_as_what_it_is_and_nothing_else_is() {
        let setup = Setup::development(6);
        let blocks = Blocks::new(6, vec![6, 5, 5]).unwrap();
        let made = |cell: i32, salt: u8| {
            let cells = [vec![cell, 7, 0, 1], vec![3; 32], vec![-1; 10]];
            Vector::commit(&setup, &blocks, cells, Some(&Salt::from_random([salt; 32]))).unwrap()
        };
        for (one, factor, bytes) in [(-100, 1, 1), (-100, 2, 2), (-40_000, 1, 3), (i32::MAX, 1 << 20, 7)] {
            let sum = Vector::combine(&[(factor, &made(one, 4)), (1, &made(9, 5))]).unwrap();
            let file = sum.encode_opening();
            assert_eq!(file.len(), NAME.len() + 33 + 2 * 32 + 128 * bytes);
            let read = Vector::decode_opening(&setup, &blocks, &file).unwrap();
            assert!(read == sum, "{one}");
            assert_eq!(read.encode_opening(), file);
            for cut in 0..file.len() {
                assert!(Vector::decode_opening(&setup, &blocks, &file[..cut]).is_err(), "{cut}");
            }
            // Another cell or blind is another point.
            for at in [file.len() - 1, NAME.len() + 33 + 31] {
                let mut other = file.clone();
                other[at] ^= 1;
                let read = Vector::decode_opening(&setup, &blocks, &other);
                assert!(read.is_err() || read.unwrap().points() != sum.points());
            }
        }
        let file = made(1, 6).encode_opening();
        let mut wide = file[..NAME.len() + 32].to_vec();
        wide.push(2);
        wide.extend_from_slice(&file[NAME.len() + 33..][..64]);
        file[NAME.len() + 97..].iter().for_each(|cell| {
            wide.extend([if *cell & 0x80 == 0 { 0 } else { 0xff }, *cell]);
        });
        let read = |bytes: &[u8]| Vector::decode_opening(&setup, &blocks, bytes).map(drop).unwrap_err();
        assert_eq!(read(&wide), VectorOpeningError::Width { got: 2 });
        let mut blind = file.clone();
        blind[NAME.len() + 33..][..32].fill(0xff);
        assert_eq!(read(&blind), VectorOpeningError::Blind { chunk: 0 });
        let other = Blocks::new(6, vec![6, 6]).unwrap();
        let read = Vector::decode_opening(&setup, &other, &file).map(drop).unwrap_err();
        assert!(matches!(read, VectorOpeningError::Other { .. }), "{read}");
    }
}
