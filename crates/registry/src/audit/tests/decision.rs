//! A decision as it should be verifies in each mode; everything else about it is an attack.

use super::*;
use crate::{
    settlement::{Mode, Request, Router, encode_outputs, outputs_digest},
    testing::decided::{ANSWERER, Decided, PAYOUT, POOL, PROOF, PROVER, ROUTER, STAKING, log, policy},
};
use alloy_sol_types::SolEvent;

use crate::settlement::abi::typed;

/// Takes [`PROOF`] for a proof of the request that it was given first.
struct Checker(B256);

impl Mathematics for Checker {
    fn proof(&self, question: &Question<'_>, proof: &ProofEvidence) -> Result<ProofStanding, String> {
        let ProofEvidence { plan, schema, weights, certificate, inputs, proof } = proof;
        let all = [plan, schema, weights, certificate, inputs, proof];
        if question.id != self.0
            || all.iter().any(|bytes| bytes.as_ref() != PROOF)
            || question.prover != PROVER
        {
            return Err("this is no proof of that answer".into());
        }
        Ok(ProofStanding::Verified)
    }

    fn inputs(&self, _: &Question<'_>, _: &InputsEvidence) -> Result<Option<Vec<DisclosedInput>>, String> {
        Err("nothing is disclosed".into())
    }
}

/// A world with a decision in it.
pub(in crate::audit) fn decided(mode: Mode) -> World {
    let mut world = World::new();
    world.decided = Some(Decided::new(&world, mode));
    world
}

fn checker(world: &World) -> Checker {
    Checker(world.decided.as_ref().unwrap().id())
}

fn check(world: &World, bytes: &[u8], trusted: TrustedBlockHash) -> Result<Verified, String> {
    let evidence = Evidence::decode(bytes, &Limits::default()).map_err(|error| error.to_string())?;
    verify_with(&evidence, trusted, &TrustPolicy::default(), &checker(world)).map_err(|link| link.to_string())
}

#[track_caller]
fn fault_of(world: &World, evidence: &Evidence, trusted: TrustedBlockHash) -> DecisionFault {
    match verify_with(evidence, trusted, &TrustPolicy::default(), &checker(world)).map(|_| ()) {
        Err(BrokenLink::Decision(fault)) => *fault,
        other => panic!("{other:?}"),
    }
}

/// What is broken in the file about a decision that `change` played false with.
#[track_caller]
fn fault(mode: Mode, change: impl FnOnce(&mut Decided)) -> DecisionFault {
    let mut world = decided(mode);
    change(world.decided.as_mut().unwrap());
    let (evidence, trusted) = world.prove();
    fault_of(&world, &evidence, trusted)
}

/// The same, of a file that was changed after it was made.
#[track_caller]
fn tampered(change: impl FnOnce(&mut DecisionEvidence)) -> DecisionFault {
    let world = decided(Mode::Proof);
    let (mut evidence, trusted) = world.prove();
    change(evidence.decision.as_mut().unwrap());
    fault_of(&world, &evidence, trusted)
}

#[test]
fn a_whole_decision_verifies_in_each_mode_and_says_what_it_proves() {
    for mode in [Mode::Proof, Mode::Optimistic, Mode::Quorum] {
        let world = decided(mode);
        let (evidence, trusted) = world.prove();
        assert_eq!(evidence.format, Format::V2);
        let bytes = evidence.encode().unwrap();
        assert_eq!(Evidence::decode(&bytes, &Limits::default()).unwrap(), evidence);
        let verified = check(&world, &bytes, trusted).unwrap();
        let decision = verified.decision().unwrap();
        assert_eq!((decision.requester, decision.contract.address), (POOL, ROUTER));
        assert_eq!((decision.outputs.as_slice(), decision.paid()), ([7, 2].as_slice(), PAYOUT));
        assert!(decision.offer_open && !decision.undelivered);
        let claims = &decision.pool.as_ref().unwrap().claims;
        let stages: Vec<_> = claims.iter().map(|claim| (claim.accepted, claim.stage.to_string())).collect();
        assert_eq!(stages, [(true, "paid".to_owned()), (false, "rejected".to_owned())]);
        assert!(claims[0].filing.is_some());
        match (mode, &decision.answer) {
            (Mode::Proof, Answer::Proved { by }) => assert_eq!(*by, PROVER),
            (Mode::Optimistic, Answer::Unchallenged { answerer, .. }) => assert_eq!(*answerer, ANSWERER),
            (Mode::Quorum, Answer::Agreed { staking, threshold: 2, members, agreeing }) => {
                assert_eq!((*staking, members.len(), agreeing.as_slice()), (STAKING, 3, [1, 3].as_slice()));
                assert_eq!(members[0], (1, account(1).address));
            }
            other => panic!("{other:?}"),
        }
        // One step is older than what the state remembers, and said to be so.
        assert_eq!(decision.told(), 1);
        let of = decision.steps.len();
        assert!(verified.caveats().contains(&Caveat::Told { steps: 1, of }), "{:?}", verified.caveats());
        assert!(verified.caveats().contains(&Caveat::RouterNotPinned));
    }
}

