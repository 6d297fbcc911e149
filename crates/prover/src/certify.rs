//! The weights certificate ([8.1]): from a committed model to the proof that its weights and tables are in range, and its
//! padding zero.

use crate::{
    Assignment, Engine, ProveError, Random, SlotCells,
    model::{Committed, weight_blocks},
    reference,
};
use averment_plan::Model;
use averment_verifier::{
    Registered, RegisteredError,
    descriptor::{Certificate, Covered, DeriveError, Descriptor, Limb, ValidDescriptor},
    proof::Proof,
    statement::Statement,
};

/// What a certificate is proved from.
#[derive(Debug)]
pub struct Certifier<'a> {
    committed: &'a Committed<'a>,
    descriptor: ValidDescriptor,
    /// The cells of each part that is looked up as it stands.
    parts: Vec<Vec<i64>>,
    slots: Vec<SlotCells>,
}

impl<'a> Certifier<'a> {
    /// Lays out the certificate of `model`, which is the one that was committed to.
    pub fn new(committed: &'a Committed<'a>, model: &Model) -> Result<Self, DeriveError> {
        let Certificate { descriptor, limbs } = committed.descriptor().certificate(model.plan())?;
        let weights = weight_blocks(model).map(|cells| cells.into_iter().map(i64::from).collect());
        let tables = descriptor.tables.iter().filter(|table| table.function);
        let tables = tables.map(|table| {
            let outs = committed.table_outs().iter().skip(table.row as usize);
            outs.copied().take(1 << table.bits).collect()
        });
        let cells: Vec<Vec<i64>> = weights.chain(tables).collect();
        let (parts, slots) = looked_up(&descriptor, &cells, &limbs);
        Ok(Self { committed, descriptor, parts, slots })
    }

    /// The certificate's descriptor.
    pub fn descriptor(&self) -> &ValidDescriptor {
        &self.descriptor
    }

    /// What a verifier has to know beside the statement.
    pub fn registered(&self) -> Result<Registered, RegisteredError> {
        self.committed.held(&self.descriptor, None)
    }

    /// Proves the certificate. Of weights out of range comes an error, or a proof that does not verify.
    pub fn prove(
        &self,
        engine: &Engine,
        registered: &Registered,
        statement: &Statement,
        random: Random<'_>,
    ) -> Result<Proof, ProveError> {
        engine.prove(&self.descriptor, registered, statement, &self.assignment(), random)
    }

    /// The same by [`mod@reference`].
    pub fn prove_by_definition(
        &self,
        registered: &Registered,
        statement: &Statement,
        random: Random<'_>,
    ) -> Result<Proof, ProveError> {
        let setup = self.committed.setup();
        reference::prove(&self.descriptor, setup, registered, statement, &self.assignment(), random)
    }

    /// What the proof is made from.
    pub fn assignment(&self) -> Assignment<'_> {
        let (weights, tables) = self.committed.chunks();
        Assignment {
            weights,
            tables,
            table_outs: self.committed.table_outs(),
            inputs: &[],
            input_cells: &self.parts,
            slots: &self.slots,
        }
    }
}

/// What a descriptor that covers blocks with these cells looks up: the cells of each part that is looked up as it stands, and the
/// limbs of the blocks that have some, where they lie.
pub(crate) fn looked_up(
    descriptor: &Descriptor,
    cells: &[Vec<i64>],
    limbs: &[Vec<Limb>],
) -> (Vec<Vec<i64>>, Vec<SlotCells>) {
    let covered = descriptor.covered();
    let part = |base: u64, bits: u8| -> Vec<i64> {
        let inside = |block: &&Covered| (block.base..block.base + (1 << block.bits)).contains(&base);
        let found = covered.iter().zip(cells).find(|(block, _)| inside(block));
        found.map_or(Vec::new(), |(block, own)| {
            own.iter().skip((base - block.base) as usize).take(1 << bits).copied().collect()
        })
    };
    let parts = descriptor.lookups.iter().filter_map(|own| Some(part(own.input?, own.bits))).collect();
    let rows = 1 << descriptor.layout.slot_bits;
    let area = |(ins, _): &(Option<u64>, _)| SlotCells { ins: ins.map(|_| vec![0; rows]), outs: None };
    let mut slots: Vec<SlotCells> = descriptor.layout.slots.iter().map(area).collect();
    for ((block, cells), limbs) in covered.iter().zip(cells).zip(limbs) {
        for Limb { slot, row, shift, bits } in limbs {
            let Some(area) = slots[usize::from(*slot)].ins.as_mut() else { continue };
            let limb = |cell: &i64| (cell - block.first()) >> shift & ((1 << bits) - 1);
            area[*row as usize..].iter_mut().zip(cells).for_each(|(own, cell)| *own = limb(cell));
        }
    }
    (parts, slots)
}
