//! Powers-of-Tau files (`.ptau`, version 1, BN254), as snarkjs writes and ceremonies publish them.
//!
//! ```text
//! file     = "ptau" | version u32 = 1 | sections u32 | section*
//! section  = number u32 | size u64 | bytes                          little-endian, each number once, in any order
//! 1 header = 32 u32 | q (32) | power u32 | ceremony's power u32     q little-endian
//! 2 tauG1  = [τ^i]G1, i < 2^(power+1) - 1     points as in the module `coordinates`
//! 3 tauG2  = [τ^i]G2, i < 2^power
//! 4, 5     = α and β times the powers in G1, 2^power each          6 = [β]G2        7 = contributions
//! 12 to 15 = sections 2 to 5 in the Lagrange basis
//! ```
//!
//! Of a file, the powers that are asked for and \[τ\]G2 are used; the points of these are checked, each by itself and all
//! together. Of what is not used the sizes are checked. Points are read in blocks, so a file may be larger than the
//! memory by far; no length that the file states is allocated.

use super::{
    MAX_BITS, Setup,
    coordinates::{self, G1, G2},
    count,
};
use crate::Random;
use ark_bn254::{Bn254, Fq, Fr, G1Affine, G1Projective, G2Affine};
use ark_ec::{AffineRepr, CurveGroup, pairing::Pairing};
use ark_ff::{BigInteger, Field, PrimeField, Zero};
use averment_kernels::{Backend, Bases};
use averment_verifier::{field, setup};
use std::{
    collections::BTreeMap,
    fmt,
    io::{self, Read, Seek, SeekFrom},
};
use thiserror::Error;

/// Sections of a file; those in use have numbers up to 15.
const SECTIONS: u32 = 64;
/// Points that are read and multiplied at a time.
const BLOCK: usize = 1 << 15;

/// A section, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Section(pub u32);

const HEADER: Section = Section(1);
const TAU_G1: Section = Section(2);
const TAU_G2: Section = Section(3);
const ALPHA_G1: Section = Section(4);
const BETA_G1: Section = Section(5);
const BETA_G2: Section = Section(6);

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.0 {
            1 => "header",
            2 => "tauG1",
            3 => "tauG2",
            4 => "alphaTauG1",
            5 => "betaTauG1",
            6 => "betaG2",
            7 => "contributions",
            12..=15 => "Lagrange form",
            _ => "unknown",
        };
        write!(f, "section {} ({name})", self.0)
    }
}

/// Where in a file something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The section.
    pub section: Section,
    /// Bytes from the beginning of the file.
    pub offset: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, byte {}", self.section, self.offset)
    }
}