#[test]
fn what_is_pinned_is_demanded_and_what_nobody_checked_is_said() {
    let world = decided(Mode::Proof);
    let (evidence, trusted) = world.prove();
    let unchecked = verify(&evidence, trusted, &TrustPolicy::default()).unwrap();
    assert!(unchecked.caveats().contains(&Caveat::ProofUnchecked));
    let mut without = evidence.clone();
    without.decision.as_mut().unwrap().proof = None;
    let without = verify(&without, trusted, &TrustPolicy::default()).unwrap();
    assert!(without.caveats().contains(&Caveat::ProofMissing));

    let with = |policy: TrustPolicy| verify(&evidence, trusted, &policy);
    let pinned = TrustPolicy { router: Some(ROUTER), pool: Some(POOL), ..TrustPolicy::default() };
    let caveats = with(pinned).unwrap().caveats().to_vec();
    assert!(!caveats.contains(&Caveat::RouterNotPinned) && !caveats.contains(&Caveat::PoolNotPinned));
    let refused = |policy| match with(policy).unwrap_err() {
        BrokenLink::Decision(fault) => *fault,
        other => panic!("{other}"),
    };
    let policy = TrustPolicy { router: Some(POOL), ..TrustPolicy::default() };
    assert_eq!(refused(policy), DecisionFault::Router { expected: POOL, got: ROUTER });
    let policy = TrustPolicy { pool: Some(ROUTER), ..TrustPolicy::default() };
    assert_eq!(refused(policy), DecisionFault::Pool { expected: ROUTER, got: POOL });
    // The router's code is another than the registry's, so trusting the registry's alone is not enough.
    let policy = TrustPolicy { code_hashes: vec![unchecked.implementation().1], ..TrustPolicy::default() };
    assert!(matches!(refused(policy), DecisionFault::Code { contract: "router", .. }));
}

#[test]
fn changing_any_value_of_a_decision_is_refused_except_what_is_told() {
    for mode in [Mode::Proof, Mode::Quorum] {
        let world = decided(mode);
        let (evidence, trusted) = world.prove();
        let whole: Value = serde_json::to_value(&evidence).unwrap();
        let mut paths = Vec::new();
        leaves(&whole["decision"], "/decision", &mut paths);
        assert!(paths.len() > 100, "{}", paths.len());
        for path in &paths {
            for place in [0, 7] {
                let mut other = whole.clone();
                let leaf = other.pointer_mut(path).unwrap();
                *leaf = changed(leaf, place);
                let bytes = canonical::to_bytes(&other).unwrap();
                let outcome = check(&world, &bytes, trusted);
                // When the sale was, and of which place in its block the log is: nothing proves it, and the page says so.
                let may_pass = path.starts_with("/decision/steps/told/0/")
                    && ["block", "index", "timestamp"].iter().any(|name| path.ends_with(name));
                assert!(may_pass || outcome.is_err(), "{path}");
            }
        }
    }
}

