//! Whether a certificate is one for a decision's descriptor ([8.2]): both are about the same registered cells and declare the
//! same ranges of them. The contract `WeightsCertificates` compares the same, and the points of the tables.

use super::{Kind, ValidDescriptor};
use thiserror::Error;

/// Why a certificate is not one for a decision's descriptor.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
pub enum Disagreement {
    /// One is not what it is taken for.
    #[error(
        "expected the descriptors of a decision and of a certificate, got {decision:?} and {certificate:?}"
    )]
    Kinds {
        /// What was to be certified.
        decision: Kind,
        /// What was to certify it.
        certificate: Kind,
    },
    /// Another K: the points mean other cells.
    #[error("chunks of 2^{decision} cells are to be certified, the certificate has 2^{certificate}")]
    ChunkBits {
        /// The decision's.
        decision: u8,
        /// The certificate's.
        certificate: u8,
    },
    /// Other weight blocks.
    #[error("the certificate is for other weight blocks")]
    Blocks,
    /// Other ranges of weights.
    #[error("weight block {block} is declared {decision} bits wide, in the certificate {certificate}")]
    Width {
        /// The first such block.
        block: usize,
        /// The decision's.
        decision: u8,
        /// The certificate's.
        certificate: u8,
    },
    /// Other function tables.
    #[error("the certificate is for other function tables")]
    Functions,
}

impl ValidDescriptor {
    /// Whether `certificate` is about the cells, and the ranges, that this descriptor of a decision declares. That it
    /// covers them all was validated; that it has all padding that the plan has, its digest says.
    pub fn certified_by(&self, certificate: &Self) -> Result<(), Disagreement> {
        if (self.kind, certificate.kind) != (Kind::Decision, Kind::Certificate) {
            return Err(Disagreement::Kinds { decision: self.kind, certificate: certificate.kind });
        }
        let (own, other) = (&self.layout.sizes, &certificate.layout.sizes);
        if own.chunk_bits != other.chunk_bits {
            let (decision, certificate) = (own.chunk_bits, other.chunk_bits);
            return Err(Disagreement::ChunkBits { decision, certificate });
        }
        if own.weights != other.weights {
            return Err(Disagreement::Blocks);
        }
        // One for each block.
        let mut widths = self.weight_bits.iter().zip(&certificate.weight_bits).enumerate();
        if let Some((block, (decision, certificate))) = widths.find(|(_, (a, b))| a != b) {
            return Err(Disagreement::Width { block, decision: *decision, certificate: *certificate });
        }
        if own.function_bits != other.function_bits || !self.functions().eq(certificate.functions()) {
            return Err(Disagreement::Functions);
        }
        Ok(())
    }
}
