//! Tasks to prove things about.

#![allow(dead_code, reason = "each test file uses some of these")]

use crate::cases::*;
use alloy_primitives::{Address, B256};
use ark_ff::Field;
use averment_plan::*;
use averment_primitives::Salt;
use averment_prover::{
    Assignment, ProveError, Setup,
    federated::{RoundVectors, RoundWitness, UpdateWitness, Vector, aggregate, triangle},
    reference::{self, Conduct, Honest},
};
use averment_verifier::{
    Key, Registered,
    commitment::{Chunked, WeightsCommitment},
    descriptor::{Descriptor, Options},
    federated::{About, RoundCommitments, RoundDescriptor, TaskShape, UpdateDescriptor},
    field::Fr,
    point::G1Affine,
    proof::Proof,
    statement::{Mode, Statement},
};

pub fn uniform(seed: u64) -> impl FnMut() -> Fr {
    let mut numbers = Numbers(seed);
    move || averment_verifier::field::reduced(&alloy_primitives::keccak256(numbers.next().to_be_bytes()))
}

/// A task, and where its commitments are made.
pub struct Task {
    pub plan: Plan,
    pub chunk_bits: u8,
    pub shape: TaskShape,
    pub setup: Setup,
}

impl Task {
    fn new(model: &Model, update_bits: Vec<u8>, exponents: Vec<u8>) -> Self {
        let derived = Descriptor::derive(model.plan(), Options::default()).unwrap();
        Self::in_chunks(model.plan(), derived.descriptor.layout.chunk_bits, update_bits, exponents)
    }

    fn in_chunks(plan: &Plan, chunk_bits: u8, update_bits: Vec<u8>, exponents: Vec<u8>) -> Self {
        let plan = plan.clone();
        let shape = TaskShape::new(&plan, chunk_bits, update_bits, exponents).unwrap();
        Self { plan, chunk_bits, shape, setup: Setup::development(chunk_bits) }
    }

    /// Weights of 4 bits, biases of 6; updates of 4 and 5, all looked up as they stand.
    pub fn narrow() -> Self {
        let (draft, weights) = perceptron();
        Self::new(&model(draft, weights), vec![4, 5, 4, 5], vec![3, 0, 2, 0])
    }

    /// The same with biases of 24 bits, whose updates have 22 and take limbs.
    pub fn wide() -> Self {
        let (mut draft, weights) = perceptron();
        for place in [1, 3] {
            draft.weights[place].bits = 24;
        }
        Self::new(&model(draft, weights), vec![4, 22, 3, 22], vec![9, 0, 6, 1])
    }

    /// A vector of three chunks, beside which one stays empty; a block as long as a chunk.
    pub fn three_chunks() -> Self {
        let (mut draft, _) = perceptron();
        draft.weights[0].shape = shape(&[9, 3]);
        draft.weights[1].shape = shape(&[9]);
        draft.weights[2].shape = shape(&[3, 9]);
        draft.weights[3].shape = shape(&[3]);
        draft.steps[0] = step(&[9], dense(0, 3, 0, 1), 2, 0);
        draft.steps[1] = step(&[3], dense(1, 9, 2, 3), 3, 1);
        draft.output.labels = Vec::new();
        let own = Self::in_chunks(&Plan::new(draft).unwrap(), 6, vec![4, 5, 4, 5], vec![3, 0, 2, 0]);
        assert_eq!(own.shape.blocks().chunks(), 3);
        own
    }

    /// 60 inputs, 120 neurons, two outputs: 8,192 cells and a few hundred, in one chunk of `2^14` or two of `2^13`.
    pub fn large(chunk_bits: u8) -> Self {
        let (mut draft, _) = perceptron();
        draft.inputs[0].shape = shape(&[60]);
        draft.weights[0].shape = shape(&[120, 60]);
        draft.weights[1].shape = shape(&[120]);
        draft.weights[2].shape = shape(&[2, 120]);
        draft.steps[0] = step(&[120], dense(0, 60, 0, 1), 2, 0);
        draft.steps[1] = step(&[2], dense(1, 120, 2, 3), 3, 1);
        for weight in &mut draft.weights {
            weight.bits = 16;
        }
        let plan = Plan::new(draft).unwrap();
        Self::in_chunks(&plan, chunk_bits, vec![12; 4], vec![3, 0, 2, 0])
    }

