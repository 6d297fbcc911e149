//! Requests in the three modes, from the first step to the last.

use crate::world::{
    BOND, COMMITTEE_SECONDS, DEADLINE, FEE, MONEY, PROOF_SECONDS, STAKE, WINDOW, Who, World, proof,
};
use averment_ledger::{
    contracts::InferenceRouter,
    settlement::{Happened, Mode, Phase, SettlementError, Step},
};
use averment_primitives::U256;

#[tokio::test]
async fn a_request_is_answered_by_whoever_proves() {
    let world = World::new().await;
    let found = world.request(Mode::Proof, 34).await;
    assert_eq!((found.standing.phase, found.mode()), (Phase::Open, Some(Mode::Proof)));
    assert_eq!(found.steps().iter().map(|one| one.step).collect::<Vec<_>>(), [Step::Prove, Step::Refund]);
    assert_eq!(found.due(world.now().await), None);
    // The fee was deposited first, and no more.
    let own = world.client.balance(world.address(Who::Requester)).await.unwrap();
    assert_eq!((own.router, own.wallet), (U256::ZERO, U256::from(MONEY - FEE)));

    let prover = world.by(Who::Prover);
    world.client.prove(&prover, &found, vec![4], proof()).await.unwrap();
    let found = world.again(&found).await;
    assert_eq!((found.standing.phase, found.outputs.as_deref()), (Phase::Final, Some(&[4][..])));
    assert_eq!((found.standing.until, found.steps()), (world.now().await, Vec::new()));
    assert_eq!(world.balance(Who::Prover).await, FEE);
    let [requested, finalised] = &found.history[..] else { panic!("{:?}", found.history) };
    assert!(matches!(&requested.what, Happened::Requested { asked, .. } if **asked == found.asked));
    let expected =
        Happened::Finalised { paid: prover.address(), proved: Some(prover.address()), outputs: vec![4] };
    assert_eq!(finalised.what, expected);
    assert!(requested.block < finalised.block && requested.time < finalised.time);
    world.client.withdraw(&prover, prover.address(), U256::from(FEE)).await.unwrap();
    assert_eq!(world.client.balance(prover.address()).await.unwrap().wallet, U256::from(FEE));
}

#[tokio::test]
async fn a_bonded_answer_is_final_after_its_window() {
    let world = World::new().await;
    let found = world.request(Mode::Optimistic, 34).await;
    world.client.answer(&world.by(Who::Answerer), &found, vec![4]).await.unwrap();
    assert_eq!(world.balance(Who::Answerer).await, 0);
    let found = world.again(&found).await;
    assert_eq!(found.standing.phase, Phase::Answered);
    assert_eq!(found.contested().answerer, world.address(Who::Answerer));
    assert_eq!(found.standing.until, found.block.header.timestamp + WINDOW);
    assert_eq!(found.due(found.standing.until), None);
    assert_eq!(found.due(found.standing.until + 1), Some(Step::Finalise));

    world.pass(WINDOW + 1).await;
    world.client.settle(&world.by(Who::Owner), &found, Step::Finalise).await.unwrap();
    let found = world.again(&found).await;
    assert_eq!((found.standing.phase, found.outputs.as_deref()), (Phase::Final, Some(&[4][..])));
    assert_eq!(world.balance(Who::Answerer).await, BOND + FEE);
    let words: Vec<_> = found.history.iter().map(|event| event.what.clone()).collect();
    assert!(matches!(words[1], Happened::Answered { .. }));
    assert!(matches!(words[2], Happened::Finalised { proved: None, .. }));
}

#[tokio::test]
async fn a_challenged_answer_is_proved_by_its_answerer() {
    let world = World::new().await;
    let found = world.request(Mode::Optimistic, 34).await;
    world.client.answer(&world.by(Who::Answerer), &found, vec![4]).await.unwrap();
    let answered = world.again(&found).await;
    world.client.challenge(&world.by(Who::Challenger), &answered).await.unwrap();
    let found = world.again(&found).await;
    assert_eq!(found.standing.phase, Phase::Challenged);
    assert_eq!(found.contested().challenger, world.address(Who::Challenger));
    assert_eq!(found.standing.until, found.block.header.timestamp + PROOF_SECONDS);
    world.client.prove(&world.by(Who::Answerer), &found, vec![4], proof()).await.unwrap();
    assert_eq!(world.balance(Who::Answerer).await, BOND + FEE + STAKE);
    assert_eq!(world.again(&found).await.standing.phase, Phase::Final);
}