#[test]
fn a_decision_of_another_version_chain_router_or_request_is_refused() {
    let mut world = decided(Mode::Proof);
    let other = world.versions.iter().find(|version| version.version != world.subject).unwrap().version;
    let own = world.decided.as_mut().unwrap();
    (own.request.version, own.offer.version) = (other, other);
    own.request.offer = own.router().offer_id(&own.offer);
    own.say();
    let (evidence, trusted) = world.prove();
    let got = fault_of(&world, &evidence, trusted);
    assert_eq!(got, DecisionFault::Version { expected: world.subject, got: other });

    // Made on another chain, of another router, by somebody else: its id is another one.
    let id = |decision: &DecisionEvidence| decision.request.id;
    assert!(matches!(fault(Mode::Proof, |own| own.chain_id = 1), DecisionFault::RequestId { .. }));
    let somebody = Address::repeat_byte(9);
    assert!(matches!(
        tampered(|decision| decision.request.requester = somebody),
        DecisionFault::RequestId { .. }
    ));
    assert!(matches!(
        tampered(|decision| decision.router.address = somebody),
        DecisionFault::RequestId { .. }
    ));
    // With the id that follows from it, there is no proof of such a word.
    let forged = tampered(|decision| {
        let request = Request::decode(&decision.request.asked).unwrap();
        let chain_id = crate::testing::REGISTRY.chain_id;
        decision.request.requester = somebody;
        decision.request.id = Router { chain_id, address: ROUTER }.request_id(somebody, &request);
        assert_ne!(id(decision), B256::ZERO);
    });
    assert!(matches!(forged, DecisionFault::State { contract: "router", .. }), "{forged}");
    // A fee, a deadline, an input: everything that was asked for is in the id.
    for change in [
        (|request| request.fee += 1) as fn(&mut Request),
        |request| request.deadline += 1,
        |request| request.inputs.0[0] ^= 1,
        |request| request.mode = Mode::Quorum,
        |request| request.public_inputs.push(1),
        |request| request.personal = false,
    ] {
        let got = tampered(|decision| {
            let mut request = Request::decode(&decision.request.asked).unwrap();
            change(&mut request);
            decision.request.asked = request.encode().into();
        });
        assert!(matches!(got, DecisionFault::RequestId { .. }), "{got}");
    }
    let trailing =
        tampered(|decision| decision.request.asked = [&decision.request.asked[..], &[0; 32]].concat().into());
    assert!(matches!(trailing, DecisionFault::Abi(_)), "{trailing}");
}

#[test]
fn an_offer_of_another_version_or_of_other_weights_is_refused() {
    let renamed = |own: &mut Decided| {
        own.request.offer = own.router().offer_id(&own.offer);
        own.say();
    };
    let got = fault(Mode::Proof, |own| {
        own.offer.version = VersionId(B256::repeat_byte(1));
        renamed(own);
    });
    assert!(matches!(got, DecisionFault::OfferVersion { .. }), "{got}");
    let got = fault(Mode::Proof, |own| {
        own.offer.weights = B256::repeat_byte(1);
        renamed(own);
    });
    assert!(matches!(got, DecisionFault::OfferContent { what: "commitment to weights", .. }), "{got}");
    let got = fault(Mode::Proof, |own| {
        own.offer.plan = B256::repeat_byte(1);
        renamed(own);
    });
    assert!(matches!(got, DecisionFault::OfferContent { what: "plan", .. }), "{got}");
    let got = fault(Mode::Proof, |own| own.offer.challenge_bond += 1);
    assert!(matches!(got, DecisionFault::OfferId { .. }), "{got}");
    // An offer that nobody made: it has no modes in the router.
    let got = fault(Mode::Proof, |own| {
        own.offer.modes = 0;
        renamed(own);
    });
    assert!(matches!(got, DecisionFault::OfferTerms { .. }), "{got}");
}

#[test]
fn a_request_that_is_not_final_or_has_other_outputs_is_refused() {
    for (code, phase) in
        [(0, "None"), (1, "Open"), (2, "Answered"), (3, "Challenged"), (4, "Drawn"), (7, "Refunded")]
    {
        let got = fault(Mode::Proof, |own| own.stored.0 = code);
        assert!(
            matches!(got, DecisionFault::NotFinal { got: Some(got) } if format!("{got:?}") == phase),
            "{got}"
        );
    }
    assert!(matches!(fault(Mode::Proof, |own| own.stored.0 = 99), DecisionFault::NotFinal { got: None }));
    let mut undelivered = decided(Mode::Proof);
    undelivered.decided.as_mut().unwrap().stored.0 = 6;
    let (evidence, trusted) = undelivered.prove();
    let verified = verify(&evidence, trusted, &TrustPolicy::default()).unwrap();
    assert!(verified.decision().unwrap().undelivered);

    let got = tampered(|decision| decision.outputs = encode_outputs(&[7, 9]).into());
    let (expected, given) = (outputs_digest(&[7, 2]), outputs_digest(&[7, 9]));
    assert_eq!(got, DecisionFault::Outputs { expected, got: given });
}

