//! How much memory a proof takes, said before it is made.

use super::{Engine, items::Items, rows::Rows, space::Space};
use averment_verifier::descriptor::{Area, Constant, Descriptor};

/// Bytes of a field element in lanes.
const ELEMENT: u64 = 40;
/// Bytes of an integer.
const INTEGER: u64 = 4;
/// Digits and buckets of a sum of points, for each: measured.
const SUM: u64 = 400;
/// The program with its threads, and what is small: measured by `aver prove` of small plans.
const PROGRAM: u64 = 26 << 20;

impl Engine {
    /// About how many bytes a proof for `descriptor` takes at most, with the setup's powers, the committed chunks and the run
    /// that is proved.
    pub fn memory(descriptor: &Descriptor) -> u64 {
        let layout = &descriptor.layout;
        let size = |bits: u8| 1_u64.checked_shl(bits.into()).unwrap_or(u64::MAX);
        let (chunk, slots, tables) =
            (size(layout.chunk_bits), size(layout.slot_bits), size(layout.table_bits));
        let (items, rows) = (Items::of(layout), Rows::of(layout));
        let space = size(Space::bits(layout, items.is_some() || rows.is_some()));
        // Rows stay integers; what they are multiplied by is a vector over a chunk for each side of their products at most, and what
        // they come to lies beside everything else.
        let grams = descriptor.relations.iter().filter(|own| matches!(own.constant, Constant::Gram { .. }));
        let vectors = 2 * grams.count() as u64 * u64::from(layout.vector_chunks().unwrap_or(0));
        let (row_cells, row_vectors) = match rows {
            Some(_) => (layout.inputs.len() as u64 * chunk, vectors * chunk + space),
            None => (0, 0),
        };
        let sides = layout.slots.len() as u64;
        let areas: u64 = (layout.sizes.areas.iter())
            .map(|area| match area {
                Area::Inputs => 0,
                Area::Ranges => 1,
                Area::Functions => 2,
            })
            .sum();
        let registered = [&layout.weights, &layout.tables, &layout.inputs];
        let registered = registered.iter().take(if items.is_some() { 2 } else { 3 });
        let registered: u64 = registered.map(|chunks| chunks.len() as u64).sum();
        let operands: u64 = descriptor.products().map(|product| 2 * size(product.vars)).sum();
        // What stays: powers as they are read and as they are multiplied, chunks, the run, the address space as integers.
        let kept = [
            (72 + 64) * chunk,
            32 * registered * chunk,
            2 * 8 * areas * slots,
            INTEGER * (space + row_cells + 3 * sides * slots + 3 * tables),
            ELEMENT * (slots + tables),
        ];
        // What comes and goes: rows; operands of the main sumcheck, or of the batch evaluation, with R beside them; f and q.
        let passing = [
            24 * (sides * slots + tables),
            ELEMENT * ((sides + 2) * slots + 4 * tables + 2 * operands) + (32 + SUM) * chunk,
            (ELEMENT + ELEMENT / 2 + INTEGER) * space + ELEMENT * row_vectors + (32 + SUM) * chunk,
            (6 * ELEMENT + SUM) * chunk,
        ];
        PROGRAM + kept.iter().sum::<u64>() + passing.iter().max().copied().unwrap_or_default()
    }
}
