//! The check of a decision, from the state root of the trusted block.

use super::{
    evidence::{DecisionEvidence, InputsEvidence},
    fault::DecisionFault,
    mathematics::{Mathematics, Question},
    pool, steps,
    verified::{Answer, Contract, VerifiedDecision},
};
use crate::{
    audit::{TrustPolicy, VerifiedVersion},
    settlement::{Mode, Offer, Phase, Request, Router, batch_inputs, decode_outputs, outputs_digest},
    state::{
        AccountProof, Header,
        settlement::{OfferTerms, Standing},
    },
};
use averment_primitives::{Address, B256};

/// Checks every link of a decision of `subject`, or names the first that is broken.
pub(in super::super) fn verify(
    given: &DecisionEvidence,
    chain_id: u64,
    subject: &VerifiedVersion,
    header: &Header,
    policy: &TrustPolicy,
    mathematics: &dyn Mathematics,
) -> Result<VerifiedDecision, DecisionFault> {
    let router = Router { chain_id, address: given.router.address };
    if let Some(expected) = policy.router.filter(|&expected| expected != router.address) {
        return Err(DecisionFault::Router { expected, got: router.address });
    }
    let (request, offer) = asked(given, router, subject)?;
    let outputs = decode_outputs(&given.outputs)?;
    let slots = DecisionEvidence::router_slots(request.version, request.offer, given.request.id);
    let (contract, stored) = contract(
        "router",
        (&given.router, &given.implementation),
        header.state_root,
        &slots,
        (policy, policy.router.is_some()),
    )?;
    let &[word, terms] = stored.as_slice() else {
        return Err(DecisionFault::NotFinal { got: None });
    };
    let standing = Standing::of(word);
    if !matches!(standing.phase, Some(Phase::Final | Phase::Undelivered)) {
        return Err(DecisionFault::NotFinal { got: standing.phase });
    }
    let got = outputs_digest(&outputs);
    if got != standing.digest {
        return Err(DecisionFault::Outputs { expected: standing.digest, got });
    }
    let offer_open = check_terms(&offer, terms)?;

    let requester = given.request.requester;
    let pool = given.pool.as_ref();
    let pool = pool.map(|pool| pool::verify(pool, router, requester, &request, &outputs, header, policy));
    let pool = pool.transpose()?;
    let settled = steps::Settled {
        id: given.request.id,
        router,
        requester,
        request: &request,
        outputs: &outputs,
        since: standing.until,
        pool: given.pool.as_ref().zip(pool.as_ref()),
    };
    let (steps, answer) = steps::verify(&given.steps, &settled, header)?;

    let prover = match answer {
        Answer::Proved { by } => by,
        Answer::Unchallenged { .. } | Answer::Agreed { .. } => Address::ZERO,
    };
    let question = Question {
        router,
        id: given.request.id,
        request: &request,
        offer: &offer,
        outputs: &outputs,
        prover,
    };
    let proof = match &given.proof {
        None => None,
        Some(_) if prover.is_zero() => return Err(DecisionFault::Unproved),
        Some(proof) => Some(mathematics.proof(&question, proof).map_err(DecisionFault::Proof)?),
    };
    let inputs = match &given.inputs {
        None => None,
        Some(inputs) => {
            check_inputs(inputs, &request)?;
            mathematics.inputs(&question, inputs).map_err(DecisionFault::Inputs)?
        }
    };
    Ok(VerifiedDecision {
        id: given.request.id,
        requester,
        inputs_unchecked: given.inputs.is_some() && inputs.is_none(),
        since: standing.until,
        undelivered: standing.phase == Some(Phase::Undelivered),
        request,
        offer,
        offer_open,
        outputs,
        router,
        contract,
        answer,
        steps,
        proof,
        inputs,
        pool,
    })
}

