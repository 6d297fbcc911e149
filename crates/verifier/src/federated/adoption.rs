//! That the weights of a plan are those of a task, shifted and rounded ([F3.5]), and `averment-adoption/1`, the file that says so.
//!
//! `2^up·T = 2^down·A + R`, chunk by chunk over the points, and a proof that every cell of R is in `[-2^(down-1), 2^(down-1))`, its
//! padding zero. With T in range, as a task's rounds prove, and A, as a version's certificate does, that is an equation of
//! integers: A is T times `2^(up-down)`, rounded to the nearest, halves up.

use super::{About, FederatedError};
use crate::{
    Key, Registered,
    commitment::{Chunked, CommitmentError, WeightsCommitment},
    descriptor::{Certificate, DeriveError, TaskShape},
    point::{self, G1Affine, G1Projective},
    proof::Proof,
    statement::{Mode, Statement},
};
use alloy_primitives::{B256, keccak256};
use averment_primitives::{DecodeError, Reader};
use thiserror::Error;

const NAME: &str = "averment-adoption/1\n";
/// The most points of a file.
const POINTS: u32 = crate::commitment::CHUNKS;
/// The most bytes of a proof in a file.
const PROOF_BYTES: u32 = 1 << 20;
/// The most bytes of a file.
pub const FILE_BYTES: u64 = PROOF_BYTES as u64 + POINTS as u64 * point::BYTES as u64 + 64;

/// `2^up·T = 2^down·A + R`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shift {
    up: u8,
    down: u8,
}

impl Shift {
    /// The most bits of either.
    pub const BITS: u8 = 30;

    /// Up by 0 to 30 bits, down by 1 to 30. Where nothing is rounded, one bit up and one down: then R has to be zero.
    pub fn new(up: u8, down: u8) -> Result<Self, AdoptionError> {
        let fits = up <= Self::BITS && (1..=Self::BITS).contains(&down);
        fits.then_some(Self { up, down }).ok_or(AdoptionError::Shift { up, down })
    }

    /// Bits up.
    pub fn up(self) -> u8 {
        self.up
    }

    /// Bits down.
    pub fn down(self) -> u8 {
        self.down
    }
}

/// An adoption, read but not believed. What it is about is known from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adoption {
    /// The shift.
    pub shift: Shift,
    /// Whether the proof hides the remainder.
    pub mode: Mode,
    /// The remainder's points.
    pub remainder: Vec<G1Affine>,
    /// The proof's bytes; their length follows from the task's shape.
    pub proof: Vec<u8>,
}

