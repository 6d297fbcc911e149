//! Computing answers: the integer plan of a version on inputs that are checked against their commitment.

use crate::proofs::{ProofError, Proofs, Proved, Wanted};
use crate::{
    inputs::{InputFolder, InputsError},
    machine::Asked,
};
use alloy_primitives::B256;
use averment_plan::{Model, RunError, Schema, Trace};
use averment_primitives::Salt;
use averment_prover::{Engine, Setup, model::Committed, random, registered::OpenedInputs};
use averment_verifier::{
    Registered,
    commitment::WeightsCommitment,
    descriptor::{Commitments, DeriveError, Derived, Descriptor, Options},
    point,
    statement::{Mode, Statement},
};
use std::{collections::BTreeMap, sync::Arc};
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
    /// The request says other values in public than were committed to.
    #[error("request {request}: the public inputs are not those that were committed to")]
    Public {
        /// The request.
        request: B256,
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

impl<T: Answers + Sync> Answers for Arc<T> {
    fn answer(&self, asked: &Asked) -> Result<Vec<i64>, AnswerError> {
        T::answer(self, asked)
    }
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

impl Versions {
    fn served(&self, version: B256) -> Result<&Served, AnswerError> {
        self.served.get(&version).ok_or(AnswerError::Version { version })
    }
}

impl Proofs for Versions {
    fn check(&self, wanted: &Wanted) -> Result<(), ProofError> {
        self.served(wanted.asked.version)?.proving(wanted, &self.inputs, |_| Ok(()))
    }

    fn prove(&self, wanted: &Wanted) -> Result<Proved, ProofError> {
        self.served(wanted.asked.version)?.proving(wanted, &self.inputs, |proving| proving.prove())
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
    /// The commitment to the weights, and what hides them.
    weights: Option<(WeightsCommitment, Option<Salt>)>,
}

impl Served {
    /// The version `version`, whose plan and weights are `model`. `setup` and `schema` are those that its inputs are
    /// committed under.
    pub fn new(version: B256, model: Model, schema: Schema, setup: Setup) -> Result<Self, AnswerError> {
        let one = derived(&model, &schema, 0, Commitments::Joint)
            .map_err(|source| AnswerError::Statement { items: 1, source })?;
        Ok(Self { version, model, schema, setup, one, weights: None })
    }

    /// Lets it prove, too: with the commitment to its weights, and the salt that hides them.
    #[must_use]
    pub fn with_weights(mut self, commitment: WeightsCommitment, salt: Option<Salt>) -> Self {
        self.weights = Some((commitment, salt));
        self
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
        let options = self.options(asked, &opened, Mode::default());
        let trace = opened.run(&self.model, &options)?;
        if items == 1 && !options.public_inputs {
            return Ok(self.one.public_values(self.model.plan(), &trace));
        }
        let derived = Descriptor::derive(self.model.plan(), options)
            .map_err(|source| AnswerError::Statement { items, source })?;
        let mut stated = derived.public_values(self.model.plan(), &trace);
        if options.public_inputs {
            let inputs = trace.inputs.iter().map(Vec::len).sum();
            let outputs = stated.split_off(stated.len().min(inputs));
            if stated != asked.public_inputs {
                return Err(AnswerError::Public { request: asked.id });
            }
            return Ok(outputs);
        }
        Ok(stated)
    }

    /// How a statement about a request is laid out.
    fn options(&self, asked: &Asked, opened: &OpenedInputs, mode: Mode) -> Options {
        let commitments = if opened.named().separate() { Commitments::Each } else { Commitments::Joint };
        // Nobody has committed to more than 2^16.
        let batch_bits = asked.items.next_power_of_two().trailing_zeros() as u8;
        let public_inputs = !asked.public_inputs.is_empty();
        Options { mode, public_inputs, ..options(&self.schema, batch_bits, commitments) }
    }

    /// Lays out what is proved and compares it with what is asked for, then goes on with it.
    fn proving<T>(
        &self,
        wanted: &Wanted,
        inputs: &InputFolder,
        then: impl FnOnce(&Proving<'_>) -> Result<T, ProofError>,
    ) -> Result<T, ProofError> {
        let Wanted { asked, statement, descriptor } = wanted;
        let (commitment, salt) =
            self.weights.as_ref().ok_or(ProofError::Weights { version: self.version })?;
        let opened = inputs.get(&asked.inputs, asked.items, &self.setup, &self.schema);
        let opened = opened.map_err(AnswerError::from)?;
        let options = self.options(asked, &opened, statement.mode);
        let plan = self.model.plan();
        let committed = Committed::open(&self.setup, &self.model, options, commitment, salt.as_ref())?;
        let cells = committed.open_inputs(plan, &self.schema, &opened)?;
        let registered = committed.registered(&cells)?;
        let same = |what, expected: B256, got: B256| {
            let request = asked.id;
            if expected == got { Ok(()) } else { Err(ProofError::Other { request, what, expected, got }) }
        };
        same("weights", statement.weights, commitment.identity())?;
        same("plan", statement.plan, plan.digest())?;
        same("schema", statement.schema, self.schema.digest())?;
        same("descriptor", *descriptor, registered.descriptor())?;
        let trace = opened.run(&self.model, &options)?;
        let statement = Statement { setup: self.setup.digest(), ..statement.clone() };
        then(&Proving { setup: &self.setup, committed, cells, registered, trace, statement })
    }
}

/// All that a proof takes.
struct Proving<'a> {
    setup: &'a Setup,
    committed: Committed<'a>,
    cells: averment_prover::model::CommittedInputs,
    registered: Registered,
    trace: Trace,
    statement: Statement,
}

impl Proving<'_> {
    fn prove(&self) -> Result<Proved, ProofError> {
        let Self { setup, committed, cells, registered, trace, statement } = self;
        let engine = Engine::new(setup, committed.descriptor().layout.chunk_bits)?;
        let mut random = random::secret()?;
        let proof = committed.prove(&engine, trace, cells, registered, statement, &mut random)?;
        Ok(Proved { points: point::to_bytes(registered.committed()).into(), proof: proof.encode().into() })
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
