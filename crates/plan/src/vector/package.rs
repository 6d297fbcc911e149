//! A vector on its way, with what its commitment's blinds follow from: `averment-vector/1`.

use super::{Vector, VectorError, VectorKind, VectorLayout, bits};
use averment_primitives::{B256, DecodeError, Reader, Salt};

const NAME: &str = "averment-vector/1\n";

/// A vector and the salt of its commitment. Whoever has both, the layout, K and the setup computes the points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// The cells.
    pub vector: Vector,
    /// 32 fresh random bytes for this commitment.
    pub salt: Salt,
}

impl Package {
    /// Bytes of a package of this layout and kind, exactly.
    pub fn length(layout: &VectorLayout, kind: VectorKind) -> usize {
        let cells = layout.blocks().iter().map(|block| bits::bytes(block.shape.cells(), block.width(kind)));
        NAME.len() + 32 + 1 + 32 + cells.sum::<usize>()
    }

    /// The file's bytes (docs/formats.md). A secret of who made it.
    pub fn encode(&self, layout: &VectorLayout) -> Vec<u8> {
        let kind = self.vector.kind();
        let mut out = Vec::with_capacity(Self::length(layout, kind));
        out.extend_from_slice(NAME.as_bytes());
        out.extend_from_slice(layout.identity().as_slice());
        out.push(match kind {
            VectorKind::Model => 0,
            VectorKind::Update => 1,
        });
        out.extend_from_slice(self.salt.expose());
        for (block, cells) in layout.blocks().iter().zip(self.vector.tensors()) {
            bits::write(cells, block.width(kind), &mut out);
        }
        out
    }

    /// Reads a package of a layout: exactly the bytes that [`Self::encode`] writes.
    pub fn decode(layout: &VectorLayout, bytes: &[u8]) -> Result<Self, VectorError> {
        // Whatever the kind: no more is looked at.
        let limit =
            Self::length(layout, VectorKind::Model).max(Self::length(layout, VectorKind::Update)) as u64;
        if bytes.len() as u64 > limit {
            return Err(DecodeError::TooLong { field: "package", limit, got: bytes.len() as u64 }.into());
        }
        let mut reader = Reader::new(bytes);
        reader.format(NAME)?;
        let (expected, got) = (layout.identity(), B256::from(reader.array("identity of the layout")?));
        if expected != got {
            return Err(VectorError::OtherLayout { expected, got });
        }
        let kind = match reader.array("kind")? {
            [0] => VectorKind::Model,
            [1] => VectorKind::Update,
            [got] => return Err(VectorError::Kind { got }),
        };
        let salt = Salt::from_random(reader.array("salt")?);
        let mut tensors = Vec::with_capacity(layout.blocks().len());
        for (position, block) in layout.blocks().iter().enumerate() {
            let (cells, width) = (block.shape.cells(), block.width(kind));
            let packed = reader.bytes("cells", bits::bytes(cells, width))?;
            tensors.push(bits::read(packed, cells, width).ok_or(VectorError::Unused { block: position })?);
        }
        reader.finish()?;
        Ok(Self { vector: Vector::new(layout, kind, tensors)?, salt })
    }

    /// Reads a package of this kind.
    pub fn decode_as(layout: &VectorLayout, expected: VectorKind, bytes: &[u8]) -> Result<Self, VectorError> {
        let package = Self::decode(layout, bytes)?;
        match package.vector.kind() {
            got if got == expected => Ok(package),
            got => Err(VectorError::OtherKind { expected, got }),
        }
    }
}
