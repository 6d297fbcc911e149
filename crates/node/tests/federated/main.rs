//! Members of a task at work on the embedded chain, over HTTP: with one who is silent and comes back, one who delivers something else
//! than it committed to, an aggregator that is away, a stop at every step, a chain that takes blocks back. Here vectors are one number, and proofs are believed;
//! in `real` and `large` everything is as it is.

/// Methods of a craft that do as the one in its first field does, so that a test writes only those that do something else.
macro_rules! as_the_inner {
    (prefix) => {
        fn prefix(&self) -> Vec<u8> {
            self.0.prefix()
        }
    };
    (model_points) => {
        fn model_points(&self, package: &[u8]) -> Result<Vec<u8>, averment_node::federated::craft::CraftError> {
            self.0.model_points(package)
        }
    };
    (check_room) => {
        fn check_room(&self, terms: &averment_ledger::federated::Terms, initial: &[u8]) -> Result<(), String> {
            averment_node::federated::craft::Craft::check_room(&self.0, terms, initial)
        }
    };
    (train) => {
        fn train(&self, about: &averment_node::federated::craft::About, model: &[u8]) -> Result<averment_node::federated::craft::Update, averment_node::federated::craft::CraftError> {
            self.0.train(about, model)
        }
    };
    (check_update) => {
        fn check_update(&self, about: &averment_node::federated::craft::About, update: &averment_node::federated::craft::Update) -> Result<(), averment_node::federated::craft::UpdateFault> {
            self.0.check_update(about, update)
        }
    };
    (sum) => {
        fn sum(&self, packages: &[Vec<u8>]) -> Result<Vec<u8>, averment_node::federated::craft::CraftError> {
            self.0.sum(packages)
        }
    };
    (gathered) => {
        fn gathered(&self, posted: &averment_ledger::federated::Posted, without: Option<&[u8]>) -> Result<Vec<u8>, averment_node::federated::craft::CraftError> {
            self.0.gathered(posted, without)
        }
    };
    (check_opening) => {
        fn check_opening(&self, opening: &[u8], points: &[u8]) -> Result<(), averment_node::federated::craft::UpdateFault> {
            self.0.check_opening(opening, points)
        }
    };
    (aggregate) => {
        fn aggregate(&self, work: &averment_node::federated::craft::Work) -> Result<averment_node::federated::craft::NewModel, averment_node::federated::craft::CraftError> {
            self.0.aggregate(work)
        }
    };
    (integers) => {
        fn integers(&self, kind: averment_plan::vector::VectorKind, package: &[u8]) -> Result<averment_node::federated::craft::Integers, averment_node::federated::craft::CraftError> {
            self.0.integers(kind, package)
        }
    };
    (score) => {
        fn score(&self, work: &averment_node::federated::craft::Work) -> Result<Vec<u32>, averment_node::federated::craft::CraftError> {
            self.0.score(work)
        }
    };
    ($($method:ident),+) => {
        $(as_the_inner! { $method })+
    };
}

mod large;
mod real;
mod reorganised;
mod replayed;
mod takeover;
mod waiting;
mod withheld;
mod world;

use alloy::{providers::Provider, rpc::types::Filter};
use alloy_primitives::{Address, B256, U256};
use averment_ledger::federated::{Contested, Event as Told, Phase, evidence_of, pool_of};
use averment_node::federated::service::{Halt, TurnError};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};
use world::{AGGREGATOR, Deed, FIRST, Member, Toy, VALIDATORS, World, number};

fn honest(update: i64) -> Toy {
    Toy { update, deed: Deed::Honest }
}

/// Lets the members work, and time pass, until `done`.
async fn until(world: &World, members: &mut [Member], mut done: impl AsyncFnMut(&World) -> bool) {
    for _ in 0..160 {
        for _ in 0..2 {
            for member in members.iter_mut() {
                member.turn().await;
            }
        }
        if done(world).await {
            return;
        }
        world.ground.pass(11).await;
    }
    let book = world.book().await;
    panic!("it does not come to that: {:?} of round {} until {}", book.phase, book.number(), book.until);
}

