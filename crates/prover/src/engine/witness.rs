//! The witness as columns and commitments: lookups, multiplicities, masks, fractions ([9.2] (2) and (3)).

use super::{
    Engine,
    space::{self, Space},
};
use crate::{
    Assignment, ProveError, Random, SlotCells, assignment,
    lookups::{self, Row},
    masks::Mask,
};
use ark_bn254::G1Affine;
use ark_ec::CurveGroup;
use ark_ff::{AdditiveGroup, Field};
use averment_kernels::FieldVec;
use averment_verifier::{
    claims,
    descriptor::Descriptor,
    field::{self, Fr},
};
use std::ops::Range;

/// A proof in the making.
pub(super) struct Run<'a> {
    pub engine: &'a Engine,
    pub descriptor: &'a Descriptor,
    assignment: &'a Assignment<'a>,
    pub space: Space,
    /// `in`, `out` and tag of each slot, and of the tables.
    slots: Vec<Columns>,
    table: Columns,
    counts: Vec<i32>,
}

/// Integer columns of lookups.
#[derive(Debug, Default)]
struct Columns {
    ins: Vec<i32>,
    outs: Vec<i32>,
    tags: Vec<i32>,
}

/// What the main sumcheck works on.
pub(super) struct Sides {
    pub slots: Vec<FieldVec>,
    pub helper: FieldVec,
    pub table: FieldVec,
    pub fractions: FieldVec,
}

impl<'a> Run<'a> {
    pub fn new(
        engine: &'a Engine,
        descriptor: &'a Descriptor,
        assignment: &'a Assignment<'a>,
    ) -> Result<Self, ProveError> {
        let layout = &descriptor.layout;
        let mut space = Space::new(engine.backend, layout);
        let registered = assignment.weights.iter().chain(assignment.tables).chain(assignment.inputs);
        for (chunk, commitment) in layout.chunks().zip(registered) {
            let cells = commitment.cells.iter().map(|cell| space::small(cell).unwrap_or(0));
            space.write(u64::from(chunk) << layout.chunk_bits, cells);
        }
        let rows = lookups::table_rows(&descriptor.tables, layout.table_bits, assignment.table_outs);
        let slot_rows = assignment::slot_rows(descriptor, assignment);
        let counts = lookups::multiplicities(descriptor, &rows, &slot_rows)?;
        let counts: Vec<i32> =
            counts.into_iter().map(|count| i32::try_from(count).unwrap_or(i32::MAX)).collect();
        space.write(layout.multiplicities, counts.iter().copied());
        for ((input, output), SlotCells { ins, outs }) in layout.slots.iter().zip(assignment.slots) {
            for (base, cells) in [(input, ins), (output, outs)] {
                if let (Some(base), Some(cells)) = (base, cells) {
                    space.write(*base, cells.iter().map(|cell| narrow(*cell)));
                }
            }
        }
        let columns = |rows: &[Row]| Columns {
            ins: rows.iter().map(|row| narrow(row.input)).collect(),
            outs: rows.iter().map(|row| narrow(row.output)).collect(),
            tags: rows.iter().map(|row| narrow(row.tag.into())).collect(),
        };
        let (slots, table) = (slot_rows.iter().map(|rows| columns(rows)).collect(), columns(&rows));
        Ok(Self { engine, descriptor, assignment, space, slots, table, counts })
    }

    /// Draws mask cells; the main sumcheck's mask is among them.
    pub fn masks(&mut self, random: Random<'_>) -> Option<Mask> {
        let (base, bits) = self.descriptor.layout.masks?;
        let cells: Vec<Fr> = (0..1_u64 << bits).map(|_| random()).collect();
        let polynomial =
            claims::mask_weights(self.descriptor, &vec![Fr::ZERO; self.descriptor.variables() + 1]);
        let coefficients: Vec<Fr> =
            polynomial.iter().map(|(_, cell)| cells[(cell - base) as usize]).collect();
        self.space.block(base, FieldVec::new(self.engine.backend, &cells));
        Some(Mask::new(&coefficients, &self.descriptor.degrees(true)))
    }

    /// Commits to chunks; each point with its blind.
    pub fn commit(&self, chunks: Range<u32>, masked: bool, random: Random<'_>) -> Vec<(G1Affine, Fr)> {
        let size = 1 << self.descriptor.layout.chunk_bits;
        chunks
            .map(|chunk| {
                let blind = if masked { random() } else { Fr::ZERO };
                (self.space.commit(&self.engine.bases, chunk, size, blind).into_affine(), blind)
            })
            .collect()
    }

    /// The second message: h and g.
    pub fn fractions(&mut self, beta: Fr, gamma: Fr) -> Sides {
        let backend = self.engine.backend;
        let side = |columns: &Columns| {
            let terms = [
                (Fr::ONE, columns.ins.as_slice()),
                (beta, columns.outs.as_slice()),
                (beta * beta, columns.tags.as_slice()),
            ];
            FieldVec::affine(backend, columns.ins.len(), gamma, &terms)
        };
        let slots: Vec<FieldVec> = self.slots.iter().map(side).collect();
        let helper = FieldVec::sum_of_inverses(&slots);
        let table = side(&self.table);
        let mut fractions = table.clone();
        fractions.invert();
        fractions.multiply(&FieldVec::from_i32(backend, &self.counts));
        let layout = &self.descriptor.layout;
        self.space.block(layout.helper, helper.clone());
        self.space.block(layout.fractions, fractions.clone());
        Sides { slots, helper, table, fractions }
    }

    /// `Σ eq(high, chunk) · blind`.
    pub fn combine_blinds(
        &self,
        high: &[Fr],
        witness1: &[(G1Affine, Fr)],
        witness2: &[(G1Affine, Fr)],
    ) -> Fr {
        let Assignment { weights, tables, inputs, .. } = self.assignment;
        let registered = weights.iter().chain(*tables).chain(*inputs).map(|own| own.blind);
        let blinds = registered.chain(witness1.iter().chain(witness2).map(|(_, blind)| *blind));
        let chunks = self.descriptor.layout.chunks();
        chunks.zip(blinds).map(|(chunk, blind)| field::eq_index(high, chunk.into()) * blind).sum()
    }
}

fn narrow(value: i64) -> i32 {
    // What a plan's cells are has 24 bits at most; anything else is not in any table, and was refused.
    i32::try_from(value).unwrap_or(i32::MAX)
}
