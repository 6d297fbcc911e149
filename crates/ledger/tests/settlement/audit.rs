//! The audit file of an answer in each mode, from the real contracts and a block hash; what was played false with is refused.

use crate::world::{COMMITTEE_SECONDS, PROOF_SECONDS, WINDOW, Who, World, proof};
use alloy::primitives::{B256, U256};
use averment_ledger::{
    registry::{DecisionError, Dossier, Subject, View},
    settlement::{Mode, Step},
};
use averment_registry::{
    audit::{
        self, Answer, BrokenLink, Caveat, DecisionEvidence, DecisionFault, Evidence, Limits, TrustPolicy,
        TrustedBlockHash, Verified,
    },
    settlement::{Event, encode_outputs},
};
use std::collections::{BTreeMap, BTreeSet};

/// The file about a request, and the block that it is proved from.
async fn made(world: &World, id: B256) -> (Evidence, TrustedBlockHash) {
    let view = world.registry.at_final().await.unwrap();
    let decision = gathered(world, &view, id).await;
    let versions = BTreeMap::from([(world.version, world.declared.clone())]);
    let (subject, models) = (world.version, BTreeSet::from([world.model]));
    let dossier =
        Dossier { subject, models, versions, logs: Vec::new(), decision: Some(decision), rounds: Vec::new() };
    let evidence = view.evidence(dossier).await.unwrap();
    (evidence, TrustedBlockHash(view.block().hash))
}

async fn gathered(world: &World, view: &View, id: B256) -> DecisionEvidence {
    let router = world.client.contracts().router.address;
    let found = view.settled(router, Subject::Request(id)).await.unwrap();
    assert_eq!(found.version, world.version);
    found.evidence
}

/// What a reader finds who has the file's bytes and the hash.
async fn audited(world: &World, id: B256) -> Verified {
    let (evidence, trusted) = made(world, id).await;
    let bytes = evidence.encode().unwrap();
    let read = Evidence::decode(&bytes, &Limits::default()).unwrap();
    let policy = TrustPolicy {
        registry: Some(world.registry.id().address),
        router: Some(world.client.contracts().router.address),
        ..TrustPolicy::default()
    };
    let verified = audit::verify(&read, trusted, &policy).unwrap();
    let decision = verified.decision().unwrap();
    assert_eq!((decision.id, decision.outputs.as_slice(), decision.told()), (id, [4].as_slice(), 0));
    assert!(decision.pool.is_none() && decision.offer_open);
    assert!(audit::page::render(&verified).contains("From data to payout"));
    verified
}

fn names(verified: &Verified) -> Vec<&'static str> {
    verified.decision().unwrap().steps.iter().map(|step| step.event.name()).collect()
}

