//! Computing answers: the integer plan of a version on inputs that are checked against their commitment.

use crate::{
    inputs::{InputFolder, InputsError},
    machine::Asked,
};
use alloy_primitives::B256;
use averment_plan::{Model, RunError, Schema};
use averment_prover::Setup;
use averment_verifier::descriptor::{Commitments, DeriveError, Derived, Descriptor, Options};
use std::collections::BTreeMap;
use thiserror::Error;

/// Why there is no answer (yet).
#[derive(Debug, Error)]
pub enum AnswerError {
    /// The version is none of this operator's.
    #[error("version {version} is not served here")]
    Version {
        /// The version.
        version: B256,
    },
    /// The inputs are not to be had, or are not those that were committed to.
    #[error(transparent)]
    Inputs(#[from] InputsError),
    /// The plan has no statement for so many inputs.
    #[error("a statement about {items} inputs: {source}")]
    Statement {
        /// How many.
        items: u32,
        /// Why.
        source: DeriveError,
    },
    /// The plan does not run on these inputs.
    #[error("running the plan: {0}")]
    Run(#[from] RunError),
}

/// What answers come from.
pub trait Answers: Send {
    /// The outputs of a request, as a proof of them would state them. The same request gets the same outputs, always.
    fn answer(&self, asked: &Asked) -> Result<Vec<i64>, AnswerError>;
}

/// Answers of several versions, on inputs of one folder.
#[derive(Debug)]
pub struct Versions {
    served: BTreeMap<B256, Served>,
    inputs: InputFolder,
}

impl Versions {
    /// Of these versions.
    pub fn new(served: impl IntoIterator<Item = Served>, inputs: InputFolder) -> Self {
        let served = served.into_iter().map(|one| (one.version(), one)).collect();
        Self { served, inputs }
    }
}

impl Answers for Versions {
    fn answer(&self, asked: &Asked) -> Result<Vec<i64>, AnswerError> {
        let version = asked.version;
        self.served.get(&version).ok_or(AnswerError::Version { version })?.answer(asked, &self.inputs)
    }
}

/// A version that this operator computes.
#[derive(Debug)]
pub struct Served {
    version: B256,
    model: Model,
    schema: Schema,
    setup: Setup,
    /// What a statement about one input says.
    one: Derived,
}

impl Served {
    /// The version `version`, whose plan and weights are `model`. `setup` and `schema` are those that its inputs are
    /// committed under.
    pub fn new(version: B256, model: Model, schema: Schema, setup: Setup) -> Result<Self, AnswerError> {
        let one = derived(&model, &schema, 0, Commitments::Joint)
            .map_err(|source| AnswerError::Statement { items: 1, source })?;
        Ok(Self { version, model, schema, setup, one })
    }

    /// Which version.
    pub fn version(&self) -> B256 {
        self.version
    }

    /// The outputs of a request, as a proof of them would state them.
    pub fn answer(&self, asked: &Asked, inputs: &InputFolder) -> Result<Vec<i64>, AnswerError> {
        if asked.version != self.version {
            return Err(AnswerError::Version { version: asked.version });
        }
        let items = asked.items;
        let opened = inputs.get(&asked.inputs, items, &self.setup, &self.schema)?;
        let separate = opened.named().separate();
        let commitments = if separate { Commitments::Each } else { Commitments::Joint };
        // Nobody has committed to more than 2^16.
        let batch_bits = items.next_power_of_two().trailing_zeros() as u8;
        let trace = opened.run(&self.model, &options(&self.schema, batch_bits, commitments))?;
        let plan = self.model.plan();
        if items == 1 {
            return Ok(self.one.public_values(plan, &trace));
        }
        let several = derived(&self.model, &self.schema, batch_bits, commitments)
            .map_err(|source| AnswerError::Statement { items, source })?;
        Ok(several.public_values(plan, &trace))
    }
}

fn options(schema: &Schema, batch_bits: u8, commitments: Commitments) -> Options {
    Options { chunk_bits: Some(schema.chunk_bits()), batch_bits, commitments, ..Options::default() }
}

fn derived(
    model: &Model,
    schema: &Schema,
    batch_bits: u8,
    commitments: Commitments,
) -> Result<Derived, DeriveError> {
    Descriptor::derive(model.plan(), options(schema, batch_bits, commitments))
}