#[test]
fn what_the_answer_does_not_lead_to_is_refused() {
    // An accepted claim that is denied; a rejected one that was never asked about.
    for stages in [[7, 5], [6, 5], [5, 5], [4, 1], [0, 5], [4, 9]] {
        let got = fault(Mode::Proof, |own| own.stages = stages);
        assert!(matches!(got, DecisionFault::Stage { .. }), "{got}");
    }
    // A rejected one may have been paid after a review.
    let mut reviewed = decided(Mode::Proof);
    reviewed.decided.as_mut().unwrap().stages = [4, 4];
    let (evidence, trusted) = reviewed.prove();
    let verified = verify(&evidence, trusted, &TrustPolicy::default()).unwrap();
    let decision = verified.decision().unwrap();
    assert_eq!(decision.paid(), 2 * PAYOUT);
    assert!(!decision.pool.as_ref().unwrap().claims[1].accepted);
}

#[test]
fn claims_policies_and_payouts_are_the_pools() {
    let pool = |change: fn(&mut PoolEvidence)| tampered(|decision| change(decision.pool.as_mut().unwrap()));
    let got = pool(|pool| pool.evidence[1].0[0] ^= 1);
    assert!(matches!(got, DecisionFault::State { contract: "claims pool", .. }), "{got}");
    let got = pool(|pool| pool.claims[0].place = 2);
    assert!(matches!(got, DecisionFault::Order { .. }), "{got}");
    let got = pool(|pool| pool.claims[1].place = 2);
    assert!(matches!(got, DecisionFault::Place { place: 2, count: 2 }), "{got}");
    let got = pool(|pool| pool.claims[0].filing.as_mut().unwrap().happened_at += 1);
    assert!(matches!(got, DecisionFault::Intake { place: 0, .. } | DecisionFault::Signature { .. }), "{got}");
    let got = pool(|pool| pool.account.address = ROUTER);
    assert_eq!(got, DecisionFault::Pool { expected: POOL, got: ROUTER });
    // A claim that was left out of the batch: the others are not what was asked about.
    let mut world = decided(Mode::Proof);
    let (mut evidence, trusted) = world.prove();
    let pool = evidence.decision.as_mut().unwrap().pool.as_mut().unwrap();
    pool.claims.pop();
    pool.account.storage_proof.truncate(6);
    let fewer = verify(&evidence, trusted, &TrustPolicy::default());
    // Its steps are about one claim then, those about the other are not.
    assert_eq!(fewer.unwrap().decision().unwrap().pool.as_ref().unwrap().claims.len(), 1);
    evidence.decision.as_mut().unwrap().pool.as_mut().unwrap().evidence.pop();
    let got = fault_of(&world, &evidence, trusted);
    assert!(matches!(got, DecisionFault::Claims { .. }), "{got}");

    // Another amount, another policy, another time than what is proved: by receipts of another router, or told.
    let own = world.decided.as_mut().unwrap();
    let to = account(60).address;
    let paid = typed::Paid { policy: policy(0), evidence: B256::repeat_byte(0xe0), to, amount: PAYOUT + 1 };
    own.said.last_mut().unwrap().logs = vec![log(POOL, &paid)];
    let (evidence, trusted) = world.prove();
    let got = fault_of(&world, &evidence, trusted);
    assert_eq!(got, DecisionFault::Step { event: "Paid", what: "amount" });
    // The claim that the answer rejected was not paid.
    let got = fault(Mode::Proof, |own| {
        let paid = typed::Paid { policy: policy(1), evidence: B256::repeat_byte(0xe1), to, amount: PAYOUT };
        own.said.last_mut().unwrap().logs.push(log(POOL, &paid));
    });
    assert_eq!(got, DecisionFault::Step { event: "Paid", what: "stage" });
}