    /// The perceptron that `node`'s test of twenty trains, 64 inputs, 512 and 128 neurons and ten classes: 100,234 parameters of 20
    /// bits, updates of 14, in one chunk of `2^17` cells or two of `2^16`.
    pub fn digits(chunk_bits: u8) -> Self {
        let (mut draft, _) = perceptron();
        let sizes = [64_u32, 512, 128, 10];
        draft.inputs[0].shape = shape(&sizes[..1]);
        draft.weights =
            sizes.windows(2).flat_map(|of| [weight(&[of[1], of[0]], 20), weight(&[of[1]], 20)]).collect();
        draft.tables.insert(0, clamp(8, 0, 63));
        draft.steps = (0..3)
            .map(|layer: u32| {
                let [from, to] = [0, 1].map(|more| sizes[(layer + more) as usize]);
                step(&[to], dense(layer, from, 2 * layer, 2 * layer + 1), 2, layer)
            })
            .collect();
        draft.output.tensor = TensorId(3);
        draft.output.labels = Vec::new();
        let plan = Plan::new(draft).unwrap();
        Self::in_chunks(&plan, chunk_bits, vec![14; 6], vec![0; 6])
    }

    /// What is true, as if it were a lie.
    pub fn honest(&self, norm: i64) -> False {
        let cell = self.update(1).each_block().next().unwrap()[0];
        let address = self.shape.blocks().bases()[0];
        False { address, committed: Fr::from(cell), claimed: cell, slack: 0, bound: norm }
    }

    pub fn key(&self) -> Key {
        Key { setup: self.setup.digest(), tau: self.setup.tau() }
    }

    pub fn about(&self) -> About {
        About {
            chain_id: 31_337,
            task: Address::repeat_byte(0x7a),
            round: B256::repeat_byte(0x01),
            party: Address::repeat_byte(0xbe),
            version: B256::repeat_byte(0x5e),
            plan: self.plan.digest(),
            terms: B256::repeat_byte(0x7e),
        }
    }

    pub fn update_descriptor(&self, mode: Mode) -> UpdateDescriptor {
        UpdateDescriptor::new(&self.shape, mode).unwrap()
    }

    /// Cells in range, padding zero.
    pub fn cells(&self, seed: u64, widths: &[u8]) -> Vec<Vec<i32>> {
        let mut numbers = Numbers(seed);
        let blocks = self.shape.shapes().iter().zip(widths);
        blocks
            .map(|(shape, width)| {
                let mut cells = vec![0; 1 << shape.bits()];
                let half = 1_i64 << (width - 1);
                for cell in shape.real_cells() {
                    cells[cell] = i32::try_from(numbers.within(-half, half - 1)).unwrap();
                }
                cells
            })
            .collect()
    }

    pub fn commit(&self, seed: u64, cells: Vec<Vec<i32>>) -> Vector {
        let salt = Salt::from_random([u8::try_from(seed).unwrap(); 32]);
        Vector::commit(&self.setup, self.shape.blocks(), cells, Some(&salt)).unwrap()
    }

    pub fn update(&self, seed: u64) -> Vector {
        self.commit(seed, self.cells(seed, self.shape.update_bits()))
    }
}

/// A false update: a cell that is committed to as something else, what it is looked up as, and what the norm is said to lack
/// of its bound.
#[derive(Debug, Clone, Copy)]
pub struct False {
    pub address: u64,
    pub committed: Fr,
    pub claimed: i64,
    pub slack: i64,
    pub bound: i64,
}