#[tokio::test]
async fn who_does_not_prove_loses_the_bond_and_the_request_is_open_again() {
    let world = World::new().await;
    let found = world.request(Mode::Optimistic, 34).await;
    world.client.answer(&world.by(Who::Answerer), &found, vec![5]).await.unwrap();
    world.client.challenge(&world.by(Who::Challenger), &world.again(&found).await).await.unwrap();
    let challenged = world.again(&found).await;
    assert_eq!(challenged.due(challenged.standing.until + 1), Some(Step::Forfeit));
    world.pass(PROOF_SECONDS + 1).await;
    world.client.settle(&world.by(Who::Challenger), &challenged, Step::Forfeit).await.unwrap();
    let found = world.again(&found).await;
    assert_eq!((found.standing.phase, &found.given), (Phase::Open, &None));
    assert_eq!(world.balance(Who::Challenger).await, STAKE + BOND / 2);
    let slashed = found.history.iter().find_map(|event| match &event.what {
        Happened::Slashed { answerer, challenger, burned } => Some((*answerer, *challenger, *burned)),
        _ => None,
    });
    let (answerer, challenger) = (world.address(Who::Answerer), world.address(Who::Challenger));
    assert_eq!(slashed, Some((answerer, Some(challenger), BOND - BOND / 2)));
    // Another answer may come, and is the one that counts.
    world.client.mint(&world.by(Who::Answerer), U256::from(BOND)).await.unwrap();
    world.client.answer(&world.by(Who::Answerer), &found, vec![4]).await.unwrap();
    let found = world.again(&found).await;
    assert_eq!((found.contested().outputs, found.standing.phase), (vec![4], Phase::Answered));
}

#[tokio::test]
async fn what_nobody_answers_comes_back() {
    let world = World::new().await;
    let found = world.request(Mode::Proof, 34).await;
    assert_eq!(found.due(found.standing.until + 1), Some(Step::Refund));
    world.pass(DEADLINE + 1).await;
    world.client.settle(&world.by(Who::Owner), &found, Step::Refund).await.unwrap();
    let found = world.again(&found).await;
    assert_eq!(found.standing.phase, Phase::Refunded);
    assert_eq!(found.history.last().unwrap().what, Happened::Refunded { lapsed: 0 });
    assert_eq!(world.balance(Who::Requester).await, FEE);
}

#[tokio::test]
async fn a_revoked_version_gives_bonds_and_fees_back() {
    let world = World::new().await;
    let found = world.request(Mode::Optimistic, 34).await;
    world.client.answer(&world.by(Who::Answerer), &found, vec![4]).await.unwrap();
    world.client.challenge(&world.by(Who::Challenger), &world.again(&found).await).await.unwrap();
    assert!(!world.client.is_revoked(world.version).await.unwrap());
    world.registry.revoke(&world.by(Who::Owner), world.version, "bad").await.unwrap();
    assert!(world.client.is_revoked(world.version).await.unwrap());
    let found = world.again(&found).await;
    assert_eq!((found.revoked, found.due(world.now().await)), (true, Some(Step::Refund)));
    world.client.settle(&world.by(Who::Owner), &found, Step::Refund).await.unwrap();
    assert_eq!(world.balance(Who::Requester).await, FEE);
    assert_eq!(world.balance(Who::Answerer).await, BOND);
    assert_eq!(world.balance(Who::Challenger).await, STAKE);
}

#[tokio::test]
async fn a_committee_agrees_on_the_chain() {
    let world = World::new().await;
    world.operators().await;
    let found = world.request(Mode::Quorum, 34).await;
    let draw = found.standing.draw().unwrap();
    assert_eq!(draw.since, found.block.header.timestamp);
    assert!(draw.round > found.block.header.number, "{draw:?}");
    assert_eq!(found.due(world.now().await), Some(Step::Draw));
    let early = world.client.draw(&world.by(Who::Challenger), &found).await.unwrap_err();
    assert!(matches!(early, SettlementError::NotDrawable { round, .. } if round == draw.round), "{early}");

    let found = world.drawn(&found).await;
    let committee = found.committee.clone().unwrap();
    assert_eq!((found.standing.phase, committee.members.len()), (Phase::Drawn, 3));
    assert_eq!(found.due(committee.revealUntil.to()), None);
    assert_eq!(found.due(committee.revealUntil.to::<u64>() + 1), Some(Step::Close));
    for seat in 0..3 {
        world.commit(&found, seat, &[if seat == 1 { 5 } else { 4 }]).await;
    }
    world.pass(COMMITTEE_SECONDS + 1).await;
    for seat in [2, 0, 1] {
        world.reveal(&found, seat, &[if seat == 1 { 5 } else { 4 }]).await;
    }
    let found = world.again(&found).await;
    assert_eq!(found.heard(), [vec![4], vec![5], vec![4]]);
    // All have revealed: nobody has to wait.
    assert_eq!(found.due(world.now().await), Some(Step::Close));
    world.client.settle(&world.by(Who::Challenger), &found, Step::Close).await.unwrap();
    let found = world.again(&found).await;
    assert_eq!((found.standing.phase, found.outputs.as_deref()), (Phase::Final, Some(&[4][..])));
    let ended =
        |what: &Happened| matches!(what, Happened::Ended { outcome: 0, agreeing } if agreeing.len() == 2);
    assert!(found.history.iter().any(|event| ended(&event.what)), "{:?}", found.history);
}