#[test]
fn steps_are_of_blocks_that_the_trusted_state_knows() {
    let steps = |change: fn(&mut StepsEvidence)| tampered(|decision| change(&mut decision.steps));
    let got = steps(|steps| steps.blocks[0].receipts[0].index = 0);
    assert!(matches!(got, DecisionFault::Receipt { .. }), "{got}");
    let got = steps(|steps| drop(steps.blocks.remove(0)));
    assert!(matches!(got, DecisionFault::State { .. }), "{got}");
    let got = steps(|steps| steps.blocks.swap(0, 1));
    assert!(matches!(got, DecisionFault::Order { .. }), "{got}");
    let got = steps(|steps| steps.block_hashes = None);
    assert!(matches!(got, DecisionFault::Order { .. }), "{got}");
    let got = steps(|steps| steps.blocks[1].receipts.clear());
    assert!(matches!(got, DecisionFault::Surplus { what: "block", .. }), "{got}");
    // A header of another branch: well formed, with the same number.
    let got = steps(|steps| {
        let header = &mut steps.blocks[0].header;
        let mut bytes = header.to_vec();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        *header = bytes.into();
    });
    assert!(matches!(got, DecisionFault::StepBlock { .. }), "{got}");
    // A log that says nothing about the decision.
    let got = steps(|steps| steps.told[0].log.topics[0].0[0] ^= 1);
    assert!(matches!(got, DecisionFault::Surplus { what: "log", .. }), "{got}");
    let got = steps(|steps| steps.told[0].block = u64::MAX >> 11);
    assert!(matches!(got, DecisionFault::Surplus { what: "log", .. }), "{got}");
    // A receipt that says nothing about it.
    let got = fault(Mode::Proof, |own| own.said[1].logs.iter_mut().for_each(|log| log.address = ROUTER));
    assert!(matches!(got, DecisionFault::Surplus { what: "receipt", .. }), "{got}");
}

#[test]
fn steps_that_contradict_what_is_proved_are_refused() {
    let said = |mode, place: usize, make: &dyn Fn(&Decided) -> crate::settlement::Log| {
        fault(mode, |own| {
            let log = make(own);
            own.said[place].logs[0] = log;
        })
    };
    let got = said(Mode::Proof, 2, &|own| {
        let mut asked = own.request.clone();
        asked.fee += 1;
        let mut event = log(ROUTER, &typed::Reopened { id: own.id() });
        event.topics = vec![typed::Requested::SIGNATURE_HASH, own.id(), POOL.into_word()];
        event.data = asked.encode().into();
        event
    });
    assert_eq!(got, DecisionFault::Step { event: "Requested", what: "request" });
    let end = |paid, proved, outputs: &[i64]| {
        let outputs = outputs.to_vec();
        move |own: &Decided| {
            log(ROUTER, &typed::Finalised { id: own.id(), paid, proved, outputs: outputs.clone() })
        }
    };
    let got = said(Mode::Proof, 3, &end(PROVER, PROVER, &[7, 3]));
    assert_eq!(got, DecisionFault::Step { event: "Finalised", what: "answer" });
    let got = said(Mode::Proof, 3, &end(PROVER, Address::ZERO, &[7, 2]));
    assert_eq!(got, DecisionFault::Step { event: "Finalised", what: "prover" });
    let got = said(Mode::Optimistic, 4, &end(PROVER, Address::ZERO, &[7, 2]));
    assert_eq!(got, DecisionFault::Step { event: "Answered", what: "answer" });
    let got = fault(Mode::Proof, |own| drop(own.said.remove(3)));
    assert_eq!(got, DecisionFault::StepCount { event: "Finalised", got: 0 });
    let got = fault(Mode::Proof, |own| drop(own.said.remove(2)));
    assert_eq!(got, DecisionFault::StepCount { event: "Requested", got: 0 });
    // A committee of which too few, or strangers, agree.
    for agreeing in [vec![1], vec![1, 9]] {
        let got = said(Mode::Quorum, 4, &|own| {
            log(STAKING, &typed::Ended { id: own.id(), outcome: 0, agreeing: agreeing.clone() })
        });
        assert_eq!(got, DecisionFault::Step { event: "Ended", what: "committee" });
    }
    // A decision of a claim that is not the answer's.
    let got = said(Mode::Proof, 4, &|_| {
        log(POOL, &typed::Decided { evidence: B256::repeat_byte(0xe0), stage: 5, output: 7 })
    });
    assert_eq!(got, DecisionFault::Step { event: "Decided", what: "decision" });
    // The time of the end stands in the router's word.
    let got = fault(Mode::Proof, |own| own.said[3].back = 999);
    assert_eq!(got, DecisionFault::Step { event: "Finalised", what: "time" });
}

