//! From a model and what its interpreter computed to everything that a proof is made from.

use crate::{
    Assignment, Commitment, Engine, ProveError, Random, Setup, SlotCells,
    reference::{self, Conduct},
    registered::{CommitError, OpenedInputs, WeightsSecret, trimmed},
};
use alloy_primitives::B256;
use ark_ec::CurveGroup;
use ark_ff::AdditiveGroup;
use averment_kernels::{Backend, Bases};
use averment_plan::{Model, Plan, Schema, Trace, WeightId};
use averment_primitives::Salt;
use averment_verifier::{
    Registered, RegisteredError,
    commitment::{Chunked, InputCommitment, Inputs, WeightsCommitment},
    descriptor::{Blocks, Derived, Descriptor, Options, Placement, ValidDescriptor},
    field::Fr,
    proof::Proof,
    statement::{Mode, Statement},
};
use std::iter::repeat_n;

/// A model whose weights are committed to.
#[derive(Debug)]
pub struct Committed<'a> {
    setup: &'a Setup,
    mode: Mode,
    derived: Derived,
    commitment: WeightsCommitment,
    weights: Vec<Commitment>,
    tables: Vec<Commitment>,
}

/// Inputs that are committed to, before anything is asked of them: together, or each by itself.
#[derive(Debug)]
pub struct CommittedInputs {
    named: Inputs,
    cells: Vec<Vec<i64>>,
    chunks: Vec<Commitment>,
}

impl CommittedInputs {
    /// The commitment to all items, or those to each.
    pub fn named(&self) -> &Inputs {
        &self.named
    }
}

impl<'a> Committed<'a> {
    /// Lays out `model` and commits to its weights; `random` blinds each chunk in zero-knowledge mode.
    pub fn new(
        setup: &'a Setup,
        model: &Model,
        options: Options,
        random: Random<'_>,
    ) -> Result<Self, CommitError> {
        let derived = Descriptor::derive(model.plan(), options)?;
        let layout = &derived.descriptor.layout;
        let mut chunks = Chunks::new(layout.chunk_bits, layout.weights.clone());
        for (base, cells) in layout.weight_blocks.iter().zip(weight_blocks(model)) {
            chunks.write(*base, cells.into_iter().map(i64::from));
        }
        let weights = chunks.commit(setup, options.mode, random);
        let chunked = chunked(setup, layout.chunk_bits, &layout.sizes.weights, &weights)?;
        Ok(Self::with_weights(setup, options.mode, derived, WeightsCommitment::new(chunked), weights))
    }

    /// Commits to the weights of `model` for registration: what is published, and what is kept with them.
    pub fn register(
        setup: &Setup,
        model: &Model,
        options: Options,
        salt: Option<&Salt>,
    ) -> Result<(WeightsCommitment, Option<WeightsSecret>), CommitError> {
        let descriptor = Descriptor::derive(model.plan(), options)?.descriptor;
        let blocks = Blocks::new(descriptor.layout.chunk_bits, descriptor.layout.sizes.weights.clone())?;
        WeightsSecret::commit(setup, &blocks, weight_blocks(model), salt)
    }

    /// A model whose weights were registered under `commitment`. No points of weights are computed: see
    /// [`WeightsSecret::chunks`].
    pub fn open(
        setup: &'a Setup,
        model: &Model,
        options: Options,
        commitment: &WeightsCommitment,
        salt: Option<&Salt>,
    ) -> Result<Self, CommitError> {
        let derived = Descriptor::derive(model.plan(), options)?;
        let layout = &derived.descriptor.layout;
        let blocks = Blocks::new(layout.chunk_bits, layout.sizes.weights.clone())?;
        let weights = WeightsSecret::chunks(commitment, setup, &blocks, weight_blocks(model), salt)?;
        Ok(Self::with_weights(setup, options.mode, derived, commitment.clone(), weights))
    }

    fn with_weights(
        setup: &'a Setup,
        mode: Mode,
        derived: Derived,
        commitment: WeightsCommitment,
        weights: Vec<Commitment>,
    ) -> Self {
        let tables = tables(setup, &derived);
        Self { setup, mode, derived, commitment, weights, tables }
    }

    /// The descriptor.
    pub fn descriptor(&self) -> &ValidDescriptor {
        &self.derived.descriptor
    }

    /// The commitment to the weights.
    pub fn commitment(&self) -> &WeightsCommitment {
        &self.commitment
    }

    /// What a statement about a run says in public: see [`Derived::public_values`].
    pub fn public_values(&self, plan: &Plan, trace: &Trace) -> Vec<i64> {
        self.derived.public_values(plan, trace)
    }

