//! What the cells of a task's vectors mean: `averment-vector-layout/1`.

use super::{DENOMINATOR, SCALE_SPAN, Vector, VectorError, VectorKind};
use crate::{Plan, Shape, limits};
use averment_primitives::{B256, DecodeError, Reader, keccak256};

const NAME: &str = "averment-vector-layout/1\n";
/// What a layout has at most: names and shapes of all blocks.
const BYTES: usize = 1 << 23;

/// One tensor of a plan's weights role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VectorBlock {
    /// The plan's name for it.
    pub name: String,
    /// Its shape.
    pub shape: Shape,
    /// A cell holds `value * 2^scale`.
    pub scale: i8,
    /// Width of a model's cells, signed: `w_b`.
    pub bits: u8,
    /// Width of an update's cells, signed: `v_b`, at most `bits`.
    pub update_bits: u8,
}

impl VectorBlock {
    /// The width of a vector's cells.
    pub fn width(&self, kind: VectorKind) -> u8 {
        match kind {
            VectorKind::Model => self.bits,
            VectorKind::Update => self.update_bits,
        }
    }
}

/// The blocks of a task's vectors: those of the weights role of the plan that the task starts from, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VectorLayout {
    plan: B256,
    blocks: Vec<VectorBlock>,
}

impl VectorLayout {
    /// The layout of a plan's weights with these scales and widths of updates, one for each tensor.
    pub fn new(plan: &Plan, scales: &[i8], update_bits: &[u8]) -> Result<Self, VectorError> {
        let expected = plan.weights().len();
        for got in [scales.len(), update_bits.len()] {
            if got != expected {
                return Err(VectorError::Count { expected, got });
            }
        }
        let block = |((spec, &scale), &update_bits): ((&crate::WeightSpec, &i8), &u8)| VectorBlock {
            name: spec.name.clone(),
            shape: spec.shape.clone(),
            scale,
            bits: spec.bits,
            update_bits,
        };
        let blocks = plan.weights().iter().zip(scales).zip(update_bits).map(block).collect();
        Self::checked(plan.digest(), blocks)
    }

    fn checked(plan: B256, blocks: Vec<VectorBlock>) -> Result<Self, VectorError> {
        if blocks.is_empty() || blocks.len() > limits::WEIGHTS {
            return Err(VectorError::Blocks { got: blocks.len() });
        }
        let mut cells = 0u64;
        for (position, block) in blocks.iter().enumerate() {
            let wrong = |what: String| Err(VectorError::Block { block: position, what });
            let VectorBlock { name, bits, update_bits, scale, shape } = block;
            if name.is_empty()
                || name.len() > limits::NAME_BYTES as usize
                || name.chars().any(char::is_control)
            {
                return wrong("a name of 1 to 256 bytes without control characters is expected".into());
            }
            if *bits < 2 || *bits > limits::WEIGHT_BITS {
                return wrong(format!("cells of 2 to {} bits are expected, got {bits}", limits::WEIGHT_BITS));
            }
            if *update_bits < 2 || update_bits > bits {
                return wrong(format!("updates of 2 to {bits} bits are expected, got {update_bits}"));
            }
            if scale.unsigned_abs() > limits::SCALE.unsigned_abs() {
                return wrong(format!(
                    "a scale within plus and minus {} is expected, got {scale}",
                    limits::SCALE
                ));
            }
            cells = cells.saturating_add(shape.padded_cells() as u64);
        }
        if cells > limits::CELLS {
            return Err(VectorError::TooManyCells { limit: limits::CELLS, got: cells });
        }
        let scales = || blocks.iter().map(|block| i32::from(block.scale));
        let got = scales().max().unwrap_or(0) - scales().min().unwrap_or(0);
        if got > SCALE_SPAN.into() {
            return Err(VectorError::Scales { got });
        }
        Ok(Self { plan, blocks })
    }

    /// The digest of the plan that the task starts from.
    pub fn plan(&self) -> B256 {
        self.plan
    }

    /// The blocks, in the order of the weights role.
    pub fn blocks(&self) -> &[VectorBlock] {
        &self.blocks
    }

    /// Real cells of all blocks: the number of coordinates.
    pub fn coordinates(&self) -> usize {
        self.blocks.iter().map(|block| block.shape.cells()).sum()
    }

