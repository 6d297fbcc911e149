//! What an audit file leaves to the proof system: whether the proof of an answer proves it, and whether disclosed inputs are what
//! was committed to.
//!
//! `registry` knows no curve and `verifier` no audit file; they meet here. What a proof has to say is taken from what the
//! audit has proved from the trusted block, never from the proof's own words.

pub mod rounds;

use crate::commands::Context;
use averment_plan::{OutputKind, Plan, Schema, Shape};
use averment_primitives::B256;
use averment_prover::{Setup, model, registered::InputOpening, setup::DEVELOPMENT};
use averment_registry::{
    audit::{
        AdoptionQuestion, DisclosedInput, InputsEvidence, Mathematics, ProofEvidence, ProofStanding,
        Question, RoundQuestion, RoundStanding,
    },
    settlement::{Offer, Request},
};
use averment_verifier::{
    Registered,
    certificate::CertificateFile,
    commitment::{Chunked, InputCommitment, Inputs, WeightsCommitment, batch_identity},
    descriptor::{Blocks, Commitments, Derived, Descriptor, Options},
    point::{self, G1Affine},
    proof::Proof,
    statement::{Mode, Statement},
    verify,
};
use std::cell::RefCell;

/// Checks with the setups that are accepted here.
pub struct Checker<'a> {
    context: &'a Context,
    unaccepted: RefCell<Option<String>>,
}

impl<'a> Checker<'a> {
    /// A checker for one file.
    pub fn new(context: &'a Context) -> Self {
        Self { context, unaccepted: RefCell::new(None) }
    }

    /// Why something was left unchecked, if it was.
    pub fn unaccepted(&self) -> Option<String> {
        self.unaccepted.borrow().clone()
    }

    /// The setup with this digest, if it is accepted here; what needs it is unchecked otherwise.
    fn setup(&self, digest: B256, bits: u8) -> Option<Setup> {
        match self.context.accept_setup(digest, bits) {
            Ok(setup) => Some(setup),
            Err(error) => {
                *self.unaccepted.borrow_mut() = Some(format!("{error:#}"));
                None
            }
        }
    }
}

fn words(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Refuses what is another thing than the one that is named.
fn is(what: &str, expected: B256, got: B256) -> Result<(), String> {
    if expected == got { Ok(()) } else { Err(format!("expected the {what} {expected:?}, this is {got:?}")) }
}

impl Mathematics for Checker<'_> {
    fn round(&self, question: &RoundQuestion<'_>) -> Result<RoundStanding, String> {
        rounds::round(self, question)
    }

    fn adoption(&self, question: &AdoptionQuestion<'_>) -> Result<ProofStanding, String> {
        rounds::adoption(self, question)
    }

    fn proof(&self, question: &Question<'_>, given: &ProofEvidence) -> Result<ProofStanding, String> {
        let (request, offer) = (question.request, question.offer);
        let plan = Plan::decode(&given.plan).map_err(words)?;
        is("plan", offer.plan, plan.digest())?;
        let schema = Schema::decode(&given.schema).map_err(words)?;
        is("input schema", offer.schema, schema.digest())?;
        schema.check_plan(&plan).map_err(words)?;
        let weights = WeightsCommitment::decode(&given.weights).map_err(words)?;
        is("commitment to weights", offer.weights, weights.identity())?;
        let inputs = Inputs::decode(&given.inputs).map_err(words)?;
        let chunk_bits = weights.chunked().blocks().chunk_bits();
        let digest = weights.chunked().setup();
        let Some(setup) = self.setup(digest, chunk_bits) else { return Ok(ProofStanding::Unchecked) };

        let mode = if offer.zero_knowledge { Mode::ZeroKnowledge } else { Mode::Transparent };
        let batch_bits =
            batch_bits(&plan, question.outputs.len()).ok_or("the answer has not the plan's shape")?;
        let options = Options {
            mode,
            batch_bits,
            public_inputs: !request.public_inputs.is_empty(),
            commitments: commitments(&inputs, batch_bits),
            ..of_chunks(chunk_bits)
        };
        let derived = Descriptor::derive(&plan, options).map_err(words)?;
        let registered =
            Registered::new(&derived.descriptor, &weights, &tables(&setup, &derived), Some(&inputs))
                .map_err(words)?;
        is("descriptor", offer.descriptor, registered.descriptor())?;
        self.certified(&plan, &weights, &setup, question, given)?;
        let statement = Statement {
            setup: digest,
            chain_id: question.router.chain_id,
            contract: question.router.address,
            request: question.id,
            beneficiary: question.prover,
            version: request.version.0,
            weights: offer.weights,
            plan: offer.plan,
            schema: offer.schema,
            inputs: request.inputs,
            items: request.items,
            public: [&request.public_inputs, question.outputs].concat(),
            seed: request.seed,
            mode,
            terms: offer.terms,
        };
        let proof = Proof::decode(&given.proof, &derived.descriptor, mode).map_err(words)?;
        verify(&derived.descriptor, &setup.key(), &registered, &statement, &proof).map_err(words)?;
        Ok(if digest == DEVELOPMENT { ProofStanding::DevelopmentSetup } else { ProofStanding::Verified })
    }

    fn inputs(
        &self,
        question: &Question<'_>,
        given: &InputsEvidence,
    ) -> Result<Option<Vec<DisclosedInput>>, String> {
        let schema = Schema::decode(&given.schema).map_err(words)?;
        is("input schema", question.offer.schema, schema.digest())?;
        let mut disclosed = Vec::new();
        for own in &given.openings {
            let commitment = InputCommitment::decode(&own.commitment).map_err(words)?;
            let expected = given.identities.get(usize::from(own.item)).copied().unwrap_or_default();
            is("commitment to the input", expected, commitment.identity())?;
            let opening = InputOpening::decode(&own.opening, &commitment, &schema).map_err(words)?;
            let digest = commitment.chunked().setup();
            let Some(setup) = self.setup(digest, schema.chunk_bits()) else { return Ok(None) };
            if !opening.opens(&commitment, &setup, &schema).map_err(words)? {
                return Err(format!("input {}: values and salt do not open its commitment", own.item));
            }
            let tensors = schema.inputs().iter().zip(opening.tensors());
            let values = tensors
                .map(|(input, values)| (input.name.clone(), values.iter().copied().map(i64::from).collect()));
            disclosed.push(DisclosedInput { item: own.item, values: values.collect() });
        }
        Ok(Some(disclosed))
    }
}

