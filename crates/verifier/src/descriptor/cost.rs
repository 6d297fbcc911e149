//! What a layout costs, to choose among those that a plan can have.
//!
//! Longer chunks are fewer, and a chunk costs whoever verifies a multiplication of a point, and 64 bytes if it travels in the
//! proof; but the opening costs the prover three multi-scalar multiplications as long as a chunk. Narrow limbs make small
//! tables and more rows to look up. Both sides are added up in microseconds of one core with AVX-512 IFMA (the
//! measurements are in docs/benchmarks.md). What gas is worth is a choice: at 7 µs a unit a chunk weighs 46 ms, and
//! models of 10^3 to 10^6 parameters come out with 5 to 12 chunks.

use super::{Descriptor, Layout};

/// Microseconds for each cell of a chunk: q, T and R in full width, and the passes over f. Since R is random in sixteen rows only it is
/// less, but plans that are registered were laid out by this, and would else come out with other chunks.
const OPENING: u64 = 35;
/// For each row of the slots: h in full width, its inversions and sumcheck; and for each slot of these its denominator and small
/// integers.
const SLOT_ROW: u64 = 14;
const SLOT_CELL: u64 = 2;
/// For each row of the tables: g, likewise.
const TABLE_ROW: u64 = 17;
/// The unit of these: tenths of a microsecond.
const TENTHS: u64 = 10;

/// Microseconds that a unit of gas is worth, in tenths.
const GAS: u64 = 70;
/// Gas of a chunk, and of its 64 bytes in a proof.
const CHUNK: u64 = 6_600;
const POINT: u64 = 1_000;
/// Gas of a round, of each coefficient that it sends, and of an operand.
const ROUND: u64 = 600;
const COEFFICIENT: u64 = 600;
const OPERAND: u64 = 1_300;
/// Gas of a lookup block, of a relation and of each of its terms: counted where the choice is among limbs. (What plans are laid out by
/// leaves them out: registered versions would else have other layouts.)
const LOOKUP: u64 = 600;
const RELATION: u64 = 700;
const TERM: u64 = 1_700;

/// The same with what lookups and relations cost whoever verifies.
pub fn cost_of_all(draft: &Descriptor, layout: &Layout) -> u64 {
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let terms = draft.relations.iter().map(|own| own.terms.len()).sum::<usize>();
    let parts = [(LOOKUP, draft.lookups.len()), (RELATION, draft.relations.len()), (TERM, terms)];
    let gas = parts
        .iter()
        .fold(0_u64, |sum, (each, number)| sum.saturating_add(each.saturating_mul(count(*number))));
    cost(draft, layout).saturating_add(gas.saturating_mul(GAS) / TENTHS)
}

/// The cost of proving and verifying with this layout, whose relations are those of `draft`.
pub fn cost(draft: &Descriptor, layout: &Layout) -> u64 {
    let cells = |bits: u8| 1_u64.checked_shl(bits.into()).unwrap_or(u64::MAX);
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let slot_row = SLOT_ROW.saturating_add(SLOT_CELL.saturating_mul(count(layout.slots.len())));
    let prover = [(OPENING, layout.chunk_bits), (slot_row, layout.slot_bits), (TABLE_ROW, layout.table_bits)];
    let prover =
        prover.iter().fold(0_u64, |sum, (each, bits)| sum.saturating_add(each.saturating_mul(cells(*bits))));
    let sent = count(layout.witness1.len()).saturating_add(count(layout.witness2.len()));
    let rounds = draft.degrees(layout.masks.is_some());
    let coefficients = rounds.iter().sum::<usize>().saturating_add(layout.address_bits().saturating_mul(2));
    let gas = [
        (CHUNK, count(layout.chunks().count())),
        (POINT, sent),
        (ROUND, count(rounds.len().saturating_add(layout.address_bits()))),
        (COEFFICIENT, count(coefficients)),
        (OPERAND, count(draft.operands())),
    ];
    let gas = gas.iter().fold(0_u64, |sum, (each, number)| sum.saturating_add(each.saturating_mul(*number)));
    prover.saturating_add(gas.saturating_mul(GAS)) / TENTHS
}
