//! Whether a proof proves its statement: [9.2], step by step.

use crate::{
    claims::{self, Challenges},
    descriptor::{Constant, Descriptor, ValidDescriptor},
    field::{self, Fr},
    functional::Functional,
    opening::{self, Claim, MaskClaim},
    point::{G1Projective, G2Affine},
    proof::Proof,
    registered::Registered,
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

/// Why a proof does not prove its statement.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
pub enum VerifyError {
    /// For another setup.
    #[error("the verifier's setup is {expected}, {what} for {got}")]
    Setup {
        /// What is for another one.
        what: &'static str,
        /// The verifier's.
        expected: B256,
        /// The other.
        got: B256,
    },
    /// The commitments were held against another descriptor.
    #[error("the commitments were held against descriptor {got}, not {expected}")]
    Descriptor {
        /// The descriptor at hand.
        expected: B256,
        /// The other.
        got: B256,
    },
    /// The statement is about other weights than the registered ones.
    #[error("the statement is about weights {got}, registered are {expected}")]
    Weights {
        /// What is registered.
        expected: B256,
        /// What the statement says.
        got: B256,
    },
    /// The statement names another schema than the inputs were committed to under.
    #[error("the statement is about schema {got}, the inputs were committed to under {expected}")]
    Schema {
        /// The commitment's.
        expected: B256,
        /// What the statement says.
        got: B256,
    },
    /// The statement is about other inputs than those that were committed to.
    #[error("the statement is about inputs {got}, those at hand are {expected}")]
    Inputs {
        /// What was committed to.
        expected: B256,
        /// What the statement says.
        got: B256,
    },
    /// The statement is about another number of items.
    #[error("the statement is about {got} items, committed to are {expected}")]
    Items {
        /// How many were committed to.
        expected: u32,
        /// What the statement says.
        got: u32,
    },
    /// The proof's commitments are missing, or there are too many.
    #[error("{role} of this plan's proofs has {expected} chunks, got {got}")]
    Chunks {
        /// Which message.
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
    /// Of a round: other numbers of rows are stated than those that were committed to, or more than there is room for.
    #[error(
        "the statement has other numbers of rows than were committed to, or more than the descriptor has room for"
    )]
    Rows,
    /// A stated decision is no class.
    #[error("public value {place} is {got}: a decision is one of {classes} classes, from 0 on")]
    Decision {
        /// Its place in the statement.
        place: usize,
        /// How many classes there are.
        classes: u32,
        /// What is stated.
        got: i64,
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
    descriptor: &ValidDescriptor,
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
    descriptor: &ValidDescriptor,
    key: &Key,
    registered: &Registered,
    statement: &Statement,
    proof: &Proof,
) -> Result<(), VerifyError> {
    check_shape(descriptor, key, registered, statement, proof)?;
    let layout = &descriptor.layout;
    absorb(transcript, descriptor, registered, statement);
    let challenges = message1(descriptor, proof, transcript);

    transcript.scalar(&proof.total);
    let kappa = proof.masks.map(|masks| (transcript.draw(), masks));
    let claim = proof.total + kappa.map_or(Fr::ZERO, |(kappa, masks)| kappa * masks.main_sum);
    let (drawn, left) = sumcheck::reduce(claim, &proof.main, transcript);
    let rho = coordinates(drawn, descriptor.variables());
    let rest = left - claims::end(descriptor, &challenges, &rho, &proof.operands);

    transcript.scalars(&proof.operands.to_vec());
    let kappa2 = proof.masks.map(|masks| (transcript.draw(), masks));
    let theta = transcript.draw();
    let (total, constant) = claims::total(descriptor, &challenges, &statement.public, statement.mode);
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
    descriptor: &ValidDescriptor,
    key: &Key,
    registered: &Registered,
    statement: &Statement,
    proof: &Proof,
) -> Result<(), VerifyError> {
    check_named(descriptor, key, registered, statement)?;
    let layout = &descriptor.layout;
    for (role, expected, got) in [
        ("the first message", layout.witness1.len(), proof.witness1.len()),
        ("the second message", layout.witness2.len(), proof.witness2.len()),
    ] {
        if expected != got {
            return Err(VerifyError::Chunks { role, expected, got });
        }
    }
    let stated = statement.public.iter().copied();
    if !registered.rows().iter().copied().map(i64::from).zip(stated).all(|(rows, stated)| rows == stated) {
        return Err(VerifyError::Rows);
    }
    let (expected, got) =
        (descriptor.stated(&statement.public).ok_or(VerifyError::Rows)?, statement.public.len());
    if expected != got {
        return Err(VerifyError::Public { expected, got });
    }
    check_decisions(descriptor, statement)?;
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

/// Whether every stated decision is a class: what is no class could be a padding cell.
fn check_decisions(descriptor: &Descriptor, statement: &Statement) -> Result<(), VerifyError> {
    for relation in &descriptor.relations {
        let Constant::Decision { first, classes, .. } = relation.constant else { continue };
        let place = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let own = statement.public.iter().enumerate().take(place(relation.public_end()));
        let bad = own.skip(place(first.into())).find(|(_, class)| !(0..i64::from(classes)).contains(*class));
        if let Some((place, got)) = bad {
            return Err(VerifyError::Decision { place, classes, got: *got });
        }
    }
    Ok(())
}

/// Whether descriptor, setup, commitments and statement are about each other.
fn check_named(
    descriptor: &ValidDescriptor,
    key: &Key,
    registered: &Registered,
    statement: &Statement,
) -> Result<(), VerifyError> {
    let setups = [("the statement is", statement.setup), ("the commitments are", registered.setup())];
    for (what, got) in setups {
        if got != key.setup {
            return Err(VerifyError::Setup { what, expected: key.setup, got });
        }
    }
    let differs = |expected: B256, got: B256| (expected != got).then_some((expected, got));
    if let Some((expected, got)) = differs(descriptor.digest(registered.tables()), registered.descriptor()) {
        return Err(VerifyError::Descriptor { expected, got });
    }
    if let Some((expected, got)) = differs(registered.weights(), statement.weights) {
        return Err(VerifyError::Weights { expected, got });
    }
    if let Some((expected, got)) = differs(registered.schema(), statement.schema) {
        return Err(VerifyError::Schema { expected, got });
    }
    if let Some((expected, got)) = differs(registered.inputs(), statement.inputs) {
        return Err(VerifyError::Inputs { expected, got });
    }
    let (expected, got) = (registered.items(), statement.items);
    if expected == got { Ok(()) } else { Err(VerifyError::Items { expected, got }) }
}

/// The transcript with everything that was there before the proof: statement, descriptor and tables, K, points of weights
/// and inputs.
pub fn begin(descriptor: &ValidDescriptor, registered: &Registered, statement: &Statement) -> Transcript {
    let mut transcript = Transcript::new(SUITE);
    absorb(&mut transcript, descriptor, registered, statement);
    transcript
}

/// Takes in what was there before the proof ([9.2] (1)).
pub fn absorb(
    transcript: &mut impl Oracle,
    descriptor: &ValidDescriptor,
    registered: &Registered,
    statement: &Statement,
) {
    statement.absorb(transcript, descriptor.kind);
    transcript.word(&registered.descriptor());
    transcript.number(descriptor.layout.chunk_bits.into());
    transcript.points(registered.committed());
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
    let points = registered.points().chain(&proof.witness1).chain(&proof.witness2);
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