impl Checker<'_> {
    /// Whether the weights are in range: without that a proof says only that some numbers satisfy the plan's relations.
    fn certified(
        &self,
        plan: &Plan,
        weights: &WeightsCommitment,
        setup: &Setup,
        question: &Question<'_>,
        given: &ProofEvidence,
    ) -> Result<(), String> {
        let wrong = |error: &dyn std::fmt::Display| format!("the certificate of the weights: {error}");
        let file = CertificateFile::decode(&given.certificate).map_err(|error| wrong(&error))?;
        let options = Options { mode: file.mode, ..of_chunks(weights.chunked().blocks().chunk_bits()) };
        let derived = Descriptor::derive(plan, options).map_err(|error| wrong(&error))?;
        let certified = file
            .verify(plan, weights, &tables(setup, &derived), &setup.key())
            .map_err(|error| wrong(&error))?;
        is("certificate", question.offer.certificate, certified.registered.descriptor())
    }
}

/// What descriptors in chunks of `2^chunk_bits` cells are derived with.
pub fn of_chunks(chunk_bits: u8) -> Options {
    Options { chunk_bits: Some(chunk_bits), ..Options::default() }
}

/// How many items a proof with so many outputs is about, as a power of two.
pub fn batch_bits(plan: &Plan, outputs: usize) -> Option<u8> {
    let shape = plan.shapes().get(plan.output().tensor.index());
    let cells = match plan.output().kind {
        OutputKind::Argmax => 1,
        OutputKind::Values | OutputKind::Threshold(_) => shape.map_or(1, Shape::padded_cells),
    };
    let items = outputs.checked_div(cells).filter(|items| items * cells == outputs)?;
    items.is_power_of_two().then(|| u8::try_from(items.trailing_zeros()).unwrap_or(u8::MAX))
}

/// Whether inputs of a batch were committed to each by itself: one that is alone in a larger batch was.
fn commitments(inputs: &Inputs, batch_bits: u8) -> Commitments {
    let each = inputs.separate() || (batch_bits > 0 && inputs.items() == 1);
    if each { Commitments::Each } else { Commitments::Joint }
}

/// The points of function tables, computed from the plan.
pub fn tables(setup: &Setup, derived: &Derived) -> Vec<G1Affine> {
    model::tables(setup, derived).iter().map(|own| own.point).collect()
}

/// The commitments to a request's inputs, from the points that the router was given with a proof: those of the weights, then
/// those of the inputs. None if they are not what the request names.
pub fn inputs_of(
    points: &[u8],
    (plan, schema, weights): (&Plan, &Schema, &WeightsCommitment),
    (request, offer): (&Request, &Offer),
    outputs: &[i64],
) -> Option<Inputs> {
    let (words, []) = points.as_chunks::<32>() else { return None };
    let words: Vec<B256> = words.iter().map(B256::from).collect();
    let (pairs, []) = words.as_chunks::<2>() else { return None };
    let points: Vec<G1Affine> = pairs.iter().map(point::from_words).collect::<Option<_>>()?;
    let points = points.get(weights.chunked().points().len()..)?;
    let chunk_bits = weights.chunked().blocks().chunk_bits();
    let mode = if offer.zero_knowledge { Mode::ZeroKnowledge } else { Mode::Transparent };
    let batch_bits = batch_bits(plan, outputs.len())?;
    let public_inputs = !request.public_inputs.is_empty();
    [Commitments::Each, Commitments::Joint].into_iter().find_map(|commitments| {
        let options = Options { mode, batch_bits, public_inputs, commitments, ..of_chunks(chunk_bits) };
        let derived = Descriptor::derive(plan, options).ok()?;
        let blocks = Blocks::new(chunk_bits, derived.descriptor.layout.sizes.inputs.clone()).ok()?;
        let items = if commitments == Commitments::Each { 1 } else { request.items };
        let commitment = |own: &[G1Affine]| {
            let chunked = Chunked::new(weights.chunked().setup(), blocks.clone(), own.to_vec()).ok()?;
            InputCommitment::new(schema.digest(), items, chunked).ok()
        };
        let own = points.chunks(usize::try_from(blocks.chunks()).ok()?.max(1));
        let inputs = Inputs::new(own.map(commitment).collect::<Option<_>>()?).ok()?;
        // Of a batch of which one item is real the name is the batch's.
        let alone = batch_identity(std::iter::once(inputs.identity()));
        [inputs.identity(), alone].contains(&request.inputs).then_some(inputs)
    })
}