/// Why a file is no setup.
#[derive(Debug, Error)]
pub enum PtauError {
    /// The operating system could not read it.
    #[error("reading at byte {offset}: {source}")]
    Read {
        /// Bytes from the beginning of the file.
        offset: u64,
        /// What it said.
        source: io::Error,
    },
    /// Another kind of file.
    #[error("a .ptau file begins with \"ptau\", this one with the bytes {got:02x?}")]
    Magic {
        /// What it begins with.
        got: [u8; 4],
    },
    /// Another version of the format.
    #[error("version {got} of the format; this release reads version 1")]
    Version {
        /// What it says.
        got: u32,
    },
    /// Too many sections.
    #[error("at most {SECTIONS} sections expected, the file has {got}")]
    Sections {
        /// How many it says it has.
        got: u32,
    },
    /// The file ends before what it announces.
    #[error(
        "{place}: {expected} bytes expected, {left} are left: the file was cut short or its sections are damaged"
    )]
    CutShort {
        /// Where these bytes begin.
        place: Place,
        /// How many there must be.
        expected: u64,
        /// How many there are.
        left: u64,
    },
    /// Bytes behind the last section.
    #[error("{left} bytes are left over behind the last section, from byte {offset} on")]
    Trailing {
        /// Where the sections end.
        offset: u64,
        /// How many bytes there are.
        left: u64,
    },
    /// A section comes twice.
    #[error("{0}: this section was there before")]
    Twice(Place),
    /// A section is not there.
    #[error("{0} is missing")]
    Missing(Section),
    /// The size of a section is not what the header says.
    #[error(
        "{place}: {expected} bytes expected{}, got {got}",
        .power.map_or(String::new(), |power| format!(" for power {power}"))
    )]
    Size {
        /// Where the section's bytes begin.
        place: Place,
        /// What its size must be.
        expected: u64,
        /// What it is.
        got: u64,
        /// The power that the header states, where the size depends on it.
        power: Option<u32>,
    },
    /// The points are of another curve.
    #[error("{0}: the field is not that of BN254")]
    Field(Place),
    /// A power out of bounds.
    #[error("{place}: a power of {got} expected to be from {low} to {MAX_BITS}")]
    Power {
        /// Where it stands.
        place: Place,
        /// What it is.
        got: u32,
        /// The smallest that is possible there.
        low: u32,
    },
    /// The file is too small for what it is wanted for.
    #[error("chunks of 2^{bits} cells need a file of power {bits}, this one has {power}")]
    TooSmall {
        /// The chunk's size.
        bits: u8,
        /// The file's power.
        power: u32,
    },
    /// A coordinate is not below q.
    #[error("{0}: a coordinate is not below the field's order")]
    Coordinate(Place),
    /// A point is not on its curve.
    #[error("{0}: the point is not on the curve")]
    OffCurve(Place),
    /// A point is outside the group of order r.
    #[error("{0}: the point is not in the subgroup")]
    Subgroup(Place),
    /// The identity, which no power is.
    #[error("{0}: the point is the identity")]
    Identity(Place),
    /// The first power must be the generator.
    #[error("{0}: the first power is not the generator")]
    First(Place),
    /// τ is 1 or -1, or another root of unity.
    #[error("{0}: a power of τ is 1 or -1, so τ is known to everybody; was the file contributed to at all?")]
    Degenerate(Place),
    /// The powers in G1 are not those of the τ in G2.
    #[error("the points of section 2 (tauG1) are not the powers of the τ of section 3 (tauG2)")]
    Inconsistent,
    /// The random number for the check was zero: the generator is broken.
    #[error("the generator of random numbers gave zero")]
    Random,
}

/// The sections of a file, whose sizes are those of its power.
struct File<'a, R> {
    source: &'a mut R,
    sections: BTreeMap<Section, (u64, u64)>,
    power: u32,
}

/// The \[τ\]G2 of a file, with all checks that it can be given alone. Reads some hundred bytes.
pub fn tau<R: Read + Seek>(source: &mut R) -> Result<G2Affine, PtauError> {
    File::open(source)?.tau()
}

/// Reads `2^bits + 1` powers, with all checks.
///
/// `random` must be unpredictable to whoever made the file: one element of it decides which combination of all powers
/// is compared with \[τ\]G2, and wrong powers pass with a probability below 2^(bits-253).
pub fn import<R: Read + Seek>(source: &mut R, bits: u8, random: Random<'_>) -> Result<Setup, PtauError> {
    let mut file = File::open(source)?;
    if u32::from(bits) > file.power || bits == 0 {
        return Err(PtauError::TooSmall { bits, power: file.power });
    }
    let tau = file.tau()?;
    let powers = file.powers(count(bits))?;
    let rho = random();
    if rho.is_zero() {
        return Err(PtauError::Random);
    }
    if !are_powers(&powers, &tau, rho) {
        return Err(PtauError::Inconsistent);
    }
    Ok(Setup::new(powers, tau))
}