fn fault(evidence: &Evidence, trusted: TrustedBlockHash) -> DecisionFault {
    match audit::verify(evidence, trusted, &TrustPolicy::default()).map(|_| ()) {
        Err(BrokenLink::Decision(fault)) => *fault,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_proved_answer_is_audited_offline_and_no_other_in_its_place() {
    let world = World::new().await;
    let found = world.request(Mode::Proof, 34).await;
    let view = world.registry.at_final().await.unwrap();
    let router = world.client.contracts().router.address;
    let open = view.settled(router, Subject::Request(found.id)).await.unwrap_err();
    assert!(matches!(open, DecisionError::NotFinal { id } if id == found.id), "{open}");
    let unknown = view.settled(router, Subject::Request(B256::ZERO)).await.unwrap_err();
    assert!(matches!(unknown, DecisionError::Unknown { .. }), "{unknown}");
    let other = world.request(Mode::Proof, 44).await;
    for one in [&found, &other] {
        world.client.prove(&world.by(Who::Prover), one, vec![4], proof()).await.unwrap();
    }
    let verified = audited(&world, found.id).await;
    assert_eq!(verified.decision().unwrap().answer, Answer::Proved { by: world.address(Who::Prover) });
    assert_eq!(names(&verified), ["Requested", "Finalised"]);
    // The proof is not in the file, and the reader is told so.
    assert!(verified.caveats().contains(&Caveat::ProofMissing));

    let (evidence, trusted) = made(&world, found.id).await;
    let tampered = |change: &dyn Fn(&mut DecisionEvidence)| {
        let mut own = evidence.clone();
        change(own.decision.as_mut().unwrap());
        fault(&own, trusted)
    };
    let got = tampered(&|own| own.outputs = encode_outputs(&[5]).into());
    assert!(matches!(got, DecisionFault::Outputs { .. }), "{got}");
    let got = tampered(&|own| own.request.requester = world.address(Who::Owner));
    assert!(matches!(got, DecisionFault::RequestId { .. }), "{got}");
    // What another request's audit has in the same place.
    let (second, _) = made(&world, other.id).await;
    let second = second.decision.unwrap();
    let got = tampered(&|own| own.router = second.router.clone());
    assert!(matches!(got, DecisionFault::State { contract: "router", .. }), "{got}");
    let got = tampered(&|own| own.steps = second.steps.clone());
    assert!(matches!(got, DecisionFault::StepCount { event: "Finalised", got: 0 }), "{got}");
    // The same, proved from a later block.
    world.pass(60).await;
    let later = made(&world, found.id).await.0.decision.unwrap();
    let got = tampered(&|own| own.router = later.router.clone());
    assert!(matches!(got, DecisionFault::State { contract: "router", .. }), "{got}");
}

#[tokio::test]
async fn a_bonded_answer_is_audited_with_the_one_that_lost_its_bond() {
    let world = World::new().await;
    let found = world.request(Mode::Optimistic, 34).await;
    world.client.answer(&world.by(Who::Answerer), &found, vec![5]).await.unwrap();
    world.client.challenge(&world.by(Who::Challenger), &world.again(&found).await).await.unwrap();
    let challenged = world.again(&found).await;
    world.pass(PROOF_SECONDS + 1).await;
    world.client.settle(&world.by(Who::Challenger), &challenged, Step::Forfeit).await.unwrap();
    world.client.mint(&world.by(Who::Answerer), U256::from(10_000)).await.unwrap();
    world.client.answer(&world.by(Who::Answerer), &world.again(&found).await, vec![4]).await.unwrap();
    let answered = world.again(&found).await;
    world.pass(WINDOW + 1).await;
    world.client.settle(&world.by(Who::Owner), &answered, Step::Finalise).await.unwrap();

    let verified = audited(&world, found.id).await;
    let until = answered.standing.until;
    let expected = Answer::Unchallenged { answerer: world.address(Who::Answerer), until };
    assert_eq!(verified.decision().unwrap().answer, expected);
    let steps = ["Requested", "Answered", "Challenged", "Slashed", "Reopened", "Answered", "Finalised"];
    assert_eq!(names(&verified), steps);
}

#[tokio::test]
async fn a_committees_answer_is_audited_with_who_agreed() {
    let world = World::new().await;
    world.operators().await;
    let found = world.drawn(&world.request(Mode::Quorum, 34).await).await;
    for seat in 0..3 {
        world.commit(&found, seat, &[if seat == 1 { 5 } else { 4 }]).await;
    }
    world.pass(COMMITTEE_SECONDS + 1).await;
    for seat in 0..2 {
        world.reveal(&found, seat, &[if seat == 1 { 5 } else { 4 }]).await;
    }
    world.reveal(&found, 2, &[4]).await;
    world.client.settle(&world.by(Who::Challenger), &world.again(&found).await, Step::Close).await.unwrap();

    let verified = audited(&world, found.id).await;
    let decision = verified.decision().unwrap();
    let Answer::Agreed { staking, threshold: 2, members, agreeing } = &decision.answer else {
        panic!("{:?}", decision.answer)
    };
    assert_eq!(*staking, world.client.contracts().staking.address);
    assert_eq!((members.len(), agreeing.len()), (3, 2));
    // Who said something else is not among them.
    let outvoted = decision.steps.iter().find_map(|step| match &step.event {
        Event::Revealed { operator, outputs } if outputs == &[5] => Some(*operator),
        _ => None,
    });
    assert!(!agreeing.contains(&outvoted.unwrap()));
    assert_eq!(names(&verified).iter().filter(|name| **name == "Committed").count(), 3);
}

/// The state holds the hashes of 8,191 blocks: what is older is told, and said to be.
#[tokio::test]
async fn what_the_state_does_not_remember_is_told() {
    let world = World::new().await;
    let found = world.request(Mode::Proof, 34).await;
    let chain = world.ledger.embedded().unwrap();
    let mine = || {
        world.clock.advance(1);
        chain.mine().unwrap();
    };
    mine();
    world.client.prove(&world.by(Who::Prover), &found, vec![4], proof()).await.unwrap();
    // The last block whose receipts are proved, and the first whose are not.
    let asked = found.block.header.number;
    while world.ledger.newest_final().await.unwrap().header.number < asked + 8_191 {
        mine();
    }
    assert_eq!(audited(&world, found.id).await.caveats().iter().filter(|one| is_told(one)).count(), 0);
    mine();
    let (evidence, trusted) = made(&world, found.id).await;
    let verified = audit::verify(&evidence, trusted, &TrustPolicy::default()).unwrap();
    assert!(verified.caveats().contains(&Caveat::Told { steps: 1, of: 2 }), "{:?}", verified.caveats());
    assert!(audit::page::render(&verified).contains("told, not proved"));
}

fn is_told(caveat: &Caveat) -> bool {
    matches!(caveat, Caveat::Told { .. })
}
