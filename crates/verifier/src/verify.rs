//! Whether a proof proves its statement: [9.2], step by step.

use crate::{
    claims::{self, Challenges},
    descriptor::Descriptor,
    field::{self, Fr},
    functional::Functional,
    opening::{self, Claim, MaskClaim},
    point::{G1Affine, G1Projective, G2Affine},
    proof::Proof,
    statement::{SUITE, Statement},
    sumcheck,
    transcript::{Oracle, Transcript},
};
use alloy_primitives::B256;
use ark_ff::{AdditiveGroup, Field, Zero};
use thiserror::Error;

/// What a verifier of one setup has.
#[derive(Debug, Clone)]
pub struct Key {
    /// The setup's digest, which statements name.
    pub setup: B256,
    /// \[τ\]G2.
    pub tau: G2Affine,
}

/// Commitments that were there before the proof.
#[derive(Debug, Clone)]
pub struct Registered {
    /// The descriptor's digest.
    pub descriptor: B256,
    /// Weights, chunk by chunk.
    pub weights: Vec<G1Affine>,
    /// Function tables.
    pub tables: Vec<G1Affine>,
    /// Inputs.
    pub inputs: Vec<G1Affine>,
}

/// Why a proof does not prove its statement.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
pub enum VerifyError {
    /// For another setup.
    #[error("the statement is about another setup than the verifier's")]
    Setup,
    /// Commitments are missing, or there are too many.
    #[error("the plan has {expected} chunks of {role}, got {got}")]
    Chunks {
        /// Of what.
        role: &'static str,
        /// How many there must be.
        expected: usize,
        /// How many there are.
        got: usize,
    },
    /// Public values are missing, or there are too many.
    #[error("the plan has {expected} public values, the statement {got}")]
    Public {
        /// How many there must be.
        expected: usize,
        /// How many there are.
        got: usize,
    },
    /// The proof is of the other mode than the statement, or of another plan.
    #[error("the proof has not the shape that the statement's mode and plan ask for")]
    Shape,
    /// The main sumcheck ends elsewhere.
    #[error("the relations do not hold")]
    Relations,
    /// The batch evaluation ends elsewhere.
    #[error("the values are not those of what was committed to")]
    Values,
    /// The opening is wrong.
    #[error("the opening is wrong")]
    Opening,
}

/// Checks `proof` of `statement`.
pub fn verify(
    descriptor: &Descriptor,
    key: &Key,
    registered: &Registered,
    statement: &Statement,
    proof: &Proof,
) -> Result<(), VerifyError> {
    verify_with(&mut Transcript::new(SUITE), descriptor, key, registered, statement, proof)
}

/// Checks `proof` of `statement` with the challenges of an oracle. With any other than a new [`Transcript`] that says
/// nothing about the statement.
pub fn verify_with(
    transcript: &mut impl Oracle,
    descriptor: &Descriptor,
    key: &Key,
    registered: &Registered,
    statement: &Statement,
    proof: &Proof,
) -> Result<(), VerifyError> {
    check_shape(descriptor, key, registered, statement, proof)?;
    let layout = &descriptor.layout;
    absorb(transcript, descriptor, registered, statement);
    let challenges = message1(descriptor, proof, transcript);
    let public = statement.public_values();

    transcript.scalar(&proof.total);
    let kappa = proof.masks.map(|masks| (transcript.draw(), masks));
    let claim = proof.total + kappa.map_or(Fr::ZERO, |(kappa, masks)| kappa * masks.main_sum);
    let (drawn, left) = sumcheck::reduce(claim, &proof.main, transcript);
    let rho = coordinates(drawn, descriptor.variables());
    let rest = left - claims::end(descriptor, &challenges, &rho, &proof.operands);

    transcript.scalars(&proof.operands.to_vec());
    let kappa2 = proof.masks.map(|masks| (transcript.draw(), masks));
    let theta = transcript.draw();
    let (total, constant) = claims::total(descriptor, &challenges, &public);
    let mut functionals = vec![total];
    functionals.extend(claims::operands(descriptor, &challenges, &rho));
    let mut values = vec![proof.total + constant];
    values.extend(proof.operands.to_vec());
    match kappa {
        Some((kappa, _)) => {
            functionals.push(claims::rest(descriptor, kappa, &rho).ok_or(VerifyError::Shape)?);
            values.push(rest);
        }
        None if rest.is_zero() => {}
        None => return Err(VerifyError::Relations),
    }

    let mut claim: Fr = values.iter().zip(field::powers(theta)).map(|(value, weight)| *value * weight).sum();
    claim += kappa2.map_or(Fr::ZERO, |(kappa, masks)| kappa * masks.batch_sum);
    let (drawn, left) = sumcheck::reduce(claim, &proof.batch, transcript);
    let u = coordinates(drawn, layout.address_bits());
    let mask_value = left - proof.value * weigh(&functionals, theta, &u);
    if kappa2.is_none() && !mask_value.is_zero() {
        return Err(VerifyError::Values);
    }

    let (low, high) = u.split_at_checked(layout.chunk_bits.into()).unwrap_or((&u, &[]));
    let mut commitment = combine(layout.chunks(), registered, proof, high);
    let mut value = proof.value;
    transcript.scalar(&proof.value);
    if let Some(blind) = &proof.blind {
        transcript.scalar(&blind.value);
        transcript.points([&blind.commitment]);
        let eta = transcript.draw();
        commitment += blind.commitment * eta;
        value += eta * blind.value;
    }
    let mask = kappa2.map(|(kappa, masks)| MaskClaim {
        commitment: masks.commitment,
        weights: batch_mask_weights(kappa, &u),
        value: mask_value,
    });
    let claim = Claim { commitment, point: low, value, mask };
    if opening::verify(&claim, &proof.opening, &key.tau, transcript) {
        Ok(())
    } else {
        Err(VerifyError::Opening)
    }
}

