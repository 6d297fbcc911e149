//! Models to certify, honestly or not.

#![allow(dead_code, reason = "each test file uses some of these")]

use crate::cases::*;
use averment_plan::*;
use averment_prover::{
    Assignment, Commitment, ProveError, Setup,
    certify::Certifier,
    model::Committed,
    reference::{self, Conduct},
};
use averment_verifier::{
    Key, Registered, VerifyError, certificate,
    commitment::{Chunked, WeightsCommitment},
    descriptor::{Blocks, Descriptor, Options, ValidDescriptor},
    field::Fr,
    point::G1Affine,
    proof::Proof,
    statement::{Mode, Statement},
    verify,
};

pub fn uniform(seed: u64) -> impl FnMut() -> Fr {
    let mut numbers = Numbers(seed);
    move || averment_verifier::field::reduced(&alloy_primitives::keccak256(numbers.next().to_be_bytes()))
}

/// Weights of 4 bits, biases of 6.
pub fn narrow() -> Model {
    let (draft, weights) = perceptron();
    model(draft, weights)
}

/// The same with biases declared 20 bits wide: these take limbs.
pub fn wide() -> Model {
    let (mut draft, weights) = perceptron();
    for place in [1, 3] {
        draft.weights[place].bits = 20;
    }
    model(draft, weights)
}

/// The output says which scores reach a threshold: its table is an indicator.
pub fn thresholds() -> Model {
    let (draft, weights) = above();
    model(draft, weights)
}

/// A model, and where its commitments are made.
pub struct Bench {
    pub model: Model,
    pub mode: Mode,
    pub setup: Setup,
}

/// A cell that is committed to as something else.
#[derive(Debug, Clone, Copy)]
pub struct False {
    pub address: u64,
    pub committed: Fr,
    /// What it is looked up as.
    pub claimed: i64,
}

impl Bench {
    pub fn new(model: Model, mode: Mode) -> Self {
        let options = Options { mode, ..Options::default() };
        let chunk_bits = Descriptor::derive(model.plan(), options).unwrap().descriptor.layout.chunk_bits;
        Self { model, mode, setup: Setup::development(chunk_bits) }
    }

    pub fn options(&self) -> Options {
        Options { mode: self.mode, ..Options::default() }
    }

    pub fn chunk_bits(&self) -> u8 {
        let derived = Descriptor::derive(self.model.plan(), self.options()).unwrap();
        derived.descriptor.layout.chunk_bits
    }

    pub fn committed(&self) -> Committed<'_> {
        Committed::new(&self.setup, &self.model, self.options(), &mut uniform(1)).unwrap()
    }

    pub fn statement(&self, registered: &Registered) -> Statement {
        certificate::statement(registered, self.model.plan().digest(), 31_337, self.mode)
    }

    pub fn verify(
        &self,
        descriptor: &ValidDescriptor,
        registered: &Registered,
        proof: &Proof,
    ) -> Result<(), VerifyError> {
        let key = Key { setup: self.setup.digest(), tau: self.setup.tau() };
        verify(descriptor, &key, registered, &self.statement(registered), proof)
    }

    /// Points of weights and tables, registered.
    pub fn registered(
        &self,
        descriptor: &ValidDescriptor,
        weights: Vec<G1Affine>,
        tables: &[G1Affine],
    ) -> Registered {
        let sizes = &descriptor.layout.sizes;
        let blocks = Blocks::new(sizes.chunk_bits, sizes.weights.clone()).unwrap();
        let weights = Chunked::new(self.setup.digest(), blocks, weights).unwrap();
        Registered::new(descriptor, &WeightsCommitment::new(weights), tables, None).unwrap()
    }

    /// A proof about chunks with a false cell, by a prover of this conduct.
    pub fn lie(&self, lie: False, conduct: &mut impl Conduct) -> Result<(Registered, Proof), ProveError> {
        let committed = self.committed();
        let certifier = Certifier::new(&committed, &self.model).unwrap();
        let descriptor = certifier.descriptor();
        let honest = certifier.assignment();
        let layout = &descriptor.layout;
        let changed = |role: &std::ops::Range<u32>, chunks: &[Commitment]| -> Vec<Commitment> {
            let change = |(chunk, own): (u32, &Commitment)| {
                let first = u64::from(chunk) << layout.chunk_bits;
                let mut cells = own.cells.clone();
                let place = lie.address.checked_sub(first).map(|place| place as usize);
                match place.and_then(|place| cells.get_mut(place)) {
                    Some(cell) => *cell = lie.committed,
                    None => return own.clone(),
                }
                self.setup.chunk(cells, own.blind)
            };
            role.clone().zip(chunks).map(change).collect()
        };
        let weights = changed(&layout.weights, honest.weights);
        let tables = changed(&layout.tables, honest.tables);
        let mut parts = honest.input_cells.to_vec();
        let blocks = descriptor.lookups.iter().filter(|own| own.input.is_some());
        for (own, cells) in blocks.zip(&mut parts) {
            if let Some(place) = lie.address.checked_sub(own.input.unwrap())
                && let Some(cell) = cells.get_mut(place as usize)
            {
                *cell = lie.claimed;
            }
        }
        let assignment = Assignment { weights: &weights, tables: &tables, input_cells: &parts, ..honest };
        let points = |own: &[Commitment]| -> Vec<_> { own.iter().map(|own| own.point).collect() };
        let registered = self.registered(descriptor, points(&weights), &points(&tables));
        let (statement, mut random) = (self.statement(&registered), uniform(3));
        let proof = reference::prove_as(
            conduct,
            descriptor,
            &self.setup,
            &registered,
            &statement,
            &assignment,
            &mut random,
        )?;
        Ok((registered, proof))
    }

    /// What a verifier says to it.
    pub fn judge(
        &self,
        lie: False,
        conduct: &mut impl Conduct,
    ) -> Result<Result<(), VerifyError>, ProveError> {
        let (registered, proof) = self.lie(lie, conduct)?;
        let committed = self.committed();
        let certifier = Certifier::new(&committed, &self.model).unwrap();
        Ok(self.verify(certifier.descriptor(), &registered, &proof))
    }
}
