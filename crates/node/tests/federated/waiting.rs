//! What members do of themselves when it is due: again what failed, once something happened; strikes of silent validators; bonds that a
//! round left behind.

use crate::{
    finals, honest, until,
    world::{AGGREGATOR, Deed, Member, Toy, VALIDATORS, World},
};
use alloy_primitives::Address;
use averment_ledger::federated::{Contested, Event as Told, Phase};
use averment_node::federated::{
    machine::{Action, Event, Have, Machine, Settings},
    service::{Halt, TurnError},
};
use std::time::Duration;

#[tokio::test]
async fn what_failed_is_tried_again_when_something_happened_and_not_an_hour_later() {
    let mut world = World::new().await;
    world.again_after = Duration::from_secs(3_600);
    let mut members = Vec::new();
    // The aggregator comes last: whoever has revealed is not known to it yet, and is refused.
    for (at, update) in [(1, 10), (2, -7), (3, 30), (AGGREGATOR, 0)] {
        members.push(world.start(at, honest(update)).await);
    }
    until(&world, &mut members, async |world| finals(world).await == 1).await;
    let book = world.book().await;
    let made = &book.models[0];
    assert_eq!((made.aggregator, made.accounts.len()), (world.address(AGGREGATOR), 3));
    let history = world.history().await;
    assert!(!history.iter().any(|event| matches!(event, Told::Challenged { .. })));
}

#[tokio::test]
async fn validators_who_say_nothing_are_struck_before_the_round_is_paid() {
    let world = World::new().await;
    let [speaks, silent] = [VALIDATORS[0], VALIDATORS[1]];
    world.seat(&[speaks, silent]).await;
    let mut members = Vec::new();
    for (at, update) in [(1, 10), (2, -7), (3, 30), (AGGREGATOR, 0), (speaks, 0)] {
        members.push(world.start(at, honest(update)).await);
    }
    until(&world, &mut members, async |world| finals(world).await == 2).await;
    let book = world.book().await;
    let strikes = |at: usize| book.members[&world.address(at)].strikes;
    assert_eq!((strikes(speaks), strikes(silent)), (0, 2));
    for at in 1..=3 {
        assert_eq!(strikes(at), 0, "{at}");
    }
}

/// A proof that fails, shown after the aggregation, voids a round whatever is open there.
#[tokio::test]
async fn a_bond_that_a_void_round_left_behind_is_taken_back_by_whose_it_is() {
    let world = World::new().await;
    let settings = |at: usize| Settings {
        account: world.address(at),
        trains: true,
        aggregates: true,
        challenges: true,
        bonds: 8,
        scores: false,
        carried: false,
        settling: 0,
        stagger: 10,
    };
    let terms = world.client.terms();
    let mut machines = [1, 2].map(|at| Machine::new(settings(at), world.client.id(), terms.clone()));
    let (round, account, contested) = (1, Address::ZERO, Contested::Model);
    let mut said = world.history().await;
    said.extend([
        Told::Opened { round, members: 5, randomness: 0 },
        Told::Phase { round, phase: Phase::Settle, until: 5_000 },
        Told::Challenged { round, account, contested, challenger: world.address(1) },
    ]);
    let mut apply = |events: &[Told]| {
        for machine in &mut machines {
            events.iter().for_each(|event| machine.apply(&Event::Told(event.clone())).unwrap());
            machine.apply(&Event::Settled { time: 4_000 }).unwrap();
        }
        machines.each_ref().map(|machine| {
            let wanted = machine.wanted(&Have::default());
            wanted.into_iter().any(|action| action == Action::Lapse { round, account, contested })
        })
    };
    // It can be answered still; after the round it cannot, and the bond is one's own to fetch.
    assert_eq!(apply(&said), [false, false]);
    let void = [Told::Voided { round }, Told::Phase { round, phase: Phase::Idle, until: 9_000 }];
    assert_eq!(apply(&void), [true, false]);
    let next = Told::Opened { round: 2, members: 5, randomness: 0 };
    assert_eq!(apply(&[next, Told::Phase { round: 2, phase: Phase::Commit, until: 9_500 }]), [true, false]);
    assert_eq!(apply(&[Told::Lapsed { round, account, contested }]), [false, false]);
}

#[tokio::test]
async fn who_fetches_a_first_model_without_room_for_the_rounds_stops() {
    let world = World::new().await;
    let mut giver = world.start(1, honest(10)).await;
    let mut fetcher = world.start(2, Toy { update: 5, deed: Deed::Narrow }).await;
    let path = world.path(2).join("models/0");
    std::fs::remove_file(&path).unwrap();
    for _ in 0..20 {
        giver.turn().await;
        match fetcher.service().turn().await {
            Ok(_) => {}
            Err(TurnError::Halt(Halt::Room(why))) => {
                assert!(why.contains("is long") && !path.exists());
                return;
            }
            Err(other) => panic!("{other}"),
        }
    }
    panic!("it takes the model");
}

#[tokio::test]
async fn members_count_what_they_do_and_what_is_missing() {
    let world = World::new().await;
    let mut members = Vec::new();
    let bad = Toy { update: 5, deed: Deed::OtherPoints };
    for (at, toy) in [(1, honest(10)), (2, honest(-7)), (3, bad), (AGGREGATOR, honest(0))] {
        members.push(world.start(at, toy).await);
    }
    let figure = |member: &mut Member, name: &str| -> u64 {
        let text = member.service().metrics().text();
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("averment_member_{name} ")));
        line.unwrap_or_else(|| panic!("{name} in {text}")).parse().unwrap()
    };
    until(&world, &mut members, async |world| world.book().await.phase == Phase::Answer).await;
    for member in &mut members {
        member.turn().await;
    }
    let aggregator = members.last_mut().unwrap();
    assert_eq!(figure(aggregator, "updates_missing"), 1);
    // The update and its proof.
    assert_eq!(figure(aggregator, "actions_total{what=\"challenge\"}"), 2);
    assert_eq!(figure(&mut members[2], "own_challenges"), 1);
    assert!(figure(&mut members[2], "failures_total{what=\"answer\"}") > 0);
    until(&world, &mut members, async |world| finals(world).await == 1).await;
    for member in &mut members {
        member.turn().await;
    }
    let strikes: Vec<u64> = members.iter_mut().map(|member| figure(member, "strikes")).collect();
    assert_eq!(strikes, [0, 0, 1, 0]);
    let aggregator = members.last_mut().unwrap();
    assert_eq!(figure(aggregator, "actions_total{what=\"aggregate\"}"), 1);
    assert_eq!(figure(aggregator, "compute_seconds_count"), 1);
    assert_eq!(figure(&mut members[0], "compute_seconds_count"), 1);
    assert!(aggregator_is_well(&members));
}

/// A turn ended well a moment ago.
fn aggregator_is_well(members: &[Member]) -> bool {
    let metrics = members.last().and_then(|member| member.service.as_ref()).unwrap().metrics();
    !metrics.is_halted() && metrics.since_turn().is_some_and(|seconds| seconds < 600)
}