impl Task {
    /// What a verifier knows of a false update, and a proof by a prover of this conduct.
    pub fn lie(
        &self,
        own: &UpdateDescriptor,
        lie: False,
        conduct: &mut impl Conduct,
    ) -> Result<(Registered, Statement, Proof), ProveError> {
        let witness = UpdateWitness::new(own, &self.update(1), lie.slack);
        let honest = witness.assignment();
        let mut chunks = honest.weights.to_vec();
        let place = (lie.address % (1 << self.chunk_bits)) as usize;
        let chunk = &mut chunks[(lie.address >> self.chunk_bits) as usize];
        let mut cells = chunk.cells.clone();
        cells.resize(1 << self.chunk_bits, Fr::from(0_u64));
        cells[place] = lie.committed;
        *chunk = self.setup.chunk(cells, chunk.blind);
        let mut parts = honest.input_cells.to_vec();
        let looked_up = own.descriptor.lookups.iter().filter_map(|lookup| lookup.input);
        for (base, cells) in looked_up.zip(&mut parts) {
            if let Some(cell) = lie.address.checked_sub(base).and_then(|place| cells.get_mut(place as usize))
            {
                *cell = lie.claimed;
            }
        }
        let points = chunks.iter().map(|chunk| chunk.point).collect();
        let commitment = self.commitment(points);
        let registered = own.registered(&commitment).unwrap();
        let statement = own.statement(&registered, &self.about(), lie.bound).unwrap();
        let assignment = Assignment { weights: &chunks, input_cells: &parts, ..honest };
        let mut random = uniform(3);
        let descriptor = &own.descriptor;
        let proof = reference::prove_as(
            conduct,
            descriptor,
            &self.setup,
            &registered,
            &statement,
            &assignment,
            &mut random,
        )?;
        Ok((registered, statement, proof))
    }

    pub fn commitment(&self, points: Vec<G1Affine>) -> WeightsCommitment {
        let chunked = Chunked::new(self.setup.digest(), self.shape.blocks().clone(), points).unwrap();
        WeightsCommitment::new(chunked)
    }

    /// False updates of every kind, the honest one's squared norm being `norm`.
    pub fn falsehoods(&self, norm: i64, exponents: &[u8]) -> Vec<(&'static str, False)> {
        let blocks = self.shape.blocks();
        let update = self.update(1);
        let cells: Vec<Vec<i64>> = update.each_block().map(<[i64]>::to_vec).collect();
        // The first cell of the first block, which is looked up as it stands.
        let (base, cell) = (blocks.bases()[0], cells[0][0]);
        let unit = 1_i64 << (2 * exponents[0]);
        let half = 1_i64 << (self.shape.update_bits()[0] - 1);
        let others = norm - unit * cell * cell;
        // Its square is -unit·4 in the field, which as an integer it is not: -1 is a square modulo r.
        let wrapping = (-Fr::from(4_u64)).sqrt().unwrap();
        let wrapped = others - 4 * unit;
        let padding = base + (1 << blocks.sizes()[0]) - 1;
        let mut all = Vec::new();
        let mut add = |what, address, committed: Fr, claimed, slack, bound| {
            all.push((what, False { address, committed, claimed, slack, bound }));
        };
        let above = others + unit * half * half;
        add("a cell above its range", base, Fr::from(half), half - 1, 0, above);
        let below = others + unit * (half + 1) * (half + 1);
        add("a cell below its range", base, Fr::from(-half - 1), -half, 0, below);
        add("a cell that makes the norm wrap", base, wrapping, 1, 5, wrapped + 5);
        add("padding that is not zero", padding, Fr::from(1_u64), 1, 0, norm + unit);
        add("a norm one above its bound", base, Fr::from(cell), cell, 0, norm - 1);
        add("a slack that is too large", base, Fr::from(cell), cell, 8, norm + 7);
        add("a slack that is too small", base, Fr::from(cell), cell, 6, norm + 7);
        all
    }
}

/// A false cell of a round's model or remainder, and what it is looked up as.
#[derive(Debug, Clone, Copy)]
pub struct FalseRound {
    pub of_remainder: bool,
    pub block: usize,
    pub cell: usize,
    pub committed: i64,
    pub claimed: i32,
}

