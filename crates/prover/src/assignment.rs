//! What a proof is made from: committed chunks, and the integers that are looked up.

use crate::{
    Commitment, SetupError,
    lookups::{self, LookupError, Row},
    masks::BATCH_SPARE,
};
use averment_verifier::descriptor::{Descriptor, Layout};
use thiserror::Error;

/// Everything that a proof is made from, beside the statement.
#[derive(Debug)]
pub struct Assignment<'a> {
    /// The weights' chunks with their blinds.
    pub weights: &'a [Commitment],
    /// The tables' chunks.
    pub tables: &'a [Commitment],
    /// The tables' `out`, row by row, as integers.
    pub table_outs: &'a [i64],
    /// The inputs' chunks with their blinds.
    pub inputs: &'a [Commitment],
    /// The cells of each lookup block that has no area of its own, in the order of these: of the input blocks, or of what
    /// a certificate covers.
    pub input_cells: &'a [Vec<i64>],
    /// The lookup slots' areas. What stands where an input block takes their place does not matter.
    pub slots: &'a [SlotCells],
}

/// `in` and `out` of a lookup slot, where it has such areas.
#[derive(Debug, Clone, Default)]
pub struct SlotCells {
    /// `in`, row by row.
    pub ins: Option<Vec<i64>>,
    /// `out`.
    pub outs: Option<Vec<i64>>,
}

/// Why there is no proof.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
pub enum ProveError {
    /// The setup is too small.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The witness breaks a lookup.
    #[error(transparent)]
    Lookup(#[from] LookupError),
    /// The descriptor is laid out for the other mode.
    #[error("the plan is laid out for the other mode: with masks it has room for them, without it has not")]
    Mode,
    /// Chunks too small to hide what an opening sends ([12.2]).
    #[error(
        "a proof in zero-knowledge mode needs chunks of at least 2^{expected} cells, the plan has 2^{got}"
    )]
    Chunks {
        /// Bits they must have.
        expected: u8,
        /// Bits they have.
        got: u8,
    },
    /// A challenge hit one of the few values that have no proof; proving again draws others.
    #[error("a challenge hit a value without a proof: prove again")]
    Unlucky,
}

/// Bits of a chunk below which masks do not hide an opening: it sends more than a chunk has coefficients.
const MASKED_BITS: u8 = 5;

/// Whether a plan that is laid out like this is proved in this mode.
pub fn check_mode(layout: &Layout, masked: bool) -> Result<(), ProveError> {
    if layout.masks.is_some() != masked {
        return Err(ProveError::Mode);
    }
    // M' has to fit a chunk too ([6.2]).
    let mask = 1 + 2 * layout.address_bits() + BATCH_SPARE;
    let expected = MASKED_BITS.max(mask.next_power_of_two().trailing_zeros() as u8);
    match layout.chunk_bits {
        got if masked && got < expected => Err(ProveError::Chunks { expected, got }),
        _ => Ok(()),
    }
}

/// All slots' rows.
pub fn slot_rows(descriptor: &Descriptor, assignment: &Assignment<'_>) -> Vec<Vec<Row>> {
    let bits = descriptor.layout.slot_bits;
    let rows_of = |(slot, SlotCells { ins, outs }): (usize, &SlotCells)| {
        let tags = lookups::tags(&descriptor.lookups, slot, bits);
        let cell = |cells: &Option<Vec<i64>>, row: usize| cells.as_ref().map_or(0, |cells| cells[row]);
        let mut rows: Vec<Row> = tags
            .into_iter()
            .enumerate()
            .map(|(row, tag)| Row { tag, input: cell(ins, row), output: cell(outs, row) })
            .collect();
        let committed = descriptor.lookups.iter().filter(|block| block.input.is_some());
        for (block, cells) in committed.zip(assignment.input_cells) {
            if usize::from(block.slot) == slot {
                let own = &mut rows[block.row as usize..][..1 << block.bits];
                own.iter_mut().zip(cells).for_each(|(row, cell)| (row.input, row.output) = (*cell, 0));
            }
        }
        rows
    };
    assignment.slots.iter().enumerate().map(rows_of).collect()
}
