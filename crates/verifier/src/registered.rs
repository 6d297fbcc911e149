//! What was committed to before a proof, held against the descriptor it is proved with ([9.1], [9.2] (1)).

use crate::{
    commitment::{Chunked, InputCommitment, Inputs, WeightsCommitment, batch_identity},
    descriptor::{Kind, ValidDescriptor},
    point::{self, G1Affine},
    statement::Statement,
};
use alloy_primitives::{B256, Keccak256, keccak256};
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
    /// The points of the inputs' chunks: of separate commitments the last item's once more for each that a batch is padded with, of a
    /// round's rows the identity for each that a half is padded with.
    filled: Vec<G1Affine>,
    /// Of a round, how many rows each half has.
    rows: Vec<u32>,
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
    /// Not as many commitments to inputs as the descriptor has room for.
    #[error("the descriptor has {least} to {most} commitments to inputs, got {got}")]
    Inputs {
        /// How many there must be at least.
        least: usize,
        /// How many there can be.
        most: usize,
        /// How many there are.
        got: usize,
    },
    /// Not as many halves as the descriptor has; none if it is of no round.
    #[error("the descriptor has rows in {expected} halves, got {got}")]
    Halves {
        /// How many it has.
        expected: usize,
        /// How many there are.
        got: usize,
    },
    /// Not as many rows as a half has room for.
    #[error("a half has 1 to {most} rows, got {got}")]
    Rows {
        /// For how many there is room.
        most: usize,
        /// How many there are.
        got: usize,
    },
    /// A commitment to several items together where each is to have one of its own.
    #[error("the commitment is to {got} items together; the descriptor is for one to each")]
    Joint {
        /// How many items.
        got: u32,
    },
}

/// What a statement names a round's vectors by ([10.6]): keccak256 of a name, zeros to a word; of the hash of what a commitment to
/// such a vector says before its points; of how many rows each half has, a word each; and of the points.
fn listed(name: &str, prefix: B256, rows: &[u32], points: &[G1Affine]) -> B256 {
    let mut hasher = Keccak256::new();
    hasher.update(B256::right_padding_from(name.as_bytes()));
    hasher.update(prefix);
    rows.iter().for_each(|rows| hasher.update(B256::left_padding_from(&rows.to_be_bytes())));
    hasher.update(point::to_bytes(points));
    hasher.finalize()
}

impl Registered {
    /// Holds commitments against `descriptor`. `tables` are the points of its function tables' chunks, which everybody
    /// computes from the plan; `inputs` what the inputs were committed to with: together, or each of at most as many items as
    /// the descriptor's batch has by itself. A certificate has none.
    pub fn new(
        descriptor: &ValidDescriptor,
        weights: &WeightsCommitment,
        tables: &[G1Affine],
        inputs: Option<&Inputs>,
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
        let separate = sizes.item_bits > 0;
        let least = usize::from(!sizes.inputs.is_empty());
        let most = least.checked_shl(sizes.item_bits.into()).unwrap_or(usize::MAX);
        let commitments = inputs.map(Inputs::commitments).unwrap_or_default();
        let got = commitments.len();
        if !(least..=most).contains(&got) {
            return Err(RegisteredError::Inputs { least, most, got });
        }
        for input in commitments {
            check("inputs", input.chunked(), &sizes.inputs)?;
            if separate && input.items() != 1 {
                return Err(RegisteredError::Joint { got: input.items() });
            }
        }
        let points = |input: &InputCommitment| input.chunked().points().to_vec();
        let real: Vec<G1Affine> = commitments.iter().flat_map(points).collect();
        let padding = commitments.last().map(points).unwrap_or_default().repeat(most.saturating_sub(got));
        Ok(Self {
            descriptor: descriptor.digest(tables),
            setup,
            weights: weights.identity(),
            schema: inputs.map_or(B256::ZERO, Inputs::schema),
            inputs: match (inputs, commitments) {
                // A batch of which one item is real is named as a batch.
                (_, [only]) if separate => batch_identity(std::iter::once(only.identity())),
                (inputs, _) => inputs.map_or(B256::ZERO, Inputs::identity),
            },
            items: inputs.map_or(0, Inputs::items),
            points: [weights.chunked().points().to_vec(), tables.to_vec(), real.clone()],
            filled: [real, padding].concat(),
            rows: Vec::new(),
        })
    }