fn check_shape(
    descriptor: &Descriptor,
    key: &Key,
    registered: &Registered,
    statement: &Statement,
    proof: &Proof,
) -> Result<(), VerifyError> {
    if statement.setup != key.setup {
        return Err(VerifyError::Setup);
    }
    let layout = &descriptor.layout;
    for (role, expected, got) in [
        ("weights", layout.weights.len(), registered.weights.len()),
        ("tables", layout.tables.len(), registered.tables.len()),
        ("inputs", layout.inputs.len(), registered.inputs.len()),
        ("the first message", layout.witness1.len(), proof.witness1.len()),
        ("the second message", layout.witness2.len(), proof.witness2.len()),
    ] {
        if expected != got {
            return Err(VerifyError::Chunks { role, expected, got });
        }
    }
    let (expected, got) = (descriptor.public_count(), statement.public.len());
    if expected != got {
        return Err(VerifyError::Public { expected, got });
    }
    let masked = statement.mode.masked();
    let degrees = descriptor.degrees(masked);
    let fits = proof.masks.is_some() == masked
        && proof.blind.is_some() == masked
        && layout.masks.is_some() == masked
        && proof.main.iter().map(Vec::len).eq(degrees)
        && proof.batch.iter().map(Vec::len).eq(std::iter::repeat_n(2, layout.address_bits()))
        && proof.operands.products.len() == descriptor.products().count();
    if fits { Ok(()) } else { Err(VerifyError::Shape) }
}

/// The transcript with everything that was there before the proof: statement, descriptor, K, registered points.
pub fn begin(descriptor: &Descriptor, registered: &Registered, statement: &Statement) -> Transcript {
    let mut transcript = Transcript::new(SUITE);
    absorb(&mut transcript, descriptor, registered, statement);
    transcript
}

/// Takes in what was there before the proof ([9.2] (1)).
pub fn absorb(
    transcript: &mut impl Oracle,
    descriptor: &Descriptor,
    registered: &Registered,
    statement: &Statement,
) {
    statement.absorb(transcript);
    transcript.word(&registered.descriptor);
    transcript.number(descriptor.layout.chunk_bits.into());
    transcript.points(registered.weights.iter().chain(&registered.tables).chain(&registered.inputs));
}

fn message1(descriptor: &Descriptor, proof: &Proof, transcript: &mut impl Oracle) -> Challenges {
    transcript.points(&proof.witness1);
    if let Some(masks) = &proof.masks {
        transcript.points([&masks.commitment]);
        transcript.scalars([&masks.main_sum, &masks.batch_sum]);
    }
    let (beta, gamma) = (transcript.draw(), transcript.draw());
    transcript.points(&proof.witness2);
    Challenges::draw(descriptor, beta, gamma, transcript)
}

impl Challenges {
    /// Draws what comes after the second message, in its order.
    pub fn draw(descriptor: &Descriptor, beta: Fr, gamma: Fr, transcript: &mut impl Oracle) -> Self {
        let r = transcript.draws(descriptor.point_length());
        let (lambda, lambda_a) = (transcript.draw(), transcript.draw());
        let (lambda_b, lambda_c) = (transcript.draw(), transcript.draw());
        Self { beta, gamma, r, lambda, lambda_a, lambda_b, lambda_c }
    }
}

/// Coordinates by variable from challenges in the order drawn: the highest variable is bound first; one beyond the
/// variables, the masks', last.
pub fn coordinates(mut drawn: Vec<Fr>, variables: usize) -> Vec<Fr> {
    let mask = if drawn.len() > variables { drawn.pop() } else { None };
    drawn.reverse();
    drawn.extend(mask);
    drawn
}

/// `Σ θ^j φ_j` at u.
fn weigh(functionals: &[Functional], theta: Fr, u: &[Fr]) -> Fr {
    functionals.iter().zip(field::powers(theta)).map(|(functional, weight)| weight * functional.at(u)).sum()
}

/// `Σ eq(u_top, chunk) · C_chunk`.
fn combine(
    chunks: impl Iterator<Item = u32>,
    registered: &Registered,
    proof: &Proof,
    high: &[Fr],
) -> G1Projective {
    let Registered { weights, tables, inputs, .. } = registered;
    let points = weights.iter().chain(tables).chain(inputs).chain(&proof.witness1).chain(&proof.witness2);
    chunks
        .zip(points)
        .map(|(chunk, point)| *point * field::eq_index(high, chunk.into()))
        .fold(G1Projective::zero(), |sum, term| sum + term)
}

/// `κ'` times the monomial of each coefficient of the batch evaluation's mask: the constant, then two a round, in the
/// order of rounds.
pub fn batch_mask_weights(kappa: Fr, u: &[Fr]) -> Vec<Fr> {
    let rounds = u.iter().rev().flat_map(|x| [*x, *x * x]);
    std::iter::once(Fr::ONE).chain(rounds).map(|weight| kappa * weight).collect()
}