async fn finals(world: &World) -> usize {
    world.book().await.models.len()
}

#[tokio::test]
async fn five_participants_of_whom_one_is_silent_and_one_delivers_something_else() {
    let world = World::new().await;
    let mut members = Vec::new();
    for (at, toy) in [
        (1, honest(10)),
        (2, honest(-7)),
        (3, honest(30)),
        (4, Toy { update: 500, deed: Deed::OtherPoints }),
        (AGGREGATOR, honest(0)),
    ] {
        members.push(world.start(at, toy).await);
    }
    // One was given no initial model, and has it from the others.
    std::fs::remove_file(world.path(3).join("models/0")).unwrap();
    until(&world, &mut members, async |world| finals(world).await == 1).await;
    assert_eq!(number(&members[2].service().store().model(0).unwrap().unwrap()).unwrap(), FIRST);
    let book = world.book().await;
    let made = &book.models[0];
    // It was challenged, did not answer, and is out of the round; who was silent is noted.
    let mut accounts = [1, 2, 3].map(|at| world.address(at));
    accounts.sort();
    assert_eq!(made.accounts, accounts);
    assert_eq!(made.aggregator, world.address(AGGREGATOR));
    for at in [4, 5] {
        assert_eq!(book.members[&world.address(at)].strikes, 1, "{at}");
    }
    for at in [1, 2, 3] {
        assert_eq!(book.members[&world.address(at)].strikes, 0, "{at}");
    }
    // Multiples of one another add nothing to each other: what is paid for them is little or nothing. The fee is.
    assert_eq!(world.client.balance(world.address(AGGREGATOR)).await.unwrap(), U256::from(300 + 70));
    // Nothing but the bond of who asked for its proof, too.
    assert_eq!(world.client.balance(world.address(4)).await.unwrap(), U256::from(70));
    // The sum of three, by thirds, rounded down.
    let first = FIRST + world.mean(&[(1, 10), (2, -7), (3, 30)]);
    assert_eq!(made.points.as_ref(), world::point(first));

    // Who was silent comes back, and who cheated does what it should.
    drop(members.remove(3));
    members.push(world.start(4, honest(5)).await);
    members.push(world.start(5, honest(12)).await);
    until(&world, &mut members, async |world| finals(world).await == 2).await;
    let book = world.book().await;
    assert_eq!(book.models[1].accounts.len(), 5);
    let second = first + world.mean(&[(1, 10), (2, -7), (3, 30), (4, 5), (5, 12)]);
    assert_eq!(book.models[1].points.as_ref(), world::point(second));
    // Every member fetched the model of the first round, sealed, and trained on it.
    for member in &mut members {
        let model = member.service().store().model(1).unwrap().unwrap();
        assert_eq!(number(&model).unwrap(), first);
    }
}

#[tokio::test]
async fn another_member_takes_over_when_the_aggregator_is_away() {
    let world = World::new().await;
    let mut members = Vec::new();
    for at in 1..AGGREGATOR {
        members.push(world.start(at, honest(at as i64 * 3)).await);
    }
    until(&world, &mut members, async |world| finals(world).await == 1).await;
    let book = world.book().await;
    assert_eq!(book.aggregator_strikes, 1);
    let made = &book.models[0];
    assert!(book.list.contains(&made.aggregator));
    let updates: Vec<_> = (1..AGGREGATOR).map(|at| (at, at as i64 * 3)).collect();
    assert_eq!(made.points.as_ref(), world::point(FIRST + world.mean(&updates)));
    assert_eq!(made.accounts.len(), 5);
}

