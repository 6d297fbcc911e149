//! A chain whose last blocks are replaced by others, in which nothing of what members sent is.

use crate::{
    finals, honest,
    world::{AGGREGATOR, FIRST, World, number},
};
use alloy_primitives::{Address, B256};
use averment_ledger::federated::Event;
use std::collections::{BTreeMap, BTreeSet};

/// After so many blocks one counts as settled; so many are taken back at once.
const DEPTH: u64 = 4;

/// What an event says that somebody may say once.
fn said(event: &Event) -> Option<(&'static str, Address, B256)> {
    match event {
        Event::Committed { account, digest, .. } => Some(("commit", *account, *digest)),
        Event::Revealed { account, content, .. } => Some(("reveal", *account, *content)),
        Event::Aggregated { aggregator, content, .. } => Some(("aggregate", *aggregator, *content)),
        Event::ScoresCommitted { validator, digest, .. } => Some(("score", *validator, *digest)),
        _ => None,
    }
}

#[tokio::test]
async fn what_a_reorganisation_takes_back_is_sent_again_and_is_the_same() {
    let mut world = World::new().await;
    let validator = crate::VALIDATORS[0];
    world.seat(&[validator]).await;
    world.settle_after(DEPTH).await;
    let mut members = Vec::new();
    for (at, update) in [(1, 10), (2, -7), (3, 30), (AGGREGATOR, 0), (validator, 0)] {
        members.push(world.start(at, honest(update)).await);
    }
    // Whatever was in any block, also in one that is not there any more.
    let mut all: BTreeMap<(&'static str, Address), BTreeSet<B256>> = BTreeMap::new();
    let mut taken: BTreeSet<&'static str> = BTreeSet::new();
    for _ in 0..200 {
        for member in &mut members {
            member.turn().await;
        }
        let head = world.chain().latest().unwrap().1.number;
        let unsettled = world.client.events(head - DEPTH + 1, head).await.unwrap();
        let fresh: Vec<_> = unsettled.iter().filter_map(|happened| said(&happened.event)).collect();
        for (kind, account, what) in &fresh {
            all.entry((*kind, *account)).or_default().insert(*what);
        }
        let first: BTreeSet<_> =
            fresh.iter().map(|(kind, ..)| *kind).filter(|kind| !taken.contains(kind)).collect();
        if !first.is_empty() {
            world.chain().reorganise(DEPTH, &vec![Vec::new(); DEPTH as usize + 1]).unwrap();
            taken.extend(first);
            let head = world.chain().latest().unwrap().1.number;
            assert_eq!(world.client.events(head - DEPTH, head).await.unwrap(), []);
        }
        if finals(&world).await == 1 {
            break;
        }
        world.ground.pass(6).await;
    }
    let book = world.book().await;
    let made = book.models.first().unwrap();
    let mean = world.mean(&[(1, 10), (2, -7), (3, 30)]);
    assert_eq!(made.points.as_ref(), crate::world::point(FIRST + mean));
    assert_eq!(taken, BTreeSet::from(["commit", "reveal", "aggregate", "score"]));
    // Nobody ever said two things: that is slashed.
    assert_eq!(all.len(), 3 + 3 + 1 + 1);
    for (who, said) in &all {
        assert_eq!(said.len(), 1, "{who:?}");
    }
    for at in [1, 2, 3, validator] {
        assert_eq!(book.members[&world.address(at)].strikes, 0, "{at}");
    }
    // The model that the chain took is the one whose package is there.
    for _ in 0..2 * DEPTH {
        world.ground.pass(1).await;
    }
    for _ in 0..3 {
        for member in &mut members {
            member.turn().await;
        }
    }
    for member in &mut members {
        let model = member.service().store().model(1).unwrap().unwrap();
        assert_eq!(number(&model).unwrap(), FIRST + mean, "{}", member.at);
    }
}