/// What was asked for and offered: the request whose id is given, of the subject, and the offer that it names.
fn asked(
    given: &DecisionEvidence,
    router: Router,
    subject: &VerifiedVersion,
) -> Result<(Request, Offer), DecisionFault> {
    let request = Request::decode(&given.request.asked)?;
    let (expected, got) = (given.request.id, router.request_id(given.request.requester, &request));
    if expected != got {
        return Err(DecisionFault::RequestId { expected, got });
    }
    if request.version != subject.id {
        return Err(DecisionFault::Version { expected: subject.id, got: request.version });
    }
    let offer = Offer::decode(&given.offer)?;
    let (expected, got) = (request.offer, router.offer_id(&offer));
    if expected != got {
        return Err(DecisionFault::OfferId { expected, got });
    }
    if offer.version != request.version {
        return Err(DecisionFault::OfferVersion { expected: request.version, got: offer.version });
    }
    let content = &subject.record.content;
    for (what, expected, got) in [
        ("commitment to weights", content.weights_commitment, offer.weights),
        ("plan", content.plan_digest, offer.plan),
    ] {
        if expected != got {
            return Err(DecisionFault::OfferContent { what, expected, got });
        }
    }
    Ok((request, offer))
}

/// Whether disclosed inputs are of the request: of one commitment it names the identity, of several that of the batch.
fn check_inputs(given: &InputsEvidence, request: &Request) -> Result<(), DecisionFault> {
    let expected = request.inputs;
    let alone = given.identities.as_slice() == [expected];
    let got = batch_inputs(0, &given.identities);
    if !alone && got != expected {
        return Err(DecisionFault::OtherInputs { expected, got });
    }
    ascending("disclosed inputs", given.openings.iter().map(|opening| opening.item))?;
    let strange = given.openings.iter().find(|own| given.identities.get(usize::from(own.item)).is_none());
    strange.map_or(Ok(()), |own| Err(DecisionFault::NoInput { item: own.item }))
}

/// Whether the router took this offer; says whether it takes requests still. An offer that was made has a mode.
fn check_terms(offer: &Offer, stored: B256) -> Result<bool, DecisionFault> {
    let OfferTerms { open, modes, modes_for_persons, quorum } = OfferTerms::of(stored);
    let committees = (modes | modes_for_persons) >> Mode::Quorum.code() & 1 == 1;
    let same = modes == offer.modes && modes_for_persons == offer.modes_for_persons;
    if modes == 0 || !same || (committees && quorum != offer.quorum) {
        return Err(DecisionFault::OfferTerms { got: stored });
    }
    Ok(open)
}

/// A contract behind a proxy, and what stands in `slots` after the first, which is its implementation's.
pub(in super::super) fn contract(
    name: &'static str,
    (account, implementation): (&AccountProof, &AccountProof),
    state_root: B256,
    slots: &[B256],
    (policy, pinned): (&TrustPolicy, bool),
) -> Result<(Contract, Vec<B256>), DecisionFault> {
    let state = |error| DecisionFault::State { contract: name, error };
    let address = account.address;
    let proven = account.verify(state_root, address, slots).map_err(state)?;
    let missing = DecisionFault::NoImplementation { contract: name, address };
    let Some((first, stored)) = proven.slots.split_first() else { return Err(missing) };
    let behind = Address::from_word(*first);
    if behind.is_zero() {
        return Err(missing);
    }
    let code = implementation.verify(state_root, behind, &[]).map_err(state)?.code_hash;
    if !policy.code_hashes.is_empty() && !policy.code_hashes.contains(&code) {
        return Err(DecisionFault::Code { contract: name, got: code });
    }
    Ok((Contract { address, implementation: behind, code, pinned }, stored.to_vec()))
}

/// Refuses a list that does not ascend strictly.
pub(super) fn ascending<T: Ord>(
    list: &'static str,
    keys: impl Iterator<Item = T>,
) -> Result<(), DecisionFault> {
    let mut last: Option<T> = None;
    for (place, key) in keys.enumerate() {
        if last.as_ref().is_some_and(|last| *last >= key) {
            return Err(DecisionFault::Order { list, place });
        }
        last = Some(key);
    }
    Ok(())
}
