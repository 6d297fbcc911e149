//! From a model and what its interpreter computed to everything that a proof is made from.

use crate::{Assignment, Commitment, ProveError, Random, Setup, SlotCells, fast::Engine, prove};
use alloy_primitives::B256;
use ark_ff::AdditiveGroup;
use averment_plan::{Model, Trace, WeightId};
use averment_verifier::{
    Registered,
    descriptor::{DeriveError, Derived, Descriptor, Options, Placement, SLOTS},
    field::Fr,
    proof::Proof,
    statement::{Mode, Statement},
};

/// A model whose weights are committed to.
#[derive(Debug)]
pub struct Committed<'a> {
    setup: &'a Setup,
    mode: Mode,
    derived: Derived,
    weights: Vec<Commitment>,
    tables: Vec<Commitment>,
}

/// Inputs that are committed to, before anything is asked of them.
#[derive(Debug)]
pub struct CommittedInputs {
    cells: Vec<Vec<i64>>,
    chunks: Vec<Commitment>,
}

impl<'a> Committed<'a> {
    /// Lays out `model` and commits to its weights; `random` blinds each chunk in zero-knowledge mode.
    pub fn new(
        setup: &'a Setup,
        model: &Model,
        options: Options,
        random: Random<'_>,
    ) -> Result<Self, DeriveError> {
        let plan = model.plan();
        let derived = Descriptor::derive(plan, options)?;
        let layout = &derived.descriptor.layout;
        let mut chunks = Chunks::new(layout.chunk_bits, layout.weights.clone());
        for (place, base) in layout.weight_blocks.iter().enumerate() {
            let cells = model.weights().padded(plan, WeightId(place as u32));
            chunks.write(*base, cells.into_iter().map(i64::from));
        }
        let weights = chunks.commit(setup, options.mode, random);
        let mut chunks = Chunks::new(layout.chunk_bits, layout.tables.clone());
        if let Some((_, base)) = layout.functions {
            chunks.write(base, derived.table_outs.iter().copied());
        }
        let tables = chunks.commit(setup, Mode::Transparent, random);
        Ok(Self { setup, mode: options.mode, derived, weights, tables })
    }

    /// The descriptor.
    pub fn descriptor(&self) -> &Descriptor {
        &self.derived.descriptor
    }

    /// Commits to the inputs of a run.
    pub fn inputs(&self, trace: &Trace, random: Random<'_>) -> CommittedInputs {
        let layout = &self.derived.descriptor.layout;
        let mut chunks = Chunks::new(layout.chunk_bits, layout.inputs.clone());
        let cells: Vec<Vec<i64>> =
            trace.inputs.iter().map(|cells| cells.iter().copied().map(i64::from).collect()).collect();
        for (base, cells) in layout.input_blocks.iter().zip(&cells) {
            chunks.write(*base, cells.iter().copied());
        }
        CommittedInputs { chunks: chunks.commit(self.setup, self.mode, random), cells }
    }

    /// What a verifier has to know beside the statement.
    pub fn registered(&self, descriptor: B256, inputs: &CommittedInputs) -> Registered {
        let points = |commitments: &[Commitment]| commitments.iter().map(|own| own.point).collect();
        Registered {
            descriptor,
            weights: points(&self.weights),
            tables: points(&self.tables),
            inputs: points(&inputs.chunks),
        }
    }

    /// Proves that the run gives the statement's public values.
    pub fn prove(
        &self,
        trace: &Trace,
        inputs: &CommittedInputs,
        registered: &Registered,
        statement: &Statement,
        random: Random<'_>,
    ) -> Result<Proof, ProveError> {
        let slots = self.slots(trace);
        let assignment = self.assignment(inputs, &slots);
        prove(&self.derived.descriptor, self.setup, registered, statement, &assignment, random)
    }

    /// The same on kernels.
    pub fn prove_on(
        &self,
        engine: &Engine,
        trace: &Trace,
        inputs: &CommittedInputs,
        registered: &Registered,
        statement: &Statement,
        random: Random<'_>,
    ) -> Result<Proof, ProveError> {
        let slots = self.slots(trace);
        engine.prove(
            &self.derived.descriptor,
            registered,
            statement,
            &self.assignment(inputs, &slots),
            random,
        )
    }

    fn assignment<'b>(
        &'b self,
        inputs: &'b CommittedInputs,
        slots: &'b [SlotCells; SLOTS],
    ) -> Assignment<'b> {
        Assignment {
            weights: &self.weights,
            tables: &self.tables,
            table_outs: &self.derived.table_outs,
            inputs: &inputs.chunks,
            input_cells: &inputs.cells,
            slots,
        }
    }

    /// hi, lo and out of every step, where the descriptor looks them up. Rows that nothing is placed at hold zeros.
    fn slots(&self, trace: &Trace) -> [SlotCells; SLOTS] {
        let layout = &self.derived.descriptor.layout;
        let area = |base: Option<u64>| base.map(|_| vec![0; 1 << layout.slot_bits]);
        let mut slots = layout.slots.map(|(ins, outs)| SlotCells { ins: area(ins), outs: area(outs) });
        for (place, step) in self.derived.steps.iter().zip(&trace.steps) {
            let (slot, row) = place.high;
            let own = &mut slots[usize::from(slot)];
            write(own.ins.as_mut(), row, step.hi.iter().copied().map(i64::from));
            write(own.outs.as_mut(), row, step.out.iter().copied().map(i64::from));
            for limb in &place.limbs {
                let own = &mut slots[usize::from(limb.slot)];
                write(own.ins.as_mut(), limb.row, Placement::limb(limb, step));
            }
        }
        slots
    }
}

fn write(area: Option<&mut Vec<i64>>, row: u64, cells: impl Iterator<Item = i64>) {
    if let Some(area) = area {
        area[row as usize..].iter_mut().zip(cells).for_each(|(own, cell)| *own = cell);
    }
}

/// The chunks of a role, being filled.
struct Chunks {
    bits: u8,
    first: u64,
    cells: Vec<i64>,
}

impl Chunks {
    fn new(bits: u8, role: std::ops::Range<u32>) -> Self {
        Self { bits, first: u64::from(role.start) << bits, cells: vec![0; role.len() << bits] }
    }

    fn write(&mut self, base: u64, cells: impl Iterator<Item = i64>) {
        write(Some(&mut self.cells), base - self.first, cells);
    }

    fn commit(self, setup: &Setup, mode: Mode, random: Random<'_>) -> Vec<Commitment> {
        let chunk = |cells: &[i64]| {
            let blind = if mode.masked() { random() } else { Fr::ZERO };
            setup.chunk(cells.iter().map(|cell| Fr::from(*cell)).collect(), blind)
        };
        self.cells.chunks(1 << self.bits).map(chunk).collect()
    }
}