    /// The setup.
    pub(crate) fn setup(&self) -> &Setup {
        self.setup
    }

    /// The chunks of weights and of tables.
    pub(crate) fn chunks(&self) -> (&[Commitment], &[Commitment]) {
        (&self.weights, &self.tables)
    }

    /// `out` of the function tables, row by row.
    pub(crate) fn table_outs(&self) -> &[i64] {
        &self.derived.table_outs
    }

    /// Commits to the inputs of a run of `items` items ([`run`](crate::registered::run)), under the schema with this digest: together or each by
    /// itself, as the descriptor has it. `random` blinds each chunk in zero-knowledge mode.
    ///
    /// # Panics
    /// If the run is of a smaller batch than the descriptor's.
    pub fn inputs(
        &self,
        trace: &Trace,
        items: usize,
        schema: B256,
        random: Random<'_>,
    ) -> Result<CommittedInputs, CommitError> {
        let layout = &self.derived.descriptor.layout;
        let blocks = Blocks::new(layout.chunk_bits, layout.sizes.inputs.clone())?;
        let (count, each) = if layout.sizes.item_bits > 0 { (items, 1) } else { (1, items) };
        let each = u32::try_from(each).unwrap_or(u32::MAX);
        self.room(count)?;
        let (mut commitments, mut all) = (Vec::new(), Vec::new());
        for place in 0..count {
            let mut chunks = Chunks::new(layout.chunk_bits, 0..blocks.chunks());
            for ((base, bits), cells) in blocks.bases().iter().zip(blocks.sizes()).zip(&trace.inputs) {
                let own = &cells[place << bits..][..1 << bits];
                chunks.write(*base, own.iter().copied().map(i64::from));
            }
            let chunks = chunks.commit(self.setup, self.mode, random);
            let chunked = chunked(self.setup, layout.chunk_bits, blocks.sizes(), &chunks)?;
            commitments.push(InputCommitment::new(schema, each, chunked)?);
            all.push(chunks);
        }
        let named = Inputs::new(commitments)?;
        let cells = trace.inputs.iter().map(|cells| cells.iter().copied().map(i64::from).collect()).collect();
        Ok(CommittedInputs { named, cells, chunks: self.filled(all)? })
    }

    /// Inputs that were committed to before, under a schema whose inputs are the plan's.
    pub fn open_inputs(
        &self,
        plan: &Plan,
        schema: &Schema,
        opened: &OpenedInputs,
    ) -> Result<CommittedInputs, CommitError> {
        schema.check_plan(plan)?;
        let layout = &self.derived.descriptor.layout;
        if schema.chunk_bits() != layout.chunk_bits {
            return Err(CommitError::Other { what: "a chunk size" });
        }
        let missing = self.room(opened.named().commitments().len())?;
        let mut all = Vec::new();
        for (commitment, opening) in opened.each() {
            if commitment.chunked().blocks().sizes() != layout.sizes.inputs {
                return Err(CommitError::Other { what: "a batch" });
            }
            all.push(opening.chunks(commitment, self.setup, schema)?);
        }
        let last = opened.each().last().into_iter();
        let mut cells = vec![Vec::new(); plan.inputs().len()];
        for (_, opening) in opened.each().chain(last.cycle().take(missing)) {
            for ((input, own), values) in cells.iter_mut().enumerate().zip(opening.tensors()) {
                own.extend(schema.padded(input, values).into_iter().map(i64::from));
            }
        }
        Ok(CommittedInputs { named: opened.named().clone(), cells, chunks: self.filled(all)? })
    }

    /// For how many commitments there is room beside so many.
    fn room(&self, got: usize) -> Result<usize, CommitError> {
        let most = 1_usize << self.derived.descriptor.layout.sizes.item_bits;
        most.checked_sub(got).ok_or(CommitError::Items { most, got })
    }

    /// The role's chunks: the last item's again for each that is missing of a batch with separate commitments.
    fn filled(&self, items: Vec<Vec<Commitment>>) -> Result<Vec<Commitment>, CommitError> {
        let padding = repeat_n(items.last().cloned().unwrap_or_default(), self.room(items.len())?);
        Ok(items.into_iter().chain(padding).flatten().collect())
    }

    /// What a verifier has to know beside the statement.
    pub fn registered(&self, inputs: &CommittedInputs) -> Result<Registered, RegisteredError> {
        self.held(&self.derived.descriptor, Some(&inputs.named))
    }

    /// Weights, tables and these inputs, held against a descriptor.
    pub(crate) fn held(
        &self,
        descriptor: &ValidDescriptor,
        inputs: Option<&Inputs>,
    ) -> Result<Registered, RegisteredError> {
        let tables: Vec<_> = self.tables.iter().map(|own| own.point).collect();
        Registered::new(descriptor, &self.commitment, &tables, inputs)
    }

