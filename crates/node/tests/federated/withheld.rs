//! Who gives less than it revealed: the package without its proof, or what it sent before with a proof that is none.

use crate::{
    finals, honest,
    world::{AGGREGATOR, FIRST, VALIDATORS, World, point},
};
use alloy_primitives::U256;
use averment_ledger::federated::{Contested, Event as Told, WHOLE};
use averment_node::federated::craft::Update;

/// The proof comes by way of the chain when somebody asks there; the round takes the update then.
#[tokio::test]
async fn a_proof_that_is_given_on_the_chain_alone_is_as_good() {
    let world = World::new().await;
    let validator = VALIDATORS[0];
    world.seat(&[validator]).await;
    let mut members = Vec::new();
    for (at, update) in [(1, 10), (2, -7), (3, 30), (AGGREGATOR, 0), (validator, 0)] {
        members.push(world.start(at, honest(update)).await);
    }
    let mean = world.address(1);
    let mut kept: Option<Update> = None;
    let mut asked = false;
    for _ in 0..120 {
        for member in &mut members {
            member.turn().await;
        }
        let book = world.book().await;
        let store = members[0].service().store().clone();
        if let (None, Some(update)) = (&kept, store.update(1).unwrap()) {
            store.keep_update(1, &Update { proof: b"nothing".to_vec(), ..update.clone() }).unwrap();
            kept = Some(update);
        }
        let challenged = book.round.as_ref().is_some_and(|round| {
            round.number == 1 && round.challenges.contains_key(&(mean, Contested::Proof))
        });
        if let (true, false, Some(update)) = (challenged, asked, &kept) {
            store.keep_update(1, update).unwrap();
            asked = true;
        }
        if finals(&world).await == 1 {
            break;
        }
        world.ground.pass(6).await;
    }
    assert!(asked, "nobody asked for the proof");
    let book = world.book().await;
    let made = book.models.first().expect("a model");
    // In the round that it was asked for in, by who asked: nobody had to take over.
    assert_eq!((made.round, made.aggregator), (1, world.address(AGGREGATOR)));
    assert!(made.accounts.contains(&mean));
    let sum = FIRST + world.mean(&[(1, 10), (2, -7), (3, 30)]);
    assert_eq!(made.points.as_ref(), point(sum));
    // The validator had the package, and takes the proof from the chain, too: it says of nobody that it saw nothing.
    let scores = world.history().await.into_iter().find_map(|event| match event {
        Told::ScoresRevealed { round: 1, scores, .. } => Some(scores),
        _ => None,
    });
    assert_eq!(scores.unwrap(), [WHOLE; 3]);
    // Who asked lost its bond to who answered.
    let bond = U256::from(world.client.terms().money.bond);
    assert!(world.client.balance(mean).await.unwrap() >= bond);
}