/// A round of a task: vectors and what their inner products are.
#[derive(Clone)]
pub struct Round {
    pub own: RoundDescriptor,
    pub model: Vector,
    pub remainder: Vector,
    pub halves: Vec<Vec<Vector>>,
    pub triangles: Vec<Vec<i64>>,
}

impl Round {
    /// Two updates, the last aggregate and a root update; of two halves in the other the sums of three rounds.
    pub fn new(task: &Task, mode: Mode, half_bits: u8, halves: u8) -> Self {
        let own = RoundDescriptor::new(&task.shape, mode, half_bits, halves, 3).unwrap();
        let older = task.commit(9, task.cells(9, &[3, 4, 3, 4]));
        let updates = [task.update(1), task.update(2)];
        let weighted: Vec<(u32, &Vector)> = vec![(10_000, &updates[0]), (6_384, &updates[1])];
        let salt = Salt::from_random([7; 32]);
        let (old, _) = aggregate(&task.setup, &older, &weighted, Some(&salt)).unwrap();
        let (model, remainder) = aggregate(&task.setup, &old, &weighted, Some(&salt)).unwrap();
        let last = Vector::combine(&[(1, &old), (-1, &older)]).unwrap();
        let sums = [1, 2].map(|place: u64| {
            let earlier = [task.update(place + 10), task.update(place + 20)];
            let now = &updates[place as usize - 1];
            Vector::combine(&[(1, &earlier[0]), (1, &earlier[1]), (1, now)]).unwrap()
        });
        let [first, second] = updates;
        let mut all = vec![vec![first, second, last, task.update(5)], sums.into()];
        all.truncate(halves.into());
        let triangles = all.iter().map(|rows| {
            let rows: Vec<&Vector> = rows.iter().collect();
            triangle(&rows, &own.exponents).unwrap()
        });
        let triangles = triangles.collect();
        Self { own, model, remainder, halves: all, triangles }
    }