#[tokio::test]
async fn a_silent_committee_leaves_the_request_to_a_proof() {
    let world = World::new().await;
    world.operators().await;
    let found = world.drawn(&world.request(Mode::Quorum, 34).await).await;
    world.pass(2 * COMMITTEE_SECONDS + 2).await;
    world.client.settle(&world.by(Who::Challenger), &found, Step::Close).await.unwrap();
    let found = world.again(&found).await;
    assert_eq!((found.standing.phase, found.standing.draw()), (Phase::Open, None));
    assert_eq!(found.steps().iter().map(|one| one.step).collect::<Vec<_>>(), [Step::Prove, Step::Refund]);
    let slashed = |what: &Happened| matches!(what, Happened::OperatorSlashed { .. });
    assert_eq!(found.history.iter().filter(|event| slashed(&event.what)).count(), 3);
    world.client.prove(&world.by(Who::Prover), &found, vec![4], proof()).await.unwrap();
    assert_eq!(world.again(&found).await.standing.phase, Phase::Final);
}

#[tokio::test]
async fn a_proof_overrules_a_committee() {
    let world = World::new().await;
    world.operators().await;
    let found = world.drawn(&world.request(Mode::Quorum, 34).await).await;
    world.commit(&found, 0, &[5]).await;
    world.pass(COMMITTEE_SECONDS + 1).await;
    world.reveal(&found, 0, &[5]).await;
    let found = world.again(&found).await;
    world.client.prove(&world.by(Who::Prover), &found, vec![4], proof()).await.unwrap();
    let found = world.again(&found).await;
    assert_eq!(found.outputs.as_deref(), Some(&[4][..]));
    let slashed = |what: &Happened| matches!(what, Happened::OperatorSlashed { accuser, .. } if *accuser == world.address(Who::Prover));
    assert_eq!(found.history.iter().filter(|event| slashed(&event.what)).count(), 1);
}

/// What is read from the router's storage is what it says itself.
#[tokio::test]
async fn standings_and_ids_are_the_contracts() {
    let world = World::new().await;
    let router =
        InferenceRouter::new(world.client.contracts().router.address, world.ledger.provider().clone());
    let open = world.request(Mode::Quorum, 1).await;
    let answered = world.request(Mode::Optimistic, 2).await;
    world.client.answer(&world.by(Who::Answerer), &answered, vec![2]).await.unwrap();
    let made = world.client.requests(None).await.unwrap();
    assert_eq!(made.iter().map(|one| one.id).collect::<Vec<_>>(), [open.id, answered.id]);
    for one in made {
        let said = router.standingOf(one.id).call().await.unwrap();
        assert_eq!((one.standing.phase as u8, one.standing.until), (said.phase, said.until.to()));
        let drawn = router.drawOf(one.id).call().await.unwrap();
        let draw = one.standing.draw().map_or((0, 0), |draw| (draw.since, draw.round));
        if one.id == open.id {
            assert_eq!(draw, (drawn.since.to(), drawn.round));
        }
        assert_eq!(router.requestIdOf(one.requester, one.asked.clone()).call().await.unwrap(), one.id);
    }
    assert_eq!(router.offerIdOf(world.offer.clone()).call().await.unwrap(), world.offer_id);
    assert_eq!(world.client.requests(Some(world.address(Who::Owner))).await.unwrap().len(), 0);
    assert_eq!(world.client.requests(Some(world.address(Who::Requester))).await.unwrap().len(), 2);
}

#[tokio::test]
async fn an_offer_is_found_until_it_is_withdrawn() {
    let world = World::new().await;
    let found = world.client.find_offer(world.offer_id).await.unwrap();
    assert!(found.open);
    assert_eq!(found.offer, world.offer);
    world.client.withdraw_offer(&world.by(Who::Owner), &world.offer).await.unwrap();
    let [found] = &world.client.offers_of(world.version).await.unwrap()[..] else { panic!() };
    assert_eq!((found.id, found.open), (world.offer_id, false));
    // Made once more, it is one offer still.
    world.client.offer(&world.by(Who::Owner), &world.offer).await.unwrap();
    let [found] = &world.client.offers_of(world.version).await.unwrap()[..] else { panic!() };
    assert!(found.open);
}
