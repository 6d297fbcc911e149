//! Tasks to prove things about.

#![allow(dead_code, reason = "each test file uses some of these")]

use crate::cases::*;
use alloy_primitives::{Address, B256};
use ark_ff::Field;
use averment_plan::*;
use averment_primitives::Salt;
use averment_prover::{
    Assignment, ProveError, Setup,
    federated::{UpdateWitness, Vector},
    reference::{self, Conduct},
};
use averment_verifier::{
    Key, Registered,
    commitment::{Chunked, WeightsCommitment},
    descriptor::{Descriptor, Options},
    federated::{About, TaskShape, UpdateDescriptor},
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
        let plan = model.plan().clone();
        let chunk_bits = Descriptor::derive(&plan, Options::default()).unwrap().descriptor.layout.chunk_bits;
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
        cells.resize(cells.len().max(place + 1), Fr::from(0_u64));
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