    pub fn vectors(&self) -> RoundVectors<'_> {
        let halves = self.halves.iter().map(|half| half.iter().collect()).collect();
        RoundVectors { model: &self.model, remainder: &self.remainder, halves }
    }

    /// What a verifier knows of it.
    pub fn registered(&self) -> Registered {
        let [model, remainder] = [&self.model, &self.remainder].map(|own| own.commitment().unwrap());
        let rows = |half: &Vec<Vector>| -> Vec<WeightsCommitment> {
            half.iter().map(|row| row.commitment().unwrap()).collect()
        };
        let halves: Vec<Vec<WeightsCommitment>> = self.halves.iter().map(rows).collect();
        let halves = halves.iter().map(|half| half.iter().collect()).collect();
        self.own.registered(&RoundCommitments { model: &model, remainder: &remainder, halves }).unwrap()
    }

    /// So many updates with a reference in one half, and as many sums in the other.
    pub fn many(task: &Task, count: u64) -> Self {
        let half_bits = u8::try_from((count + 1).next_power_of_two().trailing_zeros()).unwrap();
        let own = RoundDescriptor::new(&task.shape, Mode::ZeroKnowledge, half_bits, 2, 20).unwrap();
        // Not as long as widths allow: tasks state a bound.
        let widths: Vec<u8> = task.shape.update_bits().iter().map(|bits| (*bits).min(12)).collect();
        let update = |seed| task.commit(seed, task.cells(seed, &widths));
        let updates: Vec<Vector> = (0..count).map(|place| update(place + 40)).collect();
        let weighted: Vec<(u32, &Vector)> = updates.iter().map(|own| (1 << 16 >> 5, own)).collect();
        let salt = Salt::from_random([7; 32]);
        let old = task.commit(9, task.cells(9, &vec![8; task.shape.weight_bits().len()]));
        let (model, remainder) = aggregate(&task.setup, &old, &weighted, Some(&salt)).unwrap();
        let sums: Vec<Vector> = (0..count)
            .map(|place| Vector::combine(&[(1, &updates[place as usize]), (1, &update(place + 80))]).unwrap())
            .collect();
        let halves = vec![updates.into_iter().chain([update(200)]).collect(), sums];
        let triangles = halves.iter().map(|rows: &Vec<Vector>| {
            let rows: Vec<&Vector> = rows.iter().collect();
            triangle(&rows, &own.exponents).unwrap()
        });
        let triangles = triangles.collect();
        Self { own, model, remainder, halves, triangles }
    }

    /// What it states of itself, and the proof.
    pub fn proved(&self, task: &Task, registered: &Registered) -> (Statement, Proof) {
        let statement = self.own.statement(registered, &task.about(), &self.triangles);
        let witness = RoundWitness::new(&self.own, &self.vectors());
        let proof = self.prove(task, &mut Honest, registered, &statement, &witness.assignment()).unwrap();
        (statement, proof)
    }

    /// Cells of model and remainder out of range, and padding that is not zero.
    pub fn falsehoods(&self, task: &Task) -> Vec<(&'static str, FalseRound)> {
        let mut all = Vec::new();
        let mut add = |what, of_remainder, (block, cell), committed, claimed| {
            all.push((what, FalseRound { of_remainder, block, cell, committed, claimed }));
        };
        let half = 1_i64 << (task.shape.weight_bits()[0] - 1);
        let last = (1 << task.shape.blocks().sizes()[0]) - 1;
        add("a weight above its range", false, (0, 0), half, 0);
        add("a weight below its range", false, (0, 1), -half - 1, 0);
        add("a weight where there is padding", false, (0, last), 1, 1);
        add("a bias above its range", false, (1, 0), 1_i64 << (task.shape.weight_bits()[1] - 1), 0);
        add("a remainder above its range", true, (0, 0), 1 << 16, 0xffff);
        add("a negative remainder", true, (2, 0), -1, 0);
        add("a remainder where there is padding", true, (0, last), 1, 1);
        all
    }

    /// What a verifier knows of a false round, and a proof by a prover of this conduct.
    pub fn lie(
        &self,
        task: &Task,
        lie: FalseRound,
        conduct: &mut impl Conduct,
    ) -> (Registered, Statement, Proof) {
        let of = |value: i32| -> Vector {
            let vector = if lie.of_remainder { &self.remainder } else { &self.model };
            let mut cells: Vec<Vec<i32>> =
                vector.each_block().map(|own| own.iter().map(|cell| *cell as i32).collect()).collect();
            cells[lie.block][lie.cell] = value;
            task.commit(33, cells)
        };
        // Looked up as something in range; committed to as what it is.
        let mut claimed = self.clone();
        *(if lie.of_remainder { &mut claimed.remainder } else { &mut claimed.model }) = of(lie.claimed);
        let witness = RoundWitness::new(&self.own, &claimed.vectors());
        let honest = witness.assignment();
        let mut truth = claimed.clone();
        let false_vector = of(i32::try_from(lie.committed).unwrap());
        *(if lie.of_remainder { &mut truth.remainder } else { &mut truth.model }) = false_vector;
        let committed = RoundWitness::new(&self.own, &truth.vectors());
        let assignment = Assignment { weights: committed.assignment().weights, ..honest };
        let registered = truth.registered();
        let statement = self.own.statement(&registered, &task.about(), &self.triangles);
        let proof = self.prove(task, conduct, &registered, &statement, &assignment).unwrap();
        (registered, statement, proof)
    }

    pub fn prove(
        &self,
        task: &Task,
        conduct: &mut impl Conduct,
        registered: &Registered,
        statement: &Statement,
        assignment: &Assignment<'_>,
    ) -> Result<Proof, ProveError> {
        let mut random = uniform(3);
        let descriptor = &self.own.descriptor;
        reference::prove_as(conduct, descriptor, &task.setup, registered, statement, assignment, &mut random)
    }
}
