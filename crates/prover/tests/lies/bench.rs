//! A model, a run of it, and proofs of things that did not happen.

use super::{
    Liar, Manner,
    witness::{Claim, Completed, Force, Witness},
};
use alloy_primitives::B256;
use averment_kernels::Backend;
use averment_plan::{Model, OutputKind, Trace, WeightId, Weights};
use averment_prover::{
    Engine, Setup,
    model::{Committed, CommittedInputs},
    registered,
};
use averment_verifier::{
    Key, Registered, VerifyError,
    descriptor::{Commitments, Derived, Descriptor, Options, ValidDescriptor},
    field::{self, Fr},
    point::G1Affine,
    proof::Proof,
    statement::{Mode, Statement},
    verify,
};

/// The digest of the inputs' schema.
const SCHEMA: B256 = B256::repeat_byte(7);

/// What is false.
#[derive(Debug, Clone, Copy, Default)]
pub enum Falsehood {
    /// Nothing.
    #[default]
    None,
    /// A cell of a relation's result.
    Cell(Force),
    /// A lookup row outside of all blocks holds something.
    Padding,
    /// Multiplicities: these are added to the first rows of the table space that have any.
    Counts(&'static [i64]),
    /// The weights: the first cell of this tensor is another than was registered.
    Weight(usize),
    /// The inputs are others than were committed to.
    Input,
    /// An input that was committed to is out of its range.
    Range,
    /// A public value, this place of them: another bit or class, if that is what it is.
    Public(usize),
    /// A class, with margins that are as good as they can be.
    Class(Claim),
}

/// A model, a run, and what a verifier knows of both.
pub struct Bench {
    pub model: Model,
    pub derived: Derived,
    pub setup: Setup,
    pub mode: Mode,
    options: Options,
    /// How many of the run's items are real.
    items: usize,
    pub trace: Trace,
    pub registered: Registered,
    pub statement: Statement,
}

/// What a prover hands over.
#[derive(Debug, Clone)]
pub struct Claimed {
    pub registered: Registered,
    pub statement: Statement,
    pub proof: Proof,
}

fn random(seed: u64) -> impl FnMut() -> Fr {
    let mut number = seed << 32;
    move || {
        number += 1;
        field::reduced(&alloy_primitives::keccak256(number.to_be_bytes()))
    }
}

/// A run on the inputs that follow from a seed.
fn run(model: &Model, options: &Options, items: usize, seed: u64) -> Trace {
    let inputs = crate::cases::random_inputs(model, items, seed);
    registered::run(model, &inputs, items, options).unwrap()
}

impl Bench {
    pub fn new(model: Model, mode: Mode) -> Self {
        Self::with_inputs(model, mode, 5)
    }

    /// Of a run on the inputs that follow from this seed. Weights and randomness are the same for all of them.
    pub fn with_inputs(model: Model, mode: Mode, seed: u64) -> Self {
        Self::in_chunks(model, mode, seed, None)
    }

    /// The same in chunks of `2^chunk_bits` cells.
    pub fn in_chunks(model: Model, mode: Mode, seed: u64, chunk_bits: Option<u8>) -> Self {
        Self::of(model, Options { mode, chunk_bits, ..Options::default() }, 1, seed)
    }

    /// Of a batch of three items, each with a commitment of its own.
    pub fn separate(model: Model, mode: Mode) -> Self {
        let commitments = Commitments::Each;
        Self::of(model, Options { mode, batch_bits: 2, commitments, ..Options::default() }, 3, 5)
    }

    /// Of a run on so many items.
    pub fn of(model: Model, options: Options, items: usize, seed: u64) -> Self {
        let mode = options.mode;
        let trace = run(&model, &options, items, seed);
        let derived = Descriptor::derive(model.plan(), options).unwrap();
        let setup = Setup::development(derived.descriptor.layout.chunk_bits);
        let public = derived.public_values(model.plan(), &trace);
        let committed = Committed::new(&setup, &model, options, &mut random(1)).unwrap();
        let inputs = committed.inputs(&trace, items, SCHEMA, &mut random(2)).unwrap();
        let registered = committed.registered(&inputs).unwrap();
        let statement = Statement { mode, public, chain_id: 31_337, ..registered.statement() };
        drop(committed);
        let options = Options { chunk_bits: Some(derived.descriptor.layout.chunk_bits), ..options };
        Self { model, derived, setup, mode, options, items, trace, registered, statement }
    }

