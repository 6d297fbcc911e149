//! From the answer to the payout: what the pool's storage says of the claims that a request decided.

use super::{
    evidence::{ClaimEvidence, PoolEvidence},
    fault::DecisionFault,
    verified::{VerifiedClaim, VerifiedPool},
    verify::{ascending, contract},
};
use crate::{
    audit::TrustPolicy,
    settlement::{ClaimStage, Intake, Request, Router, batch_inputs},
    state::{
        Header,
        settlement::{Progress, RoutineTerms, policy_of, product_of},
    },
};
use averment_primitives::{Address, B256, hex};
use std::collections::BTreeMap;

/// Checks the claims that `request` of the pool at `requester` decided, by its final outputs.
pub(super) fn verify(
    given: &PoolEvidence,
    router: Router,
    requester: Address,
    request: &Request,
    outputs: &[i64],
    header: &Header,
    policy: &TrustPolicy,
) -> Result<VerifiedPool, DecisionFault> {
    if given.account.address != requester {
        return Err(DecisionFault::Pool { expected: requester, got: given.account.address });
    }
    if let Some(expected) = policy.pool.filter(|&expected| expected != requester) {
        return Err(DecisionFault::Pool { expected, got: requester });
    }
    ascending("claims", given.claims.iter().map(|claim| claim.place))?;
    let count = given.evidence.len();
    let mut named = Vec::new();
    for claim in &given.claims {
        let evidence = given.evidence.get(usize::from(claim.place));
        named.push((*evidence.ok_or(DecisionFault::Place { place: claim.place, count })?, claim.policy));
    }
    let products = given.products();
    let slots = PoolEvidence::slots(given.routine, &products, named.iter().copied());
    let (contract, stored) = contract(
        "claims pool",
        (&given.account, &given.implementation),
        header.state_root,
        &slots,
        (policy, policy.pool.is_some()),
    )?;
    let mut stored = stored.into_iter();
    // `contract` gives exactly the slots that were asked for: what is not there reads as never written.
    let mut next = || stored.next().unwrap_or_default();

    let terms = RoutineTerms::of(next());
    let inputs = batch_inputs(terms.batch, &given.evidence);
    if terms.batch == 0 || request.inputs != inputs {
        return Err(DecisionFault::Claims { expected: request.inputs, got: inputs });
    }
    let mut payouts = BTreeMap::new();
    for product in products {
        let (payout, routine) = product_of([next(), next()]);
        if routine != given.routine {
            return Err(DecisionFault::Routine { product, expected: routine, got: given.routine });
        }
        payouts.insert(product, payout);
    }
    let mut claims = Vec::new();
    for (claim, (evidence, _)) in given.claims.iter().zip(&named) {
        let payout = payouts.get(&claim.product).copied().unwrap_or_default();
        let output = output_of(&terms, outputs, claim.place);
        claims.push(verify_claim(
            claim,
            *evidence,
            router,
            requester,
            &terms,
            [next(), next()],
            payout,
            output,
        )?);
    }
    Ok(VerifiedPool { contract, routine: given.routine, terms, batch: count, claims })
}

/// The output that decides a claim; none if the answer has not the routine's shape.
fn output_of(terms: &RoutineTerms, outputs: &[i64], place: u16) -> Option<i64> {
    let each = usize::from(terms.outputs);
    if Some(outputs.len()) != usize::from(terms.batch).checked_mul(each) {
        return None;
    }
    let at = usize::from(place).checked_mul(each)?.checked_add(terms.output.into())?;
    outputs.get(at).copied()
}

#[allow(clippy::too_many_arguments, reason = "each is another thing that a claim is held against")]
fn verify_claim(
    given: &ClaimEvidence,
    evidence: B256,
    router: Router,
    pool: Address,
    terms: &RoutineTerms,
    [claim, policy]: [B256; 2],
    payout: u128,
    output: Option<i64>,
) -> Result<VerifiedClaim, DecisionFault> {
    let place = given.place;
    let progress = Progress::of(claim);
    if !given.policy.starts_with(&progress.policy) {
        let expected = hex::encode_prefixed(progress.policy);
        return Err(DecisionFault::Policy { place, expected, got: given.policy });
    }
    if progress.product != given.product {
        return Err(DecisionFault::Product { place, expected: progress.product, got: given.product });
    }
    let accepted = output.is_some_and(|output| (terms.least..=terms.most).contains(&output));
    let stage = progress.stage.filter(|&stage| follows(stage, output, accepted));
    let stage = stage.ok_or(DecisionFault::Stage { place, got: progress.stage })?;
    if let Some(filing) = &given.filing {
        let intake =
            Intake { policy: given.policy, evidence, happened_at: filing.happened_at, expiry: filing.expiry };
        let signer = intake.signer(router.chain_id, pool, &filing.signature);
        let got = signer.map_err(|error| DecisionFault::Signature { place, error })?;
        if got != filing.signer {
            return Err(DecisionFault::Intake { place, expected: filing.signer, got });
        }
    }
    let (holder, policy_from) = policy_of(policy);
    Ok(VerifiedClaim {
        place,
        evidence,
        policy: given.policy,
        holder,
        policy_from,
        product: given.product,
        stage,
        until: progress.until,
        payout,
        output,
        accepted,
        filing: given.filing.clone(),
    })
}

/// Whether a claim can stand there after this answer: what is accepted is nothing but paid; what is rejected may be appealed,
/// and what is not answered goes to the reviewer, who may accept it.
fn follows(stage: ClaimStage, output: Option<i64>, accepted: bool) -> bool {
    use ClaimStage::{Accepted, Asked, Denied, Filed, InReview, None, Paid, Rejected};
    match stage {
        None | Filed => false,
        Asked | Accepted | Paid => true,
        Rejected => output.is_some() && !accepted,
        InReview | Denied => !accepted,
    }
}