/// Whether each point is τ times the one before, up to an error of `powers.len() / r` over the choice of `rho`.
///
/// `Σ ρ^i (P_(i+1) - τ P_i)` is a polynomial in ρ; with `S = Σ ρ^i P_i` over all n points, ρ times it is
/// `(S - P_0) - τ ρ (S - ρ^(n-1) P_(n-1))`, so that one multi-scalar multiplication is enough.
fn are_powers(powers: &[G1Affine], tau: &G2Affine, rho: Fr) -> bool {
    let [first, .., last] = powers else { return false };
    let mut sum = G1Projective::zero();
    let mut weight = Fr::ONE;
    for block in powers.chunks(BLOCK) {
        let weights: Vec<Fr> = field::powers(rho).map(|power| power * weight).take(block.len()).collect();
        sum += Bases::new(Backend::best(), block).msm(&weights);
        weight *= rho.pow([block.len() as u64]);
    }
    let upper = sum - first;
    let lower = (sum - *last * rho.pow([powers.len() as u64 - 1])) * rho;
    let points = [upper.into_affine(), (-lower).into_affine()];
    Bn254::multi_pairing(points, [G2Affine::generator(), *tau]).is_zero()
}

impl<'a, R: Read + Seek> File<'a, R> {
    /// Reads the list of sections and the header.
    fn open(source: &'a mut R) -> Result<Self, PtauError> {
        let length = source.seek(SeekFrom::End(0)).map_err(|source| PtauError::Read { offset: 0, source })?;
        let mut file = Self { source, sections: BTreeMap::new(), power: 0 };
        file.seek(0)?;
        let start = Place { section: Section(0), offset: 0 };
        if length < 12 {
            return Err(PtauError::CutShort { place: start, expected: 12, left: length });
        }
        let magic = file.array::<4>(0)?;
        if magic != *b"ptau" {
            return Err(PtauError::Magic { got: magic });
        }
        let version = file.u32(4)?;
        if version != 1 {
            return Err(PtauError::Version { got: version });
        }
        let sections = file.u32(8)?;
        if sections > SECTIONS {
            return Err(PtauError::Sections { got: sections });
        }
        file.list(sections, length)?;
        file.header()?;
        Ok(file)
    }

    /// Walks over the sections, which fill the file.
    fn list(&mut self, sections: u32, length: u64) -> Result<(), PtauError> {
        let mut offset = 12;
        for _ in 0..sections {
            let left = length - offset;
            if left < 12 {
                let place = Place { section: Section(0), offset };
                return Err(PtauError::CutShort { place, expected: 12, left });
            }
            self.seek(offset)?;
            let section = Section(self.u32(offset)?);
            let size = u64::from_le_bytes(self.array(offset + 4)?);
            let place = Place { section, offset: offset + 12 };
            let left = left - 12;
            if size > left {
                return Err(PtauError::CutShort { place, expected: size, left });
            }
            if self.sections.insert(section, (place.offset, size)).is_some() {
                return Err(PtauError::Twice(place));
            }
            offset = place.offset + size;
        }
        match length - offset {
            0 => Ok(()),
            left => Err(PtauError::Trailing { offset, left }),
        }
    }

    fn header(&mut self) -> Result<(), PtauError> {
        let offset = self.section(HEADER, 44, None)?;
        let place = |bytes| Place { section: HEADER, offset: offset + bytes };
        self.seek(offset)?;
        if self.u32(offset)? != 32 || self.array::<32>(offset + 4)?.as_slice() != Fq::MODULUS.to_bytes_le() {
            return Err(PtauError::Field(place(0)));
        }
        let power = self.u32(offset + 36)?;
        let ceremony = self.u32(offset + 40)?;
        // A file is the ceremony's, or was cut down from it.
        for (place, got, low) in [(place(36), power, 1), (place(40), ceremony, power)] {
            if got < low || got > MAX_BITS.into() {
                return Err(PtauError::Power { place, got, low });
            }
        }
        self.power = power;
        let points = 1_u64 << power;
        self.section(TAU_G1, (2 * points - 1) * G1 as u64, Some(power))?;
        self.section(TAU_G2, points * G2 as u64, Some(power))?;
        self.section(ALPHA_G1, points * G1 as u64, Some(power))?;
        self.section(BETA_G1, points * G1 as u64, Some(power))?;
        self.section(BETA_G2, G2 as u64, None)?;
        Ok(())
    }

