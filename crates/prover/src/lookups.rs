//! Which table row each lookup hits ([4.3] to [4.5]).

use averment_verifier::descriptor::{Descriptor, LookupBlock, Table};
use std::collections::BTreeMap;
use thiserror::Error;

/// What a lookup row holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Row {
    /// Its tag.
    pub tag: u32,
    /// `in`.
    pub input: i64,
    /// `out`.
    pub output: i64,
}

/// Why a witness has no proof.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
pub enum LookupError {
    /// A value outside of its table.
    #[error("slot {slot}, row {row}: ({input}, {output}) is no row of table {tag}")]
    Miss {
        /// The slot.
        slot: usize,
        /// The row.
        row: usize,
        /// The table.
        tag: u32,
        /// `in`.
        input: i64,
        /// `out`.
        output: i64,
    },
}

/// The tags of a slot's rows.
pub fn tags(blocks: &[LookupBlock], slot: usize, bits: u8) -> Vec<u32> {
    let mut tags = vec![0; 1 << bits];
    for block in blocks.iter().filter(|block| usize::from(block.slot) == slot) {
        let first = block.row as usize;
        tags[first..first + (1 << block.bits)].fill(block.tag);
    }
    tags
}

/// The rows of the table space; `outs` are the committed cells of the tables role.
pub fn table_rows(tables: &[Table], bits: u8, outs: &[i64]) -> Vec<Row> {
    let mut rows = vec![Row::default(); 1 << bits];
    for table in tables {
        let first = table.row as usize;
        for (offset, row) in rows[first..first + (1 << table.bits)].iter_mut().enumerate() {
            let output = if table.function { outs[first + offset] } else { 0 };
            *row = Row { tag: table.tag, input: table.first + offset as i64, output };
        }
    }
    rows
}

/// How often each table row is looked up.
pub fn multiplicities(
    descriptor: &Descriptor,
    rows: &[Row],
    slots: &[Vec<Row>],
) -> Result<Vec<u64>, LookupError> {
    multiplicities_but(descriptor, rows, slots, Err)
}

/// The same, with `miss` to say whether a lookup that hits nothing ends it or is passed over.
pub fn multiplicities_but(
    descriptor: &Descriptor,
    rows: &[Row],
    slots: &[Vec<Row>],
    mut miss: impl FnMut(LookupError) -> Result<(), LookupError>,
) -> Result<Vec<u64>, LookupError> {
    let by_tag: BTreeMap<u32, &Table> = descriptor.tables.iter().map(|table| (table.tag, table)).collect();
    let padding = rows.iter().position(|row| *row == Row::default());
    let mut counts = vec![0; rows.len()];
    for (slot, lookups) in slots.iter().enumerate() {
        for (row, lookup) in lookups.iter().enumerate() {
            let Row { tag, input, output } = *lookup;
            let hit = match by_tag.get(&tag) {
                _ if *lookup == Row::default() => padding,
                Some(table) => {
                    let offset =
                        input.checked_sub(table.first).and_then(|offset| usize::try_from(offset).ok());
                    offset
                        .filter(|offset| *offset < 1 << table.bits)
                        .map(|offset| table.row as usize + offset)
                }
                None => None,
            };
            match hit.filter(|hit| rows[*hit] == *lookup) {
                Some(hit) => counts[hit] += 1,
                None => miss(LookupError::Miss { slot, row, tag, input, output })?,
            }
        }
    }
    Ok(counts)
}