    pub fn descriptor(&self) -> &ValidDescriptor {
        &self.derived.descriptor
    }

    /// What the run looks up.
    pub fn slots(&self) -> Vec<averment_prover::SlotCells> {
        self.witness(&self.model, &self.trace).complete(None).unwrap().slots
    }

    /// An honest proof from the kernels' prover with the operating system's randomness.
    pub fn fresh(&self) -> Proof {
        let committed = self.committed(&self.model);
        let inputs = committed.inputs(&self.trace, self.items, SCHEMA, &mut random(2)).unwrap();
        let engine = Engine::on(Backend::best(), &self.setup, self.descriptor().layout.chunk_bits).unwrap();
        let mut secret = averment_prover::random::secret().unwrap();
        committed
            .prove(&engine, &self.trace, &inputs, &self.registered, &self.statement, &mut secret)
            .unwrap()
    }

    fn committed(&self, model: &Model) -> Committed<'_> {
        Committed::new(&self.setup, model, self.options, &mut random(1)).unwrap()
    }

    /// The prover's best try; none if there is nothing of the kind to be false.
    pub fn prove(&self, falsehood: Falsehood, manner: Manner) -> Option<Claimed> {
        let descriptor = self.descriptor();
        let mut liar = Liar { manner, ..Liar::default() };
        let (mut statement, mut registered) = (self.statement.clone(), self.registered.clone());
        let mut trace = self.trace.clone();
        let mut other = None;
        let (mut force, mut claim) = (None, None);
        match falsehood {
            Falsehood::None => {}
            Falsehood::Cell(cell) => force = Some(cell),
            Falsehood::Weight(tensor) => other = Some(self.with_weight(tensor)?),
            Falsehood::Input => trace = self.other_run(),
            Falsehood::Range => {
                let input = &self.model.plan().inputs()[0];
                trace.inputs[0][0] = i32::try_from(input.range().high).unwrap() + 1;
            }
            Falsehood::Public(place) => self.spoil(statement.public.get_mut(place)?),
            Falsehood::Class(own) => claim = Some(own),
            Falsehood::Counts(add) => {
                liar.counts = self.looked_up().into_iter().zip(add.iter().copied()).collect()
            }
            Falsehood::Padding => {}
        }
        let model = other.as_ref().unwrap_or(&self.model);
        let committed = self.committed(model);
        let inputs: CommittedInputs = committed.inputs(&trace, self.items, SCHEMA, &mut random(2)).unwrap();
        if matches!(falsehood, Falsehood::Range) {
            registered = committed.registered(&inputs).unwrap();
            statement.inputs = registered.inputs();
        }
        let completed = self.witness(model, &trace).claiming(claim).complete(force)?;
        let stated = self.stated(&completed);
        let mut slots = completed.slots;
        if matches!(falsehood, Falsehood::Padding) {
            let used = |slot: usize, row: usize| {
                let mut own = descriptor.lookups.iter().filter(|block| usize::from(block.slot) == slot);
                own.any(|block| row as u64 >> block.bits == block.row >> block.bits)
            };
            let free = slots.iter_mut().enumerate().find_map(|(slot, own)| {
                let cells = own.ins.as_mut()?.iter_mut().enumerate();
                cells.filter(|(row, _)| !used(slot, *row)).map(|(_, cell)| cell).next_back()
            });
            *free? = 1;
        }
        liar.slots = Some(slots);
        // What the run gives is what is claimed, unless that is the lie.
        if !matches!(falsehood, Falsehood::Public(_)) {
            statement.public = stated;
        }
        let proof =
            committed.prove_as(&mut liar, &trace, &inputs, &registered, &statement, &mut random(3)).unwrap();
        Some(Claimed { registered, statement, proof })
    }

    /// The last step's `out`, as the slots have it, or what is decided over it.
    fn stated(&self, completed: &Completed) -> Vec<i64> {
        if self.model.plan().output().kind == OutputKind::Argmax {
            return completed.decided.clone();
        }
        let (slot, row) = self.derived.steps.last().unwrap().high;
        let outs = completed.slots[usize::from(slot)].outs.as_ref().unwrap();
        outs[row as usize..][..self.statement.public.len()].to_vec()
    }