    /// Where a section's bytes begin, if it has the size that it must have.
    fn section(&self, section: Section, expected: u64, power: Option<u32>) -> Result<u64, PtauError> {
        let (offset, got) = *self.sections.get(&section).ok_or(PtauError::Missing(section))?;
        if got != expected {
            return Err(PtauError::Size { place: Place { section, offset }, expected, got, power });
        }
        Ok(offset)
    }

    fn tau(&mut self) -> Result<G2Affine, PtauError> {
        let (start, _) = *self.sections.get(&TAU_G2).ok_or(PtauError::Missing(TAU_G2))?;
        self.seek(start)?;
        let mut points = [G2Affine::generator(); 2];
        for (point, offset) in points.iter_mut().zip([start, start + G2 as u64]) {
            let place = Place { section: TAU_G2, offset };
            *point = coordinates::g2(&self.array(offset)?).ok_or(PtauError::Coordinate(place))?;
            if point.is_zero() {
                return Err(PtauError::Identity(place));
            }
            if !point.is_on_curve() {
                return Err(PtauError::OffCurve(place));
            }
            if !point.is_in_correct_subgroup_assuming_on_curve() {
                return Err(PtauError::Subgroup(place));
            }
        }
        let [first, tau] = points;
        if first != G2Affine::generator() {
            return Err(PtauError::First(Place { section: TAU_G2, offset: start }));
        }
        if !setup::is_sound(&tau) {
            return Err(PtauError::Degenerate(Place { section: TAU_G2, offset: start + G2 as u64 }));
        }
        Ok(tau)
    }

    /// The first powers in G1; the section has so many.
    fn powers(&mut self, count: usize) -> Result<Vec<G1Affine>, PtauError> {
        let (start, _) = *self.sections.get(&TAU_G1).ok_or(PtauError::Missing(TAU_G1))?;
        self.seek(start)?;
        let generator = G1Affine::generator();
        let mut powers = Vec::with_capacity(count);
        let mut block = vec![0; BLOCK * G1];
        while powers.len() < count {
            let bytes = &mut block[..(count - powers.len()).min(BLOCK) * G1];
            let offset = start + (powers.len() * G1) as u64;
            self.source.read_exact(bytes).map_err(|source| PtauError::Read { offset, source })?;
            for bytes in bytes.as_chunks::<G1>().0 {
                let place = Place { section: TAU_G1, offset: start + (powers.len() * G1) as u64 };
                let point = coordinates::g1(bytes).ok_or(PtauError::Coordinate(place))?;
                if point.is_zero() {
                    return Err(PtauError::Identity(place));
                }
                if !point.is_on_curve() {
                    return Err(PtauError::OffCurve(place));
                }
                match powers.len() {
                    0 if point != generator => return Err(PtauError::First(place)),
                    0 => {}
                    _ if point == generator || point == -generator => {
                        return Err(PtauError::Degenerate(place));
                    }
                    _ => {}
                }
                powers.push(point);
            }
        }
        Ok(powers)
    }

    fn seek(&mut self, offset: u64) -> Result<(), PtauError> {
        self.source
            .seek(SeekFrom::Start(offset))
            .map(drop)
            .map_err(|source| PtauError::Read { offset, source })
    }

    /// The next bytes; `offset` says where they stand.
    fn array<const N: usize>(&mut self, offset: u64) -> Result<[u8; N], PtauError> {
        let mut bytes = [0; N];
        self.source.read_exact(&mut bytes).map_err(|source| PtauError::Read { offset, source })?;
        Ok(bytes)
    }

    fn u32(&mut self, offset: u64) -> Result<u32, PtauError> {
        self.array(offset).map(u32::from_le_bytes)
    }
}