    /// Holds the commitments of a round against `descriptor`: to its model and its remainder, and to the rows of each half, at most as
    /// many as there is room for ([10.6]).
    pub fn round(
        descriptor: &ValidDescriptor,
        model: &WeightsCommitment,
        remainder: &WeightsCommitment,
        halves: &[Vec<&WeightsCommitment>],
    ) -> Result<Self, RegisteredError> {
        let sizes = &descriptor.layout.sizes;
        let setup = model.chunked().setup();
        let role = "a vector of the round";
        for own in [model, remainder].into_iter().chain(halves.iter().flatten().copied()) {
            let chunked = own.chunked();
            let blocks = chunked.blocks();
            if chunked.setup() != setup {
                return Err(RegisteredError::Setup { role, expected: setup, got: chunked.setup() });
            }
            if blocks.chunk_bits() != sizes.chunk_bits {
                let (expected, got) = (sizes.chunk_bits, blocks.chunk_bits());
                return Err(RegisteredError::ChunkBits { role, expected, got });
            }
            if blocks.sizes() != sizes.weights {
                let (expected, got) = (sizes.weights.clone(), blocks.sizes().to_vec());
                return Err(RegisteredError::Blocks { role, expected, got });
            }
        }
        let expected = if descriptor.kind == Kind::Round { descriptor.public_count() } else { 0 };
        if expected == 0 || halves.len() != expected {
            return Err(RegisteredError::Halves { expected, got: halves.len() });
        }
        let half_bits = sizes.item_bits.saturating_sub(u8::from(expected > 1));
        let most = 1_usize.checked_shl(half_bits.into()).unwrap_or(usize::MAX);
        let (mut real, mut filled, mut rows) = (Vec::new(), Vec::new(), Vec::new());
        for half in halves {
            let got = half.len();
            if !(1..=most).contains(&got) {
                return Err(RegisteredError::Rows { most, got });
            }
            let points = half.iter().flat_map(|row| row.chunked().points()).copied();
            real.extend(points.clone());
            filled.extend(points);
            let missing = most.saturating_sub(got).saturating_mul(model.chunked().points().len());
            filled.extend(std::iter::repeat_n(G1Affine::identity(), missing));
            rows.push(u32::try_from(got).unwrap_or(u32::MAX));
        }
        let prefix = keccak256(WeightsCommitment::meaning(setup, model.chunked().blocks()));
        let both = [model.chunked().points(), remainder.chunked().points()].concat();
        Ok(Self {
            descriptor: descriptor.digest(&[]),
            setup,
            weights: listed("averment-round-vectors/1", prefix, &[], &both),
            schema: B256::ZERO,
            inputs: listed("averment-round-rows/1", prefix, &rows, &real),
            items: rows.iter().fold(0, |sum, rows| sum.saturating_add(*rows)),
            points: [both, Vec::new(), real],
            filled,
            rows,
        })
    }

    /// Of a round, how many rows each half has.
    pub fn rows(&self) -> &[u32] {
        &self.rows
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

    /// One point a chunk: weights, tables, inputs; of separate commitments the last one's again for each item that the batch is
    /// padded with, of a round's rows the identity for each that is missing.
    pub fn points(&self) -> impl Iterator<Item = &G1Affine> {
        let [weights, tables, _] = &self.points;
        weights.iter().chain(tables).chain(&self.filled)
    }

    /// The points of function tables, which the descriptor's digest covers.
    pub fn tables(&self) -> &[G1Affine] {
        let [_, tables, _] = &self.points;
        tables
    }

    /// The points of weights and inputs, which the statement names: all that the descriptor's digest does not cover. Of
    /// inputs with commitments of their own the real ones'.
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