#[tokio::test]
async fn stopped_at_every_step_it_goes_on_and_commits_once() {
    let world = World::new().await;
    let mut members = Vec::new();
    let validator = VALIDATORS[0];
    world.seat(&[validator]).await;
    for (at, toy) in
        [(1, honest(10)), (2, honest(20)), (3, honest(33)), (AGGREGATOR, honest(0)), (validator, honest(0))]
    {
        members.push(world.start(at, toy).await);
    }
    // Whoever comes to a step for the first time stops there, as a crash would, and is started again.
    let seen: Arc<Mutex<BTreeSet<(usize, &'static str)>>> = Arc::default();
    let watched = |member: &mut Member| {
        let (seen, at) = (seen.clone(), member.at);
        let service = member.service.take().unwrap();
        member.service =
            Some(service.with_steps(Arc::new(move |step| !seen.lock().unwrap().insert((at, step)))));
    };
    members.iter_mut().for_each(&watched);
    let mut made: BTreeSet<(usize, u16, B256)> = BTreeSet::new();
    let mut stops = 0;
    'rounds: for _ in 0..400 {
        for member in &mut members {
            for _ in 0..50 {
                match member.service().turn().await {
                    Ok(turn) if !turn.busy => break,
                    Ok(_) => tokio::time::sleep(std::time::Duration::from_millis(2)).await,
                    Err(TurnError::Halt(Halt::Stopped(_))) => {
                        stops += 1;
                        // Its server goes down with it, and comes up elsewhere.
                        drop(member.service.take());
                        let toy = member.toy.unwrap();
                        *member = world.start(member.at, toy).await;
                        watched(member);
                    }
                    Err(error) => panic!("{error}"),
                }
            }
            let at = member.at;
            for round in 1..3 {
                let what = member.service().machine().made(round);
                made.extend(what.map(|what| (at, round, evidence_of(what.points, what.content))));
            }
        }
        if finals(&world).await == 2 {
            break 'rounds;
        }
        world.ground.pass(11).await;
    }
    let book = world.book().await;
    assert_eq!(book.models.len(), 2);
    assert_eq!(book.models[1].aggregator, world.address(AGGREGATOR));
    let each = world.mean(&[(1, 10), (2, 20), (3, 33)]);
    assert_eq!(book.models[1].points.as_ref(), world::point(FIRST + 2 * each));
    assert!(stops > 30, "{stops}");
    let steps: BTreeSet<_> = seen.lock().unwrap().iter().map(|(_, step)| *step).collect();
    for step in [
        "keep a block",
        "train",
        "keep our update",
        "keep what we decided",
        "commit",
        "reveal",
        "deliver",
        "keep an update of another",
        "keep the new model",
        "send the new model",
        "settle",
        "keep a model",
        "announce",
        "score",
        "commit_scores",
        "disclose_scores",
    ] {
        assert!(steps.contains(step), "{step} of {steps:?}");
    }
    let history = world.history().await;
    let scored = history.iter().filter(|event| matches!(event, Told::ScoresRevealed { .. })).count();
    assert_eq!(scored, 2);
    // One update for each round, whatever crashed.
    let rounds: BTreeSet<_> = made.iter().map(|(at, round, _)| (at, round)).collect();
    assert_eq!((made.len(), rounds.len()), (6, 6));
}

#[tokio::test]
async fn where_all_but_one_cheat_rounds_are_void_and_everybody_has_its_stake_back() {
    let world = World::new().await;
    let mut members = Vec::new();
    for at in 1..=AGGREGATOR {
        let deed = if at == 1 || at == AGGREGATOR { Deed::Honest } else { Deed::OtherPoints };
        members.push(world.start(at, Toy { update: at as i64 * 3, deed }).await);
    }
    until(&world, &mut members, async |world| world.book().await.phase == Phase::Ended).await;
    let book = world.book().await;
    assert_eq!((book.models.len(), book.voids), (0, 2));
    assert_eq!(book.members[&world.address(1)].strikes, 0);
    for at in 1..AGGREGATOR {
        // Two strikes are not three.
        assert_eq!(book.members[&world.address(at)].strikes, if at == 1 { 0 } else { 2 }, "{at}");
        world.client.quit(&world.sender(at)).await.unwrap();
        let stake = world.client.balance(world.address(at)).await.unwrap();
        // With a bond, for a proof that holds of another update than was brought: once, for bonds are counted.
        assert_eq!(stake, U256::from(if at == 1 { 1_000 } else { 1_070 }), "{at}");
        world.client.withdraw(&world.sender(at), world.address(at), stake).await.unwrap();
    }
    // What is left is the sponsor's pool and the bonds that came back.
    let bonds = world.client.balance(world.address(AGGREGATOR)).await.unwrap();
    assert_eq!(bonds, U256::from(8 * 70));
    let (left, burned) = world.client.money().await.unwrap();
    assert_eq!((left, burned), (U256::ZERO, U256::ZERO));
    assert_eq!(world.client.balance(world.address(0)).await.unwrap(), pool_of(world.client.terms()));
}

