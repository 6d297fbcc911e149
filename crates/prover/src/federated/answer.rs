//! A vector's integers as they are posted where somebody asks for them on the chain ([F4.2]): cells in pieces, blinds, and what opens
//! every chunk at the point at which they are evaluated.

use super::{Vector, opening::cell};
use crate::{Setup, registered::CommitError};
use alloy_primitives::B256;
use ark_bn254::{Fr, G1Affine};
use ark_ff::Zero;
use averment_verifier::{descriptor::Blocks, field};
use thiserror::Error;

/// Most bytes of a cell.
const WIDTH: u8 = 4;

/// All cells of a vector, for the chain.
#[derive(Clone, PartialEq, Eq)]
pub struct Pieces {
    /// Bytes a cell: two's complement, big-endian.
    pub width: u8,
    /// Pieces a chunk.
    pub per_chunk: u32,
    /// Cells a piece.
    pub cells: u32,
    /// The pieces, chunk by chunk.
    pub pieces: Vec<Vec<u8>>,
    /// Of each chunk.
    pub blinds: Vec<B256>,
}

/// Integers are private until they are posted.
impl std::fmt::Debug for Pieces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pieces").field("pieces", &self.pieces.len()).finish_non_exhaustive()
    }
}

/// Pieces that are not all of a vector of these blocks.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum PiecesError {
    /// More or fewer of something than there are.
    #[error("expected {expected} {what}, got {got}")]
    Count {
        /// Of what.
        what: &'static str,
        /// As many as there are.
        expected: usize,
        /// As many as came.
        got: usize,
    },
    /// Cells of no bytes, or of more than are posted.
    #[error("expected cells of 1 to {WIDTH} bytes, got {got}")]
    Width {
        /// What came.
        got: u8,
    },
    /// Its points were not computed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl Vector {
    /// The vector that pieces are of, with the points that they open: whose they are has to be held against these. As the contract reads
    /// them: cells that no piece has are zeros, blinds are taken modulo the field's order.
    pub fn of_pieces(setup: &Setup, blocks: &Blocks, posted: &Pieces) -> Result<Self, PiecesError> {
        let count = |what, expected, got| match expected == got {
            true => Ok(()),
            false => Err(PiecesError::Count { what, expected, got }),
        };
        let (chunks, chunk) = (blocks.chunks() as usize, 1_usize << blocks.chunk_bits());
        let (per_chunk, each) = (posted.per_chunk as usize, posted.cells as usize);
        let width = usize::from(posted.width);
        if !(1..=WIDTH).contains(&posted.width) {
            return Err(PiecesError::Width { got: posted.width });
        }
        count("blinds", chunks, posted.blinds.len())?;
        count("pieces", chunks.saturating_mul(per_chunk), posted.pieces.len())?;
        if per_chunk.saturating_mul(each) > chunk {
            let (what, got) = ("cells of a chunk at the most", per_chunk.saturating_mul(each));
            return Err(PiecesError::Count { what, expected: chunk, got });
        }
        let mut cells = vec![0; chunks * chunk];
        for (at, piece) in posted.pieces.iter().enumerate() {
            count("bytes of a piece", each * width, piece.len())?;
            let from = at / per_chunk * chunk + at % per_chunk * each;
            let places = cells.iter_mut().skip(from);
            places.zip(piece.chunks(width)).for_each(|(place, bytes)| *place = cell(bytes));
        }
        let blinds = posted.blinds.iter().map(field::reduced).collect();
        Ok(Self::opened(setup, blocks, cells, blinds)?)
    }

    /// Cuts the cells into pieces of at most `cells` of them, and of more where there would be more than `pieces` pieces. Zeros behind
    /// the last cell of the longest chunk are left out. Refuses cells of more than 32 bits.
    pub fn pieces(&self, cells: usize, pieces: usize) -> Result<Pieces, CommitError> {
        let chunk = 1 << self.blocks.chunk_bits();
        let chunks = self.points.len();
        let used = |cells: &[i64]| cells.iter().rposition(|cell| *cell != 0).map_or(0, |last| last + 1);
        let longest = self.cells.chunks(chunk).map(used).max().unwrap_or(0).max(1);
        let most = (pieces / chunks.max(1)).max(1);
        // Powers of two, so that pieces end where a chunk does.
        let least = longest.div_ceil(most);
        let each = cells.max(least).min(longest).next_power_of_two().min(chunk);
        let per_chunk = longest.div_ceil(each);
        let width = (1..=WIDTH).find(|width| {
            let half = 1_i64 << (8 * u32::from(*width) - 1);
            self.cells.iter().all(|cell| (-half..half).contains(cell))
        });
        let width = width.ok_or(CommitError::Sum)?;
        let bytes = |cell: i64| cell.to_be_bytes()[8 - usize::from(width)..].to_vec();
        let piece = |cells: &[i64], at: usize| -> Vec<u8> {
            let from = at * each;
            (from..from + each).flat_map(|place| bytes(cells.get(place).copied().unwrap_or(0))).collect()
        };
        let all = self.cells.chunks(chunk).flat_map(|cells| (0..per_chunk).map(move |at| piece(cells, at)));
        let count = |value: usize| u32::try_from(value).map_err(|_| CommitError::Sum);
        Ok(Pieces {
            width,
            per_chunk: count(per_chunk)?,
            cells: count(each)?,
            pieces: all.collect(),
            blinds: self.blinds.iter().map(field::to_word).collect(),
        })
    }

    /// Of each chunk the commitment to its polynomial, its blind behind its cells, less its value at `z` and divided by `X - z`.
    pub fn quotients(&self, setup: &Setup, z: B256) -> Vec<G1Affine> {
        let z = field::reduced(&z);
        let chunks = self.cells.chunks(1 << self.blocks.chunk_bits()).zip(&self.blinds);
        let quotient = |(cells, blind): (&[i64], &Fr)| {
            let mut coefficients = vec![Fr::zero(); cells.len()];
            let mut carry = *blind;
            for (target, cell) in coefficients.iter_mut().zip(cells).rev() {
                *target = carry;
                carry = Fr::from(*cell) + z * carry;
            }
            setup.polynomial(&coefficients)
        };
        chunks.map(quotient).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::U256;
    use ark_bn254::{Bn254, G2Affine};
    use ark_ec::{AffineRepr, pairing::Pairing};
    use averment_primitives::Salt;
    use averment_verifier::descriptor::Blocks;

    fn committed() -> (Setup, Blocks, Vector) {
        let setup = Setup::development(6);
        let blocks = Blocks::new(6, vec![6, 5, 5]).unwrap();
        let cells = [vec![-40_000, 7, 0, 1], vec![3; 32], vec![-1; 10]];
        let salt = Salt::from_random([4; 32]);
        let vector = Vector::commit(&setup, &blocks, cells, Some(&salt)).unwrap();
        (setup, blocks, vector)
    }

    #[test]
    fn pieces_are_all_cells_and_quotients_open_what_they_come_to() {
        let (setup, _, vector) = committed();
        let chunks = vector.points().len();
        assert_eq!(chunks, 2);
        for (most, count) in [(16, 255), (1, 255), (64, 255), (1, 8), (1, 2)] {
            let pieces = vector.pieces(most, count).unwrap();
            let Pieces { width, per_chunk, cells, .. } = pieces;
            assert_eq!(width, 3);
            assert!(per_chunk * cells <= 64 && pieces.pieces.len() == chunks * per_chunk as usize);
            assert!(pieces.pieces.len() <= count, "{most} {count}: {}", pieces.pieces.len());
            let z = B256::repeat_byte(0xb7);
            let quotients = vector.quotients(&setup, z);
            let x = field::reduced(&z);
            for (chunk, (point, quotient)) in vector.points().iter().zip(&quotients).enumerate() {
                let own = &pieces.pieces[chunk * per_chunk as usize..][..per_chunk as usize];
                let bytes = own.concat();
                let cell = |bytes: &[u8]| {
                    let sign = if bytes[0] & 0x80 == 0 { 0 } else { 0xff };
                    i32::from_be_bytes([sign, bytes[0], bytes[1], bytes[2]])
                };
                let values = bytes.chunks(3).map(|bytes| Fr::from(cell(bytes)));
                let value: Fr = values.zip(field::powers(x)).map(|(value, power)| value * power).sum();
                let behind = field::powers(x).nth(64).unwrap();
                let value = value + behind * field::from_word(&pieces.blinds[chunk]).unwrap();
                let left = *point - setup.powers()[0] * value + *quotient * x;
                assert_eq!(
                    Bn254::pairing(left, G2Affine::generator()),
                    Bn254::pairing(*quotient, setup.tau())
                );
            }
        }
        assert!(vector.pieces(16, 255).unwrap() == vector.pieces(16, 255).unwrap());
    }

    #[test]
    fn pieces_are_put_together_again_and_others_are_refused() {
        let (setup, blocks, vector) = committed();
        for (most, count) in [(16, 255), (1, 255), (64, 255), (1, 2)] {
            let pieces = vector.pieces(most, count).unwrap();
            assert!(Vector::of_pieces(&setup, &blocks, &pieces).unwrap() == vector);
        }
        let pieces = vector.pieces(16, 255).unwrap();
        // The contract takes a blind and the field's order more for the same.
        let order = U256::from_be_bytes(field::to_word(&-Fr::from(1)).0) + U256::ONE;
        let more = U256::from_be_bytes(pieces.blinds[0].0) + order;
        let blinds = vec![more.into(), pieces.blinds[1]];
        let same = Vector::of_pieces(&setup, &blocks, &Pieces { blinds, ..pieces.clone() }).unwrap();
        assert!(same.points() == vector.points());
        let mut other = pieces.pieces.clone();
        other[0][2] ^= 1;
        let other = Pieces { pieces: other, ..pieces.clone() };
        assert!(Vector::of_pieces(&setup, &blocks, &other).unwrap().points() != vector.points());
        let refused = [
            Pieces { width: 0, ..pieces.clone() },
            Pieces { width: 5, ..pieces.clone() },
            Pieces { width: 2, ..pieces.clone() },
            Pieces { per_chunk: 0, ..pieces.clone() },
            Pieces { cells: 17, ..pieces.clone() },
            Pieces { per_chunk: u32::MAX, cells: u32::MAX, ..pieces.clone() },
            Pieces { pieces: pieces.pieces[1..].to_vec(), ..pieces.clone() },
            Pieces { blinds: Vec::new(), ..pieces },
        ];
        for pieces in refused {
            assert!(Vector::of_pieces(&setup, &blocks, &pieces).is_err(), "{pieces:?}");
        }
    }
}
