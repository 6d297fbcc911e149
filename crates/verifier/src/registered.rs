//! What was committed to before a proof, held against the descriptor it is proved with ([9.1], [9.2] (1)).

use crate::{
    commitment::{Chunked, InputCommitment, WeightsCommitment},
    descriptor::ValidDescriptor,
    point::G1Affine,
    statement::Statement,
};
use alloy_primitives::B256;
use thiserror::Error;

/// Commitments to weights, tables and inputs that fit one descriptor: the same setup, K and blocks. With these the
/// points mean vectors, so the statement names them by identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    descriptor: B256,
    setup: B256,
    weights: B256,
    schema: B256,
    inputs: B256,
    items: u32,
    points: [Vec<G1Affine>; 3],
}

/// Why commitments do not fit a descriptor.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum RegisteredError {
    /// Made with another setup than the weights.
    #[error("the commitment to {role} is for setup {got}, the one to weights for {expected}")]
    Setup {
        /// Of what.
        role: &'static str,
        /// The weights' setup.
        expected: B256,
        /// This one's.
        got: B256,
    },
    /// Chunks of another size.
    #[error("the commitment to {role} has chunks of 2^{got} cells, the descriptor of 2^{expected}")]
    ChunkBits {
        /// Of what.
        role: &'static str,
        /// The descriptor's.
        expected: u8,
        /// The commitment's.
        got: u8,
    },
    /// Other blocks: another plan, or another size of the batch.
    #[error(
        "the commitment to {role} has blocks of {got:?} bits, the descriptor of {expected:?}: it is for another plan or \
         batch"
    )]
    Blocks {
        /// Of what.
        role: &'static str,
        /// The descriptor's, in order.
        expected: Vec<u8>,
        /// The commitment's.
        got: Vec<u8>,
    },
    /// Tables' points are missing, or there are too many.
    #[error("the descriptor's tables lie in {expected} chunks, got {got} points")]
    Tables {
        /// How many there must be.
        expected: usize,
        /// How many there are.
        got: usize,
    },
    /// Not one commitment to inputs.
    #[error("the descriptor has {expected} commitment to inputs, got {got}")]
    Inputs {
        /// How many there must be.
        expected: usize,
        /// How many there are.
        got: usize,
    },
}

impl Registered {
    /// Holds commitments against `descriptor`. `tables` are the points of its function tables' chunks, which everybody
    /// computes from the plan; `inputs` the commitments to inputs in order, of which there is one; of a certificate, none.
    pub fn new(
        descriptor: &ValidDescriptor,
        weights: &WeightsCommitment,
        tables: &[G1Affine],
        inputs: &[InputCommitment],
    ) -> Result<Self, RegisteredError> {
        let sizes = &descriptor.layout.sizes;
        let setup = weights.chunked().setup();
        let check = |role, chunked: &Chunked, expected: &[u8]| {
            let blocks = chunked.blocks();
            if chunked.setup() != setup {
                return Err(RegisteredError::Setup { role, expected: setup, got: chunked.setup() });
            }
            if blocks.chunk_bits() != sizes.chunk_bits {
                let (expected, got) = (sizes.chunk_bits, blocks.chunk_bits());
                return Err(RegisteredError::ChunkBits { role, expected, got });
            }
            if blocks.sizes() != expected {
                let (expected, got) = (expected.to_vec(), blocks.sizes().to_vec());
                return Err(RegisteredError::Blocks { role, expected, got });
            }
            Ok(())
        };
        check("weights", weights.chunked(), &sizes.weights)?;
        let (expected, got) = (descriptor.layout.tables.len(), tables.len());
        if expected != got {
            return Err(RegisteredError::Tables { expected, got });
        }
        let expected = usize::from(!sizes.inputs.is_empty());
        if expected != inputs.len() {
            return Err(RegisteredError::Inputs { expected, got: inputs.len() });
        }
        let mut own = Self {
            descriptor: descriptor.digest(tables),
            setup,
            weights: weights.identity(),
            schema: B256::ZERO,
            inputs: B256::ZERO,
            items: 0,
            points: [weights.chunked().points().to_vec(), tables.to_vec(), Vec::new()],
        };
        for input in inputs {
            check("inputs", input.chunked(), &sizes.inputs)?;
            (own.schema, own.inputs, own.items) = (input.schema(), input.identity(), input.items());
            let [.., points] = &mut own.points;
            points.extend(input.chunked().points());
        }
        Ok(own)
    }

    /// The digest of the descriptor that they fit, and of these points of its function tables ([10.3]).
    pub fn descriptor(&self) -> B256 {
        self.descriptor
    }

    /// The setup that all of them are made with.
    pub fn setup(&self) -> B256 {
        self.setup
    }

    /// Identity of the commitment to weights.
    pub fn weights(&self) -> B256 {
        self.weights
    }

    /// Digest of the input schema.
    pub fn schema(&self) -> B256 {
        self.schema
    }

    /// Identity of the commitment to inputs.
    pub fn inputs(&self) -> B256 {
        self.inputs
    }

    /// How many items are committed to.
    pub fn items(&self) -> u32 {
        self.items
    }

    /// One point a chunk: weights, tables, inputs.
    pub fn points(&self) -> impl Iterator<Item = &G1Affine> {
        self.points.iter().flatten()
    }

    /// The points of function tables, which the descriptor's digest covers.
    pub fn tables(&self) -> &[G1Affine] {
        let [_, tables, _] = &self.points;
        tables
    }

    /// The points of weights and inputs, which the statement names: all that the descriptor's digest does not cover.
    pub fn committed(&self) -> impl Iterator<Item = &G1Affine> {
        let [weights, _, inputs] = &self.points;
        weights.iter().chain(inputs)
    }

    /// A statement that names these commitments, everything else left at its default.
    pub fn statement(&self) -> Statement {
        Statement {
            setup: self.setup,
            weights: self.weights,
            schema: self.schema,
            inputs: self.inputs,
            items: self.items,
            ..Statement::default()
        }
    }
}
