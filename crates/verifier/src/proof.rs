//! A proof's parts and its bytes: words, each where the descriptor and the mode say it is.

use crate::{
    claims::Operands,
    descriptor::Descriptor,
    field::{self, Fr},
    opening::Opening,
    point::{self, G1Affine},
    statement::Mode,
    sumcheck::Round,
};
use alloy_primitives::B256;
use thiserror::Error;

/// A proof, read but not believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Commitments to lookups, multiplicities and masks.
    pub witness1: Vec<G1Affine>,
    /// Masks of the sumchecks; none in transparent mode.
    pub masks: Option<MaskMessage>,
    /// Commitments to h and g.
    pub witness2: Vec<G1Affine>,
    /// s.
    pub total: Fr,
    /// The main sumcheck.
    pub main: Vec<Round>,
    /// Where it ends.
    pub operands: Operands,
    /// The batch evaluation.
    pub batch: Vec<Round>,
    /// v: the address space at its end.
    pub value: Fr,
    /// What blinds the opening; none in transparent mode.
    pub blind: Option<Blind>,
    /// The opening.
    pub opening: Opening,
}

/// The sumchecks' masks, before anything is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaskMessage {
    /// M': the batch evaluation's mask.
    pub commitment: G1Affine,
    /// G: the main mask's sum over its cube.
    pub main_sum: Fr,
    /// G'.
    pub batch_sum: Fr,
}

/// A random vector that is opened beside the combined chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blind {
    /// R.
    pub commitment: G1Affine,
    /// R at the point.
    pub value: Fr,
}

/// Why bytes are not a proof for a descriptor and mode.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum ProofError {
    /// Too short or too long.
    #[error("a proof for this plan in this mode has {expected} bytes, got {got}")]
    Length {
        /// Bytes it must have.
        expected: usize,
        /// Bytes it has.
        got: usize,
    },
    /// A word that is not below the field's order.
    #[error("word {word} of the proof is not a canonical scalar")]
    Scalar {
        /// Which one.
        word: usize,
    },
    /// Words that are no point of the curve.
    #[error("words {word} and {} of the proof are no point of the curve", .word.saturating_add(1))]
    Point {
        /// The first one.
        word: usize,
    },
}

impl Proof {
    /// How many bytes a proof has.
    pub fn length(descriptor: &Descriptor, mode: Mode) -> usize {
        let layout = &descriptor.layout;
        let points = layout.witness1.len().saturating_add(layout.witness2.len());
        let rounds: usize = descriptor.degrees(mode.masked()).iter().sum();
        let batch = layout.address_bits().saturating_mul(2);
        let masks = if mode.masked() { 4_usize.saturating_add(3) } else { 0 };
        let words = [
            points.saturating_mul(2),
            masks,
            1,
            rounds,
            descriptor.operands(),
            batch,
            1,
            Opening::words(mode.masked()),
        ];
        words.into_iter().sum::<usize>().saturating_mul(32)
    }

    /// Reads a proof.
    pub fn decode(bytes: &[u8], descriptor: &Descriptor, mode: Mode) -> Result<Self, ProofError> {
        let expected = Self::length(descriptor, mode);
        if bytes.len() != expected {
            return Err(ProofError::Length { expected, got: bytes.len() });
        }
        let (words, _) = bytes.as_chunks::<32>();
        let mut reader = Reader { words, place: 0 };
        let layout = &descriptor.layout;
        let witness1 = reader.points(layout.witness1.len())?;
        let masks = match mode.masked() {
            true => Some(MaskMessage {
                commitment: reader.point()?,
                main_sum: reader.scalar()?,
                batch_sum: reader.scalar()?,
            }),
            false => None,
        };
        let witness2 = reader.points(layout.witness2.len())?;
        let total = reader.scalar()?;
        let degrees = descriptor.degrees(mode.masked());
        let main = degrees.into_iter().map(|degree| reader.scalars(degree)).collect::<Result<_, _>>()?;
        let operands = reader.scalars(descriptor.operands())?;
        let wrong = ProofError::Length { expected, got: bytes.len() };
        let operands = Operands::from_slice(layout.slots.len(), &operands).ok_or(wrong)?;
        let batch = (0..layout.address_bits()).map(|_| reader.scalars(2)).collect::<Result<_, _>>()?;
        let value = reader.scalar()?;
        let blind = match mode.masked() {
            true => Some(Blind { commitment: reader.point()?, value: reader.scalar()? }),
            false => None,
        };
        let opening = Opening::read(&mut reader, mode.masked())?;
        Ok(Self { witness1, masks, witness2, total, main, operands, batch, value, blind, opening })
    }

    /// The proof's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer(Vec::new());
        writer.points(&self.witness1);
        if let Some(masks) = &self.masks {
            writer.points(&[masks.commitment]);
            writer.scalars(&[masks.main_sum, masks.batch_sum]);
        }
        writer.points(&self.witness2);
        writer.scalars(&[self.total]);
        self.main.iter().for_each(|round| writer.scalars(round));
        writer.scalars(&self.operands.to_vec());
        self.batch.iter().for_each(|round| writer.scalars(round));
        writer.scalars(&[self.value]);
        if let Some(blind) = &self.blind {
            writer.points(&[blind.commitment]);
            writer.scalars(&[blind.value]);
        }
        self.opening.write(&mut writer);
        writer.0
    }
}

/// Words of a proof, one after the other.
pub(crate) struct Reader<'a> {
    words: &'a [[u8; 32]],
    place: usize,
}

impl Reader<'_> {
    fn word(&mut self) -> B256 {
        // The length was checked, so there is a word whenever one is asked for.
        let word = self.words.get(self.place).copied().unwrap_or_default();
        self.place = self.place.saturating_add(1);
        B256::from(word)
    }

    pub fn scalar(&mut self) -> Result<Fr, ProofError> {
        let word = self.place;
        field::from_word(&self.word()).ok_or(ProofError::Scalar { word })
    }

    pub fn scalars(&mut self, count: usize) -> Result<Vec<Fr>, ProofError> {
        (0..count).map(|_| self.scalar()).collect()
    }

    pub fn point(&mut self) -> Result<G1Affine, ProofError> {
        let word = self.place;
        let words = [self.word(), self.word()];
        point::from_words(&words).ok_or(ProofError::Point { word })
    }

    fn points(&mut self, count: usize) -> Result<Vec<G1Affine>, ProofError> {
        (0..count).map(|_| self.point()).collect()
    }
}

/// Words of a proof, being written.
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub fn scalars(&mut self, values: &[Fr]) {
        values.iter().for_each(|value| self.0.extend_from_slice(field::to_word(value).as_slice()));
    }

    pub fn points(&mut self, points: &[G1Affine]) {
        self.0.extend(point::to_bytes(points));
    }
}