    /// Proves that the run gives the statement's public values.
    pub fn prove(
        &self,
        engine: &Engine,
        trace: &Trace,
        inputs: &CommittedInputs,
        registered: &Registered,
        statement: &Statement,
        random: Random<'_>,
    ) -> Result<Proof, ProveError> {
        let slots = self.slots(trace);
        let assignment = self.assignment(inputs, &slots);
        engine.prove(&self.derived.descriptor, registered, statement, &assignment, random)
    }

    /// The same proof by the definition ([`mod@reference`]): slow, and for comparison.
    pub fn prove_by_definition(
        &self,
        trace: &Trace,
        inputs: &CommittedInputs,
        registered: &Registered,
        statement: &Statement,
        random: Random<'_>,
    ) -> Result<Proof, ProveError> {
        let slots = self.slots(trace);
        let assignment = self.assignment(inputs, &slots);
        let descriptor = &self.derived.descriptor;
        reference::prove(descriptor, self.setup, registered, statement, &assignment, random)
    }

    /// The same by a prover of other conduct, for tests that attack the verifier.
    pub fn prove_as(
        &self,
        conduct: &mut impl Conduct,
        trace: &Trace,
        inputs: &CommittedInputs,
        registered: &Registered,
        statement: &Statement,
        random: Random<'_>,
    ) -> Result<Proof, ProveError> {
        let mut slots = self.slots(trace);
        conduct.lookups(&mut slots);
        let assignment = self.assignment(inputs, &slots);
        let descriptor = &self.derived.descriptor;
        reference::prove_as(conduct, descriptor, self.setup, registered, statement, &assignment, random)
    }

    fn assignment<'b>(&'b self, inputs: &'b CommittedInputs, slots: &'b [SlotCells]) -> Assignment<'b> {
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
    fn slots(&self, trace: &Trace) -> Vec<SlotCells> {
        let layout = &self.derived.descriptor.layout;
        let area = |base: Option<u64>| base.map(|_| vec![0; 1 << layout.slot_bits]);
        let areas = layout.slots.iter().map(|(ins, outs)| SlotCells { ins: area(*ins), outs: area(*outs) });
        let mut slots: Vec<SlotCells> = areas.collect();
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
        for limb in &self.derived.margin {
            let own = &mut slots[usize::from(limb.slot)];
            // A margin of a run is never negative.
            let cells = trace.margins.iter().map(|margin| limb.of(margin.cast_unsigned()));
            write(own.ins.as_mut(), limb.row, cells);
        }
        slots
    }
}

/// Commits to the function tables that a descriptor was derived with. They are the plan's, and as public as it is:
/// whoever verifies computes these points and need not believe them.
///
/// # Panics
/// If the setup is too small for the descriptor's chunks ([`Setup::serves`]).
pub fn tables(setup: &Setup, derived: &Derived) -> Vec<Commitment> {
    let layout = &derived.descriptor.layout;
    let mut chunks = Chunks::new(layout.chunk_bits, layout.tables.clone());
    if let Some((_, base)) = layout.functions {
        chunks.write(base, derived.table_outs.iter().copied());
    }
    chunks.commit(setup, Mode::Transparent, &mut || Fr::ZERO)
}

/// Chunks as what is published of them.
fn chunked(setup: &Setup, bits: u8, sizes: &[u8], chunks: &[Commitment]) -> Result<Chunked, CommitError> {
    let points = chunks.iter().map(|own| own.point).collect();
    Ok(Chunked::new(setup.digest(), Blocks::new(bits, sizes.to_vec())?, points)?)
}

/// The weight tensors in padded layout, in order.
pub(crate) fn weight_blocks(model: &Model) -> impl Iterator<Item = Vec<i32>> {
    let count = u32::try_from(model.plan().weights().len()).unwrap_or(u32::MAX);
    (0..count).map(|weight| model.weights().padded(model.plan(), WeightId(weight)))
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
        let (powers, top) = setup.powers().split_at(1 << self.bits);
        let chunks = || self.cells.chunks(1 << self.bits).map(trimmed);
        let longest = chunks().map(<[i64]>::len).max().unwrap_or(0);
        let bases = Bases::new(Backend::best(), &powers[..longest]);
        let chunk = |cells: &[i64]| {
            let blind = if mode.masked() { random() } else { Fr::ZERO };
            let point = (bases.msm_i64(cells) + top[0] * blind).into_affine();
            Commitment { cells: cells.iter().map(|cell| Fr::from(*cell)).collect(), blind, point }
        };
        chunks().map(chunk).collect()
    }
}