    /// Another value that a statement may have.
    pub fn spoil(&self, value: &mut i64) {
        let plan = self.model.plan();
        let below = match &plan.output().kind {
            OutputKind::Values => i64::MAX,
            OutputKind::Argmax => plan.step_of(plan.output().tensor).unwrap().shape.cells() as i64,
            OutputKind::Threshold(_) => 2,
        };
        *value = (*value + 1) % below;
    }

    /// An honest proof, but for a word that the transcript hears as another.
    pub fn misheard(&self, place: usize, change: fn(B256) -> B256) -> Proof {
        self.hearing(Liar { heard: Some((place, change)), ..Liar::default() })
    }

    /// An honest proof, but for a point more that the transcript hears before a word.
    pub fn overheard(&self, place: usize) -> Proof {
        self.hearing(Liar { overheard: Some(place), ..Liar::default() })
    }

    fn hearing(&self, mut liar: Liar) -> Proof {
        let committed = self.committed(&self.model);
        let inputs = committed.inputs(&self.trace, self.items, SCHEMA, &mut random(2)).unwrap();
        let (registered, statement) = (&self.registered, &self.statement);
        committed.prove_as(&mut liar, &self.trace, &inputs, registered, statement, &mut random(3)).unwrap()
    }

    /// An honest proof of a statement that is changed before.
    pub fn stating(&self, change: fn(&mut Statement), any_mode: bool) -> Claimed {
        let mut liar = Liar { any_mode, ..Liar::default() };
        let committed = self.committed(&self.model);
        let inputs = committed.inputs(&self.trace, self.items, SCHEMA, &mut random(2)).unwrap();
        let (registered, mut statement) = (self.registered.clone(), self.statement.clone());
        change(&mut statement);
        let proof = committed
            .prove_as(&mut liar, &self.trace, &inputs, &registered, &statement, &mut random(3))
            .unwrap();
        Claimed { registered, statement, proof }
    }

    /// What the verifier has of the setup.
    pub fn key(&self) -> Key {
        Key { setup: self.setup.digest(), tau: self.setup.tau() }
    }

    /// The registered points.
    pub fn points(&self) -> Vec<G1Affine> {
        self.registered.points().copied().collect()
    }

    pub fn verify(&self, claimed: &Claimed) -> Result<(), VerifyError> {
        verify(self.descriptor(), &self.key(), &claimed.registered, &claimed.statement, &claimed.proof)
    }

    fn witness(&self, model: &Model, trace: &Trace) -> Witness<'_> {
        let layout = &self.descriptor().layout;
        let mut witness = Witness::new(self.descriptor(), &self.derived.table_outs);
        for (place, base) in layout.weight_blocks.iter().enumerate() {
            let cells = model.weights().padded(model.plan(), WeightId(place as u32));
            witness.write(*base, cells.into_iter().map(i64::from));
        }
        let items = 1 << layout.sizes.item_bits;
        let stride = ((layout.inputs.len() / items) as u64) << layout.chunk_bits;
        for (base, cells) in layout.input_blocks.iter().zip(&trace.inputs) {
            for (item, cells) in cells.chunks(cells.len() / items).enumerate() {
                witness.write(base + item as u64 * stride, cells.iter().copied().map(i64::from));
            }
        }
        witness
    }

    /// The model with the first cell of a weight tensor moved by one.
    fn with_weight(&self, tensor: usize) -> Option<Model> {
        let plan = self.model.plan();
        let mut tensors: Vec<Vec<i32>> = (0..plan.weights().len())
            .map(|own| self.model.weights().tensor(WeightId(own as u32)).to_vec())
            .collect();
        let cell = tensors.get_mut(tensor)?.first_mut()?;
        *cell += if *cell > 0 { -1 } else { 1 };
        Model::new(plan.clone(), Weights::new(plan, tensors).unwrap()).ok()
    }

    /// A run on other inputs.
    fn other_run(&self) -> Trace {
        run(&self.model, &self.options, self.items, 6)
    }

    /// Rows of the table space that are looked up, the padding's row first.
    fn looked_up(&self) -> Vec<usize> {
        let descriptor = self.descriptor();
        let used = descriptor.tables.iter().map(|table| (table.row, table.row + (1 << table.bits)));
        let used: Vec<(u64, u64)> = used.collect();
        let free = (0..1_u64 << descriptor.layout.table_bits)
            .find(|row| !used.iter().any(|(first, end)| (*first..*end).contains(row)));
        free.into_iter().chain(used.iter().map(|(first, _)| *first)).map(|row| row as usize).collect()
    }
}