#[tokio::test]
async fn a_model_that_is_withheld_is_challenged_and_void() {
    let world = World::new().await;
    let mut members = Vec::new();
    for (at, update) in [(1, 10), (2, -7), (3, 30), (AGGREGATOR, 0)] {
        members.push(world.start(at, honest(update)).await);
    }
    until(&world, &mut members, async |world| world.book().await.phase == Phase::Check).await;
    for member in &mut members {
        member.turn().await;
    }
    // It aggregates still, but gives nothing any more.
    members[3].serving.abort();
    until(&world, &mut members, async |world| world.book().await.voids == 1).await;
    let history = world.history().await;
    let asked: Vec<_> = history.iter().filter(|event| matches!(event, Told::Challenged { .. })).collect();
    let [Told::Challenged { contested, challenger, .. }] = asked[..] else { panic!("{asked:?}") };
    assert_eq!(*contested, Contested::Model);
    assert!((1..4).any(|at| world.address(at) == *challenger));
    assert_eq!(world.book().await.aggregator_strikes, 1);
    // The bond came back.
    assert_eq!(world.client.balance(*challenger).await.unwrap(), U256::from(70));
    // The others go on without it.
    drop(members.pop());
    until(&world, &mut members, async |world| finals(world).await == 1).await;
}

/// How many transactions said this, of whom.
async fn carriers(world: &World, reveals: bool) -> Vec<(Address, usize)> {
    let filter = Filter::new().address(world.client.id().task).from_block(0);
    let mut all: BTreeMap<(u64, Address), usize> = BTreeMap::new();
    for log in world.ground.ledger.provider().get_logs(&filter).await.unwrap() {
        let said = Told::decode(log.topics(), &log.data().data).unwrap();
        let wanted = match said {
            Told::Committed { .. } => !reveals,
            Told::Revealed { .. } => reveals,
            _ => false,
        };
        if wanted {
            let tx = world.ground.ledger.provider().get_transaction_by_hash(log.transaction_hash.unwrap());
            let from = tx.await.unwrap().unwrap().inner.signer();
            *all.entry((log.block_number.unwrap(), from)).or_default() += 1;
        }
    }
    all.into_iter().map(|((_, from), count)| (from, count)).collect()
}

#[tokio::test]
async fn the_aggregator_carries_what_members_sign_and_they_send_it_themselves_where_it_does_not() {
    for away in [false, true] {
        let mut world = World::new().await;
        world.carried = true;
        let mut members = Vec::new();
        for (at, update) in [(AGGREGATOR, 0), (1, 10), (2, -7), (3, 30), (4, 2), (5, 8)] {
            members.push(world.start(at, honest(update)).await);
        }
        if away {
            // It said where it is, and then went.
            members[0].turn().await;
            drop(members.remove(0));
        }
        until(&world, &mut members, async |world| finals(world).await == 1).await;
        let aggregator = world.address(AGGREGATOR);
        for reveals in [false, true] {
            let said = carriers(&world, reveals).await;
            match away {
                false => assert_eq!(said, [(aggregator, 5)]),
                true => {
                    assert_eq!(said.len(), 5);
                    assert!(said.iter().all(|(from, count)| *from != aggregator && *count == 1));
                }
            }
        }
        let book = world.book().await;
        for at in 1..AGGREGATOR {
            assert_eq!(book.members[&world.address(at)].strikes, 0, "{at}");
        }
    }
}