    /// e_b of each block: how many powers of two its scale is below the finest.
    pub fn exponents(&self) -> impl Iterator<Item = u8> + '_ {
        let finest = self.finest();
        self.blocks.iter().map(move |block| u8::try_from(finest - i32::from(block.scale)).unwrap_or(0))
    }

    /// The finest scale: norms and inner products are in units of `2^-finest`.
    pub fn finest(&self) -> i32 {
        self.blocks.iter().map(|block| block.scale.into()).max().unwrap_or(0)
    }

    /// Bits of each block's padded cells, as the layout of a weights role has them.
    pub fn sizes(&self) -> Vec<u8> {
        self.blocks.iter().map(|block| u8::try_from(block.shape.bits()).unwrap_or(u8::MAX)).collect()
    }

    /// Whether a plan has the same weights role: tensors of the same shapes and widths, in the same order.
    pub fn fits(&self, plan: &Plan) -> bool {
        self.blocks.len() == plan.weights().len()
            && self
                .blocks
                .iter()
                .zip(plan.weights())
                .all(|(own, spec)| own.shape == spec.shape && own.bits == spec.bits)
    }

    /// Refuses another plan than the one that the layout is of.
    pub fn check_plan(&self, plan: &Plan) -> Result<(), VectorError> {
        let (expected, got) = (self.plan, plan.digest());
        if expected == got { Ok(()) } else { Err(VectorError::OtherPlan { expected, got }) }
    }

    /// Checks that no honest round can overflow: `max|W_0| + rounds · most · max|u| / D < 2^(w_b - 1)` in each block, where
    /// `most` is the largest sum of a round's weights ([F2.3]).
    pub fn check_room(&self, initial: &Vector, rounds: u32, most: u32) -> Result<(), VectorError> {
        initial.expect(self, VectorKind::Model)?;
        for (block, cells) in self.blocks.iter().zip(initial.tensors()) {
            let initial = cells.iter().map(|cell| cell.unsigned_abs()).max().unwrap_or(0);
            if !has_room(initial, rounds, most, block.update_bits, block.bits) {
                let (name, update_bits, bits) = (block.name.clone(), block.update_bits, block.bits);
                return Err(VectorError::NoRoom { name, initial, rounds, update_bits, bits });
            }
        }
        Ok(())
    }

    /// The same layout with updates as wide as [F2.3] lets them be, at most `widest`.
    pub fn with_room(
        &self,
        initial: &Vector,
        rounds: u32,
        most: u32,
        widest: u8,
    ) -> Result<Self, VectorError> {
        initial.expect(self, VectorKind::Model)?;
        let mut wider = self.clone();
        for (block, cells) in wider.blocks.iter_mut().zip(initial.tensors()) {
            let initial = cells.iter().map(|cell| cell.unsigned_abs()).max().unwrap_or(0);
            let found = (2..=widest.min(block.bits))
                .rev()
                .find(|&bits| has_room(initial, rounds, most, bits, block.bits));
            block.update_bits = found.ok_or_else(|| VectorError::NoRoom {
                name: block.name.clone(),
                initial,
                rounds,
                update_bits: 2,
                bits: block.bits,
            })?;
        }
        Ok(wider)
    }

    /// keccak256 of the canonical bytes: what packages name.
    pub fn identity(&self) -> B256 {
        keccak256(self.encode())
    }

    /// The canonical bytes (docs/formats.md).
    pub fn encode(&self) -> Vec<u8> {
        let mut out = NAME.as_bytes().to_vec();
        out.extend_from_slice(self.plan.as_slice());
        out.extend((self.blocks.len() as u32).to_le_bytes());
        for block in &self.blocks {
            out.extend((block.name.len() as u32).to_le_bytes());
            out.extend_from_slice(block.name.as_bytes());
            out.push(block.shape.rank() as u8);
            block.shape.dims().iter().for_each(|dim| out.extend(dim.to_le_bytes()));
            out.extend(block.scale.to_le_bytes());
            out.extend([block.bits, block.update_bits]);
        }
        out
    }

    /// Reads `averment-vector-layout/1`: exactly the bytes that [`Self::encode`] writes.
    pub fn decode(bytes: &[u8]) -> Result<Self, VectorError> {
        if bytes.len() > BYTES {
            let (limit, got) = (BYTES as u64, bytes.len() as u64);
            return Err(DecodeError::TooLong { field: "vector layout", limit, got }.into());
        }
        let mut reader = Reader::new(bytes);
        reader.format(NAME)?;
        let plan = B256::from(reader.array("plan digest")?);
        let count = reader.u32("number of blocks")? as usize;
        if count > limits::WEIGHTS {
            return Err(VectorError::Blocks { got: count });
        }
        let mut blocks = Vec::new();
        for block in 0..count {
            let wrong = |what: String| VectorError::Block { block, what };
            let name = reader.prefixed("name", limits::NAME_BYTES)?;
            let name =
                std::str::from_utf8(name).map_err(|_| wrong("its name is not UTF-8".into()))?.to_owned();
            let [rank] = reader.array("number of axes")?;
            let mut dims = Vec::new();
            for _ in 0..usize::from(rank).min(limits::RANK + 1) {
                dims.push(reader.u32("length of an axis")?);
            }
            let shape = Shape::new(dims).map_err(|error| wrong(error.to_string()))?;
            let [scale, bits, update_bits] = reader.array("scale and widths")?;
            blocks.push(VectorBlock { name, shape, scale: i8::from_le_bytes([scale]), bits, update_bits });
        }
        reader.finish()?;
        Self::checked(plan, blocks)
    }
}

/// `(initial + rounds · most · 2^(update - 1) / D) < 2^(bits - 1)`, without the division.
fn has_room(initial: u32, rounds: u32, most: u32, update: u8, bits: u8) -> bool {
    let reach = (u128::from(rounds) * u128::from(most)) << (update - 1);
    u128::from(initial) * u128::from(DENOMINATOR) + reach < (u128::from(DENOMINATOR) << (bits - 1))
}
