//! What is sent once more: the same package twice, what was sent in another round, what somebody else sent.

use crate::{
    finals, honest, until,
    world::{AGGREGATOR, FIRST, Member, Toy, World, package, point},
};
use alloy_primitives::{Address, keccak256};
use averment_ledger::federated::Phase;
use averment_node::{
    federated::{
        craft::{About, Craft, Update, UpdateFault},
        delivery::Parts,
        transfers::{Patience, Place, TransferClient},
    },
    seal::{About as Sealed, seal},
};
use std::sync::{Arc, Mutex};

/// Says whose updates were checked.
struct Watched(Toy, Arc<Mutex<Vec<Address>>>);

impl Craft for Watched {
    as_the_inner!(
        prefix,
        model_points,
        check_room,
        train,
        sum,
        gathered,
        check_opening,
        aggregate,
        integers,
        score
    );

    fn check_update(&self, about: &About, update: &Update) -> Result<(), UpdateFault> {
        self.1.lock().unwrap().push(about.party);
        self.0.check_update(about, update)
    }
}

/// Seals an update as what somebody may take it for, and brings it to the aggregator under an account's name.
async fn bring(world: &World, by: usize, sealed_as: &[u8], update: &Update) {
    let (key, endpoint) = world.book().await.announced[&world.address(AGGREGATOR)].clone();
    let bytes = Parts { package: &update.package, proof: &update.proof, before: &[] }.encode().unwrap();
    let sealed = seal(&key, Sealed::Update(keccak256(sealed_as)), &bytes).unwrap();
    let place = Place { chain_id: world.client.id().chain_id, task: world.client.id().task };
    let key = world.ground.accounts[by].clone();
    let client = TransferClient::new(&endpoint, place, key, Patience::default()).unwrap();
    client.bring(&sealed.into()).await.unwrap();
}

#[tokio::test]
async fn what_was_sent_before_or_by_another_is_taken_for_nothing_else() {
    let world = World::new().await;
    let checked: Arc<Mutex<Vec<Address>>> = Arc::default();
    let watched = Arc::new(Watched(honest(0), checked.clone()));
    // Two send the same package, with a proof each.
    let mut members = Vec::new();
    for (at, update) in [(1, 10), (2, 10), (3, 30)] {
        members.push(world.start(at, honest(update)).await);
    }
    members.push(world.start_with(AGGREGATOR, watched, &package(FIRST), &point(FIRST)).await);
    until(&world, &mut members, async |world| finals(world).await == 1).await;
    // In the second round everybody reveals; the third brings nothing by itself any more.
    let revealed = async || {
        let book = world.book().await;
        book.number() == 2 && book.running().is_some_and(|round| round.said.len() == 3)
    };
    while !revealed().await {
        for member in &mut members {
            member.turn().await;
        }
        world.ground.pass(if world.book().await.phase == Phase::Reveal { 1 } else { 11 }).await;
    }
    let replayer: Member = members.remove(2);
    let store = replayer.service.as_ref().unwrap().store().clone();
    let [old, own] = [1, 2].map(|round| store.update(round).unwrap().unwrap());
    assert_eq!((&old.package, old.proof == own.proof), (&own.package, false));
    let other = members[0].service().store().update(2).unwrap().unwrap();
    let of_third = || checked.lock().unwrap().iter().filter(|one| **one == world.address(3)).count();
    let before = of_third();
    let aggregator = members.pop().unwrap();
    let mut members_ = vec![aggregator];
    let turns = async |members: &mut Vec<Member>| {
        for _ in 0..3 {
            members[0].turn().await;
        }
        members[0].service().store().opened(2, world.address(3)).unwrap()
    };
    // Of the round before, with that one's proof: the package is the same here, the proof is none.
    bring(&world, 3, &own.package, &old).await;
    let opened = turns(&mut members_).await.unwrap();
    assert_eq!((&opened.package, &opened.proof), (&own.package, &old.proof));
    assert_eq!(of_third(), before + 1, "it is looked at once");
    // Somebody else's, sealed as what it is and as what one's own is.
    bring(&world, 3, &other.package, &other).await;
    bring(&world, 3, &own.package, &other).await;
    assert_eq!(turns(&mut members_).await.unwrap(), opened);
    assert_eq!(of_third(), before + 1, "nobody takes it for an update");
    // What it should be, twice.
    bring(&world, 3, &own.package, &own).await;
    assert_eq!(turns(&mut members_).await.unwrap().proof, own.proof);
    bring(&world, 3, &own.package, &own).await;
    turns(&mut members_).await;
    assert_eq!(of_third(), before + 2);
    members.extend(members_);
    until(&world, &mut members, async |world| finals(world).await == 2).await;
    let book = world.book().await;
    let mean = world.mean(&[(1, 10), (2, 10), (3, 30)]);
    assert_eq!(book.models[1].points.as_ref(), point(FIRST + 2 * mean));
    // Of one package two have a proof each.
    let store = members.last_mut().unwrap().service().store().clone();
    let [one, two] = [1, 2].map(|at| store.opened(2, world.address(at)).unwrap().unwrap());
    assert_eq!(one.package, two.package);
    assert_ne!(one.proof, two.proof);
}

#[tokio::test]
async fn a_package_that_is_sent_in_every_round_counts_as_often_as_it_was_sent() {
    let world = World::comparing().await;
    let mut members = Vec::new();
    for (at, update) in [(1, 10), (2, -7), (3, 30), (AGGREGATOR, 0)] {
        members.push(world.start(at, honest(update)).await);
    }
    until(&world, &mut members, async |world| finals(world).await == 2).await;
    // Another one makes the last two, of what opens the sums.
    drop(members.pop());
    until(&world, &mut members, async |world| finals(world).await == 4).await;
    let book = world.book().await;
    for made in &book.models {
        assert_eq!(made.accounts.len(), 3, "{}", made.round);
    }
    assert_eq!(book.voids, 0);
}