#[test]
fn a_proof_of_another_request_or_beside_an_answer_that_was_not_proved_is_refused() {
    let world = decided(Mode::Proof);
    let (evidence, trusted) = world.prove();
    let other = Checker(B256::repeat_byte(3));
    let got = verify_with(&evidence, trusted, &TrustPolicy::default(), &other).unwrap_err();
    assert!(matches!(got, BrokenLink::Decision(fault) if matches!(*fault, DecisionFault::Proof(_))));
    let got = fault(Mode::Optimistic, |own| {
        let Decided { proof, .. } = Decided::new(&World::new(), Mode::Proof);
        own.proof = proof;
    });
    assert_eq!(got, DecisionFault::Unproved);
}

#[test]
fn inputs_that_are_disclosed_are_the_requests() {
    let world = decided(Mode::Proof);
    let (mut evidence, trusted) = world.prove();
    let decision = evidence.decision.as_mut().unwrap();
    let identities = decision.pool.as_ref().unwrap().evidence.clone();
    let bytes = Bytes::from_static(b"bytes");
    let opening = |item| InputOpeningEvidence { item, commitment: bytes.clone(), opening: bytes.clone() };
    decision.inputs =
        Some(InputsEvidence { schema: bytes.clone(), identities, openings: vec![opening(0), opening(1)] });
    // Nobody who could checks them: they are not believed, and not shown.
    let verified = verify(&evidence, trusted, &TrustPolicy::default()).unwrap();
    assert!(verified.decision().unwrap().inputs.is_none());
    assert!(verified.caveats().contains(&Caveat::InputsUnchecked));
    let got = fault_of(&world, &evidence, trusted);
    assert!(matches!(got, DecisionFault::Inputs(_)), "{got}");

    let with = |change: &dyn Fn(&mut InputsEvidence)| {
        let mut other = evidence.clone();
        change(other.decision.as_mut().unwrap().inputs.as_mut().unwrap());
        fault_of(&world, &other, trusted)
    };
    let got = with(&|inputs| inputs.identities[1].0[0] ^= 1);
    assert!(matches!(got, DecisionFault::OtherInputs { .. }), "{got}");
    let got = with(&|inputs| inputs.identities.truncate(1));
    assert!(matches!(got, DecisionFault::OtherInputs { .. }), "{got}");
    assert_eq!(with(&|inputs| inputs.openings[1].item = 2), DecisionFault::NoInput { item: 2 });
    assert!(matches!(with(&|inputs| inputs.openings[1].item = 0), DecisionFault::Order { .. }));
}

#[test]
fn a_file_has_a_decision_exactly_if_its_format_says_so() {
    let limits = Limits::default();
    let (with, _) = decided(Mode::Proof).prove();
    let (without, _) = World::new().prove();
    for (evidence, format) in [(with.clone(), Format::V1), (without, Format::V2)] {
        let bytes = Evidence { format, ..evidence }.encode().unwrap();
        assert!(matches!(Evidence::decode(&bytes, &limits), Err(EvidenceError::Decision)));
    }
    let bytes = with.encode().unwrap();
    for (what, tight) in [
        ("claims", Limits { claims: 1, ..limits }),
        ("blocks and receipts with steps", Limits { steps: 3, ..limits }),
    ] {
        let got = Evidence::decode(&bytes, &tight);
        assert!(matches!(got, Err(EvidenceError::TooMany { what: found, .. }) if found == what), "{got:?}");
    }
}