/// Why nothing is adopted.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum AdoptionError {
    /// Not the bytes of this format.
    #[error(transparent)]
    Bytes(#[from] DecodeError),
    /// A mode that does not exist.
    #[error("mode {got}; 0 (transparent) or 1 (zero-knowledge) expected")]
    Mode {
        /// The byte.
        got: u8,
    },
    /// A shift by more bits than there are, or without room for a remainder.
    #[error("up by 0 to {most} bits and down by 1 to {most} expected, got {up} and {down}", most = Shift::BITS)]
    Shift {
        /// Bits up.
        up: u8,
        /// Bits down.
        down: u8,
    },
    /// Bytes that are no point.
    #[error("the point of chunk {chunk} is not on the curve, or not canonical")]
    Point {
        /// The chunk.
        chunk: u32,
    },
    /// The two commitments, or the task's shape, are not of the same setup or blocks.
    #[error("the weights have {what} other than the task's")]
    Other {
        /// What differs.
        what: &'static str,
    },
    /// As many points as a remainder cannot have.
    #[error(transparent)]
    Commitment(#[from] CommitmentError),
    /// The points of the remainder are not what the others make them.
    #[error("chunk {chunk}: 2^up times the task's point is not 2^down times the plan's and the remainder's")]
    Equation {
        /// The chunk.
        chunk: usize,
    },
    /// There is no proof of remainders in such blocks.
    #[error(transparent)]
    Descriptor(#[from] DeriveError),
    /// The proof does not prove that the remainder is in range.
    #[error(transparent)]
    Refused(#[from] FederatedError),
}

/// What an adoption's proof states: who adopts is the beneficiary, and the request names what is adopted as what.
pub fn statement(
    registered: &Registered,
    about: &About,
    names: [B256; 2],
    shift: Shift,
    mode: Mode,
) -> Statement {
    let mut request = NAME.as_bytes().to_vec();
    request.extend([shift.up, shift.down]);
    names.iter().for_each(|name| request.extend(name));
    Statement { request: keccak256(request), ..about.statement(registered, mode) }
}

impl TaskShape {
    /// The descriptor of proofs that remainders are in range.
    pub fn remainders(&self, shift: Shift, mode: Mode) -> Result<Certificate, DeriveError> {
        self.certificate(shift.down, mode)
    }
}

impl Adoption {
    /// Checks it. `Ok` means: where the cells of `task` are in a model's range, their padding zero, and those of `adopted` in
    /// range too, each of these is `task`'s times `2^(up-down)`, rounded to the nearest, halves up. `about` names the adopting plan;
    /// its round is not looked at.
    pub fn verify(
        &self,
        shape: &TaskShape,
        key: &Key,
        about: &About,
        task: &WeightsCommitment,
        adopted: &WeightsCommitment,
    ) -> Result<(), AdoptionError> {
        let (from, to) = (task.chunked(), adopted.chunked());
        for (what, same) in [
            ("a setup", from.setup() == to.setup()),
            ("chunks", from.blocks() == to.blocks()),
            ("a shape", from.blocks() == shape.blocks()),
        ] {
            if !same {
                return Err(AdoptionError::Other { what });
            }
        }
        let remainder = Chunked::new(from.setup(), from.blocks().clone(), self.remainder.clone())?;
        let times = |point: &G1Affine, bits: u8| {
            let mut multiple = G1Projective::from(*point);
            (0..bits).for_each(|_| multiple += multiple);
            multiple
        };
        let points = from.points().iter().zip(to.points()).zip(remainder.points());
        for (chunk, ((from, to), rest)) in points.enumerate() {
            if times(from, self.shift.up) != times(to, self.shift.down) + rest {
                return Err(AdoptionError::Equation { chunk });
            }
        }
        let descriptor = shape.remainders(self.shift, self.mode)?.descriptor;
        let remainder = WeightsCommitment::new(remainder);
        let refused = |error: FederatedError| AdoptionError::from(error);
        let registered =
            Registered::new(&descriptor, &remainder, &[], None).map_err(|error| refused(error.into()))?;
        let names = [task.identity(), adopted.identity()];
        let statement = statement(&registered, about, names, self.shift, self.mode);
        let proof =
            Proof::decode(&self.proof, &descriptor, self.mode).map_err(|error| refused(error.into()))?;
        crate::verify(&descriptor, key, &registered, &statement, &proof)
            .map_err(|error| refused(error.into()))
    }

    /// The canonical bytes (docs/formats.md).
    pub fn encode(&self) -> Vec<u8> {
        let mut out = NAME.as_bytes().to_vec();
        out.extend([self.shift.up, self.shift.down, u8::from(self.mode.masked())]);
        // More than this holds are no commitment's.
        out.extend(u32::try_from(self.remainder.len()).unwrap_or(u32::MAX).to_be_bytes());
        out.extend(point::to_bytes(&self.remainder));
        out.extend(&self.proof);
        out
    }

    /// Reads exactly the bytes that [`Self::encode`] writes.
    pub fn decode(bytes: &[u8]) -> Result<Self, AdoptionError> {
        let mut reader = Reader::new(bytes);
        reader.format(NAME)?;
        let [up, down, mode] = reader.array("shift and mode")?;
        let shift = Shift::new(up, down)?;
        let mode = match mode {
            0 => Mode::Transparent,
            1 => Mode::ZeroKnowledge,
            got => return Err(AdoptionError::Mode { got }),
        };
        let count = u32::from_be_bytes(reader.array("number of points")?);
        if count > POINTS {
            let (limit, got) = (POINTS.into(), count.into());
            return Err(DecodeError::TooLong { field: "points", limit, got }.into());
        }
        let mut remainder = Vec::new();
        for chunk in 0..count {
            let words = [reader.array("point")?, reader.array("point")?].map(B256::from);
            remainder.push(point::from_words(&words).ok_or(AdoptionError::Point { chunk })?);
        }
        let length = reader.remaining();
        if length > PROOF_BYTES as usize {
            let (limit, got) = (PROOF_BYTES.into(), length as u64);
            return Err(DecodeError::TooLong { field: "proof", limit, got }.into());
        }
        let proof = reader.bytes("proof", length)?.to_vec();
        reader.finish()?;
        Ok(Self { shift, mode, remainder, proof })
    }
}
