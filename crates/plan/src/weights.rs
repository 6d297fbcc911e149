//! What a model knows: the integers of its weight tensors.

use crate::{Plan, WeightId, WeightsDecodeError, WeightsError, limits};
use averment_primitives::{B256, DecodeError, Reader};

const NAME: &str = "averment-weights/1\n";

/// The values of a plan's weight tensors, each in its declared range.
///
/// They are a secret of the model's owner unless published: `Debug` does not show them.
#[derive(Clone, PartialEq, Eq)]
pub struct Weights {
    tensors: Vec<Vec<i32>>,
}

impl std::fmt::Debug for Weights {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Weights({} tensors)", self.tensors.len())
    }
}

impl Weights {
    /// Checks that `tensors` (real cells, row-major) are the weights of `plan`.
    pub fn new(plan: &Plan, tensors: Vec<Vec<i32>>) -> Result<Self, WeightsError> {
        let weights = Self { tensors };
        weights.check(plan)?;
        Ok(weights)
    }

    /// Whether these are weights of `plan`.
    pub(crate) fn check(&self, plan: &Plan) -> Result<(), WeightsError> {
        let (specs, tensors) = (plan.weights(), &self.tensors);
        if tensors.len() != specs.len() {
            return Err(WeightsError::Count { expected: specs.len(), got: tensors.len() });
        }
        for (weight, (spec, values)) in specs.iter().zip(tensors).enumerate() {
            let (name, bits) = (&spec.name, spec.bits);
            if values.len() != spec.shape.cells() {
                let expected = spec.shape.cells();
                return Err(WeightsError::Cells { weight, name: name.clone(), expected, got: values.len() });
            }
            let half = 1i32 << (bits - 1);
            if let Some((cell, &got)) =
                values.iter().enumerate().find(|&(_, &value)| value < -half || value >= half)
            {
                return Err(WeightsError::OutOfRange { weight, name: name.clone(), cell, got, bits });
            }
        }
        Ok(())
    }

    /// One tensor's real cells, row-major; empty if there is none of this number.
    pub fn tensor(&self, weight: WeightId) -> &[i32] {
        self.tensors.get(weight.index()).map(Vec::as_slice).unwrap_or_default()
    }

    /// All tensors, by [`WeightId`].
    pub fn tensors(&self) -> &[Vec<i32>] {
        &self.tensors
    }

    /// One tensor in padded layout, zero in padded cells: the block that is committed.
    pub fn padded(&self, plan: &Plan, weight: WeightId) -> Vec<i32> {
        plan.weights()
            .get(weight.index())
            .map(|spec| spec.shape.pad(self.tensor(weight), 0))
            .unwrap_or_default()
    }

    /// Writes `averment-weights/1` (docs/formats.md).
    pub fn encode(&self, plan: &Plan) -> Vec<u8> {
        let mut bytes = NAME.as_bytes().to_vec();
        bytes.extend_from_slice(plan.digest().as_slice());
        for (spec, values) in plan.weights().iter().zip(&self.tensors) {
            let width = width(spec.bits);
            for value in values {
                bytes.extend(value.to_le_bytes().into_iter().take(width));
            }
        }
        bytes
    }

    /// Reads `averment-weights/1`, which names the plan it is for.
    pub fn decode(plan: &Plan, bytes: &[u8]) -> Result<Self, WeightsDecodeError> {
        if bytes.len() > limits::WEIGHTS_BYTES {
            let (limit, got) = (limits::WEIGHTS_BYTES as u64, bytes.len() as u64);
            return Err(DecodeError::TooLong { field: "weights", limit, got }.into());
        }
        let mut reader = Reader::new(bytes);
        reader.format(NAME)?;
        let (expected, got) = (plan.digest(), B256::from(reader.array("plan digest")?));
        if expected != got {
            return Err(WeightsDecodeError::OtherPlan { expected, got });
        }
        let mut tensors = Vec::with_capacity(plan.weights().len());
        for spec in plan.weights() {
            let width = width(spec.bits);
            let cells = reader.bytes("weight cells", spec.shape.cells() * width)?;
            tensors.push(cells.chunks_exact(width).map(signed).collect());
        }
        reader.finish()?;
        Ok(Self::new(plan, tensors)?)
    }
}

/// Bytes of a cell.
fn width(bits: u8) -> usize {
    usize::from(bits).div_ceil(8)
}

/// A little-endian signed integer of up to four bytes.
fn signed(bytes: &[u8]) -> i32 {
    let negative = bytes.last().is_some_and(|&last| last >= 0x80);
    let mut word = [if negative { 0xff } else { 0 }; 4];
    for (place, &byte) in word.iter_mut().zip(bytes) {
        *place = byte;
    }
    i32::from_le_bytes(word)
}
